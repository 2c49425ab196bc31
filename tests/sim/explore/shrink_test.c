/* What shrinking must do on a model in which everything is known (parts_model.h). */
#include "tests/sim/explore/parts_model.h"

#include "sim/base/units.h"
#include "sim/explore/shrink.h"

static struct deviation deviate(uint32_t unit, uint32_t part, uint32_t purpose, int64_t value)
{
    return (struct deviation){parts_name(unit, part, purpose), value};
}

static void assert_deviation(const struct deviation *is, struct deviation wanted)
{
    assert_int_equal(is->name.entity, wanted.name.entity);
    assert_int_equal(is->name.purpose, wanted.name.purpose);
    assert_int_equal(is->value, wanted.value);
}

static struct shrink_result shrink(struct arena *arena, const struct parts_parameters *parameters,
                                   const struct deviation *deviations, size_t count, int what)
{
    struct probe_options probe = parts_probe(parameters);
    struct shrink_result result;
    struct error error;
    if (!shrink_schedule(&(struct shrink_options){.probe = &probe}, deviations, count,
                         parts_signature(what), arena, &result, &error))
        fail_msg("%s", error.message);
    assert_true(result.is_complete);
    assert_true(result.is_minimal);
    return result;
}

static struct shrink_result shrink_drawn(struct arena *arena,
                                         const struct parts_parameters *parameters, uint32_t unit,
                                         uint32_t replication)
{
    struct probe_options probe = parts_probe(parameters);
    struct shrink_result result;
    struct error error;
    if (!shrink_replication(
            &(struct shrink_options){.probe = &probe},
            &(struct shrink_replication){.seed = 7, .replication = replication, .unit = unit},
            arena, &result, &error))
        fail_msg("%s", error.message);
    return result;
}

static int slow_a(const struct parts_unit *units, uint32_t unit, uint32_t part)
{
    return units[unit].parts[part].a_ns > 60 * UNITS_S ? 2 : 0;
}

/* Of 300 units of 4 to 16 parts some fail; what is left is one part of one unit. */
static void test_a_replication_becomes_its_core(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters =
        parts_make(arena, 300, "discrete(4=0.2, 9=0.6, 16=0.2)", slow_a);
    struct shrink_result result = shrink_drawn(arena, &parameters, SHRINK_ANY_UNIT, 1);
    assert_int_equal(result.first_unit_count, 300);
    assert_true(result.first_count > 10000);
    assert_int_equal(result.unit_count, 1);
    assert_int_equal(result.shape_count, 1);
    assert_int_equal(result.count, 2);
    /* The fewest parts that the distribution has, and the failing one among them. */
    assert_deviation(&result.deviations[0], deviate(0, PARTS_UNIT, PARTS_SHAPE, 4));
    assert_int_equal(result.deviations[1].name.purpose, PARTS_A);
    /* Typical is 6.93 s, so a value of 60.000001 s may be rounded by a twentieth of 53 s. */
    assert_int_equal(result.deviations[1].value, 61 * UNITS_S);
    assert_true(result.is_minimal && result.is_polished && result.is_complete);
    assert_true(result.has_neighbour);
    assert_int_equal(result.neighbour_count, 1);
    assert_int_equal(result.neighbour_change, SHRINK_SET_BACK);
    /* exp(-61 s / 10 s), by half a microsecond less. */
    assert_near(result.likelihood.probability, 0.002242867719485802, 1e-9);
    assert_int_equal(result.likelihood.shape_count, 1);
    assert_int_equal(result.signature, parts_signature(2));
    arena_destroy(arena);
}

static void test_the_same_again(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 40, "5", slow_a);
    struct shrink_result first = shrink_drawn(arena, &parameters, SHRINK_ANY_UNIT, 3);
    struct shrink_result second = shrink_drawn(arena, &parameters, SHRINK_ANY_UNIT, 3);
    assert_int_equal(first.count, second.count);
    assert_memory_equal(first.deviations, second.deviations,
                        first.count * sizeof *first.deviations);
    assert_memory_equal(first.run_counts, second.run_counts, sizeof first.run_counts);
    arena_destroy(arena);
}

static void test_a_unit_that_does_not_fail_is_an_error(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 3, "1", slow_a);
    struct probe_options probe = parts_probe(&parameters);
    struct shrink_result result;
    struct error error;
    /* P(a > 60 s) = 0.0025. */
    assert_false(shrink_replication(&(struct shrink_options){.probe = &probe},
                                    &(struct shrink_replication){.replication = 1, .unit = 2},
                                    arena, &result, &error));
    assert_int_equal(error.code, ERROR_USAGE);
    assert_string_equal(error.message, "unit 2 does not fail in replication 1");
    struct deviation passes = deviate(0, 0, PARTS_A, 59 * UNITS_S);
    assert_false(shrink_schedule(&(struct shrink_options){.probe = &probe}, &passes, 1,
                                 parts_signature(2), arena, &result, &error));
    assert_int_equal(error.code, ERROR_SCENARIO);
    arena_destroy(arena);
}

/* Unit 1 (or whoever is the last) fails for what happened in the one before it. */
static int slow_neighbour(const struct parts_unit *units, uint32_t unit, uint32_t part)
{
    return part == 0 && unit > 0 && units[unit].parts[0].a_ns > 30 * UNITS_S &&
                   units[unit - 1].parts[0].fault
               ? 2
               : 0;
}

static void test_a_unit_keeps_those_that_it_needs(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 20, "2", slow_neighbour);
    struct deviation deviations[] = {
        deviate(3, 0, PARTS_FAULT, 1),         deviate(11, 0, PARTS_FAULT, 1),
        deviate(12, 0, PARTS_A, 45 * UNITS_S), deviate(12, 1, PARTS_A, 45 * UNITS_S),
        deviate(15, 0, PARTS_A, 45 * UNITS_S),
    };
    struct shrink_result result = shrink(arena, &parameters, deviations, 5, 2);
    assert_int_equal(result.unit_count, 2);
    assert_int_equal(result.count, 2);
    assert_deviation(&result.deviations[0], deviate(0, 0, PARTS_FAULT, 1));
    assert_deviation(&result.deviations[1], deviate(1, 0, PARTS_A, 31 * UNITS_S));
    /* Set back the less likely one, the fault. exp(-3.1) is likelier than 1 %. */
    assert_int_equal(result.neighbour_count, 1);
    assert_int_equal(result.neighbour[0].name.purpose, PARTS_A);
    assert_int_equal(result.neighbour_of, 0);
    arena_destroy(arena);
}

/* A part that is slow behind one that is slow in the other way. */
static int slow_after_slow(const struct parts_unit *units, uint32_t unit, uint32_t part)
{
    const struct parts_unit *u = &units[unit];
    return part > 0 && u->parts[part].a_ns > 30 * UNITS_S && u->parts[part - 1].b_ns > 90 * UNITS_S
               ? 2
               : 0;
}

/* Parts 8 and 9 of 12: taking out the last ones does not do it, those in front must go. */
static void test_parts_in_front_are_taken_out(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters =
        parts_make(arena, 1, "discrete(1=0.3, 2=0.3, 12=0.4)", slow_after_slow);
    struct deviation deviations[] = {
        deviate(0, PARTS_UNIT, PARTS_SHAPE, 12),
        deviate(0, 2, PARTS_FAULT, 1),
        deviate(0, 8, PARTS_B, 99 * UNITS_S),
        deviate(0, 9, PARTS_A, 50 * UNITS_S),
    };
    struct shrink_result result = shrink(arena, &parameters, deviations, 4, 2);
    /* Two parts are typical, so the shape is no entry. */
    assert_int_equal(result.shape_count, 0);
    assert_int_equal(result.count, 2);
    assert_deviation(&result.deviations[0], deviate(0, 0, PARTS_B, 91 * UNITS_S));
    assert_deviation(&result.deviations[1], deviate(0, 1, PARTS_A, 31 * UNITS_S));
    arena_destroy(arena);
}

/* Fails between 20 and 22 s and from 80 s on: not monotone. */
static int islands(const struct parts_unit *units, uint32_t unit, uint32_t part)
{
    int64_t a_ns = units[unit].parts[part].a_ns;
    return (a_ns >= 20 * UNITS_S && a_ns < 32 * UNITS_S) || a_ns >= 80 * UNITS_S ? 2 : 0;
}

static void test_lower_islands_are_found(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 1, "1", islands);
    struct deviation deviation = deviate(0, 0, PARTS_A, 95 * UNITS_S);
    struct shrink_result result = shrink(arena, &parameters, &deviation, 1, 2);
    assert_int_equal(result.count, 1);
    assert_int_equal(result.deviations[0].value, 20 * UNITS_S);
    arena_destroy(arena);
}

/* Above 70 s the failure is another one. */
static int other_when_larger(const struct parts_unit *units, uint32_t unit, uint32_t part)
{
    int64_t a_ns = units[unit].parts[part].a_ns;
    return a_ns > 70 * UNITS_S ? 3 : a_ns > 40 * UNITS_S ? 2 : 0;
}

static void test_the_signature_stays(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 1, "1", other_when_larger);
    struct deviation deviation = deviate(0, 0, PARTS_A, 90 * UNITS_S);
    struct shrink_result result = shrink(arena, &parameters, &deviation, 1, 3);
    assert_int_equal(result.deviations[0].value, 71 * UNITS_S);
    assert_int_equal(finding_signature(&result.finding), parts_signature(3));
    deviation.value = 65 * UNITS_S;
    result = shrink(arena, &parameters, &deviation, 1, 2);
    assert_int_equal(result.deviations[0].value, 41 * UNITS_S);
    arena_destroy(arena);
}

/* Two slow parts, or one fault. */
static int two_slow_or_fault(const struct parts_unit *units, uint32_t unit, uint32_t part)
{
    const struct parts_unit *u = &units[unit];
    return part == 0 && ((u->parts[0].a_ns > 30 * UNITS_S && u->parts[1].a_ns > 30 * UNITS_S) ||
                         u->parts[0].fault)
               ? 2
               : 0;
}

static void test_polish_finds_fewer(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 1, "3", two_slow_or_fault);
    struct deviation deviations[] = {deviate(0, 0, PARTS_A, 50 * UNITS_S),
                                     deviate(0, 1, PARTS_A, 50 * UNITS_S)};
    struct shrink_result result = shrink(arena, &parameters, deviations, 2, 2);
    assert_int_equal(result.count, 1);
    assert_deviation(&result.deviations[0], deviate(0, 0, PARTS_FAULT, 1));
    assert_true(result.is_polished);
    arena_destroy(arena);
}

/* Three slow parts, or a fault and a choice: nothing that differs in one deviation leads there. */
static int three_slow_or_two_others(const struct parts_unit *units, uint32_t unit, uint32_t part)
{
    const struct part *p = units[unit].parts;
    bool is_slow = true;
    for (uint32_t i = 0; i < 3; i++)
        is_slow = is_slow && p[i].a_ns > 30 * UNITS_S;
    return part == 0 && (is_slow || (p[0].fault && p[2].choice == 3)) ? 2 : 0;
}

static void test_polish_finds_another_pair(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 1, "3", three_slow_or_two_others);
    struct deviation deviations[] = {deviate(0, 0, PARTS_A, 50 * UNITS_S),
                                     deviate(0, 1, PARTS_A, 50 * UNITS_S),
                                     deviate(0, 2, PARTS_A, 50 * UNITS_S)};
    struct shrink_result result = shrink(arena, &parameters, deviations, 3, 2);
    assert_int_equal(result.count, 2);
    assert_deviation(&result.deviations[0], deviate(0, 0, PARTS_FAULT, 1));
    assert_deviation(&result.deviations[1], deviate(0, 2, PARTS_CHOICE, 3));
    arena_destroy(arena);
}

/* a > 60 s has probability 0.0025, b > 95 s 0.05. */
static int slow_a_or_b(const struct parts_unit *units, uint32_t unit, uint32_t part)
{
    const struct part *p = &units[unit].parts[part];
    return p->a_ns > 60 * UNITS_S || p->b_ns > 95 * UNITS_S ? 2 : 0;
}

static void test_polish_finds_a_likelier_one(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 1, "2", slow_a_or_b);
    struct deviation deviation = deviate(0, 1, PARTS_A, 100 * UNITS_S);
    struct shrink_result result = shrink(arena, &parameters, &deviation, 1, 2);
    assert_int_equal(result.count, 1);
    assert_int_equal(result.deviations[0].name.purpose, PARTS_B);
    assert_int_equal(result.deviations[0].value, 96 * UNITS_S);
    assert_near(result.likelihood.probability, 0.04, 1e-7);
    /* Unless b is to be let alone. */
    struct probe_options probe = parts_probe(&parameters);
    uint32_t excluded = PARTS_B;
    struct error error;
    assert_true(shrink_schedule(
        &(struct shrink_options){.probe = &probe, .excluded = &excluded, .excluded_count = 1},
        &deviation, 1, parts_signature(2), arena, &result, &error));
    assert_int_equal(result.deviations[0].name.purpose, PARTS_A);
    arena_destroy(arena);
}

/* Every kind of draw at once. */
static int everything(const struct parts_unit *units, uint32_t unit, uint32_t part)
{
    const struct part *p = &units[unit].parts[part];
    return p->share < 0.1 && p->choice >= 2 && p->bits > UINT64_C(0xd000000000000000) &&
                   p->b_ns < 10 * UNITS_S
               ? 2
               : 0;
}

static void test_every_kind_is_lowered(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 1, "1", everything);
    struct deviation deviations[] = {
        deviate(0, 0, PARTS_B, 1), deviate(0, 0, PARTS_SHARE, 12345),
        deviate(0, 0, PARTS_CHOICE, 3),
        deviate(0, 0, PARTS_BITS, (int64_t)UINT64_C(0xfffffff012345678))};
    struct probe_options probe = parts_probe(&parameters);
    struct shrink_result result;
    struct error error;
    assert_true(shrink_schedule(&(struct shrink_options){.probe = &probe}, deviations, 4,
                                parts_signature(2), arena, &result, &error));
    assert_int_equal(result.count, 4);
    assert_true(result.is_minimal);
    /* Shares of 2^-52: a tenth is 450359962737049.6, rounded down to the 2^-5 that fits. */
    assert_deviation(&result.deviations[0], deviate(0, 0, PARTS_B, 9 * UNITS_S));
    assert_int_equal(result.deviations[1].value, INT64_C(3) << 47);
    assert_int_equal(result.deviations[2].value, 2);
    assert_int_equal(result.deviations[3].value, (int64_t)UINT64_C(0xd400000000000000));
    arena_destroy(arena);
}

/* With nothing but the typical world that fails, nothing is left. */
static int always(const struct parts_unit *units, uint32_t unit, uint32_t part)
{
    (void)units;
    return unit == 0 && part == 0 ? 1 : 0;
}

static void test_the_typical_world_needs_no_deviation(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 5, "3", always);
    struct deviation deviation = deviate(0, 1, PARTS_A, 100 * UNITS_S);
    struct shrink_result result = shrink(arena, &parameters, &deviation, 1, 1);
    assert_int_equal(result.count, 0);
    assert_false(result.has_neighbour);
    arena_destroy(arena);
}

/* Any single deviation back, or one step lower, passes: checked here by other means. */
static void test_minimal_means_minimal(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 1, "12", slow_after_slow);
    struct deviation deviations[] = {deviate(0, 4, PARTS_B, 97 * UNITS_S),
                                     deviate(0, 5, PARTS_A, 77 * UNITS_S)};
    struct shrink_result result = shrink(arena, &parameters, deviations, 2, 2);
    assert_int_equal(result.count, 2);
    struct probe_options options = parts_probe(&parameters);
    options.parameters = result.parameters;
    struct probe *probe = probe_create(&options);
    for (uint32_t i = 0; i < 2; i++) {
        struct probe_result run;
        struct error error;
        assert_true(probe_run(probe, &result.deviations[1 - i], 1, &run, &error));
        assert_int_equal(run.finding_count, 0);
        struct deviation trial[2] = {result.deviations[0], result.deviations[1]};
        trial[i].value -= UNITS_S;
        assert_true(probe_run(probe, trial, 2, &run, &error));
        assert_int_equal(run.finding_count, 0);
    }
    probe_destroy(probe);
    arena_destroy(arena);
}

static void test_a_small_budget_leaves_what_fails(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct parts_parameters parameters = parts_make(arena, 1, "12", slow_after_slow);
    struct deviation deviations[] = {
        deviate(0, 1, PARTS_A, 33 * UNITS_S), deviate(0, 4, PARTS_B, 97 * UNITS_S),
        deviate(0, 5, PARTS_A, 77 * UNITS_S), deviate(0, 7, PARTS_A, 34 * UNITS_S)};
    struct probe_options options = parts_probe(&parameters);
    for (uint64_t budget = 2; budget < 40; budget++) {
        struct shrink_result result;
        struct error error;
        assert_true(shrink_schedule(&(struct shrink_options){.probe = &options, .run_max = budget},
                                    deviations, 4, parts_signature(2), arena, &result, &error));
        assert_false(result.is_complete || result.is_minimal);
        assert_int_equal(finding_signature(&result.finding), parts_signature(2));
    }
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_replication_becomes_its_core),
        cmocka_unit_test(test_the_same_again),
        cmocka_unit_test(test_a_unit_that_does_not_fail_is_an_error),
        cmocka_unit_test(test_a_unit_keeps_those_that_it_needs),
        cmocka_unit_test(test_parts_in_front_are_taken_out),
        cmocka_unit_test(test_lower_islands_are_found),
        cmocka_unit_test(test_the_signature_stays),
        cmocka_unit_test(test_polish_finds_fewer),
        cmocka_unit_test(test_polish_finds_another_pair),
        cmocka_unit_test(test_polish_finds_a_likelier_one),
        cmocka_unit_test(test_every_kind_is_lowered),
        cmocka_unit_test(test_the_typical_world_needs_no_deviation),
        cmocka_unit_test(test_minimal_means_minimal),
        cmocka_unit_test(test_a_small_budget_leaves_what_fails),
    };
    return cmocka_run_group_tests_name("shrink", tests, NULL, NULL);
}
