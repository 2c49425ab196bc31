#include "models/rce/track.h"

#include "models/rce/plan.h"
#include "models/rce/rce_check.h"
#include "models/rce/request.h"
#include "models/rce/retry.h"

/* No pause is shorter, so that a policy without delays cannot spin in one instant of time. */
#define PAUSE_MIN_NS ((int64_t)1000000)

/* Stand still for a while; what follows depends on the phase. Returns until when. */
static int64_t pause_for(struct rce_turn *turn, struct rce_track *track, enum rce_phase phase,
                         int64_t wait_ns)
{
    rce_turn_persist(turn);
    track->phase = (uint8_t)phase;
    rce_turn_set_wait(turn, track, wait_ns > PAUSE_MIN_NS ? wait_ns : PAUSE_MIN_NS);
    return track->wait_at_ns;
}

/* Callbacks that came before a response which never named their task were not for this step. */
static void forget_early(struct rce_turn *turn, struct rce_track *track)
{
    for (int i = 0; i < RCE_EARLY_COUNT; i++) {
        if (track->early_task[i] == 0)
            continue;
        rce_turn_note_task(turn, track, RCE_NOTE_CALLBACK_IGNORED, track->early_task[i]);
        track->early_task[i] = 0;
    }
    track->early_failed = 0;
}

static void fail(struct rce_turn *turn, struct rce_track *track, enum rce_reason reason)
{
    for (uint32_t i = 0; i < rce_tracks_count(turn->workflow->plan); i++)
        if (turn->workflow->tracks[i].phase != RCE_PHASE_IDLE)
            forget_early(turn, &turn->workflow->tracks[i]);
    track->phase = RCE_PHASE_SPENT;
    track->request = 0;
    track->wait_at_ns = RCE_NEVER;
    rce_plan_fail(turn, track, reason);
}

/* Forget what belongs to the operation on its target, which is done for good. */
static void forget_operation(struct rce_track *track)
{
    track->task = 0;
    track->asked = 0;
    track->generation = 0;
}

static void end(struct rce_turn *turn, struct rce_track *track)
{
    forget_early(turn, track);
    rce_turn_note_task(turn, track, RCE_NOTE_STEP_ENDED, 0);
    rce_turn_persist(turn);
    track->request = 0;
    rce_turn_cancel_wait(turn, track);
    if (rce_step_is_mutating((enum rce_step)track->step))
        forget_operation(track);
    rce_plan_advance(turn, track);
}

/* The reads show that the host is where this step, or the pre-check before it, wants to get it. */
static void end_by_state(struct rce_turn *turn, struct rce_track *track)
{
    bool is_precheck = track->step == RCE_STEP_PRECHECK;
    if (is_precheck) {
        forget_early(turn, track);
        rce_turn_note_task(turn, track, RCE_NOTE_STEP_ENDED, 0);
        track->step = RCE_STEP_ENTER;
    }
    rce_turn_note_task(turn, track, RCE_NOTE_STATE_BELIEVED, 0);
    end(turn, track);
}

static void spend(struct rce_turn *turn, struct rce_track *track)
{
    rce_turn_persist(turn);
    rce_turn_note_task(turn, track, RCE_NOTE_RETRIES_SPENT, 0);
    track->phase = RCE_PHASE_SPENT;
    rce_turn_cancel_wait(turn, track);
}

static void pause_until_asking(struct rce_turn *turn, struct rce_track *track, int64_t wait_ns)
{
    int64_t at_ns = pause_for(turn, track, RCE_PHASE_BACKING_OFF, wait_ns);
    rce_turn_note_time(turn, track, RCE_NOTE_RETRY, at_ns);
}

/* Ask the policy for one more attempt. Returns the wait, or RCE_RETRY_GIVE_UP. */
static int64_t decide(struct rce_turn *turn, struct rce_track *track, enum rce_retry_cause cause)
{
    struct rce_retry retry = {
        .first_at_ns = track->began_at_ns,
        .previous_ns = track->previous_ns,
        .attempts = track->tries,
    };
    struct rce_retry_failure failure = rce_request_failure(turn, cause);
    int64_t wait_ns =
        rce_retry_decide(&turn->workflow->options->retry_policy, turn->process, &retry, &failure);
    track->previous_ns = retry.previous_ns;
    return wait_ns;
}

/* A read has shown that the step is not done. Asking again was spaced by the silence before the
 * read already, so only the limits count here, and the first request of a re-drive is no retry. */
static void ask_after_read(struct rce_turn *turn, struct rce_track *track)
{
    if (track->tries == 0) {
        rce_request_ask(turn, track);
        return;
    }
    struct rce_retry retry = {.first_at_ns = track->began_at_ns, .attempts = track->tries};
    struct rce_retry_failure failure = rce_request_failure(turn, RCE_RETRY_UNKNOWN);
    int64_t wait_ns = rce_retry_permit(&turn->workflow->options->retry_policy, turn->process,
                                       &retry, &failure, 0);
    if (wait_ns == RCE_RETRY_GIVE_UP) {
        spend(turn, track);
    } else if (wait_ns > 0) {
        pause_until_asking(turn, track, wait_ns);
    } else {
        rce_turn_note_time(turn, track, RCE_NOTE_RETRY, turn->input->now_ns);
        rce_request_ask(turn, track);
    }
}

/* The task of the step is known to have failed. */
static void lose_task(struct rce_track *track)
{
    track->task = 0;
    rce_count_up(&track->generation);
}

static void task_failed(struct rce_turn *turn, struct rce_track *track)
{
    rce_turn_persist(turn);
    bool asks_again_anyway = track->phase == RCE_PHASE_BACKING_OFF ||
                             track->phase == RCE_PHASE_READING_HOST ||
                             track->phase == RCE_PHASE_READ_PAUSE;
    lose_task(track);
    if (asks_again_anyway)
        return;
    bool may_retry = turn->workflow->options->retry && track->phase != RCE_PHASE_SPENT;
    int64_t wait_ns = may_retry ? decide(turn, track, RCE_RETRY_ERROR) : RCE_RETRY_GIVE_UP;
    if (wait_ns == RCE_RETRY_GIVE_UP)
        fail(turn, track, RCE_REASON_TASK_FAILED);
    else
        pause_until_asking(turn, track, wait_ns);
}

/* The task has ended, as a callback or an answer says. */
static void believe(struct rce_turn *turn, struct rce_track *track, enum rce_note note,
                    enum rce_outcome outcome)
{
    rce_turn_note_task(turn, track, note, track->task);
    if (outcome == RCE_TASK_SUCCEEDED)
        end(turn, track);
    else
        task_failed(turn, track);
}

/* Did a callback for the task come early? Takes it out. */
static bool take_early(struct rce_track *track, uint64_t task, enum rce_outcome *outcome)
{
    for (int i = 0; i < RCE_EARLY_COUNT; i++) {
        if (task == 0 || track->early_task[i] != task)
            continue;
        bool has_failed = track->early_failed >> i & 1;
        *outcome = has_failed ? RCE_TASK_FAILED : RCE_TASK_SUCCEEDED;
        track->early_task[i] = 0;
        track->early_failed = (uint8_t)(track->early_failed & ~(1u << i));
        return true;
    }
    return false;
}

/* Keep the callback until a response names its task; the oldest gives way. */
static void keep_early(struct rce_turn *turn, struct rce_track *track)
{
    for (int i = 0; i < RCE_EARLY_COUNT; i++)
        if (track->early_task[i] == turn->input->task) {
            rce_turn_ignore(turn);
            return;
        }
    rce_turn_persist(turn);
    if (track->early_task[0] != 0)
        rce_turn_note_task(turn, track, RCE_NOTE_CALLBACK_IGNORED, track->early_task[0]);
    for (int i = 0; i + 1 < RCE_EARLY_COUNT; i++)
        track->early_task[i] = track->early_task[i + 1];
    bool has_failed = turn->input->outcome != RCE_TASK_SUCCEEDED;
    track->early_task[RCE_EARLY_COUNT - 1] = turn->input->task;
    track->early_failed =
        (uint8_t)(track->early_failed >> 1 | (has_failed ? 1u << (RCE_EARLY_COUNT - 1) : 0u));
}

/* While it asks, a response may still name any task. Else it must be the known one; where none is
 * known and it will ask again, the answer may lead back (by the key) to the task of a request that
 * nobody answered. */
void rce_track_call_back(struct rce_turn *turn, struct rce_track *track)
{
    bool is_known = track->task == turn->input->task;
    switch ((enum rce_phase)track->phase) {
    case RCE_PHASE_ASKING: keep_early(turn, track); return;
    case RCE_PHASE_BACKING_OFF:
    case RCE_PHASE_READING_HOST:
    case RCE_PHASE_READ_PAUSE:
        if (track->task == 0) {
            keep_early(turn, track);
            return;
        }
        break;
    case RCE_PHASE_WAITING:
    case RCE_PHASE_SPENT: break;
    case RCE_PHASE_IDLE:
    case RCE_PHASE_READING_CLUSTER:
    case RCE_PHASE_POLL_PAUSE:
    case RCE_PHASE_SETTLING: is_known = false; break;
    }
    if (is_known)
        believe(turn, track, RCE_NOTE_CALLBACK_BELIEVED, turn->input->outcome);
    else
        rce_turn_ignore(turn);
}

static void accepted(struct rce_turn *turn, struct rce_track *track)
{
    rce_turn_persist(turn);
    track->phase = RCE_PHASE_WAITING;
    track->task = turn->input->task;
    enum rce_outcome outcome;
    if (take_early(track, track->task, &outcome))
        believe(turn, track, RCE_NOTE_CALLBACK_BELIEVED, outcome);
    else if (turn->input->has_ended)
        believe(turn, track, RCE_NOTE_ANSWER_BELIEVED, turn->input->outcome);
}

/* It was definitely not carried out; what an earlier attempt started may still be under way. */
static void rejected(struct rce_turn *turn, struct rce_track *track, enum rce_reason reason)
{
    if (!turn->workflow->options->retry || reason == RCE_REASON_REFUSED) {
        fail(turn, track, reason);
        return;
    }
    enum rce_outcome outcome;
    if (take_early(track, track->task, &outcome)) {
        rce_turn_note_task(turn, track, RCE_NOTE_CALLBACK_BELIEVED, track->task);
        if (outcome == RCE_TASK_SUCCEEDED) {
            end(turn, track);
            return;
        }
        lose_task(track);
    }
    int64_t wait_ns = decide(turn, track, rce_request_cause(turn->input->result));
    if (wait_ns != RCE_RETRY_GIVE_UP)
        pause_until_asking(turn, track, wait_ns);
    else if (track->task != 0)
        spend(turn, track);
    else
        fail(turn, track, reason);
}

static void read_later(struct rce_turn *turn, struct rce_track *track, uint16_t count)
{
    pause_for(turn, track, RCE_PHASE_READ_PAUSE,
              rce_request_spacing_ns(turn, track, &turn->workflow->options->retry_policy, count));
}

/* It may have been carried out, and then its task is not known. Maintenance shows in the host's
 * state, so that is read before it is asked for again. */
static void unanswered(struct rce_turn *turn, struct rce_track *track)
{
    if (!turn->workflow->options->retry) {
        fail(turn, track, RCE_REASON_UNKNOWN);
        return;
    }
    rce_turn_persist(turn);
    track->task = 0;
    if (track->step == RCE_STEP_ENTER) {
        read_later(turn, track, track->tries);
        return;
    }
    int64_t wait_ns = decide(turn, track, RCE_RETRY_UNKNOWN);
    if (wait_ns == RCE_RETRY_GIVE_UP)
        spend(turn, track);
    else
        pause_until_asking(turn, track, wait_ns);
}

static void respond_to_request(struct rce_turn *turn, struct rce_track *track)
{
    switch (turn->input->result) {
    case RCE_ACCEPTED:
        if (turn->input->task != 0) {
            accepted(turn, track);
            return;
        }
        break;
    case RCE_THROTTLED: rejected(turn, track, RCE_REASON_THROTTLED); return;
    case RCE_UNAVAILABLE: rejected(turn, track, RCE_REASON_UNAVAILABLE); return;
    case RCE_NOT_READY: rejected(turn, track, RCE_REASON_NOT_READY); return;
    case RCE_REFUSED: rejected(turn, track, RCE_REASON_REFUSED); return;
    case RCE_STATE:
    case RCE_UNKNOWN: break;
    }
    /* An answer that makes no sense is as good as none. */
    unanswered(turn, track);
}

static void poll_later(struct rce_turn *turn, struct rce_track *track)
{
    int64_t wait_ns =
        rce_request_spacing_ns(turn, track, &turn->workflow->options->precheck_poll, track->polls);
    int64_t at_ns = pause_for(turn, track, RCE_PHASE_POLL_PAUSE, wait_ns);
    rce_turn_note_time(turn, track, RCE_NOTE_NOT_READY_YET, at_ns);
}

/* Is the host where the step wants it, as far as a read can tell? */
static bool shows_done(const struct rce_track *track, uint32_t state)
{
    uint32_t wanted =
        track->step == RCE_STEP_UPDATE ? RCE_STATE_HOST_UPDATED : RCE_STATE_HOST_IN_MAINTENANCE;
    return (state & wanted) != 0;
}

static void respond_to_host_read(struct rce_turn *turn, struct rce_track *track)
{
    bool is_answered = turn->input->result == RCE_STATE;
    if (is_answered && shows_done(track, turn->input->state))
        end_by_state(turn, track);
    else if (track->step == RCE_STEP_PRECHECK && is_answered)
        rce_request_read_cluster(turn, track);
    else if (track->step == RCE_STEP_PRECHECK)
        poll_later(turn, track);
    else if (is_answered)
        ask_after_read(turn, track);
    else
        read_later(turn, track, track->polls);
}

static void respond_to_cluster_read(struct rce_turn *turn, struct rce_track *track)
{
    bool is_ready =
        turn->input->result == RCE_STATE && (turn->input->state & RCE_STATE_CLUSTER_READY) != 0;
    if (is_ready)
        end(turn, track);
    else
        poll_later(turn, track);
}

void rce_track_respond(struct rce_turn *turn, struct rce_track *track)
{
    track->request = 0;
    bool is_success = turn->input->result == RCE_ACCEPTED || turn->input->result == RCE_STATE;
    if (is_success && turn->workflow->options->retry)
        rce_retry_success(&turn->workflow->options->retry_policy, turn->process,
                          turn->input->now_ns);
    switch ((enum rce_phase)track->phase) {
    case RCE_PHASE_ASKING: respond_to_request(turn, track); return;
    case RCE_PHASE_READING_HOST: respond_to_host_read(turn, track); return;
    case RCE_PHASE_READING_CLUSTER: respond_to_cluster_read(turn, track); return;
    case RCE_PHASE_IDLE:
    case RCE_PHASE_WAITING:
    case RCE_PHASE_BACKING_OFF:
    case RCE_PHASE_READ_PAUSE:
    case RCE_PHASE_POLL_PAUSE:
    case RCE_PHASE_SETTLING:
    case RCE_PHASE_SPENT: break;
    }
    RCE_CHECK(false);
}

void rce_track_deadline(struct rce_turn *turn, struct rce_track *track)
{
    if (track->deadline_is_set && turn->input->now_ns >= rce_turn_deadline_at_ns(turn, track))
        fail(turn, track, RCE_REASON_DEADLINE);
}

void rce_track_wait_over(struct rce_turn *turn, struct rce_track *track)
{
    if (track->wait_at_ns == RCE_NEVER || turn->input->now_ns < track->wait_at_ns)
        return;
    track->wait_at_ns = RCE_NEVER;
    switch ((enum rce_phase)track->phase) {
    case RCE_PHASE_ASKING:
        /* Not even an answer came; the request may have been carried out. */
        track->task = 0;
        rce_request_read_host(turn, track);
        return;
    case RCE_PHASE_WAITING:
    case RCE_PHASE_READ_PAUSE: rce_request_read_host(turn, track); return;
    case RCE_PHASE_READING_HOST:
    case RCE_PHASE_READING_CLUSTER:
    case RCE_PHASE_POLL_PAUSE:
        if (track->step == RCE_STEP_PRECHECK)
            rce_request_poll(turn, track);
        else
            rce_request_read_host(turn, track);
        return;
    case RCE_PHASE_BACKING_OFF: rce_request_ask(turn, track); return;
    case RCE_PHASE_SETTLING:
        rce_turn_persist(turn);
        rce_plan_advance(turn, track);
        return;
    case RCE_PHASE_IDLE:
    case RCE_PHASE_SPENT: break;
    }
    RCE_CHECK(false);
}

static void settle(struct rce_turn *turn, struct rce_track *track)
{
    int64_t settle_ns = turn->workflow->options->settle_ns;
    track->phase = RCE_PHASE_SETTLING;
    rce_turn_note_time(turn, track, RCE_NOTE_SETTLING,
                       rce_add_saturating(turn->input->now_ns, settle_ns));
    rce_turn_set_wait(turn, track, settle_ns);
}

static void enter_step(struct rce_turn *turn, struct rce_track *track, enum rce_step step)
{
    rce_turn_persist(turn);
    track->step = (uint8_t)step;
    track->began_at_ns = turn->input->now_ns;
    track->previous_ns = 0;
    track->task = 0;
    track->request = 0;
    track->tries = 0;
    track->polls = 0;
}

static void begin(struct rce_turn *turn, struct rce_track *track, enum rce_step step,
                  bool reads_first)
{
    enter_step(turn, track, step);
    if (step == RCE_STEP_SETTLE) {
        settle(turn, track);
        return;
    }
    rce_turn_note_task(turn, track, RCE_NOTE_STEP_STARTED, 0);
    if (step == RCE_STEP_PRECHECK)
        rce_request_poll(turn, track);
    else if (reads_first)
        rce_request_read_host(turn, track);
    else
        rce_request_ask(turn, track);
    rce_turn_set_deadline(turn, track);
}

void rce_track_begin(struct rce_turn *turn, struct rce_track *track, enum rce_step step)
{
    begin(turn, track, step, false);
}

void rce_track_idle(struct rce_turn *turn, struct rce_track *track, enum rce_step step)
{
    rce_turn_persist(turn);
    track->step = (uint8_t)step;
    track->phase = RCE_PHASE_IDLE;
    rce_turn_cancel_deadline(turn, track);
}

/* A request whose answer may be lost is made again: the crash may have come before the request went
 * out. Without a key this is what starts a task twice; where the host's state is read before asking
 * again, it is read first. */
void rce_track_resume(struct rce_turn *turn, struct rce_track *track)
{
    rce_turn_persist(turn);
    switch ((enum rce_phase)track->phase) {
    case RCE_PHASE_ASKING:
        track->task = 0;
        if (rce_request_is_watched(turn, track))
            rce_request_read_host(turn, track);
        else
            rce_request_ask(turn, track);
        break;
    case RCE_PHASE_READING_HOST:
    case RCE_PHASE_READING_CLUSTER:
        if (track->step == RCE_STEP_PRECHECK)
            rce_request_poll(turn, track);
        else
            rce_request_read_host(turn, track);
        break;
    case RCE_PHASE_WAITING:
        /* An engine that did not watch may have been replaced by one that does. */
        if (rce_request_is_watched(turn, track) && track->wait_at_ns == RCE_NEVER)
            track->wait_at_ns =
                rce_add_saturating(track->began_at_ns, turn->workflow->options->retry_after_ns);
        if (rce_request_is_watched(turn, track))
            rce_turn_restore_wait(turn, track);
        else
            rce_turn_cancel_wait(turn, track);
        break;
    case RCE_PHASE_BACKING_OFF:
    case RCE_PHASE_READ_PAUSE:
    case RCE_PHASE_POLL_PAUSE:
    case RCE_PHASE_SETTLING: rce_turn_restore_wait(turn, track); break;
    case RCE_PHASE_IDLE:
    case RCE_PHASE_SPENT: break;
    }
    if (track->deadline_is_set)
        rce_turn_set_deadline(turn, track);
}

void rce_track_redrive(struct rce_turn *turn, struct rce_track *track, bool has_failed)
{
    const struct rce_options *options = turn->workflow->options;
    enum rce_step step = (enum rce_step)track->step;
    track->wait_at_ns = RCE_NEVER;
    track->deadline_is_set = false;
    if (has_failed)
        rce_count_up(&track->generation);
    if (step == RCE_STEP_ENTER && options->precheck)
        step = RCE_STEP_PRECHECK;
    else if (step == RCE_STEP_PRECHECK && !options->precheck)
        step = RCE_STEP_ENTER;
    bool reads_first = options->retry && (step == RCE_STEP_ENTER || step == RCE_STEP_UPDATE);
    begin(turn, track, step, reads_first && track->asked > 0);
}
