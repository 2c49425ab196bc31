/* external.h - an engine in a process of its own, spoken to in JSON Lines (PROTOCOL.md).
 *
 * The process is started without a shell, with PATH, LANG, LC_ALL and what its config names as
 * environment, with standard input, output and error and no other descriptor, in a process group of
 * its own. It serves one simulated engine process (one replication) after the other, with a `reset`
 * in between; as many are started as threads need one at a time, and they are kept until the engine
 * is closed. They end with us, however we end.
 *
 * Steps are in lock-step: an input goes out, its actions come back. What needs no answer at once
 * (the begin and end of workflows, resets) goes out together with the next step. Whatever is wrong
 * with the process or its answers, an action that the contract forbids included, breaks the
 * simulated process (RCE_BROKEN), and `complaint` names the line of its output.
 *
 * Config: an object that goes to the engine as it is, except for its key `process`, which is for
 * us: {"process": {"step_timeout": "10s", "start_timeout": "30s", "pin": true, "environment":
 * {"JAVA_HOME": "/opt/java", "HOME": null}}}. Times are wall-clock time; `pin` is external_pin.h;
 * null takes the variable over from our own environment.
 *
 * Limits: a line of MESSAGE_LINE_MAX_BYTES; EXTERNAL_IDLE_MAX processes are kept; 200 lines of
 * standard error are passed on for each.
 */
#ifndef MODELS_ENGINES_EXTERNAL_H
#define MODELS_ENGINES_EXTERNAL_H

#include "models/engines/engines.h"

enum { EXTERNAL_IDLE_MAX = 256, EXTERNAL_BATCH_MAX = 64 };

/* Fill in `engine`, which is zeroed: table, settings, label, digest, close, own. As engine_open for
 * ENGINE_COMMAND. The first process is started here, so that its name is known and its complaints
 * about the config come early. */
bool external_open(struct engine *engine, struct arena *arena, const struct engine_spec *spec,
                   const struct rce_options *options, struct error *error);

/* One step of one workflow among several. */
struct external_step {
    void *workflow;
    struct rce_input input;
    enum rce_status status;      /* out */
    struct rce_actions *actions; /* out, the caller's */
};

/* Take one input for each of several different workflows of a process, at most EXTERNAL_BATCH_MAX,
 * in one line and one answer. For whoever knows inputs before the actions of others have been
 * carried out: those of one instant, or of a history. As if they were taken one after the other.
 * False: the process is broken. */
bool external_step_batch(void *process, struct external_step *steps, uint32_t count);

#endif
