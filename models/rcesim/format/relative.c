#include "models/rcesim/format/relative.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

const char *relative_path(struct arena *arena, const char *from, const char *to)
{
    size_t common = 0;
    for (size_t i = 0;; i++) {
        bool is_end = (from[i] == '\0' || from[i] == '/') && (to[i] == '\0' || to[i] == '/');
        if (is_end)
            common = i;
        if (from[i] != to[i] || from[i] == '\0')
            break;
    }
    const char *result = "";
    for (const char *at = from + common; *at != '\0'; at++)
        if (*at == '/' && at[1] != '\0')
            result = arena_print(arena, "../%s", result);
    return arena_print(arena, "%s%s%s", *result == '\0' ? "./" : "", result,
                       to + common + (to[common] == '/'));
}

const char *relative_folder_of(struct arena *arena, const char *file)
{
    const char *slash = strrchr(file, '/');
    if (slash == NULL)
        return ".";
    return arena_print(arena, "%.*s/", (int)(slash - file), file);
}
