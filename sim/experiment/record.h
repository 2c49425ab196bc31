/* record.h - what one run of a model leaves behind: a handful of integers and bits.
 *
 * A run is one (variant, replication). The model fills a record that the experiment has made for
 * it; everything in it is an integer, so that adding records up gives the same bytes in any order
 * of the threads, and a stored record can be merged, extended and compared exactly.
 *
 * The record is plain data without inner offsets: sizes follow from the model (metric_count,
 * histogram_count, series_count) and from unit_count, so writing the fields in the order of the
 * struct, then values, failed words, non-zero histogram buckets and the windows of the series, and
 * reading them back, needs nothing else.
 *
 * Units: values are counts or nanoseconds as their metric says. Limit: 2^32 - 1 units.
 */
#ifndef SIM_EXPERIMENT_RECORD_H
#define SIM_EXPERIMENT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/check.h"
#include "sim/experiment/series.h"
#include "sim/stats/histogram.h"

struct record {
    uint32_t unit_count;          /* Units that were simulated; the model sets it. */
    uint32_t unit_max;            /* Room in `failed`. */
    uint32_t metric_count;        /* Entries of `values`. */
    uint32_t histogram_count;     /* Entries of `histograms`. */
    uint32_t series_count;        /* Entries of `series`. */
    uint64_t history_hash;        /* Hash of the kernel's history; the model sets it. */
    uint64_t event_count;         /* Events carried out; the model sets it. */
    uint64_t draw_count;          /* Draws made; the experiment sets it from the oracle. */
    int64_t *values;              /* [metric_count], zero at the start. */
    uint64_t *failed;             /* Bit u is set when unit u failed, [record_words(unit_max)]. */
    struct histogram *histograms; /* [histogram_count], empty at the start. */
    struct series *series;        /* [series_count], empty, with bins of no width yet. */
};

struct record_shape {
    uint32_t unit_max;
    uint32_t metric_count;
    uint32_t histogram_count;
    uint32_t series_count;
};

/* 64-bit words that hold one bit for each of `unit_count` units. */
static inline size_t record_words(uint32_t unit_count)
{
    return ((size_t)unit_count + 63) / 64;
}

/* Take an empty record of that shape, whose histograms accept every duration, from the arena. */
struct record *record_create(struct arena *arena, struct record_shape shape);

/* Copy `from` into `into`, keeping no more than what it holds: bitset of unit_count bits,
 * histograms of the buckets in use. Memory comes from the arena. */
void record_copy(struct record *into, const struct record *from, struct arena *arena);

/* Equal in every integer, whatever the room of the two? For tests and for merging. */
bool record_equals(const struct record *a, const struct record *b);

static inline void record_set_failed(struct record *record, uint32_t unit)
{
    CHECK(unit < record->unit_max);
    record->failed[unit / 64] |= (uint64_t)1 << (unit % 64);
}

static inline bool record_is_failed(const struct record *record, uint32_t unit)
{
    CHECK(unit < record->unit_count);
    return (record->failed[unit / 64] >> (unit % 64)) & 1;
}

/* Number of bits set in `failed`. */
uint32_t record_failed_count(const struct record *record);

#endif
