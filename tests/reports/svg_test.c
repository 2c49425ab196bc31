#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/svg.h"

/* As gnuplot 5.4 writes it: the frame, definitions, a line of the grid, an axis, small words, a
 * point, a box, a pattern. */
#define HEAD                                                                                       \
    "<?xml version=\"1.0\" encoding=\"utf-8\"  standalone=\"no\"?>\n"                              \
    "<svg \n width=\"720\" height=\"300\"\n viewBox=\"0 0 720 300\"\n"                             \
    " xmlns=\"http://www.w3.org/2000/svg\"\n"                                                      \
    " xmlns:xlink=\"http://www.w3.org/1999/xlink\"\n>\n\n"                                         \
    "<title>Gnuplot</title>\n<desc>Produced by GNUPLOT 5.4 patchlevel 4 </desc>\n\n"               \
    "<g id=\"gnuplot_canvas\">\n\n"                                                                \
    "<rect x=\"0\" y=\"0\" width=\"720\" height=\"300\" fill=\"#ffffff\"/>\n"
#define TAIL "</g>\n</svg>\n\n"
static const char picture[] = HEAD
    "<defs>\n\n\t<circle id='gpDot' r='0.5' stroke-width='0.5' stroke='currentColor'/>\n"
    "\t<circle id='gpPt5' stroke-width='0.205' stroke='currentColor' cx='0' cy='0' r='1'/>\n"
    "\t<use xlink:href='#gpPt5' id='gpPt6' fill='currentColor' stroke='none'/>\n"
    "\t<filter id='textbox' filterUnits='objectBoundingBox' x='0' y='0' height='1' width='1'>\n"
    "\t  <feFlood flood-color='#FFFFFF' flood-opacity='1' result='bgnd'/>\n"
    "\t  <feComposite in='SourceGraphic' in2='bgnd' operator='atop'/>\n\t</filter>\n</defs>\n"
    "<g fill=\"none\" color=\"#FFFFFF\" stroke=\"currentColor\" stroke-width=\"1.00\">\n</g>\n"
    "<g fill=\"none\" color=\"black\" stroke=\"currentColor\">\n"
    "\t<path stroke='rgb(221, 221, 221)' class=\"gridline\"  d='M68.00,376.00 L695.99,376.00  '/>"
    "</g>\n"
    "<g fill=\"none\" color=\"black\" stroke=\"rgb(  0, 114, 178)\">\n"
    "\t<path stroke='black'  d='M1,2 L3,4  '/>"
    "\t<g transform=\"translate(54.03,379.90)\" stroke=\"none\" fill=\"black\" "
    "font-family=\"sans-serif\" font-size=\"12.00\"  text-anchor=\"end\">\n"
    "\t\t<text><tspan font-family=\"sans-serif\" >a &amp; b &lt;c> \"d\"</tspan></text>\n\t</g>\n"
    "\t<g stroke=\"none\" fill=\"rgb(102,102,102)\" font-size=\"10.00\"><text "
    "xml:space=\"preserve\">x   y</text></g>\n"
    "\t<g id=\"gnuplot_plot_1\" ><title>gnuplot_plot_1</title>\n"
    "\t<use xlink:href='#gpPt6' transform='translate(1,2) scale(4.88)' color='#FFFFFF'/>\n"
    "\t<use xlink:href='#gpPt6' transform='translate(1,2) scale(4.88)' color='rgb(213,  94,   0)'/>"
    "\n\t<defs>\n\t\t<pattern id='gpPat1' patternUnits='userSpaceOnUse' x='0' y='0' width='8' "
    "height='8'>\n\t\t\t<path style='fill:none; stroke:rgb(119,119,119)' d='M-4,0 L8,12'/>\n"
    "\t\t</pattern>\n\t</defs>\n"
    "\t<polygon  fill = 'url(#gpPat1)' points = '335.00,63.01 352.99,63.01 '/>\n"
    "\t<polygon fill = 'rgb(136, 136, 136)' fill-opacity = '0.180000' points = '1,1 2,2 '/>\n"
    "\t<rect x='1' y='1' width='5' height='5' stroke='white' fill='#111111'/>\nZ  "
    "\t</g>\n</g>\n" TAIL;

static const struct svg_words words = {
    .prefix = "figure-1-", .title = "A & <b>", .alt = "What \"is\" seen."};

/* Returns what was written, or NULL; the caller frees it. */
static char *convert(const char *svg, const struct svg_words *how, struct error *error)
{
    char *text = NULL;
    size_t size_bytes;
    FILE *memory = open_memstream(&text, &size_bytes);
    assert_non_null(memory);
    bool is_good = svg_inline(memory, svg, how, error);
    assert_int_equal(fclose(memory), 0);
    if (is_good)
        return text;
    assert_int_equal(size_bytes, 0); /* Nothing is written on failure. */
    free(text);
    return NULL;
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        count++;
    return count;
}

#define EXPECT_IN(text, what)                                                                      \
    do {                                                                                           \
        if (strstr(text, what) == NULL)                                                            \
            fail_msg("there is no \"%s\" in\n%s", what, text);                                     \
    } while (0)
#define EXPECT_NOT_IN(text, what)                                                                  \
    do {                                                                                           \
        if (strstr(text, what) != NULL)                                                            \
            fail_msg("there is \"%s\" in\n%s", what, text);                                        \
    } while (0)

static void a_picture_gets_names_and_loses_its_sheet(void **state)
{
    (void)state;
    char *text = convert(picture, &words, NULL);
    assert_non_null(text);
    EXPECT_IN(text, "<svg viewBox=\"0 0 720 300\" xmlns=\"http://www.w3.org/2000/svg\" "
                    "xmlns:xlink=\"http://www.w3.org/1999/xlink\" role=\"img\" "
                    "aria-labelledby=\"figure-1-title\" aria-describedby=\"figure-1-desc\">\n"
                    "<title id=\"figure-1-title\">A &amp; &lt;b&gt;</title>\n"
                    "<desc id=\"figure-1-desc\">What &quot;is&quot; seen.</desc>\n");
    assert_int_equal(count_of(text, "<title"), 1);
    assert_int_equal(count_of(text, "<desc"), 1);
    EXPECT_NOT_IN(text, "<?xml");
    EXPECT_NOT_IN(text, "width=\"720\" height=\"300\"\n");
    EXPECT_IN(text, "<rect x=\"0\" y=\"0\" width=\"720\" height=\"300\" fill=\"none\"/>");
    EXPECT_NOT_IN(text, "filter");
    EXPECT_NOT_IN(text, "gnuplot_");
    EXPECT_NOT_IN(text, "Gnuplot");
    EXPECT_NOT_IN(text, "style");
    EXPECT_NOT_IN(text, "Z");
    free(text);
    struct svg_words nameless = words;
    nameless.alt = "";
    text = convert(picture, &nameless, NULL);
    EXPECT_NOT_IN(text, "desc");
    free(text);
}

static void colours_fit_light_and_dark(void **state)
{
    (void)state;
    char *text = convert(picture, &words, NULL);
    /* Black is the colour of words; in a group whose colour was white it is seen all the same. */
    EXPECT_NOT_IN(text, "black");
    EXPECT_NOT_IN(text, "#FFFFFF");
    EXPECT_IN(text, "<g fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.00\">");
    EXPECT_IN(text, "<path stroke=\"currentColor\" d=\"M1,2 L3,4  \"/>");
    assert_int_equal(count_of(text, "scale(4.88)\""), 1); /* The white one is gone. */
    /* 1.15 * (255 - 221) / 255, and for 102. */
    EXPECT_IN(text, "<path stroke=\"currentColor\" stroke-opacity=\"0.15\" d=");
    EXPECT_IN(text, "<g stroke=\"none\" fill=\"currentColor\" fill-opacity=\"0.69\" font-size=");
    /* What has an opacity keeps its colour; so do colours, and ink on boxes. */
    EXPECT_IN(text, "<polygon fill=\"#888888\" fill-opacity=\"0.180000\"");
    EXPECT_IN(text, "stroke=\"#0072b2\"");
    EXPECT_IN(text, "color=\"#d55e00\"");
    EXPECT_IN(text, "height=\"5\" stroke=\"none\" fill=\"#111111\"/>");
    /* The stroke of a pattern, which was a style. */
    EXPECT_IN(text, "<path fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.61\" d=\"M-4");
    /* Words are as they were; > is escaped. */
    EXPECT_IN(text, ">a &amp; b &lt;c&gt; \"d\"</tspan></text>");
    EXPECT_IN(text, "<text xml:space=\"preserve\">x   y</text>");
    free(text);
}

static void references_follow_their_ids(void **state)
{
    (void)state;
    char *text = convert(picture, &words, NULL);
    assert_int_equal(count_of(text, "xlink:href=\"#figure-1-gpPt5\""), 1);
    assert_int_equal(count_of(text, "xlink:href=\"#figure-1-gpPt6\""), 1);
    assert_int_equal(count_of(text, "url(#figure-1-gpPat1)"), 1);
    assert_int_equal(count_of(text, "id=\"figure-1-gpPt6\""), 1);
    assert_int_equal(count_of(text, "id=\"figure-1-gpPat1\""), 1);
    assert_int_equal(count_of(text, " id=\""), count_of(text, " id=\"figure-1-"));
    free(text);
}

/* All ids of a text, each in quotes. */
static size_t collect_ids(const char *text, const char *ids[], size_t room)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, " id=\"")) != NULL; at += 5) {
        assert_true(count < room);
        ids[count++] = at + 5;
    }
    return count;
}

static void two_pictures_of_a_page_share_no_id(void **state)
{
    (void)state;
    struct svg_words second = words;
    second.prefix = "figure-2-";
    char *one = convert(picture, &words, NULL), *two = convert(picture, &second, NULL);
    const char *ids[64];
    size_t count = collect_ids(one, ids, 64);
    count += collect_ids(two, ids + count, 64 - count);
    assert_int_equal(count, 12); /* gpDot, gpPt5, gpPt6, gpPat1, title and desc of each. */
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++) {
            size_t length = strcspn(ids[i], "\"");
            bool is_same = length == strcspn(ids[k], "\"") && memcmp(ids[i], ids[k], length) == 0;
            assert_false(is_same);
        }
    free(one);
    free(two);
}

static void the_same_picture_gives_the_same_bytes(void **state)
{
    (void)state;
    char *one = convert(picture, &words, NULL), *two = convert(picture, &words, NULL);
    assert_string_equal(one, two);
    free(one);
    free(two);
}

static void words_that_the_page_prints_are_cut_off(void **state)
{
    (void)state;
    struct svg_words cut = words;
    cut.cut_top_px = 30;
    cut.cut_bottom_px = 50;
    char *text = convert(picture, &cut, NULL);
    EXPECT_IN(text, "<svg viewBox=\"0 30 720 220\" ");
    free(text);
    struct error error;
    cut.cut_bottom_px = 270;
    assert_null(convert(picture, &cut, &error));
    assert_int_equal(error.code, ERROR_CHART);
}

/* A picture with something in it that must not get into a page. */
static void what_gnuplot_does_not_write_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *inside, *reason;
    } cases[] = {
        {"<script>alert(1)</script>", "the element script"},
        {"<SCRIPT/>", "the element SCRIPT"},
        {"<svg:script xmlns:svg=\"http://www.w3.org/2000/svg\"/>", "the element svg:script"},
        {"<style>a{}</style>", "the element style"},
        {"<foreignObject><p>a</p></foreignObject>", "the element foreignObject"},
        {"<image xlink:href=\"x.png\"/>", "the element image"},
        {"<a href=\"x\"><path d=\"M0,0\"/></a>", "the element a"},
        {"<animate attributeName=\"x\"/>", "the element animate"},
        {"<svg></svg>", "the element svg"},
        {"<title><script/></title>", "the element script"},
        {"<path d=\"M0,0\" onclick=\"alert(1)\"/>", "the attribute onclick"},
        {"<g onload=\"alert(1)\"></g>", "the attribute onload"},
        {"<path d=\"M0,0\" href=\"#gpDot\"/>", "the attribute href"},
        {"<path d=\"M0,0\" filter=\"url(#textbox)\"/>", "the attribute filter"},
        {"<path d=\"M0,0\" xml:base=\"x\"/>", "the attribute xml:base"},
        {"<use xlink:href=\"http://example.org/#a\"/>", "a reference to http"},
        {"<use xlink:href=\"x.svg#a\"/>", "a reference to x.svg"},
        {"<use xlink:href=\"javascript:alert(1)\"/>", "a reference to javascript"},
        {"<use xlink:href=\"data:text/html,x\"/>", "a reference to data"},
        {"<use xlink:href=\"#\"/>", "a reference to #"},
        {"<path fill=\"url(http://example.org/x)\"/>", "the value of fill"},
        {"<path fill=\"url(x)\"/>", "a reference in fill"},
        {"<path d=\"URL(#a)\"/>", "a reference in d"},
        {"<path style=\"fill:url(x)\"/>", "a reference in fill"},
        {"<path style=\"background:red\"/>", "the style background"},
        {"<path style=\"fill:red;fill:blue\" fill=\"red\"/>", "the style fill"},
        {"<path style=\"fill:none;fill:red\"/>", "the style fill"},
        {"<path style=\"fill:none;@import x\"/>", "the style fill"},
        {"<path style=\"stroke:expression(\\61)\"/>", "the value of stroke"},
        {"<path d=\"&#x22;\"/>", "the value of d"},
        {"<path d='M0\" onload=\"alert(1)'/>", "the value of d"},
        {"<path d=\"M0<script>\"/>", "the value of d"},
        {"<path d=\"M0'\"/>", "the value of d"},
        {"<path d='M0\"'/>", "the value of d"},
        {"<path d=\"M0<\"/>", "the value of d"},
        {"<path d=\"M0\\\"/>", "the value of d"},
        {"<path fill='#fff\" x=\"'/>", "the value of fill"},
        {"<path style='fill:none\" x=\"'/>", "the value of fill"},
        {"<path id='a\" onload=\"x'/>", "the id a"},
        {"<use xlink:href='#a\" onload=\"x'/>", "a reference to #a"},
        {"<path fill='url(#a\" onload=\"x)'/>", "the value of fill"},
        {"<path d=\"M0,0\" d=\"M1,1\"/>", "twice there is d"},
        {"<path d=M0,0 />", "there is no value of d"},
        {"<path d/>", "there is no value of d"},
        {"<path id=\"a b\" d=\"M0,0\"/>", "the id a?b"},
        {"<!-- a -->", "what begins with <!--"},
        {"<![CDATA[<script>]]>", "what begins with <![CDATA"},
        {"<?php x ?>", "what begins with <?php"},
        {"<!DOCTYPE svg>", "what begins with <!DOCTY"},
        {"words", "words outside of texts"},
        {"<text>&nbsp;</text>", "the entity &nbsp;"},
        {"<text>&#x3c;script></text>", "the entity &#x3c;"},
        {"<text>a & b</text>", "the entity &"},
        {"<path d=\"M0,0\"", "a tag that does not end"},
        {"</g>", "the end of g"},
        {"<g>", "the end of svg"},
        {"<text></g></text>", "the end of g"},
        {"<defs><g id=\"a\"><path d=\"M0,0\"/></g></defs>", "among the definitions g"},
        {"<defs><pattern id=\"a\"><use xlink:href=\"#b\"/></pattern></defs>",
         "among the definitions use"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char svg[4096];
        struct error error = {0};
        snprintf(svg, sizeof svg, "%s%s%s", HEAD, cases[i].inside, TAIL);
        char *text = convert(svg, &words, &error);
        if (text != NULL)
            fail_msg("let through: %s", cases[i].inside);
        assert_int_equal(error.code, ERROR_CHART);
        if (strstr(error.message, cases[i].reason) == NULL)
            fail_msg("%s: \"%s\" has no \"%s\"", cases[i].inside, error.message, cases[i].reason);
    }
}

static void the_whole_must_be_one_svg(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "\n",
        "no picture",
        "<html></html>",
        "<svg/>",
        "<svg viewBox=\"0 0 9 9\"></svg>",
        "<svg viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/1999/xhtml\"></svg>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>",
        "<svg viewBox=\"0 0 9 9 9\" xmlns=\"http://www.w3.org/2000/svg\"></svg>",
        "<svg viewBox=\"0 0 9 0\" xmlns=\"http://www.w3.org/2000/svg\"></svg>",
        "<svg viewBox=\"0 0 9 1e9\" xmlns=\"http://www.w3.org/2000/svg\"></svg>",
        "<svg viewBox=\"0 0 9 nan\" xmlns=\"http://www.w3.org/2000/svg\"></svg>",
        "<svg viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/2000/svg\" onload=\"a\"></svg>",
        "<svg viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/2000/svg\"/>",
        "<svg viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/2000/svg\"></svg><svg/>",
        "<svg viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/2000/svg\"></svg> words",
        "words <svg viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/2000/svg\"></svg>",
        "<!DOCTYPE svg [<!ENTITY a \"b\">]><svg viewBox=\"0 0 9 9\"></svg>",
        "<?xml version=\"1.0\" encoding=\"utf-8\" <svg></svg>",
        "<svg viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/2000/svg\"><text>\x01</text></svg>",
        "<svg viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/2000/svg\"><text>\xff</text></svg>",
        ("<svg viewBox=\"0 0 9 9\" "
         "xmlns=\"http://www.w3.org/2000/svg\"><text>\xef\xbf\xbf</text></svg>"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        if (convert(cases[i], &words, &error) != NULL)
            fail_msg("let through: %s", cases[i]);
        assert_int_equal(error.code, ERROR_CHART);
    }
    char *text = convert("<svg viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/2000/svg\">\n</svg>",
                         &words, NULL);
    assert_non_null(text); /* What all of them would be without their fault. */
    free(text);
}

/* Cut anywhere it is refused, and nothing is read beyond the end. */
static void a_picture_cut_off_is_refused(void **state)
{
    (void)state;
    size_t whole = sizeof picture - 1;
    while (picture[whole - 1] == '\n')
        whole--;
    for (size_t size = 0; size < whole; size++) {
        char *copy = malloc(size + 1);
        struct error error;
        memcpy(copy, picture, size);
        copy[size] = '\0';
        assert_null(convert(copy, &words, &error));
        free(copy);
    }
}

static char *repeat(const char *before, const char *what, size_t count, const char *after)
{
    size_t room = strlen(before) + count * strlen(what) + strlen(after) + 1, used;
    char *text = malloc(room);
    used = (size_t)snprintf(text, room, "%s", before);
    for (size_t i = 0; i < count; i++, used += strlen(what))
        memcpy(text + used, what, strlen(what));
    snprintf(text + used, room - used, "%s", after);
    return text;
}

static void what_is_deep_or_has_many_attributes_is_refused(void **state)
{
    (void)state;
    char *deep = repeat(HEAD, "<g>", 100000, "");
    struct error error;
    assert_null(convert(deep, &words, &error));
    EXPECT_IN(error.message, "too deep");
    free(deep);
    char *wide = repeat(HEAD "<path ", "d=\"M0,0\" ", 100000, "/>" TAIL);
    assert_null(convert(wide, &words, &error));
    free(wide);
}

static void files_are_read_up_to_a_size(void **state)
{
    (void)state;
    char path[] = "/tmp/svg_test.XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    char *large = repeat(HEAD, "<path d=\"M0,0 L1,1\"/>\n", 20000, TAIL);
    size_t size = strlen(large);
    assert_int_equal(write(descriptor, large, size), (ssize_t)size);
    assert_int_equal(close(descriptor), 0);
    struct error error;
    char *text = NULL;
    size_t size_bytes;
    FILE *memory = open_memstream(&text, &size_bytes);
    assert_false(svg_inline_file(memory, path, size - 1, &words, &error));
    assert_int_equal(error.code, ERROR_CHART);
    EXPECT_IN(error.message, "larger than");
    assert_false(svg_inline_file(memory, "/nonexistent/a.svg", size, &words, &error));
    assert_int_equal(error.code, ERROR_CHART);
    assert_false(svg_inline_file(memory, "/tmp", size, &words, &error));
    assert_false(svg_inline_file(memory, "/nonexistent/a.svg", size, &words, NULL));
    assert_int_equal(ftell(memory), 0);
    assert_true(svg_inline_file(memory, path, size, &words, &error));
    assert_int_equal(fclose(memory), 0);
    assert_int_equal(count_of(text, "<path"), 20000);
    free(text);
    free(large);
    /* A NUL hides what follows. */
    FILE *file = fopen(path, "w");
    fwrite(picture, 1, sizeof picture, file);
    fputs("<script>", file);
    fclose(file);
    assert_false(svg_inline_file(stderr, path, 100000, &words, &error));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_gets_names_and_loses_its_sheet),
        cmocka_unit_test(colours_fit_light_and_dark),
        cmocka_unit_test(references_follow_their_ids),
        cmocka_unit_test(two_pictures_of_a_page_share_no_id),
        cmocka_unit_test(the_same_picture_gives_the_same_bytes),
        cmocka_unit_test(words_that_the_page_prints_are_cut_off),
        cmocka_unit_test(what_gnuplot_does_not_write_is_refused),
        cmocka_unit_test(the_whole_must_be_one_svg),
        cmocka_unit_test(a_picture_cut_off_is_refused),
        cmocka_unit_test(what_is_deep_or_has_many_attributes_is_refused),
        cmocka_unit_test(files_are_read_up_to_a_size),
    };
    return cmocka_run_group_tests_name("svg", tests, NULL, NULL);
}
