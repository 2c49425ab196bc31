/* How often intervals for a share cover it, by enumeration: no sampling, so nothing to tolerate. */
#include "sim/stats/proportion.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "sim/stats/discrete.h"
#include "tests/sim/stats/near.h"

enum { COUNT_MAX = 50 };

typedef struct interval interval_function(double hits, double count, double confidence);

/* The intervals of all outcomes of `count` trials. */
struct limits {
    uint64_t count;
    struct interval of_hits[COUNT_MAX + 1];
};

static struct limits find_limits(interval_function *function, uint64_t count)
{
    struct limits limits = {.count = count};
    for (uint64_t hits = 0; hits <= count; hits++)
        limits.of_hits[hits] = function((double)hits, (double)count, 0.95);
    return limits;
}

/* The chance that the interval of what is seen contains the true share. */
static double coverage_at(const struct limits *limits, double share)
{
    double coverage = 0;
    for (uint64_t hits = 0; hits <= limits->count; hits++) {
        const struct interval *interval = &limits->of_hits[hits];
        if (interval->low <= share && share <= interval->high)
            coverage += discrete_binomial(hits, limits->count, share).at;
    }
    return coverage;
}

/* Between neighbouring limits a fixed run of outcomes covers, and the chance of a run of outcomes
 * has no inner minimum in the share. So the infimum is found next to the limits. */
static double least_coverage(const struct limits *limits)
{
    const double step = 1e-11;
    double least = 1;
    for (uint64_t hits = 0; hits <= limits->count; hits++) {
        const struct interval *interval = &limits->of_hits[hits];
        const double places[] = {interval->low - step, interval->low + step, interval->high - step,
                                 interval->high + step};
        for (size_t i = 0; i < 4; i++)
            if (places[i] > 0 && places[i] < 1)
                least = fmin(least, coverage_at(limits, places[i]));
    }
    return least;
}

/* Averaged over all shares alike: outcome x covers with the integral of its binomial over its
 * interval, a difference of two beta distribution functions. */
static double mean_coverage(const struct limits *limits)
{
    double count = (double)limits->count;
    double sum = 0;
    for (uint64_t hits = 0; hits <= limits->count; hits++) {
        const struct interval *interval = &limits->of_hits[hits];
        double a = (double)hits + 1, b = count - (double)hits + 1;
        sum += gsl_cdf_beta_P(interval->high, a, b) - gsl_cdf_beta_P(interval->low, a, b);
    }
    return sum / (count + 1);
}

/* Infima and means computed with 30 digits. Clopper-Pearson never falls below 0.95, at the price
 * of a mean above it. Wilson has a mean close to 0.95, but right beside 0 and 1, where a single hit
 * already excludes the truth, it covers no more than about 0.84, however many trials. */
static const struct known {
    interval_function *function;
    uint64_t count;
    double least, mean;
} known[] = {
    {proportion_clopper_pearson, 5, .975, .9904188924},
    {proportion_clopper_pearson, 20, .9579699367, .9770257012},
    {proportion_clopper_pearson, 50, .9507674244, .9692697137},
    {proportion_wilson, 5, .8315345364, .9552013932},
    {proportion_wilson, 20, .8365889075, .9529793425},
    {proportion_wilson, 50, .8375478661, .9517807385},
};

static void test_known_coverage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct limits limits = find_limits(known[i].function, known[i].count);
        assert_near(least_coverage(&limits), known[i].least, 1e-9);
        assert_near(mean_coverage(&limits), known[i].mean, 1e-9);
    }
}

/* On a grid of shares no coverage is below the infimum, that is below 0.95 for Clopper-Pearson, and
 * the mean over the grid is the mean. The step of 1/4000 against some 100 jumps below 0.2 allows
 * 5e-3 there. */
static void test_grid(void **state)
{
    (void)state;
    enum { STEP_COUNT = 4000 };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct limits limits = find_limits(known[i].function, known[i].count);
        double sum = 0;
        for (int step = 0; step < STEP_COUNT; step++) {
            double coverage = coverage_at(&limits, (step + 0.5) / STEP_COUNT);
            assert_true(coverage >= known[i].least - 1e-9);
            if (known[i].function == proportion_clopper_pearson)
                assert_true(coverage >= 0.95);
            sum += coverage;
        }
        assert_near(sum / STEP_COUNT, known[i].mean, 5e-3);
    }
}

/* Both ends are certain: no hits when nothing can happen, all when everything does. */
static void test_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct limits limits = find_limits(known[i].function, known[i].count);
        assert_near(coverage_at(&limits, 0), 1, 1e-15);
        assert_near(coverage_at(&limits, 1), 1, 1e-15);
    }
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_coverage),
        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests_name("stats/coverage", tests, NULL, NULL);
}
