/* watch.h - a workflow under guard: every step is checked against what the contract promises.
 *
 * The watch is a driver that keeps its own books (which requests are out, which task each target
 * was last given, which timers are set) and ends the program at the first broken promise, so that
 * it serves enumeration, random tests and fuzzing alike. It is plain data: copying one copies the
 * situation. Small worlds only: WATCH_CLUSTERS clusters of WATCH_HOSTS hosts.
 */
#ifndef TESTS_MODELS_RCE_WATCH_H
#define TESTS_MODELS_RCE_WATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/rce/rce.h"

enum {
    WATCH_CLUSTERS = 2,
    WATCH_HOSTS = 2,
    WATCH_BLOCK_BYTES = 1024,
    WATCH_TIMERS = RCE_TIMERS_PER_TRACK * (1 + RCE_TRACKS_PER_CLUSTER * WATCH_CLUSTERS),
};
#define WATCH_NEVER INT64_MAX

#define WATCH(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* What the driver knows of one operation on one target. */
struct watch_target {
    uint64_t newest_request;
    uint64_t task; /* that the newest request, or the last accepted one before, was given */
    uint16_t attempts;
    bool is_open;   /* the newest request has no answer yet */
    bool may_doubt; /* nobody knows whether the newest request was carried out */
};

struct watch {
    _Alignas(16) uint8_t block[WATCH_BLOCK_BYTES];
    struct rce_process process;
    const struct rce_plan *plan;
    const struct rce_options *options;
    int64_t now_ns;
    int64_t timers[WATCH_TIMERS];
    uint64_t requests_count;
    uint64_t newest_task;
    struct watch_target targets[RCE_OPERATION_COUNT][WATCH_CLUSTERS + 1][WATCH_HOSTS + 2];
    enum rce_status status;
    bool has_started;
    bool may_continue_ended; /* the input was one that may restart or repeat the end */
};

static inline struct watch_target *watch_target(struct watch *watch, enum rce_operation operation,
                                                uint8_t cluster, uint8_t host)
{
    uint32_t c = cluster == RCE_NO_CLUSTER ? WATCH_CLUSTERS : cluster;
    uint32_t h = host == RCE_NO_HOST          ? WATCH_HOSTS
                 : host == RCE_TEMPORARY_HOST ? WATCH_HOSTS + 1
                                              : host;
    WATCH((uint32_t)operation < RCE_OPERATION_COUNT);
    WATCH(c <= WATCH_CLUSTERS && h <= WATCH_HOSTS + 1);
    return &watch->targets[operation][c][h];
}

static inline bool watch_is_read(enum rce_operation operation)
{
    return operation == RCE_READ_CLUSTER || operation == RCE_READ_HOST;
}

static inline void watch_init(struct watch *watch, const struct rce_plan *plan,
                              const struct rce_options *options)
{
    memset(watch, 0, sizeof *watch);
    WATCH(plan->clusters_count <= WATCH_CLUSTERS);
    WATCH(rce_engine.state_size_bytes(plan) <= sizeof watch->block);
    watch->plan = plan;
    watch->options = options;
    for (int i = 0; i < WATCH_TIMERS; i++)
        watch->timers[i] = WATCH_NEVER;
    rce_engine.init(watch->block, &watch->process, plan, options);
}

/* The target whose newest request this is, or NULL. */
static inline struct watch_target *watch_target_of_request(struct watch *watch, uint64_t request)
{
    struct watch_target *all = &watch->targets[0][0][0];
    size_t count = sizeof watch->targets / sizeof *all;
    for (size_t i = 0; i < count; i++)
        if (request != 0 && all[i].newest_request == request)
            return &all[i];
    return NULL;
}

/* Put the response into the books before the engine sees it. */
static inline void watch_note_response(struct watch *watch, const struct rce_input *input)
{
    struct watch_target *target = watch_target_of_request(watch, input->request);
    if (target == NULL || !target->is_open)
        return;
    target->is_open = false;
    if (input->result == RCE_ACCEPTED && input->task != 0) {
        target->task = input->task;
        target->may_doubt = false;
    } else if (input->result == RCE_ACCEPTED || input->result == RCE_STATE ||
               input->result == RCE_UNKNOWN) {
        target->may_doubt = true;
    }
}

static inline void watch_send(struct watch *watch, const struct rce_action *action)
{
    struct watch_target *target =
        watch_target(watch, action->operation, action->cluster, action->host);
    WATCH(action->request > watch->requests_count);
    WATCH(action->attempt == target->attempts + 1);
    bool has_key = watch->options->key_scope != RCE_KEY_NONE && !watch_is_read(action->operation);
    WATCH((action->key != 0) == has_key);
    watch->requests_count = action->request;
    target->attempts = action->attempt;
    target->newest_request = action->request;
    target->is_open = true;
}

/* A callback is believed only for the task that the newest request to its target was given, or that
 * an earlier one was given if the newer were definitely not carried out. */
static inline void watch_believed(struct watch *watch, const struct rce_action *action)
{
    const struct watch_target *target =
        watch_target(watch, action->operation, action->cluster, action->host);
    WATCH(action->task != 0);
    WATCH(action->task == target->task);
    WATCH(!target->is_open && !target->may_doubt);
}

static inline void watch_action(struct watch *watch, const struct rce_action *action)
{
    switch (action->kind) {
    case RCE_PERSIST: break;
    case RCE_SEND: watch_send(watch, action); break;
    case RCE_SET_TIMER:
        WATCH(action->timer < rce_timers_count(watch->plan));
        WATCH(action->at_ns >= watch->now_ns);
        watch->timers[action->timer] = action->at_ns;
        break;
    case RCE_CANCEL_TIMER:
        WATCH(action->timer < rce_timers_count(watch->plan));
        watch->timers[action->timer] = WATCH_NEVER;
        break;
    case RCE_DONE:
    case RCE_FAIL:
        WATCH(action->kind == RCE_DONE || action->reason != RCE_REASON_NONE);
        for (int i = 0; i < WATCH_TIMERS; i++)
            watch->timers[i] = WATCH_NEVER;
        break;
    case RCE_LOG:
        WATCH((uint32_t)action->note < RCE_NOTE_COUNT);
        if (action->note == RCE_NOTE_CALLBACK_BELIEVED)
            watch_believed(watch, action);
        break;
    }
}

/* What must hold of the list as a whole. */
static inline void watch_list(struct watch *watch, const struct rce_actions *out, bool has_changed,
                              enum rce_status before)
{
    uint32_t persists = 0, ends = 0, others = 0;
    for (uint32_t i = 0; i < out->count; i++) {
        enum rce_action_kind kind = out->items[i].kind;
        WATCH(kind != RCE_SEND || persists == 1);
        WATCH(ends == 0);
        persists += kind == RCE_PERSIST;
        ends += kind == RCE_DONE || kind == RCE_FAIL;
        others += kind == RCE_SEND || kind == RCE_SET_TIMER;
    }
    WATCH(persists <= 1);
    WATCH(!has_changed || persists == 1);
    bool has_ended = before == RCE_RUNNING && watch->status != RCE_RUNNING;
    WATCH(!has_ended || ends == 1);
    WATCH(watch->status != RCE_RUNNING || ends == 0);
    if (before != RCE_RUNNING && !watch->may_continue_ended) {
        WATCH(watch->status == before);
        WATCH(ends == 0 && others == 0 && persists == 0);
    }
}

/* A running workflow always has a timer: it cannot hang silently. A track that waits for an answer
 * or a callback has one of its own. */
static inline void watch_timers(const struct watch *watch)
{
    if (!watch->has_started || watch->status != RCE_RUNNING)
        return;
    bool is_any_set = false;
    for (uint32_t i = 0; i < rce_timers_count(watch->plan); i++)
        is_any_set |= watch->timers[i] != WATCH_NEVER;
    WATCH(is_any_set);
}

/* Saved, loaded and stepped must equal stepped. */
static inline void watch_saved(const struct watch *watch, const struct rce_input *input,
                               const struct rce_actions *expected, uint64_t digest)
{
    static const size_t room_bytes = WATCH_BLOCK_BYTES;
    uint8_t saved[WATCH_BLOCK_BYTES];
    _Alignas(16) uint8_t block[WATCH_BLOCK_BYTES];
    size_t size_bytes = rce_engine.save(watch->block, saved, room_bytes);
    WATCH(size_bytes <= room_bytes);
    struct rce_process process = watch->process;
    WATCH(rce_engine.load(block, &process, watch->plan, watch->options, saved, size_bytes));
    struct rce_actions out;
    rce_engine.step(block, &process, input, &out);
    WATCH(rce_engine.digest(block) == digest);
    WATCH(out.count == expected->count);
    for (uint32_t i = 0; i < out.count; i++)
        WATCH(memcmp(&out.items[i], &expected->items[i], sizeof out.items[i]) == 0);
}

/* Feed one input, check everything, return the actions in `out`. */
static inline enum rce_status watch_step(struct watch *watch, const struct rce_input *input,
                                         struct rce_actions *out)
{
    enum rce_status before = watch->status;
    struct watch copy = *watch;
    watch->now_ns = input->now_ns;
    watch->may_continue_ended =
        input->kind == RCE_INPUT_RESUMED || input->kind == RCE_INPUT_REDRIVEN;
    if (input->kind == RCE_INPUT_RESPONSE)
        watch_note_response(watch, input);
    if (input->kind == RCE_INPUT_RESUMED)
        for (int i = 0; i < WATCH_TIMERS; i++)
            watch->timers[i] = WATCH_NEVER;
    bool is_due = input->kind == RCE_INPUT_TIMER && input->timer < WATCH_TIMERS &&
                  watch->timers[input->timer] <= input->now_ns;
    if (is_due)
        watch->timers[input->timer] = WATCH_NEVER;

    uint64_t digest_before = rce_engine.digest(watch->block);
    watch->status = rce_engine.step(watch->block, &watch->process, input, out);
    uint64_t digest = rce_engine.digest(watch->block);

    watch->has_started |= input->kind == RCE_INPUT_START;
    WATCH(out->count <= RCE_ACTIONS_MAX);
    for (uint32_t i = 0; i < out->count; i++)
        watch_action(watch, &out->items[i]);
    watch_list(watch, out, digest != digest_before, before);
    bool is_vain = (input->kind == RCE_INPUT_REDRIVEN && before != RCE_FAILED) ||
                   (input->kind == RCE_INPUT_TIMER && input->timer < WATCH_TIMERS && !is_due);
    WATCH(!is_vain || out->count == 0);
    watch_timers(watch);
    watch_saved(&copy, input, out, digest);
    return watch->status;
}

#endif
