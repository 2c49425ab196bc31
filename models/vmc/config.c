#include "models/vmc/config.h"

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
        .bin_ns = 30 * UNITS_MIN,
    };
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
    if (config->crash.downtime != NULL) /* what is persisted is about as large as the state */
        a_sddc += sizeof(struct durable) + 64 + 2 * (100 + clusters * 150);
    return 1e6 + fleet->sddcs_count * a_sddc * 1.25; /* a quarter for alignment and growth */
}
