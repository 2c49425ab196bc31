/* model.h - what a model is, seen from an experiment: names, metrics and one function.
 *
 * A model simulates *units* (workflows, clients, customers) for one replication under one set of
 * parameters (a variant) and fills a record. Everything undetermined comes from the oracle that it
 * is handed, all memory from the arena; a run leaves nothing behind but its record and, where
 * somebody asked, rows and a trace. So runs can be repeated, carried out on any thread, and
 * compared.
 *
 * Unit u of one variant is unit u of every other in the same replication (same SDDC, same
 * customer): the paired comparison of units rests on it.
 */
#ifndef SIM_EXPERIMENT_MODEL_H
#define SIM_EXPERIMENT_MODEL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/chance/oracle.h"
#include "sim/experiment/record.h"

struct trace; /* sim/kernel/trace.h; an experiment only passes it on. */

enum metric_kind {
    METRIC_PROPORTION,      /* Units that have a property; shown as a share of the units. */
    METRIC_PER_UNIT,        /* A sum over units; shown per unit. */
    METRIC_TOTAL,           /* A sum over everything: a count that should be 0, or a cost. */
    METRIC_PER_REPLICATION, /* One number a replication, such as the duration of a wave. */
};

enum metric_unit {
    METRIC_COUNT,
    METRIC_DURATION_NS,
};

/* The value of a METRIC_PER_REPLICATION where the replication gives none (no unit completed). */
#define METRIC_NONE INT64_MIN

/* One entry of record.values. */
struct metric {
    const char *name;  /* "failure_rate": in thresholds, columns and JSON. */
    const char *label; /* "failure rate": for people. */
    const char *doc;   /* One sentence that defines it. */
    const char *group; /* NULL, or the table it is listed in, such as "causes". */
    enum metric_kind kind;
    enum metric_unit unit;
    bool is_optional; /* Tables for people leave it out where it is 0 or without data everywhere. */
    /* For METRIC_PROPORTION: the units that could have the property are not all units but those
     * that metric `part_of` counts; a replication without any gives nothing. */
    bool is_part;
    size_t part_of;
};

/* One entry of record.histograms: durations in ns. */
struct model_histogram {
    const char *name;
    const char *label;
    const char *doc;
    bool is_detail; /* For files, charts and thresholds; tables for people leave it out. */
};

/* One entry of record.series: counts in bins of time. The model sets the width of the bins in each
 * run before it counts (series.h). */
struct model_series {
    const char *name;   /* "triggered_failed" */
    const char *label;  /* "failed, by time of trigger" */
    const char *doc;    /* One sentence that defines it. */
    const char *origin; /* What time 0 is: "start of the wave", "deployment". */
    bool is_part;       /* Counts some of what series `part_of` counts, bin by bin. */
    size_t part_of;
};

enum row_kind {
    ROW_COUNT,       /* A whole number. */
    ROW_DURATION_NS, /* A length of time. */
    ROW_TIME_NS,     /* A point in time since the start of the replication. */
    ROW_FLAG,        /* 0 or 1. */
    ROW_NAME,        /* An index into `names`. */
};

#define ROW_NONE INT64_MIN /* No value in this cell; printed as an empty field. */

/* What a column can tell about why units fail. What failure brings about, and what nobody outside
 * the simulation could know, must not be offered as its cause. */
enum row_role {
    ROW_CONSEQUENCE, /* Follows from how the unit ended, or is mixed up with it. */
    ROW_IDENTIFIER,  /* Which unit it is: its index in `record.failed`. */
    ROW_CONDITION,   /* Settled without regard to how the unit ends. */
    ROW_EXPOSURE,    /* Adds up while the unit runs: much of it may be a cause, little of it may be
                        the effect of an early end. */
    ROW_STOP,        /* Where and why it stopped. */
    ROW_TRUTH,       /* Only the simulation knows. */
};

struct row_column {
    const char *name;
    const char *doc;
    enum row_kind kind;
    enum row_role role;
    bool is_category;         /* The numbers tell things apart and have no order. */
    const char *negative;     /* What a value below 0 means, as a clause; NULL: nothing special. */
    const char *const *names; /* For ROW_NAME. */
    size_t name_count;
};

struct model_run;

/* Who wants more than the record. Each may be NULL. A run hands in at most one row a unit, in the
 * order of the units, and its attempts (requests, each with its answer) in the order of the
 * answers; `values` has one entry a column and is copied. */
struct model_sink {
    void *context;
    void (*row)(void *context, const struct model_run *run, const int64_t *values);
    void (*attempt)(void *context, const struct model_run *run, const int64_t *values);
    struct trace *trace;
    uint32_t trace_unit; /* The unit to trace, or MODEL_ALL_UNITS. */
    /* Takes the unit over which a run could not go on, where it fails because of one. */
    uint32_t *broken_unit;
};

#define MODEL_ALL_UNITS UINT32_MAX

/* One call of `run`. */
struct model_run {
    const void *parameters; /* The variant's, of the model's own type; shared by all threads. */
    uint32_t variant;
    uint32_t replication;
    struct oracle *oracle;                    /* Every draw of the run. */
    struct arena *arena;                      /* Everything taken is given back after the run. */
    struct model_sink *sink;                  /* NULL: nobody wants rows or a trace. */
    const volatile sig_atomic_t *interrupted; /* May be NULL; not 0: the run is to be abandoned. */
};

/* Has somebody asked to stop? To be called after every event; it looks once in some thousands. */
static inline bool model_is_interrupted(const struct model_run *run, uint64_t event_count)
{
    return event_count % 4096 == 0 && run->interrupted != NULL &&
           __atomic_load_n(run->interrupted, __ATOMIC_RELAXED) != 0;
}

struct model {
    const char *name;       /* "vmc" */
    const char *unit_name;  /* "workflow" */
    const char *unit_names; /* "workflows" */
    const struct metric *metrics;
    size_t metric_count;
    size_t failed_metric; /* The METRIC_PROPORTION that `record.failed` belongs to. */
    const struct model_histogram *histograms;
    size_t histogram_count;
    const struct model_series *series;
    size_t series_count;
    const struct row_column *row_columns;
    size_t row_column_count;
    const struct row_column *attempt_columns; /* Of the attempts; none where the model has none. */
    size_t attempt_column_count;
    const struct purpose *purposes; /* Names of the draws, for messages; NULL or ends with NULL. */
    /* Upper bound of record.unit_count for these parameters, at least 1. */
    uint32_t (*units_max)(const void *parameters);
    /* Simulate. Return false, with `error` set, when the parameters cannot be simulated; that ends
     * the experiment; or, with ERROR_INTERRUPTED, when model_is_interrupted says so: then the run
     * is abandoned and leaves nothing. Must set unit_count, values, failed, history_hash and
     * event_count; the number of bits in `failed` must equal values[failed_metric], and no
     * proportion exceed unit_count. */
    bool (*run)(const struct model_run *run, struct record *record, struct error *error);
};

/* Bring each series that is a part of another to the width of that one. To be called after a run:
 * the window of a part is never longer than that of the whole, so its bins are as wide at most. */
void model_align_series(const struct model *model, struct record *record);

/* What is wrong with a record of this model that statistics rely on, or NULL. In a record that a
 * run has left it is a bug of the model, in a file damage. */
const char *model_find_defect(const struct model *model, const struct record *record);

#endif
