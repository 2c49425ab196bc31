/* recording.h - histories of chosen workflows: everything that their engines were told and said.
 *
 *     DIR/histories.tsv             what there is: one line a history
 *     DIR/before-r0-w17.jsonl       workflow 17 of replication 0 in variant `before`
 *     DIR/before-r0.jsonl           all of its workflows
 *
 * Which workflows failed is known at the end of a run, so their replication is simulated once more
 * with a recorder (models/engines/recorder.h) around the engine; nobody pays for what is not asked
 * for. The bytes depend on the scenario, the seed and the choice only.
 *
 * Where workflows share a retry budget or a limiter, what one of them did cannot be repeated
 * without the others: then all of them are recorded in place of those chosen, in one history. A
 * rollout's new engine has its part in the history of a single workflow, and a history of its own
 * (-new.jsonl) where all are recorded.
 *
 * Limits: RECORDING_WORKFLOWS_MAX workflows by themselves; a number of bytes, divided among the
 * variants, where histories are cut.
 */
#ifndef MODELS_RCESIM_RUN_RECORDING_H
#define MODELS_RCESIM_RUN_RECORDING_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "models/rcesim/format/configure.h"
#include "reports/directory.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/experiment/result.h"

/* The file that marks a folder as one of histories. */
#define RECORDING_MARK "histories.tsv"

#define RECORDING_CHOICE_DEFAULT "failed:3,succeeded:3"

enum { RECORDING_WORKFLOWS_MAX = 200, RECORDING_MIB_DEFAULT = 256 };

/* Which workflows of a replication: "failed:3,succeeded:3,sampled:5,17" or "all". */
struct recording_choice {
    bool is_all;
    uint32_t failed, succeeded; /* So many, the first ones. */
    uint32_t sampled;           /* So many at random, the same ones in all variants. */
    uint32_t numbers[RECORDING_WORKFLOWS_MAX]; /* [number_count] */
    uint32_t number_count;
};

/* Read a choice. ERROR_USAGE. */
bool recording_parse(struct recording_choice *choice, struct arena *arena, const char *text,
                     struct error *error);

struct recording {
    struct arena *arena;
    const struct configuration *configuration;
    struct recording_choice choice;
    uint32_t replication;
    uint64_t size_max_bytes; /* Of all histories together, but for the last line of each. */
    struct directory_target target;
    const volatile sig_atomic_t *interrupted; /* May be NULL. */
};

/* What was written. */
struct recording_report {
    size_t history_count, cut_count;
    uint64_t workflow_count; /* Of all variants, recorded ... */
    uint64_t left_out_count; /* ... and not. */
    uint32_t shared_count;   /* Variants of which all had to be recorded. */
    uint64_t size_bytes;
};

/* Check, before the simulation, that it can be done: a model with engines, a replication and
 * workflows that are there, a folder that can be written. */
bool recording_check(const struct recording *recording, struct error *error);

/* Simulate and write: the whole folder, or nothing. The records of the replication are those of
 * `result` where it has them; NULL: it has none. ERROR_INTERRUPTED. */
bool recording_write(const struct recording *recording, const struct result *result,
                     struct recording_report *report, struct error *error);

/* Write the history of one workflow of one variant to `file`, which stays the caller's. Of all
 * workflows of the replication, which *is_shared tells, where they share something. */
bool recording_write_one(const struct recording *recording, uint32_t variant, uint32_t workflow,
                         FILE *file, bool *is_shared, struct error *error);

#endif
