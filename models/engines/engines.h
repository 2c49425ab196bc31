/* engines.h - which engines there are, by name.
 *
 * A scenario or a command line names an engine; here the name becomes the table of functions that
 * models/rce/rce.h describes. Today all engines are linked in; the interface says nothing about
 * that.
 */
#ifndef MODELS_ENGINES_ENGINES_H
#define MODELS_ENGINES_ENGINES_H

#include <stddef.h>

#include "models/rce/rce.h"

/* The engine of that name, or NULL. The engine is constant and lives as long as the program. */
const struct rce_engine *engines_find(const char *name);

/* How many engines there are, and engine `index` < that, in a fixed order; the first is the
 * default. */
size_t engines_count(void);
const struct rce_engine *engines_at(size_t index);

/* The names, for messages: an array of engines_count() strings. */
const char *const *engines_names(void);

#endif
