#include "models/rcesim/format/policy.h"

#include <math.h>
#include <string.h>

#include "models/rce/retry.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

/* The order of `choices` in the schema is the order of the enum. */
_Static_assert(RCE_JITTER_NONE == 0 && RCE_JITTER_FULL == 1 && RCE_JITTER_EQUAL == 2 &&
                   RCE_JITTER_DECORRELATED == 3 && RCE_JITTER_PROPORTIONAL == 4,
               "the schema lists the kinds of jitter in this order");

static const struct rce_retry_policy exponential = {
    .base_ns = 30 * UNITS_S,
    .cap_ns = 10 * UNITS_MIN,
    .multiplier_permille = 2000,
    .jitter = RCE_JITTER_FULL,
};
static const struct rce_retry_policy fixed = {
    .base_ns = 30 * UNITS_S,
    .multiplier_permille = 1000,
};

static const char *field(const struct policy_source *source, const char *name)
{
    return arena_print(source->arena, "%s.%s", source->path, name);
}

static bool complain_about_name(const struct policy_source *source, const char *name,
                                struct error *error)
{
    size_t count;
    const struct rce_retry_preset *presets = rce_retry_presets(&count);
    const char **names = arena_take_array(source->arena, count + 2, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = presets[i].name;
    names[count] = "exponential";
    names[count + 1] = "fixed";
    const char *closest = text_closest(name, names, count + 2);
    if (closest != NULL)
        return scenario_complain(source->scenario, field(source, "policy"), error,
                                 "there is no policy \"%s\"; did you mean \"%s\"?", name, closest);
    const char *list = "exponential, fixed";
    for (size_t i = 0; i < count; i++)
        list = arena_print(source->arena, "%s, %s", list, names[i]);
    return scenario_complain(source->scenario, field(source, "policy"), error,
                             "there is no policy \"%s\"; there are: %s", name, list);
}

static bool read_base(struct rce_retry_policy *policy, const struct policy_source *source,
                      struct error *error)
{
    const char *name = scenario_text(source->scenario, field(source, "policy"));
    const struct rce_retry_preset *preset = rce_retry_preset_find(name);
    if (preset != NULL)
        *policy = preset->policy;
    else if (strcmp(name, "exponential") == 0)
        *policy = exponential;
    else if (strcmp(name, "fixed") == 0)
        *policy = fixed;
    else
        return complain_about_name(source, name, error);
    return true;
}

static void read_duration(const struct policy_source *source, const char *name, int64_t *value)
{
    const char *path = field(source, name);
    if (scenario_has(source->scenario, path))
        *value = scenario_duration_ns(source->scenario, path);
}

static bool read_count(const struct policy_source *source, const char *name, uint32_t *value)
{
    const char *path = field(source, name);
    if (!scenario_has(source->scenario, path))
        return false;
    *value = (uint32_t)scenario_count(source->scenario, path);
    return true;
}

static bool read_spacing(struct rce_retry_policy *policy, const struct policy_source *source,
                         struct error *error)
{
    struct scenario *scenario = source->scenario;
    read_duration(source, "base", &policy->base_ns);
    read_duration(source, "cap", &policy->cap_ns);
    read_duration(source, "throttled_base", &policy->throttled_base_ns);
    const char *factor = field(source, "factor"), *jitter = field(source, "jitter"),
               *share = field(source, "jitter_share"),
               *honour = field(source, "honour_retry_after");
    if (scenario_has(scenario, factor))
        policy->multiplier_permille = (uint32_t)lround(1000 * scenario_number(scenario, factor));
    if (scenario_has(scenario, jitter))
        policy->jitter = (enum rce_jitter)scenario_choice(scenario, jitter);
    if (scenario_has(scenario, share))
        policy->jitter_permille = (uint32_t)lround(1000 * scenario_share(scenario, share));
    if (scenario_has(scenario, honour))
        policy->ignore_retry_after = !scenario_flag(scenario, honour);
    if (scenario_has(scenario, share) && policy->jitter != RCE_JITTER_PROPORTIONAL)
        return scenario_complain(scenario, share, error,
                                 "jitter_share belongs to `jitter: proportional`");
    if (policy->jitter == RCE_JITTER_PROPORTIONAL && policy->jitter_permille == 0)
        return scenario_complain(scenario, jitter, error,
                                 "proportional jitter needs a jitter_share above 0, such as 20%%");
    if (policy->cap_ns != 0 && policy->cap_ns < policy->base_ns)
        return scenario_complain(scenario,
                                 scenario_has(scenario, field(source, "cap")) ? field(source, "cap")
                                                                              : source->path,
                                 error,
                                 "the cap is below the base: no wait would be as the base "
                                 "says");
    return true;
}

static bool read_limits(struct rce_retry_policy *policy, const struct policy_source *source,
                        struct error *error)
{
    struct scenario *scenario = source->scenario;
    read_count(source, "attempts", &policy->attempts_max);
    read_duration(source, "total", &policy->total_ns);
    read_count(source, "budget.capacity", &policy->budget_capacity);
    if (read_count(source, "budget.cost", &policy->budget_cost)) {
        policy->budget_cost_unknown = policy->budget_cost;
        policy->budget_cost_throttled = policy->budget_cost;
    }
    read_count(source, "budget.cost_unknown", &policy->budget_cost_unknown);
    read_count(source, "budget.cost_throttled", &policy->budget_cost_throttled);
    read_count(source, "budget.credit", &policy->budget_success_credit);
    const char *rate = field(source, "limiter.rate");
    bool has_burst = read_count(source, "limiter.burst", &policy->limiter_burst);
    if (!scenario_has(scenario, rate))
        return true;
    double rate_per_s = scenario_rate_per_s(scenario, rate);
    if (rate_per_s != floor(rate_per_s))
        return scenario_complain(scenario, rate, error,
                                 "the limiter takes a whole number of retries a second");
    policy->limiter_per_s = (uint32_t)rate_per_s;
    if (!has_burst && policy->limiter_burst == 0)
        policy->limiter_burst = 1;
    return true;
}

bool policy_read(struct rce_retry_policy *out, const struct policy_source *source,
                 struct error *error)
{
    struct rce_retry_policy policy;
    if (!read_base(&policy, source, error) || !read_spacing(&policy, source, error))
        return false;
    if (source->has_limits && !read_limits(&policy, source, error))
        return false;
    *out = policy;
    return true;
}
