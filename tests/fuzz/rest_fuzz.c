/* rest_fuzz.c - any requests, in any order and at any time, to the service behind HTTP.
 *
 * An input is text, so that a corpus can be written and read. Blocks end with a line "%%":
 *
 *     POST /v1/sddcs/0/workflow?query      a request line
 *     Content-Type: application/json       headers (those that the handler looks at)
 *                                          an empty line
 *     {"state": "started"}                 a body of any bytes
 *     %%
 *     @ 5000                               or: so many milliseconds go by
 *     %%
 *
 * The first byte of the input chooses the clock (s: stepped), a token (t) or anything else.
 *
 * Oracle: the status is one that openapi.json has for that operation (405 with Allow, or 404, where
 * it has none), the body is of the kind that it says, problems have the status and a known code, a
 * place is below /v1/, time does not go back, whoever waits is answered once, callbacks are JSON
 * with numbers of their own, and the same requests get the same answers once more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>

#include "models/testbed/rest.h"
#include "models/vmc/config.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "tests/fuzz/rest_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

enum { SIZE_MAX_BYTES = 1 << 17, BLOCKS_MAX = 64, WAITS_MAX = BLOCKS_MAX };

static const char *const header_names[] = {"Host",           "Origin",          "Authorization",
                                           "Content-Type",   "Idempotency-Key", "Prefer",
                                           "Sec-Fetch-Site", "Content-Encoding"};
enum { HEADER_COUNT = sizeof header_names / sizeof header_names[0] };

struct session {
    struct rest *rest;
    json_t *document;
    uint64_t digest;
    uint64_t deliveries_count;
    json_t *operations[WAITS_MAX]; /* of those who wait; NULL: nobody */
    int64_t real_ns;
};

static void note(struct session *session, const void *bytes, size_t size_bytes)
{
    session->digest = session->digest * UINT64_C(0x9e3779b97f4a7c15) + text_hash(bytes, size_bytes);
}

static void check_json(const struct reply *reply, const char *body, size_t size_bytes)
{
    json_error_t problem;
    json_t *value = json_loadb(body, size_bytes, JSON_REJECT_DUPLICATES, &problem);
    CHECK(json_is_object(value));
    if (strcmp(reply->content_type, "application/problem+json") == 0) {
        CHECK(json_integer_value(json_object_get(value, "status")) == reply->status);
        CHECK(json_is_string(json_object_get(value, "code")));
        CHECK(json_is_string(json_object_get(value, "detail")));
        CHECK(reply->status >= 400);
    }
    json_decref(value);
}

/* Hold an answer against what the document says; `operation` NULL: it says nothing. */
static void check_reply(struct session *session, json_t *operation, const struct reply *reply)
{
    const char *body = reply->fixed != NULL ? reply->fixed : reply->body;
    size_t size_bytes = reply->fixed != NULL ? strlen(reply->fixed) : reply->size_bytes;
    note(session, &reply->status, sizeof reply->status);
    if (reply->status == REPLY_CLOSE)
        return;
    if (operation == NULL) {
        CHECK(reply->status == 404 || reply->status == 405 || reply->status == 401 ||
              reply->status == 403 || reply->status == 421);
    } else {
        json_t *response = rest_document_response(session->document, operation, reply->status);
        if (response == NULL)
            fprintf(stderr, "%d is not documented for %s\n", reply->status,
                    json_string_value(json_object_get(operation, "operationId")));
        CHECK(response != NULL);
        json_t *content = json_object_get(response, "content");
        char type[64];
        snprintf(type, sizeof type, "%.*s", (int)strcspn(reply->content_type, ";"),
                 reply->content_type);
        CHECK(content == NULL ? size_bytes == 0 : json_object_get(content, type) != NULL);
    }
    CHECK((reply->status == 405) == (reply->allow != NULL));
    CHECK((reply->status == 401) == (reply->authenticate != NULL));
    CHECK(reply->retry_after_s == 0 || reply->status == 429);
    CHECK(reply->location[0] == '\0' || strncmp(reply->location, "/v1/", 4) == 0);
    bool is_json = strcmp(reply->content_type, "application/json") == 0 ||
                   strcmp(reply->content_type, "application/problem+json") == 0;
    if (is_json && size_bytes > 0)
        check_json(reply, body, size_bytes);
    if (reply->fixed == NULL && body != NULL)
        note(session, body, size_bytes);
}

static void on_answered(void *context, void *waiter, struct reply *reply)
{
    struct session *session = context;
    json_t **operation = waiter;
    CHECK(*operation != NULL);
    check_reply(session, *operation, reply);
    *operation = NULL;
    reply_reset(reply);
}

static void on_deliver(void *context, const struct rest_delivery *delivery)
{
    struct session *session = context;
    json_error_t problem;
    json_t *body = json_loads(delivery->body, JSON_REJECT_DUPLICATES, &problem);
    CHECK(json_is_object(body));
    CHECK(delivery->number > session->deliveries_count);
    session->deliveries_count = delivery->number;
    note(session, delivery->body, strlen(delivery->body));
    json_decref(body);
}

/* Take a line out of a text: it is ended by 0, and the rest is returned. */
static char *take_line(char *text, char *end)
{
    char *stop = memchr(text, '\n', (size_t)(end - text));
    if (stop == NULL)
        return end;
    *stop = '\0';
    return stop + 1;
}

static void read_header(char *line, const char **values)
{
    size_t length = strcspn(line, ":");
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        bool is_it = line[length] == ':' && length == strlen(header_names[i]) &&
                     memcmp(line, header_names[i], length) == 0;
        if (is_it)
            values[i] = line + length + 1 + strspn(line + length + 1, " ");
    }
}

/* One request, from `text` to `end`, where a 0 is. */
static void ask(struct session *session, char *text, char *end, json_t **waiter)
{
    const char *values[HEADER_COUNT] = {"localhost"};
    char *rest = take_line(text, end);
    char *path = strchr(text, ' ');
    if (path == NULL)
        return;
    *path++ = '\0';
    char *query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    while (rest < end && *rest != '\n') {
        char *line = rest;
        rest = take_line(line, end);
        read_header(line, values);
    }
    rest += rest < end;
    struct rest_request request = {.method = text,
                                   .path = path,
                                   .query = query,
                                   .host = values[0],
                                   .origin = values[1],
                                   .authorization = values[2],
                                   .content_type = values[3],
                                   .idempotency_key = values[4],
                                   .prefer = values[5],
                                   .fetch_site = values[6],
                                   .content_encoding = values[7],
                                   .body = rest,
                                   .size_bytes = (size_t)(end - rest),
                                   .waiter = waiter};
    json_t *operations = rest_document_path(session->document, path);
    json_t *operation = rest_document_operation(operations, text);
    *waiter = operation;
    struct reply reply = {0};
    rest_advance(session->rest, session->real_ns);
    bool is_now = rest_handle(session->rest, &request, &reply, session->real_ns);
    if (is_now) {
        *waiter = NULL;
        check_reply(session, operation, &reply);
        if (reply.status == 405)
            CHECK(operations != NULL && operation == NULL);
        if (reply.status == 404 && operation == NULL)
            CHECK(operations == NULL || strchr(path + 1, '/') != NULL);
    } else {
        CHECK(operation != NULL && reply.body == NULL);
    }
    reply_reset(&reply);
}

static void wait_for(struct session *session, const char *text)
{
    int64_t before_ns = vmc_live_now_ns(rest_world(session->rest));
    int64_t real_ms = strtol(text, NULL, 10);
    if (real_ms > 0 && real_ms <= 10000000)
        session->real_ns += real_ms * UNITS_MS;
    rest_advance(session->rest, session->real_ns);
    CHECK(vmc_live_now_ns(rest_world(session->rest)) >= before_ns);
}

static void talk(struct session *session, char *text, char *end)
{
    for (size_t i = 0; i < BLOCKS_MAX && text < end; i++) {
        char *stop = memmem(text, (size_t)(end - text), "\n%%\n", 4);
        char *next = stop == NULL ? end : stop + 4;
        stop = stop == NULL ? end : stop;
        *stop = '\0';
        if (*text == '@')
            wait_for(session, text + 1);
        else
            ask(session, text, stop, &session->operations[i]);
        text = next;
    }
}

/* One SDDC of two clusters and one of one, a service that is slow, throttles, breaks and loses. */
static const struct dist *parse_dist(struct arena *arena, const char *text,
                                     enum dist_dimension dimension)
{
    struct error error = {0};
    const struct dist *dist =
        dist_parse(arena, text, &(struct dist_options){.dimension = dimension}, NULL, &error);
    CHECK(dist != NULL);
    return dist;
}

static void make_world(struct arena *arena, struct vmc_config *config)
{
    vmc_config_init(config);
    config->fleet.sddcs_count = 2;
    config->fleet.clusters_per_sddc = parse_dist(arena, "discrete(1=0.5, 2=0.5)", DIST_NUMBER);
    config->provisioning.connect = parse_dist(arena, "18min", DIST_DURATION);
    config->provisioning.configure = parse_dist(arena, "4min", DIST_DURATION);
    config->work.backup = parse_dist(arena, "30min", DIST_DURATION);
    config->maintenance.evacuate = parse_dist(arena, "5min", DIST_DURATION);
    config->maintenance.stuck_probability = 0.1;
    config->service.latency =
        parse_dist(arena, "lognormal(median=120ms, p95=900ms)", DIST_DURATION);
    config->service.unavailable_probability = 0.05;
    config->service.unknown_probability = 0.05;
    config->service.unknown_applied_share = 0.5;
    config->service.limit_writes = (struct vmc_limit){.rate_per_s = 0.1, .burst = 5};
    config->service.retry_after = true;
    config->service.callback_loss = 0.1;
    config->service.callback_duplicate = 0.1;
}

/* All of an input against a service of its own; the digest of everything that came back. */
static uint64_t run(json_t *document, const uint8_t *bytes, size_t size_bytes)
{
    struct arena *arena = arena_create("service", 0);
    struct vmc_config config;
    make_world(arena, &config);
    struct rce_options options;
    rce_options_init(&options);
    const struct vmc_parameters parameters = {
        .world = &config, .engine = &rce_engine, .options = &options};
    struct session session = {.document = document, .real_ns = 1000};
    bool is_stepped = bytes[0] == 's', has_token = bytes[0] == 't';
    session.rest = rest_create(
        arena,
        &(struct rest_options){.parameters = &parameters,
                               .seed = 7,
                               .pacer = pacer_start(60, is_stepped, 1000),
                               .token = has_token ? "0123456789abcdef" : NULL,
                               .title = "<fuzz> & \"more\"",
                               .version = "0",
                               .is_loopback_only = !has_token},
        &(struct rest_sink){.context = &session, .answered = on_answered, .deliver = on_deliver});
    char *text = malloc(size_bytes + 1);
    CHECK(text != NULL);
    memcpy(text, bytes, size_bytes);
    text[size_bytes] = '\0';
    char *first = take_line(text, text + size_bytes);
    talk(&session, first, text + size_bytes);
    rest_close(session.rest);
    for (size_t i = 0; i < WAITS_MAX; i++)
        CHECK(session.operations[i] == NULL);
    free(text);
    arena_destroy(arena);
    return session.digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static json_t *document;
    if (document == NULL) {
        gsl_set_error_handler_off();
        document = rest_document_read();
    }
    if (size_bytes == 0 || size_bytes > SIZE_MAX_BYTES)
        return 0;
    CHECK(run(document, bytes, size_bytes) == run(document, bytes, size_bytes));
    return 0;
}
