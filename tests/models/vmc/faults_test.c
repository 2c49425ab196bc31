/* Every fault with probability 0 and 1, and the cause that the world gives for what follows. */
#include "tests/models/vmc/fixture.h"

#include <math.h>

enum { SDDCS = 40 };

/* Run `fixture` and expect all or none of its workflows to fail, all for one cause. */
static struct record *expect(struct fixture *fixture, bool failures, enum vmc_cause cause)
{
    struct record *record = fixture_run(fixture, 0);
    int64_t expected = failures ? SDDCS : 0;
    if (record->values[METRIC_FAILURE_RATE] != expected)
        fail_msg("%lld failed, not %lld", (long long)record->values[METRIC_FAILURE_RATE],
                 (long long)expected);
    if (failures)
        assert_int_equal(fixture_cause(record, cause), SDDCS);
    return record;
}

/* Answers that take an hour: the engine's deadlines pass before it hears that all is well. */
static void test_late_answers(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.service.response_delay = fixture_delay(fixture, "2h");
    fixture_fix(&fixture->options, true, false, true);
    fixture->options.deadline_ns[RCE_BACKUP] = 5 * UNITS_H;
    fixture->options.deadline_ns[RCE_READ_CLUSTER] = UNITS_H;
    expect(fixture, true, CAUSE_LOST_ANSWER);
    fixture_destroy(fixture);
}

/* The host is ready a minute before the deadline, but the engine does not look again in between:
 * nothing was lost, the host came too late. */
static void test_ready_after_the_last_look(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.provisioning.configure = fixture_delay(fixture, "21min");
    fixture_fix(&fixture->options, true, false, true);
    fixture->options.precheck_poll.base_ns = 8 * UNITS_MIN;
    fixture->options.precheck_poll.cap_ns = 8 * UNITS_MIN;
    fixture->options.precheck_poll.jitter = RCE_JITTER_NONE;
    fixture->options.deadline_ns[RCE_READ_CLUSTER] = 10 * UNITS_MIN;
    expect(fixture, true, CAUSE_SLOW_PROVISIONING);
    fixture_destroy(fixture);
}

static void test_callback_loss(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    expect(fixture, false, CAUSE_OTHER);
    fixture->config.service.callback_loss = 1;
    struct record *record = expect(fixture, true, CAUSE_LOST_CALLBACK);
    assert_int_equal(record->values[METRIC_CALLBACKS_LOST], SDDCS); /* of phase 1 */
    /* No fix of the incident helps against a lost callback of phase 1. */
    fixture_fix(&fixture->options, true, true, true);
    expect(fixture, true, CAUSE_LOST_CALLBACK);
    fixture_destroy(fixture);
}

static void test_callback_duplicate(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.service.callback_duplicate = 1;
    fixture->config.service.callback_duplicate_delay = fixture_delay(fixture, "7min");
    struct record *record = expect(fixture, false, CAUSE_OTHER);
    /* Eleven tasks a workflow; the second callback of the last one finds the workflow ended. */
    assert_int_equal(record->values[METRIC_CALLBACKS_IGNORED], SDDCS * 10);
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    fixture_destroy(fixture);
}

static void test_callback_late(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.service.callback_late_probability = 1;
    fixture->config.service.callback_late_delay = fixture_delay(fixture, "20min");
    expect(fixture, false, CAUSE_OTHER);
    fixture->config.service.callback_late_delay = fixture_delay(fixture, "9h");
    expect(fixture, true, CAUSE_LATE_CALLBACK);
    fixture_destroy(fixture);
}

static void test_callback_overtakes_the_response(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.service.response_delay = fixture_delay(fixture, "10min");
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "3min");
    struct record *record = expect(fixture, false, CAUSE_OTHER);
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    fixture_destroy(fixture);
}

static void test_unavailable(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.service.unavailable_probability = 1;
    expect(fixture, true, CAUSE_SERVICE_ERROR);
    fixture->config.service.unavailable_probability = 0.2;
    struct record *naive = fixture_run(fixture, 0);
    assert_true(naive->values[METRIC_FAILURE_RATE] > SDDCS / 2);
    fixture_fix(&fixture->options, false, true, true);
    fixture->options.retry_policy.attempts_max = 0;
    struct record *record = expect(fixture, false, CAUSE_OTHER);
    assert_true(record->values[METRIC_RETRIES] > SDDCS);
    fixture_destroy(fixture);
}

static void test_unknown(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.service.unknown_probability = 1;
    expect(fixture, true, CAUSE_LOST_ANSWER);
    /* With keys, asking again is safe whether the request was carried out or not. */
    fixture_fix(&fixture->options, true, true, true);
    fixture->options.retry_policy.attempts_max = 0;
    fixture->config.service.unknown_probability = 0.3;
    for (int applied = 0; applied <= 1; applied++) {
        fixture->config.service.unknown_applied_share = applied;
        struct record *record = fixture_run(fixture, 0);
        assert_int_equal(record->values[METRIC_DUPLICATE_TRIGGERS], 0);
        assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    }
    /* Without keys, requests that were carried out are carried out again. */
    fixture_fix(&fixture->options, true, true, false);
    fixture->config.service.unknown_applied_share = 1;
    struct record *record = fixture_run(fixture, 0);
    assert_true(record->values[METRIC_VIOLATIONS] > 0);
    assert_true(record->values[METRIC_HOSTS_LEFT_OVER] > 0);
    fixture_destroy(fixture);
}

static void test_throttling(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.service.limit_writes = (struct vmc_limit){.rate_per_s = 1, .burst = 5};
    struct record *record = fixture_run(fixture, 0);
    /* All ask at once: five are let in, and later steps come in step. */
    assert_int_equal(fixture_cause(record, CAUSE_THROTTLED), SDDCS - 5);
    assert_true(record->values[METRIC_THROTTLED] >= SDDCS - 5);
    /* Retry-After spreads them out: everybody gets through. */
    fixture_fix(&fixture->options, false, true, true);
    fixture->options.retry_policy.attempts_max = 0;
    expect(fixture, false, CAUSE_OTHER);
    fixture_destroy(fixture);
}

static void test_limit_lets_in_burst_then_rate(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.service.limit_add_host = (struct vmc_limit){.rate_per_s = 1.0 / 60, .burst = 3};
    fixture->config.service.retry_after = false;
    struct record *record = fixture_run(fixture, 0);
    assert_int_equal(fixture_cause(record, CAUSE_THROTTLED), SDDCS - 3);
    fixture_destroy(fixture);
}

static void test_service_outage(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.service.outages_count = 1;
    fixture->config.service.outages[0] =
        (struct vmc_window){.from_ns = 3 * UNITS_H, .to_ns = 3 * UNITS_H + 10 * UNITS_MIN};
    expect(fixture, true, CAUSE_SERVICE_ERROR);
    fixture_fix(&fixture->options, false, true, true);
    fixture->options.retry_policy.attempts_max = 0;
    expect(fixture, false, CAUSE_OTHER);
    fixture_destroy(fixture);
}

static void test_stuck_evacuation(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.maintenance.stuck_probability = 1;
    fixture->config.maintenance.stuck_duration = fixture_delay(fixture, "20min");
    expect(fixture, true, CAUSE_STUCK_EVACUATION);
    fixture->config.maintenance.stuck_duration = fixture_delay(fixture, "3h");
    expect(fixture, true, CAUSE_STUCK_EVACUATION);
    fixture_fix(&fixture->options, true, true, true); /* Sticky: trying again does not help. */
    expect(fixture, true, CAUSE_STUCK_EVACUATION);
    fixture_destroy(fixture);
}

static void test_slow_hosts(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    struct record *fast = expect(fixture, false, CAUSE_OTHER);
    fixture->config.maintenance.slow_share = 1;
    fixture->config.maintenance.slow_factor = 2;
    struct record *slow = expect(fixture, false, CAUSE_OTHER);
    assert_int_equal(slow->values[METRIC_WAVE_DURATION] - fast->values[METRIC_WAVE_DURATION],
                     2 * (5 + 50 + 2) * UNITS_MIN);
    fixture->config.maintenance.slow_factor = 20;
    expect(fixture, true, CAUSE_SLOW_WORK);
    fixture_destroy(fixture);
}

static void test_update_failure_and_repair(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.work.update_failure_probability = 1;
    fixture->config.work.repair = fixture_delay(fixture, "15min");
    struct record *record = expect(fixture, true, CAUSE_HOST_FAILURE);
    /* An injected host failure is not held against the engine. */
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    fixture->config.work.update_failure_probability = 0.5;
    fixture_fix(&fixture->options, false, true, true);
    fixture->options.retry_policy.attempts_max = 0;
    fixture->options.deadline_ns[RCE_UPDATE_HOST] = 48 * UNITS_H;
    record = expect(fixture, false, CAUSE_OTHER);
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    fixture_destroy(fixture);
}

static void test_capacity_outage(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.provisioning.outage_duration = fixture_delay(fixture, "4h");
    expect(fixture, false, CAUSE_OTHER);
    fixture->config.provisioning.outage_probability = 1;
    expect(fixture, true, CAUSE_CAPACITY_OUTAGE);
    fixture_destroy(fixture);
}

static void test_region_outage_is_shared(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.provisioning.region_outage_gap = fixture_delay(fixture, "2h");
    fixture->config.provisioning.region_outage_duration = fixture_delay(fixture, "6h");
    expect(fixture, true, CAUSE_CAPACITY_OUTAGE); /* They ask at 3 h; there is capacity at 8 h. */
    fixture->options.deadline_ns[RCE_ADD_HOST] = 10 * UNITS_H;
    fixture_fix(&fixture->options, true, false, false);
    struct record *record = expect(fixture, false, CAUSE_OTHER);
    assert_int_equal(record->values[METRIC_WAVE_DURATION] / UNITS_H,
                     (8 * 60 + 18 + 4 + 2 * 60 + 60 + 45) / 60);
    fixture_destroy(fixture);
}

static void test_slow_provisioning(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.provisioning.connect = fixture_delay(fixture, "4h");
    expect(fixture, true, CAUSE_SLOW_PROVISIONING);
    fixture->config.provisioning.connect = fixture_delay(fixture, "20min");
    fixture->config.provisioning.configure = fixture_delay(fixture, "4h");
    fixture_fix(&fixture->options, true, false, false);
    expect(fixture, true, CAUSE_SLOW_PROVISIONING); /* as the pre-check's deadline */
    fixture_destroy(fixture);
}

static void test_groups(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(4000);
    fixture->config.fleet.groups_count = 2;
    fixture->config.fleet.groups[0] = (struct vmc_group){.name = "a",
                                                         .region = "east",
                                                         .instance_type = "i3",
                                                         .share = 0.25,
                                                         .provisioning_scale = 1};
    fixture->config.fleet.groups[1] = (struct vmc_group){.name = "b",
                                                         .region = "west",
                                                         .instance_type = "i4",
                                                         .share = 0.75,
                                                         .provisioning_scale = 2};
    struct record *record = fixture_run(fixture, 0);
    /* Twice 18 + 4 min is 44 min: too late for a backup of 30 min; 22 min is not. */
    double slack = 5 * sqrt(4000 * 0.25 * 0.75);
    assert_true(fabs((double)record->values[METRIC_FAILURE_RATE] - 3000) < slack);
    for (uint32_t i = 0; i < 4000; i++)
        assert_int_equal(fixture_cell(fixture, i, COLUMN_STATUS) == RCE_FAILED,
                         fixture_cell(fixture, i, COLUMN_GROUP) == 1);
    fixture_destroy(fixture);
}

/* 27 % of measured evacuations take longer than ten minutes of silence. A naive retry then starts
 * a second task, and the host goes back into maintenance after it came out. */
static void test_naive_retry_triggers_twice(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "25min");
    fixture_fix(&fixture->options, false, true, false);
    struct record *naive = fixture_run(fixture, 0);
    assert_true(naive->values[METRIC_DUPLICATE_TRIGGERS] >= SDDCS);
    assert_true(fixture_violation(naive, VIOLATION_DUPLICATE_TRIGGER) >= SDDCS);
    assert_int_equal(fixture_cause(naive, CAUSE_DUPLICATE_TRIGGER),
                     naive->values[METRIC_FAILURE_RATE]);
    assert_true(naive->values[METRIC_FAILURE_RATE] > 0);
    fixture_fix(&fixture->options, false, true, true);
    struct record *keyed = expect(fixture, false, CAUSE_OTHER);
    assert_int_equal(keyed->values[METRIC_DUPLICATE_TRIGGERS], 0);
    assert_int_equal(keyed->values[METRIC_VIOLATIONS], 0);
    fixture->options.key_scope = RCE_KEY_PER_ATTEMPT; /* looks right, protects from nothing */
    struct record *wrong = fixture_run(fixture, 0);
    assert_int_equal(wrong->values[METRIC_DUPLICATE_TRIGGERS],
                     naive->values[METRIC_DUPLICATE_TRIGGERS]);
    fixture_destroy(fixture);
}

/* A cluster of one host: the second task takes it back into maintenance just when the engine has
 * the temporary host removed, and nothing is left to carry the workloads. */
static void test_second_trigger_hurts_workloads(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.fleet.hosts_per_cluster = fixture_number(fixture, "1");
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "25min");
    fixture_fix(&fixture->options, false, true, false);
    struct record *naive = fixture_run(fixture, 0);
    assert_int_equal(fixture_violation(naive, VIOLATION_CAPACITY), SDDCS);
    fixture_fix(&fixture->options, false, true, true);
    struct record *keyed = fixture_run(fixture, 0);
    assert_int_equal(fixture_violation(keyed, VIOLATION_CAPACITY), 0);
    fixture_destroy(fixture);
}

static void test_lost_maintenance_callback_is_healed_by_retry(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(2000);
    fixture->config.service.callback_loss = 0.02;
    struct record *old = fixture_run(fixture, 0);
    fixture_fix(&fixture->options, true, true, true);
    struct record *fixed = fixture_run(fixture, 0);
    int64_t old_lost = fixture_cause(old, CAUSE_LOST_CALLBACK);
    int64_t fixed_lost = fixture_cause(fixed, CAUSE_LOST_CALLBACK);
    /* 11 callbacks a workflow, of which the 2 of entering maintenance can be healed. */
    double p_old = 1 - pow(0.98, 11), p_fixed = 1 - pow(0.98, 9);
    assert_true(fabs((double)old_lost - 2000 * p_old) < 5 * sqrt(2000 * p_old * (1 - p_old)));
    assert_true(fabs((double)fixed_lost - 2000 * p_fixed) <
                5 * sqrt(2000 * p_fixed * (1 - p_fixed)));
    assert_true(fixed_lost < old_lost);
    fixture_destroy(fixture);
}

/* Asked every minute for three hours: more dropped tasks than an SDDC made room for. */
static void test_tasks_grow_while_requests_are_dropped(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.provisioning.connect = fixture_delay(fixture, "29min");
    fixture->config.provisioning.configure = fixture_delay(fixture, "3h");
    fixture_fix(&fixture->options, false, true, true);
    fixture->options.retry_after_ns = UNITS_MIN;
    fixture->options.retry_policy =
        (struct rce_retry_policy){.base_ns = UNITS_S, .multiplier_permille = 1000};
    fixture->options.deadline_ns[RCE_ENTER_MAINTENANCE] = 5 * UNITS_H;
    struct record *record = expect(fixture, false, CAUSE_OTHER);
    assert_true(record->values[METRIC_RETRIES] > 100 * SDDCS);
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    for (uint32_t i = 0; i < SDDCS; i++)
        assert_int_equal(fixture_cell(fixture, i, COLUMN_HOSTS), 2);
    fixture_destroy(fixture);
}

/* A launch with an outage of its own looks far ahead; those that ask about earlier times still meet
 * the outages in between. */
static void test_region_outages_are_not_forgotten(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(400);
    fixture->config.wave =
        (struct vmc_wave){.schedule = VMC_START_EVENLY, .spread_ns = 200 * UNITS_H};
    fixture->config.provisioning.region_outage_gap = fixture_delay(fixture, "6h");
    fixture->config.provisioning.region_outage_duration = fixture_delay(fixture, "6h");
    fixture->config.provisioning.outage_duration = fixture_delay(fixture, "1000h");
    struct record *plain = fixture_run(fixture, 0);
    fixture->config.provisioning.outage_probability = 0.01;
    struct record *more = fixture_run(fixture, 0);
    assert_true(fixture_cause(plain, CAUSE_CAPACITY_OUTAGE) > 50);
    assert_true(fixture_cause(more, CAUSE_CAPACITY_OUTAGE) >=
                fixture_cause(plain, CAUSE_CAPACITY_OUTAGE));
    fixture_destroy(fixture);
}

/* A re-ask that was refused is not an attempt whose callback could be meant. */
static void test_refused_retries_spoil_no_callback(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(400);
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "uniform(1min, 30min)");
    fixture->config.service.unavailable_probability = 0.2;
    fixture_fix(&fixture->options, true, true, true);
    fixture->options.retry_policy.attempts_max = 0;
    struct record *record = fixture_run(fixture, 0);
    assert_true(record->values[METRIC_RETRIES] > 400);
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    fixture_destroy(fixture);
}

static void test_repeated_exit_is_not_early(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(2000);
    fixture->config.fleet.temporary_host_share = 0;
    fixture->config.maintenance.resync = fixture_delay(fixture, "uniform(2min, 120min)");
    fixture->config.service.unknown_probability = 0.02;
    fixture->config.service.unknown_applied_share = 1;
    fixture->options.deadline_ns[RCE_EXIT_MAINTENANCE] = 6 * UNITS_H;
    fixture_fix(&fixture->options, false, true, false);
    struct record *record = fixture_run(fixture, 0);
    assert_true(record->values[METRIC_RETRIES] > 100);
    assert_int_equal(record->values[METRIC_EARLY_TRIGGER_RATE], 0);
    assert_int_equal(fixture_cause(record, CAUSE_OTHER), 0);
    fixture_destroy(fixture);
}

static void test_failed_update_stays_the_cause(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.work.update_failure_probability = 1;
    fixture->config.work.repair = fixture_delay(fixture, "10min");
    fixture_fix(&fixture->options, false, true, false);
    fixture->options.retry_policy = (struct rce_retry_policy){
        .base_ns = 10 * UNITS_S, .multiplier_permille = 1000, .attempts_max = 3};
    expect(fixture, true, CAUSE_HOST_FAILURE);
    fixture->options.retry_policy.attempts_max = 0;
    expect(fixture, true, CAUSE_HOST_FAILURE); /* at the deadline */
    fixture_destroy(fixture);
}

/* A read that looks back to before the start of the wave sees what was there at the start. */
static void test_stale_read_before_the_first_change(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.work.control_plane = NULL;
    fixture->config.work.backup = NULL;
    fixture->config.fleet.temporary_host_share = 0;
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "20min");
    fixture->config.service.read_lag = fixture_delay(fixture, "30min");
    fixture_fix(&fixture->options, false, true, true);
    struct record *record = expect(fixture, false, CAUSE_OTHER);
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    fixture_destroy(fixture);
}

static void test_hundreds_of_extra_hosts(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(4);
    fixture->config.service.unknown_probability = 0.998;
    fixture->config.service.unknown_applied_share = 1;
    fixture_fix(&fixture->options, false, true, false);
    fixture->options.retry_policy =
        (struct rce_retry_policy){.base_ns = 5 * UNITS_S, .multiplier_permille = 1000};
    struct record *record = fixture_run(fixture, 0);
    assert_true(record->values[METRIC_HOSTS_ADDED] > 4 * 256);
    assert_int_equal(record->values[METRIC_HOSTS_ADDED],
                     record->values[METRIC_HOSTS_REMOVED] + record->values[METRIC_HOSTS_LEFT_OVER]);
    fixture_destroy(fixture);
}

/* A key without the target in it is safe where the service looks at the target too, and leads the
 * second host to the first one's task where it does not. */
static void test_key_for_two_targets(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture_fix(&fixture->options, true, true, true);
    fixture->options.key_scope = RCE_KEY_PER_OPERATION;
    expect(fixture, false, CAUSE_OTHER);
    fixture->config.service.key_scope = VMC_KEY_BY_SERVICE;
    expect(fixture, true, CAUSE_DEAD_TASK);
    fixture->options.key_scope = RCE_KEY_PER_TASK;
    expect(fixture, false, CAUSE_OTHER);
    fixture_destroy(fixture);
}

static void test_extreme_limits_and_delays(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.service.limit_writes =
        (struct vmc_limit){.rate_per_s = 1e-6, .burst = 1000000000};
    struct record *record = expect(fixture, false, CAUSE_OTHER);
    assert_int_equal(record->values[METRIC_THROTTLED], 0);
    fixture->config.provisioning.launch = fixture_delay(fixture, "36500d");
    fixture->config.provisioning.boot = fixture_delay(fixture, "36500d");
    fixture->config.provisioning.connect = fixture_delay(fixture, "36500d");
    expect(fixture, true, CAUSE_SLOW_PROVISIONING);
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_answers),
        cmocka_unit_test(test_ready_after_the_last_look),
        cmocka_unit_test(test_callback_loss),
        cmocka_unit_test(test_callback_duplicate),
        cmocka_unit_test(test_callback_late),
        cmocka_unit_test(test_callback_overtakes_the_response),
        cmocka_unit_test(test_unavailable),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_throttling),
        cmocka_unit_test(test_limit_lets_in_burst_then_rate),
        cmocka_unit_test(test_service_outage),
        cmocka_unit_test(test_stuck_evacuation),
        cmocka_unit_test(test_slow_hosts),
        cmocka_unit_test(test_update_failure_and_repair),
        cmocka_unit_test(test_capacity_outage),
        cmocka_unit_test(test_region_outage_is_shared),
        cmocka_unit_test(test_slow_provisioning),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_naive_retry_triggers_twice),
        cmocka_unit_test(test_second_trigger_hurts_workloads),
        cmocka_unit_test(test_lost_maintenance_callback_is_healed_by_retry),
        cmocka_unit_test(test_tasks_grow_while_requests_are_dropped),
        cmocka_unit_test(test_region_outages_are_not_forgotten),
        cmocka_unit_test(test_refused_retries_spoil_no_callback),
        cmocka_unit_test(test_repeated_exit_is_not_early),
        cmocka_unit_test(test_failed_update_stays_the_cause),
        cmocka_unit_test(test_stale_read_before_the_first_change),
        cmocka_unit_test(test_hundreds_of_extra_hosts),
        cmocka_unit_test(test_key_for_two_targets),
        cmocka_unit_test(test_extreme_limits_and_delays),
    };
    return cmocka_run_group_tests_name("vmc/faults", tests, NULL, NULL);
}
