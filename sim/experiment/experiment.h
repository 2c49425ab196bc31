/* experiment.h - run a model: variants x replications, on threads, the same bytes for any number.
 *
 * One replication with all its variants is one piece of work, done in order on one thread, so that
 * the variants see the same world and the check of common random numbers can compare their draws.
 * Threads take replications by a counter; each has its own arena, given back after every run, and
 * puts records where their index says. Nothing is added up while threads run but the progress
 * shown to people.
 *
 * Three things end an experiment early: an error of the model, draws that two variants should share
 * and do not (both are failures), and `interrupted` (a partial result). After a failure pieces of
 * work that were begun are finished first, after an interruption they are abandoned. Of several
 * failures the one with the lowest replication is reported, and replications below it are still
 * carried out, so the message does not depend on threads.
 *
 * Limits: EXPERIMENT_THREADS_MAX threads; EXPERIMENT_REPLICATIONS_MAX replications;
 * `arena_limit_bytes` for each thread's arena of one run.
 */
#ifndef SIM_EXPERIMENT_EXPERIMENT_H
#define SIM_EXPERIMENT_EXPERIMENT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"
#include "sim/experiment/model.h"
#include "sim/experiment/result.h"

enum { EXPERIMENT_THREADS_MAX = 1024, EXPERIMENT_REPLICATIONS_MAX = 1000000 };

/* How far the experiment is. For people: what it holds depends on when it is asked. */
struct experiment_progress {
    uint32_t replications_finished;
    uint32_t replications_total;
    uint32_t variant_count;
    const uint64_t *units;  /* [variant_count], simulated so far. */
    const uint64_t *failed; /* [variant_count], of them. */
};

struct experiment_design {
    const struct model *model;
    const struct experiment_variant *variants; /* The first is what the others are compared with. */
    uint32_t variant_count;                    /* At least 1. */
    uint32_t first_replication;
    uint32_t replication_count; /* At least 1. */
    uint64_t seed;
    uint32_t thread_count; /* At least 1. */
    /* Rows are kept for these replications (numbered as the replications are), for all variants. */
    uint32_t rows_first_replication;
    uint32_t rows_replication_count;
    bool without_synchrony_check;             /* To measure its cost; results do not change. */
    size_t arena_limit_bytes;                 /* 0: no limit but the machine's. */
    const volatile sig_atomic_t *interrupted; /* May be NULL; non-zero asks to stop. */
    /* Called on the calling thread, about ten times a second and once at the end; may be NULL. */
    void (*progress)(void *context, const struct experiment_progress *progress);
    void *progress_context;
};

/* Carry out the design. On success `*result` is new and belongs to the caller (result_destroy); it
 * points to the design's model and variants, which must outlive it. Interrupted is a success with
 * is_partial. Errors: ERROR_USAGE for an impossible design, ERROR_INTERNAL for draws out of
 * synchrony, else the model's own. */
bool experiment_run(const struct experiment_design *design, struct result **result,
                    struct error *error);

#endif
