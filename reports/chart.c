#include "reports/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/tsv.h"
#include "reports/words.h"
#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

/* What a kind wants of a role. */
struct rule {
    enum chart_role role;
    bool is_text, needs_label;
    size_t least, most;
};

enum { RULES_MAX = 8, SERIES = CHART_SERIES_MAX };

static const struct kind {
    const char *name;
    struct rule rules[RULES_MAX]; /* Ended by most = 0. */
} kinds[CHART_KIND_COUNT] = {
    [CHART_INTERVAL] = {"interval",
                        {{CHART_LABEL, true, false, 1, 1},
                         {CHART_LOW, false, false, 1, 1},
                         {CHART_ESTIMATE, false, false, 1, 1},
                         {CHART_HIGH, false, false, 1, 1}}},
    [CHART_WATERFALL] = {"waterfall",
                         {{CHART_LABEL, true, false, 1, 1},
                          {CHART_FROM, false, false, 1, 1},
                          {CHART_TO, false, false, 1, 1}}},
    [CHART_TORNADO] = {"tornado",
                       {{CHART_LABEL, true, false, 1, 1},
                        {CHART_LOW_SETTING, true, false, 1, 1},
                        {CHART_HIGH_SETTING, true, false, 1, 1},
                        {CHART_AT_LOW, false, false, 1, 1},
                        {CHART_AT_HIGH, false, false, 1, 1},
                        {CHART_BASE, false, false, 1, 1}}},
    [CHART_STACKED] = {"stacked",
                       {{CHART_LABEL, true, false, 1, 1},
                        {CHART_PART, true, false, 1, 1},
                        {CHART_VALUE, false, false, 1, 1}}},
    [CHART_PAIRS] = {"pairs",
                     {{CHART_FIRST, false, true, 1, 1}, {CHART_LATER, false, true, 1, SERIES - 1}}},
    [CHART_FRONT] = {"front",
                     {{CHART_LABEL, true, false, 1, 1},
                      {CHART_X, false, false, 1, 1},
                      {CHART_Y, false, false, 1, 1},
                      {CHART_IS_FRONT, false, false, 1, 1},
                      {CHART_X_LOW, false, false, 0, 1},
                      {CHART_X_HIGH, false, false, 0, 1},
                      {CHART_LOW, false, false, 0, 1},
                      {CHART_HIGH, false, false, 0, 1}}},
    [CHART_TIMELINE] = {"timeline",
                        {{CHART_X, false, false, 1, 1},
                         {CHART_ESTIMATE, false, true, 1, SERIES},
                         {CHART_LOW, false, false, 0, SERIES},
                         {CHART_HIGH, false, false, 0, SERIES},
                         {CHART_UNDECIDED, false, true, 0, 1},
                         {CHART_COUNT, false, false, 0, 1}}},
    [CHART_CONVERGENCE] = {"convergence",
                           {{CHART_X, false, false, 1, 1},
                            {CHART_ESTIMATE, false, true, 1, SERIES},
                            {CHART_LOW, false, false, 0, SERIES},
                            {CHART_HIGH, false, false, 0, SERIES}}},
    [CHART_CURVE] = {"curve",
                     {{CHART_X, false, false, 1, 1},
                      {CHART_ESTIMATE, false, true, 1, SERIES},
                      {CHART_LOW, false, false, 0, SERIES},
                      {CHART_HIGH, false, false, 0, SERIES}}},
    [CHART_RATES] = {"rates",
                     {{CHART_X, false, false, 1, 1},
                      {CHART_VALUE, false, true, 1, SERIES},
                      {CHART_CAPACITY, false, true, 0, 1}}},
    [CHART_INCIDENCE] = {"incidence",
                         {{CHART_X, false, false, 1, 1},
                          {CHART_VALUE, false, true, 0, SERIES},
                          {CHART_AREA, false, true, 0, SERIES}}},
    [CHART_OVERLAP] = {"overlap",
                       {{CHART_X, false, false, 1, 1},
                        {CHART_FIRST, false, true, 1, 1},
                        {CHART_LATER, false, true, 1, 1}}},
    [CHART_QQ] = {"qq", {{CHART_DATA, false, false, 1, 1}, {CHART_FITTED, false, true, 1, SERIES}}},
    [CHART_HEATMAP] = {"heatmap",
                       {{CHART_X, true, false, 1, 1},
                        {CHART_Y, true, false, 1, 1},
                        {CHART_VALUE, false, false, 1, 1},
                        {CHART_IS_WIDE, false, false, 0, 1}}},
    [CHART_GANTT] = {"gantt",
                     {{CHART_PANEL, true, false, 0, 1},
                      {CHART_LANE, true, false, 1, 1},
                      {CHART_FROM, false, false, 1, 1},
                      {CHART_TO, false, false, 1, 1},
                      {CHART_STATE, true, false, 1, 1}}},
};

static const char *const roles[CHART_ROLE_COUNT] = {
    [CHART_LABEL] = "label",
    [CHART_LOW] = "low",
    [CHART_ESTIMATE] = "estimate",
    [CHART_HIGH] = "high",
    [CHART_FROM] = "from",
    [CHART_TO] = "to",
    [CHART_LOW_SETTING] = "low_setting",
    [CHART_HIGH_SETTING] = "high_setting",
    [CHART_AT_LOW] = "at_low",
    [CHART_AT_HIGH] = "at_high",
    [CHART_BASE] = "base",
    [CHART_PART] = "part",
    [CHART_VALUE] = "value",
    [CHART_FIRST] = "first",
    [CHART_LATER] = "later",
    [CHART_X] = "x",
    [CHART_Y] = "y",
    [CHART_X_LOW] = "x_low",
    [CHART_X_HIGH] = "x_high",
    [CHART_IS_FRONT] = "is_front",
    [CHART_UNDECIDED] = "undecided",
    [CHART_COUNT] = "count",
    [CHART_CAPACITY] = "capacity",
    [CHART_AREA] = "area",
    [CHART_DATA] = "data",
    [CHART_FITTED] = "fitted",
    [CHART_IS_WIDE] = "is_wide",
    [CHART_PANEL] = "panel",
    [CHART_LANE] = "lane",
    [CHART_STATE] = "state",
};

const char *chart_kind_name(enum chart_kind kind)
{
    return kinds[kind].name;
}

const char *chart_role_name(enum chart_role role)
{
    return roles[role];
}

bool chart_kind_of(const char *name, enum chart_kind *kind)
{
    for (int i = 0; i < CHART_KIND_COUNT; i++)
        if (strcmp(kinds[i].name, name) == 0) {
            *kind = (enum chart_kind)i;
            return true;
        }
    return false;
}

bool chart_role_of(const char *name, enum chart_role *role)
{
    for (int i = 0; i < CHART_ROLE_COUNT; i++)
        if (strcmp(roles[i], name) == 0) {
            *role = (enum chart_role)i;
            return true;
        }
    return false;
}

static const struct rule *rule_of(enum chart_kind kind, enum chart_role role)
{
    const struct rule *rules = kinds[kind].rules;
    for (int i = 0; i < RULES_MAX && rules[i].most > 0; i++)
        if (rules[i].role == role)
            return &rules[i];
    return NULL;
}

bool chart_is_text(enum chart_kind kind, enum chart_role role)
{
    const struct rule *rule = rule_of(kind, role);
    return rule != NULL && rule->is_text;
}

struct chart *chart_create(struct arena *arena, enum chart_kind kind, const char *name)
{
    struct chart *chart = arena_take(arena, sizeof *chart);
    *chart = (struct chart){
        .arena = arena,
        .kind = kind,
        .name = words_clean(arena, name),
        .title = "",
        .caption = "",
        .alt = "",
        .x = {.label = "", .unit = ""},
        .y = {.label = "", .unit = ""},
        .columns = arena_take_array(arena, CHART_COLUMNS_MAX, sizeof *chart->columns),
    };
    return chart;
}

void chart_set_words(struct chart *chart, const char *title, const char *caption, const char *alt)
{
    chart->title = words_clean(chart->arena, title);
    chart->caption = words_clean(chart->arena, caption);
    chart->alt = words_clean(chart->arena, alt);
}

static void set_axis(struct chart *chart, struct chart_axis *axis, const char *label,
                     const char *unit)
{
    axis->label = words_clean(chart->arena, label);
    axis->unit = words_clean(chart->arena, unit);
}

void chart_set_x(struct chart *chart, const char *label, const char *unit)
{
    set_axis(chart, &chart->x, label, unit);
}

void chart_set_y(struct chart *chart, const char *label, const char *unit)
{
    set_axis(chart, &chart->y, label, unit);
}

void chart_add_column(struct chart *chart, enum chart_role role, const char *name,
                      const char *label)
{
    CHECK(chart->column_count < CHART_COLUMNS_MAX && chart->cell_count == 0);
    chart->columns[chart->column_count++] = (struct chart_column){
        .name = words_clean(chart->arena, name),
        .role = role,
        .label = words_clean(chart->arena, label),
    };
}

/* A number as it will be read back from a file, so that the script is the same then; no "-0". */
static double as_read_back(double number)
{
    char text[32];
    snprintf(text, sizeof text, "%.12g", number + 0.0);
    return strtod(text, NULL);
}

static void add_cell(struct chart *chart, struct chart_cell cell)
{
    CHECK(chart->column_count > 0);
    if (chart->cell_count == chart->cell_room) {
        size_t room = chart->cell_room > 0 ? 2 * chart->cell_room : 64;
        struct chart_cell *more = arena_take_array(chart->arena, room, sizeof *more);
        if (chart->cell_count > 0)
            memcpy(more, chart->cells, chart->cell_count * sizeof *more);
        chart->cells = more;
        chart->cell_room = room;
    }
    const struct chart_column *column = &chart->columns[chart->cell_count % chart->column_count];
    CHECK(chart_is_text(chart->kind, column->role) == (cell.text != NULL));
    chart->cells[chart->cell_count++] = cell;
}

void chart_add_text(struct chart *chart, const char *text)
{
    add_cell(chart, (struct chart_cell){.text = words_clean(chart->arena, text)});
}

void chart_add_number(struct chart *chart, double number)
{
    if (!isfinite(number)) {
        chart_add_missing(chart);
        return;
    }
    add_cell(chart, (struct chart_cell){.number = as_read_back(number)});
}

void chart_add_missing(struct chart *chart)
{
    add_cell(chart, (struct chart_cell){.is_missing = true});
}

static void add_mark(struct chart *chart, struct chart_mark mark)
{
    if (chart->mark_count == chart->mark_room) {
        size_t room = chart->mark_room > 0 ? 2 * chart->mark_room : 8;
        struct chart_mark *more = arena_take_array(chart->arena, room, sizeof *more);
        if (chart->mark_count > 0)
            memcpy(more, chart->marks, chart->mark_count * sizeof *more);
        chart->marks = more;
        chart->mark_room = room;
    }
    mark.at = as_read_back(mark.at);
    mark.end = as_read_back(mark.end);
    mark.label = words_clean(chart->arena, mark.label);
    mark.panel = words_clean(chart->arena, mark.panel);
    chart->marks[chart->mark_count++] = mark;
}

void chart_add_mark(struct chart *chart, char axis, double at, const char *label)
{
    add_mark(chart, (struct chart_mark){.axis = axis, .at = at, .label = label});
}

void chart_add_band(struct chart *chart, char axis, double from, double to, const char *label)
{
    add_mark(chart, (struct chart_mark){
                        .axis = axis, .at = from, .has_end = true, .end = to, .label = label});
}

void chart_add_panel_mark(struct chart *chart, const char *panel, double at, const char *label)
{
    add_mark(chart, (struct chart_mark){.axis = 'x', .at = at, .label = label, .panel = panel});
}

size_t chart_row_count(const struct chart *chart)
{
    return chart->column_count > 0 ? chart->cell_count / chart->column_count : 0;
}

static bool is_name(const char *name, const char *alphabet, size_t length_max)
{
    size_t length = strlen(name);
    return length > 0 && length <= length_max && strspn(name, alphabet) == length;
}

static bool fail(const struct chart *chart, struct error *error, const char *what,
                 const char *which)
{
    return error_set(error, ERROR_IO, "chart %s (%s): %s%s", chart->name,
                     chart_kind_name(chart->kind), what, which);
}

/* Two limits belong to the estimate before them. */
static bool validate_limits(const struct chart *chart, struct error *error)
{
    bool is_series = chart->kind == CHART_TIMELINE || chart->kind == CHART_CONVERGENCE ||
                     chart->kind == CHART_CURVE;
    for (size_t i = 0; is_series && i < chart->column_count; i++) {
        enum chart_role role = chart->columns[i].role;
        enum chart_role before = i > 0 ? chart->columns[i - 1].role : CHART_X;
        enum chart_role after = i + 1 < chart->column_count ? chart->columns[i + 1].role : CHART_X;
        bool is_good = (role != CHART_LOW || (before == CHART_ESTIMATE && after == CHART_HIGH)) &&
                       (role != CHART_HIGH || before == CHART_LOW);
        if (!is_good)
            return fail(chart, error, "low and high must follow their estimate: column ",
                        chart->columns[i].name);
    }
    return true;
}

static bool validate_column(const struct chart *chart, size_t index, struct error *error)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    const struct chart_column *column = &chart->columns[index];
    const struct rule *rule = rule_of(chart->kind, column->role);
    if (!is_name(column->name, alphabet, CHART_NAME_LENGTH_MAX))
        return fail(chart, error,
                    "the name of a column needs letters, digits, _ - . only: ", column->name);
    if (rule == NULL)
        return fail(chart, error, "has no use for a column of role ",
                    chart_role_name(column->role));
    if (rule->needs_label && *column->label == '\0')
        return fail(chart, error, "there is no label for column ", column->name);
    for (size_t i = 0; i < index; i++)
        if (strcmp(chart->columns[i].name, column->name) == 0)
            return fail(chart, error, "two columns are named ", column->name);
    return true;
}

static size_t count_role(const struct chart *chart, enum chart_role role)
{
    size_t count = 0;
    for (size_t i = 0; i < chart->column_count; i++)
        count += chart->columns[i].role == role;
    return count;
}

static bool validate_columns(const struct chart *chart, struct error *error)
{
    for (size_t i = 0; i < chart->column_count; i++)
        if (!validate_column(chart, i, error))
            return false;
    const struct rule *rules = kinds[chart->kind].rules;
    for (int i = 0; i < RULES_MAX && rules[i].most > 0; i++) {
        size_t count = count_role(chart, rules[i].role);
        if (count < rules[i].least)
            return fail(chart, error, "needs a column of role ", chart_role_name(rules[i].role));
        if (count > rules[i].most)
            return fail(chart, error, "has too many columns of role ",
                        chart_role_name(rules[i].role));
    }
    size_t values = count_role(chart, CHART_VALUE), areas = count_role(chart, CHART_AREA);
    if (chart->kind == CHART_INCIDENCE && (values > 0) == (areas > 0))
        return fail(chart, error, "needs columns of role value or area, not both", "");
    return validate_limits(chart, error);
}

bool chart_validate(const struct chart *chart, struct error *error)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    if (!is_name(chart->name, alphabet, CHART_NAME_LENGTH_MAX) || chart->name[0] == '-')
        return error_set(error, ERROR_IO,
                         "\"%s\" cannot be the name of a chart (small letters, digits and -, at "
                         "most %d)",
                         chart->name, CHART_NAME_LENGTH_MAX);
    if (chart->column_count == 0)
        return fail(chart, error, "has no columns", "");
    if (!validate_columns(chart, error))
        return false;
    if (chart->mark_count > CHART_MARKS_MAX)
        return fail(chart, error, "has too many marks", "");
    for (size_t i = 0; i < chart->mark_count; i++) {
        const struct chart_mark *mark = &chart->marks[i];
        if (mark->axis != 'x' && mark->axis != 'y')
            return fail(chart, error, "a mark is at x or y: ", mark->label);
        if (!isfinite(mark->at) || !isfinite(mark->end))
            return fail(chart, error, "a mark has no place: ", mark->label);
    }
    if (chart->cell_count % chart->column_count != 0)
        return fail(chart, error, "the last row is not complete", "");
    return true;
}

const char *chart_file_name(const struct chart *chart, const char *ending)
{
    return arena_print(chart->arena, "%s.%s", chart->name, ending);
}

const char *chart_time_unit(int64_t longest_ns, int64_t *unit_ns)
{
    static const struct {
        const char *name;
        int64_t size_ns, from_ns;
    } units[] = {{"d", UNITS_D, 4 * UNITS_D},
                 {"h", UNITS_H, 3 * UNITS_H},
                 {"min", UNITS_MIN, 3 * UNITS_MIN},
                 {"s", UNITS_S, UNITS_S}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (longest_ns >= units[i].from_ns) {
            *unit_ns = units[i].size_ns;
            return units[i].name;
        }
    *unit_ns = UNITS_MS;
    return "ms";
}

/* Numbers come first and texts last, see the header. Calls in that order. */
static void write_row(const struct chart *chart, const struct chart_cell *row, struct tsv *tsv)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < chart->column_count; i++) {
            if (chart_is_text(chart->kind, chart->columns[i].role) != (pass == 1))
                continue;
            if (row == NULL)
                tsv_text(tsv, chart->columns[i].name);
            else if (pass == 1)
                tsv_text(tsv, row[i].text);
            else if (row[i].is_missing)
                tsv_empty(tsv);
            else
                tsv_real(tsv, row[i].number);
        }
    tsv_end_row(tsv);
}

void chart_write_data(const struct chart *chart, FILE *file)
{
    CHECK(chart_validate(chart, NULL));
    struct tsv tsv = tsv_make(file);
    write_row(chart, NULL, &tsv);
    for (size_t i = 0; i < chart_row_count(chart); i++)
        write_row(chart, chart->cells + i * chart->column_count, &tsv);
}

bool chart_write(struct directory *directory, const struct chart *chart,
                 const struct identity *identity, struct error *error)
{
    const char *data = chart_file_name(chart, "tsv"), *script = chart_file_name(chart, "gp");
    FILE *file = directory_create_file(directory, data, error);
    if (file == NULL)
        return false;
    chart_write_data(chart, file);
    if (!directory_close_file(directory, data, file, error))
        return false;
    file = directory_create_file(directory, script, error);
    if (file == NULL)
        return false;
    chart_write_script(chart, identity, file);
    return directory_close_file(directory, script, file, error);
}
