/* Where callbacks go, as a resource: what is taken, what is refused and why, what others may see.
 */
#include "models/testbed/rest.h"
#include "tests/models/vmc/fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "models/testbed/testbed.h"

struct bed {
    struct fixture *fixture;
    struct rest *rest;
    struct reply reply;
    bool is_busy; /* whoever delivers has no room */
    uint32_t told_count;
    char told[REST_CLIENT_SIZE_BYTES + GUARD_URL_SIZE_BYTES]; /* "client url" */
};

static bool registered(void *context, const char *client, const char *url)
{
    struct bed *bed = context;
    snprintf(bed->told, sizeof bed->told, "%s %s", client, url != NULL ? url : "-");
    bed->told_count++;
    return !bed->is_busy;
}

static struct bed *begin(bool is_loopback_shut)
{
    struct fixture *fixture = fixture_create(1);
    struct bed *bed = arena_take(fixture->arena, sizeof *bed);
    const struct rest_options options = {.parameters = &fixture->parameters,
                                         .pacer = pacer_start(1, true, 0),
                                         .reach = {.is_loopback_shut = is_loopback_shut},
                                         .title = "test",
                                         .version = "0"};
    const struct rest_sink sink = {.context = bed, .registered = registered};
    bed->fixture = fixture;
    bed->rest = rest_create(fixture->arena, &options, &sink);
    return bed;
}

static void end(struct bed *bed)
{
    reply_reset(&bed->reply);
    fixture_destroy(bed->fixture);
}

static int ask(struct bed *bed, const char *method, const char *path, const char *body)
{
    reply_reset(&bed->reply);
    rest_handle(bed->rest,
                &(struct rest_request){.method = method,
                                       .path = path,
                                       .host = "localhost",
                                       .content_type = "application/json",
                                       .body = body,
                                       .size_bytes = body != NULL ? strlen(body) : 0},
                &bed->reply, 0);
    return bed->reply.status;
}

static int register_url(struct bed *bed, const char *client, const char *url)
{
    char body[1024];
    snprintf(body, sizeof body, "{\"client\":\"%s\",\"url\":\"%s\"}", client, url);
    return ask(bed, "POST", "/v1/callbacks", body);
}

static void expect_reply(struct bed *bed, const char *text)
{
    if (strstr(bed->reply.body, text) == NULL)
        fail_msg("%s is not in %s", text, bed->reply.body);
}

static void test_life_of_a_client(void **state)
{
    (void)state;
    struct bed *bed = begin(false);
    assert_int_equal(register_url(bed, "a", "http://127.0.0.1:9/secret?k=v"), 201);
    assert_string_equal(bed->told, "a http://127.0.0.1:9/secret?k=v");
    assert_string_equal(bed->reply.location, "/v1/callbacks/a");
    expect_reply(bed, "http://127.0.0.1:9/secret?k=v");
    assert_int_equal(ask(bed, "GET", "/v1/callbacks", NULL), 200);
    expect_reply(bed, "{\"items\":[{\"client\":\"a\",\"url\":\"http://127.0.0.1:9/~");
    assert_null(strstr(bed->reply.body, "secret"));
    assert_int_equal(register_url(bed, "a", "http://127.0.0.1:10/"), 201);
    assert_string_equal(bed->told, "a http://127.0.0.1:10/");
    assert_int_equal(ask(bed, "DELETE", "/v1/callbacks/a", NULL), 204);
    assert_string_equal(bed->told, "a -");
    assert_int_equal(ask(bed, "DELETE", "/v1/callbacks/a", NULL), 404);
    assert_int_equal(bed->told_count, 3);
    end(bed);
}

static void test_urls(void **state)
{
    static const struct {
        const char *url;
        int status;
        const char *why;
    } cases[] = {
        {"ftp://127.0.0.1/", 422, "begins neither"},
        {"http://127.0.0.1:0/", 422, "its port"},
        {"http://127.0.0.1:99999/", 422, "its port"},
        {"http://u:p@127.0.0.1/", 422, "a user or a password"},
        {"http://127.0.0.1/#x", 422, "a fragment"},
        {"http://[fe80::1%25lo]/", 422, "a zone"},
        {"http://127.0.0.1/\\u0000x", 400, "JSON"},
        {"http://127.0.0.1/\\r\\nX: y", 422, "characters"},
        {"http://10.0.0.1/", 403, "go to loopback"},
        {"http://0.0.0.0/", 403, "go to loopback"},
        {"http://0x0a000001/", 403, "go to loopback"},
        {"http://012.0.0.1/", 403, "go to loopback"},
        {"http://[::ffff:10.0.0.1]/", 403, "go to loopback"},
    };
    (void)state;
    struct bed *bed = begin(false);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (register_url(bed, "a", cases[i].url) != cases[i].status)
            fail_msg("%s: %d", cases[i].url, bed->reply.status);
        expect_reply(bed, cases[i].why);
    }
    assert_int_equal(ask(bed, "POST", "/v1/callbacks", "{\"client\":\"a\"}"), 422);
    expect_reply(bed, "it is missing");
    assert_int_equal(bed->told_count, 0);
    end(bed);
    bed = begin(true);
    assert_int_equal(register_url(bed, "a", "http://127.0.0.1/"), 403);
    expect_reply(bed, "can be reached from other machines");
    end(bed);
}

static void test_hostile_names(void **state)
{
    static const char *const names[] = {"",  "a b",   "a/b",     "..\\u002fx", "\\u0001", "\\n",
                                        "é", "a\\\\", "\\u202e", "%00",        "a\\\"}"};
    (void)state;
    struct bed *bed = begin(false);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (register_url(bed, names[i], "http://127.0.0.1/") != 422)
            fail_msg("\"%s\": %d", names[i], bed->reply.status);
    char name[REST_CLIENT_SIZE_BYTES + 1] = "";
    memset(name, 'x', REST_CLIENT_SIZE_BYTES);
    assert_int_equal(register_url(bed, name, "http://127.0.0.1/"), 422);
    name[REST_CLIENT_SIZE_BYTES - 1] = '\0';
    assert_int_equal(register_url(bed, name, "http://127.0.0.1/"), 201);
    enum { SIZE_BYTES = 1 << 20 };
    char *large = malloc(SIZE_BYTES + 1);
    memset(large, 'x', SIZE_BYTES);
    memcpy(large, "{\"client\":\"", 11);
    memcpy(large + SIZE_BYTES - 2, "\"}", 3);
    assert_int_equal(ask(bed, "POST", "/v1/callbacks", large), 413);
    free(large);
    assert_int_equal(bed->told_count, 1);
    end(bed);
}

static void test_number_of_clients_is_bounded(void **state)
{
    (void)state;
    struct bed *bed = begin(false);
    char name[16];
    for (uint32_t i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "c%u", i);
        assert_int_equal(register_url(bed, name, "http://127.0.0.1/same"),
                         i < REST_CLIENTS_MAX ? 201 : 409);
    }
    assert_int_equal(bed->told_count, REST_CLIENTS_MAX);
    assert_int_equal(register_url(bed, "c0", "http://127.0.0.1/other"), 201);
    assert_int_equal(ask(bed, "DELETE", "/v1/callbacks/c5", NULL), 204);
    bed->is_busy = true;
    assert_int_equal(register_url(bed, "new", "http://127.0.0.1/"), 409);
    expect_reply(bed, "try again");
    bed->is_busy = false;
    assert_int_equal(ask(bed, "DELETE", "/v1/callbacks/new", NULL), 404);
    assert_int_equal(register_url(bed, "new", "http://127.0.0.1/"), 201);
    end(bed);
}

/* Register at a service with a token, over a socket; the status. */
static int register_over(const char *service, const char *url)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char body[128], request[512], answer[64] = "";
    int line = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(strrchr(service, ':') + 1));
    assert_int_equal(connect(line, (struct sockaddr *)&address, sizeof address), 0);
    snprintf(body, sizeof body, "{\"client\":\"a\",\"url\":\"%s\"}", url);
    int size = snprintf(request, sizeof request,
                        "POST /v1/callbacks HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n"
                        "Authorization: Bearer 0123456789abcdef\r\n"
                        "Content-Type: application/json\r\n\r\n%s",
                        strlen(body), body);
    assert_int_equal(write(line, request, (size_t)size), size);
    assert_true(read(line, answer, sizeof answer - 1) > 12);
    close(line);
    return atoi(answer + 9);
}

/* Who can be reached by others does not lend them its loopback, unless it is told to. */
static void test_open_service(void **state)
{
    static const struct {
        const char *listen, *network;
        int status;
    } cases[] = {{"127.0.0.1:0", NULL, 201},
                 {"0.0.0.0:0", NULL, 403},
                 {"0.0.0.0:0", "0.0.0.0/0", 403},
                 {"0.0.0.0:0", "127.0.0.0/8", 201}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture *fixture = fixture_create(1);
        struct arena *arena = arena_create("service", 0);
        struct testbed *testbed;
        struct guard_network network;
        struct error error;
        struct testbed_options options = {.parameters = &fixture->parameters,
                                          .listen = cases[i].listen,
                                          .is_stepped = true,
                                          .token = "0123456789abcdef",
                                          .title = "test",
                                          .version = "0"};
        if (cases[i].network != NULL) {
            assert_true(guard_network_parse(&network, cases[i].network, &error));
            options.networks = &network;
            options.networks_count = 1;
        }
        assert_true(testbed_start(&testbed, arena, &options, &error));
        assert_int_equal(register_over(testbed_url(testbed), "http://127.0.0.1:9/"),
                         cases[i].status);
        testbed_stop(testbed);
        arena_destroy(arena);
        fixture_destroy(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_of_a_client),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_number_of_clients_is_bounded),
        cmocka_unit_test(test_open_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
