#include "models/rcesim/result/database.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/judged.h"
#include "models/rcesim/run/single.h"
#include "reports/output.h"
#include "sim/base/check.h"

/* "rces"; written into the file by SQLite's application_id. */
#define DATABASE_APPLICATION INT64_C(0x72636573)

/* To ask whether one may write is no reason to wait; to write after hours of simulation is. */
enum { SCHEMA_VERSION = 1, CHECK_PATIENCE_MS = 1000, PATIENCE_MS = 60000, COLUMNS_MAX = 512 };

struct database {
    sqlite3 *handle;
    const char *path;
    const volatile sig_atomic_t *interrupted; /* As in a job. */
    int patience_ms;                          /* So long somebody else may be writing. */
    struct arena *arena;
    const struct outcome *outcome;
    int64_t run_id;
    struct error *error;
};

struct column {
    const char *name, *type, *doc;
};

/* A table, and the statement that fills it. */
struct table {
    struct database *database;
    const char *name;
    struct column columns[COLUMNS_MAX];
    int column_count;
    sqlite3_stmt *insert;
    int bound_count; /* Values bound to the next row. */
};

static bool explain(const struct database *database, int code)
{
    const char *path = database->path;
    struct error *error = database->error;
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        return error_set(error, ERROR_IO,
                         "%s is no SQLite database, and is left as it is; name another file", path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(error, ERROR_IO,
                         "%s is locked by another program; try again when that is done", path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return error_set(error, ERROR_IO,
                         "%s cannot be written to; both the file and its folder, where a journal "
                         "stands meanwhile, have to be writable",
                         path);
    case SQLITE_CANTOPEN:
        return error_set(error, ERROR_IO,
                         "%s cannot be opened for writing; is it a file, in a folder that is there "
                         "and may be written to?",
                         path);
    case SQLITE_FULL:
    case SQLITE_IOERR:
        return error_set(error, ERROR_IO,
                         "cannot write to %s (%s), it is as it was; is the disk full?", path,
                         sqlite3_errmsg(database->handle));
    }
    return error_set(error, ERROR_IO, "%s: %s; it is as it was", path,
                     sqlite3_errmsg(database->handle));
}

static bool execute(const struct database *database, const char *sql)
{
    int code = sqlite3_exec(database->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || explain(database, code);
}

/* The first value that a statement answers; unchanged where it answers none. */
static bool ask(const struct database *database, const char *sql, int64_t *answer)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return explain(database, code);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE || explain(database, code);
}

/* Is it ours, or empty? */
static bool check_owner(const struct database *database)
{
    int64_t application = 0, tables = 0, version = 0;
    if (!ask(database, "SELECT count(*) FROM sqlite_master", &tables) ||
        !ask(database, "PRAGMA application_id", &application) ||
        !ask(database, "PRAGMA user_version", &version))
        return false;
    if (tables > 0 && application != DATABASE_APPLICATION)
        return error_set(database->error, ERROR_IO,
                         "%s is a database of another program, and is left as it is; name another "
                         "file",
                         database->path);
    if (tables > 0 && version != SCHEMA_VERSION)
        return error_set(database->error, ERROR_IO,
                         "%s has schema version %" PRId64 " and this program writes %d; name "
                         "another file",
                         database->path, version, SCHEMA_VERSION);
    return true;
}

static bool is_interrupted(const struct database *database)
{
    return database->interrupted != NULL && *database->interrupted != 0;
}

/* SQLite asks whether to try once more while somebody else is writing. */
static int wait_for_others(void *context, int try_count)
{
    enum { PAUSE_MS = 50 };
    const struct database *database = context;
    if (is_interrupted(database) || try_count >= database->patience_ms / PAUSE_MS)
        return 0;
    sqlite3_sleep(PAUSE_MS);
    return 1;
}

/* Names like ":memory:" mean something to SQLite. */
static bool open_file(struct database *database)
{
    const char *path = database->path;
    char *plain = sqlite3_mprintf("%s%s", *path == '/' ? "" : "./", path);
    int code =
        sqlite3_open_v2(plain, &database->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    sqlite3_free(plain);
    if (code != SQLITE_OK)
        return explain(database, code);
    sqlite3_extended_result_codes(database->handle, 1);
    sqlite3_busy_handler(database->handle, wait_for_others, database);
    return true;
}

static bool begin(struct database *database)
{
    /* A database that cannot be written to is opened for reading without a word. */
    if (!open_file(database))
        return false;
    if (sqlite3_db_readonly(database->handle, "main") == 1)
        return explain(database, SQLITE_READONLY);
    return execute(database, "BEGIN IMMEDIATE") && check_owner(database);
}

/* Only the first change shows whether there may be a journal beside the file; it is taken back. */
static bool try_to_write(const struct database *database)
{
    return execute(database, "CREATE TABLE \"rcesim try\" (x); ROLLBACK");
}

bool database_check(const char *path, struct error *error)
{
    struct stat status;
    if (*path == '\0')
        return error_set(error, ERROR_USAGE, "--db needs the name of a file");
    if (stat(path, &status) != 0)
        return output_check(path, error);
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_IO, "--db %s: it cannot be a folder or a device", path);
    struct database database = {.path = path, .patience_ms = CHECK_PATIENCE_MS, .error = error};
    bool is_good = begin(&database) && try_to_write(&database);
    sqlite3_close(database.handle); /* Rolls back. */
    return is_good;
}

static void add_column(struct table *table, const char *name, const char *type, const char *doc)
{
    CHECK(table->column_count < COLUMNS_MAX);
    table->columns[table->column_count++] = (struct column){name, type, doc};
}

static bool has_column(const struct table *table, const char *name, bool *has)
{
    const struct database *database = table->database;
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(database->handle,
                                  "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2", -1,
                                  &statement, NULL);
    if (code != SQLITE_OK)
        return explain(database, code);
    sqlite3_bind_text(statement, 1, table->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
    code = sqlite3_step(statement);
    *has = code == SQLITE_ROW && sqlite3_column_int(statement, 0) > 0;
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || explain(database, code);
}

/* Print and execute; the text is SQLite's. */
static bool execute_printed(const struct database *database, char *sql)
{
    if (sql == NULL)
        check_limit("no memory for a statement");
    bool is_good = execute(database, sql);
    sqlite3_free(sql);
    return is_good;
}

static bool describe(const struct table *table, const struct column *column)
{
    return execute_printed(table->database,
                           sqlite3_mprintf("INSERT OR REPLACE INTO about VALUES (%Q, %Q, %Q)",
                                           table->name, column->name, column->doc));
}

/* Make the table, or the columns that it lacks. */
static bool make_table(const struct table *table)
{
    const struct database *database = table->database;
    const struct column *first = &table->columns[0];
    bool is_good =
        execute_printed(database, sqlite3_mprintf("CREATE TABLE IF NOT EXISTS \"%w\" (\"%w\" %s)",
                                                  table->name, first->name, first->type));
    for (int i = 0; is_good && i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        bool has = false;
        is_good = has_column(table, column->name, &has);
        if (is_good && !has)
            is_good =
                execute_printed(database, sqlite3_mprintf("ALTER TABLE \"%w\" ADD COLUMN \"%w\" %s",
                                                          table->name, column->name, column->type));
        is_good = is_good && describe(table, column);
    }
    return is_good;
}

static bool prepare_insert(struct table *table)
{
    sqlite3_str *sql = sqlite3_str_new(table->database->handle);
    sqlite3_str_appendf(sql, "INSERT INTO \"%w\" (", table->name);
    for (int i = 0; i < table->column_count; i++)
        sqlite3_str_appendf(sql, "%s\"%w\"", i > 0 ? ", " : "", table->columns[i].name);
    sqlite3_str_appendall(sql, ") VALUES (");
    for (int i = 0; i < table->column_count; i++)
        sqlite3_str_appendall(sql, i > 0 ? ", ?" : "?");
    sqlite3_str_appendall(sql, ")");
    char *text = sqlite3_str_finish(sql);
    int code = sqlite3_prepare_v2(table->database->handle, text, -1, &table->insert, NULL);
    sqlite3_free(text);
    return code == SQLITE_OK || explain(table->database, code);
}

static bool open_table(struct table *table)
{
    return make_table(table) && prepare_insert(table);
}

static void close_table(struct table *table)
{
    sqlite3_finalize(table->insert);
}

static void bind_text(struct table *table, const char *text)
{
    sqlite3_bind_text(table->insert, ++table->bound_count, text, -1, SQLITE_TRANSIENT);
}

static void bind_count(struct table *table, int64_t value)
{
    sqlite3_bind_int64(table->insert, ++table->bound_count, value);
}

static void bind_real(struct table *table, double value)
{
    sqlite3_bind_double(table->insert, ++table->bound_count, value);
}

static void bind_hex(struct table *table, uint64_t value)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, value);
    bind_text(table, text);
}

/* A value that is not bound is NULL. */
static void bind_nothing(struct table *table)
{
    table->bound_count++;
}

static void bind_seconds(struct table *table, int64_t time_ns)
{
    bind_real(table, (double)time_ns / 1e9);
}

static bool insert(struct table *table)
{
    CHECK(table->bound_count == table->column_count);
    if (is_interrupted(table->database))
        return false;
    int code = sqlite3_step(table->insert);
    sqlite3_reset(table->insert);
    sqlite3_clear_bindings(table->insert);
    table->bound_count = 0;
    return code == SQLITE_DONE || explain(table->database, code);
}

static struct table *new_table(struct database *database, const char *name)
{
    struct table *table = arena_take(database->arena, sizeof *table);
    table->database = database;
    table->name = name;
    add_column(table, "run_id", "INTEGER", "the run, see the table run");
    return table;
}

/* A column of ours for one of the model's. */
static void add_model_column(struct table *table, const struct row_column *column)
{
    bool is_time = column->kind == ROW_DURATION_NS || column->kind == ROW_TIME_NS;
    const char *name =
        is_time ? arena_print(table->database->arena, "%s_s", column->name) : column->name;
    add_column(table, name,
               is_time                    ? "REAL"
               : column->kind == ROW_NAME ? "TEXT"
                                          : "INTEGER",
               column->doc);
}

static void bind_cell(struct table *table, const struct row_column *column, int64_t value)
{
    if (value == ROW_NONE) {
        bind_nothing(table);
        return;
    }
    switch (column->kind) {
    case ROW_COUNT:
    case ROW_FLAG: bind_count(table, value); return;
    case ROW_DURATION_NS:
    case ROW_TIME_NS: bind_seconds(table, value); return;
    case ROW_NAME:
        CHECK(value >= 0 && (size_t)value < column->name_count);
        bind_text(table, column->names[value]);
        return;
    }
    CHECK_UNREACHABLE("a known kind of column");
}

static void add_place_columns(struct table *table)
{
    add_column(table, "replication", "INTEGER", "number of the replication");
    add_column(table, "variant", "TEXT", "what was varied: which engine");
}

static void bind_place(struct table *table, uint32_t replication, uint32_t variant)
{
    const struct result *result = table->database->outcome->result;
    bind_count(table, table->database->run_id);
    bind_count(table, (int64_t)result->first_replication + replication);
    bind_text(table, result->variants[variant].name);
}

static bool add_replication(struct table *table, uint32_t replication, uint32_t variant)
{
    const struct result *result = table->database->outcome->result;
    const struct record *record = result_record(result, replication, variant);
    bind_place(table, replication, variant);
    bind_count(table, record->unit_count);
    bind_count(table, (int64_t)record->event_count);
    bind_hex(table, record->history_hash);
    for (size_t i = 0; i < result->model->metric_count; i++) {
        if (record->values[i] == METRIC_NONE)
            bind_nothing(table);
        else if (result->model->metrics[i].unit == METRIC_DURATION_NS)
            bind_seconds(table, record->values[i]);
        else
            bind_count(table, record->values[i]);
    }
    return insert(table);
}

static const char *metric_column(struct arena *arena, const struct metric *metric)
{
    char *name =
        arena_print(arena, "%s%s", metric->name, metric->unit == METRIC_DURATION_NS ? "_s" : "");
    for (char *at = name; *at != '\0'; at++)
        if (*at == '.')
            *at = '_';
    return name;
}

/* Go through all replications and variants, until something fails. */
static bool for_each_run(struct table *table,
                         bool (*add)(struct table *table, uint32_t replication, uint32_t variant))
{
    const struct result *result = table->database->outcome->result;
    bool is_good = open_table(table);
    for (uint32_t i = 0; is_good && i < result->replication_count; i++)
        for (uint32_t k = 0; is_good && k < result->variant_count; k++)
            is_good = !is_interrupted(table->database) && add(table, i, k);
    close_table(table);
    return is_good;
}

static bool add_replications(struct database *database)
{
    struct table *table = new_table(database, "replication");
    const struct model *model = database->outcome->result->model;
    add_place_columns(table);
    add_column(table, "units", "INTEGER", "units that were simulated");
    add_column(table, "events", "INTEGER", "events that were carried out");
    add_column(table, "history_hash", "TEXT", "hash of all that happened");
    for (size_t i = 0; i < model->metric_count; i++)
        add_column(table, metric_column(database->arena, &model->metrics[i]),
                   model->metrics[i].unit == METRIC_DURATION_NS ? "REAL" : "INTEGER",
                   model->metrics[i].doc);
    return for_each_run(table, add_replication);
}

static bool add_units_of(struct table *table, uint32_t replication, uint32_t variant)
{
    const struct result *result = table->database->outcome->result;
    const struct row_table *rows = result_rows(result, replication, variant);
    bool is_good = true;
    for (size_t i = 0; rows != NULL && is_good && i < rows->row_count; i++) {
        bind_place(table, replication, variant);
        bind_count(table, result_is_row_failed(result, replication, variant, i));
        for (size_t k = 0; k < rows->column_count; k++)
            bind_cell(table, &result->model->row_columns[k],
                      rows->values[i * rows->column_count + k]);
        is_good = insert(table);
    }
    return is_good;
}

static bool add_units(struct database *database)
{
    const struct model *model = database->outcome->result->model;
    struct table *table = new_table(database, model->unit_name);
    add_place_columns(table);
    add_column(table, "failed", "INTEGER", "1: it failed, or never ended");
    for (size_t i = 0; i < model->row_column_count; i++)
        add_model_column(table, &model->row_columns[i]);
    return for_each_run(table, add_units_of);
}

/* Who takes the attempts of one run. */
struct attempts {
    struct table *table;
    uint32_t replication, variant;
    bool is_good;
};

static void take_attempt(void *context, const struct model_run *run, const int64_t *values)
{
    struct attempts *attempts = context;
    const struct model *model = attempts->table->database->outcome->result->model;
    (void)run;
    if (!attempts->is_good)
        return;
    bind_place(attempts->table, attempts->replication, attempts->variant);
    for (size_t i = 0; i < model->attempt_column_count; i++)
        bind_cell(attempts->table, &model->attempt_columns[i], values[i]);
    attempts->is_good = insert(attempts->table);
}

static bool add_attempts_of(struct table *table, uint32_t replication, uint32_t variant)
{
    const struct outcome *outcome = table->database->outcome;
    if (result_rows(outcome->result, replication, variant) == NULL)
        return true;
    struct attempts attempts = {table, replication, variant, true};
    struct model_sink sink = {.context = &attempts, .attempt = take_attempt};
    struct single single = {
        .configuration = outcome->configuration,
        .variant = variant,
        .replication = outcome->result->first_replication + replication,
        .sink = &sink,
    };
    struct arena *arena = arena_create("attempts", 0);
    const struct record *record;
    bool is_run = single_run(&single, arena, &record, table->database->error);
    arena_destroy(arena);
    return is_run && attempts.is_good;
}

static bool add_attempts(struct database *database)
{
    const struct model *model = database->outcome->result->model;
    if (model->attempt_column_count == 0 || database->outcome->commands.is_observed)
        return true;
    struct table *table = new_table(database, "attempt");
    add_place_columns(table);
    for (size_t i = 0; i < model->attempt_column_count; i++)
        add_model_column(table, &model->attempt_columns[i]);
    return for_each_run(table, add_attempts_of);
}

static void bind_interval(struct table *table, const struct threshold_result *judged)
{
    double unit = judged->dimension == THRESHOLD_DURATION ? 1e-9 : 1;
    const struct interval *interval = &judged->interval;
    if (interval_has_estimate(interval))
        bind_real(table, unit * interval->estimate);
    else
        bind_nothing(table);
    if (interval_is_known(interval)) {
        bind_real(table, unit * interval->low);
        bind_real(table, unit * interval->high);
    } else {
        bind_nothing(table);
        bind_nothing(table);
    }
}

static bool add_thresholds(struct database *database)
{
    const struct outcome *outcome = database->outcome;
    const struct configuration *configuration = outcome->configuration;
    struct table *table = new_table(database, "threshold");
    add_column(table, "position", "INTEGER", "from 0 on");
    add_column(table, "threshold", "TEXT", "as it was written");
    add_column(table, "verdict", "TEXT", "PASS, FAIL or INCONCLUSIVE");
    add_column(table, "reason", "TEXT", "why");
    add_column(table, "judged_by", "TEXT", "what it was judged by, for people");
    add_column(table, "estimate", "REAL", "of what is judged; shares from 0 to 1, seconds");
    add_column(table, "low", "REAL", "lower limit of its interval");
    add_column(table, "high", "REAL", "upper limit of its interval");
    bool is_good = open_table(table);
    for (size_t i = 0; is_good && i < configuration->threshold_count; i++) {
        const struct threshold_result *judged = &outcome->thresholds[i];
        bind_count(table, database->run_id);
        bind_count(table, (int64_t)i);
        bind_text(table, configuration->thresholds[i].text);
        bind_text(table, threshold_verdict_name(judged->verdict));
        bind_text(table, judged->reason);
        bind_text(table, judged_text(database->arena, outcome->result->model, judged));
        bind_interval(table, judged);
        is_good = insert(table);
    }
    close_table(table);
    return is_good;
}

static struct table *make_run_table(struct database *database)
{
    struct table *table = arena_take(database->arena, sizeof *table);
    table->database = database;
    table->name = "run";
    add_column(table, "run_id", "INTEGER PRIMARY KEY", "number of the run in this database");
    add_column(table, "program", "TEXT", "what simulated it");
    add_column(table, "version", "TEXT", "of the program");
    add_column(table, "model", "TEXT", "of what");
    add_column(table, "unit", "TEXT", "what a unit is, and the table with its rows");
    add_column(table, "scenario", "TEXT", "its name");
    add_column(table, "scenario_hash", "TEXT", "of every value in it");
    add_column(table, "seed", "INTEGER", "of all draws");
    add_column(table, "first_replication", "INTEGER", "the first of them");
    add_column(table, "replications", "INTEGER", "how many");
    add_column(table, "rows", "TEXT", "of which replications there are rows: none, first, all");
    add_column(table, "question", "TEXT", "what the scenario asks");
    add_column(table, "command", "TEXT", "to simulate it again");
    return table;
}

/* The number of the run that this is, if it is there already; else a new one. */
static bool find_run(struct database *database)
{
    const struct outcome *outcome = database->outcome;
    int64_t found = 0, last = 0;
    char *sql = sqlite3_mprintf(
        "SELECT run_id FROM run WHERE version = %Q AND model = %Q AND scenario_hash = '%016llx' "
        "AND seed = %lld AND first_replication = %u AND replications = %u AND rows = %Q",
        outcome->identity.version, outcome->result->model->name,
        (unsigned long long)outcome->identity.scenario_hash, (long long)outcome->result->seed,
        outcome->result->first_replication, outcome->result->replication_count,
        outcome->commands.rows);
    bool is_good = ask(database, sql, &found);
    sqlite3_free(sql);
    is_good = is_good && ask(database, "SELECT ifnull(max(run_id), 0) FROM run", &last);
    database->run_id = found > 0 ? found : last + 1;
    return is_good;
}

/* Remove what the same run has left before, from all tables that we have described: tables that
 * somebody has added for purposes of their own are theirs. */
static bool remove_run(struct database *database)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(database->handle,
                                  "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN "
                                  "(SELECT \"table\" FROM about WHERE \"column\" = 'run_id')",
                                  -1, &statement, NULL);
    if (code != SQLITE_OK)
        return explain(database, code);
    struct options_list names = {0};
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        options_list_add(
            &names, database->arena,
            arena_copy_text(database->arena, (const char *)sqlite3_column_text(statement, 0)));
    sqlite3_finalize(statement);
    bool is_good = code == SQLITE_DONE || explain(database, code);
    for (size_t i = 0; is_good && i < names.count; i++)
        is_good =
            execute_printed(database, sqlite3_mprintf("DELETE FROM \"%w\" WHERE run_id = %lld",
                                                      names.items[i], (long long)database->run_id));
    return is_good;
}

static bool add_run(struct database *database)
{
    const struct outcome *outcome = database->outcome;
    const struct result *result = outcome->result;
    struct table *table = make_run_table(database);
    if (!make_table(table) || !find_run(database) || !remove_run(database) ||
        !prepare_insert(table))
        return false;
    bind_count(table, database->run_id);
    bind_text(table, outcome->identity.program);
    bind_text(table, outcome->identity.version);
    bind_text(table, result->model->name);
    bind_text(table, result->model->unit_name);
    bind_text(table, outcome->identity.scenario);
    bind_hex(table, outcome->identity.scenario_hash);
    bind_count(table, (int64_t)result->seed);
    bind_count(table, result->first_replication);
    bind_count(table, result->replication_count);
    bind_text(table, outcome->commands.rows);
    bind_text(table, outcome->configuration->question);
    bind_text(table, outcome->identity.command);
    bool is_good = insert(table);
    close_table(table);
    return is_good;
}

static bool write_all(struct database *database)
{
    char *mark = sqlite3_mprintf("PRAGMA application_id = %lld; PRAGMA user_version = %d;"
                                 "CREATE TABLE IF NOT EXISTS about (\"table\" TEXT, \"column\" "
                                 "TEXT, meaning TEXT, PRIMARY KEY (\"table\", \"column\"))",
                                 (long long)DATABASE_APPLICATION, SCHEMA_VERSION);
    return execute_printed(database, mark) && add_run(database) && add_replications(database) &&
           add_units(database) && add_attempts(database) && add_thresholds(database) &&
           execute(database, "COMMIT");
}

/* After an error of writing (a full disk) SQLite leaves the journal, and the next one who reads
 * rolls back; let that be us. */
static void roll_back(const char *path)
{
    struct error error;
    struct database database = {.path = path, .error = &error};
    int64_t count;
    if (open_file(&database))
        (void)ask(&database, "SELECT count(*) FROM sqlite_master", &count);
    sqlite3_close(database.handle);
}

bool database_add(const struct database_job *job, bool *was_interrupted, struct error *error)
{
    struct stat status;
    bool is_new = stat(job->path, &status) != 0;
    struct arena *arena = arena_create("database", 0);
    struct database database = {
        .path = job->path,
        .interrupted = job->interrupted,
        .patience_ms = PATIENCE_MS,
        .arena = arena,
        .outcome = job->outcome,
        .error = error,
    };
    bool is_good = begin(&database) && write_all(&database);
    *was_interrupted = !is_good && is_interrupted(&database);
    sqlite3_close(database.handle); /* Rolls back what was not committed. */
    arena_destroy(arena);
    if (is_good)
        return true;
    roll_back(job->path);
    /* SQLite has made the file when it was opened. */
    if (is_new && stat(job->path, &status) == 0 && status.st_size == 0)
        unlink(job->path);
    return false;
}
