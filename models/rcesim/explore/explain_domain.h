/* explain_domain.h - what the records of the world mean to an explanation (sim/explore/explain.h).
 *
 * Records are told apart by the names of their types (models/vmc/story.c): a role is what the other
 * files here switch on. An unknown type has no role and is shown as it is.
 */
#ifndef MODELS_RCESIM_EXPLORE_EXPLAIN_DOMAIN_H
#define MODELS_RCESIM_EXPLORE_EXPLAIN_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/explore/explain.h"
#include "sim/kernel/trace.h"

enum explain_role {
    ROLE_OTHER,
    ROLE_EVENT,
    ROLE_INPUT,    /* values: kind, operation, result or outcome, task or timer */
    ROLE_TIMER,    /* timer, at */
    ROLE_ASK,      /* operation, attempt, key */
    ROLE_NOTE,     /* note, operation, task, at */
    ROLE_ENDED,    /* failed, reason, operation */
    ROLE_ANSWER,   /* operation, result, task, state */
    ROLE_TASK,     /* operation, state, task */
    ROLE_HOST,     /* was, is, usable */
    ROLE_CLUSTER,  /* is */
    ROLE_CALLBACK, /* operation, fate, task, at */
    ROLE_VIOLATION,
    ROLE_TRUTH,
    ROLE_CRASHED,
    ROLE_RESUMED,
    ROLE_UNHEARD, /* operation, result, task */
    ROLE_GIVEN_UP,
    ROLE_COUNT
};

/* As in models/vmc/world.h, in the order of the names in story.c. */
enum explain_task {
    TASK_IS_DROPPED,
    TASK_IS_WAITING,
    TASK_IS_RUNNING,
    TASK_HAS_SUCCEEDED,
    TASK_HAS_FAILED
};
enum explain_callback {
    CALLBACK_IS_SENT,
    CALLBACK_IS_LATE,
    CALLBACK_IS_LOST,
    CALLBACK_IS_REPEATED
};
enum explain_host {
    HOST_IS_ABSENT,
    HOST_IS_PROVISIONING,
    HOST_IS_CONNECTED,
    HOST_IS_READY,
    HOST_IS_ENTERING,
    HOST_IS_IN_MAINTENANCE,
    HOST_IS_UPDATING,
    HOST_IS_FAILED,
    HOST_IS_EXITING,
    HOST_IS_REMOVING,
};

enum explain_role explain_role_of(const struct trace_record *record);

/* The operation that a record is of; RCE_OPERATION_COUNT: none. */
uint32_t explain_operation_of(const struct trace_record *record);

/* The domain of explanations. */
struct explain_domain explain_domain(void);

#endif
