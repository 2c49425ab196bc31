#include "sim/kernel/sim.h"

#include <string.h>

enum { CAPACITY_DEFAULT = 64 };

static struct sim_record *take_records(struct arena *arena, uint32_t count)
{
    return arena_take_array(arena, count, sizeof(struct sim_record));
}

/* Where causes are kept, every scheduling takes the way through sim_rank, so that nobody else pays
 * for a question. */
static uint64_t order_of_scheduling(void *context, const struct sim_event *event)
{
    (void)event;
    return ((const struct sim *)context)->sequence;
}

struct sim *sim_create(struct arena *arena, const struct sim_options *options)
{
    static const struct sim_options DEFAULTS = {.capacity = 0};
    if (options == NULL)
        options = &DEFAULTS;
    size_t capacity = options->capacity == 0 ? CAPACITY_DEFAULT : options->capacity;
    if (capacity > QUEUE_CAPACITY_MAX)
        check_limit("a simulation can have at most %d pending events, not %zu; simulate fewer "
                    "entities at once",
                    QUEUE_CAPACITY_MAX, capacity);
    CHECK(options->horizon_ns >= 0);
    struct sim *sim = arena_take(arena, sizeof *sim);
    *sim = (struct sim){
        .records = take_records(arena, (uint32_t)capacity),
        .horizon_ns = options->horizon_ns == 0 ? INT64_MAX : options->horizon_ns,
        .history = HISTORY_EMPTY,
        .event_max = options->event_max == 0 ? UINT64_MAX : options->event_max,
        .free_slot = SIM_NO_SLOT,
        .is_traced = trace_wants(options->trace, TRACE_DEBUG),
        .tie_order = options->tie_order,
        .tie_context = options->tie_context,
        .trace = options->trace,
        .arena = arena,
    };
    queue_init(&sim->queue, arena, (uint32_t)capacity);
    if (options->causes != NULL) {
        sim->causes = options->causes;
        sim->is_traced = true;
        sim->parents = arena_take_array(arena, capacity, sizeof *sim->parents);
        if (sim->tie_order == NULL) {
            sim->tie_order = order_of_scheduling;
            sim->tie_context = sim;
        }
    }
    return sim;
}

/* Double the tables. The old ones stay behind in the arena, together less than the new ones. */
static void grow(struct sim *sim)
{
    uint32_t old_capacity = sim->queue.capacity;
    if (old_capacity == QUEUE_CAPACITY_MAX)
        check_limit("a simulation can have at most %d pending events; simulate fewer entities at "
                    "once",
                    QUEUE_CAPACITY_MAX);
    uint32_t capacity =
        old_capacity > QUEUE_CAPACITY_MAX / 2 ? QUEUE_CAPACITY_MAX : 2 * old_capacity;
    struct sim_record *records = take_records(sim->arena, capacity);
    memcpy(records, sim->records, old_capacity * sizeof records[0]);
    sim->records = records;
    if (sim->parents != NULL) {
        uint32_t *parents = arena_take_array(sim->arena, capacity, sizeof *parents);
        memcpy(parents, sim->parents, old_capacity * sizeof parents[0]);
        sim->parents = parents;
    }
    queue_grow(&sim->queue, sim->arena, capacity);
}

uint32_t sim_use_fresh_slot(struct sim *sim)
{
    if (sim->used_count == sim->queue.capacity)
        grow(sim);
    return sim->used_count++;
}

uint64_t sim_rank(struct sim *sim, const struct sim_event *event, uint32_t slot)
{
    if (sim->parents != NULL)
        sim->parents[slot] = (uint32_t)sim->fired_count;
    return sim->tie_order(sim->tie_context, event) & SIM_SEQUENCE_MAX;
}

void sim_trace_event(struct sim *sim, const struct sim_event *event, uint32_t slot)
{
    if (sim->causes != NULL)
        trace_begin_event(sim->causes, &(struct trace_event){.time_ns = event->time_ns,
                                                             .history = sim->history,
                                                             .subject = event->subject,
                                                             .parent = sim->parents[slot],
                                                             .kind = event->kind});
    trace_add(sim->trace, &(struct trace_record){
                              .time_ns = event->time_ns,
                              .type = TRACE_TYPE_EVENT,
                              .level = TRACE_DEBUG,
                              .subject = event->subject,
                              .values = {event->kind, event->priority, event->a, event->b},
                          });
}

_Noreturn void sim_sequence_limit(void)
{
    check_limit("a simulation can schedule at most %llu events; shorten the run or split it into "
                "replications",
                (unsigned long long)SIM_SEQUENCE_MAX);
}

bool sim_is_pending(const struct sim *sim, struct sim_handle handle)
{
    return handle.generation != 0 && handle.slot < sim->used_count &&
           sim->records[handle.slot].generation == handle.generation;
}

int64_t sim_time_of_ns(const struct sim *sim, struct sim_handle handle)
{
    if (!sim_is_pending(sim, handle))
        return -1;
    return queue_time_of_ns(sim->queue.keys[sim->queue.positions[handle.slot]]);
}

bool sim_cancel(struct sim *sim, struct sim_handle handle)
{
    if (!sim_is_pending(sim, handle))
        return false;
    queue_remove(&sim->queue, handle.slot);
    struct sim_record *record = &sim->records[handle.slot];
    record->generation = 0;
    record->next_free = sim->free_slot;
    sim->free_slot = handle.slot;
    sim->cancelled_count++;
    return true;
}

bool sim_reschedule(struct sim *sim, struct sim_handle handle, int64_t time_ns)
{
    CHECK(time_ns >= sim->now_ns);
    if (!sim_is_pending(sim, handle))
        return false;
    const struct sim_record *record = &sim->records[handle.slot];
    uint64_t rank = ++sim->sequence;
    if (rank > SIM_SEQUENCE_MAX)
        sim_sequence_limit();
    if (sim->tie_order != NULL)
        rank = sim_rank(sim,
                        &(struct sim_event){.time_ns = time_ns,
                                            .subject = record->subject,
                                            .kind = record->kind,
                                            .priority = record->priority,
                                            .a = record->a,
                                            .b = record->b},
                        handle.slot);
    queue_replace(&sim->queue, queue_key_of(time_ns, record->priority, rank, handle.slot));
    return true;
}

int64_t sim_peek_time_ns(const struct sim *sim)
{
    return queue_count(&sim->queue) == 0 ? -1 : queue_time_of_ns(queue_first(&sim->queue));
}

enum sim_stop sim_stop_reason(const struct sim *sim)
{
    int64_t time_ns = sim_peek_time_ns(sim);
    if (time_ns < 0)
        return SIM_STOP_EMPTY;
    if (time_ns > sim->horizon_ns)
        return SIM_STOP_HORIZON;
    return sim->fired_count >= sim->event_max ? SIM_STOP_EVENT_LIMIT : SIM_STOP_NOT_YET;
}

uint64_t sim_history_hash(const struct sim *sim)
{
    return sim->history;
}

uint64_t sim_event_count(const struct sim *sim)
{
    return sim->fired_count;
}

uint64_t sim_scheduled_count(const struct sim *sim)
{
    return sim->fired_count + sim->cancelled_count + queue_count(&sim->queue);
}

uint64_t sim_cancelled_count(const struct sim *sim)
{
    return sim->cancelled_count;
}

size_t sim_pending_count(const struct sim *sim)
{
    return queue_count(&sim->queue);
}

size_t sim_pending_max(const struct sim *sim)
{
    return sim->used_count;
}
