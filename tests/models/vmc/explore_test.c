/* The world in the hands of an explorer: runs, findings, order, names. */
#include <malloc.h>

#include "sim/explore/probe.h"
#include "tests/models/vmc/fixture.h"

enum { ASKED_MAX = 4000 };

/* The race with some chance in it: the host is connected after about 18 min, ready 4 min later. */
static struct fixture *chancy_fixture(uint32_t sddcs_count)
{
    struct fixture *fixture = fixture_create(sddcs_count);
    fixture->config.provisioning.connect =
        fixture_delay(fixture, "lognormal(median=18min, sigma=0.5)");
    fixture->config.provisioning.configure =
        fixture_delay(fixture, "lognormal(median=4min, sigma=0.6)");
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "uniform(1min, 16min)");
    fixture->config.service.latency = fixture_delay(fixture, "exponential(mean=1s)");
    fixture->config.service.callback_delay = fixture_delay(fixture, "exponential(mean=5s)");
    fixture->config.service.callback_loss = 0.01;
    fixture->config.service.callback_duplicate = 0.05;
    fixture->config.service.unknown_probability = 0.01;
    return fixture;
}

static struct probe *make_probe(const struct fixture *fixture, bool asks_order)
{
    return probe_create(&(struct probe_options){.model = &vmc_model,
                                                .parameters = &fixture->parameters,
                                                .unit = MODEL_ALL_UNITS,
                                                .asks_order = asks_order,
                                                .seed = 20261123});
}

static struct probe_result run(struct probe *probe, const struct deviation *deviations,
                               size_t count)
{
    struct probe_result result;
    struct error error = {0};
    if (!probe_run(probe, deviations, count, &result, &error))
        fail_msg("%s", error.message);
    return result;
}

static void assert_signature(const struct probe_result *result, const char *expected)
{
    char text[SIGNATURE_TEXT_SIZE_BYTES] = "";
    if (result->finding_count > 0)
        signature_print(text, sizeof text, vmc_model.explore, probe_signature(result));
    assert_string_equal(text, expected);
}

/* A run whose draws are all drawn is the run of an experiment, event by event; and the schedule of
 * everything that it asked is that run again. */
static void test_a_replication_is_a_schedule(void **state)
{
    (void)state;
    struct fixture *fixture = chancy_fixture(6);
    fixture_fix(&fixture->options, true, true, true);
    struct probe *probe = make_probe(fixture, false);
    static struct deviation deviations[ASKED_MAX];
    uint32_t failed_count = 0;
    for (uint32_t replication = 0; replication < 20; replication++) {
        struct record *record = fixture_run(fixture, replication);
        struct probe_result drawn, again;
        struct error error = {0};
        struct probe_extra extra = {
            .is_drawn = true, .has_replication = true, .replication = replication};
        if (!probe_run_with(probe, NULL, 0, &extra, &drawn, &error))
            fail_msg("%s", error.message);
        assert_true(drawn.history_hash == record->history_hash);
        assert_true(drawn.event_count == record->event_count);
        assert_int_equal(drawn.finding_count > 0, record_failed_count(record) > 0);
        failed_count += record_failed_count(record);
        uint32_t count;
        const struct oracle_asked *asked = probe_asked(probe, &count);
        assert_in_range(count, 1, ASKED_MAX);
        for (uint32_t i = 0; i < count; i++)
            deviations[i] = (struct deviation){asked[i].name, asked[i].value};
        again = run(probe, deviations, count);
        assert_true(again.history_hash == drawn.history_hash);
        assert_int_equal(again.unused_count, 0);
        assert_int_equal(again.finding_count, drawn.finding_count);
    }
    assert_true(failed_count > 0);
    probe_destroy(probe);
    fixture_destroy(fixture);
}

static const struct oracle_asked *find_asked(struct probe *probe, uint32_t purpose)
{
    uint32_t count;
    const struct oracle_asked *asked = probe_asked(probe, &count);
    for (uint32_t i = 0; i < count; i++)
        if (asked[i].name.purpose == purpose)
            return &asked[i];
    fail_msg("purpose %u was not asked for", purpose);
    return NULL;
}

static void test_slow_connect(void **state)
{
    (void)state;
    struct fixture *fixture = chancy_fixture(1);
    struct probe *probe = make_probe(fixture, false);
    struct probe_result result = run(probe, NULL, 0);
    assert_int_equal(result.finding_count, 0);
    struct deviation slow = {find_asked(probe, PURPOSE_CONNECT)->name, 0};
    /* Connected just before the backup ends is soon enough for the engine, and 4 min too early;
     * before 26 min the host is ready in time. */
    slow.value = 28 * UNITS_MIN;
    result = run(probe, &slow, 1);
    assert_signature(&result, "deadline of enter-maintenance, cluster not ready");
    assert_int_equal(result.findings[0].entity, entity_of_host(0, 0, 0));
    assert_int_equal(result.findings[0].unit, 0);
    assert_true(result.findings[0].event_count > 0 &&
                result.findings[0].event_count <= result.event_count);
    slow.value = 25 * UNITS_MIN;
    result = run(probe, &slow, 1);
    assert_int_equal(result.finding_count, 0);
    assert_int_equal(result.unused_count, 0);
    slow.name.occurrence++;
    result = run(probe, &slow, 1);
    assert_int_equal(result.unused_count, 1);
    assert_true(probe_is_unused(probe, 0));
    struct deviation twice[2] = {slow, slow};
    struct error error = {0};
    assert_false(probe_run(probe, twice, 2, &result, &error));
    assert_int_equal(error.code, ERROR_SCENARIO);
    probe_destroy(probe);
    fixture_destroy(fixture);
}

/* Which findings count: of one unit, of safety only. */
static void test_scope(void **state)
{
    (void)state;
    struct fixture *fixture = chancy_fixture(3);
    fixture_fix(&fixture->options, false, true, false); /* Asks again, without a key. */
    struct probe *probe = make_probe(fixture, false);
    run(probe, NULL, 0);
    struct deviation schedule[] = {
        /* SDDC 1: evacuation outlasts the silence; the retry starts a second task. */
        {{entity_of_host(1, 0, 0), PURPOSE_RUN + RCE_ENTER_MAINTENANCE, 0}, 15 * UNITS_MIN},
        /* SDDC 2: the end of phase 3 is never heard. */
        {{entity_of_sddc(2), PURPOSE_CALLBACK_LOSS + RCE_UPGRADE_NETWORK, 0}, 1},
    };
    struct probe_result all = run(probe, schedule, 2);
    assert_int_equal(all.unused_count, 0);
    assert_signature(&all, "duplicate trigger of enter-maintenance, host entering");
    assert_true(signature_is_safety(vmc_model.explore, probe_signature(&all)));
    struct probe_options options = *probe_options(probe);
    probe_destroy(probe);
    options.unit = 2;
    probe = probe_create(&options);
    struct probe_result of_2 = run(probe, schedule, 2);
    assert_signature(&of_2, "deadline of upgrade-network");
    assert_true(probe_result_has(&all, probe_signature(&of_2)));
    assert_false(signature_is_safety(vmc_model.explore, probe_signature(&of_2)));
    probe_destroy(probe);
    options.scope = PROBE_SAFETY;
    probe = probe_create(&options);
    of_2 = run(probe, schedule, 2);
    assert_int_equal(of_2.finding_count, 0);
    probe_destroy(probe);
    fixture_destroy(fixture);
}

static enum rce_status forget_timers(void *workflow, void *process, const struct rce_input *input,
                                     struct rce_actions *out)
{
    enum rce_status status = rce_engine.step(workflow, process, input, out);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < out->count; i++)
        if (out->items[i].kind != RCE_SET_TIMER)
            out->items[kept++] = out->items[i];
    out->count = kept;
    return status;
}

static void test_never_ended(void **state)
{
    (void)state;
    struct fixture *fixture = chancy_fixture(1);
    struct rce_engine patient = rce_engine;
    patient.step = forget_timers;
    fixture->parameters.engine = &patient;
    struct probe *probe = make_probe(fixture, false);
    struct probe_result result = run(probe, NULL, 0);
    assert_int_equal(result.finding_count, 0);
    struct deviation lost = {{entity_of_cluster(0, 0), PURPOSE_CALLBACK_LOSS + RCE_BACKUP, 0}, 1};
    result = run(probe, &lost, 1);
    assert_signature(&result, "never ended");
    /* So is what has not ended when the limit of events is reached. */
    struct probe_options options = *probe_options(probe);
    probe_destroy(probe);
    options.event_max = 20;
    probe = probe_create(&options);
    result = run(probe, NULL, 0);
    assert_signature(&result, "never ended");
    assert_true(result.event_count == 20);
    probe_destroy(probe);
    fixture_destroy(fixture);
}

/* An engine with a memory of its own over the runs. */
static enum rce_status step_by_whim(void *workflow, void *process, const struct rce_input *input,
                                    struct rce_actions *out)
{
    static uint64_t calls_count;
    enum rce_status status = rce_engine.step(workflow, process, input, out);
    for (uint32_t i = 0; i < out->count; i++)
        if (out->items[i].kind == RCE_SET_TIMER)
            out->items[i].at_ns += (int64_t)(++calls_count * UNITS_US);
    return status;
}

/* An engine that crashes in every gap gets nowhere. */
static void test_endless_crashes(void **state)
{
    (void)state;
    struct fixture *fixture = chancy_fixture(1);
    fixture->config.crash.probability = 0.01;
    fixture->config.crash.scope = VMC_CRASH_WORKFLOW;
    struct probe *probe = make_probe(fixture, true);
    struct probe_result result = run(probe, NULL, 0);
    assert_int_equal(result.finding_count, 0);
    assert_true(probe_is_repeatable(probe, NULL, 0, NULL));
    fixture->config.crash.probability = 1;
    result = run(probe, NULL, 0);
    assert_signature(&result, "endless crashes");
    probe_destroy(probe);
    fixture_destroy(fixture);
}

static void test_whim_is_seen(void **state)
{
    (void)state;
    struct fixture *fixture = chancy_fixture(1);
    struct rce_engine whimsical = rce_engine;
    struct deviation lost = {{entity_of_cluster(0, 0), PURPOSE_CALLBACK_LOSS + RCE_BACKUP, 0}, 1};
    struct error error = {0};
    struct probe *probe = make_probe(fixture, true);
    assert_true(probe_is_repeatable(probe, &lost, 1, &error));
    probe_destroy(probe);
    whimsical.step = step_by_whim;
    fixture->parameters.engine = &whimsical;
    probe = make_probe(fixture, true);
    assert_false(probe_is_repeatable(probe, &lost, 1, &error));
    assert_false(probe_blame(&(struct probe_options){.engine = "whim 1"}, &error));
    assert_int_equal(strncmp(error.message, "engine whim 1 is not repeatable: ", 33), 0);
    assert_int_equal(error.code, ERROR_INTERNAL);
    assert_non_null(strstr(error.message, "came out differently"));
    probe_destroy(probe);
    fixture_destroy(fixture);
}

/* In a world of constants the host is ready at the very instant at which it is asked for
 * maintenance: first come is first served, so it is ready. Put back, it is not. */
static void test_order_decides(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(1);
    fixture->config.provisioning.connect = fixture_delay(fixture, "26min");
    struct probe *probe = make_probe(fixture, true);
    struct probe_result plain = run(probe, NULL, 0);
    assert_int_equal(plain.finding_count, 0);
    uint32_t count, ties_count = 0, found_count = 0;
    const struct oracle_asked *asked = probe_asked(probe, &count);
    static struct deviation ties[ASKED_MAX];
    assert_in_range(count, 2, ASKED_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (asked[i].kind == ORACLE_TIE)
            ties[ties_count++] = (struct deviation){asked[i].name, 1};
    assert_true(ties_count >= 2);
    for (uint32_t i = 0; i < ties_count; i++) {
        struct probe_result result = run(probe, &ties[i], 1);
        assert_int_equal(result.unused_count, 0);
        found_count += result.finding_count > 0;
        if (result.finding_count > 0)
            assert_signature(&result, "deadline of enter-maintenance, cluster not ready");
    }
    assert_int_equal(found_count, 1);
    /* To ask about the order changes nothing by itself. */
    struct probe *unasked = make_probe(fixture, false);
    assert_true(run(unasked, NULL, 0).history_hash == plain.history_hash);
    probe_destroy(unasked);
    probe_destroy(probe);
    fixture_destroy(fixture);
}

/* With a slack window, what is put back by all places is late by all of it: here the host is ready
 * 90 s before it is needed. */
static void test_slack(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(1);
    fixture->config.provisioning.connect = fixture_delay(fixture, "26min");
    fixture->config.provisioning.configure = fixture_delay(fixture, "150s");
    struct probe *probe = make_probe(fixture, true);
    struct probe_options options = *probe_options(probe);
    uint32_t tie = 0;
    probe_destroy(probe);
    for (int64_t slack_min = 0; slack_min <= 2; slack_min++) {
        options.slack_ns = slack_min * UNITS_MIN;
        probe = probe_create(&options);
        assert_int_equal(run(probe, NULL, 0).finding_count, 0);
        /* The order of "temporary host ready" in the list of all. */
        tie = EVENT_READY << 15 | RCE_ADD_HOST << 11;
        struct deviation late = {{entity_of_cluster(0, 0), PURPOSE_TIE, tie << 12}, ORACLE_TIE_MAX};
        struct probe_result result = run(probe, &late, 1);
        assert_int_equal(result.unused_count, 0);
        assert_int_equal(result.finding_count, slack_min == 2);
        probe_destroy(probe);
    }
    fixture_destroy(fixture);
}

static void test_nothing_is_allocated(void **state)
{
    (void)state;
    struct fixture *fixture = chancy_fixture(1);
    struct probe *probe = make_probe(fixture, true);
    struct deviation slow = {{entity_of_cluster(0, 0), PURPOSE_CONNECT, 0}, 28 * UNITS_MIN};
    for (int i = 0; i < 3; i++)
        run(probe, &slow, (size_t)i % 2);
    struct mallinfo2 before = mallinfo2();
    for (int i = 0; i < 1000; i++)
        run(probe, &slow, (size_t)i % 2);
    struct mallinfo2 after = mallinfo2();
    assert_true(after.uordblks == before.uordblks && after.hblkhd == before.hblkhd);
    probe_destroy(probe);
    fixture_destroy(fixture);
}

static void test_signatures_as_text(void **state)
{
    (void)state;
    const struct model_explore *explore = vmc_model.explore;
    for (uint32_t kind = 0; kind < explore->finding_count; kind++)
        for (uint32_t step = 0; step < explore->step_count; step++)
            for (uint32_t in = 0; in < explore->state_count; in++) {
                uint64_t made = finding_signature(
                    &(struct model_finding){.kind = kind, .step = step, .state = in});
                char text[SIGNATURE_TEXT_SIZE_BYTES];
                uint64_t read = 0;
                assert_non_null(explore->finding_names[kind]);
                assert_non_null(explore->step_names[step]);
                assert_non_null(explore->state_names[in]);
                assert_true(signature_parse(signature_print(text, sizeof text, explore, made),
                                            explore, &read));
                assert_true(read == made);
            }
    uint64_t read;
    static const char *const bad[] = {"",
                                      "deadline of",
                                      "deadline of ",
                                      "deadline of enter-maintenance,",
                                      "deadline of enter-maintenance, ",
                                      "deadline of enter-maintenance, host dancing",
                                      "deadlines of enter-maintenance",
                                      "deadline, of enter-maintenance",
                                      "of enter-maintenance"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (signature_parse(bad[i], explore, &read) && bad[i][0] != '\0')
            assert_string_equal(bad[i], "deadline of enter-maintenance, ");
}

static void test_paths(void **state)
{
    (void)state;
    const struct model_explore *explore = vmc_model.explore;
    const struct {
        uint32_t entity;
        const char *path;
    } paths[] = {
        {entity_of_sddc(0), "sddc0"},
        {entity_of_sddc(2097151), "sddc2097151"},
        {entity_of_cluster(12, 19), "sddc12/cluster19"},
        {entity_of_host(1, 2, 3), "sddc1/cluster2/host3"},
        {entity_of_host(1, 0, ENTITY_TEMPORARY_HOST), "sddc1/cluster0/temporary"},
    };
    char text[64];
    uint32_t entity;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_string_equal(explore->entity_print(text, sizeof text, 0, paths[i].entity),
                            paths[i].path);
        assert_true(explore->entity_parse(paths[i].path, PURPOSE_CONNECT, &entity));
        assert_int_equal(entity, paths[i].entity);
    }
    assert_string_equal(explore->entity_print(text, sizeof text, PURPOSE_REGION_OUTAGE_GAP, 3),
                        "region3");
    assert_true(explore->entity_parse("region3", PURPOSE_REGION_OUTAGE_GAP, &entity));
    assert_int_equal(entity, 3);
    assert_string_equal(explore->entity_print(text, sizeof text, PURPOSE_CRASH_GAP, 1), "process1");
    assert_true(explore->entity_parse("process1", PURPOSE_CRASH_GAP, &entity));
    assert_int_equal(entity, 1);
    assert_false(explore->entity_parse("process2", PURPOSE_CRASH_GAP, &entity));
    assert_true(explore->entity_parse("sddc0", PURPOSE_CRASH_DOWNTIME, &entity));
    assert_int_equal(entity, entity_of_sddc(0));
    static const char *const bad[] = {"",
                                      "sddc",
                                      "process0",
                                      "sddc2097152",
                                      "sddc00",
                                      "sddc-1",
                                      "sddc1/",
                                      "sddc1/cluster20",
                                      "sddc1/host0",
                                      "sddc1/cluster0/",
                                      "sddc1/cluster0/host16",
                                      "sddc1/cluster0/host1/x",
                                      "sddc1/cluster0/temporary1",
                                      "sddc99999999999999999999",
                                      "SDDC1",
                                      "region0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (explore->entity_parse(bad[i], PURPOSE_CONNECT, &entity))
            fail_msg("\"%s\" was taken for a path", bad[i]);
}

static void assert_dropped(uint32_t dropped, uint32_t entity, uint32_t expected)
{
    struct draw_name name = {entity, PURPOSE_LATENCY, 7};
    bool is_left = vmc_model.explore->drop(dropped, &name);
    assert_int_equal(is_left, expected != UINT32_MAX);
    if (is_left)
        assert_int_equal(name.entity, expected);
    assert_int_equal(name.occurrence, 7);
}

static void test_drop(void **state)
{
    (void)state;
    const uint32_t gone = UINT32_MAX;
    assert_dropped(entity_of_sddc(3), entity_of_host(4, 2, 1), entity_of_host(3, 2, 1));
    assert_dropped(entity_of_sddc(3), entity_of_sddc(2), entity_of_sddc(2));
    assert_dropped(entity_of_sddc(3), entity_of_cluster(3, 1), gone);
    assert_dropped(entity_of_cluster(3, 1), entity_of_host(3, 2, 5), entity_of_host(3, 1, 5));
    assert_dropped(entity_of_cluster(3, 1), entity_of_host(3, 0, 5), entity_of_host(3, 0, 5));
    assert_dropped(entity_of_cluster(3, 1), entity_of_host(4, 2, 5), entity_of_host(4, 2, 5));
    assert_dropped(entity_of_cluster(3, 1), entity_of_sddc(3), entity_of_sddc(3));
    assert_dropped(entity_of_cluster(3, 1), entity_of_host(3, 1, ENTITY_TEMPORARY_HOST), gone);
    assert_dropped(entity_of_host(3, 1, 2), entity_of_host(3, 1, 4), entity_of_host(3, 1, 3));
    assert_dropped(entity_of_host(3, 1, 2), entity_of_host(3, 1, 1), entity_of_host(3, 1, 1));
    assert_dropped(entity_of_host(3, 1, 2), entity_of_host(3, 1, 2), gone);
    assert_dropped(entity_of_host(3, 1, 2), entity_of_cluster(3, 1), entity_of_cluster(3, 1));
    uint32_t temporary = entity_of_host(3, 1, ENTITY_TEMPORARY_HOST);
    assert_dropped(entity_of_host(3, 1, 2), temporary, temporary);
    assert_dropped(temporary, entity_of_host(3, 1, 4), entity_of_host(3, 1, 4));
    struct draw_name region = {5, PURPOSE_REGION_OUTAGE_GAP, 0};
    assert_true(vmc_model.explore->drop(entity_of_sddc(0), &region));
    assert_int_equal(region.entity, 5);
}

static void test_resize(void **state)
{
    (void)state;
    struct fixture *fixture = chancy_fixture(8);
    fixture->config.wave.schedule = VMC_START_EVENLY;
    fixture->config.wave.spread_ns = 8 * UNITS_H;
    const struct vmc_parameters *small =
        vmc_model.explore->resize(&fixture->parameters, 2, fixture->arena);
    assert_int_equal(small->world->fleet.sddcs_count, 2);
    assert_true(small->world->wave.spread_ns == 2 * UNITS_H);
    assert_int_equal(fixture->config.fleet.sddcs_count, 8);
    assert_ptr_equal(small->engine, fixture->parameters.engine);
    fixture_destroy(fixture);
}

/* What is said to be independent is: in two SDDCs, any two single deviations together fail as each
 * of them does alone. And nothing that shares a limit is said to be. */
static void test_independence(void **state)
{
    (void)state;
    const struct model_explore *explore = vmc_model.explore;
    struct fixture *fixture = chancy_fixture(2);
    struct draw_name a = {entity_of_cluster(0, 0), PURPOSE_CONNECT, 0};
    struct draw_name b = {entity_of_cluster(1, 0), PURPOSE_CONNECT, 0};
    struct draw_name region = {1, PURPOSE_REGION_OUTAGE_GAP, 0};
    assert_true(explore->is_independent(&fixture->parameters, a, b));
    assert_false(explore->is_independent(&fixture->parameters, a, a));
    assert_false(explore->is_independent(&fixture->parameters, a, region));
    struct draw_name wave = {0, PURPOSE_TIE, (uint32_t)EVENT_WAVE << 27};
    assert_false(explore->is_independent(&fixture->parameters, wave, b));
    struct probe *probe = make_probe(fixture, false);
    run(probe, NULL, 0);
    uint32_t count;
    const struct oracle_asked *asked = probe_asked(probe, &count);
    static struct deviation single[2][ASKED_MAX];
    static uint32_t findings_count[2][ASKED_MAX];
    uint32_t counts[2] = {0, 0};
    for (uint32_t i = 0; i < count; i++)
        single[entity_sddc(asked[i].name.entity)][counts[entity_sddc(asked[i].name.entity)]++] =
            (struct deviation){asked[i].name, oracle_asked_at(&asked[i], 0.995)};
    for (int of = 0; of < 2; of++)
        for (uint32_t i = 0; i < counts[of]; i++)
            findings_count[of][i] = run(probe, &single[of][i], 1).finding_count;
    for (uint32_t i = 0; i < counts[0]; i++)
        for (uint32_t j = i % 3; j < counts[1]; j += 3) {
            struct deviation both[2] = {single[0][i], single[1][j]};
            assert_int_equal(run(probe, both, 2).finding_count,
                             findings_count[0][i] + findings_count[1][j]);
        }
    probe_destroy(probe);
    fixture->config.service.limit_writes.rate_per_s = 5;
    assert_false(explore->is_independent(&fixture->parameters, a, b));
    fixture->config.service.limit_writes.rate_per_s = 0;
    fixture->config.wave.concurrency_max = 1;
    assert_false(explore->is_independent(&fixture->parameters, a, b));
    fixture->config.wave.concurrency_max = 0;
    fixture->options.retry_policy.budget_capacity = 10;
    assert_false(explore->is_independent(&fixture->parameters, a, b));
    fixture->options.retry_policy.budget_capacity = 0;
    fixture->config.crash.probability = 0.01;
    fixture->config.crash.scope = VMC_CRASH_WORKFLOW;
    assert_true(explore->is_independent(&fixture->parameters, a, b));
    fixture->config.crash.scope = VMC_CRASH_PROCESS;
    assert_false(explore->is_independent(&fixture->parameters, a, b));
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_replication_is_a_schedule),
        cmocka_unit_test(test_slow_connect),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_never_ended),
        cmocka_unit_test(test_endless_crashes),
        cmocka_unit_test(test_whim_is_seen),
        cmocka_unit_test(test_order_decides),
        cmocka_unit_test(test_slack),
        cmocka_unit_test(test_nothing_is_allocated),
        cmocka_unit_test(test_signatures_as_text),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_independence),
    };
    return cmocka_run_group_tests_name("vmc/explore", tests, NULL, NULL);
}
