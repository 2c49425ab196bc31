/* process.h - run another program and hear what it has to say, without a shell.
 *
 * The program gets no standard input, a clean environment (PATH, a UTF-8 locale and what the caller
 * adds, nothing else: GNUTERM and its like must not change a picture), a working directory, and a
 * deadline after which it is killed. What it prints is kept up to a limit; the rest is read and
 * dropped, so that a talkative program cannot block.
 *
 * Not for use while other threads run fork handlers of their own; the program runs it from one
 * thread, after the simulation.
 */
#ifndef REPORTS_PROCESS_H
#define REPORTS_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"

enum { PROCESS_TEXT_SIZE_BYTES = 4096 };

/* How long whoever waits has patience. Both may be NULL. */
struct process_patience {
    const volatile sig_atomic_t *interrupted; /* Not 0: the program is killed at once. */
    const char *notice;                       /* A line for standard error after some seconds. */
};

struct process_job {
    const char *const *arguments;            /* Ended by NULL; the first is looked up in PATH. */
    const char *directory;                   /* To work in; NULL: where we are. */
    int64_t deadline_ns;                     /* Real time. */
    const struct process_patience *patience; /* NULL: nobody interrupts, nothing is said. */
};

struct process_outcome {
    bool is_found;                      /* False: there is no such program; nothing else is set. */
    bool is_late;                       /* It was killed at the deadline ... */
    int64_t deadline_ns;                /* ... which was this one. */
    bool is_interrupted;                /* It was killed because we were interrupted. */
    int exit_status;                    /* Of a program that ended by itself, else 128 + signal. */
    int signal_number;                  /* That ended it, or 0. */
    char text[PROCESS_TEXT_SIZE_BYTES]; /* Its standard output and error, in order, cut off. */
};

/* Run a program to its end. False (ERROR_INTERNAL) only where the system refuses: no process, no
 * pipe. That the program is missing, failed or was late is an outcome. */
bool process_run(const struct process_job *job, struct process_outcome *outcome,
                 struct error *error);

/* Once one was late, those that start after it have a PROCESS_HASTE-th of their deadlines: what
 * hangs once hangs always, and nobody is to wait for each. */
enum { PROCESS_HASTE = 12 };

/* Run several, at most `at_once` (at least 1) at the same time, in the order of the jobs; deadline
 * and patience of each count from its own start. Once one was interrupted no other is started, and
 * the outcomes of those say so. `states[i]` says whether the system refused job i (false, with
 * `errors[i]`), as the result of process_run does. */
void process_run_all(const struct process_job *jobs, size_t count, size_t at_once,
                     struct process_outcome *outcomes, bool *states, struct error *errors);

#endif
