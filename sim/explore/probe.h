/* probe.h - run a model under a schedule, over and over, and hear what failed.
 *
 * A *schedule* is the sparse list of draws that deviate from the typical world (oracle_asked.h). A
 * run is a pure function of model, parameters and schedule; a probe carries out such runs as fast
 * as the model allows: its arena is reset, its tables are used again, nothing is allocated in the
 * steady state and nothing is written. It belongs to one thread; several side by side share nothing
 * but the parameters.
 *
 *     probe_create -> probe_run, probe_asked, probe_run, ... -> probe_destroy
 *
 * What a run leaves is a struct probe_result: the findings in the order in which they happened (of
 * one instant the broken invariants first), so that findings[0] gives the run its signature. Of the
 * open questions, probe_asked has the last run's, each once, in the order in which they were first
 * asked.
 *
 * Limits: PROBE_FINDINGS_MAX findings a run are kept, the others counted.
 */
#ifndef SIM_EXPLORE_PROBE_H
#define SIM_EXPLORE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"
#include "sim/chance/oracle.h"
#include "sim/experiment/model.h"
#include "sim/explore/signature.h"

enum { PROBE_FINDINGS_MAX = 8 };

/* One draw that is not as in the typical world. */
struct deviation {
    struct draw_name name;
    int64_t value; /* As in struct oracle_asked. */
};

enum probe_scope {
    PROBE_ALL,     /* Every finding counts. */
    PROBE_SAFETY,  /* Only broken invariants do. */
    PROBE_FAILURE, /* Only units that fail do. */
    PROBE_SCOPE_COUNT
};
extern const char *const probe_scope_names[PROBE_SCOPE_COUNT]; /* "all", "safety", "failure" */

/* Read such a name. False: there is none like it. */
bool probe_scope_parse(const char *text, enum probe_scope *scope);

struct probe_options {
    const struct model *model; /* One that can be explored. */
    const char *engine;        /* Who is named where runs differ; NULL: nobody. */
    const void *parameters;
    uint32_t variant; /* Whose parameters these are; for messages only. */
    enum probe_scope scope;
    uint32_t unit;        /* Only this unit's findings count; MODEL_ALL_UNITS: every one's. */
    bool asks_order;      /* Draws of order are asked, and may deviate. */
    int64_t slack_ns;     /* See struct model_probe; 0: events keep their times. */
    uint64_t event_max;   /* See struct model_probe; 0: the model's own limit. */
    uint64_t seed;        /* Of what is drawn, where the base is ORACLE_DRAWN. */
    uint32_t replication; /* The same. */
    const volatile sig_atomic_t *interrupted; /* May be NULL. */
};

struct probe_result {
    struct model_finding findings[PROBE_FINDINGS_MAX];
    uint32_t finding_count; /* May be more than are kept. */
    uint32_t unused_count;  /* Deviations whose draw was not asked for. */
    uint64_t history_hash;
    uint64_t event_count;
};

/* How a run differs from a plain one. Zeroed, it is a plain one. */
struct probe_extra {
    bool is_drawn;        /* The base is ORACLE_DRAWN: what does not deviate is drawn, by seed and
                             replication of the options ... */
    bool has_replication; /* ... or by this one. */
    uint32_t replication;
    const struct oracle_chooser *chooser; /* Answers what no deviation names; NULL: nobody. */
    uint64_t typical_from_event; /* Everything asked from this event on is typical; 0: no */
    struct trace *trace;         /* NULL: none. */
    uint32_t trace_unit;         /* As in struct model_sink. */
    bool hashes_memory; /* As in struct model_probe: only such runs have comparable hashes. */
    bool is_unwatched;  /* Do not note what is asked: probe_asked has nothing then. Faster. */
};

struct probe;

/* Create a probe, which owns its memory. CHECKs that the model can be explored. */
struct probe *probe_create(const struct probe_options *options);
void probe_destroy(struct probe *probe);
const struct probe_options *probe_options(const struct probe *probe);

/* Run under a schedule. A draw that occurs twice in it, parameters that cannot be simulated, and an
 * engine that breaks its contract are errors. `error` may be NULL. */
bool probe_run(struct probe *probe, const struct deviation *deviations, size_t count,
               struct probe_result *result, struct error *error);
bool probe_run_with(struct probe *probe, const struct deviation *deviations, size_t count,
                    const struct probe_extra *extra, struct probe_result *result,
                    struct error *error);

/* What the last run asked, good until the next one. Ties of events that were alone at their instant
 * are left out, unless there is a slack window. */
const struct oracle_asked *probe_asked(const struct probe *probe, uint32_t *count);

/* What came of the last run, good until the next one. */
const struct probe_result *probe_last(const struct probe *probe);

/* Which of the deviations of the last run were not asked for? `index` is that of the list given. */
bool probe_is_unused(const struct probe *probe, size_t index);

/* Put in front of an error about runs that differ whose fault it is. Returns false. */
bool probe_blame(const struct probe_options *options, struct error *error);

/* Run twice and compare hashes and findings. False with `error` (ERROR_INTERNAL) if they differ:
 * something in the model, such as a loaded engine, draws for itself. */
bool probe_is_repeatable(struct probe *probe, const struct deviation *deviations, size_t count,
                         struct error *error);

/* The signature of the first finding; 0 if there is none. */
uint64_t probe_signature(const struct probe_result *result);

/* Is there a finding with this signature (not necessarily the first)? */
bool probe_result_has(const struct probe_result *result, uint64_t signature);

/* Order deviations by name (entity, purpose, occurrence): the order of schedules, for printing and
 * for comparing them. For qsort. */
int deviation_compare(const void *a, const void *b);

#endif
