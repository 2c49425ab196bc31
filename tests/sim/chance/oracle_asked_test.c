/* What an oracle under a steering answers and notes: typical answers, tails, choosers, ties. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/chance/oracle.h"

enum { SEED = 2026, REPLICATION = 3 };

struct bench {
    struct arena *arena;
    struct oracle_watch watch;
    struct oracle_steering steering;
    struct oracle oracle;
};

static void bench_init(struct bench *bench, struct arena *arena, enum oracle_base base)
{
    bench->arena = arena;
    oracle_watch_init(&bench->watch, arena);
    bench->steering = (struct oracle_steering){.base = base, .watch = &bench->watch};
    bench->oracle = oracle_make(SEED, REPLICATION, NULL, NULL);
    bench->oracle.steering = &bench->steering;
}

static const struct dist *parse(struct arena *arena, const char *text,
                                enum dist_dimension dimension)
{
    struct dist_options options = {.dimension = dimension};
    const struct dist *dist = dist_parse(arena, text, &options, NULL, NULL);
    assert_non_null(dist);
    return dist;
}

static struct draw_name named(uint32_t entity)
{
    return (struct draw_name){entity, 256, 0};
}

/* Ask one question of each kind; entities 0 to 6. */
static void ask_all(struct bench *bench, int64_t values[ORACLE_KIND_COUNT])
{
    struct oracle *oracle = &bench->oracle;
    const struct dist *delay = parse(bench->arena, "exponential(mean=10s)", DIST_DURATION);
    const struct dist *number = parse(bench->arena, "uniform(1, 8)", DIST_NUMBER);
    values[ORACLE_DELAY] = oracle_delay_ns(oracle, named(0), delay);
    values[ORACLE_COUNT] = oracle_count(oracle, named(1), number);
    values[ORACLE_HAPPENS] = oracle_happens(oracle, named(2), 0.8);
    values[ORACLE_PICK] = oracle_pick(oracle, named(3), 5);
    values[ORACLE_UNIFORM] = (int64_t)(oracle_uniform(oracle, named(4)) * 0x1p52);
    values[ORACLE_ENTROPY] = (int64_t)oracle_entropy(oracle, named(5));
    values[ORACLE_TIE] = oracle_put_back(oracle, named(6), 77);
}

static void test_typical_answers(void **state)
{
    struct bench bench;
    int64_t values[ORACLE_KIND_COUNT];
    bench_init(&bench, *state, ORACLE_TYPICAL);
    ask_all(&bench, values);
    assert_int_equal(values[ORACLE_DELAY], 6931472000); /* 10 s ln 2, in whole microseconds */
    assert_int_equal(values[ORACLE_COUNT], 5);          /* 4.5, halves up */
    assert_int_equal(values[ORACLE_HAPPENS], 1);        /* the likelier of the two */
    assert_false(oracle_happens(&bench.oracle, named(7), 0.5));
    assert_false(oracle_happens(&bench.oracle, named(8), 0.3));
    assert_int_equal(values[ORACLE_PICK], 0);
    assert_int_equal(values[ORACLE_UNIFORM], INT64_C(1) << 51);
    assert_true((uint64_t)values[ORACLE_ENTROPY] == UINT64_C(1) << 63);
    assert_int_equal(values[ORACLE_TIE], 0);
    for (uint32_t i = 0; i < ORACLE_KIND_COUNT; i++) {
        const struct oracle_asked *asked = &bench.watch.items[i];
        assert_int_equal(asked->kind, i);
        assert_true(asked->value == values[i]);
        assert_true(asked->value == oracle_asked_typical(asked));
        assert_true(oracle_asked_tail(asked, asked->value) == 1);
    }
}

/* A steering that only watches changes nothing, and `oracle_asked_at` of the draw's own u is its
 * answer. */
static void test_drawn_is_monte_carlo(void **state)
{
    struct bench bench, plain;
    int64_t values[ORACLE_KIND_COUNT], plain_values[ORACLE_KIND_COUNT];
    bench_init(&bench, *state, ORACLE_DRAWN);
    bench_init(&plain, *state, ORACLE_DRAWN);
    plain.oracle.steering = NULL;
    for (uint32_t replication = 0; replication < 200; replication++) {
        bench.oracle.replication = plain.oracle.replication = replication;
        oracle_watch_clear(&bench.watch);
        ask_all(&bench, values);
        ask_all(&plain, plain_values);
        for (uint32_t i = 0; i < ORACLE_KIND_COUNT; i++) {
            const struct oracle_asked *asked = &bench.watch.items[i];
            double u = draw_uniform(SEED, replication, named(i));
            assert_true(values[i] == plain_values[i]);
            if (i != ORACLE_ENTROPY && i != ORACLE_TIE)
                assert_true(oracle_asked_at(asked, u) == values[i]);
        }
    }
}

/* A value that was noted, given back as an override, is answered again. */
static void test_values_can_be_given_back(void **state)
{
    struct bench bench;
    int64_t values[ORACLE_KIND_COUNT], again[ORACLE_KIND_COUNT];
    struct oracle_override overrides[ORACLE_KIND_COUNT];
    bench_init(&bench, *state, ORACLE_DRAWN);
    ask_all(&bench, values);
    for (uint32_t i = 0; i < ORACLE_KIND_COUNT; i++)
        overrides[i] = (struct oracle_override){
            .name = named(i), .kind = ORACLE_OVERRIDE_VALUE, .value = bench.watch.items[i].value};
    overrides[ORACLE_TIE].value = 9;
    bench.oracle.table = oracle_table_create(*state, overrides, ORACLE_KIND_COUNT, NULL);
    bench.steering.base = ORACLE_TYPICAL;
    ask_all(&bench, again);
    for (uint32_t i = 0; i < ORACLE_TIE; i++)
        assert_true(again[i] == values[i]);
    assert_int_equal(again[ORACLE_TIE], 9);
    assert_int_equal(oracle_table_unused_count(bench.oracle.table), 0);
}

static void test_settled_questions_are_not_noted(void **state)
{
    struct bench bench;
    bench_init(&bench, *state, ORACLE_TYPICAL);
    const struct dist *constant = parse(*state, "5s", DIST_DURATION);
    assert_int_equal(oracle_delay_ns(&bench.oracle, named(0), constant), 5 * UNITS_S);
    assert_true(oracle_happens(&bench.oracle, named(1), 1));
    assert_false(oracle_happens(&bench.oracle, named(2), 0));
    assert_int_equal(oracle_pick(&bench.oracle, named(3), 1), 0);
    assert_int_equal(bench.watch.count, 0);
    assert_int_equal(bench.oracle.draw_count, 4);
}

/* What is asked again is noted once, in the place of the first time; many names need more room. */
static void test_noted_once(void **state)
{
    struct bench bench;
    bench_init(&bench, *state, ORACLE_TYPICAL);
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 3000; i++) {
            bench.oracle.event_count = i;
            bench.oracle.now_ns = 10 * (int64_t)i;
            (void)oracle_happens(&bench.oracle, named(i), 0.25);
            (void)oracle_happens(&bench.oracle, named(i / 2), 0.25);
        }
        assert_int_equal(bench.watch.count, 3000);
        for (uint32_t i = 0; i < 3000; i++) {
            assert_int_equal(bench.watch.items[i].name.entity, i);
            assert_int_equal(bench.watch.items[i].event_count, i);
            assert_int_equal(bench.watch.items[i].at_ns, 10 * i);
        }
        oracle_watch_clear(&bench.watch);
    }
}

static void test_tails(void **state)
{
    const struct dist *delay = parse(*state, "exponential(mean=10s)", DIST_DURATION);
    const struct dist *number = parse(*state, "discrete(1=0.5, 2=0.3, 4=0.2)", DIST_NUMBER);
    struct oracle_asked asked = {.kind = ORACLE_DELAY, .dist = delay};
    for (int seconds = 8; seconds <= 200; seconds *= 5)
        assert_true(fabs(oracle_asked_tail(&asked, seconds * UNITS_S) / exp(-seconds / 10.0) - 1) <
                    1e-6); /* half a microsecond of 10 s */
    assert_true(fabs(oracle_asked_tail(&asked, UNITS_S) / (1 - exp(-0.1)) - 1) < 1e-6);
    asked = (struct oracle_asked){.kind = ORACLE_COUNT, .dist = number};
    assert_int_equal(oracle_asked_typical(&asked), 1);
    assert_true(fabs(oracle_asked_tail(&asked, 2) - 0.5) < 1e-12);
    assert_true(fabs(oracle_asked_tail(&asked, 3) - 0.2) < 1e-12);
    assert_true(fabs(oracle_asked_tail(&asked, 4) - 0.2) < 1e-12);
    assert_true(oracle_asked_tail(&asked, 5) < 1e-12);
    asked = (struct oracle_asked){.kind = ORACLE_HAPPENS, .probability = 0.8};
    assert_true(oracle_asked_tail(&asked, 1) == 1);
    assert_true(fabs(oracle_asked_tail(&asked, 0) - 0.2) < 1e-15);
    asked.probability = 0.002;
    assert_true(oracle_asked_tail(&asked, 1) == 0.002);
    asked = (struct oracle_asked){.kind = ORACLE_PICK, .count = 5};
    assert_true(oracle_asked_tail(&asked, 3) == 0.8);
    asked = (struct oracle_asked){.kind = ORACLE_UNIFORM};
    assert_true(fabs(oracle_asked_tail(&asked, oracle_asked_at(&asked, 0.9)) - 0.1) < 1e-12);
    assert_true(fabs(oracle_asked_tail(&asked, oracle_asked_at(&asked, 0.1)) - 0.1) < 1e-12);
    asked = (struct oracle_asked){.kind = ORACLE_ENTROPY};
    assert_true(fabs(oracle_asked_tail(&asked, oracle_asked_at(&asked, 0.9)) - 0.1) < 1e-12);
}

struct chosen {
    uint32_t asked_count;
    int64_t value_seen;
};

/* Answers entities 0 and 6 only. */
static bool choose(void *context, const struct oracle_asked *asked, int64_t *value)
{
    struct chosen *chosen = context;
    chosen->asked_count++;
    if (asked->name.entity == 0)
        chosen->value_seen = asked->value;
    *value = 1000;
    return asked->name.entity == 0 || asked->name.entity == 6;
}

/* A chooser is asked about what is open and in no table, told what the answer would be, and its
 * answer is brought into the range. */
static void test_chooser(void **state)
{
    struct bench bench;
    int64_t values[ORACLE_KIND_COUNT];
    struct chosen chosen = {0};
    struct oracle_chooser chooser = {.context = &chosen, .choose = choose};
    struct oracle_override override = {.name = named(1), .kind = ORACLE_OVERRIDE_VALUE, .value = 3};
    bench_init(&bench, *state, ORACLE_TYPICAL);
    bench.steering.chooser = &chooser;
    bench.oracle.table = oracle_table_create(*state, &override, 1, NULL);
    ask_all(&bench, values);
    assert_int_equal(chosen.asked_count, ORACLE_KIND_COUNT - 1);
    assert_int_equal(chosen.value_seen, 6931472000);
    assert_int_equal(values[ORACLE_DELAY], 1000);
    assert_int_equal(values[ORACLE_COUNT], 3);
    assert_int_equal(values[ORACLE_PICK], 0);
    assert_int_equal(values[ORACLE_TIE], ORACLE_TIE_MAX);
    assert_int_equal(bench.watch.items[0].value, 1000);
}

static void test_typical_from_an_event_on(void **state)
{
    struct bench bench;
    int64_t before[ORACLE_KIND_COUNT], after[ORACLE_KIND_COUNT];
    struct chosen chosen = {0};
    struct oracle_chooser chooser = {.context = &chosen, .choose = choose};
    struct oracle_override override = {.name = named(1), .kind = ORACLE_OVERRIDE_VALUE, .value = 7};
    bench_init(&bench, *state, ORACLE_DRAWN);
    bench.steering.chooser = &chooser;
    bench.steering.typical_from_event = 10;
    bench.oracle.table = oracle_table_create(*state, &override, 1, NULL);
    bench.oracle.event_count = 9;
    ask_all(&bench, before);
    bench.oracle.event_count = 10;
    ask_all(&bench, after);
    assert_int_equal(before[ORACLE_DELAY], 1000);
    assert_int_equal(before[ORACLE_COUNT], 7);
    assert_true(before[ORACLE_ENTROPY] != INT64_MIN);
    for (uint32_t i = 0; i < ORACLE_KIND_COUNT; i++)
        assert_true(after[i] == oracle_asked_typical(&bench.watch.items[i]));
}

static void test_lone_ties_are_dropped(void **state)
{
    struct bench bench;
    bench_init(&bench, *state, ORACLE_TYPICAL);
    static const int64_t due_ns[] = {5, 7, 5, 9, 11, 9, 9, 12};
    for (uint32_t i = 0; i < 8; i++) {
        (void)oracle_put_back(&bench.oracle, named(i), due_ns[i]);
        (void)oracle_happens(&bench.oracle, named(100 + i), 0.1);
    }
    oracle_watch_drop_lone_ties(&bench.watch);
    static const uint32_t left[] = {0, 100, 101, 2, 102, 3, 103, 104, 5, 105, 6, 106, 107};
    assert_int_equal(bench.watch.count, 13);
    for (uint32_t i = 0; i < 13; i++)
        assert_int_equal(bench.watch.items[i].name.entity, left[i]);
    /* One that keeps its place is company, but not for itself. */
    oracle_watch_clear(&bench.watch);
    for (uint32_t i = 0; i < 300; i++) {
        oracle_keep_place(&bench.oracle, 1000 + i);
        (void)oracle_put_back(&bench.oracle, named(i), i < 200 ? i : 800 + i);
    }
    oracle_watch_drop_lone_ties(&bench.watch);
    assert_int_equal(bench.watch.count, 100);
    assert_int_equal(bench.watch.items[0].name.entity, 200);
    /* Without a steering nothing is put back. */
    bench.oracle.steering = NULL;
    assert_int_equal(oracle_put_back(&bench.oracle, named(0), 5), 0);
}

/* A table that is filled again forgets what was in it, whether it grows, shrinks or is refused. */
static void test_refill(void **state)
{
    enum { COUNT = 500 };
    struct oracle_override overrides[COUNT];
    struct bench bench;
    bench_init(&bench, *state, ORACLE_TYPICAL);
    bench.oracle.table = oracle_table_create(*state, NULL, 0, NULL);
    for (uint32_t size = 1; size <= COUNT; size = size * 7 % 499 + 1) {
        for (uint32_t i = 0; i < size; i++)
            overrides[i] = (struct oracle_override){
                .name = named(i), .kind = ORACLE_OVERRIDE_VALUE, .value = size + i};
        assert_true(oracle_table_refill(bench.oracle.table, overrides, size, NULL));
        assert_int_equal(oracle_table_unused_count(bench.oracle.table), size);
        for (uint32_t i = 0; i < COUNT; i++)
            assert_int_equal(oracle_pick(&bench.oracle, named(i), 5000), i < size ? size + i : 0);
        assert_int_equal(oracle_table_unused_count(bench.oracle.table), 0);
        if (size * 7 % 499 + 1 == 1)
            break;
    }
    overrides[1] = overrides[0];
    assert_false(oracle_table_refill(bench.oracle.table, overrides, 2, NULL));
    assert_int_equal(oracle_pick(&bench.oracle, named(0), 5000), 0);
}

static int set_up(void **state)
{
    *state = arena_create("test", 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typical_answers),
        cmocka_unit_test(test_drawn_is_monte_carlo),
        cmocka_unit_test(test_values_can_be_given_back),
        cmocka_unit_test(test_settled_questions_are_not_noted),
        cmocka_unit_test(test_noted_once),
        cmocka_unit_test(test_tails),
        cmocka_unit_test(test_chooser),
        cmocka_unit_test(test_typical_from_an_event_on),
        cmocka_unit_test(test_lone_ties_are_dropped),
        cmocka_unit_test(test_refill),
    };
    return cmocka_run_group_tests_name("chance/oracle_asked", tests, set_up, tear_down);
}
