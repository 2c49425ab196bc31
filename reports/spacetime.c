#include "reports/spacetime.h"

#include <string.h>

#include "reports/words.h"
#include "sim/base/units.h"

enum {
    INDENT = 2,
    CLOCK_WIDTH_MIN = 8,
    GAP = 2,
    LANE_WIDTH_MAX = 9,
    LANE_WIDTH_MIN = 5,
    LABEL_WIDTH_MIN = 24,
    CELLS_MAX = SPACETIME_LANES_MAX * LANE_WIDTH_MAX,
    LABEL_LINES_MAX = 6,
};

/* What the functions here share while one panel is printed. */
struct printing {
    const struct spacetime *diagram;
    const struct spacetime_panel *panel;
    const struct page *page;
    int clock_width, lane_width, label_width;
    char cells[CELLS_MAX + 1]; /* Of the row: one character a column of all lanes. */
};

static int middle_of(const struct printing *printing, uint32_t lane)
{
    return (int)lane * printing->lane_width + printing->lane_width / 2;
}

/* What a lane looks like at a moment: its bar, or just that it goes on. */
static char line_of(const struct printing *printing, uint32_t lane, uint32_t moment)
{
    const struct spacetime_panel *panel = printing->panel;
    char line = '|';
    for (uint32_t i = 0; i < panel->bar_count; i++) {
        const struct spacetime_bar *bar = &panel->bars[i];
        if (bar->lane != lane || moment < bar->from || moment > bar->to)
            continue;
        static const char lines[] = {[SPACETIME_CALM] = '|',
                                     [SPACETIME_BUSY] = '#',
                                     [SPACETIME_WAITING] = ':',
                                     [SPACETIME_BAD] = '!'};
        line = lines[bar->tone];
    }
    return line;
}

static void draw_lines(struct printing *printing, uint32_t moment)
{
    memset(printing->cells, ' ', CELLS_MAX);
    for (uint32_t lane = 0; lane < printing->diagram->lane_count; lane++)
        printing->cells[middle_of(printing, lane)] = line_of(printing, lane, moment);
    printing->cells[(int)printing->diagram->lane_count * printing->lane_width] = '\0';
}

static void draw_arrow(struct printing *printing, uint32_t from_lane, uint32_t to_lane,
                       bool is_lost)
{
    int from = middle_of(printing, from_lane), to = middle_of(printing, to_lane);
    if (from == to)
        return;
    int step = to > from ? 1 : -1;
    int end = is_lost ? from + (to - from) / 2 : to - step;
    for (int x = from + step; x != end; x += step)
        printing->cells[x] = '-';
    printing->cells[end] = is_lost ? 'x' : step > 0 ? '>' : '<';
    printing->cells[from] = 'o';
}

static bool is_spoken(const struct spacetime_moment *moment)
{
    return moment->label != NULL || moment->mark != SPACETIME_PLAIN;
}

/* A message is drawn where it was sent, or, if nothing else is said there, where it arrives. */
static void draw_messages(struct printing *printing, uint32_t moment)
{
    const struct spacetime_panel *panel = printing->panel;
    for (uint32_t i = 0; i < panel->message_count; i++) {
        const struct spacetime_message *message = &panel->messages[i];
        const struct spacetime_moment *from = &panel->moments[message->from];
        uint32_t to_lane = message->is_lost ? message->to_lane : panel->moments[message->to].lane;
        uint32_t at = is_spoken(from) || message->is_lost ? message->from : message->to;
        if (at == moment && from->lane < printing->diagram->lane_count &&
            to_lane < printing->diagram->lane_count)
            draw_arrow(printing, from->lane, to_lane, message->is_lost);
    }
}

/* How long a line is without the blanks at its end. */
static int trimmed(const char *text)
{
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == ' ')
        size--;
    return (int)size;
}

/* Arrows are drawn once: what follows below has only the lanes. */
static void wipe_arrows(struct printing *printing)
{
    for (char *cell = printing->cells; *cell != '\0'; cell++)
        *cell = strchr("o<>x-", *cell) != NULL ? ' ' : *cell;
    for (uint32_t lane = 0; lane < printing->diagram->lane_count; lane++) {
        char *cell = &printing->cells[middle_of(printing, lane)];
        *cell = *cell == ' ' ? '|' : *cell;
    }
}

/* One row: the time, the lanes, and what is said, which may need several lines. */
static void print_row(struct printing *printing, const char *clock, const char *text)
{
    FILE *file = printing->page->file;
    struct words_lines lines =
        words_wrap(printing->diagram->arena, text, (size_t)printing->label_width, LABEL_LINES_MAX);
    for (size_t i = 0; i == 0 || i < lines.count; i++) {
        fprintf(file, "%*s%-*s%*s", INDENT, "", printing->clock_width, i == 0 ? clock : "", GAP,
                "");
        if (i < lines.count && *lines.lines[i] != '\0') {
            fprintf(file, "%s%*s", printing->cells, GAP, "");
            page_put(file, lines.lines[i]);
        } else {
            fprintf(file, "%.*s", trimmed(printing->cells), printing->cells);
        }
        putc('\n', file);
        wipe_arrows(printing);
    }
}

const char *spacetime_clock(struct arena *arena, int64_t at_ns)
{
    char text[UNITS_TEXT_SIZE_BYTES];
    units_print_clock(text, at_ns);
    return arena_print(arena, "%.*s", (int)strcspn(text, "."), text);
}

const char *spacetime_wait(struct arena *arena, int64_t from_ns, int64_t to_ns)
{
    char text[UNITS_TEXT_SIZE_BYTES];
    int64_t wait_s = to_ns / UNITS_S - from_ns / UNITS_S;
    return arena_copy_text(arena, units_print_duration(text, wait_s * UNITS_S));
}

static void print_cut(struct printing *printing, int64_t from_ns, int64_t to_ns)
{
    struct arena *arena = printing->diagram->arena;
    memset(printing->cells, ' ', CELLS_MAX);
    for (uint32_t lane = 0; lane < printing->diagram->lane_count; lane++)
        printing->cells[middle_of(printing, lane)] = '.';
    printing->cells[(int)printing->diagram->lane_count * printing->lane_width] = '\0';
    fprintf(printing->page->file, "%*s%-*s%*s%s%*s(%s later)\n", INDENT, "", printing->clock_width,
            "", GAP, "", printing->cells, GAP, "", spacetime_wait(arena, from_ns, to_ns));
}

static void print_mark(const struct printing *printing, const struct spacetime_moment *moment)
{
    static const char *const signs[] = {"", "~~~", "<>", "!!!", "###"};
    if (moment->mark == SPACETIME_PLAIN || moment->mark_label == NULL)
        return;
    page_style(printing->page, moment->mark == SPACETIME_DOOM ? PAGE_BAD : PAGE_STRONG);
    page_paragraph(
        printing->page, INDENT + printing->clock_width + GAP,
        arena_print(printing->diagram->arena, "%s %s", signs[moment->mark], moment->mark_label));
    page_style(printing->page, PAGE_PLAIN);
}

/* The names of every `step`th lane from `first` on, each above its line. */
static void print_names(struct printing *printing, uint32_t first, uint32_t step)
{
    const struct spacetime *diagram = printing->diagram;
    int column = 0;
    fprintf(printing->page->file, "%*s", INDENT + printing->clock_width + GAP, "");
    for (uint32_t lane = first; lane < diagram->lane_count; lane += step) {
        const char *name = words_shorten(diagram->arena, diagram->lanes[lane],
                                         (size_t)printing->lane_width * step - 1);
        int width = (int)words_length(name), start = middle_of(printing, lane) - width / 2;
        start = start < column ? column : start;
        fprintf(printing->page->file, "%*s", start - column, "");
        page_put(printing->page->file, name);
        column = start + width;
    }
    putc('\n', printing->page->file);
}

/* Names that are too long for one line take turns on two. */
static void print_heading(struct printing *printing)
{
    bool is_long = false;
    for (uint32_t lane = 0; lane < printing->diagram->lane_count; lane++)
        is_long =
            is_long || (int)words_length(printing->diagram->lanes[lane]) >= printing->lane_width;
    print_names(printing, 0, is_long ? 2 : 1);
    if (is_long)
        print_names(printing, 1, 2);
}

static void print_panel(struct printing *printing)
{
    const struct spacetime_panel *panel = printing->panel;
    const struct page *page = printing->page;
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 0, panel->title);
    page_style(page, PAGE_PLAIN);
    print_heading(printing);
    int64_t last_ns = -1;
    const char *last_clock = "";
    for (uint32_t i = 0; i < panel->moment_count; i++) {
        const struct spacetime_moment *moment = &panel->moments[i];
        if (!is_spoken(moment) || moment->lane >= printing->diagram->lane_count)
            continue;
        if (last_ns >= 0 && moment->at_ns - last_ns >= SPACETIME_CUT_NS)
            print_cut(printing, last_ns, moment->at_ns);
        const char *clock = spacetime_clock(printing->diagram->arena, moment->at_ns);
        draw_lines(printing, i);
        printing->cells[middle_of(printing, moment->lane)] = 'o';
        draw_messages(printing, i);
        print_row(printing, strcmp(clock, last_clock) == 0 ? "" : clock,
                  moment->label == NULL ? "" : moment->label);
        print_mark(printing, moment);
        last_ns = moment->at_ns;
        last_clock = clock;
    }
}

/* Times of a run of several days are longer. */
static int clock_width(const struct spacetime *diagram)
{
    size_t width = CLOCK_WIDTH_MIN;
    for (uint32_t i = 0; i < diagram->panel_count; i++) {
        const struct spacetime_panel *panel = &diagram->panels[i];
        size_t last = panel->moment_count == 0
                          ? 0
                          : strlen(spacetime_clock(diagram->arena,
                                                   panel->moments[panel->moment_count - 1].at_ns));
        width = last > width ? last : width;
    }
    return (int)width;
}

void spacetime_print(const struct spacetime *diagram, const struct page *page)
{
    int clock = clock_width(diagram);
    int room = page->width - INDENT - clock - 2 * GAP - LABEL_WIDTH_MIN;
    int lanes = diagram->lane_count == 0 ? 1 : (int)diagram->lane_count;
    int width = room / lanes;
    width = width > LANE_WIDTH_MAX ? LANE_WIDTH_MAX : width;
    width = width < LANE_WIDTH_MIN ? LANE_WIDTH_MIN : width;
    struct printing printing = {
        .diagram = diagram, .page = page, .clock_width = clock, .lane_width = width};
    int label = page->width - INDENT - clock - 2 * GAP - lanes * width;
    printing.label_width = label < 12 ? 12 : label;
    for (uint32_t i = 0; i < diagram->panel_count; i++) {
        printing.panel = &diagram->panels[i];
        if (i > 0)
            putc('\n', page->file);
        print_panel(&printing);
    }
    if (diagram->caption != NULL) {
        page_style(page, PAGE_FAINT);
        page_paragraph(page, 0, diagram->caption);
        page_style(page, PAGE_PLAIN);
    }
}
