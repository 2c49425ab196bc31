#include "reports/spacetime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/svg.h"

/* A client asks, the disk is slow, the answer gets lost. */
static struct spacetime sample(struct arena *arena)
{
    static struct spacetime_moment moments[] = {
        {.at_ns = 21 * UNITS_S, .lane = 0, .label = "asks to write"},
        {.at_ns = 21 * UNITS_S,
         .lane = 1,
         .label = "accepted",
         .mark = SPACETIME_DEVIATION,
         .mark_label = "the disk is slow"},
        {.at_ns = 22 * UNITS_S, .lane = 0},
        {.at_ns = 5 * UNITS_MIN, .lane = 2, .label = "written"},
        {.at_ns = 5 * UNITS_MIN,
         .lane = 1,
         .label = "answer lost",
         .mark = SPACETIME_DOOM,
         .mark_label = "lost from here on"},
        {.at_ns = UNITS_H,
         .lane = 0,
         .label = "gives up",
         .mark = SPACETIME_DETECTION,
         .mark_label = "seen only here"},
    };
    static struct spacetime_message messages[] = {
        {.from = 0, .to = 1}, {.from = 1, .to = 2}, {.from = 4, .to = 4, .is_lost = true}};
    static struct spacetime_bar bars[] = {{.lane = 2, .from = 1, .to = 3, .tone = SPACETIME_BUSY}};
    return (struct spacetime){.arena = arena,
                              .title = "a lost answer",
                              .alt = "",
                              .lanes = {"client", "server", "disk"},
                              .lane_count = 3,
                              .panel_count = 1,
                              .panels = {{.title = "The run that fails",
                                          .moments = moments,
                                          .moment_count = 6,
                                          .messages = messages,
                                          .message_count = 3,
                                          .bars = bars,
                                          .bar_count = 1}}};
}

static char *printed(const struct spacetime *diagram, int width)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    spacetime_print(diagram, &(struct page){.file = memory, .width = width});
    fclose(memory);
    return text;
}

static char *drawn(const struct spacetime *diagram)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    spacetime_write_svg(diagram, memory);
    fclose(memory);
    return text;
}

static char *inlined(const char *svg)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    struct error error = {0};
    struct svg_words words = {.prefix = "p-", .title = "t", .alt = ""};
    if (!svg_inline(memory, svg, &words, &error))
        fail_msg("%s", error.message);
    fclose(memory);
    return text;
}

static void test_text(void **state)
{
    (void)state;
    struct arena *arena = arena_create("spacetime", 0);
    struct spacetime diagram = sample(arena);
    char *text = printed(&diagram, 80);
    assert_string_equal(text, "The run that fails\n"
                              "             client   server    disk\n"
                              "  00:00:21      o------->|        |      asks to write\n"
                              "                |<-------o        #      accepted\n"
                              "            ~~~ the disk is slow\n"
                              "                .        .        .      (4min39s later)\n"
                              "  00:05:00      |        |        o      written\n"
                              "                |    x---o        |      answer lost\n"
                              "            !!! lost from here on\n"
                              "                .        .        .      (55min later)\n"
                              "  01:00:00      o        |        |      gives up\n"
                              "            ### seen only here\n");
    free(text);
    arena_destroy(arena);
}

/* In any width every line fits and says the same words. */
static void test_widths(void **state)
{
    (void)state;
    struct arena *arena = arena_create("spacetime", 0);
    struct spacetime diagram = sample(arena);
    for (int width = 50; width <= 120; width += 10) {
        char *text = printed(&diagram, width);
        for (char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
            assert_true(strcspn(line, "\n") <= (size_t)width);
        assert_non_null(strstr(text, "gives up"));
        free(text);
    }
    arena_destroy(arena);
}

/* A wait is what the times beside it say, also where a part of a second is left of both. */
static void test_waits(void **state)
{
    (void)state;
    struct arena *arena = arena_create("spacetime", 0);
    struct spacetime_moment moments[] = {
        {.at_ns = UNITS_S * 3 / 2, .lane = 0, .label = "asks"},
        {.at_ns = 21 * UNITS_S + 7, .lane = 0, .label = "is told"},
    };
    struct spacetime diagram = {
        .arena = arena,
        .title = "a wait",
        .lanes = {"client"},
        .lane_count = 1,
        .panel_count = 1,
        .panels = {{.title = "a run", .moments = moments, .moment_count = 2}}};
    char *svg = drawn(&diagram), *text = printed(&diagram, 80);
    assert_non_null(strstr(text, "00:00:01"));
    assert_non_null(strstr(text, "(20s later)"));
    assert_non_null(strstr(svg, "20s later"));
    assert_string_equal(spacetime_wait(arena, UNITS_S - 1, UNITS_S), "1s");
    free(svg);
    free(text);
    arena_destroy(arena);
}

/* A picture as reports/svg.h takes it, with every label, the cuts, and the lost message's cross. */
static void test_picture(void **state)
{
    (void)state;
    struct arena *arena = arena_create("spacetime", 0);
    struct spacetime diagram = sample(arena);
    char *svg = drawn(&diagram), *page = inlined(svg);
    static const char *const words[] = {"client",        "asks to write",     "answer lost",
                                        "4min38s later", "lost from here on", "00:05:00",
                                        "01:00:00"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(page, words[i]) == NULL)
            fail_msg("no \"%s\"", words[i]);
    /* Words take the colour of the page, paper is nobody's. */
    assert_null(strstr(page, "#000000"));
    assert_null(strstr(page, "#ffffff"));
    free(svg);
    free(page);
    arena_destroy(arena);
}

/* Words of other people cannot end an element, steer a terminal or make a picture unfit. */
static void test_hostile_words(void **state)
{
    (void)state;
    static const char *const hostile[] = {"</text><script>alert(1)</script>",
                                          "\"><svg onload=x>",
                                          "a & b < c > d 'e' \"f\"",
                                          "\033[31mred\033[0m",
                                          "\xff\xfe broken",
                                          "\xe2\x80\xae backwards",
                                          "]]>",
                                          "&#x41;",
                                          ""};
    struct arena *arena = arena_create("spacetime", 0);
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct spacetime_moment moments[] = {
            {.at_ns = 1, .label = hostile[i], .mark = SPACETIME_DOOM, .mark_label = hostile[i]}};
        struct spacetime diagram = {
            .arena = arena,
            .title = hostile[i],
            .caption = hostile[i],
            .lanes = {hostile[i]},
            .lane_count = 1,
            .panel_count = 1,
            .panels = {{.title = hostile[i], .moments = moments, .moment_count = 1}}};
        char *svg = drawn(&diagram), *page = inlined(svg), *text = printed(&diagram, 80);
        assert_null(strstr(page, "<script"));
        assert_null(strstr(page, "onload=x>"));
        assert_null(strchr(text, '\033'));
        free(svg);
        free(page);
        free(text);
    }
    arena_destroy(arena);
}

static void test_nothing_to_show(void **state)
{
    (void)state;
    struct arena *arena = arena_create("spacetime", 0);
    struct spacetime diagram = {.arena = arena, .panel_count = 1, .panels = {{.title = "empty"}}};
    char *svg = drawn(&diagram), *page = inlined(svg), *text = printed(&diagram, 80);
    assert_non_null(strstr(text, "empty"));
    free(svg);
    free(page);
    free(text);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_widths),
        cmocka_unit_test(test_waits),         cmocka_unit_test(test_picture),
        cmocka_unit_test(test_hostile_words), cmocka_unit_test(test_nothing_to_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
