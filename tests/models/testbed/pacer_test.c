#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/testbed/pacer.h"
#include "sim/base/units.h"

static void test_speed(void **state)
{
    (void)state;
    struct pacer pacer = pacer_start(60, false, 7 * UNITS_S);
    assert_int_equal(pacer_now_ns(&pacer, 7 * UNITS_S), 0);
    assert_int_equal(pacer_now_ns(&pacer, 6 * UNITS_S), 0); /* never back */
    assert_int_equal(pacer_now_ns(&pacer, 8 * UNITS_S), UNITS_MIN);
    assert_int_equal(pacer_scaled_ns(&pacer, UNITS_H), UNITS_MIN);
    pacer_jump(&pacer, UNITS_H, 8 * UNITS_S);
    assert_int_equal(pacer_now_ns(&pacer, 8 * UNITS_S), UNITS_H);
    assert_int_equal(pacer_now_ns(&pacer, 9 * UNITS_S), UNITS_H + UNITS_MIN);
}

/* Whoever sleeps until the real time of an event finds it due, and would not have much earlier. */
static void test_due_when_awake(void **state)
{
    (void)state;
    static const double speeds[] = {PACER_SPEED_MIN, 0.7, 1, 60, 86400, PACER_SPEED_MAX};
    for (int i = 0; i < 6; i++) {
        struct pacer pacer = pacer_start(speeds[i], false, 12345678901);
        for (int64_t at_ns = 1; at_ns < 400 * UNITS_D; at_ns = at_ns * 3 + 1) {
            int64_t real_ns = pacer_real_ns(&pacer, at_ns);
            if (real_ns == INT64_MAX)
                break;
            assert_true(pacer_now_ns(&pacer, real_ns) >= at_ns);
            int64_t slack_ns = 3 + (real_ns >> 50); /* of doubles, far out */
            assert_true(pacer_now_ns(&pacer, real_ns - slack_ns) < at_ns);
        }
    }
    struct pacer slow = pacer_start(PACER_SPEED_MIN, false, 0);
    assert_true(pacer_real_ns(&slow, INT64_MAX / 2) == INT64_MAX);
}

static void test_stepped(void **state)
{
    (void)state;
    struct pacer pacer = pacer_start(0, true, UNITS_S);
    assert_int_equal(pacer_now_ns(&pacer, UNITS_D), 0);
    assert_true(pacer_real_ns(&pacer, 1) == INT64_MAX);
    pacer_jump(&pacer, 5, UNITS_D);
    assert_int_equal(pacer_now_ns(&pacer, 2 * UNITS_D), 5);
    assert_int_equal(pacer_scaled_ns(&pacer, 90), 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_speed),
        cmocka_unit_test(test_due_when_awake),
        cmocka_unit_test(test_stepped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
