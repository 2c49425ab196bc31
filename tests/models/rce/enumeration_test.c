/* All orders of all kinds of inputs, to some depth, from every place of the plain path: the
 * promises of the contract hold after each (watch.h). Situations that were met before are not
 * entered again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/models/rce/watch.h"

#define S   ((int64_t)1000000000)
#define MIN (60 * S)

enum { SEEN_BITS = 20, CHOICES_MAX = 96 };

struct search {
    uint64_t *seen; /* open addressing, [1 << SEEN_BITS]; 0 = free */
    uint64_t nodes_count;
    uint64_t ends_count[3];
};

static uint64_t situation(const struct watch *watch, int depth)
{
    uint64_t hash = rce_engine.digest(watch->block) + (uint64_t)depth;
    const uint64_t *words = (const uint64_t *)(const void *)&watch->targets;
    for (size_t i = 0; i < sizeof watch->targets / 8; i++)
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29 ^ (uint64_t)watch->now_ns;
    return hash | 1;
}

/* Returns false if the situation was entered before, with as much depth left. */
static bool is_new(struct search *search, const struct watch *watch, int depth)
{
    uint64_t hash = situation(watch, depth);
    for (uint64_t at = hash >> 7;; at++) {
        uint64_t *slot = &search->seen[at & ((1u << SEEN_BITS) - 1)];
        if (*slot == hash)
            return false;
        if (*slot == 0) {
            *slot = hash;
            return true;
        }
    }
}

struct choices {
    uint32_t count;
    struct rce_input items[CHOICES_MAX];
};

static void add(struct choices *choices, struct rce_input input)
{
    assert_true(choices->count < CHOICES_MAX);
    choices->items[choices->count++] = input;
}

/* All answers to an open request; that of a closed one is covered by answering twice. */
static void add_responses(struct choices *choices, const struct watch_target *target, bool is_read)
{
    static const enum rce_result errors[] = {RCE_THROTTLED, RCE_UNAVAILABLE, RCE_NOT_READY,
                                             RCE_REFUSED, RCE_UNKNOWN};
    struct rce_input input = {.kind = RCE_INPUT_RESPONSE, .request = target->newest_request};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        input.result = errors[i];
        input.retry_after_ns = errors[i] == RCE_THROTTLED ? 5 * S : 0;
        add(choices, input);
    }
    input.result = RCE_ACCEPTED;
    input.task = 100 + target->newest_request;
    add(choices, input);
    if (target->task != 0 && target->task != input.task) {
        input.task = target->task;
        add(choices, input);
    }
    if (!is_read)
        return;
    input.result = RCE_STATE;
    input.task = 0;
    for (uint32_t state = 0; state < 8; state++) {
        input.state = state;
        add(choices, input);
    }
}

/* Callbacks for the task that was given, the one that the next answer may name, and another one. */
static void add_callbacks(struct choices *choices, const struct watch_target *target,
                          struct rce_input input)
{
    uint64_t tasks[] = {target->task, 100 + target->newest_request, 99, 0};
    input.kind = RCE_INPUT_CALLBACK;
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
        if ((i == 0 && tasks[0] == 0) || (i == 1 && tasks[1] == tasks[0]))
            continue;
        input.task = tasks[i];
        input.outcome = RCE_TASK_SUCCEEDED;
        add(choices, input);
        input.outcome = RCE_TASK_FAILED;
        add(choices, input);
    }
}

static void list_choices(const struct watch *watch, struct choices *choices)
{
    choices->count = 0;
    uint64_t newest = watch->requests_count;
    for (int o = 0; o < RCE_OPERATION_COUNT; o++)
        for (uint8_t c = 0; c <= WATCH_CLUSTERS; c++)
            for (uint8_t h = 0; h < WATCH_HOSTS + 2; h++) {
                const struct watch_target *target = &watch->targets[o][c][h];
                if (target->newest_request == 0 || target->newest_request + 3 < newest)
                    continue;
                struct rce_input named = {
                    .operation = (enum rce_operation)o,
                    .cluster = c == WATCH_CLUSTERS ? RCE_NO_CLUSTER : c,
                    .host = h == WATCH_HOSTS       ? RCE_NO_HOST
                            : h == WATCH_HOSTS + 1 ? RCE_TEMPORARY_HOST
                                                   : h,
                };
                bool is_read = watch_is_read(named.operation);
                if (target->is_open)
                    add_responses(choices, target, is_read);
                if (!is_read)
                    add_callbacks(choices, target, named);
            }
    for (uint32_t i = 0; i < rce_timers_count(watch->plan); i++)
        if (watch->timers[i] != WATCH_NEVER)
            add(choices, (struct rce_input){.kind = RCE_INPUT_TIMER, .timer = i});
    add(choices, (struct rce_input){.kind = RCE_INPUT_START});
    add(choices, (struct rce_input){.kind = RCE_INPUT_RESUMED});
    add(choices, (struct rce_input){.kind = RCE_INPUT_ENGINE_CHANGED});
    add(choices, (struct rce_input){.kind = RCE_INPUT_REDRIVEN});
}

static void complete(const struct watch *watch, struct rce_input *input)
{
    input->now_ns = watch->now_ns + S;
    input->entropy = 0x8000000000000000u;
    if (input->kind == RCE_INPUT_TIMER && watch->timers[input->timer] > input->now_ns)
        input->now_ns = watch->timers[input->timer];
}

/* Timers that fire before their time, or without being set: the watch sees that nothing happens. */
static void fire_in_vain(const struct watch *watch)
{
    for (uint32_t i = 0; i < rce_timers_count(watch->plan); i++) {
        struct watch copy = *watch;
        struct rce_actions out;
        watch_step(
            &copy,
            &(struct rce_input){.kind = RCE_INPUT_TIMER, .now_ns = watch->now_ns, .timer = i},
            &out);
    }
}

static void explore(struct search *search, const struct watch *watch, int depth)
{
    if (!is_new(search, watch, depth))
        return;
    search->nodes_count++;
    search->ends_count[watch->status]++;
    if (depth == 0)
        return;
    fire_in_vain(watch);
    struct choices choices;
    list_choices(watch, &choices);
    for (uint32_t i = 0; i < choices.count; i++) {
        struct watch next = *watch;
        struct rce_actions out;
        complete(watch, &choices.items[i]);
        watch_step(&next, &choices.items[i], &out);
        explore(search, &next, depth - 1);
    }
}

/* The input that moves the plain path on: the first open request is accepted or answered well; if
 * none is open, a task that was not reported yet succeeds; if there is none, a wait is over. */
static struct rce_input good_input(const struct watch *watch, uint64_t *reported_bits)
{
    struct choices choices;
    list_choices(watch, &choices);
    const struct rce_input *best = NULL;
    for (uint32_t i = 0; i < choices.count && best == NULL; i++) {
        const struct rce_input *input = &choices.items[i];
        bool is_ready = input->result == RCE_STATE && input->state == RCE_STATE_CLUSTER_READY;
        if (input->kind == RCE_INPUT_RESPONSE && (input->result == RCE_ACCEPTED || is_ready))
            best = input;
        /* A read is accepted by nobody. */
        if (best != NULL && best->result == RCE_ACCEPTED && i + 1 < choices.count &&
            choices.items[i + 1].result == RCE_STATE)
            best = NULL;
    }
    for (uint32_t i = 0; i < choices.count && best == NULL; i++) {
        const struct rce_input *input = &choices.items[i];
        bool is_fresh = input->kind == RCE_INPUT_CALLBACK && input->task > 100 &&
                        input->outcome == RCE_TASK_SUCCEEDED &&
                        (*reported_bits >> (input->task - 100) & 1) == 0;
        if (!is_fresh)
            continue;
        best = input;
        *reported_bits |= (uint64_t)1 << (input->task - 100);
    }
    for (uint32_t i = 0; i < choices.count && best == NULL; i++)
        if (choices.items[i].kind == RCE_INPUT_TIMER && choices.items[i].timer % 2 == 1)
            best = &choices.items[i];
    assert_non_null(best);
    struct rce_input input = *best;
    complete(watch, &input);
    return input;
}

static void enumerate(const struct rce_plan *plan, const struct rce_options *options, int depth)
{
    struct search search = {.seen = calloc((size_t)1 << SEEN_BITS, sizeof(uint64_t))};
    assert_non_null(search.seen);
    struct watch watch;
    watch_init(&watch, plan, options);
    struct rce_actions out;
    explore(&search, &watch, 2); /* before the start */
    watch_step(&watch, &(struct rce_input){.kind = RCE_INPUT_START}, &out);
    uint64_t reported_bits = 0;
    for (int place = 0; place < 60 && watch.status == RCE_RUNNING; place++) {
        explore(&search, &watch, depth);
        struct rce_input input = good_input(&watch, &reported_bits);
        watch_step(&watch, &input, &out);
    }
    /* The plain path itself ends well, and the enumeration has seen failures. */
    assert_int_equal(watch.status, RCE_SUCCEEDED);
    explore(&search, &watch, 2);
    assert_true(search.ends_count[RCE_FAILED] > 0);

    assert_true(search.nodes_count > 1000 && search.nodes_count < 1u << (SEEN_BITS - 1));
    free(search.seen);
}

static const struct rce_cluster_plan one_cluster[] = {{.hosts_count = 1, .temporary_host = true}};
static const struct rce_cluster_plan two_hosts[] = {{.hosts_count = 2, .temporary_host = false}};

static const struct rce_plan small_plan = {
    .workflow = 7, .clusters_count = 1, .clusters = one_cluster};
static const struct rce_plan two_hosts_plan = {
    .workflow = 7, .clusters_count = 1, .clusters = two_hosts};

static void test_old_engine(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    options.settle_ns = 5 * MIN;
    enumerate(&small_plan, &options, 4);
}

static void test_retry(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    options.retry = true;
    options.retry_policy.attempts_max = 2;
    enumerate(&small_plan, &options, 4);
}

static void test_all_fixes(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    options.retry = true;
    options.precheck = true;
    options.precheck_scope = RCE_PRECHECK_EVERY_HOST;
    options.key_scope = RCE_KEY_PER_TASK;
    enumerate(&two_hosts_plan, &options, 4);
}

static void test_precheck_with_other_keys(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    options.precheck = true;
    options.key_scope = RCE_KEY_PER_ATTEMPT;
    enumerate(&small_plan, &options, 4);
    options.precheck = false;
    options.key_scope = RCE_KEY_PER_WORKFLOW;
    enumerate(&small_plan, &options, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_old_engine),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_all_fixes),
        cmocka_unit_test(test_precheck_with_other_keys),
    };
    return cmocka_run_group_tests_name("rce/enumeration", tests, NULL, NULL);
}
