/* walk.h - one thread walks a part of the tree of schedules. Private to sim/explore; the tree is
 * described in exhaustive.h.
 *
 * The order in which draws are asked is, more exactly, the order in which their answers take
 * effect: a tie that is asked when an event is scheduled takes effect at the instant at which the
 * event is due. A deviation changes nothing that takes effect before it.
 */
#ifndef SIM_EXPLORE_WALK_H
#define SIM_EXPLORE_WALK_H

#include "sim/explore/collect.h"
#include "sim/explore/exhaustive.h"
#include "sim/explore/groups.h"
#include "sim/explore/team.h"

/* One deviation that a schedule can be continued with. */
struct choice {
    struct deviation deviation;
    double tail_log10;
    bool is_entropy;       /* Bits of an engine: only these can be without effect. */
    uint32_t draw;         /* Choices of one draw have the same number, those of later ones more. */
    int64_t effect_at_ns;  /* When it takes effect: at this time, */
    uint64_t effect_event; /* during this event; 0: before the events of that time. */
};

struct choices {
    struct choice *items;
    uint32_t count, room;
};

/* What all walkers share. */
struct walk_plan {
    const struct search_options *options;
    const struct exhaustive_options *exhaustive;
    const struct groups *groups;
    struct choices root; /* Of the typical run. */
    uint64_t root_hash;  /* With what is remembered; see struct model_probe. */
};

/* What a walk through the subtree of one choice of the root leaves. */
struct walk_tally {
    uint64_t
        counts[EXHAUSTIVE_BOUND_MAX + 1]; /* Schedules covered, by deviations after the first. */
    uint64_t run_count, failed_count, effectless_count, skipped_count; /* At the depth asked for. */
    uint64_t runs_total;
    bool is_effectless; /* The first deviation itself: its subtree was not walked. */
    bool is_partial;    /* The budget of runs ended it. */
    bool is_joined;     /* A draw of two groups turned up. */
};

struct walk;

/* `interrupted` (may be NULL): not 0, a run is abandoned. */
struct walk *walk_create(const struct walk_plan *plan, const volatile sig_atomic_t *interrupted);
void walk_destroy(struct walk *walk);

/* List the choices that the typical run offers, in `arena`, with what is known about its draws. */
bool walk_list_root(struct walk *walk, struct arena *arena, struct walk_plan *plan,
                    struct probe_result *typical, struct exhaustive_result *result,
                    struct error *error);

/* Walk through the schedules with exactly `target` deviations, the first of which is choice `root`
 * of the root. `run_max`: stop after so many runs; 0: never. */
enum team_outcome walk_subtree(struct walk *walk, const struct team *team, uint32_t root,
                               uint32_t target, uint64_t run_max, struct findings *findings,
                               struct walk_tally *tally, struct error *error);

#endif
