#include "sim/explore/certificate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/explore/draws_model.h"

struct looked {
    struct exhaustive_options exhaustive_options;
    struct exhaustive_result exhaustive;
    struct random_result random;
    struct certificate certificate;
};

static void look(struct looked *looked, struct arena *arena, const struct draws_world *world,
                 uint64_t run_max)
{
    struct probe_options probe;
    struct search_options options = draws_search(world, &probe);
    struct findings *findings = findings_create(arena);
    looked->exhaustive_options =
        (struct exhaustive_options){.bound = 3, .grid = grid_default(), .run_max = run_max};
    assert_true(exhaustive_search(&options, &looked->exhaustive_options, findings,
                                  &looked->exhaustive, NULL));
    assert_true(random_search(&options, &(struct random_options){.run_count = 2000}, findings,
                              &looked->random, NULL));
    looked->certificate = (struct certificate){.scope = "one toy",
                                               .counted = "broken invariants",
                                               .model = &draws_model,
                                               .is_typical_run = true,
                                               .exhaustive_options = &looked->exhaustive_options,
                                               .exhaustive = &looked->exhaustive,
                                               .random = &looked->random,
                                               .findings = findings};
}

static void assert_narrow(const char *text)
{
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        if (length > 80)
            fail_msg("wider than 80 columns: %.*s", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

static void assert_says(const char *text, const char *what)
{
    if (strstr(text, what) == NULL)
        fail_msg("\"%s\" is not in:\n%s", what, text);
}

/* 30 flags, 3 deviations: 1 + 30 + 435 + 4060 schedules. No failure in 2,000 runs: the upper limit
 * is 1 - 0.05^(1/2000) = 0.1497 %. */
static void test_clean(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 1, .flags = 30};
    struct looked looked;
    look(&looked, arena, &world, 0);
    assert_true(certificate_is_clean(&looked.certificate));
    assert_true(fabs(certificate_limit(0, 2000) - 0.0014967) < 1e-6);
    assert_true(certificate_limit(0, 0) == 1);
    const char *sentence = certificate_sentence(&looked.certificate, arena);
    assert_string_equal(sentence,
                        "all 4,526 schedules of one toy with at most 3 deviations pass; 2,000 "
                        "random schedules pass: upper limit 0.15 % of the search's own "
                        "distribution.");
    const char *text = certificate_print(&looked.certificate, arena);
    assert_narrow(text);
    assert_says(text, "4,060");
    assert_says(text, "unnamed (30: 30)");
    assert_says(text, "1%, 99%, 99.9%");
    assert_says(text, "not the rate in the model");
    assert_null(strstr(text, "Stopped"));
    arena_destroy(arena);
}

/* It never claims more than was covered. */
static void test_incomplete(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 1, .flags = 30};
    struct looked looked;
    look(&looked, arena, &world, 1000);
    assert_true(certificate_is_clean(&looked.certificate));
    const char *sentence = certificate_sentence(&looked.certificate, arena);
    assert_says(sentence, "all 466 schedules of one toy with at most 2 deviations pass, and ");
    const char *text = certificate_print(&looked.certificate, arena);
    assert_narrow(text);
    assert_says(text, "Stopped: the budget of runs was spent.");
    assert_says(text, "choices of the first one");
    arena_destroy(arena);
}

/* One is not several. */
static void test_one(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct exhaustive_options options = {.bound = 0};
    struct exhaustive_result result = {.depths = {{.schedule_count = 1, .is_complete = true}}};
    struct certificate certificate = {.scope = "one toy",
                                      .exhaustive_options = &options,
                                      .exhaustive = &result,
                                      .is_typical_run = true};
    assert_string_equal(certificate_sentence(&certificate, arena),
                        "the one schedule of one toy with at most 0 deviations passes.");
    result.depths[0].schedule_count = 7;
    result.depths[0].failed_count = 1;
    assert_string_equal(certificate_sentence(&certificate, arena),
                        "all 7 schedules of one toy with at most 0 deviations decided, 1 of those "
                        "run fails.");
    arena_destroy(arena);
}

static void test_failing(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 2, .flags = 10, .mutes = 1, .broken_by = 3};
    struct looked looked;
    look(&looked, arena, &world, 0);
    assert_false(certificate_is_clean(&looked.certificate));
    const char *sentence = certificate_sentence(&looked.certificate, arena);
    assert_says(sentence, "fail");
    assert_null(strstr(sentence, "pass"));
    const char *text = certificate_print(&looked.certificate, arena);
    assert_narrow(text);
    assert_says(text, "no effect");
    assert_says(text, "Not run: their deviations lie in several of the 2 ");
    assert_says(text, "left out");
    struct certificate typical = {
        .scope = "one toy", .counted = "all", .model = &draws_model, .is_typical_run = true};
    assert_string_equal(certificate_sentence(&typical, arena),
                        "the typical world of one toy passes.");
    typical.is_typical_failing = true;
    assert_false(certificate_is_clean(&typical));
    assert_says(certificate_print(&typical, arena), "the typical world fails");
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_incomplete),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
