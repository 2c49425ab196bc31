/* explain_join.h - many clauses become one sentence of bearable length.
 *
 * What comes again and again but for its time (a retry that gets the same answer) is told once,
 * with the time of its last coming; of what is still too long the middle is left out, and counted.
 */
#ifndef MODELS_RCESIM_EXPLORE_EXPLAIN_JOIN_H
#define MODELS_RCESIM_EXPLORE_EXPLAIN_JOIN_H

#include <stdint.h>

#include "sim/base/arena.h"

enum { EXPLAIN_CLAUSES_MAX = 64 };

struct explain_clauses {
    const char *items[EXPLAIN_CLAUSES_MAX];
    uint32_t count;
};

/* Fold the clauses, and join them by semicolons; the text lies in the arena. */
const char *explain_join(struct arena *arena, struct explain_clauses *clauses);

#endif
