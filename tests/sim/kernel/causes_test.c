/* Which event was scheduled during which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/kernel/sim.h"

enum { TICK, CHILD, LATE };

static struct sim_handle at(struct sim *sim, int64_t time_ns, uint16_t kind, uint32_t subject)
{
    return sim_schedule(sim,
                        &(struct sim_event){.time_ns = time_ns, .subject = subject, .kind = kind});
}

static struct trace *make_trace(struct arena *arena, bool has_events)
{
    return trace_create(arena, &(struct trace_options){.has_events = has_events});
}

static void test_every_event_knows_its_parent(void **state)
{
    (void)state;
    struct arena *arena = arena_create("causes", 0);
    struct trace *trace = make_trace(arena, true);
    struct sim *sim = sim_create(arena, &(struct sim_options){.causes = trace, .capacity = 2});
    at(sim, 10, TICK, 1);
    struct sim_handle moved = at(sim, 500, LATE, 9);
    struct sim_event event;
    assert_true(sim_next(sim, &event)); /* event 1 */
    for (uint32_t i = 0; i < 20; i++)   /* more than the tables had room for */
        at(sim, 20 + i, CHILD, i);
    assert_true(sim_next(sim, &event)); /* event 2, the first child */
    trace_add(trace, &(struct trace_record){.type = 1, .level = TRACE_STEP});
    assert_true(sim_reschedule(sim, moved, 25));
    while (sim_next(sim, &event))
        trace_add(trace, &(struct trace_record){.type = 1, .level = TRACE_STEP, .subject = 7});
    assert_int_equal(trace_event_count(trace), 22);
    assert_int_equal(trace_event_at(trace, 1)->parent, 0);
    assert_int_equal(trace_event_at(trace, 2)->parent, 1);
    assert_int_equal(trace_event_at(trace, 2)->kind, CHILD);
    assert_int_equal(trace_event_at(trace, 22)->parent, 1);
    /* What is moved is caused by who moved it. */
    uint32_t late = 0;
    for (uint32_t i = 1; i <= 22; i++)
        late = trace_event_at(trace, i)->kind == LATE ? i : late;
    assert_int_equal(trace_event_at(trace, late)->time_ns, 25);
    assert_int_equal(trace_event_at(trace, late)->parent, 2);
    assert_int_equal(trace_at(trace, 0)->event, 2);
    assert_int_equal(trace_at(trace, 1)->event, 3);
    assert_true(trace_event_at(trace, 22)->history == sim_history_hash(sim));
    trace_clear(trace);
    assert_int_equal(trace_event_count(trace), 0);
    arena_destroy(arena);
}

/* Keeping causes changes nothing: neither order nor hash, with a tie order and without. */
static uint64_t descending(void *context, const struct sim_event *event)
{
    (void)context;
    return 1000 - event->subject;
}

static uint64_t hash_of(struct arena *arena, struct trace *trace, sim_tie_order *order)
{
    struct sim *sim = sim_create(arena, &(struct sim_options){.causes = trace, .tie_order = order});
    for (uint32_t i = 0; i < 100; i++)
        at(sim, i % 7, TICK, i);
    struct sim_event event;
    while (sim_next(sim, &event))
        if (event.kind == TICK)
            at(sim, event.time_ns, CHILD, event.subject);
    return sim_history_hash(sim);
}

static void test_causes_change_nothing(void **state)
{
    (void)state;
    struct arena *arena = arena_create("causes", 0);
    struct trace *trace = make_trace(arena, true);
    assert_true(hash_of(arena, NULL, NULL) == hash_of(arena, trace, NULL));
    assert_true(hash_of(arena, NULL, descending) == hash_of(arena, trace, descending));
    assert_true(hash_of(arena, NULL, NULL) != hash_of(arena, NULL, descending));
    arena_destroy(arena);
}

static void test_a_trace_without_events_has_none(void **state)
{
    (void)state;
    struct arena *arena = arena_create("causes", 0);
    struct trace *trace = make_trace(arena, false);
    assert_null(trace_keeping_events(trace));
    assert_null(trace_keeping_events(NULL));
    trace_add(trace, &(struct trace_record){.type = 1, .level = TRACE_STEP});
    assert_int_equal(trace_at(trace, 0)->event, 0);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_knows_its_parent),
        cmocka_unit_test(test_causes_change_nothing),
        cmocka_unit_test(test_a_trace_without_events_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
