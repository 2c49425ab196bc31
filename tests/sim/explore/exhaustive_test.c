#include "sim/explore/exhaustive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/explore/draws_model.h"

struct searched {
    struct exhaustive_result result;
    struct findings *findings;
};

static const struct dist *parse(struct arena *arena, const char *text)
{
    const struct dist *dist = draws_delay(arena, text);
    assert_non_null(dist);
    return dist;
}

static struct exhaustive_options options_of(uint32_t bound)
{
    return (struct exhaustive_options){.bound = bound, .grid = grid_default()};
}

static struct searched search_with(struct arena *arena, const struct search_options *options,
                                   const struct exhaustive_options *exhaustive)
{
    struct searched searched = {.findings = findings_create(arena)};
    struct error error = {.message = ""};
    if (!exhaustive_search(options, exhaustive, searched.findings, &searched.result, &error))
        fail_msg("%s", error.message);
    return searched;
}

static struct searched search(struct arena *arena, const struct draws_world *world,
                              const struct exhaustive_options *exhaustive)
{
    struct probe_options probe;
    struct search_options options = draws_search(world, &probe);
    return search_with(arena, &options, exhaustive);
}

static uint64_t choose(uint64_t n, uint64_t k)
{
    uint64_t result = 1;
    for (uint64_t i = 1; i <= k; i++)
        result = result * (n - k + i) / i;
    return result;
}

static uint64_t power(uint64_t base, uint32_t exponent)
{
    return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

/* Where the draws are fixed: C(n, k) g^k with exactly k deviations. */
static void test_closed_form(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world flags = {.units = 1, .flags = 10};
    struct draws_world delays = {.units = 1, .delays = 6, .delay = parse(arena, "uniform(1s, 2s)")};
    struct exhaustive_options options = options_of(4);
    struct searched one = search(arena, &flags, &options);
    struct searched three = search(arena, &delays, &options);
    for (uint32_t k = 0; k <= 4; k++) {
        assert_int_equal(one.result.depths[k].schedule_count, choose(10, k));
        assert_int_equal(one.result.depths[k].run_count, choose(10, k));
        assert_int_equal(three.result.depths[k].schedule_count, choose(6, k) * power(3, k));
    }
    assert_true(exhaustive_is_complete(&one.result));
    assert_int_equal(one.result.draw_count, 10);
    assert_int_equal(three.result.value_count, 18);
    assert_int_equal(exhaustive_schedule_count(&one.result), 1 + 10 + 45 + 120 + 210);
    assert_int_equal(one.findings->count, 0);
    arena_destroy(arena);
}

/* Draws that appear only after a deviation, counted by a second implementation: try every set of
 * deviations of all draws that there can be; those whose deviations are all asked for are the
 * schedules. */
struct brute {
    struct probe *probe;
    struct deviation all[DRAWS_MAX];
    uint32_t all_count;
    struct deviation chosen[4];
    uint64_t counts[5], failed[5];
};

static void try_sets(struct brute *brute, uint32_t from, uint32_t count, uint32_t left)
{
    struct probe_result result;
    assert_true(probe_run(brute->probe, brute->chosen, count, &result, NULL));
    if (result.unused_count == 0) {
        brute->counts[count]++;
        brute->failed[count] += probe_signature(&result) != 0;
    }
    if (left == 0)
        return;
    for (uint32_t i = from; i < brute->all_count; i++) {
        bool is_taken = count > 0 && memcmp(&brute->chosen[count - 1].name, &brute->all[i].name,
                                            sizeof(struct draw_name)) == 0;
        if (is_taken)
            continue; /* Another value of the same draw. */
        brute->chosen[count] = brute->all[i];
        try_sets(brute, i + 1, count + 1, left - 1);
    }
}

static void test_second_implementation(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 1,
                                .flags = 5,
                                .delays = 1,
                                .delay = parse(arena, "uniform(1s, 2s)"),
                                .has_more = true,
                                .asks_twice = true,
                                .broken_by = 1u << 1 | 1u << 3,
                                .late_ns = INT64_C(4900) * 1000000};
    struct probe_options options;
    draws_search(&world, &options);
    struct brute brute = {.probe = probe_create(&options)};
    struct grid grid = grid_default();
    for (uint32_t i = 0; i < 11; i++) {
        struct oracle_asked asked = {.name = {0,
                                              i < 5    ? DRAWS_FLAG
                                              : i < 10 ? DRAWS_MORE
                                                       : DRAWS_DELAY,
                                              i < 10 ? i % 5 : 0},
                                     .kind = i < 5 ? ORACLE_HAPPENS : ORACLE_DELAY,
                                     .dist = world.delay,
                                     .probability = 0.01};
        int64_t values[GRID_VALUES_MAX];
        uint32_t count = grid_values(&grid, &asked, values);
        for (uint32_t v = 0; v < count; v++)
            brute.all[brute.all_count++] = (struct deviation){asked.name, values[v]};
    }
    try_sets(&brute, 0, 0, 4);
    struct exhaustive_options exhaustive = options_of(4);
    exhaustive.is_below_failing = true;
    struct searched searched = search(arena, &world, &exhaustive);
    uint64_t failed = 0;
    for (uint32_t k = 0; k <= 4; k++) {
        assert_int_equal(searched.result.depths[k].schedule_count, brute.counts[k]);
        assert_int_equal(searched.result.depths[k].failed_count, brute.failed[k]);
        failed += brute.failed[k];
    }
    assert_true(failed > 20);
    assert_int_equal(searched.findings->failed_count, failed);
    probe_destroy(brute.probe);
    arena_destroy(arena);
}

static void assert_same_findings(const struct findings *a, const struct findings *b)
{
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        assert_int_equal(a->items[i].signature, b->items[i].signature);
        assert_int_equal(a->items[i].deviation_count, b->items[i].deviation_count);
        assert_memory_equal(a->items[i].deviations, b->items[i].deviations,
                            a->items[i].deviation_count * sizeof(struct deviation));
        assert_int_equal(a->items[i].history_hash, b->items[i].history_hash);
    }
}

/* With and without a reduction the same schedules are covered and the same is found; and it runs
 * less. `saved` receives how many runs. */
static void compare_reduction(const struct draws_world *world, uint32_t bound,
                              bool without_effectless, bool without_independent, uint64_t *saved)
{
    struct arena *arena = arena_create("test", 0);
    struct exhaustive_options with = options_of(bound), without = options_of(bound);
    without.without_effectless = without_effectless;
    without.without_independent = without_independent;
    struct searched reduced = search(arena, world, &with);
    struct searched plain = search(arena, world, &without);
    for (uint32_t k = 0; k <= bound; k++) {
        const struct exhaustive_depth *depth = &reduced.result.depths[k];
        assert_true(depth->is_complete);
        assert_int_equal(depth->schedule_count, plain.result.depths[k].schedule_count);
        assert_int_equal(depth->schedule_count,
                         depth->run_count + depth->effectless_count + depth->independent_count);
    }
    assert_same_findings(reduced.findings, plain.findings);
    assert_true(reduced.result.runs_total < plain.result.runs_total);
    *saved = plain.result.runs_total - reduced.result.runs_total;
    arena_destroy(arena);
}

static void test_effectless(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 1,
                                .flags = 4,
                                .mutes = 3,
                                .delays = 1,
                                .delay = parse(arena, "uniform(1s, 2s)"),
                                .has_more = true};
    uint64_t saved;
    compare_reduction(&world, 4, true, false, &saved);
    assert_true(saved > 1000);
    /* Sets of mute draws alone: everything is decided by the typical run, once each draw was run.
     */
    struct draws_world mute = {.units = 1, .mutes = 8};
    struct exhaustive_options options = options_of(3);
    struct searched searched = search(arena, &mute, &options);
    assert_int_equal(searched.result.depths[3].schedule_count, choose(8, 3) * 27);
    assert_int_equal(searched.result.depths[3].run_count, 0);
    arena_destroy(arena);
}

/* A fault that nobody has met yet changes nothing that could be seen, until another one comes. */
static void test_silent_faults(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {
        .units = 1, .flags = 4, .mutes = 2, .is_silent = true, .broken_by = 1u << 1 | 1u << 3};
    struct exhaustive_options options = options_of(2);
    struct searched searched = search(arena, &world, &options);
    assert_int_equal(searched.result.depths[2].failed_count, 1);
    assert_int_equal(searched.findings->items[0].deviation_count, 2);
    assert_true(searched.result.depths[2].effectless_count > 0);
    arena_destroy(arena);
}

static void test_independent(void **state)
{
    (void)state;
    struct draws_world world = {.units = 3, .flags = 5, .mutes = 1};
    uint64_t saved;
    compare_reduction(&world, 3, false, true, &saved);
    struct arena *arena = arena_create("test", 0);
    struct exhaustive_options options = options_of(3);
    world.mutes = 0;
    struct searched searched = search(arena, &world, &options);
    assert_int_equal(searched.result.group_count, 3);
    assert_int_equal(searched.result.depths[3].schedule_count, choose(15, 3));
    assert_int_equal(searched.result.depths[3].run_count, 3 * choose(5, 3));
    assert_int_equal(searched.result.depths[2].independent_count, choose(15, 2) - 3 * choose(5, 2));
    arena_destroy(arena);
}

/* What fails in one group is found there; with a failing part nothing mixed is covered. */
static void test_independent_failing(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 2, .flags = 4, .broken_by = 1u << 1 | 1u << 2};
    struct exhaustive_options options = options_of(3);
    struct searched searched = search(arena, &world, &options);
    assert_int_equal(searched.findings->count, 1);
    assert_int_equal(searched.findings->items[0].deviation_count, 2);
    assert_int_equal(searched.result.depths[2].failed_count, 2);
    /* Three deviations, two of them in one unit and these not the failing two: 2 x 5 x 4. */
    assert_int_equal(searched.result.depths[3].independent_count, 40);
    arena_destroy(arena);
}

static void test_groups_that_join(void **state)
{
    (void)state;
    struct draws_world world = {.units = 2, .flags = 4, .shares = true};
    struct arena *arena = arena_create("test", 0);
    struct exhaustive_options with = options_of(3), without = options_of(3);
    without.without_independent = true;
    struct searched reduced = search(arena, &world, &with);
    struct searched plain = search(arena, &world, &without);
    assert_true(reduced.result.has_given_up_groups);
    assert_false(plain.result.has_given_up_groups);
    assert_int_equal(reduced.result.group_count, 1);
    for (uint32_t k = 0; k <= 3; k++) {
        assert_int_equal(reduced.result.depths[k].schedule_count,
                         plain.result.depths[k].schedule_count);
        assert_int_equal(reduced.result.depths[k].independent_count, 0);
    }
    arena_destroy(arena);
}

/* The first finding has the fewest deviations, and the likeliest schedule of that size is kept. */
static void test_fewest_and_likeliest(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    /* Late by one delay at 99.9 % or 99 %: the likelier is at 99 %; broken by two flags. */
    struct draws_world world = {.units = 1,
                                .flags = 3,
                                .delays = 2,
                                .delay = parse(arena, "uniform(0s, 10s)"),
                                .broken_by = 1u << 0 | 1u << 2,
                                .late_ns = INT64_C(14500) * 1000000};
    struct exhaustive_options options = options_of(3);
    struct searched searched = search(arena, &world, &options);
    assert_int_equal(searched.findings->count, 2);
    const struct found *late = &searched.findings->items[0];
    assert_int_equal(late->finding.kind, DRAWS_LATE);
    assert_int_equal(late->deviation_count, 1);
    assert_true(late->deviations[0].value == INT64_C(9900) * 1000000);
    assert_true(late->tail_log10 > -2.001 && late->tail_log10 < -1.999);
    assert_int_equal(late->kept_search, SEARCH_EXHAUSTIVE);
    /* The typical run is number 0; then three flags; then the first delay at 1 %, and at 99 %. */
    assert_int_equal(late->kept_run, 5);
    const struct found *broken = &searched.findings->items[1];
    assert_int_equal(broken->finding.kind, DRAWS_BROKEN);
    assert_int_equal(broken->deviation_count, 2);
    /* After these and three more: below flag 0 both delays, from the last on, and then flag 2. */
    assert_int_equal(broken->kept_run, 10 + 6);
    assert_int_equal(broken->deviations[0].name.occurrence, 0);
    assert_int_equal(broken->deviations[1].name.occurrence, 2);
    arena_destroy(arena);
}

static void test_typical_failure(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {
        .units = 1, .delays = 2, .delay = parse(arena, "uniform(0s, 10s)"), .late_ns = 1};
    struct exhaustive_options options = options_of(2);
    struct searched searched = search(arena, &world, &options);
    assert_int_equal(searched.findings->count, 1);
    assert_int_equal(searched.findings->items[0].deviation_count, 0);
    assert_int_equal(searched.result.depths[0].failed_count, 1);
    assert_int_equal(searched.result.depths[1].run_count, 0);
    arena_destroy(arena);
}

static void assert_same_counts(const struct exhaustive_result *a, const struct exhaustive_result *b)
{
    assert_int_equal(a->runs_total, b->runs_total);
    assert_int_equal(a->end, b->end);
    for (uint32_t k = 0; k <= a->bound; k++) {
        assert_int_equal(a->depths[k].schedule_count, b->depths[k].schedule_count);
        assert_int_equal(a->depths[k].run_count, b->depths[k].run_count);
        assert_int_equal(a->depths[k].failed_count, b->depths[k].failed_count);
        assert_int_equal(a->depths[k].skipped_count, b->depths[k].skipped_count);
        assert_int_equal(a->depths[k].parts_done_count, b->depths[k].parts_done_count);
    }
}

/* The budget ends it after a known part of the work, for any number of threads. */
static void test_budget_and_threads(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 1,
                                .flags = 12,
                                .delays = 3,
                                .delay = parse(arena, "uniform(0s, 10s)"),
                                .broken_by = 7u << 2,
                                .late_ns = INT64_C(24000) * 1000000};
    struct probe_options probe;
    struct search_options options = draws_search(&world, &probe);
    struct exhaustive_options exhaustive = options_of(4);
    struct exhaustive_options short_of = options_of(4);
    short_of.run_max = 700;
    struct searched whole = search_with(arena, &options, &exhaustive);
    struct searched part = search_with(arena, &options, &short_of);
    options.threads = 4;
    struct searched whole_of_4 = search_with(arena, &options, &exhaustive);
    struct searched part_of_4 = search_with(arena, &options, &short_of);
    assert_same_counts(&whole.result, &whole_of_4.result);
    assert_same_counts(&part.result, &part_of_4.result);
    assert_same_findings(whole.findings, whole_of_4.findings);
    assert_same_findings(part.findings, part_of_4.findings);
    assert_true(exhaustive_is_complete(&whole.result));
    assert_false(exhaustive_is_complete(&part.result));
    assert_int_equal(part.result.end, SEARCH_OUT_OF_RUNS);
    assert_true(part.result.depths[2].is_complete);
    assert_false(part.result.depths[3].is_complete);
    assert_true(part.result.depths[3].parts_done_count < part.result.depths[3].part_count);
    assert_int_equal(part.result.runs_total, 700);
    arena_destroy(arena);
}

/* Within one subtree too, and one that is spent where a depth ends leaves that depth complete. */
static void test_budget_to_the_run(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 1, .flags = 12, .broken_by = 7u << 2};
    struct probe_options probe;
    struct search_options options = draws_search(&world, &probe);
    struct exhaustive_options exhaustive = options_of(3);
    struct searched whole = search_with(arena, &options, &exhaustive);
    /* The typical world; 12; 12 once more, and all pairs of them. */
    const uint64_t end_of_two = 1 + 12 + 12 + choose(12, 2);
    for (options.threads = 1; options.threads <= 3; options.threads++)
        for (exhaustive.run_max = 1; exhaustive.run_max <= whole.result.runs_total;
             exhaustive.run_max += options.threads == 1 ? 1 : 13) {
            struct searched part = search_with(arena, &options, &exhaustive);
            assert_int_equal(part.result.runs_total, exhaustive.run_max);
            assert_int_equal(part.result.depths[2].is_complete, exhaustive.run_max >= end_of_two);
            assert_int_equal(part.result.depths[3].is_begun, exhaustive.run_max > end_of_two);
            bool is_whole = exhaustive.run_max == whole.result.runs_total;
            assert_int_equal(exhaustive_is_complete(&part.result), is_whole);
            assert_int_equal(part.result.end, is_whole ? SEARCH_DONE : SEARCH_OUT_OF_RUNS);
        }
    arena_destroy(arena);
}

static void test_excluded(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {
        .units = 1, .flags = 5, .delays = 4, .delay = parse(arena, "uniform(0s, 10s)")};
    struct probe_options probe;
    struct search_options options = draws_search(&world, &probe);
    options.excluded_purposes[options.excluded_count++] = DRAWS_DELAY;
    struct exhaustive_options exhaustive = options_of(2);
    struct searched searched = search_with(arena, &options, &exhaustive);
    assert_int_equal(searched.result.excluded_count, 4);
    assert_int_equal(searched.result.purpose_count, 1);
    assert_int_equal(searched.result.purposes[0].purpose, DRAWS_FLAG);
    assert_int_equal(searched.result.depths[2].schedule_count, choose(5, 2));
    arena_destroy(arena);
}

static void test_out_of_time(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 1, .flags = 8};
    struct probe_options probe;
    struct search_options options = draws_search(&world, &probe);
    options.stop_at_ns = 1;
    struct exhaustive_options exhaustive = options_of(2);
    struct searched searched = search_with(arena, &options, &exhaustive);
    assert_int_equal(searched.result.end, SEARCH_OUT_OF_TIME);
    assert_int_equal(searched.result.depths[1].schedule_count, 0);
    assert_false(exhaustive_is_complete(&searched.result));
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_form),       cmocka_unit_test(test_second_implementation),
        cmocka_unit_test(test_effectless),        cmocka_unit_test(test_silent_faults),
        cmocka_unit_test(test_independent),       cmocka_unit_test(test_independent_failing),
        cmocka_unit_test(test_groups_that_join),  cmocka_unit_test(test_fewest_and_likeliest),
        cmocka_unit_test(test_typical_failure),   cmocka_unit_test(test_budget_and_threads),
        cmocka_unit_test(test_budget_to_the_run), cmocka_unit_test(test_excluded),
        cmocka_unit_test(test_out_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
