#include "models/rcesim/command.h"

#include <string.h>
#include <sys/stat.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/publish.h"
#include "models/rcesim/run/shard.h"
#include "models/rcesim/result/store.h"
#include "models/rcesim/run/stored.h"

enum option_key {
    KEY_QUIET = 'q',
    KEY_OUTPUT = 'o',
    KEY_JSON = 512,
    KEY_FORCE,
    KEY_JUNIT,
    KEY_DATABASE
};

struct options {
    struct arena *arena;
    struct options_list parts;
    const char *output; /* NULL: out/NAME */
    const char *junit, *database;
    bool is_json, is_forced, is_quiet;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_OUTPUT: options->output = argument; return 0;
    case KEY_FORCE: options->is_forced = true; return 0;
    case KEY_JSON: options->is_json = true; return 0;
    case KEY_JUNIT: options->junit = argument; return 0;
    case KEY_DATABASE: options->database = argument; return 0;
    case KEY_QUIET: options->is_quiet = true; return 0;
    case ARGP_KEY_ARG: options_list_add(&options->parts, options->arena, argument); return 0;
    case ARGP_KEY_END:
        if (options->parts.count == 0)
            argp_error(state, "a folder of shards, or files, are missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"output", KEY_OUTPUT, "DIR", 0, "Where the result goes (default: out/NAME)", 1},
        {"force", KEY_FORCE, NULL, 0, "Replace a result that is there", 1},
        {"json", KEY_JSON, NULL, 0, "Print the summary as JSON instead of tables", 1},
        {"junit", KEY_JUNIT, "FILE", 0,
         "Write the thresholds as JUnit XML, for CI; a file that is there is replaced", 1},
        {"db", KEY_DATABASE, "FILE", 0, "Add the result to a SQLite database", 1},
        {"quiet", KEY_QUIET, NULL, 0, "No notices", 1},
        {0},
    };
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "DIR|FILE...",
        .doc = "Join the shards that `rcesim run --shard i/n` has written (all of a folder, or the "
               "files given, in any order) to the result that one run would have left: the same "
               "files, the same output, the same exit status.\vThe records of a result "
               "(" STORE_RECORDS ") will do as well: then its reports are made again.",
    };
    command_parse(&argp, argc, argv, options);
}

/* All files: a folder stands for the shards in it. */
static bool list_files(const struct options *options, struct options_list *files,
                       struct error *error)
{
    for (size_t i = 0; i < options->parts.count; i++) {
        const char *part = options->parts.items[i];
        struct stat status;
        bool is_folder = stat(part, &status) == 0 && S_ISDIR(status.st_mode);
        if (!is_folder)
            options_list_add(files, options->arena, part);
        else if (!shard_find(files, options->arena, part, error))
            return false;
    }
    return true;
}

static int merge(const struct options *options)
{
    struct arena *arena = options->arena;
    struct options_list files = {0};
    struct stored first;
    struct result *result;
    struct configuration *configuration;
    struct error error;
    if (!list_files(options, &files, &error) || !shard_join(&files, arena, &first, &result, &error))
        return options_fail(&error);
    int status;
    if (stored_configure(&first, arena, &configuration, &error)) {
        const char *output = options->output;
        if (output == NULL)
            output = arena_print(arena, "out/%s", scenario_name(configuration->scenario));
        result->variants = configuration->variants; /* Stored ones have names only. */
        struct publication publication = {
            .arena = arena,
            .configuration = configuration,
            .result = result,
            .commands = first.commands,
            .target = {.path = output, .mark = STORE_MARK, .replace = options->is_forced},
            .junit = options->junit,
            .database = options->database,
            .is_json = options->is_json,
            .is_quiet = options->is_quiet,
        };
        status = publication_check(&publication, &error) ? publication_publish(&publication)
                                                         : options_fail(&error);
    } else {
        status = options_fail(&error);
    }
    result_destroy(result);
    return status;
}

int command_merge(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.arena = arena};
    parse_options(&options, argc, argv);
    int status = merge(&options);
    arena_destroy(arena);
    return status;
}
