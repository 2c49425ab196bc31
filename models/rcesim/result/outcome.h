/* outcome.h - everything that is known at the end of `run`, for the console and for the files. */
#ifndef MODELS_RCESIM_RESULT_OUTCOME_H
#define MODELS_RCESIM_RESULT_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/run/enough.h"
#include "reports/identity.h"
#include "sim/base/arena.h"
#include "sim/experiment/result.h"
#include "sim/experiment/summary.h"
#include "sim/experiment/threshold.h"

/* What the outcome says about how it was made. */
struct outcome_commands {
    const char *run;             /* In a normal form. */
    const char *trace;           /* "rcesim trace a.yaml --set x=y", without variants. */
    const char *rows;            /* What rows were asked for: "none", "first", "all". */
    const struct enough *enough; /* Of a stop rule other than fixed; else NULL. */
    bool is_observed; /* Not simulated, so it cannot be simulated again: see observed.h. */
};

struct outcome {
    struct arena *arena; /* Of everything here. */
    const struct configuration *configuration;
    const struct result *result;
    const struct summary *summary;
    const struct threshold_result *thresholds; /* As many as the configuration has. */
    enum threshold_verdict verdict;            /* Of all of them. */
    struct identity identity;
    struct outcome_commands commands;
    const char *trace_command; /* What a replay begins with: "rcesim trace a.yaml --set x=y". */
    const char **replays; /* [variant_count]: the command that shows the first broken invariant. */
};

/* Reduce the result, judge the thresholds, and find a replay for every variant that broke an
 * invariant. The outcome lies in the arena and points to all that it is given. */
const struct outcome *outcome_create(struct arena *arena, const struct configuration *configuration,
                                     const struct result *result,
                                     const struct outcome_commands *commands);

/* The summary as JSON, with a schema version; the caller owns it. */
json_t *outcome_json(const struct outcome *outcome);

/* The summary of a metric of a variant. */
static inline const struct summary_metric *outcome_metric(const struct outcome *outcome,
                                                          uint32_t variant, size_t metric)
{
    return &outcome->summary->variants[variant].metrics[metric];
}

/* Return the command that tells the stories of one unit in the first variant and a later one side
 * by side. Lives in the outcome's arena. */
const char *outcome_look_command(const struct outcome *outcome, uint32_t variant,
                                 uint32_t replication, uint32_t unit);

/* "95 %" */
const char *outcome_confidence(const struct outcome *outcome);

#endif
