/* ranks.h - the processes that share one run, under MPI; without MPI there is one.
 *
 * Built with RCESIM_MPI (`make MPI=1`) and started by mpirun, every rank simulates some shards with
 * its own threads, and rank 0 joins them (spread.h). So ranks need a common file system and say
 * little to each other: which shards are there, whether all is well, and that they are done.
 * Whoever waits sleeps: the waiting of MPI itself would take a core from a rank that still works.
 *
 * From ranks_begin on, a process that ends without ranks_end takes all others with it, with its
 * exit status, and MPI says so at length. So the command line is read before, and by all: what is
 * wrong with it rank 0 says, and the others, who know from their environment that they are not rank
 * 0, keep silent.
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

/* What the launcher says in the environment; {0, 1} without one that we know. */
struct ranks_launch {
    uint32_t rank, count;
};
struct ranks_launch ranks_launch(void);

/* While ranks other than 0 are hushed, what they print goes nowhere, and should they end with an
 * error they do so a little later than rank 0, whom the launcher might end before it has spoken. */
struct ranks_voice {
    int output, error; /* Descriptors to go back to; -1: nothing was changed. */
};
struct ranks_voice ranks_hush(struct ranks_launch launch);
void ranks_speak(struct ranks_voice voice);

/* Print an error on rank 0, and return its exit status on all, on the others a little later. */
int ranks_refuse(struct ranks_launch launch, const struct error *error);

/* Begin. Errors: ERROR_USAGE where mpirun started several of a program that was built without MPI,
 * each of which would do the whole run. */
bool ranks_begin(struct ranks *ranks, struct error *error);

/* The last word of a rank. */
void ranks_end(const struct ranks *ranks);

/* Wait until all ranks have come here, and return the largest of their values. */
uint32_t ranks_max(const struct ranks *ranks, uint32_t value);

/* The same for `count` values at once, in place. */
void ranks_max_all(const struct ranks *ranks, uint32_t *values, uint32_t count);

/* Wait for all ranks and say whether all is well. If not, the lowest rank with an error (NULL: this
 * one has none) prints it, and all return its exit status; else 0. */
int ranks_agree(const struct ranks *ranks, const struct error *error);

/* Print an error, say which rank it is if there are several, and return its exit status. */
int ranks_print_error(const struct ranks *ranks, const struct error *error);

/* Threads for a rank that shares its host's cores with others and may be bound to some of them. */
uint32_t ranks_thread_count(const struct ranks *ranks);

#endif
