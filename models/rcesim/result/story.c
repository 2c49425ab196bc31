#include "models/rcesim/result/story.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "models/rce/rce.h"
#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

enum { CLOCK_WIDTH = 14, WHO_WIDTH = 18, GAP = 2, TEXT_SIZE_BYTES = 512 };

/* A text of limited length that is put together piece by piece. */
struct line {
    char text[TEXT_SIZE_BYTES];
    size_t used;
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(line->text + line->used, TEXT_SIZE_BYTES - line->used, format, arguments);
    va_end(arguments);
    line->used += length > 0 ? (size_t)length : 0;
    if (line->used >= TEXT_SIZE_BYTES)
        line->used = TEXT_SIZE_BYTES - 1;
}

/* Who it concerns; the SDDC is the same in the whole story and stands in its title. */
static const char *print_who(char *text, size_t size_bytes, uint32_t entity)
{
    uint32_t cluster = entity_cluster(entity), host = entity_host(entity);
    if (cluster == ENTITY_NO_CLUSTER)
        snprintf(text, size_bytes, "SDDC");
    else if (host == ENTITY_NO_HOST)
        snprintf(text, size_bytes, "cluster %" PRIu32, cluster);
    else if (host == ENTITY_TEMPORARY_HOST)
        snprintf(text, size_bytes, "cluster %" PRIu32 " temp.", cluster);
    else
        snprintf(text, size_bytes, "cluster %" PRIu32 " host %" PRIu32, cluster, host);
    return text;
}

/* Names that are identifiers elsewhere, in words. */
static const char *const result_words[RCE_RESULT_COUNT] = {
    [RCE_ACCEPTED] = "accepted",
    [RCE_STATE] = "state",
    [RCE_THROTTLED] = "throttled (429)",
    [RCE_UNAVAILABLE] = "unavailable (503)",
    [RCE_NOT_READY] = "refused, the cluster is not ready (409)",
    [RCE_REFUSED] = "refused",
    [RCE_UNKNOWN] = "the answer is lost",
};
static const char *const reason_words[RCE_REASON_COUNT] = {
    [RCE_REASON_NONE] = "none",
    [RCE_REASON_DEADLINE] = "deadline",
    [RCE_REASON_TASK_FAILED] = "task failed",
    [RCE_REASON_THROTTLED] = "throttled",
    [RCE_REASON_UNAVAILABLE] = "unavailable",
    [RCE_REASON_NOT_READY] = "cluster not ready",
    [RCE_REASON_REFUSED] = "refused",
    [RCE_REASON_UNKNOWN] = "no answer",
};

static const char *name_of(const struct trace_type *type, int index, uint64_t value)
{
    const char *const *names = type->names[index];
    uint64_t count = 0;
    while (names != NULL && names[count] != NULL)
        count++;
    if (value >= count)
        return NULL;
    if (names == rce_result_names)
        return result_words[value];
    if (names == rce_reason_names)
        return reason_words[value];
    if (names == vmc_cause_names)
        return vmc_model.metrics[METRIC_FIRST_CAUSE + value].label;
    if (names == vmc_violation_names)
        return vmc_model.metrics[METRIC_FIRST_VIOLATION + value].label;
    return names[value];
}

static void add_value(struct line *line, const struct trace_type *type, int index, uint64_t value)
{
    char text[UNITS_TEXT_SIZE_BYTES];
    switch (type->shown_as[index]) {
    case TRACE_VALUE_UNUSED: return;
    case TRACE_VALUE_NAME: {
        const char *name = name_of(type, index, value);
        if (name != NULL)
            add(line, "%s", name);
        else
            add(line, "%" PRIu64, value);
        return;
    }
    case TRACE_VALUE_COUNT_OF: add(line, "%" PRIu64, value); return;
    case TRACE_VALUE_HEX: add(line, "%" PRIx64, value); return;
    case TRACE_VALUE_DURATION_NS:
        add(line, "%s", units_print_duration(text, (int64_t)value));
        return;
    case TRACE_VALUE_TIME_NS: add(line, "%s", units_print_clock(text, (int64_t)value)); return;
    }
    check_failed(__FILE__, __LINE__, "a known way to show a value");
}

/* How a type is told: %0 to %3 are its values, %S the state that a read answers, %R the result in
 * value 2, %O the outcome in value 2; what stands in [ ] is left out if all values in it are 0. */
enum { ANY = -1 };
static const struct wording {
    const char *type;
    int at, value; /* Only where the value at `at` is this one; ANY: always. */
    const char *text;
} wordings[] = {
    {"input", 0, RCE_INPUT_START, "engine hears: start"},
    {"input", 0, RCE_INPUT_RESPONSE, "engine hears: response to %1: %R[, task %3]"},
    {"input", 0, RCE_INPUT_CALLBACK, "engine hears: callback of %1[, task %3]: %O"},
    {"input", 0, RCE_INPUT_TIMER, "engine hears: timer %3"},
    {"input", ANY, 0, "engine hears: %0"},
    {"engine asks", ANY, 0, "engine asks: %0, attempt %1[, key %2]"},
    {"engine notes", 0, RCE_NOTE_STEP_STARTED, "engine: step begins: %1"},
    {"engine notes", 0, RCE_NOTE_STEP_ENDED, "engine: step ends: %1"},
    {"engine notes", 0, RCE_NOTE_CALLBACK_BELIEVED,
     "engine believes the callback of %1[, task %2]"},
    {"engine notes", 0, RCE_NOTE_ANSWER_BELIEVED,
     "engine believes the answer: %1[, task %2] has ended"},
    {"engine notes", 0, RCE_NOTE_CALLBACK_IGNORED, "engine ignores a callback of %1[, task %2]"},
    {"engine notes", 0, RCE_NOTE_RESPONSE_IGNORED, "engine ignores a response to %1"},
    {"engine notes", 0, RCE_NOTE_STATE_BELIEVED, "engine believes the state: %1 is done"},
    {"engine notes", 0, RCE_NOTE_NOT_READY_YET,
     "engine: cluster not ready yet[, reads again at %3]"},
    {"engine notes", 0, RCE_NOTE_RETRY, "engine: %1 will be asked again[ at %3]"},
    {"engine notes", 0, RCE_NOTE_RETRIES_SPENT, "engine: no retries left for %1"},
    {"engine notes", 0, RCE_NOTE_SETTLING, "engine waits for things to settle[, until %3]"},
    {"engine notes", ANY, 0, "engine: %0, %1[, task %2][, at %3]"},
    {"engine sets timer", ANY, 0, "engine sets timer %0 to %1"},
    {"workflow ended", ANY, 0, "WORKFLOW %0[: %1 in %2]"},
    {"service answers", 1, RCE_STATE, "service answers %0: %S"},
    {"service answers", ANY, 0, "service answers %0: %1[, task %2]"},
    {"task", ANY, 0, "task[ %2], %0: %1"},
    {"host", ANY, 0, "host: %0 -> %1, usable hosts %2"},
    {"cluster", ANY, 0, "cluster: %0"},
    {"callback", ANY, 0, "callback of %0: %1[, task %2][, at %3]"},
    {"INVARIANT BROKEN", ANY, 0, "INVARIANT BROKEN: %0"},
    {"ground truth", ANY, 0, "ground truth: %0"},
    {"engine replaced", ANY, 0, "ENGINE REPLACED: %0 -> %1"},
    {"workflow re-driven", ANY, 0, "WORKFLOW RE-DRIVEN by the %0 engine"},
    {"engine crashed", 0, 0, "ENGINE PROCESS CRASHED[ after %1 actions][, %2 not carried out]"},
    {"engine crashed", 0, 1, "ENGINE WORKER CRASHED[ after %1 actions][, %2 not carried out]"},
    {"engine crashed", ANY, 0, "ENGINE STOPPED for another"},
    {"workflow resumed", ANY, 0, "WORKFLOW RESUMED from %1[, events held: %2]"},
    {"answer lost", ANY, 0, "answer to %0 finds nobody: %1[, task %2]"},
    {"workflow given up", ANY, 0, "WORKFLOW GIVEN UP after %0 crashes in a row"},
};

static const char *find_wording(const char *type, const struct trace_record *record)
{
    for (size_t i = 0; i < sizeof wordings / sizeof wordings[0]; i++) {
        const struct wording *wording = &wordings[i];
        if (strcmp(wording->type, type) == 0 &&
            (wording->at == ANY || record->values[wording->at] == (uint64_t)wording->value))
            return wording->text;
    }
    return NULL;
}

/* What a read found: of a cluster whether it is ready, of a host where its upgrade stands. */
static void add_state(struct line *line, uint64_t operation, uint64_t state)
{
    if (operation == RCE_READ_CLUSTER)
        add(line, "cluster %s", (state & RCE_STATE_CLUSTER_READY) != 0 ? "ready" : "not ready");
    else
        add(line, "%s, %s",
            (state & RCE_STATE_HOST_IN_MAINTENANCE) != 0 ? "in maintenance" : "not in maintenance",
            (state & RCE_STATE_HOST_UPDATED) != 0 ? "updated" : "not updated");
}

/* Add what stands behind a % sign. */
static void add_part(struct line *line, char what, const struct trace_type *type,
                     const struct trace_record *record)
{
    uint64_t result = record->values[2];
    if (what == 'S')
        add_state(line, record->values[0], record->values[3]);
    else if (what == 'R')
        add(line, "%s", result < RCE_RESULT_COUNT ? result_words[result] : "unknown");
    else if (what == 'O')
        add(line, "%s", result == RCE_TASK_SUCCEEDED ? "succeeded" : "failed");
    else
        add_value(line, type, what - '0', record->values[what - '0']);
}

/* Are all values named between here and the closing bracket 0? */
static bool is_empty(const char *at, const struct trace_record *record)
{
    for (; *at != ']'; at++)
        if (*at == '%' && record->values[at[1] - '0'] != 0) /* Only digits stand in [ ]. */
            return false;
    return true;
}

static void tell_by_wording(struct line *line, const char *wording, const struct trace_type *type,
                            const struct trace_record *record)
{
    for (const char *at = wording; *at != '\0'; at++) {
        if (*at == '[' && is_empty(at, record)) {
            at = strchr(at, ']');
        } else if (*at == '%') {
            add_part(line, *++at, type, record);
        } else if (*at != '[' && *at != ']') {
            add(line, "%c", *at);
        }
    }
}

/* The type's name, then each value that is not 0 with its label. */
static void tell_by_labels(struct line *line, const struct trace_type *type,
                           const struct trace_record *record)
{
    add(line, "%s", type->name);
    for (int i = 0; i < TRACE_VALUE_COUNT; i++) {
        if (type->shown_as[i] == TRACE_VALUE_UNUSED || record->values[i] == 0)
            continue;
        add(line, ", %s ", type->labels[i]);
        add_value(line, type, i, record->values[i]);
    }
}

static void tell(struct line *line, const struct trace *trace, const struct trace_record *record)
{
    *line = (struct line){0};
    const struct trace_type *type = trace_type_of(trace, record->type);
    const char *wording = type != NULL ? find_wording(type->name, record) : NULL;
    if (type == NULL)
        add(line, "record of type %u", record->type);
    else if (wording != NULL)
        tell_by_wording(line, wording, type, record);
    else
        tell_by_labels(line, type, record);
}

/* How many bytes of the text fit into `width` characters, broken before a blank or after a hyphen
 * if there is one. */
static size_t fitting(const char *text, int width)
{
    size_t size = strlen(text);
    if ((int)size <= width)
        return size;
    for (int i = width; i > width / 3; i--)
        if (text[i] == ' ' || (text[i - 1] == '-' && text[i] != '>'))
            return (size_t)i;
    return (size_t)width;
}

void story_print(const struct trace *trace, const struct page *page)
{
    int width = page->width - CLOCK_WIDTH - WHO_WIDTH - 2 * GAP;
    char clock[UNITS_TEXT_SIZE_BYTES], who[32];
    struct line line;
    for (size_t i = 0; i < trace_count(trace); i++) {
        const struct trace_record *record = trace_at(trace, i);
        tell(&line, trace, record);
        fprintf(page->file, "%*s%*s%-*s%*s", CLOCK_WIDTH, units_print_clock(clock, record->time_ns),
                GAP, "", WHO_WIDTH, print_who(who, sizeof who, record->subject), GAP, "");
        const char *rest = line.text;
        size_t size = fitting(rest, width);
        fprintf(page->file, "%.*s\n", (int)size, rest);
        for (rest += size; *rest != '\0'; rest += size) {
            rest += strspn(rest, " ");
            size = fitting(rest, width - GAP);
            fprintf(page->file, "%*s%.*s\n", CLOCK_WIDTH + WHO_WIDTH + 3 * GAP, "", (int)size,
                    rest);
        }
    }
    if (trace_dropped_count(trace) > 0)
        fprintf(page->file, "(%zu more records)\n", trace_dropped_count(trace));
}

/* Two texts side by side, as many lines as the longer one needs. */
static void print_pair(const struct page *page, const char *clock, const char *left,
                       const char *right)
{
    int width = (page->width - CLOCK_WIDTH - 2 * GAP) / 2;
    while (*left != '\0' || *right != '\0') {
        size_t left_size = fitting(left, width), right_size = fitting(right, width);
        fprintf(page->file, "%*s%*s%.*s", CLOCK_WIDTH, clock, GAP, "", (int)left_size, left);
        if (right_size > 0)
            fprintf(page->file, "%*s%.*s", width - (int)left_size + GAP, "", (int)right_size,
                    right);
        putc('\n', page->file);
        left += left_size;
        left += strspn(left, " ");
        right += right_size;
        right += strspn(right, " ");
        clock = "";
    }
}

static void tell_in_short(struct line *line, const struct trace *trace,
                          const struct trace_record *record)
{
    struct line what;
    char who[32];
    *line = (struct line){0};
    if (record == NULL)
        return;
    tell(&what, trace, record);
    add(line, "%s: %.400s", print_who(who, sizeof who, record->subject), what.text);
}

const char *story_words(struct arena *arena, const struct trace *trace,
                        const struct trace_record *record)
{
    struct line line;
    tell_in_short(&line, trace, record);
    return arena_copy_text(arena, line.text);
}

static bool is_same_thing(const struct trace_record *a, const struct trace_record *b)
{
    return a->time_ns == b->time_ns && a->type == b->type && a->subject == b->subject;
}

/* Which of the two comes next: the left one, the right one, or both in one line. */
static void choose_next(const struct trace_record *const next[2], bool is_next[2])
{
    if (next[0] == NULL || next[1] == NULL) {
        is_next[0] = next[0] != NULL;
        is_next[1] = next[1] != NULL;
        return;
    }
    bool is_both = is_same_thing(next[0], next[1]);
    is_next[0] = is_both || next[0]->time_ns <= next[1]->time_ns;
    is_next[1] = is_both || !is_next[0];
}

void story_print_beside(const struct trace *const traces[2], const char *const titles[2],
                        const struct page *page, struct arena *arena)
{
    size_t at[2] = {0, 0};
    struct line *lines = arena_take_array(arena, 2, sizeof *lines);
    page_style(page, PAGE_STRONG);
    print_pair(page, "", titles[0], titles[1]);
    page_style(page, PAGE_PLAIN);
    while (at[0] < trace_count(traces[0]) || at[1] < trace_count(traces[1])) {
        const struct trace_record *next[2];
        bool is_next[2];
        for (int i = 0; i < 2; i++)
            next[i] = at[i] < trace_count(traces[i]) ? trace_at(traces[i], at[i]) : NULL;
        choose_next(next, is_next);
        for (int i = 0; i < 2; i++) {
            tell_in_short(&lines[i], traces[i], is_next[i] ? next[i] : NULL);
            at[i] += is_next[i];
        }
        char clock[UNITS_TEXT_SIZE_BYTES];
        units_print_clock(clock, next[is_next[0] ? 0 : 1]->time_ns);
        print_pair(page, clock, lines[0].text, lines[1].text);
    }
}
