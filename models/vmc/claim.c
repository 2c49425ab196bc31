#include "models/vmc/claim.h"

static uint32_t slot_of(uint8_t cluster)
{
    return cluster == RCE_NO_CLUSTER ? 0 : 1 + (uint32_t)cluster;
}

void claim_note_answer(struct claim_answers *answers, const struct vmc_answer *answer)
{
    answers->results[slot_of(answer->cluster)] |= (uint8_t)(1U << answer->result);
    answers->last[answer->result] =
        (struct claim_place){(uint8_t)answer->operation, answer->cluster, answer->host};
}

static bool has_answered(const struct claim_answers *answers, uint8_t cluster, int result)
{
    return (answers->results[slot_of(cluster)] >> result & 1) != 0;
}

static const struct vmc_workflow_failure unknown_failure = {
    .operation = (enum rce_operation)RCE_OPERATION_COUNT,
    .cluster = RCE_NO_CLUSTER,
    .host = RCE_NO_HOST};

/* What a workflow waits for whose client does not say it: the youngest task that has not ended
 * well. */
static struct vmc_workflow_failure likely_failure(const struct sddc *sddc)
{
    for (uint32_t id = sddc->tasks_count; id > 0; id--) {
        const struct task *task = &sddc->tasks[id];
        bool is_heard = task->state == TASK_SUCCEEDED && !task->callback_lost;
        if (!is_heard)
            return (struct vmc_workflow_failure){
                .reason = task->state == TASK_FAILED ? RCE_REASON_TASK_FAILED : RCE_REASON_DEADLINE,
                .operation = (enum rce_operation)task->operation,
                .cluster = task->cluster,
                .host = task->host,
            };
    }
    return unknown_failure;
}

/* The answer that a reason speaks of; RCE_RESULT_COUNT: of none. */
static int told_result(enum rce_reason reason)
{
    switch (reason) {
    case RCE_REASON_THROTTLED: return RCE_THROTTLED;
    case RCE_REASON_UNAVAILABLE: return RCE_UNAVAILABLE;
    case RCE_REASON_NOT_READY: return RCE_NOT_READY;
    case RCE_REASON_REFUSED: return RCE_REFUSED;
    case RCE_REASON_UNKNOWN: return RCE_UNKNOWN;
    case RCE_REASON_NONE:
    case RCE_REASON_DEADLINE:
    case RCE_REASON_TASK_FAILED: break;
    }
    return RCE_RESULT_COUNT;
}

static bool has_failed_task(const struct sddc *sddc, const struct vmc_workflow_failure *failure)
{
    for (uint32_t id = sddc->tasks_count; id > 0; id--) {
        const struct task *task = &sddc->tasks[id];
        if (task->state == TASK_FAILED && task->operation == failure->operation &&
            task->cluster == failure->cluster && task->host == failure->host)
            return true;
    }
    return false;
}

/* Can it be so? An answer that was given in this cluster (a step that asks for a host may have
 * looked at the cluster as well), or a task that has failed. What a deadline was missed for is
 * looked for in the world anyway. */
static bool is_seen(const struct claim_answers *answers, const struct sddc *sddc,
                    const struct vmc_workflow_failure *failure)
{
    if ((int)failure->operation == RCE_OPERATION_COUNT || failure->reason == RCE_REASON_NONE)
        return false;
    if (failure->reason == RCE_REASON_TASK_FAILED)
        return has_failed_task(sddc, failure);
    int result = told_result(failure->reason);
    return result == RCE_RESULT_COUNT || has_answered(answers, failure->cluster, result);
}

/* Only a reason was told: where the last answer of that kind came from, or nowhere. */
static struct vmc_workflow_failure place_failure(const struct claim_answers *answers,
                                                 const struct sddc *sddc, enum rce_reason reason)
{
    int result = told_result(reason);
    struct vmc_workflow_failure failure = likely_failure(sddc);
    if (result != RCE_RESULT_COUNT) {
        struct claim_place last = answers->last[result];
        failure = (struct vmc_workflow_failure){.operation = (enum rce_operation)last.operation,
                                                .cluster = last.cluster,
                                                .host = last.host};
        if (!has_answered(answers, last.cluster, result))
            failure = unknown_failure;
    }
    failure.reason = reason;
    return failure;
}

struct vmc_workflow_failure claim_failure(const struct claim_answers *answers,
                                          const struct sddc *sddc,
                                          const struct vmc_workflow_failure *told)
{
    struct vmc_workflow_failure failure = *told;
    bool is_placed = (int)told->operation != RCE_OPERATION_COUNT;
    if (is_placed && told->reason == RCE_REASON_NONE)
        failure.reason = RCE_REASON_DEADLINE;
    else if (!is_placed && told->reason == RCE_REASON_NONE)
        failure = likely_failure(sddc);
    else if (!is_placed)
        failure = place_failure(answers, sddc, told->reason);
    return failure;
}

enum vmc_cause claim_cause(const struct claim_answers *answers, struct sddc *sddc,
                           const struct vmc_workflow_failure *failure)
{
    if (!is_seen(answers, sddc, failure))
        return CAUSE_OTHER;
    return cause_of(sddc, &(struct rce_action){.kind = RCE_FAIL,
                                               .reason = failure->reason,
                                               .operation = failure->operation,
                                               .cluster = failure->cluster,
                                               .host = failure->host});
}
