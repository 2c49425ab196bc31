/* odds.h - the ratio of odds that strata have in common, each a table of two groups.
 *
 * Is a condition bound to failure only because it often goes with another one? Within a stratum the
 * other one is the same for all; Mantel and Haenszel's estimator puts the tables of all strata
 * together without pretending that their failure rates are equal. A ratio near 1 says that the
 * condition adds nothing to what the strata are made by.
 *
 *     OR = sum(a d / n) / sum(b c / n)      a, b: hits and misses of the first group, c, d: second
 *
 * Where one of the two sums is 0 there would be no logarithm: then each cell of each stratum in
 * which both groups have units gets 0.5, and the method says so. Real numbers are taken, so that
 * clustered units can enter with their effective number (cluster.h).
 *
 * Limits: 0 <= hits <= count <= 1e12; confidence in (0, 1).
 *
 * Source: N. Mantel, W. Haenszel, J. Natl. Cancer Inst. 22 (1959) 719; variance: J. Robins,
 * N. Breslow, S. Greenland, Biometrics 42 (1986) 311.
 */
#ifndef SIM_STATS_ODDS_H
#define SIM_STATS_ODDS_H

#include <stddef.h>

#include "sim/stats/interval.h"
#include "sim/stats/two_proportions.h"

/* Return the common ratio of odds, first group over second, with its interval. "No data" where no
 * stratum has hits and misses and both groups. */
struct interval odds_mantel_haenszel(const struct two_proportions *strata, size_t stratum_count,
                                     double confidence);

#endif
