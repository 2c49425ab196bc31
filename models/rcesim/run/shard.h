/* shard.h - a run in parts: each simulated on its own, somewhere, and then joined.
 *
 *     DIR/shard-1-of-4.rcesim     replications   0 to  49 of 200
 *     DIR/shard-2-of-4.rcesim     replications  50 to  99
 *     ...
 *
 * Shard i of n is a static block: the replications from (i - 1) R / n to before i R / n, rounded
 * down. So shards differ by at most one replication, and with more shards than replications some
 * are empty, which is no error. Records do not depend on who made them: joined shards are, byte by
 * byte, the result of one run.
 *
 * A shard appears whole or not at all (reports/output.h), under a name of its own, so that any
 * number of processes may write to the same folder at once. An interrupted one is not written.
 */
#ifndef MODELS_RCESIM_RUN_SHARD_H
#define MODELS_RCESIM_RUN_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "models/rcesim/options.h"
#include "models/rcesim/result/outcome.h"
#include "models/rcesim/run/simulate.h"
#include "models/rcesim/run/stored.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

struct shard_job {
    struct arena *arena;
    struct simulation simulation; /* Of the whole run. */
    struct outcome_commands commands;
    struct stored_shard shard;
    const char *folder;
    bool may_replace; /* A file that is there may be replaced. */
};

/* What became of a shard. */
struct shard_report {
    const char *path;
    uint32_t first, end; /* Its replications, `end` excluded. */
    bool is_interrupted; /* Then there is no file. */
};

/* The folder of shards that belongs to a result directory, and the path of a shard. In the arena.
 */
const char *shard_folder(struct arena *arena, const char *result_path);
const char *shard_path(struct arena *arena, const char *folder, struct stored_shard shard);

/* The replications of a shard, of so many. */
void shard_range(struct stored_shard shard, uint32_t replication_count, uint32_t *first,
                 uint32_t *end);

/* Can the run be made in parts? ERROR_USAGE where it has no fixed number of replications. */
bool shard_check_rule(const struct configuration *configuration, struct error *error);

/* Is the file of the shard there already, whole and of this run? */
bool shard_is_there(const struct shard_job *job);

/* Check that the file of the shard can be written; missing folders are made. ERROR_IO. */
bool shard_check_path(const struct shard_job *job, struct error *error);

/* Write the file of the shard, whose replications the result has, and nothing else. ERROR_IO. */
bool shard_write(const struct shard_job *job, const struct result *result, struct error *error);

/* Simulate a shard and write its file. An interruption leaves no folder that was not there. Errors:
 * those of shard_check_rule, simulate, shard_check_path and shard_write. */
bool shard_make(const struct shard_job *job, struct shard_report *report, struct error *error);

/* Add the paths of all shards in a folder to the list. ERROR_IO, also if there is none. */
bool shard_find(struct options_list *paths, struct arena *arena, const char *folder,
                struct error *error);

/* Read parts of one run, in any order, and join them to the whole run. `*first` is one of the parts
 * without its result: how the run was made. Parts may also be results of whole runs (records), for
 * instance to make reports again. Errors (ERROR_IO) name the files, and shards that are missing. */
bool shard_join(const struct options_list *paths, struct arena *arena, struct stored *first,
                struct result **result, struct error *error);

/* Remove these shards, what killed processes left of others while they wrote them (nobody may be
 * writing shards to the folder now), and the folder if it is empty then. */
void shard_remove(const struct options_list *paths, struct arena *arena, const char *folder);

#endif
