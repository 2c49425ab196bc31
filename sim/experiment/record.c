#include "sim/experiment/record.h"

#include <string.h>

struct record *record_create(struct arena *arena, struct record_shape shape)
{
    struct record *record = arena_take(arena, sizeof *record);
    record->unit_max = shape.unit_max;
    record->metric_count = shape.metric_count;
    record->histogram_count = shape.histogram_count;
    record->values = arena_take_array(arena, shape.metric_count, sizeof *record->values);
    record->failed = arena_take_array(arena, record_words(shape.unit_max), sizeof *record->failed);
    record->histograms = arena_take_array(arena, shape.histogram_count, sizeof *record->histograms);
    for (uint32_t i = 0; i < shape.histogram_count; i++)
        histogram_init(&record->histograms[i], arena);
    record->series_count = shape.series_count;
    record->series = arena_take_array(arena, shape.series_count, sizeof *record->series);
    for (uint32_t i = 0; i < shape.series_count; i++)
        series_init(&record->series[i], arena, 0);
    return record;
}

void record_copy(struct record *into, const struct record *from, struct arena *arena)
{
    struct record copy = *from;
    size_t values_bytes = from->metric_count * sizeof *copy.values;
    size_t failed_bytes = record_words(from->unit_count) * sizeof *copy.failed;
    copy.unit_max = from->unit_count;
    copy.values = arena_take(arena, values_bytes);
    copy.failed = arena_take(arena, failed_bytes);
    copy.histograms = arena_take_array(arena, from->histogram_count, sizeof *copy.histograms);
    memcpy(copy.values, from->values, values_bytes);
    memcpy(copy.failed, from->failed, failed_bytes);
    for (uint32_t i = 0; i < from->histogram_count; i++)
        histogram_copy(&copy.histograms[i], &from->histograms[i], arena);
    copy.series = arena_take_array(arena, from->series_count, sizeof *copy.series);
    for (uint32_t i = 0; i < from->series_count; i++)
        series_copy(&copy.series[i], &from->series[i], arena);
    *into = copy;
}

bool record_equals(const struct record *a, const struct record *b)
{
    if (a->unit_count != b->unit_count || a->metric_count != b->metric_count ||
        a->histogram_count != b->histogram_count || a->series_count != b->series_count ||
        a->history_hash != b->history_hash || a->event_count != b->event_count ||
        a->draw_count != b->draw_count)
        return false;
    if (memcmp(a->values, b->values, a->metric_count * sizeof *a->values) != 0 ||
        memcmp(a->failed, b->failed, record_words(a->unit_count) * sizeof *a->failed) != 0)
        return false;
    for (uint32_t i = 0; i < a->histogram_count; i++)
        if (!histogram_equals(&a->histograms[i], &b->histograms[i]))
            return false;
    for (uint32_t i = 0; i < a->series_count; i++)
        if (!series_equals(&a->series[i], &b->series[i]))
            return false;
    return true;
}

uint32_t record_failed_count(const struct record *record)
{
    uint32_t count = 0;
    for (size_t i = 0; i < record_words(record->unit_max); i++)
        count += (uint32_t)__builtin_popcountll(record->failed[i]);
    return count;
}
