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

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t_interval),
        cmocka_unit_test(test_paired),
        cmocka_unit_test(test_equal_sides),
        cmocka_unit_test(test_not_estimable),
    };
    return cmocka_run_group_tests_name("stats/mean", tests, NULL, NULL);
}
