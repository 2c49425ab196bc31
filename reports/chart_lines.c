#include "reports/chart_script.h"

#include <math.h>
#include <string.h>

#include "reports/words.h"

/* Kinds with lines over x: timeline, convergence, curve (series with limits); rates, incidence
 * (steps); overlap. */
enum {
    RIGHT_LENGTH_MAX = 22, /* Longer labels go into rows above the plot. */
    FEW_POINTS_MAX = 60,   /* So many have room for points and bars. */
    COUNT_POINTS_MAX = 26, /* So many have room for their counts. */
    FONT_SMALL = 11,
};

static int find(const struct chart_script *script, enum chart_role role, size_t nth)
{
    return chart_script_find(script->chart, role, nth);
}

static int field(const struct chart_script *script, int column)
{
    return chart_script_field(script->chart, column);
}

/* The last number of a column, or `otherwise`. */
static double last_of(const struct chart_script *script, int column, double otherwise)
{
    for (size_t i = chart_row_count(script->chart); i-- > 0;) {
        const struct chart_cell *cell = chart_script_cell(script->chart, i, column);
        if (!cell->is_missing)
            return cell->number;
    }
    return otherwise;
}

/* Put lines into the legend; beside their ends if all labels are short. */
static void add_lines(struct chart_script *script, enum chart_role role, double otherwise)
{
    for (size_t i = 0; find(script, role, i) >= 0; i++) {
        int column = find(script, role, i);
        script->legend_at[script->legend_count] = last_of(script, column, otherwise);
        chart_script_add_legend(script, CHART_SAMPLE_LINE, (int)i,
                                script->chart->columns[column].label);
    }
}

static void choose_legend(struct chart_script *script)
{
    size_t longest = 0;
    for (size_t i = 0; i < script->legend_count; i++) {
        size_t length = words_length(script->legend[i].label);
        longest = length > longest ? length : longest;
        if (script->legend[i].sample != CHART_SAMPLE_LINE)
            return;
    }
    if (longest > RIGHT_LENGTH_MAX)
        return;
    script->has_right_legend = true;
    script->right = 52 + chart_script_text_px(longest, FONT_SMALL);
}

/* The range of x is that of the data and the marks. False: there is nothing. */
static bool set_x(struct chart_script *script)
{
    double low = 0, high = 0;
    bool is_empty = true;
    chart_script_extend(script->chart, find(script, CHART_X, 0), &low, &high, &is_empty);
    if (is_empty)
        return false;
    chart_script_extend_by_marks(script->chart, 'x', &low, &high, &is_empty);
    if (script->chart->x.is_log && low > 0)
        script->x = chart_script_log_range(low, high);
    else
        script->x = chart_script_range(low, high, false, 0.015);
    return true;
}

/* The range of y is that of the columns of some roles, and the marks. */
static bool set_y(struct chart_script *script, const enum chart_role *roles, size_t count,
                  bool has_zero)
{
    double low = 0, high = 0;
    bool is_empty = true;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; find(script, roles[i], k) >= 0; k++)
            chart_script_extend(script->chart, find(script, roles[i], k), &low, &high, &is_empty);
    if (is_empty)
        return false;
    chart_script_extend_by_marks(script->chart, 'y', &low, &high, &is_empty);
    if (script->chart->y.is_log && low > 0)
        script->y = chart_script_log_range(low, high);
    else
        script->y = chart_script_range(low, high, has_zero, 0.06);
    return true;
}

/* A box of undecided needs the width of a bin: the least distance of two x. */
static double bin_width(const struct chart_script *script)
{
    const struct chart *chart = script->chart;
    int column = find(script, CHART_X, 0);
    double width = 0;
    for (size_t i = 1; i < chart_row_count(chart); i++) {
        const struct chart_cell *here = chart_script_cell(chart, i, column);
        const struct chart_cell *before = chart_script_cell(chart, i - 1, column);
        double step = fabs(here->number - before->number);
        if (!here->is_missing && !before->is_missing && step > 0 && (width == 0 || step < width))
            width = step;
    }
    return width > 0 ? width : 0.1 * (script->x.high - script->x.low);
}

static void begin_plot(const struct chart_script *script)
{
    fprintf(script->file,
            "at(n) = valid(n) ? column(n) : NaN\nacross = %d # column of x\nplot '%s.tsv' ",
            field(script, find(script, CHART_X, 0)), script->chart->name);
}

/* What of a chart with series stands behind the lines. */
static void write_behind(const struct chart_script *script)
{
    FILE *file = script->file;
    int undecided = find(script, CHART_UNDECIDED, 0), count = find(script, CHART_COUNT, 0);
    if (undecided >= 0)
        fprintf(file,
                "skip 1 using (at(across)):(at(%d)):(%.12g) with boxes linecolor rgb '#999999' \\\n"
                "        linewidth 0.8 fillstyle pattern 4 border notitle, \\\n     '' ",
                field(script, undecided), 0.9 * bin_width(script));
    if (count >= 0 && chart_row_count(script->chart) <= COUNT_POINTS_MAX)
        fprintf(file,
                "skip 1 using (at(across)):(%.12g):(valid(%d) ? gprintf('%%.0f', column(%d)) : '') "
                "\\\n        with labels center offset 0,-0.6 font ',9' textcolor rgb '#777777' "
                "noenhanced notitle, \\\n     '' ",
                script->y.high, field(script, count), field(script, count));
}

/* Does the series have limits? They stand behind their estimate. */
static bool has_limits(const struct chart_script *script, int estimate)
{
    return (size_t)estimate + 2 < script->chart->column_count + 0 &&
           script->chart->columns[estimate + 1].role == CHART_LOW;
}

static void write_series(const struct chart_script *script, size_t nth)
{
    FILE *file = script->file;
    int estimate = find(script, CHART_ESTIMATE, nth), line = (int)nth + 1;
    bool is_few = chart_row_count(script->chart) <= FEW_POINTS_MAX &&
                  script->chart->kind != CHART_CONVERGENCE;
    if (has_limits(script, estimate)) {
        int low = field(script, estimate + 1), high = field(script, estimate + 2);
        fprintf(file,
                "skip 1 using (at(across)):(at(%d)):(at(%d)) with filledcurves linetype %d \\\n"
                "        fillstyle transparent solid 0.18 noborder notitle, \\\n     '' ",
                low, high, line);
        if (is_few || chart_row_count(script->chart) == 1)
            fprintf(
                file,
                "skip 1 using (at(across)):(at(%d)):(at(%d)):(at(%d)) with yerrorbars \\\n"
                "        linetype %d dashtype 1 linewidth 0.9 pointtype 0 notitle, \\\n     '' ",
                field(script, estimate), low, high, line);
    }
    bool has_points = is_few || chart_row_count(script->chart) == 1;
    fprintf(file, "skip 1 using (at(across)):(at(%d)) with %s linetype %d linewidth 2 notitle",
            field(script, estimate), has_points ? "linespoints" : "lines", line);
}

void chart_script_series(struct chart_script *script)
{
    static const enum chart_role roles[] = {CHART_ESTIMATE, CHART_LOW, CHART_HIGH, CHART_UNDECIDED};
    bool has_zero = script->chart->kind != CHART_CONVERGENCE;
    if (!set_x(script) || !set_y(script, roles, 4, has_zero)) {
        chart_script_nothing(script);
        return;
    }
    add_lines(script, CHART_ESTIMATE, script->y.low);
    int undecided = find(script, CHART_UNDECIDED, 0);
    if (undecided >= 0) {
        /* Half a box stands out on both sides. */
        double half = 0.5 * bin_width(script);
        script->x.low -= script->x.is_log ? 0 : half;
        script->x.high += script->x.is_log ? 0 : half;
        chart_script_add_legend(script, CHART_SAMPLE_HATCH, -1,
                                script->chart->columns[undecided].label);
    }
    choose_legend(script);
    chart_script_begin(script);
    if (find(script, CHART_COUNT, 0) >= 0 && chart_row_count(script->chart) <= COUNT_POINTS_MAX)
        chart_script_label(script, "n", CHART_WIDTH - script->right + 5, script->top + 7,
                           "left font 'sans-serif Italic,10' textcolor rgb '#777777'");
    begin_plot(script);
    write_behind(script);
    for (size_t i = 0; find(script, CHART_ESTIMATE, i) >= 0; i++) {
        if (i > 0)
            fputs(", \\\n     '' ", script->file);
        write_series(script, i);
    }
    putc('\n', script->file);
}

/* Sums of the areas up to and including the nth, as an expression of gnuplot. */
static void write_sum(const struct chart_script *script, size_t nth)
{
    for (size_t i = 0; i <= nth; i++)
        fprintf(script->file, "%sat(%d)", i > 0 ? "+" : "",
                field(script, find(script, CHART_AREA, i)));
}

/* The highest of all sums of areas. */
static double highest_sum(const struct chart_script *script)
{
    double highest = 0;
    for (size_t row = 0; row < chart_row_count(script->chart); row++) {
        double sum = 0;
        for (size_t i = 0; find(script, CHART_AREA, i) >= 0; i++)
            sum += chart_script_cell(script->chart, row, find(script, CHART_AREA, i))->number;
        highest = fmax(highest, sum);
    }
    return highest;
}

/* The last sum stands behind, so that each shows above the one before it. */
static void write_areas(struct chart_script *script)
{
    size_t count = 0;
    for (; find(script, CHART_AREA, count) >= 0; count++)
        chart_script_add_legend(script, CHART_SAMPLE_BOX, (int)count,
                                script->chart->columns[find(script, CHART_AREA, count)].label);
    double highest = highest_sum(script), low = 0;
    bool is_empty = false;
    chart_script_extend_by_marks(script->chart, 'y', &low, &highest, &is_empty);
    script->y = chart_script_range(low, highest, true, 0.04);
    chart_script_begin(script);
    begin_plot(script);
    for (size_t i = count; i-- > 0;) {
        fputs("skip 1 using (at(across)):(", script->file);
        write_sum(script, i);
        /* A single point has no step. */
        if (chart_row_count(script->chart) == 1)
            fprintf(script->file, "):(%.12g) with boxes", 0.5 * (script->x.high - script->x.low));
        else
            fputs(") with fillsteps", script->file);
        fprintf(script->file, " linetype %zu fillstyle solid noborder notitle%s", i + 1,
                i > 0 ? ", \\\n     '' " : "\n");
    }
}

void chart_script_steps(struct chart_script *script)
{
    static const enum chart_role roles[] = {CHART_VALUE, CHART_CAPACITY, CHART_AREA};
    if (!set_x(script) || !set_y(script, roles, 3, true)) {
        chart_script_nothing(script);
        return;
    }
    if (find(script, CHART_AREA, 0) >= 0) {
        write_areas(script);
        return;
    }
    add_lines(script, CHART_VALUE, script->y.low);
    int capacity = find(script, CHART_CAPACITY, 0);
    if (capacity >= 0) {
        script->legend_at[script->legend_count] = last_of(script, capacity, script->y.low);
        chart_script_add_legend(script, CHART_SAMPLE_LINE, CHART_COLOUR_COUNT - 1,
                                script->chart->columns[capacity].label);
    }
    choose_legend(script);
    chart_script_begin(script);
    begin_plot(script);
    /* A single point has no step. */
    const char *style = chart_row_count(script->chart) > 1 ? "steps" : "points";
    for (size_t i = 0; find(script, CHART_VALUE, i) >= 0; i++)
        fprintf(script->file,
                "%sskip 1 using (at(across)):(at(%d)) with %s linetype %zu linewidth 1.8 notitle",
                i > 0 ? ", \\\n     '' " : "", field(script, find(script, CHART_VALUE, i)), style,
                i + 1);
    if (capacity >= 0)
        fprintf(
            script->file,
            ", \\\n     '' skip 1 using (at(across)):(at(%d)) with %s linetype %d linewidth 2.2 "
            "notitle",
            field(script, capacity), style, CHART_COLOUR_COUNT);
    putc('\n', script->file);
}

void chart_script_overlap(struct chart_script *script)
{
    static const enum chart_role roles[] = {CHART_FIRST, CHART_LATER};
    int first = find(script, CHART_FIRST, 0), later = find(script, CHART_LATER, 0);
    if (!set_x(script) || !set_y(script, roles, 2, true)) {
        chart_script_nothing(script);
        return;
    }
    chart_script_add_legend(script, CHART_SAMPLE_LINE, 0, script->chart->columns[first].label);
    chart_script_add_legend(script, CHART_SAMPLE_LINE, 1, script->chart->columns[later].label);
    chart_script_add_legend(script, CHART_SAMPLE_HATCH, -1, "overlap");
    chart_script_begin(script);
    fprintf(script->file,
            "first = %d; later = %d # columns\n"
            "least(a, b) = a < b ? a : b\n",
            field(script, first), field(script, later));
    begin_plot(script);
    const char *style = chart_row_count(script->chart) > 1 ? "lines" : "points";
    fprintf(
        script->file,
        "skip 1 using (at(across)):(at(first)) with filledcurves y=0 linetype 1 \\\n"
        "        fillstyle transparent solid 0.15 noborder notitle, \\\n"
        "     '' skip 1 using (at(across)):(at(later)) with filledcurves y=0 linetype 2 \\\n"
        "        fillstyle transparent solid 0.15 noborder notitle, \\\n"
        "     '' skip 1 using (at(across)):(least(at(first), at(later))) with filledcurves y=0 \\\n"
        "        linetype 1 linecolor rgb '#777777' fillstyle pattern 4 noborder notitle, \\\n"
        "     '' skip 1 using (at(across)):(at(first)) with %s linetype 1 linewidth 2 notitle, \\\n"
        "     '' skip 1 using (at(across)):(at(later)) with %s linetype 2 linewidth 2 notitle\n",
        style, style);
}
