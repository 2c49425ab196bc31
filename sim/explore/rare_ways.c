/* rare_ways.c - what else fails, when what is known to fail is kept from happening. */
#include "sim/explore/random.h"
#include "sim/explore/rare.h"
#include "sim/explore/shrink.h"

enum { RUNS_DEFAULT = 20000, POLISH_RUNS_MAX = 2000, ROUNDS_MAX = 16 };

struct ways {
    const struct rare_ways_options *options;
    struct search_options search; /* With the draws of what is known kept typical. */
    struct arena *arena;
    struct probe *probe;
    struct rare_schedule *schedules; /* [RARE_SCHEDULES_MAX] */
    size_t count;
};

/* Keep the draw of a schedule typical that deviates furthest: without it, it does not happen. A
 * schedule without a deviation cannot be kept from happening. */
static bool exclude(struct ways *ways, const struct rare_schedule *schedule, struct error *error)
{
    struct probe_result result;
    if (!probe_run(ways->probe, schedule->deviations, schedule->count, &result, error))
        return false;
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(ways->probe, &asked_count);
    double least = 2;
    uint32_t purpose = 0;
    for (size_t i = 0; i < schedule->count; i++) {
        const struct deviation *deviation = &schedule->deviations[i];
        const struct oracle_asked *draw = likelihood_find(asked, asked_count, deviation->name);
        if (draw == NULL || !search_includes(&ways->search, deviation->name.purpose))
            continue;
        double tail = oracle_asked_tail(draw, deviation->value);
        purpose = tail < least ? deviation->name.purpose : purpose;
        least = tail < least ? tail : least;
    }
    if (least <= 1 && ways->search.excluded_count < SEARCH_EXCLUDED_MAX)
        ways->search.excluded_purposes[ways->search.excluded_count++] = purpose;
    return true;
}

/* Reduce what was found to the deviations that it needs, of the draws that the search may use: the
 * others would lead back to what is known. */
static bool add_found(struct ways *ways, const struct found *found, struct error *error)
{
    struct shrink_options options = {.probe = ways->search.probe,
                                     .polish_run_max = POLISH_RUNS_MAX,
                                     .excluded = ways->search.excluded_purposes,
                                     .excluded_count = ways->search.excluded_count,
                                     .keep_topology = true,
                                     .interrupted = ways->search.interrupted};
    struct shrink_result shrunk;
    if (!shrink_schedule(&options, found->deviations, found->deviation_count, found->signature,
                         ways->arena, &shrunk, error))
        return false;
    struct rare_schedule *schedule = &ways->schedules[ways->count++];
    *schedule = (struct rare_schedule){shrunk.deviations, shrunk.count};
    return exclude(ways, schedule, error);
}

/* One search. `*is_new` receives whether it found anything that can be kept from happening. */
static bool look(struct ways *ways, struct error *error, bool *is_new)
{
    struct arena *arena = arena_create("other ways to fail", 0);
    struct findings *findings = findings_create(arena);
    struct random_options random = {
        .run_count = ways->options->run_count > 0 ? ways->options->run_count : RUNS_DEFAULT};
    struct random_result result;
    bool is_good = random_search(&ways->search, &random, findings, &result, error);
    uint32_t excluded_count = ways->search.excluded_count;
    for (uint32_t i = 0; is_good && i < findings->count && ways->count < RARE_SCHEDULES_MAX; i++)
        is_good = add_found(ways, &findings->items[i], error);
    *is_new = ways->search.excluded_count > excluded_count;
    arena_destroy(arena);
    return is_good;
}

bool rare_find_ways(const struct rare_ways_options *options, struct arena *arena,
                    struct rare_schedule schedules[RARE_SCHEDULES_MAX], size_t *count,
                    struct error *error)
{
    struct ways ways = {.options = options,
                        .search = *options->search,
                        .arena = arena,
                        .probe = probe_create(options->search->probe),
                        .schedules = schedules};
    bool is_good = true, is_new = true;
    for (size_t i = 0; i < options->known_count && i < RARE_SCHEDULES_MAX && is_good; i++) {
        schedules[ways.count++] = options->known[i];
        is_good = exclude(&ways, &options->known[i], error);
    }
    for (uint32_t round = 0;
         round < ROUNDS_MAX && is_good && is_new && ways.count < RARE_SCHEDULES_MAX &&
         ways.search.excluded_count < SEARCH_EXCLUDED_MAX;
         round++) {
        ways.search.seed = options->search->seed + round + 1;
        is_good = look(&ways, error, &is_new);
    }
    probe_destroy(ways.probe);
    if (is_good)
        *count = ways.count;
    return is_good;
}
