#include "models/rce/retry.h"

#define NS_PER_S ((int64_t)1000000000)

/* Products of 64-bit numbers; quotients of these would need a library call, so division goes by
 * limbs. */
__extension__ typedef unsigned __int128 wide;

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* a + b for b >= 0, at most INT64_MAX. */
static int64_t add_saturating(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* value permille / 1000 for value >= 0, at most INT64_MAX. Schoolbook division by 32-bit limbs. */
static int64_t scale_permille(int64_t value, uint32_t permille)
{
    uint64_t low = ((uint64_t)value & UINT32_MAX) * permille;
    uint64_t high = ((uint64_t)value >> 32) * permille + (low >> 32);
    uint64_t quotient_high = high / 1000;
    uint64_t quotient_low = ((high % 1000) << 32 | (low & UINT32_MAX)) / 1000;
    if (quotient_high > INT32_MAX)
        return INT64_MAX;
    return (int64_t)(quotient_high << 32 | quotient_low);
}

/* Uniform over 0 .. span, span >= 0. */
static int64_t uniform_ns(uint64_t entropy, int64_t span)
{
    return (int64_t)(((wide)entropy * ((uint64_t)span + 1)) >> 64);
}

int64_t rce_retry_ceiling_ns(const struct rce_retry_policy *policy, enum rce_retry_cause cause,
                             uint32_t retry)
{
    int64_t base_ns = cause == RCE_RETRY_THROTTLED && policy->throttled_base_ns > 0
                          ? policy->throttled_base_ns
                          : larger(policy->base_ns, 0);
    int64_t cap_ns = policy->cap_ns > 0 ? policy->cap_ns : INT64_MAX;
    int64_t ceiling_ns = smaller(base_ns, cap_ns);
    for (uint32_t n = 1; n < retry && ceiling_ns < cap_ns; n++) {
        int64_t next_ns = scale_permille(ceiling_ns, policy->multiplier_permille);
        /* A multiplier of one, or one too small to move an integer, has reached where it ends. */
        if (next_ns == ceiling_ns)
            break;
        ceiling_ns = smaller(next_ns, cap_ns);
    }
    return ceiling_ns;
}

static int64_t decorrelated_ns(const struct rce_retry_policy *policy, enum rce_retry_cause cause,
                               int64_t previous_ns, uint64_t entropy)
{
    int64_t base_ns = rce_retry_ceiling_ns(policy, cause, 1);
    int64_t cap_ns = policy->cap_ns > 0 ? policy->cap_ns : INT64_MAX;
    int64_t from_ns = larger(previous_ns, base_ns);
    int64_t top_ns = scale_permille(from_ns, 3000);
    return smaller(cap_ns, base_ns + uniform_ns(entropy, top_ns - base_ns));
}

static int64_t proportional_ns(int64_t ceiling_ns, uint32_t permille, uint64_t entropy)
{
    int64_t spread_ns = scale_permille(ceiling_ns, permille < 1000 ? permille : 1000);
    int64_t span_ns = spread_ns > INT64_MAX / 2 ? INT64_MAX : 2 * spread_ns;
    return add_saturating(ceiling_ns - spread_ns, uniform_ns(entropy, span_ns));
}

int64_t rce_retry_delay_ns(const struct rce_retry_policy *policy, const struct rce_retry *retry,
                           const struct rce_retry_failure *failure)
{
    int64_t ceiling_ns = rce_retry_ceiling_ns(policy, failure->cause, retry->attempts);
    int64_t delay_ns = ceiling_ns;
    switch (policy->jitter) {
    case RCE_JITTER_NONE: break;
    case RCE_JITTER_FULL: delay_ns = uniform_ns(failure->entropy, ceiling_ns); break;
    case RCE_JITTER_EQUAL:
        delay_ns = ceiling_ns - ceiling_ns / 2 + uniform_ns(failure->entropy, ceiling_ns / 2);
        break;
    case RCE_JITTER_DECORRELATED:
        delay_ns = decorrelated_ns(policy, failure->cause, retry->previous_ns, failure->entropy);
        break;
    case RCE_JITTER_PROPORTIONAL:
        delay_ns = proportional_ns(ceiling_ns, policy->jitter_permille, failure->entropy);
        break;
    }
    return policy->ignore_retry_after ? delay_ns : larger(delay_ns, failure->retry_after_ns);
}

/* A process is fresh until it is first asked; then its buckets are full. */
static void start_process(const struct rce_retry_policy *policy, struct rce_process *process,
                          int64_t now_ns)
{
    if (process->started)
        return;
    process->started = true;
    process->budget_tokens = policy->budget_capacity;
    process->limiter_nanotokens = policy->limiter_burst * NS_PER_S;
    process->limiter_at_ns = now_ns;
}

static void refill_limiter(const struct rce_retry_policy *policy, struct rce_process *process,
                           int64_t now_ns)
{
    if (now_ns <= process->limiter_at_ns)
        return;
    int64_t full = policy->limiter_burst * NS_PER_S;
    uint64_t elapsed_ns = (uint64_t)now_ns - (uint64_t)process->limiter_at_ns;
    wide earned = (wide)elapsed_ns * policy->limiter_per_s;
    wide missing = (wide)((uint64_t)full - (uint64_t)process->limiter_nanotokens);
    process->limiter_at_ns = now_ns;
    process->limiter_nanotokens =
        process->limiter_nanotokens >= full || earned >= missing
            ? full
            : (int64_t)((uint64_t)process->limiter_nanotokens + (uint64_t)earned);
}

/* How long until the next free slot of the limiter, which is not taken yet. */
static int64_t limiter_wait_ns(const struct rce_retry_policy *policy,
                               const struct rce_process *process)
{
    int64_t missing = NS_PER_S - process->limiter_nanotokens;
    if (missing <= 0)
        return 0;
    int64_t per_s = policy->limiter_per_s;
    return missing / per_s + (missing % per_s != 0);
}

static uint32_t budget_cost(const struct rce_retry_policy *policy, enum rce_retry_cause cause)
{
    switch (cause) {
    case RCE_RETRY_ERROR: break;
    case RCE_RETRY_THROTTLED:
        if (policy->budget_cost_throttled > 0)
            return policy->budget_cost_throttled;
        break;
    case RCE_RETRY_UNKNOWN:
        if (policy->budget_cost_unknown > 0)
            return policy->budget_cost_unknown;
        break;
    }
    return policy->budget_cost;
}

/* All zero is "none". Retrying at once and for ever has to be said, by a large attempts_max. */
static bool attempts_are_spent(const struct rce_retry_policy *policy, const struct rce_retry *retry)
{
    if (policy->attempts_max > 0)
        return retry->attempts >= policy->attempts_max;
    return policy->base_ns <= 0 && policy->throttled_base_ns <= 0;
}

static bool total_is_spent(const struct rce_retry_policy *policy, const struct rce_retry *retry,
                           int64_t next_at_ns)
{
    return policy->total_ns > 0 &&
           next_at_ns > add_saturating(retry->first_at_ns, policy->total_ns);
}

int64_t rce_retry_permit(const struct rce_retry_policy *policy, struct rce_process *process,
                         struct rce_retry *retry, const struct rce_retry_failure *failure,
                         int64_t wait_ns)
{
    if (attempts_are_spent(policy, retry))
        return RCE_RETRY_GIVE_UP;
    start_process(policy, process, failure->now_ns);
    if (policy->limiter_per_s > 0) {
        refill_limiter(policy, process, failure->now_ns);
        wait_ns = larger(wait_ns, limiter_wait_ns(policy, process));
    }
    wait_ns = larger(wait_ns, 0);
    if (total_is_spent(policy, retry, add_saturating(failure->now_ns, wait_ns)))
        return RCE_RETRY_GIVE_UP;
    if (policy->budget_capacity > 0) {
        uint32_t cost = budget_cost(policy, failure->cause);
        if (process->budget_tokens < cost)
            return RCE_RETRY_GIVE_UP;
        process->budget_tokens -= cost;
    }
    /* The floor stands for a queue of 9e9 waiting retries and keeps the arithmetic safe. */
    if (policy->limiter_per_s > 0 && process->limiter_nanotokens > INT64_MIN / 2)
        process->limiter_nanotokens -= NS_PER_S;
    if (retry->attempts < UINT32_MAX)
        retry->attempts++;
    return wait_ns;
}

int64_t rce_retry_decide(const struct rce_retry_policy *policy, struct rce_process *process,
                         struct rce_retry *retry, const struct rce_retry_failure *failure)
{
    int64_t delay_ns = rce_retry_delay_ns(policy, retry, failure);
    int64_t wait_ns = rce_retry_permit(policy, process, retry, failure, delay_ns);
    if (wait_ns != RCE_RETRY_GIVE_UP)
        retry->previous_ns = delay_ns;
    return wait_ns;
}

void rce_retry_begin(struct rce_retry *retry, int64_t now_ns)
{
    *retry = (struct rce_retry){.first_at_ns = now_ns, .attempts = 1};
}

void rce_retry_success(const struct rce_retry_policy *policy, struct rce_process *process,
                       int64_t now_ns)
{
    if (policy->budget_capacity == 0)
        return;
    start_process(policy, process, now_ns);
    process->budget_tokens =
        smaller(policy->budget_capacity, process->budget_tokens + policy->budget_success_credit);
}
