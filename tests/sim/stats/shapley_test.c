#include "sim/stats/shapley.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The glove game, by hand: one left glove (bit 0) and two right ones; a pair is worth 1. Of the six
 * orders, the left glove completes the pair in four. */
static void test_glove_game(void **state)
{
    (void)state;
    static const double values[8] = {0, 0, 0, 1, 0, 1, 0, 1};
    assert_true(fabs(shapley_share(values, 3, 0) - (4.0 / 6)) <= 1e-15);
    assert_true(fabs(shapley_share(values, 3, 1) - (1.0 / 6)) <= 1e-15);
    assert_true(fabs(shapley_share(values, 3, 2) - (1.0 / 6)) <= 1e-15);
}

/* Of two factors: half of what it adds first, and half of what it adds last. */
static void test_two(void **state)
{
    (void)state;
    static const double values[4] = {10, 4, 9, 1};
    assert_true(fabs(shapley_share(values, 2, 0) - (((4 - 10) + (1 - 9)) / 2.0)) <= 1e-15);
    assert_true(fabs(shapley_share(values, 2, 1) - (((9 - 10) + (1 - 4)) / 2.0)) <= 1e-15);
    assert_true(shapley_share(values, 1, 0) == -6);
}

/* Shares add up to the whole; a factor that adds nothing gets nothing; the airport game has a
 * closed form. */
static void test_axioms(void **state)
{
    (void)state;
    double values[64], sum = 0;
    for (size_t mask = 0; mask < 64; mask++)
        values[mask] = (double)((mask & 31) * 2654435761u % 1000);
    for (size_t i = 0; i < 6; i++)
        sum += shapley_share(values, 6, i);
    assert_true(fabs(sum - (values[63] - values[0])) <= 1e-10);
    assert_true(fabs(shapley_share(values, 6, 5)) <= 1e-12);

    /* Runways of length 1, 2, 3, 4; a group needs the longest of its own. Airline i pays for each
     * part of the runway with all that use it. */
    double runway[16] = {0}, expected = 0;
    for (size_t mask = 1; mask < 16; mask++)
        for (size_t i = 0; i < 4; i++)
            if (mask >> i & 1)
                runway[mask] = (double)i + 1;
    for (size_t i = 0; i < 4; i++) {
        expected += 1.0 / (double)(4 - i);
        assert_true(fabs(shapley_share(runway, 4, i) - expected) <= 1e-14);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glove_game),
        cmocka_unit_test(test_two),
        cmocka_unit_test(test_axioms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
