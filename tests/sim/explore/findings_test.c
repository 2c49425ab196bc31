#include "sim/explore/findings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/explore/draws_model.h"

/* A failing run with so many deviations, of draws 0, 1, ... with this value. */
struct planted {
    struct deviation deviations[8];
    struct found found;
};

static const struct found *plant(struct planted *planted, uint64_t signature, uint64_t run,
                                 uint32_t count, double tail_log10)
{
    for (uint32_t i = 0; i < count; i++)
        planted->deviations[i] = (struct deviation){{0, DRAWS_FLAG, i}, (int64_t)run};
    planted->found = (struct found){.signature = signature,
                                    .count = 1,
                                    .search = SEARCH_RANDOM,
                                    .first_run = run,
                                    .kept_search = SEARCH_RANDOM,
                                    .kept_run = run,
                                    .deviations = planted->deviations,
                                    .deviation_count = count,
                                    .tail_log10 = tail_log10};
    return &planted->found;
}

static void test_best_is_kept(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct findings *findings = findings_create(arena);
    struct planted planted;
    findings_add(findings, plant(&planted, 5, 10, 3, -1));
    findings_add(findings, plant(&planted, 5, 11, 2, -9)); /* fewer: better */
    findings_add(findings, plant(&planted, 5, 12, 2, -9)); /* as good: the earlier stays */
    assert_int_equal(findings->items[0].kept_run, 11);
    findings_add(findings, plant(&planted, 5, 13, 2, -4)); /* likelier: better */
    findings_add(findings, plant(&planted, 5, 14, 3, 0));  /* more: worse */
    assert_int_equal(findings->count, 1);
    const struct found *kept = &findings->items[0];
    assert_int_equal(kept->count, 5);
    assert_int_equal(kept->first_run, 10);
    assert_int_equal(kept->kept_run, 13);
    assert_int_equal(kept->deviation_count, 2);
    assert_int_equal(kept->deviations[1].value, 13);
    arena_destroy(arena);
}

/* Merging the parts of a sequence in order gives what the whole sequence gives. */
static void test_merge_is_the_whole(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct findings *whole = findings_create(arena), *parts = findings_create(arena);
    struct findings *part = NULL;
    for (uint64_t run = 0; run < 400; run++) {
        struct planted planted;
        struct draw_name name = {0, 0, (uint32_t)run};
        uint64_t bits = draw_bits(1, 0, name);
        const struct found *found =
            plant(&planted, 1 + bits % 300, run, bits >> 20 & 3, -(double)(bits >> 30 & 7));
        if (run % 50 == 0)
            part = findings_create(arena);
        findings_add(whole, found);
        findings_add(part, found);
        if (run % 50 == 49)
            findings_merge(parts, part);
    }
    assert_int_equal(whole->failed_count, 400);
    assert_int_equal(parts->failed_count, 400);
    assert_int_equal(whole->count, parts->count);
    assert_true(whole->count > 200 && whole->count <= FINDINGS_MAX);
    for (uint32_t i = 0; i < whole->count; i++) {
        const struct found *a = &whole->items[i], *b = &parts->items[i];
        assert_int_equal(a->signature, b->signature);
        assert_int_equal(a->count, b->count);
        assert_int_equal(a->first_run, b->first_run);
        assert_int_equal(a->kept_run, b->kept_run);
    }
    arena_destroy(arena);
}

static void test_full_table(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct findings *findings = findings_create(arena), *twice = findings_create(arena);
    struct planted planted;
    for (uint64_t i = 1; i <= FINDINGS_MAX + 3; i++)
        findings_add(findings, plant(&planted, i, i, 1, 0));
    assert_int_equal(findings->count, FINDINGS_MAX);
    assert_int_equal(findings->unlisted_count, 3);
    findings_add(findings, plant(&planted, 7, 1000, 0, 0)); /* One that is listed still counts. */
    assert_int_equal(findings->items[6].count, 2);
    assert_int_equal(findings->items[6].kept_run, 1000);
    findings_merge(twice, findings);
    findings_merge(twice, findings);
    assert_int_equal(twice->failed_count, 2 * (FINDINGS_MAX + 4));
    assert_int_equal(twice->unlisted_count, 6);
    arena_destroy(arena);
}

static void test_rank(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct findings *findings = findings_create(arena);
    struct planted planted;
    findings_add(findings, plant(&planted, 1, 1, 2, -1));
    findings_add(findings, plant(&planted, 2, 2, 1, -5));
    findings_add(findings, plant(&planted, 3, 3, 1, -2));
    findings_add(findings, plant(&planted, 4, 4, 1, -2));
    const uint32_t *ranks = findings_by_rank(findings, arena);
    const uint32_t expected[] = {2, 3, 1, 0};
    assert_memory_equal(ranks, expected, sizeof expected);
    arena_destroy(arena);
}

/* A schedule that the world no longer asks for, or that fails no more, is no finding. */
static void test_verify(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 1, .flags = 4, .broken_by = 3};
    struct probe_options options;
    draws_search(&world, &options);
    struct probe *probe = probe_create(&options);
    struct deviation deviations[] = {{{0, DRAWS_FLAG, 0}, 1}, {{0, DRAWS_FLAG, 1}, 1}};
    struct probe_result result;
    struct error error = {.message = ""};
    assert_true(probe_run(probe, deviations, 2, &result, &error));
    struct found found = {.signature = probe_signature(&result),
                          .count = 1,
                          .deviations = deviations,
                          .deviation_count = 2,
                          .history_hash = result.history_hash};
    struct findings *findings = findings_create(arena);
    findings_add(findings, &found);
    assert_true(findings_verify(findings, probe, &error));
    struct findings *unasked = findings_create(arena);
    struct deviation more[] = {deviations[0], deviations[1], {{0, DRAWS_FLAG, 9}, 1}};
    found.deviations = more;
    found.deviation_count = 3;
    findings_add(unasked, &found);
    assert_false(findings_verify(unasked, probe, &error));
    assert_non_null(strstr(error.message, "not asked for"));
    struct findings *passing = findings_create(arena);
    found.deviation_count = 1;
    findings_add(passing, &found);
    assert_false(findings_verify(passing, probe, &error));
    assert_int_equal(error.code, ERROR_INTERNAL);
    probe_destroy(probe);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best_is_kept), cmocka_unit_test(test_merge_is_the_whole),
        cmocka_unit_test(test_full_table),   cmocka_unit_test(test_rank),
        cmocka_unit_test(test_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
