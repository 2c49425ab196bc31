#include "models/testbed/carriage.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/stats/quantile.h"

enum place { PLACE_SENT, PLACE_TAKEN, PLACE_HEARD, PLACE_ARRIVED, PLACE_ANSWERED, PLACE_DUE };

struct event {
    int64_t at_ns;
    uint32_t workflow;
    uint8_t place, operation, cluster, host;
    uint16_t task; /* of what is due, and is heard */
};

/* A request as the world had it. */
struct asked {
    int64_t at_ns;
    struct vmc_request request;
};

/* What one side saw; its memory is its own. */
struct eye {
    struct arena *arena;
    struct event *events; /* [count], room for [room] */
    size_t count, room;
};

struct carriage {
    struct eye engine, world;
    struct fidelity_side *steps; /* the world's */
    struct asked *asked;         /* [asked_count], in the order in which they came */
    size_t asked_count, asked_room;
    struct rest_watch watch;
};

static void keep(struct eye *eye, const struct event *event)
{
    if (eye->count == eye->room) {
        size_t room = eye->room == 0 ? 4096 : eye->room * 2;
        struct event *wider = arena_take_array(eye->arena, room, sizeof *wider);
        if (eye->count > 0)
            memcpy(wider, eye->events, eye->count * sizeof *wider);
        eye->events = wider;
        eye->room = room;
    }
    eye->events[eye->count++] = *event;
}

static void keep_asked(struct carriage *carriage, int64_t at_ns, const struct vmc_request *request)
{
    if (carriage->asked_count == carriage->asked_room) {
        size_t room = carriage->asked_room == 0 ? 4096 : carriage->asked_room * 2;
        struct asked *wider = arena_take_array(carriage->world.arena, room, sizeof *wider);
        if (carriage->asked_count > 0)
            memcpy(wider, carriage->asked, carriage->asked_count * sizeof *wider);
        carriage->asked = wider;
        carriage->asked_room = room;
    }
    carriage->asked[carriage->asked_count++] = (struct asked){at_ns, *request};
}

static void see_asked(void *context, int64_t at_ns, const struct vmc_request *request)
{
    struct carriage *carriage = context;
    const struct rce_input input = {.now_ns = at_ns, .kind = RCE_INPUT_TIMER};
    struct rce_actions actions;
    keep_asked(carriage, at_ns, request);
    keep(&carriage->world, &(struct event){.at_ns = at_ns,
                                           .workflow = request->sddc,
                                           .place = PLACE_ARRIVED,
                                           .operation = (uint8_t)request->operation,
                                           .cluster = request->cluster,
                                           .host = request->host});
    actions.count = 1;
    actions.items[0] = (struct rce_action){.kind = RCE_SEND,
                                           .operation = request->operation,
                                           .cluster = request->cluster,
                                           .host = request->host};
    fidelity_watch(carriage->steps, request->sddc, &input, &actions);
}

static void see_answered(void *context, const struct vmc_answer *answer)
{
    struct carriage *carriage = context;
    keep(&carriage->world, &(struct event){.at_ns = answer->at_ns,
                                           .workflow = answer->sddc,
                                           .place = PLACE_ANSWERED,
                                           .operation = (uint8_t)answer->operation,
                                           .cluster = answer->cluster,
                                           .host = answer->host});
}

static void see_called_back(void *context, const struct vmc_callback *callback)
{
    struct carriage *carriage = context;
    const struct rce_input input = {.now_ns = callback->at_ns,
                                    .kind = RCE_INPUT_CALLBACK,
                                    .operation = callback->operation,
                                    .cluster = callback->cluster,
                                    .host = callback->host,
                                    .outcome = callback->outcome};
    struct rce_actions actions;
    keep(&carriage->world, &(struct event){.at_ns = callback->at_ns,
                                           .workflow = callback->sddc,
                                           .place = PLACE_DUE,
                                           .operation = (uint8_t)callback->operation,
                                           .cluster = callback->cluster,
                                           .host = callback->host,
                                           .task = (uint16_t)callback->task});
    actions.count = 0;
    fidelity_watch(carriage->steps, callback->sddc, &input, &actions);
}

struct carriage *carriage_create(uint32_t workflows_count)
{
    struct arena *arena = arena_create("carriage", 0);
    struct carriage *carriage = arena_take(arena, sizeof *carriage);
    carriage->engine.arena = arena_create("carriage", 0);
    carriage->world.arena = arena;
    carriage->steps = fidelity_side_create(arena, workflows_count);
    carriage->watch = (struct rest_watch){.context = carriage,
                                          .asked = see_asked,
                                          .answered = see_answered,
                                          .called_back = see_called_back};
    return carriage;
}

void carriage_destroy(struct carriage *carriage)
{
    arena_destroy(carriage->engine.arena);
    arena_destroy(carriage->world.arena);
}

void carriage_watch(struct carriage *carriage, uint32_t workflow, const struct rce_input *input,
                    const struct rce_actions *actions)
{
    struct event event = {.at_ns = input->now_ns, .workflow = workflow};
    if (input->kind == RCE_INPUT_RESPONSE || input->kind == RCE_INPUT_CALLBACK) {
        event.place = input->kind == RCE_INPUT_RESPONSE ? PLACE_TAKEN : PLACE_HEARD;
        event.operation = (uint8_t)input->operation;
        event.cluster = input->cluster;
        event.host = input->host;
        event.task = input->kind == RCE_INPUT_CALLBACK ? (uint16_t)input->task : 0;
        keep(&carriage->engine, &event);
        event.task = 0;
    }
    for (uint32_t i = 0; i < actions->count; i++) {
        const struct rce_action *action = &actions->items[i];
        if (action->kind != RCE_SEND)
            continue;
        event.place = PLACE_SENT;
        event.operation = (uint8_t)action->operation;
        event.cluster = action->cluster;
        event.host = action->host;
        keep(&carriage->engine, &event);
    }
}

const struct rest_watch *carriage_rest_watch(struct carriage *carriage)
{
    return &carriage->watch;
}

const struct fidelity_side *carriage_steps(const struct carriage *carriage)
{
    return carriage->steps;
}

static int by_target(const struct event *one, const struct event *other)
{
    if (one->workflow != other->workflow)
        return one->workflow < other->workflow ? -1 : 1;
    if (one->operation != other->operation)
        return one->operation - other->operation;
    if (one->cluster != other->cluster)
        return one->cluster - other->cluster;
    return one->host != other->host ? one->host - other->host : one->task - other->task;
}

/* Those of a place together, then of a target, in the order of time. */
static int by_place(const void *a, const void *b)
{
    const struct event *one = a, *other = b;
    if (one->place != other->place)
        return one->place - other->place;
    int order = by_target(one, other);
    return order != 0 ? order : (one->at_ns > other->at_ns) - (one->at_ns < other->at_ns);
}

struct stretch {
    const struct event *first;
    size_t count;
};

/* The events of one place, of a side that has been sorted. */
static struct stretch of_place(const struct eye *eye, enum place place)
{
    size_t from = 0, to;
    while (from < eye->count && eye->events[from].place != place)
        from++;
    for (to = from; to < eye->count && eye->events[to].place == place;)
        to++;
    return (struct stretch){eye->events + from, to - from};
}

/* How long it was from one event to another one of the same target. */
struct span {
    const struct event *from;
    int64_t took_ns;
};

struct spans {
    struct span *items; /* [count], by target, each in the order of time */
    size_t count;
};

/* From each event of `from` to the one of the same number and target of `to`. */
static struct spans pair(struct arena *arena, struct stretch from, struct stretch to)
{
    struct spans spans = {arena_take_array(arena, from.count + 1, sizeof *spans.items), 0};
    for (size_t i = 0, j = 0; i < from.count && j < to.count;) {
        int order = by_target(&from.first[i], &to.first[j]);
        if (order == 0)
            spans.items[spans.count++] =
                (struct span){&from.first[i], to.first[j].at_ns - from.first[i].at_ns};
        i += order <= 0;
        j += order >= 0;
    }
    return spans;
}

/* What each took on one side more than on the other. */
static struct spans take_away(struct arena *arena, const struct spans *all, const struct spans *own)
{
    struct spans spans = {arena_take_array(arena, all->count + 1, sizeof *spans.items), 0};
    for (size_t i = 0, j = 0; i < all->count && j < own->count;) {
        int order = by_target(all->items[i].from, own->items[j].from);
        if (order == 0)
            spans.items[spans.count++] =
                (struct span){all->items[i].from, all->items[i].took_ns - own->items[j].took_ns};
        i += order <= 0;
        j += order >= 0;
    }
    return spans;
}

static int by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

static bool is_read(const struct span *span)
{
    return span->from->operation == RCE_READ_CLUSTER || span->from->operation == RCE_READ_HOST;
}

/* Move the reads to the front; returns how many there are. */
static size_t part_reads(struct spans *spans)
{
    size_t count = 0;
    for (size_t i = 0; i < spans->count; i++) {
        struct span span = spans->items[i];
        if (!is_read(&span))
            continue;
        spans->items[i] = spans->items[count];
        spans->items[count++] = span;
    }
    return count;
}

/* While the delay grew from nearly nothing to the longest, which was that of what was due last
 * then, this much more was due than was carried. It began with the last one before that took less
 * than a tenth of the longest. */
static double load_of(const struct spans *spans)
{
    const struct span *longest = NULL;
    int64_t began_at_ns = INT64_MIN;
    for (size_t i = 0; i < spans->count; i++)
        if (longest == NULL || spans->items[i].took_ns > longest->took_ns)
            longest = &spans->items[i];
    for (size_t i = 0; i < spans->count; i++) {
        const struct span *item = &spans->items[i];
        if (item->from->at_ns < longest->from->at_ns && item->from->at_ns > began_at_ns &&
            item->took_ns < longest->took_ns / 10)
            began_at_ns = item->from->at_ns;
    }
    if (began_at_ns == INT64_MIN)
        return 1;
    return 1 + (double)longest->took_ns / (double)(longest->from->at_ns - began_at_ns);
}

static struct carriage_times times_of(struct arena *arena, const struct spans *spans)
{
    double *sorted = arena_take_array(arena, spans->count + 1, sizeof *sorted);
    double sum = 0, p99 = 0, p999 = 0, max = 0;
    for (size_t i = 0; i < spans->count; i++) {
        sorted[i] = spans->items[i].took_ns > 0 ? (double)spans->items[i].took_ns : 0;
        sum += sorted[i];
    }
    qsort(sorted, spans->count, sizeof *sorted, by_value);
    quantile_sample(sorted, spans->count, 0.99, &p99);
    quantile_sample(sorted, spans->count, 0.999, &p999);
    quantile_sample(sorted, spans->count, 1, &max);
    return (struct carriage_times){.count = spans->count,
                                   .mean_ns = spans->count > 0 ? sum / (double)spans->count : 0,
                                   .p99_ns = (int64_t)p99,
                                   .p999_ns = (int64_t)p999,
                                   .max_ns = (int64_t)max,
                                   .load = load_of(spans)};
}

void carriage_tell(struct carriage *carriage, struct carriage_report *report)
{
    struct arena *arena = arena_create("carriage", 0);
    struct eye *engine = &carriage->engine, *world = &carriage->world;
    if (engine->count > 0)
        qsort(engine->events, engine->count, sizeof *engine->events, by_place);
    if (world->count > 0)
        qsort(world->events, world->count, sizeof *world->events, by_place);
    struct spans all = pair(arena, of_place(engine, PLACE_SENT), of_place(engine, PLACE_TAKEN));
    struct spans own = pair(arena, of_place(world, PLACE_ARRIVED), of_place(world, PLACE_ANSWERED));
    struct spans callbacks = pair(arena, of_place(world, PLACE_DUE), of_place(engine, PLACE_HEARD));
    struct spans requests = take_away(arena, &all, &own);
    struct spans reads = {requests.items, part_reads(&requests)};
    *report = (struct carriage_report){.reads = times_of(arena, &reads),
                                       .requests = times_of(arena, &requests),
                                       .callbacks = times_of(arena, &callbacks)};
    arena_destroy(arena);
}

static void drop_answer(void *context, const struct vmc_answer *answer)
{
    (void)context;
    (void)answer;
}

static void drop_callback(void *context, const struct vmc_callback *callback)
{
    (void)context;
    (void)callback;
}

uint64_t carriage_replay(const struct carriage *carriage, const struct vmc_parameters *parameters,
                         uint64_t seed, uint32_t replication, int64_t until_ns)
{
    const struct vmc_port nobody = {.answer = drop_answer, .callback = drop_callback};
    struct arena *arena = arena_create("replay", 0);
    struct vmc_live *live = vmc_live_create(arena, parameters, seed, replication, &nobody);
    for (size_t i = 0; i < carriage->asked_count; i++) {
        vmc_live_advance(live, carriage->asked[i].at_ns);
        vmc_live_submit(live, &carriage->asked[i].request);
    }
    vmc_live_advance(live, until_ns);
    uint64_t hash = vmc_live_history_hash(live);
    arena_destroy(arena);
    return hash;
}
