/* search.h - what all searches share: what they run, on how many threads, until when.
 *
 * A search is a numbered sequence of schedules, which is a function of the options and the seed
 * alone. It is cut into pieces; threads take pieces in order, and what a piece found is merged in
 * order. So a search that is stopped has done a known beginning of the sequence, and the same
 * number of runs on any number of threads gives the same findings, byte for byte.
 *
 * What a run was asked is told by the watch of its oracle (oracle_asked.h). Searches that choose as
 * they go (random.h, order.h) answer draws by a chooser of the oracle; what it answered is the
 * schedule, and replays without the chooser.
 */
#ifndef SIM_EXPLORE_SEARCH_H
#define SIM_EXPLORE_SEARCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/base/error.h"
#include "sim/explore/findings.h"
#include "sim/explore/probe.h"

enum { SEARCH_THREADS_MAX = 1024, SEARCH_EXCLUDED_MAX = 64 };

struct search_options {
    const struct probe_options *probe; /* What is run, and what counts as a failure. */
    uint64_t seed;
    uint32_t threads;                         /* At least 1. */
    const volatile sig_atomic_t *interrupted; /* May be NULL; not 0: stop. */
    int64_t stop_at_ns; /* Of CLOCK_MONOTONIC: begin no piece after it; 0: no such time. */
    /* Draws that stay typical: by purpose; and those that make the topology (is_shape) always. */
    uint32_t excluded_purposes[SEARCH_EXCLUDED_MAX];
    uint32_t excluded_count;
    /* May be NULL. Called ten times a second from one thread. */
    void (*progress)(void *context, enum search_kind kind, uint64_t run_count,
                     uint32_t signature_count);
    void *progress_context;
};

enum search_end {
    SEARCH_DONE,        /* All that was asked for. */
    SEARCH_OUT_OF_RUNS, /* Exhaustive: the budget of runs is spent. */
    SEARCH_OUT_OF_TIME,
    SEARCH_INTERRUPTED,
};

/* May this purpose deviate in a search? */
bool search_includes(const struct search_options *options, uint32_t purpose);

/* Run the typical world, with nothing deviating. If it fails, that is a finding with zero
 * deviations; `draw_count` (may be NULL) receives how many of its draws have alternatives. Also
 * checks, by two more runs, that the model repeats itself. */
bool search_typical(const struct search_options *options, struct findings *findings,
                    uint32_t *draw_count, struct error *error);

#endif
