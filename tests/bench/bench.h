/* bench.h - what every benchmark does the same way: the clock, the best of several, one line out.
 *
 * The best of at least five repetitions is reported, not the mean: on a shared machine every
 * disturbance makes a run slower, none makes it faster. Repetitions of a thing and its baseline
 * alternate (bench_compare), so that a slow minute hits both. A benchmark prints
 * `name value unit`, one a line.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { BENCH_REPETITION_COUNT = 7 };

static inline int64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void bench_print(const char *name, double value, const char *unit)
{
    printf("%s %.4g %s\n", name, value, unit);
    fflush(stdout);
}

/* Keep a result alive, so that the compiler cannot drop the work that led to it. */
static inline void bench_keep(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

/* A thing to measure: does `count` operations and returns the nanoseconds that they took, set-up
 * excluded. */
typedef int64_t bench_run(size_t count, void *context);

struct bench {
    bench_run *run;
    void *context;
    size_t count;
    double best_ns; /* Nanoseconds an operation, the best repetition. */
};

/* Run all of `benches` in turn, `repetition_count` times, and keep the best of each. */
static inline void bench_compare(struct bench *benches, size_t bench_count, size_t repetition_count)
{
    for (size_t i = 0; i < bench_count; i++)
        benches[i].best_ns = 1e300;
    for (size_t repetition = 0; repetition < repetition_count; repetition++) {
        for (size_t i = 0; i < bench_count; i++) {
            struct bench *bench = &benches[i];
            int64_t elapsed_ns = bench->run(bench->count, bench->context);
            double each_ns = (double)elapsed_ns / (double)bench->count;
            if (each_ns < bench->best_ns)
                bench->best_ns = each_ns;
        }
    }
}

#endif
