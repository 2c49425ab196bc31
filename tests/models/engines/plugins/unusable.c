/* unusable.c - shared objects that are no engine, one for each macro; built by plugin_test.sh. */
#include <stdlib.h>

#include <rce/rce.h>

static size_t size_of(const struct rce_plan *plan)
{
    (void)plan;
    return 8;
}

static void init(void *block, void *process, const struct rce_plan *plan, const void *settings)
{
    (void)block, (void)process, (void)plan, (void)settings;
}

static enum rce_status step(void *block, void *process, const struct rce_input *input,
                            struct rce_actions *out)
{
    (void)block, (void)process, (void)input;
    out->count = 0;
    return RCE_RUNNING;
}

static const struct rce_engine engine = {
    .abi = RCE_ABI,
    .size_bytes = sizeof engine,
    .name = "unusable",
    .version = "1",
    .state_size_bytes = size_of,
    .init = init,
    .step = step,
#ifdef OTHER_ABI
    .abi = 7,
#endif
#ifdef SMALL_TABLE
    .size_bytes = 16,
#endif
#ifdef NO_NAME
    .name = "",
#endif
#ifdef NO_STEP
    .step = 0,
#endif
#ifdef NO_SAVE
    .capabilities = RCE_CAN_SAVE,
#endif
#ifdef NO_STATE_VERSION
    .capabilities = RCE_CAN_LOAD,
    .load = (bool (*)(void *, void *, const struct rce_plan *, const void *, const void *,
                      size_t))size_of,
#endif
};

#ifdef CRASH
__attribute__((constructor)) static void crash(void)
{
    abort();
}
#endif
#ifdef LEAVE
__attribute__((constructor)) static void leave(void)
{
    exit(3);
}
#endif

#ifdef NO_SYMBOL
const struct rce_engine *rce_engine_fetch(uint32_t abi);
#define rce_engine_get rce_engine_fetch
#endif
const struct rce_engine *rce_engine_get(uint32_t abi)
{
#ifdef OLD_CONTRACT
    return abi == 1 ? &engine : NULL;
#else
    (void)abi;
    return &engine;
#endif
}
