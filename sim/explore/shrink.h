/* shrink.h - the smallest story that still fails in the same way.
 *
 * Given is a schedule that fails, or a whole Monte Carlo replication (all its draws have these
 * values). Everything is tried that makes it smaller and kept if the run still has the finding with
 * the same signature (kind, step, state):
 *
 *   1. units    a replication becomes the one failing unit; if it does not fail alone, as many of
 *               the others as are needed
 *   2. zero     delta debugging: sets of deviations are set back to their typical values
 *   3. parts    clusters, hosts: a part is taken out, and what follows it is renumbered
 *   4. values   each deviation is brought towards typical, by bisection, then to a readable value
 *   5. polish   is there a schedule with fewer deviations, or a likelier one of as many? Every set
 *               of that size over the draws asked is run, on a grid of values per draw, as far as
 *               the budget reaches
 *   6. verify   each deviation is set back, and lowered by one step; all of that must pass
 *
 * and from the start again until nothing changes. Whether fewer or smaller deviations fail less is
 * never assumed: every step is run, and the last checks what is claimed. What passes there is the
 * neighbourhood; its likeliest member is kept, to be explained beside the failing one.
 *
 * Draws that make the shape of the system (model_is_shape) are topology, not deviations: they are
 * lowered in step 3, stand first in the result, and are not counted for 1-minimality.
 *
 * Deterministic; one thread. A run costs what a run of the probe costs.
 *
 * Source: A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE
 * Transactions on Software Engineering 28 (2002) 183.
 */
#ifndef SIM_EXPLORE_SHRINK_H
#define SIM_EXPLORE_SHRINK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/explore/likelihood.h"
#include "sim/explore/probe.h"

enum shrink_phase {
    SHRINK_UNITS,
    SHRINK_ZERO,
    SHRINK_PARTS,
    SHRINK_VALUES,
    SHRINK_POLISH,
    SHRINK_VERIFY,
    SHRINK_PHASE_COUNT
};
extern const char *const shrink_phase_names[SHRINK_PHASE_COUNT]; /* "units", "zero", ... */

struct shrink_options {
    const struct probe_options *probe; /* Of the world that the schedule is of. */
    uint64_t run_max;                  /* Over all phases; 0: 200,000. */
    uint64_t polish_run_max;           /* Of them in step 5; 0: 60,000. */
    bool keep_topology;                /* Leave out step 3, and resizing. */
    const uint32_t *excluded;          /* [excluded_count] Purposes that step 5 lets be. */
    uint32_t excluded_count;
    const volatile sig_atomic_t *interrupted; /* May be NULL; not 0: stop with what there is. */
};

/* Why a run with one change passes. */
enum shrink_change {
    SHRINK_SET_BACK, /* The deviation is gone. */
    SHRINK_LOWERED,  /* It is one step nearer to typical. */
};

struct shrink_result {
    struct deviation *deviations; /* [count], those of the shape first. */
    uint32_t count, shape_count;
    uint32_t unit_count;
    const void *parameters; /* For probe_options: those of so many units. */
    uint64_t signature;     /* As given. */
    struct model_finding finding;
    struct likelihood likelihood;
    bool is_minimal;  /* Each deviation set back, and lowered by one step, passes. */
    bool is_polished; /* Step 5 reached the end of what it wanted to try. */
    bool is_complete; /* Neither the budget nor somebody ended it. */
    /* The likeliest passing schedule that differs in one deviation; count - 1 or count entries. No
     * neighbour, and has_neighbour is false, where there is no deviation. */
    bool has_neighbour;
    struct deviation *neighbour; /* [neighbour_count] */
    uint32_t neighbour_count;
    uint32_t neighbour_of; /* Index of the deviation that was changed. */
    enum shrink_change neighbour_change;
    uint32_t first_count, first_unit_count;  /* What it began with. */
    uint64_t run_counts[SHRINK_PHASE_COUNT]; /* Runs of the probe. */
};

/* Shrink a schedule; what it returns lies in `arena`. `signature` is that of the finding to keep. A
 * schedule that has no such finding is an error (ERROR_SCENARIO), else those of the probe. */
bool shrink_schedule(const struct shrink_options *options, const struct deviation *deviations,
                     size_t count, uint64_t signature, struct arena *arena,
                     struct shrink_result *result, struct error *error);

#define SHRINK_ANY_UNIT UINT32_MAX

struct shrink_replication {
    uint64_t seed;
    uint32_t replication;
    uint32_t unit; /* The failing unit to keep, or SHRINK_ANY_UNIT: that of the first finding. */
    uint64_t signature; /* LIKELIHOOD_ANY: that of the unit's first finding. */
};

/* Run a whole replication as Monte Carlo has it, take all its draws as a schedule and shrink that.
 * options->probe is the world of the replication (unit_count 0: as the parameters have it). A
 * replication, or unit, without a finding is an error (ERROR_USAGE). */
bool shrink_replication(const struct shrink_options *options,
                        const struct shrink_replication *replication, struct arena *arena,
                        struct shrink_result *result, struct error *error);

#endif
