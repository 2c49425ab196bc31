#include "sim/stats/two_proportions.h"

#include <math.h>
#include <stdint.h>

#include <gsl/gsl_cdf.h>

#include "sim/base/check.h"
#include "sim/stats/discrete.h"
#include "sim/stats/proportion.h"

static const char newcombe_method[] = "Newcombe hybrid score";
static const char katz_method[] = "Katz log";
static const char katz_half_method[] = "Katz log, 0.5 added";
static const char woolf_method[] = "Woolf log";
static const char woolf_half_method[] = "Woolf log, 0.5 added";

static void check_groups(const struct two_proportions *groups, double confidence)
{
    CHECK(groups->first_hits >= 0 && groups->first_hits <= groups->first_count);
    CHECK(groups->second_hits >= 0 && groups->second_hits <= groups->second_count);
    CHECK(groups->first_count <= 1e12 && groups->second_count <= 1e12);
    CHECK(confidence > 0 && confidence < 1);
}

struct interval two_proportions_difference(const struct two_proportions *groups, double confidence)
{
    check_groups(groups, confidence);
    struct interval interval = {.confidence = confidence, .method = newcombe_method};
    if (groups->first_count <= 0 || groups->second_count <= 0)
        return interval;
    struct interval first = proportion_wilson(groups->first_hits, groups->first_count, confidence);
    struct interval second =
        proportion_wilson(groups->second_hits, groups->second_count, confidence);
    double difference = first.estimate - second.estimate;
    double below = hypot(first.estimate - first.low, second.high - second.estimate);
    double above = hypot(first.high - first.estimate, second.estimate - second.low);
    interval.state = INTERVAL_KNOWN;
    interval.estimate = difference;
    interval.low = fmax(-1, difference - below);
    interval.high = fmin(1, difference + above);
    return interval;
}

/* a and b are hits and misses of the first group, c and d of the second. */
struct cells {
    double a, b, c, d;
    bool is_shifted; /* By 0.5 each. */
};

static struct cells find_cells(const struct two_proportions *groups)
{
    struct cells cells = {
        .a = groups->first_hits,
        .b = groups->first_count - groups->first_hits,
        .c = groups->second_hits,
        .d = groups->second_count - groups->second_hits,
    };
    if (cells.a > 0 && cells.b > 0 && cells.c > 0 && cells.d > 0)
        return cells;
    return (struct cells){cells.a + 0.5, cells.b + 0.5, cells.c + 0.5, cells.d + 0.5, true};
}

/* Fill in exp(logarithm -+ z error). */
static void set_ratio(struct interval *interval, double logarithm, double variance)
{
    double z = gsl_cdf_ugaussian_Qinv((1 - interval->confidence) / 2);
    double low = exp(logarithm - z * sqrt(variance));
    double high = exp(logarithm + z * sqrt(variance));
    interval->state = INTERVAL_NOT_ESTIMABLE;
    interval->estimate = exp(logarithm);
    if (!isfinite(high))
        return;
    interval->state = INTERVAL_KNOWN;
    interval->low = low;
    interval->high = high;
}

struct interval two_proportions_risk_ratio(const struct two_proportions *groups, double confidence)
{
    check_groups(groups, confidence);
    struct interval interval = {.confidence = confidence, .method = katz_method};
    if (groups->first_count <= 0 || groups->second_count <= 0 ||
        groups->first_hits + groups->second_hits <= 0)
        return interval;
    struct cells cells = find_cells(groups);
    if (cells.is_shifted)
        interval.method = katz_half_method;
    /* 1/a - 1/(a + b), without the cancellation. */
    double variance =
        cells.b / cells.a / (cells.a + cells.b) + cells.d / cells.c / (cells.c + cells.d);
    double logarithm = log(cells.a / (cells.a + cells.b)) - log(cells.c / (cells.c + cells.d));
    set_ratio(&interval, logarithm, variance);
    return interval;
}

struct interval two_proportions_odds_ratio(const struct two_proportions *groups, double confidence)
{
    check_groups(groups, confidence);
    struct interval interval = {.confidence = confidence, .method = woolf_method};
    double hits = groups->first_hits + groups->second_hits;
    if (groups->first_count <= 0 || groups->second_count <= 0 || hits <= 0 ||
        (groups->first_hits >= groups->first_count && groups->second_hits >= groups->second_count))
        return interval;
    struct cells cells = find_cells(groups);
    if (cells.is_shifted)
        interval.method = woolf_half_method;
    double variance = 1 / cells.a + 1 / cells.b + 1 / cells.c + 1 / cells.d;
    double logarithm = log(cells.a / cells.b) - log(cells.c / cells.d);
    set_ratio(&interval, logarithm, variance);
    return interval;
}

static uint64_t whole(double number)
{
    CHECK(number >= 0 && number <= (double)DISCRETE_COUNT_MAX && number == floor(number));
    return (uint64_t)number;
}

double two_proportions_fisher(const struct two_proportions *groups)
{
    uint64_t first_hits = whole(groups->first_hits);
    uint64_t first_count = whole(groups->first_count);
    uint64_t second_hits = whole(groups->second_hits);
    uint64_t second_count = whole(groups->second_count);
    CHECK(first_hits <= first_count && second_hits <= second_count);
    const struct discrete_urn urn = {
        .total_count = first_count + second_count,
        .marked_count = first_hits + second_hits,
        .drawn_count = first_count,
    };
    return discrete_hypergeometric(first_hits, &urn).as_rare;
}
