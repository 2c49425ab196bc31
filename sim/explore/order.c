#include "sim/explore/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/explore/collect.h"
#include "sim/explore/sample.h"

/* The entities whose order is asked about in the typical run: a table by entity, and how often. */
struct entities {
    struct arena *arena;
    uint32_t *numbers; /* [count] ascending, once they are complete */
    uint32_t count, room;
    uint64_t tie_count;
};

/* What is the same in all runs. */
struct plan {
    const struct search_options *options;
    const struct order_options *order;
    const struct entities *entities;
    uint64_t key;
};

struct entry {
    double u;
    uint32_t index;
};

/* The priorities of one run. */
struct priorities {
    const struct plan *plan;
    struct oracle_chooser chooser;
    struct entry *entries; /* [entities->count] for sorting */
    uint8_t *places;       /* [entities->count] how far back; the highest priority is 0 */
    uint32_t run;
    uint32_t place_max;
    uint64_t points[ORDER_DEPTH_MAX]; /* Change points: numbers of schedulings from 1 on. */
    uint32_t point_count;
    uint64_t asked_count;
};

/* Where an entity is, or would be put, among those known. */
static uint32_t find_entity(const struct entities *entities, uint32_t entity, bool *is_known)
{
    uint32_t low = 0, high = entities->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (entities->numbers[middle] < entity)
            low = middle + 1;
        else
            high = middle;
    }
    *is_known = low < entities->count && entities->numbers[low] == entity;
    return low;
}

static void add_entity(struct entities *entities, uint32_t at, uint32_t entity)
{
    if (entities->count == entities->room) {
        uint32_t room = entities->room == 0 ? 64 : 2 * entities->room;
        uint32_t *numbers = arena_take_array(entities->arena, room, sizeof *numbers);
        if (entities->count > 0)
            memcpy(numbers, entities->numbers, entities->count * sizeof *numbers);
        entities->numbers = numbers;
        entities->room = room;
    }
    memmove(entities->numbers + at + 1, entities->numbers + at,
            (entities->count - at) * sizeof *entities->numbers);
    entities->numbers[at] = entity;
    entities->count++;
}

/* A chooser that chooses nothing, and counts. */
static bool count_tie(void *context, const struct oracle_asked *asked, int64_t *value)
{
    struct entities *entities = context;
    (void)value;
    if (asked->kind != ORACLE_TIE)
        return false;
    entities->tie_count++;
    bool is_known;
    uint32_t at = find_entity(entities, asked->name.entity, &is_known);
    if (!is_known)
        add_entity(entities, at, asked->name.entity);
    return false;
}

/* Lower the priority of an entity if it schedules at a change point. The first point leaves it
 * further back than the second one does, and each behind all that were not lowered. */
static void pass_change_points(struct priorities *priorities, uint8_t *place)
{
    for (uint32_t i = 0; i < priorities->point_count; i++)
        if (priorities->points[i] == priorities->asked_count)
            *place = (uint8_t)(priorities->place_max - i);
}

/* Where places are time, the last one is at the end of the slack window. */
static int64_t spread(const struct priorities *priorities, uint32_t place)
{
    if (priorities->plan->options->probe->slack_ns == 0 || priorities->place_max == 0)
        return place;
    return (int64_t)place * ORACLE_TIE_MAX / priorities->place_max;
}

static bool choose(void *context, const struct oracle_asked *asked, int64_t *value)
{
    struct priorities *priorities = context;
    if (asked->kind != ORACLE_TIE ||
        !search_includes(priorities->plan->options, asked->name.purpose))
        return false;
    priorities->asked_count++;
    bool is_known;
    uint32_t at = find_entity(priorities->plan->entities, asked->name.entity, &is_known);
    if (!is_known) {
        /* One that the typical run does not have: its place is a function of its name. */
        double u = draw_uniform(priorities->plan->key, priorities->run,
                                (struct draw_name){asked->name.entity, COLLECT_PURPOSE_ORDER, 0});
        *value = spread(priorities, (uint32_t)(u * (priorities->place_max + 1)));
        return true;
    }
    pass_change_points(priorities, &priorities->places[at]);
    *value = spread(priorities, priorities->places[at]);
    return true;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->u != y->u)
        return x->u < y->u ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Put the entities into places 0 to n - 1 in a random order or, where there are more than `room`,
 * into that order with neighbours in one place. */
static void draw_places(struct priorities *priorities, uint32_t room)
{
    const struct plan *plan = priorities->plan;
    const struct entities *entities = plan->entities;
    uint32_t n = entities->count;
    for (uint32_t i = 0; i < n; i++)
        priorities->entries[i] = (struct entry){
            draw_uniform(plan->key, priorities->run,
                         (struct draw_name){entities->numbers[i], COLLECT_PURPOSE_ORDER, 0}),
            i};
    if (n > 0)
        qsort(priorities->entries, n, sizeof *priorities->entries, compare_entries);
    for (uint32_t i = 0; i < n; i++)
        priorities->places[priorities->entries[i].index] =
            (uint8_t)(n <= room ? i : (uint64_t)i * room / n);
}

/* Draw the priorities of a run. The last d - 1 places are for those that are lowered. */
static const struct oracle_chooser *steer(void *own, uint32_t run)
{
    struct priorities *priorities = own;
    const struct plan *plan = priorities->plan;
    const struct entities *entities = plan->entities;
    struct draw_name name = {0, COLLECT_PURPOSE_ORDER, 1};
    uint32_t depth = plan->order->depth;
    if (!plan->order->is_fixed)
        depth = 1 + (uint32_t)(draw_uniform(plan->options->seed, run, name) * depth);
    priorities->run = run;
    priorities->asked_count = 0;
    priorities->point_count = depth - 1;
    for (uint32_t i = 0; i < depth - 1; i++) {
        name.occurrence = 2 + i;
        priorities->points[i] = 1 + (uint64_t)(draw_uniform(plan->options->seed, run, name) *
                                               (double)entities->tie_count);
    }
    uint32_t room = ORACLE_TIE_MAX + 1 - (depth - 1);
    draw_places(priorities, room);
    uint32_t places = entities->count <= room ? entities->count : room;
    priorities->place_max = places == 0 ? 0 : places + depth - 2;
    return &priorities->chooser;
}

static void *open_priorities(const void *context, struct arena *arena)
{
    const struct plan *plan = context;
    struct priorities *priorities = arena_take(arena, sizeof *priorities);
    uint32_t n = plan->entities->count;
    *priorities = (struct priorities){
        .plan = plan,
        .chooser = {priorities, choose},
        .entries = arena_take_array(arena, n, sizeof *priorities->entries),
        .places = arena_take_array(arena, n, sizeof *priorities->places),
    };
    return priorities;
}

/* Who is asked about the order in the typical run, and how often. */
static bool measure(const struct search_options *options, struct entities *entities,
                    struct error *error)
{
    struct probe *probe = probe_create(options->probe);
    struct oracle_chooser chooser = {entities, count_tie};
    struct probe_extra extra = {.chooser = &chooser, .is_unwatched = true};
    struct probe_result result;
    bool is_good = probe_run_with(probe, NULL, 0, &extra, &result, error);
    probe_destroy(probe);
    return is_good;
}

bool order_search(const struct search_options *options, const struct order_options *order,
                  struct findings *findings, struct order_result *result, struct error *error)
{
    CHECK(order->depth >= 1 && order->depth <= ORDER_DEPTH_MAX && options->probe->asks_order);
    struct arena *arena = arena_create("order search", 0);
    struct entities entities = {.arena = arena};
    struct plan plan = {
        .options = options,
        .order = order,
        .entities = &entities,
        .key = draw_bits(options->seed, 0, (struct draw_name){0, COLLECT_PURPOSE_ORDER, 0}),
    };
    struct sample sample = {.kind = SEARCH_ORDER,
                            .run_count = order->run_count,
                            .context = &plan,
                            .open = open_priorities,
                            .steer = steer};
    struct sample_result made;
    bool is_good = measure(options, &entities, error) &&
                   sample_search(options, &sample, findings, &made, error);
    if (is_good) {
        *result = (struct order_result){.run_count = made.run_count,
                                        .failed_count = made.failed_count,
                                        .entity_count = entities.count,
                                        .tie_count = entities.tie_count,
                                        .depth = order->depth,
                                        .end = made.end};
        if (options->probe->slack_ns == 0 && entities.count > 0 &&
            entities.count + order->depth - 1 <= ORACLE_TIE_MAX + 1)
            result->bound =
                1 / (entities.count * pow((double)entities.tie_count, order->depth - 1));
    }
    arena_destroy(arena);
    return is_good;
}
