/* discrete.h - exact tails of the binomial and the hypergeometric distribution.
 *
 * Neighbouring probabilities have a simple ratio, so everything follows from one walk outwards from
 * the mode, whose weight is set to 1: no factorials, no logarithms, and equally likely values come
 * out equal to about 1e-13, which a two-sided test needs in order to see ties. GSL computes both
 * from logarithms of factorials, which costs a digit for every power of ten of the count, and its
 * incomplete beta function gives NaN between 10^6 and 10^7.
 *
 * Limits: counts up to 2^40 (checked). What is less likely than about 1e-300 times the mode comes
 * out as 0. Cost: about 80 standard deviations of steps, that is 40,000 for a million fair coins.
 *
 * Source: for `as_rare`, the tolerance of R's fisher.test.
 */
#ifndef SIM_STATS_DISCRETE_H
#define SIM_STATS_DISCRETE_H

#include <stdint.h>

#define DISCRETE_COUNT_MAX ((uint64_t)1 << 40)

/* How a random X lies around one value; below + at + above = 1 up to rounding. */
struct discrete_tails {
    double below;
    double at;
    double above;
    double as_rare; /* All values that are at most (1 + 1e-7) times as likely as this one. */
};

/* X hits in `count` trials of chance `share` in [0, 1]. value <= count. */
struct discrete_tails discrete_binomial(uint64_t value, uint64_t count, double share);

/* An urn of which `marked_count` of `total_count` are marked and `drawn_count` are drawn. */
struct discrete_urn {
    uint64_t total_count;
    uint64_t marked_count;
    uint64_t drawn_count;
};

/* X marked ones among the drawn. The value must be possible. */
struct discrete_tails discrete_hypergeometric(uint64_t value, const struct discrete_urn *urn);

#endif
