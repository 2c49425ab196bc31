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
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &is_interrupted;
}
