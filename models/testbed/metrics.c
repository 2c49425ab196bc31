#include <inttypes.h>

#include "models/testbed/rest_parts.h"

static void head(struct reply *reply, const char *name, const char *type, const char *help)
{
    reply_print(reply, "# HELP rcesim_%s %s\n# TYPE rcesim_%s %s\n", name, help, name, type);
}

static void number(struct reply *reply, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    head(reply, name, type, help);
    reply_print(reply, "rcesim_%s %" PRIu64 "\n", name, value);
}

static void seconds(struct reply *reply, const char *name, const char *type, const char *help,
                    double value)
{
    head(reply, name, type, help);
    reply_print(reply, "rcesim_%s %.9g\n", name, value);
}

static uint64_t gauge(const uint64_t *value)
{
    return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static void print_requests(const struct rest *rest, struct reply *reply)
{
    head(reply, "requests_total", "counter", "Requests to the simulated service, as answered.");
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        for (int k = 0; k < RCE_RESULT_COUNT; k++)
            if (rest->answers[i][k] > 0)
                reply_print(reply,
                            "rcesim_requests_total{operation=\"%s\",result=\"%s\"} %" PRIu64 "\n",
                            rce_operation_names[i], rce_result_names[k], rest->answers[i][k]);
    head(reply, "http_responses_total", "counter",
         "Answers over HTTP by status; 0: closed without one, or nobody was there. Without those "
         "of the library itself, in requests_malformed_total.");
    for (int i = 0; i < 600; i++) {
        uint64_t count = rest->replies[i] + gauge(&rest->gauges.corrections[i]);
        if (count > 0)
            reply_print(reply, "rcesim_http_responses_total{code=\"%d\"} %" PRIu64 "\n", i, count);
    }
    number(reply, "requests_waiting", "gauge", "Requests that the world has not answered yet.",
           rest->waiting_count);
}

static void print_fleet(const struct rest *rest, struct reply *reply)
{
    static const char *const names[] = {"none", "running", "succeeded", "failed"};
    uint64_t workflows[4] = {0}, early_count = 0;
    uint32_t count = vmc_live_sddcs_count(rest->live);
    for (uint32_t i = 0; i < count; i++) {
        struct vmc_sddc_view view = vmc_live_sddc(rest->live, i);
        workflows[view.workflow]++;
        early_count += view.early_trigger;
    }
    head(reply, "workflows", "gauge", "Workflows by state.");
    for (int i = 0; i < 4; i++)
        reply_print(reply, "rcesim_workflows{state=\"%s\"} %" PRIu64 "\n", names[i], workflows[i]);
    number(reply, "early_triggers", "gauge",
           "Workflows that asked for maintenance while a temporary host was not ready.",
           early_count);
    const int64_t *tally = vmc_live_tally(rest->live);
    head(reply, "violations_total", "counter", "Broken invariants, each once a cluster.");
    for (int i = 0; i < VIOLATION_COUNT; i++)
        reply_print(reply, "rcesim_violations_total{invariant=\"%s\"} %" PRId64 "\n",
                    vmc_violation_names[i], tally[METRIC_FIRST_VIOLATION + i]);
    number(reply, "duplicate_triggers_total", "counter", "Second maintenance tasks for one visit.",
           (uint64_t)tally[METRIC_DUPLICATE_TRIGGERS]);
    number(reply, "callbacks_lost_total", "counter", "Callbacks that the scenario lost.",
           (uint64_t)tally[METRIC_CALLBACKS_LOST]);
    number(reply, "hosts_added_total", "counter", "Temporary hosts asked for.",
           (uint64_t)tally[METRIC_HOSTS_ADDED]);
    number(reply, "hosts_removed_total", "counter", "Temporary hosts removed.",
           (uint64_t)tally[METRIC_HOSTS_REMOVED]);
}

static void print_transport(const struct rest *rest, struct reply *reply)
{
    const struct rest_gauges *gauges = &rest->gauges;
    number(reply, "callbacks_total", "counter", "Callbacks that were due.", rest->callbacks_count);
    number(reply, "callbacks_unheard_total", "counter", "Callbacks that nobody had registered for.",
           rest->callbacks_unheard_count);
    number(reply, "deliveries_queued", "gauge", "Callbacks on their way to a URL.",
           gauge(&gauges->deliveries_queued));
    number(reply, "deliveries_total", "counter", "Callbacks that were taken (2xx).",
           gauge(&gauges->deliveries_done));
    number(reply, "delivery_failures_total", "counter", "Attempts that failed.",
           gauge(&gauges->deliveries_failed));
    static const char *const reasons[REST_GIVEN_UP_COUNT] = {[REST_GIVEN_UP_FORBIDDEN] =
                                                                 "forbidden",
                                                             [REST_GIVEN_UP_OLD] = "old",
                                                             [REST_GIVEN_UP_FULL] = "full",
                                                             [REST_GIVEN_UP_REMOVED] = "removed"};
    head(reply, "deliveries_given_up_total", "counter",
         "Callbacks given up: the address must not be called, not taken for ten minutes, too many "
         "waited, the client was removed.");
    for (int i = 0; i < REST_GIVEN_UP_COUNT; i++)
        reply_print(reply, "rcesim_deliveries_given_up_total{reason=\"%s\"} %" PRIu64 "\n",
                    reasons[i], gauge(&gauges->deliveries_given_up[i]));
    number(reply, "connections", "gauge", "Connections that are open.",
           gauge(&gauges->connections_open));
    number(reply, "connections_total", "counter", "Connections so far.",
           gauge(&gauges->connections_total));
    number(reply, "requests_malformed_total", "counter",
           "Requests that were refused, cut off or broken off before they were whole.",
           gauge(&gauges->requests_malformed));
    number(reply, "requests_too_slow_total", "counter", "Requests that did not arrive in time.",
           gauge(&gauges->requests_too_slow));
    number(reply, "answers_too_slow_total", "counter", "Answers that were not read in time.",
           gauge(&gauges->answers_too_slow));
    number(reply, "clients_gone_total", "counter", "Clients that left while they were to wait.",
           gauge(&gauges->clients_gone));
}

static void print_clock(const struct rest *rest, struct reply *reply)
{
    seconds(reply, "simulated_seconds_total", "counter", "Simulated time since the start.",
            (double)vmc_live_now_ns(rest->live) / 1e9);
    seconds(reply, "speed", "gauge", "Simulated seconds in a second; 0: stepped.",
            rest->pacer.is_stepped ? 0 : rest->pacer.speed);
    seconds(reply, "lag_seconds_max", "gauge", "The latest that an event has been, in real time.",
            (double)rest->lag_max_ns / 1e9);
    head(reply, "lag_seconds", "summary", "How late events have been, in real time.");
    reply_print(reply, "rcesim_lag_seconds_sum %.9g\nrcesim_lag_seconds_count %" PRIu64 "\n",
                (double)rest->lag_sum_ns / 1e9, rest->lag_count);
}

void rest_metrics(struct rest_call *call)
{
    struct reply *reply = call->reply;
    reply->status = 200;
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    print_clock(call->rest, reply);
    print_requests(call->rest, reply);
    print_fleet(call->rest, reply);
    print_transport(call->rest, reply);
}
