/* plan.h - how many replications are enough: a plan from a pilot, instead of a look after each one.
 *
 * A demand is one thing that has to be known better than it is: an interval that has to become so
 * many times narrower. Intervals over replications shrink with the root of their number, so a pilot
 * of n0 replications that has to become f times as narrow (f < 1) needs n0 / f^2:
 *
 *     half width    f = h / (half the interval), Stein's number for an interval of half width h
 *     decision      f = (distance from the estimate to the limit) / (that side of the interval),
 *                   and a factor for power: with so many replications the answer comes with
 *                   probability PLAN_POWER if the pilot's estimate is the truth
 *
 * Looking again and again until the answer pleases would make errors more likely than the interval
 * says, and so does a number of replications that follows the estimate, if what it followed is
 * judged with the rest (7 % instead of 5 % with a pilot of 20). So a decision has a pilot in worlds
 * of its own (PLAN_PILOT_FIRST), which is thrown away once it has said how many are needed, and the
 * thresholds are judged once.
 *
 * A half width is no answer that could please, but a low rate and a narrow interval come together.
 * So its first round is planned by such a pilot too, and only what is still missing then is added
 * round by round. With rates that are very uneven over replications (coefficient of variation 1.5,
 * mean 1 %, 100 units) 95 % intervals of some 80 replications covered in 84 % when looked at from
 * the pilot on, and in 90 % this way; 92 % with a number fixed beforehand.
 *
 * Where nothing was seen in the pilot (a Clopper-Pearson interval of zeros) the interval shrinks
 * faster than the root. One that had to assume independence (interval.h) meets no half width,
 * however narrow: it would be met before anything was seen of what makes it wide.
 *
 * Source: C. Stein, Annals of Mathematical Statistics 16 (1945) 243; A. M. Law, Simulation Modeling
 * and Analysis, 5th ed., section 9.4.1.
 */
#ifndef SIM_EXPERIMENT_PLAN_H
#define SIM_EXPERIMENT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/stats/interval.h"

#define PLAN_POWER 0.95

/* The replications of a pilot are numbered from here on, so that they share no world with those
 * that are judged. */
#define PLAN_PILOT_FIRST ((uint32_t)1 << 31)

/* How much better one thing has to be known. */
struct plan_demand {
    const char *text; /* What it is: a threshold, a precision. */
    bool is_met;
    /* At most this part of the present width: in (0, 1] if it is met, 0: no number of replications
     * would do (the estimate lies on the limit, or there is none). */
    double shrink;
};

/* The demand that half the interval be at most `half_width` > 0. Without an interval it is not met,
 * and nothing can be planned; one that assumes independence is not met, and twice as many may tell
 * more. */
struct plan_demand plan_half_width(const char *text, const struct interval *interval,
                                   double half_width);

/* The demand that an interval lie on one side of every limit in [low, high], which may be the same
 * (one limit) or infinite, or between them. */
struct plan_demand plan_decision(const char *text, const struct interval *interval, double low,
                                 double high);

/* Return how many replications all demands need by what `done_count` have shown: at least
 * `done_count`, at most `budget_count`. */
uint32_t plan_replication_count(const struct plan_demand *demands, size_t demand_count,
                                uint32_t done_count, uint32_t budget_count);

#endif
