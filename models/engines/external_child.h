/* external_child.h - one process that is spoken to in lines. Internal to external.c.
 *
 * Lines to the process are collected in `out` and sent when an answer is waited for; its answers
 * come one by one. Whatever it writes to standard error is passed on, line by line with its name in
 * front, up to a limit. Waiting ends with the process, with the time limit, or with a line that is
 * too long; each is an error that says what happened, and the last words of the process.
 *
 * One thread at a time.
 */
#ifndef MODELS_ENGINES_EXTERNAL_CHILD_H
#define MODELS_ENGINES_EXTERNAL_CHILD_H

#include <signal.h>

#include "models/engines/external_spawn.h"
#include "models/engines/message.h"

enum {
    CHILD_WORDS_LINES_MAX = 200, /* of standard error that are passed on, a process */
    CHILD_WORDS_SIZE_BYTES = 512,
};

struct child {
    struct spawned spawned;
    struct arena *arena;
    const char *label;
    struct message_text out;
    size_t sent_bytes; /* of out */
    char *in;          /* in[from .. to) came and was not taken; no newline before `searched` */
    size_t in_room_bytes, from, searched, to;
    struct message_span line; /* the last one that was taken */
    uint64_t lines_count;
    uint32_t unanswered; /* lines in `out`, or sent, whose answer was not taken */
    uint32_t next_id;    /* of workflows, never used twice */
    char words[CHILD_WORDS_SIZE_BYTES], last_words[CHILD_WORDS_SIZE_BYTES];
    size_t words_size_bytes;
    uint32_t words_lines_count;
    bool is_words_cut; /* the rest of this line of standard error is not passed on */
    bool is_loud;      /* it has written much at a time to standard error, and may again */
    uint8_t *state;    /* the last state that was saved, of workflow saved_id (0 = none) */
    size_t state_size_bytes;
    uint32_t saved_id;
    /* Not 0: somebody wants the run to end, and no answer is waited for any more. May be NULL. */
    const volatile sig_atomic_t *interrupted;
};

/* Start a process. `label` stands in front of what it says on standard error. */
struct child *child_start(struct spawner *spawner, const char *label, struct error *error);

/* End it: close its input, give it a moment to leave if `is_graceful`, and kill its whole process
 * group. */
void child_stop(struct child *child, bool is_graceful);

/* Room for `size_bytes` more in `out`. Lines that were sent are forgotten first. */
struct message_text *child_room(struct child *child, size_t size_bytes);

/* Send what is in `out`, and wait for the next line: `line`, without its newline, is good until the
 * next call. False: `error` says why there is none; the process is of no use any more. */
bool child_read(struct child *child, int64_t limit_ns, struct error *error);

#endif
