/* What the contract forbids in one step, each breach once, and what it must not forbid. */
#include "models/rce/contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/models/rce/obedient.h"

static const struct rce_cluster_plan clusters[] = {{.hosts_count = 3, .temporary_host = true},
                                                   {.hosts_count = 1}};
static const struct rce_plan plan = {.workflow = 7, .clusters_count = 2, .clusters = clusters};

static const struct rce_action good_send = {.kind = RCE_SEND,
                                            .operation = RCE_UPDATE_HOST,
                                            .cluster = 1,
                                            .host = 0,
                                            .request = 1,
                                            .attempt = 1};
static const struct rce_action good_persist = {
    .kind = RCE_PERSIST, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST};
static const struct rce_action good_done = {.kind = RCE_DONE};
static const struct rce_action good_log = {
    .kind = RCE_LOG, .note = RCE_NOTE_STEP_STARTED, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST};

struct step {
    struct rce_actions actions;
    enum rce_input_kind kind;
    enum rce_status before, after;
};

static struct rce_breach check(const struct step *step)
{
    struct rce_input input = {.kind = step->kind, .now_ns = 100};
    return rce_contract_check(&(struct rce_step_seen){.plan = &plan,
                                                      .input = &input,
                                                      .status_before = step->before,
                                                      .status = step->after,
                                                      .actions = &step->actions});
}

/* One action in a workflow that goes on. */
static enum rce_breach_kind check_action(struct rce_action action)
{
    struct step step = {.actions = {.count = 1, .items = {action}}, .kind = RCE_INPUT_TIMER};
    if (action.kind == RCE_FAIL)
        step.after = RCE_FAILED;
    struct rce_breach breach = check(&step);
    assert_int_equal(breach.action, breach.kind == RCE_BREACH_NONE ? (uint32_t)RCE_ACTIONS_MAX : 0);
    return breach.kind;
}

static enum rce_breach_kind check_place(enum rce_action_kind kind, enum rce_operation operation,
                                        uint8_t cluster, uint8_t host)
{
    struct rce_action action = {.kind = kind,
                                .operation = operation,
                                .cluster = cluster,
                                .host = host,
                                .request = 1,
                                .attempt = 1,
                                .reason = RCE_REASON_DEADLINE};
    return check_action(action);
}

static void test_single_actions(void **state)
{
    (void)state;
    struct rce_action action = good_send;
    assert_int_equal(check_action(action), RCE_BREACH_NONE);
    action.request = 0;
    assert_int_equal(check_action(action), RCE_BREACH_REQUEST);
    action = good_send;
    action.attempt = 0;
    assert_int_equal(check_action(action), RCE_BREACH_ATTEMPT);
    action = good_send;
    action.operation = (enum rce_operation)RCE_OPERATION_COUNT;
    assert_int_equal(check_action(action), RCE_BREACH_OPERATION);
    action.kind = (enum rce_action_kind)(RCE_LOG + 1);
    assert_int_equal(check_action(action), RCE_BREACH_KIND);
    uint32_t timers_count = rce_timers_count(&plan);
    action = (struct rce_action){.kind = RCE_SET_TIMER, .timer = timers_count - 1, .at_ns = 100};
    assert_int_equal(check_action(action), RCE_BREACH_NONE);
    action.at_ns = 99;
    assert_int_equal(check_action(action), RCE_BREACH_TIME);
    action.timer = timers_count;
    assert_int_equal(check_action(action), RCE_BREACH_TIMER);
    action.kind = RCE_CANCEL_TIMER;
    assert_int_equal(check_action(action), RCE_BREACH_TIMER);
    action = good_log;
    action.note = (enum rce_note)RCE_NOTE_COUNT;
    assert_int_equal(check_action(action), RCE_BREACH_NOTE);
    action = good_log;
    action.note = RCE_NOTE_CALLBACK_BELIEVED;
    action.operation = RCE_READ_HOST;
    assert_int_equal(check_action(action), RCE_BREACH_OPERATION);
    action.operation = RCE_BACKUP;
    assert_int_equal(check_action(action), RCE_BREACH_TARGET);
    action = (struct rce_action){.kind = RCE_FAIL,
                                 .reason = (enum rce_reason)RCE_REASON_COUNT,
                                 .cluster = RCE_NO_CLUSTER,
                                 .host = RCE_NO_HOST};
    assert_int_equal(check_action(action), RCE_BREACH_REASON);
}

/* Every operation, with each kind of place. */
static void test_targets(void **state)
{
    (void)state;
    static const struct {
        uint8_t cluster, host;
    } places[] = {{RCE_NO_CLUSTER, RCE_NO_HOST},
                  {0, RCE_NO_HOST},
                  {0, RCE_TEMPORARY_HOST},
                  {0, 2},
                  {1, 0},
                  {1, 1},
                  {2, RCE_NO_HOST},
                  {RCE_NO_CLUSTER, 0}};
    /* Bit i: places[i] is good for it. */
    static const unsigned good[RCE_OPERATION_COUNT] = {
        [RCE_UPGRADE_CONTROL_PLANE] = 0x01,
        [RCE_UPGRADE_NETWORK] = 0x01,
        [RCE_BACKUP] = 0x02,
        [RCE_READ_CLUSTER] = 0x02,
        [RCE_ADD_HOST] = 0x04,
        [RCE_REMOVE_HOST] = 0x04,
        [RCE_READ_HOST] = 0x18,
        [RCE_ENTER_MAINTENANCE] = 0x18,
        [RCE_UPDATE_HOST] = 0x18,
        [RCE_EXIT_MAINTENANCE] = 0x18,
    };
    for (unsigned o = 0; o < RCE_OPERATION_COUNT; o++)
        for (unsigned p = 0; p < sizeof places / sizeof places[0]; p++) {
            enum rce_breach_kind wanted = good[o] >> p & 1 ? RCE_BREACH_NONE : RCE_BREACH_TARGET;
            enum rce_operation operation = (enum rce_operation)o;
            assert_int_equal(check_place(RCE_SEND, operation, places[p].cluster, places[p].host),
                             wanted);
            assert_int_equal(check_place(RCE_FAIL, operation, places[p].cluster, places[p].host),
                             wanted);
            /* A log may name any place that is there. */
            wanted = p < 5 ? RCE_BREACH_NONE : RCE_BREACH_TARGET;
            assert_int_equal(check_place(RCE_LOG, operation, places[p].cluster, places[p].host),
                             wanted);
        }
}

static void expect(const struct step *step, enum rce_breach_kind kind, uint32_t action)
{
    struct rce_breach breach = check(step);
    assert_int_equal(breach.kind, kind);
    assert_int_equal(breach.action, action);
}

static void test_order_and_status(void **state)
{
    (void)state;
    struct step step = {.actions = {.count = RCE_ACTIONS_MAX + 1}, .kind = RCE_INPUT_TIMER};
    expect(&step, RCE_BREACH_COUNT, RCE_ACTIONS_MAX);
    step.actions = (struct rce_actions){.count = 2, .items = {good_persist, good_send}};
    expect(&step, RCE_BREACH_NONE, RCE_ACTIONS_MAX);
    step.actions = (struct rce_actions){.count = 2, .items = {good_send, good_persist}};
    expect(&step, RCE_BREACH_PERSIST, 1);
    step.actions = (struct rce_actions){.count = 2, .items = {good_done, good_log}};
    expect(&step, RCE_BREACH_STATUS_RUNNING, RCE_ACTIONS_MAX);
    step.after = RCE_SUCCEEDED;
    expect(&step, RCE_BREACH_NONE, RCE_ACTIONS_MAX);
    step.after = RCE_FAILED;
    expect(&step, RCE_BREACH_STATUS_ENDED, RCE_ACTIONS_MAX);
    step.after = (enum rce_status)9;
    expect(&step, RCE_BREACH_STATUS, RCE_ACTIONS_MAX);
    step.actions = (struct rce_actions){.count = 2, .items = {good_done, good_done}};
    expect(&step, RCE_BREACH_AFTER_END, 1);
    step.actions = (struct rce_actions){.count = 1, .items = {good_send}};
    step.before = step.after = RCE_FAILED;
    expect(&step, RCE_BREACH_AFTER_END, 0);
    step.kind = RCE_INPUT_REDRIVEN;
    step.after = RCE_RUNNING;
    expect(&step, RCE_BREACH_NONE, RCE_ACTIONS_MAX);
    step.actions.count = 0;
    step.before = RCE_RUNNING;
    step.after = RCE_SUCCEEDED;
    expect(&step, RCE_BREACH_STATUS_ENDED, RCE_ACTIONS_MAX);
}

static void test_texts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RCE_BREACH_KIND_COUNT; i++) {
        const char *text = rce_breach_text((enum rce_breach_kind)i);
        assert_string_not_equal(text, "did something unknown");
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(text, rce_breach_text((enum rce_breach_kind)j));
    }
    assert_string_equal(rce_breach_text((enum rce_breach_kind)RCE_BREACH_KIND_COUNT),
                        "did something unknown");
}

/* The engine of the folder keeps it in every step from start to end. */
static void test_our_engine_keeps_it(void **state)
{
    (void)state;
    static struct obedient driver;
    struct rce_options options;
    rce_options_init(&options);
    options.precheck = options.retry = true;
    obedient_init(&driver, &plan, &options);
    enum rce_status before = RCE_RUNNING;
    struct rce_input input = {.kind = RCE_INPUT_START};
    int steps_count = 0;
    while (obedient_step(&driver)) {
        input.now_ns = driver.now_ns;
        struct rce_breach breach =
            rce_contract_check(&(struct rce_step_seen){.plan = &plan,
                                                       .input = &input,
                                                       .status_before = before,
                                                       .status = driver.status,
                                                       .actions = &driver.out});
        assert_int_equal(breach.kind, RCE_BREACH_NONE);
        before = driver.status;
        input.kind = RCE_INPUT_RESPONSE;
        steps_count++;
    }
    assert_true(steps_count > 30);
}

/* A callback may come for any place, also for one that is not there: it is logged without one, or
 * with the right one. */
static void test_callbacks_for_any_place(void **state)
{
    (void)state;
    static struct obedient driver;
    struct rce_options options;
    rce_options_init(&options);
    obedient_init(&driver, &plan, &options);
    for (int i = 0; i < 8; i++)
        obedient_step(&driver);
    int named_count = 0;
    for (unsigned place = 0; place <= UINT16_MAX; place++) {
        struct rce_input input = {.kind = RCE_INPUT_CALLBACK,
                                  .now_ns = driver.now_ns,
                                  .operation = RCE_UPDATE_HOST,
                                  .cluster = (uint8_t)(place >> 8),
                                  .host = (uint8_t)place,
                                  .task = 999};
        enum rce_status status =
            rce_engine.step(driver.block, &driver.process, &input, &driver.out);
        struct rce_step_seen seen = {
            .plan = &plan, .input = &input, .status = status, .actions = &driver.out};
        assert_int_equal(rce_contract_check(&seen).kind, RCE_BREACH_NONE);
        assert_int_equal(driver.out.count, 1);
        const struct rce_action *log = &driver.out.items[0];
        assert_int_equal(log->note, RCE_NOTE_CALLBACK_IGNORED);
        bool is_named = log->cluster == input.cluster && log->host == input.host;
        assert_true(is_named || (log->cluster == RCE_NO_CLUSTER && log->host == RCE_NO_HOST));
        named_count += is_named;
    }
    /* The SDDC, two clusters, their four hosts, the temporary one of each. */
    assert_int_equal(named_count, 1 + 2 + 4 + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_actions),      cmocka_unit_test(test_targets),
        cmocka_unit_test(test_order_and_status),    cmocka_unit_test(test_texts),
        cmocka_unit_test(test_our_engine_keeps_it), cmocka_unit_test(test_callbacks_for_any_place),
    };
    return cmocka_run_group_tests_name("rce/contract", tests, NULL, NULL);
}
