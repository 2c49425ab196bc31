#include "models/rcesim/result/observed.h"

#include "models/rcesim/format/domain.h"
#include "sim/base/check.h"
#include "sim/experiment/experiment.h"

/* In the place of a simulation: hand in what was seen. */
static bool hand_in(const struct model_run *run, struct record *record, struct error *error)
{
    (void)error;
    const struct observed *observed = run->parameters;
    const struct row_table *rows = observed->rows;
    record_copy(record, observed->record, run->arena);
    for (size_t i = 0; rows != NULL && i < rows->row_count; i++)
        if (run->sink != NULL && run->sink->row != NULL)
            run->sink->row(run->sink->context, run, &rows->values[i * rows->column_count]);
    return true;
}

static uint32_t units_max(const void *parameters)
{
    uint32_t count = ((const struct observed *)parameters)->record->unit_count;
    return count > 0 ? count : 1;
}

bool observed_result(const struct observed *observed, const struct configuration *configuration,
                     struct result **result, struct error *error)
{
    CHECK(configuration->variant_count == 1);
    struct model model = *configuration->domain->model;
    model.run = hand_in;
    model.units_max = units_max;
    const struct experiment_variant variant = {.name = configuration->variants[0].name,
                                               .parameters = observed};
    const struct experiment_design design = {.model = &model,
                                             .variants = &variant,
                                             .variant_count = 1,
                                             .first_replication = observed->replication,
                                             .replication_count = 1,
                                             .seed = configuration->seed,
                                             .thread_count = 1,
                                             .rows_first_replication = observed->replication,
                                             .rows_replication_count = observed->rows != NULL};
    if (!experiment_run(&design, result, error))
        return false;
    (*result)->model = configuration->domain->model;
    (*result)->variants = configuration->variants;
    return true;
}

int observed_publish(const struct observed *observed, struct publication *publication)
{
    struct result *result;
    struct error error;
    if (!observed_result(observed, publication->configuration, &result, &error))
        return options_fail(&error);
    publication->result = result;
    publication->commands.is_observed = true;
    int status = publication_publish(publication);
    result_destroy(result);
    return status;
}
