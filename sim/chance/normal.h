/* normal.h - the standard normal distribution, fast enough to draw from.
 *
 * The inverse is algorithm AS 241 (PPND16): three rational approximations, relative error about
 * 1e-16. It is what gsl_cdf_ugaussian_Pinv computes too, at about half the cost.
 *
 * Source: M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution",
 * Applied Statistics 37 (1988) 477-484.
 */
#ifndef SIM_CHANCE_NORMAL_H
#define SIM_CHANCE_NORMAL_H

/* Return z with P(Z <= z) = u, for 0 < u < 1. */
double normal_quantile(double u);

/* Return P(Z <= z), accurate also where it is tiny. */
double normal_cdf(double z);

#endif
