/* order.h - search for order races: priorities with change points (PCT).
 *
 * Events of one instant (and of the slack window, where there is one) may come in any order. PCT
 * gives each entity a random priority, lets the highest go first, and lowers the priority of
 * whoever is scheduling at d - 1 random points among the k schedulings of a run. A bug that needs d
 * orderings among n entities is then hit with probability at least 1 / (n k^(d - 1)) in each run:
 * order bugs of small depth are found although the orders are far too many to try.
 *
 * Here the priority is the tie value that a fresh event gets when it is scheduled, so a point
 * counts schedulings; each event is scheduled once and fires once, and an entity whose priority is
 * lowered when it schedules its next step is preempted before that step. What a run chose is a list
 * of tie deviations, and replays as every schedule does.
 *
 * n and k are measured on the typical run; d - 1 is drawn from 0 to depth_max - 1 in each run, or
 * fixed.
 *
 * In a slack window an event is late by its places, so these are spread over the window; the bound
 * is about events of one time only, and is not claimed then.
 *
 * Source: S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatte, "A randomized scheduler with
 * probabilistic guarantees of finding bugs", ASPLOS 2010.
 */
#ifndef SIM_EXPLORE_ORDER_H
#define SIM_EXPLORE_ORDER_H

#include "sim/explore/search.h"

enum { ORDER_DEPTH_MAX = 16 };

struct order_options {
    uint64_t run_count;
    uint32_t depth; /* At least 1. */
    bool is_fixed;  /* Every run has this depth; else 1 .. depth, drawn. */
};

struct order_result {
    uint64_t run_count, failed_count;
    uint32_t entity_count; /* n */
    uint64_t tie_count;    /* k */
    uint32_t depth;
    double bound; /* 1 / (n k^(depth - 1)), for runs of this depth; 0: none is claimed. */
    enum search_end end;
};

bool order_search(const struct search_options *options, const struct order_options *order,
                  struct findings *findings, struct order_result *result, struct error *error);

#endif
