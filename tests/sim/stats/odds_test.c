#include "sim/stats/odds.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "tests/sim/stats/near.h"

/* Published: admissions at Berkeley in 1973 by sex, strata are departments (P. J. Bickel et al.,
 * Science 187 (1975) 398; R's UCBAdmissions), with the answer of R's mantelhaen.test: 0.9046968,
 * 0.7719074 to 1.0603298. Pooled, the ratio is 1.84: the sign of a confounder. */
static const struct two_proportions admissions[] = {
    {512, 825, 89, 108},  {353, 560, 17, 25}, {120, 325, 202, 593},
    {138, 417, 131, 375}, {53, 191, 94, 393}, {22, 373, 24, 341},
};

static void test_admissions(void **state)
{
    (void)state;
    struct interval interval = odds_mantel_haenszel(admissions, 6, 0.95);
    assert_true(interval_is_known(&interval));
    assert_near(interval.estimate, 0.9046968, 5e-8);
    assert_near(interval.low, 0.7719074, 5e-8);
    assert_near(interval.high, 1.0603298, 5e-8);
}

/* With one stratum it is the plain ratio, and the variance is Woolf's. */
static void test_one_stratum(void **state)
{
    (void)state;
    const struct two_proportions tables[] = {{10, 30, 5, 45}, {7, 34, 1, 34}, {2.5, 9, 3, 4.5}};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct interval a = odds_mantel_haenszel(&tables[i], 1, 0.9);
        struct interval b = two_proportions_odds_ratio(&tables[i], 0.9);
        assert_near(a.estimate, b.estimate, 1e-12 * b.estimate);
        assert_near(log(a.low), log(b.low), 1e-12);
        assert_near(log(a.high), log(b.high), 1e-12);
    }
}

/* Strata that cannot tell anything change nothing, swapping the groups inverts the ratio. */
static void test_relations(void **state)
{
    (void)state;
    struct two_proportions more[8], swapped[6];
    for (size_t i = 0; i < 6; i++) {
        more[i] = admissions[i];
        swapped[i] = (struct two_proportions){
            admissions[i].second_hits,
            admissions[i].second_count,
            admissions[i].first_hits,
            admissions[i].first_count,
        };
    }
    more[6] = (struct two_proportions){0, 10, 0, 400};
    more[7] = (struct two_proportions){3, 30, 0, 0};
    struct interval plain = odds_mantel_haenszel(admissions, 6, 0.95);
    struct interval same = odds_mantel_haenszel(more, 8, 0.95);
    struct interval inverse = odds_mantel_haenszel(swapped, 6, 0.95);
    assert_near(same.estimate, plain.estimate, 0);
    assert_near(same.high, plain.high, 0);
    assert_near(inverse.estimate * plain.estimate, 1, 1e-12);
    assert_near(inverse.low * plain.high, 1, 1e-12);
}

/* No infinity and no NaN, whatever is empty. */
static void test_no_answer(void **state)
{
    (void)state;
    const struct two_proportions perfect[] = {{5, 5, 0, 20}, {3, 3, 0, 7}};
    struct interval interval = odds_mantel_haenszel(perfect, 2, 0.95);
    assert_true(interval_is_known(&interval));
    assert_true(interval.estimate > 10 && isfinite(interval.high) && interval.low > 1);
    const struct two_proportions none[] = {{0, 5, 0, 20}, {3, 3, 7, 7}, {0, 0, 2, 4}};
    assert_true(odds_mantel_haenszel(none, 3, 0.95).state == INTERVAL_NO_DATA);
    assert_true(odds_mantel_haenszel(NULL, 0, 0.95).state == INTERVAL_NO_DATA);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admissions),
        cmocka_unit_test(test_one_stratum),
        cmocka_unit_test(test_relations),
        cmocka_unit_test(test_no_answer),
    };
    return cmocka_run_group_tests_name("stats/odds", tests, NULL, NULL);
}
