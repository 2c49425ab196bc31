/* kernel_bench.c - what a draw, an event and a customer cost, and the same without this kernel.
 *
 * The baselines are what one would write in an afternoon: a binary heap of pointers to events that
 * come from malloc, ordered by (time, sequence), and GSL's mt19937. No names, no handles, no
 * cancel, no history. Both sides run the same model, count the same things and are compiled alike.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <gsl/gsl_rng.h>

#include "sim/base/arena.h"
#include "sim/base/check.h"
#include "sim/chance/draw.h"
#include "sim/kernel/sim.h"
#include "tests/bench/bench.h"

enum { SEED = 20261123, CUSTOMER_COUNT = 1000000, RING_SIZE = 4096 };

static const double ARRIVAL_MEAN_NS = 1e9, SERVICE_MEAN_NS = 0.9e9;

enum { PURPOSE_ARRIVAL = DRAW_PURPOSE_MODEL_FIRST, PURPOSE_SERVICE, PURPOSE_HOLD };
enum { KIND_ARRIVAL, KIND_DEPARTURE, KIND_HOLD };

/* -log(1 - u) is exact: 1 - u lies on the same grid as u. */
static int64_t exponential_ns(double mean_ns, double u)
{
    return (int64_t)(-mean_ns * log(1.0 - u));
}

/* --- The draw --- */

static int64_t run_draws(size_t count, void *context)
{
    (void)context;
    int64_t start_ns = bench_now_ns();
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += draw_uniform(SEED, 1, (struct draw_name){(uint32_t)i, PURPOSE_HOLD, 3});
    bench_keep((uint64_t)sum);
    return bench_now_ns() - start_ns;
}

static int64_t run_batch_draws(size_t count, void *context)
{
    (void)context;
    int64_t start_ns = bench_now_ns();
    double sum = 0;
    double u[64];
    for (size_t i = 0; i < count; i += 64) {
        draw_uniform_batch(SEED, 1, (struct draw_name){7, PURPOSE_HOLD, (uint32_t)i}, u, 64);
        sum += u[0] + u[63];
    }
    bench_keep((uint64_t)sum);
    return bench_now_ns() - start_ns;
}

static int64_t run_mersenne_draws(size_t count, void *context)
{
    (void)context;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    int64_t start_ns = bench_now_ns();
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += gsl_rng_uniform_pos(rng);
    bench_keep((uint64_t)sum);
    int64_t elapsed_ns = bench_now_ns() - start_ns;
    gsl_rng_free(rng);
    return elapsed_ns;
}

/* --- M/M/1, on the kernel --- */

/* Arrival times of the customers in the system, first come first served. */
struct line {
    int64_t arrived_at_ns[RING_SIZE];
    size_t served_count, arrived_count;
    int64_t stay_sum_ns;
};

static void line_join(struct line *line, int64_t now_ns)
{
    CHECK(line->arrived_count - line->served_count < RING_SIZE);
    line->arrived_at_ns[line->arrived_count++ % RING_SIZE] = now_ns;
}

static void line_leave(struct line *line, int64_t now_ns)
{
    line->stay_sum_ns += now_ns - line->arrived_at_ns[line->served_count++ % RING_SIZE];
}

static size_t line_length(const struct line *line)
{
    return line->arrived_count - line->served_count;
}

/* Exponential delays, drawn and transformed ahead a batch at a time. Drawing ahead changes nothing,
 * because every draw has its name. */
enum { AHEAD_COUNT = 64 };
struct delays {
    struct draw_name next;
    double mean_ns;
    size_t used_count;
    int64_t ahead_ns[AHEAD_COUNT];
};

static struct delays delays_of(uint32_t purpose, double mean_ns)
{
    return (struct delays){.next = {0, purpose, 0}, .mean_ns = mean_ns, .used_count = AHEAD_COUNT};
}

static void delays_refill(struct delays *delays)
{
    double u[AHEAD_COUNT];
    draw_uniform_batch(SEED, 1, delays->next, u, AHEAD_COUNT);
    for (size_t i = 0; i < AHEAD_COUNT; i++)
        delays->ahead_ns[i] = exponential_ns(delays->mean_ns, u[i]);
    delays->next.occurrence += AHEAD_COUNT;
    delays->used_count = 0;
}

static int64_t delays_next(struct delays *delays)
{
    if (delays->used_count == AHEAD_COUNT)
        delays_refill(delays);
    return delays->ahead_ns[delays->used_count++];
}

struct station {
    struct sim *sim;
    struct delays arrivals, services;
    struct line line;
};

static void schedule_after(struct sim *sim, uint16_t kind, int64_t delay_ns)
{
    sim_schedule(sim, &(struct sim_event){.time_ns = sim_now_ns(sim) + delay_ns, .kind = kind});
}

static void serve(struct station *station)
{
    schedule_after(station->sim, KIND_DEPARTURE, delays_next(&station->services));
}

static void await_arrival(struct station *station, size_t count)
{
    if (station->line.arrived_count < count)
        schedule_after(station->sim, KIND_ARRIVAL, delays_next(&station->arrivals));
}

static int64_t run_mm1(size_t count, void *context)
{
    (void)context;
    struct arena *arena = arena_create("mm1", 0);
    struct station *station = arena_take(arena, sizeof *station);
    station->sim = sim_create(arena, NULL);
    station->arrivals = delays_of(PURPOSE_ARRIVAL, ARRIVAL_MEAN_NS);
    station->services = delays_of(PURPOSE_SERVICE, SERVICE_MEAN_NS);
    int64_t start_ns = bench_now_ns();
    await_arrival(station, count);
    struct sim_event event;
    while (sim_next(station->sim, &event)) {
        if (event.kind == KIND_ARRIVAL) {
            line_join(&station->line, event.time_ns);
            await_arrival(station, count);
            if (line_length(&station->line) == 1)
                serve(station);
        } else {
            line_leave(&station->line, event.time_ns);
            if (line_length(&station->line) > 0)
                serve(station);
        }
    }
    int64_t elapsed_ns = bench_now_ns() - start_ns;
    CHECK(sim_event_count(station->sim) == 2 * count);
    bench_keep((uint64_t)station->line.stay_sum_ns ^ sim_history_hash(station->sim));
    arena_destroy(arena);
    return elapsed_ns;
}

/* --- Hold, on the kernel: take the first event, put it back an exponential time later --- */

static int64_t run_hold(size_t count, void *context)
{
    size_t pending_count = *(const size_t *)context;
    struct arena *arena = arena_create("hold", 0);
    struct sim *sim = sim_create(arena, &(struct sim_options){.capacity = pending_count});
    for (size_t i = 0; i < pending_count; i++) {
        double u = draw_uniform(SEED, 1, (struct draw_name){(uint32_t)i, PURPOSE_HOLD, 0});
        sim_schedule(sim, &(struct sim_event){.time_ns = exponential_ns(1e9, u),
                                              .subject = (uint32_t)i,
                                              .kind = KIND_HOLD});
    }
    int64_t start_ns = 0;
    struct sim_event event;
    /* As many holds as there are events, to reach the steady state; only the later ones count. */
    for (size_t i = 0; i < pending_count + count; i++) {
        if (i == pending_count)
            start_ns = bench_now_ns();
        CHECK(sim_next(sim, &event));
        event.a++;
        double u = draw_uniform(SEED, 1,
                                (struct draw_name){event.subject, PURPOSE_HOLD, (uint32_t)event.a});
        event.time_ns += exponential_ns(1e9, u);
        sim_schedule(sim, &event);
    }
    int64_t elapsed_ns = bench_now_ns() - start_ns;
    bench_keep(sim_history_hash(sim));
    arena_destroy(arena);
    return elapsed_ns;
}

/* --- The baseline: binary heap of pointers, malloc, Mersenne twister --- */

struct plain_event {
    int64_t time_ns;
    uint64_t sequence;
    int kind;
};

struct plain {
    struct plain_event **heap;
    size_t count, capacity;
    uint64_t sequence;
    gsl_rng *rng;
};

static bool plain_is_before(const struct plain_event *x, const struct plain_event *y)
{
    return x->time_ns != y->time_ns ? x->time_ns < y->time_ns : x->sequence < y->sequence;
}

static void plain_push(struct plain *plain, int64_t time_ns, int kind)
{
    struct plain_event *event = malloc(sizeof *event);
    CHECK(event != NULL);
    *event = (struct plain_event){time_ns, plain->sequence++, kind};
    if (plain->count == plain->capacity) {
        plain->capacity = plain->capacity == 0 ? 64 : 2 * plain->capacity;
        plain->heap = realloc(plain->heap, plain->capacity * sizeof(struct plain_event *));
        CHECK(plain->heap != NULL);
    }
    size_t at = plain->count++;
    for (; at > 0 && plain_is_before(event, plain->heap[(at - 1) / 2]); at = (at - 1) / 2)
        plain->heap[at] = plain->heap[(at - 1) / 2];
    plain->heap[at] = event;
}

static bool plain_pop(struct plain *plain, struct plain_event *event)
{
    if (plain->count == 0)
        return false;
    *event = *plain->heap[0];
    free(plain->heap[0]);
    struct plain_event *last = plain->heap[--plain->count];
    size_t at = 0;
    for (size_t child = 1; child < plain->count; child = 2 * at + 1) {
        if (child + 1 < plain->count && plain_is_before(plain->heap[child + 1], plain->heap[child]))
            child++;
        if (!plain_is_before(plain->heap[child], last))
            break;
        plain->heap[at] = plain->heap[child];
        at = child;
    }
    plain->heap[at] = last;
    return true;
}

static void plain_schedule(struct plain *plain, int64_t now_ns, int kind, double mean_ns)
{
    plain_push(plain, now_ns + (int64_t)(-mean_ns * log(gsl_rng_uniform_pos(plain->rng))), kind);
}

static void plain_finish(struct plain *plain)
{
    struct plain_event event;
    while (plain_pop(plain, &event))
        continue;
    free(plain->heap);
    gsl_rng_free(plain->rng);
}

static int64_t run_plain_mm1(size_t count, void *context)
{
    (void)context;
    static struct line empty;
    struct line line = empty;
    struct plain plain = {.rng = gsl_rng_alloc(gsl_rng_mt19937)};
    int64_t start_ns = bench_now_ns();
    plain_schedule(&plain, 0, KIND_ARRIVAL, ARRIVAL_MEAN_NS);
    struct plain_event event;
    while (plain_pop(&plain, &event)) {
        if (event.kind == KIND_ARRIVAL) {
            line_join(&line, event.time_ns);
            if (line.arrived_count < count)
                plain_schedule(&plain, event.time_ns, KIND_ARRIVAL, ARRIVAL_MEAN_NS);
            if (line_length(&line) == 1)
                plain_schedule(&plain, event.time_ns, KIND_DEPARTURE, SERVICE_MEAN_NS);
        } else {
            line_leave(&line, event.time_ns);
            if (line_length(&line) > 0)
                plain_schedule(&plain, event.time_ns, KIND_DEPARTURE, SERVICE_MEAN_NS);
        }
    }
    int64_t elapsed_ns = bench_now_ns() - start_ns;
    bench_keep((uint64_t)line.stay_sum_ns);
    plain_finish(&plain);
    return elapsed_ns;
}

static int64_t run_plain_hold(size_t count, void *context)
{
    size_t pending_count = *(const size_t *)context;
    struct plain plain = {.rng = gsl_rng_alloc(gsl_rng_mt19937)};
    for (size_t i = 0; i < pending_count; i++)
        plain_schedule(&plain, 0, KIND_HOLD, 1e9);
    int64_t start_ns = 0;
    struct plain_event event = {0};
    for (size_t i = 0; i < pending_count + count; i++) {
        if (i == pending_count)
            start_ns = bench_now_ns();
        CHECK(plain_pop(&plain, &event));
        plain_schedule(&plain, event.time_ns, KIND_HOLD, 1e9);
    }
    int64_t elapsed_ns = bench_now_ns() - start_ns;
    bench_keep((uint64_t)event.time_ns);
    plain_finish(&plain);
    return elapsed_ns;
}

/* --- Report --- */

static void print_mm1(void)
{
    struct bench benches[] = {{.run = run_mm1, .count = CUSTOMER_COUNT},
                              {.run = run_plain_mm1, .count = CUSTOMER_COUNT}};
    bench_compare(benches, 2, BENCH_REPETITION_COUNT);
    bench_print("mm1.ns_per_customer", benches[0].best_ns, "ns");
    bench_print("mm1_baseline.ns_per_customer", benches[1].best_ns, "ns");
    bench_print("mm1.ratio", benches[1].best_ns / benches[0].best_ns, "times");
    bench_print("mm1.events_per_s", 2e9 / benches[0].best_ns, "1/s");
}

static void print_hold(const char *name, size_t pending_count, size_t count)
{
    struct bench benches[] = {{.run = run_hold, .context = &pending_count, .count = count},
                              {.run = run_plain_hold, .context = &pending_count, .count = count}};
    bench_compare(benches, 2, 5);
    char line[64];
    snprintf(line, sizeof line, "%s.ns", name);
    bench_print(line, benches[0].best_ns, "ns");
    snprintf(line, sizeof line, "%s_baseline.ns", name);
    bench_print(line, benches[1].best_ns, "ns");
    snprintf(line, sizeof line, "%s.ratio", name);
    bench_print(line, benches[1].best_ns / benches[0].best_ns, "times");
    snprintf(line, sizeof line, "%s.events_per_s", name);
    bench_print(line, 1e9 / benches[0].best_ns, "1/s");
}

int main(void)
{
    struct bench draws[] = {{.run = run_draws, .count = 1 << 20},
                            {.run = run_batch_draws, .count = 1 << 20},
                            {.run = run_mersenne_draws, .count = 1 << 20}};
    bench_compare(draws, 3, BENCH_REPETITION_COUNT);
    bench_print("draw.ns", draws[0].best_ns, "ns");
    bench_print("draw_batch.ns", draws[1].best_ns, "ns");
    bench_print("draw_baseline.ns", draws[2].best_ns, "ns");
    print_mm1();
    print_hold("hold_1e2", 100, 1000000);
    print_hold("hold_1e4", 10000, 1000000);
    print_hold("hold_1e6", 1000000, 1000000);
    return 0;
}
