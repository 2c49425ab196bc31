#include "models/testbed/dialect.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "sim/base/check.h"
#include "sim/base/units.h"

static void print_host(char *text, size_t size_bytes, uint8_t host)
{
    if (host == RCE_TEMPORARY_HOST)
        snprintf(text, size_bytes, "temporary");
    else
        snprintf(text, size_bytes, "%u", host);
}

static void print_path(struct dialect_request *request, uint32_t sddc,
                       const struct rce_action *action)
{
    char host[16];
    print_host(host, sizeof host, action->host);
    const char *tail = "";
    bool has_host = false;
    request->method = "POST";
    switch (action->operation) {
    case RCE_UPGRADE_CONTROL_PLANE:
    case RCE_UPGRADE_NETWORK:
        snprintf(request->path, sizeof request->path, "/v1/sddcs/%u/%s", sddc,
                 action->operation == RCE_UPGRADE_NETWORK ? "network" : "control-plane");
        return;
    case RCE_BACKUP: tail = "/backup"; break;
    case RCE_ADD_HOST: tail = "/hosts"; break;
    case RCE_READ_CLUSTER: request->method = "GET"; break;
    case RCE_READ_HOST:
        request->method = "GET";
        has_host = true;
        break;
    case RCE_ENTER_MAINTENANCE:
    case RCE_EXIT_MAINTENANCE:
        tail = "/maintenance";
        has_host = true;
        break;
    case RCE_UPDATE_HOST:
        tail = "/update";
        has_host = true;
        break;
    case RCE_REMOVE_HOST:
        request->method = "DELETE";
        tail = "/hosts/temporary";
        break;
    }
    snprintf(request->path, sizeof request->path, "/v1/sddcs/%u/clusters/%u%s%s%s", sddc,
             action->cluster, has_host ? "/hosts/" : "", has_host ? host : "", tail);
}

void dialect_ask(struct dialect_request *request, uint32_t sddc, const struct rce_action *action)
{
    *request = (struct dialect_request){0};
    print_path(request, sddc, action);
    if (action->operation == RCE_ENTER_MAINTENANCE || action->operation == RCE_EXIT_MAINTENANCE)
        snprintf(request->body, sizeof request->body, "{\"mode\":\"%s\"}",
                 action->operation == RCE_ENTER_MAINTENANCE ? "enter" : "exit");
    if (action->key != 0)
        snprintf(request->key, sizeof request->key, "%llu", (unsigned long long)action->key);
}

/* Fields of untrusted objects: false where they are not there, or something else. */
static bool get_integer(const json_t *object, const char *name, int64_t maximum, int64_t *value)
{
    const json_t *field = json_object_get(object, name);
    if (!json_is_integer(field) || json_integer_value(field) < 0 ||
        json_integer_value(field) > maximum)
        return false;
    *value = json_integer_value(field);
    return true;
}

static bool get_flag(const json_t *object, const char *name, bool *flag)
{
    const json_t *field = json_object_get(object, name);
    if (!json_is_boolean(field))
        return false;
    *flag = json_is_true(field);
    return true;
}

/* The index of a text among names that end with NULL; -1: it is none of them. */
static int get_name(const json_t *object, const char *name, const char *const *names)
{
    const char *text = json_string_value(json_object_get(object, name));
    for (int i = 0; text != NULL && names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    return -1;
}

/* Parse an object. Nothing here is deep, and the parser has a limit of its own. */
static json_t *parse(const char *body, size_t size_bytes)
{
    json_t *root = size_bytes == 0 ? NULL : json_loadb(body, size_bytes, 0, NULL);
    if (json_is_object(root))
        return root;
    json_decref(root);
    return NULL;
}

static bool read_task(struct rce_input *input, const json_t *root)
{
    static const char *const states[] = {"accepted", "succeeded", "failed", NULL};
    int64_t task;
    int state = get_name(root, "state", states);
    if (!get_integer(root, "number", INT64_MAX, &task) || task == 0 || state < 0)
        return false;
    input->result = RCE_ACCEPTED;
    input->task = (uint64_t)task;
    input->has_ended = state > 0;
    input->outcome = state == 2 ? RCE_TASK_FAILED : RCE_TASK_SUCCEEDED;
    return true;
}

static bool read_state(struct rce_input *input, enum rce_operation operation, const json_t *root)
{
    bool is_ready = false, is_in_maintenance = false, is_updated = false;
    bool is_good = operation == RCE_READ_CLUSTER
                       ? get_flag(root, "ready_for_maintenance", &is_ready)
                       : get_flag(root, "in_maintenance_mode", &is_in_maintenance) &&
                             get_flag(root, "updated", &is_updated);
    if (!is_good)
        return false;
    input->result = RCE_STATE;
    input->state = (is_ready ? RCE_STATE_CLUSTER_READY : 0) |
                   (is_in_maintenance ? RCE_STATE_HOST_IN_MAINTENANCE : 0) |
                   (is_updated ? RCE_STATE_HOST_UPDATED : 0);
    return true;
}

/* How long to wait: what the body says in simulated time, else the header. */
static int64_t retry_after_ns(const json_t *root, const struct dialect_answer *answer, double speed)
{
    int64_t told_ns;
    if (root != NULL && get_integer(root, "retry_after_ns", INT64_C(1) << 62, &told_ns))
        return told_ns;
    if (answer->retry_after_s <= 0)
        return 0;
    double scaled_ns = (double)answer->retry_after_s * (double)UNITS_S * speed;
    return scaled_ns < 0x1p62 ? (int64_t)scaled_ns : INT64_C(1) << 62;
}

static enum rce_result result_of_status(int status, const json_t *root)
{
    static const char *const not_ready[] = {"not-ready", NULL};
    if (status == 429)
        return RCE_THROTTLED;
    if (status == 503)
        return RCE_UNAVAILABLE;
    if (status == 409 && get_name(root, "code", not_ready) == 0)
        return RCE_NOT_READY;
    if ((status >= 400 && status < 500) || status == 507)
        return RCE_REFUSED;
    return RCE_UNKNOWN;
}

bool dialect_read_answer(struct rce_input *input, enum rce_operation operation,
                         const struct dialect_answer *answer, double speed)
{
    bool is_read = operation == RCE_READ_CLUSTER || operation == RCE_READ_HOST;
    input->result = RCE_UNKNOWN;
    if (answer->status == 0) {
        input->result = answer->was_never_sent ? RCE_UNAVAILABLE : RCE_UNKNOWN;
        return true;
    }
    json_t *root = parse(answer->body, answer->size_bytes);
    bool is_good = true;
    if (answer->status == (is_read ? 200 : 202)) {
        is_good = is_read ? read_state(input, operation, root) : read_task(input, root);
    } else {
        input->result = result_of_status(answer->status, root);
        if (input->result == RCE_THROTTLED)
            input->retry_after_ns = retry_after_ns(root, answer, speed);
        is_good = input->result != RCE_UNKNOWN;
    }
    json_decref(root);
    return is_good;
}

/* `cluster` and `host` of an object; both may be missing. */
static bool read_place(struct rce_input *input, const json_t *root)
{
    static const char *const temporary[] = {"temporary", NULL};
    int64_t number;
    input->cluster = RCE_NO_CLUSTER;
    input->host = RCE_NO_HOST;
    if (json_object_get(root, "cluster") == NULL)
        return json_object_get(root, "host") == NULL;
    if (!get_integer(root, "cluster", RCE_CLUSTERS_MAX - 1, &number))
        return false;
    input->cluster = (uint8_t)number;
    if (json_object_get(root, "host") == NULL)
        return true;
    if (get_name(root, "host", temporary) == 0) {
        input->host = RCE_TEMPORARY_HOST;
        return true;
    }
    if (!get_integer(root, "host", RCE_HOSTS_MAX - 1, &number))
        return false;
    input->host = (uint8_t)number;
    return true;
}

bool dialect_read_webhook(struct rce_input *input, uint32_t *sddc, const char *body,
                          size_t size_bytes)
{
    static const char *const outcomes[] = {"succeeded", "failed", NULL};
    json_t *root = parse(body, size_bytes);
    int64_t number = 0, task = 0;
    int operation = get_name(root, "operation", rce_operation_names);
    int outcome = get_name(root, "outcome", outcomes);
    *input = (struct rce_input){.kind = RCE_INPUT_CALLBACK};
    bool is_good = get_integer(root, "sddc", UINT32_MAX, &number) &&
                   get_integer(root, "number", INT64_MAX, &task) && task > 0 && operation >= 0 &&
                   outcome >= 0 && read_place(input, root);
    json_decref(root);
    if (!is_good)
        return false;
    *sddc = (uint32_t)number;
    input->task = (uint64_t)task;
    input->operation = (enum rce_operation)operation;
    input->outcome = outcome == 0 ? RCE_TASK_SUCCEEDED : RCE_TASK_FAILED;
    return true;
}

void dialect_ask_fleet(struct dialect_request *request, uint32_t offset)
{
    *request = (struct dialect_request){.method = "GET"};
    snprintf(request->path, sizeof request->path, "/v1/sddcs?offset=%u&limit=%d", offset,
             (int)DIALECT_PAGE);
}

static bool read_plan(struct rce_plan *plan, struct arena *arena, const json_t *item, uint32_t sddc)
{
    const json_t *list = json_object_get(item, "clusters");
    int64_t number;
    size_t count = json_array_size(list);
    if (!get_integer(item, "id", UINT32_MAX, &number) || number != sddc || count < 1 ||
        count > RCE_CLUSTERS_MAX)
        return false;
    struct rce_cluster_plan *clusters = arena_take_array(arena, count, sizeof *clusters);
    for (size_t i = 0; i < count; i++) {
        const json_t *cluster = json_array_get(list, i);
        if (!get_integer(cluster, "id", RCE_CLUSTERS_MAX, &number) || number != (int64_t)i ||
            !get_integer(cluster, "hosts", RCE_HOSTS_MAX, &number) || number < 1 ||
            !get_flag(cluster, "temporary_host", &clusters[i].temporary_host))
            return false;
        clusters[i].hosts_count = (uint8_t)number;
    }
    *plan = (struct rce_plan){
        .workflow = sddc, .clusters_count = (uint32_t)count, .clusters = clusters};
    return true;
}

static enum dialect_begun read_begun(const json_t *item)
{
    static const char *const states[] = {"none", "running", "succeeded", "failed", NULL};
    int state = get_name(json_object_get(item, "workflow"), "state", states);
    return state < 0 ? DIALECT_NOT_SAID : state == 0 ? DIALECT_NOT_BEGUN : DIALECT_BEGUN;
}

bool dialect_read_fleet(struct dialect_fleet *fleet, struct arena *arena, const char *body,
                        size_t size_bytes, struct error *error)
{
    json_t *root = parse(body, size_bytes);
    const json_t *items = json_object_get(root, "items");
    int64_t count = 0, offset = 0;
    bool is_good = get_integer(root, "count", UINT32_MAX, &count) &&
                   get_integer(root, "offset", UINT32_MAX, &offset) && json_is_array(items) &&
                   json_array_size(items) <= DIALECT_PAGE;
    fleet->sddcs_count = (uint32_t)count;
    fleet->plans_count = is_good ? (uint32_t)json_array_size(items) : 0;
    for (uint32_t i = 0; i < fleet->plans_count && is_good; i++) {
        const json_t *item = json_array_get(items, i);
        fleet->are_begun[i] = read_begun(item);
        is_good = read_plan(&fleet->plans[i], arena, item, (uint32_t)offset + i);
    }
    json_decref(root);
    return is_good || error_set(error, ERROR_IO,
                                "what answers there is no service of this kind: its list of SDDCs "
                                "(GET /v1/sddcs) is not as openapi.json has it");
}

void dialect_tell(struct dialect_request *request, uint32_t sddc, const char *state,
                  const struct rce_action *failure)
{
    *request = (struct dialect_request){.method = "POST"};
    snprintf(request->path, sizeof request->path, "/v1/sddcs/%u/workflow", sddc);
    size_t room = sizeof request->body;
    int length = snprintf(request->body, room, "{\"state\":\"%s\"", state);
    if (failure != NULL)
        length +=
            snprintf(request->body + length, room - (size_t)length,
                     ",\"reason\":\"%s\",\"operation\":\"%s\"", rce_reason_name(failure->reason),
                     rce_operation_name(failure->operation));
    if (failure != NULL && failure->cluster != RCE_NO_CLUSTER)
        length += snprintf(request->body + length, room - (size_t)length, ",\"cluster\":%u",
                           failure->cluster);
    if (failure != NULL && failure->host == RCE_TEMPORARY_HOST)
        length +=
            snprintf(request->body + length, room - (size_t)length, ",\"host\":\"temporary\"");
    else if (failure != NULL && failure->host != RCE_NO_HOST)
        length +=
            snprintf(request->body + length, room - (size_t)length, ",\"host\":%u", failure->host);
    length += snprintf(request->body + length, room - (size_t)length, "}");
    CHECK((size_t)length < room);
}

static uint32_t read_names(const json_t *list, const char *const *names, size_t count)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        for (size_t k = 0; text != NULL && k < count; k++)
            bits |= (uint32_t)(strcmp(text, names[k]) == 0) << k;
    }
    return bits;
}

enum dialect_told dialect_read_truth(struct dialect_truth *truth,
                                     const char *const *violation_names, size_t violation_count,
                                     const char *body, size_t size_bytes)
{
    json_t *root = parse(body, size_bytes);
    const json_t *told = json_object_get(root, "truth");
    const json_t *cause = json_object_get(told, "cause");
    const json_t *violations = json_object_get(told, "violations");
    struct dialect_truth read = {.violations =
                                     read_names(violations, violation_names, violation_count)};
    bool is_good = get_flag(told, "early_trigger", &read.early_trigger) &&
                   get_integer(told, "duplicates", UINT16_MAX, &read.duplicates) &&
                   get_integer(told, "temporary_hosts", RCE_CLUSTERS_MAX, &read.temporary_hosts) &&
                   (cause == NULL || json_is_string(cause)) && json_is_array(violations);
    bool is_untold = root != NULL && told == NULL;
    if (is_good && cause != NULL)
        snprintf(read.cause, sizeof read.cause, "%s", json_string_value(cause));
    if (is_good)
        *truth = read;
    json_decref(root);
    return is_good ? DIALECT_TOLD : is_untold ? DIALECT_UNTOLD : DIALECT_TOLD_RUBBISH;
}

bool dialect_register(struct dialect_request *request, const char *client, const char *url)
{
    *request = (struct dialect_request){.method = "POST", .path = "/v1/callbacks"};
    json_t *root = json_pack("{s:s, s:s}", "client", client, "url", url);
    size_t room = sizeof request->body - 1;
    size_t length = root == NULL ? 0 : json_dumpb(root, request->body, room, JSON_COMPACT);
    json_decref(root);
    if (length == 0 || length > room)
        return false;
    request->body[length] = '\0';
    return true;
}

void dialect_unregister(struct dialect_request *request, const char *client)
{
    *request = (struct dialect_request){.method = "DELETE"};
    snprintf(request->path, sizeof request->path, "/v1/callbacks/%s", client);
}

void dialect_ask_health(struct dialect_request *request)
{
    *request = (struct dialect_request){.method = "GET"};
    snprintf(request->path, sizeof request->path, "/healthz");
}

void dialect_ask_callbacks(struct dialect_request *request)
{
    *request = (struct dialect_request){.method = "GET", .path = "/v1/callbacks"};
}

bool dialect_read_callbacks(char url[DIALECT_URL_SIZE_BYTES], const char *client, const char *body,
                            size_t size_bytes)
{
    json_t *root = parse(body, size_bytes);
    const json_t *items = json_object_get(root, "items");
    bool is_good = json_is_array(items);
    url[0] = '\0';
    for (size_t i = 0; i < json_array_size(items) && is_good; i++) {
        const json_t *item = json_array_get(items, i);
        const char *name = json_string_value(json_object_get(item, "client"));
        const char *goes_to = json_string_value(json_object_get(item, "url"));
        is_good = name != NULL && goes_to != NULL && strlen(goes_to) < DIALECT_URL_SIZE_BYTES;
        if (is_good && strcmp(name, client) == 0)
            snprintf(url, DIALECT_URL_SIZE_BYTES, "%s", goes_to);
    }
    json_decref(root);
    return is_good;
}

void dialect_ask_clock(struct dialect_request *request)
{
    *request = (struct dialect_request){.method = "GET", .path = "/admin/clock"};
}

bool dialect_read_clock(struct dialect_clock *clock, const char *body, size_t size_bytes)
{
    json_t *root = parse(body, size_bytes);
    const json_t *field = json_object_get(root, "speed");
    struct dialect_clock told = {.speed = json_number_value(field)};
    bool is_good = json_is_number(field) && isfinite(told.speed) && told.speed > 0 &&
                   get_flag(root, "step", &told.is_stepped) &&
                   get_integer(root, "now_ns", INT64_MAX, &told.now_ns);
    if (is_good)
        *clock = told;
    json_decref(root);
    return is_good;
}
