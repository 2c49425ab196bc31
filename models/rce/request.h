/* request.h - what a track sends: the request of its step, and the reads; and how it spaces them.
 *
 * Each request has a number that is new in the workflow, an attempt that counts the requests of
 * this operation to this target, and, if it changes something, an idempotency key. Internal to
 * models/rce.
 */
#ifndef MODELS_RCE_REQUEST_H
#define MODELS_RCE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "models/rce/retry.h"
#include "models/rce/turn.h"

/* Add one to a counter that stays where it is at its end. */
void rce_count_up(uint16_t *counter);

/* Ask for the operation of the track's step (again). */
void rce_request_ask(struct rce_turn *turn, struct rce_track *track);

/* Read the host whose turn it is; or the cluster, as the second half of a round of the pre-check. A
 * read that is not answered within `retry_after_ns` is made again, because nothing is guaranteed to
 * arrive. */
void rce_request_read_host(struct rce_turn *turn, struct rce_track *track);
void rce_request_read_cluster(struct rce_turn *turn, struct rce_track *track);

/* Begin one round of the pre-check. Where the maintenance of the host was asked for before a
 * re-drive, the host is read first: once it is in maintenance, its cluster is not ready again. */
void rce_request_poll(struct rce_turn *turn, struct rce_track *track);

/* Does the step read the state and ask again when it hears nothing? */
bool rce_request_is_watched(const struct rce_turn *turn, const struct rce_track *track);

/* What the input means to a back-off policy. */
enum rce_retry_cause rce_request_cause(enum rce_result result);
struct rce_retry_failure rce_request_failure(const struct rce_turn *turn,
                                             enum rce_retry_cause cause);

/* The wait before repeating, by the policy, what has been done `count` times already; charges
 * nothing to the process. */
int64_t rce_request_spacing_ns(const struct rce_turn *turn, struct rce_track *track,
                               const struct rce_retry_policy *policy, uint16_t count);

#endif
