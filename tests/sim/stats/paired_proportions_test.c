#include "sim/stats/paired_proportions.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "sim/stats/two_proportions.h"
#include "tests/sim/stats/near.h"

/* Published: (1,1,7,12) and (7,25,2,68) to three digits (Newcombe 1998). The other digits were
 * computed with 40 digits from the formula. */
static const struct known {
    struct paired_proportions units;
    double confidence, low, high, digits;
} known[] = {
    {{1, 1, 7, 12}, 0.95, -.5069202266861, -.0255591241649, 5e-13},
    {{1, 1, 7, 12}, 0.90, -.4747983221021, -.0688700347654, 5e-13},
    {{7, 25, 2, 68}, 0.95, .133, .318, 5e-4},
    {{7, 25, 2, 68}, 0.95, .1329487072583, .3184751496655, 5e-13},
    {{2, 70, 0, 328}, 0.95, .1393763010, .2154173405, 5e-11},
    {{2, 0, 70, 328}, 0.95, -.2154173405, -.1393763010, 5e-11},
    {{1, 97, 4, 898}, 0.95, .0748245707320, .1131972086692, 5e-13},
    {{0, 5, 5, 0}, 0.95, -.5268138189749, .5268138189749, 5e-13},
    {{2, 0, 0, 8}, 0.95, -.2355463516724, .2355463516724, 5e-13},
    {{0, 0, 0, 400}, 0.95, -.0095122943343, .0095122943343, 5e-13},
    {{0, 400, 0, 0}, 0.95, .9865475843432, 1, 5e-13},
};

static void test_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct paired_proportions *units = &known[i].units;
        struct interval interval = paired_proportions_difference(units, known[i].confidence);
        if (!interval_is_known(&interval) ||
            !(fabs(interval.low - known[i].low) <= known[i].digits) ||
            !(fabs(interval.high - known[i].high) <= known[i].digits))
            fail_msg("row %zu: [%.12g %.12g], expected [%.12g %.12g]", i, interval.low,
                     interval.high, known[i].low, known[i].high);
        assert_near(interval.estimate,
                    ((double)units->only_first_count - (double)units->only_second_count) /
                        (double)(units->both_count + units->only_first_count +
                                 units->only_second_count + units->neither_count),
                    1e-15);
    }
}

/* (1,7) is published; all are sums of exact binomial coefficients. */
static void test_mcnemar(void **state)
{
    (void)state;
    static const struct {
        uint64_t only_first, only_second;
        double exact, mid;
    } changes[] = {
        {1, 7, .0703125, .0390625},
        {121, 59, 4.43444926375518e-6, 3.26664679577459e-6},
        {10, 30, .00222143377322936, .00145049101411132},
        {10, 10, 1, .911901473999023},
        {3, 4, 1, .7265625},
        {0, 1, 1, .5},
        {0, 70, 1.6940658945086e-21, 8.470329472543e-22},
        {0, 1000, 1.86652723700644e-301, 9.33263618503219e-302},
        {5001, 4999, .992021353860618, .984044303131382},
        {0, 0, 1, 1},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        for (int swap = 0; swap < 2; swap++) {
            const struct paired_proportions units = {
                .both_count = 17,
                .only_first_count = swap ? changes[i].only_second : changes[i].only_first,
                .only_second_count = swap ? changes[i].only_first : changes[i].only_second,
                .neither_count = 3,
            };
            double exact = changes[i].exact, mid = changes[i].mid;
            assert_near(paired_proportions_exact(&units), exact, 1e-12 * exact);
            assert_near(paired_proportions_mid(&units), mid, 1e-12 * mid);
        }
}

/* Every table of up to 12 units: finite, ordered, in range, mirrored when the variants change
 * places, and without correlation the same as two independent groups. */
static void test_small_tables(void **state)
{
    (void)state;
    size_t independent_count = 0;
    for (uint64_t count = 1; count <= 12; count++)
        for (uint64_t a = 0; a <= count; a++)
            for (uint64_t b = 0; a + b <= count; b++)
                for (uint64_t c = 0; a + b + c <= count; c++) {
                    uint64_t d = count - a - b - c;
                    const struct paired_proportions units = {a, b, c, d};
                    const struct paired_proportions swapped = {a, c, b, d};
                    struct interval there = paired_proportions_difference(&units, 0.95);
                    struct interval back = paired_proportions_difference(&swapped, 0.95);
                    assert_true(-1 <= there.low && there.low < there.high && there.high <= 1);
                    assert_true(there.low <= there.estimate && there.estimate <= there.high);
                    assert_near(there.low, -back.high, 1e-14);
                    assert_near(there.high, -back.low, 1e-14);
                    if (a * d != b * c)
                        continue;
                    independent_count++;
                    const struct two_proportions groups = {(double)(a + b), (double)count,
                                                           (double)(a + c), (double)count};
                    struct interval two = two_proportions_difference(&groups, 0.95);
                    assert_near(there.low, two.low, 1e-14);
                    assert_near(there.high, two.high, 1e-14);
                }
    assert_true(independent_count > 100);
}

static void test_no_units(void **state)
{
    (void)state;
    const struct paired_proportions none = {0};
    struct interval interval = paired_proportions_difference(&none, 0.95);
    assert_int_equal(interval.state, INTERVAL_NO_DATA);
    assert_true(interval.low == 0 && interval.estimate == 0 && interval.high == 0);
    assert_true(paired_proportions_exact(&none) == 1);
    assert_true(paired_proportions_mid(&none) == 1);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_mcnemar),
        cmocka_unit_test(test_small_tables),
        cmocka_unit_test(test_no_units),
    };
    return cmocka_run_group_tests_name("stats/paired_proportions", tests, NULL, NULL);
}
