#include "models/engines/transcript.h"

#include <string.h>

enum {
    LINE_BYTES = MESSAGE_LINE_MAX_BYTES + 2,
    STATE_BYTES = MESSAGE_LINE_MAX_BYTES,
};

struct transcript_writer {
    FILE *file;
    uint64_t size_bytes;
    char line[LINE_BYTES];
};

struct transcript_reader {
    FILE *file;
    const char *name;
    uint64_t lines_count;
    bool has_line; /* `line` was read ahead and not taken */
    size_t line_size_bytes;
    char line[LINE_BYTES];
    char config[LINE_BYTES];
    uint8_t state[STATE_BYTES];
    struct message_request request;
    struct message_reply reply;
    struct message_result results[MESSAGE_BATCH_MAX];
    struct rce_actions actions[MESSAGE_BATCH_MAX];
    uint64_t request_line, reply_line;
    uint32_t steps_next; /* the first step of the request that was not handed out */
    bool are_answered;
    struct transcript_entry entry;
};

/* Writing */

struct transcript_writer *transcript_write(struct arena *arena, FILE *file)
{
    struct transcript_writer *writer = arena_take(arena, sizeof *writer);
    writer->file = file;
    return writer;
}

static struct message_text begin_text(struct transcript_writer *writer)
{
    return (struct message_text){.bytes = writer->line, .room_bytes = sizeof writer->line};
}

static void end_text(struct transcript_writer *writer, const struct message_text *text)
{
    fwrite(text->bytes, 1, text->size_bytes, writer->file);
    writer->size_bytes += text->size_bytes;
}

uint64_t transcript_size_bytes(const struct transcript_writer *writer)
{
    return writer->size_bytes;
}

bool transcript_put_start(struct transcript_writer *writer, const struct rce_engine *engine,
                          const struct rce_options *options, const char *config)
{
    struct message_text text = begin_text(writer);
    if (strlen(config) > MESSAGE_LINE_MAX_BYTES - 2 * MESSAGE_INIT_MAX_BYTES)
        return false;
    struct message_hello hello = {.protocol = MESSAGE_PROTOCOL,
                                  .capabilities = engine->capabilities,
                                  .state_version = engine->state_version,
                                  .state_version_oldest = engine->state_version_oldest};
    /* Five bytes less, because that is what a reader has room for: see message_unescape. */
    message_quote(hello.name, sizeof hello.name - 4, engine->name, strlen(engine->name));
    message_quote(hello.version, sizeof hello.version - 4, engine->version,
                  strlen(engine->version));
    message_write_init(&text, options, config);
    message_write_hello(&text, &hello);
    end_text(writer, &text);
    return true;
}

void transcript_put_begin(struct transcript_writer *writer, uint32_t id,
                          const struct rce_plan *plan)
{
    struct message_text text = begin_text(writer);
    message_write_begin(&text, id, plan);
    end_text(writer, &text);
}

bool transcript_put_load(struct transcript_writer *writer, uint32_t id, const struct rce_plan *plan,
                         const void *state, size_t size_bytes)
{
    struct message_text text = begin_text(writer);
    if (message_base64_size(size_bytes) > MESSAGE_LINE_MAX_BYTES - MESSAGE_PLAN_MAX_BYTES)
        return false;
    message_write_load(&text, id, plan, state, size_bytes);
    end_text(writer, &text);
    return true;
}

void transcript_put_end(struct transcript_writer *writer, uint32_t id)
{
    struct message_text text = begin_text(writer);
    message_write_op(&text, MESSAGE_END, id);
    end_text(writer, &text);
}

void transcript_put_reset(struct transcript_writer *writer)
{
    struct message_text text = begin_text(writer);
    message_write_op(&text, MESSAGE_RESET, 0);
    end_text(writer, &text);
}

bool transcript_put_step(struct transcript_writer *writer, uint32_t id,
                         const struct rce_input *input, enum rce_status status,
                         const struct rce_actions *actions)
{
    struct message_text text = begin_text(writer);
    /* The actions are only read; the result that points to them serves both directions. */
    union {
        const struct rce_actions *constant;
        struct rce_actions *plain;
    } said = {actions};
    struct message_result result = {id, status, said.plain};
    if (!message_write_step(&text, id, input) || !message_write_actions(&text, &result))
        return false;
    end_text(writer, &text);
    return true;
}

/* Reading */

struct transcript_reader *transcript_read(struct arena *arena, FILE *file, const char *name)
{
    struct transcript_reader *reader = arena_take(arena, sizeof *reader);
    reader->file = file;
    reader->name = arena_copy_text(arena, name);
    return reader;
}

static bool wrong(const struct transcript_reader *reader, size_t at, const char *text,
                  struct error *error)
{
    char quote[120];
    return error_set(error, ERROR_SCENARIO, "%s:%llu:%zu: %s: %s", reader->name,
                     (unsigned long long)reader->lines_count, at + 1, text,
                     message_quote(quote, sizeof quote, reader->line, reader->line_size_bytes));
}

/* Read the next line that is not empty, without its newline, unless it was read ahead. False at the
 * end of the file, and if it cannot be read or is too long; then `error` is set. */
static bool look_ahead(struct transcript_reader *reader, bool *has_failed, struct error *error)
{
    *has_failed = false;
    while (!reader->has_line) {
        size_t size_bytes = 0;
        int c = 0;
        while (size_bytes < sizeof reader->line && (c = getc(reader->file)) != EOF && c != '\n')
            reader->line[size_bytes++] = (char)c;
        if (ferror(reader->file)) {
            *has_failed = true;
            return error_set(error, ERROR_IO, "%s: cannot be read", reader->name);
        }
        if (size_bytes == 0 && c == EOF)
            return false;
        reader->lines_count++;
        reader->line_size_bytes = size_bytes;
        if (size_bytes > MESSAGE_LINE_MAX_BYTES) {
            *has_failed = true;
            return wrong(reader, MESSAGE_LINE_MAX_BYTES, "a line that is too long", error);
        }
        reader->has_line = size_bytes > 0 && !(size_bytes == 1 && reader->line[0] == '\r');
    }
    return true;
}

/* A line of the driver says "op", which no line of an engine does. A config or a name could hold
 * those four characters, so what decides is whether it can be read. */
static bool read_request(struct transcript_reader *reader, struct message_problem *problem)
{
    return message_read_request(reader->line, reader->line_size_bytes, &reader->request, problem);
}

static bool read_reply(struct transcript_reader *reader, struct message_problem *problem)
{
    for (uint32_t i = 0; i < MESSAGE_BATCH_MAX; i++)
        reader->results[i].actions = &reader->actions[i];
    reader->reply.results = reader->results;
    reader->reply.results_room = MESSAGE_BATCH_MAX;
    return message_read_reply(reader->line, reader->line_size_bytes, &reader->reply, problem);
}

static struct transcript_entry *new_entry(struct transcript_reader *reader,
                                          enum transcript_kind kind, uint32_t id)
{
    reader->entry = (struct transcript_entry){.kind = kind, .line = reader->lines_count, .id = id};
    return &reader->entry;
}

/* Of which workflows the answer speaks has to be what was asked. */
static bool is_answer_to(const struct message_request *request, const struct message_reply *reply)
{
    bool is_of_its_kind =
        reply->answer == (request->is_batch ? MESSAGE_RESULTS : MESSAGE_ACTIONS) &&
        reply->results_count == request->steps_count;
    for (uint32_t i = 0; is_of_its_kind && i < request->steps_count; i++)
        is_of_its_kind = reply->results[i].id == request->steps[i].id;
    return is_of_its_kind;
}

/* The line after a step is its answer, if it is one at all. */
static bool take_answer(struct transcript_reader *reader, struct error *error)
{
    struct message_problem problem;
    bool has_failed;
    reader->request_line = reader->lines_count;
    reader->steps_next = 0;
    reader->are_answered = false;
    if (!look_ahead(reader, &has_failed, error))
        return !has_failed;
    if (!read_reply(reader, &problem))
        return true; /* The next request, or something wrong, as will be seen. */
    reader->has_line = false;
    if (reader->reply.answer == MESSAGE_ERROR)
        return wrong(reader, 0, "the engine reported an error", error);
    if (!is_answer_to(&reader->request, &reader->reply))
        return wrong(reader, 0, "this is not the answer to the step before it", error);
    reader->are_answered = true;
    reader->reply_line = reader->lines_count;
    return true;
}

static const struct transcript_entry *next_step(struct transcript_reader *reader)
{
    uint32_t index = reader->steps_next++;
    const struct message_step *step = &reader->request.steps[index];
    struct transcript_entry *entry = new_entry(reader, TRANSCRIPT_STEP, step->id);
    entry->line = reader->request_line;
    entry->input = &step->input;
    entry->is_answered = reader->are_answered;
    if (reader->are_answered) {
        entry->status = reader->results[index].status;
        entry->actions = reader->results[index].actions;
        entry->answer_line = reader->reply_line;
    }
    return entry;
}

static const struct transcript_entry *take_start(struct transcript_reader *reader)
{
    struct transcript_entry *entry = new_entry(reader, TRANSCRIPT_START, 0);
    struct message_span config = reader->request.config;
    memcpy(reader->config, config.text, config.size_bytes);
    reader->config[config.size_bytes] = '\0';
    entry->config = reader->config;
    entry->options = &reader->request.options;
    return entry;
}

static const struct transcript_entry *take_load(struct transcript_reader *reader,
                                                struct error *error)
{
    struct transcript_entry *entry = new_entry(reader, TRANSCRIPT_LOAD, reader->request.id);
    if (!message_base64_read(reader->request.state, reader->state, sizeof reader->state,
                             &entry->state_size_bytes)) {
        wrong(reader, (size_t)(reader->request.state.text - reader->line), "this is no base64",
              error);
        return NULL;
    }
    entry->plan = &reader->request.plan;
    entry->state = reader->state;
    return entry;
}

/* An entry of a request that was just read; `*is_none` if it makes none. NULL and not that: an
 * error. */
static const struct transcript_entry *take_request(struct transcript_reader *reader, bool *is_none,
                                                   struct error *error)
{
    struct transcript_entry *entry;
    *is_none = false;
    switch (reader->request.op) {
    case MESSAGE_INIT: return take_start(reader);
    case MESSAGE_BEGIN:
        entry = new_entry(reader, TRANSCRIPT_BEGIN, reader->request.id);
        entry->plan = &reader->request.plan;
        return entry;
    case MESSAGE_STEP: return take_answer(reader, error) ? next_step(reader) : NULL;
    case MESSAGE_END: return new_entry(reader, TRANSCRIPT_END, reader->request.id);
    case MESSAGE_RESET: return new_entry(reader, TRANSCRIPT_RESET, 0);
    case MESSAGE_LOAD: return take_load(reader, error);
    case MESSAGE_SAVE:
    case MESSAGE_DIGEST: break;
    }
    *is_none = true;
    return NULL;
}

/* A line that is no request: of an engine then, or wrong. It counts as wrong in the way that the
 * side is which it resembles. */
static const struct transcript_entry *take_reply(struct transcript_reader *reader, bool *is_none,
                                                 const struct message_problem *as_request,
                                                 struct error *error)
{
    struct message_problem problem;
    *is_none = false;
    if (!read_reply(reader, &problem)) {
        const struct message_problem *which = as_request->at > problem.at ? as_request : &problem;
        wrong(reader, which->at, which->text, error);
        return NULL;
    }
    switch (reader->reply.answer) {
    case MESSAGE_HELLO: {
        struct transcript_entry *entry = new_entry(reader, TRANSCRIPT_HELLO, 0);
        entry->hello = &reader->reply.hello;
        return entry;
    }
    case MESSAGE_OK:
    case MESSAGE_STATE:
    case MESSAGE_DIGESTED: *is_none = true; return NULL;
    case MESSAGE_ACTIONS:
    case MESSAGE_RESULTS:
        wrong(reader, 0, "actions without the step that they belong to", error);
        return NULL;
    case MESSAGE_ERROR: wrong(reader, 0, "the engine reported an error", error); return NULL;
    }
    return NULL;
}

bool transcript_next(struct transcript_reader *reader, const struct transcript_entry **entry,
                     struct error *error)
{
    struct message_problem problem;
    bool is_none = true, has_failed;
    if (reader->steps_next < reader->request.steps_count) {
        *entry = next_step(reader);
        return true;
    }
    const struct transcript_entry *found = NULL;
    while (is_none) {
        if (!look_ahead(reader, &has_failed, error)) {
            if (!has_failed)
                *entry = NULL;
            return !has_failed;
        }
        reader->has_line = false;
        bool is_request = read_request(reader, &problem);
        reader->steps_next = reader->request.steps_count; /* None is left. */
        found = is_request ? take_request(reader, &is_none, error)
                           : take_reply(reader, &is_none, &problem, error);
        if (found == NULL && !is_none)
            return false;
    }
    *entry = found;
    return true;
}
