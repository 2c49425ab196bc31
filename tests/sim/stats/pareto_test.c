#include "sim/stats/pareto.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_dominates(void **state)
{
    (void)state;
    static const struct {
        double first[3], second[3];
        bool forth, back;
    } known[] = {
        {{1, 2, 3}, {1, 2, 3}, false, false},
        {{1, 2, 3}, {1, 2, 4}, true, false},
        {{0, 0, 0}, {1, 2, 4}, true, false},
        {{1, 2, 3}, {0, 2, 4}, false, false},
        {{0, 5, 5}, {1, 4, 4}, false, false},
        {{1, 2, 3}, {1, 2, INFINITY}, true, false},
        {{1, 1, INFINITY}, {1, 1, INFINITY}, false, false},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_true(pareto_dominates(known[i].first, known[i].second, 3) == known[i].forth);
        assert_true(pareto_dominates(known[i].second, known[i].first, 3) == known[i].back);
    }
}

/* Ties keep both; one criterion leaves all that have the least. */
static void test_front(void **state)
{
    (void)state;
    static const double values[] = {1, 5, 2, 3, 2, 3, 3, 3, 4, 1, 4, 2};
    static const bool two[] = {true, true, true, false, true, false};
    bool on_front[12];
    pareto_front(on_front, values, 6, 2);
    for (size_t i = 0; i < 6; i++)
        assert_true(on_front[i] == two[i]);
    pareto_front(on_front, values, 12, 1);
    for (size_t i = 0; i < 12; i++)
        assert_true(on_front[i] == (values[i] == 1));
    pareto_front(on_front, values, 1, 3);
    assert_true(on_front[0]);
}

/* Whoever is not on the front is dominated by somebody who is (the relation has no circles), and
 * nobody on the front dominates anybody else on it: over all 4^8 choices of 4 points on a 4 x 4
 * grid. */
static void test_front_covers(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 1 << 16; code++) {
        double values[8];
        bool on_front[4];
        for (size_t i = 0; i < 8; i++)
            values[i] = (double)(code >> (2 * i) & 3);
        pareto_front(on_front, values, 4, 2);
        for (size_t i = 0; i < 4; i++) {
            bool covered = false;
            for (size_t j = 0; j < 4; j++)
                covered |= on_front[j] && pareto_dominates(&values[2 * j], &values[2 * i], 2);
            assert_true(covered == !on_front[i]);
        }
    }
}

#define KNOWN(a, b)                                                                                \
    {                                                                                              \
        .state = INTERVAL_KNOWN, .low = (a), .estimate = ((a) + (b)) / 2, .high = (b)              \
    }
#define UNKNOWN(e)                                                                                 \
    {                                                                                              \
        .state = INTERVAL_NOT_ESTIMABLE, .estimate = (e)                                           \
    }

static struct interval turned(struct interval interval)
{
    double low = interval.low;
    interval.low = -interval.high;
    interval.high = -low;
    interval.estimate = -interval.estimate;
    return interval;
}

static void test_beyond_noise(void **state)
{
    (void)state;
    static const struct {
        struct interval differences[2];
        double tolerances[2];
        enum pareto_verdict verdict;
    } known[] = {
        {{KNOWN(-3, -1), KNOWN(-2, -1)}, {0, 0}, PARETO_FIRST},
        {{KNOWN(-3, -1), KNOWN(0, 0)}, {0, 0}, PARETO_FIRST},
        {{KNOWN(-3, -1), KNOWN(-2, 0)}, {0, 0}, PARETO_FIRST},
        {{KNOWN(0, 0), KNOWN(0, 0)}, {0, 0}, PARETO_UNDECIDED},
        {{KNOWN(-3, 0), KNOWN(-2, 0)}, {0, 0}, PARETO_UNDECIDED},
        {{KNOWN(-3, -1), KNOWN(1, 2)}, {0, 0}, PARETO_UNDECIDED},
        {{KNOWN(-3, -1), KNOWN(-1, 1)}, {0, 0}, PARETO_UNDECIDED},
        {{KNOWN(-3, -1), KNOWN(-1, 1)}, {0, 1}, PARETO_FIRST},
        {{KNOWN(-3, -1), KNOWN(-1, 1)}, {1, 1}, PARETO_UNDECIDED},
        {{KNOWN(-3, -1), KNOWN(.1, .2)}, {0, .5}, PARETO_FIRST},
        {{KNOWN(-3, -1), UNKNOWN(0)}, {0, 0}, PARETO_FIRST},
        {{KNOWN(-3, -1), UNKNOWN(-1)}, {0, 0}, PARETO_UNDECIDED},
        {{KNOWN(-3, -1), {.state = INTERVAL_NO_DATA}}, {9, 9}, PARETO_UNDECIDED},
        {{UNKNOWN(0), UNKNOWN(0)}, {0, 0}, PARETO_UNDECIDED},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        enum pareto_verdict verdict = known[i].verdict;
        assert_int_equal(pareto_compare(known[i].differences, known[i].tolerances, 2), verdict);
        struct interval back[2] = {turned(known[i].differences[0]),
                                   turned(known[i].differences[1])};
        assert_int_equal(pareto_compare(back, known[i].tolerances, 2),
                         verdict == PARETO_FIRST ? PARETO_SECOND : verdict);
        if (known[i].tolerances[0] == 0 && known[i].tolerances[1] == 0)
            assert_int_equal(pareto_compare(known[i].differences, NULL, 2), verdict);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dominates),
        cmocka_unit_test(test_front),
        cmocka_unit_test(test_front_covers),
        cmocka_unit_test(test_beyond_noise),
    };
    return cmocka_run_group_tests_name("stats/pareto", tests, NULL, NULL);
}
