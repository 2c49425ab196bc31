#include "sim/stats/cluster.h"

#include "sim/base/check.h"
#include "sim/stats/proportion.h"

void cluster_add(struct cluster_tally *tally, uint64_t units, uint64_t hits)
{
    CHECK(hits <= units);
    if (units == 0)
        return;
    double size = (double)units;
    tally->cluster_count++;
    tally->unit_count += units;
    tally->hit_count += hits;
    tally->squared_sizes += size * size;
    tally->scaled_hits += (double)hits * (double)hits / size;
}

struct cluster_effect cluster_effect(const struct cluster_tally *tally)
{
    double units = (double)tally->unit_count;
    struct cluster_effect effect = {.design = 1, .effective = units};
    /* Nothing varies within clusters of one unit, and nothing between clusters if there is one. */
    if (tally->cluster_count < 2 || tally->unit_count == tally->cluster_count)
        return effect;
    double clusters = (double)tally->cluster_count;
    double hits = (double)tally->hit_count;
    double between = (tally->scaled_hits - hits * hits / units) / (clusters - 1);
    double within = (hits - tally->scaled_hits) / (units - clusters);
    double size = (units * units - tally->squared_sizes) / ((clusters - 1) * units);
    double total = between + (size - 1) * within;
    if (!(total > 0))
        return effect;
    effect.is_known = true;
    effect.correlation = (between - within) / total;
    double design = (units + effect.correlation * (tally->squared_sizes - units)) / units;
    if (design > 1)
        effect.design = design;
    effect.effective = units / effect.design;
    return effect;
}

/* Hits scaled to the effective number of units; all hits stay all, none stay none. */
static double effective_hits(const struct cluster_tally *tally, double effective)
{
    if (tally->hit_count == tally->unit_count)
        return effective;
    double hits = (double)tally->hit_count / (double)tally->unit_count * effective;
    return hits < effective ? hits : effective;
}

/* The share itself, not what is left of it after going through the effective number: a threshold
 * may ask for exactly 1 %. */
static void set_estimate(struct interval *interval, const struct cluster_tally *tally)
{
    if (interval_has_estimate(interval))
        interval->estimate = (double)tally->hit_count / (double)tally->unit_count;
}

/* Clusters of one unit have nothing to be alike in. */
static bool is_assuming(const struct cluster_tally *tally, const struct cluster_effect *effect)
{
    return !effect->is_known && tally->unit_count > tally->cluster_count;
}

struct interval cluster_wilson(const struct cluster_tally *tally, double confidence)
{
    struct cluster_effect effect = cluster_effect(tally);
    struct interval interval =
        proportion_wilson(effective_hits(tally, effect.effective), effect.effective, confidence);
    interval.assumes_independence = is_assuming(tally, &effect);
    interval.method = interval.assumes_independence ? "Wilson as if units were independent"
                                                    : "Wilson with the design effect";
    set_estimate(&interval, tally);
    return interval;
}

struct interval cluster_clopper_pearson(const struct cluster_tally *tally, double confidence)
{
    struct cluster_effect effect = cluster_effect(tally);
    struct interval interval = proportion_clopper_pearson(effective_hits(tally, effect.effective),
                                                          effect.effective, confidence);
    interval.assumes_independence = is_assuming(tally, &effect);
    interval.method = interval.assumes_independence ? "Clopper-Pearson as if units were independent"
                                                    : "Clopper-Pearson with the design effect";
    set_estimate(&interval, tally);
    return interval;
}

double cluster_upper_bound(const struct cluster_tally *tally, double confidence)
{
    double effective = cluster_effect(tally).effective;
    return proportion_upper_bound(effective_hits(tally, effective), effective, confidence);
}
