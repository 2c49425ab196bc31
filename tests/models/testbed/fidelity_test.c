/* What is compared of a live and a simulated wave: steps cut out of what an engine is told and
 * says, and verdicts on sides that were made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "models/testbed/fidelity.h"
#include "models/testbed/onlooker.h"
#include "sim/base/units.h"
#include "tests/models/vmc/fixture.h"

enum { WORKFLOWS = 400 };

/* cmocka's own compares floats. */
static void assert_near(double value, double expected, double slack)
{
    if (!(fabs(value - expected) <= slack))
        fail_msg("%.15g, not %.15g", value, expected);
}

static void send_out(struct fidelity_side *side, uint32_t workflow, int64_t now_ns,
                     enum rce_operation operation, uint8_t host)
{
    const struct rce_input input = {.now_ns = now_ns, .kind = RCE_INPUT_TIMER};
    struct rce_actions actions = {.count = 2};
    actions.items[0] = (struct rce_action){.kind = RCE_PERSIST};
    actions.items[1] = (struct rce_action){.kind = RCE_SEND, .operation = operation, .host = host};
    fidelity_watch(side, workflow, &input, &actions);
}

static void call_back(struct fidelity_side *side, uint32_t workflow, int64_t now_ns,
                      enum rce_operation operation, uint8_t host, enum rce_outcome outcome)
{
    const struct rce_input input = {.now_ns = now_ns,
                                    .kind = RCE_INPUT_CALLBACK,
                                    .operation = operation,
                                    .host = host,
                                    .outcome = outcome};
    fidelity_watch(side, workflow, &input, &(struct rce_actions){0});
}

static void test_steps(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct fidelity_side *side = fidelity_side_create(arena, 3);
    send_out(side, 1, 10, RCE_BACKUP, RCE_NO_HOST);
    send_out(side, 1, 12, RCE_READ_CLUSTER, RCE_NO_HOST); /* A read is no step. */
    send_out(side, 2, 13, RCE_ENTER_MAINTENANCE, 0);
    send_out(side, 2, 14, RCE_ENTER_MAINTENANCE, 1);
    send_out(side, 2, 20, RCE_ENTER_MAINTENANCE, 0); /* Asked again: since the first time. */
    call_back(side, 2, 29, RCE_ENTER_MAINTENANCE, 0, RCE_TASK_FAILED); /* Not done. */
    call_back(side, 2, 33, RCE_ENTER_MAINTENANCE, 0, RCE_TASK_SUCCEEDED);
    call_back(side, 2, 34, RCE_ENTER_MAINTENANCE, 0, RCE_TASK_SUCCEEDED); /* Told twice. */
    call_back(side, 1, 30, RCE_BACKUP, RCE_NO_HOST, RCE_TASK_SUCCEEDED);
    call_back(side, 0, 31, RCE_BACKUP, RCE_NO_HOST, RCE_TASK_SUCCEEDED); /* Of nobody. */
    assert_int_equal(side->steps_count, 2);
    assert_int_equal(side->steps[0].duration_ns, 20);
    assert_int_equal(side->steps[0].workflow, 2);
    assert_int_equal(side->steps[1].duration_ns, 20);
    assert_int_equal(side->steps[1].operation, RCE_BACKUP);
    /* What was open is forgotten with its wave. */
    fidelity_next_wave(side);
    call_back(side, 2, 40, RCE_ENTER_MAINTENANCE, 1, RCE_TASK_SUCCEEDED);
    assert_int_equal(side->steps_count, 2);
    /* Slots are used again. */
    for (int64_t i = 0; i < 1000; i++) {
        send_out(side, 0, i, RCE_UPDATE_HOST, 3);
        call_back(side, 0, i + 7, RCE_UPDATE_HOST, 3, RCE_TASK_SUCCEEDED);
    }
    assert_int_equal(side->steps_count, 1002);
    assert_int_equal(side->open_count, 1);
    arena_destroy(arena);
}

/* A question about waves whose steps take 60 s to 100 s; those of the live one longer by some
 * seconds than those of the same draws. */
enum { WAVES = FIDELITY_WAVES_MIN };

struct scene {
    struct arena *arena;
    struct fidelity_question question;
    struct fidelity_workflow workflows[WORKFLOWS];
    uint32_t failed_counts[WAVES];
};

/* A number in [0, 1) that looks random. */
static double hashed(uint32_t wave, uint32_t i)
{
    uint64_t key = ((uint64_t)wave << 32 | (i + 1)) * UINT64_C(0x9e3779b97f4a7c15);
    key = (key ^ key >> 32) * UINT64_C(0xd6e8feb86659fd93);
    key = (key ^ key >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return (double)(key >> 11) * 0x1p-53;
}

static void add_wave(struct fidelity_side *side, uint32_t wave, double late_s, double width_s)
{
    fidelity_next_wave(side);
    for (uint32_t i = 0; i < WORKFLOWS; i++) {
        double took_s = 60 + hashed(wave, i) * width_s + late_s;
        send_out(side, i, 0, RCE_EXIT_MAINTENANCE, 0);
        call_back(side, i, (int64_t)(took_s * (double)UNITS_S), RCE_EXIT_MAINTENANCE, 0,
                  RCE_TASK_SUCCEEDED);
    }
}

static struct fidelity_side *make_side(struct arena *arena, uint32_t wave, double late_s,
                                       double width_s)
{
    struct fidelity_side *side = fidelity_side_create(arena, WORKFLOWS);
    add_wave(side, wave, late_s, width_s);
    return side;
}

/* Other waves, each longer as a whole by up to `apart_s`. */
static struct fidelity_side *make_others(struct arena *arena, double apart_s)
{
    struct fidelity_side *side = fidelity_waves_create(arena, WORKFLOWS);
    for (uint32_t wave = 1; wave <= WAVES; wave++)
        add_wave(side, wave, apart_s * wave / WAVES, 40);
    return side;
}

static void make_scene(struct scene *scene, double late_s, double width_s)
{
    struct arena *arena = arena_create("test", 0);
    *scene = (struct scene){.arena = arena};
    scene->question = (struct fidelity_question){.simulated = make_others(arena, 0),
                                                 .same = make_side(arena, 0, 0, 40),
                                                 .live = make_side(arena, 0, late_s, width_s),
                                                 .workflows = scene->workflows,
                                                 .workflows_count = WORKFLOWS,
                                                 .failed_counts = scene->failed_counts,
                                                 .waves_count = WAVES,
                                                 .shift_ns = 10 * UNITS_S,
                                                 .confidence = 0.95,
                                                 .rate_tolerance = 0.03,
                                                 .calls_tolerance = 0.05};
    for (uint32_t i = 0; i < WORKFLOWS; i++)
        scene->workflows[i] = (struct fidelity_workflow){.simulated_failed = i < 80,
                                                         .live_failed = i < 80,
                                                         .simulated_calls = 30 + i % 5,
                                                         .live_calls = 30 + i % 5};
    for (uint32_t i = 0; i < WAVES; i++) /* In no order, with one far out on each side. */
        scene->failed_counts[i] = i == 7 ? 5 : i == 150 ? 300 : 60 + i * 37 % 41;
}

static struct fidelity_answer ask(struct scene *scene)
{
    struct fidelity_answer answer;
    fidelity_compare(scene->arena, &scene->question, &answer);
    arena_destroy(scene->arena);
    return answer;
}

static void test_same(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 0, 40);
    struct fidelity_answer answer = ask(&scene);
    assert_int_equal(answer.verdict, FIDELITY_PASS);
    assert_int_equal(answer.operations_count, 1);
    assert_int_equal(answer.operations[0].operation, RCE_EXIT_MAINTENANCE);
    assert_int_equal(answer.operations[0].simulated_count, WAVES * WORKFLOWS);
    assert_int_equal(answer.operations[0].paired_count, WORKFLOWS);
    assert_near(answer.operations[0].paired_p95_s, 0, 0);
    assert_true(answer.room_ns == 10 * UNITS_S);
    assert_int_equal(answer.live_failed_count, 80);
    assert_near(answer.rate_same.estimate, 0, 1e-12);
    assert_near(answer.calls.estimate, 0, 0);
    /* With 199 waves 99 % are all of them. */
    assert_near(answer.others_low, 5.0 / WORKFLOWS, 1e-12);
    assert_near(answer.others_high, 300.0 / WORKFLOWS, 1e-12);
}

static void test_late_within_room(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 9, 40);
    struct fidelity_answer answer = ask(&scene);
    assert_int_equal(answer.steps_verdict, FIDELITY_PASS);
    /* Without room: 9 s of 40. */
    assert_near(answer.operations[0].distance, 9.0 / 40, 0.05);
    assert_true(answer.operations[0].distance_shifted < 0.1);
    assert_near(answer.operations[0].paired_median_s, 9, 1e-6);
    assert_near(answer.operations[0].paired_p95_s, 9, 1e-6);
}

static void test_late_beyond_room(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 20, 40);
    struct fidelity_answer answer = ask(&scene);
    assert_int_equal(answer.steps_verdict, FIDELITY_FAIL);
    assert_int_equal(answer.verdict, FIDELITY_FAIL);
    assert_true(answer.operations[0].is_different);
    assert_near(answer.operations[0].p_adjusted, 1.0 / (WAVES + 1), 1e-12);
}

/* A late machine excuses what it can have done, and nothing beyond. */
static void test_late_machine(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 20, 40);
    scene.question.late_ns = 21 * UNITS_S;
    struct fidelity_answer answer = ask(&scene);
    assert_int_equal(answer.steps_verdict, FIDELITY_PASS);
    assert_true(answer.room_ns == 21 * UNITS_S);
    assert_false(answer.is_machine_too_late);
    make_scene(&scene, 20, 40);
    scene.question.late_ns = 12 * UNITS_S; /* Late, but not by that much. */
    answer = ask(&scene);
    assert_int_equal(answer.verdict, FIDELITY_FAIL);
    assert_true(answer.room_ns == 12 * UNITS_S);
    assert_int_equal(answer.rate_verdict, FIDELITY_PASS);
    /* By more than half of what a step takes, 40 s: that excuses anything, so nothing is known...
     */
    make_scene(&scene, 20, 40);
    scene.question.late_ns = 42 * UNITS_S;
    answer = ask(&scene);
    assert_int_equal(answer.steps_verdict, FIDELITY_INCONCLUSIVE);
    assert_int_equal(answer.rate_verdict, FIDELITY_PASS);
    assert_true(answer.is_machine_too_late);
    /* ... but that all stalls together do not make a step so much longer. */
    make_scene(&scene, 60, 40);
    scene.question.late_ns = 42 * UNITS_S;
    scene.question.worst_ns = 55 * UNITS_S;
    answer = ask(&scene);
    assert_int_equal(answer.verdict, FIDELITY_FAIL);
    assert_false(answer.is_machine_too_late);
    make_scene(&scene, 60, 40);
    scene.question.late_ns = 42 * UNITS_S;
    scene.question.worst_ns = 65 * UNITS_S;
    assert_int_equal(ask(&scene).verdict, FIDELITY_INCONCLUSIVE);
    make_scene(&scene, 20, 40);
    scene.question.late_ns = 12 * UNITS_S; /* They are no excuse where lateness was moderate. */
    scene.question.worst_ns = 65 * UNITS_S;
    assert_int_equal(ask(&scene).verdict, FIDELITY_FAIL);
    /* Where half of the steps are as long as the same ones, the rest waited for a late machine: it
     * cannot be told, but for one that kept time. */
    for (int is_late = 0; is_late < 2; is_late++) {
        make_scene(&scene, 0, 40);
        scene.question.same = scene.question.live = make_side(scene.arena, 0, 0, 120);
        scene.question.late_ns = (is_late ? 12 : 9) * UNITS_S;
        answer = ask(&scene);
        assert_int_equal(answer.verdict, is_late ? FIDELITY_INCONCLUSIVE : FIDELITY_FAIL);
        assert_int_equal(answer.is_machine_too_late, is_late);
    }
    /* What passes needs no excuse. */
    make_scene(&scene, 0, 40);
    scene.question.late_ns = UNITS_H;
    answer = ask(&scene);
    assert_int_equal(answer.verdict, FIDELITY_PASS);
    assert_false(answer.is_machine_too_late);
    assert_true(answer.room_ns == 10 * UNITS_S);
}

/* Where the steps are known as their world had them, what differs there is the world, however busy
 * the machine was; what does not was held up on the way. */
static void test_world(void **state)
{
    (void)state;
    static struct scene scene;
    const int64_t lates_s[] = {0, 12, 21, 3600}; /* with room for 10 */
    for (size_t i = 0; i < 4; i++) {
        for (int is_world = 0; is_world < 2; is_world++) {
            make_scene(&scene, 20, 40);
            scene.question.service = make_side(scene.arena, 0, is_world ? 20 : 0, 40);
            scene.question.late_ns = scene.question.worst_ns = lates_s[i] * UNITS_S;
            struct fidelity_answer answer = ask(&scene);
            const struct fidelity_operation *operation = &answer.operations[0];
            assert_near(operation->world_median_s, is_world ? 20 : 0, 1e-6);
            assert_int_equal(operation->is_world_different, is_world);
            /* 20 s are more than all that was measured can have held them up by, up to 12 s. */
            bool is_unexplained = is_world || lates_s[i] < 20, has_room = lates_s[i] == 21;
            assert_int_equal(answer.steps_verdict, is_unexplained ? FIDELITY_FAIL
                                                   : has_room     ? FIDELITY_PASS
                                                                  : FIDELITY_INCONCLUSIVE);
            assert_int_equal(answer.is_machine_too_late, !is_unexplained && !has_room);
            assert_true(!is_world || operation->is_different);
        }
    }
    /* A world that differs is told, however few steps anybody heard the end of. */
    for (int is_world = 0; is_world < 2; is_world++) {
        make_scene(&scene, 0, 40);
        scene.question.live = fidelity_side_create(scene.arena, WORKFLOWS);
        scene.question.service = make_side(scene.arena, 0, is_world ? 20 : 0, 40);
        struct fidelity_answer answer = ask(&scene);
        assert_int_equal(answer.steps_verdict, is_world ? FIDELITY_FAIL : FIDELITY_INCONCLUSIVE);
        assert_int_equal(answer.operations[0].paired_count, 0);
        assert_int_equal(answer.operations[0].world_paired_count, WORKFLOWS);
        assert_near(answer.operations[0].world_median_s, is_world ? 20 : 0, 1e-6);
    }
    /* Another distribution, of which the same wave knows: the world, unless a late machine may have
     * come to it at another time. */
    for (int is_late = 0; is_late < 2; is_late++) {
        make_scene(&scene, 0, 120);
        scene.question.same = scene.question.service = scene.question.live;
        scene.question.late_ns = (is_late ? 12 : 9) * UNITS_S;
        scene.question.worst_ns = scene.question.late_ns;
        struct fidelity_answer answer = ask(&scene);
        assert_true(answer.operations[0].is_world_different);
        assert_int_equal(answer.steps_verdict, is_late ? FIDELITY_INCONCLUSIVE : FIDELITY_FAIL);
    }
}

static void fail_live(struct scene *scene, int first, int count, int close_count)
{
    for (int i = first; i < first + count; i++) {
        scene->workflows[i].live_failed = true;
        scene->workflows[i].is_close = i < first + close_count;
    }
}

/* What a late machine is to have done is held against what the world answers to the same. */
static void test_replayed_world(void **state)
{
    (void)state;
    static struct scene scene;
    const enum fidelity_world worlds[] = {FIDELITY_WORLD_UNKNOWN, FIDELITY_WORLD_SAME,
                                          FIDELITY_WORLD_OTHER};
    for (int i = 0; i < 3; i++) {
        for (int is_late = 0; is_late < 2; is_late++) {
            /* 60 fail live that are not close: bunched requests can have done it. */
            make_scene(&scene, 0, 40);
            fail_live(&scene, 80, 60, 0);
            scene.question.world = worlds[i];
            scene.question.late_ns = (is_late ? 12 : 9) * UNITS_S;
            struct fidelity_answer answer = ask(&scene);
            bool is_open = is_late && worlds[i] == FIDELITY_WORLD_SAME;
            assert_int_equal(answer.rate_verdict, is_open ? FIDELITY_INCONCLUSIVE : FIDELITY_FAIL);
            assert_int_equal(answer.is_machine_too_late, is_open);
        }
        /* All that are close, of a machine that is late: another world is not excused. */
        make_scene(&scene, 0, 40);
        fail_live(&scene, 80, 60, 60);
        scene.question.world = worlds[i];
        scene.question.late_ns = 12 * UNITS_S;
        assert_int_equal(ask(&scene).rate_verdict,
                         worlds[i] == FIDELITY_WORLD_OTHER ? FIDELITY_FAIL : FIDELITY_INCONCLUSIVE);
        /* What agrees needs no excuse; but that another world does so is not told. */
        make_scene(&scene, 0, 40);
        scene.question.world = worlds[i];
        bool is_other = worlds[i] == FIDELITY_WORLD_OTHER;
        struct fidelity_answer answer = ask(&scene);
        assert_int_equal(answer.steps_verdict, FIDELITY_PASS);
        assert_int_equal(answer.verdict, is_other ? FIDELITY_INCONCLUSIVE : FIDELITY_PASS);
        /* Half of the steps were held up, by no more than the worst: in another world they differ,
         * and those that do are named. */
        make_scene(&scene, 20, 40);
        scene.question.world = worlds[i];
        scene.question.late_ns = scene.question.worst_ns = 21 * UNITS_S;
        answer = ask(&scene);
        assert_int_equal(answer.verdict, is_other ? FIDELITY_FAIL : FIDELITY_PASS);
        assert_int_equal(answer.operations[0].is_different, is_other);
        assert_false(answer.is_machine_too_late);
    }
}

/* A step that is shorter than twice the shift is not told, and nobody says that it passed. */
static void test_wide_shift(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 0, 40); /* Steps of 80 s. */
    scene.question.shift_ns = 42 * UNITS_S;
    struct fidelity_answer answer = ask(&scene);
    assert_int_equal(answer.verdict, FIDELITY_INCONCLUSIVE);
    assert_int_equal(answer.steps_verdict, FIDELITY_INCONCLUSIVE);
    assert_int_equal(answer.untold_count, 1);
    assert_true(answer.operations[0].is_untold);
    assert_true(answer.is_shift_too_wide);
    assert_false(answer.is_machine_too_late);
    make_scene(&scene, 0, 40);
    scene.question.shift_ns = 38 * UNITS_S;
    answer = ask(&scene);
    assert_int_equal(answer.steps_verdict, FIDELITY_PASS);
    assert_false(answer.operations[0].is_untold);
    assert_false(answer.is_shift_too_wide);
    /* What differs by more than even that has been told. */
    make_scene(&scene, 60, 40);
    scene.question.shift_ns = 42 * UNITS_S;
    answer = ask(&scene);
    assert_int_equal(answer.steps_verdict, FIDELITY_FAIL);
    assert_int_equal(answer.untold_count, 0);
    /* A machine that was no later is no excuse, whatever its stalls were together. */
    make_scene(&scene, 60, 40);
    scene.question.shift_ns = scene.question.late_ns = 42 * UNITS_S;
    scene.question.worst_ns = 65 * UNITS_S;
    for (int i = 0; i < 60; i++)
        scene.workflows[i].is_close = true;
    answer = ask(&scene);
    assert_int_equal(answer.steps_verdict, FIDELITY_FAIL);
    assert_false(answer.is_machine_too_late || answer.is_shift_too_wide);
}

/* By how much time alone can have decided who fails: late by so much, steps longer by so much, a
 * shift of 10 s. */
static int64_t reach_of(int64_t late_s, double longer_s)
{
    static struct scene scene;
    make_scene(&scene, longer_s, 40);
    scene.question.late_ns = late_s * UNITS_S;
    int64_t reach_ns = fidelity_reach_ns(scene.arena, &scene.question);
    arena_destroy(scene.arena);
    return (reach_ns + UNITS_MS) / UNITS_S;
}

static void test_reach(void **state)
{
    (void)state;
    assert_int_equal(reach_of(0, 0), 0); /* Room that nothing needs decides nothing. */
    assert_int_equal(reach_of(3, 0), 3);
    assert_int_equal(reach_of(3, 6), 6);
    assert_int_equal(reach_of(3, 60), 10);
    assert_int_equal(reach_of(12, 60), 12);
}

/* Of two operations the one that differs most counts, if there are enough of its steps. */
static void test_operations(void **state)
{
    (void)state;
    static struct scene scene;
    for (uint32_t count = 7; count < 9; count++) {
        make_scene(&scene, 0, 40);
        struct fidelity_side *same = make_side(scene.arena, 0, 0, 40);
        struct fidelity_side *live = make_side(scene.arena, 0, 6, 40);
        scene.question.same = same;
        scene.question.live = live;
        for (uint32_t i = 0; i < 20; i++) {
            send_out(same, i, 0, RCE_BACKUP, RCE_NO_HOST);
            call_back(same, i, 100 * UNITS_S, RCE_BACKUP, RCE_NO_HOST, RCE_TASK_SUCCEEDED);
            if (i >= count)
                continue;
            send_out(live, i, 0, RCE_BACKUP, RCE_NO_HOST);
            call_back(live, i, 92 * UNITS_S, RCE_BACKUP, RCE_NO_HOST, RCE_TASK_SUCCEEDED);
        }
        int64_t reach_ns = fidelity_reach_ns(scene.arena, &scene.question);
        assert_int_equal((reach_ns + UNITS_MS) / UNITS_S, count < 8 ? 6 : 8);
        struct fidelity_answer answer = ask(&scene);
        assert_int_equal(answer.operations_count, 2);
        for (size_t i = 0; i < 2; i++) {
            bool is_backup = answer.operations[i].operation == RCE_BACKUP;
            assert_int_equal(answer.operations[i].paired_count, is_backup ? count : WORKFLOWS);
            assert_near(answer.operations[i].paired_median_s, is_backup ? 8 : 6, 1e-6);
        }
    }
}

/* Of other waves nothing is kept but durations, and that once. */
static void test_memory(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    const struct fidelity_side *side = make_others(arena, 0);
    size_t count = (size_t)WAVES * WORKFLOWS;
    assert_int_equal(side->durations_count[RCE_EXIT_MAINTENANCE], count);
    assert_int_equal(side->steps_count, 0);
    assert_in_range(arena_used_bytes(arena), 8 * count, 10 * count);
    arena_destroy(arena);
}

static void test_other_shape(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 0, 120);
    assert_int_equal(ask(&scene).steps_verdict, FIDELITY_FAIL);
    /* By distribution alone: the wave of the same draws is as the live one, and both are odd. */
    make_scene(&scene, 0, 120);
    scene.question.same = scene.question.live;
    struct fidelity_answer answer = ask(&scene);
    assert_int_equal(answer.steps_verdict, FIDELITY_FAIL);
    assert_near(answer.operations[0].paired_median_s, 0, 0);
}

/* The same distribution, but other steps than those of the same draws. */
static void test_other_steps(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 0, 40);
    scene.question.live = make_side(scene.arena, WAVES + 1, 0, 40);
    scene.question.shift_ns = 5 * UNITS_S;
    struct fidelity_answer answer = ask(&scene);
    assert_true(answer.operations[0].p_adjusted > 0.05);
    assert_int_equal(answer.steps_verdict, FIDELITY_FAIL);
}

/* Steps of one wave are alike: the other waves know that, a formula for independent ones does not.
 */
static void test_waves_that_differ(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 0, 40);
    scene.question.simulated = make_others(scene.arena, 20);
    scene.question.same = scene.question.live = make_side(scene.arena, 0, 14, 40);
    scene.question.shift_ns = 0;
    struct fidelity_answer answer = ask(&scene);
    /* Independent ones would be told apart: Kolmogorov's 1 % is 1.63. */
    assert_true(answer.operations[0].distance_shifted * sqrt(WORKFLOWS) > 1.65);
    assert_true(answer.operations[0].p_adjusted > 0.05);
    assert_int_equal(answer.steps_verdict, FIDELITY_PASS);
    /* Beyond all of them. */
    make_scene(&scene, 0, 40);
    scene.question.simulated = make_others(scene.arena, 20);
    scene.question.same = scene.question.live = make_side(scene.arena, 0, 30, 40);
    scene.question.shift_ns = 0;
    assert_int_equal(ask(&scene).steps_verdict, FIDELITY_FAIL);
}

static void test_rates(void **state)
{
    (void)state;
    static struct scene scene;
    /* Two workflows change: nobody knows, but it is within 3 points. */
    make_scene(&scene, 0, 40);
    scene.workflows[0].live_failed = false;
    fail_live(&scene, 399, 1, 1);
    struct fidelity_answer answer = ask(&scene);
    assert_int_equal(answer.rate_verdict, FIDELITY_PASS);
    assert_int_equal(answer.only_live_count, 1);
    assert_int_equal(answer.only_simulated_count, 1);
    assert_int_equal(answer.close_count, 1);
    assert_int_equal(answer.flipped_close_count, 1);
    assert_false(answer.is_rate_excused);
    /* 12 of 400 more fail live: 3 points, so the interval reaches beyond them. */
    make_scene(&scene, 0, 40);
    fail_live(&scene, 80, 12, 0);
    answer = ask(&scene);
    assert_int_equal(answer.rate_verdict, FIDELITY_INCONCLUSIVE);
    assert_true(answer.rate_same.estimate > 0.029);
    /* 60 more: live fails more often for certain. */
    make_scene(&scene, 0, 40);
    fail_live(&scene, 80, 60, 0);
    assert_int_equal(ask(&scene).rate_verdict, FIDELITY_FAIL);
}

/* As many as in the wave of the same draws, and as in no other one. */
static void test_rates_of_others(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 0, 40);
    scene.failed_counts[7] = 60;
    for (int i = 0; i < WORKFLOWS; i++)
        scene.workflows[i].live_failed = scene.workflows[i].simulated_failed = i < 59;
    assert_int_equal(ask(&scene).rate_verdict, FIDELITY_FAIL);
    make_scene(&scene, 0, 40);
    scene.failed_counts[7] = 60;
    for (int i = 0; i < WORKFLOWS; i++)
        scene.workflows[i].live_failed = scene.workflows[i].simulated_failed = i < 60;
    assert_int_equal(ask(&scene).rate_verdict, FIDELITY_PASS);
    /* A wave of 280 failures is none that these could not have: the waves differ. */
    make_scene(&scene, 0, 40);
    for (int i = 0; i < WORKFLOWS; i++)
        scene.workflows[i].live_failed = scene.workflows[i].simulated_failed = i < 280;
    assert_int_equal(ask(&scene).rate_verdict, FIDELITY_PASS);
}

/* Lateness takes back only what it can have decided. */
static void test_rates_that_are_close(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 0, 40);
    fail_live(&scene, 80, 35, 35);
    struct fidelity_answer answer = ask(&scene);
    assert_int_equal(answer.rate_verdict, FIDELITY_PASS);
    assert_true(answer.is_rate_excused);
    assert_int_equal(answer.live_failed_count, 115);
    assert_int_equal(answer.flipped_close_count, 35);
    make_scene(&scene, 0, 40);
    fail_live(&scene, 80, 40, 5);
    answer = ask(&scene);
    assert_int_equal(answer.rate_verdict, FIDELITY_FAIL);
    assert_true(answer.rate_same.estimate < 0.09 && answer.rate_same.estimate > 0.08);
    /* A machine so late that it can decide more than a tenth of them cannot tell; if steps were
     * longer than that, as the shift allows, it is the shift that cannot. */
    for (int is_late = 0; is_late < 2; is_late++) {
        make_scene(&scene, 9, 40);
        fail_live(&scene, 80, 60, 60);
        scene.question.late_ns = (is_late ? 10 : 8) * UNITS_S;
        answer = ask(&scene);
        assert_int_equal(answer.rate_verdict, FIDELITY_INCONCLUSIVE);
        assert_int_equal(answer.is_machine_too_late, is_late);
        assert_int_equal(answer.is_shift_too_wide, !is_late);
    }
    /* But what all its stalls together cannot have decided, counts. */
    for (int is_within = 0; is_within < 2; is_within++) {
        make_scene(&scene, 0, 40);
        fail_live(&scene, 80, 60, 10);
        for (int i = 90; i < 140; i++)
            scene.workflows[i].is_within_worst = is_within;
        scene.question.late_ns = 42 * UNITS_S;
        answer = ask(&scene);
        assert_int_equal(answer.rate_verdict, is_within ? FIDELITY_INCONCLUSIVE : FIDELITY_FAIL);
    }
    /* However many are close: failures of those who are not count, if only the shift is wide. */
    make_scene(&scene, 9, 40);
    fail_live(&scene, 80, 60, 5);
    for (int i = 200; i < 300; i++)
        scene.workflows[i].is_close = scene.workflows[i].is_within_worst = true;
    for (int i = 85; i < 140; i++)
        scene.workflows[i].is_within_worst = true;
    scene.question.late_ns = 8 * UNITS_S;
    scene.question.worst_ns = 65 * UNITS_S;
    answer = ask(&scene);
    assert_int_equal(answer.rate_verdict, FIDELITY_FAIL);
    assert_false(answer.is_machine_too_late);
    /* And where it was not that late, all stalls together are no excuse. */
    make_scene(&scene, 0, 40);
    fail_live(&scene, 80, 60, 10);
    for (int i = 90; i < 140; i++)
        scene.workflows[i].is_within_worst = true;
    assert_int_equal(ask(&scene).rate_verdict, FIDELITY_FAIL);
}

/* What is undecided of itself: a late machine is named where it can be why. */
static void test_undecided(void **state)
{
    (void)state;
    static struct scene scene;
    static const struct {
        bool is_rate;
        int64_t late_s;
        int close_count;
        double calls_most; /* 0: not known */
        enum fidelity_world world;
        bool is_machine;
    } rows[] = {
        {true, 12, 12, 0, FIDELITY_WORLD_UNKNOWN, true},
        {true, 9, 12, 0, FIDELITY_WORLD_UNKNOWN, false},
        {true, 12, 0, 0, FIDELITY_WORLD_UNKNOWN, false},
        {true, 12, 12, 0, FIDELITY_WORLD_OTHER, false},
        {false, 12, 0, 40, FIDELITY_WORLD_UNKNOWN, true},
        {false, 9, 0, 40, FIDELITY_WORLD_UNKNOWN, false},
        {false, 12, 0, 0, FIDELITY_WORLD_UNKNOWN, false},
        {false, 12, 0, 40, FIDELITY_WORLD_OTHER, false},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        bool is_rate = rows[row].is_rate;
        make_scene(&scene, 0, 40);
        fail_live(&scene, 80, is_rate ? WORKFLOWS * 3 / 100 : 0, rows[row].close_count);
        for (int i = 0; i < WORKFLOWS; i++) {
            scene.workflows[i].is_within_worst = scene.workflows[i].is_close;
            scene.workflows[i].live_calls += is_rate ? 0 : i % 2 * 3; /* 4.7 % */
        }
        scene.question.calls_least = 31;
        scene.question.calls_most = rows[row].calls_most;
        scene.question.late_ns = rows[row].late_s * UNITS_S;
        scene.question.world = rows[row].world;
        struct fidelity_answer answer = ask(&scene);
        assert_int_equal(is_rate ? answer.rate_verdict : answer.calls_verdict,
                         FIDELITY_INCONCLUSIVE);
        assert_int_equal(answer.is_machine_too_late, rows[row].is_machine);
    }
}

static void test_calls(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 0, 40);
    for (int i = 0; i < WORKFLOWS; i++)
        scene.workflows[i].live_calls += i % 3; /* 1 of 32: 3 % */
    assert_int_equal(ask(&scene).calls_verdict, FIDELITY_PASS);
    make_scene(&scene, 0, 40);
    for (int i = 0; i < WORKFLOWS; i++)
        scene.workflows[i].live_calls += 3; /* 9 % */
    assert_int_equal(ask(&scene).calls_verdict, FIDELITY_FAIL);
    /* Those of workflows that went another way, which a lateness can have decided, or not. */
    for (int is_close = 0; is_close < 2; is_close++) {
        make_scene(&scene, 0, 40);
        for (int i = 0; i < 30; i++) {
            scene.workflows[i].live_calls += 60;
            scene.workflows[i].is_close = is_close;
        }
        struct fidelity_answer answer = ask(&scene);
        assert_int_equal(answer.calls_verdict, is_close ? FIDELITY_PASS : FIDELITY_FAIL);
        assert_int_equal(answer.is_calls_excused, is_close);
    }
}

/* Calls of who asks less often, because answers took longer by as much as was measured. */
static struct fidelity_answer ask_calls(int live, int delayed, double most, int64_t late_s)
{
    static struct scene scene;
    make_scene(&scene, 0, 40);
    for (int i = 0; i < WORKFLOWS; i++) {
        scene.workflows[i].live_calls += live;
        scene.workflows[i].delayed_calls = scene.workflows[i].simulated_calls + delayed;
    }
    scene.question.calls_least = 32;
    scene.question.calls_most = most;
    scene.question.late_ns = late_s * UNITS_S;
    return ask(&scene);
}

static void test_delayed_calls(void **state)
{
    (void)state;
    struct fidelity_answer answer = ask_calls(-3, -3, 32, 0);
    assert_int_equal(answer.calls_verdict, FIDELITY_PASS);
    assert_true(answer.is_calls_delayed);
    assert_near(answer.calls.estimate, -3, 1e-9);
    assert_near(answer.calls_delayed.estimate, 0, 1e-9);
    assert_near(answer.delayed_calls, 29, 1e-9);
    answer = ask_calls(0, -3, 32, 0); /* What agrees needs no delays. */
    assert_int_equal(answer.calls_verdict, FIDELITY_PASS);
    assert_false(answer.is_calls_delayed);
    answer = ask_calls(-6, 0, 32, 0); /* Delays that do not bring it about excuse nothing. */
    assert_int_equal(answer.calls_verdict, FIDELITY_FAIL);
    assert_false(answer.is_calls_delayed);
    /* A late machine, and calls as some of its delays would have them, or beyond. */
    answer = ask_calls(6, 0, 40, 12);
    assert_int_equal(answer.calls_verdict, FIDELITY_INCONCLUSIVE);
    assert_true(answer.is_machine_too_late);
    assert_int_equal(ask_calls(12, 0, 40, 12).calls_verdict, FIDELITY_FAIL);
    assert_int_equal(ask_calls(-6, 0, 40, 12).calls_verdict, FIDELITY_FAIL);
    assert_int_equal(ask_calls(6, 0, 40, 9).calls_verdict, FIDELITY_FAIL); /* It was in time. */
}

/* Without enough other waves only the wave of the same draws can tell a difference. */
static void test_few_waves(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 0, 40);
    scene.question.waves_count--;
    struct fidelity_answer answer = ask(&scene);
    assert_true(answer.are_waves_few);
    assert_int_equal(answer.steps_verdict, FIDELITY_INCONCLUSIVE);
    assert_int_equal(answer.rate_verdict, FIDELITY_PASS);
    make_scene(&scene, 20, 40);
    scene.question.waves_count = 0;
    assert_int_equal(ask(&scene).steps_verdict, FIDELITY_FAIL);
}

static void test_few(void **state)
{
    (void)state;
    static struct scene scene;
    make_scene(&scene, 0, 40);
    scene.question.live = fidelity_side_create(scene.arena, WORKFLOWS);
    struct fidelity_answer answer = ask(&scene);
    assert_int_equal(answer.steps_verdict, FIDELITY_INCONCLUSIVE);
    assert_int_equal(answer.operations[0].live_count, 0);
    assert_false(answer.operations[0].is_tested);
}

/* An engine that is watched does the same as one that is not, and everything is told. */
struct seen {
    uint64_t steps, sends, callbacks;
};

static void look(void *context, uint32_t workflow, const struct rce_input *input,
                 const struct rce_actions *actions)
{
    struct seen *seen = context;
    assert_in_range(workflow, 0, 4);
    seen->steps++;
    seen->callbacks += input->kind == RCE_INPUT_CALLBACK;
    if (input->kind == RCE_INPUT_START) /* The answer is there already: it asks for something. */
        assert_true(actions->count > 0 && actions->items[0].kind != RCE_DONE);
    for (uint32_t i = 0; i < actions->count; i++)
        seen->sends += actions->items[i].kind == RCE_SEND;
}

static void test_onlooker(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(5);
    fixture_fix(&fixture->options, true, true, true);
    const struct record *alone = fixture_run(fixture, 3);
    uint64_t hash = alone->history_hash;
    int64_t calls = alone->values[METRIC_API_CALLS];
    struct seen seen = {0};
    struct onlooker_engine *watched = onlooker_create(
        fixture->arena,
        &(struct onlooker){
            .engine = &rce_engine, .settings = &fixture->options, .watch = look, .context = &seen});
    fixture->parameters.engine = onlooker_engine(watched);
    fixture->parameters.settings = onlooker_settings(watched);
    const struct record *beside = fixture_run(fixture, 3);
    assert_true(beside->history_hash == hash);
    assert_int_equal(seen.sends, calls);
    assert_true(seen.callbacks > 0 && seen.steps > seen.sends);
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_late_within_room),
        cmocka_unit_test(test_late_beyond_room),
        cmocka_unit_test(test_late_machine),
        cmocka_unit_test(test_world),
        cmocka_unit_test(test_replayed_world),
        cmocka_unit_test(test_wide_shift),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_other_shape),
        cmocka_unit_test(test_other_steps),
        cmocka_unit_test(test_waves_that_differ),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_rates_of_others),
        cmocka_unit_test(test_rates_that_are_close),
        cmocka_unit_test(test_undecided),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_delayed_calls),
        cmocka_unit_test(test_few_waves),
        cmocka_unit_test(test_few),
        cmocka_unit_test(test_onlooker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
