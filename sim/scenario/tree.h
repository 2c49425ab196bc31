/* tree.h - a value whose shape no schema knows, as JSON text, for this folder only.
 *
 * Plain scalars become what JSON takes them for: true, false and numbers; everything else, and
 * everything in quotes, becomes text. Keys are sorted, so that the text does not depend on their
 * order; a key with null behind it is left out, as null takes away everywhere in a scenario.
 */
#ifndef SIM_SCENARIO_TREE_H
#define SIM_SCENARIO_TREE_H

#include "sim/base/arena.h"
#include "sim/scenario/document.h"

/* The JSON text of a node in one line; it lives in the arena. */
const char *tree_json(struct arena *arena, const struct node *node);

/* The same of a plain scalar. */
const char *tree_json_of_text(struct arena *arena, const char *text);

#endif
