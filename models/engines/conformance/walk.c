#include "models/engines/conformance/walk.h"

#include "sim/base/check.h"

#define SECOND_NS ((int64_t)1000000000)
#define HOUR_NS   (3600 * SECOND_NS)

enum { LATE_INPUTS = 8, MENU_SENDS = 3, FIRST_TASK = 1000 };

struct walk {
    struct execution *execution;
    struct walk_terms terms;
    struct conformance_chance chance;
    int64_t now_ns;
    uint64_t tasks;
    uint32_t late; /* inputs after the end */
    bool is_ignored[BOOKS_SENDS_MAX];
    bool is_called_back[BOOKS_SENDS_MAX];
};

/* splitmix64 over the words of the counter; its finaliser is D. Stafford's mix 13. */
static uint64_t mix(uint64_t word)
{
    word += 0x9e3779b97f4a7c15u;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

uint64_t conformance_bits(struct conformance_chance *chance)
{
    return mix(mix(mix(chance->seed) ^ chance->walk) ^ chance->count++);
}

uint32_t conformance_below(struct conformance_chance *chance, uint32_t limit)
{
    return (uint32_t)((conformance_bits(chance) >> 32) * limit >> 32);
}

static bool happens(struct walk *walk, uint32_t permille)
{
    return conformance_below(&walk->chance, 1000) < permille;
}

static bool goes_wrong(struct walk *walk)
{
    return walk->terms.noise_permille > 0 && happens(walk, walk->terms.noise_permille);
}

static struct rce_input input_now(struct walk *walk, enum rce_input_kind kind)
{
    return (struct rce_input){
        .kind = kind, .now_ns = walk->now_ns, .entropy = conformance_bits(&walk->chance)};
}

static enum rce_result wrong_result(struct walk *walk)
{
    static const enum rce_result results[] = {RCE_THROTTLED, RCE_UNAVAILABLE, RCE_NOT_READY,
                                              RCE_UNKNOWN,   RCE_UNKNOWN,     RCE_THROTTLED,
                                              RCE_REFUSED};
    return results[conformance_below(&walk->chance, walk->terms.is_harsh ? 7 : 6)];
}

/* The task that a key has led to before, or a new one. */
static uint64_t task_of(struct walk *walk, const struct books_send *send, bool *has_ended)
{
    const struct books *books = &walk->execution->books;
    *has_ended = false;
    for (uint32_t i = books->sends_count; i-- > 0 && send->key != 0;) {
        const struct books_send *other = &books->sends[i];
        if (other == send || other->key != send->key || other->task == 0)
            continue;
        *has_ended = walk->is_called_back[i];
        return other->task;
    }
    return FIRST_TASK + ++walk->tasks;
}

static struct rce_input answer(struct walk *walk, const struct books_send *send)
{
    struct rce_input input = input_now(walk, RCE_INPUT_RESPONSE);
    bool is_read = books_is_read(send->operation);
    input.request = send->request;
    input.operation = send->operation;
    input.cluster = send->cluster;
    input.host = send->host;
    input.result = is_read ? RCE_STATE : RCE_ACCEPTED;
    if (goes_wrong(walk))
        input.result = wrong_result(walk);
    if (input.result == RCE_ACCEPTED)
        input.task = task_of(walk, send, &input.has_ended);
    else if (input.result == RCE_STATE && send->operation == RCE_READ_CLUSTER)
        input.state = goes_wrong(walk) ? 0 : RCE_STATE_CLUSTER_READY;
    else if (input.result == RCE_STATE)
        input.state = goes_wrong(walk) ? conformance_below(&walk->chance, 8) : 0;
    else if (input.result == RCE_THROTTLED || input.result == RCE_UNAVAILABLE)
        input.retry_after_ns = happens(walk, 500) ? 0 : 30 * SECOND_NS;
    if (walk->terms.is_harsh && input.result == RCE_THROTTLED && happens(walk, 200))
        input.retry_after_ns = 24 * 365 * HOUR_NS;
    return input;
}

static struct rce_input call_back(struct walk *walk, uint32_t index)
{
    const struct books_send *send = &walk->execution->books.sends[index];
    struct rce_input input = input_now(walk, RCE_INPUT_CALLBACK);
    walk->is_called_back[index] = true;
    input.task = send->task;
    input.operation = send->operation;
    input.cluster = send->cluster;
    input.host = send->host;
    input.outcome = goes_wrong(walk) ? RCE_TASK_FAILED : RCE_TASK_SUCCEEDED;
    return input;
}

/* The first request without an answer, the first task without a callback. */
static bool find_open(const struct walk *walk, uint32_t *index)
{
    const struct books *books = &walk->execution->books;
    for (uint32_t i = 0; i < books->sends_count; i++) {
        if (books->sends[i].is_answered || walk->is_ignored[i])
            continue;
        *index = i;
        return true;
    }
    return false;
}

static bool find_task(const struct walk *walk, uint32_t *index)
{
    const struct books *books = &walk->execution->books;
    for (uint32_t i = 0; i < books->sends_count; i++) {
        const struct books_send *send = &books->sends[i];
        if (!send->is_answered || send->task == 0 || send->is_over || walk->is_called_back[i] ||
            walk->is_ignored[i])
            continue;
        *index = i;
        return true;
    }
    return false;
}

static bool fire(struct walk *walk, struct rce_input *input)
{
    uint32_t timer;
    if (!books_next_timer(&walk->execution->books, &timer))
        return false;
    int64_t at_ns = walk->execution->books.timers[timer];
    if (at_ns > walk->now_ns)
        walk->now_ns = at_ns;
    if (goes_wrong(walk))
        walk->now_ns += (int64_t)conformance_below(&walk->chance, 7200) * SECOND_NS;
    *input = input_now(walk, RCE_INPUT_TIMER);
    input->timer = timer;
    return true;
}

/* What was said before, or never should have been. */
static struct rce_input stray(struct walk *walk)
{
    const struct books *books = &walk->execution->books;
    uint32_t index = conformance_below(&walk->chance, books->sends_count);
    const struct books_send *send = &books->sends[index];
    bool is_answer = books_is_read(send->operation) || happens(walk, 400);
    struct rce_input input = is_answer ? answer(walk, send) : call_back(walk, index);
    if (input.kind == RCE_INPUT_CALLBACK && input.task == 0)
        input.task = FIRST_TASK + ++walk->tasks;
    return input;
}

static bool choose_late(struct walk *walk, struct rce_input *input)
{
    uint32_t index;
    if (walk->late++ == LATE_INPUTS)
        return false;
    bool is_failed = walk->execution->books.status == RCE_FAILED;
    if (walk->terms.has_crashes && happens(walk, 300))
        *input = input_now(walk, is_failed && happens(walk, 600) ? RCE_INPUT_REDRIVEN
                                                                 : RCE_INPUT_RESUMED);
    else if (find_task(walk, &index))
        *input = call_back(walk, index);
    else if (find_open(walk, &index))
        *input = answer(walk, &walk->execution->books.sends[index]);
    else if (walk->execution->books.sends_count > 0)
        *input = stray(walk);
    else
        return false;
    return true;
}

/* The next thing that happens; false: nothing does. */
static bool choose(struct walk *walk, struct rce_input *input)
{
    const struct books *books = &walk->execution->books;
    uint32_t index;
    walk->now_ns += (int64_t)conformance_below(&walk->chance, 100000) * (SECOND_NS / 1000);
    if (books->status != RCE_RUNNING)
        return choose_late(walk, input);
    walk->late = 0;
    if (walk->terms.has_crashes && happens(walk, 40)) {
        *input = input_now(walk, happens(walk, 700) ? RCE_INPUT_RESUMED : RCE_INPUT_ENGINE_CHANGED);
        return true;
    }
    if (goes_wrong(walk) && books->sends_count > 0) {
        *input = stray(walk);
        return true;
    }
    bool has_task = find_task(walk, &index);
    if (has_task && goes_wrong(walk))
        walk->is_ignored[index] = true;
    else if (has_task && happens(walk, 600)) {
        *input = call_back(walk, index);
        return true;
    }
    if (find_open(walk, &index) && goes_wrong(walk))
        walk->is_ignored[index] = true;
    else if (find_open(walk, &index)) {
        *input = answer(walk, &books->sends[index]);
        return true;
    }
    if (find_task(walk, &index) && !goes_wrong(walk)) {
        *input = call_back(walk, index);
        return true;
    }
    return fire(walk, input);
}

static struct walk *begin(struct execution *execution)
{
    struct walk *walk = arena_take(execution->arena, sizeof *walk);
    walk->execution = execution;
    walk->now_ns = execution->books.now_ns;
    return walk;
}

void walk_run(struct execution *execution, const struct walk_terms *terms,
              struct conformance_chance chance)
{
    CHECK(terms->inputs_max <= CONFORMANCE_INPUTS_MAX);
    struct walk *walk = begin(execution);
    walk->terms = *terms;
    walk->chance = chance;
    struct rce_input input = input_now(walk, RCE_INPUT_START);
    uint32_t taken = 0;
    do {
        if (execution_take(execution, &input) == EXECUTION_STOPPED)
            return;
        taken++;
    } while (taken < terms->inputs_max && choose(walk, &input));
}

bool walk_home(struct execution *execution, uint32_t inputs_max)
{
    struct walk *walk = begin(execution);
    walk->tasks = (uint64_t)1 << 20;
    /* What was under way before stays silent: this asks what the engine does by itself. */
    for (uint32_t i = 0; i < execution->books.sends_count; i++)
        walk->is_ignored[i] = true;
    struct rce_input input;
    for (uint32_t i = 0; i < inputs_max && execution->books.status == RCE_RUNNING; i++) {
        if (!choose(walk, &input))
            return true;
        if (execution_take(execution, &input) == EXECUTION_STOPPED)
            return false;
    }
    return true;
}

bool walk_silence(struct execution *execution, uint32_t inputs_max)
{
    struct walk *walk = begin(execution);
    struct rce_input input;
    for (uint32_t i = 0; i < inputs_max && execution->books.status == RCE_RUNNING; i++) {
        if (!fire(walk, &input))
            return true;
        if (execution_take(execution, &input) == EXECUTION_STOPPED)
            return false;
    }
    return true;
}

static void add(struct rce_input *menu, uint32_t *count, struct rce_input input)
{
    if (*count < WALK_MENU_MAX)
        menu[(*count)++] = input;
}

static void add_send(const struct books *books, const struct books_send *send,
                     struct rce_input *menu, uint32_t *count)
{
    struct rce_input input = {.kind = RCE_INPUT_RESPONSE,
                              .now_ns = books->now_ns + SECOND_NS,
                              .entropy = mix(send->request),
                              .request = send->request,
                              .operation = send->operation,
                              .cluster = send->cluster,
                              .host = send->host};
    for (int result = 0; result < RCE_RESULT_COUNT; result++) {
        input.result = (enum rce_result)result;
        input.task = input.result == RCE_ACCEPTED ? FIRST_TASK + 500000 + send->request : 0;
        add(menu, count, input);
    }
    for (uint32_t state = 1; state < 8; state++) {
        input.result = RCE_STATE;
        input.state = state;
        add(menu, count, input);
    }
    input.result = RCE_ACCEPTED;
    input.state = 0;
    input.task = FIRST_TASK + 500000;
    input.has_ended = true;
    add(menu, count, input);
    input.outcome = RCE_TASK_FAILED;
    add(menu, count, input);
    input = (struct rce_input){.kind = RCE_INPUT_CALLBACK,
                               .now_ns = books->now_ns,
                               .task = send->task != 0 ? send->task : FIRST_TASK + 500000,
                               .operation = send->operation,
                               .cluster = send->cluster,
                               .host = send->host};
    add(menu, count, input);
    input.outcome = RCE_TASK_FAILED;
    add(menu, count, input);
    input.operation = RCE_READ_HOST;
    add(menu, count, input);
}

uint32_t walk_menu(const struct books *books, struct rce_input menu[WALK_MENU_MAX])
{
    uint32_t count = 0;
    static const enum rce_input_kind kinds[] = {RCE_INPUT_RESUMED, RCE_INPUT_REDRIVEN,
                                                RCE_INPUT_ENGINE_CHANGED};
    for (uint32_t i = books->sends_count, sends = 0; i-- > 0 && sends < MENU_SENDS; sends++)
        add_send(books, &books->sends[i], menu, &count);
    for (uint32_t i = 0; i < rce_timers_count(books->plan); i++) {
        if (books->timers[i] == BOOKS_NEVER)
            continue;
        int64_t at_ns = books->timers[i] > books->now_ns ? books->timers[i] : books->now_ns;
        struct rce_input input = {.kind = RCE_INPUT_TIMER, .timer = i, .now_ns = at_ns};
        add(menu, &count, input);
        input.now_ns += 1000 * HOUR_NS;
        add(menu, &count, input);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        add(menu, &count, (struct rce_input){.kind = kinds[i], .now_ns = books->now_ns + HOUR_NS});
    struct rce_input strays[BOOKS_STRAYS_MAX];
    uint32_t strays_count = books_strays(books, strays);
    for (uint32_t i = 0; i < strays_count; i++)
        add(menu, &count, strays[i]);
    return count;
}
