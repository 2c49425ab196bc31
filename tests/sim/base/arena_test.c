/* Memory, errors and text of the ground floor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

static void test_pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    for (int round = 0; round < 3; round++) {
        unsigned char *last = NULL;
        size_t last_size = 0;
        for (size_t size = 1; size < 5000; size += 37) {
            unsigned char *piece = arena_take(arena, size);
            assert_int_equal((uintptr_t)piece % 16, 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(piece[i], 0);
            memset(piece, 0xa5, size);
            if (last != NULL)
                assert_true(piece >= last + last_size || piece + size <= last);
            last = piece;
            last_size = size;
        }
        arena_reset(arena);
        assert_int_equal(arena_used_bytes(arena), 0);
    }
    arena_destroy(arena);
}

static void test_reset_keeps_the_blocks(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    for (int i = 0; i < 1000; i++)
        arena_take(arena, 10000);
    size_t held = arena_held_bytes(arena);
    for (int round = 0; round < 5; round++) {
        arena_reset(arena);
        for (int i = 0; i < 1000; i++)
            arena_take(arena, 10000);
        assert_int_equal(arena_held_bytes(arena), held);
    }
    arena_destroy(arena);
}

/* A large block, on huge pages where there are any, is as good as a small one. */
static void test_large_blocks(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    unsigned char *piece = arena_take(arena, (size_t)33 << 20);
    assert_int_equal(piece[0], 0);
    assert_int_equal(piece[((size_t)33 << 20) - 1], 0);
    arena_destroy(arena);
}

/* At its limit the process ends with status 1 and a message that names the arena and the limit. */
static void test_limit(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        struct arena *arena = arena_create("little", (size_t)1 << 20);
        for (;;)
            arena_take(arena, 100000);
    }
    close(ends[1]);
    char message[512] = "";
    size_t length = 0;
    for (ssize_t count; (count = read(ends[0], message + length, sizeof message - 1 - length)) > 0;)
        length += (size_t)count;
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_non_null(strstr(message, "\"little\" needs more than its limit of 1 MiB"));
    close(ends[0]);
}

static void test_print(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    assert_string_equal(arena_print(arena, "%s %d", "wave", 7), "wave 7");
    assert_string_equal(arena_copy_text(arena, ""), "");
    arena_destroy(arena);
}

static void test_error_context(void **state)
{
    (void)state;
    struct error error = {0};
    assert_false(error_set(&error, ERROR_IO, "no such file"));
    assert_false(error_context(&error, "scenario %d", 3));
    assert_string_equal(error.message, "scenario 3: no such file");
    assert_int_equal(error.code, ERROR_IO);
    char longer[ERROR_MESSAGE_SIZE_BYTES];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    error_set(&error, ERROR_IO, "%s", longer);
    error_context(&error, "front");
    assert_memory_equal(error.message, "front: xxx", 10);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    error_context(&error, "%s", longer); /* No room for anything behind it. */
    assert_true(strlen(error.message) < sizeof error.message);
}

static void test_closest(void **state)
{
    (void)state;
    static const char *const words[] = {"precheck", NULL, "retry", "idempotency", "settle"};
    assert_string_equal(text_closest("prechek", words, 5), "precheck");
    assert_string_equal(text_closest("rerty", words, 5), "retry");
    assert_string_equal(text_closest("idempotence", words, 5), "idempotency");
    assert_null(text_closest("zzz", words, 5));
    assert_null(text_closest("", words, 5));
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size, bad_at;
    } bad[] = {
        {"a\0b", 3, 1},
        {"ab\x80", 3, 2},
        {"\xc0\xaf", 2, 0},
        {"\xed\xa0\x80", 3, 0},
        {"x\xf5\x80\x80\x80", 5, 1},
        {"ok \xe2\x82", 5, 3},
        {"\xf0\x8f\xbf\xbf", 4, 0},
        {"\xf4\x90\x80\x80", 4, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t at = 99;
        assert_false(text_is_utf8(bad[i].text, bad[i].size, &at));
        assert_int_equal(at, bad[i].bad_at);
    }
    const char *good = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x80\xf4\x8f\xbf\xbf";
    assert_true(text_is_utf8(good, strlen(good), NULL));
    assert_true(text_is_utf8("", 0, NULL));
}

/* FNV-1a, 64 bits: values of the reference implementation's test suite (Noll). */
static void test_hash(void **state)
{
    (void)state;
    assert_true(text_hash("", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(text_hash("a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(text_hash("foobar", 6) == UINT64_C(0x85944171f73967e8));
}

struct ends {
    char order[8];
    size_t count;
};
struct one_end {
    struct ends *ends;
    char name;
};

static void note_end(void *context)
{
    struct one_end *end = context;
    end->ends->order[end->ends->count++] = end->name;
}

static void add_end(struct arena *arena, struct ends *ends, char name)
{
    struct one_end *end = arena_take(arena, sizeof *end);
    *end = (struct one_end){ends, name};
    arena_at_end(arena, note_end, end);
}

/* The last one first, while the memory is still there, and once only. */
static void test_at_end(void **state)
{
    (void)state;
    struct ends ends = {.count = 0};
    struct arena *arena = arena_create("test", 0);
    add_end(arena, &ends, 'a');
    add_end(arena, &ends, 'b');
    arena_reset(arena);
    assert_string_equal(ends.order, "ba");
    arena_reset(arena);
    add_end(arena, &ends, 'c');
    arena_destroy(arena);
    assert_string_equal(ends.order, "bac");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(test_reset_keeps_the_blocks),
        cmocka_unit_test(test_large_blocks),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_at_end),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_error_context),
        cmocka_unit_test(test_closest),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_hash),
    };
    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
