/* history.h - feed the inputs of a recorded history to an engine, and compare what it answers.
 *
 * A history (transcript.h) has what some engine was told and what it answered. Given to another
 * build of it, the first answer that differs shows what the change does, in situations that were
 * there. From then on nothing is comparable, because the world would have gone another way: so one
 * difference is all there is to find in a history.
 *
 * An engine in this program runs in a forked child, so that a crash or a hang is a finding, with
 * the input that it was at. One in a process of its own is watched by its driver (external.h).
 */
#ifndef MODELS_ENGINES_CONFORMANCE_HISTORY_H
#define MODELS_ENGINES_CONFORMANCE_HISTORY_H

#include <stdio.h>

#include "models/engines/engines.h"

enum { HISTORY_CONTEXT = 4, HISTORY_PROBLEM_BYTES = 2048 };

/* What came before a finding, the last one is the input that is answered otherwise. */
struct history_input {
    uint64_t line;
    struct rce_input input;
};

struct history_result {
    uint64_t starts, workflows, steps, compared; /* workflows by their plans, not ids */
    bool differs; /* An answer is not the recorded one, or there is none: see `problem`. */
    /* Where it differs. */
    uint64_t line;     /* of what it was told last */
    uint64_t workflow; /* as its plan says */
    uint32_t id;
    uint32_t context_count; /* 0: it was no input */
    struct history_input context[HISTORY_CONTEXT];
    uint64_t answer_line;
    const char *recorded, *given; /* lines of the protocol, without their newlines; or NULL */
    /* Why it gives no answer at all, a clause: "it crashes (Aborted)", "it does not come back".
     * Empty: it gives one. */
    char problem[HISTORY_PROBLEM_BYTES];
};

/* Read a history to its end or to the first difference. The engine is opened with the options that
 * the history names (those of a fresh rce_options where it does not), and its config unless the
 * specification has one. Errors: those of engine_open and transcript_next; ERROR_SCENARIO where a
 * line names a workflow that is not there, or the engine lacks what the history needs. */
bool history_check(FILE *file, const char *name, const struct engine_spec *spec,
                   struct arena *arena, struct history_result *result, struct error *error);

#endif
