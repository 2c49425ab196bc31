#include "models/rcesim/study/policies.h"

#include <inttypes.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/estimate.h"
#include "models/rcesim/study/study_page.h"

static struct arena *arena_of(const struct policies *policies)
{
    return policies->study.arena;
}

static struct study_page_axis axis_of(const struct policies *policies, size_t criterion)
{
    double largest = 0;
    for (size_t v = 0; v < policies->configuration->variant_count; v++)
        largest = study_page_reach(largest, &policies_summary(policies, v, criterion)->headline);
    return study_page_axis_of(arena_of(policies), policies_metric(policies, criterion), largest);
}

static void add_estimate(struct chart *chart, const struct interval *interval, double factor)
{
    if (interval_has_estimate(interval))
        chart_add_number(chart, factor * interval->estimate);
    else
        chart_add_missing(chart);
}

static void add_limits(struct chart *chart, const struct interval *interval, double factor)
{
    for (int i = 0; i < 2; i++)
        if (interval_is_known(interval))
            chart_add_number(chart, factor * (i == 0 ? interval->low : interval->high));
        else
            chart_add_missing(chart);
}

/* The first two criteria against each other. */
/* Is there no other that is at least as good by both criteria of the picture, and better by one?
 * The front by all criteria (policies.h) would not be one in a picture of two. */
static bool is_on_drawn_front(const struct policies *policies, size_t variant)
{
    const struct interval *y = &policies_summary(policies, variant, 0)->headline;
    const struct interval *x = &policies_summary(policies, variant, 1)->headline;
    if (!interval_has_estimate(x) || !interval_has_estimate(y))
        return false;
    for (size_t v = 0; v < policies->configuration->variant_count; v++) {
        const struct interval *other_y = &policies_summary(policies, v, 0)->headline;
        const struct interval *other_x = &policies_summary(policies, v, 1)->headline;
        bool is_better = interval_has_estimate(other_x) && interval_has_estimate(other_y) &&
                         other_x->estimate <= x->estimate && other_y->estimate <= y->estimate &&
                         (other_x->estimate < x->estimate || other_y->estimate < y->estimate);
        if (is_better)
            return false;
    }
    return true;
}

static void add_front(const struct policies *policies, struct study_page *page)
{
    struct arena *arena = arena_of(policies);
    if (policies->criterion_count < 2)
        return;
    struct study_page_axis y = axis_of(policies, 0), x = axis_of(policies, 1);
    struct chart *chart = chart_create(arena, CHART_FRONT, "policies-front");
    chart_add_column(chart, CHART_LABEL, "policy", NULL);
    chart_add_column(chart, CHART_X, "x", NULL);
    chart_add_column(chart, CHART_Y, "y", NULL);
    chart_add_column(chart, CHART_IS_FRONT, "is_front", NULL);
    chart_add_column(chart, CHART_X_LOW, "x_low", NULL);
    chart_add_column(chart, CHART_X_HIGH, "x_high", NULL);
    chart_add_column(chart, CHART_LOW, "y_low", NULL);
    chart_add_column(chart, CHART_HIGH, "y_high", NULL);
    for (size_t k = 0; k < policies->configuration->variant_count; k++) {
        size_t v = policies->order[k];
        chart_add_text(chart, policies_name(policies, v));
        add_estimate(chart, &policies_summary(policies, v, 1)->headline, x.factor);
        add_estimate(chart, &policies_summary(policies, v, 0)->headline, y.factor);
        chart_add_number(chart, is_on_drawn_front(policies, v));
        add_limits(chart, &policies_summary(policies, v, 1)->headline, x.factor);
        add_limits(chart, &policies_summary(policies, v, 0)->headline, y.factor);
    }
    chart_set_words(
        chart, "What a policy costs, and what it brings",
        arena_print(arena,
                    "On the front: no other is at least as good by both and better by one; the "
                    "table has the front by all criteria\nBars: %s; replications differ, see the "
                    "table",
                    estimate_interval_title(arena, policies->configuration->confidence)),
        arena_print(arena, "Policies by %s and %s; both should be low.",
                    policies_metric(policies, 1)->label, policies_metric(policies, 0)->label));
    chart_set_x(chart, x.label, x.unit);
    chart_set_y(chart, y.label, y.unit);
    manifest_add_chart(page->manifest, page->section, chart);
}

static const char *value_text(const struct policies *policies, size_t variant, size_t criterion)
{
    struct arena *arena = arena_of(policies);
    const struct metric *metric = policies_metric(policies, criterion);
    const struct summary_metric *summary = policies_summary(policies, variant, criterion);
    const char *value = "no data";
    if (metric->kind == METRIC_PROPORTION)
        value = estimate_rate_text(arena, metric, summary);
    else if (interval_has_estimate(&summary->headline))
        value = estimate_value_text(arena, metric, summary->headline.estimate);
    return interval_is_known(&summary->headline) && summary->total != 0
               ? arena_print(arena, "%s %s", value,
                             estimate_interval_text(arena, metric, &summary->headline))
               : value;
}

static void add_table(const struct policies *policies, struct study_page *page)
{
    struct arena *arena = arena_of(policies);
    const struct metric *first = policies_metric(policies, 0);
    struct manifest_block *table = manifest_add_table(
        page->section,
        arena_print(arena, "Policies by %s, with %ss", first->label,
                    estimate_interval_title(arena, policies->configuration->confidence)));
    manifest_add_table_column(table, "policy", MANIFEST_LEFT);
    for (size_t c = 0; c < policies->criterion_count; c++)
        manifest_add_table_column(table, policies_metric(policies, c)->label, MANIFEST_RIGHT);
    manifest_add_table_column(table, "replications", MANIFEST_RIGHT);
    manifest_add_table_column(table, "front", MANIFEST_LEFT);
    manifest_add_table_column(
        table, arena_print(arena, "minus %s", policies_name(policies, policies->best)),
        MANIFEST_RIGHT);
    manifest_add_table_column(table, "dominated by", MANIFEST_LEFT);
    for (size_t k = 0; k < policies->configuration->variant_count; k++) {
        size_t v = policies->order[k];
        const struct policies_standing *standing = &policies->standings[v];
        manifest_add_cell(table, policies_name(policies, v));
        for (size_t c = 0; c < policies->criterion_count; c++)
            manifest_add_cell(table, value_text(policies, v, c));
        manifest_add_cell(table, arena_print(arena, "%" PRIu32, standing->replication_count));
        manifest_add_cell(table, standing->is_on_front ? "yes" : "");
        manifest_add_cell(table,
                          v == policies->best
                              ? ""
                              : estimate_change_text(arena, first, &standing->differences[0]));
        manifest_add_cell(table, standing->dominated_by == POLICIES_NOBODY
                                     ? ""
                                     : policies_name(policies, standing->dominated_by));
    }
}

struct manifest *policies_manifest(const struct policies *policies)
{
    struct identity identity = policies_identity(policies);
    const char *note = policies->configuration->domain->criteria_note;
    struct study_page page =
        study_page_begin(arena_of(policies), &identity,
                         &(struct study_page_words){
                             .question = policies->configuration->question,
                             .lead = policies_conclusion(policies),
                             .id = STUDY_PAGE_POLICIES,
                             .title = "Back-off policies",
                             .partial = policies->is_partial ? "the race was interrupted" : NULL,
                         });
    add_front(policies, &page);
    add_table(policies, &page);
    manifest_add_text(page.section, MANIFEST_NOTE,
                      "The front takes estimates as they are: no other is at least as good by "
                      "every criterion of the table and better by one. \"dominated by\" allows for "
                      "chance and for what does not matter, so a policy may be on the front and "
                      "dominated all the same: by one that is as good for less.");
    if (note != NULL)
        manifest_add_text(page.section, MANIFEST_NOTE, note);
    return study_page_end(&page);
}
