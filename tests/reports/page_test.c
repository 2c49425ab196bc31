#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/page.h"
#include "reports/page_css.h"
#include "reports/page_text.h"
#include "tests/reports/chart_samples.h"
#include "tests/reports/page_samples.h"

/* A reader of the part of XML that the page keeps to; strict where a browser would be lenient. */
enum { DEPTH_MAX = 64, IDS_MAX = 4096, NAME_MAX_BYTES = 64 };

struct reader {
    const char *at;
    char open[DEPTH_MAX][NAME_MAX_BYTES];
    size_t depth;
    char ids[IDS_MAX][NAME_MAX_BYTES];
    size_t id_count;
    int heading; /* Level of the last one. */
};

static void read_name(struct reader *reader, char name[NAME_MAX_BYTES], const char *extra)
{
    size_t length = 0;
    while (isalnum((unsigned char)reader->at[length]) ||
           (reader->at[length] != '\0' && strchr(extra, reader->at[length]) != NULL))
        length++;
    assert_in_range(length, 1, NAME_MAX_BYTES - 1);
    snprintf(name, NAME_MAX_BYTES, "%.*s", (int)length, reader->at);
    reader->at += length;
}

/* One character of text or of a value: no markup, only entities that XML has by itself. */
static void read_character(struct reader *reader)
{
    unsigned char byte = (unsigned char)*reader->at;
    assert_true(byte >= 0x20 || byte == '\n' || byte == '\t');
    assert_int_not_equal(byte, 0x7f);
    assert_int_not_equal(byte, '<');
    if (byte == '&')
        assert_true(strncmp(reader->at, "&amp;", 5) == 0 || strncmp(reader->at, "&lt;", 4) == 0 ||
                    strncmp(reader->at, "&gt;", 4) == 0 || strncmp(reader->at, "&quot;", 6) == 0 ||
                    strncmp(reader->at, "&#39;", 5) == 0);
    reader->at++;
}

static void remember_id(struct reader *reader, const char *from, size_t length)
{
    assert_in_range(length, 1, NAME_MAX_BYTES - 1);
    assert_in_range(reader->id_count, 0, IDS_MAX - 1);
    char *id = reader->ids[reader->id_count];
    snprintf(id, NAME_MAX_BYTES, "%.*s", (int)length, from);
    for (size_t i = 0; i < reader->id_count; i++)
        assert_string_not_equal(reader->ids[i], id);
    reader->id_count++;
}

static void read_attribute(struct reader *reader)
{
    char name[NAME_MAX_BYTES];
    read_name(reader, name, "-:");
    assert_true(strncmp(name, "on", 2) != 0);
    assert_int_equal(*reader->at++, '=');
    char quote = *reader->at++;
    assert_true(quote == '"' || quote == '\'');
    const char *from = reader->at;
    while (*reader->at != quote)
        read_character(reader);
    size_t length = (size_t)(reader->at++ - from);
    if (strcmp(name, "id") == 0)
        remember_id(reader, from, length);
    if (strcmp(name, "href") == 0)
        assert_true(*from == '#' || memchr(from, ':', length) == NULL);
    assert_string_not_equal(name, "src");
}

static void check_heading(struct reader *reader, const char *name)
{
    if (strlen(name) != 2 || name[0] != 'h' || !isdigit((unsigned char)name[1]))
        return;
    int level = name[1] - '0';
    assert_true(level <= reader->heading + 1 && (level > 1 || reader->heading == 0));
    reader->heading = level;
}

static void read_tag(struct reader *reader)
{
    char name[NAME_MAX_BYTES];
    if (*reader->at == '/') {
        reader->at++;
        read_name(reader, name, "");
        assert_true(reader->depth > 0);
        assert_string_equal(name, reader->open[--reader->depth]);
        assert_int_equal(*reader->at++, '>');
        return;
    }
    read_name(reader, name, "");
    check_heading(reader, name);
    assert_string_not_equal(name, "script");
    while (isspace((unsigned char)*reader->at)) {
        reader->at += strspn(reader->at, " \n");
        if (*reader->at != '/' && *reader->at != '>')
            read_attribute(reader);
    }
    bool is_empty = *reader->at == '/';
    reader->at += is_empty;
    assert_int_equal(*reader->at++, '>');
    if (is_empty)
        return;
    assert_in_range(reader->depth, 0, DEPTH_MAX - 1);
    snprintf(reader->open[reader->depth++], NAME_MAX_BYTES, "%s", name);
}

/* Check that the page is well-formed, has no script, no id twice, headings in order. */
static void check_page(const char *page)
{
    static const char doctype[] = "<!DOCTYPE html>\n";
    assert_memory_equal(page, doctype, sizeof doctype - 1);
    struct reader *reader = calloc(1, sizeof *reader);
    reader->at = page + sizeof doctype - 1;
    while (*reader->at != '\0') {
        if (*reader->at != '<') {
            read_character(reader);
            continue;
        }
        reader->at++;
        read_tag(reader);
    }
    assert_int_equal(reader->depth, 0);
    assert_int_equal(reader->id_count, count_of(page, " id=\"") + count_of(page, " id='"));
    free(reader);
    assert_int_equal(count_of(page, "<h1>"), 1);
    assert_int_equal(count_of(page, "<main id=\"report\">"), 1);
    assert_int_equal(count_of(page, "href=\"#report\""), 1);
    assert_int_equal(count_of(page, "<table"), count_of(page, "<caption id=\""));
    size_t heads = count_of(page, "<th ");
    assert_int_equal(heads, count_of(page, " scope=\"col\"") + count_of(page, " scope=\"row\""));
    assert_int_equal(count_of(page, "<svg "), count_of(page, " role=\"img\""));
}

static void a_page_is_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture, NULL);
    char *page = text_of(fixture, page_write);
    check_page(page);
    expect_golden("page.html", page);
}

static void a_page_says_what_strangers_say_and_does_nothing_of_it(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture, hostile);
    char *page = text_of(fixture, page_write);
    check_page(page);
    assert_int_equal(count_of(page, "<script"), 0);
    assert_int_equal(count_of(page, "<img"), 0);
    assert_int_equal(count_of(page, "\xe2\x80\xae"), 0); /* Right-to-left override. */
    assert_int_equal(count_of(page, "\xc2\x9b"), 0);
    /* The words are there, in every one of the fields, the empty detail aside. */
    assert_true(count_of(page, "&lt;script&gt;alert(1)") >= 30);
    assert_true(count_of(page, "\xf0\x9f\x92\xa5 \xe6\x97\xa5\xe6\x9c\xac") >= 30);
}

static void text_is_cleaned(void **state)
{
    (void)state;
    static const struct {
        const char *text, *clean;
    } cases[] = {
        {"", ""},
        {NULL, ""},
        {"plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x92\xa5",
         "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x92\xa5"},
        {"a\tb\nc", "a\tb\nc"},
        {"a\rb\x1b\x7f\x01", "ab"},
        {"<a href=\"x\">'&'", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;"},
        {"\xff", "\xef\xbf\xbd"},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},                   /* Cut short. */
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                   /* Overlong. */
        {"\xed\xa0\x80!", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!"}, /* A surrogate. */
        {"\xef\xbf\xbf\xef\xbb\xbf.", "."},       /* No character; byte order mark. */
        {"\xe2\x80\xaeknip", "knip"},             /* Right-to-left override. */
        {"\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd"}, /* The last one there is. */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text;
        size_t size_bytes;
        FILE *file = open_memstream(&text, &size_bytes);
        page_text_escape(file, cases[i].text);
        fclose(file);
        assert_string_equal(text, cases[i].clean);
        free(text);
    }
}

static void paragraphs_and_lines(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest =
        manifest_create(fixture->arena, &identity, "Why?", "\n\nOne\n  line\n \n\ntwo\n\n");
    char *page = text_of(fixture, page_write);
    check_page(page);
    assert_non_null(
        strstr(page, "<div class=\"lead\">\n<p>One<br/>\nline</p>\n<p>two</p>\n</div>"));
}

static void numbers_stay_with_their_units(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?",
                                        "17.9 % of 3, 4; [17.6, -18.2] % [a, b] or 1, 2 and x % y");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    struct manifest_block *table = manifest_add_table(section, "A table");
    manifest_add_table_column(table, "left", MANIFEST_LEFT);
    manifest_add_table_column(table, "right", MANIFEST_RIGHT);
    manifest_add_cell(table, "race-window.yaml:31");
    manifest_add_cell(table, "17.9 % [17.6, 18.2] %");
    manifest_add_cell(table, "a race-window");
    manifest_add_cell(table, "4 of 5 (80 %)");
    manifest_add_cell(table, "third");
    manifest_add_cell(table, "4 of 5: 80 % clusters, 3 min");
    const char *page = text_of(fixture, page_write);
    assert_non_null(strstr(page, "<p>17.9\u00a0% of 3, 4; [17.6,\u00a0-18.2]\u00a0% [a, b] or 1, 2 "
                                 "and x % y</p>"));
    assert_non_null(strstr(
        page, "<th scope=\"row\" class=\"w\">race-window.yaml:31</th><td "
              "class=\"r\">17.9\u00a0% <span class=\"i\">[17.6,\u00a018.2]\u00a0%</span></td>"));
    assert_non_null(strstr(page, "<th scope=\"row\">a race-window</th><td class=\"r\">4\u00a0of"
                                 "\u00a05 (80\u00a0%)</td>"));
    assert_non_null(strstr(page, ">4\u00a0of\u00a05: 80\u00a0% clusters,\u00a03\u00a0min</td>"));
}

static void many_intervals_stand_below_their_estimates(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    for (int count = 2; count <= 3; count++) {
        struct manifest_block *table = manifest_add_table(section, "A table");
        manifest_add_table_column(table, "left", MANIFEST_LEFT);
        for (int i = 0; i < 3; i++)
            manifest_add_table_column(table, "right", MANIFEST_RIGHT);
        for (int row = 0; row < 2; row++) {
            manifest_add_cell(table, "a [b]");
            for (int i = 0; i < 3; i++)
                manifest_add_cell(table, i < count ? "3 [1, 4]" : "[1, 4]");
        }
    }
    const char *page = text_of(fixture, page_write);
    check_page(page);
    const char *many = strstr(page, "<table class=\"many\">\n<caption id=\"table-2\">");
    assert_non_null(many);
    assert_int_equal(count_of(page, "class=\"many\""), 1);
    assert_int_equal(count_of(page, "<span class=\"i\">[1,\u00a04]</span>"), 10);
}

static void commands_are_broken_between_words_only(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    manifest_add_command(section, "", "prog --a 'b  c-d' <x>\n-e \x01\n\x01-f\x01 g\t");
    const char *page = text_of(fixture, page_write);
    check_page(page);
    assert_non_null(
        strstr(page, "<pre><code>prog <span>--a</span> &#39;b  <span>c-d&#39;</span> &lt;x&gt;\n"
                     "<span>-e</span> \n<span>-f</span> g\t</code></pre>"));
}

static void a_partial_result_says_so(void **state)
{
    struct fixture *fixture = *state;
    struct identity partial = identity;
    partial.replications = 17;
    fixture->manifest = manifest_create(fixture->arena, &partial, "Why?", "Because.");
    char *page = text_of(fixture, page_write);
    assert_non_null(strstr(page, "Only 17 of 40 replications"));
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    char *whole = text_of(fixture, page_write);
    assert_null(strstr(whole, "Interrupted"));
}

static void ids_are_unique_over_many_pictures(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    for (int i = 0; i < 20; i++)
        draw(fixture,
             add_chart(fixture, section, arena_print(fixture->arena, "chart-%d", i), NULL, 1), 0);
    char *page = text_of(fixture, page_write);
    check_page(page);
    assert_int_equal(count_of(page, "<svg"), 20);
    assert_int_equal(count_of(page, "gpDot"), 2 * 20); /* Each its own id and reference. */
}

static void write_chart_file(struct fixture *fixture, const struct chart *chart, const char *ending)
{
    const char *name = chart_file_name(chart, ending);
    FILE *file = fopen(arena_print(fixture->arena, "%s/%s", fixture->folder, name), "w");
    assert_non_null(file);
    if (strcmp(ending, "tsv") == 0)
        chart_write_data(chart, file);
    else
        chart_write_script(chart, &sample_identity, file);
    assert_int_equal(fclose(file), 0);
}

/* One chart of each kind, drawn: all of them in one page. */
static void a_page_of_all_charts_is_sound(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct chart *chart = sample_makers[i](fixture->arena);
        manifest_add_chart(fixture->manifest, section, chart);
        write_chart_file(fixture, chart, "tsv");
        write_chart_file(fixture, chart, "gp");
    }
    struct chart_drawing drawing = {.folder = fixture->folder, .format = "svg"};
    struct error errors[SAMPLE_COUNT];
    const struct chart *const *charts = (const struct chart *const *)fixture->manifest->charts;
    if (charts_draw(charts, SAMPLE_COUNT, &drawing, errors) == SAMPLE_COUNT) {
        print_message("no chart could be drawn: %s\n", errors[0].message);
        skip();
    }
    const char *page = text_of(fixture, page_write);
    check_page(page);
    assert_int_equal(count_of(page, "<svg"), SAMPLE_COUNT);
    assert_int_equal(count_of(page, "role=\"img\""), SAMPLE_COUNT);
    assert_int_equal(count_of(page, "picture: <a "), SAMPLE_COUNT);
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        assert_non_null(strstr(page, charts[i]->alt));
}

static void large_pictures_are_linked(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    draw(fixture, add_chart(fixture, section, "huge", NULL, 1), PAGE_PICTURE_SIZE_MAX_BYTES + 1);
    /* Six of these are more than all pictures together may have; three are not. */
    for (int i = 0; i < 6; i++)
        draw(fixture,
             add_chart(fixture, section, arena_print(fixture->arena, "large-%d", i), NULL, 1),
             PAGE_PICTURE_SIZE_MAX_BYTES - 1000);
    char *page = text_of(fixture, page_write);
    size_t shown = count_of(page, "<svg");
    assert_in_range(shown, 3, 5);
    assert_int_equal(count_of(page, "too large for the page: see <a href=\"huge.svg\">"), 1);
    assert_int_equal(count_of(page, "too large for the page: see <a href=\"large-"), 6 - shown);
    assert_true(strlen(page) < PAGE_PICTURES_SIZE_MAX_BYTES + 64 * 1024);
}

static void a_chart_without_a_picture_is_a_table(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    add_chart(fixture, section, "missing", NULL, 100);
    add_chart(fixture, section, "empty", NULL, 0);
    char *page = text_of(fixture, page_write);
    check_page(page);
    assert_int_equal(count_of(page, "could not be drawn"), 2);
    assert_int_equal(count_of(page, "<tr><td"), PAGE_DATA_ROWS_MAX + 1);
    assert_non_null(strstr(page, "The first 30 of 100 rows; all of them are in missing.tsv."));
    assert_non_null(strstr(page, "<td class=\"r\">17.125</td>"));
}

static void a_picture_with_a_script_is_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    struct chart *chart = add_chart(fixture, section, "bad", NULL, 1);
    FILE *file = fopen(arena_print(fixture->arena, "%s/bad.svg", fixture->folder), "w");
    assert_non_null(file);
    fputs("<svg viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script>"
          "</svg>\n",
          file);
    fclose(file);
    assert_string_equal(chart->name, "bad");
    char *page = text_of(fixture, page_write);
    check_page(page);
    assert_int_equal(count_of(page, "<svg"), 0);
    assert_int_equal(count_of(page, "may not stand here"), 1);
    assert_int_equal(count_of(page, "<tr><td"), 1);
}

/* Relative luminance and contrast as WCAG 2.1 defines them. */
/* A picture that is in the manifest stands in the page if it is sound, and its words do if not. */
static void a_picture_of_the_manifest_is_shown(void **state)
{
    struct fixture *fixture = *state;
    static const char good[] = "<svg width=\"9\" height=\"9\" viewBox=\"0 0 9 9\" "
                               "xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M1,1 L2,2\"/></svg>";
    static const char bad[] = "<svg viewBox=\"0 0 9 9\"><script>alert(1)</script></svg>";
    fixture->manifest = manifest_create(fixture->arena, &identity, "Why?", "Because.");
    struct manifest_section *section = manifest_add_section(fixture->manifest, "one", "One");
    manifest_add_picture(section, "A & B", "Two <lines>.", good);
    manifest_add_picture(section, "C", "Three <lines>.", bad);
    char *text = text_of(fixture, page_write);
    check_page(text);
    assert_int_equal(count_of(text, "<svg"), 1);
    assert_int_equal(count_of(text, "<figure"), 2);
    assert_non_null(strstr(text, "Figure 1.</span> <b>A &amp; B</b>"));
    assert_non_null(strstr(text, "Two &lt;lines&gt;."));
    assert_non_null(strstr(text, "none that this program drew"));
    assert_non_null(strstr(text, "Three &lt;lines&gt;."));
    assert_null(strstr(text, "alert"));
}

static double luminance(const char *css, const char *name)
{
    char key[32];
    snprintf(key, sizeof key, "--%s:#", name);
    const char *at = strstr(css, key);
    assert_non_null(at);
    unsigned colour = (unsigned)strtoul(at + strlen(key), NULL, 16);
    static const double weights[] = {0.0722, 0.7152, 0.2126};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double share = (double)(colour >> 8 * i & 0xff) / 255;
        sum += weights[i] * (share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static void check_contrast(const char *css)
{
    static const char *const inks[] = {"ink", "soft", "link", "good", "bad", "unsure"};
    static const char *const papers[] = {"paper", "wash"};
    for (size_t i = 0; i < sizeof inks / sizeof inks[0]; i++)
        for (size_t k = 0; k < sizeof papers / sizeof papers[0]; k++) {
            double ink = luminance(css, inks[i]), paper = luminance(css, papers[k]);
            double contrast = (fmax(ink, paper) + 0.05) / (fmin(ink, paper) + 0.05);
            if (contrast < 4.5)
                fail_msg("%s on %s: %.2f", inks[i], papers[k], contrast);
        }
}

static void texts_can_be_read_in_both_themes(void **state)
{
    (void)state;
    char *css;
    size_t size_bytes;
    FILE *file = open_memstream(&css, &size_bytes);
    page_css_write(file);
    fclose(file);
    assert_null(strpbrk(css, "<&")); /* It stands in a page that is XML, too. */
    assert_null(strstr(css, "url("));
    assert_null(strstr(css, "@import"));
    /* Colours are variables, each set once in light and once in dark. */
    for (const char *at = css; (at = strchr(at, '#')) != NULL; at++)
        assert_true(at[-1] == ':' && at - css > 12 && memchr(at - 12, '-', 11) != NULL);
    assert_int_equal(count_of(css, ":#"), 2 * 10);
    check_contrast(css);
    const char *dark = strstr(css, "prefers-color-scheme:dark");
    assert_non_null(dark);
    check_contrast(dark);
    free(css);
}

static void the_same_manifest_gives_the_same_bytes(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture, hostile);
    char *first = text_of(fixture, page_write), *second = text_of(fixture, page_write);
    assert_string_equal(first, second);
}

#define PAGE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAGE_TEST(a_page_is_as_it_was),
        PAGE_TEST(a_page_says_what_strangers_say_and_does_nothing_of_it),
        cmocka_unit_test(text_is_cleaned),
        PAGE_TEST(paragraphs_and_lines),
        PAGE_TEST(numbers_stay_with_their_units),
        PAGE_TEST(many_intervals_stand_below_their_estimates),
        PAGE_TEST(commands_are_broken_between_words_only),
        PAGE_TEST(a_partial_result_says_so),
        PAGE_TEST(ids_are_unique_over_many_pictures),
        PAGE_TEST(a_page_of_all_charts_is_sound),
        PAGE_TEST(large_pictures_are_linked),
        PAGE_TEST(a_chart_without_a_picture_is_a_table),
        PAGE_TEST(a_picture_with_a_script_is_refused),
        PAGE_TEST(a_picture_of_the_manifest_is_shown),
        cmocka_unit_test(texts_can_be_read_in_both_themes),
        PAGE_TEST(the_same_manifest_gives_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
