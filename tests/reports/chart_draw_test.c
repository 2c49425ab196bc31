#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reports/chart.h"
#include "reports/gnuplot.h"
#include "reports/process.h"
#include "sim/base/units.h"
#include "tests/reports/chart_samples.h"

/* A folder with a few charts, and one with a gnuplot of our own that goes before the real one. */
struct bench {
    char folder[64];
    struct arena *arena;
    char *path; /* The PATH before. */
    const struct chart *charts[SAMPLE_COUNT];
    struct error errors[SAMPLE_COUNT];
};
enum { FEW = 4 };

static const char *file_of(const struct bench *bench, size_t index, const char *ending)
{
    return arena_print(bench->arena, "%s/%s", bench->folder,
                       chart_file_name(bench->charts[index], ending));
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    *bench = (struct bench){.folder = "/tmp/draw-test-XXXXXX"};
    bench->arena = arena_create("test", 0);
    bench->path = strdup(getenv("PATH"));
    *state = bench;
    if (mkdtemp(bench->folder) == NULL)
        return -1;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        bench->charts[i] = sample_makers[i](bench->arena);
        FILE *file = fopen(file_of(bench, i, "tsv"), "w");
        chart_write_data(bench->charts[i], file);
        fclose(file);
        file = fopen(file_of(bench, i, "gp"), "w");
        chart_write_script(bench->charts[i], &sample_identity, file);
        fclose(file);
    }
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    setenv("PATH", bench->path, 1);
    int status = nftw(bench->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    arena_destroy(bench->arena);
    free(bench->path);
    free(bench);
    return status;
}

/* Put a shell script in the place of gnuplot; it can say `draw` to make a picture of its own. */
static void pretend(const struct bench *bench, const char *version, const char *body)
{
    const char *bin = arena_print(bench->arena, "%s/bin", bench->folder);
    mkdir(bin, 0755);
    const char *path = arena_print(bench->arena, "%s/gnuplot", bin);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "#!/bin/sh\nif [ \"$1\" = --version ]; then echo '%s'; exit 0; fi\n"
            "name=${3#output=\\'}\nname=${name%%%%\\'*}\n"
            "draw() { echo picture >\"$name\"; }\n%s\n",
            version, body);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
    setenv("PATH", arena_print(bench->arena, "%s:%s", bin, bench->path), 1);
}

static size_t draw(struct bench *bench, size_t count, const struct chart_drawing *how)
{
    struct chart_drawing drawing = *how;
    drawing.folder = bench->folder;
    drawing.format = drawing.format != NULL ? drawing.format : "svg";
    memset(bench->errors, 0xff, sizeof bench->errors);
    return charts_draw(bench->charts, count, &drawing, bench->errors);
}

static bool has_file(const struct bench *bench, size_t index, const char *ending)
{
    return access(file_of(bench, index, ending), F_OK) == 0;
}

/* Nothing but data and script is there, and the error says why. */
static void expect_none(const struct bench *bench, size_t index, const char *reason)
{
    const struct error *error = &bench->errors[index];
    assert_int_equal(error->code, ERROR_CHART);
    assert_non_null(strstr(error->message, bench->charts[index]->name));
    if (strstr(error->message, reason) == NULL)
        fail_msg("\"%s\" has no \"%s\"", error->message, reason);
    assert_false(has_file(bench, index, "svg"));
    assert_false(has_file(bench, index, "svg.part"));
    assert_true(has_file(bench, index, "tsv"));
    assert_true(has_file(bench, index, "gp"));
}

static const struct chart_drawing plainly = {.at_once = 2};

static void all_charts_are_drawn_many_at_once(void **state)
{
    struct bench *bench = *state;
    size_t failures = draw(bench, SAMPLE_COUNT, &plainly);
    if (failures == SAMPLE_COUNT && strstr(bench->errors[0].message, "not installed") != NULL)
        skip();
    assert_int_equal(failures, 0);
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        assert_int_equal(bench->errors[i].code, 0);
        assert_true(has_file(bench, i, "svg"));
        assert_false(has_file(bench, i, "svg.part"));
    }
}

static void the_number_of_processes_changes_no_byte(void **state)
{
    struct bench *bench = *state;
    static char first[FEW][200000], second[200000];
    for (unsigned at_once = 1; at_once <= 4; at_once += 3) {
        struct chart_drawing how = {.at_once = at_once};
        if (draw(bench, FEW, &how) > 0)
            skip();
        for (size_t i = 0; i < FEW; i++) {
            FILE *file = fopen(file_of(bench, i, "svg"), "r");
            char *text = at_once == 1 ? first[i] : second;
            text[fread(text, 1, sizeof second - 1, file)] = '\0';
            fclose(file);
            assert_true(strlen(text) > 1000);
            if (at_once > 1)
                assert_string_equal(first[i], second);
        }
    }
}

static void nothing_is_drawn_without_charts(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(draw(bench, 0, &plainly), 0);
}

static void a_missing_gnuplot_costs_the_pictures_only(void **state)
{
    struct bench *bench = *state;
    setenv("PATH", "/nonexistent", 1);
    assert_int_equal(draw(bench, FEW, &plainly), FEW);
    for (size_t i = 0; i < FEW; i++)
        expect_none(bench, i, "gnuplot is not installed");
}

static void an_old_gnuplot_is_named(void **state)
{
    struct bench *bench = *state;
    pretend(bench, "gnuplot 4.6 patchlevel 4", "draw");
    assert_int_equal(draw(bench, FEW, &plainly), FEW);
    for (size_t i = 0; i < FEW; i++)
        expect_none(bench, i, "gnuplot 4.6 is too old, it must be 5.2 or newer");
    pretend(bench, "gnuplot 5.1 patchlevel 0", "draw");
    assert_int_equal(draw(bench, FEW, &plainly), FEW);
    static const char *const good[] = {"gnuplot 5.2 patchlevel 0", "gnuplot 6.0", "something"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        pretend(bench, good[i], "draw");
        assert_int_equal(draw(bench, FEW, &plainly), 0);
    }
}

static void one_that_fails_leaves_the_others_alone(void **state)
{
    struct bench *bench = *state;
    /* The second chart fails with words and half a picture, the third draws nothing at all. */
    pretend(bench, "gnuplot 5.4",
            "case $name in\n"
            "ablation*) draw; echo 'first line' >&2; echo 'line 3: it broke' >&2; exit 1 ;;\n"
            "sensitivity*) : >\"$name\" ;;\n"
            "*) draw ;;\nesac");
    assert_int_equal(draw(bench, FEW, &plainly), 2);
    assert_int_equal(bench->errors[0].code, 0);
    assert_true(has_file(bench, 0, "svg"));
    expect_none(bench, 1, "gnuplot failed (status 1): line 3: it broke");
    expect_none(bench, 2, "gnuplot drew nothing");
    assert_int_equal(bench->errors[3].code, 0);
    assert_true(has_file(bench, 3, "svg"));
}

static void an_old_picture_survives_a_failure(void **state)
{
    struct bench *bench = *state;
    pretend(bench, "gnuplot 5.4", "draw");
    assert_int_equal(draw(bench, 1, &plainly), 0);
    pretend(bench, "gnuplot 5.4", "draw; exit 1");
    assert_int_equal(draw(bench, 1, &plainly), 1);
    assert_true(has_file(bench, 0, "svg"));
}

static void one_that_is_killed_or_only_talks_is_no_trouble(void **state)
{
    struct bench *bench = *state;
    pretend(bench, "gnuplot 5.4",
            "case $name in\nfailure*) kill -SEGV $$ ;;\n"
            "*) head -c 3000000 /dev/zero | tr '\\0' x >&2; draw ;;\nesac");
    assert_int_equal(draw(bench, 2, &plainly), 1);
    expect_none(bench, 0, "killed by signal 11");
    assert_int_equal(bench->errors[1].code, 0);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The deadline counts for each: the first two take theirs, the others have all of their own. */
static void one_that_hangs_is_stopped(void **state)
{
    struct bench *bench = *state;
    pretend(bench, "gnuplot 5.4",
            "case $name in\nfailure*|ablation*) sleep 100 & sleep 100 ;;\n*) draw ;;\nesac");
    struct chart_drawing how = {.at_once = 2, .deadline_ns = 400 * UNITS_MS};
    double before_s = now_s();
    assert_int_equal(draw(bench, FEW, &how), 2);
    assert_true(now_s() - before_s < 20); /* Not 100: whatever else the machine does. */
    expect_none(bench, 0, "gnuplot was stopped after 0.4 s");
    expect_none(bench, 1, "gnuplot was stopped after 0.4 s");
    assert_true(has_file(bench, 2, "svg") && has_file(bench, 3, "svg"));
}

/* Does the process run? One that has ended and that nobody has asked for does not. */
static bool does_run(long child)
{
    char path[64], name = 0;
    snprintf(path, sizeof path, "/proc/%ld/cmdline", child);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    bool has_name = fread(&name, 1, 1, file) == 1;
    fclose(file);
    return has_name;
}

static void what_it_started_is_stopped_as_well(void **state)
{
    struct bench *bench = *state;
    pretend(bench, "gnuplot 5.4", "sleep 100 & echo $! >bin/child\nsleep 100");
    struct chart_drawing how = {.deadline_ns = 500 * UNITS_MS};
    assert_int_equal(draw(bench, 1, &how), 1);
    long child = 0;
    FILE *file = fopen(arena_print(bench->arena, "%s/bin/child", bench->folder), "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld", &child), 1);
    fclose(file);
    for (int i = 0; i < 200 && does_run(child); i++)
        usleep(10000);
    assert_false(does_run(child));
}

static volatile sig_atomic_t is_interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    is_interrupted = 1;
}

static void nobody_waits_for_a_picture_after_an_interruption(void **state)
{
    struct bench *bench = *state;
    pretend(bench, "gnuplot 5.4", "sleep 100");
    struct process_patience patience = {.interrupted = &is_interrupted};
    struct chart_drawing how = {.at_once = 2, .patience = &patience};
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    is_interrupted = 0;
    ualarm(300000, 0);
    double before_s = now_s();
    assert_int_equal(draw(bench, SAMPLE_COUNT, &how), SAMPLE_COUNT);
    assert_true(now_s() - before_s < 20);
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        expect_none(bench, i, "interrupted");
    signal(SIGALRM, SIG_DFL);
}

static void as_many_run_at_once_as_may(void **state)
{
    struct bench *bench = *state;
    /* Each counts who is there with it, itself included. */
    pretend(bench, "gnuplot 5.4",
            "mkdir -p bin/now; : >\"bin/now/$$\"; ls bin/now | wc -l >>bin/seen; sleep 0.1\n"
            "rm \"bin/now/$$\"; draw");
    struct chart_drawing how = {.at_once = 3};
    assert_int_equal(draw(bench, 9, &how), 0);
    FILE *file = fopen(arena_print(bench->arena, "%s/bin/seen", bench->folder), "r");
    assert_non_null(file);
    int count, most = 0, lines = 0;
    while (fscanf(file, "%d", &count) == 1) {
        most = count > most ? count : most;
        lines++;
    }
    fclose(file);
    assert_int_equal(lines, 9);
    assert_in_range(most, 2, 3);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_charts_are_drawn_many_at_once),
        TEST(the_number_of_processes_changes_no_byte),
        TEST(nothing_is_drawn_without_charts),
        TEST(a_missing_gnuplot_costs_the_pictures_only),
        TEST(an_old_gnuplot_is_named),
        TEST(one_that_fails_leaves_the_others_alone),
        TEST(an_old_picture_survives_a_failure),
        TEST(one_that_is_killed_or_only_talks_is_no_trouble),
        TEST(one_that_hangs_is_stopped),
        TEST(what_it_started_is_stopped_as_well),
        TEST(nobody_waits_for_a_picture_after_an_interruption),
        TEST(as_many_run_at_once_as_may),
    };
    return cmocka_run_group_tests_name("drawing", tests, NULL, NULL);
}
