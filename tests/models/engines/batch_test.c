/* Batches of independent workflows: many lives of different shape go on side by side in one
 * process, each round one input for every workflow that has one. Taken in one line, the inputs give
 * what the linked engine gives one after the other; also what the workflows share, the retry budget
 * and the limiter, which depend on the order within a batch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/engines/external.h"
#include "models/engines/message.h"
#include "tests/models/engines/programs.h"
#include "tests/models/rce/obedient.h"

enum { LANES = 60, TIMERS = 16, ROUNDS_MAX = 5000, BUDGET = 250, COST = 5 };

/* A workflow: the linked engine's state and what waits for it. */
struct lane {
    struct obedient driver;
    struct rce_cluster_plan clusters[2];
    struct rce_plan plan;
    int64_t timers[TIMERS]; /* INT64_MAX: not set */
    void *workflow;         /* of the external engine */
};

struct road {
    struct lane lanes[LANES];
    struct rce_process process; /* of the linked engine: one for all */
    int64_t now_ns;
    uint64_t inputs_count;
    uint32_t largest_batch, succeeded_count, failed_count, retries_count;
};

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A budget that is too small for all, and a limiter. */
static struct rce_options options_of_road(void)
{
    struct rce_options options;
    rce_options_init(&options);
    options.precheck = options.retry = true;
    options.key_scope = RCE_KEY_PER_TASK;
    options.retry_policy = (struct rce_retry_policy){.base_ns = 5000000000,
                                                     .multiplier_permille = 2000,
                                                     .cap_ns = 600000000000,
                                                     .attempts_max = 8,
                                                     .jitter = RCE_JITTER_FULL,
                                                     .budget_capacity = BUDGET,
                                                     .budget_cost = COST,
                                                     .limiter_per_s = 2,
                                                     .limiter_burst = 3};
    return options;
}

static void lane_begin(struct lane *lane, uint32_t index, const struct rce_options *options)
{
    for (uint32_t i = 0; i < 2; i++)
        lane->clusters[i] =
            (struct rce_cluster_plan){(uint8_t)(1 + (index + i) % 3), (index >> i & 1) != 0};
    lane->plan = (struct rce_plan){
        .workflow = index, .clusters_count = 1 + index % 2, .clusters = lane->clusters};
    obedient_init(&lane->driver, &lane->plan, options);
    for (int i = 0; i < TIMERS; i++)
        lane->timers[i] = INT64_MAX;
}

static uint32_t first_timer(const struct lane *lane)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < TIMERS; i++)
        if (lane->timers[i] < lane->timers[first])
            first = i;
    return first;
}

/* What a lane is told next, if there is anything by now: every ninth answer is a refusal. */
static bool next_input(struct road *road, struct lane *lane, struct rce_input *input)
{
    struct obedient *driver = &lane->driver;
    uint32_t timer = first_timer(lane);
    if (driver->status != RCE_RUNNING)
        return false;
    uint64_t entropy = mix(++road->inputs_count * 0x9e3779b97f4a7c15u);
    if (driver->head != driver->tail) {
        *input = driver->queue[driver->head++ % OBEDIENT_QUEUE];
        if (input->kind == RCE_INPUT_RESPONSE && entropy % 9 == 0)
            *input = (struct rce_input){.kind = RCE_INPUT_RESPONSE,
                                        .request = input->request,
                                        .operation = input->operation,
                                        .cluster = input->cluster,
                                        .host = input->host,
                                        .result = RCE_THROTTLED,
                                        .retry_after_ns = (int64_t)(entropy % 5) * 1000000000};
    } else if (lane->timers[timer] <= road->now_ns) {
        *input = (struct rce_input){.kind = RCE_INPUT_TIMER,
                                    .timer = timer,
                                    .cluster = RCE_NO_CLUSTER,
                                    .host = RCE_NO_HOST};
        lane->timers[timer] = INT64_MAX;
    } else {
        return false;
    }
    input->now_ns = road->now_ns;
    input->entropy = entropy;
    return true;
}

static void carry_out(struct road *road, struct lane *lane)
{
    const struct rce_actions *out = &lane->driver.out;
    for (uint32_t i = 0; i < out->count; i++) {
        const struct rce_action *action = &out->items[i];
        if (action->kind == RCE_SEND)
            obedient_answer(&lane->driver, action);
        if (action->kind == RCE_SET_TIMER)
            lane->timers[action->timer] = action->at_ns;
        if (action->kind == RCE_CANCEL_TIMER)
            lane->timers[action->timer] = INT64_MAX;
        road->succeeded_count += action->kind == RCE_DONE;
        road->failed_count += action->kind == RCE_FAIL;
        road->retries_count += action->kind == RCE_LOG && action->note == RCE_NOTE_RETRY;
    }
}

static void expect_same(const struct external_step *step, const struct lane *lane)
{
    static char lines[2][MESSAGE_ACTIONS_MAX_BYTES];
    struct rce_actions linked = lane->driver.out;
    struct message_result results[2] = {{.status = lane->driver.status, .actions = &linked},
                                        {.status = step->status, .actions = step->actions}};
    size_t sizes_bytes[2];
    for (int i = 0; i < 2; i++) {
        struct message_text text = {.bytes = lines[i], .room_bytes = sizeof lines[i]};
        assert_true(message_write_actions(&text, &results[i]));
        sizes_bytes[i] = text.size_bytes;
    }
    if (sizes_bytes[0] != sizes_bytes[1] || memcmp(lines[0], lines[1], sizes_bytes[0]) != 0)
        fail_msg("workflow %u:\n%.*s%.*s", (unsigned)lane->plan.workflow, (int)sizes_bytes[0],
                 lines[0], (int)sizes_bytes[1], lines[1]);
}

/* One input for each that has one, the first of them another lane in each round. False: nobody has
 * any. */
static bool go_round(struct road *road, uint32_t round, const struct rce_engine *table,
                     void *process)
{
    static struct rce_actions actions[LANES];
    struct external_step steps[LANES];
    struct lane *taken[LANES];
    uint32_t count = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        struct lane *lane = &road->lanes[(i * 7 + round) % LANES];
        struct rce_input input;
        if (!next_input(road, lane, &input))
            continue;
        lane->driver.status =
            rce_engine.step(lane->driver.block, &road->process, &input, &lane->driver.out);
        steps[count] = (struct external_step){
            .workflow = lane->workflow, .input = input, .actions = &actions[count]};
        taken[count++] = lane;
    }
    if (count == 0)
        return false;
    if (!external_step_batch(process, steps, count))
        fail_msg("%s", table->complaint(process));
    for (uint32_t i = 0; i < count; i++) {
        expect_same(&steps[i], taken[i]);
        carry_out(road, taken[i]);
    }
    if (count > road->largest_batch)
        road->largest_batch = count;
    return true;
}

/* To the next time at which there is anything to do; false if there is none. */
static bool wait_for_timer(struct road *road)
{
    int64_t next_ns = INT64_MAX;
    for (uint32_t i = 0; i < LANES; i++) {
        const struct lane *lane = &road->lanes[i];
        int64_t at_ns = lane->timers[first_timer(lane)];
        if (lane->driver.status == RCE_RUNNING && at_ns < next_ns)
            next_ns = at_ns;
    }
    if (next_ns == INT64_MAX)
        return false;
    road->now_ns = next_ns;
    return true;
}

static void travel(const struct engine_spec *spec, struct arena *arena)
{
    static struct road road;
    const struct engine *engine;
    struct error error = {0};
    struct rce_options options = options_of_road();
    memset(&road, 0, sizeof road);
    if (!engine_open(&engine, arena, spec, &options, &error))
        fail_msg("%s", error.message);
    const struct rce_engine *table = engine->table;
    void *process = arena_take(arena, table->process_size_bytes);
    table->process_begin(process, engine->settings);
    for (uint32_t i = 0; i < LANES; i++) {
        struct lane *lane = &road.lanes[i];
        lane_begin(lane, i, &options);
        lane->workflow = arena_take(arena, table->state_size_bytes(&lane->plan));
        table->init(lane->workflow, process, &lane->plan, engine->settings);
    }
    uint32_t round = 0;
    do {
        for (; round < ROUNDS_MAX && go_round(&road, round, table, process); round++)
            road.now_ns += 100000000;
    } while (round < ROUNDS_MAX && wait_for_timer(&road));
    for (uint32_t i = 0; i < LANES; i++)
        assert_true(table->digest(road.lanes[i].workflow) ==
                    rce_engine.digest(road.lanes[i].driver.block));
    /* All ended, and they did meet: in a batch, and in a budget that paid so many retries and was
     * spent, so that it was the order that decided who failed. */
    assert_int_equal(road.succeeded_count + road.failed_count, LANES);
    assert_true(road.succeeded_count > 0 && road.failed_count > 0);
    assert_int_equal(road.largest_batch, LANES);
    assert_int_equal(road.retries_count, BUDGET / COST);
    table->process_end(process);
}

static void test_in_c(void **state)
{
    (void)state;
    struct arena *arena = arena_create("batch", 0);
    travel(programs_c_engine(arena), arena);
    arena_destroy(arena);
}

static void test_in_python(void **state)
{
    (void)state;
    if (!programs_have_python()) {
        print_message("no python3: batches of the engine in Python are not compared\n");
        skip();
    }
    struct arena *arena = arena_create("batch", 0);
    travel(programs_python_engine(arena), arena);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_c),
        cmocka_unit_test(test_in_python),
    };
    return cmocka_run_group_tests_name("engines/batch", tests, NULL, NULL);
}
