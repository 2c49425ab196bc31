#include "sim/chance/fit.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/chance/fit_law.h"

/* Points while they are filled. */
struct builder {
    double *values, *logs, *weights;
    size_t count;
};

static size_t count_different(const struct empirical_time *times, size_t count, bool is_censored)
{
    size_t different = 0;
    double last = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (times[i].is_censored != is_censored)
            continue;
        different += times[i].value != last;
        last = times[i].value;
    }
    return different;
}

static size_t count_kind(const struct empirical_time *times, size_t count, bool is_censored)
{
    size_t of_kind = 0;
    for (size_t i = 0; i < count; i++)
        of_kind += times[i].is_censored == is_censored;
    return of_kind;
}

/* Add the points of one kind: equal values together, or, if there are too many different ones, as
 * many neighbours together as it takes. */
static void add_kind(struct builder *builder, const struct empirical_time *times, size_t count,
                     bool is_censored, size_t points_max)
{
    bool is_exact = count_different(times, count, is_censored) <= points_max;
    size_t group_size = (count_kind(times, count, is_censored) + points_max - 1) / points_max;
    size_t in_group = 0;
    double last = -INFINITY, log_value = 0, log_sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (times[i].is_censored != is_censored)
            continue;
        bool is_new = times[i].value != last;
        if (is_new)
            log_value = log(times[i].value);
        last = times[i].value;
        if (in_group == 0 || (is_exact ? is_new : in_group == group_size)) {
            builder->count++;
            in_group = 0;
            log_sum = 0;
        }
        in_group++;
        log_sum += log_value;
        size_t at = builder->count - 1;
        builder->weights[at] = (double)in_group;
        builder->logs[at] = is_exact ? log_value : log_sum / (double)in_group;
        builder->values[at] = times[i].value;
    }
}

struct fit_points fit_points_group(struct arena *arena, const struct empirical_time *times,
                                   size_t count, size_t points_max)
{
    size_t room = count < 2 * points_max ? count : 2 * points_max;
    struct builder builder = {
        .values = arena_take_array(arena, room, sizeof(double)),
        .logs = arena_take_array(arena, room, sizeof(double)),
        .weights = arena_take_array(arena, room, sizeof(double)),
    };
    add_kind(&builder, times, count, false, points_max);
    size_t ended_count = builder.count;
    add_kind(&builder, times, count, true, points_max);
    CHECK(builder.count <= room);
    struct fit_points points = {
        .count = builder.count,
        .ended_count = ended_count,
        .values = builder.values,
        .logs = builder.logs,
        .weights = builder.weights,
    };
    for (size_t i = 0; i < points.count; i++) {
        if (builder.weights[i] > 1)
            builder.values[i] = exp(builder.logs[i]);
        points.weight += points.weights[i];
        points.ended_weight += i < ended_count ? points.weights[i] : 0;
    }
    return points;
}

bool fit_prepare(struct arena *arena, struct empirical_time *times, size_t count,
                 struct fit_sample *sample, struct error *error)
{
    size_t ended_count = 0;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (!(times[i].value > 0) || !isfinite(times[i].value))
            return error_set(error, ERROR_SCENARIO,
                             "%g is among the values: only delays above 0 can be fitted; leave the "
                             "others out (--min)",
                             times[i].value);
        if (times[i].is_censored)
            continue;
        ended_count++;
        low = fmin(low, times[i].value);
        high = fmax(high, times[i].value);
    }
    if (ended_count < FIT_ENDED_MIN)
        return error_set(error, ERROR_SCENARIO,
                         "%zu row%s that ended are too few: fitting takes at least %d", ended_count,
                         ended_count == 1 ? "" : "s", FIT_ENDED_MIN);
    if (low == high)
        return error_set(error, ERROR_SCENARIO,
                         "all %zu rows that ended have the same value: there is nothing to fit, "
                         "that is a constant",
                         ended_count);
    empirical_sort(times, count);
    *sample = (struct fit_sample){
        .times = times,
        .count = count,
        .censored_count = count - ended_count,
        .points = fit_points_group(arena, times, count, FIT_POINTS_MAX),
        .estimate = empirical_estimate(arena, times, count),
    };
    return true;
}

/* Call a problem the way GSL wants it. */
static void problem_both(const gsl_vector *x, void *context, double *value, gsl_vector *gradient)
{
    const struct fit_problem *problem = context;
    double at[FIT_VARIABLES_MAX], slope[FIT_VARIABLES_MAX];
    for (size_t i = 0; i < problem->count; i++)
        at[i] = gsl_vector_get(x, i);
    *value = problem->evaluate(problem->context, at, slope);
    for (size_t i = 0; i < problem->count && gradient != NULL; i++)
        gsl_vector_set(gradient, i, slope[i]);
}

static double problem_value(const gsl_vector *x, void *context)
{
    double value;
    problem_both(x, context, &value, NULL);
    return value;
}

static void problem_slope(const gsl_vector *x, void *context, gsl_vector *gradient)
{
    double value;
    problem_both(x, context, &value, gradient);
}

bool fit_minimise(const struct fit_problem *problem, double *x)
{
    enum { STEPS_MAX = 300 };
    const double slope_max = 1e-10;
    CHECK(problem->count <= FIT_VARIABLES_MAX);
    struct fit_problem copy = *problem;
    gsl_multimin_function_fdf function = {.f = problem_value,
                                          .df = problem_slope,
                                          .fdf = problem_both,
                                          .n = copy.count,
                                          .params = &copy};
    gsl_vector *start = gsl_vector_alloc(copy.count);
    gsl_multimin_fdfminimizer *minimizer =
        gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, copy.count);
    if (start == NULL || minimizer == NULL)
        check_limit("out of memory while fitting distributions");
    for (size_t i = 0; i < copy.count; i++)
        gsl_vector_set(start, i, x[i]);
    bool is_good = gsl_multimin_fdfminimizer_set(minimizer, &function, start, 0.1, 0.1) == 0 &&
                   isfinite(gsl_multimin_fdfminimizer_minimum(minimizer));
    /* A step that makes no progress is the end too: the value has no more digits. */
    for (int step = 0; is_good && step < STEPS_MAX; step++)
        if (gsl_multimin_fdfminimizer_iterate(minimizer) != 0 ||
            gsl_multimin_test_gradient(gsl_multimin_fdfminimizer_gradient(minimizer), slope_max) !=
                GSL_CONTINUE)
            break;
    is_good = is_good && isfinite(gsl_multimin_fdfminimizer_minimum(minimizer));
    for (size_t i = 0; is_good && i < copy.count; i++)
        x[i] = gsl_vector_get(gsl_multimin_fdfminimizer_x(minimizer), i);
    gsl_multimin_fdfminimizer_free(minimizer);
    gsl_vector_free(start);
    return is_good;
}

static bool maximise_exponential(const struct fit_points *points, struct fit_law *law)
{
    double sum = 0;
    for (size_t i = 0; i < points->count; i++)
        sum += points->weights[i] * points->values[i];
    *law = (struct fit_law){.family = FIT_EXPONENTIAL,
                            .as.exponential.mean = sum / points->ended_weight};
    return true;
}

static double mean_log_ended(const struct fit_points *points)
{
    double sum = 0;
    for (size_t i = 0; i < points->ended_count; i++)
        sum += points->weights[i] * points->logs[i];
    return sum / points->ended_weight;
}

/* With l = log(x / largest): the shape k solves sum(x^k l) / sum(x^k) - 1/k = mean of l over those
 * that ended. The left side rises from -infinity to 0, so there is one solution; Newton's method
 * finds it, kept inside a bracket. */
static bool maximise_weibull(const struct fit_points *points, struct fit_law *law)
{
    enum { STEPS_MAX = 200 };
    double log_largest = -INFINITY;
    for (size_t i = 0; i < points->count; i++)
        log_largest = fmax(log_largest, points->logs[i]);
    double target = mean_log_ended(points) - log_largest;
    double low = 0, high = INFINITY, shape = -1 / target, total = 0;
    for (int step = 0; step < STEPS_MAX; step++) {
        double sums[3] = {0};
        for (size_t i = 0; i < points->count; i++) {
            double log_value = points->logs[i] - log_largest;
            double term = points->weights[i] * exp(shape * log_value);
            sums[0] += term;
            sums[1] += term * log_value;
            sums[2] += term * log_value * log_value;
        }
        total = sums[0];
        double mean = sums[1] / sums[0];
        double value = mean - 1 / shape - target;
        double slope = sums[2] / sums[0] - mean * mean + 1 / (shape * shape);
        if (value > 0)
            high = shape;
        else
            low = shape;
        double next = shape - value / slope;
        if (!(next > low && next < high))
            next = isinf(high) ? 2 * shape : 0.5 * (low + high);
        bool is_done = fabs(next - shape) <= 1e-14 * shape;
        shape = next;
        if (is_done)
            break;
    }
    *law = (struct fit_law){
        .family = FIT_WEIBULL,
        .as.weibull = {shape, exp(log_largest + log(total / points->ended_weight) / shape)},
    };
    return isfinite(shape) && law->as.weibull.scale > 0;
}

/* What the likelihood of a gamma law needs to know of the rows that ended, values being multiples
 * of their mean `unit`. */
struct gamma_problem {
    const struct fit_points *points;
    double unit, mean_log;
};

static double gamma_above_sum(const struct gamma_problem *problem, double shape, double scale)
{
    double sum = 0;
    for (size_t i = problem->points->ended_count; i < problem->points->count; i++)
        sum += problem->points->weights[i] *
               fit_gamma_log_above(shape, problem->points->values[i] / problem->unit / scale);
    return sum;
}

/* -lnL per row at x = (log shape, log scale). Only the censored part has no closed slope. */
static double evaluate_gamma(void *context, const double *x, double *gradient)
{
    const struct gamma_problem *problem = context;
    const double step = 1e-5;
    double shape = exp(x[0]), scale = exp(x[1]), ended = problem->points->ended_weight;
    double factor = -1 / problem->points->weight;
    double up = exp(step), down = exp(-step);
    gradient[0] = factor * (ended * shape * (problem->mean_log - gsl_sf_psi(shape) - x[1]) +
                            (gamma_above_sum(problem, shape * up, scale) -
                             gamma_above_sum(problem, shape * down, scale)) /
                                (2 * step));
    gradient[1] =
        factor * (ended * (1 / scale - shape) + (gamma_above_sum(problem, shape, scale * up) -
                                                 gamma_above_sum(problem, shape, scale * down)) /
                                                    (2 * step));
    return factor *
           (ended * ((shape - 1) * problem->mean_log - 1 / scale - lgamma(shape) - shape * x[1]) +
            gamma_above_sum(problem, shape, scale));
}

/* Without censored rows the shape solves log k - psi(k) = log mean - mean log, a smooth falling
 * function: Newton from a start that is good to 1.5 %. */
static bool maximise_gamma(const struct fit_points *points, struct fit_law *law)
{
    enum { STEPS_MAX = 50 };
    double sum = 0;
    for (size_t i = 0; i < points->ended_count; i++)
        sum += points->weights[i] * points->values[i];
    double mean = sum / points->ended_weight, mean_log = mean_log_ended(points) - log(mean);
    if (!(mean_log < -1e-12))
        return false;
    double shape =
        (3 + mean_log + sqrt((mean_log + 3) * (mean_log + 3) - 24 * mean_log)) / (-12 * mean_log);
    for (int step = 0; step < STEPS_MAX; step++) {
        double change =
            (log(shape) - gsl_sf_psi(shape) + mean_log) / (1 / shape - gsl_sf_psi_1(shape));
        shape = change < shape ? shape - change : 0.5 * shape;
        if (fabs(change) <= 1e-14 * shape)
            break;
    }
    double x[2] = {log(shape), -log(shape)};
    if (points->ended_count < points->count) {
        struct gamma_problem context = {points, mean, mean_log};
        struct fit_problem problem = {2, evaluate_gamma, &context};
        if (!fit_minimise(&problem, x))
            return false;
    }
    *law = (struct fit_law){.family = FIT_GAMMA, .as.gamma = {exp(x[0]), mean * exp(x[1])}};
    return isfinite(x[0]) && isfinite(x[1]);
}

bool fit_maximise(const struct fit_points *points, enum fit_family family,
                  const struct fit_law *start, struct fit_law *law)
{
    switch (family) {
    case FIT_EXPONENTIAL: return maximise_exponential(points, law);
    case FIT_WEIBULL: return maximise_weibull(points, law);
    case FIT_GAMMA: return maximise_gamma(points, law);
    case FIT_LOGNORMAL: return fit_maximise_normal(points, 1, start, law);
    case FIT_MIXTURE: return fit_maximise_normal(points, 2, start, law);
    }
    CHECK_UNREACHABLE("a known family");
}

static double log_likelihood(const struct fit_sample *sample, const struct fit_law *law)
{
    double sum = 0, term = 0, below;
    for (size_t i = 0; i < sample->count; i++) {
        const struct empirical_time *time = &sample->times[i];
        bool is_same =
            i > 0 && time->value == time[-1].value && time->is_censored == time[-1].is_censored;
        if (!is_same && time->is_censored)
            fit_log_tails(law, time->value, &below, &term);
        else if (!is_same)
            term = fit_log_density(law, time->value);
        sum += term;
    }
    return sum;
}

static double last_ended(const struct fit_sample *sample)
{
    size_t i = sample->count - 1;
    while (sample->times[i].is_censored)
        i--;
    return sample->times[i].value;
}

static bool is_usable(const struct fit_law *law)
{
    struct arena *arena = arena_create("fit", 0);
    bool is_good = fit_dist(arena, law) != NULL;
    arena_destroy(arena);
    return is_good;
}

struct fit fit_family(const struct fit_sample *sample, enum fit_family family)
{
    struct fit fit = {.law.family = family};
    if (!fit_maximise(&sample->points, family, NULL, &fit.law) || !is_usable(&fit.law))
        return fit;
    double n = (double)sample->count, k = fit_family_parameter_count(family);
    fit.is_found = true;
    if (family == FIT_MIXTURE)
        fit.is_at_limit = fit_is_at_limit(&sample->points, &fit.law);
    fit.log_likelihood = log_likelihood(sample, &fit.law);
    fit.aic = 2 * k - 2 * fit.log_likelihood;
    fit.bic = k * log(n) - 2 * fit.log_likelihood;
    if (n - k - 1 > 0)
        fit.aicc = (struct fit_number){true, fit.aic + 2 * k * (k + 1) / (n - k - 1)};
    if (sample->censored_count > 0) {
        bool is_last_censored = sample->times[sample->count - 1].is_censored;
        fit.ks = fit_ks_censored(&fit.law, &sample->estimate, last_ended(sample), is_last_censored);
    } else {
        fit.ks = fit_ks(&fit.law, sample->times, sample->count);
        fit.ad = (struct fit_number){true, fit_ad(&fit.law, sample->times, sample->count)};
    }
    fit.is_found = isfinite(fit.log_likelihood) && isfinite(fit.ks);
    fit.ad.is_known = fit.ad.is_known && isfinite(fit.ad.value);
    return fit;
}

static int grade(const struct fit *fit)
{
    if (!fit->is_found)
        return 3;
    return fit->is_at_limit ? 2 : fit->aicc.is_known ? 0 : 1;
}

static int compare_fits(const void *a, const void *b)
{
    const struct fit *x = a, *y = b;
    if (grade(x) != grade(y))
        return grade(x) - grade(y);
    if (x->is_found && x->aicc.is_known && x->aicc.value != y->aicc.value)
        return x->aicc.value < y->aicc.value ? -1 : 1;
    return (int)x->law.family - (int)y->law.family;
}

void fit_rank(struct fit *fits, size_t count)
{
    qsort(fits, count, sizeof *fits, compare_fits);
}
