/* A recorder: it changes nothing between driver and engine, writes what is chosen in the order in
 * which it was said, and what it wrote can be repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/engines/conformance/history.h"
#include "models/engines/recorder.h"

static const struct rce_cluster_plan clusters[] = {{.hosts_count = 2, .temporary_host = true}};
static const struct rce_plan plans[] = {
    {.workflow = 7, .clusters_count = 1, .clusters = clusters},
    {.workflow = 9, .clusters_count = 1, .clusters = clusters},
};

/* A file for a track, that is opened when it is needed. */
struct paper {
    FILE *file;
    uint32_t opened;
};

static FILE *open_paper(void *context, struct recorder_track *track)
{
    struct paper *paper = context;
    (void)track;
    paper->opened++;
    paper->file = tmpfile();
    return paper->file;
}

struct scene {
    struct arena *arena;
    struct rce_options options;
    struct paper paper;
    uint64_t left_bytes;
    struct recorder_track track;
    struct recorder *recorder;
    const struct rce_engine *engine;
    void *process;
};

static struct recorder *make_recorder(struct scene *scene, const struct rce_options *options)
{
    struct recorder_source source = {
        .engine = &rce_engine, .settings = options, .options = options};
    return recorder_create(scene->arena, &source, &scene->track, 1);
}

static void begin(struct scene *scene, uint64_t workflow, uint64_t room_bytes)
{
    *scene = (struct scene){.arena = arena_create("test", 0), .left_bytes = room_bytes};
    rce_options_init(&scene->options);
    scene->track = (struct recorder_track){.workflow = workflow,
                                           .open = open_paper,
                                           .context = &scene->paper,
                                           .left_bytes = &scene->left_bytes};
    scene->recorder = make_recorder(scene, &scene->options);
    scene->engine = recorder_engine(scene->recorder);
    scene->process = arena_take(scene->arena, scene->engine->process_size_bytes);
    scene->engine->process_begin(scene->process, recorder_settings(scene->recorder));
}

static void end(struct scene *scene)
{
    scene->engine->process_end(scene->process);
    if (scene->paper.file != NULL)
        fclose(scene->paper.file);
    arena_destroy(scene->arena);
}

static void *new_workflow(const struct scene *scene, const struct rce_plan *plan)
{
    void *workflow = arena_take(scene->arena, scene->engine->state_size_bytes(plan));
    scene->engine->init(workflow, scene->process, plan, recorder_settings(scene->recorder));
    return workflow;
}

/* The first inputs of every workflow, by the number of the one that follows. */
static struct rce_input input_of(uint32_t number)
{
    switch (number) {
    case 0: return (struct rce_input){.kind = RCE_INPUT_START, .now_ns = 5, .entropy = 1};
    case 1:
        return (struct rce_input){.kind = RCE_INPUT_RESPONSE,
                                  .now_ns = 10,
                                  .request = 1,
                                  .task = 11,
                                  .result = RCE_ACCEPTED,
                                  .cluster = RCE_NO_CLUSTER,
                                  .host = RCE_NO_HOST};
    }
    return (struct rce_input){.kind = RCE_INPUT_CALLBACK,
                              .now_ns = 20 + number,
                              .task = 11,
                              .cluster = RCE_NO_CLUSTER,
                              .host = RCE_NO_HOST};
}

static void step(const struct scene *scene, void *workflow, uint32_t number,
                 struct rce_actions *actions)
{
    struct rce_input input = input_of(number);
    assert_int_equal(scene->engine->step(workflow, scene->process, &input, actions), RCE_RUNNING);
}

static size_t count_lines(struct scene *scene, const char *piece)
{
    char line[8192];
    size_t count = 0;
    fflush(scene->paper.file);
    rewind(scene->paper.file);
    while (fgets(line, sizeof line, scene->paper.file) != NULL) {
        assert_int_equal(line[strlen(line) - 1], '\n');
        count += strstr(line, piece) != NULL;
    }
    return count;
}

/* The linked engine, fed with what was recorded. */
static struct history_result replay(struct scene *scene)
{
    struct engine_spec spec = {.kind = ENGINE_LINKED, .name = "rce"};
    struct history_result result;
    struct error error = {0};
    fflush(scene->paper.file);
    rewind(scene->paper.file);
    if (!history_check(scene->paper.file, "recorded", &spec, scene->arena, &result, &error))
        fail_msg("%s", error.message);
    if (result.differs)
        fail_msg("line %llu: %s: %s against %s", (unsigned long long)result.line, result.problem,
                 result.recorded, result.given);
    return result;
}

static void test_nothing_is_changed(void **state)
{
    struct scene scene;
    struct rce_process bare_process = {0};
    struct rce_actions recorded, bare;
    (void)state;
    begin(&scene, 7, UINT64_MAX);
    assert_string_equal(scene.engine->name, rce_engine.name);
    assert_int_equal(scene.engine->capabilities, rce_engine.capabilities);
    assert_int_equal(scene.engine->state_version, rce_engine.state_version);
    void *workflow = new_workflow(&scene, &plans[0]);
    void *alone = arena_take(scene.arena, rce_engine.state_size_bytes(&plans[0]));
    rce_engine.init(alone, &bare_process, &plans[0], &scene.options);
    for (uint32_t i = 0; i < 4; i++) {
        struct rce_input input = input_of(i);
        memset(&recorded, 0, sizeof recorded);
        memset(&bare, 0, sizeof bare);
        step(&scene, workflow, i, &recorded);
        rce_engine.step(alone, &bare_process, &input, &bare);
        assert_int_equal(recorded.count, bare.count);
        assert_memory_equal(&recorded, &bare, sizeof bare);
        assert_int_equal(scene.engine->digest(workflow), rce_engine.digest(alone));
    }
    assert_int_equal(scene.engine->save(workflow, NULL, 0), rce_engine.save(alone, NULL, 0));
    assert_int_equal(scene.track.inputs, 4);
    assert_int_equal(replay(&scene).compared, 4);
    end(&scene);
}

static void test_one_of_two(void **state)
{
    struct scene scene;
    struct rce_actions actions;
    (void)state;
    begin(&scene, 9, UINT64_MAX);
    void *other = new_workflow(&scene, &plans[0]);
    step(&scene, other, 0, &actions);
    assert_int_equal(scene.paper.opened, 0); /* Nothing is made for what is not chosen. */
    void *chosen = new_workflow(&scene, &plans[1]);
    step(&scene, chosen, 0, &actions);
    step(&scene, other, 1, &actions);
    scene.engine->workflow_end(other, scene.process);
    step(&scene, chosen, 1, &actions);
    scene.engine->workflow_end(chosen, scene.process);
    assert_int_equal(scene.paper.opened, 1);
    assert_int_equal(count_lines(&scene, "\"op\":\"begin\""), 1);
    assert_int_equal(count_lines(&scene, "\"workflow\":9"), 1);
    assert_int_equal(count_lines(&scene, "\"op\":\"step\""), 2);
    assert_int_equal(count_lines(&scene, "\"op\":\"end\""), 1);
    assert_int_equal(replay(&scene).workflows, 1);
    end(&scene);
}

/* A budget of one retry: who asks second gets none, so only both together can be repeated. */
static void test_all_in_their_order(void **state)
{
    struct scene scene;
    struct rce_actions actions;
    struct rce_input refused = input_of(1);
    (void)state;
    refused.result = RCE_UNAVAILABLE;
    refused.task = 0;
    begin(&scene, RECORDER_ALL, UINT64_MAX);
    scene.options.retry = true;
    scene.options.retry_policy = (struct rce_retry_policy){
        .base_ns = 1000, .multiplier_permille = 1000, .budget_capacity = 1, .budget_cost = 1};
    assert_true(recorder_is_shared(&scene.options));
    void *first = new_workflow(&scene, &plans[0]), *second = new_workflow(&scene, &plans[1]);
    step(&scene, second, 0, &actions);
    step(&scene, first, 0, &actions);
    assert_int_equal(scene.engine->step(second, scene.process, &refused, &actions), RCE_RUNNING);
    assert_int_equal(scene.engine->step(first, scene.process, &refused, &actions), RCE_FAILED);
    struct history_result result = replay(&scene);
    assert_int_equal(result.workflows, 2);
    assert_int_equal(result.compared, 4);
    end(&scene);
}

/* The process dies; the workflow goes on from what was saved, under another id. */
static void test_crash(void **state)
{
    struct scene scene;
    struct rce_actions actions;
    unsigned char bytes[4096];
    (void)state;
    begin(&scene, 7, UINT64_MAX);
    void *workflow = new_workflow(&scene, &plans[0]);
    step(&scene, workflow, 0, &actions);
    size_t size_bytes = scene.engine->save(workflow, bytes, sizeof bytes);
    assert_true(size_bytes > 0 && size_bytes <= sizeof bytes);
    step(&scene, workflow, 1, &actions);
    scene.engine->process_end(scene.process);
    scene.engine->process_begin(scene.process, recorder_settings(scene.recorder));
    assert_true(scene.engine->load(workflow, scene.process, &plans[0],
                                   recorder_settings(scene.recorder), bytes, size_bytes));
    struct rce_input resumed = {.kind = RCE_INPUT_RESUMED, .now_ns = 30, .entropy = 3};
    scene.engine->step(workflow, scene.process, &resumed, &actions);
    assert_true(actions.count > 0);
    bytes[0] ^= 0xff; /* Refused: then the workflow is as it was, and so is its history. */
    assert_false(scene.engine->load(workflow, scene.process, &plans[0],
                                    recorder_settings(scene.recorder), bytes, size_bytes));
    assert_int_equal(count_lines(&scene, "\"op\":\"reset\""), 1);
    assert_int_equal(count_lines(&scene, "\"op\":\"load\",\"id\":2"), 1);
    assert_int_equal(count_lines(&scene, "\"op\":\"load\""), 1);
    struct history_result result = replay(&scene);
    assert_int_equal(result.compared, 3);
    assert_int_equal(result.workflows, 1);
    end(&scene);
}

/* Two engines, one history: where the other one speaks, its options come first. */
static void test_two_engines(void **state)
{
    struct scene scene;
    struct rce_actions actions;
    unsigned char bytes[4096];
    (void)state;
    begin(&scene, 7, UINT64_MAX);
    void *workflow = new_workflow(&scene, &plans[0]);
    step(&scene, workflow, 0, &actions);
    size_t size_bytes = scene.engine->save(workflow, bytes, sizeof bytes);
    struct rce_options options = scene.options;
    options.key_scope = RCE_KEY_PER_TASK;
    struct recorder *other = make_recorder(&scene, &options);
    const struct rce_engine *engine = recorder_engine(other);
    void *process = arena_take(scene.arena, engine->process_size_bytes);
    engine->process_begin(process, recorder_settings(other));
    void *moved = arena_take(scene.arena, engine->state_size_bytes(&plans[0]));
    assert_true(
        engine->load(moved, process, &plans[0], recorder_settings(other), bytes, size_bytes));
    scene.engine->workflow_end(workflow, scene.process); /* Says nothing any more. */
    struct rce_input changed = {.kind = RCE_INPUT_ENGINE_CHANGED, .now_ns = 30, .entropy = 3};
    engine->step(moved, process, &changed, &actions);
    assert_int_equal(count_lines(&scene, "\"op\":\"init\""), 2);
    assert_int_equal(count_lines(&scene, "\"key_scope\":\"per-task\""), 1);
    assert_int_equal(count_lines(&scene, "\"op\":\"end\""), 0);
    assert_int_equal(count_lines(&scene, "\"op\":\"reset\""), 0);
    assert_int_equal(replay(&scene).starts, 2);
    engine->process_end(process);
    end(&scene);
}

static void test_cut(void **state)
{
    struct scene scene;
    struct rce_actions actions;
    (void)state;
    begin(&scene, 7, 3000);
    void *workflow = new_workflow(&scene, &plans[0]);
    for (uint32_t i = 0; i < 30; i++)
        step(&scene, workflow, i, &actions);
    assert_true(scene.track.is_cut);
    assert_int_equal(scene.left_bytes, 0);
    assert_true(scene.track.size_bytes >= 3000 && scene.track.size_bytes < 4000);
    assert_true(scene.track.inputs > 1 && scene.track.inputs < 30);
    assert_int_equal(count_lines(&scene, "\"op\":\"step\""), scene.track.inputs);
    assert_int_equal(replay(&scene).compared, scene.track.inputs);
    end(&scene);
}

static void test_is_shared(void **state)
{
    struct rce_options options;
    (void)state;
    rce_options_init(&options);
    assert_false(recorder_is_shared(&options));
    options.retry_policy.budget_capacity = 5;
    assert_false(recorder_is_shared(&options)); /* It never retries. */
    options.retry = true;
    assert_true(recorder_is_shared(&options));
    options.retry_policy.budget_capacity = 0;
    assert_false(recorder_is_shared(&options));
    options.retry_policy.limiter_per_s = 1;
    assert_true(recorder_is_shared(&options));
    rce_options_init(&options);
    options.precheck = true;
    options.precheck_poll.limiter_per_s = 1;
    assert_true(recorder_is_shared(&options));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_changed), cmocka_unit_test(test_one_of_two),
        cmocka_unit_test(test_all_in_their_order), cmocka_unit_test(test_crash),
        cmocka_unit_test(test_two_engines),        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_is_shared),
    };
    return cmocka_run_group_tests_name("engines/recorder", tests, NULL, NULL);
}
