#include "models/vmc/world.h"

static void cancel_timers(struct world *world, struct sddc *sddc)
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
    cancel_timers(world, sddc);
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
        sddc->cause = (uint8_t)cause_of(sddc, action);
        STORY(world, STORY_CAUSE, entity_of_sddc(index), sddc->cause);
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
    CHECK(action->timer < rce_timers_count(&sddc->plan));
    int64_t at_ns = action->at_ns > world->now_ns ? action->at_ns : world->now_ns;
    struct sim_handle *handle = &sddc->timers[action->timer];
    STORY(world, STORY_TIMER, entity_of_sddc(index), action->timer, (uint64_t)at_ns);
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

static void carry_out(struct world *world, uint32_t index, const struct rce_action *action)
{
    struct sddc *sddc = &world->sddcs[index];
    switch (action->kind) {
    case RCE_PERSIST: return; /* Crashes are not simulated: what is in memory is never lost. */
    case RCE_SEND: service_send(world, sddc, action); return;
    case RCE_SET_TIMER: set_timer(world, index, action); return;
    case RCE_CANCEL_TIMER:
        CHECK(action->timer < rce_timers_count(&sddc->plan));
        sim_cancel(world->sim, sddc->timers[action->timer]);
        return;
    case RCE_DONE:
    case RCE_FAIL: end_workflow(world, index, action); return;
    case RCE_LOG: take_note(world, index, action); return;
    }
}

/* Hand one input to the engine of a workflow and carry out what comes back. */
static void feed(struct world *world, uint32_t index, struct rce_input *input)
{
    struct sddc *sddc = &world->sddcs[index];
    if (sddc->status != RCE_RUNNING)
        return; /* It has ended; the contract lets a driver stop talking to it. */
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
        running->engine->step(sddc->workflow, &running->process, input, actions);
    CHECK(actions->count <= RCE_ACTIONS_MAX);
    for (uint32_t i = 0; i < actions->count; i++)
        carry_out(world, index, &actions->items[i]);
    CHECK(sddc->status == status);
}

static void feed_kind(struct world *world, uint32_t index, enum rce_input_kind kind)
{
    feed(world, index,
         &(struct rce_input){.kind = kind, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST});
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
    running->engine->init(sddc->workflow, &sddc->plan, running->options);
    feed_kind(world, index, RCE_INPUT_START);
}

/* Hand a workflow, as its engine would save it now, to the engine that is wanted. False, and no
 * change, if that one refuses the state. A workflow that has ended is not told. */
bool driver_change(struct world *world, uint32_t index)
{
    struct sddc *sddc = &world->sddcs[index];
    const struct running_engine *from = &world->engines[sddc->version];
    const struct running_engine *to = &world->engines[sddc->wanted];
    size_t saved_bytes = from->engine->save(sddc->workflow, NULL, 0);
    size_t block_bytes = to->engine->state_size_bytes(&sddc->plan);
    void *block = sddc->workflow;
    if (saved_bytes > world->saved_room_bytes) {
        world->saved_room_bytes = saved_bytes * 2;
        world->saved = arena_take(world->arena, world->saved_room_bytes);
    }
    from->engine->save(sddc->workflow, world->saved, saved_bytes);
    if (block_bytes > from->engine->state_size_bytes(&sddc->plan))
        block = arena_take(world->arena, block_bytes);
    if (!to->engine->load(block, &sddc->plan, to->options, world->saved, saved_bytes))
        return false;
    sddc->has_waited = sddc->has_waited || sddc->early_trigger;
    STORY(world, STORY_CHANGED, entity_of_sddc(index), sddc->version, sddc->wanted);
    sddc->workflow = block;
    sddc->version = sddc->wanted;
    cancel_timers(world, sddc);
    feed_kind(world, index, RCE_INPUT_ENGINE_CHANGED);
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
    feed_kind(world, index, RCE_INPUT_REDRIVEN);
}

void driver_respond(struct world *world, uint32_t slot)
{
    struct request request = world->requests[slot];
    if (attempts_are_wanted(world))
        attempts_write(world, slot);
    struct sddc *sddc = &world->sddcs[request.sddc];
    service_free_request(world, slot);
    sddc->requests_open--;
    feed(world, request.sddc,
         &(struct rce_input){.kind = RCE_INPUT_RESPONSE,
                             .request = request.request,
                             .task = request.task,
                             .operation = (enum rce_operation)request.operation,
                             .cluster = request.cluster,
                             .host = request.host,
                             .result = (enum rce_result)request.result,
                             .has_ended = request.has_ended,
                             .outcome = request.has_failed ? RCE_TASK_FAILED : RCE_TASK_SUCCEEDED,
                             .state = request.state,
                             .retry_after_ns = request.retry_after_ns});
    if (rollout_is_awaited(sddc))
        rollout_go_on(world, request.sddc);
}

void driver_callback(struct world *world, uint32_t entity, uint16_t id)
{
    const struct sddc *sddc = &world->sddcs[entity_sddc(entity)];
    const struct task *task = &sddc->tasks[id];
    feed(world, entity_sddc(entity),
         &(struct rce_input){.kind = RCE_INPUT_CALLBACK,
                             .operation = (enum rce_operation)task->operation,
                             .cluster = task->cluster,
                             .host = task->host,
                             .task = id,
                             .outcome = task->state == TASK_FAILED ? RCE_TASK_FAILED
                                                                   : RCE_TASK_SUCCEEDED});
}

void driver_timer(struct world *world, uint32_t entity, uint32_t timer)
{
    feed(world, entity_sddc(entity),
         &(struct rce_input){.kind = RCE_INPUT_TIMER,
                             .timer = timer,
                             .cluster = RCE_NO_CLUSTER,
                             .host = RCE_NO_HOST});
}
