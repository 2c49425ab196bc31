#include "models/rcesim/result/bundle_parts.h"

#include <string.h>

#include "models/rcesim/result/estimate.h"

/* "per workflow", "in all", "" */
static const char *of_text(const struct bundle *bundle, const struct metric *metric)
{
    switch (metric->kind) {
    case METRIC_PROPORTION: return arena_print(bundle->arena, ", share of %s", bundle->units);
    case METRIC_PER_UNIT: return arena_print(bundle->arena, " per %s", bundle->model->unit_name);
    case METRIC_TOTAL: return " per replication";
    case METRIC_PER_REPLICATION: return "";
    }
    return "";
}

/* "21.8 [21.7, 21.9]" */
static const char *value_text(const struct bundle *bundle, const struct metric *metric,
                              const struct summary_metric *summary)
{
    struct arena *arena = bundle->arena;
    struct interval shown = summary->headline, *headline = &shown;
    if (!interval_has_estimate(headline))
        return "no data";
    if (metric->kind != METRIC_PROPORTION && metric->kind != METRIC_PER_REPLICATION &&
        summary->total == 0)
        return "none";
    /* A t interval of something rare reaches below what there can be. */
    if (headline->low < 0)
        headline->low = 0;
    if (metric->kind == METRIC_PROPORTION && summary->total == 0)
        return estimate_rate_text(arena, metric, summary);
    const char *value = estimate_value_text(arena, metric, headline->estimate);
    if (!interval_is_known(headline) || (headline->low == headline->high))
        return value;
    return arena_print(arena, "%s %s", value, estimate_interval_text(arena, metric, headline));
}

static bool is_cost(const struct bundle *bundle, size_t metric)
{
    const struct metric *what = &bundle->model->metrics[metric];
    return what->group == NULL && metric != bundle->model->failed_metric && !what->is_part &&
           what->kind != METRIC_PROPORTION && strcmp(what->name, "violations") != 0 &&
           !bundle_is_of_rollout(bundle, metric) && bundle_is_seen(bundle, metric);
}

void bundle_add_cost(struct bundle *bundle)
{
    struct bundle_section section = {.bundle = bundle, .id = "cost", .title = "What it costs"};
    struct arena *arena = bundle->arena;
    struct manifest_block *table = NULL;
    for (size_t m = 0; m < bundle->model->metric_count; m++) {
        const struct metric *metric = &bundle->model->metrics[m];
        if (!is_cost(bundle, m))
            continue;
        if (table == NULL) {
            table = manifest_add_table(
                bundle_open(&section),
                bundle->result->replication_count > 1
                    ? arena_print(arena, "Means with their %s intervals", bundle->confidence)
                    : "One replication: no intervals");
            manifest_add_table_column(table, "figure", MANIFEST_LEFT);
            for (uint32_t v = 0; v < bundle->result->variant_count; v++)
                manifest_add_table_column(table, bundle_name(bundle, v), MANIFEST_RIGHT);
        }
        manifest_add_cell(table,
                          arena_print(arena, "%s%s", metric->label, of_text(bundle, metric)));
        for (uint32_t v = 0; v < bundle->result->variant_count; v++)
            manifest_add_cell(table, value_text(bundle, metric, bundle_metric(bundle, v, m)));
    }
    bundle_add_storm(&section);
}
