#include "models/rcesim/command.h"

#include <stdio.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/format/manual.h"
#include "models/rcesim/options.h"

enum option_key { KEY_RESOLVED = 512, KEY_SCHEMA, KEY_DOCUMENT, KEY_PATHS, KEY_METRICS, KEY_MODEL };

struct options {
    struct options_scenario scenario;
    int what; /* One of enum option_key, or 0. */
    const struct domain *domain;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_RESOLVED:
    case KEY_SCHEMA:
    case KEY_DOCUMENT:
    case KEY_PATHS:
    case KEY_METRICS:
        if (options->what != 0 && options->what != key)
            argp_error(state, "one of --resolved, --schema, --document, --paths and --metrics at a "
                              "time");
        options->what = key;
        return 0;
    case KEY_MODEL:
        options->domain = domain_find(argument);
        if (options->domain == NULL)
            argp_error(state, "--model takes %s or %s, not \"%s\"", domains[0]->model->name,
                       domains[1]->model->name, argument);
        return 0;
    case ARGP_KEY_INIT:
    case ARGP_KEY_ARG: return options_one_scenario(key, argument, state, &options->scenario);
    case ARGP_KEY_END:
        if (options->scenario.variants.count > 0)
            argp_error(state, "a scenario is printed with all its variants; --variant is not for "
                              "this command");
        if (options->what == 0)
            options->what = KEY_RESOLVED;
        if (options->what == KEY_RESOLVED && options->scenario.files.count == 0)
            argp_error(state, "a scenario is missing");
        if (options->what == KEY_RESOLVED && options->domain != NULL)
            argp_error(state, "a scenario says itself which model it is for");
        if (options->what != KEY_RESOLVED && options->scenario.files.count > 0)
            argp_error(state,
                       "the format is the same for all scenarios of a model (--model): \"%s\" is "
                       "too many",
                       options->scenario.files.items[0]);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static int print_resolved(const struct options *options)
{
    struct scenario_source source =
        options_source(&options->scenario, options->scenario.files.items[0]);
    struct configuration *configuration;
    struct error error;
    if (!configure_load(&configuration, options->scenario.arena, &source, &error))
        return options_fail(&error);
    scenario_print_resolved(configuration->scenario, stdout);
    return 0;
}

static int print(const struct options *options)
{
    const struct domain *domain = options->domain != NULL ? options->domain : domains[0];
    switch (options->what) {
    case KEY_SCHEMA: schema_print_json_schema(domain->schema, stdout); return 0;
    case KEY_DOCUMENT: manual_print(domain, stdout); return 0;
    case KEY_PATHS: schema_print_paths(domain->schema, stdout); return 0;
    case KEY_METRICS: {
        struct page page = page_of(stdout);
        manual_print_metrics(domain, options->scenario.arena, &page);
        return 0;
    }
    }
    return print_resolved(options);
}

int command_scenario(int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"resolved", KEY_RESOLVED, NULL, 0,
         "Print every value of SCENARIO with its origin (the default)", 2},
        {"document", KEY_DOCUMENT, NULL, 0, "Print the manual of the format", 2},
        {"schema", KEY_SCHEMA, NULL, 0, "Print a JSON Schema for editors", 2},
        {"paths", KEY_PATHS, NULL, 0, "Print all paths that --set takes", 2},
        {"metrics", KEY_METRICS, NULL, 0,
         "List what --metric and thresholds name: metrics with label, unit and meaning", 2},
        {"model", KEY_MODEL, "NAME", 0,
         "The format for this model: vmc (the default) or contention", 2},
        {0},
    };
    static const struct argp_child children[] = {{&options_settings_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO\n--document\n--schema\n--paths\n--metrics",
        .doc = "Print a scenario with every value and where it comes from, which is itself a "
               "scenario; or print the format.",
        .children = children,
    };
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    command_parse(&argp, argc, argv, &options);
    int status = print(&options);
    arena_destroy(arena);
    return status;
}
