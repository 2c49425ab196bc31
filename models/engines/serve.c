#include "models/engines/serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/engines/message.h"
#include "sim/base/arena.h"
#include "sim/base/check.h"

enum {
    IN_BYTES = 2 * MESSAGE_LINE_MAX_BYTES,
    OUT_BYTES = 4 * MESSAGE_LINE_MAX_BYTES,
    TABLE_START = 1024,
    STATE_MAX_BYTES = MESSAGE_LINE_MAX_BYTES / 2,
};

/* A workflow of the process. A free place has no plan; that of an ended workflow has one, and no
 * block. */
struct served {
    uint32_t id;
    struct rce_plan *plan;
    void *block;
};

struct server {
    const struct rce_engine *engine;
    int out;
    struct arena *engine_arena;  /* settings: as long as the program */
    struct arena *process_arena; /* everything that a reset forgets */
    bool is_ready;               /* `init` was understood */
    void *settings, *process;
    struct served *table; /* [room]: open addressing by id, a power of two, half full at most */
    uint32_t room, count; /* count: the used places, those of ended workflows included */
    void *state;
    struct message_request request;
    struct rce_actions actions[MESSAGE_BATCH_MAX];
    struct message_text text;
};

static void flush(struct server *server)
{
    size_t sent_bytes = 0;
    while (sent_bytes < server->text.size_bytes) {
        ssize_t size = write(server->out, server->text.bytes + sent_bytes,
                             server->text.size_bytes - sent_bytes);
        if (size < 0 && errno != EINTR)
            break; /* Nobody listens any more; the end of the input comes next. */
        sent_bytes += size > 0 ? (size_t)size : 0;
    }
    server->text.size_bytes = 0;
}

static void say_error(struct server *server, enum message_error_code code, const char *message)
{
    message_write_error(&server->text, code, message);
}

/* The place of a workflow, or the free one where it would be. */
static struct served *place_of(struct server *server, uint32_t id)
{
    uint32_t at = id * UINT32_C(2654435769);
    for (;; at++) {
        struct served *served = &server->table[at & (server->room - 1)];
        if (served->plan == NULL || served->id == id)
            return served;
    }
}

static void grow(struct server *server)
{
    struct served *old = server->table;
    uint32_t old_room = server->room;
    server->room = old_room == 0 ? TABLE_START : 2 * old_room;
    server->table = arena_take_array(server->process_arena, server->room, sizeof *server->table);
    server->count = 0;
    for (uint32_t i = 0; i < old_room; i++)
        if (old[i].block != NULL) {
            *place_of(server, old[i].id) = old[i];
            server->count++;
        }
}

static struct served *find(struct server *server, uint32_t id)
{
    struct served *served = place_of(server, id);
    if (served->plan != NULL && served->block != NULL)
        return served;
    say_error(server, MESSAGE_ERROR_ID, "there is no workflow of this id");
    return NULL;
}

static void begin_process(struct server *server)
{
    const struct rce_engine *engine = server->engine;
    if (server->process != NULL && engine->process_end != NULL)
        engine->process_end(server->process);
    arena_reset(server->process_arena);
    server->room = server->count = 0;
    server->table = NULL;
    grow(server);
    server->process = arena_take(server->process_arena, engine->process_size_bytes);
    if (engine->process_begin != NULL)
        engine->process_begin(server->process, server->settings);
}

static bool configure(struct server *server)
{
    const struct rce_engine *engine = server->engine;
    struct message_span config = server->request.config;
    char message[MESSAGE_ERROR_SIZE_BYTES / 2] = "";
    if (engine->configure == NULL) {
        struct rce_options *options = arena_take(server->engine_arena, sizeof *options);
        *options = server->request.options;
        server->settings = options;
        if (config.size_bytes == 2 && memcmp(config.text, "{}", 2) == 0)
            return true;
        say_error(server, MESSAGE_ERROR_CONFIG, "this engine has no config of its own");
        return false;
    }
    char *text = arena_take(server->engine_arena, config.size_bytes + 1);
    memcpy(text, config.text, config.size_bytes);
    server->settings = arena_take(server->engine_arena, engine->settings_size_bytes);
    if (engine->configure(server->settings, &server->request.options, text, message,
                          sizeof message))
        return true;
    message[sizeof message - 1] = '\0';
    say_error(server, MESSAGE_ERROR_CONFIG, message);
    return false;
}

/* The engine of this project traps on options that make no sense; here they are only a message. */
static bool are_sound(const struct rce_options *options)
{
    bool are_good = options->clusters_at_once >= 1 &&
                    options->clusters_at_once <= RCE_CLUSTERS_AT_ONCE_MAX &&
                    options->settle_ns >= 0 && options->retry_after_ns > 0;
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        are_good = are_good && options->deadline_ns[i] > 0;
    return are_good;
}

static void init(struct server *server)
{
    const struct rce_engine *engine = server->engine;
    if (server->request.protocol != MESSAGE_PROTOCOL || server->request.abi != RCE_ABI) {
        say_error(server, MESSAGE_ERROR_PROTOCOL, "this engine speaks protocol 1 and abi 2");
        return;
    }
    if (server->is_ready) {
        say_error(server, MESSAGE_ERROR_MESSAGE, "init comes once");
        return;
    }
    if (!are_sound(&server->request.options)) {
        say_error(server, MESSAGE_ERROR_CONFIG, "an option is out of its range");
        return;
    }
    if (!configure(server))
        return;
    begin_process(server);
    server->is_ready = true;
    struct message_hello hello = {.protocol = MESSAGE_PROTOCOL,
                                  .capabilities = engine->capabilities,
                                  .state_version = engine->state_version,
                                  .state_version_oldest = engine->state_version_oldest};
    snprintf(hello.name, sizeof hello.name, "%s", engine->name);
    snprintf(hello.version, sizeof hello.version, "%s", engine->version);
    message_write_hello(&server->text, &hello);
}

/* Copy the plan of the request, with its clusters. */
static struct rce_plan *keep_plan(struct server *server)
{
    const struct rce_plan *plan = &server->request.plan;
    struct rce_plan *kept = arena_take(server->process_arena, sizeof *kept);
    struct rce_cluster_plan *clusters =
        arena_take_array(server->process_arena, plan->clusters_count, sizeof *clusters);
    memcpy(clusters, plan->clusters, plan->clusters_count * sizeof *clusters);
    *kept = *plan;
    kept->clusters = clusters;
    return kept;
}

/* A free place for a new workflow, or NULL, and an error is written. */
static struct served *reserve(struct server *server)
{
    if (2 * (server->count + 1) > server->room)
        grow(server);
    struct served *served = place_of(server, server->request.id);
    if (served->block == NULL)
        return served;
    say_error(server, MESSAGE_ERROR_ID, "there is a workflow of this id already");
    return NULL;
}

static void begin(struct server *server)
{
    struct served *served = reserve(server);
    if (served == NULL)
        return;
    server->count += served->plan == NULL;
    served->id = server->request.id;
    served->plan = keep_plan(server);
    served->block =
        arena_take(server->process_arena, server->engine->state_size_bytes(served->plan));
    server->engine->init(served->block, server->process, served->plan, server->settings);
    message_write_ok(&server->text);
}

static void load(struct server *server)
{
    const struct rce_engine *engine = server->engine;
    size_t size_bytes;
    struct served *served = reserve(server);
    if (served == NULL)
        return;
    if (!message_base64_read(server->request.state, server->state, STATE_MAX_BYTES, &size_bytes)) {
        say_error(server, MESSAGE_ERROR_STATE, "the state is no base64, or too long");
        return;
    }
    struct rce_plan *plan = keep_plan(server);
    void *block = arena_take(server->process_arena, engine->state_size_bytes(plan));
    if ((engine->capabilities & RCE_CAN_LOAD) == 0 ||
        !engine->load(block, server->process, plan, server->settings, server->state, size_bytes)) {
        say_error(server, MESSAGE_ERROR_STATE, "this state is not for this engine, or this plan");
        return;
    }
    server->count += served->plan == NULL;
    *served = (struct served){.id = server->request.id, .plan = plan, .block = block};
    message_write_ok(&server->text);
}

/* One step of the request. False: an error is written instead. */
static bool step_one(struct server *server, uint32_t index, struct message_result *result)
{
    const struct message_step *step = &server->request.steps[index];
    const struct rce_engine *engine = server->engine;
    struct served *served = find(server, step->id);
    if (served == NULL)
        return false;
    *result = (struct message_result){.id = step->id, .actions = &server->actions[index]};
    result->status =
        engine->step(served->block, server->process, &step->input, &server->actions[index]);
    if (result->status != RCE_BROKEN)
        return true;
    const char *why = engine->complaint != NULL ? engine->complaint(server->process) : NULL;
    say_error(server, MESSAGE_ERROR_INTERNAL, why != NULL ? why : "the engine is broken");
    return false;
}

static void step(struct server *server)
{
    struct message_result results[MESSAGE_BATCH_MAX];
    uint32_t count = server->request.steps_count;
    for (uint32_t i = 0; i < count; i++)
        if (!step_one(server, i, &results[i]))
            return;
    bool is_good = server->request.is_batch ? message_write_results(&server->text, results, count)
                                            : message_write_actions(&server->text, &results[0]);
    if (!is_good)
        say_error(server, MESSAGE_ERROR_INTERNAL, "an action has no words in the protocol");
}

static void save(struct server *server)
{
    const struct rce_engine *engine = server->engine;
    const struct served *served = find(server, server->request.id);
    if (served == NULL)
        return;
    size_t size_bytes = (engine->capabilities & RCE_CAN_SAVE) != 0
                            ? engine->save(served->block, server->state, STATE_MAX_BYTES)
                            : 0;
    if (size_bytes == 0 || size_bytes > STATE_MAX_BYTES)
        say_error(server, MESSAGE_ERROR_LIMIT, "this workflow cannot be saved");
    else
        message_write_state(&server->text, served->id, server->state, size_bytes);
}

static void end(struct server *server)
{
    struct served *served = find(server, server->request.id);
    if (served == NULL)
        return;
    if (server->engine->workflow_end != NULL)
        server->engine->workflow_end(served->block, server->process);
    served->block = NULL;
    message_write_ok(&server->text);
}

static void digest(struct server *server)
{
    const struct served *served = find(server, server->request.id);
    if (served == NULL)
        return;
    if ((server->engine->capabilities & RCE_CAN_DIGEST) == 0)
        say_error(server, MESSAGE_ERROR_MESSAGE, "this engine has no digest");
    else
        message_write_digest(&server->text, served->id, server->engine->digest(served->block));
}

static void answer(struct server *server, const char *line, size_t size_bytes)
{
    struct message_problem problem;
    if (!message_read_request(line, size_bytes, &server->request, &problem)) {
        char message[sizeof problem.text + 32];
        snprintf(message, sizeof message, "column %zu: %s", problem.at + 1, problem.text);
        say_error(server, MESSAGE_ERROR_MESSAGE, message);
        return;
    }
    if (!server->is_ready && server->request.op != MESSAGE_INIT) {
        say_error(server, MESSAGE_ERROR_MESSAGE, "init comes first");
        return;
    }
    switch (server->request.op) {
    case MESSAGE_INIT: init(server); return;
    case MESSAGE_BEGIN: begin(server); return;
    case MESSAGE_STEP: step(server); return;
    case MESSAGE_END: end(server); return;
    case MESSAGE_RESET:
        begin_process(server);
        message_write_ok(&server->text);
        return;
    case MESSAGE_SAVE: save(server); return;
    case MESSAGE_LOAD: load(server); return;
    case MESSAGE_DIGEST: digest(server); return;
    }
    CHECK_UNREACHABLE("an op that the reader does not know");
}

/* Answer the whole lines of what has come; returns how much of it that was. */
static size_t answer_lines(struct server *server, const char *bytes, size_t size_bytes)
{
    size_t from = 0;
    const char *newline;
    while ((newline = memchr(bytes + from, '\n', size_bytes - from)) != NULL) {
        size_t length = (size_t)(newline - bytes) - from;
        /* Room for the longest answer that there is. */
        if (server->text.room_bytes - server->text.size_bytes < OUT_BYTES / 2)
            flush(server);
        answer(server, bytes + from, length);
        from += length + 1;
    }
    flush(server);
    return from;
}

static int serve(struct server *server, int in)
{
    char *bytes = arena_take(server->engine_arena, IN_BYTES);
    size_t held_bytes = 0;
    for (;;) {
        ssize_t size = read(in, bytes + held_bytes, IN_BYTES - held_bytes);
        if (size == 0)
            return 0;
        if (size < 0 && errno != EINTR)
            return 1;
        held_bytes += size > 0 ? (size_t)size : 0;
        size_t taken_bytes = answer_lines(server, bytes, held_bytes);
        held_bytes -= taken_bytes;
        memmove(bytes, bytes + taken_bytes, held_bytes);
        if (held_bytes < IN_BYTES)
            continue;
        say_error(server, MESSAGE_ERROR_LIMIT, "a line that is too long");
        flush(server);
        return 1;
    }
}

int serve_engine(const struct rce_engine *engine, int in, int out)
{
    struct arena *arena = arena_create("the engine", 0);
    struct server *server = arena_take(arena, sizeof *server);
    *server = (struct server){
        .engine = engine,
        .out = out,
        .engine_arena = arena,
        .process_arena = arena_create("the workflows of the engine", 0),
        .state = arena_take(arena, STATE_MAX_BYTES),
        .text = {.bytes = arena_take(arena, OUT_BYTES), .room_bytes = OUT_BYTES},
    };
    int status = serve(server, in);
    if (server->process != NULL && engine->process_end != NULL)
        engine->process_end(server->process);
    /* What configure has refused has no end. */
    if (server->is_ready && engine->configure != NULL && engine->settings_end != NULL)
        engine->settings_end(server->settings);
    arena_destroy(server->process_arena);
    arena_destroy(arena);
    return status;
}
