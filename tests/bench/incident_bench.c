/* incident_bench.c - the incident scenario as a whole, and one very large wave.
 *
 * Wall time and peak memory are those of the program itself, started anew for each measurement and
 * seen from outside (wait4). Time per event, the speed-up of two threads without the program's
 * start and its chart (incident.program_speedup_2 is with them), and the shares of the layers, by
 * sampling (profile.h), are measured in this process.
 *
 * Usage: incident_bench, from the root of the tree, with RCESIM naming the program.
 */
#include <fcntl.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/rcesim/configure.h"
#include "models/vmc/model.h"
#include "sim/experiment/experiment.h"
#include "tests/bench/bench.h"
#include "tests/bench/profile.h"

#define INCIDENT "scenarios/phase2-race.yaml"

struct usage {
    double wall_s, peak_mib;
};

static void die(const char *what)
{
    fprintf(stderr, "incident_bench: %s\n", what);
    exit(1);
}

/* Run the program once with these arguments, quietly. */
static struct usage run_program(const char *const *arguments)
{
    const char *program = getenv("RCESIM") != NULL ? getenv("RCESIM") : "build/rcesim";
    const char *argv[32] = {program, "run", INCIDENT, "--quiet", "--force"};
    size_t count = 5;
    for (; *arguments != NULL && count < 31; arguments++)
        argv[count++] = *arguments;
    int64_t start_ns = bench_now_ns();
    pid_t child = fork();
    if (child < 0)
        die("fork failed");
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        die("the program failed");
    return (struct usage){.wall_s = (double)(bench_now_ns() - start_ns) / 1e9,
                          .peak_mib = (double)usage.ru_maxrss / 1024};
}

static struct usage best_of(const char *const *arguments, int repetitions)
{
    struct usage best = run_program(arguments);
    for (int i = 1; i < repetitions; i++) {
        struct usage usage = run_program(arguments);
        if (usage.wall_s < best.wall_s)
            best = usage;
    }
    return best;
}

static void bench_program(const char *out)
{
    const char *two[] = {"-o", out, "--threads=2", NULL};
    const char *one[] = {"-o", out, "--threads=1", NULL};
    struct usage on_two = best_of(two, 5), on_one = best_of(one, 5);
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
    struct usage large = best_of(before, 3);
    bench_print("wave_100k.wall_s", large.wall_s, "s");
    bench_print("wave_100k.peak_mib", large.peak_mib, "MiB");
    before[4] = "--variant=after";
    bench_print("wave_100k_after.wall_s", best_of(before, 3).wall_s, "s");
    before[4] = "--variant=before";
    before[6] = "fleet.sddcs=100";
    before[13] = "--replications=1000";
    struct usage small = best_of(before, 3);
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
    static const char *const world_files[] = {"model.c", "driver.c",    "service.c", "platform.c",
                                              "fleet.c", "wave.c",      "cause.c",   "rows.c",
                                              "story.c", "invariant.c", NULL};
    static const char *const world[] = {"world_",    "fleet_",     "wave_",  "driver_", "service_",
                                        "platform_", "invariant_", "cause_", "rows_",   NULL};
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

static double run_incident_ns(const struct configuration *incident, uint32_t threads,
                              uint64_t *event_count)
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
    double elapsed_ns = (double)(bench_now_ns() - start_ns);
    *event_count = 0;
    for (uint32_t r = 0; r < result->replication_count; r++)
        for (uint32_t v = 0; v < result->variant_count; v++)
            *event_count += result_record(result, r, v)->event_count;
    result_destroy(result);
    return elapsed_ns;
}

/* The run loop is inlined into the model, so a part of the queue counts as world. */
static void bench_layers(const struct configuration *incident)
{
    uint64_t events;
    double best_ns = 1e300, best_on_two_ns = 1e300;
    for (int i = 0; i < 5; i++) {
        double ns = run_incident_ns(incident, 1, &events);
        double on_two_ns = run_incident_ns(incident, 2, &events);
        best_ns = ns < best_ns ? ns : best_ns;
        best_on_two_ns = on_two_ns < best_on_two_ns ? on_two_ns : best_on_two_ns;
    }
    double workflows = (double)incident->replication_count * incident->world.fleet.sddcs_count *
                       incident->variant_count;
    bench_print("threads.speedup_2", best_ns / best_on_two_ns, "ratio");
    bench_print("incident.ns_per_event", best_ns / (double)events, "ns");
    bench_print("incident.events_per_s", (double)events / best_ns * 1e9, "1/s");
    bench_print("incident.events_per_workflow", (double)events / workflows, "events");
    profile_start();
    for (int i = 0; i < 5; i++)
        run_incident_ns(incident, 1, &events);
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
