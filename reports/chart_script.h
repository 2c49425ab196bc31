/* chart_script.h - what all kinds of charts share when they write their gnuplot script: the head,
 * the sheet and its words, legend, marks, ranges. Only for the chart_*.c files.
 *
 * The sheet is laid out here in pixels, not by gnuplot, so that nothing depends on fonts, and words
 * of any length have their place or end in an ellipsis:
 *
 *     title                       up to two lines, left
 *     label of y                  small
 *     legend                      samples with labels, in rows; or right of the lines' ends
 *     labels of marks             in rows, so that neighbours do not overlap
 *     +--------------------+
 *     |       plot         |
 *     +--------------------+
 *     tics, label of x
 *     caption, identity           small
 *
 * Widths of texts are estimated (CHART_TEXT_WIDTH of the size of the font per character).
 *
 * Nothing is drawn in pure black or white but words, axes and the sheet itself: the page turns
 * those around in the dark (svg.h).
 */
#ifndef REPORTS_CHART_SCRIPT_H
#define REPORTS_CHART_SCRIPT_H

#include "reports/chart.h"

enum { CHART_WIDTH = 720, CHART_EDGE = 14, CHART_COLOUR_COUNT = 7, CHART_LEGEND_MAX = 24 };

/* An item of the legend: how it is drawn, and what it is called. */
enum chart_sample {
    CHART_SAMPLE_LINE,
    CHART_SAMPLE_BOX,
    CHART_SAMPLE_HATCH,
    CHART_SAMPLE_POINT,
    CHART_SAMPLE_INSTANT, /* Of a gantt: what has no length. */
};
struct chart_legend_item {
    enum chart_sample sample;
    int style; /* From 0, see chart_script_begin. */
    const char *label;
};

/* A range of an axis; both ends are finite and differ. */
struct chart_range {
    double low, high;
    bool is_log;
};

struct chart_script {
    FILE *file;
    const struct chart *chart;
    const struct identity *identity;
    struct arena *arena;
    struct chart_range x, y;
    bool has_reversed_y;     /* Rows from the top. */
    int plot_height;         /* Pixels, from here on. */
    int left, right;         /* Margins. */
    int x_tics_px;           /* Below the plot, more than a line of tics needs. */
    bool has_panels;         /* They write their marks themselves. */
    int height, top, bottom; /* Set by begin: of the sheet; margins of the plot. */
    struct chart_legend_item legend[CHART_LEGEND_MAX];
    size_t legend_count;
    bool has_right_legend; /* Of lines; `legend_at` are their ends in y. */
    double legend_at[CHART_LEGEND_MAX];
};

/* One function for each family of kinds; they are given a script with nothing but file, chart,
 * identity, arena, and margins for an axis of numbers. */
void chart_script_rows(struct chart_script *script);
void chart_script_stacked(struct chart_script *script);
void chart_script_series(struct chart_script *script);
void chart_script_steps(struct chart_script *script);
void chart_script_overlap(struct chart_script *script);
void chart_script_points(struct chart_script *script);
void chart_script_pairs(struct chart_script *script);
void chart_script_heatmap(struct chart_script *script);
void chart_script_gantt(struct chart_script *script);

/* The nth column of a role in the chart, or -1; its number in the file, for `using`. */
int chart_script_find(const struct chart *chart, enum chart_role role, size_t nth);
int chart_script_field(const struct chart *chart, int column);

static inline const struct chart_cell *chart_script_cell(const struct chart *chart, size_t row,
                                                         int column)
{
    return &chart->cells[row * chart->column_count + (size_t)column];
}

/* Widen the range by what a column holds. `*is_empty` says whether there was nothing before, and is
 * set to false if there is. */
void chart_script_extend(const struct chart *chart, int column, double *low, double *high,
                         bool *is_empty);
/* The same by the marks of an axis. */
void chart_script_extend_by_marks(const struct chart *chart, char axis, double *low, double *high,
                                  bool *is_empty);

/* A range with a margin (as a part of it) around low and high, from 0 if they are not negative and
 * `has_zero`; logarithmic if wished for and possible. */
struct chart_range chart_script_range(double low, double high, bool has_zero, double margin);
struct chart_range chart_script_log_range(double low, double high);

/* Where a value lies on the sheet, in pixels from its left or top; y only after begin. */
double chart_script_x_px(const struct chart_script *script, double value);
double chart_script_y_px(const struct chart_script *script, double value);

/* Estimated pixels of so many characters. */
int chart_script_text_px(size_t length, int font_px);

/* Distinct texts of a column in the order of their first appearance; and the index of one. */
struct chart_names {
    const char **names;
    size_t count;
};
struct chart_names chart_script_names(const struct chart_script *script, int column);
size_t chart_script_name_index(const struct chart_names *names, const char *name);

void chart_script_add_legend(struct chart_script *script, enum chart_sample sample, int style,
                             const char *label);

/* Write everything up to the `plot` command. Styles: line i of the legend is `linetype i + 1`:
 * colours of gnuplot's podo that are seen on white and on black, each with dashes and points of its
 * own. */
void chart_script_begin(struct chart_script *script);

/* Write the marks of a panel (NULL: all) over the plot at `top`; how many rows their labels need.
 */
void chart_script_marks(const struct chart_script *script, const char *panel);
int chart_script_mark_rows(const struct chart_script *script, const char *panel);

/* Write a text at a place on the sheet; `extra` is alignment, font, colour. */
void chart_script_label(const struct chart_script *script, const char *text, double x_px,
                        double y_px, const char *extra);

/* Write a thin line between two places. */
void chart_script_leader(const struct chart_script *script, double from_x_px, double from_y_px,
                         double to_x_px, double to_y_px);

/* Write the tics of rows: the labels, shortened. */
void chart_script_row_tics(const struct chart_script *script, char axis, const char *const *labels,
                           size_t count, size_t length_max);

/* Write a text as a gnuplot string, on one line and shortened. */
void chart_script_quote(const struct chart_script *script, const char *text, size_t length_max);

/* Write how numbers are said: the function digits(v) of gnuplot, whole from a thousand on, else
 * three digits; and the variable `unit` (NULL: none) with a blank in front. */
void chart_script_digits(const struct chart_script *script, const char *unit);

/* Write a picture that says there is nothing to draw. */
void chart_script_nothing(struct chart_script *script);

/* The colour of a style: "#0072b2"; and of words on it. */
const char *chart_script_colour(int style);
const char *chart_script_ink(int style);

#endif
