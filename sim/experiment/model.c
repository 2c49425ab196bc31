#include "sim/experiment/model.h"

bool model_is_shape(const struct model *model, uint32_t purpose)
{
    if (model->explore == NULL)
        return false;
    for (uint32_t i = 0; i < model->explore->shape_purpose_count; i++)
        if (model->explore->shape_purposes[i] == purpose)
            return true;
    return false;
}

void model_align_series(const struct model *model, struct record *record)
{
    for (size_t i = 0; i < model->series_count; i++)
        if (model->series[i].is_part)
            series_coarsen(&record->series[i], record->series[model->series[i].part_of].bin_ns);
}

static bool is_part_of(const struct series *part, const struct series *whole)
{
    if (part->bin_count == 0)
        return true;
    if (part->bin_ns != whole->bin_ns)
        return false;
    for (uint32_t i = 0; i < part->bin_count; i++)
        if (part->bins[i] > series_count_at(whole, part->first + i))
            return false;
    return true;
}

const char *model_find_defect(const struct model *model, const struct record *record)
{
    const int64_t *values = record->values;
    if (model->metric_count > 0 && values[model->failed_metric] != record_failed_count(record))
        return "the failed units do not add up";
    for (size_t i = 0; i < model->metric_count; i++) {
        const struct metric *metric = &model->metrics[i];
        if (metric->kind != METRIC_PROPORTION || values[i] == METRIC_NONE)
            continue;
        if (values[i] < 0 || values[i] > record->unit_count)
            return "a proportion is more than all units";
        if (metric->is_part &&
            (values[i] > values[metric->part_of] || values[metric->part_of] > record->unit_count))
            return "a part is more than the whole";
    }
    for (size_t i = 0; i < model->series_count; i++) {
        const struct model_series *series = &model->series[i];
        if (series->is_part && !is_part_of(&record->series[i], &record->series[series->part_of]))
            return "a series is more than what it is a part of";
    }
    return NULL;
}
