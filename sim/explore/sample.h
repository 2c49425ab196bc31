/* sample.h - a search that is a sequence of numbered runs, each steered by a chooser of its own.
 * Private to sim/explore.
 *
 * Runs do not listen to what they are asked; one that fails is run again to write down its
 * schedule, and must then have the same history.
 */
#ifndef SIM_EXPLORE_SAMPLE_H
#define SIM_EXPLORE_SAMPLE_H

#include "sim/chance/oracle.h"
#include "sim/explore/search.h"

struct sample {
    enum search_kind kind;
    uint64_t run_count; /* At most 2^32 - 1. */
    const void *context;
    /* Make what one thread chooses by, in its arena. */
    void *(*open)(const void *context, struct arena *arena);
    /* Return the chooser of a run, good until the next call. The same number, the same choices. */
    const struct oracle_chooser *(*steer)(void *own, uint32_t run);
};

struct sample_result {
    uint64_t run_count, failed_count;
    enum search_end end;
};

bool sample_search(const struct search_options *options, const struct sample *sample,
                   struct findings *findings, struct sample_result *result, struct error *error);

#endif
