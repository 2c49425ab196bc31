#include "models/rcesim/study/calibrate.h"

#include <math.h>

#include "sim/base/check.h"
#include "sim/stats/root.h"

/* Places of the first look, evenly on the scale. */
enum { PLACE_COUNT = 7 };

/* Less than this share of all that the metric does over the range is one of its small steps. */
static const double jump_share = 0.1;

struct one {
    struct calibrate *calibrate;
    struct root_search search; /* With all replications. */
    /* What the first look saw. */
    double rough[PLACE_COUNT]; /* The metric at each place. */
    double half;               /* Its widest half interval. */
    bool moves, is_monotone;
};

static double place(size_t index)
{
    return (double)index / (PLACE_COUNT - 1);
}

static bool evaluate(void *context, double x, double *value)
{
    struct calibrate_sample sample;
    if (!calibrate_evaluate(context, &x, ((struct calibrate *)context)->base->replication_count,
                            &sample, NULL))
        return false;
    *value = sample.metrics[0].estimate;
    return true;
}

/* +1 or -1 where the second is surely above or below the first, in the same worlds; else 0. Many
 * pairs are asked, so twice the half-width is demanded. */
static int compare(const struct calibrate *calibrate, const struct study_run *first,
                   const struct study_run *second)
{
    const struct target *target = &calibrate->targets[0];
    int variant =
        result_find_variant(first->result, calibrate->base->variants[target->variant].name);
    CHECK(variant >= 0);
    struct interval difference =
        study_difference(second, (uint32_t)variant, first, (uint32_t)variant, target->metric);
    if (!interval_is_known(&difference) ||
        fabs(difference.estimate) <= 2 * calibrate_half(&difference))
        return 0;
    return difference.estimate > 0 ? 1 : -1;
}

/* Look at the whole range: does the metric move, and one way only? */
static bool look(struct one *one, uint32_t replication_count)
{
    struct calibrate *calibrate = one->calibrate;
    struct study_run runs[PLACE_COUNT] = {0};
    bool is_good = true, rises = false, falls = false;
    for (size_t i = 0; is_good && i < PLACE_COUNT; i++) {
        struct calibrate_sample sample;
        double scale = place(i);
        is_good = calibrate_evaluate(calibrate, &scale, replication_count, &sample, &runs[i]);
        if (!is_good)
            break;
        one->rough[i] = sample.metrics[0].estimate;
        one->half = fmax(one->half, calibrate_half(&sample.metrics[0]));
    }
    for (size_t i = 0; is_good && i < PLACE_COUNT; i++)
        for (size_t k = i + 1; k < PLACE_COUNT; k++) {
            int direction = compare(calibrate, &runs[i], &runs[k]);
            rises = rises || direction > 0;
            falls = falls || direction < 0;
        }
    for (size_t i = 0; i < PLACE_COUNT; i++)
        study_release(&runs[i]);
    one->is_monotone = !(rises && falls);
    one->moves = rises || falls;
    return is_good;
}

/* Evaluate with all replications, outwards from the neighbours that should enclose the level, until
 * it is enclosed or everything was tried. False: stopped. */
static bool enclose(struct one *one, double level)
{
    size_t low = 0, high = PLACE_COUNT - 1; /* The ends tell whether it can be reached. */
    for (size_t i = 0; i + 1 < PLACE_COUNT; i++)
        if ((one->rough[i] < level) != (one->rough[i + 1] < level)) {
            low = i;
            high = i + 1;
            break;
        }
    for (size_t step = 0; step < PLACE_COUNT; step++) {
        bool is_below = false, is_above = false;
        size_t from = low > step ? low - step : 0;
        size_t to = high + step < PLACE_COUNT - 1 ? high + step : PLACE_COUNT - 1;
        double value;
        if (!root_evaluate(&one->search, place(from), &value) ||
            !root_evaluate(&one->search, place(to), &value))
            return false;
        for (size_t i = 0; i < one->search.count; i++) {
            is_below = is_below || one->search.samples[i].value <= level;
            is_above = is_above || one->search.samples[i].value >= level;
        }
        if ((is_below && is_above) || (from == 0 && to == PLACE_COUNT - 1))
            return true;
    }
    return true;
}

/* The tolerance on the scale that gives the relative one of the value, near `scale`. */
static double tolerance_at(const struct calibrate *calibrate, double scale)
{
    const struct calibrate_parameter *parameter = &calibrate->parameters[0];
    double low = parameter->low.value, high = parameter->high.value;
    if (parameter->is_logarithmic)
        return calibrate->tolerance / log(high / low);
    double value = fabs(low + (high - low) * scale);
    return calibrate->tolerance * fmax(value, 0.01 * (high - low)) / (high - low);
}

/* Find where the metric meets a level. `*is_there` is false where it does not. */
static bool find_level(struct one *one, double level, bool *is_there, double *scale)
{
    if (!enclose(one, level))
        return false;
    double near = 0.5;
    for (size_t i = 0; i + 1 < one->search.count; i++)
        if ((one->search.samples[i].value < level) != (one->search.samples[i + 1].value < level)) {
            near = (one->search.samples[i].x + one->search.samples[i + 1].x) / 2;
            break;
        }
    enum root_outcome outcome =
        root_find(&one->search, level, tolerance_at(one->calibrate, near), scale);
    *is_there = outcome == ROOT_FOUND;
    return outcome != ROOT_STOPPED;
}

static bool not_found(struct calibrate *calibrate, enum calibrate_outcome outcome,
                      const char *reason)
{
    calibrate->outcome = outcome;
    calibrate->reason = reason;
    return true;
}

static bool report_unreachable(struct one *one, double first, double last)
{
    struct calibrate *calibrate = one->calibrate;
    const struct calibrate_parameter *parameter = &calibrate->parameters[0];
    struct arena *arena = calibrate->study->arena;
    return not_found(calibrate, CALIBRATE_UNREACHABLE,
                     arena_print(arena,
                                 "%s cannot be reached: at %s the metric is %s, at %s it is %s",
                                 calibrate->targets[0].text, quantity_print(arena, &parameter->low),
                                 calibrate_metric_text(calibrate, 0, first),
                                 quantity_print(arena, &parameter->high),
                                 calibrate_metric_text(calibrate, 0, last)));
}

/* The metric gets to the observed value nowhere. Where it comes nearest it may still fit, as far as
 * the errors can tell; then more of the parameter lies beyond the range. False: stopped. */
static bool report_beyond(struct one *one)
{
    struct calibrate *calibrate = one->calibrate;
    const struct target *target = &calibrate->targets[0];
    const struct root_search *search = &one->search;
    const struct root_sample *nearest = &search->samples[0];
    for (size_t i = 1; i < search->count; i++)
        if (fabs(search->samples[i].value - target->estimate) <
            fabs(nearest->value - target->estimate))
            nearest = &search->samples[i];
    struct calibrate_sample sample;
    if (!calibrate_evaluate(calibrate, &nearest->x, calibrate->base->replication_count, &sample,
                            NULL))
        return false;
    double observed = nearest->value < target->estimate ? target->estimate - target->low
                                                        : target->high - target->estimate;
    if (fabs(nearest->value - target->estimate) >
        hypot(observed, calibrate_half(&sample.metrics[0])))
        return report_unreachable(one, search->samples[0].value,
                                  search->samples[search->count - 1].value);
    struct arena *arena = calibrate->study->arena;
    struct quantity value = calibrate_quantity(&calibrate->parameters[0], nearest->x);
    return not_found(calibrate, CALIBRATE_UNIDENTIFIED,
                     arena_print(arena,
                                 "%s is not identified: at %s the metric is %s, which fits as far "
                                 "as the errors can tell, and the range does not get beyond it; "
                                 "search a wider one",
                                 calibrate->parameters[0].name, quantity_print(arena, &value),
                                 calibrate_metric_text(calibrate, 0, nearest->value)));
}

/* The metric does not move, so there is nothing to find: either it stands where it was observed, or
 * it never gets there. */
static bool report_flat(struct one *one)
{
    struct calibrate *calibrate = one->calibrate;
    const struct target *target = &calibrate->targets[0];
    double first = one->rough[0], last = one->rough[PLACE_COUNT - 1];
    double observed =
        first < target->estimate ? target->estimate - target->low : target->high - target->estimate;
    if (fabs(first - target->estimate) > hypot(observed, one->half))
        return report_unreachable(one, first, last);
    return not_found(
        calibrate, CALIBRATE_UNIDENTIFIED,
        arena_print(calibrate->study->arena,
                    "%s is not identified: the metric is about %s over the whole range, within the "
                    "noise",
                    calibrate->parameters[0].name, calibrate_metric_text(calibrate, 0, first)));
}

/* Where the metric is within the observation's interval, widened by the simulation's own error:
 * from the first such place to the last one. False: stopped. */
static bool find_limits(struct one *one, double scale, double half)
{
    struct calibrate *calibrate = one->calibrate;
    const struct calibrate_parameter *parameter = &calibrate->parameters[0];
    const struct target *target = &calibrate->targets[0];
    struct root_band band = {
        .low = target->estimate - hypot(target->estimate - target->low, half),
        .high = target->estimate + hypot(target->high - target->estimate, half),
        .inside = scale,
    };
    struct root_range range = {.low = scale, .high = scale};
    /* Without any error there is nothing to look for. */
    for (size_t i = 0; band.low < band.high && i < PLACE_COUNT; i++) {
        double value;
        if (!root_evaluate(&one->search, place(i), &value))
            return false;
    }
    if (band.low < band.high &&
        root_find_range(&one->search, &band, tolerance_at(calibrate, scale), &range) != ROOT_FOUND)
        return false;
    calibrate->values[0] = (struct calibrate_value){
        .estimate = calibrate_quantity(parameter, scale),
        .low = calibrate_quantity(parameter, range.low),
        .high = calibrate_quantity(parameter, range.high),
        .is_low_open = range.is_low_open,
        .is_high_open = range.is_high_open,
    };
    return true;
}

/* The samples next to each other around the level, where the search ended; NULL where the level was
 * met exactly. */
static const struct root_sample *find_step(const struct one *one, double scale)
{
    const struct root_search *search = &one->search;
    double level = one->calibrate->targets[0].estimate;
    for (size_t i = 0; i + 1 < search->count; i++) {
        const struct root_sample *low = &search->samples[i], *high = low + 1;
        if (low->x <= scale && scale <= high->x && (low->value < level) != (high->value < level) &&
            low->value != level && high->value != level)
            return low;
    }
    return NULL;
}

static bool is_observed(const struct target *target, double value)
{
    return value >= target->low && value <= target->high;
}

/* Does the metric, where the search ended, jump over everything that was observed? Under common
 * random numbers it has many small steps, so a jump is a good part of what it does over the whole
 * range, and sure. False: stopped. */
static bool check_jump(struct one *one, double scale, bool *is_jump)
{
    struct calibrate *calibrate = one->calibrate;
    const struct root_search *search = &one->search;
    const struct root_sample *step = find_step(one, scale);
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < search->count; i++) {
        least = fmin(least, search->samples[i].value);
        most = fmax(most, search->samples[i].value);
    }
    *is_jump = false;
    if (step == NULL || is_observed(&calibrate->targets[0], step[0].value) ||
        is_observed(&calibrate->targets[0], step[1].value) ||
        fabs(step[1].value - step[0].value) < jump_share * (most - least))
        return true;
    struct root_sample sides[2] = {step[0], step[1]};
    struct study_run runs[2] = {0};
    struct calibrate_sample sample;
    uint32_t all = calibrate->base->replication_count;
    bool is_good = calibrate_evaluate(calibrate, &sides[0].x, all, &sample, &runs[0]) &&
                   calibrate_evaluate(calibrate, &sides[1].x, all, &sample, &runs[1]);
    *is_jump = is_good && compare(calibrate, &runs[0], &runs[1]) != 0;
    study_release(&runs[0]);
    study_release(&runs[1]);
    if (!*is_jump)
        return is_good;
    struct arena *arena = calibrate->study->arena;
    const struct calibrate_parameter *parameter = &calibrate->parameters[0];
    struct quantity from = calibrate_quantity(parameter, sides[0].x);
    struct quantity to = calibrate_quantity(parameter, sides[1].x);
    return not_found(calibrate, CALIBRATE_UNREACHABLE,
                     arena_print(arena,
                                 "no value of %s gives %s: between %s and %s the metric jumps from "
                                 "%s to %s",
                                 parameter->name, calibrate->targets[0].text,
                                 quantity_print(arena, &from), quantity_print(arena, &to),
                                 calibrate_metric_text(calibrate, 0, sides[0].value),
                                 calibrate_metric_text(calibrate, 0, sides[1].value)));
}

static bool report_open(struct calibrate *calibrate)
{
    struct arena *arena = calibrate->study->arena;
    return not_found(calibrate, CALIBRATE_UNIDENTIFIED,
                     arena_print(arena,
                                 "%s is not identified: %s fits, and so does everything from %s "
                                 "to %s, as far as the errors can tell",
                                 calibrate->parameters[0].name,
                                 quantity_print(arena, &calibrate->values[0].estimate),
                                 quantity_print(arena, &calibrate->parameters[0].low),
                                 quantity_print(arena, &calibrate->parameters[0].high)));
}

bool calibrate_find_one(struct calibrate *calibrate)
{
    struct arena *arena = calibrate->study->arena;
    struct one *one = arena_take(arena, sizeof *one);
    one->calibrate = calibrate;
    one->search = (struct root_search){.evaluate = evaluate, .context = calibrate};
    uint32_t all = calibrate->base->replication_count, few = calibrate_few(calibrate);
    bool is_there;
    double scale;
    bool is_jump = false;
    if (!look(one, few) || (!one->moves && few < all && !look(one, all)))
        return false;
    if (!one->moves)
        return report_flat(one);
    if (!find_level(one, calibrate->targets[0].estimate, &is_there, &scale))
        return false;
    if (!is_there)
        return report_beyond(one);
    if (!check_jump(one, scale, &is_jump))
        return false;
    if (is_jump)
        return true;
    if (!one->is_monotone)
        options_list_add(
            &calibrate->notes, arena,
            "The metric rises in one part of the range and falls in another: other "
            "values may fit as well. The one nearest to the lower end was taken; the interval "
            "has them all.");
    struct calibrate_sample sample;
    if (!calibrate_evaluate(calibrate, &scale, all, &sample, NULL) ||
        !find_limits(one, scale, calibrate_half(&sample.metrics[0])))
        return false;
    if (calibrate->values[0].is_low_open && calibrate->values[0].is_high_open)
        return report_open(calibrate);
    if (!interval_is_known(&sample.metrics[0]))
        options_list_add(&calibrate->notes, arena,
                         "The simulation's own error is not known from one replication.");
    calibrate->outcome = CALIBRATE_FOUND;
    return true;
}
