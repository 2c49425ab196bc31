/* search_bench.c - what the searches make of the speed of a run: the incident's scenario with one
 * SDDC, one cluster and two hosts, and its `after` engine, counting broken invariants only.
 *
 * random_search      schedules a second, one thread
 * exhaustive_search  schedules a second that are decided, and that are run, with at most 2
 * deviations search.speedup_2   of the exhaustive search, two threads against one
 */
#include <stdlib.h>

#include "models/rcesim/format/configure.h"
#include "models/vmc/model.h"
#include "sim/explore/exhaustive.h"
#include "sim/explore/random.h"
#include "tests/bench/bench.h"

struct subject {
    struct arena *arena; /* Of findings; reset before each search. */
    struct search_options options;
    struct exhaustive_result result;
};

static _Noreturn void complain(const struct error *error)
{
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

static struct configuration *load(struct arena *arena)
{
    static const char *const values[] = {"fleet.sddcs=1", "fleet.clusters_per_sddc=1",
                                         "fleet.hosts_per_cluster=2",
                                         "fleet.temporary_host.share=100%"};
    struct error error = {0};
    struct configuration *configuration;
    struct scenario_source source = {.file_name = "scenarios/phase2-race.yaml",
                                     .overrides = values,
                                     .override_count = sizeof values / sizeof values[0]};
    if (!configure_load(&configuration, arena, &source, &error))
        complain(&error);
    return configuration;
}

static int64_t run_random(size_t count, void *context)
{
    struct subject *subject = context;
    struct error error = {0};
    struct random_result result;
    arena_reset(subject->arena);
    int64_t start_ns = bench_now_ns();
    if (!random_search(&subject->options, &(struct random_options){.run_count = count},
                       findings_create(subject->arena), &result, &error))
        complain(&error);
    return bench_now_ns() - start_ns;
}

static int64_t run_exhaustive(size_t count, void *context)
{
    struct subject *subject = context;
    struct error error = {0};
    struct exhaustive_options exhaustive = {.bound = 2, .grid = grid_default()};
    int64_t start_ns = bench_now_ns();
    for (size_t i = 0; i < count; i++) {
        arena_reset(subject->arena);
        if (!exhaustive_search(&subject->options, &exhaustive, findings_create(subject->arena),
                               &subject->result, &error))
            complain(&error);
    }
    return bench_now_ns() - start_ns;
}

int main(void)
{
    struct arena *arena = arena_create("bench", 0);
    const struct configuration *configuration = load(arena);
    struct probe_options probe = {.model = &vmc_model,
                                  .parameters = configuration->variants[1].parameters,
                                  .scope = PROBE_SAFETY,
                                  .unit = MODEL_ALL_UNITS};
    struct subject subjects[2];
    for (uint32_t i = 0; i < 2; i++)
        subjects[i] = (struct subject){.arena = arena_create("findings", 0),
                                       .options = {.probe = &probe, .seed = 1, .threads = i + 1}};
    struct bench benches[] = {{.run = run_random, .context = &subjects[0], .count = 10000},
                              {.run = run_exhaustive, .context = &subjects[0], .count = 1},
                              {.run = run_exhaustive, .context = &subjects[1], .count = 1}};
    bench_compare(benches, 3, BENCH_REPETITION_COUNT);
    const struct exhaustive_result *result = &subjects[0].result;
    double seconds = benches[1].best_ns / 1e9;
    bench_print("random_search.schedules_per_s", 1e9 / benches[0].best_ns, "1/s");
    bench_print("exhaustive_search.schedules_per_s",
                (double)exhaustive_schedule_count(result) / seconds, "1/s");
    bench_print("exhaustive_search.runs_per_s", (double)result->runs_total / seconds, "1/s");
    bench_print("search.speedup_2", benches[1].best_ns / benches[2].best_ns, "");
    for (uint32_t i = 0; i < 2; i++)
        arena_destroy(subjects[i].arena);
    arena_destroy(arena);
    return 0;
}
