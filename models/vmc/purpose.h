/* purpose.h - what the world draws for. Numbers are part of every result: append, never renumber.
 *
 * Where a purpose exists once an operation, the operation is added to the first number of its
 * block. The occurrence is semantic:
 *   - of a request: which request of this operation to this target it is (`attempt`),
 *   - of a run: which time the platform carries the operation out on this target (0, 1, ...), so
 *     that the first evacuation of a host takes equally long whether the first or the third
 *     request led to it,
 *   - of a crash: the gap in the step of the input that is under way, see crash.c,
 *   - of a property (stuck, slow, the shape of the fleet): 0, or the index of the part.
 */
#ifndef MODELS_VMC_PURPOSE_H
#define MODELS_VMC_PURPOSE_H

#include "sim/chance/draw.h"
#include "sim/chance/oracle.h"

enum purpose_number {
    PURPOSE_GROUP = DRAW_PURPOSE_MODEL_FIRST, /* 256 */
    PURPOSE_CLUSTERS = 257,
    PURPOSE_HOSTS = 258,
    PURPOSE_TEMPORARY_HOST = 259,
    PURPOSE_START = 260,
    PURPOSE_LAUNCH = 261,
    PURPOSE_BOOT = 262,
    PURPOSE_CONNECT = 263,
    PURPOSE_CONFIGURE = 264,
    PURPOSE_OUTAGE = 265,
    PURPOSE_OUTAGE_DURATION = 266,
    PURPOSE_REGION_OUTAGE_GAP = 267,
    PURPOSE_REGION_OUTAGE_DURATION = 268,
    PURPOSE_STUCK = 269,
    PURPOSE_STUCK_DURATION = 270,
    PURPOSE_SLOW = 271,
    PURPOSE_UPDATE_FAILURE = 272,
    PURPOSE_REPAIR = 273,
    PURPOSE_ENTROPY = 274,
    PURPOSE_TIE = 275,
    PURPOSE_ROLLOUT = 276,
    PURPOSE_CRASH = 277,
    PURPOSE_CRASH_GAP = 278,
    PURPOSE_CRASH_DOWNTIME = 279,
    /* Blocks of 16, one number an operation. */
    PURPOSE_LATENCY = 288,
    PURPOSE_RESPONSE_DELAY = 304,
    PURPOSE_UNAVAILABLE = 320,
    PURPOSE_UNKNOWN = 336,
    PURPOSE_UNKNOWN_APPLIED = 352,
    PURPOSE_READ_LAG = 368,
    PURPOSE_RUN = 384,
    PURPOSE_CALLBACK_DELAY = 400,
    PURPOSE_CALLBACK_LOSS = 416,
    PURPOSE_CALLBACK_DUPLICATE = 432,
    PURPOSE_CALLBACK_DUPLICATE_DELAY = 448,
    PURPOSE_CALLBACK_LATE = 464,
    PURPOSE_CALLBACK_LATE_DELAY = 480,
};

/* For printing names; ends with a NULL name. */
extern const struct purpose vmc_purposes[];

#endif
