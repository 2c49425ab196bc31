#include "reports/chart_script.h"

#include <string.h>

#include "reports/words.h"

/* A cell for each pair of settings. Which cell a row is has to be looked up in its texts, so the
 * script holds the cells. */
enum {
    LABEL_LENGTH_MAX = 24,
    CELL_MIN_PX = 16,
    CELL_MAX_PX = 46,
    CELL_WORDS_PX = 38, /* As wide has a cell room for its value. */
    CELL_MISSING_PX = 50,
    VALUE_LABEL_LENGTH_MAX = 50,
    COLOUR_BOX_LOW_PX = 110,
    HATCHES = 4,
    FONT = 12,
};

struct grid {
    struct chart_names x, y;
    double low, high;
    bool is_empty;
};

static struct grid grid_of(const struct chart_script *script)
{
    const struct chart *chart = script->chart;
    struct grid grid = {
        .x = chart_script_names(script, chart_script_find(chart, CHART_X, 0)),
        .y = chart_script_names(script, chart_script_find(chart, CHART_Y, 0)),
        .is_empty = true,
    };
    chart_script_extend(chart, chart_script_find(chart, CHART_VALUE, 0), &grid.low, &grid.high,
                        &grid.is_empty);
    if (grid.low == grid.high) {
        struct chart_range range = chart_script_range(grid.low, grid.high, true, 0);
        grid.low = range.low;
        grid.high = range.high;
    }
    return grid;
}

static size_t longest(const struct chart_names *names)
{
    size_t length_max = 2;
    for (size_t i = 0; i < names->count; i++) {
        size_t length = words_length(names->names[i]);
        length_max = length > length_max ? length : length_max;
    }
    return length_max > LABEL_LENGTH_MAX ? LABEL_LENGTH_MAX : length_max;
}

static void write_cells(const struct chart_script *script, const struct grid *grid, bool is_wide)
{
    const struct chart *chart = script->chart;
    int wide = chart_script_find(chart, CHART_IS_WIDE, 0);
    bool is_empty = true;
    fprintf(script->file, "# column, row, value of the cells%s\n$%s << END\n",
            is_wide ? " with a wide interval" : "", is_wide ? "wide" : "cells");
    for (size_t i = 0; i < chart_row_count(chart); i++) {
        const struct chart_cell *value =
            chart_script_cell(chart, i, chart_script_find(chart, CHART_VALUE, 0));
        if (value->is_missing || (is_wide && chart_script_cell(chart, i, wide)->number == 0))
            continue;
        size_t x = chart_script_name_index(
            &grid->x, chart_script_cell(chart, i, chart_script_find(chart, CHART_X, 0))->text);
        size_t y = chart_script_name_index(
            &grid->y, chart_script_cell(chart, i, chart_script_find(chart, CHART_Y, 0))->text);
        fprintf(script->file, "%zu\t%zu\t%.12g\n", x, y, value->number);
        is_empty = false;
    }
    fputs(is_empty ? "NaN\tNaN\tNaN\nEND\n" : "END\n", script->file);
}

/* Labels of x stand upright where they have no room side by side. */
static bool has_upright_labels(const struct chart_script *script, const struct grid *grid,
                               double cell_px)
{
    (void)script;
    return chart_script_text_px(longest(&grid->x), FONT) + 8 > cell_px;
}

/* Cells that have a row but no value say so where there is room. */
static void write_missing(const struct chart_script *script, const struct grid *grid)
{
    const struct chart *chart = script->chart;
    for (size_t i = 0; i < chart_row_count(chart); i++) {
        if (!chart_script_cell(chart, i, chart_script_find(chart, CHART_VALUE, 0))->is_missing)
            continue;
        size_t x = chart_script_name_index(
            &grid->x, chart_script_cell(chart, i, chart_script_find(chart, CHART_X, 0))->text);
        size_t y = chart_script_name_index(
            &grid->y, chart_script_cell(chart, i, chart_script_find(chart, CHART_Y, 0))->text);
        fprintf(script->file,
                "set label 'no data' at %zu, %zu center font ',10' textcolor rgb '#666666'\n", x,
                y);
    }
}

/* What the colours mean, above them. */
static void write_value_label(const struct chart_script *script)
{
    const struct chart *chart = script->chart;
    const char *label = chart->columns[chart_script_find(chart, CHART_VALUE, 0)].label;
    if (*label != '\0')
        chart_script_label(script, words_shorten(script->arena, label, VALUE_LABEL_LENGTH_MAX),
                           CHART_WIDTH - CHART_EDGE, script->top - 10, "right font ',11'");
}

static void write_plot(const struct chart_script *script, bool has_wide, double cell_px)
{
    FILE *file = script->file;
    fputs("plot $cells using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 with boxxyerror \\\n"
          "        linewidth 1 fillcolor palette fillstyle solid border rgb '#ffffff' notitle",
          file);
    /* Diagonals instead of a pattern, because a pattern covers the colour. Bluish, because the page
     * turns pure greys around in the dark, and the cells stay. */
    for (int i = 1; has_wide && i < 2 * HATCHES; i++) {
        double from_x = i <= HATCHES ? -0.5 : -0.5 + (double)(i - HATCHES) / HATCHES;
        double from_y = i <= HATCHES ? -0.5 + (double)i / HATCHES : 0.5;
        double length = i <= HATCHES ? (double)i / HATCHES : 2 - (double)i / HATCHES;
        fprintf(file,
                ", \\\n     $wide using ($1%+.6g):($2%+.6g):(%.6g):(%.6g):(hatch($3)) "
                "with vectors nohead \\\n        linetype 1 linecolor rgb variable linewidth 0.8 "
                "notitle",
                from_x, from_y, length, -length);
    }
    if (cell_px >= CELL_WORDS_PX)
        fputs(", \\\n     $cells using 1:2:(digits($3)):($3 > middle ? 0xfffffe : 0x111111) "
              "\\\n        with labels center font ',11' textcolor rgb variable noenhanced notitle",
              file);
    putc('\n', file);
}

void chart_script_heatmap(struct chart_script *script)
{
    const struct chart *chart = script->chart;
    struct grid grid = grid_of(script);
    if (grid.is_empty) {
        chart_script_nothing(script);
        return;
    }
    bool has_wide = chart_script_find(chart, CHART_IS_WIDE, 0) >= 0;
    if (has_wide)
        chart_script_add_legend(script, CHART_SAMPLE_HATCH, -1, "wide interval");
    script->x = (struct chart_range){.low = -0.5, .high = (double)grid.x.count - 0.5};
    script->y = (struct chart_range){.low = -0.5, .high = (double)grid.y.count - 0.5};
    script->left = CHART_EDGE + 18 + chart_script_text_px(longest(&grid.y), FONT);
    script->right = 90;
    double cell_px = (double)(CHART_WIDTH - script->left - script->right) / (double)grid.x.count;
    int height_px = 360 / (int)grid.y.count;
    height_px = height_px < CELL_MIN_PX   ? CELL_MIN_PX
                : height_px > CELL_MAX_PX ? CELL_MAX_PX
                                          : height_px;
    script->plot_height = height_px * (int)grid.y.count;
    bool is_upright = has_upright_labels(script, &grid, cell_px);
    if (is_upright)
        script->x_tics_px = chart_script_text_px(longest(&grid.x), FONT) - 8;
    chart_script_begin(script);
    chart_script_row_tics(script, 'x', grid.x.names, grid.x.count, LABEL_LENGTH_MAX);
    chart_script_row_tics(script, 'y', grid.y.names, grid.y.count, LABEL_LENGTH_MAX);
    fprintf(script->file,
            "%sunset grid\nunset border\n"
            "set palette defined (0 '#f1f6fb', 0.35 '#a6cbe3', 0.7 '#3d86bd', 1 '#0b3d73')\n"
            "set cbrange [%.12g:%.12g]\n"
            "set colorbox user origin screen 1-%d/width, screen %d/height size screen 14/width, "
            "screen %d/height noborder\n"
            "set cbtics scale 0 font ',11'\n"
            "middle = %.12g\n"
            "hatch(v) = v > middle ? 0xc9d8e6 : 0x33404d\n",
            is_upright ? "set xtics rotate by 90 right\n" : "", grid.low, grid.high,
            script->right - 16, script->bottom, script->plot_height,
            grid.low + 0.72 * (grid.high - grid.low));
    /* A low box has room for its ends only. */
    if (script->plot_height < COLOUR_BOX_LOW_PX)
        fprintf(script->file, "set cbtics (%.12g, %.12g)\n", grid.low, grid.high);
    chart_script_digits(script, NULL);
    write_cells(script, &grid, false);
    if (has_wide)
        write_cells(script, &grid, true);
    write_value_label(script);
    if (cell_px >= CELL_MISSING_PX)
        write_missing(script, &grid);
    write_plot(script, has_wide, cell_px);
}
