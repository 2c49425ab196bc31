/* shrink_state.h - a shrinking under way. Private to shrink*.c.
 *
 * `items` is the best schedule so far. Everything goes through shrink_fails, which runs a trial,
 * counts it, and says whether it still has the signature; shrink_accept makes a trial the best one.
 * Once the budget is spent, somebody has asked to stop, or an error has come, `is_over` is set,
 * nothing is run any more and every trial counts as passing: so all loops end by themselves, and
 * the best schedule stays one that was seen to fail.
 */
#ifndef SIM_EXPLORE_SHRINK_STATE_H
#define SIM_EXPLORE_SHRINK_STATE_H

#include "sim/explore/shrink.h"

/* A copy of what a run asked. */
struct shrink_asked {
    struct oracle_asked *items;
    uint32_t count, room;
};

struct shrink_state {
    const struct shrink_options *options;
    const struct model *model;
    struct arena *arena;
    struct probe_options probe_options; /* Of the world as it has been resized. */
    struct probe *probe;
    uint64_t signature;
    bool wants_first; /* The signature must be that of the first finding. */
    uint32_t unit_count;

    struct deviation *items; /* [count] */
    uint32_t count, room;
    struct deviation *trial; /* [room + 1] scratch for whoever makes a trial */
    struct shrink_asked asked;

    enum shrink_phase phase;
    uint64_t run_counts[SHRINK_PHASE_COUNT];
    uint64_t runs_left, polish_runs_left;
    bool is_over;
    bool has_error;
    struct error error;
    struct probe_result result; /* Of the last run. */
    bool is_polished;
};

/* Run a trial. `is_watched`: the probe shall note what is asked. */
bool shrink_run(struct shrink_state *state, const struct deviation *trial, uint32_t count,
                bool is_watched);
/* Run a trial: has it the signature? */
bool shrink_fails(struct shrink_state *state, const struct deviation *trial, uint32_t count);
/* Has the last run the signature? */
bool shrink_has_signature(const struct shrink_state *state);
/* Make a trial the best schedule. `trial` may be state->trial, or part of the items. */
void shrink_accept(struct shrink_state *state, const struct deviation *trial, uint32_t count);

/* Run a schedule and copy what it asked. False when it is over. */
bool shrink_look(struct shrink_state *state, const struct deviation *items, uint32_t count,
                 struct shrink_asked *asked);

/* Copy the items but one into `out`. Returns how many there are. */
uint32_t shrink_without(const struct shrink_state *state, uint32_t left_out, struct deviation *out);

bool shrink_is_shape(const struct shrink_state *state, const struct deviation *deviation);
/* How many items are not of the shape. */
uint32_t shrink_plain_count(const struct shrink_state *state);

/* Change the number of units; the probe is a new one. */
void shrink_resize(struct shrink_state *state, uint32_t unit_count);

/* Zeller and Hildebrandt's ddmin: make `kept` (indices of whatever the caller means) as small as a
 * removal of chunks allows; `fails` runs what a set of them stands for. Tries the empty set first.
 * Returns how many are left, at the front of `kept`. */
struct shrink_ddmin {
    void *context;
    bool (*fails)(void *context, const uint32_t *kept, uint32_t count);
    struct arena *arena;
};
uint32_t shrink_ddmin(const struct shrink_ddmin *ddmin, uint32_t *kept, uint32_t count);

/* The phases. Each says whether it changed anything. */
bool shrink_to_unit(struct shrink_state *state, uint32_t unit);
bool shrink_zero(struct shrink_state *state);
bool shrink_parts(struct shrink_state *state);
bool shrink_values(struct shrink_state *state);
bool shrink_polish(struct shrink_state *state);
bool shrink_verify(struct shrink_state *state);

/* Lower one item of the best schedule; the others stay. Says whether it changed. */
bool shrink_lower(struct shrink_state *state, uint32_t index);
/* The value one step nearer to typical, a step being as wide as the value is round; the typical
 * value if that is nearer. */
int64_t shrink_one_step_lower(const struct oracle_asked *asked, int64_t value);

#endif
