/* progress.h - how far a long piece of work is, for whoever waits at standard error.
 *
 * On a terminal: one line with a bar, the time that is left and a text, drawn again at most ten
 * times a second. Elsewhere: a plain line now and then, the intervals growing, so that the log of a
 * job stays short. Quiet: nothing at all. This is the only reader of a real clock beside process.h,
 * and nothing that it sees goes into a result.
 */
#ifndef REPORTS_PROGRESS_H
#define REPORTS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
    FILE *file;
    bool is_quiet, is_terminal, has_line;
    int width;
    int64_t started_at_ns, shown_at_ns, pause_ns; /* Of the real, monotonic clock. */
};

/* Start now. `file` is standard error but in tests. */
struct progress progress_start(FILE *file, bool is_quiet);

/* Say that `done` of `total` (0: nobody knows) are done; `text` is the running estimate and may be
 * "". */
void progress_show(struct progress *progress, uint64_t done, uint64_t total, const char *text);

/* Real time since the start. For people: never into a result. */
int64_t progress_elapsed_ns(const struct progress *progress);

/* Remove the bar, so that other text can follow. */
void progress_end(struct progress *progress);

#endif
