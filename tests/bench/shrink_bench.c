/* shrink_bench.c - from a failing wave of 300 SDDCs to its core, and the probability of what is
 * rare.
 *
 * shrink.replication_s is one whole shrinking: the wave is run once as it was drawn, one SDDC taken
 * out of it, reduced to one deviation, polished and verified; shrink.runs is how many runs that
 * took. The replications rotate.
 *
 * rare.cost_ratio compares importance sampling with plain Monte Carlo at equal width of the
 * interval where a failure has a probability of 1e-6, in the world of the race: all durations
 * constant but connect. It is the ratio of the variances of one run, times that of the costs of one
 * run; plain Monte Carlo's variance is p (1 - p), from the closed form.
 */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>

#include "models/rcesim/format/configure.h"
#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "models/vmc/purpose.h"
#include "sim/explore/rare.h"
#include "sim/explore/shrink.h"
#include "tests/bench/bench.h"

static void die(const struct error *error)
{
    fprintf(stderr, "shrink_bench: %s\n", error->message);
    exit(1);
}

static struct configuration *load(struct arena *arena, const char *const *values, size_t count)
{
    struct error error = {0};
    struct configuration *configuration;
    struct scenario_source source = {
        .file_name = "scenarios/phase2-race.yaml", .overrides = values, .override_count = count};
    if (!configure_load(&configuration, arena, &source, &error))
        die(&error);
    return configuration;
}

static struct probe_options probe_of(const struct configuration *configuration)
{
    return (struct probe_options){.model = &vmc_model,
                                  .parameters = configuration->variants[0].parameters,
                                  .unit = MODEL_ALL_UNITS};
}

static void bench_shrink(struct arena *arena)
{
    enum { REPLICATIONS = 10 };
    struct configuration *configuration = load(arena, NULL, 0);
    struct probe_options probe = probe_of(configuration);
    double best_s = 1e300, worst_s = 0;
    uint64_t runs = 0;
    for (uint32_t replication = 0; replication < REPLICATIONS; replication++) {
        struct arena *own = arena_create("bench", 0);
        struct shrink_result result;
        struct error error = {0};
        int64_t start_ns = bench_now_ns();
        if (!shrink_replication(&(struct shrink_options){.probe = &probe},
                                &(struct shrink_replication){.seed = configuration->seed,
                                                             .replication = replication,
                                                             .unit = SHRINK_ANY_UNIT},
                                own, &result, &error))
            die(&error);
        double elapsed_s = (double)(bench_now_ns() - start_ns) * 1e-9;
        best_s = fmin(best_s, elapsed_s);
        worst_s = fmax(worst_s, elapsed_s);
        for (int i = 0; i < SHRINK_PHASE_COUNT; i++)
            runs += result.run_counts[i];
        arena_destroy(own);
    }
    bench_print("shrink.replication_s", best_s, "s");
    bench_print("shrink.replication_worst_s", worst_s, "s");
    bench_print("shrink.runs", (double)runs / REPLICATIONS, "count");
}

static struct rare_result estimate(const struct rare_options *options, double *ns_per_run)
{
    struct rare_result result;
    struct error error = {0};
    int64_t start_ns = bench_now_ns();
    if (!rare_estimate(options, &result, &error))
        die(&error);
    *ns_per_run =
        (double)(bench_now_ns() - start_ns) / (double)(result.run_count + result.pilot_count);
    return result;
}

#define CONNECT_1E6 "provisioning.connect=lognormal(median=18min, sigma=0.077359973828)"

/* The latest connect that a race forgives is what shrinking finds; sigma makes the rest 1e-6. */
static void bench_rare(struct arena *arena)
{
    static const char *const values[] = {"fleet.sddcs=1",
                                         "fleet.clusters_per_sddc=1",
                                         "fleet.hosts_per_cluster=2",
                                         "fleet.temporary_host.share=100%",
                                         "provisioning.boot=0s",
                                         CONNECT_1E6,
                                         "provisioning.configure=4min",
                                         "provisioning.capacity_outage=null",
                                         "phase1.control_plane=3h",
                                         "phase2.update_host=50min",
                                         "phase3.network=45min",
                                         "maintenance.evacuate=5min",
                                         "maintenance.exit=2min",
                                         "maintenance.resync=3min",
                                         "host_service.latency=0s",
                                         "host_service.callback.delay=0s",
                                         "host_service.callback.loss=0",
                                         "host_service.callback.duplicate=0"};
    const double truth = 1e-6;
    struct configuration *configuration = load(arena, values, sizeof values / sizeof values[0]);
    struct probe_options probe = probe_of(configuration);
    struct deviation slow = {{entity_of_cluster(0, 0), PURPOSE_CONNECT, 0}, 29 * UNITS_MIN};
    struct shrink_result shrunk;
    struct probe_result run;
    struct error error = {0};
    struct probe *runs = probe_create(&probe);
    bool is_good = probe_run(runs, &slow, 1, &run, &error);
    probe_destroy(runs);
    if (!is_good || !shrink_schedule(&(struct shrink_options){.probe = &probe}, &slow, 1,
                                     probe_signature(&run), arena, &shrunk, &error))
        die(&error);
    struct rare_schedule schedule = {shrunk.deviations, shrunk.count};
    struct rare_options options = {
        .probe = &probe, .run_count = 100000, .pilot_count = 10000, .seed = 20261123};
    double plain_ns, tilted_ns;
    estimate(&options, &plain_ns);
    options.schedules = &schedule;
    options.schedule_count = 1;
    struct rare_result result = estimate(&options, &tilted_ns);
    double cost_ratio = truth * (1 - truth) / result.variance * plain_ns / tilted_ns;
    bench_print("rare.cost_ratio", cost_ratio, "ratio");
    bench_print("rare.estimate_over_truth", result.probability.estimate / truth, "ratio");
    bench_print("rare.ns_per_run", tilted_ns, "ns");
}

int main(void)
{
    gsl_set_error_handler_off();
    struct arena *arena = arena_create("bench", 0);
    bench_shrink(arena);
    bench_rare(arena);
    arena_destroy(arena);
    return 0;
}
