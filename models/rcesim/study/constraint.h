/* constraint.h - "a.b + 5min <= 2 * c.d": a condition on named quantities.
 *
 * The grammar is `where` in grid.h. Dimensions are checked: durations, shares, rates and plain
 * numbers do not mix, except that a product takes one number and the zero needs no unit.
 */
#ifndef MODELS_RCESIM_STUDY_CONSTRAINT_H
#define MODELS_RCESIM_STUDY_CONSTRAINT_H

#include <stdbool.h>
#include <stddef.h>

#include "models/rcesim/study/quantity.h"
#include "sim/base/error.h"

struct constraint_name {
    const char *name;
    const struct quantity *value; /* NULL: it is no quantity, and may not be used. */
};

/* Evaluate the condition. Errors (ERROR_USAGE) point to the place in the text, and depend on the
 * kinds of the values only, not on their numbers. */
bool constraint_holds(const char *text, const struct constraint_name *names, size_t name_count,
                      bool *holds, struct error *error);

#endif
