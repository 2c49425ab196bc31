#include "sim/experiment/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

bool result_is_row_failed(const struct result *result, uint32_t replication, uint32_t variant,
                          size_t row)
{
    const struct slot_run *run = find_run(result, replication, variant);
    const struct row_column *columns = result->model->row_columns;
    CHECK(run->rows != NULL && row < run->rows->row_count);
    int64_t unit = (int64_t)row;
    bool has_all = run->rows->row_count == run->record.unit_count;
    for (size_t i = 0; i < run->rows->column_count && !has_all; i++)
        if (columns[i].role == ROW_IDENTIFIER) {
            unit = run->rows->values[row * run->rows->column_count + i];
            break;
        }
    return unit >= 0 && unit < run->record.unit_count &&
           record_is_failed(&run->record, (uint32_t)unit);
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

struct result *result_create_empty(const struct result *head)
{
    struct result *result = result_create(
        &(struct result){
            .model = head->model,
            .variants = head->variants,
            .variant_count = head->variant_count,
            .seed = head->seed,
            .first_replication = head->first_replication,
        },
        0);
    result_finish(result);
    return result;
}

const struct result *result_part(const struct result *whole, struct arena *arena, uint32_t first,
                                 uint32_t replication_count)
{
    CHECK(first <= whole->replication_count &&
          replication_count <= whole->replication_count - first);
    struct result *part = arena_take(arena, sizeof *part);
    struct result_store *store = arena_take(arena, sizeof *store);
    *store = (struct result_store){.slots = whole->store->slots + first};
    *part = (struct result){
        .model = whole->model,
        .variants = whole->variants,
        .variant_count = whole->variant_count,
        .seed = whole->seed,
        .first_replication = whole->first_replication + first,
        .replications_planned = replication_count,
        .synchrony = arena_take_array(arena, whole->variant_count, sizeof *part->synchrony),
        .store = store,
    };
    result_finish(part);
    return part;
}

static uint64_t end_of(const struct result *part)
{
    return (uint64_t)part->first_replication + part->replication_count;
}

struct result_range_text result_describe_range(uint64_t first, uint64_t end)
{
    struct result_range_text range;
    if (end == first)
        snprintf(range.text, sizeof range.text, "no replication (from %" PRIu64 " on)", first);
    else if (end == first + 1)
        snprintf(range.text, sizeof range.text, "replication %" PRIu64, first);
    else
        snprintf(range.text, sizeof range.text, "replications %" PRIu64 " to %" PRIu64, first,
                 end - 1);
    return range;
}

static bool has_same_variants(const struct result *a, const struct result *b)
{
    if (a->variant_count != b->variant_count)
        return false;
    for (uint32_t v = 0; v < a->variant_count; v++)
        if (strcmp(a->variants[v].name, b->variants[v].name) != 0)
            return false;
    return true;
}

static bool check_same_experiment(const struct result *a, const struct result *b,
                                  struct error *error)
{
    struct result_range_text in_a = result_describe_range(a->first_replication, end_of(a));
    struct result_range_text in_b = result_describe_range(b->first_replication, end_of(b));
    if (a->model != b->model)
        return error_set(
            error, ERROR_IO,
            "the parts with %s and with %s are of different models (\"%s\" and \"%s\")", in_a.text,
            in_b.text, a->model->name, b->model->name);
    if (a->seed != b->seed)
        return error_set(error, ERROR_IO,
                         "the parts with %s and with %s come from different seeds (%" PRIu64
                         " and %" PRIu64 ")",
                         in_a.text, in_b.text, a->seed, b->seed);
    if (!has_same_variants(a, b))
        return error_set(error, ERROR_IO, "the parts with %s and with %s have different variants",
                         in_a.text, in_b.text);
    return true;
}

/* Check that the parts, in order of their replications, are one contiguous range of one experiment,
 * and find the part that ends it. */
static bool check_parts(struct result *const *parts, size_t part_count, const struct result **last,
                        struct error *error)
{
    const struct result *end_part = parts[0];
    for (size_t i = 1; i < part_count; i++) {
        const struct result *part = parts[i];
        uint64_t begin = part->first_replication, end = end_of(end_part);
        if (!check_same_experiment(parts[0], part, error))
            return false;
        if (part->replication_count == 0 && begin < end)
            continue;
        if (begin < end) {
            uint64_t overlap_end = end_of(part) < end ? end_of(part) : end;
            return error_set(error, ERROR_IO, "more than one part has %s; leave one of them out",
                             result_describe_range(begin, overlap_end).text);
        }
        if (begin > end)
            return error_set(error, ERROR_IO,
                             "no part has %s; add the missing part, or simulate it",
                             result_describe_range(end, begin).text);
        end_part = part;
    }
    *last = end_part;
    return true;
}

static int compare_parts(const void *a, const void *b)
{
    const struct result *const *first = a;
    const struct result *const *second = b;
    uint32_t first_begin = (*first)->first_replication;
    uint32_t second_begin = (*second)->first_replication;
    if (first_begin != second_begin)
        return first_begin < second_begin ? -1 : 1;
    uint32_t first_count = (*first)->replication_count;
    uint32_t second_count = (*second)->replication_count;
    return (first_count > second_count) - (first_count < second_count);
}

static struct result *join_sorted(struct result *const *sorted, size_t part_count,
                                  uint32_t replication_count)
{
    struct result head = *sorted[0];
    head.replications_planned = replication_count;
    head.history_hash = 0;
    head.memory_bytes = 0;
    struct result *joined = result_create(&head, 0);
    struct result_store *store = joined->store;
    store->parts = arena_take_array(store->arena, part_count, sizeof(struct result *));
    memcpy(store->parts, sorted, part_count * sizeof(struct result *));
    store->part_count = part_count;
    for (size_t i = 0; i < part_count; i++) {
        const struct result *part = sorted[i];
        uint32_t offset = part->first_replication - head.first_replication;
        for (uint32_t r = 0; r < part->replication_count; r++)
            store->slots[offset + r] = part->store->slots[r];
        joined->memory_bytes += part->memory_bytes;
    }
    result_finish(joined);
    return joined;
}

/* Of all parts together, in the plan of the last one. */
static bool find_plan(const struct result *first, const struct result *last, uint32_t *planned,
                      struct error *error)
{
    uint64_t all =
        (uint64_t)last->first_replication - first->first_replication + last->replications_planned;
    if (all > UINT32_MAX)
        return error_set(error, ERROR_IO, "%" PRIu64 " planned replications are more than %" PRIu32,
                         all, UINT32_MAX);
    *planned = (uint32_t)all;
    return true;
}

bool result_join(struct result **joined, struct result *const *parts, size_t part_count,
                 struct error *error)
{
    CHECK(part_count > 0);
    struct arena *arena = arena_create("parts of a result", 0);
    struct result **sorted = arena_take_array(arena, part_count, sizeof(struct result *));
    memcpy(sorted, parts, part_count * sizeof(struct result *));
    qsort(sorted, part_count, sizeof(struct result *), compare_parts);
    const struct result *first = sorted[0], *last = first;
    uint32_t planned = 0;
    bool is_good =
        check_parts(sorted, part_count, &last, error) && find_plan(first, last, &planned, error);
    if (is_good) {
        *joined =
            join_sorted(sorted, part_count, (uint32_t)(end_of(last) - first->first_replication));
        result_plan(*joined, planned);
    }
    arena_destroy(arena);
    return is_good;
}

void result_destroy(struct result *result)
{
    if (result == NULL)
        return;
    struct result_store *store = result->store;
    for (size_t i = 0; i < store->part_count; i++)
        result_destroy(store->parts[i]);
    for (uint32_t i = 0; i < store->thread_count; i++)
        arena_destroy(store->thread_arenas[i]);
    arena_destroy(store->arena);
}
