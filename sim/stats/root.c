#include "sim/stats/root.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>

#include "sim/base/check.h"

static const struct root_sample *find_sample(const struct root_search *search, double x)
{
    for (size_t i = 0; i < search->count; i++)
        if (search->samples[i].x == x)
            return &search->samples[i];
    return NULL;
}

bool root_evaluate(struct root_search *search, double x, double *value)
{
    const struct root_sample *known = find_sample(search, x);
    if (known != NULL) {
        *value = known->value;
        return true;
    }
    double found;
    if (search->count == ROOT_SAMPLES_MAX || !search->evaluate(search->context, x, &found))
        return false;
    CHECK(isfinite(found));
    size_t at = search->count;
    while (at > 0 && search->samples[at - 1].x > x)
        at--;
    memmove(&search->samples[at + 1], &search->samples[at],
            (search->count - at) * sizeof search->samples[0]);
    search->samples[at] = (struct root_sample){x, found};
    search->count++;
    *value = found;
    return true;
}

struct crossing {
    struct root_search *search;
    double level;
    bool is_stopped;
};

static double distance(double x, void *context)
{
    struct crossing *crossing = context;
    double value;
    if (root_evaluate(crossing->search, x, &value))
        return value - crossing->level;
    crossing->is_stopped = true;
    return NAN;
}

static enum root_outcome refine(struct crossing *crossing, double low, double high,
                                double tolerance, double *x)
{
    gsl_function function = {.function = distance, .params = crossing};
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    CHECK(solver != NULL);
    int status = gsl_root_fsolver_set(solver, &function, low, high);
    while (status == GSL_SUCCESS && !crossing->is_stopped) {
        double from = gsl_root_fsolver_x_lower(solver), to = gsl_root_fsolver_x_upper(solver);
        if (to - from <= tolerance)
            break;
        status = gsl_root_fsolver_iterate(solver);
        /* A value that is met exactly leaves a bracket of its own. */
        if (gsl_root_fsolver_x_lower(solver) == from && gsl_root_fsolver_x_upper(solver) == to)
            break;
    }
    *x = gsl_root_fsolver_root(solver);
    gsl_root_fsolver_free(solver);
    return crossing->is_stopped || status != GSL_SUCCESS ? ROOT_STOPPED : ROOT_FOUND;
}

enum root_outcome root_find(struct root_search *search, double level, double tolerance, double *x)
{
    for (size_t i = 0; i < search->count; i++) {
        double here = search->samples[i].value - level;
        if (here == 0) {
            *x = search->samples[i].x;
            return ROOT_FOUND;
        }
        if (i + 1 == search->count)
            break;
        double next = search->samples[i + 1].value - level;
        if ((here < 0) == (next < 0) && next != 0)
            continue;
        struct crossing crossing = {search, level, false};
        return refine(&crossing, search->samples[i].x, search->samples[i + 1].x, tolerance, x);
    }
    return ROOT_NOT_BRACKETED;
}
