#include "models/vmc/world.h"

const char *const vmc_cause_names[CAUSE_COUNT + 1] = {
    [CAUSE_EARLY_TRIGGER] = "early_trigger",
    [CAUSE_DEAD_TASK] = "dead_task",
    [CAUSE_DUPLICATE_TRIGGER] = "duplicate_trigger",
    [CAUSE_LOST_CALLBACK] = "lost_callback",
    [CAUSE_LATE_CALLBACK] = "late_callback",
    [CAUSE_LOST_ANSWER] = "lost_answer",
    [CAUSE_CAPACITY_OUTAGE] = "capacity_outage",
    [CAUSE_SLOW_PROVISIONING] = "slow_provisioning",
    [CAUSE_STUCK_EVACUATION] = "stuck_evacuation",
    [CAUSE_SLOW_WORK] = "slow_work",
    [CAUSE_HOST_FAILURE] = "host_failure",
    [CAUSE_THROTTLED] = "throttled",
    [CAUSE_SERVICE_ERROR] = "service_error",
    [CAUSE_CRASH] = "crash",
    [CAUSE_NEVER_ENDED] = "never_ended",
    [CAUSE_OTHER] = "other",
};

static enum vmc_cause of_answer(enum rce_result result, const struct cluster *cluster)
{
    switch (result) {
    case RCE_THROTTLED: return CAUSE_THROTTLED;
    case RCE_UNAVAILABLE: return CAUSE_SERVICE_ERROR;
    case RCE_REFUSED:
        return cluster != NULL && cluster->duplicates_count > 0 ? CAUSE_DUPLICATE_TRIGGER
                                                                : CAUSE_SERVICE_ERROR;
    case RCE_NOT_READY:
        return cluster != NULL && cluster->duplicates_count > 0 && !cluster->temporary_pending
                   ? CAUSE_DUPLICATE_TRIGGER
                   : CAUSE_EARLY_TRIGGER;
    case RCE_UNKNOWN: return CAUSE_LOST_ANSWER;
    case RCE_ACCEPTED:
    case RCE_STATE: return CAUSE_OTHER;
    }
    return CAUSE_OTHER;
}

static enum vmc_cause of_provisioning(const struct cluster *cluster)
{
    return cluster->outage_met ? CAUSE_CAPACITY_OUTAGE : CAUSE_SLOW_PROVISIONING;
}

/* The pre-check gave up: what kept the cluster from being ready? */
static enum vmc_cause of_precheck(const struct cluster *cluster)
{
    if (cluster->temporary_pending)
        return of_provisioning(cluster);
    if (!platform_is_cluster_ready(cluster))
        return cluster->duplicates_count > 0 ? CAUSE_DUPLICATE_TRIGGER : CAUSE_OTHER;
    /* Nothing does now: it became ready after the last look, or no answer said so in time. */
    if (cluster->last_read_result != RCE_STATE)
        return of_answer((enum rce_result)cluster->last_read_result, cluster);
    return cluster->last_read_pending ? of_provisioning(cluster) : CAUSE_LOST_ANSWER;
}

static enum vmc_cause of_dead_task(const struct task *task, const struct cluster *cluster)
{
    if (task->replayed)
        return CAUSE_DEAD_TASK;
    if (task->early)
        return CAUSE_EARLY_TRIGGER;
    return cluster->duplicates_count > 0 ? CAUSE_DUPLICATE_TRIGGER : CAUSE_OTHER;
}

static enum vmc_cause of_task_failure(enum rce_operation operation)
{
    if (operation == RCE_ENTER_MAINTENANCE)
        return CAUSE_STUCK_EVACUATION;
    return operation == RCE_UPDATE_HOST ? CAUSE_HOST_FAILURE : CAUSE_OTHER;
}

/* A deadline passed while the engine waited for this task. */
static enum vmc_cause of_task(const struct sddc *sddc, const struct task *task,
                              enum rce_result last_result)
{
    const struct cluster *cluster =
        task->cluster == RCE_NO_CLUSTER ? NULL : &sddc->clusters[task->cluster];
    if (task->late && task->state != TASK_DEAD && task->state != TASK_WAITING &&
        !task->callback_lost)
        return CAUSE_LOST_ANSWER;
    switch ((enum task_state)task->state) {
    case TASK_DEAD: return of_dead_task(task, cluster);
    case TASK_WAITING: return task->early ? of_provisioning(cluster) : CAUSE_DUPLICATE_TRIGGER;
    case TASK_RUNNING:
        if (task->operation == RCE_ADD_HOST)
            return of_provisioning(cluster);
        return task->operation == RCE_ENTER_MAINTENANCE && task->will_fail ? CAUSE_STUCK_EVACUATION
                                                                           : CAUSE_SLOW_WORK;
    case TASK_SUCCEEDED:
    case TASK_FAILED: break;
    }
    if (task->callback_lost)
        return CAUSE_LOST_CALLBACK;
    if (task->state == TASK_FAILED)
        return of_task_failure((enum rce_operation)task->operation);
    return last_result == RCE_UNKNOWN ? CAUSE_LOST_ANSWER : CAUSE_LATE_CALLBACK;
}

static enum vmc_cause of_deadline(struct sddc *sddc, const struct rce_action *failure)
{
    if (failure->operation == RCE_READ_CLUSTER)
        return of_precheck(&sddc->clusters[failure->cluster]);
    if (failure->operation == RCE_READ_HOST)
        return CAUSE_OTHER;
    const struct target *target = service_target(sddc, failure->cluster, failure->host);
    uint32_t slot = service_target_slot(failure->operation);
    enum rce_result last_result = (enum rce_result)target->last_result[slot];
    uint16_t last = target->last_task[slot];
    const struct cluster *cluster =
        failure->cluster == RCE_NO_CLUSTER ? NULL : &sddc->clusters[failure->cluster];
    if (target->is_misled)
        return CAUSE_DEAD_TASK;
    if (last == 0)
        return of_answer(last_result, cluster);
    return of_task(sddc, &sddc->tasks[last], last_result);
}

/* The task that the engine heard has failed: did a key bring an old failure back? */
static enum vmc_cause of_failed_task(struct sddc *sddc, const struct rce_action *failure)
{
    if (failure->operation == RCE_READ_CLUSTER || failure->operation == RCE_READ_HOST)
        return CAUSE_OTHER; /* A read has no task; whatever that engine means. */
    const struct target *target = service_target(sddc, failure->cluster, failure->host);
    uint16_t last = target->last_task[service_target_slot(failure->operation)];
    return last != 0 && sddc->tasks[last].told_again ? CAUSE_DEAD_TASK
                                                     : of_task_failure(failure->operation);
}

/* An update that is refused because an earlier one left the host failed is the fault of that; one
 * that a key answers with an earlier failure has not even been tried. */
static bool is_host_failed(struct sddc *sddc, const struct rce_action *failure)
{
    return failure->operation == RCE_UPDATE_HOST && failure->reason != RCE_REASON_TASK_FAILED &&
           platform_host(&sddc->clusters[failure->cluster], failure->host)->state == HOST_FAILED;
}

enum vmc_cause cause_of(struct sddc *sddc, const struct rce_action *failure)
{
    if (is_host_failed(sddc, failure))
        return CAUSE_HOST_FAILURE;
    const struct cluster *cluster =
        failure->cluster == RCE_NO_CLUSTER ? NULL : &sddc->clusters[failure->cluster];
    switch (failure->reason) {
    case RCE_REASON_DEADLINE: return of_deadline(sddc, failure);
    case RCE_REASON_TASK_FAILED: return of_failed_task(sddc, failure);
    case RCE_REASON_THROTTLED: return CAUSE_THROTTLED;
    case RCE_REASON_UNAVAILABLE: return CAUSE_SERVICE_ERROR;
    case RCE_REASON_NOT_READY: return of_answer(RCE_NOT_READY, cluster);
    case RCE_REASON_REFUSED: return of_answer(RCE_REFUSED, cluster);
    case RCE_REASON_UNKNOWN: return CAUSE_LOST_ANSWER;
    case RCE_REASON_NONE: return CAUSE_OTHER;
    }
    return CAUSE_OTHER;
}
