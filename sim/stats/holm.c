#include "sim/stats/holm.h"

#include <math.h>

#include <gsl/gsl_sort.h>

#include "sim/base/check.h"

void holm_adjust(double *adjusted, const double *p_values, size_t count, struct arena *arena)
{
    if (count == 0)
        return;
    size_t *order = arena_take_array(arena, count, sizeof *order);
    gsl_sort_index(order, p_values, 1, count);
    double least = 0;
    for (size_t i = 0; i < count; i++) {
        double p = p_values[order[i]];
        CHECK(p >= 0 && p <= 1);
        least = fmin(1, fmax(least, p * (double)(count - i)));
        adjusted[order[i]] = least;
    }
}
