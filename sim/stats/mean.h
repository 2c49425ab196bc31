/* mean.h - t intervals: of one mean, and of the difference of two that share their worlds or do
 * not.
 *
 * Under common random numbers the replications of two variants are compared pair by pair, so what
 * the world does to both cancels. The correlation and the variance ratio say how much of it did;
 * they are information, not a check. Two samples that share nothing are compared by Welch's t,
 * which does not take their variances for equal.
 *
 * The p values are two-sided, of "the means are equal". Where the samples do not vary at all there
 * is no scale to measure a difference by: equal means have p = 1, others none.
 *
 * Source: A. M. Law, Simulation Modeling and Analysis, 5th ed., sections 4.5, 10.2 and 11.2; B. L.
 * Welch, Biometrika 34 (1947) 28.
 */
#ifndef SIM_STATS_MEAN_H
#define SIM_STATS_MEAN_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/stats/interval.h"
#include "sim/stats/tally.h"

/* Return mean -+ t s/sqrt(n); of one value "not estimable". A sample of equal values gives an
 * interval without width: the caller has to know whether to believe it. */
struct interval mean_interval(const struct tally *tally, double confidence);

/* All zero is an empty one. */
struct mean_pairs {
    struct tally first;
    struct tally second;
    struct tally difference; /* First minus second. */
    double products;         /* Sum of products of deviations from both means. */
};

void mean_pairs_add(struct mean_pairs *pairs, double first, double second);

/* Return the interval of the mean of first minus second. Equal pairs give exactly [0, 0]; and what
 * is nothing but rounding, 1e-12 of the values that were subtracted or less, is exactly 0, here as
 * in Welch's. */
struct interval mean_pairs_interval(const struct mean_pairs *pairs, double confidence);

/* Set the p value of the paired t test; false for fewer than 2 pairs, or where all pairs differ by
 * the same amount. */
bool mean_pairs_p_value(const struct mean_pairs *pairs, double *p_value);

/* Set the correlation of the pairs; false where a side does not vary or pairs are fewer than 2. */
bool mean_pairs_correlation(const struct mean_pairs *pairs, double *correlation);

/* Set the variance of the difference over that of independent sides: 1 where pairing does not help,
 * 0 where it cancels everything; false where either side does not vary. */
bool mean_pairs_variance_ratio(const struct mean_pairs *pairs, double *ratio);

/* Return the interval of the mean of the first minus that of the second, of samples that share
 * nothing. "Not estimable" where either has a single value, "no data" where either has none. */
struct interval mean_welch_interval(const struct tally *first, const struct tally *second,
                                    double confidence);

/* Set the p value of Welch's test; false where there is none. */
bool mean_welch_p_value(const struct tally *first, const struct tally *second, double *p_value);

#endif
