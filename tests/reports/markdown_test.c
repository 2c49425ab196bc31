#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/markdown.h"
#include "tests/reports/page_samples.h"

static void markdown_is_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture, NULL);
    char *text = text_of(fixture, markdown_write);
    expect_golden("page.md", text);
}

/* Outside of fences and code no line may begin like markup of a stranger, and no tag may stand. */
static void check_markdown(const char *text)
{
    char fence[64] = "";
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        char line[8192];
        assert_in_range(length, 0, sizeof line - 1);
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        text += length + (text[length] == '\n');
        size_t ticks = strspn(line, "`");
        if (*fence != '\0') {
            if (strcmp(line, fence) == 0)
                *fence = '\0';
            continue;
        }
        if (ticks >= 3 && strchr(line + ticks, '`') == NULL) {
            snprintf(fence, sizeof fence, "%.*s", (int)ticks, line);
            continue;
        }
        assert_true(strncmp(line, "# heading", 9) != 0 && strncmp(line, "- list", 6) != 0);
        assert_true(strncmp(line, "1. ", 3) != 0 && strncmp(line, "    ", 4) != 0);
        if (strncmp(line, "- ", 2) == 0)
            continue; /* A check: code, whose fence is checked elsewhere. */
        assert_null(strstr(line, "<script"));
        assert_null(strstr(line, "<img"));
        assert_null(strstr(line, " [y]("));
        assert_null(strstr(line, " `rm"));
        if (strncmp(line, "![", 2) != 0) /* The words for a picture call nobody. */
            assert_null(strstr(line, "@everyone"));
    }
    assert_string_equal(fence, "");
}

/* The bars of a line that no backslash takes back. */
static int bars_of(const char *line)
{
    int bars = 0;
    for (; *line != '\n' && *line != '\0'; line++) {
        if (*line == '\\' && line[1] != '\0')
            line++;
        else
            bars += *line == '|';
    }
    return bars;
}

static void markdown_says_what_strangers_say_and_does_nothing_of_it(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture, hostile);
    char *text = text_of(fixture, markdown_write);
    check_markdown(text);
    /* A longer fence than any inside, for commands, stories and the command of the foot. */
    assert_int_equal(count_of(text, "\n````sh\n"), 2);
    assert_int_equal(count_of(text, "\n````text\n"), 1);
    /* A row of a table stays a row of two cells: three bars that are not escaped. */
    static const char rule[] = "| --- | ---: |\n";
    const char *row = strstr(text, rule);
    assert_non_null(row);
    assert_int_equal(bars_of(row + strlen(rule)), 3);
}

static void code_in_checks_is_longer_than_its_backticks(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    struct manifest_block *checks = manifest_add_checks(section);
    manifest_add_check(checks, MANIFEST_PASS, "a == 0", "none seen");
    manifest_add_check(checks, MANIFEST_FAIL, "`a``b`", "");
    char *text = text_of(fixture, markdown_write);
    assert_non_null(strstr(text, "- ✅ **PASS** `a == 0`  \n  none seen\n"));
    assert_non_null(strstr(text, "- ❌ **FAIL** ``` `a``b` ```\n\n"));
}

static void names_stay_readable_in_markdown(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(
        fixture->arena, &identity, "failure_rate of _x_",
        "+ not a list\n12) nor this, 3.5 is a number\n\nNext - paragraph, see a@b.c or @ two");
    char *text = text_of(fixture, markdown_write);
    assert_non_null(strstr(text, "# failure_rate of \\_x\\_\n\n\\+ not a list  \n"
                                 "12\\) nor this, 3.5 is a number\n\nNext - paragraph, see "
                                 "a@<!-- -->b.c or @ two\n\n"));
}

/* The Markdown of a manifest that has a lead and nothing else: what stands between title and foot.
 */
static void expect_lead(struct fixture *fixture, const char *lead, const char *markdown)
{
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", lead);
    char *text = text_of(fixture, markdown_write);
    static const char title[] = "# Why?\n\n";
    assert_memory_equal(text, title, strlen(title));
    char *foot = strstr(text, "---\n\nprog 1.2");
    assert_non_null(foot);
    *foot = '\0';
    assert_string_equal(text + strlen(title), markdown);
}

static void brackets_stay_and_make_no_link(void **state)
{
    struct fixture *fixture = *state;
    expect_lead(fixture, "18 %, [17.6, 18.2]: inside", "18 %, [17.6, 18.2]: inside\n\n");
    expect_lead(fixture, "[x]: y:z", "\\[x]: y:z\n\n");
    expect_lead(fixture, "a\n[x]: y:z", "a  \n\\[x]: y:z\n\n");
    expect_lead(fixture, "see [x](y:z) and [x][y]", "see [x\\](y:z) and [x\\][y]\n\n");
    expect_lead(fixture, "![x](y:z)", "![x\\](y:z)\n\n");
}

static void what_begins_a_line_stays_text(void **state)
{
    struct fixture *fixture = *state;
    expect_lead(fixture, "18.1 % less\n-560ms\n7.\n--\n",
                "18.1 % less  \n-560ms  \n7\\.  \n\\--\n\n");
    expect_lead(fixture, "# a\n- b\n+ c\n=\n7. d\n> e\n| f\n~~~\n\x01# g\n      h",
                "\\# a  \n\\- b  \n\\+ c  \n\\=  \n7\\. d  \n&gt; e  \n\\| f  \n\\~\\~\\~  \n"
                "\\# g  \nh\n\n");
}

static void entities_and_tags_stay_text(void **state)
{
    struct fixture *fixture = *state;
    expect_lead(fixture, "<b> & &lt; &#60; a && b", "&lt;b&gt; & &amp;lt; &amp;#60; a && b\n\n");
}

static void a_detail_begins_no_list(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    struct manifest_block *checks = manifest_add_checks(section);
    manifest_add_check(checks, MANIFEST_PASS, "a", "- b\n# c");
    manifest_add_check(checks, MANIFEST_PASS, "", "d");
    char *text = text_of(fixture, markdown_write);
    assert_non_null(strstr(text, "- ✅ **PASS** `a`  \n  \\- b \\# c\n- ✅ **PASS**   \n  d\n"));
}

static void a_row_is_one_line_with_its_cells(void **state)
{
    struct fixture *fixture = *state;
    static const char *const cells[] = {"two\nlines\r\n", "a|b", "\\|", "\\", "", "\x1b|\t|"};
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    struct manifest_block *table = manifest_add_table(section, "A | table\nof two lines");
    manifest_add_table_column(table, "a|", MANIFEST_LEFT);
    manifest_add_table_column(table, "b\n", MANIFEST_RIGHT);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        manifest_add_cell(table, cells[i]);
    char *text = text_of(fixture, markdown_write);
    const char *line = strstr(text, "**Table 1.** A \\| table of two lines\n\n| a\\| | b  |\n");
    assert_non_null(line);
    line = strstr(line, "\n\n") + 2;
    for (int i = 0; i < 5; i++) { /* Titles, rule, three rows. */
        assert_int_equal(bars_of(line), 3);
        line = strchr(line, '\n') + 1;
    }
    assert_int_equal(*line, '\n');
    assert_non_null(strstr(text, "| two lines  | a\\|b |\n| \\\\\\| | \\\\ |\n|  | \\| \\| |\n"));
}

static void a_fence_is_longer_than_what_it_holds(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    manifest_add_story(section, "Story", "`````\n\x01\x1b[0m<b> | * _\n```");
    manifest_add_command(section, "", "echo `id` \xff\n");
    char *text = text_of(fixture, markdown_write);
    assert_non_null(strstr(text, "### Story\n\n``````text\n`````\n[0m<b> | * _\n```\n``````\n\n"
                                 "```sh\necho `id` ?\n```\n\n"));
}

static void a_chart_is_a_picture_or_names_its_data(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    draw(fixture, add_chart(fixture, section, "drawn", NULL, 1), 0);
    add_chart(fixture, section, "undrawn", NULL, 1);
    char *text = text_of(fixture, markdown_write);
    assert_non_null(strstr(text, "![What is \\[seen\\].](drawn.svg)\n\n**Figure 1.** A [chart] & 2 "
                                 "&gt; 1\n\nA caption  \nof two lines\n\n**Figure 2.**"));
    assert_non_null(strstr(text, "its data is in [undrawn.tsv](undrawn.tsv).\n\n"));
    assert_null(strstr(text, "undrawn.svg"));
}

static void a_partial_result_says_so(void **state)
{
    struct fixture *fixture = *state;
    struct identity partial = identity;
    partial.replications = 17;
    fixture->manifest = manifest_create(fixture->arena, &partial, "Why?", "Because.");
    char *text = text_of(fixture, markdown_write);
    assert_non_null(strstr(text, "> [!WARNING]\n> Interrupted: only 17 of 40 replications"));
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    char *whole = text_of(fixture, markdown_write);
    assert_null(strstr(whole, "nterrupted"));
}

static void the_same_manifest_gives_the_same_bytes(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture, hostile);
    char *first = text_of(fixture, markdown_write), *second = text_of(fixture, markdown_write);
    assert_string_equal(first, second);
}

#define MARKDOWN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MARKDOWN_TEST(markdown_is_as_it_was),
        MARKDOWN_TEST(markdown_says_what_strangers_say_and_does_nothing_of_it),
        MARKDOWN_TEST(code_in_checks_is_longer_than_its_backticks),
        MARKDOWN_TEST(names_stay_readable_in_markdown),
        MARKDOWN_TEST(brackets_stay_and_make_no_link),
        MARKDOWN_TEST(what_begins_a_line_stays_text),
        MARKDOWN_TEST(entities_and_tags_stay_text),
        MARKDOWN_TEST(a_detail_begins_no_list),
        MARKDOWN_TEST(a_row_is_one_line_with_its_cells),
        MARKDOWN_TEST(a_fence_is_longer_than_what_it_holds),
        MARKDOWN_TEST(a_chart_is_a_picture_or_names_its_data),
        MARKDOWN_TEST(a_partial_result_says_so),
        MARKDOWN_TEST(the_same_manifest_gives_the_same_bytes),
    };
    return cmocka_run_group_tests_name("reports/markdown", tests, NULL, NULL);
}
