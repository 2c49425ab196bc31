/* threshold_estimate.h - a sum of quantities of a result, with its interval.
 *
 * Private to threshold*.c: threshold.h says what the interval is. Numbers of the sample count as
 * constants beside true values; a sum of them alone is an estimate without limits.
 */
#ifndef SIM_EXPERIMENT_THRESHOLD_ESTIMATE_H
#define SIM_EXPERIMENT_THRESHOLD_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/experiment/summary.h"
#include "sim/experiment/threshold.h"
#include "sim/experiment/threshold_form.h"

/* What estimating needs beside the form. */
struct threshold_view {
    const struct threshold *threshold; /* Holds what bounds are bounds of. */
    const struct summary *summary;
    struct arena *arena; /* For words. */
};

struct threshold_estimate {
    struct interval interval;
    bool is_sample;      /* Made of numbers of the sample only; has no limits. */
    bool is_end_unknown; /* lower() or upper() of an interval that is not known. */
    bool is_resampled;   /* By the bootstrap. */
    double magnitude;    /* Sum of the sizes of the terms: rounding is relative to it. */
    double resolution;   /* By so much the limits were moved apart because of the histograms. */
};

struct threshold_estimate threshold_estimate(const struct threshold_view *view,
                                             const struct form *form);

/* How often a sum of metrics is not 0, for "==". */
struct threshold_difference {
    uint64_t replications;            /* That have a value. */
    uint64_t replications_unlike;     /* Those of them where it is not 0. */
    double upper_bound;               /* One-sided, for the share where it is not 0... */
    enum threshold_bound_of bound_of; /* ...of these. */
};

struct threshold_difference threshold_difference(const struct threshold_view *view,
                                                 const struct form *form);

/* Which draws resampling makes: one of sim's purposes (sim/chance/README.md). */
enum { THRESHOLD_PURPOSE_RESAMPLE = 34, THRESHOLD_RESAMPLES = 1999 };

#endif
