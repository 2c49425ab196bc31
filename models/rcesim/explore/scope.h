/* scope.h - what is explored: a scenario, one variant of it, and how large a world.
 *
 * The header of a schedule says the same in words; a scope is loaded from either. Its hash is of
 * what a run depends on: everything that the scenario says of the world and of this variant, and of
 * no other, as far as it is written: so that a schedule stays good when its scenario gets another
 * variant, another threshold or another comment, and the format another key with a default.
 */
#ifndef MODELS_RCESIM_EXPLORE_SCOPE_H
#define MODELS_RCESIM_EXPLORE_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/options.h"
#include "models/vmc/config.h"
#include "sim/explore/probe.h"

struct scope_request {
    const char *file;                     /* The scenario. */
    const struct options_list *overrides; /* path=value, in order */
    const char *variant;                  /* NULL: the first one. */
};

struct scope {
    struct arena *arena;
    const char *file;
    struct options_list overrides;
    struct configuration *configuration; /* With all variants. */
    uint32_t variant;
    const char *variant_name;
    const struct vmc_parameters *parameters;
    uint64_t hash;
    const char *engine; /* "rce 1.0" */
    uint64_t digest;    /* Of engines that are not linked; 0: all are. */
};

/* How large the world is made. A share of temporary hosts above 0 becomes all. */
struct scope_topology {
    bool is_as_scenario; /* Leave everything as it is. */
    uint32_t sddcs, clusters, hosts;
};

/* Load it. Everything lies in the arena. Errors: of the scenario, ERROR_USAGE for a variant that it
 * does not have, and for a model that cannot be explored. */
bool scope_load(struct scope *scope, struct arena *arena, const struct scope_request *request,
                struct error *error);

/* The same, made so large. `words` (may be NULL) receives "one SDDC, one cluster, two hosts". */
bool scope_load_sized(struct scope *scope, struct arena *arena, const struct scope_request *request,
                      const struct scope_topology *topology, const char **words,
                      struct error *error);

/* Options of a probe of it, everything else as `like` (may be NULL) has it. */
struct probe_options scope_probe(const struct scope *scope, const struct probe_options *like);

#endif
