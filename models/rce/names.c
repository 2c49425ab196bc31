#include "models/rce/rce.h"

const char *const rce_operation_names[RCE_OPERATION_COUNT + 1] = {
    [RCE_UPGRADE_CONTROL_PLANE] = "upgrade-control-plane",
    [RCE_BACKUP] = "backup",
    [RCE_ADD_HOST] = "add-host",
    [RCE_READ_CLUSTER] = "read-cluster",
    [RCE_READ_HOST] = "read-host",
    [RCE_ENTER_MAINTENANCE] = "enter-maintenance",
    [RCE_UPDATE_HOST] = "update-host",
    [RCE_EXIT_MAINTENANCE] = "exit-maintenance",
    [RCE_REMOVE_HOST] = "remove-host",
    [RCE_UPGRADE_NETWORK] = "upgrade-network",
};

const char *const rce_reason_names[RCE_REASON_COUNT + 1] = {
    [RCE_REASON_NONE] = "none",
    [RCE_REASON_DEADLINE] = "deadline",
    [RCE_REASON_TASK_FAILED] = "task-failed",
    [RCE_REASON_THROTTLED] = "throttled",
    [RCE_REASON_UNAVAILABLE] = "unavailable",
    [RCE_REASON_NOT_READY] = "not-ready",
    [RCE_REASON_REFUSED] = "refused",
    [RCE_REASON_UNKNOWN] = "no-answer",
};

const char *const rce_note_names[RCE_NOTE_COUNT + 1] = {
    [RCE_NOTE_STEP_STARTED] = "step-started",
    [RCE_NOTE_STEP_ENDED] = "step-ended",
    [RCE_NOTE_CALLBACK_BELIEVED] = "callback-believed",
    [RCE_NOTE_CALLBACK_IGNORED] = "callback-ignored",
    [RCE_NOTE_RESPONSE_IGNORED] = "response-ignored",
    [RCE_NOTE_STATE_BELIEVED] = "state-believed",
    [RCE_NOTE_NOT_READY_YET] = "not-ready-yet",
    [RCE_NOTE_RETRY] = "retry",
    [RCE_NOTE_RETRIES_SPENT] = "retries-spent",
    [RCE_NOTE_SETTLING] = "settling",
    [RCE_NOTE_ANSWER_BELIEVED] = "answer-believed",
};

const char *const rce_result_names[RCE_RESULT_COUNT + 1] = {
    [RCE_ACCEPTED] = "accepted",       [RCE_STATE] = "state",         [RCE_THROTTLED] = "throttled",
    [RCE_UNAVAILABLE] = "unavailable", [RCE_NOT_READY] = "not-ready", [RCE_REFUSED] = "refused",
    [RCE_UNKNOWN] = "no-answer",
};

/* A number that is none of the enum's, from a foreign driver, is "unknown". */
static const char *name_at(const char *const *names, uint32_t count, uint32_t index)
{
    return index < count ? names[index] : "unknown";
}

const char *rce_operation_name(enum rce_operation operation)
{
    return name_at(rce_operation_names, RCE_OPERATION_COUNT, (uint32_t)operation);
}

const char *rce_reason_name(enum rce_reason reason)
{
    return name_at(rce_reason_names, RCE_REASON_COUNT, (uint32_t)reason);
}

const char *rce_note_name(enum rce_note note)
{
    return name_at(rce_note_names, RCE_NOTE_COUNT, (uint32_t)note);
}

const char *rce_result_name(enum rce_result result)
{
    return name_at(rce_result_names, RCE_RESULT_COUNT, (uint32_t)result);
}
