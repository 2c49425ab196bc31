#include "sim/explore/likelihood.h"

#include <math.h>

#include "sim/base/check.h"
#include "sim/explore/tilt.h"
#include "sim/stats/proportion.h"

/* Draws of durations are rounded to a whole microsecond, numbers to a whole one. */
static double half_step(const struct oracle_asked *asked)
{
    return asked->kind == ORACLE_DELAY ? 500 : 0.5;
}

static bool set_region(struct likelihood_region *region, struct draw_name name, double low,
                       double mass)
{
    /* No uniform that is drawn lies beyond. */
    if (!(mass > 0x1p-60) || low > 1 - 0x1p-50)
        return false;
    *region = (struct likelihood_region){name, fmax(low, 0), fmin(mass, 1)};
    return true;
}

static bool region_of_number(const struct oracle_asked *asked, int64_t value, bool is_above,
                             struct likelihood_region *region)
{
    double half = half_step(asked);
    if (is_above) {
        double mass = dist_tail(asked->dist, (double)value - half);
        return set_region(region, asked->name, 1 - mass, mass);
    }
    return set_region(region, asked->name, 0, dist_cdf(asked->dist, (double)value + half));
}

/* Of a uniform: `u` is its value, on the grid of draw_uniform. */
static bool region_of_uniform(const struct oracle_asked *asked, double u, bool is_above,
                              struct likelihood_region *region)
{
    if (is_above)
        return set_region(region, asked->name, u - 0x1p-53, 1 - u + 0x1p-53);
    return set_region(region, asked->name, 0, u + 0x1p-53);
}

bool likelihood_region_of(const struct oracle_asked *asked, int64_t value,
                          struct likelihood_region *region)
{
    int64_t typical = oracle_asked_typical(asked);
    if (asked->kind == ORACLE_TIE || oracle_asked_clamp(asked, value) != value)
        return false;
    if (value == typical)
        return set_region(region, asked->name, 0, 1);
    double p = asked->probability;
    switch (asked->kind) {
    case ORACLE_DELAY:
    case ORACLE_COUNT: return region_of_number(asked, value, value > typical, region);
    case ORACLE_HAPPENS:
        return value != 0 ? set_region(region, asked->name, 1 - p, p)
                          : set_region(region, asked->name, 0, 1 - p);
    case ORACLE_PICK:
        return set_region(region, asked->name, (double)value / asked->count, 1.0 / asked->count);
    case ORACLE_UNIFORM:
        return region_of_uniform(asked, ((double)value + 0.5) * 0x1p-52, value > typical, region);
    case ORACLE_ENTROPY:
        return region_of_uniform(asked, draw_uniform_from_bits((uint64_t)value),
                                 (uint64_t)value > (uint64_t)typical, region);
    case ORACLE_TIE: return false;
    }
    CHECK_UNREACHABLE("a draw of an unknown kind");
}

double likelihood_region_at(const struct likelihood_region *region, double u)
{
    double at = region->low + region->mass * u;
    /* Rounding must leave it inside, and inside (0, 1). */
    at = fmin(at, nextafter(fmin(region->low + region->mass, 1), 0));
    return fmax(fmax(at, region->low), 0x1p-60);
}

bool likelihood_region_holds(const struct likelihood_region *region, double u)
{
    return u >= region->low && u < region->low + region->mass;
}

const struct oracle_asked *likelihood_find(const struct oracle_asked *asked, uint32_t asked_count,
                                           struct draw_name name)
{
    for (uint32_t i = 0; i < asked_count; i++)
        if (asked[i].name.entity == name.entity && asked[i].name.occurrence == name.occurrence &&
            asked[i].name.purpose == name.purpose)
            return &asked[i];
    return NULL;
}

struct likelihood likelihood_of(const struct model *model, const struct deviation *deviations,
                                size_t count, const struct oracle_asked *asked,
                                uint32_t asked_count)
{
    struct likelihood likelihood = {.probability = 1};
    for (size_t i = 0; i < count; i++) {
        const struct oracle_asked *draw = likelihood_find(asked, asked_count, deviations[i].name);
        struct likelihood_region region;
        if (model_is_shape(model, deviations[i].name.purpose))
            likelihood.shape_count++;
        else if (draw == NULL)
            likelihood.unasked_count++;
        else if (draw->kind == ORACLE_TIE)
            likelihood.order_count++;
        else if (!likelihood_region_of(draw, deviations[i].value, &region))
            likelihood.impossible_count++;
        else
            likelihood.log_probability += log(region.mass);
    }
    likelihood.probability = likelihood.impossible_count > 0 ? 0 : exp(likelihood.log_probability);
    return likelihood;
}

/* Keep all draws of the shape as they are in the run of the schedule, the typical ones too; make
 * regions of what deviates otherwise. */
static void split(const struct likelihood_bound_options *options, struct probe *probe,
                  struct arena *arena, struct tilt *tilt, struct tilt_component *component)
{
    const struct model *model = options->probe->model;
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(probe, &asked_count);
    struct deviation *fixed = arena_take_array(arena, asked_count, sizeof *fixed);
    tilt->fixed_count = component->draw_count = 0;
    for (uint32_t i = 0; i < asked_count; i++)
        if (model_is_shape(model, asked[i].name.purpose))
            fixed[tilt->fixed_count++] = (struct deviation){asked[i].name, asked[i].value};
    tilt->fixed = fixed;
    for (size_t i = 0; i < options->count; i++) {
        const struct deviation *deviation = &options->deviations[i];
        const struct oracle_asked *draw = likelihood_find(asked, asked_count, deviation->name);
        if (!model_is_shape(model, deviation->name.purpose) && draw != NULL &&
            likelihood_region_of(draw, deviation->value,
                                 &component->draws[component->draw_count].region))
            component->draw_count++;
    }
}

static bool bound_share(const struct likelihood_bound_options *options, struct probe *probe,
                        struct arena *arena, struct likelihood_bound *bound, struct error *error)
{
    struct tilt_component component = {
        .draws = arena_take_array(arena, options->count, sizeof *component.draws), .share = 1};
    struct tilt tilt = {.probe = options->probe,
                        .components = &component,
                        .component_count = 1,
                        .signature = options->signature,
                        .seed = options->seed,
                        .run_count = (uint32_t)bound->run_count,
                        .thread_count = options->thread_count,
                        .interrupted = options->probe->interrupted};
    struct tilt_sums sums;
    split(options, probe, arena, &tilt, &component);
    if (!tilt_run(&tilt, arena, &sums, error))
        return false;
    bound->hit_count = sums.hit_count;
    /* The lower limit of a two-sided interval of twice the error. */
    if (sums.hit_count > 0)
        bound->share_low =
            proportion_clopper_pearson((double)sums.hit_count, (double)bound->run_count,
                                       2 * bound->confidence - 1)
                .low;
    bound->bound = bound->likelihood.probability * bound->share_low;
    return true;
}

bool likelihood_bound(const struct likelihood_bound_options *options,
                      struct likelihood_bound *bound, struct error *error)
{
    struct likelihood_bound result = {
        .run_count = options->run_count == 0 ? LIKELIHOOD_RUNS_DEFAULT : options->run_count,
        .confidence = options->confidence > 0 ? options->confidence : 0.95,
    };
    if (result.confidence <= 0.5 || result.confidence >= 1)
        return error_set(error, ERROR_USAGE,
                         "the confidence of a lower bound is %g, but must be above 0.5 and below 1",
                         result.confidence);
    struct probe *probe = probe_create(options->probe);
    struct arena *arena = arena_create("bound of a schedule", 0);
    struct probe_result run;
    bool is_good = probe_run(probe, options->deviations, options->count, &run, error);
    if (is_good) {
        uint32_t asked_count;
        const struct oracle_asked *asked = probe_asked(probe, &asked_count);
        result.likelihood = likelihood_of(options->probe->model, options->deviations,
                                          options->count, asked, asked_count);
        if (result.likelihood.order_count > 0 || result.likelihood.impossible_count > 0)
            result.run_count = 0;
        else
            is_good = bound_share(options, probe, arena, &result, error);
    }
    probe_destroy(probe);
    arena_destroy(arena);
    if (is_good)
        *bound = result;
    return is_good;
}
