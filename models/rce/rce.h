/* rce.h - the contract between a release coordination engine and whoever drives it.
 *
 * An engine is a pure state machine over one workflow (the upgrade of one SDDC). The driver, a
 * simulated world or a real HTTP client, feeds it one input at a time and carries out, in order,
 * the actions that come back:
 *
 *     driver -- input (callback, response, timer, ...) --> step(workflow, process, input, actions)
 *            <-- actions (persist, send, set timer, ...) --
 *
 * An engine has no clock, no randomness, no allocation and no I/O: time and 64 bits of entropy come
 * with the input, its memory is a block of the caller's. So the same engine runs in simulated and
 * in real time, and a crash between any two actions is just a block that goes back to what was last
 * persisted.
 *
 * This header is all that one needs to write an engine, linked in or as a shared object: fill in a
 * `struct rce_engine` and, for a shared object, export it by `rce_engine_get`. It stands alone:
 * nothing else of its project is included or has to be linked. The same contract in JSON Lines, for
 * engines that are processes of their own, is models/engines/PROTOCOL.md.
 *
 * What a driver promises
 *  - The first input of a workflow is START. `now_ns` never decreases.
 *  - It carries out the actions in their order. What PERSIST saves is the state as step left it;
 *    it survives a crash of the engine.
 *  - Each SEND is answered by at most one RESPONSE that echoes `request`. A mutating operation that
 *    was ACCEPTED names a task (never 0), and the end of that task is announced by CALLBACKs: none,
 *    one or several, early, late, or out of order, also before the response. They echo the
 *    operation, cluster and host of the SEND. Nothing of that is guaranteed to arrive; timers are.
 *    Where an idempotency key led to a task of this operation on this target that has ended, the
 *    response says so and how, because its end will not be announced a second time.
 *  - A timer fires once, at or after its time, unless it is set again or cancelled. To cancel one
 *    that is not set is harmless. DONE and FAIL cancel all timers. So do RESUMED and
 *    ENGINE_CHANGED: no timer is set when they come.
 *  - After DONE or FAIL there is no further input but REDRIVEN, RESUMED and ENGINE_CHANGED, and
 *    possibly what was still on its way.
 *  - Functions of one engine are called from several threads at a time, but never two that name the
 *    same process, or workflows of the same process.
 *  - All blocks that it hands over are zeroed before configure, process_begin and init (but not
 *    before load), aligned for every type of C, and stay where they are until the matching end; a
 *    workflow's may be forgotten without one.
 *
 * What a crash leaves. The process with all its workflows is gone, and with it the timers and the
 * RESPONSEs to what was asked before. What was sent may have been carried out; actions of the step
 * under way that had not been carried out never are. Afterwards there is a fresh process, and each
 * workflow is loaded from its last PERSIST and told RESUMED first; one without any is made by init
 * and told START again. Then what the driver had not seen taken up to the end comes again, in
 * order: CALLBACKs that came meanwhile or in whose step the crash was, START, REDRIVEN. So an
 * engine hears things twice, and does not hear of tasks that it has started: what it asks again is
 * started again unless the request carries the key of the first one. Attempts count on from what
 * was persisted.
 *
 * What an engine promises
 *  - Pure: what comes out depends on settings, process, workflow and input alone; not on addresses,
 *    the content of unused memory, the clock, or other processes.
 *  - Total: every input in every state has a defined result. A late, repeated or foreign callback
 *    or response changes nothing and is logged as ignored; so is what comes after the end. The log
 *    of a callback for a place that is not there names none.
 *  - PERSIST stands before the SENDs that depend on it and, in an engine that can save, before DONE
 *    and FAIL: what has not been persisted is not known after a crash.
 *  - Every step has a deadline; past it the workflow fails with a reason. A workflow never hangs
 *    silently.
 *  - It believes a callback only when it names the task of the attempt that it waits for. One that
 *    comes before the response that names its task is kept until then, and believed or logged as
 *    ignored in the end.
 *  - No timer is set to a time before now.
 *
 * Forbidden, and an error of the engine that ends the whole run, never a failed workflow: a count
 * above RCE_ACTIONS_MAX; a value that no enum here lists; a timer >= rce_timers_count(plan) or set
 * to a time before now; a SEND or FAIL with a target that the plan does not have, or that the
 * operation cannot have (listed with the operations below), a SEND with request or attempt 0; a log
 * of a place that is not there; a PERSIST after a SEND of the same step; anything but LOG after
 * DONE or FAIL, or a second one of them; asking without end (the world has 65,535 tasks for a
 * workflow); a state above RCE_STATE_SIZE_MAX_BYTES; a status that disagrees: after DONE it is
 * RCE_SUCCEEDED, after FAIL RCE_FAILED, and as long as neither was said RCE_RUNNING. contract.h has
 * what one step shows of this as a function, for the tests of an engine.
 *
 * The life of a workflow
 *     phase 1: upgrade the control plane
 *     phase 2: per cluster, at most `clusters_at_once` together:
 *                backup and (if planned) add a temporary host, at the same time;
 *                [settle]; [pre-check];
 *                for each host in turn: enter maintenance, update, exit maintenance;
 *                remove the temporary host
 *     phase 3: upgrade the network
 * That is what the engine of this folder does. Another one may order its steps as it likes: the
 * platform carries out what it is asked, and what is asked too early may be lost.
 *
 * State versions. What `save` writes is of format `state_version` of the engine of that name, and
 * outlives the build that wrote it: a rollout hands workflows to another build, an upgrade restarts
 * the engine under them. Raise `state_version` with each change of the format, let load read all
 * formats from `state_version_oldest` on, and let the bytes themselves begin with their version. A
 * driver offers the bytes to `load` if both engines have the same name and the version is among
 * those, or if the names differ (load then says whether it can read them); where it cannot, the
 * workflow stays with the engine that it has. After a load the first input is ENGINE_CHANGED if it
 * was another engine or version, RESUMED if it was a crash. The bytes are those that `save` gives
 * at the moment of handing over, or, where the old engine is stopped without being asked, those of
 * the last PERSIST; then everything that a crash loses is lost, and the engine that cannot be
 * replaced takes its workflow up again with RESUMED. So bytes may be older than the build that is
 * asked to read them by more than one version, and an engine may get its own back after another one
 * had them and wrote nothing.
 *
 * Units: time in ns since an origin of the driver's choice; int64_t, so that a subtraction is never
 * a surprise. Limits: RCE_CLUSTERS_MAX clusters, RCE_HOSTS_MAX hosts a cluster, RCE_ACTIONS_MAX
 * actions a step, 2^32 - 1 requests a workflow; attempts stay at 65535 once they get there.
 *
 * Versions of this contract. RCE_ABI names the layout and meaning of everything here. It is raised
 * when something changes; what is appended to the end of `struct rce_engine` alone does not change
 * it, because `size_bytes` tells. 1: one engine, linked in. 2: settings, process and capabilities
 * belong to the engine, broken engines say so.
 */
#ifndef MODELS_RCE_RCE_H
#define MODELS_RCE_RCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RCE_ABI 2u

/* The state of a workflow, and what save writes of it, is at most so large. */
#define RCE_STATE_SIZE_MAX_BYTES ((size_t)1 << 24)

/* A plan's workflow is at most this, so that idempotency keys cannot collide. */
#define RCE_WORKFLOW_MAX UINT32_MAX

enum {
    RCE_CLUSTERS_MAX = 20,
    RCE_HOSTS_MAX = 16,
    RCE_CLUSTERS_AT_ONCE_MAX = 10,
    /* The largest answers are those to RESUMED and REDRIVEN: one PERSIST, and for each of the two
     * tracks of the clusters in flight at most a log, a request and two timers. */
    RCE_ACTIONS_MAX = 2 + RCE_CLUSTERS_AT_ONCE_MAX * 8,
};

/* The index of what is not one of the planned hosts. ADD_HOST and REMOVE_HOST name the temporary
 * host, BACKUP and READ_CLUSTER no host, the operations on the SDDC no cluster and no host. */
enum { RCE_NO_CLUSTER = 255, RCE_NO_HOST = 255, RCE_TEMPORARY_HOST = 254 };

/* What can be asked of the platform. READ_* change nothing and are answered by the response alone;
 * the others are mutating: the response names a task, a callback announces its end. */
enum rce_operation {
    RCE_UPGRADE_CONTROL_PLANE, /* the SDDC; phase 1 */
    RCE_BACKUP,                /* a cluster */
    RCE_ADD_HOST,              /* the temporary host; reported done when it is *connected* */
    RCE_READ_CLUSTER,          /* a cluster: RCE_STATE_CLUSTER_READY? */
    RCE_READ_HOST,             /* a host: RCE_STATE_HOST_*? */
    RCE_ENTER_MAINTENANCE,     /* a host */
    RCE_UPDATE_HOST,           /* a host */
    RCE_EXIT_MAINTENANCE,      /* a host */
    RCE_REMOVE_HOST,           /* the temporary host */
    RCE_UPGRADE_NETWORK,       /* the SDDC; phase 3 */
};
enum { RCE_OPERATION_COUNT = RCE_UPGRADE_NETWORK + 1 };

/* What a read answers, as bits. The entering phase has no bit of its own: as in the vSphere API, a
 * client that reads once cannot tell *entering* maintenance from *never asked*. */
enum rce_state_bit {
    RCE_STATE_CLUSTER_READY =
        1u << 0, /* every host ready, none in or entering maintenance, no resync */
    RCE_STATE_HOST_IN_MAINTENANCE = 1u << 1, /* not set while entering */
    RCE_STATE_HOST_UPDATED = 1u << 2,        /* runs the new release */
};

/* How a request was answered. */
enum rce_result {
    RCE_ACCEPTED,    /* A task was started, or the idempotency key led to one that exists. */
    RCE_STATE,       /* The answer to a read, in `state`. */
    RCE_THROTTLED,   /* 429: not carried out; `retry_after_ns` may be given. */
    RCE_UNAVAILABLE, /* 503: definitely not carried out; may be tried again. */
    RCE_NOT_READY, /* 409: definitely not carried out, the cluster is not ready for maintenance. */
    RCE_REFUSED,   /* 400, 403: definitely not carried out, and asking again will not help. */
    RCE_UNKNOWN,   /* Time-out or broken connection: it may have been carried out. */
};

enum { RCE_RESULT_COUNT = RCE_UNKNOWN + 1 };

enum rce_outcome { RCE_TASK_SUCCEEDED, RCE_TASK_FAILED };

/* The shape of one SDDC. */
struct rce_cluster_plan {
    uint8_t hosts_count; /* 1 .. RCE_HOSTS_MAX, without the temporary one */
    bool temporary_host; /* add one first, remove it at the end */
};

struct rce_plan {
    uint64_t workflow; /* names the workflow in idempotency keys; unique within a wave, at most
                          RCE_WORKFLOW_MAX */
    uint32_t clusters_count; /* 1 .. RCE_CLUSTERS_MAX */
    const struct rce_cluster_plan
        *clusters; /* [clusters_count]; the caller's, outlives the workflow */
};

enum rce_jitter {
    RCE_JITTER_NONE,
    RCE_JITTER_FULL,         /* uniform(0, v) */
    RCE_JITTER_EQUAL,        /* v/2 + uniform(0, v/2) */
    RCE_JITTER_DECORRELATED, /* min(cap, uniform(base, 3 previous)) */
    RCE_JITTER_PROPORTIONAL, /* v (1 -+ jitter_permille/1000) */
};

/* When to try again. v = min(cap, base (multiplier_permille/1000)^(n-1)) before retry n = 1, 2, ...
 * All zero is "none": one attempt (to retry at once and for ever, set attempts_max to UINT32_MAX).
 * See retry.h for the functions and the presets. */
struct rce_retry_policy {
    int64_t base_ns;
    int64_t throttled_base_ns; /* base after THROTTLED; 0 = base_ns */
    int64_t cap_ns;            /* 0 = no cap */
    int64_t total_ns; /* give up when the next try would begin later than this after the first; 0 =
                         never */
    uint32_t multiplier_permille;
    uint32_t jitter_permille; /* of RCE_JITTER_PROPORTIONAL */
    uint32_t attempts_max;    /* the first one included; 0 = no limit */
    enum rce_jitter jitter;
    bool ignore_retry_after; /* false: wait at least as long as the service asked */
    /* Token bucket shared by the process: a retry costs, a success gives back. capacity 0 = no
     * budget. */
    uint32_t budget_capacity, budget_cost, budget_cost_unknown, budget_cost_throttled,
        budget_success_credit;
    /* Client-side limiter shared by the process, on retries. 0 = none. */
    uint32_t limiter_per_s, limiter_burst;
};

/* What one idempotency key stands for. */
enum rce_key_scope {
    RCE_KEY_NONE,        /* no key is sent */
    RCE_KEY_PER_ATTEMPT, /* a new key each time it asks: looks right, protects from nothing but the
                            network */
    RCE_KEY_PER_TASK, /* one key for all attempts at one task; its failure ends it, and so does the
                         failure of the workflow at its step */
    RCE_KEY_PER_WORKFLOW,  /* one key for the operation on the target, over failures and re-drives:
                              too wide */
    RCE_KEY_PER_OPERATION, /* one key for the operation in the workflow, whatever the target: a
                              service that looks at the key alone answers with another host's task
                            */
};

enum rce_precheck_scope { RCE_PRECHECK_FIRST_HOST, RCE_PRECHECK_EVERY_HOST };

/* How the engine of this folder behaves: the fixes and the mitigations, each a switch of its own.
 * Any other engine is offered them too, and may use what it has. */
struct rce_options {
    int64_t deadline_ns[RCE_OPERATION_COUNT]; /* per step; that of READ_CLUSTER is the pre-check's.
                                                 All > 0. */
    uint32_t clusters_at_once;                /* 1 .. RCE_CLUSTERS_AT_ONCE_MAX */
    int64_t settle_ns; /* mitigation: wait so long between preparation and the first maintenance; 0
                          = off */

    bool precheck; /* fix: read the cluster until it is ready before asking for maintenance */
    enum rce_precheck_scope precheck_scope;
    struct rce_retry_policy
        precheck_poll; /* spacing of the reads; only the pre-check's deadline ends it */

    /* Fix: try again after errors, after a failed task, and where maintenance was asked for, after
     * silence: then the host is read, and asked again only if it is not in maintenance. Exhausted
     * attempts end the asking: after a definite error that fails the workflow, else its deadline
     * decides. */
    bool retry;
    /* The silence, counted from the request, before the first re-ask; before the following ones it
     * is longer by what the policy says. Reads that are not answered are made again after it, also
     * those of the pre-check. > 0. */
    int64_t retry_after_ns;
    struct rce_retry_policy retry_policy;

    enum rce_key_scope key_scope; /* fix: idempotency */
};

enum rce_input_kind {
    RCE_INPUT_START,
    RCE_INPUT_RESPONSE, /* request, result, and task (has_ended, outcome) | state | retry_after_ns
                         */
    RCE_INPUT_CALLBACK, /* operation, cluster, host, task, outcome */
    RCE_INPUT_TIMER,    /* timer */
    /* The engine process died; this state is what was last persisted, and no timer is set. Timers
     * are set again; what was being asked and had no answer is asked again (maintenance under
     * `retry` is read first); what was accepted is waited for. A workflow that has ended repeats
     * DONE or FAIL. */
    RCE_INPUT_RESUMED,
    /* Somebody restarts a failed workflow. Each unfinished step begins afresh, with its whole
     * deadline; maintenance goes through the pre-check again, and under `retry` the host is read
     * before maintenance or an update is asked for again. */
    RCE_INPUT_REDRIVEN,
    /* This state was saved by another engine or version, or runs under other options from now on.
     * As RESUMED, but nothing is repeated if it has ended. */
    RCE_INPUT_ENGINE_CHANGED,
};

struct rce_input {
    int64_t now_ns;
    uint64_t entropy; /* 64 uniform bits for jitter, fresh with each input */
    enum rce_input_kind kind;
    uint32_t timer;
    uint64_t request;
    uint64_t task;
    enum rce_operation operation;
    uint8_t cluster, host;
    enum rce_result result;
    enum rce_outcome outcome;
    bool has_ended; /* of an ACCEPTED response: the task has ended already, with `outcome` */
    uint32_t state; /* bits of enum rce_state_bit */
    int64_t retry_after_ns; /* 0 = not given */
};

enum rce_reason {
    RCE_REASON_NONE,
    RCE_REASON_DEADLINE,    /* the step's deadline passed */
    RCE_REASON_TASK_FAILED, /* the task was reported to have failed */
    RCE_REASON_THROTTLED,   /* the answer was ..., and there is no retry (left) */
    RCE_REASON_UNAVAILABLE,
    RCE_REASON_NOT_READY,
    RCE_REASON_REFUSED,
    RCE_REASON_UNKNOWN,
};
enum { RCE_REASON_COUNT = RCE_REASON_UNKNOWN + 1 };

enum rce_note {
    RCE_NOTE_STEP_STARTED,
    RCE_NOTE_STEP_ENDED,
    RCE_NOTE_CALLBACK_BELIEVED, /* task: the step ended, or its task is known to have failed */
    RCE_NOTE_CALLBACK_IGNORED,  /* task: late, repeated or foreign */
    RCE_NOTE_RESPONSE_IGNORED,  /* request */
    RCE_NOTE_STATE_BELIEVED,    /* a read shows that the step is done although no callback came */
    RCE_NOTE_NOT_READY_YET,     /* the pre-check reads again at at_ns */
    RCE_NOTE_RETRY,             /* asks again at at_ns */
    RCE_NOTE_RETRIES_SPENT,     /* stops asking; the deadline decides */
    RCE_NOTE_SETTLING,          /* waits until at_ns */
    RCE_NOTE_ANSWER_BELIEVED,   /* task: as CALLBACK_BELIEVED, but the response said it has ended */
};
enum { RCE_NOTE_COUNT = RCE_NOTE_ANSWER_BELIEVED + 1 };

enum rce_action_kind {
    RCE_PERSIST,
    RCE_SEND,         /* operation, cluster, host, attempt, request, key */
    RCE_SET_TIMER,    /* timer, at_ns; replaces what was set */
    RCE_CANCEL_TIMER, /* timer */
    RCE_DONE,
    RCE_FAIL, /* reason, operation, cluster, host */
    RCE_LOG,  /* note, operation, cluster, host, task, at_ns, request */
};

struct rce_action {
    enum rce_action_kind kind;
    enum rce_operation operation;
    uint8_t cluster, host; /* RCE_NO_CLUSTER, RCE_NO_HOST where they do not apply */
    uint16_t attempt;      /* 1, 2, ...: requests of this operation to this target in this workflow,
                              never reset */
    uint32_t timer;        /* < rce_timers_count(plan) */
    enum rce_note note;
    enum rce_reason reason;
    uint64_t request; /* never 0; unique in the workflow */
    uint64_t key;     /* idempotency key; 0 = none */
    uint64_t task;
    int64_t at_ns;
};

/* Filled by step from the start; whatever was in it is gone. */
struct rce_actions {
    uint32_t count;
    struct rce_action items[RCE_ACTIONS_MAX];
};

/* How a workflow stands after a step; RCE_BROKEN concerns the whole process. */
enum rce_status {
    RCE_RUNNING,
    RCE_SUCCEEDED,
    RCE_FAILED,
    /* The engine cannot do its work: its process died, or answers nonsense. The actions do not
     * count; the driver asks `complaint` for the reason, and stops everything. */
    RCE_BROKEN,
};

/* Timers are small numbers, so that a driver can keep them in an array: two (deadline, wait) for
 * the SDDC's own track and two for each of the two tracks of a cluster. */
enum { RCE_TIMERS_PER_TRACK = 2, RCE_TRACKS_PER_CLUSTER = 2 };
static inline uint32_t rce_timers_count(const struct rce_plan *plan)
{
    return RCE_TIMERS_PER_TRACK * (1 + RCE_TRACKS_PER_CLUSTER * plan->clusters_count);
}

/* What an engine offers beyond the indispensable, as bits. Without a bit the functions that it
 * names may be NULL. */
enum rce_capability {
    RCE_CAN_SAVE = 1u << 0, /* save: its workflows survive a crash, and can go to another engine */
    RCE_CAN_LOAD = 1u << 1, /* load: it can take workflows over, its own and others' */
    RCE_CAN_DIGEST = 1u << 2, /* digest: that it is pure can be checked closely */
};

/* An engine: linked in, loaded, or wrapped. Constant, and valid as long as it is loaded.
 *
 * Three blocks of memory, all the caller's, one within the other:
 *     settings   one for each variant that uses the engine; written by configure, constant after
 *     process    one for each engine process that is simulated, with one settings; what its
 *                workflows share, such as a retry budget. A crash loses it
 *     workflow   one for each SDDC, in one process */
struct rce_engine {
    uint32_t abi;                  /* RCE_ABI */
    uint32_t size_bytes;           /* sizeof(struct rce_engine) where the engine was compiled */
    uint32_t capabilities;         /* bits of enum rce_capability */
    uint32_t state_version;        /* of the format that save writes; from 1 on */
    uint32_t state_version_oldest; /* that load still reads */
    const char *name, *version;    /* "rce", "1.0"; for messages and files, never NULL or empty */

    size_t settings_size_bytes;
    /* Read the settings: `options`, what a variant says of the fixes and deadlines that the engine
     * of this folder has, for engines that have them too, and `config`, JSON text of the engine's
     * own settings, an object ("{}" if there are none). False, and why in `message` (ended by 0,
     * cut to fit), if they cannot be used. `options` is gone after the call. configure == NULL: the
     * settings are `struct rce_options` itself, and there is no config. */
    bool (*configure)(void *settings, const struct rce_options *options, const char *config,
                      char *message, size_t message_size_bytes);
    /* Give back what configure took; may be NULL. */
    void (*settings_end)(void *settings);

    size_t process_size_bytes; /* 0: workflows share nothing */
    /* Begin and end a process; each may be NULL, then the zeroed block is a fresh process.
     * `settings` outlives it. What fails here is told by the first step. The end also gives back
     * what workflows of it still have. */
    void (*process_begin)(void *process, const void *settings);
    void (*process_end)(void *process);
    /* Why a process is broken, for people: one line; NULL while it is not. May be NULL itself if
     * step never returns RCE_BROKEN. The text is good until the end of the process. */
    const char *(*complaint)(const void *process);

    /* Size of the caller's block for one workflow. */
    size_t (*state_size_bytes)(const struct rce_plan *plan);

    /* Make a fresh workflow. `plan`, `settings` and `process` are the caller's and outlive it. */
    void (*init)(void *workflow, void *process, const struct rce_plan *plan, const void *settings);

    /* Take one input; `out` receives the actions. Returns whether the workflow goes on, and how it
     * ended. `process` is the one of init or load, or the one that came after its crash. */
    enum rce_status (*step)(void *workflow, void *process, const struct rce_input *input,
                            struct rce_actions *out);

    /* Write the state as bytes that hold no pointers, little-endian, with the version of their
     * format; returns how many there are, and writes only if `size_bytes` is enough. 0: the engine
     * is broken. RCE_CAN_SAVE. */
    size_t (*save)(const void *workflow, void *bytes, size_t size_bytes);

    /* Make a workflow from saved bytes. False, and an untouched block, if they do not fit the plan
     * or the engine, or if the process is broken, which `complaint` tells. Total: any bytes may
     * come. RCE_CAN_LOAD. */
    bool (*load)(void *workflow, void *process, const struct rce_plan *plan, const void *settings,
                 const void *bytes, size_t size_bytes);

    /* 64 bits over everything that decides what the workflow does next, and nothing else: the same
     * after save and load, and at any address. RCE_CAN_DIGEST. */
    uint64_t (*digest)(const void *workflow);

    /* The caller will not use the workflow again; it may also just forget it. May be NULL. */
    void (*workflow_end)(void *workflow, void *process);
};

/* In front of what is visible from outside when everything else is not (-fvisibility=hidden). */
#define RCE_EXPORT __attribute__((visibility("default")))

/* What a shared object exports, and the only symbol that is looked for:
 *
 *     const struct rce_engine *rce_engine_get(uint32_t abi)
 *     {
 *         return abi == RCE_ABI ? &my_engine : NULL;
 *     }
 *
 * The engine for a driver that was compiled with contract `abi`, or NULL if there is none: so one
 * object can serve several. Called once, before anything else, possibly in a process of its own
 * first to see whether it survives. */
RCE_EXPORT const struct rce_engine *rce_engine_get(uint32_t abi);

/* The rest is the engine of this folder, which is in librce.a and needs nothing else. */

extern const struct rce_engine rce_engine;

/* Its process: the retry budget and the client-side limiter. All zero is a fresh process. */
struct rce_process {
    bool started;
    int64_t budget_tokens;
    int64_t limiter_nanotokens;
    int64_t limiter_at_ns;
};

/* Fill in the engine as it was before the hotfix: default deadlines, ten clusters at once, no fix.
 */
void rce_options_init(struct rce_options *options);

/* The names below as tables, each ended by NULL. */
extern const char *const rce_operation_names[RCE_OPERATION_COUNT + 1];
extern const char *const rce_reason_names[RCE_REASON_COUNT + 1];
extern const char *const rce_note_names[RCE_NOTE_COUNT + 1];
extern const char *const rce_result_names[RCE_RESULT_COUNT + 1];

/* Names for people and files: "enter-maintenance", "deadline", "callback-believed", ... Never NULL.
 */
const char *rce_operation_name(enum rce_operation operation);
const char *rce_reason_name(enum rce_reason reason);
const char *rce_note_name(enum rce_note note);
const char *rce_result_name(enum rce_result result);

#ifdef __cplusplus
}
#endif

#endif
