/* Drives the example engine with nothing but what is installed, as a test of whoever writes one
 * would: a platform where everything works answers each request in the right form, and now and then
 * in a wrong one. No step may be one that rce/contract.h forbids, and the workflow has to succeed.
 */
#include <rce/contract.h>
#include <stdio.h>
#include <stdlib.h>

static const struct rce_cluster_plan clusters[] = {{.hosts_count = 2, .temporary_host = true}};
static const struct rce_plan plan = {.workflow = 7, .clusters_count = 1, .clusters = clusters};

struct driver {
    const struct rce_engine *engine;
    void *workflow;
    enum rce_status status;
    struct rce_actions actions;
    struct rce_action sent; /* the last request */
    int64_t now_ns;
};

static void give(struct driver *driver, struct rce_input input)
{
    input.now_ns = driver->now_ns += 1000000000;
    enum rce_status before = driver->status;
    driver->status = driver->engine->step(driver->workflow, NULL, &input, &driver->actions);
    struct rce_step_seen seen = {&plan, &input, before, driver->status, &driver->actions};
    struct rce_breach breach = rce_contract_check(&seen);
    if (breach.kind != RCE_BREACH_NONE) {
        fprintf(stderr, "action %u: the engine %s\n", breach.action, rce_breach_text(breach.kind));
        exit(1);
    }
    for (uint32_t i = 0; i < driver->actions.count; i++)
        if (driver->actions.items[i].kind == RCE_SEND)
            driver->sent = driver->actions.items[i];
}

static struct rce_input about(const struct rce_action *sent, enum rce_input_kind kind)
{
    return (struct rce_input){.kind = kind,
                              .request = sent->request,
                              .task = sent->request + 100,
                              .operation = sent->operation,
                              .cluster = sent->cluster,
                              .host = sent->host};
}

/* The answer to a read where a task is expected, and the other way round; then "again" is due. */
static void answer_wrongly(struct driver *driver)
{
    struct rce_input input = about(&driver->sent, RCE_INPUT_RESPONSE);
    uint64_t request = driver->sent.request;
    bool is_read = driver->sent.operation == RCE_READ_CLUSTER;
    input.result = is_read ? RCE_ACCEPTED : RCE_STATE;
    input.has_ended = is_read;
    input.state = is_read ? 0 : RCE_STATE_CLUSTER_READY;
    give(driver, input);
    if (driver->sent.request == request)
        give(driver, (struct rce_input){.kind = RCE_INPUT_TIMER, .timer = 1});
}

int main(void)
{
    struct rce_options options;
    rce_options_init(&options);
    struct driver driver = {.engine = rce_engine_get(RCE_ABI)};
    driver.workflow = calloc(1, driver.engine->state_size_bytes(&plan));
    driver.engine->init(driver.workflow, NULL, &plan, &options);
    give(&driver, (struct rce_input){.kind = RCE_INPUT_START});
    int steps_count = 0;
    while (driver.status == RCE_RUNNING && steps_count++ < 100) {
        enum rce_operation operation = driver.sent.operation;
        answer_wrongly(&driver);
        if (driver.sent.operation != operation) {
            fprintf(stderr, "%s is over after the wrong answer\n", rce_operation_name(operation));
            return 1;
        }
        struct rce_action sent = driver.sent;
        struct rce_input input = about(&sent, RCE_INPUT_RESPONSE);
        bool is_read = sent.operation == RCE_READ_CLUSTER;
        input.result = is_read ? RCE_STATE : RCE_ACCEPTED;
        input.state = is_read ? RCE_STATE_CLUSTER_READY : 0;
        give(&driver, input);
        if (!is_read)
            give(&driver, about(&sent, RCE_INPUT_CALLBACK));
    }
    free(driver.workflow);
    return driver.status != RCE_SUCCEEDED;
}
