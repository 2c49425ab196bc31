#include <math.h>

#include "sim/base/check.h"
#include "sim/chance/dist_node.h"

struct dist_guide dist_guide_build(struct arena *arena, const double *edges, uint32_t count)
{
    uint32_t *first = arena_take_array(arena, count, sizeof *first);
    double low = edges[0], width = edges[count - 1] - low;
    double per_step = width > 0 ? (double)count / width : 0;
    uint32_t i = 0;
    for (uint32_t k = 0; k < count; k++) {
        while (i + 1 < count && (edges[i] - low) * per_step < (double)k)
            i++;
        first[k] = i;
    }
    return (struct dist_guide){.low = low, .per_step = per_step, .count = count, .first = first};
}

uint32_t dist_guide_find(const struct dist_guide *guide, const double *edges, uint32_t count,
                         double value)
{
    double position = (value - guide->low) * guide->per_step;
    uint32_t k = position <= 0                     ? 0
                 : position < (double)guide->count ? (uint32_t)position
                                                   : guide->count - 1;
    uint32_t i = guide->first[k];
    /* Rounding may have put the start one too far; then it is stepped back. */
    while (i > 0 && edges[i - 1] >= value)
        i--;
    while (i + 1 < count && edges[i] < value)
        i++;
    return i;
}

struct dist_curve dist_curve_build(struct arena *arena, const double *z, const double *y,
                                   const double *slope, uint32_t count)
{
    CHECK(count >= 2);
    double *cut = arena_take_array(arena, count, sizeof *cut);
    double left_chord = INFINITY;
    for (uint32_t i = 0; i < count; i++) {
        double right_chord = INFINITY;
        if (i + 1 < count) {
            CHECK(z[i + 1] > z[i] && y[i + 1] >= y[i]);
            right_chord = (y[i + 1] - y[i]) / (z[i + 1] - z[i]);
        }
        cut[i] = fmin(fmax(slope[i], 0), 3 * fmin(left_chord, right_chord));
        left_chord = right_chord;
    }
    return (struct dist_curve){
        .count = count, .z = z, .y = y, .slope = cut, .guide = dist_guide_build(arena, z, count)};
}

double dist_curve_at(const struct dist_curve *curve, double z)
{
    uint32_t i = dist_guide_find(&curve->guide, curve->z, curve->count, z);
    if (i == 0)
        i = 1;
    double width = curve->z[i] - curve->z[i - 1];
    double t = fmin(fmax((z - curve->z[i - 1]) / width, 0), 1);
    double low = curve->y[i - 1], high = curve->y[i];
    double y = low + (high - low) * t * t * (3 - 2 * t) +
               width * t * (1 - t) * (curve->slope[i - 1] * (1 - t) - curve->slope[i] * t);
    y = fmin(fmax(y, low), high);
    return curve->logarithmic ? exp(y) : y;
}
