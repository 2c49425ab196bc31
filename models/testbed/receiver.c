#include "models/testbed/receiver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "models/testbed/pacer.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

/* A connection. It is in the ring of those that are watched, by the time since when, unless its
 * webhook waits for an answer of ours. */
struct guest {
    struct guest *next, *previous;
    int64_t since_ns; /* of the machine's clock */
    int fd;
    bool is_waiting;
};

/* A webhook: while its body comes, while it waits for its answer, and until that has left. */
struct receiver_post {
    struct receiver_post *next, *previous; /* the ring of those that wait */
    struct MHD_Connection *connection;
    struct guest *guest;
    int status; /* 0: none yet */
    bool is_waiting;
    size_t size_bytes;
    char body[RECEIVER_BODY_MAX_BYTES];
};

struct receiver {
    struct MHD_Daemon *daemon;
    struct receiver_post waiting;
    struct guest guests; /* the ring of connections that are watched */
    struct receiver_refusals refusals;
    char path[16 + RECEIVER_SECRET_SIZE_BYTES];
    char base[96];
    int fd;
    /* While receiver_work runs. */
    void (*posted)(void *context, struct receiver_post *post, const char *body, size_t size_bytes);
    void *context;
};

bool receiver_draw_secret(char secret[RECEIVER_SECRET_SIZE_BYTES], struct error *error)
{
    unsigned char bytes[(RECEIVER_SECRET_SIZE_BYTES - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return error_set(error, ERROR_IO, "the system gives no random numbers: %s",
                         strerror(errno));
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(secret + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

static enum MHD_Result say(struct MHD_Connection *connection, int status)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

/* Watch a connection from now on. */
static void watch(struct receiver *receiver, struct guest *guest)
{
    guest->since_ns = pacer_clock_ns();
    guest->previous = receiver->guests.previous;
    guest->next = &receiver->guests;
    guest->previous->next = guest->next->previous = guest;
}

static void unwatch(struct guest *guest)
{
    guest->previous->next = guest->next;
    guest->next->previous = guest->previous;
}

static struct guest *guest_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static void greet(void *context, struct MHD_Connection *connection, void **own,
                  enum MHD_ConnectionNotificationCode what)
{
    struct receiver *receiver = context;
    struct guest *guest = *own;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED && guest != NULL) {
        if (!guest->is_waiting)
            unwatch(guest);
        free(guest);
        *own = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (what != MHD_CONNECTION_NOTIFY_STARTED || info == NULL)
        return;
    guest = calloc(1, sizeof *guest);
    if (guest == NULL)
        check_limit("no memory for a connection");
    guest->fd = info->connect_fd;
    watch(receiver, guest);
    *own = guest;
}

static void wait_for_answer(struct receiver *receiver, struct receiver_post *post)
{
    post->previous = receiver->waiting.previous;
    post->next = &receiver->waiting;
    post->previous->next = post->next->previous = post;
    post->is_waiting = true;
    unwatch(post->guest);
    post->guest->is_waiting = true;
    MHD_suspend_connection(post->connection);
    receiver->posted(receiver->context, post, post->body, post->size_bytes);
}

static enum MHD_Result begin_post(struct receiver *receiver, struct MHD_Connection *connection,
                                  const char *url, const char *method, void **own)
{
    bool is_here = strcmp(url, receiver->path) == 0;
    if (!is_here || strcmp(method, MHD_HTTP_METHOD_POST) != 0) {
        receiver->refusals.misdirected_count++;
        return say(connection, is_here ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND);
    }
    struct guest *guest = guest_of(connection);
    struct receiver_post *post = guest != NULL ? calloc(1, sizeof *post) : NULL;
    if (post == NULL)
        return MHD_NO;
    post->connection = connection;
    post->guest = guest;
    *own = post;
    return MHD_YES;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **own)
{
    struct receiver *receiver = context;
    struct receiver_post *post = *own;
    (void)version;
    if (post == NULL)
        return begin_post(receiver, connection, url, method, own);
    if (*data_size > 0) {
        size_t room = sizeof post->body - post->size_bytes;
        if (*data_size > room && post->status == 0) {
            post->status = MHD_HTTP_CONTENT_TOO_LARGE;
            receiver->refusals.too_large_count++;
        }
        if (post->status != 0)
            room = 0; /* What comes after the first piece that is too much is none of the body. */
        if (*data_size <= room)
            memcpy(post->body + post->size_bytes, data, *data_size);
        post->size_bytes += *data_size > room ? 0 : *data_size;
        *data_size = 0;
        return MHD_YES;
    }
    if (post->status == 0 && receiver->posted != NULL) {
        wait_for_answer(receiver, post);
        return MHD_YES;
    }
    return say(connection, post->status != 0 ? post->status : MHD_HTTP_SERVICE_UNAVAILABLE);
}

static void forget(void *context, struct MHD_Connection *connection, void **own,
                   enum MHD_RequestTerminationCode why)
{
    struct receiver *receiver = context;
    struct guest *guest = guest_of(connection);
    (void)why;
    if (guest != NULL && !guest->is_waiting) {
        unwatch(guest);
        watch(receiver, guest); /* The next request has its own time. */
    }
    free(*own);
    *own = NULL;
}

static void quiet(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

static void end_receiver(void *context)
{
    struct receiver *receiver = context;
    if (receiver->daemon == NULL)
        return;
    while (receiver->waiting.next != &receiver->waiting)
        receiver_answer(receiver, receiver->waiting.next, MHD_HTTP_SERVICE_UNAVAILABLE);
    receiver->posted = NULL;
    MHD_run(receiver->daemon);
    MHD_stop_daemon(receiver->daemon);
}

/* "127.0.0.1:80", "[::1]:80". */
static bool parse_address(struct sockaddr_storage *address, socklen_t *size, const char *text)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    char *end;
    if (colon == NULL || colon == text || (size_t)(colon - text) >= sizeof host)
        return false;
    unsigned long port = strtoul(colon + 1, &end, 10);
    bool is_six = *text == '[' && colon[-1] == ']';
    size_t length = (size_t)(colon - text) - (is_six ? 2 : 0);
    memcpy(host, text + is_six, length);
    host[length] = '\0';
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port > 65535)
        return false;
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
    memset(address, 0, sizeof *address);
    *size = is_six ? sizeof *six : sizeof *four;
    if (is_six) {
        *six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        return inet_pton(AF_INET6, host, &six->sin6_addr) == 1;
    }
    *four = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, host, &four->sin_addr) == 1;
}

/* A socket that listens, and what it is called from outside. */
static int listen_at(struct receiver *receiver, const char *text, struct error *error)
{
    struct sockaddr_storage address;
    socklen_t size;
    int on = 1;
    if (!parse_address(&address, &size, text)) {
        error_set(error, ERROR_USAGE,
                  "\"%s\" is no address to listen at; expected 127.0.0.1:0, [::1]:8081 or the like",
                  text);
        return -1;
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        error_set(error, ERROR_IO, "cannot listen at %s: %s", text, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    uint16_t port = address.ss_family == AF_INET6
                        ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port)
                        : ntohs(((struct sockaddr_in *)&address)->sin_port);
    snprintf(receiver->base, sizeof receiver->base, "http://%.*s:%u",
             (int)(strrchr(text, ':') - text), text, port);
    return fd;
}

bool receiver_create(struct receiver **out, struct arena *arena, const char *listen,
                     const char *secret, struct error *error)
{
    struct receiver *receiver = arena_take(arena, sizeof *receiver);
    receiver->waiting.next = receiver->waiting.previous = &receiver->waiting;
    receiver->guests.next = receiver->guests.previous = &receiver->guests;
    snprintf(receiver->path, sizeof receiver->path, "/callbacks/%s", secret);
    int fd = listen_at(receiver, listen, error);
    if (fd < 0)
        return false;
    receiver->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle,
        receiver, MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)RECEIVER_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)RECEIVER_SILENCE_S, MHD_OPTION_NOTIFY_COMPLETED,
        forget, receiver, MHD_OPTION_NOTIFY_CONNECTION, greet, receiver, MHD_OPTION_END);
    if (receiver->daemon == NULL) {
        close(fd);
        return error_set(error, ERROR_IO, "cannot receive webhooks at %s", listen);
    }
    arena_at_end(arena, end_receiver, receiver);
    receiver->fd = MHD_get_daemon_info(receiver->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    *out = receiver;
    return true;
}

const char *receiver_base(const struct receiver *receiver)
{
    return receiver->base;
}

const char *receiver_path(const struct receiver *receiver)
{
    return receiver->path;
}

int receiver_fd(const struct receiver *receiver)
{
    return receiver->fd;
}

int receiver_timeout_ms(const struct receiver *receiver)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    if (MHD_get_timeout(receiver->daemon, &timeout_ms) != MHD_YES)
        return -1;
    return timeout_ms > 60000 ? 60000 : (int)timeout_ms;
}

/* The library's own limit is about silence alone. */
void receiver_cut(struct receiver *receiver, int64_t real_ns)
{
    static const char words[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                                "Content-Length: 0\r\n\r\n";
    int64_t limit_ns = real_ns - RECEIVER_TIMEOUT_S * UNITS_S;
    while (receiver->guests.next != &receiver->guests &&
           receiver->guests.next->since_ns <= limit_ns) {
        struct guest *guest = receiver->guests.next;
        if (send(guest->fd, words, sizeof words - 1, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            receiver->refusals.too_slow_count++;
        shutdown(guest->fd, SHUT_RDWR);
        unwatch(guest);
        watch(receiver, guest);
        guest->since_ns = real_ns;
    }
}

void receiver_work(struct receiver *receiver,
                   void (*posted)(void *context, struct receiver_post *post, const char *body,
                                  size_t size_bytes),
                   void *context)
{
    receiver->posted = posted;
    receiver->context = context;
    receiver_cut(receiver, pacer_clock_ns());
    MHD_run(receiver->daemon);
    receiver->posted = NULL;
}

struct receiver_refusals receiver_refusals(const struct receiver *receiver)
{
    return receiver->refusals;
}

void receiver_answer(struct receiver *receiver, struct receiver_post *post, int status)
{
    CHECK(post->is_waiting);
    post->is_waiting = post->guest->is_waiting = false;
    watch(receiver, post->guest);
    post->status = status;
    post->previous->next = post->next;
    post->next->previous = post->previous;
    MHD_resume_connection(post->connection);
}
