/* recording_live.h - `drive --record`: what the engine of this process is told and says, as it
 * happens.
 *
 *     DIR/drive-1.jsonl, drive-2.jsonl, ...     one history (models/engines/recorder.h) for each
 * start
 *
 * Unlike recording.h, which simulates again afterwards: real time does not come again.
 */
#ifndef MODELS_RCESIM_RUN_RECORDING_LIVE_H
#define MODELS_RCESIM_RUN_RECORDING_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "models/engines/recorder.h"
#include "models/rcesim/format/configure.h"
#include "models/vmc/config.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

struct recording_live {
    struct arena *arena;
    const char *folder;               /* NULL: nothing is written down */
    struct vmc_parameters parameters; /* of the first variant, with a recorder around its engine */
    /* Private. */
    struct recorder_track track;
    uint64_t left_bytes;
    const char *path;
    FILE *file;
    char *buffer;
};

/* Fill in the parameters; begin a new history. Arena and folder are set. ERROR_IO. */
bool recording_live_begin(struct recording_live *here, const struct configuration *configuration,
                          struct error *error);

/* What has been said so far is the system's to keep. */
void recording_live_bring_along(struct recording_live *here);

/* ERROR_IO: not all of it could be written. */
bool recording_live_end(struct recording_live *here, struct error *error);

#endif
