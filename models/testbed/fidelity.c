#include "models/testbed/fidelity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/stats/mean.h"
#include "sim/stats/paired_proportions.h"
#include "sim/stats/quantile.h"

/* The level at which the other waves tell something apart: p at most that. */
static const double level = 0.01;

/* What can decide so many of the workflows leaves no rate to compare. */
static const double close_share_max = 0.1;

static int by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* The durations of an operation in seconds, sorted. */
static struct kolmogorov_sample sample_of(struct arena *arena, const struct fidelity_side *side,
                                          enum rce_operation operation)
{
    double *values = arena_take_array(arena, side->steps_count + 1, sizeof *values);
    size_t count = 0;
    for (size_t i = 0; i < side->steps_count; i++)
        if (side->steps[i].operation == operation)
            values[count++] = (double)side->steps[i].duration_ns / (double)UNITS_S;
    qsort(values, count, sizeof *values, by_value);
    return (struct kolmogorov_sample){values, count};
}

static int by_target(const void *a, const void *b)
{
    const struct fidelity_step *one = a, *other = b;
    if (one->workflow != other->workflow)
        return one->workflow < other->workflow ? -1 : 1;
    if (one->operation != other->operation)
        return one->operation - other->operation;
    return one->cluster != other->cluster ? one->cluster - other->cluster : one->host - other->host;
}

static struct fidelity_step *sorted_steps(struct arena *arena, const struct fidelity_side *side)
{
    struct fidelity_step *steps = arena_take_array(arena, side->steps_count + 1, sizeof *steps);
    if (side->steps_count > 0)
        memcpy(steps, side->steps, side->steps_count * sizeof *steps);
    qsort(steps, side->steps_count, sizeof *steps, by_target);
    return steps;
}

/* By how much the steps of an operation differ from the same ones of the wave of the same draws. */
struct pairs {
    double *differences_s; /* [count], in ascending order */
    size_t count;
};

/* Pair the steps of each operation, target by target. */
static void pair_steps(struct arena *arena, const struct fidelity_side *same,
                       const struct fidelity_side *live, struct pairs pairs[RCE_OPERATION_COUNT])
{
    const struct fidelity_step *ours = sorted_steps(arena, same);
    const struct fidelity_step *theirs = sorted_steps(arena, live);
    size_t rooms[RCE_OPERATION_COUNT] = {0};
    for (size_t i = 0; i < same->steps_count; i++)
        rooms[ours[i].operation]++;
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        pairs[i] = (struct pairs){arena_take_array(arena, rooms[i] + 1, sizeof(double)), 0};
    for (size_t i = 0, j = 0; i < same->steps_count && j < live->steps_count;) {
        int order = by_target(&ours[i], &theirs[j]);
        struct pairs *of = &pairs[ours[i].operation];
        if (order == 0)
            of->differences_s[of->count++] =
                fabs((double)(theirs[j].duration_ns - ours[i].duration_ns)) / (double)UNITS_S;
        i += order <= 0;
        j += order >= 0;
    }
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        qsort(pairs[i].differences_s, pairs[i].count, sizeof(double), by_value);
}

static int64_t find_reach_ns(const struct pairs pairs[RCE_OPERATION_COUNT],
                             const struct fidelity_question *question)
{
    double seen_s = 0;
    for (int i = 0; i < RCE_OPERATION_COUNT; i++) {
        double median_s = 0;
        if (pairs[i].count >= KOLMOGOROV_COUNT_MIN)
            quantile_sample(pairs[i].differences_s, pairs[i].count, 0.5, &median_s);
        seen_s = fmax(seen_s, median_s);
    }
    int64_t seen_ns = (int64_t)(seen_s * (double)UNITS_S);
    int64_t excused_ns = seen_ns < question->shift_ns ? seen_ns : question->shift_ns;
    return excused_ns > question->late_ns ? excused_ns : question->late_ns;
}

int64_t fidelity_reach_ns(struct arena *arena, const struct fidelity_question *question)
{
    struct pairs pairs[RCE_OPERATION_COUNT];
    pair_steps(arena, question->same, question->live, pairs);
    return find_reach_ns(pairs, question);
}

/* What has to be remembered of the steps, so that they can be judged twice. */
struct steps_test {
    struct kolmogorov_sample simulated[RCE_OPERATION_COUNT], live[RCE_OPERATION_COUNT];
    struct kolmogorov_sample world[RCE_OPERATION_COUNT]; /* the live ones as their world had them */
    struct pairs pairs[RCE_OPERATION_COUNT], world_pairs[RCE_OPERATION_COUNT];
    double *largest; /* [labels_count], of a wave: its largest distance over all operations */
    bool *has_wave;  /* [labels_count], is there such a wave? */
    uint32_t labels_count;
};

static int by_pooled_value(const void *a, const void *b)
{
    const struct kolmogorov_value *one = a, *other = b;
    return (one->value > other->value) - (one->value < other->value);
}

/* All durations of an operation in the other waves, and how far each wave is from the others. Of
 * many waves these are millions: what is not needed afterwards is given back. */
static struct kolmogorov_sample pool(struct arena *arena, const struct fidelity_side *side,
                                     enum rce_operation operation, struct steps_test *test)
{
    struct arena *work = arena_create("pool", 0);
    size_t room = side->durations_count[operation], count = 0;
    double *distances = arena_take_array(work, test->labels_count, sizeof *distances);
    struct kolmogorov_value *pooled = arena_take_array(work, room + 1, sizeof *pooled);
    for (const struct fidelity_part *part = side->parts[operation]; part != NULL; part = part->next)
        for (uint32_t i = 0; i < part->count; i++)
            pooled[count++] = (struct kolmogorov_value){
                (double)part->durations_ns[i] / (double)UNITS_S, part->wave};
    qsort(pooled, count, sizeof *pooled, by_pooled_value);
    kolmogorov_among(distances, test->labels_count, pooled, count, work);
    for (uint32_t i = 0; i < test->labels_count; i++)
        test->largest[i] = fmax(test->largest[i], distances[i]);
    double *values = arena_take_array(arena, count + 1, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[i] = pooled[i].value;
        test->has_wave[pooled[i].sample] = true;
    }
    arena_destroy(work);
    return (struct kolmogorov_sample){values, count};
}

static void compare_operation(struct arena *arena, const struct fidelity_question *question,
                              enum rce_operation which, struct steps_test *test,
                              struct fidelity_answer *answer)
{
    struct kolmogorov_sample simulated = pool(arena, question->simulated, which, test);
    struct kolmogorov_sample live = sample_of(arena, question->live, which);
    const struct pairs *pairs = &test->pairs[which], *world_pairs = &test->world_pairs[which];
    if (simulated.count + live.count == 0)
        return;
    size_t index = answer->operations_count++;
    struct fidelity_operation *operation = &answer->operations[index];
    test->simulated[index] = simulated;
    test->live[index] = live;
    if (question->service != NULL)
        test->world[index] = sample_of(arena, question->service, which);
    *operation = (struct fidelity_operation){.operation = which,
                                             .simulated_count = simulated.count,
                                             .live_count = live.count,
                                             .paired_count = pairs->count,
                                             .world_paired_count = world_pairs->count};
    quantile_sample(simulated.sorted, simulated.count, 0.5, &operation->simulated_median_s);
    quantile_sample(live.sorted, live.count, 0.5, &operation->live_median_s);
    operation->is_tested = kolmogorov_compare(&simulated, &live, 0, &operation->distance);
    quantile_sample(pairs->differences_s, pairs->count, 0.5, &operation->paired_median_s);
    quantile_sample(pairs->differences_s, pairs->count, 0.95, &operation->paired_p95_s);
    quantile_sample(world_pairs->differences_s, world_pairs->count, 0.5,
                    &operation->world_median_s);
}

static struct steps_test compare_steps(struct arena *arena,
                                       const struct fidelity_question *question,
                                       struct fidelity_answer *answer)
{
    struct steps_test test = {.labels_count = question->simulated->wave + 1};
    test.largest = arena_take_array(arena, test.labels_count, sizeof *test.largest);
    test.has_wave = arena_take_array(arena, test.labels_count, sizeof *test.has_wave);
    pair_steps(arena, question->same, question->live, test.pairs);
    if (question->service != NULL)
        pair_steps(arena, question->same, question->service, test.world_pairs);
    answer->reach_ns = find_reach_ns(test.pairs, question);
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        compare_operation(arena, question, (enum rce_operation)i, &test, answer);
    return test;
}

/* The share of the waves, this one among them, that are as far from the others. */
static double rank(const struct steps_test *test, double scaled_distance)
{
    uint32_t as_far_count = 1, count = 1;
    for (uint32_t i = 0; i < test->labels_count; i++) {
        count += test->has_wave[i];
        as_far_count += test->has_wave[i] && test->largest[i] >= scaled_distance;
    }
    return (double)as_far_count / count;
}

/* Is a step so short that the room is most of it? Then that it does not differ says nothing. */
static bool is_within_room(const struct fidelity_operation *operation, double room_s)
{
    return room_s > operation->simulated_median_s / 2;
}

static void judge_steps(const struct steps_test *test, int64_t room_ns,
                        struct fidelity_answer *answer)
{
    double room_s = (double)room_ns / (double)UNITS_S;
    bool is_any_tested = false, is_any_different = false;
    answer->room_ns = room_ns;
    answer->untold_count = 0;
    for (size_t i = 0; i < answer->operations_count; i++) {
        struct fidelity_operation *operation = &answer->operations[i];
        const struct kolmogorov_sample *simulated = &test->simulated[i], *live = &test->live[i];
        if (!operation->is_tested)
            continue;
        is_any_tested = true;
        kolmogorov_compare(simulated, live, room_s, &operation->distance_shifted);
        operation->p_adjusted = rank(test, kolmogorov_scale(simulated->count, live->count) *
                                               operation->distance_shifted);
        operation->is_different =
            (!answer->are_waves_few && operation->p_adjusted <= level) ||
            (operation->paired_count > 0 && operation->paired_median_s > room_s);
        operation->is_untold = !operation->is_different && is_within_room(operation, room_s);
        answer->untold_count += operation->is_untold;
        is_any_different = is_any_different || operation->is_different;
    }
    bool is_all_told = is_any_tested && answer->untold_count == 0 && !answer->are_waves_few;
    answer->steps_verdict = is_any_different ? FIDELITY_FAIL
                            : is_all_told    ? FIDELITY_PASS
                                             : FIDELITY_INCONCLUSIVE;
}

/* The same of the steps as their world had them. Returns whether any differs; `*is_half`: half of
 * the steps of some operation do. */
static bool judge_world(const struct steps_test *test, int64_t room_ns, bool *is_half,
                        struct fidelity_answer *answer)
{
    double room_s = (double)room_ns / (double)UNITS_S;
    bool is_any = false;
    *is_half = false;
    for (size_t i = 0; i < answer->operations_count; i++) {
        struct fidelity_operation *operation = &answer->operations[i];
        const struct kolmogorov_sample *simulated = &test->simulated[i], *world = &test->world[i];
        double distance;
        operation->world_p_adjusted = 1;
        if (!kolmogorov_compare(simulated, world, room_s, &distance))
            continue;
        operation->world_p_adjusted =
            rank(test, kolmogorov_scale(simulated->count, world->count) * distance);
        bool is_half_of_these = operation->world_median_s > room_s;
        operation->is_world_different =
            is_half_of_these || (!answer->are_waves_few && operation->world_p_adjusted <= level);
        *is_half = *is_half || is_half_of_these;
        is_any = is_any || operation->is_world_different;
    }
    return is_any;
}

/* Is an interval within -tolerance to tolerance? */
static enum fidelity_verdict judge(const struct interval *interval, double tolerance)
{
    if (!interval_is_known(interval))
        return FIDELITY_INCONCLUSIVE;
    if (interval->low >= -tolerance && interval->high <= tolerance)
        return FIDELITY_PASS;
    bool is_outside = interval->low > tolerance || interval->high < -tolerance;
    return is_outside ? FIDELITY_FAIL : FIDELITY_INCONCLUSIVE;
}

/* Which workflows are not to count. */
enum left_out { LEAVE_NONE, LEAVE_CLOSE, LEAVE_WITHIN_WORST };

static bool is_left_out(const struct fidelity_workflow *workflow, enum left_out left_out)
{
    switch (left_out) {
    case LEAVE_NONE: return false;
    case LEAVE_CLOSE: return workflow->is_close;
    case LEAVE_WITHIN_WORST: return workflow->is_close || workflow->is_within_worst;
    }
    CHECK_UNREACHABLE("a kind that does not exist");
}

/* Count how workflows went; those that are left out as in the simulation. */
static struct paired_proportions count_failures(const struct fidelity_question *question,
                                                enum left_out left_out)
{
    struct paired_proportions table = {0};
    for (size_t i = 0; i < question->workflows_count; i++) {
        const struct fidelity_workflow *workflow = &question->workflows[i];
        bool live_failed =
            is_left_out(workflow, left_out) ? workflow->simulated_failed : workflow->live_failed;
        if (live_failed && workflow->simulated_failed)
            table.both_count++;
        else if (live_failed)
            table.only_first_count++;
        else if (workflow->simulated_failed)
            table.only_second_count++;
        else
            table.neither_count++;
    }
    return table;
}

static int by_count(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

/* Between which shares of failures another wave lies, but for the level. */
static void find_others(struct arena *arena, const struct fidelity_question *question,
                        struct fidelity_answer *answer)
{
    uint32_t count = question->waves_count;
    double workflows = (double)question->workflows_count, sum = 0;
    answer->are_waves_few = count < FIDELITY_WAVES_MIN;
    if (count == 0 || question->workflows_count == 0)
        return;
    uint32_t *sorted = arena_take_array(arena, count, sizeof *sorted);
    memcpy(sorted, question->failed_counts, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_count);
    for (uint32_t i = 0; i < count; i++)
        sum += sorted[i];
    uint32_t outside = (uint32_t)(level / 2 * (count + 1)); /* on each side, among count + 1 */
    outside = outside > 0 ? outside - 1 : 0;
    answer->others_outside_count = outside;
    answer->others_share = sum / count / workflows;
    answer->others_low = sorted[outside] / workflows;
    answer->others_high = sorted[count - 1 - outside] / workflows;
}

/* Failure rates agree if the wave of the same draws fails as often but for the tolerance, and the
 * live wave is none that cannot be among the others. */
static void judge_rates(const struct fidelity_question *question, enum left_out left_out,
                        struct fidelity_answer *answer)
{
    struct paired_proportions table = count_failures(question, left_out);
    answer->rate_same = paired_proportions_difference(&table, question->confidence);
    answer->rate_verdict = judge(&answer->rate_same, question->rate_tolerance);
    double share = (double)(table.both_count + table.only_first_count) /
                   (double)(question->workflows_count > 0 ? question->workflows_count : 1);
    if (!answer->are_waves_few && (share < answer->others_low || share > answer->others_high))
        answer->rate_verdict = FIDELITY_FAIL;
}

static void judge_calls(const struct fidelity_question *question, enum left_out left_out,
                        struct fidelity_answer *answer)
{
    struct mean_pairs calls = {0};
    for (size_t i = 0; i < question->workflows_count; i++) {
        const struct fidelity_workflow *workflow = &question->workflows[i];
        if (!is_left_out(workflow, left_out))
            mean_pairs_add(&calls, (double)workflow->live_calls, (double)workflow->simulated_calls);
    }
    answer->live_calls = calls.first.mean;
    answer->simulated_calls = calls.second.mean;
    answer->calls = mean_pairs_interval(&calls, question->confidence);
    answer->calls_verdict =
        judge(&answer->calls, question->calls_tolerance * answer->simulated_calls);
}

static void count_workflows(const struct fidelity_question *question,
                            struct fidelity_answer *answer)
{
    struct paired_proportions table = count_failures(question, LEAVE_NONE);
    answer->live_failed_count = table.both_count + table.only_first_count;
    answer->simulated_failed_count = table.both_count + table.only_second_count;
    answer->only_live_count = table.only_first_count;
    answer->only_simulated_count = table.only_second_count;
    for (size_t i = 0; i < question->workflows_count; i++) {
        const struct fidelity_workflow *workflow = &question->workflows[i];
        answer->close_count += workflow->is_close;
        answer->flipped_close_count +=
            workflow->is_close && workflow->live_failed != workflow->simulated_failed;
    }
}

static bool is_later_than_room(const struct fidelity_question *question)
{
    return question->late_ns > question->shift_ns;
}

/* Do those who are close leave no rate to compare? */
static bool are_close_many(const struct fidelity_question *question,
                           const struct fidelity_answer *answer)
{
    return (double)answer->close_count > close_share_max * (double)question->workflows_count;
}

/* Could a machine that late have made any difference? */
static bool is_too_late(const struct fidelity_question *question,
                        const struct fidelity_answer *answer)
{
    double late_s = (double)question->late_ns / (double)UNITS_S;
    if (are_close_many(question, answer) && answer->reach_ns == question->late_ns)
        return true;
    if (!is_later_than_room(question))
        return false;
    for (size_t i = 0; i < answer->operations_count; i++)
        if (answer->operations[i].is_tested && is_within_room(&answer->operations[i], late_s))
            return true;
    return false;
}

/* Do half of the steps of some operation differ from the same ones by more than the room? */
static bool is_half_different(const struct fidelity_answer *answer)
{
    for (size_t i = 0; i < answer->operations_count; i++) {
        const struct fidelity_operation *operation = &answer->operations[i];
        if (operation->is_different &&
            operation->paired_median_s * (double)UNITS_S > (double)answer->room_ns)
            return true;
    }
    return false;
}

/* Steps differ, or are not told, and how their world had them is known. Where half of the steps of
 * some operation differ there, it is the world, on whatever machine. Fewer can have met another
 * world because a late machine came to it at another time. What differs only on the way has room
 * for the lateness that was measured; beyond that it cannot be told at this speed, but for half of
 * the steps that differ by more than the longest stalls and ways together. */
static void judge_steps_by_world(const struct fidelity_question *question,
                                 const struct steps_test *test, struct fidelity_answer *answer)
{
    bool is_half, is_any = judge_world(test, question->shift_ns, &is_half, answer);
    if (answer->steps_verdict == FIDELITY_PASS)
        return;
    if (is_half || (is_any && !is_later_than_room(question))) {
        for (size_t i = 0; i < answer->operations_count; i++)
            answer->operations[i].is_different = answer->operations[i].is_world_different;
        answer->steps_verdict = FIDELITY_FAIL;
        return;
    }
    if (answer->steps_verdict != FIDELITY_FAIL)
        return; /* There are too few live ones, or the room is too wide. */
    if (question->worst_ns <= question->shift_ns)
        return; /* Nothing that was measured has held them up. */
    if (is_later_than_room(question))
        judge_steps(test, question->late_ns, answer);
    if (answer->steps_verdict == FIDELITY_PASS && !is_any)
        return;
    if (is_half_different(answer) && question->worst_ns > question->late_ns)
        judge_steps(test, question->worst_ns, answer);
    if (is_half_different(answer))
        return;
    answer->steps_verdict = FIDELITY_INCONCLUSIVE;
    answer->is_machine_too_late = true;
}

/* What differs has to differ with room for the lateness too. Naps tell how late it is at a random
 * moment; where much falls due at once, some steps wait several times over. So a late machine
 * leaves it open if fewer than half of the steps differ. */
static void judge_steps_again(const struct fidelity_question *question,
                              const struct steps_test *test, struct fidelity_answer *answer)
{
    if (answer->steps_verdict != FIDELITY_FAIL)
        answer->is_shift_too_wide = answer->untold_count > 0;
    if (question->service != NULL) {
        judge_steps_by_world(question, test, answer);
        return;
    }
    if (answer->steps_verdict != FIDELITY_FAIL)
        return;
    if (!is_later_than_room(question))
        return;
    judge_steps(test, question->late_ns, answer);
    bool is_tail = answer->steps_verdict == FIDELITY_FAIL && !is_half_different(answer);
    if (!is_tail && !is_too_late(question, answer))
        return;
    if (answer->steps_verdict == FIDELITY_FAIL && question->worst_ns > question->late_ns)
        judge_steps(test, question->worst_ns, answer);
    if (answer->steps_verdict == FIDELITY_FAIL && !is_tail)
        return;
    answer->steps_verdict = FIDELITY_INCONCLUSIVE;
    answer->is_machine_too_late = true;
}

/* And without the workflows that it can decide: of rates, and of calls. */
static void judge_again(const struct fidelity_question *question,
                        void (*judge_without)(const struct fidelity_question *question,
                                              enum left_out left_out,
                                              struct fidelity_answer *answer),
                        enum fidelity_verdict *verdict, struct fidelity_answer *answer)
{
    judge_without(question, LEAVE_CLOSE, answer);
    bool is_machine = is_too_late(question, answer);
    if (!is_machine && !are_close_many(question, answer))
        return;
    if (is_machine && *verdict == FIDELITY_FAIL)
        judge_without(question, LEAVE_WITHIN_WORST, answer);
    if (*verdict == FIDELITY_FAIL)
        return;
    *verdict = FIDELITY_INCONCLUSIVE;
    answer->is_machine_too_late = answer->is_machine_too_late || is_machine;
    answer->is_shift_too_wide = answer->is_shift_too_wide || !is_machine;
}

/* Calls beside those of the wave with the measured delays. */
static enum fidelity_verdict judge_delayed_calls(const struct fidelity_question *question,
                                                 struct fidelity_answer *answer)
{
    struct mean_pairs calls = {0};
    for (size_t i = 0; i < question->workflows_count; i++)
        mean_pairs_add(&calls, (double)question->workflows[i].live_calls,
                       (double)question->workflows[i].delayed_calls);
    answer->delayed_calls = calls.second.mean;
    answer->calls_delayed = mean_pairs_interval(&calls, question->confidence);
    return judge(&answer->calls_delayed, question->calls_tolerance * answer->delayed_calls);
}

/* Can any of the delays that were measured have done it? */
static bool is_within_delays(const struct fidelity_question *question,
                             const struct fidelity_answer *answer)
{
    double tolerance = question->calls_tolerance;
    return question->calls_most > 0 &&
           answer->live_calls >= question->calls_least * (1 - tolerance) &&
           answer->live_calls <= question->calls_most * (1 + tolerance);
}

/* Calls differ, or may: with the measured delays, without those who are close, and as far as any of
 * the delays that were measured can have done it. */
static void judge_calls_again(const struct fidelity_question *question,
                              struct fidelity_answer *answer)
{
    if (question->calls_most > 0 && judge_delayed_calls(question, answer) == FIDELITY_PASS &&
        answer->calls_verdict != FIDELITY_PASS) {
        answer->calls_verdict = FIDELITY_PASS;
        answer->is_calls_delayed = question->world != FIDELITY_WORLD_OTHER;
        return;
    }
    if (answer->calls_verdict != FIDELITY_FAIL)
        return;
    answer->is_calls_excused = answer->close_count > 0;
    judge_again(question, judge_calls, &answer->calls_verdict, answer);
    if (answer->calls_verdict != FIDELITY_FAIL || !is_later_than_room(question) ||
        !is_within_delays(question, answer))
        return;
    answer->calls_verdict = FIDELITY_INCONCLUSIVE;
    answer->is_machine_too_late = true;
}

/* Is the interval narrow enough to tell? */
static bool is_told(const struct interval *interval, double tolerance)
{
    return interval_is_known(interval) && interval->high - interval->low <= 2 * tolerance;
}

/* What is undecided of itself, and would be told if the machine had been in time. */
static void blame_machine(const struct fidelity_question *question, struct fidelity_answer *answer)
{
    if (!is_later_than_room(question) || question->world == FIDELITY_WORLD_OTHER)
        return;
    struct fidelity_answer without = *answer;
    judge_rates(question, LEAVE_WITHIN_WORST, &without);
    judge_calls(question, LEAVE_WITHIN_WORST, &without);
    if (answer->rate_verdict == FIDELITY_INCONCLUSIVE && without.rate_verdict == FIDELITY_PASS)
        answer->is_machine_too_late = true;
    if (answer->calls_verdict == FIDELITY_INCONCLUSIVE &&
        (without.calls_verdict == FIDELITY_PASS ||
         (is_within_delays(question, answer) &&
          is_told(&answer->calls, question->calls_tolerance * answer->simulated_calls))))
        answer->is_machine_too_late = true;
}

/* What is known of the world decides what the machine can have done: of another one nothing; of the
 * same one nobody can tell, if it was late. `raw` is the verdict without excuses. */
static void judge_by_world(const struct fidelity_question *question, enum fidelity_verdict raw,
                           enum fidelity_verdict *verdict, struct fidelity_answer *answer)
{
    if (question->world == FIDELITY_WORLD_OTHER && raw == FIDELITY_FAIL)
        *verdict = FIDELITY_FAIL;
    if (question->world != FIDELITY_WORLD_SAME || *verdict != FIDELITY_FAIL ||
        !is_later_than_room(question))
        return;
    *verdict = FIDELITY_INCONCLUSIVE;
    answer->is_machine_too_late = true;
}

void fidelity_compare(struct arena *arena, const struct fidelity_question *question,
                      struct fidelity_answer *answer)
{
    *answer = (struct fidelity_answer){0};
    find_others(arena, question, answer);
    count_workflows(question, answer);
    struct steps_test test = compare_steps(arena, question, answer);
    judge_steps(&test, question->shift_ns, answer);
    judge_rates(question, LEAVE_NONE, answer);
    judge_calls(question, LEAVE_NONE, answer);
    const struct fidelity_answer raw = *answer;
    judge_steps_again(question, &test, answer);
    if (answer->rate_verdict == FIDELITY_FAIL) {
        answer->is_rate_excused = answer->close_count > 0;
        judge_again(question, judge_rates, &answer->rate_verdict, answer);
    }
    judge_calls_again(question, answer);
    judge_by_world(question, raw.steps_verdict, &answer->steps_verdict, answer);
    if (question->world == FIDELITY_WORLD_OTHER && raw.steps_verdict == FIDELITY_FAIL)
        for (size_t i = 0; i < answer->operations_count; i++)
            answer->operations[i].is_different |= raw.operations[i].is_different;
    judge_by_world(question, raw.rate_verdict, &answer->rate_verdict, answer);
    if (!answer->is_calls_delayed)
        judge_by_world(question, raw.calls_verdict, &answer->calls_verdict, answer);
    blame_machine(question, answer);
    answer->verdict = answer->steps_verdict;
    if (answer->rate_verdict > answer->verdict)
        answer->verdict = answer->rate_verdict;
    if (answer->calls_verdict > answer->verdict)
        answer->verdict = answer->calls_verdict;
    if (answer->verdict == FIDELITY_PASS && question->world == FIDELITY_WORLD_OTHER)
        answer->verdict = FIDELITY_INCONCLUSIVE;
    answer->is_machine_too_late &= answer->steps_verdict == FIDELITY_INCONCLUSIVE ||
                                   answer->rate_verdict == FIDELITY_INCONCLUSIVE ||
                                   answer->calls_verdict == FIDELITY_INCONCLUSIVE;
}

const char *fidelity_verdict_name(enum fidelity_verdict verdict)
{
    switch (verdict) {
    case FIDELITY_PASS: return "PASS";
    case FIDELITY_INCONCLUSIVE: return "INCONCLUSIVE";
    case FIDELITY_FAIL: return "FAIL";
    }
    CHECK_UNREACHABLE("a verdict that does not exist");
}
