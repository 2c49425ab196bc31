#include "models/rcesim/study/calibrate.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/estimate.h"
#include "sim/base/check.h"

enum { FEW_MIN = 10, FEW_SHARE = 8, DIGITS_SEARCH = 6, DIGITS_RESULT = 4 };

/* A range that spans more than this is searched on a logarithmic scale. */
static const double decade = 10;

static bool read_range(struct calibrate_parameter *parameter, struct arena *arena, const char *text,
                       struct error *error)
{
    const char *dots = strstr(text, "..");
    if (dots == NULL)
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is not LOW..HIGH (write for example {1min..10min})", text);
    if (!quantity_parse(&parameter->low, arena_print(arena, "%.*s", (int)(dots - text), text),
                        error) ||
        !quantity_parse(&parameter->high, dots + 2, error))
        return false;
    if (parameter->low.kind != parameter->high.kind)
        return error_set(error, ERROR_USAGE, "a %s and a %s are no range",
                         quantity_kind_name(parameter->low.kind),
                         quantity_kind_name(parameter->high.kind));
    if (parameter->low.value >= parameter->high.value)
        return error_set(error, ERROR_USAGE, "the range \"%s\" is empty: LOW must be below HIGH",
                         text);
    parameter->is_logarithmic =
        parameter->low.value > 0 && parameter->high.value / parameter->low.value > decade;
    return true;
}

bool calibrate_add_turn(struct calibrate *calibrate, const char *text, struct error *error)
{
    struct arena *arena = calibrate->study->arena;
    struct template template;
    size_t parameter_count = 0;
    for (size_t i = 0; i < CALIBRATE_PARAMETERS_MAX; i++)
        parameter_count += calibrate->parameters[i].name != NULL;
    if (!template_parse(&template, arena, text, error))
        return error_context(error, "--turn '%s'", text);
    if (strchr(template.path, '[') != NULL)
        return error_set(error, ERROR_USAGE,
                         "--turn '%s': an element of a list cannot be turned, because the scenario "
                         "that is written could not replace it alone",
                         text);
    if (parameter_count + template.slot_count > CALIBRATE_PARAMETERS_MAX)
        return error_set(error, ERROR_USAGE, "more than %d parameters", CALIBRATE_PARAMETERS_MAX);
    for (size_t i = 0; i < template.slot_count; i++) {
        struct calibrate_parameter *parameter = &calibrate->parameters[parameter_count++];
        *parameter = (struct calibrate_parameter){.name = template.slots[i].name,
                                                  .template = calibrate->template_count};
        if (!read_range(parameter, arena, template.slots[i].text, error))
            return error_context(error, "--turn '%s'", text);
    }
    calibrate->templates[calibrate->template_count++] = template;
    calibrate->count = parameter_count;
    return true;
}

bool calibrate_add_target(struct calibrate *calibrate, const char *text, struct error *error)
{
    size_t count = 0;
    while (count < CALIBRATE_PARAMETERS_MAX && calibrate->targets[count].text != NULL)
        count++;
    if (count == CALIBRATE_PARAMETERS_MAX)
        return error_set(error, ERROR_USAGE, "more than %d targets", CALIBRATE_PARAMETERS_MAX);
    return target_parse(&calibrate->targets[count], calibrate->study->arena, text, calibrate->base,
                        error);
}

struct quantity calibrate_quantity(const struct calibrate_parameter *parameter, double scale)
{
    double low = parameter->low.value, high = parameter->high.value;
    struct quantity value = parameter->low;
    value.value =
        parameter->is_logarithmic ? low * pow(high / low, scale) : low + (high - low) * scale;
    quantity_round(&value, DIGITS_SEARCH);
    return value;
}

double calibrate_scale(const struct calibrate_parameter *parameter, double value)
{
    double low = parameter->low.value, high = parameter->high.value;
    return parameter->is_logarithmic ? log(value / low) / log(high / low)
                                     : (value - low) / (high - low);
}

uint32_t calibrate_few(const struct calibrate *calibrate)
{
    uint32_t all = calibrate->base->replication_count;
    uint32_t few = all / FEW_SHARE < FEW_MIN ? FEW_MIN : all / FEW_SHARE;
    return few < all ? few : all;
}

double calibrate_half(const struct interval *interval)
{
    return interval_is_known(interval) ? (interval->high - interval->low) / 2 : 0;
}

const char *calibrate_metric_text(const struct calibrate *calibrate, size_t target, double value)
{
    const struct metric *metric =
        &calibrate->base->domain->model->metrics[calibrate->targets[target].metric];
    return estimate_value_text(calibrate->study->arena, metric, value);
}

const char *calibrate_override(const struct calibrate *calibrate, struct arena *arena,
                               size_t template, const struct quantity *values)
{
    const char *texts[TEMPLATE_SLOTS_MAX];
    size_t slot = 0;
    for (size_t i = 0; i < calibrate->count; i++)
        if (calibrate->parameters[i].template == template)
            texts[slot++] = quantity_print(arena, &values[i]);
    return template_fill(&calibrate->templates[template], arena, texts);
}

/* Simulate with these values, and with another seed if that is not NULL. */
static bool simulate_at(struct calibrate *calibrate, const struct quantity *values,
                        uint32_t replication_count, const uint64_t *seed, struct study_run *run)
{
    struct arena *arena = arena_create("setting", 0);
    const char *overrides[CALIBRATE_PARAMETERS_MAX + 1];
    size_t count = 0;
    for (; count < calibrate->template_count; count++)
        overrides[count] = calibrate_override(calibrate, arena, count, values);
    if (seed != NULL)
        overrides[count++] = arena_print(arena, "experiment.seed=%" PRIu64, *seed);
    struct configuration *configuration;
    if (!study_load(calibrate->study, arena, overrides, count, &configuration, &calibrate->error) ||
        !study_simulate(calibrate->study, arena, configuration, replication_count, run,
                        &calibrate->error)) {
        calibrate->has_error = true;
        arena_destroy(arena);
        return false;
    }
    if (!run->result->is_partial)
        return true;
    calibrate->outcome = CALIBRATE_INTERRUPTED;
    study_release(run);
    return false;
}

/* Variants that no target names are not simulated; so they are found by name. */
static bool read_metric(struct calibrate *calibrate, const struct study_run *run, size_t target,
                        struct interval *interval)
{
    const struct target *what = &calibrate->targets[target];
    int variant = result_find_variant(run->result, calibrate->base->variants[what->variant].name);
    CHECK(variant >= 0);
    *interval = run->summary->variants[variant].metrics[what->metric].headline;
    if (interval_has_estimate(interval))
        return true;
    calibrate->has_error = true;
    return error_set(&calibrate->error, ERROR_SCENARIO,
                     "at one setting there is no data for %s; try another range", what->text);
}

static void show(const struct calibrate *calibrate, const struct calibrate_sample *sample)
{
    struct arena *arena = arena_create("progress", 0);
    const char *text = "";
    for (size_t i = 0; i < calibrate->count; i++) {
        struct quantity value = calibrate_quantity(&calibrate->parameters[i], sample->scale[i]);
        text = arena_print(arena, "%s%s ", text, quantity_print(arena, &value));
    }
    /* About so many evaluations are to be expected; more make the bar wait at its end. */
    uint64_t expected = calibrate->count == 1 ? 24 : 24 * calibrate->count * calibrate->count;
    uint64_t done = calibrate->sample_count < expected ? calibrate->sample_count : expected - 1;
    progress_show(calibrate->progress, done, expected, text);
    arena_destroy(arena);
}

static void keep(struct calibrate *calibrate, const struct calibrate_sample *sample)
{
    if (calibrate->sample_count == calibrate->sample_room) {
        size_t room = calibrate->sample_room == 0 ? 64 : 2 * calibrate->sample_room;
        struct calibrate_sample *samples =
            arena_take_array(calibrate->study->arena, room, sizeof *samples);
        for (size_t i = 0; i < calibrate->sample_count; i++)
            samples[i] = calibrate->samples[i];
        calibrate->samples = samples;
        calibrate->sample_room = room;
    }
    calibrate->samples[calibrate->sample_count++] = *sample;
    show(calibrate, sample);
}

bool calibrate_evaluate(struct calibrate *calibrate, const double *scale,
                        uint32_t replication_count, struct calibrate_sample *sample,
                        struct study_run *run)
{
    struct quantity values[CALIBRATE_PARAMETERS_MAX];
    struct study_run own = {0};
    struct calibrate_sample made = {.replication_count = replication_count};
    for (size_t i = 0; i < calibrate->count; i++) {
        made.scale[i] = scale[i];
        values[i] = calibrate_quantity(&calibrate->parameters[i], scale[i]);
    }
    if (!simulate_at(calibrate, values, replication_count, NULL, &own))
        return false;
    bool is_good = true;
    for (size_t i = 0; is_good && i < calibrate->count; i++)
        is_good = read_metric(calibrate, &own, i, &made.metrics[i]);
    if (is_good && run != NULL)
        *run = own;
    else
        study_release(&own);
    if (!is_good)
        return false;
    keep(calibrate, &made);
    *sample = made;
    return true;
}

/* Is the target inside, given the errors of everything that took part? The value was found with one
 * seed and is looked at with another, so both have an error. */
static bool is_met(const struct target *target, const struct calibrate_check *check)
{
    double below = target->estimate - target->low, above = target->high - target->estimate;
    double distance = check->verified.estimate - target->estimate;
    double observed = distance < 0 ? below : above;
    double found = calibrate_half(&check->found), verified = calibrate_half(&check->verified);
    return fabs(distance) <= sqrt(observed * observed + found * found + verified * verified);
}

/* Simulate what is written down, with both seeds. */
static bool verify(struct calibrate *calibrate)
{
    struct quantity values[CALIBRATE_PARAMETERS_MAX];
    for (size_t i = 0; i < calibrate->count; i++) {
        struct calibrate_value *value = &calibrate->values[i];
        quantity_round(&value->estimate, DIGITS_RESULT);
        quantity_round(&value->low, DIGITS_RESULT);
        quantity_round(&value->high, DIGITS_RESULT);
        values[i] = value->estimate;
    }
    const uint64_t *const seeds[] = {NULL, &calibrate->verify_seed};
    for (size_t s = 0; s < 2; s++) {
        struct study_run run = {0};
        if (!simulate_at(calibrate, values, 0, seeds[s], &run))
            return false;
        bool is_good = true;
        for (size_t i = 0; is_good && i < calibrate->count; i++)
            is_good =
                read_metric(calibrate, &run, i,
                            s == 0 ? &calibrate->checks[i].found : &calibrate->checks[i].verified);
        study_release(&run);
        if (!is_good)
            return false;
    }
    for (size_t i = 0; i < calibrate->count; i++)
        calibrate->checks[i].is_met = is_met(&calibrate->targets[i], &calibrate->checks[i]);
    return true;
}

static void note_open(struct calibrate *calibrate)
{
    struct arena *arena = calibrate->study->arena;
    for (size_t i = 0; i < calibrate->count; i++) {
        const struct calibrate_parameter *parameter = &calibrate->parameters[i];
        const struct calibrate_value *value = &calibrate->values[i];
        if (!value->is_low_open && !value->is_high_open)
            continue;
        const struct quantity *end = value->is_low_open ? &parameter->low : &parameter->high;
        options_list_add(&calibrate->notes, arena,
                         arena_print(arena,
                                     "%s is not identified at its %s end, bounded at one end only: "
                                     "%s is the end of what was searched, and fits too. Search a "
                                     "wider range, or observe more.",
                                     parameter->name, value->is_low_open ? "lower" : "upper",
                                     quantity_print(arena, end)));
    }
}

bool calibrate_is_open(const struct calibrate *calibrate)
{
    for (size_t i = 0; i < calibrate->count; i++)
        if (calibrate->values[i].is_low_open || calibrate->values[i].is_high_open)
            return true;
    return false;
}

bool calibrate_run(struct calibrate *calibrate, struct error *error)
{
    struct progress progress = progress_start(stderr, calibrate->study->work->is_quiet);
    calibrate->progress = &progress;
    bool is_done =
        calibrate->count == 1 ? calibrate_find_one(calibrate) : calibrate_find_several(calibrate);
    if (is_done && calibrate->outcome == CALIBRATE_FOUND) {
        note_open(calibrate);
        is_done = verify(calibrate);
    }
    progress_end(&progress);
    calibrate->progress = NULL;
    if (is_done || calibrate->outcome == CALIBRATE_INTERRUPTED)
        return true;
    CHECK(calibrate->has_error);
    return error_set(error, calibrate->error.code, "%s", calibrate->error.message);
}
