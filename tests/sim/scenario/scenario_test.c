#include "sim/scenario/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "sim/base/units.h"
#include "tests/sim/scenario/test_schema.h"

static const char minimal[] = "question: Why?\n"
                              "fleet: {sddcs: 3}\n"
                              "variants: {before: {}}\n";

/* Load a text with overrides (ending with NULL; may be NULL). */
static bool load_text(struct arena *arena, const char *text, const char *const *overrides,
                      struct scenario **scenario, struct error *error)
{
    size_t count = 0;
    while (overrides != NULL && overrides[count] != NULL)
        count++;
    struct scenario_source source = {.file_name = "test.yaml",
                                     .text = text,
                                     .text_size_bytes = strlen(text),
                                     .overrides = overrides,
                                     .override_count = count};
    return scenario_load(scenario, arena, &source, &test_schema, error);
}

static struct scenario *must_load_set(struct arena *arena, const char *text,
                                      const char *const *overrides)
{
    struct scenario *scenario = NULL;
    struct error error;
    if (!load_text(arena, text, overrides, &scenario, &error))
        fail_msg("%s", error.message);
    return scenario;
}

static struct scenario *must_load(struct arena *arena, const char *text)
{
    return must_load_set(arena, text, NULL);
}

static void must_fail(const char *text, const char *const *overrides, const char *expected)
{
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario = NULL;
    struct error error;
    assert_false(load_text(arena, text, overrides, &scenario, &error));
    assert_null(scenario);
    assert_int_equal(error.code, ERROR_SCENARIO);
    assert_string_equal(error.message, expected);
    arena_destroy(arena);
}

static char *resolved_text(const struct scenario *scenario)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    scenario_print_resolved(scenario, out);
    fclose(out);
    return text;
}

/* The resolved form must load again, be the same scenario, and resolve to the same values. */
static void check_round_trip(const struct scenario *scenario)
{
    struct arena *arena = arena_create("test", 0);
    char *once = resolved_text(scenario);
    struct scenario *again = must_load(arena, once);
    if (scenario_hash(again) != scenario_hash(scenario))
        fail_msg("another hash after reading back:\n%s", once);
    free(once);
    arena_destroy(arena);
}

static void defaults_fill_what_is_not_written(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario = must_load(arena, minimal);
    assert_string_equal(scenario_text(scenario, "question"), "Why?");
    assert_string_equal(scenario_name(scenario), "test");
    assert_int_equal(scenario_count(scenario, "fleet.sddcs"), 3);
    assert_int_equal(scenario_duration_ns(scenario, "phase2.backup"), 30 * UNITS_MIN);
    assert_int_equal(scenario_duration_ns(scenario, "phase2.offset"), -5 * UNITS_MIN);
    assert_true(scenario_share(scenario, "fleet.temporary_host.share") == 1);
    assert_true(scenario_rate_per_s(scenario, "service.rate") == 50);
    assert_true(scenario_number(scenario, "service.factor") == 2);
    assert_int_equal(scenario_choice(scenario, "service.early_request"), 0);
    assert_true(scenario_flag(scenario, "service.is_up"));
    assert_true(dist_min(scenario_dist(scenario, "phase2.update_host")) == 45.0 * UNITS_MIN);
    assert_int_equal(dist_count(scenario_dist(scenario, "fleet.hosts"), 0.5), 4);
    assert_true(scenario_has(scenario, "phase2"));
    assert_true(scenario_has(scenario, "phase2.backup"));
    assert_false(scenario_is_given(scenario, "phase2.backup"));
    assert_true(scenario_is_given(scenario, "fleet.sddcs"));
    assert_false(scenario_has(scenario, "phase2.deadline"));
    assert_false(scenario_has(scenario, "note"));
    assert_int_equal(scenario_child_count(scenario, "thresholds"), 0);
    assert_int_equal(scenario_child_count(scenario, "wave.windows"), 0);
    assert_int_equal(scenario_child_count(scenario, "labels"), 0);
    check_round_trip(scenario);
    arena_destroy(arena);
}

static void written_values_are_read_by_path(void **state)
{
    (void)state;
    static const char text[] = "question: \"Why: this #1?\"\n"
                               "fleet:\n"
                               "  sddcs: 300\n"
                               "  temporary_host: {share: 80%}\n"
                               "  hosts: discrete(2=0.5, 4=0.5)\n"
                               "phase2: {backup: 1h30min, deadline: 45s, update_host: 50min}\n"
                               "service: {rate: 6/min, early_request: queue, is_up: false}\n"
                               "variants:\n"
                               "  before: {}\n"
                               "  after: {retry: {attempts: 3}, precheck: {}}\n"
                               "wave: {windows: [{from: 2h}, {from: 1d, length: 30min}]}\n"
                               "labels: {zulu: last, alpha: first}\n"
                               "thresholds: [failure_rate(before) within 15%..21%, x == 0]\n";
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario = must_load(arena, text);
    assert_string_equal(scenario_text(scenario, "question"), "Why: this #1?");
    assert_true(scenario_share(scenario, "fleet.temporary_host.share") == 0.8);
    assert_int_equal(scenario_duration_ns(scenario, "phase2.backup"), 90 * UNITS_MIN);
    assert_int_equal(scenario_duration_ns(scenario, "phase2.deadline"), 45 * UNITS_S);
    assert_true(dist_is_constant(scenario_dist(scenario, "phase2.update_host")));
    assert_true(scenario_rate_per_s(scenario, "service.rate") == 0.1);
    assert_int_equal(scenario_choice(scenario, "service.early_request"), 3);
    assert_false(scenario_flag(scenario, "service.is_up"));
    assert_int_equal(scenario_child_count(scenario, "variants"), 2);
    assert_string_equal(scenario_child_name(scenario, "variants", 0), "before");
    assert_string_equal(scenario_child_name(scenario, "variants", 1), "after");
    assert_false(scenario_has(scenario, "variants.before.retry"));
    assert_false(scenario_has(scenario, "variants.before.retry.after"));
    assert_true(scenario_has(scenario, "variants.after.retry"));
    assert_int_equal(scenario_count(scenario, "variants.after.retry.attempts"), 3);
    assert_int_equal(scenario_duration_ns(scenario, "variants.after.retry.after"), 10 * UNITS_MIN);
    assert_int_equal(scenario_duration_ns(scenario, "variants.after.precheck.deadline"),
                     3 * UNITS_H);
    assert_false(scenario_has(scenario, "variants.nobody"));
    assert_false(scenario_has(scenario, "variants.nobody.retry.after"));
    assert_int_equal(scenario_child_count(scenario, "wave.windows"), 2);
    assert_int_equal(scenario_duration_ns(scenario, "wave.windows[0].length"), UNITS_H);
    assert_int_equal(scenario_duration_ns(scenario, "wave.windows[1].from"), UNITS_D);
    assert_false(scenario_has(scenario, "wave.windows[2].from"));
    assert_string_equal(scenario_child_name(scenario, "labels", 0), "zulu");
    assert_string_equal(scenario_text(scenario, "labels.alpha"), "first");
    assert_int_equal(scenario_child_count(scenario, "thresholds"), 2);
    assert_string_equal(scenario_text(scenario, "thresholds[0]"),
                        "failure_rate(before) within 15%..21%");
    assert_string_equal(scenario_text(scenario, "thresholds[1]"), "x == 0");
    check_round_trip(scenario);
    arena_destroy(arena);
}

static void overrides_have_the_last_word(void **state)
{
    (void)state;
    static const char *const overrides[] = {
        "fleet.sddcs=7",
        "phase2.update_host=uniform(1min, 2min)",
        "question=What: if #2?",
        "note='quoted  '",
        "variants.before.retry.attempts=9",
        "variants.after={precheck: {}}",
        "wave.windows=[{from: 1h}, {from: 2h}]",
        "wave.windows[1].length=5min",
        "thresholds=[a, b]",
        "thresholds[1]=c > 3",
        "labels={x: one, y: two}",
        "labels.x=null",
        "fleet.sddcs=8",
        NULL,
    };
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario = must_load_set(arena, minimal, overrides);
    assert_int_equal(scenario_count(scenario, "fleet.sddcs"), 8);
    assert_true(dist_max(scenario_dist(scenario, "phase2.update_host")) == 2.0 * UNITS_MIN);
    assert_string_equal(scenario_text(scenario, "question"), "What: if #2?");
    assert_string_equal(scenario_text(scenario, "note"), "quoted  ");
    assert_int_equal(scenario_count(scenario, "variants.before.retry.attempts"), 9);
    assert_true(scenario_has(scenario, "variants.after.precheck"));
    assert_int_equal(scenario_duration_ns(scenario, "wave.windows[1].length"), 5 * UNITS_MIN);
    assert_int_equal(scenario_duration_ns(scenario, "wave.windows[0].length"), UNITS_H);
    assert_string_equal(scenario_text(scenario, "thresholds[1]"), "c > 3");
    assert_int_equal(scenario_child_count(scenario, "labels"), 1);
    assert_string_equal(scenario_child_name(scenario, "labels", 0), "y");
    char *text = resolved_text(scenario);
    assert_non_null(strstr(text, "  sddcs: 8 # --set\n"));
    assert_non_null(strstr(text, "  backup: 30min # default\n"));
    assert_non_null(strstr(text, "  before: # test.yaml:3\n"));
    assert_non_null(strstr(text, "    retry: # --set\n"));
    assert_non_null(strstr(text, "  after: # --set\n"));
    free(text);
    check_round_trip(scenario);
    arena_destroy(arena);
}

static void null_takes_away(void **state)
{
    (void)state;
    static const char text[] = "question: Why?\n"
                               "fleet: {sddcs: 3}\n"
                               "phase2: ~\n"
                               "note: 'null'\n"
                               "variants: {before: {retry: null}, gone: null}\n";
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario = must_load(arena, text);
    assert_false(scenario_has(scenario, "variants.before.retry"));
    assert_int_equal(scenario_child_count(scenario, "variants"), 1);
    assert_int_equal(scenario_duration_ns(scenario, "phase2.backup"), 30 * UNITS_MIN);
    assert_string_equal(scenario_text(scenario, "note"), "null");
    check_round_trip(scenario);

    static const char *const resets[] = {"variants.before.retry.attempts=4",
                                         "variants.before.retry=null", "variants.before.retry={}",
                                         NULL};
    scenario = must_load_set(arena, text, resets);
    assert_int_equal(scenario_count(scenario, "variants.before.retry.attempts"), 6);
    arena_destroy(arena);
}

/* Strict YAML would read a second key "60min)" without a value. */
static void commas_in_parentheses_belong_to_the_value(void **state)
{
    (void)state;
    static const char text[] =
        "question: Why?\n"
        "fleet: {sddcs: 3, hosts: discrete(2=0.25, 3=0.5, 4=0.25)}\n"
        "phase2: {update_host: uniform(45min, 60min), backup: 1h, deadline: 2min}\n"
        "labels: {a: f(g(1, 2), 3), b: 'f(1', c: 'x)', d: 1)}\n"
        "variants: {before: {}}\n";
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario = must_load(arena, text);
    assert_true(dist_max(scenario_dist(scenario, "phase2.update_host")) == 60.0 * UNITS_MIN);
    assert_true(dist_max(scenario_dist(scenario, "fleet.hosts")) == 4);
    assert_int_equal(scenario_duration_ns(scenario, "phase2.backup"), UNITS_H);
    assert_string_equal(scenario_text(scenario, "labels.a"), "f(g(1, 2), 3)");
    assert_string_equal(scenario_text(scenario, "labels.b"), "f(1");
    assert_string_equal(scenario_text(scenario, "labels.d"), "1)");
    check_round_trip(scenario);
    arena_destroy(arena);
}

static void anchors_stand_for_their_values(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbfquestion: Why?\n"
                               "fleet: {sddcs: &n 3}\n"
                               "experiment: {seed: *n}\n"
                               "variants: {before: &b {retry: {attempts: 2}}, after: *b}\n"
                               "note: !!str null\n";
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario = must_load(arena, text);
    assert_int_equal(scenario_count(scenario, "experiment.seed"), 3);
    assert_int_equal(scenario_count(scenario, "variants.after.retry.attempts"), 2);
    assert_string_equal(scenario_text(scenario, "note"), "null");
    check_round_trip(scenario);
    arena_destroy(arena);
}

/* The resolved form has to quote these; a name or a comment must not end them early. */
static void any_text_survives_the_resolved_form(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\"quoted\" and \\ back",
        "tab\tnew\nline\r",
        "nel\xc2\x85 ls\xe2\x80\xa8 bom\xef\xbb\xbf",
        "# no comment",
        "a # b",
        "a: b",
        "ends:",
        "ends ",
        "- dash",
        "~",
        "null",
        "",
        "[a, b]",
        "{a: b}",
        "&a",
        "*a",
        "!tag",
        "%YAML",
        "@home",
        "`tick",
        "| bar",
        "> fold",
        "'single'",
        "\xf0\x9f\x98\x80 \xc3\xa4",
        "...",
        "---",
        "\x01\x1f\x7f",
        "a\xef\xbf\xbe",
        "? key",
        "=",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct arena *arena = arena_create("test", 0);
        json_t *text = json_string(texts[i]);
        char *quoted = json_dumps(text, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
        /* JSON's surrogate pairs and a bare DEL are not YAML: those texts go in as they are. */
        bool is_yaml = strstr(quoted, "\\uD8") == NULL && strchr(quoted, 0x7f) == NULL;
        const char *set = !is_yaml ? arena_print(arena, "note=%s", texts[i])
                                   : arena_print(arena, "note=%s", quoted);
        const char *const overrides[] = {set, NULL};
        struct scenario *scenario = must_load_set(arena, minimal, overrides);
        assert_string_equal(scenario_text(scenario, "note"), texts[i]);
        char *resolved = resolved_text(scenario);
        struct scenario *again = must_load(arena, resolved);
        assert_string_equal(scenario_text(again, "note"), texts[i]);
        free(resolved);
        free(quoted);
        json_decref(text);
        arena_destroy(arena);
    }
}

static uint64_t hash_of(const char *text, const char *const *overrides)
{
    struct arena *arena = arena_create("test", 0);
    uint64_t hash = scenario_hash(must_load_set(arena, text, overrides));
    arena_destroy(arena);
    return hash;
}

static void hash_names_the_content(void **state)
{
    (void)state;
    uint64_t hash = hash_of(minimal, NULL);
    static const char *const same[] = {
        "# A comment.\nquestion: 'Why?'\nvariants:\n  before: {}\nfleet:\n  sddcs: 3\n",
        "question: Why?\nfleet: {sddcs: 3}\nvariants: {before: {}}\nphase2: {backup: 1800s}\n",
        "question: Why?\nfleet: {sddcs: 3, temporary_host: {share: 1}, hosts: constant(4)}\n"
        "variants: {before: {}}\nwave: {windows: []}\nlabels: {}\nservice: {rate: 3000/min}\n"
        "thresholds: []\nphase2: {}\n",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_true(hash_of(same[i], NULL) == hash);
    static const char *const written[] = {"service.early_request=drop", "service.is_up=true", NULL};
    assert_true(hash_of(minimal, written) == hash);

    static const char *const percent[] = {"fleet.temporary_host.share=0.2%", NULL};
    static const char *const fraction[] = {"fleet.temporary_host.share=0.002", NULL};
    assert_true(hash_of(minimal, percent) == hash_of(minimal, fraction));

    static const char *const others[] = {
        "service.factor=2.00000001",
        "question=Why not?",
        "fleet.sddcs=4",
        "phase2.backup=31min",
        "fleet.temporary_host.share=99%",
        "phase2.deadline=1h",
        "service.early_request=queue",
        "service.is_up=false",
        "variants.before.retry={}",
        "variants.before.precheck={}",
        "variants.other={}",
        "labels={a: b}",
        "labels={b: a}",
        "thresholds=[a]",
        "thresholds=[a, b]",
        "thresholds=['a, b']",
        "wave.windows=[{from: 1h}]",
        "note=x",
        "phase2.update_host=uniform(45min, 61min)",
    };
    enum { OTHERS = sizeof others / sizeof others[0] };
    uint64_t hashes[OTHERS + 1] = {hash};
    for (size_t i = 0; i < OTHERS; i++) {
        const char *const one[] = {others[i], NULL};
        hashes[i + 1] = hash_of(minimal, one);
        for (size_t j = 0; j <= i; j++)
            if (hashes[j] == hashes[i + 1])
                fail_msg("%s has the hash of another scenario", others[i]);
    }
    static const char *const order[] = {"variants.a={}", "variants.b={}", NULL};
    static const char *const reversed[] = {"variants.b={}", "variants.a={}", NULL};
    assert_true(hash_of(minimal, order) != hash_of(minimal, reversed));
}

/* A folder of its own for files that cannot be committed. */
static char *make_folder(void)
{
    static char template[64];
    strcpy(template, "/tmp/rcesim_scenario_test_XXXXXX");
    assert_non_null(mkdtemp(template));
    return template;
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static bool load_file(struct arena *arena, const char *folder, const char *name,
                      struct scenario **scenario, struct error *error)
{
    struct scenario_source source = {.file_name = arena_print(arena, "%s/%s", folder, name)};
    return scenario_load(scenario, arena, &source, &test_schema, error);
}

static void remove_folder(const char *folder)
{
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    char path[512];
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
        rmdir(path);
    }
    closedir(directory);
    rmdir(folder);
}

static void extends_lays_one_over_the_other(void **state)
{
    (void)state;
    const char *folder = make_folder();
    write_file(folder, "base.yaml",
               "fleet: {sddcs: 3, temporary_host: {share: 50%}}\n"
               "thresholds: [a, b]\n"
               "phase2: {backup: 1h, deadline: 2h}\n"
               "variants:\n  before: {}\n  after: {retry: {attempts: 5, after: 1min}}\n");
    write_file(folder, "middle.yaml",
               "question: Middle?\nextends: base.yaml\nphase2: {deadline: null, backup: 2h}\n");
    write_file(folder, "top.yaml",
               "question: Top?\n"
               "extends: middle.yaml\n"
               "fleet: {sddcs: 5}\n"
               "thresholds: [c]\n"
               "variants: {more: {}, after: {retry: {attempts: 7}}}\n");
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario = NULL;
    struct error error;
    if (!load_file(arena, folder, "top.yaml", &scenario, &error))
        fail_msg("%s", error.message);
    assert_string_equal(scenario_text(scenario, "question"), "Top?");
    assert_int_equal(scenario_count(scenario, "fleet.sddcs"), 5);
    assert_true(scenario_share(scenario, "fleet.temporary_host.share") == 0.5);
    assert_int_equal(scenario_duration_ns(scenario, "phase2.backup"), 2 * UNITS_H);
    assert_false(scenario_has(scenario, "phase2.deadline"));
    assert_int_equal(scenario_child_count(scenario, "thresholds"), 1);
    assert_int_equal(scenario_child_count(scenario, "variants"), 3);
    assert_string_equal(scenario_child_name(scenario, "variants", 0), "before");
    assert_string_equal(scenario_child_name(scenario, "variants", 2), "more");
    assert_int_equal(scenario_count(scenario, "variants.after.retry.attempts"), 7);
    assert_int_equal(scenario_duration_ns(scenario, "variants.after.retry.after"), UNITS_MIN);
    char *text = resolved_text(scenario);
    assert_non_null(strstr(text, "middle.yaml:3\n"));
    assert_non_null(strstr(text, "base.yaml:1\n"));
    free(text);
    check_round_trip(scenario);
    arena_destroy(arena);
    remove_folder(folder);
}

static void check_file_fails(const char *folder, const char *name, const char *expected)
{
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario = NULL;
    struct error error;
    assert_false(load_file(arena, folder, name, &scenario, &error));
    assert_int_equal(error.code, ERROR_SCENARIO);
    if (strstr(error.message, expected) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", expected, error.message);
    arena_destroy(arena);
}

/* None of these may hang or use much memory; the run's deadline would show it. */
static void strange_files_are_refused(void **state)
{
    (void)state;
    const char *folder = make_folder();
    char path[256];
    snprintf(path, sizeof path, "%s/pipe.yaml", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    check_file_fails(folder, "pipe.yaml", "pipe.yaml: it is not a regular file");
    check_file_fails(folder, ".", "it is a folder");
    check_file_fails(folder, "missing.yaml", "missing.yaml: No such file or directory");
    check_file_fails("/dev", "zero", "cannot read /dev/zero: it is not a regular file");
    check_file_fails("/dev", "null", "cannot read /dev/null: it is not a regular file");

    char *text = malloc(SCENARIO_SIZE_MAX_BYTES + 2);
    assert_non_null(text);
    memset(text, '#', SCENARIO_SIZE_MAX_BYTES + 1);
    memcpy(text, minimal, strlen(minimal));
    text[SCENARIO_SIZE_MAX_BYTES + 1] = '\0';
    write_file(folder, "large.yaml", text);
    check_file_fails(folder, "large.yaml", "large.yaml: it is larger than 1048576 bytes");
    text[SCENARIO_SIZE_MAX_BYTES] = '\0';
    write_file(folder, "full.yaml", text);
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario = NULL;
    assert_true(load_file(arena, folder, "full.yaml", &scenario, NULL));
    arena_destroy(arena);

    memset(text, '[', 200000);
    text[200000] = '\0';
    write_file(folder, "brackets.yaml", text);
    check_file_fails(folder, "brackets.yaml", "brackets.yaml:1:33: nested more than 32 deep");
    free(text);
    remove_folder(folder);
}

static void long_values_make_short_messages(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    size_t size = 200000;
    char *text = arena_take(arena, size + 64);
    strcpy(text, "question: Why?\nfleet: {sddcs: ");
    size_t from = strlen(text);
    memset(text + from, 'n', size);
    strcpy(text + from + size, "}\nvariants: {a: {}}\n");
    struct scenario *scenario = NULL;
    struct error error;
    assert_false(load_text(arena, text, NULL, &scenario, &error));
    assert_true(strlen(error.message) < 1000);
    arena_destroy(arena);
}

static void names_of_overrides_stay_in_one_line(void **state)
{
    (void)state;
    static const char *const overrides[] = {"phase2.backup=a\nb\x1b[31m", NULL};
    must_fail(minimal, overrides,
              "--set phase2.backup=a?b?[31m: phase2.backup: \"a?b?[31m\" is not a duration (write "
              "for example 90s, 12min, 1h30min)");
    static const char *const bytes[] = {"note=\xff", NULL};
    must_fail(minimal, bytes, "--set note=?: the byte 0xff is not UTF-8");
}

static void complaints_of_the_program_look_alike(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct scenario *scenario = must_load(arena, minimal);
    struct error error;
    assert_false(scenario_complain(scenario, "variants.before.retry", &error, "%d is odd", 3));
    assert_int_equal(error.code, ERROR_SCENARIO);
    assert_string_equal(error.message, "test.yaml:3:12: variants.before.retry: 3 is odd\n"
                                       "    3 | variants: {before: {}}\n"
                                       "      |            ^");
    assert_false(scenario_complain(scenario, "fleet.sddcs", &error, "too few"));
    assert_string_equal(error.message, "test.yaml:2:16: fleet.sddcs: too few\n"
                                       "    2 | fleet: {sddcs: 3}\n"
                                       "      |                ^\n"
                                       "test.yaml:3:12: variants.before.retry: 3 is odd\n"
                                       "    3 | variants: {before: {}}\n"
                                       "      |            ^");
    arena_destroy(arena);
}

static void a_bad_path_is_a_bug(void **state)
{
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        assert_non_null(freopen("/dev/null", "w", stderr));
        struct arena *arena = arena_create("test", 0);
        scenario_count(must_load(arena, minimal), "phase2.backup");
        _exit(0);
    }
    int status;
    assert_true(waitpid(child, &status, 0) == child);
    assert_true(WIFSIGNALED(status));
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    char *text = calloc(1, 65536);
    assert_non_null(text);
    size_t size = fread(text, 1, 65535, file);
    assert_true(size < 65535);
    fclose(file);
    return text;
}

/* Take every "FOLDER/" out of a message, so that the expected text does not depend on where the
 * tests run. */
static void strip_folder(char *message, const char *folder)
{
    size_t length = strlen(folder) + 1;
    for (char *at; (at = strstr(message, folder)) != NULL;)
        memmove(at, at + length, strlen(at + length) + 1);
}

/* Load bad/NAME.yaml with the overrides that its first lines ask for ("# --set path=value") and
 * compare the message with bad/NAME.expected. Returns false after printing a difference. */
static bool check_bad_file(const char *folder, const char *name)
{
    enum { OVERRIDES_MAX = 8 };
    struct arena *arena = arena_create("test", 0);
    const char *path = arena_print(arena, "%s/%s.yaml", folder, name);
    char *text = read_text(path);
    char *expected = read_text(arena_print(arena, "%s/%s.expected", folder, name));
    assert_non_null(text);
    const char *overrides[OVERRIDES_MAX];
    size_t count = 0;
    for (const char *at = text; strncmp(at, "# --set ", 8) == 0 && count < OVERRIDES_MAX;) {
        size_t length = strcspn(at + 8, "\n");
        overrides[count++] = arena_print(arena, "%.*s", (int)length, at + 8);
        at += 8 + length + 1;
    }
    struct scenario_source source = {
        .file_name = path, .overrides = overrides, .override_count = count};
    struct scenario *scenario = NULL;
    struct error error = {.message = "(it loads)"};
    bool loads = scenario_load(&scenario, arena, &source, &test_schema, &error);
    strip_folder(error.message, folder);
    size_t length = strlen(error.message);
    bool good = !loads && error.code == ERROR_SCENARIO && expected != NULL &&
                strncmp(error.message, expected, length) == 0 &&
                strcmp(expected + length, "\n") == 0;
    if (!good)
        print_error("%s: expected\n%s\ngot\n%s\n", name, expected, error.message);
    free(text);
    free(expected);
    arena_destroy(arena);
    return good;
}

static void bad_files_get_their_messages(void **state)
{
    (void)state;
    char folder[512] = __FILE__;
    strcpy(strrchr(folder, '/'), "/bad");
    DIR *directory = opendir(folder);
    if (directory == NULL)
        fail_msg("no folder %s", folder);
    size_t count = 0, bad_count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char name[300];
        snprintf(name, sizeof name, "%s", entry->d_name);
        char *dot = strrchr(name, '.');
        if (dot == NULL || strcmp(dot, ".yaml") != 0)
            continue;
        *dot = '\0';
        count++;
        bad_count += !check_bad_file(folder, name);
    }
    closedir(directory);
    assert_true(count >= 80);
    assert_int_equal(bad_count, 0);
}

static char *printed(void (*print)(const struct schema *, FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    print(&test_schema, out);
    fclose(out);
    return text;
}

static void json_schema_says_what_the_table_says(void **state)
{
    (void)state;
    char *text = printed(schema_print_json_schema);
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        fail_msg("%s", error.text);
    assert_string_equal(json_string_value(json_object_get(root, "$schema")),
                        "https://json-schema.org/draft/2020-12/schema");
    json_t *properties = json_object_get(root, "properties");
    json_t *fleet = json_object_get(json_object_get(properties, "fleet"), "properties");
    json_t *sddcs = json_object_get(fleet, "sddcs");
    assert_int_equal(json_integer_value(json_object_get(sddcs, "minimum")), 1);
    assert_int_equal(json_integer_value(json_object_get(sddcs, "maximum")), 2097152);
    assert_string_equal(json_string_value(json_object_get(sddcs, "description")),
                        "How many SDDCs.");
    json_t *service = json_object_get(json_object_get(properties, "service"), "properties");
    json_t *early = json_object_get(service, "early_request");
    assert_int_equal(json_array_size(json_object_get(early, "enum")), 5);
    json_t *variants = json_object_get(properties, "variants");
    json_t *variant = json_object_get(variants, "additionalProperties");
    assert_non_null(json_object_get(json_object_get(variant, "properties"), "retry"));
    json_t *wave = json_object_get(json_object_get(properties, "wave"), "properties");
    json_t *item = json_object_get(json_object_get(wave, "windows"), "items");
    assert_non_null(json_object_get(json_object_get(item, "properties"), "from"));
    assert_non_null(json_object_get(properties, "extends"));
    json_decref(root);
    free(text);
}

static void manual_and_paths_name_every_field(void **state)
{
    (void)state;
    char *manual = printed(schema_print_document);
    char *paths = printed(schema_print_paths);
    for (size_t i = 0; i < test_schema.field_count; i++) {
        char wanted[128];
        snprintf(wanted, sizeof wanted, "| `%s` | %s |", test_schema.fields[i].path,
                 schema_type_name(test_schema.fields[i].type));
        if (strstr(manual, wanted) == NULL)
            fail_msg("no row %s", wanted);
        snprintf(wanted, sizeof wanted, "%s\n", test_schema.fields[i].path);
        assert_non_null(strstr(paths, wanted));
    }
    assert_non_null(strstr(manual, "Anything else \\| with a bar."));
    assert_non_null(strstr(manual, "1 to 2097152 (the name of a draw has 21 bits for it)"));
    free(manual);
    free(paths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_fill_what_is_not_written),
        cmocka_unit_test(written_values_are_read_by_path),
        cmocka_unit_test(overrides_have_the_last_word),
        cmocka_unit_test(null_takes_away),
        cmocka_unit_test(commas_in_parentheses_belong_to_the_value),
        cmocka_unit_test(anchors_stand_for_their_values),
        cmocka_unit_test(any_text_survives_the_resolved_form),
        cmocka_unit_test(hash_names_the_content),
        cmocka_unit_test(extends_lays_one_over_the_other),
        cmocka_unit_test(strange_files_are_refused),
        cmocka_unit_test(long_values_make_short_messages),
        cmocka_unit_test(names_of_overrides_stay_in_one_line),
        cmocka_unit_test(complaints_of_the_program_look_alike),
        cmocka_unit_test(a_bad_path_is_a_bug),
        cmocka_unit_test(bad_files_get_their_messages),
        cmocka_unit_test(json_schema_says_what_the_table_says),
        cmocka_unit_test(manual_and_paths_name_every_field),
    };
    return cmocka_run_group_tests_name("scenario/scenario", tests, NULL, NULL);
}
