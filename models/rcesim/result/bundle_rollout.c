#include "models/rcesim/result/bundle_parts.h"

#include <inttypes.h>
#include <string.h>

#include "models/rcesim/result/estimate.h"
#include "models/vmc/model.h"
#include "models/vmc/config.h"
#include "reports/figure.h"
#include "sim/base/units.h"
#include "sim/stats/proportion.h"

/* Bins of the table around the deployment. */
enum { BINS_BEFORE = 2, BINS_AFTER = 4 };

static const char *const names[] = {"detected_at",   "deployed_at",     "rollout_time",
                                    "failed_before", "failed_after",    "failed_at_first",
                                    "redriven",      "failed_again",    "taken_over",
                                    "failure_rate",  "rollouts_halted", "wave_duration"};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

bool bundle_is_of_rollout(const struct bundle *bundle, size_t metric)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (strcmp(names[i], bundle->model->metrics[metric].name) == 0)
            return strcmp(names[i], "wave_duration") != 0;
    return false;
}

/* NULL: the variant has none. */
static const struct vmc_rollout *rollout_of(const struct bundle *bundle, uint32_t variant)
{
    const struct vmc_parameters *parameters =
        bundle->outcome->configuration->variants[variant].parameters;
    return bundle->model == &vmc_model ? parameters->rollout : NULL;
}

/* A pause alone has no stages. */
bool bundle_is_rollout(const struct bundle *bundle, uint32_t variant)
{
    const struct vmc_rollout *rollout = rollout_of(bundle, variant);
    return rollout != NULL && rollout->stages_count > 0;
}

bool bundle_is_detected_by_failures(const struct bundle *bundle, uint32_t variant)
{
    const struct vmc_rollout *rollout = rollout_of(bundle, variant);
    return rollout != NULL && rollout->detect_failed_count > 0;
}

static bool is_placebo(const struct bundle *bundle, uint32_t variant)
{
    const struct vmc_rollout *rollout = rollout_of(bundle, variant);
    return rollout != NULL && rollout->is_placebo;
}

static const struct summary_metric *find_metric(const struct bundle *bundle, uint32_t variant,
                                                const char *name)
{
    int metric = result_find_metric(bundle->result, name);
    return metric < 0 ? NULL : bundle_metric(bundle, variant, (size_t)metric);
}

/* In how many replications a point in time was reached. */
static uint64_t reached_count(const struct bundle *bundle, uint32_t variant, const char *name)
{
    const struct summary_metric *metric = find_metric(bundle, variant, name);
    return metric == NULL ? 0 : metric->tally.count;
}

uint64_t bundle_deployed_count(const struct bundle *bundle, uint32_t variant)
{
    return bundle_is_rollout(bundle, variant) ? reached_count(bundle, variant, "deployed_at") : 0;
}

static bool is_deployed(const struct bundle *bundle, uint32_t variant)
{
    return bundle_deployed_count(bundle, variant) > 0;
}

/* "18.1 % [17.4, 18.8] %"; of what is no share the value and its interval. */
static const char *value_text(const struct bundle *bundle, uint32_t variant, const char *name)
{
    struct arena *arena = bundle->arena;
    int found = result_find_metric(bundle->result, name);
    const struct metric *metric = &bundle->model->metrics[found];
    const struct summary_metric *summary = bundle_metric(bundle, variant, (size_t)found);
    const struct interval *headline = &summary->headline;
    bool is_share = metric->kind == METRIC_PROPORTION;
    if (!interval_has_estimate(headline))
        return "no data";
    if (metric->kind == METRIC_TOTAL)
        return arena_print(arena, "%s of %s", estimate_count_text(arena, summary->total),
                           bundle_replications_text(bundle));
    const char *value = is_share ? estimate_rate_text(arena, metric, summary)
                                 : estimate_value_text(arena, metric, headline->estimate);
    bool has_interval = interval_is_known(headline) && headline->low < headline->high &&
                        !(is_share && summary->total == 0);
    return has_interval
               ? arena_print(arena, "%s %s", value, estimate_interval_text(arena, metric, headline))
               : value;
}

/* "7 of 10 replications" */
static const char *of_replications_text(const struct bundle *bundle, uint64_t count)
{
    return arena_print(bundle->arena, "%s of %s", estimate_count_text(bundle->arena, (double)count),
                       bundle_replications_text(bundle));
}

/* A row that says in how many replications it came to that, unless it always did. */
static void add_reached(struct bundle *bundle, struct manifest_block *table,
                        const struct bundle_shown *shown, const char *name, const char *label)
{
    bool is_always = true;
    for (uint32_t i = 0; i < shown->count; i++)
        is_always = is_always && reached_count(bundle, shown->variants[i], name) ==
                                     bundle->result->replication_count;
    if (is_always)
        return;
    manifest_add_cell(table, label);
    for (uint32_t i = 0; i < shown->count; i++)
        manifest_add_cell(
            table, of_replications_text(bundle, reached_count(bundle, shown->variants[i], name)));
}

/* What was rolled out when, and what became of those that were driven again. */
static void add_table(struct bundle *bundle, struct manifest_section *section,
                      const struct bundle_shown *shown)
{
    struct arena *arena = bundle->arena;
    struct manifest_block *table = manifest_add_table(
        section, arena_print(arena,
                             "The rollout: means over replications and shares of %s, with "
                             "their %s intervals; < x: none seen, at most x",
                             bundle->units, bundle->confidence));
    manifest_add_table_column(table, "figure", MANIFEST_LEFT);
    for (uint32_t i = 0; i < shown->count; i++)
        manifest_add_table_column(table, bundle_name(bundle, shown->variants[i]), MANIFEST_RIGHT);
    add_reached(bundle, table, shown, "detected_at", "detected in");
    add_reached(bundle, table, shown, "deployed_at", "deployed in");
    for (size_t n = 0; n < NAME_COUNT; n++) {
        int metric = result_find_metric(bundle->result, names[n]);
        bool is_seen = metric >= 0 && bundle_is_seen(bundle, (size_t)metric);
        if (!is_seen)
            continue;
        manifest_add_cell(table, bundle->model->metrics[metric].label);
        for (uint32_t i = 0; i < shown->count; i++)
            manifest_add_cell(table, value_text(bundle, shown->variants[i], names[n]));
    }
}

/* The bins of one variant, by the time since the deployment. */
static struct summary_share share_of(const struct bundle *bundle, uint32_t variant)
{
    struct summary_share_what what = {.variant = variant,
                                      .confidence = bundle->summary->confidence};
    while (strcmp(bundle->model->series[what.part].name, "since.triggered_failed") != 0)
        what.part++;
    return summary_series_share(bundle->arena, bundle->result, &what);
}

static const struct summary_share_bin *bin_at(const struct summary_share *share, int64_t from_ns)
{
    for (uint32_t i = 0; share->is_known && i < share->bin_count; i++)
        if (share->bins[i].from_ns == from_ns && share->bins[i].whole > 0)
            return &share->bins[i];
    return NULL;
}

/* "212 of 2,460: 8.62 % [7.45, 9.89] %", "0 of 238: < 1.25 %" */
static const char *bin_text(const struct bundle *bundle, const struct summary_share_bin *bin)
{
    struct arena *arena = bundle->arena;
    const struct metric *failure = &bundle->model->metrics[bundle->model->failed_metric];
    if (bin == NULL)
        return "none asked";
    const char *of = arena_print(arena, "%s of %s", estimate_count_text(arena, (double)bin->part),
                                 estimate_count_text(arena, (double)bin->whole));
    if (!interval_is_known(&bin->share))
        return of;
    if (bin->part == 0)
        return arena_print(
            arena, "%s: < %s", of,
            estimate_value_text(
                arena, failure,
                proportion_upper_bound(0, (double)bin->whole, bundle->summary->confidence)));
    return arena_print(arena, "%s: %s %s", of,
                       estimate_value_text(arena, failure, bin->share.estimate),
                       estimate_interval_text(arena, failure, &bin->share));
}

/* "30 to 0 min before", "0 to 30 min after" */
static const char *when_text(const struct bundle *bundle, int from, int64_t bin_ns)
{
    int64_t unit_ns = bin_ns % UNITS_H == 0     ? UNITS_H
                      : bin_ns % UNITS_MIN == 0 ? UNITS_MIN
                                                : UNITS_S;
    const char *unit = unit_ns == UNITS_H ? "h" : unit_ns == UNITS_MIN ? "min" : "s";
    double width = (double)bin_ns / (double)unit_ns;
    if (from < 0)
        return arena_print(bundle->arena, "%g to %g %s before", -from * width, (-from - 1) * width,
                           unit);
    return arena_print(bundle->arena, "%g to %g %s after", from * width, (from + 1) * width, unit);
}

/* The numbers behind the middle of the chart: who asked when, and how many of them failed. */
static void add_bins(struct bundle *bundle, struct manifest_section *section,
                     const struct bundle_shown *shown)
{
    struct arena *arena = bundle->arena;
    struct summary_share shares[CHART_SERIES_MAX];
    for (uint32_t i = 0; i < shown->count; i++)
        shares[i] = share_of(bundle, shown->variants[i]);
    int64_t bin_ns = 0;
    for (uint32_t i = 0; i < shown->count && bin_ns <= 0; i++)
        bin_ns = shares[i].is_known ? shares[i].bin_ns : 0;
    if (bin_ns <= 0)
        return;
    struct manifest_block *table = manifest_add_table(
        section,
        arena_print(
            arena,
            "Around the deployment: of the %s that first asked for maintenance in that "
            "time, those of which that drive failed. Pooled over %s, with %s intervals; < x: none "
            "seen, at most x",
            bundle->units, bundle_replications_text(bundle), bundle->confidence));
    manifest_add_table_column(table, "first asked", MANIFEST_LEFT);
    for (uint32_t i = 0; i < shown->count; i++)
        manifest_add_table_column(table, bundle_name(bundle, shown->variants[i]), MANIFEST_RIGHT);
    for (int from = -BINS_BEFORE; from < BINS_AFTER; from++) {
        manifest_add_cell(table, when_text(bundle, from, bin_ns));
        for (uint32_t i = 0; i < shown->count; i++)
            manifest_add_cell(table, is_deployed(bundle, shown->variants[i])
                                         ? bin_text(bundle, bin_at(&shares[i], from * bin_ns))
                                         : "not deployed");
    }
}

/* "18.1 % (n = 11,345, 95 % interval [17.4, 18.8] %)"; NULL: no data. */
static const char *share_text(const struct bundle *bundle, const struct summary_metric *share)
{
    struct arena *arena = bundle->arena;
    const struct metric *failure = &bundle->model->metrics[bundle->model->failed_metric];
    if (share == NULL || share->unit_count == 0 || !interval_has_estimate(&share->headline))
        return NULL;
    const char *n = estimate_count_text(arena, (double)share->unit_count);
    if (share->total == 0)
        return arena_print(arena, "none (n = %s, with %s confidence at most %s)", n,
                           bundle->confidence,
                           estimate_value_text(arena, failure, share->upper_bound));
    const char *rate = estimate_value_text(arena, failure, share->headline.estimate);
    if (!interval_is_known(&share->headline))
        return arena_print(arena, "%s (n = %s)", rate, n);
    return arena_print(arena, "%s (n = %s, %s interval %s)", rate, n, bundle->confidence,
                       estimate_interval_text(arena, failure, &share->headline));
}

/* " The last stage came 20 min after the deployment."; nothing where it never came. */
static const char *stages_text(const struct bundle *bundle, uint32_t variant)
{
    const struct vmc_rollout *rollout = rollout_of(bundle, variant);
    if (rollout == NULL || rollout->stages_count == 0 ||
        reached_count(bundle, variant, "rollout_time") == 0)
        return "";
    int64_t last_ns = rollout->stages[rollout->stages_count - 1].after_ns;
    if (last_ns == 0)
        return " The whole fleet was changed at once with the deployment.";
    const struct summary_metric *halted = find_metric(bundle, variant, "rollouts_halted");
    return arena_print(bundle->arena, " %s last stage came %s after the deployment.",
                       halted != NULL && halted->total > 0 ? "Where it was not halted, the" : "The",
                       bundle_width_text(bundle, last_ns));
}

static const char *halted_text(const struct bundle *bundle, uint32_t variant)
{
    const struct summary_metric *halted = find_metric(bundle, variant, "rollouts_halted");
    if (halted == NULL || halted->total == 0)
        return "";
    return arena_print(bundle->arena,
                       " In %s the rule of the scenario halted the rollout and rolled it back.",
                       of_replications_text(bundle, (uint64_t)halted->total));
}

const char *bundle_redriven_text(const struct bundle *bundle)
{
    for (uint32_t v = 0; v < bundle->result->variant_count; v++) {
        const struct summary_metric *redriven = find_metric(bundle, v, "redriven");
        if (redriven != NULL && redriven->total > 0)
            return "\nFinal outcome, re-drives included";
    }
    return "";
}

/* " It was detected in 7 of 10 replications and deployed in 6 of them."; nothing where it always
 * was. */
static const char *reached_text(const struct bundle *bundle, uint32_t variant)
{
    uint64_t all = bundle->result->replication_count;
    uint64_t detected = reached_count(bundle, variant, "detected_at");
    uint64_t deployed = reached_count(bundle, variant, "deployed_at");
    if (detected == all && deployed == all)
        return "";
    if (deployed == detected)
        return arena_print(bundle->arena,
                           " It was detected, and the rollout begun, in %s only; in the others "
                           "nothing changed.",
                           of_replications_text(bundle, detected));
    return arena_print(bundle->arena,
                       " It was detected in %s, and the rollout begun in %" PRIu64 " of these.",
                       of_replications_text(bundle, detected), deployed);
}

/* Who failed before the detection and after the last stage, as far as there is anybody. */
static const char *before_after_text(const struct bundle *bundle, uint32_t variant)
{
    struct arena *arena = bundle->arena;
    const char *before = share_text(bundle, find_metric(bundle, variant, "failed_before"));
    const char *after = share_text(bundle, find_metric(bundle, variant, "failed_after"));
    const char *name = bundle_name(bundle, variant);
    const char *width = bundle_width_text(bundle, share_of(bundle, variant).bin_ns);
    if (before == NULL && after == NULL)
        return arena_print(arena, "\"%s\" changes the engine while the wave runs.", name);
    if (before == NULL)
        return arena_print(arena,
                           "With \"%s\", of the %s that first asked for maintenance in the first "
                           "bin of %s after the last stage, %s failed in that drive.",
                           name, bundle->units, width, after);
    const char *text = arena_print(arena,
                                   "With \"%s\", of the %s that first asked for maintenance before "
                                   "the failure was detected, %s failed in that drive",
                                   name, bundle->units, before);
    if (after == NULL)
        return arena_print(arena, "%s.", text);
    return arena_print(arena,
                       "%s; of those that first asked in the first bin of %s after the last "
                       "stage, %s.",
                       text, width, after);
}

/* What the rollout did, in one sentence or two. */
static void add_words(struct bundle *bundle, struct manifest_section *section, uint32_t variant)
{
    const char *text =
        arena_print(bundle->arena,
                    "With \"%s\", the failure was never detected in %s, so nothing was rolled out.",
                    bundle_name(bundle, variant), bundle_replications_text(bundle));
    if (reached_count(bundle, variant, "detected_at") > 0)
        text = arena_print(bundle->arena, "%s%s%s%s", before_after_text(bundle, variant),
                           reached_text(bundle, variant), stages_text(bundle, variant),
                           halted_text(bundle, variant));
    manifest_add_text(section, MANIFEST_PLAIN, text);
}

void bundle_add_rollout_summary(struct bundle *bundle, struct manifest_section *section)
{
    uint32_t count = bundle->result->variant_count, shown = count;
    for (uint32_t v = 0; v < count; v++) {
        bool is_better = shown == count || (!is_deployed(bundle, shown) && is_deployed(bundle, v));
        if (bundle_is_rollout(bundle, v) && !is_placebo(bundle, v) && is_better)
            shown = v;
    }
    if (shown < count)
        add_words(bundle, section, shown);
    if (*bundle_redriven_text(bundle) != '\0')
        manifest_add_text(section, MANIFEST_PLAIN,
                          arena_print(bundle->arena,
                                      "In a rollout, failed %s are driven again. Except where it "
                                      "says \"in that drive\" or \"at first\", they are counted by "
                                      "how they ended after that, so a rollout in the middle of a "
                                      "wave can end with fewer failures than the fix from the "
                                      "start, which drives nothing again.",
                                      bundle->units));
}

void bundle_add_rollout(struct bundle_section *section, const struct bundle_shown *rollouts)
{
    struct bundle *bundle = section->bundle;
    for (uint32_t i = 0; i < rollouts->count; i++)
        if (!is_placebo(bundle, rollouts->variants[i]))
            add_words(bundle, bundle_open(section), rollouts->variants[i]);
    add_table(bundle, bundle_open(section), rollouts);
    add_bins(bundle, bundle_open(section), rollouts);
}

/* "; with "canary" 99.5 % did (n = 4,161, 95 % interval [99.2, 99.7] %)": those that the fix drives
 * again, of the first rollout that is none of the placebo's. */
static const char *fixed_text(const struct bundle *bundle, const struct bundle_shown *rollouts)
{
    struct arena *arena = bundle->arena;
    const struct metric *failure = &bundle->model->metrics[bundle->model->failed_metric];
    for (uint32_t i = 0; i < rollouts->count; i++) {
        uint32_t variant = rollouts->variants[i];
        const struct summary_metric *again = find_metric(bundle, variant, "failed_again");
        bool is_it = !is_placebo(bundle, variant) && again != NULL && again->unit_count > 0 &&
                     interval_has_estimate(&again->headline);
        if (!is_it)
            continue;
        const char *n = estimate_count_text(arena, (double)again->unit_count);
        const char *name = bundle_name(bundle, variant);
        if (again->total == 0)
            return arena_print(
                arena, "; with \"%s\" all did (n = %s, with %s confidence at least %s)", name, n,
                bundle->confidence, estimate_value_text(arena, failure, 1 - again->upper_bound));
        struct interval well = again->headline;
        well.estimate = 1 - again->headline.estimate;
        well.low = 1 - again->headline.high;
        well.high = 1 - again->headline.low;
        return arena_print(arena, "; with \"%s\" %s did (n = %s, %s interval %s)", name,
                           estimate_value_text(arena, failure, well.estimate), n,
                           bundle->confidence, estimate_interval_text(arena, failure, &well));
    }
    return "";
}

/* What becomes of failed workflows that the old engine drives again. */
static void add_placebo(struct bundle *bundle, struct manifest_section *section, uint32_t variant,
                        const struct bundle_shown *rollouts)
{
    struct arena *arena = bundle->arena;
    const struct metric *failure = &bundle->model->metrics[bundle->model->failed_metric];
    const struct summary_metric *again = find_metric(bundle, variant, "failed_again");
    const char *failed = share_text(bundle, again);
    const char *after = share_text(bundle, find_metric(bundle, variant, "failed_after"));
    if (failed == NULL)
        return;
    manifest_add_text(
        section, MANIFEST_NOTE,
        arena_print(arena,
                    "\"%s\" is the placebo arm: the old engine drives failed %s again. Of these, "
                    "%s failed again. So %s ended well without any fix%s. That failed %s succeed "
                    "when they are driven again is evidence for a fix only as far as more of them "
                    "do than with the placebo.%s",
                    bundle_name(bundle, variant), bundle->units, failed,
                    again->total == 0
                        ? "all of them"
                        : estimate_value_text(arena, failure, 1 - again->headline.estimate),
                    fixed_text(bundle, rollouts), bundle->units,
                    after == NULL ? ""
                                  : arena_print(arena,
                                                " Of new ones, those that first asked after the "
                                                "last stage, %s failed.",
                                                after)));
}

/* Did most of those that failed with the first variant ask too early? */
static bool is_race(const struct bundle *bundle)
{
    const struct summary_metric *early = find_metric(bundle, 0, "cause.early_trigger");
    return early != NULL && 2 * early->total > bundle_failed(bundle, 0)->total;
}

void bundle_add_placebo(struct bundle_section *section, const struct bundle_shown *rollouts)
{
    struct bundle *bundle = section->bundle;
    bool is_there = false;
    for (uint32_t i = 0; i < rollouts->count; i++) {
        if (!is_placebo(bundle, rollouts->variants[i]))
            continue;
        is_there = true;
        add_placebo(bundle, bundle_open(section), rollouts->variants[i], rollouts);
    }
    if (!is_there && *bundle_redriven_text(bundle) != '\0')
        manifest_add_text(
            bundle_open(section), MANIFEST_NOTE,
            arena_print(bundle->arena,
                        "That failed %s succeed when they are driven again would be no evidence "
                        "for the new engine: meanwhile %s. A variant with rollout.placebo, in "
                        "which the old engine drives them again, would show how much of it is the "
                        "new one.",
                        bundle->units,
                        is_race(bundle) ? "their hosts are ready"
                                        : "what made them fail may have passed"));
}
