/* document.h - one YAML document as a tree whose every node knows its place.
 *
 * Read from libyaml's events, not from its document API: depth, size, tags and aliases are bounded
 * while reading, before anything is built. A tree is immutable; an alias shares its anchor's node,
 * and node_merge and node_set build new maps around shared parts. Size and height are those of the
 * expanded tree, so an alias bomb is refused at the alias that goes over the limit, and an alias
 * inside its own anchor is a cycle.
 *
 * Scalars stay text: the schema, not YAML's guess, says what they mean. Only a plain null and a
 * value that is not there at all are told apart from text.
 */
#ifndef SIM_SCENARIO_DOCUMENT_H
#define SIM_SCENARIO_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/base/arena.h"
#include "sim/scenario/place.h"

enum { DOCUMENT_DEPTH_MAX = 32, DOCUMENT_NODES_MAX = 10000 };

enum node_kind {
    NODE_NULL,  /* null or ~: takes away what a base said. */
    NODE_EMPTY, /* Nothing stands where a value should. */
    NODE_SCALAR,
    NODE_MAP,
    NODE_LIST,
};

struct node_entry {
    const char *key; /* NULL in a list. */
    struct place key_place;
    const struct node *value;
};

struct node {
    enum node_kind kind;
    bool is_plain;    /* A scalar without quotes. */
    const char *text; /* Of a scalar. */
    struct place place;
    const struct node_entry *entries;
    size_t count;
    size_t size;   /* Nodes, itself included, aliases expanded. */
    size_t height; /* 1 for a scalar. */
};

/* Read a source. On failure complaints were added and NULL returned; complaints about single
 * entries (duplicate keys, ...) are added, the entry is left out, and the rest is returned. */
const struct node *document_parse(const struct source *source, struct arena *arena,
                                  struct complaints *complaints);

/* Return the entry with this key, or NULL. */
const struct node_entry *node_find(const struct node *map, const char *key);

/* Lay `overlay` over `base` (may be NULL): maps merge, anything else replaces. Keys keep the base's
 * order, new ones follow. */
const struct node *node_merge(struct arena *arena, const struct node *base,
                              const struct node *overlay);

/* Make a map like `map` (anything but a map counts as an empty one) in which `key` is `value`. */
const struct node *node_with_entry(struct arena *arena, const struct node *map,
                                   struct node_entry entry);

/* Make a list like `list` in which element `index` (at most the count: then one is added) is
 * `value`. */
const struct node *node_with_element(struct arena *arena, const struct node *list, size_t index,
                                     const struct node *value);

/* "a text", "a map", "a list", "null", "nothing". */
const char *node_kind_name(enum node_kind kind);

/* Does a plain scalar say null? */
bool node_text_is_null(const char *text);

#endif
