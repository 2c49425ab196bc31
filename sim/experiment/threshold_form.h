/* threshold_form.h - sums of quantities while a threshold is parsed or judged.
 *
 * Private to threshold*.c. A form is c1 T1 + c2 T2 + ... + constant. Terms about the same thing are
 * one term, and one whose coefficient has become 0 is gone, so that "nothing of the result is left"
 * can be seen. A number without a unit is `is_bare` until something stands beside it.
 */
#ifndef SIM_EXPERIMENT_THRESHOLD_FORM_H
#define SIM_EXPERIMENT_THRESHOLD_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/experiment/threshold.h"

struct form {
    double constant;
    uint32_t term_count;
    struct threshold_term terms[THRESHOLD_TERMS_MAX];
    enum threshold_dimension dimension;
    bool is_bare; /* No terms, and a number of which the dimension is not known. */
    size_t begin; /* Where it stands in the text. */
    size_t end;
};

enum form_problem { FORM_GOOD, FORM_TOO_MANY_TERMS, FORM_TOO_LARGE };

/* Add `factor` times the other. */
enum form_problem form_add(struct form *into, const struct form *other, double factor);

enum form_problem form_scale(struct form *form, double factor);

static inline bool form_is_number(const struct form *form)
{
    return form->term_count == 0;
}

/* A number of the sample, or about the true value? */
static inline bool form_is_of_sample(const struct threshold_term *term)
{
    return term->is_value || term->quantity == THRESHOLD_BOUND;
}

/* A quantile or a mean of a histogram? */
static inline bool form_is_of_histogram(const struct threshold_term *term)
{
    return term->quantity == THRESHOLD_QUANTILE || term->quantity == THRESHOLD_MEAN;
}

/* Make a form of a sum of the threshold. */
struct form form_of_sum(const struct threshold *threshold, const struct threshold_sum *sum);

#endif
