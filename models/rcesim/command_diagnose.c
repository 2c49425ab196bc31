#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/diagnose.h"
#include "models/rcesim/result/diagnose_output.h"
#include "models/rcesim/run/simulate.h"
#include "models/rcesim/run/stored.h"
#include "sim/experiment/experiment.h"

enum option_key { KEY_MAX = 512, KEY_THREADS, KEY_JSON, KEY_QUIET = 'q' };

enum { FINDINGS_DEFAULT = 5, FINDINGS_MAX = 100 };

struct options {
    struct options_scenario scenario;
    struct options_work work;
    size_t findings_max;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->scenario;
        options_work_argp.parser(ARGP_KEY_INIT, NULL,
                                 &(struct argp_state){.input = &options->work});
        return 0;
    case KEY_MAX:
        options->findings_max = (size_t)options_number(state, "--max", argument, 1, FINDINGS_MAX);
        return 0;
    case KEY_THREADS:
        options->work.thread_count =
            (uint32_t)options_number(state, "--threads", argument, 1, EXPERIMENT_THREADS_MAX);
        return 0;
    case KEY_JSON: options->work.is_json = true; return 0;
    case KEY_QUIET: options->work.is_quiet = true; return 0;
    }
    return options_one_scenario(key, argument, state, &options->scenario);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"max", KEY_MAX, "N", 0, "How many conditions are listed (default: 5)", 2},
        {"json", KEY_JSON, NULL, 0, "Print the diagnosis as JSON", 3},
        {"threads", KEY_THREADS, "N", 0, "Threads (default: the cores); changes no result", 3},
        {"quiet", KEY_QUIET, NULL, 0, "No progress", 3},
        {0},
    };
    static const struct argp_child children[] = {{&options_scenario_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO|DIR",
        .doc = "Find out what goes with failure: rank the conditions of single workflows by how "
               "strongly they go with it, say what remains after the strongest, where workflows "
               "stop, and how to look at a typical one. From the rows of a simulation of the "
               "scenario, or of a result that was run with --rows all.\vThe variant is the first "
               "one, or that of --variant. Exit status 11: nothing can be said, because none, or "
               "all, or too few have failed, or nothing tells them apart; 0: otherwise, also where "
               "nothing goes with failure.",
        .children = children,
    };
    options->findings_max = FINDINGS_DEFAULT;
    command_parse(&argp, argc, argv, options);
}

/* What is diagnosed. */
struct subject {
    const struct configuration *configuration;
    struct result *result; /* To be destroyed. */
    bool is_stored;
    uint32_t variant;
    const char *run_command, *trace_command;
};

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool check_variants(const struct options *options, struct error *error)
{
    return options->scenario.variants.count <= 1 ||
           error_set(error, ERROR_USAGE, "one --variant at a time");
}

static bool load_scenario(const struct options *options, struct subject *subject,
                          struct error *error)
{
    struct arena *arena = options->scenario.arena;
    struct scenario_source source =
        options_source(&options->scenario, options->scenario.files.items[0]);
    struct configuration *configuration;
    if (!configure_load(&configuration, arena, &source, error))
        return false;
    struct options_list variant = options->scenario.variants;
    if (variant.count == 0)
        options_list_add(&variant, arena, configuration->variants[0].name);
    if (!configure_select_variants(configuration, arena, &variant, error))
        return false;
    struct simulation simulation = {
        .configuration = configuration,
        .work = &options->work,
        .rows_replication_count = configuration->replication_count,
        .interrupted = interrupt_catch(),
    };
    subject->configuration = configuration;
    subject->run_command = options_command(&options->scenario, "diagnose", true);
    subject->trace_command = options_command(&options->scenario, "trace", false);
    return simulate(&simulation, &subject->result, error);
}

static bool find_variant(const struct options *options, struct subject *subject,
                         struct error *error)
{
    const struct options_list *wanted = &options->scenario.variants;
    if (wanted->count == 0)
        return true;
    int found = result_find_variant(subject->result, wanted->items[0]);
    if (found < 0)
        return error_set(error, ERROR_USAGE, "the result has no variant \"%s\"", wanted->items[0]);
    subject->variant = (uint32_t)found;
    return true;
}

static bool check_stored(const struct options *options, const struct stored *stored,
                         struct error *error)
{
    const char *path = options->scenario.files.items[0];
    if (options->scenario.overrides.count > 0)
        return error_set(error, ERROR_USAGE,
                         "%s is a result, in which nothing can be set any more; diagnose its "
                         "scenario instead",
                         path);
    if (strcmp(stored->commands.rows, "all") != 0)
        return error_set(error, ERROR_IO,
                         "%s has no rows of all its workflows (--rows %s): run it again with "
                         "--rows all (%s --rows all), or diagnose its scenario",
                         path, stored->commands.rows, stored->commands.run);
    return true;
}

static bool load_stored(const struct options *options, struct subject *subject, struct error *error)
{
    struct arena *arena = options->scenario.arena;
    const char *records;
    struct stored stored;
    struct configuration *configuration;
    if (!stored_find(&records, arena, options->scenario.files.items[0], error) ||
        !stored_read(&stored, arena, records, error))
        return false;
    subject->result = stored.result;
    subject->is_stored = true;
    if (!check_stored(options, &stored, error) ||
        !stored_configure(&stored, arena, &configuration, error) ||
        !find_variant(options, subject, error))
        return false;
    subject->configuration = configuration;
    subject->run_command = options_command(&options->scenario, "diagnose", true);
    subject->trace_command = stored.commands.trace;
    return true;
}

static struct diagnose_rows make_rows(const struct subject *subject, struct arena *arena,
                                      uint32_t replication)
{
    const struct result *result = subject->result;
    const struct row_table *table = result_rows(result, replication, subject->variant);
    struct diagnose_rows rows = {.replication = result->first_replication + replication};
    if (table == NULL)
        return rows;
    unsigned char *failed = arena_take_array(arena, table->row_count, 1);
    for (size_t i = 0; i < table->row_count; i++)
        failed[i] = result_is_row_failed(result, replication, subject->variant, i);
    rows.row_count = table->row_count;
    rows.values = table->values;
    rows.failed = failed;
    return rows;
}

/* What the model's category function needs. */
struct naming {
    const struct configuration *configuration;
    struct arena *arena;
};

static const char *name_category(const void *context, const char *column, int64_t value,
                                 size_t facet)
{
    const struct naming *naming = context;
    const struct domain *domain = naming->configuration->domain;
    if (domain->category == NULL)
        return NULL;
    return domain->category(naming->configuration, column, value, facet, naming->arena);
}

static const char *typical_command(const struct subject *subject, struct arena *arena,
                                   const struct diagnose *diagnose)
{
    if (diagnose->failed_count == 0 || subject->configuration->domain != &domain_vmc)
        return NULL;
    return arena_print(arena, "%s --variant %s --replication %" PRIu32 " --workflow %" PRIu32,
                       subject->trace_command,
                       options_quote(arena, subject->result->variants[subject->variant].name),
                       diagnose->typical_replication, diagnose->typical_unit);
}

static const struct diagnose *look(const struct options *options, const struct subject *subject)
{
    struct arena *arena = options->scenario.arena;
    const struct result *result = subject->result;
    const struct model *model = result->model;
    struct diagnose_rows *rows = arena_take_array(arena, result->replication_count, sizeof *rows);
    for (uint32_t i = 0; i < result->replication_count; i++)
        rows[i] = make_rows(subject, arena, i);
    struct naming *naming = arena_take(arena, sizeof *naming);
    *naming = (struct naming){subject->configuration, arena};
    return diagnose_create(arena, &(struct diagnose_input){
                                      .columns = model->row_columns,
                                      .column_count = model->row_column_count,
                                      .rows = rows,
                                      .replication_count = result->replication_count,
                                      .confidence = subject->configuration->confidence,
                                      .findings_max = options->findings_max,
                                      .category = name_category,
                                      .context = naming,
                                  });
}

static int print(const struct options *options, const struct subject *subject,
                 const struct diagnose *diagnose)
{
    struct arena *arena = options->scenario.arena;
    const struct result *result = subject->result;
    struct diagnose_report report = {
        .arena = arena,
        .diagnose = diagnose,
        .model = result->model,
        .variant = result->variants[subject->variant].name,
        .trace_command = typical_command(subject, arena, diagnose),
        .identity =
            {
                .program = "rcesim",
                .version = command_version,
                .scenario = scenario_name(subject->configuration->scenario),
                .scenario_hash = subject->configuration->hash,
                .seed = result->seed,
                .replications = result->replication_count,
                .replications_planned = result->replications_planned,
                .command = subject->run_command,
            },
    };
    if (options->work.is_json) {
        json_t *value = diagnose_json(&report);
        identity_write_json(value, stdout);
        json_decref(value);
    } else {
        struct page page = page_of(stdout);
        diagnose_print(&report, &page);
    }
    if (result->is_partial && !subject->is_stored)
        return INTERRUPT_STATUS;
    return diagnose->state >= DIAGNOSE_NONE_FAILED ? COMMAND_INCONCLUSIVE : 0;
}

static int load_and_diagnose(const struct options *options)
{
    struct subject subject = {0};
    struct error error;
    const char *path = options->scenario.files.items[0];
    size_t length = strlen(path);
    bool is_result = is_folder(path) || (length > 7 && strcmp(path + length - 7, ".rcesim") == 0);
    int status;
    bool is_loaded =
        check_variants(options, &error) && (is_result ? load_stored(options, &subject, &error)
                                                      : load_scenario(options, &subject, &error));
    if (!is_loaded) {
        status = options_fail(&error);
    } else if (subject.result->replication_count == 0) {
        fprintf(stderr, "rcesim: interrupted before the first replication\n");
        status = INTERRUPT_STATUS;
    } else {
        status = print(options, &subject, look(options, &subject));
    }
    result_destroy(subject.result);
    return status;
}

int command_diagnose(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    parse_options(&options, argc, argv);
    int status = load_and_diagnose(&options);
    arena_destroy(arena);
    return status;
}
