/* Where webhooks arrive, and whoever else knocks: who sends too slowly, too much, or to the wrong
 * place is turned away and counted, and nobody else waits for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "models/testbed/pacer.h"
#include "models/testbed/receiver.h"
#include "sim/base/units.h"

#define SECRET  "0123456789abcdef0123456789abcdef"
#define REQUEST "POST /callbacks/" SECRET " HTTP/1.1\r\nHost: x\r\n"

struct desk {
    struct arena *arena;
    struct receiver *receiver;
    struct receiver_post *post;
    char body[100];
};

static void take(void *context, struct receiver_post *post, const char *body, size_t size_bytes)
{
    struct desk *desk = context;
    desk->post = post;
    snprintf(desk->body, sizeof desk->body, "%.*s", (int)size_bytes, body);
}

static int enter(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    struct error error;
    if (desk == NULL)
        return -1;
    desk->arena = arena_create("test", 0);
    *state = desk;
    return receiver_create(&desk->receiver, desk->arena, "127.0.0.1:0", SECRET, &error) ? 0 : -1;
}

static int leave(void **state)
{
    struct desk *desk = *state;
    arena_destroy(desk->arena);
    free(desk);
    return 0;
}

static void turn(struct desk *desk)
{
    for (int i = 0; i < 5; i++) {
        struct pollfd wait = {.fd = receiver_fd(desk->receiver), .events = POLLIN};
        poll(&wait, 1, 10);
        receiver_work(desk->receiver, take, desk);
    }
}

static int knock(struct desk *desk, const char *text)
{
    const char *base = receiver_base(desk->receiver);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(strrchr(base, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    turn(desk);
    return fd;
}

/* What has come back: "408" and the like; "-": nothing, and it is open; "": it is closed. */
static const char *answer(int fd, char text[16])
{
    ssize_t count = recv(fd, text, 12, MSG_DONTWAIT);
    text[count > 0 ? count : 0] = '\0';
    return count == 12 ? text + 9 : count == 0 ? "" : "-";
}

static void test_who_drips_is_cut_and_nobody_else(void **state)
{
    struct desk *desk = *state;
    char text[16];
    int head = knock(desk, "POST /callbacks/");
    int body = knock(desk, REQUEST "Content-Length: 100\r\n\r\n{");
    int whole = knock(desk, REQUEST "Content-Length: 2\r\n\r\n{}");
    assert_non_null(desk->post);
    int64_t now_ns = pacer_clock_ns();
    receiver_cut(desk->receiver, now_ns + UNITS_S);
    assert_string_equal(answer(head, text), "-");
    assert_string_equal(answer(body, text), "-");
    /* Something comes again and again, and is no reason to wait on. */
    assert_int_equal(write(body, "x", 1), 1);
    turn(desk);
    receiver_cut(desk->receiver, now_ns + RECEIVER_TIMEOUT_S * UNITS_S);
    turn(desk);
    assert_string_equal(answer(head, text), "408");
    assert_string_equal(answer(body, text), "408");
    assert_int_equal(receiver_refusals(desk->receiver).too_slow_count, 2);
    /* A webhook that waits for us is not slow. */
    assert_string_equal(answer(whole, text), "-");
    receiver_answer(desk->receiver, desk->post, 204);
    turn(desk);
    assert_string_equal(answer(whole, text), "204");
    assert_int_equal(receiver_refusals(desk->receiver).too_slow_count, 2);
    close(head);
    close(body);
    close(whole);
}

static void test_each_request_of_a_connection_has_its_own_time(void **state)
{
    struct desk *desk = *state;
    char text[256];
    int fd = knock(desk, REQUEST "Content-Length: 2\r\n\r\n{}");
    int64_t now_ns = pacer_clock_ns();
    receiver_answer(desk->receiver, desk->post, 204);
    turn(desk);
    assert_true(recv(fd, text, sizeof text, MSG_DONTWAIT) > 0);
    usleep(20000);
    assert_int_equal(write(fd, REQUEST "Content-Length: 3\r\n\r\n{ ", strlen(REQUEST) + 23),
                     (ssize_t)strlen(REQUEST) + 23);
    turn(desk);
    receiver_cut(desk->receiver, now_ns + RECEIVER_TIMEOUT_S * UNITS_S);
    assert_int_equal(write(fd, "}", 1), 1);
    turn(desk);
    assert_string_equal(desk->body, "{ }");
    receiver_answer(desk->receiver, desk->post, 204);
    turn(desk);
    assert_string_equal(answer(fd, text), "204");
    close(fd);
}

static void test_what_is_refused_is_counted(void **state)
{
    struct desk *desk = *state;
    char text[16], large[RECEIVER_BODY_MAX_BYTES + 300];
    int length = snprintf(large, sizeof large, REQUEST "Content-Length: %d\r\n\r\n",
                          (int)RECEIVER_BODY_MAX_BYTES + 1);
    memset(large + length, 'x', RECEIVER_BODY_MAX_BYTES + 1);
    large[length + RECEIVER_BODY_MAX_BYTES + 1] = '\0';
    int elsewhere =
        knock(desk, "POST /callbacks/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    int read = knock(desk, "GET /callbacks/" SECRET " HTTP/1.1\r\nHost: x\r\n\r\n");
    int much = knock(desk, large);
    turn(desk);
    assert_string_equal(answer(elsewhere, text), "404");
    assert_string_equal(answer(read, text), "405");
    assert_string_equal(answer(much, text), "413");
    struct receiver_refusals refusals = receiver_refusals(desk->receiver);
    assert_int_equal(refusals.misdirected_count, 2);
    assert_int_equal(refusals.too_large_count, 1);
    assert_int_equal(refusals.too_slow_count, 0);
    assert_null(desk->post);
    close(elsewhere);
    close(read);
    close(much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_drips_is_cut_and_nobody_else, enter, leave),
        cmocka_unit_test_setup_teardown(test_each_request_of_a_connection_has_its_own_time, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(test_what_is_refused_is_counted, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
