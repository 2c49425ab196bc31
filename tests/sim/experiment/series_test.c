#include "sim/experiment/series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/chance/draw.h"

static void test_bins(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct series series;
    series_init(&series, arena, 10);
    assert_int_equal(series_count_at(&series, 0), 0);
    series_add(&series, 25, 0); /* Nothing leaves no trace. */
    assert_int_equal(series.bin_count, 0);
    series_add(&series, 20, 2);
    series_add(&series, 29, 3);
    series_add(&series, 30, 1);
    series_add(&series, -1, 4);
    series_add(&series, -10, 1);
    series_add(&series, -11, 7);
    static const uint32_t expected[] = {7, 5, 0, 0, 5, 1};
    assert_int_equal(series.first, -2);
    assert_int_equal(series.bin_count, 6);
    assert_memory_equal(series.bins, expected, sizeof expected);
    for (int64_t i = -4; i < 6; i++)
        assert_int_equal(series_count_at(&series, i), i < -2 || i > 3 ? 0 : expected[i + 2]);
    arena_destroy(arena);
}

/* Rounded down, before 0 as well. */
static void test_index(void **state)
{
    (void)state;
    static const int64_t rows[][3] = {{0, 10, 0},   {9, 10, 0},    {10, 10, 1},  {-1, 10, -1},
                                      {-9, 10, -1}, {-10, 10, -1}, {-11, 10, -2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(series_index(rows[i][0], rows[i][1]), rows[i][2]);
}

static void test_coarsen(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct series series;
    series_init(&series, arena, 10);
    for (int64_t i = -3; i <= 4; i++)
        series_add(&series, i * 10, (uint32_t)(i + 4)); /* 1 2 3 | 4 5 6 7 8 */
    series_coarsen(&series, 20);
    static const uint32_t by_two[] = {1, 5, 9, 13, 8};
    assert_int_equal(series.first, -2);
    assert_int_equal(series.bin_count, 5);
    assert_memory_equal(series.bins, by_two, sizeof by_two);
    series_coarsen(&series, 80);
    assert_int_equal(series.first, -1);
    assert_int_equal(series.bin_count, 2);
    assert_int_equal(series.bins[0], 6);
    assert_int_equal(series.bins[1], 30);
    struct series empty;
    series_init(&empty, arena, 10);
    series_coarsen(&empty, 80);
    assert_int_equal(empty.bin_ns, 80);
    assert_true(series_fits(10, 80) && series_fits(80, 10) && series_fits(7, 7));
    assert_false(series_fits(10, 30) || series_fits(10, 25) || series_fits(0, 10));
    arena_destroy(arena);
}

/* Times as far apart as they get are counted in bins that are as wide as they have to be, and it
 * does not matter in which order they come: against a count by hand. */
static void test_any_order_gives_the_same(void **state)
{
    (void)state;
    enum { TIMES = 300 };
    static int64_t times[TIMES];
    struct arena *arena = arena_create("test", 0);
    for (uint32_t seed = 0; seed < 40; seed++) {
        struct series forth, back, mixed;
        series_init(&forth, arena, 60);
        series_init(&back, arena, 60);
        series_init(&mixed, arena, 60);
        int64_t spread = (int64_t)1 << (4 + seed);
        for (uint32_t i = 0; i < TIMES; i++) {
            double u = draw_uniform(7, seed, (struct draw_name){i, 300, 0});
            times[i] = (int64_t)((u - 0.25) * (double)spread);
        }
        for (uint32_t i = 0; i < TIMES; i++) {
            series_add(&forth, times[i], 1 + i % 3);
            series_add(&back, times[TIMES - 1 - i], 1 + (TIMES - 1 - i) % 3);
            series_add(&mixed, times[i * 7 % TIMES], 1 + i * 7 % TIMES % 3);
        }
        assert_true(series_equals(&forth, &back) && series_equals(&forth, &mixed));
        assert_true(forth.bin_count <= SERIES_BINS_MAX && series_fits(60, forth.bin_ns));
        assert_true(forth.bins[0] > 0 && forth.bins[forth.bin_count - 1] > 0);
        for (uint32_t b = 0; b < forth.bin_count; b++) {
            int64_t from = (forth.first + b) * forth.bin_ns;
            uint32_t expected = 0;
            for (uint32_t i = 0; i < TIMES; i++)
                if (times[i] >= from && times[i] < from + forth.bin_ns)
                    expected += 1 + i % 3;
            assert_int_equal(forth.bins[b], expected);
        }
        if (forth.bin_ns > 60) { /* No wider than necessary: one step back they would not fit. */
            int64_t low = INT64_MAX, high = INT64_MIN;
            for (uint32_t i = 0; i < TIMES; i++) {
                int64_t index = series_index(times[i], forth.bin_ns / 2);
                low = index < low ? index : low;
                high = index > high ? index : high;
            }
            assert_true(high - low + 1 > SERIES_BINS_MAX);
        }
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void test_copy_and_equality(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct series series, copy, other, empty;
    series_init(&series, arena, 10);
    series_init(&other, arena, 10);
    series_init(&empty, arena, 20);
    series_copy(&copy, &series, arena);
    assert_true(series_equals(&copy, &empty)); /* Of nothing there is one kind. */
    series_add(&series, 5, 3);
    series_add(&series, 45, 1);
    series_copy(&copy, &series, arena);
    assert_true(series_equals(&copy, &series));
    assert_false(series_equals(&copy, &empty));
    series_add(&other, 5, 3);
    assert_false(series_equals(&other, &series));
    series_add(&other, 45, 2);
    assert_false(series_equals(&other, &series));
    series_add(&series, 45, 1);
    assert_true(series_equals(&other, &series));
    assert_false(series_equals(&copy, &series)); /* A copy is one. */
    series_coarsen(&other, 20);
    assert_false(series_equals(&other, &series));
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bins),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_coarsen),
        cmocka_unit_test(test_any_order_gives_the_same),
        cmocka_unit_test(test_copy_and_equality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
