#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <jansson.h>

#include "models/rce/retry.h"
#include "models/rcesim/format/configure.h"
#include "models/rcesim/format/manual.h"
#include "models/rcesim/options.h"
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

static const struct rce_options *options_of(const struct configuration *configuration,
                                            uint32_t variant)
{
    const struct vmc_parameters *parameters = configuration->variants[variant].parameters;
    return parameters->options;
}

#define HEAD "question: Why?\n"

static void defaults_are_benign(void **state)
{
    struct configuration *c = load_good(*state, HEAD "variants: {old: {}}\n");
    const struct vmc_config *world = c->world;
    assert_true(world->provisioning.outage_probability == 0);
    assert_null(world->provisioning.region_outage_gap);
    assert_true(world->work.update_failure_probability == 0);
    assert_true(world->maintenance.stuck_probability == 0 && world->maintenance.slow_share == 0);
    const struct vmc_service *service = &world->service;
    assert_true(service->unavailable_probability == 0 && service->unknown_probability == 0);
    assert_true(service->callback_loss == 0 && service->callback_duplicate == 0 &&
                service->callback_late_probability == 0);
    assert_true(service->limit_reads.rate_per_s == 0 && service->limit_writes.rate_per_s == 0 &&
                service->limit_add_host.rate_per_s == 0);
    assert_int_equal(service->outages_count, 0);
    assert_int_equal(world->wave.windows_count, 0);
    struct rce_options old;
    rce_options_init(&old);
    const struct rce_options *options = options_of(c, 0);
    assert_false(options->precheck || options->retry);
    assert_int_equal(options->key_scope, RCE_KEY_NONE);
    /* The schema repeats the engine's deadlines so that the manual can show them. */
    assert_memory_equal(options->deadline_ns, old.deadline_ns, sizeof old.deadline_ns);
    assert_int_equal(options->clusters_at_once, old.clusters_at_once);
}

static void every_field_arrives(void **state)
{
    struct configuration *c =
        load_good(*state, HEAD
                  "fleet:\n"
                  "  sddcs: 11\n"
                  "  clusters_per_sddc: 2\n"
                  "  hosts_per_cluster: 5\n"
                  "  temporary_host: {share: 25%}\n"
                  "  groups:\n"
                  "    a: {share: 75%, region: eu, instance_type: i3, provisioning_scale: 2}\n"
                  "    b: {share: 25%}\n"
                  "provisioning:\n"
                  "  launch: 1s\n"
                  "  boot: 2s\n"
                  "  connect: 3s\n"
                  "  configure: 4s\n"
                  "  capacity_outage: {probability: 1%, duration: 5s}\n"
                  "  region_outage: {gap: 66s, duration: 67s}\n"
                  "phase1: {control_plane: 8s}\n"
                  "phase2: {backup: 9s, update_host: 10s, remove_host: 11s, update_failure: 2%,\n"
                  "         repair: 12s, clusters_at_once: 3}\n"
                  "phase3: {network: 13s}\n"
                  "maintenance:\n"
                  "  evacuate: 14s\n"
                  "  exit: 15s\n"
                  "  resync: 16s\n"
                  "  deadline: 17min\n"
                  "  stuck: {probability: 3%, duration: 18s}\n"
                  "  slow_hosts: {share: 4%, factor: 5}\n"
                  "host_service:\n"
                  "  latency: 19s\n"
                  "  response_delay: 20s\n"
                  "  errors: {unavailable: 5%, unknown: 6%, unknown_applied: 7%}\n"
                  "  throttle: {reads: {rate: 1/s, burst: 2}, writes: {rate: 3/s, burst: 4},\n"
                  "             add_host: {}, retry_after: false}\n"
                  "  read_lag: 21s\n"
                  "  callback: {delay: 22s, loss: 8%, duplicate: 9%, duplicate_delay: 23s,\n"
                  "             late: {probability: 10%, delay: 24s}}\n"
                  "  early_request: queue\n"
                  "  idempotency: {scope: service, retention: 25h}\n"
                  "  outages: [{from: 1h, to: 2h}, {from: 3h, to: 4h, every: 24h}]\n"
                  "wave: {schedule: randomly, spread: 26h, concurrency: 27,\n"
                  "       windows: [{from: 0s, to: 8h, every: 24h}]}\n"
                  "variants: {x: {}}\n"
                  "experiment: {replications: 28, seed: 29}\n");
    const struct vmc_config *w = c->world;
    assert_int_equal(w->fleet.sddcs_count, 11);
    assert_true(dist_mean(w->fleet.clusters_per_sddc) == 2);
    assert_true(dist_mean(w->fleet.hosts_per_cluster) == 5);
    assert_true(w->fleet.temporary_host_share == 0.25);
    assert_int_equal(w->fleet.groups_count, 2);
    assert_string_equal(w->fleet.groups[0].name, "a");
    assert_string_equal(w->fleet.groups[0].region, "eu");
    assert_string_equal(w->fleet.groups[0].instance_type, "i3");
    assert_true(w->fleet.groups[0].share == 0.75 && w->fleet.groups[0].provisioning_scale == 2);
    assert_true(w->fleet.groups[1].provisioning_scale == 1);
    /* The durations are all different whole seconds, so that a mix-up shows. */
    const struct {
        const struct dist *dist;
        int seconds;
    } dists[] = {
        {w->provisioning.launch, 1},
        {w->provisioning.boot, 2},
        {w->provisioning.connect, 3},
        {w->provisioning.configure, 4},
        {w->provisioning.outage_duration, 5},
        {w->provisioning.region_outage_gap, 66},
        {w->provisioning.region_outage_duration, 67},
        {w->work.control_plane, 8},
        {w->work.backup, 9},
        {w->work.update_host, 10},
        {w->work.remove_host, 11},
        {w->work.repair, 12},
        {w->work.network, 13},
        {w->maintenance.evacuate, 14},
        {w->maintenance.exit, 15},
        {w->maintenance.resync, 16},
        {w->maintenance.stuck_duration, 18},
        {w->service.latency, 19},
        {w->service.response_delay, 20},
        {w->service.read_lag, 21},
        {w->service.callback_delay, 22},
        {w->service.callback_duplicate_delay, 23},
        {w->service.callback_late_delay, 24},
    };
    for (size_t i = 0; i < sizeof dists / sizeof dists[0]; i++)
        assert_int_equal(dist_duration_ns(dists[i].dist, 0.5), dists[i].seconds * UNITS_S);
    const double shares[] = {
        w->provisioning.outage_probability, w->work.update_failure_probability,
        w->maintenance.stuck_probability,   w->maintenance.slow_share,
        w->service.unavailable_probability, w->service.unknown_probability,
        w->service.unknown_applied_share,   w->service.callback_loss,
        w->service.callback_duplicate,      w->service.callback_late_probability,
    };
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        assert_float_equal(shares[i], (float)(i + 1) / 100, 1e-7);
    assert_true(w->maintenance.slow_factor == 5);
    const struct vmc_service *s = &w->service;
    assert_true(s->limit_reads.rate_per_s == 1 && s->limit_reads.burst == 2);
    assert_true(s->limit_writes.rate_per_s == 3 && s->limit_writes.burst == 4);
    assert_true(s->limit_add_host.rate_per_s == 2 && s->limit_add_host.burst == 5);
    assert_false(s->retry_after);
    assert_int_equal(s->early_request, VMC_EARLY_QUEUE);
    assert_int_equal(s->key_scope, VMC_KEY_BY_SERVICE);
    assert_int_equal(s->key_retention_ns, 25 * UNITS_H);
    assert_int_equal(s->outages_count, 2);
    assert_int_equal(s->outages[0].every_ns, 0);
    assert_int_equal(s->outages[1].from_ns, 3 * UNITS_H);
    assert_int_equal(s->outages[1].to_ns, 4 * UNITS_H);
    assert_int_equal(s->outages[1].every_ns, UNITS_D);
    assert_int_equal(w->wave.schedule, VMC_START_RANDOMLY);
    assert_int_equal(w->wave.spread_ns, 26 * UNITS_H);
    assert_int_equal(w->wave.concurrency_max, 27);
    assert_int_equal(w->wave.windows_count, 1);
    assert_int_equal(c->replication_count, 28);
    assert_int_equal(c->seed, 29);
    assert_int_equal(options_of(c, 0)->clusters_at_once, 3);
    assert_int_equal(options_of(c, 0)->deadline_ns[RCE_ENTER_MAINTENANCE], 17 * UNITS_MIN);
}

static void variants_are_switches(void **state)
{
    struct configuration *c = load_good(
        *state, HEAD
        "variants:\n"
        "  old: {}\n"
        "  precheck: {precheck: {poll: {policy: exponential, base: 30s, factor: 2, cap: 5min,\n"
        "             jitter: full}, deadline: 2h, scope: every_host}}\n"
        "  retry: {retry: {after: 11min, policy: fixed, base: 7s, attempts: 6, total: 1h,\n"
        "          throttled_base: 3s, honour_retry_after: false, limiter: {rate: 4/s}}}\n"
        "  key: {idempotency: {key: per_workflow}}\n"
        "  slow: {settle: 20min, deadlines: {control_plane: 1h, backup: 2h, add_host: 3h,\n"
        "         enter_maintenance: 4h, update_host: 5h, exit_maintenance: 6h, remove_host: 7h,\n"
        "         network: 8h}}\n");
    assert_int_equal(c->variant_count, 5);
    assert_string_equal(c->variants[0].name, "old");
    const struct rce_options *precheck = options_of(c, 1), *retry = options_of(c, 2);
    assert_true(precheck->precheck && !precheck->retry);
    assert_int_equal(precheck->precheck_scope, RCE_PRECHECK_EVERY_HOST);
    assert_int_equal(precheck->deadline_ns[RCE_READ_CLUSTER], 2 * UNITS_H);
    assert_int_equal(precheck->precheck_poll.base_ns, 30 * UNITS_S);
    assert_int_equal(precheck->precheck_poll.multiplier_permille, 2000);
    assert_int_equal(precheck->precheck_poll.cap_ns, 5 * UNITS_MIN);
    assert_int_equal(precheck->precheck_poll.jitter, RCE_JITTER_FULL);
    assert_true(retry->retry && !retry->precheck);
    assert_int_equal(retry->retry_after_ns, 11 * UNITS_MIN);
    const struct rce_retry_policy *policy = &retry->retry_policy;
    assert_int_equal(policy->base_ns, 7 * UNITS_S);
    assert_int_equal(policy->multiplier_permille, 1000);
    assert_int_equal(policy->jitter, RCE_JITTER_NONE);
    assert_int_equal(policy->attempts_max, 6);
    assert_int_equal(policy->total_ns, UNITS_H);
    assert_int_equal(policy->throttled_base_ns, 3 * UNITS_S);
    assert_true(policy->ignore_retry_after);
    assert_int_equal(policy->limiter_per_s, 4);
    assert_int_equal(policy->limiter_burst, 1);
    assert_int_equal(options_of(c, 3)->key_scope, RCE_KEY_PER_WORKFLOW);
    const struct rce_options *slow = options_of(c, 4);
    assert_int_equal(slow->settle_ns, 20 * UNITS_MIN);
    static const enum rce_operation order[] = {
        RCE_UPGRADE_CONTROL_PLANE, RCE_BACKUP,           RCE_ADD_HOST,    RCE_ENTER_MAINTENANCE,
        RCE_UPDATE_HOST,           RCE_EXIT_MAINTENANCE, RCE_REMOVE_HOST, RCE_UPGRADE_NETWORK};
    for (int i = 0; i < 8; i++)
        assert_int_equal(slow->deadline_ns[order[i]], (i + 1) * UNITS_H);
}

static void every_preset_has_its_name_in_the_format(void **state)
{
    size_t count;
    const struct rce_retry_preset *presets = rce_retry_presets(&count);
    assert_true(count >= 15);
    for (size_t i = 0; i < count; i++) {
        struct configuration *c =
            load_good(*state, arena_print(*state, HEAD "variants: {x: {retry: {policy: %s}}}\n",
                                          presets[i].name));
        assert_memory_equal(&options_of(c, 0)->retry_policy, &presets[i].policy,
                            sizeof presets[i].policy);
        bool is_documented = false;
        for (size_t k = 0; k < schema_vmc.field_count; k++)
            if (strcmp(schema_vmc.fields[k].path, "variants.*.retry.policy") == 0)
                is_documented = strstr(schema_vmc.fields[k].doc, presets[i].name) != NULL;
        assert_true(is_documented);
    }
    struct configuration *c =
        load_good(*state, HEAD "variants: {x: {retry: {policy: aws-standard, attempts: 9}}}\n");
    struct rce_retry_policy policy = rce_retry_preset_find("aws-standard")->policy;
    policy.attempts_max = 9;
    assert_memory_equal(&options_of(c, 0)->retry_policy, &policy, sizeof policy);
}

static void fields_are_checked_against_each_other(void **state)
{
    expect_bad(*state, HEAD "fleet: {groups: {a: {share: 50%}}}\nvariants: {x: {}}\n",
               "s.yaml:2:9: fleet.groups: the shares of the groups add up to 50 %");
    expect_bad(*state, HEAD "wave: {windows: [{from: 2h, to: 1h}]}\nvariants: {x: {}}\n",
               "s.yaml:2:");
    expect_bad(*state, HEAD "wave: {windows: [{from: 0s, to: 9h, every: 8h}]}\nvariants: {x: {}}\n",
               "longer than its period");
    expect_bad(*state, HEAD "variants: {x: {retry: {policy: nothing-like-it-here}}}\n",
               "there are: exponential, fixed, none");
    expect_bad(*state, HEAD "variants: {x: {retry: {base: 1h, cap: 1s}}}\n", "the cap is below");
    expect_bad(*state, HEAD "variants: {x: {retry: {jitter: proportional}}}\n", "jitter_share");
    expect_bad(*state, HEAD "variants: {x: {retry: {jitter_share: 10%}}}\n", "proportional");
    expect_bad(*state, HEAD "variants: {x: {retry: {limiter: {rate: 1/min}}}}\n", "whole number");
    expect_bad(*state, HEAD "variants: {x: {engine: nothing-like-it}}\n", "did you mean \"rce\"");
    expect_bad(*state, HEAD "variants: {x: {}}\nthresholds: [failure_rate(y) < 1%]\n",
               "thresholds[0]");
    expect_bad(*state, HEAD "variants: {x: {}}\nthresholds: [nothing_like_it(x) < 1%]\n",
               "rcesim scenario --metrics --model vmc");
}

/* Values that would keep the program busy for ever. */
static void endless_work_is_refused(void **state)
{
    expect_bad(*state,
               HEAD "provisioning: {region_outage: {gap: 29s, duration: 30s}}\nvariants: {x: {}}\n",
               "s.yaml:2:37: provisioning.region_outage.gap: outages and gaps");
    load_good(*state,
              HEAD "provisioning: {region_outage: {gap: 30s, duration: 30s}}\nvariants: {x: {}}\n");
    expect_bad(*state, HEAD "variants: {x: {retry: {after: 999ms}}}\n",
               "unanswered reads of state are repeated");
    load_good(*state, HEAD "variants: {x: {retry: {after: 1s}}}\n");
}

static void all_complaints_are_collected(void **state)
{
    struct configuration *c;
    struct error error = {0};
    assert_false(load(*state,
                      HEAD "variants: {x: {engine: a, retry: {policy: b}}, y: {engine: c}}\n"
                           "fleet: {groups: {a: {share: 50%}}}\n",
                      &c, &error));
    assert_non_null(strstr(error.message, "variants.x.engine"));
    assert_non_null(strstr(error.message, "variants.x.retry.policy"));
    assert_non_null(strstr(error.message, "variants.y.engine"));
    assert_non_null(strstr(error.message, "fleet.groups"));
}

static void chosen_variants_take_their_thresholds_along(void **state)
{
    const char *text = HEAD "variants: {a: {}, b: {}, c: {}}\n"
                            "thresholds: [failure_rate(c) < 1%, failure_rate(b) < 2%,\n"
                            "             failure_rate(a) < 3%, violations(c) == 0]\n";
    struct configuration *c = load_good(*state, text);
    struct error error;
    const struct options_list names = {.items = (const char *[]){"c", "a"}, .count = 2};
    assert_true(configure_select_variants(c, *state, &names, &error));
    assert_int_equal(c->variant_count, 2);
    assert_string_equal(c->variants[0].name, "a");
    assert_string_equal(c->variants[1].name, "c");
    assert_int_equal(c->threshold_count, 3);
    assert_string_equal(c->thresholds[0].text, "failure_rate(c) < 1%");
    assert_int_equal(c->thresholds[0].terms[0].variant, 1);
    assert_int_equal(c->thresholds[1].terms[0].variant, 0);
    assert_string_equal(c->thresholds[2].text, "violations(c) == 0");
    assert_true(c->hash != scenario_hash(c->scenario)); /* Another experiment. */
    struct configuration *all = load_good(*state, text);
    const struct options_list everybody = {.items = (const char *[]){"b", "c", "a"}, .count = 3};
    assert_true(configure_select_variants(all, *state, &everybody, &error));
    assert_true(all->hash == scenario_hash(all->scenario));
    const struct options_list wrong = {.items = (const char *[]){"d"}, .count = 1};
    assert_false(configure_select_variants(c, *state, &wrong, &error));
    assert_int_equal(error.code, ERROR_USAGE);
}

static void too_much_memory_is_a_message(void **state)
{
    struct configuration *c = load_good(*state, HEAD "fleet: {sddcs: 2097152}\n"
                                                     "variants: {x: {}, y: {}}\n"
                                                     "experiment: {replications: 4294967295}\n");
    struct error error = {0};
    assert_false(configure_check_memory(c, 2, 0, NULL, &error));
    assert_int_equal(error.code, ERROR_SCENARIO);
    assert_non_null(strstr(error.message, "s.yaml:4:28: experiment.replications"));
    assert_non_null(strstr(error.message, "GiB"));
    c = load_good(*state, HEAD "fleet: {sddcs: 2097152, clusters_per_sddc: 20,\n"
                               "        hosts_per_cluster: 16}\n"
                               "variants: {x: {}}\nexperiment: {replications: 64}\n");
    assert_false(configure_check_memory(c, 64, 0, NULL, &error));
    assert_non_null(strstr(error.message, "s.yaml:2:16: fleet.sddcs"));
    c = load_good(*state, HEAD "variants: {x: {}}\n");
    size_t limit_bytes = 0;
    assert_true(configure_check_memory(c, 2, 0, &limit_bytes, &error));
    assert_true(limit_bytes > 1 << 20);
}

static void the_format_documents_itself(void **state)
{
    (void)state;
    char *text;
    size_t size_bytes;
    FILE *file = open_memstream(&text, &size_bytes);
    schema_print_json_schema(&schema_vmc, file);
    fclose(file);
    json_t *schema = json_loads(text, 0, NULL);
    assert_non_null(schema);
    json_decref(schema);
    free(text);
    for (size_t i = 0; i < schema_vmc.field_count; i++) {
        const char *doc = schema_vmc.fields[i].doc;
        assert_true(doc[strlen(doc) - 1] == '.' || doc[strlen(doc) - 1] == ')');
    }
}

/* Every example of the manual is what the program reads, and nothing that it reads is missing. */
static void the_manual_is_true(void **state)
{
    struct arena *arena = *state;
    struct error error;
    for (size_t i = 0; i < manual_dist_count; i++) {
        struct dist_options options = {.dimension =
                                           manual_dists[i].is_number ? DIST_NUMBER : DIST_DURATION};
        char *rest, *examples = arena_copy_text(arena, manual_dists[i].example);
        for (char *at = strtok_r(examples, ";", &rest); at; at = strtok_r(NULL, ";", &rest)) {
            if (dist_parse(arena, at + strspn(at, " "), &options, NULL, &error) == NULL &&
                strstr(error.message, "a.csv") == NULL) /* The one example that needs a file. */
                fail_msg("%s: %s", at, error.message);
        }
    }
    static const char *const variants[] = {"before", "after"};
    struct threshold_names names = {.model = &vmc_model, .variants = variants, .variant_count = 2};
    for (size_t i = 0; i < manual_threshold_count; i++) {
        struct threshold threshold;
        if (!threshold_parse(&threshold, manual_thresholds[i].example, &names, NULL, &error))
            fail_msg("%s: %s", manual_thresholds[i].example, error.message);
    }
    static const char *const dists[] = {"constant", "uniform",   "exponential", "lognormal",
                                        "normal",   "weibull",   "gamma",       "triangular",
                                        "discrete", "quantiles", "empirical",   "mixture",
                                        "truncate", "shift",     "scale"};
    char *text;
    size_t size_bytes;
    FILE *file = open_memstream(&text, &size_bytes);
    manual_print(&domain_vmc, file);
    fclose(file);
    for (size_t i = 0; i < sizeof dists / sizeof dists[0]; i++)
        assert_non_null(strstr(text, arena_print(arena, "\n| %s | `", dists[i])));
    for (size_t i = 0; i < vmc_model.metric_count; i++)
        assert_non_null(strstr(text, arena_print(arena, "\n| `%s` | ", vmc_model.metrics[i].name)));
    free(text);
}

static void words_are_quoted_for_a_shell(void **state)
{
    assert_string_equal(options_quote(*state, "fleet.sddcs=10"), "fleet.sddcs=10");
    assert_string_equal(options_quote(*state, ""), "''");
    assert_string_equal(options_quote(*state, "a b"), "'a b'");
    assert_string_equal(options_quote(*state, "it's $x"), "'it'\\''s $x'");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_benign),
        TEST(every_field_arrives),
        TEST(variants_are_switches),
        TEST(every_preset_has_its_name_in_the_format),
        TEST(fields_are_checked_against_each_other),
        TEST(all_complaints_are_collected),
        TEST(chosen_variants_take_their_thresholds_along),
        TEST(too_much_memory_is_a_message),
        TEST(the_format_documents_itself),
        TEST(endless_work_is_refused),
        TEST(the_manual_is_true),
        TEST(words_are_quoted_for_a_shell),
    };
    return cmocka_run_group_tests_name("rcesim/configure", tests, NULL, NULL);
}
