/* track.h - one step of one track: ask, wait, read, back off. Internal to models/rce.
 *
 *                .------------ an error, or the task failed ------------> BACKING_OFF
 *                |                                                          |
 *     begin --> ASKING <----------------------------------------------------'
 *               ^    \--accepted--> WAITING --callback--> end
 *               |                      |
 *               | not in maintenance   | silence, or no answer
 *               |                      v                        (enter maintenance, with retry)
 *     redrive --+-------------- READING_HOST <--> READ_PAUSE
 *                                      \--in maintenance--> end
 *
 *     begin --> READING_CLUSTER <--> POLL_PAUSE --> end         (pre-check)
 *     begin --> SETTLING --> end                                (settle)
 *
 * Where the policy gives up, the step stands SPENT until a callback or the deadline.
 */
#ifndef MODELS_RCE_TRACK_H
#define MODELS_RCE_TRACK_H

#include <stdbool.h>

#include "models/rce/turn.h"

/* Begin a step that does something, or put the track into one that waits for others. */
void rce_track_begin(struct rce_turn *turn, struct rce_track *track, enum rce_step step);
void rce_track_idle(struct rce_turn *turn, struct rce_track *track, enum rce_step step);

/* Take an input that concerns the track. The response is to the request that it awaits. */
void rce_track_respond(struct rce_turn *turn, struct rce_track *track);
void rce_track_call_back(struct rce_turn *turn, struct rce_track *track);
void rce_track_deadline(struct rce_turn *turn, struct rce_track *track);
void rce_track_wait_over(struct rce_turn *turn, struct rce_track *track);

/* Take up the step again after a crash: what was sent may be lost, and so may its answer; timers
 * are gone. */
void rce_track_resume(struct rce_turn *turn, struct rce_track *track);

/* Start the unfinished step afresh after a failure. `has_failed` says that the failure was this
 * step's, so that its task counts as dead. */
void rce_track_redrive(struct rce_turn *turn, struct rce_track *track, bool has_failed);

#endif
