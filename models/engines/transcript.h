/* transcript.h - what a driver and an engine said to each other, as a file: a history.
 *
 * The lines are those of the protocol (PROTOCOL.md), so the log of a process is a history as it is,
 * and a history of a linked engine reads like one. One line is one input, the next one its actions:
 *
 *     {"op":"init",...}                  the options and the config (optional)
 *     {"protocol":1,"name":...}          who answered (optional)
 *     {"op":"begin","id":1,"plan":...}   a workflow
 *     {"op":"step","id":1,"input":...}   what it was told
 *     {"id":1,"status":...,"actions":..} what it answered (may be missing, as in a list of inputs)
 *
 * The writer leaves out answers that say nothing (`ok`). The reader takes all lines of the protocol
 * and hands out what matters for feeding the inputs to an engine again: starts, workflows, steps
 * with their recorded actions, ends. Saves, digests and `ok` are passed over; of a batch each step
 * is an entry of its own.
 *
 * Limits: those of message.h.
 */
#ifndef MODELS_ENGINES_TRANSCRIPT_H
#define MODELS_ENGINES_TRANSCRIPT_H

#include <stdio.h>

#include "models/engines/message.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

struct transcript_writer;

/* Write to `file`, which stays the caller's, who also looks whether writing failed (ferror). */
struct transcript_writer *transcript_write(struct arena *arena, FILE *file);

/* One line, or two. The config is JSON text of an object, in one line. An engine's name or version
 * that is longer than the protocol allows is cut. False, and nothing is written: the config is too
 * long for a line. */
bool transcript_put_start(struct transcript_writer *writer, const struct rce_engine *engine,
                          const struct rce_options *options, const char *config);
void transcript_put_begin(struct transcript_writer *writer, uint32_t id,
                          const struct rce_plan *plan);
/* False, and nothing is written: the state is too long for a line. */
bool transcript_put_load(struct transcript_writer *writer, uint32_t id, const struct rce_plan *plan,
                         const void *state, size_t size_bytes);
void transcript_put_end(struct transcript_writer *writer, uint32_t id);
/* All workflows are forgotten, and what they shared: a new process. */
void transcript_put_reset(struct transcript_writer *writer);
/* False, and nothing is written, if an input or action has a value that rce.h does not list. */
bool transcript_put_step(struct transcript_writer *writer, uint32_t id,
                         const struct rce_input *input, enum rce_status status,
                         const struct rce_actions *actions);

/* Bytes that were written so far. */
uint64_t transcript_size_bytes(const struct transcript_writer *writer);

enum transcript_kind {
    TRANSCRIPT_START, /* options, config */
    TRANSCRIPT_HELLO, /* hello */
    TRANSCRIPT_BEGIN, /* id, plan */
    TRANSCRIPT_LOAD,  /* id, plan, state */
    TRANSCRIPT_STEP,  /* id, input; if is_answered, status and actions */
    TRANSCRIPT_END,   /* id */
    TRANSCRIPT_RESET,
};

/* What the next line, or two, said. Pointers are good until the next one is read. */
struct transcript_entry {
    enum transcript_kind kind;
    uint64_t line; /* of the file, from 1 on; of a step, that of its input */
    uint32_t id;
    const struct rce_options *options;
    const char *config;
    const struct message_hello *hello;
    const struct rce_plan *plan;
    const void *state;
    size_t state_size_bytes;
    const struct rce_input *input;
    bool is_answered;
    enum rce_status status;
    uint64_t answer_line;
    const struct rce_actions *actions;
};

struct transcript_reader;

/* Read from `file`, which stays the caller's; `name` is for messages. */
struct transcript_reader *transcript_read(struct arena *arena, FILE *file, const char *name);

/* Read the next entry. `*entry` is NULL at the end. ERROR_SCENARIO, with file:line:column, if a
 * line is none of the protocol, is out of place, or reports an error; ERROR_IO if the file cannot
 * be read. */
bool transcript_next(struct transcript_reader *reader, const struct transcript_entry **entry,
                     struct error *error);

#endif
