/* Distances of a fitted law from the data, and what they would be by chance. */
#include "sim/chance/fit_law.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/chance/draw.h"

/* The entity is 0 and the replication is the bootstrap sample; the occurrence is the row. */
enum { PURPOSE_FIT_TIME = 32, PURPOSE_FIT_CENSORING = 33 };

/* Of a bootstrap sample: estimates of so many groups are off by less than a tenth of their standard
 * error, and a sample is fitted in a millisecond. */
enum { BOOTSTRAP_POINTS_MAX = 1024 };

double fit_ks(const struct fit_law *law, const struct empirical_time *times, size_t count)
{
    double largest = 0, n = (double)count;
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && times[next].value == times[i].value;)
            next++;
        double p = fit_cdf(law, times[i].value);
        largest = fmax(largest, fmax(p - (double)i / n, (double)next / n - p));
    }
    return largest;
}

double fit_ks_censored(const struct fit_law *law, const struct empirical_estimate *estimate,
                       double last_ended, bool is_last_censored)
{
    double largest = 0, before = 0;
    for (size_t i = 0; i < estimate->count && estimate->values[i] <= last_ended; i++) {
        double p = fit_cdf(law, estimate->values[i]), after = estimate->cumulative[i];
        bool is_convention = is_last_censored && i + 1 == estimate->count;
        largest = fmax(largest, fabs(p - before));
        if (!is_convention)
            largest = fmax(largest, fabs(after - p));
        before = after;
    }
    return largest;
}

double fit_ad(const struct fit_law *law, const struct empirical_time *times, size_t count)
{
    double sum = 0, below = 0, above = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || times[i].value != times[i - 1].value)
            fit_log_tails(law, times[i].value, &below, &above);
        double rank = (double)i;
        sum += (2 * rank + 1) * below + (2 * (n - rank) - 1) * above;
    }
    return -n - sum / n;
}

/* What the bootstrap of one fit adds up. */
struct tally {
    const struct dist *dist;
    uint32_t fitted_count, ks_count, ad_count; /* ..., at least as far as the data. */
};

struct bootstrap {
    const struct fit_sample *sample;
    const struct fit_bootstrap *options;
    struct arena *scratch; /* Of one sample. */
    struct empirical_time *times;
    double *uniforms, *limits; /* `limits`: where rows are cut off; NULL without censored ones. */
    struct empirical_estimate censoring;
    bool is_censoring_whole; /* Every row is cut off in the end. */
};

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How rows are cut off, by Kaplan-Meier with the roles exchanged. If the longest row ended, rows
 * might last longer than anything seen without being cut off. */
static void estimate_censoring(struct arena *arena, struct bootstrap *bootstrap)
{
    const struct fit_sample *sample = bootstrap->sample;
    struct empirical_time *turned = arena_take_array(arena, sample->count, sizeof *turned);
    for (size_t i = 0; i < sample->count; i++) {
        turned[i] = sample->times[i];
        turned[i].is_censored = !turned[i].is_censored;
    }
    bootstrap->censoring = empirical_estimate(arena, turned, sample->count);
    bootstrap->is_censoring_whole = sample->times[sample->count - 1].is_censored;
}

static double censoring_quantile(const struct bootstrap *bootstrap, double u)
{
    const struct empirical_estimate *estimate = &bootstrap->censoring;
    size_t low = 0, high = estimate->count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (estimate->cumulative[middle] >= u)
            high = middle;
        else
            low = middle + 1;
    }
    return low + 1 == estimate->count && !bootstrap->is_censoring_whole ? INFINITY
                                                                        : estimate->values[low];
}

/* Draw what all fits share of a sample. Without censoring the order of rows does not matter, and
 * sorted uniforms make sorted times. */
static void draw_sample(struct bootstrap *bootstrap, uint32_t index)
{
    size_t count = bootstrap->sample->count;
    struct draw_name name = {0, PURPOSE_FIT_TIME, 0};
    draw_uniform_batch(bootstrap->options->seed, index, name, bootstrap->uniforms, count);
    if (bootstrap->limits == NULL) {
        qsort(bootstrap->uniforms, count, sizeof(double), compare_numbers);
        return;
    }
    name.purpose = PURPOSE_FIT_CENSORING;
    draw_uniform_batch(bootstrap->options->seed, index, name, bootstrap->limits, count);
    for (size_t i = 0; i < count; i++)
        bootstrap->limits[i] = censoring_quantile(bootstrap, bootstrap->limits[i]);
}

/* Make the times of a law; false if they cannot be fitted. */
static bool make_times(struct bootstrap *bootstrap, const struct dist *dist, double *last_ended)
{
    size_t count = bootstrap->sample->count, ended_count = 0;
    double low = INFINITY, high = 0;
    for (size_t i = 0; i < count; i++) {
        double value = fmax(dist_quantile(dist, bootstrap->uniforms[i]), DBL_MIN);
        bool is_censored = bootstrap->limits != NULL && value > bootstrap->limits[i];
        bootstrap->times[i] =
            (struct empirical_time){is_censored ? bootstrap->limits[i] : value, is_censored};
        if (is_censored)
            continue;
        ended_count++;
        low = fmin(low, value);
        high = fmax(high, value);
    }
    if (bootstrap->limits != NULL)
        empirical_sort(bootstrap->times, count);
    *last_ended = high;
    return ended_count >= FIT_ENDED_MIN && low < high;
}

/* Draw, fit and measure one sample of one fit. */
static void resample(struct bootstrap *bootstrap, const struct fit *fit, struct tally *tally)
{
    size_t count = bootstrap->sample->count;
    struct fit_law law;
    double last_ended, ks, ad = 0;
    if (!make_times(bootstrap, tally->dist, &last_ended))
        return;
    struct fit_points points =
        fit_points_group(bootstrap->scratch, bootstrap->times, count, BOOTSTRAP_POINTS_MAX);
    if (!fit_maximise(&points, fit->law.family, &fit->law, &law))
        return;
    if (bootstrap->limits != NULL) {
        struct empirical_estimate estimate =
            empirical_estimate(bootstrap->scratch, bootstrap->times, count);
        bool is_last_censored = bootstrap->times[count - 1].is_censored;
        ks = fit_ks_censored(&law, &estimate, last_ended, is_last_censored);
    } else {
        ks = fit_ks(&law, bootstrap->times, count);
        ad = fit_ad(&law, bootstrap->times, count);
    }
    if (!isfinite(ks) || !isfinite(ad))
        return;
    tally->fitted_count++;
    tally->ks_count += ks >= fit->ks;
    tally->ad_count += ad >= fit->ad.value;
}

static void draw_and_resample(struct bootstrap *bootstrap, const struct fit *fits, size_t count,
                              struct tally *tallies)
{
    for (uint32_t b = 0; b < bootstrap->options->sample_count; b++) {
        draw_sample(bootstrap, b);
        for (size_t i = 0; i < count; i++) {
            if (!fits[i].is_found || tallies[i].dist == NULL)
                continue;
            resample(bootstrap, &fits[i], &tallies[i]);
            arena_reset(bootstrap->scratch);
        }
        if (bootstrap->options->progress != NULL)
            bootstrap->options->progress(bootstrap->options->progress_context, b + 1,
                                         bootstrap->options->sample_count);
    }
}

void fit_bootstrap(const struct fit_sample *sample, struct fit *fits, size_t count,
                   const struct fit_bootstrap *options)
{
    for (size_t i = 0; i < count; i++)
        fits[i].ks_p = fits[i].ad_p = (struct fit_number){0};
    if (options->sample_count == 0 || sample->count > FIT_BOOTSTRAP_ROWS_MAX)
        return;
    struct arena *arena = arena_create("bootstrap", 0);
    struct bootstrap bootstrap = {
        .sample = sample,
        .options = options,
        .scratch = arena_create("bootstrap sample", 0),
        .times = arena_take_array(arena, sample->count, sizeof(struct empirical_time)),
        .uniforms = arena_take_array(arena, sample->count, sizeof(double)),
    };
    if (sample->censored_count > 0) {
        bootstrap.limits = arena_take_array(arena, sample->count, sizeof(double));
        estimate_censoring(arena, &bootstrap);
    }
    struct tally *tallies = arena_take_array(arena, count, sizeof *tallies);
    for (size_t i = 0; i < count; i++)
        tallies[i].dist = fits[i].is_found ? fit_dist(arena, &fits[i].law) : NULL;
    draw_and_resample(&bootstrap, fits, count, tallies);
    for (size_t i = 0; i < count; i++) {
        uint32_t fitted = tallies[i].fitted_count;
        if (!fits[i].is_found || fitted < options->sample_count - options->sample_count / 10)
            continue;
        fits[i].ks_p = (struct fit_number){true, (1.0 + tallies[i].ks_count) / (1.0 + fitted)};
        if (fits[i].ad.is_known)
            fits[i].ad_p = (struct fit_number){true, (1.0 + tallies[i].ad_count) / (1.0 + fitted)};
    }
    arena_destroy(bootstrap.scratch);
    arena_destroy(arena);
}
