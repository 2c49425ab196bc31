/* enough.h - carry out the stop rule of a scenario: how many replications, and then those.
 *
 * fixed: the number of the scenario. decide: a pilot in worlds of its own, then the number that the
 * thresholds need by it, in one go; the result is that of a fixed run with this number. half_width:
 * round after round until all precisions hold (plan.h). What is planned is said on standard error,
 * with a guess of the time; what was decided and why is part of the result, without any time.
 */
#ifndef MODELS_RCESIM_RUN_ENOUGH_H
#define MODELS_RCESIM_RUN_ENOUGH_H

#include <stdbool.h>
#include <stdint.h>

#include "models/rcesim/run/simulate.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

/* How a run came to its number of replications. */
struct enough {
    enum stop_rule rule;
    uint32_t pilot_count; /* 0 for fixed. */
    uint32_t
        replication_count; /* Asked for in the end; a pilot in worlds of its own not counted. */
    bool is_met;           /* Was everything known, or expected to be, as well as demanded? */
    const char *reason;    /* Why no more: a sentence. */
};

/* "fixed", "half_width", "decide". */
const char *enough_rule_name(enum stop_rule rule);

/* Find out how many replications there are to be: those of the scenario, or by a pilot; of
 * half_width the first round. The report lies in the arena. An interrupted pilot plans nothing, and
 * whatever is simulated next will stop at once. Errors: those of simulate. */
bool enough_plan(const struct simulation *simulation, struct arena *arena, struct enough *report,
                 struct error *error);

/* Simulate as planned on top of `*result` (NULL: nothing yet), as simulate_more does; of half_width
 * (then nothing is there) round after round, which completes the report. An interruption gives a
 * partial result, which may have no replication at all. Errors: those of simulate; on failure
 * `*result` is as it was, or NULL where it was. */
bool enough_run(const struct simulation *simulation, struct arena *arena, struct result **result,
                struct enough *report, struct error *error);

#endif
