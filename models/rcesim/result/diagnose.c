#include "models/rcesim/result/diagnose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/rcesim/result/diagnose_conditions.h"
#include "sim/base/check.h"
#include "sim/stats/cluster.h"
#include "sim/stats/holm.h"
#include "sim/stats/odds.h"
#include "sim/stats/two_proportions.h"

/* Two conditions whose correlation is at least this are told as one. */
#define SAME_CORRELATION 0.9

enum { STOPS_MAX = 1024 };

struct study {
    const struct diagnose_input *input;
    struct arena *arena;
    struct conditions conditions;
    unsigned char *failed; /* [unit_count] */
    unsigned char *out;    /* [unit_count]; not in the population of this step */
    size_t *first;         /* [replication_count + 1], the first unit of each replication */
};

/* One condition in one population. `is_flipped`: it is its opposite that goes with failure. */
struct measure {
    struct diagnose_group groups[2]; /* Without it, with it. */
    uint64_t unknown_count, unknown_failed_count;
    bool is_flipped;
    double strength; /* Likelihood ratio statistic, by effective counts; 0 against the direction. */
    double p;
};

static double effective(const struct diagnose_group *group, uint64_t count)
{
    return (double)count / group->design;
}

static struct two_proportions table_of(const struct measure *measure)
{
    const struct diagnose_group *with = &measure->groups[!measure->is_flipped];
    const struct diagnose_group *without = &measure->groups[measure->is_flipped];
    return (struct two_proportions){
        .first_hits = effective(with, with->failed_count),
        .first_count = effective(with, with->count),
        .second_hits = effective(without, without->failed_count),
        .second_count = effective(without, without->count),
    };
}

/* Fisher's test is for whole numbers: hits and misses are rounded on their own. */
static double fisher(const struct two_proportions *table)
{
    double first_hits = round(table->first_hits), second_hits = round(table->second_hits);
    struct two_proportions whole = {
        .first_hits = first_hits,
        .first_count = first_hits + round(table->first_count - table->first_hits),
        .second_hits = second_hits,
        .second_count = second_hits + round(table->second_count - table->second_hits),
    };
    return fmin(1, two_proportions_fisher(&whole));
}

static double part(double observed, double expected)
{
    return observed > 0 ? 2 * observed * log(observed / expected) : 0;
}

static double likelihood_ratio(const struct two_proportions *t)
{
    double n = t->first_count + t->second_count;
    double share = (t->first_hits + t->second_hits) / n;
    double sum = part(t->first_hits, t->first_count * share) +
                 part(t->first_count - t->first_hits, t->first_count * (1 - share)) +
                 part(t->second_hits, t->second_count * share) +
                 part(t->second_count - t->second_hits, t->second_count * (1 - share));
    return fmax(0, sum);
}

static double rate(const struct diagnose_group *group)
{
    return group->count == 0 ? 0 : (double)group->failed_count / (double)group->count;
}

/* Count the units of the population whose mask is 0 by a condition. */
static void count_groups(const struct study *study, const struct condition *condition,
                         const unsigned char *mask, struct measure *measure)
{
    struct cluster_tally tallies[2] = {0};
    *measure = (struct measure){0};
    for (size_t r = 0; r < study->input->replication_count; r++) {
        uint64_t counts[3] = {0, 0, 0}, failed[3] = {0, 0, 0};
        for (size_t i = study->first[r]; i < study->first[r + 1]; i++) {
            if (mask[i])
                continue;
            counts[condition->is[i]]++;
            failed[condition->is[i]] += study->failed[i];
        }
        for (int g = 0; g < 2; g++) {
            cluster_add(&tallies[g], counts[g], failed[g]);
            measure->groups[g].count += counts[g];
            measure->groups[g].failed_count += failed[g];
        }
        measure->unknown_count += counts[CONDITION_UNKNOWN];
        measure->unknown_failed_count += failed[CONDITION_UNKNOWN];
    }
    for (int g = 0; g < 2; g++)
        measure->groups[g].design = cluster_effect(&tallies[g]).design;
}

static struct measure measure_condition(const struct study *study,
                                        const struct condition *condition,
                                        const unsigned char *mask)
{
    struct measure measure;
    count_groups(study, condition, mask, &measure);
    const struct diagnose_group *with = &measure.groups[1], *without = &measure.groups[0];
    measure.p = 1;
    if (with->count == 0 || without->count == 0)
        return measure;
    measure.is_flipped = rate(with) < rate(without);
    if (measure.is_flipped && study->input->columns[condition->column].role == ROW_EXPOSURE) {
        measure.is_flipped = false;
        return measure;
    }
    struct two_proportions table = table_of(&measure);
    measure.p = fisher(&table);
    measure.strength = likelihood_ratio(&table);
    return measure;
}

/* All conditions in one population, with p adjusted for them and for the steps. */
static struct measure *measure_all(const struct study *study, const unsigned char *mask,
                                   double *adjusted)
{
    size_t count = study->conditions.count;
    struct measure *measures = arena_take_array(study->arena, count, sizeof *measures);
    for (size_t i = 0; i < count; i++) {
        measures[i] = measure_condition(study, &study->conditions.items[i], mask);
        adjusted[i] = measures[i].p;
    }
    holm_adjust(adjusted, adjusted, count, study->arena);
    for (size_t i = 0; i < count; i++)
        adjusted[i] = fmin(1, DIAGNOSE_STEPS_MAX * adjusted[i]);
    return measures;
}

static bool is_found(const struct measure *measure, double adjusted)
{
    return adjusted <= DIAGNOSE_LEVEL && measure->strength > 0;
}

static struct diagnose_finding make_finding(const struct study *study, size_t index,
                                            const struct measure *measure, double adjusted)
{
    const struct condition *condition = &study->conditions.items[index];
    const struct row_column *column = &study->input->columns[condition->column];
    struct two_proportions table = table_of(measure);
    return (struct diagnose_finding){
        .condition = index,
        .label = measure->is_flipped ? condition->label_not : condition->label,
        .column = column->name,
        .doc = column->doc,
        .with = measure->groups[!measure->is_flipped],
        .without = measure->groups[measure->is_flipped],
        .unknown_count = measure->unknown_count,
        .unknown_failed_count = measure->unknown_failed_count,
        .odds_ratio = two_proportions_odds_ratio(&table, study->input->confidence),
        .p = measure->p,
        .p_adjusted = adjusted,
        .beside_first = {.confidence = study->input->confidence},
    };
}

/* Correlation of two conditions over the units that have a value in both. */
static double correlation(const struct study *study, size_t a, size_t b)
{
    double n[2][2] = {{0}};
    const unsigned char *x = study->conditions.items[a].is, *y = study->conditions.items[b].is;
    for (size_t i = 0; i < study->conditions.unit_count; i++)
        if (x[i] != CONDITION_UNKNOWN && y[i] != CONDITION_UNKNOWN)
            n[x[i]][y[i]]++;
    double margins =
        (n[0][0] + n[0][1]) * (n[1][0] + n[1][1]) * (n[0][0] + n[1][0]) * (n[0][1] + n[1][1]);
    return margins > 0 ? (n[0][0] * n[1][1] - n[0][1] * n[1][0]) / sqrt(margins) : 0;
}

static bool is_same(const struct study *study, size_t a, size_t b)
{
    const struct condition *x = &study->conditions.items[a], *y = &study->conditions.items[b];
    if (x->column == y->column && !x->is_one_of_many)
        return true;
    return fabs(correlation(study, a, b)) >= SAME_CORRELATION;
}

/* What is left of a condition where the strongest is the same for all. */
static struct interval beside(const struct study *study, size_t index, bool is_flipped,
                              size_t strongest)
{
    struct two_proportions strata[2];
    const unsigned char *is = study->conditions.items[strongest].is;
    unsigned char *mask = arena_take_array(study->arena, study->conditions.unit_count, 1);
    for (unsigned char value = 0; value < 2; value++) {
        struct measure measure;
        for (size_t i = 0; i < study->conditions.unit_count; i++)
            mask[i] = is[i] != value;
        count_groups(study, &study->conditions.items[index], mask, &measure);
        measure.is_flipped = is_flipped;
        strata[value] = table_of(&measure);
    }
    return odds_mantel_haenszel(strata, 2, study->input->confidence);
}

/* The strongest that has not been taken; the number of conditions if there is none. */
static size_t find_strongest(const struct study *study, const struct measure *measures,
                             const double *adjusted, const unsigned char *taken)
{
    size_t count = study->conditions.count, best = count;
    for (size_t i = 0; i < count; i++)
        if (!taken[i] && is_found(&measures[i], adjusted[i]) &&
            (best == count || measures[i].strength > measures[best].strength))
            best = i;
    return best;
}

/* Take the strongest, with all that are nearly the same. */
static struct diagnose_finding take(const struct study *study, size_t index,
                                    const struct measure *measures, const double *adjusted,
                                    unsigned char *taken)
{
    struct diagnose_finding finding = make_finding(study, index, &measures[index], adjusted[index]);
    size_t count = study->conditions.count;
    finding.same = arena_take_array(study->arena, count, sizeof *finding.same);
    taken[index] = 1;
    for (size_t i = 0; i < count; i++) {
        if (taken[i] || !is_found(&measures[i], adjusted[i]) || !is_same(study, index, i))
            continue;
        taken[i] = 1;
        finding.same[finding.same_count++] = measures[i].is_flipped
                                                 ? study->conditions.items[i].label_not
                                                 : study->conditions.items[i].label;
    }
    return finding;
}

static void rank(struct study *study, struct diagnose *diagnose)
{
    size_t count = study->conditions.count, most = study->input->findings_max;
    double *adjusted = arena_take_array(study->arena, count, sizeof *adjusted);
    unsigned char *taken = arena_take_array(study->arena, count, 1);
    const struct measure *measures = measure_all(study, study->out, adjusted);
    for (size_t i = 0; i < count; i++)
        diagnose->found_count += is_found(&measures[i], adjusted[i]);
    diagnose->ranking =
        arena_take_array(study->arena, most < count ? most : count, sizeof *diagnose->ranking);
    while (diagnose->ranking_count < most) {
        size_t best = find_strongest(study, measures, adjusted, taken);
        if (best == count)
            return;
        struct diagnose_finding finding = take(study, best, measures, adjusted, taken);
        if (diagnose->ranking_count > 0)
            finding.beside_first =
                beside(study, best, measures[best].is_flipped, diagnose->ranking[0].condition);
        diagnose->ranking[diagnose->ranking_count++] = finding;
    }
}

/* The strongest in what the steps before have left; then leave the units that are known not to have
 * it. */
static bool make_step(struct study *study, struct diagnose_step *step)
{
    size_t count = study->conditions.count;
    *step = (struct diagnose_step){.p_least = 1};
    for (size_t i = 0; i < study->conditions.unit_count; i++) {
        step->unit_count += !study->out[i];
        step->failed_count += !study->out[i] && study->failed[i];
    }
    double *adjusted = arena_take_array(study->arena, count, sizeof *adjusted);
    unsigned char *taken = arena_take_array(study->arena, count, 1);
    const struct measure *measures = measure_all(study, study->out, adjusted);
    for (size_t i = 0; i < count; i++)
        step->p_least = fmin(step->p_least, adjusted[i]);
    size_t best = find_strongest(study, measures, adjusted, taken);
    if (best == count)
        return false;
    step->is_found = true;
    step->finding = take(study, best, measures, adjusted, taken);
    const unsigned char *is = study->conditions.items[best].is;
    for (size_t i = 0; i < study->conditions.unit_count; i++)
        if (is[i] == CONDITION_UNKNOWN || (is[i] != 0) != measures[best].is_flipped)
            study->out[i] = 1;
    return true;
}

static void make_steps(struct study *study, struct diagnose *diagnose)
{
    for (size_t i = 0; i < DIAGNOSE_STEPS_MAX; i++) {
        struct diagnose_step *step = &diagnose->steps[diagnose->step_count++];
        if (!make_step(study, step) || step->finding.without.failed_count == 0)
            return;
    }
}

/* Could so few failures show anything, if all of them had a condition that is there? */
static bool is_enough(const struct study *study)
{
    double least = 1;
    for (size_t i = 0; i < study->conditions.count; i++) {
        struct measure measure;
        count_groups(study, &study->conditions.items[i], study->out, &measure);
        double failed = (double)(measure.groups[0].failed_count + measure.groups[1].failed_count);
        for (int g = 0; g < 2; g++) {
            double count = (double)measure.groups[g].count,
                   other = (double)measure.groups[!g].count;
            double hits = fmin(failed, count);
            struct two_proportions best = {hits, count, failed - hits, other};
            least = fmin(least, two_proportions_fisher(&best));
        }
    }
    return least * (double)study->conditions.count * DIAGNOSE_STEPS_MAX <= DIAGNOSE_LEVEL;
}

static void find_stop_columns(const struct study *study, struct diagnose *diagnose)
{
    size_t *columns = arena_take_array(study->arena, study->input->column_count, sizeof *columns);
    for (size_t i = 0; i < study->input->column_count; i++)
        if (study->input->columns[i].role == ROW_STOP)
            columns[diagnose->stop_column_count++] = i;
    diagnose->stop_columns = columns;
}

static const int64_t *row_at(const struct diagnose_input *input, size_t replication, size_t row)
{
    return input->rows[replication].values + row * input->column_count;
}

static bool stopped_at(const struct diagnose *diagnose, const int64_t *row, const int64_t *values)
{
    for (size_t k = 0; k < diagnose->stop_column_count; k++)
        if (row[diagnose->stop_columns[k]] != values[k])
            return false;
    return true;
}

static void count_stop(const struct study *study, struct diagnose *diagnose, const int64_t *row)
{
    for (size_t i = 0; i < diagnose->stop_count; i++)
        if (stopped_at(diagnose, row, diagnose->stops[i].values)) {
            diagnose->stops[i].count++;
            return;
        }
    if (diagnose->stop_count == STOPS_MAX)
        return;
    struct diagnose_stop *stop = &diagnose->stops[diagnose->stop_count++];
    stop->count = 1;
    stop->values =
        arena_take_array(study->arena, diagnose->stop_column_count, sizeof *stop->values);
    for (size_t k = 0; k < diagnose->stop_column_count; k++)
        stop->values[k] = row[diagnose->stop_columns[k]];
}

/* Has the unit the strongest condition, if there is one? */
static bool is_with(const struct study *study, const struct diagnose *diagnose, size_t unit)
{
    if (diagnose->ranking_count == 0)
        return true;
    const struct diagnose_finding *first = &diagnose->ranking[0];
    const struct condition *condition = &study->conditions.items[first->condition];
    bool is_flipped = first->label == condition->label_not;
    return condition->is[unit] != CONDITION_UNKNOWN && (condition->is[unit] != 0) != is_flipped;
}

static void count_stops(const struct study *study, struct diagnose *diagnose, bool only_with)
{
    const struct diagnose_input *input = study->input;
    diagnose->stop_count = 0;
    for (size_t r = 0; r < input->replication_count; r++)
        for (size_t i = 0; i < input->rows[r].row_count; i++) {
            size_t unit = study->first[r] + i;
            if (study->failed[unit] && (!only_with || is_with(study, diagnose, unit)))
                count_stop(study, diagnose, row_at(input, r, i));
        }
    for (size_t i = 1; i < diagnose->stop_count; i++) /* Few, and those of equal count stay. */
        for (size_t k = i; k > 0 && diagnose->stops[k].count > diagnose->stops[k - 1].count; k--) {
            struct diagnose_stop stop = diagnose->stops[k];
            diagnose->stops[k] = diagnose->stops[k - 1];
            diagnose->stops[k - 1] = stop;
        }
}

static void choose_typical(const struct study *study, struct diagnose *diagnose,
                           const int64_t *stop)
{
    const struct diagnose_input *input = study->input;
    size_t identifier = 0;
    while (identifier < input->column_count && input->columns[identifier].role != ROW_IDENTIFIER)
        identifier++;
    for (size_t r = 0; r < input->replication_count; r++)
        for (size_t i = 0; i < input->rows[r].row_count; i++) {
            size_t unit = study->first[r] + i;
            const int64_t *row = row_at(input, r, i);
            if (!study->failed[unit] || !is_with(study, diagnose, unit) ||
                !stopped_at(diagnose, row, stop))
                continue;
            diagnose->typical_replication = input->rows[r].replication;
            diagnose->typical_unit =
                (uint32_t)(identifier < input->column_count ? row[identifier] : (int64_t)i);
            return;
        }
}

static void find_stops(const struct study *study, struct diagnose *diagnose)
{
    find_stop_columns(study, diagnose);
    diagnose->stops = arena_take_array(study->arena, STOPS_MAX, sizeof *diagnose->stops);
    if (diagnose->failed_count == 0)
        return;
    count_stops(study, diagnose, true);
    choose_typical(study, diagnose, diagnose->stops[0].values);
    count_stops(study, diagnose, false);
}

static void init_study(struct study *study)
{
    const struct diagnose_input *input = study->input;
    size_t units = study->conditions.unit_count;
    study->failed = arena_take_array(study->arena, units, 1);
    study->out = arena_take_array(study->arena, units, 1);
    study->first =
        arena_take_array(study->arena, input->replication_count + 1, sizeof *study->first);
    for (size_t r = 0; r < input->replication_count; r++) {
        size_t count = input->rows[r].row_count;
        if (count > 0)
            memcpy(study->failed + study->first[r], input->rows[r].failed, count);
        study->first[r + 1] = study->first[r] + count;
    }
}

const struct diagnose *diagnose_create(struct arena *arena, const struct diagnose_input *input)
{
    struct study study = {.input = input, .arena = arena};
    struct diagnose *diagnose = arena_take(arena, sizeof *diagnose);
    conditions_make(&study.conditions, arena, input);
    init_study(&study);
    *diagnose = (struct diagnose){
        .unit_count = study.conditions.unit_count,
        .replication_count = input->replication_count,
        .condition_count = study.conditions.count,
        .assumes_independence = input->replication_count < 2,
        .confidence = input->confidence,
    };
    for (size_t i = 0; i < study.conditions.unit_count; i++)
        diagnose->failed_count += study.failed[i];
    if (diagnose->failed_count == 0) {
        diagnose->state = DIAGNOSE_NONE_FAILED;
    } else if (diagnose->failed_count == diagnose->unit_count) {
        diagnose->state = DIAGNOSE_ALL_FAILED;
    } else if (study.conditions.count == 0) {
        diagnose->state = DIAGNOSE_ALL_ALIKE;
    } else if (!is_enough(&study)) {
        diagnose->state = DIAGNOSE_TOO_FEW;
    } else {
        rank(&study, diagnose);
        make_steps(&study, diagnose);
        diagnose->state = diagnose->ranking_count > 0 ? DIAGNOSE_FOUND : DIAGNOSE_CHANCE;
    }
    find_stops(&study, diagnose);
    return diagnose;
}
