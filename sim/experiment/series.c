#include "sim/experiment/series.h"

#include <string.h>

#include "sim/base/check.h"

void series_init(struct series *series, struct arena *arena, int64_t bin_ns)
{
    CHECK(bin_ns >= 0);
    *series = (struct series){
        .bin_ns = bin_ns,
        .bins = arena_take_array(arena, SERIES_BINS_MAX, sizeof *series->bins),
    };
}

/* Two bins become one. Bins move towards the front only, so it can be done in place. */
static void halve(struct series *series)
{
    int64_t first = series_index(series->first, 2);
    uint32_t count = 0;
    for (uint32_t i = 0; i < series->bin_count; i++) {
        uint32_t n = series->bins[i];
        uint32_t to = (uint32_t)(series_index(series->first + i, 2) - first);
        series->bins[i] = 0;
        series->bins[to] += n;
        count = to + 1;
    }
    series->bin_ns *= 2;
    series->first = first;
    series->bin_count = count;
}

void series_coarsen(struct series *series, int64_t bin_ns)
{
    if (series->bin_count == 0) {
        series->bin_ns = bin_ns;
        return;
    }
    while (series->bin_ns < bin_ns)
        halve(series);
    CHECK(series->bin_ns == bin_ns);
}

/* Make room in front of the window for the bin `index`. */
static void grow_down(struct series *series, int64_t index)
{
    uint32_t by = (uint32_t)(series->first - index);
    memmove(series->bins + by, series->bins, series->bin_count * sizeof *series->bins);
    memset(series->bins, 0, by * sizeof *series->bins);
    series->first = index;
    series->bin_count += by;
}

/* How many bins a window of the series and this bin would have. */
static int64_t span_with(const struct series *series, int64_t index)
{
    int64_t last = series->first + series->bin_count - 1;
    int64_t low = index < series->first ? index : series->first;
    return (index > last ? index : last) - low + 1;
}

void series_add(struct series *series, int64_t at_ns, uint32_t count)
{
    CHECK(series->bin_ns > 0);
    if (count == 0)
        return;
    int64_t index = series_index(at_ns, series->bin_ns);
    if (series->bin_count == 0) {
        series->first = index;
        series->bin_count = 1;
    }
    while (span_with(series, index) > SERIES_BINS_MAX) {
        halve(series);
        index = series_index(index, 2);
    }
    if (index < series->first)
        grow_down(series, index);
    else if (index >= series->first + series->bin_count)
        series->bin_count = (uint32_t)(index - series->first) + 1;
    series->bins[index - series->first] += count;
}

void series_copy(struct series *into, const struct series *from, struct arena *arena)
{
    struct series copy = *from;
    copy.bins = NULL;
    if (from->bin_count > 0) {
        copy.bins = arena_take_array(arena, from->bin_count, sizeof *copy.bins);
        memcpy(copy.bins, from->bins, from->bin_count * sizeof *copy.bins);
    }
    *into = copy;
}

bool series_equals(const struct series *a, const struct series *b)
{
    if (a->bin_count != b->bin_count)
        return false;
    if (a->bin_count == 0)
        return true;
    return a->bin_ns == b->bin_ns && a->first == b->first &&
           memcmp(a->bins, b->bins, a->bin_count * sizeof *a->bins) == 0;
}

bool series_fits(int64_t a_bin_ns, int64_t b_bin_ns)
{
    int64_t narrow = a_bin_ns < b_bin_ns ? a_bin_ns : b_bin_ns;
    int64_t wide = a_bin_ns < b_bin_ns ? b_bin_ns : a_bin_ns;
    if (narrow <= 0 || wide % narrow != 0)
        return false;
    int64_t factor = wide / narrow;
    return (factor & (factor - 1)) == 0;
}
