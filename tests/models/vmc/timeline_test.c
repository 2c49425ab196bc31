/* The course of a wave: every series adds up to what is counted elsewhere. */
#include "tests/models/vmc/scene.h"

/* Nothing is lost in bins, and none is counted twice. */
static void assert_sums(const struct record *record, uint32_t workflow_count)
{
    const int64_t *values = record->values;
    const struct series *series = record->series;
    assert_int_equal(sum_of(&series[SERIES_STARTED]), workflow_count);
    assert_int_equal(sum_of(&series[SERIES_REDRIVEN]), values[METRIC_REDRIVEN]);
    assert_int_equal(sum_of(&series[SERIES_ENDED]), workflow_count + values[METRIC_REDRIVEN]);
    assert_int_equal(sum_of(&series[SERIES_DECIDED]), workflow_count);
    assert_int_equal(sum_of(&series[SERIES_DECIDED_FAILED]), values[METRIC_FAILED_AT_FIRST]);
    assert_int_equal(sum_of(&series[SERIES_TRIGGERED_TAKEN_OVER]), values[METRIC_TAKEN_OVER]);
    assert_int_equal(sum_of(&series[SERIES_REQUESTS_OFFERED]), values[METRIC_API_CALLS]);
    assert_int_equal(sum_of(&series[SERIES_REQUESTS_THROTTLED]), values[METRIC_THROTTLED]);
    assert_int_equal(sum_of(&series[SERIES_REQUESTS_GIVEN_UP]), values[METRIC_QUEUE_TIMEOUTS]);
    /* Counted from the deployment or from the start, it is the same. */
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(sum_of(&series[SERIES_SINCE_TRIGGERED + i]),
                         sum_of(&series[SERIES_TRIGGERED + i]));
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(sum_of(&series[SERIES_SINCE_DECIDED + i]),
                         sum_of(&series[SERIES_DECIDED + i]));
}

static void test_sums_are_totals(void **state)
{
    (void)state;
    struct scene *scene = scene_create();
    set_incident(scene, 200);
    scene->rollout.hand_over = VMC_HAND_OVER_ALL;
    const struct record *record = scene_run(scene);
    assert_sums(record, 200);
    assert_true(record->values[METRIC_REDRIVEN] > 0 && record->values[METRIC_TAKEN_OVER] > 0);
    scene_destroy(scene);
}

/* The same in a wave that throttling, a queue and an outage make fail in many ways. */
static void test_sums_of_a_wave_in_trouble(void **state)
{
    (void)state;
    struct scene *scene = scene_create();
    struct vmc_service *service = &scene->fixture->config.service;
    set_incident(scene, 200);
    service->limit_writes = (struct vmc_limit){.rate_per_s = 0.08, .burst = 6};
    service->queue = (struct vmc_queue){.rate_per_s = 0.5, .timeout_ns = 3 * UNITS_S};
    service->outages_count = 1;
    service->outages[0] =
        (struct vmc_window){.from_ns = clock_ns(12, 0), .to_ns = clock_ns(12, 20)};
    const struct record *record = scene_run(scene);
    const int64_t *values = record->values;
    assert_sums(record, 200);
    assert_true(values[METRIC_REDRIVEN] > 0 && values[METRIC_FAILED_AGAIN] > 0);
    assert_true(values[METRIC_THROTTLED] > 0 && values[METRIC_QUEUE_TIMEOUTS] > 0);
    assert_true(sum_of(&record->series[SERIES_REQUESTS_UNAVAILABLE]) > 0);
    assert_true(sum_of(&record->series[SERIES_TRIGGERED]) < 200); /* Some failed before. */
    scene_destroy(scene);
}

/* Cohort and counts again, from the rows of the workflows. */
static void test_bins_against_rows(void **state)
{
    (void)state;
    enum { WORKFLOWS = 200 };
    struct scene *scene = scene_create();
    set_incident(scene, WORKFLOWS);
    const struct record *record = scene_run(scene);
    int64_t deployed_ns = record->values[METRIC_DEPLOYED_AT];
    assert_true(deployed_ns != METRIC_NONE);
    const struct series *since = &record->series[SERIES_SINCE_TRIGGERED];
    for (int64_t bin = since->first; bin < since->first + since->bin_count; bin++) {
        uint32_t all = 0, failed = 0;
        for (uint32_t i = 0; i < WORKFLOWS; i++) {
            int64_t at_ns = cell(scene, i, COLUMN_TRIGGERED);
            if (at_ns == ROW_NONE || series_index(at_ns - deployed_ns, 30 * UNITS_MIN) != bin)
                continue;
            all++;
            failed += cell(scene, i, COLUMN_FAILED_AT_FIRST) == 1;
        }
        assert_int_equal(series_count_at(since, bin), all);
        assert_int_equal(series_count_at(&record->series[SERIES_SINCE_TRIGGERED_FAILED], bin),
                         failed);
    }
    scene_destroy(scene);
}

/* The old engine without its timers: it waits for ever. */
static enum rce_status step_without_timers(void *workflow, void *process,
                                           const struct rce_input *input, struct rce_actions *out)
{
    if (input->kind != RCE_INPUT_TIMER)
        return rce_engine.step(workflow, process, input, out);
    out->count = 0;
    return RCE_RUNNING;
}

/* Seven wait for ever; the eighth starts with the new engine. What never ends is shown as
 * undecided, and counts as not done in every rate. */
static void test_undecided(void **state)
{
    (void)state;
    struct scene *scene = scene_create();
    struct rce_engine patient = rce_engine;
    patient.step = step_without_timers;
    scene->fixture->parameters.engine = &patient;
    scene->rollout.detect_failed_count = 0;
    scene->rollout.detect_at_ns = clock_ns(5, 30);
    scene->rollout.hand_over = VMC_HAND_OVER_NONE;
    const struct record *record = scene_run(scene);
    const struct series *series = record->series;
    assert_int_equal(sum_of(&series[SERIES_TRIGGERED]), SDDCS);
    assert_int_equal(sum_of(&series[SERIES_TRIGGERED_UNDECIDED]), SDDCS - 1);
    assert_int_equal(sum_of(&series[SERIES_SINCE_TRIGGERED_UNDECIDED]), SDDCS - 1);
    assert_int_equal(sum_of(&series[SERIES_TRIGGERED_FAILED]), 0);
    assert_int_equal(sum_of(&series[SERIES_DECIDED]), 1);
    assert_int_equal(sum_of(&series[SERIES_ENDED]), 1);
    assert_int_equal(record->values[METRIC_FAILED_AT_FIRST], SDDCS - 1);
    assert_int_equal(record->values[METRIC_FAILED_BEFORE], 2);
    assert_int_equal(record->values[METRIC_REDRIVEN], 0); /* Nobody sees that they have failed. */
    assert_int_equal(record_failed_count(record), SDDCS - 1);
    assert_int_equal(fixture_violation(record, VIOLATION_NEVER_ENDED), SDDCS - 1);
    assert_true(record->values[METRIC_WAVE_DURATION] == METRIC_NONE);
    scene_destroy(scene);
}

/* Bins of a minute over four days are too many: they become wider, and nothing is lost. */
static void test_more_bins_than_there_can_be(void **state)
{
    (void)state;
    struct scene *scene = scene_create();
    scene->fixture->config.bin_ns = UNITS_MIN;
    scene->fixture->config.wave.spread_ns = 96 * UNITS_H;
    scene->rollout.detect_within_ns = 24 * UNITS_H;
    const struct record *record = scene_run(scene);
    const struct series *started = &record->series[SERIES_STARTED];
    assert_int_equal(started->bin_ns, 4 * UNITS_MIN); /* 7 * 12 h = 5040 min = 1260 * 4 */
    assert_int_equal(started->bin_count, 1261);
    for (uint32_t i = 0; i < SDDCS; i++)
        assert_int_equal(series_count_at(started, 180 * i), 1);
    const struct series *offered = &record->series[SERIES_REQUESTS_OFFERED];
    assert_true(offered->bin_count <= SERIES_BINS_MAX && offered->bin_ns > UNITS_MIN);
    assert_int_equal(sum_of(offered), record->values[METRIC_API_CALLS]);
    /* A part is as wide as its whole, or a share of the two would compare unlike bins. */
    const struct series *failed = &record->series[SERIES_TRIGGERED_FAILED];
    assert_int_equal(failed->bin_ns, record->series[SERIES_TRIGGERED].bin_ns);
    assert_true(sum_of(failed) > 0);
    scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_are_totals),
        cmocka_unit_test(test_sums_of_a_wave_in_trouble),
        cmocka_unit_test(test_bins_against_rows),
        cmocka_unit_test(test_undecided),
        cmocka_unit_test(test_more_bins_than_there_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
