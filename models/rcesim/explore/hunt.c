#include "models/rcesim/explore/hunt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/rcesim/explore/hunt_finding.h"
#include "models/rcesim/format/domain.h"
#include "models/vmc/model.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

const char *const hunt_search_names[HUNT_SEARCH_COUNT] = {"exhaustive", "random", "order"};

static const char *const counted[PROBE_SCOPE_COUNT] = {
    [PROBE_ALL] = "any failed workflow or broken invariant",
    [PROBE_SAFETY] = "broken invariants",
    [PROBE_FAILURE] = "failed workflows; broken invariants are not looked at",
};

bool hunt_prepare(struct hunt *hunt, struct error *error)
{
    const struct hunt_request *request = &hunt->request;
    struct scope_request scope = {
        .file = hunt->study.options->files.items[0],
        .overrides = &hunt->study.options->overrides,
        .variant = request->variant,
    };
    struct scope_topology topology = request->topology;
    topology.is_as_scenario = topology.is_as_scenario || request->has_replication;
    if (!scope_load_sized(&hunt->scope, hunt->study.arena, &scope, &topology, &hunt->scope_words,
                          error))
        return false;
    const struct configuration *configuration = hunt->scope.configuration;
    if (request->shrink_run_max == 0)
        hunt->request.shrink_run_max =
            hunt_is_process(hunt) ? HUNT_SHRINK_RUNS_OF_PROCESS : HUNT_SHRINK_RUNS;
    if (request->shrunk_max == HUNT_SHRUNK_UNSAID)
        hunt->request.shrunk_max = hunt_is_linked(hunt) ? HUNT_SHRUNK_LINKED : HUNT_SHRUNK_OTHERS;
    if (request->has_replication && request->replication >= configuration->replication_count)
        return error_set(error, ERROR_USAGE,
                         "there is no replication %" PRIu32 ": the scenario has 0 to %" PRIu32,
                         request->replication, configuration->replication_count - 1);
    uint32_t unit_count = vmc_model.units_max(hunt->scope.parameters);
    if (request->has_replication && request->workflow != SHRINK_ANY_UNIT &&
        request->workflow >= unit_count)
        return error_set(error, ERROR_USAGE,
                         "there is no workflow %" PRIu32 ": the scenario has 0 to %" PRIu32,
                         request->workflow, unit_count - 1);
    hunt->probe = scope_probe(&hunt->scope, NULL);
    hunt->probe.engine = hunt->scope.engine;
    hunt->probe.scope = request->scope;
    hunt->probe.slack_ns = request->slack_ns;
    hunt->probe.asks_order = request->slack_ns > 0;
    hunt->probe.seed = configuration->seed;
    hunt->probe.interrupted = hunt->study.interrupted;
    hunt->findings = findings_create(hunt->study.arena);
    hunt->certificate = (struct certificate){
        .scope = hunt->scope_words,
        .counted = counted[request->scope],
        .model = hunt->probe.model,
        .slack_ns = request->slack_ns,
        .findings = hunt->findings,
    };
    return true;
}

/* For budgets of time and progress only; the runs that were made are counted. */
static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * UNITS_S + now.tv_nsec;
}

static void show(void *context, enum search_kind kind, uint64_t run_count, uint32_t signature_count)
{
    struct hunt *hunt = context;
    enum hunt_search search = kind == SEARCH_RANDOM  ? HUNT_RANDOM
                              : kind == SEARCH_ORDER ? HUNT_ORDER
                                                     : HUNT_EXHAUSTIVE;
    char text[96];
    snprintf(text, sizeof text, "%s search, %" PRIu32 " way%s to fail", hunt_search_names[search],
             signature_count, signature_count == 1 ? "" : "s");
    /* How many runs the exhaustive search takes is known when it is through. */
    uint64_t total = search == HUNT_EXHAUSTIVE ? 0 : hunt->request.run_max[search];
    if (hunt->request.time_ns > 0) {
        run_count = (uint64_t)(progress_elapsed_ns(&hunt->progress) / UNITS_MS);
        total = (uint64_t)(hunt->request.time_ns / UNITS_MS);
    }
    progress_show(&hunt->progress, run_count, total > 0 && total < run_count ? run_count : total,
                  text);
}

static struct search_options search_options(struct hunt *hunt)
{
    struct search_options options = {
        .probe = &hunt->probe,
        .seed = hunt->scope.configuration->seed,
        .threads = hunt->study.work->thread_count,
        .interrupted = hunt->study.interrupted,
        .excluded_count = hunt->request.excluded_count,
        .progress = show,
        .progress_context = hunt,
    };
    memcpy(options.excluded_purposes, hunt->request.excluded, sizeof options.excluded_purposes);
    return options;
}

static void note_end(struct hunt *hunt, enum hunt_search search, enum search_end end)
{
    hunt->is_made[search] = true;
    hunt->is_partial = hunt->is_partial || end == SEARCH_INTERRUPTED;
    hunt->is_out_of_time = hunt->is_out_of_time || end == SEARCH_OUT_OF_TIME;
}

static bool search_exhaustive(struct hunt *hunt, const struct search_options *options,
                              struct error *error)
{
    hunt->exhaustive_options = (struct exhaustive_options){
        .bound = hunt->request.bound,
        .grid = hunt->request.grid,
        .run_max = hunt->request.run_max[HUNT_EXHAUSTIVE],
        .without_effectless = hunt->request.without_effectless,
    };
    if (!exhaustive_search(options, &hunt->exhaustive_options, hunt->findings, &hunt->exhaustive,
                           error))
        return false;
    hunt->certificate.exhaustive_options = &hunt->exhaustive_options;
    hunt->certificate.exhaustive = &hunt->exhaustive;
    note_end(hunt, HUNT_EXHAUSTIVE, hunt->exhaustive.end);
    return true;
}

static bool search_random(struct hunt *hunt, const struct search_options *options,
                          struct error *error)
{
    struct random_options random = {.run_count = hunt->request.run_max[HUNT_RANDOM]};
    if (!random_search(options, &random, hunt->findings, &hunt->random, error))
        return false;
    hunt->certificate.random = &hunt->random;
    note_end(hunt, HUNT_RANDOM, hunt->random.end);
    return true;
}

/* The only one that asks for the order of events of one time. */
static bool search_order(struct hunt *hunt, const struct search_options *options,
                         struct error *error)
{
    enum { DEPTH = 3 };
    struct probe_options probe = hunt->probe;
    probe.asks_order = true;
    struct search_options own = *options;
    own.probe = &probe;
    struct order_options order = {.run_count = hunt->request.run_max[HUNT_ORDER], .depth = DEPTH};
    if (!order_search(&own, &order, hunt->findings, &hunt->order, error))
        return false;
    hunt->certificate.order = &hunt->order;
    note_end(hunt, HUNT_ORDER, hunt->order.end);
    return true;
}

static bool search_one(struct hunt *hunt, enum hunt_search search,
                       const struct search_options *options, struct error *error)
{
    switch (search) {
    case HUNT_EXHAUSTIVE: return search_exhaustive(hunt, options, error);
    case HUNT_RANDOM: return search_random(hunt, options, error);
    case HUNT_ORDER: return search_order(hunt, options, error);
    case HUNT_SEARCH_COUNT: break;
    }
    check_failed(__FILE__, __LINE__, "a known search");
}

static bool is_interrupted(struct hunt *hunt)
{
    bool is_now = hunt->study.interrupted != NULL && *hunt->study.interrupted != 0;
    hunt->is_partial = hunt->is_partial || is_now;
    return is_now;
}

/* A budget of time is shared: each search that is left may take an equal part of what is left. */
static bool search_all(struct hunt *hunt, struct error *error)
{
    struct search_options options = search_options(hunt);
    int64_t end_ns = clock_ns() + hunt->request.time_ns;
    int left = 0;
    /* Without the typical world there is nothing to tell: it is run whatever the time. */
    if (!search_typical(&options, hunt->findings, &hunt->typical_draw_count, error))
        return is_interrupted(hunt);
    hunt->certificate.is_typical_run = true;
    hunt->certificate.is_typical_failing = hunt->findings->count > 0;
    for (int i = 0; i < HUNT_SEARCH_COUNT; i++)
        left += hunt->request.is_wanted[i];
    for (int i = 0; i < HUNT_SEARCH_COUNT && !hunt->is_partial; i++) {
        if (!hunt->request.is_wanted[i])
            continue;
        int64_t now_ns = clock_ns();
        if (hunt->request.time_ns > 0 && now_ns >= end_ns) {
            hunt->is_out_of_time = true;
            continue;
        }
        if (hunt->request.time_ns > 0)
            options.stop_at_ns = now_ns + (end_ns > now_ns ? (end_ns - now_ns) / left : 0);
        left--;
        if (!search_one(hunt, (enum hunt_search)i, &options, error))
            return is_interrupted(hunt);
    }
    return true;
}

/* Shrinking takes its time as well: none is begun when twice the budget is over, but for the first.
 */
static bool has_time_to_shrink(struct hunt *hunt)
{
    bool is_over = hunt->request.time_ns > 0 && hunt->shrunk_count > 0 &&
                   progress_elapsed_ns(&hunt->progress) / 2 >= hunt->request.time_ns;
    hunt->is_out_of_time = hunt->is_out_of_time || is_over;
    return !is_over;
}

/* A finding of the table as one to be told, with its shrunk schedule if there is time for it. */
static bool add_found(struct hunt *hunt, const struct found *found, struct error *error)
{
    struct hunt_finding *item = &hunt->items[hunt->item_count++];
    *item = (struct hunt_finding){.found = *found, .rank = hunt->item_count};
    hunt_finding_name(hunt, item);
    if (hunt->shrunk_count >= hunt->request.shrunk_max ||
        hunt->item_count > hunt->shrunk_count + 1 || is_interrupted(hunt) ||
        !has_time_to_shrink(hunt))
        return is_interrupted(hunt) || hunt_finding_bound(hunt, item, error) ||
               is_interrupted(hunt);
    if (hunt_finding_shrink(hunt, item, error)) {
        hunt->shrunk_count++;
        return true;
    }
    /* A signal ends an engine that is a process in the midst of a run: what was found stands. */
    *item = (struct hunt_finding){.found = *found, .rank = hunt->item_count};
    hunt_finding_name(hunt, item);
    return is_interrupted(hunt);
}

/* Broken invariants first, then what was shrunk, to few deviations, the likeliest first. */
static int compare_items(const void *a, const void *b)
{
    const struct hunt_finding *x = a, *y = b;
    if (x->is_safety != y->is_safety)
        return x->is_safety ? -1 : 1;
    if (x->is_shrunk != y->is_shrunk)
        return x->is_shrunk ? -1 : 1;
    if (!x->is_shrunk)
        return x->rank < y->rank ? -1 : 1;
    uint32_t left = x->shrunk.count - x->shrunk.shape_count;
    uint32_t right = y->shrunk.count - y->shrunk.shape_count;
    if (left != right)
        return left < right ? -1 : 1;
    double more = y->shrunk.likelihood.log_probability - x->shrunk.likelihood.log_probability;
    if (more != 0)
        return more < 0 ? -1 : 1;
    return x->rank < y->rank ? -1 : 1;
}

static bool take_findings(struct hunt *hunt, struct error *error)
{
    struct arena *arena = hunt->study.arena;
    const struct findings *findings = hunt->findings;
    hunt->items = arena_take_array(arena, findings->count + 1, sizeof *hunt->items);
    struct probe_options options = hunt->probe;
    options.asks_order = true;
    struct probe *probe = probe_create(&options);
    bool is_good = findings_verify(findings, probe, error) || is_interrupted(hunt);
    probe_destroy(probe);
    const uint32_t *ranks = findings_by_rank(findings, arena);
    /* Harm comes first, also where only so many are shrunk. */
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; is_good && i < findings->count; i++) {
            const struct found *found = &findings->items[ranks[i]];
            if (signature_is_safety(vmc_model.explore, found->signature) != (pass == 0))
                continue;
            progress_show(&hunt->progress, hunt->item_count, findings->count, "shrinking");
            is_good = add_found(hunt, found, error);
        }
    qsort(hunt->items, hunt->item_count, sizeof *hunt->items, compare_items);
    return is_good;
}

static bool take_replication(struct hunt *hunt, struct error *error)
{
    hunt->items = arena_take_array(hunt->study.arena, 1, sizeof *hunt->items);
    struct hunt_finding *item = &hunt->items[0];
    if (!hunt_finding_take(hunt, item, error))
        return false;
    hunt->item_count = 1;
    return true;
}

/* How probable it is that anything of what was found happens. */
static bool estimate_rare(struct hunt *hunt, struct error *error)
{
    struct arena *arena = hunt->study.arena;
    struct rare_schedule schedules[RARE_SCHEDULES_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < hunt->item_count && count < RARE_SCHEDULES_MAX; i++) {
        const struct hunt_finding *item = &hunt->items[i];
        if (item->is_shrunk &&
            item->shrunk.unit_count == vmc_model.units_max(hunt->probe.parameters))
            schedules[count++] =
                (struct rare_schedule){item->shrunk.deviations, item->shrunk.count};
        else if (!item->is_shrunk)
            schedules[count++] =
                (struct rare_schedule){item->found.deviations, item->found.deviation_count};
    }
    struct search_options search = search_options(hunt);
    search.progress = NULL;
    struct rare_ways_options ways = {.search = &search, .known = schedules, .known_count = count};
    if (!rare_find_ways(&ways, arena, schedules, &count, error))
        return is_interrupted(hunt);
    struct rare_options options = {
        .probe = &hunt->probe,
        .schedules = schedules,
        .schedule_count = count,
        .seed = hunt->scope.configuration->seed,
        .run_count = hunt->request.rare_run_count,
        .pilot_count = hunt->request.rare_run_count / 10,
        .confidence = hunt->scope.configuration->confidence,
        .thread_count = hunt->study.work->thread_count,
        .interrupted = hunt->study.interrupted,
    };
    struct error problem;
    if (rare_estimate(&options, &hunt->rare, &problem)) {
        hunt->has_rare = true;
        return true;
    }
    hunt->is_partial = hunt->is_partial || problem.code == ERROR_INTERRUPTED;
    return problem.code == ERROR_INTERRUPTED || is_interrupted(hunt) ||
           error_set(error, problem.code, "%s", problem.message);
}

bool hunt_run(struct hunt *hunt, struct error *error)
{
    hunt->progress = progress_start(stderr, hunt->study.work->is_quiet);
    bool is_good = hunt->request.has_replication
                       ? take_replication(hunt, error)
                       : search_all(hunt, error) && take_findings(hunt, error);
    if (is_good && hunt->request.is_rare && !hunt->is_partial)
        is_good = estimate_rare(hunt, error);
    progress_end(&hunt->progress);
    return is_good;
}

uint64_t hunt_run_count(const struct hunt *hunt)
{
    uint64_t count = hunt->certificate.is_typical_run;
    if (hunt->is_made[HUNT_EXHAUSTIVE])
        count += hunt->exhaustive.runs_total;
    if (hunt->is_made[HUNT_RANDOM])
        count += hunt->random.run_count;
    if (hunt->is_made[HUNT_ORDER])
        count += hunt->order.run_count;
    for (uint32_t i = 0; hunt->request.has_replication && i < hunt->item_count; i++)
        for (int phase = 0; phase < SHRINK_PHASE_COUNT; phase++)
            count += hunt->items[i].shrunk.run_counts[phase];
    return count;
}
