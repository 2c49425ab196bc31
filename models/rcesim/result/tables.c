#include "models/rcesim/result/tables.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/rcesim/result/estimate.h"
#include "reports/figure.h"
#include "sim/base/check.h"
#include "sim/stats/proportion.h"

static const struct model *model_of(const struct tables *tables)
{
    return tables->summary->result->model;
}

static const struct summary_metric *metric_of(const struct tables *tables, uint32_t variant,
                                              size_t metric)
{
    return &tables->summary->variants[variant].metrics[metric];
}

static size_t failed_metric(const struct tables *tables)
{
    return model_of(tables)->failed_metric;
}

static uint32_t variant_count(const struct tables *tables)
{
    return tables->summary->result->variant_count;
}

static const char *name_of(const struct tables *tables, uint32_t variant)
{
    return tables->summary->result->variants[variant].name;
}

const char *tables_confidence(const struct tables *tables)
{
    return arena_print(tables->arena, "%.6g %%", 100 * tables->summary->confidence);
}

/* "up to 1.49 %": none was seen in so many replications. */
static const char *share_of_replications(const struct tables *tables,
                                         const struct summary_metric *summary)
{
    char text[FIGURE_SIZE_BYTES];
    double bound =
        proportion_upper_bound(0, (double)summary->tally.count, tables->summary->confidence);
    return arena_print(tables->arena, "up to %s", figure_share(text, bound));
}

static const char *upper_bound_note(const struct tables *tables)
{
    for (uint32_t i = 0; i < variant_count(tables); i++) {
        const struct summary_metric *summary = metric_of(tables, i, failed_metric(tables));
        if (summary->total == 0 && summary->unit_count > 0)
            return arena_print(tables->arena,
                               " \"< x %%\": none was seen; a one-sided %s upper bound if %s fail "
                               "independently. Of "
                               "the replications %s may see any.",
                               tables_confidence(tables), model_of(tables)->unit_names,
                               share_of_replications(tables, summary));
    }
    return "";
}

void tables_print_failures(const struct tables *tables)
{
    struct table *table = table_create(tables->arena);
    const char *confidence = tables_confidence(tables);
    table_add_column(table, "variant", TABLE_LEFT);
    table_add_column(table, "failed", TABLE_RIGHT);
    table_add_column(table, "rate", TABLE_RIGHT);
    table_add_column(table, arena_print(tables->arena, "%s interval", confidence), TABLE_LEFT);
    table_add_column(table, "Wilson", TABLE_LEFT);
    table_add_column(table, "DEFF", TABLE_RIGHT);
    const struct metric *metric = &model_of(tables)->metrics[failed_metric(tables)];
    for (uint32_t i = 0; i < variant_count(tables); i++) {
        const struct summary_metric *summary = metric_of(tables, i, failed_metric(tables));
        table_add(table, name_of(tables, i));
        table_print_cell(table, "%s of %s", estimate_count_text(tables->arena, summary->total),
                         estimate_count_text(tables->arena, (double)summary->unit_count));
        table_add_styled(table, estimate_rate_text(tables->arena, metric, summary), PAGE_STRONG);
        table_add(table, estimate_interval_text(tables->arena, metric, &summary->headline));
        table_add(table, estimate_interval_text(tables->arena, metric, &summary->wilson));
        if (summary->wilson.assumes_independence)
            table_add(table, "?");
        else
            table_print_cell(table, "%.2f", summary->effect.design);
    }
    page_title(tables->page, arena_print(tables->arena, "Failed %s", model_of(tables)->unit_names));
    table_print(table, tables->page);
    const struct summary_metric *first = metric_of(tables, 0, failed_metric(tables));
    const char *method = interval_is_known(&first->headline) ? first->headline.method : "none";
    for (uint32_t i = 1; i < variant_count(tables); i++) {
        const struct interval *other = &metric_of(tables, i, failed_metric(tables))->headline;
        if (interval_is_known(other) && strstr(method, other->method) == NULL)
            method = arena_print(tables->arena, "%s; %s", method, other->method);
    }
    page_style(tables->page, PAGE_FAINT);
    page_paragraph(tables->page, 2,
                   arena_print(tables->arena,
                               "Interval: %s. Wilson: with the design effect DEFF, where enough "
                               "was seen to know it.%s",
                               method, upper_bound_note(tables)));
    page_style(tables->page, PAGE_PLAIN);
}

/* "[+46.0, +58.2]", in percentage points. */
static const char *points_text(const struct tables *tables, const struct interval *interval)
{
    char low[FIGURE_SIZE_BYTES], high[FIGURE_SIZE_BYTES];
    if (!interval_is_known(interval))
        return interval_has_estimate(interval) ? "not estimable" : "no data";
    return arena_print(tables->arena, "[%s, %s]", figure_points(low, interval->low),
                       figure_points(high, interval->high));
}

static void add_known(struct table *table, bool is_known, double value)
{
    if (is_known)
        table_print_cell(table, "%.2f", value);
    else
        table_add(table, "-");
}

static void add_units(const struct tables *tables, struct table *table,
                      const struct summary_units *units)
{
    if (!units->is_known) {
        for (int i = 0; i < 3; i++)
            table_add(table, "-");
        return;
    }
    table_add(table, estimate_count_text(tables->arena, (double)units->only_first));
    table_add_styled(table, estimate_count_text(tables->arena, (double)units->only_later),
                     units->only_later > 0 ? PAGE_BAD : PAGE_PLAIN);
    table_add(table, estimate_count_text(tables->arena, (double)units->both));
}

static void add_difference(const struct tables *tables, struct table *table, uint32_t variant)
{
    const struct summary_variant *summary = &tables->summary->variants[variant];
    const struct summary_difference *difference = &summary->differences[failed_metric(tables)];
    char estimate[FIGURE_SIZE_BYTES];
    const struct interval *interval = &difference->difference;
    table_add(table, name_of(tables, variant));
    table_add_styled(table,
                     interval_has_estimate(interval) ? figure_points(estimate, interval->estimate)
                                                     : "no data",
                     PAGE_STRONG);
    table_add(table, points_text(tables, interval));
    if (tables->summary->is_independent)
        return;
    add_units(tables, table, &summary->units);
    add_known(table, difference->is_correlation_known, difference->correlation);
    add_known(table, difference->is_variance_ratio_known, difference->variance_ratio);
}

/* "p = 0.0031", "p < 1e-99": nobody needs to know how much less. */
static const char *p_text(const struct tables *tables, double p_value)
{
    if (p_value < 1e-99)
        return "p < 1e-99";
    return arena_print(tables->arena, p_value < 0.99995 ? "p = %.2g" : "p = %.0f", p_value);
}

static const char *t_text(const struct tables *tables, uint32_t variant)
{
    const struct summary_difference *difference =
        &tables->summary->variants[variant].differences[failed_metric(tables)];
    const char *test = tables->summary->is_independent ? "Welch t" : "paired t";
    if (!difference->is_p_known)
        return arena_print(tables->arena, "p not estimable (%s)", test);
    const char *adjusted = "";
    if (difference->p_adjusted > difference->p_value)
        adjusted = arena_print(tables->arena, "; among all comparisons, by Holm, %s",
                               p_text(tables, difference->p_adjusted));
    return arena_print(tables->arena, "%s (%s%s)", p_text(tables, difference->p_value), test,
                       adjusted);
}

static const char *ratio_text(const struct tables *tables, const struct interval *ratio)
{
    if (!interval_is_known(ratio))
        return "not estimable";
    return arena_print(tables->arena, "%.3g [%.3g, %.3g]", ratio->estimate, ratio->low,
                       ratio->high);
}

static void print_opinions(const struct tables *tables, uint32_t variant)
{
    const struct summary_opinions *opinions = tables->summary->variants[variant].opinions;
    const char *units = model_of(tables)->unit_names;
    const char *text =
        arena_print(tables->arena, "%s: %s.", name_of(tables, variant), t_text(tables, variant));
    if (opinions->has_pairs)
        text = arena_print(
            tables->arena, "%s If %s were independent: Newcombe paired %s, McNemar %s, mid-%s.",
            text, units, points_text(tables, &opinions->paired_difference),
            p_text(tables, opinions->mcnemar_exact), p_text(tables, opinions->mcnemar_mid));
    if (tables->summary->is_independent)
        text = arena_print(tables->arena, "%s With the design effects: Newcombe %s, risk ratio %s.",
                           text, points_text(tables, &opinions->group_difference),
                           ratio_text(tables, &opinions->risk_ratio));
    if (opinions->has_fisher)
        text = arena_print(tables->arena, "%s If %s were independent: Fisher %s.", text, units,
                           p_text(tables, opinions->fisher));
    page_paragraph(tables->page, 2, text);
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

static bool is_any_draw_checked(const struct result *result)
{
    for (uint32_t i = 1; i < result->variant_count; i++)
        if (result->synchrony[i].common_count > 0)
            return true;
    return false;
}

/* Is there a "-" in the table? */
static bool is_anything_unknown(const struct tables *tables)
{
    for (uint32_t i = 1; i < variant_count(tables); i++) {
        const struct summary_variant *summary = &tables->summary->variants[i];
        const struct summary_difference *difference = &summary->differences[failed_metric(tables)];
        if (!summary->units.is_known || !difference->is_correlation_known ||
            !difference->is_variance_ratio_known)
            return true;
    }
    return false;
}

static const char *differences_note(const struct tables *tables)
{
    const struct result *result = tables->summary->result;
    if (tables->summary->is_independent)
        return arena_print(tables->arena,
                           "Percentage points, Welch t over the replications of each. Risk ratio: "
                           "%s over %s.",
                           name_of(tables, 0), name_of(tables, 1));
    const char *text = arena_print(tables->arena,
                                   "Percentage points, paired t over replications. fixed, new, "
                                   "both: %s that failed only in %s, only in the variant, in both.",
                                   model_of(tables)->unit_names, name_of(tables, 0));
    if (is_anything_unknown(tables))
        text = arena_print(tables->arena, "%s -: not estimable.", text);
    if (!is_any_draw_checked(result))
        return arena_print(tables->arena, "%s No draws were compared.", text);
    return arena_print(tables->arena,
                       "%s Draws that both made were compared (at least %.3g %% of them) and are "
                       "equal.",
                       text, 100 * least_checked_share(result));
}

enum { NAMED_MAX = 5 };

/* The first few new failures of a variant; returns how many. */
static size_t find_new_failures(const struct tables *tables, uint32_t variant,
                                struct tables_failure found[NAMED_MAX])
{
    const struct result *result = tables->summary->result;
    size_t count = 0;
    for (uint32_t r = 0; r < result->replication_count; r++) {
        const struct record *first = result_record(result, r, 0);
        const struct record *later = result_record(result, r, variant);
        for (uint32_t unit = 0; unit < later->unit_count; unit++) {
            if (!summary_is_new_failure(first, later, unit))
                continue;
            found[count++] = (struct tables_failure){
                .variant = variant, .replication = result->first_replication + r, .unit = unit};
            if (count == NAMED_MAX)
                return count;
        }
    }
    return count;
}

static void print_new_failures(const struct tables *tables, uint32_t variant)
{
    const struct summary_units *units = &tables->summary->variants[variant].units;
    if (!units->is_known || units->only_later == 0)
        return;
    const char *unit_name = model_of(tables)->unit_name;
    struct tables_failure found[NAMED_MAX];
    size_t count = find_new_failures(tables, variant, found);
    const char *text = arena_print(tables->arena, "New failures of %s:", name_of(tables, variant));
    for (size_t i = 0; i < count; i++)
        text = arena_print(tables->arena, "%s%s replication %" PRIu32 " %s %" PRIu32, text,
                           i > 0 ? "," : "", found[i].replication, unit_name, found[i].unit);
    if (units->only_later > count)
        text = arena_print(tables->arena, "%s, and %s more", text,
                           estimate_count_text(tables->arena, (double)(units->only_later - count)));
    if (tables->all_new_failures != NULL)
        text = arena_print(tables->arena, "%s (all: %s)", text, tables->all_new_failures);
    const char *look = tables->look == NULL ? NULL : tables->look(tables->look_context, &found[0]);
    page_paragraph(tables->page, 2,
                   arena_print(tables->arena, "%s.%s", text, look == NULL ? "" : " The first:"));
    if (look != NULL)
        page_command(tables->page, 4, look);
}

static const char *differences_title(const struct tables *tables)
{
    const char *first = name_of(tables, 0);
    if (tables->summary->is_independent)
        return arena_print(tables->arena, "Difference: %s minus %s, not paired", first,
                           name_of(tables, 1));
    return arena_print(tables->arena, "Difference: %s minus variant, in the same worlds", first);
}

void tables_print_differences(const struct tables *tables)
{
    if (variant_count(tables) < 2)
        return;
    struct table *table = table_create(tables->arena);
    const char *confidence = tables_confidence(tables);
    table_add_column(table, "variant", TABLE_LEFT);
    table_add_column(table, "points", TABLE_RIGHT);
    table_add_column(table, arena_print(tables->arena, "%s interval", confidence), TABLE_LEFT);
    if (!tables->summary->is_independent) {
        table_add_column(table, "fixed", TABLE_RIGHT);
        table_add_column(table, "new", TABLE_RIGHT);
        table_add_column(table, "both", TABLE_RIGHT);
        table_add_column(table, "corr.", TABLE_RIGHT);
        table_add_column(table, "var. ratio", TABLE_RIGHT);
    }
    for (uint32_t i = 1; i < variant_count(tables); i++)
        add_difference(tables, table, i);
    page_title(tables->page, differences_title(tables));
    table_print(table, tables->page);
    for (uint32_t i = 1; i < variant_count(tables); i++)
        print_opinions(tables, i);
    page_style(tables->page, PAGE_FAINT);
    page_paragraph(tables->page, 2, differences_note(tables));
    page_style(tables->page, PAGE_PLAIN);
    for (uint32_t i = 1; i < variant_count(tables); i++)
        print_new_failures(tables, i);
}

static bool is_anywhere(const struct tables *tables, size_t metric)
{
    for (uint32_t i = 0; i < variant_count(tables); i++)
        if (metric_of(tables, i, metric)->total != 0)
            return true;
    return false;
}

static bool is_of_group(const struct metric *metric, const char *group)
{
    if (metric->group == NULL || group == NULL)
        return metric->group == group;
    return strcmp(metric->group, group) == 0;
}

/* Did anybody see it, or could have? */
static bool is_known(const struct tables *tables, size_t metric)
{
    for (uint32_t i = 0; i < variant_count(tables); i++)
        if (metric_of(tables, i, metric)->unit_count > 0)
            return true;
    return false;
}

static struct table *table_of_variants(const struct tables *tables, const char *title)
{
    struct table *table = table_create(tables->arena);
    table_add_column(table, title, TABLE_LEFT);
    for (uint32_t i = 0; i < variant_count(tables); i++)
        table_add_column(table, name_of(tables, i), TABLE_RIGHT);
    return table;
}

/* Rows for the metrics of a group that are not 0 everywhere; a proportion also as a share of the
 * failed units. */
void tables_print_group(const struct tables *tables, const struct tables_group *group)
{
    struct table *table = table_of_variants(tables, "");
    size_t row_count = 0;
    bool has_known = false;
    for (size_t i = 0; i < model_of(tables)->metric_count; i++) {
        const struct metric *metric = &model_of(tables)->metrics[i];
        if (!is_of_group(metric, group->name))
            continue;
        has_known = has_known || is_known(tables, i);
        if (!is_anywhere(tables, i))
            continue;
        row_count++;
        table_add(table, metric->label);
        for (uint32_t k = 0; k < variant_count(tables); k++) {
            double total = metric_of(tables, k, i)->total;
            double failed = metric_of(tables, k, failed_metric(tables))->total;
            char share[FIGURE_SIZE_BYTES];
            if (metric->kind == METRIC_PROPORTION)
                table_print_cell(table, "%s  %8s", estimate_count_text(tables->arena, total),
                                 total > 0 ? figure_share(share, total / failed) : "");
            else
                table_add(table, estimate_count_text(tables->arena, total));
        }
    }
    page_title(tables->page, group->title);
    if (row_count > 0)
        table_print(table, tables->page);
    else
        page_paragraph(tables->page, 2, has_known ? group->nothing : "Not known.");
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
    return estimate_value_text(arena, metric, half);
}

static const char *figure_text(const struct tables *tables, uint32_t variant, size_t metric)
{
    const struct metric *what = &model_of(tables)->metrics[metric];
    const struct summary_metric *summary = metric_of(tables, variant, metric);
    if (summary->unit_count == 0)
        return "no data";
    switch (what->kind) {
    case METRIC_TOTAL:
        if (tables->summary->is_independent)
            break;
        if (what->unit == METRIC_COUNT)
            return estimate_count_text(tables->arena, summary->total);
        return estimate_value_text(tables->arena, what, summary->total);
    case METRIC_PROPORTION:
        if (summary->total == 0)
            return estimate_rate_text(tables->arena, what, summary);
        break;
    case METRIC_PER_UNIT:
    case METRIC_PER_REPLICATION: break;
    }
    if (summary->total == 0 && summary->unit_count > 0)
        return "0";
    if (!interval_is_known(&summary->headline))
        return interval_has_estimate(&summary->headline)
                   ? estimate_value_text(tables->arena, what, summary->headline.estimate)
                   : "no data";
    double estimate = summary->headline.estimate;
    const char *value = estimate_value_text(tables->arena, what, estimate);
    const char *error = error_text(tables->arena, what,
                                   (summary->headline.high - summary->headline.low) / 2, estimate);
    return *error == '\0' ? value : arena_print(tables->arena, "%s +- %s", value, error);
}

static const char *kind_suffix(const struct tables *tables, enum metric_kind kind)
{
    switch (kind) {
    case METRIC_PROPORTION: return "";
    case METRIC_PER_UNIT: return arena_print(tables->arena, " per %s", model_of(tables)->unit_name);
    case METRIC_TOTAL: return tables->summary->is_independent ? " per replication" : ", in all";
    case METRIC_PER_REPLICATION: return "";
    }
    check_failed(__FILE__, __LINE__, "a known kind");
}

/* "4.70 h [4.66, 4.75]"; the unit stands once where it is the same. */
static const char *duration_text(const struct tables *tables, const struct interval *interval)
{
    char estimate[FIGURE_SIZE_BYTES], low[FIGURE_SIZE_BYTES], high[FIGURE_SIZE_BYTES];
    if (!interval_has_estimate(interval))
        return "no data";
    figure_duration(estimate, interval->estimate);
    if (!interval_is_known(interval))
        return arena_copy_text(tables->arena, estimate);
    figure_duration(low, interval->low);
    figure_duration(high, interval->high);
    const char *unit = strchr(estimate, ' ');
    size_t low_size = strcspn(low, " "), high_size = strcspn(high, " ");
    bool is_same =
        unit != NULL && strcmp(unit, low + low_size) == 0 && strcmp(unit, high + high_size) == 0;
    if (!is_same)
        return arena_print(tables->arena, "%s [%s, %s]", estimate, low, high);
    return arena_print(tables->arena, "%s [%.*s, %.*s]", estimate, (int)low_size, low,
                       (int)high_size, high);
}

static void add_figure(const struct tables *tables, struct table *table, size_t metric)
{
    const struct metric *what = &model_of(tables)->metrics[metric];
    table_print_cell(table, "%s%s", what->label, kind_suffix(tables, what->kind));
    for (uint32_t k = 0; k < variant_count(tables); k++)
        table_add(table, figure_text(tables, k, metric));
}

void tables_print_figures(const struct tables *tables)
{
    struct table *table = table_of_variants(tables, "");
    for (size_t i = 0; i < model_of(tables)->metric_count; i++) {
        const struct metric *metric = &model_of(tables)->metrics[i];
        if (metric->group == NULL && i != failed_metric(tables) &&
            (!metric->is_optional || is_anywhere(tables, i)))
            add_figure(tables, table, i);
    }
    page_title(tables->page, "Figures");
    table_print(table, tables->page);
}

void tables_print_chosen(const struct tables *tables, const size_t *metrics, size_t count)
{
    struct table *table = table_of_variants(tables, "");
    for (size_t i = 0; i < count; i++)
        add_figure(tables, table, metrics[i]);
    page_title(tables->page, "Figures");
    table_print(table, tables->page);
}

/* A difference in the form that suits the metric: percentage points, a duration, a number. What is
 * only rounding beside the width of the interval is 0. */
static const char *signed_text(const struct tables *tables, const struct metric *metric,
                               double difference, double width)
{
    char text[FIGURE_SIZE_BYTES];
    if (fabs(difference) <= 1e-9 * width)
        return "0";
    if (metric->kind == METRIC_PROPORTION)
        return arena_copy_text(tables->arena, figure_points(text, difference));
    const char *value = estimate_value_text(tables->arena, metric, difference);
    return difference > 0 ? arena_print(tables->arena, "+%s", value) : value;
}

static void add_metric(const struct tables *tables, struct table *table, size_t index)
{
    const struct metric *metric = &model_of(tables)->metrics[index];
    const char *suffix =
        metric->kind == METRIC_TOTAL ? " per replication" : kind_suffix(tables, metric->kind);
    for (uint32_t v = 1; v < variant_count(tables); v++) {
        const struct interval *interval =
            &tables->summary->variants[v].differences[index].difference;
        double width = interval_is_known(interval) ? interval->high - interval->low : 0;
        table_print_cell(table, "%s%s", metric->label, suffix);
        if (variant_count(tables) > 2)
            table_add(table, name_of(tables, v));
        table_add(table, interval_has_estimate(interval)
                             ? signed_text(tables, metric, interval->estimate, width)
                             : "no data");
        if (interval_is_known(interval))
            table_print_cell(table, "[%s, %s]", signed_text(tables, metric, interval->low, width),
                             signed_text(tables, metric, interval->high, width));
        else
            table_add(table, interval_has_estimate(interval) ? "not estimable" : "");
    }
}

void tables_print_metrics(const struct tables *tables, const size_t *metrics, size_t count)
{
    if (variant_count(tables) < 2 || count == 0)
        return;
    struct table *table = table_create(tables->arena);
    table_add_column(table, "", TABLE_LEFT);
    if (variant_count(tables) > 2)
        table_add_column(table, "variant", TABLE_LEFT);
    table_add_column(table, "difference", TABLE_RIGHT);
    table_add_column(table, arena_print(tables->arena, "%s interval", tables_confidence(tables)),
                     TABLE_LEFT);
    for (size_t i = 0; i < count; i++)
        add_metric(tables, table, metrics[i]);
    page_title(tables->page,
               arena_print(tables->arena, "Differences: %s minus %s; shares in percentage points",
                           name_of(tables, 0),
                           variant_count(tables) > 2 ? "variant" : name_of(tables, 1)));
    table_print(table, tables->page);
}

/* "workflow duration" as the beginning of a title. */
static const char *capitalised(struct arena *arena, const char *text)
{
    char *copy = arena_copy_text(arena, text);
    if (*copy >= 'a' && *copy <= 'z')
        *copy = (char)(*copy - 'a' + 'A');
    return copy;
}

void tables_print_durations(const struct tables *tables)
{
    static const char *const names[SUMMARY_QUANTILE_COUNT] = {
        [SUMMARY_P50] = "median",
        [SUMMARY_P95] = "95th percentile",
        [SUMMARY_P99] = "99th percentile",
    };
    for (size_t i = 0; i < model_of(tables)->histogram_count; i++) {
        if (model_of(tables)->histograms[i].is_detail)
            continue;
        struct table *table = table_create(tables->arena);
        bool is_any_open = false;
        table_add_column(table, "variant", TABLE_LEFT);
        for (int q = 0; q < SUMMARY_QUANTILE_COUNT; q++)
            table_add_column(table, names[q], TABLE_LEFT);
        for (uint32_t v = 0; v < variant_count(tables); v++) {
            const struct summary_durations *durations = &tables->summary->variants[v].durations[i];
            table_add(table, name_of(tables, v));
            for (int q = 0; q < SUMMARY_QUANTILE_COUNT; q++)
                table_add(table, duration_text(tables, &durations->quantiles[q]));
            for (int q = 0; q < SUMMARY_QUANTILE_COUNT; q++)
                is_any_open =
                    is_any_open || durations->quantiles[q].state == INTERVAL_NOT_ESTIMABLE;
        }
        page_title(tables->page,
                   arena_print(tables->arena, "%s, with %s intervals",
                               capitalised(tables->arena, model_of(tables)->histograms[i].label),
                               tables_confidence(tables)));
        table_print(table, tables->page);
        page_style(tables->page, PAGE_FAINT);
        if (is_any_open)
            page_paragraph(tables->page, 2,
                           "Without brackets: the interval is not estimable, values or "
                           "replications are too few.");
        page_style(tables->page, PAGE_PLAIN);
    }
}
