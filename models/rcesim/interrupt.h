/* interrupt.h - Ctrl-C as a flag: what was begun is finished, and a partial result is written. */
#ifndef MODELS_RCESIM_INTERRUPT_H
#define MODELS_RCESIM_INTERRUPT_H

#include <signal.h>

#include "reports/directory.h"
#include "sim/base/arena.h"

/* What the shell calls a program that was interrupted. */
enum { INTERRUPT_STATUS = 130 };

/* Catch SIGINT, SIGTERM and (unless it is ignored, as under nohup) SIGHUP from now on; another
 * one of a kind ends the program at once, unless it comes within a second of the first: then it is
 * the same wish, said twice, and costs no result. Returns the flag, which lives as long as the
 * program and is cleared: each stretch of work catches anew. */
const volatile sig_atomic_t *interrupt_catch(void);

/* The flag alone: for what is made before anything is caught. */
const volatile sig_atomic_t *interrupt_flag(void);

/* A partial result does not cost the result that --force was to replace: where there is one, send
 * the partial one to a folder beside it (DIR.partial, or DIR.partial.2 where that is not ours), and
 * say so. The path lies in the arena. */
void interrupt_spare(struct directory_target *target, struct arena *arena);

#endif
