#include "sim/experiment/plan.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "sim/base/check.h"

struct plan_demand plan_half_width(const char *text, const struct interval *interval,
                                   double half_width)
{
    CHECK(half_width > 0);
    if (!interval_is_known(interval))
        return (struct plan_demand){.text = text};
    if (interval->assumes_independence)
        return (struct plan_demand){.text = text, .shrink = M_SQRT1_2};
    double half = (interval->high - interval->low) / 2;
    return (struct plan_demand){
        .text = text,
        .is_met = half <= half_width,
        .shrink = half <= half_width ? 1 : half_width / half,
    };
}

/* By how much an interval has to become narrower to lie on the side of a limit on which its
 * estimate is; 1 if it does. */
static double shrink_to(const struct interval *interval, double limit)
{
    double gap = fabs(limit - interval->estimate);
    double side = limit > interval->estimate ? interval->high - interval->estimate
                                             : interval->estimate - interval->low;
    return side <= gap ? 1 : gap / side;
}

struct plan_demand plan_decision(const char *text, const struct interval *interval, double low,
                                 double high)
{
    CHECK(low <= high);
    if (!interval_is_known(interval))
        return (struct plan_demand){.text = text};
    double shrink = fmin(shrink_to(interval, low), shrink_to(interval, high));
    /* An answer that the pilot gives by a hair would go away as often as not. */
    double z = gsl_cdf_ugaussian_Pinv(0.5 + interval->confidence / 2);
    double power = z / (z + gsl_cdf_ugaussian_Pinv(PLAN_POWER));
    struct interval wider = *interval;
    wider.low = interval->estimate - (interval->estimate - interval->low) / power;
    wider.high = interval->estimate + (interval->high - interval->estimate) / power;
    double safe = fmin(shrink_to(&wider, low), shrink_to(&wider, high));
    return (struct plan_demand){.text = text, .is_met = shrink >= 1, .shrink = safe};
}

uint32_t plan_replication_count(const struct plan_demand *demands, size_t demand_count,
                                uint32_t done_count, uint32_t budget_count)
{
    double needed = done_count;
    for (size_t i = 0; i < demand_count; i++) {
        CHECK(demands[i].shrink >= 0 && demands[i].shrink <= 1);
        if (demands[i].shrink == 0)
            return done_count > budget_count ? done_count : budget_count;
        needed = fmax(needed, ceil(done_count / (demands[i].shrink * demands[i].shrink)));
    }
    if (needed > budget_count)
        return done_count > budget_count ? done_count : budget_count;
    return (uint32_t)needed;
}
