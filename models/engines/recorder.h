/* recorder.h - an engine that is written down while it is used.
 *
 * A recorder is an engine around an engine (wrapper.h). Whoever drives it sees no difference, and
 * what is said between the two goes into histories (transcript.h):
 *
 *     driver -- input --> recorder -- input --> engine
 *            <-- actions --        <-- actions --
 *                           |
 *                           +--> track: lines of the protocol
 *
 * A track is one history: of one workflow, or of all workflows of an engine process in the order in
 * which they were spoken to. Only the latter can be repeated if workflows share something, such as
 * a retry budget. Two recorders may write to one track of one workflow: where the workflow goes
 * from one engine to the other, the history says which options hold from there on.
 *
 * What the driver does to an engine is in the history as well: a process that is begun again after
 * a crash is a `reset`, a state that is handed over or taken up again a `load`, with the bytes.
 * Answers are recorded whole, also where a crash kept some of the actions from being carried out.
 *
 * One thread; one engine process at a time.
 */
#ifndef MODELS_ENGINES_RECORDER_H
#define MODELS_ENGINES_RECORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "models/engines/transcript.h"
#include "models/rce/rce.h"
#include "sim/base/arena.h"

/* Every workflow of the process, in place of a number. */
#define RECORDER_ALL UINT64_MAX

struct recorder;

struct recorder_track {
    uint64_t workflow; /* `workflow` of its plan, or RECORDER_ALL */
    /* Where it goes, asked for when there is something to write; NULL: it is not written after all.
     * The file stays the caller's. */
    FILE *(*open)(void *context, struct recorder_track *track);
    void *context;
    /* Bytes that may still be written to this track and others, which it counts down; at 0 nothing
     * more is written: a history may be cut, at the end of a line. */
    uint64_t *left_bytes;

    /* What came of it. */
    uint64_t inputs, size_bytes;
    bool is_cut; /* There would have been more. */

    /* The recorder's own; zero. */
    struct transcript_writer *writer;
    const struct recorder *speaker;
    uint32_t last_id;
    bool is_refused;
};

/* What is recorded. */
struct recorder_source {
    const struct rce_engine *engine;
    const void *settings;
    const struct rce_options *options; /* What it was configured with: the first line. */
    const char *config;                /* As engine_spec has it; NULL: none. */
};

/* Put a recorder around an engine, for one run: the tracks [track_count] are the caller's. It lies
 * in the arena, as does all memory that the engine gets. */
struct recorder *recorder_create(struct arena *arena, const struct recorder_source *source,
                                 struct recorder_track *tracks, size_t track_count);

/* The engine to be driven in place of the other one, and its settings. */
const struct rce_engine *recorder_engine(const struct recorder *recorder);
const void *recorder_settings(const struct recorder *recorder);

/* Do workflows share something under these options, a budget or a limiter? Then only a track of all
 * of them can be repeated. Of what an engine of another kind shares on its own nobody knows. */
bool recorder_is_shared(const struct rce_options *options);

#endif
