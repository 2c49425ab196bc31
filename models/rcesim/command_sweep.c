#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/study/sweep.h"
#include "models/rcesim/study/sweep_list.h"
#include "reports/progress.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#define MARK "sweep.json"

enum { LISTED_MAX = 40 };

enum option_key { KEY_OVER = 512, KEY_WHERE, KEY_METRIC, KEY_DRY_RUN, KEY_CHECK, KEY_ALONE };

struct options {
    struct options_scenario scenario;
    struct options_work work;
    struct options_list overs, wheres, metrics;
    bool is_dry_run, is_checked, is_alone;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_OVER:
        options_note_in(&options->scenario, &options->overs, "--over", argument);
        return 0;
    case KEY_WHERE:
        options_note_in(&options->scenario, &options->wheres, "--where", argument);
        return 0;
    case KEY_METRIC:
        options_note_in(&options->scenario, &options->metrics, "--metric", argument);
        return 0;
    case KEY_DRY_RUN: options->is_dry_run = true; return 0;
    case KEY_ALONE:
        options->is_alone = true;
        options_note(&options->scenario, "--one-at-a-time", NULL);
        return 0;
    case ARGP_KEY_SUCCESS:
        if (options->is_alone && options->wheres.count > 0)
            argp_error(state, "--one-at-a-time crosses nothing, so there is nothing for --where");
        return 0;
    case KEY_CHECK: options->is_checked = true; return 0;
    }
    return options_one_simulation(key, argument, state, &options->scenario, &options->work);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"over", KEY_OVER, "PATH=VALUES", 0,
         "What to vary; several are crossed. VALUES: a list (1,2,5), a range with a step "
         "(1min..5min..30s), a factor (10..1000*10) or a number of values (0%..5%:6, or :*6 for "
         "equal factors), or a text with such values in braces (see "
         "below). Paths that move "
         "together: a,b=1:2,3:4",
         2},
        {"where", KEY_WHERE, "CONDITION", 0,
         "Keep only points that meet it, such as 'a.b + 5min <= 2 * c.d'", 2},
        {"one-at-a-time", KEY_ALONE, NULL, 0,
         "Vary each --over alone, everything else as the scenario has it: how much depends on what "
         "(the tornado)",
         2},
        {"metric", KEY_METRIC, "NAME", 0,
         "Only this metric in all tables and files; may be given several times. Without it, tables "
         "show what matters most in the model and files have all",
         2},
        {"check", KEY_CHECK, NULL, 0,
         "Let the thresholds of the scenario, judged at every point, decide the exit status", 2},
        {"dry-run", KEY_DRY_RUN, NULL, 0, "List the points and what they would cost", 2},
        {0},
    };
    static const struct argp_child children[] = {
        {&options_scenario_argp, 0, NULL, 0}, {&options_work_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO",
        .doc = "Simulate a scenario at many points, all in the same worlds, and compare them."
               "\vValues inside of a text:\n"
               "  --over 'provisioning.connect=lognormal(median={1min,5min}, sigma=1.2)'\n\n"
               "Without --over the scenario's own `sweep` list is used. Exit status 130: "
               "interrupted, the points that were finished are kept; with --check 10: a threshold "
               "failed at some point, 11: one is inconclusive.",
        .children = children,
    };
    command_parse(&argp, argc, argv, options);
}

static bool is_chosen(const struct sweep *sweep, const size_t *metrics, size_t metric)
{
    for (size_t i = 0; i < sweep->metric_count; i++)
        if (metrics[i] == metric)
            return true;
    return false;
}

/* Those of the command line, or the headlines of the model in tables and all in files. */
static bool choose_metrics(struct sweep *sweep, const struct options *options, struct error *error)
{
    const struct domain *domain = sweep->base->domain;
    const struct model *model = domain->model;
    size_t count = options->metrics.count;
    size_t *metrics =
        arena_take_array(sweep->study->arena, count + model->metric_count, sizeof *metrics);
    sweep->metrics = metrics;
    for (; sweep->metric_count < count; sweep->metric_count++)
        if (!study_find_metric(model, options->metrics.items[sweep->metric_count],
                               &metrics[sweep->metric_count], error))
            return error_context(error, "--metric");
    for (; count == 0 && sweep->metric_count < domain->headline_count; sweep->metric_count++)
        CHECK(study_find_metric(model, domain->criteria[sweep->metric_count].metric,
                                &metrics[sweep->metric_count], error));
    sweep->shown_count = sweep->metric_count;
    for (size_t i = 0; count == 0 && i < model->metric_count; i++)
        if (!is_chosen(sweep, metrics, i))
            metrics[sweep->metric_count++] = i;
    return true;
}

/* The scenario's own list, where the command line has none. */
static bool read_axes(const struct options *options, const struct configuration *configuration,
                      struct grid *grid, struct error *error)
{
    for (size_t i = 0; i < options->overs.count; i++)
        if (!grid_add(grid, options->overs.items[i], error))
            return false;
    if (options->overs.count > 0 && options->is_alone)
        return grid_build_alone(grid, error);
    if (options->overs.count > 0)
        return grid_build(grid, options->wheres.items, options->wheres.count, error);
    if (scenario_child_count(configuration->scenario, "sweep") == 0)
        return error_set(error, ERROR_USAGE,
                         "nothing to vary: write --over PATH=VALUES, such as --over "
                         "fleet.sddcs=10,100, or a `sweep` list in the scenario");
    if (!sweep_list_add(configuration, grid, error))
        return false;
    if (options->is_alone)
        return grid_build_alone(grid, error);
    return grid_build(grid, options->wheres.items, options->wheres.count, error);
}

static bool prepare(struct sweep *sweep, struct grid *grid, const struct options *options,
                    struct error *error)
{
    const struct study *study = sweep->study;
    struct configuration *plain, *first;
    if (!study_load(study, study->arena, NULL, 0, &plain, error))
        return false;
    grid_init(grid, study->arena);
    if (!read_axes(options, plain, grid, error))
        return false;
    const char **overrides = grid_overrides(grid, study->arena, 0);
    if (!study_load(study, study->arena, overrides, grid_override_count(grid, 0), &first, error))
        return error_context(error, "point 1 of %zu (%s)", grid->point_count,
                             grid_point_text(grid, study->arena, 0));
    sweep->grid = grid;
    sweep->base = plain;
    sweep->replication_count = plain->replication_count;
    sweep->variant_count = first->variant_count;
    sweep->variants = arena_take_array(study->arena, first->variant_count, sizeof *sweep->variants);
    for (uint32_t v = 0; v < first->variant_count; v++)
        sweep->variants[v] = first->variants[v].name;
    sweep->points = arena_take_array(study->arena, grid->point_count, sizeof *sweep->points);
    sweep->command = options_command(study->options, "sweep", true);
    return choose_metrics(sweep, options, error) && sweep_check(sweep, error);
}

/* Time of one replication of a point. */
static bool measure_point(const struct sweep *sweep, size_t point, double *cost_ns,
                          struct error *error)
{
    const struct study *study = sweep->study;
    struct arena *arena = arena_create("point", 0);
    const char **overrides = grid_overrides(sweep->grid, arena, point);
    struct configuration *configuration;
    struct study_run run = {0};
    struct progress clock = progress_start(stderr, true);
    size_t count = grid_override_count(sweep->grid, point);
    if (!study_load(study, arena, overrides, count, &configuration, error) ||
        !study_simulate(study, arena, configuration, 1, &run, error)) {
        arena_destroy(arena);
        return false;
    }
    *cost_ns = (double)progress_elapsed_ns(&clock);
    study_release(&run);
    return true;
}

/* One replication of the first point and one of the last tell what all of them will take. */
static bool measure(const struct sweep *sweep, double *cost_ns, struct error *error)
{
    double first_ns, last_ns;
    if (!measure_point(sweep, 0, &first_ns, error) ||
        !measure_point(sweep, sweep->grid->point_count - 1, &last_ns, error))
        return false;
    double replications = (double)sweep->grid->point_count * sweep->replication_count;
    double threads = sweep->study->work->thread_count < sweep->replication_count
                         ? sweep->study->work->thread_count
                         : sweep->replication_count;
    *cost_ns = (first_ns + last_ns) / 2 * replications / threads;
    return true;
}

static int dry_run(const struct sweep *sweep)
{
    struct page page = page_of(stdout);
    double cost_ns;
    struct error error;
    char text[UNITS_TEXT_SIZE_BYTES];
    if (!measure(sweep, &cost_ns, &error))
        return options_fail(&error);
    if (sweep->study->work->is_json) {
        sweep_write_plan_json(sweep, cost_ns, stdout);
        return 0;
    }
    for (size_t p = 0; p < sweep->grid->point_count && p < LISTED_MAX; p++)
        page_paragraph(&page, 2,
                       arena_print(sweep->study->arena, "%zu: %s", p + 1,
                                   grid_point_text(sweep->grid, sweep->study->arena, p)));
    if (sweep->grid->point_count > LISTED_MAX)
        printf("  ... and %zu more\n", sweep->grid->point_count - LISTED_MAX);
    units_print_rough_duration(text, cost_ns < 9e18 ? (int64_t)cost_ns : INT64_MAX);
    uint32_t threads = sweep->study->work->thread_count;
    page_paragraph(&page, 0,
                   arena_print(sweep->study->arena,
                               "%zu point%s of %" PRIu32 " variant%s, %" PRIu32
                               " replication%s each: about %s with %" PRIu32
                               " thread%s, by one replication of the first and of the last point",
                               sweep->grid->point_count, sweep->grid->point_count == 1 ? "" : "s",
                               sweep->variant_count, sweep->variant_count == 1 ? "" : "s",
                               sweep->replication_count, sweep->replication_count == 1 ? "" : "s",
                               text, threads, threads == 1 ? "" : "s"));
    return 0;
}

static void write_json(const void *context, FILE *file)
{
    sweep_write_json(context, file);
}

static void write_tsv(const void *context, FILE *file)
{
    sweep_write_tsv(context, file);
}

static void print(const void *context, const char *directory, const struct page *page)
{
    sweep_print(context, directory, page);
}

static int finish(const struct sweep *sweep, const struct directory_target *target)
{
    static const struct study_file files[] = {{MARK, write_json}, {"sweep.tsv", write_tsv}};
    if (sweep->finished_count == 0) {
        fprintf(stderr, "rcesim: interrupted before the first point; nothing written\n");
        return INTERRUPT_STATUS;
    }
    struct study_report report = {
        .context = sweep,
        .files = files,
        .file_count = sizeof files / sizeof files[0],
        .configuration = sweep->base,
        .is_partial = sweep_is_partial(sweep),
        .print = print,
        .manifest = sweep_manifest(sweep),
    };
    int status = study_publish(sweep->study, target, &report);
    if (status != 0 || !sweep->is_checked)
        return status;
    return command_verdict_status(sweep_verdict(sweep));
}

static int sweep_and_report(struct options *options)
{
    struct study study = {
        .arena = options->scenario.arena,
        .options = &options->scenario,
        .work = &options->work,
        .variants = &options->scenario.variants,
        .interrupted = interrupt_catch(),
    };
    struct sweep sweep = {.study = &study, .is_checked = options->is_checked};
    struct grid grid;
    struct error error;
    if (!prepare(&sweep, &grid, options, &error))
        return options_fail(&error);
    if (options->is_dry_run)
        return dry_run(&sweep);
    struct directory_target target = study_target(&study, sweep.base, "sweep", MARK);
    if (!directory_check(&target, &error) || !sweep_run(&sweep, &error))
        return options_fail(&error);
    return finish(&sweep, &target);
}

int command_sweep(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    parse_options(&options, argc, argv);
    int status = sweep_and_report(&options);
    arena_destroy(arena);
    return status;
}
