/* histogram_pool.h - a quantile of several histograms put together, many times with other weights.
 *
 * For resampling: each replication has its histogram, and a resample wants the quantile of all
 * values of the replications that were drawn, some of them several times. Merging histograms for
 * each resample would touch every bucket. But the quantile of a mixture lies between the least and
 * the greatest quantile of its parts, so only the buckets between those matter, and for them the
 * pool holds how many values of each replication are at or below. A resample then is a bisection
 * over buckets, each step a sum of one number a replication: about 1 us for 200 replications.
 *
 * The same definition as histogram_quantile of the merged histogram, in every case.
 *
 * Memory: 8 bytes a replication and bucket in that range.
 */
#ifndef SIM_STATS_HISTOGRAM_POOL_H
#define SIM_STATS_HISTOGRAM_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/stats/histogram.h"

struct histogram_pool;

/* Prepare for the quantile at `share` in [0, 1] of any of histograms[count], which have to stay. */
struct histogram_pool *histogram_pool_create(struct arena *arena,
                                             const struct histogram *const *histograms,
                                             size_t count, double share);

/* Find the quantile of the histograms indices[count] together, which may repeat. Returns false for
 * no values. */
bool histogram_pool_quantile(const struct histogram_pool *pool, const size_t *indices, size_t count,
                             int64_t *value_ns);

#endif
