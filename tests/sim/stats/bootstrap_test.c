#include "sim/stats/bootstrap.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "tests/sim/stats/near.h"

static int set_up(void **state)
{
    *state = arena_create("bootstrap_test", 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

/* A hash of (seed, resample, position), by the finaliser of SplitMix64. */
static double hashed(const void *context, size_t resample, size_t position)
{
    const uint64_t *seed = context;
    uint64_t bits = *seed + 0x9e3779b97f4a7c15u * (resample * 100003 + position + 1);
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
    bits ^= bits >> 31;
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

/* Every position of resample r says replication r, out of 99. */
static double one_by_one(const void *context, size_t resample, size_t position)
{
    (void)context;
    (void)position;
    return ((double)resample + 0.5) / 99;
}

struct sample {
    const double *values;
    const double *others;
    double value_min; /* The statistic has no value below this. */
};

static bool mean_of(const void *context, const size_t *indices, size_t count, double *value)
{
    const struct sample *sample = context;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += sample->values[indices[i]];
        if (sample->others != NULL)
            sum -= sample->others[indices[i]];
    }
    if (sum / (double)count < sample->value_min)
        return false;
    *value = sum / (double)count;
    return true;
}

/* Resample r has the mean r: the fifth of 99 from either end is 4 and 94 at 90 %. With three
 * resamples without a value these lie beyond both ends: the second of the other 96. */
static void test_ranks(void **state)
{
    double values[99];
    for (size_t i = 0; i < 99; i++)
        values[i] = (double)i;
    struct sample sample = {.values = values, .value_min = -1};
    struct bootstrap_options options = {
        .replication_count = 99,
        .resample_count = 99,
        .confidence = 0.90,
        .uniform = one_by_one,
        .statistic = mean_of,
        .statistic_context = &sample,
    };
    struct interval interval = bootstrap_percentile(&options, *state);
    assert_true(interval_is_known(&interval));
    assert_near(interval.low, 4, 1e-12);
    assert_near(interval.estimate, 49, 1e-12);
    assert_near(interval.high, 94, 1e-12);
    sample.value_min = 2.5;
    interval = bootstrap_percentile(&options, *state);
    assert_true(interval_is_known(&interval));
    assert_near(interval.low, 4, 1e-12);
    assert_near(interval.high, 97, 1e-12);
    sample.value_min = 3.5;
    interval = bootstrap_percentile(&options, *state);
    assert_near(interval.high, 98, 1e-12);
    sample.value_min = 4.5;
    interval = bootstrap_percentile(&options, *state);
    assert_int_equal(interval.state, INTERVAL_NOT_ESTIMABLE);
    assert_near(interval.estimate, 49, 1e-12);
    assert_true(interval.low == 0 && interval.high == 0);
}

static void test_no_interval(void **state)
{
    const double values[] = {3, 4, 5};
    const uint64_t seed = 1;
    struct sample sample = {.values = values};
    struct bootstrap_options options = {
        .replication_count = 0,
        .resample_count = 999,
        .confidence = 0.95,
        .uniform = hashed,
        .uniform_context = &seed,
        .statistic = mean_of,
        .statistic_context = &sample,
    };
    assert_int_equal(bootstrap_percentile(&options, *state).state, INTERVAL_NO_DATA);
    options.replication_count = 1;
    assert_int_equal(bootstrap_percentile(&options, *state).state, INTERVAL_NOT_ESTIMABLE);
    assert_true(bootstrap_percentile(&options, *state).estimate == 3);
    options.replication_count = 3;
    assert_int_equal(bootstrap_percentile(&options, *state).state, INTERVAL_KNOWN);
    options.resample_count = 38; /* (38 + 1) 0.025 is below 1. */
    assert_int_equal(bootstrap_percentile(&options, *state).state, INTERVAL_NOT_ESTIMABLE);
    options.resample_count = 39;
    assert_int_equal(bootstrap_percentile(&options, *state).state, INTERVAL_KNOWN);
    sample.value_min = 100;
    assert_int_equal(bootstrap_percentile(&options, *state).state, INTERVAL_NO_DATA);
}

/* The mean of 200 evenly spread values is nearly normal: limits at -+ z s / sqrt(n) with s by n.
 * With 4999 resamples a limit strays by sqrt(.025 .975 / 4999) / phi(1.96) = 0.038 of the standard
 * error; 5 sigma are 0.19. Another seed gives other limits, the same seed the same bits. */
static void test_mean_is_normal(void **state)
{
    enum { VALUE_COUNT = 200 };
    double values[VALUE_COUNT];
    double squares = 0;
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        values[i] = 10 + (double)i;
        squares += (values[i] - 109.5) * (values[i] - 109.5);
    }
    double error = sqrt(squares) / VALUE_COUNT;
    uint64_t seed = 42;
    const struct sample sample = {.values = values};
    const struct bootstrap_options options = {
        .replication_count = VALUE_COUNT,
        .resample_count = 4999,
        .confidence = 0.95,
        .uniform = hashed,
        .uniform_context = &seed,
        .statistic = mean_of,
        .statistic_context = &sample,
    };
    struct interval interval = bootstrap_percentile(&options, *state);
    double z = gsl_cdf_ugaussian_Pinv(0.975);
    assert_true(interval_is_known(&interval));
    assert_near(interval.estimate, 109.5, 1e-9);
    assert_near(interval.low, 109.5 - z * error, 0.19 * error);
    assert_near(interval.high, 109.5 + z * error, 0.19 * error);
    struct interval again = bootstrap_percentile(&options, *state);
    assert_true(again.low == interval.low && again.high == interval.high);
    seed = 43;
    struct interval other = bootstrap_percentile(&options, *state);
    assert_true(other.low != interval.low && other.high != interval.high);
}

/* Two replications 0 and 1: means 0, 1/2, 1 with chances 1/4, 1/2, 1/4, so that 40 % lie within
 * 1/2 (k = 300 of 999 against 250 expected, 3.6 sigma) and 60 % reach the ends (200, 3.6 sigma). */
static void test_two_replications(void **state)
{
    const double values[] = {0, 1};
    const uint64_t seed = 7;
    const struct sample sample = {.values = values};
    struct bootstrap_options options = {
        .replication_count = 2,
        .resample_count = 999,
        .confidence = 0.60,
        .uniform = hashed,
        .uniform_context = &seed,
        .statistic = mean_of,
        .statistic_context = &sample,
    };
    struct interval wide = bootstrap_percentile(&options, *state);
    assert_true(wide.low == 0 && wide.estimate == 0.5 && wide.high == 1);
    options.confidence = 0.40;
    struct interval narrow = bootstrap_percentile(&options, *state);
    assert_true(narrow.low == 0.5 && narrow.high == 0.5);
}

/* The indices go to both sides alike, so equal sides differ by exactly nothing. */
static void test_pairs_stay_together(void **state)
{
    const double values[] = {0.1, 0.7, 0.3, 0.9, 0.2};
    const uint64_t seed = 3;
    const struct sample sample = {.values = values, .others = values};
    const struct bootstrap_options options = {
        .replication_count = 5,
        .resample_count = 199,
        .confidence = 0.95,
        .uniform = hashed,
        .uniform_context = &seed,
        .statistic = mean_of,
        .statistic_context = &sample,
    };
    struct interval interval = bootstrap_percentile(&options, *state);
    assert_true(interval_is_known(&interval));
    assert_near(interval.low, 0, 1e-15);
    assert_near(interval.high, 0, 1e-15);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_no_interval),
        cmocka_unit_test(test_mean_is_normal),
        cmocka_unit_test(test_two_replications),
        cmocka_unit_test(test_pairs_stay_together),
    };
    return cmocka_run_group_tests_name("stats/bootstrap", tests, set_up, tear_down);
}
