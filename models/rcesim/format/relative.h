/* relative.h - the path of a file as seen from a folder. */
#ifndef MODELS_RCESIM_FORMAT_RELATIVE_H
#define MODELS_RCESIM_FORMAT_RELATIVE_H

#include "sim/base/arena.h"

/* `to` as seen from the folder `from`, both absolute and without . and .. in them; always with a
 * slash in it. Lives in the arena. */
const char *relative_path(struct arena *arena, const char *from, const char *to);

/* The folder that a file lies in, as its name says: "." where it has no slash. In the arena. */
const char *relative_folder_of(struct arena *arena, const char *file);

#endif
