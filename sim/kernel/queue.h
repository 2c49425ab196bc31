/* queue.h - the pending events in order: a 4-ary implicit heap of 128-bit keys.
 *
 *     key = | time 64 | priority 4 | sequence 36 | slot 24 |
 *
 * One unsigned comparison orders two events completely, because slots differ. The slot says where
 * the event itself lies; positions[slot] says where its key lies in the heap, which makes cancel
 * and reschedule O(log n).
 *
 *     keys[0]                          the first event, or the hole
 *     keys[4 i + 1 .. 4 i + 4]         the children of i: one cache line
 *     keys[count .. capacity + 3]      all ones, later than everything: every family is complete
 *
 * The minimum of a family is found without branches; that is what makes the heap fast, since the
 * outcomes of these comparisons are random. Popping leaves a *hole* at the root: most events
 * schedule another one, whose key then sinks from the root in one pass, instead of one pass for the
 * pop and one for the insertion. The hole is a key of zero, smaller than or equal to any other, so
 * removal and replacement elsewhere need not know of it.
 *
 * Invariants: no key is smaller than its parent; positions[slot of keys[i]] = i for every i that is
 * not the hole. Memory comes from an arena; growth doubles and leaves the old arrays behind there.
 *
 * This is the machinery of sim.h, which is the only one to include it, beside tests.
 */
#ifndef SIM_KERNEL_QUEUE_H
#define SIM_KERNEL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/check.h"

__extension__ typedef unsigned __int128 queue_key;

enum { QUEUE_SLOT_BITS = 24, QUEUE_SEQUENCE_BITS = 36, QUEUE_CAPACITY_MAX = 1 << QUEUE_SLOT_BITS };

struct queue {
    queue_key *keys;
    uint32_t *positions;      /* By slot. */
    uint32_t count;           /* Keys in the heap, the hole included. */
    uint32_t capacity;        /* Slots are below it. */
    uint32_t unchecked_count; /* Operations since the last slow check. */
    bool has_hole;            /* keys[0] is the hole. */
};

static inline queue_key queue_key_of(int64_t time_ns, uint8_t priority, uint64_t sequence,
                                     uint32_t slot)
{
    uint64_t low = (uint64_t)priority << (QUEUE_SEQUENCE_BITS + QUEUE_SLOT_BITS) |
                   sequence << QUEUE_SLOT_BITS | slot;
    return (queue_key)(uint64_t)time_ns << 64 | low;
}

static inline uint32_t queue_slot_of(queue_key key)
{
    return (uint32_t)key & (QUEUE_CAPACITY_MAX - 1);
}

static inline int64_t queue_time_of_ns(queue_key key)
{
    return (int64_t)(uint64_t)(key >> 64);
}

/* Make an empty queue for `capacity` slots, or make room for more in an existing one. */
void queue_init(struct queue *queue, struct arena *arena, uint32_t capacity);
void queue_grow(struct queue *queue, struct arena *arena, uint32_t capacity);

/* Put a key in; its slot must not be in use. */
void queue_insert(struct queue *queue, queue_key key);

/* Close the hole, if there is one, with the last key. */
void queue_close(struct queue *queue);

/* Take out the key of a slot that is in the queue, or put another key of the same slot in its
 * place. */
void queue_remove(struct queue *queue, uint32_t slot);
void queue_replace(struct queue *queue, queue_key key);

/* Return the number of keys. */
static inline uint32_t queue_count(const struct queue *queue)
{
    return queue->count - queue->has_hole;
}

/* Return the first key without closing the hole. Needs a key. */
queue_key queue_first(const struct queue *queue);

/* Return the first key and leave the hole in its place. Needs a closed queue with a key. */
static inline queue_key queue_take(struct queue *queue)
{
    queue_key first = queue->keys[0];
    queue->keys[0] = 0;
    queue->has_hole = true;
    return first;
}

/* Walk the whole heap: are the invariants true, and is the family of the last key complete? */
bool queue_is_sound(const struct queue *queue);

#endif
