#include "reports/gnuplot.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/process.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

enum { PATH_SIZE_BYTES = 4096 };
#define DEADLINE_NS (60 * UNITS_S)

static void check_name(const char *name)
{
    CHECK(*name != '\0' && strpbrk(name, "/'\"`\\$\n") == NULL);
}

/* The last line that says something: gnuplot repeats the script before it. */
static const char *last_line(char *text)
{
    size_t size = strlen(text);
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == ' '))
        text[--size] = '\0';
    char *line = strrchr(text, '\n');
    line = line != NULL ? line + 1 : text;
    return *line != '\0' ? line : "it said nothing";
}

static bool judge(struct process_outcome *outcome, const char *picture, struct error *error)
{
    if (!outcome->is_found)
        return error_set(error, ERROR_CHART,
                         "gnuplot is not installed; the data and the script of the chart are kept "
                         "(install gnuplot-nox, then run gnuplot on the .gp file)");
    if (outcome->is_interrupted)
        return error_set(error, ERROR_CHART, "interrupted while gnuplot was drawing; data kept");
    if (outcome->is_late)
        return error_set(error, ERROR_CHART, "gnuplot was stopped after 60 s; data kept");
    if (outcome->signal_number != 0)
        return error_set(error, ERROR_CHART, "gnuplot was killed by signal %d (%s); data kept",
                         outcome->signal_number, strsignal(outcome->signal_number));
    if (outcome->exit_status != 0)
        return error_set(error, ERROR_CHART, "gnuplot failed (status %d): %s; data kept",
                         outcome->exit_status, last_line(outcome->text));
    struct stat status;
    if (stat(picture, &status) != 0 || status.st_size == 0)
        return error_set(error, ERROR_CHART, "gnuplot drew nothing; data kept");
    return true;
}

bool gnuplot_draw(const struct gnuplot_job *job, struct error *error)
{
    check_name(job->script);
    check_name(job->picture);
    char setting[PATH_SIZE_BYTES], part[PATH_SIZE_BYTES], whole[PATH_SIZE_BYTES];
    int length = snprintf(part, sizeof part, "%s/%s.part", job->directory, job->picture);
    if (length >= (int)sizeof part)
        return error_set(error, ERROR_CHART, "the path of the chart is too long");
    snprintf(whole, sizeof whole, "%s/%s", job->directory, job->picture);
    snprintf(setting, sizeof setting, "output='%s.part'", job->picture);
    const char *arguments[] = {"gnuplot", "-d", "-e", setting, job->script, NULL};
    struct process_job process = {.arguments = arguments,
                                  .directory = job->directory,
                                  .deadline_ns = DEADLINE_NS,
                                  .patience = job->patience};
    struct process_outcome outcome;
    if (!process_run(&process, &outcome, error)) {
        if (error != NULL)
            error->code = ERROR_CHART;
        return false;
    }
    bool is_drawn = judge(&outcome, part, error);
    if (is_drawn && rename(part, whole) != 0)
        is_drawn = error_set(error, ERROR_CHART, "%s: %s", whole, strerror(errno));
    if (!is_drawn)
        remove(part);
    return is_drawn;
}

void gnuplot_quote(FILE *script, const char *text)
{
    putc('\'', script);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            putc('\'', script);
        putc((unsigned char)*text < ' ' ? ' ' : *text, script);
    }
    putc('\'', script);
}
