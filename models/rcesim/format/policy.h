/* policy.h - a back-off policy as a scenario writes it: a preset by name, and what is changed in
 * it.
 */
#ifndef MODELS_RCESIM_FORMAT_POLICY_H
#define MODELS_RCESIM_FORMAT_POLICY_H

#include <stdbool.h>

#include "models/rce/rce.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/scenario/scenario.h"

/* What a policy is read from. */
struct policy_source {
    struct scenario *scenario;
    struct arena *arena;
    const char *path; /* Of the map that holds `policy`: "variants.after.retry". */
    bool has_limits;  /* Are there fields for attempts, total, budget and limiter? */
};

/* Read it. Complaints go to `error` (scenario_complain). */
bool policy_read(struct rce_retry_policy *out, const struct policy_source *source,
                 struct error *error);

#endif
