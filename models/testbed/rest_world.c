#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "models/testbed/rest_parts.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

void rest_print_place(struct reply *reply, uint8_t cluster, uint8_t host)
{
    if (cluster == RCE_NO_CLUSTER)
        return;
    reply_print(reply, "\"cluster\":%u,", cluster);
    if (host == RCE_TEMPORARY_HOST)
        reply_print(reply, "\"host\":\"temporary\",");
    else if (host != RCE_NO_HOST)
        reply_print(reply, "\"host\":%u,", host);
}

static void print_task(struct reply *reply, const struct vmc_answer *answer)
{
    const char *state = !answer->has_ended                      ? "accepted"
                        : answer->outcome == RCE_TASK_SUCCEEDED ? "succeeded"
                                                                : "failed";
    reply->status = 202;
    snprintf(reply->location, sizeof reply->location, "/v1/tasks/%u-%" PRIu64, answer->sddc,
             answer->task);
    reply_print(reply,
                "{\"id\":\"%u-%" PRIu64 "\",\"number\":%" PRIu64 ",\"state\":\"%s\","
                "\"at_ns\":%" PRId64 "}",
                answer->sddc, answer->task, answer->task, state, answer->at_ns);
}

static void print_state(struct reply *reply, const struct vmc_answer *answer)
{
#define FLAG(bit) ((answer->state & (bit)) != 0 ? "true" : "false")
    reply->status = 200;
    if (answer->operation == RCE_READ_CLUSTER)
        reply_print(reply, "{\"ready_for_maintenance\":%s,", FLAG(RCE_STATE_CLUSTER_READY));
    else
        reply_print(reply, "{\"in_maintenance_mode\":%s,\"updated\":%s,",
                    FLAG(RCE_STATE_HOST_IN_MAINTENANCE), FLAG(RCE_STATE_HOST_UPDATED));
#undef FLAG
    reply_print(reply, "\"at_ns\":%" PRId64 "}", answer->at_ns);
}

static void print_throttled(const struct rest *rest, struct reply *reply, int64_t retry_after_ns)
{
    reply_problem(reply, 429, "throttled", "too many requests in this region");
    if (retry_after_ns <= 0)
        return;
    int64_t real_ns = pacer_scaled_ns(&rest->pacer, retry_after_ns);
    reply->retry_after_s = real_ns / UNITS_S + (real_ns % UNITS_S != 0);
    if (reply->retry_after_s == 0)
        reply->retry_after_s = 1;
    reply->body[--reply->size_bytes] = '\0';
    reply_print(reply, ",\"retry_after_ns\":%" PRId64 "}", retry_after_ns);
}

/* What the world answers, as HTTP. */
static void print_answer(const struct rest *rest, struct reply *reply,
                         const struct vmc_answer *answer)
{
    switch (answer->result) {
    case RCE_ACCEPTED: print_task(reply, answer); break;
    case RCE_STATE: print_state(reply, answer); break;
    case RCE_THROTTLED: print_throttled(rest, reply, answer->retry_after_ns); break;
    case RCE_UNAVAILABLE:
        reply_problem(reply, 503, "unavailable", "not carried out; it may be tried again");
        break;
    case RCE_NOT_READY:
        reply_problem(reply, 409, "not-ready", "the cluster is not ready for maintenance");
        break;
    case RCE_REFUSED:
        reply_problem(reply, 403, "refused", "the state of the target does not allow that");
        break;
    case RCE_UNKNOWN: reply_reset(reply); break;
    }
    if (reply->content_type == NULL)
        reply->content_type = "application/json";
}

/* Keep an answer that is fetched later; the place may have been taken by a later one. */
static void keep_async(struct rest *rest, uint64_t number, const struct reply *reply)
{
    struct rest_async *async = &rest->async[number % REST_ASYNC_MAX];
    if (async->number != number)
        return;
    async->status = reply->status;
    snprintf(async->body, sizeof async->body, "%s", reply->body == NULL ? "" : reply->body);
}

void rest_on_answer(void *context, const struct vmc_answer *answer)
{
    struct rest *rest = context;
    struct rest_wait *wait = &rest->waits[answer->ticket];
    struct rest_wait was = *wait;
    *wait = (struct rest_wait){.next_free = rest->waits_free};
    rest->waits_free = (uint32_t)answer->ticket + 1;
    rest->waiting_count--;
    rest->answers[answer->operation][answer->result]++;
    if (rest->options.watch != NULL)
        rest->options.watch->answered(rest->options.watch->context, answer);
    if (!was.is_open)
        return; /* Nobody waits any more. */
    struct reply reply = {0};
    print_answer(rest, &reply, answer);
    if (was.reply != NULL) {
        *was.reply = reply;
        return;
    }
    if (was.async != 0) {
        keep_async(rest, was.async, &reply);
    } else {
        rest->replies[reply.status]++;
        rest->sink.answered(rest->sink.context, was.waiter, &reply);
    }
    reply_reset(&reply);
}

static void print_end(struct reply *reply)
{
    reply_problem(reply, 422, "unprocessable",
                  "the clock is at its end, after 100 years: nothing happens any more; start the "
                  "service anew");
}

void rest_end_waits(struct rest *rest)
{
    if (rest->is_at_end || vmc_live_now_ns(rest->live) < VMC_LIVE_TIME_MAX_NS)
        return;
    rest->is_at_end = true;
    for (uint32_t i = 0; i < rest->waits_count; i++) {
        struct rest_wait *wait = &rest->waits[i];
        if (!wait->is_open)
            continue;
        struct reply reply = {0};
        print_end(&reply);
        wait->is_open = false; /* the slot stays taken, for an answer that never comes */
        if (wait->async != 0) {
            keep_async(rest, wait->async, &reply);
        } else {
            rest->replies[reply.status]++;
            rest->sink.answered(rest->sink.context, wait->waiter, &reply);
        }
        reply_reset(&reply);
    }
}

static uint32_t take_wait(struct rest *rest)
{
    rest->waiting_count++;
    if (rest->waits_free != 0) {
        uint32_t slot = rest->waits_free - 1;
        rest->waits_free = rest->waits[slot].next_free;
        return slot;
    }
    if (rest->waits_count == rest->waits_room) {
        uint32_t room = rest->waits_room == 0 ? 64 : rest->waits_room * 2;
        struct rest_wait *wider = arena_take_array(rest->arena, room, sizeof *wider);
        if (rest->waits_count > 0)
            memcpy(wider, rest->waits, rest->waits_count * sizeof *wider);
        rest->waits = wider;
        rest->waits_room = room;
    }
    return rest->waits_count++;
}

static void free_wait(struct rest *rest, uint32_t slot)
{
    rest->waits[slot] = (struct rest_wait){.next_free = rest->waits_free};
    rest->waits_free = slot + 1;
    rest->waiting_count--;
}

/* A key as the world has them: 64 bits, 0 for none. */
static bool read_key(struct rest_call *call, uint64_t *key)
{
    const char *text = call->request->idempotency_key;
    *key = 0;
    if (text == NULL)
        return true;
    size_t length = strlen(text);
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
        text++;
        length -= 2;
    }
    bool is_number = length > 0 && length <= 20 && text[0] != '0';
    bool is_good = length > 0 && length <= REST_KEY_MAX_BYTES;
    for (size_t i = 0; is_good && i < length; i++) {
        is_good = text[i] >= ' ' && text[i] < 0x7f;
        is_number = is_number && text[i] >= '0' && text[i] <= '9' &&
                    !__builtin_mul_overflow(*key, 10, key) &&
                    !__builtin_add_overflow(*key, (uint64_t)(text[i] - '0'), key);
    }
    if (!is_number)
        *key = text_hash(text, length) | 1;
    if (!is_good)
        reply_problem(call->reply, 400, "bad-request",
                      "Idempotency-Key has 1 to %d printable characters", (int)REST_KEY_MAX_BYTES);
    return is_good;
}

static const char *pass_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* Pass a word, or a quoted text. */
static const char *pass_word(const char *text)
{
    if (*text != '"')
        return text + strcspn(text, " \t,;=\"");
    for (text++; *text != '"' && *text != '\0'; text++)
        text += *text == '\\' && text[1] != '\0';
    return text + (*text == '"');
}

/* Is that one of the preferences of the caller (RFC 7240, 2)? An empty value is none; what comes
 * after a semicolon, or in quotes, is no preference. */
static bool is_async(const struct rest_request *request)
{
    static const char name[] = "respond-async";
    const char *at = request->prefer == NULL ? "" : request->prefer;
    bool is_first = true; /* of its element of the list, the others are parameters */
    while (*at != '\0') {
        at = pass_blanks(at);
        const char *word = at;
        at = pass_blanks(pass_word(word));
        bool is_it = is_first && strncasecmp(word, name, sizeof name - 1) == 0 &&
                     strchr(" \t,;=", word[sizeof name - 1]) != NULL; /* or the end */
        const char *value = *at == '=' ? pass_blanks(at + 1) : "";
        if (*at == '=')
            at = pass_blanks(pass_word(value));
        if (is_it && (strchr(",;", *value) != NULL || strncmp(value, "\"\"", 2) == 0))
            return true;
        is_first = *at == ',';
        at += *at == ',' || *at == ';';
    }
    return false;
}

/* Take a number for an answer that is fetched later. */
static uint64_t take_async(struct rest *rest)
{
    if (rest->async == NULL)
        rest->async = arena_take_array(rest->arena, REST_ASYNC_MAX, sizeof *rest->async);
    uint64_t number = ++rest->async_count;
    rest->async[number % REST_ASYNC_MAX] = (struct rest_async){.number = number, .status = -1};
    return number;
}

static void reply_async(struct rest_call *call, uint64_t number)
{
    struct reply *reply = call->reply;
    reply->status = 202;
    snprintf(reply->location, sizeof reply->location, "/v1/requests/%" PRIu64, number);
    reply_print(reply, "{\"request\":%" PRIu64 ",\"at_ns\":%" PRId64 "}", number,
                vmc_live_now_ns(call->rest->live));
}

/* The clock stands still: move it to the answer. */
static void step_to_answer(struct rest_call *call, uint32_t slot)
{
    struct rest *rest = call->rest;
    rest->waits[slot].reply = call->reply;
    while (rest->waits[slot].reply == call->reply &&
           vmc_live_step(rest->live, VMC_LIVE_TIME_MAX_NS))
        ;
    pacer_jump(&rest->pacer, vmc_live_now_ns(rest->live), call->real_ns);
    if (rest->waits[slot].reply != call->reply)
        return;
    rest->waits[slot].is_open = false;
    rest->waits[slot].reply = NULL;
    print_end(call->reply);
}

static bool is_submitted(struct rest_call *call, const struct vmc_request *request)
{
    switch (vmc_live_submit(call->rest->live, request)) {
    case VMC_SUBMITTED: return true;
    case VMC_NO_SUCH_TARGET:
        reply_problem(call->reply, 404, "not-found",
                      "there is no such SDDC, cluster or host, or it is none for %s",
                      rce_operation_name(request->operation));
        return false;
    case VMC_TOO_MANY_TASKS:
        reply_problem(call->reply, 507, "too-many-tasks",
                      "65,535 tasks in this SDDC, or millions of requests under way");
        return false;
    }
    CHECK_UNREACHABLE("an unknown result");
}

void rest_operate(struct rest_call *call, enum rce_operation operation)
{
    struct rest *rest = call->rest;
    struct vmc_request request = {
        .sddc = call->sddc, .operation = operation, .cluster = call->cluster, .host = call->host};
    bool is_read = operation == RCE_READ_CLUSTER || operation == RCE_READ_HOST;
    if (!is_read && !read_key(call, &request.key))
        return;
    if (vmc_live_now_ns(rest->live) >= VMC_LIVE_TIME_MAX_NS) {
        print_end(call->reply);
        return;
    }
    uint32_t slot = take_wait(rest);
    request.ticket = slot;
    if (!is_submitted(call, &request)) {
        free_wait(rest, slot);
        return;
    }
    const struct rest_watch *watch = rest->options.watch;
    if (watch != NULL)
        watch->asked(watch->context, vmc_live_now_ns(rest->live), &request);
    rest->waits[slot] = (struct rest_wait){.waiter = call->request->waiter, .is_open = true};
    if (is_async(call->request)) {
        rest->waits[slot].async = take_async(rest);
        rest->waits[slot].waiter = NULL;
        reply_async(call, rest->waits[slot].async);
    } else if (rest->pacer.is_stepped) {
        step_to_answer(call, slot);
    } else {
        call->is_later = true;
    }
}

void rest_maintain(struct rest_call *call)
{
    static const char *const members[] = {"mode", NULL};
    static const char *const modes[] = {"enter", "exit"};
    const char *mode;
    if (!rest_body_knows(call, members) || !rest_body_text(call, "mode", &mode))
        return;
    int chosen = rest_body_choice(call, "mode", mode, modes, 2);
    if (chosen >= 0)
        rest_operate(call, chosen == 0 ? RCE_ENTER_MAINTENANCE : RCE_EXIT_MAINTENANCE);
}

void rest_read_task(struct rest_call *call)
{
    static const char *const states[] = {[VMC_TASK_ACCEPTED] = "accepted",
                                         [VMC_TASK_RUNNING] = "running",
                                         [VMC_TASK_SUCCEEDED] = "succeeded",
                                         [VMC_TASK_FAILED] = "failed"};
    struct vmc_task_view view;
    if (!vmc_live_task(call->rest->live, call->sddc, call->number, &view)) {
        reply_problem(call->reply, 404, "not-found", "there is no task %u-%" PRIu64, call->sddc,
                      call->number);
        return;
    }
    call->reply->status = 200;
    reply_print(call->reply,
                "{\"id\":\"%u-%" PRIu64 "\",\"number\":%" PRIu64 ",\"sddc\":%u,"
                "\"operation\":\"%s\",",
                call->sddc, call->number, call->number, call->sddc,
                rce_operation_name(view.operation));
    rest_print_place(call->reply, view.cluster, view.host);
    reply_print(call->reply, "\"state\":\"%s\",\"accepted_at_ns\":%" PRId64 "}", states[view.state],
                view.accepted_at_ns);
}

void rest_read_request(struct rest_call *call)
{
    const struct rest *rest = call->rest;
    const struct rest_async *async = rest->async == NULL || call->number == 0
                                         ? NULL
                                         : &rest->async[call->number % REST_ASYNC_MAX];
    if (async == NULL || async->number != call->number) {
        reply_problem(call->reply, 404, "not-found",
                      "there is no such request, or it is too long ago");
        return;
    }
    call->reply->status = 200;
    reply_print(call->reply, "{\"request\":%" PRIu64 ",\"done\":%s", async->number,
                async->status < 0 ? "false" : "true");
    if (async->status >= 0)
        reply_print(call->reply, ",\"status\":%d", async->status);
    if (async->body[0] != '\0')
        reply_print(call->reply, ",\"body\":%s", async->body);
    reply_print(call->reply, "}");
}

void rest_on_callback(void *context, const struct vmc_callback *callback)
{
    struct rest *rest = context;
    rest->callbacks_count++;
    if (rest->options.watch != NULL)
        rest->options.watch->called_back(rest->options.watch->context, callback);
    rest->callbacks_unheard_count += rest->clients_count == 0;
    struct reply place = {0};
    reply_print(&place, "%s", "");
    rest_print_place(&place, callback->cluster, callback->host);
    for (uint32_t i = 0; i < rest->clients_count; i++) {
        struct rest_delivery delivery = {.number = ++rest->deliveries_count};
        snprintf(delivery.client, sizeof delivery.client, "%s", rest->clients[i].name);
        snprintf(delivery.body, sizeof delivery.body,
                 "{\"delivery\":%" PRIu64 ",\"task\":\"%u-%" PRIu64 "\",\"number\":%" PRIu64
                 ",\"sddc\":%u,\"operation\":\"%s\",%s\"outcome\":\"%s\",\"at_ns\":%" PRId64 "}",
                 delivery.number, callback->sddc, callback->task, callback->task, callback->sddc,
                 rce_operation_name(callback->operation), place.body,
                 callback->outcome == RCE_TASK_SUCCEEDED ? "succeeded" : "failed", callback->at_ns);
        rest->sink.deliver(rest->sink.context, &delivery);
    }
    reply_reset(&place);
}
