/* table.h - aligned tables for a terminal, from cells of text.
 *
 *     cause                    before          after
 *     ---------------------------------------------------
 *     early-trigger      10,801  98.3 %       0
 *
 * Cells are kept until the table is printed, because widths follow from all of them. A table that
 * is wider than the page is printed in several parts, each with the first column; a cell is never
 * cut. Width is counted in characters of UTF-8 (one column each: nothing printed here is wider).
 *
 * Colour only where the page allows it (page_of); a table without colour says the same.
 */
#ifndef REPORTS_TABLE_H
#define REPORTS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "sim/base/arena.h"

/* Where text for people goes. */
struct page {
    FILE *file;
    int width; /* Characters in a line. */
    bool has_colour;
};

enum page_style { PAGE_PLAIN, PAGE_STRONG, PAGE_FAINT, PAGE_GOOD, PAGE_BAD, PAGE_UNSURE };

/* Look at where `file` leads: a terminal has its own width (40 to 120) and colour unless NO_COLOR
 * is set or TERM is "dumb"; anything else has 80 characters and none. */
struct page page_of(FILE *file);

/* Print text of other people as it is, but for control characters other than line ends: they become
 * '?', so that a scenario cannot steer a terminal. Everything below prints its texts like that. */
void page_put(FILE *file, const char *text);

/* Switch a style on and off (PAGE_PLAIN). Nothing without colour. */
void page_style(const struct page *page, enum page_style style);

/* Print a paragraph, broken at blanks; every line starts with `indent` blanks. */
void page_paragraph(const struct page *page, int indent, const char *text);

/* Print a command that is to be pasted into a shell: broken before options, where the shell allows
 * it, each line but the last with a backslash. */
void page_command(const struct page *page, int indent, const char *command);

/* Print a title: broken like a paragraph, strong where there is colour. */
void page_title(const struct page *page, const char *text);

enum table_alignment { TABLE_LEFT, TABLE_RIGHT };

struct table;

/* Create a table with no columns; cells are copied into the arena. */
struct table *table_create(struct arena *arena);

/* Add a column; all of them before the first cell. */
void table_add_column(struct table *table, const char *title, enum table_alignment alignment);

/* Add the next cell, row by row from the left. */
void table_add(struct table *table, const char *text);
void table_add_styled(struct table *table, const char *text, enum page_style style);
void table_print_cell(struct table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Print everything, indented by two blanks; no line ends in blanks. The last row must be complete.
 */
void table_print(const struct table *table, const struct page *page);

/* Characters of a UTF-8 text. */
size_t table_text_width(const char *text);

#endif
