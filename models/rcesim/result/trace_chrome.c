#include "models/rcesim/result/trace_chrome.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "models/rce/rce.h"
#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "sim/base/check.h"

/* Tracks are grouped as processes: three for each variant. */
enum part { PART_ENGINE, PART_SERVICE, PART_PLATFORM };
enum { PART_COUNT = PART_PLATFORM + 1, FLOW_POINTS_MAX = 8 };

struct track {
    uint32_t process; /* From 1 on. */
    uint32_t entity;
    size_t open; /* The slice that goes on, + 1; 0: none. */
};

/* Something on a track: a slice, or an instant. */
struct item {
    size_t track, order;
    bool is_slice;
    int64_t from_ns, to_ns;
    const char *name;
    const struct trace_type *type;
    const struct trace_record *record;
    size_t flow;      /* The arrow that passes here, + 1; 0: none. */
    const char *step; /* "s", "t" or "f": it begins, goes on, or ends here. */
};

/* An arrow from point to point. */
struct flow {
    uint32_t entity;
    uint64_t operation, task;
    bool is_answered;
    size_t points[FLOW_POINTS_MAX]; /* Items, [point_count] */
    size_t point_count;
};

struct drawing {
    const struct trace_document *document;
    struct arena *arena;
    struct track *tracks;
    size_t track_count, track_room;
    struct item *items;
    size_t item_count, item_room;
    struct flow *flows;
    size_t flow_count, flow_room, flow_first; /* From flow_first on: of the story being drawn. */
    uint32_t story;
};

static void *grow(struct arena *arena, void *items, size_t *room, size_t size_bytes)
{
    size_t wider = *room == 0 ? 64 : *room * 2;
    void *grown = arena_take_array(arena, wider, size_bytes);
    if (*room > 0)
        memcpy(grown, items, *room * size_bytes);
    *room = wider;
    return grown;
}

static size_t find_track(struct drawing *drawing, enum part part, uint32_t entity)
{
    uint32_t process = drawing->story * PART_COUNT + (uint32_t)part + 1;
    for (size_t i = 0; i < drawing->track_count; i++)
        if (drawing->tracks[i].process == process && drawing->tracks[i].entity == entity)
            return i;
    if (drawing->track_count == drawing->track_room)
        drawing->tracks =
            grow(drawing->arena, drawing->tracks, &drawing->track_room, sizeof *drawing->tracks);
    drawing->tracks[drawing->track_count] = (struct track){process, entity, 0};
    return drawing->track_count++;
}

static size_t add_item(struct drawing *drawing, const struct item *item)
{
    if (drawing->item_count == drawing->item_room)
        drawing->items =
            grow(drawing->arena, drawing->items, &drawing->item_room, sizeof *drawing->items);
    struct item *added = &drawing->items[drawing->item_count];
    *added = *item;
    added->order = drawing->item_count;
    return drawing->item_count++;
}

/* What one record is drawn from. */
struct moment {
    const struct trace_type *type;
    const struct trace_record *record;
};

static const char *value_name(const struct moment *moment, int index)
{
    const char *const *names = moment->type->names[index];
    uint64_t value = moment->record->values[index];
    for (uint64_t i = 0; names != NULL && names[i] != NULL; i++)
        if (i == value)
            return names[i];
    return "unknown";
}

static size_t add_mark(struct drawing *drawing, const struct moment *moment, enum part part,
                       bool is_slice, const char *name)
{
    return add_item(drawing, &(struct item){
                                 .track = find_track(drawing, part, moment->record->subject),
                                 .is_slice = is_slice,
                                 .from_ns = moment->record->time_ns,
                                 .to_ns = moment->record->time_ns,
                                 .name = name,
                                 .type = moment->type,
                                 .record = moment->record,
                             });
}

/* End what goes on there. */
static void close_slice(struct drawing *drawing, size_t track, int64_t time_ns)
{
    size_t open = drawing->tracks[track].open;
    if (open > 0)
        drawing->items[open - 1].to_ns = time_ns;
    drawing->tracks[track].open = 0;
}

/* Begin something that lasts; a track has one such thing at a time. */
static void open_slice(struct drawing *drawing, const struct moment *moment, enum part part,
                       const char *name)
{
    size_t track = find_track(drawing, part, moment->record->subject);
    close_slice(drawing, track, moment->record->time_ns);
    drawing->tracks[track].open = add_mark(drawing, moment, part, true, name) + 1;
}

/* Points stand in the order of their times: a callback that comes twice leaves twice at once. */
static void add_point(const struct drawing *drawing, struct flow *flow, size_t item)
{
    if (flow->point_count == FLOW_POINTS_MAX)
        return;
    size_t at = flow->point_count++;
    for (; at > 0; at--) {
        size_t before = flow->points[at - 1];
        if (drawing->items[before].from_ns <= drawing->items[item].from_ns)
            break;
        flow->points[at] = before;
    }
    flow->points[at] = item;
}

static void draw_request(struct drawing *drawing, const struct moment *moment)
{
    if (drawing->flow_count == drawing->flow_room)
        drawing->flows =
            grow(drawing->arena, drawing->flows, &drawing->flow_room, sizeof *drawing->flows);
    struct flow *flow = &drawing->flows[drawing->flow_count++];
    *flow =
        (struct flow){.entity = moment->record->subject, .operation = moment->record->values[0]};
    add_point(drawing, flow,
              add_mark(drawing, moment, PART_ENGINE, true,
                       arena_print(drawing->arena, "asks: %s", value_name(moment, 0))));
}

/* The oldest request of that kind without an answer is the one that is answered. */
static void draw_answer(struct drawing *drawing, const struct moment *moment)
{
    size_t item = add_mark(
        drawing, moment, PART_SERVICE, true,
        arena_print(drawing->arena, "%s: %s", value_name(moment, 0), value_name(moment, 1)));
    for (size_t i = drawing->flow_first; i < drawing->flow_count; i++) {
        struct flow *flow = &drawing->flows[i];
        if (flow->is_answered || flow->entity != moment->record->subject ||
            flow->operation != moment->record->values[0])
            continue;
        flow->is_answered = true;
        flow->task = moment->record->values[2];
        add_point(drawing, flow, item);
        return;
    }
}

/* A callback leaves the service, and arrives at its time unless it is lost. */
static void draw_callback(struct drawing *drawing, const struct moment *moment)
{
    const struct trace_record *record = moment->record;
    const char *operation = value_name(moment, 0);
    size_t sent = add_mark(
        drawing, moment, PART_SERVICE, true,
        arena_print(drawing->arena, "callback of %s: %s", operation, value_name(moment, 1)));
    size_t arrived = sent;
    if (record->values[3] != 0) {
        arrived = add_mark(drawing, moment, PART_ENGINE, true,
                           arena_print(drawing->arena, "callback of %s arrives", operation));
        drawing->items[arrived].from_ns = drawing->items[arrived].to_ns =
            (int64_t)record->values[3];
    }
    for (size_t i = drawing->flow_first; i < drawing->flow_count; i++) {
        struct flow *flow = &drawing->flows[i];
        if (flow->task == 0 || flow->entity != record->subject ||
            flow->operation != record->values[0] || flow->task != record->values[2])
            continue;
        add_point(drawing, flow, sent);
        if (arrived != sent)
            add_point(drawing, flow, arrived);
        return;
    }
}

/* A task that runs is a slice, unless another one runs there already. */
static void draw_task(struct drawing *drawing, const struct moment *moment)
{
    enum { RUNNING = 2, SUCCEEDED = 3 }; /* As the model names states of tasks. */
    size_t track = find_track(drawing, PART_SERVICE, moment->record->subject);
    size_t open = drawing->tracks[track].open;
    const char *name = arena_print(drawing->arena, "task %" PRIu64 ", %s",
                                   moment->record->values[2], value_name(moment, 0));
    if (moment->record->values[1] == RUNNING && open == 0) {
        open_slice(drawing, moment, PART_SERVICE, name);
        return;
    }
    bool is_same =
        open > 0 && drawing->items[open - 1].record->values[2] == moment->record->values[2];
    if (moment->record->values[1] >= SUCCEEDED && is_same)
        close_slice(drawing, track, moment->record->time_ns);
    add_mark(drawing, moment, PART_SERVICE, false,
             arena_print(drawing->arena, "%s: %s", name, value_name(moment, 1)));
}

static void draw_note(struct drawing *drawing, const struct moment *moment)
{
    const struct trace_record *record = moment->record;
    const char *operation = value_name(moment, 1);
    if (record->values[0] == RCE_NOTE_STEP_STARTED) {
        open_slice(drawing, moment, PART_ENGINE, operation);
        return;
    }
    if (record->values[0] == RCE_NOTE_STEP_ENDED) {
        close_slice(drawing, find_track(drawing, PART_ENGINE, record->subject), record->time_ns);
        return;
    }
    add_mark(drawing, moment, PART_ENGINE, false,
             arena_print(drawing->arena, "%s: %s", value_name(moment, 0), operation));
}

/* With its first change it is known in which state a host was from the beginning. */
static void draw_host(struct drawing *drawing, const struct moment *moment, int64_t begin_ns)
{
    size_t track = find_track(drawing, PART_PLATFORM, moment->record->subject);
    bool is_first = drawing->tracks[track].open == 0;
    const char *was = value_name(moment, 0), *is = value_name(moment, 1);
    if (is_first && strcmp(was, "absent") != 0) {
        open_slice(drawing, moment, PART_PLATFORM, was);
        drawing->items[drawing->item_count - 1].from_ns = begin_ns;
    }
    if (strcmp(is, "absent") == 0)
        close_slice(drawing, track, moment->record->time_ns);
    else
        open_slice(drawing, moment, PART_PLATFORM, is);
}

static void draw_record(struct drawing *drawing, const struct moment *moment, int64_t begin_ns)
{
    const char *name = moment->type->name;
    if (strcmp(name, "engine asks") == 0)
        draw_request(drawing, moment);
    else if (strcmp(name, "service answers") == 0)
        draw_answer(drawing, moment);
    else if (strcmp(name, "callback") == 0)
        draw_callback(drawing, moment);
    else if (strcmp(name, "task") == 0)
        draw_task(drawing, moment);
    else if (strcmp(name, "engine notes") == 0)
        draw_note(drawing, moment);
    else if (strcmp(name, "host") == 0)
        draw_host(drawing, moment, begin_ns);
    else if (strcmp(name, "cluster") == 0)
        open_slice(drawing, moment, PART_PLATFORM, value_name(moment, 0));
    else if (strcmp(name, "event") != 0) /* The kernel's own say nothing to a viewer. */
        add_mark(drawing, moment, PART_ENGINE, false,
                 moment->type->shown_as[0] == TRACE_VALUE_NAME
                     ? arena_print(drawing->arena, "%s: %s", name, value_name(moment, 0))
                     : name);
}

/* When a workflow has ended its engine is at nothing any more. */
static void end_steps(struct drawing *drawing, int64_t time_ns)
{
    uint32_t process = drawing->story * PART_COUNT + PART_ENGINE + 1;
    for (size_t i = 0; i < drawing->track_count; i++)
        if (drawing->tracks[i].process == process)
            close_slice(drawing, i, time_ns);
}

static void draw_story(struct drawing *drawing, const struct trace *trace)
{
    size_t count = trace_count(trace);
    drawing->flow_first = drawing->flow_count;
    for (size_t i = 0; i < count; i++) {
        struct moment moment = {.record = trace_at(trace, i)};
        moment.type = trace_type_of(trace, moment.record->type);
        CHECK(moment.type != NULL);
        draw_record(drawing, &moment, trace_at(trace, 0)->time_ns);
        if (strcmp(moment.type->name, "workflow ended") == 0)
            end_steps(drawing, moment.record->time_ns);
    }
    for (size_t i = 0; i < drawing->track_count && count > 0; i++)
        close_slice(drawing, i, trace_at(trace, count - 1)->time_ns);
}

/* What begins first; of those what lasts, the longest first, because it holds the others; then as
 * it happened, so that an arrow within one instant begins before it ends. */
static int compare_items(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->from_ns != y->from_ns)
        return x->from_ns < y->from_ns ? -1 : 1;
    if (x->to_ns != y->to_ns)
        return x->to_ns > y->to_ns ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Microseconds, exact to the ns. */
static json_t *time_json(int64_t time_ns)
{
    return time_ns % 1000 == 0 ? json_integer(time_ns / 1000) : json_real((double)time_ns / 1000);
}

static void write_event(json_t *event, bool *is_first, FILE *file)
{
    CHECK(event != NULL);
    fputs(*is_first ? "\n" : ",\n", file);
    *is_first = false;
    json_dumpf(event, file, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(event);
}

/* No two tracks have the same, not even in different processes: some viewers go by it alone. It is
 * no number of a process either, because the thread of that number is taken for the main one. */
static uint32_t thread_of(const struct track *track)
{
    bool is_sddc = entity_cluster(track->entity) == ENTITY_NO_CLUSTER;
    return 10000 * track->process + (is_sddc ? 0 : (track->entity & 2047) + 1);
}

static const char *track_name(struct arena *arena, uint32_t entity)
{
    uint32_t cluster = entity_cluster(entity), host = entity_host(entity);
    if (cluster == ENTITY_NO_CLUSTER)
        return "SDDC";
    if (host == ENTITY_NO_HOST)
        return arena_print(arena, "cluster %" PRIu32, cluster);
    if (host == ENTITY_TEMPORARY_HOST)
        return arena_print(arena, "cluster %" PRIu32 " temporary host", cluster);
    return arena_print(arena, "cluster %" PRIu32 " host %" PRIu32, cluster, host);
}

/* A cluster stands above its hosts, and the temporary host below the others. */
static uint32_t rank_of(const struct track *track)
{
    uint32_t cluster = entity_cluster(track->entity), host = entity_host(track->entity);
    if (cluster == ENTITY_NO_CLUSTER)
        return 0;
    return 1 + cluster * 64 + (host == ENTITY_NO_HOST ? 0 : host + 1);
}

static json_t *meta(const char *what, uint32_t process, uint32_t thread, json_t *arguments)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:o}", "ph", "M", "name", what, "pid", (int)process,
                     "tid", (int)thread, "args", arguments);
}

static void write_names(const struct drawing *drawing, bool *is_first, FILE *file)
{
    static const char *const parts[PART_COUNT] = {"engine", "service", "platform"};
    for (uint32_t i = 0; i < drawing->document->count * PART_COUNT; i++) {
        const char *name = arena_print(drawing->arena, "%s (%s)", parts[i % PART_COUNT],
                                       drawing->document->variants[i / PART_COUNT]);
        write_event(meta("process_name", i + 1, 0, json_pack("{s:s}", "name", name)), is_first,
                    file);
        write_event(meta("process_sort_index", i + 1, 0, json_pack("{s:i}", "sort_index", (int)i)),
                    is_first, file);
    }
    for (size_t i = 0; i < drawing->track_count; i++) {
        const struct track *track = &drawing->tracks[i];
        write_event(meta("thread_name", track->process, thread_of(track),
                         json_pack("{s:s}", "name", track_name(drawing->arena, track->entity))),
                    is_first, file);
        write_event(meta("thread_sort_index", track->process, thread_of(track),
                         json_pack("{s:i}", "sort_index", (int)rank_of(track))),
                    is_first, file);
    }
}

/* An arrow binds to the slice that a viewer has seen last on the track, so it stands right behind
 * that. */
static void write_flow(const struct drawing *drawing, const struct item *item, bool *is_first,
                       FILE *file)
{
    const struct track *track = &drawing->tracks[item->track];
    json_t *event =
        json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:o}", "ph", item->step, "name", "request", "cat",
                  "request", "id", (int)item->flow, "pid", (int)track->process, "tid",
                  (int)thread_of(track), "ts", time_json(item->from_ns));
    CHECK(event != NULL);
    if (*item->step == 'f')
        json_object_set_new(event, "bp", json_string("e"));
    write_event(event, is_first, file);
}

static void write_item(const struct drawing *drawing, const struct item *item, bool *is_first,
                       FILE *file)
{
    const struct track *track = &drawing->tracks[item->track];
    json_t *event = json_pack("{s:s, s:s, s:s, s:i, s:i, s:o}", "ph", item->is_slice ? "X" : "i",
                              "name", item->name, "cat", trace_kind(drawing->arena, item->type),
                              "pid", (int)track->process, "tid", (int)thread_of(track), "ts",
                              time_json(item->from_ns));
    CHECK(event != NULL);
    if (item->is_slice)
        json_object_set_new(event, "dur", time_json(item->to_ns - item->from_ns));
    else
        json_object_set_new(event, "s", json_string("t"));
    json_object_set_new(event, "args", trace_fields(item->type, item->record, drawing->arena));
    write_event(event, is_first, file);
    if (item->flow > 0)
        write_flow(drawing, item, is_first, file);
}

/* Tell the slices which arrows pass them; an arrow needs two ends. */
static void mark_flows(const struct drawing *drawing)
{
    for (size_t i = 0; i < drawing->flow_count; i++) {
        const struct flow *flow = &drawing->flows[i];
        for (size_t k = 0; k < flow->point_count && flow->point_count > 1; k++) {
            struct item *item = &drawing->items[flow->points[k]];
            item->flow = i + 1;
            item->step = k == 0 ? "s" : k + 1 < flow->point_count ? "t" : "f";
        }
    }
}

void trace_chrome_write(const struct trace_document *document, FILE *file)
{
    struct drawing drawing = {.document = document, .arena = document->arena};
    for (size_t i = 0; i < document->count; i++) {
        drawing.story = (uint32_t)i;
        draw_story(&drawing, document->traces[i]);
    }
    json_t *identity = trace_identity(document);
    fputs("{\"displayTimeUnit\":\"ms\",\"otherData\":", file);
    json_dumpf(identity, file, JSON_COMPACT);
    json_decref(identity);
    fputs(",\"traceEvents\":[", file);
    bool is_first = true;
    mark_flows(&drawing);
    write_names(&drawing, &is_first, file);
    struct item *sorted = arena_take_array(drawing.arena, drawing.item_count + 1, sizeof *sorted);
    if (drawing.item_count > 0)
        memcpy(sorted, drawing.items, drawing.item_count * sizeof *sorted);
    qsort(sorted, drawing.item_count, sizeof *sorted, compare_items);
    for (size_t i = 0; i < drawing.item_count; i++)
        write_item(&drawing, &sorted[i], &is_first, file);
    fputs("\n]}\n", file);
}
