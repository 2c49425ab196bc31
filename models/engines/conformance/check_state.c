/* The questions that look at a workflow from each place of its way: what if it stopped here, if
 * nothing more came, if its saved bytes were damaged? */
#include <stdio.h>
#include <string.h>

#include "models/engines/conformance/check.h"
#include "models/engines/conformance/walk.h"
#include "models/rce/contract.h"

enum {
    CRASH_PLACES = 16,
    SILENT_PLACES = 12,
    DAMAGED_PLACES = 4,
    DAMAGES_INSIDE = 1024, /* tried on one state */
    DAMAGES_OUTSIDE = 24,
    HOME_INPUTS = 400,
    SILENT_INPUTS = 480,
    SILENT_DAYS = 60,
    PROBE_TIMERS = 4,
    RUBBISH = 0x5a,
};

#define DAY_NS ((int64_t)86400 * 1000000000)

/* Which of the requests of the last step before the crash, from `first` on, was never asked again?
 * Of older ones it may have found out otherwise. */
static const struct books_send *forgotten(const struct books *books, uint32_t first,
                                          uint32_t sends_before)
{
    for (uint32_t i = first; i < sends_before; i++) {
        const struct books_send *send = &books->sends[i];
        bool is_asked = send->is_answered || books_is_read(send->operation);
        for (uint32_t k = 0; k < books->sends_count && !is_asked; k++) {
            const struct books_send *other = &books->sends[k];
            bool is_same = other->operation == send->operation && other->cluster == send->cluster &&
                           other->host == send->host;
            is_asked = is_same && (k >= sends_before || other->is_over);
        }
        if (!is_asked)
            return send;
    }
    return NULL;
}

/* Crash after the inputs that were fed, the last of which has sent the requests from `first` on,
 * and see what it knows of them. */
static void crash_now(struct check *check, struct execution *execution, uint32_t first)
{
    const struct books *books = &execution->books;
    uint32_t sends_before = books->sends_count;
    bool was_running = books->status == RCE_RUNNING;
    struct rce_input resumed = {.kind = RCE_INPUT_RESUMED,
                                .now_ns = books->now_ns + (int64_t)60 * 1000000000};
    enum execution_step step = execution_take(execution, &resumed);
    if (step == EXECUTION_PASSED_OVER && was_running && sends_before > 0 &&
        execution->record_bytes == 0)
        check_found(check, CONFORMANCE_PERSIST, 1,
                    "it has sent a request, and has never persisted anything: after a crash "
                    "nobody knows of it");
    uint32_t timer;
    if (step == EXECUTION_TAKEN && books->status == RCE_RUNNING &&
        books->sends_count == sends_before && !books_next_timer(books, &timer))
        check_found(check, CONFORMANCE_PERSIST, 2,
                    "resumed after a crash, it neither asks nor sets a timer, and goes on waiting");
    if (step != EXECUTION_TAKEN || check->problem->is_set || !walk_home(execution, HOME_INPUTS))
        return;
    const struct books_send *send =
        books->status == RCE_SUCCEEDED ? forgotten(books, first, sends_before) : NULL;
    if (send != NULL)
        check_found(check, CONFORMANCE_PERSIST, 3,
                    "request %llu (%s) had no answer when it crashed, it never asks again, and "
                    "ends with DONE",
                    (unsigned long long)send->request, rce_operation_name(send->operation));
}

static bool crash_after(struct check *check, uint32_t last)
{
    arena_reset(check->arena);
    struct execution *execution = check_begin(check, CONFORMANCE_TOTAL);
    if (check_feed(execution, check->inputs, last)) {
        uint32_t first = execution->books.sends_count;
        if (execution_take(execution, &check->inputs[last]) == EXECUTION_TAKEN)
            crash_now(check, execution, first);
    }
    execution_end(execution);
    return !check->problem->is_set;
}

void check_persist(struct check *check)
{
    if (!execution_can_resume(check->subject)) {
        check_replay(check);
        return;
    }
    uint32_t stride = check_stride(check, check->count, CRASH_PLACES);
    for (uint32_t back = 0; back < check->count; back += stride)
        if (!crash_after(check, check->count - 1 - back))
            return;
}

static void fall_silent(struct check *check, struct execution *execution)
{
    const struct books *books = &execution->books;
    int64_t began_at_ns = books->now_ns;
    uint32_t fed = check->fed->count, timer;
    if (!walk_silence(execution, SILENT_INPUTS))
        return;
    int64_t silent_ns = books->now_ns - began_at_ns;
    check->fed->count = fed; /* Timers that fire are no news. */
    if (books->status == RCE_RUNNING && !books_next_timer(books, &timer))
        check_found(check, CONFORMANCE_DEADLINE, 1,
                    "when nothing more comes after input %u, it waits for ever: no timer is set",
                    fed);
    else if (books->status == RCE_RUNNING)
        check_found(check, CONFORMANCE_DEADLINE, 2,
                    "when nothing more comes after input %u, it has not ended %lld h later", fed,
                    (long long)(silent_ns / (DAY_NS / 24)));
    else if (silent_ns > SILENT_DAYS * DAY_NS)
        check_found(check, CONFORMANCE_DEADLINE, 3,
                    "when nothing more comes after input %u, it ends only %lld days later", fed,
                    (long long)(silent_ns / DAY_NS));
}

static bool silence_after(struct check *check, uint32_t last)
{
    arena_reset(check->arena);
    struct execution *execution = check_begin(check, CONFORMANCE_TOTAL);
    if (check_feed(execution, check->inputs, last + 1) && execution->books.has_started)
        fall_silent(check, execution);
    execution_end(execution);
    return !check->problem->is_set;
}

void check_deadline(struct check *check)
{
    uint32_t stride = check_stride(check, check->count, SILENT_PLACES);
    for (uint32_t back = 0; back < check->count; back += stride)
        if (!silence_after(check, check->count - 1 - back))
            return;
}

/* One way to damage bytes. */
struct damage {
    const uint8_t *bytes;
    size_t size_bytes;
    uint8_t *damaged; /* room for one byte more */
    size_t damaged_bytes;
    char what[96];
};

/* Damage number `which`: first the lengths and contents that are wrong as a whole, then single
 * bytes, spread over all of them. */
static void make_damage(struct damage *damage, uint32_t which, uint32_t count)
{
    enum { WHOLES = 6 };
    size_t size_bytes = damage->size_bytes;
    memcpy(damage->damaged, damage->bytes, size_bytes);
    damage->damaged[size_bytes] = 0;
    damage->damaged_bytes = size_bytes;
    static const char *const wholes[WHOLES] = {"nothing of it left", "its last byte missing",
                                               "half of it missing", "a byte too many",
                                               "all its bytes 0",    "all its bytes 255"};
    if (which < WHOLES) {
        size_t lengths[WHOLES] = {0,          size_bytes - 1, size_bytes / 2, size_bytes + 1,
                                  size_bytes, size_bytes};
        damage->damaged_bytes = lengths[which];
        if (which >= 4)
            memset(damage->damaged, which == 4 ? 0 : 255, size_bytes);
        snprintf(damage->what, sizeof damage->what, "%s", wholes[which]);
        return;
    }
    size_t at = (size_t)(which - WHOLES) * size_bytes / (count - WHOLES);
    uint8_t changes[] = {0x01, 0x80, 0xff, 0x10};
    damage->damaged[at] ^= changes[which % sizeof changes];
    snprintf(damage->what, sizeof damage->what, "byte %zu of %zu changed from %u to %u", at + 1,
             size_bytes, damage->bytes[at], damage->damaged[at]);
}

/* A workflow that came from damaged bytes may be anything that is sound: what it does must be
 * allowed, but not what the undamaged one would do. */
static bool probe(struct check *check, struct execution *execution, const struct damage *damage)
{
    struct rce_input input = {.kind = RCE_INPUT_RESUMED, .now_ns = execution->books.now_ns};
    books_open(&execution->books, check->plan);
    execution->books.has_started = true;
    execution->keeps_records = false;
    const struct rce_engine *table = check->subject->engine->table;
    for (int i = 0; i < PROBE_TIMERS; i++) {
        books_note_input(&execution->books, &input);
        enum rce_status status =
            table->step(execution->block, execution->process, &input, &execution->out);
        if (status == RCE_BROKEN) {
            check_found(check, CONFORMANCE_DAMAGE, 1,
                        "a saved state with %s loads, and breaks it: %s", damage->what,
                        table->complaint != NULL ? table->complaint(execution->process) : "");
            return false;
        }
        struct rce_breach breach =
            rce_contract_check(&(struct rce_step_seen){.plan = check->plan,
                                                       .input = &input,
                                                       .status_before = status,
                                                       .status = status,
                                                       .actions = &execution->out});
        bool is_bad = breach.kind != RCE_BREACH_NONE && breach.kind < RCE_BREACH_AFTER_END;
        if (is_bad) {
            check_found(check, CONFORMANCE_DAMAGE, 2, "a saved state with %s loads, and then it %s",
                        damage->what, rce_breach_text(breach.kind));
            return false;
        }
        if (breach.kind != RCE_BREACH_NONE || status != RCE_RUNNING)
            return true;
        books_note_actions(&execution->books, &execution->out, status);
        input = (struct rce_input){.kind = RCE_INPUT_TIMER, .now_ns = execution->books.now_ns};
        if (!books_next_timer(&execution->books, &input.timer))
            return true;
        if (execution->books.timers[input.timer] > input.now_ns)
            input.now_ns = execution->books.timers[input.timer];
    }
    return true;
}

static bool try_damage(struct check *check, struct execution *probed, const struct damage *damage)
{
    const struct rce_engine *table = check->subject->engine->table;
    memset(probed->block, RUBBISH, probed->block_bytes);
    bool is_loaded =
        table->load(probed->block, probed->process, check->plan, check->subject->engine->settings,
                    damage->damaged, damage->damaged_bytes);
    if (is_loaded) {
        bool is_good = probe(check, probed, damage);
        if (is_good && table->workflow_end != NULL)
            table->workflow_end(probed->block, probed->process);
        return is_good;
    }
    const char *why = table->complaint != NULL ? table->complaint(probed->process) : NULL;
    if (why != NULL)
        check_found(check, CONFORMANCE_DAMAGE, 1, "a saved state with %s breaks it: %s",
                    damage->what, why);
    for (size_t i = 0; i < probed->block_bytes; i++)
        if (probed->block[i] != RUBBISH)
            check_found(check, CONFORMANCE_DAMAGE, 3,
                        "load refuses a saved state with %s, but has written to the block",
                        damage->what);
    return !check->problem->is_set;
}

static void try_damages(struct check *check, struct execution *execution)
{
    struct damage damage = {.bytes = execution->saved,
                            .size_bytes = execution->saved_bytes,
                            .damaged = arena_take(check->arena, execution->saved_bytes + 1)};
    uint32_t count = execution_is_inside(check->subject) ? DAMAGES_INSIDE : DAMAGES_OUTSIDE;
    uint8_t *block = arena_take(check->arena, execution->block_bytes);
    struct execution *probed = arena_take(check->arena, sizeof *probed);
    *probed = *execution;
    probed->block = block;
    check->fed->blame = CONFORMANCE_DAMAGE;
    bool is_good = true;
    for (uint32_t which = 0; which < count && is_good; which++) {
        make_damage(&damage, which, count);
        snprintf(check->fed->note, sizeof check->fed->note, "a saved state with %s is loaded",
                 damage.what);
        is_good = try_damage(check, probed, &damage);
    }
    check->fed->note[0] = '\0';
}

static bool damage_after(struct check *check, uint32_t last)
{
    arena_reset(check->arena);
    struct execution *execution = check_begin(check, CONFORMANCE_TOTAL);
    if (check_feed(execution, check->inputs, last + 1) && execution_save(execution))
        try_damages(check, execution);
    execution_end(execution);
    return !check->problem->is_set;
}

void check_damage(struct check *check)
{
    uint32_t stride = check_stride(check, check->count, DAMAGED_PLACES);
    for (uint32_t back = 0; back < check->count; back += stride)
        if (!damage_after(check, check->count - 1 - back))
            return;
}
