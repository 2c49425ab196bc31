/* The world behind a port is the world of a run: whoever sends the requests of a run at their times
 * gets the same answers, tasks and callbacks, and the service tells the same of every workflow. */
#include "models/vmc/port.h"
#include "tests/models/vmc/fixture.h"

enum { SEED = 20261123, TIMERS_MAX = 128, OUTBOX_MAX = 64 };

/* One workflow with its engine, driven from outside. */
struct workflow {
    void *state;
    int64_t timers_ns[TIMERS_MAX]; /* -1: not set */
    uint32_t inputs_count;
    bool is_started, has_ended;
};

/* What the port hands over, until the event is over: it must not call back. */
struct outbox {
    bool is_callback;
    struct vmc_answer answer;
    struct vmc_callback callback;
};

struct driver {
    struct arena *arena;
    const struct vmc_parameters *parameters;
    struct vmc_live *live;
    struct oracle oracle;
    void *process;
    struct workflow *workflows;
    struct outbox outbox[OUTBOX_MAX];
    uint32_t outbox_count;
    /* Engines have requests of 64 bits, as tickets are; the service does not look at them. */
    uint64_t submitted_count, answered_count;
};

static void keep_answer(void *context, const struct vmc_answer *answer)
{
    struct driver *driver = context;
    assert_true(driver->outbox_count < OUTBOX_MAX);
    driver->outbox[driver->outbox_count++] = (struct outbox){.answer = *answer};
    driver->answered_count++;
}

static void keep_callback(void *context, const struct vmc_callback *callback)
{
    struct driver *driver = context;
    assert_true(driver->outbox_count < OUTBOX_MAX);
    driver->outbox[driver->outbox_count++] =
        (struct outbox){.is_callback = true, .callback = *callback};
}

static void carry_out(struct driver *driver, uint32_t index, const struct rce_action *action)
{
    struct workflow *workflow = &driver->workflows[index];
    const struct vmc_request request = {.ticket = action->request,
                                        .sddc = index,
                                        .operation = action->operation,
                                        .cluster = action->cluster,
                                        .host = action->host,
                                        .key = action->key};
    const struct vmc_workflow_failure failure = {.reason = action->reason,
                                                 .operation = action->operation,
                                                 .cluster = action->cluster,
                                                 .host = action->host};
    switch (action->kind) {
    case RCE_SEND:
        assert_int_equal(vmc_live_submit(driver->live, &request), VMC_SUBMITTED);
        driver->submitted_count++;
        return;
    case RCE_SET_TIMER: workflow->timers_ns[action->timer] = action->at_ns; return;
    case RCE_CANCEL_TIMER: workflow->timers_ns[action->timer] = -1; return;
    case RCE_DONE:
    case RCE_FAIL:
        workflow->has_ended = true;
        for (int i = 0; i < TIMERS_MAX; i++)
            workflow->timers_ns[i] = -1;
        if (action->kind == RCE_DONE)
            vmc_live_workflow_succeeded(driver->live, index);
        else
            vmc_live_workflow_failed(driver->live, index, &failure);
        return;
    case RCE_PERSIST:
    case RCE_LOG: return;
    }
}

static void feed(struct driver *driver, uint32_t index, struct rce_input *input)
{
    static struct rce_actions actions;
    struct workflow *workflow = &driver->workflows[index];
    if (workflow->has_ended)
        return;
    input->now_ns = vmc_live_now_ns(driver->live);
    input->entropy =
        oracle_entropy(&driver->oracle, (struct draw_name){entity_of_sddc(index), PURPOSE_ENTROPY,
                                                           workflow->inputs_count++});
    rce_engine.step(workflow->state, driver->process, input, &actions);
    for (uint32_t i = 0; i < actions.count; i++)
        carry_out(driver, index, &actions.items[i]);
}

static void empty_outbox(struct driver *driver)
{
    for (uint32_t i = 0; i < driver->outbox_count; i++) {
        const struct vmc_answer *answer = &driver->outbox[i].answer;
        const struct vmc_callback *callback = &driver->outbox[i].callback;
        if (driver->outbox[i].is_callback)
            feed(driver, callback->sddc,
                 &(struct rce_input){.kind = RCE_INPUT_CALLBACK,
                                     .operation = callback->operation,
                                     .cluster = callback->cluster,
                                     .host = callback->host,
                                     .task = callback->task,
                                     .outcome = callback->outcome});
        else
            feed(driver, answer->sddc,
                 &(struct rce_input){.kind = RCE_INPUT_RESPONSE,
                                     .request = answer->ticket,
                                     .task = answer->task,
                                     .operation = answer->operation,
                                     .cluster = answer->cluster,
                                     .host = answer->host,
                                     .result = answer->result,
                                     .has_ended = answer->has_ended,
                                     .outcome = answer->outcome,
                                     .state = answer->state,
                                     .retry_after_ns = answer->retry_after_ns});
    }
    driver->outbox_count = 0;
}

/* The earliest timer or start; -1: none. */
static int64_t next_own(struct driver *driver, uint32_t *index, uint32_t *timer)
{
    int64_t best_ns = -1;
    uint32_t count = vmc_live_sddcs_count(driver->live);
    for (uint32_t i = 0; i < count; i++) {
        const struct workflow *workflow = &driver->workflows[i];
        if (!workflow->is_started) {
            int64_t due_ns = vmc_live_due_ns(driver->live, i);
            if (best_ns < 0 || due_ns < best_ns) {
                best_ns = due_ns;
                *index = i;
                *timer = TIMERS_MAX;
            }
            continue;
        }
        for (uint32_t k = 0; k < TIMERS_MAX; k++)
            if (workflow->timers_ns[k] >= 0 && (best_ns < 0 || workflow->timers_ns[k] < best_ns)) {
                best_ns = workflow->timers_ns[k];
                *index = i;
                *timer = k;
            }
    }
    return best_ns;
}

static void start(struct driver *driver, uint32_t index)
{
    struct workflow *workflow = &driver->workflows[index];
    const struct rce_plan *plan = vmc_live_plan(driver->live, index);
    workflow->is_started = true;
    workflow->state = arena_take(driver->arena, rce_engine.state_size_bytes(plan));
    vmc_live_workflow_started(driver->live, index);
    rce_engine.init(workflow->state, driver->process, plan, driver->parameters->options);
    feed(driver, index,
         &(struct rce_input){
             .kind = RCE_INPUT_START, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST});
}

static void drive(struct driver *driver)
{
    for (;;) {
        uint32_t index = 0, timer = 0;
        int64_t own_ns = next_own(driver, &index, &timer);
        int64_t next_ns = vmc_live_next_ns(driver->live);
        if (own_ns < 0 && next_ns < 0)
            return;
        if (next_ns >= 0 && (own_ns < 0 || next_ns <= own_ns)) {
            assert_true(vmc_live_step(driver->live, next_ns));
            assert_int_equal(vmc_live_now_ns(driver->live), next_ns);
            empty_outbox(driver);
            continue;
        }
        vmc_live_advance(driver->live, own_ns);
        if (timer == TIMERS_MAX) {
            start(driver, index);
            continue;
        }
        driver->workflows[index].timers_ns[timer] = -1;
        feed(driver, index,
             &(struct rce_input){.kind = RCE_INPUT_TIMER,
                                 .timer = timer,
                                 .cluster = RCE_NO_CLUSTER,
                                 .host = RCE_NO_HOST});
    }
}

static struct driver *driver_create(struct fixture *fixture, uint32_t replication)
{
    struct driver *driver = arena_take(fixture->arena, sizeof *driver);
    uint32_t count = fixture->config.fleet.sddcs_count;
    driver->arena = fixture->arena;
    driver->parameters = &fixture->parameters;
    driver->oracle = oracle_make(SEED, replication, NULL, NULL);
    driver->process = arena_take(fixture->arena, rce_engine.process_size_bytes + 1);
    driver->workflows = arena_take_array(fixture->arena, count, sizeof *driver->workflows);
    for (uint32_t i = 0; i < count; i++)
        memset(driver->workflows[i].timers_ns, 0xff, sizeof driver->workflows[i].timers_ns);
    const struct vmc_port port = {driver, keep_answer, keep_callback};
    driver->live = vmc_live_create(fixture->arena, &fixture->parameters, SEED, replication, &port);
    return driver;
}

/* Everything that can go wrong does. */
static void make_bad(struct fixture *fixture)
{
    struct vmc_config *config = &fixture->config;
    config->fleet.clusters_per_sddc = fixture_number(fixture, "discrete(1=0.6, 2=0.3, 3=0.1)");
    config->fleet.hosts_per_cluster = fixture_number(fixture, "discrete(2=0.5, 4=0.5)");
    config->fleet.temporary_host_share = 0.8;
    config->provisioning.connect = fixture_delay(fixture, "lognormal(median=20min, sigma=0.4)");
    config->provisioning.configure = fixture_delay(fixture, "lognormal(median=4min, sigma=0.6)");
    config->maintenance.evacuate = fixture_delay(fixture, "lognormal(median=6min, sigma=0.9)");
    config->maintenance.stuck_probability = 0.01;
    config->maintenance.stuck_duration = fixture_delay(fixture, "30min");
    config->work.update_failure_probability = 0.01;
    config->work.repair = fixture_delay(fixture, "lognormal(median=60min, sigma=1)");
    config->service.latency = fixture_delay(fixture, "lognormal(median=120ms, p95=900ms)");
    config->service.response_delay = fixture_delay(fixture, "exponential(mean=500ms)");
    config->service.callback_delay = fixture_delay(fixture, "exponential(mean=5s)");
    config->service.callback_duplicate_delay = fixture_delay(fixture, "exponential(mean=30s)");
    config->service.callback_late_delay = fixture_delay(fixture, "exponential(mean=20min)");
    config->service.callback_loss = 0.01;
    config->service.callback_duplicate = 0.05;
    config->service.callback_late_probability = 0.02;
    config->service.unavailable_probability = 0.01;
    config->service.unknown_probability = 0.01;
    config->service.unknown_applied_share = 0.5;
    config->service.retry_after = true;
    config->service.limit_reads = (struct vmc_limit){.rate_per_s = 0.05, .burst = 4};
    config->service.limit_writes = (struct vmc_limit){.rate_per_s = 0.05, .burst = 6};
    config->service.key_retention_ns = 24 * UNITS_H;
    config->wave.schedule = VMC_START_RANDOMLY;
    config->wave.spread_ns = 6 * UNITS_H;
}

static void compare_rows(void *context, const int64_t *values)
{
    static const int columns[] = {
        COLUMN_CLUSTERS,   COLUMN_HOSTS,           COLUMN_STATUS,
        COLUMN_REASON,     COLUMN_OPERATION,       COLUMN_CAUSE,
        COLUMN_VIOLATIONS, COLUMN_EARLY_TRIGGER,   COLUMN_DUPLICATES,
        COLUMN_STARTED,    COLUMN_TRIGGERED,       COLUMN_TRIGGER_MARGIN,
        COLUMN_ENDED,      COLUMN_CALLS,           COLUMN_READS,
        COLUMN_THROTTLED,  COLUMN_HOSTS_LEFT_OVER, COLUMN_TEMPORARY_HOST_TIME};
    const struct fixture *fixture = context;
    const int64_t *run = fixture->rows + (size_t)values[COLUMN_WORKFLOW] * VMC_ROW_COLUMN_COUNT;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (run[columns[i]] != values[columns[i]])
            fail_msg("workflow %lld, %s: %lld in the run, %lld behind the port",
                     (long long)values[COLUMN_WORKFLOW], vmc_row_columns[columns[i]].name,
                     (long long)run[columns[i]], (long long)values[columns[i]]);
}

/* Drive the world from outside, and compare it with the run. */
static void check_same(struct fixture *fixture, uint32_t replication, int64_t *failed)
{
    uint64_t hash;
    struct error error = {0};
    const struct record *run = fixture_run(fixture, replication);
    assert_true(vmc_run_history_hash(&fixture->parameters, SEED, replication, &hash, &error));
    struct driver *driver = driver_create(fixture, replication);
    drive(driver);
    assert_true(driver->submitted_count == driver->answered_count);
    assert_true(vmc_live_history_hash(driver->live) == hash);
    const struct record *live = vmc_live_close(driver->live, compare_rows, fixture);
    assert_int_equal(live->unit_count, run->unit_count);
    for (int i = 0; i < VMC_METRIC_COUNT; i++)
        if (i != METRIC_RETRIES && i != METRIC_CALLBACKS_IGNORED &&
            i != METRIC_FIRST_VIOLATION + VIOLATION_FOREIGN_CALLBACK && i != METRIC_VIOLATIONS &&
            live->values[i] != run->values[i])
            fail_msg("%s: %lld in the run, %lld behind the port", vmc_model.metrics[i].name,
                     (long long)run->values[i], (long long)live->values[i]);
    *failed += run->values[METRIC_FAILURE_RATE];
}

static void test_same_as_run(void **state)
{
    (void)state;
    int64_t failed = 0;
    for (int fixes = 0; fixes < 2; fixes++)
        for (uint32_t replication = 0; replication < 3; replication++) {
            struct fixture *fixture = fixture_create(30);
            make_bad(fixture);
            if (fixes)
                fixture_fix(&fixture->options, true, true, true);
            check_same(fixture, replication, &failed);
            fixture_destroy(fixture);
        }
    assert_true(failed > 10);
}

static void test_other_early_requests(void **state)
{
    (void)state;
    int64_t failed = 0;
    for (int early = VMC_EARLY_DROP; early <= VMC_EARLY_QUEUE; early++) {
        struct fixture *fixture = fixture_create(20);
        make_bad(fixture);
        fixture->config.service.early_request = (enum vmc_early_request)early;
        fixture->config.service.queue =
            (struct vmc_queue){.rate_per_s = 0.5, .timeout_ns = 20 * UNITS_S};
        fixture_fix(&fixture->options, false, true, true);
        check_same(fixture, 1, &failed);
        fixture_destroy(fixture);
    }
}

/* The hash sees a request that was one microsecond late, and one that was not made. */
static void test_hash_sees_differences(void **state)
{
    (void)state;
    uint64_t hashes[3];
    for (int variant = 0; variant < 3; variant++) {
        struct fixture *fixture = fixture_create(2);
        struct driver *driver = driver_create(fixture, 0);
        const struct vmc_request request = {
            .sddc = 1, .operation = RCE_BACKUP, .cluster = 0, .host = RCE_NO_HOST};
        vmc_live_advance(driver->live, variant == 1 ? UNITS_US : 0);
        if (variant < 2)
            assert_int_equal(vmc_live_submit(driver->live, &request), VMC_SUBMITTED);
        vmc_live_advance(driver->live, UNITS_H);
        hashes[variant] = vmc_live_history_hash(driver->live);
        fixture_destroy(fixture);
    }
    assert_true(hashes[0] != hashes[1] && hashes[0] != hashes[2] && hashes[1] != hashes[2]);
}

static void test_targets(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(2);
    struct driver *driver = driver_create(fixture, 0);
    static const struct vmc_request bad[] = {
        {.sddc = 2, .operation = RCE_BACKUP, .cluster = 0, .host = RCE_NO_HOST},
        {.operation = RCE_BACKUP, .cluster = 1, .host = RCE_NO_HOST},
        {.operation = RCE_BACKUP, .cluster = 0, .host = 0},
        {.operation = RCE_ENTER_MAINTENANCE, .cluster = 0, .host = 2},
        {.operation = RCE_ENTER_MAINTENANCE, .cluster = 0, .host = RCE_TEMPORARY_HOST},
        {.operation = RCE_UPGRADE_NETWORK, .cluster = 0, .host = RCE_NO_HOST},
        {.operation = RCE_ADD_HOST, .cluster = 0, .host = 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(vmc_live_submit(driver->live, &bad[i]), VMC_NO_SUCH_TARGET);
    assert_int_equal(vmc_live_sddc(driver->live, 0).workflow, VMC_WORKFLOW_NONE);
    fixture_destroy(fixture);
}

/* Ask for something, and return the answer. */
static struct vmc_answer ask(struct driver *driver, enum rce_operation operation, uint8_t host)
{
    const struct vmc_request request = {
        .ticket = 7, .operation = operation, .cluster = 0, .host = host};
    driver->outbox_count = 0;
    assert_int_equal(vmc_live_submit(driver->live, &request), VMC_SUBMITTED);
    vmc_live_advance(driver->live, vmc_live_now_ns(driver->live) + UNITS_MIN);
    assert_true(driver->outbox_count >= 1 && !driver->outbox[0].is_callback);
    assert_int_equal(driver->outbox[0].answer.ticket, 7);
    return driver->outbox[0].answer;
}

static void test_faults(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(1);
    fixture->config.service.latency = fixture_delay(fixture, "100ms");
    fixture->config.service.retry_after = true;
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "10s");
    struct driver *driver = driver_create(fixture, 0);
    struct vmc_live *live = driver->live;
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_STATE);
    vmc_live_inject(live, VMC_FAULT_OUTAGE, 2 * UNITS_MIN);
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_UNAVAILABLE);
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_UNAVAILABLE);
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_STATE);
    vmc_live_inject(live, VMC_FAULT_THROTTLE, UNITS_MIN);
    struct vmc_answer answer = ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST);
    assert_int_equal(answer.result, RCE_THROTTLED);
    assert_int_equal(answer.retry_after_ns, UNITS_MIN - 50 * UNITS_MS);
    vmc_live_inject(live, VMC_FAULT_BREAK, UNITS_MIN);
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_UNKNOWN);
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_STATE);
    vmc_live_inject(live, VMC_FAULT_LOSE_CALLBACKS, UNITS_MIN);
    assert_int_equal(ask(driver, RCE_ENTER_MAINTENANCE, 0).result, RCE_ACCEPTED);
    assert_int_equal(driver->outbox_count, 1);
    assert_int_equal(vmc_live_tally(live)[METRIC_CALLBACKS_LOST], 1);
    vmc_live_inject(live, VMC_FAULT_FAIL_UPDATES, UNITS_H);
    ask(driver, RCE_UPDATE_HOST, 0);
    vmc_live_inject(live, VMC_FAULT_DUPLICATE_CALLBACKS, UNITS_H);
    vmc_live_inject(live, VMC_FAULT_FAIL_UPDATES, 0);
    vmc_live_advance(live, vmc_live_now_ns(live) + UNITS_H);
    assert_int_equal(driver->outbox_count, 3); /* the answer, and the callback twice */
    assert_int_equal(driver->outbox[2].callback.outcome, RCE_TASK_FAILED);
    fixture_destroy(fixture);
}

/* An outage that is injected comes to those of the scenario, however many they are. */
static void test_outage_beside_all_others(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(1);
    struct vmc_service *service = &fixture->config.service;
    service->latency = fixture_delay(fixture, "100ms");
    service->outages_count = VMC_WINDOWS_MAX;
    for (int i = 0; i < VMC_WINDOWS_MAX; i++)
        service->outages[i] =
            (struct vmc_window){(i + 1) * UNITS_H, (i + 1) * UNITS_H + UNITS_MIN, 0};
    struct driver *driver = driver_create(fixture, 0);
    struct vmc_live *live = driver->live;
    vmc_live_inject(live, VMC_FAULT_OUTAGE, UNITS_H / 2);
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_UNAVAILABLE);
    vmc_live_advance(live, UNITS_H / 2);
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_STATE);
    vmc_live_advance(live, VMC_WINDOWS_MAX * UNITS_H - UNITS_MIN);
    vmc_live_inject(live, VMC_FAULT_OUTAGE, UNITS_S);
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_UNAVAILABLE);
    vmc_live_inject(live, VMC_FAULT_OUTAGE, 10 * UNITS_MIN);
    vmc_live_advance(live, VMC_WINDOWS_MAX * UNITS_H);
    vmc_live_inject(live, VMC_FAULT_OUTAGE, 0);
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_UNAVAILABLE);
    vmc_live_inject(live, VMC_FAULT_OUTAGE, UNITS_S);
    vmc_live_advance(live, VMC_WINDOWS_MAX * UNITS_H + 30 * UNITS_S);
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_UNAVAILABLE);
    vmc_live_advance(live, VMC_WINDOWS_MAX * UNITS_H + UNITS_MIN);
    assert_int_equal(ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST).result, RCE_STATE);
    fixture_destroy(fixture);
}

/* The service knows what became of a workflow whose client only says that it failed. */
static void test_cause_without_details(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(3);
    struct driver *driver = driver_create(fixture, 0);
    struct vmc_live *live = driver->live;
    ask(driver, RCE_ADD_HOST, RCE_TEMPORARY_HOST);
    ask(driver, RCE_ENTER_MAINTENANCE, 0); /* 18 minutes too early */
    vmc_live_advance(live, 2 * UNITS_H);
    struct vmc_task_view view;
    assert_true(vmc_live_task(live, 0, 2, &view));
    assert_int_equal(view.state, VMC_TASK_ACCEPTED); /* dropped, but nobody says so */
    assert_false(vmc_live_task(live, 0, 3, &view));
    vmc_live_workflow_failed(
        live, 0,
        &(struct vmc_workflow_failure){.operation = (enum rce_operation)RCE_OPERATION_COUNT});
    assert_int_equal(vmc_live_sddc(live, 0).cause, CAUSE_EARLY_TRIGGER);
    assert_int_equal(vmc_live_sddc(live, 0).reason, RCE_REASON_DEADLINE);
    int64_t calls = vmc_live_tally(live)[METRIC_API_CALLS];
    vmc_live_submit(live, &(struct vmc_request){.sddc = 2,
                                                .operation = RCE_UPGRADE_NETWORK,
                                                .cluster = RCE_NO_CLUSTER,
                                                .host = RCE_NO_HOST});
    assert_int_equal(vmc_live_running_count(live), 1);
    const struct record *record = vmc_live_close(live, NULL, NULL);
    assert_int_equal(record->unit_count, 1); /* SDDC 1 was never begun, and 2 has not ended */
    assert_true(record_is_failed(record, 0));
    assert_int_equal(record->values[METRIC_FAILURE_RATE], 1);
    assert_int_equal(record->values[METRIC_FIRST_CAUSE + CAUSE_NEVER_ENDED], 0);
    assert_int_equal(record->values[METRIC_API_CALLS], calls);
    assert_int_equal(record->values[METRIC_HOSTS_LEFT_OVER], 1);
    fixture_destroy(fixture);
}

/* What the world says of a workflow that has failed as its client tells; it runs again then. */
static enum vmc_cause told(struct vmc_live *live, enum rce_reason reason, int operation,
                           uint8_t host)
{
    bool is_placed = operation != RCE_OPERATION_COUNT;
    vmc_live_workflow_started(live, 0);
    vmc_live_workflow_failed(
        live, 0,
        &(struct vmc_workflow_failure){.reason = reason,
                                       .operation = (enum rce_operation)operation,
                                       .cluster = is_placed ? 0 : RCE_NO_CLUSTER,
                                       .host = host});
    return vmc_live_sddc(live, 0).cause;
}

/* A client's word is no truth: of what the world has not seen nobody knows the cause. */
static void test_cause_is_not_told(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(1);
    struct driver *driver = driver_create(fixture, 0);
    struct vmc_live *live = driver->live;
    static const enum rce_reason answers[] = {RCE_REASON_THROTTLED, RCE_REASON_UNAVAILABLE,
                                              RCE_REASON_NOT_READY, RCE_REASON_REFUSED,
                                              RCE_REASON_UNKNOWN};
    for (int reason = RCE_REASON_NONE; reason < RCE_REASON_COUNT; reason++) {
        assert_int_equal(told(live, (enum rce_reason)reason, RCE_OPERATION_COUNT, RCE_NO_HOST),
                         CAUSE_OTHER);
        assert_int_equal(vmc_live_sddc(live, 0).reason, reason);
        for (int operation = RCE_ENTER_MAINTENANCE; operation <= RCE_EXIT_MAINTENANCE; operation++)
            assert_int_equal(told(live, (enum rce_reason)reason, operation, 0), CAUSE_OTHER);
        assert_int_equal(told(live, (enum rce_reason)reason, RCE_READ_CLUSTER, RCE_NO_HOST),
                         CAUSE_OTHER);
    }
    vmc_live_inject(live, VMC_FAULT_THROTTLE, UNITS_MIN);
    ask(driver, RCE_READ_CLUSTER, RCE_NO_HOST);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        enum vmc_cause cause = i == 0 ? CAUSE_THROTTLED : CAUSE_OTHER;
        assert_int_equal(told(live, answers[i], RCE_OPERATION_COUNT, RCE_NO_HOST), cause);
        assert_int_equal(told(live, answers[i], RCE_ENTER_MAINTENANCE, 0), cause);
    }
    vmc_live_inject(live, VMC_FAULT_THROTTLE, 0);
    vmc_live_inject(live, VMC_FAULT_FAIL_UPDATES, 10 * UNITS_H);
    ask(driver, RCE_ENTER_MAINTENANCE, 1);
    vmc_live_advance(live, vmc_live_now_ns(live) + 2 * UNITS_H);
    assert_int_equal(told(live, RCE_REASON_TASK_FAILED, RCE_UPDATE_HOST, 1), CAUSE_OTHER);
    ask(driver, RCE_UPDATE_HOST, 1);
    vmc_live_advance(live, vmc_live_now_ns(live) + UNITS_H);
    assert_int_equal(told(live, RCE_REASON_TASK_FAILED, RCE_UPDATE_HOST, 1), CAUSE_HOST_FAILURE);
    assert_int_equal(told(live, RCE_REASON_TASK_FAILED, RCE_OPERATION_COUNT, RCE_NO_HOST),
                     CAUSE_HOST_FAILURE);
    assert_int_equal(told(live, RCE_REASON_TASK_FAILED, RCE_UPDATE_HOST, 0), CAUSE_OTHER);
    fixture_destroy(fixture);
}

/* An SDDC has no room for more tasks than their numbers: refused, not the end of the process. */
static void test_too_many_tasks(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(1);
    struct driver *driver = driver_create(fixture, 0);
    const struct vmc_request request = {.operation = RCE_BACKUP, .cluster = 0, .host = RCE_NO_HOST};
    uint32_t count = 0;
    while (count < 70000 && vmc_live_submit(driver->live, &request) == VMC_SUBMITTED) {
        driver->outbox_count = 0;
        vmc_live_advance(driver->live, ++count * UNITS_US);
    }
    assert_int_equal(count, UINT16_MAX - 1);
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_run),
        cmocka_unit_test(test_other_early_requests),
        cmocka_unit_test(test_hash_sees_differences),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_outage_beside_all_others),
        cmocka_unit_test(test_cause_without_details),
        cmocka_unit_test(test_cause_is_not_told),
        cmocka_unit_test(test_too_many_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
