#include "reports/chart_script.h"

#include <math.h>
#include <string.h>

#include "reports/words.h"

/* Kinds with a row for each label, from the top: interval, waterfall, tornado. */
enum {
    LABEL_LENGTH_MAX = 34,
    SETTING_LENGTH_MAX = 16,
    ROW_PX = 38,
    ROW_PX_MANY = 26,
    ROW_PX_MOST = 19,
    ROWS_FEW = 6,
    ROWS_MANY = 24,
    FONT = 13,
    FONT_SETTING = 11,
    SETTING_GAP_PX = 8,
    VALUE_MARGIN = 190, /* Beside the rows, for values in words. */
};

static int row_px(const struct chart *chart)
{
    size_t row_count = chart_row_count(chart);
    bool has_two_lines = chart->kind == CHART_TORNADO;
    return row_count <= ROWS_FEW                     ? ROW_PX
           : row_count <= ROWS_MANY || has_two_lines ? ROW_PX_MANY
                                                     : ROW_PX_MOST;
}

static const char *const *labels_of(const struct chart_script *script, size_t *length_max)
{
    const struct chart *chart = script->chart;
    int column = chart_script_find(chart, CHART_LABEL, 0);
    size_t row_count = chart_row_count(chart);
    const char **labels = arena_take_array(script->arena, row_count, sizeof *labels);
    *length_max = 2;
    for (size_t i = 0; i < row_count; i++) {
        labels[i] = chart_script_cell(chart, i, column)->text;
        size_t length = words_length(labels[i]);
        *length_max = length > *length_max ? length : *length_max;
    }
    *length_max = *length_max > LABEL_LENGTH_MAX ? LABEL_LENGTH_MAX : *length_max;
    return labels;
}

/* How values are said: whole from a thousand on, else three digits, and the unit. */
static void write_words(const struct chart_script *script)
{
    chart_script_digits(script, script->chart->x.unit);
    fputs("at(n) = valid(n) ? column(n) : NaN\n", script->file);
}

/* Set up the sheet for rows: the range, the labels at the left, values in words at the right. */
static void begin(struct chart_script *script, struct chart_range range, int right)
{
    size_t row_count = chart_row_count(script->chart), length_max;
    const char *const *labels = labels_of(script, &length_max);
    script->x = range;
    script->y = (struct chart_range){.low = -0.6, .high = (double)row_count - 0.4};
    script->has_reversed_y = true;
    script->plot_height = row_px(script->chart) * (int)row_count + 12;
    script->left = CHART_EDGE + 14 + chart_script_text_px(length_max, FONT - 1);
    script->right = right;
    chart_script_begin(script);
    chart_script_row_tics(script, 'y', labels, row_count, length_max);
    fputs("unset grid\nset grid xtics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1\n"
          "set border 1\n",
          script->file);
    write_words(script);
}

static bool extent(const struct chart_script *script, const enum chart_role *roles, size_t count,
                   double *low, double *high)
{
    bool is_empty = true;
    *low = *high = 0;
    for (size_t i = 0; i < count; i++)
        chart_script_extend(script->chart, chart_script_find(script->chart, roles[i], 0), low, high,
                            &is_empty);
    return !is_empty;
}

static int field(const struct chart_script *script, enum chart_role role)
{
    return chart_script_field(script->chart, chart_script_find(script->chart, role, 0));
}

static struct chart_range range_of(const struct chart_script *script, double low, double high,
                                   double margin)
{
    bool is_empty = false;
    chart_script_extend_by_marks(script->chart, 'x', &low, &high, &is_empty);
    if (script->chart->x.is_log && low > 0)
        return chart_script_log_range(low, high);
    return chart_script_range(low, high, true, margin);
}

/* Points with bars, and beside them what they say. */
static void write_interval(struct chart_script *script)
{
    static const enum chart_role roles[] = {CHART_ESTIMATE, CHART_LOW, CHART_HIGH};
    double low, high;
    if (!extent(script, roles, 3, &low, &high)) {
        chart_script_nothing(script);
        return;
    }
    begin(script, range_of(script, low, high, 0.06), VALUE_MARGIN);
    int low_field = field(script, CHART_LOW), estimate = field(script, CHART_ESTIMATE),
        high_field = field(script, CHART_HIGH);
    fprintf(script->file,
            "low = %d; estimate = %d; high = %d # columns\n"
            "has_interval(x) = valid(low) && valid(high)\n"
            "say(x) = !valid(estimate) ? 'no data' : !has_interval(0) ? "
            "digits(column(estimate)).unit : \\\n"
            "    digits(column(estimate)).'  ['.digits(column(low)).', '.digits(column(high)).']'"
            ".unit\n"
            "plot '%s.tsv' skip 1 using (has_interval(0) ? at(estimate) : "
            "NaN):0:(at(low)):(at(high)) \\\n"
            "        with xerrorbars linetype 1 dashtype 1 linewidth 2.4 pointtype 0 notitle, \\\n"
            "     '' skip 1 using (at(estimate)):0 with points linetype 1 pointtype 7 pointsize "
            "0.9 notitle, \\\n"
            "     '' skip 1 using (%.12g):0:(say(0)) with labels left offset 1,0 font ',12' "
            "noenhanced notitle\n",
            low_field, estimate, high_field, script->chart->name, script->x.high);
}

/* The first and the last row are totals if they start at 0; steps between them have a sign. */
static void write_waterfall(struct chart_script *script)
{
    static const enum chart_role roles[] = {CHART_FROM, CHART_TO};
    double low, high;
    if (!extent(script, roles, 2, &low, &high)) {
        chart_script_nothing(script);
        return;
    }
    chart_script_add_legend(script, CHART_SAMPLE_BOX, 0, "total");
    chart_script_add_legend(script, CHART_SAMPLE_BOX, 1, "increase");
    chart_script_add_legend(script, CHART_SAMPLE_BOX, 2, "decrease");
    struct chart_range range = range_of(script, low, high, 0.06);
    range.is_log = false;
    begin(script, range, 110);
    /* The difference of two percentages is no percentage. */
    fputs(strcmp(script->chart->x.unit, "%") == 0 ? "step_unit = ' points'\n"
                                                  : "step_unit = unit\n",
          script->file);
    fprintf(
        script->file,
        "from = %d; to = %d # columns\n"
        "last = %zu # row\n"
        "is_total(x) = column(from) == 0 && ($0 == 0 || $0 == last)\n"
        "kind(x) = is_total(0) ? 1 : column(to) > column(from) ? 2 : 3\n"
        "left(k) = valid(from) && valid(to) && kind(0) == k ? column(from) : NaN\n"
        "say(x) = !valid(from) || !valid(to) ? 'no data' : is_total(0) ? digits(column(to)).unit "
        ": \\\n"
        "    (column(to) > column(from) ? '+' : '').digits(column(to) - column(from)).step_unit\n"
        "set style fill solid 0.85 noborder\n"
        "plot ",
        field(script, CHART_FROM), field(script, CHART_TO), chart_row_count(script->chart) - 1);
    for (int i = 1; i <= 3; i++)
        fprintf(script->file,
                "%s skip 1 using (left(%d)):0:(at(from)):(at(to)):($0-0.32):($0+0.32) \\\n"
                "        with boxxyerror linetype %d notitle, \\\n     ",
                i == 1 ? arena_print(script->arena, "'%s.tsv'", script->chart->name) : "''", i, i);
    fprintf(
        script->file,
        "'' skip 1 using (at(to)):($0 < last ? $0+0.32 : NaN):(0):(0.36) \\\n"
        "        with vectors nohead linetype 1 linecolor rgb '#777777' linewidth 1 notitle, \\\n"
        "     '' skip 1 using (%.12g):0:(say(0)) with labels left offset 1,0 font ',12' "
        "noenhanced notitle\n",
        script->x.high);
}

/* What the parameter was set to, outside the end of its bar; where there is no room on the left,
 * behind its other end. */
static void write_setting(const struct chart_script *script, size_t row, int side, double start,
                          double end)
{
    static const enum chart_role settings[] = {CHART_LOW_SETTING, CHART_HIGH_SETTING};
    int column = chart_script_find(script->chart, settings[side], 0);
    const char *text = words_shorten(
        script->arena, chart_script_cell(script->chart, row, column)->text, SETTING_LENGTH_MAX);
    int width = chart_script_text_px(words_length(text), FONT_SETTING) + SETTING_GAP_PX;
    bool is_left = (end < start || (end == start && side == 0)) &&
                   chart_script_x_px(script, end) - width >= script->left;
    fputs("set label ", script->file);
    chart_script_quote(script, text, SETTING_LENGTH_MAX);
    fprintf(script->file, " at %.12g, %.12g %s offset %s,0 font ',11' noenhanced\n",
            is_left ? end : fmax(start, end), (double)row + (side == 0 ? -0.18 : 0.18),
            is_left ? "right" : "left", is_left ? "-0.6" : "0.6");
}

static void write_settings(const struct chart_script *script)
{
    static const enum chart_role at[] = {CHART_AT_LOW, CHART_AT_HIGH};
    const struct chart *chart = script->chart;
    int base = chart_script_find(chart, CHART_BASE, 0);
    for (size_t i = 0; i < chart_row_count(chart); i++)
        for (int k = 0; k < 2; k++) {
            const struct chart_cell *end =
                chart_script_cell(chart, i, chart_script_find(chart, at[k], 0));
            const struct chart_cell *start = chart_script_cell(chart, i, base);
            if (end->is_missing || start->is_missing)
                continue;
            write_setting(script, i, k, start->number, end->number);
        }
}

/* The value that everything is compared with, if it is the same for all. */
static void write_base(const struct chart_script *script)
{
    const struct chart *chart = script->chart;
    int column = chart_script_find(chart, CHART_BASE, 0);
    const struct chart_cell *first = chart_script_cell(chart, 0, column);
    for (size_t i = 0; i < chart_row_count(chart); i++) {
        const struct chart_cell *cell = chart_script_cell(chart, i, column);
        if (cell->is_missing || cell->number != first->number)
            return;
    }
    const char *unit = script->chart->x.unit;
    const char *base =
        arena_print(script->arena, "base: %.4g%s%s", first->number, *unit != '\0' ? " " : "", unit);
    chart_script_label(script, words_shorten(script->arena, base, 40),
                       chart_script_x_px(script, first->number), script->top - 4,
                       "center font ',11'");
}

static void write_tornado(struct chart_script *script)
{
    static const enum chart_role roles[] = {CHART_AT_LOW, CHART_AT_HIGH, CHART_BASE};
    double low, high;
    if (!extent(script, roles, 3, &low, &high)) {
        chart_script_nothing(script);
        return;
    }
    chart_script_add_legend(script, CHART_SAMPLE_BOX, 0, "lower setting");
    chart_script_add_legend(script, CHART_SAMPLE_BOX, 1, "higher setting");
    bool is_empty = false;
    chart_script_extend_by_marks(script->chart, 'x', &low, &high, &is_empty);
    /* Room on both sides, because the settings are written beside the bars. */
    begin(script, chart_script_range(low, high, false, 0.24), 24);
    write_settings(script);
    write_base(script);
    fprintf(script->file,
            "at_low = %d; at_high = %d; base = %d # columns\n"
            "set style fill solid 0.85 noborder\n"
            "plot '%s.tsv' skip 1 using (at(base)):0:(at(base)):(at(at_low)):($0-0.36):($0-0.02) "
            "\\\n        with boxxyerror linetype 1 notitle, \\\n"
            "     '' skip 1 using (at(base)):0:(at(base)):(at(at_high)):($0+0.02):($0+0.36) \\\n"
            "        with boxxyerror linetype 2 notitle, \\\n"
            "     '' skip 1 using (at(base)):($0-0.5):(0):(1) with vectors nohead "
            "linetype 1 linecolor rgb '#777777' linewidth 1.4 notitle\n",
            field(script, CHART_AT_LOW), field(script, CHART_AT_HIGH), field(script, CHART_BASE),
            script->chart->name);
}

void chart_script_rows(struct chart_script *script)
{
    if (script->chart->kind == CHART_INTERVAL)
        write_interval(script);
    else if (script->chart->kind == CHART_WATERFALL)
        write_waterfall(script);
    else
        write_tornado(script);
}
