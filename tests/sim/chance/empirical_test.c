/* Measured data as a distribution: the Kaplan-Meier estimate on the published 6-MP data, the CSV
 * reader on friendly and hostile files, and the shared measurements where RCESIM_DATA names them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/chance/dist.h"
#include "sim/chance/empirical.h"

struct fixture {
    struct arena *arena;
    char directory[64];
};

static const char *path_of(struct fixture *fixture, const char *name)
{
    return arena_print(fixture->arena, "%s/%s", fixture->directory, name);
}

static void write_file(struct fixture *fixture, const char *content, size_t size)
{
    FILE *file = fopen(path_of(fixture, "a.csv"), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static const struct dist *parse(struct fixture *fixture, const char *text, struct error *error)
{
    struct dist_options options = {.dimension = DIST_DURATION,
                                   .base_directory = fixture->directory};
    return dist_parse(fixture->arena, text, &options, NULL, error);
}

static const struct dist *parse_good(struct fixture *fixture, const char *text)
{
    struct error error;
    const struct dist *dist = parse(fixture, text, &error);
    if (dist == NULL)
        fail_msg("%s: %s", text, error.message);
    return dist;
}

/* Freireich et al. 1963, remission under 6-MP in weeks; a minus sign marks a censored one here. */
static void test_kaplan_meier(void **state)
{
    struct fixture *fixture = *state;
    static const int weeks[] = {6,   6,   6,   -6, 7,  -9,  10,  -10, -11, 13, 16,
                                -17, -19, -20, 22, 23, -25, -32, -32, -34, -35};
    enum { COUNT = sizeof weeks / sizeof weeks[0] };
    struct empirical_time times[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        times[COUNT - 1 - i] = (struct empirical_time){abs(weeks[i]), weeks[i] < 0};
    struct empirical_estimate estimate = empirical_estimate(fixture->arena, times, COUNT);
    static const double expected[][2] = {{6, .857143},  {7, .806723},  {10, .752941}, {13, .690196},
                                         {16, .627451}, {22, .537815}, {23, .448179}, {35, 0}};
    assert_int_equal(estimate.count, 8);
    for (size_t i = 0; i < estimate.count; i++) {
        assert_true(estimate.values[i] == expected[i][0]);
        assert_true(fabs(estimate.above[i] - expected[i][1]) < 5e-7);
        assert_true(fabs(estimate.cumulative[i] + estimate.above[i] - 1) < 1e-15);
    }
}

static void test_without_censoring_it_is_the_sample(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, "name,time\na,3\nb,1\nc,2.5\nd,1", 27);
    const struct dist *dist = parse_good(fixture, "empirical(file=a.csv, column=time, unit=min)");
    assert_int_equal(dist_duration_ns(dist, 0.5), 1 * UNITS_MIN);
    assert_int_equal(dist_duration_ns(dist, 0.5001), 150 * UNITS_S);
    assert_int_equal(dist_duration_ns(dist, 0.7501), 3 * UNITS_MIN);
    assert_true(dist_mean(dist) == 7.5 / 4 * 60e9);
    assert_true(dist_cdf(dist, 150e9) == 0.75);
}

static void test_quotes_and_conditions(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] = "\xef\xbb\xbfname,time,\"no\"\"te\"\"\",kind\r\n"
                               "a,3,,k\r\n\"b\",\"1\",\"x, y\",k\r\n\r\nc,2,\"two\nlines\",k\n"
                               "d,8,\"x, y\",other\rz,9,,k";
    write_file(fixture, text, sizeof text - 1);
    const struct dist *all = parse_good(fixture, "empirical(file=a.csv, column=time, unit=s)");
    assert_true(dist_min(all) == 1e9 && dist_max(all) == 9e9);
    const struct dist *some = parse_good(
        fixture,
        "empirical(file=a.csv, column=time, unit=s, where=kind==k, where=name!=a, max=8s)");
    assert_true(dist_min(some) == 1e9 && dist_max(some) == 2e9);
    const struct dist *named = parse_good(
        fixture, "empirical(\"a.csv\", time, s, where = \"name!=b\", where=kind != \"k\")");
    assert_true(dist_is_constant(named) && dist_min(named) == 8e9);
    const struct dist *again = parse_good(fixture, dist_print(named));
    assert_string_equal(dist_print(again), dist_print(named));
    assert_string_equal(dist_print(some),
                        "empirical(file=a.csv, column=time, unit=s, max=8s, where=kind==k, "
                        "where=name!=a)");
}

static void test_censored_rows(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] = "t,note\n1,\n2,\n,late\n4,\n";
    write_file(fixture, text, sizeof text - 1);
    const struct dist *dist = parse_good(
        fixture, "empirical(file=a.csv, column=t, unit=s, censored=note==late, censored_at=3s)");
    /* At 1 and 2 s a quarter each, the rest of the one cut off at 3 s goes to 4 s. */
    assert_true(dist_mean(dist) == 0.25e9 + 0.5e9 + 0.5 * 4e9);
    dist = parse_good(
        fixture, "empirical(file=a.csv, column=t, unit=s, censored=note==late, censored_at=9s)");
    assert_true(dist_max(dist) == 9e9 && dist_cdf(dist, 4e9) == 0.75);
    dist = parse_good(fixture, "empirical(file=a.csv, column=t, unit=s, where=note!=late)");
    assert_true(dist_max(dist) == 4e9);
}

static const struct {
    const char *content, *arguments, *message;
} bad_files[] = {
    {"", "column=t", "%s is empty"},
    {"\n\n", "column=t", "%s is empty"},
    {"t\n", "column=t", "%s has a header but no row"},
    {"t\r\n", "column=t", "%s has a header but no row"},
    {"time\n5\n", "column=tme", "%s has no column \"tme\"; did you mean \"time\"?"},
    {"time\n5\n", "column=x", "%s has no column \"x\"; the columns: time"},
    {"t\n5\n", "column=t, where=kind==1", "%s has no column \"kind\"; the columns: t"},
    {"a;t\n5;6\n", "column=t",
     "%s has no column \"t\": its cells seem to be separated by semicolons; save it with commas"},
    {"t,u,t\n5,6,7\n", "column=t", "%s has 2 columns of the name \"t\": which one is meant?"},
    {"t,u,u\n5,6,7\n", "column=t, where=u==6",
     "%s has 2 columns of the name \"u\": which one is meant?"},
    {"t,n\n5,no\n6,yes\n7,no\n", "column=t, censored=n==maybe",
     "%s: no row has n==maybe; the column holds: no (2), yes (1)"},
    {"t\n5\n1e300\n", "column=t", "%s:3: t is 1e300, too large a number"},
    {"t\n5\n", "column=t, min=6s", "%s: no row is chosen"},
    {"t,n\n5\n", "column=t", "%s:2: 1 columns where the header has 2"},
    {"t\n5\n\n\n7s\n", "column=t", "%s:5: t: \"7s\" is not a number"},
    {"t,n\n5,\n,x\n", "column=t", "%s:3: t is empty; leave such rows out by where=COLUMN!=TEXT"},
    {"t,n\n5,\n,x\n", "column=t, censored=n==x",
     "%s:3: t is empty; leave such rows out by where=COLUMN!=TEXT, or say censored_at"},
    {"t\n-5\n", "column=t", "%s:2: t is negative"},
    {"t\nnan\n", "column=t", "%s:2: t: \"nan\" is not a number"},
    {"t\n\"5\n", "column=t", "%s:2: a quoted cell is not closed"},
    {"t\n\"5\"6\n", "column=t", "%s:2: text after a quoted cell"},
    {"t\n\xff\n", "column=t", "%s: byte 2 is not UTF-8 text"},
};

static void test_bad_files(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        write_file(fixture, bad_files[i].content, strlen(bad_files[i].content));
        struct error error;
        const char *text = arena_print(fixture->arena, "empirical(file=a.csv, unit=s, %s)",
                                       bad_files[i].arguments);
        assert_null(parse(fixture, text, &error));
        char expected[512];
        const char *rest = strchr(bad_files[i].message, '%') + 2;
        snprintf(expected, sizeof expected, "%s%s", path_of(fixture, "a.csv"), rest);
        assert_string_equal(error.message, expected);
    }
    write_file(fixture, "t\n5\0\n", 5);
    struct error error;
    assert_null(parse(fixture, "empirical(file=a.csv, unit=s, column=t)", &error));
    assert_non_null(strstr(error.message, "byte 3 is not UTF-8 text"));
}

/* The figures are those stated beside the data; quantiles here are observations (row 37 and row 67
 * of 74 in order), where those beside the data lie between two. */
static void test_shared_measurements(void **state)
{
    struct fixture *fixture = *state;
    const char *data = getenv("RCESIM_DATA");
    if (data == NULL) {
        print_message("SKIPPED: RCESIM_DATA does not name the folder of measurements\n");
        skip();
    }
    struct dist_options options = {.dimension = DIST_DURATION, .base_directory = data};
    struct error error;
    const struct dist *evacuations = dist_parse(
        fixture->arena,
        "empirical(file=osic_live_migration/host_evacuations.csv, column=seconds, unit=s)",
        &options, NULL, &error);
    assert_non_null(evacuations);
    assert_int_equal(dist_duration_ns(evacuations, 0.5), 322 * UNITS_S);
    assert_int_equal(dist_duration_ns(evacuations, 0.9), 1412 * UNITS_S);
    assert_true(dist_min(evacuations) == 8e9 && dist_max(evacuations) == 2375e9);
    const struct dist *real = dist_parse(
        fixture->arena,
        "empirical(file=osic_live_migration/host_evacuations.csv, column=seconds, unit=s, min=30s)",
        &options, NULL, &error);
    assert_non_null(real);
    assert_true(dist_min(real) > 30e9 && dist_mean(real) > dist_mean(evacuations));
    static const char *const scripted = "empirical(file=azure_vm_startup/azure_vm_startup.csv, "
                                        "column=total_s, unit=s, where=suite!=vm_only, "
                                        "where=note!=Not Supported, %s)";
    const struct dist *cut =
        dist_parse(fixture->arena, arena_print(fixture->arena, scripted, "where=note!=Timed Out"),
                   &options, NULL, &error);
    const struct dist *censored = dist_parse(
        fixture->arena,
        arena_print(fixture->arena, scripted, "censored=note==Timed Out, censored_at=90min"),
        &options, NULL, &error);
    assert_non_null(cut);
    assert_non_null(censored);
    assert_true(fabs(dist_quantile(cut, 0.5) - 711.3e9) < 1e3);
    assert_true(fabs(dist_quantile(cut, 0.9) - 921.2e9) < 1e3);
    /* 74 rows ended and 4 did not: leaving those out biases the delay short. */
    assert_true(fabs(dist_cdf(censored, 1426e9) - 74.0 / 78) < 1e-12);
    assert_true(dist_quantile(censored, 0.9) > dist_quantile(cut, 0.9));
    assert_true(dist_max(censored) == 5400e9);
}

static int set_up(void **state)
{
    struct arena *arena = arena_create("test", 0);
    struct fixture *fixture = arena_take(arena, sizeof *fixture);
    fixture->arena = arena;
    snprintf(fixture->directory, sizeof fixture->directory, "%s/rcesim_empirical_XXXXXX", P_tmpdir);
    *state = fixture;
    return mkdtemp(fixture->directory) == NULL;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    unlink(path_of(fixture, "a.csv"));
    rmdir(fixture->directory);
    arena_destroy(fixture->arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kaplan_meier),
        cmocka_unit_test(test_without_censoring_it_is_the_sample),
        cmocka_unit_test(test_quotes_and_conditions),
        cmocka_unit_test(test_censored_rows),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_shared_measurements),
    };
    return cmocka_run_group_tests_name("chance/empirical", tests, set_up, tear_down);
}
