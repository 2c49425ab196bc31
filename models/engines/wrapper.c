#include "models/engines/wrapper.h"

struct wrapper {
    struct rce_engine table; /* That of the inner engine, with the functions of this file. */
    const struct rce_engine *inner;
    const void *inner_settings;
    const struct wrapper_hooks *hooks;
    void *context;
    struct arena *arena;
    struct wrapper *self; /* What the settings are: a pointer to all of this. */
};

/* The blocks that the driver sees. */
struct wrapped_process {
    struct wrapper *wrapper;
    void *inner;
};

struct wrapped_workflow {
    const struct wrapper *wrapper;
    void *inner, *own;
};

static void process_begin(void *block, const void *settings)
{
    struct wrapper *wrapper = *(struct wrapper *const *)settings;
    struct wrapped_process *process = block;
    *process = (struct wrapped_process){
        .wrapper = wrapper,
        .inner = arena_take(wrapper->arena, wrapper->inner->process_size_bytes)};
    if (wrapper->inner->process_begin != NULL)
        wrapper->inner->process_begin(process->inner, wrapper->inner_settings);
    if (wrapper->hooks->process_begun != NULL)
        wrapper->hooks->process_begun(wrapper->context);
}

static void process_end(void *block)
{
    const struct wrapped_process *process = block;
    const struct rce_engine *inner = process->wrapper->inner;
    if (inner->process_end != NULL)
        inner->process_end(process->inner);
}

static const char *complaint(const void *block)
{
    const struct wrapped_process *process = block;
    const struct rce_engine *inner = process->wrapper->inner;
    return inner->complaint != NULL ? inner->complaint(process->inner) : NULL;
}

static size_t state_size_bytes(const struct rce_plan *plan)
{
    (void)plan;
    return sizeof(struct wrapped_workflow);
}

static struct wrapped_workflow make_workflow(const struct wrapper *wrapper,
                                             const struct rce_plan *plan)
{
    return (struct wrapped_workflow){
        .wrapper = wrapper,
        .inner = arena_take(wrapper->arena, wrapper->inner->state_size_bytes(plan)),
        .own = arena_take(wrapper->arena, wrapper->hooks->own_size_bytes),
    };
}

static void init(void *block, void *process_block, const struct rce_plan *plan,
                 const void *settings)
{
    const struct wrapped_process *process = process_block;
    const struct wrapper *wrapper = process->wrapper;
    struct wrapped_workflow *workflow = block;
    (void)settings;
    *workflow = make_workflow(wrapper, plan);
    wrapper->inner->init(workflow->inner, process->inner, plan, wrapper->inner_settings);
    if (wrapper->hooks->initialised != NULL)
        wrapper->hooks->initialised(wrapper->context, workflow->own, plan);
}

static bool load(void *block, void *process_block, const struct rce_plan *plan,
                 const void *settings, const void *bytes, size_t size_bytes)
{
    const struct wrapped_process *process = process_block;
    const struct wrapper *wrapper = process->wrapper;
    struct wrapped_workflow made = make_workflow(wrapper, plan);
    (void)settings;
    if (!wrapper->inner->load(made.inner, process->inner, plan, wrapper->inner_settings, bytes,
                              size_bytes))
        return false;
    *(struct wrapped_workflow *)block = made;
    if (wrapper->hooks->loaded != NULL)
        wrapper->hooks->loaded(wrapper->context, made.own, plan, bytes, size_bytes);
    return true;
}

static enum rce_status step(void *block, void *process_block, const struct rce_input *input,
                            struct rce_actions *out)
{
    const struct wrapped_workflow *workflow = block;
    const struct wrapped_process *process = process_block;
    const struct wrapper *wrapper = workflow->wrapper;
    enum rce_status status = wrapper->inner->step(workflow->inner, process->inner, input, out);
    if (status != RCE_BROKEN && wrapper->hooks->stepped != NULL)
        wrapper->hooks->stepped(wrapper->context, workflow->own, input, status, out);
    return status;
}

static size_t save(const void *block, void *bytes, size_t size_bytes)
{
    const struct wrapped_workflow *workflow = block;
    return workflow->wrapper->inner->save(workflow->inner, bytes, size_bytes);
}

static uint64_t digest(const void *block)
{
    const struct wrapped_workflow *workflow = block;
    return workflow->wrapper->inner->digest(workflow->inner);
}

static void workflow_end(void *block, void *process_block)
{
    const struct wrapped_workflow *workflow = block;
    const struct wrapped_process *process = process_block;
    const struct wrapper *wrapper = workflow->wrapper;
    if (wrapper->inner->workflow_end != NULL)
        wrapper->inner->workflow_end(workflow->inner, process->inner);
    if (wrapper->hooks->ended != NULL)
        wrapper->hooks->ended(wrapper->context, workflow->own);
}

struct wrapper *wrapper_create(struct arena *arena, const struct rce_engine *engine,
                               const void *settings, const struct wrapper_hooks *hooks,
                               void *context)
{
    struct wrapper *wrapper = arena_take(arena, sizeof *wrapper);
    *wrapper = (struct wrapper){.inner = engine,
                                .inner_settings = settings,
                                .hooks = hooks,
                                .context = context,
                                .arena = arena,
                                .self = wrapper};
    wrapper->table = (struct rce_engine){
        .abi = RCE_ABI,
        .size_bytes = sizeof wrapper->table,
        .capabilities = engine->capabilities,
        .state_version = engine->state_version,
        .state_version_oldest = engine->state_version_oldest,
        .name = engine->name,
        .version = engine->version,
        .settings_size_bytes = sizeof wrapper->self,
        .process_size_bytes = sizeof(struct wrapped_process),
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
    return wrapper;
}

const struct rce_engine *wrapper_engine(const struct wrapper *wrapper)
{
    return &wrapper->table;
}

const void *wrapper_settings(const struct wrapper *wrapper)
{
    return &wrapper->self;
}
