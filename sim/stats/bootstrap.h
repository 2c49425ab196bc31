/* bootstrap.h - an interval for any statistic of replications, by drawing replications again.
 *
 * Replications are independent, their units are not, so whole replications are drawn with
 * replacement. The statistic gets the indices that were drawn and may look at anything it has for
 * them: a ratio of sums, a quantile over all units, a difference of two variants (the same indices
 * for both keep the pairs together). The limits are percentiles of what it says: of B resamples the
 * k-th from below and from above, k = (B + 1)(1 - confidence) / 2 rounded down.
 *
 * A statistic may have no value for some resamples (a ratio to nothing). Those count as lying below
 * everything for the lower limit and above everything for the upper one; where a limit would fall
 * on one of them there is none.
 *
 * Deterministic: the uniforms are named by resample and position, so whoever supplies them from
 * keyed draws gets the same bits whatever the order of calls.
 *
 * Limits: with few replications (below some 20) percentile intervals are too narrow; at 95 % ask
 * for 999 resamples at least. The program switches GSL's error handler off.
 *
 * Source: A. C. Davison, D. V. Hinkley, Bootstrap Methods and their Application, 1997, sections
 * 2.2, 5.3.
 */
#ifndef SIM_STATS_BOOTSTRAP_H
#define SIM_STATS_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/base/arena.h"
#include "sim/stats/interval.h"

/* Return a uniform number in the open (0, 1), a pure function of resample and position. */
typedef double bootstrap_uniform(const void *context, size_t resample, size_t position);

/* Set the statistic of the replications indices[count], which repeat and are in no order; it has to
 * be finite (checked). Returns false where it has no value. */
typedef bool bootstrap_statistic(const void *context, const size_t *indices, size_t count,
                                 double *value);

struct bootstrap_options {
    size_t replication_count;
    size_t resample_count;
    double confidence; /* In (0, 1). */
    bootstrap_uniform *uniform;
    const void *uniform_context;
    bootstrap_statistic *statistic;
    const void *statistic_context;
};

/* Resample. The estimate is the statistic of all replications once, in order; "no data" if it has
 * no value or there are none. "Not estimable" for a single replication, for too few resamples
 * (k = 0), or for too many without a value. Takes 8 bytes a resample and a replication from the
 * arena. */
struct interval bootstrap_percentile(const struct bootstrap_options *options, struct arena *arena);

#endif
