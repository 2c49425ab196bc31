#include "sim/stats/root.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

struct counted {
    double (*function)(double x);
    size_t count, limit;
};

static bool evaluate(void *context, double x, double *value)
{
    struct counted *counted = context;
    if (counted->count == counted->limit)
        return false;
    counted->count++;
    *value = counted->function(x);
    return true;
}

static double cube(double x)
{
    return x * x * x;
}

static double falling(double x)
{
    return exp(-x);
}

/* As a simulated rate: steps of 1/100. */
static double steps(double x)
{
    return floor(100 * x * x) / 100;
}

static double hill(double x)
{
    return x * (1 - x);
}

static void test_known_roots(void **state)
{
    (void)state;
    static const struct {
        double (*function)(double x);
        double level, x;
    } known[] = {
        {cube, 0.125, 0.5}, {cube, 0, 0}, {cube, 1, 1}, {falling, 0.5, 0.69314718055994531},
        {cube, 0.001, 0.1},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct counted counted = {.function = known[i].function, .limit = 100};
        struct root_search search = {.evaluate = evaluate, .context = &counted};
        double x, value;
        assert_true(root_evaluate(&search, 0, &value) && root_evaluate(&search, 1, &value));
        assert_int_equal(root_find(&search, known[i].level, 1e-9, &x), ROOT_FOUND);
        assert_true(fabs(x - known[i].x) <= 1e-8);
    }
}

/* Where a step function passes the level is known to the tolerance. */
static void test_steps(void **state)
{
    (void)state;
    struct counted counted = {.function = steps, .limit = 100};
    struct root_search search = {.evaluate = evaluate, .context = &counted};
    double x, value;
    assert_true(root_evaluate(&search, 0, &value) && root_evaluate(&search, 1, &value));
    assert_int_equal(root_find(&search, 0.495, 1e-4, &x), ROOT_FOUND);
    assert_true(fabs(x - sqrt(0.5)) <= 1e-4);
    /* A level that is a step: any place on it will do. */
    assert_int_equal(root_find(&search, 0.25, 1e-4, &x), ROOT_FOUND);
    assert_true(x > 0.5 - 1e-4 && x < sqrt(0.26) + 1e-4);
}

/* Levels share their samples, and nothing is evaluated twice. */
static void test_memory(void **state)
{
    (void)state;
    struct counted counted = {.function = cube, .limit = 100};
    struct root_search search = {.evaluate = evaluate, .context = &counted};
    double x, value;
    assert_true(root_evaluate(&search, 1, &value) && root_evaluate(&search, 0, &value));
    assert_true(root_evaluate(&search, 1, &value));
    assert_int_equal(counted.count, 2);
    assert_int_equal(root_find(&search, 0.3, 1e-6, &x), ROOT_FOUND);
    assert_int_equal(counted.count, search.count);
    for (size_t i = 1; i < search.count; i++)
        assert_true(search.samples[i - 1].x < search.samples[i].x);
    size_t before = counted.count;
    assert_int_equal(root_find(&search, 0.3001, 1e-3, &x), ROOT_FOUND);
    assert_true(counted.count - before < before);
    assert_true(fabs(x - cbrt(0.3001)) <= 1e-3);
}

static void test_not_found(void **state)
{
    (void)state;
    struct counted counted = {.function = cube, .limit = 100};
    struct root_search search = {.evaluate = evaluate, .context = &counted};
    double x = -1, value;
    assert_int_equal(root_find(&search, 0.5, 1e-6, &x), ROOT_NOT_BRACKETED);
    assert_true(root_evaluate(&search, 0, &value) && root_evaluate(&search, 1, &value));
    assert_int_equal(root_find(&search, 2, 1e-6, &x), ROOT_NOT_BRACKETED);
    assert_int_equal(root_find(&search, -1, 1e-6, &x), ROOT_NOT_BRACKETED);
    assert_true(x == -1);
    counted.limit = counted.count + 2;
    assert_int_equal(root_find(&search, 0.3, 1e-12, &x), ROOT_STOPPED);
}

/* Of several crossings the first is taken. */
static void test_first_crossing(void **state)
{
    (void)state;
    struct counted counted = {.function = hill, .limit = 100};
    struct root_search search = {.evaluate = evaluate, .context = &counted};
    double x, value;
    for (int i = 0; i <= 4; i++)
        assert_true(root_evaluate(&search, i / 4.0, &value));
    assert_int_equal(root_find(&search, 0.21, 1e-9, &x), ROOT_FOUND);
    assert_true(fabs(x - 0.3) <= 1e-8);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_roots),    cmocka_unit_test(test_steps),
        cmocka_unit_test(test_memory),         cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_first_crossing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
