/* message_fuzz.c - any bytes as a line of the engine protocol, from the driver and from the engine.
 *
 * Oracle: what is read is written in the one form that there is; that form is read again, and
 * written as the same bytes. What is not read says why, at a place within the line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/engines/message.h"
#include "sim/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

enum { SIZE_MAX_BYTES = 1 << 16, ROOM_BYTES = 1 << 22, RESULTS_MAX = 8 };

struct reading {
    struct message_request request;
    struct message_reply reply;
    struct message_result results[RESULTS_MAX];
    struct rce_actions actions[RESULTS_MAX];
    uint8_t state[SIZE_MAX_BYTES];
};

/* Write what a line of the driver says. False: it says nothing that could be written. */
static bool write_request(struct reading *reading, struct message_text *text)
{
    const struct message_request *request = &reading->request;
    size_t size_bytes;
    char *config;
    switch (request->op) {
    case MESSAGE_INIT:
        if (request->protocol != MESSAGE_PROTOCOL || request->abi != RCE_ABI)
            return false; /* Only our own versions are written. */
        config = calloc(1, request->config.size_bytes + 1);
        CHECK(config != NULL);
        memcpy(config, request->config.text, request->config.size_bytes);
        message_write_init(text, &request->options, config);
        free(config);
        return true;
    case MESSAGE_BEGIN: message_write_begin(text, request->id, &request->plan); return true;
    case MESSAGE_STEP:
        if (request->is_batch)
            return message_write_steps(text, request->steps, request->steps_count);
        return message_write_step(text, request->id, &request->steps[0].input);
    case MESSAGE_LOAD:
        if (!message_base64_read(request->state, reading->state, sizeof reading->state,
                                 &size_bytes))
            return false;
        message_write_load(text, request->id, &request->plan, reading->state, size_bytes);
        return true;
    case MESSAGE_END:
    case MESSAGE_RESET:
    case MESSAGE_SAVE:
    case MESSAGE_DIGEST: message_write_op(text, request->op, request->id); return true;
    }
    CHECK_UNREACHABLE("an op that does not exist");
    return false;
}

static bool write_reply(struct reading *reading, struct message_text *text)
{
    const struct message_reply *reply = &reading->reply;
    size_t size_bytes;
    switch (reply->answer) {
    case MESSAGE_HELLO: message_write_hello(text, &reply->hello); return true;
    case MESSAGE_OK: message_write_ok(text); return true;
    case MESSAGE_ACTIONS: return message_write_actions(text, &reading->results[0]);
    case MESSAGE_RESULTS:
        return message_write_results(text, reading->results, reply->results_count);
    case MESSAGE_STATE:
        if (!message_base64_read(reply->state, reading->state, sizeof reading->state, &size_bytes))
            return false;
        message_write_state(text, reply->id, reading->state, size_bytes);
        return true;
    case MESSAGE_DIGESTED: message_write_digest(text, reply->id, reply->digest); return true;
    case MESSAGE_ERROR: message_write_error(text, reply->code, reply->message); return true;
    }
    CHECK_UNREACHABLE("an answer that does not exist");
    return false;
}

static bool rewrite(struct reading *reading, bool is_request, const char *line, size_t size_bytes,
                    struct message_text *text)
{
    struct message_problem problem;
    for (int i = 0; i < RESULTS_MAX; i++)
        reading->results[i].actions = &reading->actions[i];
    reading->reply.results = reading->results;
    reading->reply.results_room = RESULTS_MAX;
    bool is_read = is_request ? message_read_request(line, size_bytes, &reading->request, &problem)
                              : message_read_reply(line, size_bytes, &reading->reply, &problem);
    if (!is_read) {
        CHECK(problem.at <= size_bytes && problem.text[0] != '\0');
        return false;
    }
    return is_request ? write_request(reading, text) : write_reply(reading, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static struct reading reading;
    static char first_bytes[ROOM_BYTES], second_bytes[ROOM_BYTES];
    if (size_bytes > SIZE_MAX_BYTES)
        return 0;
    for (int is_request = 0; is_request < 2; is_request++) {
        struct message_text first = {.bytes = first_bytes, .room_bytes = ROOM_BYTES};
        struct message_text second = {.bytes = second_bytes, .room_bytes = ROOM_BYTES};
        if (!rewrite(&reading, is_request != 0, (const char *)bytes, size_bytes, &first))
            continue;
        CHECK(first.bytes[first.size_bytes - 1] == '\n');
        CHECK(rewrite(&reading, is_request != 0, first.bytes, first.size_bytes - 1, &second));
        CHECK(first.size_bytes == second.size_bytes &&
              memcmp(first.bytes, second.bytes, first.size_bytes) == 0);
    }
    return 0;
}
