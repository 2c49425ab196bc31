#include "sim/stats/histogram.h"

#include <math.h>
#include <string.h>

#include "sim/base/check.h"

uint32_t histogram_bucket(int64_t value_ns)
{
    if (value_ns < 64)
        return (uint32_t)value_ns;
    uint32_t power = 63 - (uint32_t)__builtin_clzll((unsigned long long)value_ns);
    return 64 + (power - 6) * 32 + (uint32_t)((value_ns >> (power - 5)) & 31);
}

int64_t histogram_bucket_middle_ns(uint32_t bucket)
{
    if (bucket < 64)
        return bucket;
    uint32_t power = (bucket - 64) / 32 + 6;
    int64_t width_ns = (int64_t)1 << (power - 5);
    return ((int64_t)1 << power) + (int64_t)((bucket - 64) % 32) * width_ns + width_ns / 2;
}

int64_t histogram_bucket_half_ns(uint32_t bucket)
{
    if (bucket < 64)
        return 0;
    return ((int64_t)1 << ((bucket - 64) / 32 + 1)) / 2;
}

void histogram_init(struct histogram *histogram, struct arena *arena)
{
    *histogram = (struct histogram){
        .min_ns = INT64_MAX,
        .max_ns = INT64_MIN,
        .bucket_count = HISTOGRAM_BUCKET_MAX,
        .buckets = arena_take_array(arena, HISTOGRAM_BUCKET_MAX, sizeof(uint32_t)),
    };
}

static void add_sum(struct histogram *histogram, uint64_t low_ns, uint64_t high_ns)
{
    uint64_t before = histogram->sum_low_ns;
    histogram->sum_low_ns += low_ns;
    histogram->sum_high_ns += high_ns + (histogram->sum_low_ns < before);
}

void histogram_add(struct histogram *histogram, int64_t value_ns)
{
    CHECK(value_ns >= 0);
    CHECK(histogram->bucket_count == HISTOGRAM_BUCKET_MAX);
    uint32_t *bucket = &histogram->buckets[histogram_bucket(value_ns)];
    CHECK(*bucket < UINT32_MAX);
    (*bucket)++;
    histogram->count++;
    add_sum(histogram, (uint64_t)value_ns, 0);
    if (value_ns < histogram->min_ns)
        histogram->min_ns = value_ns;
    if (value_ns > histogram->max_ns)
        histogram->max_ns = value_ns;
}

/* The smallest window with every bucket in use. */
static void find_window(const struct histogram *histogram, uint32_t *first, uint32_t *count)
{
    uint32_t begin = 0;
    uint32_t end = histogram->bucket_count;
    while (begin < end && histogram->buckets[begin] == 0)
        begin++;
    while (end > begin && histogram->buckets[end - 1] == 0)
        end--;
    *first = histogram->bucket_first + begin;
    *count = end - begin;
}

void histogram_copy(struct histogram *into, const struct histogram *from, struct arena *arena)
{
    struct histogram copy = *from;
    find_window(from, &copy.bucket_first, &copy.bucket_count);
    copy.buckets = NULL;
    if (copy.bucket_count != 0) {
        copy.buckets = arena_take_array(arena, copy.bucket_count, sizeof(uint32_t));
        memcpy(copy.buckets, from->buckets + (copy.bucket_first - from->bucket_first),
               copy.bucket_count * sizeof(uint32_t));
    }
    *into = copy;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    CHECK(into->bucket_count == HISTOGRAM_BUCKET_MAX);
    for (uint32_t i = 0; i < from->bucket_count; i++) {
        uint32_t *bucket = &into->buckets[from->bucket_first + i];
        CHECK(*bucket <= UINT32_MAX - from->buckets[i]);
        *bucket += from->buckets[i];
    }
    into->count += from->count;
    add_sum(into, from->sum_low_ns, from->sum_high_ns);
    if (from->min_ns < into->min_ns)
        into->min_ns = from->min_ns;
    if (from->max_ns > into->max_ns)
        into->max_ns = from->max_ns;
}

bool histogram_equals(const struct histogram *a, const struct histogram *b)
{
    if (a->count != b->count || a->sum_low_ns != b->sum_low_ns || a->min_ns != b->min_ns ||
        a->sum_high_ns != b->sum_high_ns || a->max_ns != b->max_ns)
        return false;
    if (a->count == 0)
        return true;
    uint32_t first_a, count_a, first_b, count_b;
    find_window(a, &first_a, &count_a);
    find_window(b, &first_b, &count_b);
    return first_a == first_b && count_a == count_b &&
           memcmp(a->buckets + (first_a - a->bucket_first),
                  b->buckets + (first_b - b->bucket_first), count_a * sizeof(uint32_t)) == 0;
}

bool histogram_quantile(const struct histogram *histogram, double share, int64_t *value_ns)
{
    CHECK(share >= 0 && share <= 1);
    if (histogram->count == 0)
        return false;
    uint64_t rank = (uint64_t)ceil(share * (double)histogram->count);
    if (rank <= 1) {
        *value_ns = histogram->min_ns;
        return true;
    }
    if (rank >= histogram->count) {
        *value_ns = histogram->max_ns;
        return true;
    }
    uint64_t below = 0;
    uint32_t i = 0;
    while (below + histogram->buckets[i] < rank)
        below += histogram->buckets[i++];
    int64_t middle_ns = histogram_bucket_middle_ns(histogram->bucket_first + i);
    if (middle_ns < histogram->min_ns)
        middle_ns = histogram->min_ns;
    if (middle_ns > histogram->max_ns)
        middle_ns = histogram->max_ns;
    *value_ns = middle_ns;
    return true;
}

uint64_t histogram_count_to(const struct histogram *histogram, int64_t value_ns)
{
    CHECK(value_ns >= 0);
    uint32_t end = histogram_bucket(value_ns) + 1;
    uint64_t count = 0;
    for (uint32_t i = 0; i < histogram->bucket_count && histogram->bucket_first + i < end; i++)
        count += histogram->buckets[i];
    return count;
}

bool histogram_mean(const struct histogram *histogram, double *mean_ns)
{
    if (histogram->count == 0)
        return false;
    double sum_ns = ldexp((double)histogram->sum_high_ns, 64) + (double)histogram->sum_low_ns;
    *mean_ns = sum_ns / (double)histogram->count;
    return true;
}
