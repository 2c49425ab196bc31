/* The state of a drive on disk: what was committed is there after a kill, what was not is not;
 * nobody else's file is touched, and there is one process at a time. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "models/testbed/store.h"

struct folder {
    char path[64], file[96];
    struct arena *arena;
    struct error error;
};

static int enter(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    strcpy(folder->path, "/tmp/store_test.XXXXXX");
    if (folder == NULL || mkdtemp(folder->path) == NULL)
        return -1;
    snprintf(folder->file, sizeof folder->file, "%s/state.db", folder->path);
    folder->arena = arena_create("test", 0);
    *state = folder;
    return 0;
}

static int leave(void **state)
{
    static const char *const names[] = {"", "-wal", "-shm", "-journal"};
    struct folder *folder = *state;
    char name[128];
    arena_destroy(folder->arena);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(name, sizeof name, "%s%s", folder->file, names[i]);
        unlink(name);
    }
    rmdir(folder->path);
    free(folder);
    return 0;
}

static struct store *open_store(struct folder *folder, const char *identity)
{
    struct store *store;
    if (!store_open(&store, folder->arena, folder->file, true, identity, &folder->error))
        return NULL;
    return store;
}

static struct store_workflow line_of(uint32_t number, int64_t calls, const char *saved)
{
    struct store_workflow line = {.number = number, .state = saved};
    line.state_size_bytes = saved != NULL ? strlen(saved) : 0;
    line.values[STORE_STATUS] = STORE_RUNNING;
    line.values[STORE_CALLS] = calls;
    line.values[STORE_TOLD] = -5;
    return line;
}

/* What is there, as "number:calls:state " for each workflow. */
static bool describe(void *context, const struct store_workflow *workflow, struct error *error)
{
    char *text = context;
    (void)error;
    assert_int_equal(workflow->values[STORE_TOLD], -5);
    sprintf(text + strlen(text), "%u:%lld:%.*s ", workflow->number,
            (long long)workflow->values[STORE_CALLS], (int)workflow->state_size_bytes,
            workflow->state != NULL ? (const char *)workflow->state : "");
    return true;
}

static void put(struct folder *folder, struct store *store, uint32_t number, int64_t calls,
                const char *saved)
{
    struct store_workflow line = line_of(number, calls, saved);
    assert_true(store_put(store, &line, &folder->error));
}

static void test_values_do_not_touch_the_state(void **state)
{
    struct folder *folder = *state;
    char text[200] = "";
    struct store *store = open_store(folder, "a");
    assert_non_null(store);
    assert_false(store_is_open(store));
    put(folder, store, 4, 1, "first");
    put(folder, store, 4, 2, NULL);
    put(folder, store, 2, 3, NULL);
    put(folder, store, 4, 3, "second");
    put(folder, store, 4, 4, NULL);
    assert_true(store_is_open(store));
    assert_true(store_commit(store, &folder->error));
    assert_true(store_read(store, describe, text, &folder->error));
    assert_string_equal(text, "2:3: 4:4:second ");
}

/* In a process of its own, killed between two commits. */
static void be_killed(struct folder *folder)
{
    struct store *store = open_store(folder, "a");
    if (store == NULL)
        _exit(1);
    put(folder, store, 1, 10, "old");
    store_put_number(store, "clock_ns", 77, &folder->error);
    store_add_calls(store, 3, 5, &folder->error);
    store_add_calls(store, 3, 6, &folder->error);
    if (!store_commit(store, &folder->error))
        _exit(2);
    put(folder, store, 1, 11, "new");
    put(folder, store, 2, 12, "new");
    store_put_number(store, "clock_ns", 78, &folder->error);
    raise(SIGKILL);
}

static void take_calls(void *context, int64_t minute, int64_t calls)
{
    sprintf(context, "%lld:%lld", (long long)minute, (long long)calls);
}

static void test_a_kill_leaves_what_was_committed(void **state)
{
    struct folder *folder = *state;
    char text[200] = "", calls[64] = "";
    int status;
    int64_t clock_ns = 0, nothing = -3;
    pid_t child = fork();
    if (child == 0)
        be_killed(folder);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    struct store *store = open_store(folder, "a");
    assert_non_null(store);
    assert_true(store_read(store, describe, text, &folder->error));
    assert_string_equal(text, "1:10:old ");
    assert_true(store_get_number(store, "clock_ns", &clock_ns, &folder->error));
    assert_true(store_get_number(store, "no such thing", &nothing, &folder->error));
    assert_int_equal(clock_ns, 77);
    assert_int_equal(nothing, -3);
    assert_true(store_read_calls(store, 3, take_calls, calls, &folder->error));
    assert_string_equal(calls, "3:11");
}

static void test_another_identity_is_refused(void **state)
{
    struct folder *folder = *state;
    assert_non_null(open_store(folder, "variant a"));
    arena_reset(folder->arena);
    assert_null(open_store(folder, "variant b"));
    assert_int_equal(folder->error.code, ERROR_IO);
    assert_non_null(strstr(folder->error.message, "variant a"));
    assert_non_null(strstr(folder->error.message, "variant b"));
    arena_reset(folder->arena);
    assert_non_null(open_store(folder, "variant a"));
}

static void test_one_process_at_a_time(void **state)
{
    struct folder *folder = *state;
    int status;
    struct store *store = open_store(folder, "a");
    assert_non_null(store);
    pid_t child = fork();
    if (child == 0) {
        /* The parent's handle is not used here: its locks are not inherited. */
        struct store *second;
        struct arena *arena = arena_create("second", 0);
        bool is_opened = store_open(&second, arena, folder->file, true, "a", &folder->error);
        bool is_said = strstr(folder->error.message, "is in use") != NULL;
        _exit(is_opened ? 1 : is_said ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Does something once, when SQLite opens a database: the file was made, and is not locked yet. */
static struct meanwhile {
    sqlite3_vfs vfs, *plain;
    struct folder *folder;
    void (*happens)(struct folder *folder);
    bool is_opened; /* after SQLite has opened it */
} meanwhile;

static int open_later(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                      int *out_flags)
{
    void (*happens)(struct folder * folder) = meanwhile.happens;
    meanwhile.happens = NULL;
    (void)vfs;
    if (happens != NULL && !meanwhile.is_opened)
        happens(meanwhile.folder);
    int code = meanwhile.plain->xOpen(meanwhile.plain, name, file, flags, out_flags);
    if (happens != NULL && meanwhile.is_opened)
        happens(meanwhile.folder);
    return code;
}

/* Open it, while that happens. */
static struct store *open_meanwhile(struct folder *folder, const char *identity,
                                    void (*happens)(struct folder *folder))
{
    meanwhile.plain = sqlite3_vfs_find(NULL);
    meanwhile.vfs = *meanwhile.plain;
    meanwhile.vfs.zName = "meanwhile";
    meanwhile.vfs.xOpen = open_later;
    meanwhile.folder = folder;
    meanwhile.happens = happens;
    assert_int_equal(sqlite3_vfs_register(&meanwhile.vfs, 1), SQLITE_OK);
    struct store *store = open_store(folder, identity);
    sqlite3_vfs_unregister(&meanwhile.vfs);
    return store;
}

static struct holder {
    pid_t process;
    int end; /* it lives until this is closed */
} holder;

/* Another process opens it, writes something, and stays there. */
static void somebody_stays(struct folder *folder)
{
    int is_ready[2], is_over[2];
    char letter;
    assert_int_equal(pipe(is_ready), 0);
    assert_int_equal(pipe(is_over), 0);
    holder.end = is_over[1];
    holder.process = fork();
    if (holder.process == 0) {
        close(is_over[1]);
        struct store *store = open_store(folder, "a");
        if (store == NULL)
            _exit(1);
        put(folder, store, 1, 10, "theirs");
        bool is_good = store_commit(store, &folder->error) && write(is_ready[1], "r", 1) == 1 &&
                       read(is_over[0], &letter, 1) == 0;
        _exit(is_good ? 0 : 2);
    }
    close(is_over[0]);
    close(is_ready[1]);
    assert_int_equal(read(is_ready[0], &letter, 1), 1);
    close(is_ready[0]);
}

static void let_go(void)
{
    int status;
    close(holder.end);
    assert_int_equal(waitpid(holder.process, &status, 0), holder.process);
    assert_int_equal(status, 0);
}

static void somebody_was_there(struct folder *folder)
{
    somebody_stays(folder);
    let_go();
}

static void expect_theirs(struct folder *folder)
{
    char text[200] = "";
    struct store *store = open_store(folder, "a");
    assert_non_null(store);
    assert_true(store_read(store, describe, text, &folder->error));
    assert_string_equal(text, "1:10:theirs ");
}

static void test_who_comes_second_leaves_it_alone(void **state)
{
    struct folder *folder = *state;
    assert_null(open_meanwhile(folder, "a", somebody_stays));
    assert_non_null(strstr(folder->error.message, "is in use"));
    arena_reset(folder->arena);
    let_go();
    expect_theirs(folder);
}

/* Who made the file is not the first to write into it. */
static void test_what_is_theirs_by_now_is_left_alone(void **state)
{
    struct folder *folder = *state;
    assert_null(open_meanwhile(folder, "b", somebody_was_there));
    assert_non_null(strstr(folder->error.message, "is the state of another drive"));
    arena_reset(folder->arena);
    expect_theirs(folder);
    arena_reset(folder->arena);
    assert_int_equal(unlink(folder->file), 0);
    struct store *store = open_meanwhile(folder, "a", somebody_was_there);
    assert_non_null(store);
    assert_false(store_is_new(store));
}

static void remove_it(struct folder *folder)
{
    assert_int_equal(unlink(folder->file), 0);
}

/* Whoever goes on in a file that has no name any more, goes on in vain. */
static void test_what_is_gone_is_refused(void **state)
{
    struct folder *folder = *state;
    meanwhile.is_opened = true;
    assert_null(open_meanwhile(folder, "a", remove_it));
    meanwhile.is_opened = false;
    assert_non_null(strstr(folder->error.message, "is in use"));
    assert_int_equal(access(folder->file, F_OK), -1);
}

static void test_a_strangers_database_is_left_alone(void **state)
{
    struct folder *folder = *state;
    sqlite3 *handle;
    assert_int_equal(sqlite3_open(folder->file, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "CREATE TABLE mine (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
    assert_null(open_store(folder, "a"));
    assert_non_null(strstr(folder->error.message, "another program"));
    FILE *file = fopen(folder->file, "w");
    assert_non_null(file);
    for (int i = 0; i < 200; i++)
        fputs("this is no database\n", file);
    fclose(file);
    assert_null(open_store(folder, "a"));
    assert_int_equal(folder->error.code, ERROR_IO);
}

/* The file, and the journal beside it while it is in use. */
static void expect_private(const struct folder *folder)
{
    static const char *const names[] = {"", "-wal", "-shm"};
    struct stat about;
    char name[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(name, sizeof name, "%s%s", folder->file, names[i]);
        if (stat(name, &about) == 0)
            assert_int_equal(about.st_mode & 0777, 0600);
        else
            assert_int_equal(i, 2);
    }
}

static void test_nobody_else_may_read_it(void **state)
{
    struct folder *folder = *state;
    mode_t before = umask(0);
    struct store *store = open_store(folder, "a");
    assert_non_null(store);
    assert_true(store_is_new(store));
    put(folder, store, 1, 1, "x");
    assert_true(store_commit(store, &folder->error));
    expect_private(folder);
    arena_reset(folder->arena);
    assert_int_equal(chmod(folder->file, 0644), 0);
    store = open_store(folder, "a");
    assert_non_null(store);
    assert_false(store_is_new(store));
    put(folder, store, 1, 2, "x");
    assert_true(store_commit(store, &folder->error));
    expect_private(folder);
    umask(before);
}

static void test_what_is_discarded_is_gone(void **state)
{
    static const char *const names[] = {"", "-wal", "-shm", "-journal"};
    struct folder *folder = *state;
    char name[128];
    struct store *store = open_store(folder, "a");
    assert_non_null(store);
    put(folder, store, 1, 1, "x");
    store_discard(store);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(name, sizeof name, "%s%s", folder->file, names[i]);
        assert_int_equal(access(name, F_OK), -1);
    }
}

/* Change a file that nobody has open. */
static void edit(struct folder *folder, const char *sql)
{
    sqlite3 *handle;
    arena_reset(folder->arena);
    assert_int_equal(sqlite3_open(folder->file, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static void test_values_of_another_kind_are_refused(void **state)
{
    static const char *const edits[] = {
        "UPDATE workflow SET calls = 'many'", "UPDATE workflow SET calls = 1.5",
        "UPDATE workflow SET calls = x'00'",  "UPDATE workflow SET state = 'text'",
        "UPDATE workflow SET number = -1",    "UPDATE workflow SET number = 4294967296",
    };
    struct folder *folder = *state;
    struct store *store = open_store(folder, "a");
    char text[200];
    int64_t number = 5;
    const char *found = NULL;
    assert_non_null(store);
    put(folder, store, 1, 1, "x");
    assert_true(store_put_number(store, "n", 3, &folder->error));
    assert_true(store_add_calls(store, 3, 5, &folder->error));
    assert_true(store_commit(store, &folder->error));
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        edit(folder, edits[i]);
        store = open_store(folder, "a");
        assert_non_null(store);
        text[0] = '\0';
        assert_false(store_read(store, describe, text, &folder->error));
        assert_int_equal(folder->error.code, ERROR_IO);
        assert_non_null(strstr(folder->error.message, "is damaged"));
        edit(folder, "UPDATE workflow SET number = 1, calls = 1, state = x'78'");
    }
    store = open_store(folder, "a");
    assert_non_null(store);
    assert_true(store_read_calls(store, 3, NULL, NULL, &folder->error));
    assert_false(store_read_calls(store, 2, NULL, NULL, &folder->error));
    assert_false(store_get_text(store, "n", &found, &folder->error));
    assert_false(store_get_number(store, "identity", &number, &folder->error));
    edit(folder, "UPDATE about SET value = -1 WHERE name = 'n'");
    store = open_store(folder, "a");
    assert_non_null(store);
    assert_false(store_get_number(store, "n", &number, &folder->error));
    assert_int_equal(number, 5);
    edit(folder, "UPDATE minute SET calls = 4294967296");
    store = open_store(folder, "a");
    assert_non_null(store);
    assert_false(store_read_calls(store, 3, NULL, NULL, &folder->error));
}

static void test_in_memory(void **state)
{
    struct folder *folder = *state;
    struct store *store;
    const char *text = NULL;
    assert_true(store_open(&store, folder->arena, NULL, true, "a", &folder->error));
    assert_true(store_put_text(store, "x", "it's", &folder->error));
    assert_true(store_commit(store, &folder->error));
    assert_true(store_get_text(store, "x", &text, &folder->error));
    assert_string_equal(text, "it's");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_do_not_touch_the_state, enter, leave),
        cmocka_unit_test_setup_teardown(test_a_kill_leaves_what_was_committed, enter, leave),
        cmocka_unit_test_setup_teardown(test_another_identity_is_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_one_process_at_a_time, enter, leave),
        cmocka_unit_test_setup_teardown(test_who_comes_second_leaves_it_alone, enter, leave),
        cmocka_unit_test_setup_teardown(test_what_is_theirs_by_now_is_left_alone, enter, leave),
        cmocka_unit_test_setup_teardown(test_what_is_gone_is_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_a_strangers_database_is_left_alone, enter, leave),
        cmocka_unit_test_setup_teardown(test_nobody_else_may_read_it, enter, leave),
        cmocka_unit_test_setup_teardown(test_what_is_discarded_is_gone, enter, leave),
        cmocka_unit_test_setup_teardown(test_values_of_another_kind_are_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_in_memory, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
