/* two_proportions.h - two independent groups: difference, risk ratio, odds ratio, exact test.
 *
 * For groups that share nothing: two engines under different seeds, or a simulated share against a
 * measured one. Under common random numbers units are pairs: use paired_proportions.h or mean.h.
 *
 * Intervals take real numbers, so that clustered groups can enter with their effective sizes
 * (cluster.h). Differences are first minus second, ratios first over second.
 *
 * Ratios work on logarithms, where a zero has no place: if any of the four cells (hits and misses
 * of both groups) is 0, each gets 0.5, in the estimate too, and the method says so. Where both
 * groups have no hits there is no ratio, and for the odds ratio nor where both have no misses: "no
 * data".
 *
 * Limits: 0 <= hits <= count <= 1e12; confidence in (0, 1). The program switches GSL's error
 * handler off.
 *
 * Source: R. G. Newcombe, Statistics in Medicine 17 (1998) 873, method 10; D. Katz et al.,
 * Biometrics 34 (1978) 469; B. Woolf, Annals of Human Genetics 19 (1955) 251; two-sided Fisher as
 * in R's fisher.test.
 */
#ifndef SIM_STATS_TWO_PROPORTIONS_H
#define SIM_STATS_TWO_PROPORTIONS_H

#include "sim/stats/interval.h"

struct two_proportions {
    double first_hits;
    double first_count;
    double second_hits;
    double second_count;
};

/* Newcombe's hybrid score interval of the difference of shares; "no data" if a group is empty. */
struct interval two_proportions_difference(const struct two_proportions *groups, double confidence);

/* Katz's interval of the ratio of shares. "Not estimable" where a limit exceeds a double. */
struct interval two_proportions_risk_ratio(const struct two_proportions *groups, double confidence);

/* Woolf's interval of the ratio of odds, hits to misses. The same states. */
struct interval two_proportions_odds_ratio(const struct two_proportions *groups, double confidence);

/* Return the two-sided p of Fisher's exact test: the probability, given both margins, of a table no
 * likelier than this one. Whole numbers, at most 2^40 in all (checked); 1 if a group is empty.
 * About 80 standard deviations of steps. */
double two_proportions_fisher(const struct two_proportions *groups);

#endif
