/* state.h - what one workflow remembers, and its form as bytes. Internal to models/rce.
 *
 * A workflow is a few tracks that run side by side; a track runs one step at a time, and a step
 * asks for one operation on one target until it is believed to be done:
 *
 *     tracks[0]        the SDDC: control plane, then (its clusters), then network
 *     tracks[1 + 2c]   cluster c: add host, [settle], [pre-check], the hosts in turn, remove host
 *     tracks[2 + 2c]   cluster c: backup
 *
 * Invariants
 *  - `request` is the one request whose answer the track awaits, 0 if none; request numbers count
 * up over the workflow.
 *  - `task` is the task of the last attempt that is known to have been accepted; a callback can end
 * the step only by naming it while the track is not asking.
 *  - A callback that comes before the response that names its task is kept in `early_task`, until
 * the response confirms it or the step ends without it. So each callback is either believed or
 * ignored in the end, exactly once.
 *  - A step that needs the platform has its deadline timer set as long as the workflow runs.
 *
 * The block holds no pointers but those to the caller's plan and options, and is zeroed before use:
 * 32 bytes, and 72 a track (248 for one cluster).
 */
#ifndef MODELS_RCE_STATE_H
#define MODELS_RCE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rce/rce.h"

/* The values are part of the saved form: append only. */
enum rce_step {
    RCE_STEP_NONE, /* not begun */
    RCE_STEP_CONTROL_PLANE,
    RCE_STEP_CLUSTERS, /* the SDDC's track waits for its clusters */
    RCE_STEP_NETWORK,
    RCE_STEP_BACKUP,
    RCE_STEP_ADD_HOST,
    RCE_STEP_JOIN, /* the hosts' track waits for the backup */
    RCE_STEP_SETTLE,
    RCE_STEP_PRECHECK,
    RCE_STEP_ENTER,
    RCE_STEP_UPDATE,
    RCE_STEP_EXIT,
    RCE_STEP_REMOVE,
    RCE_STEP_END,
};
enum { RCE_STEP_COUNT = RCE_STEP_END + 1 };

/* Where a step stands. The values are part of the saved form: append only. */
enum rce_phase {
    RCE_PHASE_IDLE,
    RCE_PHASE_ASKING,          /* the request is out */
    RCE_PHASE_WAITING,         /* accepted: waits for the callback */
    RCE_PHASE_BACKING_OFF,     /* waits, then asks again */
    RCE_PHASE_READING_HOST,    /* a read is out that decides whether to ask (again) */
    RCE_PHASE_READ_PAUSE,      /* waits, then reads the host */
    RCE_PHASE_READING_CLUSTER, /* the pre-check's read is out */
    RCE_PHASE_POLL_PAUSE,      /* waits, then reads the cluster again */
    RCE_PHASE_SETTLING,
    RCE_PHASE_SPENT, /* asks no more; a callback or the deadline decides */
};
enum { RCE_PHASE_COUNT = RCE_PHASE_SPENT + 1 };

/* In `wait_at_ns`: the wait timer is not set. */
#define RCE_NEVER INT64_MAX

enum { RCE_EARLY_COUNT = 2 };

struct rce_track {
    int64_t began_at_ns; /* the step; its deadline counts from here, by the options of now */
    int64_t wait_at_ns;  /* the wait timer, or RCE_NEVER */
    int64_t previous_ns; /* the last wait drawn in the step, for decorrelated jitter */
    uint64_t task;
    uint64_t early_task[RCE_EARLY_COUNT]; /* 0 = free */
    uint32_t request;
    uint16_t asked;         /* requests of the step's operation to its target, over re-drives */
    uint16_t host_reads;    /* READ_HOST requests to the host */
    uint16_t cluster_reads; /* READ_CLUSTER requests to the cluster */
    uint16_t tries;         /* requests of the step since it began: what attempts_max counts */
    uint16_t polls;         /* reads since the step began or asked: what spaces them */
    uint16_t generation;    /* tasks of the step that are known, or taken, to be dead */
    uint8_t step, phase;
    uint8_t host;         /* index of the host whose turn it is */
    uint8_t early_failed; /* bit i: early_task[i] was reported to have failed */
    bool deadline_is_set;
};

struct rce_workflow {
    const struct rce_plan *plan;
    const struct rce_options *options;
    uint32_t requests_count;
    uint8_t status;       /* enum rce_status */
    uint8_t reason;       /* enum rce_reason, of the failure */
    uint8_t failed_track; /* while failed */
    uint8_t clusters_begun, clusters_ended;
    struct rce_track tracks[]; /* [rce_tracks_count(plan)] */
};

static inline uint32_t rce_tracks_count(const struct rce_plan *plan)
{
    return 1 + RCE_TRACKS_PER_CLUSTER * plan->clusters_count;
}

static inline struct rce_track *rce_hosts_track(struct rce_workflow *workflow, uint32_t cluster)
{
    return &workflow->tracks[1 + RCE_TRACKS_PER_CLUSTER * cluster];
}

static inline struct rce_track *rce_backup_track(struct rce_workflow *workflow, uint32_t cluster)
{
    return &workflow->tracks[2 + RCE_TRACKS_PER_CLUSTER * cluster];
}

/* What a step asks for. `step` is one that asks, or settle, which stands for the maintenance it
 * holds back. */
enum rce_operation rce_step_operation(enum rce_step step);

/* Does the step ask for an operation that changes something, so that a callback can end it? */
bool rce_step_is_mutating(enum rce_step step);

size_t rce_state_size_bytes(const struct rce_plan *plan);
void rce_state_init(void *workflow, const struct rce_plan *plan, const struct rce_options *options);

/* Change it with the saved form; load refuses all others. */
enum { RCE_STATE_VERSION = 1 };

/* See rce.h. The bytes: format version, shape of the plan, fields in order, a checksum. */
size_t rce_state_save(const void *workflow, void *bytes, size_t size_bytes);
bool rce_state_load(void *workflow, const struct rce_plan *plan, const struct rce_options *options,
                    const void *bytes, size_t size_bytes);
uint64_t rce_state_digest(const void *workflow);

#endif
