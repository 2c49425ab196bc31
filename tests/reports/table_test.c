#include "reports/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What page_command prints on a page of that width; to be freed. */
static char *print(const char *command, int indent, int width)
{
    char *text = NULL;
    size_t size_bytes;
    struct page page = {.file = open_memstream(&text, &size_bytes), .width = width};
    assert_non_null(page.file);
    page_command(&page, indent, command);
    fclose(page.file);
    return text;
}

static void expect(const char *command, int indent, int width, const char *expected)
{
    char *text = print(command, indent, width);
    assert_string_equal(text, expected);
    free(text);
}

/* Broken before options, an option with its value; the last line needs no room for a backslash, but
 * nobody knows yet that it is the last. */
static void test_breaks(void **state)
{
    (void)state;
    expect("rcesim trace a.yaml", 2, 80, "  rcesim trace a.yaml\n");
    expect("rcesim trace a.yaml --seed 1 --replication 2", 2, 30,
           "  rcesim trace a.yaml \\\n    --seed 1 --replication 2\n");
    expect("rcesim trace a.yaml --seed 1 --replication 2", 2, 32,
           "  rcesim trace a.yaml --seed 1 \\\n    --replication 2\n");
    expect("rcesim trace a.yaml --seed 1 --replication 2", 2, 31,
           "  rcesim trace a.yaml \\\n    --seed 1 --replication 2\n");
    expect("a --b --c", 0, 1, "a \\\n  --b \\\n  --c\n");
    expect("", 2, 10, "  \n");
}

/* Characters count, not bytes. */
static void test_width(void **state)
{
    (void)state;
    expect("run \xc3\xbc\xc3\xbc\xc3\xbc --seed 1", 0, 18,
           "run \xc3\xbc\xc3\xbc\xc3\xbc --seed 1\n");
    expect("run uuu --seed 1", 0, 18, "run uuu --seed 1\n");
    expect("run uuu --seed 1", 0, 17, "run uuu \\\n  --seed 1\n");
}

/* What stands in quotes is one word to a shell, and a backslash there would be a part of it. */
static void test_quotes(void **state)
{
    (void)state;
    expect("run 'a --b --c --d' --seed 1", 0, 20, "run 'a --b --c --d' \\\n  --seed 1\n");
    expect("run 'it'\\''s --b' --seed 1", 0, 15, "run 'it'\\''s --b' \\\n  --seed 1\n");
    expect("run a\\' --seed 1", 0, 12, "run a\\' \\\n  --seed 1\n");
    expect("run \\", 0, 12, "run \\\n");
}

/* Control characters do not reach a terminal. */
static void test_control(void **state)
{
    (void)state;
    expect("run '\033[2Ja' --\a\xc2\x85 1", 0, 80, "run '?[2Ja' --?? 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaks),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_control),
    };
    return cmocka_run_group_tests_name("reports/table", tests, NULL, NULL);
}
