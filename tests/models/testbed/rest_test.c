/* The resources as functions: no sockets, no threads, and a real clock that is a number. */
#include "models/testbed/rest.h"
#include "tests/models/vmc/fixture.h"

#include <stdlib.h>

#include <jansson.h>

struct bed {
    struct fixture *fixture;
    struct rest *rest;
    int64_t real_ns;
    struct reply reply; /* the last one, at once or later */
    void *waiter;       /* of the last later one */
    uint32_t later_count;
    struct rest_delivery delivery;
    uint32_t deliveries_count;
};

static void answered(void *context, void *waiter, struct reply *reply)
{
    struct bed *bed = context;
    reply_reset(&bed->reply);
    bed->reply = *reply;
    *reply = (struct reply){0};
    bed->waiter = waiter;
    bed->later_count++;
}

static void deliver(void *context, const struct rest_delivery *delivery)
{
    struct bed *bed = context;
    bed->delivery = *delivery;
    bed->deliveries_count++;
}

static struct bed *bed_create(bool is_stepped, const struct rest_options *more)
{
    struct fixture *fixture = fixture_create(3);
    fixture->config.service.latency = fixture_delay(fixture, "100ms");
    fixture->config.service.callback_delay = fixture_delay(fixture, "5s");
    fixture->config.service.key_retention_ns = UNITS_D;
    struct bed *bed = arena_take(fixture->arena, sizeof *bed);
    bed->fixture = fixture;
    bed->real_ns = UNITS_H;
    struct rest_options options = *more;
    options.parameters = &fixture->parameters;
    options.seed = 1;
    options.pacer = pacer_start(60, is_stepped, bed->real_ns);
    options.title = "a \"title\"";
    options.version = "0";
    const struct rest_sink sink = {.context = bed, .answered = answered, .deliver = deliver};
    bed->rest = rest_create(fixture->arena, &options, &sink);
    return bed;
}

static void bed_destroy(struct bed *bed)
{
    reply_reset(&bed->reply);
    fixture_destroy(bed->fixture);
}

/* Send a request; the status, or -1: later. */
static int send_request(struct bed *bed, const struct rest_request *request)
{
    reply_reset(&bed->reply);
    rest_advance(bed->rest, bed->real_ns);
    bool is_now = rest_handle(bed->rest, request, &bed->reply, bed->real_ns);
    return is_now ? bed->reply.status : -1;
}

static int ask(struct bed *bed, const char *method, const char *path, const char *body)
{
    return send_request(
        bed, &(struct rest_request){.method = method,
                                    .path = path,
                                    .host = "localhost:1",
                                    .content_type = body != NULL ? "application/json" : NULL,
                                    .body = body,
                                    .size_bytes = body != NULL ? strlen(body) : 0,
                                    .waiter = bed});
}

static void pass(struct bed *bed, int64_t simulated_ns)
{
    bed->real_ns += simulated_ns / 60 + 2;
    rest_advance(bed->rest, bed->real_ns);
}

static json_t *body_of(const struct bed *bed)
{
    json_t *value = json_loadb(bed->reply.body, bed->reply.size_bytes, 0, NULL);
    assert_non_null(value);
    return value;
}

static void assert_text(const struct bed *bed, const char *name, const char *text)
{
    json_t *value = body_of(bed);
    assert_string_equal(json_string_value(json_object_get(value, name)), text);
    json_decref(value);
}

static int64_t number_of(const struct bed *bed, const char *name)
{
    json_t *value = body_of(bed);
    assert_true(json_is_integer(json_object_get(value, name)));
    int64_t number = json_integer_value(json_object_get(value, name));
    json_decref(value);
    return number;
}

static void assert_problem(const struct bed *bed, const char *code)
{
    assert_string_equal(bed->reply.content_type, "application/problem+json");
    assert_text(bed, "code", code);
    assert_int_equal(number_of(bed, "status"), bed->reply.status);
}

static const struct rest_options plain = {0};

static void test_answers_take_their_time(void **state)
{
    (void)state;
    struct bed *bed = bed_create(false, &plain);
    assert_int_equal(ask(bed, "POST", "/v1/sddcs/1/clusters/0/backup", NULL), -1);
    assert_int_equal(rest_next_real_ns(bed->rest), UNITS_H + 50 * UNITS_MS / 60 + 1 + 1);
    pass(bed, 99 * UNITS_MS);
    assert_int_equal(bed->later_count, 0);
    pass(bed, UNITS_MS);
    assert_int_equal(bed->later_count, 1);
    assert_ptr_equal(bed->waiter, bed);
    assert_int_equal(bed->reply.status, 202);
    assert_string_equal(bed->reply.location, "/v1/tasks/1-1");
    assert_text(bed, "id", "1-1");
    assert_text(bed, "state", "accepted");
    assert_int_equal(number_of(bed, "at_ns"), 100 * UNITS_MS);
    assert_int_equal(ask(bed, "GET", "/v1/tasks/1-1", NULL), 200);
    assert_text(bed, "state", "running");
    assert_text(bed, "operation", "backup");
    pass(bed, 30 * UNITS_MIN);
    assert_int_equal(ask(bed, "GET", "/v1/tasks/1-1", NULL), 200);
    assert_text(bed, "state", "succeeded");
    assert_int_equal(ask(bed, "GET", "/v1/tasks/1-2", NULL), 404);
    bed_destroy(bed);
}

/* What only looks like that preference is none. */
static void test_preferences(void **state)
{
    static const struct {
        const char *prefer;
        int status;
    } cases[] = {
        {"Respond-Async", 202},
        {"wait=10, respond-async", 202},
        {"a; b=\"c, \\\"d\" ,\trespond-async ; e", 202},
        {"respond-async=\"\"", 202},
        {",, respond-async,", 202},
        {"", 200},
        {"x-no-respond-async", 200},
        {"respond-asynchronously", 200},
        {"respond-async=no", 200},
        {"a; respond-async", 200},
        {"a=respond-async", 200},
        {"a=\"b, respond-async, c\"", 200},
        {"a=\"b\\\", respond-async", 200},
        {"= \"", 200},
    };
    (void)state;
    struct bed *bed = bed_create(true, &plain);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rest_request request = {.method = "GET",
                                             .path = "/v1/sddcs/0/clusters/0",
                                             .host = "localhost",
                                             .prefer = cases[i].prefer};
        if (send_request(bed, &request) != cases[i].status)
            fail_msg("%s: %d", cases[i].prefer, bed->reply.status);
    }
    bed_destroy(bed);
}

static void test_stepped_clock(void **state)
{
    (void)state;
    struct bed *bed = bed_create(true, &plain);
    assert_int_equal(ask(bed, "GET", "/v1/sddcs/0/clusters/0", NULL), 200);
    assert_int_equal(number_of(bed, "at_ns"), 100 * UNITS_MS);
    bed->real_ns += UNITS_D;
    assert_int_equal(ask(bed, "GET", "/admin/clock", NULL), 200);
    assert_int_equal(number_of(bed, "now_ns"), 100 * UNITS_MS);
    assert_true(rest_next_real_ns(bed->rest) == INT64_MAX);
    const struct rest_request async = {.method = "POST",
                                       .path = "/v1/sddcs/0/control-plane",
                                       .host = "localhost",
                                       .prefer = "respond-async"};
    assert_int_equal(send_request(bed, &async), 202);
    assert_string_equal(bed->reply.location, "/v1/requests/1");
    assert_int_equal(ask(bed, "GET", "/v1/requests/1", NULL), 200);
    assert_string_equal(bed->reply.body, "{\"request\":1,\"done\":false}");
    assert_int_equal(ask(bed, "POST", "/admin/clock", "{\"advance\": \"100ms\"}"), 200);
    assert_int_equal(number_of(bed, "now_ns"), 200 * UNITS_MS);
    assert_int_equal(ask(bed, "GET", "/v1/requests/1", NULL), 200);
    assert_string_equal(bed->reply.body,
                        "{\"request\":1,\"done\":true,\"status\":202,\"body\":{\"id\":\"0-1\","
                        "\"number\":1,\"state\":\"accepted\",\"at_ns\":200000000}}");
    assert_int_equal(ask(bed, "POST", "/admin/clock", "{\"events\": 1}"), 200);
    assert_int_equal(number_of(bed, "now_ns"), 3 * UNITS_H + 150 * UNITS_MS);
    assert_int_equal(ask(bed, "POST", "/admin/clock", "{\"to_ns\": 5}"), 422);
    assert_int_equal(ask(bed, "POST", "/admin/clock", "{\"to_ns\": 5, \"events\": 1}"), 422);
    assert_int_equal(ask(bed, "POST", "/admin/clock", "{\"to_ns\": 3155760000000000000}"), 200);
    assert_int_equal(ask(bed, "POST", "/admin/clock", "{\"advance_ns\": 1}"), 422);
    assert_int_equal(ask(bed, "GET", "/v1/sddcs/0/clusters/0", NULL), 422); /* no time is left */
    assert_int_equal(ask(bed, "GET", "/v1/sddcs/0", NULL), 200);
    bed_destroy(bed);
}

static void test_the_incident_by_hand(void **state)
{
    (void)state;
    struct bed *bed = bed_create(true, &plain);
    assert_int_equal(
        ask(bed, "POST", "/v1/callbacks", "{\"client\":\"me\",\"url\":\"http://127.0.0.1:9/x\"}"),
        201);
    ask(bed, "POST", "/v1/sddcs/0/clusters/0/hosts", NULL);
    assert_int_equal(bed->reply.status, 202);
    ask(bed, "POST", "/admin/clock", "{\"advance\":\"18min5s\"}");
    assert_int_equal(bed->deliveries_count, 1); /* connected, which is not ready */
    assert_string_equal(bed->delivery.client, "me");
    json_t *body = json_loads(bed->delivery.body, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(body, "operation")), "add-host");
    assert_string_equal(json_string_value(json_object_get(body, "host")), "temporary");
    assert_string_equal(json_string_value(json_object_get(body, "outcome")), "succeeded");
    json_decref(body);
    ask(bed, "GET", "/v1/sddcs/0/clusters/0", NULL);
    assert_non_null(strstr(bed->reply.body, "\"ready_for_maintenance\":false"));
    assert_int_equal(
        ask(bed, "POST", "/v1/sddcs/0/clusters/0/hosts/0/maintenance", "{\"mode\":\"enter\"}"),
        202);
    ask(bed, "POST", "/admin/clock", "{\"advance\":\"2h\"}");
    assert_int_equal(bed->deliveries_count, 1); /* it never comes */
    assert_int_equal(ask(bed, "POST", "/v1/sddcs/0/workflow", "{\"state\":\"failed\"}"), 200);
    assert_text(bed, "reason", "deadline");
    assert_int_equal(vmc_live_sddc(rest_world(bed->rest), 0).cause, CAUSE_EARLY_TRIGGER);
    assert_int_equal(ask(bed, "DELETE", "/v1/callbacks/me", NULL), 204);
    assert_int_equal(ask(bed, "DELETE", "/v1/callbacks/me", NULL), 404);
    bed_destroy(bed);
}

/* What openapi.json says of requests: its limits are those of the service. */
static void test_limits_of_requests(void **state)
{
    (void)state;
    struct bed *bed = bed_create(true, &plain);
    assert_int_equal(ask(bed, "POST", "/admin/clock", "{\"events\": 0}"), 422);
    assert_int_equal(ask(bed, "POST", "/admin/clock", "{\"events\": 1000001}"), 422);
    assert_int_equal(ask(bed, "POST", "/admin/clock", "{\"events\": 1}"), 200);
    static const char *const names[] = {".", "..", "a/b", "..."};
    for (size_t i = 0; i < 4; i++) {
        char body[80];
        snprintf(body, sizeof body, "{\"client\":\"%s\",\"url\":\"HTTP://127.0.0.1:9/\"}",
                 names[i]);
        assert_int_equal(ask(bed, "POST", "/v1/callbacks", body), i < 3 ? 422 : 201);
    }
    struct rest_request request = {
        .method = "GET", .path = "/v1/sddcs", .query = "limit=1&offset=1", .host = "localhost"};
    assert_int_equal(send_request(bed, &request), 200);
    request.query = "limit=1&limit=2";
    assert_int_equal(send_request(bed, &request), 400);
    request.query = "offset=1&limit=2&offset=1";
    assert_int_equal(send_request(bed, &request), 400);
    request = (struct rest_request){.method = "POST",
                                    .path = "/admin/clock",
                                    .host = "localhost",
                                    .content_type = "application/json",
                                    .content_encoding = "Identity",
                                    .body = "{\"events\": 1}",
                                    .size_bytes = 13};
    assert_int_equal(send_request(bed, &request), 200);
    request.content_encoding = "gzip";
    assert_int_equal(send_request(bed, &request), 415);
    bed_destroy(bed);
}

static void test_keys(void **state)
{
    (void)state;
    struct bed *bed = bed_create(true, &plain);
    static const struct {
        const char *key;
        int status, task;
    } cases[] = {
        {"1234567890123", 202, 1},
        {"1234567890123", 202, 1},
        {"\"1234567890123\"", 202, 1},
        {"word", 202, 2},
        {"\"word\"", 202, 2},
        {"Word", 202, 3},
        {"0", 202, 4},
        {"00", 202, 5},
        {"18446744073709551615", 202, 6},
        {"", 400, 0},
        {"18446744073709551616", 202, 7},
        {"\"\"", 400, 0},
        {"a\tb", 400, 0},
        {NULL, 202, 8},
        {NULL, 202, 9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rest_request request = {.method = "POST",
                                             .path = "/v1/sddcs/2/network",
                                             .host = "localhost",
                                             .idempotency_key = cases[i].key};
        assert_int_equal(send_request(bed, &request), cases[i].status);
        if (cases[i].task > 0)
            assert_int_equal(number_of(bed, "number"), cases[i].task);
    }
    bed_destroy(bed);
}

static void test_bad_requests(void **state)
{
    (void)state;
    struct bed *bed = bed_create(false, &plain);
    static const struct {
        const char *method, *path, *body;
        int status;
        const char *code;
    } cases[] = {
        {"GET", "/nothing", NULL, 404, "not-found"},
        {"GET", "/v1/sddcs/", NULL, 404, "not-found"},
        {"GET", "/v1/sddcs/00", NULL, 404, "not-found"},
        {"GET", "/v1/sddcs/-1", NULL, 404, "not-found"},
        {"GET", "/v1/sddcs/3", NULL, 404, "not-found"},
        {"GET", "/v1/sddcs/99999999999999999999999", NULL, 404, "not-found"},
        {"GET", "/v1/sddcs/0/clusters/0/hosts/2", NULL, 404, "not-found"},
        {"DELETE", "/v1/sddcs/0/clusters/0/hosts/0", NULL, 404, "not-found"},
        {"GET", "/v1/tasks/0-", NULL, 404, "not-found"},
        {"GET", "/v1/tasks/0-0", NULL, 404, "not-found"},
        {"GET", "/v1/requests/1", NULL, 404, "not-found"},
        {"PUT", "/v1/sddcs", NULL, 405, "method-not-allowed"},
        {"GET", "/v1/sddcs/0/network", NULL, 405, "method-not-allowed"},
        {"POST", "/v1/sddcs/0/network", "[]", 400, "bad-request"},
        {"POST", "/v1/sddcs/0/network", "{\"a\":1}", 400, "bad-request"},
        {"POST", "/v1/sddcs/0/clusters/0/hosts/0/maintenance", NULL, 400, "bad-request"},
        {"POST", "/v1/sddcs/0/clusters/0/hosts/0/maintenance", "{", 400, "bad-request"},
        {"POST", "/v1/sddcs/0/clusters/0/hosts/0/maintenance", "{}", 422, "unprocessable"},
        {"POST", "/v1/sddcs/0/clusters/0/hosts/0/maintenance", "{\"mode\":1}", 422,
         "unprocessable"},
        {"POST", "/v1/sddcs/0/clusters/0/hosts/0/maintenance", "{\"mode\":\"enter\",\"x\":1}", 422,
         "unprocessable"},
        {"POST", "/v1/sddcs/0/clusters/0/hosts/0/maintenance",
         "{\"mode\":\"enter\",\"mode\":\"exit\"}", 400, "bad-request"},
        {"POST", "/v1/sddcs/0/clusters/0/hosts/0/maintenance", "[[[[[[[[[[[[", 400, "bad-request"},
        {"POST", "/v1/sddcs/0/workflow", "{\"state\":\"succeeded\"}", 409, "conflict"},
        {"POST", "/v1/sddcs/0/workflow", "{\"state\":\"failed\",\"reason\":\"x\"}", 422,
         "unprocessable"},
        {"POST", "/v1/callbacks", "{\"client\":\"a b\",\"url\":\"http://127.0.0.1/\"}", 422,
         "unprocessable"},
        {"POST", "/v1/callbacks", "{\"client\":\"a\",\"url\":\"file:///etc/passwd\"}", 422,
         "unprocessable"},
        {"POST", "/v1/callbacks", "{\"client\":\"a\",\"url\":\"http://10.0.0.1/\"}", 403,
         "forbidden"},
        {"POST", "/v1/callbacks", "{\"client\":\"a\",\"url\":\"http://u:p@127.0.0.1/\"}", 422,
         "unprocessable"},
        {"POST", "/admin/fault", "{\"fault\":\"outage\"}", 422, "unprocessable"},
        {"POST", "/admin/fault", "{\"fault\":\"flood\",\"duration\":\"1min\"}", 422,
         "unprocessable"},
        {"POST", "/admin/fault", "{\"fault\":\"outage\",\"duration\":\"-1min\"}", 422,
         "unprocessable"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = ask(bed, cases[i].method, cases[i].path, cases[i].body);
        if (status != cases[i].status)
            fail_msg("%s %s %s: %d", cases[i].method, cases[i].path,
                     cases[i].body == NULL ? "" : cases[i].body, status);
        assert_problem(bed, cases[i].code);
    }
    ask(bed, "PUT", "/v1/callbacks", NULL);
    assert_string_equal(bed->reply.allow, "GET, HEAD, POST");
    assert_int_equal(bed->later_count, 0);
    assert_int_equal(vmc_live_next_ns(rest_world(bed->rest)), -1); /* nothing was set in motion */
    bed_destroy(bed);
}

static void test_lists(void **state)
{
    (void)state;
    struct bed *bed = bed_create(false, &plain);
    struct rest_request request = {.method = "GET", .path = "/v1/sddcs", .host = "localhost"};
    request.query = "offset=1&limit=1";
    assert_int_equal(send_request(bed, &request), 200);
    assert_string_equal(
        bed->reply.body,
        "{\"count\":3,\"offset\":1,\"items\":[{\"id\":1,\"clusters\":[{\"id\":0,\"hosts\":2,"
        "\"temporary_host\":true}],\"workflow\":{\"state\":\"none\"}}]}");
    static const char *const bad[] = {"limit=0",  "limit=1001", "offset=x",         "other=1",
                                      "limit=1x", "&",          "offset=9999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        request.query = bad[i];
        assert_int_equal(send_request(bed, &request), 400);
    }
    assert_int_equal(ask(bed, "GET", "/status.json", NULL), 200);
    assert_text(bed, "title", "a \"title\"");
    assert_text(bed, "grid", "...");
    assert_int_equal(ask(bed, "GET", "/metrics", NULL), 200);
    assert_non_null(strstr(bed->reply.body, "rcesim_workflows{state=\"none\"} 3\n"));
    assert_int_equal(ask(bed, "HEAD", "/openapi.json", NULL), 200);
    json_t *document = json_loads(bed->reply.fixed, 0, NULL);
    assert_true(json_is_object(json_object_get(document, "paths")));
    json_decref(document);
    bed_destroy(bed);
}

/* States of the page differ by a mark, and not by colour alone; each is in the legend. */
static void test_page_marks(void **state)
{
    (void)state;
    struct bed *bed = bed_create(false, &plain);
    static const char *const marks[] = {
        "r::before { content: \"\\2022\"", "e::before { content: \"!\"",
        "s::before { content: \"\\2713\"", "f::before { content: \"\\00d7\"", "n { border: 1px"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        char legend[32];
        snprintf(legend, sizeof legend, "<i class=\"cell %c\"", marks[i][0]);
        assert_int_equal(ask(bed, "GET", "/status.css", NULL), 200);
        assert_non_null(strstr(bed->reply.fixed, marks[i]));
        assert_int_equal(ask(bed, "GET", "/", NULL), 200);
        assert_non_null(strstr(bed->reply.fixed, legend));
    }
    bed_destroy(bed);
}

static void test_who_comes_in(void **state)
{
    (void)state;
    struct rest_options options = {.token = "0123456789abcdef", .is_loopback_only = true};
    struct bed *bed = bed_create(false, &options);
    struct rest_request request = {.method = "GET", .path = "/v1/sddcs/0", .host = "localhost:1"};
    assert_int_equal(send_request(bed, &request), 401);
    assert_string_equal(bed->reply.authenticate, "Bearer");
    static const char *const wrong[] = {"Bearer 0123456789abcdeg",
                                        "Bearer 0123456789abcde",
                                        "Bearer 0123456789abcdef0",
                                        "Basic 0123456789abcdef",
                                        "Bearer ",
                                        ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        request.authorization = wrong[i];
        assert_int_equal(send_request(bed, &request), 401);
    }
    request.path = "/nothing"; /* also what there is, is not told */
    assert_int_equal(send_request(bed, &request), 401);
    request.path = "/healthz";
    assert_int_equal(send_request(bed, &request), 200);
    request.path = "/v1/sddcs/0";
    request.authorization = "bearer 0123456789abcdef";
    assert_int_equal(send_request(bed, &request), 200);
    request.origin = "http://localhost:1";
    assert_int_equal(send_request(bed, &request), 200);
    request.origin = "http://evil.example";
    assert_int_equal(send_request(bed, &request), 403);
    request.origin = NULL;
    static const struct {
        const char *site;
        int status;
    } sites[] = {{"same-origin", 200}, {"none", 200},     {"cross-site", 403},
                 {"same-site", 403},   {"whatever", 403}, {"", 403}};
    for (size_t i = 0; i < sizeof sites / sizeof sites[0]; i++) {
        request.fetch_site = sites[i].site;
        assert_int_equal(send_request(bed, &request), sites[i].status);
    }
    request.fetch_site = NULL;
    static const char *const hosts[] = {
        "evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "[::1", "10.0.0.1"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        request.host = hosts[i];
        assert_int_equal(send_request(bed, &request), 421);
    }
    static const char *const good[] = {"127.0.0.1", "127.9.9.9:80", "[::1]:80", "LOCALHOST"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        request.host = good[i];
        assert_int_equal(send_request(bed, &request), 200);
    }
    bed_destroy(bed);
}

/* An image on the page of another site is asked for with GET, and without Origin. */
static void test_pages_do_not_move_the_clock(void **state)
{
    (void)state;
    struct bed *bed = bed_create(true, &plain);
    const struct rest_request request = {.method = "GET",
                                         .path = "/v1/sddcs/0/clusters/0",
                                         .host = "localhost",
                                         .fetch_site = "cross-site"};
    assert_int_equal(send_request(bed, &request), 403);
    assert_problem(bed, "forbidden");
    assert_int_equal(vmc_live_now_ns(rest_world(bed->rest)), 0);
    bed_destroy(bed);
}

/* The end of time comes: who waits is told, nothing is due any more, and nobody waits again. */
static void test_the_end_of_time(void **state)
{
    (void)state;
    struct bed *bed = bed_create(false, &plain);
    const int64_t left_ns = 99 * UNITS_MS; /* an answer takes 100 */
    char body[64];
    snprintf(body, sizeof body, "{\"to_ns\":%lld}", (long long)(VMC_LIVE_TIME_MAX_NS - left_ns));
    assert_int_equal(ask(bed, "POST", "/admin/clock", body), 200);
    struct rest_request request = {
        .method = "GET", .path = "/v1/sddcs/0/clusters/0", .host = "localhost", .waiter = bed};
    assert_int_equal(send_request(bed, &request), -1);
    request.prefer = "respond-async";
    assert_int_equal(send_request(bed, &request), 202);
    assert_true(rest_next_real_ns(bed->rest) < INT64_MAX);
    pass(bed, 60 * UNITS_MS);
    assert_true(rest_next_real_ns(bed->rest) < INT64_MAX);
    assert_int_equal(bed->later_count, 0);
    pass(bed, 60 * UNITS_MS);
    assert_true(rest_next_real_ns(bed->rest) == INT64_MAX);
    assert_int_equal(bed->later_count, 1);
    assert_true(bed->waiter == bed);
    assert_int_equal(bed->reply.status, 422);
    assert_non_null(strstr(bed->reply.body, "start the service anew"));
    assert_int_equal(ask(bed, "GET", "/v1/requests/1", NULL), 200);
    assert_int_equal(number_of(bed, "status"), 422);
    request.prefer = NULL;
    assert_int_equal(send_request(bed, &request), 422);
    pass(bed, UNITS_H);
    assert_true(rest_next_real_ns(bed->rest) == INT64_MAX);
    assert_int_equal(bed->later_count, 1);
    assert_int_equal(ask(bed, "GET", "/v1/sddcs/0", NULL), 200);
    bed_destroy(bed);
}

static void test_throttled(void **state)
{
    (void)state;
    struct bed *bed = bed_create(false, &plain);
    bed->fixture->config.service.retry_after = true;
    assert_int_equal(
        ask(bed, "POST", "/admin/fault", "{\"fault\":\"throttle\",\"duration\":\"90s\"}"), 200);
    assert_int_equal(ask(bed, "GET", "/v1/sddcs/0/clusters/0", NULL), -1);
    pass(bed, 100 * UNITS_MS);
    assert_int_equal(bed->reply.status, 429);
    assert_problem(bed, "throttled");
    /* 89.95 s of simulated time at 60 times the speed: 1.5 s, rounded up. */
    assert_int_equal(bed->reply.retry_after_s, 2);
    assert_int_equal(number_of(bed, "retry_after_ns"), 89950 * UNITS_MS);
    assert_int_equal(
        ask(bed, "POST", "/admin/fault", "{\"fault\":\"throttle\",\"duration\":\"0s\"}"), 200);
    assert_string_equal(bed->reply.body, "{\"items\":[]}");
    ask(bed, "POST", "/admin/fault", "{\"fault\":\"break\",\"duration\":\"1min\"}");
    assert_int_equal(ask(bed, "GET", "/v1/sddcs/0/clusters/0", NULL), -1);
    pass(bed, 100 * UNITS_MS);
    assert_int_equal(bed->reply.status, REPLY_CLOSE);
    bed_destroy(bed);
}

static void test_the_end(void **state)
{
    (void)state;
    struct bed *bed = bed_create(false, &plain);
    assert_int_equal(ask(bed, "GET", "/v1/sddcs/0/clusters/0", NULL), -1);
    assert_int_equal(ask(bed, "POST", "/admin/shutdown", NULL), 202);
    assert_true(rest_is_shutdown_asked(bed->rest));
    rest_close(bed->rest);
    assert_int_equal(bed->later_count, 1);
    assert_int_equal(bed->reply.status, REPLY_CLOSE);
    assert_int_equal(ask(bed, "GET", "/v1/sddcs/0", NULL), 503);
    pass(bed, UNITS_S);
    assert_int_equal(bed->later_count, 1);
    bed_destroy(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_take_their_time),
        cmocka_unit_test(test_preferences),
        cmocka_unit_test(test_stepped_clock),
        cmocka_unit_test(test_the_incident_by_hand),
        cmocka_unit_test(test_limits_of_requests),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_page_marks),
        cmocka_unit_test(test_who_comes_in),
        cmocka_unit_test(test_pages_do_not_move_the_clock),
        cmocka_unit_test(test_the_end_of_time),
        cmocka_unit_test(test_throttled),
        cmocka_unit_test(test_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
