/* page_samples.h - a small manifest and its folder, for the tests of the page and of Markdown.
 *
 * All its words are those of one text that does everything which a stranger could try, or harmless
 * ones.
 */
#ifndef TESTS_REPORTS_PAGE_SAMPLES_H
#define TESTS_REPORTS_PAGE_SAMPLES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/manifest.h"
#include "sim/base/text.h"

/* What gnuplot writes, as short as it can be: ids, a reference, black and a white sheet. */
static const char picture[] =
    "<?xml version=\"1.0\" encoding=\"utf-8\"  standalone=\"no\"?>\n"
    "<svg \n viewBox=\"0 0 720 300\"\n xmlns=\"http://www.w3.org/2000/svg\"\n"
    " xmlns:xlink=\"http://www.w3.org/1999/xlink\"\n>\n"
    "<title>Gnuplot</title>\n"
    "<g id=\"gnuplot_canvas\">\n"
    "<rect x=\"0\" y=\"0\" width=\"720\" height=\"300\" fill=\"#ffffff\"/>\n"
    "<defs>\n<circle id='gpDot' r='0.5' stroke-width='0.5' stroke='currentColor'/>\n</defs>\n"
    "<use xlink:href='#gpDot' x='10' y='20' color='rgb(  0,   0,   0)'/>\n"
    "</g>\n</svg>\n";

/* What every text is in the tests of injection. */
static const char hostile[] =
    "</title></style></pre>--><script>alert(1)</script><img src=x onerror=\"alert('2')\">"
    "\"' onmouseover='alert(3)' &amp; & &lt; `rm -rf ~` $(reboot) ![x](javascript:a) [y](z) |a|b| "
    "_i_ *b* ~~s~~ \\ @everyone \x01\x1b[31m\x7f \xff\xfe\xc3( \xe2\x80\xae"
    "evil \xc2\x9b "
    "\xf0\x9f\x92\xa5 \xe6\x97\xa5\xe6\x9c\xac\n# heading\n- list\n```\n    code\n1. one\n---\n]]>";

struct fixture {
    char folder[64];
    struct arena *arena;
    struct manifest *manifest;
};

static const struct identity identity = {
    .program = "prog",
    .version = "1.2",
    .scenario = "small",
    .scenario_hash = 0x0123456789abcdef,
    .seed = 7,
    .replications = 40,
    .replications_planned = 40,
    .command = "prog run small.yaml",
};

static inline int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/page_test.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    fixture->arena = arena_create("test", 0);
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    DIR *folder = opendir(fixture->folder);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        unlinkat(dirfd(folder), entry->d_name, 0); /* Fails for "." and "..", as it should. */
    closedir(folder);
    assert_int_equal(rmdir(fixture->folder), 0);
    arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

/* Put a picture of at least `size_bytes` into the folder. */
static inline void draw(struct fixture *fixture, const struct chart *chart, size_t size_bytes)
{
    FILE *file = fopen(
        arena_print(fixture->arena, "%s/%s", fixture->folder, chart_file_name(chart, "svg")), "w");
    assert_non_null(file);
    size_t body = sizeof picture - 1 - strlen("</g>\n</svg>\n");
    fwrite(picture, 1, body, file);
    static const char point[] = "<use xlink:href='#gpDot' x='10' y='20'/>\n";
    for (size_t size = sizeof picture; size < size_bytes; size += sizeof point - 1)
        fputs(point, file);
    fputs("</g>\n</svg>\n", file);
    assert_int_equal(fclose(file), 0);
}

/* The words of a stranger, or else our own. */
static inline const char *say(const char *words, const char *own)
{
    return words != NULL ? words : own;
}

static inline struct chart *add_chart(struct fixture *fixture, struct manifest_section *section,
                                      const char *name, const char *words, size_t row_count)
{
    struct chart *chart = chart_create(fixture->arena, CHART_INTERVAL, name);
    chart_set_words(chart, say(words, "A [chart] & 2 > 1"), say(words, "A caption\nof two lines"),
                    say(words, "What is [seen]."));
    chart_set_x(chart, say(words, "An axis"), "%");
    chart_add_column(chart, CHART_LOW, "low", NULL);
    chart_add_column(chart, CHART_ESTIMATE, "estimate", say(words, "A series"));
    chart_add_column(chart, CHART_HIGH, "high", NULL);
    chart_add_column(chart, CHART_LABEL, "label", NULL);
    for (size_t i = 0; i < row_count; i++) {
        chart_add_missing(chart);
        chart_add_number(chart, 17.125 + (double)i);
        chart_add_missing(chart);
        chart_add_text(chart, say(words, "A <label>"));
    }
    manifest_add_chart(fixture->manifest, section, chart);
    return chart;
}

static inline void add_words(struct manifest_section *section, const char *words)
{
    manifest_add_text(section, MANIFEST_PLAIN, say(words, "A *plain* text.\n\nIts second part."));
    manifest_add_text(section, MANIFEST_NOTE, say(words, "A `note`."));
    manifest_add_text(section, MANIFEST_WARNING, say(words, "A warning\nof two lines."));
    struct manifest_block *table = manifest_add_table(section, say(words, "A table"));
    manifest_add_table_column(table, say(words, "left"), MANIFEST_LEFT);
    manifest_add_table_column(table, say(words, "right"), MANIFEST_RIGHT);
    manifest_add_cell(table, say(words, "a|b"));
    manifest_add_cell(table, say(words, "[17.6, 18.2] %"));
    manifest_add_cell(table, say(words, "one_thing"));
    manifest_add_cell(table, say(words, "-17.5"));
    struct manifest_block *checks = manifest_add_checks(section);
    manifest_add_check(checks, MANIFEST_PASS, say(words, "a < 1%"), say(words, "inside"));
    manifest_add_check(checks, MANIFEST_FAIL, say(words, "b == 0"), "");
    manifest_add_check(checks, MANIFEST_UNSURE, say(words, "`c`"), say(words, "open & more"));
}

/* A manifest with one block of each kind; all words the same, or (NULL) each its own. */
static inline void fill(struct fixture *fixture, const char *words)
{
    struct identity whose = identity;
    whose.program = say(words, "prog");
    whose.version = say(words, "1.2");
    whose.scenario = say(words, "small");
    whose.command = say(words, "prog run 'small.yaml'");
    fixture->manifest = manifest_create(fixture->arena, &whose, say(words, "Does 1 < 2 hold?"),
                                        say(words, "It does, in 2 & 3 cases."));
    add_words(manifest_add_section(fixture->manifest, "one", say(words, "First & foremost")),
              words);
    struct manifest_section *section =
        manifest_add_section(fixture->manifest, "two", say(words, "Second"));
    draw(fixture, add_chart(fixture, section, "drawn", words, 2), 0);
    add_chart(fixture, section, "undrawn", words, 2);
    manifest_add_command(section, say(words, "How to"),
                         say(words, "prog run 'a b' && echo \"$x\""));
    manifest_add_story(section, say(words, "The story"),
                       say(words, "0:00 begins\n    0:01 <ends>"));
}

typedef void page_writer_of(FILE *file, const struct manifest *manifest, const char *folder);

/* The page, or the Markdown, of the manifest; in the arena. */
static inline char *text_of(struct fixture *fixture, page_writer_of *write)
{
    char *text;
    size_t size_bytes;
    FILE *file = open_memstream(&text, &size_bytes);
    assert_non_null(file);
    write(file, fixture->manifest, fixture->folder);
    fclose(file);
    assert_int_equal(strlen(text), size_bytes);
    assert_true(text_is_utf8(text, size_bytes, NULL));
    char *copy = arena_copy_text(fixture->arena, text);
    free(text);
    return copy;
}

static inline size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

/* Take out what stands between two texts, which is tested elsewhere. */
static inline void cut(char *text, const char *before, const char *after)
{
    char *from = strstr(text, before), *to = strstr(text, after);
    if (from != NULL && to != NULL)
        memmove(from + strlen(before), to, strlen(to) + 1);
}

/* Compare with a file; without style sheet and picture. RCESIM_GOLDEN=write makes it anew. */
static inline void expect_golden(const char *name, char *text)
{
    cut(text, "<style>\n", "</style>");
    cut(text, "<svg", "</svg>");
    char path[128];
    snprintf(path, sizeof path, "tests/reports/golden/%s", name);
    const char *wish = getenv("RCESIM_GOLDEN");
    if (wish != NULL && strcmp(wish, "write") == 0) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
        assert_int_equal(fclose(file), 0);
    }
    static char golden[65536];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    golden[fread(golden, 1, sizeof golden - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, golden);
}

#endif
