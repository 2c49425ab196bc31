#include "reports/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/units.h"

enum { STATUS_NOT_FOUND = 127, PATH_SIZE_BYTES = 4096, PROCESS_AT_ONCE_MAX = 16 };
#define SLEEP_NS  (50 * UNITS_MS)
#define NOTICE_NS (3 * UNITS_S)

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * UNITS_S + now.tv_nsec;
}

/* Both ends close themselves on exec; whoever has duplicated one keeps the copy. */
struct pipe {
    int read_end, write_end;
};

static bool open_pipe(struct pipe *pipe, struct error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(error, ERROR_INTERNAL, "cannot make a pipe: %s", strerror(errno));
    *pipe = (struct pipe){.read_end = ends[0], .write_end = ends[1]};
    return true;
}

/* In the child: only calls that are safe between fork and exec. The pipe `failure` carries errno
 * to the parent and closes itself when exec succeeds. */
_Noreturn static void become(const struct process_job *job, char *const *environment, int output,
                             int failure)
{
    setpgid(0, 0); /* So that the deadline reaches the children of the child. */
    int nothing = open("/dev/null", O_RDONLY);
    bool is_ready = nothing >= 0 && dup2(nothing, 0) >= 0 && dup2(output, 1) >= 0 &&
                    dup2(output, 2) >= 0 && (job->directory == NULL || chdir(job->directory) == 0);
    if (is_ready)
        execvpe(job->arguments[0], (char *const *)(uintptr_t)job->arguments, environment);
    int reason = errno;
    ssize_t written = write(failure, &reason, sizeof reason);
    (void)written;
    _exit(STATUS_NOT_FOUND);
}

/* A process that runs. A signal may come between a look at the flag and the sleep that follows, so
 * no sleep is longer than SLEEP_NS. */
struct running {
    const struct process_job *job;
    struct process_outcome *outcome;
    pid_t child;
    int output;
    size_t used; /* Bytes of the outcome's text. */
    int64_t started_at_ns;
    bool has_ended;        /* Its output did. */
    bool *is_notice_given; /* Once for all. */
};

/* May the process go on? If not, the outcome says why. */
static bool may_go_on(struct running *running)
{
    const struct process_patience *patience = running->job->patience;
    int64_t waited_ns = clock_ns() - running->started_at_ns;
    if (patience != NULL && patience->interrupted != NULL && *patience->interrupted != 0)
        running->outcome->is_interrupted = true;
    else if (waited_ns >= running->outcome->deadline_ns)
        running->outcome->is_late = true;
    if (running->outcome->is_interrupted || running->outcome->is_late)
        return false;
    bool is_notice_due = patience != NULL && patience->notice != NULL && waited_ns >= NOTICE_NS;
    if (is_notice_due && !*running->is_notice_given) {
        *running->is_notice_given = true;
        fprintf(stderr, "%s\n", patience->notice);
    }
    return true;
}

/* Read what is there; keep what has room. */
static void collect(struct running *running)
{
    char more[4096];
    ssize_t size = read(running->output, more, sizeof more);
    running->has_ended = size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN);
    char *text = running->outcome->text;
    for (ssize_t i = 0; i < size && running->used + 1 < PROCESS_TEXT_SIZE_BYTES; i++)
        text[running->used++] = more[i];
    text[running->used] = '\0';
}

static void finish(struct running *running, int status)
{
    struct process_outcome *outcome = running->outcome;
    close(running->output);
    running->child = 0;
    outcome->signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    outcome->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + outcome->signal_number;
}

static void end_by_force(struct running *running)
{
    int status = 0;
    kill(-running->child, SIGKILL);
    kill(running->child, SIGKILL);
    while (waitpid(running->child, &status, 0) < 0 && errno == EINTR)
        continue;
    finish(running, status);
}

/* Look after the processes for a moment; those that have ended are freed (child 0). */
static void watch(struct running *running, size_t count)
{
    struct pollfd ready[PROCESS_AT_ONCE_MAX];
    int pause_ms = (int)(SLEEP_NS / UNITS_MS);
    for (size_t i = 0; i < count; i++) {
        bool is_watched = running[i].child != 0 && !running[i].has_ended;
        ready[i] = (struct pollfd){.fd = is_watched ? running[i].output : -1, .events = POLLIN};
        if (running[i].child != 0 && running[i].has_ended)
            pause_ms = 2; /* It has closed its output and will be gone in a moment. */
    }
    poll(ready, (nfds_t)count, pause_ms);
    for (size_t i = 0; i < count; i++) {
        int status;
        if (running[i].child == 0)
            continue;
        if (!may_go_on(&running[i]))
            end_by_force(&running[i]);
        else if (ready[i].revents != 0)
            collect(&running[i]);
        else if (running[i].has_ended &&
                 waitpid(running[i].child, &status, WNOHANG) == running[i].child)
            finish(&running[i], status);
    }
}

/* Fork and exec. On success the process runs, or it has ended at once because it was not found. */
static bool launch(struct running *running, const struct pipe *output, const struct pipe *failure,
                   struct error *error)
{
    static const char usual_path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
    char path[PATH_SIZE_BYTES];
    const char *own = getenv("PATH");
    int length = snprintf(path, sizeof path, "PATH=%s", own != NULL ? own : "");
    if (own == NULL || length >= (int)sizeof path)
        memcpy(path, usual_path, sizeof usual_path);
    char locale[] = "LC_ALL=C.UTF-8", home[] = "HOME=/nonexistent";
    char *environment[] = {path, locale, home, NULL};
    pid_t child = fork();
    if (child < 0) {
        int refusal = errno;
        close(output->read_end);
        close(output->write_end);
        close(failure->write_end);
        return error_set(error, ERROR_INTERNAL, "cannot start a process: %s", strerror(refusal));
    }
    if (child == 0)
        become(running->job, environment, output->write_end, failure->write_end);
    close(output->write_end);
    close(failure->write_end);
    int reason = 0;
    ssize_t size = read(failure->read_end, &reason, sizeof reason);
    running->child = child;
    running->output = output->read_end;
    running->started_at_ns = clock_ns();
    if (size != (ssize_t)sizeof reason)
        return true;
    running->outcome->is_found = false;
    end_by_force(running);
    if (reason == ENOENT || reason == EACCES || reason == ENOTDIR)
        return true;
    return error_set(error, ERROR_INTERNAL, "cannot run %s: %s", running->job->arguments[0],
                     strerror(reason));
}

static bool start(struct running *running, const struct process_job *job,
                  struct process_outcome *outcome, struct error *error)
{
    struct pipe output = {-1, -1}, failure = {-1, -1};
    running->job = job;
    running->outcome = outcome;
    running->used = 0;
    running->has_ended = false;
    *outcome = (struct process_outcome){.is_found = true, .deadline_ns = job->deadline_ns};
    if (!open_pipe(&output, error))
        return false;
    if (!open_pipe(&failure, error)) {
        close(output.read_end);
        close(output.write_end);
        return false;
    }
    bool is_started = launch(running, &output, &failure, error);
    close(failure.read_end);
    return is_started;
}

static bool is_interrupted(const struct process_job *job)
{
    return job->patience != NULL && job->patience->interrupted != NULL &&
           *job->patience->interrupted != 0;
}

static bool is_any_late(const struct process_outcome *outcomes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (outcomes[i].is_late)
            return true;
    return false;
}

void process_run_all(const struct process_job *jobs, size_t count, size_t at_once,
                     struct process_outcome *outcomes, bool *states, struct error *errors)
{
    struct running running[PROCESS_AT_ONCE_MAX] = {{0}};
    bool is_notice_given = false;
    for (size_t i = 0; i < PROCESS_AT_ONCE_MAX; i++)
        running[i].is_notice_given = &is_notice_given;
    size_t places = at_once < 1 ? 1 : at_once;
    places = places > PROCESS_AT_ONCE_MAX ? PROCESS_AT_ONCE_MAX : places;
    size_t next = 0, busy = 1;
    while (next < count || busy > 0) {
        for (size_t i = 0; i < places && next < count; i++) {
            if (running[i].child != 0)
                continue;
            if (is_interrupted(&jobs[next])) {
                outcomes[next] = (struct process_outcome){.is_found = true, .is_interrupted = true};
                states[next] = true;
            } else {
                states[next] = start(&running[i], &jobs[next], &outcomes[next], &errors[next]);
                outcomes[next].deadline_ns /= is_any_late(outcomes, next) ? PROCESS_HASTE : 1;
            }
            next++;
        }
        watch(running, places);
        busy = 0;
        for (size_t i = 0; i < places; i++)
            busy += running[i].child != 0;
    }
}

bool process_run(const struct process_job *job, struct process_outcome *outcome,
                 struct error *error)
{
    struct process_outcome found;
    struct error reason;
    bool is_run;
    process_run_all(job, 1, 1, &found, &is_run, &reason);
    if (!is_run)
        return error_set(error, reason.code, "%s", reason.message);
    *outcome = found;
    return true;
}
