#include "models/rcesim/format/configure_crash.h"

#include <jansson.h>

#include "sim/base/check.h"
#include "sim/base/units.h"

_Static_assert(VMC_CRASH_PROCESS == 0 && VMC_CRASH_WORKFLOW == 1 && VMC_HAND_OVER_RESTART == 3,
               "the schema lists the choices of crashes in this order");

static const char after_action[] = "rce_crash.after_action";

static bool add_action(struct vmc_crash *crash, const json_t *item)
{
    json_int_t number = json_integer_value(item);
    if (!json_is_integer(item) || number < 0 || number > UINT32_MAX ||
        crash->actions_count == VMC_CRASH_ACTIONS_MAX)
        return false;
    crash->after_action[crash->actions_count++] = (uint32_t)number;
    return true;
}

static bool read_actions(const struct reading *reading, struct vmc_crash *crash)
{
    struct scenario *scenario = reading->scenario;
    if (!scenario_has(scenario, after_action))
        return true;
    json_t *tree = json_loads(scenario_tree(scenario, after_action), JSON_DECODE_ANY, NULL);
    CHECK(tree != NULL);
    bool is_good = true;
    if (json_is_array(tree))
        for (size_t i = 0; i < json_array_size(tree); i++)
            is_good = add_action(crash, json_array_get(tree, i)) && is_good;
    else
        is_good = add_action(crash, tree);
    json_decref(tree);
    if (is_good)
        return true;
    return scenario_complain(scenario, after_action, reading->error,
                             "has to be the number of an action, such as 3, or a list of at most "
                             "%d, such as [3, 17]",
                             VMC_CRASH_ACTIONS_MAX);
}

bool configure_crash(const struct reading *reading, struct vmc_crash *crash)
{
    struct scenario *scenario = reading->scenario;
    *crash = (struct vmc_crash){0};
    if (!scenario_has(scenario, "rce_crash"))
        return true;
    crash->probability = scenario_share(scenario, "rce_crash.probability");
    crash->downtime = scenario_dist(scenario, "rce_crash.downtime");
    crash->scope = (enum vmc_crash_scope)scenario_choice(scenario, "rce_crash.scope");
    if (!read_actions(reading, crash))
        return false;
    if (scenario_has(scenario, "rce_crash.every")) {
        crash->every = scenario_dist(scenario, "rce_crash.every");
        if (dist_mean(crash->every) < (double)UNITS_S)
            return scenario_complain(scenario, "rce_crash.every", reading->error,
                                     "crashes have to be at least 1 s apart on average, not "
                                     "%.3g s",
                                     dist_mean(crash->every) / (double)UNITS_S);
    }
    return true;
}

static bool require(const struct reading *reading, const char *variant,
                    const struct rce_engine *engine, enum rce_capability capability,
                    const char *what)
{
    if ((engine->capabilities & capability) != 0)
        return true;
    return scenario_complain(reading->scenario, "rce_crash", reading->error,
                             "the engine \"%s\" of variant \"%s\" cannot %s workflows (a "
                             "capability that it does not declare), so it cannot go on after a "
                             "crash; take the crashes away, or use another engine",
                             engine->name, variant, what);
}

bool configure_crash_engines(const struct reading *reading,
                             const struct configuration *configuration,
                             const struct vmc_crash *crash)
{
    bool is_good = true;
    if (crash->probability <= 0 && crash->actions_count == 0 && crash->every == NULL)
        return true;
    for (uint32_t i = 0; i < configuration->variant_count; i++) {
        const struct vmc_parameters *parameters = configuration->variants[i].parameters;
        const char *name = configuration->variants[i].name;
        is_good = require(reading, name, parameters->engine, RCE_CAN_SAVE, "save") && is_good;
        is_good = require(reading, name, parameters->engine, RCE_CAN_LOAD, "load") && is_good;
    }
    return is_good;
}
