#include "models/rcesim/study/sweep.h"

#include <string.h>

#include "models/rcesim/format/domain.h"
#include "reports/progress.h"
#include "sim/base/check.h"

/* Load a point; what goes wrong is said with the point's values. */
static bool load_point(const struct sweep *sweep, struct arena *arena, size_t point,
                       struct configuration **configuration, struct error *error)
{
    const char **overrides = grid_overrides(sweep->grid, arena, point);
    size_t count = grid_override_count(sweep->grid, point);
    if (study_load(sweep->study, arena, overrides, count, configuration, error))
        return true;
    return error_context(error, "point %zu of %zu (%s)", point + 1, sweep->grid->point_count,
                         grid_point_text(sweep->grid, arena, point));
}

const char *sweep_unlike_key(const struct configuration *base, const struct configuration *point)
{
    if (point->domain != base->domain)
        return "model";
    if (point->seed != base->seed)
        return "experiment.seed";
    return point->replication_count != base->replication_count ? "experiment.replications" : NULL;
}

static bool check_alike(const struct sweep *sweep, const struct configuration *configuration,
                        size_t point, struct error *error)
{
    bool has_same_names = configuration->variant_count == sweep->variant_count;
    for (uint32_t v = 0; has_same_names && v < sweep->variant_count; v++)
        has_same_names = strcmp(configuration->variants[v].name, sweep->variants[v]) == 0;
    const char *key = sweep_unlike_key(sweep->base, configuration);
    if (key == NULL && !has_same_names)
        key = "what variants there are";
    if (key == NULL)
        return true;
    return error_set(error, ERROR_USAGE,
                     "point %zu of %zu (%s) cannot be compared with the others: %s has to be the "
                     "same at all points of a sweep; --set changes it for all",
                     point + 1, sweep->grid->point_count,
                     grid_point_text(sweep->grid, sweep->study->arena, point), key);
}

bool sweep_check(const struct sweep *sweep, struct error *error)
{
    bool is_good = true;
    for (size_t p = 0; is_good && p < sweep->grid->point_count; p++) {
        struct arena *arena = arena_create("point", 0);
        struct configuration *configuration;
        is_good = load_point(sweep, arena, p, &configuration, error) &&
                  check_alike(sweep, configuration, p, error);
        arena_destroy(arena);
        if (sweep->study->interrupted != NULL && *sweep->study->interrupted)
            break;
    }
    return is_good;
}

static void reduce(const struct sweep *sweep, const struct study_run *run,
                   const struct study_run *first, struct sweep_point *point)
{
    struct sweep_value *values = arena_take_array(
        sweep->study->arena, sweep->variant_count * sweep->metric_count, sizeof *values);
    for (uint32_t v = 0; v < sweep->variant_count; v++)
        for (size_t m = 0; m < sweep->metric_count; m++) {
            size_t metric = sweep->metrics[m];
            const struct summary_variant *summary = &run->summary->variants[v];
            struct sweep_value *value = &values[v * sweep->metric_count + m];
            *value = (struct sweep_value){
                .headline = summary->metrics[metric].headline,
                .total = summary->metrics[metric].total,
                .unit_count = summary->metrics[metric].unit_count,
                .upper_bound = summary->metrics[metric].upper_bound,
            };
            if (v > 0)
                value->against_variant = summary->differences[metric].difference;
            value->change = study_difference(run, v, first, v, metric);
        }
    point->values = values;
    point->scenario_hash = run->configuration->hash;
    point->history_hash = run->result->history_hash;
}

static void judge(const struct sweep *sweep, const struct study_run *run, struct sweep_point *point)
{
    struct arena *arena = sweep->study->arena;
    const struct configuration *configuration = run->configuration;
    size_t count = configuration->threshold_count;
    enum threshold_verdict *verdicts = arena_take_array(arena, count, sizeof *verdicts);
    point->thresholds = arena_take_array(arena, count, sizeof *point->thresholds);
    for (size_t i = 0; i < count; i++) {
        struct threshold_result judged =
            threshold_judge(&configuration->thresholds[i], run->summary, arena);
        point->thresholds[i] = arena_copy_text(arena, configuration->thresholds[i].text);
        verdicts[i] = judged.verdict;
        point->verdict_counts[verdicts[i]]++;
    }
    point->verdicts = verdicts;
    point->threshold_count = count;
}

/* Simulate one point; false also when it was interrupted, with `run` empty and no error. */
static bool run_point(struct sweep *sweep, size_t index, struct study_run *run, bool *is_whole,
                      struct error *error)
{
    struct arena *arena = arena_create("point", 0);
    struct configuration *configuration;
    *is_whole = false;
    if (!load_point(sweep, arena, index, &configuration, error) ||
        !study_simulate(sweep->study, arena, configuration, 0, run, error)) {
        arena_destroy(arena);
        return false;
    }
    if (run->result->is_partial)
        study_release(run);
    else
        *is_whole = true;
    return true;
}

static void show(const struct sweep *sweep, struct progress *progress, size_t done)
{
    char text[160] = "";
    if (done > 0) {
        struct arena *arena = arena_create("progress", 0);
        snprintf(text, sizeof text, "point %zu of %zu done: %s", done, sweep->grid->point_count,
                 grid_point_text(sweep->grid, arena, done - 1));
        arena_destroy(arena);
    }
    progress_show(progress, done, sweep->grid->point_count, text);
}

bool sweep_run(struct sweep *sweep, struct error *error)
{
    struct progress progress = progress_start(stderr, sweep->study->work->is_quiet);
    struct study_run first = {0}, run = {0};
    bool is_good = true, is_whole = true;
    sweep->verdict = THRESHOLD_PASS;
    while (is_good && is_whole && sweep->finished_count < sweep->grid->point_count) {
        size_t index = sweep->finished_count;
        is_good = run_point(sweep, index, index == 0 ? &first : &run, &is_whole, error);
        if (!is_good || !is_whole)
            break;
        struct sweep_point *point = &sweep->points[index];
        const struct study_run *made = index == 0 ? &first : &run;
        reduce(sweep, made, &first, point);
        judge(sweep, made, point);
        for (size_t i = 0; i < point->threshold_count; i++)
            sweep->verdict = threshold_worse(sweep->verdict, point->verdicts[i]);
        study_release(&run);
        sweep->finished_count++;
        show(sweep, &progress, sweep->finished_count);
    }
    study_release(&run);
    study_release(&first);
    progress_end(&progress);
    return is_good;
}
