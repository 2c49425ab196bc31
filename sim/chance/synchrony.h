/* synchrony.h - do two variants really see the same world?
 *
 * Common random numbers work only if an exogenous draw (a provisioning delay, a lost callback) that
 * two variants both make comes out the same in both. This is checked, not hoped for: the first
 * variant of a replication writes down every draw by its name with a digest of its *result*; a
 * later variant looks its own draws up. Same result: one common draw more. Another result: a
 * mismatch, kept with the name and both values. A draw that only one variant makes says nothing.
 *
 *     begin_replication, begin_variant(0), note ... note, result,
 *                        begin_variant(1), note ... note, result, ...
 *
 * The same name noted twice by the first variant with two results (one name used for two things) is
 * a mismatch of that variant with itself.
 *
 * Invariant: `digest` and `reference_digest`, sums over the common draws of both sides, are equal
 * if and only if no mismatch was found (but for chance 2^-64).
 *
 * One object serves one thread. The table is open-addressed with generation stamps, so that a new
 * replication costs O(1); whole names are stored, so that a hash collision cannot pass for a match.
 * Limits: at most `entries_max` names a replication; beyond, only names with the low k bits of the
 * hash zero are checked (k grows as needed), and `checked_share` says so. Cost: some ns a draw
 * while the table is in the cache.
 */
#ifndef SIM_CHANCE_SYNCHRONY_H
#define SIM_CHANCE_SYNCHRONY_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/chance/draw.h"

/* Small enough for the table to stay in a second-level cache: a larger one costs more than the
 * simulation that it watches (measured: a third of it at 33,000 names). */
enum { SYNCHRONY_ENTRIES_MAX = 1 << 13 };

struct synchrony;

struct synchrony_mismatch {
    struct draw_name name;
    uint32_t reference_variant, variant; /* Equal: one name was used for two things. */
    uint64_t reference_value, value;
};

/* What was found about one variant, against the first variant of the replication. */
struct synchrony_result {
    uint32_t reference_variant, variant;
    uint64_t draw_count;       /* All draws noted, checked or not. */
    uint64_t common_count;     /* Checked draws that the first variant made too. */
    double checked_share;      /* 1, or 2^-k when the table is full and names are sampled. */
    uint64_t digest;           /* Over the common draws: this variant's results ... */
    uint64_t reference_digest; /* ... and those of the first. */
    uint64_t mismatch_count;
    struct synchrony_mismatch mismatch; /* The first one, if there is any. */
};

/* Create a checker; it owns its memory. `entries_max`: a power of two, or 0 for the default. */
struct synchrony *synchrony_create(uint32_t entries_max);
void synchrony_destroy(struct synchrony *synchrony);

/* Forget all draws. O(1). */
void synchrony_begin_replication(struct synchrony *synchrony);

/* From now on `variant` draws. The first one of a replication is the reference. */
void synchrony_begin_variant(struct synchrony *synchrony, uint32_t variant);

/* Note one draw of the current variant with its result (ns, count, 0 or 1, ...). */
void synchrony_note(struct synchrony *synchrony, struct draw_name name, uint64_t value);

/* Return what was found about the current variant so far. */
struct synchrony_result synchrony_result(const struct synchrony *synchrony);

#endif
