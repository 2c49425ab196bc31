#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figure.h"
#include "reports/identity.h"
#include "reports/progress.h"
#include "reports/table.h"
#include "reports/tsv.h"
#include "sim/base/units.h"

/* A file in memory, and what was written to it. */
struct sheet {
    char *text;
    size_t size_bytes;
    FILE *file;
};

static void sheet_open(struct sheet *sheet)
{
    sheet->file = open_memstream(&sheet->text, &sheet->size_bytes);
    assert_non_null(sheet->file);
}

static void sheet_expect(struct sheet *sheet, const char *text)
{
    fclose(sheet->file);
    assert_string_equal(sheet->text, text);
    free(sheet->text);
}

static void tsv_cells_survive_any_text(void **state)
{
    (void)state;
    struct sheet sheet;
    sheet_open(&sheet);
    struct tsv tsv = tsv_make(sheet.file);
    tsv_header(&tsv, (const char *const[]){"a", "b"}, 2);
    tsv_text(&tsv, "tab\there\nnew\\line\r");
    tsv_text(&tsv, NULL);
    tsv_empty(&tsv);
    tsv_count(&tsv, INT64_MIN);
    tsv_real(&tsv, 0.1);
    tsv_real(&tsv, -0.0);
    tsv_real(&tsv, NAN);
    tsv_hex(&tsv, 255);
    tsv_end_row(&tsv);
    sheet_expect(&sheet, "a\tb\ntab\\there\\nnew\\\\line\\r\t\t\t-9223372036854775808\t0.1\t0\t\t"
                         "00000000000000ff\n");
}

static void tsv_seconds_are_exact(void **state)
{
    (void)state;
    struct sheet sheet;
    sheet_open(&sheet);
    struct tsv tsv = tsv_make(sheet.file);
    tsv_seconds(&tsv, 0);
    tsv_seconds(&tsv, 1);
    tsv_seconds(&tsv, 1500 * UNITS_MS);
    tsv_seconds(&tsv, -500 * UNITS_MS);
    tsv_seconds(&tsv, 90 * UNITS_MIN);
    tsv_seconds(&tsv, INT64_MIN);
    tsv_end_row(&tsv);
    sheet_expect(&sheet, "0\t0.000000001\t1.5\t-0.5\t5400\t-9223372036.854775808\n");
}

static void figures_are_as_people_write_them(void **state)
{
    (void)state;
    char text[FIGURE_SIZE_BYTES];
    assert_string_equal(figure_share(text, 0.1834), "18.3 %");
    assert_string_equal(figure_share(text, 0.00412), "0.412 %");
    assert_string_equal(figure_share(text, 0), "0 %");
    assert_string_equal(figure_share(text, 1), "100 %");
    assert_string_equal(figure_share(text, 0.09996), "10.0 %"); /* Not "10.00 %". */
    assert_string_equal(figure_points(text, -0.179), "-17.9");
    assert_string_equal(figure_points(text, 0.179), "+17.9");
    assert_string_equal(figure_points(text, -0.0), "0");
    assert_string_equal(figure_count(text, 0), "0");
    assert_string_equal(figure_count(text, 999), "999");
    assert_string_equal(figure_count(text, 1000), "1,000");
    assert_string_equal(figure_count(text, -1234567), "-1,234,567");
    assert_string_equal(figure_count(text, INT64_MIN), "-9,223,372,036,854,775,808");
    assert_string_equal(figure_number(text, 163.24), "163.2");
    assert_string_equal(figure_number(text, 1520000.4), "1,520,000");
    assert_string_equal(figure_number(text, 1234.5), "1,234"); /* Halves to even, by printf. */
    assert_string_equal(figure_duration(text, 5.4e12), "1.50 h");
    assert_string_equal(figure_duration(text, 1e30), "more than 292 years");
    /* An uncertainty has the unit of its estimate, and none that cannot be seen is shown. */
    assert_string_equal(figure_duration_error(text, 396e9, 29.8 * 3.6e12), "0.11 h");
    assert_string_equal(figure_duration_error(text, 52.2 * 60e9, 29 * 3.6e12), "0.87 h");
    assert_string_equal(figure_duration_error(text, 90e9, 60e9), "1.5 min");
    assert_string_equal(figure_duration_error(text, 1e-3, 29 * 3.6e12), "");
    assert_string_equal(figure_duration_error(text, 0, 0), "");
    assert_string_equal(figure_exact_duration(text, 48.75 * 3.6e12), "2d45min");
    assert_string_equal(figure_exact_duration(text, 1.0004e9 + 1), "1s");
    assert_string_equal(figure_exact_duration(text, 12345), "12us345ns");
    assert_string_equal(figure_share_interval(text, 0.179, 0.1868), "[17.9, 18.7] %");
    assert_string_equal(figure_share_interval(text, 0, 1), "[0, 100] %");
}

/* Text of a scenario must not steer the terminal; UTF-8 stays. */
static void control_characters_do_not_get_through(void **state)
{
    (void)state;
    struct sheet sheet;
    sheet_open(&sheet);
    struct arena *arena = arena_create("test", 0);
    struct page page = {.file = sheet.file, .width = 80};
    static const char text[] = "a\033[31m b\007\177 \302\233Z\303\274";
    page_put(page.file, text);
    putc('\n', page.file);
    page_paragraph(&page, 0, text);
    page_title(&page, text);
    struct table *table = table_create(arena);
    table_add_column(table, text, TABLE_LEFT);
    table_add(table, text);
    table_print(table, &page);
    arena_destroy(arena);
    sheet_expect(&sheet, "a?[31m b?? ?Zü\na?[31m b?? ?Zü\n\na?[31m b?? ?Zü\n"
                         "  a?[31m b?? ?Zü\n  a?[31m b?? ?Zü\n");
}

/* Empty cells and cells that end in blanks leave none at the ends of rows; titles are broken. */
static void no_line_ends_in_blanks_or_is_wider_than_the_page(void **state)
{
    (void)state;
    struct sheet sheet;
    sheet_open(&sheet);
    struct arena *arena = arena_create("test", 0);
    struct page page = {.file = sheet.file, .width = 20};
    page_title(&page, "A title that is a little longer");
    struct table *table = table_create(arena);
    table_add_column(table, "a", TABLE_LEFT);
    table_add_column(table, "b", TABLE_RIGHT);
    table_add_column(table, "c", TABLE_LEFT);
    table_add(table, "1");
    table_add(table, "2   ");
    table_add(table, "");
    table_add(table, "");
    table_add(table, "");
    table_add(table, "");
    table_add(table, "");
    table_add(table, "3");
    table_add(table, "4");
    table_print(table, &page);
    arena_destroy(arena);
    sheet_expect(&sheet, "\nA title that is a\nlittle longer\n"
                         "  a     b  c\n  1  2\n\n        3  4\n");
}

static void a_table_is_aligned_by_characters(void **state)
{
    (void)state;
    struct sheet sheet;
    sheet_open(&sheet);
    struct arena *arena = arena_create("test", 0);
    struct table *table = table_create(arena);
    table_add_column(table, "name", TABLE_LEFT);
    table_add_column(table, "n", TABLE_RIGHT);
    table_add_column(table, "note", TABLE_LEFT);
    table_add(table, "Zürich");
    table_print_cell(table, "%d", 7);
    table_add_styled(table, "bad", PAGE_BAD);
    table_add(table, "x");
    table_add(table, "1,000");
    table_add(table, "");
    struct page page = {.file = sheet.file, .width = 80};
    table_print(table, &page);
    arena_destroy(arena);
    sheet_expect(&sheet, "  name        n  note\n"
                         "  Zürich      7  bad\n"
                         "  x       1,000\n");
}

static void a_wide_table_is_printed_in_parts(void **state)
{
    (void)state;
    struct sheet sheet;
    sheet_open(&sheet);
    struct arena *arena = arena_create("test", 0);
    struct table *table = table_create(arena);
    const char *const titles[] = {"row", "aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"};
    for (int i = 0; i < 4; i++)
        table_add_column(table, titles[i], TABLE_LEFT);
    for (int i = 0; i < 4; i++)
        table_print_cell(table, "%d", i);
    struct page page = {.file = sheet.file, .width = 30};
    table_print(table, &page);
    arena_destroy(arena);
    sheet_expect(&sheet, "  row  aaaaaaaaaa  bbbbbbbbbb\n"
                         "  0    1           2\n"
                         "\n"
                         "  row  cccccccccc\n"
                         "  0    3\n");
}

static void colour_only_where_the_page_has_it(void **state)
{
    (void)state;
    struct sheet sheet;
    sheet_open(&sheet);
    struct page page = {.file = sheet.file, .width = 20, .has_colour = true};
    page_style(&page, PAGE_GOOD);
    page.has_colour = false;
    page_style(&page, PAGE_BAD);
    page_paragraph(&page, 2, "one two\nthree four five six");
    sheet_expect(&sheet, "\033[32m  one two three four\n  five six\n");
    FILE *file = tmpfile();
    page = page_of(file);
    assert_int_equal(page.width, 80);
    assert_false(page.has_colour); /* No terminal. */
    fclose(file);
}

static void an_identity_says_when_it_is_partial(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct identity identity = {
        .program = "sim",
        .version = "1",
        .scenario = "s",
        .scenario_hash = 0xabc,
        .seed = 3,
        .replications = 200,
        .replications_planned = 200,
        .command = "sim run",
    };
    assert_string_equal(identity_line(&identity, arena),
                        "sim 1, scenario s (hash 0000000000000abc), seed 3, 200 replications");
    identity.replications = 1;
    assert_string_equal(identity_line(&identity, arena),
                        "sim 1, scenario s (hash 0000000000000abc), seed 3, 1 of 200 replications "
                        "(interrupted: a partial result)");
    identity.replications = identity.replications_planned = 12345;
    assert_false(identity_is_partial(&identity));
    identity.is_cut_short = true;
    assert_string_equal(identity_line(&identity, arena),
                        "sim 1, scenario s (hash 0000000000000abc), seed 3, 12,345 replications "
                        "(interrupted: a partial result)");
    json_t *value = identity_json(&identity);
    assert_true(json_is_true(json_object_get(value, "partial")));
    struct sheet sheet;
    sheet_open(&sheet);
    identity_write_json(value, sheet.file);
    fclose(sheet.file);
    json_t *again = json_loads(sheet.text, 0, NULL);
    assert_true(json_equal(again, value));
    json_decref(again);
    json_decref(value);
    free(sheet.text);
    arena_destroy(arena);
}

static void progress_is_silent_when_asked(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    struct progress quiet = progress_start(file, true), loud = progress_start(file, false);
    quiet.shown_at_ns -= UNITS_H;
    progress_show(&quiet, 1, 2, "text");
    assert_int_equal(ftell(file), 0);
    progress_show(&loud, 1, 2, "too early");
    assert_int_equal(ftell(file), 0);
    loud.started_at_ns -= UNITS_H;
    loud.shown_at_ns -= UNITS_H;
    progress_show(&loud, 1, 2, "text");
    progress_end(&loud);
    rewind(file);
    char line[128];
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, " 50 %, 1.00 h left: text\n");
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tsv_cells_survive_any_text),
        cmocka_unit_test(tsv_seconds_are_exact),
        cmocka_unit_test(figures_are_as_people_write_them),
        cmocka_unit_test(control_characters_do_not_get_through),
        cmocka_unit_test(a_table_is_aligned_by_characters),
        cmocka_unit_test(no_line_ends_in_blanks_or_is_wider_than_the_page),
        cmocka_unit_test(a_wide_table_is_printed_in_parts),
        cmocka_unit_test(colour_only_where_the_page_has_it),
        cmocka_unit_test(an_identity_says_when_it_is_partial),
        cmocka_unit_test(progress_is_silent_when_asked),
    };
    return cmocka_run_group_tests_name("reports/text", tests, NULL, NULL);
}
