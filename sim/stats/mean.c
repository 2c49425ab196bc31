#include "sim/stats/mean.h"

#include <float.h>
#include <math.h>

#include <gsl/gsl_cdf.h>

#include "sim/base/check.h"

static const char t_method[] = "t over replications";
static const char paired_method[] = "paired t over replications";
static const char welch_method[] = "Welch t over replications";

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

/* The largest value of the two, by size. */
static double largest_of(const struct tally *first, const struct tally *second)
{
    return fmax(fmax(fabs(first->min), fabs(first->max)),
                fmax(fabs(second->min), fabs(second->max)));
}

/* A difference that is only the rounding of what was subtracted is 0. */
static double settle(double difference, const struct tally *first, const struct tally *second)
{
    return fabs(difference) <= 1e-12 * largest_of(first, second) ? 0 : difference;
}

static void settle_interval(struct interval *interval, const struct tally *first,
                            const struct tally *second)
{
    if (interval_has_estimate(interval))
        interval->estimate = settle(interval->estimate, first, second);
    if (!interval_is_known(interval))
        return;
    interval->low = settle(interval->low, first, second);
    interval->high = settle(interval->high, first, second);
}

struct interval mean_pairs_interval(const struct mean_pairs *pairs, double confidence)
{
    struct interval interval = t_interval(&pairs->difference, confidence, paired_method);
    settle_interval(&interval, &pairs->first, &pairs->second);
    return interval;
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

/* P(|T| >= |t|) with t = difference / error; without an error only no difference has a p. */
static bool find_p_value(double difference, double error, double freedom, double *p_value)
{
    if (!(error > 0)) {
        if (difference < 0 || difference > 0)
            return false;
        *p_value = 1;
        return true;
    }
    *p_value = fmin(1, 2 * gsl_cdf_tdist_Q(fabs(difference) / error, freedom));
    return true;
}

/* Differences of equal size come out a little different, by the rounding of what they are made of;
 * that is no variance. */
static double rounding(const struct mean_pairs *pairs)
{
    return 8 * DBL_EPSILON * largest_of(&pairs->first, &pairs->second);
}

bool mean_pairs_p_value(const struct mean_pairs *pairs, double *p_value)
{
    double variance;
    if (!tally_variance(&pairs->difference, &variance))
        return false;
    double count = (double)pairs->difference.count;
    double error = sqrt(variance / count);
    double difference = settle(pairs->difference.mean, &pairs->first, &pairs->second);
    return find_p_value(difference, error > rounding(pairs) ? error : 0, count - 1, p_value);
}

/* What Welch's interval and test share. Freedom is Satterthwaite's; without any variance there is
 * none. */
struct welch {
    double difference, error, freedom;
};

static bool find_welch(const struct tally *first, const struct tally *second, struct welch *welch)
{
    double variances[2];
    if (!tally_variance(first, &variances[0]) || !tally_variance(second, &variances[1]))
        return false;
    double a = variances[0] / (double)first->count;
    double b = variances[1] / (double)second->count;
    *welch = (struct welch){.difference = settle(first->mean - second->mean, first, second),
                            .error = sqrt(a + b)};
    if (!(a + b > 0))
        return true;
    /* As shares of the sum, so that no square underflows. */
    double sum = a + b;
    a /= sum;
    b /= sum;
    welch->freedom = 1 / (a * a / (double)(first->count - 1) + b * b / (double)(second->count - 1));
    return true;
}

struct interval mean_welch_interval(const struct tally *first, const struct tally *second,
                                    double confidence)
{
    CHECK(confidence > 0 && confidence < 1);
    struct interval interval = {.confidence = confidence, .method = welch_method};
    struct welch welch;
    if (first->count == 0 || second->count == 0)
        return interval;
    interval.estimate = settle(first->mean - second->mean, first, second);
    interval.state = INTERVAL_NOT_ESTIMABLE;
    if (!find_welch(first, second, &welch))
        return interval;
    double half = 0;
    if (welch.error > 0)
        half = gsl_cdf_tdist_Qinv((1 - confidence) / 2, welch.freedom) * welch.error;
    interval.state = INTERVAL_KNOWN;
    interval.low = welch.difference - half;
    interval.high = welch.difference + half;
    settle_interval(&interval, first, second);
    return interval;
}

bool mean_welch_p_value(const struct tally *first, const struct tally *second, double *p_value)
{
    struct welch welch;
    return find_welch(first, second, &welch) &&
           find_p_value(welch.difference, welch.error, welch.freedom, p_value);
}
