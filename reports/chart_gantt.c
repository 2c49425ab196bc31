#include "reports/chart_script.h"

#include <string.h>

#include "reports/words.h"

/* Bars over time in lanes, panels above each other on the same axis. Lanes and states are looked up
 * in texts, so the script holds the bars. */
enum {
    LABEL_LENGTH_MAX = 26,
    LANE_PX = 26,
    LANE_PX_MANY = 18,
    LANES_FEW = 16,
    PANEL_TITLE_PX = 26,
    PANEL_GAP_PX = 10,
    MARK_STEP = 15,
    FONT = 12,
    FONT_BAR = 10,
};

struct gantt {
    struct chart_names panels, lanes, states;
    int panel, lane, from, to, state; /* Columns; the panel may be -1. */
};

static struct gantt gantt_of(const struct chart_script *script)
{
    const struct chart *chart = script->chart;
    struct gantt gantt = {
        .panel = chart_script_find(chart, CHART_PANEL, 0),
        .lane = chart_script_find(chart, CHART_LANE, 0),
        .from = chart_script_find(chart, CHART_FROM, 0),
        .to = chart_script_find(chart, CHART_TO, 0),
        .state = chart_script_find(chart, CHART_STATE, 0),
    };
    gantt.lanes = chart_script_names(script, gantt.lane);
    gantt.states = chart_script_names(script, gantt.state);
    if (gantt.panel >= 0) {
        gantt.panels = chart_script_names(script, gantt.panel);
    } else {
        gantt.panels.names = arena_take_array(script->arena, 1, sizeof(char *));
        gantt.panels.names[0] = "";
        gantt.panels.count = 1;
    }
    return gantt;
}

static bool is_in_panel(const struct chart_script *script, const struct gantt *gantt, size_t row,
                        size_t panel)
{
    return gantt->panel < 0 || strcmp(chart_script_cell(script->chart, row, gantt->panel)->text,
                                      gantt->panels.names[panel]) == 0;
}

/* The lanes that a panel has, in the order of all lanes. */
static struct chart_names lanes_of(const struct chart_script *script, const struct gantt *gantt,
                                   size_t panel)
{
    struct chart_names lanes = {
        .names = arena_take_array(script->arena, gantt->lanes.count + 1, sizeof(char *))};
    for (size_t i = 0; i < gantt->lanes.count; i++) {
        bool is_there = false;
        for (size_t row = 0; row < chart_row_count(script->chart) && !is_there; row++)
            is_there = is_in_panel(script, gantt, row, panel) &&
                       strcmp(chart_script_cell(script->chart, row, gantt->lane)->text,
                              gantt->lanes.names[i]) == 0;
        if (is_there)
            lanes.names[lanes.count++] = gantt->lanes.names[i];
    }
    return lanes;
}

static int lane_px(const struct chart_names *lanes)
{
    return lanes->count <= LANES_FEW ? LANE_PX : LANE_PX_MANY;
}

/* Where a panel is, in pixels from the top of the first one. */
struct panel {
    struct chart_names lanes;
    int title_px, marks_px, plot_px;
};

static struct panel panel_of(const struct chart_script *script, const struct gantt *gantt,
                             size_t index)
{
    const char *name = gantt->panels.names[index];
    struct panel panel = {.lanes = lanes_of(script, gantt, index)};
    panel.title_px = *name != '\0' ? PANEL_TITLE_PX : 0;
    panel.marks_px = MARK_STEP * chart_script_mark_rows(script, name);
    panel.plot_px = lane_px(&panel.lanes) * (int)panel.lanes.count;
    return panel;
}

static double end_of(const struct chart_script *script, const struct gantt *gantt, size_t row)
{
    const struct chart_cell *to = chart_script_cell(script->chart, row, gantt->to);
    return to->is_missing ? script->x.high : to->number; /* It has not ended. */
}

static void write_bars(const struct chart_script *script, const struct gantt *gantt,
                       const struct panel *panel, size_t index)
{
    fprintf(script->file, "# from, to, lane, state\n$bars%zu << END\n", index);
    bool is_empty = true;
    for (size_t i = 0; i < chart_row_count(script->chart); i++) {
        const struct chart_cell *from = chart_script_cell(script->chart, i, gantt->from);
        if (!is_in_panel(script, gantt, i, index) || from->is_missing)
            continue;
        fprintf(script->file, "%.12g\t%.12g\t%zu\t%zu\n", from->number, end_of(script, gantt, i),
                chart_script_name_index(&panel->lanes,
                                        chart_script_cell(script->chart, i, gantt->lane)->text),
                chart_script_name_index(&gantt->states,
                                        chart_script_cell(script->chart, i, gantt->state)->text));
        is_empty = false;
    }
    fputs(is_empty ? "NaN\tNaN\tNaN\tNaN\nEND\n" : "END\n", script->file);
}

/* The state is written into a bar that has room for it. */
static void write_bar_words(const struct chart_script *script, const struct gantt *gantt,
                            const struct panel *panel, size_t index)
{
    for (size_t i = 0; i < chart_row_count(script->chart); i++) {
        const struct chart_cell *from = chart_script_cell(script->chart, i, gantt->from);
        if (!is_in_panel(script, gantt, i, index) || from->is_missing)
            continue;
        const char *state = chart_script_cell(script->chart, i, gantt->state)->text;
        size_t style = chart_script_name_index(&gantt->states, state);
        double left = chart_script_x_px(script, from->number);
        double right = chart_script_x_px(script, end_of(script, gantt, i));
        int width = chart_script_text_px(words_length(state), FONT_BAR);
        if (right - left < width + 6 || style >= CHART_COLOUR_COUNT)
            continue;
        size_t lane = chart_script_name_index(
            &panel->lanes, chart_script_cell(script->chart, i, gantt->lane)->text);
        chart_script_label(script, words_shorten(script->arena, state, 80), 0.5 * (left + right),
                           script->top + ((double)lane + 0.5) * lane_px(&panel->lanes),
                           arena_print(script->arena, "center font ',10' textcolor rgb '%s' front",
                                       chart_script_ink((int)style)));
    }
}

static bool is_state(const struct chart_script *script, const struct gantt *gantt, size_t row,
                     size_t state)
{
    return strcmp(chart_script_cell(script->chart, row, gantt->state)->text,
                  gantt->states.names[state]) == 0;
}

static bool is_instant(const struct chart_script *script, const struct gantt *gantt, size_t row)
{
    const struct chart_cell *from = chart_script_cell(script->chart, row, gantt->from);
    const struct chart_cell *to = chart_script_cell(script->chart, row, gantt->to);
    return !from->is_missing && !to->is_missing && from->number == to->number;
}

/* Has the panel bars of the state, or (`is_instant_wanted`) points of it? */
static bool has_state(const struct chart_script *script, const struct gantt *gantt, size_t panel,
                      size_t state, bool is_instant_wanted)
{
    for (size_t i = 0; i < chart_row_count(script->chart); i++)
        if (is_in_panel(script, gantt, i, panel) && is_state(script, gantt, i, state) &&
            is_instant(script, gantt, i) == is_instant_wanted)
            return true;
    return false;
}

static enum chart_sample sample_of(const struct chart_script *script, const struct gantt *gantt,
                                   size_t state)
{
    for (size_t i = 0; i < chart_row_count(script->chart); i++)
        if (is_state(script, gantt, i, state) && !is_instant(script, gantt, i))
            return state < CHART_COLOUR_COUNT ? CHART_SAMPLE_BOX : CHART_SAMPLE_HATCH;
    return CHART_SAMPLE_INSTANT;
}

static void write_panel_plot(const struct chart_script *script, const struct gantt *gantt,
                             size_t index)
{
    FILE *file = script->file;
    const char *between = "plot ";
    for (size_t i = 0; i < gantt->states.count; i++) {
        if (!has_state(script, gantt, index, i, false))
            continue;
        fprintf(file,
                "%s$bars%zu using ($4 == %zu ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \\\n"
                "        with boxxyerror linetype %zu dashtype 1 fillstyle %s notitle",
                between, index, i, i % CHART_COLOUR_COUNT + 1,
                i < CHART_COLOUR_COUNT ? "solid 0.9 noborder" : "pattern 4 border");
        between = ", \\\n     ";
    }
    /* What has no length is a point in the colour of its state. */
    for (size_t i = 0; i < gantt->states.count; i++) {
        if (!has_state(script, gantt, index, i, true))
            continue;
        fprintf(file,
                "%s$bars%zu using ($1 == $2 && $4 == %zu ? $1 : NaN):3 with points "
                "linetype %zu pointtype 13 pointsize 1.1 notitle",
                between, index, i, i % CHART_COLOUR_COUNT + 1);
        between = ", \\\n     ";
    }
    putc('\n', file);
}

static void write_panel(struct chart_script *script, const struct gantt *gantt,
                        const struct panel *panel, size_t index)
{
    FILE *file = script->file;
    bool is_last = index + 1 == gantt->panels.count;
    fprintf(file,
            "set tmargin at screen 1-%d/height\nset bmargin at screen 1-%d/height\n"
            "set yrange [%zu.5:-0.5]\n"
            "set format x '%s'\n",
            script->top, script->top + script->plot_height, panel->lanes.count - 1,
            is_last ? "%g" : "");
    chart_script_row_tics(script, 'y', panel->lanes.names, panel->lanes.count, LABEL_LENGTH_MAX);
    if (panel->title_px > 0)
        chart_script_label(script, words_shorten(script->arena, gantt->panels.names[index], 60),
                           CHART_EDGE, script->top - panel->marks_px - 0.5 * panel->title_px + 2,
                           "left font 'sans-serif Bold,12'");
    chart_script_marks(script, gantt->panels.names[index]);
    write_bars(script, gantt, panel, index);
    write_bar_words(script, gantt, panel, index);
    write_panel_plot(script, gantt, index);
    if (!is_last)
        fputs("unset label\nunset arrow\nunset object\n", file);
}

void chart_script_gantt(struct chart_script *script)
{
    const struct chart *chart = script->chart;
    struct gantt gantt = gantt_of(script);
    double low = 0, high = 0;
    bool is_empty = true;
    chart_script_extend(chart, gantt.from, &low, &high, &is_empty);
    chart_script_extend(chart, gantt.to, &low, &high, &is_empty);
    if (is_empty) {
        chart_script_nothing(script);
        return;
    }
    chart_script_extend_by_marks(chart, 'x', &low, &high, &is_empty);
    script->x = chart_script_range(low, high, false, 0.01);
    script->y = (struct chart_range){.low = 0, .high = 1};
    script->has_panels = true;
    size_t length_max = 2;
    for (size_t i = 0; i < gantt.lanes.count; i++) {
        size_t length = words_length(gantt.lanes.names[i]);
        length_max = length > length_max ? length : length_max;
    }
    length_max = length_max > LABEL_LENGTH_MAX ? LABEL_LENGTH_MAX : length_max;
    script->left = CHART_EDGE + 16 + chart_script_text_px(length_max, FONT);
    for (size_t i = 0; i < gantt.states.count; i++)
        chart_script_add_legend(script, sample_of(script, &gantt, i), (int)i % CHART_COLOUR_COUNT,
                                gantt.states.names[i]);
    struct panel *panels = arena_take_array(script->arena, gantt.panels.count, sizeof *panels);
    script->plot_height = 0;
    for (size_t i = 0; i < gantt.panels.count; i++) {
        panels[i] = panel_of(script, &gantt, i);
        script->plot_height += panels[i].title_px + panels[i].marks_px + panels[i].plot_px +
                               (i > 0 ? PANEL_GAP_PX : 0);
    }
    chart_script_begin(script);
    fputs("set multiplot\nset grid noytics\n", script->file);
    int top = script->top;
    for (size_t i = 0; i < gantt.panels.count; i++) {
        top += panels[i].title_px + panels[i].marks_px + (i > 0 ? PANEL_GAP_PX : 0);
        script->top = top;
        script->plot_height = panels[i].plot_px;
        write_panel(script, &gantt, &panels[i], i);
        top += panels[i].plot_px;
    }
    fputs("unset multiplot\n", script->file);
}
