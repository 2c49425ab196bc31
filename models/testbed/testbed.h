/* testbed.h - the service as a whole: world, clock, HTTP, callbacks; started and stopped.
 *
 *     testbed_start -> requests come in, callbacks go out, on threads of its own -> testbed_stop
 *
 * Any number may live in one process, each in an arena of its own.
 */
#ifndef MODELS_TESTBED_TESTBED_H
#define MODELS_TESTBED_TESTBED_H

#include <stdbool.h>
#include <stdint.h>

#include "models/testbed/guard.h"
#include "models/testbed/rest.h"
#include "models/vmc/port.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

struct testbed_options {
    const struct vmc_parameters *parameters; /* the world is what counts */
    uint64_t seed;
    uint32_t replication;
    const char *listen; /* "127.0.0.1:8080"; port 0: any that is free */
    double speed;       /* simulated seconds in a second */
    bool is_stepped;    /* in place of a speed */
    const char *token;  /* NULL: none, and then only on loopback */
    /* Where callbacks may go: [networks_count] beside loopback, and instead of loopback where other
     * machines can reach the service, so that they cannot reach through it what listens here. */
    const struct guard_network *networks;
    size_t networks_count;
    void (*notice)(const char *line); /* what nobody else is told, from any thread; NULL: nobody */
    const char *title, *version;
    const struct rest_watch *watch; /* as of rest.h, from any thread; NULL: nobody looks on */
};

struct testbed;

/* Start, in an arena that nobody else uses until testbed_stop, but for options that lie in it.
 * ERROR_USAGE, ERROR_IO. */
bool testbed_start(struct testbed **out, struct arena *arena, const struct testbed_options *options,
                   struct error *error);

/* "http://127.0.0.1:43211" */
const char *testbed_url(const struct testbed *testbed);

/* Has somebody asked for the end over HTTP? */
bool testbed_is_shutdown_asked(struct testbed *testbed);

/* Stop all of it, within a second. Returns the world, for its last words (vmc_live_close), in the
 * arena. */
struct vmc_live *testbed_stop(struct testbed *testbed);

#endif
