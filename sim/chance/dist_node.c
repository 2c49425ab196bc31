#include "sim/chance/dist_node.h"

#include <math.h>

#include "sim/base/check.h"

struct dist *dist_make(struct arena *arena, enum dist_kind kind, enum dist_dimension dimension)
{
    struct dist *dist = arena_take(arena, sizeof *dist);
    dist->kind = kind;
    dist->dimension = dimension;
    dist->text = "";
    return dist;
}

void dist_finish(struct dist *dist)
{
    switch (dist->kind) {
    case DIST_CONSTANT:
    case DIST_UNIFORM:
    case DIST_TRIANGULAR:
    case DIST_TRUNCATED: break;
    case DIST_EXPONENTIAL:
    case DIST_LOGNORMAL:
    case DIST_WEIBULL:
    case DIST_GAMMA:
        dist->min = dist->offset;
        dist->max = INFINITY;
        break;
    case DIST_NORMAL:
        dist->min = dist->offset - DIST_NORMAL_REACH * dist->as.normal.sigma;
        dist->max = dist->offset + DIST_NORMAL_REACH * dist->as.normal.sigma;
        break;
    case DIST_STEPS:
        dist->min = dist->as.steps.values[0];
        dist->max = dist->as.steps.values[dist->as.steps.count - 1];
        break;
    case DIST_POINTS:
        dist->min = dist->as.points.values[0];
        dist->max = dist->as.points.values[dist->as.points.count - 1];
        break;
    case DIST_MIXTURE:
        dist->min = INFINITY;
        dist->max = -INFINITY;
        for (uint32_t i = 0; i < dist->as.mixture.component_count; i++) {
            dist->min = fmin(dist->min, dist->as.mixture.components[i].dist->min);
            dist->max = fmax(dist->max, dist->as.mixture.components[i].dist->max);
        }
        break;
    }
    dist->mean = dist->min == dist->max ? dist->min : dist_partial_mean(dist, INFINITY);
    CHECK(!isnan(dist->mean));
}

struct dist *dist_make_range(struct arena *arena, enum dist_dimension dimension, double min,
                             double max)
{
    CHECK(min <= max);
    struct dist *dist = dist_make(arena, min == max ? DIST_CONSTANT : DIST_UNIFORM, dimension);
    dist->min = min;
    dist->max = max;
    dist_finish(dist);
    return dist;
}

struct dist *dist_make_steps(struct arena *arena, enum dist_dimension dimension,
                             const struct dist_steps *steps)
{
    struct dist *dist = dist_make(arena, DIST_STEPS, dimension);
    dist->as.steps = *steps;
    dist->as.steps.guide = dist_guide_build(arena, steps->cumulative, steps->count);
    dist_finish(dist);
    return dist;
}

struct dist *dist_make_points(struct arena *arena, enum dist_dimension dimension,
                              const struct dist_points *points)
{
    struct dist *dist = dist_make(arena, DIST_POINTS, dimension);
    dist->as.points = *points;
    dist->as.points.guide = dist_guide_build(arena, points->probabilities, points->count);
    dist_finish(dist);
    return dist;
}

struct dist *dist_make_truncated(struct arena *arena, const struct dist *child, double min,
                                 double max)
{
    struct dist_split low = dist_split(child, min), high = dist_split(child, max);
    struct dist *dist = dist_make(arena, DIST_TRUNCATED, child->dimension);
    dist->min = fmax(min, child->min);
    dist->max = fmin(max, child->max);
    dist->as.truncated.child = child;
    dist->as.truncated.u_low = low.below;
    dist->as.truncated.above_high = high.above;
    dist->as.truncated.mass =
        low.above < 0.5 ? low.equal + low.above - high.above : high.below + high.equal - low.below;
    dist->as.truncated.partial_mean_low =
        dist_partial_mean(child, min) - (low.equal > 0 ? min * low.equal : 0);
    dist_finish(dist);
    return dist;
}

static void add_break(struct dist_breaks *breaks, double place)
{
    if (isinf(place))
        return;
    if (breaks->count == breaks->room) {
        size_t room = breaks->room == 0 ? 64 : 2 * breaks->room;
        double *places = arena_take_array(breaks->arena, room, sizeof *places);
        for (size_t i = 0; i < breaks->count; i++)
            places[i] = breaks->places[i];
        breaks->places = places;
        breaks->room = room;
    }
    breaks->places[breaks->count++] = place;
}

void dist_breaks(const struct dist *dist, struct dist_breaks *breaks)
{
    add_break(breaks, dist->min);
    add_break(breaks, dist->max);
    switch (dist->kind) {
    case DIST_CONSTANT:
    case DIST_UNIFORM:
    case DIST_EXPONENTIAL:
    case DIST_LOGNORMAL:
    case DIST_NORMAL:
    case DIST_WEIBULL:
    case DIST_GAMMA: break;
    case DIST_TRIANGULAR: add_break(breaks, dist->as.triangular.mode); break;
    case DIST_STEPS:
        for (uint32_t i = 0; i < dist->as.steps.count; i++)
            add_break(breaks, dist->as.steps.values[i]);
        break;
    case DIST_POINTS:
        for (uint32_t i = 0; i < dist->as.points.count; i++)
            add_break(breaks, dist->as.points.values[i]);
        break;
    case DIST_MIXTURE:
        for (uint32_t i = 0; i < dist->as.mixture.component_count; i++)
            dist_breaks(dist->as.mixture.components[i].dist, breaks);
        break;
    case DIST_TRUNCATED: {
        size_t before = breaks->count, kept = before;
        dist_breaks(dist->as.truncated.child, breaks);
        for (size_t i = before; i < breaks->count; i++)
            if (breaks->places[i] > dist->min && breaks->places[i] < dist->max)
                breaks->places[kept++] = breaks->places[i];
        breaks->count = kept;
        break;
    }
    }
}

static const double *map_values(struct arena *arena, const double *values, uint32_t count,
                                double factor, double offset)
{
    double *mapped = arena_take_array(arena, count, sizeof *mapped);
    for (uint32_t i = 0; i < count; i++)
        mapped[i] = factor * values[i] + offset;
    return mapped;
}

static struct dist *map_mixture(struct arena *arena, const struct dist_mixture *mixture,
                                double factor, double offset, struct error *error)
{
    struct dist_component *components =
        arena_take_array(arena, mixture->component_count, sizeof *components);
    for (uint32_t i = 0; i < mixture->component_count; i++) {
        components[i].weight = mixture->components[i].weight;
        components[i].dist = dist_affine(arena, mixture->components[i].dist, factor, offset, error);
        if (components[i].dist == NULL)
            return NULL;
    }
    return dist_make_mixture(arena, components, mixture->component_count, error);
}

struct dist *dist_affine(struct arena *arena, const struct dist *dist, double factor, double offset,
                         struct error *error)
{
    CHECK(factor > 0);
    if (dist->kind == DIST_MIXTURE)
        return map_mixture(arena, &dist->as.mixture, factor, offset, error);
    if (dist->kind == DIST_TRUNCATED) {
        const struct dist *child =
            dist_affine(arena, dist->as.truncated.child, factor, offset, error);
        return child == NULL ? NULL
                             : dist_make_truncated(arena, child, factor * dist->min + offset,
                                                   factor * dist->max + offset);
    }
    struct dist *mapped = dist_make(arena, dist->kind, dist->dimension);
    *mapped = *dist;
    mapped->min = factor * dist->min + offset;
    mapped->max = factor * dist->max + offset;
    mapped->offset = factor * dist->offset + offset;
    switch (dist->kind) {
    case DIST_EXPONENTIAL: mapped->as.exponential.mean *= factor; break;
    case DIST_LOGNORMAL: mapped->as.lognormal.mu += log(factor); break;
    case DIST_NORMAL: mapped->as.normal.sigma *= factor; break;
    case DIST_WEIBULL: mapped->as.weibull.scale *= factor; break;
    case DIST_GAMMA: mapped->as.gamma.scale *= factor; break;
    case DIST_TRIANGULAR:
        mapped->as.triangular.mode = factor * dist->as.triangular.mode + offset;
        break;
    case DIST_STEPS:
        mapped->as.steps.values =
            map_values(arena, dist->as.steps.values, dist->as.steps.count, factor, offset);
        break;
    case DIST_POINTS:
        mapped->as.points.values =
            map_values(arena, dist->as.points.values, dist->as.points.count, factor, offset);
        break;
    case DIST_CONSTANT:
    case DIST_UNIFORM:
    case DIST_MIXTURE:
    case DIST_TRUNCATED: break;
    }
    dist_finish(mapped);
    return mapped;
}
