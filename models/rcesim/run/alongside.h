/* alongside.h - a variant live and simulated: one wave over HTTP on loopback, and the same world
 * and others in virtual time.
 *
 * Service and driver share this process, and its processors: what they wait for each other is part
 * of what is measured. Nothing is kept on disk. Crashes of the engine and rollouts belong to the
 * simulated world and are left out on both sides.
 *
 * Memory: FIDELITY_STEP_BYTES for each step of each other wave, in the end; of the live wave some
 * 100 bytes for each request (carriage.h), and the simulated worlds of run and service.
 */
#ifndef MODELS_RCESIM_RUN_ALONGSIDE_H
#define MODELS_RCESIM_RUN_ALONGSIDE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/rcesim/format/configure.h"
#include "models/testbed/carriage.h"
#include "models/testbed/drive.h"
#include "models/testbed/fidelity.h"
#include "models/testbed/lateness.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

struct alongside {
    const struct configuration *configuration;
    uint32_t variant;
    /* The service's world, where it is not the one that is simulated; NULL: it is. Of the same
     * fleet. */
    const struct vmc_config *service_world;
    uint32_t replication;  /* of the live wave */
    uint32_t waves_count;  /* other simulated ones, of the replications after it */
    double speed;          /* simulated seconds in one of the machine's */
    int64_t shift_real_ns; /* of the machine's time, that durations may be longer */
    double rate_tolerance, calls_tolerance; /* as of fidelity.h */
    const volatile sig_atomic_t *interrupted;
    void (*progress)(void *context, const struct drive_progress *progress); /* may be NULL */
    void *context;
};

enum alongside_cause {
    ALONGSIDE_THREADS,   /* woke up late */
    ALONGSIDE_DRIVER,    /* let its inputs wait */
    ALONGSIDE_REQUESTS,  /* and their answers were long on the way */
    ALONGSIDE_CALLBACKS, /* were */
};

struct alongside_report {
    struct fidelity_answer answer;
    const struct fidelity_workflow *workflows; /* [workflows_count] */
    uint32_t workflows_count;
    uint64_t other_failed_count, other_count; /* workflows of the other waves */
    int64_t wave_ns;                          /* of the live wave */
    int64_t real_ns;                          /* that it took */
    uint64_t early_count;                     /* live failures by early trigger, by ground truth */
    int64_t violations_count;                 /* of invariants, by ground truth */
    int64_t timer_late_max_ns;                /* simulated */
    double timer_late_mean_ns;
    struct lateness lateness; /* the machine's, in its own time */
    int64_t lag_ns; /* the driver's own: how long all but one input in a thousand wait; real time */
    enum fidelity_world world;       /* of the service, beside the simulated one */
    struct carriage_report carriage; /* what requests and callbacks took on the way; simulated */
    double delayed_calls_least, delayed_calls_most; /* of a workflow, with such delays */
    enum alongside_cause cause;                     /* what was latest */
    int64_t late_ns;  /* simulated: the longest of these, but for one in a thousand of its kind */
    int64_t worst_ns; /* simulated: all stalls, and the longest ways there and back, together */
    double speed_advised; /* at which it should be in time */
    int64_t reach_ns;     /* simulated: fidelity_reach_ns, what those who are close are close by */
    int64_t shift_ns;     /* simulated */
    int64_t window_ns; /* simulated: how long a request for maintenance is too early, typically */
    bool is_herd;      /* all start at once, and there are limits */
};

/* Carry it out; what is reported lies in the arena. ERROR_INTERRUPTED, ERROR_USAGE if there is no
 * memory for so many waves, and what testbed_start and drive_run say. */
bool alongside_run(struct arena *arena, const struct alongside *alongside,
                   struct alongside_report *report, struct error *error);

#endif
