/* spread.h - one run over several ranks: each simulates some shards, rank 0 publishes the whole.
 *
 *     OUT.shards/shard-1-of-1024.rcesim ...      while it goes on
 *     OUT/                                       the same bytes as one process makes
 *
 * Shards are files because files outlive processes: when a rank dies, MPI ends all of them, but
 * what was finished is there. The same command again, on any number of ranks, takes finished shards
 * that fit, and `rcesim run --shard` and `rcesim merge` can do what is missing by hand. When the
 * result is in its place, the shards are removed.
 *
 * So there are many small shards, 1,024 (more from 65 ranks on, so that each has 16) or one for
 * each replication, and their number does not depend on how many ranks there are. What is missing
 * is divided evenly when the run begins: a rank gets a range of it. It simulates that range in
 * about 16 stretches, but none shorter than what keeps all of its threads busy, and writes the
 * shards of a stretch when it is done. After an interruption it writes those that are whole.
 *
 * Rank 0 alone writes to standard output and shows progress (of its own stretches).
 */
#ifndef MODELS_RCESIM_RUN_SPREAD_H
#define MODELS_RCESIM_RUN_SPREAD_H

#include "models/rcesim/result/publish.h"
#include "models/rcesim/run/ranks.h"
#include "models/rcesim/run/simulate.h"

/* Run. Returns the exit status, of all ranks together on rank 0. */
int spread_run(const struct ranks *ranks, const struct simulation *simulation,
               struct publication *publication);

#endif
