/* series.h - how often something happened, in bins of time of equal width; exact to merge.
 *
 * Bin i covers [i * bin_ns, (i + 1) * bin_ns); i may be negative, because time 0 is whatever the
 * model says (the start of the run, or something that happened in it). A series holds a window of
 * at most SERIES_BINS_MAX bins. What would need more makes all bins twice as wide, as often as
 * necessary, so no run is too long, and the counts are those that the wider bins would have got
 * from the start, in whatever order they came. Widths therefore differ from the model's by a power
 * of two only, and two series of one model can always be brought to the same width.
 *
 * Invariant: the first and the last bin of the window are not 0; an empty series has none.
 *
 * Units: ns; counts of one run, below 2^32 a bin.
 */
#ifndef SIM_EXPERIMENT_SERIES_H
#define SIM_EXPERIMENT_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"

enum { SERIES_BINS_MAX = 2048 };

struct series {
    int64_t bin_ns;     /* Above 0, or 0 for an empty one that nobody has counted in. */
    int64_t first;      /* Number of the bin that bins[0] counts. */
    uint32_t bin_count; /* In the window; 0: nothing was counted. */
    uint32_t *bins;     /* [SERIES_BINS_MAX], or [bin_count] of a copy: that is only to be read. */
};

/* Make an empty series; 8 KiB from the arena. */
void series_init(struct series *series, struct arena *arena, int64_t bin_ns);

/* Count `count` things at a time. O(1), and O(SERIES_BINS_MAX) where the window moves. */
void series_add(struct series *series, int64_t at_ns, uint32_t count);

/* Make the bins wider, to `bin_ns`, which is theirs times a power of two. */
void series_coarsen(struct series *series, int64_t bin_ns);

/* Copy `from` into `into` with only the bins in use. */
void series_copy(struct series *into, const struct series *from, struct arena *arena);

/* The same counts in bins of the same width? Empty ones are equal. */
bool series_equals(const struct series *a, const struct series *b);

/* Are both widths one width times powers of two, so that one can be coarsened to the other? */
bool series_fits(int64_t a_bin_ns, int64_t b_bin_ns);

/* The count of bin `index`, 0 outside the window. */
static inline uint32_t series_count_at(const struct series *series, int64_t index)
{
    int64_t offset = index - series->first;
    return offset >= 0 && offset < series->bin_count ? series->bins[offset] : 0;
}

/* The bin of width `bin_ns` that holds a time, and the wider bin that holds bin `index` when
 * `factor` of them become one: rounded down, for times before 0 as well. */
static inline int64_t series_index(int64_t at_ns, int64_t bin_ns)
{
    return at_ns / bin_ns - (at_ns % bin_ns < 0);
}

#endif
