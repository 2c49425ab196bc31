/* onlooker.h - an engine that somebody watches: each step is told, after the engine has answered.
 *
 * A wrapper (models/engines/wrapper.h) for the same purpose as drive_settings.watch: so a simulated
 * wave and a live one are looked at by the same function. Steps of a broken engine, and answers
 * that the contract forbids for their length, are not told.
 *
 * One engine process at a time.
 */
#ifndef MODELS_TESTBED_ONLOOKER_H
#define MODELS_TESTBED_ONLOOKER_H

#include "models/rce/rce.h"
#include "sim/base/arena.h"

struct onlooker {
    const struct rce_engine *engine; /* the one that is watched, and its settings */
    const void *settings;
    void (*watch)(void *context, uint32_t workflow, const struct rce_input *input,
                  const struct rce_actions *actions);
    void *context;
};

struct onlooker_engine;

/* Put an onlooker, which is copied, around its engine. It lies in the arena, as does all memory
 * that the engine gets. */
struct onlooker_engine *onlooker_create(struct arena *arena, const struct onlooker *onlooker);

/* The engine to be driven in place of the other one, and its settings. */
const struct rce_engine *onlooker_engine(const struct onlooker_engine *watched);
const void *onlooker_settings(const struct onlooker_engine *watched);

#endif
