/* serve.h - the other side of PROTOCOL.md: a process around an engine that is compiled in.
 *
 * With it, an engine in C that keeps the contract of rce.h becomes a program that speaks the
 * protocol; models/engines/reference/engine.c does that to the engine of this project, in a few
 * lines.
 */
#ifndef MODELS_ENGINES_SERVE_H
#define MODELS_ENGINES_SERVE_H

#include "models/rce/rce.h"

/* Answer the lines that come from descriptor `in` on `out`, until `in` ends. Returns the exit
 * status of the program: 0, or 1 if a descriptor failed. */
int serve_engine(const struct rce_engine *engine, int in, int out);

#endif
