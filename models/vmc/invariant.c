#include "models/vmc/world.h"

const char *const vmc_violation_names[VIOLATION_COUNT + 1] = {
    [VIOLATION_TWO_IN_MAINTENANCE] = "two_in_maintenance",
    [VIOLATION_CAPACITY] = "capacity",
    [VIOLATION_UPDATED_TWICE] = "updated_twice",
    [VIOLATION_NOT_UPDATED] = "not_updated",
    [VIOLATION_DUPLICATE_TRIGGER] = "duplicate_trigger",
    [VIOLATION_LEFT_OVER_HOST] = "left_over_host",
    [VIOLATION_NEVER_ENDED] = "never_ended",
    [VIOLATION_FOREIGN_CALLBACK] = "foreign_callback",
};

/* Count a violation once for the cluster (or the SDDC) that it happened in: a state that lasts is
 * one violation, however many steps see it. */
void invariant_break(struct world *world, uint32_t entity, enum vmc_violation violation)
{
    struct sddc *sddc = &world->sddcs[entity_sddc(entity)];
    uint16_t *violated = entity_cluster(entity) == ENTITY_NO_CLUSTER
                             ? &sddc->violated
                             : &sddc->clusters[entity_cluster(entity)].violated;
    uint16_t bit = (uint16_t)(1u << violation);
    if ((*violated & bit) != 0)
        return;
    *violated |= bit;
    sddc->violated |= bit;
    world_count(world, METRIC_VIOLATIONS, 1);
    world_count(world, (enum vmc_metric)(METRIC_FIRST_VIOLATION + violation), 1);
    STORY(world, STORY_VIOLATION, entity, violation);
    if (explore_is_wanted(world))
        explore_tell_violation(world, entity, violation);
}

#ifdef RCESIM_SLOW_CHECKS
/* Count everything anew and compare with the counters that the O(1) checks rest on. */
static void recount(const struct cluster *cluster)
{
    uint32_t usable = 0, in_maintenance = 0, failed = 0;
    for (uint32_t i = 0; i <= cluster->hosts_count; i++) {
        enum host_state state = (enum host_state)cluster->hosts[i].state;
        usable += state == HOST_READY;
        failed += state == HOST_FAILED;
        in_maintenance += state == HOST_ENTERING || state == HOST_IN_MAINTENANCE ||
                          state == HOST_UPDATING || state == HOST_FAILED || state == HOST_EXITING;
    }
    CHECK(usable == cluster->usable_count);
    CHECK(failed == cluster->failed_count);
    CHECK(in_maintenance == cluster->maintenance_count);
}
#endif

void invariant_check_cluster(struct world *world, uint32_t sddc, uint32_t cluster_index)
{
    const struct cluster *cluster = &world->sddcs[sddc].clusters[cluster_index];
#ifdef RCESIM_SLOW_CHECKS
    recount(cluster);
#endif
    if (cluster->maintenance_count > 1)
        invariant_break(world, entity_of_cluster(sddc, cluster_index),
                        VIOLATION_TWO_IN_MAINTENANCE);
    if (cluster->temporary_planned &&
        cluster->usable_count + cluster->failed_count < cluster->hosts_count)
        invariant_break(world, entity_of_cluster(sddc, cluster_index), VIOLATION_CAPACITY);
}

void invariant_check_completed(struct world *world, uint32_t index)
{
    const struct sddc *sddc = &world->sddcs[index];
    for (uint32_t c = 0; c < sddc->plan.clusters_count; c++) {
        const struct cluster *cluster = &sddc->clusters[c];
        for (uint32_t h = 0; h < cluster->hosts_count; h++)
            if (cluster->hosts[h].updates_count == 0)
                invariant_break(world, entity_of_cluster(index, c), VIOLATION_NOT_UPDATED);
        if (cluster->hosts[cluster->hosts_count].state != HOST_ABSENT ||
            cluster->extra_hosts_count > 0)
            invariant_break(world, entity_of_cluster(index, c), VIOLATION_LEFT_OVER_HOST);
    }
}

/* The engine says that a callback ended its step: was it the callback of the attempt that it waits
 * for, and has that task really ended well? */
void invariant_check_believed(struct world *world, uint32_t index, const struct rce_action *action)
{
    struct sddc *sddc = &world->sddcs[index];
    bool sound = false;
    world->believed_operation = (uint8_t)action->operation;
    if (action->task > 0 && action->task <= sddc->tasks_count) {
        const struct task *task = &sddc->tasks[action->task];
        const struct target *target = service_target(sddc, action->cluster, action->host);
        sound = task->operation == action->operation && task->cluster == action->cluster &&
                task->host == action->host &&
                (task->state == TASK_SUCCEEDED || task->state == TASK_FAILED) &&
                task->attempt == target->last_attempt[service_target_slot(action->operation)];
    }
    if (!sound)
        invariant_break(world, entity_of_target(index, action->cluster, action->host),
                        VIOLATION_FOREIGN_CALLBACK);
}
