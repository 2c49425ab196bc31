#include "models/rcesim/result/gantt.h"

#include <inttypes.h>
#include <string.h>

#include "models/rce/rce.h"
#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

static bool is_of(const struct trace *trace, const struct trace_record *record, const char *type)
{
    const struct trace_type *known = trace_type_of(trace, record->type);
    return known != NULL && strcmp(known->name, type) == 0;
}

static const char *word_of(const struct trace *trace, const struct trace_record *record, int index)
{
    const char *const *names = trace_type_of(trace, record->type)->names[index];
    for (uint64_t i = 0; names != NULL && names[i] != NULL; i++)
        if (i == record->values[index])
            return names[i];
    return "unknown";
}

static const struct trace_record *find_end(const struct trace *trace)
{
    for (size_t i = 0; i < trace_count(trace); i++) {
        const struct trace_record *record = trace_at(trace, i);
        if (is_of(trace, record, "workflow ended") && record->values[0] != 0)
            return record;
    }
    return NULL;
}

/* What happened to the request that the workflow died of, if the trace says so: the last thing that
 * went wrong about the target at which it failed. */
static bool is_fatal(const struct trace *trace, const struct trace_record *record,
                     const char **label)
{
    if (is_of(trace, record, "task") && strncmp(word_of(trace, record, 1), "dropped", 7) == 0) {
        *label = "request dropped: cluster not ready";
        return true;
    }
    if (is_of(trace, record, "callback") && strcmp(word_of(trace, record, 1), "lost") == 0) {
        *label = "callback lost";
        return true;
    }
    if (is_of(trace, record, "answer lost")) {
        *label = "answer lost in a crash";
        return true;
    }
    if (is_of(trace, record, "service answers") && record->values[1] != RCE_ACCEPTED &&
        record->values[1] != RCE_STATE) {
        *label = word_of(trace, record, 1);
        return true;
    }
    return false;
}

/* When the step began in which it failed; the end itself, if the trace does not say. */
static int64_t step_at_ns(const struct trace *trace, const struct trace_record *end)
{
    int64_t at_ns = end->time_ns;
    for (size_t i = 0; i < trace_count(trace); i++) {
        const struct trace_record *record = trace_at(trace, i);
        bool is_it = record->time_ns <= end->time_ns && record->subject == end->subject &&
                     is_of(trace, record, "engine notes") &&
                     record->values[0] == RCE_NOTE_STEP_STARTED;
        if (is_it)
            at_ns = record->time_ns;
    }
    return at_ns;
}

static const char *asked_label(uint64_t operation)
{
    return operation == RCE_ENTER_MAINTENANCE ? "maintenance asked for" : "last request";
}

/* The moment that decided: the last task or callback that was lost, since asking again would have
 * helped up to then; else the first answer of the step that was not as hoped, since from then on it
 * was the same again and again; else the last request. */
static void find_moments(const struct trace *trace, const struct trace_record *end,
                         struct gantt_frame *frame)
{
    struct gantt_moment fatal = {0}, asked = {0};
    int64_t from_ns = step_at_ns(trace, end);
    for (size_t i = 0; i < trace_count(trace); i++) {
        const struct trace_record *record = trace_at(trace, i);
        const char *label;
        if (record->time_ns > end->time_ns || record->subject != end->subject)
            continue;
        bool is_answer = is_of(trace, record, "service answers");
        bool is_known = is_answer && (fatal.label != NULL || record->time_ns < from_ns);
        if (is_fatal(trace, record, &label) && !is_known)
            fatal = (struct gantt_moment){label, record->time_ns};
        else if (is_of(trace, record, "engine asks"))
            asked = (struct gantt_moment){asked_label(record->values[0]), record->time_ns};
    }
    if (fatal.label != NULL || asked.label != NULL)
        frame->moments[frame->moment_count++] = fatal.label != NULL ? fatal : asked;
    frame->moments[frame->moment_count++] = (struct gantt_moment){"workflow failed", end->time_ns};
}

static bool is_in(const struct gantt_frame *frame, uint32_t entity)
{
    return entity_cluster(entity) == frame->cluster;
}

void gantt_count_hosts(const struct trace *trace, struct gantt_frame *frame)
{
    for (size_t i = 0; i < trace_count(trace); i++) {
        const struct trace_record *record = trace_at(trace, i);
        uint32_t host = entity_host(record->subject);
        bool is_further = is_in(frame, record->subject) && host < ENTITY_TEMPORARY_HOST &&
                          host >= frame->host_count;
        if (is_further)
            frame->host_count = host + 1;
    }
}

/* Where the cluster's part of the upgrade begins, and how many hosts it has that do anything. */
static void find_extent(const struct trace *trace, struct gantt_frame *frame)
{
    bool is_begun = false;
    for (size_t i = 0; i < trace_count(trace); i++) {
        const struct trace_record *record = trace_at(trace, i);
        if (!is_in(frame, record->subject))
            continue;
        if (!is_begun)
            frame->origin_ns = record->time_ns;
        is_begun = true;
        if (is_of(trace, record, "engine asks") && record->values[0] == RCE_ADD_HOST &&
            strcmp(frame->origin, "the temporary host was asked for") != 0) {
            frame->origin_ns = record->time_ns;
            frame->origin = "the temporary host was asked for";
        }
    }
}

bool gantt_find_frame(const struct trace *trace, struct gantt_frame *frame)
{
    const struct trace_record *end = find_end(trace);
    if (end == NULL)
        return false;
    struct gantt_frame found = {.cluster = entity_cluster(end->subject)};
    found.origin = found.cluster == ENTITY_NO_CLUSTER ? "the workflow started"
                                                      : "the upgrade of the cluster began";
    find_extent(trace, &found);
    if (found.cluster != ENTITY_NO_CLUSTER)
        gantt_count_hosts(trace, &found);
    find_moments(trace, end, &found);
    int64_t waited_ns = end->time_ns - found.moments[0].at_ns;
    if (waited_ns < UNITS_MIN)
        waited_ns = UNITS_MIN;
    /* What was long before does not explain it, and would make everything else too small. */
    found.from_ns = found.origin_ns;
    if (found.moments[0].at_ns - found.from_ns > 3 * waited_ns)
        found.from_ns = found.moments[0].at_ns - 2 * waited_ns;
    found.to_ns = end->time_ns + (end->time_ns - found.from_ns) / 20;
    int64_t step_ns = step_at_ns(trace, end);
    if (found.from_ns > step_ns)
        found.from_ns = step_ns;
    *frame = found;
    return true;
}

/* What the functions here share while bars are cut. */
struct cutting {
    struct arena *arena;
    const struct trace *trace;
    const struct gantt_frame *frame;
    struct gantt_bar *bars;
    size_t count, room;
};

static void add_bar(struct cutting *cutting, const struct gantt_bar *bar)
{
    struct gantt_bar cut = *bar;
    if (cut.from_ns < cutting->frame->from_ns)
        cut.from_ns = cutting->frame->from_ns;
    if (cut.to_ns > cutting->frame->to_ns)
        cut.to_ns = cutting->frame->to_ns;
    if (cut.from_ns >= cut.to_ns)
        return;
    if (cutting->count == cutting->room) {
        size_t room = cutting->room == 0 ? 64 : 2 * cutting->room;
        struct gantt_bar *bars = arena_take_array(cutting->arena, room, sizeof *bars);
        if (cutting->count > 0)
            memcpy(bars, cutting->bars, cutting->count * sizeof *bars);
        cutting->bars = bars;
        cutting->room = room;
    }
    cutting->bars[cutting->count++] = cut;
}

/* The last time that the trace tells of, or the end of the frame. */
static int64_t last_at_ns(const struct cutting *cutting)
{
    const struct trace *trace = cutting->trace;
    for (size_t i = 0; i < trace_count(trace); i++)
        if (is_of(trace, trace_at(trace, i), "workflow ended"))
            return trace_at(trace, i)->time_ns;
    return cutting->frame->to_ns;
}

/* The states of one entity, one bar from each change to the next. `type` has the new state at
 * `index`, and what it was before at index 0 if the two are not the same. */
static void cut_states(struct cutting *cutting, const char *lane, const char *type,
                       uint32_t entity_of_lane, int index)
{
    const struct trace *trace = cutting->trace;
    struct gantt_bar bar = {.lane = lane};
    for (size_t i = 0; i < trace_count(trace); i++) {
        const struct trace_record *record = trace_at(trace, i);
        bool is_it = is_of(trace, record, type) &&
                     entity_cluster(record->subject) == entity_cluster(entity_of_lane) &&
                     entity_host(record->subject) == entity_host(entity_of_lane);
        if (!is_it)
            continue;
        if (bar.state == NULL && index > 0) {
            bar.state = word_of(trace, record, 0);
            bar.from_ns = cutting->frame->from_ns;
        }
        if (bar.state != NULL && strcmp(bar.state, "absent") != 0) {
            bar.to_ns = record->time_ns;
            add_bar(cutting, &bar);
        }
        bar.state = word_of(trace, record, index);
        bar.from_ns = record->time_ns;
    }
    if (bar.state != NULL && strcmp(bar.state, "absent") == 0)
        return;
    /* A host of the cluster that nothing is told of stayed what it was at the start. */
    bool is_untold =
        bar.state == NULL && index > 0 && entity_host(entity_of_lane) != ENTITY_TEMPORARY_HOST;
    if (is_untold)
        bar = (struct gantt_bar){lane, "ready", cutting->frame->from_ns, 0};
    bar.to_ns = cutting->frame->to_ns;
    if (bar.state != NULL)
        add_bar(cutting, &bar);
}

/* The cluster is not ready from the request of the temporary host on. That bar comes last, so that
 * "ready" is met before "not ready": charts give colours in the order of first use, and the third
 * is green. */
static void cut_cluster(struct cutting *cutting)
{
    const struct trace *trace = cutting->trace;
    size_t before = cutting->count;
    cut_states(cutting, "cluster", "cluster", entity_of_cluster(0, cutting->frame->cluster), 0);
    int64_t first_ns =
        cutting->count > before ? cutting->bars[before].from_ns : cutting->frame->to_ns;
    bool is_asked = false;
    struct gantt_bar bar = {.lane = "cluster", .state = "not ready", .to_ns = first_ns};
    for (size_t i = 0; i < trace_count(trace) && !is_asked; i++) {
        const struct trace_record *record = trace_at(trace, i);
        is_asked = is_in(cutting->frame, record->subject) && is_of(trace, record, "engine asks") &&
                   record->values[0] == RCE_ADD_HOST;
        bar.from_ns = record->time_ns;
    }
    if (is_asked && bar.from_ns < bar.to_ns)
        add_bar(cutting, &bar);
}

/* What the engine waits for: steps of one target after another, those at the same time as one. */
static void cut_engine(struct cutting *cutting)
{
    const struct trace *trace = cutting->trace;
    const char *names = NULL;
    int open_count = 0;
    struct gantt_bar bar = {.lane = "engine"};
    for (size_t i = 0; i < trace_count(trace); i++) {
        const struct trace_record *record = trace_at(trace, i);
        bool is_end = is_of(trace, record, "workflow ended");
        if (is_end && open_count > 0) { /* It may be driven again; what was open is not any more. */
            bar.state = names;
            bar.to_ns = record->time_ns;
            add_bar(cutting, &bar);
            open_count = 0;
        }
        if (is_end || !is_in(cutting->frame, record->subject) ||
            !is_of(trace, record, "engine notes"))
            continue;
        const char *operation = word_of(trace, record, 1);
        if (record->values[0] == RCE_NOTE_STEP_STARTED) {
            if (open_count++ == 0) {
                names = operation;
                bar.from_ns = record->time_ns;
            } else if (strstr(names, operation) == NULL) {
                names = arena_print(cutting->arena, "%s, %s", names, operation);
            }
        } else if (record->values[0] == RCE_NOTE_STEP_ENDED && open_count > 0 &&
                   --open_count == 0) {
            bar.state = names;
            bar.to_ns = record->time_ns;
            add_bar(cutting, &bar);
        }
    }
    if (open_count == 0)
        return;
    bar.state = names;
    bar.to_ns = last_at_ns(cutting);
    add_bar(cutting, &bar);
}

struct gantt_bars gantt_cut(struct arena *arena, const struct trace *trace,
                            const struct gantt_frame *frame)
{
    struct cutting cutting = {.arena = arena, .trace = trace, .frame = frame};
    cut_engine(&cutting);
    if (frame->cluster != ENTITY_NO_CLUSTER) {
        cut_cluster(&cutting);
        cut_states(&cutting, "temporary host", "host",
                   entity_of_host(0, frame->cluster, ENTITY_TEMPORARY_HOST), 1);
    }
    for (uint32_t i = 0;
         frame->cluster != ENTITY_NO_CLUSTER && i < frame->host_count && i < GANTT_HOSTS_MAX; i++)
        cut_states(&cutting, arena_print(arena, "host %" PRIu32, i), "host",
                   entity_of_host(0, frame->cluster, i), 1);
    return (struct gantt_bars){cutting.bars, cutting.count};
}
