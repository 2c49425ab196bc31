#include "sim/stats/histogram_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/chance/draw.h"

enum { POOL_MAX = 12 };

static const double shares[] = {0, 0.001, 0.07, 0.25, 0.5, 0.9, 0.95, 0.999, 1};

struct bench {
    struct arena *arena;
    struct histogram histograms[POOL_MAX]; /* Windows of the buckets in use, as in records. */
    const struct histogram *pointers[POOL_MAX];
    size_t count;
};

/* `spread_ns` apart from each other and up to `width_ns` within; every third one is empty if there
 * are gaps. */
static void bench_open(struct bench *bench, size_t count, int64_t spread_ns, double width_ns,
                       bool has_gaps)
{
    bench->arena = arena_create("test", 0);
    bench->count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct histogram full;
        histogram_init(&full, bench->arena);
        uint32_t value_count = has_gaps && i % 3 == 0 ? 0 : 1 + (i * 37) % 101;
        for (uint32_t k = 0; k < value_count; k++) {
            double u = draw_uniform(7, i, (struct draw_name){0, 0, k});
            histogram_add(&full, 1000 + i * spread_ns + (int64_t)(u * width_ns));
        }
        histogram_copy(&bench->histograms[i], &full, bench->arena);
        bench->pointers[i] = &bench->histograms[i];
    }
}

/* Draw some of the histograms and compare with the quantile of the merged ones. */
static void expect_merged(const struct bench *bench, double share, uint32_t resample)
{
    struct histogram_pool *pool =
        histogram_pool_create(bench->arena, bench->pointers, bench->count, share);
    size_t indices[POOL_MAX];
    struct histogram merged;
    histogram_init(&merged, bench->arena);
    for (uint32_t i = 0; i < bench->count; i++) {
        double u = draw_uniform(8, resample, (struct draw_name){0, 0, i});
        indices[i] = resample == 0 ? i : (size_t)(u * (double)bench->count);
        histogram_merge(&merged, bench->pointers[indices[i]]);
    }
    int64_t expected_ns = -1, found_ns = -1;
    bool has_values = histogram_quantile(&merged, share, &expected_ns);
    assert_int_equal(histogram_pool_quantile(pool, indices, bench->count, &found_ns), has_values);
    assert_int_equal(found_ns, expected_ns);
}

static void check_all(struct bench *bench)
{
    for (uint32_t resample = 0; resample < 40; resample++)
        for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
            expect_merged(bench, shares[i], resample);
    arena_destroy(bench->arena);
}

/* The same number as that of the merged histogram, whatever was drawn. */
static void quantiles_are_those_of_the_merged_histogram(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        int64_t spread_ns;
        double width_ns;
        bool has_gaps;
    } cases[] = {
        {12, 0, 1e6, false},     {12, 500000, 1e6, false}, {12, 5000000, 1e3, false},
        {12, 300000, 1e6, true}, {1, 0, 1e6, false},       {2, 1000000000, 1, false},
        {5, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench bench;
        bench_open(&bench, cases[i].count, cases[i].spread_ns, cases[i].width_ns,
                   cases[i].has_gaps);
        check_all(&bench);
    }
}

static void no_values_have_no_quantile(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 4, 1000, 1e6, true);
    struct histogram_pool *pool = histogram_pool_create(bench.arena, bench.pointers, 4, 0.5);
    int64_t value_ns = -1;
    assert_false(histogram_pool_quantile(pool, (const size_t[]){0, 3, 0, 3}, 4, &value_ns));
    assert_true(histogram_pool_quantile(pool, (const size_t[]){0, 3, 0, 1}, 4, &value_ns));
    pool = histogram_pool_create(bench.arena, bench.pointers, 1, 0.5);
    assert_false(histogram_pool_quantile(pool, (const size_t[]){0}, 1, &value_ns));
    pool = histogram_pool_create(bench.arena, bench.pointers, 0, 0.5);
    assert_false(histogram_pool_quantile(pool, NULL, 0, &value_ns));
    arena_destroy(bench.arena);
}

static void buckets_contain_their_values(void **state)
{
    (void)state;
    static const int64_t values[] = {0,  1,    63,   64,   65,      127,           128,
                                     99, 1000, 4095, 4096, 1234567, 3600000000000, INT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint32_t bucket = histogram_bucket(values[i]);
        int64_t middle_ns = histogram_bucket_middle_ns(bucket);
        int64_t half_ns = histogram_bucket_half_ns(bucket);
        assert_true(values[i] >= middle_ns - half_ns);
        assert_true(values[i] - middle_ns <= half_ns);
        assert_true(half_ns <= middle_ns / 64);
        assert_int_equal(histogram_bucket(middle_ns), bucket);
        assert_true(half_ns == 0 || histogram_bucket(middle_ns - half_ns - 1) == bucket - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_those_of_the_merged_histogram),
        cmocka_unit_test(no_values_have_no_quantile),
        cmocka_unit_test(buckets_contain_their_values),
    };
    return cmocka_run_group_tests_name("stats/histogram_pool", tests, NULL, NULL);
}
