/* The oracle's conventions, its override table, and what it tells the synchrony check. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/chance/oracle.h"

enum { SEED = 2026, REPLICATION = 3 };

static const struct draw_name name = {.entity = 4, .purpose = 256, .occurrence = 1};

static const struct dist *parse(struct arena *arena, const char *text,
                                enum dist_dimension dimension)
{
    struct dist_options options = {.dimension = dimension};
    const struct dist *dist = dist_parse(arena, text, &options, NULL, NULL);
    assert_non_null(dist);
    return dist;
}

static struct oracle_table *make_table(struct arena *arena, const struct oracle_override *overrides,
                                       size_t count)
{
    struct oracle_table *table = oracle_table_create(arena, overrides, count, NULL);
    assert_non_null(table);
    return table;
}

static void test_monte_carlo_is_the_named_draw(void **state)
{
    struct arena *arena = *state;
    struct oracle oracle = oracle_make(SEED, REPLICATION, NULL, NULL);
    const struct dist *delay = parse(arena, "lognormal(median=5min, sigma=1)", DIST_DURATION);
    const struct dist *number = parse(arena, "uniform(0, 1000)", DIST_NUMBER);
    double u = draw_uniform(SEED, REPLICATION, name);
    assert_true(oracle_uniform(&oracle, name) == u);
    assert_int_equal(oracle_delay_ns(&oracle, name, delay), dist_duration_ns(delay, u));
    assert_int_equal(oracle_count(&oracle, name, number), dist_count(number, u));
    assert_int_equal(oracle_pick(&oracle, name, 1000), (uint32_t)(1000 * u));
    assert_true(oracle_entropy(&oracle, name) == draw_bits(SEED, REPLICATION, name));
    assert_true(oracle_tie(&oracle, name) == draw_bits(SEED, REPLICATION, name));
    assert_int_equal(oracle.draw_count, 6);
    /* Asked again, in another order, by another oracle: the same answers. */
    struct oracle other = oracle_make(SEED, REPLICATION, NULL, NULL);
    assert_int_equal(oracle_delay_ns(&other, name, delay), dist_duration_ns(delay, u));
    struct oracle next = oracle_make(SEED, REPLICATION + 1, NULL, NULL);
    assert_true(oracle_uniform(&next, name) != u);
}

static void test_happens(void **state)
{
    (void)state;
    struct oracle oracle = oracle_make(SEED, REPLICATION, NULL, NULL);
    int counts[3] = {0, 0, 0};
    for (uint32_t i = 0; i < 40000; i++) {
        struct draw_name each = {i, 256, 0};
        assert_false(oracle_happens(&oracle, each, 0));
        assert_true(oracle_happens(&oracle, each, 1));
        bool rarely = oracle_happens(&oracle, each, 0.1),
             often = oracle_happens(&oracle, each, 0.6);
        /* One u answers all: what happens at 10 % happens at 60 %. */
        assert_true(!rarely || often);
        double u = draw_uniform(SEED, REPLICATION, each);
        assert_int_equal(rarely, u >= 1 - 0.1);
        counts[0] += rarely;
        counts[1] += often;
    }
    /* Five standard deviations: 5 sqrt(40000 p (1 - p)). */
    assert_true(fabs(counts[0] - 4000.0) < 300);
    assert_true(fabs(counts[1] - 24000.0) < 490);
}

static void test_pick_is_uniform(void **state)
{
    (void)state;
    struct oracle oracle = oracle_make(SEED, REPLICATION, NULL, NULL);
    int counts[5] = {0, 0, 0, 0, 0};
    for (uint32_t i = 0; i < 50000; i++) {
        uint32_t pick = oracle_pick(&oracle, (struct draw_name){i, 256, 0}, 5);
        assert_in_range(pick, 0, 4);
        counts[pick]++;
    }
    for (int i = 0; i < 5; i++)
        assert_true(fabs(counts[i] - 10000.0) < 448); /* five standard deviations */
    assert_int_equal(oracle_pick(&oracle, name, 1), 0);
}

static void test_overrides_of_u(void **state)
{
    struct arena *arena = *state;
    const struct dist *delay = parse(arena, "uniform(10s, 20s)", DIST_DURATION);
    const struct dist *constant = parse(arena, "7s", DIST_DURATION);
    struct draw_name other = {.entity = 4, .purpose = 256, .occurrence = 2};
    struct oracle_override overrides[] = {
        {.name = name, .kind = ORACLE_OVERRIDE_U, .u = 0.75},
        {.name = {9, 9, 9}, .kind = ORACLE_OVERRIDE_U, .u = 0.5},
    };
    struct oracle_table *table = make_table(arena, overrides, 2);
    struct oracle oracle = oracle_make(SEED, REPLICATION, table, NULL);
    assert_int_equal(oracle_table_unused_count(table), 2);
    assert_int_equal(oracle_delay_ns(&oracle, name, delay), 17500 * UNITS_MS);
    assert_int_equal(oracle_delay_ns(&oracle, name, constant), 7 * UNITS_S);
    assert_true(oracle_uniform(&oracle, name) == 0.75);
    assert_int_equal(oracle_pick(&oracle, name, 4), 3);
    assert_true(oracle_happens(&oracle, name, 0.25));
    assert_false(oracle_happens(&oracle, name, 0.2499));
    /* A u is an answer to "how far", not to "whether at all". */
    assert_false(oracle_happens(&oracle, name, 0));
    assert_true(oracle_happens(&oracle, name, 1));
    assert_true(oracle_entropy(&oracle, name) == UINT64_C(3) << 62);
    /* Everything else is as before. */
    assert_true(oracle_uniform(&oracle, other) == draw_uniform(SEED, REPLICATION, other));
    assert_int_equal(oracle_table_uses(table, 0), 9);
    assert_int_equal(oracle_table_uses(table, 1), 0);
    assert_int_equal(oracle_table_unused_count(table), 1);
    oracle_table_reset_uses(table);
    assert_int_equal(oracle_table_unused_count(table), 2);
}

static void test_overrides_of_values(void **state)
{
    struct arena *arena = *state;
    const struct dist *delay = parse(arena, "30min", DIST_DURATION);
    const struct dist *number = parse(arena, "3", DIST_NUMBER);
    struct oracle_override overrides[] = {
        {.name = {1, 1, 1}, .kind = ORACLE_OVERRIDE_VALUE, .value = 1},
        {.name = {2, 2, 2}, .kind = ORACLE_OVERRIDE_VALUE, .value = -8},
        {.name = {3, 3, 3}, .kind = ORACLE_OVERRIDE_VALUE, .value = INT64_MAX},
        {.name = {4, 4, 4}, .kind = ORACLE_OVERRIDE_VALUE, .value = 0},
    };
    struct oracle_table *table = make_table(arena, overrides, 4);
    struct oracle oracle = oracle_make(SEED, REPLICATION, table, NULL);
    struct draw_name one = {1, 1, 1}, negative = {2, 2, 2}, huge = {3, 3, 3}, zero = {4, 4, 4};
    assert_int_equal(oracle_delay_ns(&oracle, one, delay), 1);
    assert_int_equal(oracle_delay_ns(&oracle, negative, delay), 0);
    assert_int_equal(oracle_delay_ns(&oracle, huge, delay), DIST_DURATION_MAX_NS);
    assert_int_equal(oracle_count(&oracle, negative, number), -8);
    assert_int_equal(oracle_pick(&oracle, one, 3), 1);
    assert_int_equal(oracle_pick(&oracle, negative, 3), 0);
    assert_int_equal(oracle_pick(&oracle, huge, 3), 2);
    assert_true(oracle_happens(&oracle, one, 0));
    assert_false(oracle_happens(&oracle, zero, 1));
    assert_true(oracle_entropy(&oracle, one) == 1);
    assert_true(oracle_uniform(&oracle, zero) == 0x1p-53);
    assert_int_equal(oracle_table_unused_count(table), 0);
}

static void test_many_overrides(void **state)
{
    struct arena *arena = *state;
    enum { COUNT = 5000 };
    struct oracle_override *overrides = arena_take_array(arena, COUNT, sizeof *overrides);
    for (uint32_t i = 0; i < COUNT; i++)
        overrides[i] = (struct oracle_override){.name = {i % 50, 256 + i / 50 % 10, i / 500},
                                                .kind = ORACLE_OVERRIDE_VALUE,
                                                .value = (int64_t)i};
    struct oracle_table *table = make_table(arena, overrides, COUNT);
    struct oracle oracle = oracle_make(SEED, REPLICATION, table, NULL);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_true(oracle_entropy(&oracle, overrides[i].name) == i);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(oracle_table_uses(table, i), 1);
    /* An empty table is as good as none. */
    struct oracle none = oracle_make(SEED, REPLICATION, make_table(arena, NULL, 0), NULL);
    assert_true(oracle_uniform(&none, name) == draw_uniform(SEED, REPLICATION, name));
}

static void test_bad_tables(void **state)
{
    struct arena *arena = *state;
    struct error error;
    struct oracle_override twice[] = {
        {.name = name, .u = 0.5}, {.name = {1, 2, 3}, .u = 0.5}, {.name = name, .u = 0.25}};
    assert_null(oracle_table_create(arena, twice, 3, &error));
    assert_string_equal(error.message, "override 3 names the draw of override 1 again (entity 4, "
                                       "purpose 256, occurrence 1)");
    assert_int_equal(error.code, ERROR_SCENARIO);
    static const double bad[] = {0, 1, -1, 2, NAN};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct oracle_override override = {.name = name, .u = bad[i]};
        assert_null(oracle_table_create(arena, &override, 1, &error));
    }
    struct oracle_override one = {.name = name, .u = 1};
    assert_null(oracle_table_create(arena, &one, 1, &error));
    assert_string_equal(error.message, "override 1 (entity 4, purpose 256, occurrence 1): u is 1 "
                                       "but must be between 0 and 1");
}

/* Two variants: the exogenous answers are compared, entropy and ties are not. */
static void test_synchrony_is_told(void **state)
{
    struct arena *arena = *state;
    const struct dist *number = parse(arena, "uniform(0, 9)", DIST_NUMBER);
    struct synchrony *synchrony = synchrony_create(0);
    synchrony_begin_replication(synchrony);
    for (uint32_t variant = 0; variant < 2; variant++) {
        synchrony_begin_variant(synchrony, variant);
        struct oracle oracle = oracle_make(SEED, REPLICATION, NULL, synchrony);
        const struct dist *delay = parse(arena, "exponential(5s)", DIST_DURATION);
        oracle_uniform(&oracle, (struct draw_name){0, 256, 0});
        oracle_delay_ns(&oracle, (struct draw_name){0, 257, 0}, delay);
        oracle_count(&oracle, (struct draw_name){0, 258, 0}, number);
        oracle_happens(&oracle, (struct draw_name){0, 259, 0}, 0.3);
        oracle_happens(&oracle, (struct draw_name){0, 259, 1}, 0);
        oracle_pick(&oracle, (struct draw_name){0, 260, 0}, 3);
        oracle_entropy(&oracle, (struct draw_name){0, 261, variant});
        oracle_tie(&oracle, (struct draw_name){0, 262, variant});
        assert_int_equal(oracle.draw_count, 8);
    }
    struct synchrony_result result = synchrony_result(synchrony);
    assert_int_equal(result.draw_count, 6);
    assert_int_equal(result.common_count, 6);
    assert_int_equal(result.mismatch_count, 0);
    /* A variant whose world differs is found out, even where only a probability changed. */
    synchrony_begin_variant(synchrony, 2);
    struct oracle oracle = oracle_make(SEED, REPLICATION, NULL, synchrony);
    oracle_delay_ns(&oracle, (struct draw_name){0, 257, 0}, parse(arena, "4s", DIST_DURATION));
    oracle_happens(&oracle, (struct draw_name){0, 259, 1}, 1);
    assert_int_equal(synchrony_result(synchrony).mismatch_count, 2);
    assert_int_equal(synchrony_result(synchrony).mismatch.name.purpose, 257);
    assert_int_equal(synchrony_result(synchrony).mismatch.value, 4 * UNITS_S);
    synchrony_destroy(synchrony);
}

static void test_purposes(void **state)
{
    (void)state;
    static const struct purpose table[] = {
        {256, "callback delay", true}, {259, "jitter", false}, {.name = NULL}};
    assert_string_equal(purpose_find(table, 259)->name, "jitter");
    assert_null(purpose_find(table, 0));
    assert_null(purpose_find(table, 257));
}

static int set_up(void **state)
{
    *state = arena_create("test", 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_monte_carlo_is_the_named_draw),
        cmocka_unit_test(test_happens),
        cmocka_unit_test(test_pick_is_uniform),
        cmocka_unit_test(test_overrides_of_u),
        cmocka_unit_test(test_overrides_of_values),
        cmocka_unit_test(test_many_overrides),
        cmocka_unit_test(test_bad_tables),
        cmocka_unit_test(test_synchrony_is_told),
        cmocka_unit_test(test_purposes),
    };
    return cmocka_run_group_tests_name("chance/oracle", tests, set_up, tear_down);
}
