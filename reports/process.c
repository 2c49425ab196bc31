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

enum { STATUS_NOT_FOUND = 127, PATH_SIZE_BYTES = 4096 };

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

/* Read until the end or the deadline; keep what has room. False: the deadline came first. */
static bool collect(int output, int64_t deadline_at_ns, char text[PROCESS_TEXT_SIZE_BYTES])
{
    size_t used = 0;
    char more[4096];
    for (;;) {
        int64_t left_ns = deadline_at_ns - clock_ns();
        if (left_ns <= 0)
            return false;
        struct pollfd wait = {.fd = output, .events = POLLIN};
        if (poll(&wait, 1, (int)(left_ns / UNITS_MS) + 1) <= 0)
            continue;
        ssize_t size = read(output, more, sizeof more);
        if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN))
            return true;
        for (ssize_t i = 0; i < size && used + 1 < PROCESS_TEXT_SIZE_BYTES; i++)
            text[used++] = more[i];
        text[used] = '\0';
    }
}

/* Wait for the end; false: the deadline came first and the process was killed. */
static bool reap(pid_t child, int64_t deadline_at_ns, int *status)
{
    struct timespec pause = {.tv_nsec = 2 * UNITS_MS};
    while (clock_ns() < deadline_at_ns) {
        pid_t ended = waitpid(child, status, WNOHANG);
        if (ended == child)
            return true;
        nanosleep(&pause, NULL);
    }
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
    while (waitpid(child, status, 0) < 0 && errno == EINTR)
        continue;
    return false;
}

static void watch(pid_t child, int output, const struct process_job *job,
                  struct process_outcome *outcome)
{
    int64_t deadline_at_ns = clock_ns() + job->deadline_ns;
    int status = 0;
    bool is_heard = collect(output, deadline_at_ns, outcome->text);
    bool is_reaped = reap(child, is_heard ? deadline_at_ns : 0, &status);
    outcome->is_late = !is_reaped;
    outcome->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool start(const struct process_job *job, const struct pipe *output,
                  const struct pipe *failure, struct process_outcome *outcome, struct error *error)
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
    if (child < 0)
        return error_set(error, ERROR_INTERNAL, "cannot start a process: %s", strerror(errno));
    if (child == 0)
        become(job, environment, output->write_end, failure->write_end);
    close(output->write_end);
    close(failure->write_end);
    int reason = 0;
    ssize_t size = read(failure->read_end, &reason, sizeof reason);
    outcome->is_found = size != (ssize_t)sizeof reason;
    watch(child, output->read_end, job, outcome);
    if (outcome->is_found || reason == ENOENT || reason == EACCES || reason == ENOTDIR)
        return true;
    return error_set(error, ERROR_INTERNAL, "cannot run %s: %s", job->arguments[0],
                     strerror(reason));
}

bool process_run(const struct process_job *job, struct process_outcome *outcome,
                 struct error *error)
{
    struct pipe output = {-1, -1}, failure = {-1, -1};
    if (!open_pipe(&output, error))
        return false;
    if (!open_pipe(&failure, error)) {
        close(output.read_end);
        close(output.write_end);
        return false;
    }
    struct process_outcome found = {.is_found = true};
    bool is_started = start(job, &output, &failure, &found, error);
    close(output.read_end);
    close(failure.read_end);
    if (is_started)
        *outcome = found;
    return is_started;
}
