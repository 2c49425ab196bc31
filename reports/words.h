/* words.h - texts of other people made fit to be shown: whole UTF-8, not too long, broken in lines.
 *
 * Lengths are in columns: characters, of which ideographs and pictures take two. Texts lie in the
 * arena.
 */
#ifndef REPORTS_WORDS_H
#define REPORTS_WORDS_H

#include <stddef.h>

#include "sim/base/arena.h"

/* Copy a text (NULL: empty); bytes that are not UTF-8 become "?". */
char *words_clean(struct arena *arena, const char *text);

/* Copy a text as one line: control characters become blanks, marks of direction and code points
 * that are no characters are left out. What is longer than `length_max` (at least 2) columns
 * ends in an ellipsis. */
char *words_shorten(struct arena *arena, const char *text, size_t length_max);

struct words_lines {
    const char **lines;
    size_t count;
};

/* Break a text at its line ends and, where a line is longer than `length_max` columns, at blanks
 * (or within a word that is longer by itself); at most `count_max` lines, the last then ends in an
 * ellipsis.
 */
struct words_lines words_wrap(struct arena *arena, const char *text, size_t length_max,
                              size_t count_max);

/* Columns of a text. */
size_t words_length(const char *text);

#endif
