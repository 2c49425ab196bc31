/* The reference engines are the linked engine: told the same, in C and in Python, they answer with
 * the same bytes, are in the same state and save the same.
 *
 * The driver is a wild one: it answers requests in any way that there is, or not at all, calls back
 * late, twice, early and for others, lets timers fire, crashes, re-drives, hands the state over,
 * under options drawn at random. What it does follows from the linked engine's actions alone.
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

enum { SENT_MAX = 64, STEPS = 220, STATE_BYTES = 8192, TIMERS = 82 };

struct wild {
    uint64_t random;
    enum mood { MOOD_WILD, MOOD_CALM, MOOD_SILENT, MOOD_COUNT } mood;
    int64_t now_ns;
    struct rce_plan plan;
    struct rce_cluster_plan clusters[RCE_CLUSTERS_MAX];
    struct rce_action sent[SENT_MAX]; /* the last requests */
    uint32_t sent_count;
    int64_t timers[TIMERS]; /* INT64_MAX: not set */
    enum rce_status status;
};

/* An engine under test beside the linked one. */
struct twin {
    const struct rce_engine *table;
    const void *settings;
    void *process, *workflow;
};

static uint64_t next_random(struct wild *wild)
{
    wild->random += 0x9e3779b97f4a7c15u;
    uint64_t z = wild->random;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint32_t pick(struct wild *wild, uint32_t count)
{
    return (uint32_t)(next_random(wild) % count);
}

static int64_t pick_ns(struct wild *wild)
{
    static const int64_t scales[] = {0, 1, 1000000, 30000000000, 600000000000, INT64_MAX / 2};
    int64_t scale = scales[pick(wild, 6)];
    return scale == 0 ? 0 : (int64_t)(next_random(wild) % (uint64_t)scale) + scale / 2;
}

static struct rce_retry_policy pick_policy(struct wild *wild)
{
    bool has_budget = pick(wild, 2) != 0, has_limiter = pick(wild, 3) == 0;
    return (struct rce_retry_policy){
        .base_ns = pick_ns(wild),
        .throttled_base_ns = pick(wild, 2) ? pick_ns(wild) : 0,
        .cap_ns = pick(wild, 2) ? pick_ns(wild) : 0,
        .total_ns = pick(wild, 4) == 0 ? pick_ns(wild) : 0,
        .multiplier_permille = (uint32_t[]){0, 500, 1000, 1300, 2000, UINT32_MAX}[pick(wild, 6)],
        .jitter = (enum rce_jitter)pick(wild, RCE_JITTER_PROPORTIONAL + 1),
        .jitter_permille = pick(wild, 1500),
        .attempts_max = pick(wild, 3) == 0 ? 0 : pick(wild, 8),
        .ignore_retry_after = pick(wild, 2) != 0,
        .budget_capacity = has_budget ? pick(wild, 60) : 0,
        .budget_cost = pick(wild, 10),
        .budget_cost_unknown = pick(wild, 10),
        .budget_cost_throttled = pick(wild, 10),
        .budget_success_credit = pick(wild, 4),
        .limiter_per_s = has_limiter ? pick(wild, 20) + 1 : 0,
        .limiter_burst = pick(wild, 5),
    };
}

static struct rce_options pick_options(struct wild *wild)
{
    struct rce_options options;
    rce_options_init(&options);
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        options.deadline_ns[i] = pick(wild, 3) ? options.deadline_ns[i] : pick_ns(wild) + 1;
    options.clusters_at_once = 1 + pick(wild, RCE_CLUSTERS_AT_ONCE_MAX);
    options.settle_ns = pick(wild, 3) ? 0 : pick_ns(wild);
    options.precheck = pick(wild, 2) != 0;
    options.precheck_scope = (enum rce_precheck_scope)pick(wild, 2);
    options.precheck_poll = pick_policy(wild);
    options.retry = pick(wild, 4) != 0;
    options.retry_after_ns = pick_ns(wild) + 1;
    options.retry_policy = pick_policy(wild);
    options.key_scope = (enum rce_key_scope)pick(wild, RCE_KEY_PER_OPERATION + 1);
    return options;
}

static void pick_plan(struct wild *wild)
{
    wild->plan = (struct rce_plan){.workflow = pick(wild, 4) ? pick(wild, 1000) : RCE_WORKFLOW_MAX,
                                   .clusters_count = 1 + pick(wild, pick(wild, 8) ? 2 : 20),
                                   .clusters = wild->clusters};
    for (uint32_t i = 0; i < wild->plan.clusters_count; i++)
        wild->clusters[i] =
            (struct rce_cluster_plan){(uint8_t)(1 + pick(wild, 3)), pick(wild, 2) != 0};
    for (int i = 0; i < TIMERS; i++)
        wild->timers[i] = INT64_MAX;
}

/* Something about one of the last requests; sometimes about one that was never made. */
static struct rce_input about_request(struct wild *wild, enum rce_input_kind kind)
{
    uint32_t last = wild->sent_count, among = last < SENT_MAX ? last : SENT_MAX;
    uint32_t back = pick(wild, 3) ? pick(wild, 3) : pick(wild, SENT_MAX);
    struct rce_action sent = {.request = 1000, .operation = RCE_UPDATE_HOST};
    if (among > 0 && pick(wild, 30) != 0)
        sent = wild->sent[(last - 1 - back % among) % SENT_MAX];
    bool is_read = sent.operation == RCE_READ_CLUSTER || sent.operation == RCE_READ_HOST;
    struct rce_input input = {.kind = kind,
                              .operation = sent.operation,
                              .cluster = sent.cluster,
                              .host = sent.host,
                              .task = pick(wild, 20) ? sent.request + 100 : pick(wild, 3),
                              .outcome = pick(wild, 8) ? RCE_TASK_SUCCEEDED : RCE_TASK_FAILED};
    if (kind == RCE_INPUT_CALLBACK) {
        if (pick(wild, 12) == 0) { /* perhaps for a place that is not there */
            input.cluster = (uint8_t)(pick(wild, 4) ? pick(wild, RCE_CLUSTERS_MAX) : sent.cluster);
            input.host = (uint8_t)(pick(wild, 4) ? pick(wild, 5) : RCE_TEMPORARY_HOST);
        }
        return input;
    }
    input.request = sent.request;
    input.result = is_read ? RCE_STATE : RCE_ACCEPTED;
    if (pick(wild, wild->mood == MOOD_CALM ? 12 : 4) == 0)
        input.result = (enum rce_result)pick(wild, RCE_RESULT_COUNT);
    input.has_ended = pick(wild, 8) == 0;
    input.state = input.result == RCE_STATE ? pick(wild, 8) : 0;
    if (input.result == RCE_STATE && wild->mood == MOOD_SILENT && pick(wild, 3))
        input.state = RCE_STATE_CLUSTER_READY;
    input.retry_after_ns = pick(wild, 3) == 0 ? pick_ns(wild) : 0;
    if (!input.has_ended)
        input.outcome = RCE_TASK_SUCCEEDED;
    return input;
}

/* The timer that is due first; it fires in time or a little late. */
static struct rce_input next_timer(struct wild *wild)
{
    uint32_t first = pick(wild, TIMERS);
    for (uint32_t i = 0; i < TIMERS; i++)
        if (wild->timers[i] < wild->timers[first])
            first = i;
    if (wild->timers[first] < INT64_MAX && wild->timers[first] > wild->now_ns)
        wild->now_ns = wild->timers[first];
    wild->timers[first] = INT64_MAX;
    return (struct rce_input){.kind = RCE_INPUT_TIMER, .timer = first};
}

static struct rce_input next_input(struct wild *wild, uint32_t step)
{
    if (step == 0)
        return (struct rce_input){.kind = RCE_INPUT_START};
    if (pick(wild, 2) && wild->now_ns < INT64_MAX / 4)
        wild->now_ns += (int64_t)(next_random(wild) % 60000000000u);
    if (wild->status == RCE_FAILED && pick(wild, 3))
        return (struct rce_input){.kind = RCE_INPUT_REDRIVEN};
    uint32_t kind = pick(wild, 40);
    if (kind < 18)
        return about_request(wild, RCE_INPUT_RESPONSE);
    if (kind < (wild->mood == MOOD_SILENT ? 26 : 33))
        return about_request(wild, RCE_INPUT_CALLBACK);
    if (kind < 37)
        return next_timer(wild);
    if (kind < 38)
        for (int i = 0; i < TIMERS; i++)
            wild->timers[i] = INT64_MAX;
    return (struct rce_input){.kind = kind < 38   ? RCE_INPUT_RESUMED
                                      : kind < 39 ? RCE_INPUT_ENGINE_CHANGED
                                                  : RCE_INPUT_REDRIVEN};
}

static void take_note(struct wild *wild, const struct rce_actions *actions)
{
    for (uint32_t i = 0; i < actions->count; i++) {
        const struct rce_action *action = &actions->items[i];
        if (action->kind == RCE_SEND)
            wild->sent[wild->sent_count++ % SENT_MAX] = *action;
        if (action->kind == RCE_SET_TIMER)
            wild->timers[action->timer] = action->at_ns;
        if (action->kind == RCE_CANCEL_TIMER)
            wild->timers[action->timer] = INT64_MAX;
    }
}

static void begin(struct twin *twin, struct arena *arena, const struct rce_plan *plan)
{
    twin->process = arena_take(arena, twin->table->process_size_bytes);
    twin->workflow = arena_take(arena, twin->table->state_size_bytes(plan));
    if (twin->table->process_begin != NULL)
        twin->table->process_begin(twin->process, twin->settings);
    twin->table->init(twin->workflow, twin->process, plan, twin->settings);
}

static void step_line(struct twin *twin, const struct rce_input *input,
                      struct message_result *result, struct message_text *text)
{
    text->size_bytes = 0;
    result->id = 0;
    result->status = twin->table->step(twin->workflow, twin->process, input, result->actions);
    if (result->status == RCE_BROKEN)
        fail_msg("%s", twin->table->complaint(twin->process));
    assert_true(message_write_actions(text, result));
}

/* The state, saved by one, is taken over by the other. */
static void hand_over(struct twin *from, struct twin *to, struct arena *arena,
                      const struct rce_plan *plan)
{
    static uint8_t a[STATE_BYTES], b[STATE_BYTES];
    size_t size_bytes = from->table->save(from->workflow, a, sizeof a);
    assert_int_equal(to->table->save(to->workflow, b, sizeof b), size_bytes);
    assert_memory_equal(a, b, size_bytes);
    void *fresh = arena_take(arena, to->table->state_size_bytes(plan));
    if (!to->table->load(fresh, to->process, plan, to->settings, a, size_bytes))
        fail_msg("%s", to->table->complaint(to->process) != NULL
                           ? to->table->complaint(to->process)
                           : "a state of the linked engine was not loaded");
    to->workflow = fresh;
    a[size_bytes / 3] ^= 4;
    assert_false(to->table->load(fresh, to->process, plan, to->settings, a, size_bytes));
}

/* Other options from now on: for both a new engine, in a fresh process, that loads the state. */
struct exchange {
    const struct rce_options *options;
    const struct engine *engine;
    const struct rce_plan *plan;
};

static void exchange(struct twin *linked, struct twin *other, const struct exchange *exchange,
                     struct arena *arena)
{
    static uint8_t bytes[STATE_BYTES];
    size_t size_bytes = linked->table->save(linked->workflow, bytes, sizeof bytes);
    other->table->process_end(other->process);
    *linked = (struct twin){.table = &rce_engine, .settings = exchange->options};
    *other =
        (struct twin){.table = exchange->engine->table, .settings = exchange->engine->settings};
    begin(linked, arena, exchange->plan);
    begin(other, arena, exchange->plan);
    assert_true(linked->table->load(linked->workflow, linked->process, exchange->plan,
                                    linked->settings, bytes, size_bytes));
    assert_true(other->table->load(other->workflow, other->process, exchange->plan, other->settings,
                                   bytes, size_bytes));
}

static void compare(const struct engine_spec *spec, uint64_t seed, struct arena *arena)
{
    struct wild wild = {.random = seed, .mood = (enum mood)(seed % MOOD_COUNT)};
    const struct engine *engines[2];
    struct error error = {0};
    struct rce_options options[2] = {pick_options(&wild), pick_options(&wild)};
    options[1].precheck = !options[0].precheck;
    options[1].retry = !options[0].retry || pick(&wild, 2);
    pick_plan(&wild);
    for (int i = 0; i < 2; i++)
        if (!engine_open(&engines[i], arena, spec, &options[i], &error))
            fail_msg("%s", error.message);
    struct twin linked = {.table = &rce_engine, .settings = &options[0]};
    struct twin other = {.table = engines[0]->table, .settings = engines[0]->settings};
    begin(&linked, arena, &wild.plan);
    begin(&other, arena, &wild.plan);
    static struct rce_actions linked_actions, other_actions;
    static char linked_line[MESSAGE_ACTIONS_MAX_BYTES], other_line[MESSAGE_ACTIONS_MAX_BYTES];
    struct message_result linked_result = {.actions = &linked_actions};
    struct message_result other_result = {.actions = &other_actions};
    struct message_text linked_text = {.bytes = linked_line, .room_bytes = sizeof linked_line};
    struct message_text other_text = {.bytes = other_line, .room_bytes = sizeof other_line};
    for (uint32_t i = 0; i < STEPS; i++) {
        struct rce_input input = next_input(&wild, i);
        if (i == STEPS / 2 + 1) /* The contract's first word after an exchange. */
            input = (struct rce_input){.kind = RCE_INPUT_ENGINE_CHANGED};
        input.now_ns = wild.now_ns;
        input.entropy = next_random(&wild);
        if (input.kind != RCE_INPUT_RESPONSE && input.kind != RCE_INPUT_CALLBACK)
            input.cluster = input.host = RCE_NO_HOST;
        step_line(&linked, &input, &linked_result, &linked_text);
        step_line(&other, &input, &other_result, &other_text);
        if (linked_text.size_bytes != other_text.size_bytes ||
            memcmp(linked_line, other_line, linked_text.size_bytes) != 0)
            fail_msg("seed %llu, step %u:\n%.*s%.*s", (unsigned long long)seed, i,
                     (int)linked_text.size_bytes, linked_line, (int)other_text.size_bytes,
                     other_line);
        if (rce_engine.digest(linked.workflow) != other.table->digest(other.workflow))
            fail_msg("seed %llu, step %u: digests differ after\n%.*s", (unsigned long long)seed, i,
                     (int)linked_text.size_bytes, linked_line);
        wild.status = linked_result.status;
        take_note(&wild, &linked_actions);
        if (i % 50 == 49)
            hand_over(&linked, &other, arena, &wild.plan);
        if (i == STEPS / 2)
            exchange(&linked, &other, &(struct exchange){&options[1], engines[1], &wild.plan},
                     arena);
    }
    other.table->process_end(other.process);
}

/* Told the same, both say the same. */
static void tell(struct twin *linked, struct twin *other, struct rce_input input)
{
    static struct rce_actions actions[2];
    static char lines[2][MESSAGE_ACTIONS_MAX_BYTES];
    struct message_text texts[2];
    for (int i = 0; i < 2; i++) {
        struct message_result result = {.actions = &actions[i]};
        texts[i] = (struct message_text){.bytes = lines[i], .room_bytes = sizeof lines[i]};
        step_line(i == 0 ? linked : other, &input, &result, &texts[i]);
    }
    assert_int_equal(texts[0].size_bytes, texts[1].size_bytes);
    assert_memory_equal(lines[0], lines[1], texts[0].size_bytes);
    assert_true(rce_engine.digest(linked->workflow) == other->table->digest(other->workflow));
}

/* What chance hardly ever meets: maintenance is asked for twice, the callback of the first time
 * comes while the second waits for its answer, and that is a refusal for now. */
static void refuse_the_second(const struct engine_spec *spec, struct arena *arena, int callback)
{
    static const struct rce_cluster_plan clusters[] = {{.hosts_count = 2}};
    const struct rce_plan plan = {.workflow = 3, .clusters_count = 1, .clusters = clusters};
    const int64_t minute_ns = 60000000000;
    struct rce_options options;
    const struct engine *engine;
    struct error error = {0};
    rce_options_init(&options);
    options.retry = true;
    options.retry_policy.attempts_max = callback < 0 ? 2 : 9;
    if (!engine_open(&engine, arena, spec, &options, &error))
        fail_msg("%s", error.message);
    struct twin linked = {.table = &rce_engine, .settings = &options};
    struct twin other = {.table = engine->table, .settings = engine->settings};
    begin(&linked, arena, &plan);
    begin(&other, arena, &plan);
    struct rce_input input = {.kind = RCE_INPUT_START, .entropy = UINT64_MAX / 3};
    tell(&linked, &other, input);
    static const struct {
        enum rce_operation operation;
        uint8_t cluster, host;
    } tasks[] = {{RCE_UPGRADE_CONTROL_PLANE, RCE_NO_CLUSTER, RCE_NO_HOST},
                 {RCE_BACKUP, 0, RCE_NO_HOST},
                 {RCE_ENTER_MAINTENANCE, 0, 0}};
    for (uint64_t i = 0; i < 3; i++) {
        input.kind = RCE_INPUT_RESPONSE;
        input.request = i + 1;
        input.task = i + 101;
        input.operation = tasks[i].operation;
        input.cluster = tasks[i].cluster;
        input.host = tasks[i].host;
        tell(&linked, &other, input);
        input.kind = RCE_INPUT_CALLBACK;
        if (i < 2)
            tell(&linked, &other, input);
    }
    input.now_ns = 11 * minute_ns;
    tell(&linked, &other,
         (struct rce_input){.kind = RCE_INPUT_TIMER, .now_ns = input.now_ns, .timer = 3});
    tell(&linked, &other,
         (struct rce_input){.kind = RCE_INPUT_RESPONSE,
                            .now_ns = input.now_ns,
                            .request = 4,
                            .operation = RCE_READ_HOST,
                            .result = RCE_STATE});
    input.outcome = callback == 0 ? RCE_TASK_SUCCEEDED : RCE_TASK_FAILED;
    if (callback >= 0)
        tell(&linked, &other, input);
    input.kind = RCE_INPUT_RESPONSE;
    input.request = 5;
    input.task = 0;
    input.result = RCE_THROTTLED;
    tell(&linked, &other, input);
    other.table->process_end(other.process);
}

static void compare_all(const struct engine_spec *(*spec)(struct arena *), uint64_t count)
{
    for (uint64_t seed = 1; seed <= count; seed++) {
        struct arena *arena = arena_create("twins", 0);
        compare(spec(arena), seed * 7919, arena);
        arena_destroy(arena);
    }
    for (int callback = -1; callback <= 1; callback++) {
        struct arena *arena = arena_create("twins", 0);
        refuse_the_second(spec(arena), arena, callback);
        arena_destroy(arena);
    }
}

static void test_in_c(void **state)
{
    (void)state;
    compare_all(programs_c_engine, 30);
}

static void test_in_python(void **state)
{
    (void)state;
    if (!programs_have_python()) {
        print_message("no python3: the engine in Python is not compared\n");
        skip();
    }
    const char *rounds = getenv("TWINS_ROUNDS");
    compare_all(programs_python_engine, rounds != NULL ? strtoull(rounds, NULL, 10) : 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_c),
        cmocka_unit_test(test_in_python),
    };
    return cmocka_run_group_tests_name("engines/twins", tests, NULL, NULL);
}
