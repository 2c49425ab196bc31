#include "reports/table.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sim/base/check.h"

enum { WIDTH_DEFAULT = 80, WIDTH_MIN = 40, WIDTH_MAX = 120, INDENT = 2, GAP = 2 };

size_t table_text_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80; /* Not a continuation byte. */
    return width;
}

struct page page_of(FILE *file)
{
    struct page page = {.file = file, .width = WIDTH_DEFAULT};
    int descriptor = fileno(file);
    if (descriptor < 0 || !isatty(descriptor))
        return page;
    struct winsize size = {0};
    if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        page.width = size.ws_col < WIDTH_MIN   ? WIDTH_MIN
                     : size.ws_col > WIDTH_MAX ? WIDTH_MAX
                                               : size.ws_col;
    const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
    page.has_colour = (no_colour == NULL || *no_colour == '\0') && terminal != NULL &&
                      strcmp(terminal, "dumb") != 0;
    return page;
}

static const char *style_code(enum page_style style)
{
    switch (style) {
    case PAGE_PLAIN: return "\033[0m";
    case PAGE_STRONG: return "\033[1m";
    case PAGE_FAINT: return "\033[2m";
    case PAGE_GOOD: return "\033[32m";
    case PAGE_BAD: return "\033[31m";
    case PAGE_UNSURE: return "\033[33m";
    }
    check_failed(__FILE__, __LINE__, "a known style");
}

void page_style(const struct page *page, enum page_style style)
{
    if (page->has_colour)
        fputs(style_code(style), page->file);
}

/* A control character: C0, DEL, or C1 as UTF-8 writes it (two bytes). */
static bool is_control(const char *at)
{
    unsigned char first = (unsigned char)at[0], second = (unsigned char)at[1];
    return first < ' ' || first == 0x7F || (first == 0xC2 && second >= 0x80 && second < 0xA0);
}

static void put(FILE *file, const char *text, size_t size)
{
    for (const char *at = text; at < text + size; at++) {
        if (!is_control(at) || *at == '\n') {
            putc(*at, file);
            continue;
        }
        putc('?', file);
        at += (unsigned char)*at == 0xC2;
    }
}

void page_put(FILE *file, const char *text)
{
    put(file, text, strlen(text));
}

static void print_blanks(FILE *file, size_t count)
{
    fprintf(file, "%*s", (int)count, "");
}

void page_paragraph(const struct page *page, int indent, const char *text)
{
    int column = 0;
    for (const char *at = text + strspn(text, " \n"); *at != '\0'; at += strspn(at, " \n")) {
        size_t length = strcspn(at, " \n");
        int width = 0;
        for (size_t i = 0; i < length; i++)
            width += ((unsigned char)at[i] & 0xC0) != 0x80;
        if (column > 0 && column + 1 + width > page->width) {
            putc('\n', page->file);
            column = 0;
        }
        if (column == 0) {
            print_blanks(page->file, (size_t)indent);
            column = indent;
        } else {
            putc(' ', page->file);
            column++;
        }
        put(page->file, at, length);
        column += width;
        at += length;
    }
    putc('\n', page->file);
}

/* Where the next option begins, or the end. What stands in single quotes or behind a backslash is
 * no place to break at. */
static size_t piece_length(const char *text)
{
    bool is_quoted = false;
    size_t at = 0;
    for (; text[at] != '\0'; at++) {
        if (text[at] == '\'')
            is_quoted = !is_quoted;
        else if (text[at] == '\\' && !is_quoted && text[at + 1] != '\0')
            at++;
        else if (at > 0 && !is_quoted && strncmp(text + at, " --", 3) == 0)
            break;
    }
    return at;
}

void page_command(const struct page *page, int indent, const char *command)
{
    int used = indent;
    print_blanks(page->file, (size_t)indent);
    for (const char *at = command; *at != '\0';) {
        /* A piece is an option with its value, so that a pair is not torn apart. */
        size_t length = piece_length(at);
        int width = 0;
        for (size_t i = 0; i < length; i++)
            width += ((unsigned char)at[i] & 0xC0) != 0x80;
        if (at > command && used + width + 2 > page->width) {
            fputs(" \\\n", page->file);
            print_blanks(page->file, (size_t)indent + 2);
            used = indent + 1;
            put(page->file, at + 1, length - 1); /* Without the blank that it begins with. */
        } else {
            put(page->file, at, length);
        }
        used += width;
        at += length;
    }
    putc('\n', page->file);
}

void page_title(const struct page *page, const char *text)
{
    putc('\n', page->file);
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 0, text);
    page_style(page, PAGE_PLAIN);
}

struct cell {
    const char *text;
    enum page_style style;
    struct cell *next;
};

struct column {
    const char *title;
    enum table_alignment alignment;
    size_t width;
    struct cell *first, *last;
    struct column *next;
};

struct table {
    struct arena *arena;
    struct column *first, *last, *current; /* `current` takes the next cell. */
    size_t row_count;
};

struct table *table_create(struct arena *arena)
{
    struct table *table = arena_take(arena, sizeof *table);
    table->arena = arena;
    return table;
}

void table_add_column(struct table *table, const char *title, enum table_alignment alignment)
{
    CHECK(table->current == NULL || table->row_count == 0);
    struct column *column = arena_take(table->arena, sizeof *column);
    column->title = arena_copy_text(table->arena, title);
    column->alignment = alignment;
    column->width = table_text_width(title);
    if (table->last == NULL)
        table->first = table->current = column;
    else
        table->last->next = column;
    table->last = column;
}

void table_add_styled(struct table *table, const char *text, enum page_style style)
{
    struct column *column = table->current;
    CHECK(column != NULL);
    struct cell *cell = arena_take(table->arena, sizeof *cell);
    cell->text = arena_copy_text(table->arena, text);
    cell->style = style;
    if (column->last == NULL)
        column->first = cell;
    else
        column->last->next = cell;
    column->last = cell;
    size_t width = table_text_width(text);
    column->width = width > column->width ? width : column->width;
    table->row_count += column == table->first;
    table->current = column->next != NULL ? column->next : table->first;
}

void table_add(struct table *table, const char *text)
{
    table_add_styled(table, text, PAGE_PLAIN);
}

void table_print_cell(struct table *table, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    table_add(table, text);
}

/* The first column and those from `from` up to but not `to`. */
struct part {
    const struct column *from, *to;
    size_t width;
};

static struct part find_part(const struct table *table, const struct column *from, int page_width)
{
    struct part part = {.from = from, .to = from, .width = table->first->width};
    do {
        part.width += GAP + part.to->width;
        part.to = part.to->next;
    } while (part.to != NULL && INDENT + part.width + GAP + part.to->width <= (size_t)page_width);
    return part;
}

/* A row while it is printed: blanks wait until something stands behind them, so that no row ends in
 * blanks. */
struct line {
    const struct page *page;
    size_t blank_count;
};

/* Cells may end in blanks too, where they are made of several parts. */
static size_t size_without_blanks(const char *text)
{
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == ' ')
        size--;
    return size;
}

static void print_text(struct line *line, const struct column *column, const char *text,
                       enum page_style style)
{
    FILE *file = line->page->file;
    size_t blanks = column->width - table_text_width(text);
    size_t size = size_without_blanks(text), after_count = strlen(text) - size;
    if (column->alignment == TABLE_RIGHT)
        line->blank_count += blanks;
    else
        after_count += blanks;
    if (size > 0) {
        print_blanks(file, line->blank_count);
        line->blank_count = 0;
        if (style != PAGE_PLAIN)
            page_style(line->page, style);
        put(file, text, size);
        if (style != PAGE_PLAIN)
            page_style(line->page, PAGE_PLAIN);
    }
    line->blank_count += after_count;
}

static const struct cell *cell_at(const struct column *column, size_t row)
{
    const struct cell *cell = column->first;
    while (row-- > 0)
        cell = cell->next;
    return cell;
}

static void print_row(const struct table *table, const struct page *page, const struct part *part,
                      size_t row)
{
    struct line line = {page, INDENT};
    const struct cell *cell = cell_at(table->first, row);
    print_text(&line, table->first, cell->text, cell->style);
    for (const struct column *column = part->from; column != part->to; column = column->next) {
        line.blank_count += GAP;
        cell = cell_at(column, row);
        print_text(&line, column, cell->text, cell->style);
    }
    putc('\n', page->file);
}

static void print_head(const struct table *table, const struct page *page, const struct part *part)
{
    struct line line = {page, INDENT};
    print_text(&line, table->first, table->first->title, PAGE_FAINT);
    for (const struct column *column = part->from; column != part->to; column = column->next) {
        line.blank_count += GAP;
        print_text(&line, column, column->title, PAGE_FAINT);
    }
    putc('\n', page->file);
}

void table_print(const struct table *table, const struct page *page)
{
    CHECK(table->first != NULL && table->current == table->first);
    const struct column *from = table->first->next;
    do {
        struct part part = {.width = table->first->width};
        if (from != NULL)
            part = find_part(table, from, page->width);
        print_head(table, page, &part);
        for (size_t row = 0; row < table->row_count; row++)
            print_row(table, page, &part, row);
        if (part.to != NULL)
            putc('\n', page->file);
        from = part.to;
    } while (from != NULL);
}
