/* svg.h - a picture that gnuplot drew, made fit to stand inside a page.
 *
 * Two pictures in one page would share ids (gnuplot_canvas, gpPt0, ...), bring a white sheet into
 * the dark, and have no name for those who cannot see them. So
 *
 *     ids              of points and patterns, and references to them, get a prefix; all others go
 *     black            becomes currentColor, and greys become currentColor seen through
 *     white            becomes nothing: the sheet, borders, blank discs behind points
 *     width, height    go; the viewBox stays, without the words that the page prints itself
 *     <title>, <desc>  are the caller's; those of gnuplot ("gnuplot_plot_1") would be tooltips
 *     role="img"       and a name are added
 *
 * All other colours stay; they are chosen to be seen on white and on near-black. White as gnuplot's
 * #fffffe and black as #111111 stay too: those are words on coloured boxes.
 *
 * Only what gnuplot writes is let through: elements and attributes of a list, values without
 * quotes, backslashes or entities, references to ids inside. Anything else (scripts, event
 * handlers, references to the outside, comments, document types) refuses the picture as a whole.
 * What is written is well-formed XML and needs no names from outside.
 *
 * Limits: elements 32 deep, 32 attributes each. O(size), no copy of the picture is held but what is
 * written.
 */
#ifndef REPORTS_SVG_H
#define REPORTS_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "sim/base/error.h"

struct svg_words {
    const char *prefix; /* Of all ids; letters, digits and '-', beginning with a letter. */
    const char *title;
    const char *alt;               /* The description; may be empty. */
    int cut_top_px, cut_bottom_px; /* Not shown (chart_frame): words that the page prints itself. */
};

/* Write the picture `svg` (the text of a file) to `out` as one <svg> element. Errors: ERROR_CHART,
 * and nothing was written. */
bool svg_inline(FILE *out, const char *svg, const struct svg_words *words, struct error *error);

/* The same from a file. False also if there is no such file, or it is larger than `size_max`. */
bool svg_inline_file(FILE *out, const char *path, size_t size_max, const struct svg_words *words,
                     struct error *error);

#endif
