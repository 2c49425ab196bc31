/* doom.h - when a run was lost, and when somebody noticed.
 *
 * The *doom point* is the first event after which the run fails even if everything that is still
 * open turns out typical; the *detection point* is the event in which the failure is told (a
 * deadline passed, an invariant was seen broken, the simulation ended). Between them lies the blind
 * wait.
 *
 * Found by replay, so any engine will do. The world after event e that is as typical as possible
 * and still agrees with the run up to e is made from its schedule:
 *
 *   - a draw asked after e is typical;
 *   - a draw asked before is set back as far towards typical as possible without changing what
 *     happened up to e: a delay that is still running when e fires ends as soon as it can, a loss
 *     that nobody could have noticed has not happened yet.
 *
 * "What happened" are the events that fired and the records of the trace, by the key of the domain
 * (explain.h), which leaves out times that lie ahead. That a delay *will* be long is known to the
 * draw, not to the world: only when it has lasted longer than typical does it begin to count.
 *
 * An event is a point of doom only if the run is lost after each later one too; where a run seems
 * lost and recovers, the last loss counts. Cost: some 30 runs for each deviation and event, from
 * the detection backwards; beyond `run_max`, by bisection, which takes that for granted.
 */
#ifndef SIM_EXPLORE_DOOM_H
#define SIM_EXPLORE_DOOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/explore/probe.h"
#include "sim/kernel/trace.h"

struct doom_options {
    struct probe *probe;
    const struct deviation
        *deviations; /* [count]; may be all draws of a Monte Carlo replication. */
    size_t count;
    const struct model_finding *finding; /* Of the run with this schedule. */
    const struct trace_type *types;
    size_t type_count;
    uint64_t (*key)(const struct trace_record *record); /* 0: says nothing that could be known. */
    uint64_t run_max;                                   /* 0: 5,000 */
};

struct doom {
    uint32_t event; /* The event of doom; 0: lost before the first, the typical world fails. */
    int64_t at_ns;
    uint32_t detected_event;
    int64_t detected_at_ns;
    int64_t blind_ns; /* From doom to detection. */
    uint64_t run_count;
};

/* Find the doom point of a finding: of its unit, kind and step, for the state at its end may be
 * another. Errors are those of the probe; a run without the finding is one (ERROR_SCENARIO). */
bool doom_find(const struct doom_options *options, struct doom *doom, struct error *error);

#endif
