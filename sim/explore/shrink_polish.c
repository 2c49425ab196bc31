/* shrink_polish.c - is there a smaller or a likelier schedule that the way down has missed?
 *
 * Delta debugging only ever takes away. So all schedules of fewer deviations are run, on a grid of
 * values per draw (grid.h), over the draws asked; and all that differ from the best one in one
 * draw. A smaller one is taken at once. One of the same size is brought down to its smallest
 * failing values first and taken if it is likelier: fewer deviations of order (which have no
 * probability), then the larger product of the tails.
 */
#include <string.h>

#include "sim/explore/grid.h"
#include "sim/explore/shrink_state.h"

enum { POLISH_SIZE_MAX = 4 };

struct polish {
    struct shrink_state *state;
    struct grid grid;
    uint32_t shape_count, size;      /* Of the best schedule; `size` without the shape. */
    struct deviation *prefix;        /* [shape_count + size]: what is being tried. */
    struct deviation *best, *before; /* [shape_count + size] */
    struct likelihood likelihood;    /* Of the best schedule. */
    struct shrink_asked asked[POLISH_SIZE_MAX]; /* By depth. */
    bool is_found, is_cut;
};

static bool has_name(const struct deviation *items, uint32_t count, struct draw_name name)
{
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&items[i].name, &name, sizeof name) == 0)
            return true;
    return false;
}

/* Try `count` deviations of the prefix; the budget counts. */
static bool polish_fails(struct polish *polish, uint32_t count)
{
    struct shrink_state *state = polish->state;
    if (state->polish_runs_left == 0 || state->is_over) {
        polish->is_cut = true;
        return false;
    }
    state->polish_runs_left--;
    return shrink_fails(state, polish->prefix, count);
}

static bool is_likelier(const struct likelihood *a, const struct likelihood *b)
{
    if (a->order_count != b->order_count)
        return a->order_count < b->order_count;
    return a->log_probability > b->log_probability + 1e-9;
}

/* The prefix is a failing schedule of the same size as the best: lower it, and remember it if it is
 * likelier than all before. The best one stays for now, so that all are compared with its
 * neighbourhood. */
static void compare_lowered(struct polish *polish)
{
    struct shrink_state *state = polish->state;
    uint32_t count = polish->shape_count + polish->size;
    memcpy(polish->before, state->items, count * sizeof *polish->before);
    shrink_accept(state, polish->prefix, count);
    if (shrink_look(state, state->items, count, &state->asked))
        for (uint32_t i = 0; i < count; i++)
            if (!shrink_is_shape(state, &state->items[i]))
                shrink_lower(state, i);
    if (shrink_look(state, state->items, count, &state->asked) && shrink_has_signature(state)) {
        struct likelihood likelihood = likelihood_of(state->model, state->items, count,
                                                     state->asked.items, state->asked.count);
        if (is_likelier(&likelihood, &polish->likelihood) && likelihood.unasked_count == 0) {
            polish->likelihood = likelihood;
            polish->is_found = true;
            memcpy(polish->best, state->items, count * sizeof *polish->best);
        }
    }
    shrink_accept(state, polish->before, count);
}

/* Neither topology nor excluded. */
static bool may_deviate(const struct shrink_state *state, const struct oracle_asked *draw)
{
    const struct shrink_options *options = state->options;
    for (uint32_t i = 0; i < options->excluded_count; i++)
        if (options->excluded[i] == draw->name.purpose)
            return false;
    return !model_is_shape(state->model, draw->name.purpose);
}

/* All values of one draw as the last deviation of a prefix of `depth` others. */
static void try_draw(struct polish *polish, const struct oracle_asked *draw, uint32_t depth,
                     uint32_t size);

/* All ways to go on from a prefix of `depth` deviations to one of `size`. */
static void enumerate(struct polish *polish, uint32_t depth, uint32_t size)
{
    struct shrink_state *state = polish->state;
    uint32_t count = polish->shape_count + depth;
    struct shrink_asked *asked = &polish->asked[depth];
    if (!shrink_look(state, polish->prefix, count, asked)) {
        polish->is_cut = true;
        return;
    }
    uint32_t from = 0;
    if (depth > 0)
        while (from < asked->count &&
               memcmp(&asked->items[from].name, &polish->prefix[count - 1].name,
                      sizeof(struct draw_name)) != 0)
            from++;
    for (uint32_t i = depth > 0 ? from + 1 : 0; i < asked->count && !polish->is_found; i++)
        if (may_deviate(state, &asked->items[i]) && !polish->is_cut)
            try_draw(polish, &asked->items[i], depth, size);
}

static void try_draw(struct polish *polish, const struct oracle_asked *draw, uint32_t depth,
                     uint32_t size)
{
    struct shrink_state *state = polish->state;
    struct oracle_asked own = *draw;
    int64_t values[GRID_VALUES_MAX];
    uint32_t value_count = grid_values(&polish->grid, &own, values);
    uint32_t count = polish->shape_count + depth;
    for (uint32_t i = 0; i < value_count && !polish->is_found; i++) {
        polish->prefix[count] = (struct deviation){own.name, values[i]};
        if (depth + 1 < size) {
            enumerate(polish, depth + 1, size);
            continue;
        }
        if (!polish_fails(polish, count + 1))
            continue;
        polish->is_found = true;
        shrink_accept(state, polish->prefix, count + 1);
    }
}

/* The best schedule with one draw in place of deviation `left_out`, to any value of the grid. */
static void try_instead(struct polish *polish, uint32_t left_out, const struct oracle_asked *draw)
{
    struct shrink_state *state = polish->state;
    int64_t values[GRID_VALUES_MAX];
    uint32_t value_count = grid_values(&polish->grid, draw, values);
    for (uint32_t k = 0; k < value_count && !polish->is_cut; k++) {
        uint32_t others = shrink_without(state, left_out, polish->prefix);
        polish->prefix[others] = (struct deviation){draw->name, values[k]};
        if (polish_fails(polish, others + 1))
            compare_lowered(polish);
    }
}

/* Every schedule that differs from the best one in one deviation, which is of another draw. */
static bool replace_each(struct polish *polish)
{
    struct shrink_state *state = polish->state;
    struct shrink_asked *asked = &polish->asked[0];
    uint32_t count = polish->shape_count + polish->size;
    for (uint32_t i = 0; i < count && !polish->is_cut; i++) {
        if (shrink_is_shape(state, &state->items[i]))
            continue;
        uint32_t others = shrink_without(state, i, polish->prefix);
        if (!shrink_look(state, polish->prefix, others, asked)) {
            polish->is_cut = true;
            break;
        }
        for (uint32_t j = 0; j < asked->count; j++)
            if (may_deviate(state, &asked->items[j]) &&
                !has_name(state->items, count, asked->items[j].name))
                try_instead(polish, i, &asked->items[j]);
    }
    if (polish->is_found)
        shrink_accept(state, polish->best, count);
    return polish->is_found;
}

bool shrink_polish(struct shrink_state *state)
{
    state->phase = SHRINK_POLISH;
    state->is_polished = false;
    struct polish polish = {.state = state, .grid = grid_default()};
    polish.size = shrink_plain_count(state);
    polish.shape_count = state->count - polish.size;
    polish.prefix = arena_take_array(state->arena, state->count + (size_t)1, sizeof *polish.prefix);
    polish.best = arena_take_array(state->arena, state->count, sizeof *polish.best);
    polish.before = arena_take_array(state->arena, state->count, sizeof *polish.before);
    uint32_t shape_count = 0;
    for (uint32_t i = 0; i < state->count; i++)
        if (shrink_is_shape(state, &state->items[i]))
            polish.prefix[shape_count++] = state->items[i];
    for (uint32_t size = 1; size < polish.size && size <= POLISH_SIZE_MAX && !polish.is_found;
         size++)
        enumerate(&polish, 0, size);
    if (polish.is_found)
        return true;
    if (!shrink_look(state, state->items, state->count, &state->asked))
        return false;
    polish.likelihood = likelihood_of(state->model, state->items, state->count, state->asked.items,
                                      state->asked.count);
    bool is_cut_below = polish.is_cut || polish.size > POLISH_SIZE_MAX + 1;
    polish.is_cut = false;
    bool is_changed = polish.size > 0 && replace_each(&polish);
    state->is_polished = !is_cut_below && !polish.is_cut;
    return is_changed;
}
