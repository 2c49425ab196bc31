/* toy.h - a model small enough to be calculated by hand, for the tests of sim/experiment.
 *
 * Each replication draws its own failure probability q, uniform in (low, high); unit u fails if its
 * own uniform is below q * factor. The factor is the variant's engine: no part of the world. So the
 * share of failures is factor * (low + high) / 2, units of a replication are correlated, and two
 * variants differ by the factors only.
 */
#ifndef TESTS_SIM_EXPERIMENT_TOY_H
#define TESTS_SIM_EXPERIMENT_TOY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "sim/base/error.h"
#include "sim/chance/oracle.h"
#include "sim/experiment/experiment.h"

enum { TOY_RATE, TOY_CALLS, TOY_VIOLATIONS, TOY_DURATION, TOY_WASTE, TOY_METRIC_COUNT };
enum { TOY_PURPOSE_RATE = 300, TOY_PURPOSE_UNIT = 301, TOY_PURPOSE_EXTRA = 302 };

struct toy {
    uint32_t unit_count;
    double low, high, factor;
    int64_t violations;            /* In each replication. */
    int64_t waste_ns;              /* In each replication. */
    bool has_no_duration;          /* METRIC_NONE instead of one. */
    bool adds_to_world;            /* The planted bug: a variant that changes a shared draw. */
    bool repeats_name;             /* The other planted bug: one name for two things. */
    bool draws_more;               /* Allowed: draws that the other variant does not make. */
    uint32_t fails_at;             /* Replication that cannot be simulated, 0: none. */
    int64_t first_failure_wait_ns; /* Before `fails_at` fails... */
    int64_t later_failure_wait_ns; /* ...and before those after it do. */
    uint32_t interrupts_at;        /* Replication in which somebody presses Ctrl-C, 0: none. */
    volatile sig_atomic_t *signal; /* What Ctrl-C sets. */
    uint32_t *run_count;           /* Counts runs, on one thread; may be NULL. */
};

static const struct metric toy_metrics[TOY_METRIC_COUNT] = {
    [TOY_RATE] = {.name = "failure_rate",
                  .label = "failure rate",
                  .doc = "Units that fail.",
                  .kind = METRIC_PROPORTION},
    [TOY_CALLS] = {.name = "calls",
                   .label = "calls",
                   .doc = "One a unit and one more for each failure.",
                   .kind = METRIC_PER_UNIT},
    [TOY_VIOLATIONS] = {.name = "violations",
                        .label = "violations",
                        .doc = "As many as asked for.",
                        .kind = METRIC_TOTAL},
    [TOY_DURATION] = {.name = "duration",
                      .label = "duration",
                      .doc = "q in hours.",
                      .kind = METRIC_PER_REPLICATION,
                      .unit = METRIC_DURATION_NS},
    [TOY_WASTE] = {.name = "waste",
                   .label = "waste",
                   .doc = "As long as asked for.",
                   .kind = METRIC_TOTAL,
                   .unit = METRIC_DURATION_NS},
};

static const struct model_histogram toy_histograms[] = {
    {.name = "life", .label = "life", .doc = "The unit's uniform in hours."},
};

static const struct row_column toy_columns[] = {
    {.name = "unit", .doc = "Number of the unit.", .kind = ROW_COUNT},
    {.name = "failed", .doc = "Did it fail?", .kind = ROW_FLAG},
};

static const struct purpose toy_purposes[] = {
    {TOY_PURPOSE_RATE, "rate of the world", true},
    {TOY_PURPOSE_UNIT, "luck of a unit", true},
    {TOY_PURPOSE_EXTRA, "extra", true},
    {0, NULL, false},
};

/* Whole microseconds. */
static inline int64_t toy_hours_ns(double hours)
{
    return (int64_t)(hours * 3.6e9) * 1000;
}

static uint32_t toy_units_max(const void *parameters)
{
    const struct toy *toy = parameters;
    return toy->unit_count + 3; /* More room than units: the record has to cope. */
}

static bool toy_run(const struct model_run *run, struct record *record, struct error *error)
{
    const struct toy *toy = run->parameters;
    if (toy->run_count != NULL)
        ++*toy->run_count;
    if (toy->fails_at != 0 && run->replication >= toy->fails_at) {
        bool is_first = run->replication == toy->fails_at;
        struct timespec wait = {0};
        wait.tv_nsec = is_first ? toy->first_failure_wait_ns : toy->later_failure_wait_ns;
        nanosleep(&wait, NULL);
        return error_set(error, ERROR_SCENARIO, "cannot be simulated");
    }
    if (toy->interrupts_at != 0 && run->replication == toy->interrupts_at)
        __atomic_store_n(toy->signal, 1, __ATOMIC_RELAXED);
    double world = oracle_uniform(run->oracle, (struct draw_name){0, TOY_PURPOSE_RATE, 0});
    double q = toy->low + (toy->high - toy->low) * world;
    if (toy->draws_more)
        oracle_uniform(run->oracle, (struct draw_name){0, TOY_PURPOSE_EXTRA, 0});
    if (toy->adds_to_world || toy->repeats_name)
        oracle_happens(run->oracle, (struct draw_name){7, TOY_PURPOSE_EXTRA, 1},
                       run->variant == 0 ? 0.0 : 1.0);
    if (toy->repeats_name)
        oracle_happens(run->oracle, (struct draw_name){7, TOY_PURPOSE_EXTRA, 1}, 1.0);
    record->unit_count = toy->unit_count;
    record->history_hash = (uint64_t)(q * 0x1p50);
    for (uint32_t unit = 0; unit < toy->unit_count; unit++) {
        double u = oracle_uniform(run->oracle, (struct draw_name){unit, TOY_PURPOSE_UNIT, 0});
        bool is_failed = u < q * toy->factor;
        if (is_failed)
            record_set_failed(record, unit);
        record->values[TOY_RATE] += is_failed;
        record->values[TOY_CALLS] += 1 + is_failed;
        histogram_add(&record->histograms[0], toy_hours_ns(u));
        record->history_hash = record->history_hash * 31 + is_failed;
        record->event_count++;
        if (run->sink != NULL && run->sink->row != NULL)
            run->sink->row(run->sink->context, run, (const int64_t[]){unit, is_failed});
    }
    record->values[TOY_VIOLATIONS] = toy->violations;
    record->values[TOY_DURATION] = toy->has_no_duration ? METRIC_NONE : toy_hours_ns(q);
    record->values[TOY_WASTE] = toy->waste_ns;
    return true;
}

static const struct model toy_model = {
    .name = "toy",
    .unit_name = "unit",
    .unit_names = "units",
    .metrics = toy_metrics,
    .metric_count = TOY_METRIC_COUNT,
    .failed_metric = TOY_RATE,
    .histograms = toy_histograms,
    .histogram_count = 1,
    .row_columns = toy_columns,
    .row_column_count = 2,
    .purposes = toy_purposes,
    .units_max = toy_units_max,
    .run = toy_run,
};

/* A design over two variants, "before" and "after", with `toys` as their parameters. */
static inline struct experiment_design toy_design(struct experiment_variant variants[2],
                                                  const struct toy toys[2])
{
    variants[0] = (struct experiment_variant){.name = "before", .parameters = &toys[0]};
    variants[1] = (struct experiment_variant){.name = "after", .parameters = &toys[1]};
    return (struct experiment_design){
        .model = &toy_model,
        .variants = variants,
        .variant_count = 2,
        .replication_count = 40,
        .seed = 20261123,
        .thread_count = 1,
    };
}

#endif
