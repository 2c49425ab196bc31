/* configure_engine.h - what a scenario says about an engine: a name, a plugin or a command.
 *
 *     engine: rce
 *     engine: {plugin: ./libmyrce.so, config: {...}}
 *     engine: {command: [python3, my_engine.py], config: {...}}
 */
#ifndef MODELS_RCESIM_FORMAT_CONFIGURE_ENGINE_H
#define MODELS_RCESIM_FORMAT_CONFIGURE_ENGINE_H

#include "models/engines/engines.h"
#include "models/rcesim/format/domain.h"
#include "models/vmc/config.h"

/* Open the engine that stands at `path`, a SCHEMA_TREE, with the options of its variant. It lives
 * as long as the arena of the reading. False, after a complaint about the key that is wrong. */
bool configure_engine(const struct reading *reading, const char *path,
                      const struct rce_options *options, const struct engine **engine);

/* Give the parameters of a variant other options, which lie in the arena, and the engine `like`
 * opened once more with them. There may be many such variants, so few idle processes of a command
 * are kept for each. */
bool configure_exchange(struct arena *arena, struct vmc_parameters *parameters,
                        const struct engine *like, const struct rce_options *options,
                        struct error *error);

/* The override by which --engine TEXT takes the place of all engines of a scenario; it lives in the
 * arena. Paths, which TEXT has from the current folder on, are from the scenario's. ERROR_USAGE. */
bool configure_engine_override(const char **override, struct arena *arena,
                               const char *scenario_file, const char *text, struct error *error);

#endif
