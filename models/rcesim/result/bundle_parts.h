/* bundle_parts.h - the sections of a postmortem, one function each; private to bundle*.c. */
#ifndef MODELS_RCESIM_RESULT_BUNDLE_PARTS_H
#define MODELS_RCESIM_RESULT_BUNDLE_PARTS_H

#include "models/rcesim/result/bundle.h"

struct bundle {
    struct arena *arena;
    const struct outcome *outcome;
    const struct result *result;
    const struct model *model;
    const struct summary *summary;
    const char *units;      /* "workflows" */
    const char *confidence; /* "95 %" */
    struct manifest *manifest;
};

/* A section that is made when the first thing is added to it, so that none is empty. */
struct bundle_section {
    struct bundle *bundle;
    const char *id, *title;
    struct manifest_section *section;
};

/* The section of the manifest, made now if it is not there. */
struct manifest_section *bundle_open(struct bundle_section *section);

static inline const char *bundle_name(const struct bundle *bundle, uint32_t variant)
{
    return bundle->result->variants[variant].name;
}

static inline const struct summary_metric *bundle_metric(const struct bundle *bundle,
                                                         uint32_t variant, size_t metric)
{
    return outcome_metric(bundle->outcome, variant, metric);
}

/* The failures of a variant. */
static inline const struct summary_metric *bundle_failed(const struct bundle *bundle,
                                                         uint32_t variant)
{
    return bundle_metric(bundle, variant, bundle->model->failed_metric);
}

/* Is there anything but 0 of a metric in any variant? */
bool bundle_is_seen(const struct bundle *bundle, size_t metric);

/* Is it a cause of failure? */
bool bundle_is_cause(const struct bundle *bundle, size_t metric);

/* The later variant to speak of where there is room for one: the one that fails least. 0: there is
 * no later variant. */
uint32_t bundle_best(const struct bundle *bundle);

/* So many variants a chart of lines has room for. */
uint32_t bundle_line_count(const struct bundle *bundle);

/* The distribution of that name over all replications; NULL: the model has none. */
const struct histogram *bundle_histogram(const struct bundle *bundle, uint32_t variant,
                                         const char *name);

/* Values up to a time. Inside of a bucket they are taken as evenly spread, so that bins that are
 * narrower than buckets do not alternate. */
double bundle_count_to(const struct histogram *histogram, int64_t at_ns);

/* "1 workflow", "60,000 workflows"; "200 replications". */
const char *bundle_units_text(const struct bundle *bundle, uint64_t count);
const char *bundle_replications_text(const struct bundle *bundle);

/* "n = 60,000 workflows per variant in 200 replications, the same worlds for all" */
const char *bundle_n_text(const struct bundle *bundle);

/* "0.432 % (95 % interval [0.378, 0.485] %)"; none seen: "none (with 95 % confidence at most
 * 0.005 %)". */
const char *bundle_rate_text(const struct bundle *bundle, uint32_t variant);

/* The difference of the failure rates of the first variant and this one, as a cell. */
const char *bundle_change_text(const struct bundle *bundle, uint32_t variant);

/* What "< x" means, to stand at the end of a caption: "; < x: none seen, with 95 % confidence at
 * most x if workflows fail independently". Empty where every variant saw some of that metric. */
const char *bundle_less_text(const struct bundle *bundle, size_t metric);

/* Which variants a chart of the first `shown_count` has no room for, as a line of its caption;
 * empty: it shows all. */
const char *bundle_left_out_text(const struct bundle *bundle, uint32_t shown_count);

/* The width of a bin: "30 min". */
const char *bundle_width_text(const struct bundle *bundle, int64_t width_ns);

/* The variants that a chart shows. */
struct bundle_shown {
    uint32_t variants[CHART_SERIES_MAX];
    uint32_t count;
};

/* Does that variant roll another engine (or the placebo) out while the wave runs? It may come to it
 * in some replications only, or in none, because nothing is detected. */
bool bundle_is_rollout(const struct bundle *bundle, uint32_t variant);
uint64_t bundle_deployed_count(const struct bundle *bundle, uint32_t variant);

/* Is its rollout set off by failures and not at a given time? */
bool bundle_is_detected_by_failures(const struct bundle *bundle, uint32_t variant);

/* How workflows that were driven again are counted, as a line of a caption; empty: none were. */
const char *bundle_redriven_text(const struct bundle *bundle);

/* Is the metric one of those that the rollout's own table shows? */
bool bundle_is_of_rollout(const struct bundle *bundle, size_t metric);

/* Add an interval to a chart as low, estimate, high times a factor; what is not known is missing.
 */
void bundle_add_interval(struct chart *chart, const struct interval *interval, double factor);

/* The two sentences at the top. */
const char *bundle_lead(const struct bundle *bundle);

/* The sections. */
void bundle_add_summary(struct bundle *bundle);
void bundle_add_impact(struct bundle *bundle);
void bundle_add_timeline(struct bundle *bundle);
void bundle_add_causes(struct bundle *bundle);
void bundle_add_fix(struct bundle *bundle);
void bundle_add_failure(struct bundle *bundle);
void bundle_add_cost(struct bundle *bundle);
void bundle_add_assumptions(struct bundle *bundle);
void bundle_add_reproduction(struct bundle *bundle);
void bundle_add_appendix(struct bundle *bundle);

/* Of the root cause, what only the model of SDDCs has: the race window. */
void bundle_add_race(struct bundle_section *section);

/* Of the costs, what a service does under more requests than it can take: nothing where it was
 * never so. */
void bundle_add_storm(struct bundle_section *section);

/* Of the summary, what the first rollout did that is none of a placebo's, and how its workflows are
 * counted; nothing where there was none. */
void bundle_add_rollout_summary(struct bundle *bundle, struct manifest_section *section);

/* Of the timeline, what a rollout did in tables and sentences, and what its placebo says. */
void bundle_add_rollout(struct bundle_section *section, const struct bundle_shown *rollouts);
void bundle_add_placebo(struct bundle_section *section, const struct bundle_shown *rollouts);

/* Which values of the scenario somebody gave. */
enum bundle_given {
    BUNDLE_GIVEN_WORLD,    /* All but those of variants. */
    BUNDLE_GIVEN_VARIANTS, /* Those of variants. */
    BUNDLE_GIVEN_SWITCHES, /* Of variants only what they switch on: a row for each variant. */
};
void bundle_add_given(struct bundle_section *section, enum bundle_given which, const char *caption);

#endif
