/* ablate.h - what each fix does, alone and beside the others.
 *
 * Factors are the differences between two variants of an engine, in groups: the fixes precheck,
 * retry and idempotency, and the mitigations settle and deadlines. Every combination of them is a
 * variant of one experiment, so all of them see the same worlds. Combination `mask` has factor i
 * from the variant with the fixes where bit i is set, and from the first variant elsewhere: 0 is
 * the first variant itself, all bits the other one.
 *
 * Effects are reductions here: positive is less of the metric. What is printed and written are
 * changes, alone minus none and so on, so that less is a minus there.
 *     alone   none minus the factor alone
 *     last    all but the factor, minus all
 *     share   the Shapley share; they add up to none minus all
 *
 * What a fix breaks is what should never be: broken invariants, duplicate triggers, workflows that
 * fail and did not before. Of causes of failure there may be more without any harm: workflows that
 * a fix saves from one of them live to meet another.
 */
#ifndef MODELS_RCESIM_STUDY_ABLATE_H
#define MODELS_RCESIM_STUDY_ABLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "models/rcesim/study/study.h"
#include "reports/manifest.h"
#include "reports/table.h"

enum { ABLATE_FACTORS_MAX = 5, ABLATE_COMBINATIONS_MAX = 1 << ABLATE_FACTORS_MAX };

struct ablate_effect {
    struct interval alone, last, share;
};

struct ablate {
    struct arena *arena;
    struct configuration *base; /* The scenario's own variants. */
    uint32_t first, fixed;      /* Indices into them. */
    const char *factors[ABLATE_FACTORS_MAX];
    size_t factor_count;
    size_t combination_count;
    struct configuration *configuration;     /* Its variants are the combinations, in `order`. */
    uint32_t order[ABLATE_COMBINATIONS_MAX]; /* The mask of a variant. */
    uint32_t variant_of[ABLATE_COMBINATIONS_MAX]; /* And back. */
    const size_t *metrics;                        /* [metric_count]; the first is the headline */
    size_t metric_count;
    const char *command;
    const struct result *result;
    const struct summary *summary;
    struct ablate_effect *effects; /* [metric_count][factor_count] */
};

/* Find the factors and make the combinations, by group and name. Errors: ERROR_USAGE where the
 * model has no such fixes, or the variants do not differ in them. */
bool ablate_prepare(struct ablate *ablate, struct error *error);

/* Work out the effects from the result and the summary. */
void ablate_conclude(struct ablate *ablate);

static inline const struct ablate_effect *ablate_effect(const struct ablate *ablate, size_t metric,
                                                        size_t factor)
{
    return &ablate->effects[metric * ablate->factor_count + factor];
}

/* The total of a metric of the model in a combination. */
static inline double ablate_total(const struct ablate *ablate, uint32_t mask, size_t metric)
{
    return ablate->summary->variants[ablate->variant_of[mask]].metrics[metric].total;
}

/* None minus the factor alone, of any metric of the model. */
struct interval ablate_alone(const struct ablate *ablate, size_t metric, size_t factor);

/* What the numbers say about a factor, in a sentence or two. */
const char *ablate_sentence(const struct ablate *ablate, size_t factor);

/* Whose it is, and how many replications there were. */
struct identity ablate_identity(const struct ablate *ablate);

/* Show it; the page lies in the arena. */
struct manifest *ablate_manifest(const struct ablate *ablate);
void ablate_print(const struct ablate *ablate, const char *directory, const struct page *page);
void ablate_write_json(const struct ablate *ablate, FILE *file);
void ablate_write_combinations(const struct ablate *ablate, FILE *file);
void ablate_write_effects(const struct ablate *ablate, FILE *file);

#endif
