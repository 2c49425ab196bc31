#include "sim/stats/histogram_pool.h"

#include <math.h>

#include "sim/base/check.h"

struct histogram_pool {
    const struct histogram *const *histograms;
    size_t count;
    double share;
    uint32_t bucket_first; /* Of the buckets that a quantile may lie in... */
    uint32_t bucket_count; /* ...there are so many; none where all are empty. */
    uint64_t *cumulative;  /* [bucket_count][count]: values at or below the bucket. */
};

/* The buckets of the least and the greatest quantile of a single histogram. */
static void find_range(struct histogram_pool *pool)
{
    uint32_t first = HISTOGRAM_BUCKET_MAX, last = 0;
    for (size_t i = 0; i < pool->count; i++) {
        int64_t value_ns;
        if (!histogram_quantile(pool->histograms[i], pool->share, &value_ns))
            continue;
        uint32_t bucket = histogram_bucket(value_ns);
        first = bucket < first ? bucket : first;
        last = bucket > last ? bucket : last;
    }
    pool->bucket_first = first;
    pool->bucket_count = first <= last ? last - first + 1 : 0;
}

static void count_values(struct histogram_pool *pool, size_t index)
{
    const struct histogram *histogram = pool->histograms[index];
    uint64_t below = 0;
    uint32_t i = 0;
    for (uint32_t b = 0; b < pool->bucket_count; b++) {
        uint32_t bucket = pool->bucket_first + b;
        while (i < histogram->bucket_count && histogram->bucket_first + i <= bucket)
            below += histogram->buckets[i++];
        pool->cumulative[b * pool->count + index] = below;
    }
}

struct histogram_pool *histogram_pool_create(struct arena *arena,
                                             const struct histogram *const *histograms,
                                             size_t count, double share)
{
    CHECK(share >= 0 && share <= 1);
    struct histogram_pool *pool = arena_take(arena, sizeof *pool);
    *pool = (struct histogram_pool){.histograms = histograms, .count = count, .share = share};
    find_range(pool);
    pool->cumulative =
        arena_take_array(arena, pool->bucket_count * count, sizeof *pool->cumulative);
    for (size_t i = 0; i < count; i++)
        count_values(pool, i);
    return pool;
}

static uint64_t sum_row(const uint64_t *row, const size_t *indices, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += row[indices[i]];
    return sum;
}

bool histogram_pool_quantile(const struct histogram_pool *pool, const size_t *indices, size_t count,
                             int64_t *value_ns)
{
    uint64_t total = 0;
    int64_t min_ns = INT64_MAX, max_ns = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        const struct histogram *histogram = pool->histograms[indices[i]];
        total += histogram->count;
        min_ns = histogram->min_ns < min_ns ? histogram->min_ns : min_ns;
        max_ns = histogram->max_ns > max_ns ? histogram->max_ns : max_ns;
    }
    if (total == 0)
        return false;
    uint64_t rank = (uint64_t)ceil(pool->share * (double)total);
    if (rank <= 1 || rank >= total) {
        *value_ns = rank <= 1 ? min_ns : max_ns;
        return true;
    }
    /* The first bucket with at least `rank` values at or below it. Where rounding of the ranks puts
     * it past the last one of the range, the last one it is. */
    uint32_t low = 0, high = pool->bucket_count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sum_row(pool->cumulative + middle * pool->count, indices, count) >= rank)
            high = middle;
        else
            low = middle + 1;
    }
    int64_t found_ns = histogram_bucket_middle_ns(pool->bucket_first + low);
    found_ns = found_ns < min_ns ? min_ns : found_ns;
    *value_ns = found_ns > max_ns ? max_ns : found_ns;
    return true;
}
