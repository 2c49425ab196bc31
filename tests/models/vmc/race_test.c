/* The race against its closed form. With the old engine, a constant backup B, a connection C and a
 * configuration F, maintenance is asked for at max(B, C), the cluster is ready at C + F: it fails
 * if and only if C + F > max(B, C), which is C + F > B whenever F > 0. */
#include "tests/models/vmc/fixture.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <math.h>

/* P(C + F > B) for lognormal C and F by numerical integration over C with GSL; no draw of ours. */
struct race {
    double backup_min, connect_median, connect_sigma, configure_median, configure_sigma;
};

static double ready_later(double connect_min, void *context)
{
    const struct race *race = context;
    double left = race->backup_min - connect_min;
    double density =
        gsl_ran_lognormal_pdf(connect_min, log(race->connect_median), race->connect_sigma);
    return density * (left <= 0 ? 1
                                : gsl_cdf_lognormal_Q(left, log(race->configure_median),
                                                      race->configure_sigma));
}

static double race_probability(const struct race *race)
{
    gsl_integration_workspace *space = gsl_integration_workspace_alloc(2000);
    struct race copy = *race;
    gsl_function function = {.function = ready_later, .params = &copy};
    double below, tail, error;
    gsl_integration_qags(&function, 0, race->backup_min, 1e-10, 1e-8, 2000, space, &below, &error);
    tail = gsl_cdf_lognormal_Q(race->backup_min, log(race->connect_median), race->connect_sigma);
    gsl_integration_workspace_free(space);
    return below + tail;
}

static struct fixture *race_world(const struct race *race, uint32_t sddcs_count)
{
    char text[96];
    struct fixture *fixture = fixture_create(sddcs_count);
    fixture->config.fleet.hosts_per_cluster = fixture_number(fixture, "1");
    snprintf(text, sizeof text, "lognormal(median=%.17gmin, sigma=%.17g)", race->connect_median,
             race->connect_sigma);
    fixture->config.provisioning.connect = fixture_delay(fixture, text);
    snprintf(text, sizeof text, "lognormal(median=%.17gmin, sigma=%.17g)", race->configure_median,
             race->configure_sigma);
    fixture->config.provisioning.configure = fixture_delay(fixture, text);
    snprintf(text, sizeof text, "%.17gmin", race->backup_min);
    fixture->config.work.backup = fixture_delay(fixture, text);
    return fixture;
}

/* Five standard deviations: a chance of 6e-7 to fail with a right program. */
static void assert_share(double failed, double n, double p)
{
    double slack = 5 * sqrt(n * p * (1 - p)) + 1;
    if (fabs(failed - n * p) > slack)
        fail_msg("%.0f of %.0f failed; expected %.1f within %.1f", failed, n, n * p, slack);
}

static void test_one_cluster(void **state)
{
    (void)state;
    static const struct race races[] = {
        {30, 15.4, 0.45, 4, 0.6},
        {30, 25, 0.3, 6, 0.5},
        {45, 18, 0.4, 4, 0.6},
    };
    for (size_t i = 0; i < sizeof races / sizeof races[0]; i++) {
        struct fixture *fixture = race_world(&races[i], 20000);
        struct record *record = fixture_run(fixture, (uint32_t)i);
        double p = race_probability(&races[i]);
        assert_true(p > 0.005 && p < 0.995);
        assert_share((double)record->values[METRIC_FAILURE_RATE], 20000, p);
        assert_int_equal(record->values[METRIC_FAILURE_RATE],
                         fixture_cause(record, CAUSE_EARLY_TRIGGER));
        assert_int_equal(record->values[METRIC_FAILURE_RATE],
                         record->values[METRIC_EARLY_TRIGGER_RATE]);
        fixture_destroy(fixture);
    }
}

static void test_k_clusters(void **state)
{
    (void)state;
    static const struct race race = {30, 15.4, 0.45, 4, 0.6};
    double p = race_probability(&race);
    for (uint32_t k = 2; k <= 12; k += 5) {
        char text[16];
        struct fixture *fixture = race_world(&race, 8000);
        snprintf(text, sizeof text, "%u", k);
        fixture->config.fleet.clusters_per_sddc = fixture_number(fixture, text);
        struct record *record = fixture_run(fixture, k);
        assert_share((double)record->values[METRIC_FAILURE_RATE], 8000, 1 - pow(1 - p, k));
        fixture_destroy(fixture);
    }
}

static void test_share_of_temporary_hosts(void **state)
{
    (void)state;
    static const struct race race = {30, 15.4, 0.45, 4, 0.6};
    struct fixture *fixture = race_world(&race, 20000);
    fixture->config.fleet.temporary_host_share = 0.4;
    struct record *record = fixture_run(fixture, 0);
    assert_share((double)record->values[METRIC_FAILURE_RATE], 20000, 0.4 * race_probability(&race));
    fixture_destroy(fixture);
}

static void test_queue_removes_the_race(void **state)
{
    (void)state;
    static const struct race race = {30, 25, 0.3, 6, 0.5};
    struct fixture *fixture = race_world(&race, 2000);
    fixture->config.service.early_request = VMC_EARLY_QUEUE;
    struct record *record = fixture_run(fixture, 0);
    assert_true(record->values[METRIC_EARLY_TRIGGER_RATE] > 100);
    assert_int_equal(record->values[METRIC_FAILURE_RATE], 0);
    assert_int_equal(record->values[METRIC_VIOLATIONS], 0);
    fixture_destroy(fixture);
}

static void test_reject_is_seen_at_once(void **state)
{
    (void)state;
    static const struct race race = {30, 25, 0.3, 6, 0.5};
    struct fixture *fixture = race_world(&race, 2000);
    struct record *dropped = fixture_run(fixture, 0);
    fixture->config.service.early_request = VMC_EARLY_REJECT;
    struct record *rejected = fixture_run(fixture, 0);
    /* The same workflows fail, but by an answer and not by a deadline. */
    assert_memory_equal(dropped->failed, rejected->failed, record_words(2000) * sizeof(uint64_t));
    for (uint32_t i = 0; i < 2000; i++)
        if (fixture_cell(fixture, i, COLUMN_STATUS) == RCE_FAILED)
            assert_int_equal(fixture_cell(fixture, i, COLUMN_REASON), RCE_REASON_NOT_READY);
    fixture_destroy(fixture);
}

static void test_each_fix(void **state)
{
    (void)state;
    static const struct race race = {30, 25, 0.3, 6, 0.5};
    for (unsigned fixes = 0; fixes < 8; fixes++) {
        bool precheck = fixes & 1, retry = fixes & 2, key = fixes & 4;
        struct fixture *fixture = race_world(&race, 1000);
        fixture_fix(&fixture->options, precheck, retry, key);
        struct record *record = fixture_run(fixture, 0);
        /* The pre-check and the retry each stop the race; a key alone does nothing against it. */
        if (precheck || retry)
            assert_int_equal(record->values[METRIC_FAILURE_RATE], 0);
        else
            assert_true(record->values[METRIC_FAILURE_RATE] > 50);
        assert_int_equal(record->values[METRIC_EARLY_TRIGGER_RATE] > 0, !precheck);
        fixture_destroy(fixture);
    }
}

static void test_drop_recorded_defeats_the_key(void **state)
{
    (void)state;
    static const struct race race = {30, 25, 0.3, 6, 0.5};
    struct fixture *fixture = race_world(&race, 1000);
    fixture->config.service.early_request = VMC_EARLY_DROP_RECORDED;
    fixture_fix(&fixture->options, false, true, true);
    struct record *with_key = fixture_run(fixture, 0);
    assert_true(fixture_cause(with_key, CAUSE_DEAD_TASK) > 50);
    assert_int_equal(fixture_cause(with_key, CAUSE_DEAD_TASK),
                     with_key->values[METRIC_FAILURE_RATE]);
    fixture_fix(&fixture->options, false, true, false);
    struct record *without = fixture_run(fixture, 0);
    assert_int_equal(without->values[METRIC_FAILURE_RATE], 0);
    /* A short memory of the service lets the key's retry through again. */
    fixture->config.service.key_retention_ns = 5 * UNITS_MIN;
    fixture_fix(&fixture->options, false, true, true);
    struct record *forgotten = fixture_run(fixture, 0);
    assert_int_equal(forgotten->values[METRIC_FAILURE_RATE], 0);
    fixture_destroy(fixture);
}

static void test_settle_and_deadline_mitigations(void **state)
{
    (void)state;
    static const struct race race = {30, 25, 0.3, 6, 0.5};
    struct fixture *fixture = race_world(&race, 2000);
    struct record *none = fixture_run(fixture, 0);
    fixture->options.settle_ns = 10 * UNITS_MIN;
    struct record *some = fixture_run(fixture, 0);
    fixture->options.settle_ns = 3 * UNITS_H;
    struct record *all = fixture_run(fixture, 0);
    assert_true(some->values[METRIC_FAILURE_RATE] < none->values[METRIC_FAILURE_RATE] / 2);
    assert_true(some->values[METRIC_FAILURE_RATE] > 0);
    assert_int_equal(all->values[METRIC_FAILURE_RATE], 0);
    /* A longer deadline only makes the wait for a dropped request longer. */
    fixture->options.settle_ns = 0;
    fixture->options.deadline_ns[RCE_ENTER_MAINTENANCE] = 6 * UNITS_H;
    struct record *later = fixture_run(fixture, 0);
    assert_int_equal(later->values[METRIC_FAILURE_RATE], none->values[METRIC_FAILURE_RATE]);
    assert_true(later->values[METRIC_WAVE_DURATION] > none->values[METRIC_WAVE_DURATION]);
    fixture_destroy(fixture);
}

static void test_stale_reads_open_the_gap_again(void **state)
{
    (void)state;
    static const struct race race = {30, 25, 0.3, 6, 0.5};
    struct fixture *fixture = race_world(&race, 2000);
    fixture_fix(&fixture->options, true, false, true);
    fixture->config.service.read_lag = fixture_delay(fixture, "3min");
    struct record *record = fixture_run(fixture, 0);
    assert_true(fixture_cause(record, CAUSE_EARLY_TRIGGER) > 20);
    fixture->config.service.read_lag = fixture_delay(fixture, "0s");
    record = fixture_run(fixture, 0);
    assert_int_equal(record->values[METRIC_FAILURE_RATE], 0);
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_cluster),
        cmocka_unit_test(test_k_clusters),
        cmocka_unit_test(test_share_of_temporary_hosts),
        cmocka_unit_test(test_queue_removes_the_race),
        cmocka_unit_test(test_reject_is_seen_at_once),
        cmocka_unit_test(test_each_fix),
        cmocka_unit_test(test_drop_recorded_defeats_the_key),
        cmocka_unit_test(test_settle_and_deadline_mitigations),
        cmocka_unit_test(test_stale_reads_open_the_gap_again),
    };
    return cmocka_run_group_tests_name("vmc/race", tests, NULL, NULL);
}
