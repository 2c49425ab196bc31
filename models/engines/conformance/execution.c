#include "models/engines/conformance/execution.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/rce/contract.h"

enum { GUARD_BYTES = 64, STACK_BYTES = 16384, RECORD_FIRST_BYTES = 4096 };

/* Signatures of problems that are no breach of contract.h. */
enum {
    SIGNATURE_BROKEN = 100,
    SIGNATURE_GUARD,
    SIGNATURE_REQUEST,
    SIGNATURE_SAVE,
    SIGNATURE_REFUSED,
    SIGNATURE_TOUCHED,
};

const struct layout layout_plain = {.fill = 0};
const struct layout layout_other = {.fill = 0xa5, .shift_bytes = 4112, .is_stirred = true};

bool problem_set(struct conformance_problem *problem, enum conformance_property property,
                 int signature, const char *format, ...)
{
    if (problem->is_set)
        return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    problem->is_set = true;
    problem->property = property;
    problem->signature = signature;
    return false;
}

bool execution_can_resume(const struct conformance_subject *subject)
{
    uint32_t both = RCE_CAN_SAVE | RCE_CAN_LOAD;
    return (subject->engine->table->capabilities & both) == both;
}

bool execution_is_inside(const struct conformance_subject *subject)
{
    return subject->engine->kind != ENGINE_COMMAND;
}

void *execution_process_begin(const struct conformance_subject *subject, struct arena *arena)
{
    const struct rce_engine *table = subject->engine->table;
    void *process = arena_take(arena, table->process_size_bytes + 1);
    if (table->process_begin != NULL)
        table->process_begin(process, subject->engine->settings);
    return process;
}

void execution_process_end(const struct conformance_subject *subject, void *process)
{
    if (subject->engine->table->process_end != NULL)
        subject->engine->table->process_end(process);
}

/* A block of the layout, zeroed for a fresh workflow and full of rubbish for one that is loaded. */
static uint8_t *take_room(struct execution *execution, bool is_zeroed)
{
    const struct layout *layout = execution->layout;
    size_t size_bytes = layout->shift_bytes + 2 * GUARD_BYTES + execution->block_bytes;
    uint8_t *room = arena_take(execution->arena, size_bytes);
    memset(room, layout->fill, size_bytes);
    if (is_zeroed)
        memset(room + layout->shift_bytes + GUARD_BYTES, 0, execution->block_bytes);
    return room;
}

static uint8_t *block_of(const struct execution *execution, uint8_t *room)
{
    return room + execution->layout->shift_bytes + GUARD_BYTES;
}

static bool is_guard_whole(const struct execution *execution)
{
    const uint8_t *before = execution->block - GUARD_BYTES;
    const uint8_t *after = execution->block + execution->block_bytes;
    for (int i = 0; i < GUARD_BYTES; i++)
        if (before[i] != execution->layout->fill || after[i] != execution->layout->fill)
            return false;
    return true;
}

struct execution *execution_begin(const struct execution_terms *terms, struct arena *arena)
{
    const struct rce_engine *table = terms->subject->engine->table;
    struct execution *execution = arena_take(arena, sizeof *execution);
    execution->subject = terms->subject;
    execution->plan = terms->plan;
    execution->layout = terms->layout;
    execution->arena = arena;
    execution->problem = terms->problem;
    execution->fed = terms->fed;
    execution->blame = terms->blame;
    execution->keeps_records = execution_can_resume(terms->subject);
    if (terms->fed != NULL) {
        terms->fed->count = 0;
        terms->fed->blame = terms->blame;
    }
    books_open(&execution->books, terms->plan);
#ifdef M_PERTURB
    mallopt(M_PERTURB, terms->layout->fill);
#endif
    execution->owns_process = terms->process == NULL;
    execution->process =
        execution->owns_process ? execution_process_begin(terms->subject, arena) : terms->process;
    execution->block_bytes = table->state_size_bytes(terms->plan);
    execution->room = take_room(execution, true);
    execution->block = block_of(execution, execution->room);
    table->init(execution->block, execution->process, terms->plan,
                terms->subject->engine->settings);
    execution->has_workflow = true;
    return execution;
}

static void end_workflow(const struct execution *execution)
{
    const struct rce_engine *table = execution->subject->engine->table;
    if (table->workflow_end != NULL && execution->has_workflow)
        table->workflow_end(execution->block, execution->process);
}

void execution_end(struct execution *execution)
{
    end_workflow(execution);
    if (execution->owns_process)
        execution_process_end(execution->subject, execution->process);
}

static const char *complaint(const struct execution *execution)
{
    const struct rce_engine *table = execution->subject->engine->table;
    const char *text = table->complaint != NULL ? table->complaint(execution->process) : NULL;
    return text;
}

/* Whose fault is a breach? */
static enum conformance_property property_of(enum rce_breach_kind kind)
{
    switch (kind) {
    case RCE_BREACH_NONE:
    case RCE_BREACH_COUNT:
    case RCE_BREACH_KIND:
    case RCE_BREACH_OPERATION:
    case RCE_BREACH_TARGET:
    case RCE_BREACH_REQUEST:
    case RCE_BREACH_ATTEMPT:
    case RCE_BREACH_TIMER:
    case RCE_BREACH_NOTE:
    case RCE_BREACH_REASON:
    case RCE_BREACH_STATUS: return CONFORMANCE_ALLOWED;
    case RCE_BREACH_TIME: return CONFORMANCE_TIME;
    case RCE_BREACH_PERSIST: return CONFORMANCE_PERSIST;
    case RCE_BREACH_AFTER_END:
    case RCE_BREACH_STATUS_RUNNING:
    case RCE_BREACH_STATUS_ENDED: return CONFORMANCE_END;
    }
    return CONFORMANCE_ALLOWED;
}

/* The driver of an external engine looks at its actions before we do, and says what contract.h
 * says. */
static bool broken(struct execution *execution, const char *when)
{
    char text[600];
    const char *why = complaint(execution);
    if (why == NULL)
        return problem_set(execution->problem, execution->blame, SIGNATURE_BROKEN,
                           "it says that it is broken (RCE_BROKEN)%s, and not why", when);
    message_quote(text, sizeof text, why, strlen(why));
    for (int kind = RCE_BREACH_COUNT; kind < RCE_BREACH_KIND_COUNT; kind++)
        if (strstr(why, rce_breach_text((enum rce_breach_kind)kind)) != NULL)
            return execution->is_betrayed
                       ? false
                       : problem_set(execution->problem, property_of((enum rce_breach_kind)kind),
                                     kind, "%s", text);
    return problem_set(execution->problem, execution->blame, SIGNATURE_BROKEN, "it is broken%s: %s",
                       when, text);
}

bool execution_save(struct execution *execution)
{
    const struct rce_engine *table = execution->subject->engine->table;
    size_t size_bytes = table->save(execution->block, NULL, 0);
    if (size_bytes == 0 && complaint(execution) != NULL)
        return broken(execution, " when it should save");
    if (size_bytes == 0 || size_bytes > RCE_STATE_SIZE_MAX_BYTES)
        return problem_set(execution->problem, CONFORMANCE_SAVE, SIGNATURE_SAVE,
                           "save says that the state has %zu bytes (allowed: 1 to %zu)", size_bytes,
                           RCE_STATE_SIZE_MAX_BYTES);
    if (size_bytes + GUARD_BYTES > execution->saved_room_bytes) {
        execution->saved_room_bytes = 2 * size_bytes + RECORD_FIRST_BYTES;
        execution->saved = arena_take(execution->arena, execution->saved_room_bytes);
    }
    memset(execution->saved, execution->layout->fill, size_bytes + GUARD_BYTES);
    size_t written_bytes = table->save(execution->block, execution->saved, size_bytes);
    bool is_whole = written_bytes == size_bytes;
    for (int i = 0; i < GUARD_BYTES; i++)
        is_whole = is_whole && execution->saved[size_bytes + i] == execution->layout->fill;
    execution->saved_bytes = size_bytes;
    return is_whole ? true
                    : problem_set(execution->problem, CONFORMANCE_SAVE, SIGNATURE_SAVE,
                                  "save said %zu bytes, and wrote others when it had room for them",
                                  size_bytes);
}

/* A new block from bytes that the engine has saved itself. */
static bool load(struct execution *execution, const uint8_t *bytes, size_t size_bytes)
{
    const struct rce_engine *table = execution->subject->engine->table;
    execution->room = take_room(execution, false);
    execution->block = block_of(execution, execution->room);
    execution->has_workflow = table->load(execution->block, execution->process, execution->plan,
                                          execution->subject->engine->settings, bytes, size_bytes);
    if (!execution->has_workflow)
        return complaint(execution) != NULL
                   ? broken(execution, " when it should load")
                   : problem_set(execution->problem, CONFORMANCE_SAVE, SIGNATURE_REFUSED,
                                 "load refuses the %zu bytes that save has written", size_bytes);
    return is_guard_whole(execution)
               ? true
               : problem_set(execution->problem, CONFORMANCE_SAVE, SIGNATURE_GUARD,
                             "load writes outside of the block that state_size_bytes asked for");
}

bool execution_exchange(struct execution *execution)
{
    if (!execution_save(execution))
        return false;
    end_workflow(execution);
    return load(execution, execution->saved, execution->saved_bytes);
}

static bool crash(struct execution *execution)
{
    if (execution->owns_process) {
        execution_process_end(execution->subject, execution->process);
        execution->process = execution_process_begin(execution->subject, execution->arena);
    }
    execution->books.status = execution->record_status;
    return load(execution, execution->record, execution->record_bytes);
}

static bool keep_record(struct execution *execution)
{
    if (!execution_save(execution))
        return false;
    if (execution->saved_bytes > execution->record_room_bytes) {
        execution->record_room_bytes = execution->saved_room_bytes;
        execution->record = arena_take(execution->arena, execution->record_room_bytes);
    }
    memcpy(execution->record, execution->saved, execution->saved_bytes);
    execution->record_bytes = execution->saved_bytes;
    execution->record_status = execution->books.status;
    return true;
}

/* What an engine finds if it looks at what it did not write: on the stack, and in memory that
 * somebody else has given back. */
__attribute__((noinline)) static void stir(uint8_t fill)
{
    enum { SIZE_STEP = 16, SIZES_MAX = 1024 };
    for (size_t size_bytes = SIZE_STEP; size_bytes <= SIZES_MAX; size_bytes += SIZE_STEP) {
        void *bytes = malloc(size_bytes);
        if (bytes != NULL)
            memset(bytes, fill, size_bytes);
        /* Else a compiler may leave out what nobody reads. */
        __asm__ volatile("" : : "r"(bytes) : "memory");
        free(bytes);
    }
    volatile uint8_t rubbish[STACK_BYTES];
    for (size_t i = 0; i < sizeof rubbish; i++)
        rubbish[i] = fill;
}

static bool check_step(struct execution *execution, const struct rce_input *input,
                       enum rce_status status)
{
    struct rce_breach breach =
        rce_contract_check(&(struct rce_step_seen){.plan = execution->plan,
                                                   .input = input,
                                                   .status_before = execution->books.status,
                                                   .status = status,
                                                   .actions = &execution->out});
    char which[32] = "";
    if (breach.action < RCE_ACTIONS_MAX)
        snprintf(which, sizeof which, " (action %u)", breach.action + 1);
    if (breach.kind != RCE_BREACH_NONE)
        return problem_set(execution->problem, property_of(breach.kind), (int)breach.kind,
                           "it %s%s", rce_breach_text(breach.kind), which);
    struct message_text text = {.bytes = execution->line, .room_bytes = sizeof execution->line};
    struct message_result result = {.id = 1, .status = status, .actions = &execution->out};
    if (!message_write_actions(&text, &result))
        return problem_set(execution->problem, CONFORMANCE_ALLOWED, RCE_BREACH_KIND,
                           "it returned a value that no enum of rce.h lists");
    execution->line_bytes = text.size_bytes;
    bool was_crashed = execution->books.has_crashed;
    const char *wrong = books_note_actions(&execution->books, &execution->out, status);
    if (wrong == NULL)
        return true;
    return was_crashed ? problem_set(execution->problem, CONFORMANCE_PERSIST, SIGNATURE_REQUEST,
                                     "after a crash %s: what was persisted did not have it", wrong)
                       : problem_set(execution->problem, CONFORMANCE_ALLOWED, SIGNATURE_REQUEST,
                                     "%s", wrong);
}

static bool has_persisted(const struct rce_actions *actions)
{
    for (uint32_t i = 0; i < actions->count; i++)
        if (actions->items[i].kind == RCE_PERSIST)
            return true;
    return false;
}

enum execution_step execution_take(struct execution *execution, const struct rce_input *input)
{
    const struct rce_engine *table = execution->subject->engine->table;
    bool is_resumed = input->kind == RCE_INPUT_RESUMED;
    bool needs_state = is_resumed || input->kind == RCE_INPUT_ENGINE_CHANGED;
    if (!books_allow(&execution->books, input) || execution->books.is_full)
        return EXECUTION_PASSED_OVER;
    if (needs_state && !execution_can_resume(execution->subject))
        return EXECUTION_PASSED_OVER;
    if (!books_is_fitting(&execution->books, input)) {
        if (!execution->may_be_betrayed)
            return EXECUTION_PASSED_OVER;
        execution->is_betrayed = true;
    }
    if (is_resumed && (execution->record_bytes == 0 || !execution->owns_process))
        return EXECUTION_PASSED_OVER;
    if (execution->fed != NULL) {
        /* Rather a list that is cut than inputs that are left out. */
        if (execution->fed->count < CONFORMANCE_INPUTS_MAX) {
            execution->fed->inputs[execution->fed->count] = *input;
            execution->fed->count++;
        }
    }
    if (needs_state && !(is_resumed ? crash(execution) : execution_exchange(execution)))
        return EXECUTION_STOPPED;
    books_note_input(&execution->books, input);
    memset(&execution->out, execution->layout->fill, sizeof execution->out);
    if (execution->layout->is_stirred)
        stir(execution->layout->fill);
    enum rce_status status =
        table->step(execution->block, execution->process, input, &execution->out);
    if (!is_guard_whole(execution)) {
        problem_set(execution->problem, execution->blame, SIGNATURE_GUARD,
                    "it writes outside of the block that state_size_bytes asked for");
        return EXECUTION_STOPPED;
    }
    if (status == RCE_BROKEN) {
        broken(execution, "");
        return EXECUTION_STOPPED;
    }
    if (execution->is_betrayed)
        return EXECUTION_TAKEN;
    if (!check_step(execution, input, status))
        return EXECUTION_STOPPED;
    if (execution->keeps_records && has_persisted(&execution->out) && !keep_record(execution))
        return EXECUTION_STOPPED;
    return EXECUTION_TAKEN;
}
