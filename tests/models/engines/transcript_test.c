/* Histories: what is written is read back in order; logs of processes are histories; what is wrong
 * is told with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/engines/transcript.h"

static const struct rce_cluster_plan clusters[] = {{.hosts_count = 2, .temporary_host = true}};
static const struct rce_plan plan = {.workflow = 7, .clusters_count = 1, .clusters = clusters};

static const struct transcript_entry *next(struct transcript_reader *reader)
{
    const struct transcript_entry *entry;
    struct error error = {0};
    if (!transcript_next(reader, &entry, &error))
        fail_msg("%s", error.message);
    return entry;
}

static void test_what_is_written_is_read(void **state)
{
    struct arena *arena = arena_create("test", 0);
    FILE *file = tmpfile();
    struct rce_options options;
    struct rce_actions actions = {
        .count = 2,
        .items = {{.kind = RCE_PERSIST}, {.kind = RCE_SET_TIMER, .timer = 3, .at_ns = 12}}};
    (void)state;
    assert_non_null(file);
    rce_options_init(&options);
    options.settle_ns = 17;
    struct transcript_writer *writer = transcript_write(arena, file);
    transcript_put_start(writer, &rce_engine, &options, "{\"a\":{\"op\":1}}");
    transcript_put_reset(writer);
    transcript_put_begin(writer, 5, &plan);
    struct rce_input input = {.kind = RCE_INPUT_TIMER, .now_ns = 10, .entropy = 9, .timer = 3};
    assert_true(transcript_put_step(writer, 5, &input, RCE_RUNNING, &actions));
    assert_true(transcript_put_load(writer, 6, &plan, "state", 5));
    /* What no line can hold is not written. */
    static char large[MESSAGE_LINE_MAX_BYTES + 1];
    assert_false(transcript_put_load(writer, 7, &plan, large, sizeof large));
    memset(large, ' ', sizeof large - 1);
    assert_false(transcript_put_start(writer, &rce_engine, &options, large));
    transcript_put_end(writer, 5);
    input.kind = (enum rce_input_kind)90;
    assert_false(transcript_put_step(writer, 5, &input, RCE_RUNNING, &actions));
    rewind(file);

    struct transcript_reader *reader = transcript_read(arena, file, "history.jsonl");
    const struct transcript_entry *entry = next(reader);
    assert_int_equal(entry->kind, TRANSCRIPT_START);
    assert_int_equal(entry->line, 1);
    assert_int_equal(entry->options->settle_ns, 17);
    assert_string_equal(entry->config, "{\"a\":{\"op\":1}}");
    entry = next(reader);
    assert_int_equal(entry->kind, TRANSCRIPT_HELLO);
    assert_string_equal(entry->hello->name, "rce");
    assert_int_equal(next(reader)->kind, TRANSCRIPT_RESET);
    entry = next(reader);
    assert_int_equal(entry->kind, TRANSCRIPT_BEGIN);
    assert_int_equal(entry->id, 5);
    assert_int_equal(entry->plan->clusters[0].hosts_count, 2);
    entry = next(reader);
    assert_int_equal(entry->kind, TRANSCRIPT_STEP);
    assert_int_equal(entry->line, 5);
    assert_int_equal(entry->answer_line, 6);
    assert_int_equal(entry->input->timer, 3);
    assert_true(entry->is_answered);
    assert_int_equal(entry->actions->count, 2);
    assert_int_equal(entry->actions->items[1].at_ns, 12);
    entry = next(reader);
    assert_int_equal(entry->kind, TRANSCRIPT_LOAD);
    assert_int_equal(entry->state_size_bytes, 5);
    assert_memory_equal(entry->state, "state", 5);
    assert_int_equal(next(reader)->kind, TRANSCRIPT_END);
    assert_null(next(reader));
    assert_null(next(reader));
    fclose(file);
    arena_destroy(arena);
}

/* The transcript of the document without the marks in front: all steps, those of its batch too,
 * with what was answered. */
static void test_a_log_is_a_history(void **state)
{
    static char line[1 << 16];
    struct arena *arena = arena_create("test", 0);
    FILE *document = fopen("models/engines/PROTOCOL.md", "r"), *file = tmpfile();
    int counts[TRANSCRIPT_RESET + 1] = {0}, answered_count = 0;
    (void)state;
    if (document == NULL || file == NULL)
        fail_msg("run the tests in the root of the repository");
    while (fgets(line, sizeof line, document) != NULL)
        if (strncmp(line, "> {", 3) == 0 || strncmp(line, "< {", 3) == 0)
            fputs(line + 2, file);
    fclose(document);
    rewind(file);
    struct transcript_reader *reader = transcript_read(arena, file, "log");
    const struct transcript_entry *entry;
    struct error error = {0};
    bool is_good;
    while ((is_good = transcript_next(reader, &entry, &error)) && entry != NULL) {
        counts[entry->kind]++;
        answered_count += entry->is_answered;
    }
    /* The last step is answered by an error: the workflow was forgotten. */
    assert_false(is_good);
    assert_non_null(strstr(error.message, "the engine reported an error"));
    assert_int_equal(counts[TRANSCRIPT_START], 1);
    assert_int_equal(counts[TRANSCRIPT_HELLO], 1);
    assert_int_equal(counts[TRANSCRIPT_BEGIN], 1);
    assert_int_equal(counts[TRANSCRIPT_LOAD], 1);
    assert_int_equal(counts[TRANSCRIPT_RESET], 1);
    assert_true(counts[TRANSCRIPT_STEP] >= 12);
    assert_int_equal(answered_count, counts[TRANSCRIPT_STEP]);
    fclose(file);
    arena_destroy(arena);
}

#define STEP                                                                                       \
    "{\"op\":\"step\",\"id\":1,\"input\":{\"kind\":\"start\",\"now_ns\":0,\"entropy\":\"1\"}}\n"

static void test_inputs_alone(void **state)
{
    static const char text[] = STEP "\n" STEP "{\"id\":1,\"status\":\"running\",\"actions\":[]}\r\n"
                                    "\r\n" STEP;
    static const bool is_answered[] = {false, true, false};
    static const uint64_t lines[] = {1, 3, 6};
    struct arena *arena = arena_create("test", 0);
    FILE *file = tmpfile();
    (void)state;
    assert_non_null(file);
    fputs(text, file);
    rewind(file);
    struct transcript_reader *reader = transcript_read(arena, file, "inputs");
    for (int i = 0; i < 3; i++) {
        const struct transcript_entry *entry = next(reader);
        assert_int_equal(entry->kind, TRANSCRIPT_STEP);
        assert_int_equal(entry->is_answered, is_answered[i]);
        assert_int_equal(entry->line, lines[i]);
    }
    assert_null(next(reader));
    fclose(file);
    arena_destroy(arena);
}

static void test_what_is_wrong_is_told(void **state)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"\nnonsense\n", "wrong:2:1: expected the "},
        {"{\"op\":\"begin\",\"id\":1,\"plan\":{\"workflow\":1,\"clusters\":[]}}\n",
         "wrong:1:54: a plan has a cluster at least"},
        {STEP "{\"id\":1,\"status\":\"running\",\"actions\":[{\"kind\":\"persits\"}]}\n",
         "wrong:2:47: unknown name \"persits\""},
        {STEP "{\"id\":2,\"status\":\"running\",\"actions\":[]}\n",
         "wrong:2:1: this is not the answer to the step before it"},
        {STEP "{\"ok\":true}\n", "wrong:2:1: this is not the answer to the step before it"},
        {"{\"id\":1,\"status\":\"running\",\"actions\":[]}\n",
         "wrong:1:1: actions without the step that they belong to"},
        {"{\"op\":\"load\",\"id\":1,\"plan\":{\"workflow\":1,\"clusters\":[{\"hosts\":1,"
         "\"temporary_host\":true}]},\"state\":\"A\"}\n",
         "this is no base64"},
        {"{\"error\":{\"code\":\"id\",\"message\":\"\"}}",
         "wrong:1:1: the engine reported an error"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct arena *arena = arena_create("test", 0);
        FILE *file = tmpfile();
        const struct transcript_entry *entry = NULL;
        struct error error = {0};
        assert_non_null(file);
        fputs(wrong[i].text, file);
        rewind(file);
        struct transcript_reader *reader = transcript_read(arena, file, "wrong");
        bool is_good = true;
        while (is_good && (is_good = transcript_next(reader, &entry, &error)) && entry != NULL) {
        }
        if (is_good || strstr(error.message, wrong[i].message) == NULL)
            fail_msg("%s: %s", wrong[i].text, error.message);
        assert_int_equal(error.code, ERROR_SCENARIO);
        fclose(file);
        arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_a_log_is_a_history),
        cmocka_unit_test(test_inputs_alone),
        cmocka_unit_test(test_what_is_wrong_is_told),
    };
    return cmocka_run_group_tests_name("engines/transcript", tests, NULL, NULL);
}
