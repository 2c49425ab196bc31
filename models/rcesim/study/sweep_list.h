/* sweep_list.h - the `sweep` list of a scenario: its own answer to what should be varied.
 *
 * Each entry is what --over takes (grid.h). `sweep` needs the points, `validate` wants to know all
 * that is wrong with the list without simulating any; mistakes are told at the place of their
 * entry.
 */
#ifndef MODELS_RCESIM_STUDY_SWEEP_LIST_H
#define MODELS_RCESIM_STUDY_SWEEP_LIST_H

#include <stdbool.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/study/grid.h"
#include "sim/scenario/scenario.h"

/* Add all entries to a grid that is empty. Errors: ERROR_SCENARIO, all that were found. */
bool sweep_list_add(const struct configuration *configuration, struct grid *grid,
                    struct error *error);

/* Check the syntax of every entry, and its paths and values: each value is tried with the first
 * value of all other entries. A scenario without the list is good. Errors: ERROR_SCENARIO, all that
 * were found, one for an entry. */
bool sweep_list_check(const struct configuration *configuration,
                      const struct scenario_source *source, struct error *error);

#endif
