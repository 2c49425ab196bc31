/* findings.h - what searches found: one entry a signature, with the best schedule for it.
 *
 * Thousands of failing runs are a few ways to fail. A table keeps one entry for each signature
 * (probe.h): how many runs had it, the first of them, and the best schedule so far. Better is:
 * fewer deviations; of as many the likelier; of those the run that came first. That is a total
 * order, so tables that are merged in the order of the runs give the same bytes for any number of
 * threads.
 *
 * Likelier is by the product of the probabilities of deviations at least as large: a guide for
 * choosing, not the probability of the finding (likelihood.h).
 *
 * A table is bounded. When it is full, further signatures are counted and not kept.
 */
#ifndef SIM_EXPLORE_FINDINGS_H
#define SIM_EXPLORE_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/experiment/model.h"
#include "sim/explore/probe.h"

enum { FINDINGS_MAX = 256 };

/* Who found the schedule that is kept. */
enum search_kind { SEARCH_TYPICAL, SEARCH_RANDOM, SEARCH_EXHAUSTIVE, SEARCH_ORDER };
extern const char *const search_kind_names[];

struct found {
    uint64_t signature;
    struct model_finding finding; /* As the kept schedule shows it. */
    uint64_t count;               /* Failing runs with this signature. */
    enum search_kind search;      /* Of the first failing run, with its number in that search. */
    uint64_t first_run;
    enum search_kind kept_search; /* Of the kept schedule, in the same way. */
    uint64_t kept_run;
    const struct deviation *deviations; /* [deviation_count], in the order of deviation_compare */
    uint32_t deviation_count;
    double tail_log10;     /* log10 of the product of the tails; 0 without deviations */
    uint64_t history_hash; /* Of the run with the kept schedule. */
    uint64_t event_count;
};

struct findings {
    struct arena *arena;
    struct found *items; /* In the order in which the signatures came. */
    uint32_t count, room;
    uint64_t failed_count;   /* Failing runs, kept or not. */
    uint64_t unlisted_count; /* Those whose signature found the table full. */
};

/* Make an empty table in `arena`, where the schedules go as well. */
struct findings *findings_create(struct arena *arena);

/* Count a failing run; its schedule is copied if it is the best so far. `found->count` is what is
 * added, usually 1. Better schedules leave their predecessors behind in the arena. */
void findings_add(struct findings *findings, const struct found *found);

/* Add everything of `from`, whose runs come after those of `into`. */
void findings_merge(struct findings *into, const struct findings *from);

/* Return the indices of the entries, best first, in the arena: as many as there are. */
const uint32_t *findings_by_rank(const struct findings *findings, struct arena *arena);

/* Run the schedule of each entry strictly, twice. False, with an ERROR_INTERNAL that says which
 * draw or hash, if one of them does not give the same history and the same signature again: then
 * the engine or the model is not a function of its inputs, and nothing that was found can be
 * trusted. */
bool findings_verify(const struct findings *findings, struct probe *probe, struct error *error);

#endif
