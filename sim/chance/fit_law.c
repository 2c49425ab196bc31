#include "sim/chance/fit_law.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/chance/dist_text.h"

static const double log_root_2_pi = 0.91893853320467274178;
static const double root_half = 0.70710678118654752440;
/* Below this a probability loses digits: asymptotic formulas take over. */
static const double tiny = 1e-290;

static const struct {
    const char *name;
    uint32_t parameter_count;
} families[FIT_FAMILY_COUNT] = {
    [FIT_EXPONENTIAL] = {"exponential", 1}, [FIT_LOGNORMAL] = {"lognormal", 2},
    [FIT_WEIBULL] = {"weibull", 2},         [FIT_GAMMA] = {"gamma", 2},
    [FIT_MIXTURE] = {"mixture", 5},
};

const char *fit_family_name(enum fit_family family)
{
    return families[family].name;
}

uint32_t fit_family_parameter_count(enum fit_family family)
{
    return families[family].parameter_count;
}

double fit_normal_log_above(double z)
{
    if (z < -1)
        return log1p(-0.5 * erfc(-z * root_half));
    if (z < 30)
        return log(0.5 * erfc(z * root_half));
    double inverse = 1 / (z * z);
    return -0.5 * z * z - log(z) - log_root_2_pi + log1p(-inverse * (1 - 3 * inverse));
}

double fit_normal_hazard(double z)
{
    if (z < 30)
        return exp(-0.5 * z * z - log_root_2_pi) / (0.5 * erfc(z * root_half));
    return z + 1 / z - 2 / (z * z * z);
}

double fit_gamma_log_above(double shape, double x)
{
    double above = gsl_cdf_gamma_Q(x, shape, 1);
    if (above > 0.5)
        return log1p(-gsl_cdf_gamma_P(x, shape, 1));
    if (above > tiny)
        return log(above);
    return (shape - 1) * log(x) - x - lgamma(shape) - log1p((1 - shape) / x);
}

static double gamma_log_below(double shape, double x)
{
    double below = gsl_cdf_gamma_P(x, shape, 1);
    if (below > 0.5)
        return log1p(-gsl_cdf_gamma_Q(x, shape, 1));
    if (below > tiny)
        return log(below);
    return shape * log(x) - x - lgamma(shape + 1) - log1p(-x / (shape + 1));
}

/* log(weight[0] e^a + weight[1] e^b) for any size of a and b. */
static double mix(const double weight[2], double a, double b)
{
    double first = log(weight[0]) + a, second = log(weight[1]) + b;
    double high = first > second ? first : second, low = first > second ? second : first;
    return isinf(low) ? high : high + log1p(exp(low - high));
}

static double normal_score(const struct fit_law *law, int component, double x)
{
    return (log(x) - law->as.normal.mu[component]) / law->as.normal.sigma[component];
}

void fit_log_tails(const struct fit_law *law, double x, double *below, double *above)
{
    switch (law->family) {
    case FIT_EXPONENTIAL:
        *above = -x / law->as.exponential.mean;
        *below = log(-expm1(*above));
        return;
    case FIT_WEIBULL:
        *above = -pow(x / law->as.weibull.scale, law->as.weibull.shape);
        *below = log(-expm1(*above));
        return;
    case FIT_GAMMA:
        *above = fit_gamma_log_above(law->as.gamma.shape, x / law->as.gamma.scale);
        *below = gamma_log_below(law->as.gamma.shape, x / law->as.gamma.scale);
        return;
    case FIT_LOGNORMAL:
        *above = fit_normal_log_above(normal_score(law, 0, x));
        *below = fit_normal_log_above(-normal_score(law, 0, x));
        return;
    case FIT_MIXTURE: {
        double z[2] = {normal_score(law, 0, x), normal_score(law, 1, x)};
        const double *weight = law->as.normal.weight;
        *above = mix(weight, fit_normal_log_above(z[0]), fit_normal_log_above(z[1]));
        *below = mix(weight, fit_normal_log_above(-z[0]), fit_normal_log_above(-z[1]));
        return;
    }
    }
    CHECK_UNREACHABLE("a known family");
}

double fit_cdf(const struct fit_law *law, double x)
{
    double below, above;
    if (law->family == FIT_GAMMA) /* Half the cost. */
        return gsl_cdf_gamma_P(x, law->as.gamma.shape, law->as.gamma.scale);
    fit_log_tails(law, x, &below, &above);
    return below < above ? exp(below) : -expm1(above);
}

double fit_log_density(const struct fit_law *law, double x)
{
    switch (law->family) {
    case FIT_EXPONENTIAL: return -log(law->as.exponential.mean) - x / law->as.exponential.mean;
    case FIT_WEIBULL: {
        double t = law->as.weibull.shape * log(x / law->as.weibull.scale);
        return log(law->as.weibull.shape) - log(x) + t - exp(t);
    }
    case FIT_GAMMA: {
        double shape = law->as.gamma.shape, t = x / law->as.gamma.scale;
        return shape * log(t) - log(x) - t - lgamma(shape);
    }
    case FIT_LOGNORMAL: {
        double z = normal_score(law, 0, x);
        return -0.5 * z * z - log(x * law->as.normal.sigma[0]) - log_root_2_pi;
    }
    case FIT_MIXTURE: {
        const double *sigma = law->as.normal.sigma;
        double z[2] = {normal_score(law, 0, x), normal_score(law, 1, x)};
        double peaks = mix(law->as.normal.weight, -0.5 * z[0] * z[0] - log(sigma[0]),
                           -0.5 * z[1] * z[1] - log(sigma[1]));
        return peaks - log(x) - log_root_2_pi;
    }
    }
    CHECK_UNREACHABLE("a known family");
}

static const char *law_text(struct arena *arena, const struct fit_law *law)
{
    switch (law->family) {
    case FIT_EXPONENTIAL:
        return arena_print(arena, "exponential(mean=%.17g)", law->as.exponential.mean);
    case FIT_WEIBULL:
        return arena_print(arena, "weibull(shape=%.17g, scale=%.17g)", law->as.weibull.shape,
                           law->as.weibull.scale);
    case FIT_GAMMA:
        return arena_print(arena, "gamma(shape=%.17g, scale=%.17g)", law->as.gamma.shape,
                           law->as.gamma.scale);
    case FIT_LOGNORMAL:
        return arena_print(arena, "lognormal(median=%.17g, sigma=%.17g)", exp(law->as.normal.mu[0]),
                           law->as.normal.sigma[0]);
    case FIT_MIXTURE:
        return arena_print(arena,
                           "mixture(%.17g=lognormal(median=%.17g, sigma=%.17g), "
                           "%.17g=lognormal(median=%.17g, sigma=%.17g))",
                           law->as.normal.weight[0], exp(law->as.normal.mu[0]),
                           law->as.normal.sigma[0], law->as.normal.weight[1],
                           exp(law->as.normal.mu[1]), law->as.normal.sigma[1]);
    }
    CHECK_UNREACHABLE("a known family");
}

const struct dist *fit_dist(struct arena *arena, const struct fit_law *law)
{
    struct dist_options options = {.dimension = DIST_NUMBER};
    return dist_parse(arena, law_text(arena, law), &options, NULL, NULL);
}

/* A number of so many digits without an exponent and without zeros at its end. */
static const char *print_plain(struct arena *arena, double number, int digits)
{
    char text[64];
    int decimals = digits - 1 - (number > 0 ? (int)floor(log10(number)) : 0);
    snprintf(text, sizeof text, "%.*f", decimals < 0 ? 0 : decimals > 20 ? 20 : decimals, number);
    if (strchr(text, '.') != NULL) {
        size_t length = strlen(text);
        while (text[length - 1] == '0')
            length--;
        text[text[length - 1] == '.' ? length - 1 : length] = '\0';
    }
    return arena_copy_text(arena, text);
}

const char *fit_print_duration(struct arena *arena, double duration_ns, int digits)
{
    static const struct {
        const char *name;
        double size_ns;
    } units[] = {{"d", UNITS_D},   {"h", UNITS_H},   {"min", UNITS_MIN}, {"s", UNITS_S},
                 {"ms", UNITS_MS}, {"us", UNITS_US}, {"ns", 1}};
    size_t i = 0;
    if (duration_ns < 1)
        return "0s";
    while (duration_ns < units[i].size_ns)
        i++;
    return arena_print(arena, "%s%s", print_plain(arena, duration_ns / units[i].size_ns, digits),
                       units[i].name);
}

static const char *print_lognormal(struct arena *arena, const struct fit_law *law, int component,
                                   double unit_ns, int digits)
{
    double median_ns = exp(law->as.normal.mu[component]) * unit_ns;
    return arena_print(arena, "lognormal(median=%s, sigma=%s)",
                       fit_print_duration(arena, median_ns, digits),
                       print_plain(arena, law->as.normal.sigma[component], digits));
}

static const char *print_mixture(struct arena *arena, const struct fit_law *law, double unit_ns,
                                 int digits)
{
    /* The weights are printed so that they sum to 1 exactly, and neither as 0. */
    double weight = law->as.normal.weight[0], least = weight < 0.5 ? weight : 1 - weight;
    int decimals = digits;
    while (least < pow(10, -decimals))
        decimals++;
    long long whole = llround(pow(10, decimals)), part = llround(weight * (double)whole);
    return arena_print(arena, "mixture(%.*f=%s, %.*f=%s)", decimals, (double)part / (double)whole,
                       print_lognormal(arena, law, 0, unit_ns, digits), decimals,
                       (double)(whole - part) / (double)whole,
                       print_lognormal(arena, law, 1, unit_ns, digits));
}

const char *fit_print(struct arena *arena, const struct fit_law *law, double unit_ns, int digits)
{
    switch (law->family) {
    case FIT_EXPONENTIAL:
        return arena_print(arena, "exponential(mean=%s)",
                           fit_print_duration(arena, law->as.exponential.mean * unit_ns, digits));
    case FIT_WEIBULL:
    case FIT_GAMMA: {
        bool is_gamma = law->family == FIT_GAMMA;
        double shape = is_gamma ? law->as.gamma.shape : law->as.weibull.shape;
        double scale = is_gamma ? law->as.gamma.scale : law->as.weibull.scale;
        return arena_print(arena, "%s(shape=%s, scale=%s)", fit_family_name(law->family),
                           print_plain(arena, shape, digits),
                           fit_print_duration(arena, scale * unit_ns, digits));
    }
    case FIT_LOGNORMAL: return print_lognormal(arena, law, 0, unit_ns, digits);
    case FIT_MIXTURE: return print_mixture(arena, law, unit_ns, digits);
    }
    CHECK_UNREACHABLE("a known family");
}

const char *fit_print_word(struct arena *arena, const char *word)
{
    return dist_text_print_word(arena, word);
}
