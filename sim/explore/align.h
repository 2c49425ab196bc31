/* align.h - which record of one run is which record of another.
 *
 * Two runs of one world differ in a few draws; most of what happens in one happens in the other,
 * perhaps at another time. A run is a partial order: what two hosts do side by side comes in any
 * order and means nothing. So records are matched lane by lane (a lane is whom a record concerns):
 * within a lane in order, by what they say (a key), as many as possible, whatever their times. What
 * finds no partner is a difference.
 *
 * Source: D. Hirschberg, "A linear space algorithm for computing maximal common subsequences",
 * Communications of the ACM 18 (1975) 341.
 */
#ifndef SIM_EXPLORE_ALIGN_H
#define SIM_EXPLORE_ALIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"

#define ALIGN_NONE UINT32_MAX

struct align_item {
    uint64_t key; /* Equal for what says the same; 0: matched with nothing. */
    uint64_t lane;
};

struct align_run {
    const struct align_item *items;
    uint32_t count;
};

struct alignment {
    uint32_t *right_of; /* [left.count]: the partner of each, or ALIGN_NONE */
    uint32_t *left_of;  /* [right.count] */
    uint32_t matched_count;
};

/* Match two runs; the result lies in the arena. A longest matching in each lane; of
 * several, always the same. O(n m) per lane in time, linear in memory. */
struct alignment align_runs(struct arena *arena, struct align_run left, struct align_run right);

#endif
