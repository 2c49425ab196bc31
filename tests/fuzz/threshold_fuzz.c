/* Thresholds from text. First byte: 0 one variant, else two; the rest is the text. Oracle: an error
 * names a place inside the text; what parses names only what there is, with finite numbers; spaces
 * around it change nothing; a small result gets a verdict that agrees with what it was judged by,
 * the same one again, and the same one from sides that have been exchanged. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/experiment/threshold.h"
#include "tests/sim/experiment/toy.h"

enum { TEXT_MAX = 300, REPLICATIONS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sum(const struct threshold *threshold, const struct threshold_sum *sum,
                      size_t variant_count)
{
    CHECK(isfinite(sum->constant));
    CHECK(sum->term_first + sum->term_count <= threshold->term_count);
    for (uint32_t i = 0; i < sum->term_count; i++) {
        const struct threshold_term *term = &threshold->terms[sum->term_first + i];
        CHECK(isfinite(term->coefficient) && term->coefficient != 0);
        CHECK(term->variant < variant_count && term->share >= 0 && term->share <= 1);
        if (term->quantity == THRESHOLD_METRIC)
            CHECK(term->index < TOY_METRIC_COUNT);
        else if (term->quantity == THRESHOLD_BOUND)
            CHECK(term->index < threshold->bound_count && !term->is_value);
        else
            CHECK(term->index == 0);
    }
}

static void check_parsed(const struct threshold *threshold, size_t variant_count)
{
    CHECK(threshold->term_count <= THRESHOLD_TERMS_MAX);
    CHECK(threshold->left.term_count > 0);
    check_sum(threshold, &threshold->left, variant_count);
    check_sum(threshold, &threshold->low, variant_count);
    check_sum(threshold, &threshold->high, variant_count);
    for (uint32_t i = 0; i < threshold->bound_count; i++)
        check_sum(threshold, &threshold->bounded[i], variant_count);
}

static void check_judged(const struct threshold *threshold, const struct threshold_result *judged)
{
    const struct interval *interval = &judged->interval;
    CHECK(judged->reason != NULL);
    CHECK(isfinite(interval->low) && isfinite(interval->estimate) && isfinite(interval->high));
    if (!interval_has_estimate(interval))
        CHECK(judged->verdict == THRESHOLD_FAIL);
    if (interval_is_known(interval))
        CHECK(interval->low <= interval->high && !judged->is_sample);
    if (judged->has_upper_bound)
        CHECK(threshold->relation == THRESHOLD_EQUAL && judged->upper_bound >= 0 &&
              judged->upper_bound <= 1);
    if (judged->is_sample)
        CHECK(!interval_is_known(interval));
}

static bool is_same(const struct threshold_result *a, const struct threshold_result *b)
{
    return a->verdict == b->verdict && a->interval.low == b->interval.low &&
           a->interval.estimate == b->interval.estimate && a->interval.high == b->interval.high;
}

/* "a < b" as "b > a": only where the text has one relation, and it is one sign. */
static bool mirror(const char *text, char mirrored[2 * TEXT_MAX])
{
    const char *sign = strpbrk(text, "<>");
    if (sign == NULL || strpbrk(sign + 1, "<>=") != NULL)
        return false;
    snprintf(mirrored, 2 * TEXT_MAX, "%s %c %.*s", sign + 1, *sign == '<' ? '>' : '<',
             (int)(sign - text), text);
    return true;
}

static void check_meaning(const struct threshold *threshold, const struct threshold_names *names,
                          const struct summary *summary, struct arena *arena)
{
    struct threshold_result judged = threshold_judge(threshold, summary, arena);
    struct threshold_result again = threshold_judge(threshold, summary, arena);
    check_judged(threshold, &judged);
    CHECK(is_same(&judged, &again));
    char other_text[2 * TEXT_MAX];
    struct threshold other;
    snprintf(other_text, sizeof other_text, " \t%s  ", threshold->text);
    CHECK(threshold_parse(&other, other_text, names, NULL, NULL));
    again = threshold_judge(&other, summary, arena);
    CHECK(is_same(&judged, &again));
    if (mirror(threshold->text, other_text) &&
        threshold_parse(&other, other_text, names, NULL, NULL)) {
        again = threshold_judge(&other, summary, arena);
        CHECK(again.verdict == judged.verdict);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > TEXT_MAX)
        return 0;
    gsl_set_error_handler_off();
    char text[TEXT_MAX];
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    static const char *const variant_names[] = {"before", "after"};
    const struct threshold_names names = {&toy_model, variant_names, data[0] == 0 ? 1 : 2};
    struct threshold threshold;
    struct error error;
    size_t error_at = SIZE_MAX;
    if (!threshold_parse(&threshold, text, &names, &error_at, &error)) {
        CHECK(error_at <= strlen(text));
        return 0;
    }
    check_parsed(&threshold, names.variant_count);
    const struct toy toys[2] = {
        {.unit_count = 7, .low = 0.1, .high = 0.9, .factor = 1, .violations = 1},
        {.unit_count = 7, .low = 0.1, .high = 0.9, .factor = 0.2, .waste_ns = 5},
    };
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.variant_count = (uint32_t)names.variant_count;
    design.replication_count = REPLICATIONS;
    struct result *result;
    CHECK(experiment_run(&design, &result, NULL));
    struct arena *arena = arena_create("fuzz", 0);
    check_meaning(&threshold, &names, summary_create(arena, result, 0.95), arena);
    arena_destroy(arena);
    result_destroy(result);
    return 0;
}
