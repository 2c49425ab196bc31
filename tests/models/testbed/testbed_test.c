/* The whole service in this process, over sockets: many connections at once, callbacks that are not
 * taken at first, an end while requests wait. Under ThreadSanitizer as well. */
#include "models/testbed/testbed.h"
#include "tests/models/vmc/fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "models/testbed/pacer.h"
#include "models/testbed/server.h"
#include "sim/base/units.h"

/* For what has to come, however busy the machine is; and a speed at which nothing comes by itself.
 */
#define LONG_NS (60 * UNITS_S)
#define STILL   PACER_SPEED_MIN

struct service {
    struct fixture *fixture;
    struct arena *arena;
    struct testbed *testbed;
};

static struct service service_start(double speed)
{
    struct service service = {.fixture = fixture_create(50), .arena = arena_create("service", 0)};
    struct vmc_config *config = &service.fixture->config;
    config->service.latency = fixture_delay(service.fixture, "uniform(10ms, 200ms)");
    config->service.callback_delay = fixture_delay(service.fixture, "1s");
    config->work.backup = fixture_delay(service.fixture, "1min");
    struct error error;
    const struct testbed_options options = {.parameters = &service.fixture->parameters,
                                            .seed = 3,
                                            .listen = "127.0.0.1:0",
                                            .speed = speed,
                                            .title = "test",
                                            .version = "0"};
    if (!testbed_start(&service.testbed, service.arena, &options, &error))
        fail_msg("%s", error.message);
    return service;
}

static void service_end(struct service *service)
{
    arena_destroy(service->arena);
    fixture_destroy(service->fixture);
}

struct text {
    char bytes[16384];
    size_t size_bytes;
};

static size_t keep(char *bytes, size_t size, size_t items, void *context)
{
    struct text *text = context;
    size_t length = size * items;
    if (text->size_bytes + length >= sizeof text->bytes)
        return 0;
    memcpy(text->bytes + text->size_bytes, bytes, length);
    text->size_bytes += length;
    text->bytes[text->size_bytes] = '\0';
    return length;
}

/* Ask; the status, 0 where there was no answer. */
static long ask_on(CURL *easy, const char *base, const char *path, const char *body,
                   struct text *text)
{
    char url[512];
    long status = 0;
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    snprintf(url, sizeof url, "%s%s", base, path);
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 300000L);
    if (body != NULL) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    }
    text->size_bytes = 0;
    text->bytes[0] = '\0';
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, text);
    if (curl_easy_perform(easy) == CURLE_OK)
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    return status;
}

static long ask(const struct service *service, const char *path, const char *body)
{
    struct text text;
    CURL *easy = curl_easy_init();
    long status = ask_on(easy, testbed_url(service->testbed), path, body, &text);
    curl_easy_cleanup(easy);
    return status;
}

static uint64_t metric(const struct service *service, const char *name)
{
    static struct text text;
    CURL *easy = curl_easy_init();
    assert_int_equal(ask_on(easy, testbed_url(service->testbed), "/metrics", NULL, &text), 200);
    curl_easy_cleanup(easy);
    char line[128];
    snprintf(line, sizeof line, "\n%s ", name);
    const char *found = strstr(text.bytes, line);
    assert_non_null(found);
    return strtoull(found + strlen(line), NULL, 10);
}

static void nap_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Clients that all ask at once, on connections of their own. */
struct client {
    pthread_t thread;
    const char *base;
    uint32_t number, good_count;
};

static void *be_client(void *context)
{
    struct client *client = context;
    struct text *text = calloc(1, sizeof *text);
    CURL *easy = curl_easy_init();
    char path[96];
    for (uint32_t i = 0; i < 20; i++) {
        snprintf(path, sizeof path,
                 i % 2 == 0 ? "/v1/sddcs/%u/clusters/0" : "/v1/sddcs/%u/clusters/0/backup",
                 client->number);
        long status = ask_on(easy, client->base, path, i % 2 == 0 ? NULL : "{}", text);
        client->good_count += status == (i % 2 == 0 ? 200 : 202);
    }
    curl_easy_cleanup(easy);
    free(text);
    return NULL;
}

static void test_many_at_once(void **state)
{
    (void)state;
    struct service service = service_start(100);
    struct client clients[16];
    for (uint32_t i = 0; i < 16; i++) {
        clients[i] = (struct client){.base = testbed_url(service.testbed), .number = i};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, be_client, &clients[i]), 0);
    }
    for (uint32_t i = 0; i < 16; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_int_equal(clients[i].good_count, 20);
    }
    assert_int_equal(metric(&service, "rcesim_requests_waiting"), 0);
    struct vmc_live *live = testbed_stop(service.testbed);
    assert_int_equal(vmc_live_tally(live)[METRIC_API_CALLS], 320);
    service_end(&service);
}

/* Somebody who is called back, and refuses the first times. */
struct receiver {
    struct MHD_Daemon *daemon;
    char url[64];
    pthread_mutex_t lock;
    uint32_t refusals_left, refused_count, taken_count;
    char first[512], last[512]; /* bodies: of the first try, and as taken */
};

static enum MHD_Result receive(void *context, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_bytes, void **request_context)
{
    (void)url;
    (void)method;
    (void)version;
    struct receiver *receiver = context;
    if (*request_context == NULL) {
        *request_context = calloc(1, sizeof(struct text));
        return MHD_YES;
    }
    struct text *text = *request_context;
    if (*upload_bytes > 0) {
        memcpy(text->bytes + text->size_bytes, upload, *upload_bytes);
        text->size_bytes += *upload_bytes;
        *upload_bytes = 0;
        return MHD_YES;
    }
    pthread_mutex_lock(&receiver->lock);
    bool is_refused = receiver->refusals_left > 0;
    if (receiver->first[0] == '\0')
        memcpy(receiver->first, text->bytes, sizeof receiver->first);
    if (is_refused) {
        receiver->refusals_left--;
        receiver->refused_count++;
    } else {
        memcpy(receiver->last, text->bytes, sizeof receiver->last);
        receiver->taken_count++;
    }
    pthread_mutex_unlock(&receiver->lock);
    free(text);
    *request_context = NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, is_refused ? 302 : 204, response);
    MHD_destroy_response(response);
    return result;
}

static void receiver_start(struct receiver *receiver, uint32_t refusals_count)
{
    *receiver = (struct receiver){.refusals_left = refusals_count};
    pthread_mutex_init(&receiver->lock, NULL);
    receiver->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, receive,
                                        receiver, MHD_OPTION_END);
    assert_non_null(receiver->daemon);
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(receiver->daemon, MHD_DAEMON_INFO_BIND_PORT);
    snprintf(receiver->url, sizeof receiver->url, "http://127.0.0.1:%u/hook", info->port);
}

static void register_url(const struct service *service, const char *url, long status)
{
    char body[256];
    snprintf(body, sizeof body, "{\"client\":\"test\",\"url\":\"%s\"}", url);
    assert_int_equal(ask(service, "/v1/callbacks", body), status);
}

static void wait_for_range(const struct service *service, const char *name, uint64_t least,
                           uint64_t most)
{
    int64_t start_ns = pacer_clock_ns();
    uint64_t count = metric(service, name);
    while ((count < least || count > most) && pacer_clock_ns() - start_ns < LONG_NS) {
        nap_ms(10);
        count = metric(service, name);
    }
    if (count < least || count > most)
        fail_msg("%s: %llu", name, (unsigned long long)count);
}

static void wait_for(const struct service *service, const char *name, uint64_t count)
{
    wait_for_range(service, name, count, count);
}

/* Let simulated time pass in one turn. */
static void pass(const struct service *service, const char *body)
{
    assert_int_equal(ask(service, "/admin/clock", body), 200);
}

/* A callback that is not taken comes again, word for word, to where the client is by then. */
static void test_callbacks_come_again(void **state)
{
    (void)state;
    struct service service = service_start(1000);
    struct receiver deaf, other;
    receiver_start(&deaf, UINT32_MAX);
    receiver_start(&other, 1);
    register_url(&service, deaf.url, 201);
    assert_int_equal(ask(&service, "/v1/sddcs/7/clusters/0/backup", "{}"), 202);
    wait_for_range(&service, "rcesim_delivery_failures_total", 2, UINT64_MAX);
    assert_int_equal(metric(&service, "rcesim_deliveries_total"), 0);
    assert_int_equal(metric(&service, "rcesim_deliveries_queued"), 1);
    register_url(&service, other.url, 201);
    wait_for(&service, "rcesim_deliveries_total", 1);
    assert_int_equal(metric(&service, "rcesim_deliveries_queued"), 0);
    testbed_stop(service.testbed);
    MHD_stop_daemon(deaf.daemon);
    MHD_stop_daemon(other.daemon);
    assert_true(deaf.refused_count >= 2);
    assert_int_equal(other.refused_count, 1);
    assert_int_equal(other.taken_count, 1);
    assert_string_equal(deaf.first, other.last);
    assert_non_null(strstr(other.last,
                           "\"sddc\":7,\"operation\":\"backup\",\"cluster\":0,\"outcome\""
                           ":\"succeeded\""));
    service_end(&service);
}

/* Not to other machines, whatever the address is written like. */
static void test_callbacks_stay_at_home(void **state)
{
    (void)state;
    struct service service = service_start(1000);
    register_url(&service, "http://192.0.2.1/", 403);
    register_url(&service, "http://[2001:db8::1]:80/", 403);
    register_url(&service, "http://[::ffff:192.0.2.1]/", 403);
    register_url(&service, "http://3221225985/", 403);   /* 192.0.2.1 as one number */
    register_url(&service, "http://name.invalid/", 201); /* known when it is called */
    testbed_stop(service.testbed);
    service_end(&service);
}

/* The end does not wait for answers that are hours away, nor for receivers that do not answer. */
static void test_end_while_somebody_waits(void **state)
{
    (void)state;
    struct service service = service_start(STILL);
    struct client clients[8];
    for (uint32_t i = 0; i < 8; i++) {
        clients[i] = (struct client){.base = testbed_url(service.testbed), .number = i};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, be_client, &clients[i]), 0);
    }
    wait_for(&service, "rcesim_requests_waiting", 8);
    int64_t start_ns = pacer_clock_ns();
    testbed_stop(service.testbed);
    assert_true(pacer_clock_ns() - start_ns < LONG_NS); /* and the answers are hours away */
    for (uint32_t i = 0; i < 8; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_int_equal(clients[i].good_count, 0);
    }
    service_end(&service);
}

static int connect_and_send(const struct service *service, const char *bytes, size_t size_bytes)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    place.sin_port = htons((uint16_t)atoi(strrchr(testbed_url(service->testbed), ':') + 1));
    int line = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(line, (struct sockaddr *)&place, sizeof place), 0);
    assert_int_equal(send(line, bytes, size_bytes, MSG_NOSIGNAL), size_bytes);
    return line;
}

/* With its length, because there are bytes of 0 in some. */
#define HEADER(text) text, sizeof text - 1

/* What can be read in two ways is refused, what is only unusual is not. */
static void test_framing(void **state)
{
    (void)state;
    struct service service = service_start(1);
    static const struct {
        const char *header;
        size_t size_bytes;
        int status;
    } cases[] = {
        {HEADER(""), 200},
        {HEADER("A:b\r\nC: \t d\t \r\nE:\r\nF: \r\n"), 200},
        {HEADER("Prefer: a\r\nPrefer: b\r\n"), 200},
        {HEADER("Content-Length: 0\r\n"), 200},
        {HEADER("Content-Length: 0\r\nContent-Length: 0\r\n"), 400},
        {HEADER("Content-Length: 0\r\ncontent-length: 1\r\n"), 400},
        {HEADER("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400},
        {HEADER("Transfer-Encoding: gzip\r\n"), 400},
        {HEADER("Content-Length : 0\r\n"), 400},
        {HEADER("Host: localhost\r\n"), 400},
        {HEADER("Origin: http://localhost\r\n"), 200},
        {HEADER("Origin: http://localhost\r\nORIGIN: http://localhost\r\n"), 400},
        {HEADER("Authorization: a\r\nAuthorization: b\r\n"), 400},
        {HEADER("Origin: http://localhost\0.evil.example\r\n"), 400},
        {HEADER("Origin: http://localhost\0.evil.example\r\nA: b\r\n"), 400},
        {HEADER("A: \0b\r\n"), 400},
        {HEADER("A: b\0\r\nC: d\r\n"), 400},
        {HEADER("A: b\0\r\n"), 400},
        {HEADER("A: b\r\n c\r\n"), 400},
        {HEADER("A: b\rc\r\n"), 400},
        {HEADER("Sec-Fetch-Site: cross-site\r\n"), 403},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const char line[] = "GET /v1/sddcs/0 HTTP/1.1\r\nHost: localhost\r\n";
        static const char end[] = "Connection: close\r\n\r\n";
        char text[1024];
        size_t length = sizeof line - 1;
        memcpy(text, line, length);
        memcpy(text + length, cases[i].header, cases[i].size_bytes);
        length += cases[i].size_bytes;
        memcpy(text + length, end, sizeof end - 1);
        int socket = connect_and_send(&service, text, length + sizeof end - 1);
        ssize_t got = recv(socket, text, sizeof text - 1, 0);
        assert_true(got > 12);
        text[got] = '\0';
        if (atoi(text + 9) != cases[i].status)
            fail_msg("%s: %.12s", cases[i].header, text);
        close(socket);
    }
    testbed_stop(service.testbed);
    service_end(&service);
}

/* A connection with a whole request whose answer is far away. */
static int connect_and_ask(const struct service *service, const char *method, const char *version,
                           uint32_t sddc)
{
    char text[160];
    int length =
        snprintf(text, sizeof text, "%s /v1/sddcs/%u/clusters/0 HTTP/%s\r\nHost: localhost\r\n\r\n",
                 method, sddc, version);
    return connect_and_send(service, text, (size_t)length);
}

/* Who leaves while he waits does not keep his connection until the answer, which is hours away; his
 * request goes on, and its answer finds nobody. Both ways to leave: closed, and reset. */
static void test_clients_that_leave(void **state)
{
    (void)state;
    struct service service = service_start(STILL);
    int lines[40];
    for (uint32_t i = 0; i < 40; i++)
        lines[i] = connect_and_ask(&service, "GET", "1.1", i);
    wait_for(&service, "rcesim_requests_waiting", 40);
    wait_for(&service, "rcesim_connections", 41);
    for (uint32_t i = 0; i < 40; i++) {
        const struct linger hard = {.l_onoff = i % 2 == 0};
        setsockopt(lines[i], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(lines[i]);
    }
    wait_for(&service, "rcesim_clients_gone_total", 40);
    wait_for_range(&service, "rcesim_connections", 0, 1);
    assert_int_equal(metric(&service, "rcesim_requests_waiting"), 40);
    pass(&service, "{\"advance\":\"1s\"}");
    assert_int_equal(metric(&service, "rcesim_requests_waiting"), 0);
    assert_int_equal(metric(&service, "rcesim_http_responses_total{code=\"0\"}"), 40);
    testbed_stop(service.testbed);
    service_end(&service);
}

/* Read until the end, or until so many bytes have come. */
static void receive_all(int line, char *text, size_t size_bytes)
{
    const struct timeval patience = {.tv_sec = LONG_NS / UNITS_S};
    setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t length = recv(line, text, size_bytes, MSG_WAITALL);
    assert_true(length >= 0);
    text[length] = '\0';
}

/* Who only says that nothing more comes from him waits on, and gets his answer: after an interim
 * one, with which the service looks whether he is there, unless he would not know what that is. All
 * of them are answered in one turn. */
static void test_half_closed(void **state)
{
    (void)state;
    enum { LINES_COUNT = 8, OLD = 6, HEAD = 7 };
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct service service = service_start(STILL);
    int lines[LINES_COUNT];
    char text[2048];
    for (uint32_t i = 0; i < LINES_COUNT; i++) {
        lines[i] =
            connect_and_ask(&service, i == HEAD ? "HEAD" : "GET", i == OLD ? "1.0" : "1.1", i);
        assert_int_equal(shutdown(lines[i], SHUT_WR), 0);
    }
    wait_for(&service, "rcesim_requests_waiting", LINES_COUNT);
    for (uint32_t i = 0; i < LINES_COUNT; i++) {
        if (i == OLD)
            continue;
        receive_all(lines[i], text, sizeof interim - 1);
        assert_string_equal(text, interim);
    }
    pass(&service, "{\"advance\":\"1s\"}");
    for (uint32_t i = 0; i < LINES_COUNT; i++) {
        receive_all(lines[i], text, sizeof text - 1);
        const char *answer = strstr(text, "HTTP/1.1 200 OK\r\n");
        assert_non_null(answer);
        assert_non_null(strstr(answer, "\r\nContent-Type: application/json\r\n"));
        assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
        const char *length = strstr(answer, "\r\nContent-Length: ");
        const char *body = strstr(answer, "\r\n\r\n");
        assert_non_null(length);
        assert_non_null(body);
        assert_int_equal(strlen(body + 4),
                         i == HEAD ? 0 : atoi(length + strlen("\r\nContent-Length: ")));
        assert_true((strstr(body, "ready_for_maintenance") != NULL) == (i != HEAD));
        close(lines[i]);
    }
    wait_for_range(&service, "rcesim_connections", 0, 1);
    assert_int_equal(metric(&service, "rcesim_clients_gone_total"), 0);
    testbed_stop(service.testbed);
    service_end(&service);
}

/* Who says so at about the time of his answer may get none, but his connection ends, and who
 * was answered is not counted as gone. */
static void test_half_closed_just_then(void **state)
{
    (void)state;
    enum { LINES_COUNT = 400, BEHIND = 1 };
    struct service service = service_start(1000);
    int lines[LINES_COUNT];
    uint32_t answered_count = 0;
    for (uint32_t i = 0; i < LINES_COUNT + BEHIND; i++) {
        if (i < LINES_COUNT)
            lines[i] = connect_and_ask(&service, "GET", "1.1", i % 50);
        if (i >= BEHIND)
            assert_int_equal(shutdown(lines[i - BEHIND], SHUT_WR), 0);
    }
    int64_t start_ns = pacer_clock_ns();
    for (uint32_t i = 0; i < LINES_COUNT; i++) {
        char text[2048];
        receive_all(lines[i], text, sizeof text - 1);
        answered_count += strstr(text, "ready_for_maintenance") != NULL;
        close(lines[i]);
    }
    assert_true(pacer_clock_ns() - start_ns < SERVER_IDLE_PATIENCE_S / 2 * UNITS_S);
    wait_for_range(&service, "rcesim_connections", 0, 1);
    wait_for(&service, "rcesim_requests_waiting", 0);
    /* What libmicrohttpd has taken counts as sent, even if it then found nobody. */
    wait_for_range(&service, "rcesim_clients_gone_total", 0, LINES_COUNT - answered_count);
    testbed_stop(service.testbed);
    service_end(&service);
}

static void test_listening(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(1);
    static const char *const bad[] = {"",
                                      "8080",
                                      ":8080",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "::1:80",
                                      "127.0.0.1:99999x",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:99999",
                                      "127.0.0.1:-1"};
    struct testbed *testbed;
    struct testbed_options options = {.parameters = &fixture->parameters, .speed = 1};
    struct error error = {.code = 0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct arena *arena = arena_create("bad", 0);
        options.listen = bad[i];
        assert_false(testbed_start(&testbed, arena, &options, &error));
        assert_int_equal(error.code, ERROR_USAGE);
        arena_destroy(arena);
    }
    struct arena *arena = arena_create("open", 0);
    options.listen = "0.0.0.0:0";
    assert_false(testbed_start(&testbed, arena, &options, &error)); /* without a token */
    assert_int_equal(error.code, ERROR_USAGE);
    options.token = "0123456789abcdef";
    assert_true(testbed_start(&testbed, arena, &options, &error));
    testbed_stop(testbed);
    arena_destroy(arena);
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_callbacks_come_again),
        cmocka_unit_test(test_callbacks_stay_at_home),
        cmocka_unit_test(test_end_while_somebody_waits),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_clients_that_leave),
        cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_half_closed_just_then),
        cmocka_unit_test(test_listening),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
