#include "models/vmc/world.h"

static const char *const status_names[] = {"running", "succeeded", "failed"};

const struct row_column vmc_row_columns[] = {
    [COLUMN_WORKFLOW] = {"workflow", "index of the SDDC", ROW_COUNT, NULL, 0},
    [COLUMN_GROUP] = {"group", "index of the fleet's group", ROW_COUNT, NULL, 0},
    [COLUMN_CLUSTERS] = {"clusters", "clusters of the SDDC", ROW_COUNT, NULL, 0},
    [COLUMN_HOSTS] = {"hosts", "hosts of all clusters, without temporary ones", ROW_COUNT, NULL, 0},
    [COLUMN_TEMPORARY_HOSTS] = {"temporary_hosts", "clusters with a temporary host", ROW_COUNT,
                                NULL, 0},
    [COLUMN_STATUS] = {"status", "how it ended", ROW_NAME, status_names, 3},
    [COLUMN_REASON] = {"reason", "why it failed, as the engine saw it", ROW_NAME, rce_reason_names,
                       RCE_REASON_COUNT},
    [COLUMN_OPERATION] = {"operation", "the step that failed", ROW_NAME, rce_operation_names,
                          RCE_OPERATION_COUNT},
    [COLUMN_CLUSTER] = {"cluster", "where it failed", ROW_COUNT, NULL, 0},
    [COLUMN_HOST] = {"host", "where it failed", ROW_COUNT, NULL, 0},
    [COLUMN_CAUSE] = {"cause", "why it failed, in truth", ROW_NAME, vmc_cause_names, CAUSE_COUNT},
    [COLUMN_EARLY_TRIGGER] = {"early_trigger",
                              "maintenance was asked for while a temporary host was not ready",
                              ROW_FLAG, NULL, 0},
    [COLUMN_DUPLICATES] = {"duplicates", "second maintenance tasks for one visit", ROW_COUNT, NULL,
                           0},
    [COLUMN_VIOLATIONS] = {"violations", "kinds of invariants broken", ROW_COUNT, NULL, 0},
    [COLUMN_STARTED] = {"started", "since the start of the wave", ROW_TIME_NS, NULL, 0},
    [COLUMN_TRIGGERED] = {"triggered", "when maintenance was first asked for", ROW_TIME_NS, NULL,
                          0},
    [COLUMN_TRIGGER_MARGIN] =
        {"trigger_margin",
         "first maintenance request minus temporary host ready, smallest over "
         "the clusters that saw both; negative: the race",
         ROW_DURATION_NS, NULL, 0},
    [COLUMN_ENDED] = {"ended", "since the start of the wave", ROW_TIME_NS, NULL, 0},
    [COLUMN_DURATION] = {"duration", "from start to end", ROW_DURATION_NS, NULL, 0},
    [COLUMN_CALLS] = {"calls", "requests to the service", ROW_COUNT, NULL, 0},
    [COLUMN_READS] = {"reads", "of which reads of state", ROW_COUNT, NULL, 0},
    [COLUMN_RETRIES] = {"retries", "times the engine decided to ask again", ROW_COUNT, NULL, 0},
    [COLUMN_THROTTLED] = {"throttled", "requests answered 429", ROW_COUNT, NULL, 0},
    [COLUMN_IGNORED_CALLBACKS] = {"ignored_callbacks", "late, repeated or foreign ones", ROW_COUNT,
                                  NULL, 0},
    [COLUMN_TEMPORARY_HOST_TIME] =
        {"temporary_host_time",
         "from asking for a temporary host to its removal, or to the end "
         "of the wave",
         ROW_DURATION_NS, NULL, 0},
    [COLUMN_HOSTS_LEFT_OVER] = {"hosts_left_over", "temporary hosts still there at the end",
                                ROW_COUNT, NULL, 0},
};

static void fill_failure(const struct sddc *sddc, int64_t *values)
{
    bool failed = sddc->status == RCE_FAILED;
    values[COLUMN_STATUS] = sddc->status;
    values[COLUMN_REASON] = failed ? sddc->reason : ROW_NONE;
    values[COLUMN_OPERATION] = failed ? sddc->failed_operation : ROW_NONE;
    values[COLUMN_CLUSTER] =
        failed && sddc->failed_cluster != RCE_NO_CLUSTER ? sddc->failed_cluster : ROW_NONE;
    values[COLUMN_HOST] =
        failed && sddc->failed_host < RCE_HOSTS_MAX ? sddc->failed_host : ROW_NONE;
    values[COLUMN_CAUSE] = sddc->status != RCE_SUCCEEDED ? sddc->cause : ROW_NONE;
    values[COLUMN_EARLY_TRIGGER] = sddc->early_trigger;
    values[COLUMN_DUPLICATES] = sddc->duplicates_count;
    values[COLUMN_VIOLATIONS] = __builtin_popcount(sddc->violated);
}

static void fill_shape(const struct sddc *sddc, int64_t *values)
{
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

static void fill_row(const struct world *world, uint32_t index, int64_t *values)
{
    const struct sddc *sddc = &world->sddcs[index];
    bool started = sddc->plan.clusters_count > 0;
    bool ended = started && sddc->status != RCE_RUNNING;
    fill_shape(sddc, values);
    fill_failure(sddc, values);
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
}

void rows_write(struct world *world)
{
    struct model_sink *sink = world->run->sink;
    if (sink == NULL || sink->row == NULL)
        return;
    int64_t values[VMC_ROW_COLUMN_COUNT];
    for (uint32_t i = 0; i < world->sddcs_count; i++) {
        fill_row(world, i, values);
        sink->row(sink->context, world->run, values);
    }
}
