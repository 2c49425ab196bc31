/* external_config.h - the config of an engine that is a process: the driver's part of it, and the
 * first line that the process gets. Internal to external.c.
 */
#ifndef MODELS_ENGINES_EXTERNAL_CONFIG_H
#define MODELS_ENGINES_EXTERNAL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "models/engines/external_spawn.h"
#include "models/rce/rce.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

struct external_config {
    struct spawn_command command; /* only its environment is set here */
    const char *init;             /* the first line */
    int64_t step_limit_ns, start_limit_ns;
    bool is_pinned;
};

/* Split the config, JSON text or NULL, into the driver's part and the engine's, and make the first
 * line of the latter, in the arena. ERROR_SCENARIO. */
bool external_config_read(struct external_config *config, struct arena *arena, const char *text,
                          const struct rce_options *options, struct error *error);

#endif
