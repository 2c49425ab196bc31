/* What requests and callbacks take on the way: both sides made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "models/testbed/carriage.h"

static void send_out(struct carriage *carriage, uint32_t workflow, enum rce_operation operation,
                     int64_t at_ns)
{
    const struct rce_input input = {.now_ns = at_ns, .kind = RCE_INPUT_TIMER};
    struct rce_actions actions = {.count = 2};
    actions.items[0] = (struct rce_action){.kind = RCE_PERSIST};
    actions.items[1] = (struct rce_action){.kind = RCE_SEND, .operation = operation, .cluster = 1};
    carriage_watch(carriage, workflow, &input, &actions);
}

static void hear(struct carriage *carriage, uint32_t workflow, enum rce_input_kind kind,
                 enum rce_operation operation, int64_t at_ns)
{
    const struct rce_input input = {
        .now_ns = at_ns, .kind = kind, .operation = operation, .cluster = 1};
    carriage_watch(carriage, workflow, &input, &(struct rce_actions){0});
}

/* The world has it from `arrived` until `answered`. */
static void carry_out(struct carriage *carriage, uint32_t workflow, enum rce_operation operation,
                      int64_t arrived_ns, int64_t answered_ns)
{
    const struct rest_watch *watch = carriage_rest_watch(carriage);
    watch->asked(watch->context, arrived_ns,
                 &(struct vmc_request){.sddc = workflow, .operation = operation, .cluster = 1});
    watch->answered(watch->context, &(struct vmc_answer){.at_ns = answered_ns,
                                                         .sddc = workflow,
                                                         .operation = operation,
                                                         .cluster = 1});
}

static void call_back(struct carriage *carriage, uint32_t workflow, enum rce_operation operation,
                      int64_t at_ns)
{
    const struct rest_watch *watch = carriage_rest_watch(carriage);
    watch->called_back(watch->context, &(struct vmc_callback){.at_ns = at_ns,
                                                              .sddc = workflow,
                                                              .operation = operation,
                                                              .cluster = 1,
                                                              .outcome = RCE_TASK_SUCCEEDED});
}

static void test_ways(void **state)
{
    (void)state;
    struct carriage *carriage = carriage_create(3);
    struct carriage_report report;
    /* Sent at 10, there from 13 to 20, taken at 25: 8 on the way. A read: 3. */
    send_out(carriage, 1, RCE_BACKUP, 10);
    send_out(carriage, 1, RCE_READ_CLUSTER, 10);
    carry_out(carriage, 1, RCE_READ_CLUSTER, 12, 100);
    carry_out(carriage, 1, RCE_BACKUP, 13, 20);
    hear(carriage, 1, RCE_INPUT_RESPONSE, RCE_BACKUP, 25);
    hear(carriage, 1, RCE_INPUT_RESPONSE, RCE_READ_CLUSTER, 101);
    /* The same of another workflow, and once more: 1, and 28. */
    send_out(carriage, 2, RCE_BACKUP, 1000);
    carry_out(carriage, 2, RCE_BACKUP, 1001, 1101);
    hear(carriage, 2, RCE_INPUT_RESPONSE, RCE_BACKUP, 1101);
    send_out(carriage, 2, RCE_BACKUP, 1200);
    carry_out(carriage, 2, RCE_BACKUP, 1220, 1222);
    hear(carriage, 2, RCE_INPUT_RESPONSE, RCE_BACKUP, 1230);
    /* One that was never answered is none. */
    send_out(carriage, 0, RCE_BACKUP, 1300);
    /* Callbacks: 40 and, told twice, 5 and 6. */
    call_back(carriage, 1, RCE_BACKUP, 500);
    call_back(carriage, 2, RCE_BACKUP, 1700);
    hear(carriage, 1, RCE_INPUT_CALLBACK, RCE_BACKUP, 540);
    hear(carriage, 2, RCE_INPUT_CALLBACK, RCE_BACKUP, 1705);
    call_back(carriage, 2, RCE_BACKUP, 1800);
    hear(carriage, 2, RCE_INPUT_CALLBACK, RCE_BACKUP, 1806);
    carriage_tell(carriage, &report);
    assert_int_equal(report.requests.count, 4);
    assert_true(fabs(report.requests.mean_ns - (8 + 3 + 1 + 28) / 4.0) < 1e-9);
    assert_int_equal(report.requests.max_ns, 28);
    assert_int_equal(report.reads.count, 1);
    assert_int_equal(report.reads.max_ns, 3);
    assert_int_equal(report.callbacks.count, 3);
    assert_int_equal(report.callbacks.max_ns, 40);
    assert_true(fabs(report.callbacks.mean_ns - 17) < 1e-9);
    /* The steps are the world's: from the arrival, however late it was heard. */
    const struct fidelity_side *steps = carriage_steps(carriage);
    assert_int_equal(steps->steps_count, 2);
    assert_int_equal(steps->steps[0].workflow, 1);
    assert_int_equal(steps->steps[0].duration_ns, 500 - 13);
    assert_int_equal(steps->steps[1].duration_ns, 1700 - 1001);
    carriage_destroy(carriage);
}

/* A callback that never comes is not late until the next one of its target. */
static void test_lost_callback(void **state)
{
    (void)state;
    struct carriage *carriage = carriage_create(1);
    struct carriage_report report;
    const struct rest_watch *watch = carriage_rest_watch(carriage);
    for (uint32_t task = 1; task < 4; task++) {
        const int64_t due_ns = 1000 * task;
        watch->called_back(watch->context, &(struct vmc_callback){.at_ns = due_ns,
                                                                  .operation = RCE_BACKUP,
                                                                  .task = task,
                                                                  .outcome = RCE_TASK_SUCCEEDED});
        const struct rce_input input = {.now_ns = due_ns + 7,
                                        .kind = RCE_INPUT_CALLBACK,
                                        .operation = RCE_BACKUP,
                                        .task = task};
        if (task != 2)
            carriage_watch(carriage, 0, &input, &(struct rce_actions){0});
    }
    carriage_tell(carriage, &report);
    assert_int_equal(report.callbacks.count, 2);
    assert_int_equal(report.callbacks.max_ns, 7);
    carriage_destroy(carriage);
}

/* Callbacks are due each 10, and carried each 15: the last of 200 waits for 1,000 when 2,000 have
 * gone by. */
static void test_load(void **state)
{
    (void)state;
    struct carriage *carriage = carriage_create(200);
    struct carriage_report report;
    for (uint32_t i = 0; i < 200; i++) {
        call_back(carriage, i, RCE_BACKUP, 10000 + 10 * i);
        hear(carriage, i, RCE_INPUT_CALLBACK, RCE_BACKUP, 10000 + 15 * i + 1);
    }
    carriage_tell(carriage, &report);
    /* It has grown since the 19th: 995 + 1 in 1,800 more. */
    assert_true(fabs(report.callbacks.load - (1 + 996.0 / 1800)) < 0.01);
    carriage_destroy(carriage);
    /* Nothing came, and nothing waited. */
    carriage = carriage_create(1);
    carriage_tell(carriage, &report);
    assert_int_equal(report.requests.count + report.callbacks.count, 0);
    assert_true(report.callbacks.load == 1);
    carriage_destroy(carriage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ways),
                                       cmocka_unit_test(test_lost_callback),
                                       cmocka_unit_test(test_load)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
