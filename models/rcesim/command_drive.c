#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/observed.h"
#include "models/rcesim/run/live.h"
#include "models/rcesim/run/recording_live.h"
#include "models/testbed/drive.h"
#include "models/testbed/guard.h"
#include "models/vmc/config.h"
#include "models/vmc/tally.h"
#include "reports/output.h"
#include "reports/progress.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

enum option_key {
    KEY_URL = 512,
    KEY_LISTEN,
    KEY_CALLBACK_URL,
    KEY_CLIENT,
    KEY_STATE,
    KEY_DURABILITY,
    KEY_RECORD,
    KEY_TIMEOUT,
    KEY_CONNECTIONS,
    KEY_UPGRADE,
};

struct options {
    struct options_scenario scenario;
    struct live_options live;
    const char *url, *record, *state;
    const char *listen, *callback_base, *client;
    int64_t timeout_ns;
    uint32_t connections_max;
    enum drive_durability durability;
    bool may_upgrade;
};

static void parse_durability(struct options *options, const char *text, struct argp_state *state)
{
    static const char *const names[] = {"disk", "process", NULL};
    bool is_disk = options_choice(state, "--durability", text, names) == 0;
    options->durability = is_disk ? DRIVE_DURABLE_FULL : DRIVE_DURABLE_PROCESS;
}

/* A name is a segment of a path on the other side. */
static void parse_client(struct options *options, const char *text, struct argp_state *state)
{
    if (!guard_is_name(text))
        argp_error(state,
                   "--client takes up to %d letters, digits, '.', '_' and '-', but not \".\" or "
                   "\"..\"",
                   GUARD_NAME_SIZE_BYTES - 1);
    options->client = text;
}

static void parse_timeout(struct options *options, const char *text, struct argp_state *state)
{
    options->timeout_ns = options_duration(state, "--request-timeout", text);
    if (options->timeout_ns <= 0)
        argp_error(state, "--request-timeout has to be above 0");
}

/* Paths bring their own. */
static const char *without_slash(struct arena *arena, const char *url)
{
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    return arena_print(arena, "%.*s", (int)length, url);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_UPGRADE: options->may_upgrade = true; return 0;
    case KEY_URL:
        options_note(&options->scenario, "--url", argument);
        options->url = without_slash(options->scenario.arena, argument);
        return 0;
    case KEY_LISTEN: options->listen = argument; return 0;
    case KEY_CALLBACK_URL:
        options->callback_base = without_slash(options->scenario.arena, argument);
        return 0;
    case KEY_CLIENT: parse_client(options, argument, state); return 0;
    case KEY_STATE: options->state = argument; return 0;
    case KEY_DURABILITY: parse_durability(options, argument, state); return 0;
    case KEY_RECORD: options->record = argument; return 0;
    case KEY_TIMEOUT: parse_timeout(options, argument, state); return 0;
    case KEY_CONNECTIONS:
        options->connections_max =
            (uint32_t)options_number(state, "--connections", argument, 1, DRIVE_CONNECTIONS_MAX);
        return 0;
    case ARGP_KEY_SUCCESS:
        if (options->url == NULL)
            argp_error(state, "--url is missing: where is the service?");
        return 0;
    }
    return live_one_scenario(key, argument, state, &options->scenario, &options->live);
}

static const struct argp_option rows[] = {
    {"url", KEY_URL, "URL", 0, "The service, such as http://127.0.0.1:8080", 1},
    {"speed", LIVE_KEY_SPEED, "N", 0,
     "Simulated seconds in a second (default: as the service's clock says; 1 if it does not)", 1},
    {"token-file", LIVE_KEY_TOKEN_FILE, "FILE", 0,
     "Show the service the token in the first line of FILE", 1},
    {"listen", KEY_LISTEN, "ADDRESS:PORT", 0,
     "Where callbacks arrive (default: 127.0.0.1:0, any port that is free)", 1},
    {"callback-url", KEY_CALLBACK_URL, "URL", 0,
     "What the service is to call to get there, such as http://driver:8081 (default: the address "
     "of --listen)",
     1},
    {"client", KEY_CLIENT, "NAME", 0,
     "Register callbacks under this name; each drive of a service needs its own (default: rcesim)",
     1},
    {"state", KEY_STATE, "FILE", 0,
     "Where the state of the workflows is kept, a SQLite database (default: the output folder's "
     "name with .db). If it is there, they go on from it",
     2},
    {"upgrade", KEY_UPGRADE, NULL, 0,
     "Let this engine (or variant) take over a state that another one wrote", 2},
    {"durability", KEY_DURABILITY, "disk|process", 0,
     "What the state survives: a crash of the machine (disk, the default), or of this process", 2},
    {"request-timeout", KEY_TIMEOUT, "DURATION", 0,
     "Give up waiting for an answer, in simulated time (default: 30min); never before two seconds "
     "of the machine's",
     2},
    {"connections", KEY_CONNECTIONS, "N", 0, "Requests under way at once (default: 256)", 2},
    {"replication", LIVE_KEY_REPLICATION, "N", 0, "The wave of this replication (default: 0)", 2},
    {"record", KEY_RECORD, "DIR", 0,
     "Also write what the engine was told and said to a folder, one history for each start; for "
     "`rcesim check-engine --history`",
     2},
    {"output", LIVE_KEY_OUTPUT, "DIR", 0, "Where the result goes (default: out/NAME.drive)", 2},
    {"force", LIVE_KEY_FORCE, NULL, 0, "Replace a result that is there", 2},
    {"json", LIVE_KEY_JSON, NULL, 0, "Print the summary as JSON at the end", 2},
    {"quiet", LIVE_KEY_QUIET, NULL, 0, "No notices, no progress", 2},
    {0},
};

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_child children[] = {{&options_driven_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO",
        .doc = "Drive the engine of a variant against a service over HTTP, in real or scaled time: "
               "a wave of workflows, one for each SDDC of the service. `rcesim serve` is such a "
               "service; models/testbed/README.md says how to be another."
               "\vWhat the engine persists is committed before the requests that depend on it are "
               "sent. Ctrl-C, kill -9 or a power cut stop it; the same command goes on. What only "
               "the service can know, such as the true cause of a failure, is in the result if it "
               "is told, as `rcesim serve` does; else thresholds about it are left out. Exit "
               "status 4: the service does not answer, is gone, or is not in the state of a new "
               "one; 10: a threshold failed; 11: one cannot be decided; 130: interrupted.",
        .children = children,
    };
    options->listen = "127.0.0.1:0";
    options->client = "rcesim";
    options->timeout_ns = 30 * UNITS_MIN;
    command_parse(&argp, argc, argv, options);
}

/* Does a simulated service tell it when a workflow has ended? */
static bool is_told(uint32_t metric)
{
    return metric == METRIC_EARLY_TRIGGER_RATE || metric == METRIC_DUPLICATE_TRIGGERS ||
           metric == METRIC_VIOLATIONS || metric == METRIC_HOSTS_LEFT_OVER ||
           (metric >= METRIC_FIRST_CAUSE && metric < VMC_METRIC_COUNT);
}

/* Can this side of the service know what a threshold is about? */
static bool is_known(const struct threshold *threshold, bool is_truth_known)
{
    static const enum vmc_metric known[] = {METRIC_FAILURE_RATE,
                                            METRIC_API_CALLS,
                                            METRIC_API_READS,
                                            METRIC_RETRIES,
                                            METRIC_THROTTLED,
                                            METRIC_CALLBACKS_IGNORED,
                                            METRIC_PEAK_CALLS_PER_MINUTE,
                                            METRIC_WAVE_DURATION};
    for (uint32_t i = 0; i < threshold->term_count; i++) {
        const struct threshold_term *term = &threshold->terms[i];
        bool is_metric = term->quantity == THRESHOLD_METRIC, is_found = !is_metric;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            is_found = is_found || term->index == (uint32_t)known[k];
        is_found = is_found || (is_truth_known && is_told(term->index));
        bool is_histogram =
            term->quantity == THRESHOLD_QUANTILE || term->quantity == THRESHOLD_MEAN;
        if (!is_found || (is_histogram && term->index != HISTOGRAM_DURATION &&
                          term->index != HISTOGRAM_TIME_TO_FAILURE))
            return false;
    }
    return true;
}

static void leave_out_unknown(const struct options *options, struct configuration *configuration,
                              bool is_truth_known)
{
    size_t kept = 0;
    for (size_t i = 0; i < configuration->threshold_count; i++) {
        const struct threshold *threshold = &configuration->thresholds[i];
        if (is_known(threshold, is_truth_known)) {
            configuration->thresholds[kept++] = *threshold;
            continue;
        }
        if (!options->live.is_quiet)
            fprintf(stderr, "rcesim: \"%s\" is not judged: only the service knows that\n",
                    threshold->text);
    }
    configuration->threshold_count = kept;
}

/* A drive is of one variant, with one engine. */
static bool load(const struct options *options, struct configuration **configuration,
                 struct error *error)
{
    if (!live_load_one(configuration, &options->scenario, error))
        return false;
    const struct experiment_variant *variant = &(*configuration)->variants[0];
    const struct vmc_parameters *parameters = variant->parameters;
    return parameters->rollout == NULL ||
           error_set(
               error, ERROR_USAGE,
               "variant \"%s\" has a rollout, which brings a second engine; drive one without",
               variant->name);
}

/* What the callbacks of a drive work on. */
struct watching {
    struct progress progress;
    struct recording_live recording;
    bool is_quiet;
};

static void show(void *context, const struct drive_progress *progress)
{
    struct watching *watching = context;
    char clock[UNITS_TEXT_SIZE_BYTES], text[160];
    snprintf(text, sizeof text, "%s, %" PRIu32 " started, %" PRIu32 " failed, %" PRIu64 " calls",
             units_print_clock(clock, progress->now_ns), progress->started_count,
             progress->failed_count, progress->calls_count);
    progress_show(&watching->progress, progress->ended_count, progress->workflows_count, text);
}

static void warn(void *context, const char *text)
{
    const struct watching *watching = context;
    if (!watching->is_quiet)
        fprintf(stderr, "rcesim: warning: %s\n", text);
}

static void bring_histories_along(void *context)
{
    struct watching *watching = context;
    recording_live_bring_along(&watching->recording);
}

static void tell_how_it_was(const struct drive_outcome *outcome)
{
    char mean[UNITS_TEXT_SIZE_BYTES], most[UNITS_TEXT_SIZE_BYTES];
    fprintf(stderr,
            "rcesim: %" PRIu64 " inputs, %" PRIu64 " commits, at speed %g; timers were late by %s "
            "of simulated time, at most %s\n",
            outcome->inputs_count, outcome->commits_count, outcome->speed,
            units_print_rough_duration(mean, (int64_t)outcome->timer_late_mean_ns),
            units_print_rough_duration(most, outcome->timer_late_max_ns));
    if (outcome->starts_count > 1)
        fprintf(stderr,
                "rcesim: begun %" PRIu64 " times; workflows were taken up again %" PRIu64
                " times\n",
                outcome->starts_count, outcome->resumed_count);
    if (outcome->unreachable_count > 0)
        fprintf(stderr, "rcesim: %" PRIu64 " requests found no service at all\n",
                outcome->unreachable_count);
    const struct receiver_refusals *refusals = &outcome->refusals;
    if (refusals->too_large_count + refusals->too_slow_count + refusals->misdirected_count > 0)
        fprintf(stderr,
                "rcesim: where callbacks arrive, %" PRIu64 " were too large, %" PRIu64
                " too slow, %" PRIu64 " for somebody else\n",
                refusals->too_large_count, refusals->too_slow_count, refusals->misdirected_count);
    if (outcome->unusable_count > 0)
        fprintf(stderr,
                "rcesim: %" PRIu64 " answers or callbacks of the service were not as "
                "openapi.json has them\n",
                outcome->unusable_count);
}

static int publish(const struct options *options, struct configuration *configuration,
                   const struct drive_outcome *outcome, struct publication *publication)
{
    leave_out_unknown(options, configuration, outcome->is_truth_known);
    const struct observed observed = {
        .record = outcome->record, .rows = outcome->rows, .replication = options->live.replication};
    if (!options->live.is_quiet)
        tell_how_it_was(outcome);
    return observed_publish(&observed, publication);
}

/* The file with the state, and the folder that it lies in. */
static bool find_state(const struct options *options, const char *output, const char **path,
                       struct error *error)
{
    struct arena *arena = options->scenario.arena;
    size_t length = strlen(output);
    while (length > 1 && output[length - 1] == '/')
        length--;
    *path = options->state != NULL ? options->state
                                   : arena_print(arena, "%.*s.db", (int)length, output);
    char *folder = arena_copy_text(arena, *path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder)
        return true;
    *slash = '\0';
    return directory_make(folder, error);
}

static int drive(const struct options *options, struct configuration *configuration,
                 const char *token)
{
    struct arena *arena = options->scenario.arena;
    struct publication publication =
        live_publication(&options->scenario, &options->live, configuration, "drive");
    struct drive_outcome outcome;
    struct error error;
    const char *state = NULL;
    struct watching *watching = arena_take(arena, sizeof *watching);
    watching->recording.folder = options->record;
    watching->recording.arena = arena;
    watching->is_quiet = options->live.is_quiet;
    if (!publication_check(&publication, &error) ||
        !find_state(options, publication.target.path, &state, &error) ||
        !recording_live_begin(&watching->recording, configuration, &error))
        return options_fail(&error);
    live_raise_file_limit();
    const struct drive_settings settings = {
        .parameters = &watching->recording.parameters,
        .seed = configuration->seed,
        .replication = options->live.replication,
        .url = options->url,
        .token = token,
        .speed = options->live.speed,
        .listen = options->listen,
        .callback_base = options->callback_base,
        .client = options->client,
        .request_timeout_ns = options->timeout_ns,
        .connections_max = options->connections_max,
        .state_path = state,
        .durability = options->durability,
        .identity = arena_print(arena, "%s, %016" PRIx64 ", seed %" PRIu64 ", replication %" PRIu32,
                                scenario_name(configuration->scenario), configuration->world_hash,
                                configuration->seed, options->live.replication),
        .engine_identity = arena_print(
            arena, "variant %s, engine %s %s, %016" PRIx64, configuration->variants[0].name,
            watching->recording.parameters.engine->name,
            watching->recording.parameters.engine->version, configuration->simulation_hash),
        .may_upgrade = options->may_upgrade,
        .interrupted = interrupt_catch(),
        .progress = show,
        .warn = warn,
        .committed = bring_histories_along,
        .context = watching,
    };
    watching->progress = progress_start(stderr, options->live.is_quiet);
    bool is_driven = drive_run(arena, &settings, &outcome, &error);
    progress_end(&watching->progress);
    struct error record_error;
    if (!recording_live_end(&watching->recording, is_driven ? &error : &record_error))
        is_driven = false;
    if (is_driven)
        return publish(options, configuration, &outcome, &publication);
    if (error.code != ERROR_INTERRUPTED)
        return options_fail(&error);
    if (access(state, F_OK) != 0)
        fprintf(stderr, "rcesim: interrupted before anything was begun\n");
    else
        fprintf(stderr, "rcesim: interrupted; the same command goes on from %s\n",
                options_quote(arena, state));
    return INTERRUPT_STATUS;
}

int command_drive(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    struct configuration *configuration = NULL;
    struct error error;
    char token[GUARD_TOKEN_SIZE_BYTES];
    parse_options(&options, argc, argv);
    int status = 0;
    if (!load(&options, &configuration, &error) ||
        (options.live.token_file != NULL &&
         !guard_read_token(token, options.live.token_file, &error)))
        status = options_fail(&error);
    else
        status = drive(&options, configuration, options.live.token_file != NULL ? token : NULL);
    arena_destroy(arena);
    return status;
}
