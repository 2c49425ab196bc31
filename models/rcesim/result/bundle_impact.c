#include "models/rcesim/result/bundle_parts.h"

#include <inttypes.h>
#include <string.h>

#include "models/rcesim/result/estimate.h"
#include "models/rcesim/result/judged.h"
#include "sim/base/check.h"

/* Replications of the chart of pairs: more lines are not told apart. */
enum { PAIRS_MAX = 400 };

static enum manifest_mark mark_of(enum threshold_verdict verdict)
{
    switch (verdict) {
    case THRESHOLD_PASS: return MANIFEST_PASS;
    case THRESHOLD_FAIL: return MANIFEST_FAIL;
    case THRESHOLD_INCONCLUSIVE: return MANIFEST_UNSURE;
    }
    check_failed(__FILE__, __LINE__, "a known verdict");
}

static void add_headline(struct bundle *bundle, struct manifest_section *section)
{
    struct arena *arena = bundle->arena;
    const struct metric *metric = &bundle->model->metrics[bundle->model->failed_metric];
    bool is_compared = bundle->result->variant_count > 1;
    const char *less = bundle_less_text(bundle, bundle->model->failed_metric);
    struct manifest_block *table = manifest_add_table(
        section,
        arena_print(arena, "Failed %s by variant%s%s", bundle->units, less,
                    *less == '\0' || bundle->result->replication_count < 2
                        ? ""
                        : " (one-sided, so below the end of the two-sided interval beside it)"));
    manifest_add_table_column(table, "variant", MANIFEST_LEFT);
    manifest_add_table_column(table, "failed", MANIFEST_RIGHT);
    manifest_add_table_column(table, "rate", MANIFEST_RIGHT);
    manifest_add_table_column(table, arena_print(arena, "%s interval", bundle->confidence),
                              MANIFEST_RIGHT);
    if (is_compared)
        manifest_add_table_column(table,
                                  arena_print(arena, "%s minus it, points", bundle_name(bundle, 0)),
                                  MANIFEST_RIGHT);
    for (uint32_t v = 0; v < bundle->result->variant_count; v++) {
        const struct summary_metric *failed = bundle_failed(bundle, v);
        manifest_add_cell(table, bundle_name(bundle, v));
        manifest_add_cell(table,
                          arena_print(arena, "%s of %s", estimate_count_text(arena, failed->total),
                                      estimate_count_text(arena, (double)failed->unit_count)));
        manifest_add_cell(table, estimate_rate_text(arena, metric, failed));
        manifest_add_cell(table, estimate_interval_text(arena, metric, &failed->headline));
        if (!is_compared)
            continue;
        manifest_add_cell(table, v == 0 ? "" : bundle_change_text(bundle, v));
    }
}

static void add_thresholds(struct bundle *bundle, struct manifest_section *section)
{
    const struct configuration *configuration = bundle->outcome->configuration;
    if (configuration->threshold_count == 0)
        return;
    struct manifest_block *checks = manifest_add_checks(section);
    for (size_t i = 0; i < configuration->threshold_count; i++) {
        const struct threshold_result *judged = &bundle->outcome->thresholds[i];
        manifest_add_check(checks, mark_of(judged->verdict), configuration->thresholds[i].text,
                           arena_print(bundle->arena, "%s: %s",
                                       judged_text(bundle->arena, bundle->model, judged),
                                       judged->reason));
    }
}

static bool is_invariant(const struct bundle *bundle, size_t metric)
{
    const char *group = bundle->model->metrics[metric].group;
    return group != NULL && strcmp(group, "invariants") == 0;
}

/* What should never be, if it was. */
static void add_broken(struct bundle *bundle, struct manifest_section *section)
{
    struct manifest_block *table = NULL;
    for (size_t m = 0; m < bundle->model->metric_count; m++) {
        if (!is_invariant(bundle, m) || !bundle_is_seen(bundle, m))
            continue;
        if (table == NULL) {
            table = manifest_add_table(
                section, arena_print(bundle->arena,
                                     "Broken invariants: how often what should never be was, in %s",
                                     bundle_replications_text(bundle)));
            manifest_add_table_column(table, "invariant", MANIFEST_LEFT);
            for (uint32_t v = 0; v < bundle->result->variant_count; v++)
                manifest_add_table_column(table, bundle_name(bundle, v), MANIFEST_RIGHT);
        }
        manifest_add_cell(table, bundle->model->metrics[m].label);
        for (uint32_t v = 0; v < bundle->result->variant_count; v++)
            manifest_add_cell(
                table, estimate_count_text(bundle->arena, bundle_metric(bundle, v, m)->total));
    }
}

/* What a broken invariant means for those who run the wave; NULL: its label says all. */
static const char *meaning_of(const char *name)
{
    static const struct {
        const char *name, *text;
    } meanings[] = {
        {"violation.two_in_maintenance", "two hosts of one cluster were in maintenance at once."},
        {"violation.capacity", "a cluster had fewer hosts to run workloads on than before its "
                               "upgrade, so workloads can have been hurt."},
        {"violation.updated_twice", "a host that was done was updated again."},
        {"violation.not_updated", "a workflow completed although a host was never updated."},
        {"violation.duplicate_trigger", "the service was asked twice for what was to be done once, "
                                        "and began it a second time."},
        {"violation.left_over_host", "the workflow completed, but a temporary host that it had "
                                     "asked for is still there (a re-drive may ask for a second "
                                     "one). Nothing removes it: somebody has to."},
    };
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (strcmp(name, meanings[i].name) == 0)
            return meanings[i].text;
    return NULL;
}

static void add_meanings(struct bundle *bundle, struct manifest_section *section)
{
    for (size_t m = 0; m < bundle->model->metric_count; m++) {
        const struct metric *metric = &bundle->model->metrics[m];
        if (!is_invariant(bundle, m) || !bundle_is_seen(bundle, m))
            continue;
        const char *meaning = meaning_of(metric->name);
        if (meaning != NULL)
            manifest_add_text(
                section, MANIFEST_PLAIN,
                arena_print(bundle->arena, "\"%s\" means: %s", metric->label, meaning));
    }
}

static void add_replays(struct bundle *bundle, struct manifest_section *section)
{
    for (uint32_t v = 0; v < bundle->result->variant_count; v++)
        if (bundle->outcome->replays[v] != NULL)
            manifest_add_command(section,
                                 arena_print(bundle->arena,
                                             "The first broken invariant with \"%s\"",
                                             bundle_name(bundle, v)),
                                 bundle->outcome->replays[v]);
}

static void add_rate_chart(struct bundle *bundle, struct manifest_section *section)
{
    struct arena *arena = bundle->arena;
    uint32_t interval_count = 0;
    struct chart *chart = chart_create(arena, CHART_INTERVAL, "failure-rate");
    chart_add_column(chart, CHART_LABEL, "variant", NULL);
    chart_add_column(chart, CHART_LOW, "low_percent", NULL);
    chart_add_column(chart, CHART_ESTIMATE, "estimate_percent", NULL);
    chart_add_column(chart, CHART_HIGH, "high_percent", NULL);
    for (uint32_t v = 0; v < bundle->result->variant_count; v++) {
        const struct interval *interval = &bundle_failed(bundle, v)->headline;
        interval_count += interval_is_known(interval);
        chart_add_text(chart, bundle_name(bundle, v));
        bundle_add_interval(chart, interval, 100);
    }
    const char *bars =
        interval_count > 0
            ? arena_print(arena,
                          "Bars: %s interval (t over replications; Clopper-Pearson where few or "
                          "almost all fail)",
                          bundle->confidence)
            : "No bars: there is no interval from one replication";
    chart_set_words(
        chart, arena_print(arena, "Failed %s by variant", bundle->units),
        arena_print(arena, "%s\n%s", bundle_n_text(bundle), bars),
        arena_print(arena, "Share of failed %s: %s with %s%s%s%s%s.", bundle->units,
                    bundle_rate_text(bundle, 0), bundle_name(bundle, 0),
                    bundle_best(bundle) > 0 ? ", " : "",
                    bundle_best(bundle) > 0 ? bundle_rate_text(bundle, bundle_best(bundle)) : "",
                    bundle_best(bundle) > 0 ? " with " : "",
                    bundle_best(bundle) > 0 ? bundle_name(bundle, bundle_best(bundle)) : ""));
    chart_set_x(chart, arena_print(arena, "failed %s (%%)", bundle->units), "%");
    manifest_add_chart(bundle->manifest, section, chart);
}

static void add_pair(struct bundle *bundle, struct chart *chart, uint32_t replication,
                     uint32_t count)
{
    size_t failed = bundle->model->failed_metric;
    for (uint32_t v = 0; v < count; v++) {
        const struct record *record = result_record(bundle->result, replication, v);
        double share;
        if (summary_value(&bundle->model->metrics[failed], record, failed, &share))
            chart_add_number(chart, 100 * share);
        else
            chart_add_missing(chart);
    }
}

/* Later variants that a chart of pairs has room for beside the first. */
static void add_pairs_chart(struct bundle *bundle, struct manifest_section *section)
{
    struct arena *arena = bundle->arena;
    uint32_t replications = bundle->result->replication_count;
    uint32_t count = bundle_line_count(bundle);
    if (count < 2 || replications < 2 || !bundle_is_seen(bundle, bundle->model->failed_metric))
        return;
    uint32_t shown = replications < PAIRS_MAX ? replications : PAIRS_MAX;
    struct chart *chart = chart_create(arena, CHART_PAIRS, "paired-replications");
    for (uint32_t v = 0; v < count; v++)
        chart_add_column(chart, v == 0 ? CHART_FIRST : CHART_LATER,
                         arena_print(arena, "variant_%" PRIu32 "_percent", v + 1),
                         bundle_name(bundle, v));
    for (uint32_t i = 0; i < shown; i++)
        add_pair(bundle, chart, i, count);
    chart_set_words(
        chart, "Every replication, with each variant in the same world",
        arena_print(arena, "One line per replication%s; %s%s",
                    shown < replications ? arena_print(arena, ", the first %" PRIu32 " of %" PRIu32,
                                                       shown, replications)
                                         : arena_print(arena, ", %" PRIu32 " of them", shown),
                    bundle_n_text(bundle), bundle_left_out_text(bundle, count)),
        arena_print(arena, "Share of failed %s of each replication, joined from \"%s\" to \"%s\".",
                    bundle->units, bundle_name(bundle, 0), bundle_name(bundle, count - 1)));
    chart_set_y(chart, arena_print(arena, "failed %s (%%)", bundle->units), "%");
    manifest_add_chart(bundle->manifest, section, chart);
}

void bundle_add_impact(struct bundle *bundle)
{
    struct manifest_section *section = manifest_add_section(bundle->manifest, "impact", "Impact");
    add_headline(bundle, section);
    add_thresholds(bundle, section);
    add_broken(bundle, section);
    add_meanings(bundle, section);
    add_replays(bundle, section);
    add_rate_chart(bundle, section);
    add_pairs_chart(bundle, section);
}
