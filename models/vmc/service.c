#include "models/vmc/world.h"

#include <string.h>

uint32_t service_target_slot(enum rce_operation operation)
{
    switch (operation) {
    case RCE_UPGRADE_CONTROL_PLANE:
    case RCE_BACKUP:
    case RCE_ENTER_MAINTENANCE: return 0;
    case RCE_UPGRADE_NETWORK:
    case RCE_ADD_HOST:
    case RCE_UPDATE_HOST: return 1;
    case RCE_REMOVE_HOST:
    case RCE_EXIT_MAINTENANCE: return 2;
    case RCE_READ_CLUSTER:
    case RCE_READ_HOST: break;
    }
    CHECK_UNREACHABLE("a read has no slot");
}

struct target *service_target(struct sddc *sddc, uint8_t cluster, uint8_t host)
{
    if (cluster == RCE_NO_CLUSTER)
        return &sddc->target;
    CHECK(cluster < sddc->plan.clusters_count);
    struct cluster *at = &sddc->clusters[cluster];
    return host == RCE_NO_HOST ? &at->target : &platform_host(at, host)->target;
}

static bool is_read(uint8_t operation)
{
    return operation == RCE_READ_CLUSTER || operation == RCE_READ_HOST;
}

bool service_in_window(const struct vmc_window *windows, uint32_t count, int64_t at_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct vmc_window *window = &windows[i];
        if (at_ns < window->from_ns)
            continue;
        int64_t since_ns = at_ns - window->from_ns;
        if (window->every_ns > 0)
            since_ns %= window->every_ns;
        if (since_ns < window->to_ns - window->from_ns)
            return true;
    }
    return false;
}

static uint32_t take_request_slot(struct world *world)
{
    if (world->requests_free != 0) {
        uint32_t slot = world->requests_free - 1;
        world->requests_free = world->requests[slot].next_free;
        return slot;
    }
    if (world->requests_count == world->requests_room) {
        uint32_t room = world->requests_room == 0 ? 64 : world->requests_room * 2;
        struct request *wider = arena_take_array(world->arena, room, sizeof *wider);
        if (world->requests_count > 0)
            memcpy(wider, world->requests, world->requests_count * sizeof *wider);
        world->requests = wider;
        world->requests_room = room;
    }
    return world->requests_count++;
}

void service_free_request(struct world *world, uint32_t slot)
{
    world->requests[slot].next_free = world->requests_free;
    world->requests_free = slot + 1;
}

int64_t service_trigger_end_ns(const struct vmc_service *service)
{
    int64_t end_ns = -1;
    for (uint32_t i = 0; i < service->outages_count; i++) {
        if (service->outages[i].every_ns > 0)
            return -1;
        if (service->outages[i].to_ns > end_ns)
            end_ns = service->outages[i].to_ns;
    }
    return end_ns;
}

static void note_peak(struct world *world, enum vmc_metric metric)
{
    int64_t *peak = &world->record->values[metric];
    if (world->calls_in_minute > *peak)
        *peak = world->calls_in_minute;
}

static void count_call(struct world *world, struct sddc *sddc, enum rce_operation operation)
{
    sddc->calls_count++;
    world_count(world, METRIC_API_CALLS, 1);
    if (is_read((uint8_t)operation)) {
        sddc->reads_count++;
        world_count(world, METRIC_API_READS, 1);
    }
    int64_t minute = world->now_ns / UNITS_MIN;
    if (minute != world->minute) {
        timeline_count_minute(world);
        world->minute = minute;
        world->calls_in_minute = 0;
    }
    world->calls_in_minute++;
    sddc->requests_open++;
    note_peak(world, METRIC_PEAK_CALLS_PER_MINUTE);
    if (world->trigger_end_ns >= 0 && minute * UNITS_MIN >= world->trigger_end_ns)
        note_peak(world, METRIC_PEAK_CALLS_AFTER_OUTAGE);
}

void service_send(struct world *world, struct sddc *sddc, const struct rce_action *action)
{
    const struct vmc_service *service = &world->config->service;
    uint32_t index = (uint32_t)(sddc - world->sddcs);
    uint32_t entity = entity_of_target(index, action->cluster, action->host);
    count_call(world, sddc, action->operation);
    if (action->operation == RCE_ENTER_MAINTENANCE) {
        struct cluster *cluster = &sddc->clusters[action->cluster];
        if (cluster->triggered_at_ns < 0)
            cluster->triggered_at_ns = world->now_ns;
        if (sddc->triggered_at_ns < 0) {
            sddc->triggered_at_ns = world->now_ns;
            sddc->trigger_version = sddc->version;
            sddc->is_trigger_second = sddc->redriven_at_ns >= 0;
        }
    }
    int64_t latency_ns = world_delay_ns(
        world, service->latency,
        (struct draw_name){entity, PURPOSE_LATENCY + action->operation, action->attempt});
    int64_t response_delay_ns = world_delay_ns(
        world, service->response_delay,
        (struct draw_name){entity, PURPOSE_RESPONSE_DELAY + action->operation, action->attempt});
    uint32_t slot = take_request_slot(world);
    if (world->is_resuming)
        world_count(world, METRIC_ASKED_AGAIN, 1);
    world->requests[slot] = (struct request){
        .request = action->request,
        .key = action->key,
        .answer_in_ns = latency_ns - latency_ns / 2 + response_delay_ns,
        .sddc = index,
        .attempt = action->attempt,
        .operation = (uint8_t)action->operation,
        .cluster = action->cluster,
        .host = action->host,
        .after_crash = world->is_resuming,
        .epoch = world->durables != NULL ? world->durables[index].epoch : 0,
    };
    if (attempts_are_wanted(world))
        attempts_note_sent(world, slot);
    STORY(world, STORY_SEND, entity, action->operation, action->attempt, action->key);
    world_schedule(world, latency_ns / 2, EVENT_ARRIVE, entity, slot);
}

/* Virtual scheduling (GCRA): the bucket is full when `allowed_at` is in the past, empty when it is
 * burst - 1 intervals ahead. Returns 0, or how long to wait until one request would be let in. */
static int64_t limit_wait_ns(const struct vmc_limit *limit, int64_t *allowed_at_ns, int64_t now_ns)
{
    if (limit->rate_per_s <= 0)
        return 0;
    int64_t interval_ns = (int64_t)((double)UNITS_S / limit->rate_per_s);
    int64_t slack_ns;
    if (__builtin_mul_overflow(interval_ns, (int64_t)(limit->burst > 0 ? limit->burst - 1 : 0),
                               &slack_ns))
        return 0; /* a bucket that centuries do not empty */
    if (*allowed_at_ns - now_ns > slack_ns)
        return *allowed_at_ns - now_ns - slack_ns;
    *allowed_at_ns = (*allowed_at_ns > now_ns ? *allowed_at_ns : now_ns) + interval_ns;
    return 0;
}

static bool is_throttled(struct world *world, const struct sddc *sddc, struct request *request)
{
    const struct vmc_service *service = &world->config->service;
    struct region *region = &world->regions[sddc->region];
    const struct vmc_limit *limit = &service->limit_writes;
    if (__builtin_expect(world->throttled_until_ns > world->now_ns, 0)) {
        request->retry_after_ns =
            service->retry_after ? world->throttled_until_ns - world->now_ns : 0;
        return true;
    }
    uint32_t which = LIMIT_WRITES;
    if (is_read(request->operation)) {
        limit = &service->limit_reads;
        which = LIMIT_READS;
    } else if (request->operation == RCE_ADD_HOST) {
        limit = &service->limit_add_host;
        which = LIMIT_ADD_HOST;
    }
    int64_t wait_ns = limit_wait_ns(limit, &region->allowed_at_ns[which], world->now_ns);
    request->retry_after_ns = service->retry_after ? wait_ns : 0;
    return wait_ns > 0;
}

/* Answer a read with what the inventory knew `lag` ago. A lag of 0 is the truth; with a lag the
 * answer comes from the inventory, which lists a temporary host only once it is connected. It
 * remembers one change back: a lag longer than the time between two changes sees the later. */
static uint32_t read_state(struct world *world, struct sddc *sddc, const struct request *request)
{
    uint32_t entity = entity_of_target(request->sddc, request->cluster, request->host);
    int64_t lag_ns =
        world_delay_ns(world, world->config->service.read_lag,
                       (struct draw_name){entity, (uint32_t)PURPOSE_READ_LAG + request->operation,
                                          request->attempt});
    int64_t seen_at_ns = world->now_ns - lag_ns;
    struct cluster *cluster = &sddc->clusters[request->cluster];
    if (request->operation == RCE_READ_CLUSTER) {
        if (lag_ns == 0)
            return platform_is_cluster_ready(cluster) ? RCE_STATE_CLUSTER_READY : 0;
        bool before = seen_at_ns < cluster->listed_changed_at_ns;
        return cluster->listed_ready != before ? RCE_STATE_CLUSTER_READY : 0;
    }
    const struct host *host = platform_host(cluster, request->host);
    bool in_maintenance = host->state == HOST_IN_MAINTENANCE || host->state == HOST_UPDATING ||
                          host->state == HOST_FAILED;
    if (seen_at_ns < host->maintenance_changed_at_ns)
        in_maintenance = !in_maintenance;
    uint32_t state = in_maintenance ? RCE_STATE_HOST_IN_MAINTENANCE : 0;
    return host->updated_at_ns <= seen_at_ns ? state | RCE_STATE_HOST_UPDATED : state;
}

/* Find the task that an idempotency key stands for; 0 = it is unknown or forgotten. */
static uint16_t find_by_key(const struct world *world, struct sddc *sddc,
                            const struct request *request)
{
    const struct vmc_service *service = &world->config->service;
    if (request->key == 0)
        return 0;
    if (service->key_scope ==
        VMC_KEY_BY_SERVICE) { /* a key begins with the workflow: look here only */
        for (uint32_t id = sddc->tasks_count; id > 0; id--)
            if (sddc->tasks[id].key == request->key &&
                world->now_ns - sddc->tasks[id].accepted_at_ns < service->key_retention_ns)
                return (uint16_t)id;
        return 0;
    }
    const struct target *target = service_target(sddc, request->cluster, request->host);
    uint16_t id = target->last_task[service_target_slot((enum rce_operation)request->operation)];
    for (; id != 0; id = sddc->tasks[id].previous)
        if (sddc->tasks[id].key == request->key &&
            world->now_ns - sddc->tasks[id].accepted_at_ns < service->key_retention_ns)
            return id;
    return 0;
}

/* Make a task in TASK_WAITING for a request that has been accepted. */
static uint16_t add_task(struct world *world, struct sddc *sddc, struct request *request)
{
    if (sddc->tasks_count + 1 == sddc->tasks_room) {
        uint32_t room = sddc->tasks_room * 2;
        struct task *wider = arena_take_array(world->arena, room, sizeof *wider);
        memcpy(wider, sddc->tasks, sddc->tasks_room * sizeof *wider);
        sddc->tasks = wider;
        sddc->tasks_room = room;
    }
    if (sddc->tasks_count == UINT16_MAX)
        check_limit("one SDDC has created 65,535 tasks; its engine asks without end");
    uint16_t id = (uint16_t)++sddc->tasks_count;
    struct target *target = service_target(sddc, request->cluster, request->host);
    uint16_t *last =
        &target->last_task[service_target_slot((enum rce_operation)request->operation)];
    sddc->tasks[id] = (struct task){.key = request->key,
                                    .accepted_at_ns = world->now_ns,
                                    .previous = *last,
                                    .attempt = request->attempt,
                                    .operation = request->operation,
                                    .cluster = request->cluster,
                                    .host = request->host,
                                    .state = TASK_WAITING,
                                    .late = request->is_abandoned,
                                    .after_crash = request->after_crash};
    *last = id;
    request->task = id;
    return id;
}

/* A maintenance request for a cluster that is not ready: the parameter of the incident. */
static enum rce_result accept_early(struct world *world, struct sddc *sddc, struct request *request)
{
    struct cluster *cluster = &sddc->clusters[request->cluster];
    enum vmc_early_request early_request = world->config->service.early_request;
    if (early_request == VMC_EARLY_REJECT)
        return RCE_NOT_READY;
    uint16_t id = add_task(world, sddc, request); /* may move the tasks */
    struct task *task = &sddc->tasks[id];
    task->early = cluster->temporary_pending;
    if (early_request == VMC_EARLY_QUEUE) {
        platform_host(cluster, request->host)->visit_task = (uint16_t)request->task;
        cluster->waiting_count++;
        STORY(world, STORY_TASK, entity_of_target(request->sddc, request->cluster, request->host),
              request->operation, TASK_WAITING, request->task);
        return RCE_ACCEPTED;
    }
    task->state = TASK_DEAD;
    if (early_request == VMC_EARLY_DROP)
        task->key = 0;
    STORY(world, STORY_TASK, entity_of_target(request->sddc, request->cluster, request->host),
          request->operation, TASK_DEAD, request->task);
    return RCE_ACCEPTED;
}

static void count_duplicate(struct world *world, struct sddc *sddc, const struct request *request)
{
    struct cluster *cluster = &sddc->clusters[request->cluster];
    if (cluster->duplicates_count < UINT8_MAX)
        cluster->duplicates_count++;
    sddc->duplicates_count++;
    world_count(world, METRIC_DUPLICATE_TRIGGERS, 1);
    invariant_break(world, entity_of_target(request->sddc, request->cluster, request->host),
                    VIOLATION_DUPLICATE_TRIGGER);
}

static enum rce_result accept_maintenance(struct world *world, struct sddc *sddc,
                                          struct request *request)
{
    struct cluster *cluster = &sddc->clusters[request->cluster];
    struct host *host = platform_host(cluster, request->host);
    if (cluster->temporary_pending)
        sddc->early_trigger = true;
    if (host->visit_task != 0) {
        count_duplicate(world, sddc, request);
        uint16_t id = add_task(world, sddc, request);
        if (host->waiting_task == 0)
            host->waiting_task = id;
        else
            sddc->tasks[id].state = TASK_DEAD; /* One is enough to do the harm. */
        return RCE_ACCEPTED;
    }
    if (!platform_is_cluster_ready(cluster))
        return accept_early(world, sddc, request);
    if (host->updates_count > 0)
        count_duplicate(world, sddc, request);
    platform_start_task(world, sddc, add_task(world, sddc, request));
    return RCE_ACCEPTED;
}

static enum rce_result accept_update(struct world *world, struct sddc *sddc,
                                     struct request *request)
{
    struct host *host = platform_host(&sddc->clusters[request->cluster], request->host);
    if (host->state == HOST_FAILED)
        return RCE_UNAVAILABLE;
    if (host->state == HOST_UPDATING && host->waiting_update == 0) {
        host->waiting_update = add_task(world, sddc, request);
        return RCE_ACCEPTED;
    }
    if (host->state != HOST_IN_MAINTENANCE)
        return RCE_REFUSED;
    platform_start_task(world, sddc, add_task(world, sddc, request));
    return RCE_ACCEPTED;
}

/* Answer with the task that a key stands for. Its callback does not come again, so the answer says
 * how it ended, if it has; but of the task of another target it says nothing that the caller could
 * take for its own. */
static enum rce_result accept_again(struct sddc *sddc, struct request *request, uint16_t known)
{
    struct task *task = &sddc->tasks[known];
    task->replayed = true;
    request->task = known;
    if (task->cluster != request->cluster || task->host != request->host) {
        service_target(sddc, request->cluster, request->host)->is_misled = true;
        return RCE_ACCEPTED;
    }
    task->attempt = request->attempt;
    request->has_failed = task->state == TASK_FAILED;
    request->has_ended = request->has_failed || task->state == TASK_SUCCEEDED;
    task->told_again = request->has_ended;
    return RCE_ACCEPTED;
}

/* Do what a request asks for, or say why not. */
static enum rce_result accept(struct world *world, struct sddc *sddc, struct request *request)
{
    uint16_t known = find_by_key(world, sddc, request);
    if (known != 0)
        return accept_again(sddc, request, known);
    switch ((enum rce_operation)request->operation) {
    case RCE_ENTER_MAINTENANCE: return accept_maintenance(world, sddc, request);
    case RCE_UPDATE_HOST: return accept_update(world, sddc, request);
    case RCE_UPGRADE_CONTROL_PLANE:
    case RCE_BACKUP:
    case RCE_ADD_HOST:
    case RCE_EXIT_MAINTENANCE:
    case RCE_REMOVE_HOST:
    case RCE_UPGRADE_NETWORK:
        platform_start_task(world, sddc, add_task(world, sddc, request));
        return RCE_ACCEPTED;
    case RCE_READ_CLUSTER:
    case RCE_READ_HOST: break;
    }
    CHECK_UNREACHABLE("a read creates no task");
}

/* Is a request answered at once, because of an outage or a limit? Sets the answer. */
static bool is_turned_away(struct world *world, struct sddc *sddc, struct request *request,
                           enum rce_result *result)
{
    const struct vmc_service *service = &world->config->service;
    *result = RCE_UNAVAILABLE;
    if (service_in_window(service->outages, service->outages_count, world->now_ns))
        return true;
    *result = RCE_THROTTLED;
    if (!is_throttled(world, sddc, request))
        return false;
    sddc->throttled_count++;
    world_count(world, METRIC_THROTTLED, 1);
    return true;
}

/* Decide what becomes of a request that is being served. */
static enum rce_result decide(struct world *world, struct sddc *sddc, struct request *request)
{
    const struct vmc_service *service = &world->config->service;
    uint32_t entity = entity_of_target(request->sddc, request->cluster, request->host);
    uint32_t operation = request->operation;
    if (oracle_happens(
            world->oracle,
            (struct draw_name){entity, PURPOSE_UNAVAILABLE + operation, request->attempt},
            service->unavailable_probability))
        return RCE_UNAVAILABLE;
    bool lost = oracle_happens(
        world->oracle, (struct draw_name){entity, PURPOSE_UNKNOWN + operation, request->attempt},
        service->unknown_probability);
    bool applied =
        !lost || oracle_happens(world->oracle,
                                (struct draw_name){entity, PURPOSE_UNKNOWN_APPLIED + operation,
                                                   request->attempt},
                                service->unknown_applied_share);
    enum rce_result result = RCE_UNKNOWN;
    if (is_read(request->operation)) {
        request->state = read_state(world, sddc, request);
        result = RCE_STATE;
    } else if (applied) {
        result = accept(world, sddc, request);
    }
    return lost ? RCE_UNKNOWN : result;
}

/* Remember that a request may have been carried out. */
static void note_attempt(struct sddc *sddc, const struct request *request)
{
    struct target *target = service_target(sddc, request->cluster, request->host);
    target->last_attempt[service_target_slot((enum rce_operation)request->operation)] =
        request->attempt;
}

/* Send the answer on its way, and remember it. */
static void answer(struct world *world, uint32_t slot, struct request *request,
                   enum rce_result result)
{
    struct sddc *sddc = &world->sddcs[request->sddc];
    request->result = (uint8_t)result;
    if (result == RCE_THROTTLED)
        timeline_count(world, SERIES_REQUESTS_THROTTLED);
    else if (result == RCE_UNAVAILABLE)
        timeline_count(world, SERIES_REQUESTS_UNAVAILABLE);
    if (!is_read(request->operation)) {
        struct target *target = service_target(sddc, request->cluster, request->host);
        target->last_result[service_target_slot((enum rce_operation)request->operation)] =
            request->result;
        if (result == RCE_ACCEPTED || result == RCE_UNKNOWN)
            note_attempt(sddc, request);
    }
    if (request->operation == RCE_READ_CLUSTER) {
        struct cluster *cluster = &sddc->clusters[request->cluster];
        cluster->last_read_result = request->result;
        cluster->last_read_pending = cluster->temporary_pending;
    }
    uint32_t entity = entity_of_target(request->sddc, request->cluster, request->host);
    service_note(world, SERVICE_ANSWER, entity,
                 (uint64_t)request->operation << 56 | (uint64_t)request->result << 48 |
                     (uint64_t)request->attempt << 32 | request->state,
                 result == RCE_ACCEPTED ? request->task : 0);
    STORY(world, STORY_ANSWER, entity, request->operation, request->result, request->task,
          request->state);
    if (result != RCE_ACCEPTED)
        request->task = 0;
    world->requests[slot] = *request;
    world_schedule(world, request->answer_in_ns, EVENT_RESPOND, entity, slot);
}

/* The caller of a request that has too many before it gives up after the timeout; the request
 * itself stays in the queue, in a slot of its own, and costs as much as any other. */
static void give_up(struct world *world, uint32_t slot, int64_t wait_ns)
{
    uint32_t left = take_request_slot(world);
    struct request request = world->requests[slot];
    world->requests[left] = request;
    world->requests[left].is_abandoned = true;
    world_schedule(world, wait_ns, EVENT_SERVE,
                   entity_of_target(request.sddc, request.cluster, request.host), left);
    request.answer_in_ns = world->config->service.queue.timeout_ns;
    world_count(world, METRIC_QUEUE_TIMEOUTS, 1);
    timeline_count(world, SERIES_REQUESTS_GIVEN_UP);
    int64_t since_ns = world->now_ns + request.answer_in_ns - world->trigger_end_ns;
    if (world->trigger_end_ns >= 0 && since_ns > 0)
        world->record->values[METRIC_RECOVERY_TIME] = since_ns;
    answer(world, slot, &request, RCE_UNKNOWN);
}

/* Put a request at the end of its region's queue. The queue is one number: requests are served in
 * the order in which they come, and all take equally long, so each knows its turn. */
static void wait_in_queue(struct world *world, uint32_t slot)
{
    const struct vmc_queue *queue = &world->config->service.queue;
    struct request request = world->requests[slot];
    struct region *region = &world->regions[world->sddcs[request.sddc].region];
    int64_t service_ns = (int64_t)((double)UNITS_S / queue->rate_per_s);
    int64_t begin_ns =
        region->busy_until_ns > world->now_ns ? region->busy_until_ns : world->now_ns;
    int64_t ahead_ns = begin_ns - world->now_ns; /* Of the one being served only what is left. */
    if (queue->length_max > 0 && ahead_ns > 0 &&
        (ahead_ns - 1) / service_ns + 1 >= queue->length_max) {
        answer(world, slot, &request, RCE_UNAVAILABLE);
        return;
    }
    region->busy_until_ns = world_sum_ns(begin_ns, service_ns);
    int64_t wait_ns = region->busy_until_ns - world->now_ns;
    if (wait_ns > queue->timeout_ns)
        give_up(world, slot, wait_ns);
    else
        world_schedule(world, wait_ns, EVENT_SERVE,
                       entity_of_target(request.sddc, request.cluster, request.host), slot);
}

void service_arrive(struct world *world, uint32_t slot)
{
    struct request request = world->requests[slot];
    struct sddc *sddc = &world->sddcs[request.sddc];
    enum rce_result result;
    service_note(world, SERVICE_ARRIVAL,
                 entity_of_target(request.sddc, request.cluster, request.host),
                 (uint64_t)request.operation << 32 | request.attempt, request.key != 0);
    if (is_turned_away(world, sddc, &request, &result))
        answer(world, slot, &request, result);
    else if (world->config->service.queue.rate_per_s > 0)
        wait_in_queue(world, slot);
    else
        answer(world, slot, &request, decide(world, sddc, &request));
}

void service_serve(struct world *world, uint32_t slot)
{
    struct request request = world->requests[slot];
    struct sddc *sddc = &world->sddcs[request.sddc];
    enum rce_result result = decide(world, sddc, &request);
    if (!request.is_abandoned) {
        answer(world, slot, &request, result);
        return;
    }
    if (result == RCE_ACCEPTED)
        note_attempt(sddc, &request);
    service_free_request(world, slot);
}

enum callback_fate { CALLBACK_SENT, CALLBACK_LATE, CALLBACK_LOST, CALLBACK_TWICE };

/* Send the callback of a task that has ended, unless it gets lost. */
static void send_callback(struct world *world, struct task *task, uint32_t entity, uint16_t id)
{
    const struct vmc_service *service = &world->config->service;
    struct oracle *oracle = world->oracle;
    uint32_t operation = task->operation;
#define NAME(purpose) ((struct draw_name){entity, (uint32_t)(purpose) + operation, task->run})
    if (oracle_happens(oracle, NAME(PURPOSE_CALLBACK_LOSS), service->callback_loss)) {
        task->callback_lost = true;
        world_count(world, METRIC_CALLBACKS_LOST, 1);
        STORY(world, STORY_CALLBACK, entity, operation, CALLBACK_LOST, id);
        return;
    }
    int64_t delay_ns = world_delay_ns(world, service->callback_delay, NAME(PURPOSE_CALLBACK_DELAY));
    bool late =
        oracle_happens(oracle, NAME(PURPOSE_CALLBACK_LATE), service->callback_late_probability);
    if (late)
        delay_ns +=
            world_delay_ns(world, service->callback_late_delay, NAME(PURPOSE_CALLBACK_LATE_DELAY));
    world_schedule(world, delay_ns, EVENT_CALLBACK, entity, id);
    STORY(world, STORY_CALLBACK, entity, operation, late ? CALLBACK_LATE : CALLBACK_SENT, id,
          (uint64_t)(world->now_ns + delay_ns));
    if (oracle_happens(oracle, NAME(PURPOSE_CALLBACK_DUPLICATE), service->callback_duplicate)) {
        delay_ns += world_delay_ns(world, service->callback_duplicate_delay,
                                   NAME(PURPOSE_CALLBACK_DUPLICATE_DELAY));
        world_schedule(world, delay_ns, EVENT_CALLBACK, entity, id);
        STORY(world, STORY_CALLBACK, entity, operation, CALLBACK_TWICE, id,
              (uint64_t)(world->now_ns + delay_ns));
    }
#undef NAME
}

void service_end_task(struct world *world, struct sddc *sddc, uint16_t id, bool succeeded)
{
    struct task *task = &sddc->tasks[id];
    uint32_t index = (uint32_t)(sddc - world->sddcs);
    uint32_t entity = entity_of_target(index, task->cluster, task->host);
    task->state = succeeded ? TASK_SUCCEEDED : TASK_FAILED;
    service_note(world, SERVICE_TASK_END, entity, id, succeeded);
    STORY(world, STORY_TASK, entity, task->operation, task->state, id);
    send_callback(world, task, entity, id);
    if (rollout_is_awaited(sddc))
        rollout_go_on(world, index);
}
