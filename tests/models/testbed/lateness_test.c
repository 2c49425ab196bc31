/* How late the machine is: what falls due at a random moment, from naps that a stall makes few. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <time.h>

#include "models/testbed/lateness.h"

/* cmocka's own compares floats. */
static void assert_near(double value, double expected, double slack)
{
    if (!(fabs(value - expected) <= slack))
        fail_msg("%.15g, not %.15g", value, expected);
}

enum { NAPS = 1000 };

/* Naps of 2 ms, punctual but for the last ones. */
static double but_for(double share, double last_but_one_ms, double last_ms)
{
    double lates_ms[NAPS] = {0};
    lates_ms[NAPS - 2] = last_but_one_ms;
    lates_ms[NAPS - 1] = last_ms;
    return lateness_but_for(share, lates_ms, NAPS, 2);
}

/* By hand: 2 s, and one stall of 400 ms. A thousandth of these 2.4 s is 2.4 ms: what falls due in
 * the first 2.4 ms of the stall is later than 397.6 ms. */
static void test_stall(void **state)
{
    (void)state;
    assert_near(but_for(0.001, 0, 400), 397.6, 1e-9);
    assert_near(but_for(0.01, 0, 400), 376, 1e-9);
    assert_near(but_for(0.5, 0, 400), 0, 0);
    /* Two: (400 - x) + (399 - x) = 0.002 times 2,799. */
    assert_near(but_for(0.002, 399, 400), 396.701, 1e-9);
    /* The shorter one is not reached: 400 - x = 2.5. */
    assert_near(but_for(0.001, 100, 400), 397.5, 1e-9);
    /* One late nap of a millisecond is less than a thousandth of the time: no matter. */
    assert_true(but_for(0.001, 0, 1) < 0.01);
}

/* All are late by as much: so is what falls due while they sleep. */
static void test_all_late(void **state)
{
    (void)state;
    double lates_ms[NAPS];
    for (int i = 0; i < NAPS; i++)
        lates_ms[i] = 0.1;
    assert_near(lateness_but_for(0.001, lates_ms, NAPS, 2), 0.1, 1e-9);
    assert_near(lateness_but_for(0.001, lates_ms, 1, 2), 0.1, 1e-9);
    assert_near(lateness_but_for(0.001, lates_ms, 0, 2), 0, 0);
}

static void test_watch(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct lateness_watch *watch = lateness_start(arena);
    assert_non_null(watch);
    nanosleep(&(struct timespec){.tv_nsec = 900000000}, NULL);
    struct lateness lateness = lateness_stop(watch, 0);
    assert_true(lateness.naps_count > 0);
    assert_true(lateness.median_ns > 0 && lateness.median_ns <= lateness.p99_ns);
    assert_true(lateness.p99_ns <= lateness.p999_ns && lateness.p999_ns <= lateness.max_ns);
    assert_true(lateness.stalls_ns == 0 || lateness.max_ns > 2000000);
    assert_int_equal(lateness_stop(NULL, 0).naps_count, 0);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_all_late),
        cmocka_unit_test(test_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
