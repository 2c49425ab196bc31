#include "models/rcesim/study/grid.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/rcesim/study/constraint.h"
#include "models/rcesim/options.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

void grid_init(struct grid *grid, struct arena *arena)
{
    *grid = (struct grid){.arena = arena};
}

/* The next of `sign` in the text that is not inside of brackets or quotes; NULL: none. */
static const char *find_outside(const char *text, const char *sign)
{
    int depth = 0;
    char quote = '\0';
    for (const char *at = text; *at != '\0'; at++) {
        if (quote != '\0') {
            quote = *at == quote ? '\0' : quote;
            continue;
        }
        if (*at == '"' || *at == '\'')
            quote = *at;
        else if (strchr("([{", *at) != NULL)
            depth++;
        else if (strchr(")]}", *at) != NULL)
            depth--;
        else if (depth == 0 && strncmp(at, sign, strlen(sign)) == 0)
            return at;
    }
    return NULL;
}

static const char *copy_trimmed(struct arena *arena, const char *start, const char *end)
{
    while (start < end && isspace((unsigned char)*start))
        start++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    return arena_print(arena, "%.*s", (int)(end - start), start);
}

/* Split at a sign outside of brackets. */
static void split(struct options_list *parts, struct arena *arena, const char *text,
                  const char *sign)
{
    const char *at = text;
    for (const char *end; (end = find_outside(at, sign)) != NULL; at = end + strlen(sign))
        options_list_add(parts, arena, copy_trimmed(arena, at, end));
    options_list_add(parts, arena, copy_trimmed(arena, at, at + strlen(at)));
}

/* How a range goes on from its lower end. */
enum range_form { RANGE_STEP, RANGE_FACTOR, RANGE_EVEN, RANGE_EVEN_FACTOR };

struct range {
    const char *text; /* For messages. */
    struct quantity low, high;
    enum range_form form;
    bool has_step;
    struct quantity step; /* Or the factor, or the count; 1 where there is none. */
};

static bool check_kind(const struct range *range, const struct quantity *other, struct error *error)
{
    if (other->kind == range->low.kind)
        return true;
    return error_set(error, ERROR_USAGE, "in the range \"%s\", a %s and a %s do not go together",
                     range->text, quantity_kind_name(range->low.kind),
                     quantity_kind_name(other->kind));
}

/* What stands behind the upper end. */
static bool parse_form(struct range *range, struct arena *arena, const char *rest, const char **end,
                       struct error *error)
{
    static const struct {
        const char *sign;
        enum range_form form;
    } forms[] = {
        {"..", RANGE_STEP}, {":*", RANGE_EVEN_FACTOR}, {":", RANGE_EVEN}, {"*", RANGE_FACTOR}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *sign = strstr(rest, forms[i].sign);
        if (sign == NULL)
            continue;
        const char *text = sign + strlen(forms[i].sign);
        *end = sign;
        range->form = forms[i].form;
        range->has_step = true;
        return quantity_parse(&range->step, copy_trimmed(arena, text, text + strlen(text)), error);
    }
    *end = rest + strlen(rest);
    range->form = RANGE_STEP;
    range->step = (struct quantity){QUANTITY_NUMBER, 1, ""};
    return true;
}

static bool check_range(const struct range *range, struct error *error)
{
    double low = range->low.value, high = range->high.value, step = range->step.value;
    if (!check_kind(range, &range->high, error))
        return false;
    if (!range->has_step && range->low.kind != QUANTITY_NUMBER)
        return error_set(error, ERROR_USAGE,
                         "the range \"%s\" needs a step, as in 1min..5min..30s, or a number of "
                         "values, as in 1min..5min:9",
                         range->text);
    if (range->form == RANGE_STEP) {
        if (!check_kind(range, &range->step, error))
            return false;
        if (step == 0)
            return error_set(error, ERROR_USAGE, "the range \"%s\" has a step of 0", range->text);
        if (low != high && (step > 0) != (high > low))
            return error_set(error, ERROR_USAGE,
                             "the range \"%s\" is empty: its step leads away from its end",
                             range->text);
        return true;
    }
    if (range->step.kind != QUANTITY_NUMBER)
        return error_set(error, ERROR_USAGE,
                         "in the range \"%s\", a plain number is expected, "
                         "not a %s",
                         range->text, quantity_kind_name(range->step.kind));
    bool is_even = range->form == RANGE_EVEN || range->form == RANGE_EVEN_FACTOR;
    if (is_even && (step < 2 || step > GRID_POINTS_MAX || step != floor(step)))
        return error_set(error, ERROR_USAGE,
                         "the range \"%s\" must have a whole number of values, from 2 to %d",
                         range->text, GRID_POINTS_MAX);
    if (range->form != RANGE_EVEN && (low <= 0 || high <= 0))
        return error_set(error, ERROR_USAGE,
                         "the range \"%s\" goes by factors and must not touch 0", range->text);
    if (range->form == RANGE_FACTOR &&
        (step <= 0 || step == 1 || (low != high && (step > 1) != (high > low))))
        return error_set(error, ERROR_USAGE,
                         "the range \"%s\" is empty: its factor leads away from its end",
                         range->text);
    return true;
}

/* The number of values. Where the last one meets the end to within rounding it counts. */
static double range_count(const struct range *range)
{
    double low = range->low.value, high = range->high.value, step = range->step.value;
    switch (range->form) {
    case RANGE_STEP: return floor((high - low) / step * (1 + 1e-12) + 1e-9) + 1;
    case RANGE_FACTOR: return floor(log(high / low) / log(step) + 1e-9) + 1;
    case RANGE_EVEN:
    case RANGE_EVEN_FACTOR: return step;
    }
    check_failed(__FILE__, __LINE__, "a known form");
}

static struct quantity range_value(const struct range *range, double i)
{
    double low = range->low.value, high = range->high.value, step = range->step.value;
    struct quantity value = range->low;
    switch (range->form) {
    case RANGE_STEP: value.value = low + i * step; break;
    case RANGE_FACTOR: value.value = low * pow(step, i); break;
    case RANGE_EVEN: value.value = low + (high - low) * i / (step - 1); break;
    case RANGE_EVEN_FACTOR: value.value = low * pow(high / low, i / (step - 1)); break;
    }
    /* Nobody wants to read 2min9s265ms997us, and 0.1 + 0.2 is 0.3. */
    quantity_round(&value, range->form == RANGE_EVEN_FACTOR ? 6 : 12);
    return value;
}

static bool add_range(struct options_list *values, struct arena *arena, const char *text,
                      struct error *error)
{
    const char *dots = strstr(text, "..");
    struct range range = {.text = text};
    const char *high = dots + 2, *end;
    if (!quantity_parse(&range.low, copy_trimmed(arena, text, dots), error) ||
        !parse_form(&range, arena, high, &end, error) ||
        !quantity_parse(&range.high, copy_trimmed(arena, high, end), error) ||
        !check_range(&range, error))
        return false;
    double count = range_count(&range);
    if (count > GRID_POINTS_MAX)
        return error_set(error, ERROR_USAGE, "the range \"%s\" has %.0f values; at most %d points",
                         text, count, GRID_POINTS_MAX);
    for (double i = 0; i < count; i++) {
        struct quantity value = range_value(&range, i);
        options_list_add(values, arena, quantity_print(arena, &value));
    }
    return true;
}

/* Is it a range, rather than a text with two points in it? */
static bool is_range(struct arena *arena, const char *text)
{
    struct quantity low;
    const char *dots = find_outside(text, "..");
    if (dots == NULL || strpbrk(text, "()[]{}'\"") != NULL)
        return false;
    /* The first end decides; what is wrong with the rest is then worth a message. */
    return dots == text || quantity_parse(&low, copy_trimmed(arena, text, dots), NULL) ||
           isdigit((unsigned char)*text);
}

static bool read_values(struct options_list *values, struct arena *arena, const char *text,
                        struct error *error)
{
    struct options_list parts = {0};
    split(&parts, arena, text, ",");
    for (size_t i = 0; i < parts.count; i++) {
        if (*parts.items[i] == '\0')
            return error_set(error, ERROR_USAGE, "a value is missing in \"%s\"", text);
        if (!is_range(arena, parts.items[i]))
            options_list_add(values, arena, parts.items[i]);
        else if (!add_range(values, arena, parts.items[i], error))
            return false;
        if (values->count > GRID_POINTS_MAX)
            return error_set(error, ERROR_USAGE, "\"%s\" has more than %d values", text,
                             GRID_POINTS_MAX);
    }
    return true;
}

/* Find out whether all texts are quantities of one kind. */
static void read_quantities(struct grid_column *column, struct arena *arena, size_t count)
{
    struct quantity *quantities = arena_take_array(arena, count, sizeof *quantities);
    column->is_quantity = true;
    for (size_t i = 0; i < count && column->is_quantity; i++)
        column->is_quantity = quantity_parse(&quantities[i], column->texts[i], NULL) &&
                              quantities[i].kind == quantities[0].kind;
    column->quantities = quantities;
}

static bool fail_on_twice(const char *first, const char *again, const char *all,
                          struct error *error)
{
    if (strcmp(first, again) == 0)
        return error_set(error, ERROR_USAGE, "the value \"%s\" stands twice in \"%s\"", again, all);
    return error_set(error, ERROR_USAGE, "the values \"%s\" and \"%s\" in \"%s\" are the same",
                     first, again, all);
}

/* Points that are the same would be simulated twice, and a slip of the pen would not show. */
static bool check_twice(const struct options_list *values, struct arena *arena, const char *all,
                        struct error *error)
{
    struct quantity *quantities = arena_take_array(arena, values->count, sizeof *quantities);
    bool *are_quantities = arena_take_array(arena, values->count, sizeof *are_quantities);
    for (size_t i = 0; i < values->count; i++) {
        const struct quantity *a = &quantities[i];
        are_quantities[i] = quantity_parse(&quantities[i], values->items[i], NULL);
        for (size_t k = 0; k < i; k++) {
            const struct quantity *b = &quantities[k];
            bool is_same = are_quantities[i] != are_quantities[k] ? false
                           : are_quantities[i]
                               ? a->kind == b->kind && !(a->value < b->value || a->value > b->value)
                               : strcmp(values->items[i], values->items[k]) == 0;
            if (is_same)
                return fail_on_twice(values->items[k], values->items[i], all, error);
        }
    }
    return true;
}

static bool add_column(struct grid *grid, const char *name, const char **texts, struct error *error)
{
    for (size_t i = 0; i < grid->column_count; i++)
        if (strcmp(grid->columns[i].name, name) == 0)
            return error_set(error, ERROR_USAGE, "\"%s\" is swept twice", name);
    if (grid->column_count == GRID_COLUMNS_MAX)
        return error_set(error, ERROR_USAGE, "more than %d things are swept", GRID_COLUMNS_MAX);
    struct grid_column *column = &grid->columns[grid->column_count++];
    *column =
        (struct grid_column){.name = name, .dimension = grid->dimension_count, .texts = texts};
    read_quantities(column, grid->arena, grid->value_counts[grid->dimension_count]);
    return true;
}

/* Paths that move together: each value has one part for each path. */
static bool add_together(struct grid *grid, const char *over, const struct options_list *paths,
                         struct error *error)
{
    struct arena *arena = grid->arena;
    struct options_list values = {0};
    split(&values, arena, strchr(over, '=') + 1, ",");
    if (!check_twice(&values, arena, strchr(over, '=') + 1, error))
        return false;
    const char ***texts = arena_take_array(arena, paths->count, sizeof *texts);
    for (size_t p = 0; p < paths->count; p++)
        texts[p] = arena_take_array(arena, values.count, sizeof **texts);
    for (size_t i = 0; i < values.count; i++) {
        struct options_list parts = {0};
        split(&parts, arena, values.items[i], ":");
        if (parts.count != paths->count)
            return error_set(error, ERROR_USAGE,
                             "\"%s\" has %zu parts for %zu paths that move together (write for "
                             "example a,b=1:2,3:4)",
                             values.items[i], parts.count, paths->count);
        for (size_t p = 0; p < paths->count; p++)
            texts[p][i] = parts.items[p];
    }
    grid->value_counts[grid->dimension_count] = (uint32_t)values.count;
    for (size_t p = 0; p < paths->count; p++) {
        if (!add_column(grid, paths->items[p], texts[p], error))
            return false;
        struct grid_override *override = &grid->overrides[grid->override_count++];
        override->template = (struct template){.path = paths->items[p],
                                               .slots = {{.before = "", .name = paths->items[p]}},
                                               .slot_count = 1,
                                               .after = ""};
        override->columns[0] = grid->column_count - 1;
    }
    grid->dimension_count++;
    return true;
}

static bool add_template(struct grid *grid, const char *over, struct error *error)
{
    struct grid_override added;
    if (!template_parse(&added.template, grid->arena, over, error))
        return false;
    for (size_t i = 0; i < added.template.slot_count; i++) {
        const struct template_slot *slot = &added.template.slots[i];
        struct options_list values = {0};
        if (grid->dimension_count == GRID_DIMENSIONS_MAX)
            return error_set(error, ERROR_USAGE, "more than %d things are swept",
                             GRID_DIMENSIONS_MAX);
        if (!read_values(&values, grid->arena, slot->text, error) ||
            !check_twice(&values, grid->arena, slot->text, error))
            return false;
        grid->value_counts[grid->dimension_count] = (uint32_t)values.count;
        if (!add_column(grid, slot->name, values.items, error))
            return false;
        added.columns[i] = grid->column_count - 1;
        grid->dimension_count++;
    }
    grid->overrides[grid->override_count++] = added;
    return true;
}

bool grid_add(struct grid *grid, const char *over, struct error *error)
{
    const char *equals = strchr(over, '=');
    struct options_list paths = {0};
    bool is_good;
    if (equals != NULL)
        split(&paths, grid->arena, copy_trimmed(grid->arena, over, equals), ",");
    if (paths.count > 1 && grid->dimension_count < GRID_DIMENSIONS_MAX)
        is_good = add_together(grid, over, &paths, error);
    else
        is_good = add_template(grid, over, error);
    return is_good || error_context(error, "--over '%s'", over);
}

/* Count one up, the last dimension first; false after the last point. */
static bool advance(const struct grid *grid, uint32_t *index)
{
    for (size_t d = grid->dimension_count; d-- > 0;) {
        if (++index[d] < grid->value_counts[d])
            return true;
        index[d] = 0;
    }
    return false;
}

static bool is_wanted(const struct grid *grid, const uint32_t *index,
                      const struct options_list *wheres, bool *is_kept, struct error *error)
{
    struct constraint_name names[GRID_COLUMNS_MAX];
    for (size_t c = 0; c < grid->column_count; c++) {
        const struct grid_column *column = &grid->columns[c];
        const struct quantity *value = &column->quantities[index[column->dimension]];
        names[c] = (struct constraint_name){column->name, column->is_quantity ? value : NULL};
    }
    *is_kept = true;
    for (size_t i = 0; i < wheres->count; i++) {
        bool holds;
        if (!constraint_holds(wheres->items[i], names, grid->column_count, &holds, error))
            return false;
        *is_kept = *is_kept && holds;
    }
    return true;
}

bool grid_build(struct grid *grid, const char *const *wheres, size_t where_count,
                struct error *error)
{
    struct options_list conditions = {.count = where_count};
    double crossed = 1;
    for (size_t d = 0; d < grid->dimension_count; d++)
        crossed *= grid->value_counts[d];
    if (crossed > (where_count > 0 ? GRID_CROSSED_MAX : GRID_POINTS_MAX))
        return error_set(error, ERROR_USAGE, "%.0f points are too many; the limit is %d%s", crossed,
                         where_count > 0 ? GRID_CROSSED_MAX : GRID_POINTS_MAX,
                         where_count > 0 ? " before --where" : "");
    conditions.items = arena_take_array(grid->arena, where_count + 1, sizeof *conditions.items);
    for (size_t i = 0; i < where_count; i++)
        conditions.items[i] = wheres[i];
    uint32_t *indices =
        arena_take_array(grid->arena, (size_t)crossed * grid->dimension_count + 1, sizeof *indices);
    uint32_t index[GRID_DIMENSIONS_MAX] = {0};
    size_t count = 0;
    do {
        bool is_kept;
        if (!is_wanted(grid, index, &conditions, &is_kept, error))
            return false;
        if (is_kept)
            memcpy(indices + count++ * grid->dimension_count, index,
                   grid->dimension_count * sizeof *index);
    } while (advance(grid, index));
    if (count == 0)
        return error_set(error, ERROR_USAGE, "no point meets --where; of %.0f none is left",
                         crossed);
    if (count > GRID_POINTS_MAX)
        return error_set(error, ERROR_USAGE, "%zu points are too many; the limit is %d", count,
                         GRID_POINTS_MAX);
    grid->indices = indices;
    grid->point_count = count;
    return true;
}

bool grid_build_alone(struct grid *grid, struct error *error)
{
    size_t count = 1;
    for (size_t d = 0; d < grid->dimension_count; d++)
        count += grid->value_counts[d];
    for (size_t i = 0; i < grid->override_count; i++)
        if (grid->overrides[i].template.slot_count > 1 &&
            grid->columns[grid->overrides[i].columns[0]].dimension !=
                grid->columns[grid->overrides[i].columns[1]].dimension)
            return error_set(error, ERROR_USAGE,
                             "%s: of two values in braces none can be varied alone; write each in "
                             "an --over of its own",
                             grid->overrides[i].template.path);
    if (count > GRID_POINTS_MAX)
        return error_set(error, ERROR_USAGE, "%zu points are too many; the limit is %d", count,
                         GRID_POINTS_MAX);
    size_t cell_count = count * grid->dimension_count;
    uint32_t *indices = arena_take_array(grid->arena, cell_count + 1, sizeof *indices);
    for (size_t i = 0; i < cell_count; i++)
        indices[i] = GRID_AS_GIVEN;
    size_t point = 1;
    for (size_t d = 0; d < grid->dimension_count; d++)
        for (uint32_t i = 0; i < grid->value_counts[d]; i++)
            indices[point++ * grid->dimension_count + d] = i;
    grid->indices = indices;
    grid->point_count = count;
    grid->is_alone = true;
    return true;
}

uint32_t grid_index(const struct grid *grid, size_t point, size_t column)
{
    CHECK(point < grid->point_count && column < grid->column_count);
    return grid->indices[point * grid->dimension_count + grid->columns[column].dimension];
}

const char *grid_text(const struct grid *grid, size_t point, size_t column)
{
    uint32_t index = grid_index(grid, point, column);
    return index == GRID_AS_GIVEN ? "as given" : grid->columns[column].texts[index];
}

/* Is an override left out at a point? All of its slots are of one axis then. */
static bool is_as_given(const struct grid *grid, size_t point, const struct grid_override *override)
{
    return grid_index(grid, point, override->columns[0]) == GRID_AS_GIVEN;
}

size_t grid_override_count(const struct grid *grid, size_t point)
{
    size_t count = 0;
    for (size_t i = 0; i < grid->override_count; i++)
        count += !is_as_given(grid, point, &grid->overrides[i]);
    return count;
}

const char **grid_overrides(const struct grid *grid, struct arena *arena, size_t point)
{
    const char **overrides = arena_take_array(arena, grid->override_count + 1, sizeof *overrides);
    size_t count = 0;
    for (size_t i = 0; i < grid->override_count; i++) {
        const struct grid_override *override = &grid->overrides[i];
        const char *texts[TEMPLATE_SLOTS_MAX];
        if (is_as_given(grid, point, override))
            continue;
        for (size_t s = 0; s < override->template.slot_count; s++)
            texts[s] = grid_text(grid, point, override->columns[s]);
        overrides[count++] = template_fill(&override->template, arena, texts);
    }
    return overrides;
}

const char *grid_point_text(const struct grid *grid, struct arena *arena, size_t point)
{
    const char *text = "";
    for (size_t c = 0; c < grid->column_count; c++)
        if (grid_index(grid, point, c) != GRID_AS_GIVEN)
            text = arena_print(arena, "%s%s%s=%s", text, *text == '\0' ? "" : ", ",
                               grid->columns[c].name, grid_text(grid, point, c));
    return *text == '\0' ? "as given" : text;
}
