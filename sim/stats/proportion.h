/* proportion.h - intervals for a share of units: Wilson, Clopper-Pearson, Jeffreys.
 *
 * All take real numbers, so that clustered units can enter with their effective sample size
 * (cluster.h): `count` = n / DEFF and `hits` = p count. With no units the state is "no data". No
 * Wald interval: it is wrong where failures are rare, which is where it matters.
 *
 * Limits: 0 <= hits <= count <= 1e12 (GSL's beta goes wrong from 1e14 on); confidence in (0, 1).
 * About 100 incomplete beta functions for each limit of Clopper-Pearson and Jeffreys (some 20 us).
 * The program switches GSL's error handler off.
 *
 * Source: R. G. Newcombe, Statistics in Medicine 17 (1998) 857; L. D. Brown, T. T. Cai,
 * A. DasGupta, Statistical Science 16 (2001) 101.
 */
#ifndef SIM_STATS_PROPORTION_H
#define SIM_STATS_PROPORTION_H

#include "sim/stats/interval.h"

/* Score interval. The lower limit is exactly 0 for no hits, the upper exactly 1 for all. */
struct interval proportion_wilson(double hits, double count, double confidence);

/* "Exact" interval: covers at least as often as it says. */
struct interval proportion_clopper_pearson(double hits, double count, double confidence);

/* Equal-tailed interval of the Beta(1/2, 1/2) prior, closed at 0 for no hits and at 1 for all. */
struct interval proportion_jeffreys(double hits, double count, double confidence);

/* Return the one-sided upper limit (Clopper-Pearson): with this confidence the share is at most
 * that. For no hits it is 1 - (1 - confidence)^(1 / count); for no units it is 1. */
double proportion_upper_bound(double hits, double count, double confidence);

/* Return the x in [0, 1] where the Beta(a, b) distribution has `tail` below it, or above it. GSL's
 * own inverse fails for arguments that occur; this bisects and does not. a, b > 0. */
double proportion_beta_lower(double tail, double a, double b);
double proportion_beta_upper(double tail, double a, double b);

#endif
