#include "models/rcesim/result/judged.h"

#include <math.h>

#include "models/rcesim/result/estimate.h"
#include "reports/figure.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

/* A metric that is shown as numbers of this dimension are. */
static struct metric metric_like(enum threshold_dimension dimension)
{
    switch (dimension) {
    case THRESHOLD_NUMBER: return (struct metric){.kind = METRIC_PER_UNIT};
    case THRESHOLD_SHARE: return (struct metric){.kind = METRIC_PROPORTION};
    case THRESHOLD_DURATION:
        return (struct metric){.kind = METRIC_PER_UNIT, .unit = METRIC_DURATION_NS};
    }
    check_failed(__FILE__, __LINE__, "a known dimension");
}

/* As it would be shown elsewhere, but a duration as the threshold itself would have it, and a whole
 * number without decimals. */
static const char *value_text(struct arena *arena, const struct metric *metric, double value)
{
    char text[FIGURE_SIZE_BYTES];
    if (metric->unit == METRIC_DURATION_NS)
        return arena_copy_text(arena, figure_exact_duration(text, value));
    if (metric->kind != METRIC_PROPORTION && fabs(value) < 1e15 && value == round(value))
        return estimate_count_text(arena, value);
    return estimate_value_text(arena, metric, value);
}

/* Durations between which an interval lies are shown as finely as its width deserves. */
static double step_of(const struct interval *interval)
{
    double width_ns = interval->high - interval->low;
    if (width_ns >= 20 * (double)UNITS_MIN)
        return (double)UNITS_MIN;
    double step_ns = (double)UNITS_S;
    while (step_ns > 1 && width_ns < 20 * step_ns)
        step_ns /= 10;
    return step_ns;
}

static const char *duration_texts(struct arena *arena, const struct metric *metric,
                                  const struct interval *interval)
{
    double step = step_of(interval);
    return arena_print(arena, "%s, [%s, %s]",
                       value_text(arena, metric, step * round(interval->estimate / step)),
                       value_text(arena, metric, step * round(interval->low / step)),
                       value_text(arena, metric, step * round(interval->high / step)));
}

/* "18.8 %, [17.9, 19.7] %" */
static const char *estimate_text(struct arena *arena, const struct metric *metric,
                                 const struct interval *interval)
{
    if (metric->unit == METRIC_DURATION_NS && interval_is_known(interval))
        return duration_texts(arena, metric, interval);
    return arena_print(arena, "%s, %s", value_text(arena, metric, interval->estimate),
                       estimate_interval_text(arena, metric, interval));
}

static const char *seen_text(struct arena *arena, const struct threshold_result *judged,
                             const char *value)
{
    if (judged->subject != THRESHOLD_LEFT)
        return value;
    return judged->interval.estimate == 0 ? "none seen" : arena_print(arena, "%s seen", value);
}

/* What may have been missed. */
static const char *bound_text(struct arena *arena, const struct model *model,
                              const struct threshold_result *judged)
{
    char bound[FIGURE_SIZE_BYTES];
    return arena_print(arena, "with %.6g %% confidence %sat most %s of the %s",
                       100 * judged->interval.confidence,
                       judged->subject == THRESHOLD_LEFT ? "" : "the sides differ in ",
                       figure_share(bound, judged->upper_bound),
                       judged->bound_of == THRESHOLD_OF_UNITS ? model->unit_names : "replications");
}

const char *judged_text(struct arena *arena, const struct model *model,
                        const struct threshold_result *judged)
{
    const struct interval *interval = &judged->interval;
    struct metric metric = metric_like(judged->dimension);
    if (!interval_has_estimate(interval))
        return "no data";
    const char *subject = threshold_subject_text(judged->subject);
    const char *value = value_text(arena, &metric, interval->estimate);
    const char *says;
    if (judged->has_upper_bound && judged->upper_bound >= 1 && interval->estimate > 0)
        says = seen_text(arena, judged, value); /* No bound says more than that. */
    else if (judged->has_upper_bound)
        says = arena_print(arena, "%s; %s", seen_text(arena, judged, value),
                           bound_text(arena, model, judged));
    else if (judged->is_sample)
        says = arena_print(arena, "%s (of the sample)", value);
    else
        says = estimate_text(arena, &metric, interval);
    return *subject == '\0' ? says : arena_print(arena, "%s: %s", subject, says);
}

json_t *judged_json(const struct threshold *threshold, const struct threshold_result *judged)
{
    struct metric metric = metric_like(judged->dimension);
    const char *subject = threshold_subject_text(judged->subject);
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:s}", "threshold", threshold->text, "verdict",
                  threshold_verdict_name(judged->verdict), "reason", judged->reason, "unit",
                  judged->dimension == THRESHOLD_SHARE ? "share" : estimate_unit_name(metric.unit));
    CHECK(value != NULL);
    json_object_set_new(value, "of", json_string(*subject != '\0' ? subject : "left"));
    json_object_set_new(value, "interval", estimate_json(&judged->interval, metric.unit));
    if (interval_has_estimate(&judged->interval)) {
        json_object_set_new(value, "is_sample", json_boolean(judged->is_sample));
        json_object_set_new(value, "limit_low",
                            json_real(estimate_in_unit(metric.unit, judged->low)));
        json_object_set_new(value, "limit_high",
                            json_real(estimate_in_unit(metric.unit, judged->high)));
    }
    if (judged->has_upper_bound)
        json_object_set_new(value,
                            judged->bound_of == THRESHOLD_OF_UNITS ? "upper_bound"
                                                                   : "upper_bound_replications",
                            json_real(judged->upper_bound));
    return value;
}

struct junit_case judged_case(struct arena *arena, const struct model *model,
                              const struct threshold *threshold,
                              const struct threshold_result *judged)
{
    struct junit_case found = {
        .name = threshold->text,
        .state = judged->verdict == THRESHOLD_PASS ? JUNIT_PASSED : JUNIT_FAILED,
        .type = judged->verdict == THRESHOLD_INCONCLUSIVE ? "inconclusive" : "failed",
        .message =
            arena_print(arena, "%s: %s", threshold_verdict_name(judged->verdict), judged->reason),
        .details = judged_text(arena, model, judged),
    };
    return found;
}
