#include "models/rcesim/run/live.h"

#include <string.h>
#include <sys/resource.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/store.h"
#include "models/testbed/pacer.h"
#include "sim/base/units.h"

double live_speed(const struct argp_state *state, const char *text)
{
    struct error error;
    double speed;
    if (!units_parse_number(text, &speed, &error))
        argp_error(state, "--speed: %s", error.message);
    if (!(speed >= PACER_SPEED_MIN && speed <= PACER_SPEED_MAX))
        argp_error(state, "--speed %s: expected a number from 0.001 to 1000000", text);
    return speed;
}

error_t live_one_scenario(int key, char *argument, struct argp_state *state,
                          struct options_scenario *scenario, struct live_options *live)
{
    switch (key) {
    case LIVE_KEY_OUTPUT: live->output = argument; return 0;
    case LIVE_KEY_QUIET: live->is_quiet = true; return 0;
    case LIVE_KEY_FORCE: live->is_forced = true; return 0;
    case LIVE_KEY_JSON: live->is_json = true; return 0;
    case LIVE_KEY_TOKEN_FILE: live->token_file = argument; return 0;
    case LIVE_KEY_SPEED:
        options_note(scenario, "--speed", argument);
        live->speed = live_speed(state, argument);
        return 0;
    case LIVE_KEY_REPLICATION:
        options_note(scenario, "--replication", argument);
        live->replication =
            (uint32_t)options_number(state, "--replication", argument, 0, UINT32_MAX - 1);
        return 0;
    }
    return options_one_scenario(key, argument, state, scenario);
}

static bool load(struct configuration **configuration, const struct options_scenario *options,
                 struct error *error)
{
    struct scenario_source source = options_source(options, options->files.items[0]);
    if (!configure_load(configuration, options->arena, &source, error))
        return false;
    return (*configuration)->domain == &domain_vmc ||
           error_set(error, ERROR_USAGE,
                     "only worlds of the model vmc can be had in real time, and %s simulates %s",
                     (*configuration)->file_name, (*configuration)->domain->model->name);
}

bool live_load(struct configuration **configuration, const struct options_scenario *options,
               struct error *error)
{
    return load(configuration, options, error) &&
           configure_select_variants(*configuration, options->arena, &options->variants, error);
}

bool live_load_one(struct configuration **configuration, const struct options_scenario *options,
                   struct error *error)
{
    struct options_list variants = options->variants;
    if (!load(configuration, options, error))
        return false;
    if (variants.count > 1)
        return error_set(error, ERROR_USAGE, "one --variant at a time");
    if (variants.count == 0)
        options_list_add(&variants, options->arena, (*configuration)->variants[0].name);
    if (!configure_select_variants(*configuration, options->arena, &variants, error) ||
        !configure_check_memory(*configuration, 1, 1, NULL, error))
        return false;
    (*configuration)->replication_count = 1;
    (*configuration)->stop = (struct stop){.rule = STOP_FIXED};
    return true;
}

struct publication live_publication(const struct options_scenario *options,
                                    const struct live_options *live,
                                    const struct configuration *configuration, const char *command)
{
    const char *output = live->output;
    const char *suffix = strcmp(command, "serve") == 0 ? "live" : command;
    if (output == NULL)
        output = arena_print(options->arena, "out/%s.%s", scenario_name(configuration->scenario),
                             suffix);
    return (struct publication){
        .arena = options->arena,
        .configuration = configuration,
        .commands = {.run = options_command(options, command, true),
                     .trace = options_command(options, "trace", false),
                     .rows = "first"},
        .target = {.path = output, .mark = STORE_MARK, .replace = live->is_forced},
        .is_json = live->is_json,
        .is_quiet = live->is_quiet,
    };
}

void live_raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}
