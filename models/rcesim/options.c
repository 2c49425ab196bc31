#include "models/rcesim/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/table.h"
#include "sim/base/units.h"

enum option_key { KEY_SET = 256, KEY_SEED, KEY_REPLICATIONS, KEY_VARIANT };

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

static void add_words(struct options_scenario *options, const char *option, const char *value)
{
    options_list_add(&options->words, options->arena, option);
    options_list_add(&options->words, options->arena, value);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options_scenario *options = state->input;
    struct arena *arena = options->arena;
    const char *text = argument;
    switch (key) {
    case KEY_SET:
        if (strchr(argument, '=') == NULL)
            argp_error(state, "--set takes path=value, such as fleet.sddcs=10, not \"%s\"",
                       argument);
        options_list_add(&options->overrides, arena, argument);
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
    case KEY_VARIANT: options_list_add(&options->variants, arena, argument); return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option rows[] = {
    {"set", KEY_SET, "PATH=VALUE", 0, "Replace a value of the scenario; may be given several times",
     1},
    {"seed", KEY_SEED, "N", 0, "The same as --set experiment.seed=N", 1},
    {"replications", KEY_REPLICATIONS, "N", 0, "The same as --set experiment.replications=N", 1},
    {"variant", KEY_VARIANT, "NAME", 0, "Only this variant; may be given several times", 1},
    {0},
};

const struct argp options_scenario_argp = {.options = rows, .parser = parse};

struct scenario_source options_source(const struct options_scenario *options, const char *file_name)
{
    return (struct scenario_source){
        .file_name = file_name,
        .overrides = options->overrides.items,
        .override_count = options->overrides.count,
    };
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
                            bool has_variants)
{
    struct arena *arena = options->arena;
    const char *text =
        arena_print(arena, "rcesim %s %s", command, options_quote(arena, options->files.items[0]));
    for (size_t i = 0; i < options->words.count; i++)
        text = arena_print(arena, "%s %s", text, options_quote(arena, options->words.items[i]));
    for (size_t i = 0; i < options->variants.count && has_variants; i++)
        text = arena_print(arena, "%s --variant %s", text,
                           options_quote(arena, options->variants.items[i]));
    return text;
}

int options_fail(const struct error *error)
{
    fputs("rcesim: ", stderr);
    page_put(stderr, error->message); /* It quotes scenarios. */
    putc('\n', stderr);
    return error->code;
}
