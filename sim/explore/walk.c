#include "sim/explore/walk.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

/* A draw in the order in which answers take effect. */
struct effect {
    int64_t at_ns;
    uint64_t event;
    uint32_t index; /* In the list of the watch. */
};

/* The group of a draw, so that it is looked for once. Open addressing. */
struct member {
    struct draw_name name;
    bool is_known;
    int32_t group;
};

struct walk {
    const struct walk_plan *plan;
    struct probe *probe;
    struct arena *arena;
    struct choices depths[EXHAUSTIVE_BOUND_MAX]; /* Of the schedule with so many deviations. */
    struct choice stack[EXHAUSTIVE_BOUND_MAX];
    struct effect *effects;
    uint32_t effects_room;
    struct member *members;
    uint32_t member_count, member_room; /* A power of 2. */

    /* Of the subtree that is being walked through. */
    const struct team *team;
    uint32_t target;
    uint64_t run_max;
    int32_t group;
    struct findings *findings;
    struct walk_tally *tally;
    struct error *error;
};

struct walk *walk_create(const struct walk_plan *plan, const volatile sig_atomic_t *interrupted)
{
    struct arena *arena = arena_create("a walk through schedules", 0);
    struct walk *walk = arena_take(arena, sizeof *walk);
    walk->arena = arena;
    walk->plan = plan;
    struct probe_options probe = *plan->options->probe;
    probe.interrupted = interrupted;
    walk->probe = probe_create(&probe);
    walk->member_room = 256;
    walk->members = arena_take_array(arena, walk->member_room, sizeof *walk->members);
    return walk;
}

void walk_destroy(struct walk *walk)
{
    probe_destroy(walk->probe);
    arena_destroy(walk->arena);
}

static bool is_same_draw(struct draw_name a, struct draw_name b)
{
    return a.entity == b.entity && a.purpose == b.purpose && a.occurrence == b.occurrence;
}

static struct member *find_member(struct member *members, uint32_t room, struct draw_name name)
{
    uint64_t hash = ((uint64_t)name.entity << 32 | name.occurrence) * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 29 ^ name.purpose) * UINT64_C(0xff51afd7ed558ccd);
    uint32_t i = (uint32_t)(hash >> 32) & (room - 1);
    while (members[i].is_known && !is_same_draw(members[i].name, name))
        i = (i + 1) & (room - 1);
    return &members[i];
}

static void grow_members(struct walk *walk)
{
    uint32_t room = 2 * walk->member_room;
    struct member *members = arena_take_array(walk->arena, room, sizeof *members);
    for (uint32_t i = 0; i < walk->member_room; i++)
        if (walk->members[i].is_known)
            *find_member(members, room, walk->members[i].name) = walk->members[i];
    walk->members = members;
    walk->member_room = room;
}

static int32_t group_of(struct walk *walk, struct draw_name name)
{
    const struct groups *groups = walk->plan->groups;
    if (groups == NULL || groups->count == 1)
        return 0;
    struct member *member = find_member(walk->members, walk->member_room, name);
    if (member->is_known)
        return member->group;
    if (2 * ++walk->member_count > walk->member_room) {
        grow_members(walk);
        member = find_member(walk->members, walk->member_room, name);
    }
    *member = (struct member){.name = name, .is_known = true, .group = groups_find(groups, name)};
    return member->group;
}

static int compare_effects(const void *a, const void *b)
{
    const struct effect *x = a, *y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    if (x->event != y->event)
        return x->event < y->event ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static struct effect effect_of(const struct oracle_asked *asked, uint32_t index)
{
    bool is_ahead = asked->kind == ORACLE_TIE && asked->due_ns > asked->at_ns;
    return (struct effect){.at_ns = is_ahead ? asked->due_ns : asked->at_ns,
                           .event = is_ahead ? 0 : asked->event_count,
                           .index = index};
}

/* Put the draws of the last run into the order of their effects. */
static const struct effect *order_effects(struct walk *walk, const struct oracle_asked *asked,
                                          uint32_t count)
{
    if (count > walk->effects_room) {
        walk->effects_room = 2 * count;
        walk->effects = arena_take_array(walk->arena, walk->effects_room, sizeof *walk->effects);
    }
    bool is_sorted = true;
    for (uint32_t i = 0; i < count; i++) {
        walk->effects[i] = effect_of(&asked[i], i);
        is_sorted =
            is_sorted && (i == 0 || compare_effects(&walk->effects[i - 1], &walk->effects[i]) < 0);
    }
    if (!is_sorted)
        qsort(walk->effects, count, sizeof *walk->effects, compare_effects);
    return walk->effects;
}

/* Return where the draws begin that take effect after the last deviation. A tie that nobody else
 * was in any more is not listed: then its time says where. */
static uint32_t skip_to(const struct oracle_asked *asked, const struct effect *effects,
                        uint32_t count, const struct choice *last)
{
    if (last == NULL)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        if (is_same_draw(asked[effects[i].index].name, last->deviation.name))
            return i + 1;
    uint32_t after = 0;
    while (after < count && (effects[after].at_ns < last->effect_at_ns ||
                             (effects[after].at_ns == last->effect_at_ns &&
                              effects[after].event <= last->effect_event)))
        after++;
    return after;
}

static void add_choice(struct arena *arena, struct choices *choices, const struct choice *choice)
{
    if (choices->count == choices->room) {
        uint32_t room = choices->room == 0 ? 64 : 2 * choices->room;
        struct choice *items = arena_take_array(arena, room, sizeof *items);
        if (choices->count > 0)
            memcpy(items, choices->items, choices->count * sizeof *items);
        choices->items = items;
        choices->room = room;
    }
    choices->items[choices->count++] = *choice;
}

/* May this draw deviate in the subtree that is walked through? */
static bool is_open(struct walk *walk, struct draw_name name)
{
    if (!search_includes(walk->plan->options, name.purpose))
        return false;
    int32_t group = group_of(walk, name);
    if (group == GROUP_JOINS)
        walk->tally->is_joined = true;
    return walk->group == GROUP_NONE || group == GROUP_NONE || group == walk->group;
}

/* List how the schedule that was just run can be continued. */
static void list_choices(struct walk *walk, struct arena *arena, const struct choice *last,
                         struct choices *choices)
{
    uint32_t count;
    const struct oracle_asked *asked = probe_asked(walk->probe, &count);
    const struct effect *effects = order_effects(walk, asked, count);
    choices->count = 0;
    for (uint32_t i = skip_to(asked, effects, count, last); i < count; i++) {
        const struct oracle_asked *draw = &asked[effects[i].index];
        int64_t values[GRID_VALUES_MAX];
        if (!is_open(walk, draw->name))
            continue;
        uint32_t value_count = grid_values(&walk->plan->exhaustive->grid, draw, values);
        for (uint32_t v = 0; v < value_count; v++)
            add_choice(arena, choices,
                       &(struct choice){.deviation = {draw->name, values[v]},
                                        .tail_log10 = collect_tail_log10(draw, values[v]),
                                        .is_entropy = draw->kind == ORACLE_ENTROPY,
                                        .draw = i,
                                        .effect_at_ns = effects[i].at_ns,
                                        .effect_event = effects[i].event});
    }
}

/* Run the schedule on the stack. The hash of an inner one is compared with that of its children, so
 * it is over what is remembered as well; that of a leaf is what a replay has. */
static bool run(struct walk *walk, uint32_t depth, bool is_leaf, struct probe_result *result)
{
    struct deviation deviations[EXHAUSTIVE_BOUND_MAX] = {0};
    for (uint32_t i = 0; i < depth; i++)
        deviations[i] = walk->stack[i].deviation;
    walk->tally->runs_total++;
    return probe_run_with(walk->probe, deviations, depth,
                          &(struct probe_extra){.is_unwatched = is_leaf, .hashes_memory = !is_leaf},
                          result, walk->error);
}

static void report(struct walk *walk, uint32_t depth, const struct probe_result *result)
{
    struct deviation deviations[EXHAUSTIVE_BOUND_MAX];
    struct collected schedule = {.deviations = deviations, .count = depth};
    for (uint32_t i = 0; i < depth; i++) {
        deviations[i] = walk->stack[i].deviation;
        schedule.tail_log10 += walk->stack[i].tail_log10;
    }
    qsort(deviations, depth, sizeof *deviations, deviation_compare);
    collect_finding(walk->findings, SEARCH_EXHAUSTIVE, walk->tally->run_count - 1, &schedule,
                    result);
}

static uint64_t add_counts(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static enum team_outcome visit(struct walk *walk, uint32_t depth, uint64_t parent_hash,
                               uint64_t *counts, bool *is_effectless);

/* Visit the children of a schedule, the last ones first: what a child covers that has no effect is
 * what the children after it cover. */
static enum team_outcome visit_children(struct walk *walk, uint32_t depth, uint64_t hash,
                                        uint64_t *counts)
{
    uint64_t of_draw[EXHAUSTIVE_BOUND_MAX + 1] = {0}; /* Of the children with the same draw. */
    uint32_t below = walk->target - depth;            /* Deviations still to come. */
    const struct choices *choices = &walk->depths[depth];
    for (uint32_t i = choices->count; i-- > 0;) {
        uint64_t of_child[EXHAUSTIVE_BOUND_MAX + 1] = {0};
        bool is_effectless = false;
        walk->stack[depth] = choices->items[i];
        enum team_outcome outcome = visit(walk, depth + 1, hash, of_child, &is_effectless);
        if (outcome != TEAM_DONE || walk->tally->is_partial)
            return outcome;
        if (is_effectless) {
            memcpy(of_child, counts, below * sizeof *of_child);
            walk->tally->effectless_count =
                add_counts(walk->tally->effectless_count, of_child[below - 1]);
        }
        for (uint32_t m = 1; m <= below; m++)
            of_draw[m] = add_counts(of_draw[m], of_child[m - 1]);
        if (i > 0 && choices->items[i - 1].draw == choices->items[i].draw)
            continue;
        for (uint32_t m = 1; m <= below; m++) {
            counts[m] = add_counts(counts[m], of_draw[m]);
            of_draw[m] = 0;
        }
    }
    return TEAM_DONE;
}

/* Run the schedule on the stack, and what is below it down to the target. counts[m] receives how
 * many schedules with m more deviations are covered, itself included. */
static enum team_outcome visit(struct walk *walk, uint32_t depth, uint64_t parent_hash,
                               uint64_t *counts, bool *is_effectless)
{
    struct walk_tally *tally = walk->tally;
    bool is_leaf = depth == walk->target;
    struct probe_result result;
    if (team_is_stopping(walk->team))
        return TEAM_ABANDONED;
    if (walk->run_max > 0 && tally->runs_total >= walk->run_max) {
        tally->is_partial = true;
        return TEAM_DONE;
    }
    if (!run(walk, depth, is_leaf, &result))
        return TEAM_FAILED;
    bool is_failing = probe_signature(&result) != 0;
    counts[0] = 1;
    if (is_leaf) {
        tally->run_count++;
        tally->failed_count += is_failing;
        if (is_failing)
            report(walk, depth, &result);
        return TEAM_DONE;
    }
    if (is_failing && !walk->plan->exhaustive->is_below_failing) {
        tally->skipped_count++;
        return TEAM_DONE;
    }
    *is_effectless = !walk->plan->exhaustive->without_effectless &&
                     walk->stack[depth - 1].is_entropy && result.history_hash == parent_hash;
    if (*is_effectless)
        return TEAM_DONE;
    list_choices(walk, walk->arena, &walk->stack[depth - 1], &walk->depths[depth]);
    if (tally->is_joined)
        return TEAM_DONE;
    return visit_children(walk, depth, result.history_hash, counts);
}

enum team_outcome walk_subtree(struct walk *walk, const struct team *team, uint32_t root,
                               uint32_t target, uint64_t run_max, struct findings *findings,
                               struct walk_tally *tally, struct error *error)
{
    CHECK(target >= 1 && target <= EXHAUSTIVE_BOUND_MAX);
    *tally = (struct walk_tally){.run_count = 0};
    walk->team = team;
    walk->target = target;
    walk->run_max = run_max;
    walk->findings = findings;
    walk->tally = tally;
    walk->error = error;
    walk->stack[0] = walk->plan->root.items[root];
    walk->group = group_of(walk, walk->stack[0].deviation.name);
    return visit(walk, 1, walk->plan->root_hash, tally->counts, &tally->is_effectless);
}

/* Count the draws of the typical run by purpose. */
static void count_draw(struct exhaustive_result *result, uint32_t purpose, uint32_t value_count)
{
    result->draw_count++;
    result->value_count += value_count;
    uint32_t i = 0;
    while (i < result->purpose_count && result->purposes[i].purpose != purpose)
        i++;
    if (i == EXHAUSTIVE_PURPOSES_MAX)
        return;
    if (i == result->purpose_count)
        result->purposes[result->purpose_count++] = (struct exhaustive_purpose){.purpose = purpose};
    result->purposes[i].draw_count++;
    result->purposes[i].value_count += value_count;
}

bool walk_list_root(struct walk *walk, struct arena *arena, struct walk_plan *plan,
                    struct probe_result *typical, struct exhaustive_result *result,
                    struct error *error)
{
    struct walk_tally tally = {.run_count = 0};
    walk->tally = &tally;
    walk->error = error;
    walk->group = GROUP_NONE;
    struct probe_result remembered;
    if (!run(walk, 0, true, typical) || !run(walk, 0, false, &remembered))
        return false;
    list_choices(walk, arena, NULL, &plan->root);
    plan->root_hash = remembered.history_hash;
    for (uint32_t i = 0, next; i < plan->root.count; i = next) {
        next = i + 1;
        while (next < plan->root.count && plan->root.items[next].draw == plan->root.items[i].draw)
            next++;
        count_draw(result, plan->root.items[i].deviation.name.purpose, next - i);
    }
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(walk->probe, &asked_count);
    for (uint32_t i = 0; i < asked_count; i++)
        result->excluded_count += !search_includes(plan->options, asked[i].name.purpose);
    return true;
}
