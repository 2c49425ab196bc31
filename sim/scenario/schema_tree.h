/* schema_tree.h - the schema table as a tree, for this folder only.
 *
 * Made once a load, in the scenario's arena. Every path of the table becomes a node, and so does
 * every map on the way to it; children stand in the order of the table.
 */
#ifndef SIM_SCENARIO_SCHEMA_TREE_H
#define SIM_SCENARIO_SCHEMA_TREE_H

#include "sim/base/arena.h"
#include "sim/scenario/schema.h"

enum schema_shape {
    SHAPE_MAP,   /* Fixed keys. */
    SHAPE_NAMES, /* Free names; the only child describes each of them. */
    SHAPE_LIST,  /* The only child describes each element. */
    SHAPE_SCALAR,
};

struct schema_node {
    const char *path;                 /* As in the table. */
    const char *segment;              /* The last part of it: a key, "*" or "[]". */
    const struct schema_field *field; /* NULL for a map that only stands on the way. */
    enum schema_shape shape;
    bool is_optional; /* A map that may be off. */
    struct schema_node *first_child, *last_child, *next;
    size_t child_count;
    const char *const *choices; /* Of a choice. */
    size_t choice_count;
};

/* Build the tree and CHECK the table's form. */
const struct schema_node *schema_tree_create(struct arena *arena, const struct schema *schema);

/* Return the child for a key of a SHAPE_MAP, or NULL. */
const struct schema_node *schema_tree_child(const struct schema_node *node, const char *key);

/* Is this a name that `*` accepts? */
bool schema_name_is_good(const char *name);

#endif
