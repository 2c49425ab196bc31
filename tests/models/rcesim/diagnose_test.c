#include "models/rcesim/result/diagnose.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "sim/base/units.h"
#include "sim/stats/odds.h"

/* Worlds made by hand, whose truth is known: what stands in a row is drawn here. */

enum column {
    UNIT,
    GROUP,
    HOSTS,
    MARGIN,
    STARTED,
    THROTTLED,
    IS_OLD,
    DURATION,
    REASON,
    CAUSE,
    COLUMN_COUNT,
};

static const char *const reasons[] = {"none", "deadline", "refused"};

static const struct row_column columns[COLUMN_COUNT] = {
    [UNIT] = {.name = "unit", .doc = "which", .kind = ROW_COUNT, .role = ROW_IDENTIFIER},
    [GROUP] = {.name = "group",
               .doc = "part of the fleet",
               .kind = ROW_COUNT,
               .role = ROW_CONDITION,
               .is_category = true},
    [HOSTS] = {.name = "hosts", .doc = "how many", .kind = ROW_COUNT, .role = ROW_CONDITION},
    [MARGIN] = {.name = "margin",
                .doc = "asked minus ready",
                .kind = ROW_DURATION_NS,
                .role = ROW_CONDITION,
                .negative = "asked before it was ready"},
    [STARTED] = {.name = "started", .doc = "when", .kind = ROW_TIME_NS, .role = ROW_CONDITION},
    [THROTTLED] = {.name = "throttled",
                   .doc = "answers 429",
                   .kind = ROW_COUNT,
                   .role = ROW_EXPOSURE},
    [IS_OLD] = {.name = "is_old", .doc = "old hardware", .kind = ROW_FLAG, .role = ROW_CONDITION},
    [DURATION] = {.name = "duration", .doc = "start to end", .kind = ROW_DURATION_NS},
    [REASON] = {.name = "reason",
                .doc = "why it stopped",
                .kind = ROW_NAME,
                .role = ROW_STOP,
                .names = reasons,
                .name_count = 3},
    [CAUSE] = {.name = "cause", .doc = "the truth", .kind = ROW_FLAG, .role = ROW_TRUTH},
};

enum { REPLICATIONS_MAX = 40, UNITS_MAX = 400 };

struct world {
    struct diagnose_rows rows[REPLICATIONS_MAX];
    int64_t values[REPLICATIONS_MAX][UNITS_MAX][COLUMN_COUNT];
    unsigned char failed[REPLICATIONS_MAX][UNITS_MAX];
    size_t replication_count, unit_count;
    uint64_t state;
    struct arena *arena, *own_arena;
};

/* SplitMix64: a generator that is good enough and depends on nothing that is tested. */
static uint64_t draw(struct world *world)
{
    uint64_t x = world->state += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static bool happens(struct world *world, double probability)
{
    return (double)(draw(world) >> 11) * 0x1p-53 < probability;
}

static int64_t below(struct world *world, uint64_t limit)
{
    return (int64_t)(draw(world) % limit);
}

/* Nothing has failed yet, and nothing depends on anything. */
static void fill(struct world *world, size_t replications, size_t units, uint64_t seed)
{
    world->replication_count = replications;
    world->unit_count = units;
    world->state = seed;
    for (size_t r = 0; r < replications; r++) {
        world->rows[r] = (struct diagnose_rows){
            .replication = (uint32_t)r + 100,
            .row_count = units,
            .values = &world->values[r][0][0],
            .failed = world->failed[r],
        };
        for (size_t i = 0; i < units; i++) {
            int64_t *row = world->values[r][i];
            row[UNIT] = (int64_t)i;
            row[GROUP] = below(world, 4);
            row[HOSTS] = 2 + below(world, 13);
            row[MARGIN] = (below(world, 40) - 10) * UNITS_MIN;
            row[STARTED] = below(world, 6 * 3600) * UNITS_S;
            row[THROTTLED] = happens(world, 0.2) ? 1 + below(world, 5) : 0;
            row[IS_OLD] = happens(world, 0.3);
            row[DURATION] = UNITS_H;
            row[REASON] = 0;
            row[CAUSE] = 0;
            world->failed[r][i] = 0;
        }
    }
}

static void fall(struct world *world, size_t r, size_t i, int64_t reason)
{
    world->failed[r][i] = 1;
    world->values[r][i][REASON] = reason;
    world->values[r][i][CAUSE] = 1;
    world->values[r][i][DURATION] = UNITS_MIN;
}

static const char *name_group(const void *context, const char *column, int64_t value, size_t facet)
{
    static const char *const names[4][2] = {{"group a", "region east"},
                                            {"group b", "region west"},
                                            {"group c", "region west"},
                                            {"group d", "region north"}};
    (void)context;
    assert_string_equal(column, "group");
    return facet < 2 ? names[value][facet] : NULL;
}

static const struct diagnose *look(struct world *world)
{
    arena_reset(world->arena);
    return diagnose_create(world->arena, &(struct diagnose_input){
                                             .columns = columns,
                                             .column_count = COLUMN_COUNT,
                                             .rows = world->rows,
                                             .replication_count = world->replication_count,
                                             .confidence = 0.95,
                                             .findings_max = 5,
                                             .category = name_group,
                                         });
}

static int set_up(void **state)
{
    struct arena *arena = arena_create("worlds", 0);
    struct world *world = arena_take(arena, sizeof *world);
    world->own_arena = arena;
    world->arena = arena_create("diagnosis", 0);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    arena_destroy(world->arena);
    arena_destroy(world->own_arena);
    return 0;
}

static bool names_anything(const struct diagnose *diagnose)
{
    bool any = diagnose->ranking_count > 0;
    for (size_t i = 0; i < diagnose->step_count; i++)
        any = any || diagnose->steps[i].is_found;
    return any;
}

/* In a world of pure chance at most 5 % of the diagnoses may name anything: at most 20 of 400, and
 * with five standard deviations of that (4.4 each) 42. Without Holm and the factor for the steps it
 * would be about 250. */
static void test_chance(void **state)
{
    struct world *world = *state;
    int named = 0;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        fill(world, 3, 120, seed);
        for (size_t r = 0; r < 3; r++)
            for (size_t i = 0; i < 120; i++)
                if (happens(world, 0.15))
                    fall(world, r, i, 1);
        const struct diagnose *diagnose = look(world);
        assert_true(diagnose->condition_count >= 15);
        named += names_anything(diagnose);
    }
    assert_in_range(named, 0, 42);
}

/* The same where the replications differ: in some of them many fail, and in some, others, much is
 * old hardware. Units that took themselves for independent would name "old hardware" in most
 * worlds; 100 worlds, at most 5 % and five standard deviations (2.2 each): 15. */
static void test_chance_between_replications(void **state)
{
    struct world *world = *state;
    int named = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        fill(world, 40, 60, seed * 977);
        for (size_t r = 0; r < 40; r++) {
            double bad = happens(world, 0.5) ? 0.5 : 0.05, old = happens(world, 0.5) ? 0.8 : 0.1;
            for (size_t i = 0; i < 60; i++) {
                world->values[r][i][IS_OLD] = happens(world, old);
                if (happens(world, bad))
                    fall(world, r, i, 1);
            }
        }
        named += names_anything(look(world));
    }
    assert_in_range(named, 0, 15);
}

/* One strong cause; hosts go with it and have no part of their own. */
static void plant(struct world *world, double by_chance)
{
    fill(world, 10, 400, 5);
    for (size_t r = 0; r < 10; r++)
        for (size_t i = 0; i < 400; i++) {
            int64_t *row = world->values[r][i];
            if (row[MARGIN] < 0 || happens(world, 0.2))
                row[HOSTS] += 3;
            if (happens(world, 0.1))
                row[MARGIN] = ROW_NONE;
            if (row[MARGIN] != ROW_NONE && row[MARGIN] < 0)
                fall(world, r, i, 1);
            else if (happens(world, by_chance))
                fall(world, r, i, 2);
        }
}

static void test_strong(void **state)
{
    struct world *world = *state;
    plant(world, 0.005);
    const struct diagnose *diagnose = look(world);
    assert_true(diagnose->state == DIAGNOSE_FOUND);
    assert_false(diagnose->assumes_independence);
    const struct diagnose_finding *first = &diagnose->ranking[0];
    assert_string_equal(first->label, "asked before it was ready");
    assert_int_equal(first->with.failed_count, first->with.count);
    assert_true(first->unknown_count > 300 && first->unknown_count < 500);
    assert_true(first->odds_ratio.low > 100 && first->p_adjusted < 1e-100);
    assert_true(first->beside_first.state == INTERVAL_NO_DATA);
    assert_true(first->same_count >= 1);
    /* Hosts go with failure; beside the first nothing is left of them. */
    assert_true(diagnose->ranking_count >= 2);
    const struct diagnose_finding *second = &diagnose->ranking[1];
    assert_string_equal(second->column, "hosts");
    assert_true(second->odds_ratio.low > 1.5);
    assert_true(interval_is_known(&second->beside_first));
    assert_true(second->beside_first.low < 1 && second->beside_first.high > 1);
    /* Among the others only chance remains. */
    assert_int_equal(diagnose->step_count, 2);
    assert_true(diagnose->steps[0].is_found && !diagnose->steps[1].is_found);
    assert_int_equal(diagnose->steps[1].failed_count, first->without.failed_count);
    assert_int_equal(diagnose->failed_count, first->with.failed_count +
                                                 first->without.failed_count +
                                                 first->unknown_failed_count);
    /* Where they stopped, and the first of those that stopped there with the condition. */
    assert_int_equal(diagnose->stop_column_count, 1);
    assert_int_equal(diagnose->stop_count, 2);
    assert_int_equal(diagnose->stops[0].values[0], 1);
    assert_int_equal(diagnose->stops[0].count, first->with.count);
    assert_int_equal(diagnose->stops[0].count + diagnose->stops[1].count, diagnose->failed_count);
    size_t typical = 0;
    while (!(world->failed[0][typical] && world->values[0][typical][REASON] == 1))
        typical++;
    assert_int_equal(diagnose->typical_replication, 100);
    assert_int_equal(diagnose->typical_unit, typical);
}

/* Of two causes the weaker is found in what the stronger leaves; by a region of two groups. */
static void test_second(void **state)
{
    struct world *world = *state;
    plant(world, 0.005);
    for (size_t r = 0; r < 10; r++)
        for (size_t i = 0; i < 400; i++) {
            int64_t group = world->values[r][i][GROUP];
            if ((group == 1 || group == 2) && happens(world, 0.1))
                fall(world, r, i, 2);
        }
    const struct diagnose *diagnose = look(world);
    assert_string_equal(diagnose->steps[0].finding.label, "asked before it was ready");
    assert_true(diagnose->steps[1].is_found);
    assert_string_equal(diagnose->steps[1].finding.label, "region west");
    assert_int_equal(diagnose->step_count, 3);
    assert_false(diagnose->steps[2].is_found);
}

/* Units that fail early have no value for what would have been settled later. Whatever goes with
 * not having the strongest (here: an early start) must not be named because these are left over. */
static void test_no_value_because_of_failure(void **state)
{
    struct world *world = *state;
    fill(world, 10, 400, 13);
    for (size_t r = 0; r < 10; r++)
        for (size_t i = 0; i < 400; i++) {
            int64_t *row = world->values[r][i];
            row[IS_OLD] = row[STARTED] > 3 * UNITS_H && happens(world, 0.95);
            if (happens(world, row[IS_OLD] ? 0.3 : 0.02))
                fall(world, r, i, 1);
            if (happens(world, 0.02)) {
                fall(world, r, i, 2);
                row[IS_OLD] = ROW_NONE;
            }
        }
    const struct diagnose *diagnose = look(world);
    assert_string_equal(diagnose->steps[0].finding.label, "old hardware");
    assert_true(diagnose->steps[0].finding.unknown_count > 40);
    assert_int_equal(diagnose->steps[0].finding.unknown_failed_count,
                     diagnose->steps[0].finding.unknown_count);
    assert_int_equal(diagnose->step_count, 2);
    assert_false(diagnose->steps[1].is_found);
}

/* Of two categories each is what the other is not: one condition, named by the one with the risk.
 */
static void test_two_categories(void **state)
{
    struct world *world = *state;
    for (int64_t bad = 0; bad < 2; bad++) {
        fill(world, 10, 400, 14);
        for (size_t r = 0; r < 10; r++)
            for (size_t i = 0; i < 400; i++) {
                int64_t *group = &world->values[r][i][GROUP];
                *group = *group < 2 ? 0 : 3;
                if (happens(world, (*group == 0) == (bad == 0) ? 0.3 : 0.05))
                    fall(world, r, i, 1);
            }
        const struct diagnose *diagnose = look(world);
        assert_string_equal(diagnose->ranking[0].label, bad == 0 ? "group a" : "group d");
        assert_int_equal(diagnose->ranking[0].same_count, 0);
        assert_int_equal(diagnose->ranking_count, 1);
    }
}

/* A condition is told in the direction of risk. */
static void test_direction(void **state)
{
    struct world *world = *state;
    fill(world, 10, 400, 6);
    for (size_t r = 0; r < 10; r++)
        for (size_t i = 0; i < 400; i++)
            if (happens(world, world->values[r][i][HOSTS] <= 5 ? 0.4 : 0.05))
                fall(world, r, i, 1);
    const struct diagnose *diagnose = look(world);
    assert_string_equal(diagnose->ranking[0].label, "hosts at most 8");
    assert_true(diagnose->ranking[0].odds_ratio.low > 1);
}

/* The least p is adjusted for every condition that was tried and for every step. */
static void test_adjustment(void **state)
{
    struct world *world = *state;
    fill(world, 1, 400, 11);
    for (size_t i = 0; i < 400; i++)
        if (happens(world, world->values[0][i][IS_OLD] ? 0.3 : 0.05))
            fall(world, 0, i, 1);
    const struct diagnose *diagnose = look(world);
    const struct diagnose_finding *first = &diagnose->ranking[0];
    assert_string_equal(first->label, "old hardware");
    double expected = first->p * (double)diagnose->condition_count * DIAGNOSE_STEPS_MAX;
    assert_true(first->p > 1e-30 && expected < 0.05);
    assert_true(fabs(first->p_adjusted - expected) < 1e-9 * expected);
}

/* Old hardware and not, failed and not, among those that asked early or among the others. */
static struct two_proportions stratum(const struct world *world, bool is_early)
{
    struct two_proportions table = {0};
    for (size_t i = 0; i < 400; i++) {
        const int64_t *row = world->values[0][i];
        if ((row[MARGIN] < 0) != is_early)
            continue;
        bool is_old = row[IS_OLD] != 0;
        *(is_old ? &table.first_count : &table.second_count) += 1;
        *(is_old ? &table.first_hits : &table.second_hits) += world->failed[0][i];
    }
    return table;
}

/* What is left of the second beside the first is a matter of both strata: with the first and
 * without it. One replication, so that units count as they are. */
static void test_beside(void **state)
{
    struct world *world = *state;
    fill(world, 1, 400, 12);
    for (size_t i = 0; i < 400; i++) {
        const int64_t *row = world->values[0][i];
        if (happens(world, row[MARGIN] < 0 ? (row[IS_OLD] ? 0.9 : 0.6) : row[IS_OLD] ? 0.3 : 0.05))
            fall(world, 0, i, 1);
    }
    const struct diagnose *diagnose = look(world);
    assert_string_equal(diagnose->ranking[0].label, "asked before it was ready");
    assert_string_equal(diagnose->ranking[1].label, "old hardware");
    struct two_proportions strata[2] = {stratum(world, false), stratum(world, true)};
    struct interval expected = odds_mantel_haenszel(strata, 2, 0.95);
    const struct interval *beside = &diagnose->ranking[1].beside_first;
    assert_true(fabs(beside->estimate - expected.estimate) < 1e-9 * expected.estimate);
    assert_true(fabs(beside->low - expected.low) < 1e-9 * expected.low);
    assert_true(fabs(beside->high - expected.high) < 1e-9 * expected.high);
}

/* Units that fail early are throttled less: that is an effect and not to be offered as a cause,
 * nor are consequences and the truth. Being throttled much is a cause that may be offered. */
static void test_roles(void **state)
{
    struct world *world = *state;
    fill(world, 10, 400, 7);
    for (size_t r = 0; r < 10; r++)
        for (size_t i = 0; i < 400; i++)
            if (happens(world, 0.2)) {
                fall(world, r, i, 1);
                world->values[r][i][THROTTLED] = 0;
            }
    assert_true(look(world)->state == DIAGNOSE_CHANCE);
    fill(world, 10, 400, 7);
    for (size_t r = 0; r < 10; r++)
        for (size_t i = 0; i < 400; i++)
            if (happens(world, world->values[r][i][THROTTLED] > 0 ? 0.3 : 0.1))
                fall(world, r, i, 1);
    const struct diagnose *diagnose = look(world);
    assert_string_equal(diagnose->ranking[0].label, "throttled above 0");
    assert_int_equal(diagnose->ranking_count, 1);
}

static void test_hours(void **state)
{
    struct world *world = *state;
    fill(world, 10, 400, 8);
    for (size_t r = 0; r < 10; r++)
        for (size_t i = 0; i < 400; i++) {
            world->values[r][i][STARTED] = below(world, 72 * 3600) * UNITS_S;
            int64_t hour = world->values[r][i][STARTED] / UNITS_H % 24;
            if (happens(world, hour == 20 ? 0.5 : 0.05))
                fall(world, r, i, 1);
        }
    const struct diagnose *diagnose = look(world);
    assert_string_equal(diagnose->ranking[0].label, "started between 20 h and 21 h of a day");
    /* Of all three days: 167 expected, five standard deviations (12.6 each). */
    assert_in_range(diagnose->ranking[0].with.count, 104, 230);
}

static void test_nothing_to_say(void **state)
{
    struct world *world = *state;
    fill(world, 2, 50, 9);
    const struct diagnose *diagnose = look(world);
    assert_true(diagnose->state == DIAGNOSE_NONE_FAILED && diagnose->stop_count == 0);
    fall(world, 1, 7, 1);
    diagnose = look(world);
    assert_true(diagnose->state == DIAGNOSE_TOO_FEW && diagnose->ranking_count == 0);
    assert_int_equal(diagnose->typical_replication, 101);
    assert_int_equal(diagnose->typical_unit, 7);
    for (size_t r = 0; r < 2; r++)
        memset(world->failed[r], 1, 50);
    assert_true(look(world)->state == DIAGNOSE_ALL_FAILED);
    world->rows[0].row_count = world->rows[1].row_count = 0;
    assert_true(look(world)->state == DIAGNOSE_NONE_FAILED);
    world->replication_count = 0;
    assert_true(look(world)->state == DIAGNOSE_NONE_FAILED);
    fill(world, 1, 400, 10);
    for (size_t i = 0; i < 400; i++)
        if (world->values[0][i][IS_OLD])
            fall(world, 0, i, 1);
    diagnose = look(world);
    assert_string_equal(diagnose->ranking[0].label, "old hardware");
    assert_true(diagnose->assumes_independence);
    /* Every failure has it: nothing is left to look at. */
    assert_int_equal(diagnose->step_count, 1);
    /* Units that cannot be told apart, or hardly any of them: there is nothing to try. */
    for (size_t i = 0; i < 400; i++)
        for (int k = GROUP; k <= IS_OLD; k++)
            world->values[0][i][k] = i < 4 && k == HOSTS;
    assert_true(look(world)->state == DIAGNOSE_ALL_ALIKE);
    world->values[0][4][HOSTS] = 1;
    assert_true(look(world)->state != DIAGNOSE_ALL_ALIKE);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chance),         cmocka_unit_test(test_chance_between_replications),
        cmocka_unit_test(test_strong),         cmocka_unit_test(test_second),
        cmocka_unit_test(test_direction),      cmocka_unit_test(test_roles),
        cmocka_unit_test(test_adjustment),     cmocka_unit_test(test_beside),
        cmocka_unit_test(test_hours),          cmocka_unit_test(test_no_value_because_of_failure),
        cmocka_unit_test(test_two_categories), cmocka_unit_test(test_nothing_to_say),
    };
    return cmocka_run_group_tests_name("rcesim/diagnose", tests, set_up, tear_down);
}
