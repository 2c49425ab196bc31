/* holm.h - many comparisons, one promise: p values adjusted so that the chance of any false alarm
 * among them stays below the level.
 *
 * The least p is multiplied by the number of comparisons, the next by one less, and so on; an
 * adjusted value is never below the one before it, nor above 1. Nothing is assumed about how the
 * comparisons depend on each other, so it suits policies compared under common random numbers.
 *
 * Source: S. Holm, Scandinavian Journal of Statistics 6 (1979) 65.
 */
#ifndef SIM_STATS_HOLM_H
#define SIM_STATS_HOLM_H

#include <stddef.h>

#include "sim/base/arena.h"

/* Write the adjusted p values in the order of the given ones; both arrays have `count` elements and
 * may be the same. 0 <= p <= 1 (checked). Takes 8 bytes a value from the arena. O(n log n). */
void holm_adjust(double *adjusted, const double *p_values, size_t count, struct arena *arena);

#endif
