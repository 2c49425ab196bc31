#include "sim/chance/empirical.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

enum {
    COLUMNS_MAX = 256,
    ROW_SIZE_MAX_BYTES = 64 << 10,
    BUFFER_SIZE_BYTES = 1 << 20,
    ROWS_MAX = 1 << 24,
    NAMED_MAX = 20, /* Columns that a message lists. */
};

/* A window on the file. Before a row is read the window holds ROW_SIZE_MAX_BYTES from its start on,
 * or all that is left; a 0 stands at `end`. Cells point into the window, which is cut up in place.
 */
struct table_reader {
    const char *path;
    int file;
    int64_t file_size_bytes;
    bool is_whole; /* Nothing is left in the file. */
    char *buffer, *at, *end;
    char *checked_to;        /* Up to here it is UTF-8. */
    int64_t buffer_at_bytes; /* Where in the file the buffer starts. */
    size_t line, row_line;   /* `row_line`: where the row that was read last starts. */
    size_t cell_count;
    char *cells[COLUMNS_MAX];
};

/* Open the file; the caller closes it. */
static bool open_file(struct table_reader *reader, const struct empirical_source *source,
                      struct error *error)
{
    int64_t size_max_bytes = source->file_size_max_bytes == 0 ? EMPIRICAL_FILE_SIZE_MAX_BYTES
                                                              : source->file_size_max_bytes;
    /* Without O_NONBLOCK a named pipe would be waited for. */
    int file = open(source->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return error_set(error, ERROR_IO, "cannot open %s: %s", source->path, strerror(errno));
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        error_set(error, ERROR_IO,
                  "%s is not a regular file; it is read twice, so what comes from a pipe has to be "
                  "saved first",
                  source->path);
    else if (status.st_size > size_max_bytes)
        error_set(error, ERROR_IO, "%s is larger than %lld MiB", source->path,
                  (long long)(size_max_bytes >> 20));
    else {
        reader->file = file;
        reader->path = source->path;
        reader->file_size_bytes = status.st_size;
        return true;
    }
    close(file);
    return false;
}

/* Read until the buffer is full or the file is at its end. */
static bool read_piece(struct table_reader *reader, struct error *error)
{
    char *limit = reader->buffer + BUFFER_SIZE_BYTES;
    while (reader->end < limit && !reader->is_whole) {
        ssize_t got = read(reader->file, reader->end, (size_t)(limit - reader->end));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(error, ERROR_IO, "cannot read %s: %s", reader->path, strerror(errno));
        reader->is_whole = got == 0;
        reader->end += got;
    }
    *reader->end = '\0';
    return true;
}

/* Check what has come; a letter that the end of the window cuts in two is left for the next time.
 */
static bool check_text(struct table_reader *reader, struct error *error)
{
    enum { LETTER_SIZE_MAX_BYTES = 4 };
    size_t size = (size_t)(reader->end - reader->checked_to), bad_at = 0;
    if (text_is_utf8(reader->checked_to, size, &bad_at)) {
        reader->checked_to = reader->end;
        return true;
    }
    reader->checked_to += bad_at;
    if (!reader->is_whole && size - bad_at < LETTER_SIZE_MAX_BYTES)
        return true;
    return error_set(error, ERROR_SCENARIO, "%s: byte %lld is not UTF-8 text", reader->path,
                     (long long)(reader->buffer_at_bytes + (reader->checked_to - reader->buffer)));
}

/* Make the window wide enough for a row. */
static bool refill(struct table_reader *reader, struct error *error)
{
    size_t left = (size_t)(reader->end - reader->at);
    if (reader->is_whole || left >= ROW_SIZE_MAX_BYTES)
        return true;
    ptrdiff_t moved = reader->at - reader->buffer;
    memmove(reader->buffer, reader->at, left);
    reader->at = reader->buffer;
    reader->end -= moved;
    reader->checked_to -= moved;
    reader->buffer_at_bytes += moved;
    return read_piece(reader, error) && check_text(reader, error);
}

/* Count the lines that are not empty, so that the times need not grow while they are read (a
 * growing array takes three times the memory), and go back to the start. */
static bool count_lines(struct table_reader *reader, size_t *count, struct error *error)
{
    bool is_in_line = false;
    *count = 0;
    for (; !reader->is_whole; reader->end = reader->buffer) {
        if (!read_piece(reader, error))
            return false;
        for (const char *c = reader->buffer; c < reader->end; c++) {
            bool is_end = *c == '\n' || *c == '\r';
            *count += !is_end && !is_in_line;
            is_in_line = !is_end;
        }
    }
    reader->is_whole = false;
    if (*count > ROWS_MAX + 1)
        return error_set(error, ERROR_SCENARIO, "%s has more than %d rows", reader->path, ROWS_MAX);
    if (lseek(reader->file, 0, SEEK_SET) != 0)
        return error_set(error, ERROR_IO, "cannot read %s: %s", reader->path, strerror(errno));
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

/* Pass over empty lines. */
static bool find_row(struct table_reader *reader, struct error *error)
{
    do {
        if (!refill(reader, error))
            return false;
        while (reader->at < reader->end && (*reader->at == '\n' || *reader->at == '\r'))
            reader->line += *reader->at++ == '\n';
    } while (!reader->is_whole && reader->end - reader->at < ROW_SIZE_MAX_BYTES);
    return true;
}

/* Read the next row that is not empty; `*more` is false at the end of the file. */
static bool read_row(struct table_reader *reader, bool *more, struct error *error)
{
    if (!find_row(reader, error))
        return false;
    *more = reader->at < reader->end;
    reader->cell_count = 0;
    reader->row_line = reader->line;
    const char *start = reader->at;
    for (bool is_last = !*more; !is_last;) {
        if (reader->cell_count == COLUMNS_MAX)
            return error_set(error, ERROR_SCENARIO, "%s:%zu: more than %d columns", reader->path,
                             reader->row_line, COLUMNS_MAX);
        if (!read_cell(reader, &reader->cells[reader->cell_count++], error))
            return false;
        is_last = *reader->at != ',';
        if (reader->at - start > ROW_SIZE_MAX_BYTES ||
            (reader->at >= reader->end && !reader->is_whole))
            return error_set(error, ERROR_SCENARIO, "%s:%zu: a row of more than %d KiB",
                             reader->path, reader->row_line, ROW_SIZE_MAX_BYTES >> 10);
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

/* "; the columns: a, b and 3 more" */
static const char *list_columns(struct arena *arena, const struct table_reader *header)
{
    const char *text = "";
    for (size_t i = 0; i < header->cell_count && i < NAMED_MAX; i++)
        text =
            arena_print(arena, "%s%s%s", text, i == 0 ? "; the columns: " : ", ", header->cells[i]);
    if (header->cell_count > NAMED_MAX)
        text = arena_print(arena, "%s and %zu more", text, header->cell_count - NAMED_MAX);
    return text;
}

/* A header that is one cell with such a sign in it was meant to be several. */
static const char *guess_separator(const struct table_reader *header)
{
    if (header->cell_count != 1)
        return NULL;
    if (strchr(header->cells[0], ';') != NULL)
        return "semicolons";
    return strchr(header->cells[0], '\t') != NULL ? "tabs" : NULL;
}

static bool fail_on_column(struct arena *arena, const struct table_reader *header, const char *name,
                           struct error *error)
{
    const char *separator = guess_separator(header);
    if (separator != NULL)
        return error_set(error, ERROR_SCENARIO,
                         "%s has no column \"%s\": its cells seem to be separated by %s; save it "
                         "with commas",
                         header->path, name, separator);
    const char *closest =
        text_closest(name, (const char *const *)header->cells, header->cell_count);
    const char *meant =
        closest == NULL ? "" : arena_print(arena, "; did you mean \"%s\"?", closest);
    return error_set(error, ERROR_SCENARIO, "%s has no column \"%s\"%s%s", header->path, name,
                     meant, closest == NULL ? list_columns(arena, header) : "");
}

static bool find_column(struct arena *arena, const struct table_reader *header, const char *name,
                        size_t *column, struct error *error)
{
    size_t found_count = 0;
    for (size_t i = 0; i < header->cell_count; i++) {
        if (strcmp(header->cells[i], name) != 0)
            continue;
        *column = i;
        found_count++;
    }
    if (found_count == 0)
        return fail_on_column(arena, header, name, error);
    return found_count == 1 ||
           error_set(error, ERROR_SCENARIO,
                     "%s has %zu columns of the name \"%s\": which one is meant?", header->path,
                     found_count, name);
}

/* Which texts a column holds, and how often; only so many of them. */
struct cell_counts {
    struct arena *arena;
    const char *texts[NAMED_MAX];
    size_t counts[NAMED_MAX], used, other_count;
};

/* The columns that a source needs, by position. */
struct plan {
    size_t column, censored, column_count;
    size_t *conditions;
    struct cell_counts *censoring; /* Of the column that says which rows were cut off. */
};

static bool make_plan(struct arena *arena, const struct table_reader *header,
                      const struct empirical_source *source, struct plan *plan, struct error *error)
{
    plan->column_count = header->cell_count;
    plan->conditions = arena_take_array(arena, source->condition_count, sizeof(size_t));
    plan->censoring = arena_take(arena, sizeof *plan->censoring);
    plan->censoring->arena = arena;
    if (!find_column(arena, header, source->column, &plan->column, error))
        return false;
    for (size_t i = 0; i < source->condition_count; i++)
        if (!find_column(arena, header, source->conditions[i].column, &plan->conditions[i], error))
            return false;
    return source->censored == NULL ||
           find_column(arena, header, source->censored->column, &plan->censored, error);
}

static void count_cell(struct cell_counts *counts, const char *cell)
{
    size_t i = 0;
    while (i < counts->used && strcmp(counts->texts[i], cell) != 0)
        i++;
    if (i == NAMED_MAX) {
        counts->other_count++;
        return;
    }
    if (i == counts->used)
        counts->texts[counts->used++] = arena_copy_text(counts->arena, cell);
    counts->counts[i]++;
}

/* "no row has to==maybe; the column holds: no (364), yes (36)" */
static bool fail_on_censored(const struct empirical_source *source, struct cell_counts *counts,
                             struct error *error)
{
    enum { LISTED_MAX = 8 };
    const char *list = "";
    size_t listed = 0, left = counts->other_count;
    for (size_t i = 0; i < counts->used; i++)
        left += counts->counts[i];
    for (; listed < LISTED_MAX && listed < counts->used; listed++) {
        size_t most = 0;
        for (size_t i = 1; i < counts->used; i++)
            if (counts->counts[i] > counts->counts[most])
                most = i;
        const char *text = *counts->texts[most] == '\0' ? "(empty)" : counts->texts[most];
        list = arena_print(counts->arena, "%s%s%s (%zu)", list, listed > 0 ? ", " : "", text,
                           counts->counts[most]);
        left -= counts->counts[most];
        counts->counts[most] = 0;
    }
    if (left > 0)
        list = arena_print(counts->arena, "%s and others (%zu)", list, left);
    return error_set(error, ERROR_SCENARIO, "%s: no row has %s%s%s; the column holds: %s",
                     source->path, source->censored->column,
                     source->censored->is_equal ? "==" : "!=", source->censored->text, list);
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
    bool is_command_line = source->is_command_line;
    if (*cell == '\0')
        return error_set(error, ERROR_SCENARIO, "%s:%zu: %s is empty; leave such rows out by %s%s",
                         row->path, row->row_line, source->column,
                         is_command_line ? "--where COLUMN!=TEXT" : "where=COLUMN!=TEXT",
                         !time->is_censored ? ""
                         : is_command_line  ? ", or say --censored-at"
                                            : ", or say censored_at");
    if (!units_parse_number(cell, &time->value, error))
        return error_context(error, "%s:%zu: %s", row->path, row->row_line, source->column);
    time->value *= source->unit;
    if (!isfinite(time->value))
        return error_set(error, ERROR_SCENARIO, "%s:%zu: %s is %s, too large a number", row->path,
                         row->row_line, source->column, cell);
    if (time->value < 0 && !source->allow_negative)
        return error_set(error, ERROR_SCENARIO, "%s:%zu: %s is negative", row->path, row->row_line,
                         source->column);
    return true;
}

/* Read the header and place the columns. */
static bool read_header(struct arena *arena, struct table_reader *reader,
                        const struct empirical_source *source, struct plan *plan,
                        struct error *error)
{
    bool more;
    reader->at = reader->end = reader->checked_to = reader->buffer;
    reader->line = 1;
    if (!refill(reader, error))
        return false;
    reader->at += strncmp(reader->at, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (!read_row(reader, &more, error))
        return false;
    if (!more)
        return error_set(error, ERROR_SCENARIO, "%s is empty", source->path);
    return make_plan(arena, reader, source, plan, error);
}

/* Take the row that was read last, or leave it out. */
static bool take_row(const struct table_reader *reader, const struct empirical_source *source,
                     const struct plan *plan, struct empirical_sample *sample, struct error *error)
{
    sample->row_count++;
    if (reader->cell_count != plan->column_count)
        return error_set(error, ERROR_SCENARIO, "%s:%zu: %zu columns where the header has %zu",
                         source->path, reader->row_line, reader->cell_count, plan->column_count);
    if (!is_chosen(reader, source, plan)) {
        sample->excluded_count++;
        return true;
    }
    if (source->censored != NULL)
        count_cell(plan->censoring, reader->cells[plan->censored]);
    struct empirical_time time;
    if (!read_time(reader, source, plan, &time, error))
        return false;
    sample->cut_off_count += time.is_censored;
    if (source->longest > 0 && time.value > source->longest && time.value <= source->max)
        return error_set(
            error, ERROR_SCENARIO,
            "%s:%zu: %s is %.4g years, and a delay has at most %.4g: is the unit "
            "right? Else leave it out by %s",
            source->path, reader->row_line, source->column, time.value / (365 * (double)UNITS_D),
            source->longest / (365 * (double)UNITS_D), source->is_command_line ? "--max" : "max");
    if (time.value < source->min) {
        sample->below_count++;
    } else if (time.value > source->max) {
        sample->above_count++;
    } else {
        sample->times[sample->count++] = time;
        sample->censored_count += time.is_censored;
    }
    return true;
}

static bool read_table(struct arena *arena, struct table_reader *reader,
                       const struct empirical_source *source, struct empirical_sample *sample,
                       struct error *error)
{
    struct plan plan = {0};
    struct empirical_sample read = {.file_size_bytes = reader->file_size_bytes};
    size_t room;
    reader->buffer = arena_take(arena, BUFFER_SIZE_BYTES + 1);
    reader->end = reader->buffer;
    if (!count_lines(reader, &room, error) || !read_header(arena, reader, source, &plan, error))
        return false;
    read.times = arena_take_array(arena, room, sizeof *read.times);
    for (;;) {
        bool more;
        if (!read_row(reader, &more, error))
            return false;
        if (!more)
            break;
        if (read.row_count == room)
            return error_set(error, ERROR_IO, "%s changed while it was read", source->path);
        if (!take_row(reader, source, &plan, &read, error))
            return false;
    }
    if (read.row_count == 0)
        return error_set(error, ERROR_SCENARIO, "%s has a header but no row", source->path);
    bool is_any_chosen = read.excluded_count < read.row_count;
    if (source->censored != NULL && read.cut_off_count == 0 && is_any_chosen)
        return fail_on_censored(source, plan.censoring, error);
    if (read.count == 0)
        return error_set(error, ERROR_SCENARIO, "%s: no row is chosen", source->path);
    *sample = read;
    return true;
}

bool empirical_read(struct arena *arena, const struct empirical_source *source,
                    struct empirical_sample *sample, struct error *error)
{
    struct table_reader reader = {0};
    if (!open_file(&reader, source, error))
        return false;
    bool is_read = read_table(arena, &reader, source, sample, error);
    close(reader.file);
    return is_read;
}

/* Take off blanks at both ends, then double quotes around the rest. */
static const char *trim(struct arena *arena, const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    if (to - from >= 2 && *from == '"' && to[-1] == '"') {
        from++;
        to--;
    }
    return arena_print(arena, "%.*s", (int)(to - from), from);
}

bool empirical_parse_condition(struct arena *arena, const char *text,
                               struct empirical_condition *condition, struct error *error)
{
    size_t size = strlen(text);
    bool is_wholly_quoted = size >= 2 && text[0] == '"' && text[size - 1] == '"' &&
                            memchr(text + 1, '"', size - 2) == NULL;
    const char *from = text + is_wholly_quoted, *to = text + size - is_wholly_quoted;
    for (const char *c = from; c + 1 < to; c++) {
        if ((c[0] != '=' && c[0] != '!') || c[1] != '=')
            continue;
        *condition = (struct empirical_condition){
            .column = trim(arena, from, c),
            .text = trim(arena, c + 2, to),
            .is_equal = c[0] == '=',
        };
        return true;
    }
    return error_set(error, ERROR_SCENARIO, "a condition is written COLUMN==TEXT or COLUMN!=TEXT");
}

static int compare_times(const void *a, const void *b)
{
    const struct empirical_time *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (int)x->is_censored - (int)y->is_censored;
}

void empirical_sort(struct empirical_time *times, size_t count)
{
    qsort(times, count, sizeof *times, compare_times);
}

struct empirical_estimate empirical_estimate(struct arena *arena, struct empirical_time *times,
                                             size_t count)
{
    CHECK(count > 0);
    empirical_sort(times, count);
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
