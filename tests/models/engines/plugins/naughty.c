/* naughty.c - an engine that starts phase 1 and then does what its config says, which a driver must
 * not carry out: {"do": "time"}. With {"do": "end"} it is good and ends at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rce/rce.h>

struct settings {
    char what[32];
};
struct process {
    const char *why;
};
struct workflow {
    const struct settings *settings;
};

static bool configure(void *block, const struct rce_options *options, const char *config,
                      char *message, size_t size_bytes)
{
    struct settings *settings = block;
    (void)options;
    if (sscanf(config, "{\"do\": \"%31[a-z-]\"}", settings->what) == 1)
        return true;
    snprintf(message, size_bytes, "nothing to do in\n%s", config);
    return false;
}

static size_t size_of(const struct rce_plan *plan)
{
    (void)plan;
    return sizeof(struct workflow);
}

static void init(void *block, void *process, const struct rce_plan *plan, const void *settings)
{
    struct workflow *workflow = block;
    (void)process, (void)plan;
    workflow->settings = settings;
}

static const char *complaint(const void *process)
{
    return ((const struct process *)process)->why;
}

static struct rce_action send(void)
{
    return (struct rce_action){.kind = RCE_SEND,
                               .operation = RCE_UPGRADE_CONTROL_PLANE,
                               .cluster = RCE_NO_CLUSTER,
                               .host = RCE_NO_HOST,
                               .request = 1,
                               .attempt = 1};
}

/* One action that is wrong in itself. */
static struct rce_action wrong(const char *what, int64_t now_ns)
{
    struct rce_action action = send();
    if (strcmp(what, "kind") == 0)
        action.kind = (enum rce_action_kind)99;
    else if (strcmp(what, "operation") == 0)
        action.operation = (enum rce_operation)77;
    else if (strcmp(what, "target") == 0)
        action.cluster = 200;
    else if (strcmp(what, "request") == 0)
        action.request = 0;
    else if (strcmp(what, "timer") == 0)
        action = (struct rce_action){.kind = RCE_SET_TIMER, .timer = 100000, .at_ns = now_ns};
    else if (strcmp(what, "time") == 0)
        action = (struct rce_action){.kind = RCE_SET_TIMER, .at_ns = now_ns - 1};
    else
        action = (struct rce_action){.kind = RCE_LOG, .note = (enum rce_note)50};
    return action;
}

static enum rce_status step(void *block, void *process, const struct rce_input *input,
                            struct rce_actions *out)
{
    const char *what = ((struct workflow *)block)->settings->what;
    out->count = 1;
    out->items[0] =
        (struct rce_action){.kind = RCE_DONE, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST};
    if (strcmp(what, "end") == 0)
        return RCE_SUCCEEDED;
    if (strcmp(what, "crash") == 0)
        abort();
    if (strcmp(what, "silence") == 0)
        return RCE_RUNNING;
    out->items[0] = send();
    if (input->kind == RCE_INPUT_START)
        return RCE_RUNNING;
    out->items[0] = wrong(what, input->now_ns);
    if (strcmp(what, "count") == 0)
        out->count = 1000;
    if (strcmp(what, "persist") == 0) {
        out->items[0] = send();
        out->items[1] = (struct rce_action){.kind = RCE_PERSIST};
        out->count = 2;
    }
    if (strcmp(what, "broken") == 0) {
        ((struct process *)process)->why = "the cable\x1b[31m is out";
        return RCE_BROKEN;
    }
    if (strcmp(what, "status") == 0)
        out->count = 0;
    return strcmp(what, "status") == 0 ? RCE_FAILED : RCE_RUNNING;
}

static const struct rce_engine engine = {
    .abi = RCE_ABI,
    .size_bytes = sizeof engine,
    .name = "naughty",
    .version = "0.1",
    .settings_size_bytes = sizeof(struct settings),
    .configure = configure,
    .process_size_bytes = sizeof(struct process),
    .complaint = complaint,
    .state_size_bytes = size_of,
    .init = init,
    .step = step,
};

const struct rce_engine *rce_engine_get(uint32_t abi)
{
    return abi == RCE_ABI ? &engine : NULL;
}
