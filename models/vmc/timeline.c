#include "models/vmc/world.h"

/* Workflows are few and are looked at once, at the end; requests are many and are counted a minute
 * at a time. */

void timeline_begin(struct world *world)
{
    for (uint32_t i = 0; i < VMC_SERIES_COUNT; i++) {
        bool is_of_requests = i >= SERIES_REQUESTS_OFFERED;
        world->record->series[i].bin_ns = is_of_requests ? UNITS_MIN : world->config->bin_ns;
    }
}

/* The minute that was counted is over. */
void timeline_count_minute(struct world *world)
{
    if (world->probe != NULL)
        return;
    series_add(&world->record->series[SERIES_REQUESTS_OFFERED], world->minute * UNITS_MIN,
               (uint32_t)world->calls_in_minute);
}

void timeline_count(struct world *world, enum vmc_series series)
{
    if (world->probe == NULL)
        series_add(&world->record->series[series], world->now_ns, 1);
}

/* The series of one kind, since the start of the wave and since the deployment. */
struct group {
    enum vmc_series all, failed, undecided, taken_over;
};

static const struct group by_trigger = {SERIES_TRIGGERED, SERIES_TRIGGERED_FAILED,
                                        SERIES_TRIGGERED_UNDECIDED, SERIES_TRIGGERED_TAKEN_OVER};
static const struct group since_by_trigger = {SERIES_SINCE_TRIGGERED, SERIES_SINCE_TRIGGERED_FAILED,
                                              SERIES_SINCE_TRIGGERED_UNDECIDED,
                                              SERIES_SINCE_TRIGGERED_TAKEN_OVER};

static void add_by_trigger(struct world *world, const struct sddc *sddc, const struct group *group,
                           int64_t at_ns)
{
    struct series *series = world->record->series;
    enum rce_status status = timeline_status_by_trigger(sddc);
    series_add(&series[group->all], at_ns, 1);
    series_add(&series[group->failed], at_ns, status == RCE_FAILED);
    series_add(&series[group->undecided], at_ns, status == RCE_RUNNING);
    series_add(&series[group->taken_over], at_ns,
               sddc->has_waited && sddc->first_status == RCE_SUCCEEDED);
}

static void add_by_decision(struct world *world, const struct sddc *sddc, enum vmc_series all,
                            int64_t at_ns)
{
    struct series *series = world->record->series;
    series_add(&series[all], at_ns, 1);
    series_add(&series[all + 1], at_ns, sddc->first_status == RCE_FAILED);
}

_Static_assert(SERIES_DECIDED_FAILED == SERIES_DECIDED + 1 &&
                   SERIES_SINCE_DECIDED_FAILED == SERIES_SINCE_DECIDED + 1,
               "the failed ones follow the decided ones");

static void add_workflow(struct world *world, const struct sddc *sddc)
{
    struct series *series = world->record->series;
    bool is_redriven = sddc->redriven_at_ns >= 0;
    bool is_deployed = world->parameters->rollout != NULL && world->rollout.deployed_at_ns >= 0;
    int64_t origin_ns = world->rollout.deployed_at_ns;
    series_add(&series[SERIES_STARTED], sddc->started_at_ns, 1);
    series_add(&series[SERIES_REDRIVEN], sddc->redriven_at_ns, is_redriven);
    series_add(&series[SERIES_ENDED], sddc->first_ended_at_ns, sddc->first_ended_at_ns >= 0);
    series_add(&series[SERIES_ENDED], sddc->ended_at_ns,
               is_redriven && sddc->status != RCE_RUNNING);
    if (sddc->triggered_at_ns >= 0) {
        add_by_trigger(world, sddc, &by_trigger, sddc->triggered_at_ns);
        if (is_deployed)
            add_by_trigger(world, sddc, &since_by_trigger, sddc->triggered_at_ns - origin_ns);
    }
    if (sddc->first_ended_at_ns >= 0) {
        add_by_decision(world, sddc, SERIES_DECIDED, sddc->first_ended_at_ns);
        if (is_deployed)
            add_by_decision(world, sddc, SERIES_SINCE_DECIDED, sddc->first_ended_at_ns - origin_ns);
    }
}

void timeline_close(struct world *world)
{
    timeline_count_minute(world);
    for (uint32_t i = 0; i < world->sddcs_count; i++)
        if (world->sddcs[i].plan.clusters_count > 0 && world->sddcs[i].started_at_ns >= 0)
            add_workflow(world, &world->sddcs[i]);
}
