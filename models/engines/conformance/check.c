#include "models/engines/conformance/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "models/engines/conformance/walk.h"
#include "sim/base/check.h"

enum {
    PLACES_OUTSIDE = 3, /* looked at in an engine that is a process of its own */
    ENUMERATED_PLACES = 24,
    TOGETHER = 3, /* workflows side by side */
    SHOWN_BYTES = 300,
};

#define LAG_NS ((int64_t)433 * 1000000000)

/* What an engine answered to a list. */
struct trace {
    uint32_t count;
    struct trace_answer {
        bool is_taken;
        const char *text; /* ended by 0 */
        uint64_t digest;
    } answers[CONFORMANCE_INPUTS_MAX];
};

struct execution *check_begin(struct check *check, enum conformance_property blame)
{
    return execution_begin(&(struct execution_terms){.subject = check->subject,
                                                     .plan = check->plan,
                                                     .layout = &layout_plain,
                                                     .problem = check->problem,
                                                     .fed = check->fed,
                                                     .blame = blame},
                           check->arena);
}

bool check_feed(struct execution *execution, const struct rce_input *inputs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (execution_take(execution, &inputs[i]) == EXECUTION_STOPPED)
            return false;
    return true;
}

void check_found(struct check *check, enum conformance_property property, int signature,
                 const char *format, ...)
{
    char text[CONFORMANCE_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!check->problem->is_set)
        check->is_replay = false;
    problem_set(check->problem, property, signature, "%s", text);
}

uint32_t check_stride(const struct check *check, uint32_t count, uint32_t places_inside)
{
    uint32_t places = execution_is_inside(check->subject) ? places_inside : PLACES_OUTSIDE;
    return count <= places ? 1 : (count + places - 1) / places;
}

/* Answers are lines with a newline, which nobody wants here. */
static const char *keep_line(struct arena *arena, const struct execution *execution)
{
    char *text = arena_take(arena, execution->line_bytes + 1);
    memcpy(text, execution->line, execution->line_bytes);
    text[execution->line_bytes] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static bool note_answer(struct execution *execution, struct trace *trace, enum execution_step step,
                        bool has_digest)
{
    const struct rce_engine *table = execution->subject->engine->table;
    struct trace_answer *answer = &trace->answers[trace->count++];
    answer->is_taken = step == EXECUTION_TAKEN;
    if (answer->is_taken)
        answer->text = keep_line(execution->arena, execution);
    if (answer->is_taken && has_digest)
        answer->digest = table->digest(execution->block);
    return step != EXECUTION_STOPPED;
}

static struct trace *record_on(struct check *check, struct execution *execution, bool has_digest)
{
    struct trace *trace = arena_take(check->arena, sizeof *trace);
    for (uint32_t i = 0; i < check->count; i++)
        if (!note_answer(execution, trace, execution_take(execution, &check->inputs[i]),
                         has_digest))
            break;
    return trace;
}

/* The answers to the list, to compare with; NULL: there is a problem. */
static struct trace *record(struct check *check, bool has_digest)
{
    struct execution *execution = check_begin(check, CONFORMANCE_TOTAL);
    struct trace *trace = record_on(check, execution, has_digest);
    execution_end(execution);
    return check->problem->is_set ? NULL : trace;
}

static bool has_digest(const struct check *check)
{
    return (check->subject->engine->table->capabilities & RCE_CAN_DIGEST) != 0;
}

static bool is_same_answer(const struct trace_answer *a, const struct trace_answer *b)
{
    return a->is_taken == b->is_taken && (!a->is_taken || strcmp(a->text, b->text) == 0);
}

/* A piece of a line for people: what they read can be broken at blanks. */
static const char *quote(struct arena *arena, const char *line, size_t from)
{
    char text[SHOWN_BYTES];
    message_quote(text, sizeof text, line + from, strlen(line + from));
    char *spaced = arena_take(arena, 2 * sizeof text + 4);
    size_t length = (size_t)snprintf(spaced, 4, "%s", from > 0 ? "..." : "");
    for (const char *at = text; *at != '\0'; at++) {
        spaced[length++] = *at;
        if (*at == ',')
            spaced[length++] = ' ';
    }
    return spaced;
}

/* Cut two answers where they begin to differ, so that the difference is in what is shown. */
static void found_difference(struct check *check, enum conformance_property property,
                             const char *when, const struct trace_answer *a,
                             const struct trace_answer *b)
{
    const char *left = a->text != NULL ? a->text : "nothing, it was passed over";
    const char *right = b->text != NULL ? b->text : "nothing, it was passed over";
    size_t same = 0;
    while (left[same] != '\0' && left[same] == right[same])
        same++;
    size_t from = same > 60 ? same - 60 : 0;
    check_found(check, property, 0, "%s: first %s, then %s", when, quote(check->arena, left, from),
                quote(check->arena, right, from));
}

void check_replay(struct check *check)
{
    struct execution *execution = check_begin(check, CONFORMANCE_TOTAL);
    execution->may_be_betrayed = true;
    check->is_replay = true;
    check_feed(execution, check->inputs, check->count);
    execution_end(execution);
}

/* The list up to `length`, and then entry `which` of the menu there. Returns how many there are. */
static uint32_t try_entry(struct check *check, uint32_t length, uint32_t which)
{
    struct rce_input menu[WALK_MENU_MAX];
    uint32_t menu_count = 0;
    arena_reset(check->arena);
    struct execution *execution = check_begin(check, CONFORMANCE_TOTAL);
    if (check_feed(execution, check->inputs, length))
        menu_count = walk_menu(&execution->books, menu);
    execution->may_be_betrayed = true;
    if (which < menu_count)
        execution_take(execution, &menu[which]);
    execution_end(execution);
    return menu_count;
}

void check_enumerate(struct check *check)
{
    check->is_replay = true;
    uint32_t stride = check_stride(check, check->count, ENUMERATED_PLACES);
    for (uint32_t length = 1; length <= check->count; length += stride) {
        uint32_t menu_count = 1;
        for (uint32_t which = 0; which < menu_count && !check->problem->is_set; which++)
            menu_count = try_entry(check, length, which);
    }
}

static void check_pure(struct check *check)
{
    struct trace *first = record(check, false);
    if (first == NULL)
        return;
    struct execution *execution =
        execution_begin(&(struct execution_terms){.subject = check->subject,
                                                  .plan = check->plan,
                                                  .layout = &layout_other,
                                                  .problem = check->problem,
                                                  .fed = check->fed,
                                                  .blame = CONFORMANCE_PURE},
                        check->arena);
    struct trace *second = record_on(check, execution, false);
    execution_end(execution);
    check->is_replay = false;
    for (uint32_t i = 0; i < first->count && !check->problem->is_set; i++)
        if (!is_same_answer(&first->answers[i], &second->answers[i]))
            found_difference(check, CONFORMANCE_PURE,
                             "fed the same twice, with its memory in another place and other "
                             "bytes around it, it answers the last input in two ways",
                             &first->answers[i], &second->answers[i]);
}

/* A digest that tells nothing apart: not once in a whole way from start to end. */
static bool is_constant(const struct trace *trace, uint32_t *taken)
{
    *taken = 0;
    for (uint32_t i = 0; i < trace->count; i++) {
        *taken += trace->answers[i].is_taken;
        if (trace->answers[i].is_taken && trace->answers[i].digest != trace->answers[0].digest)
            return false;
    }
    return true;
}

static void check_digest(struct check *check)
{
    enum { INPUTS_FEW = 4 };
    struct trace *first = record(check, true);
    if (first == NULL)
        return;
    struct execution *execution =
        execution_begin(&(struct execution_terms){.subject = check->subject,
                                                  .plan = check->plan,
                                                  .layout = &layout_other,
                                                  .problem = check->problem,
                                                  .fed = check->fed,
                                                  .blame = CONFORMANCE_DIGEST},
                        check->arena);
    struct trace *second = record_on(check, execution, true);
    bool has_ended = execution->books.status != RCE_RUNNING;
    execution_end(execution);
    check->is_replay = false;
    for (uint32_t i = 0; i < first->count && !check->problem->is_set; i++)
        if (first->answers[i].digest != second->answers[i].digest)
            check_found(check, CONFORMANCE_DIGEST, 1,
                        "fed the same twice, with its memory in another place, its digests differ: "
                        "%016llx and %016llx",
                        (unsigned long long)first->answers[i].digest,
                        (unsigned long long)second->answers[i].digest);
    uint32_t taken;
    if (has_ended && is_constant(first, &taken) && taken >= INPUTS_FEW)
        check_found(check, CONFORMANCE_DIGEST, 2,
                    "from its start to its end, the digest of the workflow is always %016llx",
                    (unsigned long long)first->answers[0].digest);
}

/* Feed the list, exchanging the block after input `only`, or after each (UINT32_MAX). Returns the
 * first input that is answered otherwise than in `first`, or UINT32_MAX. */
static uint32_t feed_exchanged(struct check *check, const struct trace *first, uint32_t only,
                               struct trace *second)
{
    const struct rce_engine *table = check->subject->engine->table;
    bool compares = has_digest(check) && check->is_digest_good;
    struct execution *execution = check_begin(check, CONFORMANCE_SAVE);
    uint32_t differs = UINT32_MAX;
    second->count = 0;
    for (uint32_t i = 0; i < check->count && differs == UINT32_MAX; i++) {
        enum execution_step step = execution_take(execution, &check->inputs[i]);
        if (!note_answer(execution, second, step, false))
            break;
        if (!is_same_answer(&first->answers[i], &second->answers[i]))
            differs = i;
        if (step != EXECUTION_TAKEN || (only != UINT32_MAX && only != i))
            continue;
        uint64_t before = compares ? table->digest(execution->block) : 0;
        if (!execution_exchange(execution))
            break;
        if (compares && table->digest(execution->block) != before) {
            check_found(check, CONFORMANCE_SAVE, 2,
                        "saved and loaded after the last input, its digest is another one");
            break;
        }
    }
    execution_end(execution);
    return differs;
}

static void check_save(struct check *check)
{
    struct trace *second = arena_take(check->arena, sizeof *second);
    struct trace *first = record(check, false);
    if (first == NULL)
        return;
    check->is_replay = false;
    uint32_t differs = feed_exchanged(check, first, UINT32_MAX, second);
    if (check->problem->is_set || differs == UINT32_MAX)
        return;
    char when[160] = "saved and loaded after each input, it answers the last one otherwise";
    for (uint32_t only = differs; only-- > 0;) {
        if (feed_exchanged(check, first, only, second) != differs || check->problem->is_set)
            continue;
        snprintf(when, sizeof when,
                 "saved and loaded after input %u, it answers input %u otherwise", only + 1,
                 differs + 1);
        break;
    }
    found_difference(check, CONFORMANCE_SAVE, when, &first->answers[differs],
                     &second->answers[differs]);
}

/* Say a stray; nothing may come of it but a log. */
static bool take_stray(struct check *check, struct execution *execution,
                       const struct rce_input *stray)
{
    const struct rce_engine *table = check->subject->engine->table;
    bool compares = has_digest(check) && check->is_digest_good;
    uint64_t before = compares ? table->digest(execution->block) : 0;
    enum rce_status status = execution->books.status;
    if (execution_take(execution, stray) == EXECUTION_STOPPED)
        return false;
    const char *what = stray->kind == RCE_INPUT_CALLBACK ? "callback" : "response";
    for (uint32_t i = 0; i < execution->out.count; i++)
        if (execution->out.items[i].kind != RCE_LOG)
            check_found(check, CONFORMANCE_STRAY, 1,
                        "the last input is a %s that nobody waits for, and it does something "
                        "about it: %s",
                        what, quote(check->arena, keep_line(execution->arena, execution), 0));
    if (execution->books.status != status)
        check_found(check, CONFORMANCE_STRAY, 2, "a %s that nobody waits for changes its status",
                    what);
    if (compares && table->digest(execution->block) != before)
        check_found(check, CONFORMANCE_STRAY, 3,
                    "the last input is a %s that nobody waits for, and changes its digest", what);
    return !check->problem->is_set;
}

/* Feed the list with strays between its inputs: all of them, or only stray `which` after input
 * `place`. Returns false if there is a problem, or no such stray. */
static bool feed_strays(struct check *check, const struct trace *first, struct trace *second,
                        uint32_t place, uint32_t which)
{
    bool is_good = true, is_fed = place == UINT32_MAX;
    struct execution *execution = check_begin(check, CONFORMANCE_TOTAL);
    second->count = 0;
    for (uint32_t i = 0; i < check->count && is_good; i++) {
        enum execution_step step = execution_take(execution, &check->inputs[i]);
        is_good = note_answer(execution, second, step, false);
        if (is_good && !is_same_answer(&first->answers[i], &second->answers[i])) {
            found_difference(check, CONFORMANCE_STRAY,
                             "after callbacks or responses that nobody waits for, it answers the "
                             "last input otherwise",
                             &first->answers[i], &second->answers[i]);
            is_good = false;
        }
        if (!is_good || step != EXECUTION_TAKEN || (place != UINT32_MAX && place != i))
            continue;
        struct rce_input strays[BOOKS_STRAYS_MAX];
        uint32_t count = books_strays(&execution->books, strays);
        is_fed = is_fed || which < count;
        for (uint32_t k = 0; k < count && is_good; k++)
            if (which == UINT32_MAX || which == k)
                is_good = take_stray(check, execution, &strays[k]);
        is_good = is_good && is_fed;
    }
    execution_end(execution);
    return is_good;
}

/* All strays at once first; where that does harm, which one alone does? */
static void check_stray(struct check *check)
{
    struct trace *first = record(check, false);
    if (first == NULL)
        return;
    struct trace *second = arena_take(check->arena, sizeof *second);
    check->is_replay = true;
    if (feed_strays(check, first, second, UINT32_MAX, UINT32_MAX) ||
        check->problem->property != CONFORMANCE_STRAY)
        return;
    for (uint32_t place = check->count; place-- > 0;)
        for (uint32_t which = 0; which < BOOKS_STRAYS_MAX; which++) {
            struct conformance_problem whole = *check->problem;
            check->problem->is_set = false;
            feed_strays(check, first, second, place, which);
            if (check->problem->is_set && check->problem->property == CONFORMANCE_STRAY)
                return;
            *check->problem = whole;
        }
    check->problem->is_set = false;
    feed_strays(check, first, second, UINT32_MAX, UINT32_MAX);
}

/* Workflow `which` of those side by side begins so much later. */
static struct rce_input shifted(const struct rce_input *input, uint32_t which)
{
    struct rce_input later = *input;
    later.now_ns += which * LAG_NS;
    return later;
}

static struct execution *begin_one(struct check *check, const struct rce_plan *plan, void *process)
{
    return execution_begin(&(struct execution_terms){.subject = check->subject,
                                                     .plan = plan,
                                                     .layout = &layout_plain,
                                                     .problem = check->problem,
                                                     .fed = plan->workflow == check->plan->workflow
                                                                ? check->fed
                                                                : NULL,
                                                     .blame = CONFORMANCE_INTERLEAVE,
                                                     .process = process},
                           check->arena);
}

static bool take_one(struct check *check, struct execution *execution, struct trace *trace,
                     uint32_t which)
{
    struct rce_input input = shifted(&check->inputs[trace->count], which);
    return note_answer(execution, trace, execution_take(execution, &input), false);
}

/* The workflow whose next input comes first. */
static uint32_t next_of(const struct check *check, struct trace *const *traces)
{
    uint32_t next = TOGETHER;
    int64_t first_ns = INT64_MAX;
    for (uint32_t i = 0; i < TOGETHER; i++) {
        if (traces[i]->count == check->count)
            continue;
        int64_t at_ns = check->inputs[traces[i]->count].now_ns + i * LAG_NS;
        if (at_ns >= first_ns)
            continue;
        first_ns = at_ns;
        next = i;
    }
    return next;
}

static void check_interleave(struct check *check)
{
    struct rce_plan plans[TOGETHER];
    struct execution *together[TOGETHER];
    struct trace *alone[TOGETHER], *traces[TOGETHER];
    void *process;
    for (uint32_t i = 0; i < TOGETHER; i++) {
        plans[i] = *check->plan;
        plans[i].workflow += i;
        alone[i] = arena_take(check->arena, sizeof *alone[i]);
        traces[i] = arena_take(check->arena, sizeof *traces[i]);
        process = execution_process_begin(check->subject, check->arena);
        struct execution *execution = begin_one(check, &plans[i], process);
        while (alone[i]->count < check->count && take_one(check, execution, alone[i], i))
            continue;
        execution_end(execution);
        execution_process_end(check->subject, process);
        if (check->problem->is_set)
            return;
    }
    process = execution_process_begin(check->subject, check->arena);
    check->is_replay = false;
    for (uint32_t i = TOGETHER; i-- > 0;)
        together[i] = begin_one(check, &plans[i], process);
    for (uint32_t i = next_of(check, traces); i < TOGETHER; i = next_of(check, traces)) {
        uint32_t at = traces[i]->count;
        if (!take_one(check, together[i], traces[i], i))
            break;
        if (is_same_answer(&alone[i]->answers[at], &traces[i]->answers[at]))
            continue;
        char when[160];
        snprintf(when, sizeof when,
                 "beside two other workflows of its process, which begin 433 s apart, workflow %u "
                 "answers input %u otherwise than alone",
                 i + 1, at + 1);
        found_difference(check, CONFORMANCE_INTERLEAVE, when, &alone[i]->answers[at],
                         &traces[i]->answers[at]);
        break;
    }
    for (uint32_t i = 0; i < TOGETHER; i++)
        execution_end(together[i]);
    execution_process_end(check->subject, process);
}

const char *check_obstacle(const struct conformance_subject *subject,
                           enum conformance_property property)
{
    uint32_t capabilities = subject->engine->table->capabilities;
    bool needs_state = property == CONFORMANCE_SAVE || property == CONFORMANCE_DAMAGE;
    if (property == CONFORMANCE_DIGEST && (capabilities & RCE_CAN_DIGEST) == 0)
        return "it declares no digest";
    if (needs_state && (capabilities & RCE_CAN_SAVE) == 0)
        return "it does not save";
    if (needs_state && (capabilities & RCE_CAN_LOAD) == 0)
        return "it does not load";
    return NULL;
}

void check_ask(struct check *check, enum conformance_property property)
{
    arena_reset(check->arena);
    check->fed->note[0] = '\0';
    check->is_replay = true;
    switch (property) {
    case CONFORMANCE_TOTAL:
    case CONFORMANCE_ALLOWED:
    case CONFORMANCE_TIME:
    case CONFORMANCE_END: check_replay(check); return;
    case CONFORMANCE_PURE: check_pure(check); return;
    case CONFORMANCE_DIGEST: check_digest(check); return;
    case CONFORMANCE_SAVE: check_save(check); return;
    case CONFORMANCE_DAMAGE: check_damage(check); return;
    case CONFORMANCE_INTERLEAVE: check_interleave(check); return;
    case CONFORMANCE_PERSIST: check_persist(check); return;
    case CONFORMANCE_DEADLINE: check_deadline(check); return;
    case CONFORMANCE_STRAY: check_stray(check); return;
    }
}
