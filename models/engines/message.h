/* message.h - the lines that a driver and an engine exchange: the contract of rce.h as JSON Lines.
 *
 * PROTOCOL.md is the document for whoever writes an engine in another language; this is the codec:
 * it writes and reads every line of it, in both directions, without allocating, fast enough for the
 * inner loop of a simulation (a step and its answer: about a microsecond). The same lines make a
 * history: what was said is what is written down.
 *
 *     driver: {"op":"step","id":1,"input":{"kind":"timer","now_ns":60000000000,...}}
 *     engine: {"id":1,"status":"running","actions":[{"kind":"persist"},...]}
 *
 * One form for each value, so that equal messages are equal bytes as this codec writes them: names
 * instead of numbers of enums; what does not apply is left out; integers beyond 2^53 - 1, which not
 * every JSON library can hold, are strings of decimal digits, and `entropy`, `key` and `digest`,
 * which use all their 64 bits, always are. Fields may be read in any order and with any white
 * space; unknown, repeated, missing and misplaced fields are errors with the place in the line.
 *
 * Limits: a line of MESSAGE_LINE_MAX_BYTES, MESSAGE_BATCH_MAX steps in a line. A writer needs the
 * room that its function names; that there is enough is checked.
 */
#ifndef MODELS_ENGINES_MESSAGE_H
#define MODELS_ENGINES_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rce/rce.h"

enum {
    MESSAGE_PROTOCOL = 1,
    MESSAGE_BATCH_MAX = 64,
    MESSAGE_LINE_MAX_BYTES = 1 << 20,
    MESSAGE_NAME_SIZE_BYTES = 64,
    MESSAGE_ERROR_SIZE_BYTES = 1024,
    /* Room for one line: one input, the actions of one step, a plan; the first line without its
     * config, any line without a text. */
    MESSAGE_INPUT_MAX_BYTES = 1024,
    MESSAGE_ACTIONS_MAX_BYTES = 128 + RCE_ACTIONS_MAX * 320,
    MESSAGE_PLAN_MAX_BYTES = 256 + RCE_CLUSTERS_MAX * 64,
    MESSAGE_INIT_MAX_BYTES = 8192,
    MESSAGE_SMALL_MAX_BYTES = 512,
};

/* Where lines are written, one after the other; the memory is the caller's. */
struct message_text {
    char *bytes;
    size_t size_bytes, room_bytes;
};

/* What is wrong with a line, and where: `at` counts bytes from 0. */
struct message_problem {
    size_t at;
    char text[192];
};

/* What a driver says. */
enum message_op {
    MESSAGE_INIT,   /* protocol, abi, options, config */
    MESSAGE_BEGIN,  /* id, plan */
    MESSAGE_STEP,   /* id, input; or steps */
    MESSAGE_END,    /* id */
    MESSAGE_RESET,  /* */
    MESSAGE_SAVE,   /* id */
    MESSAGE_LOAD,   /* id, plan, state */
    MESSAGE_DIGEST, /* id */
};
enum { MESSAGE_OP_COUNT = MESSAGE_DIGEST + 1 };

/* One input on its way to a workflow. The driver numbers the workflows of a process. */
struct message_step {
    uint32_t id;
    struct rce_input input;
};

/* A piece of the line that was read. */
struct message_span {
    const char *text;
    size_t size_bytes;
};

struct message_request {
    enum message_op op;
    uint32_t protocol, abi;
    uint32_t id;
    struct rce_options options;
    struct message_span config;
    struct rce_plan plan; /* points to `clusters` below */
    struct rce_cluster_plan clusters[RCE_CLUSTERS_MAX];
    struct message_span state; /* base64 */
    bool is_batch;
    uint32_t steps_count; /* 1 unless is_batch */
    struct message_step steps[MESSAGE_BATCH_MAX];
};

/* What an engine says. */
enum message_answer {
    MESSAGE_HELLO,   /* to init */
    MESSAGE_OK,      /* to begin, end, reset, load */
    MESSAGE_ACTIONS, /* to step */
    MESSAGE_RESULTS, /* to step with several steps */
    MESSAGE_STATE,   /* to save */
    MESSAGE_DIGESTED,
    MESSAGE_ERROR, /* to anything */
};

struct message_hello {
    uint32_t protocol;
    char name[MESSAGE_NAME_SIZE_BYTES], version[MESSAGE_NAME_SIZE_BYTES];
    uint32_t capabilities; /* bits of enum rce_capability */
    uint32_t state_version, state_version_oldest;
};

/* Why an engine did not do what it was asked. See PROTOCOL.md for what follows from each. */
enum message_error_code {
    MESSAGE_ERROR_PROTOCOL, /* speaks another version */
    MESSAGE_ERROR_CONFIG,   /* cannot use these settings */
    MESSAGE_ERROR_MESSAGE,  /* does not understand the line */
    MESSAGE_ERROR_ID,       /* knows no such workflow, or knows it already */
    MESSAGE_ERROR_STATE,    /* cannot load this state */
    MESSAGE_ERROR_LIMIT,    /* no room */
    MESSAGE_ERROR_INTERNAL, /* a bug: what happened to the workflow is not known */
};
enum { MESSAGE_ERROR_CODE_COUNT = MESSAGE_ERROR_INTERNAL + 1 };

struct message_result {
    uint32_t id;
    enum rce_status status;
    struct rce_actions *actions; /* the caller's */
};

struct message_reply {
    enum message_answer answer;
    uint32_t id; /* of ACTIONS, STATE, DIGESTED */
    struct message_hello hello;
    struct message_span state; /* base64 */
    uint64_t digest;
    enum message_error_code code;
    char message[MESSAGE_ERROR_SIZE_BYTES];
    /* ACTIONS and RESULTS: set by the caller with room for `results_room` of them. */
    struct message_result *results;
    uint32_t results_room, results_count;
};

/* Write a line of the driver, its newline included. The room is that of MESSAGE_..._MAX_BYTES for
 * what is in it, plus the length of config or base64 (message_base64_size). A step can only be
 * written if its input has no value that rce.h does not list: else false, and nothing written. */
void message_write_init(struct message_text *text, const struct rce_options *options,
                        const char *config);
void message_write_begin(struct message_text *text, uint32_t id, const struct rce_plan *plan);
bool message_write_step(struct message_text *text, uint32_t id, const struct rce_input *input);
bool message_write_steps(struct message_text *text, const struct message_step *steps,
                         uint32_t count);
void message_write_load(struct message_text *text, uint32_t id, const struct rce_plan *plan,
                        const void *state, size_t size_bytes);
/* END, RESET (id is not used), SAVE, DIGEST. */
void message_write_op(struct message_text *text, enum message_op op, uint32_t id);

/* Write a line of the engine. Actions can only be written if they hold no value that rce.h does not
 * list: else false, and nothing written. */
void message_write_hello(struct message_text *text, const struct message_hello *hello);
void message_write_ok(struct message_text *text);
bool message_write_actions(struct message_text *text, const struct message_result *result);
bool message_write_results(struct message_text *text, const struct message_result *results,
                           uint32_t count);
void message_write_state(struct message_text *text, uint32_t id, const void *state,
                         size_t size_bytes);
void message_write_digest(struct message_text *text, uint32_t id, uint64_t digest);
void message_write_error(struct message_text *text, enum message_error_code code,
                         const char *message);

/* Read a line, without its newline. On false `problem` says what and where; the output is then
 * undefined. A request is large (10 KB): keep one. Spans and `plan` point into line and request. */
bool message_read_request(const char *line, size_t size_bytes, struct message_request *request,
                          struct message_problem *problem);
bool message_read_reply(const char *line, size_t size_bytes, struct message_reply *reply,
                        struct message_problem *problem);

/* Bytes of the base64 text of `size_bytes` bytes. */
size_t message_base64_size(size_t size_bytes);
/* Decode base64 (standard alphabet, padded). False if it is none, or longer than the room. */
bool message_base64_read(struct message_span text, void *bytes, size_t room_bytes,
                         size_t *size_bytes);

/* The name of an op ("step") and of an error code ("config"). */
const char *message_op_name(enum message_op op);
const char *message_error_name(enum message_error_code code);

/* Copy at most `size_bytes` - 1 bytes of a line for a message to people: control characters and
 * what is no UTF-8 become '?', what was cut off shows as "...". Returns `quote`. */
const char *message_quote(char *quote, size_t quote_size_bytes, const char *line,
                          size_t line_size_bytes);

#endif
