#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "sim/chance/draw.h"
#include "sim/experiment/plan.h"
#include "sim/stats/mean.h"

static struct interval make(double low, double estimate, double high)
{
    return (struct interval){.state = INTERVAL_KNOWN,
                             .low = low,
                             .estimate = estimate,
                             .high = high,
                             .confidence = 0.95};
}

/* Law's ten numbers (mean 1.343, variance 0.16751): Stein's number for 90 % and half width h is
 * ceil(t^2 s^2 / h^2) with t = 1.833113. For h = 0.1: 56.29, for h = 0.24: 9.77, so 10 do. */
static void half_widths_are_steins_number(void **state)
{
    (void)state;
    static const double values[] = {1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09};
    struct tally tally = {0};
    for (size_t i = 0; i < 10; i++)
        tally_add(&tally, values[i]);
    struct interval interval = mean_interval(&tally, 0.9);
    struct plan_demand demand = plan_half_width("x", &interval, 0.1);
    assert_false(demand.is_met);
    assert_int_equal(plan_replication_count(&demand, 1, 10, 1000), 57);
    assert_int_equal(plan_replication_count(&demand, 1, 10, 30), 30);
    demand = plan_half_width("x", &interval, 0.24);
    assert_true(demand.is_met);
    assert_int_equal(plan_replication_count(&demand, 1, 10, 1000), 10);
}

/* Limit 1, estimate 2, side 2: twice as narrow touches it; the power factor z/(z + 1.644854) =
 * 0.543707 asks for 4 / 0.543707^2 = 13.531 times as many. */
static void a_decision_is_planned_with_power(void **state)
{
    (void)state;
    struct interval interval = make(0, 2, 3);
    struct plan_demand demand = plan_decision("x", &interval, 1, 1);
    assert_false(demand.is_met);
    assert_int_equal(plan_replication_count(&demand, 1, 100, 100000), 1354);
    /* Beyond the upper end, but not safely: met, and still more replications. */
    demand = plan_decision("x", &interval, 3.2, 3.2);
    assert_true(demand.is_met);
    assert_true(plan_replication_count(&demand, 1, 100, 100000) > 100);
    demand = plan_decision("x", &interval, 9, 9);
    assert_int_equal(plan_replication_count(&demand, 1, 100, 100000), 100);
    /* Between two limits the nearer one counts; with none there is nothing to decide. */
    struct plan_demand near = plan_decision("x", &interval, 1, 50);
    assert_int_equal(plan_replication_count(&near, 1, 100, 100000), 1354);
    demand = plan_decision("x", &interval, -INFINITY, INFINITY);
    assert_true(demand.is_met);
    assert_int_equal(plan_replication_count(&demand, 1, 100, 100000), 100);
}

static void what_cannot_be_planned_takes_the_budget(void **state)
{
    (void)state;
    struct interval interval = make(0, 2, 3);
    struct interval none = {.state = INTERVAL_NOT_ESTIMABLE, .estimate = 2, .confidence = 0.95};
    struct plan_demand demands[] = {plan_decision("on the limit", &interval, 2, 2),
                                    plan_decision("no interval", &none, 1, 1),
                                    plan_half_width("no interval", &none, 1)};
    for (size_t i = 0; i < 3; i++) {
        assert_false(demands[i].is_met);
        assert_int_equal(plan_replication_count(&demands[i], 1, 10, 5000), 5000);
    }
    assert_int_equal(plan_replication_count(demands, 3, 6000, 5000), 6000);
    assert_int_equal(plan_replication_count(NULL, 0, 20, 5000), 20);
    /* Narrow, but as if nothing could cluster: not met, twice as many. */
    struct interval narrow = make(0, 0, 0.001);
    narrow.assumes_independence = true;
    struct plan_demand unseen = plan_half_width("nothing seen", &narrow, 1);
    assert_false(unseen.is_met);
    assert_int_equal(plan_replication_count(&unseen, 1, 20, 5000), 40);
}

enum { PURPOSE_TEST = 250, TRIALS = 20000, PILOT = 20, BUDGET = 400 };

static double normal(uint32_t trial, uint32_t index)
{
    struct draw_name name = {.purpose = PURPOSE_TEST, .occurrence = index};
    return gsl_cdf_ugaussian_Pinv(draw_uniform(1, trial, name));
}

/* Carry out the two stages on normal numbers of this mean and variance 1; is 0 outside the interval
 * of the second? */
static bool decides(uint32_t trial, double mean)
{
    struct tally tally = {0}, pilot_tally = {0};
    for (uint32_t i = 0; i < PILOT; i++)
        tally_add(&pilot_tally, mean + normal(trial, PLAN_PILOT_FIRST + i));
    struct interval pilot = mean_interval(&pilot_tally, 0.95);
    struct plan_demand demand = plan_decision("x", &pilot, 0, 0);
    uint32_t count = plan_replication_count(&demand, 1, PILOT, BUDGET);
    for (uint32_t i = 0; i < count; i++)
        tally_add(&tally, mean + normal(trial, i));
    struct interval final = mean_interval(&tally, 0.95);
    return final.low > 0 || final.high < 0;
}

static double share_decided(double mean)
{
    uint32_t decided = 0;
    for (uint32_t trial = 0; trial < TRIALS; trial++)
        decided += decides(trial, mean);
    return (double)decided / TRIALS;
}

/* On the limit itself every answer is wrong, and 5 % of the answers may be: within 5 sigma of
 * 20,000 trials, 0.8 points. (With the pilot's numbers judged as well it was 7 %; looking after
 * every replication would give about 30 %.) Half a standard deviation away 90 % are promised if the
 * pilot is right about the mean; pilots err, and 85 % are asked for. */
static void two_stages_hold_their_promise(void **state)
{
    (void)state;
    assert_float_equal(share_decided(0), 0.05, 0.008);
    assert_true(share_decided(0.5) > 0.85);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_widths_are_steins_number),
        cmocka_unit_test(a_decision_is_planned_with_power),
        cmocka_unit_test(what_cannot_be_planned_takes_the_budget),
        cmocka_unit_test(two_stages_hold_their_promise),
    };
    return cmocka_run_group_tests_name("experiment/plan", tests, NULL, NULL);
}
