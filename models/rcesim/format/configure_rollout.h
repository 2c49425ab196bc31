/* configure_rollout.h - what a scenario says about the rollout of a fix, as the world's plain data.
 */
#ifndef MODELS_RCESIM_FORMAT_CONFIGURE_ROLLOUT_H
#define MODELS_RCESIM_FORMAT_CONFIGURE_ROLLOUT_H

#include <stdbool.h>

#include "models/rcesim/format/domain.h"

/* Read the rollouts of all variants, whose engines and options are known by now: `to` names one of
 * them. Complains about values that are impossible beside others. */
bool configure_rollouts(const struct reading *reading, struct configuration *configuration);

#endif
