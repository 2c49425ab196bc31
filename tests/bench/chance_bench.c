/* chance_bench.c - what a variate, a question to the oracle and a check of synchrony cost. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "sim/base/check.h"
#include "sim/chance/dist.h"
#include "sim/chance/oracle.h"
#include "sim/chance/synchrony.h"
#include "tests/bench/bench.h"

enum { SEED = 20261123, OPERATION_COUNT = 1 << 20, U_COUNT = 4096, NAME_COUNT = 1 << 13 };

struct subject {
    struct arena *arena;
    const struct dist *dist;
    struct synchrony *synchrony;
    double u[U_COUNT];
};

static const struct dist *parse(struct arena *arena, const char *text)
{
    struct dist_options options = {.dimension = DIST_DURATION};
    struct error error;
    const struct dist *dist = dist_parse(arena, text, &options, NULL, &error);
    if (dist == NULL)
        check_limit("%s: %s", text, error.message);
    return dist;
}

static int64_t run_quantiles(size_t count, void *context)
{
    const struct subject *subject = context;
    int64_t start_ns = bench_now_ns(), sum_ns = 0;
    for (size_t i = 0; i < count; i++)
        sum_ns += dist_duration_ns(subject->dist, subject->u[i % U_COUNT]) & 0xffff;
    bench_keep((uint64_t)sum_ns);
    return bench_now_ns() - start_ns;
}

static int64_t run_gsl_lognormal(size_t count, void *context)
{
    const struct subject *subject = context;
    int64_t start_ns = bench_now_ns();
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += gsl_cdf_lognormal_Pinv(subject->u[i % U_COUNT], 6.8, 0.45);
    bench_keep((uint64_t)sum);
    return bench_now_ns() - start_ns;
}

static struct draw_name name_of(size_t i)
{
    return (struct draw_name){(uint32_t)(i / 16), 256 + (uint32_t)(i % 4), (uint32_t)(i / 4 % 4)};
}

static int64_t run_delays(size_t count, void *context)
{
    const struct subject *subject = context;
    struct oracle oracle = oracle_make(SEED, 1, NULL, NULL);
    int64_t start_ns = bench_now_ns(), sum_ns = 0;
    for (size_t i = 0; i < count; i++)
        sum_ns += oracle_delay_ns(&oracle, name_of(i), subject->dist) & 0xffff;
    bench_keep((uint64_t)sum_ns);
    return bench_now_ns() - start_ns;
}

static int64_t run_happens(size_t count, void *context)
{
    (void)context;
    struct oracle oracle = oracle_make(SEED, 1, NULL, NULL);
    int64_t start_ns = bench_now_ns();
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += oracle_happens(&oracle, name_of(i), 0.01);
    bench_keep(sum);
    return bench_now_ns() - start_ns;
}

/* Two variants of NAME_COUNT common draws each, again and again: half insert, half look up. */
static int64_t run_synchrony(size_t count, void *context)
{
    const struct subject *subject = context;
    int64_t start_ns = bench_now_ns();
    for (size_t i = 0; i < count; i += (size_t)2 * NAME_COUNT) {
        synchrony_begin_replication(subject->synchrony);
        for (uint32_t variant = 0; variant < 2; variant++) {
            synchrony_begin_variant(subject->synchrony, variant);
            for (size_t k = 0; k < NAME_COUNT; k++)
                synchrony_note(subject->synchrony, name_of(k), k);
        }
    }
    bench_keep(synchrony_result(subject->synchrony).digest);
    return bench_now_ns() - start_ns;
}

int main(void)
{
    gsl_set_error_handler_off();
    static const struct {
        const char *name, *text;
        bench_run *run;
    } rows[] = {
        {"dist_constant.ns", "30min", run_quantiles},
        {"dist_uniform.ns", "uniform(45min, 60min)", run_quantiles},
        {"dist_exponential.ns", "exponential(5s)", run_quantiles},
        {"dist_lognormal.ns", "lognormal(median=15.4min, sigma=0.45)", run_quantiles},
        {"dist_lognormal_gsl.ns", "0s", run_gsl_lognormal},
        {"dist_weibull.ns", "weibull(2.2, 83s)", run_quantiles},
        {"dist_gamma.ns", "gamma(shape=4, scale=10s)", run_quantiles},
        {"dist_triangular.ns", "triangular(1min, 2min, 5min)", run_quantiles},
        {"dist_discrete.ns", "discrete(1s=0.62, 2s=0.25, 3s=0.08, 4s=0.05)", run_quantiles},
        {"dist_quantiles.ns",
         "quantiles(0%=5s, 5%=20s, 25%=40s, 50%=1min, 75%=2min, 90%=5min, 99%=9min, 100%=20min)",
         run_quantiles},
        {"dist_mixture.ns",
         "mixture(0.95=lognormal(median=4min, sigma=0.6), 0.05=uniform(20min, 40min))",
         run_quantiles},
        {"dist_truncated.ns", "truncate(lognormal(median=4min, sigma=1.2), min=1min, max=2h)",
         run_quantiles},
        {"oracle_delay.ns", "lognormal(median=15.4min, sigma=0.45)", run_delays},
        {"oracle_delay_constant.ns", "30min", run_delays},
        {"oracle_happens.ns", "0s", run_happens},
        {"synchrony.ns", "0s", run_synchrony},
    };
    enum { ROW_COUNT = sizeof rows / sizeof rows[0] };
    struct arena *arena = arena_create("bench", 0);
    struct synchrony *synchrony = synchrony_create(0);
    struct bench benches[ROW_COUNT];
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct subject *subject = arena_take(arena, sizeof *subject);
        subject->arena = arena;
        subject->dist = parse(arena, rows[i].text);
        subject->synchrony = synchrony;
        draw_uniform_batch(SEED, 1, (struct draw_name){1, 256, 0}, subject->u, U_COUNT);
        benches[i] =
            (struct bench){.run = rows[i].run, .context = subject, .count = OPERATION_COUNT};
    }
    bench_compare(benches, ROW_COUNT, BENCH_REPETITION_COUNT);
    for (size_t i = 0; i < ROW_COUNT; i++)
        bench_print(rows[i].name, benches[i].best_ns, "ns");
    synchrony_destroy(synchrony);
    arena_destroy(arena);
    return 0;
}
