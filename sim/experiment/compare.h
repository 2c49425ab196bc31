/* compare.h - variants that were simulated in different runs, as if they were variants of one.
 *
 * Two runs stand on the same worlds when model, seed and world are the same: draws are named, so
 * replication r of one is replication r of the other. Then the runs that both have are a result of
 * two variants like any other, and summary_create says of it, bit by bit, what it would say of one
 * run of both. Only the draws that both made were not compared with each other: the synchrony of
 * such a result is empty. Who may be paired is for the caller to know, who knows where results come
 * from.
 *
 * Results that share nothing are compared by the means of their replications (Welch's t, which
 * takes neither their variances nor their numbers for equal); correlation, variance ratio and the
 * table of units do not exist there.
 */
#ifndef SIM_EXPERIMENT_COMPARE_H
#define SIM_EXPERIMENT_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/experiment/result.h"
#include "sim/experiment/summary.h"

/* One variant of a stored result. */
struct compare_side {
    const struct result *result;
    uint32_t variant;
    const char *name; /* What it is called beside the other one; not copied. */
};

/* Find the replications that both have; false for none. */
bool compare_find_common(const struct result *a, const struct result *b, uint32_t *first,
                         uint32_t *count);

/* Create the result of two variants over the replications that both have, at least one. The caller
 * destroys it; it points into both results. */
struct result *compare_pair(const struct compare_side *first, const struct compare_side *later);

/* Reduce two sides that share nothing, over all replications of each. The summary lies in the
 * arena and `is_independent`; its result has names and no records. */
const struct summary *compare_independent(struct arena *arena, const struct compare_side *first,
                                          const struct compare_side *later, double confidence);

/* Replace summaries[count], of two variants each and of one model, by copies in the arena whose p
 * is adjusted (Holm) for so many comparisons, metric by metric. */
void compare_adjust(struct arena *arena, const struct summary **summaries, size_t count);

#endif
