/* oracle_asked.h - what an oracle was asked and what it answered: for whoever searches among the
 * answers.
 *
 * Every draw has a *typical* answer, the one of u = 1/2: the median of a delay or count, the
 * likelier of yes and no ("no" where both are equally likely), the middle of a uniform and of the
 * bits of an engine. Two things are undetermined without being a number of that kind, and have a
 * typical answer by convention: of several alternatives it is the first, and in a tie first come is
 * first served. The typical world is the one in which every answer is typical; a schedule is the
 * list of those that are not.
 *
 * A question is *open* if another answer was possible. Only open ones are noted; so a constant, a
 * probability of 0 or 1, a pick among one are never seen here.
 *
 * A value is the answer as a number: ns of a delay, a count, 0 or 1, the alternative, the 64 bits
 * of an engine as they are; of a uniform the k of u = (k + 1/2) 2^-52; of a tie how many places (0
 * to ORACLE_TIE_MAX) the event is put back among those of its instant. As an override of kind
 * ORACLE_OVERRIDE_VALUE it gives the same answer again.
 */
#ifndef SIM_CHANCE_ORACLE_ASKED_H
#define SIM_CHANCE_ORACLE_ASKED_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/chance/dist.h"
#include "sim/chance/draw.h"

enum oracle_kind {
    ORACLE_DELAY,
    ORACLE_COUNT,
    ORACLE_HAPPENS,
    ORACLE_PICK,
    ORACLE_UNIFORM,
    ORACLE_ENTROPY,
    ORACLE_TIE,
};
enum { ORACLE_KIND_COUNT = ORACLE_TIE + 1 };

/* The largest value of a tie. */
enum { ORACLE_TIE_MAX = 63 };

struct oracle_asked {
    struct draw_name name;
    enum oracle_kind kind;
    const struct dist *dist; /* ORACLE_DELAY, ORACLE_COUNT; else NULL */
    double probability;      /* ORACLE_HAPPENS */
    uint32_t count;          /* ORACLE_PICK: alternatives; ORACLE_TIE: ORACLE_TIE_MAX + 1 */
    int64_t value;           /* the answer given */
    int64_t at_ns;           /* when it was asked, and during which event (the first is 1; 0: */
    uint64_t event_count;    /* before any) */
    int64_t due_ns;          /* ORACLE_TIE: when the event will fire */
};

/* The open questions of a run, in the order in which they were first asked: a model may ask again,
 * and gets the same answer. Grows by doubling in its arena; to be cleared and used again. */
struct oracle_watch {
    struct oracle_asked *items; /* [count] */
    uint32_t count;
    /* Of its own: */
    uint32_t room, generation;
    uint64_t *slots; /* [2 room], open addressing: generation, then index + 1 */
    struct arena *arena;
    /* For oracle_watch_drop_lone_ties: when events are due whose order is settled, and scratch. */
    int64_t *settled_ns; /* [settled_count] */
    uint32_t settled_count, settled_room;
    int64_t *times_ns; /* [times_room] */
    uint32_t times_room;
};

/* Make an empty watch that lives in `arena`; forget what was asked. */
void oracle_watch_init(struct oracle_watch *watch, struct arena *arena);
void oracle_watch_clear(struct oracle_watch *watch);

/* Note a question, if it has not been noted since the watch was cleared. `hash` is that of its name
 * (draw_name_hash). O(1). */
void oracle_watch_note(struct oracle_watch *watch, const struct oracle_asked *asked, uint32_t hash);

/* Note that an event is due whose order nobody is asked about: it is company for others. */
void oracle_watch_note_settled(struct oracle_watch *watch, int64_t due_ns);

/* Return the typical answer. O(1): medians are kept with their distributions. */
int64_t oracle_asked_typical(const struct oracle_asked *asked);

/* Return the answer for u = level, 0 < level < 1. A tie has no distribution: 0 below 1/2, else 1.
 */
int64_t oracle_asked_at(const struct oracle_asked *asked, double level);

/* Return the probability of a deviation at least as large as `value`, on the same side of the
 * typical answer: P(X >= value) above it, P(X <= value) below it, 1 for the typical answer itself.
 * Of yes or no, the probability of that answer; of a pick, that of any other but the first. A tie
 * has no probability, its order is nobody's chance: 1. */
double oracle_asked_tail(const struct oracle_asked *asked, int64_t value);

/* Bring a value into the range that the question allows: what an override with it would answer. */
int64_t oracle_asked_clamp(const struct oracle_asked *asked, int64_t value);

/* Take out the ties that nobody else is in: of events that are alone (by due_ns) at their instant,
 * so that their order is settled. Keeps the order of the others. Not for runs with a slack window.
 */
void oracle_watch_drop_lone_ties(struct oracle_watch *watch);

#endif
