/* simulate.h - run a configuration the way the command line says: threads, progress, memory,
 * Ctrl-C.
 *
 * Every command that simulates goes through this, so that all of them have the same limits, the
 * same progress and the same Ctrl-C.
 */
#ifndef MODELS_RCESIM_RUN_SIMULATE_H
#define MODELS_RCESIM_RUN_SIMULATE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/options.h"
#include "sim/base/error.h"
#include "sim/experiment/result.h"

struct simulation {
    struct configuration *configuration;
    const struct options_work *work;
    uint32_t first_replication;
    uint32_t replication_count;      /* 0: as many as the configuration says, from the first on. */
    uint32_t rows_replication_count; /* Rows are kept of replications 0 to this. */
    const volatile sig_atomic_t *interrupted; /* interrupt_catch() */
    const char *label;      /* Before the running estimate: "point 3 of 25"; NULL: nothing. */
    uint32_t process_count; /* On this host, of this run, that share its memory; 0: only this. */
    bool is_silent;         /* No progress, whatever the command line says. */
};

/* Simulate. Errors: those of experiment_run, and ERROR_SCENARIO where memory would not suffice. The
 * caller destroys the result, which points to the configuration. */
bool simulate(const struct simulation *simulation, struct result **result, struct error *error);

/* Simulate what `*result` lacks of the replications up to `until` (exclusive, more than it has),
 * and join it with what is there: `*result` becomes what one simulation of all would have left.
 * NULL: nothing is there, begin at first_replication. An interruption leaves a partial result,
 * planned up to `until`. On failure `*result` stays as it was. */
bool simulate_more(const struct simulation *simulation, struct result **result, uint32_t until,
                   struct error *error);

#endif
