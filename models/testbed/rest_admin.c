#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/testbed/rest_parts.h"
#include "sim/base/units.h"

static void print_client(struct reply *reply, const struct rest_client *client, const char *url)
{
    reply_print(reply, "{\"client\":\"%s\",\"url\":", client->name);
    reply_quote(reply, url);
    reply_print(reply, "}");
}

void rest_list_callbacks(struct rest_call *call)
{
    call->reply->status = 200;
    reply_print(call->reply, "{\"items\":[");
    for (uint32_t i = 0; i < call->rest->clients_count; i++) {
        if (i > 0)
            reply_print(call->reply, ",");
        char veiled[GUARD_VEILED_SIZE_BYTES];
        const struct rest_client *client = &call->rest->clients[i];
        print_client(call->reply, client, guard_veil_url(veiled, client->url));
    }
    reply_print(call->reply, "]}");
}

static struct rest_client *find_client(struct rest *rest, const char *name)
{
    for (uint32_t i = 0; i < rest->clients_count; i++)
        if (strcmp(rest->clients[i].name, name) == 0)
            return &rest->clients[i];
    return NULL;
}

/* May callbacks go to this URL? Else a problem. */
static bool is_good_url(struct rest_call *call, const char *url)
{
    const char *fault = url == NULL ? "it is missing" : guard_url_fault(url);
    if (fault != NULL) {
        reply_problem(call->reply, 422, "unprocessable",
                      "\"url\": %s; it has to be an http or https URL without user, password and "
                      "fragment, of at most %d characters",
                      fault, GUARD_URL_SIZE_BYTES - 1);
        return false;
    }
    const struct guard_reach *reach = &call->rest->options.reach;
    if (guard_allows_url(reach, url))
        return true;
    reply_problem(
        call->reply, 403, "forbidden",
        reach->is_loopback_shut
            ? "callbacks go to networks that --allow-callbacks-to names, and only to "
              "them: this service can be reached from other machines"
            : "callbacks go to loopback, and to networks that --allow-callbacks-to names");
    return false;
}

static bool is_good_name(struct rest_call *call, const char *name)
{
    if (name != NULL && guard_is_name(name))
        return true;
    reply_problem(
        call->reply, 422, "unprocessable",
        "\"client\" is a name of 1 to %d letters, digits, '.', '_' and '-', but not \".\" "
        "or \"..\"",
        REST_CLIENT_SIZE_BYTES - 1);
    return false;
}

/* Tell whoever delivers. Else a problem. */
static bool is_taken_up(struct rest_call *call, const char *name, const char *url)
{
    const struct rest_sink *sink = &call->rest->sink;
    if (sink->registered == NULL || sink->registered(sink->context, name, url))
        return true;
    reply_problem(call->reply, 409, "conflict",
                  "callbacks to clients that were removed are still ending; try again");
    return false;
}

void rest_register_callback(struct rest_call *call)
{
    static const char *const members[] = {"client", "url", NULL};
    struct rest *rest = call->rest;
    const char *name, *url;
    if (!rest_body_knows(call, members) || !rest_body_text(call, "client", &name) ||
        !rest_body_text(call, "url", &url) || !is_good_name(call, name) || !is_good_url(call, url))
        return;
    struct rest_client *client = find_client(rest, name);
    if (client == NULL && rest->clients_count == REST_CLIENTS_MAX) {
        reply_problem(call->reply, 409, "conflict", "there are %d clients already",
                      (int)REST_CLIENTS_MAX);
        return;
    }
    if (!is_taken_up(call, name, url))
        return;
    if (client == NULL)
        client = &rest->clients[rest->clients_count++];
    snprintf(client->name, sizeof client->name, "%s", name);
    snprintf(client->url, sizeof client->url, "%s", url);
    call->reply->status = 201;
    snprintf(call->reply->location, sizeof call->reply->location, "/v1/callbacks/%s", name);
    print_client(call->reply, client, url);
}

void rest_remove_callback(struct rest_call *call)
{
    struct rest *rest = call->rest;
    struct rest_client *client = find_client(rest, call->text);
    if (client == NULL) {
        reply_problem(call->reply, 404, "not-found", "there is no client \"%s\"", call->text);
        return;
    }
    if (rest->sink.registered != NULL)
        rest->sink.registered(rest->sink.context, client->name, NULL);
    *client = rest->clients[--rest->clients_count];
    call->reply->status = 204;
}

void rest_read_clock(struct rest_call *call)
{
    const struct rest *rest = call->rest;
    char now[UNITS_TEXT_SIZE_BYTES];
    int64_t now_ns = vmc_live_now_ns(rest->live), next_ns = vmc_live_next_ns(rest->live);
    call->reply->status = 200;
    reply_print(call->reply, "{\"now_ns\":%" PRId64 ",\"now\":\"%s\",", now_ns,
                units_print_clock(now, now_ns));
    if (next_ns >= 0)
        reply_print(call->reply, "\"next_ns\":%" PRId64 ",", next_ns);
    reply_print(call->reply, "\"speed\":%.17g,\"step\":%s,\"history_hash\":\"%016" PRIx64 "\"}",
                rest->pacer.speed, rest->pacer.is_stepped ? "true" : "false",
                vmc_live_history_hash(rest->live));
}

/* Move by events: each to the time of the next one. */
static void move_by_events(struct rest_call *call, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!vmc_live_step(call->rest->live, VMC_LIVE_TIME_MAX_NS))
            return;
}

static void move_to(struct rest_call *call, int64_t to_ns)
{
    vmc_live_advance(call->rest->live, to_ns);
}

/* That many take part of a second, in which nobody else is answered. */
enum { EVENTS_MAX = 1000000 };

/* Where the body wants the clock to be; false, with a problem, if nowhere. */
static bool read_target(struct rest_call *call, int64_t *to_ns, int64_t *events)
{
    static const char *const members[] = {"advance", "advance_ns", "to_ns", "events", NULL};
    int64_t now_ns = vmc_live_now_ns(call->rest->live), by_ns = -1;
    const char *text;
    struct error error;
    if (!rest_body_knows(call, members) || !rest_body_text(call, "advance", &text) ||
        !rest_body_number(call, "advance_ns", &by_ns, VMC_LIVE_TIME_MAX_NS) ||
        !rest_body_number(call, "to_ns", to_ns, VMC_LIVE_TIME_MAX_NS) ||
        !rest_body_number(call, "events", events, EVENTS_MAX))
        return false;
    if (*events == 0) {
        reply_problem(call->reply, 422, "unprocessable",
                      "\"events\" has to be a whole number from 1 to %d", (int)EVENTS_MAX);
        return false;
    }
    if (text != NULL && !units_parse_duration(text, &by_ns, &error)) {
        reply_problem(call->reply, 422, "unprocessable", "\"advance\": %s", error.message);
        return false;
    }
    if (by_ns >= 0)
        *to_ns = now_ns + (by_ns < VMC_LIVE_TIME_MAX_NS ? by_ns : VMC_LIVE_TIME_MAX_NS);
    bool is_one = json_object_size(call->body) == 1;
    if (is_one && (*events >= 0 || (*to_ns >= now_ns && *to_ns <= VMC_LIVE_TIME_MAX_NS)))
        return true;
    reply_problem(call->reply, 422, "unprocessable",
                  is_one ? "the clock goes forward only, and not beyond 100 years"
                         : "one of: advance, advance_ns, to_ns, events");
    return false;
}

void rest_move_clock(struct rest_call *call)
{
    struct rest *rest = call->rest;
    int64_t to_ns = -1, events = -1;
    if (!read_target(call, &to_ns, &events))
        return;
    if (events >= 0)
        move_by_events(call, events);
    else
        move_to(call, to_ns);
    int64_t now_ns = vmc_live_now_ns(rest->live);
    if (now_ns >= pacer_now_ns(&rest->pacer, call->real_ns))
        pacer_jump(&rest->pacer, now_ns, call->real_ns);
    rest_end_waits(rest);
    rest_read_clock(call);
}

void rest_read_faults(struct rest_call *call)
{
    const struct vmc_live *live = call->rest->live;
    bool is_first = true;
    call->reply->status = 200;
    reply_print(call->reply, "{\"items\":[");
    for (int i = 0; i < VMC_FAULT_COUNT; i++) {
        int64_t until_ns = vmc_live_fault_until_ns(live, (enum vmc_fault)i);
        if (until_ns <= vmc_live_now_ns(live))
            continue;
        reply_print(call->reply, "%s{\"fault\":\"%s\",\"until_ns\":%" PRId64 "}",
                    is_first ? "" : ",", vmc_fault_names[i], until_ns);
        is_first = false;
    }
    reply_print(call->reply, "]}");
}

void rest_inject_fault(struct rest_call *call)
{
    static const char *const members[] = {"fault", "duration", NULL};
    const char *fault, *text;
    int64_t duration_ns = -1;
    struct error error = {.message = "is needed, such as \"5min\""};
    if (!rest_body_knows(call, members) || !rest_body_text(call, "fault", &fault) ||
        !rest_body_text(call, "duration", &text))
        return;
    int chosen = rest_body_choice(call, "fault", fault, vmc_fault_names, VMC_FAULT_COUNT);
    if (chosen < 0)
        return;
    if (text == NULL || !units_parse_duration(text, &duration_ns, &error) || duration_ns < 0) {
        reply_problem(call->reply, 422, "unprocessable", "\"duration\" %s",
                      text != NULL && duration_ns < 0 && error.code == 0 ? "cannot be negative"
                                                                         : error.message);
        return;
    }
    vmc_live_inject(call->rest->live, (enum vmc_fault)chosen, duration_ns);
    rest_read_faults(call);
}

void rest_shut_down(struct rest_call *call)
{
    call->rest->is_shutdown_asked = true;
    call->reply->status = 202;
    reply_print(call->reply, "{\"status\":\"shutting-down\"}");
}
