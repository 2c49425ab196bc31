#include "models/rcesim/study/study.h"

#include <string.h>

#include "models/rcesim/command.h"
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
    arena_destroy(arena);
    if (is_found)
        return true;
    if (closest != NULL)
        return error_set(error, ERROR_USAGE, "there is no metric \"%s\"; did you mean \"%s\"?",
                         name, closest);
    return error_set(error, ERROR_USAGE,
                     "there is no metric \"%s\" (metrics: see rcesim scenario --document)", name);
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

const char *study_command(const struct study *study, const char *command,
                          const struct options_list *words)
{
    const char *text = options_command(study->options, command, true);
    for (size_t i = 0; i < words->count; i++)
        text =
            arena_print(study->arena, "%s %s", text, options_quote(study->arena, words->items[i]));
    return text;
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

bool study_write(struct arena *arena, const struct directory_target *target,
                 const struct study_file *files, size_t file_count, const void *context,
                 struct error *error)
{
    struct directory *directory;
    if (!directory_open(&directory, arena, target, error))
        return false;
    for (size_t i = 0; i < file_count; i++) {
        FILE *file = directory_create_file(directory, files[i].name, error);
        if (file != NULL) {
            files[i].write(context, file);
            if (directory_close_file(directory, files[i].name, file, error))
                continue;
        }
        directory_discard(directory);
        return false;
    }
    return directory_commit(directory, error);
}
