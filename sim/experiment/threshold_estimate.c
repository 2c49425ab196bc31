#include "sim/experiment/threshold_estimate.h"

#include <float.h>
#include <math.h>

#include "sim/base/check.h"
#include "sim/chance/draw.h"
#include "sim/experiment/duration.h"
#include "sim/stats/bootstrap.h"
#include "sim/stats/histogram_pool.h"
#include "sim/stats/mean.h"
#include "sim/stats/proportion.h"

static const char same_variant_method[] = "t over replications";
static const char paired_method[] = "paired t over replications";
static const char sum_method[] = "t over replications, and the intervals of what is rare";

/* New failures fail in the variant and not in the first one, fixed ones the other way round. */
static void find_sides(const struct threshold_term *term, uint32_t *failed_in, uint32_t *passed_in)
{
    bool is_new = term->quantity == THRESHOLD_NEW_FAILURES;
    *failed_in = is_new ? term->variant : 0;
    *passed_in = is_new ? 0 : term->variant;
}

/* What a replication contributes to a metric or a share of new failures; false for nothing. */
static bool find_value(const struct threshold_view *view, const struct threshold_term *term,
                       uint32_t replication, double *value)
{
    const struct result *result = view->summary->result;
    if (term->quantity == THRESHOLD_METRIC)
        return summary_value(&result->model->metrics[term->index],
                             result_record(result, replication, term->variant), term->index, value);
    uint32_t failed_in, passed_in;
    find_sides(term, &failed_in, &passed_in);
    return summary_unit_share(result_record(result, replication, failed_in),
                              result_record(result, replication, passed_in), value);
}

/* All that is known of a metric or a share of new failures alone. */
static struct summary_metric reduce(const struct threshold_view *view,
                                    const struct threshold_term *term, double confidence)
{
    const struct summary *summary = view->summary;
    if (term->quantity == THRESHOLD_METRIC && confidence == summary->confidence)
        return summary->variants[term->variant].metrics[term->index];
    if (term->quantity == THRESHOLD_METRIC)
        return summary_reduce_metric(summary->result, term->variant, term->index, confidence);
    uint32_t failed_in, passed_in;
    find_sides(term, &failed_in, &passed_in);
    return summary_reduce_units(summary->result, failed_in, passed_in, confidence);
}

static const struct histogram *histogram_of(const struct threshold_view *view,
                                            const struct threshold_term *term)
{
    return &view->summary->variants[term->variant].histograms[term->index];
}

/* How far a value from a histogram can be from the one that it stands for. */
static double resolution_at(const struct histogram *all, double value)
{
    int64_t value_ns = llround(value);
    uint32_t bucket = histogram_bucket(value_ns);
    int64_t half_ns = histogram_bucket_half_ns(bucket);
    int64_t low_ns = histogram_bucket_middle_ns(bucket) - half_ns;
    int64_t high_ns = histogram_bucket_middle_ns(bucket) + half_ns;
    low_ns = low_ns < all->min_ns ? all->min_ns : low_ns;
    high_ns = high_ns > all->max_ns ? all->max_ns : high_ns;
    int64_t below_ns = value_ns - low_ns, above_ns = high_ns - value_ns;
    return (double)(below_ns > above_ns ? below_ns : above_ns);
}

/* One quantile alone; without the resolution. */
static struct interval quantile(const struct threshold_view *view,
                                const struct threshold_term *term)
{
    struct duration_source source = {
        .result = view->summary->result,
        .variant = term->variant,
        .histogram = term->index,
        .all = histogram_of(view, term),
    };
    return duration_quantile(&source, term->share, view->summary->confidence);
}

static struct interval scaled(struct interval interval, double factor)
{
    struct interval result = interval;
    result.estimate *= factor;
    result.low = factor * (factor < 0 ? interval.high : interval.low);
    result.high = factor * (factor < 0 ? interval.low : interval.high);
    return result;
}

/* Seen in few replications or in none, or in nearly all: then the headline is not t, and the
 * variance of a sum does not know how uncertain this part of it is. */
static bool is_rare(const struct summary_metric *metric)
{
    return !interval_is_known(&metric->headline) || !interval_is_known(&metric->t) ||
           metric->headline.method != metric->t.method;
}

/* What each replication adds up to. */
static struct tally tally_of(const struct threshold_view *view, const struct form *form)
{
    struct tally tally = {0};
    for (uint32_t r = 0; r < view->summary->result->replication_count; r++) {
        double sum = 0, value;
        bool is_known = true;
        for (uint32_t i = 0; i < form->term_count && is_known; i++) {
            is_known = find_value(view, &form->terms[i], r, &value);
            sum += is_known ? form->terms[i].coefficient * value : 0;
        }
        if (is_known)
            tally_add(&tally, sum);
    }
    return tally;
}

/* Add to the limits of `interval` those of the rare ones; false if one has none. */
static bool add_rare(const struct threshold_view *view, const struct form *rare, double confidence,
                     struct interval *interval)
{
    for (uint32_t i = 0; i < rare->term_count; i++) {
        struct summary_metric metric = reduce(view, &rare->terms[i], confidence);
        if (!interval_is_known(&metric.headline))
            return false;
        struct interval own = scaled(metric.headline, rare->terms[i].coefficient);
        interval->low += own.low;
        interval->high += own.high;
    }
    return true;
}

/* Several metrics. Those that vary enough make one sample, a number a replication; each rare one
 * brings its own interval. Together they hold with the confidence asked for (Bonferroni). */
static struct interval combination(const struct threshold_view *view, const struct form *form)
{
    double confidence = view->summary->confidence;
    struct form common = {0}, rare = {0};
    bool is_paired = false;
    for (uint32_t i = 0; i < form->term_count; i++) {
        const struct threshold_term *term = &form->terms[i];
        struct summary_metric metric = reduce(view, term, confidence);
        struct form *side = is_rare(&metric) ? &rare : &common;
        side->terms[side->term_count++] = *term;
        is_paired = is_paired || term->variant != form->terms[0].variant;
    }
    struct tally tally = tally_of(view, form);
    struct interval interval = mean_interval(&tally, confidence);
    interval.method = is_paired ? paired_method : same_variant_method;
    if (!interval_is_known(&interval) || rare.term_count == 0)
        return interval;
    struct interval sum = {.state = INTERVAL_KNOWN};
    double each = 1 - (1 - confidence) / (rare.term_count + (common.term_count > 0));
    if (common.term_count > 0) {
        struct tally common_tally = tally_of(view, &common);
        sum = mean_interval(&common_tally, each);
    }
    interval.method = sum_method;
    interval.state = INTERVAL_NOT_ESTIMABLE;
    if (!interval_is_known(&sum) || !add_rare(view, &rare, each, &sum))
        return interval;
    interval.state = INTERVAL_KNOWN;
    interval.low = sum.low;
    interval.high = sum.high;
    return interval;
}

/* A term as resampling needs it. */
struct source {
    double coefficient;
    enum threshold_quantity quantity;
    const struct histogram_pool *pool; /* Of a quantile. */
    double *sums;   /* [replications]: of durations, or the value of a metric; 0 where none. */
    double *counts; /* [replications]: of durations, or 1; 0 where none. */
};

struct resampling {
    const struct source *sources;
    uint32_t source_count;
    uint64_t seed;
    size_t replication_count;
    double *uniforms; /* Of the last resample that was asked for, [replications]. */
};

/* A resample is asked for position by position from 0 on: so its draws are made at once, which is
 * cheaper, and the same. */
static double find_uniform(const void *context, size_t resample, size_t position)
{
    const struct resampling *resampling = context;
    if (position == 0)
        draw_uniform_batch(resampling->seed, (uint32_t)resample,
                           (struct draw_name){0, THRESHOLD_PURPOSE_RESAMPLE, 0},
                           resampling->uniforms, resampling->replication_count);
    return resampling->uniforms[position];
}

static bool find_ratio(const struct source *source, const size_t *indices, size_t count,
                       double *value)
{
    double sum = 0, weight = 0;
    for (size_t i = 0; i < count; i++) {
        sum += source->sums[indices[i]];
        weight += source->counts[indices[i]];
    }
    if (!(weight > 0))
        return false;
    *value = sum / weight;
    return true;
}

static bool find_statistic(const void *context, const size_t *indices, size_t count, double *value)
{
    const struct resampling *resampling = context;
    double sum = 0;
    for (uint32_t i = 0; i < resampling->source_count; i++) {
        const struct source *source = &resampling->sources[i];
        double found = 0;
        int64_t found_ns = 0;
        bool is_quantile = source->quantity == THRESHOLD_QUANTILE;
        bool is_known = is_quantile
                            ? histogram_pool_quantile(source->pool, indices, count, &found_ns)
                            : find_ratio(source, indices, count, &found);
        if (!is_known)
            return false;
        sum += source->coefficient * (is_quantile ? (double)found_ns : found);
    }
    *value = sum;
    return true;
}

static struct source make_source(const struct threshold_view *view,
                                 const struct threshold_term *term, struct arena *arena)
{
    const struct result *result = view->summary->result;
    uint32_t count = result->replication_count;
    struct source source = {.coefficient = term->coefficient, .quantity = term->quantity};
    if (term->quantity == THRESHOLD_QUANTILE) {
        const struct histogram **histograms =
            arena_take_array(arena, count, sizeof(const struct histogram *));
        for (uint32_t r = 0; r < count; r++)
            histograms[r] = &result_record(result, r, term->variant)->histograms[term->index];
        source.pool = histogram_pool_create(arena, histograms, count, term->share);
        return source;
    }
    source.sums = arena_take_array(arena, count, sizeof *source.sums);
    source.counts = arena_take_array(arena, count, sizeof *source.counts);
    for (uint32_t r = 0; r < count; r++) {
        const struct record *record = result_record(result, r, term->variant);
        double value;
        if (term->quantity != THRESHOLD_MEAN) {
            bool is_known = find_value(view, term, r, &value);
            source.sums[r] = is_known ? value : 0;
            source.counts[r] = is_known;
        } else if (histogram_mean(&record->histograms[term->index], &value)) {
            source.counts[r] = (double)record->histograms[term->index].count;
            source.sums[r] = value * source.counts[r];
        }
    }
    return source;
}

/* Something of a histogram is in it, and more than one quantile alone. */
static struct interval resample(const struct threshold_view *view, const struct form *form)
{
    const struct summary *summary = view->summary;
    struct arena *arena = arena_create("resampling", 0);
    struct source sources[THRESHOLD_TERMS_MAX];
    for (uint32_t i = 0; i < form->term_count; i++)
        sources[i] = make_source(view, &form->terms[i], arena);
    size_t count = summary->result->replication_count;
    struct resampling resampling = {
        .sources = sources,
        .source_count = form->term_count,
        .seed = summary->result->seed,
        .replication_count = count,
        .uniforms = arena_take_array(arena, count, sizeof(double)),
    };
    struct interval interval = bootstrap_percentile(
        &(struct bootstrap_options){
            .replication_count = count,
            .resample_count = THRESHOLD_RESAMPLES,
            .confidence = summary->confidence,
            .uniform = find_uniform,
            .uniform_context = &resampling,
            .statistic = find_statistic,
            .statistic_context = &resampling,
        },
        arena);
    arena_destroy(arena);
    /* Where a quantile alone has too few values beyond it, resampling them again helps nothing. */
    for (uint32_t i = 0; i < form->term_count && interval_is_known(&interval); i++) {
        if (form->terms[i].quantity != THRESHOLD_QUANTILE)
            continue;
        struct interval alone = quantile(view, &form->terms[i]);
        interval.state = alone.state;
    }
    return interval;
}

/* What the histograms of a sum hide. */
static double find_resolution(const struct threshold_view *view, const struct form *form)
{
    double resolution = 0;
    for (uint32_t i = 0; i < form->term_count; i++) {
        const struct threshold_term *term = &form->terms[i];
        int64_t value_ns;
        if (term->quantity == THRESHOLD_QUANTILE &&
            histogram_quantile(histogram_of(view, term), term->share, &value_ns))
            resolution +=
                fabs(term->coefficient) * resolution_at(histogram_of(view, term), (double)value_ns);
    }
    return resolution;
}

/* The estimate of one term; false for no data. */
static bool find_estimate(const struct threshold_view *view, const struct threshold_term *term,
                          double *value)
{
    int64_t value_ns;
    switch (term->quantity) {
    case THRESHOLD_METRIC:
    case THRESHOLD_NEW_FAILURES:
    case THRESHOLD_FIXED_FAILURES: {
        struct summary_metric metric = reduce(view, term, view->summary->confidence);
        *value = metric.headline.estimate;
        return interval_has_estimate(&metric.headline);
    }
    case THRESHOLD_QUANTILE:
        if (!histogram_quantile(histogram_of(view, term), term->share, &value_ns))
            return false;
        *value = (double)value_ns;
        return true;
    case THRESHOLD_MEAN: return histogram_mean(histogram_of(view, term), value);
    case THRESHOLD_BOUND: break;
    }
    CHECK_UNREACHABLE("a bound has no estimate of its own");
}

/* True values only, at least one; without the constant. */
static struct interval interval_of_claims(const struct threshold_view *view,
                                          const struct form *claims, bool *is_resampled)
{
    const struct threshold_term *first = &claims->terms[0];
    bool has_histogram = false;
    for (uint32_t i = 0; i < claims->term_count; i++)
        has_histogram = has_histogram || form_is_of_histogram(&claims->terms[i]);
    if (claims->term_count == 1 && first->quantity == THRESHOLD_QUANTILE)
        return scaled(quantile(view, first), first->coefficient);
    *is_resampled = has_histogram;
    if (has_histogram)
        return resample(view, claims);
    if (claims->term_count == 1) {
        struct summary_metric metric = reduce(view, first, view->summary->confidence);
        return scaled(metric.headline, first->coefficient);
    }
    return combination(view, claims);
}

struct parts {
    struct form claims;
    double constant; /* With the numbers of the sample. */
    bool is_end_unknown;
    bool is_empty; /* One of the numbers of the sample has no data. */
};

static void add_claim(struct threshold_estimate *estimate, const struct threshold_view *view,
                      const struct parts *parts)
{
    const struct form *claims = &parts->claims;
    estimate->interval = interval_of_claims(view, claims, &estimate->is_resampled);
    struct interval *interval = &estimate->interval;
    if (!interval_has_estimate(interval))
        return;
    estimate->resolution = find_resolution(view, claims);
    interval->estimate += parts->constant;
    if (!interval_is_known(interval))
        return;
    interval->low += parts->constant - estimate->resolution;
    interval->high += parts->constant + estimate->resolution;
}

static void split(struct parts *parts, const struct threshold_view *view, const struct form *form,
                  double *magnitude);

struct threshold_estimate threshold_estimate(const struct threshold_view *view,
                                             const struct form *form)
{
    struct threshold_estimate estimate = {.interval = {.confidence = view->summary->confidence}};
    struct parts parts = {.constant = form->constant};
    split(&parts, view, form, &estimate.magnitude);
    estimate.is_end_unknown = parts.is_end_unknown;
    if (parts.is_empty)
        return estimate;
    if (parts.claims.term_count > 0) {
        add_claim(&estimate, view, &parts);
        return estimate;
    }
    estimate.is_sample = true;
    estimate.interval.state = INTERVAL_NOT_ESTIMABLE;
    estimate.interval.estimate = parts.constant;
    estimate.interval.method = "of the sample";
    return estimate;
}

/* One end of the interval of what a bound holds. */
static void add_bound(struct parts *parts, const struct threshold_view *view,
                      const struct threshold_term *term)
{
    const struct threshold *threshold = view->threshold;
    struct form held = form_of_sum(threshold, &threshold->bounded[term->index]);
    struct threshold_estimate estimate = threshold_estimate(view, &held);
    parts->is_empty = parts->is_empty || !interval_has_estimate(&estimate.interval);
    parts->is_end_unknown = parts->is_end_unknown || !interval_is_known(&estimate.interval);
    double end = estimate.interval.estimate;
    if (interval_is_known(&estimate.interval))
        end = term->is_upper ? estimate.interval.high : estimate.interval.low;
    parts->constant += term->coefficient * end;
}

/* True values to one side, numbers of the sample to the other. What a bound holds has no bounds in
 * it, so this calls itself once at most. */
static void split(struct parts *parts, const struct threshold_view *view, const struct form *form,
                  double *magnitude)
{
    *magnitude = fabs(form->constant);
    for (uint32_t i = 0; i < form->term_count; i++) {
        const struct threshold_term *term = &form->terms[i];
        double before = parts->constant, value = 0;
        if (term->quantity == THRESHOLD_BOUND) {
            add_bound(parts, view, term);
            *magnitude += fabs(parts->constant - before);
            continue;
        }
        bool is_known = find_estimate(view, term, &value);
        *magnitude += fabs(term->coefficient * value);
        if (term->is_value) {
            parts->is_empty = parts->is_empty || !is_known;
            parts->constant += term->coefficient * value;
        } else {
            parts->claims.terms[parts->claims.term_count++] = *term;
        }
    }
}

struct threshold_difference threshold_difference(const struct threshold_view *view,
                                                 const struct form *form)
{
    const struct summary *summary = view->summary;
    struct threshold_difference difference = {.bound_of = THRESHOLD_OF_REPLICATIONS};
    if (form->term_count == 1) {
        struct summary_metric metric = reduce(view, &form->terms[0], summary->confidence);
        bool is_of_units =
            form->terms[0].quantity != THRESHOLD_METRIC ||
            summary->result->model->metrics[form->terms[0].index].kind == METRIC_PROPORTION;
        difference.replications = metric.tally.count;
        difference.replications_unlike = metric.replications_seen;
        difference.upper_bound = metric.upper_bound;
        if (is_of_units)
            difference.bound_of = THRESHOLD_OF_UNITS;
        return difference;
    }
    for (uint32_t r = 0; r < summary->result->replication_count; r++) {
        double sum = 0, size = 0;
        bool is_known = true;
        for (uint32_t i = 0; i < form->term_count && is_known; i++) {
            double value = 0;
            is_known = find_value(view, &form->terms[i], r, &value);
            sum += form->terms[i].coefficient * value;
            size += fabs(form->terms[i].coefficient * value);
        }
        difference.replications += is_known;
        difference.replications_unlike += is_known && fabs(sum) > 8 * DBL_EPSILON * size;
    }
    difference.upper_bound =
        proportion_upper_bound((double)difference.replications_unlike,
                               (double)difference.replications, summary->confidence);
    return difference;
}
