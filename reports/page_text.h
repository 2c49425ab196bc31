/* page_text.h - text of strangers on its way into a page (page.h) or Markdown (markdown.h).
 *
 * First a text is cleaned, one character at a time; then whoever writes it escapes what its format
 * would take for markup. Cleaned means: no control characters but newline and tab, no marks that
 * turn the direction of what follows (a name could show as another one), no code points that are no
 * characters (XML refuses them), and U+FFFD for every byte that is not UTF-8.
 *
 * Where HTML breaks lines by itself, some blanks must not end one: that of "17.9 %", and those
 * within "[17.6, 18.2] %". They become no-break spaces (struct page_tie); whatever is copied from
 * the page and pasted shows them as blanks.
 */
#ifndef REPORTS_PAGE_TEXT_H
#define REPORTS_PAGE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Return the next clean character of a text and move `*at` behind it; 0 at the end. */
uint32_t page_text_next(const char **at);

/* Write one character as UTF-8; or as HTML, between tags or in a quoted attribute. */
void page_text_put(FILE *file, uint32_t character);
void page_text_put_html(FILE *file, uint32_t character);

/* Write a text for HTML, between tags or in a quoted attribute; newlines stay. NULL is "". */
void page_text_escape(FILE *file, const char *text);

/* The same for a heading, a cell or an attribute: newlines and tabs become spaces. */
void page_text_escape_line(FILE *file, const char *text);

/* The same for the first `size_bytes` of a cell of numbers, in which a line does not end between a
 * number and its unit. */
void page_text_escape_numbers(FILE *file, const char *text, size_t size_bytes);

/* What has been read of a text, as far as it decides about the next blank. Zero at its start. */
struct page_tie {
    uint32_t before;
    bool is_in_bracket;
};

/* Return `character`, or a no-break space for a blank of prose that must not end a line; `next` is
 * the rest of the text behind it. */
uint32_t page_text_tie(struct page_tie *tie, uint32_t character, const char *next);

#endif
