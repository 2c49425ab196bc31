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

#include <stdbool.h>
#include <stdio.h>

#include "reports/process.h"
#include "sim/base/error.h"

struct gnuplot_job {
    const char *directory; /* Where script and data are, and the picture will be. */
    const char *script;    /* File name without folders. */
    const char *picture;   /* The same. */
    const struct process_patience *patience; /* May be NULL. */
};

/* Draw the picture. Errors (ERROR_CHART): gnuplot is missing, failed, was late or interrupted, or
 * drew nothing; there is then no picture, and script and data are left alone. */
bool gnuplot_draw(const struct gnuplot_job *job, struct error *error);

/* Write `text` as a gnuplot string in single quotes; quotes inside are doubled, control characters
 * become spaces. */
void gnuplot_quote(FILE *script, const char *text);

#endif
