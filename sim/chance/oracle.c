#include "sim/chance/oracle.h"

#include <math.h>

#include "sim/base/check.h"

const struct purpose *purpose_find(const struct purpose *table, uint32_t number)
{
    for (; table->name != NULL; table++)
        if (table->number == number)
            return table;
    return NULL;
}

/* Open addressing; `slots` hold an index into `overrides` plus 1, or 0. */
struct oracle_table {
    size_t count;
    size_t slot_mask;
    const struct oracle_override *overrides;
    uint64_t *uses;
    const uint32_t *slots;
};

static size_t hash_name(struct draw_name name)
{
    uint64_t hash = ((uint64_t)name.entity << 32 | name.occurrence) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= (hash >> 32) ^ (uint64_t)name.purpose * UINT64_C(0xd6e8feb86659fd93);
    return (size_t)(hash * UINT64_C(0xff51afd7ed558ccd) >> 32);
}

static bool is_same_name(struct draw_name a, struct draw_name b)
{
    return a.entity == b.entity && a.purpose == b.purpose && a.occurrence == b.occurrence;
}

/* The slot of a name: where it stands, or the free one where it would be put. */
static size_t find_slot(const struct oracle_table *table, struct draw_name name)
{
    size_t i = hash_name(name) & table->slot_mask;
    while (table->slots[i] != 0 && !is_same_name(table->overrides[table->slots[i] - 1].name, name))
        i = (i + 1) & table->slot_mask;
    return i;
}

struct oracle_table *oracle_table_create(struct arena *arena,
                                         const struct oracle_override *overrides, size_t count,
                                         struct error *error)
{
    CHECK(count < UINT32_MAX / 4);
    struct oracle_table *table = arena_take(arena, sizeof *table);
    struct oracle_override *copies = arena_take_array(arena, count, sizeof *copies);
    size_t slot_count = 4;
    while (slot_count < 2 * count)
        slot_count *= 2;
    uint32_t *slots = arena_take_array(arena, slot_count, sizeof *slots);
    *table = (struct oracle_table){.count = count,
                                   .slot_mask = slot_count - 1,
                                   .overrides = copies,
                                   .uses = arena_take_array(arena, count, sizeof(uint64_t)),
                                   .slots = slots};
    for (size_t i = 0; i < count; i++) {
        struct draw_name name = overrides[i].name;
        copies[i] = overrides[i];
        if (copies[i].kind == ORACLE_OVERRIDE_U && !(copies[i].u > 0 && copies[i].u < 1)) {
            error_set(error, ERROR_SCENARIO,
                      "override %zu (entity %u, purpose %u, occurrence %u): u is %g but must be "
                      "between 0 and 1",
                      i + 1, name.entity, name.purpose, name.occurrence, copies[i].u);
            return NULL;
        }
        size_t slot = find_slot(table, name);
        if (slots[slot] != 0) {
            error_set(error, ERROR_SCENARIO,
                      "override %zu names the draw of override %u again (entity %u, purpose %u, "
                      "occurrence %u)",
                      i + 1, slots[slot], name.entity, name.purpose, name.occurrence);
            return NULL;
        }
        slots[slot] = (uint32_t)i + 1;
    }
    return table;
}

uint64_t oracle_table_uses(const struct oracle_table *table, size_t index)
{
    CHECK(index < table->count);
    return table->uses[index];
}

size_t oracle_table_unused_count(const struct oracle_table *table)
{
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++)
        count += table->uses[i] == 0;
    return count;
}

void oracle_table_reset_uses(struct oracle_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        table->uses[i] = 0;
}

/* The override of a draw, whose use is counted, or NULL. */
static const struct oracle_override *look_up(const struct oracle *oracle, struct draw_name name)
{
    struct oracle_table *table = oracle->table;
    if (__builtin_expect(table == NULL, 1))
        return NULL;
    uint32_t index = table->slots[find_slot(table, name)];
    if (index == 0)
        return NULL;
    table->uses[index - 1]++;
    return &table->overrides[index - 1];
}

static void note(const struct oracle *oracle, struct draw_name name, uint64_t value)
{
    if (oracle->synchrony != NULL)
        synchrony_note(oracle->synchrony, name, value);
}

/* The u of a draw: from its override if there is one, else its own. */
static double answer(const struct oracle *oracle, struct draw_name name,
                     const struct oracle_override *override)
{
    if (override != NULL)
        return override->u;
    return draw_uniform(oracle->seed, oracle->replication, name);
}

static bool has_value(const struct oracle_override *override)
{
    return override != NULL && override->kind == ORACLE_OVERRIDE_VALUE;
}

double oracle_uniform(struct oracle *oracle, struct draw_name name)
{
    const struct oracle_override *override = look_up(oracle, name);
    oracle->draw_count++;
    double u = has_value(override) ? draw_uniform_from_bits((uint64_t) override->value << 12)
                                   : answer(oracle, name, override);
    note(oracle, name, (uint64_t)(u * 0x1p53));
    return u;
}

int64_t oracle_delay_ns(struct oracle *oracle, struct draw_name name, const struct dist *dist)
{
    const struct oracle_override *override = look_up(oracle, name);
    oracle->draw_count++;
    int64_t delay_ns;
    if (has_value(override))
        delay_ns = override->value < 0                      ? 0
                   : override->value < DIST_DURATION_MAX_NS ? override->value
                                                            : DIST_DURATION_MAX_NS;
    else if (dist_is_constant(dist))
        delay_ns = dist_duration_ns(dist, 0.5);
    else
        delay_ns = dist_duration_ns(dist, answer(oracle, name, override));
    note(oracle, name, (uint64_t)delay_ns);
    return delay_ns;
}

int64_t oracle_count(struct oracle *oracle, struct draw_name name, const struct dist *dist)
{
    const struct oracle_override *override = look_up(oracle, name);
    oracle->draw_count++;
    int64_t count;
    if (has_value(override))
        count = override->value;
    else if (dist_is_constant(dist))
        count = dist_count(dist, 0.5);
    else
        count = dist_count(dist, answer(oracle, name, override));
    note(oracle, name, (uint64_t)count);
    return count;
}

bool oracle_happens(struct oracle *oracle, struct draw_name name, double probability)
{
    CHECK(probability >= 0 && probability <= 1);
    const struct oracle_override *override = look_up(oracle, name);
    oracle->draw_count++;
    bool happens;
    if (has_value(override))
        happens = override->value != 0;
    else if (probability <= 0 || probability >= 1)
        happens = probability >= 1;
    else
        happens = answer(oracle, name, override) >= 1 - probability;
    note(oracle, name, happens);
    return happens;
}

uint32_t oracle_pick(struct oracle *oracle, struct draw_name name, uint32_t count)
{
    CHECK(count > 0);
    const struct oracle_override *override = look_up(oracle, name);
    oracle->draw_count++;
    uint32_t pick = 0;
    if (has_value(override)) {
        pick = override->value < 0       ? 0
               : override->value < count ? (uint32_t) override->value
                                         : count - 1;
    } else if (count > 1) {
        pick = (uint32_t)(answer(oracle, name, override) * count);
        pick = pick < count ? pick : count - 1;
    }
    note(oracle, name, pick);
    return pick;
}

/* 64 bits of a draw; an override's u becomes the bits whose uniform it is. */
static uint64_t answer_bits(struct oracle *oracle, struct draw_name name)
{
    const struct oracle_override *override = look_up(oracle, name);
    oracle->draw_count++;
    if (override == NULL)
        return draw_bits(oracle->seed, oracle->replication, name);
    return has_value(override) ? (uint64_t) override->value : (uint64_t)(override->u * 0x1p64);
}

uint64_t oracle_entropy(struct oracle *oracle, struct draw_name name)
{
    return answer_bits(oracle, name);
}

uint64_t oracle_tie(struct oracle *oracle, struct draw_name name)
{
    return answer_bits(oracle, name);
}
