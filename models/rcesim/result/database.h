/* database.h - results in a SQLite database, for questions that no table of ours answers.
 *
 *     run           one line a run: what was simulated, and how to do it again
 *     replication   one line a replication and variant: every metric
 *     workflow      one line a unit (named as the model names it), of the replications whose rows
 *                   are kept: the columns of workflows.tsv, and `failed`
 *     attempt       one line a request of these, with its answer, where the model tells them
 *     threshold     one line a threshold: verdict, what it was judged by
 *     about         what every column means
 *
 * All are joined by run_id, replication and variant. Durations and times are seconds and their
 * columns end in _s; a dot in the name of a metric is an underscore. A table grows columns when
 * another model or version brings some.
 *
 * A run is added in one transaction: a reader sees all of it or nothing, and whatever fails leaves
 * the database as it was. The same run again (same program version, scenario, seed, replications
 * and rows) replaces what is there under its run_id. A file of something else is not touched, and
 * tables, views and indices that people have added to one of ours stay as they are. Who finds
 * somebody else writing waits for up to a minute.
 *
 * Attempts are not kept by a simulation; the replications concerned are simulated once more for
 * them, which is the same to the bit.
 */
#ifndef MODELS_RCESIM_RESULT_DATABASE_H
#define MODELS_RCESIM_RESULT_DATABASE_H

#include <signal.h>
#include <stdbool.h>

#include "models/rcesim/result/outcome.h"
#include "sim/base/error.h"

/* Check, and change nothing, that runs can be added to the file: that it is a database of ours, or
 * nothing yet, can be written and is not locked. To be asked before hours of simulation. ERROR_IO.
 */
bool database_check(const char *path, struct error *error);

struct database_job {
    const char *path;
    const struct outcome *outcome;
    const volatile sig_atomic_t *interrupted; /* May be NULL; not 0: give up, change nothing. */
};

/* Add the outcome. `*was_interrupted` says that false means no error. ERROR_IO. */
bool database_add(const struct database_job *job, bool *was_interrupted, struct error *error);

#endif
