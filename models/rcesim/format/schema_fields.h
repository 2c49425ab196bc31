/* schema_fields.h - rows that the schema tables of several models share: for those tables alone.
 *
 * One table a model gives validation, defaults, `rcesim scenario --document` and `--schema`. What a
 * single field cannot say about itself (shares that must add up, a policy without a base) is
 * checked in configure*.c.
 */
#ifndef MODELS_RCESIM_FORMAT_SCHEMA_FIELDS_H
#define MODELS_RCESIM_FORMAT_SCHEMA_FIELDS_H

#include "sim/scenario/schema.h"

/* All models, in the order of domain.c. */
#define SCHEMA_MODELS "vmc|contention"

#define REASON_COUNTER "replications are numbered with 32 bits"

#define POLICIES                                                                                   \
    "A preset (none, aws-standard, aws-2026, aws-full, aws-equal, aws-decorrelated, "              \
    "grpc-connection, gax-go, google-api-core, gapic-lro, temporal, k8s-workqueue, k8s-job, "      \
    "polly-v8, resilience4j), or exponential (base 30s, factor 2, cap 10min, full jitter), or "    \
    "fixed (base 30s, no jitter). The fields beside it replace what it brings."

/* How a back-off policy spaces its attempts, and what ends them; they stand in several places. */
#define SPACING_FIELDS(at)                                                                         \
    {.path = at ".base",                                                                           \
     .type = SCHEMA_DURATION,                                                                      \
     .minimum = "1us",                                                                             \
     .doc = "Wait before the first retry. Default: of the policy."},                               \
        {.path = at ".factor",                                                                     \
         .type = SCHEMA_NUMBER,                                                                    \
         .minimum = "1",                                                                           \
         .maximum = "1000",                                                                        \
         .doc = "Each wait is so many times the one before. Default: of the policy."},             \
        {.path = at ".cap",                                                                        \
         .type = SCHEMA_DURATION,                                                                  \
         .minimum = "1us",                                                                         \
         .doc = "No wait is longer. Default: of the policy."},                                     \
        {.path = at ".jitter",                                                                     \
         .type = SCHEMA_CHOICE,                                                                    \
         .choices = "none|full|equal|decorrelated|proportional",                                   \
         .doc = "How a wait v is spread: full: 0 to v; equal: v/2 to v; decorrelated: base to 3 "  \
                "times the wait before; proportional: v more or less jitter_share. Default: of "   \
                "the policy."},                                                                    \
        {.path = at ".jitter_share",                                                               \
         .type = SCHEMA_SHARE,                                                                     \
         .doc = "The spread of proportional jitter. Default: of the policy."},                     \
        {.path = at ".throttled_base",                                                             \
         .type = SCHEMA_DURATION,                                                                  \
         .doc = "Base after a throttled request; 0s: the same base. Default: of the policy."},     \
    {                                                                                              \
        .path = at ".honour_retry_after", .type = SCHEMA_FLAG,                                     \
        .doc = "Wait at least as long as the service asked for. Default: true."                    \
    }

#define LIMIT_FIELDS(at)                                                                           \
    {.path = at ".attempts",                                                                       \
     .type = SCHEMA_COUNT,                                                                         \
     .minimum = "0",                                                                               \
     .maximum = "1000000",                                                                         \
     .doc = "Attempts in all, the first one included; 0: no limit. Default: of the policy."},      \
        {.path = at ".total",                                                                      \
         .type = SCHEMA_DURATION,                                                                  \
         .doc = "No attempt begins later than this after the first; 0s: no limit. Default: of "    \
                "the policy."},                                                                    \
        {.path = at ".budget.capacity",                                                            \
         .type = SCHEMA_COUNT,                                                                     \
         .minimum = "0",                                                                           \
         .maximum = "1000000",                                                                     \
         .doc = "Retry budget shared by all that retry in one process, in tokens; 0: none. "       \
                "Default: of the policy."},                                                        \
        {.path = at ".budget.cost",                                                                \
         .type = SCHEMA_COUNT,                                                                     \
         .minimum = "0",                                                                           \
         .maximum = "1000000",                                                                     \
         .doc = "Tokens that a retry takes. Default: of the policy."},                             \
        {.path = at ".budget.cost_unknown",                                                        \
         .type = SCHEMA_COUNT,                                                                     \
         .minimum = "0",                                                                           \
         .maximum = "1000000",                                                                     \
         .doc = "Tokens that a retry takes after a time-out. Default: of the policy, else cost."}, \
        {.path = at ".budget.cost_throttled",                                                      \
         .type = SCHEMA_COUNT,                                                                     \
         .minimum = "0",                                                                           \
         .maximum = "1000000",                                                                     \
         .doc = "Tokens that a retry takes after a throttled request. Default: of the policy, "    \
                "else cost."},                                                                     \
        {.path = at ".budget.credit",                                                              \
         .type = SCHEMA_COUNT,                                                                     \
         .minimum = "0",                                                                           \
         .maximum = "1000000",                                                                     \
         .doc = "Tokens that a success gives back. Default: of the policy."},                      \
        {.path = at ".limiter.rate",                                                               \
         .type = SCHEMA_RATE,                                                                      \
         .maximum = "1000000/s",                                                                   \
         .doc = "Retries of one process a second, whole numbers; 0/s: no limit. Default: "         \
                "of the policy."},                                                                 \
    {                                                                                              \
        .path = at ".limiter.burst", .type = SCHEMA_COUNT, .minimum = "1", .maximum = "1000000",   \
        .doc = "Retries that may come at once. Default: of the policy, else 1."                    \
    }

/* The first rows of every table; `name` is the model. */
#define HEAD_FIELDS(name)                                                                          \
    {.path = "question",                                                                           \
     .type = SCHEMA_TEXT,                                                                          \
     .required = true,                                                                             \
     .doc = "What this scenario is to find out, in one sentence. The first key of the file."},     \
    {                                                                                              \
        .path = "model", .type = SCHEMA_CHOICE, .fallback = name, .choices = SCHEMA_MODELS,        \
        .is_decisive = true,                                                                       \
        .doc = "What is simulated. vmc: SDDCs in an upgrade wave; contention: clients that write " \
               "one versioned row. The other keys depend on it."                                   \
    }

/* Defaults that a rule over several fields has to know. */
#define REPLICATIONS_DEFAULT 200
#define PILOT_DEFAULT        20
#define BUDGET_DEFAULT       5000
#define TEXT_OF_(number)     #number
#define TEXT_OF(number)      TEXT_OF_(number)

/* The last rows of every table. */
#define EXPERIMENT_FIELDS                                                                          \
    {.path = "experiment.replications",                                                            \
     .type = SCHEMA_COUNT,                                                                         \
     .fallback = TEXT_OF(REPLICATIONS_DEFAULT),                                                    \
     .minimum = "1",                                                                               \
     .maximum = "4294967295",                                                                      \
     .reason = REASON_COUNTER,                                                                     \
     .doc = "How often to simulate; each replication gives all variants the same world."},         \
        {.path = "experiment.seed",                                                                \
         .type = SCHEMA_COUNT,                                                                     \
         .fallback = "1",                                                                          \
         .minimum = "0",                                                                           \
         .doc = "Number from which all chance follows. The same seed gives the same bytes."},      \
        {.path = "experiment.confidence",                                                          \
         .type = SCHEMA_SHARE,                                                                     \
         .fallback = "95%",                                                                        \
         .minimum = "50%",                                                                         \
         .maximum = "99.99%",                                                                      \
         .doc = "Of all intervals, and so of what thresholds are judged by."},                     \
        {.path = "experiment.stop.rule",                                                           \
         .type = SCHEMA_CHOICE,                                                                    \
         .fallback = "fixed",                                                                      \
         .choices = "fixed|half_width|decide",                                                     \
         .doc = "When to stop. fixed: after `replications`; half_width: once every claim of "      \
                "`precision` is known as well as it says; decide: a pilot, then as many "          \
                "replications as the thresholds are expected to need, judged once."},              \
        {.path = "experiment.stop.pilot",                                                          \
         .type = SCHEMA_COUNT,                                                                     \
         .fallback = TEXT_OF(PILOT_DEFAULT),                                                       \
         .minimum = "2",                                                                           \
         .maximum = "1000000",                                                                     \
         .doc = "Replications from which the rest is planned, for half_width and decide."},        \
        {.path = "experiment.stop.budget",                                                         \
         .type = SCHEMA_COUNT,                                                                     \
         .fallback = TEXT_OF(BUDGET_DEFAULT),                                                      \
         .minimum = "2",                                                                           \
         .maximum = "1000000",                                                                     \
         .doc = "Replications at most, the pilot included, for half_width and decide."},           \
        {.path = "experiment.stop.precision",                                                      \
         .type = SCHEMA_TEXT_LIST,                                                                 \
         .maximum = "20",                                                                          \
         .doc = "What half_width demands, such as `failure_rate(after) +- 0.1%`: half the "        \
                "interval is at most that."},                                                      \
        {.path = "sweep",                                                                          \
         .type = SCHEMA_TEXT_LIST,                                                                 \
         .maximum = "8",                                                                           \
         .doc = "What `rcesim sweep` varies when it is not told: PATH=VALUES, as its option "      \
                "--over."},                                                                        \
    {                                                                                              \
        .path = "thresholds", .type = SCHEMA_TEXT_LIST, .maximum = "100",                          \
        .doc =                                                                                     \
            "Claims that a run checks, such as `failure_rate(after) < 1%`: about the true value, " \
            "so the whole interval must be inside; `value(failure_rate(after)) < 1%` asks for "    \
            "the "                                                                                 \
            "estimate alone. They decide the exit status."                                         \
    }

#endif
