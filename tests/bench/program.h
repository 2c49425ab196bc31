/* program.h - run the program and see from outside what it took: wall time and peak memory.
 *
 * RCESIM names the program; without it build/rcesim is taken. Its output goes to /dev/null.
 */
#ifndef TESTS_BENCH_PROGRAM_H
#define TESTS_BENCH_PROGRAM_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

struct program_usage {
    double wall_s, peak_mib;
};

/* Run it with these arguments, ended by NULL (at most 30). False: it failed. */
static inline bool program_run(const char *const *arguments, struct program_usage *usage)
{
    const char *program = getenv("RCESIM") != NULL ? getenv("RCESIM") : "build/rcesim";
    const char *argv[32] = {program};
    for (size_t i = 0; arguments[i] != NULL && i < 30; i++)
        argv[i + 1] = arguments[i];
    int64_t start_ns = bench_now_ns();
    pid_t child = fork();
    if (child < 0)
        return false;
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status;
    struct rusage resources;
    if (wait4(child, &status, 0, &resources) != child)
        return false;
    *usage = (struct program_usage){.wall_s = (double)(bench_now_ns() - start_ns) / 1e9,
                                    .peak_mib = (double)resources.ru_maxrss / 1024};
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The fastest of several runs. */
static inline bool program_best_of(const char *const *arguments, int repetitions,
                                   struct program_usage *best)
{
    for (int i = 0; i < repetitions; i++) {
        struct program_usage usage;
        if (!program_run(arguments, &usage))
            return false;
        if (i == 0 || usage.wall_s < best->wall_s)
            *best = usage;
    }
    return true;
}

#endif
