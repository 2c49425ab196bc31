#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/chart.h"
#include "reports/words.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "tests/reports/chart_samples.h"

static int set_up(void **state)
{
    *state = arena_create("test", 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

static void names_of_kinds_and_roles_lead_back(void **state)
{
    (void)state;
    enum chart_kind kind;
    enum chart_role role;
    for (int i = 0; i < CHART_KIND_COUNT; i++) {
        assert_true(chart_kind_of(chart_kind_name((enum chart_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    for (int i = 0; i < CHART_ROLE_COUNT; i++) {
        assert_true(chart_role_of(chart_role_name((enum chart_role)i), &role));
        assert_int_equal(role, i);
    }
    assert_false(chart_kind_of("pie", &kind));
    assert_false(chart_role_of("", &role));
}

static void expect_invalid(const struct chart *chart, const char *reason)
{
    struct error error;
    if (chart_validate(chart, &error))
        fail_msg("valid, although: %s", reason);
    assert_int_equal(error.code, ERROR_IO);
    if (strstr(error.message, reason) == NULL)
        fail_msg("\"%s\" has no \"%s\"", error.message, reason);
    assert_false(chart_validate(chart, NULL));
}

static void a_chart_needs_what_its_kind_needs(void **state)
{
    struct arena *arena = *state;
    for (int i = 0; i < SAMPLE_COUNT; i++)
        assert_true(chart_validate(sample_makers[i](arena), NULL));

    struct chart *chart = sample_interval(arena);
    chart->column_count = 3;
    chart->cell_count = 0;
    expect_invalid(chart, "chart failure-rate (interval): needs a column of role high");
    chart->column_count = 0;
    expect_invalid(chart, "has no columns");
    chart = sample_interval(arena);
    chart->columns[1].role = CHART_X;
    expect_invalid(chart, "has no use for a column of role x");
    chart->columns[1].role = CHART_HIGH;
    expect_invalid(chart, "needs a column of role low");
    chart = sample_interval(arena);
    chart->columns[1].name = chart->columns[2].name;
    expect_invalid(chart, "two columns are named estimate");
    static const char *const bad_names[] = {"", "a b", "a'b", "\xc3\xa4", "a\tb"};
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        chart->columns[1].name = bad_names[i];
        expect_invalid(chart, "the name of a column");
    }
    chart = sample_timeline(arena);
    chart->columns[1].label = "";
    expect_invalid(chart, "there is no label for column trigger");
    chart = sample_interval(arena);
    chart->cell_count--;
    expect_invalid(chart, "the last row is not complete");
    chart = sample_timeline(arena);
    chart->marks[0].at = INFINITY;
    expect_invalid(chart, "a mark has no place: detected");
    chart->marks[0].at = 1;
    chart->marks[0].axis = 'z';
    expect_invalid(chart, "a mark is at x or y: detected");
    chart->mark_count = CHART_MARKS_MAX + 1;
    expect_invalid(chart, "too many marks");
    chart = sample_areas(arena);
    chart->columns[1].role = CHART_VALUE;
    expect_invalid(chart, "needs columns of role value or area, not both");
    /* A limit belongs to the estimate before it. */
    chart = sample_timeline(arena);
    chart->columns[2].role = CHART_HIGH;
    chart->columns[3].role = CHART_LOW;
    expect_invalid(chart, "low and high must follow their estimate");
}

static void names_of_charts_are_names_of_files(void **state)
{
    static const char *const bad[] = {"", "-a", "A", "a/b", "..", "a.b", "a b", "a'b", "\xc3\xa4"};
    struct chart *chart = sample_interval(*state);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        chart->name = bad[i];
        expect_invalid(chart, "cannot be the name of a chart");
    }
    char longest[CHART_NAME_LENGTH_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[CHART_NAME_LENGTH_MAX + 1] = '\0';
    chart->name = longest;
    expect_invalid(chart, "cannot be the name of a chart");
    longest[CHART_NAME_LENGTH_MAX] = '\0';
    assert_true(chart_validate(chart, NULL));
    assert_string_equal(chart_file_name(sample_interval(*state), "gp"), "failure-rate.gp");
}

static char *data_of(struct arena *arena, const struct chart *chart)
{
    char *text = NULL;
    size_t size_bytes;
    FILE *file = open_memstream(&text, &size_bytes);
    chart_write_data(chart, file);
    assert_int_equal(fclose(file), 0);
    char *copy = arena_copy_text(arena, text);
    free(text);
    return copy;
}

static char *script_of(struct arena *arena, const struct chart *chart)
{
    char *text = NULL;
    size_t size_bytes;
    FILE *file = open_memstream(&text, &size_bytes);
    chart_write_script(chart, &sample_identity, file);
    assert_int_equal(fclose(file), 0);
    char *copy = arena_copy_text(arena, text);
    free(text);
    return copy;
}

static void numbers_come_first_and_what_is_not_finite_is_missing(void **state)
{
    struct chart *chart = chart_create(*state, CHART_INTERVAL, "a");
    SAMPLE_COLUMNS(chart, {"what", CHART_LABEL, ""}, {"low", CHART_LOW, ""},
                   {"estimate", CHART_ESTIMATE, ""}, {"high", CHART_HIGH, ""});
    SAMPLE_ROW(chart, T("tab\there\\"), N(-0.0), N(1.0 / 3), N(INFINITY));
    SAMPLE_ROW(chart, T("\"quoted\""), N(NAN), N(1e300), N(-INFINITY));
    SAMPLE_ROW(chart, T("bad \xff byte"), N(1e-9), N(123456789012345.0), N(1));
    assert_int_equal(chart_row_count(chart), 3);
    assert_string_equal(data_of(*state, chart), "low\testimate\thigh\twhat\n"
                                                "0\t0.333333333333\t\ttab\\there\\\\\n"
                                                "\t1e+300\t\t\"quoted\"\n"
                                                "1e-09\t1.23456789012e+14\t1\tbad ? byte\n");
}

static void a_chart_has_as_many_rows_as_it_gets(void **state)
{
    struct chart *chart = chart_create(*state, CHART_QQ, "many");
    SAMPLE_COLUMNS(chart, {"data", CHART_DATA, ""}, {"fit", CHART_FITTED, "fit"});
    assert_int_equal(chart_row_count(chart), 0);
    for (int i = 0; i < 10000; i++)
        SAMPLE_ROW(chart, N(i), N(2 * i));
    assert_int_equal(chart_row_count(chart), 10000);
    assert_true(chart->cells[2 * 9999 + 1].number == 19998);
}

static void units_of_time_are_those_that_people_use(void **state)
{
    (void)state;
    static const struct {
        int64_t longest_ns;
        const char *name;
        int64_t unit_ns;
    } cases[] = {{10 * UNITS_D, "d", UNITS_D},        {4 * UNITS_D, "d", UNITS_D},
                 {30 * UNITS_H, "h", UNITS_H},        {3 * UNITS_H, "h", UNITS_H},
                 {100 * UNITS_MIN, "min", UNITS_MIN}, {40 * UNITS_S, "s", UNITS_S},
                 {UNITS_MS, "ms", UNITS_MS},          {0, "ms", UNITS_MS}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unit_ns;
        assert_string_equal(chart_time_unit(cases[i].longest_ns, &unit_ns), cases[i].name);
        assert_int_equal(unit_ns, cases[i].unit_ns);
    }
}

/* The frame is what the page cuts off: the title's lines above, caption and identity below. */
static void the_frame_grows_with_the_words(void **state)
{
    struct chart *chart = sample_interval(*state);
    chart_set_words(chart, "Short", "", "");
    struct chart_frame plain = chart_frame(chart);
    chart_set_words(chart, "Short", "One.\nTwo.\nThree.", "");
    struct chart_frame captioned = chart_frame(chart);
    assert_int_equal(captioned.top, plain.top);
    assert_int_equal(captioned.bottom - plain.bottom, 3 * 14);
    chart_set_words(chart,
                    "A title that is so long that it needs a second line, because nobody can say "
                    "what this shows in fewer words",
                    "", "");
    assert_int_equal(chart_frame(chart).top - plain.top, 20);
    assert_int_equal(chart_frame(chart).bottom, plain.bottom);
}

/* What a row of the .tsv may be, and what is said of one that is not. */
static void a_data_file_is_checked_line_by_line(void **state)
{
    struct arena *arena = *state;
    static const struct {
        const char *text, *reason; /* No reason: it is read. */
    } cases[] = {
        {"low\testimate\thigh\tvariant\n", NULL},
        {"low\testimate\thigh\tvariant\n1\t2\t3\ta\\tb\n\t2\t\t\n", NULL},
        {"low\testimate\thigh\tvariant\n1\t2\t3\tno end of line", NULL},
        {"", "is empty"},
        {"low\testimate\thigh\n", "failure-rate.tsv:1: 4 cells are needed, not 3"},
        {"low\testimate\tvariant\thigh\n", ":1: column 3 must be high, not \"variant\""},
        {"low\testimate\thigh\tvariant\n1\t2\t3\n", ":2: 4 cells are needed, not 3"},
        {"low\testimate\thigh\tvariant\n1\t2\t3\ta\tb\n", ":2: 4 cells are needed, not 5"},
        {"low\testimate\thigh\tvariant\n\n", ":2: 4 cells are needed, not 1"},
        {"low\testimate\thigh\tvariant\n1\t2x\t3\ta\n",
         ":2: a number (or nothing) is needed, not 2x"},
        {"low\testimate\thigh\tvariant\n1\tnan\t3\ta\n", "not nan"},
        {"low\testimate\thigh\tvariant\n1\tinf\t3\ta\n", "not inf"},
        {"low\testimate\thigh\tvariant\n1\t0x1p3\t3\ta\n", "not 0x1p3"},
        {"low\testimate\thigh\tvariant\n1\t1e999\t3\ta\n", "not 1e999"},
        {"low\testimate\thigh\tvariant\n1\t 2\t3\ta\n", "not  2"},
        {"low\testimate\thigh\tvariant\n1\t2\t3\ta\\x\n", "a backslash must be written as \\\\"},
        {"low\testimate\thigh\tvariant\n1\t2\t3\ta\\\n", "a backslash must be written as \\\\"},
        {"low\testimate\thigh\tvariant\n1\t2\t3\t\xff\n", ":2: this is not UTF-8 text"},
    };
    char folder[] = "/tmp/chart-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_print(arena, "%s/failure-rate.tsv", folder);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *file = fopen(path, "w");
        fputs(cases[i].text, file);
        fclose(file);
        struct chart *chart = sample_interval(arena);
        chart->cell_count = 0;
        struct error error = {0};
        bool is_read = chart_read_data(chart, folder, &error);
        if (is_read != (cases[i].reason == NULL))
            fail_msg("case %zu: %s", i, is_read ? "read" : error.message);
        if (!is_read) {
            assert_int_equal(error.code, ERROR_IO);
            assert_int_equal(chart_row_count(chart), 0);
        }
        if (!is_read && strstr(error.message, cases[i].reason) == NULL)
            fail_msg("\"%s\" has no \"%s\"", error.message, cases[i].reason);
    }
    unlink(path);
    rmdir(folder);
    struct chart *chart = sample_interval(arena);
    chart->cell_count = 0;
    struct error error;
    assert_false(chart_read_data(chart, folder, &error));
    assert_non_null(strstr(error.message, "cannot read"));
}

/* A part of 100,000 rows keeps a script small: the data stays in its file. */
static void scripts_do_not_grow_with_the_rows_of_lines(void **state)
{
    struct arena *arena = *state;
    struct chart *chart = sample_convergence(arena);
    size_t before = strlen(script_of(arena, chart));
    for (int i = 201; i < 50000; i++)
        SAMPLE_ROW(chart, N(i), N(18), N(17), N(19), N(0.4), N(0.3), N(0.5));
    assert_in_range(strlen(script_of(arena, chart)), 1, before + 200);
}

static void words_are_cut_between_characters(void **state)
{
    struct arena *arena = *state;
    assert_string_equal(words_shorten(arena, "abcdef", 6), "abcdef");
    assert_string_equal(words_shorten(arena, "abcdefg", 6), "abcde\xe2\x80\xa6");
    assert_string_equal(words_shorten(arena, "abcd efg", 6), "abcd\xe2\x80\xa6");
    assert_string_equal(words_shorten(arena, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", 3),
                        "\xc3\xa4\xc3\xb6\xe2\x80\xa6");
    /* Ideographs and pictures take two columns. */
    assert_int_equal(words_length("\xe6\x97\xa5\xe6\x9c\xac a \xf0\x9f\x92\xa5"), 9);
    assert_string_equal(words_shorten(arena, "\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5", 5),
                        "\xe6\x97\xa5\xe6\x9c\xac\xe2\x80\xa6");
    /* One line, no control characters, no marks of direction, nothing that is no character. */
    assert_string_equal(words_shorten(arena,
                                      "a\nb\tc\x01"
                                      "d\x7f\xc2\x9b"
                                      "e",
                                      20),
                        "a b c d  e");
    assert_string_equal(words_shorten(arena,
                                      "a\xe2\x80\xae"
                                      "b\xe2\x81\xa6\xef\xbb\xbf\xef\xbf\xbf"
                                      "c",
                                      9),
                        "abc");
    assert_string_equal(words_shorten(arena, "a\xe2\x80\xae\nb", 9), "a b");
    assert_string_equal(words_shorten(arena, "", 2), "");
    assert_string_equal(words_clean(arena, "a\xff\xfe z"), "a?? z");
    assert_string_equal(words_clean(arena, NULL), "");
}

static void words_are_wrapped_at_blanks(void **state)
{
    struct arena *arena = *state;
    struct words_lines lines = words_wrap(arena, "one two three\nfour", 8, 9);
    assert_int_equal(lines.count, 3);
    assert_string_equal(lines.lines[0], "one two");
    assert_string_equal(lines.lines[1], "three");
    assert_string_equal(lines.lines[2], "four");
    lines = words_wrap(arena, "abcdefghij", 4, 9);
    assert_int_equal(lines.count, 3);
    assert_string_equal(lines.lines[1], "efgh");
    lines = words_wrap(arena, "one two three four", 8, 2);
    assert_int_equal(lines.count, 2);
    assert_string_equal(lines.lines[1], "three\xe2\x80\xa6");
    assert_int_equal(words_wrap(arena, "", 8, 2).count, 0);
    /* Whatever the text, no line is wider and none is no UTF-8. */
    static const char text[] = "\xe6\x97\xa5\xe6\x9c\xac \xe2\x80\xae\xc3\xa4 a\n\n\xf0\x9f\x92\xa5"
                               "bb cc  dd";
    for (size_t width = 2; width < 20; width++)
        for (size_t most = 1; most < 9; most++) {
            lines = words_wrap(arena, text, width, most);
            assert_in_range(lines.count, 1, most);
            for (size_t i = 0; i < lines.count; i++) {
                assert_true(words_length(lines.lines[i]) <= width);
                assert_true(text_is_utf8(lines.lines[i], strlen(lines.lines[i]), NULL));
            }
        }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_of_kinds_and_roles_lead_back),
        TEST(a_chart_needs_what_its_kind_needs),
        TEST(names_of_charts_are_names_of_files),
        TEST(numbers_come_first_and_what_is_not_finite_is_missing),
        TEST(a_chart_has_as_many_rows_as_it_gets),
        TEST(units_of_time_are_those_that_people_use),
        TEST(the_frame_grows_with_the_words),
        TEST(a_data_file_is_checked_line_by_line),
        TEST(scripts_do_not_grow_with_the_rows_of_lines),
        TEST(words_are_cut_between_characters),
        TEST(words_are_wrapped_at_blanks),
    };
    return cmocka_run_group_tests_name("chart", tests, NULL, NULL);
}
