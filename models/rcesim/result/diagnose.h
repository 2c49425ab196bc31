/* diagnose.h - what goes with failure: conditions ranked by how strongly, and what then remains.
 *
 * From the rows of the units (workflows) of a run, and from nothing else, binary conditions are
 * made of every column that a cause may lie in (row_role in sim/experiment/model.h): flags,
 * categories one against the rest, hours, numbers against 0 and against their median, 75 % and 90 %
 * quantiles. None of that looks at who failed. Each is then a table of two groups by failed or not:
 * ratio of odds, Fisher's exact p.
 *
 *     ranking   which conditions go with failure, the strongest first; and what is left of each
 *               beside the strongest (Mantel-Haenszel over "with it" and "without it")
 *     steps     the strongest; then the strongest among the units that do not have it; ...
 *
 * Promises and limits:
 * - p is adjusted for all conditions tried (Holm) and for all steps (Bonferroni): in a world where
 *   nothing goes with failure, anything at all is named with a chance of at most 5 %.
 * - A condition is told in the direction of risk. Of what adds up while a unit runs (ROW_EXPOSURE)
 *   only "much of it" counts, because units that fail early have little of everything.
 * - A unit without a value in a column has no part in its tables, nor in what is left when that
 *   column was named: it may have no value because it failed, and would then bring whatever goes
 *   with being left into the next step. How many of those failed is told.
 * - Units of one replication share their world. Each of the two groups counts as its effective
 *   number of units (cluster.h, by replications); with one replication independence is assumed, and
 *   `assumes_independence` says so.
 * - Association is not cause. What was named is where to look first.
 *
 * Memory: one byte a unit and condition. Time: about 1 s for 60,000 units.
 */
#ifndef MODELS_RCESIM_RESULT_DIAGNOSE_H
#define MODELS_RCESIM_RESULT_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/experiment/model.h"
#include "sim/stats/interval.h"

enum { DIAGNOSE_STEPS_MAX = 3 };

/* The level of the promise. */
#define DIAGNOSE_LEVEL 0.05

/* The rows of one replication. */
struct diagnose_rows {
    uint32_t replication;
    size_t row_count;
    const int64_t *values;       /* [row_count][column_count] */
    const unsigned char *failed; /* [row_count], 0 or 1 */
};

struct diagnose_input {
    const struct row_column *columns;
    size_t column_count;
    const struct diagnose_rows *rows; /* [replication_count] */
    size_t replication_count;
    double confidence;   /* Of the intervals. */
    size_t findings_max; /* In the ranking. */
    /* What a category is called: text number `facet` of it ("region eu", "instance type i3"), NULL
     * where there are no more. NULL: categories go by their numbers. */
    const char *(*category)(const void *context, const char *column, int64_t value, size_t facet);
    const void *context;
};

/* Units of one group. */
struct diagnose_group {
    uint64_t count, failed_count;
    double design; /* Design effect by which they count less, at least 1. */
};

/* A condition in one population of units, in the direction of risk. */
struct diagnose_finding {
    size_t condition;   /* Its number. */
    const char *label;  /* "hosts above 12" */
    const char *column; /* Name and description of the column that it comes from. */
    const char *doc;
    struct diagnose_group with, without;
    uint64_t unknown_count, unknown_failed_count; /* Units without a value. */
    struct interval odds_ratio;
    double p, p_adjusted;
    /* Common ratio of odds beside the strongest condition of the ranking; of that itself: no data.
     */
    struct interval beside_first;
    const char **same; /* [same_count]: found as well, and nearly the same or of the same column. */
    size_t same_count;
};

struct diagnose_step {
    uint64_t unit_count, failed_count; /* Units known to have none of what was found before. */
    bool is_found;
    struct diagnose_finding finding; /* The strongest; meaningless if there is none. */
    double p_least;                  /* The least adjusted p. */
};

/* Where units stopped. */
struct diagnose_stop {
    int64_t *values; /* [stop_column_count] */
    uint64_t count;  /* Of the failed ones. */
};

enum diagnose_state {
    DIAGNOSE_FOUND,
    DIAGNOSE_CHANCE,      /* Nothing goes with failure by more than chance. */
    DIAGNOSE_NONE_FAILED, /* From here on: nothing can be said. */
    DIAGNOSE_ALL_FAILED,
    DIAGNOSE_TOO_FEW,   /* Whatever is true, so few failures could not show it. */
    DIAGNOSE_ALL_ALIKE, /* There is nothing to tell units apart by. */
};

struct diagnose {
    enum diagnose_state state;
    uint64_t unit_count, failed_count;
    size_t replication_count;
    size_t condition_count; /* Tried. */
    bool assumes_independence;
    double confidence;
    struct diagnose_finding *ranking; /* [ranking_count] */
    size_t ranking_count;
    size_t found_count; /* Conditions below the level, those that are not listed included. */
    struct diagnose_step steps[DIAGNOSE_STEPS_MAX];
    size_t step_count;
    const size_t *stop_columns; /* [stop_column_count] */
    size_t stop_column_count;
    struct diagnose_stop *stops; /* [stop_count], the most frequent first */
    size_t stop_count;
    /* A failed unit with the strongest condition that stopped where most of those did; there is one
     * if any failed. */
    uint32_t typical_replication, typical_unit;
};

/* Everything lies in the arena, which must hold about 1 byte a unit and condition; labels point
 * into it and into the columns. */
const struct diagnose *diagnose_create(struct arena *arena, const struct diagnose_input *input);

#endif
