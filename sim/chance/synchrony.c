#include "sim/chance/synchrony.h"

#include <math.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/base/check.h"

/* A quarter of the slots stays free, so that a probe ends soon. */
enum { SLOTS_FIRST = 1 << 10, ENTRIES_MAX_MAX = 1 << 26 };

/* A slot is taken in this replication if its generation is the current one; 0 is never current. Two
 * words compare a whole name and the generation with it. */
struct slot {
    uint64_t who;  /* entity, purpose << 32 */
    uint64_t when; /* occurrence, generation << 32 */
    uint64_t value;
};

struct synchrony {
    struct slot *slots;
    struct slot *spare; /* A second table of the same size for sampling; NULL until it is needed. */
    uint64_t slot_mask;
    uint64_t sample_mask; /* Names whose hash has one of these bits set are not checked. */
    uint32_t generation;
    uint32_t entry_count;
    uint32_t entries_max;
    bool has_reference, is_reference; /* Has a variant begun, and is the current one the first? */
    struct synchrony_result result;
    struct arena *arena; /* Of both tables: larger ones come with a new one. */
    struct arena *self_arena;
};

/* Both words are multiplied at once and the product is mixed once more. The low bits choose the
 * sample, higher ones the slot, so that sampling does not crowd the table. */
static uint64_t hash_name(uint64_t who, uint32_t occurrence)
{
    uint64_t hash = who * UINT64_C(0x9e3779b97f4a7c15) ^ occurrence * UINT64_C(0xd6e8feb86659fd93);
    hash = (hash ^ hash >> 32) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 32;
}

/* What one draw adds to a digest; sums of it do not depend on the order of draws. */
static uint64_t digest_draw(uint64_t hash, uint64_t value)
{
    uint64_t mixed = (hash ^ (value << 32 | value >> 32)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (mixed ^ mixed >> 32) * UINT64_C(0xff51afd7ed558ccd);
}

/* The slot of a name: where it stands, or where it would be put. */
static struct slot *find(const struct synchrony *synchrony, uint64_t hash, uint64_t who,
                         uint64_t when)
{
    for (uint64_t i = hash >> 20;; i++) {
        struct slot *slot = &synchrony->slots[i & synchrony->slot_mask];
        if (slot->who == who && slot->when == when)
            return slot;
        if (slot->when >> 32 != when >> 32)
            return slot;
    }
}

static void take_slots(struct synchrony *synchrony, uint64_t count)
{
    synchrony->arena = arena_create("synchrony check", 0);
    synchrony->slots = arena_take_array(synchrony->arena, count, sizeof *synchrony->slots);
    synchrony->spare = NULL;
    synchrony->slot_mask = count - 1;
}

/* Make every entry stale. */
static void next_generation(struct synchrony *synchrony)
{
    uint64_t size_bytes = (synchrony->slot_mask + 1) * sizeof *synchrony->slots;
    synchrony->generation++;
    if (synchrony->generation != 0)
        return;
    memset(synchrony->slots, 0, size_bytes); /* After 2^32 of them old stamps would come alive. */
    if (synchrony->spare != NULL)
        memset(synchrony->spare, 0, size_bytes);
    synchrony->generation = 1;
}

/* Put the entries of `old` that are of `generation` and pass the sample into `slots`. */
static void move_entries(struct synchrony *synchrony, const struct slot *old, uint64_t old_count,
                         uint32_t generation)
{
    synchrony->entry_count = 0;
    for (uint64_t i = 0; i < old_count; i++) {
        uint32_t occurrence = (uint32_t)old[i].when;
        if (old[i].when >> 32 != generation)
            continue;
        uint64_t hash = hash_name(old[i].who, occurrence);
        if ((hash & synchrony->sample_mask) != 0)
            continue;
        uint64_t when = (uint64_t)synchrony->generation << 32 | occurrence;
        struct slot *slot = find(synchrony, hash, old[i].who, when);
        *slot = (struct slot){old[i].who, when, old[i].value};
        synchrony->entry_count++;
    }
}

static void grow(struct synchrony *synchrony)
{
    struct arena *old_arena = synchrony->arena;
    const struct slot *old = synchrony->slots;
    uint64_t old_count = synchrony->slot_mask + 1;
    take_slots(synchrony, 2 * old_count);
    move_entries(synchrony, old, old_count, synchrony->generation);
    arena_destroy(old_arena);
}

/* Check only half of the names from now on, of those that are in the table too. */
static void sample(struct synchrony *synchrony)
{
    uint64_t count = synchrony->slot_mask + 1;
    if (synchrony->spare == NULL)
        synchrony->spare = arena_take_array(synchrony->arena, count, sizeof *synchrony->spare);
    struct slot *old = synchrony->slots;
    uint32_t generation = synchrony->generation;
    synchrony->slots = synchrony->spare;
    synchrony->spare = old;
    synchrony->sample_mask = synchrony->sample_mask << 1 | 1;
    synchrony->generation = generation + 1; /* Nothing is stamped with it yet. */
    CHECK(synchrony->generation != 0);
    move_entries(synchrony, old, count, generation);
}

static bool is_full(const struct synchrony *synchrony)
{
    return synchrony->entry_count >= synchrony->entries_max ||
           4 * (uint64_t)synchrony->entry_count >= 3 * (synchrony->slot_mask + 1);
}

/* Make room for one more entry: a larger table, or at the limit half as many names. */
static void make_room(struct synchrony *synchrony)
{
    if (synchrony->entry_count < synchrony->entries_max) {
        grow(synchrony);
        return;
    }
    while (synchrony->entry_count >= synchrony->entries_max)
        sample(synchrony);
}

struct synchrony *synchrony_create(uint32_t entries_max)
{
    if (entries_max == 0)
        entries_max = SYNCHRONY_ENTRIES_MAX;
    CHECK((entries_max & (entries_max - 1)) == 0 && entries_max <= ENTRIES_MAX_MAX);
    struct arena *self_arena = arena_create("synchrony check", 0);
    struct synchrony *synchrony = arena_take(self_arena, sizeof *synchrony);
    synchrony->self_arena = self_arena;
    synchrony->entries_max = entries_max;
    synchrony->generation = 1;
    take_slots(synchrony, 2 * entries_max < SLOTS_FIRST ? 2 * entries_max : SLOTS_FIRST);
    return synchrony;
}

void synchrony_destroy(struct synchrony *synchrony)
{
    if (synchrony == NULL)
        return;
    arena_destroy(synchrony->arena);
    arena_destroy(synchrony->self_arena);
}

void synchrony_begin_replication(struct synchrony *synchrony)
{
    if (synchrony->generation > UINT32_MAX - 128) /* Room for the stamps of one replication. */
        synchrony->generation = UINT32_MAX;
    next_generation(synchrony);
    synchrony->entry_count = 0;
    synchrony->sample_mask = 0;
    synchrony->has_reference = false;
}

void synchrony_begin_variant(struct synchrony *synchrony, uint32_t variant)
{
    uint32_t reference = synchrony->has_reference ? synchrony->result.reference_variant : variant;
    synchrony->is_reference = !synchrony->has_reference;
    synchrony->has_reference = true;
    synchrony->result =
        (struct synchrony_result){.reference_variant = reference, .variant = variant};
}

static void note_mismatch(struct synchrony *synchrony, const struct slot *slot, uint64_t value)
{
    struct synchrony_result *result = &synchrony->result;
    if (result->mismatch_count++ == 0)
        result->mismatch = (struct synchrony_mismatch){
            .name = {(uint32_t)slot->who, (uint32_t)(slot->who >> 32), (uint32_t)slot->when},
            .reference_variant = result->reference_variant,
            .variant = result->variant,
            .reference_value = slot->value,
            .value = value,
        };
}

/* Put a draw of the first variant into the table. False if it is left out of the sample. */
static bool add(struct synchrony *synchrony, uint64_t hash, const struct slot *entry)
{
    if (is_full(synchrony)) {
        make_room(synchrony);
        if ((hash & synchrony->sample_mask) != 0)
            return false;
    }
    uint64_t when = (uint64_t)synchrony->generation << 32 | (uint32_t)entry->when;
    *find(synchrony, hash, entry->who, when) = (struct slot){entry->who, when, entry->value};
    synchrony->entry_count++;
    return true;
}

void synchrony_note(struct synchrony *synchrony, struct draw_name name, uint64_t value)
{
    CHECK(synchrony->has_reference);
    struct synchrony_result *result = &synchrony->result;
    result->draw_count++;
    uint64_t who = name.entity | (uint64_t)name.purpose << 32;
    uint64_t when = name.occurrence | (uint64_t)synchrony->generation << 32;
    uint64_t hash = hash_name(who, name.occurrence);
    if ((hash & synchrony->sample_mask) != 0)
        return;
    const struct slot *slot = find(synchrony, hash, who, when);
    struct slot entry = {who, when, value};
    if (slot->when >> 32 != synchrony->generation) {
        if (!synchrony->is_reference || !add(synchrony, hash, &entry))
            return;
        slot = &entry;
    }
    uint64_t digest = digest_draw(hash, value);
    result->common_count++;
    result->digest += digest;
    if (__builtin_expect(slot->value == value, 1)) {
        result->reference_digest += digest;
        return;
    }
    result->reference_digest += digest_draw(hash, slot->value);
    note_mismatch(synchrony, slot, value);
}

struct synchrony_result synchrony_result(const struct synchrony *synchrony)
{
    struct synchrony_result result = synchrony->result;
    int halvings = __builtin_popcountll(synchrony->sample_mask);
    result.checked_share = ldexp(1, -halvings);
    return result;
}
