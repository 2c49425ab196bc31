/* From scenarios to the contention model, and what the models say about choosing among policies. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <gsl/gsl_errno.h>

#include "models/contention/model.h"
#include "models/rcesim/format/configure.h"
#include "models/rcesim/format/domain.h"
#include "models/vmc/model.h"
#include "sim/base/units.h"

static int set_up(void **state)
{
    gsl_set_error_handler_off();
    *state = arena_create("test", 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

static bool load(struct arena *arena, const char *text, struct configuration **out,
                 struct error *error)
{
    struct scenario_source source = {
        .file_name = "s.yaml", .text = text, .text_size_bytes = strlen(text)};
    return configure_load(out, arena, &source, error);
}

static struct configuration *load_good(struct arena *arena, const char *text)
{
    struct configuration *configuration = NULL;
    struct error error = {0};
    if (!load(arena, text, &configuration, &error))
        fail_msg("%s", error.message);
    return configuration;
}

static void expect_bad(struct arena *arena, const char *text, const char *message)
{
    struct configuration *configuration;
    struct error error = {0};
    assert_false(load(arena, text, &configuration, &error));
    assert_int_equal(error.code, ERROR_SCENARIO);
    if (strstr(error.message, message) == NULL)
        fail_msg("no \"%s\" in \"%s\"", message, error.message);
}

#define HEAD "question: Why?\nmodel: contention\n"

static void defaults_are_the_article(void **state)
{
    struct configuration *c = load_good(*state, HEAD "variants: {once: {}, again: {retry: {}}}\n");
    assert_ptr_equal(c->domain, &domain_contention);
    const struct contention_config *world = c->world;
    assert_int_equal(world->clients_count, 100);
    assert_int_equal(c->unit_count, 100);
    assert_int_equal(dist_duration_ns(world->hop, 0.5), 10 * UNITS_MS);
    assert_null(world->service);
    const struct contention_parameters *once = c->variants[0].parameters;
    const struct contention_parameters *again = c->variants[1].parameters;
    assert_ptr_equal(once->world, world);
    assert_int_equal(once->policy.attempts_max, 1);
    assert_int_equal(again->policy.base_ns, 30 * UNITS_S);
    assert_int_equal(again->policy.attempts_max, 0);
}

static void everything_is_read(void **state)
{
    struct configuration *c = load_good(
        *state, HEAD "clients: {count: 7}\nnetwork: {hop: 3ms}\ndatabase: {service: 2ms}\n"
                     "variants:\n"
                     "  none: {retry: {policy: none, attempts: 9}}\n"
                     "  plain: {retry: {policy: aws-full, jitter: none, cap: 1s}}\n"
                     "thresholds: ['calls(plain) < 8', 'completion_time(none) > 1ms']\n"
                     "sweep: ['clients.count=1,2']\n");
    const struct contention_config *world = c->world;
    assert_int_equal(world->clients_count, 7);
    assert_int_equal(dist_duration_ns(world->hop, 0.1), 3 * UNITS_MS);
    assert_int_equal(dist_duration_ns(world->service, 0.1), 2 * UNITS_MS);
    const struct contention_parameters *none = c->variants[0].parameters;
    const struct contention_parameters *plain = c->variants[1].parameters;
    assert_int_equal(none->policy.base_ns, 0);
    assert_int_equal(none->policy.attempts_max, 9);
    assert_int_equal(plain->policy.base_ns, 10 * UNITS_MS);
    assert_int_equal(plain->policy.cap_ns, UNITS_S);
    assert_int_equal(plain->policy.jitter, RCE_JITTER_NONE);
    assert_int_equal(c->threshold_count, 2);
}

static void bad_values_have_their_place(void **state)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"variants: {}\n", "s.yaml:3"},
        {"variants: {a: {}}\nclients: {count: 0}\n", "s.yaml:4:18"},
        {"variants: {a: {}}\nclients: {count: 10001}\n", "square of the clients"},
        {"variants: {a: {}}\nfleet: {sddcs: 3}\n", "unknown key \"fleet\""},
        {"variants: {a: {precheck: {}}}\n", "unknown key \"precheck\""},
        {"variants: {a: {}}\nnetwork: {hop: normal(mean=10ms, sigma=2ms)}\n", "can be negative"},
        {"variants: {a: {retry: {policy: aws-ful}}}\n", "did you mean \"aws-full\""},
        {"variants: {a: {retry: {policy: aws-full, cap: 1ms}}}\n", "the cap is below the base"},
        {"variants: {a: {}}\nthresholds: ['api_calls < 3']\n", "there is no metric"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_bad(*state, arena_print(*state, HEAD "%s", bad[i].text), bad[i].message);
    expect_bad(*state, "question: Why?\nmodel: contentio\nvariants: {a: {}}\n", "contentio");
}

/* The queue of the service, which a scenario switches on. */
static void queue_is_read(void **state)
{
    struct configuration *c =
        load_good(*state, "question: Why?\nvariants: {a: {}}\n"
                          "host_service: {queue: {rate: 30/min, timeout: 20s, length: 9}}\n");
    const struct vmc_queue *queue = &((const struct vmc_config *)c->world)->service.queue;
    assert_true(queue->rate_per_s == 0.5);
    assert_int_equal(queue->timeout_ns, 20 * UNITS_S);
    assert_int_equal(queue->length_max, 9);
    c = load_good(*state,
                  "question: Why?\nvariants: {a: {}}\nhost_service: {queue: {rate: 1/s}}\n");
    queue = &((const struct vmc_config *)c->world)->service.queue;
    assert_int_equal(queue->timeout_ns, 30 * UNITS_S);
    assert_int_equal(queue->length_max, 0);
    c = load_good(*state, "question: Why?\nvariants: {a: {}}\n");
    assert_true(((const struct vmc_config *)c->world)->service.queue.rate_per_s == 0);
    expect_bad(*state, "question: Why?\nvariants: {a: {}}\nhost_service: {queue: {}}\n",
               "host_service.queue.rate");
}

/* A policy upon a base: the retry policy is its own, all else the base's. */
static void policies_keep_their_policy(void **state)
{
    struct configuration *c = load_good(
        *state, "question: Why?\n"
                "variants:\n"
                "  before: {settle: 5min}\n"
                "  after: {precheck: {}, retry: {after: 7min, policy: temporal}, idempotency: {}}\n"
                "  policy: {retry: {policy: aws-standard}}\n");
    struct experiment_variant upon_after = c->variants[2], upon_before = c->variants[2];
    assert_true(domain_vmc.keep_policy(*state, &upon_after, c, &c->variants[1], NULL));
    assert_true(domain_vmc.keep_policy(*state, &upon_before, c, &c->variants[0], NULL));
    const struct rce_options *after =
        ((const struct vmc_parameters *)upon_after.parameters)->options;
    const struct rce_options *before =
        ((const struct vmc_parameters *)upon_before.parameters)->options;
    assert_string_equal(upon_after.name, "policy");
    assert_true(after->precheck && after->retry && after->key_scope == RCE_KEY_PER_TASK);
    assert_int_equal(after->retry_after_ns, 7 * UNITS_MIN);
    assert_int_equal(after->retry_policy.attempts_max, 3);
    assert_true(!before->precheck && before->retry && before->key_scope == RCE_KEY_NONE);
    assert_int_equal(before->retry_after_ns, 10 * UNITS_MIN);
    assert_int_equal(before->settle_ns, 5 * UNITS_MIN);
    assert_int_equal(before->retry_policy.attempts_max, 3);
    /* What they were made from is as it was. */
    const struct rce_options *base =
        ((const struct vmc_parameters *)c->variants[1].parameters)->options;
    assert_int_equal(base->retry_policy.attempts_max, 0);
}

/* Every model says what choices are compared by, with metrics that it has. */
static void criteria_exist(void **state)
{
    (void)state;
    for (size_t d = 0; domains[d] != NULL; d++) {
        assert_in_range(domains[d]->criterion_count, 2, 8);
        for (size_t i = 0; i < domains[d]->criterion_count; i++) {
            size_t found = 0;
            for (size_t m = 0; m < domains[d]->model->metric_count; m++)
                found +=
                    strcmp(domains[d]->model->metrics[m].name, domains[d]->criteria[i].metric) == 0;
            assert_int_equal(found, 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_article),    cmocka_unit_test(everything_is_read),
        cmocka_unit_test(bad_values_have_their_place), cmocka_unit_test(queue_is_read),
        cmocka_unit_test(policies_keep_their_policy),  cmocka_unit_test(criteria_exist),
    };
    return cmocka_run_group_tests_name("rcesim/configure_contention", tests, set_up, tear_down);
}
