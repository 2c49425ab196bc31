#include "sim/experiment/compare.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "tests/sim/experiment/toy.h"
#include "tests/sim/stats/near.h"

static const struct toy before = {.unit_count = 50, .low = 0.1, .high = 0.3, .factor = 1};
static const struct toy after = {.unit_count = 50, .low = 0.1, .high = 0.3, .factor = 0.5};

/* Runs that are told apart by what is passed; they live until the end of the test. */
struct fixture {
    struct arena *arena;
    struct result *results[8];
    struct experiment_variant variants[8][2];
    size_t count;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.arena = arena_create("test", 0)};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < fixture->count; i++)
        result_destroy(fixture->results[i]);
    arena_destroy(fixture->arena);
    return 0;
}

struct wish {
    struct toy toys[2];
    uint32_t variant_count, first_replication, replication_count;
    uint64_t seed;
};

static const struct result *run(struct fixture *fixture, const struct wish *wish)
{
    struct toy *toys = arena_take(fixture->arena, sizeof wish->toys);
    memcpy(toys, wish->toys, sizeof wish->toys);
    struct experiment_design design = toy_design(fixture->variants[fixture->count], toys);
    design.variant_count = wish->variant_count;
    design.first_replication = wish->first_replication;
    design.replication_count = wish->replication_count;
    design.seed = wish->seed;
    struct error error;
    assert_true(experiment_run(&design, &fixture->results[fixture->count], &error));
    return fixture->results[fixture->count++];
}

static struct compare_side side_of(const struct result *result, const char *name)
{
    return (struct compare_side){.result = result, .variant = 0, .name = name};
}

static void assert_same_interval(const struct interval *a, const struct interval *b)
{
    assert_int_equal(a->state, b->state);
    assert_true(a->low == b->low && a->estimate == b->estimate && a->high == b->high);
    assert_string_equal(a->method, b->method);
}

static void assert_same_variant(const struct summary_variant *a, const struct summary_variant *b)
{
    assert_int_equal(a->unit_count, b->unit_count);
    assert_int_equal(a->event_count, b->event_count);
    for (int m = 0; m < TOY_METRIC_COUNT; m++) {
        assert_same_interval(&a->metrics[m].headline, &b->metrics[m].headline);
        assert_true(a->metrics[m].total == b->metrics[m].total);
    }
    assert_true(histogram_equals(&a->histograms[0], &b->histograms[0]));
    assert_same_interval(&a->durations[0].quantiles[0], &b->durations[0].quantiles[0]);
}

/* Two runs of one variant each are one run of two variants, in every bit. */
static void test_pair_is_one_run(void **state)
{
    struct fixture *fixture = *state;
    const struct result *a = run(fixture, &(struct wish){{before}, 1, 0, 40, 7});
    const struct result *b = run(fixture, &(struct wish){{after}, 1, 0, 40, 7});
    const struct result *both = run(fixture, &(struct wish){{before, after}, 2, 0, 40, 7});
    struct compare_side first = side_of(a, "before"), later = side_of(b, "after");
    struct result *pair = compare_pair(&first, &later);
    const struct summary *expected = summary_create(fixture->arena, both, 0.95);
    const struct summary *found = summary_create(fixture->arena, pair, 0.95);
    assert_int_equal(pair->replication_count, 40);
    assert_int_equal(pair->seed, 7);
    assert_false(pair->is_partial);
    assert_string_equal(pair->variants[1].name, "after");
    assert_true(pair->history_hash == both->history_hash);
    assert_int_equal(pair->synchrony[1].common_count, 0);
    assert_true(both->synchrony[1].common_count > 0);
    for (int v = 0; v < 2; v++)
        assert_same_variant(&found->variants[v], &expected->variants[v]);
    const struct summary_variant *x = &found->variants[1], *y = &expected->variants[1];
    assert_memory_equal(&x->units, &y->units, sizeof x->units);
    assert_true(x->units.only_first > 0);
    for (int m = 0; m < TOY_METRIC_COUNT; m++) {
        assert_same_interval(&x->differences[m].difference, &y->differences[m].difference);
        assert_true(x->differences[m].p_value == y->differences[m].p_value);
        assert_true(x->differences[m].correlation == y->differences[m].correlation);
    }
    assert_true(x->opinions->mcnemar_mid == y->opinions->mcnemar_mid);
    result_destroy(pair);
}

/* Only what both have: replications 10 to 29 of 0 to 29 and 10 to 49. */
static void test_pair_of_common_replications(void **state)
{
    struct fixture *fixture = *state;
    const struct result *a = run(fixture, &(struct wish){{before}, 1, 0, 30, 7});
    const struct result *b = run(fixture, &(struct wish){{after}, 1, 10, 40, 7});
    uint32_t begin, count;
    assert_true(compare_find_common(a, b, &begin, &count));
    assert_int_equal(begin, 10);
    assert_int_equal(count, 20);
    struct compare_side first = side_of(a, "a"), later = side_of(b, "b");
    struct result *pair = compare_pair(&first, &later);
    assert_int_equal(pair->first_replication, 10);
    assert_int_equal(pair->replication_count, 20);
    for (uint32_t r = 0; r < 20; r++) {
        assert_true(record_equals(result_record(pair, r, 0), result_record(a, r + 10, 0)));
        assert_true(record_equals(result_record(pair, r, 1), result_record(b, r, 0)));
    }
    result_destroy(pair);
    const struct result *apart = run(fixture, &(struct wish){{after}, 1, 30, 5, 7});
    begin = 77;
    assert_false(compare_find_common(a, apart, &begin, &count));
    assert_int_equal(begin, 77);
}

/* A result against itself: 0. The other way round: everything negated, exactly. */
static void test_itself_and_swapped(void **state)
{
    struct fixture *fixture = *state;
    const struct result *a = run(fixture, &(struct wish){{before}, 1, 0, 40, 7});
    const struct result *b = run(fixture, &(struct wish){{after}, 1, 0, 40, 7});
    struct compare_side first = side_of(a, "a"), later = side_of(b, "b");
    struct result *same = compare_pair(&first, &first);
    const struct summary *zero = summary_create(fixture->arena, same, 0.95);
    const struct interval *interval = &zero->variants[1].differences[TOY_RATE].difference;
    assert_true(interval->low == 0 && interval->estimate == 0 && interval->high == 0);
    assert_int_equal(zero->variants[1].units.only_later + zero->variants[1].units.only_first, 0);
    assert_true(zero->variants[1].differences[TOY_RATE].p_value == 1);
    assert_true(zero->variants[1].opinions->mcnemar_exact == 1);
    result_destroy(same);
    struct result *forth = compare_pair(&first, &later), *back = compare_pair(&later, &first);
    const struct summary *summaries[4] = {
        summary_create(fixture->arena, forth, 0.95), summary_create(fixture->arena, back, 0.95),
        compare_independent(fixture->arena, &first, &later, 0.95),
        compare_independent(fixture->arena, &later, &first, 0.95)};
    for (int i = 0; i < 4; i += 2)
        for (int m = 0; m < TOY_METRIC_COUNT; m++) {
            const struct summary_difference *x = &summaries[i]->variants[1].differences[m];
            const struct summary_difference *y = &summaries[i + 1]->variants[1].differences[m];
            assert_true(x->difference.estimate == -y->difference.estimate);
            assert_true(x->difference.low == -y->difference.high);
            assert_true(x->difference.high == -y->difference.low);
            assert_true(x->p_value == y->p_value);
        }
    const struct summary_opinions *x = summaries[0]->variants[1].opinions;
    const struct summary_opinions *y = summaries[1]->variants[1].opinions;
    assert_true(x->paired_difference.low == -y->paired_difference.high);
    assert_true(x->group_difference.low == -y->group_difference.high);
    assert_near(x->risk_ratio.low * y->risk_ratio.high, 1, 1e-12);
    result_destroy(forth);
    result_destroy(back);
}

/* Different worlds, and different numbers of them: Welch by hand. */
static void test_independent(void **state)
{
    struct fixture *fixture = *state;
    const struct result *a = run(fixture, &(struct wish){{after, before}, 2, 0, 30, 7});
    const struct result *b = run(fixture, &(struct wish){{after}, 1, 0, 50, 8});
    struct compare_side first = {.result = a, .variant = 1, .name = "a"};
    struct compare_side later = side_of(b, "b");
    const struct summary *summary = compare_independent(fixture->arena, &first, &later, 0.95);
    struct tally tallies[2] = {0};
    uint64_t hits[2] = {0};
    for (uint32_t r = 0; r < 50; r++) {
        if (r < 30)
            tally_add(&tallies[0], (double)result_record(a, r, 1)->values[TOY_RATE] / 50);
        tally_add(&tallies[1], (double)result_record(b, r, 0)->values[TOY_RATE] / 50);
        hits[0] += r < 30 ? (uint64_t)result_record(a, r, 1)->values[TOY_RATE] : 0;
        hits[1] += (uint64_t)result_record(b, r, 0)->values[TOY_RATE];
    }
    struct interval welch = mean_welch_interval(&tallies[0], &tallies[1], 0.95);
    const struct summary_variant *variant = &summary->variants[1];
    assert_true(summary->is_independent);
    assert_int_equal(summary->result->replication_count, 0);
    assert_string_equal(summary->result->variants[0].name, "a");
    assert_same_interval(&variant->differences[TOY_RATE].difference, &welch);
    /* 0.2 against 0.1 in truth. */
    assert_true(welch.low < 0.1 && 0.1 < welch.high && welch.low > 0);
    assert_false(variant->differences[TOY_RATE].is_correlation_known);
    assert_false(variant->units.is_known);
    assert_false(variant->opinions->has_pairs);
    assert_true(variant->opinions->has_fisher);
    assert_true(variant->opinions->fisher > 0 && variant->opinions->fisher < 1e-9);
    assert_true(summary->variants[0].metrics[TOY_RATE].total == (double)hits[0]);
    assert_int_equal(variant->unit_count, 2500);
    assert_same_variant(variant, &summary_create(fixture->arena, b, 0.95)->variants[0]);
    /* Nothing on either side: no claim. */
    assert_int_equal(variant->differences[TOY_VIOLATIONS].difference.state, INTERVAL_NOT_ESTIMABLE);
}

/* Holm over three pairs, by hand; the summaries that were there stay as they are. */
static void test_adjusted(void **state)
{
    struct fixture *fixture = *state;
    const double factors[] = {0.99, 0.995, 1};
    const struct result *a = run(fixture, &(struct wish){{before}, 1, 0, 40, 7});
    const struct summary *summaries[3], *old[3];
    struct result *pairs[3];
    double p[3];
    for (int i = 0; i < 3; i++) {
        struct wish wish = {{before}, 1, 0, 40, 7};
        wish.toys[0].factor = factors[i];
        struct compare_side first = side_of(a, "a"), later = side_of(run(fixture, &wish), "b");
        pairs[i] = compare_pair(&first, &later);
        old[i] = summaries[i] = summary_create(fixture->arena, pairs[i], 0.95);
        p[i] = old[i]->variants[1].differences[TOY_RATE].p_value;
    }
    assert_true(p[0] < p[1] && p[1] < p[2]);
    compare_adjust(fixture->arena, summaries, 3);
    const double expected[] = {fmin(1, 3 * p[0]), fmin(1, fmax(3 * p[0], 2 * p[1])), 1};
    for (int i = 0; i < 3; i++) {
        assert_near(summaries[i]->variants[1].differences[TOY_RATE].p_adjusted, expected[i], 1e-15);
        assert_true(summaries[i]->variants[1].differences[TOY_RATE].p_value == p[i]);
        assert_true(old[i]->variants[1].differences[TOY_RATE].p_adjusted == p[i]);
        result_destroy(pairs[i]);
    }
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pair_is_one_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pair_of_common_replications, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_itself_and_swapped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_independent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_adjusted, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("experiment/compare", tests, NULL, NULL);
}
