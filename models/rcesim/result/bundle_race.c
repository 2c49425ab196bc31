#include "models/rcesim/result/bundle_parts.h"

#include <inttypes.h>

#include "models/rcesim/result/estimate.h"
#include "reports/figure.h"
#include "sim/base/units.h"
#include "sim/stats/cluster.h"

/* The race window: in each cluster with a temporary host two things take their time from the moment
 * that it was asked for, and the one that has to be second must not be first. */
enum { BINS_MAX = 60 };

/* The histograms of the race in one variant, and how often it was lost in the clusters of each
 * replication: they share a world. */
struct race {
    const struct histogram *ready, *triggered, *early;
    struct cluster_tally lost;
};

/* The metric by which shares are written. */
static const struct metric *failure_of(const struct bundle *bundle)
{
    return &bundle->model->metrics[bundle->model->failed_metric];
}

static struct cluster_tally count_lost(const struct bundle *bundle, uint32_t variant,
                                       const struct race *race)
{
    const struct histogram *first = bundle->summary->variants[variant].histograms;
    struct cluster_tally lost = {0};
    for (uint32_t r = 0; r < bundle->result->replication_count; r++) {
        const struct histogram *own = result_record(bundle->result, r, variant)->histograms;
        cluster_add(&lost, own[race->triggered - first].count, own[race->early - first].count);
    }
    return lost;
}

static bool find_race(const struct bundle *bundle, uint32_t variant, struct race *race)
{
    *race = (struct race){
        .ready = bundle_histogram(bundle, variant, "ready_delay"),
        .triggered = bundle_histogram(bundle, variant, "trigger_delay"),
        .early = bundle_histogram(bundle, variant, "early_by"),
    };
    bool is_there = race->ready != NULL && race->triggered != NULL && race->early != NULL &&
                    race->ready->count > 0 && race->triggered->count > 0;
    if (is_there)
        race->lost = count_lost(bundle, variant, race);
    return is_there;
}

/* A width that people count in, so that there are at most BINS_MAX. */
static int64_t bin_ns(int64_t range_ns)
{
    static const int64_t widths_ns[] = {
        UNITS_S,       5 * UNITS_S,    15 * UNITS_S,   30 * UNITS_S, UNITS_MIN,  2 * UNITS_MIN,
        5 * UNITS_MIN, 15 * UNITS_MIN, 30 * UNITS_MIN, UNITS_H,      6 * UNITS_H};
    for (size_t i = 0; i < sizeof widths_ns / sizeof widths_ns[0]; i++)
        if (range_ns / widths_ns[i] < BINS_MAX)
            return widths_ns[i];
    return range_ns / BINS_MAX + 1;
}

static double share_between(const struct histogram *histogram, int64_t from_ns, int64_t to_ns)
{
    return (bundle_count_to(histogram, to_ns) - bundle_count_to(histogram, from_ns)) /
           (double)histogram->count;
}

static const char *median_text(const struct bundle *bundle, const struct histogram *histogram)
{
    int64_t median_ns;
    char text[FIGURE_SIZE_BYTES];
    if (!histogram_quantile(histogram, 0.5, &median_ns))
        return "-";
    return arena_copy_text(bundle->arena, figure_duration(text, (double)median_ns));
}

static double lost_share(const struct race *race)
{
    return (double)race->lost.hit_count / (double)race->lost.unit_count;
}

/* "1 cluster", "6,516 clusters" */
static const char *clusters_text(const struct bundle *bundle, const struct race *race)
{
    return arena_print(bundle->arena, "%s cluster%s",
                       estimate_count_text(bundle->arena, (double)race->lost.unit_count),
                       race->lost.unit_count == 1 ? "" : "s");
}

/* At most this share, where none was seen. */
static const char *bound_text(const struct bundle *bundle, const struct race *race)
{
    return estimate_value_text(bundle->arena, failure_of(bundle),
                               cluster_upper_bound(&race->lost, bundle->summary->confidence));
}

/* "[35.1, 40.2] %"; NULL: one replication has none. */
static const char *interval_text(const struct bundle *bundle, const struct race *race)
{
    if (bundle->result->replication_count < 2)
        return NULL;
    struct interval share = cluster_clopper_pearson(&race->lost, bundle->summary->confidence);
    return estimate_interval_text(bundle->arena, failure_of(bundle), &share);
}

/* "2,451 of 6,516 clusters (37.6 % [35.1, 40.2] %)", "0 of 6,516 clusters (< 0.046 %)" */
static const char *share_text(const struct bundle *bundle, const struct race *race)
{
    struct arena *arena = bundle->arena;
    char share[FIGURE_SIZE_BYTES];
    const char *of =
        arena_print(arena, "%s of %s", estimate_count_text(arena, (double)race->lost.hit_count),
                    clusters_text(bundle, race));
    if (race->lost.hit_count == 0)
        return arena_print(arena, "%s (< %s)", of, bound_text(bundle, race));
    figure_share(share, lost_share(race));
    const char *interval = interval_text(bundle, race);
    return interval == NULL ? arena_print(arena, "%s (%s)", of, share)
                            : arena_print(arena, "%s (%s %s)", of, share, interval);
}

/* The share of units that asked too early, with its interval if there were any. */
static const char *early_text(const struct bundle *bundle, uint32_t variant, size_t metric)
{
    struct arena *arena = bundle->arena;
    const struct metric *what = &bundle->model->metrics[metric];
    const struct summary_metric *early = bundle_metric(bundle, variant, metric);
    const char *rate = estimate_rate_text(arena, what, early);
    if (early->total == 0 || !interval_is_known(&early->headline))
        return rate;
    return arena_print(arena, "%s %s", rate, estimate_interval_text(arena, what, &early->headline));
}

static void add_table(struct bundle *bundle, struct manifest_section *section)
{
    int metric = result_find_metric(bundle->result, "early_trigger_rate");
    struct arena *arena = bundle->arena;
    struct manifest_block *table = manifest_add_table(
        section,
        arena_print(arena,
                    "The race: maintenance triggered before the cluster was ready. Of the clusters "
                    "with a temporary host, those that became ready and were asked for "
                    "maintenance; medians since the host was asked for; intervals of %s (of "
                    "clusters: Clopper-Pearson with the design effect of shared worlds)%s",
                    bundle->confidence,
                    metric < 0 ? "" : bundle_less_text(bundle, (size_t)metric)));
    manifest_add_table_column(table, "variant", MANIFEST_LEFT);
    manifest_add_table_column(table, "ready, median", MANIFEST_RIGHT);
    manifest_add_table_column(table, "triggered, median", MANIFEST_RIGHT);
    manifest_add_table_column(table, "triggered too early", MANIFEST_RIGHT);
    manifest_add_table_column(table, "by, median", MANIFEST_RIGHT);
    manifest_add_table_column(table, arena_print(arena, "%s with it", bundle->units),
                              MANIFEST_RIGHT);
    for (uint32_t v = 0; v < bundle->result->variant_count; v++) {
        struct race race;
        if (!find_race(bundle, v, &race))
            continue;
        manifest_add_cell(table, bundle_name(bundle, v));
        manifest_add_cell(table, median_text(bundle, race.ready));
        manifest_add_cell(table, median_text(bundle, race.triggered));
        manifest_add_cell(table, share_text(bundle, &race));
        manifest_add_cell(table, median_text(bundle, race.early));
        manifest_add_cell(table, metric < 0 ? "-" : early_text(bundle, v, (size_t)metric));
    }
}

/* From the first value of either to where all but 1 % of both have come. */
static void find_range(const struct race *race, int64_t *from_ns, int64_t *to_ns)
{
    const struct histogram *const both[] = {race->ready, race->triggered};
    *from_ns = INT64_MAX;
    *to_ns = 0;
    for (int i = 0; i < 2; i++) {
        int64_t low_ns = 0, high_ns = 0;
        histogram_quantile(both[i], 0, &low_ns);
        histogram_quantile(both[i], 0.99, &high_ns);
        *from_ns = low_ns < *from_ns ? low_ns : *from_ns;
        *to_ns = high_ns > *to_ns ? high_ns : *to_ns;
    }
}

static void add_bins(struct chart *chart, const struct race *race, int64_t unit_ns)
{
    int64_t from_ns, to_ns;
    find_range(race, &from_ns, &to_ns);
    int64_t width_ns = bin_ns(to_ns - from_ns + 1);
    for (int64_t at_ns = from_ns / width_ns * width_ns - width_ns; at_ns <= to_ns + width_ns;
         at_ns += width_ns) {
        if (at_ns + width_ns <= 0)
            continue;
        chart_add_number(chart, ((double)at_ns + (double)width_ns / 2) / (double)unit_ns);
        chart_add_number(chart, 100 * share_between(race->ready, at_ns, at_ns + width_ns));
        chart_add_number(chart, 100 * share_between(race->triggered, at_ns, at_ns + width_ns));
    }
}

static void add_chart(struct bundle *bundle, struct manifest_section *section, uint32_t variant,
                      const struct race *race)
{
    struct arena *arena = bundle->arena;
    int64_t from_ns, to_ns, unit_ns;
    find_range(race, &from_ns, &to_ns);
    const char *unit = chart_time_unit(to_ns, &unit_ns);
    char share[FIGURE_SIZE_BYTES];
    struct chart *chart = chart_create(arena, CHART_OVERLAP, "race-window");
    chart_add_column(chart, CHART_X, arena_print(arena, "time_%s", unit), NULL);
    chart_add_column(chart, CHART_FIRST, "ready_percent", "cluster ready");
    chart_add_column(chart, CHART_LATER, "triggered_percent", "maintenance triggered");
    add_bins(chart, race, unit_ns);
    figure_share(share, lost_share(race));
    const char *interval = interval_text(bundle, race);
    chart_set_words(
        chart, arena_print(arena, "The race window with \"%s\"", bundle_name(bundle, variant)),
        arena_print(
            arena,
            "P(triggered before ready) = %s%s, n = %s in %s: those with a temporary host that "
            "became ready and were asked for maintenance\n"
            "Share of the clusters in bins of %s; P is counted cluster by cluster and is not the "
            "hatched area, which shows where either can come first; the last 1 %% of either is "
            "beyond the picture",
            share,
            interval == NULL
                ? ""
                : arena_print(arena, " (%s interval %s)", bundle->confidence, interval),
            clusters_text(bundle, race), bundle_replications_text(bundle),
            bundle_width_text(bundle, bin_ns(to_ns - from_ns + 1))),
        arena_print(arena,
                    "Two overlapping distributions: when clusters were ready and when maintenance "
                    "was triggered; in %s of the clusters it was triggered first.",
                    share));
    chart_set_x(chart, arena_print(arena, "since the temporary host was asked for (%s)", unit),
                unit);
    chart_set_y(chart, "clusters (%)", "%");
    manifest_add_chart(bundle->manifest, section, chart);
}

void bundle_add_race(struct bundle_section *section)
{
    struct bundle *bundle = section->bundle;
    struct race race;
    uint32_t variant = 0;
    /* The one in which the race is lost most often has the window to show; else the first. */
    double most = -1;
    for (uint32_t v = 0; v < bundle->result->variant_count; v++) {
        if (!find_race(bundle, v, &race))
            continue;
        double share = lost_share(&race);
        if (share > most) {
            most = share;
            variant = v;
        }
    }
    if (most < 0)
        return;
    find_race(bundle, variant, &race);
    if (most == 0) {
        manifest_add_text(
            bundle_open(section), MANIFEST_PLAIN,
            arena_print(bundle->arena,
                        "In none of the clusters with a temporary host that became ready and were "
                        "asked for maintenance (\"%s\": %s) was it triggered before the cluster "
                        "was ready%s: with %s confidence that is so in at most %s, if clusters "
                        "are independent.",
                        bundle_name(bundle, variant),
                        estimate_count_text(bundle->arena, (double)race.lost.unit_count),
                        bundle->result->variant_count > 1 ? ", with no variant" : "",
                        bundle->confidence, bound_text(bundle, &race)));
        return;
    }
    add_table(bundle, bundle_open(section));
    add_chart(bundle, bundle_open(section), variant, &race);
}
