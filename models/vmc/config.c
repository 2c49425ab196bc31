#include "models/vmc/config.h"

#include <math.h>

#include "models/vmc/model.h"
#include "models/vmc/world.h"

void vmc_config_init(struct vmc_config *config)
{
    *config = (struct vmc_config){
        .fleet = {.sddcs_count = 1, .temporary_host_share = 1},
        .maintenance = {.slow_factor = 1},
        .service = {.unknown_applied_share = 0.5,
                    .retry_after = true,
                    .early_request = VMC_EARLY_DROP,
                    .key_scope = VMC_KEY_BY_TARGET,
                    .key_retention_ns = UNITS_D},
        .wave = {.schedule = VMC_START_AT_ONCE},
    };
}

static bool check_windows(const struct vmc_window *windows, uint32_t count, const char *path,
                          struct error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct vmc_window *window = &windows[i];
        if (window->from_ns < 0 || window->to_ns <= window->from_ns)
            return error_set(error, ERROR_SCENARIO, "%s: window %u must end after it begins", path,
                             i + 1);
        if (window->every_ns < 0 ||
            (window->every_ns > 0 && window->every_ns < window->to_ns - window->from_ns))
            return error_set(error, ERROR_SCENARIO,
                             "%s: window %u is longer than the time after which it repeats", path,
                             i + 1);
    }
    return true;
}

static bool check_groups(const struct vmc_fleet *fleet, struct error *error)
{
    double sum = 0;
    for (uint32_t i = 0; i < fleet->groups_count; i++)
        sum += fleet->groups[i].share;
    if (fleet->groups_count > 0 && fabs(sum - 1) > 1e-9)
        return error_set(error, ERROR_SCENARIO,
                         "fleet.groups: the shares add up to %.6g; they must add up to 1", sum);
    return true;
}

bool vmc_config_check(const struct vmc_config *config, struct error *error)
{
    const struct vmc_fleet *fleet = &config->fleet;
    const struct vmc_provisioning *provisioning = &config->provisioning;
    if (fleet->sddcs_count < 1 || fleet->sddcs_count > VMC_SDDCS_MAX)
        return error_set(error, ERROR_SCENARIO, "fleet.sddcs: must be 1 to %d", VMC_SDDCS_MAX);
    if (fleet->clusters_per_sddc != NULL && (dist_min(fleet->clusters_per_sddc) < 1 ||
                                             dist_max(fleet->clusters_per_sddc) > RCE_CLUSTERS_MAX))
        return error_set(error, ERROR_SCENARIO, "fleet.clusters_per_sddc: must stay within 1 to %d",
                         RCE_CLUSTERS_MAX);
    if (fleet->hosts_per_cluster != NULL && (dist_min(fleet->hosts_per_cluster) < 1 ||
                                             dist_max(fleet->hosts_per_cluster) > RCE_HOSTS_MAX))
        return error_set(error, ERROR_SCENARIO, "fleet.hosts_per_cluster: must stay within 1 to %d",
                         RCE_HOSTS_MAX);
    if (provisioning->region_outage_gap != NULL && provisioning->region_outage_duration == NULL)
        return error_set(error, ERROR_SCENARIO, "provisioning.region_outage: has no duration");
    return check_groups(fleet, error) &&
           check_windows(config->service.outages, config->service.outages_count,
                         "host_service.outages", error) &&
           check_windows(config->wave.windows, config->wave.windows_count, "wave.windows", error);
}

double vmc_memory_estimate_bytes(const struct vmc_config *config)
{
    const struct vmc_fleet *fleet = &config->fleet;
    double clusters = fleet->clusters_per_sddc == NULL ? 1 : dist_mean(fleet->clusters_per_sddc);
    double hosts = fleet->hosts_per_cluster == NULL ? 1 : dist_mean(fleet->hosts_per_cluster);
    double a_cluster = sizeof(struct cluster) + sizeof(struct rce_cluster_plan) + 160 +
                       (hosts + 1) * sizeof(struct host) + (3 * hosts + 3) * sizeof(struct task) +
                       4 * sizeof(struct sim_handle);
    double a_sddc = sizeof(struct sddc) + 128 + clusters * a_cluster + 2 * sizeof(struct task) +
                    6 * (sizeof(struct sim_event) + 32);
    return 1e6 + fleet->sddcs_count * a_sddc * 1.25; /* a quarter for alignment and growth */
}
