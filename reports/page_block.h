/* page_block.h - the blocks of a section as HTML: text, table, checks, chart, command, story.
 *
 * Internal to the page (page.h). Figures and tables are numbered through the page.
 */
#ifndef REPORTS_PAGE_BLOCK_H
#define REPORTS_PAGE_BLOCK_H

#include <stddef.h>
#include <stdio.h>

#include "reports/manifest.h"

/* What is being written, and how far it is. */
struct page_writer {
    FILE *file;
    const struct manifest *manifest;
    const char *directory; /* Of the pictures. */
    size_t pictures_bytes; /* That stand in the page already. */
    int figures, tables;
};

/* Write one block. */
void page_block_write(struct page_writer *writer, const struct manifest_block *block);

/* Write a text as <p> elements: an empty line ends one, a single newline breaks the line. */
void page_block_paragraphs(FILE *file, const char *text);

#endif
