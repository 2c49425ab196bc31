#include "models/engines/external.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "models/engines/external_child.h"
#include "models/engines/external_config.h"
#include "models/engines/external_pin.h"
#include "models/rce/contract.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

enum {
    COMPLAINT_SIZE_BYTES = 2048,
    QUOTE_SIZE_BYTES = 160,
    STATE_MAX_BYTES = MESSAGE_LINE_MAX_BYTES / 2,
    /* Lines that nobody has asked the answers of yet: then it is time to. */
    UNANSWERED_MAX = 1000,
};

/* An engine: what its processes have in common. */
struct external {
    struct rce_engine table;
    struct spawner *spawner;
    struct external_config config;
    const char *label; /* in front of what it says on standard error */
    struct message_hello hello;
    uint32_t idle_max;
    const volatile sig_atomic_t *interrupted;
    pthread_mutex_t mutex; /* guards what follows */
    struct pin_board board;
    struct child *idle[EXTERNAL_IDLE_MAX];
    uint32_t idle_count;
};

/* One simulated process; `child` is NULL once it is broken. */
struct external_process {
    const struct external *external;
    struct child *child;
    struct pin pin;
    char complaint[COMPLAINT_SIZE_BYTES];
};

struct external_workflow {
    struct external_process *process;
    const struct rce_plan *plan;
    uint32_t id;
    enum rce_status status; /* what it last said */
    bool is_loaded;         /* and has said nothing since: its status is in the state */
};

static void complain(struct external_process *process, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(struct external_process *process, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (process->complaint[0] == '\0')
        vsnprintf(process->complaint, sizeof process->complaint, format, arguments);
    va_end(arguments);
    if (process->child != NULL)
        child_stop(process->child, false);
    process->child = NULL;
}

/* Talking to a child, with or without a simulated process around it */

static bool wrong_line(const struct child *child, const char *what, struct error *error)
{
    char quote[QUOTE_SIZE_BYTES];
    return error_set(error, ERROR_INTERNAL, "line %llu of its output: %s: %s",
                     (unsigned long long)child->lines_count, what,
                     message_quote(quote, sizeof quote, child->line.text, child->line.size_bytes));
}

/* Read one answer and look that it is the one that is due. The engine's own error is one, too. */
static bool read_answer(struct child *child, int64_t limit_ns, struct message_reply *reply,
                        struct error *error)
{
    struct message_problem problem;
    if (!child_read(child, limit_ns, error))
        return false;
    child->unanswered--;
    if (message_read_reply(child->line.text, child->line.size_bytes, reply, &problem))
        return true;
    char what[sizeof problem.text + 32];
    snprintf(what, sizeof what, "column %zu: %s", problem.at + 1, problem.text);
    return wrong_line(child, what, error);
}

static bool refuse(const struct child *child, const struct message_reply *reply,
                   struct error *error)
{
    char text[MESSAGE_ERROR_SIZE_BYTES], what[MESSAGE_ERROR_SIZE_BYTES + 64];
    if (reply->answer != MESSAGE_ERROR)
        return wrong_line(child, "this is not the answer to what it was told", error);
    message_quote(text, sizeof text, reply->message, strlen(reply->message));
    snprintf(what, sizeof what, "it reports an error (%s): %s", message_error_name(reply->code),
             text);
    return error_set(error, ERROR_INTERNAL, "line %llu of its output: %s",
                     (unsigned long long)child->lines_count, what);
}

/* Read until one answer is left to come: all others only say that a line was understood. */
static bool read_oks(struct child *child, int64_t limit_ns, uint32_t left, struct error *error)
{
    struct message_reply reply;
    while (child->unanswered > left) {
        reply.results_room = 0;
        if (!read_answer(child, limit_ns, &reply, error))
            return false;
        if (reply.answer != MESSAGE_OK)
            return refuse(child, &reply, error);
    }
    return true;
}

/* Send what was written, the last line of which wants `wanted` as its answer. */
static bool ask(struct child *child, int64_t limit_ns, enum message_answer wanted,
                struct message_reply *reply, struct error *error)
{
    if (!read_oks(child, limit_ns, 1, error) || !read_answer(child, limit_ns, reply, error))
        return false;
    return reply->answer == wanted || refuse(child, reply, error);
}

/* Starting */

static bool is_same_hello(const struct message_hello *a, const struct message_hello *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->version, b->version) == 0 &&
           a->capabilities == b->capabilities && a->state_version == b->state_version &&
           a->state_version_oldest == b->state_version_oldest;
}

static bool has_sound_versions(const struct message_hello *hello, struct error *error)
{
    bool has_states = (hello->capabilities & (RCE_CAN_SAVE | RCE_CAN_LOAD)) != 0;
    bool is_sound =
        hello->state_version_oldest >= 1 && hello->state_version_oldest <= hello->state_version;
    return !has_states || is_sound ||
           error_set(error, ERROR_INTERNAL,
                     "it saves states of version %u and reads them from version %u on; they count "
                     "from 1, and it has to read what it saves",
                     hello->state_version, hello->state_version_oldest);
}

static struct child *start(const struct external *external, struct message_hello *hello,
                           struct error *error)
{
    struct child *child = child_start(external->spawner, external->label, error);
    if (child == NULL)
        return NULL;
    child->interrupted = external->interrupted;
    struct message_text *out = child_room(child, strlen(external->config.init));
    memcpy(out->bytes, external->config.init, strlen(external->config.init));
    out->size_bytes = strlen(external->config.init);
    child->unanswered = 1;
    struct message_reply reply = {.results_room = 0};
    bool is_good = ask(child, external->config.start_limit_ns, MESSAGE_HELLO, &reply, error);
    if (is_good && reply.hello.protocol != MESSAGE_PROTOCOL)
        is_good = error_set(error, ERROR_INTERNAL, "it speaks version %u of the protocol, not %d",
                            reply.hello.protocol, MESSAGE_PROTOCOL);
    if (is_good)
        is_good = has_sound_versions(&reply.hello, error);
    if (is_good) {
        *hello = reply.hello;
        return child;
    }
    child_stop(child, false);
    return NULL;
}

static struct child *take_child(struct external *external, struct error *error)
{
    struct child *child = NULL;
    pthread_mutex_lock(&external->mutex);
    if (external->idle_count > 0)
        child = external->idle[--external->idle_count];
    pthread_mutex_unlock(&external->mutex);
    if (child != NULL)
        return child;
    struct message_hello hello;
    child = start(external, &hello, error);
    if (child == NULL || is_same_hello(&hello, &external->hello))
        return child;
    child_stop(child, true);
    error_set(error, ERROR_INTERNAL, "it now calls itself %s %s, and was %s %s before", hello.name,
              hello.version, external->hello.name, external->hello.version);
    return NULL;
}

/* What was written and not sent is of no interest to the next one. */
static void give_child(struct external *external, struct child *child)
{
    bool is_kept = child->unanswered == 0 || child->sent_bytes == 0;
    if (is_kept) {
        child->out.size_bytes = child->sent_bytes = 0;
        child->unanswered = 0;
    }
    pthread_mutex_lock(&external->mutex);
    is_kept = is_kept && external->idle_count < external->idle_max;
    if (is_kept)
        external->idle[external->idle_count++] = child;
    pthread_mutex_unlock(&external->mutex);
    if (!is_kept)
        child_stop(child, true);
}

/* The functions of the contract */

static void process_begin(void *block, const void *settings)
{
    struct external_process *process = block;
    /* The contract hands the settings over as constant; the pool behind them has its own lock. */
    struct external *external = *(struct external *const *)settings;
    *process = (struct external_process){.external = external};
    struct error error = {0};
    process->child = take_child(external, &error);
    if (process->child == NULL) {
        complain(process, "%s", error.message);
        return;
    }
    if (external->config.is_pinned) {
        pthread_mutex_lock(&external->mutex);
        pin_begin(&process->pin, &external->board, process->child->spawned.pid);
        pthread_mutex_unlock(&external->mutex);
    }
    message_write_op(child_room(process->child, MESSAGE_SMALL_MAX_BYTES), MESSAGE_RESET, 0);
    process->child->unanswered++;
}

static struct external *pool_of(const struct external_process *process)
{
    union {
        const struct external *constant;
        struct external *plain;
    } external = {process->external};
    return external.plain;
}

static void process_end(void *block)
{
    struct external_process *process = block;
    struct external *external = pool_of(process);
    pthread_mutex_lock(&external->mutex);
    pin_end(&process->pin, &external->board);
    pthread_mutex_unlock(&external->mutex);
    if (process->child != NULL)
        give_child(external, process->child);
    process->child = NULL;
}

static const char *complaint(const void *block)
{
    const struct external_process *process = block;
    return process->complaint[0] != '\0' ? process->complaint : NULL;
}

static size_t state_size_bytes(const struct rce_plan *plan)
{
    (void)plan;
    return sizeof(struct external_workflow);
}

/* Begins and ends wait for the next step, but not in any number. */
static void settle(struct external_process *process)
{
    struct error error = {0};
    process->child->unanswered++;
    process->child->saved_id = 0;
    if (process->child->unanswered > UNANSWERED_MAX &&
        !read_oks(process->child, process->external->config.step_limit_ns, 0, &error))
        complain(process, "%s", error.message);
}

static void bear(void *block, void *process_block, const struct rce_plan *plan)
{
    struct external_workflow *workflow = block;
    struct external_process *process = process_block;
    *workflow = (struct external_workflow){.process = process, .plan = plan};
    if (process->child != NULL)
        workflow->id = process->child->next_id++;
}

static void init(void *block, void *process_block, const struct rce_plan *plan,
                 const void *settings)
{
    struct external_process *process = process_block;
    struct external_workflow *workflow = block;
    (void)settings;
    bear(workflow, process, plan);
    if (process->child == NULL)
        return;
    message_write_begin(child_room(process->child, MESSAGE_PLAN_MAX_BYTES), workflow->id, plan);
    settle(process);
}

static void workflow_end(void *block, void *process_block)
{
    struct external_process *process = process_block;
    const struct external_workflow *workflow = block;
    if (process->child == NULL)
        return;
    message_write_op(child_room(process->child, MESSAGE_SMALL_MAX_BYTES), MESSAGE_END,
                     workflow->id);
    settle(process);
}

/* What a workflow's status was before this step. In a state that was loaded only the engine can
 * look: there the step that ends it had it running, and any other one changed nothing. */
static enum rce_status status_before(const struct external_workflow *workflow,
                                     const struct message_result *result)
{
    if (!workflow->is_loaded)
        return workflow->status;
    for (uint32_t i = 0; i < result->actions->count; i++) {
        enum rce_action_kind kind = result->actions->items[i].kind;
        if (kind == RCE_DONE || kind == RCE_FAIL)
            return RCE_RUNNING;
    }
    return result->status;
}

/* Is what came back allowed? The quote is of its line. */
static bool is_allowed(struct external_process *process, struct external_workflow *workflow,
                       const struct rce_input *input, const struct message_result *result)
{
    struct rce_breach breach =
        rce_contract_check(&(struct rce_step_seen){.plan = workflow->plan,
                                                   .input = input,
                                                   .status_before = status_before(workflow, result),
                                                   .status = result->status,
                                                   .actions = result->actions});
    workflow->status = result->status;
    workflow->is_loaded = false;
    if (breach.kind == RCE_BREACH_NONE)
        return true;
    char which[32] = "";
    if (breach.action < result->actions->count)
        snprintf(which, sizeof which, "action %u: ", breach.action + 1);
    char quote[QUOTE_SIZE_BYTES];
    const struct child *child = process->child;
    complain(process, "line %llu of its output: %sthe engine %s: %s",
             (unsigned long long)child->lines_count, which, rce_breach_text(breach.kind),
             message_quote(quote, sizeof quote, child->line.text, child->line.size_bytes));
    return false;
}

static enum rce_status step(void *block, void *process_block, const struct rce_input *input,
                            struct rce_actions *out)
{
    struct external_workflow *workflow = block;
    struct external_process *process = process_block;
    struct error error;
    out->count = 0;
    if (process->child == NULL)
        return RCE_BROKEN;
    struct child *child = process->child;
    if (!message_write_step(child_room(child, MESSAGE_INPUT_MAX_BYTES), workflow->id, input)) {
        complain(process, "the protocol has no words for an input that rce.h does not list");
        return RCE_BROKEN;
    }
    child->unanswered++;
    process->child->saved_id = 0;
    struct message_result result = {.actions = out};
    struct message_reply reply;
    reply.results = &result;
    reply.results_room = 1;
    if (!ask(child, process->external->config.step_limit_ns, MESSAGE_ACTIONS, &reply, &error)) {
        complain(process, "%s", error.message);
        return RCE_BROKEN;
    }
    if (result.id != workflow->id) {
        complain(process, "line %llu of its output: it speaks of workflow %u where %u was meant",
                 (unsigned long long)child->lines_count, result.id, workflow->id);
        return RCE_BROKEN;
    }
    return is_allowed(process, workflow, input, &result) ? result.status : RCE_BROKEN;
}

static bool take_results(struct external_process *process, struct external_step *steps,
                         const struct message_result *results, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct external_workflow *workflow = steps[i].workflow;
        if (results[i].id != workflow->id) {
            complain(process,
                     "line %llu of its output: result %u is of workflow %u where %u was meant",
                     (unsigned long long)process->child->lines_count, i + 1, results[i].id,
                     workflow->id);
            return false;
        }
        if (!is_allowed(process, workflow, &steps[i].input, &results[i]))
            return false;
        steps[i].status = results[i].status;
    }
    return true;
}

bool external_step_batch(void *process_block, struct external_step *steps, uint32_t count)
{
    struct external_process *process = process_block;
    struct message_step told[EXTERNAL_BATCH_MAX];
    struct message_result results[EXTERNAL_BATCH_MAX];
    _Static_assert((int)EXTERNAL_BATCH_MAX <= (int)MESSAGE_BATCH_MAX, "a batch is one line");
    CHECK(count >= 1 && count <= EXTERNAL_BATCH_MAX);
    if (process->child == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct external_workflow *workflow = steps[i].workflow;
        told[i] = (struct message_step){.id = workflow->id, .input = steps[i].input};
        results[i] = (struct message_result){.actions = steps[i].actions};
    }
    struct message_text *out =
        child_room(process->child, (count + (size_t)1) * MESSAGE_INPUT_MAX_BYTES);
    if (!message_write_steps(out, told, count)) {
        complain(process, "the protocol has no words for an input that rce.h does not list");
        return false;
    }
    process->child->unanswered++;
    process->child->saved_id = 0;
    struct message_reply reply;
    reply.results = results;
    reply.results_room = count;
    struct error error;
    if (!ask(process->child, process->external->config.step_limit_ns, MESSAGE_RESULTS, &reply,
             &error)) {
        complain(process, "%s", error.message);
        return false;
    }
    if (reply.results_count != count) {
        complain(process, "line %llu of its output: %u results for %u steps",
                 (unsigned long long)process->child->lines_count, reply.results_count, count);
        return false;
    }
    return take_results(process, steps, results, count);
}

/* Fetch a state into the process's room for it. */
static bool fetch_state(struct external_process *process, uint32_t id)
{
    struct message_reply reply = {.results_room = 0};
    struct error error = {0};
    if (process->child->state == NULL)
        process->child->state = arena_take(process->child->arena, STATE_MAX_BYTES);
    message_write_op(child_room(process->child, MESSAGE_SMALL_MAX_BYTES), MESSAGE_SAVE, id);
    process->child->unanswered++;
    if (!ask(process->child, process->external->config.step_limit_ns, MESSAGE_STATE, &reply,
             &error)) {
        complain(process, "%s", error.message);
        return false;
    }
    if (!message_base64_read(reply.state, process->child->state, STATE_MAX_BYTES,
                             &process->child->state_size_bytes) ||
        process->child->state_size_bytes == 0) {
        complain(process,
                 "line %llu of its output: the state is not base64, empty, or longer than %d bytes",
                 (unsigned long long)process->child->lines_count, STATE_MAX_BYTES);
        return false;
    }
    process->child->saved_id = id;
    return true;
}

/* Asked for its size first and for the bytes then, it is fetched once. */
static size_t save(const void *block, void *bytes, size_t size_bytes)
{
    const struct external_workflow *workflow = block;
    struct external_process *process = workflow->process;
    if (process->child == NULL ||
        (process->child->saved_id != workflow->id && !fetch_state(process, workflow->id)))
        return 0;
    if (size_bytes >= process->child->state_size_bytes)
        memcpy(bytes, process->child->state, process->child->state_size_bytes);
    return process->child->state_size_bytes;
}

static bool load(void *block, void *process_block, const struct rce_plan *plan,
                 const void *settings, const void *bytes, size_t size_bytes)
{
    struct external_process *process = process_block;
    struct external_workflow workflow;
    struct message_reply reply = {.results_room = 0};
    struct error error = {0};
    (void)settings;
    if (process->child == NULL)
        return false;
    if (size_bytes > STATE_MAX_BYTES)
        return false;
    bear(&workflow, process, plan);
    message_write_load(
        child_room(process->child, MESSAGE_PLAN_MAX_BYTES + message_base64_size(size_bytes)),
        workflow.id, plan, bytes, size_bytes);
    process->child->unanswered++;
    process->child->saved_id = 0;
    int64_t limit_ns = process->external->config.step_limit_ns;
    if (!read_oks(process->child, limit_ns, 1, &error) ||
        !read_answer(process->child, limit_ns, &reply, &error)) {
        complain(process, "%s", error.message);
        return false;
    }
    if (reply.answer == MESSAGE_ERROR && reply.code == MESSAGE_ERROR_STATE)
        return false;
    if (reply.answer != MESSAGE_OK) {
        refuse(process->child, &reply, &error);
        complain(process, "%s", error.message);
        return false;
    }
    workflow.is_loaded = true;
    *(struct external_workflow *)block = workflow;
    return true;
}

static uint64_t digest(const void *block)
{
    const struct external_workflow *workflow = block;
    struct external_process *process = workflow->process;
    struct message_reply reply = {.results_room = 0};
    struct error error = {0};
    if (process->child == NULL)
        return 0;
    message_write_op(child_room(process->child, MESSAGE_SMALL_MAX_BYTES), MESSAGE_DIGEST,
                     workflow->id);
    process->child->unanswered++;
    if (ask(process->child, process->external->config.step_limit_ns, MESSAGE_DIGESTED, &reply,
            &error))
        return reply.digest;
    complain(process, "%s", error.message);
    return 0;
}

/* Opening */

static uint64_t join(uint64_t hash, uint64_t part)
{
    const uint64_t both[] = {hash, part};
    return text_hash(both, sizeof both);
}

/* Of a word that names a file, also what is in it. */
static uint64_t digest_word(struct arena *arena, const struct engine_spec *spec, const char *word)
{
    uint64_t hash = text_hash(word, strlen(word));
    const char *path = engine_path(arena, spec, word);
    struct stat status;
    FILE *file = stat(path, &status) == 0 && S_ISREG(status.st_mode) ? fopen(path, "rb") : NULL;
    if (file == NULL)
        return hash;
    char bytes[1 << 16];
    for (size_t size; (size = fread(bytes, 1, sizeof bytes, file)) > 0;)
        hash = join(hash, text_hash(bytes, size));
    fclose(file);
    return hash;
}

static void make_table(struct external *external, struct arena *arena)
{
    const struct message_hello *hello = &external->hello;
    external->table = (struct rce_engine){
        .abi = RCE_ABI,
        .size_bytes = sizeof external->table,
        .capabilities = hello->capabilities,
        .state_version = hello->state_version,
        .state_version_oldest = hello->state_version_oldest,
        .name = arena_copy_text(arena, hello->name),
        .version = arena_copy_text(arena, hello->version),
        .settings_size_bytes = sizeof external,
        .process_size_bytes = sizeof(struct external_process),
        .process_begin = process_begin,
        .process_end = process_end,
        .complaint = complaint,
        .state_size_bytes = state_size_bytes,
        .init = init,
        .step = step,
        .save = hello->capabilities & RCE_CAN_SAVE ? save : NULL,
        .load = hello->capabilities & RCE_CAN_LOAD ? load : NULL,
        .digest = hello->capabilities & RCE_CAN_DIGEST ? digest : NULL,
        .workflow_end = workflow_end,
    };
}

static void close_external(struct engine *engine)
{
    struct external *external = engine->own;
    for (uint32_t i = 0; i < external->idle_count; i++)
        child_stop(external->idle[i], true);
    spawner_destroy(external->spawner);
    pthread_mutex_destroy(&external->mutex);
}

/* "python3 engine.py" */
static const char *join_words(struct arena *arena, const struct engine_spec *spec)
{
    const char *text = spec->words[0];
    for (size_t i = 1; i < spec->word_count; i++)
        text = arena_print(arena, "%s %s", text, spec->words[i]);
    return text;
}

/* A name in front of what it says before and after it has told its own. */
static const char *short_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool start_first(struct external *external, struct arena *arena, struct error *error)
{
    external->spawner = spawner_create(arena, &external->config.command, error);
    if (external->spawner == NULL)
        return false;
    struct child *child = start(external, &external->hello, error);
    if (child == NULL) {
        spawner_destroy(external->spawner);
        return false;
    }
    external->idle[external->idle_count++] = child;
    return true;
}

bool external_open(struct engine *engine, struct arena *arena, const struct engine_spec *spec,
                   const struct rce_options *options, struct error *error)
{
    struct external *external = arena_take(arena, sizeof *external);
    const char **words = arena_take_array(arena, spec->word_count + 1, sizeof *words);
    const char *command = join_words(arena, spec);
    for (size_t i = 0; i < spec->word_count; i++)
        words[i] = arena_copy_text(arena, spec->words[i]);
    external->config.command = (struct spawn_command){
        .words = words,
        .directory = spec->directory != NULL ? arena_copy_text(arena, spec->directory) : NULL};
    external->label = arena_print(arena, "engine %s", short_name(words[0]));
    external->interrupted = spec->interrupted;
    external->idle_max = spec->idle_max > 0 && spec->idle_max < EXTERNAL_IDLE_MAX
                             ? spec->idle_max
                             : EXTERNAL_IDLE_MAX;
    pthread_mutex_init(&external->mutex, NULL);
    if (!external_config_read(&external->config, arena, spec->config, options, error) ||
        !start_first(external, arena, error)) {
        pthread_mutex_destroy(&external->mutex);
        /* What is wrong with the engine is wrong with the scenario that asks for it. */
        if (error != NULL && error->code == ERROR_INTERNAL)
            error->code = ERROR_SCENARIO;
        return error_context(error, "the engine \"%s\"", command);
    }
    make_table(external, arena);
    struct external **settings = arena_take(arena, sizeof(struct external *));
    *settings = external;
    engine->table = &external->table;
    engine->settings = settings;
    engine->label = arena_print(arena, "%s %s (command %s)", external->table.name,
                                external->table.version, command);
    for (size_t i = 0; i < spec->word_count; i++)
        engine->digest = join(engine->digest, digest_word(arena, spec, words[i]));
    engine->digest =
        join(engine->digest, text_hash(external->config.init, strlen(external->config.init)));
    engine->close = close_external;
    engine->own = external;
    return true;
}
