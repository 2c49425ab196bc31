/* Values whose shape no schema knows: as JSON, merged, overridden, printed and complained about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/scenario/scenario.h"

static const struct schema_field fields[] = {
    {.path = "question", .type = SCHEMA_TEXT, .required = true, .doc = "Why."},
    {.path = "parts.*.thing", .type = SCHEMA_TREE, .fallback = "rce", .doc = "Anything."},
    {.path = "parts.*.count", .type = SCHEMA_COUNT, .fallback = "1", .doc = "A number."},
};
static const struct schema schema = {"test", fields, sizeof fields / sizeof fields[0]};

static bool load(struct arena *arena, const char *text, const char *override,
                 struct scenario **scenario, struct error *error)
{
    struct scenario_source source = {.file_name = "dir/test.yaml",
                                     .text = text,
                                     .text_size_bytes = strlen(text),
                                     .overrides = &override,
                                     .override_count = override != NULL};
    return scenario_load(scenario, arena, &source, &schema, error);
}

static void check_json(const char *text, const char *override, const char *expected)
{
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario;
    struct error error;
    if (!load(arena, text, override, &scenario, &error))
        fail_msg("%s", error.message);
    assert_string_equal(scenario_tree(scenario, "parts.a.thing"), expected);
    /* What is printed is a scenario with the same tree and hash. */
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    scenario_print_resolved(scenario, out);
    fclose(out);
    struct scenario *again;
    if (!load(arena, printed, NULL, &again, &error))
        fail_msg("%s\n%s", error.message, printed);
    assert_string_equal(scenario_tree(again, "parts.a.thing"), expected);
    assert_true(scenario_hash(again) == scenario_hash(scenario));
    free(printed);
    arena_destroy(arena);
}

static void check_refused(const char *text, const char *override, const char *expected)
{
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario;
    struct error error;
    assert_false(load(arena, text, override, &scenario, &error));
    if (strstr(error.message, expected) == NULL)
        fail_msg("no \"%s\" in: %s", expected, error.message);
    arena_destroy(arena);
}

#define HEAD "question: Why?\nparts:\n  a: "

static void test_json(void **state)
{
    (void)state;
    check_json(HEAD "{}\n", NULL, "\"rce\"");
    check_json(HEAD "{thing: null}\n", NULL, "\"rce\"");
    check_json(HEAD "{thing: other one}\n", NULL, "\"other one\"");
    check_json(HEAD "{thing: {plugin: ./x.so}}\n", NULL, "{\"plugin\": \"./x.so\"}");
    check_json(
        HEAD "{thing: {z: 1, a: [true, \"true\", 007, -1.50e3, .5, 1e, \"2\", null]}}\n", NULL,
        "{\"a\": [true, \"true\", \"007\", -1.50e3, \".5\", \"1e\", \"2\", null], \"z\": 1}");
    check_json(HEAD "{thing: {a: null, b: {}, c: []}}\n", NULL, "{\"b\": {}, \"c\": []}");
    check_json(HEAD "{thing: {\"a \\\"b\": \"x\\ty\\\\\"}}\n", NULL,
               "{\"a \\\"b\": \"x\\u0009y\\\\\"}");
    check_json(HEAD "{thing: 5}\n", NULL, "5");
}

static void test_overrides(void **state)
{
    (void)state;
    const char *text = HEAD "{thing: {plugin: x, config: {a: 1, b: 2}}}\n  b: {}\n";
    check_json(text, "parts.a.thing=rce", "\"rce\"");
    check_json(text, "parts.a.thing={config: {b: 3}}",
               "{\"config\": {\"a\": 1, \"b\": 3}, \"plugin\": \"x\"}");
    check_json(text, "parts.a.thing.config.a=[7]",
               "{\"config\": {\"a\": [7], \"b\": 2}, \"plugin\": \"x\"}");
    check_json(text, "parts.*.thing={plugin: null, command: [c]}",
               "{\"command\": [\"c\"], \"config\": {\"a\": 1, \"b\": 2}}");
    check_json(text, "parts.*.count=3", "{\"config\": {\"a\": 1, \"b\": 2}, \"plugin\": \"x\"}");
    check_refused(text, "parts.*.cuont=3", "did you mean \"count\"");
    check_refused("question: Why?\n", "parts.*.count=3", "no names that * could stand for");
    check_refused(text, "parts.a.thing[0]=3", "\"parts.*.thing\" is a text or map");
    check_refused(HEAD "\n      thing:\n", NULL, "has no value");
}

static void test_star_reaches_all(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario;
    struct error error;
    assert_true(load(arena, "question: Why?\nparts: {a: {}, b: {thing: x}, c: null}\n",
                     "parts.*.thing={plugin: y}", &scenario, &error));
    assert_string_equal(scenario_tree(scenario, "parts.a.thing"), "{\"plugin\": \"y\"}");
    assert_string_equal(scenario_tree(scenario, "parts.b.thing"), "{\"plugin\": \"y\"}");
    assert_false(scenario_has(scenario, "parts.c.thing"));
    assert_string_equal(scenario_directory(scenario, "parts.a.thing"), "dir");
    arena_destroy(arena);
}

/* The hash does not depend on the order of keys, and a plain text has the one it had as a text. */
static void test_hash(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    const char *texts[] = {HEAD "{thing: {x: 1, y: 2}}\n", HEAD "{thing: {y: 2, x: 1}}\n",
                           HEAD "{thing: {y: 2, x: 3}}\n"};
    uint64_t hashes[3];
    for (int i = 0; i < 3; i++) {
        struct scenario *scenario;
        struct error error;
        assert_true(load(arena, texts[i], NULL, &scenario, &error));
        hashes[i] = scenario_hash(scenario);
    }
    assert_true(hashes[0] == hashes[1]);
    assert_true(hashes[0] != hashes[2]);
    arena_destroy(arena);
}

static void test_complaints(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario;
    struct error error;
    assert_true(load(arena, HEAD "{thing: {plugin: x, config: {}}}\n", NULL, &scenario, &error));
    assert_false(
        scenario_complain_in(scenario, "parts.a.thing", "config", &error, "no %s", "good"));
    assert_string_equal(error.message, "dir/test.yaml:3:26: parts.a.thing.config: no good\n"
                                       "    3 |   a: {thing: {plugin: x, config: {}}}\n"
                                       "      |                          ^");
    assert_false(scenario_complain_in(scenario, "parts.a.thing", "nothing", &error, "why"));
    assert_non_null(strstr(error.message, "dir/test.yaml:3:14: parts.a.thing: why"));
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_star_reaches_all),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_complaints),
    };
    return cmocka_run_group_tests_name("scenario/tree", tests, NULL, NULL);
}
