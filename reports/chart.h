/* chart.h - charts of a few generic kinds, each as data, script and picture.
 *
 * A chart NAME becomes NAME.tsv (the data), NAME.gp (a gnuplot script that anybody can edit and run
 * again by `gnuplot NAME.gp` in that folder) and NAME.svg. The caller brings kind, words, columns
 * with roles, and cells; this module knows how to draw kinds and nothing of what they show.
 *
 * Kinds, their roles (T text, the others numbers; [] optional, + one to six of them), and what the
 * axes are:
 *
 *     interval     label T, low, estimate, high       a row a label; x: the values
 *     waterfall    label T, from, to                  a row a step; x: the values. A row that
 *                                                     starts at 0 is a total
 *     tornado      label T, low_setting T, high_setting T, at_low, at_high, base
 *                                                     a row a parameter; x: the values
 *     stacked      label T, part T, value             a bar a label, its parts side by side
 *     pairs        first, later+                      a line a row, joined; y: the values
 *     front        label T, x, y, is_front, [x_low, x_high, low, high]   two costs, both to be low
 *     timeline     x, (estimate, [low, high])+, [undecided], [count]
 *     convergence  x, (estimate, [low, high])+        lines with bands
 *     curve        x, (estimate, [low, high])+        the same, measured at few x: with points
 *     rates        x, value+, [capacity]              step lines; capacity is a limit
 *     incidence    x, value+ or area+                 step lines, or steps on top of each other
 *     overlap      x, first, later                    two distributions, overlap shaded
 *     qq           data, fitted+                      quantiles against quantiles
 *     heatmap      x T, y T, value, [is_wide]         a cell a row; is_wide: hatched
 *     gantt        [panel T], lane T, from, to, state T   bars over x; panels above each other
 *
 * `low` and `high` belong to the estimate before them. A missing number is a state ("no data") and
 * is an empty cell, never NaN: what is not finite counts as missing. `undecided` is in the unit of
 * y and drawn as hatched boxes; `count` is printed above. Columns that stand for a series
 * (estimate, value, area, first, later, fitted, undecided, capacity) need a label. Rows are drawn
 * in their order, from the top.
 *
 * Numbers are in the unit that the axis names: percent and not shares, hours and not nanoseconds
 * (chart_time_unit). In the .tsv the columns of numbers come first and those of text last, because
 * gnuplot cannot read past a quotation mark in a text; texts reach it through the script.
 *
 * A chart without anything to draw is drawn as a picture that says so.
 */
#ifndef REPORTS_CHART_H
#define REPORTS_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "reports/directory.h"
#include "reports/identity.h"
#include "reports/process.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

enum chart_kind {
    CHART_INTERVAL,
    CHART_WATERFALL,
    CHART_TORNADO,
    CHART_STACKED,
    CHART_PAIRS,
    CHART_FRONT,
    CHART_TIMELINE,
    CHART_CONVERGENCE,
    CHART_CURVE,
    CHART_RATES,
    CHART_INCIDENCE,
    CHART_OVERLAP,
    CHART_QQ,
    CHART_HEATMAP,
    CHART_GANTT,
};
enum { CHART_KIND_COUNT = CHART_GANTT + 1 };

enum chart_role {
    CHART_LABEL,
    CHART_LOW,
    CHART_ESTIMATE,
    CHART_HIGH,
    CHART_FROM,
    CHART_TO,
    CHART_LOW_SETTING,
    CHART_HIGH_SETTING,
    CHART_AT_LOW,
    CHART_AT_HIGH,
    CHART_BASE,
    CHART_PART,
    CHART_VALUE,
    CHART_FIRST,
    CHART_LATER,
    CHART_X,
    CHART_Y,
    CHART_X_LOW,
    CHART_X_HIGH,
    CHART_IS_FRONT,
    CHART_UNDECIDED,
    CHART_COUNT,
    CHART_CAPACITY,
    CHART_AREA,
    CHART_DATA,
    CHART_FITTED,
    CHART_IS_WIDE,
    CHART_PANEL,
    CHART_LANE,
    CHART_STATE,
};
enum { CHART_ROLE_COUNT = CHART_STATE + 1 };

enum {
    CHART_NAME_LENGTH_MAX = 64,
    CHART_COLUMNS_MAX = 32,
    CHART_SERIES_MAX = 6,
    CHART_MARKS_MAX = 64,
    CHART_ROWS_MAX = 200000,
};

struct chart_axis {
    const char *label; /* With the unit: "failed workflows (%)". Empty: no label. */
    const char *unit;  /* What stands behind a value that is printed: "%", "min", or empty. */
    bool is_log;       /* Only where every value is above 0; else it is drawn linearly. */
};

struct chart_column {
    const char *name; /* In the header of the .tsv. */
    enum chart_role role;
    const char *label; /* For the legend; empty where the role needs none. */
};

/* A line across the picture, or a band if it has an end. */
struct chart_mark {
    char axis; /* 'x': at this x, upright; 'y': at this y. */
    bool has_end;
    double at, end;
    const char *label;
    const char *panel; /* Of a gantt; empty: all of them. */
};

struct chart_cell {
    const char *text; /* Of a column of text; else NULL. */
    double number;    /* Else; 0 if it is missing. */
    bool is_missing;
};

struct chart {
    struct arena *arena; /* Of everything here. */
    enum chart_kind kind;
    const char *name;    /* Of the files: small letters, digits and '-', CHART_NAME_LENGTH_MAX. */
    const char *title;   /* What it shows. */
    const char *caption; /* n and method; may be several lines. */
    const char *alt;     /* One sentence for people who cannot see it. */
    struct chart_axis x, y;
    struct chart_column *columns;
    size_t column_count;
    struct chart_mark *marks;
    size_t mark_count, mark_room;
    struct chart_cell *cells; /* Row by row, in the order of `columns`. */
    size_t cell_count, cell_room;
};

/* Create a chart without words and columns. All texts that are added are copied into the arena;
 * bytes that are not UTF-8 become "?". */
struct chart *chart_create(struct arena *arena, enum chart_kind kind, const char *name);

void chart_set_words(struct chart *chart, const char *title, const char *caption, const char *alt);
void chart_set_x(struct chart *chart, const char *label, const char *unit);
void chart_set_y(struct chart *chart, const char *label, const char *unit);

/* Add a column; all of them before the first cell. `label` may be NULL. */
void chart_add_column(struct chart *chart, enum chart_role role, const char *name,
                      const char *label);

/* Add the next cell, row by row from the left. What is not finite is missing. */
void chart_add_text(struct chart *chart, const char *text);
void chart_add_number(struct chart *chart, double number);
void chart_add_missing(struct chart *chart);

/* Mark a place on an axis, or a range of it. `label` may be empty. */
void chart_add_mark(struct chart *chart, char axis, double at, const char *label);
void chart_add_band(struct chart *chart, char axis, double from, double to, const char *label);
/* The same in one panel of a gantt only. */
void chart_add_panel_mark(struct chart *chart, const char *panel, double at, const char *label);

/* Has the chart the columns and marks that its kind needs? Errors: ERROR_IO, saying what is
 * missing or too much. Charts that the program makes must be valid (checked on writing). */
bool chart_validate(const struct chart *chart, struct error *error);

size_t chart_row_count(const struct chart *chart);

/* The names in the manifest. From a name: false if there is none. */
const char *chart_kind_name(enum chart_kind kind);
const char *chart_role_name(enum chart_role role);
bool chart_kind_of(const char *name, enum chart_kind *kind);
bool chart_role_of(const char *name, enum chart_role *role);
bool chart_is_text(enum chart_kind kind, enum chart_role role);

/* "NAME.tsv", "NAME.gp", "NAME.svg"; in the chart's arena. */
const char *chart_file_name(const struct chart *chart, const char *ending);

/* A unit in which durations up to `longest_ns` read well, and its length: "s", "min", "h", "d". */
const char *chart_time_unit(int64_t longest_ns, int64_t *unit_ns);

/* Write the data, or the script; pure functions of chart and identity. */
void chart_write_data(const struct chart *chart, FILE *file);
void chart_write_script(const struct chart *chart, const struct identity *identity, FILE *file);

/* Both, as files of a folder that is being made. */
bool chart_write(struct directory *directory, const struct chart *chart,
                 const struct identity *identity, struct error *error);

/* Read the cells of a chart, which must have none, from NAME.tsv in a folder. Errors: ERROR_IO with
 * file and line. */
bool chart_read_data(struct chart *chart, const char *folder, struct error *error);

/* How much of the picture is words that a page may want to print itself, in pixels from the top
 * (title) and from the bottom (caption, identity): for svg_inline to cut off. */
struct chart_frame {
    int top, bottom;
};
struct chart_frame chart_frame(const struct chart *chart);

struct chart_drawing {
    const char *folder;                      /* Where the scripts are and the pictures will be. */
    const char *format;                      /* "svg" or "png". */
    unsigned at_once;                        /* Processes; 0: 2. */
    int64_t deadline_ns;                     /* For each; 0: 60 s. */
    const struct process_patience *patience; /* May be NULL. */
};

/* Draw the pictures of charts whose data and scripts are in the folder, many at once. Returns how
 * many could not be drawn; `errors[i]` (ERROR_CHART, with the chart's name) says why, and has code
 * 0 where all is well. A picture appears whole or not at all; data and scripts are left alone. */
size_t charts_draw(const struct chart *const *charts, size_t count,
                   const struct chart_drawing *drawing, struct error *errors);

#endif
