/* retry.h - when to try again: capped exponential back-off with jitter, a budget and a limiter.
 *
 * Pure: no clock, no sleep, no allocation, no randomness of its own. Whoever drives it feeds the
 * time and 64 fresh bits, and carries out the one decision that comes back:
 *
 *     rce_retry_begin --> try --success--> rce_retry_success
 *                          ^ \--failure--> rce_retry_decide --> wait, or RCE_RETRY_GIVE_UP
 *                          |____________________________________|
 *
 * One try at something may be followed by retries n = 1, 2, ...; before retry n the policy waits v
 * = min(cap, base multiplier^(n-1)), changed by the jitter. Growth is repeated multiplication of
 * integers, so it is the same on every machine; it saturates and never overflows. The budget (a
 * token bucket that retries drain and successes refill) and the limiter (a reservation of the next
 * free slot, as a client-side rate limiter makes it) belong to the process, not to the one try,
 * because that is what makes or breaks a retry storm.
 *
 * Units: ns, permille. Limits: none; attempts saturate at 2^32 - 1.
 * Sources: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015; the
 * documentation of the clients named in the presets.
 */
#ifndef MODELS_RCE_RETRY_H
#define MODELS_RCE_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rce/rce.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The decision to stop. */
#define RCE_RETRY_GIVE_UP ((int64_t)-1)

/* One thing that is being tried. */
struct rce_retry {
    int64_t first_at_ns; /* when the first attempt was made */
    int64_t previous_ns; /* the wait chosen before, for decorrelated jitter; 0 = none yet */
    uint32_t attempts;   /* made so far, the first one included */
};

/* Why the last attempt did not succeed, as far as a policy cares. */
enum rce_retry_cause {
    RCE_RETRY_ERROR,     /* a definite error */
    RCE_RETRY_THROTTLED, /* told to slow down */
    RCE_RETRY_UNKNOWN,   /* a time-out, a broken connection, or silence */
};

struct rce_retry_failure {
    enum rce_retry_cause cause;
    int64_t now_ns;
    int64_t retry_after_ns; /* what the service asked for; 0 = nothing */
    uint64_t entropy;       /* 64 uniform bits, used or not */
};

/* Note that the first attempt is being made now. */
void rce_retry_begin(struct rce_retry *retry, int64_t now_ns);

/* Decide what follows a failure. Returns the wait in ns (>= 0) before the next attempt, which it
 * counts and charges to the process; or RCE_RETRY_GIVE_UP, with nothing changed, when attempts,
 * total time or the process's budget are spent. Total: every failure in every state has a defined
 * result. O(log of the growth). */
int64_t rce_retry_decide(const struct rce_retry_policy *policy, struct rce_process *process,
                         struct rce_retry *retry, const struct rce_retry_failure *failure);

/* As rce_retry_decide, for a caller that spaces its attempts itself: the next one would begin after
 * `wait_ns`. Returns that wait, or a longer one where the limiter demands it, or RCE_RETRY_GIVE_UP.
 */
int64_t rce_retry_permit(const struct rce_retry_policy *policy, struct rce_process *process,
                         struct rce_retry *retry, const struct rce_retry_failure *failure,
                         int64_t wait_ns);

/* Give the process's budget its credit for a success. */
void rce_retry_success(const struct rce_retry_policy *policy, struct rce_process *process,
                       int64_t now_ns);

/* The wait before retry `retry->attempts` by base, growth, cap and jitter alone (0 attempts count
 * as one); no attempt is counted or charged, `retry_after_ns` is honoured unless the policy says
 * not to. Also right for polling: then `attempts` is the number of reads so far. Pure; the caller
 * keeps the result in previous_ns. */
int64_t rce_retry_delay_ns(const struct rce_retry_policy *policy, const struct rce_retry *retry,
                           const struct rce_retry_failure *failure);

/* v = min(cap, base multiplier^(retry-1)) before jitter, for retry = 1, 2, ... Saturates at
 * INT64_MAX. */
int64_t rce_retry_ceiling_ns(const struct rce_retry_policy *policy, enum rce_retry_cause cause,
                             uint32_t retry);

/* A policy that people know by name. */
struct rce_retry_preset {
    const char *name;
    const char *note; /* where it comes from and what was read into it, for people */
    struct rce_retry_policy policy;
};

/* All presets, in a fixed order. */
const struct rce_retry_preset *rce_retry_presets(size_t *count);

/* The preset of that name, or NULL. */
const struct rce_retry_preset *rce_retry_preset_find(const char *name);

#ifdef __cplusplus
}
#endif

#endif
