/* random.h - sparse random search: most draws typical, a few far out.
 *
 * Each run draws its own rate of deviation, log-uniform between 1 / (draws of the typical run) and
 * rate_max, so that runs with one deviation and runs with hundreds both occur. Then every draw that
 * is asked, whenever it is asked, deviates with that rate, to a value
 *
 * - of a delay, count or uniform: a quantile, with probability 1/4 below typical and else above,
 *   the tail beyond it log-uniform from 1/2 down to 1e-5; or any quantile, as in the model;
 * - of a fault: the other one; of alternatives: any other; of entropy: any bits;
 * - of a tie: 1, 2, ... places back in its instant, with halving probability; in a slack window any
 *   number of places.
 *
 * Both are decided by one keyed block of (seed, run, name of the draw): a run can be repeated by
 * its number alone, and a draw that appears does not shift another one.
 *
 * Simple searches of this kind find what cleverer ones find (P. Thomson, A. F. Donaldson, A. Betts,
 * ACM Transactions on Parallel Computing 2 (2016) 23), and their misses have a probability: after n
 * runs without a failure, the failure rate *under this distribution* is at most 1 - 0.05^(1/n) with
 * 95 % confidence (certificate.h). It says nothing about the rate in the model.
 */
#ifndef SIM_EXPLORE_RANDOM_H
#define SIM_EXPLORE_RANDOM_H

#include "sim/explore/search.h"

struct random_options {
    uint64_t run_count; /* At most 2^32 - 1. */
    double rate_max;    /* 0: 1/2. */
    bool is_by_model;   /* Values as likely as in the model, instead of heavy tails. */
};

struct random_result {
    uint64_t run_count;    /* Done: runs 0 .. run_count - 1. */
    uint64_t failed_count; /* Of them. */
    double rate_min, rate_max;
    enum search_end end;
};

/* Search and add to `findings`. False only for an error of the world (or of an engine). */
bool random_search(const struct search_options *options, const struct random_options *random,
                   struct findings *findings, struct random_result *result, struct error *error);

#endif
