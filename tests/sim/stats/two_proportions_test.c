#include "sim/stats/two_proportions.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "tests/sim/stats/near.h"

typedef struct interval interval_function(const struct two_proportions *groups, double confidence);

/* Published: the first four (Newcombe 1998, Table II) and 7/34 v 1/34. The others were computed
 * with 40 digits from the formulas. `digits` is half a unit of the last digit given. */
static const struct known {
    const char *name;
    interval_function *function;
    struct two_proportions groups;
    double confidence, low, estimate, high, digits;
} known[] = {
    {"Newcombe", two_proportions_difference, {56, 70, 48, 80}, 0.95, .0524, .2, .3339, 5e-5},
    {"Newcombe", two_proportions_difference, {6, 7, 2, 7}, 0.95, .0582, 4 / 7.0, .8062, 5e-5},
    {"Newcombe", two_proportions_difference, {0, 10, 0, 20}, 0.95, -.1611, 0, .2775, 5e-5},
    {"Newcombe", two_proportions_difference, {10, 10, 0, 20}, 0.95, .6791, 1, 1, 5e-5},
    {"Newcombe",
     two_proportions_difference,
     {180, 1000, 5, 1000},
     0.95,
     .1514674611,
     .175,
     .2001854292,
     5e-11},
    {"Newcombe 99 %",
     two_proportions_difference,
     {56, 70, 48, 80},
     0.99,
     .0053708692501,
     .2,
     .3718084317758,
     5e-13},
    {"Katz", two_proportions_risk_ratio, {7, 34, 1, 34}, 0.95, .9096, 7, 53.8695, 5e-5},
    {"Katz 90 %",
     two_proportions_risk_ratio,
     {7, 34, 1, 34},
     0.90,
     1.2628094600,
     7,
     38.8023700740,
     5e-10},
    {"Katz, no first hits",
     two_proportions_risk_ratio,
     {0, 20, 5, 20},
     0.95,
     .0053585432,
     .0909090909,
     1.5422965811,
     5e-10},
    {"Katz, no second hits",
     two_proportions_risk_ratio,
     {5, 20, 0, 20},
     0.95,
     .6483837235,
     11,
     186.6178863152,
     5e-10},
    {"Katz, all first",
     two_proportions_risk_ratio,
     {10, 10, 3, 10},
     0.95,
     1.2510573087,
     3,
     7.1939150487,
     5e-10},
    {"Katz",
     two_proportions_risk_ratio,
     {180, 1000, 5, 1000},
     0.95,
     14.8684186530,
     36,
     87.1646158372,
     5e-10},
    {"Woolf", two_proportions_odds_ratio, {7, 34, 1, 34}, 0.95, .9905, 8.5556, 73.9003, 5e-5},
    {"Woolf, no first hits",
     two_proportions_odds_ratio,
     {0, 20, 5, 20},
     0.95,
     .0035289522,
     .0687361419,
     1.3388272131,
     5e-10},
    {"Woolf, all first",
     two_proportions_odds_ratio,
     {10, 10, 3, 10},
     0.95,
     2.0114296268,
     45,
     1006.7466308588,
     5e-8},
    {"Woolf",
     two_proportions_odds_ratio,
     {180, 1000, 5, 1000},
     0.95,
     17.8776061872,
     43.6829268293,
     106.7367787607,
     5e-10},
};

static void test_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct known *k = &known[i];
        struct interval interval = k->function(&k->groups, k->confidence);
        if (!interval_is_known(&interval) || !(fabs(interval.low - k->low) <= k->digits) ||
            !(fabs(interval.estimate - k->estimate) <= k->digits) ||
            !(fabs(interval.high - k->high) <= k->digits))
            fail_msg("%s, row %zu: [%.12g %.12g %.12g], expected [%.12g %.12g %.12g]", k->name, i,
                     interval.low, interval.estimate, interval.high, k->low, k->estimate, k->high);
        assert_true(interval.confidence == k->confidence);
    }
}

/* Sums of exact binomial coefficients with R's tolerance; the first is the lady tasting tea. */
static void test_fisher(void **state)
{
    (void)state;
    static const struct {
        struct two_proportions groups;
        double p;
        double relative;
    } tables[] = {
        {{3, 4, 1, 4}, 17 / 35.0, 1e-13},
        {{5, 5, 0, 5}, 1 / 126.0, 1e-13},
        {{100, 102, 1000, 1005}, .130075936343002, 1e-12},
        {{5, 6, 10, 20}, 59 / 299.0, 1e-13},
        {{180, 1000, 5, 1000}, 1.61008116236647e-50, 1e-12},
        {{12, 5000, 1, 7000}, .000217564284998696, 1e-12},
        {{500, 1000, 500, 1000}, 1, 1e-12},
        {{0, 1e9, 1e9, 1e9}, 0, 0},
        {{0, 10, 0, 20}, 1, 0},
        {{0, 0, 3, 20}, 1, 0},
        {{0, 0, 0, 0}, 1, 0},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const struct two_proportions *groups = &tables[i].groups;
        const struct two_proportions swapped = {groups->second_hits, groups->second_count,
                                                groups->first_hits, groups->first_count};
        double p = two_proportions_fisher(groups);
        assert_near(p, tables[i].p, tables[i].p * tables[i].relative);
        assert_near(two_proportions_fisher(&swapped), p, p * 1e-12);
    }
}

/* Ways to choose k of n, exact up to 32. */
static uint64_t choose(uint64_t n, uint64_t k)
{
    uint64_t ways = k <= n;
    for (uint64_t i = 1; i <= k; i++)
        ways = ways * (n + 1 - i) / i;
    return ways;
}

/* Every table with groups of up to 16, in whole numbers and with the same tolerance. Some tables
 * are exactly as likely as another one without being its mirror image; in floating point those are
 * ties only thanks to the tolerance. */
static void test_fisher_ties(void **state)
{
    (void)state;
    for (uint64_t m = 1; m <= 16; m++)
        for (uint64_t n = 1; n <= 16; n++)
            for (uint64_t a = 0; a <= m; a++)
                for (uint64_t b = 0; b <= n; b++) {
                    uint64_t ways = choose(m, a) * choose(n, b), rare = 0;
                    for (uint64_t x = a + b > n ? a + b - n : 0; x <= m && x <= a + b; x++) {
                        uint64_t other = choose(m, x) * choose(n, a + b - x);
                        if (other * 10000000 <= ways * 10000001)
                            rare += other;
                    }
                    double p = (double)rare / (double)choose(m + n, a + b);
                    const struct two_proportions groups = {(double)a, (double)m, (double)b,
                                                           (double)n};
                    assert_near(two_proportions_fisher(&groups), p, p * 1e-12);
                }
}

static void test_no_answer(void **state)
{
    (void)state;
    interval_function *const functions[] = {two_proportions_difference, two_proportions_risk_ratio,
                                            two_proportions_odds_ratio};
    const struct two_proportions no_first = {0, 0, 3, 10};
    const struct two_proportions no_second = {3, 10, 0, 0};
    const struct two_proportions no_hits = {0, 10, 0, 20};
    const struct two_proportions no_misses = {10, 10, 20, 20};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(functions[i](&no_first, 0.95).state, INTERVAL_NO_DATA);
        assert_int_equal(functions[i](&no_second, 0.95).state, INTERVAL_NO_DATA);
    }
    assert_int_equal(two_proportions_difference(&no_hits, 0.95).state, INTERVAL_KNOWN);
    assert_int_equal(two_proportions_risk_ratio(&no_hits, 0.95).state, INTERVAL_NO_DATA);
    assert_int_equal(two_proportions_odds_ratio(&no_hits, 0.95).state, INTERVAL_NO_DATA);
    assert_int_equal(two_proportions_risk_ratio(&no_misses, 0.95).state, INTERVAL_KNOWN);
    assert_int_equal(two_proportions_odds_ratio(&no_misses, 0.95).state, INTERVAL_NO_DATA);
    /* A hundred-millionth of a hit says nothing about a ratio: the limits leave a double. */
    const struct two_proportions crumbs = {1e-8, 1, 0.5, 1};
    struct interval interval = two_proportions_risk_ratio(&crumbs, 0.95);
    assert_int_equal(interval.state, INTERVAL_NOT_ESTIMABLE);
    assert_true(interval.low == 0 && interval.high == 0);
    assert_near(interval.estimate, 2e-8, 1e-20);
}

/* Swapping the groups turns differences round and ratios upside down; everything is finite, in
 * order and in its range, from fractions of a unit to huge groups. */
static void test_grid(void **state)
{
    (void)state;
    const double counts[] = {0.7, 1, 12, 400.5, 1e6, 1e12};
    const double shares[] = {0, 0.005, 0.18, 0.5, 0.99, 1};
    for (size_t i = 0; i < 36; i++)
        for (size_t j = 0; j < 36; j++) {
            double first = counts[i / 6], second = counts[j / 6];
            const struct two_proportions groups = {first * shares[i % 6], first,
                                                   second * shares[j % 6], second};
            const struct two_proportions swapped = {groups.second_hits, second, groups.first_hits,
                                                    first};
            struct interval a = two_proportions_difference(&groups, 0.95);
            struct interval b = two_proportions_difference(&swapped, 0.95);
            assert_true(-1 <= a.low && a.low <= a.estimate);
            assert_true(a.estimate <= a.high && a.high <= 1);
            assert_near(a.low, -b.high, 1e-15);
            for (int odds = 0; odds < 2; odds++) {
                interval_function *ratio =
                    odds ? two_proportions_odds_ratio : two_proportions_risk_ratio;
                a = ratio(&groups, 0.95);
                b = ratio(&swapped, 0.95);
                if (!interval_is_known(&a) || !interval_is_known(&b))
                    continue;
                assert_true(0 < a.low && a.low <= a.estimate && a.estimate <= a.high);
                assert_near(log(a.low), -log(b.high), 1e-9);
                assert_near(log(a.estimate), -log(b.estimate), 1e-9);
            }
        }
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers), cmocka_unit_test(test_fisher),
        cmocka_unit_test(test_fisher_ties),   cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_grid),
    };
    return cmocka_run_group_tests_name("stats/two_proportions", tests, NULL, NULL);
}
