#include "models/testbed/onlooker.h"

struct onlooker_engine {
    struct rce_engine table; /* that of the engine, with the functions of this file */
    struct onlooker onlooker;
    struct arena *arena;
    const struct onlooker_engine *self; /* what the settings are: a pointer to all of this */
};

/* The blocks that the driver sees; those of the engine are apart. */
struct watched_process {
    const struct onlooker_engine *watched;
    void *inner;
};

struct watched_workflow {
    const struct onlooker_engine *watched;
    void *inner;
    uint32_t number;
};

static const struct onlooker_engine *watched_of(const void *settings)
{
    return *(const struct onlooker_engine *const *)settings;
}

static void process_begin(void *block, const void *settings)
{
    const struct onlooker_engine *watched = watched_of(settings);
    const struct rce_engine *engine = watched->onlooker.engine;
    struct watched_process *process = block;
    *process = (struct watched_process){
        .watched = watched, .inner = arena_take(watched->arena, engine->process_size_bytes)};
    if (engine->process_begin != NULL)
        engine->process_begin(process->inner, watched->onlooker.settings);
}

static void process_end(void *block)
{
    const struct watched_process *process = block;
    const struct rce_engine *engine = process->watched->onlooker.engine;
    if (engine->process_end != NULL)
        engine->process_end(process->inner);
}

static const char *complaint(const void *block)
{
    const struct watched_process *process = block;
    const struct rce_engine *engine = process->watched->onlooker.engine;
    return engine->complaint != NULL ? engine->complaint(process->inner) : NULL;
}

static size_t state_size_bytes(const struct rce_plan *plan)
{
    (void)plan;
    return sizeof(struct watched_workflow);
}

static struct watched_workflow make_workflow(const struct watched_process *process,
                                             const struct rce_plan *plan)
{
    const struct onlooker_engine *watched = process->watched;
    size_t size_bytes = watched->onlooker.engine->state_size_bytes(plan);
    return (struct watched_workflow){.watched = watched,
                                     .inner = arena_take(watched->arena, size_bytes),
                                     .number = (uint32_t)plan->workflow};
}

static void init(void *block, void *process_block, const struct rce_plan *plan,
                 const void *settings)
{
    struct watched_workflow *workflow = block;
    const struct watched_process *process = process_block;
    (void)settings;
    *workflow = make_workflow(process, plan);
    const struct onlooker *onlooker = &process->watched->onlooker;
    onlooker->engine->init(workflow->inner, process->inner, plan, onlooker->settings);
}

static bool load(void *block, void *process_block, const struct rce_plan *plan,
                 const void *settings, const void *bytes, size_t size_bytes)
{
    const struct watched_process *process = process_block;
    const struct onlooker *onlooker = &process->watched->onlooker;
    struct watched_workflow made = make_workflow(process, plan);
    (void)settings;
    if (!onlooker->engine->load(made.inner, process->inner, plan, onlooker->settings, bytes,
                                size_bytes))
        return false;
    *(struct watched_workflow *)block = made;
    return true;
}

static enum rce_status step(void *block, void *process_block, const struct rce_input *input,
                            struct rce_actions *out)
{
    const struct watched_workflow *workflow = block;
    const struct watched_process *process = process_block;
    const struct onlooker *onlooker = &workflow->watched->onlooker;
    enum rce_status status = onlooker->engine->step(workflow->inner, process->inner, input, out);
    if (status != RCE_BROKEN && out->count <= RCE_ACTIONS_MAX)
        onlooker->watch(onlooker->context, workflow->number, input, out);
    return status;
}

static size_t save(const void *block, void *bytes, size_t size_bytes)
{
    const struct watched_workflow *workflow = block;
    return workflow->watched->onlooker.engine->save(workflow->inner, bytes, size_bytes);
}

static uint64_t digest(const void *block)
{
    const struct watched_workflow *workflow = block;
    return workflow->watched->onlooker.engine->digest(workflow->inner);
}

static void workflow_end(void *block, void *process_block)
{
    const struct watched_workflow *workflow = block;
    const struct watched_process *process = process_block;
    const struct rce_engine *engine = workflow->watched->onlooker.engine;
    if (engine->workflow_end != NULL)
        engine->workflow_end(workflow->inner, process->inner);
}

struct onlooker_engine *onlooker_create(struct arena *arena, const struct onlooker *onlooker)
{
    struct onlooker_engine *watched = arena_take(arena, sizeof *watched);
    *watched = (struct onlooker_engine){.onlooker = *onlooker, .arena = arena, .self = watched};
    watched->table = (struct rce_engine){
        .abi = RCE_ABI,
        .size_bytes = sizeof watched->table,
        .capabilities = onlooker->engine->capabilities,
        .state_version = onlooker->engine->state_version,
        .state_version_oldest = onlooker->engine->state_version_oldest,
        .name = onlooker->engine->name,
        .version = onlooker->engine->version,
        .settings_size_bytes = sizeof watched->self,
        .process_size_bytes = sizeof(struct watched_process),
        .process_begin = process_begin,
        .process_end = process_end,
        .complaint = complaint,
        .state_size_bytes = state_size_bytes,
        .init = init,
        .step = step,
        .save = save,
        .load = load,
        .digest = digest,
        .workflow_end = workflow_end,
    };
    return watched;
}

const struct rce_engine *onlooker_engine(const struct onlooker_engine *watched)
{
    return &watched->table;
}

const void *onlooker_settings(const struct onlooker_engine *watched)
{
    return &watched->self;
}
