/* spoiled.c - the engine of this project with one promise broken: one for each macro; built by
 * check_engine_test.sh. The block of a workflow is ours, and behind it that of the good engine. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rce/rce.h>

struct spoiled {
    enum rce_status status;
    uint8_t extra;
    bool is_loaded;
    size_t size_bytes;
    _Alignas(16) unsigned char good[];
};

#ifdef INTERLEAVE
static const void *last;
#endif
#ifdef PURE_COUNTER
static int counter;
#endif

static size_t size_of(const struct rce_plan *plan)
{
    return sizeof(struct spoiled) + rce_engine.state_size_bytes(plan);
}

static void init(void *block, void *process, const struct rce_plan *plan, const void *settings)
{
    struct spoiled *spoiled = block;
    spoiled->size_bytes = size_of(plan);
    rce_engine.init(spoiled->good, process, plan, settings);
#ifdef INTERLEAVE
    last = spoiled;
#endif
}

static size_t save(const void *block, void *bytes, size_t size_bytes)
{
    const struct spoiled *spoiled = block;
    size_t good_bytes = rce_engine.save(spoiled->good, NULL, 0);
    if (size_bytes < good_bytes + 1)
        return good_bytes + 1;
    rce_engine.save(spoiled->good, bytes, good_bytes);
    ((uint8_t *)bytes)[good_bytes] = spoiled->extra;
    return good_bytes + 1;
}

static bool load(void *block, void *process, const struct rce_plan *plan, const void *settings,
                 const void *bytes, size_t size_bytes)
{
    struct spoiled *spoiled = block;
    uint8_t extra = size_bytes > 0 ? ((const uint8_t *)bytes)[size_bytes - 1] : 0;
#ifndef DAMAGE
    if (extra != 0)
        return false;
#endif
#ifdef DAMAGE_WRITES
    spoiled->extra = 0;
#endif
    if (size_bytes == 0 ||
        !rce_engine.load(spoiled->good, process, plan, settings, bytes, size_bytes - 1))
        return false;
    spoiled->status = RCE_RUNNING;
    spoiled->extra = extra;
    spoiled->is_loaded = true;
    spoiled->size_bytes = size_of(plan);
#ifdef INTERLEAVE
    last = spoiled;
#endif
    return true;
}

static uint64_t digest(const void *block)
{
    const struct spoiled *spoiled = block;
#ifdef DIGEST_CONSTANT
    return spoiled->extra;
#endif
    uint64_t good = rce_engine.digest(spoiled->good);
#ifdef DIGEST_ADDRESS
    good ^= (uintptr_t)block;
#endif
    return good;
}

#if defined PERSIST || defined DEADLINE
static void drop(struct rce_actions *out, uint32_t index)
{
    out->count--;
    memmove(&out->items[index], &out->items[index + 1],
            (out->count - index) * sizeof out->items[0]);
}
#endif

/* So much is added to the time of each timer, which is late but allowed. */
static int64_t delay_ns(struct spoiled *spoiled)
{
    (void)spoiled;
#ifdef PURE_ADDRESS
    return (int64_t)((uintptr_t)spoiled >> 4 & 0xff);
#endif
#ifdef PURE_HEAP
    volatile unsigned char *bytes = malloc(100);
    int64_t found = bytes[60];
    free((void *)bytes);
    return found;
#endif
#ifdef PURE_CLOCK
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_nsec;
#endif
#ifdef PURE_COUNTER
    return counter++;
#endif
#ifdef SAVE
    return spoiled->is_loaded;
#endif
    return 0;
}

static void spoil(struct spoiled *spoiled, const struct rce_input *input, struct rce_actions *out)
{
    (void)spoiled, (void)input;
#if defined TOTAL_CRASH || defined TOTAL_HANG || defined TOTAL_LEAVES
    if (input->kind == RCE_INPUT_RESPONSE && input->result == RCE_NOT_READY) {
#ifdef TOTAL_CRASH
        abort();
#elif defined TOTAL_LEAVES
        exit(0);
#endif
        for (volatile int i = 0;; i = 1 - i)
            continue;
    }
#endif
#ifdef TOTAL_WRITES
    if (input->kind == RCE_INPUT_TIMER)
        ((unsigned char *)spoiled)[spoiled->size_bytes]++;
#endif
#ifdef DAMAGE
    if (spoiled->extra != 0)
        abort();
#endif
    for (uint32_t i = 0; i < out->count; i++) {
        struct rce_action *action = &out->items[i];
        if (action->kind == RCE_SET_TIMER)
            action->at_ns += delay_ns(spoiled);
#ifdef INTERLEAVE
        if (action->kind == RCE_SET_TIMER && last != spoiled)
            action->at_ns += 1;
#endif
#ifdef ALLOWED
        if (action->kind == RCE_SEND && input->kind == RCE_INPUT_TIMER)
            action->cluster = 77;
#endif
#ifdef TIME
        if (action->kind == RCE_SET_TIMER && input->kind == RCE_INPUT_RESUMED)
            action->at_ns = input->now_ns - 1;
#endif
#ifdef PERSIST
        if (action->kind == RCE_PERSIST && input->kind != RCE_INPUT_START)
            drop(out, i--);
#endif
#ifdef PERSIST_ORDER
        if (action->kind == RCE_SEND && i > 0 && out->items[i - 1].kind == RCE_PERSIST) {
            out->items[i - 1] = *action;
            *action = (struct rce_action){.kind = RCE_PERSIST};
        }
#endif
#ifdef DEADLINE
        if (action->kind == RCE_SET_TIMER && input->kind == RCE_INPUT_CALLBACK)
            drop(out, i--);
#endif
    }
#ifdef STRAY
    if (input->kind == RCE_INPUT_CALLBACK && out->count == 1 && out->items[0].kind == RCE_LOG &&
        spoiled->status == RCE_RUNNING)
        out->items[out->count++] = (struct rce_action){.kind = RCE_CANCEL_TIMER, .timer = 1};
#endif
#ifdef END
    if (input->kind == RCE_INPUT_CALLBACK && spoiled->status == RCE_SUCCEEDED &&
        out->items[0].note == RCE_NOTE_CALLBACK_IGNORED)
        out->items[out->count++] = (struct rce_action){.kind = RCE_DONE};
#endif
}

static enum rce_status step(void *block, void *process, const struct rce_input *input,
                            struct rce_actions *out)
{
    struct spoiled *spoiled = block;
    enum rce_status status = rce_engine.step(spoiled->good, process, input, out);
    spoiled->status = status;
    spoil(spoiled, input, out);
#ifdef INTERLEAVE
    last = spoiled;
#endif
#ifdef END_STATUS
    if (status == RCE_FAILED)
        status = RCE_RUNNING;
#endif
    return status;
}

static const struct rce_engine engine = {
    .abi = RCE_ABI,
    .size_bytes = sizeof engine,
    .capabilities = RCE_CAN_SAVE | RCE_CAN_LOAD | RCE_CAN_DIGEST,
    .state_version = 1,
    .state_version_oldest = 1,
    .name = "spoiled",
    .version = "1",
    .settings_size_bytes = sizeof(struct rce_options),
    .process_size_bytes = sizeof(struct rce_process),
    .state_size_bytes = size_of,
    .init = init,
    .step = step,
    .save = save,
    .load = load,
    .digest = digest,
};

const struct rce_engine *rce_engine_get(uint32_t abi)
{
    return abi == RCE_ABI ? &engine : NULL;
}
