/* The order of events of one instant as a draw: each event has a name that stays the same when
 * other draws change, and may be put back. */
#include "models/vmc/world.h"

/* What an event is about, in 15 bits that stay the same when other draws change: the operation and
 * which request or run of it, or the timer. */
static uint32_t subject_of(const struct world *world, const struct sim_event *event)
{
    const struct sddc *sddc = &world->sddcs[entity_sddc(event->subject)];
    switch ((enum event_kind)event->kind) {
    case EVENT_ARRIVE:
    case EVENT_SERVE:
    case EVENT_RESPOND: {
        const struct request *request = &world->requests[event->a];
        return (uint32_t)request->operation << 11 | (request->attempt & 0x7ff);
    }
    case EVENT_CONNECTED:
    case EVENT_READY:
    case EVENT_TASK_END:
    case EVENT_CALLBACK: {
        const struct task *task = &sddc->tasks[event->a];
        return (uint32_t)task->operation << 11 | (task->run & 0x7ff);
    }
    case EVENT_TIMER:
    case EVENT_CRASH:
    case EVENT_RESTART:
    case EVENT_RESUME: return (uint32_t)event->a & 0x7fff;
    case EVENT_WAVE:
    case EVENT_REPAIRED:
    case EVENT_ROLLOUT:
    case EVENT_CHANGE:
    case EVENT_REDRIVE: return 0;
    }
    CHECK_UNREACHABLE("an event of an unknown kind");
}

/* How often an event of this entity, kind and subject has been scheduled before. */
struct order_count {
    uint32_t entity, code, count; /* `count` 0: free */
};

static void grow_counts(struct world *world)
{
    struct order_count *old = world->order_counts;
    uint32_t old_room = world->order_room;
    world->order_room = old_room == 0 ? 256 : 2 * old_room;
    world->order_counts =
        arena_take_array(world->arena, world->order_room, sizeof *world->order_counts);
    for (uint32_t i = 0; i < old_room; i++) {
        if (old[i].count == 0)
            continue;
        uint32_t slot =
            (old[i].entity * UINT32_C(0x9e3779b1) ^ old[i].code) & (world->order_room - 1);
        while (world->order_counts[slot].count != 0)
            slot = (slot + 1) & (world->order_room - 1);
        world->order_counts[slot] = old[i];
    }
}

static uint32_t count_of(struct world *world, uint32_t entity, uint32_t code)
{
    if (2 * world->order_used >= world->order_room)
        grow_counts(world);
    uint32_t mask = world->order_room - 1;
    uint32_t slot = (entity * UINT32_C(0x9e3779b1) ^ code) & mask;
    struct order_count *counts = world->order_counts;
    while (counts[slot].count != 0 && (counts[slot].entity != entity || counts[slot].code != code))
        slot = (slot + 1) & mask;
    if (counts[slot].count == 0) {
        counts[slot].entity = entity;
        counts[slot].code = code;
        world->order_used++;
    }
    return counts[slot].count++;
}

/* The name of an event's order: | 5 bits kind | 15 bits subject | 12 bits which time |. */
int64_t explore_ask_order(struct world *world, const struct sim_event *event)
{
    /* A host is connected before it is ready: both were scheduled when it was asked for. The ready
     * one, and everything else, may still come later. */
    if (event->kind == EVENT_CONNECTED) {
        world->put_back = 0;
        oracle_keep_place(world->oracle, event->time_ns);
        return event->time_ns;
    }
    uint32_t code = (uint32_t)event->kind << 15 | subject_of(world, event);
    uint32_t count = count_of(world, event->subject, code);
    struct draw_name name = {event->subject, PURPOSE_TIE, code << 12 | (count & 0xfff)};
    world->put_back = oracle_put_back(world->oracle, name, event->time_ns);
    int64_t slack_ns = world->run->probe->slack_ns;
    int64_t late_ns = (int64_t)((double)slack_ns * world->put_back / ORACLE_TIE_MAX);
    return world_sum_ns(event->time_ns, late_ns);
}

void explore_schedule(struct world *world, const struct sim_event *event)
{
    struct sim_event due = *event;
    due.time_ns = explore_ask_order(world, event);
    sim_schedule(world->sim, &due);
}

/* First come first served, but for what has been put back: each question is about one event only.
 */
uint64_t explore_order(void *context, const struct sim_event *event)
{
    (void)event;
    struct world *world = context;
    uint64_t put_back = world->put_back;
    world->put_back = 0;
    return put_back << 30 | (++world->order_sequence & ((1u << 30) - 1));
}
