#include "models/rcesim/explore/explain_sentence.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "models/rce/rce.h"
#include "models/rcesim/explore/explain_domain.h"
#include "models/rcesim/explore/explain_join.h"
#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "reports/spacetime.h"
#include "sim/base/units.h"

/* What the functions here share. */
struct telling {
    const struct explain_words *words;
    const struct explanation *explanation;
    const struct trace *trace;
    const struct model_finding *finding;
    struct explain_clauses clauses;
    const bool *is_own; /* [records]: not so in the run that passes */
    bool has_asked;     /* For the step that failed. */
    /* What the last clause was about, which the next may call "it". */
    const struct trace_record *topic;
    uint32_t topic_at; /* The number of clauses after it. */
};

static void add(struct telling *telling, const char *clause)
{
    if (telling->clauses.count < EXPLAIN_CLAUSES_MAX)
        telling->clauses.items[telling->clauses.count++] = clause;
}

static void set_topic(struct telling *telling, const struct trace_record *record)
{
    telling->topic = record;
    telling->topic_at = telling->clauses.count;
}

/* "it", or "the update of host 1" where that could be anything. */
static const char *what_of(const struct telling *telling, const struct trace_record *record)
{
    const struct trace_record *topic = telling->topic;
    bool is_known = topic != NULL && telling->topic_at == telling->clauses.count &&
                    topic->subject == record->subject &&
                    explain_operation_of(topic) == explain_operation_of(record);
    return is_known
               ? "it"
               : explain_request(telling->words, explain_operation_of(record), record->subject);
}

static const char *clock_of(const struct telling *telling, const struct trace_record *record)
{
    return explain_clock(telling->words->arena, record->time_ns);
}

static bool is_of_step(const struct telling *telling, const struct trace_record *record)
{
    return record->subject == telling->finding->entity &&
           explain_operation_of(record) == telling->finding->step;
}

/* The last record of a role before `index` about this entity (of this operation, below
 * RCE_OPERATION_COUNT). */
static const struct trace_record *find_last(const struct telling *telling, uint32_t index,
                                            enum explain_role role, uint32_t entity)
{
    for (uint32_t i = index; i-- > 0;) {
        const struct trace_record *record = trace_at(telling->trace, i);
        if (record->subject == entity && explain_role_of(record) == role)
            return record;
    }
    return NULL;
}

static const char *host_state(const struct trace_record *host)
{
    return vmc_trace_types[host->type].names[1][host->values[1]];
}

/* Why it is not where it should be. */
static const char *state_name(struct arena *arena, const struct trace_record *host)
{
    if (host->values[1] == HOST_IS_CONNECTED)
        return "only connected";
    if (host->values[1] == HOST_IS_FAILED)
        return "out of order";
    return arena_print(arena, "still %s", host_state(host));
}

/* What keeps the cluster of `entity` from being ready before record `index`: a host that is not
 * where it should be; NULL: nothing. */
static const struct trace_record *find_obstacle(const struct telling *telling, uint32_t index,
                                                uint32_t entity)
{
    uint32_t sddc = entity_sddc(entity), cluster = entity_cluster(entity);
    for (uint32_t host = ENTITY_TEMPORARY_HOST + 1; host-- > 0;) {
        const struct trace_record *state =
            find_last(telling, index, ROLE_HOST, entity_of_host(sddc, cluster, host));
        if (state != NULL && state->values[1] != HOST_IS_READY &&
            state->values[1] != HOST_IS_ABSENT && state->values[1] != HOST_IS_REMOVING)
            return state;
    }
    return NULL;
}

static const char *because_of(const struct telling *telling, uint32_t index, uint32_t entity)
{
    const struct trace_record *obstacle = find_obstacle(telling, index, entity);
    if (obstacle == NULL)
        return "";
    return arena_print(telling->words->arena, ", for %s was %s",
                       explain_who(telling->words, obstacle->subject),
                       state_name(telling->words->arena, obstacle));
}

/* Was there such a record before, of this role, operation and target (and in this state)? */
static bool is_again(const struct telling *telling, uint32_t index)
{
    const struct trace_record *record = trace_at(telling->trace, index);
    enum explain_role role = explain_role_of(record);
    for (uint32_t i = index; i-- > 0;) {
        const struct trace_record *earlier = trace_at(telling->trace, i);
        if (earlier->subject == record->subject && explain_role_of(earlier) == role &&
            earlier->values[0] == record->values[0] &&
            (role == ROLE_ASK || earlier->values[1] == record->values[1]))
            return true;
    }
    return false;
}

/* Of the step that failed, everything is told; of others what is not so in the run that passes. */
static bool is_worth_it(const struct telling *telling, uint32_t index)
{
    return is_of_step(telling, trace_at(telling->trace, index)) || telling->is_own[index];
}

static void tell_ask(struct telling *telling, uint32_t index)
{
    const struct trace_record *record = trace_at(telling->trace, index);
    struct arena *arena = telling->words->arena;
    const char *what = explain_request(telling->words, record->values[0], record->subject);
    bool is_read = record->values[0] == RCE_READ_CLUSTER || record->values[0] == RCE_READ_HOST;
    if (!is_worth_it(telling, index) || (is_read && !is_of_step(telling, record)))
        return;
    add(telling,
        arena_print(arena, "RCE asked %sfor %s at %s", is_again(telling, index) ? "again " : "",
                    what, clock_of(telling, record)));
    telling->has_asked = telling->has_asked || is_of_step(telling, record);
    set_topic(telling, record);
}

/* Of a host that is entering maintenance a read says what it says of one that was never asked to.
 */
static void tell_read_of_host(struct telling *telling, uint32_t index)
{
    const struct trace_record *record = trace_at(telling->trace, index);
    const struct trace_record *host = find_last(telling, index, ROLE_HOST, record->subject);
    bool says_so = (record->values[3] & RCE_STATE_HOST_IN_MAINTENANCE) != 0;
    bool is_so =
        host != NULL && (host->values[1] == HOST_IS_IN_MAINTENANCE ||
                         host->values[1] == HOST_IS_UPDATING || host->values[1] == HOST_IS_FAILED);
    if (host == NULL || (says_so == is_so && host->values[1] != HOST_IS_ENTERING))
        return;
    add(telling,
        arena_print(telling->words->arena,
                    "at %s the service said that %s was %sin maintenance, while it was %s",
                    clock_of(telling, record), explain_who(telling->words, record->subject),
                    says_so ? "" : "not ", host_state(host)));
}

/* A read that told something else than the truth. */
static void tell_read(struct telling *telling, uint32_t index)
{
    const struct trace_record *record = trace_at(telling->trace, index);
    if (record->values[0] == RCE_READ_HOST) {
        tell_read_of_host(telling, index);
        return;
    }
    bool is_of_cluster = record->values[0] == RCE_READ_CLUSTER;
    bool says_ready = (record->values[3] & RCE_STATE_CLUSTER_READY) != 0;
    const struct trace_record *obstacle = find_obstacle(telling, index, record->subject);
    if (!is_of_cluster || says_ready != (obstacle != NULL))
        return; /* It told the truth. */
    add(telling,
        says_ready
            ? arena_print(telling->words->arena, "at %s the service said that %s was ready%s%s",
                          clock_of(telling, record), explain_who(telling->words, record->subject),
                          ", although ",
                          arena_print(telling->words->arena, "since %s %s was %s",
                                      clock_of(telling, obstacle),
                                      explain_who(telling->words, obstacle->subject),
                                      state_name(telling->words->arena, obstacle)))
            : arena_print(telling->words->arena,
                          "at %s the service said that %s was not ready, although it was",
                          clock_of(telling, record), explain_who(telling->words, record->subject)));
}

/* What became of a task before record `index`. */
static const struct trace_record *find_task(const struct telling *telling, uint32_t index,
                                            uint64_t task)
{
    for (uint32_t i = index; i-- > 0;) {
        const struct trace_record *record = trace_at(telling->trace, i);
        if (explain_role_of(record) == ROLE_TASK && record->values[2] == task)
            return record;
    }
    return NULL;
}

/* A request that was answered with a task which had been there before. */
static bool tell_old_task(struct telling *telling, uint32_t index)
{
    static const char *const states[] = {"had been dropped", "was waiting", "was running",
                                         "had been done", "had failed"};
    const struct trace_record *record = trace_at(telling->trace, index);
    const struct trace_record *task = find_task(telling, index, record->values[2]);
    if (task == NULL || task->event == record->event || task->values[1] > TASK_HAS_FAILED)
        return false;
    const char *of =
        task->subject == record->subject && task->values[0] == record->values[0]
            ? ""
            : arena_print(telling->words->arena, ", which was that for %s,",
                          explain_request(telling->words, task->values[0], task->subject));
    add(telling,
        arena_print(telling->words->arena,
                    "the request was answered with task %" PRIu64 " of an earlier one%s, which %s",
                    record->values[2], of, states[task->values[1]]));
    return true;
}

static bool has_task_in_event(const struct telling *telling, uint32_t index)
{
    const struct trace_record *record = trace_at(telling->trace, index);
    for (uint32_t i = index; i-- > 0 && trace_at(telling->trace, i)->event == record->event;)
        if (explain_role_of(trace_at(telling->trace, i)) == ROLE_TASK)
            return true;
    return false;
}

static void tell_accepted(struct telling *telling, uint32_t index)
{
    const struct trace_record *record = trace_at(telling->trace, index);
    if (tell_old_task(telling, index) || has_task_in_event(telling, index))
        return;
    const struct trace_record *host = find_last(telling, index, ROLE_HOST, record->subject);
    if (host != NULL && host->values[1] != HOST_IS_READY)
        add(telling, arena_print(telling->words->arena,
                                 "the service took it as one more task (%" PRIu64
                                 "), while %s was %s already",
                                 record->values[2], explain_who(telling->words, record->subject),
                                 host_state(host)));
}

static void tell_answer(struct telling *telling, uint32_t index)
{
    const struct trace_record *record = trace_at(telling->trace, index);
    struct arena *arena = telling->words->arena;
    if (record->values[1] == RCE_STATE) {
        tell_read(telling, index);
        return;
    }
    if (!is_worth_it(telling, index))
        return;
    switch ((enum rce_result)record->values[1]) {
    case RCE_ACCEPTED: tell_accepted(telling, index); return;
    case RCE_THROTTLED: add(telling, "it was throttled (429)"); return;
    case RCE_UNAVAILABLE: add(telling, "the service was unavailable (503)"); return;
    case RCE_NOT_READY:
        add(telling, arena_print(arena, "it was refused because the cluster was not ready%s",
                                 because_of(telling, index, record->subject)));
        return;
    case RCE_REFUSED: add(telling, "it was refused"); return;
    case RCE_UNKNOWN:
        add(telling, has_task_in_event(telling, index)
                         ? "it was carried out, but the answer was lost"
                         : "it was lost, or its answer was");
        return;
    case RCE_STATE: return;
    }
}

static void tell_task(struct telling *telling, uint32_t index)
{
    const struct trace_record *record = trace_at(telling->trace, index);
    struct arena *arena = telling->words->arena;
    if (!is_worth_it(telling, index))
        return;
    bool is_host = record->values[0] == RCE_ADD_HOST;
    const char *what = what_of(telling, record);
    switch ((enum explain_task)record->values[1]) {
    case TASK_IS_DROPPED:
        add(telling, arena_print(arena, "the request was accepted and dropped%s",
                                 because_of(telling, index, record->subject)));
        return;
    case TASK_IS_WAITING:
        add(telling, arena_print(arena, "the request was put off%s",
                                 because_of(telling, index, record->subject)));
        return;
    case TASK_IS_RUNNING:
        if (is_host)
            what = strcmp(what, "it") == 0 ? "its provisioning"
                                           : "the provisioning of a temporary host";
        add(telling,
            arena_print(arena, "%s began %sat %s", what, is_again(telling, index) ? "again " : "",
                        clock_of(telling, record)));
        set_topic(telling, record);
        return;
    case TASK_HAS_SUCCEEDED:
        add(telling, arena_print(arena, "%s was %s at %s", what, is_host ? "connected" : "done",
                                 clock_of(telling, record)));
        set_topic(telling, record);
        return;
    case TASK_HAS_FAILED:
        add(telling, arena_print(arena, "%s failed at %s", what, clock_of(telling, record)));
        set_topic(telling, record);
        return;
    }
}

static void tell_callback(struct telling *telling, const struct trace_record *record)
{
    struct arena *arena = telling->words->arena;
    const char *what = what_of(telling, record);
    what =
        strcmp(what, "it") == 0 ? "its callback" : arena_print(arena, "the callback of %s", what);
    switch ((enum explain_callback)record->values[1]) {
    case CALLBACK_IS_LOST:
        add(telling, arena_print(arena, "%s was lost at %s", what, clock_of(telling, record)));
        return;
    case CALLBACK_IS_LATE:
        add(telling, arena_print(arena, "%s was late, due only at %s", what,
                                 explain_clock(arena, (int64_t)record->values[3])));
        return;
    case CALLBACK_IS_REPEATED: add(telling, arena_print(arena, "%s was sent again", what)); return;
    case CALLBACK_IS_SENT: return;
    }
}

/* A temporary host that becomes ready is told where somebody has asked too early. */
static void tell_host(struct telling *telling, uint32_t index)
{
    const struct trace_record *record = trace_at(telling->trace, index);
    struct arena *arena = telling->words->arena;
    const char *who = explain_who(telling->words, record->subject);
    bool is_temporary = entity_host(record->subject) == ENTITY_TEMPORARY_HOST;
    if (record->values[1] == HOST_IS_FAILED)
        add(telling, arena_print(arena, "%s failed at %s", who, clock_of(telling, record)));
    else if (is_temporary && record->values[1] == HOST_IS_CONNECTED && !telling->has_asked)
        add(telling, arena_print(arena, "%s was connected at %s", who, clock_of(telling, record)));
    else if (is_temporary && record->values[1] == HOST_IS_READY)
        add(telling,
            arena_print(arena, "%s became ready at %s",
                        find_obstacle(telling, index + 1, record->subject) == NULL
                            ? explain_who(telling->words,
                                          entity_of_cluster(entity_sddc(record->subject),
                                                            entity_cluster(record->subject)))
                            : who,
                        clock_of(telling, record)));
}

static void tell_note(struct telling *telling, const struct trace_record *record)
{
    struct arena *arena = telling->words->arena;
    if (!is_of_step(telling, record))
        return;
    if (record->values[0] == RCE_NOTE_RETRIES_SPENT)
        add(telling, "no retry was left");
    else if (record->values[0] == RCE_NOTE_CALLBACK_IGNORED)
        add(telling, arena_print(arena, "RCE ignored a callback at %s", clock_of(telling, record)));
    else if (record->values[0] == RCE_NOTE_CALLBACK_BELIEVED)
        add(telling,
            arena_print(arena, "RCE believed a callback of it at %s", clock_of(telling, record)));
}

static void tell_violation(struct telling *telling, const struct trace_record *record)
{
    const char *label = record->values[0] < VIOLATION_COUNT
                            ? vmc_model.metrics[METRIC_FIRST_VIOLATION + record->values[0]].label
                            : "unknown";
    add(telling, arena_print(telling->words->arena, "that broke an invariant at %s: %s (%s)",
                             clock_of(telling, record), label,
                             explain_who(telling->words, record->subject)));
}

static void tell_record(struct telling *telling, uint32_t index)
{
    const struct trace_record *record = trace_at(telling->trace, index);
    struct arena *arena = telling->words->arena;
    switch (explain_role_of(record)) {
    case ROLE_ASK: tell_ask(telling, index); return;
    case ROLE_ANSWER: tell_answer(telling, index); return;
    case ROLE_TASK: tell_task(telling, index); return;
    case ROLE_HOST: tell_host(telling, index); return;
    case ROLE_CALLBACK: tell_callback(telling, record); return;
    case ROLE_NOTE: tell_note(telling, record); return;
    case ROLE_VIOLATION: tell_violation(telling, record); return;
    case ROLE_CRASHED:
        add(telling, arena_print(arena, "RCE crashed at %s", clock_of(telling, record)));
        return;
    case ROLE_RESUMED:
        add(telling, arena_print(arena, "it resumed at %s from %s", clock_of(telling, record),
                                 record->values[1] == 0 ? "the start" : "what had been persisted"));
        return;
    case ROLE_UNHEARD: add(telling, "the answer found nobody to hear it"); return;
    case ROLE_GIVEN_UP: add(telling, "nobody started RCE again"); return;
    case ROLE_OTHER:
    case ROLE_EVENT:
    case ROLE_INPUT:
    case ROLE_TIMER:
    case ROLE_ENDED:
    case ROLE_CLUSTER:
    case ROLE_TRUTH:
    case ROLE_COUNT: return;
    }
}

/* Did RCE hear nothing about the target between its last request for it and the end, but for the
 * answer to that? */
static void tell_silence(struct telling *telling)
{
    int64_t last_ns = -1;
    bool is_told = false;
    for (size_t i = 0; i < trace_count(telling->trace); i++) {
        const struct trace_record *record = trace_at(telling->trace, i);
        enum explain_role role = explain_role_of(record);
        if (record->event >= telling->finding->event_count)
            break;
        if (role == ROLE_ASK && is_of_step(telling, record)) {
            is_told = true;
            last_ns = record->time_ns;
        }
        if (role == ROLE_INPUT && record->subject == telling->finding->entity)
            last_ns = record->time_ns;
    }
    if (is_told && telling->finding->at_ns - last_ns > UNITS_MIN)
        add(telling, arena_print(telling->words->arena, "after %s RCE heard nothing more of it",
                                 explain_clock(telling->words->arena, last_ns)));
}

static const struct trace_record *find_end(const struct telling *telling)
{
    for (size_t i = 0; i < trace_count(telling->trace); i++) {
        const struct trace_record *record = trace_at(telling->trace, i);
        if (explain_role_of(record) == ROLE_ENDED && record->values[0] != 0 &&
            record->event == telling->finding->event_count)
            return record;
    }
    return NULL;
}

/* How it was noticed: what RCE gave as its reason. A broken invariant has been told already, and
 * RCE notices nothing. */
static void tell_detection(struct telling *telling)
{
    static const char *const reasons[RCE_REASON_COUNT] = {
        [RCE_REASON_NONE] = "RCE gave up at %s",
        [RCE_REASON_DEADLINE] = "the deadline passed at %s",
        [RCE_REASON_TASK_FAILED] = "RCE heard of the failure and gave up at %s",
        [RCE_REASON_THROTTLED] = "RCE gave up at %s, throttled once too often",
        [RCE_REASON_UNAVAILABLE] = "RCE gave up at %s, with the service unavailable once too often",
        [RCE_REASON_NOT_READY] = "RCE gave up at %s, because the cluster was not ready",
        [RCE_REASON_REFUSED] = "RCE gave up at %s, because it was refused",
        [RCE_REASON_UNKNOWN] = "RCE gave up at %s, without an answer",
    };
    struct arena *arena = telling->words->arena;
    const struct trace_record *end = find_end(telling);
    if (end == NULL) {
        bool is_running = true; /* Was the end told at all, before or after? */
        for (size_t i = 0; i < trace_count(telling->trace); i++)
            is_running = is_running && explain_role_of(trace_at(telling->trace, i)) != ROLE_ENDED;
        if (is_running && telling->finding->step >= RCE_OPERATION_COUNT)
            add(telling, "the workflow never ended: nothing was to come that it waited for");
        return;
    }
    const char *format = reasons[end->values[1] < RCE_REASON_COUNT ? end->values[1] : 0];
    const char *hole = strstr(format, "%s");
    add(telling, arena_print(arena, "%.*s%s%s", (int)(hole - format), format,
                             clock_of(telling, end), hole + 2));
}

static char *capitalised(struct arena *arena, const char *text)
{
    char *copy = arena_copy_text(arena, text);
    copy[0] = (char)toupper((unsigned char)copy[0]);
    return copy;
}

/* Sizes and shapes are where it happens, and no deviation. */
static bool is_shape(const struct explain_deviation *deviation)
{
    const struct model_explore *explore = vmc_model.explore;
    bool is_found = false;
    for (size_t i = 0; i < explore->shape_purpose_count; i++)
        is_found = is_found || explore->shape_purposes[i] == deviation->deviation.name.purpose;
    return is_found;
}

static const char *deviations_text(const struct telling *telling)
{
    const struct explanation *explanation = telling->explanation;
    enum { TOLD_MAX = 3 };
    const char *text = "";
    size_t told = 0, count = 0;
    for (size_t i = 0; i < explanation->deviation_count; i++) {
        const struct explain_deviation *deviation = &explanation->deviations[i];
        if (!deviation->is_asked || is_shape(deviation))
            continue;
        if (++count > TOLD_MAX)
            continue;
        text = arena_print(telling->words->arena, "%s%s%s", text, told++ == 0 ? "" : ", ",
                           explain_deviation_clause(telling->words, deviation));
    }
    if (count > TOLD_MAX)
        text = arena_print(telling->words->arena, "%s and %zu more", text, count - TOLD_MAX);
    return text;
}

static const bool *own_records(const struct explain_words *words,
                               const struct explanation *explanation)
{
    bool *is_own = arena_take_array(words->arena, explanation->failing.record_count + (size_t)1,
                                    sizeof *is_own);
    bool is_pair = explanation->passing.trace != NULL;
    for (uint32_t i = 0; is_pair && i < explanation->row_count; i++)
        if (explanation->rows[i].left != ALIGN_NONE)
            is_own[explanation->rows[i].left] = explanation->rows[i].right == ALIGN_NONE;
    return is_own;
}

const char *explain_sentence(const struct explain_words *words,
                             const struct explanation *explanation)
{
    struct telling telling = {.words = words,
                              .explanation = explanation,
                              .trace = explanation->failing.trace,
                              .finding = &explanation->finding,
                              .is_own = own_records(words, explanation)};
    for (uint32_t i = 0; i < explanation->failing.record_count; i++)
        if (explanation->failing.is_shown[i])
            tell_record(&telling, i);
    const struct trace_record *end = find_end(&telling);
    if (end != NULL && end->values[1] == RCE_REASON_DEADLINE)
        tell_silence(&telling);
    tell_detection(&telling);
    const char *text = explain_join(words->arena, &telling.clauses),
               *why = deviations_text(&telling);
    if (*why != '\0' && *text != '\0')
        text = arena_print(words->arena, "%s: %s", why, text);
    else if (*why != '\0')
        text = why;
    return arena_print(words->arena, "%s.", capitalised(words->arena, text));
}

static bool is_difference(const struct explanation *explanation, size_t index)
{
    for (uint32_t i = 0; i < explanation->row_count; i++)
        if (explanation->rows[i].left == index)
            return explanation->rows[i].right == ALIGN_NONE;
    return false;
}

/* What happened in an event, in the words of the diagram: the first record that has any, or the
 * first of those that are different in the run that passes. */
static const char *what_happened(const struct explain_words *words,
                                 const struct explanation *explanation, uint32_t event)
{
    const struct trace *trace = explanation->failing.trace;
    const struct trace_record *first = NULL;
    bool is_found = false;
    for (size_t i = 0; i < trace_count(trace) && !is_found; i++) {
        const struct trace_record *record = trace_at(trace, i);
        if (record->event != event || explain_label(words, record) == NULL)
            continue;
        is_found = is_difference(explanation, i);
        if (is_found || first == NULL)
            first = record;
    }
    if (first == NULL)
        return NULL;
    enum explain_role role = explain_role_of(first);
    bool is_of_rce = role == ROLE_ASK || role == ROLE_NOTE || role == ROLE_CRASHED ||
                     role == ROLE_RESUMED || role == ROLE_UNHEARD || role == ROLE_GIVEN_UP;
    return arena_print(words->arena, "%s: %s",
                       is_of_rce             ? "RCE"
                       : role == ROLE_ANSWER ? "the service"
                                             : explain_who(words, first->subject),
                       explain_label(words, first));
}

const char *explain_doom_text(const struct explain_words *words,
                              const struct explanation *explanation)
{
    struct arena *arena = words->arena;
    const struct doom *doom = &explanation->doom;
    const char *seen = explain_clock(arena, doom->detected_at_ns);
    if (doom->event == 0)
        return arena_print(
            arena, "This failure was certain from the start: the typical world fails. Seen at %s.",
            seen);
    const char *lost = explain_clock(arena, doom->at_ns);
    const char *what = what_happened(words, explanation, doom->event);
    const char *in = what == NULL ? "" : arena_print(arena, " (%s)", what);
    if (doom->blind_ns < UNITS_S)
        return arena_print(arena, "This failure became certain only at %s%s, and was seen at once.",
                           lost, in);
    return arena_print(arena,
                       "From %s on%s this failure was certain, even if everything after that had "
                       "been typical; it was seen at %s: a blind wait of %s.",
                       lost, in, seen, spacetime_wait(arena, doom->at_ns, doom->detected_at_ns));
}
