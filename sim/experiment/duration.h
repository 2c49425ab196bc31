/* duration.h - quantiles of durations over all replications, with intervals that know that units of
 * one replication go together.
 *
 * Woodruff's method: whether a value lies below the quantile is a share like any other, so the
 * interval of that share, turned into ranks, gives the limits of the quantile:
 *
 *     share of values <= x-+
 *          |        .-----
 *     p+ --|------./.....       p-+ = p -+ t sqrt(DEFF p (1 - p) / n)
 *     p  --|----./. . .
 *     p- --|--./.  . .          and the limits are the quantiles at p- and p+
 *          +--'--.-.-.------
 *             low x high
 *
 * DEFF, the price of clustering, is estimated at the quantile itself: the variance of the share
 * there as a ratio of sums over replications (so that replications may hold different numbers of
 * values), against that of independent values. At least 1, as in cluster.h. t has one degree of
 * freedom fewer than there are replications with values. In simulations an interval for 95 % held
 * the true quantile 94 to 98 % of the time from 10 replications on, also with strongly correlated
 * units; with few replications of such units there often is none.
 *
 * Units: ns. Limits: values come from histograms, good to 1 part in 64 (histogram.h); the limits of
 * an interval are the outer ends of their buckets, so that it never claims more than that. Where p-
 * or p+ leaves (0, 1) there are too few values for an interval.
 *
 * Source: R. S. Woodruff, Journal of the American Statistical Association 47 (1952) 635; W. G.
 * Cochran, Sampling Techniques, 3rd ed., section 6.
 */
#ifndef SIM_EXPERIMENT_DURATION_H
#define SIM_EXPERIMENT_DURATION_H

#include <stddef.h>
#include <stdint.h>

#include "sim/experiment/result.h"
#include "sim/stats/histogram.h"
#include "sim/stats/interval.h"

/* Whose durations. */
struct duration_source {
    const struct result *result;
    uint32_t variant;
    size_t histogram;            /* Index in the model. */
    const struct histogram *all; /* That histogram of all replications together. */
};

/* Estimate the quantile at `share` in (0, 1). "No data" without values; "not estimable" from a
 * single replication, or too few values. O(replications x buckets), no memory. */
struct interval duration_quantile(const struct duration_source *source, double share,
                                  double confidence);

#endif
