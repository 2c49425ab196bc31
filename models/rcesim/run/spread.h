/* spread.h - one run over several ranks: each simulates a shard, rank 0 publishes the whole.
 *
 *     OUT.shards/shard-1-of-4.rcesim ... shard-4-of-4.rcesim      while it goes on
 *     OUT/                                                        the same bytes as one process
 * makes
 *
 * Shards are files because files outlive processes: when a rank dies, MPI ends all of them, but
 * what was finished is there. The same command again takes finished shards that fit, and `rcesim
 * run --shard` and `rcesim merge` can do what is missing by hand. When the result is in its place,
 * the folder of shards is removed.
 *
 * Rank 0 alone writes to standard output and shows progress (of its own shard).
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
