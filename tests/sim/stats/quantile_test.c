#include "sim/stats/quantile.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_statistics_double.h>

#include "sim/stats/discrete.h"
#include "tests/sim/stats/near.h"

/* Exact sums of fractions. Where no rank is given there is none: one value fewer than the last, or
 * a higher confidence. */
static void test_known_ranks(void **state)
{
    (void)state;
    static const struct {
        uint64_t count;
        double share, confidence;
        uint64_t low, high;
    } known[] = {
        {20, 0.5, 0.95, 6, 15},       {100, 0.5, 0.95, 40, 61},     {100, 0.95, 0.95, 90, 100},
        {1000, 0.99, 0.95, 983, 997}, {100, 0.5, 0.90, 42, 59},     {100, 0.5, 0.99, 37, 64},
        {100, 0.95, 0.99, 0, 0},      {1000, 0.99, 0.99, 981, 998}, {25, 0.25, 0.95, 2, 12},
        {25, 0.25, 0.90, 3, 11},      {400, 0.9, 0.95, 348, 372},   {400, 0.9, 0.99, 344, 376},
        {6, 0.5, 0.95, 1, 6},         {5, 0.5, 0.95, 0, 0},         {72, 0.95, 0.95, 64, 72},
        {71, 0.95, 0.95, 0, 0},       {368, 0.99, 0.95, 360, 368},  {367, 0.99, 0.95, 0, 0},
        {0, 0.5, 0.95, 0, 0},         {50, 0, 0.95, 0, 0},          {50, 1, 0.95, 0, 0},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct quantile_ranks ranks = {0};
        bool is_known =
            quantile_find_ranks(known[i].count, known[i].share, known[i].confidence, &ranks);
        if (is_known != (known[i].low > 0) || ranks.low != known[i].low ||
            ranks.high != known[i].high)
            fail_msg("row %zu: %d (%llu, %llu)", i, is_known, (unsigned long long)ranks.low,
                     (unsigned long long)ranks.high);
    }
}

/* Mirroring the values mirrors the ranks; the pair covers, and the next inner one would not. */
static void test_ranks_are_innermost(void **state)
{
    (void)state;
    size_t found_count = 0;
    for (uint64_t count = 1; count <= 120; count += 7)
        for (int percent = 1; percent < 100; percent += 7) {
            /* Exact in binary, so that 1 - share is the mirror image to the last bit. */
            double share = floor(percent * 1024 / 100.0) / 1024;
            struct quantile_ranks ranks, mirrored;
            bool is_known = quantile_find_ranks(count, share, 0.95, &ranks);
            assert_true(quantile_find_ranks(count, 1 - share, 0.95, &mirrored) == is_known);
            if (!is_known)
                continue;
            found_count++;
            assert_int_equal(mirrored.low, count + 1 - ranks.high);
            assert_int_equal(mirrored.high, count + 1 - ranks.low);
            assert_true(1 <= ranks.low && ranks.low < ranks.high && ranks.high <= count);
            struct discrete_tails low = discrete_binomial(ranks.low, count, share);
            struct discrete_tails high = discrete_binomial(ranks.high, count, share);
            assert_true(low.below <= 0.025 + 1e-12);
            assert_true(high.at + high.above <= 0.025 + 1e-12);
            assert_true(low.below + low.at > 0.025 - 1e-12);
            double inner = discrete_binomial(ranks.high - 1, count, share).below;
            assert_true(inner < 0.975 + 1e-12);
        }
    assert_true(found_count > 100);
}

/* GSL has definition 7 too; by hand: of 1 2 4 8 the median is 3 and the 90 % quantile 6.8. */
static void test_sample_quantile(void **state)
{
    (void)state;
    const double powers[] = {1, 2, 4, 8};
    double value = -1;
    assert_true(quantile_sample(powers, 4, 0.5, &value) && value == 3);
    assert_true(quantile_sample(powers, 4, 0.9, &value));
    assert_near(value, 6.8, 1e-14);
    double sorted[57];
    for (size_t i = 0; i < 57; i++)
        sorted[i] = (double)(i * i) / 7 - 100;
    for (size_t count = 1; count <= 57; count += 4)
        for (int i = 0; i <= 40; i++) {
            double share = i / 40.0;
            assert_true(quantile_sample(sorted, count, share, &value));
            assert_near(value, gsl_stats_quantile_from_sorted_data(sorted, 1, count, share), 1e-11);
            assert_true(value >= sorted[0] && value <= sorted[count - 1]);
        }
    value = -7;
    assert_false(quantile_sample(NULL, 0, 0.5, &value));
    assert_true(value == -7);
}

static void test_interval(void **state)
{
    (void)state;
    double sorted[1000];
    for (size_t i = 0; i < 1000; i++)
        sorted[i] = (double)(i + 1);
    struct interval median = quantile_interval(sorted, 100, 0.5, 0.95);
    assert_true(interval_is_known(&median));
    assert_true(median.low == 40 && median.estimate == 50.5 && median.high == 61);
    struct interval tail = quantile_interval(sorted, 1000, 0.99, 0.95);
    assert_true(tail.low == 983 && tail.high == 997);
    assert_near(tail.estimate, 990.01, 1e-9);
    assert_int_equal(quantile_interval(NULL, 0, 0.5, 0.95).state, INTERVAL_NO_DATA);
    struct interval few = quantile_interval(sorted, 71, 0.95, 0.95);
    assert_int_equal(few.state, INTERVAL_NOT_ESTIMABLE);
    assert_true(few.low == 0 && few.high == 0);
    assert_near(few.estimate, 67.5, 1e-9);
}

/* A constant such as 0.1 must come back as it is, or the estimate would leave its interval. */
static void test_ties(void **state)
{
    (void)state;
    double sorted[80];
    for (size_t i = 0; i < 80; i++)
        sorted[i] = 0.1;
    for (int percent = 1; percent < 100; percent++) {
        struct interval interval = quantile_interval(sorted, 80, percent / 100.0, 0.95);
        assert_true(interval.estimate == 0.1);
        if (interval_is_known(&interval))
            assert_true(interval.low == 0.1 && interval.high == 0.1);
    }
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_ranks),
        cmocka_unit_test(test_ranks_are_innermost),
        cmocka_unit_test(test_sample_quantile),
        cmocka_unit_test(test_interval),
        cmocka_unit_test(test_ties),
    };
    return cmocka_run_group_tests_name("stats/quantile", tests, NULL, NULL);
}
