#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "models/testbed/rest_parts.h"

static const char *const workflow_names[] = {[VMC_WORKFLOW_NONE] = "none",
                                             [VMC_WORKFLOW_RUNNING] = "running",
                                             [VMC_WORKFLOW_SUCCEEDED] = "succeeded",
                                             [VMC_WORKFLOW_FAILED] = "failed"};

static bool is_there(struct rest_call *call)
{
    if (call->sddc < vmc_live_sddcs_count(call->rest->live))
        return true;
    reply_problem(call->reply, 404, "not-found", "there is no SDDC %u; the fleet has %u",
                  call->sddc, vmc_live_sddcs_count(call->rest->live));
    return false;
}

static void print_workflow(struct reply *reply, const struct vmc_sddc_view *view)
{
    reply_print(reply, "{\"state\":\"%s\"", workflow_names[view->workflow]);
    if (view->started_at_ns >= 0)
        reply_print(reply, ",\"started_at_ns\":%" PRId64, view->started_at_ns);
    if (view->ended_at_ns >= 0)
        reply_print(reply, ",\"ended_at_ns\":%" PRId64, view->ended_at_ns);
    if (view->workflow == VMC_WORKFLOW_FAILED)
        reply_print(reply, ",\"reason\":\"%s\"", rce_reason_name(view->reason));
    reply_print(reply, "}");
}

static void print_sddc(struct rest_call *call, uint32_t index)
{
    const struct rce_plan *plan = vmc_live_plan(call->rest->live, index);
    struct vmc_sddc_view view = vmc_live_sddc(call->rest->live, index);
    reply_print(call->reply, "{\"id\":%u,\"clusters\":[", index);
    for (uint32_t i = 0; i < plan->clusters_count; i++)
        reply_print(call->reply, "%s{\"id\":%u,\"hosts\":%u,\"temporary_host\":%s}",
                    i == 0 ? "" : ",", i, plan->clusters[i].hosts_count,
                    plan->clusters[i].temporary_host ? "true" : "false");
    reply_print(call->reply, "],\"workflow\":");
    print_workflow(call->reply, &view);
    reply_print(call->reply, "}");
}

/* Read a query such as "offset=100&limit=10": each number once at most. */
static bool read_query(struct rest_call *call, uint32_t *offset, uint32_t *limit)
{
    const char *query = call->request->query == NULL ? "" : call->request->query;
    bool has_offset = false, has_limit = false;
    while (*query != '\0') {
        bool is_offset = strncmp(query, "offset=", 7) == 0;
        bool is_limit = strncmp(query, "limit=", 6) == 0;
        const char *digits = query + (is_offset ? 7 : is_limit ? 6 : 0);
        size_t length = strspn(digits, "0123456789");
        bool is_again = is_offset ? has_offset : has_limit;
        bool is_good = (is_offset || is_limit) && !is_again && length > 0 && length <= 9 &&
                       (digits[length] == '\0' || digits[length] == '&');
        uint32_t number = is_good ? (uint32_t)strtoul(digits, NULL, 10) : 0;
        if (!is_good || (is_limit && (number == 0 || number > REST_LIMIT_MAX))) {
            reply_problem(call->reply, 400, "bad-request",
                          "the query takes offset=N and limit=1 to limit=%d, once each",
                          (int)REST_LIMIT_MAX);
            return false;
        }
        *(is_offset ? offset : limit) = number;
        *(is_offset ? &has_offset : &has_limit) = true;
        query = digits + length + (digits[length] == '&');
    }
    return true;
}

void rest_list_sddcs(struct rest_call *call)
{
    uint32_t offset = 0, limit = 100, count = vmc_live_sddcs_count(call->rest->live);
    if (!read_query(call, &offset, &limit))
        return;
    call->reply->status = 200;
    reply_print(call->reply, "{\"count\":%u,\"offset\":%u,\"items\":[", count, offset);
    for (uint32_t i = offset; i < count && i - offset < limit; i++) {
        if (i > offset)
            reply_print(call->reply, ",");
        print_sddc(call, i);
    }
    reply_print(call->reply, "]}");
}

void rest_read_sddc(struct rest_call *call)
{
    if (!is_there(call))
        return;
    call->reply->status = 200;
    print_sddc(call, call->sddc);
}

/* What only the world knows of a workflow: no service that is not simulated has this. */
static void print_truth(struct rest_call *call, const struct vmc_sddc_view *view)
{
    const struct vmc_live *live = call->rest->live;
    const struct rce_plan *plan = vmc_live_plan(live, call->sddc);
    uint32_t hosts_count = 0, listed_count = 0;
    for (uint32_t i = 0; i < plan->clusters_count; i++)
        hosts_count += plan->clusters[i].temporary_host &&
                       vmc_live_host_state(live, call->sddc, (uint8_t)i, RCE_TEMPORARY_HOST) != 0;
    reply_print(call->reply, "{\"early_trigger\":%s,\"duplicates\":%u,\"temporary_hosts\":%u",
                view->early_trigger ? "true" : "false", view->duplicates_count, hosts_count);
    if (view->workflow == VMC_WORKFLOW_FAILED)
        reply_print(call->reply, ",\"cause\":\"%s\"", vmc_cause_names[view->cause]);
    reply_print(call->reply, ",\"violations\":[");
    for (uint32_t i = 0; i < VIOLATION_COUNT; i++)
        if ((view->violations >> i & 1) != 0)
            reply_print(call->reply, "%s\"%s\"", listed_count++ == 0 ? "" : ",",
                        vmc_violation_names[i]);
    reply_print(call->reply, "]}");
}

void rest_read_workflow(struct rest_call *call)
{
    if (!is_there(call))
        return;
    struct vmc_sddc_view view = vmc_live_sddc(call->rest->live, call->sddc);
    call->reply->status = 200;
    print_workflow(call->reply, &view);
    call->reply->size_bytes--; /* the brace comes back at the end */
    reply_print(call->reply, ",\"truth\":");
    print_truth(call, &view);
    reply_print(call->reply, "}");
}

/* Where and why it failed, as far as the client says. */
static bool read_failure(struct rest_call *call, struct vmc_workflow_failure *failure)
{
    const char *reason, *operation, *host = NULL;
    int64_t cluster = RCE_NO_CLUSTER, number = RCE_NO_HOST;
    const json_t *named = json_object_get(call->body, "host");
    if (!rest_body_text(call, "reason", &reason) ||
        !rest_body_text(call, "operation", &operation) ||
        !rest_body_number(call, "cluster", &cluster, RCE_CLUSTERS_MAX - 1) ||
        (json_is_string(named) ? !rest_body_text(call, "host", &host)
                               : !rest_body_number(call, "host", &number, RCE_HOSTS_MAX - 1)))
        return false;
    int chosen = reason == NULL
                     ? RCE_REASON_NONE
                     : rest_body_choice(call, "reason", reason, rce_reason_names, RCE_REASON_COUNT);
    int operated = operation == NULL ? RCE_OPERATION_COUNT
                                     : rest_body_choice(call, "operation", operation,
                                                        rce_operation_names, RCE_OPERATION_COUNT);
    if (chosen < 0 || operated < 0)
        return false;
    bool is_temporary = host != NULL && strcmp(host, "temporary") == 0;
    *failure = (struct vmc_workflow_failure){
        .reason = (enum rce_reason)chosen,
        .operation = (enum rce_operation)operated,
        .cluster = (uint8_t)cluster,
        .host = (uint8_t)(is_temporary ? RCE_TEMPORARY_HOST : number)};
    if ((host == NULL || is_temporary) &&
        (operation == NULL || vmc_live_has_target(call->rest->live, call->sddc, failure->operation,
                                                  failure->cluster, failure->host)))
        return true;
    reply_problem(call->reply, 422, "unprocessable",
                  "this SDDC has no such target for the operation");
    return false;
}

void rest_tell_workflow(struct rest_call *call)
{
    static const char *const members[] = {"state", "reason", "operation", "cluster", "host", NULL};
    static const char *const states[] = {"started", "succeeded", "failed"};
    struct vmc_live *live = call->rest->live;
    const char *text;
    if (!is_there(call) || !rest_body_knows(call, members) || !rest_body_text(call, "state", &text))
        return;
    int state = rest_body_choice(call, "state", text, states, 3);
    struct vmc_workflow_failure failure;
    if (state < 0 || !read_failure(call, &failure))
        return;
    enum vmc_workflow_state now = vmc_live_sddc(live, call->sddc).workflow;
    bool is_repeated =
        (state == 1 && now == VMC_WORKFLOW_SUCCEEDED) || (state == 2 && now == VMC_WORKFLOW_FAILED);
    bool is_possible = state == 0 ? now != VMC_WORKFLOW_SUCCEEDED : now == VMC_WORKFLOW_RUNNING;
    if (!is_repeated && !is_possible) {
        reply_problem(call->reply, 409, "conflict", "the workflow is \"%s\"", workflow_names[now]);
        return;
    }
    if (state == 0)
        vmc_live_workflow_started(live, call->sddc);
    else if (!is_repeated && state == 1)
        vmc_live_workflow_succeeded(live, call->sddc);
    else if (!is_repeated)
        vmc_live_workflow_failed(live, call->sddc, &failure);
    rest_read_workflow(call);
}
