#include <float.h>
#include <math.h>

#include "sim/base/check.h"
#include "sim/experiment/threshold.h"
#include "sim/experiment/threshold_estimate.h"
#include "sim/experiment/threshold_form.h"

/* Below this many replications a percentile interval is too narrow (bootstrap.h). */
enum { RESAMPLED_MIN = 20 };

/* One question: how a sum of quantities lies to numbers. */
struct demand {
    enum threshold_subject subject;
    enum threshold_relation relation;
    struct form sum;
    double low;
    double high; /* Of `within`, else as low. */
};

/* Is a number in the demand? Numbers that differ by rounding only are equal. */
static bool is_met(const struct demand *demand, double value, double rounding)
{
    bool is_above_low = value > demand->low + rounding;
    bool is_below_low = value < demand->low - rounding;
    switch (demand->relation) {
    case THRESHOLD_BELOW: return is_below_low;
    case THRESHOLD_AT_MOST: return !is_above_low;
    case THRESHOLD_ABOVE: return is_above_low;
    case THRESHOLD_AT_LEAST: return !is_below_low;
    case THRESHOLD_EQUAL: return !is_above_low && !is_below_low;
    case THRESHOLD_WITHIN: return !is_below_low && value <= demand->high + rounding;
    }
    CHECK_UNREACHABLE("a known relation");
}

static double find_margin(const struct demand *demand, double value)
{
    switch (demand->relation) {
    case THRESHOLD_BELOW:
    case THRESHOLD_AT_MOST: return demand->low - value;
    case THRESHOLD_ABOVE:
    case THRESHOLD_AT_LEAST: return value - demand->low;
    case THRESHOLD_EQUAL: return 0;
    case THRESHOLD_WITHIN: return fmin(value - demand->low, demand->high - value);
    }
    CHECK_UNREACHABLE("a known relation");
}

/* Every demand is an interval of numbers. So an interval is inside it if both ends are, and outside
 * if neither end is, unless it reaches over the demand on both sides. */
static void judge_interval(const struct demand *demand, const struct threshold_estimate *estimate,
                           struct threshold_result *result)
{
    const struct interval *interval = &result->interval;
    double margin = find_margin(demand, interval->estimate);
    double rounding = 8 * DBL_EPSILON * estimate->magnitude;
    bool is_low_met = is_met(demand, interval->low, rounding);
    bool is_high_met = is_met(demand, interval->high, rounding);
    bool is_around = demand->relation == THRESHOLD_WITHIN && interval->low < demand->low &&
                     interval->high > demand->high;
    if (is_low_met && is_high_met) {
        result->verdict = THRESHOLD_PASS;
        result->reason = "the interval is inside";
    } else if (!is_low_met && !is_high_met && !is_around) {
        result->verdict = THRESHOLD_FAIL;
        result->reason = "the interval is outside";
    } else if (fabs(margin) < estimate->resolution) {
        result->verdict = THRESHOLD_INCONCLUSIVE;
        result->reason = "the limit is nearer than what durations are kept to (1 part in 64); more "
                         "replications will not decide";
    } else {
        result->verdict = THRESHOLD_INCONCLUSIVE;
        result->reason = "the interval is partly inside; more replications may decide";
    }
}

static void judge_sample(bool is_good, struct threshold_result *result)
{
    result->verdict = is_good ? THRESHOLD_PASS : THRESHOLD_FAIL;
    result->reason = is_good ? "the sample meets it" : "the sample does not meet it";
}

/* "==" of metrics: the same in every replication? */
static void judge_equality(const struct threshold_view *view, const struct demand *demand,
                           struct threshold_result *result)
{
    struct threshold_difference difference = threshold_difference(view, &demand->sum);
    judge_sample(difference.replications_unlike == 0, result);
    result->has_upper_bound = true;
    result->upper_bound = difference.upper_bound;
    result->bound_of = difference.bound_of;
    if (demand->sum.term_count > 1)
        result->reason =
            difference.replications_unlike == 0
                ? "both sides are the same in every replication"
                : arena_print(view->arena, "the sides differ in %llu of %llu replications",
                              (unsigned long long)difference.replications_unlike,
                              (unsigned long long)difference.replications);
}

static struct threshold_result judge(const struct threshold_view *view, const struct demand *demand)
{
    struct threshold_estimate estimate = threshold_estimate(view, &demand->sum);
    struct threshold_result result = {
        .dimension = view->threshold->dimension,
        .subject = demand->subject,
        .interval = estimate.interval,
        .is_sample = estimate.is_sample,
    };
    if (!interval_has_estimate(&result.interval)) {
        result.verdict = THRESHOLD_FAIL;
        result.reason = "there are no samples";
        return result;
    }
    result.low = demand->low;
    result.high = demand->high;
    if (estimate.is_end_unknown) {
        result.verdict = THRESHOLD_INCONCLUSIVE;
        result.reason = "an end of an interval is not known; run more replications";
    } else if (estimate.is_sample) {
        judge_sample(is_met(demand, result.interval.estimate, 8 * DBL_EPSILON * estimate.magnitude),
                     &result);
    } else if (demand->relation == THRESHOLD_EQUAL) {
        judge_equality(view, demand, &result);
    } else if (!interval_is_known(&result.interval)) {
        result.verdict = THRESHOLD_INCONCLUSIVE;
        result.reason = "there is an estimate and no interval; run more replications";
    } else {
        judge_interval(demand, &estimate, &result);
        if (estimate.is_resampled && view->summary->replication_count < RESAMPLED_MIN)
            result.reason = arena_print(
                view->arena, "%s (from fewer than %d replications, which makes it too narrow)",
                result.reason, RESAMPLED_MIN);
    }
    return result;
}

/* Against a number the left side itself, else the difference against 0. */
static struct demand make_demand(const struct threshold *threshold,
                                 const struct threshold_sum *limit, enum threshold_subject subject)
{
    struct demand demand = {
        .subject = THRESHOLD_LEFT,
        .relation = threshold->relation,
        .sum = form_of_sum(threshold, &threshold->left),
        .low = limit->constant,
        .high = limit->constant,
    };
    if (limit->term_count == 0)
        return demand;
    struct form other = form_of_sum(threshold, limit);
    demand.subject = subject;
    demand.low = demand.high = 0;
    enum form_problem problem = form_add(&demand.sum, &other, -1);
    CHECK(problem == FORM_GOOD); /* Tried by threshold_parse. */
    return demand;
}

/* `within` limits that are not numbers: of two equally bad answers the one that is nearer to its
 * limit. */
static struct threshold_result judge_both(const struct threshold_view *view, struct demand *low,
                                          struct demand *high)
{
    low->relation = THRESHOLD_AT_LEAST;
    high->relation = THRESHOLD_AT_MOST;
    struct threshold_result over_low = judge(view, low);
    struct threshold_result under_high = judge(view, high);
    if (over_low.verdict != under_high.verdict)
        return threshold_worse(over_low.verdict, under_high.verdict) == over_low.verdict
                   ? over_low
                   : under_high;
    return find_margin(low, over_low.interval.estimate) <=
                   find_margin(high, under_high.interval.estimate)
               ? over_low
               : under_high;
}

struct threshold_result threshold_judge(const struct threshold *threshold,
                                        const struct summary *summary, struct arena *arena)
{
    struct threshold_view view = {.threshold = threshold, .summary = summary, .arena = arena};
    if (threshold->relation != THRESHOLD_WITHIN) {
        struct demand demand = make_demand(threshold, &threshold->low, THRESHOLD_LEFT_MINUS_RIGHT);
        return judge(&view, &demand);
    }
    struct demand low = make_demand(threshold, &threshold->low, THRESHOLD_LEFT_MINUS_LOW);
    struct demand high = make_demand(threshold, &threshold->high, THRESHOLD_LEFT_MINUS_HIGH);
    if (threshold->low.term_count > 0 || threshold->high.term_count > 0)
        return judge_both(&view, &low, &high);
    low.high = high.high;
    return judge(&view, &low);
}
