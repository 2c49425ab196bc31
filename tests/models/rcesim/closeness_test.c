/* Whose fate a lateness can decide: a world in which it is known by how much a race is won or lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>
#include <string.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/run/closeness.h"
#include "models/vmc/model.h"
#include "sim/base/units.h"

enum { SDDCS = 5 };

/* Maintenance is asked for when the backup is done, 10 min after the temporary host was asked for;
 * it is ready after 7 min and what configuring takes. */
static const struct configuration *load(struct arena *arena, const char *configure,
                                        const char *evacuate)
{
    const char *text =
        arena_print(arena,
                    "question: Who is early?\n"
                    "fleet: {sddcs: %d, clusters_per_sddc: 1, hosts_per_cluster: 2,\n"
                    "  temporary_host: {share: 100%%}}\n"
                    "provisioning: {boot: 5min, connect: 2min, configure: %s,\n"
                    "  capacity_outage: {probability: 0%%}}\n"
                    "phase2: {backup: 10min, update_host: 20min, remove_host: 10min}\n"
                    "maintenance: {evacuate: %s, exit: 1min, resync: 2min,\n"
                    "  deadline: 60min}\n"
                    "host_service: {latency: 1s, early_request: drop, callback: {delay: 1s, loss: "
                    "0%%, duplicate: 0%%}}\n"
                    "variants: {before: {}}\n"
                    "experiment: {replications: 1, seed: 1}\n",
                    SDDCS, configure, evacuate);
    const struct scenario_source source = {
        .file_name = "s.yaml", .text = text, .text_size_bytes = strlen(text)};
    struct configuration *configuration;
    struct error error;
    if (!configure_load(&configuration, arena, &source, &error))
        fail_msg("%s", error.message);
    return configuration;
}

static uint32_t count_close(const char *configure, const char *evacuate, int64_t late_ns,
                            uint32_t *failed_count)
{
    struct arena *arena = arena_create("test", 0);
    const struct configuration *configuration = load(arena, configure, evacuate);
    struct error error;
    const struct closeness closeness = {.configuration = configuration,
                                        .parameters = configuration->variants[0].parameters,
                                        .late_ns = late_ns};
    bool is_close[SDDCS] = {0};
    const struct record *record;
    assert_true(closeness_simulate(&closeness, NULL, arena, &record, &error));
    assert_true(closeness_find(&closeness, is_close, &error));
    uint32_t count = 0;
    *failed_count = 0;
    for (uint32_t i = 0; i < SDDCS; i++) {
        count += is_close[i];
        *failed_count += record_is_failed(record, i);
    }
    arena_destroy(arena);
    return count;
}

static void test_early_by_a_minute(void **state)
{
    (void)state;
    uint32_t failed_count;
    assert_int_equal(count_close("4min", "5min", 40 * UNITS_S, &failed_count), 0);
    assert_int_equal(failed_count, SDDCS);
    assert_int_equal(count_close("4min", "5min", 80 * UNITS_S, &failed_count), SDDCS);
}

static void test_in_time_by_a_minute(void **state)
{
    (void)state;
    uint32_t failed_count;
    assert_int_equal(count_close("2min", "5min", 40 * UNITS_S, &failed_count), 0);
    assert_int_equal(failed_count, 0);
    assert_int_equal(count_close("2min", "5min", 80 * UNITS_S, &failed_count), SDDCS);
}

/* A deadline that is missed by a minute; no delay that takes longer makes up for it. */
static void test_late_by_a_minute(void **state)
{
    (void)state;
    uint32_t failed_count;
    assert_int_equal(count_close("2min", "61min", 40 * UNITS_S, &failed_count), 0);
    assert_int_equal(failed_count, SDDCS);
    assert_int_equal(count_close("2min", "61min", 80 * UNITS_S, &failed_count), SDDCS);
}

/* How long the wave takes when what is said takes so much longer. */
static int64_t lasts_ns(struct closeness_delays longer)
{
    struct arena *arena = arena_create("test", 0);
    const struct configuration *configuration = load(arena, "2min", "5min");
    const struct closeness closeness = {.configuration = configuration,
                                        .parameters = configuration->variants[0].parameters};
    struct error error;
    const struct record *record;
    assert_true(closeness_simulate_delayed(&closeness, &longer, NULL, arena, &record, &error));
    int64_t duration_ns = record->values[METRIC_WAVE_DURATION];
    arena_destroy(arena);
    return duration_ns;
}

/* The engine goes on when it is called back: a request delays that by its way there, which is half
 * of both ways, and an answer not at all. */
static void test_delays(void **state)
{
    (void)state;
    int64_t as_it_is_ns = lasts_ns((struct closeness_delays){0});
    int64_t called_ns = lasts_ns((struct closeness_delays){.callback_ns = 2 * UNITS_S});
    int64_t asked_ns = lasts_ns((struct closeness_delays){.request_ns = 2 * UNITS_S});
    int64_t answered_ns = lasts_ns((struct closeness_delays){.timer_ns = 2 * UNITS_S});
    assert_true(called_ns - as_it_is_ns >=
                10 * 2 * UNITS_S); /* A workflow has ten steps in a row. */
    assert_true(called_ns - as_it_is_ns == 2 * (asked_ns - as_it_is_ns));
    assert_true(answered_ns == as_it_is_ns);
}

static int set_up(void **state)
{
    (void)state;
    gsl_set_error_handler_off();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_early_by_a_minute),
        cmocka_unit_test(test_in_time_by_a_minute),
        cmocka_unit_test(test_late_by_a_minute),
        cmocka_unit_test(test_delays),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
