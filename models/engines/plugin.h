/* plugin.h - an engine in a shared object.
 *
 * The object exports one symbol, `rce_engine_get` (models/rce/rce.h). It runs inside this program:
 * with all its rights, in its memory, on its threads. Load only what you would run.
 *
 * What goes wrong while it is loaded is told by us and not by a crash: the file is looked at first
 * (an ELF object of this machine?), then a child process loads it, asks for its table and
 * configures it; only where that child survives does this program do the same. A crash in a step is
 * a crash of this program.
 *
 * Objects are told apart by their path, so an old and a new build of one engine can be loaded side
 * by side. Each is loaded once and stays as long as somebody has it open.
 */
#ifndef MODELS_ENGINES_PLUGIN_H
#define MODELS_ENGINES_PLUGIN_H

#include "models/engines/engines.h"

/* Fill in `engine`, which is zeroed. As engine_open for ENGINE_PLUGIN. */
bool plugin_open(struct engine *engine, struct arena *arena, const struct engine_spec *spec,
                 const struct rce_options *options, struct error *error);

#endif
