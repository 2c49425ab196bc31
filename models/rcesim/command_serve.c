#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/observed.h"
#include "models/rcesim/run/live.h"
#include "models/testbed/testbed.h"
#include "models/vmc/config.h"
#include "models/vmc/model.h"
#include "models/vmc/port.h"
#include "sim/base/units.h"

enum option_key {
    KEY_LISTEN = 512,
    KEY_STEP,
    KEY_ALLOW,
    KEY_HISTORY_HASH,
};

enum { NETWORKS_MAX = 16 };

struct options {
    struct options_scenario scenario;
    struct live_options live;
    const char *listen;
    struct guard_network networks[NETWORKS_MAX];
    size_t networks_count;
    bool is_stepped, is_hash_only;
};

static void parse_network(struct options *options, const char *argument, struct argp_state *state)
{
    struct error error;
    if (options->networks_count == NETWORKS_MAX)
        argp_error(state, "--allow-callbacks-to: at most %d networks", (int)NETWORKS_MAX);
    if (!guard_network_parse(&options->networks[options->networks_count++], argument, &error))
        argp_error(state, "--allow-callbacks-to: %s", error.message);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_LISTEN: options->listen = argument; return 0;
    case KEY_STEP:
        options_note(&options->scenario, "--step", NULL);
        options->is_stepped = true;
        return 0;
    case KEY_ALLOW: parse_network(options, argument, state); return 0;
    case KEY_HISTORY_HASH: options->is_hash_only = true; return 0;
    case ARGP_KEY_SUCCESS:
        if (options->is_stepped && options->live.speed > 0)
            argp_error(state, "--step has no --speed");
        return 0;
    }
    return live_one_scenario(key, argument, state, &options->scenario, &options->live);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"listen", KEY_LISTEN, "ADDRESS:PORT", 0,
         "Where to listen (default: 127.0.0.1:8080; port 0: any that is free). Beyond loopback "
         "only with --token-file",
         1},
        {"speed", LIVE_KEY_SPEED, "N", 0, "Simulated seconds in a second (default: 60)", 1},
        {"step", KEY_STEP, NULL, 0,
         "The clock stands still; POST /admin/clock moves it, and whoever waits for an answer", 1},
        {"token-file", LIVE_KEY_TOKEN_FILE, "FILE", 0,
         "Ask every request for the token in the first line of FILE", 1},
        {"allow-callbacks-to", KEY_ALLOW, "NETWORK", 0,
         "Callbacks may go to this network as well, such as 10.1.0.0/16; may be given several "
         "times. Without it they go to loopback only, and nowhere if --listen is beyond loopback: "
         "there loopback has to be named as well (127.0.0.0/8, ::1/128)",
         1},
        {"replication", LIVE_KEY_REPLICATION, "N", 0, "The world of this replication (default: 0)",
         2},
        {"history-hash", KEY_HISTORY_HASH, NULL, 0,
         "Print the hash of what the service of `rcesim run` sees and does, and end: that of GET "
         "/admin/clock is the same after the same requests at the same times",
         2},
        {"output", LIVE_KEY_OUTPUT, "DIR", 0,
         "Where the result goes at the end (default: out/NAME.live)", 2},
        {"force", LIVE_KEY_FORCE, NULL, 0, "Replace a result that is there", 2},
        {"json", LIVE_KEY_JSON, NULL, 0, "Print the summary as JSON at the end", 2},
        {"quiet", LIVE_KEY_QUIET, NULL, 0, "No notices", 2},
        {0},
    };
    static const struct argp_child children[] = {{&options_served_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO",
        .doc = "Make the world of a scenario a service over HTTP: a host-management service with "
               "the delays, limits and faults of the scenario, for clients in any language. "
               "GET / shows it in a browser, GET /openapi.json describes it."
               "\vThe address is printed when requests are taken. SIGTERM, Ctrl-C or POST "
               "/admin/shutdown ends it and writes a result directory of the workflows that "
               "clients have begun and ended, under the name of the (first, or chosen) variant, so "
               "that its thresholds are judged: exit status 10 if one failed, 11 if one cannot be "
               "decided, or holds while workflows were still running. Where nobody has ended a "
               "workflow there is no result. If the result "
               "cannot go to DIR any more, it goes to DIR.2. `rcesim report DIR` draws the "
               "charts.",
        .children = children,
    };
    options->listen = "127.0.0.1:8080";
    command_parse(&argp, argc, argv, options);
    if (options->live.speed == 0)
        options->live.speed = 60;
}

/* Sleep until somebody wants the end. */
static void wait_for_end(struct testbed *testbed, const volatile sig_atomic_t *interrupted)
{
    const struct timespec nap = {.tv_nsec = 50 * UNITS_MS};
    while (*interrupted == 0 && !testbed_is_shutdown_asked(testbed))
        nanosleep(&nap, NULL);
}

struct rows {
    struct row_table table;
    size_t room;
};

static void keep_row(void *context, const int64_t *values)
{
    struct rows *rows = context;
    CHECK(rows->table.row_count < rows->room);
    memcpy(&rows->table.values[rows->table.row_count++ * rows->table.column_count], values,
           rows->table.column_count * sizeof *values);
}

/* A folder that the result can go to in the place of one that has been taken or locked meanwhile:
 * DIR.2, DIR.3, ...; false: there is none. */
static bool find_place(struct directory_target *target, struct arena *arena)
{
    enum { PLACES_TRIED_MAX = 100 };
    struct directory_target tried = *target;
    int length = (int)strlen(target->path);
    while (length > 1 && target->path[length - 1] == '/')
        length--;
    for (int i = 2; i <= PLACES_TRIED_MAX; i++) {
        tried.path = arena_print(arena, "%.*s.%d", length, target->path, i);
        if (directory_check(&tried, NULL)) {
            *target = tried;
            return true;
        }
    }
    return false;
}

/* Is this the status of a result that has been written, whatever its thresholds say? */
static bool is_written(int status)
{
    return status == 0 || status == COMMAND_THRESHOLD_FAILED || status == COMMAND_INCONCLUSIVE;
}

/* The record exists once only, so it does not go with the folder that it was to go to. */
static int publish(const struct observed *observed, struct publication *publication)
{
    struct error error;
    int misplaced = 0;
    if (!directory_check(&publication->target, &error)) {
        misplaced = options_fail(&error);
        if (find_place(&publication->target, publication->arena))
            fprintf(stderr, "rcesim: the result goes to %s\n",
                    options_quote(publication->arena, publication->target.path));
    }
    int status = observed_publish(observed, publication);
    if (!is_written(status))
        fprintf(stderr, "rcesim: the record of %u workflow%s is lost\n",
                observed->record->unit_count, observed->record->unit_count == 1 ? "" : "s");
    else if (!publication->is_quiet)
        fprintf(stderr, "rcesim: for the charts: rcesim report %s\n",
                options_quote(publication->arena, publication->target.path));
    return is_written(status) && misplaced != 0 ? misplaced : status;
}

static void tell_left_out(uint32_t running_count)
{
    if (running_count > 0)
        fprintf(stderr,
                "rcesim: %u workflow%s running: not in the result. A workflow ends when its client "
                "says so (POST /v1/sddcs/{sddc}/workflow)\n",
                running_count, running_count == 1 ? " was still" : "s were still");
}

/* Those that were left out may hang for good: so thresholds that hold without them are not met. */
static int with_left_out(int status, uint32_t running_count,
                         const struct configuration *configuration)
{
    return status == 0 && running_count > 0 && configuration->threshold_count > 0
               ? COMMAND_INCONCLUSIVE
               : status;
}

/* The last words of the world become a result directory. */
static int write_result(const struct options *options, const struct configuration *configuration,
                        struct publication *publication, struct vmc_live *live)
{
    struct rows rows = {.table = {.column_count = vmc_model.row_column_count},
                        .room = configuration->unit_count};
    rows.table.values = arena_take_array(publication->arena, rows.room * rows.table.column_count,
                                         sizeof *rows.table.values);
    uint32_t running_count = vmc_live_running_count(live);
    const struct record *record = vmc_live_close(live, keep_row, &rows);
    if (!options->live.is_quiet)
        tell_left_out(running_count);
    if (record->unit_count == 0) {
        if (!options->live.is_quiet)
            fprintf(stderr, "rcesim: no client has %s a workflow; there is no result\n",
                    running_count > 0 ? "ended" : "begun");
        return with_left_out(0, running_count, configuration);
    }
    const struct observed observed = {
        .record = record, .rows = &rows.table, .replication = options->live.replication};
    return with_left_out(publish(&observed, publication), running_count, configuration);
}

static int serve(const struct options *options, const struct configuration *configuration,
                 const struct testbed_options *settings)
{
    struct publication publication =
        live_publication(&options->scenario, &options->live, configuration, "serve");
    struct testbed *testbed;
    struct error error;
    publication.is_undrawn = true;
    if (!publication_check(&publication, &error))
        return options_fail(&error);
    live_raise_file_limit();
    struct arena *arena = arena_create("service", 0);
    const volatile sig_atomic_t *interrupted = interrupt_catch();
    if (!testbed_start(&testbed, arena, settings, &error)) {
        arena_destroy(arena);
        return options_fail(&error);
    }
    printf("%s\n", testbed_url(testbed));
    fflush(stdout);
    if (!options->live.is_quiet)
        fprintf(stderr, "rcesim: serving %s; Ctrl-C ends it\n",
                scenario_name(configuration->scenario));
    wait_for_end(testbed, interrupted);
    int status = write_result(options, configuration, &publication, testbed_stop(testbed));
    arena_destroy(arena);
    return status;
}

static int print_history_hash(const struct options *options,
                              const struct configuration *configuration)
{
    uint64_t hash;
    struct error error;
    if (!vmc_run_history_hash(configuration->variants[0].parameters, configuration->seed,
                              options->live.replication, &hash, &error))
        return options_fail(&error);
    printf("%016" PRIx64 "\n", hash);
    return 0;
}

static void print_notice(const char *line)
{
    fprintf(stderr, "rcesim: %s\n", line);
}

static int load_and_serve(const struct options *options)
{
    struct configuration *configuration = NULL;
    struct error error;
    char token[GUARD_TOKEN_SIZE_BYTES];
    if (!live_load_one(&configuration, &options->scenario, &error) ||
        (options->live.token_file != NULL &&
         !guard_read_token(token, options->live.token_file, &error)))
        return options_fail(&error);
    if (options->is_hash_only)
        return print_history_hash(options, configuration);
    const struct testbed_options settings = {
        .parameters = configuration->variants[0].parameters,
        .seed = configuration->seed,
        .replication = options->live.replication,
        .listen = options->listen,
        .speed = options->live.speed,
        .is_stepped = options->is_stepped,
        .token = options->live.token_file != NULL ? token : NULL,
        .networks = options->networks,
        .networks_count = options->networks_count,
        .notice = options->live.is_quiet ? NULL : print_notice,
        .title = scenario_name(configuration->scenario),
        .version = command_version,
    };
    return serve(options, configuration, &settings);
}

int command_serve(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    parse_options(&options, argc, argv);
    int status = load_and_serve(&options);
    arena_destroy(arena);
    return status;
}
