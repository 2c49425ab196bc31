/* draw.h - a uniform number for every name: (seed, replication, entity, purpose, occurrence).
 *
 * A draw is a pure function of its name. There is no state to advance, so no draw can shift another
 * one: two variants that make different calls still see the same world, results do not depend on
 * threads or order, and any single draw can be computed again to explain it. The occurrence is
 * *semantic* ("maintenance request, attempt 2"), never "the n-th call".
 *
 * The bits come from Philox4x32-10, one block of 128 bits a counter:
 *
 *     counter = (occurrence >> 1, entity, purpose, replication)    key = (seed low, seed high)
 *     block   = | word 0 | word 1 | word 2 | word 3 |
 *                 even occurrence     odd occurrence               first word = high 32 bits
 *
 * so that two consecutive occurrences share a block. Who draws many in a row asks for a batch:
 * the same numbers, for less.
 *
 * Units: uniforms lie in the open interval (0, 1), on the grid (k + 1/2) 2^-52. Both u and 1 - u
 * are exact there, so -log(1 - u) is an exponential variate without any loss in either tail.
 * Limits: 2^32 entities, purposes, occurrences and replications each; nothing is checked because
 * every value is valid. This is the only header that includes Random123.
 *
 * Source: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
#ifndef SIM_CHANCE_DRAW_H
#define SIM_CHANCE_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <Random123/philox.h>

/* Purposes 0 to 255 belong to sim, numbers from here up to the models. Append-only, each numbered
 * explicitly: renumbering one changes every world. */
enum { DRAW_PURPOSE_MODEL_FIRST = 256 };

struct draw_name {
    uint32_t entity, purpose, occurrence;
};

static inline bool draw_name_equals(struct draw_name a, struct draw_name b)
{
    return a.entity == b.entity && a.purpose == b.purpose && a.occurrence == b.occurrence;
}

/* Return a hash for tables of names; the low bits are as good as the others. */
static inline uint32_t draw_name_hash(struct draw_name name)
{
    uint64_t hash = ((uint64_t)name.entity << 32 | name.occurrence) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= (hash >> 32) ^ (uint64_t)name.purpose * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(hash * UINT64_C(0xff51afd7ed558ccd) >> 32);
}

/* The two halves of a block. */
struct draw_block {
    uint64_t even, odd;
};

/* Return the Philox4x32-10 block that a name lies in. For draw.c;
 * everybody else names a draw. Inlined by force: a block that passes through memory costs 3 ns
 * more. */
__attribute__((always_inline)) static inline struct draw_block
draw_block(uint64_t seed, uint32_t replication, struct draw_name name)
{
    philox4x32_ctr_t counter = {{name.occurrence >> 1, name.entity, name.purpose, replication}};
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t words = philox4x32_R(10, counter, key);
    return (struct draw_block){(uint64_t)words.v[0] << 32 | words.v[1],
                               (uint64_t)words.v[2] << 32 | words.v[3]};
}

/* Put 52 of 64 uniform bits into the open (0, 1). */
static inline double draw_uniform_from_bits(uint64_t bits)
{
    return ((double)(int64_t)(bits >> 12) + 0.5) * 0x1p-52;
}

/* Return the 64 uniform bits of a name. 6 to 10 ns. */
static inline uint64_t draw_bits(uint64_t seed, uint32_t replication, struct draw_name name)
{
    struct draw_block block = draw_block(seed, replication, name);
    return (name.occurrence & 1) != 0 ? block.odd : block.even;
}

/* Return the uniform of a name, in the open (0, 1). */
static inline double draw_uniform(uint64_t seed, uint32_t replication, struct draw_name name)
{
    return draw_uniform_from_bits(draw_bits(seed, replication, name));
}

/* Write the uniforms of `count` consecutive occurrences from `first` on into out[0 .. count-1]:
 * bit for bit what draw_uniform returns for each. Occurrences wrap around after 2^32 - 1. */
void draw_uniform_batch(uint64_t seed, uint32_t replication, struct draw_name first, double *out,
                        size_t count);

#endif
