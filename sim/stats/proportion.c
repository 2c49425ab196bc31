#include "sim/stats/proportion.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

#include "sim/base/check.h"

static const char wilson_method[] = "Wilson";
static const char clopper_pearson_method[] = "Clopper-Pearson";
static const char jeffreys_method[] = "Jeffreys";

struct beta {
    double a;
    double b;
    bool is_upper; /* The tail is above x, not below it. */
};

/* The tail of the distribution at x. GSL gives NaN for huge parameters; there the distribution is
 * normal to more digits than anybody prints. */
static double beta_tail(const struct beta *beta, double x)
{
    double a = beta->a;
    double b = beta->b;
    double tail = beta->is_upper ? gsl_cdf_beta_Q(x, a, b) : gsl_cdf_beta_P(x, a, b);
    if (!isnan(tail))
        return tail;
    double mean = a / (a + b);
    double deviation = sqrt(mean * (1 - mean) / (a + b + 1));
    double z = (x - mean) / deviation;
    return beta->is_upper ? gsl_cdf_ugaussian_Q(z) : gsl_cdf_ugaussian_P(z);
}

/* Invert the tail by bisection: halving until the scale is known, then by the geometric mean, then
 * by the arithmetic one; the result is good to a few units in the last place of x. */
static double beta_inverse(const struct beta *beta, double tail)
{
    CHECK(tail > 0 && tail < 1 && beta->a > 0 && beta->b > 0);
    double low = 0;
    double high = 1;
    for (int i = 0; i < 4000 && high - low > 4e-16 * high; i++) {
        double middle = (low + high) / 2;
        if (low > 0 && high / low > 4)
            middle = sqrt(low * high);
        if (middle <= low || middle >= high)
            break;
        bool is_left = (beta_tail(beta, middle) < tail) != beta->is_upper;
        if (is_left)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

double proportion_beta_lower(double tail, double a, double b)
{
    return beta_inverse(&(struct beta){.a = a, .b = b, .is_upper = false}, tail);
}

double proportion_beta_upper(double tail, double a, double b)
{
    return beta_inverse(&(struct beta){.a = a, .b = b, .is_upper = true}, tail);
}

/* An interval with its estimate in place, or "no data". */
static struct interval begin(double hits, double count, double confidence, const char *method)
{
    CHECK(hits >= 0 && hits <= count && count <= 1e12);
    CHECK(confidence > 0 && confidence < 1);
    if (count <= 0)
        return (struct interval){.confidence = confidence, .method = method};
    return (struct interval){
        .state = INTERVAL_KNOWN,
        .low = 0,
        .estimate = hits / count,
        .high = 1,
        .confidence = confidence,
        .method = method,
    };
}

struct interval proportion_wilson(double hits, double count, double confidence)
{
    struct interval interval = begin(hits, count, confidence, wilson_method);
    if (!interval_is_known(&interval))
        return interval;
    double z = gsl_cdf_ugaussian_Qinv((1 - confidence) / 2);
    double p = interval.estimate;
    double shrink = 1 + z * z / count;
    double centre = (p + z * z / (2 * count)) / shrink;
    double half = z / shrink * sqrt(p * (1 - p) / count + z * z / (4 * count * count));
    if (hits > 0)
        interval.low = fmax(0, centre - half);
    if (hits < count)
        interval.high = fmin(1, centre + half);
    return interval;
}

struct interval proportion_clopper_pearson(double hits, double count, double confidence)
{
    struct interval interval = begin(hits, count, confidence, clopper_pearson_method);
    if (!interval_is_known(&interval))
        return interval;
    double tail = (1 - confidence) / 2;
    if (hits > 0)
        interval.low = proportion_beta_lower(tail, hits, count - hits + 1);
    if (hits < count)
        interval.high = proportion_beta_upper(tail, hits + 1, count - hits);
    return interval;
}

struct interval proportion_jeffreys(double hits, double count, double confidence)
{
    struct interval interval = begin(hits, count, confidence, jeffreys_method);
    if (!interval_is_known(&interval))
        return interval;
    double tail = (1 - confidence) / 2;
    if (hits > 0)
        interval.low = proportion_beta_lower(tail, hits + 0.5, count - hits + 0.5);
    if (hits < count)
        interval.high = proportion_beta_upper(tail, hits + 0.5, count - hits + 0.5);
    return interval;
}

double proportion_upper_bound(double hits, double count, double confidence)
{
    CHECK(hits >= 0 && hits <= count && count <= 1e12);
    CHECK(confidence > 0 && confidence < 1);
    if (count <= 0 || hits >= count)
        return 1;
    if (hits <= 0)
        return -expm1(log1p(-confidence) / count);
    return proportion_beta_upper(1 - confidence, hits + 1, count - hits);
}
