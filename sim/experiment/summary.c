#include "sim/experiment/summary.h"

#include <math.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/stats/proportion.h"

/* A t interval is believed for a share once this many replications have seen it. */
enum { SEEN_MIN = 5 };

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

/* What a replication contributes to the estimate; false for nothing. */
static bool find_value(const struct metric *metric, const struct record *record, size_t index,
                       double *value)
{
    int64_t raw = record->values[index];
    switch (metric->kind) {
    case METRIC_PROPORTION:
    case METRIC_PER_UNIT:
        if (record->unit_count == 0)
            return false;
        *value = (double)raw / (double)record->unit_count;
        return true;
    case METRIC_TOTAL: *value = (double)raw; return true;
    case METRIC_PER_REPLICATION:
        if (raw == METRIC_NONE)
            return false;
        *value = (double)raw;
        return true;
    }
    CHECK(false);
    return false;
}

static void reduce(struct reduction *reduction, const struct metric *metric,
                   const struct record *record, size_t index)
{
    double value;
    if (!find_value(metric, record, index, &value))
        return;
    tally_add(&reduction->tally, value);
    int64_t raw = record->values[index];
    reduction->total += raw;
    reduction->unit_count += record->unit_count;
    reduction->replications_seen += raw != 0;
    if (metric->kind != METRIC_PROPORTION)
        return;
    cluster_add(&reduction->clusters, record->unit_count, (uint64_t)raw);
    reduction->replications_all += raw == record->unit_count;
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
                                             const struct summary_metric *metric)
{
    uint64_t replications = reduction->tally.count;
    uint64_t seen = reduction->replications_seen;
    uint64_t unseen = replications - reduction->replications_all;
    if (!interval_is_known(&metric->t) || (seen >= SEEN_MIN && unseen >= SEEN_MIN))
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
        .method = "Poisson limit for none seen",
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
        out->headline = choose_for_proportion(reduction, out);
        return;
    }
    out->upper_bound = proportion_upper_bound(reduction->replications_seen,
                                              (double)reduction->tally.count, confidence);
    out->headline = choose_for_sum(reduction, metric, &out->t);
}

static const struct summary_metric *reduce_metrics(struct arena *arena, const struct result *result,
                                                   uint32_t variant, double confidence)
{
    const struct model *model = result->model;
    struct summary_metric *metrics = arena_take_array(arena, model->metric_count, sizeof *metrics);
    for (size_t m = 0; m < model->metric_count; m++) {
        struct reduction reduction = {.kind = model->metrics[m].kind};
        for (uint32_t r = 0; r < result->replication_count; r++)
            reduce(&reduction, &model->metrics[m], result_record(result, r, variant), m);
        conclude(&metrics[m], &reduction, &model->metrics[m], confidence);
    }
    return metrics;
}

static void compare(struct summary_difference *out, const struct mean_pairs *pairs,
                    double confidence)
{
    *out = (struct summary_difference){.difference = mean_pairs_interval(pairs, confidence)};
    out->is_correlation_known = mean_pairs_correlation(pairs, &out->correlation);
    out->is_variance_ratio_known = mean_pairs_variance_ratio(pairs, &out->variance_ratio);
    /* Nothing failed on either side, or everything on both: the difference is 0 in the sample, and
     * [0, 0] would claim that it is 0 in truth. */
    const struct tally *first = &pairs->first;
    const struct tally *second = &pairs->second;
    bool is_constant = first->min == first->max && second->min == second->max;
    bool is_extreme = first->min == 0 || first->min == 1;
    if (interval_is_known(&out->difference) && is_constant && is_extreme &&
        first->min == second->min)
        out->difference.state = INTERVAL_NOT_ESTIMABLE;
}

static const struct summary_difference *compare_metrics(struct arena *arena,
                                                        const struct result *result,
                                                        uint32_t variant, double confidence)
{
    const struct model *model = result->model;
    struct summary_difference *differences =
        arena_take_array(arena, model->metric_count, sizeof *differences);
    for (size_t m = 0; m < model->metric_count; m++) {
        struct mean_pairs pairs = {0};
        for (uint32_t r = 0; r < result->replication_count; r++) {
            double first, later;
            if (find_value(&model->metrics[m], result_record(result, r, 0), m, &first) &&
                find_value(&model->metrics[m], result_record(result, r, variant), m, &later))
                mean_pairs_add(&pairs, first, later);
        }
        compare(&differences[m], &pairs, confidence);
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

const struct summary *summary_create(struct arena *arena, const struct result *result,
                                     double confidence)
{
    CHECK(confidence > 0 && confidence < 1);
    struct summary_variant *variants =
        arena_take_array(arena, result->variant_count, sizeof *variants);
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
        if (v == 0)
            continue;
        variant->differences = compare_metrics(arena, result, v, confidence);
        variant->units = compare_units(result, v);
    }
    struct summary *summary = arena_take(arena, sizeof *summary);
    *summary = (struct summary){
        .result = result,
        .confidence = confidence,
        .replication_count = result->replication_count,
        .variants = variants,
    };
    return summary;
}
