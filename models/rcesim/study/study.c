#include "models/rcesim/study/study.h"

#include <string.h>

#include "models/rcesim/command.h"
#include "models/rcesim/format/manual.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/result/render.h"
#include "models/rcesim/run/simulate.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

bool study_load(const struct study *study, struct arena *arena, const char *const *overrides,
                size_t override_count, struct configuration **configuration, struct error *error)
{
    struct options_list all = {0};
    for (size_t i = 0; i < study->options->overrides.count; i++)
        options_list_add(&all, arena, study->options->overrides.items[i]);
    for (size_t i = 0; i < override_count; i++)
        options_list_add(&all, arena, overrides[i]);
    struct scenario_source source = {
        .file_name = study->options->files.items[0],
        .overrides = all.items,
        .override_count = all.count,
    };
    struct configuration *loaded;
    if (!configure_load(&loaded, arena, &source, error) ||
        !configure_select_variants(loaded, arena, study->variants, error))
        return false;
    if (loaded->stop.rule != STOP_FIXED)
        return scenario_complain(loaded->scenario, "experiment.stop.rule", error,
                                 "here every setting gets the same fixed number of replications; "
                                 "add --set experiment.stop=null --replications N");
    *configuration = loaded;
    return true;
}

bool study_simulate(const struct study *study, struct arena *arena,
                    struct configuration *configuration, uint32_t replication_count,
                    struct study_run *run, struct error *error)
{
    struct simulation simulation = {
        .configuration = configuration,
        .work = study->work,
        .replication_count = replication_count,
        .interrupted = study->interrupted,
        .is_silent = true,
    };
    struct result *result;
    if (!simulate(&simulation, &result, error))
        return false;
    *run = (struct study_run){
        .arena = arena,
        .configuration = configuration,
        .result = result,
        .summary = summary_create(arena, result, configuration->confidence),
    };
    return true;
}

void study_release(struct study_run *run)
{
    if (run->arena == NULL)
        return;
    result_destroy(run->result);
    arena_destroy(run->arena);
    *run = (struct study_run){0};
}

struct interval study_difference(const struct study_run *first, uint32_t first_variant,
                                 const struct study_run *second, uint32_t second_variant,
                                 size_t metric)
{
    const struct metric *what = &first->result->model->metrics[metric];
    uint32_t count = first->result->replication_count;
    if (second->result->replication_count < count)
        count = second->result->replication_count;
    struct mean_pairs pairs = {0};
    for (uint32_t r = 0; r < count; r++) {
        double a, b;
        if (summary_value(what, result_record(first->result, r, first_variant), metric, &a) &&
            summary_value(what, result_record(second->result, r, second_variant), metric, &b))
            mean_pairs_add(&pairs, a, b);
    }
    struct summary_difference difference;
    summary_compare(&difference, &pairs, first->configuration->confidence);
    summary_limit_difference(&difference.difference, what);
    return difference.difference;
}

bool study_find_metric(const struct model *model, const char *name, size_t *metric,
                       struct error *error)
{
    struct arena *arena = arena_create("names", 0);
    const char **names = arena_take_array(arena, model->metric_count, sizeof *names);
    bool is_found = false;
    for (size_t i = 0; i < model->metric_count; i++) {
        names[i] = model->metrics[i].name;
        if (strcmp(names[i], name) != 0)
            continue;
        *metric = i;
        is_found = true;
    }
    const char *closest = is_found ? NULL : text_closest(name, names, model->metric_count);
    if (!is_found && closest != NULL)
        error_set(error, ERROR_USAGE, "there is no metric \"%s\"; did you mean \"%s\"?", name,
                  closest);
    else if (!is_found)
        error_set(error, ERROR_USAGE, "there is no metric \"%s\"; %s", name,
                  manual_metrics_hint(arena, model));
    arena_destroy(arena);
    return is_found;
}

struct identity study_identity(const struct configuration *configuration, const char *command,
                               uint32_t replications)
{
    return (struct identity){
        .program = "rcesim",
        .version = command_version,
        .scenario = scenario_name(configuration->scenario),
        .scenario_hash = configuration->hash,
        .seed = configuration->seed,
        .replications = replications,
        .replications_planned = replications,
        .command = command,
    };
}

struct directory_target study_target(const struct study *study,
                                     const struct configuration *configuration, const char *command,
                                     const char *mark)
{
    struct directory_target target = {
        .path = study->work->output,
        .mark = mark,
        .replace = study->work->is_forced,
    };
    if (target.path == NULL)
        target.path =
            arena_print(study->arena, "out/%s-%s", scenario_name(configuration->scenario), command);
    return target;
}

static bool write_file(struct directory *directory, const struct study_file *file,
                       const void *context, struct error *error)
{
    FILE *stream = directory_create_file(directory, file->name, error);
    if (stream == NULL)
        return false;
    file->write(context, stream);
    return directory_close_file(directory, file->name, stream, error);
}

static void write_scenario(const void *context, FILE *file)
{
    const struct study_report *report = context;
    scenario_print_resolved(report->configuration->scenario, file);
}

/* What goes with the writing of a result. */
struct writing {
    const struct study_report *report;
    struct process_patience patience;
    struct render_report drawn;
};

static bool write_all(struct arena *arena, const struct directory_target *target,
                      struct writing *writing, struct error *error)
{
    const struct study_report *report = writing->report;
    static const struct study_file scenario = {"scenario.resolved.yaml", write_scenario};
    struct directory *directory;
    if (!directory_open(&directory, arena, target, error))
        return false;
    bool is_good = write_file(directory, &scenario, report, error);
    for (size_t i = 0; is_good && i < report->file_count; i++)
        is_good = write_file(directory, &report->files[i], report->context, error);
    if (is_good && report->write_others != NULL)
        is_good = report->write_others(report->context, directory, error);
    struct render_job job = {
        .manifest = report->manifest, .directory = directory, .patience = &writing->patience};
    is_good = is_good && render(&job, &writing->drawn, error);
    if (is_good)
        return directory_commit(directory, error);
    directory_discard(directory);
    return false;
}

int study_publish(const struct study *study, const struct directory_target *target,
                  const struct study_report *report)
{
    struct directory_target written = *target;
    if (report->is_partial)
        interrupt_spare(&written, study->arena);
    struct error error;
    /* The study's Ctrl-C was for the simulation; one more is for the drawing. */
    struct writing writing = {
        .report = report,
        .patience = {.interrupted = interrupt_catch(),
                     .notice = study->work->is_quiet ? NULL : "rcesim: drawing the charts"},
    };
    bool is_written = write_all(study->arena, &written, &writing, &error);
    struct page page = page_of(stdout);
    if (study->work->is_json)
        report->files[0].write(report->context, stdout);
    else
        report->print(report->context, is_written ? written.path : NULL, &page);
    fflush(stdout); /* So that messages come after it where both go to one place. */
    if (!is_written)
        return options_fail(&error);
    bool is_drawn = render_complain(&writing.drawn);
    if (report->is_partial || *writing.patience.interrupted != 0)
        return INTERRUPT_STATUS;
    return is_drawn ? 0 : ERROR_CHART;
}
