/* rest.h - the resources of the service: a request as a struct in, an answer as a struct out.
 *
 *     rest_advance(rest, real_ns)            time goes on: answers and callbacks that are due go
 * out rest_handle(rest, &request, &reply)    an answer now, or later by sink.answered
 *
 * No sockets, no threads and no clock: whoever has those (server.h, live.h) holds one lock around
 * each call, and calls rest_advance first. So a fuzzer, or a test, can be that somebody.
 *
 * A request that takes time waits in a slot until the world answers it; `waiter` is the caller's
 * and comes back with the answer. Under a stepped clock it does not wait: the clock is moved to its
 * answer. The sink is called from rest_advance and rest_handle, and must not call back.
 *
 * Memory: everything lies in the arena but the bodies of replies. It is bounded: tasks by the
 * limits of port.h, answers that are fetched later by REST_ASYNC_MAX, clients by REST_CLIENTS_MAX.
 *
 * README.md lists the resources, openapi.json describes them.
 */
#ifndef MODELS_TESTBED_REST_H
#define MODELS_TESTBED_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/testbed/guard.h"
#include "models/testbed/pacer.h"
#include "models/testbed/reply.h"
#include "models/vmc/port.h"
#include "sim/base/arena.h"

enum {
    REST_BODY_MAX_BYTES = 64 << 10,
    REST_PATH_MAX_BYTES = 1024,
    REST_KEY_MAX_BYTES = 255,
    REST_ASYNC_MAX = 1 << 16,
    REST_CLIENTS_MAX = 32,
    REST_CLIENT_SIZE_BYTES = GUARD_NAME_SIZE_BYTES,
    REST_LIMIT_MAX = 1000, /* items of a list */
    REST_DELIVERY_SIZE_BYTES = 512,
};

/* One request, as plain text; headers that were not sent are NULL. */
struct rest_request {
    const char *method; /* "GET" */
    const char *path;   /* as it was sent, without the query */
    const char *query;  /* without the '?'; NULL: none */
    const char *host, *origin, *authorization, *content_type, *content_encoding, *idempotency_key;
    const char *prefer;
    const char *fetch_site; /* Sec-Fetch-Site: whose page a browser asks for */
    const char *body;       /* [size_bytes], need not be ended by 0 */
    size_t size_bytes;
    void *waiter;
};

/* A callback on its way to one client. */
struct rest_delivery {
    uint64_t number;
    char client[REST_CLIENT_SIZE_BYTES];
    char body[REST_DELIVERY_SIZE_BYTES]; /* JSON, ended by 0 */
};

struct rest_sink {
    void *context;
    /* The answer to a request that was to wait; the body is the receiver's to take. */
    void (*answered)(void *context, void *waiter, struct reply *reply);
    void (*deliver)(void *context, const struct rest_delivery *delivery);
    /* Where those of a client go from now on; NULL: nowhere. False: not now, try again. May be
     * NULL. */
    bool (*registered)(void *context, const char *client, const char *url);
};

/* Somebody who looks on: what is asked of the world and what it says, at the world's own instants,
 * however late anybody hears of it. Called under the caller's lock, and must not call back. */
struct rest_watch {
    void *context;
    void (*asked)(void *context, int64_t at_ns, const struct vmc_request *request);
    void (*answered)(void *context, const struct vmc_answer *answer);
    void (*called_back)(void *context, const struct vmc_callback *callback);
};

/* Why a callback was not taken and will not be sent again. */
enum rest_given_up {
    REST_GIVEN_UP_FORBIDDEN, /* its address must not be called */
    REST_GIVEN_UP_OLD,       /* it was not taken in time */
    REST_GIVEN_UP_FULL,      /* too many waited already */
    REST_GIVEN_UP_REMOVED,   /* its client is gone */
    REST_GIVEN_UP_COUNT
};

/* What others count, for /metrics: written by other threads, so atomically. */
struct rest_gauges {
    uint64_t connections_open, connections_total;
    uint64_t deliveries_queued, deliveries_done, deliveries_failed;
    uint64_t deliveries_given_up[REST_GIVEN_UP_COUNT];
    uint64_t requests_malformed, requests_too_slow, answers_too_slow, clients_gone;
    /* By status, modulo 2^64: answers to requests that did not come as far as rest_handle, less
     * those that were handed out and found nobody, which are 0. */
    uint64_t corrections[600];
};

struct rest_options {
    const struct vmc_parameters *parameters;
    uint64_t seed;
    uint32_t replication;
    struct pacer pacer;
    struct guard_reach reach;       /* where callbacks may go; networks are not copied */
    const char *token;              /* NULL: none is asked for */
    const char *title;              /* of the scenario, for the page */
    const char *version;            /* of the program */
    const struct rest_watch *watch; /* NULL: nobody looks on */
    bool is_loopback_only;          /* only requests that name a loopback host are taken */
};

struct rest;

/* Make the service. Options are copied, what they point to is not. */
struct rest *rest_create(struct arena *arena, const struct rest_options *options,
                         const struct rest_sink *sink);

/* Bring the world to the present. */
void rest_advance(struct rest *rest, int64_t real_ns);

/* When rest_advance has something to do; INT64_MAX: never, by itself. Nothing is done beyond
 * VMC_LIVE_TIME_MAX_NS: who waits then, or comes later, is told so. */
int64_t rest_next_real_ns(const struct rest *rest);

/* Answer a request, which came at `real_ns` (as told to rest_advance). True: `reply`, which is
 * empty before, is the answer. False: it comes later, by the sink. */
bool rest_handle(struct rest *rest, const struct rest_request *request, struct reply *reply,
                 int64_t real_ns);

/* The end: everything that waits is answered that it will not be. */
void rest_close(struct rest *rest);

/* Has somebody asked for the end? */
bool rest_is_shutdown_asked(const struct rest *rest);

struct vmc_live *rest_world(struct rest *rest);
struct rest_gauges *rest_gauges(struct rest *rest);

#endif
