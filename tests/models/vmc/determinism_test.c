/* Same world, same seed: the same history for any number of threads, and the same draws for both
 * sides of a comparison. */
#include "tests/models/vmc/fixture.h"

static void make_busy(struct fixture *fixture)
{
    struct vmc_config *config = &fixture->config;
    config->fleet.clusters_per_sddc = fixture_number(fixture, "discrete(1=0.6, 2=0.3, 3=0.1)");
    config->fleet.temporary_host_share = 0.8;
    config->provisioning.connect = fixture_delay(fixture, "lognormal(median=20min, sigma=0.4)");
    config->provisioning.configure = fixture_delay(fixture, "lognormal(median=4min, sigma=0.6)");
    config->provisioning.outage_probability = 0.02;
    config->provisioning.outage_duration =
        fixture_delay(fixture, "lognormal(median=30min, sigma=1.2)");
    config->maintenance.evacuate = fixture_delay(fixture, "lognormal(median=6min, sigma=0.9)");
    config->service.latency = fixture_delay(fixture, "lognormal(median=120ms, p95=900ms)");
    config->service.callback_delay = fixture_delay(fixture, "exponential(mean=5s)");
    config->service.callback_duplicate_delay = fixture_delay(fixture, "exponential(mean=30s)");
    config->service.callback_loss = 0.002;
    config->service.callback_duplicate = 0.01;
    config->service.unavailable_probability = 0.002;
    config->service.unknown_probability = 0.002;
    config->wave.schedule = VMC_START_RANDOMLY;
    config->wave.spread_ns = 6 * UNITS_H;
}

static struct result *experiment(struct fixture *fixture, const struct experiment_variant *variants,
                                 uint32_t variant_count, uint32_t threads)
{
    (void)fixture;
    struct experiment_design design = {.model = &vmc_model,
                                       .variants = variants,
                                       .variant_count = variant_count,
                                       .replication_count = 12,
                                       .seed = 7,
                                       .thread_count = threads,
                                       .rows_replication_count = 2};
    struct result *result;
    struct error error = {0};
    if (!experiment_run(&design, &result, &error))
        fail_msg("%s", error.message);
    return result;
}

static void test_threads_do_not_matter(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(60);
    make_busy(fixture);
    struct rce_options fixed = fixture->options;
    fixture_fix(&fixed, true, true, true);
    struct vmc_parameters after = fixture->parameters;
    after.options = &fixed;
    struct experiment_variant variants[] = {{"before", &fixture->parameters}, {"after", &after}};
    struct result *one = experiment(fixture, variants, 2, 1);
    static const uint32_t threads[] = {1, 2, 8};
    for (size_t i = 0; i < 3; i++) {
        struct result *other = experiment(fixture, variants, 2, threads[i]);
        assert_true(one->history_hash == other->history_hash);
        for (uint32_t r = 0; r < 12; r++)
            for (uint32_t v = 0; v < 2; v++) {
                assert_true(record_equals(result_record(one, r, v), result_record(other, r, v)));
                const struct row_table *a = result_rows(one, r, v), *b = result_rows(other, r, v);
                assert_true((a == NULL) == (b == NULL));
                if (a != NULL)
                    assert_memory_equal(a->values, b->values,
                                        a->row_count * a->column_count * sizeof(int64_t));
            }
        result_destroy(other);
    }
    /* Something happened, and the two variants were compared on draws that they share. */
    assert_true(one->synchrony[1].common_count > 10000);
    assert_true(one->synchrony[1].digest == one->synchrony[1].digest_first);
    assert_true(result_record(one, 0, 0)->history_hash != result_record(one, 0, 1)->history_hash);
    assert_true(result_record(one, 0, 0)->history_hash != result_record(one, 1, 0)->history_hash);
    result_destroy(one);
    fixture_destroy(fixture);
}

static void test_same_engine_on_both_sides(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(60);
    make_busy(fixture);
    struct experiment_variant variants[] = {{"before", &fixture->parameters},
                                            {"again", &fixture->parameters}};
    struct result *result = experiment(fixture, variants, 2, 2);
    int64_t failures = 0;
    for (uint32_t r = 0; r < 12; r++) {
        assert_true(record_equals(result_record(result, r, 0), result_record(result, r, 1)));
        failures += result_record(result, r, 0)->values[METRIC_FAILURE_RATE];
    }
    assert_true(failures > 20);
    result_destroy(result);
    fixture_destroy(fixture);
}

/* An engine that polls ten times as often makes other calls, but its hosts take as long: the check
 * of common draws would stop the experiment otherwise, and the temporary hosts are ready at the
 * same instants. */
static void test_polling_more_changes_no_delay(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(60);
    make_busy(fixture);
    fixture->config.service.latency = NULL;
    fixture->config.service.unavailable_probability = 0;
    fixture->config.service.unknown_probability = 0;
    fixture->config.service.callback_loss = 0;
    struct rce_options calm = fixture->options, eager;
    fixture_fix(&calm, true, false, false);
    calm.precheck_poll =
        (struct rce_retry_policy){.base_ns = 5 * UNITS_MIN, .multiplier_permille = 1000};
    eager = calm;
    eager.precheck_poll.base_ns = 30 * UNITS_S;
    struct vmc_parameters first = fixture->parameters, second = fixture->parameters;
    first.options = &calm;
    second.options = &eager;
    struct experiment_variant variants[] = {{"calm", &first}, {"eager", &second}};
    struct result *result = experiment(fixture, variants, 2, 1);
    assert_true(result->synchrony[1].digest == result->synchrony[1].digest_first);
    int64_t calm_reads = 0, eager_reads = 0, margins = 0;
    for (uint32_t r = 0; r < 12; r++) {
        calm_reads += result_record(result, r, 0)->values[METRIC_API_READS];
        eager_reads += result_record(result, r, 1)->values[METRIC_API_READS];
    }
    assert_true(eager_reads > calm_reads);
    const struct row_table *a = result_rows(result, 0, 0), *b = result_rows(result, 0, 1);
    for (size_t i = 0; i < a->row_count; i++) {
        const int64_t *x = a->values + i * a->column_count, *y = b->values + i * b->column_count;
        /* One cluster: ready = triggered - margin, and it does not depend on the polling. */
        if (x[COLUMN_CLUSTERS] != 1 || x[COLUMN_TRIGGER_MARGIN] == ROW_NONE)
            continue;
        assert_int_equal(x[COLUMN_TRIGGERED] - x[COLUMN_TRIGGER_MARGIN],
                         y[COLUMN_TRIGGERED] - y[COLUMN_TRIGGER_MARGIN]);
        margins += x[COLUMN_TRIGGERED] != y[COLUMN_TRIGGERED];
    }
    assert_true(margins > 0);
    result_destroy(result);
    fixture_destroy(fixture);
}

/* The first evacuation of a host takes as long whether the first request led to it (pre-check) or
 * the second, after the first was dropped (retry after 10 min of silence). */
static void test_second_request_starts_the_same_evacuation(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(50);
    fixture->config.fleet.hosts_per_cluster = fixture_number(fixture, "1");
    fixture->config.provisioning.connect = fixture_delay(fixture, "28min");
    fixture->config.maintenance.evacuate =
        fixture_delay(fixture, "truncate(lognormal(median=3min, sigma=0.3), min=1min, max=9min)");
    int64_t left_ns[2][50];
    for (int retry = 0; retry < 2; retry++) {
        fixture_fix(&fixture->options, !retry, retry, true);
        struct record *record = fixture_run(fixture, 0);
        assert_int_equal(record->values[METRIC_FAILURE_RATE], 0);
        for (uint32_t i = 0; i < 50; i++)
            left_ns[retry][i] =
                fixture_cell(fixture, i, COLUMN_ENDED) - fixture_cell(fixture, i, COLUMN_TRIGGERED);
    }
    for (uint32_t i = 0; i < 50; i++)
        assert_int_equal(left_ns[1][i] - left_ns[0][i], 10 * UNITS_MIN);
    fixture_destroy(fixture);
}

/* Events of one instant in another order: more runs of the same world, none of them worse. */
static void test_shuffled_ties(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(200);
    fixture_fix(&fixture->options, true, true, true);
    struct record *ordered = fixture_run(fixture, 0);
    fixture->parameters.shuffle_ties = true;
    struct record *shuffled = fixture_run(fixture, 0);
    struct record *again = fixture_run(fixture, 0);
    assert_true(record_equals(shuffled, again));
    assert_true(ordered->history_hash != shuffled->history_hash);
    assert_int_equal(ordered->event_count, shuffled->event_count);
    assert_int_equal(shuffled->values[METRIC_FAILURE_RATE], 0);
    assert_int_equal(shuffled->values[METRIC_VIOLATIONS], 0);
    assert_int_equal(ordered->values[METRIC_WAVE_DURATION], shuffled->values[METRIC_WAVE_DURATION]);
    fixture_destroy(fixture);
}

/* A trace changes nothing but what is written down. */
static void test_tracing_changes_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(20);
    make_busy(fixture);
    struct record *plain = fixture_run(fixture, 3);
    fixture->trace =
        trace_create(fixture->arena, &(struct trace_options){.level = TRACE_DEBUG,
                                                             .types = vmc_trace_types,
                                                             .type_count = vmc_trace_type_count});
    struct record *traced = fixture_run(fixture, 3);
    assert_true(record_equals(plain, traced));
    assert_true(trace_count(fixture->trace) > 1000);
    fixture_destroy(fixture);
}

/* Purposes are part of every result: numbers are unique and stay below the next block. */
static void test_purposes_are_unique(void **state)
{
    (void)state;
    for (const struct purpose *a = vmc_purposes; a->name != NULL; a++) {
        assert_true(a->number >= DRAW_PURPOSE_MODEL_FIRST);
        for (const struct purpose *b = vmc_purposes; b < a; b++)
            assert_int_not_equal(a->number, b->number);
    }
    assert_non_null(purpose_find(vmc_purposes, PURPOSE_CALLBACK_LOSS + RCE_ENTER_MAINTENANCE));
    assert_int_equal(PURPOSE_CONNECT, 263);
    assert_int_equal(PURPOSE_CALLBACK_LATE_DELAY, 480);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_same_engine_on_both_sides),
        cmocka_unit_test(test_polling_more_changes_no_delay),
        cmocka_unit_test(test_second_request_starts_the_same_evacuation),
        cmocka_unit_test(test_shuffled_ties),
        cmocka_unit_test(test_tracing_changes_nothing),
        cmocka_unit_test(test_purposes_are_unique),
    };
    return cmocka_run_group_tests_name("vmc/determinism", tests, NULL, NULL);
}
