#include "sim/experiment/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a writer has written, without the checksum. */
struct written {
    char *bytes;
    size_t size_bytes;
};

static struct pack_writer *begin(struct written *written)
{
    struct pack_writer *writer = calloc(1, sizeof *writer);
    assert_non_null(writer);
    writer->file = open_memstream(&written->bytes, &written->size_bytes);
    return writer;
}

static void end(struct pack_writer *writer, struct written *written)
{
    pack_end(writer);
    fclose(writer->file);
    free(writer);
    const unsigned char *bytes = (const unsigned char *)written->bytes;
    written->size_bytes -= PACK_CHECKSUM_BYTES;
    struct pack_reader reader = {bytes + written->size_bytes, PACK_CHECKSUM_BYTES, 0, NULL, 0};
    assert_true(pack_take_fixed(&reader, PACK_CHECKSUM_BYTES) ==
                pack_checksum(bytes, written->size_bytes));
}

static struct pack_reader reader_of(const void *bytes, size_t size_bytes)
{
    return (struct pack_reader){.bytes = bytes, .size_bytes = size_bytes};
}

/* The bytes follow from the definition of LEB128 and zigzag, by hand. */
static void test_bytes(void **state)
{
    (void)state;
    struct written written = {0};
    struct pack_writer *writer = begin(&written);
    pack_varint(writer, 0);
    pack_varint(writer, 127);
    pack_varint(writer, 128);
    pack_varint(writer, 300);
    pack_varint(writer, UINT64_MAX);
    pack_fixed(writer, 0x0102030405060708, 8);
    pack_fixed(writer, 0x01020304, 4);
    pack_values(writer, (const int64_t[]){INT64_MIN, 0, -1, 1, INT64_MAX}, 5);
    pack_text(writer, "ab");
    end(writer, &written);
    static const unsigned char expected[] = {
        0x00, 0x7f, 0x80, 0x01, 0xac, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0x01, 8,    7,    6,    5,    4,    3,    2,    1,    4,    3,    2,    1,    0x00, 0x01,
        0x02, 0x03, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 2,    'a',  'b'};
    assert_int_equal(written.size_bytes, sizeof expected);
    assert_memory_equal(written.bytes, expected, sizeof expected);
    free(written.bytes);
}

static void test_numbers_come_back(void **state)
{
    (void)state;
    uint64_t numbers[64 * 3];
    int64_t values[64 * 3];
    for (int i = 0; i < 64; i++)
        for (int k = 0; k < 3; k++) {
            numbers[3 * i + k] = ((uint64_t)1 << i) + (uint64_t)k - 1;
            memcpy(&values[3 * i + k], &numbers[3 * i + k], sizeof(int64_t));
        }
    struct written written = {0};
    struct pack_writer *writer = begin(&written);
    for (int i = 0; i < 64 * 3; i++)
        pack_varint(writer, numbers[i]);
    pack_values(writer, values, 64 * 3);
    end(writer, &written);
    struct pack_reader reader = reader_of(written.bytes, written.size_bytes);
    for (int i = 0; i < 64 * 3; i++)
        assert_true(pack_take_varint(&reader) == numbers[i]);
    int64_t again[64 * 3] = {0};
    pack_take_values(&reader, again, 64 * 3);
    assert_null(reader.defect);
    assert_int_equal(pack_left_bytes(&reader), 0);
    assert_memory_equal(again, values, sizeof values);
    free(written.bytes);
}

static void test_one_form_only(void **state)
{
    (void)state;
    static const struct {
        unsigned char bytes[12];
        size_t size_bytes;
        const char *defect; /* NULL: good. */
    } cases[] = {
        {{0x80, 0x01}, 2, NULL},
        {{0x80, 0x00}, 2, "a number is not in its shortest form"},
        {{0xff, 0x80, 0x00}, 3, "a number is not in its shortest form"},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
         10,
         "a number is not in its shortest form"},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x01},
         11,
         "a number is not in its shortest form"},
        {{0x80}, 1, "more bytes are announced than there are"},
        {{0}, 0, "more bytes are announced than there are"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pack_reader reader = reader_of(cases[i].bytes, cases[i].size_bytes);
        uint64_t value = pack_take_varint(&reader);
        if (cases[i].defect == NULL) {
            assert_null(reader.defect);
            continue;
        }
        assert_true(value == 0);
        assert_string_equal(reader.defect, cases[i].defect);
    }
}

static void test_nothing_after_a_defect(void **state)
{
    (void)state;
    static const unsigned char bytes[] = {5, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct arena *arena = arena_create("test", 0);
    struct pack_reader reader = reader_of(bytes, sizeof bytes);
    assert_int_equal(pack_take_limited(&reader, 4, "too many"), 0);
    assert_string_equal(reader.defect, "too many");
    assert_int_equal(reader.defect_at, 1);
    int64_t values[2] = {7, 7};
    pack_take_values(&reader, values, 2);
    assert_int_equal(values[0], 7);
    assert_true(pack_take_fixed(&reader, 8) == 0);
    assert_int_equal(pack_take_varint(&reader), 0);
    assert_null(pack_take_bytes(&reader, 0));
    assert_string_equal(pack_take_text(&reader, arena), "");
    pack_note_defect(&reader, "another");
    assert_string_equal(reader.defect, "too many");
    assert_int_equal(reader.at, 1);
    arena_destroy(arena);
}

static void test_counts_and_texts(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    static const unsigned char three[] = {3, 0, 0, 0, 0, 0, 0};
    struct pack_reader reader = reader_of(three, sizeof three);
    assert_int_equal(pack_take_count(&reader, 2), 3);
    reader = reader_of(three, sizeof three);
    assert_int_equal(pack_take_count(&reader, 3), 0);
    assert_string_equal(reader.defect,
                        "more things are announced than fit into the rest of the file");
    reader = reader_of("\2\303\244", 3);
    assert_string_equal(pack_take_text(&reader, arena), "\303\244");
    reader = reader_of("\2a\303", 3);
    pack_take_text(&reader, arena);
    assert_string_equal(reader.defect, "a text is not UTF-8");
    reader = reader_of("\2a\0", 3);
    pack_take_text(&reader, arena);
    assert_string_equal(reader.defect, "a text is not UTF-8");
    arena_destroy(arena);
}

/* The sum is chained over blocks: writer and reader must cut them alike, at and around the edges,
 * and two blocks that change places must show. */
static void test_checksum_over_blocks(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        0, 1, PACK_BLOCK_BYTES - 1, PACK_BLOCK_BYTES, PACK_BLOCK_BYTES + 1, 2 * PACK_BLOCK_BYTES};
    uint64_t sums[6];
    for (int i = 0; i < 6; i++) {
        struct written written = {0};
        struct pack_writer *writer = begin(&written);
        for (size_t k = 0; k < sizes[i]; k++)
            pack_byte(writer, k < PACK_BLOCK_BYTES ? 'a' : 'b');
        end(writer, &written); /* Compares the sums. */
        assert_int_equal(written.size_bytes, sizes[i]);
        unsigned char *bytes = (unsigned char *)written.bytes;
        sums[i] = pack_checksum(bytes, sizes[i]);
        for (int k = 0; k < i; k++)
            assert_true(sums[k] != sums[i]);
        if (i == 5) {
            memset(bytes, 'b', PACK_BLOCK_BYTES);
            memset(bytes + PACK_BLOCK_BYTES, 'a', PACK_BLOCK_BYTES);
            assert_true(pack_checksum(bytes, sizes[i]) != sums[i]);
        }
        free(written.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_numbers_come_back),
        cmocka_unit_test(test_one_form_only),
        cmocka_unit_test(test_nothing_after_a_defect),
        cmocka_unit_test(test_counts_and_texts),
        cmocka_unit_test(test_checksum_over_blocks),
    };
    return cmocka_run_group_tests_name("experiment/pack", tests, NULL, NULL);
}
