#include "sim/stats/tally.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/stats/near.h"

/* Law, Simulation Modeling and Analysis, example 4.26 (ten numbers): mean 1.343, variance 0.16751;
 * recomputed with exact fractions: variance 0.167512222... */
static const double law[] = {1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09};
enum { LAW_COUNT = sizeof law / sizeof law[0] };

static struct tally tally_of(const double *values, size_t count)
{
    struct tally tally = {0};
    for (size_t i = 0; i < count; i++)
        tally_add(&tally, values[i]);
    return tally;
}

static void test_known_answer(void **state)
{
    (void)state;
    struct tally tally = tally_of(law, LAW_COUNT);
    double variance;
    assert_true(tally_variance(&tally, &variance));
    assert_near(tally.mean, 1.343, 1e-12);
    assert_near(variance, 0.16751222222222, 1e-12);
    assert_true(tally.min == 0.50 && tally.max == 1.89);
}

static void test_too_few(void **state)
{
    (void)state;
    struct tally tally = {0};
    double variance = -1;
    assert_false(tally_variance(&tally, &variance));
    tally_add(&tally, 3);
    assert_false(tally_variance(&tally, &variance));
    assert_true(variance == -1);
    assert_true(tally.mean == 3 && tally.min == 3 && tally.max == 3);
}

/* Far from zero the sum of squares would lose every digit; Welford's update keeps them. */
static void test_far_from_zero(void **state)
{
    (void)state;
    double values[LAW_COUNT];
    for (size_t i = 0; i < LAW_COUNT; i++)
        values[i] = law[i] + 1e8;
    struct tally tally = tally_of(values, LAW_COUNT);
    double variance;
    assert_true(tally_variance(&tally, &variance));
    assert_near(variance, 0.16751222222222, 1e-6);
}

static void test_equal_values(void **state)
{
    (void)state;
    struct tally tally = {0};
    double variance;
    for (int i = 0; i < 1000; i++)
        tally_add(&tally, 0.1);
    assert_true(tally_variance(&tally, &variance));
    assert_true(variance == 0 && tally.mean == 0.1);
}

static void test_merge(void **state)
{
    (void)state;
    struct tally whole = tally_of(law, LAW_COUNT);
    for (size_t cut = 0; cut <= LAW_COUNT; cut++) {
        struct tally merged = tally_of(law, cut);
        struct tally rest = tally_of(law + cut, LAW_COUNT - cut);
        tally_merge(&merged, &rest);
        assert_true(merged.count == whole.count);
        assert_near(merged.mean, whole.mean, 1e-14);
        assert_near(merged.squares, whole.squares, 1e-14);
        assert_true(merged.min == whole.min && merged.max == whole.max);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answer),  cmocka_unit_test(test_too_few),
        cmocka_unit_test(test_far_from_zero), cmocka_unit_test(test_equal_values),
        cmocka_unit_test(test_merge),
    };
    return cmocka_run_group_tests_name("stats/tally", tests, NULL, NULL);
}
