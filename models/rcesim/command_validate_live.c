#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/alongside_output.h"
#include "models/rcesim/run/alongside.h"
#include "models/rcesim/run/live.h"
#include "reports/progress.h"
#include "sim/base/units.h"

enum option_key {
    KEY_QUIET = 'q',
    KEY_SPEED = 512,
    KEY_WAVES,
    KEY_REPLICATION,
    KEY_SHIFT,
    KEY_RATE_TOLERANCE,
    KEY_CALLS_TOLERANCE,
    KEY_SERVICE_SET,
    KEY_JSON,
};

struct options {
    struct options_scenario scenario;
    struct alongside settings;
    struct options_list service_overrides; /* --service-set */
    bool is_quiet, is_json;
};

static double parse_share(const char *option, const char *text, const struct argp_state *state)
{
    struct error error;
    double share = 0;
    if (!units_parse_share(text, &share, &error))
        argp_error(state, "%s: %s", option, error.message);
    return share;
}

static void parse_shift(struct options *options, const char *text, const struct argp_state *state)
{
    options->settings.shift_real_ns = options_duration(state, "--shift", text);
    if (options->settings.shift_real_ns < 0 || options->settings.shift_real_ns > UNITS_MIN)
        argp_error(state, "--shift %s: expected a duration from 0s to 1min", text);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    struct alongside *settings = &options->settings;
    switch (key) {
    case KEY_QUIET: options->is_quiet = true; return 0;
    case KEY_JSON: options->is_json = true; return 0;
    case KEY_SPEED: settings->speed = live_speed(state, argument); return 0;
    case KEY_WAVES:
        settings->waves_count =
            (uint32_t)options_number(state, "--waves", argument, FIDELITY_WAVES_MIN, 10000);
        return 0;
    case KEY_REPLICATION:
        settings->replication =
            (uint32_t)options_number(state, "--replication", argument, 0, 1 << 30);
        return 0;
    case KEY_SHIFT: parse_shift(options, argument, state); return 0;
    case KEY_RATE_TOLERANCE:
        settings->rate_tolerance = parse_share("--rate-tolerance", argument, state);
        return 0;
    case KEY_CALLS_TOLERANCE:
        settings->calls_tolerance = parse_share("--calls-tolerance", argument, state);
        return 0;
    case KEY_SERVICE_SET:
        options_list_add(&options->service_overrides, options->scenario.arena, argument);
        return 0;
    }
    return options_one_scenario(key, argument, state, &options->scenario);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"speed", KEY_SPEED, "N", 0, "Simulated seconds in a second (default: 3600)", 1},
        {"waves", KEY_WAVES, "N", 0,
         "Simulated waves to compare with (default and least: 199); each takes memory, up to "
         "a "
         "kilobyte for each SDDC of four hosts",
         1},
        {"replication", KEY_REPLICATION, "N", 0, "The live wave is this one (default: 0)", 1},
        {"shift", KEY_SHIFT, "DURATION", 0,
         "How much longer steps may take live, in the machine's time (default: 5ms); a step "
         "shorter than twice that is not told",
         2},
        {"rate-tolerance", KEY_RATE_TOLERANCE, "SHARE", 0,
         "How much failure rates may differ (default: 3%)", 2},
        {"calls-tolerance", KEY_CALLS_TOLERANCE, "SHARE", 0,
         "How much calls per workflow may differ (default: 5%)", 2},
        {"service-set", KEY_SERVICE_SET, "PATH=VALUE", 0,
         "A service that is not what is simulated: would it be noticed? (as --set)", 2},
        {"json", KEY_JSON, NULL, 0, "Print the result as JSON", 3},
        {"quiet", KEY_QUIET, NULL, 0, "No progress", 3},
        {0},
    };
    static const struct argp_child children[] = {{&options_alongside_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO",
        .doc = "Hold the simulation against real time: start the service and the driver on "
               "loopback, drive a wave of each variant over HTTP, simulate the same wave and "
               "others, and compare durations of steps, calls and failures.\vIn the same world "
               "the same draws are made, so what differs is what real time does. Crashes of the "
               "engine and rollouts are left out on both sides, and thresholds are not judged. "
               "Exit status 10: they differ; 11: it cannot be decided; 130: interrupted.",
        .children = children,
    };
    options->settings = (struct alongside){.speed = 3600,
                                           .waves_count = FIDELITY_WAVES_MIN,
                                           .shift_real_ns = 5 * UNITS_MS,
                                           .rate_tolerance = 0.03,
                                           .calls_tolerance = 0.05};
    command_parse(&argp, argc, argv, options);
}

/* The scenario as the command line has it, and for the service's side what that is to have more. */
static bool load(const struct options *options, bool is_service,
                 struct configuration **configuration, struct error *error)
{
    struct arena *arena = options->scenario.arena;
    struct options_scenario scenario = options->scenario;
    scenario.overrides = (struct options_list){0};
    for (size_t i = 0; i < options->scenario.overrides.count; i++)
        options_list_add(&scenario.overrides, arena, options->scenario.overrides.items[i]);
    for (size_t i = 0; is_service && i < options->service_overrides.count; i++)
        options_list_add(&scenario.overrides, arena, options->service_overrides.items[i]);
    return live_load(configuration, &scenario, error) &&
           configure_check_memory(*configuration, 1, 1, NULL, error);
}

struct watching {
    struct progress progress;
    const char *variant;
};

static void show(void *context, const struct drive_progress *progress)
{
    struct watching *watching = context;
    char clock[UNITS_TEXT_SIZE_BYTES], text[160];
    snprintf(text, sizeof text, "%.40s live: %s, %" PRIu32 " started, %" PRIu32 " failed",
             watching->variant, units_print_clock(clock, progress->now_ns), progress->started_count,
             progress->failed_count);
    progress_show(&watching->progress, progress->ended_count, progress->workflows_count, text);
}

static bool run_variants(const struct options *options, const struct configuration *service,
                         struct alongside_output *output, struct alongside_report *reports,
                         struct error *error)
{
    struct alongside settings = options->settings;
    struct watching watching = {.progress = progress_start(stderr, options->is_quiet)};
    settings.configuration = output->configuration;
    settings.interrupted = interrupt_catch();
    settings.progress = show;
    settings.context = &watching;
    bool is_good = true;
    for (uint32_t i = 0; is_good && i < output->configuration->variant_count; i++) {
        const struct vmc_parameters *parameters = service->variants[i].parameters;
        settings.variant = i;
        settings.service_world = parameters->world;
        watching.variant = output->configuration->variants[i].name;
        is_good = alongside_run(options->scenario.arena, &settings, &reports[i], error);
        output->count += is_good;
    }
    progress_end(&watching.progress);
    return is_good;
}

static int run(const struct options *options)
{
    struct arena *arena = options->scenario.arena;
    struct configuration *configuration = NULL, *service = NULL;
    struct error error;
    if (!load(options, false, &configuration, &error) || !load(options, true, &service, &error))
        return options_fail(&error);
    live_raise_file_limit();
    struct alongside_report *reports =
        arena_take_array(arena, configuration->variant_count, sizeof *reports);
    struct alongside_output output = {
        .configuration = configuration, .settings = &options->settings, .reports = reports};
    if (!run_variants(options, service, &output, reports, &error)) {
        if (error.code == ERROR_INTERRUPTED)
            fprintf(stderr, "rcesim: interrupted; nothing is compared\n");
        return error.code == ERROR_INTERRUPTED ? INTERRUPT_STATUS : options_fail(&error);
    }
    if (options->is_json) {
        alongside_print_json(&output, stdout);
    } else {
        struct page page = page_of(stdout);
        alongside_print(&output, &page, arena);
    }
    switch (alongside_verdict(&output)) {
    case FIDELITY_PASS: return 0;
    case FIDELITY_INCONCLUSIVE: return COMMAND_INCONCLUSIVE;
    case FIDELITY_FAIL: return COMMAND_THRESHOLD_FAILED;
    }
    return 0;
}

int command_validate_live(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    parse_options(&options, argc, argv);
    int status = run(&options);
    arena_destroy(arena);
    return status;
}
