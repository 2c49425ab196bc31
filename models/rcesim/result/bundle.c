#include "models/rcesim/result/bundle.h"

#include <inttypes.h>
#include <string.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/bundle_parts.h"
#include "models/rcesim/result/estimate.h"
#include "reports/figure.h"
#include "sim/base/units.h"

struct manifest_section *bundle_open(struct bundle_section *section)
{
    if (section->section == NULL)
        section->section =
            manifest_add_section(section->bundle->manifest, section->id, section->title);
    return section->section;
}

bool bundle_is_seen(const struct bundle *bundle, size_t metric)
{
    for (uint32_t v = 0; v < bundle->result->variant_count; v++)
        if (bundle_metric(bundle, v, metric)->total != 0)
            return true;
    return false;
}

bool bundle_is_cause(const struct bundle *bundle, size_t metric)
{
    const char *group = bundle->model->metrics[metric].group;
    return group != NULL && strcmp(group, "causes") == 0;
}

uint32_t bundle_best(const struct bundle *bundle)
{
    uint32_t best = bundle->result->variant_count > 1 ? 1 : 0;
    for (uint32_t v = 2; v < bundle->result->variant_count; v++) {
        const struct interval *found = &bundle_failed(bundle, v)->headline;
        const struct interval *least = &bundle_failed(bundle, best)->headline;
        bool is_less = interval_has_estimate(found) &&
                       (!interval_has_estimate(least) || found->estimate < least->estimate);
        if (is_less)
            best = v;
    }
    return best;
}

uint32_t bundle_line_count(const struct bundle *bundle)
{
    uint32_t count = bundle->result->variant_count;
    return count < CHART_SERIES_MAX ? count : CHART_SERIES_MAX;
}

const struct histogram *bundle_histogram(const struct bundle *bundle, uint32_t variant,
                                         const char *name)
{
    for (size_t i = 0; i < bundle->model->histogram_count; i++)
        if (strcmp(bundle->model->histograms[i].name, name) == 0)
            return &bundle->summary->variants[variant].histograms[i];
    return NULL;
}

double bundle_count_to(const struct histogram *histogram, int64_t at_ns)
{
    if (at_ns < 0)
        return 0;
    uint32_t bucket = histogram_bucket(at_ns);
    int64_t middle_ns = histogram_bucket_middle_ns(bucket);
    int64_t half_ns = histogram_bucket_half_ns(bucket);
    double upto = (double)histogram_count_to(histogram, at_ns);
    if (half_ns == 0 || middle_ns <= half_ns)
        return upto;
    double before = (double)histogram_count_to(histogram, middle_ns - half_ns - 1);
    double part = (double)(at_ns - (middle_ns - half_ns)) / (double)(2 * half_ns);
    if (part > 1)
        part = 1;
    return before + (part < 0 ? 0 : part) * (upto - before);
}

const char *bundle_units_text(const struct bundle *bundle, uint64_t count)
{
    return arena_print(bundle->arena, "%s %s", estimate_count_text(bundle->arena, (double)count),
                       count == 1 ? bundle->model->unit_name : bundle->model->unit_names);
}

const char *bundle_replications_text(const struct bundle *bundle)
{
    uint32_t count = bundle->result->replication_count;
    return arena_print(bundle->arena, "%s replication%s", estimate_count_text(bundle->arena, count),
                       count == 1 ? "" : "s");
}

const char *bundle_n_text(const struct bundle *bundle)
{
    bool is_alone = bundle->result->variant_count == 1;
    return arena_print(bundle->arena, "n = %s%s in %s%s",
                       bundle_units_text(bundle, bundle->summary->variants[0].unit_count),
                       is_alone ? "" : " per variant", bundle_replications_text(bundle),
                       is_alone ? "" : ", the same worlds for all");
}

const char *bundle_rate_text(const struct bundle *bundle, uint32_t variant)
{
    const struct summary_metric *failed = bundle_failed(bundle, variant);
    const struct metric *metric = &bundle->model->metrics[bundle->model->failed_metric];
    struct arena *arena = bundle->arena;
    if (failed->unit_count == 0)
        return "no data";
    if (failed->total == 0)
        return arena_print(arena, "none (with %s confidence at most %s)", bundle->confidence,
                           estimate_value_text(arena, metric, failed->upper_bound));
    const char *rate = estimate_value_text(arena, metric, failed->headline.estimate);
    if (!interval_is_known(&failed->headline))
        return arena_print(arena, "%s (no interval from one replication)", rate);
    return arena_print(arena, "%s (%s interval %s)", rate, bundle->confidence,
                       estimate_interval_text(arena, metric, &failed->headline));
}

const char *bundle_change_text(const struct bundle *bundle, uint32_t variant)
{
    size_t failed = bundle->model->failed_metric;
    if (bundle_failed(bundle, 0)->total == 0 && bundle_failed(bundle, variant)->total == 0)
        return "no failure in either";
    return estimate_change_text(bundle->arena, &bundle->model->metrics[failed],
                                &bundle->summary->variants[variant].differences[failed].difference);
}

const char *bundle_less_text(const struct bundle *bundle, size_t metric)
{
    for (uint32_t v = 0; v < bundle->result->variant_count; v++)
        if (bundle_metric(bundle, v, metric)->total == 0 &&
            bundle_metric(bundle, v, metric)->unit_count > 0)
            return arena_print(bundle->arena,
                               "; < x: none seen, with %s confidence at most x if %s fail "
                               "independently",
                               bundle->confidence, bundle->units);
    return "";
}

const char *bundle_left_out_text(const struct bundle *bundle, uint32_t shown_count)
{
    uint32_t count = bundle->result->variant_count;
    const char *names = "";
    for (uint32_t v = shown_count; v < count; v++)
        names = arena_print(bundle->arena, "%s%s\"%s\"", names, v > shown_count ? ", " : "",
                            bundle_name(bundle, v));
    return *names == '\0' ? ""
                          : arena_print(bundle->arena, "\nNot drawn, for want of room: %s", names);
}

const char *bundle_width_text(const struct bundle *bundle, int64_t width_ns)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{UNITS_H, "h"}, {UNITS_MIN, "min"}, {UNITS_S, "s"}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (width_ns > 0 && width_ns % units[i].ns == 0)
            return arena_print(bundle->arena, "%" PRId64 " %s", width_ns / units[i].ns,
                               units[i].name);
    char text[FIGURE_SIZE_BYTES];
    return arena_copy_text(bundle->arena, figure_duration(text, (double)width_ns));
}

void bundle_add_interval(struct chart *chart, const struct interval *interval, double factor)
{
    bool is_known = interval_is_known(interval), is_there = interval_has_estimate(interval);
    if (is_known)
        chart_add_number(chart, factor * interval->low);
    else
        chart_add_missing(chart);
    if (is_there)
        chart_add_number(chart, factor * interval->estimate);
    else
        chart_add_missing(chart);
    if (is_known)
        chart_add_number(chart, factor * interval->high);
    else
        chart_add_missing(chart);
}

struct manifest *bundle_create(const struct outcome *outcome)
{
    struct bundle bundle = {
        .arena = outcome->arena,
        .outcome = outcome,
        .result = outcome->result,
        .model = outcome->result->model,
        .summary = outcome->summary,
        .units = outcome->result->model->unit_names,
        .confidence = outcome_confidence(outcome),
    };
    bundle.manifest = manifest_create(bundle.arena, &outcome->identity,
                                      outcome->configuration->question, bundle_lead(&bundle));
    bundle_add_summary(&bundle);
    bundle_add_impact(&bundle);
    bundle_add_timeline(&bundle);
    bundle_add_causes(&bundle);
    bundle_add_fix(&bundle);
    bundle_add_failure(&bundle);
    bundle_add_cost(&bundle);
    bundle_add_assumptions(&bundle);
    bundle_add_reproduction(&bundle);
    bundle_add_appendix(&bundle);
    return bundle.manifest;
}
