/* The queue against a naive model: an unsorted list that is searched for its minimum. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/base/arena.h"
#include "sim/chance/draw.h"
#include "sim/kernel/queue.h"

enum { SLOT_COUNT = 600, OPERATION_COUNT = 3000, SEED_COUNT = 40 };

/* What the queue should hold: one key a slot, 0 for none (no real key is 0 here). */
struct naive {
    queue_key keys[SLOT_COUNT];
    uint32_t count;
};

static uint32_t naive_first_slot(const struct naive *naive)
{
    uint32_t first = SLOT_COUNT;
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++)
        if (naive->keys[slot] != 0 &&
            (first == SLOT_COUNT || naive->keys[slot] < naive->keys[first]))
            first = slot;
    return first;
}

static uint32_t pick(uint64_t bits, uint32_t count)
{
    return (uint32_t)((bits >> 32) % count);
}

struct driver {
    struct arena *arena;
    struct queue queue;
    struct naive naive;
    uint64_t seed;
    uint64_t sequence;
    uint32_t at;
};

static uint64_t driver_bits(struct driver *driver)
{
    return draw_bits(driver->seed, 0, (struct draw_name){0, 256, driver->at++});
}

/* Sixteen times, two priorities: ties everywhere. */
static queue_key driver_key(struct driver *driver, uint32_t slot)
{
    uint64_t bits = driver_bits(driver);
    return queue_key_of((int64_t)(bits & 15), (uint8_t)(bits >> 4 & 1), ++driver->sequence, slot);
}

static void driver_insert(struct driver *driver, uint32_t slot)
{
    if (driver->naive.keys[slot] != 0)
        return;
    /* The smallest capacity that works, so that growth happens all the time. */
    if (slot >= driver->queue.capacity)
        queue_grow(&driver->queue, driver->arena, slot + 1);
    queue_key key = driver_key(driver, slot);
    queue_insert(&driver->queue, key);
    driver->naive.keys[slot] = key;
    driver->naive.count++;
}

static void driver_pop(struct driver *driver)
{
    if (driver->naive.count == 0)
        return;
    uint32_t slot = naive_first_slot(&driver->naive);
    assert_true(queue_first(&driver->queue) == driver->naive.keys[slot]);
    queue_close(&driver->queue);
    assert_true(queue_take(&driver->queue) == driver->naive.keys[slot]);
    driver->naive.keys[slot] = 0;
    driver->naive.count--;
}

static void driver_remove(struct driver *driver, uint32_t slot)
{
    if (driver->naive.keys[slot] == 0)
        return;
    queue_remove(&driver->queue, slot);
    driver->naive.keys[slot] = 0;
    driver->naive.count--;
}

static void driver_replace(struct driver *driver, uint32_t slot)
{
    if (driver->naive.keys[slot] == 0)
        return;
    queue_key key = driver_key(driver, slot);
    queue_replace(&driver->queue, key);
    driver->naive.keys[slot] = key;
}

/* Grow in the first half of the operations, shrink in the second. */
static void driver_step(struct driver *driver, uint32_t step)
{
    uint32_t slot = pick(driver_bits(driver), 1 + step % SLOT_COUNT);
    uint32_t choice = pick(driver_bits(driver), 10);
    uint32_t insert_share = step < OPERATION_COUNT / 2 ? 6 : 2;
    if (choice < insert_share)
        driver_insert(driver, slot);
    else if (choice == 7)
        driver_remove(driver, slot);
    else if (choice == 8)
        driver_replace(driver, slot);
    else
        driver_pop(driver);
    assert_int_equal(queue_count(&driver->queue), driver->naive.count);
}

static void random_operations_agree_with_a_list(void **state)
{
    (void)state;
    struct arena *arena = arena_create("queue test", 0);
    for (uint64_t seed = 0; seed < SEED_COUNT; seed++) {
        arena_reset(arena);
        struct driver *driver = arena_take(arena, sizeof *driver);
        driver->arena = arena;
        driver->seed = seed;
        queue_init(&driver->queue, arena, 1);
        for (uint32_t step = 0; step < OPERATION_COUNT; step++) {
            driver_step(driver, step);
            if (step % 50 == 0)
                assert_true(queue_is_sound(&driver->queue));
        }
        while (driver->naive.count > 0)
            driver_pop(driver);
        queue_close(&driver->queue);
        assert_int_equal(queue_count(&driver->queue), 0);
        assert_true(queue_is_sound(&driver->queue));
    }
    arena_destroy(arena);
}

/* Fill past the size from which the heap prefetches, empty it again: sorted. */
static void large_heap_comes_out_sorted(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    struct arena *arena = arena_create("queue test", 0);
    struct queue queue;
    queue_init(&queue, arena, COUNT);
    for (uint32_t slot = 0; slot < COUNT; slot++) {
        uint64_t bits = draw_bits(1, 0, (struct draw_name){slot, 256, 0});
        queue_insert(&queue, queue_key_of((int64_t)(bits % (COUNT / 4)), 0, slot, slot));
    }
    queue_key last = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        queue_close(&queue);
        queue_key key = queue_take(&queue);
        assert_true(i == 0 || key > last);
        last = key;
    }
    assert_int_equal(queue_count(&queue), 0);
    arena_destroy(arena);
}

/* queue_is_sound is what other tests lean on: it must see damage. */
static void soundness_check_sees_damage(void **state)
{
    (void)state;
    struct arena *arena = arena_create("queue test", 0);
    struct queue queue;
    queue_init(&queue, arena, 16);
    for (uint32_t slot = 0; slot < 10; slot++)
        queue_insert(&queue, queue_key_of(slot, 0, 1, slot));
    assert_true(queue_is_sound(&queue));

    queue_key kept = queue.keys[7];
    queue.keys[7] = queue_key_of(0, 0, 0, queue_slot_of(kept));
    assert_false(queue_is_sound(&queue));
    queue.keys[7] = kept;

    queue.positions[3]++;
    assert_false(queue_is_sound(&queue));
    queue.positions[3]--;

    queue.keys[10] = kept;
    assert_false(queue_is_sound(&queue));
    arena_destroy(arena);
}

static void key_keeps_its_parts(void **state)
{
    (void)state;
    queue_key key = queue_key_of(INT64_MAX, 15, (UINT64_C(1) << 36) - 1, QUEUE_CAPACITY_MAX - 1);
    assert_true(queue_time_of_ns(key) == INT64_MAX);
    assert_int_equal(queue_slot_of(key), QUEUE_CAPACITY_MAX - 1);
    assert_true(queue_key_of(5, 0, 9, 9) < queue_key_of(6, 0, 0, 0));
    assert_true(queue_key_of(5, 1, 9, 9) < queue_key_of(5, 2, 0, 0));
    assert_true(queue_key_of(5, 1, 8, 9) < queue_key_of(5, 1, 9, 0));
    assert_true(queue_key_of(5, 1, 8, 8) < queue_key_of(5, 1, 8, 9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_agree_with_a_list),
        cmocka_unit_test(large_heap_comes_out_sorted),
        cmocka_unit_test(soundness_check_sees_damage),
        cmocka_unit_test(key_keeps_its_parts),
    };
    return cmocka_run_group_tests_name("kernel/queue", tests, NULL, NULL);
}
