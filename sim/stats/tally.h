/* tally.h - count, mean and variance of a stream of numbers, in one pass.
 *
 * Welford's update; merging by Chan's formula. Rounding depends on the order, so whoever wants the
 * same bits adds and merges in index order. Equal numbers give a variance of exactly 0.
 *
 * Source: B. P. Welford, Technometrics 4 (1962) 419; T. F. Chan, G. H. Golub, R. J. LeVeque,
 * The American Statistician 37 (1983) 242.
 */
#ifndef SIM_STATS_TALLY_H
#define SIM_STATS_TALLY_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is an empty tally. */
struct tally {
    uint64_t count;
    double mean;
    double squares; /* Sum of squared deviations from the mean. */
    double min;     /* Defined once count > 0, as max. */
    double max;
};

void tally_add(struct tally *tally, double value);
void tally_merge(struct tally *into, const struct tally *from);

/* Set the unbiased sample variance; false for fewer than two values. */
bool tally_variance(const struct tally *tally, double *variance);

#endif
