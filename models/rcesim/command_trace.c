#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/options.h"
#include "models/rcesim/run/recording.h"
#include "models/rcesim/run/single.h"
#include "models/rcesim/result/story.h"
#include "models/rcesim/result/trace_chrome.h"
#include "models/rcesim/result/trace_jsonl.h"
#include "models/rcesim/result/verdict.h"
#include "models/vmc/model.h"
#include "reports/identity.h"
#include "reports/output.h"

enum option_key {
    KEY_WORKFLOW = 'w',
    KEY_REPLICATION = 'r',
    KEY_OUTPUT = 'o',
    KEY_BESIDE = 512,
    KEY_LEVEL,
    KEY_FORMAT,
    KEY_SCHEMA,
};

enum format { FORMAT_TEXT, FORMAT_CHROME, FORMAT_JSONL, FORMAT_HISTORY, FORMAT_COUNT };

struct options {
    struct options_scenario scenario;
    bool is_first_failed;
    uint32_t workflow;
    bool has_replication;
    uint32_t replication;
    bool is_beside;
    enum trace_level level;
    enum format format;
    const char *output; /* A file; NULL: standard output. */
    bool is_schema;     /* Of the lines of FORMAT_JSONL; there is no story then. */
};

static void parse_level(struct options *options, const char *text, const struct argp_state *state)
{
    static const char *const levels[] = {"step", "debug", NULL};
    bool is_step = options_choice(state, "--level", text, levels) == 0;
    options->level = is_step ? TRACE_STEP : TRACE_DEBUG;
}

static void parse_format(struct options *options, const char *text, const struct argp_state *state)
{
    static const char *const formats[] = {"text", "chrome", "jsonl", "history", NULL};
    options->format = (enum format)options_choice(state, "--format", text, formats);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_WORKFLOW:
        options->is_first_failed = strcmp(argument, "first-failed") == 0;
        if (!options->is_first_failed)
            options->workflow =
                (uint32_t)options_number(state, "--workflow", argument, 0, UINT32_MAX);
        return 0;
    case KEY_REPLICATION:
        options->has_replication = true;
        options->replication =
            (uint32_t)options_number(state, "--replication", argument, 0, UINT32_MAX);
        return 0;
    case KEY_BESIDE: options->is_beside = true; return 0;
    case KEY_LEVEL: parse_level(options, argument, state); return 0;
    case KEY_FORMAT: parse_format(options, argument, state); return 0;
    case KEY_OUTPUT: options->output = argument; return 0;
    case KEY_SCHEMA: options->is_schema = true; return 0;
    case ARGP_KEY_END:
        if (options->is_schema)
            return 0; /* It is about no scenario. */
        break;
    }
    return options_one_scenario(key, argument, state, &options->scenario);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"workflow", KEY_WORKFLOW, "N", 0,
         "Which workflow: a number, or first-failed (the default)", 2},
        {"replication", KEY_REPLICATION, "N", 0,
         "Which replication (default: 0, or the first in which a workflow failed)", 2},
        {"beside", KEY_BESIDE, NULL, 0, "Two variants side by side, in the same world", 2},
        {"level", KEY_LEVEL, "LEVEL", 0, "step (the default) or debug: every event", 2},
        {"format", KEY_FORMAT, "FORMAT", 0,
         "text (the default), chrome: trace events for Perfetto, jsonl: one JSON object a line, or "
         "history: what the engine was told and said, for `check-engine --history`",
         2},
        {"output", KEY_OUTPUT, "FILE", 0, "Where it goes (default: standard output)", 2},
        {"schema", KEY_SCHEMA, NULL, 0, "Print the JSON Schema of a line of jsonl, and no story",
         2},
        {0},
    };
    static const struct argp_child children[] = {{&options_scenario_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO",
        .doc = "Tell the life of one workflow: what the engine asked, what the service answered, "
               "what the hosts did.\vThe variant is the first one of the scenario, or that of "
               "--variant; with --beside the first two, or those of two --variant.",
        .children = children,
    };
    options->is_first_failed = true;
    options->level = TRACE_STEP;
    command_parse(&argp, argc, argv, options);
}

/* What one story is about. */
struct subject {
    const struct configuration *configuration;
    uint32_t variants[2]; /* The second one with --beside. */
    uint32_t replication;
    uint32_t workflow;
};

/* A workflow over which the engine broke is found as well: its story says how it came to that. */
static bool look_for_failed(struct subject *subject, uint32_t replication, bool *is_found,
                            struct error *error)
{
    struct arena *arena = arena_create("search", 0);
    uint32_t broken = MODEL_ALL_UNITS;
    struct model_sink sink = {.broken_unit = &broken};
    struct single single = {
        .configuration = subject->configuration,
        .variant = subject->variants[0],
        .replication = replication,
        .sink = &sink,
    };
    const struct record *record;
    bool is_run = single_run(&single, arena, &record, error);
    *is_found = is_run && single_first_failed(record, &subject->workflow);
    if (!is_run && broken != MODEL_ALL_UNITS) {
        subject->workflow = broken;
        *is_found = is_run = true;
    }
    subject->replication = replication;
    arena_destroy(arena);
    return is_run;
}

/* Look through the replications for a workflow that failed in the (first) variant of the story. */
static bool find_failed(const struct options *options, struct subject *subject, struct error *error)
{
    const struct configuration *configuration = subject->configuration;
    uint32_t from = options->has_replication ? options->replication : 0;
    uint32_t to = options->has_replication ? from + 1 : configuration->replication_count;
    for (uint32_t i = from; i < to; i++) {
        bool is_found;
        if (!look_for_failed(subject, i, &is_found, error))
            return false;
        if (is_found)
            return true;
    }
    const char *variant = configuration->variants[subject->variants[0]].name;
    if (options->has_replication)
        return error_set(error, ERROR_USAGE,
                         "no workflow of variant \"%s\" failed in replication %" PRIu32, variant,
                         from);
    return error_set(error, ERROR_USAGE,
                     "no workflow of variant \"%s\" failed in %" PRIu32 " replication%s", variant,
                     to, to == 1 ? "" : "s");
}

static bool choose(const struct options *options, struct subject *subject, struct error *error)
{
    const struct configuration *configuration = subject->configuration;
    uint32_t sddcs_count = configuration->unit_count;
    if (options->has_replication && options->replication >= configuration->replication_count)
        return error_set(error, ERROR_USAGE,
                         "there is no replication %" PRIu32 ": the scenario has 0 to %" PRIu32,
                         options->replication, configuration->replication_count - 1);
    if (options->is_first_failed)
        return find_failed(options, subject, error);
    if (options->workflow >= sddcs_count)
        return error_set(error, ERROR_USAGE,
                         "there is no workflow %" PRIu32 ": the scenario has 0 to %" PRIu32,
                         options->workflow, sddcs_count - 1);
    subject->replication = options->replication;
    subject->workflow = options->workflow;
    return true;
}

/* What is kept of one workflow in one variant: everything that happened, and its row. */
struct record_of_life {
    struct trace *trace;
    uint32_t workflow;
    uint32_t row_count;
    int64_t *row;
};

static void keep_row(void *context, const struct model_run *run, const int64_t *values)
{
    (void)run;
    struct record_of_life *life = context;
    if (life->row_count++ == life->workflow)
        memcpy(life->row, values, vmc_model.row_column_count * sizeof *values);
}

static bool record_story(const struct options *options, const struct subject *subject,
                         uint32_t variant, struct record_of_life *life, struct error *error)
{
    struct arena *arena = options->scenario.arena;
    struct trace_options trace_options = {
        .level = options->level,
        .types = vmc_trace_types,
        .type_count = vmc_trace_type_count,
    };
    *life = (struct record_of_life){
        .trace = trace_create(arena, &trace_options),
        .workflow = subject->workflow,
        .row = arena_take_array(arena, vmc_model.row_column_count, sizeof *life->row),
    };
    struct model_sink sink = {
        .context = life,
        .row = keep_row,
        .trace = life->trace,
        .trace_unit = subject->workflow,
    };
    struct single single = {
        .configuration = subject->configuration,
        .variant = variant,
        .replication = subject->replication,
        .sink = &sink,
    };
    const struct record *record;
    return single_run(&single, arena, &record, error);
}

static const char *verdict_of(const struct options *options, const struct subject *subject,
                              uint32_t variant, const struct record_of_life *life)
{
    const struct vmc_parameters *parameters = subject->configuration->variants[variant].parameters;
    return verdict_text(options->scenario.arena, &(struct verdict_source){
                                                     .trace = life->trace,
                                                     .options = parameters->options,
                                                     .row = life->row,
                                                 });
}

static void print_title(const struct options *options, const struct subject *subject,
                        const struct page *page)
{
    struct arena *arena = options->scenario.arena;
    const struct configuration *configuration = subject->configuration;
    page_style(page, PAGE_STRONG);
    page_paragraph(
        page, 0,
        arena_print(arena, "%s, workflow %" PRIu32 " in replication %" PRIu32 ", %s%s",
                    scenario_name(configuration->scenario), subject->workflow, subject->replication,
                    options->is_beside ? "two variants" : "variant ",
                    options->is_beside ? "" : configuration->variants[subject->variants[0]].name));
    page_style(page, PAGE_PLAIN);
}

static void print_foot(const struct options *options, const struct subject *subject,
                       const struct page *page)
{
    struct arena *arena = options->scenario.arena;
    const struct scenario *scenario = subject->configuration->scenario;
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 0,
                   arena_print(arena, "rcesim %s, scenario %s (hash %016" PRIx64 "), seed %" PRIu64,
                               command_version, scenario_name(scenario), scenario_hash(scenario),
                               subject->configuration->seed));
    page_style(page, PAGE_PLAIN);
}

/* After a harness error the story up to there is what helps to find the bug of the engine. */
static bool is_told_anyway(const struct error *error)
{
    return error->code == ERROR_INTERNAL;
}

static bool tell_one(const struct options *options, const struct subject *subject,
                     const struct page *page, struct error *error)
{
    struct record_of_life life;
    bool is_whole = record_story(options, subject, subject->variants[0], &life, error);
    if (!is_whole && !is_told_anyway(error))
        return false;
    print_title(options, subject, page);
    story_print(life.trace, page);
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 0,
                   is_whole ? verdict_of(options, subject, subject->variants[0], &life)
                            : "Here it ends: the run cannot go on.");
    page_style(page, PAGE_PLAIN);
    print_foot(options, subject, page);
    return is_whole;
}

static bool tell_two(const struct options *options, const struct subject *subject,
                     const struct page *page, struct error *error)
{
    struct arena *arena = options->scenario.arena;
    struct record_of_life lives[2];
    const char *names[2], *ends[2];
    bool is_whole = true;
    for (int i = 0; i < 2; i++) {
        struct error own;
        bool is_good = record_story(options, subject, subject->variants[i], &lives[i], &own);
        names[i] = subject->configuration->variants[subject->variants[i]].name;
        ends[i] = is_good ? verdict_of(options, subject, subject->variants[i], &lives[i])
                          : "here it ends: the run cannot go on.";
        if (!is_good && is_whole)
            *error = own;
        if (!is_good && !is_told_anyway(&own))
            return false;
        is_whole = is_whole && is_good;
    }
    print_title(options, subject, page);
    story_print_beside((const struct trace *const[2]){lives[0].trace, lives[1].trace}, names, page,
                       arena);
    page_style(page, PAGE_STRONG);
    for (int i = 0; i < 2; i++)
        page_paragraph(page, 0, arena_print(arena, "%s: %s", names[i], ends[i]));
    page_style(page, PAGE_PLAIN);
    print_foot(options, subject, page);
    return is_whole;
}

/* For another program. */
static bool tell_program(const struct options *options, const struct subject *subject, FILE *file,
                         struct error *error)
{
    const struct configuration *configuration = subject->configuration;
    struct record_of_life lives[2];
    const struct trace *traces[2];
    const char *variants[2];
    size_t count = options->is_beside ? 2 : 1;
    for (size_t i = 0; i < count; i++) {
        if (!record_story(options, subject, subject->variants[i], &lives[i], error))
            return false;
        traces[i] = lives[i].trace;
        variants[i] = configuration->variants[subject->variants[i]].name;
    }
    struct trace_document document = {
        .traces = traces,
        .variants = variants,
        .count = count,
        .version = command_version,
        .scenario = scenario_name(configuration->scenario),
        .scenario_hash = scenario_hash(configuration->scenario),
        .seed = configuration->seed,
        .replication = subject->replication,
        .workflow = subject->workflow,
        .arena = options->scenario.arena,
    };
    if (options->format == FORMAT_CHROME)
        trace_chrome_write(&document, file);
    else
        trace_jsonl_write(&document, file);
    return true;
}

/* For an engine. */
static bool tell_engine(const struct options *options, const struct subject *subject, FILE *file,
                        struct error *error)
{
    struct recording recording = {.arena = options->scenario.arena,
                                  .configuration = subject->configuration,
                                  .replication = subject->replication};
    bool is_shared;
    if (!recording_write_one(&recording, subject->variants[0], subject->workflow, file, &is_shared,
                             error))
        return false;
    if (is_shared)
        fprintf(stderr, "rcesim: it shares a retry budget or a limiter with all workflows of "
                        "its wave, so they are in the history as well\n");
    return true;
}

static bool tell(const struct options *options, const struct subject *subject, FILE *file,
                 struct error *error)
{
    if (options->format == FORMAT_HISTORY)
        return tell_engine(options, subject, file, error);
    if (options->format != FORMAT_TEXT)
        return tell_program(options, subject, file, error);
    struct page page = page_of(file);
    return options->is_beside ? tell_two(options, subject, &page, error)
                              : tell_one(options, subject, &page, error);
}

/* To standard output, or to a file that appears whole or not at all. */
static bool tell_somewhere(const struct options *options, const struct subject *subject,
                           struct error *error)
{
    if (options->output == NULL) {
        bool is_told = tell(options, subject, stdout, error);
        fflush(stdout); /* So that a message comes after it where both go to one place. */
        return is_told;
    }
    struct output output;
    if (!output_open(&output, options->scenario.arena, options->output, error))
        return false;
    if (!tell(options, subject, output.file, error)) {
        output_discard(&output);
        return false;
    }
    return output_commit(&output, error);
}

/* The variants in the order of the command line; without one, the first of the scenario. */
static void order_variants(const struct options *options, struct subject *subject)
{
    const struct configuration *configuration = subject->configuration;
    const struct options_list *given = &options->scenario.variants;
    subject->variants[1] = 1;
    for (size_t i = 0, found = 0; i < given->count && found < 2; i++)
        for (uint32_t k = 0; k < configuration->variant_count; k++) {
            bool is_new = found == 0 || subject->variants[0] != k;
            if (is_new && found < 2 &&
                strcmp(configuration->variants[k].name, given->items[i]) == 0)
                subject->variants[found++] = k;
        }
}

static bool check_variants(const struct options *options, const struct configuration *configuration,
                           struct error *error)
{
    size_t given = options->scenario.variants.count;
    if (options->is_beside && configuration->variant_count < 2)
        return error_set(error, ERROR_USAGE, "--beside needs two variants");
    if (options->is_beside && options->format == FORMAT_HISTORY)
        return error_set(error, ERROR_USAGE, "a history is of one variant, without --beside");
    if (!options->is_beside && given > 1)
        return error_set(error, ERROR_USAGE, "one --variant at a time, or two with --beside");
    if (options->is_beside && given > 2)
        return error_set(error, ERROR_USAGE, "--beside takes two variants, not %zu", given);
    return true;
}

/* Stories are made of the events of SDDCs. */
static bool check_model(const struct configuration *configuration, struct error *error)
{
    if (configuration->domain == &domain_vmc)
        return true;
    return error_set(error, ERROR_USAGE,
                     "a story is told of workflows of the model vmc, and %s simulates %s",
                     configuration->file_name, configuration->domain->model->name);
}

static int load_and_tell(const struct options *options)
{
    const struct options_list *variants = &options->scenario.variants;
    struct scenario_source source =
        options_source(&options->scenario, options->scenario.files.items[0]);
    struct configuration *configuration;
    struct error error;
    if (!configure_load(&configuration, options->scenario.arena, &source, &error) ||
        !check_model(configuration, &error) ||
        !configure_select_variants(configuration, options->scenario.arena, variants, &error) ||
        !configure_check_memory(configuration, 1, 1, NULL, &error) ||
        !check_variants(options, configuration, &error))
        return options_fail(&error);
    struct subject subject = {.configuration = configuration};
    order_variants(options, &subject);
    bool is_told = choose(options, &subject, &error) && tell_somewhere(options, &subject, &error);
    return is_told ? 0 : options_fail(&error);
}

static int print_schema(struct arena *arena)
{
    json_t *schema = trace_jsonl_schema(arena);
    identity_write_json(schema, stdout);
    json_decref(schema);
    return 0;
}

int command_trace(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    parse_options(&options, argc, argv);
    int status = options.is_schema ? print_schema(arena) : load_and_tell(&options);
    arena_destroy(arena);
    return status;
}
