/* contract.h - what the contract forbids an engine, as far as one step shows it.
 *
 * For drivers, which must not carry out what makes no sense, and for the tests of whoever writes an
 * engine. What only several steps show (purity, deadlines, ignored callbacks) is not here.
 */
#ifndef MODELS_RCE_CONTRACT_H
#define MODELS_RCE_CONTRACT_H

#include "models/rce/rce.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rce_breach_kind {
    RCE_BREACH_NONE,
    RCE_BREACH_COUNT,          /* more actions than RCE_ACTIONS_MAX */
    RCE_BREACH_KIND,           /* an action of an unknown kind */
    RCE_BREACH_OPERATION,      /* an unknown operation */
    RCE_BREACH_TARGET,         /* a target that the plan, or the operation, does not have */
    RCE_BREACH_REQUEST,        /* a SEND with request 0 */
    RCE_BREACH_ATTEMPT,        /* a SEND with attempt 0 */
    RCE_BREACH_TIMER,          /* a timer >= rce_timers_count(plan) */
    RCE_BREACH_TIME,           /* a timer set to a time before now */
    RCE_BREACH_NOTE,           /* an unknown note */
    RCE_BREACH_REASON,         /* an unknown reason */
    RCE_BREACH_PERSIST,        /* a PERSIST after a SEND of the same step */
    RCE_BREACH_AFTER_END,      /* an action after DONE or FAIL that is no LOG */
    RCE_BREACH_STATUS,         /* a status that no enum lists */
    RCE_BREACH_STATUS_RUNNING, /* RCE_RUNNING, although it has ended */
    RCE_BREACH_STATUS_ENDED,   /* the workflow has ended, or changed its end, without a word */
};
enum { RCE_BREACH_KIND_COUNT = RCE_BREACH_STATUS_ENDED + 1 };

struct rce_breach {
    enum rce_breach_kind kind;
    uint32_t action; /* Its index, from 0 on; RCE_ACTIONS_MAX where it is about the whole step. */
};

/* One step, as a driver sees it. */
struct rce_step_seen {
    const struct rce_plan *plan;
    const struct rce_input *input;
    enum rce_status status_before; /* what the engine last said; RCE_RUNNING before the first */
    enum rce_status status;        /* what step returned; not RCE_BROKEN */
    const struct rce_actions *actions;
};

/* The first thing in a step that is forbidden. O(actions). */
struct rce_breach rce_contract_check(const struct rce_step_seen *seen);

/* Can this operation be asked for with this target, under this plan? */
bool rce_contract_has_target(const struct rce_plan *plan, enum rce_operation operation,
                             uint8_t cluster, uint8_t host);

/* Is there such a place under this plan: the SDDC (neither cluster nor host), a cluster, a planned
 * host or the temporary one? What is logged of a callback for another place names none. */
bool rce_contract_has_place(const struct rce_plan *plan, uint8_t cluster, uint8_t host);

/* What is wrong, as the end of the sentence "the engine ...". Never NULL. */
const char *rce_breach_text(enum rce_breach_kind kind);

#ifdef __cplusplus
}
#endif

#endif
