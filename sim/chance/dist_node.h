/* dist_node.h - what a distribution is made of; for the files dist*.c only.
 *
 * A distribution is a small tree: leaves with closed forms or tables, `truncated` around one child,
 * `mixture` around several. shift() and scale() leave no node: they are pushed into the leaves
 * (dist_affine), so that an atom keeps one exact place however often it was moved.
 *
 *     Q(u)      dist_quantile        drawing; must be fast
 *     split     dist_split           P(X < x), P(X = x), P(X > x), each accurate where it is tiny
 *     M(x)      dist_partial_mean    E[X; X <= x]; the mean is M(infinity), and truncation needs M
 *     breaks    dist_breaks          the places where F is not smooth: ends, kinks and atoms
 */
#ifndef SIM_CHANCE_DIST_NODE_H
#define SIM_CHANCE_DIST_NODE_H

#include "sim/chance/dist.h"

enum dist_kind {
    DIST_CONSTANT,
    DIST_UNIFORM,
    DIST_EXPONENTIAL,
    DIST_LOGNORMAL,
    DIST_NORMAL,
    DIST_WEIBULL,
    DIST_GAMMA,
    DIST_TRIANGULAR,
    DIST_STEPS,  /* discrete() and empirical(): atoms only */
    DIST_POINTS, /* quantiles(): straight lines between points */
    DIST_MIXTURE,
    DIST_TRUNCATED,
};

/* Where normal() ends, in sigma: beyond every u of the grid of draw_uniform. */
#define DIST_NORMAL_REACH 8.25

/* An index into a rising table: entry k of `first` is a lower bound for everything at k / count of
 * the way from `low` to the end, so that a look-up takes O(1) steps on average. */
struct dist_guide {
    double low, per_step; /* k = (value - low) * per_step */
    uint32_t count;
    const uint32_t *first;
};

struct dist_steps {
    uint32_t count;
    const double *values;     /* rising */
    const double *cumulative; /* P(X <= values[i]); the last one is 1 */
    const double *above;      /* P(X > values[i]) */
    struct dist_guide guide;  /* over `cumulative` */
};

struct dist_points {
    uint32_t count;
    const double *values;        /* never falling; two equal neighbours are an atom */
    const double *probabilities; /* rising from 0 to 1 */
    struct dist_guide guide;     /* over `probabilities` */
};

/* A monotone piecewise cubic (Hermite) y(z) of the normal score z = normal_quantile(u). In that
 * variable quantile functions are smooth and tame in both tails. */
struct dist_curve {
    uint32_t count;
    bool logarithmic; /* The value is exp(y). */
    const double *z, *y, *slope;
    struct dist_guide guide; /* over `z` */
};

/* One stretch of u of a mixture: (u_high of the piece before, u_high]. */
struct dist_piece {
    double u_low, u_high;
    const struct dist *single;      /* Only this component lives here: exact. */
    const struct dist_curve *curve; /* Several do: a table. */
    double value;                   /* Neither: an atom. */
};

struct dist_component {
    double weight;
    const struct dist *dist;
};

struct dist_mixture {
    uint32_t component_count, piece_count;
    const struct dist_component *components;
    const struct dist_piece *pieces;
};

struct dist {
    enum dist_kind kind;
    enum dist_dimension dimension;
    double min, max, mean;
    int64_t typical; /* Rounded as a variate of u = 1/2 is; kept for what was parsed. */
    bool has_typical;
    const char *text;
    double offset; /* Added to exponential, lognormal, normal, Weibull and gamma variates. */
    union {
        struct {
            double mean;
        } exponential;
        struct {
            double mu, sigma;
        } lognormal;
        struct {
            double sigma; /* The mean is the offset. */
        } normal;
        struct {
            double shape, inverse_shape, scale;
        } weibull;
        struct {
            double shape, scale;
            struct dist_curve curve; /* of log(x / scale) */
        } gamma;
        struct {
            double mode;
        } triangular;
        struct dist_steps steps;
        struct dist_points points;
        struct dist_mixture mixture;
        struct {
            const struct dist *child;
            double u_low, above_high, mass; /* P(X < min), P(X > max), what is between */
            double partial_mean_low;        /* E[X; X < min] */
        } truncated;
    } as;
};

struct dist_split {
    double below, equal, above; /* P(X < x), P(X = x), P(X > x) */
};

/* A growing list of places, in an arena. */
struct dist_breaks {
    struct arena *arena;
    double *places;
    size_t count, room;
};

struct dist_split dist_split(const struct dist *dist, double x);
double dist_partial_mean(const struct dist *dist, double x);
/* The density of the continuous part, between breaks. */
double dist_density(const struct dist *dist, double x);
void dist_breaks(const struct dist *dist, struct dist_breaks *breaks);

/* Fill in min, max and mean of a node whose kind and parameters stand. */
void dist_finish(struct dist *dist);

/* Work the typical value out once and for all, before anybody else sees the distribution. */
void dist_keep_typical(struct dist *dist);

/* Build the guide of a rising table. */
struct dist_guide dist_guide_build(struct arena *arena, const double *edges, uint32_t count);
/* Return the first i with edges[i] >= value, or count - 1. */
uint32_t dist_guide_find(const struct dist_guide *guide, const double *edges, uint32_t count,
                         double value);

/* Make nodes. The parameters are valid: who parses has checked them. `values` never fall. */
struct dist *dist_make(struct arena *arena, enum dist_kind kind, enum dist_dimension dimension);
struct dist *dist_make_range(struct arena *arena, enum dist_dimension dimension, double min,
                             double max);
struct dist *dist_make_steps(struct arena *arena, enum dist_dimension dimension,
                             const struct dist_steps *steps);
struct dist *dist_make_points(struct arena *arena, enum dist_dimension dimension,
                              const struct dist_points *points);
struct dist *dist_make_gamma(struct arena *arena, enum dist_dimension dimension, double shape,
                             double scale);
struct dist *dist_make_truncated(struct arena *arena, const struct dist *child, double min,
                                 double max);
/* NULL and `error` if the components have more than DIST_BREAKS_MAX breaks. */
struct dist *dist_make_mixture(struct arena *arena, const struct dist_component *components,
                               uint32_t count, struct error *error);
enum { DIST_BREAKS_MAX = 4096 };

/* Return the distribution of factor * X + offset, factor > 0; NULL as dist_make_mixture. */
struct dist *dist_affine(struct arena *arena, const struct dist *dist, double factor, double offset,
                         struct error *error);

/* A curve through `count` >= 2 points, z rising and y never falling. Slopes are cut where a cubic
 * would not be monotone (to three times the lesser chord: Fritsch and Carlson, SIAM J. Numer. Anal.
 * 17 (1980) 238); they may be infinite. */
struct dist_curve dist_curve_build(struct arena *arena, const double *z, const double *y,
                                   const double *slope, uint32_t count);
double dist_curve_at(const struct dist_curve *curve, double z);

#endif
