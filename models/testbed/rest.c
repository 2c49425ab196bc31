#include "models/testbed/rest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "models/testbed/asset.h"
#include "models/testbed/rest_parts.h"
#include "sim/base/check.h"

struct rest *rest_create(struct arena *arena, const struct rest_options *options,
                         const struct rest_sink *sink)
{
    struct rest *rest = arena_take(arena, sizeof *rest);
    rest->options = *options;
    rest->sink = *sink;
    rest->arena = arena;
    rest->pacer = options->pacer;
    const struct vmc_port port = {
        .context = rest, .answer = rest_on_answer, .callback = rest_on_callback};
    rest->live =
        vmc_live_create(arena, options->parameters, options->seed, options->replication, &port);
    return rest;
}

struct vmc_live *rest_world(struct rest *rest)
{
    return rest->live;
}

struct rest_gauges *rest_gauges(struct rest *rest)
{
    return &rest->gauges;
}

bool rest_is_shutdown_asked(const struct rest *rest)
{
    return rest->is_shutdown_asked;
}

void rest_advance(struct rest *rest, int64_t real_ns)
{
    if (rest->is_closed || rest->pacer.is_stepped)
        return;
    int64_t now_ns = pacer_now_ns(&rest->pacer, real_ns);
    int64_t next_ns = vmc_live_next_ns(rest->live);
    if (next_ns >= 0 && next_ns <= now_ns) {
        int64_t lag_ns = real_ns - pacer_real_ns(&rest->pacer, next_ns);
        lag_ns = lag_ns < 0 ? 0 : lag_ns;
        rest->lag_count++;
        rest->lag_sum_ns += lag_ns;
        rest->lag_max_ns = lag_ns > rest->lag_max_ns ? lag_ns : rest->lag_max_ns;
    }
    vmc_live_advance(rest->live, now_ns);
    rest_end_waits(rest);
}

int64_t rest_next_real_ns(const struct rest *rest)
{
    int64_t next_ns = vmc_live_next_ns(rest->live);
    if (rest->is_closed || rest->is_at_end || next_ns < 0)
        return INT64_MAX;
    /* What lies beyond the end never happens; who waits for it is told when the end has come. */
    return pacer_real_ns(&rest->pacer,
                         next_ns < VMC_LIVE_TIME_MAX_NS ? next_ns : VMC_LIVE_TIME_MAX_NS);
}

void rest_close(struct rest *rest)
{
    if (rest->is_closed)
        return;
    rest->is_closed = true;
    for (uint32_t i = 0; i < rest->waits_count; i++) {
        struct rest_wait *wait = &rest->waits[i];
        if (!wait->is_open || wait->waiter == NULL)
            continue;
        struct reply reply = {.status = REPLY_CLOSE};
        wait->is_open = false;
        rest->sink.answered(rest->sink.context, wait->waiter, &reply);
        reply_reset(&reply);
    }
}

/* What a segment of a path stands for. */
static void upgrade_control_plane(struct rest_call *call)
{
    rest_operate(call, RCE_UPGRADE_CONTROL_PLANE);
}

static void upgrade_network(struct rest_call *call)
{
    rest_operate(call, RCE_UPGRADE_NETWORK);
}

static void read_cluster(struct rest_call *call)
{
    rest_operate(call, RCE_READ_CLUSTER);
}

static void backup(struct rest_call *call)
{
    rest_operate(call, RCE_BACKUP);
}

static void add_host(struct rest_call *call)
{
    call->host = RCE_TEMPORARY_HOST;
    rest_operate(call, RCE_ADD_HOST);
}

static void read_host(struct rest_call *call)
{
    rest_operate(call, RCE_READ_HOST);
}

static void remove_host(struct rest_call *call)
{
    rest_operate(call, RCE_REMOVE_HOST);
}

static void update_host(struct rest_call *call)
{
    rest_operate(call, RCE_UPDATE_HOST);
}

static void health(struct rest_call *call)
{
    call->reply->status = 200;
    reply_print(call->reply, "{\"status\":\"ok\"}");
}

static void document(struct rest_call *call)
{
    call->reply->status = 200;
    call->reply->fixed = asset_openapi;
}

static void page(struct rest_call *call)
{
    *call->reply = (struct reply){.status = 200,
                                  .content_type = "text/html; charset=utf-8",
                                  .fixed = asset_page,
                                  .is_page = true};
}

static void style(struct rest_call *call)
{
    *call->reply = (struct reply){
        .status = 200, .content_type = "text/css; charset=utf-8", .fixed = asset_style};
}

static void script(struct rest_call *call)
{
    *call->reply = (struct reply){
        .status = 200, .content_type = "text/javascript; charset=utf-8", .fixed = asset_script};
}

/* A pattern's segments: a word, or s, c, h (numbers of an SDDC, a cluster, a host), n (a number), t
 * (a task), x (a name) after a colon. */
struct route {
    const char *method, *pattern;
    void (*answer)(struct rest_call *call);
    enum { BODY_NONE, BODY_NEEDED } body;
    bool is_open; /* no token is asked for */
};

static const struct route routes[] = {
    {"GET", "/v1/sddcs", rest_list_sddcs, BODY_NONE, false},
    {"GET", "/v1/sddcs/:s", rest_read_sddc, BODY_NONE, false},
    {"POST", "/v1/sddcs/:s/control-plane", upgrade_control_plane, BODY_NONE, false},
    {"POST", "/v1/sddcs/:s/network", upgrade_network, BODY_NONE, false},
    {"GET", "/v1/sddcs/:s/workflow", rest_read_workflow, BODY_NONE, false},
    {"POST", "/v1/sddcs/:s/workflow", rest_tell_workflow, BODY_NEEDED, false},
    {"GET", "/v1/sddcs/:s/clusters/:c", read_cluster, BODY_NONE, false},
    {"POST", "/v1/sddcs/:s/clusters/:c/backup", backup, BODY_NONE, false},
    {"POST", "/v1/sddcs/:s/clusters/:c/hosts", add_host, BODY_NONE, false},
    {"GET", "/v1/sddcs/:s/clusters/:c/hosts/:h", read_host, BODY_NONE, false},
    {"DELETE", "/v1/sddcs/:s/clusters/:c/hosts/:h", remove_host, BODY_NONE, false},
    {"POST", "/v1/sddcs/:s/clusters/:c/hosts/:h/maintenance", rest_maintain, BODY_NEEDED, false},
    {"POST", "/v1/sddcs/:s/clusters/:c/hosts/:h/update", update_host, BODY_NONE, false},
    {"GET", "/v1/tasks/:t", rest_read_task, BODY_NONE, false},
    {"GET", "/v1/requests/:n", rest_read_request, BODY_NONE, false},
    {"GET", "/v1/callbacks", rest_list_callbacks, BODY_NONE, false},
    {"POST", "/v1/callbacks", rest_register_callback, BODY_NEEDED, false},
    {"DELETE", "/v1/callbacks/:x", rest_remove_callback, BODY_NONE, false},
    {"GET", "/admin/clock", rest_read_clock, BODY_NONE, false},
    {"POST", "/admin/clock", rest_move_clock, BODY_NEEDED, false},
    {"GET", "/admin/fault", rest_read_faults, BODY_NONE, false},
    {"POST", "/admin/fault", rest_inject_fault, BODY_NEEDED, false},
    {"POST", "/admin/shutdown", rest_shut_down, BODY_NONE, false},
    {"GET", "/healthz", health, BODY_NONE, true},
    {"GET", "/metrics", rest_metrics, BODY_NONE, false},
    {"GET", "/status.json", rest_status, BODY_NONE, false},
    {"GET", "/openapi.json", document, BODY_NONE, false},
    {"GET", "/", page, BODY_NONE, true},
    {"GET", "/status.css", style, BODY_NONE, true},
    {"GET", "/status.js", script, BODY_NONE, true},
};
enum { ROUTE_COUNT = sizeof routes / sizeof routes[0] };

/* Read a whole number in its one form (no sign, no leading zero) from a stretch of text. */
static bool read_number(const char *text, size_t length, uint64_t maximum, uint64_t *number)
{
    uint64_t value = 0;
    if (length == 0 || length > 20 || (length > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return false;
    }
    *number = value;
    return value <= maximum;
}

static bool read_name(struct rest_call *call, const char *text, size_t length)
{
    if (length >= sizeof call->text)
        return false;
    memcpy(call->text, text, length);
    call->text[length] = '\0';
    return guard_is_name(call->text);
}

/* Read a segment of the path into the call, as the letter of the pattern says. */
static bool read_segment(struct rest_call *call, char letter, const char *text, size_t length)
{
    uint64_t number = 0;
    bool is_good = true;
    switch (letter) {
    case 's':
        is_good = read_number(text, length, VMC_SDDCS_MAX, &number);
        call->sddc = (uint32_t)number;
        return is_good;
    case 'c':
        is_good = read_number(text, length, RCE_CLUSTERS_MAX - 1, &number);
        call->cluster = (uint8_t)number;
        return is_good;
    case 'h':
        if (length == 9 && memcmp(text, "temporary", 9) == 0) {
            call->host = RCE_TEMPORARY_HOST;
            return true;
        }
        is_good = read_number(text, length, RCE_HOSTS_MAX - 1, &number);
        call->host = (uint8_t)number;
        return is_good;
    case 'n': return read_number(text, length, UINT64_MAX, &call->number);
    case 't': {
        const char *dash = memchr(text, '-', length);
        size_t first = dash == NULL ? 0 : (size_t)(dash - text);
        is_good = dash != NULL && read_number(text, first, VMC_SDDCS_MAX, &number) &&
                  read_number(dash + 1, length - first - 1, UINT32_MAX, &call->number);
        call->sddc = (uint32_t)number;
        return is_good;
    }
    case 'x': return read_name(call, text, length);
    }
    CHECK_UNREACHABLE("a pattern with an unknown letter");
}

/* Does a path fit a pattern? What it says goes into the call. */
static bool fits(struct rest_call *call, const char *pattern, const char *path)
{
    call->cluster = RCE_NO_CLUSTER;
    call->host = RCE_NO_HOST;
    while (*pattern == '/' && *path == '/') {
        size_t wanted = strcspn(++pattern, "/"), length = strcspn(++path, "/");
        bool is_word = *pattern != ':';
        if (is_word && (wanted != length || memcmp(pattern, path, length) != 0))
            return false;
        if (!is_word && !read_segment(call, pattern[1], path, length))
            return false;
        pattern += wanted;
        path += length;
    }
    return *pattern == '\0' && *path == '\0';
}

/* The methods that a path takes, as the Allow header has them: at most three. */
static const char *allowed(const bool takes[3])
{
    static const char *const texts[8] = {
        "",       "GET, HEAD",         "POST",         "GET, HEAD, POST",
        "DELETE", "GET, HEAD, DELETE", "POST, DELETE", "GET, HEAD, POST, DELETE"};
    return texts[takes[0] + 2 * takes[1] + 4 * takes[2]];
}

static const struct route *find(struct rest_call *call)
{
    const struct rest_request *request = call->request;
    const char *method = strcmp(request->method, "HEAD") == 0 ? "GET" : request->method;
    bool takes[3] = {false, false, false};
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        const struct route *route = &routes[i];
        if (!fits(call, route->pattern, request->path))
            continue;
        if (strcmp(route->method, method) == 0)
            return route;
        takes[route->method[0] == 'G' ? 0 : route->method[0] == 'P' ? 1 : 2] = true;
    }
    if (takes[0] || takes[1] || takes[2]) {
        reply_problem(call->reply, 405, "method-not-allowed", "%.16s is not for this resource",
                      request->method);
        call->reply->allow = allowed(takes);
    } else {
        reply_problem(call->reply, 404, "not-found", "there is no such resource");
    }
    return NULL;
}

/* Is somebody else's page, or somebody without the token, behind this? */
static bool is_let_in(struct rest_call *call, bool is_open)
{
    const struct rest *rest = call->rest;
    const struct rest_request *request = call->request;
    if (rest->options.is_loopback_only &&
        (request->host == NULL || !guard_is_loopback_host(request->host))) {
        reply_problem(call->reply, 421, "misdirected",
                      "this service answers to localhost and loopback addresses only");
        return false;
    }
    /* A page of another site may not read an answer, but already asking for one moves a stepped
     * clock; of a GET only this header tells. */
    bool is_foreign = request->fetch_site != NULL &&
                      strcasecmp(request->fetch_site, "same-origin") != 0 &&
                      strcasecmp(request->fetch_site, "none") != 0;
    if (is_foreign) {
        reply_problem(call->reply, 403, "forbidden", "not for pages of other sites");
        return false;
    }
    if (request->origin != NULL &&
        (request->host == NULL || !guard_is_same_origin(request->origin, request->host))) {
        reply_problem(call->reply, 403, "forbidden", "not for pages of other sites");
        return false;
    }
    if (is_open || rest->options.token == NULL ||
        guard_has_token(request->authorization, rest->options.token))
        return true;
    reply_problem(call->reply, 401, "unauthorized", "Authorization: Bearer TOKEN is needed");
    call->reply->authenticate = "Bearer";
    return false;
}

static bool is_json(const char *content_type)
{
    static const char type[] = "application/json";
    if (content_type == NULL || strncasecmp(content_type, type, sizeof type - 1) != 0)
        return false;
    char next = content_type[sizeof type - 1];
    return next == '\0' || next == ';' || next == ' ';
}

/* Depth of the body: the parser recurses, and nothing here is deeper than 1. */
static bool is_flat(const char *text, size_t size_bytes)
{
    int depth = 0;
    bool is_quoted = false;
    for (size_t i = 0; i < size_bytes; i++) {
        if (is_quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && (text[i] == '{' || text[i] == '['))
            depth++;
        if (depth > 8)
            return false;
    }
    return true;
}

/* Read the body, if the resource takes one; others take none, or an empty object. */
static bool read_body(struct rest_call *call, const struct route *route)
{
    const struct rest_request *request = call->request;
    if (request->size_bytes > REST_BODY_MAX_BYTES) {
        reply_problem(call->reply, 413, "too-large", "a body has at most %d bytes",
                      (int)REST_BODY_MAX_BYTES);
        return false;
    }
    if (request->size_bytes == 0 && route->body == BODY_NONE)
        return true;
    const char *coding = request->content_encoding;
    if (request->size_bytes > 0 && coding != NULL && strcasecmp(coding, "identity") != 0) {
        reply_problem(call->reply, 415, "unsupported-media-type",
                      "a body is sent as it is, without Content-Encoding");
        return false;
    }
    if (request->size_bytes > 0 && !is_json(request->content_type)) {
        reply_problem(call->reply, 415, "unsupported-media-type",
                      "a body is JSON, with Content-Type: application/json");
        return false;
    }
    json_error_t problem = {.text = "it is nested too deep", .position = 0};
    if (request->size_bytes == 0 || !is_flat(request->body, request->size_bytes) ||
        (call->body = json_loadb(request->body, request->size_bytes, JSON_REJECT_DUPLICATES,
                                 &problem)) == NULL) {
        if (request->size_bytes == 0)
            reply_problem(call->reply, 400, "bad-request", "a body is needed: a JSON object");
        else
            reply_problem(call->reply, 400, "bad-request", "the body is no JSON: %s, near byte %d",
                          problem.text, problem.position);
        return false;
    }
    bool is_good = json_is_object(call->body) &&
                   (route->body == BODY_NEEDED || json_object_size(call->body) == 0);
    if (!is_good)
        reply_problem(call->reply, 400, "bad-request",
                      route->body == BODY_NEEDED ? "the body has to be a JSON object"
                                                 : "no body, or an empty object, is taken here");
    return is_good;
}

static void answer(struct rest_call *call)
{
    const struct route *route = NULL;
    if (strlen(call->request->path) > REST_PATH_MAX_BYTES)
        reply_problem(call->reply, 404, "not-found", "there is no such resource");
    else
        route = find(call);
    if (!is_let_in(call, route != NULL && route->is_open) || route == NULL)
        return;
    if (call->rest->is_closed || call->rest->is_shutdown_asked)
        reply_problem(call->reply, 503, "shutting-down", "the service is about to end");
    else if (read_body(call, route))
        route->answer(call);
    json_decref(call->body);
}

bool rest_handle(struct rest *rest, const struct rest_request *request, struct reply *reply,
                 int64_t real_ns)
{
    struct rest_call call = {.rest = rest, .request = request, .reply = reply, .real_ns = real_ns};
    answer(&call);
    if (call.is_later)
        return false;
    if (reply->content_type == NULL)
        reply->content_type = "application/json";
    CHECK(reply->status >= 0 && reply->status < 600);
    rest->replies[reply->status]++;
    return true;
}

bool rest_body_knows(struct rest_call *call, const char *const *names)
{
    const char *name;
    json_t *value;
    json_object_foreach(call->body, name, value)
    {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], name) != 0)
            i++;
        if (names[i] != NULL)
            continue;
        reply_problem(call->reply, 422, "unprocessable", "unknown member \"%.64s\"", name);
        return false;
    }
    return true;
}

bool rest_body_text(struct rest_call *call, const char *name, const char **text)
{
    const json_t *value = json_object_get(call->body, name);
    *text = NULL;
    if (value == NULL)
        return true;
    *text = json_string_value(value);
    if (*text != NULL && strlen(*text) == json_string_length(value))
        return true;
    reply_problem(call->reply, 422, "unprocessable", "\"%s\" has to be a string", name);
    return false;
}

bool rest_body_number(struct rest_call *call, const char *name, int64_t *number, int64_t maximum)
{
    const json_t *value = json_object_get(call->body, name);
    if (value == NULL)
        return true;
    if (json_is_integer(value) && json_integer_value(value) >= 0 &&
        json_integer_value(value) <= maximum) {
        *number = json_integer_value(value);
        return true;
    }
    reply_problem(call->reply, 422, "unprocessable",
                  "\"%s\" has to be a whole number from 0 to %lld", name, (long long)maximum);
    return false;
}

int rest_body_choice(struct rest_call *call, const char *what, const char *text,
                     const char *const *names, int count)
{
    for (int i = 0; text != NULL && i < count; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    char list[256] = "";
    for (int i = 0; i < count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i == 0 ? "" : ", ",
                 names[i]);
    reply_problem(call->reply, 422, "unprocessable", "\"%s\" has to be one of: %s", what, list);
    return -1;
}
