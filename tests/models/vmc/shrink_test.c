/* Shrinking in the real world of the model: a failing wave becomes its core. */
#include "tests/models/vmc/fixture.h"

#include "sim/explore/shrink.h"

static struct probe_options probe_of(const struct fixture *fixture)
{
    return (struct probe_options){
        .model = &vmc_model, .parameters = &fixture->parameters, .unit = MODEL_ALL_UNITS};
}

static struct shrink_result shrink_drawn(struct fixture *fixture, uint32_t unit,
                                         uint32_t replication)
{
    struct probe_options probe = probe_of(fixture);
    struct shrink_result result;
    struct error error;
    if (!shrink_replication(&(struct shrink_options){.probe = &probe},
                            &(struct shrink_replication){
                                .seed = 20261123, .replication = replication, .unit = unit},
                            fixture->arena, &result, &error))
        fail_msg("%s", error.message);
    assert_true(result.is_minimal && result.is_complete && result.is_polished);
    return result;
}

/* Every schedule must say of itself what a fresh probe says. */
static void assert_replays(const struct fixture *fixture, const struct shrink_result *result)
{
    struct probe_options options = probe_of(fixture);
    options.parameters = result->parameters;
    struct probe *probe = probe_create(&options);
    struct probe_result run;
    struct error error;
    assert_true(probe_is_repeatable(probe, result->deviations, result->count, &error));
    assert_true(probe_run(probe, result->deviations, result->count, &run, &error));
    assert_int_equal(probe_signature(&run), result->signature);
    assert_int_equal(run.unused_count, 0);
    if (result->has_neighbour) {
        assert_true(probe_run(probe, result->neighbour, result->neighbour_count, &run, &error));
        assert_int_equal(run.finding_count, 0);
    }
    probe_destroy(probe);
}

static struct fixture *wave(void)
{
    struct fixture *fixture = fixture_create(100);
    fixture->config.fleet.clusters_per_sddc = fixture_number(fixture, "discrete(1=0.6, 3=0.4)");
    fixture->config.fleet.hosts_per_cluster =
        fixture_number(fixture, "discrete(2=0.2, 3=0.4, 8=0.4)");
    fixture->config.fleet.temporary_host_share = 0.8;
    fixture->config.provisioning.connect =
        fixture_delay(fixture, "lognormal(median=18min, sigma=0.3)");
    fixture->config.service.latency = fixture_delay(fixture, "exponential(mean=200ms)");
    fixture->config.service.callback_delay = fixture_delay(fixture, "exponential(mean=5s)");
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "uniform(1min, 20min)");
    return fixture;
}

/* Backup takes 30 min and configure 4: connect must take more than 26. */
static void test_a_wave_becomes_one_slow_host(void **state)
{
    (void)state;
    struct fixture *fixture = wave();
    for (uint32_t replication = 0; replication < 3; replication++) {
        struct shrink_result result = shrink_drawn(fixture, SHRINK_ANY_UNIT, replication);
        assert_int_equal(result.first_unit_count, 100);
        assert_int_equal(result.unit_count, 1);
        assert_int_equal(result.count, 2);
        assert_int_equal(result.deviations[0].name.purpose, PURPOSE_HOSTS);
        assert_int_equal(result.deviations[0].value, 2);
        assert_int_equal(result.deviations[1].name.purpose, PURPOSE_CONNECT);
        assert_int_equal(result.deviations[1].name.entity, entity_of_host(0, 0, ENTITY_NO_HOST));
        assert_in_range(result.deviations[1].value, 26 * UNITS_MIN, 26 * UNITS_MIN + 30 * UNITS_S);
        assert_replays(fixture, &result);
    }
    fixture_destroy(fixture);
}

/* A named workflow, in which something else went wrong than in most: the host is stuck. */
static void test_a_named_workflow(void **state)
{
    (void)state;
    struct fixture *fixture = wave();
    fixture->config.provisioning.connect = fixture_delay(fixture, "5min");
    fixture->config.service.callback_loss = 0.002;
    fixture->config.fleet.temporary_host_share = 0;
    struct record *record = fixture_run(fixture, 5);
    uint32_t unit = 0;
    while (unit < 100 && !record_is_failed(record, unit))
        unit++;
    assert_true(unit < 100);
    struct shrink_result result = shrink_drawn(fixture, unit, 5);
    assert_int_equal(result.unit_count, 1);
    assert_int_equal(result.count - result.shape_count, 1);
    assert_int_equal(result.deviations[result.shape_count].value, 1);
    assert_replays(fixture, &result);
    fixture_destroy(fixture);
}

/* Asked again without a key: the answer must be slow and the first request must have been heard. */
static void test_a_duplicate_trigger_keeps_its_signature(void **state)
{
    (void)state;
    struct fixture *fixture = wave();
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "uniform(1min, 45min)");
    fixture_fix(&fixture->options, false, true, false);
    fixture->options.retry_after_ns = 30 * UNITS_MIN;
    struct probe_options probe = probe_of(fixture);
    probe.scope = PROBE_SAFETY;
    struct shrink_result result;
    struct error error;
    if (!shrink_replication(&(struct shrink_options){.probe = &probe},
                            &(struct shrink_replication){.seed = 1, .unit = SHRINK_ANY_UNIT},
                            fixture->arena, &result, &error))
        fail_msg("%s", error.message);
    char text[SIGNATURE_TEXT_SIZE_BYTES];
    signature_print(text, sizeof text, vmc_model.explore, result.signature);
    assert_non_null(strstr(text, "duplicate trigger"));
    assert_true(result.is_minimal);
    assert_int_equal(result.unit_count, 1);
    assert_int_equal(result.count - result.shape_count, 1);
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wave_becomes_one_slow_host),
        cmocka_unit_test(test_a_named_workflow),
        cmocka_unit_test(test_a_duplicate_trigger_keeps_its_signature),
    };
    return cmocka_run_group_tests_name("shrink", tests, NULL, NULL);
}
