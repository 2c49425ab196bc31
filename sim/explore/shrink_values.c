/* shrink_values.c - deviations no larger than they must be, and round.
 *
 * A value is looked at on an *axis*, a whole number that grows with the uniform of the draw: ns,
 * counts, places, and for the bits of an engine the upper 63 of them. Bisection between the typical
 * value and the failing one finds a value that fails while the one a resolution nearer to typical
 * passes. Where failing is not monotone there may be several; some values in between are tried, and
 * bisection goes on from those that fail. Then the value is rounded away from typical to the
 * coarsest unit that costs at most a twentieth of the deviation and still fails.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/explore/shrink_state.h"

enum { PROBES_BETWEEN = 7, REPEATS_MAX = 4, ROUND_SHARE = 20 };

/* How coarse a time may be written, the coarsest first. */
static const int64_t TIME_UNITS_NS[] = {
    UNITS_D,       UNITS_H,      30 * UNITS_MIN, 10 * UNITS_MIN, 5 * UNITS_MIN,  UNITS_MIN,
    30 * UNITS_S,  10 * UNITS_S, 5 * UNITS_S,    UNITS_S,        500 * UNITS_MS, 100 * UNITS_MS,
    10 * UNITS_MS, UNITS_MS,     100 * UNITS_US, 10 * UNITS_US,  UNITS_US};
enum { TIME_UNIT_COUNT = sizeof TIME_UNITS_NS / sizeof TIME_UNITS_NS[0] };

static int64_t axis_of(const struct oracle_asked *asked, int64_t value)
{
    return asked->kind == ORACLE_ENTROPY ? (int64_t)((uint64_t)value >> 1) : value;
}

static int64_t value_at(const struct oracle_asked *asked, int64_t axis)
{
    return oracle_asked_clamp(asked, asked->kind == ORACLE_ENTROPY ? (int64_t)((uint64_t)axis << 1)
                                                                   : axis);
}

/* The unit at `index` of those that a value may be a multiple of, the coarsest first; 0 behind the
 * last. The last is how finely values are told apart. */
static int64_t unit_at(enum oracle_kind kind, uint32_t index)
{
    switch (kind) {
    case ORACLE_DELAY: return index < TIME_UNIT_COUNT ? TIME_UNITS_NS[index] : 0;
    case ORACLE_COUNT:
    case ORACLE_HAPPENS:
    case ORACLE_PICK:
    case ORACLE_TIE: return index == 0 ? 1 : 0;
    case ORACLE_UNIFORM: return index < 20 ? INT64_C(1) << (50 - index) : 0;
    case ORACLE_ENTROPY: return index < 20 ? INT64_C(1) << (61 - index) : 0;
    }
    CHECK_UNREACHABLE("a draw of an unknown kind");
}

static int64_t resolution_of(enum oracle_kind kind)
{
    uint32_t index = 0;
    while (unit_at(kind, index + 1) != 0)
        index++;
    return unit_at(kind, index);
}

/* The coarsest unit whose multiple a value is, among those that a deviation of this size may be
 * rounded to. */
static int64_t own_unit(const struct oracle_asked *asked, int64_t axis, int64_t typical)
{
    int64_t size = llabs(axis - typical) / ROUND_SHARE;
    int64_t finest = resolution_of(asked->kind);
    for (uint32_t i = 0; unit_at(asked->kind, i) != 0; i++) {
        int64_t unit = unit_at(asked->kind, i);
        if ((unit <= size || unit == finest) && axis % unit == 0)
            return unit;
    }
    return finest;
}

int64_t shrink_one_step_lower(const struct oracle_asked *asked, int64_t value)
{
    int64_t typical_value = oracle_asked_typical(asked);
    int64_t typical = axis_of(asked, typical_value), axis = axis_of(asked, value);
    int64_t step = own_unit(asked, axis, typical);
    if (llabs(axis - typical) <= step)
        return typical_value;
    return value_at(asked, axis > typical ? axis - step : axis + step);
}

/* One item whose value is being lowered. */
struct lowering {
    struct shrink_state *state;
    const struct oracle_asked *asked;
    uint32_t index;
    int64_t typical; /* axis */
};

static bool fails_at(const struct lowering *lowering, int64_t axis)
{
    struct shrink_state *state = lowering->state;
    int64_t before = state->items[lowering->index].value;
    state->items[lowering->index].value = value_at(lowering->asked, axis);
    bool fails = shrink_fails(state, state->items, state->count);
    state->items[lowering->index].value = before;
    return fails;
}

/* Between `low`, taken to pass, and `high`, which fails: the failing end of an interval of one
 * resolution. */
static int64_t bisect(const struct lowering *lowering, int64_t low, int64_t high)
{
    int64_t resolution = resolution_of(lowering->asked->kind);
    while (llabs(high - low) > resolution) {
        int64_t middle = low + (high - low) / 2;
        if (middle - middle % resolution != low)
            middle -= middle % resolution;
        if (middle == low || middle == high)
            break;
        if (fails_at(lowering, middle))
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* Does anything between fail, nearer to typical? */
static bool find_between(const struct lowering *lowering, int64_t high, int64_t *found)
{
    int64_t step = (high - lowering->typical) / (PROBES_BETWEEN + 1);
    for (int64_t i = 1; step != 0 && i <= PROBES_BETWEEN; i++) {
        int64_t axis = lowering->typical + step * i;
        if (llabs(high - axis) <= resolution_of(lowering->asked->kind) || !fails_at(lowering, axis))
            continue;
        *found = axis;
        return true;
    }
    return false;
}

/* Round away from typical. */
static int64_t round_value(const struct lowering *lowering, int64_t axis)
{
    int64_t size = llabs(axis - lowering->typical) / ROUND_SHARE;
    for (uint32_t i = 0; unit_at(lowering->asked->kind, i) != 0; i++) {
        int64_t unit = unit_at(lowering->asked->kind, i), rest = axis % unit;
        if (unit > size)
            continue;
        if (rest == 0)
            return axis;
        int64_t rounded = axis > lowering->typical ? axis + (unit - rest) : axis - rest;
        if (axis_of(lowering->asked, value_at(lowering->asked, rounded)) == rounded &&
            fails_at(lowering, rounded))
            return rounded;
    }
    return axis;
}

/* Of several alternatives the first that fails: they have no order, but fewer to choose from is
 * plainer. */
static int64_t first_alternative(const struct lowering *lowering, int64_t most)
{
    for (int64_t axis = 1; axis < most; axis++)
        if (fails_at(lowering, axis))
            return axis;
    return most;
}

bool shrink_lower(struct shrink_state *state, uint32_t index)
{
    struct deviation *item = &state->items[index];
    const struct oracle_asked *found =
        likelihood_find(state->asked.items, state->asked.count, item->name);
    if (found == NULL || found->kind == ORACLE_HAPPENS)
        return false;
    struct oracle_asked asked = *found; /* Others may look meanwhile. */
    struct lowering lowering = {state, &asked, index,
                                axis_of(&asked, oracle_asked_typical(&asked))};
    int64_t first = axis_of(&asked, item->value), axis = first;
    if (asked.kind == ORACLE_PICK) {
        axis = first_alternative(&lowering, first);
    } else {
        int64_t next = first;
        for (uint32_t i = 0; i < REPEATS_MAX; i++) {
            axis = bisect(&lowering, lowering.typical, next);
            if (!find_between(&lowering, axis, &next))
                break;
        }
        axis = round_value(&lowering, axis);
    }
    if (axis == first)
        return false;
    item->value = value_at(&asked, axis);
    return true;
}

bool shrink_values(struct shrink_state *state)
{
    state->phase = SHRINK_VALUES;
    bool is_changed = false;
    if (!shrink_look(state, state->items, state->count, &state->asked))
        return false;
    for (uint32_t i = 0; i < state->count; i++)
        if (!shrink_is_shape(state, &state->items[i]))
            is_changed = shrink_lower(state, i) || is_changed;
    return is_changed;
}
