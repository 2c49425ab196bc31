/* configure_crash.h - what a scenario says about crashes of the engine. */
#ifndef MODELS_RCESIM_FORMAT_CONFIGURE_CRASH_H
#define MODELS_RCESIM_FORMAT_CONFIGURE_CRASH_H

#include "models/rcesim/format/domain.h"
#include "models/vmc/config.h"

/* Read `rce_crash`; all zero if it is not there. False, after complaints, if it is impossible. That
 * it may come to no crashes is no mistake: a sweep can begin there. */
bool configure_crash(const struct reading *reading, struct vmc_crash *crash);

/* With crashes, engines have to save and load: look at those of all variants, once they and their
 * rollouts have been read. */
bool configure_crash_engines(const struct reading *reading,
                             const struct configuration *configuration,
                             const struct vmc_crash *crash);

#endif
