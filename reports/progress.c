#include "reports/progress.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reports/table.h"
#include "sim/base/units.h"

enum { BAR_WIDTH = 24 };
#define PAUSE_TERMINAL_NS (100 * UNITS_MS)
#define PAUSE_LOG_NS      (5 * UNITS_S)
#define PAUSE_LOG_MAX_NS  (10 * UNITS_MIN)

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * UNITS_S + now.tv_nsec;
}

struct progress progress_start(FILE *file, bool is_quiet)
{
    struct progress progress = {.file = file, .is_quiet = is_quiet};
    progress.is_terminal = isatty(fileno(file));
    progress.width = page_of(file).width;
    progress.started_at_ns = progress.shown_at_ns = clock_ns();
    progress.pause_ns = progress.is_terminal ? PAUSE_TERMINAL_NS : PAUSE_LOG_NS;
    return progress;
}

static void print_left(char text[UNITS_TEXT_SIZE_BYTES], const struct progress *progress,
                       uint64_t done, uint64_t total)
{
    if (done == 0) {
        snprintf(text, UNITS_TEXT_SIZE_BYTES, "?");
        return;
    }
    double elapsed_ns = (double)(progress->shown_at_ns - progress->started_at_ns);
    double left_ns = elapsed_ns * (double)(total - done) / (double)done;
    units_print_rough_duration(text, left_ns < 9e18 ? (int64_t)left_ns : INT64_MAX);
}

void progress_show(struct progress *progress, uint64_t done, uint64_t total, const char *text)
{
    int64_t now_ns = clock_ns();
    if (progress->is_quiet || now_ns - progress->shown_at_ns < progress->pause_ns)
        return;
    progress->shown_at_ns = now_ns;
    char line[512], left[UNITS_TEXT_SIZE_BYTES], far[96];
    double share = total == 0 ? 0 : (double)done / (double)total;
    int full = (int)(share * BAR_WIDTH);
    if (total == 0) {
        snprintf(far, sizeof far, "%" PRIu64 " done", done);
    } else {
        print_left(left, progress, done, total);
        snprintf(far, sizeof far, "%3.0f %%, %s left", 100 * share, left);
    }
    if (!progress->is_terminal) {
        fprintf(progress->file, "%s%s%s\n", far, *text == '\0' ? "" : ": ", text);
        progress->pause_ns *= 2;
        if (progress->pause_ns > PAUSE_LOG_MAX_NS)
            progress->pause_ns = PAUSE_LOG_MAX_NS;
        return;
    }
    if (total == 0)
        snprintf(line, sizeof line, "%s  %s", far, text);
    else
        snprintf(line, sizeof line, "[%.*s%*s] %s  %s", full, "########################",
                 BAR_WIDTH - full, "", far, text);
    if ((int)strlen(line) >= progress->width)
        line[progress->width - 1] = '\0'; /* A wrapped line could not be drawn over. */
    fprintf(progress->file, "\r\033[K%s", line);
    fflush(progress->file);
    progress->has_line = true;
}

int64_t progress_elapsed_ns(const struct progress *progress)
{
    return clock_ns() - progress->started_at_ns;
}

void progress_end(struct progress *progress)
{
    if (!progress->has_line)
        return;
    fputs("\r\033[K", progress->file);
    fflush(progress->file);
    progress->has_line = false;
}
