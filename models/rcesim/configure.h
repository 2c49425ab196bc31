/* configure.h - from a scenario to what is simulated: world, variants, design, thresholds.
 *
 * The schema has checked every field alone; here fields are checked against each other, and the
 * complaint names file, line and column like any other. Everything lies in the caller's arena.
 */
#ifndef MODELS_RCESIM_CONFIGURE_H
#define MODELS_RCESIM_CONFIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/vmc/config.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/experiment/result.h"
#include "sim/experiment/threshold.h"
#include "sim/scenario/scenario.h"

struct configuration {
    struct scenario *scenario;
    const char *file_name;
    const char *question;
    uint64_t hash; /* The scenario's; another one where variants are left out. */
    struct vmc_config world;
    struct experiment_variant *variants; /* [variant_count]; parameters are struct vmc_parameters */
    uint32_t variant_count;
    uint32_t replication_count;
    uint64_t seed;
    struct threshold *thresholds; /* [threshold_count]; `variant` counts in `variants` */
    size_t threshold_count;
};

/* Load a scenario and turn it into a configuration. Errors: ERROR_SCENARIO, all that were found. */
bool configure_load(struct configuration **out, struct arena *arena,
                    const struct scenario_source *source, struct error *error);

/* Keep only the variants of these names, in the order of the scenario, and the thresholds about
 * them. No names: keep all. Errors: ERROR_USAGE for a name that the scenario does not have. */
bool configure_select_variants(struct configuration *configuration, const char *const *names,
                               size_t count, struct error *error);

/* Is there memory for this experiment, with the rows of so many replications kept? An estimate:
 * better a message now than the end of the process later. `limit_bytes` (may be NULL) receives what
 * one thread may take. */
bool configure_check_memory(struct configuration *configuration, uint32_t thread_count,
                            uint32_t rows_replication_count, size_t *limit_bytes,
                            struct error *error);

/* Bytes of memory that are free for us, by what the system says. */
double configure_memory_available_bytes(void);

#endif
