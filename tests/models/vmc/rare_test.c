/* Importance sampling in the real world of the model, against a closed form.
 *
 * All durations are constants but connect. The backup takes 30 min, configure 4 min: the old engine
 * asks for maintenance when backup and connect are over, the cluster is ready 4 min after connect.
 * So the workflow fails if and only if connect takes longer than 26 min:
 *
 *     p = 1 - Phi(ln(26 min / 18 min) / sigma)
 *
 * and sigma makes it 1e-2 or 1e-6.
 */
#include "tests/models/vmc/fixture.h"

#include <math.h>

#include "sim/explore/rare.h"
#include "sim/explore/shrink.h"

/* ln(26/18) over the normal quantile of 1 - 1e-2 (2.3263478740408408) and of 1 - 1e-6
 * (4.7534243088228987; both by qnorm of R), to twelve digits. */
#define SIGMA_1E2 "0.158069557966"
#define SIGMA_1E6 "0.077359973828"

static struct fixture *race(const char *connect)
{
    struct fixture *fixture = fixture_create(1);
    fixture->config.provisioning.connect = fixture_delay(fixture, connect);
    return fixture;
}

static struct probe_options probe_of(const struct fixture *fixture)
{
    return (struct probe_options){.model = &vmc_model,
                                  .parameters = &fixture->parameters,
                                  .unit = MODEL_ALL_UNITS,
                                  .event_max = 100000};
}

/* Shrink a world in which connect takes an hour, and estimate with what comes out. */
static struct rare_result estimate(struct fixture *fixture, const struct rare_options *from)
{
    struct probe_options probe = probe_of(fixture);
    struct deviation slow = {{entity_of_cluster(0, 0), PURPOSE_CONNECT, 0}, 29 * UNITS_MIN};
    struct probe *runs = probe_create(&probe);
    struct probe_result run;
    struct shrink_result shrunk;
    struct rare_result result;
    struct error error = {0};
    bool is_good = probe_run(runs, &slow, 1, &run, &error);
    probe_destroy(runs);
    if (is_good && run.unused_count > 0)
        fail_msg("connect is drawn under another name");
    if (!is_good || !shrink_schedule(&(struct shrink_options){.probe = &probe}, &slow, 1,
                                     probe_signature(&run), fixture->arena, &shrunk, &error))
        fail_msg("%s", error.message);
    assert_int_equal(shrunk.count, 1);
    assert_true(shrunk.is_minimal);
    /* Typical is 18 min; a twentieth of 8 min is less than 30 s. */
    assert_int_equal(shrunk.deviations[0].value, 26 * UNITS_MIN + 10 * UNITS_S);
    struct rare_options options = *from;
    options.probe = &probe;
    options.schedules = &(struct rare_schedule){shrunk.deviations, shrunk.count};
    options.schedule_count = 1;
    if (!rare_estimate(&options, &result, &error))
        fail_msg("%s", error.message);
    assert_int_equal(result.probability.state, INTERVAL_KNOWN);
    return result;
}

static void test_the_race_at(const char *connect, double truth)
{
    struct fixture *fixture = race(connect);
    struct rare_result result = estimate(fixture, &(struct rare_options){.run_count = 20000,
                                                                         .pilot_count = 2000,
                                                                         .seed = 20261123,
                                                                         .confidence = 1 - 1e-6});
    if (!(result.probability.low <= truth && truth <= result.probability.high))
        fail_msg("%g is outside [%g, %g]", truth, result.probability.low, result.probability.high);
    assert_true(result.probability.high < 1.3 * truth && result.probability.low > 0.7 * truth);
    assert_true(truth > 1e-3 || result.variance_ratio > 1000);
    fixture_destroy(fixture);
}

static void test_the_race_at_1e2(void **state)
{
    (void)state;
    test_the_race_at("lognormal(median=18min, sigma=" SIGMA_1E2 ")", 1e-2);
}

static void test_the_race_at_1e6(void **state)
{
    (void)state;
    test_the_race_at("lognormal(median=18min, sigma=" SIGMA_1E6 ")", 1e-6);
}

/* 95 % intervals of 40 seeds: 38 are expected to hold the truth, 27 at an error of 1e-6. */
static void test_its_intervals_cover(void **state)
{
    (void)state;
    struct fixture *fixture = race("lognormal(median=18min, sigma=" SIGMA_1E6 ")");
    int holding_count = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct rare_result result = estimate(
            fixture, &(struct rare_options){.run_count = 4000, .pilot_count = 1000, .seed = seed});
        holding_count += result.probability.low <= 1e-6 && 1e-6 <= result.probability.high;
    }
    assert_in_range(holding_count, 27, 40);
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_race_at_1e2),
        cmocka_unit_test(test_the_race_at_1e6),
        cmocka_unit_test(test_its_intervals_cover),
    };
    return cmocka_run_group_tests_name("rare", tests, NULL, NULL);
}
