#include "sim/stats/cluster.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "sim/stats/proportion.h"
#include "tests/sim/stats/near.h"

/* Households with a respiratory disease, Liang, Zeger and Qaqish 1992: size, cases, how many. */
static const struct {
    uint64_t size, hits, times;
} liang[] = {
    {1, 0, 36}, {1, 1, 12}, {2, 0, 15}, {2, 1, 7}, {2, 2, 1}, {3, 0, 5},
    {3, 1, 7},  {3, 2, 3},  {3, 3, 2},  {4, 0, 3}, {4, 1, 3}, {4, 2, 1},
    {6, 0, 1},  {6, 2, 1},  {6, 3, 1},  {6, 4, 1}, {6, 6, 1},
};

static struct cluster_tally liang_tally(void)
{
    struct cluster_tally tally = {0};
    for (size_t i = 0; i < sizeof liang / sizeof liang[0]; i++)
        for (uint64_t j = 0; j < liang[i].times; j++)
            cluster_add(&tally, liang[i].size, liang[i].hits);
    return tally;
}

static void test_known_answer(void **state)
{
    (void)state;
    struct cluster_tally tally = liang_tally();
    assert_int_equal(tally.cluster_count, 100);
    assert_int_equal(tally.unit_count, 203);
    assert_int_equal(tally.hit_count, 60);
    struct cluster_effect effect = cluster_effect(&tally);
    assert_true(effect.is_known);
    assert_near(effect.correlation, .18553424757, 5e-12);
    assert_near(effect.design, 1.34913341, 5e-9);
    assert_near(effect.effective, 203 / 1.34913341, 1e-6);
    struct interval interval = cluster_wilson(&tally, 0.95);
    assert_near(interval.low, .228, 5e-4);
    assert_near(interval.high, .373, 5e-4);
    assert_near(interval.estimate, 60.0 / 203, 1e-15);
}

static void test_all_alike_inside(void **state)
{
    (void)state;
    /* Each cluster all or nothing: correlation 1, a cluster is worth one unit. */
    struct cluster_tally tally = {0};
    for (int i = 0; i < 40; i++)
        cluster_add(&tally, 10, i % 4 == 0 ? 10 : 0);
    struct cluster_effect effect = cluster_effect(&tally);
    assert_near(effect.correlation, 1, 1e-12);
    assert_near(effect.design, 10, 1e-12);
    struct interval clustered = cluster_wilson(&tally, 0.95);
    struct interval plain = proportion_wilson(10, 40, 0.95);
    assert_near(clustered.low, plain.low, 1e-12);
    assert_near(clustered.high, plain.high, 1e-12);
}

static void test_never_gains(void **state)
{
    (void)state;
    /* Equal shares everywhere: less variation than chance, DEFF stays 1. */
    struct cluster_tally tally = {0};
    for (int i = 0; i < 20; i++)
        cluster_add(&tally, 10, 3);
    struct cluster_effect effect = cluster_effect(&tally);
    assert_true(effect.is_known);
    assert_true(effect.correlation < 0);
    assert_true(effect.design == 1 && effect.effective == 200);
}

static void test_not_known(void **state)
{
    (void)state;
    struct cluster_tally tally = {0};
    assert_int_equal(cluster_wilson(&tally, 0.95).state, INTERVAL_NO_DATA);
    assert_int_equal(cluster_clopper_pearson(&tally, 0.95).state, INTERVAL_NO_DATA);
    assert_true(cluster_upper_bound(&tally, 0.95) == 1);
    cluster_add(&tally, 0, 0);
    assert_int_equal(tally.cluster_count, 0);
    cluster_add(&tally, 300, 0);
    assert_false(cluster_effect(&tally).is_known);
    cluster_add(&tally, 100, 0);
    struct cluster_effect effect = cluster_effect(&tally);
    assert_false(effect.is_known);
    assert_true(effect.design == 1 && effect.effective == 400);
    /* 0 of 400, two-sided and one-sided. */
    struct interval interval = cluster_clopper_pearson(&tally, 0.95);
    assert_true(interval.low == 0);
    assert_near(interval.high, .0091798046, 5e-11);
    assert_near(cluster_upper_bound(&tally, 0.95), .007461, 5e-7);
    struct cluster_tally full = {0};
    cluster_add(&full, 7, 7);
    cluster_add(&full, 9, 9);
    assert_false(cluster_effect(&full).is_known);
    assert_true(cluster_wilson(&full, 0.95).high == 1);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answer),
        cmocka_unit_test(test_all_alike_inside),
        cmocka_unit_test(test_never_gains),
        cmocka_unit_test(test_not_known),
    };
    return cmocka_run_group_tests_name("stats/cluster", tests, NULL, NULL);
}
