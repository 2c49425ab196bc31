#include "models/contention/model.h"

#include "models/rce/retry.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/kernel/sim.h"

/* A client has one message under way, so one event at any time; what the message carries is kept
 * with the client. */
enum event_kind {
    EVENT_READ_ARRIVES,
    EVENT_READ_SERVED,
    EVENT_READ_ANSWERED,
    EVENT_WRITE_ARRIVES,
    EVENT_WRITE_SERVED,
    EVENT_WRITE_ANSWERED,
};

struct client {
    struct rce_retry retry;
    struct rce_process process; /* Clients share nothing but the row. */
    enum contention_status status;
    uint32_t seen_version;    /* By its last read. */
    uint32_t written_version; /* What its write made of the row; 0: none was accepted. */
    int64_t waited_ns;
    int64_t ended_at_ns;
};

struct world {
    const struct contention_parameters *parameters;
    const struct model_run *run;
    struct oracle *oracle;
    struct sim *sim;
    struct record *record;
    struct trace *trace;
    uint32_t trace_client;
    struct client *clients;
    uint32_t version;
    int64_t now_ns;
    int64_t free_at_ns; /* When the database has worked off what has arrived. */
    int64_t second;     /* The second of the last call, and how many calls it has seen. */
    int64_t second_calls;
};

static void tell(const struct world *world, uint32_t client, enum contention_trace type,
                 int64_t value)
{
    if (world->trace == NULL ||
        (world->trace_client != MODEL_ALL_UNITS && world->trace_client != client))
        return;
    trace_add(
        world->trace,
        &(struct trace_record){.time_ns = world->now_ns,
                               .type = (uint16_t)type,
                               .level = TRACE_STEP,
                               .subject = client,
                               .values = {(uint64_t)value, world->clients[client].retry.attempts}});
}

static int64_t delay_ns(const struct world *world, const struct dist *dist, uint32_t client,
                        enum contention_purpose purpose)
{
    if (dist == NULL)
        return 0;
    uint32_t attempt = world->clients[client].retry.attempts;
    return oracle_delay_ns(world->oracle, (struct draw_name){client, purpose, attempt}, dist);
}

static void schedule(struct world *world, int64_t wait_ns, uint32_t client, enum event_kind kind)
{
    if (wait_ns > INT64_MAX - world->now_ns)
        check_limit("simulated time would pass 292 years; give the back-off policy a cap");
    sim_schedule(world->sim, &(struct sim_event){.time_ns = world->now_ns + wait_ns,
                                                 .subject = client,
                                                 .kind = (uint16_t)kind});
}

static void hop(struct world *world, uint32_t client, enum contention_purpose purpose,
                enum event_kind kind)
{
    schedule(world, delay_ns(world, world->parameters->world->hop, client, purpose), client, kind);
}

/* Waiting and the hop that follows are one delay. */
static void read_after(struct world *world, uint32_t client, int64_t wait_ns)
{
    int64_t hop_ns =
        delay_ns(world, world->parameters->world->hop, client, CONTENTION_PURPOSE_HOP_READ);
    if (wait_ns > INT64_MAX - hop_ns)
        check_limit("simulated time would pass 292 years; give the back-off policy a cap");
    schedule(world, wait_ns + hop_ns, client, EVENT_READ_ARRIVES);
}

static void count_call(struct world *world)
{
    int64_t *values = world->record->values;
    int64_t second = world->now_ns / UNITS_S;
    if (second != world->second) {
        world->second = second;
        world->second_calls = 0;
    }
    world->second_calls++;
    if (world->second_calls > values[CONTENTION_PEAK_CALLS])
        values[CONTENTION_PEAK_CALLS] = world->second_calls;
    values[CONTENTION_CALLS]++;
}

static void write_row(struct world *world, uint32_t index)
{
    struct client *client = &world->clients[index];
    CHECK(client->status == CONTENTION_RUNNING && client->written_version == 0);
    count_call(world);
    if (client->seen_version == world->version) {
        client->written_version = ++world->version;
        tell(world, index, CONTENTION_TRACE_ACCEPTED, world->version);
    } else {
        world->record->values[CONTENTION_CONFLICTS]++;
        tell(world, index, CONTENTION_TRACE_CONFLICT, world->version);
    }
    sim_fold(world->sim, (uint64_t)world->version << 1 | (client->written_version != 0));
    hop(world, index, CONTENTION_PURPOSE_HOP_WRITE_ANSWER, EVENT_WRITE_ANSWERED);
}

static void end(struct world *world, uint32_t index, enum contention_status status)
{
    struct client *client = &world->clients[index];
    client->status = status;
    client->ended_at_ns = world->now_ns;
    histogram_add(&world->record->histograms[CONTENTION_HISTOGRAM_DURATION], world->now_ns);
    world->record->values[CONTENTION_COMPLETION_TIME] = world->now_ns;
    if (status != CONTENTION_GAVE_UP)
        return;
    record_set_failed(world->record, index);
    world->record->values[CONTENTION_FAILURE_RATE]++;
    tell(world, index, CONTENTION_TRACE_GAVE_UP, client->retry.attempts);
}

static void take_answer(struct world *world, uint32_t index)
{
    struct client *client = &world->clients[index];
    const struct rce_retry_policy *policy = &world->parameters->policy;
    if (client->written_version != 0) {
        rce_retry_success(policy, &client->process, world->now_ns);
        end(world, index, CONTENTION_SUCCEEDED);
        return;
    }
    struct draw_name entropy = {index, CONTENTION_PURPOSE_ENTROPY, client->retry.attempts};
    struct rce_retry_failure failure = {.cause = RCE_RETRY_ERROR,
                                        .now_ns = world->now_ns,
                                        .entropy = oracle_entropy(world->oracle, entropy)};
    int64_t wait_ns = rce_retry_decide(policy, &client->process, &client->retry, &failure);
    if (wait_ns == RCE_RETRY_GIVE_UP) {
        end(world, index, CONTENTION_GAVE_UP);
        return;
    }
    client->waited_ns += wait_ns;
    tell(world, index, CONTENTION_TRACE_WAIT, wait_ns);
    read_after(world, index, wait_ns);
}

static void read_row(struct world *world, uint32_t client)
{
    world->clients[client].seen_version = world->version;
    hop(world, client, CONTENTION_PURPOSE_HOP_READ_ANSWER, EVENT_READ_ANSWERED);
}

/* The database works on one request after the other, in the order in which they arrive; a request
 * takes effect when it is done. Returns true if that is now. */
static bool is_served_at_once(struct world *world, uint32_t client, enum contention_purpose purpose,
                              enum event_kind served)
{
    const struct dist *service = world->parameters->world->service;
    if (service == NULL)
        return true;
    int64_t service_ns = delay_ns(world, service, client, purpose);
    int64_t begin_ns = world->free_at_ns > world->now_ns ? world->free_at_ns : world->now_ns;
    if (service_ns > INT64_MAX - begin_ns)
        check_limit("simulated time would pass 292 years; make the service time shorter");
    world->free_at_ns = begin_ns + service_ns;
    schedule(world, world->free_at_ns - world->now_ns, client, served);
    return false;
}

static void handle(struct world *world, uint32_t client, enum event_kind kind)
{
    switch (kind) {
    case EVENT_READ_ARRIVES:
        if (is_served_at_once(world, client, CONTENTION_PURPOSE_SERVICE_READ, EVENT_READ_SERVED))
            read_row(world, client);
        return;
    case EVENT_READ_SERVED: read_row(world, client); return;
    case EVENT_READ_ANSWERED:
        tell(world, client, CONTENTION_TRACE_READ, world->clients[client].seen_version);
        hop(world, client, CONTENTION_PURPOSE_HOP_WRITE, EVENT_WRITE_ARRIVES);
        return;
    case EVENT_WRITE_ARRIVES:
        if (is_served_at_once(world, client, CONTENTION_PURPOSE_SERVICE_WRITE, EVENT_WRITE_SERVED))
            write_row(world, client);
        return;
    case EVENT_WRITE_SERVED: write_row(world, client); return;
    case EVENT_WRITE_ANSWERED: take_answer(world, client); return;
    }
    CHECK_UNREACHABLE("an event of an unknown kind");
}

static void write_rows(const struct world *world)
{
    struct model_sink *sink = world->run->sink;
    if (sink == NULL || sink->row == NULL)
        return;
    for (uint32_t i = 0; i < world->parameters->world->clients_count; i++) {
        const struct client *client = &world->clients[i];
        int64_t values[CONTENTION_COLUMN_COUNT] = {
            [CONTENTION_COLUMN_CLIENT] = i,
            [CONTENTION_COLUMN_STATUS] = client->status,
            [CONTENTION_COLUMN_VERSION] =
                client->written_version != 0 ? client->written_version : ROW_NONE,
            [CONTENTION_COLUMN_CALLS] = client->retry.attempts,
            [CONTENTION_COLUMN_WAITED] = client->waited_ns,
            [CONTENTION_COLUMN_ENDED] = client->ended_at_ns,
        };
        sink->row(sink->context, world->run, values);
    }
}

/* What must be true of every run, whatever the policy. */
static void check_accounts(const struct world *world)
{
    const int64_t *values = world->record->values;
    int64_t clients = world->parameters->world->clients_count;
    int64_t succeeded = clients - values[CONTENTION_FAILURE_RATE];
    CHECK(world->version == succeeded);
    CHECK(values[CONTENTION_CALLS] == succeeded + values[CONTENTION_CONFLICTS]);
    CHECK(values[CONTENTION_CONFLICTS] <= clients * (clients - 1) / 2);
    CHECK(world->record->histograms[CONTENTION_HISTOGRAM_DURATION].count == (uint64_t)clients);
}

static bool run(const struct model_run *model_run, struct record *record, struct error *error)
{
    const struct contention_parameters *parameters = model_run->parameters;
    uint32_t count = parameters->world->clients_count;
    if (count < 1 || count > CONTENTION_CLIENTS_MAX)
        return error_set(error, ERROR_SCENARIO, "there must be 1 to %d clients, not %u",
                         CONTENTION_CLIENTS_MAX, count);
    struct world world = {
        .parameters = parameters,
        .run = model_run,
        .oracle = model_run->oracle,
        .sim = sim_create(model_run->arena, &(struct sim_options){.capacity = count}),
        .record = record,
        .clients = arena_take_array(model_run->arena, count, sizeof *world.clients),
    };
    if (model_run->sink != NULL) {
        world.trace = model_run->sink->trace;
        world.trace_client = model_run->sink->trace_unit;
    }
    record->unit_count = count;
    for (uint32_t i = 0; i < count; i++) {
        rce_retry_begin(&world.clients[i].retry, 0);
        read_after(&world, i, 0);
    }
    struct sim_event event;
    while (sim_next(world.sim, &event)) {
        world.now_ns = event.time_ns;
        handle(&world, event.subject, (enum event_kind)event.kind);
        if (model_is_interrupted(model_run, sim_event_count(world.sim)))
            return error_set(error, ERROR_INTERRUPTED, "interrupted");
    }
    check_accounts(&world);
    write_rows(&world);
    record->history_hash = sim_history_hash(world.sim);
    record->event_count = sim_event_count(world.sim);
    return true;
}

static uint32_t units_max(const void *parameters)
{
    return ((const struct contention_parameters *)parameters)->world->clients_count;
}

static const struct metric metrics[CONTENTION_METRIC_COUNT] = {
    [CONTENTION_FAILURE_RATE] = {.name = "failure_rate",
                                 .label = "gave up",
                                 .doc = "Clients whose policy gave up before they had succeeded.",
                                 .kind = METRIC_PROPORTION},
    [CONTENTION_CALLS] = {.name = "calls",
                          .label = "calls",
                          .doc = "Write attempts; the read before each is not counted.",
                          .kind = METRIC_PER_UNIT},
    [CONTENTION_CONFLICTS] = {.name = "conflicts",
                              .label = "of which conflicts",
                              .doc = "Writes refused because the version had changed.",
                              .kind = METRIC_PER_UNIT},
    [CONTENTION_COMPLETION_TIME] =
        {.name = "completion_time",
         .label = "completion time",
         .doc = "Until the last client has the answer that it is done, or gives up.",
         .kind = METRIC_PER_REPLICATION,
         .unit = METRIC_DURATION_NS},
    [CONTENTION_PEAK_CALLS] = {.name = "peak_calls_per_second",
                               .label = "peak calls a second",
                               .doc = "Write attempts in the busiest second.",
                               .kind = METRIC_PER_REPLICATION},
};

static const struct model_histogram histograms[CONTENTION_HISTOGRAM_COUNT] = {
    [CONTENTION_HISTOGRAM_DURATION] = {.name = "duration",
                                       .label = "client duration",
                                       .doc = "From the start of a client to its end, however it "
                                              "ended."},
};

static const char *const status_names[] = {
    [CONTENTION_RUNNING] = "running",
    [CONTENTION_SUCCEEDED] = "succeeded",
    [CONTENTION_GAVE_UP] = "gave_up",
};

static const struct row_column columns[CONTENTION_COLUMN_COUNT] = {
    [CONTENTION_COLUMN_CLIENT] = {.name = "client",
                                  .doc = "index of the client",
                                  .kind = ROW_COUNT,
                                  .role = ROW_IDENTIFIER},
    [CONTENTION_COLUMN_STATUS] = {.name = "status",
                                  .doc = "how it ended",
                                  .kind = ROW_NAME,
                                  .names = status_names,
                                  .name_count = 3},
    [CONTENTION_COLUMN_VERSION] = {.name = "version",
                                   .doc = "what its write made of the row",
                                   .kind = ROW_COUNT},
    [CONTENTION_COLUMN_CALLS] = {.name = "calls", .doc = "write attempts", .kind = ROW_COUNT},
    [CONTENTION_COLUMN_WAITED] = {.name = "waited",
                                  .doc = "time spent in back-off",
                                  .kind = ROW_DURATION_NS},
    [CONTENTION_COLUMN_ENDED] = {.name = "ended", .doc = "since the start", .kind = ROW_TIME_NS},
};

static const struct purpose purposes[] = {
    {CONTENTION_PURPOSE_HOP_READ, "hop of a read", true},
    {CONTENTION_PURPOSE_HOP_READ_ANSWER, "hop of a read's answer", true},
    {CONTENTION_PURPOSE_HOP_WRITE, "hop of a write", true},
    {CONTENTION_PURPOSE_HOP_WRITE_ANSWER, "hop of a write's answer", true},
    {CONTENTION_PURPOSE_SERVICE_READ, "service of a read", true},
    {CONTENTION_PURPOSE_SERVICE_WRITE, "service of a write", true},
    {CONTENTION_PURPOSE_ENTROPY, "entropy of the policy", false},
    {0},
};

const struct trace_type contention_trace_types[CONTENTION_TRACE_TYPE_COUNT] = {
    [CONTENTION_TRACE_READ] = {.name = "reads the row",
                               .level = TRACE_STEP,
                               .labels = {"version", "attempt"},
                               .shown_as = {TRACE_VALUE_COUNT_OF, TRACE_VALUE_COUNT_OF}},
    [CONTENTION_TRACE_ACCEPTED] = {.name = "write accepted",
                                   .level = TRACE_STEP,
                                   .labels = {"version", "attempt"},
                                   .shown_as = {TRACE_VALUE_COUNT_OF, TRACE_VALUE_COUNT_OF}},
    [CONTENTION_TRACE_CONFLICT] = {.name = "conflict",
                                   .level = TRACE_STEP,
                                   .labels = {"version", "attempt"},
                                   .shown_as = {TRACE_VALUE_COUNT_OF, TRACE_VALUE_COUNT_OF}},
    [CONTENTION_TRACE_WAIT] = {.name = "waits",
                               .level = TRACE_STEP,
                               .labels = {"for", "attempt"},
                               .shown_as = {TRACE_VALUE_DURATION_NS, TRACE_VALUE_COUNT_OF}},
    [CONTENTION_TRACE_GAVE_UP] = {.name = "gives up",
                                  .level = TRACE_STEP,
                                  .labels = {"attempts"},
                                  .shown_as = {TRACE_VALUE_COUNT_OF}},
};

const struct model contention_model = {
    .name = "contention",
    .unit_name = "client",
    .unit_names = "clients",
    .metrics = metrics,
    .metric_count = CONTENTION_METRIC_COUNT,
    .failed_metric = CONTENTION_FAILURE_RATE,
    .histograms = histograms,
    .histogram_count = CONTENTION_HISTOGRAM_COUNT,
    .row_columns = columns,
    .row_column_count = CONTENTION_COLUMN_COUNT,
    .purposes = purposes,
    .units_max = units_max,
    .run = run,
};
