/* paired_proportions.h - the same units under two variants: who fails where.
 *
 * Each unit is judged twice, so the table has four cells: the property under both variants, under
 * one only, under neither. The difference of the shares rests on the two middle cells alone, and so
 * does McNemar's test: of the units that changed, how many changed each way?
 *
 * Limits: units are taken as independent of one another. Units of one replication are not
 * (cluster.h), so an experiment of many replications is judged by mean_pairs_interval, and this is
 * for one table that is all there is. Counts below 2^40 in all (checked). The program switches
 * GSL's error handler off.
 *
 * Source: R. G. Newcombe, Statistics in Medicine 17 (1998) 2635, method 10; Q. McNemar,
 * Psychometrika 12 (1947) 153; mid-p: M. W. Fagerland, S. Lydersen, P. Laake, BMC Medical Research
 * Methodology 13 (2013) 91.
 */
#ifndef SIM_STATS_PAIRED_PROPORTIONS_H
#define SIM_STATS_PAIRED_PROPORTIONS_H

#include <stdint.h>

#include "sim/stats/interval.h"

struct paired_proportions {
    uint64_t both_count;
    uint64_t only_first_count;
    uint64_t only_second_count;
    uint64_t neither_count;
};

/* Newcombe's interval of the share under the first variant minus that under the second. Never
 * without width: nothing changed in n units is not "nothing ever changes". */
struct interval paired_proportions_difference(const struct paired_proportions *units,
                                              double confidence);

/* Return the two-sided p of McNemar's exact test, and its mid-p, which is less conservative (nearly
 * always at or below its level). 1 where no unit changed. About 80 standard deviations of steps. */
double paired_proportions_exact(const struct paired_proportions *units);
double paired_proportions_mid(const struct paired_proportions *units);

#endif
