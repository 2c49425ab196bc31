/* history.h - a running 64-bit hash that names a run: the same history, the same hash.
 *
 * One event is five words (time, kind and subject, a, b). They are folded pairwise by 64 x 64 ->
 * 128 bit multiplication (the "mum" of wyhash), after constants that tell the places
 * apart, and the result x enters the state h as
 *
 *     h' = rotate_left((h + x) * K, 32)        K odd
 *
 * which is a bijection in h for every x and in x for every h: two histories of which one is
 * different in a single fold cannot meet at that fold, and order counts. 1 to 3 ns an event were
 * measured. One constant of a pair is added, the other one exclusive-ored: with two additions gcc
 * computes the pair in a vector register and pays for moving it back. Not for security: whoever
 * chooses the words can make collisions.
 *
 * Source of the multiplication fold and its constants' form: Wang Yi, wyhash, public domain.
 */
#ifndef SIM_KERNEL_HISTORY_H
#define SIM_KERNEL_HISTORY_H

#include <stdint.h>

/* The hash of the empty history. */
#define HISTORY_EMPTY UINT64_C(0x2545f4914f6cdd1d)

static inline uint64_t history_multiply(uint64_t x, uint64_t y)
{
    __extension__ unsigned __int128 product = (unsigned __int128)x * y;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Return the hash of the history `hash` followed by `digest`. */
static inline uint64_t history_fold(uint64_t hash, uint64_t digest)
{
    uint64_t mixed = (hash + digest) * UINT64_C(0x9e3779b97f4a7c15);
    return mixed << 32 | mixed >> 32;
}

/* Return the digest of one event's words. */
static inline uint64_t history_digest(uint64_t time_ns, uint64_t who, uint64_t a, uint64_t b)
{
    uint64_t place = history_multiply(time_ns + UINT64_C(0xa0761d6478bd642f),
                                      who ^ UINT64_C(0xe7037ed1a0b428db));
    uint64_t payload =
        history_multiply(a + UINT64_C(0x8ebc6af09c88c6e3), b ^ UINT64_C(0x589965cc75374cc3));
    return place + payload;
}

#endif
