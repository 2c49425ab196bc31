/* publish.h - the end of a run: reduce the result, write its directory, print it, and say how it
 * went as an exit status. */
#ifndef MODELS_RCESIM_RESULT_PUBLISH_H
#define MODELS_RCESIM_RESULT_PUBLISH_H

#include <stdbool.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/result/outcome.h"
#include "models/rcesim/run/recording.h"
#include "reports/directory.h"
#include "sim/base/arena.h"
#include "sim/experiment/result.h"

struct publication {
    struct arena *arena;
    const struct configuration *configuration;
    const struct result *result; /* With at least one replication. */
    struct outcome_commands commands;
    struct directory_target target;
    const char *junit;    /* Where the thresholds go as JUnit XML; NULL: nowhere. */
    const char *database; /* The SQLite database that the result is added to; NULL: none. */
    const struct recording *recording; /* The histories that are written as well; NULL: none. */
    bool is_json, is_quiet;
    bool is_undrawn; /* The pictures are left to `rcesim report`. */
};

/* Check, before hours of simulation, that everything can be written where it is to go. */
bool publication_check(const struct publication *publication, struct error *error);

/* Returns the exit status. A partial result that --force was to replace something with goes beside
 * it. */
int publication_publish(const struct publication *publication);

#endif
