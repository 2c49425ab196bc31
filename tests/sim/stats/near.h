/* near.h - compare doubles in tests. cmocka's assert_float_equal compares floats: about 7 digits,
 * whatever tolerance is asked for. */
#ifndef TESTS_SIM_STATS_NEAR_H
#define TESTS_SIM_STATS_NEAR_H

#include <math.h>

#define assert_near(actual, expected, tolerance)                                                   \
    do {                                                                                           \
        double near_actual = (actual);                                                             \
        double near_expected = (expected);                                                         \
        if (!(fabs(near_actual - near_expected) <= (tolerance)))                                   \
            fail_msg("%s is %.17g, expected %.17g within %g", #actual, near_actual, near_expected, \
                     (double)(tolerance));                                                         \
    } while (0)

#endif
