/* configure.h - from a scenario to what is simulated: world, variants, design, thresholds.
 *
 * The schema has checked every field alone; here fields are checked against each other, and the
 * complaint names file, line and column like any other. Everything lies in the caller's arena.
 */
#ifndef MODELS_RCESIM_FORMAT_CONFIGURE_H
#define MODELS_RCESIM_FORMAT_CONFIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "models/rcesim/options.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/experiment/result.h"
#include "sim/experiment/threshold.h"
#include "sim/scenario/scenario.h"

struct domain;
struct engine;

/* An engine that a variant asked for, found by the options it was opened with: they are the
 * variant's, also in a rollout to it. */
struct configured_engine {
    const void *options; /* As the domain's parameters have them. */
    const struct engine *engine;
};

enum stop_rule { STOP_FIXED, STOP_HALF_WIDTH, STOP_DECIDE };

/* How well something has to be known: "failure_rate(after) +- 0.1%". */
struct precision {
    const char *text;
    struct threshold claim; /* That it is below the half width; judged for its interval only. */
    double half_width;
};

/* When an experiment has enough replications. */
struct stop {
    enum stop_rule rule;
    uint32_t pilot_count;
    uint32_t budget_count;        /* The pilot included. */
    struct precision *precisions; /* [precision_count] */
    size_t precision_count;
};

struct configuration {
    struct scenario *scenario;
    const struct domain *domain; /* Which model it is for. */
    const char *file_name;
    const char *question;
    uint64_t hash;            /* The scenario's; another one where variants are left out. */
    uint64_t simulation_hash; /* Of what a replication depends on: world and variants. */
    uint64_t world_hash;      /* Of the world alone. */
    uint64_t engines_digest;  /* Of engines that are not linked; part of the first two; 0: none. */
    const void *world;        /* Of the domain's own type; NULL where it has none. */
    uint32_t unit_count;      /* Units of a replication, at most. */
    struct experiment_variant *variants; /* [variant_count]; parameters are the domain's */
    uint32_t variant_count;
    /* [engine_count]; of variants that were left out, too. None where the model has no engines. */
    struct configured_engine *engines;
    size_t engine_count;
    uint32_t replication_count; /* Of a fixed number; else the budget. */
    uint64_t seed;
    double confidence; /* Of all intervals. */
    struct stop stop;
    struct threshold *thresholds; /* [threshold_count]; about `variants` */
    size_t threshold_count;
    size_t threshold_left_out_count; /* Of the scenario, about variants that were left out. */
    /* What the command line added, and a stored run has to remember: */
    struct options_list selected;         /* Names that variants were selected by. */
    struct options_list added_thresholds; /* Texts. */
    struct options_list left_out;         /* Names of variants that were not selected. */
    /* The resolved scenario word for word, where it comes from a stored run; NULL: print it. */
    const char *resolved_text;
};

/* Load a scenario and turn it into a configuration. Errors: ERROR_SCENARIO, all that were found. */
bool configure_load(struct configuration **out, struct arena *arena,
                    const struct scenario_source *source, struct error *error);

/* The engine that was opened with these options, or NULL. */
const struct engine *configure_find_engine(const struct configuration *configuration,
                                           const void *options);

/* Keep only the variants of these names, in the order of the scenario, and the thresholds about
 * them. No names: keep all. Errors: ERROR_USAGE for a name that the scenario does not have. */
bool configure_select_variants(struct configuration *configuration, struct arena *arena,
                               const struct options_list *names, struct error *error);

/* "1 threshold about variants that are left out is not judged"; for a count above 0. */
const char *configure_left_out_text(struct arena *arena, const struct configuration *configuration);

/* Add a threshold of the command line. Errors: ERROR_USAGE. */
bool configure_add_threshold(struct configuration *configuration, struct arena *arena,
                             const char *text, struct error *error);

/* Is there memory for this experiment, with the rows of so many replications kept? An estimate:
 * better a message now than the end of the process later. `limit_bytes` (may be NULL) receives what
 * one thread may take. */
bool configure_check_memory(struct configuration *configuration, uint32_t thread_count,
                            uint32_t rows_replication_count, size_t *limit_bytes,
                            struct error *error);

/* Print what `world_hash` is of: a line for every value. */
void configure_print_world(const struct scenario *scenario, FILE *out);

/* Bytes of memory that are free for us, by what the system says. */
double configure_memory_available_bytes(void);

/* The scenario with every value, as it was kept or as it is now. The caller frees it. */
char *configure_resolved_text(const struct configuration *configuration);

#endif
