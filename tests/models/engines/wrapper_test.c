/* A wrapper: the driver sees the inner engine, hooks are told in order and keep what is theirs, and
 * what the inner engine does not have is not called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/engines/wrapper.h"

static const struct rce_cluster_plan clusters[] = {{.hosts_count = 1}};
static const struct rce_plan plans[] = {
    {.workflow = 4, .clusters_count = 1, .clusters = clusters},
    {.workflow = 5, .clusters_count = 1, .clusters = clusters},
};

/* What inner engine and hooks were asked, in order, and what the engine answers. */
struct tale {
    char text[1024];
    enum rce_status answer;
    uint32_t actions_count;
    bool refuses_loads;
};

static void tell(struct tale *tale, const char *who, const char *what, uint64_t number)
{
    size_t used = strlen(tale->text);
    assert_true(used + 64 < sizeof tale->text);
    snprintf(tale->text + used, sizeof tale->text - used, "%s %s %llu\n", who, what,
             (unsigned long long)number);
}

/* The inner engine. Its settings lead to the tale, its process counts its workflows, its workflow
 * is numbered within the process and counts its steps. */

struct settings {
    struct tale *tale;
};

struct process {
    struct tale *tale;
    uint32_t workflows_count;
};

struct workflow {
    struct tale *tale;
    struct process *process;
    uint32_t number, steps_count;
};

static void engine_process_begin(void *block, const void *settings)
{
    struct process *process = block;
    assert_int_equal(process->workflows_count, 0);
    process->tale = ((const struct settings *)settings)->tale;
    tell(process->tale, "engine", "process_begin", 0);
}

static void engine_process_end(void *block)
{
    const struct process *process = block;
    tell(process->tale, "engine", "process_end", process->workflows_count);
}

static const char *engine_complaint(const void *block)
{
    const struct process *process = block;
    return process->tale->answer == RCE_BROKEN ? "out of order" : NULL;
}

static size_t engine_state_size_bytes(const struct rce_plan *plan)
{
    assert_non_null(plan);
    return sizeof(struct workflow);
}

static void engine_init(void *block, void *process_block, const struct rce_plan *plan,
                        const void *settings)
{
    struct workflow *workflow = block;
    struct process *process = process_block;
    assert_int_equal(workflow->steps_count, 0);
    *workflow = (struct workflow){.tale = ((const struct settings *)settings)->tale,
                                  .process = process,
                                  .number = ++process->workflows_count};
    tell(workflow->tale, "engine", "init", plan->workflow);
}

static bool engine_load(void *block, void *process_block, const struct rce_plan *plan,
                        const void *settings, const void *bytes, size_t size_bytes)
{
    struct tale *tale = ((const struct settings *)settings)->tale;
    tell(tale, "engine", "load", size_bytes);
    assert_int_equal(*(const unsigned char *)bytes, 9);
    if (tale->refuses_loads)
        return false;
    engine_init(block, process_block, plan, settings);
    ((struct workflow *)block)->steps_count = *(const unsigned char *)bytes;
    return true;
}

static enum rce_status engine_step(void *block, void *process_block, const struct rce_input *input,
                                   struct rce_actions *out)
{
    struct workflow *workflow = block;
    if (process_block != NULL)
        assert_ptr_equal(process_block, workflow->process);
    workflow->steps_count++;
    out->count = workflow->tale->actions_count;
    tell(workflow->tale, "engine", "step", (uint64_t)input->now_ns);
    return workflow->tale->answer;
}

static size_t engine_save(const void *block, void *bytes, size_t size_bytes)
{
    const struct workflow *workflow = block;
    if (size_bytes > 0)
        *(unsigned char *)bytes = (unsigned char)workflow->steps_count;
    return 1;
}

static uint64_t engine_digest(const void *block)
{
    const struct workflow *workflow = block;
    return 100 * workflow->number + workflow->steps_count;
}

static void engine_workflow_end(void *block, void *process_block)
{
    const struct workflow *workflow = block;
    assert_ptr_equal(process_block, workflow->process);
    tell(workflow->tale, "engine", "workflow_end", workflow->number);
}

static const struct rce_engine whole = {
    .abi = RCE_ABI,
    .size_bytes = sizeof whole,
    .capabilities = RCE_CAN_SAVE | RCE_CAN_LOAD | RCE_CAN_DIGEST,
    .state_version = 7,
    .state_version_oldest = 3,
    .name = "whole",
    .version = "1.2",
    .settings_size_bytes = sizeof(struct settings),
    .process_size_bytes = sizeof(struct process),
    .process_begin = engine_process_begin,
    .process_end = engine_process_end,
    .complaint = engine_complaint,
    .state_size_bytes = engine_state_size_bytes,
    .init = engine_init,
    .step = engine_step,
    .save = engine_save,
    .load = engine_load,
    .digest = engine_digest,
    .workflow_end = engine_workflow_end,
};

/* Only what an engine must have; it looks at no process. */

static void bare_init(void *block, void *process, const struct rce_plan *plan, const void *settings)
{
    struct workflow *workflow = block;
    (void)process;
    workflow->tale = ((const struct settings *)settings)->tale;
    tell(workflow->tale, "engine", "init", plan->workflow);
}

static enum rce_status bare_step(void *block, void *process, const struct rce_input *input,
                                 struct rce_actions *out)
{
    (void)process;
    return engine_step(block, NULL, input, out);
}

static const struct rce_engine bare = {
    .abi = RCE_ABI,
    .size_bytes = sizeof bare,
    .name = "bare",
    .version = "0",
    .state_size_bytes = engine_state_size_bytes,
    .init = bare_init,
    .step = bare_step,
};

/* The hooks. They keep the number of the workflow, and how often they were told of it. */

struct kept {
    uint64_t workflow;
    uint32_t told_count;
};

static void hook_process_begun(void *context)
{
    tell(context, "hook", "process_begun", 0);
}

static void hook_initialised(void *context, void *own, const struct rce_plan *plan)
{
    struct kept *kept = own;
    assert_int_equal(kept->workflow + kept->told_count, 0);
    *kept = (struct kept){.workflow = plan->workflow, .told_count = 1};
    tell(context, "hook", "initialised", plan->workflow);
}

static void hook_loaded(void *context, void *own, const struct rce_plan *plan, const void *bytes,
                        size_t size_bytes)
{
    struct kept *kept = own;
    assert_int_equal(kept->workflow + kept->told_count, 0);
    assert_int_equal(*(const unsigned char *)bytes, 9);
    *kept = (struct kept){.workflow = plan->workflow, .told_count = 1};
    tell(context, "hook", "loaded", size_bytes);
}

static void hook_stepped(void *context, void *own, const struct rce_input *input,
                         enum rce_status status, const struct rce_actions *actions)
{
    struct kept *kept = own;
    const struct tale *tale = context;
    assert_true(input->now_ns > 0);
    assert_int_equal(status, tale->answer);
    assert_int_equal(actions->count, tale->actions_count);
    kept->told_count++;
    tell(context, "hook", "stepped", kept->workflow);
}

static void hook_ended(void *context, void *own)
{
    const struct kept *kept = own;
    tell(context, "hook", "ended", kept->told_count);
}

static const struct wrapper_hooks all_hooks = {
    .own_size_bytes = sizeof(struct kept),
    .process_begun = hook_process_begun,
    .initialised = hook_initialised,
    .loaded = hook_loaded,
    .stepped = hook_stepped,
    .ended = hook_ended,
};
static const struct wrapper_hooks no_hooks = {0};

/* The driver. Its blocks hold rubbish where the contract lets them. */

struct scene {
    struct arena *arena;
    struct tale tale;
    struct settings settings;
    const struct rce_engine *engine;
    const void *outer_settings;
    void *process;
};

static void begin(struct scene *scene, const struct rce_engine *inner,
                  const struct wrapper_hooks *hooks)
{
    *scene = (struct scene){.arena = arena_create("test", 0)};
    scene->settings.tale = &scene->tale;
    struct wrapper *wrapper =
        wrapper_create(scene->arena, inner, &scene->settings, hooks, &scene->tale);
    scene->engine = wrapper_engine(wrapper);
    scene->outer_settings = wrapper_settings(wrapper);
    scene->process = arena_take(scene->arena, scene->engine->process_size_bytes);
    scene->engine->process_begin(scene->process, scene->outer_settings);
}

static void end(struct scene *scene)
{
    scene->engine->process_end(scene->process);
    arena_destroy(scene->arena);
}

static void *new_workflow(struct scene *scene, void *process, const struct rce_plan *plan)
{
    void *workflow = arena_take(scene->arena, scene->engine->state_size_bytes(plan));
    scene->engine->init(workflow, process, plan, scene->outer_settings);
    return workflow;
}

static bool load(struct scene *scene, void *workflow)
{
    return scene->engine->load(workflow, scene->process, &plans[0], scene->outer_settings,
                               "\x09\x08", 2);
}

static enum rce_status step(struct scene *scene, void *workflow, int64_t now_ns)
{
    const struct rce_input input = {.kind = RCE_INPUT_START, .now_ns = now_ns};
    struct rce_actions actions;
    enum rce_status status = scene->engine->step(workflow, scene->process, &input, &actions);
    assert_int_equal(actions.count, scene->tale.actions_count);
    return status;
}

static void test_same_face(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, &whole, &all_hooks);
    assert_int_equal(scene.engine->abi, RCE_ABI);
    assert_int_equal(scene.engine->size_bytes, sizeof(struct rce_engine));
    assert_int_equal(scene.engine->capabilities, whole.capabilities);
    assert_int_equal(scene.engine->state_version, 7);
    assert_int_equal(scene.engine->state_version_oldest, 3);
    assert_string_equal(scene.engine->name, "whole");
    assert_string_equal(scene.engine->version, "1.2");
    end(&scene);
}

static void test_order(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, &whole, &all_hooks);
    void *workflow = new_workflow(&scene, scene.process, &plans[1]);
    assert_int_equal(step(&scene, workflow, 10), RCE_RUNNING);
    scene.tale.answer = RCE_FAILED;
    assert_int_equal(step(&scene, workflow, 20), RCE_FAILED);
    scene.engine->workflow_end(workflow, scene.process);
    scene.engine->process_end(scene.process);
    scene.engine->process_begin(scene.process, scene.outer_settings);
    assert_true(load(&scene, workflow));
    assert_string_equal(scene.tale.text, "engine process_begin 0\nhook process_begun 0\n"
                                         "engine init 5\nhook initialised 5\n"
                                         "engine step 10\nhook stepped 5\n"
                                         "engine step 20\nhook stepped 5\n"
                                         "engine workflow_end 1\nhook ended 3\n"
                                         "engine process_end 1\n"
                                         "engine process_begin 0\nhook process_begun 0\n"
                                         "engine load 2\nengine init 4\nhook loaded 2\n");
    end(&scene);
}

/* Whatever the inner engine or the hooks do without. */
static void test_absent(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, &bare, &all_hooks);
    assert_null(scene.engine->complaint(scene.process));
    void *workflow = new_workflow(&scene, scene.process, &plans[0]);
    step(&scene, workflow, 10);
    scene.engine->workflow_end(workflow, scene.process);
    assert_string_equal(scene.tale.text, "hook process_begun 0\n"
                                         "engine init 4\nhook initialised 4\n"
                                         "engine step 10\nhook stepped 4\n"
                                         "hook ended 2\n");
    end(&scene);
    begin(&scene, &whole, &no_hooks);
    workflow = new_workflow(&scene, scene.process, &plans[0]);
    step(&scene, workflow, 10);
    scene.engine->workflow_end(workflow, scene.process);
    assert_true(load(&scene, workflow));
    assert_int_equal(scene.engine->digest(workflow), 209);
    end(&scene);
}

static void test_refused_load(void **state)
{
    struct scene scene;
    unsigned char before[256], byte;
    (void)state;
    begin(&scene, &whole, &all_hooks);
    void *workflow = new_workflow(&scene, scene.process, &plans[1]);
    size_t size_bytes = scene.engine->state_size_bytes(&plans[1]);
    assert_true(size_bytes <= sizeof before);
    step(&scene, workflow, 10);
    memcpy(before, workflow, size_bytes);
    scene.tale.refuses_loads = true;
    scene.tale.text[0] = '\0';
    assert_false(load(&scene, workflow));
    assert_memory_equal(workflow, before, size_bytes);
    step(&scene, workflow, 20);
    assert_int_equal(scene.engine->digest(workflow), 102);
    assert_int_equal(scene.engine->save(workflow, &byte, 1), 1);
    assert_int_equal(byte, 2);
    scene.engine->workflow_end(workflow, scene.process);
    assert_string_equal(scene.tale.text, "engine load 2\n"
                                         "engine step 20\nhook stepped 5\n"
                                         "engine workflow_end 1\nhook ended 3\n");
    end(&scene);
}

/* Two processes and three workflows, each with an inner block and a kept one of its own; a loaded
 * one in a block that was not zeroed. */
static void test_apart(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, &whole, &all_hooks);
    void *other = arena_take(scene.arena, scene.engine->process_size_bytes);
    scene.engine->process_begin(other, scene.outer_settings);
    void *first = new_workflow(&scene, scene.process, &plans[0]);
    void *second = new_workflow(&scene, scene.process, &plans[1]);
    void *foreign = new_workflow(&scene, other, &plans[1]);
    void *loaded = arena_take(scene.arena, scene.engine->state_size_bytes(&plans[0]));
    memset(loaded, 0xa5, scene.engine->state_size_bytes(&plans[0]));
    assert_true(load(&scene, loaded));
    step(&scene, second, 10);
    step(&scene, second, 20);
    step(&scene, first, 30);
    assert_int_equal(scene.engine->digest(first), 101);
    assert_int_equal(scene.engine->digest(second), 202);
    assert_int_equal(scene.engine->digest(foreign), 100);
    assert_int_equal(scene.engine->digest(loaded), 309);
    scene.tale.text[0] = '\0';
    scene.engine->workflow_end(first, scene.process);
    scene.engine->workflow_end(second, scene.process);
    scene.engine->workflow_end(foreign, other);
    scene.engine->workflow_end(loaded, scene.process);
    scene.engine->process_end(other);
    assert_string_equal(scene.tale.text, "engine workflow_end 1\nhook ended 2\n"
                                         "engine workflow_end 2\nhook ended 3\n"
                                         "engine workflow_end 1\nhook ended 1\n"
                                         "engine workflow_end 3\nhook ended 1\n"
                                         "engine process_end 1\n");
    end(&scene);
}

static void test_broken(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, &whole, &all_hooks);
    void *workflow = new_workflow(&scene, scene.process, &plans[0]);
    assert_null(scene.engine->complaint(scene.process));
    scene.tale.text[0] = '\0';
    scene.tale.actions_count = RCE_ACTIONS_MAX + 1; /* Forbidden, and told all the same. */
    assert_int_equal(step(&scene, workflow, 10), RCE_RUNNING);
    scene.tale.answer = RCE_BROKEN;
    assert_int_equal(step(&scene, workflow, 20), RCE_BROKEN);
    assert_string_equal(scene.engine->complaint(scene.process), "out of order");
    assert_string_equal(scene.tale.text, "engine step 10\nhook stepped 4\nengine step 20\n");
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_face),    cmocka_unit_test(test_order),
        cmocka_unit_test(test_absent),       cmocka_unit_test(test_apart),
        cmocka_unit_test(test_refused_load), cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests_name("engines/wrapper", tests, NULL, NULL);
}
