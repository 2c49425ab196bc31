/* incident_bench.c - the incident scenario as a whole, and one very large wave.
 *
 * Wall time and peak memory are those of the program itself, started anew for each measurement and
 * seen from outside (wait4). Time per event is measured in this process on one thread. The shares
 * of the layers are estimates: how often a thing was done in the incident times what it costs
 * alone, measured in the same run; "world" is what is left.
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
#include "sim/kernel/sim.h"
#include "tests/bench/bench.h"

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
    bench_print("threads.speedup_2", on_one.wall_s / on_two.wall_s, "ratio");
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

/* The engine of the incident, counting its steps. The contract hands an engine no context, so the
 * count stands in a variable of this file; one thread runs. */
static uint64_t steps_count;

static enum rce_status counted_step(void *workflow, struct rce_process *process,
                                    const struct rce_input *input, struct rce_actions *out)
{
    steps_count++;
    return rce_engine.step(workflow, process, input, out);
}

static double run_incident_ns(const struct configuration *incident, bool without_check,
                              uint64_t *event_count, uint64_t *draw_count)
{
    struct experiment_design design = {.model = &vmc_model,
                                       .variants = incident->variants,
                                       .variant_count = incident->variant_count,
                                       .replication_count = 50,
                                       .seed = incident->seed,
                                       .thread_count = 1,
                                       .without_synchrony_check = without_check};
    struct result *result;
    struct error error = {0};
    int64_t start_ns = bench_now_ns();
    if (!experiment_run(&design, &result, &error))
        die(error.message);
    double elapsed_ns = (double)(bench_now_ns() - start_ns);
    *event_count = *draw_count = 0;
    for (uint32_t r = 0; r < result->replication_count; r++)
        for (uint32_t v = 0; v < result->variant_count; v++) {
            *event_count += result_record(result, r, v)->event_count;
            *draw_count += result_record(result, r, v)->draw_count;
        }
    result_destroy(result);
    return elapsed_ns;
}

static int64_t draw_delays(size_t count, void *context)
{
    const struct configuration *incident = context;
    struct oracle oracle = oracle_make(1, 0, NULL, NULL);
    int64_t sum = 0, start_ns = bench_now_ns();
    for (size_t i = 0; i < count; i++)
        sum += oracle_delay_ns(&oracle, (struct draw_name){(uint32_t)i, 300, 1},
                               incident->world.service.latency);
    bench_keep((uint64_t)sum);
    return bench_now_ns() - start_ns;
}

/* A hold with as many events pending as the incident has at its busiest, about 1,500. */
static int64_t hold(size_t count, void *context)
{
    (void)context;
    struct arena *arena = arena_create("bench", 0);
    struct sim *sim = sim_create(arena, NULL);
    struct sim_event event = {0};
    for (uint32_t i = 0; i < 1500; i++)
        sim_schedule(sim, &(struct sim_event){.time_ns = (int64_t)i * 7919 % 10007});
    int64_t start_ns = bench_now_ns();
    for (size_t i = 0; i < count && sim_next(sim, &event); i++) {
        event.time_ns += (int64_t)(i * 2654435761u % 20011);
        sim_schedule(sim, &event);
    }
    int64_t elapsed_ns = bench_now_ns() - start_ns;
    arena_destroy(arena);
    return elapsed_ns;
}

/* A whole workflow of the plain path, driven by nothing: what a step costs with a warm cache. */
static double step_ns(const struct configuration *incident)
{
    const struct vmc_parameters *parameters = incident->variants[0].parameters;
    struct rce_cluster_plan cluster = {.hosts_count = 4, .temporary_host = true};
    struct rce_plan plan = {.workflow = 1, .clusters_count = 1, .clusters = &cluster};
    struct rce_process process = {0};
    static struct rce_actions out;
    void *workflow = malloc(rce_engine.state_size_bytes(&plan));
    double best_ns = 1e300;
    for (int repetition = 0; repetition < 7; repetition++) {
        uint64_t steps = 0;
        int64_t start_ns = bench_now_ns();
        for (int i = 0; i < 2000; i++) {
            uint64_t task = 0;
            rce_engine.init(workflow, &plan, parameters->options);
            struct rce_input input = {
                .kind = RCE_INPUT_START, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST};
            enum rce_status status = rce_engine.step(workflow, &process, &input, &out);
            struct rce_action queue[8];
            size_t first = 0, last = 0;
            while (status == RCE_RUNNING) {
                for (uint32_t k = 0; k < out.count; k++)
                    if (out.items[k].kind == RCE_SEND)
                        queue[last++ % 8] = out.items[k];
                const struct rce_action *sent = &queue[first++ % 8];
                input = (struct rce_input){.kind = RCE_INPUT_RESPONSE,
                                           .request = sent->request,
                                           .operation = sent->operation,
                                           .cluster = sent->cluster,
                                           .host = sent->host,
                                           .result = RCE_ACCEPTED,
                                           .task = ++task};
                rce_engine.step(workflow, &process, &input, &out);
                input.kind = RCE_INPUT_CALLBACK;
                status = rce_engine.step(workflow, &process, &input, &out);
                steps += 2;
            }
        }
        double each_ns = (double)(bench_now_ns() - start_ns) / (double)steps;
        best_ns = each_ns < best_ns ? each_ns : best_ns;
    }
    free(workflow);
    return best_ns;
}

static void bench_layers(struct configuration *incident)
{
    uint64_t events, draws;
    double with_ns = 1e300, without_ns = 1e300;
    for (int i = 0; i < 5; i++) {
        double ns = run_incident_ns(incident, false, &events, &draws);
        with_ns = ns < with_ns ? ns : with_ns;
        ns = run_incident_ns(incident, true, &events, &draws);
        without_ns = ns < without_ns ? ns : without_ns;
    }
    bench_print("incident.ns_per_event", with_ns / (double)events, "ns");
    bench_print("incident.events_per_s", (double)events / with_ns * 1e9, "1/s");
    bench_print("incident.events_per_workflow",
                (double)events /
                    (50.0 * incident->world.fleet.sddcs_count * incident->variant_count),
                "events");
    struct rce_engine counted = rce_engine;
    counted.step = counted_step;
    struct vmc_parameters parameters[8];
    struct experiment_variant variants[8];
    for (uint32_t i = 0; i < incident->variant_count && i < 8; i++) {
        parameters[i] = *(const struct vmc_parameters *)incident->variants[i].parameters;
        parameters[i].engine = &counted;
        variants[i] = (struct experiment_variant){incident->variants[i].name, &parameters[i]};
    }
    struct configuration copy = *incident;
    copy.variants = variants;
    run_incident_ns(&copy, true, &events, &draws);
    struct bench units[] = {{.run = draw_delays, .context = incident, .count = 1000000},
                            {.run = hold, .count = 1000000}};
    bench_compare(units, 2, BENCH_REPETITION_COUNT);
    double each_step_ns = step_ns(incident);
    bench_print("engine_plain_path.ns_per_step", each_step_ns, "ns");
    double draws_share = (double)draws * units[0].best_ns / with_ns;
    double queue_share = (double)events * units[1].best_ns / with_ns;
    double engine_share = (double)steps_count * each_step_ns / with_ns;
    double check_share = 1 - without_ns / with_ns;
    bench_print("incident.share_draws", draws_share, "share");
    bench_print("incident.share_queue", queue_share, "share");
    bench_print("incident.share_engine", engine_share, "share");
    bench_print("incident.share_synchrony_check", check_share, "share");
    bench_print("incident.share_world", 1 - draws_share - queue_share - engine_share - check_share,
                "share");
}

int main(void)
{
    gsl_set_error_handler_off();
    struct arena *arena = arena_create("bench", 0);
    struct configuration *incident;
    struct error error = {0};
    if (!configure_load(&incident, arena, &(struct scenario_source){.file_name = INCIDENT}, &error))
        die(error.message);
    char out[] = "/tmp/rcesim-bench-XXXXXX";
    if (mkdtemp(out) == NULL)
        die("no temporary folder");
    char target[64], command[96];
    snprintf(target, sizeof target, "%s/result", out);
    bench_program(target);
    bench_layers(incident);
    (void)command;
    arena_destroy(arena);
    return 0;
}
