#include "sim/experiment/threshold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/experiment/toy.h"

static const char *const two[] = {"before", "after-1.5"};
static const struct threshold_names names = {&toy_model, two, 2};
static const struct threshold_names single_name = {&toy_model, two, 1};

/* What was understood, as text. */
struct account {
    char text[512];
    size_t used;
};

static void put(struct account *account, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct account *account, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof account->text - account->used;
    int count = vsnprintf(account->text + account->used, room, format, arguments);
    va_end(arguments);
    assert_true(count >= 0 && (size_t)count < room);
    account->used += (size_t)count;
}

static void put_sum(struct account *account, const struct threshold *threshold,
                    const struct threshold_sum *sum);

static void put_term(struct account *account, const struct threshold *threshold,
                     const struct threshold_term *term)
{
    put(account, "%+.6g ", term->coefficient);
    if (term->is_value)
        put(account, "=");
    switch (term->quantity) {
    case THRESHOLD_METRIC: put(account, "%s", toy_metrics[term->index].name); break;
    case THRESHOLD_QUANTILE: put(account, "q%.6g", term->share); break;
    case THRESHOLD_MEAN: put(account, "mean"); break;
    case THRESHOLD_NEW_FAILURES: put(account, "new"); break;
    case THRESHOLD_FIXED_FAILURES: put(account, "fixed"); break;
    case THRESHOLD_BOUND:
        put(account, term->is_upper ? "up{" : "low{");
        put_sum(account, threshold, &threshold->bounded[term->index]);
        put(account, "} ");
        return;
    }
    put(account, ".%u ", term->variant);
}

static void put_sum(struct account *account, const struct threshold *threshold,
                    const struct threshold_sum *sum)
{
    for (uint32_t i = 0; i < sum->term_count; i++)
        put_term(account, threshold, &threshold->terms[sum->term_first + i]);
    if (sum->constant != 0 || sum->term_count == 0)
        put(account, "%.12g ", sum->constant);
}

static const char *describe(struct account *account, const struct threshold *threshold)
{
    static const char *const relations[] = {"<", "<=", ">", ">=", "==", "within"};
    static const char *const dimensions[] = {"number", "share", "ns"};
    put(account, "%s: ", dimensions[threshold->dimension]);
    put_sum(account, threshold, &threshold->left);
    put(account, "%s ", relations[threshold->relation]);
    put_sum(account, threshold, &threshold->low);
    if (threshold->relation == THRESHOLD_WITHIN) {
        put(account, ".. ");
        put_sum(account, threshold, &threshold->high);
    }
    account->text[account->used - 1] = '\0';
    return account->text;
}

static void expect(const char *text, const char *is, const struct threshold_names *with)
{
    struct threshold threshold;
    struct error error = {0};
    size_t at = 999;
    if (!threshold_parse(&threshold, text, with, &at, &error))
        fail_msg("%s: at %zu: %s", text, at, error.message);
    struct account account = {.used = 0};
    if (strcmp(describe(&account, &threshold), is) != 0)
        fail_msg("%s: %s", text, account.text);
    assert_ptr_equal(threshold.text, text);
    assert_int_equal(at, 999);
}

static void one_metric_and_a_number(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"failure_rate(before) within 15%..21%", "share: +1 failure_rate.0 within 0.15 .. 0.21"},
        {"failure_rate(after-1.5) < 1%", "share: +1 failure_rate.1 < 0.01"},
        {"failure_rate(after-1.5)<0.01", "share: +1 failure_rate.1 < 0.01"},
        {"violations(after-1.5) == 0", "number: +1 violations.1 == 0"},
        {"value(failure_rate(before))>=0.15", "share: +1 =failure_rate.0 >= 0.15"},
        {"  value ( calls ( before ) )  within  1.5 .. 2e0  ",
         "number: +1 =calls.0 within 1.5 .. 2"},
        {"duration(before)<=1h30min", "ns: +1 duration.0 <= 5.4e+12"},
        {"duration(before)\twithin 90min..2h", "ns: +1 duration.0 within 5.4e+12 .. 7.2e+12"},
        {"waste(before) == 0", "ns: +1 waste.0 == 0"},
        {"value(waste(before)) == 3h", "ns: +1 =waste.0 == 1.08e+13"},
        {"calls(before) > -1", "number: +1 calls.0 > -1"},
        {"calls(before) > +1e+2", "number: +1 calls.0 > 100"},
        {"calls(before) > 1E-2", "number: +1 calls.0 > 0.01"},
        {"calls(before) > .5", "number: +1 calls.0 > 0.5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(cases[i][0], cases[i][1], &names);
    expect("failure_rate < 1%", "share: +1 failure_rate.0 < 0.01", &single_name);
    expect("failure_rate(before) < 1%", "share: +1 failure_rate.0 < 0.01", &single_name);
    expect("p95(life) < 1h", "ns: +1 q0.95.0 < 3.6e+12", &single_name);
    expect("failure_rate within 1%..2%", "share: +1 failure_rate.0 within 0.01 .. 0.02",
           &single_name);
}

static void every_production(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        /* Quantities. */
        {"p50(life(before)) < 1h", "ns: +1 q0.5.0 < 3.6e+12"},
        {"p99.9(life(before)) < 1h", "ns: +1 q0.999.0 < 3.6e+12"},
        {"median(life(before)) < 1h", "ns: +1 q0.5.0 < 3.6e+12"},
        {"mean(life(before)) < 1h", "ns: +1 mean.0 < 3.6e+12"},
        {"value(min(life(before))) > 0", "ns: +1 =q0.0 > 0"},
        {"value(max(life(before))) > 0", "ns: +1 =q1.0 > 0"},
        {"value(p100(life(before))) > 0", "ns: +1 =q1.0 > 0"},
        {"new_failures(after-1.5) == 0", "share: +1 new.1 == 0"},
        {"fixed_failures(after-1.5) > 10%", "share: +1 fixed.1 > 0.1"},
        {"upper(failure_rate(before)) < 1%", "share: +1 up{+1 failure_rate.0 } < 0.01"},
        {"lower(calls(before) - calls(after-1.5)) > 0",
         "number: +1 low{+1 calls.0 -1 calls.1 } > 0"},
        {"value(calls(before) - 2) > 0", "number: +1 =calls.0 -2 > 0"},
        {"upper(2 * p95(life(before)) + 5min) < 1h",
         "ns: +1 up{+2 q0.95.0 300000000000 } < 3.6e+12"},
        /* Products. */
        {"2 * calls(before) < 5", "number: +2 calls.0 < 5"},
        {"calls(before) * 2 < 5", "number: +2 calls.0 < 5"},
        {"calls(before) / 4 < 5", "number: +0.25 calls.0 < 5"},
        {"2 * 3 * calls(before) / 4 < 5 * 2 / 4", "number: +1.5 calls.0 < 2.5"},
        {"110% * p95(life(before)) < 50% * 1h", "ns: +1.1 q0.95.0 < 1.8e+12"},
        {"failure_rate(before) < 2 * 5%", "share: +1 failure_rate.0 < 0.1"},
        {"failure_rate(before) < 5% * 2", "share: +1 failure_rate.0 < 0.1"},
        {"failure_rate(before) < 5% * 50%", "share: +1 failure_rate.0 < 0.025"},
        {"calls(before) / 50% < 5", "number: +2 calls.0 < 5"},
        {"-calls(before) < -2 * -3", "number: -1 calls.0 < 6"},
        {"- + -2 * calls(before) < 5", "number: +2 calls.0 < 5"},
        {"2 * upper(calls(before)) < 5", "number: +2 up{+1 calls.0 } < 5"},
        /* Sums, brackets. */
        {"calls(before) - calls(after-1.5) > 1 + 2 - 4", "number: +1 calls.0 -1 calls.1 > -1"},
        {"calls(before)-1>1-2", "number: +1 calls.0 -1 > -1"},
        {"(calls(before) + calls(after-1.5)) / 2 < (1 + 2) * 3",
         "number: +0.5 calls.0 +0.5 calls.1 < 9"},
        {"2 * (calls(before) - (1 - violations(before))) < 1",
         "number: +2 calls.0 +2 violations.0 -2 < 1"},
        {"((((((((calls(before))))))))) < 1", "number: +1 calls.0 < 1"},
        {"failure_rate(before) + 5% < 0.5", "share: +1 failure_rate.0 0.05 < 0.5"},
        {"duration(before) + 5min < 1h - 5min", "ns: +1 duration.0 300000000000 < 3.3e+12"},
        {"duration(before) - 0 < 1h", "ns: +1 duration.0 < 3.6e+12"},
        {"calls(before) + calls(before) < 1", "number: +2 calls.0 < 1"},
        {"calls(before) + violations(before) - calls(before) < 1", "number: +1 violations.0 < 1"},
        {"calls(before) + value(calls(before)) < 1", "number: +1 calls.0 +1 =calls.0 < 1"},
        /* Sides. */
        {"p95(life(after-1.5)) < 1.1 * p95(life(before))", "ns: +1 q0.95.1 < +1.1 q0.95.0"},
        {"calls(after-1.5) <= 1.2 * calls(before) + 5", "number: +1 calls.1 <= +1.2 calls.0 5"},
        {"5 > calls(before)", "number: +1 calls.0 < 5"},
        {"5 >= calls(before)", "number: +1 calls.0 <= 5"},
        {"5 < calls(before)", "number: +1 calls.0 > 5"},
        {"5% <= failure_rate(before)", "share: +1 failure_rate.0 >= 0.05"},
        {"0 == violations(before)", "number: +1 violations.0 == 0"},
        {"violations(before) == violations(after-1.5)",
         "number: +1 violations.0 == +1 violations.1"},
        {"2 * violations(before) + 3 == 3", "number: +2 violations.0 3 == 3"},
        {"value(violations(before)) == upper(calls(before))",
         "number: +1 =violations.0 == +1 up{+1 calls.0 }"},
        {"p95(life(after-1.5)) within 0.9 * p95(life(before))..1.1 * p95(life(before))",
         "ns: +1 q0.95.1 within +0.9 q0.95.0 .. +1.1 q0.95.0"},
        {"failure_rate(before) - failure_rate(after-1.5) within -500%..500%",
         "share: +1 failure_rate.0 -1 failure_rate.1 within -5 .. 5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(cases[i][0], cases[i][1], &names);
}

static const struct bad {
    const char *text;
    size_t at;
    const char *message;
} bad_words[] = {
    {"", 0, "expected a metric or a number"},
    {"   ", 3, "expected a metric or a number"},
    {"< 1%", 0, "expected a metric or a number"},
    {"failure_rte(after-1.5) < 1%", 0,
     "there is no metric \"failure_rte\"; did you mean \"failure_rate\"?"},
    {"valeu(failure_rate(before)) < 1%", 0,
     "there is no metric \"valeu\"; did you mean \"value\"?"},
    {"xyz(before) < 1%", 0, "there is no metric \"xyz\""},
    {"life(before) < 1h", 0,
     "life has a value for every unit; write for example p95(life(...)), or mean, median"},
    {"p95(calls(before)) < 1", 4,
     "calls has one value for each replication; quantiles and means are of values for every "
     "unit, such as life"},
    {"p95(lief(before)) < 1h", 4,
     "there is no duration \"lief\" (durations: life); did you mean \"life\"?"},
    {"p95(xyz(before)) < 1h", 4, "there is no duration \"xyz\" (durations: life)"},
    {"p101(life(before)) < 1h", 0, "there is no p101: quantiles go from p0 to p100"},
    {"p0(life(before)) < 1h", 0,
     "p0 is the least one seen, and says nothing of the true value; write value(p0(...))"},
    {"upper(max(life(before))) < 1h", 6,
     "max is the greatest one seen, and says nothing of the true value; write value(max(...))"},
    {"failure_rate(aftr-1.5) < 1%", 13,
     "there is no variant \"aftr-1.5\"; did you mean \"after-1.5\"?"},
    {"failure_rate() < 1%", 13, "expected the name of a variant"},
    {"failure_rate(before < 1%", 20, "expected \")\""},
    {"failure_rate < 1%", 13, "expected \"(\" and the variant, as in failure_rate(before)"},
    {"new_failures < 1%", 13, "expected \"(\" and the variant, as in new_failures(before)"},
    {"new_failures(before) == 0", 13,
     "new_failures compares with the first variant, before; name another one"},
    {"value < 1", 6, "expected \"(\" after value"},
    {"mean + 1 < 1", 5, "expected \"(\" after mean"},
    {"value(failure_rate(before) < 1%", 27, "expected \")\" after value(..."},
    {"upper(failure_rate(before) < 1%", 27, "expected \")\" after upper(..."},
    {"p95(life(before) < 1h", 17, "expected \")\""},
    {"(calls(before) < 1h", 15, "expected \")\""},
    {"value(value(calls(before))) < 1", 6,
     "value(...) cannot stand inside of value, lower or upper"},
    {"lower(upper(calls(before))) < 1", 6,
     "upper(...) cannot stand inside of value, lower or upper"},
    {"value(before) < 1%", 6, "there is no metric \"before\""},
    {"value(5) < 1%", 6, "expected a metric inside of value(...)"},
    {"upper(1 + 2) < 1%", 6, "expected a metric inside of upper(...)"},
    {"a1234567890123456789012345678901234567890123456789012345678901234567890b(b) < 1", 0,
     "the name of the metric is longer than 71 characters"},
};

static const struct bad bad_numbers[] = {
    {"calls(before) < 5min", 16, "5min is a duration, but calls(before) is a number"},
    {"calls(before) < 5%", 16, "5% is a share, but calls(before) is a number"},
    {"failure_rate(before) + 5min < 1%", 23,
     "5min is a duration, but failure_rate(before) is a share"},
    {"failure_rate(before) < 5min", 23, "5min is a duration, but failure_rate(before) is a share"},
    {"5% + calls(before) < 1", 5, "calls(before) is a number, but 5% is a share"},
    {"duration(before) - calls(before) < 1h", 19,
     "calls(before) is a number, but duration(before) is a duration"},
    {"duration(before) within 1h..calls(before)", 28,
     "calls(before) is a number, but duration(before) is a duration"},
    {"duration(before) < 5", 19,
     "\"5\" has no unit of time; write for example 90s, 12min, 1h30min (units: ns us ms s min h "
     "d)"},
    {"2 * 3 + duration(before) < 5h", 0,
     "\"2 * 3\" has no unit of time; write for example 90s, 12min, 1h30min (units: ns us ms s min "
     "h d)"},
    {"duration(before) < 5x", 19, "\"x\" is not a unit of time (units: ns us ms s min h d)"},
    {"calls(before) < 1.2.3", 16, "\"1.2.3\" is not a number"},
    {"violations(before) < 1e999", 21, "\"1e999\" is not a number"},
    {"violations(before) < 1e31", 21, "this becomes too large a number"},
    {"1e10 * 1e10 * calls(before) < 1", 12, "this becomes too large a number"},
    {"calls(before) / 1e-16 < 1", 14, "this becomes too large a number"},
    {"calls(before) < 123456789012345678901234567890123456789012345678901234567890123456789012", 16,
     "the number is longer than 71 characters"},
    {"calls(before) * violations(before) < 1", 14,
     "one of the two factors has to be a plain number or a percentage"},
    {"calls(before) * 5min < 1h", 14,
     "one of the two factors has to be a plain number or a percentage"},
    {"failure_rate(before) / failure_rate(after-1.5) < 1", 21,
     "a ratio cannot be judged; compare with a multiple instead, as in a < 0.1 * b"},
    {"duration(before) / 5min < 1", 17, "the divisor has to be a plain number or a percentage"},
    {"calls(before) / 0 < 1", 16, "this divides by 0"},
    {"calls(before) / (2 - 2) < 1", 16, "this divides by 0"},
    {"calls(before) + < 1", 16, "expected a metric or a number"},
    {"calls(before) * < 1", 16, "expected a metric or a number"},
    {"(((((((((calls(before))))))))))", 8, "more than 8 parentheses inside of each other"},
};

static const struct bad bad_comparisons[] = {
    {"failure_rate(before)", 20, "expected within, <, <=, >, >= or =="},
    {"failure_rate(before) = 0", 21, "expected within, <, <=, >, >= or =="},
    {"failure_rate(before) != 0", 21, "expected within, <, <=, >, >= or =="},
    {"failure_rate(before) <", 22, "expected a metric or a number"},
    {"failure_rate(before) < 1% 2", 26, "expected the end of the threshold"},
    {"1% < failure_rate(before) < 5%", 26,
     "one comparison is enough; for two limits write within a..b"},
    {"failure_rate(before) < 101%", 23,
     "failure_rate(before) is a share: write 0% to 100%, not 101%"},
    {"failure_rate(before) < -1%", 23,
     "failure_rate(before) is a share: write 0% to 100%, not -1%"},
    {"3 > value(failure_rate(before))", 0,
     "value(failure_rate(before)) is a share: write 0% to 100%, not 3"},
    {"new_failures(after-1.5) within 0..2", 34,
     "new_failures(after-1.5) is a share: write 0% to 100%, not 2"},
    {"failure_rate(before) within 15%", 31, "expected \"..\", as in within 15%..21%"},
    {"failure_rate(before) within 21%..15%", 33, "the upper limit is below the lower one"},
    {"5% within 1%..failure_rate(before)", 0, "expected a metric in front of within"},
    {"1 < 2", 0, "this compares numbers only; name a metric"},
    {"calls(before) - calls(before) < 2", 0, "this compares numbers only; name a metric"},
    {"0 * calls(before) < 2", 0, "this compares numbers only; name a metric"},
    {"calls(before) < calls(before) + 2", 14, "both sides are the same but for a number"},
    {"calls(before) within 1..calls(before) + 2", 14, "both sides are the same but for a number"},
    {"failure_rate(before) == 5%", 21,
     "== of a plain name works with 0 only, because no interval is one number; write within a..b, "
     "or value(...) =="},
    {"violations(before) == violations(after-1.5) + 1", 19,
     "== of a plain name works with 0 only, because no interval is one number; write within a..b, "
     "or value(...) =="},
    {"p95(life(before)) == p95(life(after-1.5))", 18,
     "== of a quantile or a mean needs value(...), because no interval is one number"},
    {"calls(before) == value(calls(after-1.5))", 14,
     "== with value(...), lower(...) or upper(...) needs one of them around everything"},
    {"upper(calls(before)) + upper(calls(before)) + upper(calls(before)) + upper(calls(before)) + "
     "upper(calls(before)) < 1",
     92, "there are more than 4 of lower(...) and upper(...)"},
};

static void check_bad(const struct bad *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct threshold threshold = {.text = "untouched"};
        struct error error = {0};
        size_t at = 999;
        if (threshold_parse(&threshold, cases[i].text, &names, &at, &error))
            fail_msg("\"%s\" was taken", cases[i].text);
        if (at != cases[i].at || strcmp(error.message, cases[i].message) != 0)
            fail_msg("\"%s\": at %zu: %s", cases[i].text, at, error.message);
        assert_int_equal(error.code, ERROR_SCENARIO);
        assert_string_equal(threshold.text, "untouched");
        assert_false(threshold_parse(&threshold, cases[i].text, &names, NULL, NULL));
    }
}

static void bad_texts_say_what_and_where(void **state)
{
    (void)state;
    check_bad(bad_words, sizeof bad_words / sizeof bad_words[0]);
    check_bad(bad_numbers, sizeof bad_numbers / sizeof bad_numbers[0]);
    check_bad(bad_comparisons, sizeof bad_comparisons / sizeof bad_comparisons[0]);
}

static void the_number_of_terms_is_limited(void **state)
{
    (void)state;
    char text[2048];
    size_t used = (size_t)snprintf(text, sizeof text, "p1(life(before))");
    for (int i = 2; i <= 24; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, " + p%d(life(before))", i);
    struct threshold threshold;
    struct error error;
    size_t at = 0;
    snprintf(text + used, sizeof text - used, " < 1h");
    assert_true(threshold_parse(&threshold, text, &names, &at, &error));
    assert_int_equal(threshold.left.term_count, 24);
    snprintf(text + used, sizeof text - used, " + p25(life(before)) < 1h");
    assert_false(threshold_parse(&threshold, text, &names, &at, &error));
    assert_int_equal(at, used + 3);
    assert_string_equal(error.message, "this is more than 24 different quantities");
    snprintf(text + used, sizeof text - used, " < p25(life(before))");
    assert_false(threshold_parse(&threshold, text, &names, &at, &error));
    assert_int_equal(at, used + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_metric_and_a_number),
        cmocka_unit_test(every_production),
        cmocka_unit_test(bad_texts_say_what_and_where),
        cmocka_unit_test(the_number_of_terms_is_limited),
    };
    return cmocka_run_group_tests_name("experiment/threshold_parse", tests, NULL, NULL);
}
