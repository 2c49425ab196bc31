#include "models/testbed/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "sim/base/check.h"

/* "rced"; written into the file by SQLite's application_id. */
#define STORE_APPLICATION 0x72636564

enum { STORE_SCHEMA_VERSION = 2, SQL_SIZE_BYTES = 4096, LOCK_PATIENCE_MS = 1000 };

static const char *const value_names[STORE_VALUE_COUNT] = {
    [STORE_STATUS] = "status",
    [STORE_STARTED_AT] = "started_at_ns",
    [STORE_TRIGGERED_AT] = "triggered_at_ns",
    [STORE_ENDED_AT] = "ended_at_ns",
    [STORE_REASON] = "reason",
    [STORE_OPERATION] = "operation",
    [STORE_CLUSTER] = "cluster",
    [STORE_HOST] = "host",
    [STORE_CALLS] = "calls",
    [STORE_READS] = "reads",
    [STORE_RETRIES] = "retries",
    [STORE_THROTTLED] = "throttled",
    [STORE_IGNORED] = "ignored_callbacks",
    [STORE_INPUTS] = "inputs",
    [STORE_RESUMED] = "resumed",
    [STORE_ACCEPTED] = "accepted",
    [STORE_TOLD] = "told",
    [STORE_TRUE_CAUSE] = "true_cause",
    [STORE_TRUE_EARLY] = "true_early_trigger",
    [STORE_TRUE_DUPLICATES] = "true_duplicates",
    [STORE_TRUE_VIOLATIONS] = "true_violations",
    [STORE_TRUE_HOSTS] = "true_hosts_left_over",
};

struct store {
    sqlite3 *handle;
    struct arena *arena;
    const char *path;
    sqlite3_stmt *put, *put_with_state, *put_about, *get_about, *add_calls;
    const char *file_name; /* NULL: in memory */
    bool is_open;          /* a transaction is */
    bool is_new;           /* made by this process, and locked before anybody wrote into it */
};

bool store_refuse(const struct store *store, struct error *error, const char *what)
{
    return error_set(error, ERROR_IO,
                     "%s is damaged: %s. Put back a copy of it; or, to begin anew, remove it and "
                     "start the service again",
                     store->path, what);
}

static bool explain(const struct store *store, int code, struct error *error)
{
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        return error_set(error, ERROR_IO,
                         "%s is no SQLite database, and is left as it is; name another file",
                         store->path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(error, ERROR_IO, "%s is in use by another program", store->path);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return error_set(error, ERROR_IO, "%s cannot be opened for writing", store->path);
    case SQLITE_CORRUPT:
    case SQLITE_MISMATCH: return store_refuse(store, error, sqlite3_errmsg(store->handle));
    case SQLITE_FULL:
    case SQLITE_IOERR:
        return error_set(error, ERROR_IO,
                         "%s cannot be written: %s; the file has what was committed before, and "
                         "the same command goes on from it once there is room",
                         store->path, sqlite3_errmsg(store->handle));
    }
    return error_set(error, ERROR_IO, "%s: %s", store->path, sqlite3_errmsg(store->handle));
}

static bool execute(const struct store *store, const char *sql, struct error *error)
{
    int code = sqlite3_exec(store->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || explain(store, code, error);
}

static bool prepare(const struct store *store, const char *sql, sqlite3_stmt **statement,
                    struct error *error)
{
    int code =
        sqlite3_prepare_v3(store->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    return code == SQLITE_OK || explain(store, code, error);
}

/* The first value that a statement answers; unchanged where it answers none. */
static bool ask(const struct store *store, const char *sql, int64_t *answer, struct error *error)
{
    sqlite3_stmt *statement;
    if (!prepare(store, sql, &statement, error))
        return false;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE || explain(store, code, error);
}

static bool is_ours(const struct store *store, bool *is_empty, struct error *error)
{
    int64_t application = 0, tables = 0, version = 0;
    if (!ask(store, "SELECT count(*) FROM sqlite_master", &tables, error) ||
        !ask(store, "PRAGMA application_id", &application, error) ||
        !ask(store, "PRAGMA user_version", &version, error))
        return false;
    *is_empty = tables == 0;
    if (tables > 0 && application != STORE_APPLICATION)
        return error_set(error, ERROR_IO,
                         "%s is a database of another program, and is left as it is; name another "
                         "file",
                         store->path);
    if (tables > 0 && version != STORE_SCHEMA_VERSION)
        return error_set(error, ERROR_IO,
                         "%s has schema version %lld and this program writes %d; name another file",
                         store->path, (long long)version, STORE_SCHEMA_VERSION);
    return true;
}

static bool create(const struct store *store, struct error *error)
{
    char sql[SQL_SIZE_BYTES];
    int length = snprintf(sql, sizeof sql,
                          "BEGIN; PRAGMA application_id = %d; PRAGMA user_version = %d;"
                          "CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
                          "CREATE TABLE minute (number INTEGER PRIMARY KEY, calls INTEGER);"
                          "CREATE TABLE workflow (number INTEGER PRIMARY KEY",
                          STORE_APPLICATION, STORE_SCHEMA_VERSION);
    for (int i = 0; i < STORE_VALUE_COUNT; i++)
        length += snprintf(sql + length, sizeof sql - (size_t)length, ", %s INTEGER NOT NULL",
                           value_names[i]);
    length += snprintf(sql + length, sizeof sql - (size_t)length, ", state BLOB); COMMIT");
    CHECK((size_t)length < sizeof sql);
    return execute(store, sql, error);
}

/* "INSERT ... ON CONFLICT DO UPDATE": a whole line, or all of it but the state. */
static bool prepare_put(const struct store *store, bool has_state, sqlite3_stmt **statement,
                        struct error *error)
{
    char sql[SQL_SIZE_BYTES];
    int length = snprintf(sql, sizeof sql, "INSERT INTO workflow VALUES (?1");
    for (int i = 0; i <= STORE_VALUE_COUNT; i++)
        length += snprintf(sql + length, sizeof sql - (size_t)length, ", ?%d", i + 2);
    length += snprintf(sql + length, sizeof sql - (size_t)length,
                       ") ON CONFLICT (number) DO UPDATE SET ");
    for (int i = 0; i < STORE_VALUE_COUNT; i++)
        length += snprintf(sql + length, sizeof sql - (size_t)length, "%s%s = excluded.%s",
                           i > 0 ? ", " : "", value_names[i], value_names[i]);
    if (has_state)
        length += snprintf(sql + length, sizeof sql - (size_t)length, ", state = excluded.state");
    CHECK((size_t)length < sizeof sql);
    return prepare(store, sql, statement, error);
}

static bool prepare_all(struct store *store, struct error *error)
{
    return prepare_put(store, false, &store->put, error) &&
           prepare_put(store, true, &store->put_with_state, error) &&
           prepare(store, "INSERT OR REPLACE INTO about VALUES (?1, ?2)", &store->put_about,
                   error) &&
           prepare(store, "SELECT value FROM about WHERE name = ?1", &store->get_about, error) &&
           prepare(store,
                   "INSERT INTO minute VALUES (?1, ?2) "
                   "ON CONFLICT (number) DO UPDATE SET calls = calls + excluded.calls",
                   &store->add_calls, error);
}

static void close_store(void *context)
{
    struct store *store = context;
    sqlite3_stmt **statements[] = {&store->put, &store->put_with_state, &store->put_about,
                                   &store->get_about, &store->add_calls};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        sqlite3_finalize(*statements[i]);
        *statements[i] = NULL;
    }
    sqlite3_close(store->handle);
    store->handle = NULL;
}

/* The file and what SQLite puts beside it. */
static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
enum { TAIL_COUNT = sizeof tails / sizeof tails[0] };

bool store_is_new(const struct store *store)
{
    return store->is_new;
}

/* While it is locked: whoever comes between finds that the file is gone (lock), not a file that
 * goes away under him. */
void store_discard(struct store *store)
{
    for (int i = 0; store->file_name != NULL && i < TAIL_COUNT; i++)
        unlink(arena_print(store->arena, "%s%s", store->file_name, tails[i]));
    close_store(store);
}

/* Make a file that nobody else can read; SQLite gives what it puts beside it the same rights. False
 * if it is there. */
static bool make_file(const struct store *store)
{
    int fd = open(store->file_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Take the lock, and keep it to the end: it is the system's, so it goes with the process. Of two
 * who come at once the second is refused at once, and the first waits until he is gone. */
static bool lock(const struct store *store, struct error *error)
{
    int is_gone = 0;
    bool is_good = execute(store, "PRAGMA locking_mode = EXCLUSIVE", error) &&
                   execute(store, "BEGIN IMMEDIATE; COMMIT", error);
    sqlite3_busy_timeout(store->handle, LOCK_PATIENCE_MS);
    sqlite3_file_control(store->handle, "main", SQLITE_FCNTL_HAS_MOVED, &is_gone);
    return is_gone == 0 ? is_good : explain(store, SQLITE_BUSY, error);
}

/* Others may have been allowed to read a file of ours that is there. */
static void shut_out_others(const struct store *store)
{
    for (int i = 0; i < TAIL_COUNT; i++) {
        const char *name = arena_print(store->arena, "%s%s", store->file_name, tails[i]);
        struct stat about;
        if (stat(name, &about) == 0 && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
            chmod(name, S_IRUSR | S_IWUSR);
    }
}

static bool check_identity(struct store *store, bool is_empty, const char *identity,
                           struct error *error)
{
    const char *found = NULL;
    if (!is_empty && !store_get_text(store, "identity", &found, error))
        return false;
    if (found == NULL)
        return store_put_text(store, "identity", identity, error) && store_commit(store, error);
    if (strcmp(found, identity) == 0)
        return true;
    return error_set(error, ERROR_IO,
                     "%s is the state of another drive, and is left as it is; name another file, "
                     "or remove it\n  there: %s\n  here:  %s",
                     store->path, found, identity);
}

bool store_open(struct store **out, struct arena *arena, const char *path, bool is_synchronous,
                const char *identity, struct error *error)
{
    struct store *store = arena_take(arena, sizeof *store);
    store->arena = arena;
    store->path = path != NULL ? path : "the state in memory";
    arena_at_end(arena, close_store, store);
    /* Names like ":memory:" mean something to SQLite. */
    const char *plain = path == NULL   ? ":memory:"
                        : *path == '/' ? path
                                       : arena_print(arena, "./%s", path);
    store->file_name = path != NULL ? plain : NULL;
    bool is_made = path != NULL && make_file(store);
    int code =
        sqlite3_open_v2(plain, &store->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (code != SQLITE_OK)
        return explain(store, code, error);
    bool is_empty = true;
    if (!lock(store, error) || !is_ours(store, &is_empty, error))
        return false;
    /* Somebody may have been there between making and locking; then it is not ours to remove. */
    store->is_new = is_made && is_empty;
    if (!execute(store, "PRAGMA journal_mode = WAL", error) ||
        !execute(store, is_synchronous ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF",
                 error) ||
        (is_empty && !create(store, error)) || !execute(store, "BEGIN IMMEDIATE; COMMIT", error) ||
        !prepare_all(store, error) || !check_identity(store, is_empty, identity, error)) {
        if (store->is_new)
            store_discard(store);
        return false;
    }
    if (path != NULL)
        shut_out_others(store);
    *out = store;
    return true;
}

/* Read the line that a statement is at. */
static bool read_line(const struct store *store, sqlite3_stmt *statement,
                      struct store_workflow *workflow, struct error *error)
{
    int64_t number = sqlite3_column_int64(statement, 0);
    int kind = sqlite3_column_type(statement, STORE_VALUE_COUNT + 1);
    char what[120];
    if (sqlite3_column_count(statement) != STORE_VALUE_COUNT + 2)
        return store_refuse(store, error, "its table of workflows has other columns");
    if (number < 0 || number > UINT32_MAX)
        return store_refuse(store, error, "the number of a workflow is none");
    for (int i = 0; i < STORE_VALUE_COUNT; i++) {
        snprintf(what, sizeof what, "\"%s\" of workflow %lld is no whole number", value_names[i],
                 (long long)number);
        if (sqlite3_column_type(statement, i + 1) != SQLITE_INTEGER)
            return store_refuse(store, error, what);
        workflow->values[i] = sqlite3_column_int64(statement, i + 1);
    }
    snprintf(what, sizeof what, "the state of workflow %lld is none", (long long)number);
    if (kind != SQLITE_NULL && kind != SQLITE_BLOB)
        return store_refuse(store, error, what);
    workflow->number = (uint32_t)number;
    workflow->state = sqlite3_column_blob(statement, STORE_VALUE_COUNT + 1);
    workflow->state_size_bytes = (size_t)sqlite3_column_bytes(statement, STORE_VALUE_COUNT + 1);
    return true;
}

bool store_read(struct store *store,
                bool (*each)(void *context, const struct store_workflow *workflow,
                             struct error *error),
                void *context, struct error *error)
{
    sqlite3_stmt *statement;
    if (!prepare(store, "SELECT * FROM workflow ORDER BY number", &statement, error))
        return false;
    int code = SQLITE_DONE;
    bool is_good = true;
    while (is_good && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_workflow workflow;
        is_good = read_line(store, statement, &workflow, error) && each(context, &workflow, error);
    }
    is_good = is_good && (code == SQLITE_DONE || explain(store, code, error));
    sqlite3_finalize(statement);
    return is_good;
}

const char *store_value_name(enum store_value value)
{
    return value_names[value];
}

static bool begin(struct store *store, struct error *error)
{
    if (!store->is_open && !execute(store, "BEGIN IMMEDIATE", error))
        return false;
    store->is_open = true;
    return true;
}

static bool carry_out(const struct store *store, sqlite3_stmt *statement, struct error *error)
{
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE || explain(store, code, error);
}

bool store_put(struct store *store, const struct store_workflow *workflow, struct error *error)
{
    if (!begin(store, error))
        return false;
    bool has_state = workflow->state != NULL;
    sqlite3_stmt *statement = has_state ? store->put_with_state : store->put;
    sqlite3_bind_int64(statement, 1, workflow->number);
    for (int i = 0; i < STORE_VALUE_COUNT; i++)
        sqlite3_bind_int64(statement, i + 2, workflow->values[i]);
    if (has_state)
        sqlite3_bind_blob64(statement, STORE_VALUE_COUNT + 2, workflow->state,
                            workflow->state_size_bytes, SQLITE_STATIC);
    return carry_out(store, statement, error);
}

bool store_put_number(struct store *store, const char *name, int64_t number, struct error *error)
{
    if (!begin(store, error))
        return false;
    sqlite3_bind_text(store->put_about, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(store->put_about, 2, number);
    return carry_out(store, store->put_about, error);
}

bool store_put_text(struct store *store, const char *name, const char *text, struct error *error)
{
    if (!begin(store, error))
        return false;
    sqlite3_bind_text(store->put_about, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(store->put_about, 2, text, -1, SQLITE_STATIC);
    return carry_out(store, store->put_about, error);
}

/* Find a fact. True with the code SQLITE_ROW or SQLITE_DONE; it is to be reset. */
static bool find(struct store *store, const char *name, int kind, int *code, struct error *error)
{
    char what[120];
    sqlite3_bind_text(store->get_about, 1, name, -1, SQLITE_STATIC);
    *code = sqlite3_step(store->get_about);
    if (*code != SQLITE_ROW)
        return *code == SQLITE_DONE || explain(store, *code, error);
    snprintf(what, sizeof what, "\"%s\" is no %s", name,
             kind == SQLITE_INTEGER ? "whole number from 0 on" : "text");
    if (sqlite3_column_type(store->get_about, 0) != kind ||
        (kind == SQLITE_INTEGER && sqlite3_column_int64(store->get_about, 0) < 0))
        return store_refuse(store, error, what);
    return true;
}

bool store_get_number(struct store *store, const char *name, int64_t *number, struct error *error)
{
    int code;
    bool is_good = find(store, name, SQLITE_INTEGER, &code, error);
    if (is_good && code == SQLITE_ROW)
        *number = sqlite3_column_int64(store->get_about, 0);
    sqlite3_reset(store->get_about);
    return is_good;
}

bool store_get_text(struct store *store, const char *name, const char **text, struct error *error)
{
    int code;
    bool is_good = find(store, name, SQLITE_TEXT, &code, error);
    if (is_good && code == SQLITE_ROW)
        *text =
            arena_copy_text(store->arena, (const char *)sqlite3_column_text(store->get_about, 0));
    sqlite3_reset(store->get_about);
    return is_good;
}

bool store_add_calls(struct store *store, int64_t minute, int64_t calls, struct error *error)
{
    if (!begin(store, error))
        return false;
    sqlite3_bind_int64(store->add_calls, 1, minute);
    sqlite3_bind_int64(store->add_calls, 2, calls);
    return carry_out(store, store->add_calls, error);
}

static bool read_minute(const struct store *store, sqlite3_stmt *statement, int64_t minute_max,
                        struct error *error)
{
    int64_t minute = sqlite3_column_int64(statement, 0), calls = sqlite3_column_int64(statement, 1);
    if (sqlite3_column_type(statement, 1) == SQLITE_INTEGER && minute >= 0 &&
        minute <= minute_max && calls >= 0 && calls <= UINT32_MAX)
        return true;
    return store_refuse(store, error, "the requests of a minute are none");
}

bool store_read_calls(struct store *store, int64_t minute_max,
                      void (*each)(void *context, int64_t minute, int64_t calls), void *context,
                      struct error *error)
{
    sqlite3_stmt *statement;
    if (!prepare(store, "SELECT number, calls FROM minute ORDER BY number", &statement, error))
        return false;
    int code = SQLITE_DONE;
    bool is_good = true;
    while (is_good && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        is_good = read_minute(store, statement, minute_max, error);
        if (is_good && each != NULL)
            each(context, sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1));
    }
    is_good = is_good && (code == SQLITE_DONE || explain(store, code, error));
    sqlite3_finalize(statement);
    return is_good;
}

bool store_is_open(const struct store *store)
{
    return store->is_open;
}

bool store_commit(struct store *store, struct error *error)
{
    if (!store->is_open)
        return true;
    store->is_open = false;
    return execute(store, "COMMIT", error);
}
