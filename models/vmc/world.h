/* world.h - one simulated world during one replication: the parts that the files here share.
 *
 * Private to models/vmc. One event of the kernel is one call of one function below, which may feed
 * one input to one workflow; the engine's actions only schedule further events, so nothing nests:
 *
 *   wave.c       starts SDDCs                 -> driver_start
 *   driver.c     feeds inputs to the engine, carries out its actions (send, timers, end)
 *   crash.c      takes what an engine has in memory away, and gives back what it persisted
 *   harness.c    stops the run when an engine is broken or breaks the contract
 *   rollout.c    sees that the wave fails, and hands its workflows to another engine
 *   service.c    the host-management service: a request arrives, is answered; callbacks go out
 *   platform.c   what the service sets in motion: provisioning, maintenance, updates, removal
 *   port.c       takes the driver's place where requests come from outside (port.h)
 *   invariant.c  what must hold after every step
 *   cause.c      why a workflow failed, in truth
 *   claim.c      what a client says of that, held against it
 *   timeline.c, rows.c, attempts.c, model.c, story.c   what comes out
 *   explore.c    what an explorer needs to know, and the order of events in its hands
 *
 * Memory: an SDDC's parts are taken from the replication's arena when it starts. A task is what an
 * accepted request created; tasks are numbered from 1 within their SDDC and never go away, so a
 * late callback or a remembered key always finds its task.
 */
#ifndef MODELS_VMC_WORLD_H
#define MODELS_VMC_WORLD_H

#include "models/vmc/columns.h"
#include "models/vmc/config.h"
#include "models/vmc/entity.h"
#include "models/vmc/port.h"
#include "models/vmc/purpose.h"
#include "models/vmc/tally.h"
#include "sim/experiment/model.h"
#include "sim/kernel/sim.h"

enum event_kind {
    EVENT_WAVE,      /* the next SDDC is due, or a maintenance window opens */
    EVENT_ARRIVE,    /* a: request slot. A request reaches the service. */
    EVENT_RESPOND,   /* a: request slot. Its answer reaches the engine. */
    EVENT_CONNECTED, /* a: task. A temporary host is connected. */
    EVENT_READY,     /* a: task. A temporary host is ready. */
    EVENT_TASK_END,  /* a: task */
    EVENT_REPAIRED,  /* a failed host is back */
    EVENT_CALLBACK,  /* a: task. A callback reaches the engine. */
    EVENT_TIMER,     /* a: timer of the workflow */
    EVENT_SERVE,     /* a: request slot. Its turn in the queue has come. */
    EVENT_ROLLOUT,   /* a: what; see rollout.c */
    EVENT_CHANGE,    /* a workflow changes engines; a: enum change */
    EVENT_REDRIVE,   /* a failed workflow starts again */
    EVENT_CRASH,     /* an engine's time to crash has come; a: version, or one worker's; crash.c */
    EVENT_RESTART,   /* an engine process begins again; a: version */
    EVENT_RESUME,    /* a workflow is taken up after a crash; a: its epoch */
};

enum host_state {
    HOST_ABSENT, /* a temporary host that nobody has asked for, or that has been removed */
    HOST_PROVISIONING,
    HOST_CONNECTED,
    HOST_READY,
    HOST_ENTERING,
    HOST_IN_MAINTENANCE,
    HOST_UPDATING,
    HOST_FAILED,
    HOST_EXITING, /* and resynchronising */
    HOST_REMOVING,
};

enum task_state { TASK_DEAD, TASK_WAITING, TASK_RUNNING, TASK_SUCCEEDED, TASK_FAILED };

struct task {
    uint64_t key; /* what the service remembers it by; 0 = nothing */
    int64_t accepted_at_ns;
    uint16_t previous; /* the task before it of the same operation on the same target; 0 = none */
    uint16_t attempt;  /* the last request that was answered with it */
    uint16_t run;      /* which run of the operation on the target it is */
    uint8_t operation, cluster, host;
    uint8_t state; /* enum task_state */
    bool callback_lost;
    bool replayed;       /* a key led back to it */
    bool early;          /* dead, because the temporary host was not ready */
    bool without_effect; /* a harmless repetition: takes its time, changes nothing */
    bool will_fail;
    bool late : 1;        /* of a request whose caller had given up */
    bool told_again : 1;  /* a key led back to it after its end */
    bool after_crash : 1; /* of a request that was sent because an engine had crashed */
    bool unheard : 1;     /* its answer came when the engine that had asked had crashed */
};

/* What the service and the checks remember of one target, for each of its (at most three) mutating
 * operations: see target_slot in service.c. */
enum { TARGET_SLOTS = 3 };
struct target {
    uint16_t last_task[TARGET_SLOTS];
    uint16_t last_attempt[TARGET_SLOTS]; /* the last request that may have been carried out */
    uint16_t runs_count[TARGET_SLOTS];
    uint8_t last_result[TARGET_SLOTS]; /* enum rce_result of the last answer */
    bool is_misled;                    /* a key led a request to the task of another target */
};

struct host {
    struct target target;
    int64_t maintenance_changed_at_ns; /* when RCE_STATE_HOST_IN_MAINTENANCE last changed */
    int64_t updated_at_ns;
    int64_t leaves_at_ns;    /* the end of the last exit, or removal, that began */
    uint16_t visit_task;     /* the maintenance task whose visit is going on */
    uint16_t waiting_task;   /* a second maintenance task, which begins when the host is free */
    uint16_t waiting_update; /* a second update, which begins when the first has ended */
    uint8_t state;           /* enum host_state */
    uint8_t updates_count;
};

struct cluster {
    struct target target;
    struct host *hosts;           /* [hosts_count + 1]; the last one is the temporary host */
    int64_t ready_at_ns;          /* the temporary host became ready; -1 = not yet */
    int64_t triggered_at_ns;      /* the first maintenance request left the engine; -1 = not yet */
    int64_t asked_at_ns;          /* the temporary host was asked for */
    int64_t listed_changed_at_ns; /* when the inventory's word on readiness last changed */
    int64_t extra_asked_sum_ns;   /* of the extra hosts: when they were asked for, added up */
    uint32_t extra_hosts_count;   /* temporary hosts that a repeated request added */
    uint16_t waiting_count;       /* maintenance tasks that wait until the cluster is ready */
    uint8_t hosts_count;
    uint8_t usable_count;      /* hosts that are HOST_READY, the temporary one included */
    uint8_t maintenance_count; /* entering, in maintenance, updating, failed, exiting */
    uint8_t failed_count;
    uint8_t duplicates_count; /* second maintenance tasks for one visit */
    bool temporary_planned;
    bool temporary_pending; /* asked for and not ready */
    bool outage_met;
    bool listed_ready;
    uint8_t last_read_result; /* enum rce_result of the last read of the cluster */
    bool last_read_pending;   /* what temporary_pending was when that read was answered */
    uint16_t violated;        /* bits of enum vmc_violation: each counts once a cluster */
};

struct sddc {
    struct target target;
    struct rce_plan plan;
    struct cluster *clusters;
    void *workflow;
    struct sim_handle *timers; /* [rce_timers_count] */
    struct task *tasks;        /* [1 .. tasks_count] */
    uint32_t tasks_count, tasks_room;
    uint32_t inputs_count, calls_count, reads_count, retries_count;
    uint32_t ignored_count, throttled_count;
    uint32_t hosts_left_over_count;
    uint16_t violated;
    uint16_t duplicates_count;
    uint16_t requests_open; /* sent and not answered */
    uint8_t group;
    uint8_t region;
    uint8_t status; /* enum rce_status */
    uint8_t reason, cause;
    uint8_t failed_operation, failed_cluster, failed_host;
    bool early_trigger;
    uint8_t first_status;    /* enum rce_status of the first drive */
    uint8_t version, wanted; /* the engine that runs it, the one that shall: enum version */
    uint8_t trigger_version; /* the one that first asked for maintenance */
    bool is_trigger_second;  /* it did so in the second drive only */
    uint8_t stage;           /* of the rollout, from 1 on; 0: none yet */
    bool has_waited;         /* had asked too early when it was handed to another engine */
    bool redrive_pending;
    /* Last, because few events touch them: the rest fits into the lines that are asked for ahead.
     */
    int64_t started_at_ns, ended_at_ns, triggered_at_ns;
    int64_t first_ended_at_ns, redriven_at_ns; /* the end of the first drive, the next begin; -1 */
    int64_t redrive_from_ns;                   /* while redrive_pending: not before */
    int64_t temporary_host_ns;
};

/* The engines of a run: that of the variant, and the one that a rollout brings. */
enum version { VERSION_OLD, VERSION_NEW, VERSION_COUNT };
struct running_engine {
    const struct rce_engine *engine; /* NULL: there is none */
    const void *settings;
    void *process;
    bool is_down;         /* between a crash and `up_at_ns`: there is no process */
    bool is_abandoned;    /* down, and nobody starts it again */
    uint32_t loops_count; /* crashes in a row in the instant in which it came back */
    int64_t up_at_ns;
    uint32_t crashes_count, ticks_count; /* so far: names of draws */
};

/* What a driver owes a workflow until its engine has taken it up wholly: delivered again after a
 * crash. */
enum held_kind { HELD_START, HELD_CALLBACK, HELD_REDRIVEN, HELD_CHANGED };
struct held {
    uint16_t task; /* of a callback */
    uint8_t kind;  /* enum held_kind */
    uint8_t deliveries_count;
};

/* What is left of a workflow when its engine crashes. `epoch` counts how often what was in memory
 * was lost: answers to requests of an earlier one find nobody. */
struct durable {
    void *bytes;       /* what was persisted last */
    struct held *held; /* in the order in which it came; empty while nothing is down */
    uint32_t size_bytes, room_bytes;
    uint32_t held_count, held_room;
    uint32_t epoch, crashes_count, ticks_count;
    uint32_t actions_count;   /* carried out so far */
    uint32_t timers_count;    /* that have fired */
    uint8_t crashes_in_a_row; /* its own, since it last took up an input wholly */
    uint8_t writer;           /* enum version: whose bytes these are */
    bool is_down;             /* nothing of it is in memory */
    bool is_given_up;         /* it has failed without a word of its engine */
};

/* Names the input under way, for the draws about crashes. */
struct delivery {
    uint32_t number; /* attempt, run or count, by the kind of the input */
    uint32_t deliveries_count;
};

/* How far the rollout is; times are -1 before they come. */
struct rollout_state {
    int64_t *failed_at_ns; /* the last failures, a ring of detect_failed_count */
    uint64_t failed_count;
    int64_t detected_at_ns, deployed_at_ns, done_at_ns;
    uint32_t stages_begun;
    uint32_t new_ended_count, new_failed_count; /* workflows that ended under the new engine */
    bool is_halted;
};

/* A request on its way: to the service, then back with its answer. Slots are used again. */
struct request {
    uint64_t request, key, task;
    int64_t answer_in_ns; /* from its arrival on */
    int64_t retry_after_ns;
    uint32_t sddc;
    uint32_t state;
    uint16_t attempt;
    uint8_t operation, cluster, host;
    uint8_t result;        /* enum rce_result */
    bool is_abandoned : 1; /* its caller has given up; what is left of it waits in the queue */
    bool has_ended : 1;    /* the task that its key led to has ended ... */
    bool has_failed : 1;   /* ... and failed */
    bool after_crash : 1;  /* sent because an engine had crashed */
    uint32_t next_free;
    uint32_t epoch; /* of the workflow, when it was sent */
};

/* One region: its API limits (theoretical arrival times of a virtual-scheduling token bucket) and
 * its capacity outages, generated as time goes on. */
enum { LIMIT_READS, LIMIT_WRITES, LIMIT_ADD_HOST, LIMIT_COUNT };
struct region_outage {
    int64_t from_ns, to_ns;
    uint32_t index; /* of the one after it */
};
struct region {
    int64_t allowed_at_ns[LIMIT_COUNT];
    int64_t busy_until_ns;       /* when the queue will have been worked off */
    struct region_outage outage; /* the first that is not over */
};

struct wave {
    uint32_t next_sddc; /* the first that has not started */
    uint32_t running_count;
    bool event_pending;
    int64_t paused_until_ns; /* no start before */
    int64_t shift_ns;        /* what the rest of the schedule is late by */
};

struct world {
    const struct vmc_config *config;
    const struct vmc_parameters *parameters;
    const struct model_run *run;
    struct oracle *oracle;
    struct arena *arena;
    struct sim *sim;
    struct record *record;
    struct trace *trace; /* of the traced SDDC, or NULL */
    uint32_t trace_sddc;
    int64_t now_ns;
    struct sddc *sddcs; /* [sddcs_count] */
    uint32_t sddcs_count;
    struct request *requests;
    uint32_t requests_count, requests_room, requests_free; /* slot + 1; 0 = none */
    int64_t *sent_at_ns; /* [sent_room], by request slot, where somebody wants the attempts */
    uint32_t sent_room;
    struct region *regions;
    uint8_t region_of_group[VMC_GROUPS_MAX];
    struct wave wave;
    struct running_engine engines[VERSION_COUNT];
    struct error *harness_error; /* set once an engine has failed its driver: nothing counts */
    bool is_harness_broken;
    struct rce_actions actions;
    struct durable *durables; /* [sddcs_count]; NULL where engines neither crash nor restart */
    struct delivery delivery;
    uint32_t ticks_pending;
    bool is_resuming; /* a workflow is taken up after a crash */
    void *saved;      /* [saved_room_bytes], where a state is on its way between two engines */
    size_t saved_room_bytes;
    struct rollout_state rollout;
    int64_t minute; /* the minute that calls_in_minute counts */
    int64_t calls_in_minute;
    int64_t last_end_ns;
    int64_t trigger_end_ns;      /* of the last outage window; -1 = none, or they never end */
    const struct vmc_port *port; /* in the driver's place; NULL: there are engines */
    uint64_t *service_history;   /* [sddcs_count], where somebody wants it (port.h); else NULL */
    int64_t throttled_until_ns;  /* every request is throttled, by a fault on request */
    /* For explorers: explore.c. */
    const struct model_probe *probe; /* NULL: a run for its record */
    bool asks_order;
    bool hashes_memory; /* keep memory_hash: what the engines planned and remembered */
    uint64_t memory_hash;
    uint8_t believed_operation; /* enum rce_operation of the callback that was believed last */
    uint32_t put_back;          /* of the event that is being scheduled */
    uint64_t order_sequence;
    struct order_count *order_counts; /* [order_room] */
    uint32_t order_room, order_used;
};

/* Draws with the world's names. A NULL distribution is 0. */
int64_t world_delay_ns(struct world *world, const struct dist *dist, struct draw_name name);
/* Add two durations, or a duration to a time; the sum stays below 2^62 ns, 146 years. */
static inline int64_t world_sum_ns(int64_t a_ns, int64_t b_ns)
{
    const int64_t most_ns = INT64_C(1) << 62;
    return a_ns > most_ns - b_ns ? most_ns : a_ns + b_ns;
}
void world_schedule(struct world *world, int64_t delay_ns, enum event_kind kind, uint32_t entity,
                    uint64_t a);
void world_count(struct world *world, enum vmc_metric metric, int64_t n);

/* model.c: the parts of a run. */
struct world *world_create(const struct model_run *run, struct record *record, uint64_t event_max);
void world_handle(struct world *world, const struct sim_event *event);
bool world_run(const struct model_run *run, struct record *record, uint64_t *service_history,
               struct error *error);
/* Close the account of an SDDC, which is a unit of the record. */
void world_close_sddc(struct world *world, uint32_t index, uint32_t unit);

/* fleet.c: draw the shape of an SDDC and take its memory. */
void fleet_make_sddc(struct world *world, uint32_t index);

/* wave.c */
void wave_begin(struct world *world);
void wave_step(struct world *world);
void wave_workflow_ended(struct world *world);
int64_t wave_due_ns(struct world *world, uint32_t index);

/* driver.c */
void driver_begin_engine(struct world *world, enum version version, const struct rce_engine *engine,
                         const void *settings);
void driver_end_engines(struct world *world);
void driver_start(struct world *world, uint32_t index);
void driver_respond(struct world *world, uint32_t slot);
void driver_callback(struct world *world, uint32_t entity, uint16_t task);
void driver_timer(struct world *world, uint32_t entity, uint32_t timer);
bool driver_change(struct world *world, uint32_t index, bool is_restarted);
void driver_redrive(struct world *world, uint32_t index);
bool driver_feed(struct world *world, uint32_t index, struct rce_input *input);
bool driver_feed_kind(struct world *world, uint32_t index, enum rce_input_kind kind);
bool driver_feed_callback(struct world *world, uint32_t index, uint16_t task);
void driver_carry_out(struct world *world, uint32_t index, const struct rce_action *action);
void driver_cancel_timers(struct world *world, struct sddc *sddc);

/* crash.c: each is only to be called where there are durables, but for the first and the last. */
void crash_begin(struct world *world);
void crash_workflow_started(struct world *world, uint32_t index);
void crash_deliver(struct world *world, uint32_t index, struct held held);
void crash_deliver_start(struct world *world, uint32_t index);
void crash_redrive(struct world *world, uint32_t index);
void crash_lose_answer(struct world *world, const struct request *request);
bool crash_carry_out(struct world *world, uint32_t index, const struct rce_input *input);
bool crash_is_heard(const struct world *world, const struct request *request);
void crash_keep(struct world *world, uint32_t index, enum version writer, const void *bytes,
                size_t size_bytes);
void crash_stop(struct world *world, uint32_t index);
enum vmc_cause crash_cause(const struct world *world, uint32_t index,
                           const struct rce_action *failure, enum vmc_cause cause);
void crash_tick(struct world *world, uint32_t entity, uint64_t what);
void crash_restart(struct world *world, enum version version);
void crash_resume(struct world *world, uint32_t entity, uint64_t epoch);
void crash_wake(struct world *world, uint32_t index);
bool crash_is_on(const struct vmc_parameters *parameters);

/* harness.c: is what came back from the engine something that may be carried out? False, and the
 * run is over, if it is not. */
bool harness_accepts(struct world *world, uint32_t index, const struct rce_input *input,
                     enum rce_status status);
/* Is this a size that a state, or what is saved of it, may have? */
bool harness_accepts_size(struct world *world, uint32_t index, enum version version,
                          size_t size_bytes);
/* The engine refuses to save although it can, or is broken: the run is over. */
void harness_complain(struct world *world, uint32_t index, enum version version, const char *what);

/* How a workflow comes to another engine: in peace, in spite of a request under way, or from what
 * was persisted last, wherever the old engine is. */
enum change { CHANGE_WHEN_ANSWERED, CHANGE_FORCED, CHANGE_RESTART };

/* rollout.c: each is only to be called where the variant has a rollout. */
void rollout_begin(struct world *world);
void rollout_step(struct world *world, uint64_t what);
void rollout_change(struct world *world, uint32_t entity, uint64_t how);
void rollout_redrive(struct world *world, uint32_t entity);
void rollout_workflow_started(struct world *world, uint32_t index);
void rollout_workflow_ended(struct world *world, uint32_t index);
/* A request of this SDDC was answered, or a task has ended, while something waits for that. */
void rollout_go_on(struct world *world, uint32_t index);
static inline bool rollout_is_awaited(const struct sddc *sddc)
{
    return __builtin_expect(sddc->wanted != sddc->version || sddc->redrive_pending, 0);
}
void rollout_close(struct world *world);

/* timeline.c */
void timeline_begin(struct world *world);
void timeline_count_minute(struct world *world);
void timeline_count(struct world *world, enum vmc_series series);
void timeline_close(struct world *world);
/* How the drive ended in which the workflow first asked for maintenance. */
static inline enum rce_status timeline_status_by_trigger(const struct sddc *sddc)
{
    return (enum rce_status)(sddc->is_trigger_second ? sddc->status : sddc->first_status);
}

/* service.c */
void service_send(struct world *world, struct sddc *sddc, const struct rce_action *action);
void service_arrive(struct world *world, uint32_t slot);
void service_serve(struct world *world, uint32_t slot);
void service_free_request(struct world *world, uint32_t slot);
int64_t service_trigger_end_ns(const struct vmc_service *service);
void service_end_task(struct world *world, struct sddc *sddc, uint16_t task, bool succeeded);
struct target *service_target(struct sddc *sddc, uint8_t cluster, uint8_t host);
uint32_t service_target_slot(enum rce_operation operation);
bool service_in_window(const struct vmc_window *windows, uint32_t count, int64_t at_ns);

/* The history of the service (port.h): what it saw or did, in one SDDC. */
enum service_event { SERVICE_ARRIVAL, SERVICE_ANSWER, SERVICE_TASK_END, SERVICE_CALLBACK };
static inline void service_note(struct world *world, enum service_event event, uint32_t entity,
                                uint64_t a, uint64_t b)
{
    if (__builtin_expect(world->service_history == NULL, 1))
        return;
    uint64_t *history = &world->service_history[entity_sddc(entity)];
    uint64_t who = (uint64_t)event << 32 | entity;
    *history = history_fold(*history, history_digest((uint64_t)world->now_ns, who, a, b));
}

/* platform.c: start the work of a task; carry on when time has passed. */
void platform_start_task(struct world *world, struct sddc *sddc, uint16_t task);
void platform_connected(struct world *world, uint32_t entity, uint16_t task);
void platform_ready(struct world *world, uint32_t entity);
void platform_task_end(struct world *world, uint32_t entity, uint16_t task);
void platform_repaired(struct world *world, uint32_t entity);
bool platform_is_cluster_ready(const struct cluster *cluster);
struct host *platform_host(struct cluster *cluster, uint8_t host);

/* port.c: an answer, and a callback, on their way out. The slot is free already. */
void port_answer(struct world *world, const struct request *request);
void port_callback(struct world *world, uint32_t entity, uint16_t task);

/* invariant.c */
void invariant_check_cluster(struct world *world, uint32_t sddc, uint32_t cluster);
void invariant_check_completed(struct world *world, uint32_t sddc);
void invariant_check_believed(struct world *world, uint32_t sddc, const struct rce_action *action);
void invariant_break(struct world *world, uint32_t entity, enum vmc_violation violation);

/* cause.c */
enum vmc_cause cause_of(struct sddc *sddc, const struct rce_action *failure);

/* rows.c */
void rows_fill(const struct world *world, uint32_t index, int64_t *values);
void rows_write(struct world *world);

/* attempts.c: every request with its answer, for whoever wants it. */
static inline bool attempts_are_wanted(const struct world *world)
{
    const struct model_sink *sink = world->run->sink;
    return __builtin_expect(sink != NULL, 0) && sink->attempt != NULL;
}
void attempts_note_sent(struct world *world, uint32_t slot);
void attempts_write(struct world *world, uint32_t slot, bool is_heard);

/* explore.c */
extern const struct model_explore vmc_explore;
static inline bool explore_is_wanted(const struct world *world)
{
    const struct model_sink *sink = world->run->sink;
    return __builtin_expect(sink != NULL, 0) && sink->finding != NULL;
}
void explore_tell_violation(struct world *world, uint32_t entity, enum vmc_violation violation);
void explore_tell_failure(struct world *world, uint32_t index);
void explore_close(struct world *world);
/* Fold the actions of a step, and what its engine then remembers, into world->memory_hash. */
void explore_remember(struct world *world, uint32_t index, const struct rce_input *input);

/* explore_order.c */
/* Ask where an event that is about to be scheduled stands among those of its instant; returns when
 * it is due, later than it says where there is a slack window. Only where world->asks_order. */
int64_t explore_ask_order(struct world *world, const struct sim_event *event);
void explore_schedule(struct world *world, const struct sim_event *event);
uint64_t explore_order(void *context, const struct sim_event *event);

/* story.c: trace records. */
enum story_type {
    STORY_INPUT = TRACE_TYPE_MODEL_FIRST, /* what the engine is told */
    STORY_SEND,
    STORY_NOTE,
    STORY_TIMER,
    STORY_ENDED,
    STORY_ANSWER,   /* what the service decides */
    STORY_TASK,     /* state of a task */
    STORY_HOST,     /* state of a host */
    STORY_READY,    /* cluster ready or not */
    STORY_CALLBACK, /* fate of a callback */
    STORY_VIOLATION,
    STORY_CAUSE,
    STORY_CHANGED,  /* a workflow is handed to another engine */
    STORY_REDRIVEN, /* a failed workflow starts again */
    STORY_CRASHED,  /* what is in memory is lost */
    STORY_RESUMED,  /* from what was persisted */
    STORY_UNHEARD,  /* an answer that finds nobody */
    STORY_GIVEN_UP, /* nobody starts its engine again */
};
void story_tell(struct world *world, enum story_type type, uint32_t entity,
                const uint64_t values[TRACE_VALUE_COUNT]);

/* Tell only when the SDDC is traced: costs one compare otherwise. */
#define STORY(world, type, entity, ...)                                                            \
    do {                                                                                           \
        if (__builtin_expect((world)->trace != NULL, 0))                                           \
            story_tell((world), (type), (entity),                                                  \
                       (const uint64_t[TRACE_VALUE_COUNT]){__VA_ARGS__});                          \
    } while (0)

#endif
