#include "models/rcesim/command.h"

#include <stdio.h>

#include "models/rcesim/configure.h"
#include "models/rcesim/manual.h"
#include "models/rcesim/options.h"
#include "models/rcesim/schema.h"

enum option_key { KEY_RESOLVED = 512, KEY_SCHEMA, KEY_DOCUMENT, KEY_PATHS };

struct options {
    struct options_scenario scenario;
    int what; /* One of enum option_key, or 0. */
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->scenario; return 0;
    case KEY_RESOLVED:
    case KEY_SCHEMA:
    case KEY_DOCUMENT:
    case KEY_PATHS:
        if (options->what != 0 && options->what != key)
            argp_error(state, "one of --resolved, --schema, --document and --paths at a time");
        options->what = key;
        return 0;
    case ARGP_KEY_ARG:
        if (options->scenario.files.count > 0)
            argp_error(state, "one scenario at a time: \"%s\" is too many", argument);
        options_list_add(&options->scenario.files, options->scenario.arena, argument);
        return 0;
    case ARGP_KEY_END:
        if (options->what == 0)
            options->what = KEY_RESOLVED;
        if (options->what == KEY_RESOLVED && options->scenario.files.count == 0)
            argp_error(state, "a scenario is missing");
        if (options->what != KEY_RESOLVED && options->scenario.files.count > 0)
            argp_error(state, "the format is the same for all scenarios: \"%s\" is too many",
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
    switch (options->what) {
    case KEY_SCHEMA: schema_print_json_schema(&rcesim_schema, stdout); return 0;
    case KEY_DOCUMENT: manual_print(stdout); return 0;
    case KEY_PATHS: schema_print_paths(&rcesim_schema, stdout); return 0;
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
        {0},
    };
    static const struct argp_child children[] = {{&options_scenario_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO\n--document\n--schema\n--paths",
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
