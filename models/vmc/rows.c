#include "models/vmc/world.h"

static const char *const status_names[] = {"running", "succeeded", "failed"};
static const char *const version_names[VERSION_COUNT] = {"old", "new"};

const struct row_column vmc_row_columns[] = {
    [COLUMN_WORKFLOW] = {.name = "workflow",
                         .doc = "index of the SDDC",
                         .kind = ROW_COUNT,
                         .role = ROW_IDENTIFIER},
    [COLUMN_GROUP] = {.name = "group",
                      .doc = "index of the fleet's group",
                      .kind = ROW_COUNT,
                      .role = ROW_CONDITION,
                      .is_category = true},
    [COLUMN_CLUSTERS] = {.name = "clusters",
                         .doc = "clusters of the SDDC",
                         .kind = ROW_COUNT,
                         .role = ROW_CONDITION},
    [COLUMN_HOSTS] = {.name = "hosts",
                      .doc = "hosts of all clusters, without temporary ones",
                      .kind = ROW_COUNT,
                      .role = ROW_CONDITION},
    [COLUMN_TEMPORARY_HOSTS] = {.name = "temporary_hosts",
                                .doc = "clusters with a temporary host",
                                .kind = ROW_COUNT,
                                .role = ROW_CONDITION},
    [COLUMN_STATUS] = {.name = "status",
                       .doc = "how it ended",
                       .kind = ROW_NAME,
                       .names = status_names,
                       .name_count = 3},
    [COLUMN_REASON] = {.name = "reason",
                       .doc = "why it failed, as the engine saw it",
                       .kind = ROW_NAME,
                       .role = ROW_STOP,
                       .names = rce_reason_names,
                       .name_count = RCE_REASON_COUNT},
    [COLUMN_OPERATION] = {.name = "operation",
                          .doc = "the step that failed",
                          .kind = ROW_NAME,
                          .role = ROW_STOP,
                          .names = rce_operation_names,
                          .name_count = RCE_OPERATION_COUNT},
    [COLUMN_CLUSTER] = {.name = "cluster", .doc = "where it failed", .kind = ROW_COUNT},
    [COLUMN_HOST] = {.name = "host", .doc = "where it failed", .kind = ROW_COUNT},
    [COLUMN_CAUSE] = {.name = "cause",
                      .doc = "why it failed, in truth",
                      .kind = ROW_NAME,
                      .role = ROW_TRUTH,
                      .names = vmc_cause_names,
                      .name_count = CAUSE_COUNT},
    [COLUMN_EARLY_TRIGGER] = {.name = "early_trigger",
                              .doc =
                                  "maintenance was asked for while a temporary host was not ready",
                              .kind = ROW_FLAG,
                              .role = ROW_TRUTH},
    [COLUMN_DUPLICATES] = {.name = "duplicates",
                           .doc = "second maintenance tasks for one visit",
                           .kind = ROW_COUNT,
                           .role = ROW_EXPOSURE},
    [COLUMN_VIOLATIONS] = {.name = "violations",
                           .doc = "kinds of invariants broken",
                           .kind = ROW_COUNT,
                           .role = ROW_TRUTH},
    [COLUMN_STARTED] = {.name = "started",
                        .doc = "since the start of the wave",
                        .kind = ROW_TIME_NS,
                        .role = ROW_CONDITION},
    [COLUMN_TRIGGERED] = {.name = "triggered",
                          .doc = "when maintenance was first asked for",
                          .kind = ROW_TIME_NS,
                          .role = ROW_CONDITION},
    [COLUMN_TRIGGER_MARGIN] =
        {.name = "trigger_margin",
         .doc = "first maintenance request minus temporary host ready, smallest over "
                "the clusters that saw both",
         .kind = ROW_DURATION_NS,
         .role = ROW_CONDITION,
         .negative = "maintenance was triggered while the temporary host was not ready"},
    [COLUMN_ENDED] = {.name = "ended", .doc = "since the start of the wave", .kind = ROW_TIME_NS},
    [COLUMN_DURATION] = {.name = "duration", .doc = "from start to end", .kind = ROW_DURATION_NS},
    [COLUMN_CALLS] = {.name = "calls", .doc = "requests to the service", .kind = ROW_COUNT},
    [COLUMN_READS] = {.name = "reads", .doc = "of which reads of state", .kind = ROW_COUNT},
    [COLUMN_RETRIES] = {.name = "retries",
                        .doc = "times the engine decided to ask again",
                        .kind = ROW_COUNT,
                        .role = ROW_EXPOSURE},
    [COLUMN_THROTTLED] = {.name = "throttled",
                          .doc = "requests answered 429",
                          .kind = ROW_COUNT,
                          .role = ROW_EXPOSURE},
    [COLUMN_IGNORED_CALLBACKS] = {.name = "ignored_callbacks",
                                  .doc = "late, repeated or foreign ones",
                                  .kind = ROW_COUNT,
                                  .role = ROW_EXPOSURE},
    [COLUMN_TEMPORARY_HOST_TIME] =
        {.name = "temporary_host_time",
         .doc = "from asking for a temporary host to its removal, or to the end "
                "of the wave",
         .kind = ROW_DURATION_NS},
    [COLUMN_HOSTS_LEFT_OVER] = {.name = "hosts_left_over",
                                .doc = "temporary hosts still there at the end",
                                .kind = ROW_COUNT},
    [COLUMN_ENGINE] = {.name = "engine",
                       .doc = "the engine in charge when maintenance was first asked for",
                       .kind = ROW_NAME,
                       .role = ROW_CONDITION,
                       .names = version_names,
                       .name_count = VERSION_COUNT},
    [COLUMN_STAGE] = {.name = "stage",
                      .doc = "stage of the rollout that brought the other engine, from 1 on",
                      .kind = ROW_COUNT},
    [COLUMN_TAKEN_OVER] = {.name = "taken_over",
                           .doc = "handed to the other engine after it had asked too early",
                           .kind = ROW_FLAG,
                           .role = ROW_TRUTH},
    [COLUMN_FAILED_AT_FIRST] = {.name = "failed_at_first",
                                .doc = "its first drive failed",
                                .kind = ROW_FLAG},
    [COLUMN_REDRIVEN] = {.name = "redriven",
                         .doc = "when it was re-driven after a failure",
                         .kind = ROW_TIME_NS},
    [COLUMN_CRASHES] = {.name = "crashes",
                        .doc = "times that its engine crashed while it ran",
                        .kind = ROW_COUNT,
                        .role = ROW_EXPOSURE},
};

static void fill_failure(const struct sddc *sddc, int64_t *values)
{
    bool failed = sddc->status == RCE_FAILED;
    values[COLUMN_STATUS] = sddc->status;
    values[COLUMN_REASON] = failed ? sddc->reason : ROW_NONE;
    bool is_told = sddc->reason != RCE_REASON_NONE && sddc->failed_operation < RCE_OPERATION_COUNT;
    values[COLUMN_OPERATION] = failed && is_told ? sddc->failed_operation : ROW_NONE;
    values[COLUMN_CLUSTER] =
        failed && sddc->failed_cluster != RCE_NO_CLUSTER ? sddc->failed_cluster : ROW_NONE;
    values[COLUMN_HOST] =
        failed && sddc->failed_host < RCE_HOSTS_MAX ? sddc->failed_host : ROW_NONE;
    values[COLUMN_CAUSE] = sddc->status != RCE_SUCCEEDED ? sddc->cause : ROW_NONE;
    values[COLUMN_EARLY_TRIGGER] = sddc->early_trigger;
    values[COLUMN_DUPLICATES] = sddc->duplicates_count;
    values[COLUMN_VIOLATIONS] = __builtin_popcount(sddc->violated);
}

/* An SDDC is made when it starts: what one that never did would have been like is not known. */
static void fill_no_shape(int64_t *values)
{
    values[COLUMN_GROUP] = ROW_NONE;
    values[COLUMN_CLUSTERS] = ROW_NONE;
    values[COLUMN_HOSTS] = ROW_NONE;
    values[COLUMN_TEMPORARY_HOSTS] = ROW_NONE;
    values[COLUMN_TRIGGER_MARGIN] = ROW_NONE;
}

static void fill_shape(const struct sddc *sddc, int64_t *values)
{
    if (sddc->plan.clusters_count == 0) {
        fill_no_shape(values);
        return;
    }
    values[COLUMN_GROUP] = sddc->group;
    values[COLUMN_CLUSTERS] = sddc->plan.clusters_count;
    values[COLUMN_HOSTS] = 0;
    values[COLUMN_TEMPORARY_HOSTS] = 0;
    values[COLUMN_TRIGGER_MARGIN] = ROW_NONE;
    for (uint32_t i = 0; i < sddc->plan.clusters_count; i++) {
        const struct cluster *cluster = &sddc->clusters[i];
        values[COLUMN_HOSTS] += cluster->hosts_count;
        values[COLUMN_TEMPORARY_HOSTS] += cluster->temporary_planned;
        if (cluster->ready_at_ns < 0 || cluster->triggered_at_ns < 0)
            continue;
        int64_t margin_ns = cluster->triggered_at_ns - cluster->ready_at_ns;
        if (values[COLUMN_TRIGGER_MARGIN] == ROW_NONE || margin_ns < values[COLUMN_TRIGGER_MARGIN])
            values[COLUMN_TRIGGER_MARGIN] = margin_ns;
    }
}

static void fill_rollout(const struct world *world, const struct sddc *sddc, int64_t *values)
{
    bool has_rollout = world->parameters->rollout != NULL;
    bool is_triggered = sddc->plan.clusters_count > 0 && sddc->triggered_at_ns >= 0;
    values[COLUMN_ENGINE] = has_rollout && is_triggered ? sddc->trigger_version : ROW_NONE;
    values[COLUMN_STAGE] = sddc->stage > 0 ? sddc->stage : ROW_NONE;
    values[COLUMN_TAKEN_OVER] = sddc->has_waited && sddc->first_status == RCE_SUCCEEDED;
    values[COLUMN_FAILED_AT_FIRST] = sddc->first_status == RCE_FAILED;
    values[COLUMN_REDRIVEN] = sddc->plan.clusters_count > 0 && sddc->redriven_at_ns >= 0
                                  ? sddc->redriven_at_ns
                                  : ROW_NONE;
}

void rows_fill(const struct world *world, uint32_t index, int64_t *values)
{
    const struct sddc *sddc = &world->sddcs[index];
    bool started = sddc->plan.clusters_count > 0;
    bool ended = started && sddc->status != RCE_RUNNING;
    fill_shape(sddc, values);
    fill_failure(sddc, values);
    fill_rollout(world, sddc, values);
    values[COLUMN_WORKFLOW] = index;
    values[COLUMN_STARTED] = started ? sddc->started_at_ns : ROW_NONE;
    values[COLUMN_TRIGGERED] =
        started && sddc->triggered_at_ns >= 0 ? sddc->triggered_at_ns : ROW_NONE;
    values[COLUMN_ENDED] = ended ? sddc->ended_at_ns : ROW_NONE;
    values[COLUMN_DURATION] = ended ? sddc->ended_at_ns - sddc->started_at_ns : ROW_NONE;
    values[COLUMN_CALLS] = sddc->calls_count;
    values[COLUMN_READS] = sddc->reads_count;
    values[COLUMN_RETRIES] = sddc->retries_count;
    values[COLUMN_THROTTLED] = sddc->throttled_count;
    values[COLUMN_IGNORED_CALLBACKS] = sddc->ignored_count;
    values[COLUMN_TEMPORARY_HOST_TIME] = sddc->temporary_host_ns;
    values[COLUMN_HOSTS_LEFT_OVER] = sddc->hosts_left_over_count;
    values[COLUMN_CRASHES] = world->durables != NULL ? world->durables[index].crashes_count : 0;
}

void rows_write(struct world *world)
{
    struct model_sink *sink = world->run->sink;
    if (sink == NULL || sink->row == NULL)
        return;
    int64_t values[VMC_ROW_COLUMN_COUNT];
    for (uint32_t i = 0; i < world->sddcs_count; i++) {
        rows_fill(world, i, values);
        sink->row(sink->context, world->run, values);
    }
}
