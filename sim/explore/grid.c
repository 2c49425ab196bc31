#include "sim/explore/grid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

struct grid grid_default(void)
{
    return (struct grid){
        .levels = {0.01, 0.99, 0.999}, .level_count = 3, .alternatives_max = 8, .places_max = 1};
}

static const char *skip_spaces(const char *at)
{
    return at + strspn(at, " \t");
}

/* Read one level up to the comma, or the end, after it. NULL, and `error` set, if there is none. */
static const char *parse_level(const char *text, double *level, struct error *error)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text) {
        error_set(error, ERROR_USAGE,
                  "a grid is a list of levels between 0 and 100 %%, such as \"1%%, 99%%, 99.9%%\"; "
                  "\"%s\" is no number",
                  text);
        return NULL;
    }
    const char *at = skip_spaces(end);
    if (*at == '%') {
        number /= 100;
        at = skip_spaces(at + 1);
    }
    if (!(number > 0 && number < 1)) {
        error_set(error, ERROR_USAGE,
                  "a level of a grid must lie between 0 and 100 %%, both excluded; \"%.*s\" does "
                  "not",
                  (int)(at - text), text);
        return NULL;
    }
    if (*at != '\0' && *at != ',') {
        error_set(error, ERROR_USAGE, "a comma must separate the levels of a grid, not \"%s\"", at);
        return NULL;
    }
    *level = number;
    return at;
}

static int compare_levels(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool grid_parse(const char *text, struct grid *grid, struct error *error)
{
    struct grid made = grid_default();
    made.level_count = 0;
    for (const char *at = text;; at++) {
        if (made.level_count == GRID_LEVELS_MAX)
            return error_set(error, ERROR_USAGE, "a grid has at most %d levels", GRID_LEVELS_MAX);
        at = parse_level(skip_spaces(at), &made.levels[made.level_count++], error);
        if (at == NULL)
            return false;
        if (*at == '\0')
            break;
    }
    qsort(made.levels, made.level_count, sizeof made.levels[0], compare_levels);
    *grid = made;
    return true;
}

char *grid_print(char *text, size_t size_bytes, const struct grid *grid)
{
    size_t used = 0;
    if (size_bytes > 0)
        text[0] = '\0';
    for (uint32_t i = 0; i < grid->level_count && used < size_bytes; i++) {
        int wrote = snprintf(text + used, size_bytes - used, "%s%.10g%%", i == 0 ? "" : ", ",
                             grid->levels[i] * 100);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    return text;
}

/* Add an alternative that is neither the typical value nor there already. */
static void add(int64_t *values, uint32_t *count, int64_t typical, int64_t value)
{
    bool is_new = value != typical && *count < GRID_VALUES_MAX;
    for (uint32_t i = 0; i < *count && is_new; i++)
        is_new = values[i] != value;
    if (is_new)
        values[(*count)++] = value;
}

uint32_t grid_values(const struct grid *grid, const struct oracle_asked *asked, int64_t *values)
{
    CHECK(grid->level_count <= GRID_LEVELS_MAX);
    int64_t typical = oracle_asked_typical(asked);
    uint32_t count = 0;
    switch (asked->kind) {
    case ORACLE_DELAY:
    case ORACLE_COUNT:
    case ORACLE_UNIFORM:
    case ORACLE_ENTROPY:
        for (uint32_t i = 0; i < grid->level_count; i++)
            add(values, &count, typical, oracle_asked_at(asked, grid->levels[i]));
        return count;
    case ORACLE_HAPPENS: add(values, &count, typical, !typical); return count;
    case ORACLE_PICK:
        for (uint32_t i = 0; i < asked->count && count < grid->alternatives_max; i++)
            add(values, &count, typical, i);
        return count;
    case ORACLE_TIE:
        for (uint32_t i = 1; i <= grid->places_max && i <= ORACLE_TIE_MAX; i++)
            add(values, &count, typical, i * (grid->place_step == 0 ? 1 : grid->place_step));
        return count;
    }
    CHECK_UNREACHABLE("a draw of an unknown kind");
}
