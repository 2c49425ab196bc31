/* server.h - HTTP over sockets: libmicrohttpd around live.h.
 *
 * One thread serves all connections (epoll); one that waits for the simulated service is suspended
 * and costs nothing but its memory. A request gets SERVER_REQUEST_PATIENCE_S to arrive, however
 * slowly it drips, or 408 and the end of its connection; an answer SERVER_ANSWER_PATIENCE_S to be
 * read; a connection without a request SERVER_IDLE_PATIENCE_S. Who leaves while waiting is noticed
 * within SERVER_PROBE_S or so. Header lines have SERVER_MEMORY_BYTES, bodies REST_BODY_MAX_BYTES.
 */
#ifndef MODELS_TESTBED_SERVER_H
#define MODELS_TESTBED_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "models/testbed/live.h"
#include "sim/base/error.h"

enum {
    SERVER_REQUEST_PATIENCE_S = 10,
    SERVER_ANSWER_PATIENCE_S = 20,
    SERVER_IDLE_PATIENCE_S = 60,
    SERVER_PROBE_S = 5,
    SERVER_MEMORY_BYTES = 24 << 10,
    SERVER_CONNECTIONS_MAX = 4000,
    SERVER_ADDRESS_SIZE_BYTES = 128,
};

struct server;

/* Make a server that does not listen yet, so that live.h can be given its sink. */
struct server *server_create(struct arena *arena);

/* As of rest_sink. */
void server_answered(struct server *server, void *waiter, struct reply *reply);

/* Listen on a socket of server_open, for requests to `live`, from now on. The socket is then the
 * server's. ERROR_IO. */
bool server_start(struct server *server, struct live *live, int socket, struct error *error);

/* Stop: no request is taken any more, connections are closed. live_stop comes first, because what
 * waits must have been answered. */
void server_stop(struct server *server);

/* Where to listen, of a text such as "127.0.0.1:8080", "[::1]:0", "localhost:8080". Port 0: any.
 * Returns the socket, and in `address` "127.0.0.1:43211" as it is; -1: ERROR_USAGE or ERROR_IO. */
int server_open(const char *text, char address[SERVER_ADDRESS_SIZE_BYTES], bool *is_loopback,
                struct error *error);

#endif
