#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/rcesim/configure.h"
#include "models/rcesim/console.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/options.h"
#include "models/rcesim/outcome.h"
#include "models/rcesim/store.h"
#include "models/vmc/model.h"
#include "reports/directory.h"
#include "reports/process.h"
#include "reports/progress.h"
#include "sim/experiment/experiment.h"

enum option_key {
    KEY_THREADS = 't',
    KEY_QUIET = 'q',
    KEY_OUTPUT = 'o',
    KEY_JSON = 512,
    KEY_FORCE,
    KEY_ROWS
};

enum rows_wanted { ROWS_NONE, ROWS_FIRST, ROWS_ALL };

struct options {
    struct options_scenario scenario;
    uint32_t thread_count;
    bool is_quiet, is_json, is_forced;
    const char *output; /* NULL: out/NAME */
    enum rows_wanted rows;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    static const char *const rows[] = {"none", "first", "all"};
    struct options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->scenario; return 0;
    case KEY_THREADS:
        options->thread_count =
            (uint32_t)options_number(state, "--threads", argument, 1, EXPERIMENT_THREADS_MAX);
        return 0;
    case KEY_QUIET: options->is_quiet = true; return 0;
    case KEY_JSON: options->is_json = true; return 0;
    case KEY_FORCE: options->is_forced = true; return 0;
    case KEY_OUTPUT: options->output = argument; return 0;
    case KEY_ROWS:
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            if (strcmp(argument, rows[i]) == 0) {
                options->rows = (enum rows_wanted)i;
                return 0;
            }
        argp_error(state, "--rows takes none, first or all, not \"%s\"", argument);
        return 0;
    case ARGP_KEY_ARG:
        if (options->scenario.files.count > 0)
            argp_error(state, "one scenario at a time: \"%s\" is too many", argument);
        options_list_add(&options->scenario.files, options->scenario.arena, argument);
        return 0;
    case ARGP_KEY_END:
        if (options->scenario.files.count == 0)
            argp_error(state, "a scenario is missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"output", KEY_OUTPUT, "DIR", 0, "Where the result goes (default: out/NAME)", 2},
        {"force", KEY_FORCE, NULL, 0, "Replace a result that is there", 2},
        {"rows", KEY_ROWS, "WHICH", 0,
         "Rows of single workflows: none, first (of the first replication, the default) or all", 2},
        {"json", KEY_JSON, NULL, 0, "Print the summary as JSON instead of tables", 2},
        {"threads", KEY_THREADS, "N", 0, "Threads (default: the cores); changes no result", 3},
        {"quiet", KEY_QUIET, NULL, 0, "No progress", 3},
        {0},
    };
    static const struct argp_child children[] = {{&options_scenario_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO",
        .doc = "Simulate a scenario, compare its variants in the same worlds, print the result and "
               "write it to a directory.\vExit status 10: a threshold of the scenario failed; 11: "
               "one is inconclusive; 5: no chart because gnuplot is missing or failed, the data is "
               "kept; 130: interrupted, the partial result is marked so.",
        .children = children,
    };
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    options->thread_count = cores < 1                        ? 1
                            : cores > EXPERIMENT_THREADS_MAX ? EXPERIMENT_THREADS_MAX
                                                             : (uint32_t)cores;
    options->rows = ROWS_FIRST;
    command_parse(&argp, argc, argv, options);
}

struct watching {
    struct progress progress;
    const struct experiment_variant *variants;
};

static void show(void *context, const struct experiment_progress *progress)
{
    struct watching *watching = context;
    char text[160];
    console_estimate(text, sizeof text, watching->variants, progress);
    progress_show(&watching->progress, progress->replications_finished,
                  progress->replications_total, text);
}

static uint32_t rows_replication_count(const struct options *options,
                                       const struct configuration *configuration)
{
    return options->rows == ROWS_NONE    ? 0
           : options->rows == ROWS_FIRST ? 1
                                         : configuration->replication_count;
}

static bool simulate(const struct options *options, const struct configuration *configuration,
                     size_t arena_limit_bytes, struct result **result, struct error *error)
{
    struct watching watching = {.progress = progress_start(stderr, options->is_quiet),
                                .variants = configuration->variants};
    uint32_t rows_count = rows_replication_count(options, configuration);
    struct experiment_design design = {
        .model = &vmc_model,
        .variants = configuration->variants,
        .variant_count = configuration->variant_count,
        .replication_count = configuration->replication_count,
        .seed = configuration->seed,
        .thread_count = options->thread_count,
        .rows_replication_count = rows_count,
        .arena_limit_bytes = arena_limit_bytes,
        .interrupted = interrupt_catch(),
        .progress = show,
        .progress_context = &watching,
    };
    bool is_done = experiment_run(&design, result, error);
    progress_end(&watching.progress);
    return is_done;
}

/* Write the whole directory, or nothing. A missing chart is no failure of the directory. */
static bool write_result(const struct directory_target *target, const struct outcome *outcome,
                         const struct process_patience *patience, struct store_drawing *drawing,
                         struct error *error)
{
    struct directory *directory;
    if (!directory_open(&directory, outcome->arena, target, error))
        return false;
    if (!store_write(directory, outcome, error) ||
        !store_draw(directory, outcome, patience, drawing, error)) {
        directory_discard(directory);
        return false;
    }
    return directory_commit(directory, error);
}

/* A partial result does not cost the result that --force was to replace: it goes beside it. */
static void spare_what_is_there(struct directory_target *target, const struct outcome *outcome)
{
    size_t length = strlen(target->path);
    while (length > 1 && target->path[length - 1] == '/')
        length--;
    if (!outcome->result->is_partial || !target->replace || access(target->path, F_OK) != 0)
        return;
    const char *kept = arena_print(outcome->arena, "%.*s", (int)length, target->path);
    target->path = arena_print(outcome->arena, "%s.partial", kept);
    fprintf(stderr, "rcesim: interrupted: %s stays as it was; the partial result goes to %s\n",
            kept, target->path);
}

static void print_result(const struct options *options, const struct outcome *outcome,
                         const char *directory)
{
    if (options->is_json) {
        json_t *value = outcome_json(outcome);
        identity_write_json(value, stdout);
        json_decref(value);
        return;
    }
    struct page page = page_of(stdout);
    console_print(outcome, directory, &page);
}

static int status_of(const struct outcome *outcome, bool is_interrupted, bool is_drawn)
{
    if (outcome->result->is_partial || is_interrupted)
        return INTERRUPT_STATUS;
    switch (outcome->verdict) {
    case THRESHOLD_FAIL: return COMMAND_THRESHOLD_FAILED;
    case THRESHOLD_INCONCLUSIVE: return COMMAND_INCONCLUSIVE;
    case THRESHOLD_PASS: break;
    }
    return is_drawn ? 0 : ERROR_CHART;
}

static int finish(const struct options *options, const struct configuration *configuration,
                  const struct result *result, struct directory_target target)
{
    if (result->replication_count == 0) {
        fprintf(stderr, "rcesim: interrupted before the first replication; nothing written\n");
        return INTERRUPT_STATUS;
    }
    /* The simulation's Ctrl-C was for the simulation; one more is for the drawing. */
    struct process_patience patience = {
        .interrupted = interrupt_catch(),
        .notice = options->is_quiet ? NULL : "rcesim: drawing the chart",
    };
    struct outcome_commands commands = {
        .run = options_command(&options->scenario, "run", true),
        .trace = options_command(&options->scenario, "trace", false),
    };
    const struct outcome *outcome =
        outcome_create(options->scenario.arena, configuration, result, &commands);
    struct error error;
    struct store_drawing drawing = {0};
    spare_what_is_there(&target, outcome);
    bool is_written = write_result(&target, outcome, &patience, &drawing, &error);
    print_result(options, outcome, is_written ? target.path : NULL);
    fflush(stdout); /* So that messages come after it where both go to one place. */
    if (!is_written)
        return options_fail(&error);
    if (!drawing.is_drawn)
        fprintf(stderr, "rcesim: no chart: %s\n", drawing.reason.message);
    return status_of(outcome, *patience.interrupted != 0, drawing.is_drawn);
}

static int load_and_run(const struct options *options)
{
    struct arena *arena = options->scenario.arena;
    const struct options_list *variants = &options->scenario.variants;
    struct scenario_source source =
        options_source(&options->scenario, options->scenario.files.items[0]);
    struct configuration *configuration;
    struct result *result;
    struct error error;
    size_t arena_limit_bytes;
    if (!configure_load(&configuration, arena, &source, &error) ||
        !configure_select_variants(configuration, variants->items, variants->count, &error) ||
        !configure_check_memory(configuration, options->thread_count,
                                rows_replication_count(options, configuration), &arena_limit_bytes,
                                &error))
        return options_fail(&error);
    struct directory_target target = {
        .path = options->output,
        .mark = STORE_MARK,
        .replace = options->is_forced,
    };
    if (target.path == NULL)
        target.path = arena_print(arena, "out/%s", scenario_name(configuration->scenario));
    if (!directory_check(&target, &error) ||
        !simulate(options, configuration, arena_limit_bytes, &result, &error))
        return options_fail(&error);
    int status = finish(options, configuration, result, target);
    result_destroy(result);
    return status;
}

int command_run(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    parse_options(&options, argc, argv);
    int status = load_and_run(&options);
    arena_destroy(arena);
    return status;
}
