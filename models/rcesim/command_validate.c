#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/options.h"
#include "models/rcesim/study/sweep_list.h"
#include "reports/figure.h"
#include "reports/table.h"

struct options {
    struct options_scenario scenario;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->scenario; return 0;
    case ARGP_KEY_ARG:
        options_list_add(&options->scenario.files, options->scenario.arena, argument);
        return 0;
    case ARGP_KEY_END:
        if (options->scenario.files.count == 0)
            argp_error(state, "a scenario is missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* "scenarios/a.yaml: ok: 300 SDDCs, ...", wrapped, with what goes on further in. */
static void describe(const struct configuration *configuration, struct arena *arena,
                     const char *file_name)
{
    const char *names = "";
    char replications[FIGURE_SIZE_BYTES];
    for (uint32_t i = 0; i < configuration->variant_count; i++)
        names =
            arena_print(arena, "%s%s%s", names, i > 0 ? ", " : "", configuration->variants[i].name);
    figure_count(replications, configuration->replication_count);
    struct page page = page_of(stdout);
    page_paragraph(
        &page, 0,
        arena_print(arena,
                    "%s: ok: %" PRIu32 " %s, %" PRIu32
                    " variant%s (%s), %s replication%s, %zu threshold%s, hash %016" PRIx64,
                    file_name, configuration->unit_count, configuration->domain->size_names,
                    configuration->variant_count, configuration->variant_count == 1 ? "" : "s",
                    names, replications, configuration->replication_count == 1 ? "" : "s",
                    configuration->threshold_count, configuration->threshold_count == 1 ? "" : "s",
                    configuration->hash));
}

static bool validate(const struct options *options, const char *file_name, struct error *error)
{
    struct arena *arena = arena_create("scenario", 0);
    struct scenario_source source = options_source(&options->scenario, file_name);
    const struct options_list *variants = &options->scenario.variants;
    struct configuration *configuration;
    bool is_good = configure_load(&configuration, arena, &source, error) &&
                   sweep_list_check(configuration, &source, error) &&
                   configure_select_variants(configuration, arena, variants, error) &&
                   configure_check_memory(configuration, 1, 0, NULL, error);
    if (is_good)
        describe(configuration, arena, file_name);
    arena_destroy(arena);
    return is_good;
}

int command_validate(int argc, char **argv)
{
    static const struct argp_child children[] = {{&options_scenario_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "SCENARIO...",
        .doc = "Check scenarios without simulating, and say what each would simulate. "
               "Up to 20 errors a file are shown.",
        .children = children,
    };
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    command_parse(&argp, argc, argv, &options);
    int status = 0;
    for (size_t i = 0; i < options.scenario.files.count; i++) {
        struct error error;
        if (validate(&options, options.scenario.files.items[i], &error))
            continue;
        fflush(stdout);
        int failure = options_fail(&error);
        status = status == 0 ? failure : status;
    }
    arena_destroy(arena);
    return status;
}
