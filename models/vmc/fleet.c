#include "models/vmc/world.h"

/* The group whose stretch of the cumulated shares holds u. */
static uint32_t draw_group(struct world *world, uint32_t index)
{
    const struct vmc_fleet *fleet = &world->config->fleet;
    if (fleet->groups_count <= 1)
        return 0;
    double u =
        oracle_uniform(world->oracle, (struct draw_name){entity_of_sddc(index), PURPOSE_GROUP, 0});
    double sum = 0;
    for (uint32_t i = 0; i + 1 < fleet->groups_count; i++) {
        sum += fleet->groups[i].share;
        if (u < sum)
            return i;
    }
    return fleet->groups_count - 1;
}

static uint32_t draw_count(struct world *world, const struct dist *dist, struct draw_name name,
                           uint32_t max)
{
    int64_t count = dist == NULL ? 1 : oracle_count(world->oracle, name, dist);
    if (count < 1)
        return 1;
    return count > max ? max : (uint32_t)count;
}

static void make_cluster(struct world *world, struct cluster *cluster, uint32_t entity)
{
    const struct vmc_fleet *fleet = &world->config->fleet;
    cluster->hosts_count =
        (uint8_t)draw_count(world, fleet->hosts_per_cluster,
                            (struct draw_name){entity, PURPOSE_HOSTS, 0}, RCE_HOSTS_MAX);
    cluster->temporary_planned =
        oracle_happens(world->oracle, (struct draw_name){entity, PURPOSE_TEMPORARY_HOST, 0},
                       fleet->temporary_host_share);
    cluster->usable_count = cluster->hosts_count;
    cluster->ready_at_ns = -1;
    cluster->triggered_at_ns = -1;
    cluster->listed_ready = true;
    cluster->listed_changed_at_ns = INT64_MIN;
    cluster->hosts =
        arena_take_array(world->arena, cluster->hosts_count + (size_t)1, sizeof *cluster->hosts);
    for (uint32_t i = 0; i < cluster->hosts_count; i++) {
        cluster->hosts[i].state = HOST_READY;
        cluster->hosts[i].updated_at_ns = INT64_MAX;
        cluster->hosts[i].maintenance_changed_at_ns = INT64_MIN;
    }
    cluster->hosts[cluster->hosts_count].state = HOST_ABSENT;
}

void fleet_make_sddc(struct world *world, uint32_t index)
{
    struct sddc *sddc = &world->sddcs[index];
    uint32_t group = draw_group(world, index);
    uint32_t clusters_count = draw_count(
        world, world->config->fleet.clusters_per_sddc,
        (struct draw_name){entity_of_sddc(index), PURPOSE_CLUSTERS, 0}, RCE_CLUSTERS_MAX);
    struct rce_cluster_plan *plans = arena_take_array(world->arena, clusters_count, sizeof *plans);
    sddc->clusters = arena_take_array(world->arena, clusters_count, sizeof *sddc->clusters);
    uint32_t operations_count = 2;
    for (uint32_t i = 0; i < clusters_count; i++) {
        struct cluster *cluster = &sddc->clusters[i];
        make_cluster(world, cluster, entity_of_cluster(index, i));
        plans[i] = (struct rce_cluster_plan){.hosts_count = cluster->hosts_count,
                                             .temporary_host = cluster->temporary_planned};
        operations_count += 3u * cluster->hosts_count + (cluster->temporary_planned ? 3 : 1);
    }
    sddc->group = (uint8_t)group;
    sddc->region = world->region_of_group[group];
    sddc->plan =
        (struct rce_plan){.workflow = index, .clusters_count = clusters_count, .clusters = plans};
    sddc->timers =
        arena_take_array(world->arena, rce_timers_count(&sddc->plan), sizeof *sddc->timers);
    /* One task an operation when all goes well; service.c makes more room when it does not. */
    sddc->tasks_room = operations_count + 1;
    sddc->tasks = arena_take_array(world->arena, sddc->tasks_room, sizeof *sddc->tasks);
    if (world->port != NULL)
        return;
    size_t state_bytes = world->engines[sddc->version].engine->state_size_bytes(&sddc->plan);
    if (harness_accepts_size(world, index, (enum version)sddc->version, state_bytes))
        sddc->workflow = arena_take(world->arena, state_bytes);
}
