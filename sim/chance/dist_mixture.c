/* A mixture has no closed quantile. Its u axis is cut into pieces:
 *
 *     components whose supports do not overlap     own piece, exact: Q of the component, rescaled
 *     components that do, at an atom of one        own piece, exact: one value
 *     components that do, between two breaks       a curve through solved points
 *
 * The curve follows F closely: its knots are halved where the probability of what it draws is off
 * by more than a tolerance, so that a deep trough between two humps, which Q crosses almost in a
 * jump, and an end where Q rises like a root get as many as they need. */
#include <math.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/chance/dist_node.h"
#include "sim/chance/normal.h"

enum {
    KNOTS_WHOLE = 256,
    KNOTS_MIN = 4,
    REFINEMENTS_MAX = 40,
    KNOTS_MAX = 1 << 15,
    BISECTIONS_MAX = 2000
};
static const double score_max = 8.25; /* Beyond every u of the grid of draw_uniform. */
static const double tolerance = 1e-8; /* Of a probability, relative to the smaller tail. */
static const double width_min = 1e-7; /* Of the score: knots come no closer. */
static const double rounding = 2e-15; /* What a tail is not known better than. */

struct knot {
    double z, x;
};

/* One stretch between two breaks, `x_high` may be INFINITY. */
struct stretch {
    double x_low, x_high, z_low, z_high;
};

struct builder {
    struct arena *arena;
    struct dist *dist; /* Components stand; pieces are being added. */
    struct dist_piece *pieces;
    uint32_t piece_count;
};

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int compare_components(const void *a, const void *b)
{
    const struct dist_component *x = a, *y = b;
    if (x->dist->min != y->dist->min)
        return x->dist->min < y->dist->min ? -1 : 1;
    return (x->dist->max > y->dist->max) - (x->dist->max < y->dist->max);
}

/* The normal score of a pair of tails, from the smaller one. */
static double score(double below, double above)
{
    double z = below < above ? (below <= 0 ? -score_max : normal_quantile(below))
                             : (above <= 0 ? score_max : -normal_quantile(above));
    return fmin(fmax(z, -score_max), score_max);
}

static bool is_reached(const struct dist *dist, double x, double z)
{
    struct dist_split split = dist_split(dist, x);
    return z < 0 ? split.below + split.equal >= normal_cdf(z) : split.above <= normal_cdf(-z);
}

/* The smallest x in [low, high] whose score is at least z, where the score is continuous. */
static double solve(const struct dist *dist, double z, double low, double high)
{
    if (isinf(high)) {
        double width = fmax(fabs(low), 1);
        for (high = low + width; !is_reached(dist, high, z) && width < 1e300; high = low + width)
            width *= 2;
    }
    for (int i = 0; i < BISECTIONS_MAX && high - low > 1e-15 * fabs(high); i++) {
        /* Geometric steps while the ends are of different orders, or zero would take forever. */
        double middle = low > 0 && high > 4 * low ? sqrt(low) * sqrt(high) : low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (is_reached(dist, middle, z))
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* The first knots: evenly over the score. */
static size_t make_knots(const struct dist *dist, const struct stretch *stretch, struct knot *knots)
{
    double whole = stretch->z_high - stretch->z_low;
    size_t count = KNOTS_MIN + (size_t)(KNOTS_WHOLE * whole / (2 * score_max));
    double width = whole / (double)(count - 1);
    double x = stretch->x_low;
    for (size_t i = 0; i < count; i++) {
        double z = i + 1 == count ? stretch->z_high : stretch->z_low + width * (double)i;
        bool is_low_end = i == 0 && z > -score_max;
        bool is_high_end = i + 1 == count && z < score_max;
        x = is_low_end    ? stretch->x_low
            : is_high_end ? stretch->x_high
                          : solve(dist, z, x, stretch->x_high);
        knots[i] = (struct knot){z, x};
    }
    return count;
}

/* dx/dz = phi(z) / f(x) at a knot. The density may jump at the ends of a stretch, so there it is
 * taken a little inside. */
static double slope_at(const struct dist *dist, const struct knot *knots, size_t i, size_t count)
{
    double x = knots[i].x;
    if (i == 0)
        x += 1e-6 * (knots[1].x - x);
    if (i + 1 == count)
        x -= 1e-6 * (x - knots[i - 1].x);
    double z = knots[i].z;
    return exp(-0.5 * z * z - 0.91893853320467274178) / dist_density(dist, x);
}

static struct dist_curve make_curve(struct arena *arena, const struct dist *dist,
                                    const struct knot *knots, size_t count)
{
    double *z = arena_take_array(arena, count, sizeof *z);
    double *y = arena_take_array(arena, count, sizeof *y);
    double *slope = arena_take_array(arena, count, sizeof *slope);
    bool logarithmic = knots[0].x > 0;
    for (size_t i = 0; i < count; i++) {
        z[i] = knots[i].z;
        y[i] = logarithmic ? log(knots[i].x) : knots[i].x;
        slope[i] = slope_at(dist, knots, i, count) / (logarithmic ? knots[i].x : 1);
    }
    struct dist_curve curve = dist_curve_build(arena, z, y, slope, (uint32_t)count);
    curve.logarithmic = logarithmic;
    return curve;
}

/* Does the curve draw with the right probability between two knots? */
static bool is_close(const struct dist *dist, const struct dist_curve *curve,
                     const struct knot *knot)
{
    for (int quarter = 1; quarter <= 3; quarter++) {
        double z = knot[0].z + 0.25 * quarter * (knot[1].z - knot[0].z);
        struct dist_split split = dist_split(dist, dist_curve_at(curve, z));
        double tail = normal_cdf(-fabs(z));
        double error = z < 0 ? split.below + split.equal - tail : split.above - tail;
        if (fabs(error) > tolerance * tail + rounding)
            return false;
    }
    return true;
}

/* Copy the knots of `from` to `to`, with one more in the middle wherever the curve is not close. */
static size_t refine(const struct dist *dist, const struct dist_curve *curve,
                     const struct knot *from, struct knot *to)
{
    size_t count = 0;
    for (uint32_t i = 0; i + 1 < curve->count; i++) {
        to[count++] = from[i];
        double z = 0.5 * (from[i].z + from[i + 1].z);
        if (from[i + 1].z - from[i].z > width_min && !is_close(dist, curve, &from[i]))
            to[count++] = (struct knot){z, solve(dist, z, from[i].x, from[i + 1].x)};
    }
    to[count++] = from[curve->count - 1];
    return count;
}

/* Make the curve of a stretch; what is tried on the way goes to an arena of its own. */
static const struct dist_curve *follow(struct arena *arena, const struct dist *dist,
                                       const struct stretch *stretch)
{
    struct arena *scratch = arena_create("mixture", 0);
    struct knot *knots = arena_take_array(scratch, KNOTS_MIN + KNOTS_WHOLE + 1, sizeof *knots);
    size_t count = make_knots(dist, stretch, knots);
    for (int i = 0; i < REFINEMENTS_MAX && count < KNOTS_MAX; i++) {
        struct dist_curve curve = make_curve(scratch, dist, knots, count);
        struct knot *more = arena_take_array(scratch, 2 * count, sizeof *more);
        size_t more_count = refine(dist, &curve, knots, more);
        if (more_count == count)
            break;
        knots = more;
        count = more_count;
    }
    struct dist_curve *curve = arena_take(arena, sizeof *curve);
    *curve = make_curve(arena, dist, knots, count);
    arena_destroy(scratch);
    return curve;
}

static void add_piece(struct builder *builder, double u_high, struct dist_piece piece)
{
    piece.u_low = builder->piece_count == 0 ? 0 : builder->pieces[builder->piece_count - 1].u_high;
    piece.u_high = fmin(u_high, 1);
    if (piece.u_high > piece.u_low)
        builder->pieces[builder->piece_count++] = piece;
}

/* Cut what several overlapping components cover at the breaks `places`. */
static void add_overlap(struct builder *builder, const double *places, size_t count, double max)
{
    const struct dist *dist = builder->dist;
    for (size_t i = 0; i < count; i++) {
        struct dist_split split = dist_split(dist, places[i]);
        if (split.equal > 0)
            add_piece(builder, split.below + split.equal, (struct dist_piece){.value = places[i]});
        bool is_last = i + 1 == count;
        if (is_last && !isinf(max))
            return;
        struct dist_split next =
            is_last ? (struct dist_split){1, 0, 0} : dist_split(dist, places[i + 1]);
        struct stretch stretch = {
            .x_low = places[i],
            .x_high = is_last ? INFINITY : places[i + 1],
            .z_low = score(split.below + split.equal, split.above),
            .z_high = score(next.below, next.above + next.equal),
        };
        if (stretch.z_high - stretch.z_low < 1e-6)
            continue; /* A gap in the support, or too little mass to be drawn. */
        add_piece(builder, next.below,
                  (struct dist_piece){.curve = follow(builder->arena, dist, &stretch)});
    }
}

/* Sort the places of a cluster and keep each once. */
static size_t sort_places(double *places, size_t count)
{
    qsort(places, count, sizeof *places, compare_doubles);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++)
        if (places[i] > places[kept - 1])
            places[kept++] = places[i];
    return kept;
}

struct dist *dist_make_mixture(struct arena *arena, const struct dist_component *components,
                               uint32_t count, struct error *error)
{
    struct dist *dist = dist_make(arena, DIST_MIXTURE, components[0].dist->dimension);
    struct dist_component *sorted = arena_take_array(arena, count, sizeof *sorted);
    struct dist_breaks all = {.arena = arena};
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = components[i];
        dist_breaks(components[i].dist, &all);
    }
    if (all.count > DIST_BREAKS_MAX) {
        error_set(error, ERROR_SCENARIO,
                  "a mixture of tables with %zu points; at most %d are possible", all.count,
                  DIST_BREAKS_MAX);
        return NULL;
    }
    qsort(sorted, count, sizeof *sorted, compare_components);
    dist->as.mixture.components = sorted;
    dist->as.mixture.component_count = count;
    struct builder builder = {.arena = arena, .dist = dist};
    builder.pieces = arena_take_array(arena, 2 * all.count + count, sizeof *builder.pieces);
    double u_high = 0;
    for (uint32_t first = 0, next; first < count; first = next) {
        struct dist_breaks breaks = {.arena = arena};
        double max = sorted[first].dist->max;
        for (next = first; next < count && (next == first || sorted[next].dist->min < max);
             next++) {
            max = fmax(max, sorted[next].dist->max);
            u_high += sorted[next].weight;
            dist_breaks(sorted[next].dist, &breaks);
        }
        if (next - first == 1)
            add_piece(&builder, u_high, (struct dist_piece){.single = sorted[first].dist});
        else
            add_overlap(&builder, breaks.places, sort_places(breaks.places, breaks.count), max);
    }
    CHECK(builder.piece_count > 0);
    builder.pieces[builder.piece_count - 1].u_high = 1;
    dist->as.mixture.pieces = builder.pieces;
    dist->as.mixture.piece_count = builder.piece_count;
    dist_finish(dist);
    return dist;
}
