#include "sim/stats/survival.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "sim/base/check.h"

static const char log_log_method[] = "Kaplan-Meier, log-log";

static int compare_times(const void *left, const void *right)
{
    const struct survival_observation *a = left;
    const struct survival_observation *b = right;
    return (a->at_ns > b->at_ns) - (a->at_ns < b->at_ns);
}

/* Everything that happens at one time. */
struct moment {
    int64_t at_ns;
    uint64_t done_count;
    uint64_t failed_count;
    uint64_t censored_count;
};

/* Count the observations at the time of sorted[first]; returns the index after them. */
static size_t take_moment(const struct survival_observation *sorted, size_t first, size_t count,
                          struct moment *moment)
{
    *moment = (struct moment){.at_ns = sorted[first].at_ns};
    size_t i = first;
    for (; i < count && sorted[i].at_ns == moment->at_ns; i++)
        switch (sorted[i].end) {
        case SURVIVAL_CENSORED: moment->censored_count++; break;
        case SURVIVAL_DONE: moment->done_count++; break;
        case SURVIVAL_FAILED: moment->failed_count++; break;
        }
    CHECK(moment->censored_count + moment->done_count + moment->failed_count == i - first);
    return i;
}

/* What holds after a moment at which something ended. */
static struct survival_step make_step(const struct survival_step *before,
                                      const struct moment *moment, uint64_t at_risk_count)
{
    double at_risk = (double)at_risk_count;
    double done = (double)moment->done_count;
    double failed = (double)moment->failed_count;
    double left = at_risk - done - failed;
    struct survival_step step = {
        .at_ns = moment->at_ns,
        .at_risk_count = at_risk_count,
        .done_count = moment->done_count,
        .failed_count = moment->failed_count,
        .survival = before->survival * (left / at_risk),
        .done = before->done + before->survival * (done / at_risk),
        .failed = before->failed + before->survival * (failed / at_risk),
        .greenwood = before->greenwood,
    };
    if (left > 0)
        step.greenwood += (done + failed) / (at_risk * left);
    CHECK(fabs(step.survival + step.done + step.failed - 1) < 1e-6);
    return step;
}

static void add_steps(struct survival *survival, struct survival_step *steps,
                      const struct survival_observation *sorted, size_t count)
{
    struct survival_step now = {.survival = 1};
    struct moment moment;
    for (size_t i = 0, next; i < count; i = next) {
        next = take_moment(sorted, i, count, &moment);
        if (moment.done_count + moment.failed_count == 0)
            continue;
        now = make_step(&now, &moment, count - i);
        steps[survival->step_count++] = now;
    }
}

const struct survival *
survival_create(struct arena *arena, const struct survival_observation *observations, size_t count)
{
    struct survival *survival = arena_take(arena, sizeof *survival);
    survival->observation_count = count;
    if (count == 0)
        return survival;
    struct survival_observation *sorted = arena_take_array(arena, count, sizeof *sorted);
    memcpy(sorted, observations, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_times);
    CHECK(sorted[0].at_ns >= 0);
    survival->last_at_ns = sorted[count - 1].at_ns;
    struct survival_step *steps = arena_take_array(arena, count, sizeof *steps);
    survival->steps = steps;
    add_steps(survival, steps, sorted, count);
    return survival;
}

bool survival_step_at(const struct survival *survival, int64_t at_ns, struct survival_step *step)
{
    CHECK(at_ns >= 0);
    if (survival->observation_count == 0)
        return false;
    size_t low = 0;
    size_t high = survival->step_count; /* The first step after at_ns lies in low..high. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (survival->steps[middle].at_ns <= at_ns)
            low = middle + 1;
        else
            high = middle;
    }
    struct survival_step found = {.survival = 1};
    if (low > 0)
        found = survival->steps[low - 1];
    if (at_ns > survival->last_at_ns && found.survival > 0)
        return false;
    *step = found;
    return true;
}

struct interval survival_interval(const struct survival *survival, int64_t at_ns, double confidence)
{
    CHECK(confidence > 0 && confidence < 1);
    struct interval interval = {.confidence = confidence, .method = log_log_method};
    struct survival_step step;
    if (!survival_step_at(survival, at_ns, &step))
        return interval;
    interval.state = INTERVAL_NOT_ESTIMABLE;
    interval.estimate = step.survival;
    double logarithm = step.survival > 0 ? log(step.survival) : 0;
    if (!(logarithm < 0))
        return interval;
    double z = gsl_cdf_ugaussian_Qinv((1 - confidence) / 2);
    double stretch = exp(z * sqrt(step.greenwood) / -logarithm);
    interval.state = INTERVAL_KNOWN;
    interval.low = exp(logarithm * stretch);
    interval.high = exp(logarithm / stretch);
    return interval;
}

bool survival_quantile(const struct survival *survival, double share, int64_t *at_ns)
{
    CHECK(share > 0 && share <= 1);
    /* Survival is a product of many rounded factors and has to meet a share such as 0.5 exactly.
     * Its true values lie further apart than this up to some 10^8 observations. */
    const double rounding = 1e-9;
    for (size_t i = 0; i < survival->step_count; i++)
        if (survival->steps[i].survival <= (1 - share) * (1 + rounding)) {
            *at_ns = survival->steps[i].at_ns;
            return true;
        }
    return false;
}

struct survival_limits survival_quantile_limits(const struct survival *survival, double share,
                                                double confidence)
{
    CHECK(share > 0 && share < 1);
    struct survival_limits limits = {0};
    for (size_t i = 0; i < survival->step_count; i++) {
        struct interval open = survival_interval(survival, survival->steps[i].at_ns, confidence);
        if (!interval_is_known(&open))
            continue;
        if (!limits.has_low && open.low <= 1 - share) {
            limits.has_low = true;
            limits.low_ns = survival->steps[i].at_ns;
        }
        if (open.high <= 1 - share) {
            limits.has_high = true;
            limits.high_ns = survival->steps[i].at_ns;
            break;
        }
    }
    return limits;
}
