/* summary_json.h - one variant of a summary as JSON: what `run` and `compare` have in common.
 *
 * Durations are seconds. What is not known says so (estimate.h) or is left out.
 */
#ifndef MODELS_RCESIM_RESULT_SUMMARY_JSON_H
#define MODELS_RCESIM_RESULT_SUMMARY_JSON_H

#include <stdint.h>

#include <jansson.h>

#include "sim/experiment/summary.h"

/* All metrics and histograms of a variant and, of a later one, its comparison with the first. The
 * caller owns the value. */
json_t *summary_json(const struct summary *summary, uint32_t variant);

#endif
