#include "sim/experiment/result.h"

#include <string.h>

#include "sim/base/check.h"
#include "sim/experiment/slots.h"

struct result *result_create(const struct result *head, uint32_t thread_count)
{
    struct arena *arena = arena_create("result", 0);
    struct result *result = arena_take(arena, sizeof *result);
    *result = *head;
    result->synchrony = arena_take_array(arena, head->variant_count, sizeof *result->synchrony);
    struct result_store *store = arena_take(arena, sizeof *store);
    store->arena = arena;
    store->thread_count = thread_count;
    store->thread_arenas = arena_take_array(arena, thread_count, sizeof *store->thread_arenas);
    for (uint32_t i = 0; i < thread_count; i++)
        store->thread_arenas[i] = arena_create("records of a thread", 0);
    /* One slot more than needed leaves room to begin at a multiple of the size. */
    unsigned char *bytes =
        arena_take_array(arena, (size_t)head->replications_planned + 1, SLOT_SIZE_BYTES);
    size_t over = (uintptr_t)bytes % SLOT_SIZE_BYTES;
    store->slots = (struct slot *)(void *)(bytes + (over == 0 ? 0 : SLOT_SIZE_BYTES - over));
    result->store = store;
    return result;
}

/* Fold a word into a hash, order-dependent: the finaliser of SplitMix64 over the sum. */
static uint64_t fold(uint64_t hash, uint64_t word)
{
    uint64_t x = hash * 3 + word + 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static void add_synchrony(struct result_synchrony *synchrony, const struct slot_run *run)
{
    synchrony->common_count += run->common_count;
    synchrony->digest = fold(synchrony->digest, run->digest);
    synchrony->digest_first = fold(synchrony->digest_first, run->reference_digest);
    if (run->checked_share < synchrony->checked_share_min)
        synchrony->checked_share_min = run->checked_share;
}

void result_finish(struct result *result)
{
    const struct result_store *store = result->store;
    uint32_t count = 0;
    while (count < result->replications_planned && store->slots[count].is_done)
        count++;
    result->replication_count = count;
    result->is_partial = count < result->replications_planned;
    for (uint32_t v = 0; v < result->variant_count; v++)
        result->synchrony[v].checked_share_min = 1;
    for (uint32_t r = 0; r < count; r++)
        for (uint32_t v = 0; v < result->variant_count; v++) {
            const struct slot_run *run = &store->slots[r].runs[v];
            result->history_hash = fold(result->history_hash, run->record.history_hash);
            if (v > 0)
                add_synchrony(&result->synchrony[v], run);
        }
}

static const struct slot_run *find_run(const struct result *result, uint32_t replication,
                                       uint32_t variant)
{
    CHECK(replication < result->replication_count);
    CHECK(variant < result->variant_count);
    return &result->store->slots[replication].runs[variant];
}

const struct record *result_record(const struct result *result, uint32_t replication,
                                   uint32_t variant)
{
    return &find_run(result, replication, variant)->record;
}

const struct row_table *result_rows(const struct result *result, uint32_t replication,
                                    uint32_t variant)
{
    return find_run(result, replication, variant)->rows;
}

int result_find_metric(const struct result *result, const char *name)
{
    for (size_t i = 0; i < result->model->metric_count; i++)
        if (strcmp(result->model->metrics[i].name, name) == 0)
            return (int)i;
    return -1;
}

int result_find_variant(const struct result *result, const char *name)
{
    for (uint32_t i = 0; i < result->variant_count; i++)
        if (strcmp(result->variants[i].name, name) == 0)
            return (int)i;
    return -1;
}

void result_destroy(struct result *result)
{
    if (result == NULL)
        return;
    struct result_store *store = result->store;
    for (uint32_t i = 0; i < store->thread_count; i++)
        arena_destroy(store->thread_arenas[i]);
    arena_destroy(store->arena);
}
