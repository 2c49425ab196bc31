/* engine_fuzz.c - any driver, however mad, against the engine: every promise of the contract holds.
 *
 * Oracle: tests/models/rce/watch.h after every step (PERSIST before SEND, timers in range, fresh
 * request numbers, nothing after the end, only the right callback believed, saved and loaded and
 * stepped equals stepped). A damaged state whose checksum was made right again either does not load
 * or takes every further input without a trap.
 *
 * An input is one byte of options, one byte of plan, and four bytes for each step.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tests/models/rce/damage.h"
#include "tests/models/rce/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

#define S   ((int64_t)1000000000)
#define MIN (60 * S)

enum { STEP_BYTES = 4, STEPS_MAX = 300, SENT_COUNT = 8 };

/* What was sent last, so that inputs can name it. */
struct sent {
    struct rce_action items[SENT_COUNT];
    uint32_t next;
};

static void note_sent(struct sent *sent, const struct rce_actions *out)
{
    for (uint32_t i = 0; i < out->count; i++)
        if (out->items[i].kind == RCE_SEND)
            sent->items[sent->next++ % SENT_COUNT] = out->items[i];
}

static struct rce_options options_of(uint8_t bits)
{
    struct rce_options options;
    rce_options_init(&options);
    options.retry = bits & 1;
    options.precheck = bits & 2;
    options.precheck_scope = bits & 4 ? RCE_PRECHECK_EVERY_HOST : RCE_PRECHECK_FIRST_HOST;
    options.key_scope = (enum rce_key_scope)(bits >> 3 & 3);
    options.settle_ns = bits & 32 ? 5 * MIN : 0;
    options.retry_policy.attempts_max = bits & 64 ? 2 : 0;
    options.retry_policy.limiter_per_s = bits & 128 ? 1 : 0;
    options.retry_policy.limiter_burst = 1;
    options.retry_policy.budget_capacity = bits & 128 ? 20 : 0;
    options.retry_policy.budget_cost = 5;
    options.clusters_at_once = bits & 16 ? 1 : 2;
    return options;
}

static void complete_timer(const struct watch *watch, struct rce_input *input, uint8_t which)
{
    input->timer = which;
    if (which >= 128)
        return;
    input->timer = which % WATCH_TIMERS;
    int64_t at_ns = watch->timers[input->timer];
    if (at_ns != WATCH_NEVER && at_ns > input->now_ns)
        input->now_ns = at_ns;
}

/* Make an input of four bytes; mostly one that concerns what was sent lately. */
static struct rce_input input_of(const struct watch *watch, const struct sent *sent,
                                 const uint8_t *bytes)
{
    static const enum rce_input_kind kinds[16] = {
        RCE_INPUT_RESPONSE, RCE_INPUT_RESPONSE, RCE_INPUT_RESPONSE, RCE_INPUT_RESPONSE,
        RCE_INPUT_RESPONSE, RCE_INPUT_CALLBACK, RCE_INPUT_CALLBACK, RCE_INPUT_CALLBACK,
        RCE_INPUT_CALLBACK, RCE_INPUT_TIMER,    RCE_INPUT_TIMER,    RCE_INPUT_TIMER,
        RCE_INPUT_RESUMED,  RCE_INPUT_REDRIVEN, RCE_INPUT_START,    RCE_INPUT_ENGINE_CHANGED};
    const struct rce_action *about = &sent->items[(sent->next - 1 - bytes[1] % 4) % SENT_COUNT];
    struct rce_input input = {
        .kind = kinds[bytes[0] % 16],
        .now_ns = watch->now_ns + (bytes[0] >> 4) * S,
        .entropy = bytes[3] * 0x9e3779b97f4a7c15u,
        .request = about->request,
        .operation = about->operation,
        .cluster = about->cluster,
        .host = about->host,
        .result = (enum rce_result)(bytes[2] % 8),
        .outcome = bytes[2] & 64 ? RCE_TASK_FAILED : RCE_TASK_SUCCEEDED,
        .state = bytes[3] & 7,
        .retry_after_ns = (bytes[3] >> 4) * S,
        .task = bytes[3] & 8 ? bytes[3] >> 4 : 100 + about->request - bytes[1] / 64,
    };
    if (input.kind == RCE_INPUT_TIMER)
        complete_timer(watch, &input, bytes[1]);
    return input;
}

static void try_damaged(const struct watch *watch, const struct sent *sent, const uint8_t *bytes,
                        size_t size_bytes)
{
    uint8_t saved[WATCH_BLOCK_BYTES];
    size_t saved_bytes = rce_engine.save(watch->block, saved, sizeof saved);
    struct watch copy = *watch;
    damage_make_right(saved, saved_bytes);
    WATCH(rce_engine.load(copy.block, &copy.process, watch->plan, watch->options, saved,
                          saved_bytes));
    for (size_t i = 0; i + 1 < size_bytes && i < 8; i += 2)
        saved[(bytes[i] * 4 + i) % (saved_bytes - DAMAGE_CHECKSUM_BYTES)] = bytes[i + 1];
    damage_make_right(saved, saved_bytes);
    if (!rce_engine.load(copy.block, &copy.process, watch->plan, watch->options, saved,
                         saved_bytes))
        return;
    struct rce_actions out;
    for (size_t at = 8; at + STEP_BYTES <= size_bytes; at += STEP_BYTES) {
        struct rce_input input = input_of(&copy, sent, bytes + at);
        rce_engine.step(copy.block, &copy.process, &input, &out);
        WATCH(out.count <= RCE_ACTIONS_MAX);
        copy.now_ns = input.now_ns;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    if (size_bytes < 2)
        return 0;
    struct rce_options options = options_of(bytes[0]);
    struct rce_cluster_plan clusters[] = {
        {.hosts_count = (uint8_t)(1 + (bytes[1] & 1)), .temporary_host = bytes[1] & 2},
        {.hosts_count = (uint8_t)(1 + (bytes[1] >> 2 & 1)), .temporary_host = bytes[1] & 8},
    };
    struct rce_plan plan = {
        .workflow = 3, .clusters_count = 1 + (bytes[1] >> 4 & 1), .clusters = clusters};
    struct watch watch;
    watch_init(&watch, &plan, &options);
    struct sent sent = {.next = SENT_COUNT};
    struct rce_actions out;
    watch_step(&watch, &(struct rce_input){.kind = RCE_INPUT_START}, &out);
    note_sent(&sent, &out);
    size_t end =
        2 + STEP_BYTES * (size_t)STEPS_MAX < size_bytes ? 2 + STEP_BYTES * STEPS_MAX : size_bytes;
    for (size_t at = 2; at + STEP_BYTES <= end; at += STEP_BYTES) {
        struct rce_input input = input_of(&watch, &sent, bytes + at);
        watch_step(&watch, &input, &out);
        note_sent(&sent, &out);
        if (bytes[at] == 255)
            try_damaged(&watch, &sent, bytes + at, end - at);
    }
    return 0;
}
