#include "sim/experiment/compare.h"

#include <string.h>

#include "sim/base/check.h"
#include "sim/experiment/slots.h"
#include "sim/stats/discrete.h"
#include "sim/stats/holm.h"
#include "sim/stats/mean.h"
#include "sim/stats/two_proportions.h"

static uint64_t end_of(const struct result *result)
{
    return (uint64_t)result->first_replication + result->replication_count;
}

bool compare_find_common(const struct result *a, const struct result *b, uint32_t *first,
                         uint32_t *count)
{
    uint64_t begin =
        a->first_replication > b->first_replication ? a->first_replication : b->first_replication;
    uint64_t end = end_of(a) < end_of(b) ? end_of(a) : end_of(b);
    if (begin >= end)
        return false;
    *first = (uint32_t)begin;
    *count = (uint32_t)(end - begin);
    return true;
}

/* A head with the names of the sides and nothing else of its own. */
static struct result make_head(struct arena *arena, const struct compare_side *const *sides,
                               uint32_t side_count)
{
    struct experiment_variant *variants = arena_take_array(arena, side_count, sizeof *variants);
    for (uint32_t i = 0; i < side_count; i++)
        variants[i].name = sides[i]->name;
    return (struct result){
        .model = sides[0]->result->model,
        .variants = variants,
        .variant_count = side_count,
        .seed = sides[0]->result->seed,
    };
}

/* Make a result of these sides over replications that all of them have. */
static struct result *take_sides(const struct compare_side *const *sides, uint32_t side_count,
                                 uint32_t first, uint32_t count)
{
    struct result head = {.variant_count = side_count, .replications_planned = count};
    struct result *taken = result_create(&head, 0);
    struct arena *arena = taken->store->arena;
    struct result named = make_head(arena, sides, side_count);
    taken->model = named.model;
    taken->variants = named.variants;
    taken->seed = named.seed;
    taken->first_replication = first;
    for (uint32_t r = 0; r < count; r++) {
        struct slot_run *runs = arena_take_array(arena, side_count, sizeof *runs);
        for (uint32_t i = 0; i < side_count; i++) {
            const struct result *result = sides[i]->result;
            uint32_t index = first - result->first_replication + r;
            CHECK(index < result->replication_count && sides[i]->variant < result->variant_count);
            const struct slot_run *run = &result->store->slots[index].runs[sides[i]->variant];
            runs[i] =
                (struct slot_run){.record = run->record, .rows = run->rows, .checked_share = 1};
        }
        taken->store->slots[r] = (struct slot){.runs = runs, .is_done = true};
    }
    result_finish(taken);
    return taken;
}

struct result *compare_pair(const struct compare_side *first, const struct compare_side *later)
{
    uint32_t begin, count;
    CHECK(first->result->model == later->result->model);
    CHECK(compare_find_common(first->result, later->result, &begin, &count));
    return take_sides((const struct compare_side *const[]){first, later}, 2, begin, count);
}

static struct summary_variant reduce_side(struct arena *arena, const struct compare_side *side,
                                          double confidence)
{
    struct result *alone =
        take_sides(&side, 1, side->result->first_replication, side->result->replication_count);
    struct summary_variant variant = summary_create(arena, alone, confidence)->variants[0];
    result_destroy(alone);
    return variant;
}

static const struct summary_difference *compare_metrics(struct arena *arena,
                                                        const struct model *model,
                                                        const struct summary_variant variants[2],
                                                        double confidence)
{
    struct summary_difference *differences =
        arena_take_array(arena, model->metric_count, sizeof *differences);
    for (size_t m = 0; m < model->metric_count; m++) {
        const struct tally *first = &variants[0].metrics[m].tally;
        const struct tally *later = &variants[1].metrics[m].tally;
        struct interval interval = mean_welch_interval(first, later, confidence);
        struct summary_difference *difference = &differences[m];
        *difference = summary_conclude(&interval, first, later);
        difference->is_p_known = interval_is_known(&difference->difference) &&
                                 mean_welch_p_value(first, later, &difference->p_value);
        difference->p_adjusted = difference->p_value;
    }
    return differences;
}

static const struct summary_opinions *find_opinions(struct arena *arena,
                                                    const struct summary_metric *first,
                                                    const struct summary_metric *later)
{
    struct summary_opinions *opinions = arena_take(arena, sizeof *opinions);
    summary_compare_groups(opinions, first, later);
    opinions->has_fisher = first->unit_count > 0 && later->unit_count > 0 &&
                           first->unit_count + later->unit_count <= DISCRETE_COUNT_MAX;
    struct two_proportions groups = {
        .first_hits = first->total,
        .first_count = (double)first->unit_count,
        .second_hits = later->total,
        .second_count = (double)later->unit_count,
    };
    if (opinions->has_fisher)
        opinions->fisher = two_proportions_fisher(&groups);
    return opinions;
}

const struct summary *compare_independent(struct arena *arena, const struct compare_side *first,
                                          const struct compare_side *later, double confidence)
{
    const struct compare_side *const sides[] = {first, later};
    const struct model *model = first->result->model;
    CHECK(model == later->result->model);
    struct result *result = arena_take(arena, sizeof *result);
    *result = make_head(arena, sides, 2);
    result->synchrony = arena_take_array(arena, 2, sizeof *result->synchrony);
    struct summary_variant *variants = arena_take_array(arena, 2, sizeof *variants);
    for (int i = 0; i < 2; i++)
        variants[i] = reduce_side(arena, sides[i], confidence);
    variants[1].opinions = find_opinions(arena, &variants[0].metrics[model->failed_metric],
                                         &variants[1].metrics[model->failed_metric]);
    variants[1].differences = compare_metrics(arena, model, variants, confidence);
    struct summary *summary = arena_take(arena, sizeof *summary);
    *summary = (struct summary){
        .result = result,
        .confidence = confidence,
        .is_independent = true,
        .variants = variants,
    };
    return summary;
}

/* A copy whose differences may be changed. */
static struct summary_difference *copy_summary(struct arena *arena, const struct summary **summary)
{
    size_t metric_count = (*summary)->result->model->metric_count;
    struct summary *copy = arena_take(arena, sizeof *copy);
    struct summary_variant *variants = arena_take_array(arena, 2, sizeof *variants);
    struct summary_difference *differences =
        arena_take_array(arena, metric_count, sizeof *differences);
    CHECK((*summary)->result->variant_count == 2);
    memcpy(variants, (*summary)->variants, 2 * sizeof *variants);
    memcpy(differences, variants[1].differences, metric_count * sizeof *differences);
    variants[1].differences = differences;
    *copy = **summary;
    copy->variants = variants;
    *summary = copy;
    return differences;
}

void compare_adjust(struct arena *arena, const struct summary **summaries, size_t count)
{
    if (count < 2)
        return;
    struct summary_difference **differences =
        arena_take_array(arena, count, sizeof(struct summary_difference *));
    double *p_values = arena_take_array(arena, count, sizeof *p_values);
    for (size_t i = 0; i < count; i++)
        differences[i] = copy_summary(arena, &summaries[i]);
    for (size_t m = 0; m < summaries[0]->result->model->metric_count; m++) {
        for (size_t i = 0; i < count; i++)
            p_values[i] = differences[i][m].p_value;
        holm_adjust(p_values, p_values, count, arena);
        for (size_t i = 0; i < count; i++)
            differences[i][m].p_adjusted = p_values[i];
    }
}
