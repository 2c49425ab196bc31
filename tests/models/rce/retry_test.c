/* The policies: the table of presets, growth, jitter, limits, budget and limiter. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/rce/retry.h"

#define MS ((int64_t)1000000)
#define S  (1000 * MS)

static const uint64_t LOWEST = 0, HIGHEST = UINT64_MAX, HALF = 0x8000000000000000u;

static const struct rce_retry_policy *preset(const char *name)
{
    const struct rce_retry_preset *found = rce_retry_preset_find(name);
    assert_non_null(found);
    return &found->policy;
}

static int64_t delay_ns(const struct rce_retry_policy *policy, uint32_t retry, uint64_t entropy)
{
    struct rce_retry state = {.attempts = retry};
    struct rce_retry_failure failure = {.entropy = entropy};
    return rce_retry_delay_ns(policy, &state, &failure);
}

/* The table of presets: ceilings v before retry 1, 2, 3, 4 and one far out, worked out by hand from
 * base, multiplier and cap; attempts; total time. */
static void test_presets_are_the_published_ones(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t v_ms[4], far_ms, total_ms;
        uint32_t attempts_max;
        enum rce_jitter jitter;
    } rows[] = {
        {"none", {0, 0, 0, 0}, 0, 0, 1, RCE_JITTER_NONE},
        {"aws-standard", {1000, 2000, 4000, 8000}, 20000, 0, 3, RCE_JITTER_FULL},
        {"aws-2026", {50, 100, 200, 400}, 20000, 0, 3, RCE_JITTER_FULL},
        {"aws-full", {10, 20, 40, 80}, 2000, 0, 0, RCE_JITTER_FULL},
        {"aws-equal", {10, 20, 40, 80}, 2000, 0, 0, RCE_JITTER_EQUAL},
        {"aws-decorrelated", {5, 10, 20, 40}, 2000, 0, 0, RCE_JITTER_DECORRELATED},
        {"grpc-connection", {1000, 1600, 2560, 4096}, 120000, 0, 0, RCE_JITTER_PROPORTIONAL},
        {"gax-go", {1000, 2000, 4000, 8000}, 30000, 0, 0, RCE_JITTER_FULL},
        {"google-api-core", {1000, 2000, 4000, 8000}, 60000, 120000, 0, RCE_JITTER_FULL},
        {"gapic-lro", {10000, 13000, 16900, 21970}, 300000, 3600000, 0, RCE_JITTER_NONE},
        {"temporal", {1000, 2000, 4000, 8000}, 100000, 0, 0, RCE_JITTER_NONE},
        {"k8s-workqueue", {5, 10, 20, 40}, 1000000, 0, 0, RCE_JITTER_NONE},
        {"k8s-job", {10000, 20000, 40000, 80000}, 360000, 0, 6, RCE_JITTER_NONE},
        {"polly-v8", {2000, 2000, 2000, 2000}, 2000, 0, 4, RCE_JITTER_NONE},
        {"resilience4j", {500, 500, 500, 500}, 500, 0, 3, RCE_JITTER_NONE},
    };
    size_t count;
    rce_retry_presets(&count);
    assert_int_equal(count, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < count; i++) {
        const struct rce_retry_policy *policy = preset(rows[i].name);
        for (uint32_t n = 1; n <= 4; n++)
            assert_int_equal(rce_retry_ceiling_ns(policy, RCE_RETRY_ERROR, n),
                             rows[i].v_ms[n - 1] * MS);
        assert_int_equal(rce_retry_ceiling_ns(policy, RCE_RETRY_ERROR, 1000000),
                         rows[i].far_ms * MS);
        assert_int_equal(policy->total_ns, rows[i].total_ms * MS);
        assert_int_equal(policy->attempts_max, rows[i].attempts_max);
        assert_int_equal(policy->jitter, rows[i].jitter);
    }
    assert_null(rce_retry_preset_find("aws"));
    assert_null(rce_retry_preset_find("none-such"));
    assert_null(rce_retry_preset_find(""));
}

static void test_presets_with_a_budget_or_limiter(void **state)
{
    (void)state;
    const struct rce_retry_policy *standard = preset("aws-standard");
    assert_int_equal(standard->budget_capacity, 500);
    assert_int_equal(standard->budget_cost, 5);
    assert_int_equal(standard->budget_cost_unknown, 10);
    assert_int_equal(standard->budget_success_credit, 1);
    const struct rce_retry_policy *newer = preset("aws-2026");
    assert_int_equal(newer->budget_capacity, 500);
    assert_int_equal(newer->budget_cost, 14);
    assert_int_equal(newer->budget_cost_throttled, 5);
    assert_int_equal(rce_retry_ceiling_ns(newer, RCE_RETRY_THROTTLED, 1), 1 * S);
    assert_int_equal(rce_retry_ceiling_ns(newer, RCE_RETRY_THROTTLED, 2), 2 * S);
    assert_int_equal(rce_retry_ceiling_ns(newer, RCE_RETRY_UNKNOWN, 1), 50 * MS);
    const struct rce_retry_policy *queue = preset("k8s-workqueue");
    assert_int_equal(queue->limiter_per_s, 10);
    assert_int_equal(queue->limiter_burst, 100);
}

/* Each jitter at its ends and in the middle. */
static void test_jitter_ranges(void **state)
{
    (void)state;
    struct rce_retry_policy policy = {.base_ns = 1000, .multiplier_permille = 2000};
    assert_int_equal(delay_ns(&policy, 2, HALF), 2000);
    policy.jitter = RCE_JITTER_FULL;
    assert_int_equal(delay_ns(&policy, 2, LOWEST), 0);
    assert_int_equal(delay_ns(&policy, 2, HALF), 1000);
    assert_int_equal(delay_ns(&policy, 2, HIGHEST), 2000);
    policy.jitter = RCE_JITTER_EQUAL;
    assert_int_equal(delay_ns(&policy, 2, LOWEST), 1000);
    assert_int_equal(delay_ns(&policy, 2, HIGHEST), 2000);
    policy.jitter = RCE_JITTER_PROPORTIONAL;
    policy.jitter_permille = 200;
    assert_int_equal(delay_ns(&policy, 2, LOWEST), 1600);
    assert_int_equal(delay_ns(&policy, 2, HALF), 2000);
    assert_int_equal(delay_ns(&policy, 2, HIGHEST), 2400);
}

/* Decorrelated: uniform(base, 3 previous), the first one from base, never above the cap. */
static void test_decorrelated_jitter_follows_the_previous_wait(void **state)
{
    (void)state;
    const struct rce_retry_policy *policy = preset("aws-decorrelated");
    struct rce_process process = {.started = false};
    struct rce_retry retry;
    rce_retry_begin(&retry, 0);
    struct rce_retry_failure failure = {.entropy = HIGHEST};
    static const int64_t highest_ms[] = {15, 45, 135, 405, 1215, 2000, 2000};
    for (size_t i = 0; i < sizeof highest_ms / sizeof highest_ms[0]; i++)
        assert_int_equal(rce_retry_decide(policy, &process, &retry, &failure), highest_ms[i] * MS);
    failure.entropy = LOWEST;
    assert_int_equal(rce_retry_decide(policy, &process, &retry, &failure), 5 * MS);
    failure.entropy = HIGHEST;
    assert_int_equal(rce_retry_decide(policy, &process, &retry, &failure), 15 * MS);
}

/* Full jitter is uniform: the mean of 100,000 waits of v = 1 s lies within 5 standard errors
 * (1 s / sqrt(12 * 100,000) = 0.913 ms) of 500 ms. */
static void test_full_jitter_is_uniform(void **state)
{
    (void)state;
    struct rce_retry_policy policy = {
        .base_ns = S, .multiplier_permille = 1000, .jitter = RCE_JITTER_FULL};
    uint64_t entropy = 20261123;
    int64_t sum_us = 0;
    for (int i = 0; i < 100000; i++) {
        entropy = entropy * 6364136223846793005u + 1442695040888963407u;
        sum_us += delay_ns(&policy, 1, entropy) / 1000;
    }
    int64_t mean_us = sum_us / 100000;
    assert_in_range(mean_us, 500000 - 4565, 500000 + 4565);
}

/* No policy overflows, and none takes long, a million retries out. */
static void test_growth_saturates(void **state)
{
    (void)state;
    static const uint32_t multipliers[] = {0, 1, 999, 1000, 1001, 1500, 2000, 10000, UINT32_MAX};
    static const int64_t bases[] = {0, 1, 7, S, INT64_MAX / 2, INT64_MAX};
    for (size_t m = 0; m < sizeof multipliers / sizeof multipliers[0]; m++)
        for (size_t b = 0; b < sizeof bases / sizeof bases[0]; b++)
            for (int jitter = RCE_JITTER_NONE; jitter <= RCE_JITTER_PROPORTIONAL; jitter++) {
                struct rce_retry_policy policy = {
                    .base_ns = bases[b],
                    .multiplier_permille = multipliers[m],
                    .jitter = (enum rce_jitter)jitter,
                    .jitter_permille = UINT32_MAX,
                };
                assert_true(delay_ns(&policy, 1000000, HIGHEST) >= 0);
                assert_true(delay_ns(&policy, 1000000, LOWEST) >= 0);
            }
    struct rce_retry_policy doubling = {.base_ns = S, .multiplier_permille = 2000};
    assert_true(rce_retry_ceiling_ns(&doubling, RCE_RETRY_ERROR, 1000000) == INT64_MAX);
    struct rce_retry_policy shrinking = {.base_ns = S, .multiplier_permille = 500};
    assert_int_equal(rce_retry_ceiling_ns(&shrinking, RCE_RETRY_ERROR, 3), S / 4);
    assert_int_equal(rce_retry_ceiling_ns(&shrinking, RCE_RETRY_ERROR, 1000000), 0);
    /* 128-bit steps: 2^62 * 1.5 does not fit, 2^61 * 1.5 does. */
    struct rce_retry_policy large = {.base_ns = (int64_t)1 << 61, .multiplier_permille = 1500};
    assert_true(rce_retry_ceiling_ns(&large, RCE_RETRY_ERROR, 2) ==
                ((int64_t)1 << 61) + ((int64_t)1 << 60));
    assert_true(rce_retry_ceiling_ns(&large, RCE_RETRY_ERROR, 4) > 0);
}

static void test_retry_after(void **state)
{
    (void)state;
    struct rce_retry_policy policy = {.base_ns = 10 * S, .multiplier_permille = 1000};
    struct rce_process process = {.started = false};
    struct rce_retry retry;
    rce_retry_begin(&retry, 0);
    struct rce_retry_failure failure = {.cause = RCE_RETRY_THROTTLED, .retry_after_ns = 60 * S};
    assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), 60 * S);
    failure.retry_after_ns = 3 * S;
    assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), 10 * S);
    failure.retry_after_ns = -5;
    assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), 10 * S);
    failure.retry_after_ns = 60 * S;
    policy.ignore_retry_after = true;
    assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), 10 * S);
}

static void test_attempts_are_counted(void **state)
{
    (void)state;
    struct rce_process process = {.started = false};
    struct rce_retry_failure failure = {.cause = RCE_RETRY_ERROR};
    struct rce_retry retry;
    rce_retry_begin(&retry, 0);
    const struct rce_retry_policy *policy = preset("resilience4j");
    assert_int_equal(rce_retry_decide(policy, &process, &retry, &failure), 500 * MS);
    assert_int_equal(rce_retry_decide(policy, &process, &retry, &failure), 500 * MS);
    assert_int_equal(retry.attempts, 3);
    assert_int_equal(rce_retry_decide(policy, &process, &retry, &failure), RCE_RETRY_GIVE_UP);
    assert_int_equal(retry.attempts, 3);
    /* All zero, and the preset of that name, are one attempt. */
    struct rce_retry_policy zero = {.base_ns = 0};
    rce_retry_begin(&retry, 0);
    assert_int_equal(rce_retry_decide(&zero, &process, &retry, &failure), RCE_RETRY_GIVE_UP);
    assert_int_equal(rce_retry_decide(preset("none"), &process, &retry, &failure),
                     RCE_RETRY_GIVE_UP);
    /* Retrying at once and for ever can be said. */
    zero.attempts_max = UINT32_MAX;
    assert_int_equal(rce_retry_decide(&zero, &process, &retry, &failure), 0);
}

/* google-api-core without its jitter: 1, 2, 4, ... 32, 60 s; the try that would begin 123 s after
 * the first is one too many. */
static void test_total_time(void **state)
{
    (void)state;
    struct rce_retry_policy policy = *preset("google-api-core");
    policy.jitter = RCE_JITTER_NONE;
    struct rce_process process = {.started = false};
    struct rce_retry retry;
    rce_retry_begin(&retry, 1000 * S);
    struct rce_retry_failure failure = {.now_ns = 1000 * S};
    static const int64_t waits_s[] = {1, 2, 4, 8, 16, 32};
    for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
        assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), waits_s[i] * S);
        failure.now_ns += waits_s[i] * S;
    }
    struct rce_retry at_the_limit = retry;
    assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), RCE_RETRY_GIVE_UP);
    failure.now_ns -= 3 * S; /* begins exactly 120 s after the first */
    assert_int_equal(rce_retry_decide(&policy, &process, &at_the_limit, &failure), 60 * S);
}

/* aws-standard: 500 tokens, 5 an error, 10 a time-out, 1 back for a success; shared by all. */
static void test_budget_is_shared_by_the_process(void **state)
{
    (void)state;
    struct rce_retry_policy policy = *preset("aws-standard");
    policy.attempts_max = 0;
    struct rce_process process = {.started = false};
    struct rce_retry_failure failure = {.cause = RCE_RETRY_UNKNOWN, .entropy = HALF};
    for (int i = 0; i < 49; i++) {
        struct rce_retry other;
        rce_retry_begin(&other, 0);
        assert_true(rce_retry_decide(&policy, &process, &other, &failure) >= 0);
    }
    assert_int_equal(process.budget_tokens, 10);
    struct rce_retry retry;
    rce_retry_begin(&retry, 0);
    failure.cause = RCE_RETRY_ERROR;
    assert_true(rce_retry_decide(&policy, &process, &retry, &failure) >= 0);
    failure.cause = RCE_RETRY_UNKNOWN;
    assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), RCE_RETRY_GIVE_UP);
    failure.cause = RCE_RETRY_THROTTLED; /* costs what an error costs, if nothing else is said */
    assert_true(rce_retry_decide(&policy, &process, &retry, &failure) >= 0);
    assert_int_equal(process.budget_tokens, 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), RCE_RETRY_GIVE_UP);
        rce_retry_success(&policy, &process, 0);
    }
    assert_true(rce_retry_decide(&policy, &process, &retry, &failure) >= 0);
    for (int i = 0; i < 1000; i++)
        rce_retry_success(&policy, &process, 0);
    assert_int_equal(process.budget_tokens, 500);
    process = (struct rce_process){.started = false}; /* a crash */
    assert_true(rce_retry_decide(&policy, &process, &retry, &failure) >= 0);
    assert_int_equal(process.budget_tokens, 495);
}

/* k8s-workqueue: 100 at once, then one each 100 ms; the longer of limiter and back-off counts. */
static void test_limiter_hands_out_slots(void **state)
{
    (void)state;
    struct rce_retry_policy policy = *preset("k8s-workqueue");
    struct rce_process process = {.started = false};
    struct rce_retry_failure failure = {.now_ns = -7 * S};
    for (int i = 0; i < 100; i++) {
        struct rce_retry retry;
        rce_retry_begin(&retry, failure.now_ns);
        assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), 5 * MS);
    }
    for (int i = 1; i <= 3; i++) {
        struct rce_retry retry;
        rce_retry_begin(&retry, failure.now_ns);
        assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), i * 100 * MS);
    }
    /* Half a second later three of the five new slots are taken already. */
    failure.now_ns += 500 * MS;
    struct rce_retry retry;
    rce_retry_begin(&retry, failure.now_ns);
    assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), 5 * MS);
    assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), 10 * MS);
    assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), 100 * MS);
    /* A long rest fills it up to the burst and no further, also at the ends of time. */
    failure.now_ns = INT64_MAX;
    for (int i = 0; i < 101; i++) {
        rce_retry_begin(&retry, 0);
        int64_t wait_ns = rce_retry_decide(&policy, &process, &retry, &failure);
        assert_int_equal(wait_ns, i < 100 ? 5 * MS : 100 * MS);
    }
}

/* A slot that falls between two nanoseconds is waited for until it is there. */
static void test_limiter_rounds_up(void **state)
{
    (void)state;
    struct rce_retry_policy policy = {
        .base_ns = 1, .multiplier_permille = 1000, .limiter_per_s = 3, .limiter_burst = 1};
    struct rce_process process = {.started = false};
    struct rce_retry_failure failure = {.cause = RCE_RETRY_ERROR};
    static const int64_t waits_ns[] = {1, 333333334, 666666667, 1000000000};
    for (size_t i = 0; i < sizeof waits_ns / sizeof waits_ns[0]; i++) {
        struct rce_retry retry;
        rce_retry_begin(&retry, 0);
        assert_int_equal(rce_retry_decide(&policy, &process, &retry, &failure), waits_ns[i]);
    }
}

/* A wait of the caller's own is checked and charged, not changed. */
static void test_permit_keeps_the_wait(void **state)
{
    (void)state;
    struct rce_retry_policy policy = {.base_ns = S, .attempts_max = 3, .total_ns = 10 * S};
    struct rce_process process = {.started = false};
    struct rce_retry retry;
    rce_retry_begin(&retry, 0);
    struct rce_retry_failure failure = {.now_ns = 4 * S};
    assert_int_equal(rce_retry_permit(&policy, &process, &retry, &failure, 0), 0);
    assert_int_equal(rce_retry_permit(&policy, &process, &retry, &failure, 7 * S),
                     RCE_RETRY_GIVE_UP);
    assert_int_equal(rce_retry_permit(&policy, &process, &retry, &failure, 6 * S), 6 * S);
    assert_int_equal(rce_retry_permit(&policy, &process, &retry, &failure, 0), RCE_RETRY_GIVE_UP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_presets_are_the_published_ones),
        cmocka_unit_test(test_presets_with_a_budget_or_limiter),
        cmocka_unit_test(test_jitter_ranges),
        cmocka_unit_test(test_decorrelated_jitter_follows_the_previous_wait),
        cmocka_unit_test(test_full_jitter_is_uniform),
        cmocka_unit_test(test_growth_saturates),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_attempts_are_counted),
        cmocka_unit_test(test_total_time),
        cmocka_unit_test(test_budget_is_shared_by_the_process),
        cmocka_unit_test(test_limiter_hands_out_slots),
        cmocka_unit_test(test_limiter_rounds_up),
        cmocka_unit_test(test_permit_keeps_the_wait),
    };
    return cmocka_run_group_tests_name("rce/retry", tests, NULL, NULL);
}
