/* fit_law.h - the likelihoods behind fit.h, family by family; for the files fit*.c only.
 *
 * Maximisers take points and write the law. All work on any scale of the values. */
#ifndef SIM_CHANCE_FIT_LAW_H
#define SIM_CHANCE_FIT_LAW_H

#include "sim/chance/fit.h"

/* Group the times, which are sorted, into at most `points_max` points for those that ended and the
 * censored each. Equal values are one point; only if there are too many different ones, neighbours
 * share a point at their geometric mean. */
struct fit_points fit_points_group(struct arena *arena, const struct empirical_time *times,
                                   size_t count, size_t points_max);

/* Maximise the likelihood of a family. `start` (may be NULL) is a law of the same family that is
 * near. False: there is no maximum. */
bool fit_maximise(const struct fit_points *points, enum fit_family family,
                  const struct fit_law *start, struct fit_law *law);

/* The mixture of `component_count` 1 (a lognormal, possibly censored) or 2. fit_mixture.c. */
bool fit_maximise_normal(const struct fit_points *points, uint32_t component_count,
                         const struct fit_law *start, struct fit_law *law);

/* Is a component of the mixture too narrow, or does it rest on too few rows (fit.h)? */
bool fit_is_at_limit(const struct fit_points *points, const struct fit_law *law);

/* Minimise a smooth function of `count` variables from `x` on, in place; it writes its gradient
 * too. Quasi-Newton (BFGS). False if it ran into a value that is not finite. */
enum { FIT_VARIABLES_MAX = 5 };
struct fit_problem {
    size_t count;
    double (*evaluate)(void *context, const double *x, double *gradient);
    void *context;
};
bool fit_minimise(const struct fit_problem *problem, double *x);

/* The distances of a law from sorted times. `estimate` stands for times with censored ones; if the
 * largest is one of those, the jump there is a convention and not compared. */
double fit_ks(const struct fit_law *law, const struct empirical_time *times, size_t count);
double fit_ks_censored(const struct fit_law *law, const struct empirical_estimate *estimate,
                       double last_ended, bool is_last_censored);
double fit_ad(const struct fit_law *law, const struct empirical_time *times, size_t count);

/* log P(Z > z) of the standard normal, and its hazard, density over P(Z > z). */
double fit_normal_log_above(double z);
double fit_normal_hazard(double z);

/* log P(X > x) of a gamma variate with scale 1. */
double fit_gamma_log_above(double shape, double x);

#endif
