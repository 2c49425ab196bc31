/* Traces: order, levels, limit, the kernel's own records. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/base/arena.h"
#include "sim/kernel/sim.h"
#include "sim/kernel/trace.h"

static struct trace_record record_of(uint64_t number, enum trace_level level)
{
    return (struct trace_record){
        .time_ns = (int64_t)number, .type = 1, .level = (uint8_t)level, .values = {number}};
}

static void records_come_back_in_order(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct arena *arena = arena_create("trace test", 0);
    struct trace *trace = trace_create(arena, &(struct trace_options){.level = TRACE_STEP});
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < COUNT; i++) {
            struct trace_record record = record_of(i + (uint64_t)round, TRACE_STEP);
            trace_add(trace, &record);
        }
        assert_int_equal(trace_count(trace), COUNT);
        for (uint64_t i = 0; i < COUNT; i++)
            assert_int_equal(trace_at(trace, i)->values[0], i + (uint64_t)round);
        trace_clear(trace);
        assert_int_equal(trace_count(trace), 0);
    }
    arena_destroy(arena);
}

static void levels_and_limit_are_kept(void **state)
{
    (void)state;
    struct arena *arena = arena_create("trace test", 0);
    struct trace *trace = trace_create(arena, &(struct trace_options){.record_max = 3});
    for (uint64_t i = 0; i < 10; i++) {
        struct trace_record record = record_of(i, i % 2 == 0 ? TRACE_STEP : TRACE_DEBUG);
        trace_add(trace, &record);
        trace_add(NULL, &record);
    }
    assert_true(trace_wants(trace, TRACE_STEP));
    assert_false(trace_wants(trace, TRACE_DEBUG));
    assert_false(trace_wants(NULL, TRACE_STEP));
    assert_int_equal(trace_count(trace), 3);
    assert_int_equal(trace_dropped_count(trace), 2);
    assert_int_equal(trace_at(trace, 2)->values[0], 4);
    arena_destroy(arena);
}

static void types_are_looked_up_in_the_table_of_the_model(void **state)
{
    (void)state;
    static const struct trace_type TYPES[] = {[1] = {.name = "step", .level = TRACE_STEP}};
    struct arena *arena = arena_create("trace test", 0);
    struct trace *trace =
        trace_create(arena, &(struct trace_options){.types = TYPES, .type_count = 2});
    assert_ptr_equal(trace_type_of(trace, 1), &TYPES[1]);
    assert_null(trace_type_of(trace, 0));
    assert_null(trace_type_of(trace, 2));
    assert_null(trace_type_of(trace_create(arena, &(struct trace_options){.type_count = 0}), 1));
    arena_destroy(arena);
}

static void kernel_records_events_at_debug_level_only(void **state)
{
    (void)state;
    struct arena *arena = arena_create("trace test", 0);
    const enum trace_level levels[] = {TRACE_STEP, TRACE_DEBUG};
    for (size_t i = 0; i < 2; i++) {
        struct trace *trace = trace_create(arena, &(struct trace_options){.level = levels[i]});
        struct sim *sim = sim_create(arena, &(struct sim_options){.trace = trace});
        sim_schedule(
            sim, &(struct sim_event){.time_ns = 8, .subject = 2, .kind = 3, .priority = 4, .b = 5});
        struct sim_event event;
        assert_true(sim_next(sim, &event));
        assert_int_equal(trace_count(trace), i);
        if (i == 0)
            continue;
        const struct trace_record *record = trace_at(trace, 0);
        assert_int_equal(record->type, TRACE_TYPE_EVENT);
        assert_true(record->time_ns == 8 && record->subject == 2 && record->values[0] == 3);
        assert_true(record->values[1] == 4 && record->values[2] == 0 && record->values[3] == 5);
    }
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back_in_order),
        cmocka_unit_test(levels_and_limit_are_kept),
        cmocka_unit_test(types_are_looked_up_in_the_table_of_the_model),
        cmocka_unit_test(kernel_records_events_at_debug_level_only),
    };
    return cmocka_run_group_tests_name("kernel/trace", tests, NULL, NULL);
}
