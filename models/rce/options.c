#include "models/rce/rce.h"

#define S   ((int64_t)1000000000)
#define MIN (60 * S)
#define H   (60 * MIN)

void rce_options_init(struct rce_options *options)
{
    *options = (struct rce_options){
        .deadline_ns =
            {
                /* About twice the published durations; generous, because a missed deadline fails a
                   workflow. */
                [RCE_UPGRADE_CONTROL_PLANE] = 8 * H,
                [RCE_BACKUP] = 2 * H,
                [RCE_ADD_HOST] = 3 * H,
                [RCE_READ_CLUSTER] = 3 * H,
                [RCE_READ_HOST] = 1 * H, /* not used: a read belongs to the step that needs it */
                [RCE_ENTER_MAINTENANCE] = 60 * MIN,
                [RCE_UPDATE_HOST] = 3 * H,
                [RCE_EXIT_MAINTENANCE] = 60 * MIN,
                [RCE_REMOVE_HOST] = 3 * H,
                [RCE_UPGRADE_NETWORK] = 4 * H,
            },
        .clusters_at_once = RCE_CLUSTERS_AT_ONCE_MAX,
        /* The policies behind the switches that are off, so that switching one on is enough. */
        .precheck_poll =
            {
                .base_ns = 30 * S,
                .multiplier_permille = 2000,
                .cap_ns = 5 * MIN,
                .jitter = RCE_JITTER_FULL,
            },
        .retry_after_ns = 10 * MIN,
        .retry_policy =
            {
                .base_ns = 30 * S,
                .multiplier_permille = 2000,
                .cap_ns = 10 * MIN,
                .attempts_max = 6,
                .jitter = RCE_JITTER_FULL,
            },
    };
}
