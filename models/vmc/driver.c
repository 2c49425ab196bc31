#include "models/vmc/world.h"

#include <string.h>

void driver_begin_engine(struct world *world, enum version version, const struct rce_engine *engine,
                         const void *settings)
{
    struct running_engine *running = &world->engines[version];
    *running = (struct running_engine){
        .engine = engine,
        .settings = settings,
        .process = arena_take(world->arena, engine->process_size_bytes),
    };
    if (engine->process_begin != NULL)
        engine->process_begin(running->process, settings);
}

void driver_end_engines(struct world *world)
{
    for (int i = 0; i < VERSION_COUNT; i++) {
        const struct running_engine *running = &world->engines[i];
        if (running->engine != NULL && !running->is_down && running->engine->process_end != NULL)
            running->engine->process_end(running->process);
    }
}

void driver_cancel_timers(struct world *world, struct sddc *sddc)
{
    for (uint32_t i = 0; i < rce_timers_count(&sddc->plan); i++) {
        sim_cancel(world->sim, sddc->timers[i]);
        sddc->timers[i] = (struct sim_handle){0};
    }
}

static void end_workflow(struct world *world, uint32_t index, const struct rce_action *action)
{
    struct sddc *sddc = &world->sddcs[index];
    bool failed = action->kind == RCE_FAIL;
    driver_cancel_timers(world, sddc);
    sddc->status = failed ? RCE_FAILED : RCE_SUCCEEDED;
    sddc->ended_at_ns = world->now_ns;
    if (sddc->redriven_at_ns < 0) {
        sddc->first_status = sddc->status;
        sddc->first_ended_at_ns = world->now_ns;
    }
    world->last_end_ns = world->now_ns;
    sddc->reason = failed ? (uint8_t)action->reason : RCE_REASON_NONE;
    STORY(world, STORY_ENDED, entity_of_target(index, action->cluster, action->host), failed,
          sddc->reason, action->operation);
    if (failed) {
        sddc->failed_operation = (uint8_t)action->operation;
        sddc->failed_cluster = action->cluster;
        sddc->failed_host = action->host;
        enum vmc_cause cause = cause_of(sddc, action);
        sddc->cause =
            (uint8_t)(world->durables == NULL ? cause : crash_cause(world, index, action, cause));
        STORY(world, STORY_CAUSE, entity_of_sddc(index), sddc->cause);
        if (explore_is_wanted(world) && world->parameters->rollout == NULL)
            explore_tell_failure(world, index);
    } else {
        invariant_check_completed(world, index);
    }
    sim_fold(world->sim, (uint64_t)index << 8 | sddc->status);
    wave_workflow_ended(world);
    if (world->parameters->rollout != NULL)
        rollout_workflow_ended(world, index);
}

static void set_timer(struct world *world, uint32_t index, const struct rce_action *action)
{
    struct sddc *sddc = &world->sddcs[index];
    int64_t at_ns = action->at_ns;
    struct sim_handle *handle = &sddc->timers[action->timer];
    STORY(world, STORY_TIMER, entity_of_sddc(index), action->timer, (uint64_t)at_ns);
    if (__builtin_expect(world->asks_order, 0))
        at_ns = explore_ask_order(world, &(struct sim_event){.time_ns = at_ns,
                                                             .subject = entity_of_sddc(index),
                                                             .kind = EVENT_TIMER,
                                                             .a = action->timer});
    if (sim_reschedule(world->sim, *handle, at_ns))
        return;
    *handle = sim_schedule(world->sim, &(struct sim_event){.time_ns = at_ns,
                                                           .subject = entity_of_sddc(index),
                                                           .kind = EVENT_TIMER,
                                                           .a = action->timer});
}

static void take_note(struct world *world, uint32_t index, const struct rce_action *action)
{
    struct sddc *sddc = &world->sddcs[index];
    STORY(world, STORY_NOTE, entity_of_target(index, action->cluster, action->host), action->note,
          action->operation, action->task, (uint64_t)action->at_ns);
    switch (action->note) {
    case RCE_NOTE_RETRY:
        sddc->retries_count++;
        world_count(world, METRIC_RETRIES, 1);
        return;
    case RCE_NOTE_CALLBACK_IGNORED:
        sddc->ignored_count++;
        world_count(world, METRIC_CALLBACKS_IGNORED, 1);
        return;
    case RCE_NOTE_CALLBACK_BELIEVED:
    case RCE_NOTE_ANSWER_BELIEVED: invariant_check_believed(world, index, action); return;
    case RCE_NOTE_STEP_STARTED:
    case RCE_NOTE_STEP_ENDED:
    case RCE_NOTE_RESPONSE_IGNORED:
    case RCE_NOTE_STATE_BELIEVED:
    case RCE_NOTE_NOT_READY_YET:
    case RCE_NOTE_RETRIES_SPENT:
    case RCE_NOTE_SETTLING: return;
    }
}

static inline void carry_out(struct world *world, uint32_t index, const struct rce_action *action)
{
    struct sddc *sddc = &world->sddcs[index];
    switch (action->kind) {
    case RCE_PERSIST: return; /* crash.c does it where what is in memory can be lost. */
    case RCE_SEND: service_send(world, sddc, action); return;
    case RCE_SET_TIMER: set_timer(world, index, action); return;
    case RCE_CANCEL_TIMER: sim_cancel(world->sim, sddc->timers[action->timer]); return;
    case RCE_DONE:
    case RCE_FAIL: end_workflow(world, index, action); return;
    case RCE_LOG: take_note(world, index, action); return;
    }
}

void driver_carry_out(struct world *world, uint32_t index, const struct rce_action *action)
{
    carry_out(world, index, action);
}

/* Hand one input to the engine of a workflow and carry out what comes back. False: not to the end,
 * because the engine crashed meanwhile. */
bool driver_feed(struct world *world, uint32_t index, struct rce_input *input)
{
    struct sddc *sddc = &world->sddcs[index];
    if (sddc->status != RCE_RUNNING || world->is_harness_broken)
        return true; /* It has ended; the contract lets a driver stop talking to it. */
    input->now_ns = world->now_ns;
    input->entropy =
        oracle_entropy(world->oracle, (struct draw_name){entity_of_sddc(index), PURPOSE_ENTROPY,
                                                         sddc->inputs_count++});
    STORY(world, STORY_INPUT, entity_of_target(index, input->cluster, input->host), input->kind,
          input->operation,
          input->kind == RCE_INPUT_RESPONSE ? (uint64_t)input->result : (uint64_t)input->outcome,
          input->kind == RCE_INPUT_TIMER ? input->timer : input->task);
    struct rce_actions *actions = &world->actions;
    struct running_engine *running = &world->engines[sddc->version];
    enum rce_status status =
        running->engine->step(sddc->workflow, running->process, input, actions);
    if (!harness_accepts(world, index, input, status))
        return false;
    if (__builtin_expect(world->hashes_memory, 0))
        explore_remember(world, index, input);
    if (__builtin_expect(world->durables != NULL, 0))
        return crash_carry_out(world, index, input);
    for (uint32_t i = 0; i < actions->count; i++)
        carry_out(world, index, &actions->items[i]);
    return true;
}

bool driver_feed_kind(struct world *world, uint32_t index, enum rce_input_kind kind)
{
    return driver_feed(
        world, index,
        &(struct rce_input){.kind = kind, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST});
}

bool driver_feed_callback(struct world *world, uint32_t index, uint16_t id)
{
    const struct task *task = &world->sddcs[index].tasks[id];
    return driver_feed(world, index,
                       &(struct rce_input){.kind = RCE_INPUT_CALLBACK,
                                           .operation = (enum rce_operation)task->operation,
                                           .cluster = task->cluster,
                                           .host = task->host,
                                           .task = id,
                                           .outcome = task->state == TASK_FAILED
                                                          ? RCE_TASK_FAILED
                                                          : RCE_TASK_SUCCEEDED});
}

void driver_start(struct world *world, uint32_t index)
{
    struct sddc *sddc = &world->sddcs[index];
    if (world->parameters->rollout != NULL)
        rollout_workflow_started(world, index);
    fleet_make_sddc(world, index);
    sddc->started_at_ns = world->now_ns;
    sddc->triggered_at_ns = sddc->first_ended_at_ns = sddc->redriven_at_ns = -1;
    sddc->status = RCE_RUNNING;
    const struct running_engine *running = &world->engines[sddc->version];
    if (world->is_harness_broken)
        return;
    if (world->durables != NULL)
        crash_workflow_started(world, index);
    if (!running->is_down)
        running->engine->init(sddc->workflow, running->process, &sddc->plan, running->settings);
    if (world->durables != NULL)
        crash_deliver(world, index, (struct held){.kind = HELD_START});
    else
        driver_feed_kind(world, index, RCE_INPUT_START);
}

/* Is the state that one engine saved for the other to read? Of another name it may be: then its
 * load decides. */
static bool is_readable(const struct rce_engine *from, const struct rce_engine *to)
{
    if (!(from->capabilities & RCE_CAN_SAVE) || !(to->capabilities & RCE_CAN_LOAD))
        return false;
    return strcmp(from->name, to->name) != 0 || (from->state_version >= to->state_version_oldest &&
                                                 from->state_version <= to->state_version);
}

/* A state on its way between two engines. */
struct state {
    const void *bytes; /* NULL: nothing was ever persisted, the workflow begins anew */
    size_t size_bytes;
    enum version writer;
};

/* Have the engine of a workflow save it as it is now. */
static bool save(struct world *world, uint32_t index, struct state *state)
{
    const struct sddc *sddc = &world->sddcs[index];
    const struct running_engine *from = &world->engines[sddc->version];
    size_t saved_bytes = from->engine->save(sddc->workflow, NULL, 0);
    if (!harness_accepts_size(world, index, (enum version)sddc->version, saved_bytes))
        return false;
    if (saved_bytes > world->saved_room_bytes) {
        world->saved_room_bytes = saved_bytes * 2;
        world->saved = arena_take(world->arena, world->saved_room_bytes);
    }
    if (saved_bytes == 0 ||
        from->engine->save(sddc->workflow, world->saved, saved_bytes) != saved_bytes) {
        harness_complain(world, index, (enum version)sddc->version, "could not save a workflow");
        return false;
    }
    *state = (struct state){world->saved, saved_bytes, (enum version)sddc->version};
    return true;
}

/* Make the workflow in the engine that is wanted. False, and no change, if that one refuses. */
static bool load(struct world *world, uint32_t index, void *block, const struct state *state)
{
    struct sddc *sddc = &world->sddcs[index];
    const struct running_engine *to = &world->engines[sddc->wanted];
    if (state->bytes == NULL) {
        memset(block, 0, to->engine->state_size_bytes(&sddc->plan));
        to->engine->init(block, to->process, &sddc->plan, to->settings);
        return true;
    }
    if (to->engine->load(block, to->process, &sddc->plan, to->settings, state->bytes,
                         state->size_bytes))
        return true;
    if (to->engine->complaint != NULL && to->engine->complaint(to->process) != NULL)
        harness_complain(world, index, (enum version)sddc->wanted, "could not load a workflow");
    return false;
}

/* The workflow is in the hands of the engine that is wanted, which has to be told; one that has
 * ended is not told. */
static void tell_change(struct world *world, uint32_t index, void *block, const struct state *state)
{
    struct sddc *sddc = &world->sddcs[index];
    sddc->has_waited = sddc->has_waited || sddc->early_trigger;
    STORY(world, STORY_CHANGED, entity_of_sddc(index), sddc->version, sddc->wanted);
    sddc->workflow = block;
    sddc->version = sddc->wanted;
    driver_cancel_timers(world, sddc);
    if (world->durables == NULL) {
        driver_feed_kind(world, index, RCE_INPUT_ENGINE_CHANGED);
        return;
    }
    world->durables[index].is_down = false;
    if (state->bytes != NULL)
        crash_deliver(world, index, (struct held){.kind = HELD_CHANGED});
    else
        crash_deliver_start(world, index);
}

/* Hand a workflow to the engine that is wanted, as its engine would save it now, or as it was
 * persisted last if that engine is restarted or down. False, and no change, if the other one
 * refuses the state. */
bool driver_change(struct world *world, uint32_t index, bool is_restarted)
{
    struct sddc *sddc = &world->sddcs[index];
    const struct durable *durable = world->durables == NULL ? NULL : &world->durables[index];
    const struct running_engine *from = &world->engines[sddc->version];
    const struct running_engine *to = &world->engines[sddc->wanted];
    bool is_lost = durable != NULL && (is_restarted || durable->is_down);
    struct state state = {NULL, 0, (enum version)sddc->version};
    if (is_lost && durable->size_bytes > 0)
        state = (struct state){durable->bytes, durable->size_bytes, (enum version)durable->writer};
    size_t block_bytes = to->engine->state_size_bytes(&sddc->plan);
    void *block = sddc->workflow;
    bool is_anew = is_lost && state.bytes == NULL;
    if ((!is_anew && !is_readable(world->engines[state.writer].engine, to->engine)) ||
        !harness_accepts_size(world, index, (enum version)sddc->wanted, block_bytes) ||
        (!is_lost && !save(world, index, &state)))
        return false;
    if (from->engine->workflow_end != NULL ||
        block_bytes > from->engine->state_size_bytes(&sddc->plan))
        block = arena_take(world->arena, block_bytes);
    if (!load(world, index, block, &state))
        return false;
    if (from->engine->workflow_end != NULL && !is_lost)
        from->engine->workflow_end(sddc->workflow, from->process);
    if (durable != NULL && !is_lost)
        crash_keep(world, index, state.writer, state.bytes, state.size_bytes);
    tell_change(world, index, block, &state);
    return true;
}

void driver_redrive(struct world *world, uint32_t index)
{
    struct sddc *sddc = &world->sddcs[index];
    CHECK(sddc->status == RCE_FAILED);
    sddc->status = RCE_RUNNING;
    sddc->redriven_at_ns = world->now_ns;
    world->wave.running_count++;
    STORY(world, STORY_REDRIVEN, entity_of_sddc(index), sddc->version);
    if (world->durables == NULL)
        driver_feed_kind(world, index, RCE_INPUT_REDRIVEN);
    else
        crash_redrive(world, index);
}

void driver_respond(struct world *world, uint32_t slot)
{
    struct request request = world->requests[slot];
    if (__builtin_expect(world->port != NULL, 0)) {
        service_free_request(world, slot);
        world->sddcs[request.sddc].requests_open--;
        port_answer(world, &request);
        return;
    }
    bool is_heard = world->durables == NULL || crash_is_heard(world, &request);
    if (attempts_are_wanted(world))
        attempts_write(world, slot, is_heard);
    struct sddc *sddc = &world->sddcs[request.sddc];
    service_free_request(world, slot);
    sddc->requests_open--;
    world->delivery = (struct delivery){.number = request.attempt};
    if (is_heard)
        driver_feed(world, request.sddc,
                    &(struct rce_input){.kind = RCE_INPUT_RESPONSE,
                                        .request = request.request,
                                        .task = request.task,
                                        .operation = (enum rce_operation)request.operation,
                                        .cluster = request.cluster,
                                        .host = request.host,
                                        .result = (enum rce_result)request.result,
                                        .has_ended = request.has_ended,
                                        .outcome = request.has_failed ? RCE_TASK_FAILED
                                                                      : RCE_TASK_SUCCEEDED,
                                        .state = request.state,
                                        .retry_after_ns = request.retry_after_ns});
    else
        crash_lose_answer(world, &request);
    if (rollout_is_awaited(sddc))
        rollout_go_on(world, request.sddc);
}

void driver_callback(struct world *world, uint32_t entity, uint16_t id)
{
    uint32_t index = entity_sddc(entity);
    service_note(world, SERVICE_CALLBACK, entity, id, 0);
    if (__builtin_expect(world->port != NULL, 0))
        port_callback(world, entity, id);
    else if (world->durables != NULL)
        crash_deliver(world, index, (struct held){.kind = HELD_CALLBACK, .task = id});
    else
        driver_feed_callback(world, index, id);
}

void driver_timer(struct world *world, uint32_t entity, uint32_t timer)
{
    uint32_t index = entity_sddc(entity);
    if (world->durables != NULL)
        world->delivery = (struct delivery){.number = ++world->durables[index].timers_count};
    driver_feed(world, index,
                &(struct rce_input){.kind = RCE_INPUT_TIMER,
                                    .timer = timer,
                                    .cluster = RCE_NO_CLUSTER,
                                    .host = RCE_NO_HOST});
}
