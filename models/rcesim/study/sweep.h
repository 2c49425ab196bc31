/* sweep.h - a scenario at every point of a grid, and what came out.
 *
 * Of every point only what is shown is kept: the estimates of the chosen metrics with their
 * intervals, and their changes from the first point, paired over the replications, because all
 * points share their worlds. Points are simulated one after the other, each on all threads; an
 * interrupted sweep has the points that were finished.
 */
#ifndef MODELS_RCESIM_STUDY_SWEEP_H
#define MODELS_RCESIM_STUDY_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "models/rcesim/study/grid.h"
#include "models/rcesim/study/study.h"
#include "reports/manifest.h"
#include "reports/table.h"
#include "sim/experiment/threshold.h"

/* A metric of a variant at a point. */
struct sweep_value {
    struct interval headline;
    double total;
    uint64_t unit_count;
    double upper_bound;              /* Meant for total == 0. */
    struct interval against_variant; /* First variant minus this one; not for the first. */
    struct interval change;          /* This point minus the first one. */
};

enum { SWEEP_VERDICT_COUNT = 3 };

struct sweep_point {
    uint64_t scenario_hash;
    uint64_t history_hash;
    const struct sweep_value *values; /* [variant_count][metric_count] */
    const char **thresholds;          /* [threshold_count], texts */
    const enum threshold_verdict *verdicts;
    size_t threshold_count;
    uint32_t verdict_counts[SWEEP_VERDICT_COUNT]; /* By enum threshold_verdict. */
};

struct sweep {
    const struct study *study;
    const struct grid *grid;
    const struct configuration *base; /* Without the values of any point. */
    const size_t *metrics;            /* [metric_count], indices into those of the model. */
    size_t metric_count;
    size_t shown_count; /* Those of them, the first, that the console shows. */
    const char *command;
    uint32_t replication_count;
    const char **variants; /* [variant_count], names */
    uint32_t variant_count;
    struct sweep_point *points; /* [point_count of the grid] */
    size_t finished_count;
    enum threshold_verdict verdict; /* Of the points that were finished. */
    bool is_checked;                /* Thresholds decide the exit status. */
};

/* Was it interrupted? */
static inline bool sweep_is_partial(const struct sweep *sweep)
{
    return sweep->finished_count < sweep->grid->point_count;
}

/* What is said of all points: those that were not reached are unknown. */
static inline enum threshold_verdict sweep_verdict(const struct sweep *sweep)
{
    return sweep_is_partial(sweep) ? threshold_worse(sweep->verdict, THRESHOLD_INCONCLUSIVE)
                                   : sweep->verdict;
}

/* The key that has to be the same at all points and is not; NULL: all of them are. */
const char *sweep_unlike_key(const struct configuration *base, const struct configuration *point);

/* Check that every point can be simulated. Errors name the point. */
bool sweep_check(const struct sweep *sweep, struct error *error);

/* Simulate the points, until done or interrupted. */
bool sweep_run(struct sweep *sweep, struct error *error);

static inline const struct sweep_value *sweep_value(const struct sweep *sweep, size_t point,
                                                    uint32_t variant, size_t metric)
{
    return &sweep->points[point].values[variant * sweep->metric_count + metric];
}

/* Whose it is. */
struct identity sweep_identity(const struct sweep *sweep);

/* The page; it lies in the arena of the study. */
struct manifest *sweep_manifest(const struct sweep *sweep);

/* Show it: to people (the directory may be NULL), as JSON, as a table with one row for each point,
 * variant and metric. */
void sweep_print(const struct sweep *sweep, const char *directory, const struct page *page);
void sweep_write_json(const struct sweep *sweep, FILE *file);
void sweep_write_tsv(const struct sweep *sweep, FILE *file);

/* What would be simulated, as JSON, and how long that takes. */
void sweep_write_plan_json(const struct sweep *sweep, double cost_ns, FILE *file);

#endif
