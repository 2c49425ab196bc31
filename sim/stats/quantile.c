#include "sim/stats/quantile.h"

#include <math.h>

#include "sim/base/check.h"
#include "sim/stats/discrete.h"

static const char order_method[] = "order statistics";

/* For CHECK_SLOW, which does not always look. */
__attribute__((unused)) static bool is_sorted(const double *sorted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(sorted[i]) || (i > 0 && sorted[i - 1] > sorted[i]))
            return false;
    return true;
}

bool quantile_sample(const double *sorted, size_t count, double share, double *value)
{
    CHECK(share >= 0 && share <= 1);
    CHECK_SLOW(is_sorted(sorted, count));
    if (count == 0)
        return false;
    double place = share * (double)(count - 1);
    size_t below = (size_t)place;
    if (below >= count - 1) {
        *value = sorted[count - 1];
        return true;
    }
    /* From the nearer value on, so that equal neighbours give exactly themselves (GSL's version,
     * a weighted sum, may leave them by a rounding and fall outside of the interval below). */
    *value = sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
    return true;
}

bool quantile_find_ranks(uint64_t count, double share, double confidence,
                         struct quantile_ranks *ranks)
{
    CHECK(confidence > 0 && confidence < 1);
    CHECK(share >= 0 && share <= 1);
    double tail = (1 - confidence) / 2;
    if (count == 0 || discrete_binomial(0, count, share).at > tail ||
        discrete_binomial(count, count, share).at > tail)
        return false;
    /* The largest rank with fewer than `rank` values below the quantile at most that likely. */
    uint64_t low = 1;
    uint64_t end = count + 1;
    while (end - low > 1) {
        uint64_t middle = low + (end - low) / 2;
        if (discrete_binomial(middle, count, share).below <= tail)
            low = middle;
        else
            end = middle;
    }
    /* The least rank with at least `rank` values below it at most that likely. */
    uint64_t high = count;
    uint64_t start = 0;
    while (high - start > 1) {
        uint64_t middle = start + (high - start) / 2;
        struct discrete_tails tails = discrete_binomial(middle, count, share);
        if (tails.at + tails.above <= tail)
            high = middle;
        else
            start = middle;
    }
    *ranks = (struct quantile_ranks){.low = low, .high = high};
    return true;
}

struct interval quantile_interval(const double *sorted, size_t count, double share,
                                  double confidence)
{
    CHECK(confidence > 0 && confidence < 1);
    struct interval interval = {.confidence = confidence, .method = order_method};
    struct quantile_ranks ranks;
    if (!quantile_sample(sorted, count, share, &interval.estimate))
        return interval;
    interval.state = INTERVAL_NOT_ESTIMABLE;
    if (!quantile_find_ranks(count, share, confidence, &ranks))
        return interval;
    interval.state = INTERVAL_KNOWN;
    interval.low = sorted[ranks.low - 1];
    interval.high = sorted[ranks.high - 1];
    return interval;
}
