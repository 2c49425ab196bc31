#include "sim/stats/paired_proportions.h"

#include <math.h>

#include "sim/base/check.h"
#include "sim/stats/discrete.h"
#include "sim/stats/proportion.h"

static const char newcombe_method[] = "Newcombe paired";

static uint64_t check_units(const struct paired_proportions *units)
{
    CHECK(units->both_count <= DISCRETE_COUNT_MAX && units->only_first_count <= DISCRETE_COUNT_MAX);
    CHECK(units->only_second_count <= DISCRETE_COUNT_MAX);
    CHECK(units->neither_count <= DISCRETE_COUNT_MAX);
    uint64_t count = units->both_count + units->only_first_count + units->only_second_count +
                     units->neither_count;
    CHECK(count <= DISCRETE_COUNT_MAX);
    return count;
}

/* Correlation of the two outcomes, a positive one with a correction for continuity; 0 where one
 * side does not vary. */
static double find_phi(const struct paired_proportions *units)
{
    double a = (double)units->both_count;
    double b = (double)units->only_first_count;
    double c = (double)units->only_second_count;
    double d = (double)units->neither_count;
    double margins = (a + b) * (c + d) * (a + c) * (b + d);
    if (margins <= 0)
        return 0;
    double cross = a * d - b * c;
    if (cross > 0)
        cross = fmax(0, cross - (a + b + c + d) / 2);
    return cross / sqrt(margins);
}

/* The third side of a triangle; phi = 0 makes it Pythagoras. */
static double combine(double x, double y, double phi)
{
    return sqrt(fmax(0, x * x - 2 * phi * x * y + y * y));
}

struct interval paired_proportions_difference(const struct paired_proportions *units,
                                              double confidence)
{
    CHECK(confidence > 0 && confidence < 1);
    struct interval interval = {.confidence = confidence, .method = newcombe_method};
    double count = (double)check_units(units);
    if (count <= 0)
        return interval;
    double both = (double)units->both_count;
    double only_first = (double)units->only_first_count;
    double only_second = (double)units->only_second_count;
    struct interval first = proportion_wilson(both + only_first, count, confidence);
    struct interval second = proportion_wilson(both + only_second, count, confidence);
    double phi = find_phi(units);
    double difference = (only_first - only_second) / count;
    double below = combine(first.estimate - first.low, second.high - second.estimate, phi);
    double above = combine(second.estimate - second.low, first.high - first.estimate, phi);
    interval.state = INTERVAL_KNOWN;
    interval.estimate = difference;
    interval.low = fmax(-1, difference - below);
    interval.high = fmin(1, difference + above);
    return interval;
}

/* The smaller of the two changes among all changes, each way equally likely. */
static struct discrete_tails find_changes(const struct paired_proportions *units)
{
    check_units(units);
    uint64_t b = units->only_first_count;
    uint64_t c = units->only_second_count;
    return discrete_binomial(b < c ? b : c, b + c, 0.5);
}

double paired_proportions_exact(const struct paired_proportions *units)
{
    struct discrete_tails changes = find_changes(units);
    return fmin(1, 2 * (changes.below + changes.at));
}

double paired_proportions_mid(const struct paired_proportions *units)
{
    if (units->only_first_count + units->only_second_count == 0)
        return 1;
    struct discrete_tails changes = find_changes(units);
    if (units->only_first_count == units->only_second_count)
        return 1 - changes.at / 2;
    return 2 * changes.below + changes.at;
}
