#include "sim/chance/oracle.h"

#include <string.h>

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
    size_t count, room;
    size_t slot_mask;
    struct oracle_override *overrides;
    uint64_t *uses;
    uint32_t *slots;
    uint64_t filter; /* filter_bit of all names: most draws are in no table of a few. */
    struct arena *arena;
};

/* The slot of a name with this hash: where it stands, or the free one where it would be put. */
static size_t find_slot(const struct oracle_table *table, struct draw_name name, uint32_t hash)
{
    size_t i = hash & table->slot_mask;
    while (table->slots[i] != 0 &&
           !draw_name_equals(table->overrides[table->slots[i] - 1].name, name))
        i = (i + 1) & table->slot_mask;
    return i;
}

/* The bit of a hash in the filter; of other bits than those that choose the slot. */
static uint64_t filter_bit(uint32_t hash)
{
    return UINT64_C(1) << (hash >> 26);
}

/* Make room for `count` overrides. */
static void make_room(struct oracle_table *table, size_t count)
{
    CHECK(count < UINT32_MAX / 4);
    size_t slot_count = 4;
    while (slot_count < 2 * count)
        slot_count *= 2;
    if (count > table->room || table->slots == NULL) {
        table->room = slot_count / 2;
        table->overrides = arena_take_array(table->arena, table->room, sizeof *table->overrides);
        table->uses = arena_take_array(table->arena, table->room, sizeof *table->uses);
        table->slots = arena_take_array(table->arena, slot_count, sizeof *table->slots);
    }
    table->slot_mask = slot_count - 1;
}

/* Put an override into the table, as the one at `index`. */
static bool add_override(struct oracle_table *table, const struct oracle_override *override,
                         size_t index, struct error *error)
{
    struct draw_name name = override->name;
    if (override->kind == ORACLE_OVERRIDE_U && !(override->u > 0 && override->u < 1))
        return error_set(error, ERROR_SCENARIO,
                         "override %zu (entity %u, purpose %u, occurrence %u): u is %g but must be "
                         "between 0 and 1",
                         index + 1, name.entity, name.purpose, name.occurrence, override->u);
    uint32_t hash = draw_name_hash(name);
    size_t slot = find_slot(table, name, hash);
    if (table->slots[slot] != 0)
        return error_set(error, ERROR_SCENARIO,
                         "override %zu names the draw of override %u again (entity %u, purpose %u, "
                         "occurrence %u)",
                         index + 1, table->slots[slot], name.entity, name.purpose, name.occurrence);
    table->slots[slot] = (uint32_t)index + 1;
    table->overrides[index] = *override;
    table->uses[index] = 0;
    table->filter |= filter_bit(hash);
    return true;
}

bool oracle_table_refill(struct oracle_table *table, const struct oracle_override *overrides,
                         size_t count, struct error *error)
{
    make_room(table, count);
    table->filter = 0;
    memset(table->slots, 0, (table->slot_mask + 1) * sizeof *table->slots);
    for (table->count = 0; table->count < count; table->count++) {
        if (add_override(table, &overrides[table->count], table->count, error))
            continue;
        memset(table->slots, 0, (table->slot_mask + 1) * sizeof *table->slots);
        table->count = 0;
        return false;
    }
    return true;
}

struct oracle_table *oracle_table_create(struct arena *arena,
                                         const struct oracle_override *overrides, size_t count,
                                         struct error *error)
{
    struct oracle_table *table = arena_take(arena, sizeof *table);
    table->arena = arena;
    return oracle_table_refill(table, overrides, count, error) ? table : NULL;
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
static const struct oracle_override *look_up_hash(struct oracle_table *table, struct draw_name name,
                                                  uint32_t hash)
{
    if (table == NULL || (table->filter & filter_bit(hash)) == 0)
        return NULL;
    uint32_t index = table->slots[find_slot(table, name, hash)];
    if (index == 0)
        return NULL;
    table->uses[index - 1]++;
    return &table->overrides[index - 1];
}

static const struct oracle_override *look_up(const struct oracle *oracle, struct draw_name name)
{
    if (__builtin_expect(oracle->table == NULL, 1))
        return NULL;
    return look_up_hash(oracle->table, name, draw_name_hash(name));
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

/* Is another answer possible? */
static bool is_open(const struct oracle_asked *asked)
{
    switch (asked->kind) {
    case ORACLE_DELAY:
    case ORACLE_COUNT: return !dist_is_constant(asked->dist);
    case ORACLE_HAPPENS: return asked->probability > 0 && asked->probability < 1;
    case ORACLE_PICK: return asked->count > 1;
    case ORACLE_UNIFORM:
    case ORACLE_ENTROPY:
    case ORACLE_TIE: return true;
    }
    CHECK_UNREACHABLE("a question of an unknown kind");
}

/* What the answer would be without table and chooser, in Monte Carlo bit for bit the same. */
static int64_t base_value(const struct oracle *oracle, const struct oracle_asked *asked)
{
    const struct oracle_steering *steering = oracle->steering;
    bool is_typical =
        steering->base == ORACLE_TYPICAL || asked->kind == ORACLE_TIE ||
        (steering->typical_from_event != 0 && oracle->event_count >= steering->typical_from_event);
    if (is_typical)
        return oracle_asked_typical(asked);
    uint64_t bits = draw_bits(oracle->seed, oracle->replication, asked->name);
    if (asked->kind == ORACLE_ENTROPY)
        return (int64_t)bits;
    if (asked->kind == ORACLE_UNIFORM)
        return (int64_t)(bits >> 12);
    return oracle_asked_at(asked, draw_uniform_from_bits(bits));
}

static int64_t overridden_value(const struct oracle_asked *asked,
                                const struct oracle_override *override)
{
    return override->kind == ORACLE_OVERRIDE_U ? oracle_asked_at(asked, override->u)
                                               : oracle_asked_clamp(asked, override->value);
}

/* Answer a question under a steering. An override of a settled question counts only by value, as
 * without a steering. */
__attribute__((noinline)) static int64_t steer(struct oracle *oracle, struct oracle_asked *asked)
{
    const struct oracle_steering *steering = oracle->steering;
    bool is_late =
        steering->typical_from_event != 0 && oracle->event_count >= steering->typical_from_event;
    uint32_t hash = draw_name_hash(asked->name);
    const struct oracle_override *override =
        is_late ? NULL : look_up_hash(oracle->table, asked->name, hash);
    oracle->draw_count++;
    bool open = is_open(asked);
    if (!open && !has_value(override))
        return asked->kind == ORACLE_HAPPENS ? asked->probability >= 1
                                             : oracle_asked_typical(asked);
    asked->at_ns = oracle->now_ns;
    asked->event_count = oracle->event_count;
    asked->value = override != NULL ? overridden_value(asked, override) : base_value(oracle, asked);
    const struct oracle_chooser *chooser = steering->chooser;
    int64_t chosen;
    if (override == NULL && !is_late && chooser != NULL &&
        chooser->choose(chooser->context, asked, &chosen))
        asked->value = oracle_asked_clamp(asked, chosen);
    if (open && steering->watch != NULL)
        oracle_watch_note(steering->watch, asked, hash);
    return asked->value;
}

static inline bool is_steered(const struct oracle *oracle)
{
    return __builtin_expect(oracle->steering != NULL, 0);
}

double oracle_uniform(struct oracle *oracle, struct draw_name name)
{
    if (is_steered(oracle))
        return draw_uniform_from_bits(
            (uint64_t)steer(oracle, &(struct oracle_asked){.name = name, .kind = ORACLE_UNIFORM})
            << 12);
    const struct oracle_override *override = look_up(oracle, name);
    oracle->draw_count++;
    double u = has_value(override) ? draw_uniform_from_bits((uint64_t) override->value << 12)
                                   : answer(oracle, name, override);
    note(oracle, name, (uint64_t)(u * 0x1p53));
    return u;
}

int64_t oracle_delay_ns(struct oracle *oracle, struct draw_name name, const struct dist *dist)
{
    if (is_steered(oracle))
        return steer(oracle,
                     &(struct oracle_asked){.name = name, .kind = ORACLE_DELAY, .dist = dist});
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
    if (is_steered(oracle))
        return steer(oracle,
                     &(struct oracle_asked){.name = name, .kind = ORACLE_COUNT, .dist = dist});
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
    if (is_steered(oracle))
        return steer(oracle, &(struct oracle_asked){.name = name,
                                                    .kind = ORACLE_HAPPENS,
                                                    .probability = probability}) != 0;
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
    if (is_steered(oracle))
        return (uint32_t)steer(
            oracle, &(struct oracle_asked){.name = name, .kind = ORACLE_PICK, .count = count});
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
    if (is_steered(oracle))
        return (uint64_t)steer(oracle,
                               &(struct oracle_asked){.name = name, .kind = ORACLE_ENTROPY});
    return answer_bits(oracle, name);
}

uint64_t oracle_tie(struct oracle *oracle, struct draw_name name)
{
    return answer_bits(oracle, name);
}

void oracle_keep_place(struct oracle *oracle, int64_t due_ns)
{
    if (is_steered(oracle) && oracle->steering->watch != NULL)
        oracle_watch_note_settled(oracle->steering->watch, due_ns);
}

uint32_t oracle_put_back(struct oracle *oracle, struct draw_name name, int64_t due_ns)
{
    if (!is_steered(oracle))
        return 0;
    return (uint32_t)steer(oracle, &(struct oracle_asked){.name = name,
                                                          .kind = ORACLE_TIE,
                                                          .count = ORACLE_TIE_MAX + 1,
                                                          .due_ns = due_ns});
}
