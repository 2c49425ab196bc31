#include "sim/explore/doom.h"

#include <string.h>

#include "sim/kernel/history.h"

enum { RUN_MAX = 5000, DELAY_STEP_NS = 1000 };

/* What the functions here share. */
struct search {
    const struct doom_options *options;
    struct arena *arena;
    struct trace *trace; /* Of the run that is being tried. */
    /* Of the run itself: after event e, the hash of events and of what the records said. */
    uint64_t *known; /* [event_count + 1] */
    uint32_t event_count;
    uint32_t *asked_in; /* [count]: the event in which each deviation was asked; 0: nobody knows */
    int64_t *typical;   /* [count] */
    int64_t *steps;     /* [count]: what two values differ by at least; 0: it is yes or no */
    struct deviation *tried;
    uint64_t run_count;
    struct error *error;
    bool is_broken;
};

static uint64_t fold_event(uint64_t hash, const struct trace_event *event)
{
    return history_fold(hash, event->history);
}

/* The hash of everything up to event `last`: all events, and the records that are theirs. */
static uint64_t hash_until(const struct search *search, const struct trace *trace, uint32_t last)
{
    uint64_t hash = HISTORY_EMPTY;
    for (uint32_t i = 1; i <= last; i++)
        hash = fold_event(hash, trace_event_at(trace, i));
    for (size_t i = 0; i < trace_count(trace); i++) {
        const struct trace_record *record = trace_at(trace, i);
        if (record->event > last)
            break;
        hash = history_fold(hash, search->options->key(record));
    }
    return hash;
}

static bool run(struct search *search, const struct deviation *deviations, size_t count,
                struct probe_result *result)
{
    struct probe_extra extra = {.trace = search->trace,
                                .trace_unit = search->options->finding->unit,
                                .is_unwatched = search->known != NULL};
    trace_clear(search->trace);
    search->run_count++;
    if (probe_run_with(search->options->probe, deviations, count, &extra, result, search->error))
        return true;
    search->is_broken = true;
    return false;
}

static bool has_finding(const struct search *search, const struct probe_result *result)
{
    const struct model_finding *wanted = search->options->finding;
    for (uint32_t i = 0; i < result->finding_count && i < PROBE_FINDINGS_MAX; i++) {
        const struct model_finding *finding = &result->findings[i];
        if (finding->kind == wanted->kind && finding->step == wanted->step &&
            finding->unit == wanted->unit)
            return true;
    }
    return false;
}

/* Does the run with these deviations look the same up to event `last`? */
static bool is_same_until(struct search *search, size_t count, uint32_t last)
{
    struct probe_result result;
    return run(search, search->tried, count, &result) && trace_event_count(search->trace) >= last &&
           hash_until(search, search->trace, last) == search->known[last];
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

/* Bring the deviation at `place` of those tried as near to typical as the past allows; false: it
 * can be left out. `count` are tried in all. */
static bool lower(struct search *search, size_t place, size_t count, size_t index, uint32_t last)
{
    struct deviation whole = search->tried[place];
    size_t behind = count - place - 1;
    memmove(&search->tried[place], &search->tried[place + 1], behind * sizeof whole);
    bool can_go = is_same_until(search, count - 1, last);
    if (can_go)
        return false;
    memmove(&search->tried[place + 1], &search->tried[place], behind * sizeof whole);
    search->tried[place] = whole;
    int64_t step = search->steps[index];
    int64_t lost = search->typical[index], kept = whole.value;
    if (step == 0 || search->is_broken || distance(kept, lost) <= step)
        return true;
    /* What has long ended cannot be any shorter: one try settles it. */
    search->tried[place].value = kept > lost ? kept - step : kept + step;
    if (is_same_until(search, count, last))
        kept = search->tried[place].value;
    else
        lost = kept;
    while (!search->is_broken && distance(kept, lost) > step) {
        int64_t middle = lost + (kept - lost) / 2;
        search->tried[place].value = middle;
        if (is_same_until(search, count, last))
            kept = middle;
        else
            lost = middle;
    }
    search->tried[place].value = kept;
    return true;
}

/* Is the run lost once event `last` has happened? */
static bool is_lost_after(struct search *search, uint32_t last)
{
    const struct doom_options *options = search->options;
    size_t count = 0;
    for (size_t i = 0; i < options->count; i++)
        if (search->asked_in[i] <= last)
            search->tried[count++] = options->deviations[i];
    size_t place = 0;
    for (size_t i = 0; i < options->count && !search->is_broken; i++) {
        if (search->asked_in[i] > last)
            continue;
        if (lower(search, place, count, i, last))
            place++;
        else
            count--;
    }
    struct probe_result result;
    return !search->is_broken && run(search, search->tried, count, &result) &&
           has_finding(search, &result);
}

static bool is_same_name(struct draw_name a, struct draw_name b)
{
    return a.entity == b.entity && a.purpose == b.purpose && a.occurrence == b.occurrence;
}

/* The whole run: what happened when, and when each deviation was asked. */
static bool run_once(struct search *search, struct probe_result *result)
{
    const struct doom_options *options = search->options;
    if (!run(search, options->deviations, options->count, result))
        return false;
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(options->probe, &asked_count);
    for (size_t i = 0; i < options->count; i++) {
        bool is_noted = false;
        for (uint32_t k = 0; k < asked_count && !is_noted; k++) {
            if (!is_same_name(asked[k].name, options->deviations[i].name))
                continue;
            is_noted = true;
            search->asked_in[i] = (uint32_t)asked[k].event_count;
            search->typical[i] = oracle_asked_typical(&asked[k]);
            search->steps[i] = asked[k].kind == ORACLE_DELAY   ? DELAY_STEP_NS
                               : asked[k].kind == ORACLE_COUNT ? 1
                                                               : 0;
        }
    }
    search->event_count = trace_event_count(search->trace);
    uint64_t *known =
        arena_take_array(search->arena, search->event_count + (size_t)1, sizeof *known);
    for (uint32_t i = 0; i <= search->event_count; i++)
        known[i] = hash_until(search, search->trace, i);
    search->known = known;
    return true;
}

/* From the detection backwards, one event at a time while the budget lasts, then by bisection. */
static uint32_t find_event(struct search *search, uint32_t detected)
{
    uint64_t run_max = search->options->run_max == 0 ? RUN_MAX : search->options->run_max;
    uint32_t lost = detected;
    while (lost > 0 && search->run_count < run_max) {
        if (!is_lost_after(search, lost - 1))
            return lost;
        lost--;
    }
    uint32_t open = 0;
    if (lost == 0 || is_lost_after(search, 0))
        return 0;
    while (lost - open > 1 && !search->is_broken) {
        uint32_t middle = open + (lost - open) / 2;
        if (is_lost_after(search, middle))
            lost = middle;
        else
            open = middle;
    }
    return lost;
}

static int64_t time_of_ns(const int64_t *times_ns, uint32_t event)
{
    return event == 0 ? 0 : times_ns[event - 1];
}

bool doom_find(const struct doom_options *options, struct doom *doom, struct error *error)
{
    struct arena *arena = arena_create("doom", 0);
    struct trace_options trace_options = {.level = TRACE_DEBUG,
                                          .types = options->types,
                                          .type_count = options->type_count,
                                          .has_events = true};
    size_t room = options->count + 1;
    struct search search = {
        .options = options,
        .arena = arena,
        .trace = trace_create(arena, &trace_options),
        .asked_in = arena_take_array(arena, room, sizeof(uint32_t)),
        .typical = arena_take_array(arena, room, sizeof(int64_t)),
        .steps = arena_take_array(arena, room, sizeof(int64_t)),
        .tried = arena_take_array(arena, room, sizeof(struct deviation)),
        .error = error,
    };
    struct probe_result result;
    bool is_good = run_once(&search, &result);
    if (is_good && !has_finding(&search, &result))
        is_good = error_set(error, ERROR_SCENARIO, "the schedule does not fail as it is said to");
    if (is_good) {
        uint32_t detected = (uint32_t)options->finding->event_count;
        if (detected > search.event_count)
            detected = search.event_count;
        int64_t *times_ns =
            arena_take_array(arena, search.event_count + (size_t)1, sizeof *times_ns);
        for (uint32_t i = 1; i <= search.event_count; i++)
            times_ns[i - 1] = trace_event_at(search.trace, i)->time_ns;
        struct doom found = {.detected_event = detected, .detected_at_ns = options->finding->at_ns};
        found.event = find_event(&search, detected);
        found.at_ns = time_of_ns(times_ns, found.event);
        found.blind_ns = found.detected_at_ns - found.at_ns;
        found.run_count = search.run_count;
        is_good = !search.is_broken;
        if (is_good)
            *doom = found;
    }
    arena_destroy(arena);
    return is_good;
}
