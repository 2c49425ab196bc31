#include "sim/experiment/pack.h"

#include <string.h>

#include "sim/base/text.h"

enum { VARINT_BYTES_MAX = 10 };

uint64_t pack_chain(uint64_t sum, const void *bytes, size_t size_bytes)
{
    return sum * UINT64_C(0x100000001b3) + text_hash(bytes, size_bytes);
}

uint64_t pack_chain_number(uint64_t sum, uint64_t number)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
    return pack_chain(sum, bytes, sizeof bytes);
}

uint64_t pack_checksum(const unsigned char *bytes, size_t size_bytes)
{
    uint64_t sum = 0;
    for (size_t at = 0; at < size_bytes; at += PACK_BLOCK_BYTES) {
        size_t left_bytes = size_bytes - at;
        sum = pack_chain(sum, bytes + at,
                         left_bytes < PACK_BLOCK_BYTES ? left_bytes : PACK_BLOCK_BYTES);
    }
    return sum;
}

/* 0 is INT64_MIN, then 0, -1, 1, -2, ... */
static uint64_t fold_sign(int64_t value)
{
    return (((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0)) + 1;
}

static int64_t unfold_sign(uint64_t folded)
{
    uint64_t zigzag = folded - 1;
    uint64_t bits = (zigzag >> 1) ^ ((zigzag & 1) != 0 ? UINT64_MAX : 0);
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void flush_block(struct pack_writer *writer)
{
    if (writer->used_bytes == 0)
        return;
    writer->sum = pack_chain(writer->sum, writer->block, writer->used_bytes);
    fwrite(writer->block, 1, writer->used_bytes, writer->file);
    writer->used_bytes = 0;
}

void pack_byte(struct pack_writer *writer, unsigned byte)
{
    writer->block[writer->used_bytes++] = (unsigned char)byte;
    if (writer->used_bytes == PACK_BLOCK_BYTES)
        flush_block(writer);
}

void pack_bytes(struct pack_writer *writer, const void *bytes, size_t size_bytes)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size_bytes; i++)
        pack_byte(writer, byte[i]);
}

void pack_fixed(struct pack_writer *writer, uint64_t value, unsigned size_bytes)
{
    for (unsigned i = 0; i < size_bytes; i++)
        pack_byte(writer, (unsigned)(value >> (8 * i)) & 0xff);
}

void pack_varint(struct pack_writer *writer, uint64_t value)
{
    while (value > 0x7f) {
        pack_byte(writer, (unsigned)(value & 0x7f) | 0x80);
        value >>= 7;
    }
    pack_byte(writer, (unsigned)value);
}

void pack_values(struct pack_writer *writer, const int64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pack_varint(writer, fold_sign(values[i]));
}

void pack_text(struct pack_writer *writer, const char *text)
{
    size_t size_bytes = strlen(text);
    pack_varint(writer, size_bytes);
    pack_bytes(writer, text, size_bytes);
}

void pack_end(struct pack_writer *writer)
{
    flush_block(writer);
    pack_fixed(writer, writer->sum, PACK_CHECKSUM_BYTES);
    flush_block(writer);
}

size_t pack_left_bytes(const struct pack_reader *reader)
{
    return reader->size_bytes - reader->at;
}

void pack_note_defect(struct pack_reader *reader, const char *defect)
{
    if (reader->defect != NULL)
        return;
    reader->defect = defect;
    reader->defect_at = reader->at;
}

const unsigned char *pack_take_bytes(struct pack_reader *reader, size_t size_bytes)
{
    if (pack_left_bytes(reader) < size_bytes)
        pack_note_defect(reader, "more bytes are announced than there are");
    if (reader->defect != NULL)
        return NULL;
    reader->at += size_bytes;
    return reader->bytes + reader->at - size_bytes;
}

uint64_t pack_take_fixed(struct pack_reader *reader, unsigned size_bytes)
{
    const unsigned char *bytes = pack_take_bytes(reader, size_bytes);
    uint64_t value = 0;
    for (unsigned i = 0; bytes != NULL && i < size_bytes; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

uint64_t pack_take_varint(struct pack_reader *reader)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MAX; i++) {
        const unsigned char *byte = pack_take_bytes(reader, 1);
        if (byte == NULL)
            return 0;
        /* Bit 63 is all that a tenth byte may bring; a last byte of 0 would not be the shortest. */
        if ((i == VARINT_BYTES_MAX - 1 && *byte > 1) || (i > 0 && *byte == 0))
            break;
        value |= (uint64_t)(*byte & 0x7f) << (7 * i);
        if (*byte < 0x80)
            return value;
    }
    pack_note_defect(reader, "a number is not in its shortest form");
    return 0;
}

uint64_t pack_take_limited(struct pack_reader *reader, uint64_t max, const char *defect)
{
    uint64_t value = pack_take_varint(reader);
    if (value <= max)
        return value;
    pack_note_defect(reader, defect);
    return 0;
}

uint32_t pack_take_count(struct pack_reader *reader, size_t size_min_bytes)
{
    size_t room = pack_left_bytes(reader) / size_min_bytes;
    return (uint32_t)pack_take_limited(
        reader, room < UINT32_MAX ? room : UINT32_MAX,
        "more things are announced than fit into the rest of the file");
}

void pack_take_values(struct pack_reader *reader, int64_t *values, size_t count)
{
    for (size_t i = 0; i < count && reader->defect == NULL; i++)
        values[i] = unfold_sign(pack_take_varint(reader));
}

const char *pack_take_text(struct pack_reader *reader, struct arena *arena)
{
    size_t size_bytes = pack_take_count(reader, 1);
    const unsigned char *bytes = pack_take_bytes(reader, size_bytes);
    if (bytes == NULL)
        return "";
    char *text = arena_take(arena, size_bytes + 1);
    memcpy(text, bytes, size_bytes);
    if (!text_is_utf8(text, size_bytes, NULL))
        pack_note_defect(reader, "a text is not UTF-8");
    return text;
}
