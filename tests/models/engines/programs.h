/* programs.h - the reference engines that are programs: where they are, and how to open them.
 *
 * The one in C is built beside the tests; the one in Python is run from the sources, so tests have
 * to be started in the root of the repository.
 */
#ifndef TESTS_MODELS_ENGINES_PROGRAMS_H
#define TESTS_MODELS_ENGINES_PROGRAMS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/engines/engines.h"

#define PROGRAMS_PYTHON_ENGINE "models/engines/reference/engine.py"

/* The path of this program; or, if `beside` is not NULL, of a program in the folder of the build.
 */
static inline const char *programs_path(struct arena *arena, const char *beside)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0)
        abort();
    path[length] = '\0';
    if (beside == NULL)
        return arena_copy_text(arena, path);
    char *tests = strstr(path, "/tests/");
    for (char *next = tests; next != NULL; next = strstr(next + 1, "/tests/"))
        tests = next;
    if (tests == NULL)
        abort();
    *tests = '\0';
    return arena_print(arena, "%s/%s", path, beside);
}

static inline bool programs_have_python(void)
{
    char path[4096];
    const char *folder = getenv("PATH");
    while (folder != NULL && *folder != '\0') {
        size_t length = strcspn(folder, ":");
        if (snprintf(path, sizeof path, "%.*s/python3", (int)length, folder) < (int)sizeof path &&
            access(path, X_OK) == 0)
            return true;
        folder += length + (folder[length] == ':');
    }
    return false;
}

static inline const struct engine_spec *programs_spec(struct arena *arena, const char *first,
                                                      const char *second, const char *config)
{
    const char **words = arena_take_array(arena, 3, sizeof *words);
    struct engine_spec *spec = arena_take(arena, sizeof *spec);
    words[0] = first;
    words[1] = second;
    *spec = (struct engine_spec){.kind = ENGINE_COMMAND,
                                 .words = words,
                                 .word_count = second == NULL ? 1 : 2,
                                 .config = config};
    return spec;
}

static inline const struct engine_spec *programs_c_engine(struct arena *arena)
{
    return programs_spec(arena, programs_path(arena, "rce-engine"), NULL, NULL);
}

static inline const struct engine_spec *programs_python_engine(struct arena *arena)
{
    return programs_spec(arena, "python3", PROGRAMS_PYTHON_ENGINE, NULL);
}

#endif
