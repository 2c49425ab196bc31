#include "models/rcesim/command.h"

#include <math.h>
#include <stdio.h>

#include "models/rcesim/study/calibrate.h"
#include "models/rcesim/interrupt.h"
#include "sim/base/units.h"

#define MARK "calibrate.json"

enum option_key { KEY_TURN = 512, KEY_TARGET, KEY_VERIFY_SEED, KEY_TOLERANCE };

struct options {
    struct options_scenario scenario;
    struct options_work work;
    struct options_list turns, targets;
    bool has_verify_seed;
    uint64_t verify_seed;
    double tolerance;
};

static double parse_tolerance(const struct argp_state *state, const char *text)
{
    double value;
    if (!units_parse_percentage(text, &value, NULL) || value < 1e-6 || value > 0.1)
        argp_error(state, "--tolerance takes a share from 0.000001 to 0.1, not \"%s\"", text);
    return value;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_TURN:
        options_note_in(&options->scenario, &options->turns, "--turn", argument);
        return 0;
    case KEY_TARGET:
        options_note_in(&options->scenario, &options->targets, "--target", argument);
        return 0;
    case KEY_VERIFY_SEED:
        options->verify_seed = options_number(state, "--verify-seed", argument, 0, INT64_MAX);
        options->has_verify_seed = true;
        options_note(&options->scenario, "--verify-seed", argument);
        return 0;
    case KEY_TOLERANCE:
        options->tolerance = parse_tolerance(state, argument);
        options_note(&options->scenario, "--tolerance", argument);
        return 0;
    case ARGP_KEY_END:
        if (options->scenario.variants.count > 0)
            argp_error(state, "the variants are those that --target names; --variant is not for "
                              "calibrate");
        break;
    }
    return options_one_simulation(key, argument, state, &options->scenario, &options->work);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"turn", KEY_TURN, "PATH=TEXT", 0,
         "What to turn, and between which values: 'phase2.backup={10min..60min}', or inside of a "
         "text (see below). At most four parameters",
         2},
        {"target", KEY_TARGET, "METRIC(VARIANT)=OBSERVED", 0,
         "What was observed: 'failure_rate(before)=72/400', or a value (18%), a value with its "
         "95 % limits (18%+-1%), or the limits (15%..21%). As many as there are parameters",
         2},
        {"verify-seed", KEY_VERIFY_SEED, "N", 0,
         "The seed to verify with (default: that of the scenario plus 1)", 2},
        {"tolerance", KEY_TOLERANCE, "SHARE", 0,
         "How exactly to find a parameter, relative to it (default 0.001)", 2},
        {0},
    };
    static const struct argp_child children[] = {
        {&options_settings_argp, 0, NULL, 0}, {&options_work_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO",
        .doc =
            "Turn values of a scenario until it shows what was observed, say how well they are "
            "known, verify that with another seed, and write a scenario with what was found."
            "\vA value inside of a text:\n"
            "  --turn 'provisioning.connect=lognormal(median={1min..10min}, sigma=1.2)'\n\n"
            "Only the variants that targets name are simulated. Exit status 10: a target cannot "
            "be reached; 11: the targets leave a parameter open, at one end of the range (what "
            "was found is written all the same) or at both, or the verification misses one; 130: "
            "interrupted, nothing is written.",
        .children = children,
    };
    options->tolerance = 1e-3;
    command_parse(&argp, argc, argv, options);
}

static void write_json(const void *context, FILE *file)
{
    calibrate_write_json(context, file);
}

static void write_overlay(const void *context, FILE *file)
{
    calibrate_write_overlay(context, file);
}

static void print(const void *context, const char *directory, const struct page *page)
{
    calibrate_print(context, directory, page);
}

static int status_of(const struct calibrate *calibrate)
{
    switch (calibrate->outcome) {
    case CALIBRATE_UNREACHABLE: return COMMAND_THRESHOLD_FAILED;
    case CALIBRATE_UNIDENTIFIED: return COMMAND_INCONCLUSIVE;
    case CALIBRATE_INTERRUPTED: return INTERRUPT_STATUS;
    case CALIBRATE_FOUND: break;
    }
    for (size_t i = 0; i < calibrate->count; i++)
        if (!calibrate->checks[i].is_met)
            return COMMAND_INCONCLUSIVE;
    return calibrate_is_open(calibrate) ? COMMAND_INCONCLUSIVE : 0;
}

/* Only what was found is written; that nothing was is said. */
static int finish(const struct calibrate *calibrate, const struct directory_target *target)
{
    static const struct study_file files[] = {{MARK, write_json},
                                              {"calibrated.yaml", write_overlay}};
    if (calibrate->outcome == CALIBRATE_INTERRUPTED) {
        fprintf(stderr, "rcesim: interrupted before the values were found; nothing written\n");
        return INTERRUPT_STATUS;
    }
    struct page page = page_of(stdout);
    if (calibrate->outcome != CALIBRATE_FOUND) {
        if (calibrate->study->work->is_json)
            calibrate_write_json(calibrate, stdout);
        else
            calibrate_print(calibrate, NULL, &page);
        return status_of(calibrate);
    }
    struct study_report report = {
        .context = calibrate,
        .files = files,
        .file_count = sizeof files / sizeof files[0],
        .configuration = calibrate->base,
        .print = print,
        .manifest = calibrate_manifest(calibrate),
    };
    int status = study_publish(calibrate->study, target, &report);
    return status != 0 ? status : status_of(calibrate);
}

static bool prepare(struct calibrate *calibrate, struct study *study, const struct options *options,
                    struct error *error)
{
    struct configuration *base;
    struct options_list *named = arena_take(study->arena, sizeof *named);
    study->variants = named; /* None yet: all. */
    if (!study_load(study, study->arena, NULL, 0, &base, error))
        return false;
    calibrate->base = base;
    for (size_t i = 0; i < options->turns.count; i++)
        if (!calibrate_add_turn(calibrate, options->turns.items[i], error))
            return false;
    for (size_t i = 0; i < options->targets.count; i++)
        if (!calibrate_add_target(calibrate, options->targets.items[i], error))
            return false;
    if (options->turns.count == 0 || options->targets.count != calibrate->count)
        return error_set(
            error, ERROR_USAGE,
            "%zu parameters and %zu targets: there must be one --target for each value "
            "in braces of --turn, and at least one",
            calibrate->count, options->targets.count);
    for (size_t i = 0; i < calibrate->count; i++)
        options_list_add(named, study->arena, base->variants[calibrate->targets[i].variant].name);
    calibrate->tolerance = options->tolerance;
    calibrate->verify_seed = options->has_verify_seed ? options->verify_seed : base->seed + 1;
    if (calibrate->verify_seed == base->seed)
        return error_set(error, ERROR_USAGE,
                         "--verify-seed: what is found with seed %llu is verified with another",
                         (unsigned long long)base->seed);
    calibrate->command = options_command(study->options, "calibrate", true);
    return true;
}

static int calibrate_and_report(struct options *options)
{
    struct study study = {
        .arena = options->scenario.arena,
        .options = &options->scenario,
        .work = &options->work,
        .interrupted = interrupt_catch(),
    };
    struct calibrate calibrate = {.study = &study};
    struct error error;
    if (!prepare(&calibrate, &study, options, &error))
        return options_fail(&error);
    struct directory_target target = study_target(&study, calibrate.base, "calibrate", MARK);
    if (!directory_check(&target, &error) || !calibrate_run(&calibrate, &error))
        return options_fail(&error);
    return finish(&calibrate, &target);
}

int command_calibrate(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    parse_options(&options, argc, argv);
    int status = calibrate_and_report(&options);
    arena_destroy(arena);
    return status;
}
