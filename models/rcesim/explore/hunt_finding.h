/* hunt_finding.h - what is made of one finding: its schedule, shrunk, bounded, explained. Private
 * to hunt*.c. */
#ifndef MODELS_RCESIM_EXPLORE_HUNT_FINDING_H
#define MODELS_RCESIM_EXPLORE_HUNT_FINDING_H

#include "models/rcesim/explore/hunt.h"

/* Does the engine answer from a process of its own? */
bool hunt_is_process(const struct hunt *hunt);

/* Is the engine one of this program's own? Others take their time. */
bool hunt_is_linked(const struct hunt *hunt);

/* Bound the probability of a finding by the schedule that was found, as it is. */
bool hunt_finding_bound(const struct hunt *hunt, struct hunt_finding *item, struct error *error);

/* Fill in what follows from `found`. */
void hunt_finding_name(const struct hunt *hunt, struct hunt_finding *item);

/* Shrink the schedule of `found`, and all that follows. */
bool hunt_finding_shrink(struct hunt *hunt, struct hunt_finding *item, struct error *error);

/* Take the replication of the request instead of a finding, and do the same. */
bool hunt_finding_take(struct hunt *hunt, struct hunt_finding *item, struct error *error);

#endif
