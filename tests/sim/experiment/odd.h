/* odd.h - a model that leaves everything a record or a row can hold, mostly at its limits.
 *
 * Nothing in it means anything. Runs differ by replication: how many units (also none, and numbers
 * around the words of a bitset), values from INT64_MIN + 1 to INT64_MAX and METRIC_NONE, histograms
 * that are empty, hold one value, or have far gaps; series with bins before and after 0 that are
 * wider in some replications; rows with every kind of column and with cells that have no value.
 */
#ifndef TESTS_SIM_EXPERIMENT_ODD_H
#define TESTS_SIM_EXPERIMENT_ODD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/experiment/experiment.h"

enum { ODD_FAILED, ODD_TOTAL, ODD_LONGEST, ODD_SHARE, ODD_PART, ODD_METRIC_COUNT };
enum { ODD_ALL, ODD_SOME, ODD_NOTHING, ODD_SERIES_COUNT };
enum { ODD_UNITS_MAX = 129, ODD_COLUMN_COUNT = 5 };

static const struct metric odd_metrics[ODD_METRIC_COUNT] = {
    [ODD_FAILED] = {.name = "failed",
                    .label = "failed",
                    .doc = "Failed.",
                    .kind = METRIC_PROPORTION},
    [ODD_TOTAL] = {.name = "total", .label = "total", .doc = "Anything.", .kind = METRIC_TOTAL},
    [ODD_LONGEST] = {.name = "longest",
                     .label = "longest",
                     .doc = "Any duration or none.",
                     .kind = METRIC_PER_REPLICATION,
                     .unit = METRIC_DURATION_NS},
    [ODD_SHARE] = {.name = "share", .label = "share", .doc = "All.", .kind = METRIC_PROPORTION},
    [ODD_PART] = {.name = "part",
                  .label = "part",
                  .doc = "Half of those that failed.",
                  .kind = METRIC_PROPORTION,
                  .is_part = true,
                  .part_of = ODD_FAILED},
};

static const struct model_histogram odd_histograms[] = {
    {.name = "wide", .label = "wide", .doc = "Now and then a few values, far apart."},
    {.name = "never", .label = "never", .doc = "Always empty."},
};

static const struct model_series odd_series[ODD_SERIES_COUNT] = {
    [ODD_ALL] = {.name = "all", .label = "all", .doc = "All.", .origin = "noon"},
    [ODD_SOME] = {.name = "some",
                  .label = "some",
                  .doc = "Some of them.",
                  .origin = "noon",
                  .is_part = true,
                  .part_of = ODD_ALL},
    [ODD_NOTHING] = {.name = "nothing", .label = "nothing", .doc = "None.", .origin = "noon"},
};

static const char *const odd_colours[] = {"red", "green", "blue"};

static const struct row_column odd_columns[ODD_COLUMN_COUNT] = {
    {.name = "unit", .doc = "Unit.", .kind = ROW_COUNT},
    {.name = "length", .doc = "Any.", .kind = ROW_DURATION_NS},
    {.name = "at", .doc = "Any.", .kind = ROW_TIME_NS},
    {.name = "flag", .doc = "Any.", .kind = ROW_FLAG},
    {.name = "colour", .doc = "Any.", .kind = ROW_NAME, .names = odd_colours, .name_count = 3},
};

static inline uint32_t odd_unit_count(uint32_t replication)
{
    static const uint32_t counts[] = {7, 0, 1, 8, 63, 64, 65, 128, ODD_UNITS_MAX};
    return counts[replication % (sizeof counts / sizeof counts[0])];
}

static uint32_t odd_units_max(const void *parameters)
{
    (void)parameters;
    return ODD_UNITS_MAX;
}

static void odd_fill_histogram(struct histogram *histogram, uint32_t replication)
{
    if (replication % 3 == 1)
        return;
    histogram_add(histogram, replication % 2 == 0 ? 0 : INT64_MAX);
    for (uint32_t i = 0; i < 100 && replication % 3 == 2; i++)
        histogram_add(histogram, (int64_t)i * i * i * 1000003);
}

/* Bins of 7 ns; from replication 4 on the window has to double them, in others there is nothing. */
static void odd_fill_series(struct series *series, uint32_t replication)
{
    for (uint32_t i = 0; i < ODD_SERIES_COUNT; i++)
        series[i].bin_ns = 7;
    for (int64_t i = 0; i < 40 && replication % 4 != 3; i++) {
        int64_t at_ns = (i * i - 100) * (replication < 4 ? 1 : 97);
        series_add(&series[ODD_ALL], at_ns, 1 + (uint32_t)i % 3 * 200);
        series_add(&series[ODD_SOME], at_ns, i % 5 == 0 && i > 9);
    }
}

static bool odd_run(const struct model_run *run, struct record *record, struct error *error)
{
    static const int64_t extremes[] = {0,          -1,  1,  METRIC_NONE, INT64_MAX,
                                       -INT64_MAX, -64, 63, 1000000};
    (void)error;
    uint32_t r = run->replication, count = odd_unit_count(r);
    uint64_t bits = oracle_pick(run->oracle, (struct draw_name){0, 300, 0}, UINT32_MAX);
    record->unit_count = count;
    record->history_hash = bits * UINT64_C(0x9e3779b97f4a7c15) + run->variant;
    record->event_count = r % 2 == 0 ? UINT64_MAX : 0;
    for (uint32_t unit = 0; unit < count; unit++) {
        bool is_failed = (bits * (unit + 3) >> (5 + run->variant)) % 4 == 0;
        if (is_failed)
            record_set_failed(record, unit);
        record->values[ODD_FAILED] += is_failed;
        int64_t row[ODD_COLUMN_COUNT] = {unit, extremes[(unit + r) % 9], extremes[unit % 9],
                                         is_failed, unit % 3};
        if (unit % 5 == 4)
            row[unit % ODD_COLUMN_COUNT] = row[3] = row[4] = ROW_NONE;
        if (run->sink != NULL && run->sink->row != NULL && unit % 7 != 3)
            run->sink->row(run->sink->context, run, row);
    }
    record->values[ODD_TOTAL] = extremes[(r + 4) % 9];
    record->values[ODD_LONGEST] = extremes[(r + run->variant) % 9];
    record->values[ODD_SHARE] = count;
    record->values[ODD_PART] = record->values[ODD_FAILED] / 2;
    odd_fill_histogram(&record->histograms[0], r);
    odd_fill_series(record->series, r);
    return true;
}

static const struct model odd_model = {
    .name = "odd",
    .unit_name = "thing",
    .unit_names = "things",
    .metrics = odd_metrics,
    .metric_count = ODD_METRIC_COUNT,
    .failed_metric = ODD_FAILED,
    .histograms = odd_histograms,
    .histogram_count = 2,
    .series = odd_series,
    .series_count = ODD_SERIES_COUNT,
    .row_columns = odd_columns,
    .row_column_count = ODD_COLUMN_COUNT,
    .units_max = odd_units_max,
    .run = odd_run,
};

#endif
