#include "models/rce/rce.h"

#include "models/rce/plan.h"
#include "models/rce/rce_check.h"
#include "models/rce/state.h"
#include "models/rce/track.h"

static bool has_started(const struct rce_workflow *workflow)
{
    return workflow->tracks[0].step != RCE_STEP_NONE;
}

static bool is_running(const struct rce_workflow *workflow)
{
    return has_started(workflow) && workflow->status == RCE_RUNNING;
}

static void start(struct rce_turn *turn)
{
    if (!has_started(turn->workflow))
        rce_plan_start(turn);
}

/* A scan instead of a map: request numbers stay small and readable, and few tracks are alive at a
 * time. */
static struct rce_track *track_of_request(struct rce_workflow *workflow, uint64_t request)
{
    uint32_t tracks_alive = 1 + RCE_TRACKS_PER_CLUSTER * (uint32_t)workflow->clusters_begun;
    for (uint32_t i = 0; i < tracks_alive; i++)
        if (request != 0 && workflow->tracks[i].request == request)
            return &workflow->tracks[i];
    return NULL;
}

static void respond(struct rce_turn *turn)
{
    struct rce_track *track = track_of_request(turn->workflow, turn->input->request);
    if (is_running(turn->workflow) && track != NULL)
        rce_track_respond(turn, track);
    else
        rce_turn_ignore(turn);
}

static struct rce_track *track_of_callback(struct rce_workflow *workflow,
                                           const struct rce_input *input)
{
    struct rce_track *track = &workflow->tracks[0];
    if (input->cluster != RCE_NO_CLUSTER) {
        if (input->cluster >= workflow->clusters_begun)
            return NULL;
        track = input->operation == RCE_BACKUP ? rce_backup_track(workflow, input->cluster)
                                               : rce_hosts_track(workflow, input->cluster);
    }
    enum rce_step step = (enum rce_step)track->step;
    bool is_awaited = rce_step_is_mutating(step) && rce_step_operation(step) == input->operation &&
                      rce_plan_host(track) == input->host;
    return is_awaited ? track : NULL;
}

static void call_back(struct rce_turn *turn)
{
    struct rce_track *track = track_of_callback(turn->workflow, turn->input);
    if (is_running(turn->workflow) && track != NULL && turn->input->task != 0)
        rce_track_call_back(turn, track);
    else
        rce_turn_ignore(turn);
}

static void tick(struct rce_turn *turn)
{
    uint32_t timer = turn->input->timer;
    if (!is_running(turn->workflow) || timer >= rce_timers_count(turn->workflow->plan))
        return;
    struct rce_track *track = &turn->workflow->tracks[timer / RCE_TIMERS_PER_TRACK];
    if (timer % RCE_TIMERS_PER_TRACK == 0)
        rce_track_deadline(turn, track);
    else
        rce_track_wait_over(turn, track);
}

/* A workflow that has ended says so again: the crash may have come between the record and the word.
 */
static void resume(struct rce_turn *turn)
{
    struct rce_workflow *workflow = turn->workflow;
    if (workflow->status == RCE_FAILED) {
        rce_plan_say_failed(turn);
        return;
    }
    if (workflow->status == RCE_SUCCEEDED) {
        rce_turn_add(turn, &(struct rce_action){
                               .kind = RCE_DONE, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST});
        return;
    }
    for (uint32_t i = 0; i < rce_tracks_count(workflow->plan); i++)
        if (workflow->tracks[i].phase != RCE_PHASE_IDLE)
            rce_track_resume(turn, &workflow->tracks[i]);
}

static void redrive(struct rce_turn *turn)
{
    struct rce_workflow *workflow = turn->workflow;
    if (workflow->status != RCE_FAILED)
        return;
    workflow->status = RCE_RUNNING;
    workflow->reason = RCE_REASON_NONE;
    for (uint32_t i = 0; i < rce_tracks_count(workflow->plan); i++)
        if (workflow->tracks[i].phase != RCE_PHASE_IDLE)
            rce_track_redrive(turn, &workflow->tracks[i], i == workflow->failed_track);
}

static void init(void *block, void *process, const struct rce_plan *plan, const void *settings)
{
    (void)process;
    rce_state_init(block, plan, settings);
}

static bool load(void *block, void *process, const struct rce_plan *plan, const void *settings,
                 const void *bytes, size_t size_bytes)
{
    (void)process;
    return rce_state_load(block, plan, settings, bytes, size_bytes);
}

static enum rce_status step(void *block, void *process, const struct rce_input *input,
                            struct rce_actions *out)
{
    struct rce_workflow *workflow = block;
    struct rce_turn turn = {.workflow = workflow, .process = process, .input = input, .out = out};
    RCE_CHECK(process != NULL);
    out->count = 0;
    switch (input->kind) {
    case RCE_INPUT_START: start(&turn); break;
    case RCE_INPUT_RESPONSE: respond(&turn); break;
    case RCE_INPUT_CALLBACK: call_back(&turn); break;
    case RCE_INPUT_TIMER: tick(&turn); break;
    case RCE_INPUT_RESUMED: resume(&turn); break;
    case RCE_INPUT_REDRIVEN: redrive(&turn); break;
    case RCE_INPUT_ENGINE_CHANGED:
        /* A state that comes from another engine is resumed like one that comes from a crash, but a
         * workflow that has ended was told of already. */
        if (is_running(workflow))
            resume(&turn);
        break;
    }
    return (enum rce_status)workflow->status;
}

const struct rce_engine rce_engine = {
    .abi = RCE_ABI,
    .size_bytes = sizeof(struct rce_engine),
    .capabilities = RCE_CAN_SAVE | RCE_CAN_LOAD | RCE_CAN_DIGEST,
    .state_version = RCE_STATE_VERSION,
    .state_version_oldest = RCE_STATE_VERSION,
    .name = "rce",
    .version = "1.0",
    /* Settings are struct rce_options itself, and a zeroed process is a fresh one. */
    .settings_size_bytes = sizeof(struct rce_options),
    .process_size_bytes = sizeof(struct rce_process),
    .state_size_bytes = rce_state_size_bytes,
    .init = init,
    .step = step,
    .save = rce_state_save,
    .load = load,
    .digest = rce_state_digest,
};
