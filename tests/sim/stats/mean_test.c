#include "sim/stats/mean.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "tests/sim/stats/near.h"

/* Law: ten numbers, 90 % interval 1.34 -+ 0.24. */
static void test_t_interval(void **state)
{
    (void)state;
    const double law[] = {1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09};
    struct tally tally = {0};
    for (size_t i = 0; i < sizeof law / sizeof law[0]; i++)
        tally_add(&tally, law[i]);
    struct interval interval = mean_interval(&tally, 0.90);
    assert_true(interval_is_known(&interval));
    assert_near(interval.estimate, 1.343, 1e-12);
    assert_near(interval.high - interval.estimate, 0.24, 5e-3);
    assert_near(interval.estimate - interval.low, 0.24, 5e-3);
    /* t(9; 0.95) = 1.833113 from tables. */
    assert_near((interval.high - interval.low) / 2, 1.833113 * sqrt(0.1675122222 / 10), 1e-6);
}

/* Law's two inventory policies: mean 4.98, variance of the mean 2.44, 90 % interval [1.65, 8.31].
 */
static void test_paired(void **state)
{
    (void)state;
    const double first[] = {126.97, 124.31, 126.68, 122.66, 127.23};
    const double second[] = {118.21, 120.22, 122.45, 122.68, 119.40};
    struct mean_pairs pairs = {0};
    for (size_t i = 0; i < 5; i++)
        mean_pairs_add(&pairs, first[i], second[i]);
    struct interval interval = mean_pairs_interval(&pairs, 0.90);
    assert_true(interval_is_known(&interval));
    assert_near(interval.estimate, 4.98, 5e-3);
    assert_near(interval.low, 1.65, 5e-3);
    assert_near(interval.high, 8.31, 5e-3);
    double variance;
    assert_true(tally_variance(&pairs.difference, &variance));
    assert_near(variance / 5, 2.44, 5e-3);
    /* Second opinion: two passes around the means 125.57 and 120.592. */
    double correlation, ratio;
    assert_true(mean_pairs_correlation(&pairs, &correlation));
    assert_true(mean_pairs_variance_ratio(&pairs, &ratio));
    double products = 0;
    for (size_t i = 0; i < 5; i++)
        products += (first[i] - 125.57) * (second[i] - 120.592);
    assert_near(correlation, products / sqrt(pairs.first.squares * pairs.second.squares), 1e-12);
    /* Var(X - Y) = Var X + Var Y - 2 Cov. */
    assert_near(ratio, 1 - 2 * products / (pairs.first.squares + pairs.second.squares), 1e-12);
}

/* Hours of sleep gained under two drugs (Student 1908), R's data set `sleep`; R documents
 * t.test(paired = TRUE): t = -4.0621, df = 9, p = 0.002833, [-2.4598858, -0.7001142], and Welch's
 * t = -1.8608, df = 17.776, p = 0.07939, [-3.3654832, 0.2054832]. */
static const double sleep_first[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
static const double sleep_second[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

static void test_sleep_paired(void **state)
{
    (void)state;
    struct mean_pairs pairs = {0};
    for (size_t i = 0; i < 10; i++)
        mean_pairs_add(&pairs, sleep_first[i], sleep_second[i]);
    struct interval interval = mean_pairs_interval(&pairs, 0.95);
    assert_near(interval.low, -2.4598858, 5e-8);
    assert_near(interval.high, -0.7001142, 5e-8);
    double p_value;
    assert_true(mean_pairs_p_value(&pairs, &p_value));
    assert_near(p_value, 0.002833, 5e-7);
}

static void test_sleep_welch(void **state)
{
    (void)state;
    struct tally first = {0}, second = {0};
    for (size_t i = 0; i < 10; i++) {
        tally_add(&first, sleep_first[i]);
        tally_add(&second, sleep_second[i]);
    }
    struct interval interval = mean_welch_interval(&first, &second, 0.95);
    assert_near(interval.estimate, -1.58, 1e-12);
    assert_near(interval.low, -3.3654832, 5e-8);
    assert_near(interval.high, 0.2054832, 5e-8);
    assert_string_equal(interval.method, "Welch t over replications");
    double p_value, swapped_p;
    assert_true(mean_welch_p_value(&first, &second, &p_value));
    assert_near(p_value, 0.07939, 5e-6);
    /* The other way round everything is negated, exactly. */
    struct interval swapped = mean_welch_interval(&second, &first, 0.95);
    assert_true(swapped.low == -interval.high && swapped.high == -interval.low);
    assert_true(mean_welch_p_value(&second, &first, &swapped_p));
    assert_true(swapped_p == p_value);
}

/* At the limit of the interval p is 1 - confidence, for samples of different sizes too. */
static void test_welch_interval_and_p_agree(void **state)
{
    (void)state;
    const double confidences[] = {0.5, 0.9, 0.99};
    for (size_t i = 0; i < 3; i++) {
        struct tally first = {0}, second = {0}, shifted = {0};
        for (int k = 0; k < 7; k++)
            tally_add(&first, sin(k));
        for (int k = 0; k < 23; k++)
            tally_add(&second, 3 + cos(k) / 5);
        struct interval interval = mean_welch_interval(&first, &second, confidences[i]);
        for (int k = 0; k < 7; k++)
            tally_add(&shifted, sin(k) - interval.high);
        double p_value;
        assert_true(mean_welch_p_value(&shifted, &second, &p_value));
        assert_near(p_value, 1 - confidences[i], 1e-9);
    }
}

static void test_p_of_samples_that_do_not_vary(void **state)
{
    (void)state;
    double p_value = -7;
    struct mean_pairs pairs = {0};
    struct tally zero = {0}, one = {0}, empty = {0};
    assert_false(mean_pairs_p_value(&pairs, &p_value));
    for (int i = 0; i < 4; i++) {
        mean_pairs_add(&pairs, 0.25 + i, i);
        tally_add(&zero, 0);
        tally_add(&one, 1);
    }
    /* No scale to measure the difference by: [0.25, 0.25], and no p. */
    assert_false(mean_pairs_p_value(&pairs, &p_value));
    assert_false(mean_welch_p_value(&zero, &one, &p_value));
    assert_false(mean_welch_p_value(&zero, &empty, &p_value));
    assert_true(p_value == -7);
    struct interval interval = mean_welch_interval(&one, &zero, 0.95);
    assert_true(interval.low == 1 && interval.high == 1);
    assert_int_equal(mean_welch_interval(&one, &empty, 0.95).state, INTERVAL_NO_DATA);
    tally_add(&empty, 5);
    assert_int_equal(mean_welch_interval(&one, &empty, 0.95).state, INTERVAL_NOT_ESTIMABLE);
    assert_true(mean_welch_p_value(&zero, &zero, &p_value));
    assert_true(p_value == 1);
    struct mean_pairs equal = {0};
    mean_pairs_add(&equal, 1, 1);
    mean_pairs_add(&equal, 2, 2);
    assert_true(mean_pairs_p_value(&equal, &p_value));
    assert_true(p_value == 1);
}

static void test_equal_sides(void **state)
{
    (void)state;
    struct mean_pairs pairs = {0};
    double correlation, ratio;
    for (int i = 0; i < 50; i++) {
        double value = sin(i) / 3;
        mean_pairs_add(&pairs, value, value);
    }
    struct interval interval = mean_pairs_interval(&pairs, 0.95);
    assert_true(interval_is_known(&interval));
    assert_true(interval.low == 0 && interval.estimate == 0 && interval.high == 0);
    assert_true(mean_pairs_correlation(&pairs, &correlation));
    assert_true(mean_pairs_variance_ratio(&pairs, &ratio));
    assert_near(correlation, 1, 1e-12);
    assert_true(ratio == 0);
}

/* 0.1 + 0.2 is not 0.3: the means of these are equal, and so no difference is seen. */
static void test_rounding_is_no_difference(void **state)
{
    (void)state;
    struct mean_pairs pairs = {0};
    mean_pairs_add(&pairs, 0.1 + 0.2, 0.3);
    mean_pairs_add(&pairs, 0.7, 0.9);
    mean_pairs_add(&pairs, 0.9, 0.7);
    assert_true(pairs.difference.mean != 0);
    struct interval interval = mean_pairs_interval(&pairs, 0.95);
    assert_true(interval.estimate == 0);
    assert_true(interval.low < -0.4 && interval.high > 0.4);
    interval = mean_welch_interval(&pairs.first, &pairs.second, 0.95);
    assert_true(interval.estimate == 0);
    /* Large values do not hide a small difference that is one. */
    struct mean_pairs large = {0};
    mean_pairs_add(&large, 1e6 + 1e-4, 1e6);
    mean_pairs_add(&large, 1e6 + 1e-4, 1e6);
    assert_true(mean_pairs_interval(&large, 0.95).estimate > 0.9e-4);
    /* Rounding everywhere: the difference is 0 and has p = 1. */
    struct mean_pairs dust = {0};
    double p_value = 0;
    mean_pairs_add(&dust, 0.1 + 0.2, 0.3);
    mean_pairs_add(&dust, 0.1 + 0.2, 0.3);
    interval = mean_pairs_interval(&dust, 0.95);
    assert_true(interval.estimate == 0 && interval.low == 0 && interval.high == 0);
    assert_true(mean_pairs_p_value(&dust, &p_value) && p_value == 1);
}

static void test_not_estimable(void **state)
{
    (void)state;
    struct mean_pairs pairs = {0};
    double number = -7;
    assert_int_equal(mean_pairs_interval(&pairs, 0.95).state, INTERVAL_NO_DATA);
    mean_pairs_add(&pairs, 1, 0);
    struct interval one = mean_pairs_interval(&pairs, 0.95);
    assert_int_equal(one.state, INTERVAL_NOT_ESTIMABLE);
    assert_true(one.estimate == 1);
    assert_false(mean_pairs_correlation(&pairs, &number));
    /* The second side never varies, as after a fix that works. */
    mean_pairs_add(&pairs, 2, 0);
    mean_pairs_add(&pairs, 5, 0);
    assert_int_equal(mean_pairs_interval(&pairs, 0.95).state, INTERVAL_KNOWN);
    assert_false(mean_pairs_correlation(&pairs, &number));
    assert_false(mean_pairs_variance_ratio(&pairs, &number));
    assert_true(number == -7);
}

/* Pairs that all differ by the same 1/300 differ by its rounding as well, and that is no variance
 * from which a p could come. */
static void test_rounding_is_no_variance(void **state)
{
    (void)state;
    struct mean_pairs pairs = {0};
    for (int i = 0; i < 20; i++)
        mean_pairs_add(&pairs, (i + 1) / 300.0, i / 300.0);
    double p_value;
    assert_false(mean_pairs_p_value(&pairs, &p_value));
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounding_is_no_variance),
        cmocka_unit_test(test_t_interval),
        cmocka_unit_test(test_paired),
        cmocka_unit_test(test_sleep_paired),
        cmocka_unit_test(test_sleep_welch),
        cmocka_unit_test(test_welch_interval_and_p_agree),
        cmocka_unit_test(test_p_of_samples_that_do_not_vary),
        cmocka_unit_test(test_equal_sides),
        cmocka_unit_test(test_not_estimable),
        cmocka_unit_test(test_rounding_is_no_difference),
    };
    return cmocka_run_group_tests_name("stats/mean", tests, NULL, NULL);
}
