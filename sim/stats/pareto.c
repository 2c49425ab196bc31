#include "sim/stats/pareto.h"

#include <math.h>

#include "sim/base/check.h"

bool pareto_dominates(const double *first, const double *second, size_t criterion_count)
{
    bool is_better = false;
    for (size_t c = 0; c < criterion_count; c++) {
        CHECK(!isnan(first[c]) && !isnan(second[c]));
        if (first[c] > second[c])
            return false;
        is_better |= first[c] < second[c];
    }
    return is_better;
}

void pareto_front(bool *on_front, const double *values, size_t count, size_t criterion_count)
{
    for (size_t i = 0; i < count; i++) {
        const double *mine = values + i * criterion_count;
        on_front[i] = true;
        for (size_t j = 0; j < count && on_front[i]; j++)
            on_front[i] = !pareto_dominates(values + j * criterion_count, mine, criterion_count);
    }
}

enum pareto_verdict pareto_compare(const struct interval *differences, const double *tolerances,
                                   size_t criterion_count)
{
    bool first_may = true, second_may = true; /* No worse by any criterion so far. */
    bool first_better = false, second_better = false;
    for (size_t c = 0; c < criterion_count; c++) {
        double tolerance = tolerances == NULL ? 0 : tolerances[c];
        CHECK(tolerance >= 0);
        struct interval difference = differences[c];
        if (!interval_is_known(&difference)) {
            if (!interval_has_estimate(&difference) || difference.estimate != 0)
                return PARETO_UNDECIDED;
            difference.low = difference.high = 0;
        }
        first_may &= difference.high <= tolerance;
        second_may &= difference.low >= -tolerance;
        first_better |= difference.high < -tolerance;
        second_better |= difference.low > tolerance;
    }
    if (first_may && first_better)
        return PARETO_FIRST;
    if (second_may && second_better)
        return PARETO_SECOND;
    return PARETO_UNDECIDED;
}
