/* summary.h - what a result says: an estimate with its interval for every variant and metric, and
 * the paired difference of every later variant from the first.
 *
 * Everything is reduced in the order (replication), so the same records give the same bits.
 *
 * What a metric is estimated by: a proportion and a per-unit metric by the mean over replications
 * of value / units, a total and a per-replication metric by the mean over replications.
 * Replications without units (or with METRIC_NONE) give nothing to it. `total` is the plain sum.
 *
 * `headline` is the interval to show and to judge by:
 *   - the t interval over replications, which needs no assumption about units of one replication;
 *   - for a proportion that fewer than 5 replications saw (or failed to see), Clopper-Pearson on
 *     the effective number of units, because a t interval of zeros is [0, 0];
 *     where there are fewer than 5 replications and all saw it, the wider of the two;
 *   - for a count of which nothing at all was seen, [0, Poisson limit];
 *   - from one replication: an estimate and no interval.
 *
 * Units: shares 0 to 1, counts, ns; all double. Differences are first minus later.
 */
#ifndef SIM_EXPERIMENT_SUMMARY_H
#define SIM_EXPERIMENT_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/experiment/result.h"
#include "sim/stats/cluster.h"
#include "sim/stats/histogram.h"
#include "sim/stats/interval.h"
#include "sim/stats/mean.h"

/* One metric of one variant. */
struct summary_metric {
    struct interval headline;
    struct tally tally;         /* Over replications. */
    struct interval t;          /* Of that tally, limited to [0, 1] for a proportion. */
    double total;               /* Of the raw values; exact below 2^53. */
    uint64_t unit_count;        /* In the replications that count. */
    uint32_t replications_seen; /* Those whose value is not 0. */
    double upper_bound;         /* One-sided, see below; meant for total == 0. */
    /* Only for proportions; elsewhere without data. */
    struct cluster_effect effect;
    struct interval wilson;          /* With the design effect. */
    struct interval clopper_pearson; /* With the design effect. */
};

/* `upper_bound`: with the summary's confidence (one-sided) at most this share of units has the
 * property (a proportion), or at most this share of replications has a value other than 0. */

/* One metric of a later variant against the first. */
struct summary_difference {
    struct interval difference; /* First minus later. */
    bool is_correlation_known;
    double correlation;
    bool is_variance_ratio_known;
    double variance_ratio;
};

/* The units of all replications by their fate in the first variant and in a later one. */
struct summary_units {
    bool is_known; /* False where the variants have different units. */
    uint64_t both;
    uint64_t only_first;
    uint64_t only_later; /* New failures. */
    uint64_t neither;
};

struct summary_variant {
    uint64_t unit_count;
    uint64_t event_count;
    uint64_t draw_count;
    const struct summary_metric *metrics;         /* [metric_count] */
    const struct summary_difference *differences; /* [metric_count]; NULL for the first variant */
    struct summary_units units;                   /* Against the first; zero for itself. */
    const struct histogram *histograms;           /* [histogram_count], of all replications */
};

struct summary {
    const struct result *result;
    double confidence;
    uint32_t replication_count;
    const struct summary_variant *variants; /* [variant_count] */
};

/* Reduce. The summary lies in the arena and points to the result. O(records). */
const struct summary *summary_create(struct arena *arena, const struct result *result,
                                     double confidence);

#endif
