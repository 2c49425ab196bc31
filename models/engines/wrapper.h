/* wrapper.h - an engine around an engine: somebody is told what is said between it and its driver.
 *
 *     driver -- input --> wrapper -- input --> engine
 *            <-- actions --       <-- actions --
 *                            |
 *                            +--> hooks
 *
 * Whoever drives a wrapper sees no difference: name, versions, capabilities and answers are those
 * of the inner engine. A hook is called when the inner engine has done what was asked, and changes
 * nothing. In the life of a workflow:
 *
 *     process_begin   process_begun; again after a crash
 *     init            initialised
 *     load            loaded, unless the inner engine refuses
 *     step            stepped, unless it is RCE_BROKEN: then the actions do not count
 *     workflow_end    ended, also where the inner engine has no such function
 *
 * save, digest, complaint and process_end go through without a word.
 *
 * Memory. Sizes of an inner engine depend on more than a table of functions can be told, so the
 * blocks that the driver hands over hold pointers, and what they point to lies in the arena: the
 * inner process, the inner workflow, and what the hooks keep of a workflow. It is taken afresh, and
 * zeroed, with every process_begin, init and load, and goes with the arena. A load that is refused
 * leaves the workflow as it was, with what the hooks keep of it.
 *
 * One thread.
 */
#ifndef MODELS_ENGINES_WRAPPER_H
#define MODELS_ENGINES_WRAPPER_H

#include <stddef.h>

#include "models/rce/rce.h"
#include "sim/base/arena.h"

struct wrapper;

/* Each function may be NULL. `context` is that of wrapper_create; `own` [own_size_bytes] is what
 * the hooks keep of this workflow, and theirs alone. */
struct wrapper_hooks {
    size_t own_size_bytes; /* 0: nothing */
    void (*process_begun)(void *context);
    void (*initialised)(void *context, void *own, const struct rce_plan *plan);
    void (*loaded)(void *context, void *own, const struct rce_plan *plan, const void *bytes,
                   size_t size_bytes);
    /* As the inner engine answered: the contract may forbid it, a count above RCE_ACTIONS_MAX too.
     */
    void (*stepped)(void *context, void *own, const struct rce_input *input, enum rce_status status,
                    const struct rce_actions *actions);
    void (*ended)(void *context, void *own);
};

/* Put a wrapper around an engine and its settings. It lies in the arena; engine, settings and hooks
 * are the caller's and outlive it. */
struct wrapper *wrapper_create(struct arena *arena, const struct rce_engine *engine,
                               const void *settings, const struct wrapper_hooks *hooks,
                               void *context);

/* The engine to be driven in place of the inner one, and its settings, which are made already: it
 * has no configure. */
const struct rce_engine *wrapper_engine(const struct wrapper *wrapper);
const void *wrapper_settings(const struct wrapper *wrapper);

#endif
