#include "sim/experiment/threshold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "sim/base/units.h"
#include "tests/sim/experiment/toy.h"

static const char *const two[] = {"before", "after"};
static const struct threshold_names names = {&toy_model, two, 2};
static const struct threshold_names single_name = {&toy_model, two, 1};

static struct threshold parse(const char *text, const struct threshold_names *with)
{
    struct threshold threshold;
    struct error error = {0};
    if (!threshold_parse(&threshold, text, with, NULL, &error))
        fail_msg("%s: %s", text, error.message);
    return threshold;
}

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct threshold is;
    } cases[] = {
        {"failure_rate(before) within 15%..21%",
         {NULL, TOY_RATE, 0, false, THRESHOLD_WITHIN, 0.15, 0.21}},
        {"failure_rate(after) < 1%", {NULL, TOY_RATE, 1, false, THRESHOLD_BELOW, 0.01, 0.01}},
        {"violations(after) == 0", {NULL, TOY_VIOLATIONS, 1, false, THRESHOLD_EQUAL, 0, 0}},
        {"value(failure_rate(before))>=0.15",
         {NULL, TOY_RATE, 0, true, THRESHOLD_AT_LEAST, 0.15, 0.15}},
        {"  value ( calls ( after ) )  within  1.5 .. 2e0  ",
         {NULL, TOY_CALLS, 1, true, THRESHOLD_WITHIN, 1.5, 2}},
        {"duration(after)<=1h30min",
         {NULL, TOY_DURATION, 1, false, THRESHOLD_AT_MOST, 5400e9, 5400e9}},
        {"duration(before) within 90min..2h",
         {NULL, TOY_DURATION, 0, false, THRESHOLD_WITHIN, 5400e9, 7200e9}},
        {"waste(before) == 0", {NULL, TOY_WASTE, 0, false, THRESHOLD_EQUAL, 0, 0}},
        {"value(waste(before)) == 3h",
         {NULL, TOY_WASTE, 0, true, THRESHOLD_EQUAL, 10800e9, 10800e9}},
        {"calls(before) > -1", {NULL, TOY_CALLS, 0, false, THRESHOLD_ABOVE, -1, -1}},
        {"calls(before) > 1e+2", {NULL, TOY_CALLS, 0, false, THRESHOLD_ABOVE, 100, 100}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct threshold threshold = parse(cases[i].text, &names);
        const struct threshold *is = &cases[i].is;
        if (threshold.metric != is->metric || threshold.variant != is->variant ||
            threshold.is_value != is->is_value || threshold.relation != is->relation ||
            threshold.low != is->low || threshold.high != is->high)
            fail_msg("%s: metric %u variant %u relation %d %g..%g", cases[i].text, threshold.metric,
                     threshold.variant, threshold.relation, threshold.low, threshold.high);
        assert_ptr_equal(threshold.text, cases[i].text);
    }
    /* The variant goes without saying where there is one. */
    assert_int_equal(parse("failure_rate < 1%", &single_name).metric, TOY_RATE);
    assert_true(parse("value(calls) < 1", &single_name).is_value);
}

static void test_bad_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
        const char *message;
    } cases[] = {
        {"", 0, "expected the name of a metric"},
        {"  < 1%", 2, "expected the name of a metric"},
        {"failure_rat(after) < 1%", 0,
         "there is no metric \"failure_rat\"; did you mean \"failure_rate\"?"},
        {"xyz(after) < 1%", 0, "there is no metric \"xyz\""},
        {"failure_rate(aftr) < 1%", 13, "there is no variant \"aftr\"; did you mean \"after\"?"},
        {"failure_rate() < 1%", 13, "expected the name of a variant"},
        {"failure_rate(after < 1%", 19, "expected \")\""},
        {"failure_rate < 1%", 13, "expected \"(\" and the variant, as in failure_rate(before)"},
        {"value(failure_rate(after) < 1%", 26, "expected \")\" after value(..."},
        {"value(after) < 1%", 6, "there is no metric \"after\""},
        {"failure_rate(after)", 19, "expected within, <, <=, >, >= or =="},
        {"failure_rate(after) = 0", 20, "expected within, <, <=, >, >= or =="},
        {"failure_rate(after) != 0", 20, "expected within, <, <=, >, >= or =="},
        {"failure_rate(after) <", 21, "expected a number"},
        {"failure_rate(after) < 1% 2", 25, "expected the end of the threshold"},
        {"failure_rate(after) < 101%", 22, "failure_rate is a share: write 0% to 100%, not 101%"},
        {"failure_rate(after) < -1%", 22, "failure_rate is a share: write 0% to 100%, not -1%"},
        {"failure_rate(after) within 15%", 30, "expected \"..\", as in within 15%..21%"},
        {"failure_rate(after) within 21%..15%", 32, "the upper limit is below the lower one"},
        {"failure_rate(after) == 5%", 20,
         "== of a plain name works with 0 only, because no interval is one number; write within "
         "a..b, or value(...) =="},
        {"duration(after) < 5", 18,
         "\"5\" has no unit of time; write for example 5s or 5min (units: ns us ms s min h d)"},
        {"calls(after) < 5min", 15, "\"5min\" is not a number"},
        {"violations(after) < 1e999", 20, "\"1e999\" is not a number"},
        {"a12345678901234567890123456789012345678901234567890123456789012345(b) < 1", 0,
         "the name of the metric is longer than 63 characters"},
        {"calls(after) < 12345678901234567890123456789012345678901234567890123456789012345", 15,
         "the number is longer than 63 characters"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct threshold threshold = {.text = "untouched"};
        struct error error = {0};
        size_t at = 999;
        if (threshold_parse(&threshold, cases[i].text, &names, &at, &error))
            fail_msg("\"%s\" was taken", cases[i].text);
        if (at != cases[i].at || strcmp(error.message, cases[i].message) != 0)
            fail_msg("\"%s\": at %zu: %s", cases[i].text, at, error.message);
        assert_int_equal(error.code, ERROR_SCENARIO);
        assert_string_equal(threshold.text, "untouched");
        assert_false(threshold_parse(&threshold, cases[i].text, &names, NULL, NULL));
    }
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
    return threshold_judge(&threshold, &summary);
}

static struct summary_metric known(double low, double estimate, double high)
{
    return (struct summary_metric){
        .headline = {.state = INTERVAL_KNOWN, .low = low, .estimate = estimate, .high = high},
        .replications_seen = estimate != 0,
        .upper_bound = 0.125,
    };
}

static void test_verdicts(void **state)
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
        {"value(failure_rate) within 10%..20%", 0.02, 0.20, 0.50, THRESHOLD_PASS},
        {"value(failure_rate) within 10%..20%", 0.10, 0.21, 0.20, THRESHOLD_FAIL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct threshold_result result =
            judge(cases[i].text, TOY_RATE, known(cases[i].low, cases[i].estimate, cases[i].high));
        if (result.verdict != cases[i].verdict)
            fail_msg("case %zu, %s: %s", i, cases[i].text, threshold_verdict_name(result.verdict));
        assert_true(result.reason != NULL && result.kind == METRIC_PROPORTION);
        assert_true(result.has_upper_bound == (strstr(cases[i].text, "== 0") != NULL));
        assert_true(result.upper_bound == 0.125);
    }
}

static void test_without_interval(void **state)
{
    (void)state;
    struct summary_metric none = {.headline = {.state = INTERVAL_NO_DATA}};
    struct summary_metric one = known(0, 0.05, 0);
    one.headline.state = INTERVAL_NOT_ESTIMABLE;
    struct summary_metric zero = known(0, 0, 0);
    zero.headline.state = INTERVAL_NOT_ESTIMABLE;
    /* Without samples nothing is met, not even what 0 would meet. */
    const char *const texts[] = {"failure_rate < 10%", "failure_rate == 0",
                                 "value(failure_rate) < 10%", "failure_rate within 0%..100%"};
    for (size_t i = 0; i < 4; i++) {
        struct threshold_result result = judge(texts[i], TOY_RATE, none);
        assert_int_equal(result.verdict, THRESHOLD_FAIL);
        assert_string_equal(result.reason, "there are no samples");
        assert_false(result.has_upper_bound);
    }
    assert_int_equal(judge(texts[0], TOY_RATE, one).verdict, THRESHOLD_INCONCLUSIVE);
    assert_int_equal(judge(texts[1], TOY_RATE, one).verdict, THRESHOLD_FAIL);
    assert_int_equal(judge(texts[2], TOY_RATE, one).verdict, THRESHOLD_PASS);
    assert_int_equal(judge(texts[1], TOY_RATE, zero).verdict, THRESHOLD_PASS);
}

/* From the text to the verdict over a real result. */
static void test_with_an_experiment(void **state)
{
    (void)state;
    const struct toy toys[2] = {
        {.unit_count = 100, .low = 0.1, .high = 0.3, .factor = 1, .violations = 2},
        {.unit_count = 100, .low = 0.1, .high = 0.3, .factor = 0},
    };
    static const struct {
        const char *text;
        enum threshold_verdict verdict;
    } cases[] = {
        {"failure_rate(before) within 10%..30%", THRESHOLD_PASS},
        {"failure_rate(before) < 10%", THRESHOLD_FAIL},
        {"failure_rate(before) < 20%", THRESHOLD_INCONCLUSIVE},
        {"failure_rate(after) < 1%", THRESHOLD_PASS},
        {"failure_rate(after) < 0.01%", THRESHOLD_INCONCLUSIVE},
        {"failure_rate(after) == 0", THRESHOLD_PASS},
        {"violations(after) == 0", THRESHOLD_PASS},
        {"violations(before) == 0", THRESHOLD_FAIL},
        {"value(violations(before)) == 2", THRESHOLD_PASS},
        {"calls(after) within 1..1", THRESHOLD_PASS},
        {"duration(before) within 6min..18min", THRESHOLD_PASS},
    };
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct result *result;
    assert_true(experiment_run(&design, &result, NULL));
    struct arena *arena = arena_create("test", 0);
    const struct summary *summary = summary_create(arena, result, 0.95);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct threshold threshold = parse(cases[i].text, &names);
        struct threshold_result judged = threshold_judge(&threshold, summary);
        if (judged.verdict != cases[i].verdict)
            fail_msg("%s: %s, because %s [%g %g %g]", cases[i].text,
                     threshold_verdict_name(judged.verdict), judged.reason, judged.interval.low,
                     judged.interval.estimate, judged.interval.high);
    }
    arena_destroy(arena);
    result_destroy(result);
}

static void test_worse(void **state)
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
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_bad_texts),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_without_interval),
        cmocka_unit_test(test_with_an_experiment),
        cmocka_unit_test(test_worse),
    };
    return cmocka_run_group_tests_name("experiment/threshold", tests, NULL, NULL);
}
