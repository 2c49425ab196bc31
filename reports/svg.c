#include "reports/svg.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page_text.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

enum { DEPTH_MAX = 32, ATTRIBUTES_MAX = 32, QUOTE_MAX = 40 };
#define BLANKS " \t\r\n"

/* A piece of the text. */
struct span {
    const char *at;
    size_t size;
};

static bool is(struct span span, const char *text)
{
    return strlen(text) == span.size && memcmp(span.at, text, span.size) == 0;
}

static bool is_one_of(struct span span, const char *const *list)
{
    for (; *list != NULL; list++)
        if (is(span, *list))
            return true;
    return false;
}

static bool consists_of(struct span span, const char *alphabet)
{
    for (size_t i = 0; i < span.size; i++)
        if (span.at[i] == '\0' || strchr(alphabet, span.at[i]) == NULL)
            return false;
    return true;
}

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

struct attribute {
    struct span name, value;
};

struct tag {
    struct span name;
    bool is_closing, is_empty; /* </name>; <name/> */
    struct attribute attributes[ATTRIBUTES_MAX];
    size_t count;
};

struct reading {
    const char *at; /* The rest of the picture. */
    FILE *out;
    const struct svg_words *words;
    struct error *error;
    struct span open[DEPTH_MAX];
    size_t depth;
    size_t skipped_from; /* At this depth and deeper nothing is written; 0: everything is. */
    size_t defs_depth;   /* Of the <defs> that we are in; 0: none. */
};

/* What is dropped with all that it holds: gnuplot's names, and effects that we do not use. */
static const char *const dropped[] = {"title", "desc", "filter", NULL};
static const char *const kept[] = {"svg", "g",       "defs", "circle", "path",    "rect",
                                   "use", "polygon", "text", "tspan",  "pattern", NULL};
static const char *const shapes[] = {"path", "polygon", "rect", "circle", NULL};
/* Only inside of what is dropped. */
static const char *const dropped_inside[] = {"feFlood", "feComposite", NULL};

/* Inside of <defs>: no groups, so that no reference stands for more than one shape. */
static const char *const definitions[] = {"circle",  "path",    "rect", "use",
                                          "polygon", "pattern", NULL};

/* Each between blanks. */
static const char attributes[] =
    " color cx cy d fill fill-opacity fill-rule font-family font-size font-style font-weight "
    "height opacity patternUnits points r rx ry shape-rendering stroke stroke-dasharray "
    "stroke-linecap stroke-linejoin stroke-opacity stroke-width text-anchor transform width x y ";
/* Checked in their own ways, or gnuplot's own business. */
static const char *const left_out[] = {"class", "version", "viewBox", "xmlns", "xmlns:xlink", NULL};

static bool is_known(struct span name)
{
    const char *end = attributes + sizeof attributes - 1;
    for (const char *at = attributes + 1; at < end; at = strchr(at, ' ') + 1)
        if (strncmp(at, name.at, name.size) == 0 && at[name.size] == ' ')
            return true;
    return false;
}

static bool refuse(const struct reading *reading, const char *what, struct span span)
{
    char quoted[QUOTE_MAX + 1];
    size_t size = span.size < QUOTE_MAX ? span.size : QUOTE_MAX;
    for (size_t i = 0; i < size; i++)
        quoted[i] = span.at[i] > ' ' && span.at[i] < 0x7F ? span.at[i] : '?';
    quoted[size] = '\0';
    return error_set(reading->error, ERROR_CHART, "the picture is not as gnuplot draws it: %s%s",
                     what, quoted);
}

static bool refuse_all(const struct reading *reading, const char *what)
{
    return refuse(reading, what, (struct span){.at = "", .size = 0});
}

static void skip_blanks(struct reading *reading)
{
    reading->at += strspn(reading->at, BLANKS);
}

static struct span read_name(struct reading *reading)
{
    struct span name = {.at = reading->at, .size = strspn(reading->at, LETTERS_AND_DIGITS ":_.-")};
    reading->at += name.size;
    return name;
}

/* name = "value", in quotes of either kind. */
static bool read_attribute(struct reading *reading, struct tag *tag)
{
    struct attribute attribute = {.name = read_name(reading)};
    if (attribute.name.size == 0)
        return refuse_all(reading, "a tag that does not end");
    skip_blanks(reading);
    bool has_value = *reading->at == '=';
    reading->at += has_value;
    skip_blanks(reading);
    char quote = *reading->at;
    if (!has_value || (quote != '"' && quote != '\''))
        return refuse(reading, "there is no value of ", attribute.name);
    const char *end = strchr(++reading->at, quote);
    if (end == NULL)
        return refuse(reading, "there is no end to ", attribute.name);
    attribute.value = (struct span){.at = reading->at, .size = (size_t)(end - reading->at)};
    reading->at = end + 1;
    for (size_t i = 0; i < tag->count; i++)
        if (tag->attributes[i].name.size == attribute.name.size &&
            memcmp(tag->attributes[i].name.at, attribute.name.at, attribute.name.size) == 0)
            return refuse(reading, "twice there is ", attribute.name);
    if (tag->count == ATTRIBUTES_MAX)
        return refuse_all(reading, "too many attributes");
    tag->attributes[tag->count++] = attribute;
    return true;
}

/* Read a tag from behind its "<" to behind its ">". */
static bool read_tag(struct reading *reading, struct tag *tag)
{
    tag->count = 0;
    tag->is_empty = false;
    tag->is_closing = *reading->at == '/';
    reading->at += tag->is_closing;
    tag->name = read_name(reading);
    if (tag->name.size == 0)
        return refuse(reading, "what begins with <",
                      (struct span){.at = reading->at, .size = strnlen(reading->at, 8)});
    for (skip_blanks(reading); *reading->at != '>'; skip_blanks(reading)) {
        if (reading->at[0] == '/' && reading->at[1] == '>' && !tag->is_closing) {
            tag->is_empty = true;
            reading->at++;
        } else if (tag->is_closing || !read_attribute(reading, tag)) {
            return tag->is_closing ? refuse(reading, "the end of ", tag->name) : false;
        }
    }
    reading->at++;
    return true;
}

/* Colours. Three numbers of 0 to 255, as #rrggbb or rgb(r, g, b). */
static bool parse_colour(struct span value, int rgb[3])
{
    char text[32];
    int end = 0;
    if (value.size >= sizeof text)
        return false;
    memcpy(text, value.at, value.size);
    text[value.size] = '\0';
    if (strcmp(text, "black") == 0 || strcmp(text, "white") == 0) {
        rgb[0] = rgb[1] = rgb[2] = *text == 'w' ? 255 : 0;
        return true;
    }
    if (value.size == 7 && sscanf(text, "#%2x%2x%2x%n", (unsigned *)&rgb[0], (unsigned *)&rgb[1],
                                  (unsigned *)&rgb[2], &end) == 3)
        return end == 7;
    return sscanf(text, "rgb(%3d ,%3d ,%3d )%n", &rgb[0], &rgb[1], &rgb[2], &end) == 3 &&
           end == (int)value.size;
}

static const struct attribute *find_attribute(const struct tag *tag, const char *name)
{
    for (size_t i = 0; i < tag->count; i++)
        if (is(tag->attributes[i].name, name))
            return &tag->attributes[i];
    return NULL;
}

/* Greys of lines and small words, which would be too dark or too bright in the dark, are written as
 * an opacity. It is inherited, so only elements without coloured children may have one: those that
 * have their own shape, and groups of words. */
enum { GREY_LEAST = 0x60, GREY_MOST = 0xF0 };

static bool is_leaf(const struct tag *tag)
{
    return is_one_of(tag->name, shapes) || find_attribute(tag, "font-size") != NULL;
}

static void write_value(const struct reading *reading, const struct attribute *attribute,
                        const char *value)
{
    fprintf(reading->out, " %.*s=\"%s\"", (int)attribute->name.size, attribute->name.at, value);
}

static void write_colour(const struct reading *reading, const struct tag *tag,
                         const struct attribute *attribute, const int rgb[3])
{
    bool is_fill = is(attribute->name, "fill"), is_stroke = is(attribute->name, "stroke");
    bool is_grey = rgb[0] == rgb[1] && rgb[1] == rgb[2];
    bool has_opacity = find_attribute(tag, is_fill ? "fill-opacity" : "stroke-opacity") != NULL;
    /* What follows `color` stays in the colour of words. */
    if (is(attribute->name, "color") && is_grey && (rgb[0] == 0 || rgb[0] == 255))
        return;
    if (is_grey && rgb[0] == 0) {
        write_value(reading, attribute, "currentColor");
    } else if (is_grey && rgb[0] == 255) {
        write_value(reading, attribute, "none");
    } else if (is_grey && rgb[0] >= GREY_LEAST && rgb[0] <= GREY_MOST && (is_fill || is_stroke) &&
               !has_opacity && is_leaf(tag)) {
        write_value(reading, attribute, "currentColor");
        fprintf(reading->out, " %s-opacity=\"%.2f\"", is_fill ? "fill" : "stroke",
                fmin(1, 1.15 * (255 - rgb[0]) / 255));
    } else {
        char text[16];
        snprintf(text, sizeof text, "#%02x%02x%02x", (unsigned)rgb[0] & 255U,
                 (unsigned)rgb[1] & 255U, (unsigned)rgb[2] & 255U);
        write_value(reading, attribute, text);
    }
}

static bool is_id(struct span id)
{
    return id.size > 0 && id.size <= QUOTE_MAX && consists_of(id, LETTERS_AND_DIGITS "_-");
}

/* url(#id): the only reference that a value may hold, and then nothing else. */
static bool parse_reference(struct span value, struct span *id)
{
    static const char head[] = "url(#";
    size_t size = sizeof head - 1;
    if (value.size < size + 2 || memcmp(value.at, head, size) != 0 ||
        value.at[value.size - 1] != ')')
        return false;
    *id = (struct span){.at = value.at + size, .size = value.size - size - 1};
    return is_id(*id);
}

/* An id is kept where it can be referred to. */
static bool write_id(const struct reading *reading, struct span id)
{
    if (!is_id(id))
        return refuse(reading, "the id ", id);
    if (reading->defs_depth > 0)
        fprintf(reading->out, " id=\"%s%.*s\"", reading->words->prefix, (int)id.size, id.at);
    return true;
}

static bool write_link(const struct reading *reading, struct span value)
{
    struct span id = {.at = value.at + 1, .size = value.size - 1};
    if (value.size < 2 || *value.at != '#' || !is_id(id))
        return refuse(reading, "a reference to ", value);
    fprintf(reading->out, " xlink:href=\"#%s%.*s\"", reading->words->prefix, (int)id.size, id.at);
    return true;
}

/* Numbers and words: nothing in a value could end it or begin something else. */
static bool check_value(const struct reading *reading, const struct attribute *attribute)
{
    if (!consists_of(attribute->value, LETTERS_AND_DIGITS BLANKS ".,+-#%()"))
        return refuse(reading, "the value of ", attribute->name);
    /* "url" in any case is a reference to somewhere. */
    for (size_t i = 0; i + 3 <= attribute->value.size; i++)
        if (strncasecmp(attribute->value.at + i, "url", 3) == 0)
            return refuse(reading, "a reference in ", attribute->name);
    return true;
}

static bool write_plain(const struct reading *reading, const struct tag *tag,
                        const struct attribute *attribute)
{
    struct span value = attribute->value, id;
    int rgb[3];
    bool is_colour = is(attribute->name, "fill") || is(attribute->name, "stroke") ||
                     is(attribute->name, "color");
    if (is_colour && parse_reference(value, &id)) {
        fprintf(reading->out, " %.*s=\"url(#%s%.*s)\"", (int)attribute->name.size,
                attribute->name.at, reading->words->prefix, (int)id.size, id.at);
        return true;
    }
    if (!check_value(reading, attribute))
        return false;
    if (is_colour && parse_colour(value, rgb))
        write_colour(reading, tag, attribute, rgb);
    else
        fprintf(reading->out, " %.*s=\"%.*s\"", (int)attribute->name.size, attribute->name.at,
                (int)value.size, value.at);
    return true;
}

/* A style says fill and stroke (of patterns): the same as attributes. */
static bool write_style(const struct reading *reading, const struct tag *tag, struct span style)
{
    const char *end = style.at + style.size;
    bool is_said[2] = {find_attribute(tag, "fill") != NULL, find_attribute(tag, "stroke") != NULL};
    for (const char *at = style.at; at < end;) {
        const char *stop = memchr(at, ';', (size_t)(end - at));
        stop = stop != NULL ? stop : end;
        const char *colon = memchr(at, ':', (size_t)(stop - at));
        if (colon == NULL)
            return refuse(reading, "the style ", style);
        struct attribute attribute = {
            .name = {.at = at, .size = (size_t)(colon - at)},
            .value = {.at = colon + 1, .size = (size_t)(stop - colon) - 1}};
        bool is_stroke = is(attribute.name, "stroke");
        if ((!is_stroke && !is(attribute.name, "fill")) || is_said[is_stroke])
            return refuse(reading, "the style ", style);
        is_said[is_stroke] = true;
        if (!write_plain(reading, tag, &attribute))
            return false;
        at = stop < end ? stop + 1 : end;
        at += strspn(at, BLANKS);
    }
    return true;
}

static bool write_attribute(const struct reading *reading, const struct tag *tag,
                            const struct attribute *attribute)
{
    struct span value = attribute->value;
    if (is(attribute->name, "id"))
        return write_id(reading, value);
    if (is(attribute->name, "xlink:href"))
        return write_link(reading, value);
    if (is(attribute->name, "style"))
        return write_style(reading, tag, value);
    if (is(attribute->name, "xml:space") && is(value, "preserve")) {
        fputs(" xml:space=\"preserve\"", reading->out);
        return true;
    }
    if (is_one_of(attribute->name, left_out))
        return true;
    if (!is_known(attribute->name))
        return refuse(reading, "the attribute ", attribute->name);
    return write_plain(reading, tag, attribute);
}

/* The size of the sheet: "0 0 width height". */
static bool read_size(const struct reading *reading, const struct tag *root, double *width,
                      double *height)
{
    const struct attribute *box = find_attribute(root, "viewBox");
    char text[64];
    int end = 0;
    if (box == NULL || box->value.size >= sizeof text)
        return refuse_all(reading, "it has no viewBox");
    memcpy(text, box->value.at, box->value.size);
    text[box->value.size] = '\0';
    if (!consists_of(box->value, "0123456789. ") ||
        sscanf(text, "0 0 %lf %lf%n", width, height, &end) != 2 || text[end] != '\0' ||
        !(*width > 0 && *width < 1e5 && *height > 0 && *height < 1e5))
        return refuse(reading, "the viewBox ", box->value);
    return true;
}

static bool write_root(struct reading *reading, const struct tag *tag)
{
    static const char svg_space[] = "http://www.w3.org/2000/svg";
    static const char link_space[] = "http://www.w3.org/1999/xlink";
    const struct svg_words *words = reading->words;
    const struct attribute *space = find_attribute(tag, "xmlns");
    const struct attribute *link = find_attribute(tag, "xmlns:xlink");
    double width, height;
    if (space == NULL || !is(space->value, svg_space))
        return refuse_all(reading, "it is no SVG");
    if (link != NULL && !is(link->value, link_space))
        return refuse_all(reading, "it has links of another kind");
    for (size_t i = 0; i < tag->count; i++) {
        struct span name = tag->attributes[i].name;
        if (!is_one_of(name, left_out) && !is(name, "width") && !is(name, "height"))
            return refuse(reading, "the attribute ", name);
    }
    if (!read_size(reading, tag, &width, &height))
        return false;
    double shown = height - words->cut_top_px - words->cut_bottom_px;
    if (!(shown > 0))
        return refuse_all(reading, "it is lower than the words that are cut off");
    fprintf(reading->out,
            "<svg viewBox=\"0 %d %.12g %.12g\" xmlns=\"%s\" xmlns:xlink=\"%s\" role=\"img\" "
            "aria-labelledby=\"%stitle\"",
            words->cut_top_px, width, shown, svg_space, link_space, words->prefix);
    if (*words->alt != '\0')
        fprintf(reading->out, " aria-describedby=\"%sdesc\"", words->prefix);
    fprintf(reading->out, ">\n<title id=\"%stitle\">", words->prefix);
    page_text_escape_line(reading->out, words->title);
    fputs("</title>\n", reading->out);
    if (*words->alt != '\0') {
        fprintf(reading->out, "<desc id=\"%sdesc\">", words->prefix);
        page_text_escape_line(reading->out, words->alt);
        fputs("</desc>\n", reading->out);
    }
    return true;
}

/* A white disc, by which gnuplot sets a point off from the bar behind it. */
static bool is_blank_disc(const struct tag *tag)
{
    const struct attribute *colour = find_attribute(tag, "color");
    int rgb[3];
    return is(tag->name, "use") && tag->is_empty && colour != NULL &&
           parse_colour(colour->value, rgb) && rgb[0] == 255 && rgb[1] == 255 && rgb[2] == 255;
}

static bool open_tag(struct reading *reading, const struct tag *tag)
{
    bool is_root = reading->depth == 0, is_skipped = reading->skipped_from > 0;
    if (is_root != is(tag->name, "svg"))
        return refuse(reading, "the element ", tag->name);
    bool is_dropped = is_one_of(tag->name, dropped);
    bool is_known = is_dropped || is_one_of(tag->name, kept) ||
                    (is_skipped && is_one_of(tag->name, dropped_inside));
    if (!is_known)
        return refuse(reading, "the element ", tag->name);
    bool is_defined = reading->defs_depth > 0 && !is_skipped && !is_dropped;
    bool is_in_pattern = is_defined && is(reading->open[reading->depth - 1], "pattern");
    if (is_defined &&
        (!is_one_of(tag->name, definitions) || (is_in_pattern && !is_one_of(tag->name, shapes))))
        return refuse(reading, "among the definitions ", tag->name);
    if (reading->depth == DEPTH_MAX)
        return refuse_all(reading, "elements are too deep in each other");
    if (is_root && tag->is_empty)
        return refuse_all(reading, "it is empty");
    reading->open[reading->depth++] = tag->name;
    if (is_dropped && !is_skipped)
        reading->skipped_from = reading->depth;
    if (is(tag->name, "defs") && reading->defs_depth == 0)
        reading->defs_depth = reading->depth;
    if (is_root)
        return write_root(reading, tag);
    if (reading->skipped_from > 0 || is_blank_disc(tag))
        return true;
    fprintf(reading->out, "<%.*s", (int)tag->name.size, tag->name.at);
    for (size_t i = 0; i < tag->count; i++)
        if (!write_attribute(reading, tag, &tag->attributes[i]))
            return false;
    fputs(tag->is_empty ? "/>" : ">", reading->out);
    return true;
}

/* `is_written`: an empty element has no end of its own. */
static bool close_tag(struct reading *reading, struct span name, bool is_written)
{
    struct span open = reading->depth > 0 ? reading->open[reading->depth - 1] : (struct span){0};
    if (open.size != name.size || open.size == 0 || memcmp(open.at, name.at, name.size) != 0)
        return refuse(reading, "the end of ", name);
    if (is_written && reading->skipped_from == 0)
        fprintf(reading->out, "</%.*s>", (int)name.size, name.at);
    if (reading->skipped_from == reading->depth)
        reading->skipped_from = 0;
    if (reading->defs_depth == reading->depth)
        reading->defs_depth = 0;
    reading->depth--;
    return true;
}

/* Text between tags; "&" only begins one of the names that gnuplot writes. */
static bool read_words(struct reading *reading)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    struct span text = {.at = reading->at, .size = strcspn(reading->at, "<")};
    reading->at += text.size;
    bool is_blank = consists_of(text, BLANKS);
    struct span inside = reading->depth > 0 ? reading->open[reading->depth - 1] : (struct span){0};
    bool has_words = reading->skipped_from > 0 || is(inside, "text") || is(inside, "tspan");
    /* gnuplot leaves the end of a path ("Z") between the tags where a box has no size. */
    bool is_stray = !is_blank && !has_words && consists_of(text, BLANKS "Z");
    if (!is_blank && !has_words && !is_stray)
        return refuse(reading, "words outside of texts: ", text);
    for (size_t i = 0; i < text.size; i++) {
        bool is_known = text.at[i] != '&';
        for (size_t k = 0; !is_known && k < sizeof entities / sizeof entities[0]; k++)
            is_known = strncmp(text.at + i, entities[k], strlen(entities[k])) == 0;
        if (!is_known)
            return refuse(reading, "the entity ",
                          (struct span){.at = text.at + i, .size = text.size - i});
    }
    if (reading->skipped_from > 0)
        return true;
    /* One line end of many is enough: half of what gnuplot writes is blanks. */
    if ((is_blank || is_stray) && !is(inside, "text") && !is(inside, "tspan")) {
        if (memchr(text.at, '\n', text.size) != NULL)
            putc('\n', reading->out);
        return true;
    }
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] == '>')
            fputs("&gt;", reading->out);
        else
            putc(text.at[i], reading->out);
    return true;
}

static bool convert(struct reading *reading)
{
    static const char head[] = "<?xml version=\"1.0\" encoding=\"utf-8\"";
    if (strncmp(reading->at, head, sizeof head - 1) == 0) {
        const char *end = strstr(reading->at, "?>");
        if (end == NULL)
            return refuse_all(reading, "a head that does not end");
        reading->at = end + 2;
    }
    bool has_begun = false;
    while (*reading->at != '\0') {
        struct tag tag;
        if (*reading->at != '<') {
            if (reading->depth == 0)
                skip_blanks(reading);
            if (reading->depth == 0 && *reading->at != '<' && *reading->at != '\0')
                return refuse_all(reading, "words outside of it");
            if (reading->depth > 0 && !read_words(reading))
                return false;
            continue;
        }
        if (has_begun && reading->depth == 0)
            return refuse_all(reading, "there is more behind its end");
        reading->at++;
        if (!read_tag(reading, &tag) || (!tag.is_closing && !open_tag(reading, &tag)))
            return false;
        if ((tag.is_closing || tag.is_empty) && !close_tag(reading, tag.name, tag.is_closing))
            return false;
        has_begun = true;
    }
    if (reading->depth > 0 || !has_begun)
        return refuse_all(reading, "it is cut off");
    return true;
}

/* Whole UTF-8 without control characters and U+FFFE, U+FFFF, which XML forbids. */
static bool check_bytes(const char *svg, struct error *error)
{
    bool is_good = text_is_utf8(svg, strlen(svg), NULL) && strstr(svg, "\xef\xbf\xbe") == NULL &&
                   strstr(svg, "\xef\xbf\xbf") == NULL;
    for (const char *at = svg; is_good && *at != '\0'; at++)
        is_good = (unsigned char)*at >= ' ' || strchr(BLANKS, *at) != NULL;
    return is_good || error_set(error, ERROR_CHART, "the picture is no text");
}

bool svg_inline(FILE *out, const char *svg, const struct svg_words *words, struct error *error)
{
    struct span prefix = {.at = words->prefix, .size = strlen(words->prefix)};
    CHECK(prefix.size > 0 && consists_of(prefix, LETTERS_AND_DIGITS "-") &&
          strchr("0123456789-", *prefix.at) == NULL);
    CHECK(words->cut_top_px >= 0 && words->cut_bottom_px >= 0);
    if (!check_bytes(svg, error))
        return false;
    char *text = NULL;
    size_t size_bytes;
    struct reading reading = {.at = svg, .words = words, .error = error};
    reading.out = open_memstream(&text, &size_bytes);
    CHECK(reading.out != NULL);
    bool is_good = convert(&reading);
    putc('\n', reading.out);
    CHECK(fclose(reading.out) == 0);
    if (is_good)
        fwrite(text, 1, size_bytes, out);
    free(text);
    return is_good;
}

/* Read the whole file; NULL if it cannot be. */
static char *read_file(const char *path, size_t size_max, struct error *error)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size_bytes = 0;
    if (file == NULL) {
        error_set(error, ERROR_CHART, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    FILE *memory = open_memstream(&text, &size_bytes);
    CHECK(memory != NULL);
    char block[16384];
    size_t total = 0, size;
    while (total <= size_max && (size = fread(block, 1, sizeof block, file)) > 0) {
        fwrite(block, 1, size, memory);
        total += size;
    }
    bool is_bad = ferror(file) != 0;
    fclose(file);
    CHECK(fclose(memory) == 0);
    if (is_bad)
        error_set(error, ERROR_CHART, "cannot read %s", path);
    else if (total > size_max)
        error_set(error, ERROR_CHART, "%s is larger than %zu bytes", path, size_max);
    else if (strlen(text) != total)
        error_set(error, ERROR_CHART, "%s is no text", path);
    else
        return text;
    free(text);
    return NULL;
}

bool svg_inline_file(FILE *out, const char *path, size_t size_max, const struct svg_words *words,
                     struct error *error)
{
    char *text = read_file(path, size_max, error);
    if (text == NULL)
        return false;
    bool is_good = svg_inline(out, text, words, error);
    free(text);
    return is_good;
}
