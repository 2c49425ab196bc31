/* Crashes of the engine.
 *
 * With crashes possible, a step is carried out action by action, and in each gap, before the first,
 * between two, and after the last, the oracle may crash the engine: the rest of the step is not
 * carried out, and what is in memory is lost: the states, the timers, and the connections on which
 * answers would come. What stays is in `struct durable`: the state as PERSIST saved it, and the
 * events that the driver has not seen taken up wholly.
 *
 *     up --- crash --> down --- downtime --> up: load, RESUMED, then what is held, in order
 *
 *  - Callbacks are delivered at least once: one that came while the engine was down, or whose step
 *    was not carried out to the end, is held and delivered again. So are START and the commands of
 *    a rollout. Answers and timers are not: whoever asks again gets another answer, and whoever
 *    resumes sets the timers again.
 *  - A DONE or FAIL that was carried out is the end. One that was not is said again on RESUMED.
 *  - A request that carries the attempt number of an earlier one is, to chance and to the service,
 *    the same request: its draws are the same. Nothing here is mixed into the names of other draws,
 *    so a crash shifts none of them.
 *
 * A gap is named by the input whose step it is in: by its target, kind and operation, by which one
 * of that kind it is (attempt of the request, run of the operation, firing of a timer, epoch), by
 * how often it has been delivered, and by its place in the step. So one crash more does not shift
 * the draws of later gaps, and variants crash at the same places as far as they do the same.
 *
 * Nothing goes round for ever; what is given up has failed by `crash`:
 *  - A workflow over which the engine crashes CRASHES_IN_A_ROW_MAX times without taking up one
 *    input wholly.
 *  - A process that crashes LOOPS_MAX times in a row by chance in the very instant in which it came
 *    back. Its workflows all resume in that instant, so where they are many, it may never outlive
 *    it, whatever each of them does; and deadlines pass that nobody is there to see. It is not
 *    started again: all its workflows have failed, and so has every one that comes to it later.
 */
#include <string.h>

#include "models/vmc/crash_gap.h"
#include "models/vmc/world.h"

enum { CRASHES_IN_A_ROW_MAX = 20, LOOPS_MAX = 100 };

/* What EVENT_CRASH is about: an engine process by its version, or the worker of one workflow. */
enum { TICK_WORKER = VERSION_COUNT };

/* Behind what else there is at the same time, so that an engine that comes back gets at least to
 * see what it has missed, and its deadlines end what never gets on. */
enum { TICK_PRIORITY = 1 };

enum { STOPPED_BY_ROLLOUT = VMC_CRASH_WORKFLOW + 1 };

static const struct vmc_crash *settings_of(const struct world *world)
{
    return &world->config->crash;
}

static bool has_crashes(const struct vmc_crash *crash)
{
    return crash->probability > 0 || crash->actions_count > 0 || crash->every != NULL;
}

bool crash_is_on(const struct vmc_parameters *parameters)
{
    const struct vmc_rollout *rollout = parameters->rollout;
    return has_crashes(&parameters->world->crash) ||
           (rollout != NULL && rollout->hand_over == VMC_HAND_OVER_RESTART);
}

static bool is_started(const struct sddc *sddc)
{
    return sddc->plan.clusters_count > 0;
}

/* Nothing but further crashes is to come, so nobody is left whom they could hit. */
static bool is_over(const struct world *world)
{
    return sim_pending_count(world->sim) <= world->ticks_pending;
}

static void schedule_tick(struct world *world, uint32_t entity, uint32_t name, uint64_t what,
                          uint32_t count)
{
    int64_t gap_ns = world_delay_ns(world, settings_of(world)->every,
                                    (struct draw_name){name, PURPOSE_CRASH_GAP, count});
    world->ticks_pending++;
    sim_schedule(world->sim, &(struct sim_event){.time_ns = world_sum_ns(
                                                     world->now_ns, gap_ns > 0 ? gap_ns : UNITS_US),
                                                 .subject = entity,
                                                 .kind = EVENT_CRASH,
                                                 .priority = TICK_PRIORITY,
                                                 .a = what});
}

static void schedule_process_tick(struct world *world, enum version version)
{
    schedule_tick(world, 0, version, version, world->engines[version].ticks_count++);
}

static void schedule_worker_tick(struct world *world, uint32_t index)
{
    uint32_t entity = entity_of_sddc(index);
    schedule_tick(world, entity, entity, TICK_WORKER, world->durables[index].ticks_count++);
}

void crash_begin(struct world *world)
{
    if (!crash_is_on(world->parameters))
        return;
    world->durables = arena_take_array(world->arena, world->sddcs_count, sizeof *world->durables);
    if (settings_of(world)->every == NULL || settings_of(world)->scope != VMC_CRASH_PROCESS)
        return;
    for (int i = 0; i < VERSION_COUNT; i++)
        if (world->engines[i].engine != NULL)
            schedule_process_tick(world, (enum version)i);
}

void crash_workflow_started(struct world *world, uint32_t index)
{
    world->durables[index].is_down = world->engines[world->sddcs[index].version].is_down;
    if (settings_of(world)->every != NULL && settings_of(world)->scope == VMC_CRASH_WORKFLOW)
        schedule_worker_tick(world, index);
}

/* Remember a state as what was persisted last. */
void crash_keep(struct world *world, uint32_t index, enum version writer, const void *bytes,
                size_t size_bytes)
{
    struct durable *durable = &world->durables[index];
    if (size_bytes > durable->room_bytes) {
        durable->room_bytes = (uint32_t)size_bytes * 2;
        durable->bytes = arena_take(world->arena, durable->room_bytes);
    }
    memcpy(durable->bytes, bytes, size_bytes);
    durable->size_bytes = (uint32_t)size_bytes;
    durable->writer = (uint8_t)writer;
}

static bool persist(struct world *world, uint32_t index)
{
    struct durable *durable = &world->durables[index];
    const struct sddc *sddc = &world->sddcs[index];
    const struct rce_engine *engine = world->engines[sddc->version].engine;
    if ((engine->capabilities & RCE_CAN_SAVE) == 0) {
        harness_complain(world, index, (enum version)sddc->version,
                         "it cannot save workflows, and stands where engines crash or are stopped");
        return false;
    }
    size_t size_bytes = engine->save(sddc->workflow, durable->bytes, durable->room_bytes);
    if (!harness_accepts_size(world, index, (enum version)sddc->version, size_bytes))
        return false;
    if (size_bytes > durable->room_bytes) {
        durable->room_bytes = (uint32_t)size_bytes * 2;
        durable->bytes = arena_take(world->arena, durable->room_bytes);
        size_bytes = engine->save(sddc->workflow, durable->bytes, durable->room_bytes);
    }
    if (size_bytes == 0 || size_bytes > durable->room_bytes) {
        harness_complain(world, index, (enum version)sddc->version, "could not save a workflow");
        return false;
    }
    durable->size_bytes = (uint32_t)size_bytes;
    durable->writer = sddc->version;
    return true;
}

/* What was in memory of one workflow is gone. */
static void go_down(struct world *world, uint32_t index)
{
    struct durable *durable = &world->durables[index];
    struct sddc *sddc = &world->sddcs[index];
    driver_cancel_timers(world, sddc);
    durable->is_down = true;
    durable->epoch++;
}

static void tell_crash(struct world *world, uint32_t index, uint32_t scope, uint32_t done,
                       uint32_t left)
{
    world->durables[index].crashes_count++;
    STORY(world, STORY_CRASHED, entity_of_sddc(index), scope, done, left);
}

/* The workflow has failed, whatever its engine would say. What is held stays, and what still comes
 * is held too: its engine has not said that it wants to hear no more, and may be driven again. */
static void give_up(struct world *world, uint32_t index, uint32_t crashes_count)
{
    STORY(world, STORY_GIVEN_UP, entity_of_sddc(index), crashes_count);
    world->durables[index].is_given_up = true;
    driver_carry_out(world, index,
                     &(struct rce_action){.kind = RCE_FAIL,
                                          .operation = RCE_UPGRADE_CONTROL_PLANE,
                                          .cluster = RCE_NO_CLUSTER,
                                          .host = RCE_NO_HOST,
                                          .reason = RCE_REASON_NONE});
}

/* Nobody starts this process again. */
static void abandon(struct world *world, enum version version)
{
    struct running_engine *running = &world->engines[version];
    running->is_abandoned = true;
    for (uint32_t i = 0; i < world->wave.next_sddc; i++) {
        const struct sddc *sddc = &world->sddcs[i];
        if (is_started(sddc) && sddc->version == version && sddc->status == RCE_RUNNING)
            give_up(world, i, running->loops_count);
    }
}

static void take_process_down(struct world *world, enum version version)
{
    struct running_engine *running = &world->engines[version];
    running->is_down = true;
    if (running->engine->process_end != NULL)
        running->engine->process_end(running->process);
    for (uint32_t i = 0; i < world->wave.next_sddc; i++) {
        const struct sddc *sddc = &world->sddcs[i];
        if (!is_started(sddc) || sddc->version != version || world->durables[i].is_down)
            continue;
        go_down(world, i);
        if (sddc->status == RCE_RUNNING)
            tell_crash(world, i, VMC_CRASH_PROCESS, 0, 0);
    }
    world_count(world, METRIC_CRASHES, 1);
}

/* Crashes that somebody ordered, at an action or a time, end by themselves; those by chance need
 * not, and are counted. */
static void crash_process(struct world *world, enum version version, bool is_by_chance)
{
    struct running_engine *running = &world->engines[version];
    take_process_down(world, version);
    if (is_by_chance)
        running->loops_count = running->up_at_ns == world->now_ns ? running->loops_count + 1 : 1;
    if (running->loops_count >= LOOPS_MAX) {
        abandon(world, version);
        return;
    }
    int64_t downtime_ns = world_delay_ns(
        world, settings_of(world)->downtime,
        (struct draw_name){version, PURPOSE_CRASH_DOWNTIME, running->crashes_count++});
    running->up_at_ns = world_sum_ns(world->now_ns, downtime_ns);
    world_schedule(world, downtime_ns, EVENT_RESTART, 0, version);
}

static void crash_worker(struct world *world, uint32_t index)
{
    const struct sddc *sddc = &world->sddcs[index];
    const struct running_engine *running = &world->engines[sddc->version];
    go_down(world, index);
    world_count(world, METRIC_CRASHES, 1);
    if (running->engine->workflow_end != NULL)
        running->engine->workflow_end(sddc->workflow, running->process);
    if (sddc->status != RCE_RUNNING)
        return;
    uint32_t entity = entity_of_sddc(index), epoch = world->durables[index].epoch;
    int64_t downtime_ns = world_delay_ns(world, settings_of(world)->downtime,
                                         (struct draw_name){entity, PURPOSE_CRASH_DOWNTIME, epoch});
    world_schedule(world, downtime_ns, EVENT_RESUME, entity, epoch);
}

/* The engine crashes in a step of this workflow, of which `done` actions were carried out. */
static void crash_in_step(struct world *world, uint32_t index, uint32_t done, bool is_by_chance)
{
    struct durable *durable = &world->durables[index];
    enum vmc_crash_scope scope = settings_of(world)->scope;
    if (world->sddcs[index].status == RCE_RUNNING) {
        durable->crashes_in_a_row++;
        tell_crash(world, index, scope, done, world->actions.count - done);
    }
    if (scope == VMC_CRASH_WORKFLOW) {
        crash_worker(world, index);
    } else {
        go_down(world, index);
        crash_process(world, (enum version)world->sddcs[index].version, is_by_chance);
    }
    if (world->sddcs[index].status == RCE_RUNNING &&
        durable->crashes_in_a_row >= CRASHES_IN_A_ROW_MAX) {
        /* Without it the process may do better. */
        world->engines[world->sddcs[index].version].loops_count = 0;
        give_up(world, index, durable->crashes_in_a_row);
    }
}

void crash_stop(struct world *world, uint32_t index)
{
    const struct sddc *sddc = &world->sddcs[index];
    const struct running_engine *running = &world->engines[sddc->version];
    if (world->durables[index].is_down)
        return;
    go_down(world, index);
    STORY(world, STORY_CRASHED, entity_of_sddc(index), STOPPED_BY_ROLLOUT, 0, 0);
    if (running->engine->workflow_end != NULL)
        running->engine->workflow_end(sddc->workflow, running->process);
}

static bool follows_action(const struct vmc_crash *crash, uint32_t count)
{
    for (uint32_t i = 0; i < crash->actions_count; i++)
        if (crash->after_action[i] == count)
            return true;
    return false;
}

/* A failure that is said again while a re-drive is held was told of before. */
static bool is_old_failure(const struct durable *durable, const struct rce_input *input,
                           const struct rce_action *action)
{
    if (action->kind != RCE_FAIL || input->kind != RCE_INPUT_RESUMED)
        return false;
    for (uint32_t i = 0; i < durable->held_count; i++)
        if (durable->held[i].kind == HELD_REDRIVEN)
            return true;
    return false;
}

static bool carry_out_one(struct world *world, uint32_t index, const struct rce_input *input,
                          const struct rce_action *action)
{
    struct durable *durable = &world->durables[index];
    durable->actions_count++;
    if (action->kind == RCE_PERSIST)
        return persist(world, index);
    if (!is_old_failure(durable, input, action))
        driver_carry_out(world, index, action);
    return true;
}

/* Carry out the actions of a step, unless the engine crashes in one of the gaps. False: it was not
 * carried out wholly. */
bool crash_carry_out(struct world *world, uint32_t index, const struct rce_input *input)
{
    const struct vmc_crash *crash = settings_of(world);
    struct durable *durable = &world->durables[index];
    for (uint32_t i = 0; i <= world->actions.count; i++) {
        bool crashes =
            i > 0 ? follows_action(crash, durable->actions_count)
                  : durable->actions_count == 0 && durable->epoch == 0 && follows_action(crash, 0);
        if (crashes ||
            oracle_happens(world->oracle, crash_gap_name(&world->delivery, index, input, i),
                           crash->probability)) {
            crash_in_step(world, index, i, !crashes);
            return false;
        }
        if (i < world->actions.count &&
            !carry_out_one(world, index, input, &world->actions.items[i]))
            return false;
    }
    if (input->kind != RCE_INPUT_RESUMED)
        durable->crashes_in_a_row = 0;
    return true;
}

void crash_lose_answer(struct world *world, const struct request *request)
{
    if (world->sddcs[request->sddc].status != RCE_RUNNING)
        return; /* Nobody would have listened. */
    world_count(world, METRIC_ANSWERS_LOST, 1);
    if (request->task != 0)
        world->sddcs[request->sddc].tasks[request->task].unheard = true;
    STORY(world, STORY_UNHEARD, entity_of_target(request->sddc, request->cluster, request->host),
          request->operation, request->result, request->task);
}

bool crash_is_heard(const struct world *world, const struct request *request)
{
    return world->durables[request->sddc].epoch == request->epoch;
}

static void hold(struct world *world, struct durable *durable, struct held held, bool is_first)
{
    if (durable->held_count == durable->held_room) {
        uint32_t room = durable->held_room == 0 ? 4 : durable->held_room * 2;
        struct held *wider = arena_take_array(world->arena, room, sizeof *wider);
        if (durable->held_count > 0)
            memcpy(wider, durable->held, durable->held_count * sizeof *wider);
        durable->held = wider;
        durable->held_room = room;
    }
    if (is_first && durable->held_count > 0)
        memmove(&durable->held[1], &durable->held[0], durable->held_count * sizeof held);
    durable->held[is_first ? 0 : durable->held_count] = held;
    durable->held_count++;
}

static bool feed_held(struct world *world, uint32_t index, const struct held *held)
{
    world->delivery = (struct delivery){.number = world->durables[index].epoch,
                                        .deliveries_count = held->deliveries_count};
    switch ((enum held_kind)held->kind) {
    case HELD_START:
        world->delivery.number = 0;
        return driver_feed_kind(world, index, RCE_INPUT_START);
    case HELD_CALLBACK:
        world->delivery.number = world->sddcs[index].tasks[held->task].run;
        return driver_feed_callback(world, index, held->task);
    case HELD_REDRIVEN: return driver_feed_kind(world, index, RCE_INPUT_REDRIVEN);
    case HELD_CHANGED: return driver_feed_kind(world, index, RCE_INPUT_ENGINE_CHANGED);
    }
    CHECK_UNREACHABLE("a known kind of event");
}

static bool is_up(const struct world *world, uint32_t index)
{
    return world->sddcs[index].status == RCE_RUNNING && !world->durables[index].is_down &&
           !world->is_harness_broken;
}

/* Deliver what is held, until the engine goes down again or the workflow ends. */
static void drain(struct world *world, uint32_t index)
{
    struct durable *durable = &world->durables[index];
    while (durable->held_count > 0 && is_up(world, index)) {
        durable->held[0].deliveries_count++;
        if (!feed_held(world, index, &durable->held[0]) || durable->held_count == 0)
            break;
        durable->held_count--;
        memmove(&durable->held[0], &durable->held[1], durable->held_count * sizeof *durable->held);
    }
    if (world->sddcs[index].status != RCE_RUNNING && !durable->is_given_up)
        durable->held_count = 0;
}

void crash_deliver(struct world *world, uint32_t index, struct held held)
{
    struct durable *durable = &world->durables[index];
    bool is_running = world->sddcs[index].status == RCE_RUNNING;
    bool is_changed = held.kind == HELD_CHANGED; /* the first that an engine hears */
    if (!is_running && !durable->is_given_up)
        return;
    if (!is_changed || durable->held_count == 0 || durable->held[0].kind != HELD_CHANGED)
        hold(world, durable, held, is_changed);
    if (is_running && world->engines[world->sddcs[index].version].is_abandoned)
        give_up(world, index, LOOPS_MAX);
    else
        drain(world, index);
}

/* The workflow begins anew, since nothing of it was ever persisted. */
static void hold_start(struct world *world, uint32_t index)
{
    struct durable *durable = &world->durables[index];
    if (durable->held_count == 0 || durable->held[0].kind != HELD_START)
        hold(world, durable, (struct held){.kind = HELD_START}, true);
}

void crash_deliver_start(struct world *world, uint32_t index)
{
    if (world->sddcs[index].status != RCE_RUNNING && !world->durables[index].is_given_up)
        return;
    hold_start(world, index);
    drain(world, index);
}

void crash_redrive(struct world *world, uint32_t index)
{
    world->durables[index].crashes_in_a_row = 0;
    world->durables[index].is_given_up = false;
    crash_deliver(world, index, (struct held){.kind = HELD_REDRIVEN});
    crash_wake(world, index);
}

/* Make the workflow again in memory. */
static bool load(struct world *world, uint32_t index)
{
    struct durable *durable = &world->durables[index];
    struct sddc *sddc = &world->sddcs[index];
    const struct running_engine *running = &world->engines[sddc->version];
    durable->is_down = false;
    if (durable->size_bytes == 0) {
        memset(sddc->workflow, 0, running->engine->state_size_bytes(&sddc->plan));
        running->engine->init(sddc->workflow, running->process, &sddc->plan, running->settings);
        hold_start(world, index);
        return true;
    }
    if (running->engine->load(sddc->workflow, running->process, &sddc->plan, running->settings,
                              durable->bytes, durable->size_bytes))
        return true;
    harness_complain(world, index, (enum version)sddc->version,
                     "could not load the state of a workflow that was persisted before a crash");
    return false;
}

void crash_resume(struct world *world, uint32_t entity, uint64_t epoch)
{
    uint32_t index = entity_sddc(entity);
    struct durable *durable = &world->durables[index];
    const struct sddc *sddc = &world->sddcs[index];
    if (!durable->is_down || durable->epoch != epoch || sddc->status != RCE_RUNNING ||
        world->engines[sddc->version].is_down || !load(world, index))
        return;
    bool is_fresh = durable->size_bytes == 0;
    STORY(world, STORY_RESUMED, entity_of_sddc(index), sddc->version, !is_fresh,
          durable->held_count);
    world_count(world, METRIC_RESUMED, durable->epoch > 0);
    /* A hand-over that is still owed says all that RESUMED says. */
    bool is_changed = durable->held_count > 0 && durable->held[0].kind == HELD_CHANGED;
    world->is_resuming = true;
    world->delivery = (struct delivery){.number = durable->epoch};
    if (is_fresh || is_changed || driver_feed_kind(world, index, RCE_INPUT_RESUMED)) {
        world->is_resuming = is_fresh || is_changed;
        drain(world, index);
    }
    world->is_resuming = false;
    if (world->parameters->rollout != NULL && is_up(world, index) && rollout_is_awaited(sddc))
        rollout_go_on(world, index);
}

/* Take up a workflow whose engine crashed after its end, since somebody needs it again. */
void crash_wake(struct world *world, uint32_t index)
{
    const struct durable *durable = &world->durables[index];
    if (durable->is_down && !world->engines[world->sddcs[index].version].is_down)
        world_schedule(world, 0, EVENT_RESUME, entity_of_sddc(index), durable->epoch);
}

void crash_restart(struct world *world, enum version version)
{
    struct running_engine *running = &world->engines[version];
    running->is_down = false;
    memset(running->process, 0, running->engine->process_size_bytes);
    if (running->engine->process_begin != NULL)
        running->engine->process_begin(running->process, running->settings);
    for (uint32_t i = 0; i < world->wave.next_sddc; i++)
        if (is_started(&world->sddcs[i]) && world->sddcs[i].version == version &&
            world->sddcs[i].status == RCE_RUNNING)
            crash_wake(world, i);
}

static bool has_running(const struct world *world, uint64_t version)
{
    for (uint32_t i = 0; i < world->wave.next_sddc; i++)
        if (world->sddcs[i].version == version && world->sddcs[i].status == RCE_RUNNING)
            return true;
    return false;
}

void crash_tick(struct world *world, uint32_t entity, uint64_t what)
{
    uint32_t index = entity_sddc(entity);
    world->ticks_pending--;
    if (is_over(world))
        return;
    if (what == TICK_WORKER) {
        if (is_up(world, index)) {
            tell_crash(world, index, VMC_CRASH_WORKFLOW, 0, 0);
            crash_worker(world, index);
        }
        schedule_worker_tick(world, index);
        return;
    }
    if (!world->engines[what].is_down && has_running(world, what))
        crash_process(world, (enum version)what, false);
    schedule_process_tick(world, (enum version)what);
}

/* The truth about a failure after a crash: the world's other rules know what went wrong with the
 * task; what they cannot explain, or explain by a lack of time or knowledge that the crash has
 * taken, is its. */
enum vmc_cause crash_cause(const struct world *world, uint32_t index,
                           const struct rce_action *failure, enum vmc_cause cause)
{
    const struct durable *durable = &world->durables[index];
    struct sddc *sddc = &world->sddcs[index];
    if (durable->is_given_up)
        return CAUSE_CRASH;
    if (durable->crashes_count == 0)
        return cause;
    if (cause == CAUSE_OTHER && failure->reason == RCE_REASON_DEADLINE)
        return CAUSE_CRASH;
    if (failure->operation == RCE_READ_CLUSTER || failure->operation == RCE_READ_HOST)
        return cause;
    const struct target *target = service_target(sddc, failure->cluster, failure->host);
    uint16_t last = target->last_task[service_target_slot(failure->operation)];
    if (last == 0)
        return cause;
    /* Refused beside its own task, of whose start the crash has taken the word. */
    if (failure->reason == RCE_REASON_REFUSED && cause == CAUSE_SERVICE_ERROR)
        return CAUSE_CRASH;
    bool is_slow = cause == CAUSE_SLOW_WORK || cause == CAUSE_SLOW_PROVISIONING;
    bool is_crash = (is_slow && sddc->tasks[last].after_crash) ||
                    (cause == CAUSE_LATE_CALLBACK && sddc->tasks[last].unheard);
    return is_crash ? CAUSE_CRASH : cause;
}
