#include "models/testbed/testbed.h"

#include <stdio.h>
#include <unistd.h>

#include "models/testbed/server.h"
#include "models/testbed/webhook.h"

struct testbed {
    struct live *live;
    struct server *server;
    struct webhook *webhook;
    char url[SERVER_ADDRESS_SIZE_BYTES + 8];
};

static void answered(void *context, void *waiter, struct reply *reply)
{
    const struct testbed *testbed = context;
    server_answered(testbed->server, waiter, reply);
}

static void deliver(void *context, const struct rest_delivery *delivery)
{
    const struct testbed *testbed = context;
    webhook_deliver(testbed->webhook, delivery);
}

static bool registered(void *context, const char *client, const char *url)
{
    const struct testbed *testbed = context;
    if (url != NULL)
        return webhook_register(testbed->webhook, client, url);
    webhook_remove(testbed->webhook, client);
    return true;
}

struct parts {
    struct rest_options rest;
    struct webhook_options callbacks;
    int socket;
};

static bool start_parts(struct testbed *testbed, struct arena *arena, struct parts *parts,
                        struct error *error)
{
    const struct rest_sink sink = {
        .context = testbed, .answered = answered, .deliver = deliver, .registered = registered};
    if (!live_start(&testbed->live, arena, &parts->rest, &sink, error))
        return false;
    parts->callbacks.gauges = live_gauges(testbed->live);
    if (webhook_start(testbed->webhook, &parts->callbacks, error)) {
        if (server_start(testbed->server, testbed->live, parts->socket, error))
            return true;
        webhook_stop(testbed->webhook);
    }
    live_stop(testbed->live);
    return false;
}

bool testbed_start(struct testbed **out, struct arena *arena, const struct testbed_options *options,
                   struct error *error)
{
    struct testbed *testbed = arena_take(arena, sizeof *testbed);
    char address[SERVER_ADDRESS_SIZE_BYTES];
    bool is_loopback;
    int socket = server_open(options->listen, address, &is_loopback, error);
    if (socket < 0)
        return false;
    if (!is_loopback && options->token == NULL) {
        close(socket);
        return error_set(error, ERROR_USAGE,
                         "%s can be reached from other machines: that needs a token "
                         "(--token-file); without one only loopback is served",
                         address);
    }
    snprintf(testbed->url, sizeof testbed->url, "http://%s", address);
    testbed->server = server_create(arena);
    testbed->webhook = webhook_create(arena);
    struct parts parts = {.socket = socket};
    parts.callbacks.notice = options->notice;
    parts.callbacks.reach = (struct guard_reach){.networks = options->networks,
                                                 .networks_count = options->networks_count,
                                                 .is_loopback_shut = !is_loopback};
    parts.rest = (struct rest_options){
        .parameters = options->parameters,
        .seed = options->seed,
        .replication = options->replication,
        .pacer = pacer_start(options->speed, options->is_stepped, pacer_clock_ns()),
        .reach = parts.callbacks.reach,
        .token = options->token,
        .title = options->title,
        .version = options->version,
        .watch = options->watch,
        .is_loopback_only = is_loopback && options->token == NULL,
    };
    if (!start_parts(testbed, arena, &parts, error)) {
        close(socket);
        return false;
    }
    *out = testbed;
    return true;
}

const char *testbed_url(const struct testbed *testbed)
{
    return testbed->url;
}

bool testbed_is_shutdown_asked(struct testbed *testbed)
{
    return live_is_shutdown_asked(testbed->live);
}

struct vmc_live *testbed_stop(struct testbed *testbed)
{
    live_stop(testbed->live);
    server_stop(testbed->server);
    webhook_stop(testbed->webhook);
    return rest_world(live_rest(testbed->live));
}
