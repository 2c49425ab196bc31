#include "models/vmc/world.h"

#include <math.h>

/* What EVENT_ROLLOUT is about: a stage by its index, or one of these. */
enum { WHAT_DETECTED = VMC_STAGES_MAX, WHAT_HALTED };

static const struct vmc_rollout *rollout_of(const struct world *world)
{
    return world->parameters->rollout;
}

/* Where an SDDC stands in selections at random; the same for all stages, so that a later stage adds
 * to an earlier one. */
static double place_of(struct world *world, uint32_t index)
{
    return oracle_uniform(world->oracle,
                          (struct draw_name){entity_of_sddc(index), PURPOSE_ROLLOUT, 0});
}

/* So many are a share of the fleet, rounded up: 7 % of 100 are 7, although 0.07 * 100 is more. */
static uint32_t first_count(const struct world *world, double share)
{
    return (uint32_t)ceil(share * world->sddcs_count - 1e-6);
}

static bool is_selected(struct world *world, const struct vmc_stage *stage, uint32_t index)
{
    switch (stage->select) {
    case VMC_SELECT_FAILING:
        return world->sddcs[index].status == RCE_FAILED &&
               (stage->share >= 1 || place_of(world, index) < stage->share);
    case VMC_SELECT_FIRST: return index < first_count(world, stage->share);
    case VMC_SELECT_RANDOM: return place_of(world, index) < stage->share;
    case VMC_SELECT_ALL: return true;
    }
    CHECK_UNREACHABLE("a known selection");
}

void rollout_begin(struct world *world)
{
    const struct vmc_rollout *rollout = rollout_of(world);
    struct rollout_state *state = &world->rollout;
    if (rollout->engine != NULL)
        driver_begin_engine(world, VERSION_NEW, rollout->engine,
                            rollout->settings != NULL ? rollout->settings : rollout->options);
    state->detected_at_ns = state->deployed_at_ns = state->done_at_ns = -1;
    if (rollout->detect_failed_count == 0) {
        world_schedule(world, rollout->detect_at_ns, EVENT_ROLLOUT, 0, WHAT_DETECTED);
        return;
    }
    state->failed_at_ns =
        arena_take_array(world->arena, rollout->detect_failed_count, sizeof *state->failed_at_ns);
}

static void detect(struct world *world)
{
    const struct vmc_rollout *rollout = rollout_of(world);
    world->rollout.detected_at_ns = world->now_ns;
    if (rollout->pause_ns > 0) {
        world->wave.paused_until_ns = world_sum_ns(world->now_ns, rollout->pause_ns);
        world->wave.shift_ns = rollout->pause_ns;
    }
    for (uint32_t i = 0; i < rollout->stages_count; i++)
        world_schedule(world, world_sum_ns(rollout->delay_ns, rollout->stages[i].after_ns),
                       EVENT_ROLLOUT, 0, i);
}

/* Note a failure; true when the rule is met for the first time. */
static bool is_detected(struct world *world)
{
    const struct vmc_rollout *rollout = rollout_of(world);
    struct rollout_state *state = &world->rollout;
    uint32_t wanted = rollout->detect_failed_count;
    if (wanted == 0 || state->detected_at_ns >= 0)
        return false;
    state->failed_at_ns[state->failed_count++ % wanted] = world->now_ns;
    if (state->failed_count < wanted)
        return false;
    int64_t oldest_ns = state->failed_at_ns[state->failed_count % wanted];
    return world->now_ns - oldest_ns <= rollout->detect_within_ns;
}

/* Is a task of the SDDC under way, or a request that may start one? */
static bool is_quiet(const struct sddc *sddc)
{
    if (sddc->requests_open > 0)
        return false;
    for (uint32_t i = 1; i <= sddc->tasks_count; i++)
        if (sddc->tasks[i].state == TASK_RUNNING || sddc->tasks[i].state == TASK_WAITING)
            return false;
    return true;
}

void rollout_go_on(struct world *world, uint32_t index)
{
    const struct sddc *sddc = &world->sddcs[index];
    if (sddc->wanted != sddc->version && sddc->requests_open == 0)
        world_schedule(world, 0, EVENT_CHANGE, entity_of_sddc(index), CHANGE_WHEN_ANSWERED);
    if (sddc->redrive_pending && is_quiet(sddc))
        world_schedule(world, 0, EVENT_REDRIVE, entity_of_sddc(index), 0);
}

static void want(struct world *world, uint32_t index, enum version version)
{
    struct sddc *sddc = &world->sddcs[index];
    if (sddc->status != RCE_RUNNING)
        return;
    sddc->wanted = (uint8_t)version;
    if (sddc->version == version)
        return;
    if (rollout_of(world)->hand_over == VMC_HAND_OVER_RESTART) {
        world_schedule(world, 0, EVENT_CHANGE, entity_of_sddc(index), CHANGE_RESTART);
        return;
    }
    rollout_go_on(world, index);
    if (sddc->requests_open > 0)
        world_schedule(world, rollout_of(world)->drain_ns, EVENT_CHANGE, entity_of_sddc(index),
                       CHANGE_FORCED);
}

/* The n-th re-drive of a stage comes n - 1 paces after it, or later if it has to wait for quiet. */
static void plan_redrive(struct world *world, uint32_t index, int64_t in_ns)
{
    const struct vmc_rollout *rollout = rollout_of(world);
    struct sddc *sddc = &world->sddcs[index];
    if (rollout->redrive == VMC_REDRIVE_NEVER || sddc->redriven_at_ns >= 0)
        return;
    sddc->redrive_pending = true;
    sddc->redrive_from_ns = world_sum_ns(world->now_ns, in_ns);
    world_schedule(world, in_ns, EVENT_REDRIVE, entity_of_sddc(index), 0);
}

static bool is_handed_over(const struct vmc_rollout *rollout, const struct sddc *sddc)
{
    if (rollout->is_placebo)
        return false;
    switch (rollout->hand_over) {
    case VMC_HAND_OVER_BEFORE_MAINTENANCE: return sddc->triggered_at_ns < 0;
    case VMC_HAND_OVER_ALL:
    case VMC_HAND_OVER_RESTART: return true;
    case VMC_HAND_OVER_NONE: return false;
    }
    CHECK_UNREACHABLE("a known way to hand over");
}

/* A workflow that has started belongs to a stage now. `redriven` counts those of the stage. */
static void assign(struct world *world, uint32_t index, uint32_t stage, uint32_t *redriven)
{
    const struct vmc_rollout *rollout = rollout_of(world);
    struct sddc *sddc = &world->sddcs[index];
    sddc->stage = (uint8_t)(stage + 1);
    if (sddc->status == RCE_FAILED)
        plan_redrive(world, index, rollout->pace_ns * (*redriven)++);
    else if (is_handed_over(rollout, sddc))
        want(world, index, VERSION_NEW);
}

static void begin_stage(struct world *world, uint32_t stage)
{
    const struct vmc_rollout *rollout = rollout_of(world);
    struct rollout_state *state = &world->rollout;
    if (state->is_halted)
        return;
    state->stages_begun = stage + 1;
    if (stage == 0)
        state->deployed_at_ns = world->now_ns - rollout->stages[0].after_ns;
    if (stage + 1 == rollout->stages_count)
        state->done_at_ns = world->now_ns;
    uint32_t redriven = 0;
    for (uint32_t i = 0; i < world->wave.next_sddc; i++)
        if (world->sddcs[i].stage == 0 && is_selected(world, &rollout->stages[stage], i))
            assign(world, i, stage, &redriven);
}

/* Stop, and give every workflow back to the old engine. */
static void halt(struct world *world)
{
    struct rollout_state *state = &world->rollout;
    if (state->is_halted)
        return;
    state->is_halted = true;
    for (uint32_t i = 0; i < world->wave.next_sddc; i++) {
        world->sddcs[i].redrive_pending = false;
        want(world, i, VERSION_OLD);
    }
}

void rollout_step(struct world *world, uint64_t what)
{
    if (what == WHAT_DETECTED)
        detect(world);
    else if (what == WHAT_HALTED)
        halt(world);
    else
        begin_stage(world, (uint32_t)what);
}

/* An engine that refuses the state of another leaves the workflow where it is, for good. */
static bool change(struct world *world, uint32_t index, bool is_restarted)
{
    struct sddc *sddc = &world->sddcs[index];
    if (driver_change(world, index, is_restarted))
        return true;
    sddc->wanted = sddc->version;
    world_count(world, METRIC_STATES_REFUSED, 1);
    if (is_restarted)
        crash_wake(world, index);
    return false;
}

/* Nobody is there to take it, and nobody will be: it stays where it is. */
static void stay(struct world *world, uint32_t index)
{
    world->sddcs[index].wanted = world->sddcs[index].version;
    crash_wake(world, index);
}

static bool is_down(const struct world *world, uint32_t index)
{
    return world->durables != NULL && world->durables[index].is_down;
}

/* The process that is to take a workflow is down: try again when it is back. */
static bool waits_for(struct world *world, uint32_t version, enum event_kind kind, uint32_t entity,
                      uint64_t how)
{
    const struct running_engine *running = &world->engines[version];
    if (!running->is_down)
        return false;
    world_schedule(world, running->up_at_ns - world->now_ns, kind, entity, how);
    return true;
}

void rollout_change(struct world *world, uint32_t entity, uint64_t how)
{
    uint32_t index = entity_sddc(entity);
    struct sddc *sddc = &world->sddcs[index];
    bool is_restarted = how == CHANGE_RESTART;
    if (sddc->wanted == sddc->version || sddc->status != RCE_RUNNING)
        return;
    if (world->engines[sddc->wanted].is_abandoned) {
        stay(world, index);
        return;
    }
    if (is_restarted)
        crash_stop(world, index);
    else if (is_down(world, index))
        return; /* It is asked again when it has been taken up. */
    if (waits_for(world, sddc->wanted, EVENT_CHANGE, entity, how))
        return;
    /* It may have asked for maintenance while it was waited for. */
    if (sddc->wanted == VERSION_NEW && !is_handed_over(rollout_of(world), sddc))
        sddc->wanted = sddc->version;
    else if (sddc->requests_open == 0 || how != CHANGE_WHEN_ANSWERED)
        change(world, index, is_restarted);
}

void rollout_redrive(struct world *world, uint32_t entity)
{
    uint32_t index = entity_sddc(entity);
    struct sddc *sddc = &world->sddcs[index];
    const struct vmc_rollout *rollout = rollout_of(world);
    if (!sddc->redrive_pending || world->now_ns < sddc->redrive_from_ns)
        return;
    if (rollout->redrive == VMC_REDRIVE_WHEN_QUIET && !is_quiet(sddc))
        return;
    bool is_new = !rollout->is_placebo && sddc->version == VERSION_OLD;
    if (is_new && world->engines[VERSION_NEW].is_abandoned)
        return;
    if (is_new && waits_for(world, VERSION_NEW, EVENT_REDRIVE, entity, 0))
        return;
    sddc->redrive_pending = false;
    if (is_new) {
        sddc->wanted = VERSION_NEW;
        if (!change(world, index, false))
            return;
    }
    driver_redrive(world, index);
}

/* An SDDC that starts belongs to the first stage so far whose rule it meets. */
void rollout_workflow_started(struct world *world, uint32_t index)
{
    const struct vmc_rollout *rollout = rollout_of(world);
    const struct rollout_state *state = &world->rollout;
    struct sddc *sddc = &world->sddcs[index];
    for (uint32_t i = 0; i < state->stages_begun && !state->is_halted && sddc->stage == 0; i++)
        if (is_selected(world, &rollout->stages[i], index))
            sddc->stage = (uint8_t)(i + 1);
    if (sddc->stage != 0 && !rollout->is_placebo)
        sddc->version = sddc->wanted = VERSION_NEW;
}

static void watch_new_engine(struct world *world, const struct sddc *sddc)
{
    const struct vmc_rollout *rollout = rollout_of(world);
    struct rollout_state *state = &world->rollout;
    if (sddc->version != VERSION_NEW)
        return;
    state->new_ended_count++;
    state->new_failed_count += sddc->status == RCE_FAILED;
    if (rollout->halt_decided_count == 0 || state->new_ended_count < rollout->halt_decided_count)
        return;
    if (state->new_failed_count > rollout->halt_failed_share * state->new_ended_count)
        world_schedule(world, 0, EVENT_ROLLOUT, 0, WHAT_HALTED);
}

void rollout_workflow_ended(struct world *world, uint32_t index)
{
    struct sddc *sddc = &world->sddcs[index];
    sddc->wanted = sddc->version;
    watch_new_engine(world, sddc);
    if (sddc->status != RCE_FAILED)
        return;
    if (is_detected(world))
        detect(world);
    /* Its stage has come already, but it failed under the old engine. */
    if (sddc->stage != 0 && sddc->version == VERSION_OLD && !world->rollout.is_halted)
        plan_redrive(world, index, 0);
}

/* The bin, counted from the deployment, that begins with the last stage or is the first after it.
 */
static bool is_after_last_stage(const struct world *world, int64_t at_ns)
{
    const struct rollout_state *state = &world->rollout;
    int64_t bin_ns = world->config->bin_ns;
    if (state->done_at_ns < 0 || state->is_halted)
        return false;
    int64_t last_ns = state->done_at_ns - state->deployed_at_ns;
    int64_t bin = (last_ns + bin_ns - 1) / bin_ns;
    return series_index(at_ns - state->deployed_at_ns, bin_ns) == bin;
}

static void close_workflow(struct world *world, const struct sddc *sddc)
{
    bool has_failed = sddc->first_status != RCE_SUCCEEDED;
    bool is_redriven = sddc->redriven_at_ns >= 0;
    world_count(world, METRIC_UNDER_ROLLOUT, 1);
    world_count(world, METRIC_FAILED_AT_FIRST, has_failed);
    if (sddc->plan.clusters_count == 0)
        return; /* It never started. */
    world_count(world, METRIC_REDRIVEN, is_redriven);
    world_count(world, METRIC_FAILED_AGAIN, is_redriven && sddc->status != RCE_SUCCEEDED);
    world_count(world, METRIC_TAKEN_OVER, sddc->has_waited && !has_failed);
    if (sddc->triggered_at_ns < 0)
        return;
    has_failed = timeline_status_by_trigger(sddc) != RCE_SUCCEEDED;
    if (sddc->triggered_at_ns < world->rollout.detected_at_ns) {
        world_count(world, METRIC_TRIGGERED_BEFORE, 1);
        world_count(world, METRIC_FAILED_BEFORE, has_failed);
    }
    if (is_after_last_stage(world, sddc->triggered_at_ns)) {
        world_count(world, METRIC_TRIGGERED_AFTER, 1);
        world_count(world, METRIC_FAILED_AFTER, has_failed);
    }
}

void rollout_close(struct world *world)
{
    const struct rollout_state *state = &world->rollout;
    int64_t *values = world->record->values;
    bool has_rollout = world->parameters->rollout != NULL;
    bool is_deployed = has_rollout && state->deployed_at_ns >= 0;
    bool is_done = is_deployed && state->done_at_ns >= 0 && !state->is_halted;
    values[METRIC_DETECTED_AT] =
        has_rollout && state->detected_at_ns >= 0 ? state->detected_at_ns : METRIC_NONE;
    values[METRIC_DEPLOYED_AT] = is_deployed ? state->deployed_at_ns : METRIC_NONE;
    values[METRIC_ROLLOUT_TIME] = is_done ? state->done_at_ns - state->detected_at_ns : METRIC_NONE;
    values[METRIC_ROLLOUTS_HALTED] = state->is_halted;
    for (uint32_t i = 0; has_rollout && i < world->sddcs_count; i++)
        close_workflow(world, &world->sddcs[i]);
}
