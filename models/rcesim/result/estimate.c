#include "models/rcesim/result/estimate.h"

#include <math.h>

#include "reports/figure.h"
#include "sim/base/check.h"

double estimate_in_unit(enum metric_unit unit, double value)
{
    switch (unit) {
    case METRIC_COUNT: return value;
    case METRIC_DURATION_NS: return value * 1e-9;
    }
    check_failed(__FILE__, __LINE__, "a known unit");
}

const char *estimate_unit_name(enum metric_unit unit)
{
    switch (unit) {
    case METRIC_COUNT: return "count";
    case METRIC_DURATION_NS: return "s";
    }
    check_failed(__FILE__, __LINE__, "a known unit");
}

const char *estimate_metric_unit(const struct metric *metric)
{
    return metric->kind == METRIC_PROPORTION ? "share" : estimate_unit_name(metric->unit);
}

const char *estimate_bound_key(const struct metric *metric)
{
    return metric->kind == METRIC_PROPORTION ? "upper_bound" : "upper_bound_replications";
}

const char *estimate_state_name(enum interval_state state)
{
    switch (state) {
    case INTERVAL_NO_DATA: return "no data";
    case INTERVAL_NOT_ESTIMABLE: return "not estimable";
    case INTERVAL_KNOWN: return "known";
    }
    check_failed(__FILE__, __LINE__, "a known state");
}

json_t *estimate_json(const struct interval *interval, enum metric_unit unit)
{
    json_t *value = json_object();
    json_object_set_new(value, "state", json_string(estimate_state_name(interval->state)));
    if (interval_has_estimate(interval))
        json_object_set_new(value, "estimate",
                            json_real(estimate_in_unit(unit, interval->estimate)));
    if (!interval_is_known(interval))
        return value;
    json_object_set_new(value, "low", json_real(estimate_in_unit(unit, interval->low)));
    json_object_set_new(value, "high", json_real(estimate_in_unit(unit, interval->high)));
    json_object_set_new(value, "confidence", json_real(interval->confidence));
    json_object_set_new(value, "method", json_string(interval->method));
    return value;
}

const char *estimate_kind_name(enum metric_kind kind)
{
    switch (kind) {
    case METRIC_PROPORTION: return "proportion";
    case METRIC_PER_UNIT: return "per unit";
    case METRIC_TOTAL: return "total";
    case METRIC_PER_REPLICATION: return "per replication";
    }
    check_failed(__FILE__, __LINE__, "a known kind");
}

json_t *estimate_metric_json(const struct metric *metric, const struct summary_metric *summary)
{
    json_t *value = json_pack("{s:s, s:s, s:f, s:I, s:I}", "kind", estimate_kind_name(metric->kind),
                              "unit", estimate_metric_unit(metric), "total",
                              estimate_in_unit(metric->unit, summary->total), "units",
                              (json_int_t)summary->unit_count, "replications_seen",
                              (json_int_t)summary->replications_seen);
    CHECK(value != NULL);
    json_object_set_new(value, "interval", estimate_json(&summary->headline, metric->unit));
    if (summary->total == 0 && summary->unit_count > 0)
        json_object_set_new(value, estimate_bound_key(metric), json_real(summary->upper_bound));
    if (metric->kind != METRIC_PROPORTION)
        return value;
    json_object_set_new(value, "wilson", estimate_json(&summary->wilson, metric->unit));
    json_object_set_new(value, "clopper_pearson",
                        estimate_json(&summary->clopper_pearson, metric->unit));
    json_object_set_new(value, "design_effect", json_real(summary->effect.design));
    json_object_set_new(value, "effective_units", json_real(summary->effect.effective));
    return value;
}

json_t *estimate_difference_json(const struct summary_difference *difference, enum metric_unit unit)
{
    json_t *value = estimate_json(&difference->difference, unit);
    if (difference->is_correlation_known)
        json_object_set_new(value, "correlation", json_real(difference->correlation));
    if (difference->is_variance_ratio_known)
        json_object_set_new(value, "variance_ratio", json_real(difference->variance_ratio));
    return value;
}

void estimate_cells(struct tsv *tsv, const struct interval *interval, enum metric_unit unit)
{
    if (interval_has_estimate(interval))
        tsv_real(tsv, estimate_in_unit(unit, interval->estimate));
    else
        tsv_empty(tsv);
    if (interval_is_known(interval)) {
        tsv_real(tsv, estimate_in_unit(unit, interval->low));
        tsv_real(tsv, estimate_in_unit(unit, interval->high));
        return;
    }
    tsv_empty(tsv);
    tsv_empty(tsv);
}

const char *estimate_interval_title(struct arena *arena, double confidence)
{
    return arena_print(arena, "%.6g %% interval", 100 * confidence);
}

const char *estimate_count_text(struct arena *arena, double count)
{
    char text[FIGURE_SIZE_BYTES];
    return arena_copy_text(arena, figure_count(text, llround(count)));
}

const char *estimate_value_text(struct arena *arena, const struct metric *metric, double value)
{
    char text[FIGURE_SIZE_BYTES];
    if (metric->unit == METRIC_DURATION_NS)
        return arena_copy_text(arena, figure_duration(text, value));
    if (metric->kind == METRIC_PROPORTION)
        return arena_copy_text(arena, figure_share(text, value));
    return arena_copy_text(arena, figure_number(text, value));
}

const char *estimate_interval_text(struct arena *arena, const struct metric *metric,
                                   const struct interval *interval)
{
    if (!interval_is_known(interval))
        return interval_has_estimate(interval) ? "not estimable" : "no data";
    char text[FIGURE_SIZE_BYTES];
    if (metric->kind == METRIC_PROPORTION)
        return arena_copy_text(arena, figure_share_interval(text, interval->low, interval->high));
    return arena_print(arena, "[%s, %s]", estimate_value_text(arena, metric, interval->low),
                       estimate_value_text(arena, metric, interval->high));
}

const char *estimate_rate_text(struct arena *arena, const struct metric *metric,
                               const struct summary_metric *summary)
{
    if (summary->unit_count == 0)
        return "no data";
    if (summary->total == 0)
        return arena_print(arena, "< %s", estimate_value_text(arena, metric, summary->upper_bound));
    return estimate_value_text(arena, metric, summary->headline.estimate);
}

const char *estimate_signed_text(struct arena *arena, const struct metric *metric, double value)
{
    char text[FIGURE_SIZE_BYTES];
    if (metric->kind == METRIC_PROPORTION)
        return arena_copy_text(arena, figure_points(text, value));
    return arena_print(arena, "%s%s",
                       value < 0   ? "-"
                       : value > 0 ? "+"
                                   : "",
                       estimate_value_text(arena, metric, value < 0 ? -value : value));
}

const char *estimate_change_text(struct arena *arena, const struct metric *metric,
                                 const struct interval *interval)
{
    if (!interval_has_estimate(interval))
        return "no data";
    const char *estimate = estimate_signed_text(arena, metric, interval->estimate);
    if (!interval_is_known(interval))
        return arena_print(arena, "%s [?]", estimate);
    return arena_print(arena, "%s [%s, %s]", estimate,
                       estimate_signed_text(arena, metric, interval->low),
                       estimate_signed_text(arena, metric, interval->high));
}
