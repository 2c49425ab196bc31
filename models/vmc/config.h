/* config.h - everything that a simulated world of SDDCs can be told, as plain data.
 *
 * rcesim turns a scenario into this; tests fill it in by hand from vmc_config_init, which gives a
 * world in which nothing takes time and nothing goes wrong. Distributions are immutable and shared
 * by all threads; a NULL distribution is a constant 0.
 *
 * Units: ns, probabilities 0 to 1, tokens per second.
 */
#ifndef MODELS_VMC_CONFIG_H
#define MODELS_VMC_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "models/rce/rce.h"
#include "sim/chance/dist.h"

/* Limits of the packing of entities (entity.h), and so of the model. */
enum {
    VMC_SDDCS_MAX = 1 << 21,
    VMC_GROUPS_MAX = 32,
    VMC_WINDOWS_MAX = 32,
    VMC_STAGES_MAX = 16,
    VMC_DETECT_MAX = 100000, /* failures that a rule can ask for */
    VMC_CRASH_ACTIONS_MAX = 32,
};

/* A part of the fleet. Which SDDC is in which group is drawn by the shares. */
struct vmc_group {
    const char *name;
    const char *region; /* groups that name the same region share its capacity and its API limits */
    const char *instance_type; /* a label for reports */
    double share;              /* of the SDDCs; the shares add up to 1 */
    double provisioning_scale; /* multiplies launch, boot, connect and configure; 1 = as the
                                  scenario says */
};

/* A stretch of time, repeated every `every_ns` (0 = once): [from, to). */
struct vmc_window {
    int64_t from_ns, to_ns, every_ns;
};

/* One token bucket: requests above it are answered 429. rate 0 = no limit. */
struct vmc_limit {
    double rate_per_s;
    uint32_t burst;
};

/* What serves requests one after the other, in the order in which they came; those that have to
 * wait too long are given up by their callers and served all the same, for nobody. */
struct vmc_queue {
    double rate_per_s;   /* in each region; 0 = no queue, requests take no time */
    int64_t timeout_ns;  /* a caller that is not served so long after arrival gives up */
    uint32_t length_max; /* with so many waiting, more are answered 503 at once; 0 = no limit */
};

enum vmc_early_request {
    VMC_EARLY_DROP,          /* accepted, then nothing, and no record of it: the incident */
    VMC_EARLY_DROP_RECORDED, /* the same, but the idempotency key remembers the dead task */
    VMC_EARLY_REJECT,        /* 409 */
    VMC_EARLY_QUEUE,         /* carried out when the cluster is ready */
};

enum vmc_key_scope {
    VMC_KEY_BY_TARGET,  /* the key counts for one operation on one target */
    VMC_KEY_BY_SERVICE, /* the key alone counts within an SDDC: used for two targets, it answers
                           with the task of the other one */
};

enum vmc_schedule {
    VMC_START_EVENLY,   /* SDDC i at spread i/n */
    VMC_START_RANDOMLY, /* SDDC i at spread (i + u)/n */
    VMC_START_AT_ONCE,
};

struct vmc_fleet {
    uint32_t sddcs_count;
    const struct dist
        *clusters_per_sddc; /* numbers; drawn values are clamped to 1 .. RCE_CLUSTERS_MAX */
    const struct dist *hosts_per_cluster; /* numbers; 1 .. RCE_HOSTS_MAX */
    double temporary_host_share;          /* of the clusters: those that get a temporary host */
    uint32_t groups_count;                /* 0 = one unnamed group */
    struct vmc_group groups[VMC_GROUPS_MAX];
};

/* A temporary host: requested -> launch -> boot -> connect -> "host added" is reported -> configure
 * -> ready. */
struct vmc_provisioning {
    const struct dist *launch, *boot, *connect, *configure;
    double
        outage_probability; /* a launch meets a capacity outage of its own and waits for its end */
    const struct dist *outage_duration;
    const struct dist
        *region_outage_gap; /* NULL = none; else regions run out of capacity from time to time: */
    const struct dist
        *region_outage_duration; /* gap, outage, gap, ... in absolute time, shared by the region */
};

struct vmc_work {
    const struct dist *control_plane; /* phase 1 */
    const struct dist *network;       /* phase 3 */
    const struct dist *backup;
    const struct dist *update_host;
    const struct dist *remove_host;
    double update_failure_probability; /* an update fails and leaves the host failed until it is
                                          repaired */
    const struct dist *repair;
};

struct vmc_maintenance {
    const struct dist *evacuate; /* entering */
    const struct dist *exit;
    const struct dist *resync;         /* vSAN, after exit; the callback of exit follows it */
    double stuck_probability;          /* of a host: each of its evacuations fails, sticky */
    const struct dist *stuck_duration; /* until such an evacuation is reported to have failed */
    double
        slow_share; /* of the hosts: evacuation, exit and update take slow_factor times as long */
    double slow_factor;
};

struct vmc_service {
    const struct dist
        *latency; /* of a request and its response together; the service acts half-way */
    const struct dist
        *response_delay; /* extra delay of the response alone: callbacks may overtake it */
    double unavailable_probability; /* 503, definitely not carried out */
    double unknown_probability;     /* no usable answer ... */
    double unknown_applied_share;   /* ... of which so many were carried out all the same */
    struct vmc_limit limit_reads, limit_writes, limit_add_host; /* per region */
    bool retry_after;            /* tell throttled callers how long to wait */
    const struct dist *read_lag; /* a read answers with the inventory as it was so long ago */
    const struct dist *callback_delay;
    double callback_loss, callback_duplicate, callback_late_probability;
    const struct dist *callback_late_delay;      /* added to the delay of late ones */
    const struct dist *callback_duplicate_delay; /* between the first and the second delivery */
    enum vmc_early_request early_request;
    enum vmc_key_scope key_scope;
    int64_t key_retention_ns; /* a key is forgotten so long after its first use */
    struct vmc_queue queue;
    uint32_t outages_count; /* windows in which every request is answered 503 */
    struct vmc_window outages[VMC_WINDOWS_MAX + 1]; /* one more for what port.h injects */
};

struct vmc_wave {
    enum vmc_schedule schedule;
    int64_t spread_ns;
    uint32_t concurrency_max; /* workflows that run at once; 0 = no limit */
    uint32_t windows_count;   /* SDDCs start only inside; 0 = always */
    struct vmc_window windows[VMC_WINDOWS_MAX];
};

/* What a crash takes down. */
enum vmc_crash_scope {
    VMC_CRASH_PROCESS,  /* the engine process with all its workflows, and what they share */
    VMC_CRASH_WORKFLOW, /* the worker of one workflow */
};

/* Crashes of the engine. What it has in memory is gone: it is started again after a while and goes
 * on from what it persisted last. All zero: never. */
struct vmc_crash {
    double
        probability; /* of a crash in each gap: before, between and after the actions of a step */
    uint32_t actions_count;
    uint32_t after_action[VMC_CRASH_ACTIONS_MAX]; /* the crash follows these actions of each
                                                     workflow, from 1 on; 0: before the first */
    const struct dist *every; /* between two crashes, whatever the engine does; NULL: none */
    const struct dist *downtime;
    enum vmc_crash_scope scope;
};

struct vmc_config {
    struct vmc_fleet fleet;
    struct vmc_provisioning provisioning;
    struct vmc_work work;
    struct vmc_maintenance maintenance;
    struct vmc_service service;
    struct vmc_wave wave;
    struct vmc_crash crash;
    int64_t bin_ns; /* width of the bins in which the course of the wave is counted */
};

/* Which workflows a stage of a rollout concerns. Those that start later belong to it by the same
 * rule, except for the first. */
enum vmc_selection {
    VMC_SELECT_FAILING, /* those that have failed by then; `share` of them, at random */
    VMC_SELECT_FIRST,   /* the first `share` of the fleet, in the order of the wave */
    VMC_SELECT_RANDOM,  /* `share` of the fleet, at random: each SDDC has one number for all stages
                         */
    VMC_SELECT_ALL,
};

struct vmc_stage {
    enum vmc_selection select;
    double share;
    int64_t after_ns; /* since the deployment */
};

/* Which running workflows of a stage are handed to the new engine; the others end as they began. */
enum vmc_hand_over {
    VMC_HAND_OVER_BEFORE_MAINTENANCE, /* those that have not asked for maintenance yet */
    VMC_HAND_OVER_ALL,
    VMC_HAND_OVER_NONE,
    /* All, at once and from what was persisted last: the old engine is stopped whatever it does,
     * and answers under way are lost. What the new one cannot read the old one takes up again. */
    VMC_HAND_OVER_RESTART,
};

/* What becomes of the failed workflows of a stage. */
enum vmc_redrive {
    VMC_REDRIVE_NEVER,
    VMC_REDRIVE_AT_ONCE,
    VMC_REDRIVE_WHEN_QUIET, /* once no task of the SDDC is under way any more */
};

/* What happens when a wave is seen to fail: another engine takes over, stage by stage. */
struct vmc_rollout {
    const struct rce_engine *engine; /* NULL: nothing is deployed */
    const struct rce_options *options;
    const void *settings;         /* as of vmc_parameters */
    uint32_t detect_failed_count; /* Detected when so many have failed ... */
    int64_t detect_within_ns;     /* ... within so long; a count of 0: at detect_at_ns. */
    int64_t detect_at_ns;
    int64_t delay_ns; /* from the detection to the deployment */
    int64_t drain_ns; /* a workflow with a request under way changes engines when it is answered, or
                         so long after its stage */
    int64_t pace_ns;  /* between two re-drives of a stage */
    int64_t pause_ns; /* no workflow starts for so long from the detection on */
    uint32_t stages_count;
    struct vmc_stage stages[VMC_STAGES_MAX]; /* in the order of after_ns */
    enum vmc_hand_over hand_over;
    enum vmc_redrive redrive;
    /* Stop and roll back when, of at least so many workflows that ended under the new engine, more
     * than this share failed; 0: never. */
    uint32_t halt_decided_count;
    double halt_failed_share;
    bool is_placebo; /* failed workflows are re-driven by the old engine, nothing else changes */
};

/* What one variant runs: a shared world and an engine of its own. This is `parameters` of the
 * model. */
struct vmc_parameters {
    const struct vmc_config *world;
    const struct rce_engine *engine;
    const struct rce_options *options; /* what the variant says of the fixes and deadlines */
    const char *engine_label;          /* for people: name, version, where from; may be NULL */
    const void *settings;              /* of the engine; NULL: `options` is its settings */
    const struct vmc_rollout *rollout; /* NULL: the same engine to the end */
    bool shuffle_ties; /* order events of the same instant at random, by named draws */
};

/* One SDDC, one cluster of two hosts with a temporary host; nothing takes time, nothing goes wrong.
 */
void vmc_config_init(struct vmc_config *config);

/* The first instant from `at_ns` on in which SDDCs may start by the windows of the wave; INT64_MAX
 * if there is none. */
int64_t vmc_wave_open_ns(const struct vmc_wave *wave, int64_t at_ns);

#endif
