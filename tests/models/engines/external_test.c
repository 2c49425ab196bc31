/* Engines that are processes: what goes wrong is told, nothing is left behind, and one process
 * serves many replications as fresh ones would.
 *
 * This program is also the engine that misbehaves: started with the word for it as its argument,
 * it answers as an engine that does nothing, until its moment comes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "models/engines/external.h"
#include "models/engines/message.h"
#include "models/engines/serve.h"
#include "tests/models/engines/programs.h"
#include "tests/models/rce/obedient.h"

extern char **environ;

/* The engine */

static void say(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}

static void sleep_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L}, NULL);
}

_Noreturn static void hang(void)
{
    for (;;)
        pause();
}

/* What is in our surroundings that was not asked for; "" if nothing is. */
static void look_around(char *text, size_t size_bytes)
{
    static const char *const expected[] = {"PATH=", "LANG=", "LC_ALL=", "GIVEN=a=b"};
    text[0] = '\0';
    for (char **variable = environ; *variable != NULL; variable++) {
        bool is_expected = false;
        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
            is_expected = is_expected || strncmp(*variable, expected[i], strlen(expected[i])) == 0;
        if (!is_expected)
            snprintf(text, size_bytes, "variable %s", *variable);
    }
    if (getenv("PATH") == NULL || getenv("GIVEN") == NULL || getenv("MISSING") != NULL)
        snprintf(text, size_bytes, "PATH or GIVEN is not there, or MISSING is");
    for (int descriptor = 3; descriptor < 1024; descriptor++)
        if (fcntl(descriptor, F_GETFD) >= 0)
            snprintf(text, size_bytes, "descriptor %d", descriptor);
    if (getpgrp() != getpid())
        snprintf(text, size_bytes, "no process group of its own");
    struct sigaction action;
    sigset_t mask;
    sigaction(SIGINT, NULL, &action);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    if (action.sa_handler != SIG_DFL || sigismember(&mask, SIGINT))
        snprintf(text, size_bytes, "SIGINT is not as it was");
}

static void misbehave_at_start(const char *mode)
{
    if (strcmp(mode, "crash-at-start") == 0) {
        fputs("cannot find my parts\n", stderr);
        exit(3);
    } else if (strcmp(mode, "refuse") == 0) {
        say("{\"error\":{\"code\":\"config\",\"message\":\"no \\\"colour\\\" given\"}}\n");
    } else if (strcmp(mode, "wrong-version") == 0) {
        say("{\"protocol\":2,\"name\":\"bad\",\"version\":\"1\",\"capabilities\":[],"
            "\"state_version\":1,\"state_version_oldest\":1}\n");
    } else if (strcmp(mode, "no-state-version") == 0) {
        say("{\"protocol\":1,\"name\":\"bad\",\"version\":\"1\",\"capabilities\":[\"save\"],"
            "\"state_version\":1,\"state_version_oldest\":2}\n");
    } else if (strcmp(mode, "chatty") == 0) {
        say("Hello, I am an engine\n");
    } else if (strcmp(mode, "hang-at-start") == 0) {
        hang();
    } else if (strcmp(mode, "surroundings") == 0) {
        char found[256];
        look_around(found, sizeof found);
        if (found[0] != '\0') {
            fprintf(stderr, "%s\n", found);
            exit(4);
        }
    }
}

/* Four times what a pipe holds. */
enum { LOUD_BYTES = 256 << 10 };

static void fork_one(void)
{
    if (fork() == 0)
        hang();
}

static void misbehave_at_step(const char *mode)
{
    static char much[2 * MESSAGE_LINE_MAX_BYTES];
    if (strcmp(mode, "hang") == 0) {
        hang();
    } else if (strcmp(mode, "crash") == 0) {
        signal(SIGSEGV, SIG_DFL); /* A sanitizer would write a report. */
        raise(SIGSEGV);
    } else if (strcmp(mode, "exit") == 0) {
        fputs("first words\nlast words", stderr);
        say("{\"id\":1,\"sta");
        exit(0);
    } else if (strcmp(mode, "garbage") == 0) {
        say("Traceback (most recent call last):\n");
    } else if (strcmp(mode, "endless") == 0) {
        memset(much, 'x', sizeof much);
        fwrite(much, 1, sizeof much, stdout);
        hang();
    } else if (strcmp(mode, "half") == 0) {
        say("{\"id\":1,\"status\":\"runn");
        hang();
    } else if (strcmp(mode, "dribble") == 0) {
        for (;; sleep_ms(20))
            say(" ");
    } else if (strcmp(mode, "forbidden") == 0) {
        say("{\"id\":1,\"status\":\"running\",\"actions\":[{\"kind\":\"persist\"},"
            "{\"kind\":\"set-timer\",\"timer\":600,\"at_ns\":9000000000}]}\n");
    } else if (strcmp(mode, "past") == 0) {
        say("{\"id\":1,\"status\":\"running\",\"actions\":[{\"kind\":\"set-timer\",\"timer\":0,"
            "\"at_ns\":1}]}\n");
    } else if (strcmp(mode, "other-id") == 0) {
        say("{\"id\":2,\"status\":\"running\",\"actions\":[]}\n");
    } else if (strcmp(mode, "ok") == 0) {
        say("{\"ok\":true}\n");
    } else if (strcmp(mode, "bug") == 0) {
        say("{\"error\":{\"code\":\"internal\",\"message\":\"index out of range\"}}\n");
    } else if (strcmp(mode, "flood") == 0) {
        for (int i = 0; i < 4000; i++)
            fprintf(stderr, "line %d of a long story that nobody wants to hear\n", i);
    } else if (strcmp(mode, "loud") == 0) {
        memset(much, 'x', sizeof much);
        much[LOUD_BYTES - 1] = '\n';
        fwrite(much, 1, LOUD_BYTES, stderr);
    } else if (strcmp(mode, "slow") == 0) {
        sleep_ms(120);
    } else if (strcmp(mode, "fork") == 0) {
        fork_one();
    }
}

static void answer(const char *mode, const struct message_request *request)
{
    if (request->op == MESSAGE_INIT) {
        misbehave_at_start(mode);
        say("{\"protocol\":1,\"name\":\"bad\",\"version\":\"0.1\",\"capabilities\":[],"
            "\"state_version\":1,\"state_version_oldest\":1}\n");
    } else if (request->op == MESSAGE_STEP) {
        if (request->steps[0].input.kind != RCE_INPUT_START)
            misbehave_at_step(mode);
        printf("{\"id\":%u,\"status\":\"running\",\"actions\":[]}\n", request->steps[0].id);
        fflush(stdout);
    } else {
        say("{\"ok\":true}\n");
    }
}

static int be_an_engine(const char *mode)
{
    static char line[1 << 16];
    static struct message_request request;
    struct message_problem problem;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (!message_read_request(line, strlen(line) - 1, &request, &problem))
            return 9;
        answer(mode, &request);
    }
    if (strcmp(mode, "stay") == 0)
        hang();
    return 0;
}

/* The tests */

static const struct rce_cluster_plan clusters[] = {{.hosts_count = 2, .temporary_host = true},
                                                   {.hosts_count = 3, .temporary_host = false}};
static const struct rce_plan plan = {.workflow = 7, .clusters_count = 2, .clusters = clusters};

static struct rce_options default_options(void)
{
    struct rce_options options;
    rce_options_init(&options);
    return options;
}

static bool open_bad(const struct engine **engine, struct arena *arena, const char *mode,
                     const char *config, struct error *error)
{
    struct rce_options options = default_options();
    return engine_open(engine, arena,
                       programs_spec(arena, programs_path(arena, NULL), mode, config), &options,
                       error);
}

/* Nobody whose parent we are is left, dead or alive. */
static void assert_no_children(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

/* Let the engine misbehave in its second step; the complaint has to contain each of the parts. */
static void expect_complaint(const char *mode, const char *const parts[], size_t count)
{
    struct arena *arena = arena_create("test", 0);
    const struct engine *engine;
    struct error error = {0};
    static struct rce_actions actions;
    if (!open_bad(&engine, arena, mode, "{\"process\":{\"step_timeout\":\"120ms\"}}", &error))
        fail_msg("%s", error.message);
    const struct rce_engine *table = engine->table;
    void *process = arena_take(arena, table->process_size_bytes);
    void *workflow = arena_take(arena, table->state_size_bytes(&plan));
    table->process_begin(process, engine->settings);
    table->init(workflow, process, &plan, engine->settings);
    struct rce_input input = {.kind = RCE_INPUT_START, .now_ns = 5000000000};
    assert_int_equal(table->step(workflow, process, &input, &actions), RCE_RUNNING);
    assert_null(table->complaint(process));
    input.kind = RCE_INPUT_RESUMED;
    assert_int_equal(table->step(workflow, process, &input, &actions), RCE_BROKEN);
    const char *complaint = table->complaint(process);
    assert_non_null(complaint);
    for (size_t i = 0; i < count; i++)
        assert_contains(complaint, parts[i]);
    assert_null(strchr(complaint, '\n'));
    /* Broken it stays, and says the same. */
    char before[4096];
    snprintf(before, sizeof before, "%s", complaint);
    assert_int_equal(table->step(workflow, process, &input, &actions), RCE_BROKEN);
    assert_string_equal(table->complaint(process), before);
    table->workflow_end(workflow, process);
    table->process_end(process);
    arena_destroy(arena);
    assert_no_children();
}

#define EXPECT_COMPLAINT(mode, ...)                                                                \
    expect_complaint(mode, (const char *const[]){__VA_ARGS__},                                     \
                     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* Lines 1 to 4 of the output are hello, ok (reset), ok (begin) and the first actions. */
static void test_an_engine_that_hangs(void **state)
{
    (void)state;
    EXPECT_COMPLAINT("hang", "no answer within 120ms", "line 5 of its output did not come");
    EXPECT_COMPLAINT("half", "no answer within 120ms", "line 5 of its output is not complete",
                     "{\"id\":1,\"status\":\"runn");
    EXPECT_COMPLAINT("dribble", "no answer within 120ms");
}

static void test_an_engine_that_ends(void **state)
{
    (void)state;
    EXPECT_COMPLAINT("crash", "the process was ended by signal 11", "after 4 lines of output");
    EXPECT_COMPLAINT("exit", "the process ended with status 0", "in the middle of line 5",
                     "{\"id\":1,\"sta", "its last words: \"last words\"");
}

static void test_answers_that_are_wrong(void **state)
{
    (void)state;
    EXPECT_COMPLAINT("garbage", "line 5 of its output: column 1: expected the answer, an object",
                     "Traceback (most recent call last):");
    EXPECT_COMPLAINT("endless", "line 5 of its output is longer than 1048576 bytes", "xxx...");
    EXPECT_COMPLAINT("other-id", "line 5 of its output", "workflow 2 where 1 was meant");
    EXPECT_COMPLAINT("ok", "line 5 of its output", "not the answer to what it was told",
                     "{\"ok\":true}");
    EXPECT_COMPLAINT("bug", "line 5 of its output: it reports an error (internal): index out of");
}

static void test_actions_that_are_forbidden(void **state)
{
    (void)state;
    EXPECT_COMPLAINT("forbidden", "line 5 of its output: action 2: the engine used a timer above",
                     "\"timer\":600");
    EXPECT_COMPLAINT("past", "line 5 of its output: action 1: the engine set a timer to a time "
                             "before now");
}

static void expect_no_start(const char *mode, const char *config, const char *part)
{
    struct arena *arena = arena_create("test", 0);
    const struct engine *engine;
    struct error error = {0};
    assert_false(open_bad(&engine, arena, mode, config, &error));
    assert_int_equal(error.code, ERROR_SCENARIO);
    assert_contains(error.message, mode);
    assert_contains(error.message, part);
    arena_destroy(arena);
    assert_no_children();
}

static void test_engines_that_do_not_start(void **state)
{
    static const char *const impatient = "{\"process\":{\"start_timeout\":\"100ms\"}}";
    (void)state;
    expect_no_start("crash-at-start", NULL, "its last words: \"cannot find my parts\"");
    expect_no_start("crash-at-start", NULL, "ended with status 3");
    expect_no_start("refuse", NULL, "it reports an error (config): no \"colour\" given");
    expect_no_start("wrong-version", NULL, "version 2 of the protocol, not 1");
    expect_no_start("no-state-version", NULL,
                    "saves states of version 1 and reads them from version 2");
    expect_no_start("chatty", NULL, "line 1 of its output: column 1: expected the answer");
    expect_no_start("hang-at-start", impatient, "no answer within 100ms");
    expect_no_start("idle", "[]", "its config is no JSON object");
    expect_no_start("idle", "{\"process\":{\"stop\":1}}", "process.stop: unknown key");
    expect_no_start("idle", "{\"process\":{\"step_timeout\":5}}", "process.step_timeout: expected");
    expect_no_start("idle", "{\"process\":{\"pin\":1}}", "process.pin: expected true or false");
    expect_no_start("idle", "{\"process\":{\"environment\":{\"A\":1}}}", "process.environment.A");

    struct arena *arena = arena_create("test", 0);
    const struct engine *engine;
    struct error error = {0};
    struct rce_options options = default_options();
    assert_false(engine_open(&engine, arena, programs_spec(arena, "no-such-program", NULL, NULL),
                             &options, &error));
    assert_contains(error.message, "cannot run \"no-such-program\": No such file or directory");
    struct engine_spec elsewhere = *programs_spec(arena, "sh", NULL, NULL);
    elsewhere.directory = "/no/such/folder";
    assert_false(engine_open(&engine, arena, &elsewhere, &options, &error));
    assert_contains(error.message, "/no/such/folder");
    arena_destroy(arena);
    assert_no_children();
}

static void test_surroundings(void **state)
{
    struct arena *arena = arena_create("test", 0);
    const struct engine *engine;
    struct error error = {0};
    int spare = open("/dev/null", O_RDONLY); /* Inherited, if nobody sees to it. */
    (void)state;
    setenv("SECRET", "17", 1);
    unsetenv("MISSING");
    sigset_t interrupt, before;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &before);
    signal(SIGINT, SIG_IGN);
    bool is_good =
        open_bad(&engine, arena, "surroundings",
                 "{\"process\":{\"environment\":{\"GIVEN\":\"a=b\",\"MISSING\":null}}}", &error);
    signal(SIGINT, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(spare);
    if (!is_good)
        fail_msg("%s", error.message);
    assert_string_equal(engine->table->name, "bad");
    assert_string_equal(engine->table->version, "0.1");
    assert_int_equal(engine->table->capabilities, 0);
    assert_null(engine->table->save);
    arena_destroy(arena);
    assert_no_children();
}

/* Take a few steps, which have to go well. */
static void run_idle(const char *mode, int steps)
{
    struct arena *arena = arena_create("test", 0);
    const struct engine *engine;
    struct error error = {0};
    static struct rce_actions actions;
    if (!open_bad(&engine, arena, mode, NULL, &error))
        fail_msg("%s", error.message);
    const struct rce_engine *table = engine->table;
    void *process = arena_take(arena, table->process_size_bytes);
    void *workflow = arena_take(arena, table->state_size_bytes(&plan));
    table->process_begin(process, engine->settings);
    table->init(workflow, process, &plan, engine->settings);
    for (int i = 0; i < steps; i++) {
        struct rce_input input = {.kind = i == 0 ? RCE_INPUT_START : RCE_INPUT_RESUMED};
        if (table->step(workflow, process, &input, &actions) != RCE_RUNNING)
            fail_msg("%s", table->complaint(process));
    }
    table->process_end(process);
    arena_destroy(arena);
    assert_no_children();
}

/* 12,000 lines of standard error, of which 200 are passed on, and a word about the rest. */
static void test_a_flood_of_words(void **state)
{
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    char line[1024];
    int count = 0, left_out_count = 0;
    (void)state;
    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    run_idle("flood", 4);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) {
        assert_int_equal(strncmp(line, "engine external_test: ", 22), 0);
        left_out_count += strstr(line, "the rest is left out") != NULL;
        count++;
    }
    fclose(file);
    assert_int_equal(count, 201);
    assert_int_equal(left_out_count, 1);
}

/* Whoever waits for the answer alone notices a full pipe at the end of a slice of 50 ms, three
 * times a step: 9 s. */
static void test_loud_words_hold_nobody_up(void **state)
{
    int kept = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);
    struct timespec from, to;
    (void)state;
    assert_true(kept >= 0 && nowhere >= 0);
    clock_gettime(CLOCK_MONOTONIC, &from);
    dup2(nowhere, STDERR_FILENO);
    run_idle("loud", 60);
    dup2(kept, STDERR_FILENO);
    clock_gettime(CLOCK_MONOTONIC, &to);
    close(kept);
    close(nowhere);
    assert_true(to.tv_sec - from.tv_sec < 6);
}

static void test_a_slow_engine_is_waited_for(void **state)
{
    (void)state;
    run_idle("slow", 3);
}

/* How many processes have the program of this test running in this process group. */
static int group_size(pid_t group)
{
    int count = 0;
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        char path[300], text[512];
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
        if (file == NULL)
            continue;
        int in_group = 0;
        char process_state = 'Z';
        if (fgets(text, sizeof text, file) != NULL && strrchr(text, ')') != NULL)
            sscanf(strrchr(text, ')') + 1, " %c %*d %d", &process_state, &in_group);
        count += in_group == group && process_state != 'Z';
        fclose(file);
    }
    closedir(directory);
    return count;
}

/* The group of the engine: of our children, the one that came after the guard. */
static pid_t engine_group(void)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    DIR *directory = opendir("/proc/self/task");
    struct dirent *entry;
    assert_non_null(directory);
    while (text[0] == '\0' && (entry = readdir(directory)) != NULL) {
        snprintf(path, sizeof path, "/proc/self/task/%.20s/children", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file != NULL && fgets(text, sizeof text, file) == NULL)
            text[0] = '\0';
        if (file != NULL)
            fclose(file);
    }
    closedir(directory);
    int guard = 0, engine = 0;
    return sscanf(text, "%d %d", &guard, &engine) == 2 ? (pid_t)engine : 0;
}

static void expect_all_gone(const char *mode, int expected_count)
{
    struct arena *arena = arena_create("test", 0);
    const struct engine *engine;
    struct error error = {0};
    static struct rce_actions actions;
    assert_true(open_bad(&engine, arena, mode, NULL, &error));
    const struct rce_engine *table = engine->table;
    void *process = arena_take(arena, table->process_size_bytes);
    void *workflow = arena_take(arena, table->state_size_bytes(&plan));
    table->process_begin(process, engine->settings);
    table->init(workflow, process, &plan, engine->settings);
    struct rce_input input = {.kind = RCE_INPUT_RESUMED};
    assert_int_equal(table->step(workflow, process, &input, &actions), RCE_RUNNING);
    pid_t child = engine_group();
    if (child > 0)
        assert_int_equal(group_size(child), expected_count);
    table->process_end(process);
    arena_destroy(arena);
    assert_no_children();
    for (int i = 0; i < 100 && child > 0 && group_size(child) > 0; i++)
        sleep_ms(5);
    assert_true(child <= 0 || group_size(child) == 0);
}

static void test_nobody_is_left_behind(void **state)
{
    (void)state;
    expect_all_gone("fork", 2);
    expect_all_gone("stay", 1);
}

/* A driver that is killed cannot tidy up; the kernel does. */
static void test_a_killed_driver_leaves_nobody(void **state)
{
    int report[2];
    pid_t child = 0;
    (void)state;
    assert_int_equal(pipe(report), 0);
    pid_t driver = fork();
    if (driver == 0) {
        struct arena *arena = arena_create("test", 0);
        const struct engine *engine;
        struct error error = {0};
        if (!open_bad(&engine, arena, "stay", NULL, &error))
            _exit(1);
        child = engine_group();
        if (write(report[1], &child, sizeof child) != sizeof child)
            _exit(1);
        hang();
    }
    assert_int_equal(read(report[0], &child, sizeof child), sizeof child);
    close(report[0]);
    close(report[1]);
    if (child > 0)
        assert_int_equal(group_size(child), 1);
    kill(driver, SIGKILL);
    waitpid(driver, NULL, 0);
    for (int i = 0; i < 200 && child > 0 && group_size(child) > 0; i++)
        sleep_ms(5);
    assert_true(child <= 0 || group_size(child) == 0);
}

/* One replication of a workflow on a platform where everything works, with a process-wide budget:
 * all actions and the state at the end as one number. */
static uint64_t replicate(const struct rce_engine *table, const void *settings, uint64_t seed)
{
    struct arena *arena = arena_create("replication", 0);
    static _Thread_local struct obedient linked;
    static _Thread_local struct rce_actions actions;
    static _Thread_local char line[MESSAGE_ACTIONS_MAX_BYTES];
    struct rce_options options = default_options();
    uint64_t hash = seed;
    void *process = arena_take(arena, table->process_size_bytes);
    void *workflow = arena_take(arena, table->state_size_bytes(&plan));
    if (table->process_begin != NULL)
        table->process_begin(process, settings);
    table->init(workflow, process, &plan, settings);
    /* The inputs of the linked engine are everybody's. */
    obedient_init(&linked, &plan, &options);
    for (uint64_t i = 0; linked.head != linked.tail; i++) {
        struct rce_input input = linked.queue[linked.head % OBEDIENT_QUEUE];
        obedient_step(&linked);
        input.now_ns = linked.now_ns;
        input.entropy = seed * i;
        if ((i + seed) % 7 == 0 && input.kind == RCE_INPUT_RESPONSE)
            input.result = RCE_THROTTLED;
        struct message_result result = {.actions = &actions};
        result.status = table->step(workflow, process, &input, &actions);
        if (result.status == RCE_BROKEN)
            fail_msg("%s", table->complaint(process));
        struct message_text text = {.bytes = line, .room_bytes = sizeof line};
        assert_true(message_write_actions(&text, &result));
        for (size_t j = 0; j < text.size_bytes; j++)
            hash = (hash ^ (uint8_t)line[j]) * 0x100000001b3u;
    }
    hash ^= table->digest(workflow);
    if (table->process_end != NULL)
        table->process_end(process);
    arena_destroy(arena);
    return hash;
}

static struct rce_options budget_options(void)
{
    struct rce_options options = default_options();
    options.retry = true;
    options.retry_policy.budget_capacity = 12;
    options.retry_policy.budget_cost = 5;
    options.retry_policy.budget_success_credit = 1;
    options.retry_policy.limiter_per_s = 1;
    options.retry_policy.limiter_burst = 2;
    return options;
}

enum { THREADS = 8, REPLICATIONS = 4 };

struct crew {
    const struct engine *engine;
    uint64_t hashes[THREADS][REPLICATIONS];
};
struct worker {
    struct crew *crew;
    uint64_t index;
};

static void *work(void *context)
{
    struct worker *worker = context;
    const struct engine *engine = worker->crew->engine;
    for (uint64_t i = 0; i < REPLICATIONS; i++)
        worker->crew->hashes[worker->index][i] =
            replicate(engine->table, engine->settings, worker->index * REPLICATIONS + i);
    return NULL;
}

/* Each process serves several replications; all of them are as those of the linked engine. */
static void test_eight_threads(void **state)
{
    struct arena *arena = arena_create("test", 0);
    struct crew crew;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    struct error error = {0};
    struct rce_options options = budget_options();
    (void)state;
    if (!engine_open(&crew.engine, arena, programs_c_engine(arena), &options, &error))
        fail_msg("%s", error.message);
    for (uint64_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){&crew, i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (uint64_t i = 0; i < THREADS; i++)
        for (uint64_t j = 0; j < REPLICATIONS; j++)
            assert_true(crew.hashes[i][j] ==
                        replicate(&rce_engine, &options, i * REPLICATIONS + j));
    /* The seed matters, so the comparison means something. */
    assert_true(crew.hashes[0][1] != crew.hashes[0][2]);
    arena_destroy(arena);
    assert_no_children();
}

/* Begins and ends in any number before the first step, batches, saved states that go round. */
static void test_many_workflows(void **state)
{
    enum { COUNT = 3000, BATCHED = 50 };
    struct arena *arena = arena_create("test", 0);
    const struct engine *engine;
    struct error error = {0};
    struct rce_options options = default_options();
    static struct rce_actions actions[BATCHED], alone;
    static uint8_t bytes[4096];
    struct external_step steps[BATCHED];
    (void)state;
    if (!engine_open(&engine, arena, programs_c_engine(arena), &options, &error))
        fail_msg("%s", error.message);
    const struct rce_engine *table = engine->table;
    void *process = arena_take(arena, table->process_size_bytes);
    table->process_begin(process, engine->settings);
    void *workflows[COUNT];
    for (int i = 0; i < COUNT; i++) {
        workflows[i] = arena_take(arena, table->state_size_bytes(&plan));
        table->init(workflows[i], process, &plan, engine->settings);
    }
    for (int i = BATCHED; i < COUNT; i++)
        table->workflow_end(workflows[i], process);
    for (int i = 0; i < BATCHED; i++)
        steps[i] = (struct external_step){
            .workflow = workflows[i], .input = {.kind = RCE_INPUT_START}, .actions = &actions[i]};
    if (!external_step_batch(process, steps, BATCHED))
        fail_msg("%s", table->complaint(process));
    struct obedient linked;
    obedient_init(&linked, &plan, &options);
    struct rce_input start = {.kind = RCE_INPUT_START};
    rce_engine.step(linked.block, &linked.process, &start, &alone);
    for (int i = 0; i < BATCHED; i++) {
        assert_int_equal(steps[i].status, RCE_RUNNING);
        assert_int_equal(actions[i].count, alone.count);
    }

    size_t size_bytes = table->save(workflows[0], bytes, 1);
    assert_true(size_bytes > 1);
    assert_int_equal(table->save(workflows[0], bytes, sizeof bytes), size_bytes);
    uint8_t expected[4096];
    assert_int_equal(rce_engine.save(linked.block, expected, sizeof expected), size_bytes);
    assert_memory_equal(bytes, expected, size_bytes);
    void *second = arena_take(arena, table->state_size_bytes(&plan));
    assert_true(table->load(second, process, &plan, engine->settings, bytes, size_bytes));
    assert_true(table->digest(second) == rce_engine.digest(linked.block));
    bytes[size_bytes / 2] ^= 1;
    assert_false(table->load(second, process, &plan, engine->settings, bytes, size_bytes));
    assert_false(table->load(second, process, &plan, engine->settings, bytes, 0));
    assert_null(table->complaint(process));
    assert_true(table->digest(second) == rce_engine.digest(linked.block));
    /* One that was ended is not there any more: that is the driver's mistake, but it is told. */
    assert_int_equal(table->step(workflows[COUNT - 1], process, &start, &alone), RCE_BROKEN);
    assert_contains(table->complaint(process), "(id): there is no workflow of this id");
    table->process_end(process);
    arena_destroy(arena);
    assert_no_children();
}

static int processors_count(void)
{
    cpu_set_t allowed;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    return CPU_COUNT(&allowed);
}

/* The thread is bound while it has a process, with one engine or two, and then is as it was. */
static void test_a_thread_shares_a_processor(void **state)
{
    struct arena *arena = arena_create("test", 0);
    const struct engine *first, *second, *loose;
    struct error error = {0};
    int count = processors_count();
    (void)state;
    assert_true(open_bad(&first, arena, "idle", NULL, &error));
    assert_true(open_bad(&second, arena, "idle", NULL, &error));
    assert_true(open_bad(&loose, arena, "idle", "{\"process\":{\"pin\":false}}", &error));
    void *a = arena_take(arena, first->table->process_size_bytes);
    void *b = arena_take(arena, second->table->process_size_bytes);
    loose->table->process_begin(a, loose->settings);
    assert_int_equal(processors_count(), count);
    loose->table->process_end(a);
    for (int order = 0; order < 2; order++) {
        first->table->process_begin(a, first->settings);
        assert_int_equal(processors_count(), 1);
        second->table->process_begin(b, second->settings);
        assert_int_equal(processors_count(), 1);
        first->table->process_end(order == 0 ? a : b);
        second->table->process_end(order == 0 ? b : a);
        assert_int_equal(processors_count(), count);
    }
    arena_destroy(arena);
    assert_no_children();
}

/* The digest of an engine covers its words, its config, its options and the files it names. */
static void test_digests(void **state)
{
    struct arena *arena = arena_create("test", 0);
    const struct engine *engines[5];
    struct rce_options options = default_options(), others = budget_options();
    const char *path = programs_path(arena, NULL);
    (void)state;
    struct error error = {0};
    assert_true(engine_open(&engines[0], arena, programs_spec(arena, path, "idle", NULL), &options,
                            &error));
    assert_true(engine_open(&engines[1], arena, programs_spec(arena, path, "idle", "{}"), &options,
                            &error));
    assert_true(engine_open(&engines[2], arena, programs_spec(arena, path, "other", NULL), &options,
                            &error));
    assert_true(engine_open(&engines[3], arena, programs_spec(arena, path, "idle", "{\"a\":1}"),
                            &options, &error));
    assert_true(
        engine_open(&engines[4], arena, programs_spec(arena, path, "idle", NULL), &others, &error));
    assert_true(engines[0]->digest == engines[1]->digest);
    for (int i = 2; i < 5; i++)
        assert_true(engines[0]->digest != engines[i]->digest);
    assert_contains(engines[0]->label, "bad 0.1 (command ");
    arena_destroy(arena);
    assert_no_children();
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return be_an_engine(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_engine_that_hangs),
        cmocka_unit_test(test_an_engine_that_ends),
        cmocka_unit_test(test_answers_that_are_wrong),
        cmocka_unit_test(test_actions_that_are_forbidden),
        cmocka_unit_test(test_engines_that_do_not_start),
        cmocka_unit_test(test_surroundings),
        cmocka_unit_test(test_a_flood_of_words),
        cmocka_unit_test(test_loud_words_hold_nobody_up),
        cmocka_unit_test(test_a_slow_engine_is_waited_for),
        cmocka_unit_test(test_nobody_is_left_behind),
        cmocka_unit_test(test_a_killed_driver_leaves_nobody),
        cmocka_unit_test(test_eight_threads),
        cmocka_unit_test(test_many_workflows),
        cmocka_unit_test(test_a_thread_shares_a_processor),
        cmocka_unit_test(test_digests),
    };
    return cmocka_run_group_tests_name("engines/external", tests, NULL, NULL);
}
