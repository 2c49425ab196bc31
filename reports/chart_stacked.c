#include "reports/chart_script.h"

#include <string.h>

#include "reports/words.h"

/* Bars of parts side by side; which part a row is has to be looked up in its text, so the script
 * holds the boxes. */
enum { LABEL_LENGTH_MAX = 34, ROW_PX = 40, ROW_PX_MANY = 26, ROWS_FEW = 8, FONT = 13 };

/* Negative and missing values take no room. */
static double value_of(const struct chart *chart, size_t row)
{
    const struct chart_cell *cell =
        chart_script_cell(chart, row, chart_script_find(chart, CHART_VALUE, 0));
    return cell->is_missing || cell->number < 0 ? 0 : cell->number;
}

struct stack {
    struct chart_names labels, parts;
    double *totals; /* [labels.count] */
};

static struct stack stack_of(const struct chart_script *script)
{
    const struct chart *chart = script->chart;
    int label = chart_script_find(chart, CHART_LABEL, 0);
    struct stack stack = {
        .labels = chart_script_names(script, label),
        .parts = chart_script_names(script, chart_script_find(chart, CHART_PART, 0)),
    };
    stack.totals = arena_take_array(script->arena, stack.labels.count + 1, sizeof(double));
    for (size_t i = 0; i < chart_row_count(chart); i++)
        stack.totals[chart_script_name_index(
            &stack.labels, chart_script_cell(chart, i, label)->text)] += value_of(chart, i);
    return stack;
}

/* Colours go round; from the second time on the boxes are hatched. */
static const char *fill_of(size_t part)
{
    return part < CHART_COLOUR_COUNT ? "solid 0.85 border rgb '#ffffff'" : "pattern 4 border";
}

static void write_block(const struct chart_script *script, const struct stack *stack)
{
    const struct chart *chart = script->chart;
    int label_column = chart_script_find(chart, CHART_LABEL, 0);
    int part_column = chart_script_find(chart, CHART_PART, 0);
    double *reached = arena_take_array(script->arena, stack->labels.count + 1, sizeof(double));
    fputs("# row, part, from, to: the values of the .tsv, side by side\n$boxes << END\n",
          script->file);
    for (size_t i = 0; i < chart_row_count(chart); i++) {
        size_t label = chart_script_name_index(&stack->labels,
                                               chart_script_cell(chart, i, label_column)->text);
        size_t part =
            chart_script_name_index(&stack->parts, chart_script_cell(chart, i, part_column)->text);
        double from = reached[label];
        reached[label] += value_of(chart, i);
        fprintf(script->file, "%zu\t%zu\t%.12g\t%.12g\n", label, part, from, reached[label]);
    }
    fputs("END\n", script->file);
}

static void write_plot(const struct chart_script *script, const struct stack *stack)
{
    FILE *file = script->file;
    fputs("plot ", file);
    for (size_t i = 0; i < stack->parts.count; i++)
        fprintf(file,
                "$boxes using ($2 == %zu ? $3 : NaN):1:3:4:($1-0.34):($1+0.34) \\\n"
                "        with boxxyerror linetype %zu dashtype 1 fillstyle %s notitle, \\\n     ",
                i, i % CHART_COLOUR_COUNT + 1, fill_of(i));
    /* A value is written into a box that has room for it. */
    double share = 44.0 / (CHART_WIDTH - script->left - script->right);
    fprintf(file,
            "$boxes using (($3+$4)/2):($4-$3 >= %.6g ? $1 : NaN):(digits($4-$3)):(ink($2)) \\\n"
            "        with labels center font ',11' textcolor rgb variable noenhanced "
            "notitle, \\\n"
            "     $totals using (%.12g):0:(digits($1).unit) with labels left offset 1,0 font "
            "',12' noenhanced notitle\n",
            share * (script->x.high - script->x.low), script->x.high);
}

void chart_script_stacked(struct chart_script *script)
{
    const struct chart *chart = script->chart;
    struct stack stack = stack_of(script);
    double highest = 0;
    size_t length_max = 2;
    for (size_t i = 0; i < stack.labels.count; i++) {
        highest = stack.totals[i] > highest ? stack.totals[i] : highest;
        size_t length = words_length(stack.labels.names[i]);
        length_max = length > length_max ? length : length_max;
    }
    length_max = length_max > LABEL_LENGTH_MAX ? LABEL_LENGTH_MAX : length_max;
    double least = 0, most = 0;
    bool is_nothing = true; /* Zeros are something. */
    chart_script_extend(chart, chart_script_find(chart, CHART_VALUE, 0), &least, &most,
                        &is_nothing);
    if (is_nothing) {
        chart_script_nothing(script);
        return;
    }
    for (size_t i = 0; i < stack.parts.count; i++)
        chart_script_add_legend(script,
                                i < CHART_COLOUR_COUNT ? CHART_SAMPLE_BOX : CHART_SAMPLE_HATCH,
                                (int)i % CHART_COLOUR_COUNT, stack.parts.names[i]);
    bool is_empty = false;
    double low = 0;
    chart_script_extend_by_marks(chart, 'x', &low, &highest, &is_empty);
    script->x = chart_script_range(low, highest, true, 0.03);
    script->y = (struct chart_range){.low = -0.6, .high = (double)stack.labels.count - 0.4};
    script->has_reversed_y = true;
    script->plot_height =
        (stack.labels.count <= ROWS_FEW ? ROW_PX : ROW_PX_MANY) * (int)stack.labels.count + 12;
    script->left = CHART_EDGE + 14 + chart_script_text_px(length_max, FONT - 1);
    script->right = 90;
    chart_script_begin(script);
    chart_script_row_tics(script, 'y', stack.labels.names, stack.labels.count, length_max);
    FILE *file = script->file;
    fputs("unset grid\nset grid xtics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1\n"
          "set border 1\n",
          file);
    chart_script_digits(script, chart->x.unit);
    fputs("ink(part) = int(part) % 7 < 3 ? 0xfffffe : 0x111111\n"
          "$totals << END\n",
          file);
    for (size_t i = 0; i < stack.labels.count; i++)
        fprintf(file, "%.12g\n", stack.totals[i]);
    fputs("END\n", file);
    write_block(script, &stack);
    write_plot(script, &stack);
}
