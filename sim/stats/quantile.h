/* quantile.h - quantiles of a sorted sample, and intervals that assume no distribution.
 *
 * How many of n independent values lie below the true p-quantile is binomial(n, p), whatever the
 * distribution is. So two order statistics enclose the quantile with a chance that can be computed
 * exactly: at least the confidence, and the ranks are the innermost ones whose tails are each at
 * most half of the rest. Ties only make the chance larger. Where even the least or the greatest
 * value is not far enough out, there is no interval: at 95 % the median needs 6 values, the 95th
 * percentile 72, the 99th 368.
 *
 * Units: those of the values. Limits: finite values in ascending order; at most 2^40. Units of one
 * replication are not independent: take one value a replication, or resample (bootstrap.h).
 *
 * Source: W. J. Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2; R. J. Hyndman,
 * Y. Fan, The American Statistician 50 (1996) 361, definition 7.
 */
#ifndef SIM_STATS_QUANTILE_H
#define SIM_STATS_QUANTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/stats/interval.h"

/* Set the quantile at `share` in [0, 1] by definition 7, as R does: linear between the values, the
 * least at 0 and the greatest at 1. sorted[count]. Returns false for no values. O(1). */
bool quantile_sample(const double *sorted, size_t count, double share, double *value);

/* Ranks from 1 on. */
struct quantile_ranks {
    uint64_t low;
    uint64_t high;
};

/* Find the order statistics that enclose the quantile at `share`. Returns false where there are too
 * few values for it. About 50 binomial distributions: 10 ms for a million values. */
bool quantile_find_ranks(uint64_t count, double share, double confidence,
                         struct quantile_ranks *ranks);

/* Return the sample's quantile between those order statistics; "not estimable" for too few values.
 * sorted[count]. */
struct interval quantile_interval(const double *sorted, size_t count, double share,
                                  double confidence);

#endif
