#include "models/rcesim/result/bundle_parts.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/rcesim/result/estimate.h"
#include "reports/figure.h"

/* Bins of a chart; a wave has about 60 of half an hour. */
enum { BINS_MAX = 300 };

/* A pooled bin with fewer units than this part of all has only stragglers: those are late because
 * of what also makes them fail, and would be taken for a trend. */
#define BIN_PART_MIN 0.002

/* One share over time: which series it is a part of, by which clock, and what the chart says. */
struct timeline {
    const char *part, *undecided; /* Names of series; `undecided` may be NULL. */
    const char *name, *title;     /* Of the chart. */
    const char *by;               /* "first maintenance request" */
    bool is_since_deployment;
    bool is_one;          /* One replication alone ... */
    uint32_t replication; /* ... this one, counted from 0 in the result. */
};

static bool find_series(const struct bundle *bundle, const char *name, size_t *index)
{
    for (size_t i = 0; i < bundle->model->series_count; i++)
        if (strcmp(bundle->model->series[i].name, name) == 0) {
            *index = i;
            return true;
        }
    return false;
}

static struct summary_share share_of(const struct bundle *bundle, const struct timeline *timeline,
                                     const char *series, uint32_t variant)
{
    struct summary_share_what what = {
        .variant = variant,
        .confidence = bundle->summary->confidence,
        .is_one = timeline->is_one,
        .replication = timeline->replication,
    };
    struct summary_share none = {0};
    if (!find_series(bundle, series, &what.part))
        return none;
    return summary_series_share(bundle->arena, bundle->result, &what);
}

static const struct summary_share_bin *bin_at(const struct summary_share *share, int64_t from_ns,
                                              uint64_t least)
{
    for (uint32_t i = 0; share->is_known && i < share->bin_count; i++)
        if (share->bins[i].from_ns == from_ns && share->bins[i].whole >= least)
            return &share->bins[i];
    return NULL;
}

/* How many units a bin must have to be drawn. */
static uint64_t least_of(const struct bundle *bundle, const struct timeline *timeline)
{
    uint64_t units = bundle->summary->variants[0].unit_count;
    return timeline->is_one ? 1 : (uint64_t)(BIN_PART_MIN * (double)units) + 1;
}

static void add_number_or_not(struct chart *chart, bool is_there, double number)
{
    if (is_there)
        chart_add_number(chart, number);
    else
        chart_add_missing(chart);
}

static void add_share(struct chart *chart, const struct summary_share_bin *bin)
{
    bool is_there = bin != NULL && interval_has_estimate(&bin->share);
    bool is_known = bin != NULL && interval_is_known(&bin->share);
    add_number_or_not(chart, is_there, is_there ? 100 * bin->share.estimate : 0);
    add_number_or_not(chart, is_known, is_known ? 100 * bin->share.low : 0);
    add_number_or_not(chart, is_known, is_known ? 100 * bin->share.high : 0);
}

/* All shares of a chart, and the window that holds them. */
struct shares {
    struct summary_share failed[CHART_SERIES_MAX], undecided[CHART_SERIES_MAX];
    int64_t bin_ns, from_ns, to_ns;
    bool has_undecided;
    uint64_t least; /* Units of a bin that is drawn. */
};

static void widen(struct shares *shares, const struct summary_share *share)
{
    uint32_t first = 0, end = share->is_known ? share->bin_count : 0;
    while (first < end && share->bins[first].whole < shares->least)
        first++;
    while (end > first && share->bins[end - 1].whole < shares->least)
        end--;
    if (first == end)
        return;
    int64_t from_ns = share->bins[first].from_ns, to_ns = share->bins[end - 1].to_ns;
    if (shares->bin_ns == 0 || from_ns < shares->from_ns)
        shares->from_ns = from_ns;
    if (shares->bin_ns == 0 || to_ns > shares->to_ns)
        shares->to_ns = to_ns;
    if (share->bin_ns > shares->bin_ns)
        shares->bin_ns = share->bin_ns;
}

static struct shares find_shares(const struct bundle *bundle, const struct timeline *timeline,
                                 const struct bundle_shown *shown)
{
    struct shares shares = {.least = least_of(bundle, timeline)};
    for (uint32_t i = 0; i < shown->count; i++) {
        shares.failed[i] = share_of(bundle, timeline, timeline->part, shown->variants[i]);
        widen(&shares, &shares.failed[i]);
        if (timeline->undecided == NULL)
            continue;
        shares.undecided[i] = share_of(bundle, timeline, timeline->undecided, shown->variants[i]);
        for (uint32_t k = 0; shares.undecided[i].is_known && k < shares.undecided[i].bin_count; k++)
            shares.has_undecided = shares.has_undecided || shares.undecided[i].bins[k].part > 0;
    }
    if (shares.bin_ns > 0 && (shares.to_ns - shares.from_ns) / shares.bin_ns > BINS_MAX)
        shares.to_ns = shares.from_ns + BINS_MAX * shares.bin_ns;
    return shares;
}

/* "12.3" of a metric that is a point in time, as a mark; nothing where there is no data. */
static bool mean_of(const struct bundle *bundle, uint32_t variant, const char *name,
                    double *value_ns)
{
    int metric = result_find_metric(bundle->result, name);
    if (metric < 0)
        return false;
    const struct interval *headline = &bundle_metric(bundle, variant, (size_t)metric)->headline;
    *value_ns = headline->estimate;
    return interval_has_estimate(headline);
}

/* When it was detected, deployed and completed: means over replications, or what one of them had.
 */
static bool moment_of(const struct bundle *bundle, const struct timeline *timeline,
                      uint32_t variant, const char *name, double *value_ns)
{
    int metric = result_find_metric(bundle->result, name);
    if (!timeline->is_one || metric < 0)
        return mean_of(bundle, variant, name, value_ns);
    int64_t value = result_record(bundle->result, timeline->replication, variant)->values[metric];
    *value_ns = (double)value;
    return value != METRIC_NONE;
}

static void add_marks(const struct bundle *bundle, const struct timeline *timeline,
                      uint32_t variant, struct chart *chart, double unit_ns)
{
    double detected_ns, deployed_ns, took_ns;
    bool is_detected = moment_of(bundle, timeline, variant, "detected_at", &detected_ns);
    bool is_deployed = moment_of(bundle, timeline, variant, "deployed_at", &deployed_ns);
    double origin_ns = timeline->is_since_deployment && is_deployed ? deployed_ns : 0;
    if (is_detected)
        chart_add_mark(chart, 'x', (detected_ns - origin_ns) / unit_ns, "detected");
    if (is_deployed)
        chart_add_mark(chart, 'x', (deployed_ns - origin_ns) / unit_ns, "deployed");
    if (is_detected && moment_of(bundle, timeline, variant, "rollout_time", &took_ns))
        chart_add_mark(chart, 'x', (detected_ns + took_ns - origin_ns) / unit_ns, "last stage");
}

static void add_columns(struct bundle *bundle, const struct bundle_shown *shown,
                        const struct shares *shares, struct chart *chart, const char *unit)
{
    struct arena *arena = bundle->arena;
    chart_add_column(chart, CHART_X, arena_print(arena, "time_%s", unit), NULL);
    for (uint32_t i = 0; i < shown->count; i++) {
        chart_add_column(chart, CHART_ESTIMATE, arena_print(arena, "failed_%u_percent", i + 1),
                         bundle_name(bundle, shown->variants[i]));
        chart_add_column(chart, CHART_LOW, arena_print(arena, "low_%u_percent", i + 1), NULL);
        chart_add_column(chart, CHART_HIGH, arena_print(arena, "high_%u_percent", i + 1), NULL);
    }
    if (shares->has_undecided)
        chart_add_column(
            chart, CHART_UNDECIDED, "undecided_percent",
            arena_print(arena, "undecided, %s", bundle_name(bundle, shown->variants[0])));
    chart_add_column(chart, CHART_COUNT, "count", NULL);
}

static void add_bins(const struct bundle_shown *shown, const struct shares *shares,
                     struct chart *chart, double unit_ns)
{
    for (int64_t at_ns = shares->from_ns; at_ns < shares->to_ns; at_ns += shares->bin_ns) {
        chart_add_number(chart, ((double)at_ns + (double)shares->bin_ns / 2) / unit_ns);
        for (uint32_t i = 0; i < shown->count; i++)
            add_share(chart, bin_at(&shares->failed[i], at_ns, shares->least));
        if (shares->has_undecided) {
            const struct summary_share_bin *bin =
                bin_at(&shares->undecided[0], at_ns, shares->least);
            add_number_or_not(chart, bin != NULL,
                              bin == NULL ? 0 : 100 * (double)bin->part / (double)bin->whole);
        }
        const struct summary_share_bin *bin = bin_at(&shares->failed[0], at_ns, shares->least);
        chart_add_number(chart, bin == NULL ? 0 : (double)bin->whole);
    }
}

/* How many units the bins of one replication have, and what that is worth: "1 to 15 workflows a
 * bin; none failed of 12, the median, would still allow for 22 %". */
static const char *few_text(const struct bundle *bundle, const struct bundle_shown *shown,
                            const struct timeline *timeline)
{
    struct summary_share share = share_of(bundle, timeline, timeline->part, shown->variants[0]);
    uint64_t counts[BINS_MAX], count = 0;
    for (uint32_t i = 0; i < share.bin_count && count < BINS_MAX; i++) {
        uint64_t whole = share.bins[i].whole, at = count;
        for (; whole > 0 && at > 0 && counts[at - 1] > whole; at--)
            counts[at] = counts[at - 1];
        if (whole > 0) {
            counts[at] = whole;
            count++;
        }
    }
    if (count == 0)
        return "";
    uint64_t median = counts[count / 2];
    char bound[FIGURE_SIZE_BYTES];
    figure_share(bound, 1 - pow(1 - bundle->summary->confidence, 1 / (double)median));
    return arena_print(bundle->arena,
                       "%" PRIu64 " to %s a bin; none failed of %" PRIu64
                       ", the median, would still allow for a rate of %s",
                       counts[0], bundle_units_text(bundle, counts[count - 1]), median, bound);
}

static const char *pooled_caption(const struct bundle *bundle, const struct timeline *timeline,
                                  const struct shares *shares)
{
    bool is_all_decided = timeline->undecided != NULL && !shares->has_undecided;
    return arena_print(
        bundle->arena,
        "%s, by time of %s in bins of %s, pooled over replications%s\nBand: %s interval "
        "(Clopper-Pearson with the design effect of shared worlds); bins with fewer than %g %% of "
        "the %s are left out",
        bundle_n_text(bundle), timeline->by, bundle_width_text(bundle, shares->bin_ns),
        is_all_decided ? "; none was undecided at the end" : "", bundle->confidence,
        100 * BIN_PART_MIN, bundle->units);
}

/* In how many replications it was deployed, where not in all; only these can be counted. */
static const char *deployed_text(const struct bundle *bundle, const struct bundle_shown *shown)
{
    const char *text = "";
    for (uint32_t i = 0; i < shown->count; i++) {
        uint64_t count = bundle_deployed_count(bundle, shown->variants[i]);
        if (count < bundle->result->replication_count)
            text = arena_print(bundle->arena, "%s%s \"%s\" %" PRIu64 " of %" PRIu32, text,
                               *text == '\0' ? "" : ",", bundle_name(bundle, shown->variants[i]),
                               count, bundle->result->replication_count);
    }
    return *text == '\0'
               ? ""
               : arena_print(bundle->arena,
                             "\nOnly of the replications in which it was deployed:%s", text);
}

static const char *caption_of(const struct bundle *bundle, const struct timeline *timeline,
                              const struct bundle_shown *shown, const struct shares *shares)
{
    struct arena *arena = bundle->arena;
    if (timeline->is_one)
        return arena_print(arena,
                           "ONE replication (number %" PRIu32
                           "), as somebody who lives through it sees it, in bins of %s\n%s\nBand: "
                           "%s interval for such %s in this one world",
                           bundle->result->first_replication + timeline->replication,
                           bundle_width_text(bundle, shares->bin_ns),
                           few_text(bundle, shown, timeline), bundle->confidence, bundle->units);
    const char *text = pooled_caption(bundle, timeline, shares);
    if (timeline->is_since_deployment)
        return arena_print(arena, "%s%s\nMarks: of \"%s\", means over replications", text,
                           deployed_text(bundle, shown), bundle_name(bundle, shown->variants[0]));
    return arena_print(arena, "%s%s", text, bundle_left_out_text(bundle, shown->count));
}

/* Returns false where there is nothing to draw. */
static bool add_timeline(struct bundle_section *section, const struct timeline *timeline,
                         const struct bundle_shown *shown)
{
    struct bundle *bundle = section->bundle;
    struct arena *arena = bundle->arena;
    struct shares shares = find_shares(bundle, timeline, shown);
    if (shares.bin_ns == 0)
        return false;
    int64_t unit_ns, far_ns = shares.to_ns > -shares.from_ns ? shares.to_ns : -shares.from_ns;
    const char *unit = chart_time_unit(far_ns, &unit_ns);
    struct chart *chart = chart_create(arena, CHART_TIMELINE, timeline->name);
    add_columns(bundle, shown, &shares, chart, unit);
    add_bins(shown, &shares, chart, (double)unit_ns);
    add_marks(bundle, timeline, shown->variants[0], chart, (double)unit_ns);
    chart_set_words(chart, timeline->title, caption_of(bundle, timeline, shown, &shares),
                    arena_print(arena,
                                "Share of failed %s over time, by time of %s, with intervals.",
                                bundle->units, timeline->by));
    chart_set_x(chart,
                arena_print(arena, "since the %s (%s)",
                            timeline->is_since_deployment ? "deployment" : "start of the wave",
                            unit),
                unit);
    chart_set_y(chart, arena_print(arena, "failed %s (%%)", bundle->units), "%");
    manifest_add_chart(bundle->manifest, bundle_open(section), chart);
    return true;
}

/* The rollouts among some that were deployed in any replication: only these can be drawn. */
static struct bundle_shown deployed_of(const struct bundle *bundle,
                                       const struct bundle_shown *rollouts)
{
    struct bundle_shown deployed = {0};
    for (uint32_t i = 0; i < rollouts->count; i++)
        if (bundle_deployed_count(bundle, rollouts->variants[i]) > 0)
            deployed.variants[deployed.count++] = rollouts->variants[i];
    return deployed;
}

/* The first replication in which it was deployed, counted from 0. */
static uint32_t first_deployed(const struct bundle *bundle, uint32_t variant)
{
    int metric = result_find_metric(bundle->result, "deployed_at");
    for (uint32_t r = 0; metric >= 0 && r < bundle->result->replication_count; r++)
        if (result_record(bundle->result, r, variant)->values[metric] != METRIC_NONE)
            return r;
    return 0;
}

static void add_trigger_note(struct bundle_section *section, uint32_t variant)
{
    const char *selection =
        bundle_is_detected_by_failures(section->bundle, variant)
            ? " The failure is detected because many fail, so the hours before the detection look "
              "worse than the wave is, and those before them better: that is selection and not a "
              "trend."
            : "";
    manifest_add_text(bundle_open(section), MANIFEST_NOTE,
                      arena_print(section->bundle->arena,
                                  "By time of trigger a workflow counts where it could still be "
                                  "helped.%s",
                                  selection));
}

/* The marks of a rollout stand at the means of all replications, as do those of one at its own. */
static void draw_rollout(struct bundle_section *section, const struct bundle_shown *shown)
{
    const struct timeline pooled = {
        .part = "since.triggered_failed",
        .undecided = "since.triggered_undecided",
        .name = "rollout",
        .title = "The rollout, by time of trigger",
        .by = "first maintenance request",
        .is_since_deployment = true,
    };
    struct timeline one = pooled, decided = pooled;
    one.name = "rollout-one";
    one.title = "The same in one single wave";
    one.is_one = true;
    one.replication = first_deployed(section->bundle, shown->variants[0]);
    decided.part = "since.decided_failed";
    decided.undecided = NULL;
    decided.name = "rollout-decided";
    decided.title = "The same by time of decision";
    decided.by = "the end of their first drive";
    struct bundle_shown first = {.variants = {shown->variants[0]}, .count = 1};
    if (!add_timeline(section, &pooled, shown))
        return;
    add_trigger_note(section, shown->variants[0]);
    if (add_timeline(section, &decided, shown))
        manifest_add_text(bundle_open(section), MANIFEST_NOTE,
                          "By time of decision, the way a dashboard shows it, the rate lags by the "
                          "time that a failure takes to show, and can even rise after the last "
                          "stage, because what fails late was triggered long before.");
    add_timeline(section, &one, &first);
}

/* What the dashboard shows of the first variant, if it is misleading: the first that are decided
 * are those that fail. */
static const char *decided_text(const struct bundle *bundle, const struct timeline *timeline)
{
    struct summary_share share = share_of(bundle, timeline, timeline->part, 0);
    uint64_t least = least_of(bundle, timeline);
    const struct summary_share_bin *first = NULL, *last = NULL;
    for (uint32_t i = 0; share.is_known && i < share.bin_count; i++)
        if (share.bins[i].whole >= least) {
            first = first == NULL ? &share.bins[i] : first;
            last = &share.bins[i];
        }
    const struct interval *rate = &bundle_failed(bundle, 0)->headline;
    bool is_misleading = first != NULL && interval_has_estimate(rate) &&
                         first->share.estimate > 2 * rate->estimate &&
                         last->share.estimate < rate->estimate;
    if (!is_misleading)
        return "By time of decision, the way a dashboard shows it, failures stand where they were "
               "noticed: later than where they were caused, by the time that they took to show.";
    char begins[FIGURE_SIZE_BYTES], ended[FIGURE_SIZE_BYTES];
    const char *ends = figure_share(ended, last->share.estimate);
    if (last->part == 0)
        ends = arena_print(bundle->arena, "none of %s",
                           estimate_count_text(bundle->arena, (double)last->whole));
    return arena_print(bundle->arena,
                       "By time of decision, the way a dashboard shows it, \"%s\" begins at %s "
                       "and ends with %s. The first to be decided are those that fail, because the "
                       "others still have hours to go: that is the clock and not a trend.",
                       bundle_name(bundle, 0), figure_share(begins, first->share.estimate), ends);
}

void bundle_add_timeline(struct bundle *bundle)
{
    struct bundle_section section = {.bundle = bundle, .id = "timeline", .title = "Timeline"};
    struct bundle_shown rollouts = {0}, shown = {.count = bundle_line_count(bundle)};
    if (!bundle_is_seen(bundle, bundle->model->failed_metric))
        return; /* Lines at 0 say nothing that the summary has not said. */
    for (uint32_t v = 0; v < bundle->result->variant_count; v++)
        if (rollouts.count < CHART_SERIES_MAX && bundle_is_rollout(bundle, v))
            rollouts.variants[rollouts.count++] = v;
    const struct bundle_shown deployed = deployed_of(bundle, &rollouts);
    if (rollouts.count > 0)
        bundle_add_rollout(&section, &rollouts);
    if (deployed.count > 0) {
        draw_rollout(&section, &deployed);
        bundle_add_placebo(&section, &rollouts);
    }
    const struct timeline triggered = {
        .part = "triggered_failed",
        .undecided = "triggered_undecided",
        .name = "failures-by-trigger",
        .title = "Failures over the wave, by time of trigger",
        .by = "first maintenance request",
    };
    const struct timeline decided = {
        .part = "decided_failed",
        .name = "failures-by-decision",
        .title = "The same by time of decision",
        .by = "the end of their first drive",
    };
    for (uint32_t i = 0; i < shown.count; i++)
        shown.variants[i] = i;
    if (add_timeline(&section, &triggered, &shown) && deployed.count == 0 &&
        add_timeline(&section, &decided, &shown))
        manifest_add_text(bundle_open(&section), MANIFEST_NOTE, decided_text(bundle, &decided));
}
