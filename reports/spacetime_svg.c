#include <string.h>

#include "reports/page_text.h"
#include "reports/spacetime.h"
#include "reports/words.h"

/* All in pixels of the sheet. */
enum {
    SHEET_WIDTH = 784,
    CLOCK_X = 62, /* Where the times end. */
    LANES_X = 84,
    LANE_WIDTH_MAX = 84,
    LANES_WIDTH_MAX = 440,
    LABEL_GAP = 14,
    CHARACTER_WIDTH_TENTHS = 63,
    LINE_HEIGHT = 15,
    ROW_GAP = 7,
    CUT_HEIGHT = 22,
    PANEL_HEAD = 58,
    PANEL_GAP = 26,
    LEGEND_HEIGHT = 26,
    TOP = 6,
    BAR_WIDTH = 10,
    LABEL_LINES_MAX = 4,
};

#define FONT "font-family=\"sans-serif\" font-size=\"12\""
#define INK  "fill=\"#000000\""

/* Seen on white and on near-black. */
static const char *const mark_colours[] = {"#000000", "#2f80d0", "#d9730d", "#e0443e", "#a05ad0"};
static const char *const tone_colours[] = {"#8a96a3", "#2e9e5b", "#d9a30d", "#e0443e"};

/* Where a moment stands in the picture, and what is written beside it. */
struct place {
    int y;
    bool is_shown, is_cut; /* A cut stands above it. */
    int64_t since_ns;      /* Of a cut: when the pause began. */
    struct words_lines words, mark_words;
};

struct drawing {
    FILE *file;
    const struct spacetime *diagram;
    int lane_width, label_x;
    size_t label_length;
};

static int lane_x(const struct drawing *drawing, uint32_t lane)
{
    return LANES_X + (int)lane * drawing->lane_width + drawing->lane_width / 2;
}

/* Text between tags, as svg.h reads it: three characters have names, quotes have none. */
static void put_text(FILE *file, const char *text)
{
    uint32_t character;
    while (text != NULL && (character = page_text_next(&text)) != 0) {
        if (character == '\'' || character == '"')
            putc((int)character, file);
        else
            page_text_put_html(file, character < ' ' ? ' ' : character);
    }
}

static void put_words(const struct drawing *drawing, int x, int y, const char *style,
                      const char *text)
{
    fprintf(drawing->file, "<text x=\"%d\" y=\"%d\" " FONT " %s>", x, y, style);
    put_text(drawing->file, text);
    fputs("</text>\n", drawing->file);
}

/* Put every moment into its row; returns where the panel ends. */
static int lay_out(const struct drawing *drawing, const struct spacetime_panel *panel,
                   struct place *places, int y)
{
    struct arena *arena = drawing->diagram->arena;
    int64_t last_ns = -1;
    for (uint32_t i = 0; i < panel->moment_count; i++) {
        const struct spacetime_moment *moment = &panel->moments[i];
        struct place *place = &places[i];
        *place = (struct place){.is_shown = moment->lane < drawing->diagram->lane_count};
        if (!place->is_shown)
            continue;
        place->since_ns = last_ns;
        place->is_cut = last_ns >= 0 && moment->at_ns - last_ns >= SPACETIME_CUT_NS;
        place->words = words_wrap(arena, moment->label == NULL ? "" : moment->label,
                                  drawing->label_length, LABEL_LINES_MAX);
        y += place->is_cut ? CUT_HEIGHT : 0;
        place->y = y + LINE_HEIGHT - 4;
        bool is_marked = moment->mark != SPACETIME_PLAIN && moment->mark_label != NULL;
        place->mark_words = words_wrap(arena, is_marked ? moment->mark_label : "",
                                       drawing->label_length * 7 / 8, LABEL_LINES_MAX);
        int lines = (int)(place->words.count + place->mark_words.count);
        y += (lines < 1 ? 1 : lines) * LINE_HEIGHT + ROW_GAP;
        last_ns = moment->at_ns;
    }
    return y;
}

static void draw_lanes(const struct drawing *drawing, const struct spacetime_panel *panel,
                       const struct place *places, int top, int bottom)
{
    for (uint32_t lane = 0; lane < drawing->diagram->lane_count; lane++) {
        int x = lane_x(drawing, lane);
        const char *name = words_shorten(drawing->diagram->arena, drawing->diagram->lanes[lane],
                                         (size_t)drawing->lane_width * 10 / CHARACTER_WIDTH_TENTHS);
        put_words(drawing, x, top - 10, INK " font-weight=\"bold\" text-anchor=\"middle\"", name);
        fprintf(drawing->file,
                "<path d=\"M%d,%d L%d,%d\" stroke=\"#a0a0a0\" stroke-width=\"1\"/>\n", x, top, x,
                bottom);
    }
    for (uint32_t i = 0; i < panel->bar_count; i++) {
        const struct spacetime_bar *bar = &panel->bars[i];
        if (bar->lane >= drawing->diagram->lane_count || !places[bar->from].is_shown ||
            !places[bar->to].is_shown || bar->tone == SPACETIME_CALM)
            continue;
        int from = places[bar->from].y, to = places[bar->to].y;
        fprintf(drawing->file,
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" "
                "fill-opacity=\"0.55\" rx=\"2\"/>\n",
                lane_x(drawing, bar->lane) - BAR_WIDTH / 2, from, BAR_WIDTH,
                to > from ? to - from : 2, tone_colours[bar->tone]);
    }
}

/* An arrow, or half of one that ends in a cross. */
static void draw_message(const struct drawing *drawing, int x1, int y1, int x2, int y2,
                         bool is_lost)
{
    if (is_lost) {
        x2 = x1 + (x2 - x1) / 2;
        fprintf(drawing->file,
                "<path d=\"M%d,%d l8,8 M%d,%d l8,-8\" stroke=\"#e0443e\" stroke-width=\"2\" "
                "fill=\"none\"/>\n",
                x2 - 4, y2 - 4, x2 - 4, y2 + 4);
    }
    const char *colour = is_lost ? "#e0443e" : "#2f80d0";
    fprintf(drawing->file, "<path d=\"M%d,%d L%d,%d\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", x1,
            y1, x2, y2, colour);
    if (is_lost)
        return;
    int back = x2 > x1 ? -7 : 7;
    fprintf(drawing->file, "<path d=\"M%d,%d l%d,-4 l0,8 z\" fill=\"%s\"/>\n", x2, y2, back,
            colour);
}

static void draw_messages(const struct drawing *drawing, const struct spacetime_panel *panel,
                          const struct place *places)
{
    for (uint32_t i = 0; i < panel->message_count; i++) {
        const struct spacetime_message *message = &panel->messages[i];
        uint32_t to = message->is_lost ? message->from : message->to;
        uint32_t to_lane = message->is_lost ? message->to_lane : panel->moments[to].lane;
        uint32_t from_lane = panel->moments[message->from].lane;
        if (!places[message->from].is_shown || !places[to].is_shown || from_lane == to_lane ||
            to_lane >= drawing->diagram->lane_count)
            continue;
        draw_message(drawing, lane_x(drawing, from_lane), places[message->from].y,
                     lane_x(drawing, to_lane), places[to].y, message->is_lost);
    }
}

/* A zigzag through all lanes: here the axis is cut. */
static void draw_cut(const struct drawing *drawing, const struct place *place, int64_t at_ns)
{
    int y = place->y - CUT_HEIGHT / 2 - LINE_HEIGHT + 6;
    for (uint32_t lane = 0; lane < drawing->diagram->lane_count; lane++)
        fprintf(drawing->file,
                "<path d=\"M%d,%d l4,-3 l4,6 l4,-3\" stroke=\"#707070\" stroke-width=\"1\" "
                "fill=\"none\"/>\n",
                lane_x(drawing, lane) - 6, y);
    const char *text = arena_print(drawing->diagram->arena, "%s later",
                                   spacetime_wait(drawing->diagram->arena, place->since_ns, at_ns));
    put_words(drawing, drawing->label_x, y + 4, "fill=\"#707070\" font-style=\"italic\"", text);
}

static void draw_moment(const struct drawing *drawing, const struct spacetime_moment *moment,
                        const struct place *place, bool is_same_time)
{
    FILE *file = drawing->file;
    const char *colour = mark_colours[moment->mark];
    bool is_marked = moment->mark != SPACETIME_PLAIN;
    int lines = (int)place->words.count;
    if (place->is_cut)
        draw_cut(drawing, place, moment->at_ns);
    if (is_marked)
        fprintf(file,
                "<path d=\"M%d,%d L%d,%d\" stroke=\"%s\" stroke-width=\"1.5\" "
                "stroke-dasharray=\"5 4\"/>\n",
                LANES_X - 12, place->y, drawing->label_x - 4, place->y, colour);
    if (!is_same_time)
        put_words(drawing, CLOCK_X, place->y + 4, INK " text-anchor=\"end\"",
                  spacetime_clock(drawing->diagram->arena, moment->at_ns));
    if (lines > 0 || is_marked)
        fprintf(file, "<circle cx=\"%d\" cy=\"%d\" r=\"%d\" fill=\"%s\"/>\n",
                lane_x(drawing, moment->lane), place->y, is_marked ? 5 : 3,
                is_marked ? colour : "#2f80d0");
    for (int i = 0; i < lines; i++)
        put_words(drawing, drawing->label_x, place->y + 4 + i * LINE_HEIGHT, INK,
                  place->words.lines[i]);
    if (!is_marked || moment->mark_label == NULL)
        return;
    int y = place->y + 4 + (lines < 1 ? 0 : lines) * LINE_HEIGHT;
    int height = (int)place->mark_words.count * LINE_HEIGHT - 3;
    fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"3\" height=\"%d\" fill=\"%s\"/>\n",
            drawing->label_x, y - 10, height, colour);
    for (size_t i = 0; i < place->mark_words.count; i++)
        put_words(drawing, drawing->label_x + 8, y + (int)i * LINE_HEIGHT,
                  INK " font-weight=\"bold\"", place->mark_words.lines[i]);
}

static void draw_panel(const struct drawing *drawing, const struct spacetime_panel *panel,
                       const struct place *places, int top, int bottom)
{
    fprintf(drawing->file,
            "<text x=\"0\" y=\"%d\" font-family=\"sans-serif\" font-size=\"14\" " INK " "
            "font-weight=\"bold\">",
            top + 18);
    put_text(drawing->file, words_shorten(drawing->diagram->arena, panel->title, 100));
    fputs("</text>\n", drawing->file);
    draw_lanes(drawing, panel, places, top + PANEL_HEAD, bottom);
    draw_messages(drawing, panel, places);
    const char *last = "";
    for (uint32_t i = 0; i < panel->moment_count; i++) {
        if (!places[i].is_shown)
            continue;
        const char *clock = spacetime_clock(drawing->diagram->arena, panel->moments[i].at_ns);
        draw_moment(drawing, &panel->moments[i], &places[i], strcmp(clock, last) == 0);
        last = clock;
    }
}

/* What the colours of the bars mean. */
static void draw_legend(const struct drawing *drawing, int y)
{
    static const struct {
        enum spacetime_tone tone;
        const char *words;
    } entries[] = {{SPACETIME_BUSY, "at work"},
                   {SPACETIME_WAITING, "not there yet, or waiting"},
                   {SPACETIME_BAD, "in vain, or out of order"}};
    int x = LANES_X;
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        fprintf(drawing->file,
                "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\" "
                "fill-opacity=\"0.55\" rx=\"2\"/>\n",
                x, y - 9, tone_colours[entries[i].tone]);
        put_words(drawing, x + 16, y, INK, entries[i].words);
        x += 44 + (int)strlen(entries[i].words) * CHARACTER_WIDTH_TENTHS / 10;
    }
}

void spacetime_write_svg(const struct spacetime *diagram, FILE *file)
{
    struct drawing drawing = {.file = file, .diagram = diagram};
    int lanes = diagram->lane_count == 0 ? 1 : (int)diagram->lane_count;
    drawing.lane_width = LANES_WIDTH_MAX / lanes;
    if (drawing.lane_width > LANE_WIDTH_MAX)
        drawing.lane_width = LANE_WIDTH_MAX;
    drawing.label_x = LANES_X + lanes * drawing.lane_width + LABEL_GAP;
    drawing.label_length = (size_t)(SHEET_WIDTH - drawing.label_x) * 10 / CHARACTER_WIDTH_TENTHS;
    struct place *places[SPACETIME_PANELS_MAX];
    int tops[SPACETIME_PANELS_MAX], bottoms[SPACETIME_PANELS_MAX], y = TOP;
    for (uint32_t i = 0; i < diagram->panel_count; i++) {
        const struct spacetime_panel *panel = &diagram->panels[i];
        places[i] =
            arena_take_array(diagram->arena, panel->moment_count + (size_t)1, sizeof **places);
        tops[i] = y;
        bottoms[i] = lay_out(&drawing, panel, places[i], y + PANEL_HEAD);
        y = bottoms[i] + PANEL_GAP;
    }
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<svg width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" xmlns=\"http://www.w3.org/2000/svg\">\n"
            "<rect x=\"0\" y=\"0\" width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
            SHEET_WIDTH, y + LEGEND_HEIGHT, SHEET_WIDTH, y + LEGEND_HEIGHT, SHEET_WIDTH,
            y + LEGEND_HEIGHT);
    for (uint32_t i = 0; i < diagram->panel_count; i++)
        draw_panel(&drawing, &diagram->panels[i], places[i], tops[i], bottoms[i]);
    draw_legend(&drawing, y);
    fputs("</svg>\n", file);
}
