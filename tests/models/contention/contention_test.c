/* Clients contending for one row: closed forms for one and two, what must be true of any run, and
 * the article's experiment against an independent simulation of it. */
#include "models/contention/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "models/rce/retry.h"
#include "sim/base/units.h"
#include "sim/experiment/experiment.h"
#include "sim/stats/tally.h"
#include "tests/sim/stats/near.h"

/* |N(10, 2)| ms, but for the sign of 3 draws in ten million. */
#define ARTICLE_HOP "truncate(normal(mean=10ms, sigma=2ms), min=0s)"

enum { NONE, EXPONENTIAL, EQUAL, FULL, DECORRELATED, POLICY_COUNT };

struct bench {
    struct arena *arena;
    struct contention_config config;
    struct contention_parameters parameters[POLICY_COUNT];
    struct experiment_variant variants[POLICY_COUNT];
};

static const struct dist *delay(struct bench *bench, const char *text)
{
    struct error error = {0};
    struct dist_options options = {.dimension = DIST_DURATION};
    const struct dist *dist = dist_parse(bench->arena, text, &options, NULL, &error);
    if (dist == NULL)
        fail_msg("%s", error.message);
    return dist;
}

static struct rce_retry_policy preset(const char *name)
{
    const struct rce_retry_preset *found = rce_retry_preset_find(name);
    assert_non_null(found);
    return found->policy;
}

/* The five algorithms of the article, over clients that begin at once. */
static struct bench *create(uint32_t clients_count, const char *hop)
{
    static const char *const names[] = {"none", "exponential", "equal", "full", "decorrelated"};
    gsl_set_error_handler_off();
    struct arena *arena = arena_create("contention_test", 0);
    struct bench *bench = arena_take(arena, sizeof *bench);
    bench->arena = arena;
    bench->config = (struct contention_config){.clients_count = clients_count,
                                               .hop = hop == NULL ? NULL : delay(bench, hop)};
    struct rce_retry_policy policies[POLICY_COUNT] = {
        [NONE] = {.attempts_max = UINT32_MAX},
        [EXPONENTIAL] = preset("aws-full"),
        [EQUAL] = preset("aws-equal"),
        [FULL] = preset("aws-full"),
        [DECORRELATED] = preset("aws-decorrelated"),
    };
    policies[EXPONENTIAL].jitter = RCE_JITTER_NONE;
    for (int i = 0; i < POLICY_COUNT; i++) {
        bench->parameters[i] =
            (struct contention_parameters){.world = &bench->config, .policy = policies[i]};
        bench->variants[i] = (struct experiment_variant){names[i], &bench->parameters[i]};
    }
    return bench;
}

static struct result *simulate(struct bench *bench, uint32_t replications, uint32_t threads)
{
    struct experiment_design design = {.model = &contention_model,
                                       .variants = bench->variants,
                                       .variant_count = POLICY_COUNT,
                                       .replication_count = replications,
                                       .seed = 2015,
                                       .thread_count = threads,
                                       .rows_replication_count = replications};
    struct result *result;
    struct error error = {0};
    if (!experiment_run(&design, &result, &error))
        fail_msg("%s", error.message);
    return result;
}

static int64_t value(const struct result *result, uint32_t replication, uint32_t variant,
                     enum contention_metric metric)
{
    return result_record(result, replication, variant)->values[metric];
}

/* One client: two round trips, whatever the policy, and the sum of its four hops. */
static void test_one_client(void **state)
{
    (void)state;
    struct bench *bench = create(1, "10ms");
    bench->config.service = delay(bench, "3ms");
    struct result *result = simulate(bench, 1, 1);
    for (uint32_t v = 0; v < POLICY_COUNT; v++) {
        assert_int_equal(value(result, 0, v, CONTENTION_COMPLETION_TIME), 46 * UNITS_MS);
        assert_int_equal(value(result, 0, v, CONTENTION_CALLS), 1);
        assert_int_equal(value(result, 0, v, CONTENTION_CONFLICTS), 0);
    }
    result_destroy(result);

    /* 4 hops of mean 10 and standard deviation 2: over 2000 replications 5 sigma are
     * 5 * 4 / sqrt(2000) = .447 ms. */
    bench->config.hop = delay(bench, ARTICLE_HOP);
    bench->config.service = NULL;
    result = simulate(bench, 2000, 1);
    struct tally times = {0};
    for (uint32_t r = 0; r < 2000; r++)
        tally_add(&times, (double)value(result, r, FULL, CONTENTION_COMPLETION_TIME) / 1e6);
    assert_near(times.mean, 40, .447);
    double variance;
    assert_true(tally_variance(&times, &variance));
    assert_near(variance, 16, 5 * 16 * sqrt(2.0 / 2000)); /* about normal */
    result_destroy(result);
    arena_destroy(bench->arena);
}

/* Two clients at the same distance (hop 10 ms): both writes arrive at 30 ms, the first is accepted,
 * the other one is refused, knows at 40 ms, waits, and needs four more hops. */
static void test_two_clients(void **state)
{
    (void)state;
    struct bench *bench = create(2, "10ms");
    struct result *result = simulate(bench, 50, 1);
    for (uint32_t r = 0; r < 50; r++)
        for (uint32_t v = 0; v < POLICY_COUNT; v++) {
            const struct row_table *rows = result_rows(result, r, v);
            const int64_t *first = rows->values, *second = first + rows->column_count;
            assert_int_equal(first[CONTENTION_COLUMN_ENDED], 40 * UNITS_MS);
            assert_int_equal(first[CONTENTION_COLUMN_VERSION], 1);
            assert_int_equal(first[CONTENTION_COLUMN_WAITED], 0);
            assert_int_equal(second[CONTENTION_COLUMN_VERSION], 2);
            assert_int_equal(second[CONTENTION_COLUMN_CALLS], 2);
            int64_t waited = second[CONTENTION_COLUMN_WAITED];
            assert_int_equal(second[CONTENTION_COLUMN_ENDED], 80 * UNITS_MS + waited);
            assert_int_equal(value(result, r, v, CONTENTION_COMPLETION_TIME),
                             80 * UNITS_MS + waited);
            /* v = 10 before the first retry; decorrelated: uniform in 5 .. 15. */
            static const int64_t least_ms[] = {0, 10, 5, 0, 5}, most_ms[] = {0, 10, 10, 10, 15};
            assert_in_range(waited, least_ms[v] * UNITS_MS, most_ms[v] * UNITS_MS);
        }
    result_destroy(result);
    arena_destroy(bench->arena);
}

/* The database works on one request at a time: three reads that arrive at 10 ms are answered after
 * 4, 8 and 12 ms; the first write arrives at 34, is done at 38 and answered at 48; the others
 * arrive at 38 and 42, and are refused. */
static void test_service_queues(void **state)
{
    (void)state;
    struct bench *bench = create(3, "10ms");
    bench->config.service = delay(bench, "4ms");
    for (int v = 0; v < POLICY_COUNT; v++)
        bench->parameters[v].policy = (struct rce_retry_policy){.attempts_max = 1};
    struct result *result = simulate(bench, 1, 1);
    const struct row_table *rows = result_rows(result, 0, 0);
    for (int i = 0; i < 3; i++) {
        const int64_t *row = rows->values + (size_t)i * rows->column_count;
        assert_int_equal(row[CONTENTION_COLUMN_ENDED], (48 + 4 * i) * UNITS_MS);
        assert_int_equal(row[CONTENTION_COLUMN_STATUS],
                         i == 0 ? CONTENTION_SUCCEEDED : CONTENTION_GAVE_UP);
        assert_int_equal(row[CONTENTION_COLUMN_VERSION], i == 0 ? 1 : ROW_NONE);
    }
    result_destroy(result);
    arena_destroy(bench->arena);
}

/* Versions are handed out once each, calls are successes and conflicts, a client ends once. */
static void check_rows(const struct result *result, uint32_t r, uint32_t v)
{
    const struct row_table *rows = result_rows(result, r, v);
    int64_t succeeded = 0, calls = 0, last_end_ns = 0;
    uint8_t *handed_out = calloc(rows->row_count + 1, 1);
    for (size_t i = 0; i < rows->row_count; i++) {
        const int64_t *row = rows->values + i * rows->column_count;
        assert_int_equal(row[CONTENTION_COLUMN_CLIENT], (int64_t)i);
        calls += row[CONTENTION_COLUMN_CALLS];
        if (row[CONTENTION_COLUMN_ENDED] > last_end_ns)
            last_end_ns = row[CONTENTION_COLUMN_ENDED];
        bool failed = record_is_failed(result_record(result, r, v), (uint32_t)i);
        assert_true(failed == (row[CONTENTION_COLUMN_STATUS] == CONTENTION_GAVE_UP));
        assert_true(failed == (row[CONTENTION_COLUMN_VERSION] == ROW_NONE));
        if (failed)
            continue;
        assert_in_range(row[CONTENTION_COLUMN_VERSION], 1, rows->row_count);
        assert_int_equal(handed_out[row[CONTENTION_COLUMN_VERSION]]++, 0);
        succeeded++;
    }
    for (int64_t i = 1; i <= succeeded; i++)
        assert_int_equal(handed_out[i], 1);
    free(handed_out);
    int64_t gave_up = value(result, r, v, CONTENTION_FAILURE_RATE);
    assert_int_equal(succeeded + gave_up, (int64_t)rows->row_count);
    assert_int_equal(calls, value(result, r, v, CONTENTION_CALLS));
    assert_int_equal(calls, succeeded + value(result, r, v, CONTENTION_CONFLICTS));
    assert_int_equal(last_end_ns, value(result, r, v, CONTENTION_COMPLETION_TIME));
}

/* No delays at all is the worst case: everybody reads, everybody writes, one is accepted. Without
 * back-off that is the bound, N (N - 1) / 2 conflicts. */
static void test_worst_case(void **state)
{
    (void)state;
    struct bench *bench = create(40, NULL);
    struct result *result = simulate(bench, 1, 1);
    assert_int_equal(value(result, 0, NONE, CONTENTION_CONFLICTS), 40 * 39 / 2);
    assert_int_equal(value(result, 0, NONE, CONTENTION_COMPLETION_TIME), 0);
    assert_int_equal(value(result, 0, NONE, CONTENTION_PEAK_CALLS), 40 * 41 / 2);
    /* Plain exponential keeps all of them in step, so it saves not one call: it only takes longer.
     * The last client waits 10 + 20 + ... + 1280 ms, then 2000 ms each time: 8 and 31 waits. */
    assert_int_equal(value(result, 0, EXPONENTIAL, CONTENTION_CONFLICTS), 40 * 39 / 2);
    assert_int_equal(value(result, 0, EXPONENTIAL, CONTENTION_COMPLETION_TIME),
                     (2550 + 31 * 2000) * UNITS_MS);
    result_destroy(result);
    arena_destroy(bench->arena);
}

static void test_accounts_and_threads(void **state)
{
    (void)state;
    struct bench *bench = create(30, ARTICLE_HOP);
    bench->config.service = delay(bench, "exponential(mean=500us)");
    bench->parameters[EQUAL].policy.attempts_max = 4;
    bench->parameters[FULL].policy.total_ns = 300 * UNITS_MS;
    struct result *one = simulate(bench, 20, 1), *four = simulate(bench, 20, 4);
    int64_t gave_up = 0;
    for (uint32_t r = 0; r < 20; r++)
        for (uint32_t v = 0; v < POLICY_COUNT; v++) {
            check_rows(one, r, v);
            gave_up += value(one, r, v, CONTENTION_FAILURE_RATE);
            assert_true(record_equals(result_record(one, r, v), result_record(four, r, v)));
        }
    assert_true(gave_up > 100);
    assert_true(one->history_hash == four->history_hash);
    for (uint32_t v = 1; v < POLICY_COUNT; v++) {
        /* At least each client's first attempt is common: 4 hops and 2 services. */
        assert_true(one->synchrony[v].common_count >= 20 * 30 * 6);
        assert_true(one->synchrony[v].digest == one->synchrony[v].digest_first);
    }
    for (uint32_t v = 0; v < POLICY_COUNT; v++)
        assert_int_equal(result_record(one, 0, v)->histograms[0].count, 30);
    assert_true(result_record(one, 0, FULL)->history_hash !=
                result_record(one, 1, FULL)->history_hash);
    result_destroy(one);
    result_destroy(four);
    arena_destroy(bench->arena);
}

struct expectation {
    double time_ms, time_sd, calls, calls_sd; /* of one replication */
};

static void check_article(const struct bench *bench, const struct expectation *expected,
                          uint32_t expected_replications, uint32_t replications)
{
    struct result *result = simulate((struct bench *)(uintptr_t)bench, replications, 1);
    for (uint32_t v = 0; v < POLICY_COUNT; v++) {
        struct tally times = {0}, calls = {0};
        for (uint32_t r = 0; r < replications; r++) {
            tally_add(&times, (double)value(result, r, v, CONTENTION_COMPLETION_TIME) / 1e6);
            tally_add(&calls, (double)value(result, r, v, CONTENTION_CALLS));
        }
        double scale = sqrt(1.0 / expected_replications + 1.0 / replications);
        assert_near(times.mean, expected[v].time_ms, 5 * expected[v].time_sd * scale);
        assert_near(calls.mean, expected[v].calls, 5 * expected[v].calls_sd * scale);
    }
    result_destroy(result);
}

/* The article's experiment: an independent simulation with normal hops, written in another language
 * after the published one, gave these means and standard deviations over 1200 (10 clients) and 300
 * (100 clients) replications; the intervals are 5 sigma of the difference. So at 100 clients jitter
 * saves more than half of the calls of plain exponential ("more than half" in the article), no
 * back-off makes three times as many and is done first, and plain exponential takes longest by
 * far. */
static void test_the_article(void **state)
{
    (void)state;
    static const struct expectation of_10[POLICY_COUNT] = {
        [NONE] = {378.67, 35.13, 50.702, 4.141},
        [EXPONENTIAL] = {3442.76, 1327.83, 50.774, 4.120},
        [EQUAL] = {732.38, 187.85, 42.416, 2.575},
        [FULL] = {466.38, 106.65, 39.089, 2.281},
        [DECORRELATED] = {435.83, 89.12, 37.648, 2.286},
    };
    static const struct expectation of_100[POLICY_COUNT] = {
        [NONE] = {2027.29, 43.06, 2424.813, 33.390},
        [EXPONENTIAL] = {63589.50, 3591.14, 1855.580, 58.832},
        [EQUAL] = {6732.94, 648.16, 812.767, 7.772},
        [FULL] = {4888.10, 499.41, 796.407, 6.791},
        [DECORRELATED] = {4682.54, 724.96, 1002.630, 28.524},
    };
    struct bench *bench = create(10, ARTICLE_HOP);
    check_article(bench, of_10, 1200, 1200);
    bench->config.clients_count = 100;
    check_article(bench, of_100, 300, 100);
    arena_destroy(bench->arena);
}

static void test_bad_counts(void **state)
{
    (void)state;
    struct bench *bench = create(CONTENTION_CLIENTS_MAX + 1, NULL);
    struct experiment_design design = {.model = &contention_model,
                                       .variants = bench->variants,
                                       .variant_count = 1,
                                       .replication_count = 1,
                                       .thread_count = 1};
    struct result *result = NULL;
    struct error error = {0};
    assert_false(experiment_run(&design, &result, &error));
    assert_int_equal(error.code, ERROR_SCENARIO);
    assert_non_null(strstr(error.message, "1 to 10000 clients, not 10001"));
    arena_destroy(bench->arena);
}

/* Simulate with `full`, and check the story of one client: read, conflict, wait, over and over,
 * then the end. Returns whether it gave up, after 3 attempts. */
static bool check_story(struct bench *bench, uint32_t client)
{
    struct record_shape shape = {.unit_max = 20,
                                 .metric_count = CONTENTION_METRIC_COUNT,
                                 .histogram_count = CONTENTION_HISTOGRAM_COUNT};
    struct record *record = record_create(bench->arena, shape);
    struct trace_options options = {.types = contention_trace_types,
                                    .type_count = CONTENTION_TRACE_TYPE_COUNT};
    struct trace *trace = trace_create(bench->arena, &options);
    struct oracle oracle = oracle_make(3, 0, NULL, NULL);
    struct model_run run = {.parameters = &bench->parameters[FULL],
                            .oracle = &oracle,
                            .arena = bench->arena,
                            .sink = &(struct model_sink){.trace = trace, .trace_unit = client}};
    struct error error = {0};
    assert_true(contention_model.run(&run, record, &error));
    bool gave_up = record_is_failed(record, client);
    static const uint16_t attempt[] = {CONTENTION_TRACE_READ, CONTENTION_TRACE_CONFLICT,
                                       CONTENTION_TRACE_WAIT};
    size_t count = trace_count(trace);
    assert_true(gave_up ? count == 9 : count <= 8 && count % 3 == 2);
    for (size_t i = 0; i < count; i++) {
        const struct trace_record *told = trace_at(trace, i);
        assert_int_equal(told->subject, client);
        assert_int_equal(told->type, i < count - 1 ? attempt[i % 3]
                                     : gave_up     ? CONTENTION_TRACE_GAVE_UP
                                                   : CONTENTION_TRACE_ACCEPTED);
        assert_non_null(trace_type_of(trace, told->type)->name);
    }
    return gave_up;
}

static void test_stories(void **state)
{
    (void)state;
    struct bench *bench = create(20, ARTICLE_HOP);
    bench->parameters[FULL].policy.attempts_max = 3;
    uint32_t gave_up = 0;
    for (uint32_t client = 0; client < 20; client++)
        gave_up += check_story(bench, client);
    assert_in_range(gave_up, 1, 19); /* Both endings were told. */
    arena_destroy(bench->arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_client),           cmocka_unit_test(test_two_clients),
        cmocka_unit_test(test_service_queues),       cmocka_unit_test(test_worst_case),
        cmocka_unit_test(test_accounts_and_threads), cmocka_unit_test(test_the_article),
        cmocka_unit_test(test_bad_counts),           cmocka_unit_test(test_stories),
    };
    return cmocka_run_group_tests_name("contention", tests, NULL, NULL);
}
