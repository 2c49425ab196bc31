#include "models/rcesim/result/bundle_parts.h"

#include <inttypes.h>

#include "models/rcesim/result/estimate.h"
#include "sim/stats/mean.h"

enum { CONVERGENCE_POINTS_MAX = 200, SEEN_MIN = 5 };

void bundle_add_reproduction(struct bundle *bundle)
{
    struct arena *arena = bundle->arena;
    const struct identity *identity = &bundle->outcome->identity;
    struct manifest_section *section =
        manifest_add_section(bundle->manifest, "reproduce", "How to reproduce");
    bool is_observed = bundle->outcome->commands.is_observed;
    manifest_add_text(
        section, MANIFEST_PLAIN,
        arena_print(arena,
                    "Made by %s %s from scenario %s (hash %016" PRIx64 ") with seed %" PRIu64
                    ". %s; scenario.resolved.yaml in this folder is the scenario with every "
                    "value.",
                    identity->program, identity->version, identity->scenario,
                    identity->scenario_hash, identity->seed,
                    is_observed ? "It was observed in real time, which does not come again: the "
                                  "same draws are made again, at times that differ a little"
                                : "The same version, scenario and seed give the same bytes, on "
                                  "any number of threads"));
    manifest_add_command(section, is_observed ? "What it was observed with" : "This result",
                         identity->command);
    manifest_add_command(section, "This page again, from its folder DIR", "rcesim report DIR");
    if (bundle->result->variant_count > 1)
        manifest_add_command(section, "Another result of the same worlds against this one",
                             "rcesim compare DIR OTHER");
}

/* How the estimate settled: after each replication the mean of those so far. */
struct course {
    struct tally tally;
    uint32_t seen_count;
};

static void add_course(struct chart *chart, const struct course *course, double confidence)
{
    struct interval interval = mean_interval(&course->tally, confidence);
    /* A t interval over replications of which hardly any saw a failure claims too much. */
    if (interval_is_known(&interval) && course->seen_count < SEEN_MIN)
        interval.state = INTERVAL_NOT_ESTIMABLE;
    if (interval.low < 0)
        interval.low = 0;
    if (interval_has_estimate(&interval))
        chart_add_number(chart, 100 * interval.estimate);
    else
        chart_add_missing(chart);
    for (int i = 0; i < 2; i++)
        if (interval_is_known(&interval))
            chart_add_number(chart, 100 * (i == 0 ? interval.low : interval.high));
        else
            chart_add_missing(chart);
}

static void add_convergence(struct bundle *bundle, struct manifest_section *section)
{
    struct arena *arena = bundle->arena;
    size_t failed = bundle->model->failed_metric;
    uint32_t variants = bundle_line_count(bundle);
    uint32_t replications = bundle->result->replication_count;
    uint32_t stride = (replications + CONVERGENCE_POINTS_MAX - 1) / CONVERGENCE_POINTS_MAX;
    struct course *courses = arena_take_array(arena, variants, sizeof *courses);
    struct chart *chart = chart_create(arena, CHART_CONVERGENCE, "convergence");
    chart_add_column(chart, CHART_X, "replications", NULL);
    for (uint32_t v = 0; v < variants; v++) {
        chart_add_column(chart, CHART_ESTIMATE, arena_print(arena, "estimate_%u_percent", v + 1),
                         bundle_name(bundle, v));
        chart_add_column(chart, CHART_LOW, arena_print(arena, "low_%u_percent", v + 1), NULL);
        chart_add_column(chart, CHART_HIGH, arena_print(arena, "high_%u_percent", v + 1), NULL);
    }
    for (uint32_t r = 0; r < replications; r++) {
        bool is_shown = (r + 1) % stride == 0 || r + 1 == replications;
        if (is_shown)
            chart_add_number(chart, r + 1);
        for (uint32_t v = 0; v < variants; v++) {
            double share;
            if (summary_value(&bundle->model->metrics[failed], result_record(bundle->result, r, v),
                              failed, &share)) {
                tally_add(&courses[v].tally, share);
                courses[v].seen_count += share > 0;
            }
            if (is_shown)
                add_course(chart, &courses[v], bundle->summary->confidence);
        }
    }
    chart_set_words(chart, "How the estimate settled",
                    arena_print(arena,
                                "%s\nMean of the replications so far; band: %s t interval, once %d "
                                "of them saw a failure%s",
                                bundle_n_text(bundle), bundle->confidence, SEEN_MIN,
                                bundle_left_out_text(bundle, variants)),
                    arena_print(arena,
                                "Share of failed %s, estimated from more and more "
                                "replications, with an interval that narrows.",
                                bundle->units));
    chart_set_x(chart, "replications", "");
    chart_set_y(chart, arena_print(arena, "failed %s (%%)", bundle->units), "%");
    manifest_add_chart(bundle->manifest, section, chart);
}

static void add_cause_rates(struct bundle *bundle, struct manifest_section *section)
{
    struct arena *arena = bundle->arena;
    struct manifest_block *table = NULL;
    for (size_t m = 0; m < bundle->model->metric_count; m++) {
        if (!bundle_is_cause(bundle, m) || !bundle_is_seen(bundle, m))
            continue;
        if (table == NULL) {
            table =
                manifest_add_table(section, arena_print(arena,
                                                        "Rates of causes, shares of all %s with %s "
                                                        "intervals; < x: none seen, at most x",
                                                        bundle->units, bundle->confidence));
            manifest_add_table_column(table, "cause", MANIFEST_LEFT);
            for (uint32_t v = 0; v < bundle->result->variant_count; v++)
                manifest_add_table_column(table, bundle_name(bundle, v), MANIFEST_RIGHT);
        }
        const struct metric *metric = &bundle->model->metrics[m];
        manifest_add_cell(table, metric->label);
        for (uint32_t v = 0; v < bundle->result->variant_count; v++) {
            const struct summary_metric *cause = bundle_metric(bundle, v, m);
            const char *rate = estimate_rate_text(arena, metric, cause);
            bool has_interval = cause->total > 0 && interval_is_known(&cause->headline);
            manifest_add_cell(
                table, has_interval
                           ? arena_print(arena, "%s %s", rate,
                                         estimate_interval_text(arena, metric, &cause->headline))
                           : rate);
        }
    }
}

static const char *quantile_text(const struct bundle *bundle, const struct interval *quantile)
{
    static const struct metric duration = {.kind = METRIC_PER_UNIT, .unit = METRIC_DURATION_NS};
    struct arena *arena = bundle->arena;
    if (!interval_has_estimate(quantile))
        return "no data";
    const char *value = estimate_value_text(arena, &duration, quantile->estimate);
    return interval_is_known(quantile)
               ? arena_print(arena, "%s %s", value,
                             estimate_interval_text(arena, &duration, quantile))
               : value;
}

static void add_durations(struct bundle *bundle, struct manifest_section *section)
{
    struct arena *arena = bundle->arena;
    struct manifest_block *table = manifest_add_table(
        section, arena_print(arena, "Quantiles of durations, with %s intervals where there are any",
                             bundle->confidence));
    manifest_add_table_column(table, "duration", MANIFEST_LEFT);
    manifest_add_table_column(table, "variant", MANIFEST_LEFT);
    manifest_add_table_column(table, "n", MANIFEST_RIGHT);
    manifest_add_table_column(table, "median", MANIFEST_RIGHT);
    manifest_add_table_column(table, "95th percentile", MANIFEST_RIGHT);
    manifest_add_table_column(table, "99th percentile", MANIFEST_RIGHT);
    for (size_t i = 0; i < bundle->model->histogram_count; i++)
        for (uint32_t v = 0; v < bundle->result->variant_count; v++) {
            const struct summary_variant *summary = &bundle->summary->variants[v];
            if (summary->histograms[i].count == 0)
                continue;
            manifest_add_cell(table, bundle->model->histograms[i].label);
            manifest_add_cell(table, bundle_name(bundle, v));
            manifest_add_cell(table,
                              estimate_count_text(arena, (double)summary->histograms[i].count));
            for (int q = 0; q < SUMMARY_QUANTILE_COUNT; q++)
                manifest_add_cell(table,
                                  quantile_text(bundle, &summary->durations[i].quantiles[q]));
        }
}

static const char *p_text(struct arena *arena, double p_value)
{
    return p_value < 1e-99 ? "< 1e-99" : arena_print(arena, "%.2g", p_value);
}

/* What else is said of the comparison, for those who expect to see it. */
static void add_opinions(struct bundle *bundle, struct manifest_section *section)
{
    struct arena *arena = bundle->arena;
    const struct metric *failure = &bundle->model->metrics[bundle->model->failed_metric];
    bool is_compared =
        bundle->result->variant_count > 1 && bundle_is_seen(bundle, bundle->model->failed_metric);
    if (!is_compared)
        return;
    struct manifest_block *table = manifest_add_table(
        section,
        arena_print(arena,
                    "Tests of \"%s\" against the others: paired t over replications; in the last "
                    "two columns as if all %s were independent, which they are not",
                    bundle_name(bundle, 0), bundle->units));
    static const char *const titles[] = {"points", "p (paired t)", "p (Holm)", "McNemar mid-p",
                                         "Newcombe, points"};
    manifest_add_table_column(table, "variant", MANIFEST_LEFT);
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        manifest_add_table_column(table, titles[i], MANIFEST_RIGHT);
    for (uint32_t v = 1; v < bundle->result->variant_count; v++) {
        const struct summary_variant *summary = &bundle->summary->variants[v];
        const struct summary_difference *difference =
            &summary->differences[bundle->model->failed_metric];
        const struct summary_opinions *opinions = summary->opinions;
        manifest_add_cell(table, bundle_name(bundle, v));
        manifest_add_cell(table, estimate_change_text(arena, failure, &difference->difference));
        manifest_add_cell(table, difference->is_p_known ? p_text(arena, difference->p_value) : "-");
        manifest_add_cell(table,
                          difference->is_p_known ? p_text(arena, difference->p_adjusted) : "-");
        manifest_add_cell(table, opinions->has_pairs ? p_text(arena, opinions->mcnemar_mid) : "-");
        manifest_add_cell(table,
                          opinions->has_pairs
                              ? estimate_change_text(arena, failure, &opinions->paired_difference)
                              : "-");
    }
}

void bundle_add_appendix(struct bundle *bundle)
{
    struct manifest_section *section =
        manifest_add_section(bundle->manifest, "appendix", "Appendix");
    if (bundle->result->replication_count > 1 &&
        bundle_is_seen(bundle, bundle->model->failed_metric))
        add_convergence(bundle, section);
    add_cause_rates(bundle, section);
    add_durations(bundle, section);
    add_opinions(bundle, section);
    struct bundle_section given = {.bundle = bundle, .section = section};
    if (bundle->result->variant_count > 1)
        bundle_add_given(&given, BUNDLE_GIVEN_VARIANTS, "Every value that the variants change");
}
