/* Engines by name. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "models/engines/engines.h"

static void test_each_engine_is_found_by_its_name(void **state)
{
    (void)state;
    assert_true(engines_count() >= 1);
    for (size_t i = 0; i < engines_count(); i++) {
        const struct rce_engine *engine = engines_at(i);
        assert_non_null(engine);
        assert_string_equal(engine->name, engines_names()[i]);
        assert_ptr_equal(engines_find(engine->name), engine);
        assert_int_equal(engine->abi, RCE_ABI);
    }
    assert_ptr_equal(engines_find("rce"), &rce_engine);
}

static void test_unknown_engines_are_not_found(void **state)
{
    (void)state;
    assert_null(engines_find(""));
    assert_null(engines_find("rc"));
    assert_null(engines_find("rce2"));
    assert_null(engines_at(engines_count()));
}

static void test_opens_the_linked_engine(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct rce_options options;
    struct error error;
    const struct engine *engine;
    rce_options_init(&options);
    options.settle_ns = 7;
    struct engine_spec spec = {.kind = ENGINE_LINKED, .name = "rce"};
    assert_true(engine_open(&engine, arena, &spec, &options, &error));
    assert_ptr_equal(engine->table, &rce_engine);
    assert_string_equal(engine->label, "rce 1.0");
    assert_true(engine->digest == 0);
    assert_memory_equal(engine->settings, &options, sizeof options);
    assert_ptr_not_equal(engine->settings, &options);
    assert_true(engine_require(engine, RCE_CAN_SAVE | RCE_CAN_LOAD, "for this,", &error));
    spec.config = "{}";
    assert_true(engine_open(&engine, arena, &spec, &options, &error));
    spec.config = "{\"a\": 1}";
    assert_false(engine_open(&engine, arena, &spec, &options, &error));
    assert_string_equal(error.message, "the engine \"rce\" has no config of its own");
    spec.name = "rec";
    assert_false(engine_open(&engine, arena, &spec, &options, &error));
    assert_int_equal(error.code, ERROR_SCENARIO);
    assert_string_equal(error.message, "there is no engine \"rec\"; did you mean \"rce\"?");
    arena_destroy(arena);
}

static void test_capabilities(void **state)
{
    (void)state;
    struct error error;
    struct rce_engine table = rce_engine;
    struct engine engine = {.table = &table, .label = "x 1"};
    table.capabilities = RCE_CAN_DIGEST;
    assert_true(engine_require(&engine, RCE_CAN_DIGEST, "for this,", &error));
    assert_false(engine_require(&engine, RCE_CAN_LOAD, "for this,", &error));
    assert_non_null(strstr(error.message, "for this, the engine x 1 cannot load workflows"));
}

static void test_specifications(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct engine_spec spec;
    struct error error;
    assert_true(engine_spec_parse(&spec, arena, "rce", &error));
    assert_int_equal(spec.kind, ENGINE_LINKED);
    assert_true(engine_spec_parse(&spec, arena, "plugin:a b.so", &error));
    assert_int_equal(spec.kind, ENGINE_PLUGIN);
    assert_string_equal(spec.path, "a b.so");
    assert_true(
        engine_spec_parse(&spec, arena, "command:  py 'my engine'.py \"a'b\" '' x", &error));
    assert_int_equal(spec.kind, ENGINE_COMMAND);
    const char *words[] = {"py", "my engine.py", "a'b", "", "x"};
    assert_int_equal(spec.word_count, 5);
    for (int i = 0; i < 5; i++)
        assert_string_equal(spec.words[i], words[i]);
    assert_null(spec.words[5]);
    const char *bad[] = {
        "", "plugin:", "command:", "command: ", "command:'a", "command:''", "rcee"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(engine_spec_parse(&spec, arena, bad[i], &error));
        assert_int_equal(error.code, ERROR_USAGE);
    }
    const char *many = "command:";
    for (int i = 0; i <= ENGINE_WORDS_MAX; i++)
        many = arena_print(arena, "%sa ", many);
    assert_false(engine_spec_parse(&spec, arena, many, &error));
    arena_destroy(arena);
}

static void test_paths(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct engine_spec here = {.kind = ENGINE_PLUGIN}, there = {.directory = "up/../dir"};
    assert_string_equal(engine_path(arena, &here, "x.so"), "./x.so");
    assert_string_equal(engine_path(arena, &here, "a/x.so"), "a/x.so");
    assert_string_equal(engine_path(arena, &here, "/x.so"), "/x.so");
    assert_string_equal(engine_path(arena, &there, "x.so"), "up/../dir/x.so");
    assert_string_equal(engine_path(arena, &there, "/x.so"), "/x.so");
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_engine_is_found_by_its_name),
        cmocka_unit_test(test_unknown_engines_are_not_found),
        cmocka_unit_test(test_opens_the_linked_engine),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_specifications),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests_name("engines/engines", tests, NULL, NULL);
}
