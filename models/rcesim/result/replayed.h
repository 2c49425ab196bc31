/* replayed.h - what came of feeding histories to an engine: for people, and as JSON.
 *
 * A difference is shown with what led up to it, and with both answers side by side, action by
 * action.
 */
#ifndef MODELS_RCESIM_RESULT_REPLAYED_H
#define MODELS_RCESIM_RESULT_REPLAYED_H

#include <stddef.h>

#include "models/engines/conformance/history.h"
#include "models/engines/engines.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

/* One history, and what came of it. */
struct replayed {
    const char *path;
    struct history_result result;
};

/* The histories that a path stands for: itself, or the files *.jsonl of a folder in the order of
 * their names; results are zero. An array in the arena. ERROR_IO, also for a folder without any. */
bool replayed_find(const char *path, struct arena *arena, struct replayed **list, size_t *count,
                   struct error *error);

/* Print to standard output, the first difference in full. */
void replayed_print(const struct replayed *list, size_t count, const struct engine_spec *spec,
                    struct arena *arena);
void replayed_print_json(const struct replayed *list, size_t count);

#endif
