/* Feeding a history to an engine: the first answer that differs is found, with its line and what
 * led up to it; an engine that gives no answer is a finding, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/engines/conformance/history.h"
#include "models/engines/transcript.h"

static const struct rce_cluster_plan clusters[] = {{.hosts_count = 2, .temporary_host = true}};
static const struct rce_plan plan = {.workflow = 7, .clusters_count = 1, .clusters = clusters};

static const struct engine_spec linked = {.kind = ENGINE_LINKED, .name = "rce"};

enum { STEPS = 9, BAD = 6 };

/* What is done to the answer of step BAD before it is written. */
enum spoil { SPOIL_NOTHING, SPOIL_ACTION, SPOIL_ORDER, SPOIL_STATUS, SPOIL_COUNT };

static void spoil_answer(enum spoil spoil, enum rce_status *status, struct rce_actions *actions)
{
    assert_true(actions->count >= 1);
    switch (spoil) {
    case SPOIL_NOTHING: return;
    case SPOIL_ACTION: actions->items[0].task++; return;
    case SPOIL_ORDER:
        actions->items[actions->count++] = (struct rce_action){.kind = RCE_PERSIST};
        return;
    case SPOIL_STATUS: *status = RCE_FAILED; return;
    case SPOIL_COUNT: actions->count--; return;
    }
}

/* A workflow that starts, and then hears callbacks that are none of its business: each is answered
 * with a log. */
static FILE *write_history(struct arena *arena, enum spoil spoil)
{
    FILE *file = tmpfile();
    struct transcript_writer *writer = transcript_write(arena, file);
    struct rce_process process = {0};
    struct rce_options options;
    struct rce_actions actions;
    rce_options_init(&options);
    void *workflow = arena_take(arena, rce_engine.state_size_bytes(&plan));
    rce_engine.init(workflow, &process, &plan, &options);
    transcript_put_start(writer, &rce_engine, &options, "{}");
    transcript_put_begin(writer, 3, &plan);
    for (uint32_t i = 0; i < STEPS; i++) {
        struct rce_input input = {.kind = i == 0 ? RCE_INPUT_START : RCE_INPUT_CALLBACK,
                                  .now_ns = i,
                                  .task = 100 + i,
                                  .operation = RCE_BACKUP,
                                  .host = RCE_NO_HOST};
        enum rce_status status = rce_engine.step(workflow, &process, &input, &actions);
        if (i == BAD)
            spoil_answer(spoil, &status, &actions);
        assert_true(transcript_put_step(writer, 3, &input, status, &actions));
    }
    rewind(file);
    return file;
}

static struct history_result check(struct arena *arena, FILE *file)
{
    struct history_result result;
    struct error error = {0};
    if (!history_check(file, "test.jsonl", &linked, arena, &result, &error))
        fail_msg("%s", error.message);
    fclose(file);
    return result;
}

static void test_the_same(void **state)
{
    struct arena *arena = arena_create("test", 0);
    (void)state;
    struct history_result result = check(arena, write_history(arena, SPOIL_NOTHING));
    assert_false(result.differs);
    assert_int_equal(result.workflows, 1);
    assert_int_equal(result.compared, STEPS);
    arena_destroy(arena);
}

/* Lines: init, hello, begin, and two a step. */
static void test_what_differs(void **state)
{
    struct arena *arena = arena_create("test", 0);
    (void)state;
    for (enum spoil spoil = SPOIL_ACTION; spoil <= SPOIL_COUNT; spoil++) {
        struct history_result result = check(arena, write_history(arena, spoil));
        assert_true(result.differs);
        assert_string_equal(result.problem, "");
        assert_int_equal(result.compared, BAD + 1);
        assert_int_equal(result.line, 4 + 2 * BAD);
        assert_int_equal(result.answer_line, 5 + 2 * BAD);
        assert_int_equal(result.workflow, 7);
        assert_int_equal(result.id, 3);
        assert_int_equal(result.context_count, HISTORY_CONTEXT);
        for (uint32_t i = 0; i < HISTORY_CONTEXT; i++) {
            uint32_t number = BAD + 1 - HISTORY_CONTEXT + i;
            assert_int_equal(result.context[i].line, 4 + 2 * number);
            assert_int_equal(result.context[i].input.now_ns, number);
        }
        assert_string_not_equal(result.recorded, result.given);
        assert_non_null(strstr(result.given, "callback-ignored"));
    }
    arena_destroy(arena);
}

static void test_a_state_that_it_cannot_load(void **state)
{
    struct arena *arena = arena_create("test", 0);
    FILE *file = tmpfile();
    (void)state;
    struct transcript_writer *writer = transcript_write(arena, file);
    transcript_put_load(writer, 1, &plan, "nonsense", 8);
    rewind(file);
    struct history_result result = check(arena, file);
    assert_true(result.differs);
    assert_non_null(strstr(result.problem, "cannot load"));
    assert_int_equal(result.context_count, 0);
    assert_int_equal(result.line, 1);
    arena_destroy(arena);
}

/* Many engines in one history. */
static void test_many_starts(void **state)
{
    struct arena *arena = arena_create("test", 0);
    FILE *file = tmpfile();
    struct rce_options options;
    (void)state;
    rce_options_init(&options);
    struct transcript_writer *writer = transcript_write(arena, file);
    for (uint32_t i = 0; i < 50; i++) {
        transcript_put_start(writer, &rce_engine, &options, "{}");
        transcript_put_begin(writer, 1, &plan);
    }
    rewind(file);
    struct history_result result = check(arena, file);
    assert_int_equal(result.starts, 50);
    assert_int_equal(result.workflows, 1);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same),
        cmocka_unit_test(test_what_differs),
        cmocka_unit_test(test_a_state_that_it_cannot_load),
        cmocka_unit_test(test_many_starts),
    };
    return cmocka_run_group_tests_name("engines/history", tests, NULL, NULL);
}
