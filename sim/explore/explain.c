#include "sim/explore/explain.h"

#include <stdlib.h>
#include <string.h>

/* What the functions here share about one run. */
struct slicing {
    const struct explain_domain *domain;
    const struct model_finding *finding;
    const struct trace *trace;
    uint32_t record_count, event_count;
    bool *is_event; /* [event_count + 1]: in the slice */
    bool *is_taken; /* [event_count + 1]: and its causes are, or will be */
    uint32_t *todo; /* Events whose causes are still to be looked for. */
    uint32_t todo_count;
    uint32_t *first; /* [event_count + 2]: the first record of each event */
};

static struct trace *trace_of(const struct explain_options *options)
{
    struct trace_options trace_options = {.level = TRACE_DEBUG,
                                          .types = options->domain->types,
                                          .type_count = options->domain->type_count,
                                          .has_events = true};
    return trace_create(options->arena, &trace_options);
}

static bool find_finding(const struct explain_options *options, const struct probe_result *result,
                         struct model_finding *finding)
{
    for (uint32_t i = 0; i < result->finding_count && i < PROBE_FINDINGS_MAX; i++)
        if (options->signature == 0 ||
            finding_signature(&result->findings[i]) == options->signature) {
            *finding = result->findings[i];
            return true;
        }
    return false;
}

static void note_deviations(const struct explain_options *options, struct explanation *explanation)
{
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(options->probe, &asked_count);
    explanation->deviation_count = options->count;
    explanation->deviations =
        arena_take_array(options->arena, options->count + 1, sizeof *explanation->deviations);
    for (size_t i = 0; i < options->count; i++) {
        struct explain_deviation *noted = &explanation->deviations[i];
        struct draw_name name = options->deviations[i].name;
        *noted = (struct explain_deviation){.deviation = options->deviations[i], .probability = 1};
        for (uint32_t k = 0; k < asked_count && !noted->is_asked; k++) {
            if (asked[k].name.entity != name.entity || asked[k].name.purpose != name.purpose ||
                asked[k].name.occurrence != name.occurrence)
                continue;
            noted->is_asked = true;
            noted->asked = asked[k];
            noted->typical = oracle_asked_typical(&asked[k]);
            noted->probability = oracle_asked_tail(&asked[k], asked[k].value);
        }
    }
}

/* Run the failing schedule. The unit whose story is told is known only after a first run. */
static bool run_failing(const struct explain_options *options, struct explanation *explanation,
                        struct error *error)
{
    struct probe_result result;
    if (!probe_run(options->probe, options->deviations, options->count, &result, error))
        return false;
    if (!find_finding(options, &result, &explanation->finding))
        return error_set(error, ERROR_SCENARIO, "the schedule does not fail as it is said to");
    note_deviations(options, explanation);
    struct trace *trace = trace_of(options);
    struct probe_extra extra = {
        .trace = trace, .trace_unit = explanation->finding.unit, .is_unwatched = true};
    explanation->failing.trace = trace;
    return probe_run_with(options->probe, options->deviations, options->count, &extra, &result,
                          error);
}

static bool run_passing(const struct explain_options *options, struct explanation *explanation,
                        struct error *error)
{
    struct probe_result result;
    struct trace *trace = trace_of(options);
    struct probe_extra extra = {
        .trace = trace, .trace_unit = explanation->finding.unit, .is_unwatched = true};
    explanation->passing.trace = trace;
    return probe_run_with(options->probe, options->neighbour, options->neighbour_count, &extra,
                          &result, error);
}

/* Put an event into the slice. */
static void keep_event(struct slicing *slicing, uint32_t event)
{
    if (event > 0 && event <= slicing->event_count)
        slicing->is_event[event] = true;
}

/* Put an event that matters into the slice and, in time, what it came from. */
static void take_event(struct slicing *slicing, uint32_t event)
{
    if (event == 0 || event > slicing->event_count || slicing->is_taken[event])
        return;
    slicing->is_taken[event] = true;
    slicing->todo[slicing->todo_count++] = event;
    keep_event(slicing, event);
}

/* The nearest record after `index` (step 1), or before it (-1), that sets a state. */
static uint32_t find_state(const struct slicing *slicing, uint32_t index, uint64_t name, int step)
{
    for (uint32_t i = index + (uint32_t)step; i < slicing->record_count; i += (uint32_t)step)
        if (slicing->domain->state(trace_at(slicing->trace, i)) == name)
            return i;
    return ALIGN_NONE;
}

/* Take what a record read: of every state the last record before it, if it depends on that. */
static void take_read(struct slicing *slicing, uint32_t index)
{
    const struct explain_domain *domain = slicing->domain;
    const struct trace_record *record = trace_at(slicing->trace, index);
    for (uint32_t i = index; i-- > 0;) {
        const struct trace_record *state = trace_at(slicing->trace, i);
        uint64_t name = domain->state(state);
        if (name == 0)
            continue;
        enum explain_reading reading = domain->reads(record, state);
        if (reading == EXPLAIN_INDEPENDENT || find_state(slicing, index, name, -1) != i)
            continue; /* Or a later one has taken its place. */
        keep_event(slicing, state->event);
        uint32_t next =
            reading == EXPLAIN_MISSED ? find_state(slicing, index, name, 1) : ALIGN_NONE;
        if (next == ALIGN_NONE)
            continue;
        uint32_t event = trace_at(slicing->trace, next)->event;
        if (event <= slicing->finding->event_count)
            keep_event(slicing, event);
    }
}

/* One step back from everything that matters. Going on to the beginning would take in the whole of
 * what went well before, since each step follows from the last; where it went otherwise than in the
 * run that passes, it matters by itself. */
static void follow_causes(struct slicing *slicing)
{
    while (slicing->todo_count > 0) {
        uint32_t event = slicing->todo[--slicing->todo_count];
        keep_event(slicing, trace_event_at(slicing->trace, event)->parent);
        for (uint32_t i = slicing->first[event]; i < slicing->first[event + 1]; i++)
            take_read(slicing, i);
    }
}

static struct slicing slicing_of(const struct explain_options *options,
                                 const struct model_finding *finding, const struct trace *trace)
{
    struct slicing slicing = {
        .domain = options->domain,
        .finding = finding,
        .trace = trace,
        .record_count = (uint32_t)trace_count(trace),
        .event_count = trace_event_count(trace),
    };
    size_t room = slicing.event_count + (size_t)2;
    slicing.is_event = arena_take_array(options->arena, room, sizeof(bool));
    slicing.is_taken = arena_take_array(options->arena, room, sizeof(bool));
    slicing.todo = arena_take_array(options->arena, room, sizeof(uint32_t));
    slicing.first = arena_take_array(options->arena, room, sizeof(uint32_t));
    uint32_t record = 0;
    for (uint32_t event = 0; event < room; event++) {
        while (record < slicing.record_count && trace_at(trace, record)->event < event)
            record++;
        slicing.first[event] = record;
    }
    return slicing;
}

/* Where the step that failed began for the last time: what concerns it before is another attempt's
 * business. */
static uint32_t find_begin(const struct slicing *slicing)
{
    uint32_t begin = 0;
    for (uint32_t i = 0; i < slicing->record_count; i++) {
        const struct trace_record *record = trace_at(slicing->trace, i);
        if (record->event <= slicing->finding->event_count &&
            slicing->domain->begins(record, slicing->finding))
            begin = i;
    }
    return begin;
}

/* Nothing differs before the first deviating draw was asked for. Without one, the story begins
 * where the step does. */
static uint32_t find_first_event(const struct explanation *explanation,
                                 const struct slicing *slicing)
{
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < explanation->deviation_count; i++) {
        const struct explain_deviation *deviation = &explanation->deviations[i];
        if (deviation->is_asked && deviation->asked.event_count < first)
            first = deviation->asked.event_count;
    }
    uint32_t begin = find_begin(slicing);
    uint32_t step = begin < slicing->record_count ? trace_at(slicing->trace, begin)->event : 0;
    return first < step ? (uint32_t)first : step;
}

static void show(const struct explain_options *options, struct explain_side *side, uint32_t index)
{
    bool is_for_others = options->domain->key(trace_at(side->trace, index)) == 0;
    if (is_for_others || side->is_shown[index])
        return;
    side->is_shown[index] = true;
    side->shown_count++;
}

static void prepare_side(const struct explain_options *options, struct explain_side *side)
{
    side->record_count = (uint32_t)trace_count(side->trace);
    side->is_shown = arena_take_array(options->arena, side->record_count + (size_t)1, sizeof(bool));
}

static struct align_run items_of(const struct explain_options *options,
                                 const struct explain_side *side)
{
    struct align_item *items =
        arena_take_array(options->arena, side->record_count + (size_t)1, sizeof *items);
    for (uint32_t i = 0; i < side->record_count; i++) {
        const struct trace_record *record = trace_at(side->trace, i);
        items[i] = (struct align_item){.key = options->domain->key(record),
                                       .lane = options->domain->lane(record)};
    }
    return (struct align_run){.items = items, .count = side->record_count};
}

/* The causal slice of the failing run. */
static void slice(const struct explain_options *options, struct explanation *explanation,
                  const uint32_t *partners)
{
    struct slicing slicing = slicing_of(options, &explanation->finding, explanation->failing.trace);
    uint32_t detected = (uint32_t)explanation->finding.event_count;
    uint32_t begin = find_begin(&slicing), first = find_first_event(explanation, &slicing);
    take_event(&slicing, detected);
    take_event(&slicing, explanation->doom.event);
    for (size_t i = 0; i < explanation->deviation_count; i++)
        if (explanation->deviations[i].is_asked)
            take_event(&slicing, (uint32_t)explanation->deviations[i].asked.event_count);
    for (uint32_t i = 0; i < slicing.record_count; i++) {
        const struct trace_record *record = trace_at(slicing.trace, i);
        bool is_over = record->event > detected;
        bool is_difference = partners != NULL && partners[i] == ALIGN_NONE;
        if (!is_over && (is_difference || i >= begin) && options->domain->key(record) != 0 &&
            (is_difference || options->domain->concerns(record, &explanation->finding)))
            take_event(&slicing, record->event);
    }
    follow_causes(&slicing);
    for (uint32_t event = first; event <= detected && event <= slicing.event_count; event++)
        for (uint32_t i = slicing.first[event];
             slicing.is_event[event] && i < slicing.first[event + 1]; i++)
            show(options, &explanation->failing, i);
    /* What the end of the simulation found wrong comes after the last event. */
    for (uint32_t i = 0; i < slicing.record_count; i++)
        if (trace_at(slicing.trace, i)->event >= detected &&
            options->domain->concerns(trace_at(slicing.trace, i), &explanation->finding) &&
            trace_at(slicing.trace, i)->time_ns <= explanation->finding.at_ns)
            show(options, &explanation->failing, i);
    explanation->from_ns = first == 0 || first > slicing.event_count
                               ? 0
                               : trace_event_at(slicing.trace, first)->time_ns;
}

/* Of the passing run, the partners of what is shown, and what it did instead: its own records of
 * the had not done by the time of the detection, until the step has come to its end. */
static void show_passing(const struct explain_options *options, struct explanation *explanation,
                         const struct alignment *alignment)
{
    struct explain_side *passing = &explanation->passing;
    uint32_t last = passing->record_count;
    for (uint32_t i = 0; i < passing->record_count && last == passing->record_count; i++) {
        const struct trace_record *record = trace_at(passing->trace, i);
        if (record->time_ns >= explanation->from_ns &&
            options->domain->completes(record, &explanation->finding))
            last = i;
    }
    for (uint32_t i = 0; i < passing->record_count; i++) {
        uint32_t partner = alignment->left_of[i];
        if (partner != ALIGN_NONE && explanation->failing.is_shown[partner])
            show(options, passing, i);
        bool is_missing =
            partner == ALIGN_NONE ||
            trace_at(explanation->failing.trace, partner)->event > explanation->finding.event_count;
        bool is_own = is_missing && i <= last &&
                      trace_at(passing->trace, i)->time_ns >= explanation->from_ns &&
                      trace_at(passing->trace, i)->time_ns <= explanation->finding.at_ns;
        if (is_own)
            show(options, passing, i);
    }
}

static int64_t time_of_row_ns(const struct explanation *explanation, const struct explain_row *row)
{
    return row->left != ALIGN_NONE ? trace_at(explanation->failing.trace, row->left)->time_ns
                                   : trace_at(explanation->passing.trace, row->right)->time_ns;
}

/* Insert a row behind all that are not later. */
static void add_row(struct explanation *explanation, struct explain_row row)
{
    uint32_t at = explanation->row_count++;
    int64_t time_ns = time_of_row_ns(explanation, &row);
    for (; at > 0 && time_of_row_ns(explanation, &explanation->rows[at - 1]) > time_ns; at--)
        explanation->rows[at] = explanation->rows[at - 1];
    explanation->rows[at] = row;
}

static void make_rows(const struct explain_options *options, struct explanation *explanation,
                      const struct alignment *alignment)
{
    const struct explain_side *failing = &explanation->failing, *passing = &explanation->passing;
    explanation->rows =
        arena_take_array(options->arena, failing->shown_count + (size_t)passing->shown_count + 1,
                         sizeof *explanation->rows);
    for (uint32_t i = 0; i < failing->record_count; i++)
        if (failing->is_shown[i])
            add_row(explanation, (struct explain_row){
                                     i, alignment == NULL ? ALIGN_NONE : alignment->right_of[i]});
    for (uint32_t i = 0; alignment != NULL && i < passing->record_count; i++)
        if (passing->is_shown[i] &&
            (alignment->left_of[i] == ALIGN_NONE || !failing->is_shown[alignment->left_of[i]]))
            add_row(explanation, (struct explain_row){ALIGN_NONE, i});
    explanation->divergence = explanation->row_count;
    explanation->divergence_at_ns = -1;
    for (uint32_t i = 0; alignment != NULL && i < explanation->row_count; i++) {
        const struct explain_row *row = &explanation->rows[i];
        if (row->left != ALIGN_NONE && row->right != ALIGN_NONE)
            continue;
        explanation->divergence = i;
        explanation->divergence_at_ns = time_of_row_ns(explanation, row);
        return;
    }
}

static void count_hidden(const struct explain_options *options, struct explain_side *side)
{
    for (uint32_t i = 0; i < side->record_count; i++)
        side->hidden_count +=
            !side->is_shown[i] && options->domain->key(trace_at(side->trace, i)) != 0;
}

bool explain(const struct explain_options *options, struct explanation *explanation,
             struct error *error)
{
    *explanation = (struct explanation){0};
    if (!run_failing(options, explanation, error) ||
        (options->has_neighbour && !run_passing(options, explanation, error)))
        return false;
    struct doom_options doom_options = {
        .probe = options->probe,
        .deviations = options->deviations,
        .count = options->count,
        .finding = &explanation->finding,
        .types = options->domain->types,
        .type_count = options->domain->type_count,
        .key = options->domain->key,
    };
    if (!doom_find(&doom_options, &explanation->doom, error))
        return false;
    struct alignment found, *alignment = NULL;
    prepare_side(options, &explanation->failing);
    if (options->has_neighbour) {
        prepare_side(options, &explanation->passing);
        found = align_runs(options->arena, items_of(options, &explanation->failing),
                           items_of(options, &explanation->passing));
        alignment = &found;
    }
    slice(options, explanation, alignment == NULL ? NULL : alignment->right_of);
    if (alignment != NULL)
        show_passing(options, explanation, alignment);
    count_hidden(options, &explanation->failing);
    if (alignment != NULL)
        count_hidden(options, &explanation->passing);
    make_rows(options, explanation, alignment);
    return true;
}
