/* cluster.h - units that share a world are worth fewer than their number.
 *
 * The units of one replication share throttling, outages and capacity, so their outcomes are
 * correlated. The intraclass correlation (by analysis of variance) gives the design effect DEFF:
 * how many clustered units carry the information of one independent unit. Intervals for a share
 * then use n_eff = n / DEFF. DEFF below 1 is taken as 1: chance alone makes it so as often as not,
 * and intervals should not gain from it.
 *
 * Limits: 2^53 units. Sums are added in the order of the calls.
 *
 * Source: J. N. K. Rao, A. J. Scott, Biometrics 48 (1992) 577; the tests use the data of
 * K.-Y. Liang, S. L. Zeger, B. Qaqish, JRSS B 54 (1992) 3.
 */
#ifndef SIM_STATS_CLUSTER_H
#define SIM_STATS_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/stats/interval.h"

/* All zero is an empty one. */
struct cluster_tally {
    uint64_t cluster_count;
    uint64_t unit_count;
    uint64_t hit_count;
    double squared_sizes; /* Sum of n^2. */
    double scaled_hits;   /* Sum of x^2 / n. */
};

struct cluster_effect {
    bool is_known;      /* False for one cluster, no variation, or clusters of one unit only. */
    double correlation; /* Intraclass; may be negative. 0 where not known. */
    double design;      /* DEFF, at least 1; 1 where not known. */
    double effective;   /* n_eff; 0 for no units. */
};

/* Add a cluster of `units` units of which `hits` have the property. Empty ones do not count. */
void cluster_add(struct cluster_tally *tally, uint64_t units, uint64_t hits);

struct cluster_effect cluster_effect(const struct cluster_tally *tally);

/* proportion_* on the effective number of units. Where the design effect is not known, because
 * nothing was seen (or everything), they say that they assume independence. */
struct interval cluster_wilson(const struct cluster_tally *tally, double confidence);
struct interval cluster_clopper_pearson(const struct cluster_tally *tally, double confidence);
double cluster_upper_bound(const struct cluster_tally *tally, double confidence);

#endif
