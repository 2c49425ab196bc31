#include "models/rce/plan.h"

#include "models/rce/rce_check.h"

uint32_t rce_plan_index(const struct rce_workflow *workflow, const struct rce_track *track)
{
    return (uint32_t)(track - workflow->tracks);
}

uint8_t rce_plan_cluster(const struct rce_workflow *workflow, const struct rce_track *track)
{
    uint32_t index = rce_plan_index(workflow, track);
    return index == 0 ? RCE_NO_CLUSTER : (uint8_t)((index - 1) / RCE_TRACKS_PER_CLUSTER);
}

uint8_t rce_plan_host(const struct rce_track *track)
{
    switch ((enum rce_step)track->step) {
    case RCE_STEP_ADD_HOST:
    case RCE_STEP_REMOVE: return RCE_TEMPORARY_HOST;
    case RCE_STEP_SETTLE:
    case RCE_STEP_ENTER:
    case RCE_STEP_UPDATE:
    case RCE_STEP_EXIT: return track->host;
    case RCE_STEP_NONE:
    case RCE_STEP_CONTROL_PLANE:
    case RCE_STEP_CLUSTERS:
    case RCE_STEP_NETWORK:
    case RCE_STEP_BACKUP:
    case RCE_STEP_JOIN:
    case RCE_STEP_PRECHECK:
    case RCE_STEP_END: break;
    }
    return RCE_NO_HOST;
}

static void begin_cluster(struct rce_turn *turn, uint32_t cluster)
{
    struct rce_workflow *workflow = turn->workflow;
    workflow->clusters_begun++;
    struct rce_track *hosts = rce_hosts_track(workflow, cluster);
    if (workflow->plan->clusters[cluster].temporary_host)
        rce_track_begin(turn, hosts, RCE_STEP_ADD_HOST);
    else
        rce_track_idle(turn, hosts, RCE_STEP_JOIN);
    rce_track_begin(turn, rce_backup_track(workflow, cluster), RCE_STEP_BACKUP);
}

/* Begin clusters in the order of their index while there are some and there is room. */
static void begin_clusters(struct rce_turn *turn)
{
    struct rce_workflow *workflow = turn->workflow;
    while (workflow->clusters_begun < workflow->plan->clusters_count &&
           (uint32_t)(workflow->clusters_begun - workflow->clusters_ended) <
               workflow->options->clusters_at_once)
        begin_cluster(turn, workflow->clusters_begun);
}

static void end_cluster(struct rce_turn *turn, struct rce_track *hosts)
{
    struct rce_workflow *workflow = turn->workflow;
    rce_track_idle(turn, hosts, RCE_STEP_END);
    workflow->clusters_ended++;
    if (workflow->clusters_ended == workflow->plan->clusters_count)
        rce_track_begin(turn, &workflow->tracks[0], RCE_STEP_NETWORK);
    else
        begin_clusters(turn);
}

static void begin_first_host(struct rce_turn *turn, struct rce_track *hosts)
{
    rce_track_begin(turn, hosts,
                    turn->workflow->options->precheck ? RCE_STEP_PRECHECK : RCE_STEP_ENTER);
}

/* Preparation is over when both its tracks are. */
static void join(struct rce_turn *turn, uint32_t cluster)
{
    struct rce_track *hosts = rce_hosts_track(turn->workflow, cluster);
    if (hosts->step != RCE_STEP_JOIN ||
        rce_backup_track(turn->workflow, cluster)->step != RCE_STEP_END)
        return;
    if (turn->workflow->options->settle_ns > 0)
        rce_track_begin(turn, hosts, RCE_STEP_SETTLE);
    else
        begin_first_host(turn, hosts);
}

static void end_host(struct rce_turn *turn, struct rce_track *hosts)
{
    const struct rce_options *options = turn->workflow->options;
    const struct rce_cluster_plan *cluster =
        &turn->workflow->plan->clusters[rce_plan_cluster(turn->workflow, hosts)];
    if (hosts->host + 1 < cluster->hosts_count) {
        hosts->host++;
        hosts->host_reads = 0;
        bool is_checked = options->precheck && options->precheck_scope == RCE_PRECHECK_EVERY_HOST;
        rce_track_begin(turn, hosts, is_checked ? RCE_STEP_PRECHECK : RCE_STEP_ENTER);
    } else if (cluster->temporary_host) {
        rce_track_begin(turn, hosts, RCE_STEP_REMOVE);
    } else {
        end_cluster(turn, hosts);
    }
}

static void succeed(struct rce_turn *turn)
{
    rce_track_idle(turn, &turn->workflow->tracks[0], RCE_STEP_END);
    turn->workflow->status = RCE_SUCCEEDED;
    rce_turn_add(turn, &(struct rce_action){
                           .kind = RCE_DONE, .cluster = RCE_NO_CLUSTER, .host = RCE_NO_HOST});
}

void rce_plan_start(struct rce_turn *turn)
{
    rce_track_begin(turn, &turn->workflow->tracks[0], RCE_STEP_CONTROL_PLANE);
}

void rce_plan_advance(struct rce_turn *turn, struct rce_track *track)
{
    switch ((enum rce_step)track->step) {
    case RCE_STEP_CONTROL_PLANE:
        rce_track_idle(turn, track, RCE_STEP_CLUSTERS);
        begin_clusters(turn);
        return;
    case RCE_STEP_BACKUP:
        rce_track_idle(turn, track, RCE_STEP_END);
        join(turn, rce_plan_cluster(turn->workflow, track));
        return;
    case RCE_STEP_ADD_HOST:
        rce_track_idle(turn, track, RCE_STEP_JOIN);
        join(turn, rce_plan_cluster(turn->workflow, track));
        return;
    case RCE_STEP_SETTLE: begin_first_host(turn, track); return;
    case RCE_STEP_PRECHECK: rce_track_begin(turn, track, RCE_STEP_ENTER); return;
    case RCE_STEP_ENTER: rce_track_begin(turn, track, RCE_STEP_UPDATE); return;
    case RCE_STEP_UPDATE: rce_track_begin(turn, track, RCE_STEP_EXIT); return;
    case RCE_STEP_EXIT: end_host(turn, track); return;
    case RCE_STEP_REMOVE: end_cluster(turn, track); return;
    case RCE_STEP_NETWORK: succeed(turn); return;
    case RCE_STEP_NONE:
    case RCE_STEP_CLUSTERS:
    case RCE_STEP_JOIN:
    case RCE_STEP_END: break;
    }
    RCE_CHECK(false);
}

void rce_plan_say_failed(struct rce_turn *turn)
{
    struct rce_workflow *workflow = turn->workflow;
    struct rce_track *track = &workflow->tracks[workflow->failed_track];
    rce_turn_add(turn, &(struct rce_action){
                           .kind = RCE_FAIL,
                           .operation = rce_step_operation((enum rce_step)track->step),
                           .cluster = rce_plan_cluster(workflow, track),
                           .host = rce_plan_host(track),
                           .reason = (enum rce_reason)workflow->reason,
                       });
}

void rce_plan_fail(struct rce_turn *turn, struct rce_track *track, enum rce_reason reason)
{
    struct rce_workflow *workflow = turn->workflow;
    rce_turn_persist(turn);
    workflow->status = RCE_FAILED;
    workflow->reason = (uint8_t)reason;
    workflow->failed_track = (uint8_t)rce_plan_index(workflow, track);
    rce_plan_say_failed(turn);
}
