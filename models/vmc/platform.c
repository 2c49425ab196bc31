#include "models/vmc/world.h"

#include <math.h>

struct host *platform_host(struct cluster *cluster, uint8_t host)
{
    CHECK(host < cluster->hosts_count || host == RCE_TEMPORARY_HOST);
    return &cluster->hosts[host == RCE_TEMPORARY_HOST ? cluster->hosts_count : host];
}

bool platform_is_cluster_ready(const struct cluster *cluster)
{
    return !cluster->temporary_pending && cluster->maintenance_count == 0;
}

static bool is_in_maintenance(enum host_state state)
{
    return state == HOST_ENTERING || state == HOST_IN_MAINTENANCE || state == HOST_UPDATING ||
           state == HOST_FAILED || state == HOST_EXITING;
}

static bool shows_maintenance(enum host_state state)
{
    return state == HOST_IN_MAINTENANCE || state == HOST_UPDATING || state == HOST_FAILED;
}

/* The only place where a host changes its state: keeps the cluster's counters, the inventory's
 * dates and the invariants. */
static void set_host_state(struct world *world, uint32_t entity, struct host *host,
                           enum host_state state)
{
    struct cluster *cluster = &world->sddcs[entity_sddc(entity)].clusters[entity_cluster(entity)];
    enum host_state old = (enum host_state)host->state;
    cluster->usable_count =
        (uint8_t)(cluster->usable_count - (old == HOST_READY) + (state == HOST_READY));
    cluster->maintenance_count =
        (uint8_t)(cluster->maintenance_count - is_in_maintenance(old) + is_in_maintenance(state));
    cluster->failed_count =
        (uint8_t)(cluster->failed_count - (old == HOST_FAILED) + (state == HOST_FAILED));
    if (shows_maintenance(old) != shows_maintenance(state))
        host->maintenance_changed_at_ns = world->now_ns;
    host->state = (uint8_t)state;
    bool listed_ready = cluster->maintenance_count == 0 &&
                        cluster->hosts[cluster->hosts_count].state != HOST_CONNECTED;
    if (listed_ready != cluster->listed_ready) {
        cluster->listed_ready = listed_ready;
        cluster->listed_changed_at_ns = world->now_ns;
    }
    STORY(world, STORY_HOST, entity, old, state, cluster->usable_count);
    invariant_check_cluster(world, entity_sddc(entity), entity_cluster(entity));
}

/* A duration times a factor, in whole microseconds, at most the longest that there is. */
static int64_t scaled_ns(double scale, int64_t duration_ns)
{
    if (scale == 1)
        return duration_ns;
    double scaled_us = (double)duration_ns * scale / 1e3;
    return scaled_us >= (double)(DIST_DURATION_MAX_NS / UNITS_US) ? DIST_DURATION_MAX_NS
                                                                  : llround(scaled_us) * UNITS_US;
}

/* The duration of a run, longer on a slow host. */
static int64_t stretch_ns(struct world *world, uint32_t entity, int64_t duration_ns)
{
    const struct vmc_maintenance *maintenance = &world->config->maintenance;
    if (!oracle_happens(world->oracle, (struct draw_name){entity, PURPOSE_SLOW, 0},
                        maintenance->slow_share))
        return duration_ns;
    return scaled_ns(maintenance->slow_factor, duration_ns);
}

/* Go on from one outage of a region to the next. They are named by their number, so that whoever
 * looks ahead sees the same ones. */
static struct region_outage next_outage(struct world *world, uint8_t region,
                                        struct region_outage now)
{
    const struct vmc_provisioning *provisioning = &world->config->provisioning;
    int64_t gap_ns =
        world_delay_ns(world, provisioning->region_outage_gap,
                       (struct draw_name){region, PURPOSE_REGION_OUTAGE_GAP, now.index});
    int64_t duration_ns =
        world_delay_ns(world, provisioning->region_outage_duration,
                       (struct draw_name){region, PURPOSE_REGION_OUTAGE_DURATION, now.index});
    int64_t from_ns = world_sum_ns(now.to_ns, gap_ns > 0 ? gap_ns : UNITS_US);
    return (struct region_outage){
        .from_ns = from_ns, .to_ns = world_sum_ns(from_ns, duration_ns), .index = now.index + 1};
}

/* When does a launch that is ready at `at_ns`, now or later, find capacity in its region? Only the
 * outages that are over by now are forgotten; another launch may ask about the time in between. */
static int64_t capacity_at_ns(struct world *world, uint8_t region, int64_t at_ns)
{
    if (world->config->provisioning.region_outage_gap == NULL)
        return at_ns;
    struct region_outage *current = &world->regions[region].outage;
    while (current->to_ns <= world->now_ns)
        *current = next_outage(world, region, *current);
    struct region_outage outage = *current;
    while (outage.to_ns <= at_ns)
        outage = next_outage(world, region, outage);
    return at_ns < outage.from_ns ? at_ns : outage.to_ns;
}

/* Provision a temporary host: its life is drawn at once, so that it does not depend on what the
 * engine does meanwhile. A repeated request adds one more host, which nobody will look after. */
static void start_add_host(struct world *world, struct sddc *sddc, uint16_t id)
{
    const struct vmc_provisioning *provisioning = &world->config->provisioning;
    const struct vmc_fleet *fleet = &world->config->fleet;
    struct task *task = &sddc->tasks[id];
    struct cluster *cluster = &sddc->clusters[task->cluster];
    uint32_t index = (uint32_t)(sddc - world->sddcs);
    uint32_t entity = entity_of_cluster(index, task->cluster);
    double scale = fleet->groups_count == 0 ? 1 : fleet->groups[sddc->group].provisioning_scale;
#define NAME(purpose) ((struct draw_name){entity, (purpose), task->run})
    int64_t launch_ns = world_delay_ns(world, provisioning->launch, NAME(PURPOSE_LAUNCH));
    int64_t boot_ns = world_delay_ns(world, provisioning->boot, NAME(PURPOSE_BOOT));
    int64_t connect_ns = world_delay_ns(world, provisioning->connect, NAME(PURPOSE_CONNECT));
    int64_t configure_ns = world_delay_ns(world, provisioning->configure, NAME(PURPOSE_CONFIGURE));
    bool outage =
        oracle_happens(world->oracle, NAME(PURPOSE_OUTAGE), provisioning->outage_probability);
    int64_t outage_ns =
        outage ? world_delay_ns(world, provisioning->outage_duration, NAME(PURPOSE_OUTAGE_DURATION))
               : 0;
#undef NAME
    int64_t launched_at_ns = world_sum_ns(world->now_ns, outage_ns);
    int64_t capacity_ns = capacity_at_ns(world, sddc->region, launched_at_ns);
    outage = outage || capacity_ns > launched_at_ns;
    int64_t connected_in_ns =
        world_sum_ns(capacity_ns - world->now_ns,
                     scaled_ns(scale, world_sum_ns(launch_ns, world_sum_ns(boot_ns, connect_ns))));
    world_count(world, METRIC_HOSTS_ADDED, 1);
    if (cluster->temporary_pending || cluster->hosts[cluster->hosts_count].state != HOST_ABSENT) {
        task->without_effect = true;
        cluster->extra_hosts_count++;
        cluster->extra_asked_sum_ns += world->now_ns;
        world_schedule(world, connected_in_ns, EVENT_TASK_END, entity, id);
        return;
    }
    cluster->outage_met = outage;
    cluster->temporary_pending = true;
    cluster->asked_at_ns = world->now_ns;
    set_host_state(world, entity_of_target(index, task->cluster, RCE_TEMPORARY_HOST),
                   &cluster->hosts[cluster->hosts_count], HOST_PROVISIONING);
    world_schedule(world, connected_in_ns, EVENT_CONNECTED, entity, id);
    world_schedule(world, world_sum_ns(connected_in_ns, scaled_ns(scale, configure_ns)),
                   EVENT_READY, entity, id);
}

static void start_maintenance(struct world *world, struct sddc *sddc, uint16_t id)
{
    const struct vmc_maintenance *maintenance = &world->config->maintenance;
    struct task *task = &sddc->tasks[id];
    struct host *host = platform_host(&sddc->clusters[task->cluster], task->host);
    uint32_t entity = entity_of_target((uint32_t)(sddc - world->sddcs), task->cluster, task->host);
    host->visit_task = id;
    task->will_fail = oracle_happens(world->oracle, (struct draw_name){entity, PURPOSE_STUCK, 0},
                                     maintenance->stuck_probability);
    struct draw_name name = {entity, PURPOSE_RUN + RCE_ENTER_MAINTENANCE, task->run};
    int64_t duration_ns =
        task->will_fail
            ? world_delay_ns(world, maintenance->stuck_duration,
                             (struct draw_name){entity, PURPOSE_STUCK_DURATION, task->run})
            : stretch_ns(world, entity, world_delay_ns(world, maintenance->evacuate, name));
    set_host_state(world, entity, host, HOST_ENTERING);
    world_schedule(world, duration_ns, EVENT_TASK_END, entity, id);
}

static void start_update(struct world *world, struct sddc *sddc, uint16_t id)
{
    const struct vmc_work *work = &world->config->work;
    struct task *task = &sddc->tasks[id];
    struct host *host = platform_host(&sddc->clusters[task->cluster], task->host);
    uint32_t entity = entity_of_target((uint32_t)(sddc - world->sddcs), task->cluster, task->host);
    struct draw_name name = {entity, PURPOSE_RUN + RCE_UPDATE_HOST, task->run};
    task->will_fail =
        oracle_happens(world->oracle, (struct draw_name){entity, PURPOSE_UPDATE_FAILURE, task->run},
                       work->update_failure_probability);
    set_host_state(world, entity, host, HOST_UPDATING);
    world_schedule(world, stretch_ns(world, entity, world_delay_ns(world, work->update_host, name)),
                   EVENT_TASK_END, entity, id);
}

/* How long an exit or a removal takes. One that repeats another under way changes nothing, and must
 * not be reported as done before it. */
static int64_t leave_in_ns(const struct world *world, struct host *host, bool is_repeated,
                           int64_t duration_ns)
{
    int64_t left_ns = host->leaves_at_ns - world->now_ns;
    if (is_repeated)
        return left_ns > duration_ns ? left_ns : duration_ns;
    host->leaves_at_ns = world->now_ns + duration_ns;
    return duration_ns;
}

static void start_exit(struct world *world, struct sddc *sddc, uint16_t id)
{
    const struct vmc_maintenance *maintenance = &world->config->maintenance;
    struct task *task = &sddc->tasks[id];
    struct host *host = platform_host(&sddc->clusters[task->cluster], task->host);
    uint32_t entity = entity_of_target((uint32_t)(sddc - world->sddcs), task->cluster, task->host);
    /* The resynchronisation belongs to leaving: its draw is the odd half of the pair. */
    struct draw_name name = {entity, PURPOSE_RUN + RCE_EXIT_MAINTENANCE, task->run * 2u};
    int64_t exit_ns = stretch_ns(world, entity, world_delay_ns(world, maintenance->exit, name));
    name.occurrence++;
    int64_t resync_ns = world_delay_ns(world, maintenance->resync, name);
    task->without_effect = host->state != HOST_IN_MAINTENANCE;
    int64_t ends_in_ns =
        leave_in_ns(world, host, task->without_effect, world_sum_ns(exit_ns, resync_ns));
    if (!task->without_effect)
        set_host_state(world, entity, host, HOST_EXITING);
    world_schedule(world, ends_in_ns, EVENT_TASK_END, entity, id);
}

static void start_remove(struct world *world, struct sddc *sddc, uint16_t id)
{
    struct task *task = &sddc->tasks[id];
    struct cluster *cluster = &sddc->clusters[task->cluster];
    struct host *temporary = &cluster->hosts[cluster->hosts_count];
    uint32_t index = (uint32_t)(sddc - world->sddcs);
    uint32_t entity = entity_of_cluster(index, task->cluster);
    struct draw_name name = {entity, PURPOSE_RUN + RCE_REMOVE_HOST, task->run};
    task->without_effect = temporary->state != HOST_READY;
    int64_t ends_in_ns = leave_in_ns(world, temporary, task->without_effect,
                                     world_delay_ns(world, world->config->work.remove_host, name));
    if (!task->without_effect)
        set_host_state(world, entity_of_target(index, task->cluster, RCE_TEMPORARY_HOST), temporary,
                       HOST_REMOVING);
    world_schedule(world, ends_in_ns, EVENT_TASK_END, entity, id);
}

/* Work that changes nothing in the model but takes its time. */
static void start_plain(struct world *world, struct sddc *sddc, uint16_t id,
                        const struct dist *duration)
{
    const struct task *task = &sddc->tasks[id];
    uint32_t entity = entity_of_target((uint32_t)(sddc - world->sddcs), task->cluster, task->host);
    struct draw_name name = {entity, (uint32_t)PURPOSE_RUN + task->operation, task->run};
    world_schedule(world, world_delay_ns(world, duration, name), EVENT_TASK_END, entity, id);
}

void platform_start_task(struct world *world, struct sddc *sddc, uint16_t id)
{
    struct task *task = &sddc->tasks[id];
    enum rce_operation operation = (enum rce_operation)task->operation;
    struct target *target = service_target(sddc, task->cluster, task->host);
    task->state = TASK_RUNNING;
    task->run =
        target->runs_count[service_target_slot(operation)]++; /* fewer than tasks, so no overflow */
    STORY(world, STORY_TASK,
          entity_of_target((uint32_t)(sddc - world->sddcs), task->cluster, task->host), operation,
          TASK_RUNNING, id);
    switch (operation) {
    case RCE_UPGRADE_CONTROL_PLANE:
        start_plain(world, sddc, id, world->config->work.control_plane);
        return;
    case RCE_UPGRADE_NETWORK: start_plain(world, sddc, id, world->config->work.network); return;
    case RCE_BACKUP: start_plain(world, sddc, id, world->config->work.backup); return;
    case RCE_ADD_HOST: start_add_host(world, sddc, id); return;
    case RCE_ENTER_MAINTENANCE: start_maintenance(world, sddc, id); return;
    case RCE_UPDATE_HOST: start_update(world, sddc, id); return;
    case RCE_EXIT_MAINTENANCE: start_exit(world, sddc, id); return;
    case RCE_REMOVE_HOST: start_remove(world, sddc, id); return;
    case RCE_READ_CLUSTER:
    case RCE_READ_HOST: break;
    }
    CHECK_UNREACHABLE("a read is not a task");
}

/* The cluster may have become ready: begin the oldest maintenance task that waits for that. */
static void begin_waiting(struct world *world, struct sddc *sddc, uint8_t cluster_index)
{
    struct cluster *cluster = &sddc->clusters[cluster_index];
    if (cluster->waiting_count == 0 || !platform_is_cluster_ready(cluster))
        return;
    for (uint32_t id = 1; id <= sddc->tasks_count; id++) {
        const struct task *task = &sddc->tasks[id];
        if (task->state != TASK_WAITING || task->cluster != cluster_index ||
            task->operation != RCE_ENTER_MAINTENANCE ||
            platform_host(cluster, task->host)->visit_task != id)
            continue;
        cluster->waiting_count--;
        platform_start_task(world, sddc, (uint16_t)id);
        return;
    }
}

/* A visit is over: a second task for this host begins it all again, at once. */
static void end_visit(struct world *world, struct sddc *sddc, uint8_t cluster_index,
                      struct host *host)
{
    uint16_t waiting = host->waiting_task;
    host->visit_task = 0;
    host->waiting_task = 0;
    if (waiting != 0)
        platform_start_task(world, sddc, waiting);
    else
        begin_waiting(world, sddc, cluster_index);
}

void platform_connected(struct world *world, uint32_t entity, uint16_t id)
{
    struct sddc *sddc = &world->sddcs[entity_sddc(entity)];
    struct cluster *cluster = &sddc->clusters[entity_cluster(entity)];
    set_host_state(
        world, entity_of_host(entity_sddc(entity), entity_cluster(entity), ENTITY_TEMPORARY_HOST),
        &cluster->hosts[cluster->hosts_count], HOST_CONNECTED);
    service_end_task(world, sddc, id, true);
}

void platform_ready(struct world *world, uint32_t entity)
{
    struct sddc *sddc = &world->sddcs[entity_sddc(entity)];
    struct cluster *cluster = &sddc->clusters[entity_cluster(entity)];
    cluster->temporary_pending = false;
    cluster->ready_at_ns = world->now_ns;
    set_host_state(
        world, entity_of_host(entity_sddc(entity), entity_cluster(entity), ENTITY_TEMPORARY_HOST),
        &cluster->hosts[cluster->hosts_count], HOST_READY);
    STORY(world, STORY_READY, entity, platform_is_cluster_ready(cluster));
    begin_waiting(world, sddc, (uint8_t)entity_cluster(entity));
}

/* A second update that waited for the first fails with it. */
static void fail_waiting_update(struct world *world, struct sddc *sddc, struct host *host)
{
    uint16_t waiting = host->waiting_update;
    host->waiting_update = 0;
    if (waiting == 0)
        return;
    sddc->tasks[waiting].will_fail = true;
    service_end_task(world, sddc, waiting, false);
}

static void end_update(struct world *world, struct sddc *sddc, uint32_t entity, uint16_t id)
{
    struct task *task = &sddc->tasks[id];
    struct host *host = platform_host(&sddc->clusters[task->cluster], task->host);
    if (task->will_fail) {
        set_host_state(world, entity, host, HOST_FAILED);
        world_schedule(world,
                       world_delay_ns(world, world->config->work.repair,
                                      (struct draw_name){entity, PURPOSE_REPAIR, task->run}),
                       EVENT_REPAIRED, entity, 0);
        service_end_task(world, sddc, id, false);
        fail_waiting_update(world, sddc, host);
        return;
    }
    host->updated_at_ns = host->updates_count == 0 ? world->now_ns : host->updated_at_ns;
    if (host->updates_count < UINT8_MAX)
        host->updates_count++;
    if (host->updates_count > 1)
        invariant_break(world, entity, VIOLATION_UPDATED_TWICE);
    set_host_state(world, entity, host, HOST_IN_MAINTENANCE);
    service_end_task(world, sddc, id, true);
    uint16_t waiting = host->waiting_update;
    host->waiting_update = 0;
    if (waiting != 0)
        platform_start_task(world, sddc, waiting);
}

static void end_remove(struct world *world, struct sddc *sddc, uint8_t cluster_index)
{
    struct cluster *cluster = &sddc->clusters[cluster_index];
    uint32_t entity =
        entity_of_target((uint32_t)(sddc - world->sddcs), cluster_index, RCE_TEMPORARY_HOST);
    set_host_state(world, entity, &cluster->hosts[cluster->hosts_count], HOST_ABSENT);
    sddc->temporary_host_ns += world->now_ns - cluster->asked_at_ns;
    world_count(world, METRIC_HOSTS_REMOVED, 1);
}

static void end_maintenance(struct world *world, struct sddc *sddc, uint32_t entity, uint16_t id)
{
    const struct task *task = &sddc->tasks[id];
    uint8_t cluster_index = task->cluster;
    bool failed = task->will_fail;
    struct host *host = platform_host(&sddc->clusters[cluster_index], task->host);
    set_host_state(world, entity, host, failed ? HOST_READY : HOST_IN_MAINTENANCE);
    service_end_task(world, sddc, id, !failed);
    if (failed)
        end_visit(world, sddc, cluster_index, host);
}

void platform_task_end(struct world *world, uint32_t entity, uint16_t id)
{
    struct sddc *sddc = &world->sddcs[entity_sddc(entity)];
    struct task *task = &sddc->tasks[id];
    enum rce_operation operation = (enum rce_operation)task->operation;
    if (task->without_effect) {
        service_end_task(world, sddc, id, true);
        return;
    }
    if (operation == RCE_ENTER_MAINTENANCE) {
        end_maintenance(world, sddc, entity, id);
    } else if (operation == RCE_UPDATE_HOST) {
        end_update(world, sddc, entity, id);
    } else if (operation == RCE_EXIT_MAINTENANCE) {
        uint8_t cluster_index = task->cluster;
        struct host *host = platform_host(&sddc->clusters[cluster_index], task->host);
        set_host_state(world, entity, host, HOST_READY);
        service_end_task(world, sddc, id, true);
        end_visit(world, sddc, cluster_index, host);
    } else {
        if (operation == RCE_REMOVE_HOST)
            end_remove(world, sddc, task->cluster);
        service_end_task(world, sddc, id, true);
    }
}

void platform_repaired(struct world *world, uint32_t entity)
{
    struct sddc *sddc = &world->sddcs[entity_sddc(entity)];
    struct cluster *cluster = &sddc->clusters[entity_cluster(entity)];
    struct host *host = &cluster->hosts[entity_host(entity)];
    if (host->state == HOST_FAILED)
        set_host_state(world, entity, host, HOST_IN_MAINTENANCE);
}
