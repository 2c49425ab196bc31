#include "sim/stats/root.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

struct counted {
    double (*function)(double x);
    size_t count, limit;
};

static bool evaluate(void *context, double x, double *value)
{
    struct counted *counted = context;
    if (counted->count == counted->limit)
        return false;
    counted->count++;
    *value = counted->function(x);
    return true;
}

static double cube(double x)
{
    return x * x * x;
}

static double falling(double x)
{
    return exp(-x);
}

/* As a simulated rate: steps of 1/100. */
static double steps(double x)
{
    return floor(100 * x * x) / 100;
}

static double hill(double x)
{
    return x * (1 - x);
}

static void test_known_roots(void **state)
{
    (void)state;
    static const struct {
        double (*function)(double x);
        double level, x;
    } known[] = {
        {cube, 0.125, 0.5}, {cube, 0, 0}, {cube, 1, 1}, {falling, 0.5, 0.69314718055994531},
        {cube, 0.001, 0.1},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct counted counted = {.function = known[i].function, .limit = 100};
        struct root_search search = {.evaluate = evaluate, .context = &counted};
        double x, value;
        assert_true(root_evaluate(&search, 0, &value) && root_evaluate(&search, 1, &value));
        assert_int_equal(root_find(&search, known[i].level, 1e-9, &x), ROOT_FOUND);
        assert_true(fabs(x - known[i].x) <= 1e-8);
    }
}

/* Where a step function passes the level is known to the tolerance. */
static void test_steps(void **state)
{
    (void)state;
    struct counted counted = {.function = steps, .limit = 100};
    struct root_search search = {.evaluate = evaluate, .context = &counted};
    double x, value;
    assert_true(root_evaluate(&search, 0, &value) && root_evaluate(&search, 1, &value));
    assert_int_equal(root_find(&search, 0.495, 1e-4, &x), ROOT_FOUND);
    assert_true(fabs(x - sqrt(0.5)) <= 1e-4);
    /* A level that is a step: any place on it will do. */
    assert_int_equal(root_find(&search, 0.25, 1e-4, &x), ROOT_FOUND);
    assert_true(x > 0.5 - 1e-4 && x < sqrt(0.26) + 1e-4);
}

/* Levels share their samples, and nothing is evaluated twice. */
static void test_memory(void **state)
{
    (void)state;
    struct counted counted = {.function = cube, .limit = 100};
    struct root_search search = {.evaluate = evaluate, .context = &counted};
    double x, value;
    assert_true(root_evaluate(&search, 1, &value) && root_evaluate(&search, 0, &value));
    assert_true(root_evaluate(&search, 1, &value));
    assert_int_equal(counted.count, 2);
    assert_int_equal(root_find(&search, 0.3, 1e-6, &x), ROOT_FOUND);
    assert_int_equal(counted.count, search.count);
    for (size_t i = 1; i < search.count; i++)
        assert_true(search.samples[i - 1].x < search.samples[i].x);
    size_t before = counted.count;
    assert_int_equal(root_find(&search, 0.3001, 1e-3, &x), ROOT_FOUND);
    assert_true(counted.count - before < before);
    assert_true(fabs(x - cbrt(0.3001)) <= 1e-3);
}

static void test_not_found(void **state)
{
    (void)state;
    struct counted counted = {.function = cube, .limit = 100};
    struct root_search search = {.evaluate = evaluate, .context = &counted};
    double x = -1, value;
    assert_int_equal(root_find(&search, 0.5, 1e-6, &x), ROOT_NOT_BRACKETED);
    assert_true(root_evaluate(&search, 0, &value) && root_evaluate(&search, 1, &value));
    assert_int_equal(root_find(&search, 2, 1e-6, &x), ROOT_NOT_BRACKETED);
    assert_int_equal(root_find(&search, -1, 1e-6, &x), ROOT_NOT_BRACKETED);
    assert_true(x == -1);
    counted.limit = counted.count + 2;
    assert_int_equal(root_find(&search, 0.3, 1e-12, &x), ROOT_STOPPED);
}

/* Of several crossings the first is taken. */
static void test_first_crossing(void **state)
{
    (void)state;
    struct counted counted = {.function = hill, .limit = 100};
    struct root_search search = {.evaluate = evaluate, .context = &counted};
    double x, value;
    for (int i = 0; i <= 4; i++)
        assert_true(root_evaluate(&search, i / 4.0, &value));
    assert_int_equal(root_find(&search, 0.21, 1e-9, &x), ROOT_FOUND);
    assert_true(fabs(x - 0.3) <= 1e-8);
}

/* A band of a hill: from the first place inside to the last one, over the hole between them. Levels
 * .16 and .21: x (1 - x) = .16 at .2 and .8. */
static void test_range_of_hill(void **state)
{
    (void)state;
    struct counted counted = {.function = hill, .limit = 200};
    struct root_search search = {.evaluate = evaluate, .context = &counted};
    struct root_band band = {.low = 0.16, .high = 0.21, .inside = 0.3};
    struct root_range range;
    double value;
    for (int i = 0; i <= 4; i++)
        assert_true(root_evaluate(&search, i / 4.0, &value));
    assert_int_equal(root_find_range(&search, &band, 1e-7, &range), ROOT_FOUND);
    assert_true(fabs(range.low - 0.2) <= 1e-6 && fabs(range.high - 0.8) <= 1e-6);
    assert_false(range.is_low_open || range.is_high_open);
}

/* An end that is inside is open; a step over the whole band leaves the place that was given. */
static void test_range_open(void **state)
{
    (void)state;
    struct counted counted = {.function = cube, .limit = 200};
    struct root_search search = {.evaluate = evaluate, .context = &counted};
    struct root_range range;
    double value;
    assert_true(root_evaluate(&search, 0, &value) && root_evaluate(&search, 1, &value));
    struct root_band low = {.low = -1, .high = 0.125, .inside = 0.25};
    assert_int_equal(root_find_range(&search, &low, 1e-7, &range), ROOT_FOUND);
    assert_true(range.is_low_open && range.low == 0 && !range.is_high_open);
    assert_true(fabs(range.high - 0.5) <= 1e-6);
    struct root_band all = {.low = -1, .high = 2, .inside = 0.25};
    assert_int_equal(root_find_range(&search, &all, 1e-7, &range), ROOT_FOUND);
    assert_true(range.is_low_open && range.is_high_open && range.low == 0 && range.high == 1);
    counted = (struct counted){.function = steps, .limit = 200};
    search = (struct root_search){.evaluate = evaluate, .context = &counted};
    assert_true(root_evaluate(&search, 0, &value) && root_evaluate(&search, 1, &value));
    struct root_band thin = {.low = 0.495, .high = 0.495, .inside = 0.7071};
    assert_int_equal(root_find_range(&search, &thin, 1e-4, &range), ROOT_FOUND);
    assert_true(fabs(range.low - 0.7071) <= 1e-4 && fabs(range.high - 0.7071) <= 1e-4);
    counted.limit = counted.count + 1;
    struct root_band more = {.low = 0.2, .high = 0.3, .inside = 0.51};
    assert_int_equal(root_find_range(&search, &more, 1e-9, &range), ROOT_STOPPED);
}

/* A hash of (seed, position), by the finaliser of SplitMix64, as a standard normal. */
static double normal(uint64_t seed, uint64_t position)
{
    uint64_t bits =
        seed * UINT64_C(0xd1342543de82ef95) + UINT64_C(0x9e3779b97f4a7c15) * (position + 1);
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    bits ^= bits >> 31;
    return gsl_cdf_ugaussian_Pinv(((double)(bits >> 12) + .5) * 0x1p-52);
}

/* A simulated rate: it rises by 1, one error is common to all x (the same worlds), and another one
 * is new in every cell of x. */
struct noisy {
    uint64_t seed;
    double common, local;
};

enum { CELLS = 1000 };

static bool evaluate_noisy(void *context, double x, double *value)
{
    const struct noisy *noisy = context;
    *value = x + noisy->common * normal(noisy->seed, CELLS + 1) +
             noisy->local * normal(noisy->seed, (uint64_t)(x * CELLS));
    return true;
}

/* How many of 2000 ranges cover the x at which the function without noise has the level? */
static size_t count_covered(double common, double local)
{
    size_t covered_count = 0;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct noisy noisy = {seed, common, local};
        struct root_search search = {.evaluate = evaluate_noisy, .context = &noisy};
        double value, truth = 0.3 + 0.4 * (double)(seed % 101) / 100;
        double half = 1.959964 * hypot(common, local);
        for (int i = 0; i <= 6; i++)
            assert_true(root_evaluate(&search, i / 6.0, &value));
        struct root_band band = {.low = truth - half, .high = truth + half};
        struct root_range range;
        assert_int_equal(root_find(&search, truth, 1e-3, &band.inside), ROOT_FOUND);
        assert_int_equal(root_find_range(&search, &band, 1e-3, &range), ROOT_FOUND);
        covered_count += range.low <= truth && truth <= range.high;
    }
    return covered_count;
}

/* 95 % are promised: 1900, and 5 sigma are 49. Where all noise is common, it is that; where part of
 * it is local, the outermost entries cover more. */
static void test_coverage(void **state)
{
    (void)state;
    assert_in_range(count_covered(0.04, 0), 1851, 1949);
    assert_in_range(count_covered(0.03, 0.03), 1851, 2000);
    assert_in_range(count_covered(0, 0.04), 1851, 2000);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_roots),    cmocka_unit_test(test_steps),
        cmocka_unit_test(test_memory),         cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_first_crossing), cmocka_unit_test(test_range_of_hill),
        cmocka_unit_test(test_range_open),     cmocka_unit_test(test_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
