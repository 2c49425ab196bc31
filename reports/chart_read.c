#include "reports/chart.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/words.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

/* Reading one file: the place is for messages. */
struct reading {
    const char *path;
    struct chart *chart;
    size_t line_number;
    struct error *error;
};

static bool fail(const struct reading *reading, const char *what, const char *which)
{
    return error_set(reading->error, ERROR_IO, "%s:%zu: %s%.80s", reading->path,
                     reading->line_number, what, which);
}

/* Undo what tsv_text wrote, in place. */
static bool unescape(const struct reading *reading, char *text)
{
    static const char letters[] = "tnr\\", meanings[] = "\t\n\r\\";
    char *to = text;
    for (const char *at = text; *at != '\0'; at++, to++) {
        *to = *at;
        if (*at != '\\')
            continue;
        const char *letter = at[1] != '\0' ? strchr(letters, at[1]) : NULL;
        if (letter == NULL)
            return fail(reading, "a backslash must be written as \\\\: ", text);
        *to = meanings[letter - letters];
        at++;
    }
    *to = '\0';
    return true;
}

static bool parse_number(const struct reading *reading, const char *text, struct chart_cell *cell)
{
    *cell = (struct chart_cell){.is_missing = *text == '\0'};
    if (cell->is_missing)
        return true;
    char *end;
    cell->number = strtod(text, &end);
    if (strspn(text, "+-.0123456789eE") != strlen(text) || *end != '\0' || !isfinite(cell->number))
        return fail(reading, "a number (or nothing) is needed, not ", text);
    return true;
}

/* The columns in the order of the file: numbers, then texts. */
static size_t file_order(const struct chart *chart, size_t order[CHART_COLUMNS_MAX])
{
    size_t count = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < chart->column_count; i++)
            if (chart_is_text(chart->kind, chart->columns[i].role) == (pass == 1))
                order[count++] = i;
    return count;
}

/* Split a line at its tabs, in place. */
static bool split(const struct reading *reading, char *line, char *cells[CHART_COLUMNS_MAX])
{
    size_t count = 0, expected = reading->chart->column_count;
    for (char *at = line; at != NULL; count++) {
        char *tab = strchr(at, '\t');
        if (tab != NULL)
            *tab++ = '\0';
        if (count < expected)
            cells[count] = at;
        at = tab;
    }
    if (count == expected)
        return true;
    return error_set(reading->error, ERROR_IO, "%s:%zu: %zu cells are needed, not %zu",
                     reading->path, reading->line_number, expected, count);
}

static bool read_header(const struct reading *reading, char *line)
{
    char *cells[CHART_COLUMNS_MAX];
    size_t order[CHART_COLUMNS_MAX], count = file_order(reading->chart, order);
    if (!split(reading, line, cells))
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *name = reading->chart->columns[order[i]].name;
        if (strcmp(name, cells[i]) != 0)
            return error_set(reading->error, ERROR_IO,
                             "%s:%zu: column %zu must be %s, not \"%.80s\" (columns of numbers "
                             "first, then those of text, each in the order of the manifest)",
                             reading->path, reading->line_number, i + 1, name, cells[i]);
    }
    return true;
}

static bool read_row(const struct reading *reading, char *line)
{
    struct chart *chart = reading->chart;
    char *texts[CHART_COLUMNS_MAX];
    size_t order[CHART_COLUMNS_MAX], count = file_order(chart, order);
    struct chart_cell row[CHART_COLUMNS_MAX];
    if (!split(reading, line, texts))
        return false;
    for (size_t i = 0; i < count; i++) {
        bool is_text = chart_is_text(chart->kind, chart->columns[order[i]].role);
        row[order[i]] = (struct chart_cell){.text = texts[i]};
        if (is_text ? !unescape(reading, texts[i])
                    : !parse_number(reading, texts[i], &row[order[i]]))
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (row[i].text != NULL)
            chart_add_text(chart, row[i].text);
        else if (row[i].is_missing)
            chart_add_missing(chart);
        else
            chart_add_number(chart, row[i].number);
    }
    return true;
}

static bool read_lines(struct reading *reading, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    bool is_good = true;
    while (is_good && (length = getline(&line, &room, file)) >= 0) {
        reading->line_number++;
        if (length > 0 && line[length - 1] == '\n')
            line[--length] = '\0';
        if (!text_is_utf8(line, (size_t)length, NULL))
            is_good = fail(reading, "this is not UTF-8 text", "");
        else if (reading->line_number > CHART_ROWS_MAX + 1)
            is_good = fail(reading, "the file has too many lines", "");
        else if (reading->line_number == 1)
            is_good = read_header(reading, line);
        else
            is_good = read_row(reading, line);
    }
    free(line);
    if (is_good && ferror(file))
        is_good = error_set(reading->error, ERROR_IO, "cannot read %s: %s", reading->path,
                            strerror(errno));
    if (is_good && reading->line_number == 0)
        is_good = error_set(reading->error, ERROR_IO, "%s is empty", reading->path);
    return is_good;
}

bool chart_read_data(struct chart *chart, const char *folder, struct error *error)
{
    CHECK(chart->cell_count == 0);
    struct reading reading = {.chart = chart, .error = error};
    reading.path = arena_print(chart->arena, "%s/%s", folder, chart_file_name(chart, "tsv"));
    FILE *file = fopen(reading.path, "re");
    if (file == NULL)
        return error_set(error, ERROR_IO, "cannot read %s: %s", reading.path, strerror(errno));
    bool is_good = read_lines(&reading, file);
    fclose(file);
    if (!is_good)
        chart->cell_count = 0;
    return is_good;
}
