#include "models/rce/contract.h"

static bool is_cluster(const struct rce_plan *plan, uint8_t cluster)
{
    return cluster < plan->clusters_count;
}

bool rce_contract_has_target(const struct rce_plan *plan, enum rce_operation operation,
                             uint8_t cluster, uint8_t host)
{
    switch (operation) {
    case RCE_UPGRADE_CONTROL_PLANE:
    case RCE_UPGRADE_NETWORK: return cluster == RCE_NO_CLUSTER && host == RCE_NO_HOST;
    case RCE_BACKUP:
    case RCE_READ_CLUSTER: return is_cluster(plan, cluster) && host == RCE_NO_HOST;
    case RCE_ADD_HOST:
    case RCE_REMOVE_HOST: return is_cluster(plan, cluster) && host == RCE_TEMPORARY_HOST;
    case RCE_READ_HOST:
    case RCE_ENTER_MAINTENANCE:
    case RCE_UPDATE_HOST:
    case RCE_EXIT_MAINTENANCE:
        return is_cluster(plan, cluster) && host < plan->clusters[cluster].hosts_count;
    }
    return false;
}

bool rce_contract_has_place(const struct rce_plan *plan, uint8_t cluster, uint8_t host)
{
    if (cluster == RCE_NO_CLUSTER)
        return host == RCE_NO_HOST;
    return is_cluster(plan, cluster) && (host == RCE_NO_HOST || host == RCE_TEMPORARY_HOST ||
                                         host < plan->clusters[cluster].hosts_count);
}

static bool is_read(enum rce_operation operation)
{
    return operation == RCE_READ_CLUSTER || operation == RCE_READ_HOST;
}

static enum rce_breach_kind check_send(const struct rce_plan *plan, const struct rce_action *action)
{
    if ((unsigned)action->operation >= RCE_OPERATION_COUNT)
        return RCE_BREACH_OPERATION;
    if (!rce_contract_has_target(plan, action->operation, action->cluster, action->host))
        return RCE_BREACH_TARGET;
    if (action->request == 0)
        return RCE_BREACH_REQUEST;
    return action->attempt == 0 ? RCE_BREACH_ATTEMPT : RCE_BREACH_NONE;
}

static enum rce_breach_kind check_log(const struct rce_plan *plan, const struct rce_action *action)
{
    if ((unsigned)action->note >= RCE_NOTE_COUNT)
        return RCE_BREACH_NOTE;
    if ((unsigned)action->operation >= RCE_OPERATION_COUNT)
        return RCE_BREACH_OPERATION;
    bool is_belief =
        action->note == RCE_NOTE_CALLBACK_BELIEVED || action->note == RCE_NOTE_ANSWER_BELIEVED;
    /* A log may be about anything, for it is only told: but what it names has to be there. */
    if (!is_belief)
        return rce_contract_has_place(plan, action->cluster, action->host) ? RCE_BREACH_NONE
                                                                           : RCE_BREACH_TARGET;
    if (is_read(action->operation))
        return RCE_BREACH_OPERATION;
    bool is_good = rce_contract_has_target(plan, action->operation, action->cluster, action->host);
    return is_good ? RCE_BREACH_NONE : RCE_BREACH_TARGET;
}

static enum rce_breach_kind check_fail(const struct rce_plan *plan, const struct rce_action *action)
{
    if ((unsigned)action->reason >= RCE_REASON_COUNT)
        return RCE_BREACH_REASON;
    if ((unsigned)action->operation >= RCE_OPERATION_COUNT)
        return RCE_BREACH_OPERATION;
    bool is_good = rce_contract_has_target(plan, action->operation, action->cluster, action->host);
    return is_good ? RCE_BREACH_NONE : RCE_BREACH_TARGET;
}

static enum rce_breach_kind check_action(const struct rce_step_seen *seen,
                                         const struct rce_action *action)
{
    switch (action->kind) {
    case RCE_PERSIST:
    case RCE_DONE: return RCE_BREACH_NONE;
    case RCE_SEND: return check_send(seen->plan, action);
    case RCE_SET_TIMER:
        if (action->timer >= rce_timers_count(seen->plan))
            return RCE_BREACH_TIMER;
        return action->at_ns < seen->input->now_ns ? RCE_BREACH_TIME : RCE_BREACH_NONE;
    case RCE_CANCEL_TIMER:
        return action->timer >= rce_timers_count(seen->plan) ? RCE_BREACH_TIMER : RCE_BREACH_NONE;
    case RCE_FAIL: return check_fail(seen->plan, action);
    case RCE_LOG: return check_log(seen->plan, action);
    }
    return RCE_BREACH_KIND;
}

/* What step returned must be what the actions say; where they say nothing, what held before, but a
 * re-drive makes a failed workflow run again. */
static enum rce_breach_kind check_status(const struct rce_step_seen *seen, enum rce_status said)
{
    if (seen->status != RCE_RUNNING && seen->status != RCE_SUCCEEDED && seen->status != RCE_FAILED)
        return RCE_BREACH_STATUS;
    if (seen->status == said)
        return RCE_BREACH_NONE;
    bool is_redriven = seen->input->kind == RCE_INPUT_REDRIVEN &&
                       seen->status_before == RCE_FAILED && said == RCE_FAILED;
    if (seen->status == RCE_RUNNING)
        return is_redriven ? RCE_BREACH_NONE : RCE_BREACH_STATUS_RUNNING;
    return RCE_BREACH_STATUS_ENDED;
}

/* What makes an engine speak up again about a workflow that has ended. */
static bool is_revival(enum rce_input_kind kind)
{
    return kind == RCE_INPUT_REDRIVEN || kind == RCE_INPUT_RESUMED ||
           kind == RCE_INPUT_ENGINE_CHANGED;
}

struct rce_breach rce_contract_check(const struct rce_step_seen *seen)
{
    const struct rce_actions *actions = seen->actions;
    enum rce_status said = seen->status_before;
    bool has_sent = false;
    bool has_ended = seen->status_before != RCE_RUNNING && !is_revival(seen->input->kind);
    if (actions->count > RCE_ACTIONS_MAX)
        return (struct rce_breach){RCE_BREACH_COUNT, RCE_ACTIONS_MAX};
    for (uint32_t i = 0; i < actions->count; i++) {
        const struct rce_action *action = &actions->items[i];
        enum rce_breach_kind kind = check_action(seen, action);
        if (kind == RCE_BREACH_NONE && has_ended && action->kind != RCE_LOG)
            kind = RCE_BREACH_AFTER_END;
        if (kind == RCE_BREACH_NONE && has_sent && action->kind == RCE_PERSIST)
            kind = RCE_BREACH_PERSIST;
        if (kind != RCE_BREACH_NONE)
            return (struct rce_breach){kind, i};
        has_sent = has_sent || action->kind == RCE_SEND;
        if (action->kind == RCE_DONE || action->kind == RCE_FAIL) {
            has_ended = true;
            said = action->kind == RCE_DONE ? RCE_SUCCEEDED : RCE_FAILED;
        }
    }
    return (struct rce_breach){check_status(seen, said), RCE_ACTIONS_MAX};
}

const char *rce_breach_text(enum rce_breach_kind kind)
{
    switch (kind) {
    case RCE_BREACH_NONE: return "keeps the contract";
    case RCE_BREACH_COUNT: return "returned more actions than RCE_ACTIONS_MAX";
    case RCE_BREACH_KIND: return "returned an action of an unknown kind";
    case RCE_BREACH_OPERATION: return "named an operation that does not exist or does not fit";
    case RCE_BREACH_TARGET:
        return "named a cluster or host that the plan, or the operation, does not have";
    case RCE_BREACH_REQUEST: return "sent a request without a number";
    case RCE_BREACH_ATTEMPT: return "sent attempt 0 of a request; attempts count from 1 on";
    case RCE_BREACH_TIMER: return "used a timer above the last";
    case RCE_BREACH_TIME: return "set a timer to a time before now";
    case RCE_BREACH_NOTE: return "logged an unknown note";
    case RCE_BREACH_REASON: return "failed for an unknown reason";
    case RCE_BREACH_PERSIST: return "persisted after it had sent, in the same step";
    case RCE_BREACH_AFTER_END: return "did something after the end of the workflow";
    case RCE_BREACH_STATUS: return "returned an unknown status";
    case RCE_BREACH_STATUS_RUNNING: return "says that the workflow runs, but it has ended";
    case RCE_BREACH_STATUS_ENDED:
        return "says that the workflow has ended, but no action (or another one) said so";
    }
    return "did something unknown";
}
