#include "models/engines/engines.h"

#include <string.h>

static const struct rce_engine *const engines[] = {&rce_engine};

/* Kept beside the table, because the name of a linked engine is no constant expression. */
static const char *const names[] = {"rce"};

enum { ENGINE_COUNT = sizeof engines / sizeof engines[0] };
_Static_assert(sizeof names / sizeof names[0] == ENGINE_COUNT, "each engine has its name");

const struct rce_engine *engines_find(const char *name)
{
    for (size_t i = 0; i < ENGINE_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return engines[i];
    return NULL;
}

size_t engines_count(void)
{
    return ENGINE_COUNT;
}

const struct rce_engine *engines_at(size_t index)
{
    return index < ENGINE_COUNT ? engines[index] : NULL;
}

const char *const *engines_names(void)
{
    return names;
}
