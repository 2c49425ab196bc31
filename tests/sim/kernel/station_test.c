/* Queueing stations against closed forms: does simulated time pass as the theory says?
 *
 * Interval, stated beforehand for every case: the mean over 38 batches of 12,000 customers, after a
 * warm-up of 20,000, lies within 5 standard errors of the closed form (Student's t with 37 degrees
 * of freedom: 1.4e-5 by chance), and the standard error is at most 3 % of it, so that the test has
 * power. Seeds are fixed, every draw is named after its customer.
 *
 * Closed forms: D. Gross and C. Harris, Fundamentals of Queueing Theory.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "sim/base/arena.h"
#include "sim/chance/draw.h"
#include "sim/kernel/sim.h"

enum {
    BATCH_SIZE = 12000,
    BATCH_COUNT = 38,
    WARM_UP_COUNT = 20000,
    CUSTOMER_COUNT = WARM_UP_COUNT + BATCH_COUNT * BATCH_SIZE,
    SEED = 20261123,
};

enum { PURPOSE_ARRIVAL = DRAW_PURPOSE_MODEL_FIRST, PURPOSE_SERVICE, PURPOSE_PATIENCE };
enum { KIND_ARRIVAL, KIND_DEPARTURE, KIND_PATIENCE_ENDS };

/* What is averaged over customers. */
enum outcome { OUTCOME_WAIT_S, OUTCOME_BLOCKED, OUTCOME_ABANDONED };

/* A quantile function of delays in seconds. */
typedef double delay_s(double u);

struct station_options {
    double arrival_rate_per_s;
    delay_s *service_s;
    uint32_t server_count;
    bool has_waiting_room;
    double patience_mean_s; /* 0: endless. */
    enum outcome outcome;
};

struct customer {
    int64_t arrived_at_ns;
    struct sim_handle patience;
    bool is_waiting;
    double outcome;
};

struct station {
    struct station_options options;
    struct sim *sim;
    struct customer *customers;
    uint32_t arrived_count, head; /* Nobody below `head` is waiting. */
    uint32_t busy_count;
};

static double uniform(uint32_t customer, uint32_t purpose)
{
    return draw_uniform(SEED, 1, (struct draw_name){customer, purpose, 0});
}

static double exponential_s(double mean_s, double u)
{
    return -mean_s * log(1 - u);
}

static struct sim_handle schedule_after(struct station *station, uint16_t kind, uint32_t customer,
                                        double delay)
{
    int64_t time_ns = sim_now_ns(station->sim) + (int64_t)llround(delay * 1e9);
    return sim_schedule(station->sim,
                        &(struct sim_event){.time_ns = time_ns, .subject = customer, .kind = kind});
}

static void await_arrival(struct station *station)
{
    uint32_t customer = station->arrived_count;
    if (customer < CUSTOMER_COUNT)
        schedule_after(station, KIND_ARRIVAL, customer,
                       exponential_s(1 / station->options.arrival_rate_per_s,
                                     uniform(customer, PURPOSE_ARRIVAL)));
}

static void serve(struct station *station, uint32_t customer)
{
    struct customer *who = &station->customers[customer];
    if (station->options.outcome == OUTCOME_WAIT_S)
        who->outcome = (double)(sim_now_ns(station->sim) - who->arrived_at_ns) * 1e-9;
    who->is_waiting = false;
    station->busy_count++;
    schedule_after(station, KIND_DEPARTURE, customer,
                   station->options.service_s(uniform(customer, PURPOSE_SERVICE)));
}

static void on_arrival(struct station *station, uint32_t customer)
{
    struct customer *who = &station->customers[customer];
    who->arrived_at_ns = sim_now_ns(station->sim);
    station->arrived_count++;
    await_arrival(station);
    if (station->busy_count < station->options.server_count) {
        serve(station, customer);
        return;
    }
    if (!station->options.has_waiting_room) {
        who->outcome = 1;
        return;
    }
    who->is_waiting = true;
    double patience_s = station->options.patience_mean_s;
    if (patience_s > 0)
        who->patience =
            schedule_after(station, KIND_PATIENCE_ENDS, customer,
                           exponential_s(patience_s, uniform(customer, PURPOSE_PATIENCE)));
}

static void on_departure(struct station *station)
{
    station->busy_count--;
    while (station->head < station->arrived_count && !station->customers[station->head].is_waiting)
        station->head++;
    if (station->head == station->arrived_count)
        return;
    uint32_t customer = station->head++;
    bool had_timer = sim_cancel(station->sim, station->customers[customer].patience);
    assert_true(had_timer == (station->options.patience_mean_s > 0));
    serve(station, customer);
}

static void on_patience_ends(struct station *station, uint32_t customer)
{
    struct customer *who = &station->customers[customer];
    assert_true(who->is_waiting);
    who->is_waiting = false;
    who->outcome = 1;
}

static void run_station(struct station *station)
{
    await_arrival(station);
    struct sim_event event;
    while (sim_next(station->sim, &event)) {
        switch (event.kind) {
        case KIND_ARRIVAL: on_arrival(station, event.subject); break;
        case KIND_DEPARTURE: on_departure(station); break;
        case KIND_PATIENCE_ENDS: on_patience_ends(station, event.subject); break;
        }
    }
}

static void expect_mean(const struct station_options *options, double expected)
{
    struct arena *arena = arena_create("station test", 0);
    struct station station = {.options = *options,
                              .sim = sim_create(arena, NULL),
                              .customers =
                                  arena_take_array(arena, CUSTOMER_COUNT, sizeof(struct customer))};
    run_station(&station);
    double sum = 0, square_sum = 0;
    for (size_t batch = 0; batch < BATCH_COUNT; batch++) {
        double batch_sum = 0;
        for (size_t i = 0; i < BATCH_SIZE; i++)
            batch_sum += station.customers[WARM_UP_COUNT + batch * BATCH_SIZE + i].outcome;
        double deviation = batch_sum / BATCH_SIZE - expected;
        sum += deviation;
        square_sum += deviation * deviation;
    }
    double deviation = sum / BATCH_COUNT;
    double variance = (square_sum / BATCH_COUNT - deviation * deviation) / (BATCH_COUNT - 1);
    double error = sqrt(variance);
    if (fabs(deviation) > 5 * error || error > 0.03 * expected)
        fail_msg("mean is %.6g, should be %.6g; standard error %.3g", expected + deviation,
                 expected, error);
    arena_destroy(arena);
}

/* Services of mean 1 s. */
static double exponential_service_s(double u)
{
    return exponential_s(1, u);
}

static double constant_service_s(double u)
{
    (void)u;
    return 1;
}

static double uniform_service_s(double u)
{
    return 2 * u;
}

/* 0.5 s with probability 0.8, else 3 s: mean 1, second moment 2. */
static double two_point_service_s(double u)
{
    return u < 0.8 ? 0.5 : 3;
}

static struct station_options waiting(double load, delay_s *service_s, uint32_t server_count)
{
    return (struct station_options){.arrival_rate_per_s = load * server_count,
                                    .service_s = service_s,
                                    .server_count = server_count,
                                    .has_waiting_room = true,
                                    .outcome = OUTCOME_WAIT_S};
}

static void mm1_waits_as_the_closed_form(void **state)
{
    (void)state;
    static const double LOADS[] = {0.3, 0.5, 0.8};
    for (size_t i = 0; i < 3; i++) {
        struct station_options options = waiting(LOADS[i], exponential_service_s, 1);
        expect_mean(&options, LOADS[i] / (1 - LOADS[i]));
    }
}

/* Pollaczek and Khinchine: wait = rate E[S^2] / 2 (1 - load). */
static void mg1_waits_as_pollaczek_and_khinchine(void **state)
{
    (void)state;
    static const struct {
        delay_s *service_s;
        double second_moment;
    } SERVICES[] = {
        {constant_service_s, 1}, {uniform_service_s, 4.0 / 3}, {two_point_service_s, 2}};
    for (size_t i = 0; i < 3; i++) {
        struct station_options options = waiting(0.7, SERVICES[i].service_s, 1);
        expect_mean(&options, 0.7 * SERVICES[i].second_moment / (2 * (1 - 0.7)));
    }
}

/* Erlang's loss probability by its recursion. */
static double erlang_b(double offered, uint32_t server_count)
{
    double loss = 1;
    for (uint32_t i = 1; i <= server_count; i++)
        loss = offered * loss / (i + offered * loss);
    return loss;
}

static void mmc_waits_as_erlang_c(void **state)
{
    (void)state;
    /* Published: 2 servers at load 0.5 wait 1/3 of a service; the function must agree. */
    static const struct {
        uint32_t server_count;
        double load;
    } CASES[] = {{2, 0.5}, {3, 0.75}, {10, 0.85}};
    for (size_t i = 0; i < 3; i++) {
        uint32_t count = CASES[i].server_count;
        double load = CASES[i].load;
        double loss = erlang_b(load * count, count);
        double delayed = loss / (1 - load * (1 - loss));
        double wait_s = delayed / (count * (1 - load));
        if (i == 0)
            assert_true(fabs(wait_s - 1.0 / 3) < 1e-12);
        struct station_options options = waiting(load, exponential_service_s, count);
        expect_mean(&options, wait_s);
    }
}

/* Erlang's loss formula holds for any service of the same mean. */
static void loss_is_erlang_b_whatever_the_service(void **state)
{
    (void)state;
    static delay_s *const SERVICES[] = {exponential_service_s, constant_service_s,
                                        two_point_service_s};
    for (size_t i = 0; i < 3; i++) {
        struct station_options options = waiting(0.8, SERVICES[i], 5);
        options.has_waiting_room = false;
        options.outcome = OUTCOME_BLOCKED;
        expect_mean(&options, erlang_b(4, 5));
    }
}

/* One server at rate 1, arrivals at rate r, patience of rate t: a birth-death chain with deaths
 * 1 + (n - 1) t. Lost are t E[waiting] of r. Every customer who is served after waiting cancels a
 * timer, so this is the closed form that leans on sim_cancel. */
static void impatient_customers_abandon_as_the_chain_says(void **state)
{
    (void)state;
    static const double RATES_PER_S[] = {0.9, 1.5};
    for (size_t i = 0; i < 2; i++) {
        double rate_per_s = RATES_PER_S[i], patience_mean_s = 4;
        double weight = 1, weight_sum = 1, waiting_sum = 0;
        for (int n = 1; n < 200; n++) {
            weight *= rate_per_s / (1 + (n - 1) / patience_mean_s);
            weight_sum += weight;
            waiting_sum += weight * (n - 1);
        }
        struct station_options options = waiting(rate_per_s, exponential_service_s, 1);
        options.patience_mean_s = patience_mean_s;
        options.outcome = OUTCOME_ABANDONED;
        expect_mean(&options, waiting_sum / weight_sum / patience_mean_s / rate_per_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mm1_waits_as_the_closed_form),
        cmocka_unit_test(mg1_waits_as_pollaczek_and_khinchine),
        cmocka_unit_test(mmc_waits_as_erlang_c),
        cmocka_unit_test(loss_is_erlang_b_whatever_the_service),
        cmocka_unit_test(impatient_customers_abandon_as_the_chain_says),
    };
    return cmocka_run_group_tests_name("kernel/station", tests, NULL, NULL);
}
