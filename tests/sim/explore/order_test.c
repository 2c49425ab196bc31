#include "sim/explore/order.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/explore/exhaustive.h"
#include "sim/explore/random.h"
#include "sim/kernel/sim.h"
#include "sim/stats/proportion.h"

/* A race: threads take steps, all at one time, each scheduling its next one; first come first
 * served lets them take turns. Planted bugs need d orderings: depth 1  the last thread begins
 * before the first one does depth 2  ... and thread 1 takes all its steps between two steps of
 * thread 0 depth 3  ... thread 1 gets as far as its middle there, and thread 0 then ends before it
 * goes on
 */
enum { RACE_TIE = 310, STEPS = 6, THREADS_MAX = 8 };

struct race {
    uint32_t threads;
    uint32_t depth;
    int64_t gap_ns; /* Each thread begins so much later than the one before. */
};

struct race_run {
    const struct model_run *run;
    struct sim *sim;
    uint64_t sequence;
    uint32_t put_back;                /* The event that is being scheduled. */
    uint8_t log[THREADS_MAX * STEPS]; /* Which thread took each step. */
    uint32_t log_count;
};

static uint64_t tie_order(void *context, const struct sim_event *event)
{
    (void)event;
    struct race_run *race = context;
    return (uint64_t)race->put_back << 30 | ++race->sequence;
}

/* Schedule a step of a thread, as late as it is put back. */
static void schedule(struct race_run *race, uint32_t thread, uint64_t step, int64_t due_ns)
{
    const struct model_probe *probe = race->run->probe;
    race->put_back =
        probe->asks_order
            ? oracle_put_back(race->run->oracle,
                              (struct draw_name){thread, RACE_TIE, (uint32_t)step}, due_ns)
            : 0;
    int64_t late_ns = probe->slack_ns * race->put_back / ORACLE_TIE_MAX;
    sim_schedule(race->sim,
                 &(struct sim_event){.time_ns = due_ns + late_ns, .subject = thread, .a = step});
}

/* How many steps of `thread` come before the place `until` of the log. */
static uint32_t steps_before(const struct race_run *race, uint32_t thread, uint32_t until)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < until; i++)
        count += race->log[i] == thread;
    return count;
}

/* Where a thread takes its step number `step`, from 0 on. */
static uint32_t place_of(const struct race_run *race, uint32_t thread, uint32_t step)
{
    uint32_t at = 0;
    while (race->log[at] != thread || steps_before(race, thread, at) != step)
        at++;
    return at;
}

static bool is_broken(const struct race_run *race, uint32_t threads, uint32_t depth)
{
    uint32_t from = place_of(race, 0, 2), to = place_of(race, 0, 3);
    uint32_t before = steps_before(race, 1, from), inside = steps_before(race, 1, to) - before;
    switch (depth) {
    case 1: return place_of(race, threads - 1, 0) < place_of(race, 0, 0);
    case 2: return before == 0 && inside == STEPS;
    default:
        return before == 0 && inside == STEPS / 2 &&
               place_of(race, 0, STEPS - 1) < place_of(race, 1, STEPS / 2);
    }
}

static bool run_race(const struct model_run *run, struct record *record, struct error *error)
{
    (void)error;
    const struct race *parameters = run->parameters;
    struct race_run race = {.run = run};
    struct sim *sim =
        sim_create(run->arena, &(struct sim_options){.tie_order = tie_order, .tie_context = &race});
    race.sim = sim;
    for (uint32_t i = 0; i < parameters->threads; i++)
        schedule(&race, i, 0, i * parameters->gap_ns);
    struct sim_event event;
    while (sim_next(sim, &event)) {
        run->oracle->event_count++;
        race.log[race.log_count++] = (uint8_t)event.subject;
        if (event.a + 1 < STEPS)
            schedule(&race, event.subject, event.a + 1, event.time_ns);
    }
    if (is_broken(&race, parameters->threads, parameters->depth))
        run->sink->finding(run->sink->context, run, &(struct model_finding){.kind = 0});
    record->unit_count = 1;
    record->history_hash = sim_history_hash(sim);
    record->event_count = sim_event_count(sim);
    return true;
}

static uint32_t one_unit(const void *parameters)
{
    (void)parameters;
    return 1;
}

static const char *const findings_of_races[] = {"order", NULL};
static const char *const nothing[] = {"", NULL};
static const struct model_explore race_explore = {
    .finding_names = findings_of_races,
    .finding_count = 1,
    .safety_count = 1,
    .step_names = nothing,
    .step_count = 1,
    .state_names = nothing,
    .state_count = 1,
};
static const struct model race_model = {
    .name = "race",
    .unit_name = "race",
    .unit_names = "races",
    .units_max = one_unit,
    .run = run_race,
    .explore = &race_explore,
};

static struct search_options search_of(const struct race *race, struct probe_options *probe)
{
    *probe = (struct probe_options){
        .model = &race_model, .parameters = race, .unit = MODEL_ALL_UNITS, .asks_order = true};
    return (struct search_options){.probe = probe, .seed = 3, .threads = 2};
}

static struct order_result search(const struct race *race, const struct order_options *order,
                                  struct findings *findings)
{
    struct probe_options probe;
    struct search_options options = search_of(race, &probe);
    struct order_result result;
    struct error error = {.message = ""};
    if (!order_search(&options, order, findings, &result, &error))
        fail_msg("%s", error.message);
    struct probe *replayer = probe_create(&probe);
    if (!findings_verify(findings, replayer, &error))
        fail_msg("%s", error.message);
    probe_destroy(replayer);
    return result;
}

/* In each run a bug of depth d is met with probability at least 1 / (n k^(d-1)). If the search kept
 * that exactly, so few hits as would fail this test had a probability of 1e-6: the one-sided upper
 * limit of what was observed must not be below the bound. */
static void check_bound(uint32_t threads, uint32_t depth, uint32_t run_count)
{
    struct arena *arena = arena_create("test", 0);
    struct race race = {.threads = threads, .depth = depth};
    struct findings *findings = findings_create(arena);
    struct order_result result = search(
        &race, &(struct order_options){.run_count = run_count, .depth = depth, .is_fixed = true},
        findings);
    double bound = 1 / (threads * pow(threads * STEPS, depth - 1));
    assert_int_equal(result.entity_count, threads);
    assert_int_equal(result.tie_count, threads * STEPS);
    assert_true(fabs(result.bound - bound) < 1e-12);
    assert_true(bound * run_count > 60); /* There must be something to see. */
    double limit = proportion_upper_bound((double)result.failed_count, run_count, 1 - 1e-6);
    if (limit < bound)
        fail_msg("depth %u: %llu of %u hits, limit %g, bound %g", depth,
                 (unsigned long long)result.failed_count, run_count, limit, bound);
    assert_int_equal(findings->count, 1);
    arena_destroy(arena);
}

static void test_depth_1(void **state)
{
    (void)state;
    check_bound(4, 1, 1000);
}

static void test_depth_2(void **state)
{
    (void)state;
    check_bound(2, 2, 4000);
    check_bound(4, 2, 10000);
}

static void test_depth_3(void **state)
{
    (void)state;
    check_bound(2, 3, 30000);
    check_bound(3, 3, 80000);
}

/* Without change points a bug of depth 2 is out of reach, so the tests above test them. */
static void test_depth_is_needed(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct race race = {.threads = 3, .depth = 2};
    struct order_options order = {.run_count = 20000, .depth = 1};
    struct order_result result = search(&race, &order, findings_create(arena));
    assert_int_equal(result.failed_count, 0);
    race.depth = 3;
    order.depth = 2;
    result = search(&race, &order, findings_create(arena));
    assert_int_equal(result.failed_count, 0);
    arena_destroy(arena);
}

/* Typical order breaks nothing; the exhaustive search finds the shallow bug with one place back. */
static void test_exhaustive_ties(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct race race = {.threads = 3, .depth = 1};
    struct probe_options probe;
    struct search_options options = search_of(&race, &probe);
    struct findings *findings = findings_create(arena);
    struct exhaustive_result result;
    struct exhaustive_options exhaustive = {.bound = 1, .grid = grid_default()};
    assert_true(exhaustive_search(&options, &exhaustive, findings, &result, NULL));
    assert_int_equal(result.depths[0].failed_count, 0);
    assert_int_equal(result.depths[1].failed_count, 1);
    assert_int_equal(findings->items[0].deviation_count, 1);
    assert_int_equal(findings->items[0].deviations[0].name.entity, 0);
    assert_int_equal(findings->items[0].deviations[0].name.occurrence, 0);
    arena_destroy(arena);
}

/* More entities than places: neighbours share one, and no bound is claimed. */
static void test_drawn_depths(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct race race = {.threads = 4, .depth = 2};
    struct findings *findings = findings_create(arena);
    struct order_result result =
        search(&race, &(struct order_options){.run_count = 20000, .depth = 3}, findings);
    assert_true(result.failed_count > 0);
    assert_int_equal(findings->items[0].search, SEARCH_ORDER);
    arena_destroy(arena);
}

/* Threads that begin 1 s after each other change places only within a slack window, and then in
 * every search: places are spread over it. */
static void test_slack(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct race race = {.threads = 2, .depth = 1, .gap_ns = 1000000000};
    for (int64_t slack_ns = 0; slack_ns <= 3000000000; slack_ns += 1500000000) {
        struct probe_options probe;
        struct search_options options = search_of(&race, &probe);
        probe.slack_ns = slack_ns;
        struct order_result orders;
        struct random_result chances;
        struct exhaustive_result all;
        struct findings *findings = findings_create(arena);
        assert_true(order_search(&options, &(struct order_options){.run_count = 200, .depth = 2},
                                 findings, &orders, NULL));
        assert_true(random_search(&options, &(struct random_options){.run_count = 200}, findings,
                                  &chances, NULL));
        assert_true(exhaustive_search(
            &options, &(struct exhaustive_options){.bound = 1, .grid = grid_default()}, findings,
            &all, NULL));
        assert_int_equal(orders.failed_count > 0, slack_ns > 0);
        assert_int_equal(chances.failed_count > 0, slack_ns > 0);
        assert_int_equal(all.depths[1].failed_count > 0, slack_ns > 0);
        assert_int_equal(orders.bound > 0, slack_ns == 0);
        struct probe *replayer = probe_create(&probe);
        struct error error = {.message = ""};
        if (!findings_verify(findings, replayer, &error))
            fail_msg("%s", error.message);
        probe_destroy(replayer);
    }
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth_1),         cmocka_unit_test(test_depth_2),
        cmocka_unit_test(test_depth_3),         cmocka_unit_test(test_depth_is_needed),
        cmocka_unit_test(test_exhaustive_ties), cmocka_unit_test(test_drawn_depths),
        cmocka_unit_test(test_slack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
