#include "sim/explore/grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/explore/draws_model.h"

static void test_text(void **state)
{
    (void)state;
    struct error error;
    struct grid grid;
    char text[256];
    assert_true(grid_parse(" 99.9%, 1 %,0.5 ,99%", &grid, &error));
    assert_int_equal(grid.level_count, 4);
    assert_string_equal(grid_print(text, sizeof text, &grid), "1%, 50%, 99%, 99.9%");
    struct grid again;
    assert_true(grid_parse(text, &again, &error));
    assert_memory_equal(grid.levels, again.levels, sizeof grid.levels);
    struct grid usual = grid_default();
    assert_string_equal(grid_print(text, sizeof text, &usual), "1%, 99%, 99.9%");
    assert_string_equal(grid_print(text, 3, &usual), "1%");
}

static void test_complaints(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       "x",
                                      "1%,",    "0%",
                                      "100%",   "1",
                                      "-3%",    "nan%",
                                      "1% 99%", "1%,,",
                                      "inf",    "150%",
                                      "1%;2%",  "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct grid grid = {.level_count = 77};
        struct error error = {.message = ""};
        assert_false(grid_parse(bad[i], &grid, &error));
        assert_int_equal(error.code, ERROR_USAGE);
        assert_int_equal(grid.level_count, 77);
    }
    struct error error;
    struct grid grid;
    assert_false(
        grid_parse("1%,2%,3%,4%,5%,6%,7%,8%,9%,10%,11%,12%,13%,14%,15%,16%,17%", &grid, &error));
    assert_non_null(strstr(error.message, "at most 16"));
}

static void test_values(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct grid grid = grid_default();
    int64_t values[GRID_VALUES_MAX];
    struct oracle_asked delay = {.kind = ORACLE_DELAY,
                                 .dist = draws_delay(arena, "uniform(0s, 1000s)")};
    assert_int_equal(grid_values(&grid, &delay, values), 3);
    assert_true(values[0] == INT64_C(10000000000) && values[1] == INT64_C(990000000000) &&
                values[2] == INT64_C(999000000000));
    /* Equal ones once, and never the typical one. */
    delay.dist = draws_delay(arena, "discrete(1s=0.1, 2s=0.8, 3s=0.1)");
    assert_int_equal(grid_values(&grid, &delay, values), 2);
    assert_true(values[0] == 1000000000 && values[1] == INT64_C(3000000000));
    struct oracle_asked flag = {.kind = ORACLE_HAPPENS, .probability = 0.01};
    assert_int_equal(grid_values(&grid, &flag, values), 1);
    assert_int_equal(values[0], 1);
    flag.probability = 0.99;
    assert_int_equal(grid_values(&grid, &flag, values), 1);
    assert_int_equal(values[0], 0);
    struct oracle_asked pick = {.kind = ORACLE_PICK, .count = 4};
    assert_int_equal(grid_values(&grid, &pick, values), 3);
    assert_int_equal(values[2], 3);
    grid.alternatives_max = 2;
    assert_int_equal(grid_values(&grid, &pick, values), 2);
    struct oracle_asked tie = {.kind = ORACLE_TIE, .count = ORACLE_TIE_MAX + 1};
    assert_int_equal(grid_values(&grid, &tie, values), 1);
    grid.places_max = 3;
    assert_int_equal(grid_values(&grid, &tie, values), 3);
    assert_int_equal(values[2], 3);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
