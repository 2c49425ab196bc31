/* What a schedule depends on, and what carries it out: the hash of a scope, and strict and tolerant
 * replay of files in a folder of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "models/rcesim/explore/replay.h"
#include "models/rcesim/explore/scope.h"

/* Constants, so that the story can be worked out: the backup is done after 3 h 30 min, the
 * temporary host is ready 20 min after it was asked for at 3 h, if nothing deviates. */
#define WORLD                                                                                      \
    "question: Why?\n"                                                                             \
    "fleet: {sddcs: 1, clusters_per_sddc: 1, hosts_per_cluster: 2}\n"                              \
    "provisioning: {boot: 5min, connect: \"uniform(5min, 25min)\", configure: \"uniform(1min, "    \
    "9min)\"}\n"                                                                                   \
    "phase1: {control_plane: 3h}\n"                                                                \
    "phase2: {backup: 30min, update_host: 45min, remove_host: 60min}\n"                            \
    "maintenance: {evacuate: 5min, exit: 1min, resync: 2min}\n"                                    \
    "host_service: {latency: 100ms, callback: {delay: 5s}}\n"                                      \
    "wave: {schedule: at_once}\n"
#define VARIANTS "variants: {before: {}, after: {precheck: {}}}\n"

struct folder {
    struct arena *arena;
    char path[64];
};

static int set_up(void **state)
{
    gsl_set_error_handler_off();
    struct arena *arena = arena_create("test", 0);
    struct folder *folder = arena_take(arena, sizeof *folder);
    folder->arena = arena;
    snprintf(folder->path, sizeof folder->path, "/tmp/schedules_test.XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    *state = folder;
    return 0;
}

static const char *path_of(const struct folder *folder, const char *name)
{
    return arena_print(folder->arena, "%s/%s", folder->path, name);
}

static int tear_down(void **state)
{
    struct folder *folder = *state;
    remove(path_of(folder, "s.yaml"));
    remove(path_of(folder, "a.sched"));
    rmdir(folder->path);
    arena_destroy(folder->arena);
    return 0;
}

static const char *write_file(const struct folder *folder, const char *name, const char *text)
{
    const char *path = path_of(folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    return path;
}

static struct scope load_scope(const struct folder *folder, const char *text, const char *variant,
                               const char *override)
{
    struct options_list overrides = {0};
    struct scope scope;
    struct error error = {0};
    if (override != NULL)
        options_list_add(&overrides, folder->arena, override);
    struct scope_request request = {
        .file = write_file(folder, "s.yaml", text),
        .overrides = &overrides,
        .variant = variant,
    };
    if (!scope_load(&scope, folder->arena, &request, &error))
        fail_msg("%s", error.message);
    return scope;
}

static void test_hash(void **state)
{
    const struct folder *folder = *state;
    struct scope base = load_scope(folder, WORLD VARIANTS, "before", NULL);
    static const struct {
        const char *text, *variant, *override;
        bool is_same;
    } rows[] = {
        {WORLD VARIANTS, "before", NULL, true},
        {WORLD VARIANTS, NULL, NULL, true}, /* The first one. */
        {WORLD "# a comment\nvariants: {before: {}}\n", "before", NULL, true},
        {WORLD "variants: {other: {retry: {}}, before: {}}\n", "before", NULL, true},
        {WORLD VARIANTS "thresholds: [failure_rate(before) < 1%]\nexperiment: {seed: 3}\n",
         "before", NULL, true},
        {WORLD VARIANTS, "before", "question=What?", true},
        {WORLD VARIANTS, "before", "variants.after.settle=5min", true},
        {WORLD VARIANTS, "after", NULL, false},
        {WORLD VARIANTS, "before", "variants.before.settle=5min", false},
        {WORLD VARIANTS, "before", "variants.before.precheck={}", false},
        {WORLD VARIANTS, "before", "fleet.sddcs=2", false},
        {WORLD VARIANTS, "before", "host_service.early_request=reject", false},
        {WORLD "variants: {before2: {}, before: {settle: 1s}}\n", "before", NULL, false},
        {WORLD "variants: {before2: {settle: 1s}, before: {}}\n", "before", NULL, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scope scope = load_scope(folder, rows[i].text, rows[i].variant, rows[i].override);
        if ((scope.hash == base.hash) != rows[i].is_same)
            fail_msg("row %zu", i);
    }
}

static void test_topology(void **state)
{
    const struct folder *folder = *state;
    struct options_list none = {0};
    struct scope_request request = {
        .file = write_file(folder, "s.yaml", WORLD VARIANTS "report: {bin: 1h}\n"),
        .overrides = &none,
    };
    struct scope_topology topology = {.sddcs = 2, .clusters = 1, .hosts = 3};
    struct scope scope;
    const char *words;
    assert_true(scope_load_sized(&scope, folder->arena, &request, &topology, &words, NULL));
    assert_string_equal(words, "two SDDCs, one cluster each, three hosts each");
    assert_int_equal(scope.parameters->world->fleet.sddcs_count, 2);
    assert_int_equal(dist_typical(scope.parameters->world->fleet.hosts_per_cluster), 3);
    assert_int_equal(scope.overrides.count, 3);
    topology.is_as_scenario = true;
    assert_true(scope_load_sized(&scope, folder->arena, &request, &topology, &words, NULL));
    assert_int_equal(scope.parameters->world->fleet.sddcs_count, 1);
    assert_int_equal(scope.overrides.count, 0);
}

#define HEAD "schedule 1\nscenario s.yaml\nvariant before\n"
#define SLOW "sddc0/cluster0 connect @0 = 24min\n"

static bool replay(const struct folder *folder, const char *text, bool is_tolerant,
                   struct replay *out, struct error *error)
{
    struct replay_request request = {
        .file = write_file(folder, "a.sched", text),
        .is_tolerant = is_tolerant,
    };
    write_file(folder, "s.yaml", WORLD VARIANTS);
    return replay_open(out, folder->arena, &request, error);
}

/* Connected after 5 + 24 min, which is before the end of the backup, ready after it. */
static void test_verdicts(void **state)
{
    const struct folder *folder = *state;
    static const struct {
        const char *text;
        bool holds, fails;
    } rows[] = {
        {HEAD "expect passes\n", true, false},
        {HEAD "expect fails\n", false, false},
        {HEAD "expect fails\n" SLOW, true, true},
        {HEAD "expect passes\n" SLOW, false, true},
        {HEAD SLOW, true, true},
        {HEAD "expect fails deadline of enter-maintenance, cluster not ready\n" SLOW, true, true},
        {HEAD "expect fails deadline of backup, cluster not ready\n" SLOW, false, true},
        {HEAD "counts safety\nexpect passes\n" SLOW, true, false},
        {"schedule 1\nscenario s.yaml\nvariant after\nexpect passes\n" SLOW, true, false},
        {HEAD "set provisioning.configure=0s\nexpect passes\n" SLOW, true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct replay done;
        struct error error;
        if (!replay(folder, rows[i].text, false, &done, &error))
            fail_msg("row %zu: %s", i, error.message);
        if (done.holds != rows[i].holds || (done.result.finding_count > 0) != rows[i].fails)
            fail_msg("row %zu: %s", i, replay_outcome(&done));
        replay_close(&done);
    }
}

/* What strictness refuses, and whether tolerance takes it. */
static void test_strictness(void **state)
{
    const struct folder *folder = *state;
    static const struct {
        const char *text, *message;
        bool is_tolerable;
    } rows[] = {
        {HEAD "hash 0123456789abcdef\n" SLOW, "a.sched:4:6: the scenario has changed", true},
        {HEAD "engine rce 0.0\n" SLOW, "a.sched:4:8: the variant runs the engine rce", true},
        {HEAD "engine rce 1.0\ndigest 0123456789abcdef\n" SLOW, "the engine is not the one", true},
        {HEAD SLOW "sddc0/cluster0 connect @1 = 5min30s\n", "a.sched:5:1: this draw is never",
         true},
        {HEAD "sddc0/cluster0 connect @0 = 26min\n", "a.sched:4:29: this draw cannot have", true},
        {HEAD "sddc0/cluster0 connect @0 = 15min\n", "a.sched:4:29: this draw is typical", true},
        {HEAD "sddc0/cluster0 boot @0 = 6min\n", "this draw leaves no choice", true},
        {HEAD "sddc0/cluster0 connect @0 = 5\n", "this draw has to be a duration", false},
        {HEAD "set fleet.sdcs=1\n" SLOW, "did you mean", false},
        {"schedule 1\nscenario s.yaml\nvariant befor\n" SLOW, "a.sched:3:9: there is no variant",
         false},
        {"schedule 1\nscenario t.yaml\n" SLOW, "t.yaml", false},
        {"schedule 1\n" SLOW, "names no scenario", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct replay done;
        struct error error = {0};
        if (replay(folder, rows[i].text, false, &done, &error))
            fail_msg("row %zu is taken", i);
        if (strstr(error.message, rows[i].message) == NULL)
            fail_msg("row %zu: %s", i, error.message);
        assert_int_equal(error.code, ERROR_SCENARIO);
        bool is_taken = replay(folder, rows[i].text, true, &done, &error);
        if (is_taken != rows[i].is_tolerable)
            fail_msg("row %zu, tolerant: %s", i, is_taken ? "taken" : error.message);
        if (is_taken)
            replay_close(&done);
    }
}

/* The same scope gives the same hash when it is read from a schedule. */
static void test_hash_of_a_schedule(void **state)
{
    const struct folder *folder = *state;
    struct scope scope = load_scope(folder, WORLD VARIANTS, "before", "fleet.hosts_per_cluster=3");
    struct replay done;
    struct error error;
    const char *text = arena_print(
        folder->arena, HEAD "hash %016llx\nset fleet.hosts_per_cluster=3\nengine %s\n" SLOW,
        (unsigned long long)scope.hash, scope.engine);
    if (!replay(folder, text, false, &done, &error))
        fail_msg("%s", error.message);
    assert_int_equal(done.misfit_count, 0);
    replay_close(&done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_topology, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_verdicts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_strictness, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hash_of_a_schedule, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
