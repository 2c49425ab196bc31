/* Series of a result: pooled over replications, shares by bin; metrics of a part of the units. */
#include "sim/experiment/summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "sim/experiment/experiment.h"
#include "sim/stats/proportion.h"
#include "tests/sim/experiment/same_result.h"

/* A model that does what it is told: what a replication counts is a table. */
enum { FAILED, ASKED, LOST, METRIC_TOTAL_COUNT };
enum { ALL, PART, SERIES_TOTAL_COUNT };
enum { UNITS = 100 };

struct plan {
    int64_t bin_ns;
    int64_t asked, lost;
    struct {
        int64_t at_ns;
        uint32_t all, part;
    } counts[8];
};

static const struct metric metrics[METRIC_TOTAL_COUNT] = {
    [FAILED] = {.name = "failed", .label = "", .doc = "", .kind = METRIC_PROPORTION},
    [ASKED] = {.name = "asked", .label = "", .doc = "", .kind = METRIC_TOTAL},
    [LOST] = {.name = "lost",
              .label = "",
              .doc = "",
              .kind = METRIC_PROPORTION,
              .is_part = true,
              .part_of = ASKED},
};

static const struct model_series series[SERIES_TOTAL_COUNT] = {
    [ALL] = {.name = "all", .label = "", .doc = "", .origin = "start"},
    [PART] = {.name = "part",
              .label = "",
              .doc = "",
              .origin = "start",
              .is_part = true,
              .part_of = ALL}};

static uint32_t units_max(const void *parameters)
{
    (void)parameters;
    return UNITS;
}

static bool run(const struct model_run *run, struct record *record, struct error *error)
{
    (void)error;
    const struct plan *plan = (const struct plan *)run->parameters + run->replication;
    record->unit_count = UNITS;
    record->values[ASKED] = plan->asked;
    record->values[LOST] = plan->lost;
    for (uint32_t i = 0; i < SERIES_TOTAL_COUNT; i++)
        record->series[i].bin_ns = plan->bin_ns;
    for (size_t i = 0; i < 8; i++) {
        series_add(&record->series[ALL], plan->counts[i].at_ns, plan->counts[i].all);
        series_add(&record->series[PART], plan->counts[i].at_ns, plan->counts[i].part);
    }
    return true;
}

static const struct model model = {
    .name = "told",
    .unit_name = "unit",
    .unit_names = "units",
    .metrics = metrics,
    .metric_count = METRIC_TOTAL_COUNT,
    .series = series,
    .series_count = SERIES_TOTAL_COUNT,
    .units_max = units_max,
    .run = run,
};

static struct result *simulate(const struct plan *plans, uint32_t first, uint32_t count)
{
    static struct experiment_variant variant = {.name = "only"};
    struct result *result = NULL;
    struct error error;
    variant.parameters = plans;
    struct experiment_design design = {.model = &model,
                                       .variants = &variant,
                                       .variant_count = 1,
                                       .first_replication = first,
                                       .replication_count = count,
                                       .thread_count = 2};
    gsl_set_error_handler_off();
    if (!experiment_run(&design, &result, &error))
        fail_msg("%s", error.message);
    return result;
}

static struct summary_share share_of(struct arena *arena, const struct result *result)
{
    return summary_series_share(arena, result,
                                &(struct summary_share_what){.part = PART, .confidence = 0.95});
}

/* Replication 0 in bins of 10; in replication 1 the last count forces bins of 20, also in the part,
 * whose own window is short; replication 2 counts nothing. */
static const struct plan mixed[3] = {
    {.bin_ns = 10, .counts = {{-5, 4, 1}, {5, 10, 2}, {15, 10, 0}, {25, 7, 7}}},
    {.bin_ns = 10, .counts = {{5, 20, 5}, {35, 1, 0}, {10 * SERIES_BINS_MAX + 5, 3, 0}}},
    {.bin_ns = 10},
};

static void test_pooled(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct result *result = simulate(mixed, 0, 3);
    assert_int_equal(result_record(result, 0, 0)->series[PART].bin_ns, 10);
    assert_int_equal(result_record(result, 1, 0)->series[PART].bin_ns, 20);
    const struct summary *summary = summary_create(arena, result, 0.95);
    const struct summary_series *sum = &summary->variants[0].series[ALL];
    assert_true(sum->is_known);
    assert_int_equal(sum->bin_ns, 20);
    assert_int_equal(sum->first, -1);
    assert_int_equal(sum->bin_count, 1 + SERIES_BINS_MAX / 2 + 1);
    assert_int_equal(sum->counts[0], 4);
    assert_int_equal(sum->counts[1], 40);
    assert_int_equal(sum->counts[2], 8);
    assert_int_equal(sum->counts[sum->bin_count - 1], 3);
    const struct summary_series *part = &summary->variants[0].series[PART];
    assert_int_equal(part->first, -1);
    assert_int_equal(part->bin_count, 3);
    assert_int_equal(part->counts[1], 7);
    result_destroy(result);
    arena_destroy(arena);
}

static void test_shares(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct result *result = simulate(mixed, 0, 3);
    struct summary_share share = share_of(arena, result);
    assert_true(share.is_known);
    assert_int_equal(share.bin_ns, 20);
    const struct summary_share_bin *bins = share.bins;
    assert_int_equal(bins[0].from_ns, -20);
    assert_int_equal(bins[0].to_ns, 0);
    assert_int_equal(bins[1].part, 7);
    assert_int_equal(bins[1].whole, 40);
    assert_int_equal(bins[1].replication_count, 2);
    assert_true(bins[1].share.estimate == 7.0 / 40);
    /* One replication saw the first bin: as if its units were independent. */
    struct interval alone = proportion_clopper_pearson(1, 4, 0.95);
    assert_true(bins[0].share.low == alone.low && bins[0].share.high == alone.high);
    /* Between the counts there is nothing, and so no share. */
    assert_int_equal(bins[100].whole, 0);
    assert_int_equal(bins[100].share.state, INTERVAL_NO_DATA);
    /* One replication alone keeps its own width. */
    share = summary_series_share(
        arena, result,
        &(struct summary_share_what){.part = PART, .confidence = 0.95, .is_one = true});
    assert_int_equal(share.bin_ns, 10);
    assert_int_equal(share.bin_count, 4);
    assert_int_equal(share.bins[3].part, 7);
    assert_int_equal(share.bins[3].whole, 7);
    result_destroy(result);
    arena_destroy(arena);
}

/* Units of one replication share a world: all of one and none of the other fail, so the interval is
 * as wide as that of two units, not that of 40. */
static void test_share_knows_about_clusters(void **state)
{
    (void)state;
    static const struct plan plans[2] = {{.bin_ns = 10, .counts = {{0, 20, 20}}},
                                         {.bin_ns = 10, .counts = {{0, 20, 0}}}};
    struct arena *arena = arena_create("test", 0);
    struct result *result = simulate(plans, 0, 2);
    struct summary_share share = share_of(arena, result);
    struct interval of_two = proportion_clopper_pearson(1, 2, 0.95);
    assert_int_equal(share.bin_count, 1);
    assert_true(share.bins[0].share.estimate == 0.5);
    assert_float_equal(share.bins[0].share.low, of_two.low, 1e-9);
    assert_float_equal(share.bins[0].share.high, of_two.high, 1e-9);
    result_destroy(result);
    arena_destroy(arena);
}

static void test_nothing_and_what_does_not_fit(void **state)
{
    (void)state;
    static const struct plan nothing[2] = {{.bin_ns = 10}, {.bin_ns = 10}};
    static const struct plan odd[2] = {{.bin_ns = 10, .counts = {{0, 1, 0}}},
                                       {.bin_ns = 30, .counts = {{0, 1, 0}}}};
    struct arena *arena = arena_create("test", 0);
    struct result *result = simulate(nothing, 0, 2);
    struct summary_share share = share_of(arena, result);
    assert_true(share.is_known);
    assert_int_equal(share.bin_count, 0);
    const struct summary_series *sum = summary_add_all_series(arena, result, 0);
    assert_true(sum[ALL].is_known);
    assert_int_equal(sum[ALL].bin_count, 0);
    result_destroy(result);
    result = simulate(odd, 0, 2);
    assert_false(share_of(arena, result).is_known);
    assert_false(summary_add_all_series(arena, result, 0)[ALL].is_known);
    result_destroy(result);
    arena_destroy(arena);
}

/* Parts joined, in either order, are the whole. */
static void test_joined(void **state)
{
    (void)state;
    struct result *whole = simulate(mixed, 0, 3);
    struct result *parts[2] = {simulate(mixed, 1, 2), simulate(mixed, 0, 1)}, *joined;
    struct error error;
    if (!result_join(&joined, parts, 2, &error))
        fail_msg("%s", error.message);
    assert_same_result(joined, whole);
    struct arena *arena = arena_create("test", 0);
    struct summary_share a = share_of(arena, whole), b = share_of(arena, joined);
    assert_int_equal(a.bin_count, b.bin_count);
    for (uint32_t i = 0; i < a.bin_count; i++)
        assert_same_interval(&a.bins[i].share, &b.bins[i].share);
    arena_destroy(arena);
    result_destroy(whole);
    result_destroy(joined);
}

/* Of 4 + 12 units that were asked 1 + 6 are lost: not of 200. A replication that asked nobody gives
 * nothing. */
static void test_metric_of_a_part(void **state)
{
    (void)state;
    static const struct plan plans[3] = {
        {.bin_ns = 1, .asked = 4, .lost = 1}, {.bin_ns = 1, .asked = 12, .lost = 6}, {.bin_ns = 1}};
    struct result *result = simulate(plans, 0, 3);
    struct summary_metric lost = summary_reduce_metric(result, 0, LOST, 0.95);
    assert_int_equal(lost.tally.count, 2);
    assert_true(lost.t.estimate == (0.25 + 0.5) / 2);
    assert_true(lost.headline.estimate == 7.0 / 16); /* All together. */
    assert_same_interval(&lost.headline, &lost.clopper_pearson);
    assert_int_equal(lost.unit_count, 16);
    assert_true(lost.total == 7);
    double value;
    assert_true(summary_value(&metrics[LOST], result_record(result, 1, 0), LOST, &value) &&
                value == 0.5);
    assert_false(summary_value(&metrics[LOST], result_record(result, 2, 0), LOST, &value));
    result_destroy(result);
    /* From one replication there is a share and no interval. */
    result = simulate(plans, 1, 2);
    lost = summary_reduce_metric(result, 0, LOST, 0.95);
    assert_true(lost.headline.estimate == 0.5);
    assert_false(interval_is_known(&lost.headline));
    result_destroy(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pooled),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_share_knows_about_clusters),
        cmocka_unit_test(test_nothing_and_what_does_not_fit),
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_metric_of_a_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
