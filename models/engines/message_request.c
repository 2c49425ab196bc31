/* What the driver says: requests, with the inputs, plans and options in them. */
#include "models/engines/message.h"

#include <string.h>

#include "models/engines/message_form.h"
#include "sim/base/check.h"

static const char *const op_names[] = {"init", "begin", "step",   "end", "reset",
                                       "save", "load",  "digest", NULL};
static const char *const input_kind_names[] = {"start",   "response", "callback",       "timer",
                                               "resumed", "redriven", "engine-changed", NULL};
static const char *const outcome_names[] = {"succeeded", "failed", NULL};
static const char *const state_names[] = {"cluster-ready", "host-in-maintenance", "host-updated",
                                          NULL};
static const char *const jitter_names[] = {"none",         "full",         "equal",
                                           "decorrelated", "proportional", NULL};
static const char *const precheck_scope_names[] = {"first-host", "every-host", NULL};
static const char *const key_scope_names[] = {"none",         "per-attempt",   "per-task",
                                              "per-workflow", "per-operation", NULL};

enum {
    INPUT_KIND_COUNT = RCE_INPUT_ENGINE_CHANGED + 1,
    STATE_BITS = RCE_STATE_CLUSTER_READY | RCE_STATE_HOST_IN_MAINTENANCE | RCE_STATE_HOST_UPDATED,
};

/* The input. */
enum {
    IN_KIND,
    IN_NOW,
    IN_ENTROPY,
    IN_REQUEST,
    IN_TIMER,
    IN_OPERATION,
    IN_CLUSTER,
    IN_HOST,
    IN_RESULT,
    IN_TASK,
    IN_HAS_ENDED,
    IN_OUTCOME,
    IN_STATE,
    IN_RETRY_AFTER,
};
#define IN(member) AT(struct rce_input, member)
static const struct message_field input_fields[] = {
    [IN_KIND] = {"kind", MESSAGE_TYPE_NAME, IN(kind), .names = input_kind_names},
    [IN_NOW] = {"now_ns", MESSAGE_TYPE_INT64, IN(now_ns)},
    [IN_ENTROPY] = {"entropy", MESSAGE_TYPE_UINT64_TEXT, IN(entropy)},
    [IN_REQUEST] = {"request", MESSAGE_TYPE_UINT64, IN(request)},
    [IN_TIMER] = {"timer", MESSAGE_TYPE_UINT32, IN(timer)},
    [IN_OPERATION] = {"operation", MESSAGE_TYPE_NAME, IN(operation), .names = rce_operation_names},
    [IN_CLUSTER] = {"cluster", MESSAGE_TYPE_CLUSTER, IN(cluster)},
    [IN_HOST] = {"host", MESSAGE_TYPE_HOST, IN(host)},
    [IN_RESULT] = {"result", MESSAGE_TYPE_NAME, IN(result), .names = rce_result_names},
    [IN_TASK] = {"task", MESSAGE_TYPE_UINT64, IN(task)},
    [IN_HAS_ENDED] = {"has_ended", MESSAGE_TYPE_BOOL, IN(has_ended)},
    [IN_OUTCOME] = {"outcome", MESSAGE_TYPE_NAME, IN(outcome), .names = outcome_names},
    [IN_STATE] = {"state", MESSAGE_TYPE_BITS, IN(state), .names = state_names},
    [IN_RETRY_AFTER] = {"retry_after_ns", MESSAGE_TYPE_INT64, IN(retry_after_ns)},
};
static const struct message_object input_object = OBJECT("the input", input_fields);

enum {
    IN_ALWAYS = BIT(IN_KIND) | BIT(IN_NOW) | BIT(IN_ENTROPY),
    IN_TARGET = BIT(IN_CLUSTER) | BIT(IN_HOST),
};

/* What an input consists of. An answer that names the end of its task says how it ended; one that
 * tells the state says so even if no bit is set. */
static struct message_shape input_shape(const struct rce_input *input)
{
    struct message_shape shape = {.required = IN_ALWAYS};
    switch (input->kind) {
    case RCE_INPUT_START:
    case RCE_INPUT_RESUMED:
    case RCE_INPUT_REDRIVEN:
    case RCE_INPUT_ENGINE_CHANGED: break;
    case RCE_INPUT_TIMER: shape.required |= BIT(IN_TIMER); break;
    case RCE_INPUT_CALLBACK:
        shape.required |= BIT(IN_OPERATION) | BIT(IN_TASK) | BIT(IN_OUTCOME);
        shape.optional = IN_TARGET;
        break;
    case RCE_INPUT_RESPONSE:
        shape.required |= BIT(IN_REQUEST) | BIT(IN_OPERATION) | BIT(IN_RESULT);
        shape.optional = IN_TARGET | BIT(IN_TASK) | BIT(IN_RETRY_AFTER) | BIT(IN_STATE);
        if (input->result == RCE_STATE)
            shape.required |= BIT(IN_STATE);
        if (input->has_ended)
            shape.required |= BIT(IN_HAS_ENDED) | BIT(IN_OUTCOME);
        else
            shape.optional |= BIT(IN_HAS_ENDED);
        break;
    }
    return shape;
}

static bool is_listed_input(const struct rce_input *input)
{
    return (unsigned)input->kind < INPUT_KIND_COUNT &&
           (unsigned)input->operation < RCE_OPERATION_COUNT &&
           (unsigned)input->result < RCE_RESULT_COUNT &&
           (unsigned)input->outcome <= RCE_TASK_FAILED && (input->state & ~STATE_BITS) == 0;
}

/* The options. */
#define POLICY(member) AT(struct rce_retry_policy, member)
static const struct message_field policy_fields[] = {
    {"base_ns", MESSAGE_TYPE_INT64, POLICY(base_ns)},
    {"throttled_base_ns", MESSAGE_TYPE_INT64, POLICY(throttled_base_ns)},
    {"cap_ns", MESSAGE_TYPE_INT64, POLICY(cap_ns)},
    {"total_ns", MESSAGE_TYPE_INT64, POLICY(total_ns)},
    {"multiplier_permille", MESSAGE_TYPE_UINT32, POLICY(multiplier_permille)},
    {"jitter", MESSAGE_TYPE_NAME, POLICY(jitter), .names = jitter_names},
    {"jitter_permille", MESSAGE_TYPE_UINT32, POLICY(jitter_permille)},
    {"attempts_max", MESSAGE_TYPE_UINT32, POLICY(attempts_max)},
    {"ignore_retry_after", MESSAGE_TYPE_BOOL, POLICY(ignore_retry_after)},
    {"budget_capacity", MESSAGE_TYPE_UINT32, POLICY(budget_capacity)},
    {"budget_cost", MESSAGE_TYPE_UINT32, POLICY(budget_cost)},
    {"budget_cost_unknown", MESSAGE_TYPE_UINT32, POLICY(budget_cost_unknown)},
    {"budget_cost_throttled", MESSAGE_TYPE_UINT32, POLICY(budget_cost_throttled)},
    {"budget_success_credit", MESSAGE_TYPE_UINT32, POLICY(budget_success_credit)},
    {"limiter_per_s", MESSAGE_TYPE_UINT32, POLICY(limiter_per_s)},
    {"limiter_burst", MESSAGE_TYPE_UINT32, POLICY(limiter_burst)},
};
static const struct message_object policy_object = OBJECT("the policy", policy_fields);

#define DEADLINE(name, operation)                                                                  \
    [operation] = {.key = name, .type = MESSAGE_TYPE_INT64, .offset = (operation) * sizeof(int64_t)}
static const struct message_field deadline_fields[RCE_OPERATION_COUNT] = {
    DEADLINE("upgrade-control-plane", RCE_UPGRADE_CONTROL_PLANE),
    DEADLINE("backup", RCE_BACKUP),
    DEADLINE("add-host", RCE_ADD_HOST),
    DEADLINE("read-cluster", RCE_READ_CLUSTER),
    DEADLINE("read-host", RCE_READ_HOST),
    DEADLINE("enter-maintenance", RCE_ENTER_MAINTENANCE),
    DEADLINE("update-host", RCE_UPDATE_HOST),
    DEADLINE("exit-maintenance", RCE_EXIT_MAINTENANCE),
    DEADLINE("remove-host", RCE_REMOVE_HOST),
    DEADLINE("upgrade-network", RCE_UPGRADE_NETWORK),
};
static const struct message_object deadline_object = OBJECT("deadline_ns", deadline_fields);

#define OPTION(member) AT(struct rce_options, member)
static const struct message_field option_fields[] = {
    {"deadline_ns", MESSAGE_TYPE_OBJECT, OPTION(deadline_ns), .object = &deadline_object},
    {"clusters_at_once", MESSAGE_TYPE_UINT32, OPTION(clusters_at_once)},
    {"settle_ns", MESSAGE_TYPE_INT64, OPTION(settle_ns)},
    {"precheck", MESSAGE_TYPE_BOOL, OPTION(precheck)},
    {"precheck_scope", MESSAGE_TYPE_NAME, OPTION(precheck_scope), .names = precheck_scope_names},
    {"precheck_poll", MESSAGE_TYPE_OBJECT, OPTION(precheck_poll), .object = &policy_object},
    {"retry", MESSAGE_TYPE_BOOL, OPTION(retry)},
    {"retry_after_ns", MESSAGE_TYPE_INT64, OPTION(retry_after_ns)},
    {"retry_policy", MESSAGE_TYPE_OBJECT, OPTION(retry_policy), .object = &policy_object},
    {"key_scope", MESSAGE_TYPE_NAME, OPTION(key_scope), .names = key_scope_names},
};
static const struct message_object options_object = OBJECT("options", option_fields);

/* The plan, which is read into the request, because its clusters are there. */
#define CLUSTER(member) AT(struct rce_cluster_plan, member)
static const struct message_field cluster_fields[] = {
    {"hosts", MESSAGE_TYPE_UINT8, CLUSTER(hosts_count)},
    {"temporary_host", MESSAGE_TYPE_BOOL, CLUSTER(temporary_host)},
};
static const struct message_object cluster_object = OBJECT("the cluster", cluster_fields);

static bool read_cluster(struct message_reader *reader, struct rce_cluster_plan *cluster)
{
    uint32_t seen;
    message_skip_space(reader);
    const char *start = reader->at;
    if (!message_read_object(reader, &cluster_object, cluster, &seen) ||
        !message_has_shape(reader, start, seen, &cluster_object, (struct message_shape){3, 0},
                           NULL))
        return false;
    if (cluster->hosts_count < 1 || cluster->hosts_count > RCE_HOSTS_MAX)
        return message_fail(reader, start, "a cluster has 1 to %d hosts", RCE_HOSTS_MAX);
    return true;
}

static bool read_clusters(struct message_reader *reader, void *place)
{
    struct message_request *request = place;
    uint32_t count = 0;
    message_skip_space(reader);
    const char *start = reader->at;
    if (!message_read_char(reader, '['))
        return false;
    do {
        if (count == RCE_CLUSTERS_MAX)
            return message_fail(reader, reader->at, "more than %d clusters", RCE_CLUSTERS_MAX);
        if (count == 0 && message_take_char(reader, ']'))
            return message_fail(reader, start, "a plan has a cluster at least");
        if (!read_cluster(reader, &request->clusters[count++]))
            return false;
    } while (message_take_char(reader, ','));
    request->plan.clusters = request->clusters;
    request->plan.clusters_count = count;
    return message_read_char(reader, ']');
}

static bool read_workflow(struct message_reader *reader, void *place)
{
    struct message_request *request = place;
    return message_read_integer(reader, RCE_WORKFLOW_MAX, &request->plan.workflow);
}

static const struct message_field plan_fields[] = {
    {"workflow", MESSAGE_TYPE_CUSTOM, 0, .read = read_workflow},
    {"clusters", MESSAGE_TYPE_CUSTOM, 0, .read = read_clusters},
};
static const struct message_object plan_object = OBJECT("the plan", plan_fields);

static void put_plan(struct message_text *text, const struct rce_plan *plan)
{
    message_put_literal(text, "{\"workflow\":");
    message_put_uint64(text, plan->workflow);
    message_put_literal(text, ",\"clusters\":[");
    for (uint32_t i = 0; i < plan->clusters_count; i++) {
        if (i > 0)
            message_put_literal(text, ",");
        message_write_object(text, &cluster_object, &plan->clusters[i],
                             (struct message_shape){3, 0});
    }
    message_put_literal(text, "]}");
}

/* One step of a batch, and the batch. */
static bool read_input(struct message_reader *reader, struct rce_input *input)
{
    uint32_t seen;
    *input = (struct rce_input){.cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST};
    message_skip_space(reader);
    const char *start = reader->at;
    if (!message_read_object(reader, &input_object, input, &seen))
        return false;
    if ((seen & BIT(IN_KIND)) == 0)
        return message_fail(reader, start, "the input lacks \"kind\"");
    return message_has_shape(reader, start, seen, &input_object, input_shape(input),
                             input_kind_names[input->kind]);
}

static bool read_lone_input(struct message_reader *reader, void *place)
{
    struct message_request *request = place;
    request->steps_count = 1;
    return read_input(reader, &request->steps[0].input);
}

static bool read_step_input(struct message_reader *reader, void *place)
{
    return read_input(reader, place);
}

static const struct message_field step_fields[] = {
    {"id", MESSAGE_TYPE_UINT32, AT(struct message_step, id)},
    {"input", MESSAGE_TYPE_CUSTOM, AT(struct message_step, input), .read = read_step_input},
};
static const struct message_object step_object = OBJECT("the step", step_fields);

static bool read_steps(struct message_reader *reader, void *place)
{
    struct message_request *request = place;
    request->is_batch = true;
    if (!message_read_char(reader, '['))
        return false;
    do {
        uint32_t seen;
        if (request->steps_count == MESSAGE_BATCH_MAX)
            return message_fail(reader, reader->at, "more than %d steps", MESSAGE_BATCH_MAX);
        message_skip_space(reader);
        const char *start = reader->at;
        if (!message_read_object(reader, &step_object, &request->steps[request->steps_count++],
                                 &seen) ||
            !message_has_shape(reader, start, seen, &step_object, (struct message_shape){3, 0},
                               NULL))
            return false;
    } while (message_take_char(reader, ','));
    return message_read_char(reader, ']');
}

static bool read_plan(struct message_reader *reader, void *place)
{
    uint32_t seen;
    message_skip_space(reader);
    const char *start = reader->at;
    return message_read_object(reader, &plan_object, place, &seen) &&
           message_has_shape(reader, start, seen, &plan_object, (struct message_shape){3, 0}, NULL);
}

/* The driver's lines. */
enum {
    RQ_OP,
    RQ_PROTOCOL,
    RQ_ABI,
    RQ_ID,
    RQ_INPUT,
    RQ_STEPS,
    RQ_PLAN,
    RQ_OPTIONS,
    RQ_CONFIG,
    RQ_STATE
};
#define REQUEST(member) AT(struct message_request, member)
static const struct message_field request_fields[] = {
    [RQ_OP] = {"op", MESSAGE_TYPE_NAME, REQUEST(op), .names = op_names},
    [RQ_PROTOCOL] = {"protocol", MESSAGE_TYPE_UINT32, REQUEST(protocol)},
    [RQ_ABI] = {"abi", MESSAGE_TYPE_UINT32, REQUEST(abi)},
    [RQ_ID] = {"id", MESSAGE_TYPE_UINT32, REQUEST(id)},
    [RQ_INPUT] = {"input", MESSAGE_TYPE_CUSTOM, 0, .read = read_lone_input},
    [RQ_STEPS] = {"steps", MESSAGE_TYPE_CUSTOM, 0, .read = read_steps},
    [RQ_PLAN] = {"plan", MESSAGE_TYPE_CUSTOM, 0, .read = read_plan},
    [RQ_OPTIONS] = {"options", MESSAGE_TYPE_OBJECT, REQUEST(options), .object = &options_object},
    [RQ_CONFIG] = {"config", MESSAGE_TYPE_RAW, REQUEST(config)},
    [RQ_STATE] = {"state", MESSAGE_TYPE_TEXT, REQUEST(state)},
};
static const struct message_object request_object = OBJECT("the request", request_fields);

static const struct message_shape request_shapes[MESSAGE_OP_COUNT] = {
    [MESSAGE_INIT] = {BIT(RQ_OP) | BIT(RQ_PROTOCOL) | BIT(RQ_ABI) | BIT(RQ_OPTIONS) |
                          BIT(RQ_CONFIG),
                      0},
    [MESSAGE_BEGIN] = {BIT(RQ_OP) | BIT(RQ_ID) | BIT(RQ_PLAN), 0},
    [MESSAGE_STEP] = {BIT(RQ_OP) | BIT(RQ_ID) | BIT(RQ_INPUT), 0},
    [MESSAGE_END] = {BIT(RQ_OP) | BIT(RQ_ID), 0},
    [MESSAGE_RESET] = {BIT(RQ_OP), 0},
    [MESSAGE_SAVE] = {BIT(RQ_OP) | BIT(RQ_ID), 0},
    [MESSAGE_LOAD] = {BIT(RQ_OP) | BIT(RQ_ID) | BIT(RQ_PLAN) | BIT(RQ_STATE), 0},
    [MESSAGE_DIGEST] = {BIT(RQ_OP) | BIT(RQ_ID), 0},
};
static const struct message_shape batch_shape = {BIT(RQ_OP) | BIT(RQ_STEPS), 0};

bool message_read_request(const char *line, size_t size_bytes, struct message_request *request,
                          struct message_problem *problem)
{
    struct message_reader reader = {line, line, line + size_bytes, problem};
    uint32_t seen;
    request->is_batch = false;
    request->steps_count = 0;
    if (!message_read_object(&reader, &request_object, request, &seen) ||
        !message_read_end(&reader))
        return false;
    if ((seen & BIT(RQ_OP)) == 0)
        return message_fail(&reader, line, "the request lacks \"op\"");
    bool is_batch = request->op == MESSAGE_STEP && (seen & BIT(RQ_STEPS)) != 0;
    if (!message_has_shape(&reader, line, seen, &request_object,
                           is_batch ? batch_shape : request_shapes[request->op],
                           op_names[request->op]))
        return false;
    if (request->op == MESSAGE_STEP && !is_batch)
        request->steps[0].id = request->id;
    return true;
}

/* Writing. */
static void put_op(struct message_text *text, enum message_op op)
{
    message_put_literal(text, "{\"op\":\"");
    message_put_literal(text, op_names[op]);
    message_put_literal(text, "\"");
}

static void put_op_id(struct message_text *text, enum message_op op, uint32_t id)
{
    put_op(text, op);
    message_put_literal(text, ",\"id\":");
    message_put_uint64(text, id);
}

void message_write_init(struct message_text *text, const struct rce_options *options,
                        const char *config)
{
    message_check_room(text, MESSAGE_INIT_MAX_BYTES + strlen(config));
    put_op(text, MESSAGE_INIT);
    message_put_literal(text, ",\"protocol\":");
    message_put_uint64(text, MESSAGE_PROTOCOL);
    message_put_literal(text, ",\"abi\":");
    message_put_uint64(text, RCE_ABI);
    message_put_literal(text, ",\"options\":");
    message_write_object(text, &options_object, options,
                         (struct message_shape){.required = BIT(COUNT(option_fields)) - 1});
    message_put_literal(text, ",\"config\":");
    message_put_literal(text, config);
    message_put_literal(text, "}\n");
}

void message_write_begin(struct message_text *text, uint32_t id, const struct rce_plan *plan)
{
    message_check_room(text, MESSAGE_PLAN_MAX_BYTES);
    put_op_id(text, MESSAGE_BEGIN, id);
    message_put_literal(text, ",\"plan\":");
    put_plan(text, plan);
    message_put_literal(text, "}\n");
}

bool message_write_step(struct message_text *text, uint32_t id, const struct rce_input *input)
{
    if (!is_listed_input(input))
        return false;
    message_check_room(text, MESSAGE_INPUT_MAX_BYTES);
    put_op_id(text, MESSAGE_STEP, id);
    message_put_literal(text, ",\"input\":");
    message_write_object(text, &input_object, input, input_shape(input));
    message_put_literal(text, "}\n");
    return true;
}

bool message_write_steps(struct message_text *text, const struct message_step *steps,
                         uint32_t count)
{
    CHECK(count >= 1 && count <= MESSAGE_BATCH_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (!is_listed_input(&steps[i].input))
            return false;
    message_check_room(text, (count + (size_t)1) * MESSAGE_INPUT_MAX_BYTES);
    put_op(text, MESSAGE_STEP);
    for (uint32_t i = 0; i < count; i++) {
        message_put_literal(text, i == 0 ? ",\"steps\":[{\"id\":" : ",{\"id\":");
        message_put_uint64(text, steps[i].id);
        message_put_literal(text, ",\"input\":");
        message_write_object(text, &input_object, &steps[i].input, input_shape(&steps[i].input));
        message_put_literal(text, "}");
    }
    message_put_literal(text, "]}\n");
    return true;
}

void message_write_op(struct message_text *text, enum message_op op, uint32_t id)
{
    message_check_room(text, MESSAGE_SMALL_MAX_BYTES);
    if (op == MESSAGE_RESET)
        put_op(text, op);
    else
        put_op_id(text, op, id);
    message_put_literal(text, "}\n");
}

void message_write_load(struct message_text *text, uint32_t id, const struct rce_plan *plan,
                        const void *state, size_t size_bytes)
{
    message_check_room(text, MESSAGE_PLAN_MAX_BYTES + message_base64_size(size_bytes));
    put_op_id(text, MESSAGE_LOAD, id);
    message_put_literal(text, ",\"plan\":");
    put_plan(text, plan);
    message_put_literal(text, ",\"state\":\"");
    message_put_base64(text, state, size_bytes);
    message_put_literal(text, "\"}\n");
}

const char *message_op_name(enum message_op op)
{
    return op_names[op];
}
