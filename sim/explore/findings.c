#include "sim/explore/findings.h"

#include <string.h>

#include "sim/base/check.h"

const char *const search_kind_names[] = {
    [SEARCH_TYPICAL] = "typical",
    [SEARCH_RANDOM] = "random",
    [SEARCH_EXHAUSTIVE] = "exhaustive",
    [SEARCH_ORDER] = "order",
};

struct findings *findings_create(struct arena *arena)
{
    struct findings *findings = arena_take(arena, sizeof *findings);
    findings->arena = arena;
    return findings;
}

static struct found *find(const struct findings *findings, uint64_t signature)
{
    for (uint32_t i = 0; i < findings->count; i++)
        if (findings->items[i].signature == signature)
            return &findings->items[i];
    return NULL;
}

/* Is this schedule better than the one that is kept? On equal terms the earlier one stays. */
static bool is_better(uint32_t deviation_count, double tail_log10, const struct found *kept)
{
    if (deviation_count != kept->deviation_count)
        return deviation_count < kept->deviation_count;
    return tail_log10 > kept->tail_log10;
}

static const struct deviation *copy_schedule(struct arena *arena, const struct found *found)
{
    size_t count = found->deviation_count;
    struct deviation *copy = arena_take_array(arena, count, sizeof *copy);
    if (count > 0)
        memcpy(copy, found->deviations, count * sizeof *copy);
    return copy;
}

/* Return a fresh entry, or NULL when the table is full. */
static struct found *append(struct findings *findings)
{
    if (findings->count == FINDINGS_MAX)
        return NULL;
    if (findings->count == findings->room) {
        uint32_t room = findings->room == 0 ? 8 : 2 * findings->room;
        struct found *items = arena_take_array(findings->arena, room, sizeof *items);
        if (findings->count > 0)
            memcpy(items, findings->items, findings->count * sizeof *items);
        findings->items = items;
        findings->room = room;
    }
    return &findings->items[findings->count++];
}

void findings_add(struct findings *findings, const struct found *found)
{
    findings->failed_count += found->count;
    struct found *kept = find(findings, found->signature);
    if (kept == NULL) {
        kept = append(findings);
        if (kept == NULL) {
            findings->unlisted_count += found->count;
            return;
        }
        *kept = *found;
        kept->deviations = copy_schedule(findings->arena, found);
        return;
    }
    struct found better = *found;
    better.count += kept->count;
    better.search = kept->search;
    better.first_run = kept->first_run;
    kept->count = better.count;
    if (!is_better(found->deviation_count, found->tail_log10, kept))
        return;
    better.deviations = copy_schedule(findings->arena, found);
    *kept = better;
}

void findings_merge(struct findings *into, const struct findings *from)
{
    for (uint32_t i = 0; i < from->count; i++)
        findings_add(into, &from->items[i]);
    into->failed_count += from->unlisted_count;
    into->unlisted_count += from->unlisted_count;
}

const uint32_t *findings_by_rank(const struct findings *findings, struct arena *arena)
{
    uint32_t *ranks = arena_take_array(arena, findings->count, sizeof *ranks);
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct found *found = &findings->items[i];
        uint32_t place = i;
        while (place > 0 && is_better(found->deviation_count, found->tail_log10,
                                      &findings->items[ranks[place - 1]])) {
            ranks[place] = ranks[place - 1];
            place--;
        }
        ranks[place] = i;
    }
    return ranks;
}

static bool verify(const struct found *found, struct probe *probe, struct error *error)
{
    for (uint32_t pass = 1; pass <= 2; pass++) {
        struct probe_result result;
        if (!probe_run(probe, found->deviations, found->deviation_count, &result, error))
            return error_context(error, "replaying a finding");
        if (result.unused_count > 0)
            return error_set(error, ERROR_INTERNAL,
                             "%u of the %u deviations of a finding were not asked for when it was "
                             "replayed; the engine or the model draws for itself",
                             result.unused_count, found->deviation_count);
        if (result.history_hash != found->history_hash ||
            probe_signature(&result) != found->signature) {
            error_set(
                error, ERROR_INTERNAL,
                "a finding with %u deviations had the history %016llx and, replayed, has %016llx; "
                "the engine or the model is not a function of its inputs, so nothing that was "
                "found can be trusted: look for clocks, addresses and memory kept between runs",
                found->deviation_count, (unsigned long long)found->history_hash,
                (unsigned long long)result.history_hash);
            return probe_blame(probe_options(probe), error);
        }
    }
    return true;
}

bool findings_verify(const struct findings *findings, struct probe *probe, struct error *error)
{
    for (uint32_t i = 0; i < findings->count; i++)
        if (!verify(&findings->items[i], probe, error))
            return false;
    return true;
}
