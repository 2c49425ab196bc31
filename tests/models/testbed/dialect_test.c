/* The service's words: each action has its request, each answer its result, and what is not as
 * openapi.json has it is no answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/testbed/dialect.h"
#include "sim/base/units.h"

static void test_each_operation_has_its_request(void **state)
{
    static const struct {
        enum rce_operation operation;
        uint8_t cluster, host;
        const char *method, *path, *body;
    } cases[] = {
        {RCE_UPGRADE_CONTROL_PLANE, RCE_NO_CLUSTER, RCE_NO_HOST, "POST",
         "/v1/sddcs/17/control-plane", ""},
        {RCE_BACKUP, 3, RCE_NO_HOST, "POST", "/v1/sddcs/17/clusters/3/backup", ""},
        {RCE_ADD_HOST, 3, RCE_TEMPORARY_HOST, "POST", "/v1/sddcs/17/clusters/3/hosts", ""},
        {RCE_READ_CLUSTER, 3, RCE_NO_HOST, "GET", "/v1/sddcs/17/clusters/3", ""},
        {RCE_READ_HOST, 3, 15, "GET", "/v1/sddcs/17/clusters/3/hosts/15", ""},
        {RCE_READ_HOST, 3, RCE_TEMPORARY_HOST, "GET", "/v1/sddcs/17/clusters/3/hosts/temporary",
         ""},
        {RCE_ENTER_MAINTENANCE, 19, 0, "POST", "/v1/sddcs/17/clusters/19/hosts/0/maintenance",
         "{\"mode\":\"enter\"}"},
        {RCE_UPDATE_HOST, 0, 1, "POST", "/v1/sddcs/17/clusters/0/hosts/1/update", ""},
        {RCE_EXIT_MAINTENANCE, 0, 1, "POST", "/v1/sddcs/17/clusters/0/hosts/1/maintenance",
         "{\"mode\":\"exit\"}"},
        {RCE_REMOVE_HOST, 0, RCE_TEMPORARY_HOST, "DELETE",
         "/v1/sddcs/17/clusters/0/hosts/temporary", ""},
        {RCE_UPGRADE_NETWORK, RCE_NO_CLUSTER, RCE_NO_HOST, "POST", "/v1/sddcs/17/network", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dialect_request request;
        struct rce_action action = {.kind = RCE_SEND,
                                    .operation = cases[i].operation,
                                    .cluster = cases[i].cluster,
                                    .host = cases[i].host,
                                    .key = i % 2 == 0 ? 0 : UINT64_MAX};
        dialect_ask(&request, 17, &action);
        assert_string_equal(request.method, cases[i].method);
        assert_string_equal(request.path, cases[i].path);
        assert_string_equal(request.body, cases[i].body);
        assert_string_equal(request.key, i % 2 == 0 ? "" : "18446744073709551615");
    }
}

static struct rce_input read_answer(enum rce_operation operation, int status, const char *body,
                                    bool *is_good)
{
    struct rce_input input = {0};
    const struct dialect_answer answer = {
        .status = status, .body = body, .size_bytes = strlen(body), .retry_after_s = 3};
    *is_good = dialect_read_answer(&input, operation, &answer, 60);
    return input;
}

static void test_each_answer_has_its_result(void **state)
{
    static const char problem[] = "{\"title\":\"x\",\"status\":409,\"code\":\"not-ready\"}";
    static const struct {
        enum rce_operation operation;
        int status;
        const char *body;
        enum rce_result result;
        bool is_good;
    } cases[] = {
        {RCE_BACKUP, 202, "{\"id\":\"1-3\",\"number\":3,\"state\":\"accepted\"}", RCE_ACCEPTED,
         true},
        {RCE_BACKUP, 202, "{\"id\":\"1-3\",\"number\":0,\"state\":\"accepted\"}", RCE_UNKNOWN,
         false},
        {RCE_BACKUP, 202, "{\"number\":-1,\"state\":\"accepted\"}", RCE_UNKNOWN, false},
        {RCE_BACKUP, 202, "{\"number\":\"3\",\"state\":\"accepted\"}", RCE_UNKNOWN, false},
        {RCE_BACKUP, 202, "{\"number\":3,\"state\":\"running\"}", RCE_UNKNOWN, false},
        {RCE_BACKUP, 202, "{\"number\":3,\"state\":\"accepted\"", RCE_UNKNOWN, false},
        {RCE_BACKUP, 202, "", RCE_UNKNOWN, false},
        {RCE_BACKUP, 202, "[3]", RCE_UNKNOWN, false},
        {RCE_BACKUP, 200, "{\"number\":3,\"state\":\"accepted\"}", RCE_UNKNOWN, false},
        {RCE_READ_CLUSTER, 200, "{\"ready_for_maintenance\":true,\"at_ns\":1}", RCE_STATE, true},
        {RCE_READ_CLUSTER, 200, "{\"ready_for_maintenance\":1}", RCE_UNKNOWN, false},
        {RCE_READ_HOST, 200, "{\"ready_for_maintenance\":true}", RCE_UNKNOWN, false},
        {RCE_READ_HOST, 200, "{\"in_maintenance_mode\":true,\"updated\":false}", RCE_STATE, true},
        {RCE_READ_HOST, 202, "{\"number\":3,\"state\":\"accepted\"}", RCE_UNKNOWN, false},
        {RCE_BACKUP, 429, "", RCE_THROTTLED, true},
        {RCE_BACKUP, 503, "", RCE_UNAVAILABLE, true},
        {RCE_BACKUP, 409, problem, RCE_NOT_READY, true},
        {RCE_BACKUP, 409, "{}", RCE_REFUSED, true},
        {RCE_BACKUP, 403, "nothing", RCE_REFUSED, true},
        {RCE_BACKUP, 404, "", RCE_REFUSED, true},
        {RCE_BACKUP, 507, "", RCE_REFUSED, true},
        {RCE_BACKUP, 500, "", RCE_UNKNOWN, false},
        {RCE_BACKUP, 502, "", RCE_UNKNOWN, false},
        {RCE_BACKUP, 504, "", RCE_UNKNOWN, false},
        {RCE_BACKUP, 301, "", RCE_UNKNOWN, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool is_good;
        struct rce_input input =
            read_answer(cases[i].operation, cases[i].status, cases[i].body, &is_good);
        if (input.result != cases[i].result || is_good != cases[i].is_good)
            fail_msg("case %zu: %s", i, rce_result_name(input.result));
    }
}

static void test_no_answer_tells_whether_it_was_sent(void **state)
{
    struct rce_input input = {0};
    (void)state;
    assert_true(dialect_read_answer(&input, RCE_BACKUP, &(struct dialect_answer){0}, 1));
    assert_int_equal(input.result, RCE_UNKNOWN);
    assert_true(dialect_read_answer(&input, RCE_BACKUP,
                                    &(struct dialect_answer){.was_never_sent = true}, 1));
    assert_int_equal(input.result, RCE_UNAVAILABLE);
}

static void test_what_goes_with_an_answer(void **state)
{
    bool is_good;
    struct rce_input input;
    (void)state;
    input = read_answer(RCE_BACKUP, 202, "{\"number\":7,\"state\":\"failed\"}", &is_good);
    assert_int_equal(input.task, 7);
    assert_true(input.has_ended);
    assert_int_equal(input.outcome, RCE_TASK_FAILED);
    input = read_answer(RCE_BACKUP, 202, "{\"number\":7,\"state\":\"succeeded\"}", &is_good);
    assert_true(input.has_ended);
    assert_int_equal(input.outcome, RCE_TASK_SUCCEEDED);
    input = read_answer(RCE_BACKUP, 202, "{\"number\":7,\"state\":\"accepted\"}", &is_good);
    assert_false(input.has_ended);
    input = read_answer(RCE_READ_HOST, 200, "{\"in_maintenance_mode\":false,\"updated\":true}",
                        &is_good);
    assert_int_equal(input.state, RCE_STATE_HOST_UPDATED);
    /* What the body says is exact; the header counts seconds of the machine's. */
    input = read_answer(RCE_BACKUP, 429, "{\"retry_after_ns\":1234}", &is_good);
    assert_int_equal(input.retry_after_ns, 1234);
    input = read_answer(RCE_BACKUP, 429, "{\"retry_after_ns\":-1}", &is_good);
    assert_int_equal(input.retry_after_ns, 180 * UNITS_S);
}

static void test_webhooks(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"sddc\":1,\"number\":3,\"operation\":\"backup\",\"cluster\":2}",
        "{\"sddc\":1,\"number\":0,\"operation\":\"backup\",\"outcome\":\"failed\"}",
        "{\"sddc\":1,\"number\":3,\"operation\":\"back\",\"outcome\":\"failed\"}",
        "{\"sddc\":-1,\"number\":3,\"operation\":\"backup\",\"outcome\":\"failed\"}",
        "{\"sddc\":1,\"number\":3,\"operation\":\"backup\",\"outcome\":\"failed\",\"host\":1}",
        "{\"sddc\":1,\"number\":3,\"operation\":\"backup\",\"outcome\":\"failed\",\"cluster\":20}",
        ("{\"sddc\":1,\"number\":3,\"operation\":\"update-host\",\"outcome\":\"failed\","
         "\"cluster\":1,\"host\":\"other\"}"),
    };
    static const char good[] = "{\"delivery\":12,\"task\":\"17-3\",\"number\":3,\"sddc\":17,"
                               "\"operation\":\"remove-host\",\"cluster\":2,"
                               "\"host\":\"temporary\",\"outcome\":\"failed\",\"at_ns\":5}";
    struct rce_input input;
    uint32_t sddc = 0;
    (void)state;
    assert_true(dialect_read_webhook(&input, &sddc, good, sizeof good - 1));
    assert_int_equal(sddc, 17);
    assert_int_equal(input.kind, RCE_INPUT_CALLBACK);
    assert_int_equal(input.task, 3);
    assert_int_equal(input.operation, RCE_REMOVE_HOST);
    assert_int_equal(input.cluster, 2);
    assert_int_equal(input.host, RCE_TEMPORARY_HOST);
    assert_int_equal(input.outcome, RCE_TASK_FAILED);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (dialect_read_webhook(&input, &sddc, bad[i], strlen(bad[i])))
            fail_msg("taken: %s", bad[i]);
    for (size_t cut = 0; cut < sizeof good - 1; cut++)
        assert_false(dialect_read_webhook(&input, &sddc, good, cut));
}

static void test_the_fleet(void **state)
{
    static const char good[] =
        "{\"count\":2,\"offset\":1,\"items\":[{\"id\":1,\"clusters\":["
        "{\"id\":0,\"hosts\":16,\"temporary_host\":true},"
        "{\"id\":1,\"hosts\":2,\"temporary_host\":false}],\"workflow\":{\"state\":\"none\"}}]}";
    static const char *const bad[] = {
        "{\"count\":2,\"offset\":0,\"items\":[{\"id\":1,\"clusters\":[]}]}",
        "{\"count\":2,\"offset\":1,\"items\":[{\"id\":1,\"clusters\":[]}]}",
        "{\"count\":2,\"offset\":1,\"items\":[{\"id\":1,\"clusters\":[{\"id\":0,\"hosts\":17,"
        "\"temporary_host\":true}]}]}",
        "{\"count\":2,\"offset\":1,\"items\":[{\"id\":1,\"clusters\":[{\"id\":0,\"hosts\":0,"
        "\"temporary_host\":true}]}]}",
        "{\"count\":2,\"offset\":1}",
        "<html>",
    };
    struct arena *arena = arena_create("test", 0);
    struct dialect_fleet *fleet = arena_take(arena, sizeof *fleet);
    struct error error = {0};
    (void)state;
    assert_true(dialect_read_fleet(fleet, arena, good, sizeof good - 1, &error));
    assert_int_equal(fleet->sddcs_count, 2);
    assert_int_equal(fleet->plans_count, 1);
    assert_int_equal(fleet->plans[0].workflow, 1);
    assert_int_equal(fleet->plans[0].clusters_count, 2);
    assert_int_equal(fleet->plans[0].clusters[0].hosts_count, 16);
    assert_true(fleet->plans[0].clusters[0].temporary_host);
    assert_false(fleet->plans[0].clusters[1].temporary_host);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(dialect_read_fleet(fleet, arena, bad[i], strlen(bad[i]), &error));
        assert_int_equal(error.code, ERROR_IO);
    }
    arena_destroy(arena);
}

static void test_what_is_told(void **state)
{
    struct dialect_request request;
    const struct rce_action failure = {
        .reason = RCE_REASON_DEADLINE, .operation = RCE_ENTER_MAINTENANCE, .cluster = 1, .host = 2};
    (void)state;
    dialect_tell(&request, 5, "started", NULL);
    assert_string_equal(request.path, "/v1/sddcs/5/workflow");
    assert_string_equal(request.body, "{\"state\":\"started\"}");
    dialect_tell(&request, 5, "failed", &failure);
    assert_string_equal(request.body, "{\"state\":\"failed\",\"reason\":\"deadline\",\"operation\":"
                                      "\"enter-maintenance\",\"cluster\":1,\"host\":2}");
    assert_true(dialect_register(&request, "a", "http://x/\"y"));
    assert_string_equal(request.body, "{\"client\":\"a\",\"url\":\"http://x/\\\"y\"}");
    char url[1024];
    memset(url, 'x', sizeof url);
    url[sizeof url - 1] = '\0';
    assert_false(dialect_register(&request, "a", url));
}

static void test_what_only_the_service_knows(void **state)
{
    static const char *const names[] = {"first", "second"};
    static const char *const rubbish[] = {
        "{\"truth\":7}",
        "{\"truth\":null}",
        "{\"truth\":{}}",
        "{\"truth\":{\"early_trigger\":1,\"duplicates\":0,\"temporary_hosts\":0,\"violations\":[]}"
        "}",
        "{\"truth\":{\"early_trigger\":true,\"duplicates\":-1,\"temporary_hosts\":0,"
        "\"violations\":[]}}",
        "{\"truth\":{\"early_trigger\":true,\"duplicates\":0,\"temporary_hosts\":0,"
        "\"violations\":{}}}",
        "{\"truth\":{\"early_trigger\":true,\"duplicates\":0,\"temporary_hosts\":0,"
        "\"violations\":[],\"cause\":7}}",
        "<html>",
        "",
    };
    static const char good[] =
        "{\"truth\":{\"early_trigger\":true,\"duplicates\":3,"
        "\"temporary_hosts\":1,\"violations\":[\"second\"],\"cause\":\"x\"}}";
    static const char untold[] = "{\"state\":\"succeeded\"}";
    struct dialect_truth truth = {.duplicates = 9};
    (void)state;
    for (size_t i = 0; i < sizeof rubbish / sizeof rubbish[0]; i++)
        assert_int_equal(dialect_read_truth(&truth, names, 2, rubbish[i], strlen(rubbish[i])),
                         DIALECT_TOLD_RUBBISH);
    assert_int_equal(dialect_read_truth(&truth, names, 2, untold, sizeof untold - 1),
                     DIALECT_UNTOLD);
    assert_int_equal(truth.duplicates, 9);
    assert_int_equal(dialect_read_truth(&truth, names, 2, good, sizeof good - 1), DIALECT_TOLD);
    assert_true(truth.early_trigger);
    assert_int_equal(truth.duplicates, 3);
    assert_int_equal(truth.temporary_hosts, 1);
    assert_int_equal(truth.violations, 2);
    assert_string_equal(truth.cause, "x");
}

static void test_where_callbacks_go(void **state)
{
    static const char *const bad[] = {
        "{}",     "[]", "{\"items\":{}}", "{\"items\":[{\"client\":\"a\"}]}", "{\"items\":[7]}",
        "<html>", ""};
    static const char good[] = "{\"items\":[{\"client\":\"a\",\"url\":\"http://x/1\"},"
                               "{\"client\":\"ab\",\"url\":\"http://x/2\"}]}";
    struct dialect_request request;
    char url[DIALECT_URL_SIZE_BYTES];
    (void)state;
    dialect_ask_callbacks(&request);
    assert_string_equal(request.method, "GET");
    assert_string_equal(request.path, "/v1/callbacks");
    assert_true(dialect_read_callbacks(url, "ab", good, sizeof good - 1));
    assert_string_equal(url, "http://x/2");
    assert_true(dialect_read_callbacks(url, "abc", good, sizeof good - 1));
    assert_string_equal(url, "");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(dialect_read_callbacks(url, "a", bad[i], strlen(bad[i])));
}

static void test_the_clock(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"now_ns\":1,\"speed\":0,\"step\":false}",
        "{\"now_ns\":1,\"speed\":\"60\",\"step\":false}",
        "{\"now_ns\":-1,\"speed\":60,\"step\":false}",
        "{\"now_ns\":1.5,\"speed\":60,\"step\":false}",
        "{\"now_ns\":1,\"speed\":60}",
    };
    static const char good[] = "{\"now_ns\":123,\"now\":\"x\",\"speed\":60,\"step\":true}";
    struct dialect_clock clock = {.now_ns = 7, .speed = 8};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(dialect_read_clock(&clock, bad[i], strlen(bad[i])));
    assert_int_equal(clock.now_ns, 7);
    assert_true(clock.speed == 8);
    assert_true(dialect_read_clock(&clock, good, sizeof good - 1));
    assert_int_equal(clock.now_ns, 123);
    assert_true(clock.speed == 60 && clock.is_stepped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_operation_has_its_request),
        cmocka_unit_test(test_each_answer_has_its_result),
        cmocka_unit_test(test_no_answer_tells_whether_it_was_sent),
        cmocka_unit_test(test_what_goes_with_an_answer),
        cmocka_unit_test(test_webhooks),
        cmocka_unit_test(test_the_fleet),
        cmocka_unit_test(test_what_is_told),
        cmocka_unit_test(test_what_only_the_service_knows),
        cmocka_unit_test(test_where_callbacks_go),
        cmocka_unit_test(test_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
