#include "models/rce/turn.h"

#include "models/rce/contract.h"
#include "models/rce/plan.h"
#include "models/rce/rce_check.h"

void rce_turn_add(struct rce_turn *turn, const struct rce_action *action)
{
    RCE_CHECK(turn->out->count < RCE_ACTIONS_MAX);
    turn->out->items[turn->out->count++] = *action;
}

void rce_turn_persist(struct rce_turn *turn)
{
    if (turn->is_persisted)
        return;
    turn->is_persisted = true;
    rce_turn_add(turn, &(struct rce_action){
                           .kind = RCE_PERSIST, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST});
}

void rce_turn_ignore(struct rce_turn *turn)
{
    const struct rce_input *input = turn->input;
    bool is_callback = input->kind == RCE_INPUT_CALLBACK;
    /* Anybody may call back about a place that the plan does not have; no action may name it. */
    bool has_place =
        is_callback && rce_contract_has_place(turn->workflow->plan, input->cluster, input->host);
    rce_turn_add(turn,
                 &(struct rce_action){
                     .kind = RCE_LOG,
                     .note = is_callback ? RCE_NOTE_CALLBACK_IGNORED : RCE_NOTE_RESPONSE_IGNORED,
                     .operation = input->operation,
                     .cluster = has_place ? input->cluster : RCE_NO_CLUSTER,
                     .host = has_place ? input->host : RCE_NO_HOST,
                     .request = is_callback ? 0 : input->request,
                     .task = input->task,
                 });
}

struct rce_action rce_turn_about(const struct rce_turn *turn, const struct rce_track *track,
                                 enum rce_action_kind kind)
{
    return (struct rce_action){
        .kind = kind,
        .operation = rce_step_operation((enum rce_step)track->step),
        .cluster = rce_plan_cluster(turn->workflow, track),
        .host = rce_plan_host(track),
    };
}

void rce_turn_note_task(struct rce_turn *turn, const struct rce_track *track, enum rce_note note,
                        uint64_t task)
{
    struct rce_action action = rce_turn_about(turn, track, RCE_LOG);
    action.note = note;
    action.task = task;
    rce_turn_add(turn, &action);
}

void rce_turn_note_time(struct rce_turn *turn, const struct rce_track *track, enum rce_note note,
                        int64_t at_ns)
{
    struct rce_action action = rce_turn_about(turn, track, RCE_LOG);
    action.note = note;
    action.at_ns = at_ns;
    rce_turn_add(turn, &action);
}

enum timer_kind { TIMER_DEADLINE, TIMER_WAIT };

static uint32_t timer_of(const struct rce_turn *turn, const struct rce_track *track,
                         enum timer_kind kind)
{
    return rce_plan_index(turn->workflow, track) * RCE_TIMERS_PER_TRACK + (uint32_t)kind;
}

static void add_timer(struct rce_turn *turn, const struct rce_track *track, enum timer_kind kind,
                      int64_t at_ns)
{
    rce_turn_add(turn, &(struct rce_action){
                           .kind = RCE_SET_TIMER,
                           .cluster = rce_plan_cluster(turn->workflow, track),
                           .host = RCE_NO_HOST,
                           .timer = timer_of(turn, track, kind),
                           .at_ns = at_ns > turn->input->now_ns ? at_ns : turn->input->now_ns,
                       });
}

static void add_cancel(struct rce_turn *turn, const struct rce_track *track, enum timer_kind kind)
{
    rce_turn_add(turn, &(struct rce_action){
                           .kind = RCE_CANCEL_TIMER,
                           .cluster = rce_plan_cluster(turn->workflow, track),
                           .host = RCE_NO_HOST,
                           .timer = timer_of(turn, track, kind),
                       });
}

int64_t rce_turn_deadline_at_ns(const struct rce_turn *turn, const struct rce_track *track)
{
    enum rce_operation operation = rce_step_operation((enum rce_step)track->step);
    return rce_add_saturating(track->began_at_ns, turn->workflow->options->deadline_ns[operation]);
}

void rce_turn_set_deadline(struct rce_turn *turn, struct rce_track *track)
{
    track->deadline_is_set = true;
    add_timer(turn, track, TIMER_DEADLINE, rce_turn_deadline_at_ns(turn, track));
}

void rce_turn_set_wait(struct rce_turn *turn, struct rce_track *track, int64_t wait_ns)
{
    int64_t at_ns = rce_add_saturating(turn->input->now_ns, wait_ns);
    track->wait_at_ns = at_ns < RCE_NEVER ? at_ns : RCE_NEVER - 1;
    add_timer(turn, track, TIMER_WAIT, track->wait_at_ns);
}

void rce_turn_cancel_wait(struct rce_turn *turn, struct rce_track *track)
{
    if (track->wait_at_ns == RCE_NEVER)
        return;
    track->wait_at_ns = RCE_NEVER;
    add_cancel(turn, track, TIMER_WAIT);
}

void rce_turn_restore_wait(struct rce_turn *turn, struct rce_track *track)
{
    add_timer(turn, track, TIMER_WAIT, track->wait_at_ns);
}

void rce_turn_cancel_deadline(struct rce_turn *turn, struct rce_track *track)
{
    if (!track->deadline_is_set)
        return;
    track->deadline_is_set = false;
    add_cancel(turn, track, TIMER_DEADLINE);
}
