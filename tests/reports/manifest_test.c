#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/manifest.h"
#include "tests/reports/chart_edges.h"

struct bench {
    char folder[64];
    struct arena *arena;
};

static const char *path_of(const struct bench *bench, const char *name)
{
    return arena_print(bench->arena, "%s/%s", bench->folder, name);
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    *bench = (struct bench){.folder = "/tmp/manifest-test-XXXXXX"};
    bench->arena = arena_create("test", 0);
    *state = bench;
    return mkdtemp(bench->folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    unlink(path_of(bench, MANIFEST_FILE));
    for (int i = 0; i < SAMPLE_COUNT; i++)
        unlink(path_of(bench, chart_file_name(sample_makers[i](bench->arena), "tsv")));
    int status = rmdir(bench->folder);
    arena_destroy(bench->arena);
    free(bench);
    return status;
}

/* A manifest with every kind of block, and all charts; every text is `words`, or its own. */
static struct manifest *make(struct arena *arena, const char *words)
{
#define SAY(own) (words != NULL ? words : own)
    struct identity whose = sample_identity;
    whose.command = SAY("sample run race.yaml");
    struct manifest *manifest = manifest_create(arena, &whose, SAY("Does it?"), SAY("It does."));
    struct manifest_section *section = manifest_add_section(manifest, "impact", SAY("Impact"));
    manifest_add_text(section, MANIFEST_PLAIN, SAY("Plain."));
    manifest_add_text(section, MANIFEST_NOTE, SAY("Note."));
    manifest_add_text(section, MANIFEST_WARNING, SAY("Warning."));
    struct manifest_block *table = manifest_add_table(section, SAY("A table"));
    manifest_add_table_column(table, SAY("what"), MANIFEST_LEFT);
    manifest_add_table_column(table, SAY("how much"), MANIFEST_RIGHT);
    for (int i = 0; i < 6; i++)
        manifest_add_cell(table, SAY(arena_print(arena, "cell %d", i)));
    struct manifest_block *checks = manifest_add_checks(section);
    manifest_add_check(checks, MANIFEST_PASS, SAY("a < 1%"), SAY("inside"));
    manifest_add_check(checks, MANIFEST_FAIL, SAY("b"), "");
    manifest_add_check(checks, MANIFEST_UNSURE, SAY("c"), SAY("open"));
    section = manifest_add_section(manifest, "more-2", SAY("More"));
    manifest_add_command(section, SAY("Again"), SAY("sample run"));
    manifest_add_story(section, SAY("One"), SAY("  00:00  started\n  00:10  failed\n"));
    for (int i = 0; i < SAMPLE_COUNT; i++)
        manifest_add_chart(manifest, section, sample_makers[i](arena));
    manifest_add_chart_block(section, manifest->charts[0]);
    manifest_add_picture(section, SAY("Picture"), SAY("what it shows"), SAY("<svg/>"));
    manifest_add_section(manifest, "empty", "");
#undef SAY
    return manifest;
}

static char *print(struct arena *arena, const struct manifest *manifest)
{
    char *text = NULL;
    size_t size_bytes;
    FILE *file = open_memstream(&text, &size_bytes);
    manifest_print(manifest, file);
    assert_int_equal(fclose(file), 0);
    char *copy = arena_copy_text(arena, text);
    free(text);
    return copy;
}

static void put(const struct bench *bench, const char *text)
{
    FILE *file = fopen(path_of(bench, MANIFEST_FILE), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void put_data(const struct bench *bench, const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->chart_count; i++) {
        FILE *file = fopen(path_of(bench, chart_file_name(manifest->charts[i], "tsv")), "w");
        chart_write_data(manifest->charts[i], file);
        assert_int_equal(fclose(file), 0);
    }
}

static void what_is_read_is_what_was_written(void **state)
{
    struct bench *bench = *state;
    static char large[65537];
    memset(large, 'x', sizeof large - 1);
    const char *const words[] = {NULL, edge_hostile, large, ""};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct manifest *manifest = make(bench->arena, words[i]), *again;
        char *text = print(bench->arena, manifest);
        put(bench, text);
        put_data(bench, manifest);
        struct error error;
        if (!manifest_read_all(&again, bench->arena, bench->folder, &error))
            fail_msg("%s", error.message);
        assert_string_equal(print(bench->arena, again), text);
        assert_int_equal(again->section_count, 3);
        assert_int_equal(again->sections[0]->block_count, 5);
        assert_int_equal(manifest_row_count(again->sections[0]->blocks[3]), 3);
        assert_int_equal(again->sections[2]->block_count, 0);
        assert_int_equal(again->chart_count, SAMPLE_COUNT);
        assert_ptr_equal(again->sections[1]->blocks[2]->chart, again->charts[0]);
        assert_int_equal(chart_row_count(again->charts[0]), chart_row_count(manifest->charts[0]));
        assert_int_equal(again->identity.scenario_hash, sample_identity.scenario_hash);
    }
}

static void a_manifest_is_utf8_whatever_it_is_told(void **state)
{
    struct bench *bench = *state;
    json_t *document = json_loads(print(bench->arena, make(bench->arena, edge_hostile)), 0, NULL);
    assert_non_null(document);
    const char *title = json_string_value(json_object_get(document, "title"));
    assert_non_null(strstr(title, "`touch owned` $(touch owned) ';"));
    assert_non_null(strstr(title, "?? ''")); /* The two bytes that are none. */
    json_decref(document);
}

static struct manifest *expect_read(const struct bench *bench)
{
    struct manifest *manifest;
    struct error error;
    if (!manifest_read(&manifest, bench->arena, bench->folder, &error))
        fail_msg("%s", error.message);
    return manifest;
}

static void expect_unread(const struct bench *bench, const char *reason)
{
    struct manifest *manifest = (struct manifest *)&manifest;
    void *before = manifest;
    struct error error = {0};
    if (manifest_read_all(&manifest, bench->arena, bench->folder, &error))
        fail_msg("read, although: %s", reason);
    assert_ptr_equal(manifest, before); /* Untouched on failure. */
    assert_int_equal(error.code, ERROR_IO);
    if (strstr(error.message, reason) == NULL)
        fail_msg("\"%s\" has no \"%s\"", error.message, reason);
}

/* The value at a path like "charts/0/x/label"; `*last` is the last step, its parent is returned. */
static json_t *parent_of(json_t *document, char *path, const char **last)
{
    json_t *at = document;
    char *step = path, *slash;
    for (; (slash = strchr(step, '/')) != NULL; step = slash + 1) {
        *slash = '\0';
        at = json_is_array(at) ? json_array_get(at, strtoul(step, NULL, 10))
                               : json_object_get(at, step);
        assert_non_null(at);
    }
    *last = step;
    return at;
}

/* Put the value (JSON; NULL: nothing) in the place of what is there. */
static void change(const struct bench *bench, const char *text, const char *path, const char *value)
{
    char copy[128];
    const char *last;
    snprintf(copy, sizeof copy, "%s", path);
    json_t *document = json_loads(text, 0, NULL);
    json_t *parent = parent_of(document, copy, &last);
    json_t *put_there = value != NULL ? json_loads(value, JSON_DECODE_ANY, NULL) : NULL;
    assert_true((value == NULL) == (put_there == NULL));
    if (json_is_array(parent) && value != NULL)
        json_array_set_new(parent, strtoul(last, NULL, 10), put_there);
    else if (json_is_array(parent))
        json_array_remove(parent, strtoul(last, NULL, 10));
    else if (value != NULL)
        json_object_set_new(parent, last, put_there);
    else
        json_object_del(parent, last);
    char *changed = json_dumps(document, JSON_INDENT(1));
    put(bench, changed);
    free(changed);
    json_decref(document);
}

/* The samples begin with the interval (charts/0); the 7th is the timeline (charts/6). */
static const struct {
    const char *path, *value, *reason;
} faults[] = {
    {"schema_version", NULL, "schema_version: is missing"},
    {"schema_version", "\"2\"", "schema_version: is missing"},
    {"schema_version", "1", "schema_version: 1 cannot be read, only 2"},
    {"schema_version", "3", "schema_version: 3 cannot be read, only 2"},
    {"identity", NULL, "identity: is missing"},
    {"identity", "[]", "identity: is missing"},
    {"identity/seed", NULL, "identity.seed: must be a whole number"},
    {"identity/seed", "1.5", "identity.seed: must be a whole number"},
    {"identity/program", NULL, "identity.program: is missing"},
    {"identity/version", "7", "identity.version: must be a text"},
    {"identity/command", "null", "identity.command: must be a text"},
    {"identity/scenario", "[]", "identity.scenario: must be a text"},
    {"identity/scenario_hash", "\"12\"", "identity.scenario_hash: must be 16 hexadecimal digits"},
    {"identity/scenario_hash", "\"0123456789ABCDEF\"", "must be 16 hexadecimal digits"},
    {"identity/replications", "-1", "identity.replications: must be a count"},
    {"identity/replications", "1e10", "identity.replications: must be a count"},
    {"identity/replications_planned", "\"5\"", "identity.replications_planned: must be a count"},
    {"title", NULL, "title: is missing"},
    {"lead", "3", "lead: must be a text"},
    {"sections", NULL, "sections: is missing"},
    {"sections", "{}", "sections: must be a list"},
    {"sections/0", "3", "sections[0].id: is missing"},
    {"sections/0/id", NULL, "sections[0].id: is missing"},
    {"sections/0/id", "\"Im pact\"", "sections[0].id: \"Im pact\" is no id"},
    {"sections/0/id", "\"\"", "sections[0].id: \"\" is no id"},
    {"sections/0/id", "\"a\\\"onload=\"", "is no id"},
    {"sections/1/id", "\"impact\"", "sections[1].id: there are two sections \"impact\""},
    {"sections/0/title", NULL, "sections[0].title: is missing"},
    {"sections/0/blocks", NULL, "sections[0].blocks: is missing"},
    {"sections/0/blocks/0", "[]", "sections[0].blocks[0].kind: is missing"},
    {"sections/0/blocks/0/kind", "\"tabel\"",
     "sections[0].blocks[0].kind: \"tabel\" is unknown; did you mean \"table\"?"},
    {"sections/0/blocks/0/kind", "\"nothing-like-it\"",
     "sections[0].blocks[0].kind: \"nothing-like-it\" is unknown"},
    {"sections/0/blocks/0/text", NULL, "sections[0].blocks[0].text: is missing"},
    {"sections/0/blocks/1/style", "\"notes\"",
     "sections[0].blocks[1].style: \"notes\" is unknown; did you mean \"note\"?"},
    {"sections/0/blocks/1/style", "7", "sections[0].blocks[1].style: must be a text"},
    {"sections/0/blocks/3/caption", "7", "sections[0].blocks[3].caption: must be a text"},
    {"sections/0/blocks/3/columns", NULL, "sections[0].blocks[3].columns: is missing"},
    {"sections/0/blocks/3/columns", "[]", "sections[0].blocks[3].columns: a table needs a column"},
    {"sections/0/blocks/3/columns/1/title", NULL, "columns[1].title: is missing"},
    {"sections/0/blocks/3/columns/1/align", "\"centre\"",
     "columns[1].align: \"centre\" is unknown"},
    {"sections/0/blocks/3/rows", NULL, "sections[0].blocks[3].rows: is missing"},
    {"sections/0/blocks/3/rows/2", "[\"a\"]",
     "sections[0].blocks[3].rows[2]: must be a list of 2 texts"},
    {"sections/0/blocks/3/rows/2", "\"a\"", "rows[2]: must be a list of 2 texts"},
    {"sections/0/blocks/3/rows/2/1", "7", "rows[2]: cell 1 must be a text"},
    {"sections/0/blocks/4/items", NULL, "sections[0].blocks[4].items: is missing"},
    {"sections/0/blocks/4/items/0/mark", NULL, "items[0].mark: is missing"},
    {"sections/0/blocks/4/items/0/mark", "\"passed\"", "items[0].mark: \"passed\" is unknown"},
    {"sections/0/blocks/4/items/2/text", NULL, "items[2].text: is missing"},
    {"sections/0/blocks/4/items/2/detail", "[]", "items[2].detail: must be a text"},
    {"sections/1/blocks/0/text", NULL, "sections[1].blocks[0].text: is missing"},
    {"sections/1/blocks/0/label", "{}", "sections[1].blocks[0].label: must be a text"},
    {"sections/1/blocks/1/text", NULL, "sections[1].blocks[1].text: is missing"},
    {"sections/1/blocks/2/name", "\"other\"",
     "sections[1].blocks[2].name: there is no chart \"other\" in charts"},
    {"charts", NULL, "charts: is missing"},
    {"charts/0", "\"x\"", "charts[0].name: is missing"},
    {"charts/0/name", "\"../x\"", "cannot be the name of a chart"},
    {"charts/1/name", "\"failure-rate\"", "charts[1]"},
    {"charts/0/kind", "\"intervall\"",
     "charts[0].kind: there is no chart \"intervall\"; did you mean \"interval\"?"},
    {"charts/0/kind", "\"timeline\"", "charts[0]: chart failure-rate (timeline)"},
    {"charts/0/title", NULL, "charts[0].title: is missing"},
    {"charts/0/caption", NULL, "charts[0].caption: is missing"},
    {"charts/0/alt", "7", "charts[0].alt: must be a text"},
    {"charts/0/data", NULL, "charts[0].data: is missing"},
    {"charts/0/data", "\"/etc/passwd\"", "charts[0].data: must be \"failure-rate.tsv\""},
    {"charts/0/x", NULL, "charts[0].x: is missing"},
    {"charts/0/x/label", NULL, "charts[0].x.label: is missing"},
    {"charts/0/y/scale", "\"cubic\"", "charts[0].y: the scale is linear or log, not \"cubic\""},
    {"charts/0/columns", NULL, "charts[0].columns: is missing"},
    {"charts/0/columns", "[]", "charts[0]: chart failure-rate (interval): has no columns"},
    {"charts/0/columns/3", NULL, "needs a column of role high"},
    {"charts/0/columns/0/name", "\"a b\"", "the name of a column needs letters"},
    {"charts/0/columns/0/role", "\"lable\"",
     "charts[0].columns[0].role: there is no role \"lable\""},
    {"charts/0/columns/0/role", "\"x\"", "has no use for a column of role x"},
    {"charts/6/columns/1/label", NULL, "there is no label for column trigger"},
    {"charts/6/marks", "{}", "charts[6].marks: must be a list"},
    {"charts/6/marks/1/axis", "\"z\"", "charts[6].marks[1].axis: is x or y"},
    {"charts/6/marks/1/at", NULL, "charts[6].marks[1].at: must be a number"},
    {"charts/6/marks/1/at", "\"7\"", "charts[6].marks[1].at: must be a number"},
    {"charts/6/marks/1/to", "[]", "charts[6].marks[1].to: must be a number"},
    {"charts/6/marks/1/label", "7", "charts[6].marks[1].label: must be a text"},
};

static void every_field_is_checked_and_named(void **state)
{
    struct bench *bench = *state;
    struct manifest *manifest = make(bench->arena, NULL);
    char *text = print(bench->arena, manifest);
    put_data(bench, manifest);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        change(bench, text, faults[i].path, faults[i].value);
        expect_unread(bench, faults[i].reason);
    }
    put(bench, text); /* Without any of them it is read. */
    expect_read(bench);
}

static void what_may_be_left_out_may_be(void **state)
{
    static const char *const paths[] = {
        "sections/0/blocks/0/style",
        "sections/0/blocks/3/caption",
        "sections/0/blocks/4/items/0/detail",
        "sections/1/blocks/0/label",
        "sections/1/blocks/1/title",
        "sections/0/blocks/3/columns/0/align",
        "charts/0/alt",
        "charts/0/x/unit",
        "charts/0/y/scale",
        "charts/6/marks/0/label",
    };
    struct bench *bench = *state;
    char *text = print(bench->arena, make(bench->arena, NULL));
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        change(bench, text, paths[i], NULL);
        expect_read(bench);
    }
    /* And what nobody knows is nobody's business. */
    change(bench, text, "charts/0/colour", "\"red\"");
    expect_read(bench);
}

static void a_document_that_is_none_is_refused(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "report.json:1:"},
        {"{", "report.json:1:"},
        {"[]", "schema_version"},
        {"{\"schema_version\": 2, \"schema_version\": 2}", "duplicate"},
        {"{\"schema_version\": 2, \"title\": \"\xff\"}", "report.json:1:"},
        {"{\"schema_version\": 2, \"title\": \"\\u0000\"}", "report.json:1:"},
        {"{\"schema_version\": 2} more", "report.json:1:"},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put(bench, cases[i].text);
        expect_unread(bench, cases[i].reason);
    }
    unlink(path_of(bench, MANIFEST_FILE));
    expect_unread(bench, "cannot read");
    /* Deep in itself. */
    char *deep = arena_take(bench->arena, 100001);
    memset(deep, '[', 100000);
    put(bench, deep);
    expect_unread(bench, "report.json:1:");
}

static void a_list_that_is_too_long_is_refused(void **state)
{
    struct bench *bench = *state;
    char *text = print(bench->arena, make(bench->arena, NULL));
    static const struct {
        const char *path, *element, *reason;
        size_t count;
    } cases[] = {
        {"sections", "{}", "sections: has 65 elements; at most 64", 65},
        {"charts", "{}", "charts: has 65 elements; at most 64", 65},
        {"charts/6/marks", "{\"axis\": \"x\", \"at\": 1}", "marks: has 65 elements", 65},
        {"charts/0/columns", "{}", "columns: has 33 elements; at most 32", 33},
        {"sections/0/blocks", "{}", "blocks: has 257 elements; at most 256", 257},
        {"sections/0/blocks/3/rows", "[\"\",\"\"]", "rows: has 20001 elements", 20001},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *list = NULL;
        size_t size_bytes;
        FILE *file = open_memstream(&list, &size_bytes);
        for (size_t k = 0; k < cases[i].count; k++)
            fprintf(file, "%s%s", k == 0 ? "[" : ",", cases[i].element);
        fputs("]", file);
        fclose(file);
        change(bench, text, cases[i].path, list);
        free(list);
        expect_unread(bench, cases[i].reason);
    }
}

/* People may write less neatly than we do, and change words, marks and the order of things. */
static void a_file_edited_by_hand_is_read(void **state)
{
    struct bench *bench = *state;
    put(bench,
        "{\"charts\": [{\"name\": \"rate\", \"kind\": \"interval\", \"title\": \"T\", \"caption\": "
        "\"C\", \"x\": {\"label\": \"%\"},\n \"y\": {\"label\": \"\"}, \"data\": \"rate.tsv\", "
        "\"marks\": [{\"axis\": \"x\", \"at\": 1}, {\"axis\": \"x\", \"at\": 2, \"to\": 3.5}],\n"
        "  \"columns\": [{\"role\": \"high\", \"name\": \"h\"}, {\"role\": \"low\", \"name\": "
        "\"l\"},"
        " {\"role\": \"label\", \"name\": \"v\"}, {\"role\": \"estimate\", \"name\": \"e\"}]}],\n"
        "\"sections\": [{\"id\": \"s\", \"title\": \"S\", \"blocks\": [{\"kind\": \"chart\", "
        "\"name\": \"rate\"}, {\"kind\": \"text\", \"text\": \"\\u00e4\\ud83d\\udca5\"}]}],\n"
        "\"lead\": \"\", \"title\": \"\", \"identity\": {\"program\": \"p\", \"version\": \"1\", "
        "\"scenario\": \"s\",\n \"scenario_hash\": \"00000000000000ff\", \"seed\": 1, "
        "\"replications\": 1, \"replications_planned\": 2, \"command\": \"c\"},\n"
        "\"schema_version\": 2, \"comment\": [1, 2, 3]}\n");
    const struct manifest *manifest = expect_read(bench);
    assert_int_equal(manifest->charts[0]->mark_count, 2);
    assert_true(manifest->charts[0]->marks[1].has_end && manifest->charts[0]->marks[1].end == 3.5);
    assert_string_equal(manifest->sections[0]->blocks[1]->text, "\xc3\xa4\xf0\x9f\x92\xa5");
    assert_int_equal(manifest->identity.scenario_hash, 0xff);
    expect_unread(bench, "rate.tsv: No such file");
}

static void data_that_is_missing_or_broken_is_named(void **state)
{
    struct bench *bench = *state;
    struct manifest *manifest = make(bench->arena, NULL);
    put(bench, print(bench->arena, manifest));
    expect_read(bench); /* The words alone. */
    expect_unread(bench, "failure-rate.tsv");
    put_data(bench, manifest);
    unlink(path_of(bench, "sweep.tsv"));
    expect_unread(bench, "sweep.tsv");
    FILE *file = fopen(path_of(bench, "sweep.tsv"), "w");
    fputs("rate\tis_wide\tconnect\tshare\n1\t0\ta\tb\nx\t0\ta\tb\n", file);
    fclose(file);
    expect_unread(bench, "sweep.tsv:3: a number (or nothing) is needed, not x");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_read_is_what_was_written),   TEST(a_manifest_is_utf8_whatever_it_is_told),
        TEST(every_field_is_checked_and_named),   TEST(what_may_be_left_out_may_be),
        TEST(a_document_that_is_none_is_refused), TEST(a_list_that_is_too_long_is_refused),
        TEST(a_file_edited_by_hand_is_read),      TEST(data_that_is_missing_or_broken_is_named),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
