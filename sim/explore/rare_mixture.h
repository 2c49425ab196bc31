/* rare_mixture.h - what rare.c samples from: the components that a list of schedules suggests.
 *
 * A schedule names draws of certain entities, but what it stands for can happen to others as well:
 * the callback of any host can be lost. So each way to tilt is a *family*: the draws of the
 * schedule, and the same draws (purpose and occurrence) of every other entity that asks for them,
 * one component each, with equal shares. Who asks is taken from some runs, drawn and typical. A
 * schedule whose draws are of several entities has no relatives, for nobody here knows which
 * entities belong together.
 *
 * Private to rare.c.
 */
#ifndef SIM_EXPLORE_RARE_MIXTURE_H
#define SIM_EXPLORE_RARE_MIXTURE_H

#include "sim/explore/rare.h"
#include "sim/explore/tilt.h"

/* Components that tilt the same draws of different entities in the same way. */
struct rare_family {
    uint32_t schedule;     /* Where it comes from; RARE_OF_ALL: all of them, RARE_NOMINAL: none. */
    uint32_t first, count; /* Of the components. */
    double share;          /* Of them together. */
};
#define RARE_OF_ALL  (UINT32_MAX - 1)
#define RARE_NOMINAL UINT32_MAX

struct rare_mixture {
    struct tilt_component *components; /* The first is the nominal one. */
    struct rare_family *families;      /* So is this. */
    uint32_t count, family_count;
};

/* Make the mixture in `arena`, with even shares. Errors are those of the probe. */
bool rare_mixture_make(struct rare_mixture *mixture, const struct rare_options *options,
                       uint32_t schedule_count, double nominal, struct arena *arena,
                       struct error *error);

/* Move shares and twists to where failures came from: the cross-entropy step for a mixture is the
 * mean posterior of each family, and of each twist the mean score, over the weighted failing runs.
 */
void rare_mixture_learn(struct rare_mixture *mixture, const struct tilt_sums *sums, double nominal);

#endif
