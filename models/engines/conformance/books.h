/* books.h - what a driver remembers of one workflow: what was sent, answered, called back, and
 * which timers are set. Internal to models/engines/conformance.
 *
 * The books follow inputs and actions alone. They say whether a driver may say an input now, and
 * which inputs are strays for certain: such that no reading of the contract lets an engine do
 * anything about them.
 */
#ifndef MODELS_ENGINES_CONFORMANCE_BOOKS_H
#define MODELS_ENGINES_CONFORMANCE_BOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "models/rce/rce.h"

enum {
    BOOKS_SENDS_MAX = 1024,
    BOOKS_TIMERS_MAX = RCE_TIMERS_PER_TRACK * (1 + RCE_TRACKS_PER_CLUSTER * RCE_CLUSTERS_MAX),
    BOOKS_STRAYS_MAX = 12,
};
#define BOOKS_NEVER INT64_MAX

struct books_send {
    uint64_t request, key, task;
    enum rce_operation operation;
    enum rce_result result;
    uint8_t cluster, host;
    uint16_t attempt;
    bool is_answered;
    bool is_over; /* its task is known to have succeeded, by callback or answer */
    /* A crash or re-drive came since, or a timer fired before the answer: who knows what the engine
     * makes of it, or whether it still wanted to know. */
    bool is_doubtful;
    uint32_t timers_before; /* that had fired when it was sent */
};

struct books {
    const struct rce_plan *plan;
    int64_t now_ns;
    int64_t timers[BOOKS_TIMERS_MAX];
    uint32_t sends_count;
    struct books_send sends[BOOKS_SENDS_MAX];
    uint32_t timers_fired;
    enum rce_status status;
    bool has_started, has_crashed;
    bool is_full; /* it sent more than is kept here */
};

void books_open(struct books *books, const struct rce_plan *plan);

/* May a driver say this now? What a crash needs (a record) is for the caller to know. */
bool books_allow(const struct books *books, const struct rce_input *input);

/* Enter an input before the step, and what came of it after. NULL, or what is wrong with a request:
 * its number was used before, or its attempts do not count up. */
void books_note_input(struct books *books, const struct rce_input *input);
const char *books_note_actions(struct books *books, const struct rce_actions *actions,
                               enum rce_status status);

/* Does an answer fit what was asked? If not, a driver breaks its promises: the engine must survive
 * it, and what it does about it is its own affair. */
bool books_is_fitting(const struct books *books, const struct rce_input *input);

/* The timer that fires next; false: none is set. */
bool books_next_timer(const struct books *books, uint32_t *timer);

/* Inputs that change nothing now, for certain; returns how many. */
uint32_t books_strays(const struct books *books, struct rce_input strays[BOOKS_STRAYS_MAX]);

bool books_is_read(enum rce_operation operation);

#endif
