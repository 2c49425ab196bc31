/* engines.h - how an engine is plugged in: linked, as a shared object, or as a process of its own.
 *
 * A scenario or a command line says which engine it wants (struct engine_spec); here that becomes
 * the table of functions that models/rce/rce.h describes, and the settings that go with it. Whoever
 * uses an engine sees only these and cannot tell the difference:
 *
 *     linked    "rce"                       engines.c: its settings are the options themselves
 *     plugin    ./libmyrce.so               plugin.h: runs inside this program, with all its rights
 *     command   python3 my_engine.py        external.h: a process of its own, without a shell
 *
 * An engine is opened once for each variant that uses it and is constant from then on, so all
 * threads share it. `digest` says whether two are the same: it covers the bytes of a shared object,
 * or the words of a command and the files among them, and the config. Results of engines whose
 * digests differ must not be joined.
 */
#ifndef MODELS_ENGINES_ENGINES_H
#define MODELS_ENGINES_ENGINES_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rce/rce.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

enum engine_kind { ENGINE_LINKED, ENGINE_PLUGIN, ENGINE_COMMAND };

enum { ENGINE_WORDS_MAX = 64 };

struct engine_spec {
    enum engine_kind kind;
    const char *name;         /* ENGINE_LINKED: one of engines_names. */
    const char *path;         /* ENGINE_PLUGIN: the file. */
    const char *const *words; /* ENGINE_COMMAND: [word_count], the program and its arguments. */
    size_t word_count;
    const char *config;    /* JSON text of an object, of the engine's own; NULL: {}. */
    const char *directory; /* What relative paths are relative to; NULL: the current folder. */
    /* ENGINE_COMMAND: not 0, waiting for an answer ends at once, with an error; NULL: it cannot be
     * interrupted. Lives as long as the engine. */
    const volatile sig_atomic_t *interrupted;
    /* ENGINE_COMMAND: so many processes are kept when nobody needs them; 0: EXTERNAL_IDLE_MAX. */
    uint32_t idle_max;
};

/* An opened engine. `close` may be NULL; what it needs lies in `own`. */
struct engine {
    enum engine_kind kind;
    const struct rce_engine *table;
    void *settings;
    const struct engine_spec *spec; /* What it was opened by, copied. */
    const char *label;              /* For people: "rce 1.0", "myrce 2.3 (plugin ./libmyrce.so)". */
    uint64_t digest; /* 0 for a linked engine: it belongs to this program's version. */
    void (*close)(struct engine *engine);
    void *own;
};

/* Open an engine with the options of a variant. It lives in the arena, and is closed when the arena
 * is reset or destroyed. Errors: ERROR_SCENARIO, where the engine is not there, is none, cannot be
 * used with this program, or refuses its config; the message names the engine, but not where the
 * scenario asked for it. Plugins and commands are started here. */
bool engine_open(const struct engine **engine, struct arena *arena, const struct engine_spec *spec,
                 const struct rce_options *options, struct error *error);

/* Open the engine that `like` is once more, with other options: as if the scenario had said so. Of
 * the processes of a command `idle_max` are kept. */
bool engine_open_again(const struct engine **engine, struct arena *arena, const struct engine *like,
                       const struct rce_options *options, uint32_t idle_max, struct error *error);

/* Do two specifications name the same engine, with the same config, from the same folder? Their
 * digests would not tell: that of a command covers the options as well. */
bool engine_is_same_spec(const struct engine_spec *a, const struct engine_spec *b);

/* Check that an engine has these capabilities (bits of enum rce_capability); `purpose` is what for,
 * as in "a rollout hands workflows over, and". ERROR_SCENARIO. */
bool engine_require(const struct engine *engine, uint32_t capabilities, const char *purpose,
                    struct error *error);

/* Read a specification as the command line writes it: "NAME", "plugin:PATH" or "command:WORDS",
 * words separated by blanks, with quotes '...' and "..." around what holds blanks. Relative to the
 * current folder. ERROR_USAGE. */
bool engine_spec_parse(struct engine_spec *spec, struct arena *arena, const char *text,
                       struct error *error);

/* For those who open engines of some kind: make the settings of `engine`, whose table is there, by
 * its `configure`; where it has none they are a copy of the options. ERROR_SCENARIO, with the
 * engine's own message. */
bool engine_configure(struct engine *engine, struct arena *arena, const struct rce_options *options,
                      const char *config, struct error *error);

/* Where a relative path of a specification leads; always with a slash in it. In the arena. */
const char *engine_path(struct arena *arena, const struct engine_spec *spec, const char *path);

/* The linked engine of that name, or NULL. It is constant and lives as long as the program. */
const struct rce_engine *engines_find(const char *name);

/* How many engines are linked, and engine `index` < that, in a fixed order; the first is the
 * default. */
size_t engines_count(void);
const struct rce_engine *engines_at(size_t index);

/* The names, for messages: an array of engines_count() strings. */
const char *const *engines_names(void);

#endif
