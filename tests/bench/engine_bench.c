/* engine_bench.c - what one step of the engine costs, by itself.
 *
 * Workflows of two clusters with four hosts each run from start to end on a platform where
 * everything works; the driver is a queue of inputs, whose cost is part of the figure. Then the
 * same with all fixes on, and what saving, loading and digesting a state costs.
 */
#include <stdbool.h>

#include "tests/bench/bench.h"
#include "tests/models/rce/obedient.h"

static const struct rce_cluster_plan clusters[] = {{.hosts_count = 4, .temporary_host = true},
                                                   {.hosts_count = 4, .temporary_host = true}};
static const struct rce_plan plan = {.workflow = 7, .clusters_count = 2, .clusters = clusters};

static int64_t run_steps(size_t count, void *context)
{
    static struct obedient driver;
    const struct rce_options *options = context;
    int64_t start_ns = bench_now_ns();
    for (size_t steps_count = 0; steps_count < count; steps_count += driver.steps_count) {
        obedient_init(&driver, &plan, options);
        while (obedient_step(&driver)) {
        }
    }
    bench_keep((uint64_t)driver.status);
    return bench_now_ns() - start_ns;
}

/* A workflow in the middle of its life. */
static void reach_the_middle(struct obedient *driver, const struct rce_options *options)
{
    obedient_init(driver, &plan, options);
    for (int i = 0; i < 30; i++)
        obedient_step(driver);
}

static int64_t run_save(size_t count, void *context)
{
    static struct obedient driver;
    static uint8_t bytes[OBEDIENT_BLOCK_BYTES];
    reach_the_middle(&driver, context);
    int64_t start_ns = bench_now_ns();
    for (size_t i = 0; i < count; i++) {
        size_t size_bytes = rce_engine.save(driver.block, bytes, sizeof bytes);
        bench_keep(size_bytes + bytes[size_bytes - 1]);
    }
    return bench_now_ns() - start_ns;
}

static int64_t run_digest(size_t count, void *context)
{
    static struct obedient driver;
    reach_the_middle(&driver, context);
    int64_t start_ns = bench_now_ns();
    for (size_t i = 0; i < count; i++)
        bench_keep(rce_engine.digest(driver.block));
    return bench_now_ns() - start_ns;
}

int main(void)
{
    struct rce_options plain, fixed;
    rce_options_init(&plain);
    rce_options_init(&fixed);
    fixed.precheck = true;
    fixed.retry = true;
    fixed.key_scope = RCE_KEY_PER_TASK;
    struct bench benches[] = {
        {.run = run_steps, .context = &plain, .count = 1000000},
        {.run = run_steps, .context = &fixed, .count = 1000000},
        {.run = run_save, .context = &fixed, .count = 100000},
        {.run = run_digest, .context = &fixed, .count = 100000},
    };
    bench_compare(benches, sizeof benches / sizeof benches[0], BENCH_REPETITION_COUNT);
    bench_print("engine.ns_per_step", benches[0].best_ns, "ns");
    bench_print("engine_fixed.ns_per_step", benches[1].best_ns, "ns");
    bench_print("engine.save_ns", benches[2].best_ns, "ns");
    bench_print("engine.digest_ns", benches[3].best_ns, "ns");
    bench_print("engine.state_bytes", (double)rce_engine.state_size_bytes(&plan), "B");
    return 0;
}
