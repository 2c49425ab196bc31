#include "models/contention/config.h"
#include "models/contention/model.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/format/policy.h"
#include "sim/base/check.h"

static void read_world(const struct reading *reading, struct contention_config *world)
{
    struct scenario *scenario = reading->scenario;
    *world = (struct contention_config){
        .clients_count = (uint32_t)scenario_count(scenario, "clients.count"),
        .hop = scenario_dist(scenario, "network.hop"),
        .service = scenario_dist(scenario, "database.service"),
    };
    CHECK(world->clients_count <= CONTENTION_CLIENTS_MAX);
    /* No work needs no queue, and no events for it. */
    if (dist_is_constant(world->service) && dist_max(world->service) <= 0)
        world->service = NULL;
}

static bool read_variant(const struct reading *reading, const char *name,
                         struct contention_parameters *parameters)
{
    const char *map = arena_print(reading->arena, "variants.%s.retry", name);
    if (!scenario_has(reading->scenario, map))
        return true;
    struct policy_source source = {
        .scenario = reading->scenario, .arena = reading->arena, .path = map, .has_limits = true};
    return policy_read(&parameters->policy, &source, reading->error);
}

static bool configure(const struct reading *reading, struct configuration *configuration)
{
    struct contention_config *world = arena_take(reading->arena, sizeof *world);
    size_t count = scenario_child_count(reading->scenario, "variants");
    read_world(reading, world);
    configuration->world = world;
    configuration->variant_count = (uint32_t)count;
    configuration->variants =
        arena_take_array(reading->arena, count, sizeof *configuration->variants);
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        const char *name = scenario_child_name(reading->scenario, "variants", i);
        struct contention_parameters *parameters = arena_take(reading->arena, sizeof *parameters);
        parameters->world = world;
        parameters->policy = (struct rce_retry_policy){.attempts_max = 1};
        is_good = read_variant(reading, name, parameters) && is_good;
        configuration->variants[i] =
            (struct experiment_variant){.name = name, .parameters = parameters};
    }
    return is_good;
}

static double memory_bytes(const struct configuration *configuration)
{
    const struct contention_config *world = configuration->world;
    /* A client, its event and its place in the queue of events; the histogram. */
    return 1e5 + 512.0 * world->clients_count;
}

static const struct criterion criteria[] = {
    {"calls", "calls", "0.1"},
    {"completion_time", "completion", "100ms"},
    {"peak_calls_per_second", "peak/s", "10"},
    {"failure_rate", "gave up", "0.5%"},
};

const struct domain domain_contention = {
    .model = &contention_model,
    .schema = &schema_contention,
    .size_path = "clients.count",
    .size_names = "clients",
    .world_name = "rush of clients",
    .configure = configure,
    .memory_bytes = memory_bytes,
    .criteria = criteria,
    .criterion_count = sizeof criteria / sizeof criteria[0],
    .headline_count = 2,
};
