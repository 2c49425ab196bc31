#include "reports/chart_script.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "reports/gnuplot.h"
#include "reports/words.h"
#include "sim/base/check.h"

enum {
    FONT = 13,
    FONT_TITLE = 15,
    FONT_SMALL = 11,
    FONT_CAPTION = 10,
    TITLE_LINES_MAX = 2,
    CAPTION_LINES_MAX = 12,
    FOOT_LINES = 2,
    TITLE_STEP = 20,
    ROW_STEP = 18,
    MARK_STEP = 15,
    LEGEND_GAP = 6,
    CAPTION_STEP = 14,
    MARK_ROWS_MAX = 6,
    MARK_LENGTH_MAX = 60,
    Y_MARK_LENGTH_MAX = 20, /* Beside the plot. */
    SAMPLE_PX = 26,
    LABEL_LENGTH_MAX = 60,
    X_LABEL_LENGTH_MAX = 80,
    UNIT_LENGTH_MAX = 10,
    SCRIPT_NOTHING_HEIGHT = 120,
};
#define TEXT_WIDTH 0.56 /* Of a character, in sizes of the font: DejaVu Sans, a wide one. */

static const char *const colours[CHART_COLOUR_COUNT] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                        "#e69f00", "#56b4e9", "#8c8c8c"};

const char *chart_script_colour(int style)
{
    return colours[style % CHART_COLOUR_COUNT];
}

const char *chart_script_ink(int style)
{
    return style % CHART_COLOUR_COUNT < 3 ? "#fffffe" : "#111111";
}

int chart_script_find(const struct chart *chart, enum chart_role role, size_t nth)
{
    for (size_t i = 0; i < chart->column_count; i++)
        if (chart->columns[i].role == role && nth-- == 0)
            return (int)i;
    return -1;
}

int chart_script_field(const struct chart *chart, int column)
{
    int before = 0;
    bool is_text = chart_is_text(chart->kind, chart->columns[column].role);
    for (int i = 0; i < (int)chart->column_count; i++) {
        bool is_other_text = chart_is_text(chart->kind, chart->columns[i].role);
        before += is_other_text == is_text ? i < column : is_text;
    }
    return before + 1;
}

static void extend(double value, double *low, double *high, bool *is_empty)
{
    *low = *is_empty || value < *low ? value : *low;
    *high = *is_empty || value > *high ? value : *high;
    *is_empty = false;
}

void chart_script_extend(const struct chart *chart, int column, double *low, double *high,
                         bool *is_empty)
{
    size_t row_count = column >= 0 ? chart_row_count(chart) : 0;
    for (size_t i = 0; i < row_count; i++) {
        const struct chart_cell *cell = chart_script_cell(chart, i, column);
        if (!cell->is_missing)
            extend(cell->number, low, high, is_empty);
    }
}

void chart_script_extend_by_marks(const struct chart *chart, char axis, double *low, double *high,
                                  bool *is_empty)
{
    for (size_t i = 0; i < chart->mark_count; i++) {
        const struct chart_mark *mark = &chart->marks[i];
        if (mark->axis != axis)
            continue;
        extend(mark->at, low, high, is_empty);
        if (mark->has_end)
            extend(mark->end, low, high, is_empty);
    }
}

struct chart_range chart_script_range(double low, double high, bool has_zero, double margin)
{
    if (has_zero && low > 0)
        low = 0;
    if (has_zero && high < 0)
        high = 0;
    /* Values that are all but equal get room in proportion to their size. */
    double size = fmax(fabs(low), fabs(high)), width = high - low;
    if (width <= 1e-9 * size || width == 0) {
        double room = size > 0 ? 0.1 * size : 1;
        bool is_at_zero = has_zero && size == 0;
        return (struct chart_range){.low = is_at_zero ? 0 : low - room, .high = high + room};
    }
    /* What is never negative has no room below 0, and the other way round. */
    struct chart_range range = {.low = low - margin * width, .high = high + margin * width};
    if (low >= 0 && range.low < 0)
        range.low = 0;
    if (high <= 0 && range.high > 0)
        range.high = 0;
    return range;
}

struct chart_range chart_script_log_range(double low, double high)
{
    if (low <= 0)
        return chart_script_range(low, high, true, 0.05);
    double room = high > low ? pow(high / low, 0.06) : 2;
    return (struct chart_range){.low = low / room, .high = high * room, .is_log = true};
}

int chart_script_text_px(size_t length, int font_px)
{
    return (int)ceil(TEXT_WIDTH * font_px * (double)length);
}

struct chart_names chart_script_names(const struct chart_script *script, int column)
{
    const struct chart *chart = script->chart;
    size_t row_count = chart_row_count(chart);
    struct chart_names names = {.names =
                                    arena_take_array(script->arena, row_count + 1, sizeof(char *))};
    for (size_t i = 0; i < row_count; i++) {
        const char *text = chart_script_cell(chart, i, column)->text;
        if (chart_script_name_index(&names, text) == names.count)
            names.names[names.count++] = text;
    }
    return names;
}

size_t chart_script_name_index(const struct chart_names *names, const char *name)
{
    size_t i = 0;
    while (i < names->count && strcmp(names->names[i], name) != 0)
        i++;
    return i;
}

void chart_script_add_legend(struct chart_script *script, enum chart_sample sample, int style,
                             const char *label)
{
    if (script->legend_count < CHART_LEGEND_MAX)
        script->legend[script->legend_count++] =
            (struct chart_legend_item){.sample = sample, .style = style, .label = label};
}

void chart_script_quote(const struct chart_script *script, const char *text, size_t length_max)
{
    gnuplot_quote(script->file, words_shorten(script->arena, text, length_max));
}

/* A place on the sheet, from its left and its top. */
static void write_place(const struct chart_script *script, double x_px, double y_px)
{
    fprintf(script->file, "screen %.6g/width, screen 1-%.6g/height", x_px, y_px);
}

/* `extra`: alignment and colour. */
static void write_label(const struct chart_script *script, const char *text, double x_px,
                        double y_px, const char *extra)
{
    fputs("set label ", script->file);
    gnuplot_quote(script->file, text);
    fputs(" at ", script->file);
    write_place(script, x_px, y_px);
    fprintf(script->file, " noenhanced %s\n", extra);
}

void chart_script_label(const struct chart_script *script, const char *text, double x_px,
                        double y_px, const char *extra)
{
    write_label(script, text, x_px, y_px, extra);
}

void chart_script_leader(const struct chart_script *script, double from_x_px, double from_y_px,
                         double to_x_px, double to_y_px)
{
    fputs("set arrow from ", script->file);
    write_place(script, from_x_px, from_y_px);
    fputs(" to ", script->file);
    write_place(script, to_x_px, to_y_px);
    fputs(" nohead linecolor rgb '#999999' linewidth 0.8 dashtype 1 back\n", script->file);
}

static struct words_lines title_lines(const struct chart *chart)
{
    size_t length_max = (size_t)((CHART_WIDTH - 2 * CHART_EDGE) / (1.05 * TEXT_WIDTH * FONT_TITLE));
    return words_wrap(chart->arena, chart->title, length_max, TITLE_LINES_MAX);
}

static size_t caption_length_max(void)
{
    return (size_t)((CHART_WIDTH - 2 * CHART_EDGE) / (TEXT_WIDTH * FONT_CAPTION));
}

static struct words_lines caption_lines(const struct chart *chart)
{
    return words_wrap(chart->arena, chart->caption, caption_length_max(), CAPTION_LINES_MAX);
}

struct chart_frame chart_frame(const struct chart *chart)
{
    return (struct chart_frame){
        .top = 10 + TITLE_STEP * (int)title_lines(chart).count,
        .bottom = CAPTION_STEP * ((int)caption_lines(chart).count + FOOT_LINES) + 8,
    };
}

static double fraction(const struct chart_range *range, double value)
{
    if (range->is_log)
        return log(value / range->low) / log(range->high / range->low);
    return (value - range->low) / (range->high - range->low);
}

double chart_script_x_px(const struct chart_script *script, double value)
{
    double plot_px = CHART_WIDTH - script->left - script->right;
    return script->left + plot_px * fraction(&script->x, value);
}

double chart_script_y_px(const struct chart_script *script, double value)
{
    double share = fraction(&script->y, value);
    return script->top + script->plot_height * (script->has_reversed_y ? share : 1 - share);
}

static bool is_inside(const struct chart_range *range, double value)
{
    return value >= range->low && value <= range->high;
}

/* The legend in rows under the title. */
static int legend_item_px(const struct chart_legend_item *item)
{
    size_t length = words_length(item->label);
    length = length > LABEL_LENGTH_MAX ? LABEL_LENGTH_MAX : length;
    return SAMPLE_PX + 8 + chart_script_text_px(length, FONT_SMALL) + 18;
}

static void write_sample(const struct chart_script *script, const struct chart_legend_item *item,
                         double x, double y)
{
    FILE *file = script->file;
    switch (item->sample) {
    case CHART_SAMPLE_LINE:
        fputs("set arrow from ", file);
        write_place(script, x, y);
        fputs(" to ", file);
        write_place(script, x + SAMPLE_PX, y);
        fprintf(file, " nohead linetype %d linewidth 2\n", item->style + 1);
        return;
    case CHART_SAMPLE_BOX:
    case CHART_SAMPLE_HATCH:
        fputs("set object rectangle from ", file);
        write_place(script, x + 6, y + 6);
        fputs(" to ", file);
        write_place(script, x + SAMPLE_PX - 2, y - 6);
        if (item->sample == CHART_SAMPLE_HATCH)
            fprintf(file, " fillcolor rgb '%s' fillstyle pattern 4 border rgb '#777777'\n",
                    item->style < 0 ? "#777777" : chart_script_colour(item->style));
        else
            fprintf(file, " fillcolor rgb '%s' fillstyle solid noborder\n",
                    chart_script_colour(item->style));
        return;
    case CHART_SAMPLE_POINT:
    case CHART_SAMPLE_INSTANT:
        fputs("set label '' at ", file);
        write_place(script, x + SAMPLE_PX / 2.0, y);
        fprintf(file, " point linetype %d %s\n", item->style + 1,
                item->sample == CHART_SAMPLE_POINT ? "linewidth 2 pointsize 0.9"
                                                   : "pointtype 13 pointsize 1.1");
        return;
    }
    check_failed(__FILE__, __LINE__, "a known sample");
}

/* Place the items in rows; returns their number. Writes only if `file` is there. */
static int lay_legend(const struct chart_script *script, double top_px, bool writes)
{
    double x = CHART_EDGE;
    int row = 0;
    for (size_t i = 0; i < script->legend_count; i++) {
        const struct chart_legend_item *item = &script->legend[i];
        int width = legend_item_px(item);
        if (x > CHART_EDGE && x + width > CHART_WIDTH) {
            x = CHART_EDGE;
            row++;
        }
        double y = top_px + ROW_STEP * (row + 0.5);
        if (writes) {
            write_sample(script, item, x, y);
            write_label(script, words_shorten(script->arena, item->label, LABEL_LENGTH_MAX),
                        x + SAMPLE_PX + 6, y, "left font ',11'");
        }
        x += width;
    }
    return script->legend_count > 0 ? row + 1 : 0;
}

/* The legend at the ends of the lines, moved apart where they are closer than a line of text. */
static void write_right_legend(const struct chart_script *script)
{
    size_t count = script->legend_count, order[CHART_LEGEND_MAX];
    double at[CHART_LEGEND_MAX];
    for (size_t i = 0; i < count; i++) {
        double y = chart_script_y_px(script, script->legend_at[i]);
        size_t k = i;
        for (; k > 0 && at[k - 1] > y; k--) {
            at[k] = at[k - 1];
            order[k] = order[k - 1];
        }
        at[k] = y;
        order[k] = i;
    }
    double lowest = script->top + script->plot_height;
    for (size_t i = 1; i < count; i++)
        at[i] = fmax(at[i], at[i - 1] + MARK_STEP);
    for (size_t i = count; i-- > 0;) {
        at[i] = fmin(at[i], lowest);
        lowest = at[i] - MARK_STEP;
    }
    double x = CHART_WIDTH - script->right + 8;
    for (size_t i = 0; i < count; i++) {
        write_sample(script, &script->legend[order[i]], x, at[i]);
        write_label(script, script->legend[order[i]].label, x + SAMPLE_PX + 5, at[i],
                    "left font ',11'");
    }
}

/* Marks of x. Each label stands beside the upper end of its line; rows count from the top. A line
 * must not cross the label of another, so a mark under an earlier label goes a row below it. */
struct mark_place {
    const char *label; /* NULL: none. */
    int row;
    double from_px, to_px; /* Where the label is. */
    bool is_left;          /* Of its line, because it would leave the sheet on the right. */
};

static bool is_mark_of(const struct chart_mark *mark, const char *panel)
{
    return panel == NULL || *mark->panel == '\0' || strcmp(mark->panel, panel) == 0;
}

/* The marks in the order of their place. */
static void order_marks(const struct chart *chart, size_t order[CHART_MARKS_MAX])
{
    for (size_t i = 0; i < chart->mark_count; i++) {
        size_t k = i;
        for (; k > 0 && chart->marks[order[k - 1]].at > chart->marks[i].at; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
}

static struct mark_place make_place(const struct chart_script *script,
                                    const struct chart_mark *mark)
{
    struct mark_place place = {0};
    if (mark->axis != 'x' || *mark->label == '\0' || !is_inside(&script->x, mark->at))
        return place;
    place.label = words_shorten(script->arena, mark->label, MARK_LENGTH_MAX);
    double width = 8 + chart_script_text_px(words_length(place.label), FONT_SMALL);
    place.from_px = chart_script_x_px(script, mark->at);
    place.is_left = place.from_px + width > CHART_WIDTH - 4;
    if (place.is_left)
        place.from_px = fmax(0, place.from_px - width);
    place.to_px = place.from_px + width;
    return place;
}

static int place_marks(const struct chart_script *script, const char *panel,
                       struct mark_place *places)
{
    const struct chart *chart = script->chart;
    size_t order[CHART_MARKS_MAX];
    int row_count = 0;
    order_marks(chart, order);
    for (size_t n = 0; n < chart->mark_count; n++) {
        struct mark_place *place = &places[order[n]];
        *place = (struct mark_place){0};
        if (is_mark_of(&chart->marks[order[n]], panel))
            *place = make_place(script, &chart->marks[order[n]]);
        for (size_t k = 0; k < n && place->label != NULL; k++) {
            const struct mark_place *earlier = &places[order[k]];
            if (earlier->label != NULL && earlier->to_px > place->from_px &&
                earlier->row >= place->row)
                place->row = earlier->row + 1;
        }
        if (place->row >= MARK_ROWS_MAX)
            place->row = MARK_ROWS_MAX - 1;
        if (place->label != NULL && place->row >= row_count)
            row_count = place->row + 1;
    }
    return row_count;
}

static void write_x_mark(const struct chart_script *script, const struct chart_mark *mark,
                         const struct mark_place *place, int row_count)
{
    FILE *file = script->file;
    double x = chart_script_x_px(script, mark->at), bottom = script->top + script->plot_height;
    double top = script->top - MARK_STEP * (row_count - place->row - 0.5);
    if (mark->has_end) {
        fprintf(file,
                "set object rectangle from first %.12g, graph 0 to first %.12g, graph 1 "
                "fillcolor rgb '#888888' fillstyle transparent solid 0.18 noborder behind\n",
                mark->at, fmin(mark->end, script->x.high));
    }
    fputs("set arrow from ", file);
    write_place(script, x, bottom);
    fputs(" to ", file);
    write_place(script, x, place->label == NULL ? script->top : top - 6);
    fputs(" nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2\n", file);
    if (place->label != NULL)
        write_label(script, place->label, place->is_left ? x - 4 : x + 4, top,
                    place->is_left ? "right font ',11'" : "left font ',11'");
}

/* A line has its label beside the plot if there is room, else inside on the left, as a band has. */
static void write_y_mark(const struct chart_script *script, const struct chart_mark *mark)
{
    FILE *file = script->file;
    double y = chart_script_y_px(script, mark->at), right = CHART_WIDTH - script->right;
    bool is_beside = !script->has_right_legend;
    if (mark->has_end) {
        fprintf(file,
                "set object rectangle from graph 0, first %.12g to graph 1, first %.12g "
                "fillcolor rgb '#888888' fillstyle transparent solid 0.18 noborder behind\n",
                mark->at, mark->end);
        y = 0.5 * (y + chart_script_y_px(script, mark->end));
    } else {
        fputs("set arrow from ", file);
        write_place(script, script->left, y);
        fputs(" to ", file);
        write_place(script, right, y);
        fputs(" nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2\n", file);
        y -= is_beside ? 0 : 8;
    }
    if (*mark->label == '\0')
        return;
    const char *label =
        words_shorten(script->arena, mark->label, is_beside ? Y_MARK_LENGTH_MAX : MARK_LENGTH_MAX);
    write_label(script, label, is_beside ? right + 5 : script->left + 5, y, "left font ',11'");
}

int chart_script_mark_rows(const struct chart_script *script, const char *panel)
{
    struct mark_place *places = arena_take_array(script->arena, CHART_MARKS_MAX, sizeof *places);
    return place_marks(script, panel, places);
}

void chart_script_marks(const struct chart_script *script, const char *panel)
{
    const struct chart *chart = script->chart;
    struct mark_place *places = arena_take_array(script->arena, CHART_MARKS_MAX, sizeof *places);
    int row_count = place_marks(script, panel, places);
    for (size_t i = 0; i < chart->mark_count; i++) {
        const struct chart_mark *mark = &chart->marks[i];
        if (!is_mark_of(mark, panel))
            continue;
        if (mark->axis == 'x' && is_inside(&script->x, mark->at))
            write_x_mark(script, mark, &places[i], row_count);
        else if (mark->axis == 'y' && is_inside(&script->y, mark->at))
            write_y_mark(script, mark);
    }
}

static void write_head(const struct chart_script *script)
{
    const char *name = script->chart->name;
    fprintf(script->file,
            "# The data is in %s.tsv, in the units of the axes; an empty cell has no value.\n"
            "# Draw again:  gnuplot %s.gp        As PNG:  gnuplot -e \"format='png'\" %s.gp\n"
            "if (!exists('format')) format = 'svg'\n"
            "if (!exists('output')) output = '%s.'.format\n"
            "width = %d.\n"
            "height = %d.\n"
            "if (format eq 'png') {\n"
            "    set terminal pngcairo size 2*width,2*height font 'sans-serif,10' fontscale 2 \\\n"
            "        linewidth 2 pointscale 2 background '#ffffff'\n"
            "} else {\n"
            "    set terminal svg size width,height dynamic font 'sans-serif,13' \\\n"
            "        background '#ffffff'\n"
            "}\n"
            "set output output\n"
            "set encoding utf8\n"
            "set datafile separator tab\n"
            "set datafile commentschars ''\n"
            "unset key\n",
            name, name, name, name, CHART_WIDTH, script->height);
}

/* Colours that the colour-blind can tell apart, and dashes and points for everybody. */
static void write_styles(const struct chart_script *script)
{
    static const struct {
        const char *dashes;
        int point;
    } styles[CHART_COLOUR_COUNT] = {{"1", 7},      {"(12,4)", 5}, {"(3,3)", 9}, {"(10,3,3,3)", 13},
                                    {"(18,5)", 4}, {"(6,3)", 6},  {"(2,5)", 8}};
    fputs("# Colours that the colour-blind can tell apart (gnuplot's podo), each with dashes and "
          "points.\n",
          script->file);
    for (int i = 0; i < CHART_COLOUR_COUNT; i++)
        fprintf(script->file,
                "set linetype %d linecolor rgb '%s' linewidth 1.6 dashtype %s pointtype %d "
                "pointsize 0.6\n",
                i + 1, colours[i], styles[i].dashes, styles[i].point);
}

static void write_title(const struct chart_script *script)
{
    struct words_lines title = title_lines(script->chart);
    for (size_t i = 0; i < title.count; i++)
        write_label(script, title.lines[i], CHART_EDGE, 20 + TITLE_STEP * (double)i,
                    "left font 'sans-serif Bold,15'");
}

static const char *identity_text(const struct chart_script *script)
{
    const struct identity *identity = script->identity;
    if (identity_is_of_data(identity))
        return arena_print(script->arena, "%s %s, %s %016" PRIx64 ", seed %" PRIu64 ".",
                           identity->program, identity->version, identity->scenario,
                           identity->scenario_hash, identity->seed);
    return arena_print(script->arena, "%s %s, %s %016" PRIx64 ", seed %" PRIu64 ", %" PRIu32 "%s.",
                       identity->program, identity->version, identity->scenario,
                       identity->scenario_hash, identity->seed, identity->replications,
                       identity_is_partial(identity) ? " replications (interrupted)"
                       : identity->replications == 1 ? " replication"
                                                     : " replications");
}

static void write_caption(const struct chart_script *script)
{
    struct words_lines caption = caption_lines(script->chart);
    double y = script->height - chart_frame(script->chart).bottom + CAPTION_STEP / 2.0;
    for (size_t i = 0; i < caption.count; i++, y += CAPTION_STEP)
        write_label(script, caption.lines[i], CHART_EDGE, y, "left font ',10'");
    const char *const foot[FOOT_LINES] = {
        words_shorten(script->arena, identity_text(script), caption_length_max()),
        identity_caveat_of(script->identity)};
    for (size_t i = 0; i < FOOT_LINES; i++, y += CAPTION_STEP)
        write_label(script, foot[i], CHART_EDGE, y, "left font ',10' textcolor rgb '#666666'");
}

static void write_range(const struct chart_script *script, char axis,
                        const struct chart_range *range, bool is_reversed)
{
    fprintf(script->file, "set %crange [%.12g:%.12g]\n", axis,
            is_reversed ? range->high : range->low, is_reversed ? range->low : range->high);
    if (range->is_log)
        fprintf(script->file, "set logscale %c\n", axis);
}

static void write_axes(const struct chart_script *script)
{
    const struct chart *chart = script->chart;
    write_range(script, 'x', &script->x, false);
    write_range(script, 'y', &script->y, script->has_reversed_y);
    fputs("set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1\n"
          "set border 3 linewidth 0.8\n"
          "set tics nomirror out scale 0.5 font ',12'\n"
          "set xtics autofreq\nset ytics autofreq\n"
          "set format '%g'\n",
          script->file);
    double middle = 0.5 * (script->left + CHART_WIDTH - script->right);
    if (*chart->x.label != '\0')
        write_label(script, words_shorten(script->arena, chart->x.label, X_LABEL_LENGTH_MAX),
                    middle, script->top + script->plot_height + 40 + script->x_tics_px,
                    "center font ',12'");
}

/* Make room for the labels of marks of y beside the plot. */
static void widen_right(struct chart_script *script)
{
    for (size_t i = 0; i < script->chart->mark_count; i++) {
        const struct chart_mark *mark = &script->chart->marks[i];
        size_t length = words_length(mark->label);
        length = length > Y_MARK_LENGTH_MAX ? Y_MARK_LENGTH_MAX : length;
        int needed = 12 + chart_script_text_px(length, FONT_SMALL);
        if (mark->axis == 'y' && length > 0 && !script->has_right_legend && script->right < needed)
            script->right = needed;
    }
}

void chart_script_begin(struct chart_script *script)
{
    const struct chart *chart = script->chart;
    CHECK(isfinite(script->x.low) && script->x.high > script->x.low);
    CHECK(isfinite(script->y.low) && script->y.high > script->y.low);
    widen_right(script);
    struct chart_frame frame = chart_frame(chart);
    int mark_rows = script->has_panels ? 0 : chart_script_mark_rows(script, NULL);
    int y_label_px = *chart->y.label != '\0' ? ROW_STEP : 0;
    int legend_top = frame.top + (y_label_px > 0 ? y_label_px : LEGEND_GAP);
    int legend_rows = script->has_right_legend ? 0 : lay_legend(script, legend_top, false);
    script->top = legend_top + ROW_STEP * legend_rows + MARK_STEP * mark_rows + 10;
    script->bottom = frame.bottom + (*chart->x.label != '\0' ? 58 : 34) + script->x_tics_px;
    script->height = script->top + script->plot_height + script->bottom;

    write_head(script);
    write_styles(script);
    fprintf(script->file,
            "# Where the plot is, in pixels; words stand around it.\n"
            "set lmargin at screen %d/width\nset rmargin at screen %d/width\n"
            "set tmargin at screen 1-%d/height\nset bmargin at screen %d/height\n",
            script->left, CHART_WIDTH - script->right, script->top, script->bottom);
    write_title(script);
    if (y_label_px > 0)
        write_label(script, words_shorten(script->arena, chart->y.label, 90), CHART_EDGE,
                    frame.top + ROW_STEP / 2.0, "left font ',12'");
    write_axes(script);
    if (script->has_right_legend)
        write_right_legend(script);
    else
        lay_legend(script, legend_top, true);
    if (!script->has_panels)
        chart_script_marks(script, NULL);
    write_caption(script);
}

/* A label of a tic is a format to gnuplot: '%' is doubled. */
static const char *as_format(struct arena *arena, const char *text)
{
    char *format = arena_take(arena, 2 * strlen(text) + 1), *to = format;
    for (; *text != '\0'; text++) {
        if (*text == '%')
            *to++ = '%';
        *to++ = *text;
    }
    return format;
}

void chart_script_row_tics(const struct chart_script *script, char axis, const char *const *labels,
                           size_t count, size_t length_max)
{
    fprintf(script->file, "set %ctics scale 0 noenhanced (", axis);
    for (size_t i = 0; i < count; i++) {
        fputs(i > 0 ? ", \\\n    " : "", script->file);
        const char *label = words_shorten(script->arena, labels[i], length_max);
        gnuplot_quote(script->file, as_format(script->arena, label));
        fprintf(script->file, " %zu", i);
    }
    fputs(")\n", script->file);
}

void chart_script_digits(const struct chart_script *script, const char *unit)
{
    if (unit != NULL) {
        fputs(*unit != '\0' ? "unit = ' '." : "unit = ", script->file);
        chart_script_quote(script, unit, UNIT_LENGTH_MAX);
        putc('\n', script->file);
    }
    fputs("digits(v) = gprintf(abs(v) >= 999.5 && abs(v) < 1e9 ? '%.0f' : '%.3g', v)\n",
          script->file);
}

void chart_script_nothing(struct chart_script *script)
{
    script->x = script->y = (struct chart_range){.low = 0, .high = 1};
    script->plot_height = SCRIPT_NOTHING_HEIGHT;
    script->legend_count = 0;
    chart_script_begin(script);
    fputs("unset border\nunset tics\nunset arrow\n"
          "set label 'no data: there is nothing to draw' at graph 0.5, graph 0.5 center\n"
          "plot 2 notitle\n",
          script->file);
}

void chart_write_script(const struct chart *chart, const struct identity *identity, FILE *file)
{
    static void (*const writers[CHART_KIND_COUNT])(struct chart_script * script) = {
        [CHART_INTERVAL] = chart_script_rows,   [CHART_WATERFALL] = chart_script_rows,
        [CHART_TORNADO] = chart_script_rows,    [CHART_STACKED] = chart_script_stacked,
        [CHART_PAIRS] = chart_script_pairs,     [CHART_FRONT] = chart_script_points,
        [CHART_TIMELINE] = chart_script_series, [CHART_CONVERGENCE] = chart_script_series,
        [CHART_CURVE] = chart_script_series,    [CHART_RATES] = chart_script_steps,
        [CHART_INCIDENCE] = chart_script_steps, [CHART_OVERLAP] = chart_script_overlap,
        [CHART_QQ] = chart_script_points,       [CHART_HEATMAP] = chart_script_heatmap,
        [CHART_GANTT] = chart_script_gantt,
    };
    CHECK(chart_validate(chart, NULL));
    struct chart_script script = {
        .file = file,
        .chart = chart,
        .identity = identity,
        .arena = chart->arena,
        .plot_height = 300,
        .left = 68,
        .right = 24,
    };
    writers[chart->kind](&script);
}
