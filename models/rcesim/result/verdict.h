/* verdict.h - how a workflow ended, in a few sentences: the last words of its story.
 *
 *     Failed at 05:34:11: enter-maintenance of cluster 0 host 0 passed its deadline after 1h. In
 * truth: maintenance before the cluster was ready (asked 7min56s too early).
 *
 * Pure: what happened comes from the trace and from the workflow's row, the words for causes and
 * invariants from the model's metrics.
 */
#ifndef MODELS_RCESIM_RESULT_VERDICT_H
#define MODELS_RCESIM_RESULT_VERDICT_H

#include <stdint.h>

#include "models/rce/rce.h"
#include "sim/base/arena.h"
#include "sim/kernel/trace.h"

struct verdict_source {
    const struct trace *trace;         /* Of this workflow alone. */
    const struct rce_options *options; /* Of its engine: the deadlines. */
    const int64_t *row;                /* One value for each column of the model's rows. */
};

/* Put the end of the workflow into words; the text lies in the arena. */
const char *verdict_text(struct arena *arena, const struct verdict_source *source);

#endif
