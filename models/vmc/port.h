/* port.h - the world without an engine: somebody outside asks, time is moved from outside.
 *
 *     vmc_live_submit(live, &request) ---> the service: latency, limits, faults, tasks ...
 *     vmc_live_advance(live, to_ns)   ---> ... as time goes on
 *     port.answer(...), port.callback(...) <--- what reaches whoever asked, at its time
 *
 * It is the world of model.h, event for event: same names of draws, same code, with a port in the
 * driver's place. A draw that belongs to a request is named by its attempt, and nobody outside
 * should have to count attempts: the service counts them here, for each operation on each target,
 * which is how engines count. So the same requests at the same times get the same answers, tasks
 * and callbacks as in a run, whoever makes them; vmc_live_history_hash and vmc_run_history_hash
 * show it. What an engine does to itself (timers, crashes, its random numbers, a rollout) is not
 * here, and neither is the wave: SDDCs are there from the start, and workflows are begun and ended
 * by those who say so.
 *
 * The callbacks of the port are called from submit and advance, on their thread, in the order of
 * the events, and must not call back into the live world, except for the views.
 *
 * Units: ns since the start. Limits: VMC_LIVE_TIME_MAX_NS; 65,535 tasks for an SDDC, which submit
 * refuses to pass. Not for two threads at once.
 */
#ifndef MODELS_VMC_PORT_H
#define MODELS_VMC_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "models/rce/rce.h"
#include "models/vmc/config.h"
#include "models/vmc/tally.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/experiment/model.h"

/* 100 years: the clock cannot be moved beyond. */
#define VMC_LIVE_TIME_MAX_NS INT64_C(3155760000000000000)

/* What somebody asks of the service. */
struct vmc_request {
    uint64_t ticket; /* the caller's; comes back with the answer */
    uint32_t sddc;
    enum rce_operation operation;
    uint8_t cluster, host; /* as of rce.h */
    uint64_t key;          /* idempotency key; 0 = none */
};

struct vmc_answer {
    uint64_t ticket;
    int64_t at_ns;
    uint32_t sddc;
    enum rce_operation operation;
    uint8_t cluster, host;
    uint16_t attempt; /* as the service counted */
    enum rce_result result;
    uint64_t task;  /* of RCE_ACCEPTED; else 0 */
    bool has_ended; /* the task that a key led to had ended, with `outcome` */
    enum rce_outcome outcome;
    uint32_t state;         /* of RCE_STATE: bits of enum rce_state_bit */
    int64_t retry_after_ns; /* of RCE_THROTTLED; 0 = not told */
};

struct vmc_callback {
    int64_t at_ns;
    uint32_t sddc;
    enum rce_operation operation;
    uint8_t cluster, host;
    uint64_t task;
    enum rce_outcome outcome;
};

/* Who takes the place of the driver. */
struct vmc_port {
    void *context;
    void (*answer)(void *context, const struct vmc_answer *answer);
    void (*callback)(void *context, const struct vmc_callback *callback);
};

struct vmc_live;

/* Make the world of `parameters` (its engine, options and rollout do not count) with the draws of a
 * replication. Everything lies in the arena; parameters and port outlive it. */
struct vmc_live *vmc_live_create(struct arena *arena, const struct vmc_parameters *parameters,
                                 uint64_t seed, uint32_t replication, const struct vmc_port *port);

int64_t vmc_live_now_ns(const struct vmc_live *live);

/* The time of the next event; -1 if nothing is to come. */
int64_t vmc_live_next_ns(const struct vmc_live *live);

/* Carry out everything up to `to_ns`, that instant included, and set the clock there. Nothing if
 * that is in the past; at most up to VMC_LIVE_TIME_MAX_NS. */
void vmc_live_advance(struct vmc_live *live, int64_t to_ns);

/* Carry out the next event if it is not after `to_ns`; the clock is then at its time. False: there
 * is none, nothing changes. */
bool vmc_live_step(struct vmc_live *live, int64_t to_ns);

enum vmc_submitted {
    VMC_SUBMITTED,
    VMC_NO_SUCH_TARGET, /* no such SDDC, cluster or host, or not one for this operation */
    VMC_TOO_MANY_TASKS, /* this SDDC may have no more */
};

/* A request leaves its sender now. It is answered once, by the port, unless it is refused here. */
enum vmc_submitted vmc_live_submit(struct vmc_live *live, const struct vmc_request *request);

/* Is this a target of the operation? */
bool vmc_live_has_target(const struct vmc_live *live, uint32_t sddc, enum rce_operation operation,
                         uint8_t cluster, uint8_t host);

/* Views: what there is, in truth. Indices are checked. */
uint32_t vmc_live_sddcs_count(const struct vmc_live *live);
const struct rce_plan *vmc_live_plan(const struct vmc_live *live, uint32_t sddc);

/* When this SDDC is due by the schedule of the wave, windows and the limit on concurrency left
 * aside: for whoever drives it. Never decreases with the index. */
int64_t vmc_live_due_ns(struct vmc_live *live, uint32_t sddc);

enum vmc_workflow_state {
    VMC_WORKFLOW_NONE,
    VMC_WORKFLOW_RUNNING,
    VMC_WORKFLOW_SUCCEEDED,
    VMC_WORKFLOW_FAILED
};

struct vmc_sddc_view {
    enum vmc_workflow_state workflow;
    int64_t started_at_ns, triggered_at_ns, ended_at_ns; /* -1: not yet */
    enum rce_reason reason;                              /* of a failed workflow */
    enum vmc_cause cause;
    uint32_t calls_count, tasks_count, duplicates_count, throttled_count;
    uint16_t violations; /* bits of enum vmc_violation */
    bool early_trigger;
};
struct vmc_sddc_view vmc_live_sddc(const struct vmc_live *live, uint32_t sddc);

struct vmc_cluster_view {
    uint8_t hosts_count, usable_count, maintenance_count;
    bool temporary_planned, temporary_pending, is_ready;
};
struct vmc_cluster_view vmc_live_cluster(const struct vmc_live *live, uint32_t sddc,
                                         uint8_t cluster);

/* The states of a host, in truth: "absent", "provisioning", ... */
enum { VMC_HOST_STATE_COUNT = 10 };
extern const char *const vmc_host_state_names[VMC_HOST_STATE_COUNT];
/* The state of a host (RCE_TEMPORARY_HOST as well), as an index of these names. */
uint32_t vmc_live_host_state(const struct vmc_live *live, uint32_t sddc, uint8_t cluster,
                             uint8_t host);

/* What the service tells about a task to whoever asks. One that was dropped, because it came too
 * early, looks like one that waits for its turn. */
enum vmc_task_state { VMC_TASK_ACCEPTED, VMC_TASK_RUNNING, VMC_TASK_SUCCEEDED, VMC_TASK_FAILED };
struct vmc_task_view {
    enum rce_operation operation;
    uint8_t cluster, host;
    enum vmc_task_state state;
    int64_t accepted_at_ns;
};
/* False: no such task. Tasks of an SDDC are numbered from 1 on. */
bool vmc_live_task(const struct vmc_live *live, uint32_t sddc, uint64_t task,
                   struct vmc_task_view *view);

/* The counters of the record so far, [VMC_METRIC_COUNT]; what is known only at the end is 0. */
const int64_t *vmc_live_tally(const struct vmc_live *live);

/* Workflows. A workflow begins when somebody says so, or with the first mutating request. */
void vmc_live_workflow_started(struct vmc_live *live, uint32_t sddc);
void vmc_live_workflow_succeeded(struct vmc_live *live, uint32_t sddc);
/* `reason` NONE and `operation` RCE_OPERATION_COUNT: not told; the truth is looked for. The cause
 * is CAUSE_OTHER where the world has seen no answer and no task as the reason speaks of: a client's
 * word alone is none. */
struct vmc_workflow_failure {
    enum rce_reason reason;
    enum rce_operation operation;
    uint8_t cluster, host;
};
void vmc_live_workflow_failed(struct vmc_live *live, uint32_t sddc,
                              const struct vmc_workflow_failure *failure);

/* Faults on request, on top of those of the scenario, for a while from now on. */
enum vmc_fault {
    VMC_FAULT_OUTAGE,              /* every request is answered 503 */
    VMC_FAULT_THROTTLE,            /* 429 */
    VMC_FAULT_BREAK,               /* no answer; carried out as often as the scenario says */
    VMC_FAULT_LOSE_CALLBACKS,      /* callbacks of tasks that end meanwhile are lost */
    VMC_FAULT_DUPLICATE_CALLBACKS, /* come twice */
    VMC_FAULT_FAIL_UPDATES,        /* updates that begin meanwhile fail */
};
enum { VMC_FAULT_COUNT = VMC_FAULT_FAIL_UPDATES + 1 };
extern const char *const vmc_fault_names[VMC_FAULT_COUNT];
/* A duration of 0 ends it. */
void vmc_live_inject(struct vmc_live *live, enum vmc_fault fault, int64_t duration_ns);
/* Until when; not later than now: it is not on. */
int64_t vmc_live_fault_until_ns(const struct vmc_live *live, enum vmc_fault fault);

/* The hash of what the service has seen and done: requests as they arrive, answers, ends of tasks,
 * callbacks. Each SDDC has a history of its own, so what happens in two of them in the same instant
 * has no order. Keys count only as there or not. O(SDDCs). */
uint64_t vmc_live_history_hash(const struct vmc_live *live);

/* The same of a run of the model, with its engine. Errors: those of the run. */
bool vmc_run_history_hash(const struct vmc_parameters *parameters, uint64_t seed,
                          uint32_t replication, uint64_t *hash, struct error *error);

/* Workflows that have begun and have not ended. */
uint32_t vmc_live_running_count(const struct vmc_live *live);

/* Close the accounts. The record is that of vmc_model, with one unit for each workflow that has
 * ended, in the order of the SDDCs; their rows go to `row` (may be NULL) with `context`, and say
 * which SDDC each one is of. Workflows that still run are left out: that somebody ends the service
 * is no failure of theirs. To be called once, at the end. */
const struct record *vmc_live_close(struct vmc_live *live,
                                    void (*row)(void *context, const int64_t *values),
                                    void *context);

#endif
