#include "models/rcesim/study/ablate.h"

#include <string.h>

#include "models/rcesim/format/configure_engine.h"
#include "models/rcesim/result/estimate.h"
#include "models/vmc/config.h"
#include "reports/figure.h"
#include "sim/base/check.h"
#include "sim/stats/shapley.h"

static bool is_same_policy(const struct rce_retry_policy *a, const struct rce_retry_policy *b)
{
    return a->base_ns == b->base_ns && a->throttled_base_ns == b->throttled_base_ns &&
           a->cap_ns == b->cap_ns && a->total_ns == b->total_ns &&
           a->multiplier_permille == b->multiplier_permille &&
           a->jitter_permille == b->jitter_permille && a->attempts_max == b->attempts_max &&
           a->jitter == b->jitter && a->ignore_retry_after == b->ignore_retry_after &&
           a->budget_capacity == b->budget_capacity && a->budget_cost == b->budget_cost &&
           a->budget_cost_unknown == b->budget_cost_unknown &&
           a->budget_cost_throttled == b->budget_cost_throttled &&
           a->budget_success_credit == b->budget_success_credit &&
           a->limiter_per_s == b->limiter_per_s && a->limiter_burst == b->limiter_burst;
}

static bool has_precheck(const struct rce_options *a, const struct rce_options *b)
{
    if (a->precheck != b->precheck || !a->precheck)
        return a->precheck != b->precheck;
    return a->precheck_scope != b->precheck_scope ||
           a->deadline_ns[RCE_READ_CLUSTER] != b->deadline_ns[RCE_READ_CLUSTER] ||
           !is_same_policy(&a->precheck_poll, &b->precheck_poll);
}

static void take_precheck(struct rce_options *to, const struct rce_options *from)
{
    to->precheck = from->precheck;
    to->precheck_scope = from->precheck_scope;
    to->precheck_poll = from->precheck_poll;
    to->deadline_ns[RCE_READ_CLUSTER] = from->deadline_ns[RCE_READ_CLUSTER];
}

static bool has_retry(const struct rce_options *a, const struct rce_options *b)
{
    if (a->retry != b->retry || !a->retry)
        return a->retry != b->retry;
    return a->retry_after_ns != b->retry_after_ns ||
           !is_same_policy(&a->retry_policy, &b->retry_policy);
}

static void take_retry(struct rce_options *to, const struct rce_options *from)
{
    to->retry = from->retry;
    to->retry_after_ns = from->retry_after_ns;
    to->retry_policy = from->retry_policy;
}

static bool has_idempotency(const struct rce_options *a, const struct rce_options *b)
{
    return a->key_scope != b->key_scope;
}

static void take_idempotency(struct rce_options *to, const struct rce_options *from)
{
    to->key_scope = from->key_scope;
}

static bool has_settle(const struct rce_options *a, const struct rce_options *b)
{
    return a->settle_ns != b->settle_ns;
}

static void take_settle(struct rce_options *to, const struct rce_options *from)
{
    to->settle_ns = from->settle_ns;
}

/* The deadline of READ_CLUSTER is the pre-check's. */
static bool has_deadlines(const struct rce_options *a, const struct rce_options *b)
{
    for (size_t i = 0; i < RCE_OPERATION_COUNT; i++)
        if (i != RCE_READ_CLUSTER && a->deadline_ns[i] != b->deadline_ns[i])
            return true;
    return false;
}

static void take_deadlines(struct rce_options *to, const struct rce_options *from)
{
    for (size_t i = 0; i < RCE_OPERATION_COUNT; i++)
        if (i != RCE_READ_CLUSTER)
            to->deadline_ns[i] = from->deadline_ns[i];
}

/* Do two engines differ in this group, and how does one take it from the other? */
static const struct factor {
    const char *name;
    bool (*differs)(const struct rce_options *a, const struct rce_options *b);
    void (*take)(struct rce_options *to, const struct rce_options *from);
} factors[] = {
    {"precheck", has_precheck, take_precheck},          {"retry", has_retry, take_retry},
    {"idempotency", has_idempotency, take_idempotency}, {"settle", has_settle, take_settle},
    {"deadlines", has_deadlines, take_deadlines},
};
_Static_assert(sizeof factors / sizeof factors[0] == ABLATE_FACTORS_MAX, "room for every factor");

static const struct factor *find_factor(const char *name)
{
    for (size_t i = 0; i < ABLATE_FACTORS_MAX; i++)
        if (strcmp(factors[i].name, name) == 0)
            return &factors[i];
    check_failed(__FILE__, __LINE__, "a known factor");
}

static const struct engine *engine_of(const struct ablate *ablate, uint32_t variant)
{
    const struct vmc_parameters *parameters = ablate->base->variants[variant].parameters;
    return configure_find_engine(ablate->base, parameters->options);
}

/* What is exchanged are the options that a scenario offers every engine; the engine itself, with
 * its config, has to be the same. */
static bool is_same_engine(const struct ablate *ablate, struct error *error)
{
    const struct engine *first = engine_of(ablate, ablate->first);
    const struct engine *fixed = engine_of(ablate, ablate->fixed);
    if (engine_is_same_spec(first->spec, fixed->spec))
        return true;
    return error_set(error, ERROR_USAGE,
                     "\"%s\" and \"%s\" run different engines, or one with different configs: "
                     "their fixes cannot be combined",
                     ablate->base->variants[ablate->first].name,
                     ablate->base->variants[ablate->fixed].name);
}

static bool find_factors(struct ablate *ablate, struct error *error)
{
    const struct configuration *base = ablate->base;
    if (base->domain != &domain_vmc)
        return error_set(error, ERROR_USAGE,
                         "the model \"%s\" has no fixes to take apart; ablate works on model vmc",
                         base->domain->model->name);
    if (ablate->first == ablate->fixed)
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is the first variant, which the others are compared with; choose "
                         "another, with fixes, by --variant",
                         base->variants[ablate->fixed].name);
    const struct vmc_parameters *a = base->variants[ablate->first].parameters;
    const struct vmc_parameters *b = base->variants[ablate->fixed].parameters;
    if (!is_same_engine(ablate, error))
        return false;
    for (size_t i = 0; i < ABLATE_FACTORS_MAX; i++)
        if (factors[i].differs(a->options, b->options))
            ablate->factors[ablate->factor_count++] = factors[i].name;
    ablate->combination_count = (size_t)1 << ablate->factor_count;
    if (ablate->factor_count > 0)
        return true;
    return error_set(error, ERROR_USAGE,
                     "\"%s\" and \"%s\" do not differ in precheck, retry, idempotency, settle or "
                     "deadlines",
                     base->variants[ablate->first].name, base->variants[ablate->fixed].name);
}

static const char *name_of(const struct ablate *ablate, uint32_t mask)
{
    const char *name = "";
    for (size_t i = 0; i < ablate->factor_count; i++)
        if (mask >> i & 1)
            name = arena_print(ablate->arena, "%s%s%s", name, *name == '\0' ? "" : "+",
                               ablate->factors[i]);
    return mask == 0 ? "none" : name;
}

static bool make_variant(const struct ablate *ablate, uint32_t mask,
                         struct experiment_variant *variant, struct error *error)
{
    const struct vmc_parameters *first = ablate->base->variants[ablate->first].parameters;
    const struct vmc_parameters *fixed = ablate->base->variants[ablate->fixed].parameters;
    struct vmc_parameters *parameters = arena_take(ablate->arena, sizeof *parameters);
    struct rce_options *options = arena_take(ablate->arena, sizeof *options);
    *parameters = *first;
    *options = *first->options;
    for (size_t i = 0; i < ablate->factor_count; i++)
        if (mask >> i & 1)
            find_factor(ablate->factors[i])->take(options, fixed->options);
    *variant = (struct experiment_variant){.name = name_of(ablate, mask), .parameters = parameters};
    return configure_exchange(ablate->arena, parameters, engine_of(ablate, ablate->first), options,
                              error);
}

bool ablate_prepare(struct ablate *ablate, struct error *error)
{
    if (!find_factors(ablate, error))
        return false;
    struct configuration *made = arena_take(ablate->arena, sizeof *made);
    *made = *ablate->base;
    made->variants =
        arena_take_array(ablate->arena, ablate->combination_count, sizeof *made->variants);
    made->variant_count = 0;
    made->threshold_count = 0; /* They are about the scenario's own variants. */
    for (size_t size = 0; size <= ablate->factor_count; size++)
        for (uint32_t mask = 0; mask < ablate->combination_count; mask++) {
            if ((size_t)__builtin_popcount(mask) != size)
                continue;
            uint32_t variant = made->variant_count++;
            ablate->order[variant] = mask;
            ablate->variant_of[mask] = variant;
            if (!make_variant(ablate, mask, &made->variants[variant], error))
                return false;
        }
    ablate->configuration = made;
    return true;
}

static struct interval conclude_pairs(const struct ablate *ablate, const struct mean_pairs *pairs,
                                      size_t metric)
{
    struct summary_difference difference;
    summary_compare(&difference, pairs, ablate->base->confidence);
    summary_limit_difference(&difference.difference, &ablate->result->model->metrics[metric]);
    return difference.difference;
}

/* The values of a metric in all combinations, in one replication. */
static bool read_values(const struct ablate *ablate, uint32_t replication, size_t metric,
                        double values[ABLATE_COMBINATIONS_MAX])
{
    const struct metric *what = &ablate->result->model->metrics[metric];
    for (uint32_t mask = 0; mask < ablate->combination_count; mask++)
        if (!summary_value(what,
                           result_record(ablate->result, replication, ablate->variant_of[mask]),
                           metric, &values[mask]))
            return false;
    return true;
}

struct interval ablate_alone(const struct ablate *ablate, size_t metric, size_t factor)
{
    const struct metric *what = &ablate->result->model->metrics[metric];
    uint32_t alone = ablate->variant_of[1u << factor];
    struct mean_pairs pairs = {0};
    for (uint32_t r = 0; r < ablate->result->replication_count; r++) {
        double without, with;
        if (summary_value(what, result_record(ablate->result, r, 0), metric, &without) &&
            summary_value(what, result_record(ablate->result, r, alone), metric, &with))
            mean_pairs_add(&pairs, without, with);
    }
    return conclude_pairs(ablate, &pairs, metric);
}

static struct ablate_effect find_effect(const struct ablate *ablate, size_t metric, size_t factor)
{
    uint32_t bit = (uint32_t)1 << factor, all = (uint32_t)ablate->combination_count - 1;
    struct mean_pairs alone = {0}, last = {0}, share = {0};
    for (uint32_t r = 0; r < ablate->result->replication_count; r++) {
        double values[ABLATE_COMBINATIONS_MAX];
        if (!read_values(ablate, r, metric, values))
            continue;
        mean_pairs_add(&alone, values[0], values[bit]);
        mean_pairs_add(&last, values[all & ~bit], values[all]);
        mean_pairs_add(&share, -shapley_share(values, ablate->factor_count, factor), 0);
    }
    return (struct ablate_effect){
        .alone = conclude_pairs(ablate, &alone, metric),
        .last = conclude_pairs(ablate, &last, metric),
        .share = conclude_pairs(ablate, &share, metric),
    };
}

void ablate_conclude(struct ablate *ablate)
{
    ablate->effects = arena_take_array(ablate->arena, ablate->metric_count * ablate->factor_count,
                                       sizeof *ablate->effects);
    for (size_t m = 0; m < ablate->metric_count; m++)
        for (size_t f = 0; f < ablate->factor_count; f++)
            ablate->effects[m * ablate->factor_count + f] =
                find_effect(ablate, ablate->metrics[m], f);
}

enum direction { NOTHING, HELPS, HURTS, NOT_ESTIMABLE };

static enum direction direction_of(const struct interval *effect)
{
    if (!interval_is_known(effect))
        return NOT_ESTIMABLE;
    return effect->low > 0 ? HELPS : effect->high < 0 ? HURTS : NOTHING;
}

static const char *size_text(const struct ablate *ablate, const struct interval *effect)
{
    const struct metric *metric = &ablate->result->model->metrics[ablate->metrics[0]];
    char text[FIGURE_SIZE_BYTES];
    if (metric->kind == METRIC_PROPORTION)
        return arena_print(ablate->arena, "%s points", figure_points(text, -effect->estimate));
    const char *size = estimate_value_text(
        ablate->arena, metric, effect->estimate < 0 ? -effect->estimate : effect->estimate);
    return arena_print(ablate->arena, "%s%s", effect->estimate > 0 ? "-" : "+", size);
}

/* The headline metric, alone and last. */
static const char *effect_sentence(const struct ablate *ablate, size_t factor)
{
    const struct ablate_effect *effect = ablate_effect(ablate, 0, factor);
    const char *label = ablate->result->model->metrics[ablate->metrics[0]].label;
    enum direction alone = direction_of(&effect->alone), last = direction_of(&effect->last);
    const char *first =
        alone == NOT_ESTIMABLE
            ? arena_print(ablate->arena, "alone, what it does to the %s is not estimable", label)
        : alone == NOTHING
            ? arena_print(ablate->arena, "alone, nothing that can be seen in the %s", label)
            : arena_print(ablate->arena, "alone %s %s", label, size_text(ablate, &effect->alone));
    if (ablate->factor_count == 1)
        return arena_print(ablate->arena, "%s.", first);
    const char *second = last == NOT_ESTIMABLE ? ", not estimable"
                         : last == NOTHING
                             ? ", nothing more"
                             : arena_print(ablate->arena, " %s", size_text(ablate, &effect->last));
    return arena_print(ablate->arena, "%s; beside the others%s.", first, second);
}

/* A count that should be 0: what a fix brings about. */
static const char *harm_sentence(const struct ablate *ablate, size_t factor, size_t metric)
{
    uint32_t bit = (uint32_t)1 << factor, all = (uint32_t)ablate->combination_count - 1;
    const char *label = ablate->result->model->metrics[metric].label;
    double none = ablate_total(ablate, 0, metric), alone = ablate_total(ablate, bit, metric);
    double without = ablate_total(ablate, all & ~bit, metric);
    double whole = ablate_total(ablate, all, metric);
    const char *text = "";
    if (alone > none) {
        text = arena_print(ablate->arena, " Alone it brings %s %s (%s without it)",
                           estimate_count_text(ablate->arena, alone), label,
                           estimate_count_text(ablate->arena, none));
        for (size_t other = 0; other < ablate->factor_count; other++)
            if (other != factor && ablate_total(ablate, bit | 1u << other, metric) <= none)
                text = arena_print(ablate->arena, "%s; with %s, %s", text, ablate->factors[other],
                                   none == 0 ? "none" : "no more than before");
        text = arena_print(ablate->arena, "%s.", text);
    }
    if (whole > without && ablate->factor_count > 1)
        text = arena_print(ablate->arena, "%s Beside the others it brings %s %s (%s without it).",
                           text, estimate_count_text(ablate->arena, whole), label,
                           estimate_count_text(ablate->arena, without));
    if (without > whole && ablate->factor_count > 1)
        text = arena_print(ablate->arena, "%s Without it, the others bring %s %s (%s with it).",
                           text, estimate_count_text(ablate->arena, without), label,
                           estimate_count_text(ablate->arena, whole));
    return text;
}

const char *ablate_sentence(const struct ablate *ablate, size_t factor)
{
    uint32_t bit = (uint32_t)1 << factor;
    const struct summary_units *units = &ablate->summary->variants[ablate->variant_of[bit]].units;
    const char *text = arena_print(ablate->arena, "%s: %s", ablate->factors[factor],
                                   effect_sentence(ablate, factor));
    if (units->is_known && units->only_later > 0)
        text = arena_print(ablate->arena, "%s Alone it fails %s %s that did not fail before.", text,
                           estimate_count_text(ablate->arena, (double)units->only_later),
                           units->only_later == 1 ? ablate->result->model->unit_name
                                                  : ablate->result->model->unit_names);
    static const char *const harms[] = {"duplicate_triggers", "violations"};
    for (size_t i = 0; i < sizeof harms / sizeof harms[0]; i++) {
        int metric = result_find_metric(ablate->result, harms[i]);
        if (metric >= 0)
            text = arena_print(ablate->arena, "%s%s", text,
                               harm_sentence(ablate, factor, (size_t)metric));
    }
    return text;
}
