#include "models/rcesim/command.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/rcesim/interrupt.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/render.h"
#include "models/rcesim/study/fit_findings.h"
#include "reports/directory.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

enum option_key {
    KEY_COLUMN = 'c',
    KEY_UNIT = 'u',
    KEY_FAMILY = 'f',
    KEY_QUIET = 'q',
    KEY_OUTPUT = 'o',
    KEY_WHERE = 512,
    KEY_MIN,
    KEY_MAX,
    KEY_CENSORED,
    KEY_CENSORED_AT,
    KEY_BOOTSTRAP,
    KEY_SEED,
    KEY_KEY,
    KEY_QQ,
    KEY_JSON,
    KEY_FORCE
};

enum {
    BOOTSTRAP_DEFAULT = 199,
    BOOTSTRAP_MAX = 100000,
};

static const int64_t file_size_max_bytes = (int64_t)4 << 30;

static double parse_limit(const struct argp_state *state, const char *option, const char *text)
{
    struct error error;
    int64_t duration_ns = 0;
    if (!units_parse_duration(text, &duration_ns, &error) || duration_ns < 0)
        argp_error(state, "%s takes a duration such as 30s, not \"%s\"", option, text);
    return (double)duration_ns;
}

static double parse_unit(const struct argp_state *state, const char *text)
{
    static const char *const names[] = {"ns", "us", "ms", "s", "min", "h", "d"};
    static const int64_t sizes_ns[] = {1, UNITS_US, UNITS_MS, UNITS_S, UNITS_MIN, UNITS_H, UNITS_D};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], text) == 0)
            return (double)sizes_ns[i];
    argp_error(state, "--unit takes ns, us, ms, s, min, h or d, not \"%s\"", text);
    return 0;
}

static void parse_condition(const struct argp_state *state, const char *option, const char *text,
                            struct empirical_condition *condition)
{
    struct fit_request *options = state->input;
    if (!empirical_parse_condition(options->arena, text, condition, NULL))
        argp_error(state, "%s takes COLUMN==TEXT or COLUMN!=TEXT, not \"%s\"", option, text);
}

static void parse_family(const struct argp_state *state, struct fit_request *options,
                         const char *text)
{
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        if (strcmp(fit_family_name((enum fit_family)i), text) == 0) {
            options->has_family[i] = true;
            return;
        }
    argp_error(state,
               "--family takes exponential, lognormal, weibull, gamma or mixture, not \"%s\"",
               text);
}

static void check_together(const struct argp_state *state, const struct fit_request *options)
{
    const struct empirical_source *source = &options->source;
    if (source->path == NULL)
        argp_error(state, "a CSV file is missing");
    if (source->column == NULL)
        argp_error(state, "--column is missing: which column holds the delays?");
    if (source->max < source->min)
        argp_error(state, "--max is less than --min");
    if (source->has_censored_at && source->censored == NULL)
        argp_error(state, "--censored-at needs --censored COLUMN==TEXT");
}

static error_t parse_rows(int key, char *argument, struct argp_state *state)
{
    struct fit_request *options = state->input;
    struct empirical_source *source = &options->source;
    switch (key) {
    case KEY_COLUMN: source->column = argument; return 0;
    case KEY_UNIT:
        options->unit = argument;
        source->unit = parse_unit(state, argument);
        return 0;
    case KEY_WHERE:
        if (source->condition_count == FIT_CONDITIONS_MAX)
            argp_error(state, "--where can be given %d times", FIT_CONDITIONS_MAX);
        parse_condition(state, "--where", argument, &options->conditions[source->condition_count]);
        source->condition_count++;
        return 0;
    case KEY_MIN:
        options->min = argument;
        source->min = parse_limit(state, "--min", argument);
        return 0;
    case KEY_MAX:
        options->max = argument;
        source->max = parse_limit(state, "--max", argument);
        return 0;
    case KEY_CENSORED:
        parse_condition(state, "--censored", argument, &options->censored);
        source->censored = &options->censored;
        return 0;
    case KEY_CENSORED_AT:
        options->censored_at = argument;
        source->censored_at = parse_limit(state, "--censored-at", argument);
        source->has_censored_at = true;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* It stands in front of scenario lines, so it has to be a key as YAML has it without quotes. */
static void parse_key(const struct argp_state *state, struct fit_request *options, const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (*text == '\0' || strchr(letters, *text) == NULL || text[strspn(text, others)] != '\0')
        argp_error(state,
                   "--key takes a key of a scenario such as connect (letters, digits, _ . -), not "
                   "\"%s\"",
                   text);
    options->key = text;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct fit_request *options = state->input;
    switch (key) {
    case KEY_FAMILY: parse_family(state, options, argument); return 0;
    case KEY_BOOTSTRAP:
        options->bootstrap.sample_count =
            (uint32_t)options_number(state, "--bootstrap", argument, 0, BOOTSTRAP_MAX);
        return 0;
    case KEY_SEED:
        options->bootstrap.seed = options_number(state, "--seed", argument, 0, INT64_MAX);
        return 0;
    case KEY_KEY: parse_key(state, options, argument); return 0;
    case KEY_QQ: options->is_qq = true; return 0;
    case KEY_JSON: options->is_json = true; return 0;
    case KEY_QUIET: options->is_quiet = true; return 0;
    case KEY_OUTPUT: options->output = argument; return 0;
    case KEY_FORCE: options->is_forced = true; return 0;
    case ARGP_KEY_ARG:
        if (options->source.path != NULL)
            argp_error(state, "one file at a time: \"%s\" is too many", argument);
        options->source.path = argument;
        return 0;
    case ARGP_KEY_END: check_together(state, options); return 0;
    }
    return parse_rows(key, argument, state);
}

static void parse_options(struct fit_request *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"column", KEY_COLUMN, "NAME", 0, "The column with the delays", 1},
        {"unit", KEY_UNIT, "UNIT", 0, "Their unit: ns us ms s min h d (default: s)", 1},
        {"where", KEY_WHERE, "COL==TEXT", 0,
         "Only rows like that (or COL!=TEXT); may be given several times", 1},
        {"min", KEY_MIN, "DURATION", 0, "Leave out shorter delays", 1},
        {"max", KEY_MAX, "DURATION", 0, "Leave out longer delays", 1},
        {"censored", KEY_CENSORED, "COL==TEXT", 0,
         "Rows that were cut off (timed out): they lasted longer", 1},
        {"censored-at", KEY_CENSORED_AT, "DURATION", 0,
         "When those were cut off (default: the value of the row)", 1},
        {"family", KEY_FAMILY, "NAME", 0,
         "Only this one: exponential, lognormal, weibull, gamma or mixture (of two lognormals); "
         "may be given several times",
         2},
        {"bootstrap", KEY_BOOTSTRAP, "N", 0,
         "Samples for p (default: 199; 0: no p; fewer than 99 say little)", 2},
        {"seed", KEY_SEED, "N", 0, "The seed of those (default: 1)", 2},
        {"key", KEY_KEY, "NAME", 0, "The key in front of scenario lines (default: delay)", 3},
        {"qq", KEY_QQ, NULL, 0, "Print the quantiles of data and families side by side", 3},
        {"json", KEY_JSON, NULL, 0, "Print JSON instead of tables", 3},
        {"quiet", KEY_QUIET, NULL, 0, "No progress", 3},
        {"output", KEY_OUTPUT, "DIR", 0,
         "Write the result as JSON, a page, and the chart of quantiles to a folder", 3},
        {"force", KEY_FORCE, NULL, 0, "Replace a result that is there", 3},
        {0},
    };
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "FILE.csv",
        .doc = "Find the distribution of measured delays: fit families by maximum likelihood, rank "
               "them by AICc, say how far each is from the data, and print lines for a scenario. "
               "The file is read twice, so it cannot be a pipe."
               "\vA small p says that samples of the family are rarely as far from it as the "
               "data is: then the line with quantiles or empirical is the honest one.",
    };
    options->source.conditions = options->conditions;
    command_parse(&argp, argc, argv, options);
    bool has_any = false;
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        has_any = has_any || options->has_family[i];
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        options->has_family[i] = options->has_family[i] || !has_any;
}

static bool write_folder(const struct fit_findings *findings, const struct directory_target *target,
                         struct render_report *drawn, struct error *error)
{
    struct directory *directory;
    struct process_patience patience = {.interrupted = interrupt_catch()};
    if (!directory_open(&directory, findings->request->arena, target, error))
        return false;
    FILE *file = directory_create_file(directory, target->mark, error);
    bool is_good = file != NULL;
    if (is_good) {
        fit_findings_write_json(findings, file);
        is_good = directory_close_file(directory, target->mark, file, error);
    }
    struct render_job job = {
        .manifest = fit_findings_manifest(findings), .directory = directory, .patience = &patience};
    if (is_good && render(&job, drawn, error))
        return directory_commit(directory, error);
    directory_discard(directory);
    return false;
}

/* The exit status: 0, or that of an error, or of a picture that is missing. */
static int store(const struct fit_findings *findings, const struct directory_target *target)
{
    struct render_report drawn = {0};
    struct error error;
    if (target->path == NULL)
        return 0;
    if (!write_folder(findings, target, &drawn, &error))
        return options_fail(&error);
    if (!findings->request->is_json)
        printf("\nResult: %s\n", target->path);
    fflush(stdout);
    return render_complain(&drawn) ? 0 : ERROR_CHART;
}

int command_fit(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct fit_request options = {
        .arena = arena,
        .source = {.unit = 1e9,
                   .min = -INFINITY,
                   .max = INFINITY,
                   .longest = (double)DIST_DURATION_MAX_NS,
                   .is_command_line = true,
                   .file_size_max_bytes = file_size_max_bytes},
        .unit = "s",
        .key = "delay",
        .bootstrap = {.seed = 1, .sample_count = BOOTSTRAP_DEFAULT},
    };
    parse_options(&options, argc, argv);
    struct fit_findings findings = {.request = &options};
    struct directory_target target = {
        .path = options.output, .mark = "fit.json", .replace = options.is_forced};
    struct error error;
    int status = ERROR_IO;
    if ((target.path != NULL && !directory_check(&target, &error)) ||
        !fit_findings_find(&findings, &error)) {
        if (error.code == ERROR_SCENARIO)
            error.code = ERROR_IO; /* There is no scenario here: what is wrong is the file. */
        status = options_fail(&error);
    } else {
        if (options.is_json)
            fit_findings_write_json(&findings, stdout);
        else
            fit_findings_print(&findings);
        status = store(&findings, &target);
    }
    arena_destroy(arena);
    return status;
}
