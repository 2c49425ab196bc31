/* incident_bench.c - the incident scenario as a whole, and one very large wave.
 *
 * Wall time and peak memory are those of the program itself, started anew for each measurement and
 * seen from outside (wait4). Time per event, the speed-up of two threads without the program's
 * start and its chart (incident.program_speedup_2 is with them), and the shares of the layers, by
 * sampling (profile.h), are measured in this process.
 *
 * Usage: incident_bench, from the root of the tree, with RCESIM naming the program.
 */
#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

#include "models/rcesim/format/configure.h"
#include "models/vmc/model.h"
#include "sim/experiment/experiment.h"
#include "sim/experiment/threshold.h"
#include "tests/bench/bench.h"
#include "tests/bench/profile.h"
#include "tests/bench/program.h"

#define INCIDENT "scenarios/phase2-race.yaml"

static void die(const char *what)
{
    fprintf(stderr, "incident_bench: %s\n", what);
    exit(1);
}

/* `run` of the incident with these arguments. */
static struct program_usage best_of(const char *const *arguments, int repetitions)
{
    const char *all[31] = {"run", INCIDENT, "--quiet", "--force"};
    for (size_t i = 0; arguments[i] != NULL && i < 26; i++)
        all[4 + i] = arguments[i];
    struct program_usage best;
    if (!program_best_of(all, repetitions, &best))
        die("the program failed");
    return best;
}

static void bench_program(const char *out)
{
    const char *two[] = {"-o", out, "--threads=2", NULL};
    const char *one[] = {"-o", out, "--threads=1", NULL};
    struct program_usage on_two = best_of(two, 5), on_one = best_of(one, 5);
    bench_print("incident.wall_s", on_two.wall_s, "s");
    bench_print("incident.peak_mib", on_two.peak_mib, "MiB");
    bench_print("incident.program_speedup_2", on_one.wall_s / on_two.wall_s, "ratio");
    const char *before[] = {"-o",
                            out,
                            "--threads=1",
                            "--rows=none",
                            "--variant=before",
                            "--set",
                            "fleet.sddcs=100000",
                            "--set",
                            "wave.spread=24h",
                            "--set",
                            "host_service.throttle=null",
                            "--set",
                            "thresholds=null",
                            "--replications=1",
                            NULL};
    struct program_usage large = best_of(before, 3);
    bench_print("wave_100k.wall_s", large.wall_s, "s");
    bench_print("wave_100k.peak_mib", large.peak_mib, "MiB");
    before[4] = "--variant=after";
    bench_print("wave_100k_after.wall_s", best_of(before, 3).wall_s, "s");
    before[4] = "--variant=before";
    before[6] = "fleet.sddcs=100";
    before[13] = "--replications=1000";
    struct program_usage small = best_of(before, 3);
    bench_print("scale.cost_ratio", large.wall_s / small.wall_s, "ratio");
}

enum layer {
    LAYER_DRAWS,
    LAYER_CHECK,
    LAYER_QUEUE,
    LAYER_ENGINE,
    LAYER_WORLD,
    LAYER_REST,
    LAYER_COUNT
};
static const char *const layer_names[] = {"draws",  "synchrony_check", "queue",
                                          "engine", "world",           "rest"};

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

static bool begins_with(const char *name, const char *const *prefixes)
{
    for (; *prefixes != NULL; prefixes++)
        if (strncmp(name, *prefixes, strlen(*prefixes)) == 0)
            return true;
    return false;
}

/* Static functions are told by their file, the others by the prefix of their module. Functions of
 * libm have no name here; only draws use them. */
static uint32_t layer_of(const char *file, const char *function)
{
    static const char *const draw_files[] = {
        "draw.c",       "oracle.c",       "dist.c",      "dist_node.c", "dist_curve.c",
        "dist_gamma.c", "dist_mixture.c", "empirical.c", "normal.c",    NULL};
    static const char *const draws[] = {"draw_", "oracle_", "dist_", "normal_", NULL};
    static const char *const engine_files[] = {"engine.c", "plan.c",  "track.c",   "turn.c",
                                               "state.c",  "retry.c", "request.c", NULL};
    static const char *const world_files[] = {
        "model.c", "driver.c", "service.c",   "platform.c", "fleet.c",    "wave.c",     "cause.c",
        "rows.c",  "story.c",  "invariant.c", "rollout.c",  "timeline.c", "attempts.c", NULL};
    static const char *const world[] = {"world_",   "fleet_",    "wave_",      "driver_",
                                        "service_", "platform_", "invariant_", "cause_",
                                        "rows_",    "rollout_",  "timeline_",  NULL};
    static const char *const queue[] = {"sim_", "queue_", NULL};
    static const char *const queue_files[] = {"sim.c", "queue.c", NULL};
    if (*function == 0 || is_one_of(file, draw_files) || begins_with(function, draws))
        return LAYER_DRAWS;
    if (strcmp(file, "synchrony.c") == 0 || strncmp(function, "synchrony_", 10) == 0)
        return LAYER_CHECK;
    if (is_one_of(file, queue_files) || begins_with(function, queue))
        return LAYER_QUEUE;
    if (is_one_of(file, engine_files) || strncmp(function, "rce_", 4) == 0)
        return LAYER_ENGINE;
    if (is_one_of(file, world_files) || begins_with(function, world))
        return LAYER_WORLD;
    return LAYER_REST;
}

/* What comes after the simulation: the reduction of all records, and the thresholds. */
static double reduce_ns(const struct configuration *incident, const struct result *result)
{
    struct arena *arena = arena_create("statistics", 0);
    int64_t start_ns = bench_now_ns();
    const struct summary *summary = summary_create(arena, result, incident->confidence);
    for (size_t i = 0; i < incident->threshold_count; i++)
        bench_keep(threshold_judge(&incident->thresholds[i], summary, arena).verdict);
    double elapsed_ns = (double)(bench_now_ns() - start_ns);
    arena_destroy(arena);
    return elapsed_ns;
}

struct cost {
    double run_ns, reduce_ns; /* The best so far. */
    uint64_t event_count;
};

static void run_incident(const struct configuration *incident, uint32_t threads, struct cost *cost)
{
    struct experiment_design design = {.model = &vmc_model,
                                       .variants = incident->variants,
                                       .variant_count = incident->variant_count,
                                       .replication_count = incident->replication_count,
                                       .seed = incident->seed,
                                       .thread_count = threads};
    struct result *result;
    struct error error = {0};
    int64_t start_ns = bench_now_ns();
    if (!experiment_run(&design, &result, &error))
        die(error.message);
    double run_ns = (double)(bench_now_ns() - start_ns);
    double after_ns = reduce_ns(incident, result);
    cost->run_ns = run_ns < cost->run_ns ? run_ns : cost->run_ns;
    cost->reduce_ns = after_ns < cost->reduce_ns ? after_ns : cost->reduce_ns;
    cost->event_count = 0;
    for (uint32_t r = 0; r < result->replication_count; r++)
        for (uint32_t v = 0; v < result->variant_count; v++)
            cost->event_count += result_record(result, r, v)->event_count;
    result_destroy(result);
}

/* The run loop is inlined into the model, so a part of the queue counts as world. */
static void bench_layers(const struct configuration *incident)
{
    struct cost one = {.run_ns = 1e300, .reduce_ns = 1e300}, two = one;
    for (int i = 0; i < 5; i++) {
        run_incident(incident, 1, &one);
        run_incident(incident, 2, &two);
    }
    double workflows =
        (double)incident->replication_count * incident->unit_count * incident->variant_count;
    bench_print("threads.speedup_2", one.run_ns / two.run_ns, "ratio");
    bench_print("incident.ns_per_event", one.run_ns / (double)one.event_count, "ns");
    bench_print("incident.events_per_s", (double)one.event_count / one.run_ns * 1e9, "1/s");
    bench_print("incident.events_per_workflow", (double)one.event_count / workflows, "events");
    bench_print("incident.statistics_share", one.reduce_ns / two.run_ns, "share");
    profile_start();
    for (int i = 0; i < 5; i++)
        run_incident(incident, 1, &one);
    profile_stop();
    size_t counts[LAYER_COUNT];
    if (profile_count() == 0 || !profile_sort(layer_of, counts, LAYER_COUNT))
        die("the profile cannot be read");
    for (uint32_t i = 0; i < LAYER_COUNT; i++) {
        char name[64];
        snprintf(name, sizeof name, "incident.share_%s", layer_names[i]);
        bench_print(name, (double)counts[i] / (double)profile_count(), "share");
    }
}

int main(void)
{
    gsl_set_error_handler_off();
    struct arena *arena = arena_create("bench", 0);
    struct configuration *incident;
    struct error error = {0};
    if (!configure_load(&incident, arena, &(struct scenario_source){.file_name = INCIDENT}, &error))
        die(error.message);
    bench_program("build/bench-result");
    bench_layers(incident);
    arena_destroy(arena);
    return 0;
}
