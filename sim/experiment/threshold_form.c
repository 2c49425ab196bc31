#include "sim/experiment/threshold_form.h"

#include <math.h>

#include "sim/base/check.h"

/* With values up to 2^63 ns and these limits no sum or square of a judgement leaves a double. */
static const double coefficient_max = 1e15;
static const double constant_max = 1e30;

static bool is_same_quantity(const struct threshold_term *a, const struct threshold_term *b)
{
    return a->quantity == b->quantity && a->is_value == b->is_value && a->is_upper == b->is_upper &&
           a->index == b->index && a->variant == b->variant && a->share == b->share;
}

/* Negated, so that a NaN is too large as well. */
static enum form_problem check_size(const struct form *form)
{
    if (!(fabs(form->constant) <= constant_max))
        return FORM_TOO_LARGE;
    for (uint32_t i = 0; i < form->term_count; i++)
        if (!(fabs(form->terms[i].coefficient) <= coefficient_max))
            return FORM_TOO_LARGE;
    return FORM_GOOD;
}

static void drop_zeros(struct form *form)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < form->term_count; i++)
        if (form->terms[i].coefficient != 0)
            form->terms[kept++] = form->terms[i];
    form->term_count = kept;
}

enum form_problem form_add(struct form *into, const struct form *other, double factor)
{
    into->constant += factor * other->constant;
    for (uint32_t i = 0; i < other->term_count; i++) {
        struct threshold_term term = other->terms[i];
        term.coefficient *= factor;
        uint32_t at = 0;
        while (at < into->term_count && !is_same_quantity(&into->terms[at], &term))
            at++;
        if (at == THRESHOLD_TERMS_MAX)
            return FORM_TOO_MANY_TERMS;
        if (at < into->term_count)
            into->terms[at].coefficient += term.coefficient;
        else
            into->terms[into->term_count++] = term;
    }
    drop_zeros(into);
    return check_size(into);
}

enum form_problem form_scale(struct form *form, double factor)
{
    form->constant *= factor;
    for (uint32_t i = 0; i < form->term_count; i++)
        form->terms[i].coefficient *= factor;
    drop_zeros(form);
    return check_size(form);
}

struct form form_of_sum(const struct threshold *threshold, const struct threshold_sum *sum)
{
    struct form form = {.constant = sum->constant, .dimension = threshold->dimension};
    CHECK(sum->term_first + sum->term_count <= THRESHOLD_TERMS_MAX);
    for (uint32_t i = 0; i < sum->term_count; i++)
        form.terms[form.term_count++] = threshold->terms[sum->term_first + i];
    return form;
}
