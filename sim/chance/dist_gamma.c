/* The gamma quantile as a table of log(x) over the normal score: gsl_cdf_gamma_Pinv takes 2.5 us a
 * call and gives NaN for small shapes. The slopes are exact, d log(x) / dz = phi(z) / (x f(x)), so
 * that the cubic between the knots is within about 1e-9 of the truth. */
#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>

#include "sim/base/check.h"
#include "sim/chance/dist_node.h"
#include "sim/chance/normal.h"

enum { KNOT_COUNT = 513, NEWTON_MAX = 200 };
static const double score_max = 8.25; /* Beyond every u of the grid of draw_uniform. */

/* log(x f(x)) at x = exp(y). */
static double log_density(double shape, double y)
{
    return shape * y - exp(y) - gsl_sf_lngamma(shape);
}

/* log P(X <= exp(y)); the leading terms of the series where exp(y) is too small for GSL. */
static double log_lower(double shape, double y)
{
    double x = exp(y);
    if (x < 1e-8)
        return shape * y - gsl_sf_lngamma(shape + 1) + log1p(-shape * x / (shape + 1));
    return log(gsl_cdf_gamma_P(x, shape, 1));
}

/* Solve P(X <= exp(y)) = P(Z <= z) by Newton's method on the logarithm of the smaller tail, which
 * is concave in y; `y` is a start nearby. */
static double solve(double shape, double z, double y)
{
    bool lower = z <= 0;
    double wanted = log(normal_cdf(lower ? z : -z));
    for (int i = 0; i < NEWTON_MAX; i++) {
        double tail = lower ? log_lower(shape, y) : log(gsl_cdf_gamma_Q(exp(y), shape, 1));
        double rate = exp(log_density(shape, y) - tail) * (lower ? 1 : -1);
        double step = fmin(fmax((tail - wanted) / rate, -1 / shape - 0.5), 0.5);
        y -= step;
        if (fabs(step) <= 1e-14 * fmax(1, fabs(y)))
            break;
    }
    CHECK(isfinite(y));
    return y;
}

struct dist *dist_make_gamma(struct arena *arena, enum dist_dimension dimension, double shape,
                             double scale)
{
    double *z = arena_take_array(arena, KNOT_COUNT, sizeof *z);
    double *y = arena_take_array(arena, KNOT_COUNT, sizeof *y);
    double *slope = arena_take_array(arena, KNOT_COUNT, sizeof *slope);
    double width = 2 * score_max / (KNOT_COUNT - 1);
    int middle = KNOT_COUNT / 2;
    double start = shape < 1 ? (log(0.5) + gsl_sf_lngamma(shape + 1)) / shape
                             : log(shape) + 3 * log(1 - 1 / (9 * shape));
    for (int i = 0; i < KNOT_COUNT; i++) {
        /* From the middle up, then from the middle down, each starting at its neighbour. */
        int knot = i <= middle ? middle + i : KNOT_COUNT - 1 - i;
        int back = i == 0 ? knot : i <= middle ? knot - 1 : knot + 1;
        z[knot] = (knot - middle) * width;
        double guess = i == 0 ? start : y[back] + slope[back] * (z[knot] - z[back]);
        y[knot] = solve(shape, z[knot], guess);
        slope[knot] =
            exp(-0.5 * z[knot] * z[knot] - 0.91893853320467274178 - log_density(shape, y[knot]));
    }
    struct dist *dist = dist_make(arena, DIST_GAMMA, dimension);
    dist->as.gamma.shape = shape;
    dist->as.gamma.scale = scale;
    dist->as.gamma.curve = dist_curve_build(arena, z, y, slope, KNOT_COUNT);
    dist->as.gamma.curve.logarithmic = true;
    dist_finish(dist);
    return dist;
}
