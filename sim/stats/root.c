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

/* What is brought to 0: of a level, how far above it; of a band: how far outside, negative within.
 */
struct crossing {
    struct root_search *search;
    const struct root_band *band; /* NULL: a level */
    double level;
    bool is_stopped;
};

static double outside(const struct root_band *band, double x, double value)
{
    double distance = fmax(band->low - value, value - band->high);
    return x == band->inside ? fmin(distance, 0) : distance;
}

static double distance(double x, void *context)
{
    struct crossing *crossing = context;
    double value;
    if (root_evaluate(crossing->search, x, &value))
        return crossing->band != NULL ? outside(crossing->band, x, value) : value - crossing->level;
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
        struct crossing crossing = {.search = search, .level = level};
        return refine(&crossing, search->samples[i].x, search->samples[i + 1].x, tolerance, x);
    }
    return ROOT_NOT_BRACKETED;
}

/* The outermost sample inside, seen from the low or the high end. */
static size_t outermost(const struct root_search *search, const struct root_band *band, bool is_low)
{
    for (size_t k = 0; k < search->count; k++) {
        size_t i = is_low ? k : search->count - 1 - k;
        if (outside(band, search->samples[i].x, search->samples[i].value) <= 0)
            return i;
    }
    check_failed(__FILE__, __LINE__, "a sample inside");
}

/* Where the function enters the band, between the outermost sample inside and its neighbour. */
static enum root_outcome find_entry(struct root_search *search, const struct root_band *band,
                                    double tolerance, bool is_low, double *entry)
{
    size_t i = outermost(search, band, is_low);
    double inner = search->samples[i].x;
    *entry = inner;
    if (i == (is_low ? 0 : search->count - 1))
        return ROOT_NOT_BRACKETED;
    double outer = search->samples[is_low ? i - 1 : i + 1].x;
    struct crossing crossing = {.search = search, .band = band};
    return refine(&crossing, fmin(inner, outer), fmax(inner, outer), tolerance, entry);
}

/* Look beyond an entry. Samples that are inside there make another search necessary. */
static bool look_beyond(struct root_search *search, const struct root_band *band, double entry)
{
    static const double shares[] = {0.25, 0.5, 1};
    double first = search->samples[0].x, last = search->samples[search->count - 1].x;
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        double x = entry + shares[i] * (entry - band->inside), value;
        if (x > first && x < last && !root_evaluate(search, x, &value))
            return false;
    }
    return true;
}

static enum root_outcome find_end(struct root_search *search, const struct root_band *band,
                                  double tolerance, bool is_low, double *end)
{
    enum { ROUNDS = 8 };
    enum root_outcome outcome = find_entry(search, band, tolerance, is_low, end);
    for (int round = 0; round < ROUNDS && outcome == ROOT_FOUND; round++) {
        if (!look_beyond(search, band, *end))
            return ROOT_STOPPED;
        double before = *end;
        outcome = find_entry(search, band, tolerance, is_low, end);
        if (fabs(*end - before) <= tolerance)
            break;
    }
    return outcome;
}

enum root_outcome root_find_range(struct root_search *search, const struct root_band *band,
                                  double tolerance, struct root_range *range)
{
    struct root_range found;
    double value;
    if (!root_evaluate(search, band->inside, &value))
        return ROOT_STOPPED;
    enum root_outcome low = find_end(search, band, tolerance, true, &found.low);
    if (low == ROOT_STOPPED)
        return ROOT_STOPPED;
    enum root_outcome high = find_end(search, band, tolerance, false, &found.high);
    if (high == ROOT_STOPPED)
        return ROOT_STOPPED;
    found.is_low_open = low == ROOT_NOT_BRACKETED;
    found.is_high_open = high == ROOT_NOT_BRACKETED;
    *range = found;
    return ROOT_FOUND;
}
