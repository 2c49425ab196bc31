#include "sim/stats/mean.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

#include "sim/base/check.h"

static const char t_method[] = "t over replications";
static const char paired_method[] = "paired t over replications";

static struct interval t_interval(const struct tally *tally, double confidence, const char *method)
{
    CHECK(confidence > 0 && confidence < 1);
    struct interval interval = {.confidence = confidence, .method = method};
    double variance;
    if (tally->count == 0)
        return interval;
    interval.estimate = tally->mean;
    interval.state = INTERVAL_NOT_ESTIMABLE;
    if (!tally_variance(tally, &variance))
        return interval;
    double count = (double)tally->count;
    double half = gsl_cdf_tdist_Qinv((1 - confidence) / 2, count - 1) * sqrt(variance / count);
    interval.state = INTERVAL_KNOWN;
    interval.low = tally->mean - half;
    interval.high = tally->mean + half;
    return interval;
}

struct interval mean_interval(const struct tally *tally, double confidence)
{
    return t_interval(tally, confidence, t_method);
}

void mean_pairs_add(struct mean_pairs *pairs, double first, double second)
{
    double deviation = first - pairs->first.mean;
    tally_add(&pairs->first, first);
    tally_add(&pairs->second, second);
    tally_add(&pairs->difference, first - second);
    pairs->products += deviation * (second - pairs->second.mean);
}

struct interval mean_pairs_interval(const struct mean_pairs *pairs, double confidence)
{
    return t_interval(&pairs->difference, confidence, paired_method);
}

bool mean_pairs_correlation(const struct mean_pairs *pairs, double *correlation)
{
    double variances = pairs->first.squares * pairs->second.squares;
    if (pairs->first.count < 2 || !(pairs->first.squares > 0) || !(pairs->second.squares > 0) ||
        !(variances > 0))
        return false;
    *correlation = fmax(-1, fmin(1, pairs->products / sqrt(variances)));
    return true;
}

bool mean_pairs_variance_ratio(const struct mean_pairs *pairs, double *ratio)
{
    if (pairs->first.count < 2 || !(pairs->first.squares > 0) || !(pairs->second.squares > 0))
        return false;
    *ratio = pairs->difference.squares / (pairs->first.squares + pairs->second.squares);
    return true;
}
