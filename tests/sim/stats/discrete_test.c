#include "sim/stats/discrete.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "tests/sim/stats/near.h"

/* Five fair coins: 1 5 10 10 5 1 of 32. Walks from the mode give these without any rounding but the
 * division. */
static void test_coins(void **state)
{
    (void)state;
    const double ways[] = {1, 5, 10, 10, 5, 1};
    const double rare[] = {2, 12, 32, 32, 12, 2};
    double below = 0;
    for (uint64_t x = 0; x <= 5; x++) {
        struct discrete_tails tails = discrete_binomial(x, 5, 0.5);
        assert_near(tails.below, below / 32, 1e-16);
        assert_near(tails.at, ways[x] / 32, 1e-16);
        assert_near(tails.above, (32 - below - ways[x]) / 32, 1e-16);
        assert_near(tails.as_rare, rare[x] / 32, 1e-16);
        below += ways[x];
    }
}

static void test_certainty(void **state)
{
    (void)state;
    assert_true(discrete_binomial(0, 0, 0.3).at == 1);
    assert_true(discrete_binomial(0, 9, 0).at == 1);
    assert_true(discrete_binomial(1, 9, 0).below == 1 && discrete_binomial(1, 9, 0).at == 0);
    assert_true(discrete_binomial(9, 9, 1).at == 1);
    assert_true(discrete_binomial(8, 9, 1).above == 1 && discrete_binomial(8, 9, 1).at == 0);
    const struct discrete_urn all_marked = {.total_count = 7, .marked_count = 7, .drawn_count = 3};
    assert_true(discrete_hypergeometric(3, &all_marked).at == 1);
    const struct discrete_urn empty = {0};
    assert_true(discrete_hypergeometric(0, &empty).at == 1);
}

/* GSL's incomplete beta function, which is good to 1e-9 up to 10^5. */
static void test_against_beta(void **state)
{
    (void)state;
    const uint64_t counts[] = {1, 2, 7, 60, 1000, 100000};
    const double shares[] = {1e-4, 0.03, 0.5, 0.95, 0.999};
    const double places[] = {0, 0.01, 0.3, 0.5, 0.94, 0.96, 1};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        for (size_t j = 0; j < sizeof shares / sizeof shares[0]; j++)
            for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
                double count = (double)counts[i];
                double value = floor(places[k] * count);
                struct discrete_tails tails =
                    discrete_binomial((uint64_t)value, counts[i], shares[j]);
                assert_near(tails.below + tails.at + tails.above, 1, 1e-12);
                double above =
                    value < count ? gsl_cdf_beta_P(shares[j], value + 1, count - value) : 0;
                double below = value > 0 ? gsl_cdf_beta_Q(shares[j], value, count - value + 1) : 0;
                assert_near(tails.above, above, 1e-9 * above + 1e-290);
                assert_near(tails.below, below, 1e-9 * below + 1e-290);
            }
}

/* Beyond GSL's reach. The central term of 2n coins is 1 / sqrt(pi n) times 1 - 1 / (8n) + ...
 * A walk that went on among denormals, where times 0.99 changes nothing, would take minutes. */
static void test_many_coins(void **state)
{
    (void)state;
    const double halves[] = {5e5, 5e7, 5e9};
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        double n = halves[i];
        uint64_t count = 2 * (uint64_t)n;
        struct discrete_tails tails = discrete_binomial(count / 2, count, 0.5);
        double centre = (1 - 1 / (8 * n)) / sqrt(3.14159265358979323846 * n);
        assert_near(tails.at, centre, 1e-11 * centre);
        assert_near(tails.below, (1 - centre) / 2, 1e-12);
        assert_near(tails.above, (1 - centre) / 2, 1e-12);
        assert_true(discrete_binomial(0, count, 0.5).at == 0);
    }
}

/* The hypergeometric is symmetric in what is marked and what is drawn, and mirrored where marked
 * and unmarked change places. Sums over all values are 1. */
static void test_urn(void **state)
{
    (void)state;
    const uint64_t total = 23;
    for (uint64_t marked = 0; marked <= total; marked++)
        for (uint64_t drawn = 0; drawn <= total; drawn++) {
            const struct discrete_urn urn = {total, marked, drawn};
            const struct discrete_urn turned = {total, drawn, marked};
            const struct discrete_urn mirrored = {total, total - marked, drawn};
            uint64_t first = marked + drawn > total ? marked + drawn - total : 0;
            uint64_t last = marked < drawn ? marked : drawn;
            double sum = 0, mean = 0;
            for (uint64_t x = first; x <= last; x++) {
                struct discrete_tails tails = discrete_hypergeometric(x, &urn);
                assert_near(tails.below, sum, 1e-14);
                sum += tails.at;
                mean += tails.at * (double)x;
                assert_near(tails.above, 1 - sum, 1e-14);
                assert_near(discrete_hypergeometric(x, &turned).at, tails.at, 1e-14);
                assert_near(discrete_hypergeometric(drawn - x, &mirrored).below, tails.above,
                            1e-14);
            }
            assert_near(sum, 1, 1e-14);
            assert_near(mean, (double)(marked * drawn) / (double)total, 1e-12);
        }
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coins),        cmocka_unit_test(test_certainty),
        cmocka_unit_test(test_against_beta), cmocka_unit_test(test_many_coins),
        cmocka_unit_test(test_urn),
    };
    return cmocka_run_group_tests_name("stats/discrete", tests, NULL, NULL);
}
