/* exhaustive.h - all schedules with at most b deviations, each once.
 *
 * The draws of a run are asked in an order, and a deviation changes nothing that was asked before
 * it. So the schedules are a tree: the children of S deviate at one more draw, which the run of S
 * asked after the last deviation of S, to one of the values of the grid. Every set of deviations
 * that makes sense (each is asked in the run with all of them) is in it once. Where the deviations
 * do not change which draws are asked, n of them with g values each, the tree has
 * sum over i <= b of C(n, i) g^i schedules.
 *
 * The tree is walked one depth after the other: first all single deviations, then all pairs, ...
 * Inner nodes are run again for each depth, which costs little, and buys that the first finding has
 * the fewest deviations and that a budget ends with a plain statement. Schedules below one that
 * fails are left out (unless is_below_failing): most only fail again with more deviations. They are
 * not covered, and counted by the failing ones that they are below (skipped_count).
 *
 * Two reductions, each counted, each to be switched off:
 *
 * Independent: the entities fall into groups that the model calls independent of each other (two
 * units that share nothing). A schedule with deviations in several groups does in each of them what
 * its deviations there do alone, and those schedules are all in the tree; so it is decided without
 * a run. If a draw turns up that belongs to two groups, the reduction is given up and the search
 * starts again.
 *
 * Effectless: an engine is given random bits with every input and rarely uses them. Where other
 * bits leave the history, what the engine planned and what it remembers as they were (the model
 * tells by its hash, see struct model_probe), a schedule with them does what it does without them,
 * whatever deviates later; so it is not run. Of other draws this is never inferred: the answer may
 * lie in wait, as the length of an outage does that nobody has met yet.
 *
 * In a slack window the places of a tie are spread over the window, the last of them at its end.
 *
 * Source of the idea: small scope (D. Jackson, Software Abstractions, 2006); delay-bounded and
 * preemption-bounded search (M. Emmi, S. Qadeer, Z. Rakamaric, POPL 2011).
 */
#ifndef SIM_EXPLORE_EXHAUSTIVE_H
#define SIM_EXPLORE_EXHAUSTIVE_H

#include "sim/explore/grid.h"
#include "sim/explore/search.h"

enum { EXHAUSTIVE_BOUND_MAX = 8, EXHAUSTIVE_PURPOSES_MAX = 64 };

struct exhaustive_options {
    uint32_t bound; /* At most EXHAUSTIVE_BOUND_MAX. */
    struct grid grid;
    uint64_t run_max; /* Stop after exactly so many runs; 0: no limit. */
    bool is_below_failing;
    bool without_independent, without_effectless; /* The reductions. */
};

/* All schedules with exactly so many deviations. Counts of schedules stay at UINT64_MAX when they
 * get there. */
struct exhaustive_depth {
    uint64_t schedule_count;    /* Covered: run, or decided without a run. */
    uint64_t run_count;         /* Run, each once. */
    uint64_t independent_count; /* Decided by their independent parts. */
    uint64_t effectless_count;  /* Decided by the schedule without an effectless deviation. */
    uint64_t failed_count;      /* Of run_count. */
    uint64_t
        skipped_count; /* Subtrees below failing schedules that were left out, by their roots. */
    bool is_begun, is_complete;
    uint64_t part_count, parts_done_count; /* Subtrees of the root, where it is not complete. */
};

/* The draws of the typical run that may deviate, by purpose. */
struct exhaustive_purpose {
    uint32_t purpose;
    uint32_t draw_count;
    uint32_t value_count; /* Summed over them. */
};

struct exhaustive_result {
    uint32_t bound;
    struct exhaustive_depth depths[EXHAUSTIVE_BOUND_MAX + 1];
    uint32_t draw_count;     /* Of the typical run, that may deviate. */
    uint32_t excluded_count; /* Of the typical run, that have alternatives but may not. */
    uint64_t value_count;
    struct exhaustive_purpose purposes[EXHAUSTIVE_PURPOSES_MAX];
    uint32_t purpose_count;
    uint32_t group_count;     /* Independent groups of entities; 1: all depend on each other. */
    bool has_given_up_groups; /* An entity of two groups turned up. */
    uint64_t runs_total;      /* With inner nodes run again. */
    enum search_end end;
};

/* Search and add to `findings`. False only for an error of the world (or of an engine). */
bool exhaustive_search(const struct search_options *options,
                       const struct exhaustive_options *exhaustive, struct findings *findings,
                       struct exhaustive_result *result, struct error *error);

/* Is every schedule up to `bound` deviations decided? */
bool exhaustive_is_complete(const struct exhaustive_result *result);
/* All schedules decided, over all depths. */
uint64_t exhaustive_schedule_count(const struct exhaustive_result *result);

#endif
