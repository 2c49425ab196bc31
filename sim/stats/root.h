/* root.h - where a function that is expensive to evaluate meets a level.
 *
 * The function is meant to be monotone and may be a step function (a simulated rate under common
 * random numbers is one): a root is then a place of change of sign, known to a tolerance.
 * Everything that was evaluated is remembered, so several levels of one function share their
 * samples, and coarse samples made beforehand serve as brackets.
 *
 * Between the tightest two samples around the level Brent's method works (GSL).
 *
 * A simulated function is noisy besides, so it passes a level several times, and where an interval
 * of x is asked for, the outermost place counts: a value of x belongs to it if the function comes
 * within a band there.
 *
 * Limit: ROOT_SAMPLES_MAX evaluations of one function.
 */
#ifndef SIM_STATS_ROOT_H
#define SIM_STATS_ROOT_H

#include <stdbool.h>
#include <stddef.h>

enum { ROOT_SAMPLES_MAX = 256 };

struct root_sample {
    double x;
    double value; /* Finite. */
};

/* All zero but `evaluate` and `context` is a fresh search. */
struct root_search {
    /* False: it could not be evaluated, and whoever searches is to stop. */
    bool (*evaluate)(void *context, double x, double *value);
    void *context;
    struct root_sample samples[ROOT_SAMPLES_MAX]; /* [count], by x, each x once */
    size_t count;
};

enum root_outcome {
    ROOT_FOUND,
    ROOT_NOT_BRACKETED, /* All samples lie on one side of the level. */
    ROOT_STOPPED,       /* By `evaluate`, or at the limit. */
};

/* Evaluate at x, unless that was done, and keep the sample. */
bool root_evaluate(struct root_search *search, double x, double *value);

/* Find where the function meets `level`, between the first two neighbouring samples around it, to
 * within `tolerance` of x. */
enum root_outcome root_find(struct root_search *search, double level, double tolerance, double *x);

/* The values between two levels, and a place where the function is taken to be inside. */
struct root_band {
    double low, high; /* low <= high */
    double inside;
};

/* From the first place to the last one where the function is inside. */
struct root_range {
    double low, high;
    bool is_low_open, is_high_open; /* It is inside at the end of what was evaluated. */
};

/* Find the range of a band, between the least and the greatest x that were evaluated, to within
 * `tolerance`. From either end the outermost entry between two samples is taken; then it is looked
 * beyond it, by a quarter, a half and the whole of its distance from the inside, whether noise
 * hides an earlier one. What is narrower, farther out, and between samples is not seen. ROOT_FOUND
 * or ROOT_STOPPED. */
enum root_outcome root_find_range(struct root_search *search, const struct root_band *band,
                                  double tolerance, struct root_range *range);

#endif
