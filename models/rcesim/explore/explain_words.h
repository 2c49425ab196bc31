/* explain_words.h - words for what the records of the world tell.
 *
 * Nothing here decides what is worth telling. All texts lie in the arena.
 */
#ifndef MODELS_RCESIM_EXPLORE_EXPLAIN_WORDS_H
#define MODELS_RCESIM_EXPLORE_EXPLAIN_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/explore/explain.h"
#include "sim/kernel/trace.h"

/* What has to be said to tell things apart: with one cluster, "host 1" is enough. */
struct explain_words {
    struct arena *arena;
    bool has_clusters;
};

/* Look through a trace. */
struct explain_words explain_words_of(struct arena *arena, const struct trace *trace);

/* "host 1", "the temporary host", "cluster 0", "the SDDC"; with several clusters "host 1 of cluster
 * 0". The short form is for the head of a lane: "host 1", "temp.", "cluster", "c1 h1". */
const char *explain_who(const struct explain_words *words, uint32_t entity);
const char *explain_lane(const struct explain_words *words, uint32_t entity);

/* "maintenance of host 1", "the update of host 1", "a temporary host". */
const char *explain_request(const struct explain_words *words, uint64_t operation, uint32_t entity);

/* "00:30:21", without milliseconds; "4min59s", in whole seconds from ten on. */
const char *explain_clock(struct arena *arena, int64_t at_ns);
const char *explain_duration(struct arena *arena, int64_t duration_ns);

/* "connect of cluster 0 took 25min40s instead of 2min18s"; of yes or no just what happened. */
const char *explain_deviation_clause(const struct explain_words *words,
                                     const struct explain_deviation *deviation);

/* A few words for a record in a diagram, without its time; NULL: nothing to say. */
const char *explain_label(const struct explain_words *words, const struct trace_record *record);

#endif
