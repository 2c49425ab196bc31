#include "models/rcesim/study/ablate.h"

#include <inttypes.h>

#include "models/rcesim/result/estimate.h"
#include "models/rcesim/study/study_page.h"

static const struct metric *metric_of(const struct ablate *ablate, size_t index)
{
    return &ablate->result->model->metrics[ablate->metrics[index]];
}

static const struct interval *headline_of(const struct ablate *ablate, uint32_t variant,
                                          size_t index)
{
    return &ablate->summary->variants[variant].metrics[ablate->metrics[index]].headline;
}

static struct study_page_axis axis_of(const struct ablate *ablate, size_t index)
{
    double largest = 0;
    for (uint32_t v = 0; v < ablate->result->variant_count; v++)
        largest = study_page_reach(largest, headline_of(ablate, v, index));
    return study_page_axis_of(ablate->arena, metric_of(ablate, index), largest);
}

static const char *n_text(const struct ablate *ablate)
{
    return arena_print(
        ablate->arena,
        "n = %s %s per combination in %" PRIu32 " replication%s, the same worlds "
        "for all",
        estimate_count_text(ablate->arena, (double)ablate->summary->variants[0].unit_count),
        ablate->result->model->unit_names, ablate->result->replication_count,
        ablate->result->replication_count == 1 ? "" : "s");
}

/* From none of the fixes to all of them, by the share that each has. */
static void add_waterfall(const struct ablate *ablate, struct study_page *page)
{
    struct arena *arena = ablate->arena;
    const struct metric *metric = metric_of(ablate, 0);
    const struct interval *none = headline_of(ablate, ablate->variant_of[0], 0);
    if (!interval_has_estimate(none))
        return;
    for (size_t f = 0; f < ablate->factor_count; f++)
        if (!interval_has_estimate(&ablate_effect(ablate, 0, f)->share))
            return;
    struct study_page_axis axis = axis_of(ablate, 0);
    struct chart *chart = chart_create(arena, CHART_WATERFALL, "ablation");
    chart_add_column(chart, CHART_LABEL, "step", NULL);
    chart_add_column(chart, CHART_FROM, "from", NULL);
    chart_add_column(chart, CHART_TO, "to", NULL);
    double at = none->estimate;
    chart_add_text(chart,
                   arena_print(arena, "%s: no fix", ablate->base->variants[ablate->first].name));
    chart_add_number(chart, 0);
    chart_add_number(chart, axis.factor * at);
    for (size_t f = 0; f < ablate->factor_count; f++) {
        double next = at - ablate_effect(ablate, 0, f)->share.estimate;
        chart_add_text(chart, ablate->factors[f]);
        chart_add_number(chart, axis.factor * at);
        chart_add_number(chart, axis.factor * next);
        at = next;
    }
    chart_add_text(
        chart, arena_print(arena, "%s: all of them", ablate->base->variants[ablate->fixed].name));
    chart_add_number(chart, 0);
    chart_add_number(chart, axis.factor * at);
    chart_set_words(
        chart, arena_print(arena, "What each fix adds: %s", metric->label),
        arena_print(arena,
                    "%s\nSteps are Shapley shares: the mean effect over all orders in "
                    "which the fixes can be added",
                    n_text(ablate)),
        arena_print(arena, "The %s from no fix to all fixes, a step for each.", metric->label));
    chart_set_x(chart, axis.label, axis.unit);
    manifest_add_chart(page->manifest, page->section, chart);
}

static void add_combinations_chart(const struct ablate *ablate, struct study_page *page)
{
    struct arena *arena = ablate->arena;
    const struct metric *metric = metric_of(ablate, 0);
    struct study_page_axis axis = axis_of(ablate, 0);
    struct chart *chart = chart_create(arena, CHART_INTERVAL, "ablation-combinations");
    chart_add_column(chart, CHART_LABEL, "combination", NULL);
    chart_add_column(chart, CHART_LOW, "low", NULL);
    chart_add_column(chart, CHART_ESTIMATE, "estimate", NULL);
    chart_add_column(chart, CHART_HIGH, "high", NULL);
    for (uint32_t v = 0; v < ablate->result->variant_count; v++) {
        chart_add_text(chart, ablate->result->variants[v].name);
        study_page_add_interval(chart, headline_of(ablate, v, 0), axis.factor);
    }
    chart_set_words(
        chart, arena_print(arena, "Every combination of the fixes: %s", metric->label),
        arena_print(arena, "%s\nBars: %s", n_text(ablate),
                    estimate_interval_title(arena, ablate->base->confidence)),
        arena_print(arena, "The %s with each combination of the fixes.", metric->label));
    chart_set_x(chart, axis.label, axis.unit);
    manifest_add_chart(page->manifest, page->section, chart);
}

static void add_combinations(const struct ablate *ablate, struct study_page *page, size_t index)
{
    struct arena *arena = ablate->arena;
    const struct metric *metric = metric_of(ablate, index);
    struct manifest_block *table = manifest_add_table(
        page->section, arena_print(arena, "Combinations of the fixes: %s", metric->label));
    manifest_add_table_column(table, "combination", MANIFEST_LEFT);
    manifest_add_table_column(table, metric->label, MANIFEST_RIGHT);
    manifest_add_table_column(table, estimate_interval_title(arena, ablate->base->confidence),
                              MANIFEST_RIGHT);
    manifest_add_table_column(table, "fail here and not without any fix", MANIFEST_RIGHT);
    for (uint32_t v = 0; v < ablate->result->variant_count; v++) {
        const struct summary_variant *summary = &ablate->summary->variants[v];
        const struct summary_metric *value = &summary->metrics[ablate->metrics[index]];
        const char *estimate = "no data";
        if (metric->kind == METRIC_PROPORTION)
            estimate = estimate_rate_text(arena, metric, value);
        else if (interval_has_estimate(&value->headline))
            estimate = estimate_value_text(arena, metric, value->headline.estimate);
        manifest_add_cell(table, ablate->result->variants[v].name);
        manifest_add_cell(table, estimate);
        manifest_add_cell(table, estimate_interval_text(arena, metric, &value->headline));
        manifest_add_cell(table, v > 0 && summary->units.is_known
                                     ? estimate_count_text(arena, (double)summary->units.only_later)
                                     : "-");
    }
}

/* What a fix does: less of the metric is a minus. */
static const char *effect_text(const struct ablate *ablate, const struct metric *metric,
                               const struct interval *reduction)
{
    struct interval change = *reduction;
    change.estimate = reduction->estimate == 0 ? 0 : -reduction->estimate;
    change.low = reduction->high == 0 ? 0 : -reduction->high;
    change.high = reduction->low == 0 ? 0 : -reduction->low;
    return estimate_change_text(ablate->arena, metric, &change);
}

static void add_effects(const struct ablate *ablate, struct study_page *page, size_t index)
{
    struct arena *arena = ablate->arena;
    const struct metric *metric = metric_of(ablate, index);
    struct manifest_block *table = manifest_add_table(
        page->section,
        arena_print(arena,
                    "What each fix does to the %s%s: alone against none, beside the "
                    "others against all the others, and its Shapley share",
                    metric->label, metric->kind == METRIC_PROPORTION ? ", in points" : ""));
    manifest_add_table_column(table, "fix", MANIFEST_LEFT);
    manifest_add_table_column(table, "alone", MANIFEST_RIGHT);
    manifest_add_table_column(table, "beside the others", MANIFEST_RIGHT);
    manifest_add_table_column(table, "Shapley share", MANIFEST_RIGHT);
    for (size_t f = 0; f < ablate->factor_count; f++) {
        const struct ablate_effect *effect = ablate_effect(ablate, index, f);
        manifest_add_cell(table, ablate->factors[f]);
        manifest_add_cell(table, effect_text(ablate, metric, &effect->alone));
        manifest_add_cell(table, effect_text(ablate, metric, &effect->last));
        manifest_add_cell(table, effect_text(ablate, metric, &effect->share));
    }
}

/* "18.0 % [17.3, 18.8] %" */
static const char *end_text(const struct ablate *ablate, uint32_t variant)
{
    const struct metric *metric = metric_of(ablate, 0);
    const struct summary_metric *value =
        &ablate->summary->variants[variant].metrics[ablate->metrics[0]];
    const char *text = "no data";
    if (metric->kind == METRIC_PROPORTION)
        text = estimate_rate_text(ablate->arena, metric, value);
    else if (interval_has_estimate(&value->headline))
        text = estimate_value_text(ablate->arena, metric, value->headline.estimate);
    if (!interval_is_known(&value->headline) || value->total == 0)
        return text;
    return arena_print(ablate->arena, "%s %s", text,
                       estimate_interval_text(ablate->arena, metric, &value->headline));
}

static const char *lead_of(const struct ablate *ablate)
{
    size_t all = ((size_t)1 << ablate->factor_count) - 1;
    return arena_print(ablate->arena,
                       "Without any of the fixes the %s is %s, with all of them %s (%ss; "
                       "%" PRIu32 " replication%s, the same worlds for all).",
                       metric_of(ablate, 0)->label, end_text(ablate, ablate->variant_of[0]),
                       end_text(ablate, ablate->variant_of[all]),
                       estimate_interval_title(ablate->arena, ablate->base->confidence),
                       ablate->result->replication_count,
                       ablate->result->replication_count == 1 ? "" : "s");
}

struct manifest *ablate_manifest(const struct ablate *ablate)
{
    struct identity identity = ablate_identity(ablate);
    struct study_page page = study_page_begin(
        ablate->arena, &identity,
        &(struct study_page_words){
            .question = ablate->base->question,
            .lead = lead_of(ablate),
            .id = STUDY_PAGE_ABLATION,
            .title = "Which part of the fix did it",
            .partial = ablate->result->is_partial
                           ? arena_print(ablate->arena, "%" PRIu32 " of %" PRIu32 " replications",
                                         ablate->result->replication_count,
                                         ablate->result->replications_planned)
                           : NULL,
        });
    for (size_t f = 0; f < ablate->factor_count; f++)
        manifest_add_text(page.section, MANIFEST_PLAIN, ablate_sentence(ablate, f));
    add_waterfall(ablate, &page);
    for (size_t m = 0; m < ablate->metric_count; m++) {
        add_effects(ablate, &page, m);
        add_combinations(ablate, &page, m);
    }
    add_combinations_chart(ablate, &page);
    return study_page_end(&page);
}
