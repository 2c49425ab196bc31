#include "models/rcesim/result/database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>
#include <signal.h>
#include <sqlite3.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/run/simulate.h"

static const char small_world[] =
    "question: Is it all there?\n"
    "fleet: {sddcs: 30, clusters_per_sddc: 2, hosts_per_cluster: 2, temporary_host: {share: 80%}}\n"
    "provisioning: {boot: 10min, connect: 'uniform(5min, 40min)', configure: 4min}\n"
    "phase1: {control_plane: 3h}\n"
    "phase2: {backup: 30min, update_host: 45min, remove_host: 60min}\n"
    "phase3: {network: 30min}\n"
    "maintenance: {evacuate: 5min, exit: 1min, resync: 2min}\n"
    "host_service: {latency: 'exponential(mean=300ms)', errors: {unavailable: 2%}}\n"
    "wave: {schedule: randomly, spread: 1h}\n"
    "variants:\n"
    "  before: {}\n"
    "  after: {precheck: {}, retry: {}, idempotency: {key: per_task}}\n"
    "experiment: {replications: 4, seed: 5}\n"
    "thresholds: ['failure_rate(after) < 90%', 'violations(after) == 0']\n";

/* One run, its outcome, and a folder for databases. */
struct world {
    struct arena *arena;
    struct result *result;
    const struct outcome *outcome;
    char folder[64];
    char path[96];
};

static void simulate_world(struct world *world, const char *text, uint32_t rows_count)
{
    struct configuration *configuration;
    struct error error;
    struct options_work work = {.thread_count = 1, .is_quiet = true};
    struct scenario_source source = {
        .file_name = "s.yaml", .text = text, .text_size_bytes = strlen(text)};
    if (!configure_load(&configuration, world->arena, &source, &error))
        fail_msg("%s", error.message);
    struct simulation simulation = {
        .configuration = configuration,
        .work = &work,
        .rows_replication_count = rows_count,
        .is_silent = true,
    };
    if (!simulate(&simulation, &world->result, &error))
        fail_msg("%s", error.message);
    struct outcome_commands commands = {.run = "rcesim run s.yaml",
                                        .trace = "rcesim trace s.yaml",
                                        .rows = rows_count == 2 ? "two" : "all"};
    world->outcome = outcome_create(world->arena, configuration, world->result, &commands);
}

static int set_up(void **state)
{
    gsl_set_error_handler_off();
    struct arena *arena = arena_create("test", 0);
    struct world *world = arena_take(arena, sizeof *world);
    world->arena = arena;
    snprintf(world->folder, sizeof world->folder, "/tmp/rcesim-database-test-XXXXXX");
    if (mkdtemp(world->folder) == NULL)
        return 1;
    snprintf(world->path, sizeof world->path, "%s/a.db", world->folder);
    simulate_world(world, small_world, 2);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    unlink(world->path);
    int status = rmdir(world->folder); /* Nothing else may be left there. */
    result_destroy(world->result);
    arena_destroy(world->arena);
    return status;
}

static bool add(const struct world *world, struct error *error)
{
    bool was_interrupted;
    struct database_job job = {.path = world->path, .outcome = world->outcome};
    bool is_added = database_add(&job, &was_interrupted, error);
    assert_false(was_interrupted);
    return is_added;
}

static void add_well(const struct world *world)
{
    struct error error;
    if (!add(world, &error))
        fail_msg("%s", error.message);
}

/* The first number that a query answers. */
static double ask(const struct world *world, const char *sql)
{
    sqlite3 *handle;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open_v2(world->path, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    double answer = sqlite3_column_double(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return answer;
}

static void execute(const char *path, const char *sql)
{
    sqlite3 *handle;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static void assert_asked(const struct world *world, const char *sql, double expected)
{
    double answer = ask(world, sql);
    if (answer != expected)
        fail_msg("%s: %.17g, expected %.17g", sql, answer, expected);
}

static double failed_count(const struct world *world, uint32_t replications)
{
    double count = 0;
    for (uint32_t r = 0; r < replications; r++)
        for (uint32_t v = 0; v < 2; v++)
            count += record_failed_count(result_record(world->result, r, v));
    return count;
}

static void test_all_is_there(void **state)
{
    struct world *world = *state;
    add_well(world);
    assert_asked(world, "SELECT count(*) FROM run", 1);
    assert_asked(world, "SELECT seed FROM run WHERE scenario = 's' AND model = 'vmc'", 5);
    assert_asked(world, "SELECT count(*) FROM replication", 4 * 2);
    assert_asked(world, "SELECT count(*) FROM workflow", 2 * 2 * 30);
    assert_true(failed_count(world, 2) > 5);
    assert_asked(world, "SELECT sum(failed) FROM workflow", failed_count(world, 2));
    assert_asked(world, "SELECT sum(failure_rate) FROM replication", failed_count(world, 4));
    assert_asked(world, "SELECT count(*) FROM workflow WHERE failed <> (status = 'failed')", 0);
    assert_asked(world,
                 "SELECT count(*) FROM workflow WHERE failed AND (operation IS NULL OR reason = "
                 "'none' OR duration_s > 86400)",
                 0);
    assert_asked(world, "SELECT count(*) FROM threshold", 2);
    assert_asked(world, "SELECT count(*) FROM threshold WHERE position = 0 AND verdict = 'PASS'",
                 1);
    /* Every column is explained. */
    assert_asked(world,
                 "SELECT count(*) FROM pragma_table_info('attempt') WHERE name NOT IN (SELECT "
                 "\"column\" FROM about WHERE \"table\" = 'attempt')",
                 0);
}

/* What was counted in the simulation is what was asked in the second one. */
static void test_attempts(void **state)
{
    struct world *world = *state;
    add_well(world);
    assert_asked(world, "SELECT (SELECT count(*) FROM attempt) - (SELECT sum(calls) FROM workflow)",
                 0);
    assert_asked(world,
                 "SELECT count(*) FROM (SELECT w.calls - count(*) AS missing, w.reads - "
                 "sum(a.operation LIKE 'read-%') AS reads FROM workflow w JOIN attempt a USING "
                 "(run_id, replication, variant, workflow) GROUP BY run_id, replication, variant, "
                 "workflow) WHERE missing <> 0 OR reads <> 0",
                 0);
    assert_asked(world, "SELECT count(*) FROM attempt WHERE answered_s < sent_s", 0);
    assert_asked(
        world, "SELECT count(*) FROM attempt WHERE (result = 'accepted') <> (task IS NOT NULL)", 0);
    assert_asked(world, "SELECT count(*) FROM attempt WHERE (target = 'host') <> (host NOTNULL)",
                 0);
    assert_asked(world,
                 "SELECT count(*) FROM attempt WHERE has_key AND variant = 'before' OR variant = "
                 "'after' AND NOT has_key AND operation NOT LIKE 'read-%'",
                 0);
    /* The first request for maintenance is the trigger. */
    assert_asked(world,
                 "SELECT count(*) FROM (SELECT w.triggered_s - min(a.sent_s) AS difference FROM "
                 "workflow w JOIN attempt a USING (run_id, replication, variant, workflow) WHERE "
                 "a.operation = 'enter-maintenance' GROUP BY run_id, replication, variant, "
                 "workflow) WHERE difference <> 0",
                 0);
}

static void test_again_and_another(void **state)
{
    struct world *world = *state;
    add_well(world);
    add_well(world);
    assert_asked(world, "SELECT count(*) FROM run", 1);
    assert_asked(world, "SELECT count(*) FROM workflow", 2 * 2 * 30);
    assert_asked(world, "SELECT count(*) FROM threshold", 2);
    struct world other = *world;
    simulate_world(&other, small_world, 4);
    add_well(&other);
    result_destroy(other.result);
    assert_asked(world, "SELECT count(*) FROM run", 2);
    assert_asked(world, "SELECT max(run_id) FROM run", 2);
    assert_asked(world, "SELECT count(*) FROM workflow WHERE run_id = 2", 4 * 2 * 30);
    /* Another model brings its own columns and its own table. */
    static const char contention[] =
        "question: And another model?\nmodel: contention\nclients: {count: 5}\n"
        "variants: {a: {retry: {policy: aws-full}}}\n"
        "experiment: {replications: 2, seed: 1}\n";
    simulate_world(&other, contention, 2);
    add_well(&other);
    result_destroy(other.result);
    assert_asked(world, "SELECT run_id FROM run WHERE model = 'contention'", 3);
    assert_asked(world, "SELECT count(*) FROM client", 2 * 5);
    assert_asked(world, "SELECT count(completion_time_s) FROM replication", 2);
    assert_asked(world, "SELECT count(wave_duration_s) FROM replication WHERE run_id = 3", 0);
}

static void assert_refused(const struct world *world, const char *text)
{
    struct error error;
    assert_false(database_check(world->path, &error));
    assert_int_equal(error.code, ERROR_IO);
    if (strstr(error.message, text) == NULL)
        fail_msg("no \"%s\" in: %s", text, error.message);
    assert_false(add(world, &error));
    assert_true(strstr(error.message, text) != NULL);
    assert_int_equal(error.code, ERROR_IO);
}

static char *read_all(const char *path, size_t *size_bytes)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = malloc(1 << 22);
    *size_bytes = fread(bytes, 1, 1 << 22, file);
    fclose(file);
    return bytes;
}

/* What is not ours stays as it is, byte by byte. */
static void test_not_ours(void **state)
{
    struct world *world = *state;
    FILE *file = fopen(world->path, "w");
    fprintf(file, "These are my notes, and they are not to be lost. %0500d\n", 1);
    fclose(file);
    size_t before_bytes, after_bytes;
    char *before = read_all(world->path, &before_bytes);
    assert_refused(world, "no SQLite database");
    char *after = read_all(world->path, &after_bytes);
    assert_int_equal(before_bytes, after_bytes);
    assert_memory_equal(before, after, before_bytes);
    free(before);
    free(after);
    unlink(world->path);
    execute(world->path, "CREATE TABLE run (mine)");
    assert_refused(world, "of another program");
    assert_asked(world, "SELECT count(*) FROM run", 0);
    unlink(world->path);
    add_well(world);
    execute(world->path, "PRAGMA user_version = 7");
    assert_refused(world, "schema version 7");
}

/* Whoever asks questions may keep notes, views and indices beside our tables; they survive that a
 * run is replaced. */
static void test_tables_of_others(void **state)
{
    struct world *world = *state;
    add_well(world);
    execute(world->path,
            "CREATE TABLE notes (run_id, text); INSERT INTO notes VALUES (1, 'mine');"
            "CREATE TABLE \"odd \"\"name\" (x); INSERT INTO \"odd \"\"name\" VALUES (7);"
            "CREATE VIEW stalled AS SELECT * FROM workflow WHERE failed;"
            "CREATE INDEX by_workflow ON attempt (run_id, workflow);"
            "DELETE FROM workflow WHERE workflow < 10");
    add_well(world);
    assert_asked(world, "SELECT count(*) FROM notes WHERE text = 'mine'", 1);
    assert_asked(world, "SELECT x FROM \"odd \"\"name\"", 7);
    assert_asked(world, "SELECT count(*) FROM stalled", failed_count(world, 2));
    assert_asked(world, "SELECT count(*) FROM workflow", 2 * 2 * 30);
    assert_asked(world, "SELECT count(*) FROM run", 1);
}

static void test_locked(void **state)
{
    struct world *world = *state;
    add_well(world);
    sqlite3 *other;
    assert_int_equal(sqlite3_open(world->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    struct error error;
    assert_false(database_check(world->path, &error));
    assert_true(strstr(error.message, "locked by another program") != NULL);
    /* Who is interrupted while it waits has changed nothing. */
    volatile sig_atomic_t interrupted = 1;
    bool was_interrupted = false;
    struct database_job job = {
        .path = world->path, .outcome = world->outcome, .interrupted = &interrupted};
    alarm(20); /* Otherwise it would wait a minute. */
    assert_false(database_add(&job, &was_interrupted, &error));
    alarm(0);
    assert_true(was_interrupted);
    sqlite3_close(other);
    assert_true(database_check(world->path, &error));
}

/* After hours of simulation one waits for others to be done. */
static void test_waits(void **state)
{
    struct world *world = *state;
    add_well(world);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *other;
        bool is_locked = sqlite3_open(world->path, &other) == SQLITE_OK &&
                         sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK &&
                         write(ready[1], "", 1) == 1;
        usleep(200000);
        _exit(is_locked ? 0 : 1); /* Dead programs hold no locks. */
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    add_well(world);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(ready[0]);
    close(ready[1]);
    assert_asked(world, "SELECT count(*) FROM run", 1);
}

/* Whoever is killed in the middle has added all or nothing, whenever that is; what was there before
 * is there. */
static void test_killed(void **state)
{
    struct world *world = *state;
    int killed_count = 0;
    add_well(world);
    struct world other = *world;
    simulate_world(&other, small_world, 4);
    for (useconds_t delay_us = 0; delay_us < 60000; delay_us += delay_us / 4 + 500) {
        pid_t child = fork();
        if (child == 0) {
            struct error error;
            bool was_interrupted;
            struct database_job job = {.path = other.path, .outcome = other.outcome};
            _exit(database_add(&job, &was_interrupted, &error) ? 0 : 1);
        }
        usleep(delay_us);
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        killed_count += WIFSIGNALED(status);
        /* Whoever comes next takes back what was half done. */
        struct error error;
        assert_true(database_check(world->path, &error));
        double runs = ask(world, "SELECT count(*) FROM run");
        assert_true(runs == 1 || runs == 2);
        assert_asked(world, "SELECT count(*) FROM workflow WHERE run_id = 1", 2 * 2 * 30);
        assert_asked(world, "SELECT count(*) FROM workflow", (runs == 1 ? 2 : 6) * 2 * 30);
        assert_asked(world, "SELECT integrity_check = 'ok' FROM pragma_integrity_check", 1);
    }
    result_destroy(other.result);
    assert_true(killed_count > 2);
}

/* Run a check as somebody who may not write, even where the test runs as root. Returns whether it
 * refused with that text. */
static bool is_refused_to_others(const struct world *world, const char *text)
{
    pid_t child = fork();
    if (child == 0) {
        struct error error = {0};
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(2);
        bool is_refused = !database_check(world->path, &error) && error.code == ERROR_IO &&
                          strstr(error.message, text) != NULL;
        _exit(is_refused ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status == 0;
}

/* What cannot be written to is said before the simulation: a file, or only its folder, in which the
 * journal has to stand. */
static void test_read_only(void **state)
{
    struct world *world = *state;
    add_well(world);
    assert_int_equal(chmod(world->folder, 0555), 0);
    assert_int_equal(chmod(world->path, 0444), 0);
    assert_true(is_refused_to_others(world, "cannot be written to"));
    assert_int_equal(chmod(world->path, 0666), 0);
    assert_true(is_refused_to_others(world, "its folder"));
    assert_int_equal(chmod(world->folder, 0777), 0);
    assert_false(is_refused_to_others(world, "cannot"));
}

/* A check leaves nothing behind, and what cannot be is said. */
static void test_check(void **state)
{
    struct world *world = *state;
    struct error error;
    assert_true(database_check(world->path, &error));
    assert_int_equal(access(world->path, F_OK), -1);
    assert_false(database_check("", &error));
    assert_int_equal(error.code, ERROR_USAGE);
    assert_false(database_check(world->folder, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_false(database_check("/nowhere/at/all.db", &error));
    assert_int_equal(error.code, ERROR_IO);
    /* An empty file is nothing yet. */
    fclose(fopen(world->path, "w"));
    assert_true(database_check(world->path, &error));
    add_well(world);
    assert_asked(world, "SELECT count(*) FROM run", 1);
}

/* A disk on which nothing can be written is noticed by the check, and the database unharmed. */
static void test_check_full(void **state)
{
    struct world *world = *state;
    struct error error;
    struct rlimit limit;
    add_well(world);
    size_t before_bytes, after_bytes;
    char *before = read_all(world->path, &before_bytes);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit low = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &low);
    bool is_good = database_check(world->path, &error);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_false(is_good);
    assert_int_equal(error.code, ERROR_IO);
    assert_true(database_check(world->path, &error));
    char *after = read_all(world->path, &after_bytes);
    assert_int_equal(before_bytes, after_bytes);
    assert_memory_equal(before, after, before_bytes);
    free(before);
    free(after);
}

/* Add while no file may become longer than that. */
static void fail_to_add(const struct world *world, rlim_t size_bytes)
{
    struct error error;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit low = {.rlim_cur = size_bytes, .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &low);
    bool is_added = add(world, &error);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_false(is_added);
    assert_int_equal(error.code, ERROR_IO);
    assert_true(strstr(error.message, "cannot write to") != NULL);
}

/* A disk that is full in the middle: a new file is gone, an old one as it was to the byte, also
 * where so much was added that a part has been written before the end. */
static void test_full(void **state)
{
    struct world *world = *state;
    struct world large = *world;
    char text[sizeof small_world + 8];
    const char *rest = strstr(small_world, "30,");
    snprintf(text, sizeof text, "%.*s600,%s", (int)(rest - small_world), small_world,
             rest + strlen("30,"));
    simulate_world(&large, text, 4);
    fail_to_add(world, 20 * 1024);
    assert_int_equal(access(world->path, F_OK), -1);
    fail_to_add(&large, 1024 * 1024);
    assert_int_equal(access(world->path, F_OK), -1);
    add_well(world);
    size_t before_bytes, after_bytes;
    char *before = read_all(world->path, &before_bytes);
    assert_true(before_bytes < 512 * 1024);
    fail_to_add(&large, 1024 * 1024);
    char *after = read_all(world->path, &after_bytes);
    assert_int_equal(before_bytes, after_bytes);
    assert_memory_equal(before, after, before_bytes);
    free(before);
    free(after);
    add_well(&large);
    result_destroy(large.result);
    assert_asked(world, "SELECT count(*) FROM run", 2);
    assert_asked(world, "SELECT count(*) FROM workflow", (2 * 30 + 4 * 600) * 2);
    struct stat status;
    assert_int_equal(stat(world->path, &status), 0);
    assert_true(status.st_size > 4 * 1024 * 1024); /* More than SQLite keeps in memory. */
}

static void test_interrupted(void **state)
{
    struct world *world = *state;
    struct error error;
    volatile sig_atomic_t interrupted = 1;
    bool was_interrupted = false;
    struct database_job job = {
        .path = world->path, .outcome = world->outcome, .interrupted = &interrupted};
    assert_false(database_add(&job, &was_interrupted, &error));
    assert_true(was_interrupted);
    assert_int_equal(access(world->path, F_OK), -1);
}

/* The README's queries run, and answer something. */
static void test_readme(void **state)
{
    struct world *world = *state;
    size_t size_bytes;
    char *text = read_all("README.md", &size_bytes);
    text[size_bytes] = '\0';
    add_well(world);
    size_t count = 0;
    for (char *at = text; (at = strstr(at, "```sql\n")) != NULL; count++) {
        at += strlen("```sql\n");
        char *end = strstr(at, "```");
        assert_non_null(end);
        *end = '\0';
        ask(world, at);
        at = end + 1;
    }
    assert_in_range(count, 3, 10);
    free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_all_is_there), TEST(test_attempts),         TEST(test_again_and_another),
        TEST(test_not_ours),     TEST(test_tables_of_others), TEST(test_locked),
        TEST(test_waits),        TEST(test_killed),           TEST(test_read_only),
        TEST(test_check),        TEST(test_check_full),       TEST(test_full),
        TEST(test_interrupted),  TEST(test_readme),
    };
    return cmocka_run_group_tests_name("rcesim/database", tests, NULL, NULL);
}
