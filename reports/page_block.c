#include "reports/page_block.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/page.h"
#include "reports/page_text.h"
#include "reports/svg.h"
#include "sim/base/check.h"

void page_block_paragraphs(FILE *file, const char *text)
{
    size_t breaks = 0;
    bool is_open = false;
    struct page_tie tie = {0};
    uint32_t character;
    while ((character = page_text_next(&text)) != 0) {
        if (character == '\n') {
            breaks++;
            continue;
        }
        if (breaks > 0 && (character == ' ' || character == '\t'))
            continue;
        if (is_open && breaks > 0)
            fputs(breaks > 1 ? "</p>\n<p>" : "<br/>\n", file);
        else if (!is_open)
            fputs("<p>", file);
        is_open = true;
        breaks = 0;
        page_text_put_html(file, page_text_tie(&tie, character, text));
    }
    if (is_open)
        fputs("</p>\n", file);
}

static void write_text(FILE *file, const struct manifest_block *block)
{
    switch (block->style) {
    case MANIFEST_PLAIN: page_block_paragraphs(file, block->text); return;
    case MANIFEST_NOTE:
        fputs("<div class=\"note\" role=\"note\"><p><b>Note</b></p>\n", file);
        break;
    case MANIFEST_WARNING:
        fputs("<div class=\"note warning\" role=\"note\"><p><b>Warning</b></p>\n", file);
        break;
    }
    page_block_paragraphs(file, block->text);
    fputs("</div>\n", file);
}

/* A table's beginning: a box that can be scrolled with the keyboard and is named by the caption,
 * of which the words follow. */
static void open_table(FILE *file, const char *id, const char *attribute)
{
    fprintf(file,
            "<div class=\"table scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"%s\">\n"
            "<table%s>\n<caption id=\"%s\"><span>",
            id, attribute, id);
}

static void open_columns(FILE *file)
{
    fputs("</span></caption>\n<thead>\n<tr>", file);
}

/* A short word is not broken at its hyphens: "race-window.yaml:31". */
static bool is_short_word(const char *text)
{
    enum { LENGTH_MAX_BYTES = 32 };
    size_t length = strcspn(text, " \t\n");
    return text[length] == '\0' && length <= LENGTH_MAX_BYTES && strchr(text, '-') != NULL;
}

/* The interval behind an estimate in a cell of numbers, with the blank before it; or NULL. */
static const char *find_interval(const char *text)
{
    return strstr(text, " [");
}

/* Has a row three intervals or more? Then each stands below its estimate, to save width. */
static bool has_many_intervals(const struct manifest_block *table)
{
    enum { MANY = 3 };
    size_t in_row = 0;
    for (size_t i = 0; i < table->cell_count && in_row < MANY; i++) {
        size_t column = i % table->column_count;
        in_row = column == 0 ? 0 : in_row;
        bool is_right = table->columns[column].align == MANIFEST_RIGHT;
        in_row += is_right && find_interval(table->cells[i]) != NULL;
    }
    return in_row >= MANY;
}

/* Numbers: an interval behind its estimate is set apart. */
static void write_numbers(FILE *file, const char *text)
{
    const char *interval = find_interval(text);
    if (interval == NULL) {
        page_text_escape_numbers(file, text, strlen(text));
        return;
    }
    page_text_escape_numbers(file, text, (size_t)(interval - text));
    fputs(" <span class=\"i\">", file);
    page_text_escape_numbers(file, interval + 1, strlen(interval + 1));
    fputs("</span>", file);
}

static void write_cell(FILE *file, const char *text, bool is_head, bool is_right)
{
    const char *name = is_head ? "th" : "td";
    fprintf(file, "<%s%s%s>", name, is_head ? " scope=\"row\"" : "",
            is_right              ? " class=\"r\""
            : is_short_word(text) ? " class=\"w\""
                                  : "");
    if (is_right)
        write_numbers(file, text);
    else
        page_text_escape_line(file, text);
    fprintf(file, "</%s>", name);
}

static void write_column(FILE *file, const char *title, bool is_right)
{
    fprintf(file, "<th scope=\"col\"%s>", is_right ? " class=\"r\"" : "");
    page_text_escape_line(file, title);
    fputs("</th>", file);
}

static void close_table(FILE *file, size_t row_count, size_t column_count)
{
    if (row_count == 0)
        fprintf(file, "<tr><td colspan=\"%zu\">None.</td></tr>\n", column_count);
    fputs("</tbody>\n</table>\n</div>\n", file);
}

static void write_table(struct page_writer *writer, const struct manifest_block *table)
{
    FILE *file = writer->file;
    int number = ++writer->tables;
    open_table(file, arena_print(writer->manifest->arena, "table-%d", number),
               has_many_intervals(table) ? " class=\"many\"" : "");
    fprintf(file, "<span class=\"number\">Table %d.</span> <b>", number);
    page_text_escape_line(file, table->title);
    fputs("</b>", file);
    open_columns(file);
    for (size_t i = 0; i < table->column_count; i++)
        write_column(file, table->columns[i].title, table->columns[i].align == MANIFEST_RIGHT);
    fputs("</tr>\n</thead>\n<tbody>\n", file);
    for (size_t row = 0; row < manifest_row_count(table); row++) {
        fputs("<tr>", file);
        for (size_t i = 0; i < table->column_count; i++)
            write_cell(file, table->cells[row * table->column_count + i], i == 0,
                       table->columns[i].align == MANIFEST_RIGHT);
        fputs("</tr>\n", file);
    }
    close_table(file, manifest_row_count(table), table->column_count);
}

static void write_check(FILE *file, const struct manifest_check *check)
{
    switch (check->mark) {
    case MANIFEST_PASS: fputs("<li class=\"pass\"><b>✓ PASS</b> <code>", file); break;
    case MANIFEST_FAIL: fputs("<li class=\"fail\"><b>✗ FAIL</b> <code>", file); break;
    case MANIFEST_UNSURE: fputs("<li class=\"unsure\"><b>? INCONCLUSIVE</b> <code>", file); break;
    }
    page_text_escape_line(file, check->text);
    fputs("</code>", file);
    if (*check->detail != '\0') {
        fputs(" <span class=\"detail\">", file);
        page_text_escape_line(file, check->detail);
        fputs("</span>", file);
    }
    fputs("</li>\n", file);
}

static void write_checks(FILE *file, const struct manifest_block *block)
{
    if (block->check_count == 0)
        return;
    fputs("<ul class=\"checks\">\n", file);
    for (size_t i = 0; i < block->check_count; i++)
        write_check(file, &block->checks[i]);
    fputs("</ul>\n", file);
}

/* Words with a hyphen stand in boxes of their own, because a browser would end a line behind the
 * hyphens of "--replication". What is copied is the same. */
static void write_command_words(FILE *file, const char *text)
{
    bool is_boxed = false, was_blank = true;
    uint32_t character;
    for (const char *from = text; (character = page_text_next(&text)) != 0; from = text) {
        bool is_blank = character == ' ' || character == '\t' || character == '\n';
        bool is_start = was_blank && !is_blank;
        bool is_opened = is_start && memchr(from, '-', strcspn(from, " \t\n")) != NULL;
        fputs(is_boxed && is_blank ? "</span>" : is_opened ? "<span>" : "", file);
        is_boxed = is_opened || (is_boxed && !is_blank);
        was_blank = is_blank;
        page_text_put_html(file, character);
    }
    fputs(is_boxed ? "</span>" : "", file);
}

static void write_command(FILE *file, const struct manifest_block *block)
{
    fputs("<div class=\"command\">\n", file);
    if (*block->title != '\0') {
        fputs("<p>", file);
        page_text_escape_line(file, block->title);
        fputs("</p>\n", file);
    }
    fputs("<pre><code>", file);
    write_command_words(file, block->text);
    fputs("</code></pre>\n</div>\n", file);
}

static void write_story(FILE *file, const struct manifest_block *block)
{
    fputs("<div class=\"story\">\n<h3>", file);
    page_text_escape_line(file, block->title);
    fputs("</h3>\n<pre class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"", file);
    page_text_escape_line(file, block->title);
    fputs("\"><code>", file);
    page_text_escape(file, block->text);
    fputs("</code></pre>\n</div>\n", file);
}

/* The cells of a chart in words, for whoever has no picture. The table has no number, so that
 * tables have the same numbers with and without pictures. */
static void write_data(struct page_writer *writer, const struct chart *chart)
{
    FILE *file = writer->file;
    size_t count = chart_row_count(chart);
    size_t shown = count < PAGE_DATA_ROWS_MAX ? count : PAGE_DATA_ROWS_MAX;
    open_table(file, arena_print(writer->manifest->arena, "data-%d", writer->figures), "");
    fprintf(file, "<span class=\"number\">Data of figure %d</span>", writer->figures);
    open_columns(file);
    for (size_t i = 0; i < chart->column_count; i++) {
        const struct chart_column *column = &chart->columns[i];
        write_column(file, *column->label != '\0' ? column->label : column->name,
                     !chart_is_text(chart->kind, column->role));
    }
    fputs("</tr>\n</thead>\n<tbody>\n", file);
    for (size_t row = 0; row < shown; row++) {
        fputs("<tr>", file);
        for (size_t i = 0; i < chart->column_count; i++) {
            const struct chart_cell *cell = &chart->cells[row * chart->column_count + i];
            char number[32];
            snprintf(number, sizeof number, "%.6g", cell->number);
            write_cell(file,
                       cell->text != NULL ? cell->text
                       : cell->is_missing ? ""
                                          : number,
                       false, cell->text == NULL);
        }
        fputs("</tr>\n", file);
    }
    close_table(file, shown, chart->column_count);
    if (shown < count)
        fprintf(file, "<p class=\"method\">The first %zu of %zu rows; all of them are in %s.</p>\n",
                shown, count, chart_file_name(chart, "tsv"));
}

static void open_note(FILE *file)
{
    fputs("<div class=\"note\" role=\"note\"><p>", file);
}

static void write_link(FILE *file, const char *words, const char *name)
{
    fprintf(file, "%s<a href=\"%s\">%s</a>", words, name, name);
}

/* The picture as an element of the page, without its title and caption, which the page has itself;
 * to be freed. NULL: it may not stand here. */
static char *inline_picture(const struct page_writer *writer, const struct chart *chart,
                            const char *path, size_t *size_bytes)
{
    struct chart_frame frame = chart_frame(chart);
    struct svg_words words = {
        .prefix = arena_print(writer->manifest->arena, "figure-%d-", writer->figures),
        .title = chart->title,
        .alt = chart->alt,
        .cut_top_px = frame.top,
        .cut_bottom_px = frame.bottom,
    };
    char *text = NULL;
    FILE *memory = open_memstream(&text, size_bytes);
    CHECK(memory != NULL);
    bool is_drawn = svg_inline_file(memory, path, PAGE_PICTURE_SIZE_MAX_BYTES, &words, NULL);
    CHECK(fclose(memory) == 0);
    if (is_drawn)
        return text;
    free(text);
    return NULL;
}

static void write_too_large(FILE *file, const char *name)
{
    open_note(file);
    write_link(file, "This picture is too large for the page: see ", name);
    fputs(".</p></div>\n", file);
}

static void write_without_picture(struct page_writer *writer, const struct chart *chart,
                                  const char *reason)
{
    open_note(writer->file);
    fprintf(writer->file, "%s Its data:</p></div>\n", reason);
    write_data(writer, chart);
}

/* The picture in a box that scrolls, if there is one and it can stand in the page (true); else what
 * is known without it. */
static bool write_picture(struct page_writer *writer, const struct chart *chart)
{
    const char *name = chart_file_name(chart, "svg");
    const char *path = arena_print(writer->manifest->arena, "%s/%s", writer->directory, name);
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
        write_without_picture(writer, chart, "This chart could not be drawn.");
        return false;
    }
    if (status.st_size > PAGE_PICTURE_SIZE_MAX_BYTES) {
        write_too_large(writer->file, name);
        return false;
    }
    size_t size_bytes;
    char *text = inline_picture(writer, chart, path, &size_bytes);
    if (text == NULL) {
        write_without_picture(writer, chart,
                              "The picture of this chart is none that this program drew, or was "
                              "changed in a way that may not stand here.");
        return false;
    }
    bool has_room = writer->pictures_bytes + size_bytes <= PAGE_PICTURES_SIZE_MAX_BYTES;
    if (has_room) {
        writer->pictures_bytes += size_bytes;
        fprintf(writer->file,
                "<div class=\"scroll\" role=\"group\" tabindex=\"0\" "
                "aria-labelledby=\"caption-%d\">\n",
                writer->figures);
        fwrite(text, 1, size_bytes, writer->file);
        fputs("</div>\n", writer->file);
    } else
        write_too_large(writer->file, name);
    free(text);
    return has_room;
}

static void write_chart(struct page_writer *writer, const struct chart *chart)
{
    FILE *file = writer->file;
    int number = ++writer->figures;
    fprintf(file,
            "<figure id=\"figure-%d\">\n<figcaption id=\"caption-%d\"><span class=\"number\">"
            "Figure %d.</span> <b>",
            number, number, number);
    page_text_escape_line(file, chart->title);
    fputs("</b></figcaption>\n", file);
    bool is_drawn = write_picture(writer, chart);
    fputs("<div class=\"method\">\n", file);
    page_block_paragraphs(file, chart->caption);
    write_link(file, "<p class=\"files\">Data: ", chart_file_name(chart, "tsv"));
    write_link(file, ", script: ", chart_file_name(chart, "gp"));
    if (is_drawn)
        write_link(file, ", picture: ", chart_file_name(chart, "svg"));
    fputs("</p>\n</div>\n</figure>\n", file);
}

/* A picture that is part of the manifest. It may have been edited, and is shown only if it is still
 * one that the program could have drawn. */
static void write_drawing(struct page_writer *writer, const struct manifest_block *block)
{
    FILE *file = writer->file;
    int number = ++writer->figures;
    struct svg_words words = {
        .prefix = arena_print(writer->manifest->arena, "figure-%d-", number),
        .title = block->title,
        .alt = block->alt,
    };
    fprintf(file,
            "<figure id=\"figure-%d\">\n<figcaption id=\"caption-%d\"><span class=\"number\">"
            "Figure %d.</span> <b>",
            number, number, number);
    page_text_escape_line(file, block->title);
    fprintf(file,
            "</b></figcaption>\n<div class=\"scroll\" role=\"group\" tabindex=\"0\" "
            "aria-labelledby=\"caption-%d\">\n",
            number);
    if (!svg_inline(file, block->text, &words, NULL)) {
        open_note(file);
        fputs("This picture is none that this program drew, or was changed in a way that may not "
              "stand here. It showed:</p></div>\n",
              file);
        page_block_paragraphs(file, block->alt);
    }
    fputs("</div>\n</figure>\n", file);
}

void page_block_write(struct page_writer *writer, const struct manifest_block *block)
{
    switch (block->kind) {
    case MANIFEST_TEXT: write_text(writer->file, block); return;
    case MANIFEST_TABLE: write_table(writer, block); return;
    case MANIFEST_CHECKS: write_checks(writer->file, block); return;
    case MANIFEST_CHART: write_chart(writer, block->chart); return;
    case MANIFEST_COMMAND: write_command(writer->file, block); return;
    case MANIFEST_STORY: write_story(writer->file, block); return;
    case MANIFEST_PICTURE: write_drawing(writer, block); return;
    }
}
