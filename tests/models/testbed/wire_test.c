/* The two ends of a drive, against each other and against raw sockets: a webhook is answered when
 * its receiver says so, a request is sent exactly once, and what was not sent is told apart from
 * what may have been carried out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "models/testbed/client.h"
#include "models/testbed/receiver.h"

#define SECRET "0123456789abcdef0123456789abcdef"

enum { ANSWERS_MAX = 300, TURNS_MAX = 2000 };

struct ends {
    struct arena *arena;
    struct receiver *receiver;
    struct client *client;
    struct receiver_post *posts[ANSWERS_MAX];
    uint32_t posts_count, answers_count;
    int statuses[ANSWERS_MAX];
    bool were_never_sent[ANSWERS_MAX];
    char body[512];
};

static void take_post(void *context, struct receiver_post *post, const char *body,
                      size_t size_bytes)
{
    struct ends *ends = context;
    assert_true(ends->posts_count < ANSWERS_MAX);
    ends->posts[ends->posts_count++] = post;
    snprintf(ends->body, sizeof ends->body, "%.*s", (int)size_bytes, body);
}

static void take_answer(void *context, const struct client_tag *tag,
                        const struct dialect_answer *answer)
{
    struct ends *ends = context;
    assert_true(tag->workflow < ANSWERS_MAX);
    ends->statuses[tag->workflow] = answer->status;
    ends->were_never_sent[tag->workflow] = answer->was_never_sent;
    ends->answers_count++;
}

static struct ends *begin(const char *url, int64_t timeout_ms)
{
    struct arena *arena = arena_create("test", 0);
    struct ends *ends = arena_take(arena, sizeof *ends);
    struct error error = {0};
    ends->arena = arena;
    if (!receiver_create(&ends->receiver, arena, "127.0.0.1:0", SECRET, &error))
        fail_msg("%s", error.message);
    const struct client_settings settings = {.url =
                                                 url != NULL ? url : receiver_base(ends->receiver),
                                             .connections_max = 100,
                                             .timeout_ms = timeout_ms};
    if (!client_create(&ends->client, arena, &settings, &error))
        fail_msg("%s", error.message);
    return ends;
}

static void turn(struct ends *ends, int timeout_ms)
{
    int fd = receiver_fd(ends->receiver);
    client_wait(ends->client, &fd, 1, timeout_ms);
    client_work(ends->client, take_answer, ends);
    receiver_work(ends->receiver, take_post, ends);
}

static void turn_until(struct ends *ends, const uint32_t *count, uint32_t wanted)
{
    for (int i = 0; i < TURNS_MAX && *count < wanted; i++)
        turn(ends, 10);
    assert_int_equal(*count, wanted);
}

static void send_to(struct ends *ends, uint32_t number, const char *method, const char *path,
                    const char *body)
{
    struct dialect_request request = {.method = method};
    snprintf(request.path, sizeof request.path, "%s", path);
    snprintf(request.body, sizeof request.body, "%s", body);
    client_send(ends->client, &request, &(struct client_tag){.workflow = number});
}

static void test_a_webhook_waits_for_its_answer(void **state)
{
    struct ends *ends = begin(NULL, 10000);
    (void)state;
    assert_string_equal(receiver_path(ends->receiver), "/callbacks/" SECRET);
    send_to(ends, 0, "POST", receiver_path(ends->receiver), "{\"a\":1}");
    turn_until(ends, &ends->posts_count, 1);
    assert_string_equal(ends->body, "{\"a\":1}");
    for (int i = 0; i < 20; i++)
        turn(ends, 5);
    assert_int_equal(ends->answers_count, 0);
    receiver_answer(ends->receiver, ends->posts[0], 204);
    turn_until(ends, &ends->answers_count, 1);
    assert_int_equal(ends->statuses[0], 204);
    arena_destroy(ends->arena);
}

static void test_nothing_else_is_taken(void **state)
{
    struct ends *ends = begin(NULL, 10000);
    (void)state;
    send_to(ends, 0, "POST", "/callbacks/0123456789abcdef0123456789abcdee", "{}");
    send_to(ends, 1, "POST", "/callbacks/", "{}");
    send_to(ends, 2, "GET", receiver_path(ends->receiver), "");
    send_to(ends, 3, "DELETE", receiver_path(ends->receiver), "");
    turn_until(ends, &ends->answers_count, 4);
    assert_int_equal(ends->statuses[0], 404);
    assert_int_equal(ends->statuses[1], 404);
    assert_int_equal(ends->statuses[2], 405);
    assert_int_equal(ends->statuses[3], 405);
    assert_int_equal(ends->posts_count, 0);
    arena_destroy(ends->arena);
}

static int connect_to(const char *base)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(strrchr(base, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void test_a_large_body_is_refused(void **state)
{
    enum { SIZE_BYTES = RECEIVER_BODY_MAX_BYTES + 1 };
    struct ends *ends = begin(NULL, 10000);
    char head[200], answer[200] = "", piece[1000];
    (void)state;
    int fd = connect_to(receiver_base(ends->receiver));
    int length =
        snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
                 receiver_path(ends->receiver), (int)SIZE_BYTES);
    assert_int_equal(write(fd, head, (size_t)length), length);
    memset(piece, 'x', sizeof piece);
    for (int left = SIZE_BYTES; left > 0; left -= (int)sizeof piece) {
        size_t size_bytes = left < (int)sizeof piece ? (size_t)left : sizeof piece;
        assert_int_equal(write(fd, piece, size_bytes), size_bytes);
        turn(ends, 1);
    }
    for (int i = 0; i < 100 && answer[0] == '\0'; i++) {
        turn(ends, 5);
        ssize_t count = recv(fd, answer, sizeof answer - 1, MSG_DONTWAIT);
        if (count > 0)
            answer[count] = '\0';
    }
    assert_memory_equal(answer, "HTTP/1.1 413", 12);
    assert_int_equal(ends->posts_count, 0);
    close(fd);
    arena_destroy(ends->arena);
}

/* Both ends of the arena's life: a post that nobody has answered, and a request under way. */
static void test_the_end_leaves_nothing_open(void **state)
{
    struct ends *ends = begin(NULL, 10000);
    (void)state;
    send_to(ends, 0, "POST", receiver_path(ends->receiver), "{}");
    turn_until(ends, &ends->posts_count, 1);
    send_to(ends, 1, "POST", receiver_path(ends->receiver), "{}");
    arena_destroy(ends->arena);
}

static void test_many_at_once(void **state)
{
    struct ends *ends = begin(NULL, 20000);
    (void)state;
    for (uint32_t i = 0; i < ANSWERS_MAX; i++)
        send_to(ends, i, "POST", receiver_path(ends->receiver), "{}");
    uint32_t answered = 0;
    for (int i = 0; i < TURNS_MAX && ends->answers_count < ANSWERS_MAX; i++) {
        turn(ends, 10);
        for (; answered < ends->posts_count; answered++)
            receiver_answer(ends->receiver, ends->posts[answered], 204);
    }
    for (uint32_t i = 0; i < ANSWERS_MAX; i++)
        assert_int_equal(ends->statuses[i], 204);
    arena_destroy(ends->arena);
}

/* A port that somebody listens at, and its URL. */
static int listen_anywhere(char url[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, 64, "http://127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

static void test_nobody_there_is_never_sent(void **state)
{
    char url[64];
    close(listen_anywhere(url));
    struct ends *ends = begin(url, 5000);
    (void)state;
    send_to(ends, 0, "POST", "/v1/sddcs/0/network", "");
    turn_until(ends, &ends->answers_count, 1);
    assert_int_equal(ends->statuses[0], 0);
    assert_true(ends->were_never_sent[0]);
    arena_destroy(ends->arena);
}

/* A service that takes a request and closes the connection may have carried it out. Nothing may
 * send it again behind the engine's back, also where there was an answer on an earlier one. */
static void test_a_closed_connection_is_not_repeated(void **state)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    char url[64], request[2000];
    int listener = listen_anywhere(url), connections = 0, requests = 0, last = -1;
    struct ends *ends = begin(url, 5000);
    (void)state;
    send_to(ends, 0, "POST", "/v1/sddcs/0/network", "");
    for (int i = 0; i < TURNS_MAX && ends->answers_count < 2; i++) {
        turn(ends, 5);
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0) {
            last = fd;
            connections++;
        }
        if (last < 0 || recv(last, request, sizeof request, MSG_DONTWAIT) <= 0)
            continue;
        requests++;
        if (requests > 1) {
            close(last);
            last = -1;
            continue;
        }
        assert_int_equal(write(last, answer, sizeof answer - 1), sizeof answer - 1);
        send_to(ends, 1, "POST", "/v1/sddcs/1/network", "");
    }
    assert_int_equal(ends->answers_count, 2);
    assert_int_equal(ends->statuses[0], 503);
    assert_int_equal(ends->statuses[1], 0);
    assert_false(ends->were_never_sent[1]);
    assert_int_equal(requests, 2);
    assert_int_equal(connections, 2);
    close(listener);
    arena_destroy(ends->arena);
}

static void test_silence_ends(void **state)
{
    char url[64];
    int listener = listen_anywhere(url);
    struct ends *ends = begin(url, 200);
    (void)state;
    send_to(ends, 0, "POST", "/v1/sddcs/0/network", "");
    turn_until(ends, &ends->answers_count, 1);
    assert_int_equal(ends->statuses[0], 0);
    assert_false(ends->were_never_sent[0]);
    close(listener);
    arena_destroy(ends->arena);
}

static void test_addresses(void **state)
{
    static const char *const bad[] = {"",
                                      "8080",
                                      ":80",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:x",
                                      "127.0.0.1:65536",
                                      "localhost:80",
                                      "[::1:80",
                                      "::1:80"};
    struct arena *arena = arena_create("test", 0);
    struct receiver *receiver;
    struct error error;
    char secret[RECEIVER_SECRET_SIZE_BYTES], other[RECEIVER_SECRET_SIZE_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(receiver_create(&receiver, arena, bad[i], SECRET, &error));
        assert_int_equal(error.code, ERROR_USAGE);
    }
    assert_true(receiver_draw_secret(secret, &error));
    assert_true(receiver_draw_secret(other, &error));
    assert_int_equal(strlen(secret), RECEIVER_SECRET_SIZE_BYTES - 1);
    assert_string_not_equal(secret, other);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_webhook_waits_for_its_answer),
        cmocka_unit_test(test_nothing_else_is_taken),
        cmocka_unit_test(test_a_large_body_is_refused),
        cmocka_unit_test(test_the_end_leaves_nothing_open),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_nobody_there_is_never_sent),
        cmocka_unit_test(test_a_closed_connection_is_not_repeated),
        cmocka_unit_test(test_silence_ends),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
