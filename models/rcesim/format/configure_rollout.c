#include "models/rcesim/format/configure_rollout.h"

#include <string.h>

#include "models/vmc/config.h"
#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

/* The order of `choices` in the schema is the order of the enums. */
_Static_assert(VMC_SELECT_FAILING == 0 && VMC_SELECT_FIRST == 1 && VMC_SELECT_RANDOM == 2 &&
                   VMC_SELECT_ALL == 3 && VMC_HAND_OVER_BEFORE_MAINTENANCE == 0 &&
                   VMC_HAND_OVER_ALL == 1 && VMC_HAND_OVER_NONE == 2 && VMC_REDRIVE_NEVER == 0 &&
                   VMC_REDRIVE_AT_ONCE == 1 && VMC_REDRIVE_WHEN_QUIET == 2,
               "the schema lists the choices of a rollout in this order");

/* The rollout of one variant while it is being read. */
struct source {
    const struct reading *reading;
    const struct configuration *configuration;
    const char *variant; /* "canary" */
    const char *map;     /* "variants.canary.rollout" */
};

static const char *path_of(const struct source *source, const char *name)
{
    return arena_print(source->reading->arena, "%s.%s", source->map, name);
}

static int64_t duration_ns(const struct source *source, const char *name)
{
    return scenario_duration_ns(source->reading->scenario, path_of(source, name));
}

/* Find the variant whose engine and options are rolled out. */
static bool read_to(const struct source *source, struct vmc_rollout *rollout)
{
    struct scenario *scenario = source->reading->scenario;
    const struct configuration *configuration = source->configuration;
    const char *path = path_of(source, "to");
    if (!scenario_has(scenario, path))
        return true;
    const char *name = scenario_text(scenario, path);
    if (strcmp(name, source->variant) == 0)
        return scenario_complain(scenario, path, source->reading->error,
                                 "this is the variant itself; name the one whose engine takes "
                                 "over, or write placebo: true");
    const char **names =
        arena_take_array(source->reading->arena, configuration->variant_count, sizeof *names);
    for (uint32_t i = 0; i < configuration->variant_count; i++) {
        const struct vmc_parameters *parameters = configuration->variants[i].parameters;
        names[i] = configuration->variants[i].name;
        if (strcmp(names[i], name) != 0)
            continue;
        rollout->engine = parameters->engine;
        rollout->options = parameters->options;
        rollout->settings = parameters->settings;
        return true;
    }
    const char *closest = text_closest(name, names, configuration->variant_count);
    return scenario_complain(scenario, path, source->reading->error,
                             "there is no variant \"%s\"; did you mean \"%s\"?", name,
                             closest != NULL ? closest : names[0]);
}

/* Defaults of the schema. A resolved scenario writes them out, so they are no contradiction to
 * detect.at, which takes their place. */
enum { DETECT_FAILED_DEFAULT = 5 };
#define DETECT_WITHIN_DEFAULT_NS (30 * UNITS_MIN)

static bool read_detection(const struct source *source, struct vmc_rollout *rollout)
{
    struct scenario *scenario = source->reading->scenario;
    const char *at = path_of(source, "detect.at");
    const char *failed = path_of(source, "detect.failed"),
               *within = path_of(source, "detect.within");
    uint32_t failed_count = (uint32_t)scenario_count(scenario, failed);
    int64_t within_ns = scenario_duration_ns(scenario, within);
    if (!scenario_has(scenario, at)) {
        rollout->detect_failed_count = failed_count;
        rollout->detect_within_ns = within_ns;
        return true;
    }
    rollout->detect_at_ns = scenario_duration_ns(scenario, at);
    const char *useless = failed_count != DETECT_FAILED_DEFAULT   ? failed
                          : within_ns != DETECT_WITHIN_DEFAULT_NS ? within
                                                                  : NULL;
    if (useless == NULL)
        return true;
    return scenario_complain(scenario, useless, source->reading->error,
                             "the failure is detected at a fixed time here (detect.at); take one "
                             "of the two away");
}

static bool read_stages(const struct source *source, struct vmc_rollout *rollout)
{
    struct scenario *scenario = source->reading->scenario;
    const char *list = path_of(source, "stages");
    uint32_t count = (uint32_t)scenario_child_count(scenario, list);
    CHECK(count <= VMC_STAGES_MAX);
    rollout->stages_count = count;
    if (count == 0 && (rollout->engine != NULL || rollout->is_placebo)) {
        rollout->stages_count = 1;
        rollout->stages[0] = (struct vmc_stage){.select = VMC_SELECT_ALL, .share = 1};
    }
    bool is_good = true;
    for (uint32_t i = 0; i < count; i++) {
        struct source stage = *source;
        stage.map = arena_print(source->reading->arena, "%s[%u]", list, i);
        rollout->stages[i] = (struct vmc_stage){
            .select = (enum vmc_selection)scenario_choice(scenario, path_of(&stage, "select")),
            .share = scenario_share(scenario, path_of(&stage, "share")),
            .after_ns = duration_ns(&stage, "after"),
        };
        if (i > 0 && rollout->stages[i].after_ns < rollout->stages[i - 1].after_ns)
            is_good = scenario_complain(scenario, path_of(&stage, "after"), source->reading->error,
                                        "this stage comes before the one above it");
        if (rollout->stages[i].select == VMC_SELECT_ALL && rollout->stages[i].share < 1)
            is_good = scenario_complain(scenario, path_of(&stage, "share"), source->reading->error,
                                        "`all` has no share; write select: random, or percentage");
    }
    return is_good;
}

static bool check_purpose(const struct source *source, const struct vmc_rollout *rollout)
{
    struct scenario *scenario = source->reading->scenario;
    bool is_deployed = rollout->engine != NULL || rollout->is_placebo;
    if (rollout->engine != NULL && rollout->is_placebo)
        return scenario_complain(scenario, path_of(source, "to"), source->reading->error,
                                 "a placebo re-drives with the old engine; take `to` or "
                                 "`placebo` away");
    if (!is_deployed && rollout->stages_count > 0)
        return scenario_complain(scenario, path_of(source, "stages"), source->reading->error,
                                 "stages of what? Name the variant whose engine is rolled out in "
                                 "`to`, or write placebo: true");
    if (!is_deployed && rollout->pause_ns == 0)
        return scenario_complain(scenario, source->map, source->reading->error,
                                 "this changes nothing: it needs `to`, `placebo` or `pause`");
    if (rollout->engine == NULL && rollout->halt_decided_count > 0)
        return scenario_complain(scenario, path_of(source, "halt_if"), source->reading->error,
                                 "there is no new engine here whose failures could halt "
                                 "anything; take `halt_if` away, or name a variant in `to`");
    if (rollout->is_placebo && rollout->redrive == VMC_REDRIVE_NEVER)
        return scenario_complain(scenario, path_of(source, "redrive"), source->reading->error,
                                 "a placebo does nothing but re-drive");
    return true;
}

static bool check_can(const struct source *source, const struct rce_engine *engine,
                      enum rce_capability capability, const char *what)
{
    if ((engine->capabilities & capability) != 0)
        return true;
    return scenario_complain(source->reading->scenario, source->map, source->reading->error,
                             "the engine \"%s\" cannot %s workflows (a capability that it does "
                             "not declare), so none can be handed over; write hand_over: none and "
                             "redrive: never, or use another engine",
                             engine->name, what);
}

/* Workflows go from the old engine to the new one, and back if it is halted. */
static bool check_engines(const struct source *source, const struct vmc_rollout *rollout,
                          const struct rce_engine *old)
{
    bool is_handing_over = rollout->engine != NULL && (rollout->hand_over != VMC_HAND_OVER_NONE ||
                                                       rollout->redrive != VMC_REDRIVE_NEVER);
    if (!is_handing_over)
        return true;
    /* The old one takes up again what the new one cannot read; and what the new one has begun, it
     * has to save when it is stopped, as the old one does. */
    if (rollout->hand_over == VMC_HAND_OVER_RESTART &&
        (!check_can(source, old, RCE_CAN_LOAD, "load") ||
         !check_can(source, rollout->engine, RCE_CAN_SAVE, "save")))
        return false;
    return check_can(source, old, RCE_CAN_SAVE, "save") &&
           check_can(source, rollout->engine, RCE_CAN_LOAD, "load");
}

static bool read_rollout(const struct source *source, struct vmc_rollout *rollout,
                         const struct rce_engine *old)
{
    struct scenario *scenario = source->reading->scenario;
    *rollout = (struct vmc_rollout){
        .delay_ns = duration_ns(source, "delay"),
        .drain_ns = duration_ns(source, "drain"),
        .pace_ns = duration_ns(source, "pace"),
        .pause_ns = duration_ns(source, "pause"),
        .hand_over = (enum vmc_hand_over)scenario_choice(scenario, path_of(source, "hand_over")),
        .redrive = (enum vmc_redrive)scenario_choice(scenario, path_of(source, "redrive")),
        .is_placebo = scenario_flag(scenario, path_of(source, "placebo")),
    };
    if (scenario_has(scenario, path_of(source, "halt_if"))) {
        rollout->halt_failed_share = scenario_share(scenario, path_of(source, "halt_if.failed"));
        rollout->halt_decided_count =
            (uint32_t)scenario_count(scenario, path_of(source, "halt_if.of"));
    }
    bool is_good = read_to(source, rollout);
    is_good = read_detection(source, rollout) && is_good;
    is_good = read_stages(source, rollout) && is_good;
    is_good = is_good && check_purpose(source, rollout);
    return is_good && check_engines(source, rollout, old);
}

bool configure_rollouts(const struct reading *reading, struct configuration *configuration)
{
    bool is_good = true;
    for (uint32_t i = 0; i < configuration->variant_count; i++) {
        struct experiment_variant *variant = &configuration->variants[i];
        struct source source = {
            .reading = reading,
            .configuration = configuration,
            .variant = variant->name,
            .map = arena_print(reading->arena, "variants.%s.rollout", variant->name),
        };
        if (!scenario_has(reading->scenario, source.map))
            continue;
        struct vmc_parameters *parameters = arena_take(reading->arena, sizeof *parameters);
        struct vmc_rollout *rollout = arena_take(reading->arena, sizeof *rollout);
        *parameters = *(const struct vmc_parameters *)variant->parameters;
        is_good = read_rollout(&source, rollout, parameters->engine) && is_good;
        parameters->rollout = rollout;
        variant->parameters = parameters;
    }
    return is_good;
}
