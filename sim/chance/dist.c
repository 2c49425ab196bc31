#include "sim/chance/dist.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include "sim/base/check.h"
#include "sim/chance/dist_node.h"
#include "sim/chance/normal.h"

/* -log(1 - u). On the grid of draw_uniform 1 - u is exact; below it (a rescaled u inside a mixture)
 * log1p keeps the small ones. */
static double exponential_score(double u)
{
    return u < 0x1p-10 ? -log1p(-u) : -log(1 - u);
}

static double triangular_quantile(const struct dist *dist, double u)
{
    double width = dist->max - dist->min;
    double left = dist->as.triangular.mode - dist->min;
    if (u * width <= left)
        return dist->min + sqrt(u * width * left);
    return fmax(dist->max - sqrt((1 - u) * width * (width - left)), dist->as.triangular.mode);
}

static double points_quantile(const struct dist_points *points, double u)
{
    uint32_t i = dist_guide_find(&points->guide, points->probabilities, points->count, u);
    if (i == 0)
        return points->values[0];
    double low = points->values[i - 1], high = points->values[i];
    double start = points->probabilities[i - 1];
    double share = (u - start) / (points->probabilities[i] - start);
    return fmin(low + (high - low) * share, high);
}

static double mixture_quantile(const struct dist_mixture *mixture, double u)
{
    uint32_t low = 0, high = mixture->piece_count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (mixture->pieces[middle].u_high < u)
            low = middle + 1;
        else
            high = middle;
    }
    const struct dist_piece *piece = &mixture->pieces[low];
    if (piece->curve != NULL)
        return dist_curve_at(piece->curve, normal_quantile(u));
    if (piece->single == NULL)
        return piece->value;
    /* The upper end is taken from the upper side, where 1 - u is exact. */
    double width = piece->u_high - piece->u_low;
    double share = u - piece->u_low < 0.5 * width ? (u - piece->u_low) / width
                                                  : 1 - (piece->u_high - u) / width;
    return dist_quantile(piece->single, fmin(fmax(share, 0x1p-1000), 1 - 0x1p-53));
}

static double truncated_quantile(const struct dist *dist, double u)
{
    double inner = dist->as.truncated.u_low + u * dist->as.truncated.mass;
    inner = fmin(fmax(inner, 0x1p-1000), 1 - 0x1p-53);
    return fmin(fmax(dist_quantile(dist->as.truncated.child, inner), dist->min), dist->max);
}

double dist_quantile(const struct dist *dist, double u)
{
    switch (dist->kind) {
    case DIST_CONSTANT: return dist->min;
    case DIST_UNIFORM: return fmin(dist->min + u * (dist->max - dist->min), dist->max);
    case DIST_EXPONENTIAL: return dist->offset + dist->as.exponential.mean * exponential_score(u);
    case DIST_LOGNORMAL:
        return dist->offset +
               exp(dist->as.lognormal.mu + dist->as.lognormal.sigma * normal_quantile(u));
    case DIST_NORMAL:
        return fmin(fmax(dist->offset + dist->as.normal.sigma * normal_quantile(u), dist->min),
                    dist->max);
    case DIST_WEIBULL:
        return dist->offset +
               dist->as.weibull.scale * pow(exponential_score(u), dist->as.weibull.inverse_shape);
    case DIST_GAMMA:
        return dist->offset +
               dist->as.gamma.scale * dist_curve_at(&dist->as.gamma.curve, normal_quantile(u));
    case DIST_TRIANGULAR: return triangular_quantile(dist, u);
    case DIST_STEPS:
        return dist->as.steps.values[dist_guide_find(
            &dist->as.steps.guide, dist->as.steps.cumulative, dist->as.steps.count, u)];
    case DIST_POINTS: return points_quantile(&dist->as.points, u);
    case DIST_MIXTURE: return mixture_quantile(&dist->as.mixture, u);
    case DIST_TRUNCATED: return truncated_quantile(dist, u);
    }
    check_failed(__FILE__, __LINE__, "a distribution of a known kind");
}

int64_t dist_duration_ns(const struct dist *dist, double u)
{
    CHECK(dist->dimension == DIST_DURATION);
    double value = dist_quantile(dist, u);
    if (!(value > 0))
        return 0;
    if (value >= (double)DIST_DURATION_MAX_NS)
        return DIST_DURATION_MAX_NS;
    return (int64_t)(value * 1e-3 + 0.5) * UNITS_US;
}

int64_t dist_count(const struct dist *dist, double u)
{
    CHECK(dist->dimension == DIST_NUMBER);
    return (int64_t)fmin(fmax(floor(dist_quantile(dist, u) + 0.5), -0x1p53), 0x1p53);
}

static int64_t round_typical(const struct dist *dist)
{
    return dist->dimension == DIST_DURATION ? dist_duration_ns(dist, 0.5) : dist_count(dist, 0.5);
}

void dist_keep_typical(struct dist *dist)
{
    dist->typical = round_typical(dist);
    dist->has_typical = true;
}

int64_t dist_typical(const struct dist *dist)
{
    return dist->has_typical ? dist->typical : round_typical(dist);
}

static struct dist_split split_steps(const struct dist_steps *steps, double x)
{
    uint32_t low = 0, high = steps->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (steps->values[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    double below = low == 0 ? 0 : steps->cumulative[low - 1];
    double not_below = low == 0 ? 1 : steps->above[low - 1];
    if (low == steps->count || steps->values[low] > x)
        return (struct dist_split){below, 0, not_below};
    double equal = steps->cumulative[low] - below;
    return (struct dist_split){below, equal, steps->above[low]};
}

/* P(X < x) for `strict`, else P(X <= x). */
static double points_cdf(const struct dist_points *points, double x, bool strict)
{
    uint32_t i = 0;
    while (i < points->count && (strict ? points->values[i] < x : points->values[i] <= x))
        i++;
    if (i == 0)
        return 0;
    if (i == points->count)
        return 1;
    double low = points->values[i - 1], high = points->values[i];
    double share = (x - low) / (high - low);
    return points->probabilities[i - 1] +
           share * (points->probabilities[i] - points->probabilities[i - 1]);
}

static struct dist_split split_bounded(const struct dist *dist, double x)
{
    double width = dist->max - dist->min;
    double from_min = x - dist->min, to_max = dist->max - x;
    if (from_min <= 0)
        return (struct dist_split){0, 0, 1};
    if (to_max <= 0)
        return (struct dist_split){1, 0, 0};
    if (dist->kind == DIST_UNIFORM)
        return (struct dist_split){from_min / width, 0, to_max / width};
    double left = dist->as.triangular.mode - dist->min;
    if (from_min <= left) {
        double below = from_min * from_min / (width * left);
        return (struct dist_split){below, 0, 1 - below};
    }
    double above = to_max * to_max / (width * (width - left));
    return (struct dist_split){1 - above, 0, above};
}

static struct dist_split split_normal(const struct dist *dist, double x)
{
    if (x <= dist->min)
        return (struct dist_split){0, 0, 1};
    if (x >= dist->max)
        return (struct dist_split){1, 0, 0};
    double z = (x - dist->offset) / dist->as.normal.sigma;
    return (struct dist_split){normal_cdf(z), 0, normal_cdf(-z)};
}

static struct dist_split split_unbounded(const struct dist *dist, double x)
{
    double t = x - dist->offset;
    if (t <= 0)
        return (struct dist_split){0, 0, 1};
    if (isinf(t))
        return (struct dist_split){1, 0, 0};
    if (dist->kind == DIST_LOGNORMAL) {
        double z = (log(t) - dist->as.lognormal.mu) / dist->as.lognormal.sigma;
        return (struct dist_split){normal_cdf(z), 0, normal_cdf(-z)};
    }
    if (dist->kind == DIST_GAMMA) {
        double shape = dist->as.gamma.shape, scaled = t / dist->as.gamma.scale;
        return (struct dist_split){gsl_cdf_gamma_P(scaled, shape, 1), 0,
                                   gsl_cdf_gamma_Q(scaled, shape, 1)};
    }
    double score = dist->kind == DIST_EXPONENTIAL
                       ? t / dist->as.exponential.mean
                       : pow(t / dist->as.weibull.scale, dist->as.weibull.shape);
    return (struct dist_split){-expm1(-score), 0, exp(-score)};
}

static struct dist_split split_mixture(const struct dist_mixture *mixture, double x)
{
    struct dist_split sum = {0, 0, 0};
    for (uint32_t i = 0; i < mixture->component_count; i++) {
        const struct dist_component *component = &mixture->components[i];
        struct dist_split part = dist_split(component->dist, x);
        sum.below += component->weight * part.below;
        sum.equal += component->weight * part.equal;
        sum.above += component->weight * part.above;
    }
    return sum;
}

static struct dist_split split_truncated(const struct dist *dist, double x)
{
    if (x < dist->min)
        return (struct dist_split){0, 0, 1};
    if (x > dist->max)
        return (struct dist_split){1, 0, 0};
    struct dist_split whole = dist_split(dist->as.truncated.child, x);
    double mass = dist->as.truncated.mass;
    double below = fmax(0, whole.below - dist->as.truncated.u_low) / mass;
    double equal = whole.equal / mass;
    double above = fmax(0, whole.above - dist->as.truncated.above_high);
    return (struct dist_split){below, equal, above / mass};
}

struct dist_split dist_split(const struct dist *dist, double x)
{
    switch (dist->kind) {
    case DIST_CONSTANT: return (struct dist_split){dist->min<x, dist->min == x, dist->min> x};
    case DIST_UNIFORM:
    case DIST_TRIANGULAR: return split_bounded(dist, x);
    case DIST_EXPONENTIAL:
    case DIST_LOGNORMAL:
    case DIST_WEIBULL:
    case DIST_GAMMA: return split_unbounded(dist, x);
    case DIST_NORMAL: return split_normal(dist, x);
    case DIST_STEPS: return split_steps(&dist->as.steps, x);
    case DIST_POINTS: {
        double below = points_cdf(&dist->as.points, x, true);
        double up_to = points_cdf(&dist->as.points, x, false);
        return (struct dist_split){below, up_to - below, 1 - up_to};
    }
    case DIST_MIXTURE: return split_mixture(&dist->as.mixture, x);
    case DIST_TRUNCATED: return split_truncated(dist, x);
    }
    check_failed(__FILE__, __LINE__, "a distribution of a known kind");
}

static double density_unbounded(const struct dist *dist, double x)
{
    double t = x - dist->offset;
    if (t <= 0)
        return 0;
    if (dist->kind == DIST_LOGNORMAL)
        return gsl_ran_lognormal_pdf(t, dist->as.lognormal.mu, dist->as.lognormal.sigma);
    if (dist->kind == DIST_GAMMA)
        return gsl_ran_gamma_pdf(t, dist->as.gamma.shape, dist->as.gamma.scale);
    if (dist->kind == DIST_WEIBULL)
        return gsl_ran_weibull_pdf(t, dist->as.weibull.scale, dist->as.weibull.shape);
    return gsl_ran_exponential_pdf(t, dist->as.exponential.mean);
}

static double density_normal(const struct dist *dist, double x)
{
    return x > dist->min && x < dist->max
               ? gsl_ran_gaussian_pdf(x - dist->offset, dist->as.normal.sigma)
               : 0;
}

static double density_points(const struct dist_points *points, double x)
{
    for (uint32_t i = 1; i < points->count; i++)
        if (x > points->values[i - 1] && x < points->values[i])
            return (points->probabilities[i] - points->probabilities[i - 1]) /
                   (points->values[i] - points->values[i - 1]);
    return 0;
}

static double density_bounded(const struct dist *dist, double x)
{
    if (x <= dist->min || x >= dist->max)
        return 0;
    double height = 1 / (dist->max - dist->min), mode = dist->as.triangular.mode;
    if (dist->kind == DIST_UNIFORM)
        return height;
    return x < mode ? 2 * height * (x - dist->min) / (mode - dist->min)
                    : 2 * height * (dist->max - x) / (dist->max - mode);
}

double dist_density(const struct dist *dist, double x)
{
    switch (dist->kind) {
    case DIST_CONSTANT:
    case DIST_STEPS: return 0;
    case DIST_UNIFORM:
    case DIST_TRIANGULAR: return density_bounded(dist, x);
    case DIST_EXPONENTIAL:
    case DIST_LOGNORMAL:
    case DIST_WEIBULL:
    case DIST_GAMMA: return density_unbounded(dist, x);
    case DIST_NORMAL: return density_normal(dist, x);
    case DIST_POINTS: return density_points(&dist->as.points, x);
    case DIST_MIXTURE: {
        double sum = 0;
        for (uint32_t i = 0; i < dist->as.mixture.component_count; i++)
            sum += dist->as.mixture.components[i].weight *
                   dist_density(dist->as.mixture.components[i].dist, x);
        return sum;
    }
    case DIST_TRUNCATED:
        return x > dist->min && x < dist->max
                   ? dist_density(dist->as.truncated.child, x) / dist->as.truncated.mass
                   : 0;
    }
    check_failed(__FILE__, __LINE__, "a distribution of a known kind");
}

double dist_cdf(const struct dist *dist, double x)
{
    struct dist_split split = dist_split(dist, x);
    return fmin(split.below + split.equal, 1);
}

double dist_tail(const struct dist *dist, double x)
{
    struct dist_split split = dist_split(dist, x);
    return fmin(split.equal + split.above, 1);
}

static double partial_mean_bounded(const struct dist *dist, double x)
{
    double a = dist->min, b = dist->max;
    x = fmin(fmax(x, a), b);
    if (dist->kind == DIST_UNIFORM)
        return (x - a) * (x + a) / (2 * (b - a));
    /* The density rises from a to the mode m and falls to b; both sides are cubics. */
    double m = dist->as.triangular.mode;
    double d = fmin(x, m) - a, sum = 0;
    if (m > a)
        sum += 2 / ((b - a) * (m - a)) * d * d * (d / 3 + a / 2);
    if (x > m) {
        double whole = b - m, left = b - x;
        sum += 2 / ((b - a) * whole) *
               (b / 2 * (whole * whole - left * left) -
                (whole * whole * whole - left * left * left) / 3);
    }
    return sum;
}

/* E[X - offset; X <= x] of the unbounded kinds. */
static double partial_mean_unbounded(const struct dist *dist, double x)
{
    double t = x - dist->offset;
    if (t <= 0)
        return 0;
    if (dist->kind == DIST_LOGNORMAL) {
        double mu = dist->as.lognormal.mu, sigma = dist->as.lognormal.sigma;
        return exp(mu + 0.5 * sigma * sigma) * normal_cdf((log(t) - mu) / sigma - sigma);
    }
    if (dist->kind == DIST_EXPONENTIAL) {
        double mean = dist->as.exponential.mean, score = t / mean;
        return isinf(t) ? mean : mean * (-expm1(-score) - score * exp(-score));
    }
    bool is_gamma = dist->kind == DIST_GAMMA;
    double shape = is_gamma ? dist->as.gamma.shape + 1 : 1 + dist->as.weibull.inverse_shape;
    double mean = is_gamma ? dist->as.gamma.shape * dist->as.gamma.scale
                           : dist->as.weibull.scale * tgamma(shape);
    if (isinf(t))
        return mean;
    double score = is_gamma ? t / dist->as.gamma.scale
                            : pow(t / dist->as.weibull.scale, dist->as.weibull.shape);
    return isinf(score) ? mean : mean * gsl_cdf_gamma_P(score, shape, 1);
}

/* E[X - offset; X <= x] is -sigma phi(z), or what is left of it at the ends: nothing. */
static double partial_mean_normal(const struct dist *dist, double x)
{
    double own = x > dist->min && x < dist->max ? dist->as.normal.sigma : 0;
    return dist->offset * dist_cdf(dist, x) -
           own * own * gsl_ran_gaussian_pdf(x - dist->offset, dist->as.normal.sigma);
}

static double partial_mean_points(const struct dist_points *points, double x)
{
    double sum = 0;
    for (uint32_t i = 1; i < points->count; i++) {
        double low = points->values[i - 1], high = points->values[i];
        double mass = points->probabilities[i] - points->probabilities[i - 1];
        if (x >= high)
            sum += mass * 0.5 * (low + high);
        else if (x > low)
            sum += mass * (x - low) / (high - low) * 0.5 * (low + x);
    }
    return sum;
}

static double partial_mean_steps(const struct dist_steps *steps, double x)
{
    double sum = 0;
    for (uint32_t i = 0; i < steps->count && steps->values[i] <= x; i++)
        sum += steps->values[i] * (steps->cumulative[i] - (i == 0 ? 0 : steps->cumulative[i - 1]));
    return sum;
}

double dist_partial_mean(const struct dist *dist, double x)
{
    switch (dist->kind) {
    case DIST_CONSTANT: return dist->min <= x ? dist->min : 0;
    case DIST_UNIFORM:
    case DIST_TRIANGULAR: return partial_mean_bounded(dist, x);
    case DIST_EXPONENTIAL:
    case DIST_LOGNORMAL:
    case DIST_WEIBULL:
    case DIST_GAMMA: {
        double own = partial_mean_unbounded(dist, x);
        return dist->offset == 0 ? own : own + dist->offset * dist_cdf(dist, x);
    }
    case DIST_NORMAL: return partial_mean_normal(dist, x);
    case DIST_STEPS: return partial_mean_steps(&dist->as.steps, x);
    case DIST_POINTS: return partial_mean_points(&dist->as.points, x);
    case DIST_MIXTURE: {
        double sum = 0;
        for (uint32_t i = 0; i < dist->as.mixture.component_count; i++)
            sum += dist->as.mixture.components[i].weight *
                   dist_partial_mean(dist->as.mixture.components[i].dist, x);
        return sum;
    }
    case DIST_TRUNCATED:
        if (x < dist->min)
            return 0;
        return (dist_partial_mean(dist->as.truncated.child, fmin(x, dist->max)) -
                dist->as.truncated.partial_mean_low) /
               dist->as.truncated.mass;
    }
    check_failed(__FILE__, __LINE__, "a distribution of a known kind");
}

double dist_mean(const struct dist *dist)
{
    return dist->mean;
}

double dist_min(const struct dist *dist)
{
    return dist->min;
}

double dist_max(const struct dist *dist)
{
    return dist->max;
}

bool dist_is_constant(const struct dist *dist)
{
    return dist->min == dist->max;
}

enum dist_dimension dist_dimension(const struct dist *dist)
{
    return dist->dimension;
}

const char *dist_print(const struct dist *dist)
{
    return dist->text;
}
