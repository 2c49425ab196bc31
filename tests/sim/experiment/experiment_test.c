#include "sim/experiment/experiment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "tests/sim/experiment/toy.h"

static const struct toy before = {.unit_count = 70, .low = 0.1, .high = 0.3, .factor = 1};
static const struct toy after = {.unit_count = 70, .low = 0.1, .high = 0.3, .factor = 0.25};

static struct result *run(const struct experiment_design *design)
{
    struct result *result = NULL;
    struct error error = {0};
    if (!experiment_run(design, &result, &error))
        fail_msg("%s", error.message);
    return result;
}

static void assert_same_records(const struct result *a, const struct result *b)
{
    assert_int_equal(a->replication_count, b->replication_count);
    assert_true(a->history_hash == b->history_hash);
    for (uint32_t r = 0; r < a->replication_count; r++)
        for (uint32_t v = 0; v < a->variant_count; v++)
            assert_true(record_equals(result_record(a, r, v), result_record(b, r, v)));
}

static void test_any_number_of_threads(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct result *one = run(&design);
    assert_int_equal(one->replication_count, 40);
    assert_false(one->is_partial);
    const uint32_t threads[] = {2, 8, 100};
    for (size_t i = 0; i < 3; i++) {
        design.thread_count = threads[i];
        struct result *many = run(&design);
        assert_same_records(one, many);
        assert_true(one->synchrony[1].digest == many->synchrony[1].digest);
        assert_true(one->synchrony[1].common_count == many->synchrony[1].common_count);
        result_destroy(many);
    }
    /* Another seed is another world; the equality above is not one of empty records. */
    design.seed++;
    struct result *other = run(&design);
    assert_true(one->history_hash != other->history_hash);
    assert_false(record_equals(result_record(one, 0, 0), result_record(other, 0, 0)));
    result_destroy(other);
    result_destroy(one);
}

/* Replications 10 to 19 on their own are replications 10 to 19 of the whole. */
static void test_part_of_the_replications(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct result *whole = run(&design);
    design.first_replication = 10;
    design.replication_count = 10;
    struct result *part = run(&design);
    for (uint32_t r = 0; r < 10; r++)
        assert_true(record_equals(result_record(whole, 10 + r, 1), result_record(part, r, 1)));
    result_destroy(part);
    result_destroy(whole);
}

static void test_common_draws(void **state)
{
    (void)state;
    struct toy toys[2] = {before, after};
    toys[1].draws_more = true;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct result *result = run(&design);
    const struct result_synchrony *synchrony = &result->synchrony[1];
    assert_int_equal(synchrony->common_count, 40 * 71);
    assert_true(synchrony->digest == synchrony->digest_first);
    assert_true(synchrony->digest != 0);
    assert_true(synchrony->checked_share_min == 1);
    assert_int_equal(result_record(result, 0, 0)->draw_count, 71);
    assert_int_equal(result_record(result, 0, 1)->draw_count, 72);
    design.without_synchrony_check = true;
    struct result *unchecked = run(&design);
    assert_same_records(result, unchecked);
    assert_int_equal(unchecked->synchrony[1].common_count, 0);
    result_destroy(unchecked);
    result_destroy(result);
}

/* The planted bug is found on any number of threads, with the same message. */
static void test_synchrony_violation(void **state)
{
    (void)state;
    struct toy toys[2] = {before, after};
    toys[0].adds_to_world = true;
    toys[1].adds_to_world = true;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.first_replication = 3;
    const uint32_t threads[] = {1, 2, 8};
    for (size_t i = 0; i < 3; i++) {
        struct result *result = NULL;
        struct error error = {0};
        design.thread_count = threads[i];
        assert_false(experiment_run(&design, &result, &error));
        assert_null(result);
        assert_int_equal(error.code, ERROR_INTERNAL);
        assert_string_equal(error.message,
                            "replication 3, variant \"after\": the variants do not see the same "
                            "world: draw (extra: entity 7, purpose 302, occurrence 1) is 0 in "
                            "\"before\" and 1 in \"after\"; they may differ in the engine, not in "
                            "what the world does");
    }
}

static void test_one_name_for_two_things(void **state)
{
    (void)state;
    struct toy toys[2] = {before, after};
    toys[0].repeats_name = true;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct result *result = NULL;
    struct error error = {0};
    assert_false(experiment_run(&design, &result, &error));
    assert_string_equal(error.message,
                        "replication 0, variant \"before\": variant \"before\" used one draw "
                        "(extra: entity 7, purpose 302, occurrence 1) for two things, with the "
                        "values 0 and 1; this is a bug of the model");
}

/* All from 11 on fail; whichever is the first or the last to do so, 11 is reported. */
static void test_error_of_the_model(void **state)
{
    (void)state;
    struct toy toys[2] = {before, after};
    toys[1].fails_at = 11;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    for (uint32_t i = 0; i < 10; i++) {
        struct result *result = NULL;
        struct error error = {0};
        design.thread_count = (uint32_t)1 << (i / 2);
        toys[1].first_failure_wait_ns = i % 2 == 0 ? 2000000 : 6000000;
        toys[1].later_failure_wait_ns = i % 2 == 0 ? 6000000 : 2000000;
        assert_false(experiment_run(&design, &result, &error));
        assert_null(result);
        assert_int_equal(error.code, ERROR_SCENARIO);
        assert_string_equal(error.message,
                            "replication 11, variant \"after\": cannot be simulated");
        assert_false(experiment_run(&design, &result, NULL));
    }
}

/* An hour of simulating is not wasted on an experiment that has failed. */
static void test_error_ends_the_work(void **state)
{
    (void)state;
    uint32_t run_count = 0;
    struct toy toys[2] = {before, after};
    toys[0].run_count = toys[1].run_count = &run_count;
    toys[0].fails_at = 11;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct result *result;
    assert_false(experiment_run(&design, &result, NULL));
    assert_int_equal(run_count, 11 * 2 + 1);
}

/* A run's memory is given back after it: 1,000 runs of more than 8 KiB each pass under a limit of
 * 256 KiB (the program would end here if they did not). */
static void test_memory_of_runs(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.replication_count = 500;
    design.arena_limit_bytes = 256 << 10;
    struct result *result = run(&design);
    assert_int_equal(result->replication_count, 500);
    assert_true(result->memory_bytes > 0);
    result_destroy(result);
}

static void test_interruption(void **state)
{
    (void)state;
    struct toy toys[2] = {before, after};
    volatile sig_atomic_t pressed = 0;
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct result *whole = run(&design);
    toys[0].interrupts_at = 5;
    toys[0].signal = &pressed;
    design.interrupted = &pressed;
    for (uint32_t threads = 1; threads <= 8; threads *= 2) {
        pressed = 0;
        design.thread_count = threads;
        struct result *result = run(&design);
        assert_true(result->is_partial);
        assert_int_equal(result->replications_planned, 40);
        /* Replication 5 was begun and is finished; beyond it only what was under way. */
        assert_true(result->replication_count >= 6);
        if (threads == 1)
            assert_int_equal(result->replication_count, 6);
        for (uint32_t r = 0; r < result->replication_count; r++)
            for (uint32_t v = 0; v < 2; v++)
                assert_true(record_equals(result_record(result, r, v), result_record(whole, r, v)));
        result_destroy(result);
    }
    /* Pressed before anything began. */
    struct result *nothing = run(&design);
    assert_true(nothing->is_partial);
    assert_int_equal(nothing->replication_count, 0);
    result_destroy(nothing);
    result_destroy(whole);
}

static void test_rows(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.first_replication = 20;
    design.rows_first_replication = 22;
    design.rows_replication_count = 2;
    design.thread_count = 4;
    struct result *result = run(&design);
    for (uint32_t r = 0; r < 40; r++)
        for (uint32_t v = 0; v < 2; v++) {
            const struct row_table *rows = result_rows(result, r, v);
            assert_true((rows != NULL) == (r == 2 || r == 3));
            if (rows == NULL)
                continue;
            assert_int_equal(rows->row_count, 70);
            assert_int_equal(rows->column_count, 2);
            for (uint32_t unit = 0; unit < 70; unit++) {
                bool is_failed = record_is_failed(result_record(result, r, v), unit);
                assert_int_equal(rows->values[2 * unit], unit);
                assert_int_equal(rows->values[2 * unit + 1], is_failed);
            }
        }
    result_destroy(result);
}

struct watcher {
    uint32_t calls;
    uint32_t finished;
    uint64_t units, failed;
};

static void watch(void *context, const struct experiment_progress *progress)
{
    struct watcher *watcher = context;
    watcher->calls++;
    assert_true(progress->replications_finished >= watcher->finished);
    assert_int_equal(progress->replications_total, 40);
    watcher->finished = progress->replications_finished;
    watcher->units = progress->units[1];
    watcher->failed = progress->failed[1];
}

static void test_progress(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    struct watcher watcher = {0};
    design.progress = watch;
    design.progress_context = &watcher;
    design.thread_count = 3;
    struct result *result = run(&design);
    uint64_t failed = 0;
    for (uint32_t r = 0; r < 40; r++)
        failed += record_failed_count(result_record(result, r, 1));
    assert_true(watcher.calls >= 1);
    assert_int_equal(watcher.finished, 40);
    assert_int_equal(watcher.units, 40 * 70);
    assert_true(failed > 0);
    assert_int_equal(watcher.failed, failed);
    result_destroy(result);
}

static void test_impossible_designs(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    const struct {
        uint32_t first, replications, threads;
        const char *message;
    } cases[] = {
        {0, 0, 1, "the number of replications must be at least 1"},
        {0, 1000001, 1,
         "1000001 replications are more than 1000000 at once; run the rest as a second experiment "
         "with a later first replication"},
        {UINT32_MAX, 2, 1, "replications are numbered up to 4294967295"},
        {0, 1, 0, "the number of threads must be 1 to 1024, not 0"},
        {0, 1, 1025, "the number of threads must be 1 to 1024, not 1025"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct experiment_design design = toy_design(variants, toys);
        struct result *result = NULL;
        struct error error = {0};
        design.first_replication = cases[i].first;
        design.replication_count = cases[i].replications;
        design.thread_count = cases[i].threads;
        assert_false(experiment_run(&design, &result, &error));
        assert_int_equal(error.code, ERROR_USAGE);
        assert_string_equal(error.message, cases[i].message);
    }
}

static void test_last_replication(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.first_replication = UINT32_MAX;
    design.replication_count = 1;
    struct result *result = run(&design);
    assert_int_equal(result->replication_count, 1);
    result_destroy(result);
}

static void test_names(void **state)
{
    (void)state;
    const struct toy toys[2] = {before, after};
    struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.replication_count = 1;
    struct result *result = run(&design);
    assert_int_equal(result_find_metric(result, "calls"), TOY_CALLS);
    assert_int_equal(result_find_metric(result, "call"), -1);
    assert_int_equal(result_find_variant(result, "after"), 1);
    assert_int_equal(result_find_variant(result, ""), -1);
    result_destroy(result);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_number_of_threads),
        cmocka_unit_test(test_part_of_the_replications),
        cmocka_unit_test(test_common_draws),
        cmocka_unit_test(test_synchrony_violation),
        cmocka_unit_test(test_one_name_for_two_things),
        cmocka_unit_test(test_error_of_the_model),
        cmocka_unit_test(test_error_ends_the_work),
        cmocka_unit_test(test_memory_of_runs),
        cmocka_unit_test(test_interruption),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_impossible_designs),
        cmocka_unit_test(test_last_replication),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("experiment/experiment", tests, NULL, NULL);
}
