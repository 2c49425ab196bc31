/* Numbers with units, in and out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/base/units.h"

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t duration_ns;
    } rows[] = {
        {"0s", 0},
        {"1ns", 1},
        {"2.5us", 2500},
        {"120ms", 120 * UNITS_MS},
        {"15.4min", 924 * UNITS_S},
        {"1h30min", 90 * UNITS_MIN},
        {"1d2h3min4s5ms6us7ns",
         UNITS_D + 2 * UNITS_H + 3 * UNITS_MIN + 4 * UNITS_S + 5 * UNITS_MS + 6 * UNITS_US + 7},
        {"1e3s", 1000 * UNITS_S},
        {"-5min", -5 * UNITS_MIN},
        {"36500d", 36500 * UNITS_D},
        {"1147d22h38min59s549ms572us9ns", INT64_C(99182339549572009)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t duration_ns = -1, again_ns = -1;
        char text[UNITS_TEXT_SIZE_BYTES];
        assert_true(units_parse_duration(rows[i].text, &duration_ns, NULL));
        assert_true(duration_ns == rows[i].duration_ns);
        assert_true(units_parse_duration(units_print_duration(text, duration_ns), &again_ns, NULL));
        assert_true(again_ns == duration_ns);
    }
    char text[UNITS_TEXT_SIZE_BYTES];
    assert_string_equal(units_print_duration(text, 48 * UNITS_H + 45 * UNITS_MIN), "2d45min");
    assert_true(strlen(units_print_duration(text, INT64_MIN)) < sizeof text);
    assert_true(strlen(units_print_duration(text, INT64_MAX)) < sizeof text);
}

static void test_bad_durations(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"5",
         "\"5\" has no unit of time; write for example 5s or 5min (units: ns us ms s min h d)"},
        {"3 min",
         "\"3 min\" has no unit of time; write for example 3s or 3min (units: ns us ms s min "
         "h d)"},
        {"3minutes", "\"minutes\" is not a unit of time (units: ns us ms s min h d)"},
        {"", "\"\" is not a duration (write for example 90s, 12min, 1h30min)"},
        {"min", "\"min\" is not a duration (write for example 90s, 12min, 1h30min)"},
        {"--5s", "\"--5s\" is not a duration (write for example 90s, 12min, 1h30min)"},
        {"1h-5min", "\"1h-5min\" is not a duration (write for example 90s, 12min, 1h30min)"},
        {"0x10s", "\"x\" is not a unit of time (units: ns us ms s min h d)"},
        {"nans", "\"nans\" is not a duration (write for example 90s, 12min, 1h30min)"},
        {"999999d", "\"999999d\" is too long a duration (at most about 292 years)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error error = {0};
        int64_t duration_ns = 77;
        assert_false(units_parse_duration(rows[i][0], &duration_ns, &error));
        assert_string_equal(error.message, rows[i][1]);
        assert_int_equal(error.code, ERROR_SCENARIO);
        assert_true(duration_ns == 77);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    double value;
    int64_t count;
    assert_true(units_parse_share("2%", &value, NULL) && value == 0.02);
    assert_true(units_parse_share("0.02", &value, NULL) && value == 0.02);
    assert_true(units_parse_share("1", &value, NULL) && value == 1);
    assert_false(units_parse_share("101%", &value, NULL));
    assert_false(units_parse_share("-1%", &value, NULL));
    assert_false(units_parse_share("42abc", &value, NULL));
    assert_true(units_parse_rate("50/s", &value, NULL) && value == 50);
    assert_true(units_parse_rate("3/min", &value, NULL) && value == 0.05);
    assert_false(units_parse_rate("50", &value, NULL));
    assert_false(units_parse_rate("50/", &value, NULL));
    assert_true(units_parse_count("123456789012345678", &count, NULL));
    assert_false(units_parse_count("1e3", &count, NULL));
    assert_false(units_parse_count("010", &count, NULL));
    assert_false(units_parse_count("12.0", &count, NULL));
    assert_false(units_parse_number("nan", &value, NULL));
    assert_false(units_parse_number("1e999", &value, NULL));
}

static void test_clock_and_rough(void **state)
{
    (void)state;
    char text[UNITS_TEXT_SIZE_BYTES];
    assert_string_equal(
        units_print_clock(text, UNITS_D + 2 * UNITS_H + 3 * UNITS_MIN + 4567 * UNITS_MS),
        "1+02:03:04.567");
    assert_string_equal(units_print_clock(text, 0), "00:00:00.000");
    assert_string_equal(units_print_rough_duration(text, 94 * UNITS_MIN), "1.57 h");
    assert_string_equal(units_print_rough_duration(text, 850 * UNITS_MS), "850 ms");
    assert_string_equal(units_print_rough_duration(text, 0), "0.00 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_bad_durations),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_clock_and_rough),
    };
    return cmocka_run_group_tests_name("base/units", tests, NULL, NULL);
}
