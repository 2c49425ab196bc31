#include "sim/kernel/trace.h"

#include <string.h>

#include "sim/base/check.h"

/* Chunk k holds FIRST_CHUNK << k records, so record i lies in chunk log2(i / FIRST_CHUNK + 1). */
#define FIRST_CHUNK ((size_t)64)

static size_t chunk_of(size_t index)
{
    return 63 - (size_t)__builtin_clzll((unsigned long long)(index / FIRST_CHUNK + 1));
}

static size_t first_index_of(size_t chunk)
{
    return FIRST_CHUNK * (((size_t)1 << chunk) - 1);
}

struct trace *trace_create(struct arena *arena, const struct trace_options *options)
{
    struct trace *trace = arena_take(arena, sizeof *trace);
    *trace = (struct trace){.arena = arena, .options = *options};
    if (trace->options.level == 0)
        trace->options.level = TRACE_STEP;
    return trace;
}

void trace_clear(struct trace *trace)
{
    trace->count = 0;
    trace->dropped_count = 0;
    trace->event_count = 0;
}

void trace_append(struct trace *trace, const struct trace_record *record)
{
    if (trace->options.record_max != 0 && trace->count >= trace->options.record_max) {
        trace->dropped_count++;
        return;
    }
    size_t chunk = chunk_of(trace->count);
    CHECK(chunk < TRACE_CHUNK_COUNT_MAX);
    if (trace->chunks[chunk] == NULL)
        trace->chunks[chunk] =
            arena_take_array(trace->arena, FIRST_CHUNK << chunk, sizeof(struct trace_record));
    struct trace_record *kept = &trace->chunks[chunk][trace->count - first_index_of(chunk)];
    *kept = *record;
    kept->event = trace->event_count;
    trace->count++;
}

void trace_begin_event(struct trace *trace, const struct trace_event *event)
{
    if (trace->event_count == trace->event_room) {
        uint32_t room = trace->event_room == 0 ? 256 : 2 * trace->event_room;
        struct trace_event *wider = arena_take_array(trace->arena, room, sizeof *wider);
        if (trace->event_count > 0)
            memcpy(wider, trace->events, trace->event_count * sizeof *wider);
        trace->events = wider;
        trace->event_room = room;
    }
    trace->events[trace->event_count++] = *event;
}

uint32_t trace_event_count(const struct trace *trace)
{
    return trace->event_count;
}

const struct trace_event *trace_event_at(const struct trace *trace, uint32_t number)
{
    CHECK(number >= 1 && number <= trace->event_count);
    return &trace->events[number - 1];
}

size_t trace_count(const struct trace *trace)
{
    return trace->count;
}

size_t trace_dropped_count(const struct trace *trace)
{
    return trace->dropped_count;
}

const struct trace_record *trace_at(const struct trace *trace, size_t index)
{
    CHECK(index < trace->count);
    size_t chunk = chunk_of(index);
    return &trace->chunks[chunk][index - first_index_of(chunk)];
}

const struct trace_type *trace_type_of(const struct trace *trace, uint16_t type)
{
    if (trace->options.types == NULL || type >= trace->options.type_count)
        return NULL;
    const struct trace_type *meaning = &trace->options.types[type];
    return meaning->name == NULL ? NULL : meaning;
}
