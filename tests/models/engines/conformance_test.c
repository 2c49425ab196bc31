/* The conformance kit from inside: its books, its verdict on the linked engine, its determinism.
 * What it finds in bad engines is in tests/models/rcesim/check_engine_test.sh. */
#include "models/engines/conformance/conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "models/engines/conformance/books.h"

static const struct rce_cluster_plan one_host[] = {{.hosts_count = 1, .temporary_host = true}};
static const struct rce_plan small = {.workflow = 1, .clusters_count = 1, .clusters = one_host};

static struct rce_actions one(struct rce_action action)
{
    struct rce_actions actions = {.count = 1};
    actions.items[0] = action;
    return actions;
}

static struct rce_action send_to(enum rce_operation operation, uint64_t request)
{
    return (struct rce_action){.kind = RCE_SEND,
                               .operation = operation,
                               .host = RCE_NO_HOST,
                               .request = request,
                               .attempt = 1};
}

static void begin(struct books *books)
{
    books_open(books, &small);
    assert_true(books_allow(books, &(struct rce_input){.kind = RCE_INPUT_START}));
    assert_false(books_allow(books, &(struct rce_input){.kind = RCE_INPUT_RESPONSE, .request = 1}));
    books_note_input(books, &(struct rce_input){.kind = RCE_INPUT_START, .now_ns = 5});
}

/* A driver says nothing before START, no timer that is not set or not due, and time goes forward.
 */
static void test_what_a_driver_may_say(void **state)
{
    (void)state;
    static struct books books;
    begin(&books);
    struct rce_input timer = {.kind = RCE_INPUT_TIMER, .timer = 1, .now_ns = 9};
    assert_false(books_allow(&books, &timer));
    struct rce_actions actions =
        one((struct rce_action){.kind = RCE_SET_TIMER, .timer = 1, .at_ns = 9});
    assert_null(books_note_actions(&books, &actions, RCE_RUNNING));
    assert_true(books_allow(&books, &timer));
    timer.now_ns = 8;
    assert_false(books_allow(&books, &timer));
    assert_false(books_allow(&books, &(struct rce_input){.kind = RCE_INPUT_START, .now_ns = 9}));
    struct rce_input redriven = {.kind = RCE_INPUT_REDRIVEN, .now_ns = 9};
    assert_false(books_allow(&books, &redriven));
    actions = one((struct rce_action){.kind = RCE_FAIL});
    assert_null(books_note_actions(&books, &actions, RCE_FAILED));
    assert_true(books_allow(&books, &redriven));
    timer.now_ns = 9;
    assert_false(books_allow(&books, &timer));
    redriven.now_ns = 4;
    assert_false(books_allow(&books, &redriven));
}

static void test_requests_are_counted(void **state)
{
    (void)state;
    static struct books books;
    begin(&books);
    struct rce_actions actions = one(send_to(RCE_BACKUP, 1));
    assert_null(books_note_actions(&books, &actions, RCE_RUNNING));
    assert_non_null(books_note_actions(&books, &actions, RCE_RUNNING));
    actions.items[0].request = 2;
    assert_non_null(books_note_actions(&books, &actions, RCE_RUNNING));
    actions.items[0].attempt = 2;
    assert_null(books_note_actions(&books, &actions, RCE_RUNNING));
}

static uint32_t count_strays(const struct books *books, uint64_t task)
{
    struct rce_input strays[BOOKS_STRAYS_MAX];
    uint32_t found = 0, count = books_strays(books, strays);
    for (uint32_t i = 0; i < count; i++)
        found += strays[i].kind == RCE_INPUT_CALLBACK && strays[i].task == task &&
                 strays[i].operation == RCE_BACKUP;
    return found;
}

/* A second callback is a stray once the first was, and the answer before it, and not after a crash.
 */
static void test_a_stray_is_one_for_certain(void **state)
{
    (void)state;
    static struct books books;
    begin(&books);
    struct rce_actions actions = one(send_to(RCE_BACKUP, 1));
    books_note_actions(&books, &actions, RCE_RUNNING);
    assert_int_equal(count_strays(&books, 7), 0);
    struct rce_input answer = {.kind = RCE_INPUT_RESPONSE, .request = 1, .task = 7, .now_ns = 6};
    books_note_input(&books, &answer);
    assert_int_equal(count_strays(&books, 7), 0);
    struct rce_input callback = {.kind = RCE_INPUT_CALLBACK,
                                 .operation = RCE_BACKUP,
                                 .host = RCE_NO_HOST,
                                 .task = 7,
                                 .now_ns = 7};
    books_note_input(&books, &callback);
    assert_int_equal(count_strays(&books, 7), 1);
    books_note_input(&books, &(struct rce_input){.kind = RCE_INPUT_RESUMED, .now_ns = 8});
    assert_int_equal(count_strays(&books, 7), 0);
}

static void check(uint64_t seed, struct arena *arena, struct conformance_report *report)
{
    struct error error;
    struct rce_options options;
    rce_options_init(&options);
    const struct engine *engine;
    struct engine_spec spec = {.kind = ENGINE_LINKED, .name = "rce"};
    assert_true(engine_open(&engine, arena, &spec, &options, &error));
    struct conformance_subject subject = {engine, &options, "plain"};
    struct conformance_job job = {
        .subjects = &subject, .subjects_count = 1, .seed = seed, .inputs_max = 1500};
    for (int p = 0; p < CONFORMANCE_COUNT; p++)
        job.is_wanted[p] = p != CONFORMANCE_TIME;
    conformance_check(&job, arena, report);
}

static void test_the_linked_engine_holds(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct conformance_report first, second, other;
    check(3, arena, &first);
    check(3, arena, &second);
    check(4, arena, &other);
    for (int p = 0; p < CONFORMANCE_COUNT; p++) {
        assert_int_equal(first.results[p].verdict,
                         p == CONFORMANCE_TIME ? CONFORMANCE_UNCHECKED : CONFORMANCE_HOLDS);
        assert_int_equal(first.results[p].tries, second.results[p].tries);
    }
    assert_int_equal(first.walks, second.walks);
    assert_int_equal(first.inputs, second.inputs);
    assert_int_equal(first.done, second.done);
    assert_true(first.done > 0 && first.failed > 0);
    assert_true(other.inputs != first.inputs);
    arena_destroy(arena);
}

/* An engine that refuses whatever it is to load, and ends workflows only if there is one. */
static bool refuse(void *block, void *process, const struct rce_plan *plan, const void *settings,
                   const void *bytes, size_t size_bytes)
{
    (void)block, (void)process, (void)plan, (void)settings, (void)bytes, (void)size_bytes;
    return false;
}

static void end_sound(void *block, void *process)
{
    (void)process;
    assert_true(rce_engine.digest(block) != 0); /* follows pointers in the block */
}

/* A load that refuses is found, and the block that it has left is not touched any more. */
static void test_a_load_that_refuses(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct rce_options options;
    rce_options_init(&options);
    struct rce_engine table = rce_engine;
    table.load = refuse;
    table.workflow_end = end_sound;
    const struct engine engine = {.kind = ENGINE_LINKED, .table = &table, .settings = &options};
    struct conformance_subject subject = {&engine, &options, "refuses"};
    struct conformance_job job = {
        .subjects = &subject, .subjects_count = 1, .seed = 1, .inputs_max = 300};
    job.is_wanted[CONFORMANCE_SAVE] = job.is_wanted[CONFORMANCE_PERSIST] = true;
    struct conformance_report report;
    conformance_check(&job, arena, &report);
    assert_int_equal(report.results[CONFORMANCE_SAVE].verdict, CONFORMANCE_FAILS);
    assert_non_null(strstr(report.results[CONFORMANCE_SAVE].finding->text, "load refuses"));
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_driver_may_say),
        cmocka_unit_test(test_requests_are_counted),
        cmocka_unit_test(test_a_stray_is_one_for_certain),
        cmocka_unit_test(test_the_linked_engine_holds),
        cmocka_unit_test(test_a_load_that_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
