/* slots.h - where threads put what they have made: a place for each replication.
 *
 * Only experiment.c writes it and result.c reads it. A slot is a pointer and a flag in 128 bytes of
 * its own, so that threads which finish neighbours do not share a cache line; what it points to
 * lies in the arena of the thread that made it, which the store owns.
 */
#ifndef SIM_EXPERIMENT_SLOTS_H
#define SIM_EXPERIMENT_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/experiment/result.h"

/* What one run left. */
struct slot_run {
    struct record record;
    struct row_table *rows; /* NULL: not asked for. */
    uint64_t common_count;
    uint64_t digest;
    uint64_t reference_digest;
    double checked_share;
};

enum { SLOT_SIZE_BYTES = 128 };

struct slot {
    struct slot_run *runs; /* [variant_count] */
    bool is_done;
    char padding[SLOT_SIZE_BYTES - sizeof(struct slot_run *) - sizeof(bool)];
};

struct result_store {
    struct slot *slots; /* [replications_planned], on a multiple of SLOT_SIZE_BYTES. */
    struct arena *arena;
    struct arena **thread_arenas; /* [thread_count] */
    uint32_t thread_count;
};

/* Create an empty result for a design of that size. */
struct result *result_create(const struct result *head, uint32_t thread_count);

/* Count the complete replications, add up what belongs to all of them. */
void result_finish(struct result *result);

#endif
