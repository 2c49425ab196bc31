/* teller.h - a driver that tells what happens, for tests that are stories.
 *
 * The test feeds inputs by hand; each input and each action becomes a line of text, and the whole
 * is compared with the story that the test expects. Timers are kept, so that a story can let the
 * next one fire. `is_silent` mutes the parts of the way that the story is not about.
 */
#ifndef TESTS_MODELS_RCE_TELLER_H
#define TESTS_MODELS_RCE_TELLER_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/rce/rce.h"

enum {
    TELLER_TEXT_BYTES = 1 << 14,
    TELLER_TIMERS = RCE_TIMERS_PER_TRACK * (1 + RCE_TRACKS_PER_CLUSTER * RCE_CLUSTERS_MAX),
};
#define TELLER_NEVER INT64_MAX
#define TELLER_S     ((int64_t)1000000000)
#define TELLER_MIN   (60 * TELLER_S)

struct teller {
    _Alignas(16) uint8_t block[4096];
    uint8_t record[4096]; /* what the last PERSIST saved */
    size_t record_bytes;
    struct rce_process process;
    const struct rce_plan *plan;
    const struct rce_options *options;
    int64_t now_ns;
    uint64_t entropy;
    int64_t timers[TELLER_TIMERS];
    uint64_t last_request; /* of the newest SEND */
    enum rce_status status;
    bool is_silent;
    size_t used;
    char text[TELLER_TEXT_BYTES];
};

__attribute__((format(printf, 2, 3))) static inline void teller_say(struct teller *teller,
                                                                    const char *format, ...)
{
    if (teller->is_silent)
        return;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(teller->text + teller->used, sizeof teller->text - teller->used, format,
                           arguments);
    va_end(arguments);
    if (length < 0 || teller->used + (size_t)length >= sizeof teller->text)
        abort();
    teller->used += (size_t)length;
}

static inline void teller_init(struct teller *teller, const struct rce_plan *plan,
                               const struct rce_options *options)
{
    memset(teller, 0, sizeof *teller);
    if (rce_engine.state_size_bytes(plan) > sizeof teller->block)
        abort();
    teller->plan = plan;
    teller->options = options;
    teller->entropy = 0x8000000000000000u; /* u = 1/2: full jitter gives half of v */
    for (int i = 0; i < TELLER_TIMERS; i++)
        teller->timers[i] = TELLER_NEVER;
    rce_engine.init(teller->block, &teller->process, plan, options);
}

static inline void teller_say_time(struct teller *teller, int64_t at_ns)
{
    long long ms = (long long)(at_ns / 1000000);
    teller_say(teller, "%02lld:%02lld:%02lld", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60);
    if (ms % 1000 != 0)
        teller_say(teller, ".%03lld", ms % 1000);
}

static inline void teller_say_target(struct teller *teller, uint8_t cluster, uint8_t host)
{
    if (cluster != RCE_NO_CLUSTER)
        teller_say(teller, " c%d", cluster);
    if (host == RCE_TEMPORARY_HOST)
        teller_say(teller, " temporary");
    else if (host != RCE_NO_HOST)
        teller_say(teller, " h%d", host);
}

static inline void teller_say_timer(struct teller *teller, uint32_t timer)
{
    static const char *const tracks[] = {"hosts", "backup"};
    uint32_t track = timer / RCE_TIMERS_PER_TRACK;
    if (track == 0)
        teller_say(teller, " sddc");
    else
        teller_say(teller, " c%u %s", (track - 1) / 2, tracks[(track - 1) % 2]);
    teller_say(teller, timer % RCE_TIMERS_PER_TRACK == 0 ? " deadline" : " wait");
}

static inline void teller_say_log(struct teller *teller, const struct rce_action *action)
{
    teller_say(teller, "    # %s", rce_note_name(action->note));
    if (action->note != RCE_NOTE_RESPONSE_IGNORED) {
        teller_say(teller, " %s", rce_operation_name(action->operation));
        teller_say_target(teller, action->cluster, action->host);
    }
    if (action->task != 0)
        teller_say(teller, " task %llu", (unsigned long long)action->task);
    if (action->request != 0)
        teller_say(teller, " #%llu", (unsigned long long)action->request);
    if (action->at_ns != 0) {
        teller_say(teller, " until ");
        teller_say_time(teller, action->at_ns);
    }
    teller_say(teller, "\n");
}

static inline void teller_say_send(struct teller *teller, const struct rce_action *action)
{
    teller_say(teller, "    send #%llu %s", (unsigned long long)action->request,
               rce_operation_name(action->operation));
    teller_say_target(teller, action->cluster, action->host);
    teller_say(teller, " attempt %d", action->attempt);
    if (action->key != 0)
        teller_say(teller, " key %016llx", (unsigned long long)action->key);
    teller_say(teller, "\n");
    teller->last_request = action->request;
}

static inline void teller_act(struct teller *teller, const struct rce_action *action)
{
    switch (action->kind) {
    case RCE_PERSIST:
        teller_say(teller, "    persist\n");
        teller->record_bytes =
            rce_engine.save(teller->block, teller->record, sizeof teller->record);
        break;
    case RCE_SEND: teller_say_send(teller, action); break;
    case RCE_SET_TIMER:
        teller_say(teller, "    set");
        teller_say_timer(teller, action->timer);
        teller_say(teller, " ");
        teller_say_time(teller, action->at_ns);
        teller_say(teller, "\n");
        teller->timers[action->timer] = action->at_ns;
        break;
    case RCE_CANCEL_TIMER:
        teller_say(teller, "    cancel");
        teller_say_timer(teller, action->timer);
        teller_say(teller, "\n");
        teller->timers[action->timer] = TELLER_NEVER;
        break;
    case RCE_DONE: teller_say(teller, "    DONE\n"); break;
    case RCE_FAIL:
        teller_say(teller, "    FAIL %s %s", rce_reason_name(action->reason),
                   rce_operation_name(action->operation));
        teller_say_target(teller, action->cluster, action->host);
        teller_say(teller, "\n");
        break;
    case RCE_LOG: teller_say_log(teller, action); break;
    }
}

static inline void teller_feed(struct teller *teller, struct rce_input input)
{
    static struct rce_actions out; /* 6 KB that no test needs twice */
    input.now_ns = teller->now_ns;
    input.entropy = teller->entropy;
    teller->status = rce_engine.step(teller->block, &teller->process, &input, &out);
    for (uint32_t i = 0; i < out.count; i++)
        teller_act(teller, &out.items[i]);
    if (teller->status != RCE_RUNNING)
        for (int i = 0; i < TELLER_TIMERS; i++)
            teller->timers[i] = TELLER_NEVER;
}

static inline void teller_say_now(struct teller *teller)
{
    teller_say_time(teller, teller->now_ns);
}

static inline void teller_event(struct teller *teller, enum rce_input_kind kind, const char *name)
{
    teller_say_now(teller);
    teller_say(teller, " %s\n", name);
    teller_feed(teller, (struct rce_input){.kind = kind});
}

static inline void teller_start(struct teller *teller)
{
    teller_event(teller, RCE_INPUT_START, "start");
}

/* An answer to the newest request, after `after_ns`; `task` or state bits as the result needs them.
 */
static inline void teller_answer(struct teller *teller, int64_t after_ns, enum rce_result result,
                                 uint64_t value)
{
    teller->now_ns += after_ns;
    teller_say_now(teller);
    teller_say(teller, " response #%llu %s %llu\n", (unsigned long long)teller->last_request,
               rce_result_name(result), (unsigned long long)value);
    struct rce_input input = {
        .kind = RCE_INPUT_RESPONSE, .request = teller->last_request, .result = result};
    if (result == RCE_ACCEPTED)
        input.task = value;
    else if (result == RCE_STATE)
        input.state = (uint32_t)value;
    else
        input.retry_after_ns = (int64_t)value * TELLER_S;
    teller_feed(teller, input);
}

static inline void teller_answer_to(struct teller *teller, uint64_t request, enum rce_result result,
                                    uint64_t value)
{
    teller->last_request = request;
    teller_answer(teller, 0, result, value);
}

/* A callback after `after_ns`; the target is the cluster's where the host is none. */
static inline void teller_callback(struct teller *teller, int64_t after_ns,
                                   struct rce_input callback)
{
    teller->now_ns += after_ns;
    callback.kind = RCE_INPUT_CALLBACK;
    teller_say_now(teller);
    teller_say(teller, " callback %s", rce_operation_name(callback.operation));
    teller_say_target(teller, callback.cluster, callback.host);
    teller_say(teller, " task %llu %s\n", (unsigned long long)callback.task,
               callback.outcome == RCE_TASK_SUCCEEDED ? "succeeded" : "failed");
    teller_feed(teller, callback);
}

/* Let the next timer fire, at its time. */
static inline void teller_fire(struct teller *teller)
{
    uint32_t next = 0;
    for (uint32_t i = 1; i < TELLER_TIMERS; i++)
        if (teller->timers[i] < teller->timers[next])
            next = i;
    if (teller->timers[next] == TELLER_NEVER)
        abort();
    teller->now_ns = teller->timers[next];
    teller->timers[next] = TELLER_NEVER;
    teller_say_now(teller);
    teller_say(teller, " timer");
    teller_say_timer(teller, next);
    teller_say(teller, "\n");
    teller_feed(teller, (struct rce_input){.kind = RCE_INPUT_TIMER, .timer = next});
}

/* The engine dies and comes back with what was persisted; timers are gone. */
static inline void teller_crash(struct teller *teller)
{
    for (int i = 0; i < TELLER_TIMERS; i++)
        teller->timers[i] = TELLER_NEVER;
    teller->process = (struct rce_process){.started = false};
    if (!rce_engine.load(teller->block, &teller->process, teller->plan, teller->options,
                         teller->record, teller->record_bytes))
        abort();
    teller_event(teller, RCE_INPUT_RESUMED, "resumed");
}

#endif
