/* pareto.h - several criteria at once: which choices does no other choice make pointless?
 *
 * One choice dominates another when it is no worse by any criterion and better by at least one. The
 * front is what nobody dominates: taking anything else costs something and gains nothing. Every
 * criterion is minimised; equal choices do not dominate each other, so ties keep both.
 *
 * Estimates carry noise, and the front of estimates changes with the seed. So there is a second,
 * stronger word: dominated *beyond noise*, where the intervals of the paired differences agree.
 *
 * Values may be INFINITY, for "never"; not NaN (checked).
 */
#ifndef SIM_STATS_PARETO_H
#define SIM_STATS_PARETO_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/stats/interval.h"

/* Is `first` no worse than `second` by any of the criteria, and better by one? */
bool pareto_dominates(const double *first, const double *second, size_t criterion_count);

/* Set on_front[i] for each of `count` choices, whose values are values[i * criterion_count ...].
 * O(count^2 criterion_count). */
void pareto_front(bool *on_front, const double *values, size_t count, size_t criterion_count);

enum pareto_verdict {
    PARETO_UNDECIDED, /* Each is better by something, or the noise is too large to say. */
    PARETO_FIRST,     /* The first dominates. */
    PARETO_SECOND,
};

/* Compare two choices by the intervals of their differences, differences[c] = first minus second
 * by criterion c. The first dominates when every interval ends at or below tolerances[c], and one
 * of them ends below -tolerances[c]; the second likewise. `tolerances` (>= 0) is what does not
 * matter, NULL for none: without it a criterion by which the two are about equal leaves everything
 * undecided. A difference that is not estimable counts as equal if its estimate is 0 (neither side
 * saw anything), else as unknown. The intervals are taken one by one; a promise about all pairs and
 * criteria together needs a higher confidence of each. */
enum pareto_verdict pareto_compare(const struct interval *differences, const double *tolerances,
                                   size_t criterion_count);

#endif
