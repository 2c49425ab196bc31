/* live.h - the service with its clock running: rest.h under one lock, and a thread that moves it.
 *
 * Whoever comes in (a connection's thread, the pacer's) first brings the world to the present, so
 * nobody sees the past, and events carry their own times however late the machine was. The pacer
 * sleeps until the next event is due.
 *
 * The sink's functions are called with the lock held: they hand things on and come back.
 */
#ifndef MODELS_TESTBED_LIVE_H
#define MODELS_TESTBED_LIVE_H

#include <stdbool.h>

#include "models/testbed/rest.h"
#include "sim/base/error.h"

struct live;

/* Make the service and start its thread; the clock begins now. End with live_stop. ERROR_IO. */
bool live_start(struct live **out, struct arena *arena, const struct rest_options *options,
                const struct rest_sink *sink, struct error *error);

/* As rest_handle. */
bool live_handle(struct live *live, const struct rest_request *request, struct reply *reply);

struct rest_gauges *live_gauges(struct live *live);

/* Has somebody asked for the end over HTTP? */
bool live_is_shutdown_asked(struct live *live);

/* Answer everything that waits, and stop the thread. Whoever still comes in is told that it is
 * over; the world is the caller's alone once nobody does. */
void live_stop(struct live *live);

/* After live_stop. */
struct rest *live_rest(struct live *live);

#endif
