#include "models/engines/external_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GROUPS_MAX = 1024 };

struct spawner {
    const struct spawn_command *command;
    pid_t guard;
    int tell; /* the guard, a pid at a time: a new group; if negative, one that is gone; 0: leave */
};

/* What is not a number on the way to exec. */
struct cradle {
    int talk, words, report, tell;
};

static void tell(int descriptor, pid_t what)
{
    ssize_t written;
    do {
        written = send(descriptor, &what, sizeof what, MSG_NOSIGNAL);
    } while (written < 0 && errno == EINTR);
}

/* In the child, where only async-signal-safe calls are allowed. */
static void reset_signals(void)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD, SIGALRM};
    sigset_t none;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void report_and_exit(int report)
{
    int number = errno;
    ssize_t written = write(report, &number, sizeof number);
    (void)written;
    _exit(127);
}

/* Put the four descriptors where they belong: first out of each other's way. */
static void become(const struct spawn_command *command, const struct cradle *cradle)
{
    enum { REPORT = 3, SPARE = 10 };
    setpgid(0, 0);
    tell(cradle->tell, getpid());
    reset_signals();
    int talk = fcntl(cradle->talk, F_DUPFD, SPARE);
    int words = fcntl(cradle->words, F_DUPFD, SPARE);
    int report = fcntl(cradle->report, F_DUPFD, SPARE);
    if (talk < 0 || words < 0 || report < 0 || dup2(talk, STDIN_FILENO) < 0 ||
        dup2(talk, STDOUT_FILENO) < 0 || dup2(words, STDERR_FILENO) < 0 ||
        dup2(report, REPORT) < 0 || fcntl(REPORT, F_SETFD, FD_CLOEXEC) < 0 ||
        close_range(REPORT + 1, ~0u, 0) != 0)
        report_and_exit(report);
    if (command->directory != NULL && chdir(command->directory) != 0)
        report_and_exit(REPORT);
    union {
        const char *const *constant;
        char *const *plain;
    } words_of = {command->words}, environment = {command->environment};
    execvpe(command->words[0], words_of.plain, environment.plain);
    report_and_exit(REPORT);
}

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
}

/* The program runs when the report's other end closes without a word. */
static int wait_for_exec(int report)
{
    int number = 0;
    ssize_t size;
    do {
        size = read(report, &number, sizeof number);
    } while (size < 0 && errno == EINTR);
    return size == (ssize_t)sizeof number ? number : 0;
}

/* The guard: remember groups until nobody can tell of any more. In a forked child, where only
 * async-signal-safe calls are allowed. */
_Noreturn static void guard(int listen)
{
    pid_t groups[GROUPS_MAX], what;
    int count = 0;
    setsid();
    reset_signals();
    dup2(listen, 0);
    close_range(1, ~0u, 0);
    for (;;) {
        ssize_t size = read(0, &what, sizeof what);
        if (size < 0 && errno == EINTR)
            continue;
        if (size != (ssize_t)sizeof what || what == 0)
            break;
        for (int i = count - 1; what < 0 && i >= 0; i--)
            if (groups[i] == -what)
                groups[i] = groups[--count];
        if (what > 0 && count < GROUPS_MAX)
            groups[count++] = what;
    }
    for (int i = 0; i < count; i++)
        kill(-groups[i], SIGKILL);
    _exit(0);
}

struct spawner *spawner_create(struct arena *arena, const struct spawn_command *command,
                               struct error *error)
{
    struct spawner *spawner = arena_take(arena, sizeof *spawner);
    int pair[2] = {-1, -1};
    spawner->command = command;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
        spawner->guard = fork();
        if (spawner->guard == 0)
            guard(pair[0]);
    }
    if (pair[0] < 0 || spawner->guard < 0) {
        error_set(error, ERROR_INTERNAL, "cannot watch over engines: %s", strerror(errno));
        close_pair(pair);
        return NULL;
    }
    close(pair[0]);
    spawner->tell = pair[1];
    return spawner;
}

void spawner_destroy(struct spawner *spawner)
{
    tell(spawner->tell, 0);
    close(spawner->tell);
    while (waitpid(spawner->guard, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* Start the program whose ends are there. Returns an errno, 0 if it runs. */
static int start(const struct spawner *spawner, const int talk[2], const int words[2],
                 const int report[2], pid_t *pid)
{
    *pid = fork();
    if (*pid < 0)
        return errno;
    if (*pid == 0)
        become(spawner->command, &(struct cradle){talk[1], words[1], report[1], spawner->tell});
    setpgid(*pid, *pid); /* Also here, so that it is done before anybody kills the group. */
    close(report[1]);
    int number = wait_for_exec(report[0]);
    if (number != 0) {
        tell(spawner->tell, -*pid);
        waitpid(*pid, NULL, 0);
    }
    return number;
}

bool spawner_start(struct spawner *spawner, struct spawned *spawned, struct error *error)
{
    int talk[2] = {-1, -1}, words[2] = {-1, -1}, report[2] = {-1, -1};
    bool is_ready = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) == 0 &&
                    pipe2(words, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0;
    int number = is_ready ? 0 : errno;
    pid_t pid = -1;
    if (is_ready)
        number = start(spawner, talk, words, report, &pid);
    if (is_ready && pid > 0)
        report[1] = -1;
    close_pair(report);
    if (number == 0) {
        close(talk[1]);
        close(words[1]);
        fcntl(words[0], F_SETFL, O_NONBLOCK);
        *spawned = (struct spawned){spawner, pid, talk[0], words[0]};
        return true;
    }
    close_pair(talk);
    close_pair(words);
    const char *directory = spawner->command->directory;
    return error_set(error, ERROR_SCENARIO, "cannot run \"%s\"%s%s: %s", spawner->command->words[0],
                     directory != NULL ? " in " : "", directory != NULL ? directory : "",
                     strerror(number));
}

void spawned_end(const struct spawned *spawned)
{
    /* It is not reaped yet, so the number of the group is still its own. */
    kill(-spawned->pid, SIGKILL);
    tell(spawned->spawner->tell, -spawned->pid);
    while (waitpid(spawned->pid, NULL, 0) < 0 && errno == EINTR) {
    }
}
