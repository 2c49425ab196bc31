/* summary.h - what a result says: an estimate with its interval for every variant and metric, and
 * the paired difference of every later variant from the first.
 *
 * Everything is reduced in the order (replication), so the same records give the same bits.
 *
 * What a metric is estimated by: a proportion and a per-unit metric by the mean over replications
 * of value / units, a total and a per-replication metric by the mean over replications; but a
 * proportion of a part of the units (metric.is_part), of which every replication has another
 * number, by that of all replications together.
 * Replications without units (or with METRIC_NONE) give nothing to it. `total` is the plain sum.
 *
 * `headline` is the interval to show and to judge by:
 *   - the t interval over replications, which needs no assumption about units of one replication;
 *   - for a proportion of a part of the units, Clopper-Pearson on the effective number of units;
 *   - for a proportion that fewer than 5 replications saw (or failed to see), Clopper-Pearson on
 *     the effective number of units, because a t interval of zeros is [0, 0];
 *     where there are fewer than 5 replications and all saw it, the wider of the two;
 *   - for a count of which nothing at all was seen, [0, Poisson limit];
 *   - from one replication: an estimate and no interval.
 *
 * The headline of a comparison is the paired t interval over replications. What else is said of the
 * failed units (summary_opinions) takes units one by one and is there for those who expect to see
 * it: units of one replication share a world, so it claims more than there is to know.
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
    bool is_p_known;            /* Of the t test that belongs to the interval. */
    double p_value;
    double p_adjusted; /* By Holm, over all later variants; those without a p count as 1. */
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

/* Second opinions on the failed units of a later variant against those of the first. */
struct summary_opinions {
    bool has_pairs; /* As summary_units.is_known, and for no more units than the tests can take. */
    struct interval paired_difference; /* Newcombe. */
    double mcnemar_exact;              /* p */
    double mcnemar_mid;
    /* As if the variants shared nothing, each with its effective number of units. */
    struct interval group_difference; /* Newcombe. */
    struct interval risk_ratio;       /* First over later, Katz. */
    bool has_fisher;                  /* Only where they do share nothing: compare.h. */
    double fisher;                    /* p, of units one by one. */
};

/* The quantiles that are estimated of every histogram. */
enum summary_quantile { SUMMARY_P50, SUMMARY_P95, SUMMARY_P99 };
enum { SUMMARY_QUANTILE_COUNT = 3 };

struct summary_durations {
    struct interval quantiles[SUMMARY_QUANTILE_COUNT]; /* ns */
};

/* One series of one variant, all replications added up. Where replications have bins of different
 * width, the widest is that of all. */
struct summary_series {
    bool is_known; /* False where the widths of two replications do not fit (series.h). */
    int64_t bin_ns;
    int64_t first; /* Number of the bin that counts[0] counts: [first * bin_ns, ...). */
    uint32_t bin_count;
    const uint64_t *counts; /* [bin_count] */
};

/* What part of a series has the property that another counts, bin by bin, over replications:
 * Clopper-Pearson with the design effect of units that share a world. */
struct summary_share_bin {
    int64_t from_ns, to_ns;
    uint64_t part, whole;
    uint32_t replication_count; /* With anything in this bin. */
    struct interval share;      /* Without data where `whole` is 0. */
};
struct summary_share {
    bool is_known; /* As summary_series.is_known. */
    int64_t bin_ns;
    uint32_t bin_count; /* The window of the whole: the bins from the first to the last with any. */
    const struct summary_share_bin *bins;
};

struct summary_variant {
    uint64_t unit_count;
    uint64_t event_count;
    uint64_t draw_count;
    const struct summary_metric *metrics;         /* [metric_count] */
    const struct summary_difference *differences; /* [metric_count]; NULL for the first variant */
    struct summary_units units;                   /* Against the first; zero for itself. */
    const struct summary_opinions *opinions;      /* NULL for the first variant */
    const struct histogram *histograms;           /* [histogram_count], of all replications */
    const struct summary_durations *durations;    /* [histogram_count] */
    const struct summary_series *series;          /* [series_count], of all replications */
};

struct summary {
    const struct result *result;
    double confidence;
    bool is_independent; /* The two variants share no worlds: see compare.h. */
    uint32_t replication_count;
    const struct summary_variant *variants; /* [variant_count] */
};

/* What a replication contributes to the estimate of a metric (`index` among the values of the
 * record); false for nothing. */
bool summary_value(const struct metric *metric, const struct record *record, size_t index,
                   double *value);

/* Conclude from values that share their worlds, one pair a replication, as for a difference here:
 * for pairs that come from several results. */
void summary_compare(struct summary_difference *out, const struct mean_pairs *pairs,
                     double confidence);

/* Two shares differ by 1 at most, whatever a t interval of few replications says. */
void summary_limit_difference(struct interval *difference, const struct metric *metric);

/* Reduce one metric of one variant, at any confidence. O(replications). */
struct summary_metric summary_reduce_metric(const struct result *result, uint32_t variant,
                                            size_t metric, double confidence);

/* What a replication contributes to the share of units that fail in one variant and pass in
 * another; false for nothing: the variants have different units there, or none. */
bool summary_unit_share(const struct record *failed_in, const struct record *passed_in,
                        double *share);

/* Reduce that share, as a proportion. Where a replication has different units in the two variants
 * there is no data at all. O(units). */
struct summary_metric summary_reduce_units(const struct result *result, uint32_t failed_in,
                                           uint32_t passed_in, double confidence);

/* Reduce. The summary lies in the arena and points to the result. O(records). */
const struct summary *summary_create(struct arena *arena, const struct result *result,
                                     double confidence);

/* Which share: of a variant, or (is_one) of one of its replications alone. */
struct summary_share_what {
    uint32_t variant;
    size_t part; /* A series with `is_part`. */
    double confidence;
    bool is_one;          /* The interval then speaks of units like these in this one world. */
    uint32_t replication; /* Counted from 0; only where is_one. */
};

/* Add up every series of one variant: [series_count] in the arena. O(replications x bins). */
const struct summary_series *summary_add_all_series(struct arena *arena,
                                                    const struct result *result, uint32_t variant);

/* Find the share that a series has of the one that it is a part of. O(replications x bins). */
struct summary_share summary_series_share(struct arena *arena, const struct result *result,
                                          const struct summary_share_what *what);

/* What summary_create does with the differences of one metric: judge whether what was found can be
 * believed. Sets p_adjusted = p_value. */
struct summary_difference summary_conclude(const struct interval *difference,
                                           const struct tally *first, const struct tally *later);

/* Fill in what is said as if the variants shared nothing, from the failed units of both. */
void summary_compare_groups(struct summary_opinions *opinions, const struct summary_metric *first,
                            const struct summary_metric *later);

/* Does the unit fail in the later variant only? Units that the first does not have: no. */
static inline bool summary_is_new_failure(const struct record *first, const struct record *later,
                                          uint32_t unit)
{
    return record_is_failed(later, unit) && unit < first->unit_count &&
           !record_is_failed(first, unit);
}

/* 0.5, 0.95, 0.99 */
double summary_quantile_share(enum summary_quantile quantile);

/* "p50", "p95", "p99" */
const char *summary_quantile_name(enum summary_quantile quantile);

#endif
