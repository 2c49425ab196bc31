#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "models/rcesim/explore/replay.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/story.h"
#include "models/vmc/model.h"
#include "reports/identity.h"
#include "sim/base/check.h"

enum option_key {
    KEY_TOLERANT = 512,
    KEY_VARIANT,
    KEY_SCENARIO,
    KEY_ENGINE,
    KEY_SET,
    KEY_EXPECT,
    KEY_TRACE,
    KEY_JSON,
    KEY_QUIET = 'q'
};

struct options {
    struct arena *arena;
    struct options_list files, overrides;
    struct replay_request request; /* Of each file. */
    bool is_trace, is_json, is_quiet;
};

static void check(const struct options *options, const struct argp_state *state)
{
    const struct replay_request *request = &options->request;
    bool is_other = request->scenario != NULL || request->variant != NULL ||
                    request->engine != NULL || options->overrides.count > 0;
    if (options->files.count == 0)
        argp_error(state, "a schedule is missing");
    if (is_other && !request->is_tolerant)
        argp_error(state, "another variant, scenario, engine or value makes another run: add "
                          "--tolerant, and --expect if it is to end otherwise");
    if (options->is_json && options->is_trace)
        argp_error(state, "--trace tells people a story; it does not go with --json");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_TOLERANT: options->request.is_tolerant = true; return 0;
    case KEY_VARIANT: options->request.variant = argument; return 0;
    case KEY_SCENARIO: options->request.scenario = argument; return 0;
    case KEY_ENGINE: options->request.engine = argument; return 0;
    case KEY_EXPECT: options->request.expectation = argument; return 0;
    case KEY_TRACE: options->is_trace = true; return 0;
    case KEY_JSON: options->is_json = true; return 0;
    case KEY_QUIET: options->is_quiet = true; return 0;
    case KEY_SET:
        options_add_override(&options->overrides, options->arena, argument, state);
        return 0;
    case ARGP_KEY_ARG: options_list_add(&options->files, options->arena, argument); return 0;
    case ARGP_KEY_END: check(options, state); return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"expect", KEY_EXPECT, "VERDICT", 0,
         "How it is to end, instead of what the schedule says: passes, fails, or \"fails HOW\"", 1},
        {"trace", KEY_TRACE, NULL, 0, "Tell the life of the workflow that fails, or of the first",
         1},
        {"tolerant", KEY_TOLERANT, NULL, 0,
         "Take a schedule whose scenario or engine has changed; what no longer fits is said", 2},
        {"variant", KEY_VARIANT, "NAME", 0, "Another variant of the scenario", 2},
        {"scenario", KEY_SCENARIO, "FILE", 0, "Another scenario", 2},
        {"engine", KEY_ENGINE, "ENGINE", 0, "Another engine: a name, plugin:FILE or command:WORDS",
         2},
        {"set", KEY_SET, "PATH=VALUE", 0, "Replace a value; may be given several times", 2},
        {"json", KEY_JSON, NULL, 0, "Print what came of it as JSON", 3},
        {"quiet", KEY_QUIET, NULL, 0, "Say only what is not as expected", 3},
        {0},
    };
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCHEDULE...",
        .doc =
            "Carry out schedules again, as explore writes them, and see whether each ends as it "
            "says.\vStrict, unless --tolerant is given: the scenario and the engine are unchanged, "
            "every deviation is asked for and possible, and the run repeats itself. Exit status 0: "
            "all end as expected; 10: one does not; 3: one is no good, or is about another "
            "scenario or engine by now.",
    };
    options->request.overrides = &options->overrides;
    command_parse(&argp, argc, argv, options);
}

static json_t *item_json(const struct replay *replay, size_t index)
{
    static const char *const states[] = {
        [SCHEDULE_USED] = "used",       [SCHEDULE_UNUSED] = "unused",
        [SCHEDULE_FORM_WRONG] = "form", [SCHEDULE_IMPOSSIBLE] = "impossible",
        [SCHEDULE_TYPICAL] = "typical", [SCHEDULE_MISMATCH] = "probability",
    };
    const struct schedule_item *item = &replay->schedule.items[index];
    return json_pack(
        "{s:i, s:s, s:s}", "line", (int)item->place.line, "deviation",
        schedule_print_deviation(replay->arena, &vmc_model, &item->deviation, item->form), "state",
        states[replay->states[index]]);
}

static json_t *replay_json(const struct replay *replay)
{
    char hash[17];
    snprintf(hash, sizeof hash, "%016" PRIx64, replay->result.history_hash);
    json_t *items = json_array();
    for (size_t i = 0; i < replay->schedule.item_count; i++)
        json_array_append_new(items, item_json(replay, i));
    json_t *value = json_pack(
        "{s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:I, s:o}", "schedule", replay->file, "scenario",
        replay->scope.file, "variant", replay->scope.variant_name, "holds", replay->holds, "fails",
        replay->result.finding_count > 0, "outcome", replay_outcome(replay), "history", hash,
        "events", (json_int_t)replay->result.event_count, "deviations", items);
    CHECK(value != NULL);
    return value;
}

static bool tell(struct replay *replay, const struct page *page, struct error *error)
{
    struct trace *trace;
    if (!replay_trace(replay, &trace, error))
        return false;
    story_print(trace, page);
    return true;
}

/* One schedule. Returns its exit status. */
static int carry_out(const struct options *options, const char *file, const struct page *page,
                     json_t *all)
{
    struct arena *arena = arena_create("replay", 0);
    struct replay_request request = options->request;
    request.file = file;
    struct replay replay;
    struct error error;
    if (!replay_open(&replay, arena, &request, &error)) {
        fflush(stdout);
        arena_destroy(arena);
        return options_fail(&error);
    }
    int status = replay.holds ? 0 : COMMAND_THRESHOLD_FAILED;
    if (options->is_json)
        json_array_append_new(all, replay_json(&replay));
    else if (!options->is_quiet || status != 0)
        replay_print(&replay, page);
    if (options->is_trace && !tell(&replay, page, &error))
        status = options_fail(&error);
    replay_close(&replay);
    arena_destroy(arena);
    return status;
}

/* What is worse: an error, then a verdict that is not as expected. */
static int worse(int a, int b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a == COMMAND_THRESHOLD_FAILED ? b : a;
}

int command_replay(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.arena = arena};
    parse_options(&options, argc, argv);
    struct page page = page_of(stdout);
    json_t *all = json_array();
    int status = 0;
    for (size_t i = 0; i < options.files.count; i++)
        status = worse(status, carry_out(&options, options.files.items[i], &page, all));
    if (options.is_json)
        identity_write_json(all, stdout);
    json_decref(all);
    arena_destroy(arena);
    return status;
}
