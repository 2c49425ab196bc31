#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/chart.h"
#include "reports/process.h"
#include "reports/svg.h"
#include "sim/base/units.h"
#include "tests/reports/chart_edges.h"

/* A folder of its own, and the charts that are drawn in it by one gnuplot. */
struct sheet {
    char folder[64];
    struct arena *arena;
    const struct chart *charts[SAMPLE_COUNT];
    size_t count;
};

static int set_up(void **state)
{
    struct sheet *sheet = calloc(1, sizeof *sheet);
    *sheet = (struct sheet){.folder = "/tmp/chart-test-XXXXXX"};
    sheet->arena = arena_create("test", 0);
    *state = sheet;
    return mkdtemp(sheet->folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    struct sheet *sheet = *state;
    DIR *folder = opendir(sheet->folder);
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            unlink(arena_print(sheet->arena, "%s/%s", sheet->folder, entry->d_name));
    closedir(folder);
    int status = rmdir(sheet->folder);
    arena_destroy(sheet->arena);
    free(sheet);
    return status;
}

static const char *path_of(const struct sheet *sheet, const char *name, const char *ending)
{
    return arena_print(sheet->arena, "%s/%s.%s", sheet->folder, name, ending);
}

static char *read_text(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("there is no %s", path);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = arena_take(arena, (size_t)size + 1);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    fclose(file);
    return text;
}

static void write_to(const struct chart *chart, const char *data_path, const char *script_path)
{
    FILE *file = fopen(data_path, "w");
    assert_non_null(file);
    chart_write_data(chart, file);
    assert_int_equal(fclose(file), 0);
    file = fopen(script_path, "w");
    assert_non_null(file);
    chart_write_script(chart, &sample_identity, file);
    assert_int_equal(fclose(file), 0);
}

static void add(struct sheet *sheet, const struct chart *chart)
{
    write_to(chart, path_of(sheet, chart->name, "tsv"), path_of(sheet, chart->name, "gp"));
    sheet->charts[sheet->count++] = chart;
}

/* Draw all of them by one gnuplot, which is ten times as fast as one for each; that the warnings
 * are none is part of the test. False: there is no gnuplot. */
static bool draw(const struct sheet *sheet, const char *format)
{
    FILE *file = fopen(path_of(sheet, "all", "gp"), "w");
    assert_non_null(file);
    for (size_t i = 0; i < sheet->count; i++)
        fprintf(file, "reset session\nformat = '%s'\nload '%s.gp'\nset output\n", format,
                sheet->charts[i]->name);
    assert_int_equal(fclose(file), 0);
    const char *const arguments[] = {"gnuplot", "-d", "all.gp", NULL};
    struct process_job job = {
        .arguments = arguments, .directory = sheet->folder, .deadline_ns = 60 * UNITS_S};
    struct process_outcome outcome;
    struct error error;
    assert_true(process_run(&job, &outcome, &error));
    if (outcome.is_found && (outcome.exit_status != 0 || *outcome.text != '\0'))
        fail_msg("gnuplot: status %d, \"%s\"", outcome.exit_status, outcome.text);
    return outcome.is_found;
}

/* Compare with a file; RCESIM_GOLDEN=write makes it anew. */
static void expect_golden(struct sheet *sheet, const struct chart *chart, const char *ending)
{
    const char *golden =
        arena_print(sheet->arena, "tests/reports/golden/charts/%s.%s", chart->name, ending);
    const char *wish = getenv("RCESIM_GOLDEN");
    char *text = read_text(sheet->arena, path_of(sheet, chart->name, ending));
    if (wish != NULL && strcmp(wish, "write") == 0) {
        FILE *file = fopen(golden, "w");
        assert_non_null(file);
        fputs(text, file);
        assert_int_equal(fclose(file), 0);
    }
    if (strcmp(text, read_text(sheet->arena, golden)) != 0)
        fail_msg("%s is not as it was; RCESIM_GOLDEN=write makes it anew", golden);
}

static void data_and_scripts_are_as_they_were(void **state)
{
    struct sheet *sheet = *state;
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        add(sheet, sample_makers[i](sheet->arena));
        expect_golden(sheet, sheet->charts[i], "tsv");
        expect_golden(sheet, sheet->charts[i], "gp");
    }
}

static void every_kind_has_a_sample(void **state)
{
    struct sheet *sheet = *state;
    bool is_there[CHART_KIND_COUNT] = {false};
    for (int i = 0; i < SAMPLE_COUNT; i++)
        is_there[sample_makers[i](sheet->arena)->kind] = true;
    for (int i = 0; i < CHART_KIND_COUNT; i++)
        if (!is_there[i])
            fail_msg("no sample of kind %s", chart_kind_name((enum chart_kind)i));
}

/* What was read back from the files gives the same bytes again. */
static void a_chart_that_is_read_back_is_the_same(void **state)
{
    struct sheet *sheet = *state;
    for (int e = 0; e < EDGE_COUNT; e++)
        for (int i = 0; i < SAMPLE_COUNT; i++) {
            struct chart *chart = edge_chart(sheet->arena, sample_makers[i], (enum edge)e);
            struct error error;
            sheet->count = 0;
            add(sheet, chart);
            struct chart again = *chart;
            again.cells = NULL;
            again.cell_count = again.cell_room = 0;
            if (!chart_read_data(&again, sheet->folder, &error))
                fail_msg("%s: %s", chart->name, error.message);
            assert_int_equal(chart_row_count(&again), chart_row_count(chart));
            write_to(&again, path_of(sheet, "again", "tsv"), path_of(sheet, "again", "gp"));
            assert_string_equal(read_text(sheet->arena, path_of(sheet, "again", "tsv")),
                                read_text(sheet->arena, path_of(sheet, chart->name, "tsv")));
            assert_string_equal(read_text(sheet->arena, path_of(sheet, "again", "gp")),
                                read_text(sheet->arena, path_of(sheet, chart->name, "gp")));
        }
}

/* No coordinate is "nan" or "inf", whatever the data. */
static void expect_numbers(const char *name, const char *svg)
{
    static const char *const bad[] = {"nan,", ",nan", "inf,", ",inf",
                                      "nan'", "inf'", "(nan", "(inf"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (strstr(svg, bad[i]) != NULL)
            fail_msg("%s has \"%s\"", name, bad[i]);
}

/* The reader of svg.h lets through only what is well formed and known. Returns the picture inside
 * of a page. */
static char *inline_picture(struct sheet *sheet, size_t index)
{
    const struct chart *chart = sheet->charts[index];
    struct chart_frame frame = chart_frame(chart);
    struct svg_words words = {.prefix = arena_print(sheet->arena, "figure-%zu-", index),
                              .title = chart->title,
                              .alt = chart->alt,
                              .cut_top_px = frame.top,
                              .cut_bottom_px = frame.bottom};
    char *svg = read_text(sheet->arena, path_of(sheet, chart->name, "svg"));
    expect_numbers(chart->name, svg);
    char *text = NULL;
    size_t size_bytes;
    struct error error;
    FILE *memory = open_memstream(&text, &size_bytes);
    bool is_good = svg_inline(memory, svg, &words, &error);
    fclose(memory);
    if (!is_good)
        fail_msg("%s: %s", chart->name, error.message);
    char *copy = arena_copy_text(sheet->arena, text);
    free(text);
    return copy;
}

static void all_kinds_are_drawn_whatever_the_data(void **state)
{
    struct sheet *sheet = *state;
    for (int e = 0; e < EDGE_COUNT; e++) {
        sheet->count = 0;
        for (int i = 0; i < SAMPLE_COUNT; i++)
            add(sheet, edge_chart(sheet->arena, sample_makers[i], (enum edge)e));
        if (!draw(sheet, "svg"))
            skip();
        for (size_t i = 0; i < sheet->count; i++) {
            const char *text = inline_picture(sheet, i);
            bool is_nothing = strstr(text, "no data: there is nothing to draw") != NULL;
            if (is_nothing != (e == EDGE_EMPTY || e == EDGE_MISSING))
                fail_msg("%s: %s", sheet->charts[i]->name,
                         is_nothing ? "says that there is nothing" : "does not say so");
            for (size_t k = 0; k < i; k++) /* Different pictures; the reader mixes nothing up. */
                assert_string_not_equal(text, inline_picture(sheet, k));
        }
        /* Nothing that a text says was done. */
        assert_int_not_equal(access(path_of(sheet, "owned", ""), F_OK), 0);
        assert_int_not_equal(access(arena_print(sheet->arena, "%s/owned", sheet->folder), F_OK), 0);
        arena_reset(sheet->arena);
    }
}

/* All ids of a page with all kinds: each once, each reference to one of them. */
static void ids_of_a_page_with_all_kinds_are_unique(void **state)
{
    struct sheet *sheet = *state;
    enum { IDS_MAX = 2000 };
    const char **ids = arena_take_array(sheet->arena, IDS_MAX, sizeof *ids);
    size_t count = 0;
    for (int i = 0; i < SAMPLE_COUNT; i++)
        add(sheet, sample_makers[i](sheet->arena));
    if (!draw(sheet, "svg"))
        skip();
    for (size_t i = 0; i < sheet->count; i++) {
        char *text = inline_picture(sheet, i);
        for (char *at = text; (at = strstr(at, " id=\"")) != NULL;) {
            char *id = at + 5, *end = strchr(id, '"');
            at = end + 1;
            *end = '\0';
            assert_true(count < IDS_MAX);
            ids[count] = arena_copy_text(sheet->arena, id);
            *end = '"';
            for (size_t k = 0; k < count; k++)
                assert_string_not_equal(ids[k], ids[count]);
            count++;
        }
    }
    assert_true(count > 16 * 10);
}

/* The numbers of the sample are in the picture where people look for them. */
static void a_picture_says_what_it_shows(void **state)
{
    struct sheet *sheet = *state;
    add(sheet, sample_interval(sheet->arena));
    add(sheet, sample_waterfall(sheet->arena));
    add(sheet, sample_heatmap(sheet->arena));
    add(sheet, sample_gantt(sheet->arena));
    if (!draw(sheet, "svg"))
        skip();
    static const char *const texts[][7] = {
        {"18.2  [17.9, 18.7] %", "no data", "3 %", "target 1 %", "Failed workflows by variant",
         "n = 102,000 workflows", "sample 1.0, race 0123456789abcdef, seed 20261123"},
        {"18.2 %", "-13.3 points", "-4.7 points", "+0.23 points", "0.43 %", "decrease",
         "idempotency"},
        {"40.6", "no data", "wide interval", "failed workflows (%)", "22 min", "100 %", "0.2"},
        {"maintenance triggered: not ready, dropped", "temporary host", "before", "after",
         "waiting for a callback", "deadline", "request"},
    };
    for (size_t i = 0; i < sheet->count; i++)
        for (size_t k = 0; k < 7; k++) {
            const char *svg =
                read_text(sheet->arena, path_of(sheet, sheet->charts[i]->name, "svg"));
            if (strstr(svg, texts[i][k]) == NULL)
                fail_msg("%s does not say \"%s\"", sheet->charts[i]->name, texts[i][k]);
        }
}

/* A text is one gnuplot string whatever stands in it, and one line; what is long is shortened, and
 * whole in the data. */
static void texts_reach_scripts_as_strings_only(void **state)
{
    struct sheet *sheet = *state;
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        add(sheet, edge_chart(sheet->arena, sample_makers[i], EDGE_HOSTILE));
        char *script = read_text(sheet->arena, path_of(sheet, sheet->charts[i]->name, "gp"));
        /* Behind an odd number of quotes we are inside a string. */
        for (char *at = script; (at = strchr(at, '`')) != NULL; at++) {
            char *line = at;
            while (line > script && line[-1] != '\n')
                line--;
            int quotes = 0;
            for (char *c = line; c < at; c++)
                quotes += *c == '\'' && !(c[-1] == '"' && c[1] == '"');
            assert_int_equal(quotes % 2, 1);
        }
        assert_null(strstr(script, "\ntouch"));
        assert_null(strstr(script, "\x1b"));
        assert_null(strstr(script, "\xe2\x80\xae"));
        assert_null(strstr(script, "\xff"));
        for (const char *c = script; *c != '\0'; c++)
            assert_true(*c == '\n' || *c == '\t' || (unsigned char)*c >= ' ');
    }
}

/* Two runs give the same bytes, also of the picture. */
static void the_same_chart_gives_the_same_bytes(void **state)
{
    struct sheet *sheet = *state;
    char *first[SAMPLE_COUNT][2];
    for (int round = 0; round < 2; round++) {
        sheet->count = 0;
        for (int i = 0; i < SAMPLE_COUNT; i++)
            add(sheet, sample_makers[i](sheet->arena));
        if (!draw(sheet, "svg"))
            skip();
        for (int i = 0; i < SAMPLE_COUNT; i++) {
            const char *name = sheet->charts[i]->name;
            char *script = read_text(sheet->arena, path_of(sheet, name, "gp"));
            char *picture = read_text(sheet->arena, path_of(sheet, name, "svg"));
            if (round > 0) {
                assert_string_equal(script, first[i][0]);
                assert_string_equal(picture, first[i][1]);
            }
            first[i][0] = script;
            first[i][1] = picture;
        }
    }
}

static void pictures_can_be_png(void **state)
{
    struct sheet *sheet = *state;
    add(sheet, sample_interval(sheet->arena));
    add(sheet, sample_gantt(sheet->arena));
    if (!draw(sheet, "png"))
        skip();
    for (size_t i = 0; i < sheet->count; i++) {
        const char *png = read_text(sheet->arena, path_of(sheet, sheet->charts[i]->name, "png"));
        assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
        /* Twice the size in pixels: 1440 wide. */
        assert_memory_equal(png + 16, "\0\0\x05\xa0", 4);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(data_and_scripts_are_as_they_were),
        TEST(every_kind_has_a_sample),
        TEST(a_chart_that_is_read_back_is_the_same),
        TEST(all_kinds_are_drawn_whatever_the_data),
        TEST(ids_of_a_page_with_all_kinds_are_unique),
        TEST(a_picture_says_what_it_shows),
        TEST(texts_reach_scripts_as_strings_only),
        TEST(the_same_chart_gives_the_same_bytes),
        TEST(pictures_can_be_png),
    };
    return cmocka_run_group_tests_name("charts", tests, NULL, NULL);
}
