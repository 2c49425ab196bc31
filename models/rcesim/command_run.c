#include "models/rcesim/command.h"

#include <stdio.h>
#include <string.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/run/enough.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/publish.h"
#include "models/rcesim/run/ranks.h"
#include "models/rcesim/run/recording.h"
#include "models/rcesim/run/shard.h"
#include "models/rcesim/run/simulate.h"
#include "models/rcesim/run/spread.h"
#include "models/rcesim/result/store.h"
#include "models/rcesim/run/stored.h"
#include "reports/directory.h"
#include "sim/base/check.h"

enum option_key {
    KEY_ROWS = 512,
    KEY_THRESHOLD,
    KEY_EXTEND,
    KEY_SHARD,
    KEY_JUNIT,
    KEY_DATABASE,
    KEY_RECORD,
    KEY_RECORD_WORKFLOWS,
    KEY_RECORD_REPLICATION,
    KEY_RECORD_MIB,
};

/* --record and what belongs to it. */
struct record_options {
    const char *folder; /* NULL: no histories. */
    struct recording_choice choice;
    uint32_t replication;
    uint64_t mib;
    const char
        *belonging; /* An option that means nothing without --record; NULL: none was given. */
};

enum rows_wanted { ROWS_NONE, ROWS_FIRST, ROWS_ALL };

struct options {
    struct options_scenario scenario;
    struct options_work work;
    struct options_list thresholds; /* --threshold */
    enum rows_wanted rows;
    const char *extend;   /* A result directory; NULL: begin anew. */
    const char *junit;    /* A file for CI; NULL: none. */
    const char *database; /* A SQLite file; NULL: none. */
    struct record_options record;
    struct stored_shard shard;
};

static bool parse_record(struct options *options, int key, const char *text,
                         const struct argp_state *state)
{
    struct record_options *record = &options->record;
    struct error error;
    switch (key) {
    case KEY_RECORD: record->folder = text; return true;
    case KEY_RECORD_WORKFLOWS:
        record->belonging = "--record-workflows";
        if (!recording_parse(&record->choice, options->scenario.arena, text, &error))
            argp_error(state, "--record-workflows: %s", error.message);
        return true;
    case KEY_RECORD_REPLICATION:
        record->belonging = "--record-replication";
        record->replication =
            (uint32_t)options_number(state, "--record-replication", text, 0, UINT32_MAX);
        return true;
    case KEY_RECORD_MIB:
        record->belonging = "--record-mib";
        record->mib = options_number(state, "--record-mib", text, 1, 1 << 24);
        return true;
    }
    return false;
}

static void parse_rows(struct options *options, const char *text, const struct argp_state *state)
{
    static const char *const rows[] = {"none", "first", "all", NULL};
    options->rows = (enum rows_wanted)options_choice(state, "--rows", text, rows);
    options_note(&options->scenario, "--rows", text);
}

static void parse_shard(struct options *options, const char *text, const struct argp_state *state)
{
    unsigned long long number = 0, count = 0;
    int end = 0;
    bool is_good = *text >= '0' && *text <= '9' &&
                   sscanf(text, "%9llu/%9llu%n", &number, &count, &end) == 2 && text[end] == '\0' &&
                   number >= 1 && number <= count;
    if (!is_good)
        argp_error(state, "--shard takes i/n, from 1/n to n/n, not \"%s\"", text);
    options->shard = (struct stored_shard){(uint32_t)number, (uint32_t)count};
}

/* What cannot be had together. */
static void check_together(const struct options *options, const struct argp_state *state)
{
    if (options->shard.count > 0 && options->extend != NULL)
        argp_error(state, "--shard and --extend do not go together; make shards of the whole run");
    if (options->shard.count > 0 && options->work.is_json)
        argp_error(state, "--shard prints no result, so there is none as --json; merge prints it");
    if (options->shard.count > 0 && options->junit != NULL)
        argp_error(state, "--shard judges nothing, so there is nothing for --junit; merge judges");
    if (options->shard.count > 0 && options->database != NULL)
        argp_error(state, "--shard is a part of a run, and --db takes whole ones; merge adds it");
    if (options->shard.count > 0 && options->record.folder != NULL)
        argp_error(state, "--shard and --record do not go together; record in a run of its own, "
                          "with few --replications");
    if (options->record.folder == NULL && options->record.belonging != NULL)
        argp_error(state, "%s means nothing without --record DIR", options->record.belonging);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_ROWS: parse_rows(options, argument, state); return 0;
    case KEY_EXTEND: options->extend = argument; return 0;
    case KEY_SHARD: parse_shard(options, argument, state); return 0;
    case ARGP_KEY_SUCCESS: check_together(options, state); return 0;
    case KEY_THRESHOLD:
        options_note_in(&options->scenario, &options->thresholds, "--threshold", argument);
        return 0;
    case KEY_JUNIT: options->junit = argument; return 0;
    case KEY_DATABASE: options->database = argument; return 0;
    }
    if (parse_record(options, key, argument, state))
        return 0;
    return options_one_simulation(key, argument, state, &options->scenario, &options->work);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"rows", KEY_ROWS, "WHICH", 0,
         "Rows of single workflows: none, first (of the first replication, the default) or all", 2},
        {"threshold", KEY_THRESHOLD, "TEXT", 0,
         "One more threshold, such as 'failure_rate(after) < 1%'; may be given several times", 2},
        {"junit", KEY_JUNIT, "FILE", 0,
         "Write the thresholds as JUnit XML, for CI; a file that is there is replaced", 2},
        {"db", KEY_DATABASE, "FILE", 0,
         "Add the result to a SQLite database: replications, and workflows with their requests of "
         "the replications that --rows says",
         2},
        {"extend", KEY_EXTEND, "DIR", 0,
         "Simulate only the replications that the result in DIR lacks, and join both; without "
         "--output DIR is replaced",
         2},
        {"shard", KEY_SHARD, "I/N", 0,
         "Simulate the I-th of N parts of the replications, and write it to a file of its own in "
         "the output folder (default: out/NAME.shards); `rcesim merge` joins them",
         2},
        {"record", KEY_RECORD, "DIR", 0,
         "Also write histories of workflows, all that their engines were told and said, to a "
         "folder; for `rcesim check-engine --history`",
         3},
        {"record-workflows", KEY_RECORD_WORKFLOWS, "WHICH", 0,
         "Of each variant: failed:N, succeeded:N, sampled:N, numbers, or all, with commas "
         "(default: " RECORDING_CHOICE_DEFAULT ")",
         3},
        {"record-replication", KEY_RECORD_REPLICATION, "N", 0, "Of this one (default: 0)", 3},
        {"record-mib", KEY_RECORD_MIB, "N", 0,
         "At most so many MiB of histories, then they are cut (default: 256)", 3},
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
    options->record.mib = RECORDING_MIB_DEFAULT;
    bool is_good = recording_parse(&options->record.choice, options->scenario.arena,
                                   RECORDING_CHOICE_DEFAULT, NULL);
    CHECK(is_good);
    command_parse(&argp, argc, argv, options);
}

static uint32_t rows_replication_count(const struct options *options,
                                       const struct configuration *configuration)
{
    return options->rows == ROWS_NONE    ? 0
           : options->rows == ROWS_FIRST ? 1
                                         : configuration->replication_count;
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

/* What is to be recorded; NULL: nothing. */
static const struct recording *recording_of(const struct options *options,
                                            const struct configuration *configuration)
{
    const struct record_options *record = &options->record;
    if (record->folder == NULL)
        return NULL;
    struct recording *recording = arena_take(options->scenario.arena, sizeof *recording);
    *recording = (struct recording){
        .arena = options->scenario.arena,
        .configuration = configuration,
        .choice = record->choice,
        .replication = record->replication,
        .size_max_bytes = record->mib << 20,
        .target = {.path = record->folder,
                   .mark = RECORDING_MARK,
                   .replace = options->work.is_forced},
        .interrupted = interrupt_flag(),
    };
    return recording;
}

/* Everything that follows from the command line. */
static void prepare(const struct options *options, struct configuration *configuration,
                    struct simulation *simulation, struct publication *publication)
{
    static const char *const rows[] = {"none", "first", "all"};
    struct arena *arena = options->scenario.arena;
    *simulation = (struct simulation){
        .configuration = configuration,
        .work = &options->work,
        .rows_replication_count = rows_replication_count(options, configuration),
        .interrupted = interrupt_catch(),
    };
    *publication = (struct publication){
        .arena = arena,
        .configuration = configuration,
        .commands = {.run = options_command(&options->scenario, "run", true),
                     .trace = options_command(&options->scenario, "trace", false),
                     .rows = rows[options->rows]},
        .target = {.path = options->work.output,
                   .mark = STORE_MARK,
                   .replace = options->work.is_forced},
        .junit = options->junit,
        .database = options->database,
        .recording = recording_of(options, configuration),
        .is_json = options->work.is_json,
        .is_quiet = options->work.is_quiet,
    };
    if (publication->target.path == NULL && options->extend != NULL) {
        publication->target.path = options->extend;
        publication->target.replace = true;
    }
    if (publication->target.path == NULL)
        publication->target.path =
            arena_print(arena, "out/%s", scenario_name(configuration->scenario));
}

/* Read the result that is to be extended, and check that it can be. Nothing to do without one. */
static bool read_extended(const struct options *options, const struct publication *publication,
                          struct result **result, struct error *error)
{
    if (options->extend == NULL)
        return true;
    const struct configuration *configuration = publication->configuration;
    struct arena *arena = options->scenario.arena;
    struct stored stored;
    if (configuration->stop.rule != STOP_FIXED)
        return error_set(error, ERROR_USAGE,
                         "--extend does not go with the rules half_width and decide: what is there "
                         "would be judged a second time; say how many there are to be, with --set "
                         "experiment.stop=null --replications N");
    const char *path = arena_print(arena, "%s/%s", options->extend, STORE_RECORDS);
    if (!stored_read(&stored, arena, path, error))
        return false;
    uint32_t done = stored.result->replication_count;
    bool is_good =
        stored_check_continues(&stored, configuration, publication->commands.rows, error);
    if (is_good && stored.result->first_replication != 0)
        is_good = error_set(error, ERROR_IO, "%s begins with replication %u, not 0", path,
                            stored.result->first_replication);
    if (is_good && configuration->replication_count <= done)
        is_good = error_set(error, ERROR_USAGE,
                            "%s has %u replication%s already and %u are asked for; ask for more "
                            "with --replications",
                            options->extend, done, done == 1 ? "" : "s",
                            configuration->replication_count);
    if (!is_good) {
        result_destroy(stored.result);
        return false;
    }
    *result = stored.result;
    return true;
}

static int run_here(const struct options *options, const struct simulation *simulation,
                    struct publication *publication, struct enough *enough)
{
    struct result *result = NULL;
    struct error error;
    if (!read_extended(options, publication, &result, &error))
        return options_fail(&error);
    uint32_t stored_count = result == NULL ? 0 : result->replication_count;
    if (!enough_run(simulation, options->scenario.arena, &result, enough, &error)) {
        result_destroy(result);
        return options_fail(&error);
    }
    publication->result = result;
    int status = INTERRUPT_STATUS;
    if (result->replication_count > stored_count)
        status = publication_publish(publication);
    else
        fprintf(stderr, "rcesim: interrupted before the first replication; nothing written\n");
    result_destroy(result);
    return status;
}

static int run_shard(const struct options *options, const struct simulation *simulation,
                     const struct publication *publication)
{
    const struct configuration *configuration = publication->configuration;
    struct shard_job job = {
        .arena = options->scenario.arena,
        .simulation = *simulation,
        .commands = publication->commands,
        .shard = options->shard,
        .folder = options->work.output != NULL
                      ? options->work.output
                      : shard_folder(options->scenario.arena, publication->target.path),
        .may_replace = options->work.is_forced,
    };
    struct shard_report report;
    struct error error;
    if (!shard_make(&job, &report, &error))
        return options_fail(&error);
    if (report.is_interrupted) {
        fprintf(stderr, "rcesim: interrupted; the shard is not written\n");
        return INTERRUPT_STATUS;
    }
    struct result_range_text range = result_describe_range(report.first, report.end);
    printf("Shard %u of %u: %s of %u\n  in %s\nJoin all of them: rcesim merge %s\n",
           job.shard.number, job.shard.count, range.text, configuration->replication_count,
           report.path, options_quote(job.arena, job.folder));
    return 0;
}

static bool load_on(const struct ranks *ranks, struct options *options,
                    struct configuration **configuration, struct error *error)
{
    if (ranks->count > 1 && (options->extend != NULL || options->shard.count > 0))
        return error_set(error, ERROR_USAGE,
                         "--extend and --shard are for one process; mpirun makes a shard of its "
                         "own for every rank");
    if (ranks->count > 1 && !options->work.has_thread_count)
        options->work.thread_count = ranks_thread_count(ranks);
    if (!load(options, configuration, error))
        return false;
    bool is_in_parts = ranks->count > 1 || options->shard.count > 0;
    return !is_in_parts || shard_check_rule(*configuration, error);
}

/* Plan the number of replications, after a look at where the result is to go: whoever waits for a
 * pilot should not learn afterwards that there is no room for a result. A number that was planned
 * is from here on as good as one that was given. */
static bool plan(const struct options *options, struct simulation *simulation,
                 struct publication *publication, struct enough *enough, struct error *error)
{
    bool is_whole = options->shard.count == 0 && !simulation->is_silent;
    if (is_whole && (!publication_check(publication, error)))
        return false;
    if (!enough_plan(simulation, options->scenario.arena, enough, error))
        return false;
    if (enough->rule == STOP_DECIDE)
        simulation->configuration->replication_count = enough->replication_count;
    if (enough->rule != STOP_FIXED)
        publication->commands.enough = enough;
    return true;
}

static int load_and_run(const struct ranks *ranks, struct options *options)
{
    struct configuration *configuration = NULL;
    struct simulation simulation;
    struct publication publication;
    struct error error;
    bool is_loaded = load_on(ranks, options, &configuration, &error);
    int status = ranks_agree(ranks, is_loaded ? NULL : &error);
    if (status != 0)
        return status;
    prepare(options, configuration, &simulation, &publication);
    simulation.process_count = ranks->local_count;
    simulation.is_silent = ranks->rank > 0;
    struct enough enough;
    bool is_planned = plan(options, &simulation, &publication, &enough, &error);
    status = ranks_agree(ranks, is_planned ? NULL : &error);
    if (status != 0)
        return status;
    if (ranks->count > 1)
        return spread_run(ranks, &simulation, &publication);
    if (options->shard.count > 0)
        return run_shard(options, &simulation, &publication);
    return run_here(options, &simulation, &publication, &enough);
}

int command_run(int argc, char **argv)
{
    struct ranks_launch launch = ranks_launch();
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    struct ranks_voice voice = ranks_hush(launch);
    parse_options(&options, argc, argv);
    ranks_speak(voice);
    struct ranks ranks;
    struct error error;
    if (!ranks_begin(&ranks, &error)) {
        arena_destroy(arena);
        return ranks_refuse(launch, &error);
    }
    int status = load_and_run(&ranks, &options);
    arena_destroy(arena);
    ranks_end(&ranks);
    return status;
}
