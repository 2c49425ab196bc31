#include "models/rce/retry.h"

#define MS ((int64_t)1000000)
#define S  (1000 * MS)

static const struct rce_retry_preset presets[] = {
    {"none", "one attempt", {.attempts_max = 1}},
    {"aws-standard",
     "botocore, standard mode",
     {.base_ns = 1 * S,
      .multiplier_permille = 2000,
      .cap_ns = 20 * S,
      .attempts_max = 3,
      .jitter = RCE_JITTER_FULL,
      .budget_capacity = 500,
      .budget_cost = 5,
      .budget_cost_unknown = 10,
      .budget_success_credit = 1}},
    {"aws-2026",
     "AWS clients from 2026; the credit of a success is taken over from the standard mode",
     {.base_ns = 50 * MS,
      .throttled_base_ns = 1 * S,
      .multiplier_permille = 2000,
      .cap_ns = 20 * S,
      .attempts_max = 3,
      .jitter = RCE_JITTER_FULL,
      .budget_capacity = 500,
      .budget_cost = 14,
      .budget_cost_throttled = 5,
      .budget_success_credit = 1}},
    /* The article's simulator counts in units of its own (base 5, cap 2000), here 1 ms each. Its
     * exponent is 1 before the first retry, so that v begins at 10 where v is used at all. */
    {"aws-full",
     "the article of 2015, full jitter; one unit of its simulator = 1 ms",
     {.base_ns = 10 * MS,
      .multiplier_permille = 2000,
      .cap_ns = 2000 * MS,
      .jitter = RCE_JITTER_FULL}},
    {"aws-equal",
     "the article of 2015, equal jitter; one unit of its simulator = 1 ms",
     {.base_ns = 10 * MS,
      .multiplier_permille = 2000,
      .cap_ns = 2000 * MS,
      .jitter = RCE_JITTER_EQUAL}},
    {"aws-decorrelated",
     "the article of 2015, decorrelated jitter; one unit of its simulator = 1 ms",
     {.base_ns = 5 * MS,
      .multiplier_permille = 2000,
      .cap_ns = 2000 * MS,
      .jitter = RCE_JITTER_DECORRELATED}},
    {"grpc-connection",
     "gRPC connection back-off; the jitter may exceed the cap by its 20 %",
     {.base_ns = 1 * S,
      .multiplier_permille = 1600,
      .cap_ns = 120 * S,
      .jitter = RCE_JITTER_PROPORTIONAL,
      .jitter_permille = 200}},
    {"gax-go",
     "Google API extensions for Go; the caller's deadline ends it",
     {.base_ns = 1 * S, .multiplier_permille = 2000, .cap_ns = 30 * S, .jitter = RCE_JITTER_FULL}},
    {"google-api-core",
     "Google API core for Python; 120 s in all",
     {.base_ns = 1 * S,
      .multiplier_permille = 2000,
      .cap_ns = 60 * S,
      .total_ns = 120 * S,
      .jitter = RCE_JITTER_FULL}},
    {"gapic-lro",
     "polling of long-running operations in generated Google clients; 3600 s in all",
     {.base_ns = 10 * S, .multiplier_permille = 1300, .cap_ns = 300 * S, .total_ns = 3600 * S}},
    {"temporal",
     "default activity retry of Temporal",
     {.base_ns = 1 * S, .multiplier_permille = 2000, .cap_ns = 100 * S}},
    {"k8s-workqueue",
     "default controller rate limiter of Kubernetes: the longer of back-off and 10 per s, burst "
     "100",
     {.base_ns = 5 * MS,
      .multiplier_permille = 2000,
      .cap_ns = 1000 * S,
      .limiter_per_s = 10,
      .limiter_burst = 100}},
    {"k8s-job",
     "Kubernetes Job back-off",
     {.base_ns = 10 * S, .multiplier_permille = 2000, .cap_ns = 360 * S, .attempts_max = 6}},
    {"polly-v8",
     "default retry strategy of Polly 8; 3 retries",
     {.base_ns = 2 * S, .multiplier_permille = 1000, .attempts_max = 4}},
    {"resilience4j",
     "default Retry of resilience4j; 3 attempts",
     {.base_ns = 500 * MS, .multiplier_permille = 1000, .attempts_max = 3}},
};

static const size_t presets_count = sizeof presets / sizeof presets[0];

const struct rce_retry_preset *rce_retry_presets(size_t *count)
{
    *count = presets_count;
    return presets;
}

static bool is_same_text(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const struct rce_retry_preset *rce_retry_preset_find(const char *name)
{
    for (size_t i = 0; i < presets_count; i++)
        if (is_same_text(presets[i].name, name))
            return &presets[i];
    return NULL;
}
