#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "models/vmc/crash_gap.h"
#include "models/vmc/world.h"

/* Findings: the broken invariants but for "never ended", then the reasons that engines give, then
 * what no engine says: "never ended", and given up because it crashed over and over. */
enum {
    SAFETY_COUNT = VIOLATION_COUNT - 1,
    FINDING_NEVER_ENDED = SAFETY_COUNT + RCE_REASON_COUNT,
    FINDING_CRASHES,
    FINDING_COUNT,
};

static uint32_t finding_of_violation(enum vmc_violation violation)
{
    return violation < VIOLATION_NEVER_ENDED ? violation : violation - 1u;
}

#define VIOLATION(which)                                                                           \
    [(which) < VIOLATION_NEVER_ENDED ? (which)-VIOLATION_TWO_IN_MAINTENANCE : (which)-1]
static const char *const finding_names[FINDING_COUNT + 1] = {
    VIOLATION(VIOLATION_TWO_IN_MAINTENANCE) = "two hosts in maintenance",
    VIOLATION(VIOLATION_CAPACITY) = "lost capacity",
    VIOLATION(VIOLATION_UPDATED_TWICE) = "second update",
    VIOLATION(VIOLATION_NOT_UPDATED) = "missing update",
    VIOLATION(VIOLATION_DUPLICATE_TRIGGER) = "duplicate trigger",
    VIOLATION(VIOLATION_LEFT_OVER_HOST) = "left-over host",
    VIOLATION(VIOLATION_FOREIGN_CALLBACK) = "foreign callback",
    [SAFETY_COUNT + RCE_REASON_NONE] = "failure without a reason",
    [SAFETY_COUNT + RCE_REASON_DEADLINE] = "deadline",
    [SAFETY_COUNT + RCE_REASON_TASK_FAILED] = "failed task",
    [SAFETY_COUNT + RCE_REASON_THROTTLED] = "throttling",
    [SAFETY_COUNT + RCE_REASON_UNAVAILABLE] = "unavailability",
    [SAFETY_COUNT + RCE_REASON_NOT_READY] = "not-ready answer",
    [SAFETY_COUNT + RCE_REASON_REFUSED] = "refusal",
    [SAFETY_COUNT + RCE_REASON_UNKNOWN] = "missing answer",
    [FINDING_NEVER_ENDED] = "never ended",
    [FINDING_CRASHES] = "endless crashes",
};

/* Steps are the operations, by their numbers. */
enum { STEP_NONE = RCE_OPERATION_COUNT };

enum state {
    STATE_NONE,
    STATE_CLUSTER_NOT_READY, /* the temporary host is not ready */
    STATE_CLUSTER_BUSY,      /* another host is in maintenance */
    STATE_CLUSTER_READY,
    STATE_HOST,                                           /* + enum host_state */
    STATE_TEMPORARY_HOST = STATE_HOST + HOST_REMOVING + 1 /* + enum host_state */
};
enum { STATE_COUNT = STATE_TEMPORARY_HOST + HOST_REMOVING + 1 };
static const char *const state_names[STATE_COUNT + 1] = {
    [STATE_NONE] = "",
    [STATE_CLUSTER_NOT_READY] = "cluster not ready",
    [STATE_CLUSTER_BUSY] = "cluster busy",
    [STATE_CLUSTER_READY] = "cluster ready",
    [STATE_HOST + HOST_ABSENT] = "host absent",
    [STATE_HOST + HOST_PROVISIONING] = "host provisioning",
    [STATE_HOST + HOST_CONNECTED] = "host connected",
    [STATE_HOST + HOST_READY] = "host ready",
    [STATE_HOST + HOST_ENTERING] = "host entering",
    [STATE_HOST + HOST_IN_MAINTENANCE] = "host in maintenance",
    [STATE_HOST + HOST_UPDATING] = "host updating",
    [STATE_HOST + HOST_FAILED] = "host failed",
    [STATE_HOST + HOST_EXITING] = "host exiting",
    [STATE_HOST + HOST_REMOVING] = "host removing",
    [STATE_TEMPORARY_HOST + HOST_ABSENT] = "temporary host absent",
    [STATE_TEMPORARY_HOST + HOST_PROVISIONING] = "temporary host provisioning",
    [STATE_TEMPORARY_HOST + HOST_CONNECTED] = "temporary host connected",
    [STATE_TEMPORARY_HOST + HOST_READY] = "temporary host ready",
    [STATE_TEMPORARY_HOST + HOST_ENTERING] = "temporary host entering",
    [STATE_TEMPORARY_HOST + HOST_IN_MAINTENANCE] = "temporary host in maintenance",
    [STATE_TEMPORARY_HOST + HOST_UPDATING] = "temporary host updating",
    [STATE_TEMPORARY_HOST + HOST_FAILED] = "temporary host failed",
    [STATE_TEMPORARY_HOST + HOST_EXITING] = "temporary host exiting",
    [STATE_TEMPORARY_HOST + HOST_REMOVING] = "temporary host removing",
};

static const uint32_t shape_purposes[] = {PURPOSE_GROUP, PURPOSE_CLUSTERS, PURPOSE_HOSTS,
                                          PURPOSE_TEMPORARY_HOST};

static uint32_t state_of_cluster(const struct cluster *cluster)
{
    if (cluster->temporary_pending)
        return STATE_CLUSTER_NOT_READY;
    return platform_is_cluster_ready(cluster) ? STATE_CLUSTER_READY : STATE_CLUSTER_BUSY;
}

/* The true state of what the step is about. A request that came to nothing leaves no trace in any
 * host: what counts is why it came to nothing, which was settled when it arrived. */
static uint32_t state_of(const struct world *world, uint32_t entity, uint32_t step)
{
    struct sddc *sddc = &world->sddcs[entity_sddc(entity)];
    uint32_t host_index = entity_host(entity);
    if (entity_cluster(entity) == ENTITY_NO_CLUSTER || sddc->clusters == NULL)
        return STATE_NONE;
    struct cluster *cluster = &sddc->clusters[entity_cluster(entity)];
    if (host_index == ENTITY_NO_HOST && (step == RCE_ADD_HOST || step == RCE_REMOVE_HOST))
        return STATE_TEMPORARY_HOST + cluster->hosts[cluster->hosts_count].state;
    if (host_index == ENTITY_NO_HOST)
        return state_of_cluster(cluster);
    if (host_index == ENTITY_TEMPORARY_HOST)
        return STATE_TEMPORARY_HOST + cluster->hosts[cluster->hosts_count].state;
    const struct host *host = &cluster->hosts[host_index];
    uint32_t last = step == RCE_ENTER_MAINTENANCE
                        ? host->target.last_task[service_target_slot(RCE_ENTER_MAINTENANCE)]
                        : 0;
    if (last != 0 && sddc->tasks[last].state == TASK_DEAD)
        return sddc->tasks[last].early ? STATE_CLUSTER_NOT_READY : STATE_CLUSTER_BUSY;
    return STATE_HOST + host->state;
}

static void tell(struct world *world, uint32_t entity, uint32_t kind, uint32_t step)
{
    const struct model_sink *sink = world->run->sink;
    sink->finding(sink->context, world->run,
                  &(struct model_finding){.kind = kind,
                                          .step = step,
                                          .state = state_of(world, entity, step),
                                          .entity = entity,
                                          .unit = entity_sddc(entity),
                                          .at_ns = world->now_ns,
                                          .event_count = sim_event_count(world->sim)});
}

static uint32_t step_of_violation(const struct world *world, enum vmc_violation violation)
{
    switch (violation) {
    case VIOLATION_TWO_IN_MAINTENANCE:
    case VIOLATION_DUPLICATE_TRIGGER: return RCE_ENTER_MAINTENANCE;
    case VIOLATION_UPDATED_TWICE:
    case VIOLATION_NOT_UPDATED: return RCE_UPDATE_HOST;
    case VIOLATION_LEFT_OVER_HOST: return RCE_REMOVE_HOST;
    case VIOLATION_FOREIGN_CALLBACK: return world->believed_operation;
    case VIOLATION_CAPACITY:
    case VIOLATION_NEVER_ENDED: return STEP_NONE;
    }
    CHECK_UNREACHABLE("a violation of an unknown kind");
}

void explore_tell_violation(struct world *world, uint32_t entity, enum vmc_violation violation)
{
    if (violation != VIOLATION_NEVER_ENDED)
        tell(world, entity, finding_of_violation(violation), step_of_violation(world, violation));
}

void explore_tell_failure(struct world *world, uint32_t index)
{
    const struct sddc *sddc = &world->sddcs[index];
    uint32_t entity = entity_of_target(index, sddc->failed_cluster, sddc->failed_host);
    if (sddc->reason == RCE_REASON_NONE && sddc->cause == CAUSE_CRASH) {
        tell(world, entity_of_sddc(index), FINDING_CRASHES, STEP_NONE);
        return;
    }
    tell(world, entity, SAFETY_COUNT + sddc->reason, sddc->failed_operation);
}

/* What only the end of the run shows. Where failed workflows may be re-driven, failure is one of
 * these. */
void explore_close(struct world *world)
{
    if (!explore_is_wanted(world))
        return;
    for (uint32_t i = 0; i < world->sddcs_count; i++) {
        if (world->sddcs[i].status == RCE_RUNNING)
            tell(world, entity_of_sddc(i), FINDING_NEVER_ENDED, STEP_NONE);
        else if (world->sddcs[i].status == RCE_FAILED && world->parameters->rollout != NULL)
            explore_tell_failure(world, i);
    }
}

/* What the digest of a workflow does not cover, the process may keep: of our own engine that is
 * limits, which follow from what was sent. */
static bool is_memory_known(const struct rce_engine *engine)
{
    return (engine->capabilities & RCE_CAN_DIGEST) != 0 &&
           (engine->process_size_bytes == 0 || engine == &rce_engine);
}

void explore_remember(struct world *world, uint32_t index, const struct rce_input *input)
{
    const struct sddc *sddc = &world->sddcs[index];
    const struct rce_engine *engine = world->engines[sddc->version].engine;
    uint64_t hash = world->memory_hash;
    for (uint32_t i = 0; i < world->actions.count; i++) {
        const struct rce_action *action = &world->actions.items[i];
        uint64_t what = (uint64_t)action->kind << 56 | (uint64_t)action->operation << 48 |
                        (uint64_t)action->note << 40 | (uint64_t)action->reason << 32 |
                        (uint64_t)action->attempt << 16 | (uint64_t)action->cluster << 8 |
                        action->host;
        hash = history_fold(
            hash, history_digest((uint64_t)action->at_ns, what, action->request, action->key));
        hash = history_fold(hash, history_digest(action->timer, action->task, 0, 0));
    }
    /* An engine that does not say what it remembers may remember the bits themselves. */
    world->memory_hash = history_fold(hash, is_memory_known(engine) ? engine->digest(sddc->workflow)
                                                                    : input->entropy);
}

static const void *resize(const void *parameters, uint32_t unit_count, struct arena *arena)
{
    const struct vmc_parameters *from = parameters;
    struct vmc_parameters *to = arena_take(arena, sizeof *to);
    struct vmc_config *world = arena_take(arena, sizeof *world);
    *to = *from;
    *world = *from->world;
    to->world = world;
    /* The same number of starts an hour, so that the load on what they share stays the same. */
    double share = (double)unit_count / world->fleet.sddcs_count;
    world->wave.spread_ns = (int64_t)((double)world->wave.spread_ns * share);
    world->fleet.sddcs_count = unit_count;
    return to;
}

static bool is_of_region(uint32_t purpose)
{
    return purpose == PURPOSE_REGION_OUTAGE_GAP || purpose == PURPOSE_REGION_OUTAGE_DURATION;
}

/* Crashes are of a process, named by its version, or of the worker of one workflow. */
static bool is_of_process(uint32_t purpose, uint32_t entity)
{
    return (purpose == PURPOSE_CRASH_GAP || purpose == PURPOSE_CRASH_DOWNTIME) &&
           entity < VERSION_COUNT;
}

/* The place of an index when `dropped` is taken out. */
static uint32_t moved(uint32_t index, uint32_t dropped)
{
    return index > dropped ? index - 1 : index;
}

static bool drop(uint32_t dropped, struct draw_name *name)
{
    if (is_of_region(name->purpose) || is_of_process(name->purpose, name->entity))
        return true;
    uint32_t sddc = entity_sddc(name->entity), cluster = entity_cluster(name->entity);
    uint32_t host = entity_host(name->entity);
    if (entity_cluster(dropped) == ENTITY_NO_CLUSTER) {
        if (sddc == entity_sddc(dropped))
            return false;
        name->entity = entity_of_host(moved(sddc, entity_sddc(dropped)), cluster, host);
        return true;
    }
    if (sddc != entity_sddc(dropped) || cluster == ENTITY_NO_CLUSTER)
        return true;
    if (entity_host(dropped) == ENTITY_NO_HOST) {
        if (cluster == entity_cluster(dropped))
            return false;
        name->entity = entity_of_host(sddc, moved(cluster, entity_cluster(dropped)), host);
        return true;
    }
    if (cluster != entity_cluster(dropped) || host == ENTITY_NO_HOST)
        return true;
    if (host == entity_host(dropped))
        return false;
    if (host != ENTITY_TEMPORARY_HOST && entity_host(dropped) != ENTITY_TEMPORARY_HOST)
        name->entity = entity_of_host(sddc, cluster, moved(host, entity_host(dropped)));
    return true;
}

static bool has_shared_limit(const struct rce_retry_policy *policy)
{
    return policy->budget_capacity > 0 || policy->limiter_per_s > 0;
}

/* The order of the event that starts the next workflow, whose ever that is: in a slack window that
 * one begins later. */
static bool is_of_wave(struct draw_name name)
{
    return name.purpose == PURPOSE_TIE && name.occurrence >> 27 == EVENT_WAVE;
}

/* Workflows meet in the service's limits and queue, in the wave's limit, in a rollout, in crashes
 * of their engine's process, and in what it shares. Of an engine that we do not know, the process
 * may share anything.
 */
static bool is_independent(const void *parameters, struct draw_name a, struct draw_name b)
{
    const struct vmc_parameters *of = parameters;
    const struct vmc_service *service = &of->world->service;
    const struct rce_engine *engine = of->engine;
    if (is_of_region(a.purpose) || is_of_region(b.purpose) || is_of_wave(a) || is_of_wave(b) ||
        entity_sddc(a.entity) == entity_sddc(b.entity) || of->rollout != NULL ||
        (crash_is_on(of) && of->world->crash.scope == VMC_CRASH_PROCESS))
        return false;
    bool shares_process =
        engine->process_size_bytes > 0 && (engine != &rce_engine || of->options == NULL ||
                                           has_shared_limit(&of->options->precheck_poll) ||
                                           has_shared_limit(&of->options->retry_policy));
    bool shares_service = service->limit_reads.rate_per_s > 0 ||
                          service->limit_writes.rate_per_s > 0 ||
                          service->limit_add_host.rate_per_s > 0 || service->queue.rate_per_s > 0;
    return !shares_process && !shares_service && of->world->wave.concurrency_max == 0;
}

static char *entity_print(char *text, size_t size_bytes, uint32_t purpose, uint32_t entity)
{
    uint32_t sddc = entity_sddc(entity), cluster = entity_cluster(entity);
    if (is_of_region(purpose))
        snprintf(text, size_bytes, "region%u", entity);
    else if (is_of_process(purpose, entity))
        snprintf(text, size_bytes, "process%u", entity);
    else if (cluster == ENTITY_NO_CLUSTER)
        snprintf(text, size_bytes, "sddc%u", sddc);
    else if (entity_host(entity) == ENTITY_NO_HOST)
        snprintf(text, size_bytes, "sddc%u/cluster%u", sddc, cluster);
    else if (entity_host(entity) == ENTITY_TEMPORARY_HOST)
        snprintf(text, size_bytes, "sddc%u/cluster%u/temporary", sddc, cluster);
    else
        snprintf(text, size_bytes, "sddc%u/cluster%u/host%u", sddc, cluster, entity_host(entity));
    return text;
}

/* Read "word" and a number below `limit`, without leading zeros. */
static bool read_part(const char **text, const char *word, uint32_t limit, uint32_t *number)
{
    size_t length = strlen(word);
    if (strncmp(*text, word, length) != 0 || !isdigit((unsigned char)(*text)[length]))
        return false;
    const char *at = *text + length;
    if (at[0] == '0' && isdigit((unsigned char)at[1]))
        return false;
    uint32_t value = 0;
    for (; isdigit((unsigned char)*at); at++) {
        value = value * 10 + (uint32_t)(*at - '0');
        if (value >= limit)
            return false;
    }
    *text = at;
    *number = value;
    return true;
}

static bool entity_parse(const char *text, uint32_t purpose, uint32_t *entity)
{
    uint32_t sddc, cluster = ENTITY_NO_CLUSTER, host = ENTITY_NO_HOST;
    if (is_of_region(purpose)) {
        if (!read_part(&text, "region", VMC_GROUPS_MAX, &sddc) || *text != '\0')
            return false;
        *entity = sddc;
        return true;
    }
    uint32_t version;
    if (read_part(&text, "process", VERSION_COUNT, &version)) {
        if (*text != '\0' || !is_of_process(purpose, version))
            return false;
        *entity = version;
        return true;
    }
    if (!read_part(&text, "sddc", VMC_SDDCS_MAX, &sddc))
        return false;
    if (*text == '/' && (text++, !read_part(&text, "cluster", RCE_CLUSTERS_MAX, &cluster)))
        return false;
    if (*text == '/' && cluster != ENTITY_NO_CLUSTER) {
        text++;
        if (strcmp(text, "temporary") == 0) {
            text += strlen(text);
            host = ENTITY_TEMPORARY_HOST;
        } else if (!read_part(&text, "host", RCE_HOSTS_MAX, &host)) {
            return false;
        }
    }
    if (*text != '\0')
        return false;
    *entity = entity_of_host(sddc, cluster, host);
    return true;
}

const struct model_explore vmc_explore = {
    .finding_names = finding_names,
    .finding_count = FINDING_COUNT,
    .safety_count = SAFETY_COUNT,
    .step_names = rce_operation_names,
    .step_count = RCE_OPERATION_COUNT,
    .state_names = state_names,
    .state_count = STATE_COUNT,
    .shape_purposes = shape_purposes,
    .shape_purpose_count = sizeof shape_purposes / sizeof shape_purposes[0],
    .unit_entity = entity_of_sddc,
    .resize = resize,
    .drop = drop,
    .is_independent = is_independent,
    .entity_print = entity_print,
    .entity_parse = entity_parse,
    .draw_note = crash_gap_note,
    .draw_example = "connect",
};
