/* kolmogorov.h - how far are two samples apart? Smirnov's two-sample distance.
 *
 * The distance is the largest difference between the two empirical distribution functions. With
 * room for a shift, a function may be read up to `shift` further to the right before it is
 * compared:
 *
 *     D = max over x of  F(x) - G(x + shift)  and  G(x) - F(x + shift),  at least 0
 *
 * So samples of which one is the other moved by no more than that are at distance 0 in the limit. A
 * shift of 0 is the usual distance.
 *
 * No p value: the limiting distribution is that of independent values. Where the values of a sample
 * share a world, hold its distance against those of other such samples (kolmogorov_among).
 *
 * Units: `shift` is in those of the values. Limits: finite values in ascending order, at least
 * KOLMOGOROV_COUNT_MIN on each side.
 *
 * Source: N. Smirnov, Annals of Mathematical Statistics 19 (1948) 279.
 */
#ifndef SIM_STATS_KOLMOGOROV_H
#define SIM_STATS_KOLMOGOROV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"

enum { KOLMOGOROV_COUNT_MIN = 8 };

struct kolmogorov_sample {
    const double *sorted; /* [count] */
    size_t count;
};

/* Set the distance of two samples. Returns false where one has too few values. O(n). */
bool kolmogorov_compare(const struct kolmogorov_sample *first,
                        const struct kolmogorov_sample *second, double shift, double *distance);

/* A value of one of several samples that are pooled. */
struct kolmogorov_value {
    double value;
    uint32_t sample;
};

/* Set distances[samples_count]: that of each sample from all others together, times the square root
 * of n m / (n + m), so that samples and questions of different sizes can be compared. 0 for a
 * sample without values, or where it has all of them. The values are in ascending order; working
 * memory comes from the arena. O(n) for all samples. */
void kolmogorov_among(double *distances, uint32_t samples_count,
                      const struct kolmogorov_value *sorted, size_t count, struct arena *arena);

/* The square root of n m / (n + m). */
double kolmogorov_scale(size_t first_count, size_t second_count);

#endif
