/* damage.h - saved states with damage that the checksum does not show.
 *
 * A second writing of the checksum of the saved form, so that tests can get past it and reach the
 * checks behind: a state that loads must take every further input.
 */
#ifndef TESTS_MODELS_RCE_DAMAGE_H
#define TESTS_MODELS_RCE_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

enum { DAMAGE_CHECKSUM_BYTES = 8 };

static inline uint64_t damage_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 30;
    hash *= 0xbf58476d1ce4e5b9u;
    return hash ^ hash >> 27;
}

static inline uint64_t damage_little_endian(const uint8_t *bytes, size_t size_bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size_bytes; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

/* Make the checksum of saved bytes right again. */
static inline void damage_make_right(uint8_t *saved, size_t size_bytes)
{
    size_t body_bytes = size_bytes - DAMAGE_CHECKSUM_BYTES;
    uint64_t hash = body_bytes;
    size_t at = 0;
    for (; at + 8 <= body_bytes; at += 8)
        hash = damage_mix(hash, damage_little_endian(saved + at, 8));
    hash = damage_mix(hash, damage_little_endian(saved + at, body_bytes - at));
    for (size_t i = 0; i < DAMAGE_CHECKSUM_BYTES; i++)
        saved[body_bytes + i] = (uint8_t)(hash >> (8 * i));
}

#endif
