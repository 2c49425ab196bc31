/* The engine's side of a drive: what driver.c is to a simulated world. */
#include <string.h>

#include "models/rce/contract.h"
#include "models/testbed/drive_parts.h"
#include "models/vmc/entity.h"
#include "models/vmc/purpose.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

static bool fail(struct drive *drive)
{
    drive->has_failed = true;
    return false;
}

/* The engine cannot be driven: nothing of this may count as a failure of a workflow. */
static bool complain(struct drive *drive, uint32_t index, const char *what)
{
    const struct rce_engine *engine = drive->engine;
    const char *own = engine->complaint != NULL ? engine->complaint(drive->process) : NULL;
    error_set(drive->error, ERROR_INTERNAL,
              "harness error: engine \"%s\" %s, workflow %u, at %lld ns: it %s%s%.1000s",
              engine->name, engine->version, index, (long long)drive->now_ns, what,
              own != NULL ? ": " : "", own != NULL ? own : "");
    return fail(drive);
}

bool drive_engine_begin(struct drive *drive)
{
    const struct vmc_parameters *parameters = drive->settings->parameters;
    const struct rce_engine *engine = parameters->engine;
    const uint32_t needed = RCE_CAN_SAVE | RCE_CAN_LOAD;
    drive->engine = engine;
    drive->engine_settings =
        parameters->settings != NULL ? parameters->settings : parameters->options;
    if (drive->settings->state_path != NULL && (engine->capabilities & needed) != needed) {
        error_set(drive->error, ERROR_SCENARIO,
                  "the engine \"%s\" %s cannot save and load workflows, so nothing of it can be "
                  "kept in a state file",
                  engine->name, engine->version);
        return fail(drive);
    }
    drive->process = arena_take(drive->arena, engine->process_size_bytes);
    if (engine->process_begin != NULL)
        engine->process_begin(drive->process, drive->engine_settings);
    return true;
}

void drive_engine_end(struct drive *drive)
{
    if (drive->process != NULL && drive->engine->process_end != NULL)
        drive->engine->process_end(drive->process);
}

/* Take a workflow's memory. */
bool drive_make_block(struct drive *drive, uint32_t index)
{
    struct drive_workflow *workflow = &drive->workflows[index];
    size_t size_bytes = drive->engine->state_size_bytes(&workflow->plan);
    if (size_bytes > RCE_STATE_SIZE_MAX_BYTES)
        return complain(drive, index, "needs more memory for a workflow than is allowed");
    workflow->block = arena_take(drive->arena, size_bytes);
    workflow->timers =
        arena_take_array(drive->arena, rce_timers_count(&workflow->plan), sizeof *workflow->timers);
    return true;
}

void drive_mark(struct drive *drive, uint32_t index)
{
    struct drive_workflow *workflow = &drive->workflows[index];
    if (workflow->is_dirty)
        return;
    workflow->is_dirty = true;
    drive->dirty[drive->dirty_count++] = index;
}

void drive_send(struct drive *drive, const struct client_tag *tag,
                const struct dialect_request *request)
{
    if (drive->parcels_count == drive->parcels_room) {
        uint32_t room = drive->parcels_room == 0 ? 64 : drive->parcels_room * 2;
        struct drive_parcel *wider = arena_take_array(drive->arena, room, sizeof *wider);
        if (drive->parcels_count > 0)
            memcpy(wider, drive->parcels, drive->parcels_count * sizeof *wider);
        drive->parcels = wider;
        drive->parcels_room = room;
    }
    drive->parcels[drive->parcels_count++] =
        (struct drive_parcel){.tag = *tag, .request = *request};
}

bool drive_persist(struct drive *drive, uint32_t index)
{
    const struct rce_engine *engine = drive->engine;
    struct drive_workflow *workflow = &drive->workflows[index];
    if (drive->settings->state_path == NULL)
        return true; /* There is nobody who could come back for it. */
    size_t size_bytes = engine->save(workflow->block, drive->saved, drive->saved_room_bytes);
    if (size_bytes > RCE_STATE_SIZE_MAX_BYTES)
        return complain(drive, index, "saves more than is allowed");
    if (size_bytes > drive->saved_room_bytes) {
        drive->saved_room_bytes = size_bytes * 2;
        drive->saved = arena_take(drive->arena, drive->saved_room_bytes);
        size_t again_bytes = engine->save(workflow->block, drive->saved, drive->saved_room_bytes);
        size_bytes = again_bytes == size_bytes ? size_bytes : 0;
    }
    if (size_bytes == 0)
        return complain(drive, index, "could not save a workflow");
    struct store_workflow line = {
        .number = index, .state = drive->saved, .state_size_bytes = size_bytes};
    memcpy(line.values, workflow->values, sizeof line.values);
    return store_put(drive->store, &line, drive->error) || fail(drive);
}

static void count_call(struct drive *drive, struct drive_workflow *workflow,
                       const struct rce_action *action)
{
    bool is_read = action->operation == RCE_READ_CLUSTER || action->operation == RCE_READ_HOST;
    int64_t minute = drive->now_ns / UNITS_MIN;
    drive->calls_count++;
    if (minute != drive->minute) {
        drive_keep_minute(drive);
        drive->minute = minute;
    }
    drive->calls_in_minute++;
    workflow->values[STORE_CALLS]++;
    workflow->values[STORE_READS] += is_read;
    if (action->operation == RCE_ENTER_MAINTENANCE && workflow->values[STORE_TRIGGERED_AT] < 0)
        workflow->values[STORE_TRIGGERED_AT] = drive->now_ns;
}

static void ask(struct drive *drive, uint32_t index, const struct rce_action *action)
{
    struct dialect_request request;
    dialect_ask(&request, (uint32_t)drive->workflows[index].plan.workflow, action);
    count_call(drive, &drive->workflows[index], action);
    drive_send(drive,
               &(struct client_tag){.kind = DRIVE_ASK,
                                    .workflow = index,
                                    .request = action->request,
                                    .operation = action->operation,
                                    .cluster = action->cluster,
                                    .host = action->host},
               &request);
}

static void set_timer(struct drive *drive, uint32_t index, const struct rce_action *action)
{
    struct sim_handle *handle = &drive->workflows[index].timers[action->timer];
    if (sim_reschedule(drive->agenda, *handle, action->at_ns))
        return;
    *handle = sim_schedule(drive->agenda, &(struct sim_event){.time_ns = action->at_ns,
                                                              .subject = index,
                                                              .kind = DRIVE_EVENT_TIMER,
                                                              .a = action->timer});
}

static void tell_start(struct drive *drive, uint32_t index)
{
    struct dialect_request request;
    dialect_tell(&request, (uint32_t)drive->workflows[index].plan.workflow, "started", NULL);
    drive_send(drive, &(struct client_tag){.kind = DRIVE_TELL_START, .workflow = index}, &request);
}

static void tell_end(struct drive *drive, uint32_t index)
{
    struct drive_workflow *workflow = &drive->workflows[index];
    const int64_t *values = workflow->values;
    bool is_failed = values[STORE_STATUS] == STORE_FAILED;
    struct dialect_request request;
    struct rce_action failure = {.reason = (enum rce_reason)values[STORE_REASON],
                                 .operation = (enum rce_operation)values[STORE_OPERATION],
                                 .cluster = (uint8_t)values[STORE_CLUSTER],
                                 .host = (uint8_t)values[STORE_HOST]};
    dialect_tell(&request, (uint32_t)workflow->plan.workflow, is_failed ? "failed" : "succeeded",
                 is_failed ? &failure : NULL);
    drive_send(drive, &(struct client_tag){.kind = DRIVE_TELL_END, .workflow = index}, &request);
}

/* Say what the service does not know yet: that a workflow has begun, then how it has ended. */
void drive_tell(struct drive *drive, uint32_t index)
{
    struct drive_workflow *workflow = &drive->workflows[index];
    int64_t told = workflow->values[STORE_TOLD];
    bool has_ended = workflow->values[STORE_STATUS] > STORE_RUNNING;
    if (workflow->is_telling || told == STORE_TOLD_END || (told == STORE_TOLD_START && !has_ended))
        return;
    workflow->is_telling = true;
    if (told == STORE_TOLD_NOTHING)
        tell_start(drive, index);
    else
        tell_end(drive, index);
}

static void end_workflow(struct drive *drive, uint32_t index, const struct rce_action *action)
{
    struct drive_workflow *workflow = &drive->workflows[index];
    bool is_failed = action->kind == RCE_FAIL;
    for (uint32_t i = 0; i < rce_timers_count(&workflow->plan); i++)
        sim_cancel(drive->agenda, workflow->timers[i]);
    workflow->values[STORE_STATUS] = is_failed ? STORE_FAILED : STORE_SUCCEEDED;
    workflow->values[STORE_ENDED_AT] = drive->now_ns;
    workflow->values[STORE_REASON] = is_failed ? (int64_t)action->reason : 0;
    workflow->values[STORE_OPERATION] = is_failed ? (int64_t)action->operation : 0;
    workflow->values[STORE_CLUSTER] = is_failed ? action->cluster : RCE_NO_CLUSTER;
    workflow->values[STORE_HOST] = is_failed ? action->host : RCE_NO_HOST;
    drive->running_count--;
    drive->ended_count++;
    drive->failed_count += is_failed;
    drive_tell(drive, index);
}

static void take_note(struct drive_workflow *workflow, const struct rce_action *action)
{
    workflow->values[STORE_RETRIES] += action->note == RCE_NOTE_RETRY;
    workflow->values[STORE_IGNORED] += action->note == RCE_NOTE_CALLBACK_IGNORED;
}

static bool carry_out(struct drive *drive, uint32_t index, const struct rce_action *action)
{
    struct drive_workflow *workflow = &drive->workflows[index];
    switch (action->kind) {
    case RCE_PERSIST: return drive_persist(drive, index);
    case RCE_SEND: ask(drive, index, action); return true;
    case RCE_SET_TIMER: set_timer(drive, index, action); return true;
    case RCE_CANCEL_TIMER: sim_cancel(drive->agenda, workflow->timers[action->timer]); return true;
    case RCE_DONE:
    case RCE_FAIL: end_workflow(drive, index, action); return true;
    case RCE_LOG: take_note(workflow, action); return true;
    }
    CHECK_UNREACHABLE("a known kind of action");
}

bool drive_feed(struct drive *drive, uint32_t index, struct rce_input *input)
{
    struct drive_workflow *workflow = &drive->workflows[index];
    struct rce_actions *actions = &drive->actions;
    if (drive->has_failed || workflow->values[STORE_STATUS] != STORE_RUNNING)
        return !drive->has_failed; /* It has ended; a driver may stop talking to it. */
    input->now_ns = drive->now_ns;
    input->entropy = oracle_entropy(&drive->oracle,
                                    (struct draw_name){entity_of_sddc(index), PURPOSE_ENTROPY,
                                                       (uint32_t)workflow->values[STORE_INPUTS]++});
    enum rce_status status = drive->engine->step(workflow->block, drive->process, input, actions);
    if (status == RCE_BROKEN)
        return complain(drive, index, "is broken");
    struct rce_breach breach =
        rce_contract_check(&(struct rce_step_seen){.plan = &workflow->plan,
                                                   .input = input,
                                                   .status_before = RCE_RUNNING,
                                                   .status = status,
                                                   .actions = actions});
    if (breach.kind != RCE_BREACH_NONE)
        return complain(drive, index, rce_breach_text(breach.kind));
    drive->inputs_count++;
    drive_mark(drive, index);
    if (drive->settings->watch != NULL)
        drive->settings->watch(drive->settings->context, index, input, actions);
    for (uint32_t i = 0; i < actions->count; i++)
        if (!carry_out(drive, index, &actions->items[i]))
            return false;
    return true;
}

bool drive_feed_kind(struct drive *drive, uint32_t index, enum rce_input_kind kind)
{
    return drive_feed(
        drive, index,
        &(struct rce_input){.kind = kind, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST});
}

/* Make a workflow anew and tell it to begin; of one that was begun nothing was ever persisted. */
bool drive_start(struct drive *drive, uint32_t index)
{
    struct drive_workflow *workflow = &drive->workflows[index];
    if (!drive_make_block(drive, index))
        return false;
    drive->engine->init(workflow->block, drive->process, &workflow->plan, drive->engine_settings);
    return drive_feed_kind(drive, index, RCE_INPUT_START);
}

void drive_start_due(struct drive *drive)
{
    const struct vmc_wave *wave = &drive->settings->parameters->world->wave;
    while (drive->next_start < drive->workflows_count && !drive->has_failed) {
        uint32_t index = drive->next_start;
        if (wave->concurrency_max != 0 && drive->running_count >= wave->concurrency_max)
            return; /* Whoever ends makes room. */
        int64_t at_ns = vmc_live_due_ns(drive->schedule, index);
        at_ns = vmc_wave_open_ns(wave, at_ns < drive->now_ns ? drive->now_ns : at_ns);
        if (at_ns > drive->now_ns) {
            if (!drive->is_start_planned && at_ns != INT64_MAX)
                sim_schedule(drive->agenda,
                             &(struct sim_event){.time_ns = at_ns, .kind = DRIVE_EVENT_START});
            drive->is_start_planned = true;
            return;
        }
        struct drive_workflow *workflow = &drive->workflows[index];
        drive->next_start++;
        drive->running_count++;
        workflow->values[STORE_STATUS] = STORE_RUNNING;
        workflow->values[STORE_STARTED_AT] = drive->now_ns;
        drive_tell(drive, index);
        drive_start(drive, index);
    }
}
