#include "reports/gnuplot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/base/arena.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

/* The scripts need data blocks, arrays and transparent boxes. */
enum { VERSION_MAJOR = 5, VERSION_MINOR = 2 };

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

static bool fail(struct error *error, const char *what)
{
    return error_set(error, ERROR_CHART, "%s; data and script are kept", what);
}

/* Did the process end as it should? */
static bool judge(struct process_outcome *outcome, struct error *error)
{
    if (!outcome->is_found)
        return error_set(error, ERROR_CHART,
                         "gnuplot is not installed; the data and the script of the chart are kept "
                         "(install gnuplot-nox, then run gnuplot on the .gp file)");
    if (outcome->is_interrupted)
        return fail(error, "interrupted while gnuplot was drawing");
    if (outcome->is_late)
        return error_set(error, ERROR_CHART,
                         "gnuplot was stopped after %.3g s; data and script are kept",
                         (double)outcome->deadline_ns / (double)UNITS_S);
    if (outcome->signal_number != 0)
        return error_set(error, ERROR_CHART,
                         "gnuplot was killed by signal %d (%s); data and script are kept",
                         outcome->signal_number, strsignal(outcome->signal_number));
    if (outcome->exit_status != 0)
        return error_set(error, ERROR_CHART,
                         "gnuplot failed (status %d): %s; data and script are kept",
                         outcome->exit_status, last_line(outcome->text));
    return true;
}

/* Is there a gnuplot, and is it new enough? One that does not say its version may try. */
static bool check_version(const struct gnuplot_effort *effort, struct error *error)
{
    static const char *const arguments[] = {"gnuplot", "--version", NULL};
    struct process_job job = {
        .arguments = arguments, .deadline_ns = effort->deadline_ns, .patience = effort->patience};
    struct process_outcome outcome;
    if (!process_run(&job, &outcome, error)) {
        if (error != NULL)
            error->code = ERROR_CHART;
        return false;
    }
    if (!judge(&outcome, error))
        return false;
    int major, minor;
    if (sscanf(outcome.text, "gnuplot %d.%d", &major, &minor) != 2)
        return true;
    if (major > VERSION_MAJOR || (major == VERSION_MAJOR && minor >= VERSION_MINOR))
        return true;
    return error_set(
        error, ERROR_CHART,
        "gnuplot %d.%d is too old, it must be %d.%d or newer; data and script are kept", major,
        minor, VERSION_MAJOR, VERSION_MINOR);
}

/* Give the picture its name, or remove what there is of it. */
static bool finish(const struct gnuplot_job *job, bool is_good, struct arena *arena,
                   struct error *error)
{
    const char *whole = arena_print(arena, "%s/%s", job->directory, job->picture);
    const char *part = arena_print(arena, "%s.part", whole);
    struct stat status;
    if (is_good && (stat(part, &status) != 0 || status.st_size == 0))
        is_good = fail(error, "gnuplot drew nothing");
    if (is_good && rename(part, whole) != 0)
        is_good = error_set(error, ERROR_CHART, "%s: %s", whole, strerror(errno));
    if (!is_good)
        remove(part);
    return is_good;
}

static struct process_job make_job(const struct gnuplot_job *job, struct arena *arena,
                                   const struct gnuplot_effort *effort)
{
    check_name(job->script);
    check_name(job->picture);
    const char *ending = strrchr(job->picture, '.');
    CHECK(ending != NULL);
    /* gnuplot would write through a link of that name. */
    remove(arena_print(arena, "%s/%s.part", job->directory, job->picture));
    const char **arguments = arena_take_array(arena, 6, sizeof *arguments);
    arguments[0] = "gnuplot";
    arguments[1] = "-d";
    arguments[2] = "-e";
    arguments[3] = arena_print(arena, "output='%s.part';format='%s'", job->picture, ending + 1);
    arguments[4] = job->script;
    return (struct process_job){.arguments = arguments,
                                .directory = job->directory,
                                .deadline_ns = effort->deadline_ns,
                                .patience = effort->patience};
}

static size_t draw_all(const struct gnuplot_job *jobs, size_t count, struct arena *arena,
                       const struct gnuplot_effort *effort, struct error *errors)
{
    struct process_job *processes = arena_take_array(arena, count, sizeof *processes);
    struct process_outcome *outcomes = arena_take_array(arena, count, sizeof *outcomes);
    bool *states = arena_take_array(arena, count, sizeof *states);
    for (size_t i = 0; i < count; i++)
        processes[i] = make_job(&jobs[i], arena, effort);
    process_run_all(processes, count, effort->at_once, outcomes, states, errors);
    size_t failure_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_good = states[i] && judge(&outcomes[i], &errors[i]);
        if (finish(&jobs[i], is_good, arena, &errors[i])) {
            errors[i] = (struct error){0};
            continue;
        }
        errors[i].code = ERROR_CHART;
        failure_count++;
    }
    return failure_count;
}

size_t gnuplot_draw_all(const struct gnuplot_job *jobs, size_t count,
                        const struct gnuplot_effort *effort, struct error *errors)
{
    struct error reason;
    if (count > 0 && !check_version(effort, &reason)) {
        for (size_t i = 0; i < count; i++)
            errors[i] = reason;
        return count;
    }
    struct arena *arena = arena_create("drawing", 0);
    size_t failure_count = draw_all(jobs, count, arena, effort, errors);
    arena_destroy(arena);
    return failure_count;
}

void gnuplot_quote(FILE *script, const char *text)
{
    putc('\'', script);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '>' && at >= text + 2 && at[-1] == ']' && at[-2] == ']')
            putc(' ', script);
        if (*at == '\'')
            fputs("'.\"'\".'", script);
        else
            putc((unsigned char)*at < ' ' ? ' ' : *at, script);
    }
    putc('\'', script);
}
