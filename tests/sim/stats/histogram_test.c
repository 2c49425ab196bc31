#include "sim/stats/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/chance/draw.h"
#include "tests/sim/stats/near.h"

enum { VALUE_COUNT = 20000 };

struct fixture {
    struct arena *arena;
    int64_t values[VALUE_COUNT]; /* Sorted. */
};

static int compare_values(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Log-uniform over all powers of two, so that every bucket width occurs. */
static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.arena = arena_create("test", 0);
    for (uint32_t i = 0; i < VALUE_COUNT; i++) {
        double u = draw_uniform(1, 0, (struct draw_name){0, 300, i});
        fixture.values[i] = (int64_t)exp2(62.9 * u) - 1;
    }
    qsort(fixture.values, VALUE_COUNT, sizeof fixture.values[0], compare_values);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_destroy(fixture->arena);
    return 0;
}

static void fill(struct histogram *histogram, const struct fixture *fixture, size_t first,
                 size_t end)
{
    for (size_t i = first; i < end; i++)
        histogram_add(histogram, fixture->values[i]);
}

static void test_error_bound(void **state)
{
    const struct fixture *fixture = *state;
    /* One value beside 0 and the largest, so that clamping to min and max cannot help. */
    for (size_t i = 0; i < VALUE_COUNT; i += 7) {
        struct histogram histogram;
        arena_reset(fixture->arena);
        histogram_init(&histogram, fixture->arena);
        histogram_add(&histogram, 0);
        histogram_add(&histogram, fixture->values[i]);
        histogram_add(&histogram, INT64_MAX);
        int64_t found;
        assert_true(histogram_quantile(&histogram, 0.5, &found));
        double off = fabs((double)found - (double)fixture->values[i]);
        if (off > (double)fixture->values[i] / 64)
            fail_msg("%lld is found as %lld", (long long)fixture->values[i], (long long)found);
    }
}

static void test_small_values_are_exact(void **state)
{
    const struct fixture *fixture = *state;
    for (int64_t value = 0; value < 64; value++) {
        struct histogram histogram;
        histogram_init(&histogram, fixture->arena);
        histogram_add(&histogram, 0);
        histogram_add(&histogram, value);
        histogram_add(&histogram, 1000);
        int64_t found;
        assert_true(histogram_quantile(&histogram, 0.5, &found));
        assert_int_equal(found, value);
    }
}

static void test_quantiles(void **state)
{
    const struct fixture *fixture = *state;
    struct histogram histogram;
    histogram_init(&histogram, fixture->arena);
    fill(&histogram, fixture, 0, VALUE_COUNT);
    const double shares[] = {0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        size_t rank = (size_t)ceil(shares[i] * VALUE_COUNT);
        int64_t true_value = fixture->values[rank == 0 ? 0 : rank - 1];
        int64_t found;
        assert_true(histogram_quantile(&histogram, shares[i], &found));
        assert_true(fabs((double)found - (double)true_value) <= (double)true_value / 64);
    }
    int64_t ends;
    assert_true(histogram_quantile(&histogram, 0, &ends));
    assert_true(ends == fixture->values[0]);
    assert_true(histogram_quantile(&histogram, 1, &ends));
    assert_true(ends == fixture->values[VALUE_COUNT - 1]);
}

static void test_merge_commutes(void **state)
{
    const struct fixture *fixture = *state;
    struct histogram whole, left, right, forth, back, small_left, small_right;
    histogram_init(&whole, fixture->arena);
    histogram_init(&left, fixture->arena);
    histogram_init(&right, fixture->arena);
    histogram_init(&forth, fixture->arena);
    histogram_init(&back, fixture->arena);
    fill(&whole, fixture, 0, VALUE_COUNT);
    fill(&left, fixture, 0, VALUE_COUNT / 3);
    fill(&right, fixture, VALUE_COUNT / 3, VALUE_COUNT);
    histogram_copy(&small_left, &left, fixture->arena);
    histogram_copy(&small_right, &right, fixture->arena);
    assert_true(small_left.bucket_count < HISTOGRAM_BUCKET_MAX);
    assert_true(small_right.bucket_first > 0);
    assert_true(histogram_equals(&left, &small_left));
    assert_false(histogram_equals(&left, &right));
    histogram_merge(&forth, &small_left);
    histogram_merge(&forth, &small_right);
    histogram_merge(&back, &right);
    histogram_merge(&back, &small_left);
    assert_true(histogram_equals(&forth, &whole));
    assert_true(histogram_equals(&back, &whole));
    histogram_add(&back, 5);
    assert_false(histogram_equals(&back, &whole));
}

static void test_mean_past_64_bits(void **state)
{
    const struct fixture *fixture = *state;
    struct histogram histogram;
    histogram_init(&histogram, fixture->arena);
    for (int i = 0; i < 5; i++)
        histogram_add(&histogram, INT64_MAX);
    double mean;
    assert_true(histogram_mean(&histogram, &mean));
    assert_near(mean / 0x1p63, 1, 1e-15);
    assert_int_equal(histogram.sum_high_ns, 2);
}

static void test_empty(void **state)
{
    const struct fixture *fixture = *state;
    struct histogram histogram, copy;
    histogram_init(&histogram, fixture->arena);
    int64_t value = -3;
    double mean = -3;
    assert_false(histogram_quantile(&histogram, 0.5, &value));
    assert_false(histogram_mean(&histogram, &mean));
    assert_true(value == -3 && mean == -3);
    histogram_copy(&copy, &histogram, fixture->arena);
    assert_int_equal(copy.bucket_count, 0);
    assert_true(histogram_equals(&copy, &histogram));
    histogram_merge(&histogram, &copy);
    assert_int_equal(histogram.count, 0);
}

/* All values of a bucket are counted, none of the next; a copy's window changes nothing. */
static void test_count_to(void **state)
{
    const struct fixture *fixture = *state;
    struct histogram histogram, copy;
    histogram_init(&histogram, fixture->arena);
    assert_int_equal(histogram_count_to(&histogram, INT64_MAX), 0);
    fill(&histogram, fixture, 1000, VALUE_COUNT);
    histogram_copy(&copy, &histogram, fixture->arena);
    for (size_t i = 0; i < VALUE_COUNT; i += 37) {
        uint64_t expected = 0;
        for (size_t k = 1000; k < VALUE_COUNT; k++)
            expected +=
                histogram_bucket(fixture->values[k]) <= histogram_bucket(fixture->values[i]);
        assert_int_equal(histogram_count_to(&histogram, fixture->values[i]), expected);
        assert_int_equal(histogram_count_to(&copy, fixture->values[i]), expected);
    }
    assert_int_equal(histogram_count_to(&copy, INT64_MAX), VALUE_COUNT - 1000);
    assert_int_equal(histogram_count_to(&copy, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count_to),
        cmocka_unit_test(test_error_bound),
        cmocka_unit_test(test_small_values_are_exact),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_merge_commutes),
        cmocka_unit_test(test_mean_past_64_bits),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests_name("stats/histogram", tests, set_up, tear_down);
}
