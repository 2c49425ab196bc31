#include "models/rcesim/study/policies.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/rce/retry.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/run/simulate.h"
#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/experiment/compare.h"
#include "sim/stats/holm.h"
#include "sim/stats/pareto.h"

/* Rounds grow by half, so this is more than 2^32 replications have. */
enum { ROUNDS_MAX = 64 };

/* What is being put together: names of the scenario's variants, and overrides that make more. */
struct drawing_up {
    struct policies *policies;
    const struct policies_request *request;
    const struct configuration *plain; /* The scenario as it is. */
    struct options_list overrides;
    struct options_list made; /* Names of the variants that the overrides make. */
};

static const char *const plain_policies[] = {"exponential", "fixed"};

static bool is_listed(const struct options_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0)
            return true;
    return false;
}

static bool is_variant(const struct configuration *configuration, const char *name)
{
    for (uint32_t i = 0; i < configuration->variant_count; i++)
        if (strcmp(configuration->variants[i].name, name) == 0)
            return true;
    return false;
}

static bool is_policy(const char *name)
{
    for (size_t i = 0; i < sizeof plain_policies / sizeof plain_policies[0]; i++)
        if (strcmp(plain_policies[i], name) == 0)
            return true;
    return rce_retry_preset_find(name) != NULL;
}

/* Complain about a name that is neither a variant nor a policy. */
static bool refuse_name(const struct drawing_up *drawing_up, const char *name, struct error *error)
{
    struct options_list known = {0};
    struct arena *arena = drawing_up->policies->study.arena;
    size_t count;
    const struct rce_retry_preset *presets = rce_retry_presets(&count);
    for (uint32_t i = 0; i < drawing_up->plain->variant_count; i++)
        options_list_add(&known, arena, drawing_up->plain->variants[i].name);
    for (size_t i = 0; i < sizeof plain_policies / sizeof plain_policies[0]; i++)
        options_list_add(&known, arena, plain_policies[i]);
    for (size_t i = 0; i < count; i++)
        options_list_add(&known, arena, presets[i].name);
    const char *closest = text_closest(name, known.items, known.count);
    if (closest != NULL)
        return error_set(error, ERROR_USAGE,
                         "--policy %s: there is no policy or variant \"%s\"; did you mean \"%s\"?",
                         name, name, closest);
    return error_set(error, ERROR_USAGE,
                     "--policy %s: there is no policy or variant of that name (rcesim policies "
                     "--list); another spacing is written --policy 'NAME={policy: fixed, base: "
                     "1min}'",
                     name);
}

static bool check_new_name(const struct drawing_up *drawing_up, const char *name,
                           struct error *error)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (*name == '\0' || name[strspn(name, allowed)] != '\0')
        return error_set(error, ERROR_USAGE,
                         "--policy: \"%s\" is no name for a policy; letters, digits, _ and - make "
                         "one",
                         name);
    if (is_variant(drawing_up->plain, name))
        return error_set(error, ERROR_USAGE,
                         "--policy: the scenario has a variant \"%s\" already; give the policy "
                         "another name",
                         name);
    return true;
}

/* NAME, or NAME=VALUE where VALUE is a policy or its fields in { }. */
static bool add_policy(struct drawing_up *drawing_up, const char *text, struct error *error)
{
    struct policies *policies = drawing_up->policies;
    struct arena *arena = policies->study.arena;
    const char *equals = strchr(text, '=');
    const char *name =
        equals == NULL ? text : arena_print(arena, "%.*s", (int)(equals - text), text);
    if (is_listed(&policies->chosen, name))
        return error_set(error, ERROR_USAGE, "--policy: there are two of the name \"%s\"", name);
    options_list_add(&policies->chosen, arena, name);
    if (equals == NULL && is_variant(drawing_up->plain, name))
        return true;
    const char *value = equals == NULL ? name : equals + 1;
    bool is_map = *value == '{';
    if (!is_map && !is_policy(value))
        return refuse_name(drawing_up, value, error);
    if (!check_new_name(drawing_up, name, error))
        return false;
    options_list_add(&drawing_up->made, arena, name);
    options_list_add(&drawing_up->overrides, arena,
                     is_map ? arena_print(arena, "variants.%s={retry: %s}", name, value)
                            : arena_print(arena, "variants.%s={retry: {policy: %s}}", name, value));
    return true;
}

static bool add_policies(struct drawing_up *drawing_up, struct error *error)
{
    const struct options_list *asked = drawing_up->request->policies;
    const struct configuration *plain = drawing_up->plain;
    size_t preset_count;
    const struct rce_retry_preset *presets = rce_retry_presets(&preset_count);
    for (size_t i = 0; i < asked->count; i++)
        if (!add_policy(drawing_up, asked->items[i], error))
            return false;
    bool has_own = plain->variant_count > 1;
    for (uint32_t i = 0; asked->count == 0 && has_own && i < plain->variant_count; i++)
        if (!add_policy(drawing_up, plain->variants[i].name, error))
            return false;
    for (size_t i = 0; asked->count == 0 && !has_own && i < preset_count; i++)
        if (!is_variant(plain, presets[i].name) && !add_policy(drawing_up, presets[i].name, error))
            return false;
    if (drawing_up->policies->chosen.count >= 2)
        return true;
    return error_set(error, ERROR_USAGE,
                     "one policy has nothing to be compared with; name more of them with --policy");
}

static const struct experiment_variant *find_base(const struct drawing_up *drawing_up,
                                                  struct error *error)
{
    const struct configuration *plain = drawing_up->plain;
    const char *wanted = drawing_up->request->base;
    if (wanted != NULL && plain->domain->keep_policy == NULL) {
        error_set(error, ERROR_USAGE, "--base: variants of the model %s are nothing but policies",
                  plain->domain->model->name);
        return NULL;
    }
    if (wanted == NULL)
        return &plain->variants[plain->variant_count - 1];
    for (uint32_t i = 0; i < plain->variant_count; i++)
        if (strcmp(plain->variants[i].name, wanted) == 0)
            return &plain->variants[i];
    error_set(error, ERROR_USAGE, "--base: there is no variant \"%s\"", wanted);
    return NULL;
}

/* Load the scenario again with the variants that the policies make, on top of the base. */
static bool load_policies(struct drawing_up *drawing_up, struct error *error)
{
    struct policies *policies = drawing_up->policies;
    struct arena *arena = policies->study.arena;
    const struct experiment_variant *base = find_base(drawing_up, error);
    struct configuration *configuration;
    if (base == NULL || !add_policies(drawing_up, error) ||
        !study_load(&policies->study, arena, drawing_up->overrides.items,
                    drawing_up->overrides.count, &configuration, error))
        return false;
    bool has_base = configuration->domain->keep_policy != NULL;
    for (uint32_t i = 0; i < configuration->variant_count; i++) {
        struct experiment_variant *variant = &configuration->variants[i];
        bool is_made = is_listed(&drawing_up->made, variant->name);
        if (!has_base || (!is_made && drawing_up->request->base == NULL))
            continue;
        if (!configuration->domain->keep_policy(arena, variant, drawing_up->plain, base, error))
            return false;
        policies->base = base->name;
    }
    policies->configuration = configuration;
    return configure_select_variants(configuration, arena, &policies->chosen, error);
}

static bool parse_indifference(const struct metric *metric, const char *text, double *value,
                               struct error *error)
{
    int64_t duration_ns;
    bool is_good;
    if (metric->unit == METRIC_DURATION_NS) {
        is_good = units_parse_duration(text, &duration_ns, error);
        *value = is_good ? (double)duration_ns : 0;
    } else if (metric->kind == METRIC_PROPORTION) {
        is_good = units_parse_share(text, value, error);
    } else {
        is_good = units_parse_number(text, value, error);
    }
    if (is_good && !(*value > 0 && isfinite(*value)))
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is not above 0: what is the least difference that matters?", text);
    return is_good;
}

/* The ranking metric first, then the criteria of the model. */
static bool choose_criteria(struct policies *policies, const struct policies_request *request,
                            struct error *error)
{
    const struct domain *domain = policies->configuration->domain;
    const char *ranked = request->metric != NULL ? request->metric : domain->criteria[0].metric;
    const char *delta = request->delta, *title = NULL;
    struct policies_criterion *criteria =
        arena_take_array(policies->study.arena, domain->criterion_count + 1, sizeof *criteria);
    size_t count = 1;
    if (!study_find_metric(domain->model, ranked, &criteria[0].metric, error))
        return error_context(error, "--metric");
    for (size_t i = 0; i < domain->criterion_count; i++) {
        const struct criterion *criterion = &domain->criteria[i];
        if (strcmp(criterion->metric, ranked) == 0) {
            title = criterion->title;
            delta = delta == NULL ? criterion->indifference : delta;
            continue;
        }
        struct policies_criterion *next = &criteria[count++];
        bool is_good = study_find_metric(domain->model, criterion->metric, &next->metric, error) &&
                       parse_indifference(&domain->model->metrics[next->metric],
                                          criterion->indifference, &next->indifferent, error);
        CHECK(is_good);
        next->title = criterion->title;
    }
    const struct metric *metric = &domain->model->metrics[criteria[0].metric];
    criteria[0].title = title != NULL ? title : metric->label;
    if (delta == NULL)
        return error_set(error, ERROR_USAGE,
                         "--metric %s needs --delta: the least difference in it that matters",
                         ranked);
    policies->criteria = criteria;
    policies->criterion_count = count;
    if (parse_indifference(metric, delta, &criteria[0].indifferent, error))
        return true;
    error->code = ERROR_USAGE;
    return error_context(error, "--delta");
}

bool policies_prepare(struct policies *policies, const struct policies_request *request,
                      struct error *error)
{
    struct configuration *plain;
    struct drawing_up drawing_up = {.policies = policies, .request = request};
    if (!study_load(&policies->study, policies->study.arena, NULL, 0, &plain, error))
        return false;
    drawing_up.plain = plain;
    if (!load_policies(&drawing_up, error) || !choose_criteria(policies, request, error))
        return false;
    struct configuration *configuration = policies->configuration;
    if (request->pilot_count > request->budget_count)
        return error_set(error, ERROR_USAGE,
                         "a pilot of %" PRIu32
                         " replications is more than the --budget of %" PRIu32,
                         request->pilot_count, request->budget_count);
    policies->budget_count = request->budget_count;
    policies->rounds =
        arena_take_array(policies->study.arena, ROUNDS_MAX, sizeof *policies->rounds);
    policies->options = (struct kim_nelson_options){
        .system_count = configuration->variant_count,
        .first_stage = request->pilot_count,
        .error = 1 - policies->configuration->confidence,
        .indifference_width = policies->criteria[0].indifferent,
        .range_width = configuration->domain->model->metrics[policies->criteria[0].metric].kind ==
                               METRIC_PROPORTION
                           ? 1
                           : 0,
    };
    policies->race = kim_nelson_create(policies->study.arena, &policies->options);
    return true;
}

const struct metric *policies_metric(const struct policies *policies, size_t criterion)
{
    return &policies->configuration->domain->model->metrics[policies->criteria[criterion].metric];
}

const struct summary_metric *policies_summary(const struct policies *policies, size_t variant,
                                              size_t criterion)
{
    return &policies->standings[variant].metrics[policies->criteria[criterion].metric];
}

const char *policies_name(const struct policies *policies, size_t variant)
{
    return policies->configuration->variants[variant].name;
}

/* Show the race the replications of a round, of which it has seen none. */
static bool feed(struct policies *policies, const struct policies_round *round, struct error *error)
{
    uint32_t count = policies->configuration->variant_count;
    double *observations = arena_take_array(policies->study.arena, count, sizeof *observations);
    const struct metric *metric = policies_metric(policies, 0);
    const struct result *result = round->result;
    for (uint32_t r = 0; r < result->replication_count; r++) {
        for (uint32_t v = 0; v < count; v++)
            if (round->places[v] != POLICIES_ABSENT &&
                !summary_value(metric, result_record(result, r, round->places[v]),
                               policies->criteria[0].metric, &observations[v]))
                return error_set(error, ERROR_USAGE,
                                 "%s has no value in replication %" PRIu32
                                 " of %s, so policies cannot be ranked by it",
                                 metric->name, result->first_replication + r,
                                 policies->configuration->variants[v].name);
        kim_nelson_add(policies->race, observations);
    }
    return true;
}

/* Half as many again, but no more than the race can need, and no more than the budget. */
static uint32_t next_round(const struct policies *policies, uint32_t done)
{
    if (done == 0)
        return policies->options.first_stage;
    uint64_t next = done + (uint64_t)done / 2 + 1;
    uint64_t last = kim_nelson_replication_max(policies->race);
    next = next < last ? next : last;
    return (uint32_t)(next < policies->budget_count ? next : policies->budget_count);
}

/* Simulate the policies that are still in, from replication `done` on. The parts of the
 * configuration that name the others are not looked at by a simulation. */
static bool simulate_round(struct policies *policies, uint32_t done, uint32_t until,
                           struct error *error)
{
    const struct study *study = &policies->study;
    const struct configuration *whole = policies->configuration;
    struct configuration *part = arena_take(study->arena, sizeof *part);
    uint32_t *places = arena_take_array(study->arena, whole->variant_count, sizeof *places);
    *part = *whole;
    part->variants = arena_take_array(study->arena, whole->variant_count, sizeof *part->variants);
    part->variant_count = 0;
    for (uint32_t v = 0; v < whole->variant_count; v++) {
        bool is_in = kim_nelson_is_in(policies->race, v);
        places[v] = is_in ? part->variant_count : POLICIES_ABSENT;
        if (is_in)
            part->variants[part->variant_count++] = whole->variants[v];
    }
    struct simulation simulation = {
        .configuration = part,
        .work = study->work,
        .first_replication = done,
        .replication_count = until - done,
        .interrupted = study->interrupted,
        .label = arena_print(study->arena, "%" PRIu32 " of %" PRIu32 " policies",
                             part->variant_count, whole->variant_count),
    };
    struct policies_round round = {.places = places};
    if (!simulate(&simulation, &round.result, error))
        return false;
    CHECK(policies->round_count < ROUNDS_MAX);
    policies->rounds[policies->round_count++] = round;
    return feed(policies, &round, error);
}

static bool simulate_rounds(struct policies *policies, struct error *error)
{
    uint32_t done = 0;
    while (!kim_nelson_is_decided(policies->race) && done < policies->budget_count) {
        uint32_t until = next_round(policies, done);
        if (!simulate_round(policies, done, until, error))
            return false;
        policies->is_partial = policies->rounds[policies->round_count - 1].result->is_partial;
        if (policies->is_partial)
            return true;
        done = until;
    }
    return true;
}

double policies_estimate(const struct policies *policies, size_t variant, size_t criterion)
{
    const struct interval *headline =
        &policies->standings[variant].metrics[policies->criteria[criterion].metric].headline;
    return interval_has_estimate(headline) ? headline->estimate : INFINITY;
}

/* Reduce all replications of a policy, which lie in several results. */
static void summarise(struct policies *policies, uint32_t variant)
{
    struct policies_standing *standing = &policies->standings[variant];
    struct result *parts[ROUNDS_MAX], *joined;
    size_t part_count = 0;
    for (size_t i = 0; i < policies->round_count; i++) {
        const struct policies_round *round = &policies->rounds[i];
        if (round->places[variant] == POLICIES_ABSENT || round->result->replication_count == 0)
            continue;
        struct compare_side side = {.result = round->result,
                                    .variant = round->places[variant],
                                    .name = policies->configuration->variants[variant].name};
        parts[part_count++] = compare_pair(&side, &side);
    }
    struct error error;
    bool is_joined = result_join(&joined, parts, part_count, &error);
    CHECK(is_joined);
    const struct summary *summary =
        summary_create(policies->study.arena, joined, policies->configuration->confidence);
    standing->metrics = summary->variants[0].metrics;
    standing->replication_count = joined->replication_count;
    result_destroy(joined);
}

/* Who stayed in the race for longer; of those that have the same replications, by the ranking
 * metric, then by the other criteria, then in the order of the variants. Estimates over different
 * replications are not compared. */
static bool is_before(const struct policies *policies, size_t a, size_t b)
{
    uint32_t a_count = policies->standings[a].replication_count;
    uint32_t b_count = policies->standings[b].replication_count;
    if (a_count != b_count)
        return a_count > b_count;
    for (size_t c = 0; c < policies->criterion_count; c++) {
        double x = policies_estimate(policies, a, c), y = policies_estimate(policies, b, c);
        if (x != y)
            return x < y;
    }
    return a < b;
}

static void put_in_order(struct policies *policies)
{
    uint32_t count = policies->configuration->variant_count;
    policies->order = arena_take_array(policies->study.arena, count, sizeof *policies->order);
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && is_before(policies, i, policies->order[at - 1]); at--)
            policies->order[at] = policies->order[at - 1];
        policies->order[at] = i;
    }
}

/* The values of two policies by a criterion, over the replications that both have. */
static struct mean_pairs pairs_of(const struct policies *policies, size_t first, size_t second,
                                  size_t criterion)
{
    const struct metric *metric = policies_metric(policies, criterion);
    size_t index = policies->criteria[criterion].metric;
    struct mean_pairs pairs = {0};
    for (size_t i = 0; i < policies->round_count; i++) {
        const struct policies_round *round = &policies->rounds[i];
        uint32_t a = round->places[first], b = round->places[second];
        if (a == POLICIES_ABSENT || b == POLICIES_ABSENT)
            continue;
        for (uint32_t r = 0; r < round->result->replication_count; r++) {
            double x, y;
            if (summary_value(metric, result_record(round->result, r, a), index, &x) &&
                summary_value(metric, result_record(round->result, r, b), index, &y))
                mean_pairs_add(&pairs, x, y);
        }
    }
    return pairs;
}

/* first minus second */
static struct interval difference_of(const struct policies *policies, size_t first, size_t second,
                                     size_t criterion)
{
    struct mean_pairs pairs = pairs_of(policies, first, second, criterion);
    struct summary_difference difference;
    summary_compare(&difference, &pairs, policies->configuration->confidence);
    summary_limit_difference(&difference.difference, policies_metric(policies, criterion));
    return difference.difference;
}

/* Is the first no worse by any criterion and better by one, over the replications of both? Where
 * there is no pair of values, what each has of its own decides, which is INFINITY for none. */
static bool dominates(const struct policies *policies, size_t first, size_t second, double *values)
{
    size_t width = policies->criterion_count;
    for (size_t c = 0; c < width; c++) {
        struct mean_pairs pairs = pairs_of(policies, first, second, c);
        bool has_pairs = pairs.difference.count > 0;
        values[c] = has_pairs ? pairs.first.mean : policies_estimate(policies, first, c);
        values[width + c] = has_pairs ? pairs.second.mean : policies_estimate(policies, second, c);
    }
    return pareto_dominates(values, values + width, width);
}

static void find_front(struct policies *policies)
{
    struct arena *arena = policies->study.arena;
    size_t count = policies->configuration->variant_count, width = policies->criterion_count;
    double *values = arena_take_array(arena, 2 * width, sizeof *values);
    double *tolerances = arena_take_array(arena, width, sizeof *tolerances);
    struct interval *differences = arena_take_array(arena, width, sizeof *differences);
    for (size_t c = 0; c < width; c++)
        tolerances[c] = policies->criteria[c].indifferent;
    for (size_t i = 0; i < count; i++) {
        struct policies_standing *standing = &policies->standings[i];
        standing->is_on_front = true;
        for (size_t k = 0; k < count && standing->is_on_front; k++)
            standing->is_on_front = !dominates(policies, k, i, values);
        standing->dominated_by = POLICIES_NOBODY;
        for (size_t k = 0; k < count && standing->dominated_by == POLICIES_NOBODY; k++) {
            size_t other = policies->order[k];
            for (size_t c = 0; c < width; c++)
                differences[c] = difference_of(policies, other, i, c);
            if (pareto_compare(differences, tolerances, width) == PARETO_FIRST)
                standing->dominated_by = other;
        }
    }
}

/* The p values of the ranking metric against the best, adjusted together; one that is not known
 * counts as 1. */
static void compare_with_best(struct policies *policies)
{
    struct arena *arena = policies->study.arena;
    uint32_t count = policies->configuration->variant_count;
    double *p_values = arena_take_array(arena, count, sizeof *p_values);
    size_t other_count = 0;
    for (uint32_t v = 0; v < count; v++) {
        struct policies_standing *standing = &policies->standings[v];
        standing->exit = kim_nelson_exit_of(policies->race, v);
        standing->differences =
            arena_take_array(arena, policies->criterion_count, sizeof *standing->differences);
        for (size_t c = 0; c < policies->criterion_count; c++)
            standing->differences[c] = difference_of(policies, v, policies->best, c);
        if (v == policies->best)
            continue;
        struct mean_pairs pairs = pairs_of(policies, v, policies->best, 0);
        double *p_value = &p_values[other_count++];
        standing->has_p = mean_pairs_p_value(&pairs, p_value);
        if (!standing->has_p)
            *p_value = 1;
    }
    holm_adjust(p_values, p_values, other_count, arena);
    size_t next = 0;
    for (uint32_t v = 0; v < count; v++)
        if (v != policies->best)
            policies->standings[v].p = p_values[next++];
}

/* Is it no worse than the best beyond what matters, as far as the intervals can tell? */
static bool is_as_good(const struct policies *policies, size_t variant)
{
    const struct interval *difference = &policies->standings[variant].differences[0];
    if (interval_is_known(difference))
        return difference->high <= policies->criteria[0].indifferent;
    return interval_has_estimate(difference) && difference->estimate == 0;
}

/* The one that is as good by the ranking metric and saves most by the second criterion. */
static size_t find_cheapest(const struct policies *policies)
{
    size_t cheapest = POLICIES_NOBODY;
    double saved_most = 0;
    for (size_t k = 0; k < policies->configuration->variant_count; k++) {
        size_t v = policies->order[k];
        const struct interval *saved = &policies->standings[v].differences[1];
        if (v == policies->best || !is_as_good(policies, v) || !interval_is_known(saved) ||
            saved->high >= 0 || saved->estimate >= saved_most)
            continue;
        saved_most = saved->estimate;
        cheapest = v;
    }
    return cheapest;
}

/* One of those that are still in the race, or fell out of it by nothing but a tie with the chosen
 * one: the race decides exact ties by the order of the scenario, the other criteria are a better
 * reason. */
static size_t find_best(const struct policies *policies)
{
    for (size_t k = 0; k < policies->configuration->variant_count; k++) {
        size_t v = policies->order[k];
        if (kim_nelson_is_in(policies->race, v) || kim_nelson_exit_of(policies->race, v).is_tie)
            return v;
    }
    check_failed(__FILE__, __LINE__, "somebody is in the race");
}

static void conclude(struct policies *policies)
{
    struct arena *arena = policies->study.arena;
    uint32_t count = policies->configuration->variant_count;
    policies->standings = arena_take_array(arena, count, sizeof *policies->standings);
    for (uint32_t v = 0; v < count; v++)
        summarise(policies, v);
    put_in_order(policies);
    policies->best = find_best(policies);
    compare_with_best(policies);
    find_front(policies);
    bool is_pilot_over = kim_nelson_replication_max(policies->race) > 0;
    policies->cheapest = is_pilot_over ? find_cheapest(policies) : POLICIES_NOBODY;
}

bool policies_race(struct policies *policies, struct error *error)
{
    if (!simulate_rounds(policies, error)) {
        policies_release(policies);
        return false;
    }
    if (policies->rounds[0].result->replication_count > 0)
        conclude(policies);
    return true;
}

void policies_release(struct policies *policies)
{
    for (size_t i = 0; i < policies->round_count; i++)
        result_destroy(policies->rounds[i].result);
    policies->round_count = 0;
}
