/* explore_bench.c - how many schedules a second one thread runs: the incident's scenario with one
 * SDDC, one cluster and two hosts, its `before` and its `after` engine.
 *
 * Each schedule has two deviations, which rotate over the draws that the typical run asks, so that
 * engines take their rare ways too; every run notes what it is asked, as a search needs it.
 */
#include <stdlib.h>

#include "models/rcesim/format/configure.h"
#include "models/vmc/model.h"
#include "sim/explore/probe.h"
#include "tests/bench/bench.h"

enum { DEVIATIONS_MAX = 256 };

struct subject {
    struct probe *probe;
    struct deviation deviations[DEVIATIONS_MAX];
    size_t deviation_count;
    uint64_t event_count, run_count;
};

static void load(struct configuration **configuration, struct arena *arena)
{
    static const char *const values[] = {"fleet.sddcs=1", "fleet.clusters_per_sddc=1",
                                         "fleet.hosts_per_cluster=2",
                                         "fleet.temporary_host.share=100%"};
    struct error error = {0};
    struct scenario_source source = {.file_name = "scenarios/phase2-race.yaml",
                                     .overrides = values,
                                     .override_count = sizeof values / sizeof values[0]};
    if (!configure_load(configuration, arena, &source, &error)) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
}

static void prepare(struct subject *subject, const void *parameters)
{
    struct probe_result result;
    struct error error = {0};
    *subject = (struct subject){
        .probe = probe_create(&(struct probe_options){
            .model = &vmc_model, .parameters = parameters, .unit = MODEL_ALL_UNITS})};
    if (!probe_run(subject->probe, NULL, 0, &result, &error)) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    uint32_t count;
    const struct oracle_asked *asked = probe_asked(subject->probe, &count);
    for (uint32_t i = 0; i < count && subject->deviation_count < DEVIATIONS_MAX; i++)
        subject->deviations[subject->deviation_count++] =
            (struct deviation){asked[i].name, oracle_asked_at(&asked[i], 0.999)};
}

static int64_t run_schedules(size_t count, void *context)
{
    struct subject *subject = context;
    struct probe_result result;
    struct error error = {0};
    int64_t start_ns = bench_now_ns();
    for (size_t i = 0; i < count; i++) {
        size_t first = i % subject->deviation_count;
        size_t second =
            (first + 1 + i / subject->deviation_count % (subject->deviation_count - 1)) %
            subject->deviation_count;
        struct deviation schedule[2] = {subject->deviations[first], subject->deviations[second]};
        if (!probe_run(subject->probe, schedule, 2, &result, &error)) {
            fprintf(stderr, "%s\n", error.message);
            exit(1);
        }
        bench_keep(result.history_hash);
        subject->event_count += result.event_count;
    }
    subject->run_count += count;
    return bench_now_ns() - start_ns;
}

int main(void)
{
    struct arena *arena = arena_create("bench", 0);
    struct configuration *configuration;
    struct subject subjects[2];
    load(&configuration, arena);
    for (uint32_t i = 0; i < 2; i++)
        prepare(&subjects[i], configuration->variants[i].parameters);
    struct bench benches[] = {{.run = run_schedules, .context = &subjects[0], .count = 4000},
                              {.run = run_schedules, .context = &subjects[1], .count = 4000}};
    bench_compare(benches, 2, 5 * BENCH_REPETITION_COUNT);
    bench_print("explore.schedules_per_s", 1e9 / benches[0].best_ns, "1/s");
    bench_print("explore_after.schedules_per_s", 1e9 / benches[1].best_ns, "1/s");
    for (uint32_t i = 0; i < 2; i++) {
        double each = (double)subjects[i].event_count / (double)subjects[i].run_count;
        bench_print(i == 0 ? "explore.ns_per_event" : "explore_after.ns_per_event",
                    benches[i].best_ns / each, "ns");
    }
    for (uint32_t i = 0; i < 2; i++)
        probe_destroy(subjects[i].probe);
    arena_destroy(arena);
    return 0;
}
