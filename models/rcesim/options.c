#include "models/rcesim/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/rcesim/format/configure_engine.h"
#include "models/rcesim/interrupt.h"
#include "reports/table.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/experiment/experiment.h"

enum option_key {
    KEY_THREADS = 't',
    KEY_QUIET = 'q',
    KEY_OUTPUT = 'o',
    KEY_SET = 256,
    KEY_SEED,
    KEY_REPLICATIONS,
    KEY_VARIANT,
    KEY_ENGINE,
    KEY_JSON,
    KEY_FORCE
};

void options_list_add(struct options_list *list, struct arena *arena, const char *item)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 8 : 2 * list->room;
        const char **items = arena_take_array(arena, room, sizeof *items);
        for (size_t i = 0; i < list->count; i++)
            items[i] = list->items[i];
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = item;
}

uint64_t options_number(const struct argp_state *state, const char *option, const char *text,
                        uint64_t minimum, uint64_t maximum)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    bool is_number = *text >= '0' && *text <= '9' && *end == '\0';
    if (!is_number)
        argp_error(state, "%s takes a whole number, not \"%s\"", option, text);
    if (errno == ERANGE || value < minimum || value > maximum)
        argp_error(state, "%s takes a number from %" PRIu64 " to %" PRIu64 ", not %s", option,
                   minimum, maximum, text);
    return value;
}

int64_t options_duration(const struct argp_state *state, const char *option, const char *text)
{
    struct error error;
    int64_t duration_ns = 0;
    if (!units_parse_duration(text, &duration_ns, &error))
        argp_error(state, "%s: %s", option, error.message);
    return duration_ns;
}

size_t options_choice(const struct argp_state *state, const char *option, const char *text,
                      const char *const *names)
{
    char list[256] = "";
    size_t used = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(text, names[i]) == 0)
            return i;
        const char *between = i == 0 ? "" : names[i + 1] != NULL ? ", " : " or ";
        int length = snprintf(list + used, sizeof list - used, "%s%s", between, names[i]);
        used += (size_t)length;
        CHECK(used < sizeof list);
    }
    argp_error(state, "%s takes %s, not \"%s\"", option, list, text);
    return 0;
}

void options_add_override(struct options_list *overrides, struct arena *arena, const char *text,
                          const struct argp_state *state)
{
    if (strchr(text, '=') == NULL)
        argp_error(state, "--set takes path=value, such as fleet.sddcs=10, not \"%s\"", text);
    options_list_add(overrides, arena, text);
}

static void add_words(struct options_scenario *options, const char *option, const char *value)
{
    options_list_add(&options->words, options->arena, option);
    options_list_add(&options->words, options->arena, value);
}

/* The engine is an override like others, but the first: --set has the last word. Its paths depend
 * on where the scenario is, so it waits until that is known. */
static void add_engine(struct options_scenario *options, const struct argp_state *state)
{
    struct error error;
    struct options_list given = options->overrides;
    const char *override;
    if (options->files.count != 1)
        argp_error(state, "--engine goes with one scenario");
    if (!configure_engine_override(&override, options->arena, options->files.items[0],
                                   options->engine, &error))
        argp_error(state, "--engine: %s", error.message);
    options->overrides = (struct options_list){0};
    options_list_add(&options->overrides, options->arena, override);
    for (size_t i = 0; i < given.count; i++)
        options_list_add(&options->overrides, options->arena, given.items[i]);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options_scenario *options = state->input;
    struct arena *arena = options->arena;
    const char *text = argument;
    switch (key) {
    case KEY_SET:
        options_add_override(&options->overrides, arena, argument, state);
        add_words(options, "--set", argument);
        return 0;
    case KEY_SEED:
        options_number(state, "--seed", argument, 0, INT64_MAX);
        options_list_add(&options->overrides, arena,
                         arena_print(arena, "experiment.seed=%s", text));
        add_words(options, "--seed", argument);
        return 0;
    case KEY_REPLICATIONS:
        options_number(state, "--replications", argument, 1, UINT32_MAX);
        options_list_add(&options->overrides, arena,
                         arena_print(arena, "experiment.replications=%s", text));
        add_words(options, "--replications", argument);
        return 0;
    case KEY_ENGINE:
        options->engine = argument;
        add_words(options, "--engine", argument);
        return 0;
    case ARGP_KEY_SUCCESS:
        if (options->engine != NULL)
            add_engine(options, state);
        return 0;
    case KEY_VARIANT: options_list_add(&options->variants, arena, argument); return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* An option that is hidden can be given, so that the command can say what to do instead. */
#define SET_ROW                                                                                    \
    {                                                                                              \
        "set", KEY_SET, "PATH=VALUE", 0,                                                           \
            "Replace a value of the scenario; may be given several times", 1                       \
    }
#define SEED_ROW                                                                                   \
    {                                                                                              \
        "seed", KEY_SEED, "N", 0, "The same as --set experiment.seed=N", 1                         \
    }
#define REPLICATIONS_ROW(flags)                                                                    \
    {                                                                                              \
        "replications", KEY_REPLICATIONS, "N", flags,                                              \
            "The same as --set experiment.replications=N", 1                                       \
    }
#define VARIANT_ROW(flags)                                                                         \
    {                                                                                              \
        "variant", KEY_VARIANT, "NAME", flags, "Only this variant; may be given several times", 1  \
    }

#define ONE_VARIANT_ROW                                                                            \
    {                                                                                              \
        "variant", KEY_VARIANT, "NAME", 0, "This variant (default: the first)", 1                  \
    }

#define ENGINE_ROW_WITH(flags)                                                                     \
    {                                                                                              \
        "engine", KEY_ENGINE, "ENGINE", flags,                                                     \
            "All variants run this engine: a name, plugin:FILE or command:WORDS (separated by "    \
            "blanks); instead of what the scenario says",                                          \
            1                                                                                      \
    }
#define ENGINE_ROW ENGINE_ROW_WITH(0)

static const struct argp_option scenario_rows[] = {
    SET_ROW, SEED_ROW, REPLICATIONS_ROW(0), VARIANT_ROW(0), ENGINE_ROW, {0},
};
static const struct argp_option settings_rows[] = {
    SET_ROW, SEED_ROW, REPLICATIONS_ROW(0), VARIANT_ROW(OPTION_HIDDEN), ENGINE_ROW, {0},
};
static const struct argp_option world_rows[] = {
    SET_ROW, SEED_ROW, REPLICATIONS_ROW(OPTION_HIDDEN), VARIANT_ROW(OPTION_HIDDEN), ENGINE_ROW, {0},
};

static const struct argp_option served_rows[] = {
    SET_ROW,
    SEED_ROW,
    REPLICATIONS_ROW(OPTION_HIDDEN),
    ONE_VARIANT_ROW,
    ENGINE_ROW_WITH(OPTION_HIDDEN),
    {0},
};
static const struct argp_option driven_rows[] = {
    SET_ROW, SEED_ROW, REPLICATIONS_ROW(OPTION_HIDDEN), ONE_VARIANT_ROW, ENGINE_ROW, {0},
};
static const struct argp_option alongside_rows[] = {
    SET_ROW, SEED_ROW, REPLICATIONS_ROW(OPTION_HIDDEN), VARIANT_ROW(0), ENGINE_ROW, {0},
};

/* A wave in real time is of one replication, and a service has no engine. */
static error_t parse_live(int key, char *argument, struct argp_state *state)
{
    if (key == KEY_REPLICATIONS)
        argp_error(state, "a live wave is one replication; --replication=N says which");
    return parse(key, argument, state);
}

static error_t parse_served(int key, char *argument, struct argp_state *state)
{
    if (key == KEY_ENGINE)
        argp_error(state, "no engine runs in a service; give --engine to `rcesim drive`");
    return parse_live(key, argument, state);
}

const struct argp options_served_argp = {.options = served_rows, .parser = parse_served};
const struct argp options_driven_argp = {.options = driven_rows, .parser = parse_live};
const struct argp options_alongside_argp = {.options = alongside_rows, .parser = parse_live};
const struct argp options_scenario_argp = {.options = scenario_rows, .parser = parse};
const struct argp options_settings_argp = {.options = settings_rows, .parser = parse};
const struct argp options_world_argp = {.options = world_rows, .parser = parse};

static error_t parse_work(int key, char *argument, struct argp_state *state)
{
    struct options_work *work = state->input;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    switch (key) {
    case ARGP_KEY_INIT:
        work->thread_count = cores < 1                        ? 1
                             : cores > EXPERIMENT_THREADS_MAX ? EXPERIMENT_THREADS_MAX
                                                              : (uint32_t)cores;
        return 0;
    case KEY_THREADS:
        work->thread_count =
            (uint32_t)options_number(state, "--threads", argument, 1, EXPERIMENT_THREADS_MAX);
        work->has_thread_count = true;
        return 0;
    case KEY_QUIET: work->is_quiet = true; return 0;
    case KEY_JSON: work->is_json = true; return 0;
    case KEY_FORCE: work->is_forced = true; return 0;
    case KEY_OUTPUT: work->output = argument; return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option work_rows[] = {
    {"output", KEY_OUTPUT, "DIR", 0, "Where the result goes (default: out/NAME)", 3},
    {"force", KEY_FORCE, NULL, 0, "Replace a result that is there", 3},
    {"json", KEY_JSON, NULL, 0, "Print the summary as JSON instead of tables", 3},
    {"threads", KEY_THREADS, "N", 0, "Threads (default: the cores); changes no result", 3},
    {"quiet", KEY_QUIET, NULL, 0, "No progress", 3},
    {0},
};

const struct argp options_work_argp = {.options = work_rows, .parser = parse_work};

error_t options_one_scenario(int key, char *argument, struct argp_state *state,
                             struct options_scenario *options)
{
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = options;
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        if (options->files.count > 0)
            argp_error(state, "one scenario at a time: \"%s\" is too many", argument);
        options_list_add(&options->files, options->arena, argument);
        return 0;
    }
    if (key == ARGP_KEY_END) {
        if (options->files.count == 0)
            argp_error(state, "a scenario is missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

error_t options_one_simulation(int key, char *argument, struct argp_state *state,
                               struct options_scenario *options, struct options_work *work)
{
    if (key == ARGP_KEY_INIT)
        state->child_inputs[1] = work;
    return options_one_scenario(key, argument, state, options);
}

struct scenario_source options_source(const struct options_scenario *options, const char *file_name)
{
    return (struct scenario_source){
        .file_name = file_name,
        .overrides = options->overrides.items,
        .override_count = options->overrides.count,
    };
}

void options_note(struct options_scenario *options, const char *option, const char *value)
{
    options_list_add(&options->own_words, options->arena, option);
    if (value != NULL)
        options_list_add(&options->own_words, options->arena, value);
}

void options_note_in(struct options_scenario *options, struct options_list *list,
                     const char *option, const char *value)
{
    options_list_add(list, options->arena, value);
    options_note(options, option, value);
}

/* The words come in pairs. */
bool options_is_given(const struct options_scenario *options, const char *option)
{
    for (size_t i = 0; i < options->words.count; i += 2)
        if (strcmp(options->words.items[i], option) == 0)
            return true;
    return false;
}

const char *options_quote(struct arena *arena, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%";
    if (*word != '\0' && word[strspn(word, plain)] == '\0')
        return word;
    const char *quoted = "'";
    for (; *word != '\0'; word++)
        quoted = *word == '\'' ? arena_print(arena, "%s'\\''", quoted)
                               : arena_print(arena, "%s%c", quoted, *word);
    return arena_print(arena, "%s'", quoted);
}

const char *options_command(const struct options_scenario *options, const char *command,
                            bool is_whole)
{
    struct arena *arena = options->arena;
    const char *text =
        arena_print(arena, "rcesim %s %s", command, options_quote(arena, options->files.items[0]));
    for (size_t i = 0; i < options->words.count; i++)
        text = arena_print(arena, "%s %s", text, options_quote(arena, options->words.items[i]));
    for (size_t i = 0; i < options->own_words.count && is_whole; i++)
        text = arena_print(arena, "%s %s", text, options_quote(arena, options->own_words.items[i]));
    for (size_t i = 0; i < options->variants.count && is_whole; i++)
        text = arena_print(arena, "%s --variant %s", text,
                           options_quote(arena, options->variants.items[i]));
    return text;
}

int options_fail(const struct error *error)
{
    /* A signal may end an engine that is a process before it has said a word: that is no fault of
     * the scenario. What a file or a disk does is told all the same. */
    bool is_of_work = error->code == ERROR_SCENARIO || error->code == ERROR_INTERNAL;
    if (error->code == ERROR_INTERRUPTED || (is_of_work && *interrupt_flag() != 0)) {
        fputs("rcesim: interrupted\n", stderr);
        return INTERRUPT_STATUS;
    }
    fputs("rcesim: ", stderr);
    page_put(stderr, error->message); /* It quotes scenarios. */
    putc('\n', stderr);
    return error->code;
}
