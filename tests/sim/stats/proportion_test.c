#include "sim/stats/proportion.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "tests/sim/stats/near.h"

typedef struct interval interval_function(double hits, double count, double confidence);

/* Published values: 81/263 and 0/20 Newcombe 1998, 3/10 R's prop.test. The others were computed
 * with two independent libraries. `digits` is half a unit of the last digit given. */
static const struct known {
    const char *name;
    interval_function *function;
    double hits, count, low, high, digits;
} known[] = {
    {"Wilson", proportion_wilson, 81, 263, .2553, .3662, 5e-5},
    {"Wilson", proportion_wilson, 0, 20, 0, .1611, 5e-5},
    {"Wilson", proportion_wilson, 3, 10, .1077913, .6032219, 5e-8},
    {"Wilson", proportion_wilson, 180, 1000, .1574268925, .2050222329, 5e-11},
    {"Wilson", proportion_wilson, 5, 400, .0053507508, .0289237362, 5e-11},
    {"Wilson", proportion_wilson, 0, 400, 0, .0095122943, 5e-11},
    {"Clopper-Pearson", proportion_clopper_pearson, 81, 263, .2527, .3676, 5e-5},
    {"Clopper-Pearson", proportion_clopper_pearson, 0, 20, 0, .1684, 5e-5},
    {"Clopper-Pearson", proportion_clopper_pearson, 180, 1000, .1566581017, .2052424940, 5e-11},
    {"Clopper-Pearson", proportion_clopper_pearson, 5, 400, .0040708358, .0289283438, 5e-11},
    {"Clopper-Pearson", proportion_clopper_pearson, 0, 400, 0, .0091798046, 5e-11},
    {"Jeffreys", proportion_jeffreys, 81, 263, .2545, .3656, 5e-5},
    {"Jeffreys", proportion_jeffreys, 0, 20, 0, .1166, 5e-5},
    {"Jeffreys", proportion_jeffreys, 5, 400, .0047852285, .0271794360, 5e-11},
};

static void test_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct known *k = &known[i];
        struct interval interval = k->function(k->hits, k->count, 0.95);
        if (!interval_is_known(&interval) || !(fabs(interval.low - k->low) <= k->digits) ||
            !(fabs(interval.high - k->high) <= k->digits) ||
            interval.estimate != k->hits / k->count)
            fail_msg("%s %g/%g: [%.12g, %.12g]", k->name, k->hits, k->count, interval.low,
                     interval.high);
        assert_string_equal(interval.method, k->name);
    }
}

static interval_function *const functions[] = {proportion_wilson, proportion_clopper_pearson,
                                               proportion_jeffreys};
enum { FUNCTION_COUNT = 3 };

static void test_ends_are_exact(void **state)
{
    (void)state;
    const double counts[] = {0.3, 1, 2, 17.5, 400, 60000, 1e9};
    for (size_t f = 0; f < FUNCTION_COUNT; f++)
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            struct interval none = functions[f](0, counts[i], 0.95);
            struct interval all = functions[f](counts[i], counts[i], 0.95);
            assert_true(none.low == 0 && none.high > 0 && none.high < 1);
            assert_true(all.high == 1 && all.low > 0 && all.low < 1);
            /* Swapping hits and misses mirrors the interval. */
            assert_near(none.high, 1 - all.low, 1e-12);
        }
}

static void test_no_units(void **state)
{
    (void)state;
    for (size_t f = 0; f < FUNCTION_COUNT; f++) {
        struct interval interval = functions[f](0, 0, 0.95);
        assert_int_equal(interval.state, INTERVAL_NO_DATA);
        assert_true(interval.low == 0 && interval.high == 0 && interval.estimate == 0);
    }
    assert_true(proportion_upper_bound(0, 0, 0.95) == 1);
}

/* One-sided limits for 0 of n, and 299 successes in a row for "below 1 %". */
static void test_upper_bound(void **state)
{
    (void)state;
    assert_near(proportion_upper_bound(0, 10, 0.95), .258866, 5e-7);
    assert_near(proportion_upper_bound(0, 100, 0.95), .029513, 5e-7);
    assert_near(proportion_upper_bound(0, 400, 0.95), .007461, 5e-7);
    assert_true(proportion_upper_bound(0, 298, 0.95) > 0.01);
    assert_true(proportion_upper_bound(0, 299, 0.95) < 0.01);
    assert_true(proportion_upper_bound(7, 7, 0.95) == 1);
    /* A two-sided 90 % interval has the same upper limit as a one-sided 95 % bound. */
    struct interval interval = proportion_clopper_pearson(5, 400, 0.90);
    assert_near(proportion_upper_bound(5, 400, 0.95), interval.high, 1e-14);
}

/* Over small and huge samples: ordered, inside [0, 1], around the estimate, never NaN, and the beta
 * inverse puts the tail back where it was, to 1e-9 relative (the bisection itself is better). */
static void test_grid(void **state)
{
    (void)state;
    const double counts[] = {1, 3, 10.5, 100, 1000, 60000, 1e6, 1e8, 1e10};
    const double shares[] = {1e-9, 1e-5, 0.005, 0.18, 0.5, 0.82, 0.99999};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        for (size_t j = 0; j < sizeof shares / sizeof shares[0]; j++) {
            double count = counts[i];
            double hits = count * shares[j];
            for (size_t f = 0; f < FUNCTION_COUNT; f++) {
                struct interval interval = functions[f](hits, count, 0.95);
                assert_true(interval.low >= 0 && interval.high <= 1);
                assert_true(interval.low < interval.high);
                /* Jeffreys may exclude the estimate where less than one hit or miss is left. */
                assert_true(
                    functions[f] == proportion_jeffreys ||
                    (interval.low <= interval.estimate && interval.high >= interval.estimate));
            }
            double low = proportion_beta_lower(0.025, hits + 0.5, count - hits + 0.5);
            double back = gsl_cdf_beta_P(low, hits + 0.5, count - hits + 0.5);
            if (count <= 1e6 && low > 0)
                assert_near(back, 0.025, 0.025 * 1e-9);
        }
}

/* Where GSL's own inverse aborts or hangs: Beta(5.5, 995.5). The median of a beta distribution lies
 * between its mode and its mean. */
static void test_gsl_trap(void **state)
{
    (void)state;
    double median = proportion_beta_lower(0.5, 5.5, 995.5);
    assert_true(median > 4.5 / 999 && median < 5.5 / 1001);
    assert_near(proportion_beta_upper(0.5, 5.5, 995.5), median, 1e-12);
}

/* Near the centre of a huge one GSL's distribution function is NaN as well. Lower and upper median
 * are one number; it differs from the mean by a sixth of the skewness, here at most 0.00104
 * standard deviations. */
static void test_huge_counts(void **state)
{
    (void)state;
    const double shares[] = {0.01, 0.18, 0.5, 0.9};
    for (double count = 1e7; count <= 1e12; count *= 10)
        for (size_t i = 0; i < 4; i++) {
            double a = count * shares[i] + 1;
            double b = count - count * shares[i];
            double mean = a / (a + b);
            double deviation = sqrt(mean * (1 - mean) / (a + b + 1));
            double lower = proportion_beta_lower(0.5, a, b);
            assert_near(lower, mean, 2e-3 * deviation);
            assert_near(proportion_beta_upper(0.5, a, b), lower, 1e-6 * deviation);
        }
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers), cmocka_unit_test(test_ends_are_exact),
        cmocka_unit_test(test_no_units),      cmocka_unit_test(test_upper_bound),
        cmocka_unit_test(test_grid),          cmocka_unit_test(test_gsl_trap),
        cmocka_unit_test(test_huge_counts),
    };
    return cmocka_run_group_tests_name("stats/proportion", tests, NULL, NULL);
}
