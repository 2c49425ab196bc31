/* shapley.h - what each of several factors contributes to a whole.
 *
 * values[mask] is the worth of the factors whose bits are set in `mask`. The share of a factor is
 * what it adds to the ones before it, averaged over all orders in which the factors could come. The
 * shares add up to values[all] - values[0]; a factor that never adds anything gets 0; factors that
 * can be exchanged get the same. Linear in the values, so means and replications may change places.
 *
 * O(2^factors). Limit: SHAPLEY_FACTORS_MAX.
 *
 * Source: L. S. Shapley, A value for n-person games, Annals of Mathematics Studies 28 (1953) 307.
 */
#ifndef SIM_STATS_SHAPLEY_H
#define SIM_STATS_SHAPLEY_H

#include <stddef.h>

enum { SHAPLEY_FACTORS_MAX = 16 };

/* Return the share of the factor of that bit; values[1 << factor_count]. */
double shapley_share(const double *values, size_t factor_count, size_t factor);

#endif
