#include "sim/experiment/duration.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

#include "sim/base/check.h"

static const char woodruff_method[] = "Woodruff over replications";

static const struct histogram *histogram_of(const struct duration_source *source,
                                            uint32_t replication)
{
    const struct record *record = result_record(source->result, replication, source->variant);
    return &record->histograms[source->histogram];
}

/* How many times wider the variance of the share of values up to `cut_ns` is than if values were
 * independent; at least 1. Also counts the replications that have values. */
static double find_design(const struct duration_source *source, int64_t cut_ns,
                          uint32_t *replication_count)
{
    double count = (double)source->all->count;
    double share = (double)histogram_count_to(source->all, cut_ns) / count;
    double squares = 0;
    *replication_count = 0;
    for (uint32_t r = 0; r < source->result->replication_count; r++) {
        const struct histogram *histogram = histogram_of(source, r);
        if (histogram->count == 0)
            continue;
        double residual =
            (double)histogram_count_to(histogram, cut_ns) - share * (double)histogram->count;
        squares += residual * residual;
        ++*replication_count;
    }
    double independent = count * share * (1 - share);
    if (*replication_count < 2 || !(independent > 0))
        return 1;
    double replications = *replication_count;
    return fmax(1, squares * (replications / (replications - 1)) / independent);
}

static double half_bucket(int64_t value_ns)
{
    return (double)histogram_bucket_half_ns(histogram_bucket(value_ns));
}

struct interval duration_quantile(const struct duration_source *source, double share,
                                  double confidence)
{
    CHECK(share > 0 && share < 1);
    CHECK(confidence > 0 && confidence < 1);
    struct interval interval = {.confidence = confidence, .method = woodruff_method};
    int64_t estimate_ns, low_ns, high_ns;
    if (!histogram_quantile(source->all, share, &estimate_ns))
        return interval;
    interval.state = INTERVAL_NOT_ESTIMABLE;
    interval.estimate = (double)estimate_ns;
    uint32_t replication_count;
    double design = find_design(source, estimate_ns, &replication_count);
    if (replication_count < 2)
        return interval;
    double t = gsl_cdf_tdist_Qinv((1 - confidence) / 2, replication_count - 1.0);
    double half = t * sqrt(design * share * (1 - share) / (double)source->all->count);
    if (share - half <= 0 || share + half >= 1)
        return interval;
    histogram_quantile(source->all, share - half, &low_ns);
    histogram_quantile(source->all, share + half, &high_ns);
    interval.state = INTERVAL_KNOWN;
    interval.low = fmax((double)low_ns - half_bucket(low_ns), (double)source->all->min_ns);
    interval.high = fmin((double)high_ns + half_bucket(high_ns), (double)source->all->max_ns);
    return interval;
}
