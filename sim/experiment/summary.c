#include "sim/experiment/summary.h"

#include <math.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/experiment/duration.h"
#include "sim/stats/discrete.h"
#include "sim/stats/holm.h"
#include "sim/stats/paired_proportions.h"
#include "sim/stats/proportion.h"
#include "sim/stats/two_proportions.h"

/* A t interval is believed for a share once this many replications have seen it. */
enum { SEEN_MIN = 5 };

/* A ratio of rates is not asked of fewer units than this. */
enum { RATIO_UNITS_MIN = 10 };

__extension__ typedef __int128 wide; /* Sums of ns over long experiments pass 2^63. */

/* One metric of one variant while it is being added up. */
struct reduction {
    enum metric_kind kind;
    struct tally tally;
    struct cluster_tally clusters;
    wide total;
    uint64_t unit_count;
    uint32_t replications_seen;
    uint32_t replications_all; /* Where every unit has the property. */
};

/* The units that a metric speaks of. */
static uint64_t units_of(const struct metric *metric, const struct record *record)
{
    return metric->is_part ? (uint64_t)record->values[metric->part_of] : record->unit_count;
}

bool summary_value(const struct metric *metric, const struct record *record, size_t index,
                   double *value)
{
    int64_t raw = record->values[index];
    uint64_t unit_count = units_of(metric, record);
    if (raw == METRIC_NONE)
        return false;
    switch (metric->kind) {
    case METRIC_PROPORTION:
    case METRIC_PER_UNIT:
        if (unit_count == 0)
            return false;
        *value = (double)raw / (double)unit_count;
        return true;
    case METRIC_TOTAL:
    case METRIC_PER_REPLICATION: *value = (double)raw; return true;
    }
    CHECK(false);
    return false;
}

static void reduce(struct reduction *reduction, const struct metric *metric,
                   const struct record *record, size_t index)
{
    double value;
    if (!summary_value(metric, record, index, &value))
        return;
    tally_add(&reduction->tally, value);
    int64_t raw = record->values[index];
    uint64_t unit_count = units_of(metric, record);
    reduction->total += raw;
    reduction->unit_count += unit_count;
    reduction->replications_seen += raw != 0;
    if (metric->kind != METRIC_PROPORTION)
        return;
    cluster_add(&reduction->clusters, unit_count, (uint64_t)raw);
    reduction->replications_all += (uint64_t)raw == unit_count;
}

static struct interval limit_to_share(struct interval interval)
{
    if (interval_is_known(&interval)) {
        interval.low = fmax(0, interval.low);
        interval.high = fmin(1, interval.high);
    }
    return interval;
}

static struct interval choose_for_proportion(const struct reduction *reduction,
                                             const struct metric *what,
                                             const struct summary_metric *metric)
{
    uint64_t replications = reduction->tally.count;
    uint64_t seen = reduction->replications_seen;
    uint64_t unseen = replications - reduction->replications_all;
    if (!interval_is_known(&metric->t))
        return metric->t;
    /* How many a part has is chance as well, and may go with its share: where the part is what came
     * before something happened, the mean of the shares is not the share of them all. */
    if (what->is_part)
        return metric->clopper_pearson;
    if (seen >= SEEN_MIN && unseen >= SEEN_MIN)
        return metric->t;
    bool is_wide =
        metric->t.high - metric->t.low > metric->clopper_pearson.high - metric->clopper_pearson.low;
    if (seen == replications && unseen == replications && is_wide)
        return metric->t;
    return metric->clopper_pearson;
}

/* Nothing was seen of a count: with `confidence` the mean is below -log(tail) per replication over
 * their number, if what is counted comes independently. */
static struct interval nothing_seen(const struct reduction *reduction, double confidence)
{
    double limit = -log((1 - confidence) / 2);
    double exposure = (double)reduction->tally.count;
    if (reduction->kind == METRIC_PER_UNIT)
        exposure = (double)reduction->unit_count;
    return (struct interval){
        .state = INTERVAL_KNOWN,
        .high = limit / exposure,
        .confidence = confidence,
        .method = "Poisson limit for none seen, as if independent",
    };
}

static struct interval choose_for_sum(const struct reduction *reduction,
                                      const struct metric *metric, const struct interval *t)
{
    bool is_nothing = reduction->replications_seen == 0 && interval_is_known(t);
    switch (metric->kind) {
    case METRIC_PER_UNIT:
    case METRIC_TOTAL:
        if (is_nothing && metric->unit == METRIC_COUNT)
            return nothing_seen(reduction, t->confidence);
        if (is_nothing)
            return (struct interval){.state = INTERVAL_NOT_ESTIMABLE,
                                     .confidence = t->confidence,
                                     .method = "none seen"};
        return *t;
    case METRIC_PROPORTION:
    case METRIC_PER_REPLICATION: return *t;
    }
    CHECK(false);
    return *t;
}

static void conclude(struct summary_metric *out, const struct reduction *reduction,
                     const struct metric *metric, double confidence)
{
    *out = (struct summary_metric){
        .tally = reduction->tally,
        .t = mean_interval(&reduction->tally, confidence),
        .total = (double)reduction->total,
        .unit_count = reduction->unit_count,
        .replications_seen = reduction->replications_seen,
    };
    if (metric->kind == METRIC_PROPORTION) {
        out->t = limit_to_share(out->t);
        out->effect = cluster_effect(&reduction->clusters);
        out->wilson = cluster_wilson(&reduction->clusters, confidence);
        out->clopper_pearson = cluster_clopper_pearson(&reduction->clusters, confidence);
        out->upper_bound = cluster_upper_bound(&reduction->clusters, confidence);
        out->headline = choose_for_proportion(reduction, metric, out);
        return;
    }
    out->upper_bound = proportion_upper_bound(reduction->replications_seen,
                                              (double)reduction->tally.count, confidence);
    out->headline = choose_for_sum(reduction, metric, &out->t);
}

struct summary_metric summary_reduce_metric(const struct result *result, uint32_t variant,
                                            size_t metric, double confidence)
{
    CHECK(confidence > 0 && confidence < 1);
    const struct metric *what = &result->model->metrics[metric];
    struct reduction reduction = {.kind = what->kind};
    for (uint32_t r = 0; r < result->replication_count; r++)
        reduce(&reduction, what, result_record(result, r, variant), metric);
    struct summary_metric found;
    conclude(&found, &reduction, what, confidence);
    return found;
}

static const struct summary_metric *reduce_metrics(struct arena *arena, const struct result *result,
                                                   uint32_t variant, double confidence)
{
    const struct model *model = result->model;
    struct summary_metric *metrics = arena_take_array(arena, model->metric_count, sizeof *metrics);
    for (size_t m = 0; m < model->metric_count; m++)
        metrics[m] = summary_reduce_metric(result, variant, m, confidence);
    return metrics;
}

static uint64_t count_only_first(const struct record *first, const struct record *second)
{
    uint64_t count = 0;
    for (size_t i = 0; i < record_words(first->unit_count); i++)
        count += (uint64_t)__builtin_popcountll(first->failed[i] & ~second->failed[i]);
    return count;
}

bool summary_unit_share(const struct record *failed_in, const struct record *passed_in,
                        double *share)
{
    if (failed_in->unit_count != passed_in->unit_count || failed_in->unit_count == 0)
        return false;
    *share = (double)count_only_first(failed_in, passed_in) / (double)failed_in->unit_count;
    return true;
}

struct summary_metric summary_reduce_units(const struct result *result, uint32_t failed_in,
                                           uint32_t passed_in, double confidence)
{
    CHECK(confidence > 0 && confidence < 1);
    static const struct metric share_of_units = {.kind = METRIC_PROPORTION};
    struct reduction reduction = {.kind = share_of_units.kind};
    bool is_same = true;
    for (uint32_t r = 0; r < result->replication_count && is_same; r++) {
        const struct record *failed = result_record(result, r, failed_in);
        const struct record *passed = result_record(result, r, passed_in);
        is_same = failed->unit_count == passed->unit_count;
        if (!is_same)
            continue;
        int64_t count = (int64_t)count_only_first(failed, passed);
        struct record as_metric = {.unit_count = failed->unit_count, .values = &count};
        reduce(&reduction, &share_of_units, &as_metric, 0);
    }
    if (!is_same)
        reduction = (struct reduction){.kind = share_of_units.kind};
    struct summary_metric found;
    conclude(&found, &reduction, &share_of_units, confidence);
    return found;
}

struct summary_difference summary_conclude(const struct interval *difference,
                                           const struct tally *first, const struct tally *later)
{
    struct summary_difference out = {.difference = *difference, .p_value = 1, .p_adjusted = 1};
    /* Nothing failed on either side, or everything on both: the difference is 0 in the sample, and
     * [0, 0] would claim that it is 0 in truth. */
    bool is_constant = first->min == first->max && later->min == later->max;
    bool is_extreme = first->min == 0 || first->min == 1;
    if (interval_is_known(difference) && is_constant && is_extreme && first->min == later->min)
        out.difference.state = INTERVAL_NOT_ESTIMABLE;
    return out;
}

void summary_compare(struct summary_difference *out, const struct mean_pairs *pairs,
                     double confidence)
{
    struct interval interval = mean_pairs_interval(pairs, confidence);
    *out = summary_conclude(&interval, &pairs->first, &pairs->second);
    out->is_correlation_known = mean_pairs_correlation(pairs, &out->correlation);
    out->is_variance_ratio_known = mean_pairs_variance_ratio(pairs, &out->variance_ratio);
    out->is_p_known =
        interval_is_known(&out->difference) && mean_pairs_p_value(pairs, &out->p_value);
    out->p_adjusted = out->p_value;
}

void summary_limit_difference(struct interval *difference, const struct metric *metric)
{
    if (metric->kind != METRIC_PROPORTION || !interval_is_known(difference))
        return;
    difference->low = fmax(-1, difference->low);
    difference->high = fmin(1, difference->high);
}

static struct summary_difference *compare_metrics(struct arena *arena, const struct result *result,
                                                  uint32_t variant, double confidence)
{
    const struct model *model = result->model;
    struct summary_difference *differences =
        arena_take_array(arena, model->metric_count, sizeof *differences);
    for (size_t m = 0; m < model->metric_count; m++) {
        struct mean_pairs pairs = {0};
        for (uint32_t r = 0; r < result->replication_count; r++) {
            double first, later;
            if (summary_value(&model->metrics[m], result_record(result, r, 0), m, &first) &&
                summary_value(&model->metrics[m], result_record(result, r, variant), m, &later))
                mean_pairs_add(&pairs, first, later);
        }
        summary_compare(&differences[m], &pairs, confidence);
        summary_limit_difference(&differences[m].difference, &model->metrics[m]);
    }
    return differences;
}

static struct summary_units compare_units(const struct result *result, uint32_t variant)
{
    struct summary_units units = {.is_known = true};
    uint64_t unit_count = 0;
    for (uint32_t r = 0; r < result->replication_count; r++) {
        const struct record *first = result_record(result, r, 0);
        const struct record *later = result_record(result, r, variant);
        if (first->unit_count != later->unit_count)
            return (struct summary_units){.is_known = false};
        unit_count += first->unit_count;
        for (size_t i = 0; i < record_words(first->unit_count); i++) {
            uint64_t a = first->failed[i];
            uint64_t b = later->failed[i];
            units.both += (uint64_t)__builtin_popcountll(a & b);
            units.only_first += (uint64_t)__builtin_popcountll(a & ~b);
            units.only_later += (uint64_t)__builtin_popcountll(~a & b);
        }
    }
    units.neither = unit_count - units.both - units.only_first - units.only_later;
    return units;
}

/* Units that carry as much information as if they were independent. */
static void find_group(const struct summary_metric *metric, double *hits, double *count)
{
    *count = metric->effect.effective;
    *hits = *count;
    if (metric->total < (double)metric->unit_count)
        *hits = fmin(*count, *count * metric->total / (double)metric->unit_count);
}

void summary_compare_groups(struct summary_opinions *opinions, const struct summary_metric *first,
                            const struct summary_metric *later)
{
    double confidence = first->headline.confidence;
    struct two_proportions groups;
    find_group(first, &groups.first_hits, &groups.first_count);
    find_group(later, &groups.second_hits, &groups.second_count);
    opinions->group_difference = two_proportions_difference(&groups, confidence);
    /* With nothing seen on one side, or next to no units, the ratio would be what the correction
     * for zeros makes of it, and may point the other way. */
    bool is_seen = first->total > 0 && later->total > 0;
    opinions->risk_ratio = (struct interval){.confidence = confidence};
    if (is_seen && first->unit_count >= RATIO_UNITS_MIN && later->unit_count >= RATIO_UNITS_MIN)
        opinions->risk_ratio = two_proportions_risk_ratio(&groups, confidence);
}

static const struct summary_opinions *find_opinions(struct arena *arena,
                                                    const struct summary_units *units,
                                                    const struct summary_metric *first,
                                                    const struct summary_metric *later)
{
    struct summary_opinions *opinions = arena_take(arena, sizeof *opinions);
    summary_compare_groups(opinions, first, later);
    struct paired_proportions pairs = {
        .both_count = units->both,
        .only_first_count = units->only_first,
        .only_second_count = units->only_later,
        .neither_count = units->neither,
    };
    opinions->has_pairs =
        units->is_known && first->unit_count > 0 && first->unit_count <= DISCRETE_COUNT_MAX;
    if (!opinions->has_pairs)
        return opinions;
    opinions->paired_difference = paired_proportions_difference(&pairs, first->headline.confidence);
    opinions->mcnemar_exact = paired_proportions_exact(&pairs);
    opinions->mcnemar_mid = paired_proportions_mid(&pairs);
    return opinions;
}

/* Adjust the p values of every metric for the number of variants that are compared. */
static void adjust_for_variants(struct arena *arena, struct summary_difference **differences,
                                uint32_t variant_count, size_t metric_count)
{
    double *p_values = arena_take_array(arena, variant_count, sizeof *p_values);
    for (size_t m = 0; m < metric_count; m++) {
        for (uint32_t v = 1; v < variant_count; v++)
            p_values[v - 1] = differences[v][m].p_value;
        holm_adjust(p_values, p_values, variant_count - 1, arena);
        for (uint32_t v = 1; v < variant_count; v++)
            differences[v][m].p_adjusted = p_values[v - 1];
    }
}

static const struct histogram *merge_histograms(struct arena *arena, const struct result *result,
                                                uint32_t variant)
{
    size_t count = result->model->histogram_count;
    struct histogram *histograms = arena_take_array(arena, count, sizeof *histograms);
    for (size_t i = 0; i < count; i++) {
        histogram_init(&histograms[i], arena);
        for (uint32_t r = 0; r < result->replication_count; r++)
            histogram_merge(&histograms[i], &result_record(result, r, variant)->histograms[i]);
    }
    return histograms;
}

double summary_quantile_share(enum summary_quantile quantile)
{
    switch (quantile) {
    case SUMMARY_P50: return 0.5;
    case SUMMARY_P95: return 0.95;
    case SUMMARY_P99: return 0.99;
    }
    check_failed(__FILE__, __LINE__, "a known quantile");
}

const char *summary_quantile_name(enum summary_quantile quantile)
{
    switch (quantile) {
    case SUMMARY_P50: return "p50";
    case SUMMARY_P95: return "p95";
    case SUMMARY_P99: return "p99";
    }
    check_failed(__FILE__, __LINE__, "a known quantile");
}

static const struct summary_durations *find_durations(struct arena *arena,
                                                      const struct result *result, uint32_t variant,
                                                      const struct histogram *histograms,
                                                      double confidence)
{
    size_t count = result->model->histogram_count;
    struct summary_durations *durations = arena_take_array(arena, count, sizeof *durations);
    for (size_t i = 0; i < count; i++) {
        struct duration_source source = {
            .result = result, .variant = variant, .histogram = i, .all = &histograms[i]};
        for (int q = 0; q < SUMMARY_QUANTILE_COUNT; q++)
            durations[i].quantiles[q] = duration_quantile(
                &source, summary_quantile_share((enum summary_quantile)q), confidence);
    }
    return durations;
}

const struct summary *summary_create(struct arena *arena, const struct result *result,
                                     double confidence)
{
    CHECK(confidence > 0 && confidence < 1);
    struct summary_variant *variants =
        arena_take_array(arena, result->variant_count, sizeof *variants);
    struct summary_difference **differences =
        arena_take_array(arena, result->variant_count, sizeof(struct summary_difference *));
    for (uint32_t v = 0; v < result->variant_count; v++) {
        struct summary_variant *variant = &variants[v];
        for (uint32_t r = 0; r < result->replication_count; r++) {
            const struct record *record = result_record(result, r, v);
            variant->unit_count += record->unit_count;
            variant->event_count += record->event_count;
            variant->draw_count += record->draw_count;
        }
        variant->metrics = reduce_metrics(arena, result, v, confidence);
        variant->histograms = merge_histograms(arena, result, v);
        variant->durations = find_durations(arena, result, v, variant->histograms, confidence);
        variant->series = summary_add_all_series(arena, result, v);
        if (v == 0)
            continue;
        size_t failed = result->model->failed_metric;
        differences[v] = compare_metrics(arena, result, v, confidence);
        variant->differences = differences[v];
        variant->units = compare_units(result, v);
        variant->opinions = find_opinions(arena, &variant->units, &variants[0].metrics[failed],
                                          &variant->metrics[failed]);
    }
    if (result->variant_count > 2)
        adjust_for_variants(arena, differences, result->variant_count, result->model->metric_count);
    struct summary *summary = arena_take(arena, sizeof *summary);
    *summary = (struct summary){
        .result = result,
        .confidence = confidence,
        .replication_count = result->replication_count,
        .variants = variants,
    };
    return summary;
}
