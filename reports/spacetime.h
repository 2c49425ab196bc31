/* spacetime.h - space-time diagrams: who did what when, and who told whom.
 *
 *                 client   server   disk
 *      00:30:21     o------->|       |     asks to write
 *      00:30:21     |        o       |     accepted
 *                   :        :       :     4min59s later
 *      00:35:20     |        |<------o     ready
 *
 * Lanes stand side by side, time runs downwards, one row a moment. The axis is not to scale: what
 * matters happens within milliseconds, an hour apart; so stretches in which nothing happens are
 * cut, and each cut says how long it was. Panels (one run, another run) stand above each other and
 * have the same lanes.
 *
 * It is plain data: moments in the order of time; bars (a lane is in a state from one moment to
 * another) and messages (from one moment to another, each in its lane) refer to them by index.
 * Texts may be of other people. Pictures follow the rules of svg.h, so they can stand in a page, in
 * the light and in the dark; a picture of its own is on white.
 *
 * Limits: SPACETIME_LANES_MAX lanes; further ones are left out with all that is in them, and the
 * caption says so.
 */
#ifndef REPORTS_SPACETIME_H
#define REPORTS_SPACETIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "reports/table.h"
#include "sim/base/arena.h"
#include "sim/base/units.h"

enum { SPACETIME_LANES_MAX = 8, SPACETIME_PANELS_MAX = 2 };

/* What is special about a moment. */
enum spacetime_mark {
    SPACETIME_PLAIN,
    SPACETIME_DEVIATION,  /* What was asked to be otherwise. */
    SPACETIME_DIVERGENCE, /* The first difference between the panels. */
    SPACETIME_DOOM,       /* From here on it is lost. */
    SPACETIME_DETECTION,  /* And here it is seen. */
};

struct spacetime_moment {
    int64_t at_ns;
    uint32_t lane;
    const char *label; /* A few words; NULL: none. */
    enum spacetime_mark mark;
    const char *mark_label; /* Of a marked one: "lost from here on" */
};

struct spacetime_message {
    uint32_t from, to; /* Moments; the lanes are theirs. */
    bool is_lost;      /* It never arrives: ends half-way, at the moment it was sent. */
    uint32_t to_lane;  /* Of a lost one: where it was going. */
};

enum spacetime_tone { SPACETIME_CALM, SPACETIME_BUSY, SPACETIME_WAITING, SPACETIME_BAD };

struct spacetime_bar {
    uint32_t lane;
    uint32_t from, to; /* Moments. */
    const char *state;
    enum spacetime_tone tone;
};

struct spacetime_panel {
    const char *title;
    struct spacetime_moment *moments;
    uint32_t moment_count;
    struct spacetime_message *messages;
    uint32_t message_count;
    struct spacetime_bar *bars;
    uint32_t bar_count;
};

struct spacetime {
    struct arena *arena; /* For what is made on the way. */
    const char *title, *caption;
    const char *alt; /* For people who cannot see it. */
    const char *lanes[SPACETIME_LANES_MAX];
    uint32_t lane_count;
    struct spacetime_panel panels[SPACETIME_PANELS_MAX];
    uint32_t panel_count;
};

/* A pause at least so long is cut. */
#define SPACETIME_CUT_NS (10 * UNITS_S)

/* "00:30:21"; "4min59s". A wait is between the times as they are shown: whoever subtracts them gets
 * the same. In the arena. */
const char *spacetime_clock(struct arena *arena, int64_t at_ns);
const char *spacetime_wait(struct arena *arena, int64_t from_ns, int64_t to_ns);

/* Print it as text. */
void spacetime_print(const struct spacetime *diagram, const struct page *page);

/* Write it as an SVG document. */
void spacetime_write_svg(const struct spacetime *diagram, FILE *file);

#endif
