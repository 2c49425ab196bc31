/* diagnose_conditions.h - binary conditions made of the columns of rows, without a look at who
 * failed.
 *
 * Private to diagnose.c. Rows of all replications are one sequence of units here.
 */
#ifndef MODELS_RCESIM_RESULT_DIAGNOSE_CONDITIONS_H
#define MODELS_RCESIM_RESULT_DIAGNOSE_CONDITIONS_H

#include "models/rcesim/result/diagnose.h"

enum { CONDITIONS_MAX = 512, CONDITION_UNKNOWN = 2 };

struct condition {
    size_t column;
    const char *label;     /* "hosts above 12" */
    const char *label_not; /* "hosts at most 12" */
    bool has_name_not;     /* `label_not` is the name of the only other category. */
    bool is_one_of_many;   /* Of a category: the others of its column are different things. */
    unsigned char *is;     /* [unit_count]: 0, 1 or CONDITION_UNKNOWN */
};

struct conditions {
    const struct diagnose_input *input;
    struct arena *arena;
    size_t unit_count;
    struct condition *items; /* [count] */
    size_t count;
};

/* Make all conditions that split the units at all. At most CONDITIONS_MAX: categories are cut off
 * after 32 of a column. */
void conditions_make(struct conditions *conditions, struct arena *arena,
                     const struct diagnose_input *input);

#endif
