#include "models/rcesim/console.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/figure.h"
#include "sim/base/check.h"

enum { TEXT_SIZE_BYTES = 4 * FIGURE_SIZE_BYTES };

/* What the functions here share. */
struct view {
    const struct outcome *outcome;
    const struct result *result;
    const struct model *model;
    const struct page *page;
    struct arena *arena;
};

static const char *count_text(struct arena *arena, double count)
{
    char text[FIGURE_SIZE_BYTES];
    return arena_copy_text(arena, figure_count(text, llround(count)));
}

/* A number of a metric in the form that suits it. */
static const char *value_text(struct arena *arena, const struct metric *metric, double value)
{
    char text[FIGURE_SIZE_BYTES];
    if (metric->unit == METRIC_DURATION_NS)
        return arena_copy_text(arena, figure_duration(text, value));
    if (metric->kind == METRIC_PROPORTION)
        return arena_copy_text(arena, figure_share(text, value));
    return arena_copy_text(arena, figure_number(text, value));
}

static const char *interval_text(struct arena *arena, const struct metric *metric,
                                 const struct interval *interval)
{
    if (!interval_is_known(interval))
        return interval_has_estimate(interval) ? "not estimable" : "no data";
    char text[FIGURE_SIZE_BYTES];
    if (metric->kind == METRIC_PROPORTION)
        return arena_copy_text(arena, figure_share_interval(text, interval->low, interval->high));
    return arena_print(arena, "[%s, %s]", value_text(arena, metric, interval->low),
                       value_text(arena, metric, interval->high));
}

/* "0 of n" is an upper bound, never "0 %". */
static const char *rate_text(struct arena *arena, const struct metric *metric,
                             const struct summary_metric *summary)
{
    if (summary->unit_count == 0)
        return "no data";
    if (summary->total == 0)
        return arena_print(arena, "< %s", value_text(arena, metric, summary->upper_bound));
    return value_text(arena, metric, summary->headline.estimate);
}

static const char *upper_bound_note(const struct view *view)
{
    for (uint32_t i = 0; i < view->result->variant_count; i++) {
        const struct summary_metric *summary =
            outcome_metric(view->outcome, i, view->model->failed_metric);
        if (summary->total == 0 && summary->unit_count > 0)
            return arena_print(view->arena,
                               " \"< x %%\": none was seen; a one-sided %s upper bound.",
                               outcome_confidence(view->outcome));
    }
    return "";
}

static void print_failures(const struct view *view)
{
    struct table *table = table_create(view->arena);
    const char *confidence = outcome_confidence(view->outcome);
    table_add_column(table, "variant", TABLE_LEFT);
    table_add_column(table, "failed", TABLE_RIGHT);
    table_add_column(table, "rate", TABLE_RIGHT);
    table_add_column(table, arena_print(view->arena, "%s interval", confidence), TABLE_LEFT);
    table_add_column(table, "Wilson", TABLE_LEFT);
    table_add_column(table, "DEFF", TABLE_RIGHT);
    const struct metric *metric = &view->model->metrics[view->model->failed_metric];
    for (uint32_t i = 0; i < view->result->variant_count; i++) {
        const struct summary_metric *summary =
            outcome_metric(view->outcome, i, view->model->failed_metric);
        table_add(table, view->result->variants[i].name);
        table_print_cell(table, "%s of %s", count_text(view->arena, summary->total),
                         count_text(view->arena, (double)summary->unit_count));
        table_add_styled(table, rate_text(view->arena, metric, summary), PAGE_STRONG);
        table_add(table, interval_text(view->arena, metric, &summary->headline));
        table_add(table, interval_text(view->arena, metric, &summary->wilson));
        table_print_cell(table, "%.2f", summary->effect.design);
    }
    page_title(view->page, arena_print(view->arena, "Failed %s", view->model->unit_names));
    table_print(table, view->page);
    const struct summary_metric *first =
        outcome_metric(view->outcome, 0, view->model->failed_metric);
    const char *method = interval_is_known(&first->headline) ? first->headline.method : "none";
    for (uint32_t i = 1; i < view->result->variant_count; i++) {
        const struct interval *other =
            &outcome_metric(view->outcome, i, view->model->failed_metric)->headline;
        if (interval_is_known(other) && strstr(method, other->method) == NULL)
            method = arena_print(view->arena, "%s; %s", method, other->method);
    }
    page_style(view->page, PAGE_FAINT);
    page_paragraph(view->page, 2,
                   arena_print(view->arena, "Interval: %s. Wilson: with the design effect DEFF.%s",
                               method, upper_bound_note(view)));
    page_style(view->page, PAGE_PLAIN);
}

static void add_difference(const struct view *view, struct table *table, uint32_t variant)
{
    const struct summary_variant *summary = &view->outcome->summary->variants[variant];
    const struct summary_difference *difference = &summary->differences[view->model->failed_metric];
    char estimate[FIGURE_SIZE_BYTES], low[FIGURE_SIZE_BYTES], high[FIGURE_SIZE_BYTES];
    const struct interval *interval = &difference->difference;
    table_add(table, view->result->variants[variant].name);
    table_add_styled(table,
                     interval_has_estimate(interval) ? figure_points(estimate, interval->estimate)
                                                     : "no data",
                     PAGE_STRONG);
    if (interval_is_known(interval))
        table_print_cell(table, "[%s, %s]", figure_points(low, interval->low),
                         figure_points(high, interval->high));
    else
        table_add(table, "not estimable");
    if (summary->units.is_known) {
        table_add(table, count_text(view->arena, (double)summary->units.only_first));
        table_add_styled(table, count_text(view->arena, (double)summary->units.only_later),
                         summary->units.only_later > 0 ? PAGE_BAD : PAGE_PLAIN);
        table_add(table, count_text(view->arena, (double)summary->units.both));
    } else {
        for (int i = 0; i < 3; i++)
            table_add(table, "-");
    }
    if (difference->is_correlation_known)
        table_print_cell(table, "%.2f", difference->correlation);
    else
        table_add(table, "-");
    if (difference->is_variance_ratio_known)
        table_print_cell(table, "%.2f", difference->variance_ratio);
    else
        table_add(table, "-");
}

/* The check of common draws samples names in a large world. */
static double least_checked_share(const struct result *result)
{
    double least = 1;
    for (uint32_t i = 1; i < result->variant_count; i++)
        if (result->synchrony[i].checked_share_min < least)
            least = result->synchrony[i].checked_share_min;
    return least;
}

static void print_differences(const struct view *view)
{
    if (view->result->variant_count < 2)
        return;
    struct table *table = table_create(view->arena);
    const char *confidence = outcome_confidence(view->outcome);
    table_add_column(table, "variant", TABLE_LEFT);
    table_add_column(table, "points", TABLE_RIGHT);
    table_add_column(table, arena_print(view->arena, "%s interval", confidence), TABLE_LEFT);
    table_add_column(table, "fixed", TABLE_RIGHT);
    table_add_column(table, "new", TABLE_RIGHT);
    table_add_column(table, "both", TABLE_RIGHT);
    table_add_column(table, "corr.", TABLE_RIGHT);
    table_add_column(table, "var. ratio", TABLE_RIGHT);
    for (uint32_t i = 1; i < view->result->variant_count; i++)
        add_difference(view, table, i);
    page_title(view->page,
               arena_print(view->arena, "Difference: %s minus variant, in the same worlds",
                           view->result->variants[0].name));
    table_print(table, view->page);
    page_style(view->page, PAGE_FAINT);
    page_paragraph(
        view->page, 2,
        arena_print(view->arena,
                    "Percentage points, paired t over replications. fixed, new, both: "
                    "%s that failed only in %s, only in the variant, in both. Draws that "
                    "both made were compared (at least %.3g %% of them) and are equal.",
                    view->model->unit_names, view->result->variants[0].name,
                    100 * least_checked_share(view->result)));
    page_style(view->page, PAGE_PLAIN);
}

static bool is_anywhere(const struct view *view, size_t metric)
{
    for (uint32_t i = 0; i < view->result->variant_count; i++)
        if (outcome_metric(view->outcome, i, metric)->total != 0)
            return true;
    return false;
}

static bool is_of_group(const struct metric *metric, const char *group)
{
    if (metric->group == NULL || group == NULL)
        return metric->group == group;
    return strcmp(metric->group, group) == 0;
}

static struct table *table_of_variants(const struct view *view, const char *title)
{
    struct table *table = table_create(view->arena);
    table_add_column(table, title, TABLE_LEFT);
    for (uint32_t i = 0; i < view->result->variant_count; i++)
        table_add_column(table, view->result->variants[i].name, TABLE_RIGHT);
    return table;
}

/* Rows for the metrics of a group that are not 0 everywhere; a proportion also as a share of the
 * failed units. */
static void print_group(const struct view *view, const char *group, const char *title,
                        const char *nothing)
{
    struct table *table = table_of_variants(view, "");
    size_t row_count = 0;
    for (size_t i = 0; i < view->model->metric_count; i++) {
        const struct metric *metric = &view->model->metrics[i];
        if (!is_of_group(metric, group) || !is_anywhere(view, i))
            continue;
        row_count++;
        table_add(table, metric->label);
        for (uint32_t k = 0; k < view->result->variant_count; k++) {
            double total = outcome_metric(view->outcome, k, i)->total;
            double failed = outcome_metric(view->outcome, k, view->model->failed_metric)->total;
            char share[FIGURE_SIZE_BYTES];
            if (metric->kind == METRIC_PROPORTION)
                table_print_cell(table, "%s  %8s", count_text(view->arena, total),
                                 total > 0 ? figure_share(share, total / failed) : "");
            else
                table_add(table, count_text(view->arena, total));
        }
    }
    page_title(view->page, title);
    if (row_count > 0)
        table_print(table, view->page);
    else
        page_paragraph(view->page, 2, nothing);
}

/* Half an interval, in the unit of its estimate; "" where it is nothing but rounding. */
static const char *error_text(struct arena *arena, const struct metric *metric, double half,
                              double estimate)
{
    char text[FIGURE_SIZE_BYTES];
    if (half <= 1e-9 * fabs(estimate))
        return "";
    if (metric->unit == METRIC_DURATION_NS)
        return arena_copy_text(arena, figure_duration_error(text, half, estimate));
    return value_text(arena, metric, half);
}

static const char *figure_text(const struct view *view, uint32_t variant, size_t metric)
{
    const struct metric *what = &view->model->metrics[metric];
    const struct summary_metric *summary = outcome_metric(view->outcome, variant, metric);
    switch (what->kind) {
    case METRIC_TOTAL:
        if (what->unit == METRIC_COUNT)
            return count_text(view->arena, summary->total);
        return value_text(view->arena, what, summary->total);
    case METRIC_PROPORTION:
        if (summary->total == 0)
            return rate_text(view->arena, what, summary);
        break;
    case METRIC_PER_UNIT:
    case METRIC_PER_REPLICATION: break;
    }
    if (summary->total == 0 && summary->unit_count > 0)
        return "0";
    if (!interval_is_known(&summary->headline))
        return interval_has_estimate(&summary->headline)
                   ? value_text(view->arena, what, summary->headline.estimate)
                   : "no data";
    double estimate = summary->headline.estimate;
    const char *value = value_text(view->arena, what, estimate);
    const char *error = error_text(view->arena, what,
                                   (summary->headline.high - summary->headline.low) / 2, estimate);
    return *error == '\0' ? value : arena_print(view->arena, "%s +- %s", value, error);
}

static const char *kind_suffix(const struct view *view, enum metric_kind kind)
{
    switch (kind) {
    case METRIC_PROPORTION: return "";
    case METRIC_PER_UNIT: return arena_print(view->arena, " per %s", view->model->unit_name);
    case METRIC_TOTAL: return ", in all";
    case METRIC_PER_REPLICATION: return "";
    }
    check_failed(__FILE__, __LINE__, "a known kind");
}

static void add_histogram_rows(const struct view *view, struct table *table)
{
    static const struct {
        const char *name;
        double share;
    } rows[] = {{"median", 0.5}, {"95th percentile", 0.95}};
    for (size_t i = 0; i < view->model->histogram_count; i++)
        for (size_t row = 0; row < 2; row++) {
            table_print_cell(table, "%s, %s", view->model->histograms[i].label, rows[row].name);
            for (uint32_t k = 0; k < view->result->variant_count; k++) {
                int64_t value_ns;
                char text[FIGURE_SIZE_BYTES];
                bool is_known = histogram_quantile(
                    &view->outcome->summary->variants[k].histograms[i], rows[row].share, &value_ns);
                table_add(table, is_known ? figure_duration(text, (double)value_ns) : "no data");
            }
        }
}

static void print_figures(const struct view *view)
{
    struct table *table = table_of_variants(view, "");
    for (size_t i = 0; i < view->model->metric_count; i++) {
        const struct metric *metric = &view->model->metrics[i];
        if (metric->group != NULL || i == view->model->failed_metric)
            continue;
        table_print_cell(table, "%s%s", metric->label, kind_suffix(view, metric->kind));
        for (uint32_t k = 0; k < view->result->variant_count; k++)
            table_add(table, figure_text(view, k, i));
    }
    add_histogram_rows(view, table);
    page_title(view->page, "Figures");
    table_print(table, view->page);
}

static const char *mark_of(enum threshold_verdict verdict, enum page_style *style)
{
    switch (verdict) {
    case THRESHOLD_PASS: *style = PAGE_GOOD; return "✓";
    case THRESHOLD_FAIL: *style = PAGE_BAD; return "✗";
    case THRESHOLD_INCONCLUSIVE: *style = PAGE_UNSURE; return "?";
    }
    check_failed(__FILE__, __LINE__, "a known verdict");
}

/* As value_text, but a duration as the threshold itself would have it. */
static const char *exact_text(struct arena *arena, const struct metric *metric, double value)
{
    char text[FIGURE_SIZE_BYTES];
    if (metric->unit == METRIC_DURATION_NS)
        return arena_copy_text(arena, figure_exact_duration(text, value));
    return value_text(arena, metric, value);
}

/* What a threshold was judged by: "18.8 %, [17.9, 19.7] %". */
static const char *basis_text(const struct view *view, const struct threshold *threshold,
                              const struct threshold_result *judged)
{
    const struct metric *metric = &view->model->metrics[threshold->metric];
    if (!interval_has_estimate(&judged->interval))
        return "no data";
    const char *value = exact_text(view->arena, metric, judged->interval.estimate);
    if (judged->has_upper_bound) {
        char bound[FIGURE_SIZE_BYTES];
        return arena_print(
            view->arena, "%s seen; with %s confidence at most %s of the %s",
            judged->interval.estimate == 0 ? "none" : value, outcome_confidence(view->outcome),
            figure_share(bound, judged->upper_bound),
            judged->kind == METRIC_PROPORTION ? view->model->unit_names : "replications");
    }
    if (threshold->is_value)
        return arena_print(view->arena, "%s (the estimate alone)", value);
    if (metric->unit == METRIC_DURATION_NS && interval_is_known(&judged->interval))
        return arena_print(view->arena, "%s, [%s, %s]", value,
                           exact_text(view->arena, metric, judged->interval.low),
                           exact_text(view->arena, metric, judged->interval.high));
    return arena_print(view->arena, "%s, %s", value,
                       interval_text(view->arena, metric, &judged->interval));
}

static void print_threshold(const struct view *view, size_t index)
{
    const struct threshold *threshold = &view->outcome->configuration->thresholds[index];
    const struct threshold_result *judged = &view->outcome->thresholds[index];
    FILE *file = view->page->file;
    enum page_style style;
    const char *mark = mark_of(judged->verdict, &style);
    page_style(view->page, style);
    fprintf(file, "  %s %-12s", mark, threshold_verdict_name(judged->verdict));
    page_style(view->page, PAGE_PLAIN);
    fputs("  ", file);
    page_put(file, threshold->text);
    putc('\n', file);
    page_paragraph(
        view->page, 18,
        arena_print(view->arena, "%s: %s", basis_text(view, threshold, judged), judged->reason));
}

static void print_thresholds(const struct view *view)
{
    size_t count = view->outcome->configuration->threshold_count;
    if (count > 0)
        page_title(view->page, "Thresholds");
    for (size_t i = 0; i < count; i++)
        print_threshold(view, i);
}

/* A line that is to be pasted: it is not broken. */
static void print_line(FILE *file, const char *text)
{
    page_put(file, text);
    putc('\n', file);
}

static void print_replays(const struct view *view)
{
    for (uint32_t i = 0; i < view->result->variant_count; i++) {
        if (view->outcome->replays[i] == NULL)
            continue;
        page_style(view->page, PAGE_BAD);
        fprintf(view->page->file, "  %s broke an invariant; see the first:\n",
                view->result->variants[i].name);
        page_style(view->page, PAGE_PLAIN);
        print_line(view->page->file, arena_print(view->arena, "    %s", view->outcome->replays[i]));
    }
}

static void print_head(const struct view *view)
{
    const struct outcome *outcome = view->outcome;
    uint64_t unit_count = outcome->summary->variants[0].unit_count;
    page_style(view->page, PAGE_STRONG);
    page_paragraph(view->page, 0, outcome->configuration->question);
    page_style(view->page, PAGE_PLAIN);
    page_paragraph(
        view->page, 0,
        arena_print(view->arena, "%s: %s %s in %" PRIu32 " replication%s of %" PRIu32 " variant%s",
                    outcome->identity.scenario, count_text(view->arena, (double)unit_count),
                    unit_count == 1 ? view->model->unit_name : view->model->unit_names,
                    view->result->replication_count,
                    view->result->replication_count == 1 ? "" : "s", view->result->variant_count,
                    view->result->variant_count == 1 ? "" : "s"));
    if (!view->result->is_partial)
        return;
    page_style(view->page, PAGE_UNSURE);
    page_paragraph(
        view->page, 0,
        arena_print(view->arena,
                    "INTERRUPTED: a partial result, %" PRIu32 " of %" PRIu32 " replications.",
                    view->result->replication_count, view->result->replications_planned));
    page_style(view->page, PAGE_PLAIN);
}

static void print_foot(const struct view *view, const char *directory)
{
    FILE *file = view->page->file;
    putc('\n', file);
    if (directory != NULL)
        print_line(file, arena_print(view->arena, "Result: %s", directory));
    page_style(view->page, PAGE_FAINT);
    page_paragraph(view->page, 0, identity_line(&view->outcome->identity, view->arena));
    print_line(file, view->outcome->identity.command);
    print_line(file, identity_caveat);
    page_style(view->page, PAGE_PLAIN);
}

void console_print(const struct outcome *outcome, const char *directory, const struct page *page)
{
    struct view view = {
        .outcome = outcome,
        .result = outcome->result,
        .model = outcome->result->model,
        .page = page,
        .arena = outcome->arena,
    };
    print_head(&view);
    print_failures(&view);
    print_differences(&view);
    print_group(&view, "causes", "Causes of failure (ground truth; share of the failed)",
                "Nothing failed.");
    print_group(&view, "invariants", "Broken invariants", "None.");
    print_replays(&view);
    print_figures(&view);
    print_thresholds(&view);
    print_foot(&view, directory);
}

const char *console_estimate(char *text, size_t size_bytes,
                             const struct experiment_variant *variants,
                             const struct experiment_progress *progress)
{
    size_t used = 0;
    *text = '\0';
    for (uint32_t i = 0; i < progress->variant_count && used < size_bytes; i++) {
        char share[FIGURE_SIZE_BYTES] = "?";
        if (progress->units[i] > 0)
            figure_share(share, (double)progress->failed[i] / (double)progress->units[i]);
        int length = snprintf(text + used, size_bytes - used, "%s%s %s", i > 0 ? ", " : "",
                              variants[i].name, share);
        used += length > 0 ? (size_t)length : 0;
    }
    return text;
}
