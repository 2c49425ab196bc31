/* What an engine says: answers, with the actions in them. */
#include "models/engines/message.h"

#include <string.h>

#include "models/engines/message_form.h"
#include "sim/base/text.h"

static const char *const error_names[] = {"protocol", "config", "message",  "id",
                                          "state",    "limit",  "internal", NULL};
static const char *const capability_names[] = {"save", "load", "digest", NULL};
static const char *const action_kind_names[] = {"persist", "send", "set-timer", "cancel-timer",
                                                "done",    "fail", "log",       NULL};
static const char *const status_names[] = {"running", "succeeded", "failed", NULL};

enum { ACTION_KIND_COUNT = RCE_LOG + 1 };

/* The actions. */
enum {
    OUT_KIND,
    OUT_TIMER,
    OUT_NOTE,
    OUT_REASON,
    OUT_OPERATION,
    OUT_CLUSTER,
    OUT_HOST,
    OUT_ATTEMPT,
    OUT_REQUEST,
    OUT_KEY,
    OUT_TASK,
    OUT_AT,
};
#define OUT(member) AT(struct rce_action, member)
static const struct message_field action_fields[] = {
    [OUT_KIND] = {"kind", MESSAGE_TYPE_NAME, OUT(kind), .names = action_kind_names},
    [OUT_TIMER] = {"timer", MESSAGE_TYPE_UINT32, OUT(timer)},
    [OUT_NOTE] = {"note", MESSAGE_TYPE_NAME, OUT(note), .names = rce_note_names},
    [OUT_REASON] = {"reason", MESSAGE_TYPE_NAME, OUT(reason), .names = rce_reason_names},
    [OUT_OPERATION] = {"operation", MESSAGE_TYPE_NAME, OUT(operation),
                       .names = rce_operation_names},
    [OUT_CLUSTER] = {"cluster", MESSAGE_TYPE_CLUSTER, OUT(cluster)},
    [OUT_HOST] = {"host", MESSAGE_TYPE_HOST, OUT(host)},
    [OUT_ATTEMPT] = {"attempt", MESSAGE_TYPE_UINT16, OUT(attempt)},
    [OUT_REQUEST] = {"request", MESSAGE_TYPE_UINT64, OUT(request)},
    [OUT_KEY] = {"key", MESSAGE_TYPE_UINT64_TEXT, OUT(key)},
    [OUT_TASK] = {"task", MESSAGE_TYPE_UINT64, OUT(task)},
    [OUT_AT] = {"at_ns", MESSAGE_TYPE_INT64, OUT(at_ns)},
};
static const struct message_object action_object = OBJECT("the action", action_fields);

enum { OUT_TARGET = BIT(OUT_CLUSTER) | BIT(OUT_HOST) };
static const struct message_shape action_shapes[ACTION_KIND_COUNT] = {
    [RCE_PERSIST] = {BIT(OUT_KIND), 0},
    [RCE_SEND] = {BIT(OUT_KIND) | BIT(OUT_OPERATION) | BIT(OUT_ATTEMPT) | BIT(OUT_REQUEST),
                  OUT_TARGET | BIT(OUT_KEY)},
    [RCE_SET_TIMER] = {BIT(OUT_KIND) | BIT(OUT_TIMER) | BIT(OUT_AT), 0},
    [RCE_CANCEL_TIMER] = {BIT(OUT_KIND) | BIT(OUT_TIMER), 0},
    [RCE_DONE] = {BIT(OUT_KIND), 0},
    [RCE_FAIL] = {BIT(OUT_KIND) | BIT(OUT_REASON) | BIT(OUT_OPERATION), OUT_TARGET},
    [RCE_LOG] = {BIT(OUT_KIND) | BIT(OUT_NOTE) | BIT(OUT_OPERATION),
                 OUT_TARGET | BIT(OUT_REQUEST) | BIT(OUT_TASK) | BIT(OUT_AT)},
};

static bool is_listed_result(const struct message_result *result)
{
    if ((unsigned)result->status > RCE_FAILED || result->actions->count > RCE_ACTIONS_MAX)
        return false;
    for (uint32_t i = 0; i < result->actions->count; i++) {
        const struct rce_action *action = &result->actions->items[i];
        if ((unsigned)action->kind >= ACTION_KIND_COUNT ||
            (unsigned)action->operation >= RCE_OPERATION_COUNT ||
            (unsigned)action->note >= RCE_NOTE_COUNT ||
            (unsigned)action->reason >= RCE_REASON_COUNT)
            return false;
    }
    return true;
}

/* The engine's lines. */
static bool read_actions(struct message_reader *reader, struct rce_actions *actions)
{
    actions->count = 0;
    if (!message_read_char(reader, '['))
        return false;
    if (message_take_char(reader, ']'))
        return true;
    do {
        uint32_t seen;
        message_skip_space(reader);
        const char *start = reader->at;
        if (actions->count == RCE_ACTIONS_MAX)
            return message_fail(reader, start, "more than %d actions", RCE_ACTIONS_MAX);
        struct rce_action *action = &actions->items[actions->count++];
        *action = (struct rce_action){.cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST};
        if (!message_read_object(reader, &action_object, action, &seen))
            return false;
        if ((seen & BIT(OUT_KIND)) == 0)
            return message_fail(reader, start, "the action lacks \"kind\"");
        if (!message_has_shape(reader, start, seen, &action_object, action_shapes[action->kind],
                               action_kind_names[action->kind]))
            return false;
    } while (message_take_char(reader, ','));
    return message_read_char(reader, ']');
}

static bool read_result_actions(struct message_reader *reader, void *place)
{
    struct message_result *result = place;
    return read_actions(reader, result->actions);
}

static const struct message_field result_fields[] = {
    {"id", MESSAGE_TYPE_UINT32, AT(struct message_result, id)},
    {"status", MESSAGE_TYPE_NAME, AT(struct message_result, status), .names = status_names},
    {"actions", MESSAGE_TYPE_CUSTOM, 0, .read = read_result_actions},
};
static const struct message_object result_object = OBJECT("the result", result_fields);

/* The next place for a result. */
static struct message_result *next_result(struct message_reader *reader,
                                          struct message_reply *reply)
{
    if (reply->results_count < reply->results_room)
        return &reply->results[reply->results_count++];
    message_fail(reader, reader->at, "a result that was not asked for");
    return NULL;
}

static bool read_results(struct message_reader *reader, void *place)
{
    if (!message_read_char(reader, '['))
        return false;
    do {
        uint32_t seen;
        message_skip_space(reader);
        const char *start = reader->at;
        struct message_result *result = next_result(reader, place);
        if (result == NULL || !message_read_object(reader, &result_object, result, &seen) ||
            !message_has_shape(reader, start, seen, &result_object, (struct message_shape){7, 0},
                               NULL))
            return false;
    } while (message_take_char(reader, ','));
    return message_read_char(reader, ']');
}

/* The actions of an answer to one step stand in the reply itself. */
static bool read_lone_actions(struct message_reader *reader, void *place)
{
    struct message_result *result = next_result(reader, place);
    return result != NULL && read_actions(reader, result->actions);
}

static const struct message_field error_fields[] = {
    {"code", MESSAGE_TYPE_NAME, AT(struct message_reply, code), .names = error_names},
    {"message", MESSAGE_TYPE_TEXT, AT(struct message_reply, state)},
};
static const struct message_object error_object = OBJECT("the error", error_fields);

/* A text for people, in a place of fixed size; its end may be cut off, but it has to be UTF-8. */
static bool read_error(struct message_reader *reader, void *place)
{
    struct message_reply *reply = place;
    uint32_t seen;
    message_skip_space(reader);
    const char *start = reader->at;
    if (!message_read_object(reader, &error_object, reply, &seen) ||
        !message_has_shape(reader, start, seen, &error_object, (struct message_shape){3, 0}, NULL))
        return false;
    if (!message_unescape(reply->state, reply->message, sizeof reply->message))
        message_quote(reply->message, sizeof reply->message, reply->state.text,
                      reply->state.size_bytes);
    return true;
}

static bool read_short_name(struct message_reader *reader, void *place)
{
    struct message_span span;
    char *name = place;
    message_skip_space(reader);
    const char *start = reader->at;
    if (!message_read_string(reader, &span))
        return false;
    bool is_short = message_unescape(span, name, MESSAGE_NAME_SIZE_BYTES);
    if (!is_short || *name == '\0')
        return message_fail(reader, start, "a name has 1 to %d bytes", MESSAGE_NAME_SIZE_BYTES - 5);
    if (!text_is_utf8(name, strlen(name), NULL))
        return message_fail(reader, start, "a name has to be UTF-8");
    for (const char *at = name; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return message_fail(reader, start, "a control character in a name");
    return true;
}

enum {
    RP_ID,
    RP_STATUS,
    RP_ACTIONS,
    RP_STEPS,
    RP_OK,
    RP_ERROR,
    RP_DIGEST,
    RP_STATE,
    RP_PROTOCOL,
    RP_NAME,
    RP_VERSION,
    RP_CAPABILITIES,
    RP_STATE_VERSION,
    RP_STATE_OLDEST,
};

/* A `status` outside of a batch belongs to the one result. */
static bool read_status(struct message_reader *reader, void *place)
{
    struct message_reply *reply = place;
    uint32_t status;
    if (!message_read_name(reader, status_names, &status))
        return false;
    if (reply->results_room == 0)
        return message_fail(reader, reader->at, "a result that was not asked for");
    reply->results[0].status = (enum rce_status)status;
    return true;
}

static bool read_ok(struct message_reader *reader, void *place)
{
    static const char word[] = "true";
    (void)place;
    message_skip_space(reader);
    if ((size_t)(reader->end - reader->at) < sizeof word - 1 ||
        memcmp(reader->at, word, sizeof word - 1) != 0)
        return message_fail(reader, reader->at, "\"ok\" can only be true");
    reader->at += sizeof word - 1;
    return true;
}

#define REPLY(member) AT(struct message_reply, member)
static const struct message_field reply_fields[] = {
    [RP_ID] = {"id", MESSAGE_TYPE_UINT32, REPLY(id)},
    [RP_STATUS] = {"status", MESSAGE_TYPE_CUSTOM, 0, .read = read_status},
    [RP_ACTIONS] = {"actions", MESSAGE_TYPE_CUSTOM, 0, .read = read_lone_actions},
    [RP_STEPS] = {"steps", MESSAGE_TYPE_CUSTOM, 0, .read = read_results},
    [RP_OK] = {"ok", MESSAGE_TYPE_CUSTOM, 0, .read = read_ok},
    [RP_ERROR] = {"error", MESSAGE_TYPE_CUSTOM, 0, .read = read_error},
    [RP_DIGEST] = {"digest", MESSAGE_TYPE_UINT64_TEXT, REPLY(digest)},
    [RP_STATE] = {"state", MESSAGE_TYPE_TEXT, REPLY(state)},
    [RP_PROTOCOL] = {"protocol", MESSAGE_TYPE_UINT32, REPLY(hello.protocol)},
    [RP_NAME] = {"name", MESSAGE_TYPE_CUSTOM, REPLY(hello.name), .read = read_short_name},
    [RP_VERSION] = {"version", MESSAGE_TYPE_CUSTOM, REPLY(hello.version), .read = read_short_name},
    [RP_CAPABILITIES] = {"capabilities", MESSAGE_TYPE_BITS, REPLY(hello.capabilities),
                         .names = capability_names},
    [RP_STATE_VERSION] = {"state_version", MESSAGE_TYPE_UINT32, REPLY(hello.state_version)},
    [RP_STATE_OLDEST] = {"state_version_oldest", MESSAGE_TYPE_UINT32,
                         REPLY(hello.state_version_oldest)},
};
static const struct message_object reply_object = OBJECT("the answer", reply_fields);

/* Which answer it is shows by one field; an answer without any of these is none. */
static bool find_answer(uint32_t seen, enum message_answer *answer, struct message_shape *shape)
{
    static const struct {
        uint32_t field;
        enum message_answer answer;
        uint32_t required;
    } kinds[] = {
        {RP_ACTIONS, MESSAGE_ACTIONS, BIT(RP_ID) | BIT(RP_STATUS) | BIT(RP_ACTIONS)},
        {RP_STEPS, MESSAGE_RESULTS, BIT(RP_STEPS)},
        {RP_OK, MESSAGE_OK, BIT(RP_OK)},
        {RP_ERROR, MESSAGE_ERROR, BIT(RP_ERROR)},
        {RP_DIGEST, MESSAGE_DIGESTED, BIT(RP_ID) | BIT(RP_DIGEST)},
        {RP_STATE, MESSAGE_STATE, BIT(RP_ID) | BIT(RP_STATE)},
        {RP_PROTOCOL, MESSAGE_HELLO,
         BIT(RP_PROTOCOL) | BIT(RP_NAME) | BIT(RP_VERSION) | BIT(RP_CAPABILITIES) |
             BIT(RP_STATE_VERSION) | BIT(RP_STATE_OLDEST)},
    };
    for (size_t i = 0; i < COUNT(kinds); i++)
        if ((seen >> kinds[i].field & 1) != 0) {
            *answer = kinds[i].answer;
            *shape = (struct message_shape){.required = kinds[i].required};
            return true;
        }
    return false;
}

bool message_read_reply(const char *line, size_t size_bytes, struct message_reply *reply,
                        struct message_problem *problem)
{
    struct message_reader reader = {line, line, line + size_bytes, problem};
    uint32_t seen;
    struct message_shape shape;
    reply->results_count = 0;
    if (!message_read_object(&reader, &reply_object, reply, &seen) || !message_read_end(&reader))
        return false;
    if (!find_answer(seen, &reply->answer, &shape))
        return message_fail(&reader, line, "this is none of the answers that there are");
    if (!message_has_shape(&reader, line, seen, &reply_object, shape, NULL))
        return false;
    if (reply->answer == MESSAGE_ACTIONS)
        reply->results[0].id = reply->id;
    return true;
}

/* Writing. */
static void put_newline(struct message_text *text)
{
    message_put(text, "\n", 1);
}

void message_write_hello(struct message_text *text, const struct message_hello *hello)
{
    message_check_room(text, MESSAGE_INIT_MAX_BYTES);
    message_put_literal(text, "{\"protocol\":");
    message_put_uint64(text, hello->protocol);
    message_put_literal(text, ",\"name\":");
    message_put_string(text, hello->name);
    message_put_literal(text, ",\"version\":");
    message_put_string(text, hello->version);
    const struct message_shape rest = {.required = BIT(RP_CAPABILITIES) | BIT(RP_STATE_VERSION) |
                                                   BIT(RP_STATE_OLDEST)};
    struct message_reply reply;
    reply.hello = *hello;
    /* The object's own brace becomes the comma between the two halves. */
    size_t brace = text->size_bytes;
    message_write_object(text, &reply_object, &reply, rest);
    text->bytes[brace] = ',';
    put_newline(text);
}

void message_write_ok(struct message_text *text)
{
    message_check_room(text, MESSAGE_SMALL_MAX_BYTES);
    message_put_literal(text, "{\"ok\":true}\n");
}

static void put_result(struct message_text *text, const struct message_result *result)
{
    message_put_literal(text, "{\"id\":");
    message_put_uint64(text, result->id);
    message_put_literal(text, ",\"status\":\"");
    message_put_literal(text, status_names[result->status]);
    message_put_literal(text, "\",\"actions\":[");
    for (uint32_t i = 0; i < result->actions->count; i++) {
        const struct rce_action *action = &result->actions->items[i];
        if (i > 0)
            message_put(text, ",", 1);
        message_write_object(text, &action_object, action, action_shapes[action->kind]);
    }
    message_put_literal(text, "]}");
}

bool message_write_actions(struct message_text *text, const struct message_result *result)
{
    if (!is_listed_result(result))
        return false;
    message_check_room(text, MESSAGE_ACTIONS_MAX_BYTES);
    put_result(text, result);
    put_newline(text);
    return true;
}

bool message_write_results(struct message_text *text, const struct message_result *results,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!is_listed_result(&results[i]))
            return false;
    message_check_room(text, (count + (size_t)1) * MESSAGE_ACTIONS_MAX_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        message_put_literal(text, i == 0 ? "{\"steps\":[" : ",");
        put_result(text, &results[i]);
    }
    message_put_literal(text, "]}\n");
    return true;
}

void message_write_state(struct message_text *text, uint32_t id, const void *state,
                         size_t size_bytes)
{
    message_check_room(text, MESSAGE_SMALL_MAX_BYTES + message_base64_size(size_bytes));
    message_put_literal(text, "{\"id\":");
    message_put_uint64(text, id);
    message_put_literal(text, ",\"state\":\"");
    message_put_base64(text, state, size_bytes);
    message_put_literal(text, "\"}\n");
}

void message_write_digest(struct message_text *text, uint32_t id, uint64_t digest)
{
    message_check_room(text, MESSAGE_SMALL_MAX_BYTES);
    message_put_literal(text, "{\"id\":");
    message_put_uint64(text, id);
    message_put_literal(text, ",\"digest\":\"");
    message_put_uint64(text, digest);
    message_put_literal(text, "\"}\n");
}

void message_write_error(struct message_text *text, enum message_error_code code,
                         const char *message)
{
    char cut[MESSAGE_ERROR_SIZE_BYTES / 2];
    message_check_room(text, MESSAGE_ERROR_SIZE_BYTES + MESSAGE_SMALL_MAX_BYTES);
    message_put_literal(text, "{\"error\":{\"code\":\"");
    message_put_literal(text, error_names[code]);
    message_put_literal(text, "\",\"message\":");
    message_put_string(text, message_quote(cut, sizeof cut, message, strlen(message)));
    message_put_literal(text, "}}\n");
}

const char *message_error_name(enum message_error_code code)
{
    return error_names[code];
}
