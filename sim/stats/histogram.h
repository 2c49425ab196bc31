/* histogram.h - durations in logarithmic buckets: small, mergeable, good to 1 part in 64.
 *
 * Values below 64 have a bucket each. From there every power of two is cut into 32 equal buckets,
 * so that the middle of a bucket is within 1/64 of every value in it. Count, sum,
 * least and largest value are kept exactly. All integers: merging is exact and commutes.
 *
 * A histogram covers the window [bucket_first, bucket_first + bucket_count) of all buckets. A full
 * one accepts every value; a copy keeps only the buckets in use and can be merged from, not added
 * to.
 *
 * Units: ns, 0 to INT64_MAX. Limits: 2^32 - 1 values a bucket in one histogram (checked). The sum
 * is 128 bits wide.
 */
#ifndef SIM_STATS_HISTOGRAM_H
#define SIM_STATS_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"

/* 64 exact buckets, then 32 for each of the powers 2^6 to 2^62. */
#define HISTOGRAM_BUCKET_MAX (64 + 32 * 57)

struct histogram {
    uint64_t count;
    uint64_t sum_low_ns; /* The sum is sum_high * 2^64 + sum_low. */
    uint64_t sum_high_ns;
    int64_t min_ns; /* Of no value: INT64_MAX. */
    int64_t max_ns; /* Of no value: INT64_MIN. */
    uint32_t bucket_first;
    uint32_t bucket_count;
    uint32_t *buckets; /* [bucket_count] */
};

/* Make an empty histogram that accepts every duration; about 7.5 KiB from the arena. */
void histogram_init(struct histogram *histogram, struct arena *arena);

/* Count one value; negative ones are a bug of the caller. O(1). */
void histogram_add(struct histogram *histogram, int64_t value_ns);

/* Copy `from` into `into` with only the buckets in use. */
void histogram_copy(struct histogram *into, const struct histogram *from, struct arena *arena);

/* Add all of `from` to `into`, which must be full. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The same values, bucket by bucket? Windows may differ. */
bool histogram_equals(const struct histogram *a, const struct histogram *b);

/* Find the value at rank ceil(share * count), at least the first: the inverse of the empirical
 * distribution. Within 1/64 of the true one, exact at share 0 and 1. Returns false for no values.
 */
bool histogram_quantile(const struct histogram *histogram, double share, int64_t *value_ns);

/* Count the values up to the end of the bucket that holds `value_ns` >= 0. O(buckets). */
uint64_t histogram_count_to(const struct histogram *histogram, int64_t value_ns);

/* Number of the bucket that a value >= 0 falls into, the value that stands for a bucket, and half
 * its width: how far from the middle a value of it can be. */
uint32_t histogram_bucket(int64_t value_ns);
int64_t histogram_bucket_middle_ns(uint32_t bucket);
int64_t histogram_bucket_half_ns(uint32_t bucket);

/* Exact mean up to the last rounding. Returns false for no values. */
bool histogram_mean(const struct histogram *histogram, double *mean_ns);

#endif
