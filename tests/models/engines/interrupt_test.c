/* An engine that does not answer: an interrupt ends the waiting, and does not wait for the time
 * limit of a step. Opening an engine once more, and telling engines apart. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "models/engines/engines.h"
#include "tests/models/engines/programs.h"

static const struct rce_cluster_plan clusters[] = {{.hosts_count = 2}};
static const struct rce_plan plan = {.workflow = 7, .clusters_count = 1, .clusters = clusters};

static volatile sig_atomic_t is_interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    is_interrupted = 1;
}

/* The limit of a step is far beyond what the test may take, and well below for ever. */
static const char hanging[] =
    "read line; echo '{\"protocol\":1,\"name\":\"hang\",\"version\":\"0\",\"capabilities\":[],"
    "\"state_version\":1,\"state_version_oldest\":1}'; read line; echo '{\"ok\":true}'; "
    "read line; echo '{\"ok\":true}'; exec sleep 60";

static void test_an_interrupt_ends_the_waiting(void **state)
{
    static const char *const words[] = {"sh", "-c", hanging};
    struct arena *arena = arena_create("test", 0);
    struct engine_spec spec = {.kind = ENGINE_COMMAND,
                               .words = words,
                               .word_count = 3,
                               .config = "{\"process\":{\"step_timeout\":\"20s\"}}",
                               .interrupted = &is_interrupted};
    const struct engine *engine;
    struct rce_options options;
    struct rce_actions actions;
    struct error error = {0};
    (void)state;
    rce_options_init(&options);
    if (!engine_open(&engine, arena, &spec, &options, &error))
        fail_msg("%s", error.message);
    const struct rce_engine *table = engine->table;
    void *process = arena_take(arena, table->process_size_bytes);
    void *workflow = arena_take(arena, table->state_size_bytes(&plan));
    table->process_begin(process, engine->settings);
    table->init(workflow, process, &plan, engine->settings);
    signal(SIGALRM, interrupt);
    alarm(1);
    time_t began = time(NULL);
    struct rce_input input = {.kind = RCE_INPUT_START};
    assert_int_equal(table->step(workflow, process, &input, &actions), RCE_BROKEN);
    assert_true(time(NULL) - began < 10);
    assert_non_null(strstr(table->complaint(process), "interrupted"));
    table->process_end(process);
    arena_destroy(arena);
}

static void test_once_more(void **state)
{
    struct arena *arena = arena_create("test", 0);
    const struct engine *first, *second;
    struct rce_options options;
    struct error error = {0};
    (void)state;
    rce_options_init(&options);
    assert_true(engine_open(&first, arena, programs_c_engine(arena), &options, &error));
    options.precheck = true;
    assert_true(engine_open_again(&second, arena, first, &options, 1, &error));
    assert_true(engine_is_same_spec(first->spec, second->spec));
    assert_int_not_equal(first->digest, second->digest); /* It covers the options. */
    assert_string_equal(first->label, second->label);
    assert_int_equal(second->spec->idle_max, 1);
    arena_destroy(arena);
}

static void test_telling_apart(void **state)
{
    static const char *const one[] = {"a", "b"}, *const other[] = {"a", "c"};
    const struct engine_spec command = {.kind = ENGINE_COMMAND, .words = one, .word_count = 2};
    struct engine_spec changed = command;
    (void)state;
    assert_true(engine_is_same_spec(&command, &changed));
    changed.config = "{}";
    changed.directory = ".";
    assert_true(engine_is_same_spec(&command, &changed));
    changed.config = "{\"a\":1}";
    assert_false(engine_is_same_spec(&command, &changed));
    changed = command;
    changed.words = other;
    assert_false(engine_is_same_spec(&command, &changed));
    changed = command;
    changed.word_count = 1;
    assert_false(engine_is_same_spec(&command, &changed));
    changed = command;
    changed.directory = "elsewhere";
    assert_false(engine_is_same_spec(&command, &changed));
    struct engine_spec linked = {.kind = ENGINE_LINKED, .name = "rce", .directory = "a"};
    changed = linked;
    changed.directory = "b"; /* It comes from no folder. */
    assert_true(engine_is_same_spec(&linked, &changed));
    struct engine_spec plugin = {.kind = ENGINE_PLUGIN, .path = "a.so"};
    changed = plugin;
    changed.path = "b.so";
    assert_false(engine_is_same_spec(&plugin, &changed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_interrupt_ends_the_waiting),
        cmocka_unit_test(test_once_more),
        cmocka_unit_test(test_telling_apart),
    };
    return cmocka_run_group_tests_name("engines/interrupt", tests, NULL, NULL);
}
