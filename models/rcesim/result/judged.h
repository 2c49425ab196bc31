/* judged.h - what a threshold was judged by, for people, for files and for CI.
 *
 * Texts lie in the arena.
 */
#ifndef MODELS_RCESIM_RESULT_JUDGED_H
#define MODELS_RCESIM_RESULT_JUDGED_H

#include <jansson.h>

#include "reports/junit.h"
#include "sim/base/arena.h"
#include "sim/experiment/model.h"
#include "sim/experiment/threshold.h"

/* "18.8 %, [17.9, 19.7] %", "left minus right: -3.2 h, [-4 h, -2 h]", "none seen; with 95 %
 * confidence at most 0.01 % of the workflows". */
const char *judged_text(struct arena *arena, const struct model *model,
                        const struct threshold_result *judged);

/* The same with threshold, verdict and reason; durations are seconds. The caller owns the value. */
json_t *judged_json(const struct threshold *threshold, const struct threshold_result *judged);

/* The threshold as a check: FAIL and INCONCLUSIVE are failures, of that type. */
struct junit_case judged_case(struct arena *arena, const struct model *model,
                              const struct threshold *threshold,
                              const struct threshold_result *judged);

#endif
