#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/rcesim/format/configure_crash.h"
#include "models/rcesim/format/configure_engine.h"
#include "models/rcesim/format/configure_rollout.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/format/policy.h"
#include "models/vmc/config.h"
#include "models/vmc/model.h"
#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

/* The order of `choices` in the schema is the order of the enums. */
_Static_assert(VMC_EARLY_DROP == 0 && VMC_EARLY_DROP_RECORDED == 1 && VMC_EARLY_REJECT == 2 &&
                   VMC_EARLY_QUEUE == 3 && VMC_KEY_BY_TARGET == 0 && VMC_KEY_BY_SERVICE == 1 &&
                   VMC_START_EVENLY == 0 && VMC_START_RANDOMLY == 1 && VMC_START_AT_ONCE == 2,
               "the schema lists the choices of the world in this order");
_Static_assert(RCE_KEY_NONE == 0 && RCE_KEY_PER_ATTEMPT == 1 && RCE_KEY_PER_TASK == 2 &&
                   RCE_KEY_PER_WORKFLOW == 3 && RCE_KEY_PER_OPERATION == 4 &&
                   RCE_PRECHECK_FIRST_HOST == 0 && RCE_PRECHECK_EVERY_HOST == 1,
               "the schema lists the choices of the engine in this order");

static const char *path_of(const struct reading *reading, const char *map, const char *name)
{
    return arena_print(reading->arena, "%s.%s", map, name);
}

static bool read_groups(const struct reading *reading, struct vmc_fleet *fleet)
{
    struct scenario *scenario = reading->scenario;
    size_t count = scenario_child_count(scenario, "fleet.groups");
    CHECK(count <= VMC_GROUPS_MAX);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = scenario_child_name(scenario, "fleet.groups", i);
        const char *map = path_of(reading, "fleet.groups", name);
        fleet->groups[i] = (struct vmc_group){
            .name = name,
            .region = scenario_text(scenario, path_of(reading, map, "region")),
            .instance_type = scenario_text(scenario, path_of(reading, map, "instance_type")),
            .share = scenario_share(scenario, path_of(reading, map, "share")),
            .provisioning_scale =
                scenario_number(scenario, path_of(reading, map, "provisioning_scale")),
        };
        sum += fleet->groups[i].share;
    }
    fleet->groups_count = (uint32_t)count;
    if (count == 0 || fabs(sum - 1) < 1e-9)
        return true;
    return scenario_complain(scenario, "fleet.groups", reading->error,
                             "the shares of the groups add up to %.6g %%, not to 100 %%",
                             100 * sum);
}

static bool read_fleet(const struct reading *reading, struct vmc_fleet *fleet)
{
    struct scenario *scenario = reading->scenario;
    fleet->sddcs_count = (uint32_t)scenario_count(scenario, "fleet.sddcs");
    fleet->clusters_per_sddc = scenario_dist(scenario, "fleet.clusters_per_sddc");
    fleet->hosts_per_cluster = scenario_dist(scenario, "fleet.hosts_per_cluster");
    fleet->temporary_host_share = scenario_share(scenario, "fleet.temporary_host.share");
    return read_groups(reading, fleet);
}

static bool read_provisioning(const struct reading *reading, struct vmc_provisioning *provisioning)
{
    struct scenario *scenario = reading->scenario;
    *provisioning = (struct vmc_provisioning){
        .launch = scenario_dist(scenario, "provisioning.launch"),
        .boot = scenario_dist(scenario, "provisioning.boot"),
        .connect = scenario_dist(scenario, "provisioning.connect"),
        .configure = scenario_dist(scenario, "provisioning.configure"),
        .outage_probability = scenario_share(scenario, "provisioning.capacity_outage.probability"),
        .outage_duration = scenario_dist(scenario, "provisioning.capacity_outage.duration"),
    };
    if (!scenario_has(scenario, "provisioning.region_outage"))
        return true;
    provisioning->region_outage_gap = scenario_dist(scenario, "provisioning.region_outage.gap");
    provisioning->region_outage_duration =
        scenario_dist(scenario, "provisioning.region_outage.duration");
    /* Every outage of a region is simulated, whether somebody asks for a host or not. */
    double period_ns = dist_mean(provisioning->region_outage_gap) +
                       dist_mean(provisioning->region_outage_duration);
    if (period_ns >= (double)UNITS_MIN)
        return true;
    return scenario_complain(
        scenario, "provisioning.region_outage.gap", reading->error,
        "outages and gaps of a region must last at least 1 min together on average, not %.3g s",
        period_ns / (double)UNITS_S);
}

static void read_work(const struct reading *reading, struct vmc_config *world)
{
    struct scenario *scenario = reading->scenario;
    world->work = (struct vmc_work){
        .control_plane = scenario_dist(scenario, "phase1.control_plane"),
        .network = scenario_dist(scenario, "phase3.network"),
        .backup = scenario_dist(scenario, "phase2.backup"),
        .update_host = scenario_dist(scenario, "phase2.update_host"),
        .remove_host = scenario_dist(scenario, "phase2.remove_host"),
        .update_failure_probability = scenario_share(scenario, "phase2.update_failure"),
        .repair = scenario_dist(scenario, "phase2.repair"),
    };
    world->maintenance = (struct vmc_maintenance){
        .evacuate = scenario_dist(scenario, "maintenance.evacuate"),
        .exit = scenario_dist(scenario, "maintenance.exit"),
        .resync = scenario_dist(scenario, "maintenance.resync"),
        .stuck_probability = scenario_share(scenario, "maintenance.stuck.probability"),
        .stuck_duration = scenario_dist(scenario, "maintenance.stuck.duration"),
        .slow_share = scenario_share(scenario, "maintenance.slow_hosts.share"),
        .slow_factor = scenario_number(scenario, "maintenance.slow_hosts.factor"),
    };
}

static struct vmc_limit read_limit(const struct reading *reading, const char *path)
{
    if (!scenario_has(reading->scenario, path))
        return (struct vmc_limit){0};
    return (struct vmc_limit){
        .rate_per_s = scenario_rate_per_s(reading->scenario, path_of(reading, path, "rate")),
        .burst = (uint32_t)scenario_count(reading->scenario, path_of(reading, path, "burst")),
    };
}

/* Read a list of windows into an array that has room for VMC_WINDOWS_MAX. */
static bool read_windows(const struct reading *reading, const char *path,
                         struct vmc_window *windows, uint32_t *count)
{
    struct scenario *scenario = reading->scenario;
    *count = (uint32_t)scenario_child_count(scenario, path);
    CHECK(*count <= VMC_WINDOWS_MAX);
    bool is_good = true;
    for (uint32_t i = 0; i < *count; i++) {
        const char *map = arena_print(reading->arena, "%s[%u]", path, i);
        const char *to = path_of(reading, map, "to"), *every = path_of(reading, map, "every");
        struct vmc_window window = {
            .from_ns = scenario_duration_ns(scenario, path_of(reading, map, "from")),
            .to_ns = scenario_duration_ns(scenario, to),
            .every_ns = scenario_duration_ns(scenario, every),
        };
        windows[i] = window;
        if (window.to_ns <= window.from_ns)
            is_good =
                scenario_complain(scenario, to, reading->error, "the window ends before it begins");
        else if (window.every_ns != 0 && window.to_ns - window.from_ns > window.every_ns)
            is_good = scenario_complain(scenario, every, reading->error,
                                        "the window is longer than its period");
    }
    return is_good;
}

static bool read_service(const struct reading *reading, struct vmc_service *service)
{
    struct scenario *scenario = reading->scenario;
    *service = (struct vmc_service){
        .latency = scenario_dist(scenario, "host_service.latency"),
        .response_delay = scenario_dist(scenario, "host_service.response_delay"),
        .unavailable_probability = scenario_share(scenario, "host_service.errors.unavailable"),
        .unknown_probability = scenario_share(scenario, "host_service.errors.unknown"),
        .unknown_applied_share = scenario_share(scenario, "host_service.errors.unknown_applied"),
        .limit_reads = read_limit(reading, "host_service.throttle.reads"),
        .limit_writes = read_limit(reading, "host_service.throttle.writes"),
        .limit_add_host = read_limit(reading, "host_service.throttle.add_host"),
        .retry_after = scenario_flag(scenario, "host_service.throttle.retry_after"),
        .read_lag = scenario_dist(scenario, "host_service.read_lag"),
        .callback_delay = scenario_dist(scenario, "host_service.callback.delay"),
        .callback_loss = scenario_share(scenario, "host_service.callback.loss"),
        .callback_duplicate = scenario_share(scenario, "host_service.callback.duplicate"),
        .callback_late_probability =
            scenario_share(scenario, "host_service.callback.late.probability"),
        .callback_late_delay = scenario_dist(scenario, "host_service.callback.late.delay"),
        .callback_duplicate_delay =
            scenario_dist(scenario, "host_service.callback.duplicate_delay"),
        .early_request =
            (enum vmc_early_request)scenario_choice(scenario, "host_service.early_request"),
        .key_scope =
            (enum vmc_key_scope)scenario_choice(scenario, "host_service.idempotency.scope"),
        .key_retention_ns = scenario_duration_ns(scenario, "host_service.idempotency.retention"),
    };
    if (scenario_has(scenario, "host_service.queue"))
        service->queue = (struct vmc_queue){
            .rate_per_s = scenario_rate_per_s(scenario, "host_service.queue.rate"),
            .timeout_ns = scenario_duration_ns(scenario, "host_service.queue.timeout"),
            .length_max = (uint32_t)scenario_count(scenario, "host_service.queue.length"),
        };
    return read_windows(reading, "host_service.outages", service->outages, &service->outages_count);
}

static bool read_wave(const struct reading *reading, struct vmc_wave *wave)
{
    struct scenario *scenario = reading->scenario;
    wave->schedule = (enum vmc_schedule)scenario_choice(scenario, "wave.schedule");
    wave->spread_ns = scenario_duration_ns(scenario, "wave.spread");
    wave->concurrency_max = (uint32_t)scenario_count(scenario, "wave.concurrency");
    return read_windows(reading, "wave.windows", wave->windows, &wave->windows_count);
}

static bool read_world(const struct reading *reading, struct vmc_config *world)
{
    vmc_config_init(world);
    bool is_good = read_fleet(reading, &world->fleet);
    is_good = read_provisioning(reading, &world->provisioning) && is_good;
    read_work(reading, world);
    is_good = read_service(reading, &world->service) && is_good;
    is_good = read_wave(reading, &world->wave) && is_good;
    is_good = configure_crash(reading, &world->crash) && is_good;
    world->bin_ns = scenario_duration_ns(reading->scenario, "report.bin");
    return is_good;
}

static void read_deadlines(const struct reading *reading, const char *variant,
                           struct rce_options *options)
{
    static const struct {
        const char *name;
        enum rce_operation operation;
    } rows[] = {
        {"control_plane", RCE_UPGRADE_CONTROL_PLANE},
        {"backup", RCE_BACKUP},
        {"add_host", RCE_ADD_HOST},
        {"enter_maintenance", RCE_ENTER_MAINTENANCE},
        {"update_host", RCE_UPDATE_HOST},
        {"exit_maintenance", RCE_EXIT_MAINTENANCE},
        {"remove_host", RCE_REMOVE_HOST},
        {"network", RCE_UPGRADE_NETWORK},
    };
    struct scenario *scenario = reading->scenario;
    options->deadline_ns[RCE_ENTER_MAINTENANCE] =
        scenario_duration_ns(scenario, "maintenance.deadline");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *path = arena_print(reading->arena, "%s.deadlines.%s", variant, rows[i].name);
        if (scenario_has(scenario, path))
            options->deadline_ns[rows[i].operation] = scenario_duration_ns(scenario, path);
    }
}

static bool read_precheck(const struct reading *reading, const char *map,
                          struct rce_options *options)
{
    struct scenario *scenario = reading->scenario;
    options->precheck = scenario_has(scenario, map);
    if (!options->precheck)
        return true;
    options->precheck_scope =
        (enum rce_precheck_scope)scenario_choice(scenario, path_of(reading, map, "scope"));
    options->deadline_ns[RCE_READ_CLUSTER] =
        scenario_duration_ns(scenario, path_of(reading, map, "deadline"));
    struct policy_source poll = {
        .scenario = scenario,
        .arena = reading->arena,
        .path = path_of(reading, map, "poll"),
    };
    return policy_read(&options->precheck_poll, &poll, reading->error);
}

static bool read_retry(const struct reading *reading, const char *map, struct rce_options *options)
{
    struct scenario *scenario = reading->scenario;
    options->retry = scenario_has(scenario, map);
    if (!options->retry)
        return true;
    options->retry_after_ns = scenario_duration_ns(scenario, path_of(reading, map, "after"));
    struct policy_source policy = {
        .scenario = scenario, .arena = reading->arena, .path = map, .has_limits = true};
    return policy_read(&options->retry_policy, &policy, reading->error);
}

/* The digests of the engines of all variants, in order; 0 as long as all are linked. */
static void add_digest(struct configuration *configuration, uint64_t digest)
{
    uint64_t both[] = {configuration->engines_digest, digest};
    if (digest != 0 || configuration->engines_digest != 0)
        configuration->engines_digest = text_hash(both, sizeof both);
}

/* To be called last, since an engine is opened with the options of its variant. */
static bool read_engine(const struct reading *reading, const char *map,
                        struct configuration *configuration, struct vmc_parameters *parameters)
{
    const struct engine *engine;
    if (!configure_engine(reading, path_of(reading, map, "engine"), parameters->options, &engine))
        return false;
    add_digest(configuration, engine->digest);
    configuration->engines[configuration->engine_count++] =
        (struct configured_engine){.options = parameters->options, .engine = engine};
    parameters->engine = engine->table;
    parameters->engine_label = engine->label;
    parameters->settings = engine->kind == ENGINE_LINKED ? NULL : engine->settings;
    return true;
}

static bool read_variant(const struct reading *reading, const char *name,
                         struct configuration *configuration, struct experiment_variant *variant)
{
    struct scenario *scenario = reading->scenario;
    const char *map = path_of(reading, "variants", name);
    struct vmc_parameters *parameters = arena_take(reading->arena, sizeof *parameters);
    struct rce_options *options = arena_take(reading->arena, sizeof *options);
    rce_options_init(options);
    options->clusters_at_once = (uint32_t)scenario_count(scenario, "phase2.clusters_at_once");
    options->settle_ns = scenario_duration_ns(scenario, path_of(reading, map, "settle"));
    read_deadlines(reading, map, options);
    const char *idempotency = path_of(reading, map, "idempotency");
    options->key_scope = RCE_KEY_NONE;
    if (scenario_has(scenario, idempotency))
        options->key_scope =
            (enum rce_key_scope)scenario_choice(scenario, path_of(reading, idempotency, "key"));
    bool is_good = read_precheck(reading, path_of(reading, map, "precheck"), options);
    is_good = read_retry(reading, path_of(reading, map, "retry"), options) && is_good;
    parameters->world = configuration->world;
    parameters->options = options;
    is_good = read_engine(reading, map, configuration, parameters) && is_good;
    *variant = (struct experiment_variant){.name = name, .parameters = parameters};
    return is_good;
}

static bool read_variants(const struct reading *reading, struct configuration *configuration)
{
    struct scenario *scenario = reading->scenario;
    size_t count = scenario_child_count(scenario, "variants");
    configuration->variant_count = (uint32_t)count;
    configuration->variants =
        arena_take_array(reading->arena, count, sizeof *configuration->variants);
    configuration->engines =
        arena_take_array(reading->arena, count, sizeof *configuration->engines);
    bool is_good = true;
    for (size_t i = 0; i < count; i++)
        is_good = read_variant(reading, scenario_child_name(scenario, "variants", i), configuration,
                               &configuration->variants[i]) &&
                  is_good;
    return is_good;
}

static bool configure(const struct reading *reading, struct configuration *configuration)
{
    struct vmc_config *world = arena_take(reading->arena, sizeof *world);
    configuration->world = world;
    bool is_good = read_variants(reading, configuration);
    is_good = configure_rollouts(reading, configuration) && is_good;
    is_good = read_world(reading, world) && is_good;
    return is_good && configure_crash_engines(reading, configuration, &world->crash);
}

static double memory_bytes(const struct configuration *configuration)
{
    return vmc_memory_estimate_bytes(configuration->world);
}

/* The groups of the fleet, in the order of the column `group` of workflows.tsv. */
static json_t *groups_json(const struct vmc_fleet *fleet)
{
    json_t *groups = json_array();
    for (uint32_t i = 0; i < fleet->groups_count; i++)
        json_array_append_new(
            groups, json_pack("{s:s, s:s, s:s, s:f}", "name", fleet->groups[i].name, "region",
                              fleet->groups[i].region, "instance_type",
                              fleet->groups[i].instance_type, "share", fleet->groups[i].share));
    return groups;
}

static void describe(const struct configuration *configuration, json_t *summary)
{
    const struct vmc_config *world = configuration->world;
    json_t *engines = json_object();
    for (uint32_t i = 0; i < configuration->variant_count; i++) {
        const struct vmc_parameters *parameters = configuration->variants[i].parameters;
        json_object_set_new(engines, configuration->variants[i].name,
                            json_string(parameters->engine_label));
    }
    json_object_set_new(summary, "groups", groups_json(&world->fleet));
    json_object_set_new(summary, "engines", engines);
}

static bool keep_policy(struct arena *arena, struct experiment_variant *variant,
                        const struct configuration *configuration,
                        const struct experiment_variant *base, struct error *error)
{
    const struct vmc_parameters *own = variant->parameters;
    struct vmc_parameters *parameters = arena_take(arena, sizeof *parameters);
    struct rce_options *options = arena_take(arena, sizeof *options);
    *parameters = *(const struct vmc_parameters *)base->parameters;
    *options = *parameters->options;
    if (!options->retry)
        options->retry_after_ns = own->options->retry_after_ns;
    options->retry = own->options->retry;
    options->retry_policy = own->options->retry_policy;
    variant->parameters = parameters;
    const struct engine *engine = configure_find_engine(configuration, parameters->options);
    if (configure_exchange(arena, parameters, engine, options, error))
        return true;
    return error_context(error, "policy \"%s\"", variant->name);
}

static const struct criterion criteria[] = {
    {"failure_rate", "failed", "0.5%"},
    {"api_calls", "calls", "1"},
    {"peak_calls_per_minute", "peak/min", "5"},
    {"wave_duration", "wave", "15min"},
};

/* Groups are what they are called, where they are, and what they run on. */
static const char *category(const struct configuration *configuration, const char *column,
                            int64_t value, size_t facet, struct arena *arena)
{
    const struct vmc_parameters *parameters = configuration->variants[0].parameters;
    const struct vmc_fleet *fleet = &parameters->world->fleet;
    if (strcmp(column, "group") != 0 || value < 0 || value >= (int64_t)fleet->groups_count)
        return NULL;
    const struct vmc_group *group = &fleet->groups[value];
    const struct {
        const char *what, *name;
    } facets[] = {
        {"group", group->name}, {"region", group->region}, {"instance type", group->instance_type}};
    if (facet >= sizeof facets / sizeof facets[0])
        return NULL;
    const char *name = facets[facet].name;
    return arena_print(arena, "%s %s", facets[facet].what,
                       name == NULL || *name == '\0' ? "without a name" : name);
}

const struct domain domain_vmc = {
    .model = &vmc_model,
    .schema = &schema_vmc,
    .size_path = "fleet.sddcs",
    .size_names = "SDDCs",
    .world_name = "wave",
    .violations = "violations",
    .configure = configure,
    .memory_bytes = memory_bytes,
    .criteria = criteria,
    .criterion_count = sizeof criteria / sizeof criteria[0],
    .headline_count = 1,
    .criteria_note = "A wave whose workflows fail is over sooner, and makes fewer calls.",
    .keep_policy = keep_policy,
    .describe = describe,
    .category = category,
};
