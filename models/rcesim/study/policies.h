/* policies.h - back-off policies in one engine and the same worlds: which is best, and which are as
 * good for less?
 *
 * Each policy is a variant: one of the scenario's own, or the base variant with its retry policy
 * replaced. They race by one metric (Kim-Nelson, sim/stats/kim_nelson.h): after a pilot of all of
 * them come rounds of those that are still in, until one is left or the budget is spent. So every
 * policy has replications 0 to n of its own n, and two are compared over those that both have. The
 * race looks at one replication after the other and stops where it is decided; the tables have all
 * that were simulated.
 *
 * What the race promises rests on an assumption: replication means are about normal. A share is
 * protected against what is not (its range is 1, see kim_nelson.h): policies that are close stay in
 * until an event that takes whole waves and would matter would have been seen. Other metrics have
 * no range, so for them an event rarer than the replications can show is not excluded; but nothing
 * is decided from a pilot in which hardly anything differed.
 *
 * By the criteria of the model together a policy may be on the Pareto front, or dominated beyond
 * noise: by the paired intervals another one is no worse by any criterion, beyond what does not
 * matter, and better by one. Both look at pairs, each over the replications that the two share.
 *
 * Policies are ordered by how long they stayed, because estimates over different replications say
 * nothing about each other. p values against the best are descriptive: the same data chose the best
 * and the moment to stop.
 */
#ifndef MODELS_RCESIM_STUDY_POLICIES_H
#define MODELS_RCESIM_STUDY_POLICIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "models/rcesim/study/study.h"
#include "reports/manifest.h"
#include "reports/table.h"
#include "sim/stats/kim_nelson.h"

/* What the command line asks for. */
struct policies_request {
    const struct options_list *policies; /* --policy; none: the scenario's variants, or presets */
    const char *base;                    /* --base; NULL: the scenario's last variant */
    const char *metric;                  /* --metric; NULL: the first criterion of the model */
    const char *delta;                   /* --delta; NULL: that of the criterion */
    uint32_t pilot_count;
    uint32_t budget_count; /* Replications at most. */
};

/* One criterion of the comparison. */
struct policies_criterion {
    size_t metric;      /* Index into those of the model. */
    const char *title;  /* For narrow tables. */
    double indifferent; /* A difference that does not matter, in the unit of the metric. */
};

#define POLICIES_NOBODY SIZE_MAX

/* The policies that took part in one round of the race. */
struct policies_round {
    struct result *result;
    const uint32_t *places; /* [variant_count]: which variant of the result a policy is, or... */
};
#define POLICIES_ABSENT UINT32_MAX

/* What came out about one policy. */
struct policies_standing {
    uint32_t replication_count;
    const struct summary_metric *metrics; /* Of the model, over its own replications. */
    struct kim_nelson_exit exit;          /* From the race. */
    struct interval *differences;         /* [criterion_count]: this policy minus the best. */
    bool has_p;                           /* Of the ranking metric against the best... */
    double p; /* ...paired t, adjusted by Holm; 1 if there is none. Descriptive. */
    bool is_on_front;
    size_t dominated_by; /* Beyond noise; or POLICIES_NOBODY. */
};

struct policies {
    struct study study;
    struct options_list chosen; /* Names of the variants that take part. */
    const char *base;           /* Of those that were made; NULL: none was made. */
    struct configuration *configuration;
    struct policies_criterion *criteria; /* [criterion_count]; the first is ranked by. */
    size_t criterion_count;
    struct kim_nelson_options options;
    struct kim_nelson *race;
    uint32_t budget_count;
    struct policies_round *rounds; /* [round_count] */
    size_t round_count;
    bool is_partial;
    size_t best;     /* The chosen one, or the least so far. */
    size_t cheapest; /* As good as the best, and less by the second criterion; or NOBODY. */
    struct policies_standing *standings; /* [variant_count] */
    size_t *order;                       /* [variant_count], see above. */
    const char *command;
};

/* Read the scenario, make the variants, choose criteria. Errors: ERROR_USAGE, ERROR_SCENARIO. */
bool policies_prepare(struct policies *policies, const struct policies_request *request,
                      struct error *error);

/* Simulate until decided, out of budget, or interrupted, and conclude. An interruption before the
 * end of the pilot's first replication leaves nothing to conclude from: `standings` is NULL. */
bool policies_race(struct policies *policies, struct error *error);

/* Give back what was simulated. */
void policies_release(struct policies *policies);

/* What a criterion ranks by, how a policy does by it, and what a policy is called. */
const struct metric *policies_metric(const struct policies *policies, size_t criterion);
const struct summary_metric *policies_summary(const struct policies *policies, size_t variant,
                                              size_t criterion);
const char *policies_name(const struct policies *policies, size_t variant);

/* A headline estimate, INFINITY for "no data". */
double policies_estimate(const struct policies *policies, size_t variant, size_t criterion);

/* Whose it is, and how many replications the longest of them had. */
struct identity policies_identity(const struct policies *policies);

/* The answer in a sentence or two. */
const char *policies_conclusion(const struct policies *policies);

/* The page; it lies in the arena of the study. */
struct manifest *policies_manifest(const struct policies *policies);

/* Show it: to people (the directory may be NULL), as JSON, as a table with one row for each policy
 * and criterion. */
void policies_print(const struct policies *policies, const char *directory,
                    const struct page *page);
void policies_write_json(const struct policies *policies, FILE *file);
void policies_write_tsv(const struct policies *policies, FILE *file);

#endif
