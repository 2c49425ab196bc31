#include "sim/stats/survival.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "tests/sim/stats/near.h"

#define C            SURVIVAL_CENSORED
#define D            SURVIVAL_DONE
#define F            SURVIVAL_FAILED
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Weeks of remission under 6-MP, shuffled: the order must not matter. */
static const struct survival_observation mercaptopurine[] = {
    {35, C}, {6, D},  {10, C}, {23, D}, {6, C},  {32, C}, {16, D},
    {9, C},  {6, D},  {20, C}, {13, D}, {7, D},  {34, C}, {10, D},
    {19, C}, {22, D}, {11, C}, {6, D},  {25, C}, {17, C}, {32, C},
};

struct fixture {
    struct arena *arena;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.arena = arena_create("survival_test", 0);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_destroy(fixture->arena);
    return 0;
}

/* S(6) with limits, S(10), S(23) and the median are published; the other digits were computed with
 * 40 digits from the formulas. */
static void test_mercaptopurine(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int64_t at;
        uint64_t at_risk;
        double low, survival, high;
    } known[] = {
        {6, 21, .6197179553, .8571428571, .9515517476},
        {7, 17, .5631465646, .8067226891, .9228090192},
        {10, 15, .5031995108, .7529411765, .8893618352},
        {13, 12, .4316102225, .6901960784, .8490659633},
        {16, 11, .3675108560, .6274509804, .8049121895},
        {22, 7, .2677789368, .5378151261, .7467907176},
        {23, 6, .1880520060, .4481792717, .6801426285},
    };
    const struct survival *survival =
        survival_create(fixture->arena, mercaptopurine, COUNT(mercaptopurine));
    assert_int_equal(survival->observation_count, 21);
    assert_int_equal(survival->last_at_ns, 35);
    assert_int_equal(survival->step_count, COUNT(known));
    for (size_t i = 0; i < COUNT(known); i++) {
        assert_int_equal(survival->steps[i].at_ns, known[i].at);
        assert_int_equal(survival->steps[i].at_risk_count, known[i].at_risk);
        struct interval interval = survival_interval(survival, known[i].at, 0.95);
        assert_true(interval_is_known(&interval));
        assert_near(interval.low, known[i].low, 5e-11);
        assert_near(interval.estimate, known[i].survival, 5e-11);
        assert_near(interval.high, known[i].high, 5e-11);
        assert_true(survival->steps[i].failed == 0);
        assert_near(survival->steps[i].done, 1 - known[i].survival, 5e-11);
    }
    int64_t at = -1;
    assert_true(survival_quantile(survival, 0.5, &at));
    assert_int_equal(at, 23);
    assert_true(survival_quantile(survival, 0.25, &at));
    assert_int_equal(at, 13);
    at = -1;
    assert_false(survival_quantile(survival, 0.6, &at));
    assert_int_equal(at, -1);
}

/* Read off the published limits above: the lower ones are 0.56 at 7 and 0.43 at 13, the upper ones
 * 0.80 at 16 and 0.747 at 22, and never come to 0.5. */
static void test_quantile_limits(void **state)
{
    struct fixture *fixture = *state;
    const struct survival *survival =
        survival_create(fixture->arena, mercaptopurine, COUNT(mercaptopurine));
    struct survival_limits median = survival_quantile_limits(survival, 0.5, 0.95);
    assert_true(median.has_low);
    assert_int_equal(median.low_ns, 13);
    assert_false(median.has_high);
    struct survival_limits quartile = survival_quantile_limits(survival, 0.25, 0.95);
    assert_true(quartile.has_low && quartile.has_high);
    assert_int_equal(quartile.low_ns, 6);
    assert_int_equal(quartile.high_ns, 22);
    struct survival_limits late = survival_quantile_limits(survival, 0.9, 0.95);
    assert_false(late.has_low || late.has_high);
    const struct survival *none = survival_create(fixture->arena, NULL, 0);
    assert_false(survival_quantile_limits(none, 0.5, 0.95).has_low);
}

/* Worked by hand. Of 8, at 1 one is done, one fails, one is censored: open 6/8. At 2 five are at
 * risk, two done: open 3/4 3/5. At 3 three are at risk although one is censored then: open 2/3 of
 * it. Taking failures for censored would call 1 - 7/8 3/5 = 0.475 done instead of 0.425. */
static void test_competing(void **state)
{
    struct fixture *fixture = *state;
    static const struct survival_observation observations[] = {
        {3, F}, {1, D}, {2, D}, {1, C}, {4, C}, {2, D}, {1, F}, {3, C},
    };
    static const struct survival_step known[] = {
        {1, 8, 1, 1, .75, .125, .125, 2 / (8 * 6.0)},
        {2, 5, 2, 0, .45, .425, .125, 2 / (8 * 6.0) + 2 / (5 * 3.0)},
        {3, 3, 0, 1, .30, .425, .275, 2 / (8 * 6.0) + 2 / (5 * 3.0) + 1 / (3 * 2.0)},
    };
    const struct survival *survival = survival_create(fixture->arena, observations, 8);
    assert_int_equal(survival->step_count, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct survival_step *step = &survival->steps[i];
        assert_int_equal(step->at_ns, known[i].at_ns);
        assert_int_equal(step->at_risk_count, known[i].at_risk_count);
        assert_int_equal(step->done_count, known[i].done_count);
        assert_int_equal(step->failed_count, known[i].failed_count);
        assert_near(step->survival, known[i].survival, 1e-15);
        assert_near(step->done, known[i].done, 1e-15);
        assert_near(step->failed, known[i].failed, 1e-15);
        assert_near(step->greenwood, known[i].greenwood, 1e-15);
    }
}

/* Steps hold from their time on, to the end of what was seen. */
static void test_lookup(void **state)
{
    struct fixture *fixture = *state;
    const struct survival *survival =
        survival_create(fixture->arena, mercaptopurine, COUNT(mercaptopurine));
    struct survival_step step;
    assert_true(survival_step_at(survival, 5, &step));
    assert_true(step.survival == 1 && step.at_risk_count == 0);
    assert_int_equal(survival_interval(survival, 5, 0.95).state, INTERVAL_NOT_ESTIMABLE);
    assert_true(survival_interval(survival, 5, 0.95).estimate == 1);
    assert_true(survival_step_at(survival, 9, &step));
    assert_int_equal(step.at_ns, 7);
    assert_true(survival_step_at(survival, 35, &step));
    assert_int_equal(step.at_ns, 23);
    step.at_ns = -7;
    assert_false(survival_step_at(survival, 36, &step));
    assert_int_equal(step.at_ns, -7);
    assert_int_equal(survival_interval(survival, 36, 0.95).state, INTERVAL_NO_DATA);
}

/* Without censoring everything is a plain share, Greenwood's variance is S (1 - S) / n, and
 * after the last one nothing is open, for ever. */
static void test_all_ended(void **state)
{
    struct fixture *fixture = *state;
    enum { END_COUNT = 1000 };
    struct survival_observation observations[END_COUNT];
    for (int i = 0; i < END_COUNT; i++)
        observations[i] = (struct survival_observation){1 + i * 7 % END_COUNT, i % 4 == 0 ? F : D};
    const struct survival *survival = survival_create(fixture->arena, observations, END_COUNT);
    assert_int_equal(survival->step_count, END_COUNT);
    for (int i = 0; i < END_COUNT; i++) {
        const struct survival_step *step = &survival->steps[i];
        double share = (i + 1) / (double)END_COUNT;
        assert_near(step->survival, 1 - share, 1e-12);
        assert_near(step->done + step->failed, share, 1e-12);
        if (i + 1 < END_COUNT)
            assert_near(step->greenwood * (1 - share), share / END_COUNT, 1e-12);
    }
    assert_near(survival->steps[END_COUNT - 1].failed, 0.25, 1e-12);
    struct interval never = survival_interval(survival, INT64_MAX, 0.95);
    assert_int_equal(never.state, INTERVAL_NOT_ESTIMABLE);
    assert_true(never.estimate == 0);
}

/* k of n have ended at the k-th end. Survival as a product misses (n - k) / n by a rounding for one
 * k or another of nearly every n, upwards too: the answer must not be the next end. */
static void test_quantile_is_a_rank(void **state)
{
    struct fixture *fixture = *state;
    struct survival_observation observations[60];
    for (int i = 0; i < 60; i++)
        observations[i] = (struct survival_observation){i + 1, D};
    for (int count = 1; count <= 60; count++) {
        const struct survival *survival =
            survival_create(fixture->arena, observations, (size_t)count);
        for (int ended = 1; ended <= count; ended++) {
            int64_t at = 0;
            assert_true(survival_quantile(survival, ended / (double)count, &at));
            assert_int_equal(at, ended);
        }
    }
}

/* A reproducible jumble with many ties: at each step the three shares make 1, nothing turns back,
 * and each count of the definition is counted again the slow way. */
static void test_invariant(void **state)
{
    struct fixture *fixture = *state;
    enum { JUMBLE_COUNT = 400 };
    struct survival_observation observations[JUMBLE_COUNT];
    uint32_t bits = 12345;
    for (size_t i = 0; i < JUMBLE_COUNT; i++) {
        bits = bits * 1664525u + 1013904223u;
        observations[i].at_ns = bits >> 25;
        observations[i].end = (enum survival_end)((bits >> 16) % 3);
    }
    const struct survival *survival = survival_create(fixture->arena, observations, JUMBLE_COUNT);
    assert_true(survival->step_count > 60);
    struct survival_step before = {.at_ns = -1, .survival = 1};
    for (size_t i = 0; i < survival->step_count; i++) {
        const struct survival_step *step = &survival->steps[i];
        assert_near(step->survival + step->done + step->failed, 1, 1e-13);
        assert_true(step->at_ns > before.at_ns && step->survival < before.survival);
        assert_true(step->done >= before.done && step->failed >= before.failed);
        uint64_t at_risk = 0, done = 0, failed = 0;
        for (size_t j = 0; j < JUMBLE_COUNT; j++) {
            const struct survival_observation *o = &observations[j];
            at_risk += o->at_ns >= step->at_ns;
            done += o->at_ns == step->at_ns && o->end == D;
            failed += o->at_ns == step->at_ns && o->end == F;
        }
        assert_int_equal(step->at_risk_count, at_risk);
        assert_int_equal(step->done_count, done);
        assert_int_equal(step->failed_count, failed);
        struct interval interval = survival_interval(survival, step->at_ns, 0.95);
        if (interval_is_known(&interval))
            assert_true(0 <= interval.low && interval.low < interval.estimate &&
                        interval.estimate < interval.high && interval.high <= 1);
        before = *step;
    }
}

static void test_nothing(void **state)
{
    struct fixture *fixture = *state;
    int64_t at = -1;
    struct survival_step step;
    const struct survival *none = survival_create(fixture->arena, NULL, 0);
    assert_false(survival_step_at(none, 0, &step));
    assert_int_equal(survival_interval(none, 0, 0.95).state, INTERVAL_NO_DATA);
    assert_false(survival_quantile(none, 0.5, &at));
    static const struct survival_observation open[] = {{4, C}, {9, C}};
    const struct survival *still = survival_create(fixture->arena, open, 2);
    assert_int_equal(still->step_count, 0);
    assert_true(survival_step_at(still, 9, &step) && step.survival == 1);
    assert_false(survival_step_at(still, 10, &step));
    assert_false(survival_quantile(still, 0.01, &at));
    assert_int_equal(at, -1);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mercaptopurine), cmocka_unit_test(test_quantile_limits),
        cmocka_unit_test(test_competing),      cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_all_ended),      cmocka_unit_test(test_quantile_is_a_rank),
        cmocka_unit_test(test_invariant),      cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests_name("stats/survival", tests, set_up, tear_down);
}
