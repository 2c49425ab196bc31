/* claim.h - what a client says of the end of its workflow, held against what the world has seen.
 *
 * An engine of ours fails of what it was answered, and cause.c believes its reason. A client over
 * HTTP may say anything: its reason counts only where the world has given such an answer, or had
 * such a task. Private to models/vmc.
 */
#ifndef MODELS_VMC_CLAIM_H
#define MODELS_VMC_CLAIM_H

#include "models/vmc/world.h"

/* Where an answer came from. */
struct claim_place {
    uint8_t operation, cluster, host;
};

/* What an SDDC was answered. */
struct claim_answers {
    uint8_t *results; /* bits of enum rce_result: of the SDDC itself, then of each cluster */
    struct claim_place last[RCE_RESULT_COUNT]; /* where each result came from last */
};
_Static_assert(RCE_RESULT_COUNT <= 8, "a bit for every result");

void claim_note_answer(struct claim_answers *answers, const struct vmc_answer *answer);

/* Complete what a client has told, as far as the world knows; `operation` is RCE_OPERATION_COUNT
 * where nothing is known. */
struct vmc_workflow_failure claim_failure(const struct claim_answers *answers,
                                          const struct sddc *sddc,
                                          const struct vmc_workflow_failure *told);

/* The cause of a completed failure; CAUSE_OTHER where the world has not seen what the reason speaks
 * of. */
enum vmc_cause claim_cause(const struct claim_answers *answers, struct sddc *sddc,
                           const struct vmc_workflow_failure *failure);

#endif
