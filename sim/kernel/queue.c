#include "sim/kernel/queue.h"

#include <string.h>

/* Room behind the last key for the rest of its family. */
enum { FAMILY = 4, CACHE_LINE_BYTES = 64 };

/* From so many keys on the heap leaves the second-level cache, and it pays to ask for the
 * grandchildren while the children are compared. */
enum { PREFETCH_COUNT_MIN = 1 << 15 };

static const queue_key LATEST = ~(queue_key)0;

static void take_arrays(struct queue *queue, struct arena *arena, uint32_t capacity)
{
    /* keys[1] begins a cache line, so that every family is one line. */
    size_t key_count = (size_t)capacity + FAMILY;
    char *bytes = arena_take(arena, key_count * sizeof(queue_key) + CACHE_LINE_BYTES);
    size_t misfit = (uintptr_t)(bytes + sizeof(queue_key)) % CACHE_LINE_BYTES;
    queue->keys = (void *)(bytes + (misfit == 0 ? 0 : CACHE_LINE_BYTES - misfit));
    queue->positions = arena_take_array(arena, capacity, sizeof(uint32_t));
    queue->capacity = capacity;
    for (size_t i = queue->count; i < key_count; i++)
        queue->keys[i] = LATEST;
}

void queue_init(struct queue *queue, struct arena *arena, uint32_t capacity)
{
    CHECK(capacity > 0 && capacity <= QUEUE_CAPACITY_MAX);
    *queue = (struct queue){.count = 0};
    take_arrays(queue, arena, capacity);
}

void queue_grow(struct queue *queue, struct arena *arena, uint32_t capacity)
{
    CHECK(capacity > queue->capacity && capacity <= QUEUE_CAPACITY_MAX);
    struct queue old = *queue;
    take_arrays(queue, arena, capacity);
    memcpy(queue->keys, old.keys, old.count * sizeof old.keys[0]);
    memcpy(queue->positions, old.positions, old.capacity * sizeof old.positions[0]);
}

static inline void put(struct queue *queue, size_t at, queue_key key)
{
    queue->keys[at] = key;
    queue->positions[queue_slot_of(key)] = (uint32_t)at;
}

/* Put `key` where it belongs on the way from the hole `at` to the root. */
static inline void sift_up(struct queue *queue, size_t at, queue_key key)
{
    while (at > 0) {
        size_t parent = (at - 1) / FAMILY;
        queue_key above = queue->keys[parent];
        if (above <= key)
            break;
        put(queue, at, above);
        at = parent;
    }
    put(queue, at, key);
}

/* A key in two halves and where it lies. */
struct place {
    uint64_t low, high;
    size_t at;
};

static inline struct place place_of(const queue_key *keys, size_t at)
{
    return (struct place){(uint64_t)keys[at], (uint64_t)(keys[at] >> 64), at};
}

static inline queue_key key_of(struct place place)
{
    return (queue_key)place.high << 64 | place.low;
}

/* Return the earlier of two, without a branch: it would be mispredicted half the time. Whether
 * a compiler makes branches of a plain choice changes from form to form and from compiler to
 * compiler (51 ns a hold instead of 41 at a hundred pending events where gcc did, 71 where clang
 * did), hence the assembly; the masks are for other machines and cost up to a tenth more. */
static inline struct place earlier(struct place x, struct place y)
{
#if defined(__x86_64__) && !defined(RCESIM_NO_ASSEMBLY)
    uint64_t scratch = y.high;
    __asm__(
        "cmp %[x_low], %[y_low]\n\t"
        "sbb %[x_high], %[scratch]\n\t"
        "cmovb %[y_low], %[x_low]\n\t"
        "cmovb %[y_high], %[x_high]\n\t"
        "cmovb %[y_at], %[x_at]"
        : [x_low] "+&r"(x.low), [x_high] "+&r"(x.high), [x_at] "+&r"(x.at), [scratch] "+&r"(scratch)
        : [y_low] "r"(y.low), [y_high] "r"(y.high), [y_at] "r"(y.at)
        : "cc");
    return x;
#else
    uint64_t mask = -(uint64_t)(key_of(y) < key_of(x));
    x.low ^= mask & (x.low ^ y.low);
    x.high ^= mask & (x.high ^ y.high);
    x.at ^= mask & (x.at ^ y.at);
    return x;
#endif
}

/* Return the earliest of the four keys from `child` on. */
static inline struct place first_of_family(const queue_key *keys, size_t child)
{
    return earlier(earlier(place_of(keys, child), place_of(keys, child + 1)),
                   earlier(place_of(keys, child + 2), place_of(keys, child + 3)));
}

/* Ask for the sixteen grandchildren whose first is at `at`, four lines. They may lie past the end
 * of the array, where asking is allowed but computing the address as a pointer is not. */
static inline void prefetch_families(const queue_key *keys, size_t at)
{
    uintptr_t address = (uintptr_t)keys + at * sizeof(queue_key);
    for (size_t i = 0; i < FAMILY; i++)
        __builtin_prefetch((const void *)(address + i * CACHE_LINE_BYTES));
}

/* Put `key` where it belongs on the way from the hole `at` towards the leaves. */
static inline void sift_down(struct queue *queue, size_t at, queue_key key)
{
    const queue_key *keys = queue->keys;
    size_t count = queue->count;
    bool is_large = count >= PREFETCH_COUNT_MIN;
    for (size_t child = FAMILY * at + 1; child < count; child = FAMILY * at + 1) {
        if (is_large)
            prefetch_families(keys, FAMILY * child + 1);
        struct place first = first_of_family(keys, child);
        queue_key first_key = key_of(first);
        if (key < first_key)
            break;
        put(queue, at, first_key);
        at = first.at;
    }
    put(queue, at, key);
}

/* The slow check of a large heap comes only every so many operations as there are keys, or a run
 * under the sanitizers would take quadratic time. */
__attribute__((unused)) static bool is_sound_by_sample(struct queue *queue)
{
    enum { ALWAYS_UP_TO_COUNT = 64 };
    if (queue->count > ALWAYS_UP_TO_COUNT && ++queue->unchecked_count < queue->count)
        return true;
    queue->unchecked_count = 0;
    return queue_is_sound(queue);
}

void queue_insert(struct queue *queue, queue_key key)
{
    if (queue->has_hole) {
        queue->has_hole = false;
        sift_down(queue, 0, key);
    } else {
        CHECK(queue->count < queue->capacity);
        sift_up(queue, queue->count++, key);
    }
    CHECK_SLOW(is_sound_by_sample(queue));
}

static queue_key take_last(struct queue *queue)
{
    queue_key last = queue->keys[--queue->count];
    queue->keys[queue->count] = LATEST;
    return last;
}

void queue_close(struct queue *queue)
{
    if (!queue->has_hole)
        return;
    queue->has_hole = false;
    queue_key last = take_last(queue);
    if (queue->count > 0)
        sift_down(queue, 0, last);
    CHECK_SLOW(is_sound_by_sample(queue));
}

void queue_replace(struct queue *queue, queue_key key)
{
    size_t at = queue->positions[queue_slot_of(key)];
    CHECK(at < queue->count);
    if (key < queue->keys[at])
        sift_up(queue, at, key);
    else
        sift_down(queue, at, key);
    CHECK_SLOW(is_sound_by_sample(queue));
}

void queue_remove(struct queue *queue, uint32_t slot)
{
    size_t at = queue->positions[slot];
    CHECK(at < queue->count && queue_slot_of(queue->keys[at]) == slot);
    queue_key last = take_last(queue);
    if (at == queue->count)
        return;
    if (last < queue->keys[at])
        sift_up(queue, at, last);
    else
        sift_down(queue, at, last);
    CHECK_SLOW(is_sound_by_sample(queue));
}

queue_key queue_first(const struct queue *queue)
{
    CHECK(queue_count(queue) > 0);
    return queue->has_hole ? key_of(first_of_family(queue->keys, 1)) : queue->keys[0];
}

bool queue_is_sound(const struct queue *queue)
{
    if (queue->count > queue->capacity || (queue->has_hole && queue->count == 0))
        return false;
    if (queue->has_hole && queue->keys[0] != 0)
        return false;
    for (size_t i = queue->has_hole; i < queue->count; i++) {
        if (i > 0 && queue->keys[i] < queue->keys[(i - 1) / FAMILY])
            return false;
        if (queue->positions[queue_slot_of(queue->keys[i])] != i)
            return false;
    }
    for (size_t i = queue->count; i < (size_t)queue->count + FAMILY; i++)
        if (queue->keys[i] != LATEST)
            return false;
    return true;
}
