/* The searches on the real world: what they must find, what they may leave out, and how far they
 * have looked. */
#include <stdlib.h>

#include "sim/explore/exhaustive.h"
#include "sim/explore/order.h"
#include "sim/explore/random.h"
#include "tests/models/vmc/fixture.h"

enum { VALUES_MAX = 2000 };

/* The incident with the chances that its scenario has. */
static struct fixture *incident(uint32_t sddcs_count)
{
    struct fixture *fixture = fixture_create(sddcs_count);
    fixture->config.provisioning.connect =
        fixture_delay(fixture, "lognormal(median=15.4min, sigma=0.45)");
    fixture->config.provisioning.configure =
        fixture_delay(fixture, "lognormal(median=4min, sigma=0.6)");
    fixture->config.work.update_host = fixture_delay(fixture, "uniform(45min, 60min)");
    fixture->config.maintenance.evacuate =
        fixture_delay(fixture, "lognormal(median=5min, sigma=0.7)");
    fixture->config.service.callback_delay = fixture_delay(fixture, "exponential(mean=5s)");
    fixture->config.service.callback_loss = 0.0002;
    fixture->config.service.callback_duplicate = 0.001;
    return fixture;
}

static struct probe_options probe_of(const struct fixture *fixture, enum probe_scope scope)
{
    return (struct probe_options){.model = &vmc_model,
                                  .parameters = &fixture->parameters,
                                  .scope = scope,
                                  .unit = MODEL_ALL_UNITS};
}

static struct search_options search_of(const struct probe_options *probe)
{
    return (struct search_options){.probe = probe, .seed = 1, .threads = 2};
}

static struct exhaustive_result search(const struct search_options *options, uint32_t bound,
                                       struct findings *findings)
{
    struct exhaustive_options exhaustive = {.bound = bound, .grid = grid_default()};
    struct exhaustive_result result;
    struct error error = {.message = ""};
    if (!exhaustive_search(options, &exhaustive, findings, &result, &error))
        fail_msg("%s", error.message);
    assert_true(exhaustive_is_complete(&result));
    struct probe *probe = probe_create(options->probe);
    if (!findings_verify(findings, probe, &error))
        fail_msg("%s", error.message);
    probe_destroy(probe);
    return result;
}

static const struct found *find(const struct findings *findings, const char *text)
{
    uint64_t signature;
    assert_true(signature_parse(text, vmc_model.explore, &signature));
    for (uint32_t i = 0; i < findings->count; i++)
        if (findings->items[i].signature == signature)
            return &findings->items[i];
    fail_msg("not found: %s", text);
    return NULL;
}

static bool has_safety(const struct findings *findings)
{
    for (uint32_t i = 0; i < findings->count; i++)
        if (signature_is_safety(vmc_model.explore, findings->items[i].signature))
            return true;
    return false;
}

/* The incident: one slow temporary host, and within the first thousand random runs. */
static void test_before(void **state)
{
    (void)state;
    static const char *const too_early = "deadline of enter-maintenance, cluster not ready";
    struct fixture *fixture = incident(1);
    struct probe_options probe = probe_of(fixture, PROBE_ALL);
    struct search_options options = search_of(&probe);
    struct findings *findings = findings_create(fixture->arena);
    search(&options, 1, findings);
    const struct found *found = find(findings, too_early);
    assert_int_equal(found->deviation_count, 1);
    assert_int_equal(found->deviations[0].name.purpose, PURPOSE_CONNECT);
    assert_true(found->kept_run < 1000);
    struct findings *by_chance = findings_create(fixture->arena);
    struct random_result result;
    assert_true(random_search(&options, &(struct random_options){.run_count = 1000}, by_chance,
                              &result, NULL));
    found = find(by_chance, too_early);
    assert_int_equal(found->deviation_count, 1);
    assert_true(found->deviations[0].name.purpose == PURPOSE_CONNECT ||
                found->deviations[0].name.purpose == PURPOSE_CONFIGURE);
    fixture_destroy(fixture);
}

/* Retrying without a key: an evacuation that outlasts the silence gets a second task. With the key,
 * or with nothing to repeat, there is none. */
static void test_retry_without_key(void **state)
{
    (void)state;
    struct fixture *fixture = incident(1);
    fixture_fix(&fixture->options, false, true, false);
    struct probe_options probe = probe_of(fixture, PROBE_SAFETY);
    struct search_options options = search_of(&probe);
    struct findings *findings = findings_create(fixture->arena);
    search(&options, 1, findings);
    const struct found *found =
        find(findings, "duplicate trigger of enter-maintenance, host entering");
    assert_int_equal(found->deviation_count, 1);
    assert_int_equal(found->deviations[0].name.purpose, PURPOSE_RUN + RCE_ENTER_MAINTENANCE);
    fixture_fix(&fixture->options, false, true, true);
    struct findings *with_key = findings_create(fixture->arena);
    search(&options, 2, with_key);
    assert_int_equal(with_key->count, 0);
    fixture_destroy(fixture);
}

/* A key that outlives its task leads the retry back to the dead one: the retry, which saves the
 * workflow where the key is the task's, does not help. */
static void test_wrong_key(void **state)
{
    (void)state;
    static const char *const too_early = "deadline of enter-maintenance, cluster not ready";
    struct fixture *fixture = incident(1);
    fixture_fix(&fixture->options, false, true, true);
    fixture->config.service.early_request = VMC_EARLY_DROP_RECORDED;
    struct probe_options probe = probe_of(fixture, PROBE_ALL);
    struct search_options options = search_of(&probe);
    struct findings *findings = findings_create(fixture->arena);
    fixture->options.key_scope = RCE_KEY_PER_WORKFLOW;
    search(&options, 1, findings);
    const struct found *found = find(findings, too_early);
    assert_int_equal(found->deviation_count, 1);
    /* The very schedule passes where the service forgets the dead task. */
    fixture->config.service.early_request = VMC_EARLY_DROP;
    struct probe *replayer = probe_create(&probe);
    struct probe_result result;
    assert_true(probe_run(replayer, found->deviations, 1, &result, NULL));
    assert_int_equal(result.finding_count, 0);
    probe_destroy(replayer);
    fixture_destroy(fixture);
}

/* All three fixes: nothing unsafe up to two deviations, in any order of events of one time, nor in
 * many random worlds; and the only failures are callbacks that were lost, and what outlasts a
 * deadline. */
static void test_after(void **state)
{
    (void)state;
    struct fixture *fixture = incident(1);
    fixture_fix(&fixture->options, true, true, true);
    struct probe_options probe = probe_of(fixture, PROBE_SAFETY);
    probe.asks_order = true;
    struct search_options options = search_of(&probe);
    struct findings *findings = findings_create(fixture->arena);
    struct exhaustive_result result = search(&options, 2, findings);
    assert_true(result.depths[2].schedule_count > 5000);
    struct random_result by_chance;
    struct order_result orders;
    assert_true(random_search(&options, &(struct random_options){.run_count = 20000}, findings,
                              &by_chance, NULL));
    assert_true(order_search(&options, &(struct order_options){.run_count = 5000, .depth = 3},
                             findings, &orders, NULL));
    assert_int_equal(findings->count, 0);
    assert_true(orders.entity_count > 1 && orders.tie_count > 10);
    fixture_destroy(fixture);
}

/* With a slack window everything may be late, but the world stays one that can be: a host is not
 * ready before it is connected. */
static void test_slack(void **state)
{
    (void)state;
    struct fixture *fixture = incident(1);
    fixture_fix(&fixture->options, true, true, true);
    struct probe_options probe = probe_of(fixture, PROBE_SAFETY);
    probe.asks_order = true;
    probe.slack_ns = 20 * UNITS_MIN;
    struct search_options options = search_of(&probe);
    struct findings *findings = findings_create(fixture->arena);
    struct exhaustive_result result = search(&options, 1, findings);
    assert_int_equal(findings->count, 0);
    assert_true(result.depths[1].run_count > 100);
    /* Without the fixes the slack alone is the race: nothing else deviates. */
    fixture_fix(&fixture->options, false, false, false);
    probe.scope = PROBE_ALL;
    search(&options, 1, findings);
    bool has_tie = false;
    for (uint32_t i = 0; i < findings->count; i++)
        has_tie |= findings->items[i].deviations[0].name.purpose == PURPOSE_TIE;
    assert_true(has_tie);
    fixture_destroy(fixture);
}

/* The tree against a second implementation: every set of at most two of all values of all draws
 * that one deviation can bring up; those whose draws are all asked for are its schedules. */
static uint32_t list_values(struct probe *probe, const struct deviation *schedule, uint32_t count,
                            struct deviation *values, uint32_t value_count)
{
    struct probe_result result;
    struct grid grid = grid_default();
    assert_true(probe_run(probe, schedule, count, &result, NULL));
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(probe, &asked_count);
    for (uint32_t i = 0; i < asked_count; i++) {
        int64_t of_draw[GRID_VALUES_MAX];
        uint32_t known = 0;
        while (known < value_count &&
               memcmp(&values[known].name, &asked[i].name, sizeof asked[i].name) != 0)
            known++;
        if (known < value_count || asked[i].name.purpose == PURPOSE_ENTROPY)
            continue;
        uint32_t n = grid_values(&grid, &asked[i], of_draw);
        assert_true(value_count + n <= VALUES_MAX);
        for (uint32_t v = 0; v < n; v++)
            values[value_count++] = (struct deviation){asked[i].name, of_draw[v]};
    }
    return value_count;
}

/* Were all of these asked for, and with an alternative? A tie that nobody else is in has none. */
static bool are_asked(struct probe *probe, const struct deviation *schedule, uint32_t count)
{
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(probe, &asked_count);
    uint32_t found = 0;
    for (uint32_t i = 0; i < asked_count; i++)
        for (uint32_t j = 0; j < count; j++)
            found += memcmp(&asked[i].name, &schedule[j].name, sizeof asked[i].name) == 0;
    return found == count;
}

static void check_second_implementation(struct fixture *fixture, bool asks_order)
{
    fixture_fix(&fixture->options, false, true, false);
    struct probe_options options = probe_of(fixture, PROBE_ALL);
    options.asks_order = asks_order;
    struct probe *probe = probe_create(&options);
    static struct deviation values[VALUES_MAX];
    uint32_t first_count = list_values(probe, NULL, 0, values, 0);
    uint32_t value_count = first_count;
    for (uint32_t i = 0; i < first_count; i++)
        value_count = list_values(probe, &values[i], 1, values, value_count);
    uint64_t counts[3] = {1}, failed[3] = {0};
    for (uint32_t i = 0; i < value_count; i++)
        for (uint32_t j = i; j < value_count; j++) {
            bool is_pair = i != j;
            if (is_pair && memcmp(&values[i].name, &values[j].name, sizeof values[i].name) == 0)
                continue;
            struct deviation schedule[] = {values[i], values[j]};
            struct probe_result result;
            assert_true(probe_run(probe, schedule, 1 + is_pair, &result, NULL));
            if (!are_asked(probe, schedule, 1 + is_pair))
                continue;
            counts[1 + is_pair]++;
            failed[1 + is_pair] += result.finding_count > 0;
        }
    struct search_options searching = search_of(&options);
    searching.excluded_purposes[searching.excluded_count++] = PURPOSE_ENTROPY;
    struct exhaustive_options exhaustive = {
        .bound = 2, .grid = grid_default(), .is_below_failing = true, .without_effectless = true};
    struct exhaustive_result result;
    assert_true(
        exhaustive_search(&searching, &exhaustive, findings_create(fixture->arena), &result, NULL));
    assert_true(value_count > first_count); /* There are draws that need a deviation. */
    for (uint32_t k = 0; k <= 2; k++) {
        assert_int_equal(result.depths[k].schedule_count, counts[k]);
        assert_int_equal(result.depths[k].failed_count, failed[k]);
    }
    assert_true(failed[2] > 50);
    probe_destroy(probe);
    fixture_destroy(fixture);
}

static void test_second_implementation(void **state)
{
    (void)state;
    check_second_implementation(incident(1), false);
}

/* With ties: constants, so that events meet, and meet others when something deviates. */
static void test_second_implementation_of_order(void **state)
{
    (void)state;
    struct fixture *fixture = incident(1);
    fixture->config.provisioning.connect = fixture_delay(fixture, "discrete(26min=0.6, 28min=0.4)");
    fixture->config.provisioning.configure = fixture_delay(fixture, "4min");
    fixture->config.work.update_host = fixture_delay(fixture, "50min");
    fixture->config.work.backup = fixture_delay(fixture, "discrete(30min=0.6, 32min=0.4)");
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "discrete(5min=0.6, 10min=0.4)");
    /* Nothing is answered at once: what an event schedules for its own time comes after it anyway,
     * so whether it has company would depend on what follows. */
    fixture->config.service.latency = fixture_delay(fixture, "1s");
    fixture->config.service.callback_delay = fixture_delay(fixture, "5s");
    check_second_implementation(fixture, true);
}

/* Both reductions against none, in a world of two SDDCs that share nothing: the same schedules
 * covered, the same ways to fail with as few deviations, for a fraction of the runs. */
static void test_reductions(void **state)
{
    (void)state;
    struct fixture *fixture = incident(2);
    fixture_fix(&fixture->options, false, true, false);
    fixture->config.work.update_host = fixture_delay(fixture, "50min");
    fixture->config.service.callback_duplicate = 0;
    fixture->config.service.callback_delay = NULL;
    struct probe_options probe = probe_of(fixture, PROBE_ALL);
    struct search_options options = search_of(&probe);
    struct exhaustive_options exhaustive = {.bound = 2, .grid = grid_default()};
    struct exhaustive_result reduced, plain;
    struct findings *of_reduced = findings_create(fixture->arena);
    struct findings *of_plain = findings_create(fixture->arena);
    assert_true(exhaustive_search(&options, &exhaustive, of_reduced, &reduced, NULL));
    exhaustive.without_effectless = exhaustive.without_independent = true;
    assert_true(exhaustive_search(&options, &exhaustive, of_plain, &plain, NULL));
    assert_int_equal(reduced.group_count, 2);
    assert_true(reduced.depths[2].independent_count > 0 && reduced.depths[2].effectless_count > 0);
    assert_true(reduced.runs_total * 3 < plain.runs_total);
    assert_int_equal(of_reduced->count, of_plain->count);
    assert_true(has_safety(of_plain));
    for (uint32_t i = 0; i < of_plain->count; i++) {
        char text[SIGNATURE_TEXT_SIZE_BYTES];
        signature_print(text, sizeof text, vmc_model.explore, of_plain->items[i].signature);
        const struct found *found = find(of_reduced, text);
        assert_int_equal(found->deviation_count, of_plain->items[i].deviation_count);
        assert_true(found->tail_log10 == of_plain->items[i].tail_log10);
    }
    /* Where nothing fails, everything that is covered is counted alike. */
    probe.scope = PROBE_SAFETY;
    fixture_fix(&fixture->options, false, false, false);
    assert_true(exhaustive_search(&options, &exhaustive, of_plain, &plain, NULL));
    exhaustive.without_effectless = exhaustive.without_independent = false;
    assert_true(exhaustive_search(&options, &exhaustive, of_reduced, &reduced, NULL));
    for (uint32_t k = 0; k <= 2; k++) {
        assert_int_equal(plain.depths[k].failed_count, 0);
        assert_int_equal(reduced.depths[k].schedule_count, plain.depths[k].schedule_count);
    }
    fixture_destroy(fixture);
}

/* An outage of the region that is over before anybody asks for a host is seen by nobody, unless it
 * is also a long one: neither draw does anything without the other. */
static void test_unseen_outage(void **state)
{
    (void)state;
    struct fixture *fixture = incident(1);
    struct vmc_provisioning *provisioning = &fixture->config.provisioning;
    provisioning->region_outage_gap = fixture_delay(fixture, "discrete(720h=0.9, 10min=0.1)");
    provisioning->region_outage_duration = fixture_delay(fixture, "discrete(1min=0.9, 20h=0.1)");
    struct probe_options options = probe_of(fixture, PROBE_ALL);
    struct deviation both[] = {{{0, PURPOSE_REGION_OUTAGE_GAP, 0}, 10 * UNITS_MIN},
                               {{0, PURPOSE_REGION_OUTAGE_DURATION, 0}, 20 * UNITS_H}};
    struct probe *probe = probe_create(&options);
    struct probe_result typical, gap, duration, result;
    assert_true(probe_run(probe, NULL, 0, &typical, NULL));
    assert_true(probe_run(probe, &both[0], 1, &gap, NULL));
    assert_true(probe_run(probe, &both[1], 1, &duration, NULL));
    assert_true(gap.history_hash == typical.history_hash);
    assert_true(duration.history_hash == typical.history_hash);
    assert_true(probe_run(probe, both, 2, &result, NULL));
    assert_true(typical.finding_count == 0 && result.finding_count > 0);
    probe_destroy(probe);
    struct search_options searching = search_of(&options);
    searching.excluded_purposes[searching.excluded_count++] = PURPOSE_ENTROPY;
    struct exhaustive_options exhaustive = {.bound = 2, .grid = grid_default()};
    struct exhaustive_result reduced, plain;
    struct findings *findings = findings_create(fixture->arena);
    assert_true(exhaustive_search(&searching, &exhaustive, findings, &reduced, NULL));
    exhaustive.without_effectless = true;
    assert_true(exhaustive_search(&searching, &exhaustive, findings, &plain, NULL));
    assert_int_equal(reduced.depths[2].failed_count, plain.depths[2].failed_count);
    assert_int_equal(reduced.depths[2].schedule_count, plain.depths[2].schedule_count);
    fixture_destroy(fixture);
}

/* How many ties at this instant the last run tells of. */
static uint32_t ties_at(const struct probe *probe, int64_t due_ns)
{
    uint32_t count, ties = 0;
    const struct oracle_asked *asked = probe_asked(probe, &count);
    for (uint32_t i = 0; i < count; i++)
        ties += asked[i].kind == ORACLE_TIE && asked[i].due_ns == due_ns;
    return ties;
}

/* A host becomes connected at an instant at which one other event is due: nobody is asked when the
 * first of the two comes, but the second can be put behind it. */
static void test_company_that_keeps_its_place(void **state)
{
    (void)state;
    struct fixture *fixture = incident(1);
    struct probe_options options = probe_of(fixture, PROBE_ALL);
    options.asks_order = true;
    struct probe *probe = probe_create(&options);
    options.slack_ns = 1; /* Then ties without company are told as well. */
    struct probe *all = probe_create(&options);
    struct probe_result result;
    assert_true(probe_run(all, NULL, 0, &result, NULL));
    assert_true(probe_run(probe, NULL, 0, &result, NULL));
    uint32_t count, place = 0, found = 0;
    const struct oracle_asked *asked = probe_asked(all, &count);
    while (place < count && asked[place].name.purpose != PURPOSE_CONNECT)
        place++;
    assert_true(place < count);
    for (uint32_t i = 0; i < count; i++) {
        int64_t wait_ns = asked[i].due_ns - asked[place].at_ns;
        if (asked[i].kind != ORACLE_TIE || wait_ns <= 0 || asked[i].at_ns > asked[place].at_ns ||
            ties_at(all, asked[i].due_ns) > 1 || asked[i].name.occurrence >> 27 == EVENT_READY)
            continue; /* When it is ready moves along. */
        struct deviation at_once = {asked[place].name, wait_ns};
        assert_int_equal(ties_at(probe, asked[i].due_ns), 0);
        assert_true(probe_run(probe, &at_once, 1, &result, NULL));
        assert_int_equal(ties_at(probe, asked[i].due_ns), 1);
        found++;
        assert_true(probe_run(probe, NULL, 0, &result, NULL));
    }
    assert_true(found > 0);
    probe_destroy(probe);
    probe_destroy(all);
    fixture_destroy(fixture);
}

/* Bits of the engine that it turns into a wait which nobody waits for to the end are remembered in
 * its timer: they have an effect as soon as something else is late. So only what leaves plans and
 * memory as they were counts as without effect; and that is most. */
static void test_memory(void **state)
{
    (void)state;
    struct fixture *fixture = incident(1);
    struct probe_options options = probe_of(fixture, PROBE_ALL);
    struct probe *probe = probe_create(&options);
    struct probe_extra remembering = {.hashes_memory = true};
    struct probe_result plain, first, again;
    assert_true(probe_run(probe, NULL, 0, &plain, NULL));
    assert_true(probe_run_with(probe, NULL, 0, &remembering, &first, NULL));
    assert_true(probe_run_with(probe, NULL, 0, &remembering, &again, NULL));
    assert_true(first.history_hash == again.history_hash);
    assert_true(first.history_hash != plain.history_hash);
    /* An engine that cannot say what it remembers may remember anything. */
    struct rce_engine silent = rce_engine;
    silent.capabilities &= ~(uint32_t)RCE_CAN_DIGEST;
    fixture->parameters.engine = &silent;
    struct deviation bits = {{entity_of_sddc(0), PURPOSE_ENTROPY, 0}, 1};
    assert_true(probe_run_with(probe, NULL, 0, &remembering, &first, NULL));
    assert_true(probe_run_with(probe, &bits, 1, &remembering, &again, NULL));
    assert_true(first.history_hash != again.history_hash);
    fixture->parameters.engine = &rce_engine;
    assert_true(probe_run_with(probe, NULL, 0, &remembering, &first, NULL));
    assert_true(probe_run_with(probe, &bits, 1, &remembering, &again, NULL));
    assert_true(first.history_hash == again.history_hash);
    probe_destroy(probe);
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before),
        cmocka_unit_test(test_retry_without_key),
        cmocka_unit_test(test_wrong_key),
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_slack),
        cmocka_unit_test(test_second_implementation),
        cmocka_unit_test(test_second_implementation_of_order),
        cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_unseen_outage),
        cmocka_unit_test(test_company_that_keeps_its_place),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
