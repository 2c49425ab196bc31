/* A probe on a model of a few lines: which findings count, in which order, and what a run may add.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/explore/probe.h"
#include "sim/kernel/history.h"
#include "sim/kernel/trace.h"

enum { UNITS = 12, PURPOSE_BREAKS = 256, PURPOSE_FAILS = 257 };
enum { KIND_BROKEN, KIND_TORN, KIND_FAILED, KIND_COUNT };

static const char *const kinds[] = {"broken invariant", "torn invariant", "failure", NULL};
static const char *const steps[] = {"", "step one", NULL};
static const char *const states[] = {"", "asleep", NULL};
static const struct model_explore explore = {.finding_names = kinds,
                                             .finding_count = KIND_COUNT,
                                             .safety_count = KIND_FAILED,
                                             .step_names = steps,
                                             .step_count = 2,
                                             .state_names = states,
                                             .state_count = 2};

static void tell(const struct model_run *run, uint32_t unit, uint32_t kind)
{
    run->sink->finding(run->sink->context, run,
                       &(struct model_finding){.kind = kind,
                                               .step = 1,
                                               .entity = unit,
                                               .unit = unit,
                                               .at_ns = run->oracle->now_ns,
                                               .event_count = run->oracle->event_count});
}

/* Event u + 1 is that of unit u: first it may fail, then break. */
static bool run_toy(const struct model_run *run, struct record *record, struct error *error)
{
    if (run->parameters != NULL)
        return error_set(error, ERROR_SCENARIO, "a toy has no parameters");
    record->unit_count = UNITS;
    record->event_count = UNITS;
    record->history_hash = HISTORY_EMPTY;
    for (uint32_t unit = 0; unit < UNITS; unit++) {
        run->oracle->event_count = unit + 1;
        run->oracle->now_ns = unit / 2; /* Two at a time. */
        struct draw_name name = {unit, PURPOSE_FAILS, 0};
        bool fails = oracle_happens(run->oracle, name, 0.1);
        name.purpose = PURPOSE_BREAKS;
        bool breaks = oracle_happens(run->oracle, name, 0.1);
        if (fails)
            tell(run, unit, KIND_FAILED);
        if (breaks)
            tell(run, unit, unit % 2 == 0 ? KIND_BROKEN : KIND_TORN);
        trace_add(run->sink->trace,
                  &(struct trace_record){.type = 1, .level = TRACE_STEP, .subject = unit});
        record->history_hash = history_fold(record->history_hash, (uint64_t)fails << 1 | breaks);
    }
    return true;
}

static uint32_t units_max(const void *parameters)
{
    (void)parameters;
    return UNITS;
}

static const struct model toy = {
    .name = "toy", .units_max = units_max, .run = run_toy, .explore = &explore};

static struct probe *make(enum probe_scope scope, uint32_t unit)
{
    return probe_create(
        &(struct probe_options){.model = &toy, .scope = scope, .unit = unit, .seed = 7});
}

static struct deviation of(uint32_t purpose, uint32_t unit)
{
    return (struct deviation){{unit, purpose, 0}, 1};
}

static void test_findings_in_order(void **state)
{
    (void)state;
    struct probe *probe = make(PROBE_ALL, MODEL_ALL_UNITS);
    struct probe_result result;
    /* Units 2 and 3 share an instant; 4 comes after it. */
    struct deviation schedule[] = {of(PURPOSE_FAILS, 2), of(PURPOSE_FAILS, 3),
                                   of(PURPOSE_BREAKS, 3), of(PURPOSE_BREAKS, 4),
                                   of(PURPOSE_BREAKS, 2)};
    assert_true(probe_run(probe, schedule, 5, &result, NULL));
    assert_int_equal(result.finding_count, 5);
    static const uint32_t expected_kinds[] = {KIND_BROKEN, KIND_TORN, KIND_FAILED, KIND_FAILED,
                                              KIND_BROKEN};
    static const uint32_t expected_units[] = {2, 3, 2, 3, 4};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(result.findings[i].kind, expected_kinds[i]);
        assert_int_equal(result.findings[i].unit, expected_units[i]);
    }
    assert_true(probe_signature(&result) == finding_signature(&result.findings[0]));
    char text[SIGNATURE_TEXT_SIZE_BYTES];
    assert_string_equal(
        signature_print(text, sizeof text, &explore, finding_signature(&result.findings[2])),
        "failure of step one");
    assert_true(probe_run(probe, NULL, 0, &result, NULL));
    assert_int_equal(result.finding_count, 0);
    assert_true(probe_signature(&result) == 0);
    probe_destroy(probe);
}

static void test_more_than_are_kept(void **state)
{
    (void)state;
    struct probe *probe = make(PROBE_ALL, MODEL_ALL_UNITS);
    struct probe_result result;
    struct deviation schedule[UNITS + 1];
    for (uint32_t unit = 0; unit < UNITS; unit++)
        schedule[unit] = of(PURPOSE_FAILS, unit);
    schedule[UNITS] = of(PURPOSE_BREAKS, UNITS - 1);
    assert_true(probe_run(probe, schedule, UNITS + 1, &result, NULL));
    assert_int_equal(result.finding_count, UNITS + 1);
    for (uint32_t i = 0; i < PROBE_FINDINGS_MAX; i++)
        assert_int_equal(result.findings[i].unit, i);
    assert_false(probe_result_has(
        &result, finding_signature(&(struct model_finding){.kind = KIND_TORN, .step = 1})));
    probe_destroy(probe);
}

static void test_what_counts(void **state)
{
    (void)state;
    struct deviation schedule[] = {of(PURPOSE_FAILS, 2), of(PURPOSE_BREAKS, 5)};
    static const struct {
        enum probe_scope scope;
        uint32_t unit, count;
    } cases[] = {{PROBE_ALL, MODEL_ALL_UNITS, 2},
                 {PROBE_SAFETY, MODEL_ALL_UNITS, 1},
                 {PROBE_ALL, 2, 1},
                 {PROBE_SAFETY, 2, 0},
                 {PROBE_SAFETY, 5, 1},
                 {PROBE_FAILURE, MODEL_ALL_UNITS, 1},
                 {PROBE_FAILURE, 2, 1},
                 {PROBE_FAILURE, 5, 0},
                 {PROBE_ALL, 4, 0}};
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct probe *probe = make(cases[i].scope, cases[i].unit);
        struct probe_result result;
        assert_true(probe_run(probe, schedule, 2, &result, NULL));
        assert_int_equal(result.finding_count, cases[i].count);
        /* What counts has no influence on what happens. */
        assert_true(i == 0 || result.history_hash == hash);
        hash = result.history_hash;
        probe_destroy(probe);
    }
}

static void test_drawn_and_then_typical(void **state)
{
    (void)state;
    struct probe *probe = make(PROBE_ALL, MODEL_ALL_UNITS);
    struct probe_result result;
    uint32_t with_findings_count = 0;
    for (uint32_t replication = 0; replication < 50; replication++) {
        struct probe_extra extra = {
            .is_drawn = true, .has_replication = true, .replication = replication};
        assert_true(probe_run_with(probe, NULL, 0, &extra, &result, NULL));
        uint32_t count, early_count = 0, happened_count = 0;
        const struct oracle_asked *asked = probe_asked(probe, &count);
        assert_int_equal(count, 2 * UNITS);
        for (uint32_t i = 0; i < count; i++) {
            happened_count += asked[i].value != 0;
            early_count += asked[i].value != 0 && asked[i].event_count < 5;
        }
        assert_int_equal(result.finding_count, happened_count);
        with_findings_count += happened_count > 0;
        extra.typical_from_event = 5;
        assert_true(probe_run_with(probe, NULL, 0, &extra, &result, NULL));
        assert_int_equal(result.finding_count, early_count);
    }
    /* A run is without any with 0.9^24 = 0.08: of 50, at least 30 have some but for 1e-9. */
    assert_in_range(with_findings_count, 30, 50);
    probe_destroy(probe);
}

static void test_trace_and_watch(void **state)
{
    (void)state;
    struct arena *arena = arena_create("trace", 0);
    struct trace *trace = trace_create(arena, &(struct trace_options){.level = TRACE_STEP});
    struct probe *probe = make(PROBE_ALL, MODEL_ALL_UNITS);
    struct probe_result plain, traced;
    struct deviation one = of(PURPOSE_FAILS, 2);
    uint32_t count;
    assert_true(probe_run(probe, &one, 1, &plain, NULL));
    struct probe_extra extra = {
        .trace = trace, .trace_unit = MODEL_ALL_UNITS, .is_unwatched = true};
    assert_true(probe_run_with(probe, &one, 1, &extra, &traced, NULL));
    assert_int_equal(trace_count(trace), UNITS);
    assert_true(plain.history_hash == traced.history_hash);
    probe_asked(probe, &count);
    assert_int_equal(count, 0);
    probe_destroy(probe);
    arena_destroy(arena);
}

static void test_errors(void **state)
{
    (void)state;
    int parameters = 0;
    struct error error = {0};
    struct probe_result result = {.finding_count = 77};
    struct probe *probe =
        probe_create(&(struct probe_options){.model = &toy, .parameters = &parameters, .unit = 0});
    assert_false(probe_run(probe, NULL, 0, &result, &error));
    assert_string_equal(error.message, "a toy has no parameters");
    assert_int_equal(result.finding_count, 77);
    assert_false(probe_is_repeatable(probe, NULL, 0, NULL));
    probe_destroy(probe);
}

/* The same findings, but another history each time. */
static bool run_by_whim(const struct model_run *run, struct record *record, struct error *error)
{
    static uint64_t runs_count;
    if (!run_toy(run, record, error))
        return false;
    record->history_hash = history_fold(record->history_hash, ++runs_count);
    return true;
}

static void test_whim_without_findings(void **state)
{
    (void)state;
    struct error error = {0};
    struct model whimsical = toy;
    struct probe *probe = make(PROBE_ALL, MODEL_ALL_UNITS);
    assert_true(probe_is_repeatable(probe, NULL, 0, &error));
    probe_destroy(probe);
    whimsical.run = run_by_whim;
    probe = probe_create(&(struct probe_options){.model = &whimsical, .unit = MODEL_ALL_UNITS});
    assert_false(probe_is_repeatable(probe, NULL, 0, &error));
    assert_int_equal(error.code, ERROR_INTERNAL);
    probe_destroy(probe);
}

static void test_deviations_are_sorted_by_entity(void **state)
{
    (void)state;
    static const struct deviation sorted[] = {{{0, 256, 5}, 1}, {{0, 300, 0}, 1}, {{1, 256, 0}, 1},
                                              {{1, 256, 1}, 0}, {{1, 257, 0}, 0}, {{2, 256, 0}, 9}};
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++)
            assert_int_equal(deviation_compare(&sorted[i], &sorted[j]), (i > j) - (i < j));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings_in_order),
        cmocka_unit_test(test_more_than_are_kept),
        cmocka_unit_test(test_what_counts),
        cmocka_unit_test(test_drawn_and_then_typical),
        cmocka_unit_test(test_trace_and_watch),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_whim_without_findings),
        cmocka_unit_test(test_deviations_are_sorted_by_entity),
    };
    return cmocka_run_group_tests_name("explore/probe", tests, NULL, NULL);
}
