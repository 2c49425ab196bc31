#include "sim/explore/shrink.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/explore/shrink_state.h"

const char *const shrink_phase_names[SHRINK_PHASE_COUNT] = {
    [SHRINK_UNITS] = "units",   [SHRINK_ZERO] = "zero",     [SHRINK_PARTS] = "parts",
    [SHRINK_VALUES] = "values", [SHRINK_POLISH] = "polish", [SHRINK_VERIFY] = "verify",
};

enum { RUNS_DEFAULT = 200000, POLISH_RUNS_DEFAULT = 60000, ROUNDS_MAX = 16 };

static bool may_run(struct shrink_state *state)
{
    const volatile sig_atomic_t *interrupted = state->probe_options.interrupted;
    if (state->runs_left == 0 ||
        (interrupted != NULL && __atomic_load_n(interrupted, __ATOMIC_RELAXED) != 0))
        state->is_over = true;
    return !state->is_over;
}

bool shrink_run(struct shrink_state *state, const struct deviation *trial, uint32_t count,
                bool is_watched)
{
    if (!may_run(state))
        return false;
    state->runs_left--;
    state->run_counts[state->phase]++;
    struct probe_extra extra = {.is_unwatched = !is_watched};
    if (probe_run_with(state->probe, trial, count, &extra, &state->result, &state->error))
        return true;
    state->is_over = true;
    state->has_error = state->error.code != ERROR_INTERRUPTED;
    return false;
}

bool shrink_has_signature(const struct shrink_state *state)
{
    return state->wants_first ? probe_signature(&state->result) == state->signature
                              : probe_result_has(&state->result, state->signature);
}

bool shrink_fails(struct shrink_state *state, const struct deviation *trial, uint32_t count)
{
    return shrink_run(state, trial, count, false) && shrink_has_signature(state);
}

void shrink_accept(struct shrink_state *state, const struct deviation *trial, uint32_t count)
{
    if (count > state->room) {
        state->room = 2 * count;
        struct deviation *items = arena_take_array(state->arena, state->room, sizeof *items);
        struct deviation *wider =
            arena_take_array(state->arena, state->room + (size_t)1, sizeof *wider);
        memcpy(items, trial, count * sizeof *items);
        state->items = items;
        state->trial = wider;
    } else if (count > 0) {
        memmove(state->items, trial, count * sizeof *trial);
    }
    state->count = count;
}

bool shrink_look(struct shrink_state *state, const struct deviation *items, uint32_t count,
                 struct shrink_asked *asked)
{
    if (!shrink_run(state, items, count, true))
        return false;
    uint32_t asked_count;
    const struct oracle_asked *from = probe_asked(state->probe, &asked_count);
    if (asked_count > asked->room) {
        asked->room = 2 * asked_count;
        asked->items = arena_take_array(state->arena, asked->room, sizeof *asked->items);
    }
    if (asked_count > 0)
        memcpy(asked->items, from, asked_count * sizeof *from);
    asked->count = asked_count;
    return true;
}

uint32_t shrink_without(const struct shrink_state *state, uint32_t left_out, struct deviation *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->count; i++)
        if (i != left_out)
            out[count++] = state->items[i];
    return count;
}

bool shrink_is_shape(const struct shrink_state *state, const struct deviation *deviation)
{
    return model_is_shape(state->model, deviation->name.purpose);
}

uint32_t shrink_plain_count(const struct shrink_state *state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->count; i++)
        count += !shrink_is_shape(state, &state->items[i]);
    return count;
}

void shrink_resize(struct shrink_state *state, uint32_t unit_count)
{
    if (unit_count == state->unit_count)
        return;
    state->probe_options.parameters =
        state->model->explore->resize(state->options->probe->parameters, unit_count, state->arena);
    state->unit_count = unit_count;
    probe_destroy(state->probe);
    state->probe = probe_create(&state->probe_options);
}

/* `kept` without, or with nothing but, chunk `which` of `chunk_count`. */
static uint32_t take_chunk(const uint32_t *kept, uint32_t count, uint32_t which,
                           uint32_t chunk_count, bool is_complement, uint32_t *out)
{
    uint32_t from = (uint32_t)((uint64_t)count * which / chunk_count);
    uint32_t to = (uint32_t)((uint64_t)count * (which + 1) / chunk_count);
    uint32_t out_count = 0;
    for (uint32_t i = 0; i < count; i++)
        if ((i >= from && i < to) != is_complement)
            out[out_count++] = kept[i];
    return out_count;
}

/* Try all chunks, then all complements of them. Returns the chunk count to go on with, 0 if nothing
 * failed; what failed is then in `kept`. */
static uint32_t try_chunks(const struct shrink_ddmin *ddmin, uint32_t *kept, uint32_t *count,
                           uint32_t chunk_count, uint32_t *trial)
{
    for (uint32_t pass = 0; pass < 2; pass++) {
        bool is_complement = pass == 1;
        if (is_complement && chunk_count == 2)
            return 0; /* The complements of halves are halves. */
        for (uint32_t i = 0; i < chunk_count; i++) {
            uint32_t trial_count = take_chunk(kept, *count, i, chunk_count, is_complement, trial);
            if (!ddmin->fails(ddmin->context, trial, trial_count))
                continue;
            memcpy(kept, trial, trial_count * sizeof *trial);
            *count = trial_count;
            return is_complement ? (chunk_count > 2 ? chunk_count - 1 : 2) : 2;
        }
    }
    return 0;
}

uint32_t shrink_ddmin(const struct shrink_ddmin *ddmin, uint32_t *kept, uint32_t count)
{
    if (count == 0 || ddmin->fails(ddmin->context, kept, 0))
        return 0;
    uint32_t *trial = arena_take_array(ddmin->arena, count, sizeof *trial);
    uint32_t chunk_count = 2;
    while (count >= 2) {
        uint32_t next = try_chunks(ddmin, kept, &count, chunk_count, trial);
        if (next == 0 && chunk_count >= count)
            break;
        chunk_count = next != 0 ? next : 2 * chunk_count;
        chunk_count = chunk_count < count ? chunk_count : count;
    }
    return count;
}

/* Of the items, the ones of the shape and those of `kept` (indices into the others). */
struct zero_trial {
    struct shrink_state *state;
    const uint32_t *plain; /* Indices of the items that are not of the shape. */
};

static uint32_t make_zero_trial(const struct zero_trial *zero, const uint32_t *kept, uint32_t count)
{
    struct shrink_state *state = zero->state;
    uint32_t trial_count = 0;
    for (uint32_t i = 0; i < state->count; i++)
        if (shrink_is_shape(state, &state->items[i]))
            state->trial[trial_count++] = state->items[i];
    for (uint32_t i = 0; i < count; i++)
        state->trial[trial_count++] = state->items[zero->plain[kept[i]]];
    return trial_count;
}

static bool zero_fails(void *context, const uint32_t *kept, uint32_t count)
{
    const struct zero_trial *zero = context;
    uint32_t trial_count = make_zero_trial(zero, kept, count);
    return shrink_fails(zero->state, zero->state->trial, trial_count);
}

static int compare_asked(const void *a, const void *b)
{
    const struct draw_name *x = &((const struct oracle_asked *)a)->name;
    const struct draw_name *y = &((const struct oracle_asked *)b)->name;
    return deviation_compare(&(struct deviation){.name = *x}, &(struct deviation){.name = *y});
}

/* Drop what the run never asks and what is typical anyway: the run stays as it is. */
static void drop_ineffective(struct shrink_state *state)
{
    if (!shrink_look(state, state->items, state->count, &state->asked))
        return;
    qsort(state->asked.items, state->asked.count, sizeof *state->asked.items, compare_asked);
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->count; i++) {
        struct oracle_asked key = {.name = state->items[i].name};
        const struct oracle_asked *asked =
            bsearch(&key, state->asked.items, state->asked.count, sizeof key, compare_asked);
        if (asked != NULL && state->items[i].value != oracle_asked_typical(asked))
            state->items[count++] = state->items[i];
    }
    state->count = count;
}

bool shrink_zero(struct shrink_state *state)
{
    state->phase = SHRINK_ZERO;
    uint32_t before = state->count;
    drop_ineffective(state);
    uint32_t *plain = arena_take_array(state->arena, state->count, sizeof *plain);
    uint32_t *kept = arena_take_array(state->arena, state->count, sizeof *kept);
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->count; i++)
        if (!shrink_is_shape(state, &state->items[i])) {
            kept[count] = count;
            plain[count++] = i;
        }
    struct zero_trial zero = {state, plain};
    struct shrink_ddmin ddmin = {&zero, zero_fails, state->arena};
    count = shrink_ddmin(&ddmin, kept, count);
    uint32_t trial_count = make_zero_trial(&zero, kept, count);
    shrink_accept(state, state->trial, trial_count);
    return state->count != before;
}

/* The value of a deviation one step nearer to typical, by the draws of the best schedule. */
static bool lowered(const struct shrink_state *state, uint32_t index, int64_t *value)
{
    const struct deviation *item = &state->items[index];
    const struct oracle_asked *asked =
        likelihood_find(state->asked.items, state->asked.count, item->name);
    if (asked == NULL)
        return false;
    *value = shrink_one_step_lower(asked, item->value);
    return *value != item->value && *value != oracle_asked_typical(asked);
}

bool shrink_verify(struct shrink_state *state)
{
    state->phase = SHRINK_VERIFY;
    if (!shrink_look(state, state->items, state->count, &state->asked))
        return false;
    for (uint32_t i = 0; i < state->count; i++) {
        if (shrink_is_shape(state, &state->items[i]))
            continue;
        uint32_t count = shrink_without(state, i, state->trial);
        if (shrink_fails(state, state->trial, count)) {
            shrink_accept(state, state->trial, count);
            return true;
        }
        int64_t value, before = state->items[i].value;
        if (!lowered(state, i, &value))
            continue;
        state->items[i].value = value;
        if (shrink_fails(state, state->items, state->count))
            return true;
        state->items[i].value = before;
    }
    return false;
}

/* Keep a passing schedule as the neighbour if it is likelier than the one that is kept. */
static void consider_neighbour(struct shrink_state *state, struct shrink_result *result,
                               uint32_t count, double *log_probability, uint32_t index,
                               enum shrink_change change)
{
    if (!shrink_run(state, state->trial, count, true) || state->result.finding_count > 0)
        return;
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(state->probe, &asked_count);
    struct likelihood likelihood =
        likelihood_of(state->model, state->trial, count, asked, asked_count);
    if (result->has_neighbour && likelihood.log_probability <= *log_probability)
        return;
    *log_probability = likelihood.log_probability;
    result->has_neighbour = true;
    result->neighbour_of = index;
    result->neighbour_change = change;
    result->neighbour_count = count;
    memcpy(result->neighbour, state->trial, count * sizeof *state->trial);
}

/* The likeliest schedule with one deviation set back that has no finding at all; only if there is
 * none, one with a deviation lowered by a step. */
static void find_neighbour(struct shrink_state *state, struct shrink_result *result)
{
    double log_probability = 0;
    result->neighbour = arena_take_array(state->arena, state->count, sizeof *result->neighbour);
    for (uint32_t i = 0; i < state->count; i++)
        if (!shrink_is_shape(state, &state->items[i]))
            consider_neighbour(state, result, shrink_without(state, i, state->trial),
                               &log_probability, i, SHRINK_SET_BACK);
    if (result->has_neighbour)
        return;
    for (uint32_t i = 0; i < state->count; i++) {
        int64_t value;
        if (shrink_is_shape(state, &state->items[i]) || !lowered(state, i, &value))
            continue;
        memcpy(state->trial, state->items, state->count * sizeof *state->items);
        state->trial[i].value = value;
        consider_neighbour(state, result, state->count, &log_probability, i, SHRINK_LOWERED);
    }
}

/* Put the shape first, the others in the order in which they are asked. */
static void order_items(struct shrink_state *state)
{
    uint32_t count = 0;
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t j = 0; j < state->asked.count; j++)
            for (uint32_t i = 0; i < state->count; i++) {
                const struct draw_name *asked = &state->asked.items[j].name;
                if (shrink_is_shape(state, &state->items[i]) == (pass == 0) &&
                    memcmp(asked, &state->items[i].name, sizeof *asked) == 0)
                    state->trial[count++] = state->items[i];
            }
    /* All were asked, or they would have been dropped; a search that was stopped may not be there
     * yet. */
    if (count == state->count)
        shrink_accept(state, state->trial, count);
}

static void copy_finding(const struct shrink_state *state, struct shrink_result *result)
{
    uint32_t kept = state->result.finding_count < PROBE_FINDINGS_MAX ? state->result.finding_count
                                                                     : PROBE_FINDINGS_MAX;
    for (uint32_t i = 0; i < kept; i++)
        if (finding_signature(&state->result.findings[i]) == state->signature) {
            result->finding = state->result.findings[i];
            return;
        }
}

/* Fill the result from the best schedule. */
static bool conclude(struct shrink_state *state, struct shrink_result *result, bool is_minimal)
{
    state->phase = SHRINK_VERIFY;
    result->is_complete = !state->is_over;
    result->is_minimal = is_minimal && !state->is_over;
    result->is_polished = state->is_polished && !state->is_over;
    /* What is still to be run is what the result says, so the budget is no matter. The probe keeps
     * its flag: a world so large that a run takes long is not waited for. */
    state->is_over = false;
    state->runs_left = UINT32_MAX;
    state->probe_options.interrupted = NULL;
    bool is_good = shrink_look(state, state->items, state->count, &state->asked);
    if (is_good) {
        order_items(state);
        copy_finding(state, result);
        result->likelihood = likelihood_of(state->model, state->items, state->count,
                                           state->asked.items, state->asked.count);
        if (result->is_complete)
            find_neighbour(state, result);
    }
    result->deviations = state->items;
    result->count = state->count;
    result->shape_count = state->count - shrink_plain_count(state);
    result->unit_count = state->unit_count;
    result->parameters = state->probe_options.parameters;
    result->signature = state->signature;
    memcpy(result->run_counts, state->run_counts, sizeof result->run_counts);
    return is_good && !state->has_error;
}

/* From a schedule that fails to the result. `unit`: whose finding it is. */
static bool shrink(struct shrink_state *state, uint32_t unit, struct shrink_result *result,
                   struct error *error)
{
    bool is_changed = true;
    if (!state->options->keep_topology)
        shrink_to_unit(state, unit);
    if (state->is_over && !state->has_error)
        error_set(&state->error, ERROR_INTERRUPTED,
                  "stopped before a failing %s could be taken out of %u; allow more runs",
                  state->model->unit_name, state->unit_count);
    state->has_error = state->is_over;
    for (uint32_t round = 0; round < ROUNDS_MAX && is_changed && !state->is_over; round++) {
        is_changed = shrink_zero(state);
        if (!state->options->keep_topology)
            is_changed = shrink_parts(state) || is_changed;
        is_changed = shrink_values(state) || is_changed;
        is_changed = shrink_polish(state) || is_changed;
        is_changed = shrink_verify(state) || is_changed;
    }
    bool is_good = !state->has_error && conclude(state, result, !is_changed);
    probe_destroy(state->probe);
    if (!is_good)
        return error_set(error, state->error.code, "%s", state->error.message);
    return true;
}

static void begin(struct shrink_state *state, const struct shrink_options *options,
                  struct arena *arena)
{
    const struct model *model = options->probe->model;
    CHECK(model->explore != NULL);
    *state = (struct shrink_state){
        .options = options,
        .model = model,
        .arena = arena,
        .probe_options = *options->probe,
        .unit_count = model->units_max(options->probe->parameters),
        .runs_left = options->run_max > 0 ? options->run_max : RUNS_DEFAULT,
        .polish_runs_left =
            options->polish_run_max > 0 ? options->polish_run_max : POLISH_RUNS_DEFAULT,
    };
    state->probe_options.interrupted = options->interrupted;
    state->probe = probe_create(&state->probe_options);
    state->room = 64;
    state->items = arena_take_array(arena, state->room, sizeof *state->items);
    state->trial = arena_take_array(arena, state->room + (size_t)1, sizeof *state->trial);
}

static uint32_t unit_of_signature(const struct probe_result *result, uint64_t signature)
{
    for (uint32_t i = 0; i < result->finding_count && i < PROBE_FINDINGS_MAX; i++)
        if (finding_signature(&result->findings[i]) == signature)
            return result->findings[i].unit;
    return SHRINK_ANY_UNIT;
}

bool shrink_schedule(const struct shrink_options *options, const struct deviation *deviations,
                     size_t count, uint64_t signature, struct arena *arena,
                     struct shrink_result *result, struct error *error)
{
    CHECK(count < UINT32_MAX / 2);
    struct shrink_state state;
    begin(&state, options, arena);
    shrink_accept(&state, deviations, (uint32_t)count);
    state.signature = signature;
    struct shrink_result own = {.first_count = (uint32_t)count,
                                .first_unit_count = state.unit_count};
    if (!shrink_fails(&state, state.items, state.count)) {
        probe_destroy(state.probe);
        if (state.has_error)
            return error_set(error, state.error.code, "%s", state.error.message);
        char text[SIGNATURE_TEXT_SIZE_BYTES];
        return error_set(error, ERROR_SCENARIO,
                         "the schedule of %zu deviations does not fail with \"%s\", so it cannot "
                         "be shrunk",
                         count,
                         signature_print(text, sizeof text, state.model->explore, signature));
    }
    state.wants_first = probe_signature(&state.result) == signature;
    if (!shrink(&state, unit_of_signature(&state.result, signature), &own, error))
        return false;
    *result = own;
    return true;
}

/* Run the replication as it was drawn; its draws become the items. Sets the unit. */
static bool draw_replication(struct shrink_state *state, const struct shrink_replication *from,
                             uint32_t *unit, struct error *error)
{
    state->phase = SHRINK_UNITS;
    state->probe_options.seed = from->seed;
    state->probe_options.replication = from->replication;
    state->probe_options.unit = from->unit == SHRINK_ANY_UNIT ? MODEL_ALL_UNITS : from->unit;
    probe_destroy(state->probe);
    state->probe = probe_create(&state->probe_options);
    state->run_counts[SHRINK_UNITS]++;
    if (!probe_run_with(state->probe, NULL, 0, &(struct probe_extra){.is_drawn = true},
                        &state->result, error))
        return false;
    const char *unit_name = state->model->unit_name;
    if (state->result.finding_count == 0 && from->unit == SHRINK_ANY_UNIT)
        return error_set(error, ERROR_USAGE, "nothing fails in replication %u", from->replication);
    if (state->result.finding_count == 0)
        return error_set(error, ERROR_USAGE, "%s %u does not fail in replication %u", unit_name,
                         from->unit, from->replication);
    state->signature =
        from->signature == LIKELIHOOD_ANY ? probe_signature(&state->result) : from->signature;
    *unit = unit_of_signature(&state->result, state->signature);
    if (*unit == SHRINK_ANY_UNIT) {
        char text[SIGNATURE_TEXT_SIZE_BYTES];
        return error_set(
            error, ERROR_USAGE,
            "among the first %d failures of replication %u none is \"%s\"; name the "
            "%s",
            PROBE_FINDINGS_MAX, from->replication,
            signature_print(text, sizeof text, state->model->explore, state->signature), unit_name);
    }
    uint32_t count;
    const struct oracle_asked *asked = probe_asked(state->probe, &count);
    struct deviation *items = arena_take_array(state->arena, count, sizeof *items);
    for (uint32_t i = 0; i < count; i++)
        items[i] = (struct deviation){asked[i].name, asked[i].value};
    shrink_accept(state, items, count);
    return true;
}

bool shrink_replication(const struct shrink_options *options,
                        const struct shrink_replication *replication, struct arena *arena,
                        struct shrink_result *result, struct error *error)
{
    struct shrink_state state;
    begin(&state, options, arena);
    struct shrink_result own = {.first_unit_count = state.unit_count};
    uint32_t unit;
    if (!draw_replication(&state, replication, &unit, error)) {
        probe_destroy(state.probe);
        return false;
    }
    own.first_count = state.count;
    /* Others of the replication may fail earlier; once they are gone, the first finding counts. */
    if (!shrink(&state, unit, &own, error))
        return false;
    *result = own;
    return true;
}
