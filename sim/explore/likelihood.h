/* likelihood.h - how probable a schedule is under the calibrated model, and what it proves.
 *
 * Each deviation names a value; under the model the draw is *at least as far* from its typical
 * value with some probability, its tail. Draws are independent, so the product of the tails is the
 * probability that all deviate at least so far. That bounds nothing yet, because whether the run
 * then fails depends on all the other draws. Hence the bound: draw everything else at random, the
 * deviating draws from their tails, and count how often the run fails with the same signature. The
 * product times the lower limit (Clopper-Pearson) of that share is a lower bound of the probability
 * of the signature, at the confidence stated:
 *
 *     P(signature) >= P(all in their tails) P(signature | all in their tails)
 *
 * A tail is a stretch of the draw's uniform, [low, low + mass). The bound is conditional on the
 * topology: the number of units, and every draw that makes the shape of the system, as the schedule
 * has them. Ties have no probability: events of one time go in the order in which they came, so a
 * schedule that needs another order has no likelihood, and says so.
 *
 * Deterministic: the same for any number of threads.
 */
#ifndef SIM_EXPLORE_LIKELIHOOD_H
#define SIM_EXPLORE_LIKELIHOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"
#include "sim/chance/oracle.h"
#include "sim/explore/probe.h"

/* The uniforms of a draw that deviate at least as far as some value. */
struct likelihood_region {
    struct draw_name name;
    double low, mass; /* low <= u < low + mass; 0 < mass <= 1 */
};

/* Set the region of a deviation of this draw to `value`: what is at least as long as it, for a
 * value above the typical one, at most as long for one below, the very alternative of a choice, the
 * event or its absence. The whole (0, 1) for a value that does not deviate. False for a tie, and
 * for a value that the draw cannot have. */
bool likelihood_region_of(const struct oracle_asked *asked, int64_t value,
                          struct likelihood_region *region);

/* Map a uniform of (0, 1) into the region, in order; and say whether one is in it. */
double likelihood_region_at(const struct likelihood_region *region, double u);
bool likelihood_region_holds(const struct likelihood_region *region, double u);

/* What the tails of a schedule multiply to. */
struct likelihood {
    double probability;        /* Of those that have one and are not of the shape; 1 for none. */
    double log_probability;    /* Natural; does not underflow. */
    uint32_t order_count;      /* Deviations of order, which have none. */
    uint32_t shape_count;      /* Of the shape, on which everything is conditional. */
    uint32_t unasked_count;    /* Never asked, so without effect. */
    uint32_t impossible_count; /* Values that the draw never has; the probability is then 0. */
};

/* Return the draw of that name, or NULL. O(asked_count). */
const struct oracle_asked *likelihood_find(const struct oracle_asked *asked, uint32_t asked_count,
                                           struct draw_name name);

/* Return the likelihood of a schedule by the draws that a run with it asked. */
struct likelihood likelihood_of(const struct model *model, const struct deviation *deviations,
                                size_t count, const struct oracle_asked *asked,
                                uint32_t asked_count);

#define LIKELIHOOD_ANY UINT64_C(0)
enum { LIKELIHOOD_RUNS_DEFAULT = 2000 };

struct likelihood_bound_options {
    const struct probe_options *probe; /* The world that the schedule is of. */
    const struct deviation *deviations;
    size_t count;
    uint64_t signature; /* Of the finding; LIKELIHOOD_ANY: whatever counts. */
    uint64_t seed;
    uint32_t run_count; /* 0: LIKELIHOOD_RUNS_DEFAULT */
    double confidence;  /* One-sided; 0: 0.95 */
    uint32_t thread_count;
};

struct likelihood_bound {
    struct likelihood likelihood;
    uint64_t run_count, hit_count; /* Of so many runs with the tails forced, so many fail so. */
    double share_low;              /* Clopper-Pearson lower limit of the share. */
    double bound;                  /* probability * share_low; 0 if nothing is known. */
    double confidence;
};

/* Estimate the lower bound. Errors are those of the probe. A schedule with deviations of order has
 * bound 0. Costs `run_count` runs and two more. */
bool likelihood_bound(const struct likelihood_bound_options *options,
                      struct likelihood_bound *bound, struct error *error);

#endif
