/* shrink_parts.c - a smaller topology: one unit of many, fewer parts of a unit. */
#include <stdlib.h>
#include <string.h>

#include "sim/explore/shrink_state.h"

/* Does the draw belong to this unit? */
static bool is_of_unit(const struct shrink_state *state, uint32_t unit, struct draw_name name)
{
    const struct model_explore *explore = state->model->explore;
    return !explore->drop(explore->unit_entity(unit), &name);
}

/* The unit whose draw it is; SHRINK_ANY_UNIT for one that belongs to none, such as an outage that
 * all share. */
static uint32_t unit_of(const struct shrink_state *state, struct draw_name name)
{
    const struct model_explore *explore = state->model->explore;
    uint32_t first = explore->unit_entity(0);
    for (uint32_t unit = 0; unit < state->unit_count; unit++) {
        struct draw_name before = name;
        if (!explore->drop(first, &name))
            return unit;
        if (before.entity == name.entity)
            return SHRINK_ANY_UNIT;
    }
    return SHRINK_ANY_UNIT;
}

/* Rename a draw of unit `from` to that of unit `to`, a lower one. */
static struct draw_name move_to_unit(const struct shrink_state *state, struct draw_name name,
                                     uint32_t from, uint32_t to)
{
    const struct model_explore *explore = state->model->explore;
    for (uint32_t i = to; i < from; i++)
        explore->drop(explore->unit_entity(0), &name);
    return name;
}

/* The schedule with all units, and what of it is wanted. */
struct unit_trial {
    struct shrink_state *state;
    const struct deviation *all;
    const uint32_t *units; /* Of each of them. */
    uint32_t all_count, unit_count;
    uint32_t unit;   /* The one that must stay. */
    uint32_t *ranks; /* [unit_count]: the unit's number in the trial, or SHRINK_ANY_UNIT. */
    struct deviation *trial;
    uint32_t trial_count;
};

static uint32_t rank_units(struct unit_trial *units, const uint32_t *kept, uint32_t count)
{
    for (uint32_t u = 0; u < units->unit_count; u++)
        units->ranks[u] = SHRINK_ANY_UNIT;
    units->ranks[units->unit] = 0;
    for (uint32_t i = 0; i < count; i++)
        units->ranks[kept[i]] = 0;
    uint32_t next = 0;
    for (uint32_t u = 0; u < units->unit_count; u++)
        if (units->ranks[u] == 0)
            units->ranks[u] = next++;
    return next;
}

static void set_filter(struct shrink_state *state, uint32_t unit)
{
    if (state->probe_options.unit == unit)
        return;
    state->probe_options.unit = unit;
    probe_destroy(state->probe);
    state->probe = probe_create(&state->probe_options);
}

static bool units_fail(void *context, const uint32_t *kept, uint32_t count)
{
    struct unit_trial *units = context;
    struct shrink_state *state = units->state;
    uint32_t unit_count = rank_units(units, kept, count);
    units->trial_count = 0;
    for (uint32_t i = 0; i < units->all_count; i++) {
        uint32_t unit = units->units[i];
        struct deviation item = units->all[i];
        if (unit != SHRINK_ANY_UNIT && units->ranks[unit] == SHRINK_ANY_UNIT)
            continue;
        if (unit != SHRINK_ANY_UNIT)
            item.name = move_to_unit(state, item.name, unit, units->ranks[unit]);
        units->trial[units->trial_count++] = item;
    }
    shrink_resize(state, unit_count);
    set_filter(state, units->ranks[units->unit]);
    return shrink_fails(state, units->trial, units->trial_count);
}

/* Keep the unit and as many others as its failure needs. */
static void keep_units(struct shrink_state *state, uint32_t unit)
{
    struct unit_trial units = {
        .state = state, .all_count = state->count, .unit_count = state->unit_count, .unit = unit};
    struct deviation *all = arena_take_array(state->arena, state->count, sizeof *all);
    uint32_t *unit_of_item = arena_take_array(state->arena, state->count, sizeof *unit_of_item);
    for (uint32_t i = 0; i < state->count; i++) {
        all[i] = state->items[i];
        unit_of_item[i] = unit_of(state, all[i].name);
    }
    units.all = all;
    units.units = unit_of_item;
    units.ranks = arena_take_array(state->arena, units.unit_count, sizeof *units.ranks);
    units.trial = arena_take_array(state->arena, state->count, sizeof *units.trial);
    uint32_t *kept = arena_take_array(state->arena, units.unit_count, sizeof *kept);
    uint32_t count = 0;
    for (uint32_t u = 0; u < units.unit_count; u++)
        if (u != unit)
            kept[count++] = u;
    struct shrink_ddmin ddmin = {&units, units_fail, state->arena};
    count = shrink_ddmin(&ddmin, kept, count);
    /* What is left was seen to fail, or it is everything. */
    if (units_fail(&units, kept, count))
        shrink_accept(state, units.trial, units.trial_count);
}

/* The unit alone. What belongs to no unit stays. */
static bool try_alone(struct shrink_state *state, uint32_t unit)
{
    struct deviation *trial = arena_take_array(state->arena, state->count, sizeof *trial);
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->count; i++) {
        struct deviation item = state->items[i];
        if (is_of_unit(state, unit, item.name))
            item.name = move_to_unit(state, item.name, unit, 0);
        else if (unit_of(state, item.name) != SHRINK_ANY_UNIT)
            continue;
        trial[count++] = item;
    }
    uint32_t unit_count = state->unit_count;
    shrink_resize(state, 1);
    set_filter(state, 0);
    if (shrink_fails(state, trial, count)) {
        shrink_accept(state, trial, count);
        return true;
    }
    if (!state->is_over)
        shrink_resize(state, unit_count);
    return false;
}

bool shrink_to_unit(struct shrink_state *state, uint32_t unit)
{
    state->phase = SHRINK_UNITS;
    bool is_changed = false;
    if (state->unit_count > 1) {
        is_changed = try_alone(state, unit);
        if (!is_changed && !state->is_over)
            keep_units(state, unit);
    }
    if (state->is_over)
        return is_changed;
    /* From here on the whole run counts, as for whoever replays the schedule. */
    set_filter(state, state->options->probe->unit);
    if (shrink_fails(state, state->items, state->count))
        state->wants_first = probe_signature(&state->result) == state->signature;
    return is_changed;
}

/* Put a value of a draw of the shape into a schedule; the typical one needs no entry. */
static uint32_t set_shape(struct deviation *items, uint32_t count, const struct oracle_asked *draw,
                          int64_t value)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&items[i].name, &draw->name, sizeof draw->name) != 0)
            items[kept++] = items[i];
    if (value != oracle_asked_typical(draw))
        items[kept++] = (struct deviation){draw->name, value};
    return kept;
}

static bool try_shape(struct shrink_state *state, const struct oracle_asked *draw, int64_t value)
{
    memcpy(state->trial, state->items, state->count * sizeof *state->items);
    uint32_t count = set_shape(state->trial, state->count, draw, value);
    if (!shrink_fails(state, state->trial, count))
        return false;
    shrink_accept(state, state->trial, count);
    return true;
}

/* Take out one part in the middle: the draws of those behind it move up. */
static bool try_without_part(struct shrink_state *state, const struct oracle_asked *draw,
                             int64_t value, uint32_t part)
{
    const struct model_explore *explore = state->model->explore;
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->count; i++) {
        struct deviation item = state->items[i];
        if (memcmp(&item.name, &draw->name, sizeof item.name) == 0 ||
            explore->drop(part, &item.name))
            state->trial[count++] = item;
    }
    count = set_shape(state->trial, count, draw, value);
    if (!shrink_fails(state, state->trial, count))
        return false;
    shrink_accept(state, state->trial, count);
    return true;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The distinct entities that deviations or draws concern, without the units themselves: the parts
 * that something is known about. */
static uint32_t list_parts(const struct shrink_state *state, const struct shrink_asked *asked,
                           uint32_t *parts)
{
    uint32_t count = 0, distinct = 0;
    for (uint32_t i = 0; i < asked->count; i++)
        parts[count++] = asked->items[i].name.entity;
    qsort(parts, count, sizeof *parts, compare_numbers);
    for (uint32_t i = 0; i < count; i++) {
        bool is_unit = false;
        for (uint32_t u = 0; u < state->unit_count && !is_unit; u++)
            is_unit = parts[i] == state->model->explore->unit_entity(u);
        if (!is_unit && (distinct == 0 || parts[i] != parts[distinct - 1]))
            parts[distinct++] = parts[i];
    }
    return distinct;
}

static int64_t smallest(const struct oracle_asked *draw)
{
    if (draw->kind != ORACLE_COUNT)
        return 0;
    int64_t value = oracle_asked_at(draw, 0x1p-50);
    return value > 0 ? value : 0;
}

/* Make one draw of the shape smaller: to the smallest value that still fails, or by one, with any
 * one part taken out. */
static bool lower_shape(struct shrink_state *state, const struct oracle_asked *draw,
                        const uint32_t *parts, uint32_t part_count)
{
    if (draw->kind != ORACLE_COUNT && draw->kind != ORACLE_HAPPENS)
        return false;
    for (int64_t value = smallest(draw); value < draw->value; value++)
        if (try_shape(state, draw, value))
            return true;
    if (draw->kind != ORACLE_COUNT || draw->value <= smallest(draw))
        return false;
    for (uint32_t i = 0; i < part_count; i++)
        if (try_without_part(state, draw, draw->value - 1, parts[i]))
            return true;
    return false;
}

bool shrink_parts(struct shrink_state *state)
{
    state->phase = SHRINK_PARTS;
    bool is_changed = false, is_again = true;
    while (is_again && shrink_look(state, state->items, state->count, &state->asked)) {
        uint32_t *parts = arena_take_array(state->arena, state->asked.count, sizeof *parts);
        uint32_t part_count = list_parts(state, &state->asked, parts);
        is_again = false;
        for (uint32_t i = 0; i < state->asked.count && !is_again; i++)
            if (model_is_shape(state->model, state->asked.items[i].name.purpose))
                is_again = lower_shape(state, &state->asked.items[i], parts, part_count);
        is_changed = is_changed || is_again;
    }
    return is_changed;
}
