/* gnuplot.h - turn a gnuplot script into a picture, or say why there is none.
 *
 * `gnuplot -d` is run in the folder of the script, without a shell, with a clean environment and a
 * deadline (process.h). The script must leave the name of its output to the variable `output` if
 * that is set:
 *
 *     if (!exists('output')) output = 'failure-rate.svg'
 *     set output output
 *
 * so that the picture is drawn under a temporary name and renamed when it is whole: a failed run of
 * gnuplot leaves an empty file behind, and nobody may find that. Names of files are the program's
 * own and hold no quotes (checked).
 *
 * Text of other people (labels) goes into the data file or through gnuplot_quote, never elsewhere:
 * in double quotes and in `plot '< ...'` gnuplot executes commands.
 */
#ifndef REPORTS_GNUPLOT_H
#define REPORTS_GNUPLOT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "reports/process.h"
#include "sim/base/error.h"

struct gnuplot_job {
    const char *directory; /* Where script and data are, and the picture will be. */
    const char *script;    /* File name without folders. */
    const char *picture;   /* The same; it ends in the format: ".svg", ".png". */
};

struct gnuplot_effort {
    size_t at_once;                          /* Processes. */
    int64_t deadline_ns;                     /* For each. */
    const struct process_patience *patience; /* May be NULL. */
};

/* Draw pictures. Returns how many could not be drawn; `errors[i]` is ERROR_CHART then (gnuplot is
 * missing, too old, failed, was late or interrupted, or drew nothing: there is no new picture, and
 * script and data are left alone), else its code is 0. */
size_t gnuplot_draw_all(const struct gnuplot_job *jobs, size_t count,
                        const struct gnuplot_effort *effort, struct error *errors);

/* Write `text` as a gnuplot expression: a string in single quotes, where nothing has a meaning but
 * their end. A quote inside is a string of its own, joined by ".": doubled quotes, as the manual
 * has them, end the string after all where two of them follow each other. Control characters become
 * spaces; "]]>" gets a space before its end, because gnuplot would write it into an SVG, where XML
 * forbids it. */
void gnuplot_quote(FILE *script, const char *text);

#endif
