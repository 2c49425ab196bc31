#include "sim/experiment/summary.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "sim/base/units.h"
#include "tests/sim/experiment/toy.h"
#include "tests/sim/stats/near.h"

struct fixture {
    struct arena *arena;
    struct result *result;
    const struct summary *summary;
};

static struct fixture summarise(const struct experiment_design *design)
{
    struct fixture fixture = {.arena = arena_create("test", 0)};
    struct error error = {0};
    if (!experiment_run(design, &fixture.result, &error))
        fail_msg("%s", error.message);
    fixture.summary = summary_create(fixture.arena, fixture.result, 0.95);
    return fixture;
}

static void clean(struct fixture *fixture)
{
    result_destroy(fixture->result);
    arena_destroy(fixture->arena);
}

static const struct summary_metric *metric_of(const struct fixture *fixture, uint32_t variant,
                                              int metric)
{
    return &fixture->summary->variants[variant].metrics[metric];
}

static const struct toy before = {.unit_count = 50, .low = 0.1, .high = 0.3, .factor = 1};
static const struct toy after = {.unit_count = 50, .low = 0.1, .high = 0.3, .factor = 0.5};

/* Everything again, the long way round. */
static void test_against_plain_sums(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct fixture fixture = summarise(&design);
    double sum = 0, squares = 0, calls = 0;
    uint64_t both = 0, only_first = 0, only_later = 0;
    for (uint32_t r = 0; r < 40; r++) {
        const struct record *first = result_record(fixture.result, r, 0);
        const struct record *later = result_record(fixture.result, r, 1);
        double difference = (double)(first->values[TOY_RATE] - later->values[TOY_RATE]) / 50;
        sum += difference;
        squares += difference * difference;
        calls += (double)later->values[TOY_CALLS];
        for (uint32_t unit = 0; unit < 50; unit++) {
            bool a = record_is_failed(first, unit);
            bool b = record_is_failed(later, unit);
            both += a && b;
            only_first += a && !b;
            only_later += !a && b;
        }
    }
    const struct summary_variant *variant = &fixture.summary->variants[1];
    const struct interval *interval = &variant->differences[TOY_RATE].difference;
    double half = 2.022690920 * sqrt((squares - sum * sum / 40) / 39 / 40); /* t(39; 0.975) */
    assert_true(interval_is_known(interval));
    assert_near(interval->estimate, sum / 40, 1e-12);
    assert_near(interval->high, sum / 40 + half, 1e-9);
    assert_near(interval->low, sum / 40 - half, 1e-9);
    assert_true(variant->differences[TOY_RATE].is_correlation_known);
    assert_true(variant->differences[TOY_RATE].correlation > 0.3);
    assert_true(variant->units.is_known);
    assert_int_equal(variant->units.both, both);
    assert_int_equal(variant->units.only_first, only_first);
    assert_int_equal(variant->units.only_later, only_later);
    assert_int_equal(variant->units.neither, 2000 - both - only_first - only_later);
    /* Half the probability of the same luck: whoever fails after has failed before. */
    assert_true(both > 0 && only_first > 0);
    assert_int_equal(only_later, 0);
    assert_near(metric_of(&fixture, 1, TOY_CALLS)->headline.estimate, calls / 2000, 1e-12);
    assert_near(metric_of(&fixture, 1, TOY_CALLS)->total, calls, 0);
    assert_int_equal(variant->unit_count, 2000);
    assert_int_equal(variant->event_count, 2000);
    assert_int_equal(variant->draw_count, 2040);
    assert_int_equal(variant->histograms[0].count, 2000);
    double mean_ns;
    assert_true(histogram_mean(&variant->histograms[0], &mean_ns));
    /* The mean of 2,000 uniforms in hours: 0.5 with a standard error of 0.0065; 5 sigma. */
    assert_near(mean_ns / (double)UNITS_H, 0.5, 0.033);
    clean(&fixture);
}

static void test_headline_of_a_common_failure(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct fixture fixture = summarise(&design);
    const struct summary_metric *metric = metric_of(&fixture, 0, TOY_RATE);
    assert_string_equal(metric->headline.method, "t over replications");
    assert_true(metric->headline.low == metric->t.low && metric->headline.high == metric->t.high);
    /* q varies between replications: the design effect is seen, and Wilson is as wide as t. */
    assert_true(metric->effect.is_known && metric->effect.design > 1);
    double width = metric->wilson.high - metric->wilson.low;
    double t_width = metric->t.high - metric->t.low;
    assert_true(width > 0.6 * t_width && width < 1.6 * t_width);
    assert_int_equal(metric->replications_seen, 40);
    clean(&fixture);
}

static void test_same_engine_twice(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, before};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct fixture fixture = summarise(&design);
    const struct summary_variant *variant = &fixture.summary->variants[1];
    for (int m = 0; m < TOY_METRIC_COUNT; m++) {
        const struct interval *interval = &variant->differences[m].difference;
        assert_true(interval->estimate == 0 && interval->low == 0 && interval->high == 0);
    }
    assert_int_equal(variant->differences[TOY_RATE].difference.state, INTERVAL_KNOWN);
    assert_true(variant->differences[TOY_RATE].is_variance_ratio_known);
    assert_true(variant->differences[TOY_RATE].variance_ratio == 0);
    assert_int_equal(variant->units.only_first, 0);
    assert_int_equal(variant->units.only_later, 0);
    assert_true(variant->units.both > 0);
    /* No violations on either side: no claim that there is no difference. */
    assert_int_equal(variant->differences[TOY_VIOLATIONS].difference.state, INTERVAL_NOT_ESTIMABLE);
    clean(&fixture);
}

/* Everything fails on both sides: the sample cannot tell how rare an exception is. */
static void test_everything_fails_on_both_sides(void **state)
{
    (void)state;
    struct toy toys[2] = {before, before};
    toys[0].factor = toys[1].factor = 1e9;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct fixture fixture = summarise(&design);
    const struct interval *interval =
        &fixture.summary->variants[1].differences[TOY_RATE].difference;
    assert_true(fixture.summary->variants[1].units.both == fixture.summary->variants[1].unit_count);
    assert_true(interval->estimate == 0);
    assert_int_equal(interval->state, INTERVAL_NOT_ESTIMABLE);
    clean(&fixture);
}

static void test_no_failures(void **state)
{
    (void)state;
    struct toy toys[2] = {before, after};
    toys[1].factor = 0;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.replication_count = 8;
    struct fixture fixture = summarise(&design);
    /* 0 of 400 (the values of proportion_test.c). */
    const struct summary_metric *metric = metric_of(&fixture, 1, TOY_RATE);
    assert_string_equal(metric->headline.method, "Clopper-Pearson as if units were independent");
    assert_true(metric->headline.assumes_independence);
    assert_true(metric->headline.estimate == 0 && metric->headline.low == 0);
    assert_near(metric->headline.high, .0091798046, 5e-11);
    assert_near(metric->upper_bound, .007461, 5e-7);
    assert_false(metric->effect.is_known);
    assert_true(metric->t.low == 0 && metric->t.high == 0);
    const struct summary_difference *difference =
        &fixture.summary->variants[1].differences[TOY_RATE];
    assert_true(interval_is_known(&difference->difference) && difference->difference.low > 0);
    assert_false(difference->is_correlation_known);
    assert_false(difference->is_variance_ratio_known);
    /* Nothing seen of a total: exp(-8 x) = 0.025; of replications at most 1 - 0.05^(1/8). */
    const struct summary_metric *violations = metric_of(&fixture, 1, TOY_VIOLATIONS);
    assert_true(violations->total == 0 && violations->headline.low == 0);
    assert_near(exp(-8 * violations->headline.high), 0.025, 1e-12);
    assert_near(violations->upper_bound, 1 - pow(0.05, 1.0 / 8), 1e-12);
    assert_int_equal(metric_of(&fixture, 1, TOY_WASTE)->headline.state, INTERVAL_NOT_ESTIMABLE);
    clean(&fixture);
}

/* Three replications of 40 see a failure: a t interval would be believed too early. */
static void test_few_failures(void **state)
{
    (void)state;
    struct toy toys[2] = {before, after};
    toys[0].factor = 0.0075;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct fixture fixture = summarise(&design);
    const struct summary_metric *metric = metric_of(&fixture, 0, TOY_RATE);
    assert_in_range(metric->replications_seen, 1, 4);
    assert_string_equal(metric->headline.method, "Clopper-Pearson with the design effect");
    assert_true(metric->headline.low > 0 && !metric->headline.assumes_independence);
    clean(&fixture);
    /* And all of them fail but a few: the mirror image. */
    toys[0].factor = 1000;
    design = toy_design(variants, toys);
    fixture = summarise(&design);
    metric = metric_of(&fixture, 0, TOY_RATE);
    assert_true(metric->headline.estimate == 1 && metric->headline.high == 1);
    assert_true(metric->headline.low < 1 && metric->headline.low > 0.99);
    clean(&fixture);
}

static void test_few_replications(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.replication_count = 3;
    struct fixture fixture = summarise(&design);
    const struct summary_metric *metric = metric_of(&fixture, 0, TOY_RATE);
    double width = metric->headline.high - metric->headline.low;
    assert_true(interval_is_known(&metric->headline));
    assert_true(width >= metric->t.high - metric->t.low);
    assert_true(width >= metric->clopper_pearson.high - metric->clopper_pearson.low);
    clean(&fixture);
}

static void test_one_replication(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.replication_count = 1;
    struct fixture fixture = summarise(&design);
    const struct record *record = result_record(fixture.result, 0, 0);
    for (int m = 0; m < TOY_METRIC_COUNT; m++) {
        assert_int_equal(metric_of(&fixture, 0, m)->headline.state, INTERVAL_NOT_ESTIMABLE);
        assert_int_equal(fixture.summary->variants[1].differences[m].difference.state,
                         INTERVAL_NOT_ESTIMABLE);
    }
    assert_near(metric_of(&fixture, 0, TOY_RATE)->headline.estimate,
                (double)record->values[TOY_RATE] / 50, 0);
    assert_false(metric_of(&fixture, 0, TOY_RATE)->effect.is_known);
    clean(&fixture);
}

static void test_no_data(void **state)
{
    (void)state;
    struct toy toys[2] = {before, after};
    toys[1].unit_count = 0;
    toys[1].has_no_duration = true;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct fixture fixture = summarise(&design);
    const struct summary_variant *variant = &fixture.summary->variants[1];
    const int without[] = {TOY_RATE, TOY_CALLS, TOY_DURATION};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(metric_of(&fixture, 1, without[i])->headline.state, INTERVAL_NO_DATA);
        assert_int_equal(variant->differences[without[i]].difference.state, INTERVAL_NO_DATA);
    }
    assert_true(metric_of(&fixture, 1, TOY_RATE)->upper_bound == 1);
    assert_false(variant->units.is_known);
    clean(&fixture);
}

/* Second opinions are those of the 2x2 table, and of two groups of effective units. */
static void test_second_opinions(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct fixture fixture = summarise(&design);
    const struct summary_variant *variant = &fixture.summary->variants[1];
    const struct summary_opinions *opinions = variant->opinions;
    assert_null(fixture.summary->variants[0].opinions);
    assert_true(opinions->has_pairs);
    assert_false(opinions->has_fisher);
    /* No unit fails anew: the exact p of k of k changes one way is 2^(1 - k), mid-p half of it. */
    double changes = (double)variant->units.only_first;
    assert_int_equal(variant->units.only_later, 0);
    assert_near(opinions->mcnemar_exact / exp2(1 - changes), 1, 1e-9);
    assert_near(opinions->mcnemar_mid / exp2(-changes), 1, 1e-9);
    assert_near(opinions->paired_difference.estimate, changes / 2000, 1e-15);
    assert_string_equal(opinions->paired_difference.method, "Newcombe paired");
    /* Katz: the logarithm of the ratio has the variance (1 - p) / (n p) on each side. */
    const struct summary_metric *first = metric_of(&fixture, 0, TOY_RATE);
    const struct summary_metric *later = metric_of(&fixture, 1, TOY_RATE);
    double p = first->total / 2000, q = later->total / 2000;
    double error =
        sqrt((1 - p) / p / first->effect.effective + (1 - q) / q / later->effect.effective);
    assert_near(opinions->risk_ratio.estimate, p / q, 1e-9);
    assert_near(log(opinions->risk_ratio.high / opinions->risk_ratio.estimate),
                1.959963984540054 * error, 1e-9);
    assert_near(opinions->group_difference.estimate, p - q, 1e-12);
    /* Who calls units independent and unpaired claims the least about a paired difference. */
    const struct interval *paired = &variant->differences[TOY_RATE].difference;
    assert_true(opinions->group_difference.high - opinions->group_difference.low >
                paired->high - paired->low);
    clean(&fixture);
}

/* p and interval are two sides of one thing: at the confidence 1 - p the interval ends at 0. */
static void test_p_value(void **state)
{
    (void)state;
    struct toy toys[2] = {before, after};
    toys[1].factor = 0.97;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct fixture fixture = summarise(&design);
    const struct summary_difference *difference =
        &fixture.summary->variants[1].differences[TOY_RATE];
    assert_true(difference->is_p_known);
    assert_true(difference->p_value > 1e-12 && difference->p_value < 0.5);
    assert_true(difference->p_adjusted == difference->p_value);
    const struct summary *again =
        summary_create(fixture.arena, fixture.result, 1 - difference->p_value);
    assert_near(again->variants[1].differences[TOY_RATE].difference.low, 0, 1e-9);
    /* Nothing to tell apart: no p, which counts as 1. */
    assert_false(fixture.summary->variants[1].differences[TOY_VIOLATIONS].is_p_known);
    assert_true(fixture.summary->variants[1].differences[TOY_VIOLATIONS].p_value == 1);
    clean(&fixture);
}

/* Three later variants: p of each metric is adjusted for three, by hand. */
static void test_holm(void **state)
{
    (void)state;
    const struct toy toys[4] = {before, after, before, before};
    struct toy copies[4];
    memcpy(copies, toys, sizeof copies);
    copies[1].factor = 0.95;
    copies[2].factor = 0.98;
    struct experiment_variant variants[4];
    struct experiment_design design = toy_design(variants, toys);
    const char *const names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
        variants[i] = (struct experiment_variant){.name = names[i], .parameters = &copies[i]};
    design.variant_count = 4;
    struct fixture fixture = summarise(&design);
    const struct summary_variant *all = fixture.summary->variants;
    double p[4], adjusted[4];
    for (int i = 1; i < 4; i++) {
        p[i] = all[i].differences[TOY_RATE].p_value;
        adjusted[i] = all[i].differences[TOY_RATE].p_adjusted;
    }
    assert_true(p[1] < p[2] && p[2] < p[3]);
    assert_true(p[3] == 1); /* The same engine. */
    assert_near(adjusted[1], fmin(1, 3 * p[1]), 1e-15);
    assert_near(adjusted[2], fmax(adjusted[1], fmin(1, 2 * p[2])), 1e-15);
    assert_true(adjusted[3] == 1);
    clean(&fixture);
}

/* Lives are uniform in (0, 1 h): the quantiles are known, and the intervals hold them (2,000
 * values; a seed for which they do). */
static void test_durations(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct fixture fixture = summarise(&design);
    const char *const names[] = {"p50", "p95", "p99"};
    for (int q = 0; q < SUMMARY_QUANTILE_COUNT; q++) {
        enum summary_quantile quantile = (enum summary_quantile)q;
        double truth = summary_quantile_share(quantile) * (double)UNITS_H;
        const struct interval *interval = &fixture.summary->variants[1].durations[0].quantiles[q];
        assert_true(interval_is_known(interval));
        assert_true(interval->low <= truth && truth <= interval->high);
        assert_true(interval->low <= interval->estimate && interval->estimate <= interval->high);
        assert_true(interval->high - interval->low < 0.12 * (double)UNITS_H);
        assert_string_equal(summary_quantile_name(quantile), names[q]);
    }
    clean(&fixture);
}

/* Sums of durations pass 2^63 ns (292 years) in long experiments. */
static void test_long_sums(void **state)
{
    (void)state;
    struct toy toys[2] = {before, after};
    toys[0].waste_ns = INT64_MAX;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct fixture fixture = summarise(&design);
    const struct summary_metric *waste = metric_of(&fixture, 0, TOY_WASTE);
    assert_near(waste->total / (40 * 0x1p63), 1, 1e-12);
    assert_near(waste->headline.estimate / 0x1p63, 1, 1e-12);
    clean(&fixture);
}

/* 1,000 experiments of 20 replications: how often does the 95 % interval of the paired difference
 * cover the true one, (1 - 0.5) * 0.2 = 0.1? A binomial count with p = 0.95 has a standard
 * deviation of 0.0069; 5 sigma are 0.034, and the t interval is not exact for these differences,
 * but nearly normal: 0.5 percent points are given for that. */
static void test_coverage(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.replication_count = 20;
    design.without_synchrony_check = true;
    int difference_covers = 0, rate_covers = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        design.seed = i;
        struct fixture fixture = summarise(&design);
        const struct interval *difference =
            &fixture.summary->variants[1].differences[TOY_RATE].difference;
        const struct interval *rate = &metric_of(&fixture, 0, TOY_RATE)->headline;
        difference_covers += difference->low <= 0.1 && 0.1 <= difference->high;
        rate_covers += rate->low <= 0.2 && 0.2 <= rate->high;
        clean(&fixture);
    }
    assert_in_range(difference_covers, 911, 989);
    assert_in_range(rate_covers, 911, 989);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_plain_sums),
        cmocka_unit_test(test_headline_of_a_common_failure),
        cmocka_unit_test(test_same_engine_twice),
        cmocka_unit_test(test_everything_fails_on_both_sides),
        cmocka_unit_test(test_no_failures),
        cmocka_unit_test(test_few_failures),
        cmocka_unit_test(test_few_replications),
        cmocka_unit_test(test_one_replication),
        cmocka_unit_test(test_no_data),
        cmocka_unit_test(test_second_opinions),
        cmocka_unit_test(test_p_value),
        cmocka_unit_test(test_holm),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_long_sums),
        cmocka_unit_test(test_coverage),
    };
    return cmocka_run_group_tests_name("experiment/summary", tests, NULL, NULL);
}
