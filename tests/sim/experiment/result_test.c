#include "sim/experiment/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "tests/sim/experiment/odd.h"
#include "tests/sim/experiment/same_result.h"
#include "tests/sim/experiment/toy.h"

static const struct toy toys[2] = {
    {.unit_count = 70, .low = 0.1, .high = 0.3, .factor = 1},
    {.unit_count = 70, .low = 0.1, .high = 0.3, .factor = 0.25},
};

static struct result *run_range(struct experiment_design design, uint32_t first, uint32_t count)
{
    struct result *result = NULL;
    struct error error = {0};
    design.first_replication = first;
    design.replication_count = count;
    if (!experiment_run(&design, &result, &error))
        fail_msg("%s", error.message);
    return result;
}

static struct result *join(struct result *const *parts, size_t count)
{
    struct result *joined = NULL;
    struct error error = {0};
    if (!result_join(&joined, parts, count, &error))
        fail_msg("%s", error.message);
    return joined;
}

/* Interrupted by hand: an interruption that comes from a run stops where threads happen to be. */
static void cut_short(struct result *part, uint32_t count)
{
    part->replication_count = count;
    part->is_partial = count < part->replications_planned;
}

static void test_shuffled_parts(void **state)
{
    (void)state;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.rows_first_replication = 12;
    design.rows_replication_count = 9;
    struct result *whole = run_range(design, 3, 37);
    design.thread_count = 3;
    struct result *parts[] = {run_range(design, 20, 20), run_range(design, 3, 7),
                              run_range(design, 10, 10)};
    struct result *joined = join(parts, 3);
    assert_same_result(joined, whole);
    assert_false(joined->is_partial);
    assert_true(joined->synchrony[1].common_count == 37 * 71);
    assert_true(joined->history_hash != 0);
    /* The rows of replications 12 to 20 lie in two parts; those of the others nowhere. */
    assert_non_null(result_rows(joined, 12 - 3, 0));
    assert_null(result_rows(joined, 21 - 3, 0));
    result_destroy(joined);
    result_destroy(whole);
}

/* A joined result is a part like any other, and one part alone is joined to itself. */
static void test_joined_again(void **state)
{
    (void)state;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct result *whole = run_range(design, 0, 40);
    struct result *front[] = {run_range(design, 1, 9), run_range(design, 0, 1)};
    struct result *alone[] = {run_range(design, 10, 30)};
    struct result *both[] = {join(alone, 1), join(front, 2)};
    struct result *joined = join(both, 2);
    assert_same_result(joined, whole);
    result_destroy(joined);
    result_destroy(whole);
}

static void test_plan_of_the_last_part(void **state)
{
    (void)state;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    static const struct {
        uint32_t first_done, first_planned; /* From 0 on. */
        uint32_t last_done, last_planned;   /* From first_done on. */
        uint32_t planned;
    } cases[] = {
        {10, 10, 5, 8, 18}, /* The last one was interrupted. */
        {10, 40, 5, 5, 15}, /* The first one was, and somebody wanted no more than 15 then. */
        {10, 10, 0, 8, 18}, /* The last one was interrupted before its first. */
        {10, 10, 0, 0, 10}, /* There was nothing to do for the last one. */
        {0, 7, 5, 5, 5},    /* The first one did nothing. */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct result *parts[2] = {
            run_range(design, cases[i].first_done,
                      cases[i].last_planned > 0 ? cases[i].last_planned : 1),
            run_range(design, 0, cases[i].first_planned),
        };
        parts[0]->replications_planned = cases[i].last_planned;
        cut_short(parts[0], cases[i].last_done);
        cut_short(parts[1], cases[i].first_done);
        struct result *joined = join(parts, 2);
        assert_int_equal(joined->first_replication, 0);
        assert_int_equal(joined->replication_count, cases[i].first_done + cases[i].last_done);
        assert_int_equal(joined->replications_planned, cases[i].planned);
        assert_int_equal(joined->is_partial, joined->replication_count < cases[i].planned);
        result_destroy(joined);
    }
}

/* An empty part inside of another one has nothing to add, and its plan does not matter. */
static void test_empty_part_inside(void **state)
{
    (void)state;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct result *whole = run_range(design, 0, 20);
    struct result *parts[] = {run_range(design, 0, 20), run_range(design, 5, 30)};
    cut_short(parts[1], 0);
    struct result *joined = join(parts, 2);
    assert_same_result(joined, whole);
    result_destroy(joined);
    result_destroy(whole);
}

static void assert_refused(struct result *const *parts, size_t count, const char *message)
{
    struct result *joined = NULL;
    struct error error = {0};
    assert_false(result_join(&joined, parts, count, &error));
    assert_null(joined);
    assert_int_equal(error.code, ERROR_IO);
    assert_string_equal(error.message, message);
    assert_false(result_join(&joined, parts, count, NULL));
}

static void test_parts_that_do_not_fit(void **state)
{
    (void)state;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    static const struct {
        uint32_t first[3], count[3];
        const char *message;
    } cases[] = {
        {{10, 0, 19}, {10, 10, 5}, "more than one part has replication 19; leave one of them out"},
        {{0, 0, 20},
         {20, 20, 5},
         "more than one part has replications 0 to 19; leave one of them out"},
        {{0, 5, 20},
         {20, 6, 5},
         "more than one part has replications 5 to 10; leave one of them out"},
        {{10, 0, 21},
         {10, 10, 5},
         "no part has replication 20; add the missing part, or simulate it"},
        {{30, 12, 10},
         {10, 8, 1},
         "no part has replication 11; add the missing part, or simulate it"},
        {{30, 0, 10},
         {10, 10, 5},
         "no part has replications 15 to 29; add the missing part, or simulate it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct result *parts[3];
        for (int k = 0; k < 3; k++)
            parts[k] = run_range(design, cases[i].first[k], cases[i].count[k]);
        assert_refused(parts, 3, cases[i].message);
        for (int k = 0; k < 3; k++)
            result_destroy(parts[k]); /* They still belong to us. */
    }
}

static void test_parts_of_different_experiments(void **state)
{
    (void)state;
    struct experiment_variant variants[2], others[2], odds[2];
    struct experiment_design design = toy_design(variants, toys);
    struct result *parts[2] = {run_range(design, 0, 10), NULL};
    struct experiment_design other = design;
    other.seed = 7;
    parts[1] = run_range(other, 10, 5);
    assert_refused(parts, 2,
                   "the parts with replications 0 to 9 and with replications 10 to 14 come from "
                   "different seeds (20261123 and 7)");
    result_destroy(parts[1]);
    other = toy_design(others, toys);
    others[1].name = "later";
    parts[1] = run_range(other, 10, 1);
    assert_refused(
        parts, 2,
        "the parts with replications 0 to 9 and with replication 10 have different variants");
    result_destroy(parts[1]);
    other.variant_count = 1;
    parts[1] = run_range(other, 10, 1);
    cut_short(parts[1], 0);
    assert_refused(parts, 2,
                   "the parts with replications 0 to 9 and with no replication (from 10 on) have "
                   "different variants");
    result_destroy(parts[1]);
    other = toy_design(odds, toys);
    other.model = &odd_model;
    parts[1] = run_range(other, 10, 2);
    assert_refused(parts, 2,
                   "the parts with replications 0 to 9 and with replications 10 to 11 are of "
                   "different models (\"toy\" and \"odd\")");
    result_destroy(parts[1]);
    result_destroy(parts[0]);
}

static void test_plan_beyond_all_numbers(void **state)
{
    (void)state;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct result *parts[2] = {run_range(design, 0, 1), run_range(design, 1, 1)};
    parts[1]->replications_planned = UINT32_MAX;
    assert_refused(parts, 2, "4294967296 planned replications are more than 4294967295");
    result_destroy(parts[0]);
    result_destroy(parts[1]);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shuffled_parts),
        cmocka_unit_test(test_joined_again),
        cmocka_unit_test(test_plan_of_the_last_part),
        cmocka_unit_test(test_empty_part_inside),
        cmocka_unit_test(test_parts_that_do_not_fit),
        cmocka_unit_test(test_parts_of_different_experiments),
        cmocka_unit_test(test_plan_beyond_all_numbers),
    };
    return cmocka_run_group_tests_name("experiment/result", tests, NULL, NULL);
}
