/* trace.h - what happened, as typed records in memory: cheap to write, rendered by somebody else.
 *
 * A record is a time, a type, a subject and up to four numbers. What the numbers mean stands in a
 * table of types that the model owns, so a record costs one store and no formatting, and the same
 * trace can become a story, a table or a diagram. A trace is append-only: chunks from an arena,
 * each twice as large as the one before, so that nothing is ever moved and the record at an index
 * is found in O(1). No trace (NULL) is the normal case and costs one predicted branch.
 *
 * Limits: with `record_max` the trace keeps the *first* so many records and counts the others.
 * Type 0 is the kernel's own: an event that fired; models number theirs from 1.
 *
 * On request (has_events) the trace also keeps which event was scheduled during which: the chains
 * of causes in which every record has its place.
 */
#ifndef SIM_KERNEL_TRACE_H
#define SIM_KERNEL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"

enum trace_level {
    TRACE_STEP = 1,  /* What a person following the story wants: steps, requests, outcomes. */
    TRACE_DEBUG = 2, /* Everything, every event that fired included. */
};

enum {
    TRACE_TYPE_EVENT = 0, /* values: kind, priority, a, b of the event; subject is its subject. */
    TRACE_TYPE_MODEL_FIRST = 1,
};

enum { TRACE_VALUE_COUNT = 4, TRACE_CHUNK_COUNT_MAX = 40 };

struct trace_record {
    int64_t time_ns;
    uint16_t type;
    uint8_t level; /* enum trace_level */
    uint32_t subject;
    uint32_t event; /* Set by the trace: the event during which it was written, see has_events. */
    uint64_t values[TRACE_VALUE_COUNT];
};

/* An event of the simulation, where they are kept. Events are numbered from 1 in the order in which
 * they fired; 0 stands for what was before the first. */
struct trace_event {
    int64_t time_ns;
    uint64_t history; /* The hash of the history after it. */
    uint32_t subject;
    uint32_t parent; /* The event during which it was scheduled. */
    uint16_t kind;
};

/* How a value is to be shown. */
enum trace_value {
    TRACE_VALUE_UNUSED = 0,
    TRACE_VALUE_COUNT_OF,    /* A plain number. */
    TRACE_VALUE_DURATION_NS, /* int64_t */
    TRACE_VALUE_TIME_NS,     /* int64_t, a point in time */
    TRACE_VALUE_NAME,        /* An index into `names`. */
    TRACE_VALUE_HEX,         /* An identifier or digest. */
};

/* What the records of one type mean. The model keeps an array of these, indexed by type. */
struct trace_type {
    const char *name;
    enum trace_level level;
    const char *labels[TRACE_VALUE_COUNT]; /* NULL: the value is not used. */
    enum trace_value shown_as[TRACE_VALUE_COUNT];
    const char *const *names[TRACE_VALUE_COUNT]; /* For TRACE_VALUE_NAME, ended by NULL. */
};

struct trace_options {
    enum trace_level level;         /* Records above it are not kept. 0 means TRACE_STEP. */
    size_t record_max;              /* 0: no limit but the arena's. */
    const struct trace_type *types; /* Not copied; may be NULL. */
    size_t type_count;
    bool has_events; /* Keep which event caused which: for a simulation that is told so. */
};

/* Visible so that trace_wants is inline; touch it through the functions only. */
struct trace {
    struct arena *arena;
    struct trace_options options;
    struct trace_record *chunks[TRACE_CHUNK_COUNT_MAX]; /* Chunk k holds 64 << k records. */
    size_t count, dropped_count;
    struct trace_event *events; /* [event_room]; entry 0 stands for event 1. */
    uint32_t event_count, event_room;
};

/* Create an empty trace that lives in `arena`. */
struct trace *trace_create(struct arena *arena, const struct trace_options *options);

/* Forget all records; the chunks are used again. */
void trace_clear(struct trace *trace);

/* Append a copy, out of line. Use trace_add. */
void trace_append(struct trace *trace, const struct trace_record *record);

/* Would a record of this level be looked at? False for no trace (NULL). Ask before computing
 * anything expensive for a record. */
static inline bool trace_wants(const struct trace *trace, enum trace_level level)
{
    return __builtin_expect(trace != NULL, 0) && level <= trace->options.level;
}

/* Append a copy of the record. No trace (NULL) and too high a level: nothing happens. */
static inline void trace_add(struct trace *trace, const struct trace_record *record)
{
    if (trace_wants(trace, (enum trace_level)record->level))
        trace_append(trace, record);
}

/* Records kept, records that the limit dropped, and the record `index` (0 is the oldest). O(1). */
size_t trace_count(const struct trace *trace);
size_t trace_dropped_count(const struct trace *trace);
const struct trace_record *trace_at(const struct trace *trace, size_t index);

/* Note that an event fires; the records that follow belong to it. For the kernel. */
void trace_begin_event(struct trace *trace, const struct trace_event *event);

/* Events kept, and event `number` of them (1 is the first); 0 without has_events. O(1). */
uint32_t trace_event_count(const struct trace *trace);
const struct trace_event *trace_event_at(const struct trace *trace, uint32_t number);

/* The trace, if it keeps events; else NULL, also for no trace. */
static inline struct trace *trace_keeping_events(struct trace *trace)
{
    return trace != NULL && trace->options.has_events ? trace : NULL;
}

/* Return what a type means, or NULL where the model's table says nothing. */
const struct trace_type *trace_type_of(const struct trace *trace, uint16_t type);

#endif
