/* An engine that dies again and again, at each of the moments that matter: in the middle of a step
 * that was not committed, and after a commit whose requests have not left. The service lives on in
 * a process of its own. Nothing is lost, and with idempotency keys nothing is asked for twice. */
#include "models/testbed/drive.h"
#include "models/testbed/testbed.h"
#include "tests/models/vmc/fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPEED 7200.0

enum { SDDCS = 3, DEATHS = 20 };

/* What a life that came to its end tells. */
struct last_words {
    uint64_t starts_count;
    int64_t failed, duplicates, violations, hosts_left_over, crashes, unusable;
    int64_t started_at_ns; /* the first workflow */
    bool is_truth_known;
};

struct life {
    struct fixture *fixture;
    char folder[64], state[96], url[64];
    pid_t service;
    int commits_left, steps_left; /* until it dies; 0: it does not */
};

static struct life *begin(void)
{
    struct fixture *fixture = fixture_create(SDDCS);
    struct life *life = calloc(1, sizeof *life);
    assert_non_null(life);
    life->fixture = fixture;
    strcpy(life->folder, "/tmp/lives_test.XXXXXX");
    assert_non_null(mkdtemp(life->folder));
    snprintf(life->state, sizeof life->state, "%s/state.db", life->folder);
    struct vmc_config *config = &fixture->config;
    config->fleet.hosts_per_cluster = fixture_number(fixture, "1");
    config->fleet.temporary_host_share = 1;
    config->work.control_plane = fixture_delay(fixture, "10min");
    config->work.update_host = fixture_delay(fixture, "10min");
    config->work.remove_host = fixture_delay(fixture, "10min");
    config->work.network = fixture_delay(fixture, "10min");
    config->service.latency = fixture_delay(fixture, "2min");
    config->service.callback_delay = fixture_delay(fixture, "30s");
    config->wave.schedule = VMC_START_AT_ONCE;
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        fixture->options.deadline_ns[i] = 100 * UNITS_H;
    fixture->options.precheck = true;
    fixture->options.precheck_poll.base_ns = 5 * UNITS_MIN;
    fixture->options.key_scope = RCE_KEY_PER_TASK;
    return life;
}

/* Start the service in a process of its own, before there is any thread here. */
static void serve(struct life *life)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    life->service = fork();
    assert_true(life->service >= 0);
    if (life->service == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also where a check fails */
        struct testbed *testbed;
        struct error error;
        const struct testbed_options options = {.parameters = &life->fixture->parameters,
                                                .seed = 3,
                                                .listen = "127.0.0.1:0",
                                                .speed = SPEED,
                                                .title = "test",
                                                .version = "0"};
        if (!testbed_start(&testbed, arena_create("service", 0), &options, &error))
            _exit(1);
        const char *url = testbed_url(testbed);
        if (write(ends[1], url, strlen(url)) < 0)
            _exit(2);
        for (;;)
            pause();
    }
    close(ends[1]);
    ssize_t length = read(ends[0], life->url, sizeof life->url - 1);
    assert_true(length > 0);
    life->url[length] = '\0';
    close(ends[0]);
}

static void die_after_commit(void *context)
{
    struct life *life = context;
    if (life->commits_left > 0 && --life->commits_left == 0)
        raise(SIGKILL);
}

static void die_in_step(void *context, uint32_t workflow, const struct rce_input *input,
                        const struct rce_actions *actions)
{
    struct life *life = context;
    (void)workflow;
    (void)input;
    (void)actions;
    if (life->steps_left > 0 && --life->steps_left == 0)
        raise(SIGKILL);
}

static int64_t started_at_ns(const struct row_table *rows)
{
    size_t column = 0;
    while (strcmp(vmc_model.row_columns[column].name, "started") != 0)
        column++;
    return rows->values[column];
}

/* One life, in a process of its own. */
static void live(struct life *life, int words_fd)
{
    struct drive_outcome outcome;
    struct error error;
    struct arena *arena = arena_create("life", 0);
    const struct drive_settings settings = {.parameters = &life->fixture->parameters,
                                            .seed = 3,
                                            .url = life->url,
                                            .listen = "127.0.0.1:0",
                                            .client = "test",
                                            .request_timeout_ns = 100 * UNITS_H,
                                            .state_path = life->state,
                                            .durability = DRIVE_DURABLE_PROCESS,
                                            .identity = "test",
                                            .watch = die_in_step,
                                            .committed = die_after_commit,
                                            .context = life};
    if (!drive_run(arena, &settings, &outcome, &error)) {
        fprintf(stderr, "%s\n", error.message);
        _exit(1);
    }
    const int64_t *values = outcome.record->values;
    const struct last_words words = {.starts_count = outcome.starts_count,
                                     .failed = values[METRIC_FAILURE_RATE],
                                     .duplicates = values[METRIC_DUPLICATE_TRIGGERS],
                                     .violations = values[METRIC_VIOLATIONS],
                                     .hosts_left_over = values[METRIC_HOSTS_LEFT_OVER],
                                     .crashes = values[METRIC_RESUMED],
                                     .unusable = (int64_t)outcome.unusable_count,
                                     .started_at_ns = started_at_ns(outcome.rows),
                                     .is_truth_known = outcome.is_truth_known};
    _exit(write(words_fd, &words, sizeof words) == sizeof words ? 0 : 2);
}

/* Live until the wave is over; each life but the last dies as `doom` says of its number. */
static struct last_words live_often(struct life *life, void (*doom)(struct life *life, int number))
{
    struct last_words words = {0};
    int ends[2], status = -1;
    assert_int_equal(pipe(ends), 0);
    for (int number = 0; number <= DEATHS; number++) {
        life->commits_left = life->steps_left = 0;
        if (number < DEATHS)
            doom(life, number);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            live(life, ends[1]);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status))
            break;
        assert_int_equal(WTERMSIG(status), SIGKILL);
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(read(ends[0], &words, sizeof words), sizeof words);
    close(ends[0]);
    close(ends[1]);
    return words;
}

static void end(struct life *life)
{
    static const char *const names[] = {"", "-wal", "-shm"};
    char name[128];
    kill(life->service, SIGKILL);
    waitpid(life->service, NULL, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(name, sizeof name, "%s%s", life->state, names[i]);
        unlink(name);
    }
    rmdir(life->folder);
    fixture_destroy(life->fixture);
    free(life);
}

static void expect_no_harm(const struct last_words *words)
{
    assert_true(words->is_truth_known);
    assert_int_equal(words->failed, 0);
    assert_int_equal(words->duplicates, 0);
    assert_int_equal(words->violations, 0);
    assert_int_equal(words->hosts_left_over, 0);
    assert_int_equal(words->unusable, 0);
}

/* The first commit of a life is about its beginning: who always died there would never get on. */
static void doom_after_commits(struct life *life, int number)
{
    life->commits_left = 1 + number % 4;
}

static void doom_in_steps(struct life *life, int number)
{
    life->steps_left = 1 + number % (2 * SDDCS);
}

static void doom_either_way(struct life *life, int number)
{
    if (number % 2 == 0)
        life->commits_left = 2 + number % 3;
    else
        life->steps_left = SDDCS + 1 + number % 3;
}

static void spare(struct life *life, int number)
{
    (void)life;
    (void)number;
}

static void test_one_life(void **state)
{
    struct life *life = begin();
    (void)state;
    serve(life);
    struct last_words words = live_often(life, spare);
    expect_no_harm(&words);
    assert_int_equal(words.starts_count, 1);
    assert_int_equal(words.crashes, 0);
    end(life);
}

/* The clock is that of the service, which is half a second old: 7,200 times as much is an hour. */
static void test_time_has_its_origin_elsewhere(void **state)
{
    struct life *life = begin();
    (void)state;
    serve(life);
    usleep(500000);
    struct last_words words = live_often(life, spare);
    expect_no_harm(&words);
    assert_in_range(words.started_at_ns, UNITS_H, 120 * UNITS_H); /* a minute of the machine's */
    end(life);
}

static void live_and_die(void (*doom)(struct life *life, int number))
{
    struct life *life = begin();
    serve(life);
    struct last_words words = live_often(life, doom);
    expect_no_harm(&words);
    /* Who dies before the first commit of a life has not begun it. */
    assert_true(words.starts_count > DEATHS / 4);
    assert_true(words.crashes >= DEATHS / 4);
    end(life);
}

static void test_death_after_commits(void **state)
{
    (void)state;
    live_and_die(doom_after_commits);
}

static void test_death_in_steps(void **state)
{
    (void)state;
    live_and_die(doom_in_steps);
}

static void test_death_either_way(void **state)
{
    (void)state;
    live_and_die(doom_either_way);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_life),
        cmocka_unit_test(test_time_has_its_origin_elsewhere),
        cmocka_unit_test(test_death_after_commits),
        cmocka_unit_test(test_death_in_steps),
        cmocka_unit_test(test_death_either_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
