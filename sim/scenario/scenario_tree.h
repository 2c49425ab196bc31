/* scenario_tree.h - what is inside a loaded scenario, for this folder only.
 *
 * A tree of values in the shape of the schema: a map has one child for each key of the schema,
 * written or not, in the order of the table; a map with free names or a list has one for each entry
 * in document order. Below a map that is off there is nothing.
 */
#ifndef SIM_SCENARIO_SCENARIO_TREE_H
#define SIM_SCENARIO_SCENARIO_TREE_H

#include "sim/scenario/document.h"
#include "sim/scenario/place.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/schema_tree.h"
#include "sim/scenario/value.h"

struct value {
    const struct schema_node *schema;
    const char *path;   /* Concrete: "variants.after.retry". */
    const char *name;   /* The key; NULL for a list's element. */
    struct place place; /* Where it is written; else its nearest written ancestor's place. */
    bool is_present;    /* Written or defaulted; a map: on. */
    bool is_given;      /* Written. */
    const char *text; /* Of a scalar: as written, or the default; of a tree: JSON, if it is none. */
    const struct node *node; /* Of a tree that is written. */
    union value_content content;
    struct value *children;
    size_t child_count;
};

struct scenario {
    struct arena *arena;
    const char *name;
    const char *file_name;
    struct value root;
    struct complaints complaints; /* Of scenario_complain. */
};

/* Check the merged document against the schema and fill in the tree; what is wrong is added to the
 * complaints, and then the tree may have holes. `root` comes with schema, path and place set. */
void bind_document(struct arena *arena, struct complaints *complaints, struct value *root,
                   const struct node *document);

struct unknown_key {
    const struct schema_node *parent; /* The map that does not have it, */
    const char *path;                 /* and where that map stands. */
    const char *key;
};

/* Complain about a key that its map does not have, with the closest that it has, or with
 * where else in the tree below `top` such a key belongs. */
void bind_complain_unknown(struct complaints *complaints, struct place place,
                           const struct schema_node *top, const struct unknown_key *unknown);

/* Lay the override "path=value" over `document` (may be NULL). NULL after a complaint. */
const struct node *override_apply(struct arena *arena, struct complaints *complaints,
                                  const struct schema_node *schema, const struct node *document,
                                  const struct source *source);

#endif
