#include "sim/experiment/duration.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "sim/base/units.h"
#include "sim/experiment/experiment.h"
#include "sim/experiment/summary.h"
#include "sim/stats/bootstrap.h"
#include "sim/stats/quantile.h"
#include "tests/sim/stats/near.h"

enum { PURPOSE_WORLD = 300, PURPOSE_UNIT = 301 };

/* Durations exp(world + own) s, both normal: lognormal over everything, with a correlation within
 * replications that is known. Replication r has unit_count + r % spread units. */
struct life {
    uint32_t unit_count, spread;
    double world_sigma, own_sigma;
    uint32_t empty_replication; /* This one has no units; UINT32_MAX: all have. */
};

static uint32_t life_units_max(const void *parameters)
{
    const struct life *life = parameters;
    return life->unit_count + life->spread;
}

static bool life_run(const struct model_run *run, struct record *record, struct error *error)
{
    (void)error;
    const struct life *life = run->parameters;
    double world = oracle_uniform(run->oracle, (struct draw_name){0, PURPOSE_WORLD, 0});
    if (run->replication != life->empty_replication)
        record->unit_count =
            life->unit_count + (life->spread > 0 ? run->replication % life->spread : 0);
    for (uint32_t i = 0; i < record->unit_count; i++) {
        double own = oracle_uniform(run->oracle, (struct draw_name){i, PURPOSE_UNIT, 0});
        double seconds = exp(life->world_sigma * gsl_cdf_ugaussian_Pinv(world) +
                             life->own_sigma * gsl_cdf_ugaussian_Pinv(own));
        histogram_add(&record->histograms[0], (int64_t)(seconds * (double)UNITS_S));
    }
    return true;
}

static const struct metric life_metrics[] = {
    {.name = "failure_rate", .label = "failures", .doc = "None.", .kind = METRIC_PROPORTION}};
static const struct model_histogram life_histograms[] = {
    {.name = "duration", .label = "duration", .doc = "Of a unit."}};

static const struct model life_model = {
    .name = "life",
    .unit_name = "unit",
    .unit_names = "units",
    .metrics = life_metrics,
    .metric_count = 1,
    .histograms = life_histograms,
    .histogram_count = 1,
    .units_max = life_units_max,
    .run = life_run,
};

static struct result *run_life(const struct life *life, uint32_t replication_count, uint64_t seed)
{
    struct experiment_variant *variant = test_malloc(sizeof *variant);
    *variant = (struct experiment_variant){.name = "only", .parameters = life};
    struct experiment_design design = {
        .model = &life_model,
        .variants = variant,
        .variant_count = 1,
        .replication_count = replication_count,
        .seed = seed,
        .thread_count = 1,
    };
    struct result *result;
    struct error error;
    assert_true(experiment_run(&design, &result, &error));
    return result;
}

static void destroy_life(struct result *result)
{
    const struct experiment_variant *variants = result->variants;
    result_destroy(result);
    test_free((void *)(uintptr_t)variants);
}

/* As summary_create calls it. */
static struct interval quantile_of(const struct result *result, double share, double confidence)
{
    struct arena *arena = arena_create("test", 0);
    struct histogram all;
    histogram_init(&all, arena);
    for (uint32_t r = 0; r < result->replication_count; r++)
        histogram_merge(&all, &result_record(result, r, 0)->histograms[0]);
    struct duration_source source = {.result = result, .all = &all};
    struct interval interval = duration_quantile(&source, share, confidence);
    arena_destroy(arena);
    return interval;
}

/* How often the interval holds the true quantile, which is known: exp(z sigma) s. */
static double coverage(const struct life *life, uint32_t replication_count, double share)
{
    enum { EXPERIMENTS = 500 };
    double sigma = hypot(life->world_sigma, life->own_sigma);
    double truth = exp(sigma * gsl_cdf_ugaussian_Pinv(share)) * (double)UNITS_S;
    uint32_t covered = 0;
    for (uint32_t i = 0; i < EXPERIMENTS; i++) {
        struct result *result = run_life(life, replication_count, 1000 + i);
        struct interval interval = quantile_of(result, share, 0.95);
        covered += interval_is_known(&interval) && interval.low <= truth && truth <= interval.high;
        destroy_life(result);
    }
    return (double)covered / EXPERIMENTS;
}

/* 500 experiments: a standard error of 1 point. Stated beforehand: 95 % within 4 points, where the
 * buckets may add a little (sigma is large, so that they are narrow beside the interval). */
static void test_coverage(void **state)
{
    (void)state;
    const struct life independent = {
        .unit_count = 30, .own_sigma = 3, .empty_replication = UINT32_MAX};
    const struct life clustered = {.unit_count = 20,
                                   .spread = 20,
                                   .world_sigma = 2,
                                   .own_sigma = 2,
                                   .empty_replication = UINT32_MAX};
    assert_near(coverage(&independent, 25, 0.5), 0.95, 0.04);
    assert_near(coverage(&independent, 25, 0.95), 0.95, 0.04);
    assert_near(coverage(&clustered, 25, 0.5), 0.95, 0.04);
    assert_near(coverage(&clustered, 25, 0.9), 0.95, 0.05);
}

/* Independent units, one a replication: order statistics say the same (quantile.h). 400 values:
 * ranks 180 and 221 against n p -+ t sqrt(n p q) = 200 -+ 19.66. */
static void test_against_order_statistics(void **state)
{
    (void)state;
    const struct life life = {.unit_count = 1, .own_sigma = 3, .empty_replication = UINT32_MAX};
    struct result *result = run_life(&life, 400, 5);
    double sorted[400];
    for (uint32_t r = 0; r < 400; r++)
        sorted[r] = (double)result_record(result, r, 0)->histograms[0].min_ns;
    for (size_t i = 1; i < 400; i++)
        for (size_t k = i; k > 0 && sorted[k - 1] > sorted[k]; k--) {
            double swap = sorted[k];
            sorted[k] = sorted[k - 1];
            sorted[k - 1] = swap;
        }
    struct interval interval = quantile_of(result, 0.5, 0.95);
    assert_true(interval_is_known(&interval));
    /* One rank of slack to each side, and the bucket. */
    assert_true(interval.low >= sorted[180 - 2] * (1 - 1.0 / 32) && interval.low <= sorted[180]);
    assert_true(interval.high >= sorted[221 - 2] && interval.high <= sorted[221] * (1 + 1.0 / 32));
    assert_near(interval.estimate / sorted[199], 1, 1.0 / 64);
    destroy_life(result);
}

struct resampling {
    const struct result *result;
    struct arena *arena;
    double share;
};

static double uniform(const void *context, size_t resample, size_t position)
{
    (void)context;
    return draw_uniform(99, (uint32_t)resample, (struct draw_name){0, 310, (uint32_t)position});
}

static bool quantile_statistic(const void *context, const size_t *indices, size_t count,
                               double *value)
{
    const struct resampling *resampling = context;
    struct histogram all;
    histogram_init(&all, resampling->arena);
    for (size_t i = 0; i < count; i++)
        histogram_merge(&all,
                        &result_record(resampling->result, (uint32_t)indices[i], 0)->histograms[0]);
    int64_t value_ns;
    bool is_known = histogram_quantile(&all, resampling->share, &value_ns);
    arena_reset(resampling->arena);
    *value = (double)value_ns;
    return is_known;
}

/* The bootstrap over replications knows nothing of ratios and ranks. Widths on the scale of the
 * logarithm agree within a third (both are estimates of an error, from 60 replications). */
static void test_against_the_bootstrap(void **state)
{
    (void)state;
    const struct life life = {.unit_count = 30,
                              .spread = 10,
                              .world_sigma = 1.5,
                              .own_sigma = 2,
                              .empty_replication = UINT32_MAX};
    struct result *result = run_life(&life, 60, 11);
    const double shares[] = {0.5, 0.95};
    for (int i = 0; i < 2; i++) {
        struct resampling resampling = {
            .result = result, .arena = arena_create("resample", 0), .share = shares[i]};
        struct arena *arena = arena_create("test", 0);
        struct bootstrap_options options = {
            .replication_count = 60,
            .resample_count = 999,
            .confidence = 0.95,
            .uniform = uniform,
            .statistic = quantile_statistic,
            .statistic_context = &resampling,
        };
        struct interval boot = bootstrap_percentile(&options, arena);
        struct interval interval = quantile_of(result, shares[i], 0.95);
        assert_true(interval.estimate == boot.estimate);
        assert_near(log(interval.high / interval.low) / log(boot.high / boot.low), 1, 1.0 / 3);
        assert_near(log(interval.low / boot.low) / log(boot.high / boot.low), 0, 0.2);
        arena_destroy(resampling.arena);
        arena_destroy(arena);
    }
    destroy_life(result);
}

/* All durations equal: nothing is uncertain, and no bucket shows. */
static void test_constant(void **state)
{
    (void)state;
    const struct life life = {.unit_count = 10, .empty_replication = 2};
    struct result *result = run_life(&life, 20, 1);
    struct interval interval = quantile_of(result, 0.95, 0.95);
    assert_true(interval_is_known(&interval));
    assert_true(interval.low == 1e9 && interval.estimate == 1e9 && interval.high == 1e9);
    destroy_life(result);
}

static void test_not_estimable(void **state)
{
    (void)state;
    const struct life none = {.unit_count = 0, .empty_replication = UINT32_MAX};
    const struct life some = {.unit_count = 20, .own_sigma = 1, .empty_replication = 0};
    struct result *result = run_life(&none, 5, 1);
    assert_int_equal(quantile_of(result, 0.5, 0.95).state, INTERVAL_NO_DATA);
    destroy_life(result);
    result = run_life(&some, 2, 1); /* One of them is empty. */
    struct interval interval = quantile_of(result, 0.5, 0.95);
    assert_int_equal(interval.state, INTERVAL_NOT_ESTIMABLE);
    assert_true(interval.estimate > 0);
    destroy_life(result);
    /* 80 values: p+ of the 99th percentile is above 1. */
    result = run_life(&some, 5, 1);
    assert_int_equal(quantile_of(result, 0.5, 0.95).state, INTERVAL_KNOWN);
    assert_int_equal(quantile_of(result, 0.99, 0.95).state, INTERVAL_NOT_ESTIMABLE);
    destroy_life(result);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_against_order_statistics),
        cmocka_unit_test(test_against_the_bootstrap),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_not_estimable),
    };
    return cmocka_run_group_tests_name("experiment/duration", tests, NULL, NULL);
}
