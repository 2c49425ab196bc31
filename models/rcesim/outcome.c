#include "models/rcesim/outcome.h"

#include <inttypes.h>
#include <string.h>

#include "models/rcesim/command.h"
#include "models/rcesim/domain.h"
#include "models/rcesim/single.h"
#include "reports/figure.h"
#include "sim/base/check.h"

static const double confidence = 0.95;

/* The first replication in which the variant broke an invariant. */
static bool find_violation(const struct result *result, uint32_t variant, size_t metric,
                           uint32_t *replication)
{
    for (uint32_t i = 0; i < result->replication_count; i++) {
        if (result_record(result, i, variant)->values[metric] == 0)
            continue;
        *replication = result->first_replication + i;
        return true;
    }
    return false;
}

static const char *find_replay(const struct outcome *outcome, uint32_t variant)
{
    uint32_t replication, unit;
    const char *violations = outcome->configuration->domain->violations;
    if (violations == NULL ||
        !find_violation(outcome->result, variant,
                        (size_t)result_find_metric(outcome->result, violations), &replication))
        return NULL;
    struct single single = {
        .configuration = outcome->configuration, .variant = variant, .replication = replication};
    if (!single_find_row(&single, violations, &unit))
        return NULL;
    return arena_print(
        outcome->arena, "%s --variant %s --replication %" PRIu32 " --workflow %" PRIu32,
        outcome->trace_command, outcome->configuration->variants[variant].name, replication, unit);
}

static void judge(struct outcome *outcome)
{
    const struct configuration *configuration = outcome->configuration;
    struct threshold_result *results =
        arena_take_array(outcome->arena, configuration->threshold_count + 1, sizeof *results);
    outcome->verdict = THRESHOLD_PASS;
    for (size_t i = 0; i < configuration->threshold_count; i++) {
        results[i] = threshold_judge(&configuration->thresholds[i], outcome->summary);
        outcome->verdict = threshold_worse(outcome->verdict, results[i].verdict);
    }
    outcome->thresholds = results;
}

const struct outcome *outcome_create(struct arena *arena, const struct configuration *configuration,
                                     const struct result *result,
                                     const struct outcome_commands *commands)
{
    struct outcome *outcome = arena_take(arena, sizeof *outcome);
    *outcome = (struct outcome){
        .arena = arena,
        .configuration = configuration,
        .result = result,
        .summary = summary_create(arena, result, confidence),
        .trace_command = commands->trace,
        .identity =
            {
                .program = "rcesim",
                .version = command_version,
                .scenario = scenario_name(configuration->scenario),
                .scenario_hash = configuration->hash,
                .seed = result->seed,
                .replications = result->replication_count,
                .replications_planned = result->replications_planned,
                .command = commands->run,
            },
    };
    judge(outcome);
    outcome->replays = arena_take_array(arena, result->variant_count, sizeof *outcome->replays);
    for (uint32_t i = 0; i < result->variant_count; i++)
        outcome->replays[i] = find_replay(outcome, i);
    return outcome;
}

const char *outcome_confidence(const struct outcome *outcome)
{
    return arena_print(outcome->arena, "%.6g %%", 100 * outcome->summary->confidence);
}

/* Durations are seconds in every file. */
static double in_unit(enum metric_unit unit, double value)
{
    switch (unit) {
    case METRIC_COUNT: return value;
    case METRIC_DURATION_NS: return value * 1e-9;
    }
    check_failed(__FILE__, __LINE__, "a known unit");
}

static const char *state_name(enum interval_state state)
{
    switch (state) {
    case INTERVAL_NO_DATA: return "no data";
    case INTERVAL_NOT_ESTIMABLE: return "not estimable";
    case INTERVAL_KNOWN: return "known";
    }
    check_failed(__FILE__, __LINE__, "a known state");
}

static json_t *interval_json(const struct interval *interval, enum metric_unit unit)
{
    json_t *value = json_object();
    json_object_set_new(value, "state", json_string(state_name(interval->state)));
    if (interval_has_estimate(interval))
        json_object_set_new(value, "estimate", json_real(in_unit(unit, interval->estimate)));
    if (!interval_is_known(interval))
        return value;
    json_object_set_new(value, "low", json_real(in_unit(unit, interval->low)));
    json_object_set_new(value, "high", json_real(in_unit(unit, interval->high)));
    json_object_set_new(value, "confidence", json_real(interval->confidence));
    json_object_set_new(value, "method", json_string(interval->method));
    return value;
}

static const char *kind_name(enum metric_kind kind)
{
    switch (kind) {
    case METRIC_PROPORTION: return "proportion";
    case METRIC_PER_UNIT: return "per unit";
    case METRIC_TOTAL: return "total";
    case METRIC_PER_REPLICATION: return "per replication";
    }
    check_failed(__FILE__, __LINE__, "a known kind");
}

static json_t *metric_json(const struct metric *metric, const struct summary_metric *summary)
{
    json_t *value =
        json_pack("{s:s, s:s, s:f, s:I, s:I}", "kind", kind_name(metric->kind), "unit",
                  metric->unit == METRIC_DURATION_NS ? "s" : "count", "total",
                  in_unit(metric->unit, summary->total), "units", (json_int_t)summary->unit_count,
                  "replications_seen", (json_int_t)summary->replications_seen);
    CHECK(value != NULL);
    json_object_set_new(value, "interval", interval_json(&summary->headline, metric->unit));
    if (summary->total == 0 && summary->unit_count > 0)
        json_object_set_new(value, "upper_bound", json_real(summary->upper_bound));
    if (metric->kind != METRIC_PROPORTION)
        return value;
    json_object_set_new(value, "wilson", interval_json(&summary->wilson, metric->unit));
    json_object_set_new(value, "clopper_pearson",
                        interval_json(&summary->clopper_pearson, metric->unit));
    json_object_set_new(value, "design_effect", json_real(summary->effect.design));
    json_object_set_new(value, "effective_units", json_real(summary->effect.effective));
    return value;
}

static json_t *difference_json(const struct summary_difference *difference, enum metric_unit unit)
{
    json_t *value = interval_json(&difference->difference, unit);
    if (difference->is_correlation_known)
        json_object_set_new(value, "correlation", json_real(difference->correlation));
    if (difference->is_variance_ratio_known)
        json_object_set_new(value, "variance_ratio", json_real(difference->variance_ratio));
    return value;
}

static json_t *histogram_json(const struct histogram *histogram)
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
    return value;
}

static json_t *comparison_json(const struct outcome *outcome, uint32_t variant)
{
    const struct model *model = outcome->result->model;
    const struct summary_variant *summary = &outcome->summary->variants[variant];
    json_t *differences = json_object();
    for (size_t i = 0; i < model->metric_count; i++)
        json_object_set_new(differences, model->metrics[i].name,
                            difference_json(&summary->differences[i], model->metrics[i].unit));
    json_t *value = json_pack("{s:s, s:o}", "first_minus_this", outcome->result->variants[0].name,
                              "differences", differences);
    CHECK(value != NULL);
    const struct summary_units *units = &summary->units;
    if (units->is_known)
        json_object_set_new(
            value, "units",
            json_pack("{s:I, s:I, s:I, s:I}", "fail_in_both", (json_int_t)units->both, "fixed",
                      (json_int_t)units->only_first, "new_failures", (json_int_t)units->only_later,
                      "fail_in_neither", (json_int_t)units->neither));
    const struct result_synchrony *synchrony = &outcome->result->synchrony[variant];
    json_object_set_new(value, "common_draws_checked",
                        json_integer((json_int_t)synchrony->common_count));
    json_object_set_new(value, "common_draws_checked_share",
                        json_real(synchrony->checked_share_min));
    return value;
}

static json_t *variant_json(const struct outcome *outcome, uint32_t variant)
{
    const struct model *model = outcome->result->model;
    const struct summary_variant *summary = &outcome->summary->variants[variant];
    json_t *metrics = json_object(), *histograms = json_object();
    for (size_t i = 0; i < model->metric_count; i++)
        json_object_set_new(metrics, model->metrics[i].name,
                            metric_json(&model->metrics[i], &summary->metrics[i]));
    for (size_t i = 0; i < model->histogram_count; i++)
        json_object_set_new(histograms, model->histograms[i].name,
                            histogram_json(&summary->histograms[i]));
    json_t *value =
        json_pack("{s:s, s:I, s:I, s:o, s:o}", "name", outcome->result->variants[variant].name,
                  "units", (json_int_t)summary->unit_count, "events",
                  (json_int_t)summary->event_count, "metrics", metrics, "histograms", histograms);
    CHECK(value != NULL);
    if (variant > 0)
        json_object_set_new(value, "comparison", comparison_json(outcome, variant));
    if (outcome->replays[variant] != NULL)
        json_object_set_new(value, "replay", json_string(outcome->replays[variant]));
    return value;
}

static json_t *threshold_json(const struct outcome *outcome, size_t index)
{
    const struct threshold_result *judged = &outcome->thresholds[index];
    json_t *value =
        json_pack("{s:s, s:s, s:s}", "threshold", outcome->configuration->thresholds[index].text,
                  "verdict", threshold_verdict_name(judged->verdict), "reason", judged->reason);
    CHECK(value != NULL);
    json_object_set_new(value, "interval", interval_json(&judged->interval, judged->unit));
    if (judged->has_upper_bound)
        json_object_set_new(value, "upper_bound", json_real(judged->upper_bound));
    return value;
}

json_t *outcome_json(const struct outcome *outcome)
{
    json_t *variants = json_array(), *thresholds = json_array();
    for (uint32_t i = 0; i < outcome->result->variant_count; i++)
        json_array_append_new(variants, variant_json(outcome, i));
    for (size_t i = 0; i < outcome->configuration->threshold_count; i++)
        json_array_append_new(thresholds, threshold_json(outcome, i));
    char hash[17];
    snprintf(hash, sizeof hash, "%016" PRIx64, outcome->result->history_hash);
    json_t *value =
        json_pack("{s:i, s:s, s:o, s:s, s:s, s:s, s:o, s:s, s:o}", "schema_version", 1, "question",
                  outcome->configuration->question, "identity", identity_json(&outcome->identity),
                  "model", outcome->result->model->name, "unit", outcome->result->model->unit_name,
                  "history_hash", hash, "variants", variants, "verdict",
                  threshold_verdict_name(outcome->verdict), "thresholds", thresholds);
    CHECK(value != NULL);
    const struct domain *domain = outcome->configuration->domain;
    if (domain->describe != NULL)
        domain->describe(outcome->configuration, value);
    return value;
}

static const char *bars_text(const struct outcome *outcome, uint32_t interval_count)
{
    if (interval_count > 0)
        return arena_print(
            outcome->arena,
            "Bars: %s interval (t over replications; Clopper-Pearson where failures are rare)",
            outcome_confidence(outcome));
    return "No bars: there is no interval from one replication";
}

const struct chart *outcome_failure_chart(const struct outcome *outcome)
{
    const struct result *result = outcome->result;
    const struct model *model = result->model;
    struct chart_point *points =
        arena_take_array(outcome->arena, result->variant_count, sizeof *points);
    uint32_t interval_count = 0;
    for (uint32_t i = 0; i < result->variant_count; i++) {
        const struct interval *interval =
            &outcome_metric(outcome, i, model->failed_metric)->headline;
        points[i].label = result->variants[i].name;
        points[i].is_known = interval_has_estimate(interval);
        points[i].has_interval = interval_is_known(interval);
        points[i].low = interval->low;
        points[i].estimate = interval->estimate;
        points[i].high = interval->high;
        interval_count += points[i].has_interval;
    }
    char count[FIGURE_SIZE_BYTES];
    figure_count(count, (int64_t)outcome->summary->variants[0].unit_count);
    struct chart *chart = arena_take(outcome->arena, sizeof *chart);
    *chart = (struct chart){
        .name = "failure-rate",
        .title = arena_print(outcome->arena, "Failed %s by variant", model->unit_names),
        .axis = arena_print(outcome->arena, "failed %s (%%)", model->unit_names),
        .caption = arena_print(
            outcome->arena,
            "n = %s %s per variant in %" PRIu32 " replication%s, the same worlds for all\n%s",
            count,
            outcome->summary->variants[0].unit_count == 1 ? model->unit_name : model->unit_names,
            result->replication_count, result->replication_count == 1 ? "" : "s",
            bars_text(outcome, interval_count)),
        .section = "Failure rate",
        .points = points,
        .point_count = result->variant_count,
    };
    return chart;
}
