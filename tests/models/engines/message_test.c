/* The lines of the protocol: what is written is read back, what is wrong is refused with its place,
 * and the transcript of PROTOCOL.md is made of lines as this codec writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/engines/message.h"

enum { ROUNDS = 20000, LINE_BYTES = 1 << 18 };

static uint64_t next_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint32_t pick(uint64_t *state, uint32_t count)
{
    return (uint32_t)(next_random(state) % count);
}

/* Numbers of all sizes, those around 2^53 among them. */
static uint64_t any_uint64(uint64_t *state)
{
    static const uint64_t edges[] = {1, (UINT64_C(1) << 53) - 1, UINT64_C(1) << 53, UINT64_MAX};
    if (pick(state, 4) == 0)
        return edges[pick(state, 4)];
    return (next_random(state) >> pick(state, 64)) + 1;
}

static int64_t any_int64(uint64_t *state)
{
    int64_t value = (int64_t)(any_uint64(state) >> 1);
    return pick(state, 8) == 0 ? -value : value;
}

static uint8_t any_index(uint64_t *state, uint8_t none)
{
    uint32_t kind = pick(state, 4);
    return kind == 0 ? none : (uint8_t)pick(state, 20);
}

static uint8_t any_host(uint64_t *state)
{
    return pick(state, 5) == 0 ? RCE_TEMPORARY_HOST : any_index(state, RCE_NO_HOST);
}

/* Only what the kind has: the rest keeps its defaults, so that blocks can be compared. */
static struct rce_input any_input(uint64_t *state)
{
    struct rce_input input = {.cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST};
    input.kind = (enum rce_input_kind)pick(state, RCE_INPUT_ENGINE_CHANGED + 1);
    input.now_ns = any_int64(state);
    input.entropy = next_random(state);
    if (input.kind == RCE_INPUT_TIMER)
        input.timer = pick(state, 82);
    if (input.kind != RCE_INPUT_RESPONSE && input.kind != RCE_INPUT_CALLBACK)
        return input;
    input.operation = (enum rce_operation)pick(state, RCE_OPERATION_COUNT);
    input.cluster = any_index(state, RCE_NO_CLUSTER);
    input.host = any_host(state);
    input.task = any_uint64(state);
    input.outcome = (enum rce_outcome)pick(state, 2);
    if (input.kind == RCE_INPUT_CALLBACK)
        return input;
    input.request = any_uint64(state);
    input.result = (enum rce_result)pick(state, RCE_RESULT_COUNT);
    input.has_ended = pick(state, 2) != 0;
    if (!input.has_ended)
        input.outcome = RCE_TASK_SUCCEEDED;
    input.state = input.result == RCE_STATE ? pick(state, 8) : 0;
    input.retry_after_ns = pick(state, 2) ? any_int64(state) : 0;
    return input;
}

static struct rce_action any_action(uint64_t *state)
{
    struct rce_action action = {.cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST};
    action.kind = (enum rce_action_kind)pick(state, RCE_LOG + 1);
    if (action.kind == RCE_SET_TIMER || action.kind == RCE_CANCEL_TIMER)
        action.timer = pick(state, 82);
    if (action.kind == RCE_SET_TIMER)
        action.at_ns = any_int64(state);
    if (action.kind != RCE_SEND && action.kind != RCE_FAIL && action.kind != RCE_LOG)
        return action;
    action.operation = (enum rce_operation)pick(state, RCE_OPERATION_COUNT);
    action.cluster = any_index(state, RCE_NO_CLUSTER);
    action.host = any_host(state);
    if (action.kind == RCE_SEND) {
        action.attempt = (uint16_t)next_random(state);
        action.request = any_uint64(state);
        action.key = pick(state, 2) ? next_random(state) : 0;
    } else if (action.kind == RCE_FAIL) {
        action.reason = (enum rce_reason)pick(state, RCE_REASON_COUNT);
    } else {
        action.note = (enum rce_note)pick(state, RCE_NOTE_COUNT);
        action.task = pick(state, 2) ? any_uint64(state) : 0;
        action.request = pick(state, 2) ? any_uint64(state) : 0;
        action.at_ns = pick(state, 2) ? any_int64(state) : 0;
    }
    return action;
}

static void assert_same_input(const struct rce_input *a, const struct rce_input *b)
{
    assert_int_equal(a->now_ns, b->now_ns);
    assert_true(a->entropy == b->entropy && a->request == b->request && a->task == b->task);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->timer, b->timer);
    assert_int_equal(a->operation, b->operation);
    assert_int_equal(a->cluster, b->cluster);
    assert_int_equal(a->host, b->host);
    assert_int_equal(a->result, b->result);
    assert_int_equal(a->outcome, b->outcome);
    assert_int_equal(a->has_ended, b->has_ended);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->retry_after_ns, b->retry_after_ns);
}

static void assert_same_action(const struct rce_action *a, const struct rce_action *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->operation, b->operation);
    assert_int_equal(a->cluster, b->cluster);
    assert_int_equal(a->host, b->host);
    assert_int_equal(a->attempt, b->attempt);
    assert_int_equal(a->timer, b->timer);
    assert_int_equal(a->note, b->note);
    assert_int_equal(a->reason, b->reason);
    assert_true(a->request == b->request && a->key == b->key && a->task == b->task);
    assert_int_equal(a->at_ns, b->at_ns);
}

static struct message_request request; /* Large; tests run one after the other. */
static char line[LINE_BYTES];

static void read_request(struct message_text *text)
{
    struct message_problem problem;
    assert_int_equal(text->bytes[text->size_bytes - 1], '\n');
    if (!message_read_request(text->bytes, text->size_bytes - 1, &request, &problem))
        fail_msg("%.*s: %zu: %s", (int)text->size_bytes, text->bytes, problem.at, problem.text);
}

static void read_reply(struct message_text *text, struct message_reply *reply)
{
    struct message_problem problem;
    assert_int_equal(text->bytes[text->size_bytes - 1], '\n');
    if (!message_read_reply(text->bytes, text->size_bytes - 1, reply, &problem))
        fail_msg("%.*s: %zu: %s", (int)text->size_bytes, text->bytes, problem.at, problem.text);
}

static void test_inputs_come_back(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct rce_input input = any_input(&random);
        uint32_t id = (uint32_t)next_random(&random);
        struct message_text text = {.bytes = line, .room_bytes = sizeof line};
        assert_true(message_write_step(&text, id, &input));
        assert_true(text.size_bytes <= MESSAGE_INPUT_MAX_BYTES);
        read_request(&text);
        assert_int_equal(request.op, MESSAGE_STEP);
        assert_false(request.is_batch);
        assert_int_equal(request.steps_count, 1);
        assert_int_equal(request.steps[0].id, id);
        assert_same_input(&request.steps[0].input, &input);
    }
}

static void test_batches_come_back(void **state)
{
    uint64_t random = 2;
    struct message_step steps[MESSAGE_BATCH_MAX];
    (void)state;
    for (uint32_t count = 1; count <= MESSAGE_BATCH_MAX; count++) {
        struct message_text text = {.bytes = line, .room_bytes = sizeof line};
        for (uint32_t i = 0; i < count; i++)
            steps[i] = (struct message_step){pick(&random, 1000), any_input(&random)};
        assert_true(message_write_steps(&text, steps, count));
        read_request(&text);
        assert_true(request.is_batch);
        assert_int_equal(request.steps_count, count);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(request.steps[i].id, steps[i].id);
            assert_same_input(&request.steps[i].input, &steps[i].input);
        }
    }
}

static void test_actions_come_back(void **state)
{
    uint64_t random = 3;
    static struct rce_actions written, read;
    (void)state;
    for (int i = 0; i < ROUNDS / 20; i++) {
        written.count = i == 0 ? RCE_ACTIONS_MAX : pick(&random, RCE_ACTIONS_MAX + 1);
        for (uint32_t j = 0; j < written.count; j++)
            written.items[j] = any_action(&random);
        struct message_text text = {.bytes = line, .room_bytes = sizeof line};
        struct message_result out = {(uint32_t)i, (enum rce_status)pick(&random, 3), &written};
        struct message_result in = {.actions = &read};
        static struct message_reply reply;
        reply.results = &in;
        reply.results_room = 1;
        assert_true(message_write_actions(&text, &out));
        assert_true(text.size_bytes <= MESSAGE_ACTIONS_MAX_BYTES);
        read_reply(&text, &reply);
        assert_int_equal(reply.answer, MESSAGE_ACTIONS);
        assert_int_equal(in.id, out.id);
        assert_int_equal(in.status, out.status);
        assert_int_equal(read.count, written.count);
        for (uint32_t j = 0; j < written.count; j++)
            assert_same_action(&read.items[j], &written.items[j]);
    }
}

static void test_what_no_enum_lists_is_not_written(void **state)
{
    static struct rce_actions actions = {.count = 1};
    struct message_text text = {.bytes = line, .room_bytes = sizeof line};
    struct message_result result = {1, RCE_RUNNING, &actions};
    (void)state;
    struct rce_input input = {.kind = RCE_INPUT_RESPONSE, .result = (enum rce_result)99};
    assert_false(message_write_step(&text, 1, &input));
    input = (struct rce_input){.kind = RCE_INPUT_RESPONSE, .state = 8};
    assert_false(message_write_step(&text, 1, &input));
    actions.items[0] = (struct rce_action){.kind = RCE_LOG, .note = (enum rce_note)77};
    assert_false(message_write_actions(&text, &result));
    actions.items[0] = (struct rce_action){.kind = RCE_DONE};
    result.status = RCE_BROKEN;
    assert_false(message_write_actions(&text, &result));
    assert_int_equal(text.size_bytes, 0);
}

static void test_options_and_plans_come_back(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        options.deadline_ns[i] = 1000 + i;
    options.precheck = true;
    options.precheck_scope = RCE_PRECHECK_EVERY_HOST;
    options.key_scope = RCE_KEY_PER_OPERATION;
    options.settle_ns = INT64_MAX;
    options.retry_policy = (struct rce_retry_policy){
        1, 2, 3, 4, 5, 6, 7, RCE_JITTER_PROPORTIONAL, true, 8, 9, 10, 11, 12, 13, 14};
    struct message_text text = {.bytes = line, .room_bytes = sizeof line};
    message_write_init(&text, &options, "{\"a\":[1,{\"b\":null}]}");
    read_request(&text);
    assert_int_equal(request.op, MESSAGE_INIT);
    assert_int_equal(request.protocol, MESSAGE_PROTOCOL);
    assert_int_equal(request.abi, RCE_ABI);
    assert_memory_equal(request.options.deadline_ns, options.deadline_ns,
                        sizeof options.deadline_ns);
    assert_memory_equal(&request.options.retry_policy, &options.retry_policy,
                        sizeof options.retry_policy);
    assert_int_equal(request.options.precheck_poll.cap_ns, options.precheck_poll.cap_ns);
    assert_int_equal(request.options.settle_ns, INT64_MAX);
    assert_int_equal(request.options.precheck_scope, RCE_PRECHECK_EVERY_HOST);
    assert_int_equal(request.options.key_scope, RCE_KEY_PER_OPERATION);
    assert_true(request.options.precheck && !request.options.retry);
    assert_int_equal(request.config.size_bytes, strlen("{\"a\":[1,{\"b\":null}]}"));
    /* Each deadline goes by the name of its operation. */
    for (int i = 0; i < RCE_OPERATION_COUNT; i++) {
        char key[64];
        snprintf(key, sizeof key, "\"%s\":%d", rce_operation_names[i], 1000 + i);
        assert_non_null(strstr(line, key));
    }

    struct rce_cluster_plan clusters[RCE_CLUSTERS_MAX];
    for (uint32_t i = 0; i < RCE_CLUSTERS_MAX; i++)
        clusters[i] = (struct rce_cluster_plan){(uint8_t)(i % RCE_HOSTS_MAX + 1), i % 2 != 0};
    struct rce_plan plan = {RCE_WORKFLOW_MAX, RCE_CLUSTERS_MAX, clusters};
    text.size_bytes = 0;
    message_write_load(&text, 5, &plan, "\0\xff\x10", 3);
    read_request(&text);
    uint8_t bytes[8];
    size_t size_bytes;
    assert_true(message_base64_read(request.state, bytes, sizeof bytes, &size_bytes));
    assert_int_equal(size_bytes, 3);
    assert_memory_equal(bytes, "\0\xff\x10", 3);
    assert_int_equal(request.plan.workflow, RCE_WORKFLOW_MAX);
    assert_int_equal(request.plan.clusters_count, RCE_CLUSTERS_MAX);
    assert_memory_equal(request.clusters, clusters, sizeof clusters);
}

/* RFC 4648, section 10. */
static void test_base64(void **state)
{
    static const struct {
        const char *plain, *text;
    } known[] = {{"f", "Zg=="},        {"fo", "Zm8="},        {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    static const char *const wrong[] = {
        "Zg=", "Zg", "Zh==", "Zm9=", "=Zg=", "Z===", "Zg==Zg==", "Zg= ", "Z\\n=="};
    char bytes[16];
    size_t size_bytes;
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct message_text text = {.bytes = line, .room_bytes = sizeof line};
        size_t length = strlen(known[i].plain);
        message_write_state(&text, 1, known[i].plain, length);
        assert_non_null(strstr(line, known[i].text));
        assert_int_equal(strlen(known[i].text), message_base64_size(length));
        struct message_span span = {known[i].text, strlen(known[i].text)};
        assert_true(message_base64_read(span, bytes, sizeof bytes, &size_bytes));
        assert_int_equal(size_bytes, length);
        assert_memory_equal(bytes, known[i].plain, length);
        assert_false(message_base64_read(span, bytes, length - 1, &size_bytes));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(message_base64_read((struct message_span){wrong[i], strlen(wrong[i])}, bytes,
                                         sizeof bytes, &size_bytes));
    /* Some writers escape the slash. */
    struct message_span escaped = {"\\/\\/8=", 6};
    assert_true(message_base64_read(escaped, bytes, sizeof bytes, &size_bytes));
    assert_int_equal(size_bytes, 2);
}

static void test_order_and_space_do_not_matter(void **state)
{
    static const char text[] =
        " { \"input\" : { \"timer\" :\t3 , \"entropy\": \"18446744073709551615\",\r\n\"now_ns\" : "
        "\"9007199254740992\" , \"kind\":\"timer\" } , \"id\" : 7,\"op\":\"step\" } ";
    struct message_problem problem;
    (void)state;
    assert_true(message_read_request(text, strlen(text), &request, &problem));
    assert_int_equal(request.steps[0].id, 7);
    assert_int_equal(request.steps[0].input.timer, 3);
    assert_int_equal(request.steps[0].input.now_ns, INT64_C(1) << 53);
    assert_true(request.steps[0].input.entropy == UINT64_MAX);
}

/* Each line is wrong in one way; the place is that of the caret below it. */
static void test_requests_that_are_wrong(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *message;
    } wrong[] = {
        {"", 0, "expected the request, an object"},
        {"[]", 0, "expected the request, an object"},
        {"{}", 0, "the request lacks \"op\""},
        {"{\"op\":\"stop\"}", 6, "unknown name \"stop\"; did you mean \"step\"?"},
        {"{\"op\":7}", 6, "expected a string"},
        {"{\"op\":\"reset\"} x", 15, "something follows the end of the object"},
        {"{\"op\":\"reset\"", 13, "the line ends where '}' was expected"},
        {"{\"op\":\"reset\",}", 14, "expected a string"},
        {"{\"op\":\"reset\",\"op\":\"reset\"}", 14, "\"op\" stands there twice"},
        {"{\"op\":\"reset\",\"id\":1}", 0, "the request of kind reset has no \"id\""},
        {"{\"op\":\"save\"}", 0, "the request of kind save lacks \"id\""},
        {"{\"op\":\"save\",\"id\":4294967296}", 18, "a number above 4294967295"},
        {"{\"op\":\"save\",\"id\":-1}", 18, "expected an integer"},
        {"{\"op\":\"save\",\"id\":01}", 18, "a number with a zero in front"},
        {"{\"op\":\"save\",\"id\":1.5}", 18, "expected an integer, without fraction or exponent"},
        {"{\"op\":\"save\",\"id\":1e3}", 18, "expected an integer, without fraction or exponent"},
        {"{\"op\":\"save\",\"idd\":1}", 13, "unknown field \"idd\" in the request"},
        {"{\"op\":\"sa\tve\"}", 9, "a control character in a string"},
        {"{\"op\":\"sa\\qve\"}", 9, "this is no escape of JSON"},
        {"{\"op\":\"save", 6, "the line ends within this string"},
        {"{\"op\":\"step\",\"id\":1,\"input\":{\"kind\":\"timer\",\"now_ns\":0,\"entropy\":\"1\"}}",
         28, "the input of kind timer lacks \"timer\""},
        {"{\"op\":\"step\",\"id\":1,\"input\":{\"kind\":\"start\",\"now_ns\":0,\"entropy\":1}}", 65,
         "expected a string of decimal digits"},
        {"{\"op\":\"step\",\"id\":1,\"input\":{\"kind\":\"start\",\"now_ns\":9007199254740992,"
         "\"entropy\":\"1\""
         "}}",
         53, "an integer above 2^53 - 1 has to be a string"},
        {"{\"op\":\"step\",\"id\":1,\"input\":{\"kind\":\"start\",\"now_ns\":0,\"entropy\":\"1\","
         "\"timer\":2}}",
         28, "the input of kind start has no \"timer\""},
        {"{\"op\":\"step\",\"steps\":[]}", 22, "expected the step, an object"},
        {"{\"op\":\"begin\",\"id\":1,\"plan\":{\"workflow\":1,\"clusters\":[]}}", 53,
         "a plan has a cluster at least"},
        {"{\"op\":\"begin\",\"id\":1,\"plan\":{\"workflow\":1,\"clusters\":[{\"hosts\":17,"
         "\"temporary_host\":true}]}}",
         54, "a cluster has 1 to 16 hosts"},
        {"{\"op\":\"begin\",\"id\":1,\"plan\":{\"workflow\":1,\"clusters\":[{\"hosts\":1,"
         "\"temporary_host\":1}]}}",
         82, "expected true or false"},
    };
    struct message_problem problem;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(
            message_read_request(wrong[i].text, strlen(wrong[i].text), &request, &problem));
        assert_string_equal(problem.text, wrong[i].message);
        if (problem.at != wrong[i].at)
            fail_msg("%s: at %zu, not %zu", wrong[i].text, problem.at, wrong[i].at);
    }
}

static void test_replies_that_are_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } wrong[] = {
        {"null", "expected the answer, an object"},
        {"{\"ok\":false}", "\"ok\" can only be true"},
        {"{\"id\":1}", "this is none of the answers that there are"},
        {"{\"id\":1,\"actions\":[]}", "the answer lacks \"status\""},
        {"{\"id\":1,\"status\":\"broken\",\"actions\":[]}", "unknown name \"broken\""},
        {"{\"ok\":true,\"id\":1}", "the answer has no \"id\""},
        {"{\"id\":1,\"status\":\"running\",\"actions\":[{\"kind\":\"persits\"}]}",
         "unknown name \"persits\"; did you mean \"persist\"?"},
        {"{\"id\":1,\"status\":\"running\",\"actions\":[{}]}", "the action lacks \"kind\""},
        {"{\"id\":1,\"status\":\"running\",\"actions\":[{\"kind\":\"set-timer\",\"timer\":1}]}",
         "the action of kind set-timer lacks \"at_ns\""},
        {"{\"id\":1,\"status\":\"running\",\"actions\":[{\"kind\":\"persist\",\"host\":1}]}",
         "the action of kind persist has no \"host\""},
        {"{\"id\":1,\"status\":\"running\",\"actions\":[{\"kind\":\"send\",\"operation\":"
         "\"backup\","
         "\"attempt\":65536,\"request\":1}]}",
         "a number above 65535"},
        {"{\"id\":1,\"status\":\"running\",\"actions\":[{\"kind\":\"log\",\"note\":\"retry\","
         "\"operation\":\"backup\",\"cluster\":254}]}",
         "a number above 253"},
        {"{\"steps\":[{\"id\":1,\"status\":\"running\",\"actions\":[]},{\"id\":1,\"status\":"
         "\"running\","
         "\"actions\":[]}]}",
         "a result that was not asked for"},
        {"{\"protocol\":1,\"name\":\"\",\"version\":\"1\",\"capabilities\":[],\"state_version\":1,"
         "\"state_version_oldest\":1}",
         "a name has 1 to 59 bytes"},
        {"{\"protocol\":1,\"name\":\"\\u0000\",\"version\":\"1\",\"capabilities\":[],\"state_"
         "version\":1,\"state_version_oldest\":1}",
         "a name has 1 to 59 bytes"},
        {"{\"protocol\":1,\"name\":\"a\\u0007\",\"version\":\"1\",\"capabilities\":[],\"state_"
         "version\":1,"
         "\"state_version_oldest\":1}",
         "a control character in a name"},
        {"{\"protocol\":1,\"name\":\"a\xff\",\"version\":\"1\",\"capabilities\":[],\"state_"
         "version\":1,"
         "\"state_version_oldest\":1}",
         "a name has to be UTF-8"},
        {"{\"protocol\":1,\"name\":\"a\",\"version\":\"1\",\"capabilities\":[\"save\",\"save\"],"
         "\"state_version\":1,\"state_version_oldest\":1}",
         "\"save\" stands there twice"},
    };
    static struct rce_actions actions;
    struct message_result result = {.actions = &actions};
    static struct message_reply reply;
    struct message_problem problem;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        reply.results = &result;
        reply.results_room = 1;
        assert_false(message_read_reply(wrong[i].text, strlen(wrong[i].text), &reply, &problem));
        assert_string_equal(problem.text, wrong[i].message);
    }
}

static void test_too_many_actions(void **state)
{
    static struct rce_actions actions;
    struct message_result result = {.actions = &actions};
    static struct message_reply reply;
    struct message_problem problem;
    struct message_text text = {.bytes = line, .room_bytes = sizeof line};
    actions.count = RCE_ACTIONS_MAX;
    (void)state;
    for (int i = 0; i < RCE_ACTIONS_MAX; i++)
        actions.items[i] = (struct rce_action){.kind = RCE_PERSIST};
    assert_true(message_write_actions(&text, &result));
    static const char one_more[] = ",{\"kind\":\"persist\"}]}";
    size_t length = text.size_bytes - strlen("]}\n");
    memcpy(line + length, one_more, sizeof one_more);
    length += strlen(one_more);
    reply.results = &result;
    reply.results_room = 1;
    assert_false(message_read_reply(line, length, &reply, &problem));
    assert_string_equal(problem.text, "more than 82 actions");
}

static void test_errors_and_hellos_come_back(void **state)
{
    static struct message_reply reply;
    struct message_text text = {.bytes = line, .room_bytes = sizeof line};
    (void)state;
    message_write_error(&text, MESSAGE_ERROR_CONFIG, "no \"key\"\nin \\ \xff");
    read_reply(&text, &reply);
    assert_int_equal(reply.answer, MESSAGE_ERROR);
    assert_int_equal(reply.code, MESSAGE_ERROR_CONFIG);
    assert_string_equal(reply.message, "no \"key\"?in \\ ?");
    struct message_hello hello = {1, "my \"engine\"", "2.0-ü", RCE_CAN_LOAD | RCE_CAN_DIGEST, 3, 2};
    text.size_bytes = 0;
    message_write_hello(&text, &hello);
    read_reply(&text, &reply);
    assert_int_equal(reply.answer, MESSAGE_HELLO);
    assert_string_equal(reply.hello.name, hello.name);
    assert_string_equal(reply.hello.version, hello.version);
    assert_int_equal(reply.hello.capabilities, hello.capabilities);
    assert_int_equal(reply.hello.state_version, 3);
    assert_int_equal(reply.hello.state_version_oldest, 2);
    static const char escapes[] =
        "{\"error\":{\"code\":\"state\",\"message\":\"\\u00e4\\ud83d\\ude00\\ud800\\n\"}}";
    struct message_problem problem;
    assert_true(message_read_reply(escapes, strlen(escapes), &reply, &problem));
    assert_string_equal(reply.message, "\xc3\xa4\xf0\x9f\x98\x80?\n");
}

/* No piece of a line is a line, and no damaged byte does harm (the sanitizers look). */
static void test_pieces_and_damage(void **state)
{
    uint64_t random = 4;
    static struct rce_actions actions;
    struct message_result result = {.actions = &actions};
    static struct message_reply reply;
    struct message_problem problem;
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct message_step steps[3];
        for (int j = 0; j < 3; j++)
            steps[j] = (struct message_step){7, any_input(&random)};
        struct message_text text = {.bytes = line, .room_bytes = sizeof line};
        message_write_steps(&text, steps, 3);
        size_t length = text.size_bytes - 1;
        char *copy = malloc(length); /* Its own block, so that reading past its end shows. */
        assert_non_null(copy);
        memcpy(copy, line, length);
        size_t cut = pick(&random, (uint32_t)length);
        char *piece = malloc(cut + 1);
        assert_non_null(piece);
        memcpy(piece, line, cut);
        assert_false(message_read_request(piece, cut, &request, &problem));
        assert_true(problem.at <= cut);
        free(piece);
        for (int j = 0; j < 20; j++) {
            copy[pick(&random, (uint32_t)length)] = (char)next_random(&random);
            if (!message_read_request(copy, length, &request, &problem))
                assert_true(problem.at <= length);
            reply.results = &result;
            reply.results_room = 1;
            message_read_reply(copy, length, &reply, &problem);
        }
        free(copy);
    }
}

static void test_quotes(void **state)
{
    char quote[16];
    (void)state;
    assert_string_equal(message_quote(quote, sizeof quote, "a\tb\x7f\xc3", 5), "a?b??");
    assert_string_equal(message_quote(quote, sizeof quote, "0123456789abcde", 15),
                        "0123456789abcde");
    assert_string_equal(message_quote(quote, sizeof quote, "0123456789abcdef", 16),
                        "0123456789ab...");
    assert_string_equal(message_quote(quote, sizeof quote,
                                      "0123456789a\xc3\xa4"
                                      "defg",
                                      17),
                        "0123456789a...");
}

/* Every line of the document is as the codec itself writes it. */
static void test_transcript_of_the_document(void **state)
{
    static char text_line[1 << 16];
    static struct rce_actions actions[2];
    static struct message_reply reply;
    int driver_count = 0, engine_count = 0;
    (void)state;
    FILE *file = fopen("models/engines/PROTOCOL.md", "r");
    if (file == NULL)
        fail_msg("run the tests in the root of the repository");
    while (fgets(text_line, sizeof text_line, file) != NULL) {
        struct message_problem problem;
        struct message_text again = {.bytes = line, .room_bytes = sizeof line};
        struct message_result results[2] = {{.actions = &actions[0]}, {.actions = &actions[1]}};
        size_t length = strlen(text_line) - 3;
        if (strncmp(text_line, "> {", 3) == 0) {
            driver_count++;
            if (!message_read_request(text_line + 2, length, &request, &problem))
                fail_msg("%s%zu: %s", text_line, problem.at, problem.text);
            if (request.op == MESSAGE_STEP && request.is_batch)
                message_write_steps(&again, request.steps, request.steps_count);
            else if (request.op == MESSAGE_STEP)
                message_write_step(&again, request.id, &request.steps[0].input);
            else if (request.op == MESSAGE_INIT)
                message_write_init(&again, &request.options, "{}");
            else if (request.op == MESSAGE_BEGIN)
                message_write_begin(&again, request.id, &request.plan);
            else
                continue;
            assert_memory_equal(line, text_line + 2, length + 1);
        } else if (strncmp(text_line, "< {", 3) == 0) {
            engine_count++;
            reply.results = results;
            reply.results_room = 2;
            if (!message_read_reply(text_line + 2, length, &reply, &problem))
                fail_msg("%s%zu: %s", text_line, problem.at, problem.text);
            if (reply.answer == MESSAGE_ACTIONS)
                message_write_actions(&again, &results[0]);
            else if (reply.answer == MESSAGE_RESULTS)
                message_write_results(&again, results, reply.results_count);
            else if (reply.answer == MESSAGE_HELLO)
                message_write_hello(&again, &reply.hello);
            else
                continue;
            assert_memory_equal(line, text_line + 2, length + 1);
        }
    }
    fclose(file);
    assert_true(driver_count > 15);
    assert_int_equal(driver_count, engine_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inputs_come_back),
        cmocka_unit_test(test_batches_come_back),
        cmocka_unit_test(test_actions_come_back),
        cmocka_unit_test(test_what_no_enum_lists_is_not_written),
        cmocka_unit_test(test_options_and_plans_come_back),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_order_and_space_do_not_matter),
        cmocka_unit_test(test_requests_that_are_wrong),
        cmocka_unit_test(test_replies_that_are_wrong),
        cmocka_unit_test(test_too_many_actions),
        cmocka_unit_test(test_errors_and_hellos_come_back),
        cmocka_unit_test(test_pieces_and_damage),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_transcript_of_the_document),
    };
    return cmocka_run_group_tests_name("engines/message", tests, NULL, NULL);
}
