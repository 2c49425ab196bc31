/* obedient.h - a platform where everything works: each request is accepted, each task succeeds.
 *
 * Inputs wait in a queue and are taken first in, first out, a second apart; timers never fire. What
 * is left is the engine's own work.
 */
#ifndef TESTS_MODELS_RCE_OBEDIENT_H
#define TESTS_MODELS_RCE_OBEDIENT_H

#include <stdlib.h>
#include <string.h>

#include "models/rce/rce.h"

enum { OBEDIENT_QUEUE = 256, OBEDIENT_BLOCK_BYTES = 4096 };

struct obedient {
    _Alignas(16) uint8_t block[OBEDIENT_BLOCK_BYTES];
    struct rce_process process;
    int64_t now_ns;
    struct rce_input queue[OBEDIENT_QUEUE];
    uint32_t head, tail;
    uint64_t sent_count[RCE_OPERATION_COUNT];
    uint64_t steps_count;
    enum rce_status status;
    struct rce_actions out; /* of the last step */
};

static inline void obedient_push(struct obedient *driver, struct rce_input input)
{
    if (driver->tail - driver->head == OBEDIENT_QUEUE)
        abort();
    driver->queue[driver->tail++ % OBEDIENT_QUEUE] = input;
}

static inline void obedient_init(struct obedient *driver, const struct rce_plan *plan,
                                 const struct rce_options *options)
{
    memset(driver, 0, offsetof(struct obedient, out));
    if (rce_engine.state_size_bytes(plan) > sizeof driver->block)
        abort();
    rce_engine.init(driver->block, &driver->process, plan, options);
    obedient_push(driver, (struct rce_input){.kind = RCE_INPUT_START});
}

static inline void obedient_answer(struct obedient *driver, const struct rce_action *send)
{
    bool is_read = send->operation == RCE_READ_CLUSTER || send->operation == RCE_READ_HOST;
    struct rce_input input = {
        .kind = RCE_INPUT_RESPONSE,
        .request = send->request,
        .result = is_read ? RCE_STATE : RCE_ACCEPTED,
        .state = is_read ? RCE_STATE_CLUSTER_READY : 0,
        .task = is_read ? 0 : send->request,
        .operation = send->operation,
        .cluster = send->cluster,
        .host = send->host,
    };
    obedient_push(driver, input);
    input.kind = RCE_INPUT_CALLBACK;
    if (!is_read)
        obedient_push(driver, input);
}

/* Feed the next input. Returns false when nothing is left to do. */
static inline bool obedient_step(struct obedient *driver)
{
    if (driver->head == driver->tail)
        return false;
    struct rce_input *input = &driver->queue[driver->head++ % OBEDIENT_QUEUE];
    driver->now_ns += 1000000000;
    input->now_ns = driver->now_ns;
    driver->steps_count++;
    driver->status = rce_engine.step(driver->block, &driver->process, input, &driver->out);
    for (uint32_t i = 0; i < driver->out.count; i++) {
        const struct rce_action *action = &driver->out.items[i];
        if (action->kind != RCE_SEND)
            continue;
        driver->sent_count[action->operation]++;
        obedient_answer(driver, action);
    }
    return true;
}

#endif
