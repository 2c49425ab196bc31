#include "models/rcesim/result/bundle_parts.h"

#include <inttypes.h>

#include "models/rcesim/result/estimate.h"
#include "reports/figure.h"

/* Points of a curve of incidence. */
enum { INCIDENCE_POINTS = 160 };

static size_t seen_cause_count(const struct bundle *bundle)
{
    size_t count = 0;
    for (size_t m = 0; m < bundle->model->metric_count; m++)
        count += bundle_is_cause(bundle, m) && bundle_is_seen(bundle, m);
    return count;
}

static void add_cause_cells(struct bundle *bundle, struct manifest_block *table, size_t metric)
{
    struct arena *arena = bundle->arena;
    manifest_add_cell(table, bundle->model->metrics[metric].label);
    for (uint32_t v = 0; v < bundle->result->variant_count; v++) {
        double count = bundle_metric(bundle, v, metric)->total;
        double failed = bundle_failed(bundle, v)->total;
        char share[FIGURE_SIZE_BYTES];
        if (count > 0 && failed > 0)
            manifest_add_cell(table,
                              arena_print(arena, "%s (%s)", estimate_count_text(arena, count),
                                          figure_share(share, count / failed)));
        else
            manifest_add_cell(table, estimate_count_text(arena, count));
    }
}

static void add_cause_table(struct bundle *bundle, struct manifest_section *section)
{
    struct manifest_block *table = manifest_add_table(
        section, arena_print(bundle->arena,
                             "Failed %s by cause, as the simulated world knows it (in brackets: "
                             "share of the failed)",
                             bundle->units));
    manifest_add_table_column(table, "cause", MANIFEST_LEFT);
    for (uint32_t v = 0; v < bundle->result->variant_count; v++)
        manifest_add_table_column(table, bundle_name(bundle, v), MANIFEST_RIGHT);
    for (size_t m = 0; m < bundle->model->metric_count; m++)
        if (bundle_is_cause(bundle, m) && bundle_is_seen(bundle, m))
            add_cause_cells(bundle, table, m);
}

static void add_cause_chart(struct bundle *bundle, struct manifest_section *section)
{
    struct arena *arena = bundle->arena;
    struct chart *chart = chart_create(arena, CHART_STACKED, "failure-causes");
    chart_add_column(chart, CHART_LABEL, "variant", NULL);
    chart_add_column(chart, CHART_PART, "cause", NULL);
    chart_add_column(chart, CHART_VALUE, "percent", arena_print(arena, "failed %s", bundle->units));
    for (uint32_t v = 0; v < bundle->result->variant_count; v++)
        for (size_t m = 0; m < bundle->model->metric_count; m++) {
            if (!bundle_is_cause(bundle, m) || !bundle_is_seen(bundle, m))
                continue;
            double units = (double)bundle_metric(bundle, v, m)->unit_count;
            chart_add_text(chart, bundle_name(bundle, v));
            chart_add_text(chart, bundle->model->metrics[m].label);
            if (units > 0)
                chart_add_number(chart, 100 * bundle_metric(bundle, v, m)->total / units);
            else
                chart_add_missing(chart);
        }
    chart_set_words(chart, "Causes of failure by variant",
                    arena_print(arena,
                                "%s\nCauses are those of the simulated world, not what the "
                                "engine saw",
                                bundle_n_text(bundle)),
                    arena_print(arena,
                                "Share of %s that failed, by variant and cause; the table "
                                "above has the numbers.",
                                bundle->units));
    chart_set_x(chart, arena_print(arena, "failed %s (%%)", bundle->units), "%");
    manifest_add_chart(bundle->manifest, section, chart);
}

/* The two distributions that the cumulative incidence follows from. */
struct ends {
    const struct histogram *all, *failed;
    double unit_count;
};

static bool find_ends(const struct bundle *bundle, uint32_t variant, struct ends *ends)
{
    *ends = (struct ends){
        .all = bundle_histogram(bundle, variant, "duration"),
        .failed = bundle_histogram(bundle, variant, "time_to_failure"),
        .unit_count = (double)bundle->summary->variants[variant].unit_count,
    };
    return ends->all != NULL && ends->failed != NULL && ends->all->count > 0;
}

static int64_t longest_ns(const struct ends *ends, size_t count)
{
    int64_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t far_ns;
        if (histogram_quantile(ends[i].all, 0.995, &far_ns) && far_ns > longest)
            longest = far_ns;
    }
    return longest;
}

/* At time 0 nothing has ended; a histogram has no time before its first bucket. */
static void add_ends(struct chart *chart, const struct ends *ends, int64_t at_ns)
{
    double failed = at_ns == 0 ? 0 : bundle_count_to(ends->failed, at_ns);
    double all = at_ns == 0 ? 0 : bundle_count_to(ends->all, at_ns);
    chart_add_number(chart, 100 * (all - failed) / ends->unit_count);
    chart_add_number(chart, 100 * failed / ends->unit_count);
}

static void add_incidence(struct bundle *bundle, struct manifest_section *section)
{
    struct arena *arena = bundle->arena;
    uint32_t best = bundle_best(bundle);
    const uint32_t variants[] = {0, best};
    size_t count = best == 0 ? 1 : 2;
    struct ends ends[2];
    for (size_t i = 0; i < count; i++)
        if (!find_ends(bundle, variants[i], &ends[i]))
            return;
    int64_t unit_ns, end_ns = longest_ns(ends, count);
    const char *unit = chart_time_unit(end_ns, &unit_ns);
    struct chart *chart = chart_create(arena, CHART_INCIDENCE, "incidence");
    chart_add_column(chart, CHART_X, arena_print(arena, "time_%s", unit), NULL);
    for (size_t i = 0; i < count; i++) {
        const char *name = bundle_name(bundle, variants[i]);
        chart_add_column(chart, CHART_VALUE, arena_print(arena, "completed_%zu_percent", i + 1),
                         arena_print(arena, "completed, %s", name));
        chart_add_column(chart, CHART_VALUE, arena_print(arena, "failed_%zu_percent", i + 1),
                         arena_print(arena, "failed, %s", name));
    }
    for (int p = 0; p <= INCIDENCE_POINTS; p++) {
        int64_t at_ns = (int64_t)((double)end_ns * p / INCIDENCE_POINTS);
        chart_add_number(chart, (double)at_ns / (double)unit_ns);
        for (size_t i = 0; i < count; i++)
            add_ends(chart, &ends[i], at_ns);
    }
    chart_set_words(
        chart, arena_print(arena, "When %s complete, and when they fail", bundle->units),
        arena_print(arena,
                    "%s\nCumulative incidence: failing is an end of its own and not a long "
                    "duration; the last 0.5 %% of the ends are beyond the picture%s%s",
                    bundle_n_text(bundle), bundle_redriven_text(bundle),
                    bundle->result->variant_count > count
                        ? arena_print(arena, "\nOf the variants, the first and the one that fails "
                                             "least")
                        : ""),
        arena_print(arena,
                    "Share of %s that have completed and that have failed, by the time since "
                    "each started.",
                    bundle->units));
    chart_set_x(
        chart, arena_print(arena, "since the start of the %s (%s)", bundle->model->unit_name, unit),
        unit);
    chart_set_y(chart, arena_print(arena, "%s (%%)", bundle->units), "%");
    manifest_add_chart(bundle->manifest, section, chart);
}

void bundle_add_causes(struct bundle *bundle)
{
    struct bundle_section section = {.bundle = bundle, .id = "root-cause", .title = "Root cause"};
    if (!bundle_is_seen(bundle, bundle->model->failed_metric)) {
        section.title = "The race window";
        bundle_add_race(&section);
        return;
    }
    if (seen_cause_count(bundle) > 0) {
        add_cause_table(bundle, bundle_open(&section));
        add_cause_chart(bundle, bundle_open(&section));
    }
    bundle_add_race(&section);
    add_incidence(bundle, bundle_open(&section));
}
