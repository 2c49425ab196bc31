/* plugin_bench.c - the same engine linked in and loaded as a shared object: what does the
 * difference cost? Both are called through their tables, as a driver does. The shared object is the
 * one that stands beside this program.
 */
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <unistd.h>

#include "models/engines/engines.h"
#include "tests/bench/bench.h"

/* The obedient driver, but of the engine that is being measured. */
static const struct rce_engine *measured;
#define rce_engine (*measured)
#include "tests/models/rce/obedient.h"
#undef rce_engine

static const struct rce_cluster_plan clusters[] = {{.hosts_count = 4, .temporary_host = true},
                                                   {.hosts_count = 4, .temporary_host = true}};
static const struct rce_plan plan = {.workflow = 7, .clusters_count = 2, .clusters = clusters};

static int64_t run_steps(size_t count, void *context)
{
    static struct obedient driver;
    const struct engine *engine = context;
    measured = engine->table;
    int64_t start_ns = bench_now_ns();
    for (size_t steps_count = 0; steps_count < count; steps_count += driver.steps_count) {
        obedient_init(&driver, &plan, engine->settings);
        while (obedient_step(&driver)) {
        }
    }
    bench_keep((uint64_t)driver.status);
    return bench_now_ns() - start_ns;
}

int main(void)
{
    struct arena *arena = arena_create("bench", 0);
    char self[PATH_MAX] = "";
    struct rce_options options;
    struct error error;
    const struct engine *linked, *loaded;
    rce_options_init(&options);
    options.precheck = options.retry = true;
    options.key_scope = RCE_KEY_PER_TASK;
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    struct engine_spec one = {.kind = ENGINE_LINKED, .name = "rce"};
    struct engine_spec other = {
        .kind = ENGINE_PLUGIN,
        .path = arena_print(arena, "%s/../../librce_plugin.so", dirname(self)),
    };
    if (!engine_open(&linked, arena, &one, &options, &error) ||
        !engine_open(&loaded, arena, &other, &options, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    struct engine engines[] = {*linked, *loaded};
    struct bench benches[] = {{.run = run_steps, .context = &engines[0], .count = 1000000},
                              {.run = run_steps, .context = &engines[1], .count = 1000000}};
    bench_compare(benches, 2, 2 * BENCH_REPETITION_COUNT);
    bench_print("engine_linked.ns_per_step", benches[0].best_ns, "ns");
    bench_print("engine_plugin.ns_per_step", benches[1].best_ns, "ns");
    bench_print("engine_plugin.ratio", benches[0].best_ns / benches[1].best_ns, "linked/plugin");
    arena_destroy(arena);
    return 0;
}
