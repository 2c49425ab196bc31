/* closeness.h - whose fate a lateness can decide: one wave simulated again and again, each time
 * with one kind of delay a little longer or shorter.
 *
 * A workflow is close if one of these waves ends it otherwise than the wave as it is: two things of
 * it happen within that lateness of each other, and their order counts. Draws are the same, so
 * nothing else differs. It says what may be decided, not what has been.
 *
 * Cost: 29 simulated waves, the one as it is and two for each of 14 delays.
 */
#ifndef MODELS_RCESIM_RUN_CLOSENESS_H
#define MODELS_RCESIM_RUN_CLOSENESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/rcesim/format/configure.h"
#include "models/vmc/config.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

struct closeness {
    const struct configuration *configuration; /* its seed, its folder */
    const struct vmc_parameters *parameters;
    uint32_t replication;
    int64_t late_ns;
    const volatile sig_atomic_t *interrupted;
};

/* Set is_close[SDDCs of the world]. A distribution that cannot be moved is left out. */
bool closeness_find(const struct closeness *closeness, bool *is_close, struct error *error);

/* The wave in a world that takes longer to carry what is said; the rest is as in
 * closeness_simulate. */
struct closeness_delays {
    int64_t request_ns;  /* of each request, there and back */
    int64_t callback_ns; /* of each callback */
    int64_t timer_ns;    /* of each timer of the engine: the answer that it waits for is so late */
};
bool closeness_simulate_delayed(const struct closeness *closeness,
                                const struct closeness_delays *longer, struct model_sink *sink,
                                struct arena *arena, const struct record **record,
                                struct error *error);

/* Simulate a wave of these parameters, which are those of one variant; the record lies in the
 * arena. */
bool closeness_simulate(const struct closeness *closeness, struct model_sink *sink,
                        struct arena *arena, const struct record **record, struct error *error);

#endif
