/* ranks.h - the processes that share one run, under MPI; without MPI there is one.
 *
 * Built with RCESIM_MPI (`make MPI=1`) and started by mpirun, rank r of n simulates shard r + 1 of
 * n with its own threads, and rank 0 joins the shards (spread.h). So ranks need a common file
 * system and say little to each other: whether all is well, and that they are done. Whoever waits
 * sleeps: the waiting of MPI itself would take a core from a rank that still works.
 *
 * A process that ends without ranks_end takes all others with it, with its exit status.
 */
#ifndef MODELS_RCESIM_RUN_RANKS_H
#define MODELS_RCESIM_RUN_RANKS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/error.h"

struct ranks {
    uint32_t rank;        /* 0 prints the result. */
    uint32_t count;       /* 1: nobody else is there. */
    uint32_t local_count; /* Of them on this host. */
};

/* Begin. Errors: ERROR_USAGE where mpirun started several of a program that was built without MPI,
 * each of which would do the whole run. */
bool ranks_begin(struct ranks *ranks, struct error *error);

/* The last word of a rank. */
void ranks_end(const struct ranks *ranks);

/* Wait until all ranks have come here, and return the largest of their values. */
uint32_t ranks_max(const struct ranks *ranks, uint32_t value);

/* Wait for all ranks and say whether all is well. If not, the lowest rank with an error (NULL: this
 * one has none) prints it, and all return its exit status; else 0. */
int ranks_agree(const struct ranks *ranks, const struct error *error);

/* Print an error, say which rank it is if there are several, and return its exit status. */
int ranks_print_error(const struct ranks *ranks, const struct error *error);

/* Threads for a rank that shares its host's cores with others and may be bound to some of them. */
uint32_t ranks_thread_count(const struct ranks *ranks);

#endif
