#include "models/rcesim/study/calibrate.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multifit_nlinear.h>

#include "sim/base/check.h"

enum { LEVELS = 3, ROUNDS_FEW = 12, ROUNDS_ALL = 8 };

/* Half the width of a finite difference, on the scale of 0 to 1: well above the noise of a step
 * function under common random numbers. */
static const double difference_half = 0.04;
/* A distance is never divided by less than this share of the observation, or nothing would ever be
 * near enough to a value that is known exactly. */
static const double error_share_min = 1e-3;

struct several {
    struct calibrate *calibrate;
    uint32_t replication_count;
    double z;                                /* Standard errors in half an interval. */
    double errors[CALIBRATE_PARAMETERS_MAX]; /* Standard errors of the distances. */
    double best[CALIBRATE_PARAMETERS_MAX];
};

static double clamp(double x)
{
    return fmax(0, fmin(1, x));
}

/* The distances from the targets, in standard errors. */
static bool distances(struct several *several, const double *scale, double *out)
{
    struct calibrate *calibrate = several->calibrate;
    struct calibrate_sample sample;
    if (!calibrate_evaluate(calibrate, scale, several->replication_count, &sample, NULL))
        return false;
    for (size_t i = 0; i < calibrate->count; i++)
        out[i] = (sample.metrics[i].estimate - calibrate->targets[i].estimate) / several->errors[i];
    return true;
}

static double norm(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i] * values[i];
    return sqrt(sum);
}

/* The standard errors at a place: the observation's and the simulation's. They differ much over the
 * range: next to a share of 0 the simulation has hardly any. */
static bool find_errors(struct several *several, const double *scale)
{
    struct calibrate *calibrate = several->calibrate;
    struct calibrate_sample sample;
    if (!calibrate_evaluate(calibrate, scale, several->replication_count, &sample, NULL))
        return false;
    for (size_t i = 0; i < calibrate->count; i++) {
        const struct target *target = &calibrate->targets[i];
        double error = hypot((target->high - target->low) / 2, calibrate_half(&sample.metrics[i])) /
                       several->z;
        double least = error_share_min * fabs(target->estimate);
        several->errors[i] = fmax(error, least > 0 ? least : 1e-9);
    }
    return true;
}

/* Begin where a coarse grid over the whole range comes nearest. */
static bool find_start(struct several *several)
{
    size_t count = several->calibrate->count, point_count = 1;
    double least = INFINITY;
    for (size_t i = 0; i < count; i++)
        point_count *= LEVELS;
    for (size_t p = 0; p < point_count; p++) {
        double scale[CALIBRATE_PARAMETERS_MAX] = {0}, found[CALIBRATE_PARAMETERS_MAX];
        size_t rest = p;
        for (size_t i = 0; i < count; i++, rest /= LEVELS)
            scale[i] = (0.5 + (double)(rest % LEVELS)) / LEVELS;
        if (!distances(several, scale, found))
            return false;
        if (norm(found, count) >= least)
            continue;
        least = norm(found, count);
        memcpy(several->best, scale, sizeof scale);
    }
    return true;
}

static void read_vector(const gsl_vector *x, double *scale)
{
    for (size_t i = 0; i < x->size; i++)
        scale[i] = clamp(gsl_vector_get(x, i));
}

static int evaluate(const gsl_vector *x, void *context, gsl_vector *f)
{
    double scale[CALIBRATE_PARAMETERS_MAX], found[CALIBRATE_PARAMETERS_MAX];
    read_vector(x, scale);
    if (!distances(context, scale, found))
        return GSL_EBADFUNC;
    for (size_t i = 0; i < f->size; i++)
        gsl_vector_set(f, i, found[i]);
    return GSL_SUCCESS;
}

static int differentiate(const gsl_vector *x, void *context, gsl_matrix *jacobian)
{
    double scale[CALIBRATE_PARAMETERS_MAX];
    read_vector(x, scale);
    for (size_t k = 0; k < x->size; k++) {
        double low[CALIBRATE_PARAMETERS_MAX], high[CALIBRATE_PARAMETERS_MAX];
        double at = scale[k], from = clamp(at - difference_half), to = clamp(at + difference_half);
        scale[k] = from;
        if (!distances(context, scale, low))
            return GSL_EBADFUNC;
        scale[k] = to;
        if (!distances(context, scale, high))
            return GSL_EBADFUNC;
        scale[k] = at;
        for (size_t i = 0; i < jacobian->size1; i++)
            gsl_matrix_set(jacobian, i, k, (high[i] - low[i]) / (to - from));
    }
    return GSL_SUCCESS;
}

/* Go from the best place so far to a better one. */
static bool descend(struct several *several, size_t rounds)
{
    size_t count = several->calibrate->count;
    gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_fdf fdf = {
        .f = evaluate, .df = differentiate, .n = count, .p = count, .params = several};
    gsl_multifit_nlinear_workspace *workspace =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, count, count);
    CHECK(workspace != NULL);
    gsl_vector_const_view start = gsl_vector_const_view_array(several->best, count);
    int status = gsl_multifit_nlinear_init(&start.vector, &fdf, workspace), info;
    if (status == GSL_SUCCESS) {
        double tolerance = several->calibrate->tolerance;
        status = gsl_multifit_nlinear_driver(rounds, tolerance, tolerance, 0, NULL, NULL, &info,
                                             workspace);
        read_vector(gsl_multifit_nlinear_position(workspace), several->best);
    }
    gsl_multifit_nlinear_free(workspace);
    /* No further progress within the rounds is no error here: where it ended is looked at. */
    bool is_stopped =
        several->calibrate->has_error || several->calibrate->outcome == CALIBRATE_INTERRUPTED;
    return !is_stopped && status != GSL_EBADFUNC;
}

static bool not_found(struct calibrate *calibrate, enum calibrate_outcome outcome,
                      const char *reason)
{
    calibrate->outcome = outcome;
    calibrate->reason = reason;
    return true;
}

static const char *place_text(const struct calibrate *calibrate, const double *scale)
{
    struct arena *arena = calibrate->study->arena;
    const char *text = "";
    for (size_t i = 0; i < calibrate->count; i++) {
        struct quantity value = calibrate_quantity(&calibrate->parameters[i], scale[i]);
        text = arena_print(arena, "%s%s%s=%s", text, i > 0 ? ", " : "",
                           calibrate->parameters[i].name, quantity_print(arena, &value));
    }
    return text;
}

/* Is every target met where the search ended? */
static bool check_reached(struct several *several, bool *is_reached)
{
    struct calibrate *calibrate = several->calibrate;
    double found[CALIBRATE_PARAMETERS_MAX];
    if (!distances(several, several->best, found))
        return false;
    size_t worst = 0;
    for (size_t i = 1; i < calibrate->count; i++)
        worst = fabs(found[i]) > fabs(found[worst]) ? i : worst;
    *is_reached = fabs(found[worst]) <= several->z;
    if (*is_reached)
        return true;
    const struct target *target = &calibrate->targets[worst];
    return not_found(
        calibrate, CALIBRATE_UNREACHABLE,
        arena_print(
            calibrate->study->arena,
            "the targets cannot be reached together: the nearest is %s, where %s is %s",
            place_text(calibrate, several->best), target->text,
            calibrate_metric_text(calibrate, worst,
                                  target->estimate + found[worst] * several->errors[worst])));
}

/* How well each parameter is known. `right` [count][count] and `singular`: of the Jacobian. */
static void find_limits(struct several *several, const gsl_matrix *right,
                        const gsl_vector *singular)
{
    struct calibrate *calibrate = several->calibrate;
    for (size_t i = 0; i < calibrate->count; i++) {
        double variance = 0;
        for (size_t k = 0; k < calibrate->count; k++) {
            double share = gsl_matrix_get(right, i, k) / fmax(gsl_vector_get(singular, k), 1e-12);
            variance += share * share;
        }
        double half = several->z * sqrt(variance), at = several->best[i];
        const struct calibrate_parameter *parameter = &calibrate->parameters[i];
        calibrate->values[i] = (struct calibrate_value){
            .estimate = calibrate_quantity(parameter, at),
            .low = calibrate_quantity(parameter, clamp(at - half)),
            .high = calibrate_quantity(parameter, clamp(at + half)),
            .is_low_open = at - half<0, .is_high_open = at + half> 1,
        };
    }
}

/* Is every combination of the parameters known, and each of them at one end at least? */
static bool check_identified(struct several *several, const gsl_matrix *right,
                             const gsl_vector *singular)
{
    struct calibrate *calibrate = several->calibrate;
    size_t last = calibrate->count - 1, most = 0;
    for (size_t i = 1; i <= last; i++)
        if (fabs(gsl_matrix_get(right, i, last)) > fabs(gsl_matrix_get(right, most, last)))
            most = i;
    if (several->z / fmax(gsl_vector_get(singular, last), 1e-12) >= 0.5)
        return not_found(
            calibrate, CALIBRATE_UNIDENTIFIED,
            arena_print(calibrate->study->arena,
                        "the parameters are not identified: %s can move over the whole range while "
                        "the others make up for it, and the targets stay within their errors",
                        calibrate->parameters[most].name));
    for (size_t i = 0; i <= last; i++)
        if (calibrate->values[i].is_low_open && calibrate->values[i].is_high_open)
            return not_found(calibrate, CALIBRATE_UNIDENTIFIED,
                             arena_print(calibrate->study->arena,
                                         "%s is not identified: the whole range fits, as far as "
                                         "the errors can tell",
                                         calibrate->parameters[i].name));
    calibrate->outcome = CALIBRATE_FOUND;
    return true;
}

static bool conclude(struct several *several, const gsl_matrix *jacobian)
{
    size_t count = several->calibrate->count;
    gsl_matrix *left = gsl_matrix_alloc(count, count), *right = gsl_matrix_alloc(count, count);
    gsl_vector *singular = gsl_vector_alloc(count), *work = gsl_vector_alloc(count);
    CHECK(left != NULL && right != NULL && singular != NULL && work != NULL);
    gsl_matrix_memcpy(left, jacobian);
    gsl_linalg_SV_decomp(left, right, singular, work);
    find_limits(several, right, singular);
    bool is_good = check_identified(several, right, singular);
    gsl_matrix_free(left);
    gsl_matrix_free(right);
    gsl_vector_free(singular);
    gsl_vector_free(work);
    return is_good;
}

bool calibrate_find_several(struct calibrate *calibrate)
{
    struct several several = {.calibrate = calibrate,
                              .replication_count = calibrate_few(calibrate),
                              .z = gsl_cdf_ugaussian_Qinv((1 - calibrate->base->confidence) / 2)};
    bool is_reached = false;
    static const double middle[CALIBRATE_PARAMETERS_MAX] = {0.5, 0.5, 0.5, 0.5};
    if (!find_errors(&several, middle) || !find_start(&several) ||
        !find_errors(&several, several.best) || !descend(&several, ROUNDS_FEW))
        return false;
    several.replication_count = calibrate->base->replication_count;
    /* Whether it is reached, and how well it is known, is judged by the errors where it ended. */
    if (!find_errors(&several, several.best) || !descend(&several, ROUNDS_ALL) ||
        !find_errors(&several, several.best) || !check_reached(&several, &is_reached))
        return false;
    size_t count = calibrate->count;
    gsl_matrix *jacobian = gsl_matrix_alloc(count, count);
    CHECK(jacobian != NULL);
    gsl_vector_const_view best = gsl_vector_const_view_array(several.best, count);
    bool is_good = !is_reached || (differentiate(&best.vector, &several, jacobian) == GSL_SUCCESS &&
                                   conclude(&several, jacobian));
    gsl_matrix_free(jacobian);
    return is_good;
}
