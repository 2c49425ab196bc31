#include "sim/chance/empirical.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

enum { FILE_SIZE_MAX_BYTES = 64 << 20, COLUMNS_MAX = 256 };

/* Cells point into the text, which is cut up in place. */
struct table_reader {
    const char *path;
    char *at, *end;
    size_t line, row_line; /* `row_line`: where the row that was read last starts. */
    size_t cell_count;
    char *cells[COLUMNS_MAX];
};

static bool read_whole(struct arena *arena, const char *path, struct table_reader *reader,
                       struct error *error)
{
    /* Without O_NONBLOCK a named pipe would be waited for. */
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return error_set(error, ERROR_IO, "cannot open %s: %s", path, strerror(errno));
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(file);
        return error_set(error, ERROR_IO, "%s is not a regular file", path);
    }
    if (status.st_size > FILE_SIZE_MAX_BYTES) {
        close(file);
        return error_set(error, ERROR_IO, "%s is larger than %d MiB", path,
                         FILE_SIZE_MAX_BYTES >> 20);
    }
    size_t size = (size_t)status.st_size, used = 0;
    char *text = arena_take(arena, size + 1);
    ssize_t got = 1;
    while (used < size && (got = read(file, text + used, size - used)) > 0)
        used += (size_t)got;
    close(file);
    if (got < 0)
        return error_set(error, ERROR_IO, "cannot read %s: %s", path, strerror(errno));
    size_t bad_at;
    if (!text_is_utf8(text, used, &bad_at))
        return error_set(error, ERROR_SCENARIO, "%s: byte %zu is not UTF-8 text", path, bad_at);
    reader->path = path;
    reader->at = text + (strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
    reader->end = text + used;
    reader->line = 1;
    return true;
}

/* Read one cell, unquoting it in place; the character after it decides what follows. */
static bool read_cell(struct table_reader *reader, char **cell, struct error *error)
{
    char *from = reader->at;
    if (*from != '"') {
        *cell = from;
        reader->at += strcspn(from, ",\r\n");
        return true;
    }
    char *to = from++;
    *cell = to;
    for (;; from++) {
        if (from >= reader->end)
            return error_set(error, ERROR_SCENARIO, "%s:%zu: a quoted cell is not closed",
                             reader->path, reader->row_line);
        if (*from == '"' && *++from != '"')
            break;
        if (*from == '\n')
            reader->line++;
        *to++ = *from;
    }
    reader->at = from;
    if (*from != ',' && *from != '\r' && *from != '\n' && from < reader->end)
        return error_set(error, ERROR_SCENARIO, "%s:%zu: text after a quoted cell", reader->path,
                         reader->line);
    if (to < from)
        *to = '\0';
    return true;
}

/* Read the next row that is not empty; `*more` is false at the end of the file. */
static bool read_row(struct table_reader *reader, bool *more, struct error *error)
{
    while (reader->at < reader->end && (*reader->at == '\n' || *reader->at == '\r'))
        reader->line += *reader->at++ == '\n';
    *more = reader->at < reader->end;
    reader->cell_count = 0;
    reader->row_line = reader->line;
    for (bool is_last = !*more; !is_last;) {
        if (reader->cell_count == COLUMNS_MAX)
            return error_set(error, ERROR_SCENARIO, "%s:%zu: more than %d columns", reader->path,
                             reader->row_line, COLUMNS_MAX);
        if (!read_cell(reader, &reader->cells[reader->cell_count++], error))
            return false;
        is_last = *reader->at != ',';
        if (reader->at < reader->end) {
            char ended_by = *reader->at;
            *reader->at++ = '\0';
            if (ended_by == '\r' && *reader->at == '\n')
                reader->at++;
            reader->line += ended_by != ',';
        }
    }
    return true;
}

static bool find_column(const struct table_reader *header, const char *name, size_t *column,
                        struct error *error)
{
    for (size_t i = 0; i < header->cell_count; i++) {
        if (strcmp(header->cells[i], name) == 0) {
            *column = i;
            return true;
        }
    }
    const char *closest =
        text_closest(name, (const char *const *)header->cells, header->cell_count);
    return error_set(error, ERROR_SCENARIO, "%s has no column \"%s\"%s%s%s", header->path, name,
                     closest == NULL ? "" : "; did you mean \"", closest == NULL ? "" : closest,
                     closest == NULL ? "" : "\"?");
}

/* The columns that a source needs, by position. */
struct plan {
    size_t column, censored, column_count;
    size_t *conditions;
};

static bool make_plan(struct arena *arena, const struct table_reader *header,
                      const struct empirical_source *source, struct plan *plan, struct error *error)
{
    plan->column_count = header->cell_count;
    plan->conditions = arena_take_array(arena, source->condition_count, sizeof(size_t));
    if (!find_column(header, source->column, &plan->column, error))
        return false;
    for (size_t i = 0; i < source->condition_count; i++)
        if (!find_column(header, source->conditions[i].column, &plan->conditions[i], error))
            return false;
    return source->censored == NULL ||
           find_column(header, source->censored->column, &plan->censored, error);
}

static bool does_hold(const struct empirical_condition *condition, const char *cell)
{
    return (strcmp(cell, condition->text) == 0) == condition->is_equal;
}

static bool is_chosen(const struct table_reader *row, const struct empirical_source *source,
                      const struct plan *plan)
{
    for (size_t i = 0; i < source->condition_count; i++)
        if (!does_hold(&source->conditions[i], row->cells[plan->conditions[i]]))
            return false;
    return true;
}

/* Turn a chosen row into a time. */
static bool read_time(const struct table_reader *row, const struct empirical_source *source,
                      const struct plan *plan, struct empirical_time *time, struct error *error)
{
    time->is_censored =
        source->censored != NULL && does_hold(source->censored, row->cells[plan->censored]);
    if (time->is_censored && source->has_censored_at) {
        time->value = source->censored_at;
        return true;
    }
    const char *cell = row->cells[plan->column];
    if (*cell == '\0')
        return error_set(error, ERROR_SCENARIO,
                         "%s:%zu: %s is empty; leave such rows out by where=COLUMN!=TEXT%s",
                         row->path, row->row_line, source->column,
                         time->is_censored ? ", or say censored_at" : "");
    if (!units_parse_number(cell, &time->value, error))
        return error_context(error, "%s:%zu: %s", row->path, row->row_line, source->column);
    time->value *= source->unit;
    if (time->value < 0 && !source->allow_negative)
        return error_set(error, ERROR_SCENARIO, "%s:%zu: %s is negative", row->path, row->row_line,
                         source->column);
    return true;
}

bool empirical_read(struct arena *arena, const struct empirical_source *source,
                    struct empirical_time **times, size_t *count, struct error *error)
{
    struct table_reader reader = {0};
    struct plan plan = {0};
    bool more;
    if (!read_whole(arena, source->path, &reader, error) || !read_row(&reader, &more, error))
        return false;
    if (!more)
        return error_set(error, ERROR_SCENARIO, "%s is empty", source->path);
    if (!make_plan(arena, &reader, source, &plan, error))
        return false;
    size_t room = 1;
    for (const char *c = reader.at; c < reader.end; c++)
        room += *c == '\n' || *c == '\r';
    struct empirical_time *read = arena_take_array(arena, room, sizeof *read);
    size_t used = 0;
    for (;;) {
        if (!read_row(&reader, &more, error))
            return false;
        if (!more)
            break;
        if (reader.cell_count != plan.column_count)
            return error_set(error, ERROR_SCENARIO, "%s:%zu: %zu columns where the header has %zu",
                             source->path, reader.row_line, reader.cell_count, plan.column_count);
        if (!is_chosen(&reader, source, &plan))
            continue;
        struct empirical_time time;
        if (!read_time(&reader, source, &plan, &time, error))
            return false;
        CHECK(used < room);
        if (time.value >= source->min && time.value <= source->max)
            read[used++] = time;
    }
    if (used == 0)
        return error_set(error, ERROR_SCENARIO, "%s: no row is chosen", source->path);
    *times = read;
    *count = used;
    return true;
}

static int compare_times(const void *a, const void *b)
{
    const struct empirical_time *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (int)x->is_censored - (int)y->is_censored;
}

struct empirical_estimate empirical_estimate(struct arena *arena, struct empirical_time *times,
                                             size_t count)
{
    CHECK(count > 0);
    qsort(times, count, sizeof *times, compare_times);
    struct empirical_estimate estimate = {
        .values = arena_take_array(arena, count, sizeof(double)),
        .cumulative = arena_take_array(arena, count, sizeof(double)),
        .above = arena_take_array(arena, count, sizeof(double)),
    };
    double surviving = 1;
    bool any_censored = false;
    for (size_t i = 0, next; i < count; i = next) {
        size_t event_count = 0;
        for (next = i; next < count && times[next].value == times[i].value; next++)
            event_count += !times[next].is_censored;
        size_t at_risk_count = count - i;
        /* While nothing has been censored S is a plain fraction; the product would round. */
        surviving = any_censored
                        ? surviving * (double)(at_risk_count - event_count) / (double)at_risk_count
                        : (double)(at_risk_count - event_count) / (double)count;
        any_censored = any_censored || event_count < next - i;
        if (next == count)
            surviving = 0;
        else if (event_count == 0)
            continue;
        estimate.values[estimate.count] = times[i].value;
        estimate.above[estimate.count] = surviving;
        estimate.cumulative[estimate.count++] =
            any_censored ? 1 - surviving : (double)next / (double)count;
    }
    estimate.cumulative[estimate.count - 1] = 1;
    return estimate;
}
