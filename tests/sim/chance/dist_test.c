/* Every distribution against a closed form that it does not use itself, the contract of all of them
 * (monotone in u, one text for one distribution), and a corpus of bad texts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "sim/chance/dist.h"
#include "sim/chance/draw.h"

#define SMALLEST_U 0x1p-53
#define LARGEST_U  (1 - 0x1p-53)

static const double some_us[] = {SMALLEST_U, 1e-12,    1e-6,     1e-3,      0.01,     0.05,
                                 0.0749,     0.075,    0.1,      0.25,      0.4,      0.5,
                                 0.51,       0.75,     0.9,      0.925,     0.95,     0.99,
                                 0.999,      1 - 1e-6, 1 - 1e-9, 1 - 1e-12, LARGEST_U};
enum { SOME_U_COUNT = sizeof some_us / sizeof some_us[0] };

static const struct dist_options durations = {.dimension = DIST_DURATION};
static const struct dist_options numbers = {.dimension = DIST_NUMBER, .allow_negative = true};

static const struct dist *parse(struct arena *arena, const char *text,
                                const struct dist_options *options)
{
    struct error error;
    size_t at;
    const struct dist *dist = dist_parse(arena, text, options, &at, &error);
    if (dist == NULL)
        fail_msg("%s: at %zu: %s", text, at, error.message);
    return dist;
}

static void check_near(double value, double expected, double relative, const char *what, double at)
{
    if (!(fabs(value - expected) <= relative * fabs(expected)))
        fail_msg("%s at %.17g: %.17g instead of %.17g", what, at, value, expected);
}

static double lognormal_reference(double u)
{
    return u > 0.5 ? gsl_cdf_lognormal_Qinv(1 - u, 1.25, 0.7)
                   : gsl_cdf_lognormal_Pinv(u, 1.25, 0.7);
}

static double exponential_reference(double u)
{
    return -5 * (u < 0.5 ? log1p(-u) : log(1 - u));
}

static double weibull_reference(double u)
{
    return u > 0.5 ? gsl_cdf_weibull_Qinv(1 - u, 83.3, 2.18) : gsl_cdf_weibull_Pinv(u, 83.3, 2.18);
}

static double normal_reference(double u)
{
    return 2 + (u > 0.5 ? gsl_cdf_gaussian_Qinv(1 - u, 3) : gsl_cdf_gaussian_Pinv(u, 3));
}

static double uniform_reference(double u)
{
    return gsl_cdf_flat_Pinv(u, -3, 7);
}

static double gamma_reference(double u)
{
    return u > 0.5 ? gsl_cdf_gamma_Qinv(1 - u, 4, 2.5) : gsl_cdf_gamma_Pinv(u, 4, 2.5);
}

static double triangular_reference(double u)
{
    /* F is (x-1)^2/8 up to the mode 3 and 1 - (5-x)^2/8 beyond, on [1, 5]. */
    return u < 0.5 ? 1 + sqrt(8 * u) : 5 - sqrt(8 * (1 - u));
}

static const struct {
    const char *text;
    double (*reference)(double u);
    double tolerance;
} closed_forms[] = {
    {"lognormal(mu=1.25, sigma=0.7)", lognormal_reference, 1e-12},
    {"exponential(mean=5)", exponential_reference, 1e-15},
    {"normal(mean=2, sigma=3)", normal_reference, 1e-12},
    {"weibull(shape=2.18, scale=83.3)", weibull_reference, 1e-12},
    {"uniform(-3, 7)", uniform_reference, 1e-14},
    {"gamma(shape=4, scale=2.5)", gamma_reference, 2e-8},
    {"triangular(1, 3, 5)", triangular_reference, 1e-14},
};

static void test_quantiles_match_closed_forms(void **state)
{
    struct arena *arena = *state;
    for (size_t i = 0; i < sizeof closed_forms / sizeof closed_forms[0]; i++) {
        const struct dist *dist = parse(arena, closed_forms[i].text, &numbers);
        for (size_t k = 0; k < SOME_U_COUNT; k++)
            check_near(dist_quantile(dist, some_us[k]), closed_forms[i].reference(some_us[k]),
                       closed_forms[i].tolerance, closed_forms[i].text, some_us[k]);
    }
}

static void test_lognormal_parameters(void **state)
{
    struct arena *arena = *state;
    const struct dist *dist = parse(arena, "lognormal(median=120ms, p95=900ms)", &durations);
    check_near(dist_quantile(dist, 0.5), 120e6, 1e-14, "median", 0.5);
    check_near(dist_quantile(dist, 0.95), 900e6, 1e-12, "p95", 0.95);
    dist = parse(arena, "lognormal(mu=4.15, sigma=1.4, unit=min)", &durations);
    check_near(dist_quantile(dist, 0.5), exp(4.15) * 60e9, 1e-13, "median", 0.5);
    check_near(dist_quantile(dist, 0.975), exp(4.15 + 1.4 * 1.959963984540054) * 60e9, 1e-12,
               "97.5 %", 0.975);
    dist = parse(arena, "lognormal(median=15min, sigma=0)", &durations);
    assert_true(dist_is_constant(dist));
    assert_int_equal(dist_duration_ns(dist, 0.3), 15 * UNITS_MIN);
}

/* GSL's own gamma quantile gives NaN at small shapes, so here the CDF is the judge: P(Q(u)) = u. */
static void test_gamma_of_any_shape(void **state)
{
    struct arena *arena = *state;
    static const double shapes[] = {0.05, 0.1, 0.5, 1, 3.7, 50, 1000, 1e4};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        char text[80];
        snprintf(text, sizeof text, "gamma(shape=%g, mean=%g)", shapes[i], 2 * shapes[i]);
        const struct dist *dist = parse(arena, text, &numbers);
        check_near(dist_mean(dist), 2 * shapes[i], 1e-12, text, 0);
        for (size_t k = 0; k < SOME_U_COUNT; k++) {
            double u = some_us[k], x = dist_quantile(dist, u) / 2;
            if (x < 1e-290)
                continue;
            if (u < 0.5)
                check_near(gsl_cdf_gamma_P(x, shapes[i], 1), u, 2e-6, text, u);
            else
                check_near(gsl_cdf_gamma_Q(x, shapes[i], 1), 1 - u, 2e-6, text, u);
        }
    }
    /* Shape 1 is the exponential. */
    const struct dist *dist = parse(arena, "gamma(shape=1, scale=5)", &numbers);
    for (size_t k = 0; k < SOME_U_COUNT; k++)
        check_near(dist_quantile(dist, some_us[k]), exponential_reference(some_us[k]), 2e-8,
                   "gamma(1)", some_us[k]);
}

static void test_discrete_and_points(void **state)
{
    struct arena *arena = *state;
    const struct dist *dist = parse(arena, "discrete(4=0.05, 1=62%, 2=0.25, 3=0.08)", &numbers);
    assert_int_equal(dist_count(dist, SMALLEST_U), 1);
    assert_int_equal(dist_count(dist, 0.62), 1); /* Q(u) = inf{x: F(x) >= u} */
    assert_int_equal(dist_count(dist, nextafter(0.62, 1)), 2);
    assert_int_equal(dist_count(dist, 0.869), 2);
    assert_int_equal(dist_count(dist, 0.871), 3);
    assert_int_equal(dist_count(dist, LARGEST_U), 4);
    check_near(dist_mean(dist), 0.62 + 2 * 0.25 + 3 * 0.08 + 4 * 0.05, 1e-14, "mean", 0);
    assert_true(dist_cdf(dist, 2.5) == 0.62 + 0.25);
    assert_true(dist_cdf(dist, 0.5) == 0 && dist_cdf(dist, 4) == 1);

    dist = parse(arena, "quantiles(0%=5s, 25%=10s, 50%=10s, 100%=60s)", &durations);
    assert_int_equal(dist_duration_ns(dist, 0.125), 7500 * UNITS_MS);
    assert_int_equal(dist_duration_ns(dist, 0.25), 10 * UNITS_S);
    assert_int_equal(dist_duration_ns(dist, 0.4), 10 * UNITS_S);
    assert_int_equal(dist_duration_ns(dist, 0.75), 35 * UNITS_S);
    check_near(dist_mean(dist), 0.25 * 7.5e9 + 0.25 * 10e9 + 0.5 * 35e9, 1e-14, "mean", 0);
    assert_true(dist_cdf(dist, 10e9) == 0.5);
    assert_true(dist_min(dist) == 5e9 && dist_max(dist) == 60e9);
}

static void test_duration_is_whole_microseconds(void **state)
{
    struct arena *arena = *state;
    assert_int_equal(dist_duration_ns(parse(arena, "1499ns", &durations), 0.5), 1000);
    assert_int_equal(dist_duration_ns(parse(arena, "1500ns", &durations), 0.5), 2000);
    assert_int_equal(dist_duration_ns(parse(arena, "36500d", &durations), 0.5),
                     DIST_DURATION_MAX_NS);
    assert_int_equal(dist_duration_ns(parse(arena, "30min", &durations), 0.5), 30 * UNITS_MIN);
    const struct dist *huge = parse(arena, "lognormal(median=3000d, sigma=10)", &durations);
    assert_int_equal(dist_duration_ns(huge, LARGEST_U), DIST_DURATION_MAX_NS);
    assert_int_equal(dist_duration_ns(huge, SMALLEST_U), 0);
    const struct dist *below =
        parse(arena, "uniform(-5s, 5s)",
              &(struct dist_options){.dimension = DIST_DURATION, .allow_negative = true});
    assert_int_equal(dist_duration_ns(below, 0.25), 0);
    const struct dist *number = parse(arena, "uniform(-3, -2)", &numbers);
    assert_int_equal(dist_count(number, 0.2), -3);
    assert_int_equal(dist_count(number, 0.5), -2);
}

static const char *const all_kinds[] = {
    "30min",
    "constant(0s)",
    "uniform(45min, 60min)",
    "exponential(mean=5s)",
    "lognormal(median=15.4min, sigma=0.45)",
    "lognormal(median=120ms, p95=900ms)",
    "lognormal(mu=4.15, sigma=1.4, unit=min)",
    "normal(mean=10ms, sigma=1ms)",
    "weibull(shape=0.7, scale=83s)",
    "gamma(shape=0.3, scale=10s)",
    "gamma(shape=7, mean=40s)",
    "triangular(1min, 2min, 5min)",
    "triangular(1min, 1min, 5min)",
    "discrete(1min=0.5, 2min=0.5)",
    "discrete(0s=0.2, 1s=0, 7s=0.8)",
    "quantiles(0%=5s, 5%=20s, 50%=40s, 95%=40s, 100%=2min)",
    "mixture(0.95=lognormal(median=4min, sigma=0.6), 0.05=uniform(20min, 40min))",
    "mixture(0.6=uniform(1min, 2min), 0.4=triangular(5min, 6min, 7min))",
    "mixture(0.5=constant(0s), 0.5=exponential(mean=5s))",
    "mixture(0.5=exponential(1s), 0.5=shift(triangular(1s, 2s, 3s), by=1h))",
    "mixture(0.4=exponential(1s), 0.6=shift(weibull(shape=1.7, scale=5s), by=100s))",
    "mixture(0.3=constant(4min), 0.7=lognormal(median=4min, sigma=0.6))",
    "mixture(0.3=discrete(1min=0.5, 9min=0.5), 0.7=triangular(3min, 4min, 5min))",
    "mixture(0.2=uniform(1s, 9s), 0.3=quantiles(0%=2s, 50%=3s, 100%=20s), 0.5=weibull(2, 4s))",
    "truncate(lognormal(median=4min, sigma=1.2), min=1min, max=2h)",
    "mixture(0.3=normal(mean=1min, sigma=5s), 0.7=truncate(normal(mean=1min, sigma=1min), min=0s))",
    "truncate(exponential(mean=5s), min=10s)",
    "truncate(normal(mean=10ms, sigma=2ms), min=0s)",
    "scale(shift(normal(mean=2s, sigma=100ms), by=1s), by=3)",
    "truncate(weibull(shape=1000, scale=1ms), max=2h)",
    "triangular(1ns, 1ns, 36500d)",
    "truncate(discrete(1s=0.25, 2s=0.25, 3s=0.5), min=2s, max=3s)",
    "truncate(mixture(0.5=constant(4s), 0.5=uniform(1s, 9s)), min=4s, max=8s)",
    "shift(exponential(mean=5s), by=30s)",
    "shift(truncate(gamma(shape=2, scale=3s), max=20s), by=1min)",
    "scale(lognormal(median=4min, sigma=0.6), by=1.5)",
    "scale(shift(mixture(0.5=constant(0s), 0.5=uniform(0s, 4s)), by=2s), by=0.1)",
};
enum { KIND_COUNT = sizeof all_kinds / sizeof all_kinds[0] };

/* Steps of u: fine in both tails, even between. */
static double grid_u(int i)
{
    if (i < 2000)
        return fmax(exp2(-53 + 46.0 * i / 2000), SMALLEST_U);
    if (i < 18000)
        return 0x1p-7 + (1 - 0x1p-6) * (i - 2000) / 16000;
    return 1 - fmax(exp2(-7 - 46.0 * (i - 18000) / 2000), SMALLEST_U);
}

/* Two neighbours of a rising function may change places by rounding alone; more may not be. */
static void test_monotone_in_u(void **state)
{
    struct arena *arena = *state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct dist *dist = parse(arena, all_kinds[i], &durations);
        double previous = dist_min(dist);
        for (int k = 0; k < 20000; k++) {
            double value = dist_quantile(dist, grid_u(k));
            if (!(value >= previous * (1 - 1e-15) && value <= dist_max(dist)))
                fail_msg("%s at %.17g: %.17g after %.17g", all_kinds[i], grid_u(k), value,
                         previous);
            previous = value;
        }
    }
}

/* F(Q(u)) >= u, and less than u anywhere below Q(u): within 1e-8 of probability for the kinds that
 * are tables, and exactly (rounding) for the others. */
static void test_quantile_inverts_cdf(void **state)
{
    struct arena *arena = *state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct dist *dist = parse(arena, all_kinds[i], &durations);
        for (int k = 0; k < 20000; k += 7) {
            double u = grid_u(k), x = dist_quantile(dist, u);
            double up_to = dist_cdf(dist, x * (1 + 1e-12)), below = dist_cdf(dist, x * (1 - 1e-12));
            if (x <= 0)
                below = 0;
            if (up_to < u - 1e-8 || below > u + 1e-8)
                fail_msg("%s at %.17g: %.17g has F from %.17g to %.17g", all_kinds[i], u, x, below,
                         up_to);
        }
    }
}

/* The mean against the integral of Q by 200,000 midpoints of the normal score: jumps of Q cost at
 * most their height times a step, 1e-4 of everything here. */
static void test_mean_is_the_integral(void **state)
{
    struct arena *arena = *state;
    const int steps = 200000;
    double width = 16.4 / steps;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct dist *dist = parse(arena, all_kinds[i], &durations);
        double sum = 0, mass = 0;
        for (int k = 0; k < steps; k++) {
            double z = -8.2 + (k + 0.5) * width;
            double u = z < 0 ? gsl_cdf_ugaussian_P(z) : 1 - gsl_cdf_ugaussian_Q(z);
            double weight = exp(-0.5 * z * z);
            sum += weight * dist_quantile(dist, u);
            mass += weight;
        }
        if (!(fabs(sum / mass - dist_mean(dist)) <= 1e-4 * dist_mean(dist) + 1e-9))
            fail_msg("%s: the integral is %.12g, the mean %.12g", all_kinds[i], sum / mass,
                     dist_mean(dist));
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov of 20,000 named draws against the CDF, on both sides of each draw, so that
 * atoms count too. P(sqrt(n) D > 2.9) < 1e-7 if the distribution is continuous, less if not. */
static void test_draws_follow_the_cdf(void **state)
{
    struct arena *arena = *state;
    enum { DRAW_COUNT = 20000 };
    double *draws = arena_take_array(arena, DRAW_COUNT, sizeof *draws);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct dist *dist = parse(arena, all_kinds[i], &durations);
        for (uint32_t k = 0; k < DRAW_COUNT; k++)
            draws[k] =
                dist_quantile(dist, draw_uniform(11, (uint32_t)i, (struct draw_name){1, 2, k}));
        qsort(draws, DRAW_COUNT, sizeof *draws, compare_doubles);
        double worst = 0;
        for (size_t k = 0, next; k < DRAW_COUNT; k = next) {
            for (next = k; next < DRAW_COUNT && draws[next] == draws[k];)
                next++;
            double below = draws[k] > 0 ? dist_cdf(dist, nextafter(draws[k], 0)) : 0;
            worst = fmax(worst, fabs((double)k / DRAW_COUNT - below));
            worst = fmax(worst, fabs((double)next / DRAW_COUNT - dist_cdf(dist, draws[k])));
        }
        if (sqrt(DRAW_COUNT) * worst > 2.9)
            fail_msg("%s: sqrt(n) D = %g", all_kinds[i], sqrt(DRAW_COUNT) * worst);
    }
}

static void test_text_round_trip(void **state)
{
    struct arena *arena = *state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct dist *dist = parse(arena, all_kinds[i], &durations);
        const struct dist *again = parse(arena, dist_print(dist), &durations);
        assert_string_equal(dist_print(dist), dist_print(again));
        assert_true(dist_mean(dist) == dist_mean(again));
        for (int k = 0; k < 20000; k += 11)
            assert_true(dist_quantile(dist, grid_u(k)) == dist_quantile(again, grid_u(k)));
    }
    assert_string_equal(dist_print(parse(arena, " uniform( 45min ,max= 1h30min )", &durations)),
                        "uniform(min=45min, max=1h30min)");
    assert_string_equal(dist_print(parse(arena, "constant(90s)", &durations)), "1min30s");
    assert_string_equal(dist_print(parse(arena, "discrete(3=25%, 1=0.75)", &numbers)),
                        "discrete(1=0.75, 3=0.25)");
    assert_string_equal(dist_print(parse(arena, "quantiles(0=1, 0.07=2, 100%=4)", &numbers)),
                        "quantiles(0%=1, 7%=2, 100%=4)");
    assert_string_equal(dist_print(parse(arena, "exponential(mean=0.1)", &numbers)),
                        "exponential(mean=0.1)");
}

static void check_same(struct arena *arena, const char *one, const char *other, double tolerance)
{
    const struct dist *a = parse(arena, one, &durations), *b = parse(arena, other, &durations);
    check_near(dist_mean(a), dist_mean(b), 1e-9, one, 0);
    for (int k = 0; k < 20000; k += 3)
        check_near(dist_quantile(a, grid_u(k)), dist_quantile(b, grid_u(k)), tolerance, one,
                   grid_u(k));
}

static void test_identities(void **state)
{
    struct arena *arena = *state;
    /* A mixture of equals is the distribution itself: the table against the closed form. */
    check_same(arena,
               "mixture(0.5=lognormal(median=4min, sigma=0.6), 0.5=lognormal(median=4min, "
               "sigma=0.6))",
               "lognormal(median=4min, sigma=0.6)", 1e-8);
    check_same(arena, "mixture(0.1=exponential(mean=5s), 0.9=exponential(mean=5s))",
               "exponential(mean=5s)", 1e-8);
    /* Neighbouring pieces make a whole, exactly. */
    check_same(arena, "mixture(0.25=uniform(1s, 2s), 0.75=uniform(2s, 5s))", "uniform(1s, 5s)",
               1e-14);
    /* Overlapping ones too, through the table. */
    check_same(arena, "mixture(0.5=uniform(1s, 3s), 0.25=uniform(1s, 2s), 0.25=uniform(2s, 3s))",
               "uniform(1s, 3s)", 1e-8);
    /* The exponential has no memory. A truncation at the upper end sees its u through the grid of
     * 2^-53, so this holds as far as 1 - u is many steps of it. */
    const struct dist *cut = parse(arena, "truncate(exponential(mean=5s), min=10s)", &durations);
    const struct dist *shifted = parse(arena, "shift(exponential(mean=5s), by=10s)", &durations);
    for (int k = 0; grid_u(k) < 1 - 1e-7; k += 3)
        check_near(dist_quantile(cut, grid_u(k)), dist_quantile(shifted, grid_u(k)), 1e-8,
                   "no memory", grid_u(k));
    check_near(dist_mean(cut), 15e9, 1e-12, "no memory", 0);
    check_same(arena, "truncate(uniform(0s, 10s), min=2s, max=4s)", "uniform(2s, 4s)", 1e-14);
    check_same(arena, "truncate(discrete(1s=0.2, 2s=0.2, 3s=0.6), min=2s)",
               "discrete(2s=0.25, 3s=0.75)", 1e-14);
    check_same(arena, "scale(gamma(shape=3, scale=2s), by=2.5)", "gamma(shape=3, scale=5s)", 1e-14);
    check_same(arena, "shift(scale(weibull(shape=1, scale=2s), by=2), by=1s)",
               "shift(exponential(mean=4s), by=1s)", 1e-13);
    /* Shift and scale reach every kind and keep atoms where they belong. */
    check_same(arena, "shift(mixture(0.3=constant(4s), 0.7=uniform(1s, 9s)), by=333ms)",
               "mixture(0.3=constant(4333ms), 0.7=uniform(1333ms, 9333ms))", 1e-12);
    check_same(arena, "scale(quantiles(0%=1s, 50%=2s, 100%=10s), by=3)",
               "quantiles(0%=3s, 50%=6s, 100%=30s)", 1e-14);
    check_same(arena, "scale(triangular(1s, 2s, 4s), by=2)", "triangular(2s, 4s, 8s)", 1e-14);
}

static void test_atoms_of_a_mixture_are_exact(void **state)
{
    struct arena *arena = *state;
    const struct dist *dist =
        parse(arena, "mixture(0.25=constant(4s), 0.75=uniform(2s, 8s))", &durations);
    /* Below 4 s lies 0.75 / 3 = 0.25; the atom reaches to 0.5. */
    assert_true(dist_quantile(dist, 0.2499) < 4e9);
    assert_true(dist_quantile(dist, 0.2501) == 4e9);
    assert_true(dist_quantile(dist, 0.4999) == 4e9);
    assert_true(dist_quantile(dist, 0.5001) > 4e9);
    check_near(dist_quantile(dist, 0.75), 6e9, 1e-8, "mixture", 0.75);
    const struct dist *atoms = parse(
        arena, "mixture(0.5=discrete(1s=0.5, 3s=0.5), 0.5=discrete(2s=0.5, 3s=0.5))", &durations);
    assert_true(dist_quantile(atoms, 0.25) == 1e9 && dist_quantile(atoms, 0.2501) == 2e9);
    assert_true(dist_quantile(atoms, 0.5) == 2e9 && dist_quantile(atoms, 0.5001) == 3e9);
}

static const struct {
    const char *text;
    size_t at;
    const char *message;
} bad_durations[] = {
    {"", 0, "\"\" is not a duration (write for example 90s, 12min, 1h30min)"},
    {"5", 0, "\"5\" has no unit of time; write for example 5s or 5min (units: ns us ms s min h d)"},
    {"  12parsec", 2, "\"parsec\" is not a unit of time (units: ns us ms s min h d)"},
    {"-5s", 0, "this can be negative (as low as -5s)"},
    {"40000d", 0, "a duration is at most 36500d"},
    {"lognormal", 0, "lognormal needs its arguments in ( )"},
    {"lognorml(median=5s, sigma=1)", 0,
     "\"lognorml\" is not a distribution; did you mean \"lognormal\"?"},
    {"cauchy(1s, 2s)", 0,
     "\"cauchy\" is not a distribution (there are constant, uniform, exponential, lognormal, "
     "normal, "
     "weibull, gamma, triangular, discrete, quantiles, empirical, mixture, truncate, shift, "
     "scale)"},
    {"uniform(1s, 2s", 7,
     "this \"(\" is not closed (inside YAML { } and [ ] put quotes around it all)"},
    {"uniform(1s, 2s) x", 16, "unexpected text behind the closing \")\""},
    {"uniform(1s, 2s))", 15, "unexpected text behind the closing \")\""},
    {"uniform(1s, , 2s)", 12, "an argument is missing here"},
    {"uniform(1s,)", 11, "an argument is missing here"},
    {"uniform(min=, max=2s)", 12, "an argument is missing here"},
    {"uniform(=1s, 2s)", 8, "a name is missing before this \"=\""},
    {"uniform()", 0, "uniform needs min"},
    {"uniform(1s)", 0, "uniform needs max"},
    {"uniform(1s, 2s, 3s)", 16, "uniform takes at most 2 arguments"},
    {"uniform(5s, 2s)", 12, "uniform: max is less than min"},
    {"uniform(1s, mx=2s)", 12, "uniform has no argument \"mx\"; did you mean \"max\"?"},
    {"uniform(1s, sigma=2s)", 12, "uniform has no argument \"sigma\" (it has min, max)"},
    {"uniform(1s, min=2s)", 12, "min is given twice"},
    {"uniform(1, 2s)", 8,
     "uniform: min: \"1\" has no unit of time; write for example 1s or 1min (units: ns us ms s min "
     "h d)"},
    {"uniform(-1s, 2s)", 0, "this can be negative (as low as -1s)"},
    {"uniform(1s, uniform(1s, 2s))", 12,
     "uniform: max: \"uniform(1s, 2s)\" is not a duration (write for example 90s, 12min, "
     "1h30min)"},
    {"exponential(mean=0s)", 17, "exponential: mean is 0s but must be greater than 0"},
    {"exponential(5)", 12,
     "exponential: mean: \"5\" has no unit of time; write for example 5s or 5min (units: ns us ms "
     "s min h d)"},
    {"lognormal(median=5min, sigma=-1)", 29, "lognormal: sigma is -1 but must be from 0 to 10"},
    {"lognormal(median=5min, sigma=1min)", 29, "lognormal: sigma: \"1min\" is not a number"},
    {"lognormal(median=-5min, sigma=1)", 17,
     "lognormal: median is -5min but must be greater than 0"},
    {"lognormal(median=5min, p95=5min)", 27, "lognormal: p95 must be greater than the median"},
    {"lognormal(median=1ns, p95=1000d)", 26,
     "lognormal: p95 is too far above the median (sigma is at most 10)"},
    {"lognormal(median=5min)", 0, "lognormal needs sigma or p95"},
    {"lognormal(sigma=1)", 0, "lognormal needs median or mu"},
    {"lognormal(mu=1, sigma=1)", 0, "lognormal needs unit"},
    {"lognormal(mu=1, sigma=1, unit=5min)", 30,
     "lognormal: \"5min\" is not a unit of time (units: ns us ms s min h d)"},
    {"lognormal(median=1s, sigma=1, p95=2s)", 30,
     "lognormal takes median with sigma, median with p95, or mu with sigma and unit"},
    {"lognormal(mu=1, median=1s, sigma=1)", 16,
     "lognormal takes median with sigma, median with p95, or mu with sigma and unit"},
    {"normal(mean=1s)", 0, "normal needs sigma"},
    {"normal(mean=1s, sigma=0s)", 22, "normal: sigma is 0s but must be greater than 0"},
    {"normal(mean=10ms, sigma=2ms)", 0, "this can be negative (as low as -6ms500us)"},
    {"weibull(shape=0, scale=1s)", 14, "weibull: shape is 0 but must be from 0.05 to 1000"},
    {"gamma(shape=2)", 0, "gamma needs either scale or mean"},
    {"gamma(shape=2, scale=1s, mean=2s)", 0, "gamma needs either scale or mean"},
    {"triangular(1s, 5s, 2s)", 19, "triangular: min, mode and max must not fall"},
    {"triangular(3s, 2s, 5s)", 15, "triangular: min, mode and max must not fall"},
    {"discrete()", 0, "discrete needs arguments VALUE=PROBABILITY"},
    {"discrete(1s)", 9, "discrete: arguments are written VALUE=PROBABILITY"},
    {"discrete(1s=0.5, 2s=0.4)", 0, "discrete: the probabilities sum to 0.9, not to 1"},
    {"discrete(1s=1.5, 2s=-0.5)", 12,
     "discrete: probability: \"1.5\" is outside 0 to 1 (0 % to 100 %)"},
    {"discrete(1s=0.5, 1000ms=0.5)", 17, "discrete: this value is given twice"},
    {"discrete(1=0.5, 2s=0.5)", 9,
     "discrete: value: \"1\" has no unit of time; write for example 1s or 1min (units: ns us ms s "
     "min h d)"},
    {"quantiles(5%=1s, 100%=2s)", 10, "quantiles must begin with 0% and end with 100%"},
    {"quantiles(0%=1s, 95%=2s)", 17, "quantiles must begin with 0% and end with 100%"},
    {"quantiles(0%=1s)", 10, "quantiles must begin with 0% and end with 100%"},
    {"quantiles(0%=1s, 50%=2s, 50%=3s, 100%=4s)", 25, "quantiles: the probabilities must rise"},
    {"quantiles(0%=1s, 50%=3s, 100%=2s)", 30, "quantiles: the values must not fall"},
    {"mixture(constant(1s), constant(2s))", 8,
     "mixture: arguments are written PROBABILITY=DISTRIBUTION"},
    {"mixture(0.5=1s, 0.6=2s)", 0, "mixture: the probabilities sum to 1.1, not to 1"},
    {"mixture(0.5=1s, 0.5=unifrm(1s, 2s))", 20,
     "\"unifrm\" is not a distribution; did you mean \"uniform\"?"},
    {"mixture(0.5=1s, 0.5=uniform(4s, 2s))", 32, "uniform: max is less than min"},
    {"mixture(0.5=-1s, 0.5=2s)", 0, "this can be negative (as low as -1s)"},
    {"truncate(exponential(5s))", 0, "truncate needs min or max"},
    {"truncate(exponential(5s), min=3s, max=2s)", 38, "truncate: max is less than min"},
    {"truncate(uniform(1s, 2s), min=3s)", 0,
     "truncate: less than a millionth of the distribution is between the limits"},
    {"shift(exponential(5s))", 0, "shift needs by"},
    {"shift(exponential(5s), by=-1s)", 0, "this can be negative (as low as -1s)"},
    {"scale(exponential(5s), by=0)", 26, "scale: by is 0 but must be from 1e-09 to 1e+09"},
    {"scale(exponential(5s), by=2s)", 26, "scale: by: \"2s\" is not a number"},
    {"shift(shift(shift(shift(shift(shift(shift(shift(shift(1s, 1s), 1s), 1s), 1s), 1s), 1s), 1s), "
     "1s), 1s)",
     48, "distributions are nested more than 8 deep"},
    {"empirical(column=a, unit=s)", 0, "empirical needs file"},
    {"empirical(file=a.csv, column=a)", 0, "empirical needs unit"},
    {"empirical(file=a.csv, column=a, unit=s, where=b)", 46,
     "a condition is written COLUMN==TEXT or COLUMN!=TEXT"},
    {"empirical(file=a.csv, column=a, unit=s, censored_at=3s)", 40,
     "empirical: censored_at needs censored=COLUMN==TEXT"},
    {"empirical(file=\"a.csv, column=a)", 9, "a \" behind this \"(\" is not closed"},
    {"empirical(file=/nowhere/a.csv, column=a, unit=s)", 15,
     "cannot open /nowhere/a.csv: No such file or directory"},
    {"empirical(file=/dev/zero, column=a, unit=s)", 15,
     "/dev/zero is not a regular file; it is read twice, so what comes from a pipe has to be saved "
     "first"},
    {"empirical(file=/, column=a, unit=s)", 15,
     "/ is not a regular file; it is read twice, so what comes from a pipe has to be saved first"},
};

static void test_bad_durations(void **state)
{
    struct arena *arena = *state;
    for (size_t i = 0; i < sizeof bad_durations / sizeof bad_durations[0]; i++) {
        struct error error = {.message = ""};
        size_t at = 9999;
        const struct dist *dist = dist_parse(arena, bad_durations[i].text, &durations, &at, &error);
        if (dist != NULL)
            fail_msg("\"%s\" was accepted", bad_durations[i].text);
        if (strcmp(error.message, bad_durations[i].message) != 0 || at != bad_durations[i].at)
            fail_msg("\"%s\": at %zu: %s", bad_durations[i].text, at, error.message);
        /* Nobody has to want the details. */
        assert_null(dist_parse(arena, bad_durations[i].text, &durations, NULL, NULL));
    }
}

static void test_numbers_carry_no_unit(void **state)
{
    struct arena *arena = *state;
    struct error error;
    size_t at;
    assert_null(dist_parse(arena, "uniform(1s, 2)", &numbers, &at, &error));
    assert_string_equal(error.message, "uniform: min: \"1s\" is not a number");
    assert_int_equal(at, 8);
    assert_null(dist_parse(arena, "lognormal(mu=1, sigma=1, unit=s)", &numbers, &at, &error));
    assert_string_equal(error.message, "lognormal: a plain number has no unit");
    assert_int_equal(at, 30);
    assert_null(dist_parse(arena, "1e300", &numbers, &at, &error));
    assert_string_equal(error.message, "the size of a number is at most 1e15");
    assert_null(dist_parse(arena, "uniform(-1, 1)",
                           &(struct dist_options){.dimension = DIST_NUMBER}, &at, &error));
    assert_string_equal(error.message, "this can be negative (as low as -1)");
}

static int set_up(void **state)
{
    gsl_set_error_handler_off();
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
        cmocka_unit_test(test_quantiles_match_closed_forms),
        cmocka_unit_test(test_lognormal_parameters),
        cmocka_unit_test(test_gamma_of_any_shape),
        cmocka_unit_test(test_discrete_and_points),
        cmocka_unit_test(test_duration_is_whole_microseconds),
        cmocka_unit_test(test_monotone_in_u),
        cmocka_unit_test(test_quantile_inverts_cdf),
        cmocka_unit_test(test_mean_is_the_integral),
        cmocka_unit_test(test_draws_follow_the_cdf),
        cmocka_unit_test(test_text_round_trip),
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_atoms_of_a_mixture_are_exact),
        cmocka_unit_test(test_bad_durations),
        cmocka_unit_test(test_numbers_carry_no_unit),
    };
    return cmocka_run_group_tests_name("chance/dist", tests, set_up, tear_down);
}
