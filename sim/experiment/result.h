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

#include "sim/base/error.h"
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

/* Did the unit of a row fail? Where there is a row for each unit they are in order; else the row's
 * identifier (ROW_IDENTIFIER) says which unit it is. */
bool result_is_row_failed(const struct result *result, uint32_t replication, uint32_t variant,
                          size_t row);

/* Return the index of the metric or variant of that name, or -1. */
int result_find_metric(const struct result *result, const char *name);
int result_find_variant(const struct result *result, const char *name);

/* "replications 10 to 19", "replication 7", "no replication (from 10 on)": for messages. */
struct result_range_text {
    char text[64];
};
struct result_range_text result_describe_range(uint64_t first, uint64_t end);

/* Create a result without replications, of the model, variants, seed and first replication of
 * `head`; nothing else of it counts. For a part of an experiment that has nothing to do. */
struct result *result_create_empty(const struct result *head);

/* Some replications of a result, `first` counted from 0, as a result of its own. It lies in the
 * arena, borrows the records, and must not be destroyed. */
const struct result *result_part(const struct result *whole, struct arena *arena, uint32_t first,
                                 uint32_t replication_count);

/* Join parts of one experiment, in any order, to the result that one run of all their replications
 * would have left, bit by bit. On success `*joined` owns the parts, and the parts must not be
 * destroyed by anybody else. Its plan is that of the last part: where that one was interrupted, the
 * whole is partial. A part without replications counts only as the last one.
 *
 * Errors (ERROR_IO), with the parts as they were, name the replications concerned: some are in two
 * parts, or missing between two; another model, seed, or other variants. O(replications). */
bool result_join(struct result **joined, struct result *const *parts, size_t part_count,
                 struct error *error);

void result_destroy(struct result *result);

#endif
