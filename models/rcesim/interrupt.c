#include "models/rcesim/interrupt.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/base/units.h"

enum { SIGNAL_COUNT = 3 };
static const int signals[SIGNAL_COUNT] = {SIGINT, SIGTERM, SIGHUP};

/* A signal handler has no argument: hence variables at file scope. */
static volatile sig_atomic_t is_interrupted;
static int64_t first_at_ns[SIGNAL_COUNT]; /* when each kind came first; 0: not yet */

/* What comes within a second of the first is one wish, said twice: whoever stops a container or a
 * service may tell each of its processes and then all of them. */
static void note(int signal_number)
{
    struct timespec now;
    int which = signal_number == SIGINT ? 0 : signal_number == SIGTERM ? 1 : 2;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ns = now.tv_sec * UNITS_S + now.tv_nsec;
    int64_t first_ns = __atomic_load_n(&first_at_ns[which], __ATOMIC_RELAXED);
    is_interrupted = 1;
    if (first_ns == 0) {
        __atomic_store_n(&first_at_ns[which], now_ns, __ATOMIC_RELAXED);
    } else if (now_ns - first_ns > UNITS_S) {
        signal(signal_number, SIG_DFL);
        raise(signal_number); /* It comes when this handler has returned. */
    }
}

const volatile sig_atomic_t *interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    is_interrupted = 0;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        struct sigaction before;
        __atomic_store_n(&first_at_ns[i], 0, __ATOMIC_RELAXED);
        sigaction(signals[i], NULL, &before);
        if (signals[i] != SIGHUP || before.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
    return &is_interrupted;
}

const volatile sig_atomic_t *interrupt_flag(void)
{
    return &is_interrupted;
}

/* The first name that can be had: nothing is there, or a result of ours. */
static const char *find_free(struct arena *arena, const struct directory_target *target,
                             const char *kept)
{
    enum { NAMES_TRIED_MAX = 1000 };
    struct directory_target tried = *target;
    tried.path = arena_print(arena, "%s.partial", kept);
    for (int i = 2; i <= NAMES_TRIED_MAX && !directory_check(&tried, NULL); i++)
        tried.path = arena_print(arena, "%s.partial.%d", kept, i);
    return tried.path;
}

void interrupt_spare(struct directory_target *target, struct arena *arena)
{
    size_t length = strlen(target->path);
    while (length > 1 && target->path[length - 1] == '/')
        length--;
    if (!target->replace || !directory_is_filled(target->path))
        return;
    const char *kept = arena_print(arena, "%.*s", (int)length, target->path);
    target->path = find_free(arena, target, kept);
    fprintf(stderr, "rcesim: interrupted: %s stays as it was; the partial result goes to %s\n",
            kept, target->path);
}
