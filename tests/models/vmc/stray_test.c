/* The world under engines that keep the contract and nothing else: whatever they ask for, in
 * whatever order, it stays sound and the run ends. And under engines that do not keep it: the run
 * is stopped with a message, and nothing of it counts. */
#include "tests/models/vmc/fixture.h"

/* Draws of an engine that does as it likes: all from the entropy of its inputs. */
struct stray {
    const struct rce_plan *plan;
    uint32_t requests, steps;
};

static uint64_t next(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (*state ^ *state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

static uint32_t below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(next(state) % limit);
}

static size_t stray_size_bytes(const struct rce_plan *plan)
{
    (void)plan;
    return sizeof(struct stray);
}

static void stray_init(void *block, void *process, const struct rce_plan *plan,
                       const void *settings)
{
    struct stray *stray = block;
    (void)process, (void)settings;
    *stray = (struct stray){.plan = plan};
}

/* An operation at a target that it can have. */
static struct rce_action any_place(const struct stray *stray, uint64_t *state)
{
    struct rce_action action = {.operation = (enum rce_operation)below(state, RCE_OPERATION_COUNT),
                                .cluster = RCE_NO_CLUSTER,
                                .host = RCE_NO_HOST};
    uint8_t cluster = (uint8_t)below(state, stray->plan->clusters_count);
    switch (action.operation) {
    case RCE_UPGRADE_CONTROL_PLANE:
    case RCE_UPGRADE_NETWORK: return action;
    case RCE_BACKUP:
    case RCE_READ_CLUSTER: break;
    case RCE_ADD_HOST:
    case RCE_REMOVE_HOST: action.host = RCE_TEMPORARY_HOST; break;
    case RCE_READ_HOST:
    case RCE_ENTER_MAINTENANCE:
    case RCE_UPDATE_HOST:
    case RCE_EXIT_MAINTENANCE:
        action.host = (uint8_t)below(state, stray->plan->clusters[cluster].hosts_count);
        break;
    }
    action.cluster = cluster;
    return action;
}

static void add_any(struct stray *stray, const struct rce_input *input, uint64_t *state,
                    struct rce_actions *out)
{
    struct rce_action action = any_place(stray, state);
    bool is_read = action.operation == RCE_READ_CLUSTER || action.operation == RCE_READ_HOST;
    switch (below(state, 4)) {
    case 0:
    case 1:
        action.kind = RCE_SEND;
        action.request = ++stray->requests;
        action.attempt = (uint16_t)(1 + below(state, 3));
        action.key = below(state, 3);
        break;
    case 2:
        action.kind = RCE_SET_TIMER;
        action.timer = below(state, rce_timers_count(stray->plan));
        action.at_ns = input->now_ns + (int64_t)below(state, 2000) * UNITS_S;
        break;
    default:
        action.kind = RCE_LOG;
        action.note = is_read ? RCE_NOTE_RETRY : (enum rce_note)below(state, RCE_NOTE_COUNT);
        action.task = below(state, 5);
        break;
    }
    out->items[out->count++] = action;
}

static enum rce_status stray_step(void *block, void *process, const struct rce_input *input,
                                  struct rce_actions *out)
{
    struct stray *stray = block;
    uint64_t state = input->entropy;
    (void)process;
    out->count = 0;
    uint32_t count = 1 + below(&state, 4);
    for (uint32_t i = 0; i < count; i++)
        add_any(stray, input, &state, out);
    /* So that it cannot fall silent before it ends. */
    out->items[out->count++] = (struct rce_action){
        .kind = RCE_SET_TIMER, .timer = 0, .at_ns = input->now_ns + 20 * UNITS_MIN};
    if (++stray->steps < 120)
        return RCE_RUNNING;
    struct rce_action end = any_place(stray, &state);
    bool has_failed = below(&state, 4) > 0;
    end.kind = has_failed ? RCE_FAIL : RCE_DONE;
    end.reason = (enum rce_reason)below(&state, RCE_REASON_COUNT);
    out->items[out->count++] = end;
    return has_failed ? RCE_FAILED : RCE_SUCCEEDED;
}

static const struct rce_engine stray_engine = {
    .abi = RCE_ABI,
    .size_bytes = sizeof stray_engine,
    .name = "stray",
    .version = "1",
    .state_size_bytes = stray_size_bytes,
    .init = stray_init,
    .step = stray_step,
};

static void test_world_survives_any_engine(void **state)
{
    (void)state;
    for (int early = VMC_EARLY_DROP; early <= VMC_EARLY_QUEUE; early++) {
        struct fixture *fixture = fixture_create(12);
        fixture->config.service.early_request = (enum vmc_early_request)early;
        fixture->config.service.key_scope = early % 2 ? VMC_KEY_BY_SERVICE : VMC_KEY_BY_TARGET;
        fixture->config.service.unavailable_probability = 0.05;
        fixture->config.service.unknown_probability = 0.05;
        fixture->config.service.callback_duplicate = 0.2;
        fixture->config.work.update_failure_probability = 0.2;
        fixture->config.work.repair = fixture_delay(fixture, "10min");
        fixture->config.fleet.clusters_per_sddc = fixture_number(fixture, "uniform(1, 4)");
        fixture->config.fleet.temporary_host_share = 0.5;
        fixture->parameters.engine = &stray_engine;
        for (uint32_t replication = 0; replication < 12; replication++) {
            struct record *record = fixture_run(fixture, replication);
            assert_int_equal(record->unit_count, 12);
            assert_true(record->values[METRIC_API_CALLS] > 12 * 100);
            assert_int_equal(fixture_violation(record, VIOLATION_NEVER_ENDED), 0);
        }
        fixture_destroy(fixture);
    }
}

/* Our engine, but it updates hosts that are not there. */
static enum rce_status spoiled_step(void *block, void *process, const struct rce_input *input,
                                    struct rce_actions *out)
{
    enum rce_status status = rce_engine.step(block, process, input, out);
    for (uint32_t i = 0; i < out->count; i++)
        if (out->items[i].kind == RCE_SEND && out->items[i].operation == RCE_UPDATE_HOST)
            out->items[i].host = 99;
    return status;
}

static const char *broken_complaint(const void *process)
{
    (void)process;
    return "line 7: {\"actions\": \x01";
}

static enum rce_status broken_step(void *block, void *process, const struct rce_input *input,
                                   struct rce_actions *out)
{
    return input->kind == RCE_INPUT_CALLBACK ? RCE_BROKEN
                                             : rce_engine.step(block, process, input, out);
}

static size_t broken_save(const void *workflow, void *bytes, size_t size_bytes)
{
    (void)workflow, (void)bytes, (void)size_bytes;
    return 0;
}

static size_t huge_size_bytes(const struct rce_plan *plan)
{
    return plan->workflow == 2 ? SIZE_MAX / 4 : rce_engine.state_size_bytes(plan);
}

/* As many backups as fit into each step. */
static enum rce_status endless_step(void *block, void *process, const struct rce_input *input,
                                    struct rce_actions *out)
{
    (void)block, (void)process, (void)input;
    out->count = RCE_ACTIONS_MAX;
    for (uint32_t i = 0; i < RCE_ACTIONS_MAX; i++)
        out->items[i] = (struct rce_action){.kind = RCE_SEND,
                                            .operation = RCE_BACKUP,
                                            .host = RCE_NO_HOST,
                                            .request = 1,
                                            .attempt = 1};
    return RCE_RUNNING;
}

static void check_stopped(const struct rce_engine *engine, const struct vmc_rollout *rollout,
                          const char *text)
{
    struct fixture *fixture = fixture_create(4);
    fixture->parameters.engine = engine;
    fixture->parameters.rollout = rollout;
    struct error error = {0};
    struct experiment_variant variants[] = {{.name = "before", .parameters = &fixture->parameters}};
    struct experiment_design design = {.model = &vmc_model,
                                       .variants = variants,
                                       .variant_count = 1,
                                       .replication_count = 8,
                                       .seed = 1,
                                       .thread_count = 3};
    struct result *result = NULL;
    assert_false(experiment_run(&design, &result, &error));
    assert_null(result);
    assert_int_equal(error.code, ERROR_INTERNAL);
    /* The lowest replication, whatever the threads do. */
    assert_non_null(strstr(error.message, "replication 0, variant \"before\": harness error: "));
    if (strstr(error.message, text) == NULL)
        fail_msg("no \"%s\" in: %s", text, error.message);
    fixture_destroy(fixture);
}

static void test_engines_that_break_stop_the_run(void **state)
{
    (void)state;
    struct rce_engine engine = rce_engine;
    engine.step = spoiled_step;
    check_stopped(&engine, NULL, "does not have; action");
    check_stopped(&engine, NULL, "operation update-host, cluster 0, host 99");
    engine.step = broken_step;
    check_stopped(&engine, NULL, "input callback of upgrade-control-plane, task 1: succeeded: ");
    check_stopped(&engine, NULL, "does not say why");
    engine.complaint = broken_complaint;
    check_stopped(&engine, NULL, "line 7: {\"actions\":  ");
    engine = rce_engine;
    engine.step = endless_step;
    check_stopped(&engine, NULL, "it asks without end");
    engine = rce_engine;
    engine.state_size_bytes = huge_size_bytes;
    check_stopped(&engine, NULL, "workflow 2, at ");
    check_stopped(&engine, NULL, "the limit is 16777216");
}

/* A state that an engine promised and does not give is its fault; one that it cannot give, or that
 * the other cannot read, leaves the workflow where it is. */
static void test_states_between_engines(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    struct vmc_rollout rollout = {.engine = &rce_engine,
                                  .options = &options,
                                  .detect_at_ns = UNITS_H,
                                  .drain_ns = UNITS_MIN,
                                  .stages_count = 1,
                                  .stages = {{.select = VMC_SELECT_ALL, .share = 1}},
                                  .hand_over = VMC_HAND_OVER_ALL};
    struct rce_engine engine = rce_engine;
    engine.save = broken_save;
    check_stopped(&engine, &rollout, "could not save a workflow");
    struct rce_engine mute = rce_engine;
    mute.capabilities &= ~(uint32_t)RCE_CAN_SAVE;
    mute.save = NULL;
    rollout.engine = &mute;
    rollout.hand_over = VMC_HAND_OVER_RESTART;
    check_stopped(&rce_engine, &rollout, "it cannot save workflows");
    rollout.engine = &rce_engine;
    rollout.hand_over = VMC_HAND_OVER_ALL;
    engine = rce_engine;
    engine.state_version = 9;
    struct fixture *fixture = fixture_create(4);
    fixture->parameters.engine = &engine;
    fixture->parameters.rollout = &rollout;
    assert_int_equal(fixture_run(fixture, 0)->values[METRIC_STATES_REFUSED], 4);
    engine.state_version = 1;
    engine.capabilities &= ~(uint32_t)RCE_CAN_SAVE;
    assert_int_equal(fixture_run(fixture, 0)->values[METRIC_STATES_REFUSED], 4);
    engine.capabilities = rce_engine.capabilities;
    assert_int_equal(fixture_run(fixture, 0)->values[METRIC_STATES_REFUSED], 0);
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_world_survives_any_engine),
        cmocka_unit_test(test_engines_that_break_stop_the_run),
        cmocka_unit_test(test_states_between_engines),
    };
    return cmocka_run_group_tests_name("vmc/stray", tests, NULL, NULL);
}
