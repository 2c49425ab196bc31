#include "sim/stats/shapley.h"

#include "sim/base/check.h"

/* |S|! (k - |S| - 1)! / k!, as 1 / (k binomial(k - 1, |S|)). */
static double weight(size_t factor_count, size_t size)
{
    double binomial = 1;
    for (size_t i = 0; i < size; i++)
        binomial = binomial * (double)(factor_count - 1 - i) / (double)(i + 1);
    return 1 / ((double)factor_count * binomial);
}

double shapley_share(const double *values, size_t factor_count, size_t factor)
{
    CHECK(factor < factor_count && factor_count <= SHAPLEY_FACTORS_MAX);
    size_t bit = (size_t)1 << factor;
    double share = 0;
    for (size_t mask = 0; mask < (size_t)1 << factor_count; mask++) {
        if (mask & bit)
            continue;
        size_t size = (size_t)__builtin_popcountll(mask);
        share += weight(factor_count, size) * (values[mask | bit] - values[mask]);
    }
    return share;
}
