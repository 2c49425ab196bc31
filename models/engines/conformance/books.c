#include "models/engines/conformance/books.h"

#include <string.h>

/* Numbers that nobody was ever given. */
static const uint64_t foreign_task = 900000001, foreign_request = 900000001;

void books_open(struct books *books, const struct rce_plan *plan)
{
    /* The list of sends is long, and only what was sent is ever read. */
    books->plan = plan;
    books->now_ns = 0;
    for (uint32_t i = 0; i < BOOKS_TIMERS_MAX; i++)
        books->timers[i] = BOOKS_NEVER;
    books->sends_count = books->timers_fired = 0;
    books->status = RCE_RUNNING;
    books->has_started = books->has_crashed = books->is_full = false;
}

bool books_is_read(enum rce_operation operation)
{
    return operation == RCE_READ_CLUSTER || operation == RCE_READ_HOST;
}

bool books_allow(const struct books *books, const struct rce_input *input)
{
    if (!books->has_started || input->now_ns < books->now_ns)
        return input->kind == RCE_INPUT_START && !books->has_started;
    switch (input->kind) {
    case RCE_INPUT_START: return false;
    case RCE_INPUT_RESPONSE: return input->request != 0;
    case RCE_INPUT_CALLBACK: return input->task != 0;
    case RCE_INPUT_TIMER:
        return input->timer < rce_timers_count(books->plan) &&
               books->timers[input->timer] <= input->now_ns;
    case RCE_INPUT_RESUMED:
    case RCE_INPUT_ENGINE_CHANGED: return true;
    case RCE_INPUT_REDRIVEN: return books->status == RCE_FAILED;
    }
    return false;
}

bool books_is_fitting(const struct books *books, const struct rce_input *input)
{
    if (input->kind == RCE_INPUT_CALLBACK)
        return !books_is_read(input->operation);
    bool is_answer = input->kind == RCE_INPUT_RESPONSE;
    for (uint32_t i = 0; i < books->sends_count && is_answer; i++) {
        if (books->sends[i].request != input->request)
            continue;
        bool is_read = books_is_read(books->sends[i].operation);
        return is_read ? input->result != RCE_ACCEPTED : input->result != RCE_STATE;
    }
    return true;
}

static void forget_timers(struct books *books)
{
    for (uint32_t i = 0; i < rce_timers_count(books->plan); i++)
        books->timers[i] = BOOKS_NEVER;
}

static void note_response(struct books *books, const struct rce_input *input)
{
    for (uint32_t i = books->sends_count; i-- > 0;) {
        struct books_send *send = &books->sends[i];
        if (send->request != input->request || send->is_answered)
            continue;
        send->is_answered = true;
        send->is_doubtful |= send->timers_before != books->timers_fired;
        send->result = input->result;
        if (input->result == RCE_ACCEPTED) {
            send->task = input->task;
            send->is_over = input->has_ended && input->outcome == RCE_TASK_SUCCEEDED;
            /* A failed task makes room for another, of which nothing is known yet. */
            send->is_doubtful |= input->has_ended && input->outcome == RCE_TASK_FAILED;
        }
        return;
    }
}

static bool is_target(const struct books_send *send, const struct rce_input *input)
{
    return send->operation == input->operation && send->cluster == input->cluster &&
           send->host == input->host;
}

static void note_callback(struct books *books, const struct rce_input *input)
{
    for (uint32_t i = 0; i < books->sends_count; i++) {
        struct books_send *send = &books->sends[i];
        if (!is_target(send, input))
            continue;
        bool is_known = send->is_answered && send->task == input->task;
        send->is_over |= is_known && input->outcome == RCE_TASK_SUCCEEDED;
        /* Failed, or before its answer: the engine may keep it and think of it later. */
        send->is_doubtful |= !send->is_over && (is_known || !send->is_answered);
    }
}

void books_note_input(struct books *books, const struct rce_input *input)
{
    books->now_ns = input->now_ns;
    switch (input->kind) {
    case RCE_INPUT_START: books->has_started = true; return;
    case RCE_INPUT_RESPONSE: note_response(books, input); return;
    case RCE_INPUT_CALLBACK: note_callback(books, input); return;
    case RCE_INPUT_TIMER:
        books->timers[input->timer] = BOOKS_NEVER;
        books->timers_fired++;
        return;
    case RCE_INPUT_RESUMED:
    case RCE_INPUT_ENGINE_CHANGED: forget_timers(books); break;
    case RCE_INPUT_REDRIVEN: break;
    }
    books->has_crashed |= input->kind == RCE_INPUT_RESUMED;
    for (uint32_t i = 0; i < books->sends_count; i++)
        books->sends[i].is_doubtful = true;
}

static const char *note_send(struct books *books, const struct rce_action *action)
{
    for (uint32_t i = 0; i < books->sends_count; i++) {
        const struct books_send *send = &books->sends[i];
        if (send->request == action->request)
            return "it sends a request with the number of an earlier one";
        bool is_same = send->operation == action->operation && send->cluster == action->cluster &&
                       send->host == action->host;
        if (is_same && send->attempt >= action->attempt && action->attempt < UINT16_MAX)
            return "the attempts of its requests to one target do not count up";
    }
    books->is_full = books->sends_count == BOOKS_SENDS_MAX;
    if (books->is_full)
        return NULL;
    books->sends[books->sends_count++] = (struct books_send){.request = action->request,
                                                             .key = action->key,
                                                             .operation = action->operation,
                                                             .cluster = action->cluster,
                                                             .host = action->host,
                                                             .attempt = action->attempt,
                                                             .timers_before = books->timers_fired};
    return NULL;
}

const char *books_note_actions(struct books *books, const struct rce_actions *actions,
                               enum rce_status status)
{
    const char *problem = NULL;
    for (uint32_t i = 0; i < actions->count && problem == NULL; i++) {
        const struct rce_action *action = &actions->items[i];
        switch (action->kind) {
        case RCE_PERSIST:
        case RCE_LOG: break;
        case RCE_SEND: problem = note_send(books, action); break;
        case RCE_SET_TIMER: books->timers[action->timer] = action->at_ns; break;
        case RCE_CANCEL_TIMER: books->timers[action->timer] = BOOKS_NEVER; break;
        case RCE_DONE:
        case RCE_FAIL: forget_timers(books); break;
        }
    }
    books->status = status;
    return problem;
}

bool books_next_timer(const struct books *books, uint32_t *timer)
{
    int64_t first_ns = BOOKS_NEVER;
    for (uint32_t i = 0; i < rce_timers_count(books->plan); i++) {
        if (books->timers[i] >= first_ns)
            continue;
        first_ns = books->timers[i];
        *timer = i;
    }
    return first_ns != BOOKS_NEVER;
}

static bool was_sent(const struct books *books, const struct rce_input *input)
{
    for (uint32_t i = 0; i < books->sends_count; i++)
        if (is_target(&books->sends[i], input))
            return true;
    return false;
}

/* Of the requests to one target: is it clear what the newest one led to? */
static bool is_clear(const struct books *books, uint32_t newest)
{
    const struct books_send *send = &books->sends[newest];
    struct rce_input about = {
        .operation = send->operation, .cluster = send->cluster, .host = send->host};
    if (!send->is_answered || send->result != RCE_ACCEPTED)
        return false;
    for (uint32_t i = 0; i < books->sends_count; i++) {
        const struct books_send *other = &books->sends[i];
        if (!is_target(other, &about))
            continue;
        if (i > newest || other->is_doubtful || !other->is_answered ||
            other->result == RCE_UNKNOWN || other->result == RCE_STATE)
            return false;
    }
    return true;
}

static void add(struct rce_input *strays, uint32_t *count, struct rce_input input)
{
    if (*count < BOOKS_STRAYS_MAX)
        strays[(*count)++] = input;
}

/* Callbacks and responses about what nobody asked for. */
static void add_foreign(const struct books *books, struct rce_input *strays, uint32_t *count)
{
    struct rce_input callback = {.kind = RCE_INPUT_CALLBACK,
                                 .now_ns = books->now_ns,
                                 .task = foreign_task,
                                 .operation = RCE_UPGRADE_NETWORK,
                                 .cluster = RCE_NO_CLUSTER,
                                 .host = RCE_NO_HOST};
    if (!was_sent(books, &callback))
        add(strays, count, callback);
    /* Not a place outside of the plan: a driver echoes what was sent, and may not be told of one.
     */
    callback.operation = RCE_EXIT_MAINTENANCE;
    callback.cluster = (uint8_t)(books->plan->clusters_count - 1);
    callback.host = (uint8_t)(books->plan->clusters[callback.cluster].hosts_count - 1);
    if (!was_sent(books, &callback))
        add(strays, count, callback);
    struct rce_input response = {.kind = RCE_INPUT_RESPONSE,
                                 .now_ns = books->now_ns,
                                 .request = foreign_request,
                                 .operation = RCE_BACKUP,
                                 .host = RCE_NO_HOST,
                                 .result = RCE_ACCEPTED,
                                 .task = foreign_task};
    add(strays, count, response);
    response.result = RCE_REFUSED;
    response.task = 0;
    add(strays, count, response);
}

uint32_t books_strays(const struct books *books, struct rce_input strays[BOOKS_STRAYS_MAX])
{
    uint32_t count = 0;
    add_foreign(books, strays, &count);
    for (uint32_t i = books->sends_count; i-- > 0;) {
        const struct books_send *send = &books->sends[i];
        struct rce_input input = {.kind = RCE_INPUT_RESPONSE,
                                  .now_ns = books->now_ns,
                                  .request = send->request,
                                  .operation = send->operation,
                                  .cluster = send->cluster,
                                  .host = send->host,
                                  .result = send->result,
                                  .task = send->task};
        if (send->is_answered && !send->is_doubtful)
            add(strays, &count, input);
        if (!is_clear(books, i))
            continue;
        input = (struct rce_input){.kind = RCE_INPUT_CALLBACK,
                                   .now_ns = books->now_ns,
                                   .task = foreign_task,
                                   .operation = send->operation,
                                   .cluster = send->cluster,
                                   .host = send->host};
        add(strays, &count, input);
        input.task = send->task;
        input.outcome = RCE_TASK_FAILED;
        if (send->is_over)
            add(strays, &count, input);
    }
    return count;
}
