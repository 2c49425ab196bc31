#include "sim/stats/holm.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/stats/near.h"

static int set_up(void **state)
{
    *state = arena_create("holm_test", 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

/* The first is in R's documentation of p.adjust; the others by hand. */
static void test_known_answers(void **state)
{
    static const struct {
        size_t count;
        double p[4], adjusted[4];
    } known[] = {
        {4, {.01, .04, .03, .005}, {.03, .06, .06, .02}},
        {4, {.5, .6, .7, .8}, {1, 1, 1, 1}},
        {3, {.01, .01, .01}, {.03, .03, .03}},
        {3, {.02, .0, 1}, {.04, 0, 1}},
        {1, {.04}, {.04}},
        {0, {0}, {0}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        double adjusted[4] = {0};
        double in_place[4];
        for (size_t j = 0; j < 4; j++)
            in_place[j] = known[i].p[j];
        holm_adjust(adjusted, known[i].p, known[i].count, *state);
        holm_adjust(in_place, in_place, known[i].count, *state);
        for (size_t j = 0; j < known[i].count; j++) {
            assert_near(adjusted[j], known[i].adjusted[j], 1e-15);
            assert_true(in_place[j] == adjusted[j]);
        }
    }
}

/* The procedure as Holm wrote it: reject the least p while it is at most level / remaining. Sets
 * rejected[i] for each of count. */
static void step_down(const double *p, size_t count, double level, bool *rejected)
{
    for (size_t i = 0; i < count; i++)
        rejected[i] = false;
    for (size_t remaining = count; remaining > 0; remaining--) {
        size_t least = count;
        for (size_t i = 0; i < count; i++)
            if (!rejected[i] && (least == count || p[i] < p[least]))
                least = i;
        if (p[least] * (double)remaining > level)
            return;
        rejected[least] = true;
    }
}

/* An adjusted p is the least level at which that one is rejected. */
static void test_is_the_procedure(void **state)
{
    enum { P_COUNT = 6 };
    size_t mixed_count = 0;
    uint32_t bits = 2024;
    for (int round = 0; round < 300; round++) {
        double p[P_COUNT], adjusted[P_COUNT];
        for (size_t i = 0; i < P_COUNT; i++) {
            bits = bits * 1664525u + 1013904223u;
            /* Multiples of 1/64, so that ties occur. */
            p[i] = (double)(bits >> 28) * (double)(bits >> 24 & 15) / 1024;
        }
        holm_adjust(adjusted, p, P_COUNT, *state);
        for (double level = 1 / 2048.0; level < 1; level += 1 / 128.0) {
            bool rejected[P_COUNT];
            step_down(p, P_COUNT, level, rejected);
            for (size_t i = 0; i < P_COUNT; i++) {
                assert_true(rejected[i] == (adjusted[i] <= level));
                mixed_count += rejected[i] != rejected[0];
            }
        }
    }
    assert_true(mixed_count > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_is_the_procedure),
    };
    return cmocka_run_group_tests_name("stats/holm", tests, set_up, tear_down);
}
