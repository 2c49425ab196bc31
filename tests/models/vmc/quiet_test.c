/* A world in which nothing goes wrong, against sums that can be done by hand. */
#include "tests/models/vmc/fixture.h"

#include <math.h>

/* phase 1 + max(backup, connect) + hosts (evacuate + update + exit + resync) + removal + phase 3 */
static int64_t closed_form_ns(int64_t hosts, int64_t connect_min)
{
    int64_t preparation_min = connect_min > 30 ? connect_min : 30;
    return (180 + preparation_min + hosts * (5 + 50 + 2 + 3) + 60 + 45) * UNITS_MIN;
}

static void test_duration_of_one_workflow(void **state)
{
    (void)state;
    for (int64_t hosts = 1; hosts <= 16; hosts += 5) {
        char text[16];
        struct fixture *fixture = fixture_create(1);
        snprintf(text, sizeof text, "%d", (int)hosts);
        fixture->config.fleet.hosts_per_cluster = fixture_number(fixture, text);
        struct record *record = fixture_run(fixture, 0);
        assert_int_equal(record->values[METRIC_WAVE_DURATION], closed_form_ns(hosts, 18));
        assert_int_equal(record->values[METRIC_FAILURE_RATE], 0);
        assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
        fixture_destroy(fixture);
    }
}

static void test_latency_and_callbacks_add_up(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(1);
    fixture->config.service.latency = fixture_delay(fixture, "2s");
    fixture->config.service.callback_delay = fixture_delay(fixture, "10s");
    struct record *record = fixture_run(fixture, 0);
    /* Nine steps one after the other (control plane, backup, 2 x 3 for the hosts, removal, network
     * = 10): each request takes 1 s to arrive, each callback 10 s. */
    assert_int_equal(record->values[METRIC_WAVE_DURATION],
                     closed_form_ns(2, 18) + 10 * 11 * UNITS_S);
    /* One request a step, and one for the temporary host beside the backup. */
    assert_int_equal(record->values[METRIC_API_CALLS], 11);
    assert_int_equal(record->values[METRIC_API_READS], 0);
    fixture_destroy(fixture);
}

static void test_rounds_of_limited_concurrency(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(10);
    fixture->config.wave.concurrency_max = 3;
    struct record *record = fixture_run(fixture, 0);
    assert_int_equal(record->values[METRIC_WAVE_DURATION], 4 * closed_form_ns(2, 18));
    fixture_destroy(fixture);
}

static void test_clusters_at_once(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(1);
    fixture->config.fleet.clusters_per_sddc = fixture_number(fixture, "20");
    struct record *ten = fixture_run(fixture, 0);
    int64_t phase2_ns = closed_form_ns(2, 18) - 225 * UNITS_MIN;
    assert_int_equal(ten->values[METRIC_WAVE_DURATION], 225 * UNITS_MIN + 2 * phase2_ns);
    fixture->options.clusters_at_once = 4;
    struct record *four = fixture_run(fixture, 0);
    assert_int_equal(four->values[METRIC_WAVE_DURATION], 225 * UNITS_MIN + 5 * phase2_ns);
    fixture_destroy(fixture);
}

static void test_schedule_and_windows(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(4);
    fixture->config.wave.schedule = VMC_START_EVENLY;
    fixture->config.wave.spread_ns = 8 * UNITS_H;
    fixture_run(fixture, 0);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(fixture_cell(fixture, i, COLUMN_STARTED), i * 2 * UNITS_H);
    /* Open from 1 h to 3 h of every 12 h: 0 h waits for 1 h, 4 h and 6 h for 13 h. */
    fixture->config.wave.windows_count = 1;
    fixture->config.wave.windows[0] =
        (struct vmc_window){.from_ns = UNITS_H, .to_ns = 3 * UNITS_H, .every_ns = 12 * UNITS_H};
    fixture_run(fixture, 0);
    static const int64_t expected_h[] = {1, 2, 13, 13};
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(fixture_cell(fixture, i, COLUMN_STARTED), expected_h[i] * UNITS_H);
    fixture->config.wave.schedule = VMC_START_RANDOMLY;
    fixture->config.wave.windows_count = 0;
    fixture_run(fixture, 0);
    for (uint32_t i = 0; i < 4; i++) {
        int64_t started_ns = fixture_cell(fixture, i, COLUMN_STARTED);
        assert_true(started_ns >= i * 2 * UNITS_H && started_ns < (i + 1) * 2 * UNITS_H);
    }
    fixture_destroy(fixture);
}

static void test_a_window_that_never_opens_is_reported(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(3);
    fixture->config.wave.schedule = VMC_START_EVENLY;
    fixture->config.wave.spread_ns = 3 * UNITS_H;
    fixture->config.wave.windows_count = 1;
    fixture->config.wave.windows[0] = (struct vmc_window){.from_ns = 0, .to_ns = 90 * UNITS_MIN};
    struct record *record = fixture_run(fixture, 0);
    assert_int_equal(record->values[METRIC_FAILURE_RATE], 1);
    assert_int_equal(fixture_violation(record, VIOLATION_NEVER_ENDED), 1);
    assert_int_equal(record->values[METRIC_WAVE_DURATION], METRIC_NONE);
    assert_int_equal(fixture_cell(fixture, 2, COLUMN_CAUSE), CAUSE_NEVER_ENDED);
    assert_int_equal(fixture_cause(record, CAUSE_NEVER_ENDED), 1);
    /* It never came to be: "no clusters" would be taken for what it failed of. */
    assert_true(fixture_cell(fixture, 2, COLUMN_CLUSTERS) == ROW_NONE);
    assert_true(fixture_cell(fixture, 2, COLUMN_TEMPORARY_HOSTS) == ROW_NONE);
    assert_true(fixture_cell(fixture, 2, COLUMN_GROUP) == ROW_NONE);
    fixture_destroy(fixture);
}

static void test_every_host_is_accounted_for(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(500);
    fixture->config.fleet.clusters_per_sddc = fixture_number(fixture, "uniform(1, 4)");
    fixture->config.fleet.temporary_host_share = 0.7;
    fixture->config.provisioning.connect =
        fixture_delay(fixture, "lognormal(median=25min, sigma=0.4)");
    fixture->config.service.callback_loss = 0.01;
    fixture->config.service.unknown_probability = 0.01;
    for (unsigned fixes = 0; fixes < 8; fixes++) {
        fixture_fix(&fixture->options, fixes & 1, fixes & 2, fixes & 4);
        struct record *record = fixture_run(fixture, fixes);
        assert_int_equal(record->values[METRIC_HOSTS_ADDED],
                         record->values[METRIC_HOSTS_REMOVED] +
                             record->values[METRIC_HOSTS_LEFT_OVER]);
        int64_t failures = 0, causes = 0;
        for (uint32_t i = 0; i < 500; i++)
            failures += fixture_cell(fixture, i, COLUMN_STATUS) == RCE_FAILED;
        for (uint32_t i = 0; i < CAUSE_COUNT; i++)
            causes += record->values[METRIC_FIRST_CAUSE + i];
        assert_int_equal(failures, record->values[METRIC_FAILURE_RATE]);
        assert_int_equal(failures, record_failed_count(record));
        assert_int_equal(failures, causes);
        assert_int_equal(fixture_cause(record, CAUSE_OTHER), 0);
        assert_int_equal(fixture_violation(record, VIOLATION_NEVER_ENDED), 0);
        assert_int_equal(record->histograms[0].count, 500);
    }
    fixture_destroy(fixture);
}

/* Scale every duration of world and engine by three: the same story, three times as long. */
static void test_scaling_time(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(300);
    struct vmc_config *config = &fixture->config;
    config->provisioning.connect = fixture_delay(fixture, "lognormal(median=24min, sigma=0.4)");
    struct record *once = fixture_run(fixture, 0);
    const struct dist **delays[] = {
        &config->provisioning.connect, &config->provisioning.configure, &config->work.control_plane,
        &config->work.backup,          &config->work.update_host,       &config->work.remove_host,
        &config->work.network,         &config->maintenance.evacuate,   &config->maintenance.exit,
        &config->maintenance.resync,
    };
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "scale(%s, by=3)", dist_print(*delays[i]));
        *delays[i] = fixture_delay(fixture, text);
    }
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        fixture->options.deadline_ns[i] *= 3;
    struct record *thrice = fixture_run(fixture, 0);
    assert_memory_equal(once->failed, thrice->failed, record_words(300) * sizeof(uint64_t));
    assert_int_equal(once->event_count, thrice->event_count);
    double ratio =
        (double)thrice->values[METRIC_WAVE_DURATION] / (double)once->values[METRIC_WAVE_DURATION];
    assert_true(fabs(ratio - 3) < 1e-6); /* Delays are rounded to a microsecond. */
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duration_of_one_workflow),
        cmocka_unit_test(test_latency_and_callbacks_add_up),
        cmocka_unit_test(test_rounds_of_limited_concurrency),
        cmocka_unit_test(test_clusters_at_once),
        cmocka_unit_test(test_schedule_and_windows),
        cmocka_unit_test(test_a_window_that_never_opens_is_reported),
        cmocka_unit_test(test_every_host_is_accounted_for),
        cmocka_unit_test(test_scaling_time),
    };
    return cmocka_run_group_tests_name("vmc/quiet", tests, NULL, NULL);
}
