#include "models/rcesim/command.h"

#include <stdio.h>
#include <string.h>

#include "models/rcesim/study/ablate.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/run/simulate.h"

#define MARK "ablate.json"

enum option_key { KEY_METRIC = 512, KEY_VARIANT };

struct options {
    struct options_scenario scenario;
    struct options_work work;
    struct options_list metrics;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_VARIANT:
        options_list_add(&options->scenario.variants, options->scenario.arena, argument);
        return 0;
    case KEY_METRIC:
        options_note_in(&options->scenario, &options->metrics, "--metric", argument);
        return 0;
    case ARGP_KEY_END:
        if (options->scenario.variants.count > 1)
            argp_error(state, "--variant names the one variant whose fixes are taken apart");
        break;
    }
    return options_one_simulation(key, argument, state, &options->scenario, &options->work);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"metric", KEY_METRIC, "NAME", 0,
         "What the fixes do to this metric; may be given several times (default: failure_rate)", 2},
        {"variant", KEY_VARIANT, "NAME", 0,
         "The variant whose fixes are taken apart (default: the last)", 2},
        {0},
    };
    static const struct argp_child children[] = {
        {&options_settings_argp, 0, NULL, 0}, {&options_work_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO",
        .doc = "Simulate all combinations of the fixes that a variant has and the first variant "
               "has not, and say what each of them does, alone and "
               "beside the others, and what it breaks when it is alone."
               "\vFixes: precheck, retry, idempotency; mitigations: settle, deadlines. Exit status "
               "130: interrupted, the partial result is marked so.",
        .children = children,
    };
    command_parse(&argp, argc, argv, options);
}

static bool choose_metrics(struct ablate *ablate, const struct options *options,
                           struct error *error)
{
    const struct model *model = ablate->base->domain->model;
    size_t count = options->metrics.count;
    size_t *metrics = arena_take_array(ablate->arena, count + 1, sizeof *metrics);
    metrics[0] = model->failed_metric;
    for (size_t i = 0; i < count; i++)
        if (!study_find_metric(model, options->metrics.items[i], &metrics[i], error))
            return error_context(error, "--metric");
    ablate->metrics = metrics;
    ablate->metric_count = count > 0 ? count : 1;
    return true;
}

static bool choose_variant(struct ablate *ablate, const struct options *options,
                           struct error *error)
{
    struct configuration *base = ablate->base;
    ablate->fixed = base->variant_count - 1;
    if (options->scenario.variants.count == 0)
        return true;
    /* Selecting says what is wrong with a name. */
    struct configuration copy = *base;
    copy.variants = arena_take_array(ablate->arena, base->variant_count, sizeof *copy.variants);
    memcpy(copy.variants, base->variants, base->variant_count * sizeof *copy.variants);
    copy.threshold_count = 0;
    if (!configure_select_variants(&copy, ablate->arena, &options->scenario.variants, error))
        return false;
    for (uint32_t v = 0; v < base->variant_count; v++)
        if (strcmp(base->variants[v].name, options->scenario.variants.items[0]) == 0)
            ablate->fixed = v;
    return true;
}

static bool prepare(struct ablate *ablate, const struct study *study, const struct options *options,
                    struct error *error)
{
    if (!study_load(study, ablate->arena, NULL, 0, &ablate->base, error) ||
        !choose_variant(ablate, options, error) || !choose_metrics(ablate, options, error) ||
        !ablate_prepare(ablate, error))
        return false;
    ablate->command = options_command(study->options, "ablate", true);
    return true;
}

static void write_json(const void *context, FILE *file)
{
    ablate_write_json(context, file);
}

static void write_combinations(const void *context, FILE *file)
{
    ablate_write_combinations(context, file);
}

static void write_effects(const void *context, FILE *file)
{
    ablate_write_effects(context, file);
}

static void print(const void *context, const char *directory, const struct page *page)
{
    ablate_print(context, directory, page);
}

static int finish(const struct ablate *ablate, const struct study *study,
                  const struct directory_target *target)
{
    static const struct study_file files[] = {
        {MARK, write_json},
        {"combinations.tsv", write_combinations},
        {"effects.tsv", write_effects},
    };
    struct study_report report = {
        .context = ablate,
        .files = files,
        .file_count = sizeof files / sizeof files[0],
        .configuration = ablate->base,
        .is_partial = ablate->result->is_partial,
        .print = print,
        .manifest = ablate_manifest(ablate),
    };
    return study_publish(study, target, &report);
}

static int ablate_and_report(struct options *options)
{
    static const struct options_list all = {0};
    struct study study = {
        .arena = options->scenario.arena,
        .options = &options->scenario,
        .work = &options->work,
        .variants = &all,
        .interrupted = interrupt_catch(),
    };
    struct ablate ablate = {.arena = study.arena};
    struct result *result;
    struct error error;
    if (!prepare(&ablate, &study, options, &error))
        return options_fail(&error);
    struct directory_target target = study_target(&study, ablate.base, "ablate", MARK);
    struct simulation simulation = {
        .configuration = ablate.configuration,
        .work = study.work,
        .interrupted = study.interrupted,
    };
    if (!directory_check(&target, &error) || !simulate(&simulation, &result, &error))
        return options_fail(&error);
    int status = INTERRUPT_STATUS;
    if (result->replication_count > 0) {
        ablate.result = result;
        ablate.summary = summary_create(ablate.arena, result, ablate.base->confidence);
        ablate_conclude(&ablate);
        status = finish(&ablate, &study, &target);
    } else {
        fprintf(stderr, "rcesim: interrupted before the first replication; nothing written\n");
    }
    result_destroy(result);
    return status;
}

int command_ablate(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    parse_options(&options, argc, argv);
    int status = ablate_and_report(&options);
    arena_destroy(arena);
    return status;
}
