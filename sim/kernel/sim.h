/* sim.h - a simulation: a clock, the events that are still to come, and a hash of those that were.
 *
 * The model pulls, nobody calls back:
 *
 *     while (sim_next(sim, &event))
 *         switch (event.kind) { ... sim_schedule(sim, &later); ... }
 *
 * Events fire in the order (time, priority, sequence): at equal times the smaller priority first,
 * then the one that was scheduled first; a tie-order callback may replace the sequence. An event is
 * plain data and is copied in and out. A handle names a pending event for cancelling or moving it;
 * it goes stale by itself when the event fires, is cancelled, or its slot is used again.
 *
 * A simulation is an object in an arena; any number of them live side by side. A handle belongs to
 * its simulation: another one takes it for stale unless slot and sequence happen to agree. It is
 * dropped together with its arena. After the tables have grown to the largest number of pending
 * events, nothing is allocated.
 *
 * Invariants: the clock never goes back; every pending event is at or after the clock; scheduled =
 * fired + cancelled + pending.
 *
 * Units: int64_t nanoseconds since the start, never negative. Limits, each ending the process with
 * a message: 2^24 pending events; 2^36 schedulings. Priorities 0 to 15. A stale handle could be
 * taken for a good one only by an event that came an exact multiple of 2^31 schedulings later and
 * into the same slot.
 *
 * The struct is laid open for the inline functions at the end, which copy events without a detour
 * through memory (measured: 3 ns a customer of an M/M/1
 * station, two events). Use the functions only.
 */
#ifndef SIM_KERNEL_SIM_H
#define SIM_KERNEL_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/check.h"
#include "sim/kernel/history.h"
#include "sim/kernel/queue.h"
#include "sim/kernel/trace.h"

enum { SIM_PRIORITY_MAX = 15 };
#define SIM_SEQUENCE_MAX ((UINT64_C(1) << 36) - 1)

struct sim_event {
    int64_t time_ns;
    uint32_t subject; /* Whom it concerns: an index of the model's. */
    uint16_t kind;    /* What it is: an enum of the model's. */
    uint8_t priority; /* 0 to SIM_PRIORITY_MAX; the smaller fires first at equal times. */
    uint64_t a, b;    /* Whatever the kind needs. */
};

/* Names one pending event. {0, 0} names none. */
struct sim_handle {
    uint32_t slot, generation;
};

/* Return the rank of an event among those of equal time and priority: the low 36 bits count, the
 * smaller fires first, equal ranks fire in slot order. Called once when an event is scheduled or
 * rescheduled; must be a function of (context, event) alone if runs are to repeat. */
typedef uint64_t sim_tie_order(void *context, const struct sim_event *event);

struct sim_options {
    size_t capacity;          /* Pending events to make room for at once; 0 means 64. Grows. */
    sim_tie_order *tie_order; /* NULL: the order of scheduling. */
    void *tie_context;
    struct trace *trace;  /* NULL: none. At TRACE_DEBUG every event that fires is recorded. */
    struct trace *causes; /* NULL: none; else each event that fires is noted there (has_events). */
    int64_t horizon_ns;   /* Events after it stay pending; 0: no horizon. */
    uint64_t event_max;   /* Stop after so many events have fired; 0: no limit. */
};

/* Why sim_next returned false. */
enum sim_stop {
    SIM_STOP_NOT_YET,
    SIM_STOP_EMPTY,
    SIM_STOP_HORIZON,
    SIM_STOP_EVENT_LIMIT,
};

struct sim;

/* Create a simulation at time 0 in `arena`, which must outlive it. `options` may be NULL. */
struct sim *sim_create(struct arena *arena, const struct sim_options *options);

/* Schedule a copy of `event`, not before now (checked). Returns its handle, which may be ignored.
 * O(log pending) at worst, O(1) when it is later than most. */
static inline struct sim_handle sim_schedule(struct sim *sim, const struct sim_event *event);

/* Take a pending event out. False, and nothing happens, if it has fired or been cancelled, and for
 * handles that were never given out. O(log pending). */
bool sim_cancel(struct sim *sim, struct sim_handle handle);

/* Move a pending event to another time, not before now (checked); the handle stays good. It joins
 * the end of the queue of its new time, as if cancelled and scheduled anew. False as for
 * sim_cancel. O(log pending). */
bool sim_reschedule(struct sim *sim, struct sim_handle handle, int64_t time_ns);

bool sim_is_pending(const struct sim *sim, struct sim_handle handle);

/* Return when a pending event will fire, or -1 if it is not pending. */
int64_t sim_time_of_ns(const struct sim *sim, struct sim_handle handle);

/* Take the next event out, advance the clock to it, and fold it into the history. False when
 * nothing is pending, the next event is past the horizon, or the event limit is reached: `event`
 * and the clock are left alone, and sim_stop_reason says which. O(log pending). */
static inline bool sim_next(struct sim *sim, struct sim_event *event);

/* Return the time of the next event, or -1 if nothing is pending. */
int64_t sim_peek_time_ns(const struct sim *sim);

/* Events that may fire soon, for a model too large for the caches that wants to ask for the memory
 * which they concern. Only hints: in no order, not complete, some may be out of date. A slot is
 * good for sim_hint at any later time. O(1). */
enum { SIM_SOON_COUNT = 4 };
struct sim_hint {
    uint32_t subject;
    uint16_t kind;
    uint64_t a;
};
static inline void sim_soon(const struct sim *sim, uint32_t slots[SIM_SOON_COUNT]);
static inline struct sim_hint sim_hint(const struct sim *sim, uint32_t slot);

/* Say why sim_next would return false now; SIM_STOP_NOT_YET if it would return true. */
enum sim_stop sim_stop_reason(const struct sim *sim);

/* Fold a digest of the model's own into the history. Order counts. */
static inline void sim_fold(struct sim *sim, uint64_t digest);

static inline int64_t sim_now_ns(const struct sim *sim);
uint64_t sim_history_hash(const struct sim *sim);
uint64_t sim_event_count(const struct sim *sim); /* fired */
uint64_t sim_scheduled_count(const struct sim *sim);
uint64_t sim_cancelled_count(const struct sim *sim);
size_t sim_pending_count(const struct sim *sim);
size_t sim_pending_max(const struct sim *sim); /* the most at any time */

/* From here on: laid open for inlining, for nobody to use but the functions. */

#define SIM_NO_SLOT UINT32_MAX

struct sim_record {
    uint32_t generation; /* Of the pending event; 0 while the slot is free. */
    uint32_t subject;
    uint64_t a, b;
    uint32_t next_free; /* The next free slot while this one is free. */
    uint16_t kind;
    uint8_t priority;
};

struct sim {
    struct queue queue;
    struct sim_record *records; /* By slot. */
    int64_t now_ns, horizon_ns;
    uint64_t sequence; /* Of the last scheduling or rescheduling. */
    uint64_t history;
    uint64_t fired_count, cancelled_count, event_max;
    uint32_t free_slot;  /* The free slot that was in use last, or SIM_NO_SLOT. */
    uint32_t used_count; /* Slots ever used. A fresh one is used only when none is free, so this is
                          * also the most events that were ever pending. */
    bool is_traced;      /* Every event that fires is recorded, or noted. */
    sim_tie_order *tie_order;
    void *tie_context;
    struct trace *trace;
    struct trace *causes;
    uint32_t
        *parents; /* By slot: the event during which it was scheduled; where there are causes. */
    struct arena *arena;
};

uint32_t sim_use_fresh_slot(struct sim *sim);
uint64_t sim_rank(struct sim *sim, const struct sim_event *event, uint32_t slot);
void sim_trace_event(struct sim *sim, const struct sim_event *event, uint32_t slot);
_Noreturn void sim_sequence_limit(void);

static inline struct sim_handle sim_schedule(struct sim *sim, const struct sim_event *event)
{
    CHECK(event->time_ns >= sim->now_ns && event->priority <= SIM_PRIORITY_MAX);
    uint64_t sequence = ++sim->sequence;
    if (__builtin_expect(sequence > SIM_SEQUENCE_MAX, 0))
        sim_sequence_limit();
    uint32_t slot = sim->free_slot;
    if (__builtin_expect(slot != SIM_NO_SLOT, 1))
        sim->free_slot = sim->records[slot].next_free;
    else
        slot = sim_use_fresh_slot(sim);
    /* The top bit keeps a generation from being 0. */
    uint32_t generation = (uint32_t)sequence | UINT32_C(1) << 31;
    struct sim_record *record = &sim->records[slot];
    record->generation = generation;
    record->subject = event->subject;
    record->kind = event->kind;
    record->priority = event->priority;
    record->a = event->a;
    record->b = event->b;
    uint64_t rank = sim->tie_order == NULL ? sequence : sim_rank(sim, event, slot);
    queue_insert(&sim->queue, queue_key_of(event->time_ns, event->priority, rank, slot));
    return (struct sim_handle){slot, generation};
}

static inline bool sim_next(struct sim *sim, struct sim_event *event)
{
    struct queue *queue = &sim->queue;
    queue_close(queue);
    if (queue->count == 0 || sim->fired_count >= sim->event_max)
        return false;
    int64_t time_ns = queue_time_of_ns(queue->keys[0]);
    if (time_ns > sim->horizon_ns)
        return false;
    uint32_t slot = queue_slot_of(queue_take(queue));
    struct sim_record *record = &sim->records[slot];
    event->time_ns = time_ns;
    event->subject = record->subject;
    event->kind = record->kind;
    event->priority = record->priority;
    event->a = record->a;
    event->b = record->b;
    record->generation = 0;
    record->next_free = sim->free_slot;
    sim->free_slot = slot;
    sim->now_ns = time_ns;
    sim->fired_count++;
    uint64_t who = (uint64_t)event->kind << 32 | event->subject;
    sim->history =
        history_fold(sim->history, history_digest((uint64_t)time_ns, who, event->a, event->b));
    if (__builtin_expect(sim->is_traced, 0))
        sim_trace_event(sim, event, slot);
    return true;
}

static inline void sim_fold(struct sim *sim, uint64_t digest)
{
    sim->history = history_fold(sim->history, digest);
}

static inline int64_t sim_now_ns(const struct sim *sim)
{
    return sim->now_ns;
}

/* The children of the root are in one cache line; their records are asked for here, and have come
 * by the time that somebody takes the hint. */
static inline void sim_soon(const struct sim *sim, uint32_t slots[SIM_SOON_COUNT])
{
    for (uint32_t i = 0; i < SIM_SOON_COUNT; i++) {
        uint32_t slot = queue_slot_of(sim->queue.keys[1 + i]);
        slots[i] = slot < sim->used_count ? slot : 0;
        __builtin_prefetch(&sim->records[slots[i]]);
    }
}

static inline struct sim_hint sim_hint(const struct sim *sim, uint32_t slot)
{
    const struct sim_record *record = &sim->records[slot];
    return (struct sim_hint){.subject = record->subject, .kind = record->kind, .a = record->a};
}

#endif
