#include "sim/chance/oracle_asked.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

/* The k of u = (k + 1/2) 2^-52. */
#define UNIFORM_MAX ((INT64_C(1) << 52) - 1)

int64_t oracle_asked_typical(const struct oracle_asked *asked)
{
    switch (asked->kind) {
    case ORACLE_DELAY:
    case ORACLE_COUNT: return dist_typical(asked->dist);
    case ORACLE_HAPPENS: return asked->probability > 0.5;
    case ORACLE_PICK:
    case ORACLE_TIE: return 0;
    case ORACLE_UNIFORM: return INT64_C(1) << 51;
    case ORACLE_ENTROPY: return INT64_MIN; /* As bits, 2^63. */
    }
    CHECK_UNREACHABLE("a question of an unknown kind");
}

static int64_t pick_at(uint32_t count, double level)
{
    uint32_t pick = (uint32_t)(level * count);
    return pick < count ? pick : count - 1;
}

int64_t oracle_asked_at(const struct oracle_asked *asked, double level)
{
    switch (asked->kind) {
    case ORACLE_DELAY: return dist_duration_ns(asked->dist, level);
    case ORACLE_COUNT: return dist_count(asked->dist, level);
    case ORACLE_HAPPENS: return level >= 1 - asked->probability;
    case ORACLE_PICK: return pick_at(asked->count, level);
    case ORACLE_UNIFORM: return (int64_t)(level * 0x1p52);
    case ORACLE_ENTROPY: return (int64_t)(uint64_t)(level * 0x1p64);
    case ORACLE_TIE: return level >= 0.5;
    }
    CHECK_UNREACHABLE("a question of an unknown kind");
}

/* P(X >= value) or P(X <= value) of the rounded variate: as it is rounded to the nearest, half a
 * step is added on the side of the value. Where everything is at whole steps this changes nothing.
 */
static double dist_side(const struct dist *dist, int64_t value, double half_step)
{
    int64_t typical = dist_typical(dist);
    if (value == typical)
        return 1;
    return value > typical ? dist_tail(dist, (double)value - half_step)
                           : dist_cdf(dist, (double)value + half_step);
}

/* The same of `count` equally likely numbers from 0 on. */
static double even_side(double value, double middle, double count)
{
    if (value == middle)
        return 1;
    return value > middle ? (count - value) / count : (value + 1) / count;
}

double oracle_asked_tail(const struct oracle_asked *asked, int64_t value)
{
    value = oracle_asked_clamp(asked, value);
    switch (asked->kind) {
    case ORACLE_DELAY: return dist_side(asked->dist, value, UNITS_US / 2.0);
    case ORACLE_COUNT: return dist_side(asked->dist, value, 0.5);
    case ORACLE_HAPPENS:
        if (value == oracle_asked_typical(asked))
            return 1;
        return value != 0 ? asked->probability : 1 - asked->probability;
    case ORACLE_PICK: return value == 0 ? 1 : (asked->count - 1.0) / asked->count;
    case ORACLE_UNIFORM: return even_side((double)value, 0x1p51, 0x1p52);
    case ORACLE_ENTROPY: return even_side((double)((uint64_t)value >> 12), 0x1p51, 0x1p52);
    case ORACLE_TIE: return 1;
    }
    CHECK_UNREACHABLE("a question of an unknown kind");
}

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

int64_t oracle_asked_clamp(const struct oracle_asked *asked, int64_t value)
{
    switch (asked->kind) {
    case ORACLE_DELAY: return clamp(value, 0, DIST_DURATION_MAX_NS);
    case ORACLE_HAPPENS: return value != 0;
    case ORACLE_PICK:
    case ORACLE_TIE: return clamp(value, 0, (int64_t)asked->count - 1);
    case ORACLE_UNIFORM: return value & UNIFORM_MAX;
    case ORACLE_COUNT:
    case ORACLE_ENTROPY: return value;
    }
    CHECK_UNREACHABLE("a question of an unknown kind");
}

void oracle_watch_init(struct oracle_watch *watch, struct arena *arena)
{
    *watch = (struct oracle_watch){.arena = arena, .generation = 1};
}

void oracle_watch_clear(struct oracle_watch *watch)
{
    watch->count = watch->settled_count = 0;
    if (++watch->generation != 0)
        return;
    memset(watch->slots, 0, 2 * watch->room * sizeof *watch->slots);
    watch->generation = 1;
}

/* Where a name stands, or the free slot where it would be put. */
static uint64_t *find_slot(const struct oracle_watch *watch, struct draw_name name, uint32_t hash)
{
    uint32_t mask = 2 * watch->room - 1;
    for (uint32_t i = hash;; i++) {
        uint64_t *slot = &watch->slots[i & mask];
        if (*slot >> 32 != watch->generation ||
            draw_name_equals(watch->items[(uint32_t)*slot - 1].name, name))
            return slot;
    }
}

static void make_room(struct oracle_watch *watch)
{
    enum { FIRST_ROOM = 256 };
    uint32_t room = watch->room == 0 ? FIRST_ROOM : 2 * watch->room;
    struct oracle_asked *items = arena_take_array(watch->arena, room, sizeof *items);
    if (watch->count > 0)
        memcpy(items, watch->items, watch->count * sizeof *items);
    watch->items = items;
    watch->room = room;
    watch->slots = arena_take_array(watch->arena, 2 * (size_t)room, sizeof *watch->slots);
    for (uint32_t i = 0; i < watch->count; i++)
        *find_slot(watch, items[i].name, draw_name_hash(items[i].name)) =
            (uint64_t)watch->generation << 32 | (i + 1);
}

void oracle_watch_note(struct oracle_watch *watch, const struct oracle_asked *asked, uint32_t hash)
{
    if (watch->count == watch->room)
        make_room(watch);
    uint64_t *slot = find_slot(watch, asked->name, hash);
    if (*slot >> 32 == watch->generation)
        return;
    watch->items[watch->count++] = *asked;
    *slot = (uint64_t)watch->generation << 32 | watch->count;
}

void oracle_watch_note_settled(struct oracle_watch *watch, int64_t due_ns)
{
    if (watch->settled_count == watch->settled_room) {
        uint32_t room = watch->settled_room == 0 ? 64 : 2 * watch->settled_room;
        int64_t *wider = arena_take_array(watch->arena, room, sizeof *wider);
        if (watch->settled_count > 0)
            memcpy(wider, watch->settled_ns, watch->settled_count * sizeof *wider);
        watch->settled_ns = wider;
        watch->settled_room = room;
    }
    watch->settled_ns[watch->settled_count++] = due_ns;
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Is this time in the list more than once? */
static bool is_shared(const int64_t *times_ns, uint32_t count, int64_t time_ns)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (times_ns[middle] < time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low + 1 < count && times_ns[low + 1] == time_ns;
}

void oracle_watch_drop_lone_ties(struct oracle_watch *watch)
{
    uint32_t room = watch->room + watch->settled_room;
    if (watch->times_room < room) {
        watch->times_ns = arena_take_array(watch->arena, room, sizeof *watch->times_ns);
        watch->times_room = room;
    }
    uint32_t count = 0, kept = 0;
    for (uint32_t i = 0; i < watch->count; i++)
        if (watch->items[i].kind == ORACLE_TIE)
            watch->times_ns[count++] = watch->items[i].due_ns;
    if (count == 0)
        return;
    for (uint32_t i = 0; i < watch->settled_count; i++)
        watch->times_ns[count++] = watch->settled_ns[i];
    qsort(watch->times_ns, count, sizeof *watch->times_ns, compare_times);
    for (uint32_t i = 0; i < watch->count; i++) {
        const struct oracle_asked *asked = &watch->items[i];
        if (asked->kind != ORACLE_TIE || is_shared(watch->times_ns, count, asked->due_ns))
            watch->items[kept++] = *asked;
    }
    watch->count = kept;
}
