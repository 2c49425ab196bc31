#include "models/rcesim/result/bundle_parts.h"

#include <inttypes.h>
#include <math.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/estimate.h"
#include "models/rcesim/result/judged.h"
#include "reports/figure.h"
#include "sim/base/check.h"

/* A share from which on its figure would be "100 %". */
#define NEARLY_ALL 0.9995

/* "wave", "waves"; a model whose worlds have no name with a plural has replications. */
static const char *world_name(const struct bundle *bundle)
{
    bool is_one = bundle->result->replication_count == 1;
    if (bundle->outcome->configuration->domain == &domain_vmc)
        return is_one ? "wave" : "waves";
    return is_one ? "replication" : "replications";
}

/* "200 simulated waves" */
static const char *worlds_text(const struct bundle *bundle)
{
    return arena_print(bundle->arena, "%s simulated %s",
                       estimate_count_text(bundle->arena, bundle->result->replication_count),
                       world_name(bundle));
}

/* ", most of them from one cause: ... (97.5 % of the failures)", where the model knows causes. */
static const char *cause_text(const struct bundle *bundle, uint32_t variant)
{
    double most = 0;
    const char *label = NULL;
    for (size_t m = 0; m < bundle->model->metric_count; m++)
        if (bundle_is_cause(bundle, m) && bundle_metric(bundle, variant, m)->total > most) {
            most = bundle_metric(bundle, variant, m)->total;
            label = bundle->model->metrics[m].label;
        }
    if (label == NULL)
        return "";
    char share[FIGURE_SIZE_BYTES];
    double part = most / bundle_failed(bundle, variant)->total;
    const char *says = part == 1 ? "all of them because of" : "mostly because of";
    if (part <= 0.5)
        says = "most often because of";
    if (part < 1 && part >= NEARLY_ALL)
        says = "nearly all of them because of";
    if (part >= NEARLY_ALL)
        return arena_print(bundle->arena, ", %s: %s", says, label);
    return arena_print(bundle->arena, ", %s: %s (%s of the failures)", says, label,
                       figure_share(share, part));
}

static const char *first_sentence(const struct bundle *bundle)
{
    struct arena *arena = bundle->arena;
    const struct summary_metric *failed = bundle_failed(bundle, 0);
    const char *name = bundle_name(bundle, 0);
    const char *units = bundle_units_text(bundle, failed->unit_count);
    if (failed->unit_count == 0)
        return arena_print(arena, "There were no %s in %s with \"%s\", so nothing can be said.",
                           bundle->units, worlds_text(bundle), name);
    if (failed->total == 0)
        return arena_print(
            arena, "With \"%s\" none of %s in %s failed: with %s confidence at most %s do.", name,
            units, worlds_text(bundle), bundle->confidence,
            estimate_value_text(arena, &bundle->model->metrics[bundle->model->failed_metric],
                                failed->upper_bound));
    return arena_print(arena, "With \"%s\", %s of %s in %s failed%s.", name,
                       bundle_rate_text(bundle, 0), units, worlds_text(bundle),
                       cause_text(bundle, 0));
}

/* "17.5 percentage points less (95 % interval [17.1, 17.8], paired)" */
static const char *change_text(const struct bundle *bundle, uint32_t variant)
{
    struct arena *arena = bundle->arena;
    const struct interval *difference =
        &bundle->summary->variants[variant].differences[bundle->model->failed_metric].difference;
    if (!interval_has_estimate(difference))
        return "which cannot be compared";
    double sign = difference->estimate < 0 ? -1 : 1;
    char size[FIGURE_SIZE_BYTES];
    if (difference->estimate == 0 &&
        (!interval_is_known(difference) || (difference->low == 0 && difference->high == 0)))
        return arena_print(arena, "just as many in %s replication",
                           bundle->result->replication_count == 1 ? "this" : "every");
    snprintf(size, sizeof size, "%.3g", 100 * fabs(difference->estimate));
    const char *text = arena_print(arena, "%s percentage points %s", size,
                                   difference->estimate < 0 ? "more" : "less");
    if (!interval_is_known(difference))
        return arena_print(arena, "%s (no interval from one replication)", text);
    double low = sign < 0 ? -difference->high : difference->low;
    double high = sign < 0 ? -difference->low : difference->high;
    text = arena_print(arena, "%s (%s interval [%.3g, %.3g], paired)", text, bundle->confidence,
                       100 * low, 100 * high);
    return low <= 0 ? arena_print(arena, "%s, which may be chance", text) : text;
}

/* "; one workflow failed that had not with "before"" */
static const char *new_text(const struct bundle *bundle, uint32_t variant)
{
    const struct summary_units *units = &bundle->summary->variants[variant].units;
    if (!units->is_known)
        return "";
    if (units->only_later == 0)
        return arena_print(bundle->arena, "; no %s failed that had not with \"%s\"",
                           bundle->model->unit_name, bundle_name(bundle, 0));
    return arena_print(bundle->arena, "; %s failed that had not with \"%s\"",
                       bundle_units_text(bundle, units->only_later), bundle_name(bundle, 0));
}

static const char *second_sentence(const struct bundle *bundle)
{
    struct arena *arena = bundle->arena;
    uint32_t best = bundle_best(bundle), count = bundle->result->variant_count;
    if (best == 0)
        return "There is one variant, so nothing is compared.";
    if (!bundle_is_seen(bundle, bundle->model->failed_metric))
        return count == 2 ? arena_print(arena,
                                        "With \"%s\" none failed either. How they differ "
                                        "in costs and times stands below.",
                                        bundle_name(bundle, best))
                          : arena_print(arena,
                                        "With the %" PRIu32 " other variants none failed either. "
                                        "How they differ in costs and times stands below.",
                                        count - 1);
    if (bundle_failed(bundle, best)->unit_count == 0)
        return arena_print(arena, "With \"%s\" there is nothing to compare with.",
                           bundle_name(bundle, best));
    const char *who = arena_print(arena, "With \"%s\",", bundle_name(bundle, best));
    if (count > 2)
        who = arena_print(arena,
                          "With \"%s\", where fewest failed of the %" PRIu32 " other variants,",
                          bundle_name(bundle, best), count - 1);
    return arena_print(arena, "%s %s failed in the same %s, %s%s.", who,
                       bundle_rate_text(bundle, best), world_name(bundle),
                       change_text(bundle, best), new_text(bundle, best));
}

const char *bundle_lead(const struct bundle *bundle)
{
    return arena_print(bundle->arena, "%s %s", first_sentence(bundle), second_sentence(bundle));
}

/* "All 3 thresholds are met."; the list itself stands under impact. */
static const char *verdict_text(const struct bundle *bundle)
{
    size_t counts[3] = {0}, count = bundle->outcome->configuration->threshold_count;
    for (size_t i = 0; i < count; i++)
        counts[bundle->outcome->thresholds[i].verdict]++;
    if (counts[THRESHOLD_PASS] == count)
        return count == 1 ? "The one threshold of the scenario is met."
                          : arena_print(bundle->arena, "All %zu thresholds are met.", count);
    return arena_print(bundle->arena,
                       "Of %zu threshold%s %zu passed, %zu failed and %zu could not be decided.",
                       count, count == 1 ? "" : "s", counts[THRESHOLD_PASS], counts[THRESHOLD_FAIL],
                       counts[THRESHOLD_INCONCLUSIVE]);
}

/* How sure: what the intervals rest on, and what they do not cover. */
static const char *sure_text(const struct bundle *bundle)
{
    struct arena *arena = bundle->arena;
    const char *bound =
        *bundle_less_text(bundle, bundle->model->failed_metric) == '\0'
            ? ""
            : arena_print(arena,
                          " Where none failed, the bound takes the %s to fail independently of "
                          "each other.",
                          bundle->units);
    if (bundle->result->replication_count == 1)
        return arena_print(arena,
                           "One replication shows what can happen and not how often, so there are "
                           "no intervals.%s How well the model fits reality is another question: "
                           "see the assumptions.",
                           bound);
    return arena_print(
        arena,
        "Intervals are over %s, so they allow for what the %s of one replication "
        "share%s.%s Intervals cover chance in the simulation and not how well the model "
        "fits reality: for that, see the assumptions.",
        bundle_replications_text(bundle), bundle->units,
        bundle->result->variant_count > 1
            ? "; all variants live through the same worlds and are compared pair by "
              "pair"
            : "",
        bound);
}

void bundle_add_summary(struct bundle *bundle)
{
    struct manifest_section *section = manifest_add_section(bundle->manifest, "summary", "Summary");
    bundle_add_rollout_summary(bundle, section);
    if (bundle->outcome->configuration->threshold_count > 0)
        manifest_add_text(section, MANIFEST_PLAIN, verdict_text(bundle));
    manifest_add_text(section, MANIFEST_NOTE, sure_text(bundle));
    const struct enough *enough = bundle->outcome->commands.enough;
    if (enough != NULL && enough->reason != NULL)
        manifest_add_text(section, MANIFEST_NOTE,
                          arena_print(bundle->arena, "Stopped after %s (%s): %s.",
                                      bundle_replications_text(bundle),
                                      enough_rule_name(enough->rule), enough->reason));
}
