/* Callbacks on their way, to receivers in this process and to names that this test resolves: one
 * client's trouble is its own, nothing leaves the machine, everything has an end. */
#include "models/testbed/webhook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>

#include "models/testbed/pacer.h"
#include "sim/base/units.h"

enum { NOTICES_ROOM_BYTES = 65536 };

/* For what has to come, and for what must not: a busy machine takes long. */
#define LONG_NS      (60 * UNITS_S)
#define VERY_LONG_NS (600 * UNITS_S)

struct bed {
    struct arena *arena;
    struct rest_gauges gauges;
    struct webhook *webhook;
    uint64_t deliveries_count;
};

/* Written by the thread of callbacks. */
static struct {
    pthread_mutex_t lock;
    uint32_t count;
    char text[NOTICES_ROOM_BYTES];
} notices = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note(const char *line)
{
    pthread_mutex_lock(&notices.lock);
    size_t length = strlen(notices.text);
    snprintf(notices.text + length, sizeof notices.text - length, "%s\n", line);
    notices.count++;
    pthread_mutex_unlock(&notices.lock);
}

static uint32_t notices_count(void)
{
    pthread_mutex_lock(&notices.lock);
    uint32_t count = notices.count;
    pthread_mutex_unlock(&notices.lock);
    return count;
}

static bool is_noticed(const char *text)
{
    pthread_mutex_lock(&notices.lock);
    bool is_there = strstr(notices.text, text) != NULL;
    pthread_mutex_unlock(&notices.lock);
    return is_there;
}

/* Names of this test: what they stand for. Everything else is the system's. */
typedef int resolve(const char *node, const char *port, const struct addrinfo *hints,
                    struct addrinfo **found);

static uint64_t is_hanging; /* somebody who asks for a name that is answered after too long */

int getaddrinfo(const char *restrict node, const char *restrict port,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    static const char *const names[][3] = {
        {"outside.test", "192.0.2.1", NULL}, {"any.test", "0.0.0.0", NULL},
        {"any6.test", "::", NULL},           {"link.test", "169.254.169.254", NULL},
        {"link6.test", "fe80::1%1", NULL},   {"mapped.test", "::ffff:192.0.2.1", NULL},
        {"here.test", "127.0.0.1", NULL},    {"both.test", "192.0.2.1", "127.0.0.1"},
    };
    resolve *real;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node != NULL && strcmp(node, "hangs.test") == 0) {
        __atomic_store_n(&is_hanging, 1, __ATOMIC_RELAXED);
        nanosleep(&(struct timespec){.tv_sec = LONG_NS / UNITS_S * 3 / 2}, NULL);
        return EAI_AGAIN;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (node == NULL || strcmp(names[i][0], node) != 0)
            continue;
        struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
        struct addrinfo *second = NULL;
        if (real(names[i][1], port, &wanted, found) != 0)
            return EAI_FAIL;
        if (names[i][2] != NULL && real(names[i][2], port, &wanted, &second) == 0)
            (*found)->ai_next = second;
        return 0;
    }
    return real(node, port, hints, found);
}

static struct bed *begin(const struct webhook_options *more)
{
    struct arena *arena = arena_create("test", 0);
    struct bed *bed = arena_take(arena, sizeof *bed);
    struct webhook_options options = *more;
    struct error error;
    notices.count = 0;
    notices.text[0] = '\0';
    bed->arena = arena;
    options.gauges = &bed->gauges;
    options.notice = note;
    bed->webhook = webhook_create(arena);
    assert_true(webhook_start(bed->webhook, &options, &error));
    return bed;
}

static int64_t end(struct bed *bed)
{
    int64_t start_ns = pacer_clock_ns();
    webhook_stop(bed->webhook);
    int64_t took_ns = pacer_clock_ns() - start_ns;
    arena_destroy(bed->arena);
    return took_ns;
}

static void deliver(struct bed *bed, const char *client, uint32_t count)
{
    struct rest_delivery delivery = {.number = 0};
    snprintf(delivery.client, sizeof delivery.client, "%s", client);
    for (uint32_t i = 0; i < count; i++) {
        delivery.number = ++bed->deliveries_count;
        snprintf(delivery.body, sizeof delivery.body, "{\"delivery\":%llu}",
                 (unsigned long long)delivery.number);
        webhook_deliver(bed->webhook, &delivery);
    }
}

static uint64_t read_gauge(const uint64_t *gauge)
{
    return __atomic_load_n(gauge, __ATOMIC_RELAXED);
}

static void nap_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void wait_for_at_least(const uint64_t *gauge, uint64_t count)
{
    int64_t start_ns = pacer_clock_ns();
    while (read_gauge(gauge) < count && pacer_clock_ns() - start_ns < LONG_NS)
        nap_ms(2);
    assert_true(read_gauge(gauge) >= count);
}

static void wait_for(const uint64_t *gauge, uint64_t count)
{
    wait_for_at_least(gauge, count);
    assert_int_equal(read_gauge(gauge), count);
}

/* Somebody who connects, and is never answered; or who finds the port closed. */
static int deaf_start(char url[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, 64, "http://127.0.0.1:%u/secret", ntohs(address.sin_port));
    return fd;
}

/* Somebody who takes callbacks, but the first ones, and takes a millisecond to refuse one. */
struct receiver {
    struct MHD_Daemon *daemon;
    char url[64];
    uint16_t port;
    int refusals_count;
};

static enum MHD_Result receive(void *context, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_bytes, void **request)
{
    const struct receiver *receiver = context;
    (void)url, (void)method, (void)version;
    if (*request == NULL) {
        *request = (void *)-1; /* no number yet */
        return MHD_YES;
    }
    if (*upload_bytes > 0) {
        char body[64];
        snprintf(body, sizeof body, "%.*s", (int)*upload_bytes, upload);
        *request = (void *)(intptr_t)atoi(strrchr(body, ':') + 1);
        *upload_bytes = 0;
        return MHD_YES;
    }
    bool is_refused = (intptr_t)*request <= receiver->refusals_count;
    if (is_refused)
        nap_ms(1);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, is_refused ? 500 : 204, response);
    MHD_destroy_response(response);
    return result;
}

static void receiver_start(struct receiver *receiver, int refusals_count)
{
    *receiver = (struct receiver){.refusals_count = refusals_count};
    receiver->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, receive,
                                        receiver, MHD_OPTION_END);
    assert_non_null(receiver->daemon);
    receiver->port = MHD_get_daemon_info(receiver->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    snprintf(receiver->url, sizeof receiver->url, "http://127.0.0.1:%u/hook", receiver->port);
}

/* A receiver that never answers holds 32 POSTs for as long as each may take; nobody else waits for
 * that, nor does the end. */
static void test_hanging_client_harms_nobody(void **state)
{
    (void)state;
    struct bed *bed = begin(&(struct webhook_options){.answer_patience_ns = VERY_LONG_NS});
    struct receiver receiver;
    char url[64];
    int deaf = deaf_start(url);
    receiver_start(&receiver, 0);
    assert_true(webhook_register(bed->webhook, "deaf", url));
    assert_true(webhook_register(bed->webhook, "well", receiver.url));
    deliver(bed, "deaf", 5000);
    nap_ms(100);
    deliver(bed, "well", 200);
    wait_for(&bed->gauges.deliveries_done, 200);
    assert_int_equal(read_gauge(&bed->gauges.deliveries_failed), 0);
    assert_int_equal(read_gauge(&bed->gauges.deliveries_queued), 5000);
    assert_true(end(bed) < LONG_NS);
    assert_true(is_noticed("5000 callbacks were not taken"));
    MHD_stop_daemon(receiver.daemon);
    close(deaf);
}

/* What is refused again and again, and takes all the time of its receiver, does not hold up what
 * comes after it. */
static void test_fresh_before_late(void **state)
{
    (void)state;
    struct bed *bed = begin(&(struct webhook_options){.patience_ns = 0});
    struct receiver receiver;
    receiver_start(&receiver, 1500);
    assert_true(webhook_register(bed->webhook, "busy", receiver.url));
    deliver(bed, "busy", 1500);
    wait_for_at_least(&bed->gauges.deliveries_failed, 1500);
    deliver(bed, "busy", 20);
    wait_for(&bed->gauges.deliveries_done, 20);
    assert_int_equal(read_gauge(&bed->gauges.deliveries_queued), 1500);
    end(bed);
    MHD_stop_daemon(receiver.daemon);
}

/* Who comes back gets what waits, also what is under way to where nobody answers. */
static void test_moved_client_gets_all_at_once(void **state)
{
    (void)state;
    struct bed *bed = begin(&(struct webhook_options){.answer_patience_ns = VERY_LONG_NS});
    struct receiver receiver;
    char url[64];
    int deaf = deaf_start(url);
    receiver_start(&receiver, 0);
    assert_true(webhook_register(bed->webhook, "moves", url));
    deliver(bed, "moves", 100);
    nap_ms(100);
    assert_true(webhook_register(bed->webhook, "moves", receiver.url));
    wait_for(&bed->gauges.deliveries_done, 100);
    end(bed);
    MHD_stop_daemon(receiver.daemon);
    close(deaf);
}

/* A closed port is asked less and less often, whatever waits for it. */
static void test_silent_client_is_left_alone(void **state)
{
    (void)state;
    struct bed *bed = begin(&(struct webhook_options){.patience_ns = 0});
    struct receiver receiver;
    char url[64];
    close(deaf_start(url));
    receiver_start(&receiver, 0);
    assert_true(webhook_register(bed->webhook, "silent", url));
    int64_t start_ns = pacer_clock_ns();
    deliver(bed, "silent", 1000);
    nap_ms(900);
    wait_for_at_least(&bed->gauges.deliveries_failed, 1);
    uint64_t tries_count = read_gauge(&bed->gauges.deliveries_failed);
    int64_t pauses_count =
        (pacer_clock_ns() - start_ns) / UNITS_S; /* all but the first take that */
    assert_in_range(tries_count, 1, WEBHOOK_AT_ONCE + 20 + (uint64_t)pauses_count);
    assert_true(webhook_register(bed->webhook, "silent", receiver.url));
    wait_for(&bed->gauges.deliveries_done, 1000);
    end(bed);
    MHD_stop_daemon(receiver.daemon);
}

static void test_patience_ends(void **state)
{
    (void)state;
    struct bed *bed = begin(&(struct webhook_options){.patience_ns = 300 * UNITS_MS});
    char url[64];
    close(deaf_start(url));
    assert_true(webhook_register(bed->webhook, "silent", url));
    deliver(bed, "silent", 100);
    wait_for(&bed->gauges.deliveries_given_up[REST_GIVEN_UP_OLD], 100);
    assert_int_equal(read_gauge(&bed->gauges.deliveries_queued), 0);
    assert_int_equal(notices_count(), 1);
    assert_true(is_noticed("client \"silent\" at http://127.0.0.1:"));
    assert_true(is_noticed("within ten minutes"));
    assert_false(is_noticed("secret"));
    end(bed);
}

/* One that takes nothing leaves half of the queue to the others. */
static void test_full_queue(void **state)
{
    (void)state;
    struct bed *bed =
        begin(&(struct webhook_options){.queue_max = 100, .answer_patience_ns = VERY_LONG_NS});
    struct receiver receiver;
    char url[64];
    int deaf = deaf_start(url);
    uint64_t *full = &bed->gauges.deliveries_given_up[REST_GIVEN_UP_FULL];
    receiver_start(&receiver, 0);
    assert_true(webhook_register(bed->webhook, "deaf", url));
    assert_true(webhook_register(bed->webhook, "well", receiver.url));
    deliver(bed, "deaf", 80);
    assert_int_equal(read_gauge(full), 30);
    deliver(bed, "well", 20);
    wait_for(&bed->gauges.deliveries_done, 20);
    assert_int_equal(read_gauge(full), 30);
    assert_int_equal(notices_count(), 1);
    assert_true(is_noticed("client \"deaf\""));
    end(bed);
    MHD_stop_daemon(receiver.daemon);
    close(deaf);
}

/* What counts is the address that is connected to. There is no second try, and one notice. */
static void test_names_of_other_machines(void **state)
{
    (void)state;
    static const char *const names[] = {"outside.test", "any.test",   "any6.test",
                                        "link.test",    "link6.test", "mapped.test"};
    enum { NAMES_COUNT = sizeof names / sizeof names[0] };
    struct bed *bed = begin(&(struct webhook_options){.patience_ns = 0});
    for (uint32_t i = 0; i < NAMES_COUNT; i++) {
        char url[64], notice[200];
        snprintf(url, sizeof url, "http://%s/", names[i]);
        assert_true(webhook_register(bed->webhook, names[i], url));
        deliver(bed, names[i], 2);
        wait_for(&bed->gauges.deliveries_given_up[REST_GIVEN_UP_FORBIDDEN], 2 * (i + 1));
        snprintf(notice, sizeof notice, "client \"%s\" at %s are refused", names[i], url);
        assert_true(is_noticed(notice));
    }
    assert_int_equal(read_gauge(&bed->gauges.deliveries_failed), 2 * NAMES_COUNT);
    assert_int_equal(notices_count(), NAMES_COUNT);
    end(bed);
}

static void test_names_of_this_machine(void **state)
{
    (void)state;
    static const char *const names[] = {"here.test", "both.test"};
    struct bed *bed = begin(&(struct webhook_options){.patience_ns = 0});
    struct receiver receiver;
    receiver_start(&receiver, 0);
    for (uint32_t i = 0; i < 2; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://%s:%u/", names[i], receiver.port);
        assert_true(webhook_register(bed->webhook, names[i], url));
        deliver(bed, names[i], 1);
        wait_for(&bed->gauges.deliveries_done, i + 1);
    }
    end(bed);
    bed = begin(&(struct webhook_options){.reach = {.is_loopback_shut = true}});
    assert_true(webhook_register(bed->webhook, "shut", receiver.url));
    deliver(bed, "shut", 1);
    wait_for(&bed->gauges.deliveries_given_up[REST_GIVEN_UP_FORBIDDEN], 1);
    end(bed);
    MHD_stop_daemon(receiver.daemon);
}

/* A name server that does not answer holds up neither the others nor the end. */
static void test_end_does_not_wait_for_names(void **state)
{
    (void)state;
#if LIBCURL_VERSION_NUM >= 0x075700
    struct bed *bed = begin(&(struct webhook_options){.patience_ns = 0});
    assert_true(webhook_register(bed->webhook, "lost", "http://hangs.test/"));
    deliver(bed, "lost", 3);
    wait_for(&is_hanging, 1);
    assert_int_equal(read_gauge(&bed->gauges.deliveries_queued), 3);
    assert_true(end(bed) < LONG_NS);
#endif
}

/* Nothing is left of clients that go, however many they are. */
static void test_removed_clients(void **state)
{
    (void)state;
    struct bed *bed = begin(&(struct webhook_options){.patience_ns = 0});
    char url[64], name[16];
    int deaf = deaf_start(url);
    uint64_t *removed = &bed->gauges.deliveries_given_up[REST_GIVEN_UP_REMOVED];
    for (uint32_t i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "c%u", i);
        assert_true(webhook_register(bed->webhook, name, url));
        webhook_remove(bed->webhook, name);
    }
    for (uint32_t i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "d%u", i);
        assert_true(webhook_register(bed->webhook, name, url));
        deliver(bed, name, 40);
        webhook_remove(bed->webhook, name);
        deliver(bed, name, 1);
        wait_for(removed, (uint64_t)41 * (i + 1));
    }
    assert_int_equal(read_gauge(&bed->gauges.deliveries_queued), 0);
    assert_true(notices_count() <= WEBHOOK_NOTICES_MAX);
    end(bed);
    close(deaf);
}

/* Who takes over the name of one that was removed does not take over its callbacks. */
static void test_name_is_taken_again(void **state)
{
    (void)state;
    struct bed *bed = begin(&(struct webhook_options){.answer_patience_ns = VERY_LONG_NS});
    struct receiver receiver;
    char url[64];
    int deaf = deaf_start(url);
    receiver_start(&receiver, 0);
    for (uint32_t i = 0; i < 50; i++) {
        assert_true(webhook_register(bed->webhook, "name", url));
        deliver(bed, "name", 50);
        webhook_remove(bed->webhook, "name");
        assert_true(webhook_register(bed->webhook, "name", receiver.url));
        deliver(bed, "name", 2);
        wait_for(&bed->gauges.deliveries_given_up[REST_GIVEN_UP_REMOVED], (uint64_t)50 * (i + 1));
        wait_for(&bed->gauges.deliveries_done, (uint64_t)2 * (i + 1));
        assert_int_equal(read_gauge(&bed->gauges.deliveries_queued), 0);
    }
    end(bed);
    MHD_stop_daemon(receiver.daemon);
    close(deaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hanging_client_harms_nobody),
        cmocka_unit_test(test_fresh_before_late),
        cmocka_unit_test(test_moved_client_gets_all_at_once),
        cmocka_unit_test(test_silent_client_is_left_alone),
        cmocka_unit_test(test_patience_ends),
        cmocka_unit_test(test_full_queue),
        cmocka_unit_test(test_names_of_other_machines),
        cmocka_unit_test(test_names_of_this_machine),
        cmocka_unit_test(test_end_does_not_wait_for_names),
        cmocka_unit_test(test_removed_clients),
        cmocka_unit_test(test_name_is_taken_again),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
