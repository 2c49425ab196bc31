/* scenario.h - a scenario: YAML documents and overrides, resolved and checked against a schema.
 *
 *     --set path=value ...      last word
 *     scenario.yaml             `extends:` its base; first key: `question`
 *     base.yaml                 may extend again, up to SCENARIO_EXTENDS_MAX deep
 *     schema defaults           first word
 *
 * An overlay merges map by map; a scalar or a list replaces what was there; `null` takes it away.
 * `--set path=value` is an overlay of one line, and its value may be any YAML ({}, [a, b], null).
 * A key with nothing behind it is an error: `{}` switches an optional map on, `null` off. Beyond
 * YAML: inside { } a comma in parentheses belongs to the value, so that {update: uniform(1h, 2h)}
 * means what it says (strictly it would be a second key "2h)" with nothing behind it).
 *
 * A loaded scenario is immutable but for scenario_complain, lives in the caller's arena and is read
 * by concrete paths ("variants.after.retry.after"). Asking for a path that the schema does not
 * have, with the wrong accessor, or for a value that is not there (scenario_has) is a bug: CHECK.
 *
 * Errors are collected, up to SCENARIO_ERRORS_MAX, ordered by place, each
 *     file:line:column: message
 *         12 |   source line
 *            |          ^
 * with code ERROR_SCENARIO, also for a file that cannot be read. Columns count characters. Of an
 * override the place is `--set path=value`.
 *
 * Limits: below. Files must be regular files (no directory, FIFO or device), UTF-8, one document.
 */
#ifndef SIM_SCENARIO_SCENARIO_H
#define SIM_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/chance/dist.h"
#include "sim/scenario/schema.h"

enum {
    SCENARIO_SIZE_MAX_BYTES = 1 << 20, /* Of one file. */
    SCENARIO_DEPTH_MAX = 32,           /* Of nesting. */
    SCENARIO_NODES_MAX = 10000,        /* Of one document with its aliases expanded. */
    SCENARIO_EXTENDS_MAX = 8,
    SCENARIO_ERRORS_MAX = 20,
};

struct scenario;

struct scenario_source {
    const char *file_name; /* What to read, and its name in messages. */
    const char *text;      /* What the file would hold, for tests; NULL: read it. */
    size_t text_size_bytes;
    const char *const *overrides; /* "path=value", in the order of the command line. */
    size_t override_count;
};

/* Load, merge, check. The schema must outlive the scenario; nothing else need. Files that a
 * distribution names, and the file of `extends`, are relative to the document that names them (an
 * override counts as part of the scenario). */
bool scenario_load(struct scenario **out, struct arena *arena, const struct scenario_source *source,
                   const struct schema *schema, struct error *error);

/* Look up a text at the top of a scenario before its schema is known, for instance which schema it
 * is written for. Overrides count, as does what the scenario extends. NULL: it is not there, or the
 * files cannot be read, which scenario_load will say better. The text lies in the arena. */
const char *scenario_peek(struct arena *arena, const struct scenario_source *source,
                          const char *key);

/* Is there a value: written, or a default; for an optional map: is it on? False also for free names
 * and list elements that do not exist. */
bool scenario_has(const struct scenario *scenario, const char *path);

/* Was it written (or set) rather than filled in? */
bool scenario_is_given(const struct scenario *scenario, const char *path);

int64_t scenario_duration_ns(const struct scenario *scenario, const char *path);
double scenario_share(const struct scenario *scenario, const char *path);
double scenario_number(const struct scenario *scenario, const char *path);
int64_t scenario_count(const struct scenario *scenario, const char *path);
double scenario_rate_per_s(const struct scenario *scenario, const char *path);
const char *scenario_text(const struct scenario *scenario, const char *path);
int scenario_choice(const struct scenario *scenario, const char *path); /* Index into choices. */
bool scenario_flag(const struct scenario *scenario, const char *path);
const struct dist *scenario_dist(const struct scenario *scenario, const char *path);

/* A SCHEMA_TREE as JSON text; a plain text counts as a string, where it is no number or flag. Keys
 * are sorted. The text lives as long as the scenario. */
const char *scenario_tree(const struct scenario *scenario, const char *path);

/* Children of a map with free names, or of a list, in document order. An absent one has 0. A name
 * lives as long as the scenario; only maps have names. */
size_t scenario_child_count(const struct scenario *scenario, const char *path);
const char *scenario_child_name(const struct scenario *scenario, const char *path, size_t index);

/* Complain about the value at `path`, in the format above: for rules over several fields, which the
 * schema cannot say. Complaints add up: `error` holds all so far. Returns false. The place of a
 * value that was not written is its nearest written ancestor's. */
bool scenario_complain(struct scenario *scenario, const char *path, struct error *error,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same about entry `key` of the tree at `path`; where it has none, about the tree. */
bool scenario_complain_in(struct scenario *scenario, const char *path, const char *key,
                          struct error *error, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The folder that relative names in the value at `path` are relative to: that of the document that
 * it is written in, or of the scenario; NULL: the current one. */
const char *scenario_directory(const struct scenario *scenario, const char *path);

/* The scenario's name: the file without folders and ".yaml". */
const char *scenario_name(const struct scenario *scenario);

/* Hash the resolved content. Independent of comments, layout, key order, units chosen, of whether a
 * default was written out and of how values were spread over files. Not independent of the order of
 * entries under free names (the first variant is what the others are compared with). Of a data file
 * that a distribution reads, the name and 64 quantiles count. */
uint64_t scenario_hash(const struct scenario *scenario);

/* The same of a part: without the `count` top-level keys of these names, so that two scenarios can
 * be asked whether they differ in anything else. */
uint64_t scenario_hash_without(const struct scenario *scenario, const char *const *keys,
                               size_t count);

/* Print what that hash is of: a line "path = value" for every value, and "path" for a map that is
 * on. */
void scenario_print_content_without(const struct scenario *scenario, const char *const *keys,
                                    size_t count, FILE *out);

/* Print every value with its origin as a comment (`default`, `file:line`, `--set`). What is printed
 * is itself a scenario with the same hash. */
void scenario_print_resolved(const struct scenario *scenario, FILE *out);

#endif
