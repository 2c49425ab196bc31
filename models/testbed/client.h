/* client.h - requests over HTTP, many at a time, in one thread: libcurl's multi interface.
 *
 * A request is never repeated by itself: each one of an engine goes over a connection of its own,
 * because libcurl sends a request again when a connection that was kept open turns out to be dead,
 * and the service may have taken it before that. Nothing is followed, no other protocol than HTTP
 * is spoken, and an answer has at most CLIENT_ANSWER_MAX_BYTES.
 */
#ifndef MODELS_TESTBED_CLIENT_H
#define MODELS_TESTBED_CLIENT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/testbed/dialect.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

enum { CLIENT_ANSWER_MAX_BYTES = 1 << 20 };

struct client_settings {
    const char *url;   /* "http://127.0.0.1:8080", no slash at the end */
    const char *token; /* NULL: none */
    uint32_t connections_max;
    int64_t timeout_ms;                       /* of one request */
    const volatile sig_atomic_t *interrupted; /* client_ask comes back once it is set; or NULL */
};

/* What the caller wants to know again when the answer comes. */
struct client_tag {
    uint32_t kind;
    uint32_t workflow;
    uint64_t request;
    enum rce_operation operation;
    uint8_t cluster, host;
};

struct client;

/* It is ended with the arena; what is under way is then given up. ERROR_IO. */
bool client_create(struct client **client, struct arena *arena,
                   const struct client_settings *settings, struct error *error);

/* How long one request may take, from now on. */
void client_set_timeout(struct client *client, int64_t timeout_ms);

/* From now on client_ask goes on although it is interrupted; for what is said at the end, within
 * the time-out. */
void client_ignore_interruption(struct client *client);

/* Send a request; `answered` is called once for it, from client_work. */
void client_send(struct client *client, const struct dialect_request *request,
                 const struct client_tag *tag);

/* How many requests more would leave at once; others wait until one has its answer. */
uint32_t client_room(const struct client *client);

/* Wait until something can be done for a request, one of the `fds` [count] can be read, or so much
 * time has passed. Then do it. */
void client_wait(struct client *client, const int *fds, uint32_t count, int timeout_ms);
void client_work(struct client *client,
                 void (*answered)(void *context, const struct client_tag *tag,
                                  const struct dialect_answer *answer),
                 void *context);

/* Ask and wait. The body lies in the arena, ended by 0, and is good until the arena is reset. An
 * answer of another status than 2xx is no error; no answer is: ERROR_IO, which says why, or
 * ERROR_INTERRUPTED. A signal is heard at once, or within a second. */
bool client_ask(struct client *client, struct arena *arena, const struct dialect_request *request,
                struct dialect_answer *answer, struct error *error);

#endif
