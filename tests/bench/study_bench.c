/* study_bench.c - commands that simulate one scenario many times: a sweep and a calibration.
 *
 * Wall time of the program, started anew. A sweep of 25 points with 100 replications of 100 SDDCs
 * and two variants; the calibration of the incident's one free number (200 replications, 300
 * SDDCs); all combinations of the incident's fixes.
 *
 * Usage: study_bench, from the root of the tree, with RCESIM naming the program.
 */
#include "tests/bench/program.h"

#define INCIDENT "scenarios/phase2-race.yaml"

static void measure(const char *name, const char *const *arguments)
{
    struct program_usage best;
    if (!program_best_of(arguments, 3, &best)) {
        fprintf(stderr, "study_bench: the program failed\n");
        exit(1);
    }
    bench_print(name, best.wall_s, "s");
}

int main(void)
{
    static const char *const sweep[] = {
        "sweep",
        INCIDENT,
        "--quiet",
        "--force",
        "-o",
        "build/bench-study",
        "--threads=2",
        "--over",
        "provisioning.connect=lognormal(median={1min..3min:5}, sigma=1.2)",
        "--over",
        "fleet.temporary_host.share=20%..100%..20%",
        "--replications=100",
        "--set",
        "fleet.sddcs=100",
        "--set",
        "thresholds=null",
        NULL,
    };
    static const char *const calibrate[] = {
        "calibrate",
        INCIDENT,
        "--quiet",
        "--force",
        "-o",
        "build/bench-calibrate",
        "--threads=2",
        "--turn",
        "provisioning.connect=lognormal(median={1min..10min}, sigma=1.2)",
        "--target",
        "failure_rate(before)=72/400",
        NULL,
    };
    static const char *const ablate[] = {
        "ablate", INCIDENT, "--quiet", "--force", "-o", "build/bench-ablate", "--threads=2", NULL};
    measure("sweep_25.wall_s", sweep);
    measure("calibrate.wall_s", calibrate);
    measure("ablate_8.wall_s", ablate);
    return 0;
}
