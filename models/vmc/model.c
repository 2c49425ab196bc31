#include "models/vmc/model.h"

#include <string.h>

#include "models/vmc/world.h"

int64_t world_delay_ns(struct world *world, const struct dist *dist, struct draw_name name)
{
    return dist == NULL ? 0 : oracle_delay_ns(world->oracle, name, dist);
}

void world_schedule(struct world *world, int64_t delay_ns, enum event_kind kind, uint32_t entity,
                    uint64_t a)
{
    if (delay_ns > INT64_MAX - world->now_ns)
        check_limit(
            "simulated time would pass 292 years; make the durations of the scenario shorter");
    /* A literal in each branch, so that the usual one need not pass through memory. */
    if (__builtin_expect(world->asks_order, 0))
        explore_schedule(world, &(struct sim_event){.time_ns = world->now_ns + delay_ns,
                                                    .subject = entity,
                                                    .kind = (uint16_t)kind,
                                                    .a = a});
    else
        sim_schedule(world->sim, &(struct sim_event){.time_ns = world->now_ns + delay_ns,
                                                     .subject = entity,
                                                     .kind = (uint16_t)kind,
                                                     .a = a});
}

void world_count(struct world *world, enum vmc_metric metric, int64_t n)
{
    world->record->values[metric] += n;
}

/* A function of the event alone, so that a run can be repeated. */
static uint64_t tie_order(void *context, const struct sim_event *event)
{
    struct world *world = context;
    uint64_t mixed = ((uint64_t)event->time_ns ^ (uint64_t)event->kind << 56 ^ event->a << 32) *
                     UINT64_C(0x9e3779b97f4a7c15);
    return oracle_tie(world->oracle,
                      (struct draw_name){event->subject, PURPOSE_TIE, (uint32_t)(mixed >> 32)});
}

/* Give each region that the groups name a number. */
static void number_regions(struct world *world)
{
    const struct vmc_fleet *fleet = &world->config->fleet;
    uint32_t count = 1;
    for (uint32_t i = 0; i < fleet->groups_count; i++) {
        uint32_t same = 0;
        while (same < i && strcmp(fleet->groups[same].region, fleet->groups[i].region) != 0)
            same++;
        if (same < i)
            world->region_of_group[i] = world->region_of_group[same];
        else
            world->region_of_group[i] = (uint8_t)(i == 0 ? 0 : count++);
    }
    world->regions = arena_take_array(world->arena, count, sizeof *world->regions);
}

/* In a large fleet an event finds nothing of its SDDC in the caches, and would wait for main memory
 * again and again. So the memory of the events that may come soon is asked for ahead, in four
 * stages a step apart: the event, then its SDDC, then the parts of the SDDC, then the host. */
struct ahead {
    uint32_t known[SIM_SOON_COUNT];  /* slots whose events are here */
    uint32_t loaded[SIM_SOON_COUNT]; /* slots whose SDDCs are here */
    uint32_t opened[SIM_SOON_COUNT]; /* slots whose clusters are here */
};
enum { LARGE_FLEET = 4096 }; /* below, everything fits and looking ahead only costs */

static void prefetch_lines(const void *start, uint32_t lines)
{
    for (uint32_t i = 0; i < lines; i++)
        __builtin_prefetch((const char *)start + (size_t)64 * i);
}

static void prefetch_host(const struct world *world, struct sim_hint hint)
{
    const struct sddc *sddc = &world->sddcs[entity_sddc(hint.subject)];
    uint32_t host = entity_host(hint.subject);
    if (sddc->clusters == NULL || host >= RCE_HOSTS_MAX)
        return;
    prefetch_lines(&sddc->clusters[entity_cluster(hint.subject)].hosts[host], 1);
}

static void look_ahead(const struct world *world, struct ahead *ahead)
{
    for (uint32_t i = 0; i < SIM_SOON_COUNT; i++)
        prefetch_host(world, sim_hint(world->sim, ahead->opened[i]));
    for (uint32_t i = 0; i < SIM_SOON_COUNT; i++) {
        struct sim_hint hint = sim_hint(world->sim, ahead->loaded[i]);
        const struct sddc *sddc = &world->sddcs[entity_sddc(hint.subject)];
        if (sddc->clusters == NULL)
            continue;
        uint32_t cluster = entity_cluster(hint.subject);
        if (hint.kind == EVENT_TASK_END || hint.kind == EVENT_CALLBACK)
            prefetch_lines(&sddc->tasks[hint.a], 1);
        prefetch_lines(&sddc->clusters[cluster == ENTITY_NO_CLUSTER ? 0 : cluster], 2);
        prefetch_lines(sddc->workflow, 4);
        prefetch_lines(sddc->timers, 1);
    }
    for (uint32_t i = 0; i < SIM_SOON_COUNT; i++)
        prefetch_lines(&world->sddcs[entity_sddc(sim_hint(world->sim, ahead->known[i]).subject)],
                       3);
    memcpy(ahead->opened, ahead->loaded, sizeof ahead->opened);
    memcpy(ahead->loaded, ahead->known, sizeof ahead->loaded);
    sim_soon(world->sim, ahead->known);
}

void world_handle(struct world *world, const struct sim_event *event)
{
    switch ((enum event_kind)event->kind) {
    case EVENT_WAVE: wave_step(world); return;
    case EVENT_ARRIVE: service_arrive(world, (uint32_t)event->a); return;
    case EVENT_SERVE: service_serve(world, (uint32_t)event->a); return;
    case EVENT_RESPOND: driver_respond(world, (uint32_t)event->a); return;
    case EVENT_CONNECTED: platform_connected(world, event->subject, (uint16_t)event->a); return;
    case EVENT_READY: platform_ready(world, event->subject); return;
    case EVENT_TASK_END: platform_task_end(world, event->subject, (uint16_t)event->a); return;
    case EVENT_REPAIRED: platform_repaired(world, event->subject); return;
    case EVENT_CALLBACK: driver_callback(world, event->subject, (uint16_t)event->a); return;
    case EVENT_TIMER: driver_timer(world, event->subject, (uint32_t)event->a); return;
    case EVENT_ROLLOUT: rollout_step(world, event->a); return;
    case EVENT_CHANGE: rollout_change(world, event->subject, event->a); return;
    case EVENT_REDRIVE: rollout_redrive(world, event->subject); return;
    case EVENT_CRASH: crash_tick(world, event->subject, event->a); return;
    case EVENT_RESTART: crash_restart(world, (enum version)event->a); return;
    case EVENT_RESUME: crash_resume(world, event->subject, event->a); return;
    }
    CHECK_UNREACHABLE("an event of an unknown kind");
}

/* A workflow that neither completed nor failed: its engine waits for nothing, or it never started.
 */
static void close_unended(struct world *world, uint32_t index)
{
    world->sddcs[index].cause = CAUSE_NEVER_ENDED;
    invariant_break(world, entity_of_sddc(index), VIOLATION_NEVER_ENDED);
}

/* How the workflow ended in the end, after a second drive if there was one. */
static void close_failure(struct world *world, uint32_t index, uint32_t unit)
{
    const struct sddc *sddc = &world->sddcs[index];
    if (sddc->status == RCE_SUCCEEDED)
        return;
    record_set_failed(world->record, unit);
    world_count(world, METRIC_FAILURE_RATE, 1);
    world_count(world, (enum vmc_metric)(METRIC_FIRST_CAUSE + sddc->cause), 1);
}

/* Temporary hosts that nobody removed are left over, a cost of failure until the end of the wave.
 */
static void close_hosts(const struct world *world, struct sddc *sddc)
{
    int64_t end_ns = world->last_end_ns;
    for (uint32_t c = 0; c < sddc->plan.clusters_count; c++) {
        const struct cluster *cluster = &sddc->clusters[c];
        int64_t extra_ns = end_ns * cluster->extra_hosts_count - cluster->extra_asked_sum_ns;
        sddc->hosts_left_over_count += cluster->extra_hosts_count;
        sddc->temporary_host_ns += extra_ns > 0 ? extra_ns : 0;
        if (cluster->hosts[cluster->hosts_count].state == HOST_ABSENT)
            continue;
        sddc->hosts_left_over_count++;
        if (end_ns > cluster->asked_at_ns)
            sddc->temporary_host_ns += end_ns - cluster->asked_at_ns;
    }
}

/* The race: when the clusters with a temporary host were ready and when maintenance was first asked
 * for there, both since the temporary host was asked for. Clusters that never saw both are left out
 * of all three, so that they can be compared. */
static void close_race(struct world *world, const struct sddc *sddc)
{
    struct histogram *histograms = world->record->histograms;
    for (uint32_t c = 0; c < sddc->plan.clusters_count; c++) {
        const struct cluster *cluster = &sddc->clusters[c];
        if (cluster->ready_at_ns < 0 || cluster->triggered_at_ns < cluster->asked_at_ns)
            continue;
        int64_t early_ns = cluster->ready_at_ns - cluster->triggered_at_ns;
        histogram_add(&histograms[HISTOGRAM_READY_DELAY],
                      cluster->ready_at_ns - cluster->asked_at_ns);
        histogram_add(&histograms[HISTOGRAM_TRIGGER_DELAY],
                      cluster->triggered_at_ns - cluster->asked_at_ns);
        if (early_ns > 0)
            histogram_add(&histograms[HISTOGRAM_EARLY_BY], early_ns);
    }
}

static void close_durations(struct world *world, const struct sddc *sddc)
{
    if (sddc->status != RCE_RUNNING)
        histogram_add(&world->record->histograms[HISTOGRAM_DURATION],
                      sddc->ended_at_ns - sddc->started_at_ns);
    if (sddc->status == RCE_FAILED)
        histogram_add(&world->record->histograms[HISTOGRAM_TIME_TO_FAILURE],
                      sddc->ended_at_ns - sddc->started_at_ns);
    close_race(world, sddc);
}

/* What came after the trigger has no value where there was none, or no queue that could suffer. */
static void close_storm(struct world *world)
{
    int64_t *values = world->record->values;
    if (world->trigger_end_ns < 0)
        values[METRIC_PEAK_CALLS_AFTER_OUTAGE] = METRIC_NONE;
    if (world->trigger_end_ns < 0 || world->config->service.queue.rate_per_s <= 0)
        values[METRIC_RECOVERY_TIME] = METRIC_NONE;
}

void world_close_sddc(struct world *world, uint32_t index, uint32_t unit)
{
    struct sddc *sddc = &world->sddcs[index];
    if (sddc->status == RCE_RUNNING)
        close_unended(world, index);
    close_failure(world, index, unit);
    close_hosts(world, sddc);
    close_durations(world, sddc);
    world_count(world, METRIC_HOSTS_LEFT_OVER, sddc->hosts_left_over_count);
    world_count(world, METRIC_TEMPORARY_HOST_TIME, sddc->temporary_host_ns);
    world_count(world, METRIC_EARLY_TRIGGER_RATE, sddc->early_trigger);
}

static void close_accounts(struct world *world)
{
    bool all_ended = true;
    for (uint32_t i = 0; i < world->sddcs_count; i++) {
        all_ended = all_ended && world->sddcs[i].status != RCE_RUNNING;
        world_close_sddc(world, i, i);
    }
    close_storm(world);
    rollout_close(world);
    timeline_close(world);
    world->record->values[METRIC_WAVE_DURATION] = all_ended ? world->last_end_ns : METRIC_NONE;
}

static bool simulate(struct world *world, struct error *error)
{
    struct sim_event event;
    struct ahead ahead = {0};
    bool is_large = world->sddcs_count >= LARGE_FLEET;
    wave_begin(world);
    if (world->probe == NULL)
        timeline_begin(world);
    if (world->parameters->rollout != NULL)
        rollout_begin(world);
    crash_begin(world);
    while (sim_next(world->sim, &event)) {
        if (is_large)
            look_ahead(world, &ahead);
        uint64_t event_count = sim_event_count(world->sim);
        world->now_ns = world->oracle->now_ns = event.time_ns;
        world->oracle->event_count = event_count;
        world_handle(world, &event);
        if (__builtin_expect(world->is_harness_broken, 0)) {
            /* An engine that was not waited for any longer is not broken. */
            if (model_is_interrupted(world->run, 0))
                return error_set(error, ERROR_INTERRUPTED, "interrupted");
            return false;
        }
        if (model_is_interrupted(world->run, event_count))
            return error_set(error, ERROR_INTERRUPTED, "interrupted");
    }
    if (sim_stop_reason(world->sim) == SIM_STOP_EVENT_LIMIT && world->probe == NULL)
        return error_set(error, ERROR_SCENARIO,
                         "more than %llu events, and no end: the engine \"%s\" retries%s "
                         "too often for its deadlines",
                         (unsigned long long)sim_event_count(world->sim),
                         world->parameters->engine->name,
                         world->durables != NULL ? ", polls or crashes" : " or polls");
    return true;
}

/* More events than this for one SDDC mean an engine that never stops. A workflow of 20 clusters of
 * 16 hosts has about 4,000. */
enum { EVENTS_PER_SDDC_MAX = 100000 };

static void make_sim(struct world *world, uint64_t event_max)
{
    enum { PENDING_OF_ONE_SDDC = 31, PENDING = 256 };
    const struct model_probe *probe = world->probe;
    sim_tie_order *order = world->parameters->shuffle_ties && probe == NULL ? tie_order : NULL;
    world->sim = sim_create(
        world->arena,
        &(struct sim_options){
            .capacity = probe != NULL && world->sddcs_count == 1 ? PENDING_OF_ONE_SDDC : PENDING,
            .tie_order = world->asks_order ? explore_order : order,
            .tie_context = world,
            .causes = trace_keeping_events(world->trace),
            .event_max = probe != NULL && probe->event_max > 0 ? probe->event_max : event_max,
        });
}

struct world *world_create(const struct model_run *model_run, struct record *record,
                           uint64_t event_max)
{
    const struct vmc_parameters *parameters = model_run->parameters;
    uint32_t sddcs_count = parameters->world->fleet.sddcs_count;
    struct world *world = arena_take(model_run->arena, sizeof *world);
    /* Field by field: as a literal, the actions would be cleared twice and copied in every run. */
    world->config = parameters->world;
    world->parameters = parameters;
    world->run = model_run;
    world->oracle = model_run->oracle;
    world->arena = model_run->arena;
    world->record = record;
    world->sddcs_count = sddcs_count;
    world->probe = model_run->probe;
    world->asks_order = model_run->probe != NULL && model_run->probe->asks_order;
    world->hashes_memory = model_run->probe != NULL && model_run->probe->hashes_memory;
    world->trigger_end_ns = service_trigger_end_ns(&parameters->world->service);
    if (model_run->sink != NULL && model_run->sink->trace != NULL) {
        world->trace = model_run->sink->trace;
        world->trace_sddc = model_run->sink->trace_unit;
    }
    record->unit_count = sddcs_count;
    number_regions(world);
    world->sddcs = arena_take_array(world->arena, sddcs_count, sizeof *world->sddcs);
    make_sim(world, event_max);
    return world;
}

bool world_run(const struct model_run *model_run, struct record *record, uint64_t *service_history,
               struct error *error)
{
    const struct vmc_parameters *parameters = model_run->parameters;
    struct world *world = world_create(
        model_run, record, (uint64_t)parameters->world->fleet.sddcs_count * EVENTS_PER_SDDC_MAX);
    struct error harness_error; /* `error` may be NULL */
    world->harness_error = error != NULL ? error : &harness_error;
    world->service_history = service_history;
    driver_begin_engine(world, VERSION_OLD, parameters->engine,
                        parameters->settings != NULL ? parameters->settings : parameters->options);
    bool is_good = simulate(world, error);
    driver_end_engines(world);
    if (!is_good)
        return false;
    explore_close(world);
    if (world->probe == NULL) {
        close_accounts(world);
        rows_write(world);
    }
    record->history_hash = sim_history_hash(world->sim);
    if (world->hashes_memory)
        record->history_hash = history_fold(record->history_hash, world->memory_hash);
    record->event_count = sim_event_count(world->sim);
    return true;
}

static bool run(const struct model_run *model_run, struct record *record, struct error *error)
{
    return world_run(model_run, record, NULL, error);
}

static uint32_t units_max(const void *parameters)
{
    return ((const struct vmc_parameters *)parameters)->world->fleet.sddcs_count;
}

#define CAUSE(which, text, says)                                                                   \
    [METRIC_FIRST_CAUSE + (which)] = {.name = text,                                                \
                                      .label = says,                                               \
                                      .doc = "Workflows that failed for this cause, in truth.",    \
                                      .group = "causes",                                           \
                                      .kind = METRIC_PROPORTION}
#define VIOLATION(which, text, says)                                                               \
    [METRIC_FIRST_VIOLATION + (which)] = {.name = "violation." text,                               \
                                          .label = says,                                           \
                                          .doc = "Clusters (or workflows) that broke it.",         \
                                          .group = "invariants",                                   \
                                          .kind = METRIC_TOTAL}
#define METRIC(n, l, k, u, d)                                                                      \
    {                                                                                              \
        .name = n, .label = l, .doc = d, .kind = k, .unit = u                                      \
    }

/* What only a rollout has; without one there is no data. The counts are what the shares are of. */
#define ROLLOUT_COUNT(which, n, l, d)                                                              \
    [which] = {.name = n, .label = l, .doc = d, .group = "rollout", .kind = METRIC_TOTAL}
#define CRASH_COUNT(which, n, l, d)                                                                \
    [which] = {.name = n, .label = l, .doc = d, .kind = METRIC_TOTAL, .is_optional = true}
#define ROLLOUT_SHARE(which, whole, n, l, d)                                                       \
    [which] = {.name = n,                                                                          \
               .label = l,                                                                         \
               .doc = d,                                                                           \
               .kind = METRIC_PROPORTION,                                                          \
               .is_optional = true,                                                                \
               .is_part = true,                                                                    \
               .part_of = whole}
#define ROLLOUT_TIME(which, n, l, d)                                                               \
    [which] = {.name = n,                                                                          \
               .label = l,                                                                         \
               .doc = d,                                                                           \
               .kind = METRIC_PER_REPLICATION,                                                     \
               .unit = METRIC_DURATION_NS,                                                         \
               .is_optional = true}

static const struct metric metrics[VMC_METRIC_COUNT] = {
    [METRIC_FAILURE_RATE] = METRIC("failure_rate", "failure rate", METRIC_PROPORTION, METRIC_COUNT,
                                   "Workflows that failed or never ended."),
    [METRIC_EARLY_TRIGGER_RATE] =
        METRIC("early_trigger_rate", "asked too early", METRIC_PROPORTION, METRIC_COUNT,
               "Workflows that asked for maintenance while a temporary host was not ready."),
    [METRIC_VIOLATIONS] = METRIC("violations", "invariant violations", METRIC_TOTAL, METRIC_COUNT,
                                 "Broken invariants, each counted once a cluster."),
    [METRIC_DUPLICATE_TRIGGERS] = METRIC("duplicate_triggers", "duplicate triggers", METRIC_TOTAL,
                                         METRIC_COUNT, "Second maintenance tasks for one visit."),
    [METRIC_API_CALLS] = METRIC("api_calls", "API calls", METRIC_PER_UNIT, METRIC_COUNT,
                                "Requests to the host-management service."),
    [METRIC_API_READS] = METRIC("api_reads", "of which reads", METRIC_PER_UNIT, METRIC_COUNT,
                                "Requests that only read state."),
    [METRIC_RETRIES] = METRIC("retries", "retries", METRIC_PER_UNIT, METRIC_COUNT,
                              "Times an engine decided to ask again."),
    [METRIC_THROTTLED] = METRIC("throttled", "throttled requests", METRIC_TOTAL, METRIC_COUNT,
                                "Requests answered 429."),
    [METRIC_CALLBACKS_LOST] = METRIC("callbacks_lost", "lost callbacks", METRIC_TOTAL, METRIC_COUNT,
                                     "Callbacks that were never sent."),
    [METRIC_CALLBACKS_IGNORED] =
        METRIC("callbacks_ignored", "ignored callbacks", METRIC_TOTAL, METRIC_COUNT,
               "Callbacks that the engine ignored as late, repeated or foreign."),
    [METRIC_PEAK_CALLS_PER_MINUTE] =
        METRIC("peak_calls_per_minute", "peak API calls a minute", METRIC_PER_REPLICATION,
               METRIC_COUNT, "The busiest minute of the wave."),
    [METRIC_WAVE_DURATION] =
        METRIC("wave_duration", "wave duration", METRIC_PER_REPLICATION, METRIC_DURATION_NS,
               "From the start of the wave to the end of its last workflow."),
    [METRIC_QUEUE_TIMEOUTS] = {.name = "queue_timeouts",
                               .label = "requests given up in the queue",
                               .doc = "Requests that waited longer than their callers did.",
                               .kind = METRIC_TOTAL,
                               .is_optional = true},
    [METRIC_PEAK_CALLS_AFTER_OUTAGE] =
        {.name = "peak_calls_after_outage",
         .label = "peak API calls a minute, after the outage",
         .doc = "The busiest minute that began after the last outage window had ended.",
         .kind = METRIC_PER_REPLICATION,
         .is_optional = true},
    [METRIC_RECOVERY_TIME] =
        {.name = "recovery_time",
         .label = "recovery from the outage",
         .doc = "From the end of the last outage window until the last request was given up in the "
                "queue.",
         .kind = METRIC_PER_REPLICATION,
         .unit = METRIC_DURATION_NS,
         .is_optional = true},
    [METRIC_TEMPORARY_HOST_TIME] =
        METRIC("temporary_host_time", "temporary-host time", METRIC_PER_UNIT, METRIC_DURATION_NS,
               "From asking for a temporary host to its removal or the end of the wave."),
    [METRIC_HOSTS_ADDED] = METRIC("hosts_added", "temporary hosts added", METRIC_TOTAL,
                                  METRIC_COUNT, "Temporary hosts that were asked for."),
    [METRIC_HOSTS_REMOVED] = METRIC("hosts_removed", "temporary hosts removed", METRIC_TOTAL,
                                    METRIC_COUNT, "Temporary hosts that were removed."),
    [METRIC_HOSTS_LEFT_OVER] = METRIC("hosts_left_over", "hosts left over", METRIC_TOTAL,
                                      METRIC_COUNT, "Temporary hosts still there at the end."),
    ROLLOUT_COUNT(METRIC_UNDER_ROLLOUT, "under_rollout", "workflows of waves with a rollout",
                  "Workflows of a wave into which another engine is rolled out, or the placebo."),
    ROLLOUT_SHARE(
        METRIC_FAILED_AT_FIRST, METRIC_UNDER_ROLLOUT, "failed_at_first", "failed at first",
        "Of all workflows under a rollout, those whose first drive failed or never ended."),
    ROLLOUT_SHARE(METRIC_REDRIVEN, METRIC_UNDER_ROLLOUT, "redriven", "re-driven",
                  "Of all workflows under a rollout, those that failed and were re-driven."),
    ROLLOUT_SHARE(METRIC_FAILED_AGAIN, METRIC_REDRIVEN, "failed_again", "of these failed again",
                  "Of the re-driven workflows, those whose second drive failed or never ended."),
    ROLLOUT_SHARE(
        METRIC_TAKEN_OVER, METRIC_UNDER_ROLLOUT, "taken_over", "taken over in time",
        "Of all workflows under a rollout, those that had asked for maintenance too early, "
        "were handed to the other engine while they waited, and did not fail."),
    ROLLOUT_COUNT(METRIC_TRIGGERED_BEFORE, "triggered_before", "triggered before the detection",
                  "Workflows that first asked for maintenance before the failure was detected."),
    ROLLOUT_SHARE(METRIC_FAILED_BEFORE, METRIC_TRIGGERED_BEFORE, "failed_before",
                  "failed, triggered before the detection",
                  "Of the workflows that first asked for maintenance before the failure was "
                  "detected, those of which that drive failed or never ended."),
    ROLLOUT_COUNT(METRIC_TRIGGERED_AFTER, "triggered_after", "triggered after the last stage",
                  "Workflows that first asked for maintenance in the bin of time (report.bin, "
                  "counted from the deployment) that follows the last stage."),
    ROLLOUT_SHARE(METRIC_FAILED_AFTER, METRIC_TRIGGERED_AFTER, "failed_after",
                  "failed, triggered after the last stage",
                  "Of the workflows that first asked for maintenance in the bin of time "
                  "(report.bin, counted from the deployment) that follows the last stage, those "
                  "of which that drive failed or never ended."),
    ROLLOUT_TIME(METRIC_DETECTED_AT, "detected_at", "failure detected",
                 "From the start of the wave until the failure was detected."),
    ROLLOUT_TIME(METRIC_DEPLOYED_AT, "deployed_at", "deployed",
                 "From the start of the wave until the other engine was deployed (placebo: "
                 "re-driving began)."),
    ROLLOUT_TIME(METRIC_ROLLOUT_TIME, "rollout_time", "detection to last stage",
                 "From the detection of the failure until the last stage of the rollout."),
    [METRIC_ROLLOUTS_HALTED] = {.name = "rollouts_halted",
                                .label = "rollouts halted",
                                .doc = "Rollouts that were stopped and rolled back by their rule.",
                                .kind = METRIC_TOTAL,
                                .is_optional = true},
    [METRIC_STATES_REFUSED] = {.name = "states_refused",
                               .label = "workflows refused by the new engine",
                               .doc = "Workflows that stayed with their engine, because the other "
                                      "one could not take over their state.",
                               .kind = METRIC_TOTAL,
                               .is_optional = true},
    CRASH_COUNT(METRIC_CRASHES, "crashes", "crashes of engines",
                "Crashes of an engine process, or of the worker of one workflow."),
    CRASH_COUNT(METRIC_RESUMED, "resumed", "workflows resumed",
                "Times that a workflow was taken up from what its engine had persisted."),
    CRASH_COUNT(METRIC_ANSWERS_LOST, "answers_lost", "answers lost in crashes",
                "Answers that came when the engine that had asked had crashed."),
    CRASH_COUNT(METRIC_ASKED_AGAIN, "asked_again", "requests repeated after crashes",
                "Requests that engines sent at once when they took up a workflow."),
    CAUSE(CAUSE_EARLY_TRIGGER, "cause.early_trigger", "maintenance before the cluster was ready"),
    CAUSE(CAUSE_DEAD_TASK, "cause.dead_task", "idempotency key led to a dead task"),
    CAUSE(CAUSE_DUPLICATE_TRIGGER, "cause.duplicate_trigger", "duplicate trigger"),
    CAUSE(CAUSE_LOST_CALLBACK, "cause.lost_callback", "lost callback"),
    CAUSE(CAUSE_LATE_CALLBACK, "cause.late_callback", "late or unrecognised callback"),
    CAUSE(CAUSE_LOST_ANSWER, "cause.lost_answer", "lost or late answer"),
    CAUSE(CAUSE_CAPACITY_OUTAGE, "cause.capacity_outage", "capacity outage"),
    CAUSE(CAUSE_SLOW_PROVISIONING, "cause.slow_provisioning", "slow provisioning"),
    CAUSE(CAUSE_STUCK_EVACUATION, "cause.stuck_evacuation", "stuck evacuation"),
    CAUSE(CAUSE_SLOW_WORK, "cause.slow_work", "work slower than its deadline"),
    CAUSE(CAUSE_HOST_FAILURE, "cause.host_failure", "host failure"),
    CAUSE(CAUSE_THROTTLED, "cause.throttled", "throttled"),
    CAUSE(CAUSE_SERVICE_ERROR, "cause.service_error", "service error"),
    CAUSE(CAUSE_CRASH, "cause.crash", "crashes of the engine"),
    CAUSE(CAUSE_NEVER_ENDED, "cause.never_ended", "not ended when the simulation ended"),
    CAUSE(CAUSE_OTHER, "cause.other", "other"),
    VIOLATION(VIOLATION_TWO_IN_MAINTENANCE, "two_in_maintenance", "two hosts in maintenance"),
    VIOLATION(VIOLATION_CAPACITY, "capacity", "fewer usable hosts than at the start"),
    VIOLATION(VIOLATION_UPDATED_TWICE, "updated_twice", "host updated twice"),
    VIOLATION(VIOLATION_NOT_UPDATED, "not_updated", "completed without updating a host"),
    VIOLATION(VIOLATION_DUPLICATE_TRIGGER, "duplicate_trigger", "second task for one visit"),
    VIOLATION(VIOLATION_LEFT_OVER_HOST, "left_over_host", "completed with a host left over"),
    VIOLATION(VIOLATION_NEVER_ENDED, "never_ended", "workflow never ended"),
    VIOLATION(VIOLATION_FOREIGN_CALLBACK, "foreign_callback", "foreign callback believed"),
};

static const struct model_histogram histograms[VMC_HISTOGRAM_COUNT] = {
    [HISTOGRAM_DURATION] = {.name = "duration",
                            .label = "workflow duration",
                            .doc = "From the start of a workflow to its end, however it ended."},
    [HISTOGRAM_TIME_TO_FAILURE] = {.name = "time_to_failure",
                                   .label = "time to failure",
                                   .doc = "From the start of a workflow to its end, of those that "
                                          "failed.",
                                   .is_detail = true},
    [HISTOGRAM_READY_DELAY] = {.name = "ready_delay",
                               .label = "cluster ready",
                               .doc = "From asking for a temporary host until its cluster was "
                                      "ready for maintenance.",
                               .is_detail = true},
    [HISTOGRAM_TRIGGER_DELAY] = {.name = "trigger_delay",
                                 .label = "maintenance triggered",
                                 .doc = "From asking for a temporary host until maintenance was "
                                        "first asked for in its cluster.",
                                 .is_detail = true},
    [HISTOGRAM_EARLY_BY] = {.name = "early_by",
                            .label = "maintenance triggered too early, by",
                            .doc = "From the first request for maintenance until the cluster was "
                                   "ready, of the clusters where it came first.",
                            .is_detail = true},
};

#define WAVE_START                "start of the wave"
#define DEPLOYMENT                "deployment"
#define SERIES(which, o, n, l, d) [which] = {.name = n, .label = l, .doc = d, .origin = o}
#define PART(which, whole, o, n, l, d)                                                             \
    [which] = {.name = n, .label = l, .doc = d, .origin = o, .is_part = true, .part_of = whole}

static const struct model_series series[VMC_SERIES_COUNT] = {
    SERIES(SERIES_STARTED, WAVE_START, "started", "started", "Workflows that started."),
    SERIES(SERIES_REDRIVEN, WAVE_START, "redriven", "re-driven",
           "Failed workflows that were re-driven."),
    SERIES(SERIES_ENDED, WAVE_START, "ended", "ended",
           "Ends of workflows, again where one was re-driven; running at a time are those started "
           "and re-driven so far without those ended."),
    SERIES(SERIES_TRIGGERED, WAVE_START, "triggered", "triggered",
           "Workflows, by the time of their first maintenance request."),
    PART(SERIES_TRIGGERED_FAILED, SERIES_TRIGGERED, WAVE_START, "triggered_failed",
         "failed, by time of trigger", "Those of which the drive that made it failed."),
    PART(SERIES_TRIGGERED_UNDECIDED, SERIES_TRIGGERED, WAVE_START, "triggered_undecided",
         "undecided, by time of trigger", "Those of which the drive that made it never ended."),
    PART(SERIES_TRIGGERED_TAKEN_OVER, SERIES_TRIGGERED, WAVE_START, "triggered_taken_over",
         "taken over, by time of trigger",
         "Those that had asked too early and were handed to the other engine before they failed."),
    SERIES(SERIES_DECIDED, WAVE_START, "decided", "decided",
           "Workflows, by the time at which their first drive ended."),
    PART(SERIES_DECIDED_FAILED, SERIES_DECIDED, WAVE_START, "decided_failed",
         "failed, by time of decision", "Those that failed then."),
    SERIES(SERIES_SINCE_TRIGGERED, DEPLOYMENT, "since.triggered", "triggered",
           "Workflows, by the time of their first maintenance request."),
    PART(SERIES_SINCE_TRIGGERED_FAILED, SERIES_SINCE_TRIGGERED, DEPLOYMENT,
         "since.triggered_failed", "failed, by time of trigger",
         "Those of which the drive that made it failed."),
    PART(SERIES_SINCE_TRIGGERED_UNDECIDED, SERIES_SINCE_TRIGGERED, DEPLOYMENT,
         "since.triggered_undecided", "undecided, by time of trigger",
         "Those of which the drive that made it never ended."),
    PART(SERIES_SINCE_TRIGGERED_TAKEN_OVER, SERIES_SINCE_TRIGGERED, DEPLOYMENT,
         "since.triggered_taken_over", "taken over, by time of trigger",
         "Those that had asked too early and were handed to the other engine before they failed."),
    SERIES(SERIES_SINCE_DECIDED, DEPLOYMENT, "since.decided", "decided",
           "Workflows, by the time at which their first drive ended."),
    PART(SERIES_SINCE_DECIDED_FAILED, SERIES_SINCE_DECIDED, DEPLOYMENT, "since.decided_failed",
         "failed, by time of decision", "Those that failed then."),
    SERIES(SERIES_REQUESTS_OFFERED, WAVE_START, "requests.offered", "requests offered",
           "Requests that engines sent; what was neither throttled, unavailable nor given up was "
           "served in time."),
    SERIES(SERIES_REQUESTS_THROTTLED, WAVE_START, "requests.throttled", "requests throttled",
           "Requests answered 429."),
    SERIES(SERIES_REQUESTS_UNAVAILABLE, WAVE_START, "requests.unavailable", "requests turned away",
           "Requests answered 503."),
    SERIES(SERIES_REQUESTS_GIVEN_UP, WAVE_START, "requests.given_up",
           "requests given up in the queue",
           "Requests that came to a queue longer than their callers wait."),
};

const struct model vmc_model = {
    .name = "vmc",
    .unit_name = "workflow",
    .unit_names = "workflows",
    .metrics = metrics,
    .metric_count = VMC_METRIC_COUNT,
    .failed_metric = METRIC_FAILURE_RATE,
    .histograms = histograms,
    .histogram_count = VMC_HISTOGRAM_COUNT,
    .series = series,
    .series_count = VMC_SERIES_COUNT,
    .row_columns = vmc_row_columns,
    .row_column_count = VMC_ROW_COLUMN_COUNT,
    .attempt_columns = vmc_attempt_columns,
    .attempt_column_count = VMC_ATTEMPT_COLUMN_COUNT,
    .purposes = vmc_purposes,
    .units_max = units_max,
    .run = run,
    .explore = &vmc_explore,
};
