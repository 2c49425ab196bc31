#include "models/rcesim/configure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/engines/engines.h"
#include "models/rcesim/policy.h"
#include "models/rcesim/schema.h"
#include "models/vmc/model.h"
#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

enum { VARIANTS_MAX = 64 }; /* As the schema says. */

/* The order of `choices` in the schema is the order of the enums. */
_Static_assert(VMC_EARLY_DROP == 0 && VMC_EARLY_DROP_RECORDED == 1 && VMC_EARLY_REJECT == 2 &&
                   VMC_EARLY_QUEUE == 3 && VMC_KEY_BY_TARGET == 0 && VMC_KEY_BY_SERVICE == 1 &&
                   VMC_START_EVENLY == 0 && VMC_START_RANDOMLY == 1 && VMC_START_AT_ONCE == 2,
               "the schema lists the choices of the world in this order");
_Static_assert(RCE_KEY_NONE == 0 && RCE_KEY_PER_ATTEMPT == 1 && RCE_KEY_PER_TASK == 2 &&
                   RCE_KEY_PER_WORKFLOW == 3 && RCE_KEY_PER_OPERATION == 4 &&
                   RCE_PRECHECK_FIRST_HOST == 0 && RCE_PRECHECK_EVERY_HOST == 1,
               "the schema lists the choices of the engine in this order");

/* What the functions here share while one scenario is read. */
struct reading {
    struct scenario *scenario;
    struct arena *arena;
    struct error *error;
};

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

static bool read_engine(const struct reading *reading, const char *map,
                        struct vmc_parameters *parameters)
{
    const char *path = path_of(reading, map, "engine");
    const char *name = scenario_text(reading->scenario, path);
    parameters->engine = engines_find(name);
    if (parameters->engine != NULL)
        return true;
    const char *closest = text_closest(name, engines_names(), engines_count());
    return scenario_complain(reading->scenario, path, reading->error,
                             "there is no engine \"%s\"; did you mean \"%s\"?", name,
                             closest != NULL ? closest : engines_names()[0]);
}

static bool read_variant(const struct reading *reading, const char *name,
                         const struct vmc_config *world, struct experiment_variant *variant)
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
    bool is_good = read_engine(reading, map, parameters);
    is_good = read_precheck(reading, path_of(reading, map, "precheck"), options) && is_good;
    is_good = read_retry(reading, path_of(reading, map, "retry"), options) && is_good;
    parameters->world = world;
    parameters->options = options;
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
    bool is_good = true;
    for (size_t i = 0; i < count; i++)
        is_good = read_variant(reading, scenario_child_name(scenario, "variants", i),
                               &configuration->world, &configuration->variants[i]) &&
                  is_good;
    return is_good;
}

static bool read_thresholds(const struct reading *reading, struct configuration *configuration)
{
    struct scenario *scenario = reading->scenario;
    size_t count = scenario_child_count(scenario, "thresholds");
    const char **names =
        arena_take_array(reading->arena, configuration->variant_count, sizeof *names);
    for (uint32_t i = 0; i < configuration->variant_count; i++)
        names[i] = configuration->variants[i].name;
    struct threshold_names known = {
        .model = &vmc_model, .variants = names, .variant_count = configuration->variant_count};
    configuration->threshold_count = count;
    configuration->thresholds =
        arena_take_array(reading->arena, count + 1, sizeof *configuration->thresholds);
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_print(reading->arena, "thresholds[%zu]", i);
        const char *text = scenario_text(scenario, path);
        size_t at = 0;
        struct error problem;
        if (threshold_parse(&configuration->thresholds[i], text, &known, &at, &problem))
            continue;
        bool is_metric_unknown = strstr(problem.message, "there is no metric") != NULL;
        is_good = scenario_complain(scenario, path, reading->error, "%s, at \"%s\"%s",
                                    problem.message, text + (at < strlen(text) ? at : 0),
                                    is_metric_unknown ? " (metrics: see rcesim scenario --document)"
                                                      : "");
    }
    return is_good;
}

bool configure_load(struct configuration **out, struct arena *arena,
                    const struct scenario_source *source, struct error *error)
{
    struct configuration *configuration = arena_take(arena, sizeof *configuration);
    if (!scenario_load(&configuration->scenario, arena, source, &rcesim_schema, error))
        return false;
    struct scenario *scenario = configuration->scenario;
    struct reading reading = {.scenario = scenario, .arena = arena, .error = error};
    configuration->file_name = source->file_name;
    configuration->hash = scenario_hash(scenario);
    configuration->question = scenario_text(scenario, "question");
    configuration->seed = (uint64_t)scenario_count(scenario, "experiment.seed");
    configuration->replication_count =
        (uint32_t)scenario_count(scenario, "experiment.replications");
    bool is_good = read_variants(&reading, configuration);
    is_good = read_thresholds(&reading, configuration) && is_good;
    is_good = read_world(&reading, &configuration->world) && is_good;
    if (is_good)
        *out = configuration;
    return is_good;
}

static bool is_listed(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool check_variant_name(const struct configuration *configuration, const char *name,
                               struct error *error)
{
    const char *names[VARIANTS_MAX];
    size_t count = 0;
    char list[2048] = "";
    for (uint32_t i = 0; i < configuration->variant_count && count < VARIANTS_MAX; i++) {
        names[count++] = configuration->variants[i].name;
        if (strcmp(names[count - 1], name) == 0)
            return true;
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", names[count - 1]);
    }
    const char *closest = text_closest(name, names, count);
    if (closest != NULL)
        return error_set(error, ERROR_USAGE, "there is no variant \"%s\"; did you mean \"%s\"?",
                         name, closest);
    return error_set(error, ERROR_USAGE, "there is no variant \"%s\"; there are: %s", name, list);
}

/* With variants left out it is another experiment, and has another hash. */
static void hash_selection(struct configuration *configuration)
{
    uint64_t parts[1 + VARIANTS_MAX] = {scenario_hash(configuration->scenario)};
    for (uint32_t i = 0; i < configuration->variant_count; i++) {
        const char *name = configuration->variants[i].name;
        parts[1 + i] = text_hash(name, strlen(name));
    }
    configuration->hash = text_hash(parts, (1 + configuration->variant_count) * sizeof parts[0]);
}

bool configure_select_variants(struct configuration *configuration, const char *const *names,
                               size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++)
        if (!check_variant_name(configuration, names[i], error))
            return false;
    if (count == 0)
        return true;
    bool is_kept[VARIANTS_MAX] = {false};
    uint32_t new_index[VARIANTS_MAX] = {0}, kept = 0;
    CHECK(configuration->variant_count <= VARIANTS_MAX);
    for (uint32_t i = 0; i < configuration->variant_count; i++) {
        is_kept[i] = is_listed(configuration->variants[i].name, names, count);
        new_index[i] = kept;
        if (is_kept[i])
            configuration->variants[kept++] = configuration->variants[i];
    }
    size_t thresholds_kept = 0;
    for (size_t i = 0; i < configuration->threshold_count; i++) {
        struct threshold threshold = configuration->thresholds[i];
        if (!is_kept[threshold.variant])
            continue;
        threshold.variant = new_index[threshold.variant];
        configuration->thresholds[thresholds_kept++] = threshold;
    }
    bool is_less = kept < configuration->variant_count;
    configuration->variant_count = kept;
    if (is_less)
        hash_selection(configuration);
    configuration->threshold_count = thresholds_kept;
    return true;
}

double configure_memory_available_bytes(void)
{
    double available = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/proc/meminfo", "re");
    char line[256];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        double kibibytes;
        if (sscanf(line, "MemAvailable: %lf kB", &kibibytes) == 1)
            available = 1024 * kibibytes;
    }
    if (file != NULL)
        fclose(file);
    return available;
}

bool configure_check_memory(struct configuration *configuration, uint32_t thread_count,
                            uint32_t rows_replication_count, size_t *limit_bytes,
                            struct error *error)
{
    const double gib = 1024.0 * 1024 * 1024;
    uint32_t replications = configuration->replication_count;
    double threads = thread_count < replications ? thread_count : replications;
    double per_thread = vmc_memory_estimate_bytes(&configuration->world);
    double row_bytes = 8.0 * rows_replication_count * (double)vmc_model.row_column_count *
                       configuration->world.fleet.sddcs_count;
    /* A record is its failed bits, its values and the buckets in use of its histograms. */
    double record = configuration->world.fleet.sddcs_count / 8.0 + 8.0 * VMC_METRIC_COUNT + 2048;
    double records = (record * replications + row_bytes) * configuration->variant_count;
    double available = 0.9 * configure_memory_available_bytes();
    bool is_fleet_larger = threads * per_thread > records;
    if (threads * per_thread + records > available)
        return scenario_complain(
            configuration->scenario, is_fleet_larger ? "fleet.sddcs" : "experiment.replications",
            error,
            "this needs about %.1f GiB of memory (%.1f for each of %.0f threads, %.1f for the "
            "records and rows of %u replications), and %.1f GiB are free; take fewer %s",
            (threads * per_thread + records) / gib, per_thread / gib, threads, records / gib,
            replications, available / gib,
            is_fleet_larger ? "SDDCs or --threads" : "replications or SDDCs, or less --rows");
    if (limit_bytes != NULL)
        *limit_bytes = (size_t)((available - records) / threads);
    return true;
}
