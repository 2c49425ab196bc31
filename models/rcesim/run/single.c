#include "models/rcesim/run/single.h"

#include <string.h>

#include "models/rcesim/format/domain.h"

bool single_run(const struct single *single, struct arena *arena, const struct record **record,
                struct error *error)
{
    const struct configuration *configuration = single->configuration;
    const struct model *model = configuration->domain->model;
    const void *parameters = configuration->variants[single->variant].parameters;
    struct record_shape shape = {
        .unit_max = model->units_max(parameters),
        .metric_count = (uint32_t)model->metric_count,
        .histogram_count = (uint32_t)model->histogram_count,
        .series_count = (uint32_t)model->series_count,
    };
    struct oracle oracle = oracle_make(configuration->seed, single->replication, NULL, NULL);
    struct record *made = record_create(arena, shape);
    struct model_run run = {
        .parameters = parameters,
        .variant = single->variant,
        .replication = single->replication,
        .oracle = &oracle,
        .arena = arena,
        .sink = single->sink,
        .interrupted = single->interrupted,
    };
    if (!model->run(&run, made, error))
        return false;
    *record = made;
    return true;
}

bool single_first_failed(const struct record *record, uint32_t *unit)
{
    for (uint32_t i = 0; i < record->unit_count; i++) {
        if (!record_is_failed(record, i))
            continue;
        *unit = i;
        return true;
    }
    return false;
}

size_t single_column(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->row_column_count; i++)
        if (strcmp(model->row_columns[i].name, name) == 0)
            return i;
    return model->row_column_count;
}

struct search {
    size_t column;
    uint32_t row_count, found;
    bool is_found;
};

static void look_at_row(void *context, const struct model_run *run, const int64_t *values)
{
    (void)run;
    struct search *search = context;
    if (!search->is_found && values[search->column] != 0 && values[search->column] != ROW_NONE) {
        search->is_found = true;
        search->found = search->row_count;
    }
    search->row_count++;
}

bool single_find_row(const struct single *single, const char *column, uint32_t *unit)
{
    const struct model *model = single->configuration->domain->model;
    struct search search = {.column = single_column(model, column)};
    if (search.column == model->row_column_count)
        return false;
    struct model_sink sink = {.context = &search, .row = look_at_row};
    struct single run = *single;
    run.sink = &sink;
    struct arena *arena = arena_create("replay", 0);
    const struct record *record;
    bool is_run = single_run(&run, arena, &record, NULL);
    arena_destroy(arena);
    if (is_run && search.is_found)
        *unit = search.found;
    return is_run && search.is_found;
}
