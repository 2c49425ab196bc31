#include "sim/stats/odds.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

#include "sim/base/check.h"

static const char plain_method[] = "Mantel-Haenszel";
static const char half_method[] = "Mantel-Haenszel, 0.5 added";

/* The sums of Robins, Breslow and Greenland: r = a d / n, s = b c / n, p = (a + d) / n,
 * q = (b + c) / n. */
struct sums {
    double r, s, pr, ps_and_qr, qs;
};

/* Can the stratum tell anything: are both groups there, and both hits and misses? */
static bool is_informative(const struct two_proportions *stratum)
{
    double hits = stratum->first_hits + stratum->second_hits;
    double count = stratum->first_count + stratum->second_count;
    return stratum->first_count > 0 && stratum->second_count > 0 && hits > 0 && hits < count;
}

static void add(struct sums *sums, const struct two_proportions *stratum, double extra)
{
    double a = stratum->first_hits + extra;
    double b = stratum->first_count - stratum->first_hits + extra;
    double c = stratum->second_hits + extra;
    double d = stratum->second_count - stratum->second_hits + extra;
    double n = a + b + c + d;
    double r = a * d / n, s = b * c / n;
    double p = (a + d) / n, q = (b + c) / n;
    sums->r += r;
    sums->s += s;
    sums->pr += p * r;
    sums->ps_and_qr += p * s + q * r;
    sums->qs += q * s;
}

static struct sums add_all(const struct two_proportions *strata, size_t stratum_count, double extra)
{
    struct sums sums = {0};
    for (size_t i = 0; i < stratum_count; i++) {
        const struct two_proportions *stratum = &strata[i];
        CHECK(stratum->first_hits >= 0 && stratum->first_hits <= stratum->first_count);
        CHECK(stratum->second_hits >= 0 && stratum->second_hits <= stratum->second_count);
        CHECK(stratum->first_count <= 1e12 && stratum->second_count <= 1e12);
        if (is_informative(stratum))
            add(&sums, stratum, extra);
    }
    return sums;
}

struct interval odds_mantel_haenszel(const struct two_proportions *strata, size_t stratum_count,
                                     double confidence)
{
    CHECK(confidence > 0 && confidence < 1);
    struct interval interval = {.confidence = confidence, .method = plain_method};
    struct sums sums = add_all(strata, stratum_count, 0);
    if (sums.r <= 0 || sums.s <= 0) {
        interval.method = half_method;
        sums = add_all(strata, stratum_count, 0.5);
    }
    if (sums.r <= 0 || sums.s <= 0)
        return interval; /* No stratum tells anything. */
    double variance = sums.pr / (2 * sums.r * sums.r) + sums.ps_and_qr / (2 * sums.r * sums.s) +
                      sums.qs / (2 * sums.s * sums.s);
    double logarithm = log(sums.r / sums.s);
    double z = gsl_cdf_ugaussian_Qinv((1 - confidence) / 2);
    double low = exp(logarithm - z * sqrt(variance));
    double high = exp(logarithm + z * sqrt(variance));
    interval.state = INTERVAL_NOT_ESTIMABLE;
    interval.estimate = exp(logarithm);
    if (!isfinite(high))
        return interval;
    interval.state = INTERVAL_KNOWN;
    interval.low = low;
    interval.high = high;
    return interval;
}
