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

/* The value where the replication gives none: of a METRIC_PER_REPLICATION (no unit completed), or
 * of any where somebody observed and could not see it. */
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
    ROW_IDENTIFIER,  /* Which unit it is: its index in `record.failed`, or its number elsewhere,
                        if each unit has a row and they are in order. */
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

/* Something that went wrong in a run, told at the moment at which it did. */
struct model_finding {
    uint32_t kind;   /* What: an index into finding_names. */
    uint32_t step;   /* During which step: an index into step_names. */
    uint32_t state;  /* In which true state of what it concerns: an index into state_names. */
    uint32_t entity; /* What it concerns. */
    uint32_t unit;   /* Whose it is. */
    int64_t at_ns;
    uint64_t event_count; /* The event during which it happened; the first is 1. */
};

/* How to run for an explorer: only what findings need, and order may be asked about. */
struct model_probe {
    bool asks_order;    /* Ask oracle_put_back about each event that is scheduled. */
    int64_t slack_ns;   /* An event put back by k places is late by k / ORACLE_TIE_MAX of it. */
    uint64_t event_max; /* Units that run after so many events never end; 0: the model's limit. */
    /* Fold into history_hash also whatever else may depend on the bits of an engine, what it has
     * planned and what it remembers: of two runs that differ in such bits and have the same hash,
     * both then also do the same whatever deviates later. */
    bool hashes_memory;
};

/* Who wants more than the record. Each may be NULL. A run hands in at most one row a unit, in the
 * order of the units, and its attempts (requests, each with its answer) in the order of the
 * answers; `values` has one entry a column and is copied. */
struct model_sink {
    void *context;
    void (*row)(void *context, const struct model_run *run, const int64_t *values);
    void (*attempt)(void *context, const struct model_run *run, const int64_t *values);
    void (*finding)(void *context, const struct model_run *run,
                    const struct model_finding *finding);
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
    /* NULL: a run for its record. Else of the record only unit_count, history_hash and event_count
     * need be set (what else is in it means nothing), and no rows are told. */
    const struct model_probe *probe;
};

/* Has somebody asked to stop? To be called after every event; it looks once in some thousands. */
static inline bool model_is_interrupted(const struct model_run *run, uint64_t event_count)
{
    return event_count % 4096 == 0 && run->interrupted != NULL &&
           __atomic_load_n(run->interrupted, __ATOMIC_RELAXED) != 0;
}

/* What a model tells an explorer. Names are NULL-ended tables of words for people. */
struct model_explore {
    /* The first safety_count are broken invariants (safety), the others say that a unit failed, by
     * the reason that was seen, or never ended. */
    const char *const *finding_names;
    uint32_t finding_count, safety_count;
    const char *const *step_names; /* step_count itself, or the name "": of no step */
    uint32_t step_count;
    const char *const *state_names; /* "" : nothing to say */
    uint32_t state_count;
    /* Draws that make the topology: a smaller value is a smaller world. */
    const uint32_t *shape_purposes;
    uint32_t shape_purpose_count;

    /* Return the entity of a unit itself, as `drop` takes it. */
    uint32_t (*unit_entity)(uint32_t unit);
    /* Return parameters of the same world with only the first `unit_count` units, in `arena`. */
    const void *(*resize)(const void *parameters, uint32_t unit_count, struct arena *arena);
    /* The part `dropped` (a unit or a part of one) is taken out and those behind it move up:
     * rename a draw accordingly. False: it belongs to what was taken out. */
    bool (*drop)(uint32_t dropped, struct draw_name *name);
    /* Can two deviations not meet: does neither change anything that the other one's draw, or what
     * follows from it, depends on, and is a run with both as bad as the worse of the two? */
    bool (*is_independent)(const void *parameters, struct draw_name a, struct draw_name b);

    /* Write the path of an entity ("sddc0/cluster1/host3"), as it is meant in draws of this purpose
     * (0: in findings and traces), and read it again. Returns `text`; false for what is no path. */
    char *(*entity_print)(char *text, size_t size_bytes, uint32_t purpose, uint32_t entity);
    bool (*entity_parse)(const char *text, uint32_t purpose, uint32_t *entity);
    /* Say for people which one a draw is whose occurrence is no mere count ("after the answer to
     * backup, attempt 1, action 2"). Returns `text`, or NULL: nothing to say. May be NULL. */
    char *(*draw_note)(char *text, size_t size_bytes, struct draw_name name);
    const char *draw_example; /* The name of a usual draw, for messages; NULL: the first one. */
};

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
    const struct model_explore *explore; /* NULL: it cannot be explored. */
};

/* Does a draw of this purpose make the topology? */
bool model_is_shape(const struct model *model, uint32_t purpose);

/* Bring each series that is a part of another to the width of that one. To be called after a run:
 * the window of a part is never longer than that of the whole, so its bins are as wide at most. */
void model_align_series(const struct model *model, struct record *record);

/* What is wrong with a record of this model that statistics rely on, or NULL. In a record that a
 * run has left it is a bug of the model, in a file damage. */
const char *model_find_defect(const struct model *model, const struct record *record);

#endif
