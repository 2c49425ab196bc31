#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reports/directory.h"
#include "reports/gnuplot.h"
#include "reports/process.h"
#include "sim/base/units.h"

/* Every test works in a folder of its own, and looks at what is left there. */
struct bench {
    char path[64];
    struct arena *arena;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    *bench = (struct bench){.path = "/tmp/reports-test-XXXXXX"};
    bench->arena = arena_create("test", 0);
    *state = bench;
    return mkdtemp(bench->path) != NULL && chdir(bench->path) == 0 ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    int status = chdir("/") != 0 || nftw(bench->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0;
    arena_destroy(bench->arena);
    free(bench);
    return status;
}

static int count_entries(const char *path)
{
    DIR *folder = opendir(path);
    assert_non_null(folder);
    int count = -2; /* "." and ".." */
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void expect_text(const char *path, const char *text)
{
    char found[256] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(found, 1, sizeof found - 1, file) < sizeof found);
    fclose(file);
    assert_string_equal(found, text);
}

static const struct directory_target fresh = {.path = "result", .mark = "mark"};
static const struct directory_target forced = {.path = "result", .mark = "mark", .replace = true};

static struct directory *fill(struct bench *bench, const struct directory_target *target,
                              const char *text)
{
    struct directory *directory;
    struct error error;
    assert_true(directory_open(&directory, bench->arena, target, &error));
    FILE *file = directory_create_file(directory, "mark", &error);
    assert_non_null(file);
    fputs(text, file);
    assert_true(directory_close_file(directory, "mark", file, &error));
    return directory;
}

static void nothing_is_seen_before_commit(void **state)
{
    struct bench *bench = *state;
    struct directory *directory = fill(bench, &fresh, "new");
    assert_int_not_equal(access("result", F_OK), 0);
    struct error error;
    assert_true(directory_commit(directory, &error));
    expect_text("result/mark", "new");
    assert_int_equal(count_entries("."), 1);
}

static void discard_leaves_nothing_not_even_parents(void **state)
{
    struct bench *bench = *state;
    struct directory_target deep = {.path = "a/b//c/result/", .mark = "mark"};
    directory_discard(fill(bench, &deep, "new"));
    assert_int_equal(count_entries("."), 0);
    struct error error;
    assert_true(directory_check(&deep, &error));
    assert_int_equal(count_entries("."), 0);
    assert_true(directory_commit(fill(bench, &deep, "new"), &error));
    expect_text("a/b/c/result/mark", "new");
}

static void what_is_there_is_replaced_only_by_force(void **state)
{
    struct bench *bench = *state;
    struct error error;
    assert_true(directory_commit(fill(bench, &fresh, "old"), &error));
    assert_false(directory_check(&fresh, &error));
    assert_int_equal(error.code, ERROR_IO);
    struct directory *directory = fill(bench, &forced, "new");
    expect_text("result/mark", "old");
    assert_true(directory_commit(directory, &error));
    expect_text("result/mark", "new");
    assert_int_equal(count_entries("."), 1);
}

/* What was explored into the folder of a run is a result too, and is called that. */
static void a_result_in_a_result_stops_the_replacement(void **state)
{
    struct bench *bench = *state;
    struct directory_target inner = {.path = "result/explore", .mark = "mark"};
    struct error error;
    assert_true(directory_commit(fill(bench, &fresh, "old"), &error));
    assert_true(directory_commit(fill(bench, &inner, "inner"), &error));
    assert_false(directory_check(&forced, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_non_null(strstr(error.message, "result/explore is a result of its own"));
    expect_text("result/mark", "old");
    expect_text("result/explore/mark", "inner");
}

static void a_folder_that_is_not_ours_is_never_replaced(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(mkdir("result", 0777), 0);
    write_text("result/thesis", "three years");
    assert_false(directory_check(&forced, &error));
    expect_text("result/thesis", "three years");
    struct directory_target file = {.path = "result/thesis", .mark = "mark", .replace = true};
    assert_false(directory_check(&file, &error));
    struct directory_target here = {.path = "", .mark = "mark", .replace = true};
    assert_false(directory_check(&here, &error));
    here.path = "/";
    assert_false(directory_check(&here, &error));
    expect_text("result/thesis", "three years");
}

static void somebody_may_come_first(void **state)
{
    struct bench *bench = *state;
    struct error error;
    struct directory *directory = fill(bench, &fresh, "late");
    assert_true(directory_commit(fill(bench, &fresh, "first"), &error));
    assert_false(directory_commit(directory, &error));
    expect_text("result/mark", "first");
    assert_int_equal(count_entries("."), 1);
}

static void a_link_keeps_its_place(void **state)
{
    struct bench *bench = *state;
    struct error error;
    struct directory_target real = {.path = "real", .mark = "mark"};
    assert_true(directory_commit(fill(bench, &real, "old"), &error));
    assert_int_equal(symlink("real", "result"), 0);
    assert_true(directory_commit(fill(bench, &forced, "new"), &error));
    expect_text("real/mark", "new");
    struct stat status;
    assert_int_equal(lstat("result", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
}

static void a_full_disk_is_an_error(void **state)
{
    struct bench *bench = *state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    struct error error;
    struct directory *directory = fill(bench, &fresh, "x");
    FILE *file = fopen("/dev/full", "w");
    fputs("lost", file);
    assert_false(directory_close_file(directory, "file", file, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_non_null(strstr(error.message, "result/file"));
    directory_discard(directory);
    assert_int_equal(count_entries("."), 0);
}

static void run(const char *const *arguments, int64_t deadline_ns, struct process_outcome *outcome)
{
    struct process_job job = {.arguments = arguments, .deadline_ns = deadline_ns};
    struct error error;
    assert_true(process_run(&job, outcome, &error));
}

static void a_process_is_heard_and_bounded(void **state)
{
    (void)state;
    struct process_outcome outcome;
    const char *const both[] = {"sh", "-c", "echo out; echo err >&2; exit 3", NULL};
    run(both, 10 * UNITS_S, &outcome);
    assert_true(outcome.is_found && !outcome.is_late);
    assert_int_equal(outcome.exit_status, 3);
    assert_string_equal(outcome.text, "out\nerr\n");
    const char *const much[] = {"sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x", NULL};
    run(much, 10 * UNITS_S, &outcome);
    assert_int_equal(outcome.exit_status, 0);
    assert_int_equal(strlen(outcome.text), PROCESS_TEXT_SIZE_BYTES - 1);
    const char *const missing[] = {"no-such-program-here", NULL};
    run(missing, UNITS_S, &outcome);
    assert_false(outcome.is_found);
    const char *const slow[] = {"sh", "-c", "sleep 100 & sleep 100", NULL};
    run(slow, 100 * UNITS_MS, &outcome);
    assert_true(outcome.is_late);
}

static volatile sig_atomic_t is_interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    is_interrupted = 1;
}

static void a_process_ends_with_our_interruption(void **state)
{
    (void)state;
    const char *const slow[] = {"sh", "-c", "sleep 100 & sleep 100", NULL};
    struct process_patience patience = {.interrupted = &is_interrupted};
    struct process_job job = {
        .arguments = slow, .deadline_ns = 60 * UNITS_S, .patience = &patience};
    struct process_outcome outcome;
    struct error error;
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    is_interrupted = 0;
    time_t started_at_s = time(NULL);
    alarm(1);
    assert_true(process_run(&job, &outcome, &error));
    assert_true(outcome.is_interrupted && !outcome.is_late);
    assert_in_range(time(NULL) - started_at_s, 0, 10);
    signal(SIGALRM, SIG_DFL);
}

static void a_process_says_which_signal_killed_it(void **state)
{
    (void)state;
    struct process_outcome outcome;
    const char *const killed[] = {"sh", "-c", "kill -9 $$", NULL};
    run(killed, 10 * UNITS_S, &outcome);
    assert_int_equal(outcome.signal_number, 9);
    const char *const ended[] = {"sh", "-c", "exit 137", NULL};
    run(ended, 10 * UNITS_S, &outcome);
    assert_int_equal(outcome.signal_number, 0);
    assert_int_equal(outcome.exit_status, 137);
}

static void a_process_gets_no_input_and_no_environment(void **state)
{
    (void)state;
    struct process_outcome outcome;
    setenv("GNUTERM", "dumb", 1);
    const char *const look[] = {"sh", "-c", "cat; echo \"<$GNUTERM>\" $LC_ALL", NULL};
    run(look, 10 * UNITS_S, &outcome);
    unsetenv("GNUTERM");
    assert_string_equal(outcome.text, "<> C.UTF-8\n");
}

static void quotes_cannot_be_escaped(void **state)
{
    (void)state;
    char *text;
    size_t size_bytes;
    FILE *file = open_memstream(&text, &size_bytes);
    gnuplot_quote(file, "it's `date`\n\"x\"");
    fclose(file);
    assert_string_equal(text, "'it'.\"'\".'s `date` \"x\"'");
    free(text);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_seen_before_commit),
        TEST(discard_leaves_nothing_not_even_parents),
        TEST(what_is_there_is_replaced_only_by_force),
        TEST(a_result_in_a_result_stops_the_replacement),
        TEST(a_folder_that_is_not_ours_is_never_replaced),
        TEST(somebody_may_come_first),
        TEST(a_link_keeps_its_place),
        TEST(a_full_disk_is_an_error),
        TEST(a_process_is_heard_and_bounded),
        TEST(a_process_ends_with_our_interruption),
        TEST(a_process_says_which_signal_killed_it),
        TEST(a_process_gets_no_input_and_no_environment),
        TEST(quotes_cannot_be_escaped),
    };
    return cmocka_run_group_tests_name("reports/directory", tests, NULL, NULL);
}
