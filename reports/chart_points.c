#include "reports/chart_script.h"

#include <math.h>
#include <string.h>

#include "reports/words.h"

/* Kinds with points: front (two costs), qq (quantiles), pairs (joined). */
enum {
    LABEL_LENGTH_MAX = 28,
    FONT = 11,
    LABEL_HEIGHT = 14,
    POINT_RADIUS = 5,
    FARTHEST_PX = 80, /* From a point to its label. */
    PAIRS_MAX = 300,  /* Lines that are drawn; more only make the picture large. */
};

static int find(const struct chart_script *script, enum chart_role role, size_t nth)
{
    return chart_script_find(script->chart, role, nth);
}

static int field(const struct chart_script *script, int column)
{
    return chart_script_field(script->chart, column);
}

static bool extent(const struct chart_script *script, const enum chart_role *roles, size_t count,
                   double *low, double *high)
{
    bool is_empty = true;
    *low = *high = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; find(script, roles[i], k) >= 0; k++)
            chart_script_extend(script->chart, find(script, roles[i], k), low, high, &is_empty);
    return !is_empty;
}

static struct chart_range range_of(const struct chart_script *script, char axis, double low,
                                   double high)
{
    bool is_empty = false;
    chart_script_extend_by_marks(script->chart, axis, &low, &high, &is_empty);
    bool is_log = axis == 'x' ? script->chart->x.is_log : script->chart->y.is_log;
    return is_log && low > 0 ? chart_script_log_range(low, high)
                             : chart_script_range(low, high, true, 0.07);
}

/* A rectangle on the sheet that is taken. */
struct box {
    double left, right, top, bottom;
};

static bool do_overlap(const struct box *a, const struct box *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

struct placing {
    struct box *boxes;
    size_t count, left_out_count;
};

static bool is_free(const struct chart_script *script, const struct placing *placing,
                    const struct box *box)
{
    if (box->left < script->left + 2 || box->right > CHART_WIDTH - 4 ||
        box->top < script->top - LABEL_HEIGHT || box->bottom > script->top + script->plot_height)
        return false;
    for (size_t i = 0; i < placing->count; i++)
        if (do_overlap(box, &placing->boxes[i]))
            return false;
    return true;
}

/* Write the label if its box is free. */
static bool try_place(const struct chart_script *script, struct placing *placing, const char *label,
                      double x_px, double y_px)
{
    double width = chart_script_text_px(words_length(label), FONT);
    struct box box = {x_px - width / 2, x_px + width / 2, y_px - LABEL_HEIGHT / 2.0,
                      y_px + LABEL_HEIGHT / 2.0};
    if (!is_free(script, placing, &box))
        return false;
    placing->boxes[placing->count++] = box;
    chart_script_label(script, label, x_px, y_px, "center font ',11'");
    return true;
}

/* Right, left, above or below of its point, wherever there is room; else farther away, with a line
 * to the point; else the label stays out. */
static void place_label(const struct chart_script *script, struct placing *placing, size_t row)
{
    static const double directions[][2] = {{1, 0},      {-1, 0},    {0, -1},      {0, 1},
                                           {0.9, -0.6}, {0.9, 0.6}, {-0.9, -0.6}, {-0.9, 0.6}};
    const struct chart *chart = script->chart;
    const struct chart_cell *x = chart_script_cell(chart, row, find(script, CHART_X, 0));
    const struct chart_cell *y = chart_script_cell(chart, row, find(script, CHART_Y, 0));
    if (x->is_missing || y->is_missing)
        return;
    const char *label = words_shorten(
        script->arena, chart_script_cell(chart, row, find(script, CHART_LABEL, 0))->text,
        LABEL_LENGTH_MAX);
    double half_px = 0.5 * chart_script_text_px(words_length(label), FONT);
    double x_px = chart_script_x_px(script, x->number), y_px = chart_script_y_px(script, y->number);
    for (int gap = POINT_RADIUS + 3; gap < FARTHEST_PX; gap += 14)
        for (size_t i = 0; i < sizeof directions / sizeof directions[0]; i++) {
            double dx = directions[i][0], dy = directions[i][1];
            double at_x = x_px + dx * gap + (dx > 0 ? half_px : dx < 0 ? -half_px : 0);
            double at_y = y_px + dy * (gap + (dx == 0 ? LABEL_HEIGHT / 2.0 : 0));
            if (!try_place(script, placing, label, at_x, at_y))
                continue;
            if (gap > POINT_RADIUS + 3)
                chart_script_leader(script, x_px, y_px, x_px + dx * gap, y_px + dy * gap);
            return;
        }
    placing->left_out_count++;
}

static bool is_front(const struct chart_script *script, size_t row)
{
    const struct chart_cell *cell =
        chart_script_cell(script->chart, row, find(script, CHART_IS_FRONT, 0));
    return !cell->is_missing && cell->number != 0;
}

/* The front in the order of x, for its line. */
struct line {
    struct {
        double x, y;
    } * points;
    size_t count;
};

static struct line front_of(const struct chart_script *script)
{
    const struct chart *chart = script->chart;
    size_t row_count = chart_row_count(chart);
    struct line line = {.points =
                            arena_take_array(script->arena, row_count + 1, sizeof *line.points)};
    for (size_t i = 0; i < row_count; i++) {
        const struct chart_cell *x = chart_script_cell(chart, i, find(script, CHART_X, 0));
        const struct chart_cell *y = chart_script_cell(chart, i, find(script, CHART_Y, 0));
        if (!is_front(script, i) || x->is_missing || y->is_missing)
            continue;
        size_t k = line.count++;
        for (; k > 0 && line.points[k - 1].x > x->number; k--)
            line.points[k] = line.points[k - 1];
        line.points[k].x = x->number;
        line.points[k].y = y->number;
    }
    return line;
}

/* The steps of the front are taken as well. */
static void take_steps(const struct chart_script *script, const struct line *front,
                       struct placing *placing)
{
    for (size_t i = 0; i + 1 < front->count; i++) {
        double left = chart_script_x_px(script, front->points[i].x);
        double right = chart_script_x_px(script, front->points[i + 1].x);
        double top = chart_script_y_px(script, front->points[i].y);
        double bottom = chart_script_y_px(script, front->points[i + 1].y);
        placing->boxes[placing->count++] = (struct box){left, right, top - 2, top + 2};
        placing->boxes[placing->count++] =
            (struct box){right - 2, right + 2, fmin(top, bottom), fmax(top, bottom)};
    }
}

/* Points first, so that no label lies on one; labels of the front before the others. */
static void place_labels(const struct chart_script *script, const struct line *front)
{
    const struct chart *chart = script->chart;
    size_t row_count = chart_row_count(chart);
    struct placing placing = {
        .boxes = arena_take_array(script->arena, 4 * row_count + 1, sizeof(struct box))};
    for (size_t i = 0; i < row_count; i++) {
        double x = chart_script_x_px(script,
                                     chart_script_cell(chart, i, find(script, CHART_X, 0))->number);
        double y = chart_script_y_px(script,
                                     chart_script_cell(chart, i, find(script, CHART_Y, 0))->number);
        placing.boxes[placing.count++] =
            (struct box){x - POINT_RADIUS, x + POINT_RADIUS, y - POINT_RADIUS, y + POINT_RADIUS};
    }
    take_steps(script, front, &placing);
    for (int pass = 1; pass >= 0; pass--)
        for (size_t i = 0; i < row_count; i++)
            if (is_front(script, i) == (pass == 1))
                place_label(script, &placing, i);
    if (placing.left_out_count == 0)
        return;
    const char *note =
        arena_print(script->arena, "%zu label%s without room: see %s.tsv", placing.left_out_count,
                    placing.left_out_count == 1 ? "" : "s", chart->name);
    chart_script_label(script, note, CHART_WIDTH - CHART_EDGE, chart_frame(chart).top + 9,
                       "right font ',10' textcolor rgb '#666666'");
}

static void write_front_block(const struct chart_script *script, const struct line *front)
{
    fputs("# The front, by x\n$front << END\n", script->file);
    for (size_t i = 0; i < front->count; i++)
        fprintf(script->file, "%.12g\t%.12g\n", front->points[i].x, front->points[i].y);
    fputs(front->count == 0 ? "NaN\tNaN\nEND\n" : "END\n", script->file);
}

static void write_bars(const struct chart_script *script, enum chart_role low, enum chart_role high,
                       const char *style)
{
    if (find(script, low, 0) >= 0 && find(script, high, 0) >= 0)
        fprintf(script->file,
                "'' skip 1 using (at(across)):(at(up)):(at(%d)):(at(%d)) with %s \\\n"
                "        linecolor rgb '#888888' dashtype 1 linewidth 0.9 pointtype 0 notitle, "
                "\\\n     ",
                field(script, find(script, low, 0)), field(script, find(script, high, 0)), style);
}

static void write_front(struct chart_script *script)
{
    static const enum chart_role x_roles[] = {CHART_X, CHART_X_LOW, CHART_X_HIGH};
    static const enum chart_role y_roles[] = {CHART_Y, CHART_LOW, CHART_HIGH};
    double x_low, x_high, y_low, y_high;
    if (!extent(script, x_roles, 3, &x_low, &x_high) ||
        !extent(script, y_roles, 3, &y_low, &y_high)) {
        chart_script_nothing(script);
        return;
    }
    script->x = range_of(script, 'x', x_low, x_high);
    script->y = range_of(script, 'y', y_low, y_high);
    script->plot_height = 340;
    chart_script_add_legend(script, CHART_SAMPLE_POINT, 0,
                            "on the front: nothing else is better "
                            "in both");
    chart_script_add_legend(script, CHART_SAMPLE_POINT, CHART_COLOUR_COUNT - 2, "other");
    chart_script_begin(script);
    struct line front = front_of(script);
    place_labels(script, &front);
    write_front_block(script, &front);
    fprintf(script->file,
            "across = %d; up = %d; is_front = %d # columns\n"
            "at(n) = valid(n) ? column(n) : NaN\n"
            "plot $front using 1:2 with steps linetype 1 linewidth 1.2 notitle, \\\n"
            "     '%s.tsv' skip 1 using (at(across)):(at(up)) with points pointtype 0 notitle, "
            "\\\n     ",
            field(script, find(script, CHART_X, 0)), field(script, find(script, CHART_Y, 0)),
            field(script, find(script, CHART_IS_FRONT, 0)), script->chart->name);
    write_bars(script, CHART_X_LOW, CHART_X_HIGH, "xerrorbars");
    write_bars(script, CHART_LOW, CHART_HIGH, "yerrorbars");
    fprintf(script->file,
            "'' skip 1 using (column(is_front) == 0 ? at(across) : NaN):(at(up)) \\\n"
            "        with points linetype %d linewidth 2 pointsize 0.9 notitle, \\\n"
            "     '' skip 1 using (column(is_front) != 0 ? at(across) : NaN):(at(up)) \\\n"
            "        with points linetype 1 linewidth 2 pointsize 0.9 notitle\n",
            CHART_COLOUR_COUNT - 1);
}

static void write_qq(struct chart_script *script)
{
    static const enum chart_role roles[] = {CHART_DATA, CHART_FITTED};
    double low, high;
    if (!extent(script, roles, 2, &low, &high)) {
        chart_script_nothing(script);
        return;
    }
    /* Both axes have the same range, so that agreement is the diagonal. */
    bool is_log = (script->chart->x.is_log || script->chart->y.is_log) && low > 0;
    script->x = script->y =
        is_log ? chart_script_log_range(low, high) : chart_script_range(low, high, true, 0.05);
    script->plot_height = 420;
    for (size_t i = 0; find(script, CHART_FITTED, i) >= 0; i++)
        chart_script_add_legend(script, CHART_SAMPLE_POINT, (int)i,
                                script->chart->columns[find(script, CHART_FITTED, i)].label);
    chart_script_begin(script);
    fprintf(script->file,
            "# The diagonal: data and fit agree.\n"
            "set arrow from first %.12g, first %.12g to first %.12g, first %.12g nohead \\\n"
            "    linecolor rgb '#666666' linewidth 1.2 dashtype 2\n"
            "at(n) = valid(n) ? column(n) : NaN\nplot '%s.tsv' ",
            script->x.low, script->x.low, script->x.high, script->x.high, script->chart->name);
    for (size_t i = 0; find(script, CHART_FITTED, i) >= 0; i++)
        fprintf(script->file, "%sskip 1 using (at(%d)):(at(%d)) with points linetype %zu notitle",
                i > 0 ? ", \\\n     '' " : "", field(script, find(script, CHART_DATA, 0)),
                field(script, find(script, CHART_FITTED, i)), i + 1);
    putc('\n', script->file);
}

void chart_script_points(struct chart_script *script)
{
    if (script->chart->kind == CHART_FRONT)
        write_front(script);
    else
        write_qq(script);
}

/* The mean of a column; false if there is none. */
static bool mean_of(const struct chart_script *script, int column, double *mean)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < chart_row_count(script->chart); i++) {
        const struct chart_cell *cell = chart_script_cell(script->chart, i, column);
        sum += cell->number;
        count += !cell->is_missing;
    }
    if (count > 0)
        *mean = sum / (double)count;
    return count > 0;
}

/* The columns side by side: the first, then the later ones. */
static int side_column(const struct chart_script *script, size_t side)
{
    return side == 0 ? find(script, CHART_FIRST, 0) : find(script, CHART_LATER, side - 1);
}

static void write_means(const struct chart_script *script, size_t side_count)
{
    bool is_empty = true;
    fputs("# Means: place, value\n$means << END\n", script->file);
    for (size_t i = 0; i < side_count; i++) {
        double mean;
        if (!mean_of(script, side_column(script, i), &mean))
            continue;
        fprintf(script->file, "%zu\t%.12g\n", i, mean);
        is_empty = false;
    }
    fputs(is_empty ? "NaN\tNaN\nEND\n" : "END\n", script->file);
}

static void write_pair_lines(const struct chart_script *script, size_t side_count)
{
    size_t step = (chart_row_count(script->chart) + PAIRS_MAX - 1) / PAIRS_MAX;
    if (step > 1)
        fprintf(script->file, "# One line in %zu is drawn; the means are of all.\n", step);
    fprintf(script->file, "at(n) = valid(n) ? column(n) : NaN\nplot '%s.tsv' ",
            script->chart->name);
    for (size_t i = 0; i + 1 < side_count; i++)
        fprintf(script->file,
                "skip 1 every %zu using (%zu):(at(%d)):(1):(at(%d)-at(%d)) with vectors nohead \\\n"
                "        linecolor rgb '#a00072b2' linewidth 1 notitle, \\\n     '' ",
                step > 0 ? step : 1, i, field(script, side_column(script, i)),
                field(script, side_column(script, i + 1)), field(script, side_column(script, i)));
    for (size_t i = 0; i < side_count; i++)
        fprintf(script->file,
                "skip 1 every %zu using (%zu):(at(%d)) with points linetype 1 pointsize 0.35 "
                "notitle, \\\n     %s",
                step > 0 ? step : 1, i, field(script, side_column(script, i)),
                i + 1 < side_count ? "'' " : "");
    fputs("$means using 1:2 with linespoints linetype 2 linewidth 3 pointsize 1 notitle",
          script->file);
    if (side_count == 2)
        fputs(", \\\n     $means using ($1 == 0 ? 0 : NaN):2:(digits($2).unit) with labels right "
              "offset -1.5,0 \\\n        font 'sans-serif Bold,12' noenhanced notitle, \\\n"
              "     $means using ($1 > 0 ? $1 : NaN):2:(digits($2).unit) with labels left offset "
              "1.5,0 \\\n        font 'sans-serif Bold,12' noenhanced notitle",
              script->file);
    else /* Between more than two there are lines on both sides: the means stand above. */
        fprintf(script->file,
                ", \\\n     $means using 1:(%.12g):(digits($2).unit) with labels center offset "
                "0,0.15 \\\n        font 'sans-serif Bold,11' noenhanced notitle",
                script->y.high);
    putc('\n', script->file);
}

void chart_script_pairs(struct chart_script *script)
{
    static const enum chart_role roles[] = {CHART_FIRST, CHART_LATER};
    double low, high;
    if (!extent(script, roles, 2, &low, &high)) {
        chart_script_nothing(script);
        return;
    }
    size_t side_count = 1;
    const char *labels[CHART_SERIES_MAX];
    labels[0] = script->chart->columns[side_column(script, 0)].label;
    for (; side_column(script, side_count) >= 0; side_count++)
        labels[side_count] = script->chart->columns[side_column(script, side_count)].label;
    script->x = (struct chart_range){.low = -0.3, .high = (double)side_count - 0.7};
    script->y = range_of(script, 'y', low, high);
    chart_script_add_legend(script, CHART_SAMPLE_LINE, 0, "one pair");
    chart_script_add_legend(script, CHART_SAMPLE_LINE, 1, "mean of all pairs");
    chart_script_begin(script);
    chart_script_row_tics(script, 'x', labels, side_count, 100 / side_count);
    chart_script_digits(script, script->chart->y.unit);
    write_means(script, side_count);
    write_pair_lines(script, side_count);
}
