#include "sim/experiment/threshold.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "sim/base/units.h"
#include "sim/experiment/duration.h"
#include "tests/sim/experiment/toy.h"

static const char *const two[] = {"before", "after"};
static const struct threshold_names names = {&toy_model, two, 2};
static const struct threshold_names single_name = {&toy_model, two, 1};

static void expect_near(double is, double should_be, double error_max)
{
    if (!(fabs(is - should_be) <= error_max))
        fail_msg("%.17g is not %.17g", is, should_be);
}

static struct threshold parse(const char *text, const struct threshold_names *with)
{
    struct threshold threshold;
    struct error error = {0};
    if (!threshold_parse(&threshold, text, with, NULL, &error))
        fail_msg("%s: %s", text, error.message);
    return threshold;
}

/* A summary made up by hand: one variant whose metric has this headline. */
static struct threshold_result judge(const char *text, int metric, struct summary_metric has)
{
    struct summary_metric metrics[TOY_METRIC_COUNT] = {{.total = 0}};
    metrics[metric] = has;
    struct summary_variant variant = {.metrics = metrics};
    struct result result = {.model = &toy_model, .variant_count = 1};
    struct summary summary = {.result = &result, .variants = &variant};
    struct threshold threshold = parse(text, &single_name);
    return threshold_judge(&threshold, &summary, NULL);
}

static struct summary_metric known(double low, double estimate, double high)
{
    return (struct summary_metric){
        .headline = {.state = INTERVAL_KNOWN, .low = low, .estimate = estimate, .high = high},
        .tally = {.count = 1},
        .replications_seen = estimate != 0,
        .upper_bound = 0.125,
    };
}

static void every_relation_has_every_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double low, estimate, high;
        enum threshold_verdict verdict;
    } cases[] = {
        {"failure_rate < 10%", 0.02, 0.05, 0.09, THRESHOLD_PASS},
        {"failure_rate < 10%", 0.02, 0.05, 0.10, THRESHOLD_INCONCLUSIVE},
        {"failure_rate < 10%", 0.10, 0.12, 0.15, THRESHOLD_FAIL},
        {"failure_rate <= 10%", 0.02, 0.05, 0.10, THRESHOLD_PASS},
        {"failure_rate <= 10%", 0.10, 0.12, 0.15, THRESHOLD_INCONCLUSIVE},
        {"failure_rate <= 10%", 0.11, 0.12, 0.15, THRESHOLD_FAIL},
        {"failure_rate > 10%", 0.11, 0.12, 0.15, THRESHOLD_PASS},
        {"failure_rate > 10%", 0.10, 0.12, 0.15, THRESHOLD_INCONCLUSIVE},
        {"failure_rate > 10%", 0.02, 0.05, 0.10, THRESHOLD_FAIL},
        {"failure_rate >= 10%", 0.10, 0.12, 0.15, THRESHOLD_PASS},
        {"failure_rate >= 10%", 0.09, 0.12, 0.15, THRESHOLD_INCONCLUSIVE},
        {"failure_rate >= 10%", 0.02, 0.05, 0.09, THRESHOLD_FAIL},
        {"failure_rate within 10%..20%", 0.10, 0.15, 0.20, THRESHOLD_PASS},
        {"failure_rate within 10%..20%", 0.09, 0.15, 0.20, THRESHOLD_INCONCLUSIVE},
        {"failure_rate within 10%..20%", 0.10, 0.15, 0.21, THRESHOLD_INCONCLUSIVE},
        {"failure_rate within 10%..20%", 0.05, 0.15, 0.30, THRESHOLD_INCONCLUSIVE},
        {"failure_rate within 10%..20%", 0.21, 0.25, 0.30, THRESHOLD_FAIL},
        {"failure_rate within 10%..20%", 0.01, 0.02, 0.03, THRESHOLD_FAIL},
        {"failure_rate == 0", 0, 0, 0.02, THRESHOLD_PASS},
        {"failure_rate == 0", 0.001, 0.01, 0.02, THRESHOLD_FAIL},
        {"value(failure_rate) < 10%", 0.02, 0.09, 0.50, THRESHOLD_PASS},
        {"value(failure_rate) < 10%", 0.02, 0.10, 0.50, THRESHOLD_FAIL},
        {"value(failure_rate) == 10%", 0.02, 0.10, 0.50, THRESHOLD_PASS},
        {"value(failure_rate) == 10%", 0.02, 0.1000001, 0.50, THRESHOLD_FAIL},
        {"value(failure_rate) within 10%..20%", 0.02, 0.20, 0.50, THRESHOLD_PASS},
        {"value(failure_rate) within 10%..20%", 0.10, 0.21, 0.20, THRESHOLD_FAIL},
        {"upper(failure_rate) < 10%", 0.02, 0.05, 0.09, THRESHOLD_PASS},
        {"upper(failure_rate) < 10%", 0.02, 0.05, 0.11, THRESHOLD_FAIL},
        {"lower(failure_rate) > 1%", 0.02, 0.05, 0.11, THRESHOLD_PASS},
        {"lower(failure_rate) >= 3%", 0.02, 0.05, 0.11, THRESHOLD_FAIL},
        {"upper(2 * failure_rate + 1%) == 23%", 0.02, 0.05, 0.11, THRESHOLD_PASS},
        {"lower(-2 * failure_rate) == -22%", 0.02, 0.05, 0.11, THRESHOLD_PASS},
        {"upper(failure_rate) - lower(failure_rate) < 5%", 0.02, 0.05, 0.06, THRESHOLD_PASS},
        {"upper(failure_rate) - lower(failure_rate) < 5%", 0.02, 0.05, 0.08, THRESHOLD_FAIL},
        /* Scaled and moved. */
        {"2 * failure_rate + 1% < 20%", 0.02, 0.05, 0.09, THRESHOLD_PASS},
        {"2 * failure_rate + 1% < 20%", 0.02, 0.05, 0.096, THRESHOLD_INCONCLUSIVE},
        {"-failure_rate < -10%", 0.11, 0.12, 0.15, THRESHOLD_PASS},
        {"-failure_rate < -10%", 0.09, 0.12, 0.15, THRESHOLD_INCONCLUSIVE},
        {"10% > failure_rate", 0.02, 0.05, 0.09, THRESHOLD_PASS},
        {"10% > failure_rate", 0.11, 0.12, 0.15, THRESHOLD_FAIL},
        {"3 * failure_rate < 20% - failure_rate", 0.01, 0.02, 0.049, THRESHOLD_PASS},
        {"3 * failure_rate < 20% - failure_rate", 0.01, 0.02, 0.051, THRESHOLD_INCONCLUSIVE},
        {"failure_rate < value(failure_rate) + 5%", 0.02, 0.05, 0.09, THRESHOLD_PASS},
        {"failure_rate < value(failure_rate) + 5%", 0.02, 0.05, 0.11, THRESHOLD_INCONCLUSIVE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct threshold_result result =
            judge(cases[i].text, TOY_RATE, known(cases[i].low, cases[i].estimate, cases[i].high));
        if (result.verdict != cases[i].verdict)
            fail_msg("case %zu, %s: %s", i, cases[i].text, threshold_verdict_name(result.verdict));
        assert_true(result.reason != NULL && result.dimension == THRESHOLD_SHARE);
        bool is_plain_zero = strncmp(cases[i].text, "failure_rate == 0", 17) == 0;
        assert_int_equal(result.has_upper_bound, is_plain_zero);
        assert_true(!is_plain_zero ||
                    (result.upper_bound == 0.125 && result.bound_of == THRESHOLD_OF_UNITS));
        bool is_sample = strncmp(cases[i].text, "value", 5) == 0 ||
                         strncmp(cases[i].text, "upper", 5) == 0 ||
                         strncmp(cases[i].text, "lower", 5) == 0;
        assert_int_equal(result.is_sample, is_sample);
    }
}

/* What was judged and against what, so that a report can show it. */
static void a_result_says_what_it_is_about(void **state)
{
    (void)state;
    struct summary_metric has = known(0.02, 0.05, 0.09);
    struct threshold_result result = judge("2 * failure_rate + 1% < 20%", TOY_RATE, has);
    assert_int_equal(result.subject, THRESHOLD_LEFT);
    expect_near(result.interval.low, 0.05, 1e-15);
    expect_near(result.interval.estimate, 0.11, 1e-15);
    expect_near(result.interval.high, 0.19, 1e-15);
    assert_true(result.low == 0.2 && result.high == 0.2);
    result = judge("3 * failure_rate < 20% - failure_rate", TOY_RATE, has);
    assert_int_equal(result.subject, THRESHOLD_LEFT_MINUS_RIGHT);
    assert_string_equal(threshold_subject_text(result.subject), "left minus right");
    expect_near(result.interval.estimate, 0, 1e-15);
    assert_true(result.low == 0 && result.high == 0);
    result = judge("failure_rate within 1%..10%", TOY_RATE, has);
    assert_int_equal(result.subject, THRESHOLD_LEFT);
    assert_true(result.low == 0.01 && result.high == 0.1);
    result = judge("waste < 1h", TOY_WASTE, known(1, 2, 3));
    assert_int_equal(result.dimension, THRESHOLD_DURATION);
    assert_string_equal(threshold_subject_text(THRESHOLD_LEFT), "");
}

static void limits_that_are_no_numbers_ask_two_questions(void **state)
{
    (void)state;
    static const struct {
        double low, estimate, high; /* Limits are 5% and four times the estimate minus 10%. */
        enum threshold_verdict verdict;
        enum threshold_subject subject;
    } cases[] = {
        {0.06, 0.07, 0.08, THRESHOLD_PASS, THRESHOLD_LEFT},
        {0.04, 0.07, 0.08, THRESHOLD_INCONCLUSIVE, THRESHOLD_LEFT},
        {0.06, 0.07, 0.19, THRESHOLD_INCONCLUSIVE, THRESHOLD_LEFT_MINUS_HIGH},
        {0.01, 0.02, 0.03, THRESHOLD_FAIL, THRESHOLD_LEFT_MINUS_HIGH},
        {0.03, 0.04, 0.045, THRESHOLD_FAIL, THRESHOLD_LEFT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct threshold_result result =
            judge("failure_rate within 5%..4 * value(failure_rate) - 10%", TOY_RATE,
                  known(cases[i].low, cases[i].estimate, cases[i].high));
        if (result.verdict != cases[i].verdict || result.subject != cases[i].subject)
            fail_msg("case %zu: %s, %s", i, threshold_verdict_name(result.verdict),
                     threshold_subject_text(result.subject));
    }
}

static void without_an_interval(void **state)
{
    (void)state;
    struct summary_metric none = {.headline = {.state = INTERVAL_NO_DATA}};
    struct summary_metric one = known(0, 0.05, 0);
    one.headline.state = INTERVAL_NOT_ESTIMABLE;
    struct summary_metric zero = known(0, 0, 0);
    zero.headline.state = INTERVAL_NOT_ESTIMABLE;
    /* Without samples nothing is met, not even what 0 would meet. */
    const char *const texts[] = {"failure_rate < 10%",          "failure_rate == 0",
                                 "value(failure_rate) < 10%",   "failure_rate within 0%..100%",
                                 "upper(failure_rate) <= 100%", "failure_rate < 2 * failure_rate"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct threshold_result result = judge(texts[i], TOY_RATE, none);
        assert_int_equal(result.verdict, THRESHOLD_FAIL);
        assert_string_equal(result.reason, "there are no samples");
        assert_false(result.has_upper_bound);
        assert_false(interval_has_estimate(&result.interval));
    }
    assert_int_equal(judge(texts[0], TOY_RATE, one).verdict, THRESHOLD_INCONCLUSIVE);
    assert_int_equal(judge(texts[1], TOY_RATE, one).verdict, THRESHOLD_FAIL);
    assert_int_equal(judge(texts[2], TOY_RATE, one).verdict, THRESHOLD_PASS);
    assert_int_equal(judge(texts[1], TOY_RATE, zero).verdict, THRESHOLD_PASS);
    struct threshold_result end = judge(texts[4], TOY_RATE, one);
    assert_int_equal(end.verdict, THRESHOLD_INCONCLUSIVE);
    assert_string_equal(end.reason, "an end of an interval is not known; run more replications");
}

struct bench {
    struct arena *arena;
    struct toy toys[2];
    struct experiment_variant variants[2];
    struct experiment_design design;
    struct result *result;
    const struct summary *summary;
};

static void bench_open(struct bench *bench, const struct toy toys[2], uint32_t replication_count,
                       uint32_t thread_count)
{
    bench->arena = arena_create("test", 0);
    bench->toys[0] = toys[0];
    bench->toys[1] = toys[1];
    bench->design = toy_design(bench->variants, bench->toys);
    bench->design.replication_count = replication_count;
    bench->design.thread_count = thread_count;
    struct error error = {0};
    if (!experiment_run(&bench->design, &bench->result, &error))
        fail_msg("%s", error.message);
    bench->summary = summary_create(bench->arena, bench->result, 0.95);
}

static void bench_close(struct bench *bench)
{
    result_destroy(bench->result);
    arena_destroy(bench->arena);
}

static struct threshold_result ask(const struct bench *bench, const char *text)
{
    struct threshold threshold = parse(text, &names);
    return threshold_judge(&threshold, bench->summary, bench->arena);
}

struct question {
    const char *text;
    enum threshold_verdict verdict;
};

static void expect(const struct bench *bench, const struct question *questions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct threshold_result judged = ask(bench, questions[i].text);
        if (judged.verdict != questions[i].verdict)
            fail_msg("%s: %s, because %s [%.17g %.17g %.17g]", questions[i].text,
                     threshold_verdict_name(judged.verdict), judged.reason, judged.interval.low,
                     judged.interval.estimate, judged.interval.high);
        bool is_known = interval_is_known(&judged.interval);
        assert_true(!is_known || (judged.interval.low <= judged.interval.estimate &&
                                  judged.interval.estimate <= judged.interval.high));
    }
}

static const struct toy incident[2] = {
    {.unit_count = 100, .low = 0.1, .high = 0.3, .factor = 1, .violations = 2},
    {.unit_count = 100, .low = 0.1, .high = 0.3, .factor = 0},
};

/* From the text to the verdict over a real result: 40 replications of 100 units, 20 % fail before
 * and nothing after, every unit is there for u hours (u uniform, the same in both variants). The
 * limits are at least 4 standard errors away where the verdict is not INCONCLUSIVE. */
static void verdicts_of_an_experiment(void **state)
{
    (void)state;
    static const struct question questions[] = {
        {"failure_rate(before) within 10%..30%", THRESHOLD_PASS},
        {"failure_rate(before) < 10%", THRESHOLD_FAIL},
        {"failure_rate(before) < 20%", THRESHOLD_INCONCLUSIVE},
        {"failure_rate(after) < 1%", THRESHOLD_PASS},
        {"failure_rate(after) < 0.01%", THRESHOLD_INCONCLUSIVE},
        {"failure_rate(after) == 0", THRESHOLD_PASS},
        {"upper(failure_rate(after)) < 1%", THRESHOLD_PASS},
        {"upper(failure_rate(after)) < 0.01%", THRESHOLD_FAIL},
        {"violations(after) == 0", THRESHOLD_PASS},
        {"violations(before) == 0", THRESHOLD_FAIL},
        {"value(violations(before)) == 2", THRESHOLD_PASS},
        {"calls(after) within 1..1", THRESHOLD_PASS},
        {"duration(before) within 6min..18min", THRESHOLD_PASS},
        /* Sums. */
        {"failure_rate(before) - failure_rate(after) > 10%", THRESHOLD_PASS},
        {"failure_rate(before) - failure_rate(after) > 30%", THRESHOLD_FAIL},
        {"failure_rate(before) - failure_rate(after) > 20%", THRESHOLD_INCONCLUSIVE},
        {"failure_rate(after) < 0.1 * failure_rate(before)", THRESHOLD_PASS},
        {"calls(after) <= 0.8 * calls(before) + 1", THRESHOLD_PASS},
        {"calls(before) <= 1.1 * calls(after)", THRESHOLD_FAIL},
        {"duration(before) <= duration(after)", THRESHOLD_PASS},
        {"duration(before) < duration(after)", THRESHOLD_FAIL},
        /* "==": the same in every replication. */
        {"duration(before) == duration(after)", THRESHOLD_PASS},
        {"calls(before) == calls(after)", THRESHOLD_FAIL},
        {"violations(before) == violations(after)", THRESHOLD_FAIL},
        {"waste(before) == waste(after)", THRESHOLD_PASS},
        /* Units. */
        {"new_failures(after) == 0", THRESHOLD_PASS},
        {"new_failures(after) < 1%", THRESHOLD_PASS},
        {"fixed_failures(after) == 0", THRESHOLD_FAIL},
        {"fixed_failures(after) within 15%..25%", THRESHOLD_PASS},
        {"fixed_failures(after) - failure_rate(before) + failure_rate(after) within -1%..1%",
         THRESHOLD_PASS},
        /* Histograms. */
        {"p95(life(before)) within 54min..60min", THRESHOLD_PASS},
        {"p95(life(before)) < 54min", THRESHOLD_FAIL},
        {"p95(life(before)) < 57min", THRESHOLD_INCONCLUSIVE},
        {"median(life(before)) within 27min..33min", THRESHOLD_PASS},
        {"mean(life(before)) within 28min..32min", THRESHOLD_PASS},
        {"mean(life(before)) < 28min", THRESHOLD_FAIL},
        {"value(min(life(before))) < 1min", THRESHOLD_PASS},
        {"value(max(life(before))) > 59min", THRESHOLD_PASS},
        {"value(max(life(before))) == value(p100(life(after)))", THRESHOLD_PASS},
        {"p95(life(after)) < 1.1 * p95(life(before))", THRESHOLD_PASS},
        {"p95(life(after)) < 0.9 * p95(life(before))", THRESHOLD_FAIL},
        {"p95(life(after)) < p95(life(before))", THRESHOLD_INCONCLUSIVE},
        {"p95(life(after)) within 0.9 * p95(life(before)) .. 1.1 * p95(life(before))",
         THRESHOLD_PASS},
        {"p95(life(before)) - median(life(before)) within 20min..34min", THRESHOLD_PASS},
        {"2 * mean(life(after)) - p50(life(before)) within 26min..34min", THRESHOLD_PASS},
        {"p95(life(before)) > mean(life(before)) + 2.25 * duration(before)",
         THRESHOLD_INCONCLUSIVE},
        {"p95(life(before)) > mean(life(before)) + duration(before)", THRESHOLD_PASS},
        {"upper(p95(life(before))) < 1h", THRESHOLD_PASS},
        /* 4,000 values are too few for an upper limit of the 99.99th percentile. */
        {"p99.99(life(before)) < 2h", THRESHOLD_INCONCLUSIVE},
        {"p99.99(life(before)) < 2 * p50(life(before)) + 2h", THRESHOLD_INCONCLUSIVE},
    };
    struct bench bench;
    bench_open(&bench, incident, 40, 1);
    expect(&bench, questions, sizeof questions / sizeof questions[0]);
    bench_close(&bench);
}

static void reasons_that_are_worth_a_word(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, incident, 40, 1);
    struct threshold_result judged = ask(&bench, "duration(before) == duration(after)");
    assert_string_equal(judged.reason, "both sides are the same in every replication");
    /* 1 - 0.05^(1/40) */
    expect_near(judged.upper_bound, 0.0721575, 1e-6);
    assert_int_equal(judged.bound_of, THRESHOLD_OF_REPLICATIONS);
    judged = ask(&bench, "calls(before) == calls(after)");
    assert_string_equal(judged.reason, "the sides differ in 40 of 40 replications");
    judged = ask(&bench, "new_failures(after) == 0");
    /* No failures, so no correlation to speak of: 1 - 0.05^(1/4000). */
    expect_near(judged.upper_bound, 0.000748653, 1e-8);
    assert_int_equal(judged.bound_of, THRESHOLD_OF_UNITS);
    judged = ask(&bench, "p95(life(after)) < p95(life(before))");
    assert_non_null(strstr(judged.reason, "will not decide"));
    bench_close(&bench);
    bench_open(&bench, incident, 19, 1);
    judged = ask(&bench, "mean(life(before)) within 20min..40min");
    assert_int_equal(judged.verdict, THRESHOLD_PASS);
    assert_string_equal(judged.reason, "the interval is inside (from fewer than 20 replications, "
                                       "which makes it too narrow)");
    bench_close(&bench);
}

static void one_replication_decides_nothing_but_the_sample(void **state)
{
    (void)state;
    static const struct question questions[] = {
        {"failure_rate(before) < 90%", THRESHOLD_INCONCLUSIVE},
        {"failure_rate(before) - failure_rate(after) < 90%", THRESHOLD_INCONCLUSIVE},
        {"new_failures(after) < 90%", THRESHOLD_INCONCLUSIVE},
        {"p95(life(before)) < 9h", THRESHOLD_INCONCLUSIVE},
        {"mean(life(before)) < 9h", THRESHOLD_INCONCLUSIVE},
        {"upper(mean(life(before))) < 9h", THRESHOLD_INCONCLUSIVE},
        {"p95(life(before)) < 9 * p95(life(after))", THRESHOLD_INCONCLUSIVE},
        {"value(p95(life(before))) < 9h", THRESHOLD_PASS},
        {"value(failure_rate(before) - failure_rate(after)) < 90%", THRESHOLD_PASS},
        {"new_failures(after) == 0", THRESHOLD_PASS},
        {"duration(before) == duration(after)", THRESHOLD_PASS},
    };
    struct bench bench;
    bench_open(&bench, incident, 1, 1);
    expect(&bench, questions, sizeof questions / sizeof questions[0]);
    bench_close(&bench);
}

static void no_samples_fail(void **state)
{
    (void)state;
    const struct toy toys[2] = {{.has_no_duration = true, .factor = 1},
                                {.has_no_duration = true, .factor = 1}};
    static const struct question questions[] = {
        {"failure_rate(before) < 90%", THRESHOLD_FAIL},
        {"duration(before) < 9h", THRESHOLD_FAIL},
        {"duration(before) - duration(after) < 9h", THRESHOLD_FAIL},
        {"duration(before) == duration(after)", THRESHOLD_FAIL},
        {"p95(life(before)) < 9h", THRESHOLD_FAIL},
        {"mean(life(before)) < 9h", THRESHOLD_FAIL},
        {"value(mean(life(before))) < 9h", THRESHOLD_FAIL},
        {"value(max(life(before))) < 9h", THRESHOLD_FAIL},
        {"p95(life(before)) < 9 * p95(life(after))", THRESHOLD_FAIL},
        {"upper(p95(life(before))) < 9h", THRESHOLD_FAIL},
        {"new_failures(after) == 0", THRESHOLD_FAIL},
        {"fixed_failures(after) < 50%", THRESHOLD_FAIL},
    };
    struct bench bench;
    bench_open(&bench, toys, 10, 1);
    expect(&bench, questions, sizeof questions / sizeof questions[0]);
    bench_close(&bench);
}

/* Units that are not the same in both variants cannot be compared one by one. */
static void different_units_have_no_new_failures(void **state)
{
    (void)state;
    struct toy toys[2] = {incident[0], incident[1]};
    toys[1].unit_count = 50;
    static const struct question questions[] = {
        {"new_failures(after) == 0", THRESHOLD_FAIL},
        {"failure_rate(before) - failure_rate(after) > 10%", THRESHOLD_PASS},
    };
    struct bench bench;
    bench_open(&bench, toys, 40, 1);
    expect(&bench, questions, sizeof questions / sizeof questions[0]);
    bench_close(&bench);
}

/* The interval of a sum is that of its values, one a replication, worked out here in two passes. */
static void sums_are_paired_by_replication(void **state)
{
    (void)state;
    struct toy toys[2] = {incident[0], incident[1]};
    toys[1].factor = 0.5;
    struct bench bench;
    bench_open(&bench, toys, 40, 1);
    double values[40], mean = 0, squares = 0;
    for (uint32_t r = 0; r < 40; r++) {
        const struct record *before = result_record(bench.result, r, 0);
        const struct record *after = result_record(bench.result, r, 1);
        values[r] = 2 * (double)before->values[TOY_CALLS] / 100 -
                    3 * (double)after->values[TOY_CALLS] / 100 +
                    (double)before->values[TOY_VIOLATIONS];
        mean += values[r] / 40;
    }
    for (uint32_t r = 0; r < 40; r++)
        squares += (values[r] - mean) * (values[r] - mean);
    double half = gsl_cdf_tdist_Pinv(0.975, 39) * sqrt(squares / 39 / 40);
    struct threshold_result judged =
        ask(&bench, "2 * calls(before) + violations(before) < 3 * calls(after) + 0.5");
    assert_int_equal(judged.subject, THRESHOLD_LEFT_MINUS_RIGHT);
    expect_near(judged.interval.estimate, mean - 0.5, 1e-12);
    expect_near(judged.interval.low, mean - 0.5 - half, 1e-12);
    expect_near(judged.interval.high, mean - 0.5 + half, 1e-12);
    assert_string_equal(judged.interval.method, "paired t over replications");
    /* The difference of one metric is the one that the summary has. */
    judged = ask(&bench, "failure_rate(before) - failure_rate(after) > 0");
    const struct interval *known = &bench.summary->variants[1].differences[TOY_RATE].difference;
    expect_near(judged.interval.low, known->low, 1e-15);
    expect_near(judged.interval.high, known->high, 1e-15);
    /* New minus fixed failures is the difference of the rates, in every replication. */
    judged = ask(&bench, "new_failures(after) - fixed_failures(after) - failure_rate(after) + "
                         "failure_rate(before) == 0");
    assert_int_equal(judged.verdict, THRESHOLD_PASS);
    judged = ask(&bench, "value(fixed_failures(after)) > 0");
    expect_near(judged.interval.estimate,
                (double)bench.summary->variants[1].units.only_first / 4000, 1e-15);
    bench_close(&bench);
}

/* Law's example (Simulation Modeling and Analysis, 5th ed., section 10.2): five pairs, 90 %
 * interval of the difference [1.65, 8.31]. */
static bool run_law(const struct model_run *run, struct record *record, struct error *error)
{
    (void)error;
    const int64_t *values = run->parameters;
    record->values[0] = values[run->replication];
    record->unit_count = 1;
    return true;
}

static uint32_t one_unit(const void *parameters)
{
    (void)parameters;
    return 1;
}

static void laws_example(void **state)
{
    (void)state;
    static const struct metric metrics[] = {
        {.name = "cost", .label = "cost", .doc = "Cents.", .kind = METRIC_PER_REPLICATION},
        {.name = "failure_rate", .label = "", .doc = "", .kind = METRIC_PROPORTION}};
    static const struct model model = {.name = "law",
                                       .unit_name = "unit",
                                       .unit_names = "units",
                                       .metrics = metrics,
                                       .metric_count = 2,
                                       .failed_metric = 1,
                                       .units_max = one_unit,
                                       .run = run_law};
    static const int64_t first[] = {12697, 12431, 12668, 12266, 12723};
    static const int64_t second[] = {11821, 12022, 12245, 12268, 11940};
    struct experiment_variant variants[2] = {{.name = "before", .parameters = first},
                                             {.name = "after", .parameters = second}};
    struct experiment_design design = {.model = &model,
                                       .variants = variants,
                                       .variant_count = 2,
                                       .replication_count = 5,
                                       .thread_count = 1};
    struct result *result;
    assert_true(experiment_run(&design, &result, NULL));
    struct arena *arena = arena_create("test", 0);
    const struct threshold_names law_names = {&model, two, 2};
    struct threshold threshold = parse("cost(before) > cost(after) + 100", &law_names);
    struct threshold_result judged =
        threshold_judge(&threshold, summary_create(arena, result, 0.9), arena);
    assert_int_equal(judged.verdict, THRESHOLD_PASS);
    expect_near(judged.interval.estimate, 398, 0.5);
    expect_near(judged.interval.low, 65, 0.5);
    expect_near(judged.interval.high, 731, 0.5);
    arena_destroy(arena);
    result_destroy(result);
}

/* None of 200 units failed after: at most 1.8 % do, so nobody knows that it is below 1 %, although
 * in the sample the sum varies by what happened before only. */
static void what_was_not_seen_is_not_certain(void **state)
{
    (void)state;
    const struct toy toys[2] = {
        {.unit_count = 10, .low = 0.2, .high = 0.2, .factor = 1},
        {.unit_count = 10, .low = 0.2, .high = 0.2, .factor = 0},
    };
    static const struct question questions[] = {
        {"failure_rate(after) < 0.05 * failure_rate(before)", THRESHOLD_INCONCLUSIVE},
        {"failure_rate(after) < 0.5 * failure_rate(before)", THRESHOLD_PASS},
        {"failure_rate(after) + new_failures(after) < 1%", THRESHOLD_INCONCLUSIVE},
        {"failure_rate(after) + new_failures(after) < 10%", THRESHOLD_PASS},
    };
    struct bench bench;
    bench_open(&bench, toys, 20, 1);
    expect(&bench, questions, sizeof questions / sizeof questions[0]);
    /* Both at 97.5 %: 1 - 0.0125^(1/200) is the upper limit of each. */
    struct threshold_result judged = ask(&bench, questions[2].text);
    expect_near(judged.interval.high, 2 * 0.0216719, 1e-6);
    assert_true(judged.interval.low == 0 && judged.interval.estimate == 0);
    assert_string_equal(judged.interval.method,
                        "t over replications, and the intervals of what is rare");
    bench_close(&bench);
}

/* A single quantile has the interval of the tables, moved apart by half a bucket: near an hour
 * buckets are 2^41 / 32 ns wide, 69 s. */
static void a_quantile_keeps_its_resolution_in_mind(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, incident, 40, 1);
    struct duration_source source = {.result = bench.result,
                                     .all = &bench.summary->variants[0].histograms[0]};
    struct interval known = duration_quantile(&source, 0.95, 0.95);
    struct threshold_result judged = ask(&bench, "p95(life(before)) < 1h");
    double half_ns = 0x1p41 / 64;
    assert_true(judged.interval.estimate == known.estimate);
    assert_true(judged.interval.low == known.low - half_ns);
    assert_true(judged.interval.high == known.high + half_ns);
    judged = ask(&bench, "-2 * p95(life(before)) > -2h");
    assert_true(judged.interval.low == -2 * (known.high + half_ns));
    bench_close(&bench);
}

static bool is_same(const struct threshold_result *a, const struct threshold_result *b)
{
    return a->verdict == b->verdict && a->interval.low == b->interval.low &&
           a->interval.estimate == b->interval.estimate && a->interval.high == b->interval.high &&
           strcmp(a->reason, b->reason) == 0;
}

/* The same bits for any number of threads, twice, and in any order. */
static void judging_is_deterministic(void **state)
{
    (void)state;
    const char *const texts[] = {
        "p95(life(after)) < 1.1 * p95(life(before))",
        "mean(life(before)) within 28min..32min",
        "failure_rate(before) - failure_rate(after) > 20%",
    };
    struct bench one, four;
    bench_open(&one, incident, 40, 1);
    bench_open(&four, incident, 40, 4);
    struct threshold_result results[3];
    for (int i = 0; i < 3; i++)
        results[i] = ask(&one, texts[i]);
    for (int i = 2; i >= 0; i--) {
        struct threshold_result again = ask(&one, texts[i]);
        struct threshold_result elsewhere = ask(&four, texts[i]);
        assert_true(is_same(&results[i], &again));
        assert_true(is_same(&results[i], &elsewhere));
    }
    /* Resampling depends on the seed, and on nothing else. */
    one.result->seed++;
    struct threshold_result other = ask(&one, texts[0]);
    assert_false(other.interval.low == results[0].interval.low &&
                 other.interval.high == results[0].interval.high);
    bench_close(&one);
    bench_close(&four);
}

/* The bootstrap of a mean of equal-sized groups is a known thing: the standard error of the mean of
 * 40 group means is s / sqrt(40), so its 95 % limits lie 1.96 of those (times sqrt(39/40)) away,
 * with a Monte Carlo error of about 3 % of that for 1,999 resamples. Here: within 12 %. */
static void the_bootstrap_has_the_width_of_theory(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, incident, 40, 1);
    struct tally tally = {0};
    for (uint32_t r = 0; r < 40; r++) {
        double mean_ns;
        assert_true(histogram_mean(&result_record(bench.result, r, 0)->histograms[0], &mean_ns));
        tally_add(&tally, mean_ns);
    }
    double half = 1.959964 * sqrt(tally.squares / 40 / 40);
    struct threshold_result judged = ask(&bench, "mean(life(before)) < 1h");
    expect_near(judged.interval.estimate, tally.mean, 1e-6 * tally.mean);
    expect_near((judged.interval.high - judged.interval.low) / 2, half, 0.12 * half);
    assert_string_equal(judged.interval.method, "bootstrap percentile");
    bench_close(&bench);
}

static void the_worse_of_two(void **state)
{
    (void)state;
    const enum threshold_verdict order[] = {THRESHOLD_PASS, THRESHOLD_INCONCLUSIVE, THRESHOLD_FAIL};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            assert_int_equal(threshold_worse(order[i], order[j]), order[i > j ? i : j]);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_relation_has_every_verdict),
        cmocka_unit_test(a_result_says_what_it_is_about),
        cmocka_unit_test(limits_that_are_no_numbers_ask_two_questions),
        cmocka_unit_test(without_an_interval),
        cmocka_unit_test(verdicts_of_an_experiment),
        cmocka_unit_test(reasons_that_are_worth_a_word),
        cmocka_unit_test(one_replication_decides_nothing_but_the_sample),
        cmocka_unit_test(no_samples_fail),
        cmocka_unit_test(different_units_have_no_new_failures),
        cmocka_unit_test(sums_are_paired_by_replication),
        cmocka_unit_test(laws_example),
        cmocka_unit_test(what_was_not_seen_is_not_certain),
        cmocka_unit_test(a_quantile_keeps_its_resolution_in_mind),
        cmocka_unit_test(judging_is_deterministic),
        cmocka_unit_test(the_bootstrap_has_the_width_of_theory),
        cmocka_unit_test(the_worse_of_two),
    };
    return cmocka_run_group_tests_name("experiment/threshold_judge", tests, NULL, NULL);
}
