#include "models/testbed/lateness.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "models/testbed/pacer.h"
#include "sim/stats/quantile.h"

/* Half an hour of them. Later naps take the places of the first. */
enum { NAPS_MAX = 1 << 20, NAP_NS = 2000000 };

struct lateness_watch {
    pthread_t thread;
    bool is_ending;   /* atomic */
    double *lates_ns; /* [min(naps_count, NAPS_MAX)], the thread's until it has been joined */
    size_t naps_count;
};

static void *take_naps(void *context)
{
    struct lateness_watch *watch = context;
    const struct timespec nap = {.tv_nsec = NAP_NS};
    while (!__atomic_load_n(&watch->is_ending, __ATOMIC_RELAXED)) {
        int64_t before_ns = pacer_clock_ns();
        nanosleep(&nap, NULL);
        int64_t late_ns = pacer_clock_ns() - before_ns - NAP_NS;
        watch->lates_ns[watch->naps_count++ % NAPS_MAX] = late_ns > 0 ? (double)late_ns : 0;
    }
    return NULL;
}

struct lateness_watch *lateness_start(struct arena *arena)
{
    struct lateness_watch *watch = arena_take(arena, sizeof *watch);
    watch->lates_ns = arena_take_array(arena, NAPS_MAX, sizeof *watch->lates_ns);
    return pthread_create(&watch->thread, NULL, take_naps, watch) == 0 ? watch : NULL;
}

static int by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

double lateness_but_for(double share, const double *sorted, size_t count, double nap_ns)
{
    double total_ns = (double)count * nap_ns, beyond_ns = 0, quantile_ns = 0;
    quantile_sample(sorted, count, 1 - share, &quantile_ns);
    for (size_t i = 0; i < count; i++)
        total_ns += sorted[i];
    /* The x for which the sum of all l - x above 0 is that share of the whole time. */
    for (size_t i = count; i > 0; i--) {
        beyond_ns += sorted[i - 1];
        double x_ns = (beyond_ns - share * total_ns) / (double)(count - i + 1);
        if (i == 1 || x_ns >= sorted[i - 2])
            return x_ns > quantile_ns ? x_ns : quantile_ns;
    }
    return 0;
}

struct lateness lateness_stop(struct lateness_watch *watch, int64_t room_ns)
{
    if (watch == NULL)
        return (struct lateness){0};
    __atomic_store_n(&watch->is_ending, true, __ATOMIC_RELAXED);
    pthread_join(watch->thread, NULL);
    size_t count = watch->naps_count < NAPS_MAX ? watch->naps_count : NAPS_MAX;
    double *lates_ns = watch->lates_ns;
    double stalls_ns = 0;
    qsort(lates_ns, count, sizeof *lates_ns, by_value);
    for (size_t i = 0; i < count; i++)
        if (lates_ns[i] > (double)room_ns && lates_ns[i] > NAP_NS)
            stalls_ns += lates_ns[i];
    return (struct lateness){.naps_count = watch->naps_count,
                             .median_ns = (int64_t)lateness_but_for(0.5, lates_ns, count, NAP_NS),
                             .p99_ns = (int64_t)lateness_but_for(0.01, lates_ns, count, NAP_NS),
                             .p999_ns = (int64_t)lateness_but_for(0.001, lates_ns, count, NAP_NS),
                             .max_ns = count > 0 ? (int64_t)lates_ns[count - 1] : 0,
                             .stalls_ns = (int64_t)stalls_ns};
}
