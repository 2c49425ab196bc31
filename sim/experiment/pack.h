/* pack.h - integers and texts as bytes: written with a checksum, read with suspicion.
 *
 * Little-endian. A varint is LEB128 in its shortest form, 1 to 10 bytes. A signed value is its
 * zigzag code plus one, so that INT64_MIN, which means "no value" in records and rows, is the
 * single byte 0. Each value has exactly one form, and the reader accepts no other.
 *
 * A reader never fails in the middle: after the first defect everything that is taken is 0, and
 * nothing is read any more. So code that takes things stays straight, as long as it bounds what it
 * allocates by pack_take_count or pack_left_bytes, and looks at `defect` where a loop would be long
 * and before it believes the whole.
 *
 * The checksum is FNV-1a of blocks of 64 KiB, chained. Every step is a bijection of the sum before
 * it and of each single byte: one changed byte always shows, other damage but for chance 2^-64.
 */
#ifndef SIM_EXPERIMENT_PACK_H
#define SIM_EXPERIMENT_PACK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/base/arena.h"

enum { PACK_BLOCK_BYTES = 64 << 10, PACK_CHECKSUM_BYTES = 8 };

struct pack_writer {
    FILE *file; /* Its error flag is the only report of a failure. */
    uint64_t sum;
    size_t used_bytes;
    unsigned char block[PACK_BLOCK_BYTES];
};

void pack_byte(struct pack_writer *writer, unsigned byte);
void pack_bytes(struct pack_writer *writer, const void *bytes, size_t size_bytes);
void pack_fixed(struct pack_writer *writer, uint64_t value, unsigned size_bytes);
void pack_varint(struct pack_writer *writer, uint64_t value);
void pack_values(struct pack_writer *writer, const int64_t *values, size_t count);
void pack_text(struct pack_writer *writer, const char *text);

/* Write the checksum of everything so far, and hand everything to the file. Nothing may follow. */
void pack_end(struct pack_writer *writer);

struct pack_reader {
    const unsigned char *bytes;
    size_t size_bytes;
    size_t at;
    const char *defect; /* The first one; NULL: none yet. */
    size_t defect_at;
};

size_t pack_left_bytes(const struct pack_reader *reader);

/* Note what is wrong, if nothing was wrong before. */
void pack_note_defect(struct pack_reader *reader, const char *defect);

/* Take what the functions above have written. pack_take_bytes returns NULL after a defect. */
const unsigned char *pack_take_bytes(struct pack_reader *reader, size_t size_bytes);
uint64_t pack_take_fixed(struct pack_reader *reader, unsigned size_bytes);
uint64_t pack_take_varint(struct pack_reader *reader);
void pack_take_values(struct pack_reader *reader, int64_t *values, size_t count);

/* Take a UTF-8 text without NUL. Never NULL. */
const char *pack_take_text(struct pack_reader *reader, struct arena *arena);

/* Take a varint; above `max` it is a defect, called so. */
uint64_t pack_take_limited(struct pack_reader *reader, uint64_t max, const char *defect);

/* Take the number of things to come that have at least `size_min_bytes` each. */
uint32_t pack_take_count(struct pack_reader *reader, size_t size_min_bytes);

/* Fold bytes, or eight bytes of a number, into a sum. */
uint64_t pack_chain(uint64_t sum, const void *bytes, size_t size_bytes);
uint64_t pack_chain_number(uint64_t sum, uint64_t number);

/* The checksum that pack_end writes behind these bytes. */
uint64_t pack_checksum(const unsigned char *bytes, size_t size_bytes);

#endif
