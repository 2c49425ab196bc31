/* steady.c - an engine of its own, written from rce.h alone: one step after the other.
 *
 * It takes the clusters in turn, waits until a cluster is ready before each host, and asks again,
 * with the same key, until the step's deadline. Its settings are those of a variant: the deadlines,
 * and `retry.after` as the pause between two tries. It cannot save its state, and says so.
 */
#include <rce/rce.h>

struct step {
    enum rce_operation operation;
    uint8_t cluster, host;
};
struct workflow {
    const struct rce_plan *plan;
    const struct rce_options *options;
    uint64_t request, task, early_task; /* awaited; called back before the answer. 0: none */
    uint32_t step, steps_count, requests, attempts, reads, generation;
    bool has_early_failed;
    enum rce_status status;
    struct step steps[]; /* [steps_count] */
};
enum { TIMER_DEADLINE, TIMER_AGAIN };

static size_t state_size_bytes(const struct rce_plan *plan)
{
    size_t steps_max = 2 + plan->clusters_count * (3 + 4 * (size_t)RCE_HOSTS_MAX);
    return sizeof(struct workflow) + steps_max * sizeof(struct step);
}

static void plan_step(struct workflow *w, enum rce_operation operation, uint32_t cluster, int host)
{
    w->steps[w->steps_count++] = (struct step){operation, (uint8_t)cluster, (uint8_t)host};
}

static void init(void *block, void *process, const struct rce_plan *plan, const void *settings)
{
    struct workflow *w = block;
    (void)process;
    w->plan = plan;
    w->options = settings;
    plan_step(w, RCE_UPGRADE_CONTROL_PLANE, RCE_NO_CLUSTER, RCE_NO_HOST);
    for (uint32_t c = 0; c < plan->clusters_count; c++) {
        plan_step(w, RCE_BACKUP, c, RCE_NO_HOST);
        if (plan->clusters[c].temporary_host)
            plan_step(w, RCE_ADD_HOST, c, RCE_TEMPORARY_HOST);
        for (int host = 0; host < plan->clusters[c].hosts_count; host++) {
            plan_step(w, RCE_READ_CLUSTER, c, RCE_NO_HOST);
            plan_step(w, RCE_ENTER_MAINTENANCE, c, host);
            plan_step(w, RCE_UPDATE_HOST, c, host);
            plan_step(w, RCE_EXIT_MAINTENANCE, c, host);
        }
        if (plan->clusters[c].temporary_host)
            plan_step(w, RCE_REMOVE_HOST, c, RCE_TEMPORARY_HOST);
    }
    plan_step(w, RCE_UPGRADE_NETWORK, RCE_NO_CLUSTER, RCE_NO_HOST);
}

/* Every action names the place of the step. */
static struct rce_action *add(struct rce_actions *out, struct workflow *w,
                              enum rce_action_kind kind)
{
    const struct step *step = &w->steps[w->step];
    struct rce_action *action = &out->items[out->count++];
    *action = (struct rce_action){
        .kind = kind, .operation = step->operation, .cluster = step->cluster, .host = step->host};
    return action;
}

static void note(struct rce_actions *out, struct workflow *w, enum rce_note what, uint64_t task)
{
    struct rce_action *log = add(out, w, RCE_LOG);
    log->note = what;
    log->task = task;
}

static void set(struct rce_actions *out, struct workflow *w, uint32_t timer, int64_t at_ns)
{
    struct rce_action *action = add(out, w, RCE_SET_TIMER);
    action->timer = timer;
    action->at_ns = at_ns;
}

/* The state is complete before PERSIST, so that a crash behind SEND would find the request. */
static void ask(struct rce_actions *out, struct workflow *w)
{
    w->request = ++w->requests;
    w->task = 0;
    add(out, w, RCE_PERSIST);
    struct rce_action *send = add(out, w, RCE_SEND);
    send->request = w->request;
    uint32_t attempt = send->operation == RCE_READ_CLUSTER ? ++w->reads : ++w->attempts;
    send->attempt = (uint16_t)(attempt < UINT16_MAX ? attempt : UINT16_MAX);
    send->key = w->plan->workflow << 32 | (uint64_t)(w->step + 1) << 8 | (w->generation & 255);
}

static void begin(struct rce_actions *out, struct workflow *w, int64_t now_ns)
{
    w->early_task = 0;
    note(out, w, RCE_NOTE_STEP_STARTED, 0);
    set(out, w, TIMER_DEADLINE, now_ns + w->options->deadline_ns[w->steps[w->step].operation]);
    ask(out, w);
}

static void end(struct rce_actions *out, struct workflow *w, enum rce_reason reason)
{
    w->status = reason == RCE_REASON_NONE ? RCE_SUCCEEDED : RCE_FAILED;
    w->request = w->task = 0;
    add(out, w, w->status == RCE_FAILED ? RCE_FAIL : RCE_DONE)->reason = reason;
}

/* A task has ended (0: a look at the cluster): on with the next step, or it was the last. */
static void step_ended(struct rce_actions *out, struct workflow *w, int64_t now_ns, bool has_failed)
{
    if (w->task != 0)
        note(out, w, RCE_NOTE_CALLBACK_BELIEVED, w->task);
    w->generation += has_failed; /* A re-drive starts another task. */
    if (has_failed || w->step + 1 == w->steps_count) {
        end(out, w, has_failed ? RCE_REASON_TASK_FAILED : RCE_REASON_NONE);
        return;
    }
    w->step++;
    w->attempts = 0;
    w->reads = w->steps[w->step].operation == RCE_BACKUP ? 0 : w->reads;
    begin(out, w, now_ns);
}

static void respond(struct rce_actions *out, struct workflow *w, const struct rce_input *input)
{
    bool is_read = w->steps[w->step].operation == RCE_READ_CLUSTER;
    w->request = 0;
    if (input->result == RCE_REFUSED) {
        end(out, w, RCE_REASON_REFUSED);
    } else if (input->result == RCE_ACCEPTED && !is_read) {
        bool is_known = w->early_task != 0 && w->early_task == input->task;
        w->task = input->task;
        if (input->has_ended || is_known)
            step_ended(out, w, input->now_ns,
                       is_known ? w->has_early_failed : input->outcome == RCE_TASK_FAILED);
    } else if (input->result == RCE_STATE && is_read && (input->state & RCE_STATE_CLUSTER_READY)) {
        step_ended(out, w, input->now_ns, false);
    } else {
        set(out, w, TIMER_AGAIN, input->now_ns + w->options->retry_after_ns);
    }
}

static void call_back(struct rce_actions *out, struct workflow *w, const struct rce_input *input)
{
    const struct step *step = &w->steps[w->step];
    bool is_ours = w->status == RCE_RUNNING && input->task != 0 &&
                   input->operation == step->operation && input->cluster == step->cluster &&
                   input->host == step->host;
    if (is_ours && w->task == input->task) {
        step_ended(out, w, input->now_ns, input->outcome == RCE_TASK_FAILED);
    } else if (is_ours && w->request != 0 && w->early_task == 0) {
        w->early_task = input->task;
        w->has_early_failed = input->outcome == RCE_TASK_FAILED;
    } else {
        note(out, w, RCE_NOTE_CALLBACK_IGNORED, input->task);
    }
}

static enum rce_status step(void *block, void *process, const struct rce_input *input,
                            struct rce_actions *out)
{
    struct workflow *w = block;
    bool is_running = w->requests > 0 && w->status == RCE_RUNNING;
    (void)process;
    out->count = 0;
    if (input->kind == RCE_INPUT_CALLBACK) {
        call_back(out, w, input);
    } else if (input->kind == RCE_INPUT_RESPONSE && input->request != w->request) {
        note(out, w, RCE_NOTE_RESPONSE_IGNORED, input->task);
    } else if (input->kind == RCE_INPUT_RESPONSE && is_running) {
        respond(out, w, input);
    } else if (input->kind == RCE_INPUT_TIMER && is_running) {
        if (input->timer == TIMER_DEADLINE)
            end(out, w, RCE_REASON_DEADLINE);
        else if (input->timer == TIMER_AGAIN && w->request == 0 && w->task == 0)
            ask(out, w);
    } else if ((input->kind == RCE_INPUT_START && w->requests == 0) ||
               (input->kind == RCE_INPUT_REDRIVEN && w->status == RCE_FAILED)) {
        w->status = RCE_RUNNING;
        begin(out, w, input->now_ns);
    }
    return w->status;
}

static const struct rce_engine engine = {.abi = RCE_ABI,
                                         .size_bytes = sizeof engine,
                                         .name = "steady",
                                         .version = "1.0",
                                         .state_size_bytes = state_size_bytes,
                                         .init = init,
                                         .step = step};

const struct rce_engine *rce_engine_get(uint32_t abi)
{
    return abi == RCE_ABI ? &engine : NULL;
}
