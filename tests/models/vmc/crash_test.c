/* Crashes of the engine: every place where one can come in a small world, and what a world of many
 * does when they come at random. */
#include "tests/models/vmc/scene.h"

/* One SDDC of one cluster of two hosts, with a temporary host; requests take a second. */
static struct fixture *small_world(uint32_t sddcs_count)
{
    struct fixture *fixture = fixture_create(sddcs_count);
    fixture->config.service.latency = fixture_delay(fixture, "1s");
    fixture->config.service.callback_delay = fixture_delay(fixture, "2s");
    fixture->config.crash.downtime = fixture_delay(fixture, "10s");
    return fixture;
}

static struct record *run_with_crashes(struct fixture *fixture, uint32_t first, uint32_t second)
{
    fixture->config.crash.actions_count = 2;
    fixture->config.crash.after_action[0] = first;
    fixture->config.crash.after_action[1] = second;
    arena_reset(fixture->run_arena);
    return fixture_run(fixture, 0);
}

/* The first action, counted from 1 on, that a workflow never comes to. */
static uint32_t actions_end(struct fixture *fixture)
{
    for (uint32_t n = 1;; n++)
        if (run_with_crashes(fixture, n, n)->values[METRIC_CRASHES] == 0)
            return n;
}

/* What a crash after these actions breaks. All others break nothing. */
struct harm {
    uint32_t from, to;
    enum vmc_violation violation;
    bool has_failed;
};

static void assert_harms(struct fixture *fixture, uint32_t end, const struct harm *harms,
                         size_t harm_count)
{
    for (uint32_t n = 0; n < end; n++) {
        const struct harm *harm = NULL;
        for (size_t i = 0; i < harm_count; i++)
            if (n >= harms[i].from && n <= harms[i].to)
                harm = &harms[i];
        struct record *record = run_with_crashes(fixture, n, n);
        assert_int_equal(record->values[METRIC_CRASHES], 1);
        assert_int_equal(fixture_cell(fixture, 0, COLUMN_CRASHES), n + 1 < end);
        assert_int_equal(record->values[METRIC_FAILURE_RATE], harm != NULL && harm->has_failed);
        assert_int_equal(fixture_cause(record, CAUSE_OTHER), 0);
        if (harm == NULL)
            assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
        else
            assert_int_equal(fixture_violation(record, harm->violation), 1);
    }
}

/* Without a key, whatever is asked for a second time is done a second time. What a request does
 * twice is harmless for the phases, the backup, leaving maintenance and removing the host. */
static void test_every_place_without_keys(void **state)
{
    (void)state;
    static const struct harm harms[] = {
        {11, 15, VIOLATION_LEFT_OVER_HOST, false}, /* add-host is out, its answer not recorded */
        {27, 28, VIOLATION_DUPLICATE_TRIGGER, true}, {34, 35, VIOLATION_UPDATED_TWICE, false},
        {48, 49, VIOLATION_DUPLICATE_TRIGGER, true}, {55, 56, VIOLATION_UPDATED_TWICE, false},
    };
    struct fixture *fixture = small_world(1);
    uint32_t end = actions_end(fixture);
    assert_int_equal(end, 85);
    assert_harms(fixture, end, harms, sizeof harms / sizeof harms[0]);
    fixture->config.crash.scope = VMC_CRASH_WORKFLOW;
    assert_harms(fixture, end, harms, sizeof harms / sizeof harms[0]);
    fixture->options.key_scope = RCE_KEY_PER_ATTEMPT;
    assert_harms(fixture, end, harms, sizeof harms / sizeof harms[0]);
    fixture_destroy(fixture);
}

/* A retry reads the host first, but one that is still entering looks as if nobody had asked. */
static void test_every_place_with_retry_alone(void **state)
{
    (void)state;
    static const struct harm harms[] = {
        {11, 15, VIOLATION_LEFT_OVER_HOST, false}, {34, 36, VIOLATION_DUPLICATE_TRIGGER, true},
        {43, 44, VIOLATION_UPDATED_TWICE, false},  {57, 59, VIOLATION_DUPLICATE_TRIGGER, false},
        {66, 67, VIOLATION_UPDATED_TWICE, false},
    };
    struct fixture *fixture = small_world(1);
    fixture_fix(&fixture->options, true, true, false);
    assert_harms(fixture, actions_end(fixture), harms, sizeof harms / sizeof harms[0]);
    fixture_destroy(fixture);
}

static void assert_harmless(const struct record *record)
{
    assert_int_equal(record->values[METRIC_FAILURE_RATE], 0);
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    assert_int_equal(record->values[METRIC_HOSTS_ADDED], record->values[METRIC_HOSTS_REMOVED]);
}

/* With a key per task nothing is started twice, wherever the engine crashes once or twice: also
 * while it resumes, since the second crash may follow the first at once. */
static void assert_pairs_harmless(bool has_retry, uint32_t first, uint32_t *end)
{
    struct fixture *fixture = small_world(1); /* anew each time, since records add up in it */
    fixture_fix(&fixture->options, has_retry, has_retry, true);
    if (first == 0)
        *end = actions_end(fixture);
    for (uint32_t second = first; second < *end; second++) {
        const struct record *record = run_with_crashes(fixture, first, second);
        assert_harmless(record);
        /* The second may not be reached: the first can save actions. */
        assert_in_range(record->values[METRIC_CRASHES], 1, second == first ? 1 : 2);
        if (second == first + 1 && second + 1 < *end)
            assert_int_equal(record->values[METRIC_CRASHES], 2);
    }
    fixture_destroy(fixture);
}

static void test_every_pair_of_places_with_keys(void **state)
{
    (void)state;
    for (int has_retry = 0; has_retry < 2; has_retry++) {
        uint32_t end = 1;
        for (uint32_t first = 0; first < end; first++)
            assert_pairs_harmless(has_retry, first, &end);
        assert_true(end > 80);
    }
}

/* Callbacks that come while nobody is there are delivered afterwards; a crash after the end is none
 * of the workflow's. */
static void test_held_callbacks(void **state)
{
    (void)state;
    struct fixture *fixture = small_world(1);
    fixture_fix(&fixture->options, false, false, true);
    uint32_t end = actions_end(fixture);
    fixture->config.crash.downtime =
        fixture_delay(fixture, "30min"); /* half of the shortest deadline */
    for (uint32_t n = 0; n < end; n++)
        assert_harmless(run_with_crashes(fixture, n, n));
    struct record *record = run_with_crashes(fixture, end - 1, end - 1);
    assert_int_equal(record->values[METRIC_CRASHES], 1);
    assert_int_equal(record->values[METRIC_RESUMED], 0);
    assert_int_equal(fixture_cell(fixture, 0, COLUMN_CRASHES), 0);
    fixture->config.crash.downtime = NULL;
    for (uint32_t n = 0; n < end; n++)
        assert_harmless(run_with_crashes(fixture, n, n));
    fixture_destroy(fixture);
}

/* Down for longer than the deadline: what had been asked for is done and believed; what had not is
 * never asked in time, and that is the crash's doing. */
static void test_down_past_the_deadline(void **state)
{
    (void)state;
    struct fixture *fixture = small_world(1);
    fixture_fix(&fixture->options, false, false, true);
    uint32_t end = actions_end(fixture), failed_count = 0;
    fixture->config.crash.downtime = fixture_delay(fixture, "9h");
    for (uint32_t n = 0; n < end; n++) {
        struct record *record = run_with_crashes(fixture, n, n);
        int64_t failed = record->values[METRIC_FAILURE_RATE];
        assert_int_equal(fixture_cause(record, CAUSE_CRASH), failed);
        failed_count += (uint32_t)failed;
    }
    assert_in_range(failed_count, 10, 70);
    fixture_destroy(fixture);
}

/* Crash at every gap: nothing can go on, and nobody tries for ever. */
static void test_crash_without_end(void **state)
{
    (void)state;
    for (int scope = VMC_CRASH_PROCESS; scope <= VMC_CRASH_WORKFLOW; scope++) {
        struct fixture *fixture = small_world(7);
        fixture->config.crash.probability = 1;
        fixture->config.crash.scope = (enum vmc_crash_scope)scope;
        struct record *record = fixture_run(fixture, 0);
        assert_int_equal(record->values[METRIC_FAILURE_RATE], 7);
        assert_int_equal(fixture_cause(record, CAUSE_CRASH), 7);
        assert_int_equal(record->values[METRIC_CRASHES], 7 * 20);
        assert_int_equal(fixture_violation(record, VIOLATION_NEVER_ENDED), 0);
        fixture->config.crash.probability = 0.5;
        record = fixture_run(fixture, 0);
        assert_int_equal(fixture_violation(record, VIOLATION_NEVER_ENDED), 0);
        assert_int_equal(fixture_cause(record, CAUSE_OTHER), 0);
        fixture_destroy(fixture);
    }
}

/* Many workflows that resume together, so that the process all but never outlives its return: it is
 * given up after a hundred times, and what starts afterwards fails at once. */
static void test_process_that_never_gets_up(void **state)
{
    (void)state;
    for (int has_downtime = 0; has_downtime < 2; has_downtime++) {
        struct fixture *fixture = small_world(200);
        fixture_fix(&fixture->options, false, false, true);
        fixture->config.wave.schedule = VMC_START_EVENLY;
        fixture->config.wave.spread_ns = 20 * UNITS_H;
        fixture->config.crash.probability = 0.02;
        if (!has_downtime)
            fixture->config.crash.downtime = NULL;
        struct record *record = fixture_run(fixture, 0);
        int64_t crashes_count = record->values[METRIC_CRASHES];
        assert_in_range(crashes_count, 101, 5000);
        assert_int_equal(fixture_cause(record, CAUSE_CRASH), record->values[METRIC_FAILURE_RATE]);
        assert_true(record->values[METRIC_FAILURE_RATE] > 100);
        assert_int_equal(fixture_violation(record, VIOLATION_NEVER_ENDED), 0);
        int64_t started_ns = fixture_cell(fixture, 199, COLUMN_STARTED);
        assert_int_equal(fixture_cell(fixture, 199, COLUMN_ENDED), started_ns);
        assert_int_equal(fixture_cell(fixture, 199, COLUMN_CRASHES), 0);
        fixture_destroy(fixture);
    }
}

/* A crash that somebody ordered for each of many workflows is no loop, though each return of the
 * process ends with the next one. */
static void test_ordered_crashes_are_no_loop(void **state)
{
    (void)state;
    struct fixture *fixture = small_world(150);
    fixture_fix(&fixture->options, true, true, true);
    struct record *record = run_with_crashes(fixture, 3, 3);
    assert_int_equal(record->values[METRIC_CRASHES], 150);
    assert_harmless(record);
    fixture_destroy(fixture);
}

/* Two engines in a world whose crashes are the old one's alone: while it is in a step, they have a
 * probability. */
static double *probability;
static double fragility;
static bool starts_well;

static enum rce_status step_fragile(void *block, void *process, const struct rce_input *input,
                                    struct rce_actions *out)
{
    *probability = starts_well && input->kind == RCE_INPUT_START ? 0 : fragility;
    return rce_engine.step(block, process, input, out);
}

static enum rce_status step_sturdy(void *block, void *process, const struct rce_input *input,
                                   struct rce_actions *out)
{
    *probability = 0;
    return rce_engine.step(block, process, input, out);
}

/* Run it with a rollout of the sturdy engine, which drives again what was given up. */
static void assert_mended(struct scene *scene, int64_t failed_at_first_min)
{
    struct fixture *fixture = scene->fixture;
    struct rce_engine fragile = rce_engine, sturdy = rce_engine;
    fragile.step = step_fragile;
    sturdy.step = step_sturdy;
    fixture->parameters.engine = &fragile;
    scene->rollout.engine = &sturdy;
    scene->fixed.key_scope = fixture->options.key_scope = RCE_KEY_PER_TASK;
    fixture->config.crash.probability = fragility;
    fixture->config.crash.downtime = fixture_delay(fixture, "10s");
    fixture->config.service.callback_loss = 0;
    probability = &fixture->config.crash.probability;
    const struct record *record = scene_run(scene);
    assert_true(record->values[METRIC_FAILED_AT_FIRST] >= failed_at_first_min);
    assert_int_equal(record->values[METRIC_FAILURE_RATE], 0);
    assert_int_equal(fixture_violation(record, VIOLATION_NEVER_ENDED), 0);
}

/* What was given up goes on under another engine, whether anything was persisted or not. */
static void test_given_up_and_driven_again(void **state)
{
    (void)state;
    for (int variant = 0; variant < 4; variant++) {
        struct scene *scene = scene_create();
        scene->fixture->config.crash.scope =
            variant % 2 == 0 ? VMC_CRASH_PROCESS : VMC_CRASH_WORKFLOW;
        starts_well = variant / 2 == 1;
        fragility = 1;
        assert_mended(scene, 2);
        scene_destroy(scene);
    }
}

/* The old process is given up with all that it had, and what comes to it until the fix is there. */
static void test_abandoned_process_is_replaced(void **state)
{
    (void)state;
    struct scene *scene = scene_create();
    set_incident(scene, 60);
    starts_well = false;
    fragility = 0.1;
    assert_mended(scene, 10);
    scene_destroy(scene);
}

/* Carrying actions out one by one, and saving, changes nothing as long as nothing crashes. */
static void test_no_crash_changes_nothing(void **state)
{
    (void)state;
    struct scene *scene = scene_create();
    set_incident(scene, 60);
    struct fixture *fixture = scene->fixture;
    uint64_t hash = fixture_run(fixture, 3)->history_hash;
    fixture->config.crash.probability = 1e-15;
    struct record *record = fixture_run(fixture, 3);
    assert_int_equal(record->values[METRIC_CRASHES], 0);
    assert_true(record->history_hash == hash);
    scene_destroy(scene);
}

/* An engine that counts its processes. */
static int begun_count, ended_count;

static void count_begin(void *process, const void *settings)
{
    static const struct rce_process fresh;
    (void)settings;
    assert_memory_equal(process, &fresh, sizeof fresh);
    ((struct rce_process *)process)->budget_tokens = 1; /* Lost with the process. */
    begun_count++;
}

static void count_end(void *process)
{
    (void)process;
    ended_count++;
}

static void test_processes_begin_and_end(void **state)
{
    (void)state;
    struct fixture *fixture = small_world(40);
    struct rce_engine counting = rce_engine;
    counting.process_begin = count_begin;
    counting.process_end = count_end;
    fixture->parameters.engine = &counting;
    fixture->config.wave.schedule = VMC_START_EVENLY;
    fixture->config.wave.spread_ns = 2 * UNITS_H;
    fixture->config.crash.probability = 0.002;
    fixture_fix(&fixture->options, true, true, true);
    begun_count = ended_count = 0;
    struct record *record = fixture_run(fixture, 0);
    assert_in_range(record->values[METRIC_CRASHES], 2, 200);
    assert_int_equal(begun_count, 1 + record->values[METRIC_CRASHES]);
    assert_int_equal(ended_count, begun_count);
    assert_true(record->values[METRIC_RESUMED] > record->values[METRIC_CRASHES]);
    assert_harmless(record);
    fixture->config.crash.scope = VMC_CRASH_WORKFLOW;
    begun_count = ended_count = 0;
    record = fixture_run(fixture, 0);
    assert_int_equal(begun_count, 1);
    assert_true(record->values[METRIC_RESUMED] <= record->values[METRIC_CRASHES]);
    assert_harmless(record);
    fixture_destroy(fixture);
}

/* Crashes in time, for processes and for workers; also when they come faster than the engine is
 * back, and after the wave is over there are no more. */
static void test_crashes_in_time(void **state)
{
    (void)state;
    for (int scope = VMC_CRASH_PROCESS; scope <= VMC_CRASH_WORKFLOW; scope++) {
        struct fixture *fixture = small_world(10);
        fixture->config.crash.scope = (enum vmc_crash_scope)scope;
        fixture->config.crash.every = fixture_delay(fixture, "exponential(mean=1h)");
        fixture_fix(&fixture->options, true, true, true);
        struct record *record = fixture_run(fixture, 0);
        /* About eight hours: eight crashes of the process, or eighty of workers; 5 sigma. */
        assert_in_range(record->values[METRIC_CRASHES], scope == VMC_CRASH_PROCESS ? 1 : 35,
                        scope == VMC_CRASH_PROCESS ? 23 : 125);
        assert_harmless(record);
        fixture->config.crash.every = fixture_delay(fixture, "30s");
        fixture->config.crash.downtime = fixture_delay(fixture, "5min");
        record = fixture_run(fixture, 0);
        assert_int_equal(fixture_violation(record, VIOLATION_NEVER_ENDED), 0);
        assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
        fixture_destroy(fixture);
    }
}

static struct result *run_incident(uint32_t threads)
{
    struct scene *scene = scene_create();
    set_incident(scene, 60);
    struct fixture *fixture = scene->fixture;
    fixture->config.crash.probability = 0.002;
    fixture->config.crash.downtime = fixture_delay(fixture, "uniform(10s, 60s)");
    struct vmc_parameters fixed = fixture->parameters, naive = fixture->parameters;
    fixed.options = &scene->fixed;
    fixed.rollout = NULL;
    naive.rollout = NULL;
    const struct experiment_variant variants[] = {
        {"naive", &naive}, {"fixed", &fixed}, {"rollout", &fixture->parameters}};
    struct result *result = simulate(variants, 3, 6, threads);
    scene_destroy(scene);
    return result;
}

/* Crashes while a fix is rolled out; the same bytes with any number of threads. That variants share
 * their draws is checked by the experiment. */
static void test_incident_with_crashes(void **state)
{
    (void)state;
    struct result *one = run_incident(1), *eight = run_incident(8);
    for (uint32_t v = 0; v < 3; v++)
        for (uint32_t r = 0; r < 6; r++) {
            const struct record *a = result_record(one, r, v), *b = result_record(eight, r, v);
            assert_true(a->history_hash == b->history_hash);
            assert_memory_equal(a->values, b->values, VMC_METRIC_COUNT * sizeof a->values[0]);
            assert_true(a->values[METRIC_CRASHES] > 0);
            assert_int_equal(fixture_cause(a, CAUSE_OTHER), 0);
            assert_int_equal(fixture_violation(a, VIOLATION_NEVER_ENDED), 0);
            if (v == 1)
                assert_int_equal(a->values[METRIC_VIOLATIONS], 0);
        }
    result_destroy(one);
    result_destroy(eight);
}

/* The new engine is put in the place of the old one without waiting for anything. */
static void test_restart(void **state)
{
    (void)state;
    struct scene *scene = scene_create();
    scene->rollout.hand_over = VMC_HAND_OVER_RESTART;
    /* With keys on both sides, what is asked again is not started again. */
    scene->fixture->options.key_scope = RCE_KEY_PER_TASK;
    scene->fixture->config.service.latency = fixture_delay(scene->fixture, "10s");
    struct record *record = scene_run(scene);
    assert_int_equal(record->values[METRIC_STATES_REFUSED], 0);
    assert_int_equal(record->values[METRIC_FAILURE_RATE], 0);
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    assert_int_equal(record->values[METRIC_CRASHES], 0);
    assert_int_equal(record->values[METRIC_TAKEN_OVER], 1); /* 2, which waits in vain */
    scene_destroy(scene);
}

/* A state of version 1 that the new engine reads, or does not: then the old one goes on with what
 * it had persisted. */
static void test_state_versions(void **state)
{
    (void)state;
    for (uint32_t oldest = 1; oldest <= 2; oldest++) {
        struct scene *scene = scene_create();
        struct rce_engine next = rce_engine;
        next.state_version = 2;
        next.state_version_oldest = oldest;
        scene->rollout.engine = &next;
        scene->rollout.hand_over = VMC_HAND_OVER_RESTART;
        scene->rollout.redrive = VMC_REDRIVE_NEVER;
        scene->fixture->options.key_scope = RCE_KEY_PER_TASK;
        struct record *record = scene_run(scene);
        /* 2 to 6 run when the fix comes, 7 starts later; without it all but 7 fail. */
        assert_int_equal(record->values[METRIC_STATES_REFUSED], oldest == 1 ? 0 : 5);
        assert_int_equal(record->values[METRIC_FAILURE_RATE], oldest == 1 ? 2 : 7);
        assert_int_equal(record->values[METRIC_RESUMED], oldest == 1 ? 0 : 5);
        assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
        scene_destroy(scene);
    }
}

/* Whenever the old engine is stopped, with a request under way or in the middle of nothing: nobody
 * is forgotten, and with keys nothing is started twice; also under crashes. */
static void test_restart_at_any_time(void **state)
{
    (void)state;
    for (int minute = 0; minute < 600; minute += 7)
        for (int crashes = 0; crashes < 2; crashes++) {
            struct scene *scene = scene_create();
            struct fixture *fixture = scene->fixture;
            scene->rollout.hand_over = VMC_HAND_OVER_RESTART;
            scene->rollout.detect_failed_count = 0;
            scene->rollout.detect_at_ns = minute * UNITS_MIN + 3 * UNITS_S;
            scene->rollout.delay_ns = 0;
            fixture->options = scene->fixed;
            fixture->config.service.latency = fixture_delay(fixture, "10s");
            fixture->config.crash.probability = crashes == 0 ? 0 : 0.01;
            fixture->config.crash.downtime = fixture_delay(fixture, "20s");
            struct record *record = scene_run(scene);
            assert_int_equal(record->values[METRIC_STATES_REFUSED], 0);
            assert_int_equal(record->values[METRIC_FAILURE_RATE], 0);
            assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
            scene_destroy(scene);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_place_without_keys),
        cmocka_unit_test(test_every_place_with_retry_alone),
        cmocka_unit_test(test_every_pair_of_places_with_keys),
        cmocka_unit_test(test_held_callbacks),
        cmocka_unit_test(test_down_past_the_deadline),
        cmocka_unit_test(test_crash_without_end),
        cmocka_unit_test(test_process_that_never_gets_up),
        cmocka_unit_test(test_ordered_crashes_are_no_loop),
        cmocka_unit_test(test_given_up_and_driven_again),
        cmocka_unit_test(test_abandoned_process_is_replaced),
        cmocka_unit_test(test_no_crash_changes_nothing),
        cmocka_unit_test(test_processes_begin_and_end),
        cmocka_unit_test(test_crashes_in_time),
        cmocka_unit_test(test_incident_with_crashes),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_state_versions),
        cmocka_unit_test(test_restart_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
