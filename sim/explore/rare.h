/* rare.h - the probability of a failure too rare for plain Monte Carlo, by importance sampling.
 *
 * Plain Monte Carlo needs 100/p runs for a tenth of p. The schedules that a search has found say
 * which draws have to deviate; so those, and no others, are drawn from their tails in some of the
 * runs, and each run is weighted by how much likelier the model makes it than the sampling:
 *
 *     component 0     nothing is tilted                             share alpha_0 >= 0.1
 *     component j     some draws i have the density g_ji            share alpha_j
 *     weight          1 / (alpha_0 + sum_j alpha_j prod_i g_ji(u_i))
 *
 * (a defensive mixture). u_i is the uniform of the name i, asked for or not, and decides the weight
 * in every component: so the mean of weight times failure is unbiased whatever the schedules are
 * worth, and no weight exceeds 1/alpha_0. Bad schedules cost variance, never truth. Each schedule
 * is there twice: with its tails as they are, and with its draws twisted, which prefers the tails
 * and leaves nothing out (tilt.h), for what fails with less of one deviation and more of another;
 * and one more component twists the draws of all schedules a little. Pilot runs move the shares and
 * the twists to where failures come from (cross-entropy); then they are fixed and the estimate is
 * made from fresh runs only.
 *
 * The interval is about what has been seen. A way to fail that no schedule names is met as often as
 * in plain Monte Carlo with alpha_0 of the runs: not at all, if it is rarer than that. Failing runs
 * that the model alone is likelier to have brought about than all the tilting (*strays*) tell of
 * such ways; `stray_upper` bounds what they can add, seen or not, and `upper` has it included. To
 * trust the interval is to trust that the search looked for all ways; rare_find_ways does so: it
 * searches again with one draw of each known way kept typical, until nothing else fails.
 *
 * What is estimated is the probability that a run (of unit_count units, shape drawn as the model
 * has it) has a finding with the signature, or any that counts. The interval is a t interval of the
 * weighted mean. With fewer than RARE_HITS_MIN failing runs, or an effective sample size below
 * RARE_SAMPLE_SIZE_MIN, it would be too short, and there is none: then `upper` alone is given,
 * which holds for any weights within [0, 1/alpha_0]: P(run fails) <= 1/alpha_0 times the upper
 * Clopper-Pearson limit of the share of failing runs under the sampling.
 *
 * Deterministic: same options, same bytes, for any number of threads.
 *
 * Sources: T. Hesterberg, Technometrics 37 (1995) 185 (defensive mixtures); R. Rubinstein,
 * D. Kroese, The Cross-Entropy Method, 2004; A. Owen, Y. Zhou, JASA 95 (2000) 135.
 */
#ifndef SIM_EXPLORE_RARE_H
#define SIM_EXPLORE_RARE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/explore/likelihood.h"
#include "sim/explore/probe.h"
#include "sim/explore/search.h"
#include "sim/stats/interval.h"

enum {
    RARE_SCHEDULES_MAX = 64, /* The first are taken. */
    RARE_HITS_MIN = 20,
    RARE_SAMPLE_SIZE_MIN = 30, /* Effective. */
    RARE_RUNS_MAX = 1000000000,
};

struct rare_schedule {
    const struct deviation *deviations;
    size_t count;
};

struct rare_options {
    const struct probe_options *probe; /* The world whose probability is asked for. */
    const struct rare_schedule *schedules;
    size_t schedule_count; /* 0: plain Monte Carlo. */
    uint64_t signature; /* Of what counts as failing; LIKELIHOOD_ANY: whatever the probe counts. */
    uint64_t seed;
    uint32_t run_count;   /* Of the estimate; 0: 100,000. */
    uint32_t pilot_count; /* Of the pilot, in addition; 0: none, equal shares. */
    double nominal_share; /* alpha_0; 0: 0.1. */
    double confidence;    /* 0: 0.95 */
    uint32_t thread_count;
    const volatile sig_atomic_t *interrupted; /* May be NULL. Ends with ERROR_INTERRUPTED. */
};

struct rare_result {
    /* Of a run. NOT_ESTIMABLE with too few failing runs, NO_DATA without any. */
    struct interval probability;
    double upper; /* One-sided, at the confidence; always there. */
    uint64_t run_count, hit_count, pilot_count;
    uint64_t stray_count;         /* Of the hits. */
    double stray_upper;           /* What strays add at most, with the confidence. */
    double variance;              /* Of one weighted run. */
    double effective_sample_size; /* (sum w)^2 / sum w^2 over the failing runs; 0 for none. */
    /* Runs that plain Monte Carlo would need for the same width, over those made: p (1 - p) over
     * `variance`; 0 where unknown. */
    double variance_ratio;
    double weight_max;                 /* 1 / nominal share: the bound of all weights. */
    uint32_t component_count;          /* Without the nominal one. */
    uint32_t schedule_count;           /* That could be used: with draws that have a probability. */
    double shares[RARE_SCHEDULES_MAX]; /* Of the components of each schedule; 0: not used. */
};

/* Estimate. Errors are those of the probe, ERROR_USAGE for impossible options. */
bool rare_estimate(const struct rare_options *options, struct rare_result *result,
                   struct error *error);

struct rare_ways_options {
    const struct search_options *search; /* Its probe is the world; exclusions are kept. */
    const struct rare_schedule *known;
    size_t known_count;
    uint32_t run_count; /* Of each search; 0: 20,000. */
};

/* Look for ways to fail that the known schedules are not: random searches in which one draw of each
 * of them, by its purpose, stays typical; what is found is reduced to what it needs, and joins
 * them; until a search finds nothing, or RARE_SCHEDULES_MAX are known. Writes the known schedules
 * and the new ones, which lie in `arena`. Errors are those of the probe. */
bool rare_find_ways(const struct rare_ways_options *options, struct arena *arena,
                    struct rare_schedule schedules[RARE_SCHEDULES_MAX], size_t *count,
                    struct error *error);

#endif
