#include "sim/explore/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/explore/draws_model.h"

static struct random_result search(const struct search_options *options,
                                   const struct random_options *random, struct findings *findings)
{
    struct random_result result;
    struct error error = {.message = ""};
    if (!random_search(options, random, findings, &result, &error))
        fail_msg("%s", error.message);
    return result;
}

/* The mean of a rate that is log-uniform. */
static double mean_rate(double low, double high)
{
    return (high - low) / log(high / low);
}

/* Is a share of failures within 5 sigma (6e-7) of its probability? */
static void assert_share(uint64_t failed, uint64_t count, double probability)
{
    double sigma = sqrt(probability * (1 - probability) * (double)count);
    double off = fabs((double)failed - probability * (double)count);
    if (off > 5 * sigma)
        fail_msg("%g of %g failed, %.1f sigma from %g", (double)failed, (double)count, off / sigma,
                 probability);
}

/* One flag of 20 fails: as often as one draw deviates, which is the mean of the rate. */
static void test_rate(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 1, .flags = 20, .broken_by = 1u << 11};
    struct probe_options probe;
    struct search_options options = draws_search(&world, &probe);
    struct findings *findings = findings_create(arena);
    struct random_result result =
        search(&options, &(struct random_options){.run_count = 60000}, findings);
    assert_int_equal(result.run_count, 60000);
    assert_true(fabs(result.rate_min - 0.05) < 1e-12 && result.rate_max == 0.5);
    assert_share(result.failed_count, 60000, mean_rate(0.05, 0.5));
    assert_int_equal(findings->count, 1);
    assert_int_equal(findings->items[0].count, result.failed_count);
    assert_int_equal(findings->items[0].deviation_count, 1);
    assert_int_equal(findings->items[0].deviations[0].name.occurrence, 11);
    arena_destroy(arena);
}

/* Values: above the 99 % quantile in the share that the heavy tail gives, or 1 % by the model. */
static void test_values(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = {.units = 1,
                                .delays = 1,
                                .delay = draws_delay(arena, "uniform(0s, 100s)"),
                                .late_ns = INT64_C(99) * 1000000000};
    struct probe_options probe;
    struct search_options options = draws_search(&world, &probe);
    struct random_options random = {.run_count = 60000, .rate_max = 0.25};
    /* With one draw the lower end of the rate is the upper end. */
    struct random_result heavy = search(&options, &random, findings_create(arena));
    double beyond = 1 - log(0.02) / log(2e-5);
    assert_share(heavy.failed_count, 60000, 0.25 * 0.75 * beyond);
    random.is_by_model = true;
    struct random_result plain = search(&options, &random, findings_create(arena));
    assert_share(plain.failed_count, 60000, 0.25 * 0.01);
    arena_destroy(arena);
}

static void assert_same(const struct findings *a, const struct findings *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->failed_count, b->failed_count);
    for (uint32_t i = 0; i < a->count; i++) {
        assert_int_equal(a->items[i].signature, b->items[i].signature);
        assert_int_equal(a->items[i].count, b->items[i].count);
        assert_int_equal(a->items[i].first_run, b->items[i].first_run);
        assert_int_equal(a->items[i].kept_run, b->items[i].kept_run);
        assert_int_equal(a->items[i].deviation_count, b->items[i].deviation_count);
        assert_memory_equal(a->items[i].deviations, b->items[i].deviations,
                            a->items[i].deviation_count * sizeof(struct deviation));
    }
}

static struct draws_world crowd(struct arena *arena)
{
    return (struct draws_world){.units = 3,
                                .flags = 12,
                                .delays = 4,
                                .mutes = 2,
                                .has_more = true,
                                .asks_twice = true,
                                .delay = draws_delay(arena, "lognormal(median=1s, sigma=1)"),
                                .broken_by = 3u << 4,
                                .late_ns = INT64_C(60) * 1000000000};
}

/* Any number of threads, any cut into searches: the same. Every finding replays strictly. */
static void test_threads_and_replay(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = crowd(arena);
    struct probe_options probe;
    struct search_options options = draws_search(&world, &probe);
    struct random_options random = {.run_count = 5000};
    struct findings *one = findings_create(arena), *four = findings_create(arena);
    search(&options, &random, one);
    options.threads = 4;
    search(&options, &random, four);
    assert_same(one, four);
    assert_int_equal(one->count, 2);
    struct probe *replayer = probe_create(&probe);
    struct error error = {.message = ""};
    if (!findings_verify(one, replayer, &error))
        fail_msg("%s", error.message);
    /* Another seed is another search. */
    options.seed++;
    struct findings *other = findings_create(arena);
    search(&options, &random, other);
    assert_true(other->failed_count != one->failed_count);
    probe_destroy(replayer);
    arena_destroy(arena);
}

static void test_excluded(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct draws_world world = crowd(arena);
    struct probe_options probe;
    struct search_options options = draws_search(&world, &probe);
    options.excluded_purposes[options.excluded_count++] = DRAWS_FLAG;
    struct findings *findings = findings_create(arena);
    struct random_result result =
        search(&options, &(struct random_options){.run_count = 5000}, findings);
    assert_int_equal(findings->count, 1);
    assert_int_equal(findings->items[0].finding.kind, DRAWS_LATE);
    assert_true(fabs(result.rate_min - 1.0 / 18) < 1e-12); /* 3 units of 4 delays and 2 mutes */
    arena_destroy(arena);
}

/* A world that is not a function of its answers is found out wherever one looks at it. */
static void test_nondeterminism(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    atomic_uint runs = 0;
    struct draws_world world = {.units = 1, .flags = 4, .broken_by = 1, .runs = &runs};
    struct probe_options probe;
    struct search_options options = draws_search(&world, &probe);
    struct findings *findings = findings_create(arena);
    struct random_result result = {.run_count = 77};
    struct error error = {.message = ""};
    assert_false(random_search(&options, &(struct random_options){.run_count = 1000}, findings,
                               &result, &error));
    assert_int_equal(error.code, ERROR_INTERNAL);
    assert_non_null(strstr(error.message, "not a function of its inputs"));
    assert_int_equal(result.run_count, 77);
    assert_false(search_typical(&options, findings, NULL, &error));
    assert_int_equal(error.code, ERROR_INTERNAL);
    struct probe *replayer = probe_create(&probe);
    struct deviation broken = {{0, DRAWS_FLAG, 0}, 1};
    struct probe_result at_first;
    assert_true(probe_run(replayer, &broken, 1, &at_first, &error));
    findings_add(findings, &(struct found){.signature = probe_signature(&at_first),
                                           .count = 1,
                                           .deviations = &broken,
                                           .deviation_count = 1,
                                           .history_hash = at_first.history_hash});
    assert_false(findings_verify(findings, replayer, &error));
    assert_non_null(strstr(error.message, "not a function of its inputs"));
    probe_destroy(replayer);
    arena_destroy(arena);
}

/* A model that is long about run 700, in which somebody interrupts. */
struct long_world {
    struct draws_world world; /* First: the parameters of the model that does the work. */
    volatile sig_atomic_t *interrupted;
    uint32_t *run_count;
};

static bool run_long(const struct model_run *run, struct record *record, struct error *error)
{
    const struct long_world *world = run->parameters;
    if (++*world->run_count == 700)
        __atomic_store_n(world->interrupted, 1, __ATOMIC_RELAXED); /* Another thread looks at it. */
    while (*world->run_count == 700)
        if (model_is_interrupted(run, 0))
            return error_set(error, ERROR_INTERRUPTED, "interrupted");
    return draws_model.run(run, record, error);
}

/* What is cut off in the midst of a run counts for nothing, and what was before it stands. */
static void test_cut_within_a_run(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    volatile sig_atomic_t interrupted = 0;
    uint32_t run_count = 0;
    struct long_world world = {
        .world = {.units = 1, .flags = 20}, .interrupted = &interrupted, .run_count = &run_count};
    struct model model = draws_model;
    model.run = run_long;
    struct probe_options probe;
    struct search_options options = draws_search(&world.world, &probe);
    probe.model = &model;
    options.threads = 1;
    options.interrupted = &interrupted;
    struct random_result result =
        search(&options, &(struct random_options){.run_count = 60000}, findings_create(arena));
    assert_int_equal(result.end, SEARCH_INTERRUPTED);
    assert_int_equal(result.run_count, 512); /* Two pieces; one run counted the draws. */
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_threads_and_replay),
        cmocka_unit_test(test_excluded),
        cmocka_unit_test(test_nondeterminism),
        cmocka_unit_test(test_cut_within_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
