/* same_result.h - are two results equal in everything that a report can show? For cmocka tests. */
#ifndef TESTS_SIM_EXPERIMENT_SAME_RESULT_H
#define TESTS_SIM_EXPERIMENT_SAME_RESULT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/experiment/result.h"
#include "sim/experiment/summary.h"

static inline void assert_same_rows(const struct row_table *a, const struct row_table *b)
{
    assert_true((a == NULL) == (b == NULL));
    if (a == NULL)
        return;
    assert_int_equal(a->row_count, b->row_count);
    assert_int_equal(a->column_count, b->column_count);
    if (a->row_count > 0)
        assert_memory_equal(a->values, b->values,
                            a->row_count * a->column_count * sizeof *a->values);
}

static inline void assert_same_interval(const struct interval *a, const struct interval *b)
{
    assert_int_equal(a->state, b->state);
    if (interval_has_estimate(a))
        assert_true(a->estimate == b->estimate);
    if (interval_is_known(a))
        assert_true(a->low == b->low && a->high == b->high);
}

/* Bit by bit: the reduction goes in index order, so it must not matter where records come from. */
static inline void assert_same_summary(const struct result *a, const struct result *b)
{
    struct arena *arena = arena_create("summaries", 0);
    const struct summary *of_a = summary_create(arena, a, 0.95);
    const struct summary *of_b = summary_create(arena, b, 0.95);
    for (uint32_t v = 0; v < a->variant_count; v++)
        for (size_t m = 0; m < a->model->metric_count; m++) {
            assert_same_interval(&of_a->variants[v].metrics[m].headline,
                                 &of_b->variants[v].metrics[m].headline);
            assert_true(of_a->variants[v].metrics[m].total == of_b->variants[v].metrics[m].total);
            if (v > 0)
                assert_same_interval(&of_a->variants[v].differences[m].difference,
                                     &of_b->variants[v].differences[m].difference);
        }
    arena_destroy(arena);
}

static inline void assert_same_result(const struct result *a, const struct result *b)
{
    assert_ptr_equal(a->model, b->model);
    assert_int_equal(a->variant_count, b->variant_count);
    for (uint32_t v = 0; v < a->variant_count; v++)
        assert_string_equal(a->variants[v].name, b->variants[v].name);
    assert_true(a->seed == b->seed);
    assert_int_equal(a->first_replication, b->first_replication);
    assert_int_equal(a->replication_count, b->replication_count);
    assert_int_equal(a->replications_planned, b->replications_planned);
    assert_int_equal(a->is_partial, b->is_partial);
    assert_true(a->history_hash == b->history_hash);
    for (uint32_t v = 0; v < a->variant_count; v++) {
        assert_true(a->synchrony[v].common_count == b->synchrony[v].common_count);
        assert_true(a->synchrony[v].digest == b->synchrony[v].digest);
        assert_true(a->synchrony[v].digest_first == b->synchrony[v].digest_first);
        assert_true(a->synchrony[v].checked_share_min == b->synchrony[v].checked_share_min);
        for (uint32_t r = 0; r < a->replication_count; r++) {
            assert_true(record_equals(result_record(a, r, v), result_record(b, r, v)));
            assert_same_rows(result_rows(a, r, v), result_rows(b, r, v));
        }
    }
    assert_same_summary(a, b);
}

#endif
