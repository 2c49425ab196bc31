#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/rce/rce.h"
#include "models/rcesim/explore/hunt.h"
#include "models/rcesim/interrupt.h"
#include "models/vmc/model.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

#define MARK "findings.json"

enum option_key {
    KEY_RUNS = 512,
    KEY_TIME,
    KEY_BOUND,
    KEY_SEARCH,
    KEY_FIND,
    KEY_TOPOLOGY,
    KEY_SDDCS,
    KEY_CLUSTERS,
    KEY_HOSTS,
    KEY_SLACK,
    KEY_GRID,
    KEY_EXCLUDE,
    KEY_SHRINK,
    KEY_SHRINK_RUNS,
    KEY_WITHOUT_REDUCTION,
    KEY_RARE,
    KEY_REPLICATION = 'r',
    KEY_WORKFLOW = 'w'
};

enum {
    EXHAUSTIVE_RUNS_DEFAULT = 20000000,
    RANDOM_RUNS_DEFAULT = 100000,
    ORDER_RUNS_DEFAULT = 20000,
    BOUND_DEFAULT = 2,
    WEIGHTED_RUNS_DEFAULT = 100000,
};

struct options {
    struct options_scenario scenario;
    struct options_work work;
    struct hunt_request request;
    bool has_search, has_topology;
};

static void parse_search(struct options *options, const char *text, const struct argp_state *state)
{
    bool is_all = strcmp(text, "all") == 0;
    bool is_known = is_all;
    if (!options->has_search)
        memset(options->request.is_wanted, 0, sizeof options->request.is_wanted);
    for (int i = 0; i < HUNT_SEARCH_COUNT; i++) {
        bool is_this = strcmp(text, hunt_search_names[i]) == 0;
        options->request.is_wanted[i] = options->request.is_wanted[i] || is_all || is_this;
        is_known = is_known || is_this;
    }
    if (!is_known)
        argp_error(state, "--search takes exhaustive, random, order or all, not \"%s\"", text);
    options->has_search = true;
}

/* "50000": of the random and the order search; or "exhaustive=N,random=N,order=N". */
static void parse_runs(struct options *options, const char *text, const struct argp_state *state)
{
    struct hunt_request *request = &options->request;
    if (strchr(text, '=') == NULL) {
        uint64_t count = options_number(state, "--runs", text, 1, UINT32_MAX);
        request->run_max[HUNT_RANDOM] = request->run_max[HUNT_ORDER] = count;
        return;
    }
    char *copy = arena_copy_text(options->scenario.arena, text), *rest = copy;
    for (char *part = strtok_r(copy, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest)) {
        char *sign = strchr(part, '=');
        int search = 0;
        if (sign != NULL)
            *sign = '\0';
        while (search < HUNT_SEARCH_COUNT && strcmp(part, hunt_search_names[search]) != 0)
            search++;
        if (sign == NULL || search == HUNT_SEARCH_COUNT)
            argp_error(state, "--runs takes a number, or exhaustive=N,random=N,order=N; not \"%s\"",
                       text);
        request->run_max[search] = options_number(state, "--runs", sign + 1, 0, INT64_MAX);
        if (search != HUNT_EXHAUSTIVE && request->run_max[search] > UINT32_MAX)
            argp_error(state, "--runs: of %s at most %" PRIu32, part, UINT32_MAX);
    }
}

static int64_t parse_duration(const char *option, const char *text, const struct argp_state *state)
{
    int64_t duration_ns = options_duration(state, option, text);
    if (duration_ns < 0 || duration_ns > 365 * UNITS_D)
        argp_error(state, "%s takes a duration up to a year, not %s", option, text);
    return duration_ns;
}

/* What a certificate calls a draw: "callback loss" of "callback loss of backup". */
static const char *family_of(struct arena *arena, const char *name)
{
    const char *end = strstr(name, " of ");
    return end == NULL ? name : arena_print(arena, "%.*s", (int)(end - name), name);
}

/* One draw, or the draws of all operations: "callback loss of backup", "callback loss". */
static void add_excluded(struct options *options, const char *name, const struct argp_state *state)
{
    struct hunt_request *request = &options->request;
    const char *names[1024];
    size_t count = 0, found_count = 0;
    for (const struct purpose *purpose = vmc_model.purposes;
         purpose->name != NULL && count + 2 <= sizeof names / sizeof names[0]; purpose++) {
        const char *family = family_of(options->scenario.arena, purpose->name);
        names[count++] = purpose->name;
        names[count++] = family;
        if (strcmp(purpose->name, name) != 0 && strcmp(family, name) != 0)
            continue;
        if (request->excluded_count == SEARCH_EXCLUDED_MAX)
            argp_error(state, "--exclude: at most %d draws", SEARCH_EXCLUDED_MAX);
        request->excluded[request->excluded_count++] = purpose->number;
        found_count++;
    }
    if (found_count > 0)
        return;
    const char *closest = text_closest(name, names, count);
    if (closest == NULL)
        argp_error(state,
                   "--exclude: there is no draw \"%s\"; certificate.txt of an exploration lists "
                   "those of a scenario",
                   name);
    argp_error(state, "--exclude: there is no draw \"%s\"; did you mean \"%s\"?", name, closest);
}

static void parse_find(struct options *options, const char *text, const struct argp_state *state)
{
    if (!probe_scope_parse(text, &options->request.scope))
        argp_error(state, "--find takes all, safety or failure, not \"%s\"", text);
}

static uint32_t parse_count(const struct argp_state *state, const char *option, const char *text,
                            uint32_t maximum)
{
    return (uint32_t)options_number(state, option, text, 1, maximum);
}

static void parse_topology(struct options *options, const char *text,
                           const struct argp_state *state)
{
    static const char *const names[] = {"small", "scenario", NULL};
    options->request.topology.is_as_scenario =
        options_choice(state, "--topology", text, names) == 1;
}

static bool parse_size(struct options *options, int key, const char *argument,
                       const struct argp_state *state)
{
    struct scope_topology *topology = &options->request.topology;
    switch (key) {
    case KEY_SDDCS: topology->sddcs = parse_count(state, "--sddcs", argument, VMC_SDDCS_MAX); break;
    case KEY_CLUSTERS:
        topology->clusters = parse_count(state, "--clusters", argument, RCE_CLUSTERS_MAX);
        break;
    case KEY_HOSTS: topology->hosts = parse_count(state, "--hosts", argument, RCE_HOSTS_MAX); break;
    default: return false;
    }
    options->has_topology = true;
    return true;
}

/* Names of options for the normal form of the command; NULL: it changes no result. */
static const char *name_of(int key)
{
    switch (key) {
    case KEY_RUNS: return "--runs";
    case KEY_BOUND: return "--bound";
    case KEY_SEARCH: return "--search";
    case KEY_FIND: return "--find";
    case KEY_TOPOLOGY: return "--topology";
    case KEY_SDDCS: return "--sddcs";
    case KEY_CLUSTERS: return "--clusters";
    case KEY_HOSTS: return "--hosts";
    case KEY_SLACK: return "--slack";
    case KEY_GRID: return "--grid";
    case KEY_EXCLUDE: return "--exclude";
    case KEY_SHRINK: return "--shrink";
    case KEY_SHRINK_RUNS: return "--shrink-runs";
    case KEY_WITHOUT_REDUCTION: return "--without-reduction";
    case KEY_RARE: return "--rare";
    case KEY_REPLICATION: return "--replication";
    case KEY_WORKFLOW: return "--workflow";
    }
    return NULL;
}

static void parse_grid(struct options *options, const char *text, const struct argp_state *state)
{
    struct error error;
    if (!grid_parse(text, &options->request.grid, &error))
        argp_error(state, "--grid: %s", error.message);
}

static void check(const struct options *options, const struct argp_state *state)
{
    const struct hunt_request *request = &options->request;
    if (options_is_given(&options->scenario, "--replications"))
        argp_error(state, "explore counts runs; see --runs and --time");
    if (options->scenario.variants.count > 1)
        argp_error(state, "one --variant at a time");
    if (request->topology.is_as_scenario && options->has_topology)
        argp_error(state, "--topology scenario leaves the sizes to the scenario; --sddcs, "
                          "--clusters and --hosts do not go with it");
    if (request->has_replication && (options->has_topology || options->has_search))
        argp_error(state, "--replication takes one run of the whole scenario and shrinks it; it "
                          "does not go with a search or a topology");
    if (!request->has_replication && request->workflow != SHRINK_ANY_UNIT)
        argp_error(state, "--workflow goes with --replication");
}

static bool parse_own(struct options *options, int key, char *argument,
                      const struct argp_state *state)
{
    struct hunt_request *request = &options->request;
    switch (key) {
    case KEY_RUNS: parse_runs(options, argument, state); return true;
    case KEY_TIME:
        request->time_ns = parse_duration("--time", argument, state);
        if (request->time_ns == 0)
            argp_error(state, "--time takes more than 0s; without it there is no limit");
        return true;
    case KEY_BOUND:
        request->bound =
            (uint32_t)options_number(state, "--bound", argument, 0, EXHAUSTIVE_BOUND_MAX);
        return true;
    case KEY_SEARCH: parse_search(options, argument, state); return true;
    case KEY_FIND: parse_find(options, argument, state); return true;
    case KEY_TOPOLOGY: parse_topology(options, argument, state); return true;
    case KEY_SLACK: request->slack_ns = parse_duration("--slack", argument, state); return true;
    case KEY_GRID: parse_grid(options, argument, state); return true;
    case KEY_EXCLUDE: add_excluded(options, argument, state); return true;
    case KEY_WITHOUT_REDUCTION: request->without_effectless = true; return true;
    case KEY_SHRINK_RUNS:
        request->shrink_run_max =
            options_number(state, "--shrink-runs", argument, 1, HUNT_SHRINK_RUNS_MAX);
        return true;
    case KEY_SHRINK:
        request->shrunk_max =
            (uint32_t)options_number(state, "--shrink", argument, 0, HUNT_SHRUNK_MAX);
        return true;
    case KEY_RARE:
        request->is_rare = true;
        if (argument != NULL)
            request->rare_run_count = parse_count(state, "--rare", argument, RARE_RUNS_MAX);
        return true;
    case KEY_REPLICATION:
        request->has_replication = true;
        request->replication =
            (uint32_t)options_number(state, "--replication", argument, 0, UINT32_MAX);
        return true;
    case KEY_WORKFLOW:
        request->workflow =
            (uint32_t)options_number(state, "--workflow", argument, 0, UINT32_MAX - 1);
        return true;
    }
    return parse_size(options, key, argument, state);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    if (parse_own(options, key, argument, state)) {
        if (name_of(key) != NULL)
            options_note(&options->scenario,
                         key == KEY_RARE && argument != NULL
                             ? arena_print(options->scenario.arena, "--rare=%s", argument)
                             : name_of(key),
                         key == KEY_RARE ? NULL : argument);
        return 0;
    }
    if (key == ARGP_KEY_END) {
        check(options, state);
        for (int i = 0; i < HUNT_SEARCH_COUNT; i++)
            options->request.is_wanted[i] =
                options->request.is_wanted[i] && options->request.run_max[i] > 0;
    }
    return options_one_simulation(key, argument, state, &options->scenario, &options->work);
}

static void set_defaults(struct options *options)
{
    struct hunt_request *request = &options->request;
    for (int i = 0; i < HUNT_SEARCH_COUNT; i++)
        request->is_wanted[i] = true;
    request->run_max[HUNT_EXHAUSTIVE] = EXHAUSTIVE_RUNS_DEFAULT;
    request->run_max[HUNT_RANDOM] = RANDOM_RUNS_DEFAULT;
    request->run_max[HUNT_ORDER] = ORDER_RUNS_DEFAULT;
    request->bound = BOUND_DEFAULT;
    request->grid = grid_default();
    request->topology = (struct scope_topology){.sddcs = 1, .clusters = 1, .hosts = 2};
    request->shrunk_max = HUNT_SHRUNK_UNSAID;
    request->workflow = SHRINK_ANY_UNIT;
    request->rare_run_count = WEIGHTED_RUNS_DEFAULT;
}

static const struct argp_option rows[] = {
    {"search", KEY_SEARCH, "KIND", 0,
     "exhaustive: all schedules with few deviations; random: many deviations, few draws; "
     "order: the order of events of one time; all (the default). May be given several times",
     2},
    {"runs", KEY_RUNS, "N", 0,
     "Runs of the random and the order search (default: 100000 and 20000), or "
     "exhaustive=N,random=N,order=N; one with 0 runs is not made",
     2},
    {"time", KEY_TIME, "DURATION", 0,
     "Stop searching after so long, and begin no more to shrink after twice as long; the "
     "command that is printed repeats what was done",
     2},
    {"bound", KEY_BOUND, "B", 0, "Deviations of the exhaustive search, at most (default: 2)", 2},
    {"grid", KEY_GRID, "LEVELS", 0,
     "Quantiles that it tries of delays and numbers (default: 1%, 99%, 99.9%)", 2},
    {"exclude", KEY_EXCLUDE, "DRAW", 0,
     "These draws stay typical, such as \"capacity outage\" or \"callback loss\"; may be given "
     "several times",
     2},
    {"find", KEY_FIND, "WHAT", 0,
     "all (the default): failed workflows and broken invariants; failure: the former alone; "
     "safety: the latter alone",
     2},
    {"slack", KEY_SLACK, "DURATION", 0,
     "Events may also change places with those that are so much later (default: 0s)", 2},
    {"shrink", KEY_SHRINK, "N", 0,
     "Shrink and explain so many findings (default: 32; of an engine that is not linked in, "
     "10)",
     2},
    {"shrink-runs", KEY_SHRINK_RUNS, "N", 0,
     "Runs for each of them, at most (default: 200000; of an engine that is a process, 4000)", 2},
    {"without-reduction", KEY_WITHOUT_REDUCTION, NULL, 0,
     "The exhaustive search also runs schedules that differ from others only in random bits of "
     "which the engine made no use",
     2},
    {"rare", KEY_RARE, "N", OPTION_ARG_OPTIONAL,
     "Estimate how probable failure is, from N runs (default: 100000) that are drawn towards "
     "what was found",
     2},
    {"sddcs", KEY_SDDCS, "N", 0, "SDDCs of the world (default: 1)", 3},
    {"clusters", KEY_CLUSTERS, "N", 0, "Clusters of each (default: 1)", 3},
    {"hosts", KEY_HOSTS, "N", 0, "Hosts of each (default: 2)", 3},
    {"topology", KEY_TOPOLOGY, "SIZE", 0,
     "small (the default): as the three options above say; scenario: its own sizes and shapes", 3},
    {"replication", KEY_REPLICATION, "R", 0,
     "No search: take replication R of the scenario, in which a workflow failed, and shrink "
     "it",
     4},
    {"workflow", KEY_WORKFLOW, "W", 0, "This workflow of it (default: the first that failed)", 4},
    {0},
};

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&options_scenario_argp, 0, NULL, 0}, {&options_work_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO",
        .doc =
            "Look for the smallest story that fails: a world in which everything is typical, but "
            "for a few draws. Each way to fail is shrunk, explained, and written as a schedule "
            "that `rcesim replay` repeats; where nothing is found, it says how far was looked."
            "\vThe variant is the first one, or that of --variant. Exit status 10: a search has "
            "found "
            "something; 0: it has not, or the replication was shrunk; 130: interrupted, what was "
            "found is written and marked partial.",
        .children = children,
    };
    set_defaults(options);
    command_parse(&argp, argc, argv, options);
}

/* The command that repeats what was done, whatever the clock said. */
static const char *command_of(const struct options *options, const struct hunt *hunt)
{
    struct arena *arena = hunt->study.arena;
    const char *text = options_command(&options->scenario, "explore", true);
    /* Those that were not begun have no runs. */
    const uint64_t counts[] = {
        [HUNT_EXHAUSTIVE] = hunt->exhaustive.runs_total,
        [HUNT_RANDOM] = hunt->random.run_count,
        [HUNT_ORDER] = hunt->order.run_count,
    };
    const char *list = "";
    for (int i = 0; hunt->is_out_of_time && i < HUNT_SEARCH_COUNT; i++)
        if (hunt->request.is_wanted[i])
            list = arena_print(arena, "%s%s%s=%" PRIu64, list, *list == '\0' ? "" : ",",
                               hunt_search_names[i], counts[i]);
    if (*list == '\0')
        return text;
    text = arena_print(arena, "%s --runs %s", text, list);
    return hunt->shrunk_count < hunt->request.shrunk_max && hunt->shrunk_count < hunt->item_count
               ? arena_print(arena, "%s --shrink %" PRIu32, text, hunt->shrunk_count)
               : text;
}

static int publish(struct hunt *hunt, const struct directory_target *target)
{
    static const struct study_file files[] = {
        {MARK, hunt_write_json},
        {"findings.tsv", hunt_write_tsv},
        {"certificate.txt", hunt_write_certificate},
    };
    struct study_report report = {
        .context = hunt,
        .files = files,
        .file_count = hunt->request.has_replication ? 2 : 3,
        .write_others = hunt_write_schedules,
        .configuration = hunt->scope.configuration,
        .is_partial = hunt->is_partial,
        .print = hunt_print,
        .manifest = hunt_manifest(hunt),
    };
    int status = study_publish(&hunt->study, target, &report);
    if (status != 0)
        return status;
    bool is_refuted = hunt->item_count > 0 && !hunt->request.has_replication;
    return is_refuted ? COMMAND_THRESHOLD_FAILED : 0;
}

static int explore(struct options *options)
{
    struct options_list everything = {0};
    struct hunt hunt = {
        .study = {.arena = options->scenario.arena,
                  .options = &options->scenario,
                  .work = &options->work,
                  .variants = &everything,
                  .interrupted = interrupt_catch()},
        .request = options->request,
    };
    if (options->scenario.variants.count > 0)
        hunt.request.variant = options->scenario.variants.items[0];
    struct error error;
    if (!hunt_prepare(&hunt, &error))
        return options_fail(&error);
    struct directory_target target =
        study_target(&hunt.study, hunt.scope.configuration, "explore", MARK);
    if (!directory_check(&target, &error) || !hunt_run(&hunt, &error))
        return options_fail(&error);
    hunt.command = command_of(options, &hunt);
    return publish(&hunt, &target);
}

int command_explore(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    parse_options(&options, argc, argv);
    int status = explore(&options);
    arena_destroy(arena);
    return status;
}
