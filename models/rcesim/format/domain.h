/* domain.h - a model as the program sees it: its scenario format, and how a scenario becomes
 * parameters.
 *
 * Everything that depends on which model is simulated stands behind this; the commands know no
 * other. A scenario says `model: contention`; without it it is vmc.
 */
#ifndef MODELS_RCESIM_FORMAT_DOMAIN_H
#define MODELS_RCESIM_FORMAT_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "models/rcesim/format/configure.h"
#include "sim/experiment/model.h"
#include "sim/scenario/schema.h"

/* What the functions here share while one scenario is read. */
struct reading {
    struct scenario *scenario;
    struct arena *arena;
    struct error *error;
};

/* What choices of this model are compared by, less is better. */
struct criterion {
    const char *metric;
    const char *title;        /* In narrow tables. */
    const char *indifference; /* A difference that does not matter: "0.5%", "15min", "1". */
};

struct domain {
    const struct model *model; /* Its name is that of `model:` in scenarios. */
    const struct schema *schema;
    const char *size_path;  /* The key that says how many units there are... */
    const char *size_names; /* ...and what they are: "SDDCs". */
    const char *world_name; /* What a replication is: "simulated wave". */
    const char *violations; /* The metric and row column of broken invariants; NULL: none. */
    /* Fill in variants, and `world` where the model has one. Complains about every value that is
     * impossible beside others. */
    bool (*configure)(const struct reading *reading, struct configuration *configuration);
    /* Bytes that one run takes. */
    double (*memory_bytes)(const struct configuration *configuration);
    const struct criterion *criteria; /* [criterion_count], the most important first */
    size_t criterion_count;
    size_t headline_count;     /* So many of them a sweep shows without being asked. */
    const char *criteria_note; /* A sentence to mind when reading them; NULL: none. */
    /* Give `variant` everything of `base`, a variant of `configuration`, but the retry policy: its
     * parameters are replaced by others in the arena, and the engine of `base` is opened once more.
     * NULL: a variant is its policy, and nothing else. ERROR_SCENARIO where the engine refuses. */
    bool (*keep_policy)(struct arena *arena, struct experiment_variant *variant,
                        const struct configuration *configuration,
                        const struct experiment_variant *base, struct error *error);
    /* Add what only this model knows to the summary; NULL: nothing. */
    void (*describe)(const struct configuration *configuration, json_t *summary);
    /* Name a value of a row column of categories: its text number `facet`, "region eu", "instance
     * type i3"; NULL where there are no more. NULL: the model has no names for them. */
    const char *(*category)(const struct configuration *configuration, const char *column,
                            int64_t value, size_t facet, struct arena *arena);
};

extern const struct schema schema_vmc, schema_contention;
extern const struct domain domain_vmc, domain_contention;

/* All domains, ending with NULL; the first is the default. */
extern const struct domain *const domains[];

/* The domain of that name, or NULL. */
const struct domain *domain_find(const char *name);

#endif
