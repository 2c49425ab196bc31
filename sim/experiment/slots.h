/* slots.h - where threads put what they have made: a place for each replication.
 *
 * Private to experiment.c, which fills it from runs, archive.c, which fills it from a file,
 * compare.c, which picks from others, and result.c, which joins it and reads it. A slot is a
 * pointer and a flag in 128 bytes of its own, so that threads which finish neighbours do not share
 * a cache line; what it points to lies in the arena of the thread that made it, which the store
 * owns.
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
    struct slot *slots; /* [replications_planned of the head], on a multiple of SLOT_SIZE_BYTES. */
    struct arena *arena;
    struct arena **thread_arenas; /* [thread_count] */
    uint32_t thread_count;
    struct result **parts; /* [part_count], what a joined result has its runs from. */
    size_t part_count;
};

/* Create an empty result with a slot for each planned replication of the head. */
struct result *result_create(const struct result *head, uint32_t thread_count);

/* Count the complete replications, add up what belongs to all of them. */
void result_finish(struct result *result);

/* Say how many replications were planned, where that is more than there are slots for. */
static inline void result_plan(struct result *result, uint32_t replications_planned)
{
    result->replications_planned = replications_planned;
    result->is_partial = result->replication_count < replications_planned;
}

#endif
