/* result.h - what an experiment leaves: one record for each (replication, variant), and its rows.
 *
 * The records stand in index order whatever thread made them, so whoever reduces a result goes
 * through it by index and gets the same bytes for any number of threads. An interrupted experiment
 * keeps the replications 0 .. replication_count - 1 that are complete without a gap, and says
 * `is_partial`.
 */
#ifndef SIM_EXPERIMENT_RESULT_H
#define SIM_EXPERIMENT_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/experiment/model.h"

struct experiment_variant {
    const char *name;
    const void *parameters; /* Of the model's own type; read by all threads. */
};

/* The rows of one run, `column_count` values each. */
struct row_table {
    size_t row_count;
    size_t column_count;
    int64_t *values; /* [row_count][column_count], ROW_NONE where a cell has no value. */
};

/* Common random numbers of one variant against the first, over all replications: the exogenous
 * draws that both made. They are equal, or the experiment would have failed. */
struct result_synchrony {
    uint64_t common_count;    /* Draws that both made and that were compared. */
    uint64_t digest;          /* Of the common draws as this variant made them... */
    uint64_t digest_first;    /* ...and as the first variant made them. */
    double checked_share_min; /* Below 1 where the table of a replication had to sample. */
};

struct result {
    const struct model *model;
    const struct experiment_variant *variants; /* The design's, not copied. */
    uint32_t variant_count;
    uint64_t seed;
    uint32_t first_replication;
    uint32_t replication_count; /* Complete ones. */
    uint32_t replications_planned;
    bool is_partial;
    uint64_t history_hash;              /* Of all records in index order. */
    struct result_synchrony *synchrony; /* [variant_count]; the first entry is empty. */
    size_t memory_bytes;                /* Held by the threads' arenas at the end. */
    struct result_store *store;
};

/* Return the record of a replication, counted from 0, and a variant. The result owns it. */
const struct record *result_record(const struct result *result, uint32_t replication,
                                   uint32_t variant);

/* Return its rows, or NULL when the design did not ask for them. */
const struct row_table *result_rows(const struct result *result, uint32_t replication,
                                    uint32_t variant);

/* Return the index of the metric or variant of that name, or -1. */
int result_find_metric(const struct result *result, const char *name);
int result_find_variant(const struct result *result, const char *name);

void result_destroy(struct result *result);

#endif
