/* Smirnov's distance: of small samples counted by hand, of many by its known distribution. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "sim/stats/kolmogorov.h"

/* cmocka's own compares floats. */
static void assert_near(double value, double expected, double slack)
{
    if (!(fabs(value - expected) <= slack))
        fail_msg("%.15g, not %.15g", value, expected);
}

static const double first[] = {1, 2, 2, 3, 4, 5, 6, 7, 8, 9};
static const double second[] = {2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 20, 20};
static const struct kolmogorov_sample one = {first, 10};
static const struct kolmogorov_sample other = {second, 12};

static void test_distance(void **state)
{
    (void)state;
    double distance;
    assert_true(kolmogorov_compare(&one, &other, 0, &distance));
    /* At 9 all of the first, 9 of 12 of the second: 1 - 0.75 = 0.25; at 2: 0.3 - 1/12; at 8: 0.9 -
     * 8/12 = 0.2333. */
    assert_near(distance, 0.25, 1e-15);
    double swapped;
    assert_true(kolmogorov_compare(&other, &one, 0, &swapped));
    assert_near(swapped, distance, 0);
    assert_true(kolmogorov_compare(&one, &one, 0, &distance));
    assert_near(distance, 0, 0);
}

static void test_shift(void **state)
{
    (void)state;
    double distance;
    /* Read 1 further to the right, the second has 10 of 12 where the first has all: 1/6; 11
     * further, all of that, and 10 of 12 where the first has 0.9. */
    assert_true(kolmogorov_compare(&one, &other, 1, &distance));
    assert_near(distance, 1 - 10.0 / 12, 1e-15);
    assert_true(kolmogorov_compare(&one, &other, 11, &distance));
    assert_near(distance, 0.9 - 10.0 / 12, 1e-15);
    assert_true(kolmogorov_compare(&one, &other, 19, &distance));
    assert_near(distance, 0, 0);
    /* A whole sample that is moved: without room it is told apart, with enough it is not. */
    double moved[10];
    for (size_t i = 0; i < 10; i++)
        moved[i] = first[i] + 100;
    const struct kolmogorov_sample far = {moved, 10};
    assert_true(kolmogorov_compare(&one, &far, 0, &distance));
    assert_near(distance, 1, 0);
    assert_true(kolmogorov_compare(&one, &far, 99.5, &distance));
    assert_true(distance > 0);
    assert_true(kolmogorov_compare(&one, &far, 100, &distance));
    assert_near(distance, 0, 0);
    assert_true(kolmogorov_compare(&far, &one, 100, &distance));
    assert_near(distance, 0, 0);
}

/* Each of several samples against the others, all at once: the same as one by one. */
static void test_among(void **state)
{
    (void)state;
    enum { SAMPLES = 4, EACH = 12 }; /* The last has none. */
    struct arena *arena = arena_create("test", 0);
    struct kolmogorov_value pooled[3 * EACH];
    double distances[SAMPLES];
    size_t count = 0;
    for (int value = 0; value < 20; value++) /* In ascending order, with ties. */
        for (uint32_t sample = 0; sample < 3; sample++)
            for (uint32_t i = 0; i < EACH; i++)
                if ((int)((i * 7 + sample * 5) % 13 + 2 * sample * (i % 3)) == value)
                    pooled[count++] = (struct kolmogorov_value){value, sample};
    assert_int_equal(count, 3 * EACH);
    kolmogorov_among(distances, SAMPLES, pooled, count, arena);
    for (uint32_t sample = 0; sample < 3; sample++) {
        double own[EACH], others[2 * EACH];
        size_t own_count = 0, others_count = 0;
        for (size_t i = 0; i < count; i++)
            if (pooled[i].sample == sample)
                own[own_count++] = pooled[i].value;
            else
                others[others_count++] = pooled[i].value;
        double distance;
        assert_true(kolmogorov_compare(&(struct kolmogorov_sample){own, own_count},
                                       &(struct kolmogorov_sample){others, others_count}, 0,
                                       &distance));
        assert_true(distance > 0);
        assert_near(distances[sample], distance * sqrt(EACH * 2.0 / 3), 1e-12);
    }
    assert_near(distances[3], 0, 0);
    assert_near(kolmogorov_scale(12, 24), sqrt(8), 1e-12);
    /* Alone, or nobody at all: no distance. */
    for (size_t i = 0; i < count; i++)
        pooled[i].sample = 1;
    kolmogorov_among(distances, SAMPLES, pooled, count, arena);
    assert_near(distances[1], 0, 0);
    kolmogorov_among(distances, SAMPLES, pooled, 0, arena);
    assert_near(distances[1], 0, 0);
    arena_destroy(arena);
}

static void test_too_few(void **state)
{
    (void)state;
    double distance = -1;
    const struct kolmogorov_sample few = {first, KOLMOGOROV_COUNT_MIN - 1}, none = {NULL, 0};
    assert_false(kolmogorov_compare(&few, &other, 0, &distance));
    assert_false(kolmogorov_compare(&one, &none, 0, &distance));
    assert_near(distance, -1, 0);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Two samples of 200 uniforms, 2,000 times: distances of 28/200 on have a chance of 3.956 % by
 * Gnedenko and Korolyuk's formula; 5 standard deviations are 2.18 %. */
static void test_false_alarms(void **state)
{
    (void)state;
    enum { SIZE = 200, TRIALS = 2000 };
    static double samples[2][SIZE];
    int alarms = 0;
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        for (uint32_t i = 0; i < 2 * SIZE; i++) {
            uint64_t key = ((uint64_t)trial << 32 | i) * UINT64_C(0x9e3779b97f4a7c15);
            key = (key ^ key >> 32) * UINT64_C(0xd6e8feb86659fd93);
            key = (key ^ key >> 32) * UINT64_C(0xd6e8feb86659fd93);
            samples[i / SIZE][i % SIZE] = (double)(key >> 11) * 0x1p-53;
        }
        for (int k = 0; k < 2; k++)
            qsort(samples[k], SIZE, sizeof samples[k][0], by_value);
        double distance;
        assert_true(kolmogorov_compare(&(struct kolmogorov_sample){samples[0], SIZE},
                                       &(struct kolmogorov_sample){samples[1], SIZE}, 0,
                                       &distance));
        alarms += distance > 27.5 / SIZE;
    }
    assert_in_range(alarms, TRIALS * 178 / 10000, TRIALS * 613 / 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),     cmocka_unit_test(test_shift),
        cmocka_unit_test(test_among),        cmocka_unit_test(test_too_few),
        cmocka_unit_test(test_false_alarms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
