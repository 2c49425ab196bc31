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

/* One wait for a process. A signal may come between a look at the flag and the sleep that follows,
 * so no sleep is longer than SLEEP_NS. */
struct wait {
    const struct process_job *job;
    int64_t started_at_ns;
    bool is_notice_given;
    struct process_outcome *outcome;
};

/* May the process go on? If not, the outcome says why. */
static bool may_go_on(struct wait *wait)
{
    const struct process_patience *patience = wait->job->patience;
    int64_t waited_ns = clock_ns() - wait->started_at_ns;
    if (patience != NULL && patience->interrupted != NULL && *patience->interrupted != 0)
        wait->outcome->is_interrupted = true;
    else if (waited_ns >= wait->job->deadline_ns)
        wait->outcome->is_late = true;
    if (wait->outcome->is_interrupted || wait->outcome->is_late)
        return false;
    bool is_notice_due = patience != NULL && patience->notice != NULL && waited_ns >= NOTICE_NS;
    if (is_notice_due && !wait->is_notice_given) {
        wait->is_notice_given = true;
        fprintf(stderr, "%s\n", patience->notice);
    }
    return true;
}

/* Read until the end; keep what has room. False: the process may not go on. */
static bool collect(int output, struct wait *wait)
{
    size_t used = 0;
    char more[4096];
    char *text = wait->outcome->text;
    while (may_go_on(wait)) {
        struct pollfd ready = {.fd = output, .events = POLLIN};
        if (poll(&ready, 1, (int)(SLEEP_NS / UNITS_MS)) <= 0)
            continue;
        ssize_t size = read(output, more, sizeof more);
        if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN))
            return true;
        for (ssize_t i = 0; i < size && used + 1 < PROCESS_TEXT_SIZE_BYTES; i++)
            text[used++] = more[i];
        text[used] = '\0';
    }
    return false;
}

/* Wait for the end; false: the process may not go on. */
static bool reap(pid_t child, struct wait *wait, int *status)
{
    struct timespec pause = {.tv_nsec = 2 * UNITS_MS};
    while (may_go_on(wait)) {
        if (waitpid(child, status, WNOHANG) == child)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static void watch(pid_t child, int output, const struct process_job *job,
                  struct process_outcome *outcome)
{
    struct wait wait = {.job = job, .started_at_ns = clock_ns(), .outcome = outcome};
    int status = 0;
    if (!collect(output, &wait) || !reap(child, &wait, &status)) {
        kill(-child, SIGKILL);
        kill(child, SIGKILL);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    outcome->signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    outcome->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + outcome->signal_number;
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
