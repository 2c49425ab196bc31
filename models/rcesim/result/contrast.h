/* contrast.h - two stored results side by side: may they be paired, and what comes of it.
 *
 * They are paired where replication r of one is the same world as replication r of the other: same
 * model, program version, seed and world (everything in the scenario but question, experiment,
 * thresholds, sweep and variants), over the replications that both have. Otherwise they are
 * compared as samples that share nothing, and `reasons` say why.
 */
#ifndef MODELS_RCESIM_RESULT_CONTRAST_H
#define MODELS_RCESIM_RESULT_CONTRAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rcesim/options.h"
#include "models/rcesim/run/stored.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/experiment/compare.h"

struct contrast_request {
    const char *paths[2]; /* Each a folder or a file of records, on request with "@VARIANT". */
    struct options_list variants; /* "A:B", each a pair. */
    double confidence;
};

struct contrast_pair {
    uint32_t variants[2]; /* Index in each result. */
    const struct summary *summary;
};

struct contrast {
    struct stored stored[2];
    const char *paths[2]; /* Without the variant. */
    bool is_paired;
    uint32_t first_replication, replication_count; /* Paired: those that both have. */
    struct options_list reasons;                   /* Why they are not paired. */
    struct options_list world_keys;                /* Paths at which the worlds differ, if known. */
    struct contrast_pair *pairs;                   /* [pair_count] */
    size_t pair_count;
    struct result **results; /* [pair_count], NULL where not paired. */
};

/* Read, pair, reduce. Which variants: those asked for; else all that both have under one name; else
 * the last of each. p is adjusted for the number of pairs. On success `contrast_destroy` it;
 * everything but the records lives in the arena.
 *
 * Errors: ERROR_USAGE for variants that do not exist, ERROR_IO for what is no result, cannot be
 * read, or is of different models. */
bool contrast_create(struct contrast *contrast, struct arena *arena,
                     const struct contrast_request *request, struct error *error);

/* Is it a variant compared with itself, so that all differences are 0 and say nothing? */
bool contrast_is_same(const struct contrast *contrast, const struct contrast_pair *pair);

void contrast_destroy(struct contrast *contrast);

#endif
