/* plan.h - what comes after what: the three phases, the clusters, the hosts. Internal to
 * models/rce. */
#ifndef MODELS_RCE_PLAN_H
#define MODELS_RCE_PLAN_H

#include "models/rce/track.h"

/* Begin phase 1. */
void rce_plan_start(struct rce_turn *turn);

/* The track's step has ended: go on. */
void rce_plan_advance(struct rce_turn *turn, struct rce_track *track);

/* The workflow fails at the track's step. */
void rce_plan_fail(struct rce_turn *turn, struct rce_track *track, enum rce_reason reason);

/* Say (again) how the workflow failed. */
void rce_plan_say_failed(struct rce_turn *turn);

/* The index of a track in its workflow, and its cluster (RCE_NO_CLUSTER for the SDDC's). */
uint32_t rce_plan_index(const struct rce_workflow *workflow, const struct rce_track *track);
uint8_t rce_plan_cluster(const struct rce_workflow *workflow, const struct rce_track *track);

/* The host that the step concerns, as requests name it. */
uint8_t rce_plan_host(const struct rce_track *track);

#endif
