/* target.h - what was observed: "failure_rate(before)=72/400".
 *
 *     target = METRIC ["(" VARIANT ")"] "=" observed
 *     observed = HITS "/" COUNT          of so many units: with Wilson's limits; shares only
 *              | VALUE                   exactly
 *              | VALUE "+-" VALUE        with its limits
 *              | VALUE ".." VALUE        its limits; the middle is the estimate
 *
 * Limits have the confidence of the scenario (95 % if it says nothing else). The variant may be
 * left out where there is one. Shares are percentages or numbers up to 1, durations have a unit.
 */
#ifndef MODELS_RCESIM_STUDY_TARGET_H
#define MODELS_RCESIM_STUDY_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rcesim/format/configure.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

struct target {
    const char *text;
    size_t metric;
    uint32_t variant; /* Of the configuration that it was parsed for. */
    double low, estimate, high;
};

/* Parse; the text is kept. Errors: ERROR_USAGE. */
bool target_parse(struct target *target, struct arena *arena, const char *text,
                  const struct configuration *configuration, struct error *error);

#endif
