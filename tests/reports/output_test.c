#include "reports/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every test works in a folder of its own, and looks at what is left there. */
struct bench {
    char path[64];
    struct arena *arena;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    *bench = (struct bench){.path = "/tmp/output-test-XXXXXX"};
    bench->arena = arena_create("test", 0);
    *state = bench;
    return mkdtemp(bench->path) != NULL && chdir(bench->path) == 0 ? 0 : -1;
}

/* Remove the files; false for more than so many. */
static bool clean(int file_count)
{
    DIR *folder = opendir(".");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            file_count--;
            remove(entry->d_name);
        }
    closedir(folder);
    return file_count == 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    int status = !clean(0) || chdir("/") != 0 || rmdir(bench->path) != 0;
    arena_destroy(bench->arena);
    free(bench);
    return status;
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

static void a_file_appears_when_it_is_whole(void **state)
{
    struct bench *bench = *state;
    struct output output;
    struct error error;
    assert_true(output_open(&output, bench->arena, "a.xml", &error));
    fputs("one", output.file);
    fflush(output.file);
    assert_int_equal(access("a.xml", F_OK), -1);
    assert_true(output_commit(&output, &error));
    expect_text("a.xml", "one");
    assert_true(output_open(&output, bench->arena, "./a.xml", &error));
    fputs("two", output.file);
    fflush(output.file);
    expect_text("a.xml", "one");
    output_discard(&output);
    expect_text("a.xml", "one");
    assert_true(clean(1));
}

static void what_was_there_gives_its_mode_and_keeps_its_links(void **state)
{
    struct bench *bench = *state;
    struct output output;
    struct error error;
    struct stat status;
    write_text("real.xml", "old");
    assert_int_equal(chmod("real.xml", 0640), 0);
    assert_int_equal(symlink("real.xml", "link.xml"), 0);
    assert_true(output_open(&output, bench->arena, "link.xml", &error));
    fputs("new", output.file);
    assert_true(output_commit(&output, &error));
    expect_text("real.xml", "new");
    assert_int_equal(lstat("link.xml", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(stat("real.xml", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_true(clean(2));
}

static void devices_are_written_to(void **state)
{
    struct bench *bench = *state;
    struct output output;
    struct error error;
    struct stat status;
    assert_true(output_check("/dev/null", &error));
    assert_true(output_open(&output, bench->arena, "/dev/null", &error));
    assert_null(output.temporary);
    assert_true(output_commit(&output, &error));
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
}

static void write_errors_are_seen(void **state)
{
    struct bench *bench = *state;
    struct output output;
    struct error error;
    if (access("/dev/full", W_OK) != 0)
        skip();
    assert_true(output_open(&output, bench->arena, "/dev/full", &error));
    fputs("x", output.file);
    assert_false(output_commit(&output, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_string_equal(error.message, "cannot write /dev/full: No space left on device");
}

static void what_cannot_be_written_is_said_beforehand(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "the name of the output file is empty"},
        {"missing/a.xml", "cannot write missing/a.xml: No such file or directory"},
        {".", "cannot write .: Is a directory"},
    };
    for (size_t i = 0; i < 3; i++) {
        struct error error = {0};
        assert_false(output_check(cases[i][0], &error));
        assert_string_equal(error.message, cases[i][1]);
        assert_int_equal(error.code, ERROR_IO);
    }
    struct error error;
    assert_true(output_check("a.xml", &error));
    write_text("a.xml", "old");
    assert_true(output_check("a.xml", &error));
    expect_text("a.xml", "old");
    assert_true(clean(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_appears_when_it_is_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_there_gives_its_mode_and_keeps_its_links, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(devices_are_written_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(write_errors_are_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_said_beforehand, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("reports/output", tests, NULL, NULL);
}
