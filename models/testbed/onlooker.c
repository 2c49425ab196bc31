#include "models/testbed/onlooker.h"

#include "models/engines/wrapper.h"

struct onlooker_engine {
    struct onlooker onlooker;
    struct wrapper *wrapper;
};

/* What is kept of a workflow. */
struct watched_workflow {
    uint32_t number;
};

static void begun(void *context, void *own, const struct rce_plan *plan)
{
    struct watched_workflow *workflow = own;
    (void)context;
    workflow->number = (uint32_t)plan->workflow;
}

static void loaded(void *context, void *own, const struct rce_plan *plan, const void *bytes,
                   size_t size_bytes)
{
    (void)bytes;
    (void)size_bytes;
    begun(context, own, plan);
}

static void stepped(void *context, void *own, const struct rce_input *input, enum rce_status status,
                    const struct rce_actions *actions)
{
    const struct onlooker_engine *watched = context;
    const struct watched_workflow *workflow = own;
    const struct onlooker *onlooker = &watched->onlooker;
    (void)status;
    if (actions->count <= RCE_ACTIONS_MAX)
        onlooker->watch(onlooker->context, workflow->number, input, actions);
}

struct onlooker_engine *onlooker_create(struct arena *arena, const struct onlooker *onlooker)
{
    static const struct wrapper_hooks hooks = {
        .own_size_bytes = sizeof(struct watched_workflow),
        .initialised = begun,
        .loaded = loaded,
        .stepped = stepped,
    };
    struct onlooker_engine *watched = arena_take(arena, sizeof *watched);
    *watched = (struct onlooker_engine){.onlooker = *onlooker};
    watched->wrapper = wrapper_create(arena, onlooker->engine, onlooker->settings, &hooks, watched);
    return watched;
}

const struct rce_engine *onlooker_engine(const struct onlooker_engine *watched)
{
    return wrapper_engine(watched->wrapper);
}

const void *onlooker_settings(const struct onlooker_engine *watched)
{
    return wrapper_settings(watched->wrapper);
}
