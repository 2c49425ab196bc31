#include "models/rcesim/result/summary_json.h"

#include "models/rcesim/result/estimate.h"
#include "sim/base/check.h"

/* Quantiles of all values, and of some of them intervals. */
static json_t *histogram_json(const struct histogram *histogram,
                              const struct summary_durations *durations)
{
    static const struct {
        const char *name;
        double share;
    } quantiles[] = {{"min", 0},    {"p05", 0.05}, {"p25", 0.25}, {"p50", 0.5},
                     {"p75", 0.75}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1}};
    json_t *value = json_pack("{s:I, s:s}", "count", (json_int_t)histogram->count, "unit", "s");
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
        int64_t found_ns;
        if (histogram_quantile(histogram, quantiles[i].share, &found_ns))
            json_object_set_new(value, quantiles[i].name, json_real((double)found_ns * 1e-9));
    }
    json_t *intervals = json_object();
    for (int q = 0; q < SUMMARY_QUANTILE_COUNT; q++)
        json_object_set_new(intervals, summary_quantile_name((enum summary_quantile)q),
                            estimate_json(&durations->quantiles[q], METRIC_DURATION_NS));
    json_object_set_new(value, "intervals", intervals);
    return value;
}

static json_t *differences_json(const struct model *model, const struct summary_variant *variant)
{
    json_t *differences = json_object();
    for (size_t i = 0; i < model->metric_count; i++) {
        const struct summary_difference *difference = &variant->differences[i];
        json_t *value = estimate_difference_json(difference, model->metrics[i].unit);
        if (difference->is_p_known) {
            json_object_set_new(value, "p", json_real(difference->p_value));
            json_object_set_new(value, "p_holm", json_real(difference->p_adjusted));
        }
        json_object_set_new(differences, model->metrics[i].name, value);
    }
    return differences;
}

static json_t *units_json(const struct summary_units *units)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "fail_in_both", (json_int_t)units->both, "fixed",
                     (json_int_t)units->only_first, "new_failures", (json_int_t)units->only_later,
                     "fail_in_neither", (json_int_t)units->neither);
}

/* A ratio has no unit, and is not estimable where one side has too little. */
static json_t *ratio_json(const struct interval *ratio)
{
    if (!interval_has_estimate(ratio))
        return json_pack("{s:s}", "state", estimate_state_name(INTERVAL_NOT_ESTIMABLE));
    return estimate_json(ratio, METRIC_COUNT);
}

static json_t *opinions_json(const struct summary_opinions *opinions)
{
    json_t *independent = json_object(), *effective = json_object();
    if (opinions->has_pairs) {
        json_object_set_new(independent, "newcombe_paired",
                            estimate_json(&opinions->paired_difference, METRIC_COUNT));
        json_object_set_new(independent, "mcnemar_exact_p", json_real(opinions->mcnemar_exact));
        json_object_set_new(independent, "mcnemar_mid_p", json_real(opinions->mcnemar_mid));
    }
    if (opinions->has_fisher)
        json_object_set_new(independent, "fisher_p", json_real(opinions->fisher));
    json_object_set_new(effective, "newcombe_unpaired",
                        estimate_json(&opinions->group_difference, METRIC_COUNT));
    json_object_set_new(effective, "risk_ratio", ratio_json(&opinions->risk_ratio));
    return json_pack("{s:o, s:o}", "assuming_independent_units", independent,
                     "with_the_design_effects_as_if_unpaired", effective);
}

static json_t *comparison_json(const struct summary *summary, uint32_t variant)
{
    const struct result *result = summary->result;
    const struct summary_variant *later = &summary->variants[variant];
    json_t *value = json_pack("{s:s, s:b, s:o}", "first_minus_this", result->variants[0].name,
                              "paired", (int)!summary->is_independent, "differences",
                              differences_json(result->model, later));
    CHECK(value != NULL);
    if (later->units.is_known)
        json_object_set_new(value, "units", units_json(&later->units));
    json_object_set_new(value, "second_opinions", opinions_json(later->opinions));
    const struct result_synchrony *synchrony = &result->synchrony[variant];
    json_object_set_new(value, "common_draws_checked",
                        json_integer((json_int_t)synchrony->common_count));
    if (synchrony->common_count > 0)
        json_object_set_new(value, "common_draws_checked_share",
                            json_real(synchrony->checked_share_min));
    return value;
}

json_t *summary_json(const struct summary *summary, uint32_t variant)
{
    const struct model *model = summary->result->model;
    const struct summary_variant *reduced = &summary->variants[variant];
    json_t *metrics = json_object(), *histograms = json_object();
    for (size_t i = 0; i < model->metric_count; i++)
        json_object_set_new(metrics, model->metrics[i].name,
                            estimate_metric_json(&model->metrics[i], &reduced->metrics[i]));
    for (size_t i = 0; i < model->histogram_count; i++)
        json_object_set_new(histograms, model->histograms[i].name,
                            histogram_json(&reduced->histograms[i], &reduced->durations[i]));
    json_t *value =
        json_pack("{s:s, s:I, s:I, s:o, s:o}", "name", summary->result->variants[variant].name,
                  "units", (json_int_t)reduced->unit_count, "events",
                  (json_int_t)reduced->event_count, "metrics", metrics, "histograms", histograms);
    CHECK(value != NULL);
    if (variant > 0)
        json_object_set_new(value, "comparison", comparison_json(summary, variant));
    return value;
}
