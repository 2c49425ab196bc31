#include "models/rcesim/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/rcesim/configure.h"
#include "models/rcesim/console.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/options.h"
#include "models/rcesim/outcome.h"
#include "models/rcesim/simulate.h"
#include "models/rcesim/store.h"
#include "reports/directory.h"
#include "reports/process.h"

enum option_key { KEY_ROWS = 512, KEY_THRESHOLD };

enum rows_wanted { ROWS_NONE, ROWS_FIRST, ROWS_ALL };

struct options {
    struct options_scenario scenario;
    struct options_work work;
    struct options_list thresholds; /* --threshold */
    enum rows_wanted rows;
};

static void parse_rows(struct options *options, const char *text, const struct argp_state *state)
{
    static const char *const rows[] = {"none", "first", "all"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(text, rows[i]) == 0) {
            options->rows = (enum rows_wanted)i;
            return;
        }
    argp_error(state, "--rows takes none, first or all, not \"%s\"", text);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->scenario;
        state->child_inputs[1] = &options->work;
        return 0;
    case KEY_ROWS: parse_rows(options, argument, state); return 0;
    case KEY_THRESHOLD:
        options_list_add(&options->thresholds, options->scenario.arena, argument);
        return 0;
    }
    return options_one_scenario(key, argument, state, &options->scenario);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"rows", KEY_ROWS, "WHICH", 0,
         "Rows of single workflows: none, first (of the first replication, the default) or all", 2},
        {"threshold", KEY_THRESHOLD, "TEXT", 0,
         "One more threshold, such as 'failure_rate(after) < 1%'; may be given several times", 2},
        {0},
    };
    static const struct argp_child children[] = {
        {&options_scenario_argp, 0, NULL, 0}, {&options_work_argp, 0, NULL, 0}, {0}};
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
    options->rows = ROWS_FIRST;
    command_parse(&argp, argc, argv, options);
}

static uint32_t rows_replication_count(const struct options *options,
                                       const struct configuration *configuration)
{
    return options->rows == ROWS_NONE    ? 0
           : options->rows == ROWS_FIRST ? 1
                                         : configuration->replication_count;
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
    if (options->work.is_json) {
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
        .notice = options->work.is_quiet ? NULL : "rcesim: drawing the chart",
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

static bool load(struct options *options, struct configuration **configuration, struct error *error)
{
    struct arena *arena = options->scenario.arena;
    struct scenario_source source =
        options_source(&options->scenario, options->scenario.files.items[0]);
    struct configuration *loaded;
    if (!configure_load(&loaded, arena, &source, error) ||
        !configure_select_variants(loaded, arena, &options->scenario.variants, error))
        return false;
    for (size_t i = 0; i < options->thresholds.count; i++)
        if (!configure_add_threshold(loaded, arena, options->thresholds.items[i], error))
            return false;
    *configuration = loaded;
    return true;
}

static int load_and_run(struct options *options)
{
    struct configuration *configuration;
    struct result *result;
    struct error error;
    if (!load(options, &configuration, &error))
        return options_fail(&error);
    struct directory_target target = {
        .path = options->work.output,
        .mark = STORE_MARK,
        .replace = options->work.is_forced,
    };
    if (target.path == NULL)
        target.path =
            arena_print(options->scenario.arena, "out/%s", scenario_name(configuration->scenario));
    struct simulation simulation = {
        .configuration = configuration,
        .work = &options->work,
        .rows_replication_count = rows_replication_count(options, configuration),
        .interrupted = interrupt_catch(),
    };
    if (!directory_check(&target, &error) || !simulate(&simulation, &result, &error))
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
