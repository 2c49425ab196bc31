#include "models/rcesim/interrupt.h"

#include <stddef.h>

/* A signal handler has no argument: the one mutable variable of the program at file scope. */
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
