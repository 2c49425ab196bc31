#include "models/rcesim/run/simulate.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "models/rcesim/result/console.h"
#include "models/rcesim/format/domain.h"
#include "reports/progress.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/experiment/experiment.h"

#define PATIENCE_NS (2 * UNITS_S)

struct watching {
    struct progress progress;
    const struct experiment_variant *variants;
    const char *label;
    const volatile sig_atomic_t *interrupted;
    int64_t interrupted_at_ns; /* Of the progress; 0: not yet. */
    bool is_impatience_noted, is_quiet;
};

/* Whoever has pressed Ctrl-C and waits should know that it was heard, and what else there is. */
static void note_interruption(struct watching *watching)
{
    if (watching->interrupted == NULL || *watching->interrupted == 0 || watching->is_quiet ||
        watching->is_impatience_noted)
        return;
    int64_t now_ns = progress_elapsed_ns(&watching->progress);
    if (watching->interrupted_at_ns == 0)
        watching->interrupted_at_ns = now_ns;
    if (now_ns - watching->interrupted_at_ns < PATIENCE_NS)
        return;
    progress_end(&watching->progress);
    fprintf(stderr, "rcesim: interrupting; once more to stop at once\n");
    watching->is_impatience_noted = true;
}

static void show(void *context, const struct experiment_progress *progress)
{
    struct watching *watching = context;
    note_interruption(watching);
    char estimate[160], text[224];
    console_estimate(estimate, sizeof estimate, watching->variants, progress);
    snprintf(text, sizeof text, "%s%s%s", watching->label == NULL ? "" : watching->label,
             watching->label == NULL ? "" : ": ", estimate);
    progress_show(&watching->progress, progress->replications_finished,
                  progress->replications_total, text);
}

bool simulate(const struct simulation *simulation, struct result **result, struct error *error)
{
    struct configuration *configuration = simulation->configuration;
    const struct options_work *work = simulation->work;
    size_t arena_limit_bytes;
    uint32_t process_count = simulation->process_count > 1 ? simulation->process_count : 1;
    if (!configure_check_memory(configuration, work->thread_count * process_count,
                                simulation->rows_replication_count, &arena_limit_bytes, error))
        return false;
    struct watching watching = {
        .progress = progress_start(stderr, work->is_quiet || simulation->is_silent),
        .variants = configuration->variants,
        .label = simulation->label,
        .interrupted = simulation->interrupted,
        /* Of several ranks one speaks. */
        .is_quiet = work->is_quiet || (simulation->is_silent && simulation->process_count > 0),
    };
    struct experiment_design design = {
        .model = configuration->domain->model,
        .variants = configuration->variants,
        .variant_count = configuration->variant_count,
        .first_replication = simulation->first_replication,
        .replication_count = simulation->replication_count != 0 ? simulation->replication_count
                                                                : configuration->replication_count,
        .seed = configuration->seed,
        .thread_count = work->thread_count,
        .rows_replication_count = simulation->rows_replication_count,
        .arena_limit_bytes = arena_limit_bytes,
        .interrupted = simulation->interrupted,
        .progress = show,
        .progress_context = &watching,
    };
    bool is_done = experiment_run(&design, result, error);
    progress_end(&watching.progress);
    return is_done;
}

bool simulate_more(const struct simulation *simulation, struct result **result, uint32_t until,
                   struct error *error)
{
    struct simulation more = *simulation;
    if (*result != NULL)
        more.first_replication = (*result)->first_replication + (*result)->replication_count;
    CHECK(until > more.first_replication);
    more.replication_count = until - more.first_replication;
    struct result *made, *joined;
    if (!simulate(&more, &made, error))
        return false;
    if (*result == NULL) {
        *result = made;
        return true;
    }
    struct result *const parts[] = {*result, made};
    if (!result_join(&joined, parts, 2, error)) {
        result_destroy(made);
        return false;
    }
    joined->variants = simulation->configuration->variants; /* A stored part knows names only. */
    *result = joined;
    return true;
}
