/* external_spawn.h - start a program without a shell, so that it cannot outlive us.
 *
 * The program gets what it is given and nothing else: its words, its environment, standard input
 * and output (the two ends of one socket), standard error (a pipe), a process group of its own, so
 * that the terminal's Ctrl-C is not its business and that it can be killed with all that it
 * started. Signals are as after login.
 *
 * A guard, a process that does nothing else, kills the groups that are left when we are gone,
 * however that happened: it is told of them by a socket, and our end of it closes with us.
 *
 *     we --pids--> guard ... our end closes ... kill(-pid) for each
 *      \--lines--> program 1, program 2, ...
 *
 * Sockets and not pipes, also for input and output: sending then needs no care about SIGPIPE, and
 * waiting for an answer with a time limit is one system call.
 */
#ifndef MODELS_ENGINES_EXTERNAL_SPAWN_H
#define MODELS_ENGINES_EXTERNAL_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

struct spawner;

struct spawn_command {
    const char *const *words;       /* ended by NULL; the first is looked for in PATH */
    const char *const *environment; /* "NAME=value", ended by NULL */
    const char *directory;          /* where it runs; NULL: here */
};

struct spawned {
    struct spawner *spawner;
    pid_t pid;       /* also its process group */
    int talk, words; /* its input and output; its standard error, which does not block */
};

/* Begin: start the guard. The command is not copied. NULL, and `error` is set, if that fails. */
struct spawner *spawner_create(struct arena *arena, const struct spawn_command *command,
                               struct error *error);

/* End; everything that is still alive of what was started dies. */
void spawner_destroy(struct spawner *spawner);

/* Start the command once more. From any thread. ERROR_SCENARIO if there is no such program. */
bool spawner_start(struct spawner *spawner, struct spawned *spawned, struct error *error);

/* Kill a program with its whole group, and reap it. What led to it stays open. */
void spawned_end(const struct spawned *spawned);

#endif
