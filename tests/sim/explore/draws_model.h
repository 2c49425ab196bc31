/* draws_model.h - a world that only asks: so many flags, delays and mute draws in each of some
 * units that share nothing, and fails by a predicate of the answers. For the tests of the searches:
 * its schedules can be counted by hand.
 */
#ifndef TESTS_SIM_EXPLORE_DRAWS_MODEL_H
#define TESTS_SIM_EXPLORE_DRAWS_MODEL_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/chance/dist.h"
#include "sim/experiment/model.h"
#include "sim/explore/search.h"
#include "sim/kernel/history.h"

enum {
    DRAWS_FLAG = 300,
    DRAWS_DELAY = 301,
    DRAWS_MUTE = 302,
    DRAWS_MORE = 303,
    DRAWS_SHARED = 304
};
enum { DRAWS_SHARED_ENTITY = 1000, DRAWS_MAX = 32 };
enum { DRAWS_BROKEN, DRAWS_LATE, DRAWS_KIND_COUNT };

struct draws_world {
    uint32_t units, flags, delays;
    uint32_t mutes;           /* Draws of 64 bits that nobody looks at. */
    const struct dist *delay; /* Of all delays. */
    bool has_more;            /* After each flag that says yes, a delay is asked for. */
    bool shares;              /* After flag 0 of unit 0 a draw is asked that all units depend on. */
    bool is_silent;           /* What flags say is not in the history. */
    bool asks_twice;          /* The first flag of a unit is asked again at its end. */
    uint32_t broken_by; /* Flags (bits) of one unit that must all say yes to break the invariant. */
    int64_t late_ns;    /* Delays of one unit that add up to more are late; 0: never. */
    atomic_uint *runs;  /* Not NULL: counts runs, and every run has another history. */
};

/* A distribution of durations, or NULL. */
static inline const struct dist *draws_delay(struct arena *arena, const char *text)
{
    return dist_parse(arena, text, &(struct dist_options){.dimension = DIST_DURATION}, NULL, NULL);
}

/* What a unit answered. */
struct draws_unit {
    uint32_t yes;
    int64_t sum_ns;
};

static inline void draws_report(const struct model_run *run, uint32_t kind, uint32_t unit)
{
    if (run->sink != NULL && run->sink->finding != NULL)
        run->sink->finding(run->sink->context, run,
                           &(struct model_finding){.kind = kind,
                                                   .entity = unit,
                                                   .unit = unit,
                                                   .at_ns = run->oracle->now_ns,
                                                   .event_count = run->oracle->event_count});
}

/* Each question is an event of its own, 1 s after the one before. */
static inline struct draw_name draws_next(const struct model_run *run, uint32_t entity,
                                          uint32_t purpose, uint32_t occurrence)
{
    run->oracle->event_count++;
    run->oracle->now_ns += 1000000000;
    return (struct draw_name){entity, purpose, occurrence};
}

static inline uint64_t draws_run_unit(const struct model_run *run, uint32_t unit, uint64_t history)
{
    const struct draws_world *world = run->parameters;
    struct draws_unit answers = {0};
    for (uint32_t i = 0; i < world->mutes; i++)
        oracle_entropy(run->oracle, draws_next(run, unit, DRAWS_MUTE, i));
    for (uint32_t i = 0; i < world->flags; i++) {
        bool yes = oracle_happens(run->oracle, draws_next(run, unit, DRAWS_FLAG, i), 0.01);
        answers.yes |= (uint32_t)yes << i;
        history = history_fold(history, yes && !world->is_silent);
        if (yes && world->has_more)
            answers.sum_ns +=
                oracle_delay_ns(run->oracle, draws_next(run, unit, DRAWS_MORE, i), world->delay);
        if (yes && world->shares && i == 0 && unit == 0)
            oracle_happens(run->oracle, draws_next(run, DRAWS_SHARED_ENTITY, DRAWS_SHARED, 0), 0.1);
    }
    for (uint32_t i = 0; i < world->delays; i++)
        answers.sum_ns +=
            oracle_delay_ns(run->oracle, draws_next(run, unit, DRAWS_DELAY, i), world->delay);
    if (world->asks_twice)
        oracle_happens(run->oracle, draws_next(run, unit, DRAWS_FLAG, 0), 0.01);
    history = history_fold(history, (uint64_t)answers.sum_ns);
    if (world->broken_by != 0 && (answers.yes & world->broken_by) == world->broken_by)
        draws_report(run, DRAWS_BROKEN, unit);
    if (world->late_ns > 0 && answers.sum_ns > world->late_ns)
        draws_report(run, DRAWS_LATE, unit);
    return history;
}

static bool draws_run(const struct model_run *run, struct record *record, struct error *error)
{
    (void)error;
    const struct draws_world *world = run->parameters;
    uint64_t history = HISTORY_EMPTY;
    for (uint32_t i = 0; i < world->units; i++)
        history = draws_run_unit(run, i, history);
    if (world->runs != NULL)
        history = history_fold(history, atomic_fetch_add(world->runs, 1));
    record->unit_count = world->units;
    record->history_hash = history;
    record->event_count = run->oracle->event_count;
    return true;
}

static uint32_t draws_units_max(const void *parameters)
{
    return ((const struct draws_world *)parameters)->units;
}

static bool draws_is_independent(const void *parameters, struct draw_name a, struct draw_name b)
{
    (void)parameters;
    return a.entity != b.entity && a.entity != DRAWS_SHARED_ENTITY &&
           b.entity != DRAWS_SHARED_ENTITY;
}

static const char *const draws_findings[] = {"broken", "late", NULL};
static const char *const draws_nothing[] = {"", NULL};
static const struct model_explore draws_explore = {
    .finding_names = draws_findings,
    .finding_count = DRAWS_KIND_COUNT,
    .safety_count = 1,
    .step_names = draws_nothing,
    .step_count = 1,
    .state_names = draws_nothing,
    .state_count = 1,
    .is_independent = draws_is_independent,
};

static const struct model draws_model = {
    .name = "draws",
    .unit_name = "unit",
    .unit_names = "units",
    .units_max = draws_units_max,
    .run = draws_run,
    .explore = &draws_explore,
};

/* A search of it on one thread; `probe` is filled in for it. */
static inline struct search_options draws_search(const struct draws_world *world,
                                                 struct probe_options *probe)
{
    *probe =
        (struct probe_options){.model = &draws_model, .parameters = world, .unit = MODEL_ALL_UNITS};
    return (struct search_options){.probe = probe, .seed = 7, .threads = 1};
}

#endif
