/* The simulation object: order, handles, limits, history, independence. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/arena.h"
#include "sim/chance/draw.h"
#include "sim/kernel/sim.h"

static int set_up(void **state)
{
    *state = arena_create("sim test", 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

static struct sim_handle schedule(struct sim *sim, int64_t time_ns, uint32_t subject)
{
    return sim_schedule(sim, &(struct sim_event){.time_ns = time_ns, .subject = subject});
}

static void expect_next(struct sim *sim, int64_t time_ns, uint32_t subject)
{
    struct sim_event event;
    assert_true(sim_next(sim, &event));
    assert_int_equal(event.time_ns, time_ns);
    assert_int_equal(event.subject, subject);
    assert_int_equal(sim_now_ns(sim), time_ns);
}

static void expect_end(struct sim *sim, enum sim_stop reason)
{
    struct sim_event event = {.subject = 77};
    int64_t now_ns = sim_now_ns(sim);
    assert_false(sim_next(sim, &event));
    assert_int_equal(event.subject, 77);
    assert_int_equal(sim_now_ns(sim), now_ns);
    assert_int_equal(sim_stop_reason(sim), reason);
}

static void event_comes_out_as_it_went_in(void **state)
{
    struct sim *sim = sim_create(*state, NULL);
    struct sim_event in = {.time_ns = INT64_MAX,
                           .subject = UINT32_MAX,
                           .kind = UINT16_MAX,
                           .priority = SIM_PRIORITY_MAX,
                           .a = UINT64_MAX,
                           .b = 0x123456789abcdef0};
    sim_schedule(sim, &in);
    struct sim_event out;
    assert_true(sim_next(sim, &out));
    assert_true(out.time_ns == in.time_ns && out.subject == in.subject && out.kind == in.kind);
    assert_true(out.priority == in.priority && out.a == in.a && out.b == in.b);
    expect_end(sim, SIM_STOP_EMPTY);
}

static void order_is_time_then_priority_then_scheduling(void **state)
{
    struct sim *sim = sim_create(*state, &(struct sim_options){.capacity = 1});
    schedule(sim, 20, 1);
    schedule(sim, 10, 2);
    sim_schedule(sim, &(struct sim_event){.time_ns = 20, .subject = 3, .priority = 1});
    schedule(sim, 20, 4);
    schedule(sim, 10, 5);
    expect_next(sim, 10, 2);
    /* Scheduled into the present, behind what is there already; a priority above goes before. */
    schedule(sim, 10, 6);
    expect_next(sim, 10, 5);
    expect_next(sim, 10, 6);
    expect_next(sim, 20, 1);
    expect_next(sim, 20, 4);
    sim_schedule(sim, &(struct sim_event){.time_ns = 20, .subject = 7, .priority = 1});
    sim_schedule(sim, &(struct sim_event){.time_ns = 20, .subject = 8, .priority = 0});
    expect_next(sim, 20, 8);
    expect_next(sim, 20, 3);
    expect_next(sim, 20, 7);
    expect_end(sim, SIM_STOP_EMPTY);
}

static void many_ties_are_first_come_first_served(void **state)
{
    enum { COUNT = 1000 };
    struct sim *sim = sim_create(*state, &(struct sim_options){.capacity = 1});
    for (uint32_t i = 0; i < COUNT; i++)
        schedule(sim, 5, i);
    for (uint32_t i = 0; i < COUNT; i++)
        expect_next(sim, 5, i);
}

static void cancelled_event_does_not_fire(void **state)
{
    struct sim *sim = sim_create(*state, NULL);
    schedule(sim, 1, 1);
    struct sim_handle second = schedule(sim, 2, 2);
    schedule(sim, 3, 3);
    assert_true(sim_is_pending(sim, second));
    assert_int_equal(sim_time_of_ns(sim, second), 2);
    expect_next(sim, 1, 1);
    assert_true(sim_cancel(sim, second));
    assert_false(sim_cancel(sim, second));
    assert_false(sim_is_pending(sim, second));
    assert_int_equal(sim_time_of_ns(sim, second), -1);
    assert_int_equal(sim_peek_time_ns(sim), 3);
    expect_next(sim, 3, 3);
    expect_end(sim, SIM_STOP_EMPTY);
    assert_int_equal(sim_event_count(sim), 2);
    assert_int_equal(sim_cancelled_count(sim), 1);
    assert_int_equal(sim_scheduled_count(sim), 3);
}

static void stale_and_foreign_handles_are_refused(void **state)
{
    struct sim *sim = sim_create(*state, NULL);
    struct sim *other = sim_create(*state, NULL);
    struct sim_handle fired = schedule(sim, 1, 1);
    expect_next(sim, 1, 1);
    /* The slot of the fired event is used again. */
    struct sim_handle fresh = schedule(sim, 9, 2);
    assert_int_equal(fresh.slot, fired.slot);
    assert_int_not_equal(fresh.generation, fired.generation);

    schedule(other, 1, 1);
    struct sim_handle foreign = schedule(other, 2, 2);
    const struct sim_handle bad[] = {fired,           foreign,
                                     {0, 0},          {fresh.slot, 0},
                                     {UINT32_MAX, 1}, {fresh.slot + 1, fresh.generation}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(sim_is_pending(sim, bad[i]));
        assert_false(sim_cancel(sim, bad[i]));
        assert_false(sim_reschedule(sim, bad[i], 100));
        assert_int_equal(sim_time_of_ns(sim, bad[i]), -1);
    }
    assert_int_equal(sim_pending_count(sim), 1);
    expect_next(sim, 9, 2);
}

static void handle_goes_stale_while_its_event_is_handled(void **state)
{
    struct sim *sim = sim_create(*state, NULL);
    struct sim_handle only = schedule(sim, 1, 1);
    expect_next(sim, 1, 1);
    assert_false(sim_is_pending(sim, only));
    assert_false(sim_cancel(sim, only));
    assert_int_equal(sim_pending_count(sim), 0);
    assert_int_equal(sim_peek_time_ns(sim), -1);
    assert_int_equal(sim_stop_reason(sim), SIM_STOP_EMPTY);
}

static void rescheduled_event_keeps_its_handle_and_loses_its_turn(void **state)
{
    struct sim *sim = sim_create(*state, NULL);
    struct sim_handle first = schedule(sim, 5, 1);
    struct sim_handle second = schedule(sim, 5, 2);
    schedule(sim, 5, 3);
    assert_true(sim_reschedule(sim, first, 5));
    assert_true(sim_reschedule(sim, second, 4));
    assert_int_equal(sim_time_of_ns(sim, second), 4);
    expect_next(sim, 4, 2);
    expect_next(sim, 5, 3);
    assert_true(sim_reschedule(sim, first, 50));
    schedule(sim, 40, 4);
    expect_next(sim, 40, 4);
    assert_true(sim_is_pending(sim, first));
    expect_next(sim, 50, 1);
    assert_int_equal(sim_scheduled_count(sim), 4);
}

/* Between a pop and the next scheduling the root is a hole; whatever touches the heap then must
 * not trip over it, an event of higher priority at the present time included. */
static void queue_is_whole_while_an_event_is_handled(void **state)
{
    struct sim *sim = sim_create(*state, NULL);
    struct sim_handle handles[20];
    for (uint32_t i = 0; i < 20; i++)
        handles[i] = sim_schedule(
            sim,
            &(struct sim_event){.time_ns = 10 + i, .subject = i, .priority = (uint8_t)(i % 3)});
    expect_next(sim, 10, 0);
    assert_int_equal(sim_pending_count(sim), 19);
    assert_int_equal(sim_peek_time_ns(sim), 11);
    assert_true(sim_cancel(sim, handles[1]));
    assert_true(sim_reschedule(sim, handles[19], 10));
    assert_int_equal(sim_peek_time_ns(sim), 10);
    assert_true(sim_cancel(sim, handles[18]));
    expect_next(sim, 10, 19);
    for (uint32_t i = 2; i < 18; i++)
        expect_next(sim, 10 + i, i);
    expect_end(sim, SIM_STOP_EMPTY);
}

static void horizon_stops_before_later_events(void **state)
{
    struct sim *sim = sim_create(*state, &(struct sim_options){.horizon_ns = 10});
    schedule(sim, 11, 2);
    schedule(sim, 10, 1);
    expect_next(sim, 10, 1);
    expect_end(sim, SIM_STOP_HORIZON);
    assert_int_equal(sim_pending_count(sim), 1);
    schedule(sim, 10, 3);
    assert_int_equal(sim_stop_reason(sim), SIM_STOP_NOT_YET);
    expect_next(sim, 10, 3);
    expect_end(sim, SIM_STOP_HORIZON);
}

static void event_limit_stops_a_run_that_does_not_end(void **state)
{
    struct sim *sim = sim_create(*state, &(struct sim_options){.event_max = 100});
    schedule(sim, 0, 0);
    struct sim_event event;
    while (sim_next(sim, &event))
        sim_schedule(sim, &event);
    expect_end(sim, SIM_STOP_EVENT_LIMIT);
    assert_int_equal(sim_event_count(sim), 100);
}

/* Run in a child: does it end as a bug (abort) or at a limit (status 1)? */
static int status_of_child(void (*run)(struct sim *), struct sim *sim)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO);
        run(sim);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void schedule_in_the_past(struct sim *sim)
{
    schedule(sim, sim_now_ns(sim) - 1, 0);
}

static void schedule_priority_16(struct sim *sim)
{
    sim_schedule(sim, &(struct sim_event){.time_ns = 100, .priority = SIM_PRIORITY_MAX + 1});
}

static void schedule_past_the_last_sequence(struct sim *sim)
{
    sim->sequence = SIM_SEQUENCE_MAX - 1;
    schedule(sim, 100, 0);
    if (sim_pending_count(sim) == 1)
        schedule(sim, 100, 0);
}

static void misuse_and_limits_end_the_process(void **state)
{
    struct sim *sim = sim_create(*state, NULL);
    schedule(sim, 10, 1);
    expect_next(sim, 10, 1);
    assert_true(WIFSIGNALED(status_of_child(schedule_in_the_past, sim)));
    assert_true(WIFSIGNALED(status_of_child(schedule_priority_16, sim)));
    int status = status_of_child(schedule_past_the_last_sequence, sim);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

/* Where the sequence's low 32 bits are zero, the generation must still not be. */
static void generation_is_never_zero(void **state)
{
    struct sim *sim = sim_create(*state, NULL);
    sim->sequence = UINT32_MAX;
    struct sim_handle handle = schedule(sim, 1, 1);
    assert_int_equal((uint32_t)sim->sequence, 0);
    assert_true(sim_is_pending(sim, handle));
    assert_true(sim_cancel(sim, handle));
}

static uint64_t shuffled(void *context, const struct sim_event *event)
{
    return draw_bits(*(uint64_t *)context, 0, (struct draw_name){event->subject, 256, 0});
}

static void tie_order_shuffles_ties_and_nothing_else(void **state)
{
    enum { COUNT = 120, TIME_COUNT = 3 };
    uint32_t orders[2][COUNT];
    for (uint64_t seed = 0; seed < 2; seed++) {
        struct sim *sim =
            sim_create(*state, &(struct sim_options){.tie_order = shuffled, .tie_context = &seed});
        for (uint32_t i = 0; i < COUNT; i++)
            schedule(sim, i % TIME_COUNT, i);
        bool has_fired[COUNT] = {false};
        int64_t last_ns = 0;
        struct sim_event event;
        for (size_t i = 0; sim_next(sim, &event); i++) {
            assert_true(event.time_ns >= last_ns);
            assert_int_equal(event.time_ns, event.subject % TIME_COUNT);
            assert_false(has_fired[event.subject]);
            has_fired[event.subject] = true;
            last_ns = event.time_ns;
            orders[seed][i] = event.subject;
        }
        assert_int_equal(sim_event_count(sim), COUNT);
    }
    /* Two permutations of 3 x 40 agree in about 3 places; in all with probability 1/40!^3. */
    size_t same_count = 0;
    for (size_t i = 0; i < COUNT; i++)
        same_count += orders[0][i] == orders[1][i];
    assert_true(same_count < COUNT / 4);
}

static uint64_t reversed(void *context, const struct sim_event *event)
{
    (void)context;
    return UINT64_MAX - event->subject;
}

static void tie_order_holds_for_rescheduled_events(void **state)
{
    struct sim *sim = sim_create(*state, &(struct sim_options){.tie_order = reversed});
    schedule(sim, 5, 1);
    struct sim_handle middle = schedule(sim, 9, 2);
    schedule(sim, 5, 3);
    /* Its rank would put it first; the rank, all 64 bits of it, must not reach the priority. */
    sim_schedule(sim, &(struct sim_event){.time_ns = 5, .subject = 4, .priority = 1});
    assert_true(sim_reschedule(sim, middle, 5));
    expect_next(sim, 5, 3);
    expect_next(sim, 5, 2);
    expect_next(sim, 5, 1);
    expect_next(sim, 5, 4);
}

static uint64_t history_of(struct arena *arena, const struct sim_event *events, size_t count)
{
    struct sim *sim = sim_create(arena, NULL);
    for (size_t i = 0; i < count; i++)
        sim_schedule(sim, &events[i]);
    struct sim_event event;
    while (sim_next(sim, &event))
        continue;
    return sim_history_hash(sim);
}

static void history_tells_every_field_apart(void **state)
{
    const struct sim_event base[] = {{.time_ns = 1, .subject = 2, .kind = 3, .a = 4, .b = 5},
                                     {.time_ns = 2, .subject = 3, .kind = 4, .a = 5, .b = 6}};
    uint64_t hashes[9] = {history_of(*state, base, 2)};
    assert_int_equal(hashes[0], history_of(*state, base, 2));
    for (size_t i = 1; i < 9; i++) {
        struct sim_event changed[2] = {base[0], base[1]};
        switch (i) {
        case 1: changed[0].time_ns = 0; break;
        case 2: changed[0].subject++; break;
        case 3: changed[0].kind++; break;
        case 4: changed[0].a++; break;
        case 5: changed[0].b++; break;
        case 6: changed[0].a = 5, changed[0].b = 4; break;
        case 7: changed[0] = base[1], changed[1] = base[0], changed[0].time_ns = 1; break;
        case 8: changed[1].b ^= UINT64_C(1) << 63; break;
        }
        hashes[i] = history_of(*state, changed, 2);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(hashes[i], hashes[j]);
    }
}

static void history_includes_what_the_model_folds_in_order(void **state)
{
    struct sim *sims[3];
    for (size_t i = 0; i < 3; i++)
        sims[i] = sim_create(*state, NULL);
    assert_int_equal(sim_history_hash(sims[0]), HISTORY_EMPTY);
    sim_fold(sims[0], 1), sim_fold(sims[0], 2);
    sim_fold(sims[1], 2), sim_fold(sims[1], 1);
    sim_fold(sims[2], 1), sim_fold(sims[2], 2);
    assert_int_not_equal(sim_history_hash(sims[0]), sim_history_hash(sims[1]));
    assert_int_equal(sim_history_hash(sims[0]), sim_history_hash(sims[2]));

    /* Without the rotation changes of the top bits would cancel. */
    const uint64_t top = UINT64_C(1) << 63;
    assert_int_not_equal(history_fold(history_fold(7, 1), 2),
                         history_fold(history_fold(7, 1 ^ top), 2 ^ top));
}

/* A small random model: every event schedules up to two others and cancels or moves a third, ties
 * and bursts included. `scale` multiplies all times, `relabel` is added to all subjects; the order
 * in which things happen may depend on neither. */
enum { TANGLE_EVENT_COUNT = 2000, TANGLE_HANDLE_COUNT = 16 };

struct tangle {
    struct sim *sim;
    uint64_t seed;
    int64_t scale;
    uint32_t relabel;
    struct sim_handle handles[TANGLE_HANDLE_COUNT];
    uint64_t order_hash; /* Over what fired, in the model's own terms. */
};

static void tangle_start(struct tangle *tangle)
{
    tangle->order_hash = HISTORY_EMPTY;
    for (uint32_t i = 0; i < TANGLE_HANDLE_COUNT; i++)
        tangle->handles[i] =
            schedule(tangle->sim, (int64_t)(i / 4) * tangle->scale, i + tangle->relabel);
}

static bool tangle_step(struct tangle *tangle)
{
    struct sim_event event;
    if (!sim_next(tangle->sim, &event))
        return false;
    uint32_t subject = event.subject - tangle->relabel;
    tangle->order_hash = history_fold(
        history_fold(tangle->order_hash, (uint64_t)(event.time_ns / tangle->scale)), subject);
    uint64_t number = sim_event_count(tangle->sim);
    uint64_t bits = draw_bits(tangle->seed, 0, (struct draw_name){(uint32_t)number, 256, 0});
    int64_t later_ns = event.time_ns + (int64_t)(bits & 7) * tangle->scale;
    uint32_t victim = bits >> 8 & (TANGLE_HANDLE_COUNT - 1);
    if ((bits >> 16 & 3) == 0)
        sim_cancel(tangle->sim, tangle->handles[victim]);
    else if ((bits >> 16 & 3) == 1)
        sim_reschedule(tangle->sim, tangle->handles[victim], later_ns);
    uint32_t child_count = sim_pending_count(tangle->sim) < 8 ? 2 : (bits >> 20 & 3) % 3;
    for (uint32_t i = 0; i < child_count; i++)
        tangle->handles[(subject + 5 * i) % TANGLE_HANDLE_COUNT] =
            schedule(tangle->sim, later_ns, (uint32_t)(bits >> (24 + i) & 1023) + tangle->relabel);
    return number < TANGLE_EVENT_COUNT;
}

static uint64_t tangle_run(struct arena *arena, struct tangle tangle, size_t capacity)
{
    tangle.sim = sim_create(arena, &(struct sim_options){.capacity = capacity});
    tangle_start(&tangle);
    while (tangle_step(&tangle))
        continue;
    assert_int_equal(sim_event_count(tangle.sim), TANGLE_EVENT_COUNT);
    return tangle.order_hash;
}

static void order_survives_scaling_relabelling_and_capacity(void **state)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct tangle plain = {.seed = seed, .scale = 1};
        uint64_t order = tangle_run(*state, plain, 0);
        assert_int_equal(order, tangle_run(*state, plain, 1));
        assert_int_equal(order, tangle_run(*state, plain, 5000));
        struct tangle scaled = {.seed = seed, .scale = 3};
        assert_int_equal(order, tangle_run(*state, scaled, 0));
        struct tangle relabelled = {.seed = seed, .scale = 1, .relabel = 1000000};
        assert_int_equal(order, tangle_run(*state, relabelled, 0));
        struct tangle other = {.seed = seed + 1000, .scale = 1};
        assert_int_not_equal(order, tangle_run(*state, other, 0));
    }
}

static void interleaved_simulations_do_not_touch_each_other(void **state)
{
    struct tangle alone[2], mixed[2];
    for (size_t i = 0; i < 2; i++) {
        alone[i] = mixed[i] = (struct tangle){.seed = 40 + i, .scale = 1};
        alone[i].sim = sim_create(*state, NULL);
        mixed[i].sim = sim_create(*state, NULL);
        tangle_start(&alone[i]);
        while (tangle_step(&alone[i]))
            continue;
    }
    tangle_start(&mixed[0]);
    tangle_start(&mixed[1]);
    for (bool is_going = true; is_going;) {
        is_going = tangle_step(&mixed[0]);
        assert_true(tangle_step(&mixed[1]) == is_going);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(mixed[i].order_hash, alone[i].order_hash);
        assert_int_equal(sim_history_hash(mixed[i].sim), sim_history_hash(alone[i].sim));
    }
}

/* After the tables have grown to the number of pending events, the arena gives nothing more. */
static void steady_state_allocates_nothing(void **state)
{
    struct sim *sim = sim_create(*state, &(struct sim_options){.capacity = 1});
    for (uint32_t i = 0; i < 1000; i++)
        schedule(sim, i, i);
    size_t used_bytes = arena_used_bytes(*state);
    struct sim_event event;
    for (size_t i = 0; i < 10000; i++) {
        assert_true(sim_next(sim, &event));
        event.time_ns += 1000;
        struct sim_handle handle = sim_schedule(sim, &event);
        if (i % 3 == 0) {
            assert_true(sim_cancel(sim, handle));
            sim_schedule(sim, &event);
        }
    }
    assert_int_equal(arena_used_bytes(*state), used_bytes);
    assert_int_equal(sim_pending_count(sim), 1000);
    assert_int_equal(sim_pending_max(sim), 1000);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(event_comes_out_as_it_went_in),
        WITH_ARENA(order_is_time_then_priority_then_scheduling),
        WITH_ARENA(many_ties_are_first_come_first_served),
        WITH_ARENA(cancelled_event_does_not_fire),
        WITH_ARENA(stale_and_foreign_handles_are_refused),
        WITH_ARENA(handle_goes_stale_while_its_event_is_handled),
        WITH_ARENA(rescheduled_event_keeps_its_handle_and_loses_its_turn),
        WITH_ARENA(queue_is_whole_while_an_event_is_handled),
        WITH_ARENA(horizon_stops_before_later_events),
        WITH_ARENA(event_limit_stops_a_run_that_does_not_end),
        WITH_ARENA(misuse_and_limits_end_the_process),
        WITH_ARENA(generation_is_never_zero),
        WITH_ARENA(tie_order_shuffles_ties_and_nothing_else),
        WITH_ARENA(tie_order_holds_for_rescheduled_events),
        WITH_ARENA(history_tells_every_field_apart),
        WITH_ARENA(history_includes_what_the_model_folds_in_order),
        WITH_ARENA(order_survives_scaling_relabelling_and_capacity),
        WITH_ARENA(interleaved_simulations_do_not_touch_each_other),
        WITH_ARENA(steady_state_allocates_nothing),
    };
    return cmocka_run_group_tests_name("kernel/sim", tests, NULL, NULL);
}
