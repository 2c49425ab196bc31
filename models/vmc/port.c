#include "models/vmc/port.h"

#include <string.h>

#include "models/rce/contract.h"
#include "models/vmc/claim.h"
#include "models/vmc/model.h"
#include "models/vmc/world.h"

const char *const vmc_host_state_names[VMC_HOST_STATE_COUNT] = {
    [HOST_ABSENT] = "absent",
    [HOST_PROVISIONING] = "provisioning",
    [HOST_CONNECTED] = "connected",
    [HOST_READY] = "ready",
    [HOST_ENTERING] = "entering-maintenance",
    [HOST_IN_MAINTENANCE] = "in-maintenance",
    [HOST_UPDATING] = "updating",
    [HOST_FAILED] = "failed",
    [HOST_EXITING] = "exiting-maintenance",
    [HOST_REMOVING] = "removing",
};
_Static_assert(HOST_REMOVING + 1 == VMC_HOST_STATE_COUNT, "every state of a host has a name");

const char *const vmc_fault_names[VMC_FAULT_COUNT] = {
    [VMC_FAULT_OUTAGE] = "outage",
    [VMC_FAULT_THROTTLE] = "throttle",
    [VMC_FAULT_BREAK] = "break",
    [VMC_FAULT_LOSE_CALLBACKS] = "lose-callbacks",
    [VMC_FAULT_DUPLICATE_CALLBACKS] = "duplicate-callbacks",
    [VMC_FAULT_FAIL_UPDATES] = "fail-updates",
};

/* Far below the limits of the queue of events and of an SDDC's tasks, which end the process. */
enum { PENDING_MAX = 1 << 23, TASKS_MAX = UINT16_MAX - 1 };

/* How often an operation was asked for on one target. */
typedef uint16_t attempts[RCE_OPERATION_COUNT];

struct vmc_live {
    struct world *world;
    struct vmc_port port, outside; /* what the world sees, and what hears of it in the end */
    struct oracle oracle;
    struct model_run run;
    struct vmc_config config; /* the scenario's, with the faults that are on */
    const struct vmc_config *scenario;
    int64_t fault_until_ns[VMC_FAULT_COUNT];
    int64_t faults_end_ns; /* when the next one ends; INT64_MAX: none is on */
    attempts **attempts; /* of each SDDC: itself; then each cluster, its hosts, the temporary one */
    struct claim_answers *answers; /* [sddcs_count] */
};

/* Take the draws' names for all targets of an SDDC. */
static void make_attempts(struct vmc_live *live, uint32_t index)
{
    const struct rce_plan *plan = &live->world->sddcs[index].plan;
    size_t count = 1;
    for (uint32_t i = 0; i < plan->clusters_count; i++)
        count += 2 + (size_t)plan->clusters[i].hosts_count;
    live->attempts[index] = arena_take_array(live->world->arena, count, sizeof(attempts));
    live->answers[index].results = arena_take(live->world->arena, 1 + (size_t)plan->clusters_count);
}

static void note_answer(void *context, const struct vmc_answer *answer)
{
    struct vmc_live *live = context;
    claim_note_answer(&live->answers[answer->sddc], answer);
    live->outside.answer(live->outside.context, answer);
}

static void pass_callback(void *context, const struct vmc_callback *callback)
{
    const struct vmc_live *live = context;
    live->outside.callback(live->outside.context, callback);
}

static uint16_t *attempts_of(struct vmc_live *live, const struct vmc_request *request)
{
    const struct rce_plan *plan = &live->world->sddcs[request->sddc].plan;
    attempts *at = live->attempts[request->sddc];
    if (request->cluster == RCE_NO_CLUSTER)
        return &(*at)[request->operation];
    at++;
    for (uint32_t i = 0; i < request->cluster; i++)
        at += 2 + plan->clusters[i].hosts_count;
    if (request->host == RCE_TEMPORARY_HOST)
        at += 1 + plan->clusters[request->cluster].hosts_count;
    else if (request->host != RCE_NO_HOST)
        at += 1 + request->host;
    return &(*at)[request->operation];
}

struct vmc_live *vmc_live_create(struct arena *arena, const struct vmc_parameters *parameters,
                                 uint64_t seed, uint32_t replication, const struct vmc_port *port)
{
    struct vmc_live *live = arena_take(arena, sizeof *live);
    live->outside = *port;
    live->port =
        (struct vmc_port){.context = live, .answer = note_answer, .callback = pass_callback};
    live->oracle = oracle_make(seed, replication, NULL, NULL);
    live->config = *parameters->world;
    live->scenario = parameters->world;
    live->faults_end_ns = INT64_MAX;
    live->run = (struct model_run){.parameters = parameters,
                                   .replication = replication,
                                   .oracle = &live->oracle,
                                   .arena = arena};
    struct record_shape shape = {.unit_max = parameters->world->fleet.sddcs_count,
                                 .metric_count = VMC_METRIC_COUNT,
                                 .histogram_count = VMC_HISTOGRAM_COUNT,
                                 .series_count = VMC_SERIES_COUNT};
    struct world *world = world_create(&live->run, record_create(arena, shape), 0);
    live->world = world;
    world->config = &live->config;
    world->port = &live->port;
    world->service_history =
        arena_take_array(arena, world->sddcs_count, sizeof *world->service_history);
    live->attempts = arena_take_array(arena, world->sddcs_count, sizeof(attempts *));
    live->answers = arena_take_array(arena, world->sddcs_count, sizeof *live->answers);
    timeline_begin(world);
    for (uint32_t i = 0; i < world->sddcs_count; i++) {
        struct sddc *sddc = &world->sddcs[i];
        fleet_make_sddc(world, i);
        sddc->started_at_ns = sddc->ended_at_ns = sddc->triggered_at_ns = -1;
        sddc->first_ended_at_ns = sddc->redriven_at_ns = -1;
        make_attempts(live, i);
    }
    return live;
}

/* Bring the configuration up to what is on at `at_ns`. */
static void apply_faults(struct vmc_live *live, int64_t at_ns)
{
    const int64_t *until_ns = live->fault_until_ns;
    struct vmc_service *service = &live->config.service;
    const struct vmc_service *scenario = &live->scenario->service;
    *service = *scenario;
    live->config.work = live->scenario->work;
    CHECK(service->outages_count <= VMC_WINDOWS_MAX);
    if (until_ns[VMC_FAULT_OUTAGE] > at_ns)
        service->outages[service->outages_count++] =
            (struct vmc_window){at_ns, until_ns[VMC_FAULT_OUTAGE], 0};
    live->world->throttled_until_ns = until_ns[VMC_FAULT_THROTTLE];
    if (until_ns[VMC_FAULT_BREAK] > at_ns)
        service->unknown_probability = 1;
    if (until_ns[VMC_FAULT_LOSE_CALLBACKS] > at_ns)
        service->callback_loss = 1;
    if (until_ns[VMC_FAULT_DUPLICATE_CALLBACKS] > at_ns)
        service->callback_duplicate = 1;
    if (until_ns[VMC_FAULT_FAIL_UPDATES] > at_ns)
        live->config.work.update_failure_probability = 1;
    live->faults_end_ns = INT64_MAX;
    for (int i = 0; i < VMC_FAULT_COUNT; i++)
        if (until_ns[i] > at_ns && until_ns[i] < live->faults_end_ns)
            live->faults_end_ns = until_ns[i];
}

void vmc_live_inject(struct vmc_live *live, enum vmc_fault fault, int64_t duration_ns)
{
    CHECK(duration_ns >= 0);
    live->fault_until_ns[fault] = world_sum_ns(live->world->now_ns, duration_ns);
    apply_faults(live, live->world->now_ns);
}

int64_t vmc_live_fault_until_ns(const struct vmc_live *live, enum vmc_fault fault)
{
    return live->fault_until_ns[fault];
}

int64_t vmc_live_now_ns(const struct vmc_live *live)
{
    return live->world->now_ns;
}

int64_t vmc_live_next_ns(const struct vmc_live *live)
{
    return sim_peek_time_ns(live->world->sim);
}

bool vmc_live_step(struct vmc_live *live, int64_t to_ns)
{
    struct world *world = live->world;
    struct sim_event event;
    int64_t next_ns = sim_peek_time_ns(world->sim);
    if (next_ns < 0 || next_ns > to_ns || next_ns > VMC_LIVE_TIME_MAX_NS)
        return false;
    if (next_ns >= live->faults_end_ns)
        apply_faults(live, next_ns);
    bool is_there = sim_next(world->sim, &event);
    CHECK(is_there);
    world->now_ns = event.time_ns;
    world_handle(world, &event);
    return true;
}

void vmc_live_advance(struct vmc_live *live, int64_t to_ns)
{
    if (to_ns > VMC_LIVE_TIME_MAX_NS)
        to_ns = VMC_LIVE_TIME_MAX_NS;
    while (vmc_live_step(live, to_ns))
        ;
    if (to_ns <= live->world->now_ns)
        return;
    live->world->now_ns = to_ns;
    if (to_ns >= live->faults_end_ns)
        apply_faults(live, to_ns);
}

bool vmc_live_has_target(const struct vmc_live *live, uint32_t sddc, enum rce_operation operation,
                         uint8_t cluster, uint8_t host)
{
    return sddc < live->world->sddcs_count &&
           rce_contract_has_target(&live->world->sddcs[sddc].plan, operation, cluster, host);
}

/* A repetition of what was asked for before is what a retry looks like from here. */
static void count_retry(struct world *world, struct sddc *sddc)
{
    sddc->retries_count++;
    world_count(world, METRIC_RETRIES, 1);
}

enum vmc_submitted vmc_live_submit(struct vmc_live *live, const struct vmc_request *request)
{
    struct world *world = live->world;
    if (!vmc_live_has_target(live, request->sddc, request->operation, request->cluster,
                             request->host))
        return VMC_NO_SUCH_TARGET;
    struct sddc *sddc = &world->sddcs[request->sddc];
    if (sddc->tasks_count + sddc->requests_open >= TASKS_MAX ||
        sim_pending_count(world->sim) >= PENDING_MAX)
        return VMC_TOO_MANY_TASKS;
    bool is_read = request->operation == RCE_READ_CLUSTER || request->operation == RCE_READ_HOST;
    if (!is_read && sddc->started_at_ns < 0)
        vmc_live_workflow_started(live, request->sddc);
    uint16_t *attempt = attempts_of(live, request);
    if (*attempt < UINT16_MAX)
        ++*attempt;
    if (!is_read && *attempt > 1)
        count_retry(world, sddc);
    service_send(world, sddc,
                 &(struct rce_action){.kind = RCE_SEND,
                                      .operation = request->operation,
                                      .cluster = request->cluster,
                                      .host = request->host,
                                      .attempt = *attempt,
                                      .request = request->ticket,
                                      .key = request->key});
    return VMC_SUBMITTED;
}

void port_answer(struct world *world, const struct request *request)
{
    const struct vmc_answer answer = {
        .ticket = request->request,
        .at_ns = world->now_ns,
        .sddc = request->sddc,
        .operation = (enum rce_operation)request->operation,
        .cluster = request->cluster,
        .host = request->host,
        .attempt = request->attempt,
        .result = (enum rce_result)request->result,
        .task = request->task,
        .has_ended = request->has_ended,
        .outcome = request->has_failed ? RCE_TASK_FAILED : RCE_TASK_SUCCEEDED,
        .state = request->state,
        .retry_after_ns = request->retry_after_ns,
    };
    world->port->answer(world->port->context, &answer);
}

void port_callback(struct world *world, uint32_t entity, uint16_t id)
{
    uint32_t index = entity_sddc(entity);
    const struct task *task = &world->sddcs[index].tasks[id];
    const struct vmc_callback callback = {
        .at_ns = world->now_ns,
        .sddc = index,
        .operation = (enum rce_operation)task->operation,
        .cluster = task->cluster,
        .host = task->host,
        .task = id,
        .outcome = task->state == TASK_FAILED ? RCE_TASK_FAILED : RCE_TASK_SUCCEEDED,
    };
    world->port->callback(world->port->context, &callback);
}

uint32_t vmc_live_sddcs_count(const struct vmc_live *live)
{
    return live->world->sddcs_count;
}

static struct sddc *sddc_at(const struct vmc_live *live, uint32_t sddc)
{
    CHECK(sddc < live->world->sddcs_count);
    return &live->world->sddcs[sddc];
}

const struct rce_plan *vmc_live_plan(const struct vmc_live *live, uint32_t sddc)
{
    return &sddc_at(live, sddc)->plan;
}

int64_t vmc_live_due_ns(struct vmc_live *live, uint32_t sddc)
{
    CHECK(sddc < live->world->sddcs_count);
    return wave_due_ns(live->world, sddc);
}

static enum vmc_workflow_state workflow_state(const struct sddc *sddc)
{
    if (sddc->started_at_ns < 0)
        return VMC_WORKFLOW_NONE;
    if (sddc->status == RCE_RUNNING)
        return VMC_WORKFLOW_RUNNING;
    return sddc->status == RCE_FAILED ? VMC_WORKFLOW_FAILED : VMC_WORKFLOW_SUCCEEDED;
}

struct vmc_sddc_view vmc_live_sddc(const struct vmc_live *live, uint32_t index)
{
    const struct sddc *sddc = sddc_at(live, index);
    return (struct vmc_sddc_view){
        .workflow = workflow_state(sddc),
        .started_at_ns = sddc->started_at_ns,
        .triggered_at_ns = sddc->triggered_at_ns,
        .ended_at_ns = sddc->status == RCE_RUNNING ? -1 : sddc->ended_at_ns,
        .reason = (enum rce_reason)sddc->reason,
        .cause = (enum vmc_cause)sddc->cause,
        .calls_count = sddc->calls_count,
        .tasks_count = sddc->tasks_count,
        .duplicates_count = sddc->duplicates_count,
        .throttled_count = sddc->throttled_count,
        .violations = sddc->violated,
        .early_trigger = sddc->early_trigger,
    };
}

struct vmc_cluster_view vmc_live_cluster(const struct vmc_live *live, uint32_t index,
                                         uint8_t cluster_index)
{
    const struct sddc *sddc = sddc_at(live, index);
    CHECK(cluster_index < sddc->plan.clusters_count);
    const struct cluster *cluster = &sddc->clusters[cluster_index];
    return (struct vmc_cluster_view){
        .hosts_count = cluster->hosts_count,
        .usable_count = cluster->usable_count,
        .maintenance_count = cluster->maintenance_count,
        .temporary_planned = cluster->temporary_planned,
        .temporary_pending = cluster->temporary_pending,
        .is_ready = platform_is_cluster_ready(cluster),
    };
}

uint32_t vmc_live_host_state(const struct vmc_live *live, uint32_t index, uint8_t cluster,
                             uint8_t host)
{
    struct sddc *sddc = sddc_at(live, index);
    CHECK(cluster < sddc->plan.clusters_count);
    return platform_host(&sddc->clusters[cluster], host)->state;
}

static enum vmc_task_state task_state(enum task_state state)
{
    switch (state) {
    case TASK_DEAD:
    case TASK_WAITING: return VMC_TASK_ACCEPTED;
    case TASK_RUNNING: return VMC_TASK_RUNNING;
    case TASK_SUCCEEDED: return VMC_TASK_SUCCEEDED;
    case TASK_FAILED: return VMC_TASK_FAILED;
    }
    CHECK_UNREACHABLE("a task in an unknown state");
}

bool vmc_live_task(const struct vmc_live *live, uint32_t index, uint64_t id,
                   struct vmc_task_view *view)
{
    if (index >= live->world->sddcs_count)
        return false;
    const struct sddc *sddc = &live->world->sddcs[index];
    if (id == 0 || id > sddc->tasks_count)
        return false;
    const struct task *task = &sddc->tasks[id];
    *view = (struct vmc_task_view){.operation = (enum rce_operation)task->operation,
                                   .cluster = task->cluster,
                                   .host = task->host,
                                   .state = task_state((enum task_state)task->state),
                                   .accepted_at_ns = task->accepted_at_ns};
    return true;
}

const int64_t *vmc_live_tally(const struct vmc_live *live)
{
    return live->world->record->values;
}

void vmc_live_workflow_started(struct vmc_live *live, uint32_t index)
{
    struct sddc *sddc = sddc_at(live, index);
    int64_t now_ns = live->world->now_ns;
    if (sddc->started_at_ns < 0) {
        sddc->started_at_ns = now_ns;
    } else if (sddc->status == RCE_FAILED) {
        sddc->redriven_at_ns = now_ns;
        sddc->reason = RCE_REASON_NONE;
    }
    sddc->status = RCE_RUNNING;
}

static void end_workflow(struct vmc_live *live, struct sddc *sddc, enum rce_status status)
{
    sddc->status = (uint8_t)status;
    sddc->ended_at_ns = live->world->now_ns;
    live->world->last_end_ns = live->world->now_ns;
    if (sddc->redriven_at_ns >= 0)
        return;
    sddc->first_status = (uint8_t)status;
    sddc->first_ended_at_ns = live->world->now_ns;
}

void vmc_live_workflow_succeeded(struct vmc_live *live, uint32_t index)
{
    struct sddc *sddc = sddc_at(live, index);
    CHECK(workflow_state(sddc) == VMC_WORKFLOW_RUNNING);
    end_workflow(live, sddc, RCE_SUCCEEDED);
    invariant_check_completed(live->world, index);
}

void vmc_live_workflow_failed(struct vmc_live *live, uint32_t index,
                              const struct vmc_workflow_failure *told)
{
    struct sddc *sddc = sddc_at(live, index);
    CHECK(workflow_state(sddc) == VMC_WORKFLOW_RUNNING);
    CHECK((int)told->operation == RCE_OPERATION_COUNT ||
          vmc_live_has_target(live, index, told->operation, told->cluster, told->host));
    const struct claim_answers *answers = &live->answers[index];
    struct vmc_workflow_failure failure = claim_failure(answers, sddc, told);
    end_workflow(live, sddc, RCE_FAILED);
    sddc->reason = (uint8_t)failure.reason;
    sddc->failed_operation = (uint8_t)failure.operation;
    sddc->failed_cluster = failure.cluster;
    sddc->failed_host = failure.host;
    sddc->cause = (uint8_t)claim_cause(answers, sddc, &failure);
}

static uint64_t fold_history(const uint64_t *history, uint32_t count)
{
    uint64_t hash = HISTORY_EMPTY;
    for (uint32_t i = 0; i < count; i++)
        hash = history_fold(hash, history[i]);
    return hash;
}

uint64_t vmc_live_history_hash(const struct vmc_live *live)
{
    return fold_history(live->world->service_history, live->world->sddcs_count);
}

bool vmc_run_history_hash(const struct vmc_parameters *parameters, uint64_t seed,
                          uint32_t replication, uint64_t *hash, struct error *error)
{
    uint32_t sddcs_count = parameters->world->fleet.sddcs_count;
    struct arena *arena = arena_create("history", 0);
    struct oracle oracle = oracle_make(seed, replication, NULL, NULL);
    struct model_run run = {
        .parameters = parameters, .replication = replication, .oracle = &oracle, .arena = arena};
    struct record_shape shape = {.unit_max = sddcs_count,
                                 .metric_count = VMC_METRIC_COUNT,
                                 .histogram_count = VMC_HISTOGRAM_COUNT,
                                 .series_count = VMC_SERIES_COUNT};
    uint64_t *history = arena_take_array(arena, sddcs_count, sizeof *history);
    bool is_run = world_run(&run, record_create(arena, shape), history, error);
    if (is_run)
        *hash = fold_history(history, sddcs_count);
    arena_destroy(arena);
    return is_run;
}

uint32_t vmc_live_running_count(const struct vmc_live *live)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < live->world->sddcs_count; i++)
        count += workflow_state(&live->world->sddcs[i]) == VMC_WORKFLOW_RUNNING;
    return count;
}

/* This one is no unit: nothing of it goes into the means of those that are, or into the series. */
static void leave_out(struct world *world, struct sddc *sddc)
{
    world->record->values[METRIC_API_CALLS] -= sddc->calls_count;
    world->record->values[METRIC_API_READS] -= sddc->reads_count;
    world->record->values[METRIC_RETRIES] -= sddc->retries_count;
    sddc->started_at_ns = -1;
}

const struct record *vmc_live_close(struct vmc_live *live,
                                    void (*row)(void *context, const int64_t *values),
                                    void *context)
{
    struct world *world = live->world;
    struct record *record = world->record;
    bool all_ended = vmc_live_running_count(live) == 0;
    uint32_t units_count = 0;
    for (uint32_t i = 0; i < world->sddcs_count; i++) {
        if (world->sddcs[i].started_at_ns < 0 || world->sddcs[i].status == RCE_RUNNING) {
            leave_out(world, &world->sddcs[i]);
            continue;
        }
        world_close_sddc(world, i, units_count);
        int64_t values[VMC_ROW_COLUMN_COUNT];
        rows_fill(world, i, values);
        units_count++;
        if (row != NULL)
            row(context, values);
    }
    timeline_close(world);
    record->unit_count = units_count;
    record->values[METRIC_WAVE_DURATION] =
        all_ended && units_count > 0 ? world->last_end_ns : METRIC_NONE;
    record->values[METRIC_PEAK_CALLS_AFTER_OUTAGE] = METRIC_NONE;
    record->values[METRIC_RECOVERY_TIME] = METRIC_NONE;
    record->values[METRIC_DETECTED_AT] = METRIC_NONE;
    record->values[METRIC_DEPLOYED_AT] = METRIC_NONE;
    record->values[METRIC_ROLLOUT_TIME] = METRIC_NONE;
    record->history_hash = vmc_live_history_hash(live);
    record->event_count = sim_event_count(world->sim);
    record->draw_count = live->oracle.draw_count;
    return record;
}
