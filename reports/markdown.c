#include "reports/markdown.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/identity.h"
#include "reports/page_text.h"
#include "sim/base/check.h"

static bool is_alphanumeric(uint32_t character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character >= 0x80;
}

/* Where a text stands. Lists, headings, rules and definitions of links begin only at the start of a
 * line; brackets within the brackets of a link must not close them. */
enum place { AT_LINE_START, IN_LINE, IN_LINK };

/* Does this character need a backslash, to be itself? As few as possible, because people read the
 * text as it is: `failure_rate` is no emphasis and [17.6, 18.2] no link. */
static bool is_markup(enum place place, uint32_t before, uint32_t character, uint32_t after)
{
    switch (character) {
    case '\\':
    case '`':
    case '*':
    case '|':
    case '~':
    case '$': return true;
    case '_': return !is_alphanumeric(before) || !is_alphanumeric(after);
    case '[': return place == IN_LINK || before == 0;
    case ']': return place == IN_LINK || after == '(' || after == '[';
    case '+':
    case '-': return before == 0 && !is_alphanumeric(after); /* "-5" begins no list. */
    case '#':
    case '=': return before == 0;
    default: return false;
    }
}

/* Write one character so that no Markdown reads it as markup. Entities and not backslashes where
 * HTML is at stake, because every dialect knows them; an @ in front of a name would call somebody,
 * if it is not in the words for a picture. */
static void put_escaped(FILE *file, enum place place, uint32_t character, uint32_t after)
{
    bool is_word = is_alphanumeric(after);
    switch (character) {
    case '<': fputs("&lt;", file); return;
    case '>': fputs("&gt;", file); return;
    case '&': fputs(is_word || after == '#' ? "&amp;" : "&", file); return;
    case '@': fputs(is_word && place != IN_LINK ? "@<!-- -->" : "@", file); return;
    default: page_text_put(file, character);
    }
}

static uint32_t peek(const char *at)
{
    return page_text_next(&at);
}

static bool is_digit(uint32_t character)
{
    return character >= '0' && character <= '9';
}

/* Does a list's number or a sign end here? Only what a space or the end of the line follows is an
 * item. */
static bool is_space(uint32_t character)
{
    return character == 0 || character == ' ' || character == '\t' || character == '\n';
}

/* Write the text up to the end of its line; returns what follows the newline, or NULL. At the start
 * of a line spaces go (four would make it code), and "12. " is kept from being the first item of a
 * list. `before` is 0 as long as nothing stands on the line. */
static const char *put_line(FILE *file, enum place place, const char *text)
{
    bool is_number = place == AT_LINE_START;
    uint32_t before = place == AT_LINE_START ? 0 : ' ', character;
    while ((character = page_text_next(&text)) != 0) {
        if (character == '\n')
            return text;
        if (character == '\t')
            character = ' ';
        if (before == 0 && character == ' ')
            continue;
        bool ends_number = is_number && is_digit(before) &&
                           (character == '.' || character == ')') && is_space(peek(text));
        if (ends_number || is_markup(place, before, character, peek(text)))
            putc('\\', file);
        put_escaped(file, place, character, peek(text));
        is_number = is_number && is_digit(character);
        before = character;
    }
    return NULL;
}

/* Write a text without line ends, whatever it holds: for a heading, a cell, a label. */
static void put_text(FILE *file, enum place place, const char *text)
{
    for (bool is_first = true; text != NULL; is_first = false) {
        if (!is_first)
            putc(' ', file);
        text = put_line(file, place, text);
    }
}

/* Write a text as paragraphs, each line with `prefix` before it, and an empty line at the end. A
 * single newline stays one. */
static void put_paragraphs(FILE *file, const char *prefix, const char *text)
{
    bool is_line_open = false, was_empty = false;
    while (text != NULL) {
        text += strspn(text, " \t");
        if (*text == '\n' || *text == '\0') {
            was_empty = true;
            text = *text == '\n' ? text + 1 : NULL;
            continue;
        }
        if (is_line_open)
            fprintf(file, was_empty ? "\n%s\n" : "  \n", prefix);
        fputs(prefix, file);
        text = put_line(file, AT_LINE_START, text);
        is_line_open = true;
        was_empty = false;
    }
    if (is_line_open)
        fputs("\n\n", file);
}

/* The longest run of backticks in a text: a fence must be longer. */
static int longest_backticks(const char *text)
{
    int longest = 0;
    for (; *text != '\0'; text += *text != '\0') {
        int run = (int)strspn(text, "`");
        longest = run > longest ? run : longest;
        text += run;
    }
    return longest;
}

static void put_backticks(FILE *file, int count)
{
    while (count-- > 0)
        putc('`', file);
}

/* Write a text as code within a line; nothing for the empty text, which code cannot be. */
static void put_code(FILE *file, const char *text)
{
    if (*text == '\0')
        return;
    int fence = longest_backticks(text) + 1;
    put_backticks(file, fence);
    if (fence > 1)
        putc(' ', file); /* A backtick at the edge would belong to the fence. */
    uint32_t character;
    while ((character = page_text_next(&text)) != 0)
        page_text_put(file, character == '\n' || character == '\t' ? ' ' : character);
    if (fence > 1)
        putc(' ', file);
    put_backticks(file, fence);
}

static void put_fenced(FILE *file, const char *language, const char *text)
{
    int fence = longest_backticks(text) + 1;
    fence = fence < 3 ? 3 : fence;
    put_backticks(file, fence);
    fprintf(file, "%s\n", language);
    uint32_t character, last = '\n';
    while ((character = page_text_next(&text)) != 0)
        page_text_put(file, last = character);
    if (last != '\n')
        putc('\n', file);
    put_backticks(file, fence);
    fputs("\n\n", file);
}

static void write_text(FILE *file, const struct manifest_block *block)
{
    switch (block->style) {
    case MANIFEST_PLAIN: put_paragraphs(file, "", block->text); return;
    case MANIFEST_NOTE: fputs("> [!NOTE]\n", file); break;
    case MANIFEST_WARNING: fputs("> [!WARNING]\n", file); break;
    }
    put_paragraphs(file, "> ", block->text);
}

static void write_row(FILE *file, const struct manifest_block *table, size_t row)
{
    putc('|', file);
    for (size_t i = 0; i < table->column_count; i++) {
        putc(' ', file);
        put_text(file, IN_LINE, table->cells[row * table->column_count + i]);
        fputs(" |", file);
    }
    putc('\n', file);
}

static void write_table(FILE *file, const struct manifest_block *table, int number)
{
    fprintf(file, "**Table %d.** ", number);
    put_text(file, IN_LINE, table->title);
    fputs("\n\n|", file);
    for (size_t i = 0; i < table->column_count; i++) {
        putc(' ', file);
        put_text(file, IN_LINE, table->columns[i].title);
        fputs(" |", file);
    }
    fputs("\n|", file);
    for (size_t i = 0; i < table->column_count; i++)
        fputs(table->columns[i].align == MANIFEST_RIGHT ? " ---: |" : " --- |", file);
    putc('\n', file);
    for (size_t row = 0; row < manifest_row_count(table); row++)
        write_row(file, table, row);
    putc('\n', file);
}

static const char *word_of(enum manifest_mark mark)
{
    switch (mark) {
    case MANIFEST_PASS: return "✅ **PASS**";
    case MANIFEST_FAIL: return "❌ **FAIL**";
    case MANIFEST_UNSURE: return "❔ **INCONCLUSIVE**";
    }
    check_failed(__FILE__, __LINE__, "a known mark");
}

static void write_checks(FILE *file, const struct manifest_block *block)
{
    for (size_t i = 0; i < block->check_count; i++) {
        fprintf(file, "- %s ", word_of(block->checks[i].mark));
        put_code(file, block->checks[i].text);
        if (*block->checks[i].detail != '\0') {
            fputs("  \n  ", file);
            put_text(file, AT_LINE_START, block->checks[i].detail);
        }
        putc('\n', file);
    }
    if (block->check_count > 0)
        putc('\n', file);
}

static void write_chart(FILE *file, const struct chart *chart, const char *directory, int number)
{
    const char *name = chart_file_name(chart, "svg");
    struct stat status;
    bool has_picture = stat(arena_print(chart->arena, "%s/%s", directory, name), &status) == 0 &&
                       S_ISREG(status.st_mode) && status.st_size > 0;
    if (has_picture) {
        fputs("![", file);
        put_text(file, IN_LINK, *chart->alt != '\0' ? chart->alt : chart->title);
        fprintf(file, "](%s)\n\n", name);
    }
    fprintf(file, "**Figure %d.** ", number);
    put_text(file, IN_LINE, chart->title);
    fputs("\n\n", file);
    put_paragraphs(file, "", chart->caption);
    if (!has_picture)
        fprintf(file, "This chart could not be drawn; its data is in [%s](%s).\n\n",
                chart_file_name(chart, "tsv"), chart_file_name(chart, "tsv"));
}

static void write_command(FILE *file, const struct manifest_block *block)
{
    if (*block->title != '\0')
        put_paragraphs(file, "", block->title);
    put_fenced(file, "sh", block->text);
}

static void write_story(FILE *file, const struct manifest_block *block)
{
    fputs("### ", file);
    put_text(file, IN_LINE, block->title);
    fputs("\n\n", file);
    put_fenced(file, "text", block->text);
}

/* There is no file to show, so the words stand for it. */
static void write_drawing(FILE *file, const struct manifest_block *block, int number)
{
    fprintf(file, "**Figure %d.** ", number);
    put_text(file, IN_LINE, block->title);
    fputs("\n\n", file);
    put_paragraphs(file, "", block->alt);
}

/* How many figures and tables there are so far: they have the numbers of the page. */
struct counts {
    int figures, tables;
};

static void write_block(FILE *file, const struct manifest_block *block, const char *directory,
                        struct counts *counts)
{
    switch (block->kind) {
    case MANIFEST_TEXT: write_text(file, block); return;
    case MANIFEST_TABLE: write_table(file, block, ++counts->tables); return;
    case MANIFEST_CHECKS: write_checks(file, block); return;
    case MANIFEST_CHART: write_chart(file, block->chart, directory, ++counts->figures); return;
    case MANIFEST_COMMAND: write_command(file, block); return;
    case MANIFEST_STORY: write_story(file, block); return;
    case MANIFEST_PICTURE: write_drawing(file, block, ++counts->figures); return;
    }
}

static void write_head(FILE *file, const struct manifest *manifest)
{
    const struct identity *identity = &manifest->identity;
    fputs("# ", file);
    put_text(file, IN_LINE, manifest->title);
    fputs("\n\n", file);
    put_paragraphs(file, "", manifest->lead);
    if (identity_is_partial(identity))
        fprintf(file,
                "> [!WARNING]\n> Interrupted: only %u of %u replications were carried out. Every "
                "figure here is of these alone.\n\n",
                (unsigned)identity->replications, (unsigned)identity->replications_planned);
}

static void write_foot(FILE *file, const struct manifest *manifest)
{
    fputs("---\n\n", file);
    put_text(file, IN_LINE, identity_line(&manifest->identity, manifest->arena));
    fputs("\n\n", file);
    put_fenced(file, "sh", manifest->identity.command);
    fprintf(file, "%s\n", identity_caveat_of(&manifest->identity));
}

void markdown_write(FILE *file, const struct manifest *manifest, const char *directory)
{
    struct counts counts = {0};
    write_head(file, manifest);
    for (size_t i = 0; i < manifest->section_count; i++) {
        const struct manifest_section *section = manifest->sections[i];
        fputs("## ", file);
        put_text(file, IN_LINE, section->title);
        fputs("\n\n", file);
        for (size_t k = 0; k < section->block_count; k++)
            write_block(file, section->blocks[k], directory, &counts);
    }
    write_foot(file, manifest);
}
