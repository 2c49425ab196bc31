/* turn.h - one call of step: the input, and the actions that grow while it is worked on.
 *
 * PERSIST is put in front of the first action that depends on changed state; it saves the state as
 * it is when the turn is over. Internal to models/rce.
 */
#ifndef MODELS_RCE_TURN_H
#define MODELS_RCE_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "models/rce/state.h"

struct rce_turn {
    struct rce_workflow *workflow;
    struct rce_process *process;
    const struct rce_input *input;
    struct rce_actions *out;
    bool is_persisted;
};

/* a + b for b >= 0, at most INT64_MAX. */
static inline int64_t rce_add_saturating(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* Append an action. */
void rce_turn_add(struct rce_turn *turn, const struct rce_action *action);

/* Note that the state changes in this turn. */
void rce_turn_persist(struct rce_turn *turn);

/* Log the input as ignored, as a callback or as a response. */
void rce_turn_ignore(struct rce_turn *turn);

/* An action about the track's step, to be completed and added. */
struct rce_action rce_turn_about(const struct rce_turn *turn, const struct rce_track *track,
                                 enum rce_action_kind kind);

/* Log a note about the track's step, with a task (0 = none) or a time. */
void rce_turn_note_task(struct rce_turn *turn, const struct rce_track *track, enum rce_note note,
                        uint64_t task);
void rce_turn_note_time(struct rce_turn *turn, const struct rce_track *track, enum rce_note note,
                        int64_t at_ns);

/* The deadline of the track's step, by the options of now. */
int64_t rce_turn_deadline_at_ns(const struct rce_turn *turn, const struct rce_track *track);
void rce_turn_set_deadline(struct rce_turn *turn, struct rce_track *track);
void rce_turn_cancel_deadline(struct rce_turn *turn, struct rce_track *track);

/* The wait timer: set it `wait_ns` from now, set it again as it was, cancel it if it is set. */
void rce_turn_set_wait(struct rce_turn *turn, struct rce_track *track, int64_t wait_ns);
void rce_turn_restore_wait(struct rce_turn *turn, struct rce_track *track);
void rce_turn_cancel_wait(struct rce_turn *turn, struct rce_track *track);

#endif
