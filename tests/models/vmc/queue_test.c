/* The queue before the service: closed forms of a burst, of giving up and of a bounded queue; and
 * the retry storm that outlives its trigger. */
#include "tests/models/vmc/fixture.h"

enum { SDDCS = 10 };

/* All workflows begin at once, and each request takes a second of the service. */
static struct fixture *create_burst(int64_t timeout_ns, uint32_t length_max)
{
    struct fixture *fixture = fixture_create(SDDCS);
    fixture->config.fleet.temporary_host_share = 0;
    fixture->config.wave.schedule = VMC_START_AT_ONCE;
    fixture->config.service.queue =
        (struct vmc_queue){.rate_per_s = 1, .timeout_ns = timeout_ns, .length_max = length_max};
    return fixture;
}

/* The k-th request of a burst is served after k seconds. From then on the workflows are a second
 * apart, so each further request waits only for itself; one workflow makes one request at a time.
 */
static void test_burst(void **state)
{
    (void)state;
    struct fixture *fixture = create_burst(UNITS_H, 0);
    struct vmc_queue queue = fixture->config.service.queue;
    fixture->config.service.queue = (struct vmc_queue){0};
    fixture_run(fixture, 0);
    int64_t quiet_ns = fixture_cell(fixture, 0, COLUMN_ENDED);
    int64_t calls = fixture_cell(fixture, 0, COLUMN_CALLS);
    assert_true(calls >= 9); /* 2 hosts, 3 each; backup, phases 1 and 3 */
    fixture->config.service.queue = queue;
    const struct record *record = fixture_run(fixture, 0);
    for (uint32_t k = 0; k < SDDCS; k++)
        assert_int_equal(fixture_cell(fixture, k, COLUMN_ENDED), quiet_ns + (calls + k) * UNITS_S);
    assert_int_equal(record->values[METRIC_QUEUE_TIMEOUTS], 0);
    /* No outage, so nothing to recover from. */
    assert_true(record->values[METRIC_RECOVERY_TIME] == METRIC_NONE);
    assert_true(record->values[METRIC_PEAK_CALLS_AFTER_OUTAGE] == METRIC_NONE);
    fixture_destroy(fixture);
}

/* With 4.5 s of patience four of ten are served in time; the others end without an answer, at 4.5
 * s. What they asked for is done all the same. */
static void test_giving_up(void **state)
{
    (void)state;
    struct fixture *fixture = create_burst(4500 * UNITS_MS, 0);
    const struct record *record = fixture_run(fixture, 0);
    assert_int_equal(record->values[METRIC_FAILURE_RATE], 6);
    assert_int_equal(record->values[METRIC_QUEUE_TIMEOUTS], 6);
    assert_int_equal(fixture_cause(record, CAUSE_LOST_ANSWER), 6);
    for (uint32_t k = 4; k < SDDCS; k++) {
        assert_int_equal(fixture_cell(fixture, k, COLUMN_REASON), RCE_REASON_UNKNOWN);
        assert_int_equal(fixture_cell(fixture, k, COLUMN_ENDED), 4500 * UNITS_MS);
    }
    /* Somebody who asks again with the same key is led to the task that the request started. */
    fixture_fix(&fixture->options, false, true, true);
    record = fixture_run(fixture, 0);
    assert_int_equal(record->values[METRIC_FAILURE_RATE], 0);
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    assert_true(record->values[METRIC_QUEUE_TIMEOUTS] >= 6);
    fixture_destroy(fixture);
}

/* A service that lets four wait answers the others at once. */
static void test_bounded(void **state)
{
    (void)state;
    struct fixture *fixture = create_burst(4500 * UNITS_MS, 4);
    const struct record *record = fixture_run(fixture, 0);
    assert_int_equal(record->values[METRIC_FAILURE_RATE], 6);
    assert_int_equal(record->values[METRIC_QUEUE_TIMEOUTS], 0);
    assert_int_equal(fixture_cause(record, CAUSE_SERVICE_ERROR), 6);
    for (uint32_t k = 4; k < SDDCS; k++)
        assert_int_equal(fixture_cell(fixture, k, COLUMN_ENDED), 0);
    fixture_destroy(fixture);
}

/* Each region has a queue of its own. */
static void test_regions(void **state)
{
    (void)state;
    struct fixture *fixture = create_burst(4500 * UNITS_MS, 0);
    fixture->config.fleet.groups_count = SDDCS;
    for (uint32_t i = 0; i < SDDCS; i++)
        fixture->config.fleet.groups[i] =
            (struct vmc_group){.name = "g",
                               .region = arena_print(fixture->arena, "region %u", i),
                               .instance_type = "",
                               .share = 1.0 / SDDCS,
                               .provisioning_scale = 1};
    const struct record *record = fixture_run(fixture, 0);
    uint32_t largest = 0, counts[SDDCS] = {0};
    int64_t expected = 0;
    for (uint32_t k = 0; k < SDDCS; k++)
        counts[fixture_cell(fixture, k, COLUMN_GROUP)]++;
    for (uint32_t i = 0; i < SDDCS; i++) {
        largest = counts[i] > largest ? counts[i] : largest;
        expected += counts[i] > 4 ? counts[i] - 4 : 0;
    }
    assert_true(largest > 1 && largest < SDDCS);
    assert_int_equal(record->values[METRIC_FAILURE_RATE], expected);
    fixture_destroy(fixture);
}

enum { STORM_SDDCS = 120 };

/* Workflows that start over 6 h before a service that does a request in 2 s, and that is out of
 * order from 5 h to 5 h 30 min; all fixes, this spacing of the retries. */
static void run_storm(struct rce_retry_policy policy, uint32_t length_max,
                      int64_t values[VMC_METRIC_COUNT])
{
    struct fixture *fixture = fixture_create(STORM_SDDCS);
    fixture->config.wave.schedule = VMC_START_RANDOMLY;
    fixture->config.wave.spread_ns = 6 * UNITS_H;
    fixture->config.service.queue =
        (struct vmc_queue){.rate_per_s = 0.5, .timeout_ns = 30 * UNITS_S, .length_max = length_max};
    fixture->config.service.outages_count = 1;
    fixture->config.service.outages[0] =
        (struct vmc_window){.from_ns = 5 * UNITS_H, .to_ns = 5 * UNITS_H + 30 * UNITS_MIN};
    fixture_fix(&fixture->options, true, true, true);
    fixture->options.retry_policy = policy;
    const struct record *record = fixture_run(fixture, 0);
    assert_int_equal(fixture_cause(record, CAUSE_OTHER), 0);
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    memcpy(values, record->values, VMC_METRIC_COUNT * sizeof *values);
    assert_true(values[METRIC_PEAK_CALLS_AFTER_OUTAGE] <= values[METRIC_PEAK_CALLS_PER_MINUTE]);
    fixture_destroy(fixture);
}

/* A wave has about 11 requests a workflow in 15 h: a thirtieth of what the service can do. What
 * has piled up at the end of the outage, some 40 steps, is what tips it over: asking again every 10
 * s they are 40 / 40 s, twice what it can do, so every answer comes too late for ever, and the
 * service works for nobody until the deadlines have failed everything. Spread over 10 min they are
 * 0.1 a second, and it recovers. */
static void test_storm(void **state)
{
    (void)state;
    struct rce_retry_policy eager = {.base_ns = 10 * UNITS_S, .multiplier_permille = 1000};
    struct rce_retry_policy calm = {.base_ns = 30 * UNITS_S,
                                    .cap_ns = 10 * UNITS_MIN,
                                    .multiplier_permille = 2000,
                                    .jitter = RCE_JITTER_FULL};
    int64_t storm[VMC_METRIC_COUNT], recovered[VMC_METRIC_COUNT], bounded[VMC_METRIC_COUNT];
    run_storm(eager, 0, storm);
    run_storm(calm, 0, recovered);
    assert_true(storm[METRIC_FAILURE_RATE] > STORM_SDDCS * 9 / 10);
    assert_true(storm[METRIC_RECOVERY_TIME] > 4 * UNITS_H);
    assert_true(storm[METRIC_QUEUE_TIMEOUTS] > 1000);
    assert_int_equal(recovered[METRIC_FAILURE_RATE], 0);
    assert_true(recovered[METRIC_RECOVERY_TIME] < 30 * UNITS_MIN);
    assert_true(storm[METRIC_PEAK_CALLS_AFTER_OUTAGE] >
                2 * recovered[METRIC_PEAK_CALLS_AFTER_OUTAGE]);
    /* The other cure: a service that refuses what it could not answer in time. */
    run_storm(eager, 12, bounded);
    assert_int_equal(bounded[METRIC_FAILURE_RATE], 0);
    assert_int_equal(bounded[METRIC_QUEUE_TIMEOUTS], 0);
    assert_int_equal(bounded[METRIC_RECOVERY_TIME], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst),   cmocka_unit_test(test_giving_up),
        cmocka_unit_test(test_bounded), cmocka_unit_test(test_regions),
        cmocka_unit_test(test_storm),
    };
    return cmocka_run_group_tests_name("vmc/queue", tests, NULL, NULL);
}
