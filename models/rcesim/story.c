#include "models/rcesim/story.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "models/vmc/entity.h"
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

static const char *name_of(const struct trace_type *type, int index, uint64_t value)
{
    const char *const *names = type->names[index];
    for (uint64_t i = 0; names != NULL && names[i] != NULL; i++)
        if (i == value)
            return names[i];
    return NULL;
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

/* How a type is told: %0 to %3 are its values; what stands in [ ] is left out if all values in it
 * are 0. */
static const struct wording {
    const char *type, *text;
} wordings[] = {
    {"input", "engine hears: %0 %1[, result %2][, %3]"},
    {"engine asks", "engine asks: %0, attempt %1[, key %2]"},
    {"engine notes", "engine: %1 %0[, task %2][, at %3]"},
    {"engine sets timer", "engine sets timer %0 to %1"},
    {"workflow ended", "WORKFLOW %0[: %1 in %2]"},
    {"service answers", "service: %0 %1[, task %2][, state %3]"},
    {"task", "task[ %2], %0: %1"},
    {"host", "host: %0 -> %1, usable hosts %2"},
    {"cluster", "cluster: %0"},
    {"callback", "callback of %0: %1[, task %2][, at %3]"},
    {"INVARIANT BROKEN", "INVARIANT BROKEN: %0"},
    {"ground truth", "ground truth: %0"},
};

static const char *find_wording(const char *type)
{
    for (size_t i = 0; i < sizeof wordings / sizeof wordings[0]; i++)
        if (strcmp(wordings[i].type, type) == 0)
            return wordings[i].text;
    return NULL;
}

/* Are all values named between here and the closing bracket 0? */
static bool is_empty(const char *at, const struct trace_record *record)
{
    for (; *at != ']'; at++)
        if (*at == '%' && record->values[at[1] - '0'] != 0)
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
            at++;
            add_value(line, type, *at - '0', record->values[*at - '0']);
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
    const char *wording = type != NULL ? find_wording(type->name) : NULL;
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
