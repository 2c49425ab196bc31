#include "models/rcesim/interrupt.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A signal handler has no argument: hence a variable at file scope. */
static volatile sig_atomic_t is_interrupted;

static void note(int signal_number)
{
    (void)signal_number;
    is_interrupted = 1;
}

const volatile sig_atomic_t *interrupt_catch(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    is_interrupted = 0;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction before;
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
