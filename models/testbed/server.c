#include "models/testbed/server.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>
#include <poll.h>
#include <sys/socket.h>

#include "models/testbed/answer.h"
#include "models/testbed/framing.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

/* What is drained of a body that is too long, so that the answer is read, before the connection is
 * closed. */
enum { DRAIN_MAX_BYTES = 1 << 20, URI_MAX_BYTES = REST_PATH_MAX_BYTES + 255 };

enum stage { STAGE_ARRIVING, STAGE_WAITING, STAGE_ANSWERED };

/* What a connection is about; all but PHASE_WAITING have an end. */
enum phase {
    PHASE_ARRIVING, /* of a request, or of the first one */
    PHASE_WAITING,  /* for the answer to a whole request */
    PHASE_READING,  /* an answer is on its way */
    PHASE_IDLE,     /* between requests */
};

/* A connection, for the watch over slow and absent ones. */
struct peer {
    struct peer *next, *previous;
    struct exchange *exchange; /* NULL: none */
    int socket;
    enum phase phase;
    int64_t since_ns; /* when the phase began */
    int64_t probed_at_ns;
    bool is_cut;
};

/* One request, from its first line to the end of its answer. The connection holds it, and the world
 * from when it is handed on until it is answered: whoever is last frees it. */
struct exchange {
    struct server *server;
    struct MHD_Connection *connection;
    struct peer *peer;
    enum stage stage;
    int holders_count;
    bool is_headed, is_suspended, is_abandoned, is_version_1_1;
    bool is_head;   /* the method */
    bool is_queued; /* an answer, with libmicrohttpd */
    struct reply reply;
    char *body;
    size_t size_bytes, room_bytes, seen_bytes;
    const char *uri_at; /* in the buffer of the connection */
    char *uri;          /* NULL: too long */
};

struct server {
    struct MHD_Daemon *daemon;
    struct live *live;
    pthread_mutex_t lock; /* of stages and phases, and of the list of peers */
    pthread_cond_t ended;
    pthread_t watch;
    struct peer *peers;
    bool is_ending;
};

struct server *server_create(struct arena *arena)
{
    struct server *server = arena_take(arena, sizeof *server);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&server->lock, NULL);
    return server;
}

static void count(uint64_t *gauge)
{
    __atomic_fetch_add(gauge, 1, __ATOMIC_RELAXED);
}

static void free_contents(struct exchange *exchange)
{
    reply_reset(&exchange->reply);
    free(exchange->body);
    free(exchange->uri);
    exchange->body = exchange->uri = NULL;
}

/* With the lock held. */
static void end_connection(struct peer *peer)
{
    shutdown(peer->socket, SHUT_RDWR);
    peer->is_cut = true;
}

/* With the lock held. */
static void let_go(struct exchange *exchange)
{
    if (--exchange->holders_count > 0)
        return;
    free_contents(exchange);
    free(exchange);
}

/* With the lock held. */
static void resume(struct exchange *exchange)
{
    exchange->stage = STAGE_ANSWERED;
    if (!exchange->is_suspended)
        return;
    exchange->is_suspended = false;
    MHD_resume_connection(exchange->connection);
}

/* An answer that the world has given, and counted, is not sent. */
static void note_unsent(struct server *server, int status)
{
    struct rest_gauges *gauges = live_gauges(server->live);
    if (status == REPLY_CLOSE)
        return;
    __atomic_fetch_sub(&gauges->corrections[status], 1, __ATOMIC_RELAXED);
    count(&gauges->corrections[REPLY_CLOSE]);
}

/* End the connection of a client that has gone while it was to wait. With the lock held. */
static void abandon(struct server *server, struct exchange *exchange)
{
    exchange->is_abandoned = true;
    exchange->reply = (struct reply){.status = REPLY_CLOSE};
    count(&live_gauges(server->live)->clients_gone);
    resume(exchange);
}

/* Of one that waits. With the lock held. */
static short poll_client(const struct exchange *exchange)
{
    const struct peer *peer = exchange->peer;
    if (!exchange->is_suspended || peer == NULL || peer->is_cut)
        return 0;
    struct pollfd state = {.fd = peer->socket, .events = POLLRDHUP};
    return poll(&state, 1, 0) > 0 ? state.revents : 0;
}

/* Hand an answer to libmicrohttpd. It would read on first, though, and take a client that has said
 * that nothing more comes for one that has gone; so that one is answered past it. Who says so just
 * then is taken for gone (end_exchange). With the lock held. */
static void pass_on(struct server *server, struct exchange *exchange, struct reply *reply)
{
    bool is_half_closed = poll_client(exchange) != 0;
    if (!is_half_closed || reply->status == REPLY_CLOSE) {
        exchange->reply = *reply;
        *reply = (struct reply){0};
        resume(exchange);
    } else if (answer_write(exchange->peer->socket, reply, exchange->is_head)) {
        end_connection(exchange->peer);
        exchange->reply = (struct reply){.status = REPLY_CLOSE};
        resume(exchange);
    } else {
        end_connection(exchange->peer);
        note_unsent(server, reply->status);
        abandon(server, exchange);
    }
}

void server_answered(struct server *server, void *waiter, struct reply *reply)
{
    struct exchange *exchange = waiter;
    pthread_mutex_lock(&server->lock);
    if (exchange->is_abandoned)
        note_unsent(server, reply->status);
    else
        pass_on(server, exchange, reply);
    let_go(exchange);
    pthread_mutex_unlock(&server->lock);
}

/* False: the connection was cut before. */
static bool enter_phase(struct server *server, struct peer *peer, enum phase phase)
{
    if (peer == NULL)
        return true;
    pthread_mutex_lock(&server->lock);
    peer->phase = phase;
    peer->since_ns = pacer_clock_ns();
    bool is_cut = peer->is_cut;
    pthread_mutex_unlock(&server->lock);
    return !is_cut;
}

/* End a connection with an answer that is written past libmicrohttpd, which has nothing to say
 * before a request is whole. Who does not read either gets nothing. With the lock held. */
static void cut(struct server *server, struct peer *peer, int status, const char *code,
                const char *detail)
{
    struct reply reply = {0};
    reply_problem(&reply, status, code, "%s", detail);
    answer_write(peer->socket, &reply, false);
    reply_reset(&reply);
    end_connection(peer);
    count(&live_gauges(server->live)->corrections[status]);
}

/* libmicrohttpd asks for the request's context as soon as it has the first line. */
static void *begin_exchange(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL)
        return NULL;
    struct server *server = exchange->server = context;
    exchange->connection = connection;
    exchange->holders_count = 1;
    exchange->uri_at = uri;
    exchange->uri = strlen(uri) <= URI_MAX_BYTES ? strdup(uri) : NULL;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct peer *peer = exchange->peer = info == NULL ? NULL : info->socket_context;
    enter_phase(server, peer, PHASE_ARRIVING);
    if (peer == NULL)
        return exchange;
    pthread_mutex_lock(&server->lock);
    peer->exchange = exchange;
    if (framing_has_many_arguments(uri))
        cut(server, peer, 414, "too-large", "the address has too many arguments");
    pthread_mutex_unlock(&server->lock);
    return exchange;
}

static void end_exchange(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    struct server *server = context;
    struct exchange *exchange = *request_context;
    if (exchange == NULL)
        return;
    *request_context = NULL;
    if (exchange->stage == STAGE_ARRIVING)
        count(&live_gauges(server->live)->requests_malformed);
    enter_phase(server, exchange->peer, PHASE_IDLE);
    pthread_mutex_lock(&server->lock);
    if (exchange->reply.status != REPLY_CLOSE && !exchange->is_queued) {
        note_unsent(server, exchange->reply.status);
        count(&live_gauges(server->live)->clients_gone);
    }
    if (exchange->peer != NULL)
        exchange->peer->exchange = NULL;
    free_contents(exchange);
    let_go(exchange);
    pthread_mutex_unlock(&server->lock);
}

static void note_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct server *server = context;
    struct rest_gauges *gauges = live_gauges(server->live);
    struct peer *peer = *socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        peer = calloc(1, sizeof *peer);
        if (peer == NULL || info == NULL) {
            free(peer);
            return;
        }
        peer->socket = info->connect_fd;
        peer->since_ns = pacer_clock_ns();
        *socket_context = peer;
        pthread_mutex_lock(&server->lock);
        peer->next = server->peers;
        if (peer->next != NULL)
            peer->next->previous = peer;
        server->peers = peer;
        pthread_mutex_unlock(&server->lock);
        __atomic_fetch_add(&gauges->connections_open, 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&gauges->connections_total, 1, __ATOMIC_RELAXED);
    } else if (peer != NULL) {
        pthread_mutex_lock(&server->lock);
        if (peer->previous == NULL)
            server->peers = peer->next;
        else
            peer->previous->next = peer->next;
        if (peer->next != NULL)
            peer->next->previous = peer->previous;
        pthread_mutex_unlock(&server->lock);
        free(peer);
        *socket_context = NULL;
        __atomic_fetch_sub(&gauges->connections_open, 1, __ATOMIC_RELAXED);
    }
}

static enum MHD_Result send_reply(struct exchange *exchange, struct reply *reply, bool is_last)
{
    if (reply->status == REPLY_CLOSE)
        return MHD_NO;
    struct MHD_Response *response;
    if (reply->fixed != NULL) {
        union {
            const char *constant;
            void *variable; /* it is not written to: PERSISTENT */
        } text = {.constant = reply->fixed};
        response = MHD_create_response_from_buffer(strlen(reply->fixed), text.variable,
                                                   MHD_RESPMEM_PERSISTENT);
    } else {
        size_t size_bytes = reply->size_bytes;
        char *body = reply_take_body(reply);
        response = MHD_create_response_from_buffer(
            size_bytes, body, body == NULL ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE);
    }
    if (response == NULL)
        return MHD_NO;
    struct answer_header fields;
    answer_list_header(&fields, reply);
    for (size_t i = 0; i < fields.fields_count; i++)
        MHD_add_response_header(response, fields.fields[i].name, fields.fields[i].value);
    if (is_last)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    exchange->is_queued = true;
    enter_phase(exchange->server, exchange->peer, PHASE_READING);
    enum MHD_Result result =
        MHD_queue_response(exchange->connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return result;
}

/* The rest of what comes over the connection is not looked at, because nobody knows what it is. */
static enum MHD_Result refuse(struct exchange *exchange, int status, const char *code,
                              const char *detail)
{
    struct reply reply = {0};
    reply_problem(&reply, status, code, "%s", detail);
    count(&live_gauges(exchange->server->live)->corrections[status]);
    enum MHD_Result result = send_reply(exchange, &reply, true);
    reply_reset(&reply);
    return result;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* The request is whole: hand it on. */
static enum MHD_Result handle(struct exchange *exchange, const char *method)
{
    struct server *server = exchange->server;
    struct MHD_Connection *connection = exchange->connection;
    const char *host = header(connection, MHD_HTTP_HEADER_HOST);
    char *path = framing_split_target(exchange->uri, &host);
    char *query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    const struct rest_request request = {
        .method = method,
        .path = path,
        .query = query,
        .host = host,
        .origin = header(connection, "Origin"),
        .authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION),
        .content_type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE),
        .content_encoding = header(connection, MHD_HTTP_HEADER_CONTENT_ENCODING),
        .idempotency_key = header(connection, "Idempotency-Key"),
        .prefer = header(connection, "Prefer"),
        .fetch_site = header(connection, "Sec-Fetch-Site"),
        .body = exchange->body == NULL ? "" : exchange->body,
        .size_bytes = exchange->size_bytes,
        .waiter = exchange,
    };
    struct reply reply = {0};
    exchange->stage = STAGE_WAITING;
    exchange->holders_count++; /* nobody else knows of it yet */
    bool is_now = live_handle(server->live, &request, &reply);
    pthread_mutex_lock(&server->lock);
    if (is_now)
        let_go(exchange);
    bool is_later = !is_now && exchange->stage != STAGE_ANSWERED;
    if (is_later) {
        exchange->is_suspended = true;
        MHD_suspend_connection(connection);
    }
    pthread_mutex_unlock(&server->lock);
    if (is_later)
        return MHD_YES;
    enum MHD_Result result = send_reply(exchange, is_now ? &reply : &exchange->reply, false);
    reply_reset(&reply);
    return result;
}

/* Keep a piece of the body. False: no memory. */
static bool keep_body(struct exchange *exchange, const char *bytes, size_t size_bytes)
{
    exchange->seen_bytes += size_bytes;
    if (exchange->seen_bytes > REST_BODY_MAX_BYTES)
        return exchange->seen_bytes <= DRAIN_MAX_BYTES;
    if (exchange->size_bytes + size_bytes > exchange->room_bytes) {
        size_t room_bytes = exchange->room_bytes == 0 ? 512 : exchange->room_bytes * 2;
        while (room_bytes < exchange->size_bytes + size_bytes)
            room_bytes *= 2;
        char *wider = realloc(exchange->body, room_bytes);
        if (wider == NULL)
            return false;
        exchange->body = wider;
        exchange->room_bytes = room_bytes;
    }
    memcpy(exchange->body + exchange->size_bytes, bytes, size_bytes);
    exchange->size_bytes += size_bytes;
    return true;
}

static bool is_announced_too_long(struct MHD_Connection *connection)
{
    const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length != NULL && strtoull(length, NULL, 10) > REST_BODY_MAX_BYTES;
}

static const char too_large[] = "a body has at most 65536 bytes";

/* The header has come, and not the body. */
static enum MHD_Result look_at_header(struct exchange *exchange, const char *method,
                                      const char *version)
{
    exchange->is_headed = true;
    exchange->is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    exchange->is_version_1_1 = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
    if (exchange->uri == NULL)
        return refuse(exchange, 414, "too-large", "the address is too long");
    const struct framing_line line = {
        .method = method, .version = version, .uri_at = exchange->uri_at, .uri = exchange->uri};
    const char *problem = framing_problem(exchange->connection, &line);
    if (problem != NULL)
        return refuse(exchange, 400, "bad-request", problem);
    if (is_announced_too_long(exchange->connection))
        return refuse(exchange, 413, "too-large", too_large);
    return MHD_YES;
}

/* Called when the header has come, with each piece of the body, at its end, and when a suspended
 * connection goes on. */
static enum MHD_Result serve(void *context, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_bytes, void **request_context)
{
    (void)context;
    (void)connection;
    (void)url;
    struct exchange *exchange = *request_context;
    if (exchange == NULL)
        return MHD_NO;
    if (!exchange->is_headed)
        return look_at_header(exchange, method, version);
    if (*upload_bytes > 0) {
        size_t size_bytes = *upload_bytes;
        *upload_bytes = 0;
        return keep_body(exchange, upload, size_bytes) ? MHD_YES : MHD_NO;
    }
    if (exchange->stage == STAGE_ANSWERED)
        return send_reply(exchange, &exchange->reply, false);
    if (exchange->stage == STAGE_WAITING)
        return MHD_YES;
    if (!enter_phase(exchange->server, exchange->peer, PHASE_WAITING))
        return MHD_NO; /* It was refused already, so it is not carried out. */
    if (exchange->seen_bytes > REST_BODY_MAX_BYTES)
        return refuse(exchange, 413, "too-large", too_large);
    return handle(exchange, method);
}

/* Has a client left between two requests? libmicrohttpd overlooks one that did so while he was
 * answered. */
static bool is_left(const struct peer *peer, int64_t now_ns)
{
    struct pollfd state = {.fd = peer->socket, .events = POLLRDHUP};
    return peer->phase == PHASE_IDLE && now_ns - peer->since_ns >= UNITS_S &&
           poll(&state, 1, 0) > 0;
}

/* Cut a connection that drips, that does not take its answer, or that says nothing. */
static void cut_slow(struct server *server, struct peer *peer, int64_t now_ns)
{
    static const int patience_s[] = {[PHASE_ARRIVING] = SERVER_REQUEST_PATIENCE_S,
                                     [PHASE_READING] = SERVER_ANSWER_PATIENCE_S,
                                     [PHASE_IDLE] = SERVER_IDLE_PATIENCE_S};
    if (peer->phase == PHASE_WAITING || peer->is_cut ||
        (now_ns - peer->since_ns < patience_s[peer->phase] * UNITS_S && !is_left(peer, now_ns)))
        return;
    struct rest_gauges *gauges = live_gauges(server->live);
    if (peer->phase == PHASE_ARRIVING) {
        count(&gauges->requests_too_slow);
        cut(server, peer, 408, "too-slow", "the request took too long to arrive");
        return;
    }
    if (peer->phase == PHASE_READING)
        count(&gauges->answers_too_slow);
    end_connection(peer);
}

/* Free the connection of a client that has gone while it was to wait. The world goes on with its
 * request, and its answer finds nobody.
 *
 * A client that has closed looks like one that only says that it will send nothing more, which is
 * legal; so that one is sent an interim answer (RFC 9110, 15.2), which every client skips, and
 * which the system of one that has gone rejects. */
static void leave_absent(struct server *server, struct peer *peer, int64_t now_ns)
{
    static const char probe[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct exchange *exchange = peer->exchange;
    short state = exchange == NULL ? 0 : poll_client(exchange);
    if (state == 0)
        return;
    if ((state & (POLLHUP | POLLERR)) != 0) {
        abandon(server, exchange);
    } else if (exchange->is_version_1_1 &&
               now_ns - peer->probed_at_ns >= SERVER_PROBE_S * UNITS_S) {
        ssize_t written = send(peer->socket, probe, sizeof probe - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        /* If there is no room for it, something is to be read first. */
        peer->probed_at_ns = now_ns;
        if (written > 0 && (size_t)written < sizeof probe - 1) { /* What follows makes no sense. */
            end_connection(peer);
            abandon(server, exchange);
        }
    }
}

static void *watch(void *context)
{
    struct server *server = context;
    pthread_mutex_lock(&server->lock);
    while (!server->is_ending) {
        int64_t now_ns = pacer_clock_ns();
        for (struct peer *peer = server->peers; peer != NULL; peer = peer->next) {
            cut_slow(server, peer, now_ns);
            leave_absent(server, peer, now_ns);
        }
        int64_t next_ns = now_ns + 500 * UNITS_MS;
        const struct timespec until = {.tv_sec = next_ns / UNITS_S, .tv_nsec = next_ns % UNITS_S};
        pthread_cond_timedwait(&server->ended, &server->lock, &until);
    }
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

bool server_start(struct server *server, struct live *live, int socket, struct error *error)
{
    server->live = live;
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL,
        serve, server, MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_URI_LOG_CALLBACK,
        begin_exchange, server, MHD_OPTION_NOTIFY_COMPLETED, end_exchange, server,
        MHD_OPTION_NOTIFY_CONNECTION, note_connection, server, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)SERVER_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(SERVER_IDLE_PATIENCE_S + 5), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)SERVER_MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (server->daemon == NULL)
        return error_set(error, ERROR_IO, "libmicrohttpd does not start");
    int problem = pthread_create(&server->watch, NULL, watch, server);
    if (problem == 0)
        return true;
    MHD_quiesce_daemon(server->daemon); /* The socket stays open: it is still the caller's. */
    MHD_stop_daemon(server->daemon);
    return error_set(error, ERROR_IO, "cannot start a thread: %s", strerror(problem));
}

void server_stop(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    server->is_ending = true;
    pthread_cond_signal(&server->ended);
    pthread_mutex_unlock(&server->lock);
    pthread_join(server->watch, NULL);
    MHD_stop_daemon(server->daemon);
    pthread_cond_destroy(&server->ended);
    pthread_mutex_destroy(&server->lock);
}
