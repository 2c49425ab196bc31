#include "models/rcesim/study/grid.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The overrides of all points, each point in brackets. */
static const char *all_points(struct arena *arena, const struct grid *grid)
{
    const char *text = "";
    for (size_t p = 0; p < grid->point_count; p++) {
        const char **overrides = grid_overrides(grid, arena, p);
        text = arena_print(arena, "%s[", text);
        for (size_t i = 0; i < grid->override_count; i++)
            text = arena_print(arena, "%s%s%s", text, i > 0 ? " | " : "", overrides[i]);
        text = arena_print(arena, "%s]", text);
    }
    return text;
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *over;
        const char *points;
    } known[] = {
        {"a.b=1,2,5", "[a.b=1][a.b=2][a.b=5]"},
        {"a.b= 1 , 2 ", "[a.b=1][a.b=2]"},
        {"a=10..50..20", "[a=10][a=30][a=50]"},
        {"a=10..55..20", "[a=10][a=30][a=50]"},
        {"a=3..1..-1", "[a=3][a=2][a=1]"},
        {"a=1..3", "[a=1][a=2][a=3]"},
        {"a=7..7", "[a=7]"},
        {"a=0.1..0.5..0.1", "[a=0.1][a=0.2][a=0.3][a=0.4][a=0.5]"},
        {"a=0%..5%..2.5%", "[a=0%][a=2.5%][a=5%]"},
        {"a=5%..0%..-5%", "[a=5%][a=0%]"},
        {"a=1min..2min..30s", "[a=1min][a=1min30s][a=2min]"},
        {"a=10/s..30/s..10/s", "[a=10/s][a=20/s][a=30/s]"},
        {"a=1/min..2/min..1/min", "[a=1/min][a=2/min]"},
        {"a=10..1000*10", "[a=10][a=100][a=1000]"},
        {"a=8..1*0.5", "[a=8][a=4][a=2][a=1]"},
        {"a=1min..10min:4", "[a=1min][a=4min][a=7min][a=10min]"},
        {"a=1min..100min:*3", "[a=1min][a=10min][a=1h40min]"},
        {"a=1,10..30..10,100", "[a=1][a=10][a=20][a=30][a=100]"},
        {"a=uniform(1min, 2min),30s", "[a=uniform(1min, 2min)][a=30s]"},
        {"a=[x, y],[z]", "[a=[x, y]][a=[z]]"},
        {"a={policy: none},{policy: fixed, base: 1s},null",
         "[a={policy: none}][a={policy: fixed, base: 1s}][a=null]"},
        {"a='1,2',\"3,4\"", "[a='1,2'][a=\"3,4\"]"},
        {"a=f(file=../x.csv)", "[a=f(file=../x.csv)]"},
        {"a=f(median={1min..2min..1min}, sigma=1)",
         "[a=f(median=1min, sigma=1)][a=f(median=2min, sigma=1)]"},
        {"a=f({1,2}, {3,4})", "[a=f(1, 3)][a=f(1, 4)][a=f(2, 3)][a=f(2, 4)]"},
        {"a,b=1:2,3:4", "[a=1 | b=2][a=3 | b=4]"},
        {"a, b=f(1:2):x,3:4", "[a=f(1:2) | b=x][a=3 | b=4]"},
    };
    struct arena *arena = arena_create("test", 0);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct grid grid;
        struct error error = {0};
        grid_init(&grid, arena);
        bool is_good = grid_add(&grid, known[i].over, &error) && grid_build(&grid, NULL, 0, &error);
        assert_string_equal(error.message, "");
        assert_true(is_good);
        assert_string_equal(all_points(arena, &grid), known[i].points);
    }
    arena_destroy(arena);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *over;
        const char *part; /* Of the message. */
    } known[] = {
        {"a", "is not PATH=VALUES"},
        {"=1", "is not PATH=VALUES"},
        {"a=1,,2", "a value is missing"},
        {"a=", "a value is missing"},
        {"a=1..5..0", "a step of 0"},
        {"a=1..5..-1", "its step leads away"},
        {"a=5..1", "its step leads away"},
        {"a=1min..5min", "needs a step"},
        {"a=1min..5min..1", "a duration and a number"},
        {"a=1min..5", "a duration and a number"},
        {"a=1..x", "\"x\" is not a number"},
        {"a=1..5..y", "\"y\" is not a number"},
        {"a=..5", "\"\" is not a number"},
        {"a=10..1000*0.1", "its factor leads away"},
        {"a=10..1000*1", "its factor leads away"},
        {"a=0..1000*10", "must not touch 0"},
        {"a=1..10:1", "from 2 to"},
        {"a=1..10:2.5", "from 2 to"},
        {"a=1..10:5s", "a plain number is expected"},
        {"a=1..20000", "20000 values"},
        {"a=1..1000000000000", "at most 10000 points"},
        {"a,b=1:2,3", "1 parts for 2 paths"},
        {"a,a=1:2", "swept twice"},
        {"a=10,20,10", "the value \"10\" stands twice in \"10,20,10\""},
        {"a=1min,60s", "the values \"1min\" and \"60s\" in \"1min,60s\" are the same"},
        {"a=1..5,3", "the value \"3\" stands twice"},
        {"a=x,y,x", "the value \"x\" stands twice"},
        {"a,b=1:2,3:4,1:2", "the value \"1:2\" stands twice"},
        {"a=f({1},{2},{3},{4},{5},{6},{7},{8},{9})", "more than 8"},
    };
    struct arena *arena = arena_create("test", 0);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct grid grid;
        struct error error = {0};
        grid_init(&grid, arena);
        assert_false(grid_add(&grid, known[i].over, &error));
        assert_int_equal(error.code, ERROR_USAGE);
        if (strstr(error.message, known[i].part) == NULL)
            fail_msg("\"%s\" gives: %s", known[i].over, error.message);
    }
    arena_destroy(arena);
}

/* The first axis changes slowest; a path is an axis once. */
static void test_crossed(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct grid grid;
    struct error error;
    grid_init(&grid, arena);
    assert_true(grid_add(&grid, "a=1,2", &error));
    assert_true(grid_add(&grid, "b=x,y,z", &error));
    assert_false(grid_add(&grid, "a=3", &error));
    assert_true(grid_build(&grid, NULL, 0, &error));
    assert_string_equal(all_points(arena, &grid),
                        "[a=1 | b=x][a=1 | b=y][a=1 | b=z][a=2 | b=x][a=2 | b=y][a=2 | b=z]");
    assert_string_equal(grid_point_text(&grid, arena, 4), "a=2, b=y");
    assert_true(grid.columns[0].is_quantity);
    assert_false(grid.columns[1].is_quantity);
    arena_destroy(arena);
}

static void test_limits(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct grid grid;
    struct error error;
    grid_init(&grid, arena);
    assert_true(grid_add(&grid, "a=1..100", &error));
    assert_true(grid_add(&grid, "b=1..101", &error));
    assert_false(grid_build(&grid, NULL, 0, &error));
    assert_non_null(strstr(error.message, "10100 points are too many; the limit is 10000"));
    const char *half[] = {"a <= 50"};
    assert_true(grid_build(&grid, half, 1, &error));
    assert_int_equal(grid.point_count, 5050);
    assert_true(grid_add(&grid, "c=1..1000", &error));
    assert_false(grid_build(&grid, half, 1, &error));
    assert_non_null(strstr(error.message, "before --where"));
    for (int i = 0; i < 13; i++)
        assert_true(grid_add(&grid, arena_print(arena, "d%d=1", i), &error));
    assert_false(grid_add(&grid, "one.more=1", &error));
    arena_destroy(arena);
}

static void test_where(void **state)
{
    (void)state;
    static const struct {
        const char *where;
        const char *points; /* NULL: an error; then `part` of its message. */
        const char *part;
    } known[] = {
        {"a.n < t", NULL, "a number and a duration"},
        {"a.n <= 2", "11 12 21 22", NULL},
        {"a.n >= 2", "21 22 31 32", NULL},
        {"a.n == 2", "21 22", NULL},
        {"a.n != 2", "11 12 31 32", NULL},
        {"a.n>2", "31 32", NULL},
        {"2 * a.n + 1 < 7", "11 12 21 22", NULL},
        {"a.n - 1 > 1", "31 32", NULL},
        {"t < 90s", "11 21 31", NULL},
        {"t + 30s == 1.5min", "11 21 31", NULL},
        {"t >= a.n * 1min", "11 12 22", NULL},
        {"t > 0", "11 12 21 22 31 32", NULL},
        {"a.n > 3", NULL, "of 6 none is left"},
        {"a.m > 3", NULL, "did you mean \"a.n\""},
        {"a.n", NULL, "expected <"},
        {"a.n > ", NULL, "expected a number or a path"},
        {"a.n > 1 2", NULL, "expected the end"},
        {"a.n > 1min", NULL, "do not go together, at"},
        {"t * t > 1", NULL, "times a duration"},
        {"text == 1", NULL, "not numbers of one kind"},
    };
    struct arena *arena = arena_create("test", 0);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct grid grid;
        struct error error = {0};
        grid_init(&grid, arena);
        assert_true(grid_add(&grid, "a.n=1,2,3", &error));
        assert_true(grid_add(&grid, "t=1min,2min", &error));
        assert_true(grid_add(&grid, "text=x", &error));
        bool is_good = grid_build(&grid, &known[i].where, 1, &error);
        assert_true(is_good == (known[i].points != NULL));
        if (!is_good) {
            if (strstr(error.message, known[i].part) == NULL)
                fail_msg("\"%s\" gives: %s", known[i].where, error.message);
            assert_int_equal(error.code, ERROR_USAGE);
            continue;
        }
        const char *text = "";
        for (size_t p = 0; p < grid.point_count; p++)
            text = arena_print(arena, "%s%s%u%u", text, p > 0 ? " " : "",
                               grid_index(&grid, p, 0) + 1, grid_index(&grid, p, 1) + 1);
        assert_string_equal(text, known[i].points);
    }
    arena_destroy(arena);
}

static void test_template(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *names; /* Of the slots, then what they hold. */
    } known[] = {
        {"a.b=5", "a.b:5"},
        {"a.b=f(m={1..2}, s=3)", "a.b:m:1..2"},
        {"a.b=f(m={1..2}, s={3})", "a.b:m:1..2 a.b:s:3"},
        {"a.b=f({1}, {2})", "a.b:1 a.b:2:2"},
        {"a.b=f(x={1}, x={2})", "a.b:x:1 a.b:2:2"},
        {"a.b={5}", "a.b:5"},
        {"a.b={x: 5}", "a.b:{x: 5}"},
        {"a.b={}", "a.b:{}"},
    };
    struct arena *arena = arena_create("test", 0);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct template template;
        struct error error;
        assert_true(template_parse(&template, arena, known[i].text, &error));
        const char *names = "", *texts[TEMPLATE_SLOTS_MAX];
        for (size_t s = 0; s < template.slot_count; s++) {
            names = arena_print(arena, "%s%s%s:%s", names, s > 0 ? " " : "", template.slots[s].name,
                                template.slots[s].text);
            texts[s] = arena_print(arena, "<%zu>", s);
        }
        assert_string_equal(names, known[i].names);
        if (i == 2)
            assert_string_equal(template_fill(&template, arena, texts), "a.b=f(m=<0>, s=<1>)");
    }
    arena_destroy(arena);
}

static void test_quantity(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum quantity_kind kind;
        double value;
        const char *printed;
    } known[] = {
        {"300", QUANTITY_NUMBER, 300, "300"},        {"-2.5", QUANTITY_NUMBER, -2.5, "-2.5"},
        {"0.2%", QUANTITY_SHARE, 0.002, "0.2%"},     {"12min", QUANTITY_DURATION, 720e9, "12min"},
        {"90s", QUANTITY_DURATION, 90e9, "1min30s"}, {"50/s", QUANTITY_RATE, 50, "50/s"},
        {"3/min", QUANTITY_RATE, 0.05, "3/min"},
    };
    struct arena *arena = arena_create("test", 0);
    struct quantity quantity;
    struct error error;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_true(quantity_parse(&quantity, known[i].text, &error));
        assert_int_equal(quantity.kind, known[i].kind);
        assert_true(fabs(quantity.value - known[i].value) <= 1e-12 * 720e9);
        assert_string_equal(quantity_print(arena, &quantity), known[i].printed);
    }
    static const char *const bad[] = {"", "x", "1 2", "5km", "3/x", "%", "none"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(quantity_parse(&quantity, bad[i], &error));
    quantity = (struct quantity){QUANTITY_DURATION, 139265.997e6, ""};
    quantity_round(&quantity, 4);
    assert_string_equal(quantity_print(arena, &quantity), "2min19s300ms");
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),   cmocka_unit_test(test_errors),
        cmocka_unit_test(test_crossed),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_where),    cmocka_unit_test(test_template),
        cmocka_unit_test(test_quantity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
