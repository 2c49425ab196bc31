/* external_pin.h - a thread and the process that it talks to, on one processor.
 *
 * The two take turns: while one works the other waits. On two processors each turn wakes the other
 * one up, and where that one has gone idle (a virtual machine especially) this costs ten times what
 * the turn itself does: 60 us a step in place of 5. So both are kept where the thread is, or where
 * the fewest of their kind are, as long as the simulated process lasts. Results do not depend on
 * it.
 *
 * Nothing is done where the kernel refuses, or the thread is bound to one processor already.
 */
#ifndef MODELS_ENGINES_EXTERNAL_PIN_H
#define MODELS_ENGINES_EXTERNAL_PIN_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How many pairs there are on each processor; the caller guards it. */
struct pin_board {
    uint32_t counts[CPU_SETSIZE];
};

struct pin {
    bool is_counted, is_bound; /* bound: the thread is to be let go */
    int processor;
    pid_t thread;
    cpu_set_t before; /* where the thread might run */
};

/* Bind this thread and the process. */
void pin_begin(struct pin *pin, struct pin_board *board, pid_t process);

/* Let the thread go; from any thread. The process stays where it is. */
void pin_end(struct pin *pin, struct pin_board *board);

#endif
