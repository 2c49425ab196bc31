/* Fitting: published estimates, estimates that are known by other means, recovery of a known law
 * with and without censoring, the calibration of bootstrap p values, and bad samples. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/chance/draw.h"
#include "sim/chance/fit.h"

/* Purposes beyond those of the models, so that no draw is shared with the code under test. */
enum { PURPOSE_VALUE = 60000, PURPOSE_LIMIT = 60001 };

static struct fit_sample prepare(struct arena *arena, struct empirical_time *times, size_t count)
{
    struct fit_sample sample;
    struct error error;
    if (!fit_prepare(arena, times, count, &sample, &error))
        fail_msg("%s", error.message);
    return sample;
}

static bool is_near(double value, double expected, double relative)
{
    if (fabs(value - expected) <= relative * fabs(expected))
        return true;
    print_error("%.10g instead of %.10g\n", value, expected);
    return false;
}

/* Serving sizes of ground beef in grams, n = 254: M. L. Delignette-Muller, C. Dutang,
 * "fitdistrplus", J. Stat. Softw. 64 (2015) 4, whose estimates follow. */
static struct fit_sample ground_beef(struct arena *arena)
{
    static const double table[][2] = {
        {10, 1},   {11.5, 1}, {17, 1},   {20, 8},   {24, 2},  {25, 7},  {25.5, 2},
        {26, 1},   {30, 6},   {32, 1},   {40, 18},  {44, 1},  {50, 49}, {51, 11},
        {52.5, 1}, {60, 6},   {64, 1},   {65, 1},   {70, 3},  {75, 5},  {79, 3},
        {80, 54},  {90, 1},   {100, 19}, {105, 13}, {115, 2}, {117, 1}, {120, 1},
        {125, 1},  {130, 26}, {150, 3},  {160, 1},  {200, 3}};
    struct empirical_time *times = arena_take_array(arena, 254, sizeof *times);
    size_t count = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (double k = 0; k < table[i][1]; k++)
            times[count++].value = table[i][0];
    assert_int_equal(count, 254);
    return prepare(arena, times, count);
}

static void test_ground_beef(void **state)
{
    struct arena *arena = *state;
    struct fit_sample sample = ground_beef(arena);
    struct fit weibull = fit_family(&sample, FIT_WEIBULL);
    assert_true(is_near(weibull.law.as.weibull.shape, 2.1856123, 1e-4));
    assert_true(is_near(weibull.law.as.weibull.scale, 83.3466688, 1e-4));
    assert_true(fabs(weibull.log_likelihood + 1255.225) < 5e-4);
    assert_true(fabs(weibull.aic - 2514.449) < 1e-3);
    struct fit gamma = fit_family(&sample, FIT_GAMMA);
    assert_true(is_near(gamma.law.as.gamma.shape, 4.0083390, 2e-4));
    assert_true(is_near(1 / gamma.law.as.gamma.scale, .0544274, 2e-4));
    assert_true(fabs(gamma.aic - 2511.250) < 1e-3);
    struct fit lognormal = fit_family(&sample, FIT_LOGNORMAL);
    assert_true(is_near(lognormal.law.as.normal.mu[0], 4.1693701, 1e-7));
    assert_true(is_near(lognormal.law.as.normal.sigma[0], .5366095, 1e-7));
    assert_true(fabs(lognormal.aic - 2526.639) < 1e-3);
    assert_true(is_near(lognormal.ks, .1493090, 1e-6));
    assert_true(is_near(lognormal.ad.value, 4.5436542, 1e-6));
    /* BIC and AICc by their definitions from the AIC above. */
    assert_true(fabs(lognormal.bic - (2526.639 - 4 + 2 * log(254))) < 1e-3);
    assert_true(fabs(lognormal.aicc.value - (2526.639 + 12.0 / 251)) < 1e-3);
    assert_true(
        is_near(fit_family(&sample, FIT_EXPONENTIAL).law.as.exponential.mean, 18697.5 / 254, 0.01));
}

/* Draw `count` times of a law; limits, exponential with mean `limit_mean`, cut some off. */
static struct empirical_time *draw(struct arena *arena, const struct fit_law *law, size_t count,
                                   double limit_mean, uint32_t replication)
{
    const struct dist *dist = fit_dist(arena, law);
    struct empirical_time *times = arena_take_array(arena, count, sizeof *times);
    for (uint32_t i = 0; i < count; i++) {
        double value = dist_quantile(
            dist, draw_uniform(1, replication, (struct draw_name){0, PURPOSE_VALUE, i}));
        double u = draw_uniform(1, replication, (struct draw_name){0, PURPOSE_LIMIT, i});
        double limit = -limit_mean * log(1 - u);
        times[i] = (struct empirical_time){fmin(value, limit), value > limit};
    }
    return times;
}

static const struct fit_law laws[] = {
    {.family = FIT_EXPONENTIAL, .as.exponential.mean = 7},
    {.family = FIT_LOGNORMAL, .as.normal = {{1, 0}, {1, 0}, {0.5, 0}}},
    {.family = FIT_WEIBULL, .as.weibull = {1.7, 300}},
    {.family = FIT_GAMMA, .as.gamma = {3, 0.02}},
    {.family = FIT_MIXTURE, .as.normal = {{0.7, 0.3}, {1, 3}, {0.3, 0.5}}},
};
enum { LAW_COUNT = sizeof laws / sizeof laws[0] };

static size_t parameters_of(struct fit_law *law, double *places[5])
{
    switch (law->family) {
    case FIT_EXPONENTIAL: places[0] = &law->as.exponential.mean; return 1;
    case FIT_WEIBULL:
        places[0] = &law->as.weibull.shape;
        places[1] = &law->as.weibull.scale;
        return 2;
    case FIT_GAMMA:
        places[0] = &law->as.gamma.shape;
        places[1] = &law->as.gamma.scale;
        return 2;
    case FIT_LOGNORMAL:
    case FIT_MIXTURE: break;
    }
    for (int j = 0; j < 2; j++) {
        places[2 * j] = &law->as.normal.mu[j];
        places[2 * j + 1] = &law->as.normal.sigma[j];
    }
    places[4] = &law->as.normal.weight[0];
    return law->family == FIT_LOGNORMAL ? 2 : 5;
}

static double likelihood(const struct fit_sample *sample, const struct fit_law *law)
{
    double sum = 0, below, above;
    for (size_t i = 0; i < sample->count; i++) {
        fit_log_tails(law, sample->times[i].value, &below, &above);
        sum += sample->times[i].is_censored ? above : fit_log_density(law, sample->times[i].value);
    }
    return sum;
}

/* Every estimate is a maximum: a relative change of 1e-3 in either direction of any parameter
 * lowers the likelihood, and by nearly the same on both sides. It is also near the law that was
 * drawn from: each parameter within 0.25 of its size (5 standard errors are 0.05 to 0.22 here). */
static void test_estimates_are_maxima_near_the_truth(void **state)
{
    struct arena *arena = *state;
    for (size_t i = 0; i < 2 * LAW_COUNT; i++) {
        const struct fit_law *truth = &laws[i % LAW_COUNT];
        double limit_mean = i < LAW_COUNT ? INFINITY : 3 * dist_mean(fit_dist(arena, truth));
        enum { COUNT = 2000 };
        struct empirical_time *times = draw(arena, truth, COUNT, limit_mean, 0);
        struct fit_sample sample = prepare(arena, times, COUNT);
        assert_true((sample.censored_count > 100) == (i >= LAW_COUNT));
        struct fit fit = fit_family(&sample, truth->family);
        assert_true(fit.is_found && !fit.is_at_limit);
        double best = likelihood(&sample, &fit.law), *places[5], *true_places[5];
        assert_true(fabs(best - fit.log_likelihood) < 1e-8 * fabs(best));
        struct fit_law expected = *truth;
        size_t count = parameters_of(&fit.law, places);
        parameters_of(&expected, true_places);
        for (size_t k = 0; k < count; k++) {
            double kept = *places[k], change[2];
            assert_true(is_near(kept, *true_places[k], 0.25));
            for (int side = 0; side < 2; side++) {
                *places[k] = kept * (side == 0 ? 1 - 1e-3 : 1 + 1e-3);
                fit.law.as.normal.weight[1] = truth->family == FIT_MIXTURE
                                                  ? 1 - fit.law.as.normal.weight[0]
                                                  : fit.law.as.normal.weight[1];
                change[side] = best - likelihood(&sample, &fit.law);
                *places[k] = kept;
                if (truth->family == FIT_MIXTURE)
                    fit.law.as.normal.weight[1] = 1 - fit.law.as.normal.weight[0];
            }
            assert_true(change[0] > 0 && change[1] > 0);
            assert_true(is_near(change[0], change[1], 0.02));
        }
    }
}

/* The mean of censored exponential times is the total time over those that ended. Remission under
 * 6-MP (Freireich et al. 1963): 359 weeks, 9 ends. */
static void test_censored_exponential(void **state)
{
    static const int weeks[] = {6,   6,   6,   -6, 7,  -9,  10,  -10, -11, 13, 16,
                                -17, -19, -20, 22, 23, -25, -32, -32, -34, -35};
    enum { COUNT = sizeof weeks / sizeof weeks[0] };
    struct empirical_time times[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        times[i] = (struct empirical_time){abs(weeks[i]), weeks[i] < 0};
    struct fit_sample sample = prepare(*state, times, COUNT);
    struct fit fit = fit_family(&sample, FIT_EXPONENTIAL);
    assert_true(is_near(fit.law.as.exponential.mean, 359.0 / 9, 1e-12));
    assert_true(is_near(fit.log_likelihood, -9 * log(359.0 / 9) - 9, 1e-12));
    assert_false(fit.ad.is_known);
    /* By hand: the largest difference is just before the first end, in week 6. */
    assert_true(is_near(fit.ks, 1 - exp(-6 * 9 / 359.0), 1e-12));
}

/* Tails against the closed forms, far beyond where a probability underflows. */
static void test_tails(void **state)
{
    (void)state;
    double below, above;
    fit_log_tails(&laws[1], exp(1 + 0.5 * 40), &below, &above);
    /* log P(Z > 40) = -804.608442, from the asymptotic series to 1/z^8. */
    assert_true(is_near(above, -804.608442013754, 1e-9) && below == 0);
    fit_log_tails(&laws[2], 300e3, &below, &above);
    assert_true(is_near(above, -pow(1000, 1.7), 1e-12));
    struct fit_law gamma = {.family = FIT_GAMMA, .as.gamma = {3, 1}};
    fit_log_tails(&gamma, 1000, &below, &above); /* Q(3, x) = e^-x (1 + x + x^2 / 2) */
    assert_true(is_near(above, -1000 + log(1 + 1000 + 500000.0), 1e-6));
    fit_log_tails(&gamma, 1e-120, &below, &above); /* P(3, x) = x^3 / 6 for small x */
    assert_true(is_near(below, 3 * log(1e-120) - log(6), 1e-9));
    for (size_t i = 0; i < LAW_COUNT; i++) {
        double x = 3 * (i == 2 ? 100 : i == 3 ? 0.02 : 1), p = fit_cdf(&laws[i], x);
        fit_log_tails(&laws[i], x, &below, &above);
        assert_true(is_near(exp(below), p, 1e-12) && is_near(exp(above), 1 - p, 1e-12));
        double slope = (fit_cdf(&laws[i], x * 1.0001) - fit_cdf(&laws[i], x / 1.0001)) /
                       (x * 1.0001 - x / 1.0001);
        assert_true(is_near(exp(fit_log_density(&laws[i], x)), slope, 1e-6));
    }
}

/* For samples of the family itself p is uniform. Of 100 samples, p <= 0.2 (10 of 49 and one) is
 * expected 20 times, standard deviation 4: from 2 to 40 is within 4.5 of them; a p from tables that
 * do not know of the estimation would be below 0.2 about twice in 100. Then samples of another
 * family: nearly all must be found out. */
static void test_p_is_calibrated(void **state)
{
    struct arena *arena = *state;
    enum { SAMPLES = 100, COUNT = 40 };
    struct fit_bootstrap options = {.seed = 5, .sample_count = 49};
    static const struct fit_law wide = {.family = FIT_LOGNORMAL,
                                        .as.normal = {{1, 0}, {0, 0}, {1.5, 0}}};
    for (int censored = 0; censored < 2; censored++) {
        int low_ks = 0, low_ad = 0, found_out = 0;
        for (uint32_t b = 0; b < SAMPLES; b++) {
            double limit_mean = censored ? 1200 : INFINITY;
            struct fit_sample sample =
                prepare(arena, draw(arena, &laws[2], COUNT, limit_mean, b), COUNT);
            struct fit fit = fit_family(&sample, FIT_WEIBULL);
            fit_bootstrap(&sample, &fit, 1, &options);
            assert_true(fit.ks_p.is_known && fit.ad_p.is_known == !censored);
            low_ks += fit.ks_p.value <= 0.2;
            low_ad += fit.ad_p.value <= 0.2 && !censored;
            sample = prepare(arena, draw(arena, &wide, COUNT, INFINITY, b), COUNT);
            fit = fit_family(&sample, FIT_EXPONENTIAL);
            fit_bootstrap(&sample, &fit, 1, &options);
            found_out += fit.ad_p.value <= 0.1;
        }
        assert_in_range(low_ks, 2, 40);
        if (!censored)
            assert_in_range(low_ad, 2, 40);
        assert_in_range(found_out, 70, 100);
    }
}

static void test_bootstrap_is_deterministic(void **state)
{
    struct fit_sample sample = ground_beef(*state);
    struct fit_bootstrap options = {.seed = 1, .sample_count = 99};
    struct fit_sample mild = prepare(*state, draw(*state, &laws[3], 60, INFINITY, 7), 60);
    struct fit both[2] = {fit_family(&mild, FIT_GAMMA), fit_family(&mild, FIT_LOGNORMAL)};
    struct fit alone = fit_family(&mild, FIT_LOGNORMAL), other = alone;
    fit_bootstrap(&mild, both, 2, &options);
    fit_bootstrap(&mild, &alone, 1, &options);
    assert_true(alone.ks_p.value == both[1].ks_p.value && alone.ad_p.value == both[1].ad_p.value);
    options.seed = 2;
    fit_bootstrap(&mild, &other, 1, &options);
    assert_true(other.ad_p.value != alone.ad_p.value);
    struct fit lognormal = fit_family(&sample, FIT_LOGNORMAL);
    fit_bootstrap(&sample, &lognormal, 1, &options);
    assert_true(lognormal.ks_p.value == 0.01); /* None of 99 is as far as the data. */
}

/* The scale of the values changes lnL by n log(scale), parameters with it, and distances not. */
static void test_scale(void **state)
{
    struct arena *arena = *state;
    enum { COUNT = 300 };
    struct empirical_time *times = draw(arena, &laws[4], COUNT, 60, 0);
    struct empirical_time *scaled = arena_take_array(arena, COUNT, sizeof *scaled);
    for (size_t i = 0; i < COUNT; i++)
        scaled[i] = (struct empirical_time){1e6 * times[i].value, times[i].is_censored};
    struct fit_sample small = prepare(arena, times, COUNT), large = prepare(arena, scaled, COUNT);
    double shift = (double)(COUNT - small.censored_count) * log(1e6);
    for (int i = 0; i < FIT_FAMILY_COUNT; i++) {
        struct fit a = fit_family(&small, (enum fit_family)i);
        struct fit b = fit_family(&large, (enum fit_family)i);
        assert_true(is_near(a.log_likelihood - shift, b.log_likelihood, 1e-8));
        assert_true(is_near(a.ks, b.ks, 1e-4));
    }
}

/* More different values than points: grouped, and still within a hundredth of a standard error
 * (1 / sqrt(n)) of the exact estimate, which has a closed form. */
static void test_many_rows_are_grouped(void **state)
{
    struct arena *arena = *state;
    enum { COUNT = 50000 };
    struct empirical_time *times = draw(arena, &laws[1], COUNT, INFINITY, 0);
    double mean = 0, square = 0;
    for (size_t i = 0; i < COUNT; i++)
        mean += log(times[i].value) / COUNT;
    for (size_t i = 0; i < COUNT; i++)
        square += (log(times[i].value) - mean) * (log(times[i].value) - mean) / COUNT;
    struct fit_sample sample = prepare(arena, times, COUNT);
    assert_true(sample.points.count <= FIT_POINTS_MAX);
    struct fit fit = fit_family(&sample, FIT_LOGNORMAL);
    assert_true(fabs(fit.law.as.normal.mu[0] - mean) < 1e-9);
    assert_true(fabs(fit.law.as.normal.sigma[0] - sqrt(square)) < 0.01 * 0.5 / sqrt(2.0 * COUNT));
    struct fit_bootstrap options = {.seed = 1, .sample_count = 9};
    fit_bootstrap(&sample, &fit, 1, &options);
    assert_false(fit.ks_p.is_known || fit.ad_p.is_known);
}

static void test_lines_parse(void **state)
{
    struct arena *arena = *state;
    static const char *const expected[LAW_COUNT] = {
        "exponential(mean=7s)", "lognormal(median=2.72s, sigma=0.5)",
        "weibull(shape=1.7, scale=5min)", "gamma(shape=3, scale=20ms)",
        ("mixture(0.700=lognormal(median=2.72s, sigma=0.3), "
         "0.300=lognormal(median=20.1s, sigma=0.5))")};
    struct dist_options options = {.dimension = DIST_DURATION};
    for (size_t i = 0; i < LAW_COUNT; i++) {
        const char *line = fit_print(arena, &laws[i], 1e9, 3);
        assert_string_equal(line, expected[i]);
        struct error error;
        const struct dist *dist = dist_parse(arena, line, &options, NULL, &error);
        assert_non_null(dist);
        double median = dist_quantile(fit_dist(arena, &laws[i]), 0.5);
        assert_true(is_near(dist_quantile(dist, 0.5) / 1e9, median, 0.005));
    }
    static const struct {
        double duration_ns;
        const char *text;
    } durations[] = {{0, "0s"},        {850e6, "850ms"},
                     {59.96e9, "60s"}, {701.3e9, "11.7min"},
                     {86400e9, "1d"},  {1.5e14 * 86400, "150000d"},
                     {12, "12ns"}};
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++)
        assert_string_equal(fit_print_duration(arena, durations[i].duration_ns, 3),
                            durations[i].text);
}

static void expect_bad(struct arena *arena, const struct empirical_time *given, size_t count,
                       const char *message)
{
    struct empirical_time times[16];
    struct fit_sample sample;
    struct error error;
    memcpy(times, given, count * sizeof *times);
    assert_false(fit_prepare(arena, times, count, &sample, &error));
    assert_int_equal(error.code, ERROR_SCENARIO);
    if (strstr(error.message, message) == NULL)
        fail_msg("no \"%s\" in: %s", message, error.message);
}

static void test_bad_samples(void **state)
{
    struct empirical_time times[16];
    for (size_t i = 0; i < 16; i++)
        times[i] = (struct empirical_time){1 + (double)i, false};
    expect_bad(*state, times, 7, "7 rows that ended are too few: fitting takes at least 8");
    times[3].is_censored = true;
    expect_bad(*state, times, 8, "7 rows that ended");
    times[3] = (struct empirical_time){0, false};
    expect_bad(*state, times, 16, "0 is among the values: only delays above 0");
    times[3].value = NAN;
    expect_bad(*state, times, 16, "among the values");
    for (size_t i = 0; i < 16; i++)
        times[i] = (struct empirical_time){5, false};
    times[15] = (struct empirical_time){9, true};
    expect_bad(*state, times, 16, "all 15 rows that ended have the same value");
}

/* One value in the middle that most rows share: no NaN, and the mixture is marked and comes last.
 */
static void test_ties(void **state)
{
    enum { COUNT = 40 };
    struct empirical_time *times = arena_take_array(*state, COUNT, sizeof *times);
    for (size_t i = 0; i < COUNT; i++)
        times[i].value = i < 25 ? 10 : 1 + (double)i;
    struct fit_sample sample = prepare(*state, times, COUNT);
    struct fit fits[FIT_FAMILY_COUNT];
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        fits[i] = fit_family(&sample, (enum fit_family)i);
    fit_rank(fits, FIT_FAMILY_COUNT);
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        assert_true(fits[i].is_found && isfinite(fits[i].ks) && isfinite(fits[i].bic));
    for (int i = 1; i + 1 < FIT_FAMILY_COUNT; i++)
        assert_true(fits[i].aicc.value >= fits[i - 1].aicc.value);
    assert_true(fits[FIT_FAMILY_COUNT - 1].law.family == FIT_MIXTURE &&
                fits[FIT_FAMILY_COUNT - 1].is_at_limit);
}

/* The figures beside the data. */
static void test_shared_measurements(void **state)
{
    const char *data = getenv("RCESIM_DATA");
    if (data == NULL) {
        print_message("SKIPPED: RCESIM_DATA does not name the folder of measurements\n");
        skip();
    }
    static const struct empirical_condition conditions[] = {{"suite", "vm_only", false},
                                                            {"note", "Not Supported", false},
                                                            {"note", "Timed Out", false}};
    struct empirical_source source = {
        .path = arena_print(*state, "%s/azure_vm_startup/azure_vm_startup.csv", data),
        .column = "total_s",
        .unit = 1,
        .min = -INFINITY,
        .max = INFINITY,
        .conditions = conditions,
        .condition_count = 3,
    };
    struct empirical_sample rows;
    struct error error;
    assert_true(empirical_read(*state, &source, &rows, &error));
    assert_int_equal(rows.count, 74);
    assert_int_equal(rows.row_count, 120);
    assert_int_equal(rows.excluded_count, 46);
    struct fit_sample sample = prepare(*state, rows.times, rows.count);
    struct fit fit = fit_family(&sample, FIT_LOGNORMAL);
    assert_true(fabs(fit.law.as.normal.mu[0] - 6.553) < 5e-4);
    assert_true(fabs(fit.law.as.normal.sigma[0] - 0.261) < 5e-4);
    assert_true(fabs(fit.ks - 0.071) < 5e-4);
    assert_string_equal(fit_print(*state, &fit.law, 1e9, 3),
                        "lognormal(median=11.7min, sigma=0.261)");
    static const struct empirical_condition late = {"note", "Timed Out", true};
    source.condition_count = 2;
    source.censored = &late;
    source.has_censored_at = true;
    source.censored_at = 5400;
    assert_true(empirical_read(*state, &source, &rows, &error));
    assert_int_equal(rows.censored_count, 4);
    sample = prepare(*state, rows.times, rows.count);
    assert_true(fit_family(&sample, FIT_LOGNORMAL).law.as.normal.mu[0] > 6.6);
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
        cmocka_unit_test(test_ground_beef),
        cmocka_unit_test(test_estimates_are_maxima_near_the_truth),
        cmocka_unit_test(test_censored_exponential),
        cmocka_unit_test(test_tails),
        cmocka_unit_test(test_p_is_calibrated),
        cmocka_unit_test(test_bootstrap_is_deterministic),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_many_rows_are_grouped),
        cmocka_unit_test(test_lines_parse),
        cmocka_unit_test(test_bad_samples),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_shared_measurements),
    };
    return cmocka_run_group_tests_name("chance/fit", tests, set_up, tear_down);
}
