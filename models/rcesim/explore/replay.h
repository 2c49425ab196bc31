/* replay.h - carry out a schedule again, and say whether it ends as it says.
 *
 * Strict: the scenario, the variant and the engine are those of the schedule, unchanged by their
 * hashes; every deviation is asked for and can happen; the run has the same history twice; it ends
 * as expected. So a strict replay that holds is a regression test, and one that cannot be carried
 * out is an error and no verdict.
 *
 * Tolerant: another variant, scenario, engine or setting may take the place of what the header says
 * ("does my fix still fail on the old schedule"). What does not fit then is said, and counts for
 * nothing.
 */
#ifndef MODELS_RCESIM_EXPLORE_REPLAY_H
#define MODELS_RCESIM_EXPLORE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "models/rcesim/explore/scope.h"
#include "reports/table.h"
#include "sim/explore/probe.h"
#include "sim/explore/schedule.h"

struct trace;

struct replay_request {
    const char *file; /* The schedule. */
    bool is_tolerant;
    /* Instead of what the schedule says, for tolerant replays; NULL and none: as it says. */
    const char *scenario, *variant, *engine;
    const struct options_list *overrides;
    /* Instead of what the schedule expects: "passes", "fails" or "fails SIGNATURE"; NULL: as it
     * says. */
    const char *expectation;
};

struct replay {
    struct arena *arena;
    const char *file;
    struct schedule schedule; /* With the expectation that counts. */
    struct scope scope;
    struct probe *probe; /* Good for further runs; to be destroyed by replay_close. */
    struct deviation *deviations;
    struct probe_result result;
    enum schedule_state *states; /* [schedule.item_count] */
    size_t misfit_count;         /* Of them, that are not SCHEDULE_USED. */
    bool holds;                  /* It ends as expected, or nothing is expected. */
};

/* Read a schedule, which lies in the arena. */
bool replay_read(struct schedule *schedule, struct arena *arena, const char *file,
                 struct error *error);

/* Carry it out. Errors: ERROR_SCENARIO for whatever strictness refuses, ERROR_INTERNAL if the run
 * does not repeat itself. */
bool replay_open(struct replay *replay, struct arena *arena, const struct replay_request *request,
                 struct error *error);
void replay_close(struct replay *replay);

/* "fails: deadline of enter-maintenance, cluster not ready, at 09:41:22 in sddc0/cluster0/host1",
 * or "passes". Lives in the arena. */
const char *replay_outcome(const struct replay *replay);

/* Why item `index` does not fit, as a clause: "is never asked". */
const char *replay_misfit(const struct replay *replay, size_t index);

/* Run once more with a trace of the unit that failed, or of the first. It lies in the arena. */
bool replay_trace(struct replay *replay, struct trace **trace, struct error *error);

/* Print the verdict: a paragraph, and one for each item that does not fit. */
void replay_print(const struct replay *replay, const struct page *page);

#endif
