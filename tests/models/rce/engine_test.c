/* The engine as a whole: plans of all sizes, keys, the shared process, many workflows at once. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/models/rce/obedient.h"
#include "tests/models/rce/watch.h"

#define S   ((int64_t)1000000000)
#define MIN (60 * S)

static struct rce_cluster_plan clusters_of_all_sizes[RCE_CLUSTERS_MAX];

static struct rce_plan largest_plan(void)
{
    for (int i = 0; i < RCE_CLUSTERS_MAX; i++)
        clusters_of_all_sizes[i] = (struct rce_cluster_plan){
            .hosts_count = (uint8_t)(1 + i % RCE_HOSTS_MAX), .temporary_host = i % 3 != 0};
    return (struct rce_plan){.workflow = RCE_WORKFLOW_MAX,
                             .clusters_count = RCE_CLUSTERS_MAX,
                             .clusters = clusters_of_all_sizes};
}

/* Twenty clusters of 1 to 16 hosts: sizes 1..16 and 1..4 are 146 hosts; those of index 0, 3, 6, ...
 * have no temporary host, which leaves 13. Each operation is asked for exactly once a target. */
static void test_each_target_is_asked_once(void **state)
{
    (void)state;
    struct rce_plan plan = largest_plan();
    struct rce_options options;
    rce_options_init(&options);
    options.precheck = true;
    options.retry = true;
    static struct obedient driver;
    obedient_init(&driver, &plan, &options);
    while (obedient_step(&driver)) {
    }
    assert_int_equal(driver.status, RCE_SUCCEEDED);
    static const uint64_t expected[RCE_OPERATION_COUNT] = {
        [RCE_UPGRADE_CONTROL_PLANE] = 1,
        [RCE_BACKUP] = 20,
        [RCE_ADD_HOST] = 13,
        [RCE_READ_CLUSTER] = 20,
        [RCE_READ_HOST] = 0,
        [RCE_ENTER_MAINTENANCE] = 146,
        [RCE_UPDATE_HOST] = 146,
        [RCE_EXIT_MAINTENANCE] = 146,
        [RCE_REMOVE_HOST] = 13,
        [RCE_UPGRADE_NETWORK] = 1,
    };
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        assert_int_equal(driver.sent_count[i], expected[i]);
}

/* Never more clusters in flight than allowed, always as many as there are, in the order of index.
 */
static void test_clusters_at_once(void **state)
{
    (void)state;
    static const uint32_t limits[] = {1, 3, 10};
    struct rce_plan plan = largest_plan();
    for (size_t l = 0; l < sizeof limits / sizeof limits[0]; l++) {
        struct rce_options options;
        rce_options_init(&options);
        options.clusters_at_once = limits[l];
        static struct obedient driver;
        obedient_init(&driver, &plan, &options);
        uint32_t begun = 0, ended = 0;
        while (obedient_step(&driver)) {
            for (uint32_t i = 0; i < driver.out.count; i++) {
                const struct rce_action *action = &driver.out.items[i];
                if (action->kind == RCE_SEND && action->operation == RCE_BACKUP)
                    assert_int_equal(action->cluster, begun++);
                if (action->kind != RCE_LOG || action->note != RCE_NOTE_STEP_ENDED ||
                    action->cluster == RCE_NO_CLUSTER)
                    continue;
                const struct rce_cluster_plan *cluster = &plan.clusters[action->cluster];
                ended += cluster->temporary_host ? action->operation == RCE_REMOVE_HOST
                                                 : action->operation == RCE_EXIT_MAINTENANCE &&
                                                       action->host + 1 == cluster->hosts_count;
            }
            uint32_t wanted = ended + limits[l];
            if (driver.sent_count[RCE_BACKUP] > 0)
                assert_int_equal(begun, wanted < RCE_CLUSTERS_MAX ? wanted : RCE_CLUSTERS_MAX);
        }
        assert_int_equal(ended, RCE_CLUSTERS_MAX);
        assert_int_equal(driver.status, RCE_SUCCEEDED);
    }
}

/* The largest answers, at every moment of the largest plan, fit: a resume, and an end with a
 * re-drive. */
static void test_largest_answers_fit(void **state)
{
    (void)state;
    struct rce_plan plan = largest_plan();
    struct rce_options options;
    rce_options_init(&options);
    options.precheck = true;
    options.retry = true;
    static struct obedient driver, copy;
    obedient_init(&driver, &plan, &options);
    uint32_t largest = 0;
    while (obedient_step(&driver)) {
        static const enum rce_input_kind kinds[] = {RCE_INPUT_RESUMED, RCE_INPUT_TIMER,
                                                    RCE_INPUT_REDRIVEN};
        copy = driver;
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
            for (uint32_t timer = 0; timer < rce_timers_count(&plan); timer += 2) {
                struct rce_input input = {
                    .kind = kinds[k], .now_ns = driver.now_ns + 1000 * 60 * MIN, .timer = timer};
                rce_engine.step(copy.block, &copy.process, &input, &copy.out);
                largest = copy.out.count > largest ? copy.out.count : largest;
            }
    }
    assert_in_range(largest, 40, RCE_ACTIONS_MAX);
}

/* 100,000 workflows of one or two clusters have to fit into memory many times over. */
static void test_states_are_small(void **state)
{
    (void)state;
    struct rce_plan plan = largest_plan();
    plan.clusters_count = 1;
    assert_true(rce_engine.state_size_bytes(&plan) <= 256);
    plan.clusters_count = 2;
    assert_true(rce_engine.state_size_bytes(&plan) <= 400);
}

/* Which keys an engine sends for enter-maintenance when it asks, is not answered, is told that the
 * task failed, and is re-driven: attempts 1 .. 4. */
static void enter_keys(enum rce_key_scope scope, uint64_t keys[4])
{
    static const struct rce_cluster_plan cluster = {.hosts_count = 1};
    static const struct rce_plan plan = {.workflow = 7, .clusters_count = 1, .clusters = &cluster};
    struct rce_options options;
    rce_options_init(&options);
    options.retry = true;
    options.retry_policy.attempts_max = 3;
    options.key_scope = scope;
    struct watch watch;
    watch_init(&watch, &plan, &options);
    const struct rce_input inputs[] = {
        {.kind = RCE_INPUT_START},
        {.kind = RCE_INPUT_RESPONSE, .request = 1, .task = 1},
        {.kind = RCE_INPUT_CALLBACK, .task = 1, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST},
        {.kind = RCE_INPUT_RESPONSE, .request = 2, .task = 2},
        {.kind = RCE_INPUT_CALLBACK, .task = 2, .operation = RCE_BACKUP, .host = RCE_NO_HOST},
        {.kind = RCE_INPUT_RESPONSE, .request = 3, .result = RCE_UNAVAILABLE}, /* attempt 1 */
        {.kind = RCE_INPUT_TIMER, .timer = 3},
        {.kind = RCE_INPUT_RESPONSE, .request = 4, .task = 4}, /* attempt 2 */
        {.kind = RCE_INPUT_CALLBACK,
         .task = 4,
         .operation = RCE_ENTER_MAINTENANCE,
         .outcome = RCE_TASK_FAILED},
        {.kind = RCE_INPUT_TIMER, .timer = 3},
        {.kind = RCE_INPUT_RESPONSE, .request = 5, .result = RCE_REFUSED}, /* attempt 3 */
        {.kind = RCE_INPUT_REDRIVEN},
        {.kind = RCE_INPUT_RESPONSE, .request = 6, .result = RCE_STATE}, /* then attempt 4 */
    };
    size_t found = 0;
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        struct rce_input input = inputs[i];
        struct rce_actions out;
        input.now_ns = watch.now_ns + 2 * MIN;
        watch_step(&watch, &input, &out);
        for (uint32_t a = 0; a < out.count; a++) {
            const struct rce_action *action = &out.items[a];
            if (action->kind != RCE_SEND || action->operation != RCE_ENTER_MAINTENANCE)
                continue;
            assert_int_equal(action->attempt, found + 1);
            keys[found++] = action->key;
        }
    }
    assert_int_equal(found, 4);
}

static void test_scope_of_keys(void **state)
{
    (void)state;
    uint64_t keys[4];
    enter_keys(RCE_KEY_NONE, keys);
    for (int i = 0; i < 4; i++)
        assert_int_equal(keys[i], 0);
    enter_keys(RCE_KEY_PER_ATTEMPT, keys);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < i; k++)
            assert_true(keys[i] != keys[k]);
    enter_keys(RCE_KEY_PER_TASK, keys);
    assert_true(keys[1] == keys[0]); /* the error is definite, the task is still wanted */
    assert_true(keys[2] != keys[1]); /* the task failed */
    assert_true(keys[3] != keys[2] && keys[3] != keys[1]); /* the workflow failed here */
    enter_keys(RCE_KEY_PER_WORKFLOW, keys);
    for (int i = 0; i < 4; i++)
        assert_true(keys[i] == keys[0] && keys[i] != 0);
}

/* No two targets of the largest plan, and no two workflows, share a key. */
static void test_keys_do_not_collide(void **state)
{
    (void)state;
    enum { KEYS_MAX = 2 * 512 };
    static uint64_t keys[KEYS_MAX];
    uint32_t count = 0;
    for (int workflow = 0; workflow < 2; workflow++) {
        struct rce_plan plan = largest_plan();
        plan.workflow = workflow == 0 ? 0 : RCE_WORKFLOW_MAX;
        struct rce_options options;
        rce_options_init(&options);
        options.key_scope = RCE_KEY_PER_TASK;
        static struct obedient driver;
        obedient_init(&driver, &plan, &options);
        while (obedient_step(&driver))
            for (uint32_t i = 0; i < driver.out.count; i++)
                if (driver.out.items[i].kind == RCE_SEND) {
                    assert_true(count < KEYS_MAX);
                    keys[count++] = driver.out.items[i].key;
                }
    }
    assert_int_equal(count, 2 * 486); /* 1 + 20 + 13 + 3 * 146 + 13 + 1 each */
    for (uint32_t i = 0; i < count; i++) {
        assert_true(keys[i] != 0);
        for (uint32_t k = 0; k < i; k++)
            assert_true(keys[i] != keys[k]);
    }
}

/* ... and steps that were only under way beside the one that failed keep theirs over a re-drive. */
static void test_bystanders_keep_their_keys(void **state)
{
    (void)state;
    static const struct rce_cluster_plan cluster = {.hosts_count = 1, .temporary_host = true};
    static const struct rce_plan plan = {.workflow = 7, .clusters_count = 1, .clusters = &cluster};
    struct rce_options options;
    rce_options_init(&options);
    options.key_scope = RCE_KEY_PER_TASK;
    struct watch watch;
    watch_init(&watch, &plan, &options);
    const struct rce_input inputs[] = {
        {.kind = RCE_INPUT_START},
        {.kind = RCE_INPUT_RESPONSE, .request = 1, .task = 1},
        {.kind = RCE_INPUT_CALLBACK, .task = 1, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST},
        {.kind = RCE_INPUT_RESPONSE, .request = 2, .result = RCE_REFUSED},
        {.kind = RCE_INPUT_REDRIVEN},
    };
    uint64_t keys[RCE_OPERATION_COUNT][2] = {{0}};
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        struct rce_actions out;
        watch_step(&watch, &inputs[i], &out);
        for (uint32_t a = 0; a < out.count; a++)
            if (out.items[a].kind == RCE_SEND)
                keys[out.items[a].operation][out.items[a].attempt - 1] = out.items[a].key;
    }
    assert_true(keys[RCE_ADD_HOST][0] != 0 && keys[RCE_ADD_HOST][1] != 0);
    assert_true(keys[RCE_ADD_HOST][0] != keys[RCE_ADD_HOST][1]);
    assert_true(keys[RCE_BACKUP][0] != 0);
    assert_true(keys[RCE_BACKUP][0] == keys[RCE_BACKUP][1]);
}

/* One process, one budget: the retries of one workflow can leave none for another. */
static void test_workflows_share_the_budget(void **state)
{
    (void)state;
    static const struct rce_cluster_plan cluster = {.hosts_count = 1};
    static const struct rce_plan plan = {.workflow = 7, .clusters_count = 1, .clusters = &cluster};
    struct rce_options options;
    rce_options_init(&options);
    options.retry = true;
    options.retry_policy.budget_capacity = 10;
    options.retry_policy.budget_cost = 10;
    struct watch one, other;
    struct rce_actions out;
    watch_init(&one, &plan, &options);
    watch_init(&other, &plan, &options);
    const struct rce_input start = {.kind = RCE_INPUT_START};
    const struct rce_input error = {
        .kind = RCE_INPUT_RESPONSE, .request = 1, .result = RCE_UNAVAILABLE};
    watch_step(&one, &start, &out);
    watch_step(&other, &start, &out);
    assert_int_equal(watch_step(&one, &error, &out), RCE_RUNNING);
    other.process = one.process;
    assert_int_equal(watch_step(&other, &error, &out), RCE_FAILED);
    other.process = (struct rce_process){.started = false};
    watch_init(&other, &plan, &options);
    watch_step(&other, &start, &out);
    assert_int_equal(watch_step(&other, &error, &out), RCE_RUNNING);
}

enum { WORKFLOWS = 40, STEPS = 400 };

static uint64_t draw(uint64_t *stream)
{
    *stream += 0x9e3779b97f4a7c15u;
    uint64_t z = *stream;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A workflow with a random driver of its own; `sum` digests all that it answers. */
struct actor {
    struct watch watch;
    struct rce_plan plan;
    struct rce_action last;
    uint64_t stream, sum;
    uint32_t sends_count;
};

static void actor_init(struct actor *actor, int index, const struct rce_options *options)
{
    static const struct rce_cluster_plan clusters[] = {{.hosts_count = 2, .temporary_host = true},
                                                       {.hosts_count = 1, .temporary_host = false}};
    actor->plan = (struct rce_plan){
        .workflow = (uint64_t)index, .clusters_count = 1 + index % 2, .clusters = clusters};
    actor->stream = (uint64_t)index * 1000;
    actor->sum = 0;
    actor->sends_count = 0;
    watch_init(&actor->watch, &actor->plan, options);
}

static void actor_step(struct actor *actor, struct rce_process *process, bool is_first)
{
    uint64_t chance = draw(&actor->stream);
    struct rce_input input = {
        .kind = is_first ? RCE_INPUT_START : (enum rce_input_kind)(1 + chance % 3),
        .now_ns = actor->watch.now_ns + (int64_t)(chance >> 8 & 0xff) * S,
        .entropy = draw(&actor->stream),
        .timer = (uint32_t)(chance >> 16 & 7),
        .request = actor->last.request - (chance >> 24 & 1),
        .task = 100 + actor->last.request - (chance >> 25 & 1),
        .operation = actor->last.operation,
        .cluster = actor->last.cluster,
        .host = actor->last.host,
        .result = (chance >> 32 & 3) == 0 ? (enum rce_result)(chance >> 40 & 7) : RCE_ACCEPTED,
        .outcome = (chance >> 34 & 15) == 0 ? RCE_TASK_FAILED : RCE_TASK_SUCCEEDED,
        .state = (uint32_t)(chance >> 50 & 7),
    };
    if (watch_is_read(actor->last.operation) && input.result == RCE_ACCEPTED)
        input.result = RCE_STATE;
    if (actor->watch.status == RCE_FAILED)
        input.kind = RCE_INPUT_REDRIVEN;
    struct rce_actions out;
    actor->watch.process = *process;
    watch_step(&actor->watch, &input, &out);
    *process = actor->watch.process;
    for (uint32_t i = 0; i < out.count; i++) {
        const struct rce_action *action = &out.items[i];
        actor->sum = (actor->sum + action->kind + action->request + action->key + action->task) *
                         0x9e3779b97f4a7c15u +
                     (uint64_t)action->at_ns + action->note;
        if (action->kind == RCE_SEND) {
            actor->last = *action;
            actor->sends_count++;
        }
    }
}

/* Workflows know nothing of one another, as long as no budget and no limiter ties them together. */
static void test_interleaved_equals_alone(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    options.retry = true;
    options.precheck = true;
    options.key_scope = RCE_KEY_PER_TASK;
    static struct actor alone[WORKFLOWS], together[WORKFLOWS];
    uint32_t sends_count = 0;
    for (int w = 0; w < WORKFLOWS; w++) {
        struct rce_process process = {.started = false};
        actor_init(&alone[w], w, &options);
        for (int i = 0; i < STEPS; i++)
            actor_step(&alone[w], &process, i == 0);
        sends_count += alone[w].sends_count;
    }
    assert_true(sends_count > 20 * WORKFLOWS);
    struct rce_process shared = {.started = false};
    int done[WORKFLOWS] = {0};
    uint64_t stream = 1;
    for (int w = 0; w < WORKFLOWS; w++)
        actor_init(&together[w], w, &options);
    for (int left = WORKFLOWS * STEPS; left > 0;) {
        int w = (int)(draw(&stream) % WORKFLOWS);
        if (done[w] == STEPS)
            continue;
        actor_step(&together[w], &shared, done[w] == 0);
        done[w]++;
        left--;
    }
    for (int w = 0; w < WORKFLOWS; w++) {
        assert_true(together[w].sum == alone[w].sum);
        assert_true(rce_engine.digest(together[w].watch.block) ==
                    rce_engine.digest(alone[w].watch.block));
    }
}

static void test_names_are_distinct(void **state)
{
    (void)state;
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        for (int k = 0; k <= i; k++)
            assert_int_equal(strcmp(rce_operation_name((enum rce_operation)i),
                                    rce_operation_name((enum rce_operation)k)) == 0,
                             i == k);
    for (int i = 0; i < RCE_NOTE_COUNT; i++)
        assert_string_not_equal(rce_note_name((enum rce_note)i), "unknown");
    for (int i = 0; i < RCE_REASON_COUNT; i++)
        assert_string_not_equal(rce_reason_name((enum rce_reason)i), "unknown");
    for (int i = 0; i < RCE_RESULT_COUNT; i++)
        assert_string_not_equal(rce_result_name((enum rce_result)i), "unknown");
    assert_string_equal(rce_operation_name((enum rce_operation)99), "unknown");
    assert_string_equal(rce_operation_name(RCE_ENTER_MAINTENANCE), "enter-maintenance");
    assert_string_equal(rce_reason_name(RCE_REASON_DEADLINE), "deadline");
    assert_string_equal(rce_note_name(RCE_NOTE_CALLBACK_BELIEVED), "callback-believed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_target_is_asked_once),
        cmocka_unit_test(test_clusters_at_once),
        cmocka_unit_test(test_largest_answers_fit),
        cmocka_unit_test(test_states_are_small),
        cmocka_unit_test(test_scope_of_keys),
        cmocka_unit_test(test_keys_do_not_collide),
        cmocka_unit_test(test_bystanders_keep_their_keys),
        cmocka_unit_test(test_workflows_share_the_budget),
        cmocka_unit_test(test_interleaved_equals_alone),
        cmocka_unit_test(test_names_are_distinct),
    };
    return cmocka_run_group_tests_name("rce/engine", tests, NULL, NULL);
}
