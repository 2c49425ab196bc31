#include "models/rcesim/result/judged.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/base/units.h"

static const struct model model = {.name = "toy", .unit_names = "workflows"};

static void texts_say_what_was_judged(void **state)
{
    (void)state;
    static const struct {
        struct threshold_result judged;
        const char *text;
    } cases[] = {
        {{.dimension = THRESHOLD_SHARE}, "no data"},
        {{.dimension = THRESHOLD_SHARE,
          .interval = {INTERVAL_KNOWN, .179, .188, .197, .95, "", false}},
         "18.8 %, [17.9, 19.7] %"},
        {{.dimension = THRESHOLD_SHARE,
          .interval = {INTERVAL_NOT_ESTIMABLE, 0, .188, 0, .95, "", false}},
         "18.8 %, not estimable"},
        {{.dimension = THRESHOLD_SHARE,
          .subject = THRESHOLD_LEFT_MINUS_RIGHT,
          .interval = {INTERVAL_KNOWN, -.197, -.188, .179, .95, "", false}},
         "left minus right: -18.8 %, [-19.7, 17.9] %"},
        {{.dimension = THRESHOLD_NUMBER,
          .subject = THRESHOLD_LEFT_MINUS_HIGH,
          .interval = {INTERVAL_KNOWN, 1, 2.25, 3, .95, "", false}},
         "left minus upper limit: 2.250, [1.000, 3.000]"},
        {{.dimension = THRESHOLD_NUMBER,
          .is_sample = true,
          .interval = {INTERVAL_NOT_ESTIMABLE, 0, 2, 0, .95, "", false}},
         "2 (of the sample)"},
        /* A duration is as exact as its interval is wide; alone it is exact. */
        {{.dimension = THRESHOLD_DURATION,
          .interval = {INTERVAL_KNOWN, 3599.6e9, 3700.4e9, 6000.4e9, .95, "", false}},
         "1h2min, [1h, 1h40min]"},
        {{.dimension = THRESHOLD_DURATION,
          .interval = {INTERVAL_KNOWN, 3600.4e9, 3610.2e9, 3621.6e9, .95, "", false}},
         "1h10s, [1h, 1h22s]"},
        {{.dimension = THRESHOLD_DURATION,
          .interval = {INTERVAL_KNOWN, 1.5e9, 2.5e9, 3.5e9, .95, "", false}},
         "2s500ms, [1s500ms, 3s500ms]"},
        {{.dimension = THRESHOLD_DURATION,
          .is_sample = true,
          .interval = {INTERVAL_NOT_ESTIMABLE, 0, 23700.85e9, 0, .95, "", false}},
         "6h35min850ms (of the sample)"},
        {{.dimension = THRESHOLD_SHARE,
          .interval = {INTERVAL_KNOWN, 0, 0, .001, .95, "", false},
          .has_upper_bound = true,
          .upper_bound = .00075},
         "none seen; with 95 % confidence at most 0.0750 % of the workflows"},
        {{.dimension = THRESHOLD_NUMBER,
          .interval = {INTERVAL_KNOWN, 0, 3, 4, .95, "", false},
          .has_upper_bound = true,
          .upper_bound = .5,
          .bound_of = THRESHOLD_OF_REPLICATIONS},
         "3 seen; with 95 % confidence at most 50.0 % of the replications"},
        {{.dimension = THRESHOLD_NUMBER,
          .subject = THRESHOLD_LEFT_MINUS_RIGHT,
          .interval = {INTERVAL_KNOWN, 0, 0, 0, .95, "", false},
          .has_upper_bound = true,
          .upper_bound = .05,
          .bound_of = THRESHOLD_OF_REPLICATIONS},
         "left minus right: 0; with 95 % confidence the sides differ in at most 5.00 % of the "
         "replications"},
    };
    struct arena *arena = arena_create("test", 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(judged_text(arena, &model, &cases[i].judged), cases[i].text);
    arena_destroy(arena);
}

static void json_has_seconds_and_limits(void **state)
{
    (void)state;
    const struct threshold threshold = {.text = "a < b"};
    const struct threshold_result judged = {
        .verdict = THRESHOLD_INCONCLUSIVE,
        .dimension = THRESHOLD_DURATION,
        .subject = THRESHOLD_LEFT_MINUS_RIGHT,
        .reason = "why",
        .interval = {INTERVAL_KNOWN, 1e9, 2e9, 3e9, .95, "t", false},
        .low = 4e9,
        .high = 4e9,
    };
    json_t *value = judged_json(&threshold, &judged);
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(12));
    assert_string_equal(text, "{\"threshold\":\"a < b\",\"verdict\":\"INCONCLUSIVE\",\"reason\":"
                              "\"why\",\"unit\":\"s\",\"of\":\"left minus right\",\"interval\":{"
                              "\"state\":\"known\",\"estimate\":2.0,\"low\":1.0,\"high\":3.0,"
                              "\"confidence\":0.95,\"method\":\"t\"},\"is_sample\":false,"
                              "\"limit_low\":4.0,\"limit_high\":4.0}");
    free(text);
    json_decref(value);
    const struct threshold_result none = {.reason = "none", .dimension = THRESHOLD_SHARE};
    value = judged_json(&threshold, &none);
    assert_null(json_object_get(value, "limit_low"));
    assert_string_equal(json_string_value(json_object_get(value, "unit")), "share");
    json_decref(value);
}

static void undecided_is_a_failure_in_ci(void **state)
{
    (void)state;
    const struct threshold threshold = {.text = "a < b"};
    struct threshold_result judged = {.reason = "why", .dimension = THRESHOLD_SHARE};
    struct arena *arena = arena_create("test", 0);
    struct junit_case check = judged_case(arena, &model, &threshold, &judged);
    assert_int_equal(check.state, JUNIT_PASSED);
    assert_string_equal(check.name, "a < b");
    judged.verdict = THRESHOLD_INCONCLUSIVE;
    check = judged_case(arena, &model, &threshold, &judged);
    assert_int_equal(check.state, JUNIT_FAILED);
    assert_string_equal(check.type, "inconclusive");
    assert_string_equal(check.message, "INCONCLUSIVE: why");
    assert_string_equal(check.details, "no data");
    judged.verdict = THRESHOLD_FAIL;
    check = judged_case(arena, &model, &threshold, &judged);
    assert_int_equal(check.state, JUNIT_FAILED);
    assert_string_equal(check.type, "failed");
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_say_what_was_judged),
        cmocka_unit_test(json_has_seconds_and_limits),
        cmocka_unit_test(undecided_is_a_failure_in_ci),
    };
    return cmocka_run_group_tests_name("rcesim/judged", tests, NULL, NULL);
}
