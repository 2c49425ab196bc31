#include "sim/base/check.h"
#include "sim/experiment/summary.h"

/* The replications to add up. */
struct range {
    const struct result *result;
    uint32_t variant;
    uint32_t begin, end;
};

static const struct series *series_of(const struct range *range, uint32_t replication,
                                      size_t series)
{
    return &result_record(range->result, replication, range->variant)->series[series];
}

/* Find the width that the bins of all replications can be brought to: the widest. False where two
 * do not fit; 0 where nothing was counted. */
static bool find_width(const struct range *range, size_t series, int64_t *bin_ns)
{
    for (uint32_t r = range->begin; r < range->end; r++) {
        const struct series *one = series_of(range, r, series);
        if (one->bin_count == 0)
            continue;
        if (*bin_ns != 0 && !series_fits(*bin_ns, one->bin_ns))
            return false;
        if (one->bin_ns > *bin_ns)
            *bin_ns = one->bin_ns;
    }
    return true;
}

/* The bin of width `bin_ns` that bin `index` of a series lies in. */
static int64_t wider_index(const struct series *series, int64_t index, int64_t bin_ns)
{
    return series_index(index, bin_ns / series->bin_ns);
}

/* Find the window that holds the windows of all replications: its first bin and their number. */
static int64_t find_window(const struct range *range, size_t series, struct summary_series *sum)
{
    int64_t end = 0;
    for (uint32_t r = range->begin; r < range->end; r++) {
        const struct series *one = series_of(range, r, series);
        if (one->bin_count == 0)
            continue;
        int64_t from = wider_index(one, one->first, sum->bin_ns);
        int64_t to = wider_index(one, one->first + one->bin_count - 1, sum->bin_ns) + 1;
        bool is_first = sum->first == end;
        sum->first = is_first || from < sum->first ? from : sum->first;
        end = is_first || to > end ? to : end;
    }
    return end - sum->first;
}

/* A window that no chart could show and no memory hold comes from worlds that are centuries apart.
 */
enum { WINDOW_MAX = 1 << 22 };

static struct summary_series make_window(const struct range *range, size_t series)
{
    struct summary_series sum = {.is_known = true};
    if (!find_width(range, series, &sum.bin_ns))
        return (struct summary_series){0};
    if (sum.bin_ns == 0)
        return sum;
    int64_t bin_count = find_window(range, series, &sum);
    sum.bin_count = (uint32_t)bin_count;
    return bin_count <= WINDOW_MAX ? sum : (struct summary_series){0};
}

/* Add the bins of one replication to a window of wider ones. */
static void add_one(const struct series *one, const struct summary_series *window, uint64_t *counts)
{
    for (uint32_t i = 0; i < one->bin_count; i++)
        counts[wider_index(one, one->first + i, window->bin_ns) - window->first] += one->bins[i];
}

const struct summary_series *summary_add_all_series(struct arena *arena,
                                                    const struct result *result, uint32_t variant)
{
    size_t series_count = result->model->series_count;
    struct summary_series *sums = arena_take_array(arena, series_count, sizeof *sums);
    struct range range = {result, variant, 0, result->replication_count};
    for (size_t s = 0; s < series_count; s++) {
        sums[s] = make_window(&range, s);
        uint64_t *counts = arena_take_array(arena, sums[s].bin_count, sizeof *counts);
        for (uint32_t r = range.begin; r < range.end && sums[s].bin_count > 0; r++)
            add_one(series_of(&range, r, s), &sums[s], counts);
        sums[s].counts = counts;
    }
    return sums;
}

/* Part and whole of one replication, bin by bin, into the tallies of the bins. */
struct shares {
    struct summary_series window;
    struct cluster_tally *tallies; /* [bin_count] */
    uint64_t *parts, *wholes;      /* [bin_count], of the replication at hand */
};

static void add_replication(const struct shares *shares, const struct series *part,
                            const struct series *whole)
{
    for (uint32_t i = 0; i < shares->window.bin_count; i++)
        shares->parts[i] = shares->wholes[i] = 0;
    add_one(part, &shares->window, shares->parts);
    add_one(whole, &shares->window, shares->wholes);
    for (uint32_t i = 0; i < shares->window.bin_count; i++)
        cluster_add(&shares->tallies[i], shares->wholes[i], shares->parts[i]);
}

static struct summary_share conclude(struct arena *arena, const struct shares *shares,
                                     double confidence)
{
    const struct summary_series *window = &shares->window;
    struct summary_share_bin *bins = arena_take_array(arena, window->bin_count, sizeof *bins);
    for (uint32_t i = 0; i < window->bin_count; i++) {
        const struct cluster_tally *tally = &shares->tallies[i];
        bins[i] = (struct summary_share_bin){
            .from_ns = (window->first + i) * window->bin_ns,
            .to_ns = (window->first + i + 1) * window->bin_ns,
            .part = tally->hit_count,
            .whole = tally->unit_count,
            .replication_count = (uint32_t)tally->cluster_count,
            .share = cluster_clopper_pearson(tally, confidence),
        };
    }
    return (struct summary_share){
        .is_known = true, .bin_ns = window->bin_ns, .bin_count = window->bin_count, .bins = bins};
}

struct summary_share summary_series_share(struct arena *arena, const struct result *result,
                                          const struct summary_share_what *what)
{
    const struct model_series *series = &result->model->series[what->part];
    CHECK(series->is_part);
    struct range range = {result, what->variant, 0, result->replication_count};
    if (what->is_one) {
        range.begin = what->replication;
        range.end = what->replication + 1;
    }
    /* The bins of a part are as wide as those of its whole, and lie within them (model.h). */
    struct shares shares = {.window = make_window(&range, series->part_of)};
    uint32_t bin_count = shares.window.bin_count;
    if (!shares.window.is_known)
        return (struct summary_share){0};
    shares.tallies = arena_take_array(arena, bin_count, sizeof *shares.tallies);
    shares.parts = arena_take_array(arena, bin_count, sizeof *shares.parts);
    shares.wholes = arena_take_array(arena, bin_count, sizeof *shares.wholes);
    for (uint32_t r = range.begin; r < range.end; r++)
        add_replication(&shares, series_of(&range, r, what->part),
                        series_of(&range, r, series->part_of));
    return conclude(arena, &shares, what->confidence);
}
